package casework

import (
	"context"
	"errors"
	"fmt"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/internal/workbook"
)

// ExportList writes the open items of a source into a workbook, after the item with
// the given id; more is where the next part begins. The department needs the whole
// identity numbers, so they stand in it; that it was made is recorded with each
// case or mandate.
func (d *Desk) ExportList(ctx context.Context, o hedui.Officer, sourceName, after string) (file File, more string, err error) {
	p, err := d.page(ctx, o, store.ItemFilter{Sources: []string{sourceName}, After: after, Limit: workbook.MaxLines}, audit.ListExported)
	if err != nil {
		return File{}, "", err
	}
	b := d.book(d.manuals[sourceName])
	for _, t := range p.Tasks {
		b.Lines = append(b.Lines, t.line())
	}
	body, err := b.Write()
	if err != nil {
		return File{}, "", err
	}
	return File{Name: sourceName + "-" + d.Now().In(day.Beijing).Format("20060102-150405") + ".xlsx", Body: body}, p.More, nil
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
	Workbook             []byte             // the same with a column that says what became of each row
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
	b := d.book(m)
	filled, err := b.Open(data, func(ids []string) ([]workbook.Line, error) { return d.linesOf(ctx, sourceName, ids) })
	if err != nil {
		return in, err
	}
	defer func() { err = errors.Join(err, filled.Close()) }()
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
	if in.Workbook, err = filled.Marked(words); err != nil {
		return in, err
	}
	return in, d.DB.InTx(ctx, func(tx *store.Tx) error {
		return tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.ListImported, "",
			fmt.Sprintf("%s taken=%d same=%d refused=%d", sourceName, in.Taken, in.Same, in.Refused)))
	})
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
