package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/internal/workbook"
	"hedui/seal"
)

// liveExports is how many exports of a list are tried on a file that comes back.
const liveExports = 40

// PrepareExport gives a part of a list, the one after the item with the given id, a
// number and a password for [Desk.WriteExport]. Both hold for the time that the table
// of terms says; then the workbook is not taken back, and its password is not known
// any more.
func (d *Desk) PrepareExport(ctx context.Context, o hedui.Officer, sourceName, after string) (store.Export, error) {
	e := store.Export{Source: sourceName, After: after, Officer: o.ID, MadeAt: d.Now(), Password: workbook.Password()}
	if _, err := d.manualOf(o, sourceName); err != nil {
		return store.Export{}, d.refused(ctx, o, "", audit.ListPrepared, err)
	}
	if !plausibleID(after) {
		return store.Export{}, notFound()
	}
	term, ok := d.Retention.Of(hedui.ExportData, d.Division, day.Of(e.MadeAt))
	if !ok {
		return store.Export{}, errors.New("casework: no term for exports")
	}
	e.Until = term.Until(e.MadeAt).Truncate(time.Second)
	return e, d.DB.InTx(ctx, func(tx *store.Tx) error {
		on := e.MadeAt.In(day.Beijing).Format("20060102")
		n, err := tx.NextSerial(ctx, "export "+on)
		if err != nil {
			return err
		}
		e.Number = fmt.Sprintf("E%s-%04d", on, n)
		if err := tx.AddExport(ctx, e); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(e.MadeAt, o.ID, o.Office, audit.ListPrepared, "", sourceName+" "+e.Number+" "+e.Until.UTC().Format(time.RFC3339)))
	})
}

// Exports lists the officer's own exports of a list that still hold.
func (d *Desk) Exports(ctx context.Context, o hedui.Officer, sourceName string) (list []store.Export, err error) {
	if _, err := d.manualOf(o, sourceName); err != nil {
		return nil, err
	}
	return d.exports(ctx, store.ExportFilter{Source: sourceName, Officer: o.ID, At: d.Now(), Limit: liveExports})
}

func (d *Desk) exports(ctx context.Context, f store.ExportFilter) (list []store.Export, err error) {
	return list, d.DB.Read(ctx, func(tx *store.Tx) (err error) { list, err = tx.Exports(ctx, f); return err })
}

// WriteExport writes the items that are open now into the workbook of an export of
// the officer's own; more is where the next part begins. The department needs the
// whole identity numbers, so they stand in it: it is signed, encrypted with the
// export's password, and that it was written is recorded with each case or mandate.
func (d *Desk) WriteExport(ctx context.Context, o hedui.Officer, sourceName, number string) (file File, more string, err error) {
	if _, err := d.manualOf(o, sourceName); err != nil {
		return File{}, "", d.refused(ctx, o, "", audit.ListExported, err)
	}
	list, err := d.exports(ctx, store.ExportFilter{Source: sourceName, Officer: o.ID, Number: number, At: d.Now(), Limit: 1})
	switch {
	case err != nil:
		return File{}, "", err
	case number == "" || len(list) == 0:
		return File{}, "", notFound()
	}
	e := list[0]
	p, err := d.page(ctx, o, store.ItemFilter{Sources: []string{sourceName}, After: e.After, Limit: workbook.MaxLines}, audit.ListExported)
	if err != nil {
		return File{}, "", err
	}
	b := d.book(d.manuals[sourceName])
	b.Export = workbook.Export{Number: e.Number, Until: e.Until}
	for _, t := range p.Tasks {
		b.Lines = append(b.Lines, t.line())
	}
	body, err := b.Write(func(body []byte) ([]byte, error) { return d.signList(e.Number, body) })
	if err == nil {
		body, err = workbook.Lock(body, e.Password)
	}
	if err != nil {
		return File{}, "", err
	}
	return File{Name: sourceName + "-" + e.Number + ".xlsx", Body: body}, p.More, nil
}

// ListSubject begins the subject of a workbook's seal, so that the seal of something
// else does not count for one.
const ListSubject = "worklist "

// signList makes the detached seal of what a workbook says.
func (d *Desk) signList(number string, body []byte) ([]byte, error) {
	sealed, err := seal.MakeJSONSeal(d.Signer, ListSubject+number, d.Now(), body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(sealed)
}

func (d *Desk) book(m *manual) workbook.Book {
	category, _ := catalog.Get(m.info.Categories[0])
	return workbook.Book{Node: d.Node, Source: m.info.Name, Department: m.info.Department, Category: category}
}

// line is a task in a workbook. This is one of the places where a department sees
// the whole number.
func (t Task) line() workbook.Line {
	return workbook.Line{ID: t.ID, Name: t.Person.Name, Number: t.Person.ID.Reveal(), Purpose: lang.Text(lang.Chinese, "programme."+string(t.Purpose)),
		Mandate: t.Mandate, Period: t.Window.From.String() + " 至 " + t.Window.To.String(), Due: day.Of(t.DueAt).String()}
}

// Imported is what came of a workbook.
type Imported struct {
	Taken, Same, Refused int                // items: answered now, answered so before, not taken
	Problems             []workbook.Problem // of the rows that were not taken
	Workbook             []byte             // the same with a column that says what became of each row; encrypted if the one that came was
}

// ImportList takes the answers of a workbook. Each item is taken whole, with all of
// its rows, or not at all; one with a problem does not hold up the others, and the
// workbook comes back with the problems beside their rows. Importing it again does
// no harm.
func (d *Desk) ImportList(ctx context.Context, o hedui.Officer, sourceName string, data []byte) (in Imported, err error) {
	m, err := d.manualOf(o, sourceName)
	if err != nil {
		return in, d.refused(ctx, o, "", audit.ListImported, err)
	}
	live, err := d.exports(ctx, store.ExportFilter{Source: sourceName, At: d.Now(), Limit: liveExports})
	if err != nil {
		return in, err
	}
	passwords := make([]string, len(live))
	for i := range live {
		passwords[i] = live[i].Password
	}
	data, at, err := workbook.Unlock(data, passwords)
	if err != nil {
		return in, err
	}
	b := d.book(m)
	filled, err := b.Open(data, func(ids []string) ([]workbook.Line, error) { return d.linesOf(ctx, sourceName, ids) })
	if err != nil {
		return in, err
	}
	defer func() { err = errors.Join(err, filled.Close()) }()
	if err := d.stillHolds(ctx, sourceName, filled.Number); err != nil {
		return in, err
	}
	words := map[int]hedui.Text{}
	for i := range filled.Items {
		word, err := d.importItem(ctx, o, b.Category, &filled.Items[i], &in)
		if err != nil {
			return in, err
		}
		for _, row := range filled.Items[i].Rows {
			words[row] = word
		}
		in.Problems = append(in.Problems, filled.Items[i].Problems...)
	}
	if in.Workbook, err = filled.Marked(words); err == nil && at >= 0 {
		in.Workbook, err = workbook.Lock(in.Workbook, passwords[at])
	}
	if err != nil {
		return in, err
	}
	return in, d.DB.InTx(ctx, func(tx *store.Tx) error {
		return tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.ListImported, "",
			fmt.Sprintf("%s taken=%d same=%d refused=%d", sourceName, in.Taken, in.Same, in.Refused)))
	})
}

// stillHolds refuses a workbook that this node has not given out, or whose time is
// over.
func (d *Desk) stillHolds(ctx context.Context, sourceName, number string) error {
	list, err := d.exports(ctx, store.ExportFilter{Source: sourceName, Number: number, At: d.Now(), Limit: 1})
	if err == nil && (number == "" || len(list) == 0) {
		return hedui.Fail(hedui.Conflict, hedui.Say("error.workbook.over", number), nil)
	}
	return err
}

// importItem takes what a workbook says to one item. An error is one that is not
// the workbook's.
func (d *Desk) importItem(ctx context.Context, o hedui.Officer, c catalog.Category, it *workbook.Answered, in *Imported) (hedui.Text, error) {
	not := hedui.Say("workbook.not_taken")
	if len(it.Problems) > 0 {
		in.Refused++
		return not, nil
	}
	same, err := d.enterItem(ctx, o, it.ID, audit.Answered, &it.Entry)
	var known *hedui.Error
	switch kind := hedui.KindOf(err); {
	case err == nil && same:
		in.Same++
		return hedui.Say("workbook.same"), nil
	case err == nil:
		in.Taken++
		return hedui.Say("workbook.taken"), nil
	case !errors.As(err, &known) || kind == hedui.Internal || kind == hedui.Unavailable || ctx.Err() != nil:
		return hedui.Text{}, err
	case len(known.Problems) == 0:
		it.Problems = append(it.Problems, workbook.Problem{Row: it.Rows[0], Say: known.Say})
	}
	for _, p := range known.Problems {
		it.Problems = append(it.Problems, it.Place(c, p))
	}
	in.Refused++
	return not, nil
}

// linesOf looks items of a source up for a workbook that came back.
func (d *Desk) linesOf(ctx context.Context, sourceName string, ids []string) ([]workbook.Line, error) {
	var lines []workbook.Line
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.ItemsByID(ctx, ids)
		if err != nil {
			return err
		}
		var items []store.Item
		for _, it := range all {
			if it.Source == sourceName {
				items = append(items, it)
			}
		}
		tasks, err := d.tasks(ctx, tx, items, true)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, t := range tasks {
			lines, seen[t.ID] = append(lines, t.line()), true
		}
		for _, it := range items {
			if !seen[it.ID] { // its person is not known any more
				lines = append(lines, workbook.Line{ID: it.ID})
			}
		}
		return nil
	})
	return lines, err
}
