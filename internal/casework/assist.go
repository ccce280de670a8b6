package casework

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/source"
)

// A Dispatch is a letter as it was issued.
type Dispatch struct {
	Number  string
	Persons int
	DueAt   time.Time
	File    File // PDF
}

// IssueLetter writes an assistance letter (协查函) about an item and everything else
// that waits of the same case, or under the same mandate of another node, and goes
// to the same body. The letter has a number of its own and a reply deadline; from
// then on the items wait for its reply slip, which is entered by [Desk.AnswerItem].
func (d *Desk) IssueLetter(ctx context.Context, o hedui.Officer, id string) (Dispatch, error) {
	var letter Dispatch
	at := d.Now()
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		t, err := d.task(ctx, tx, o, id)
		if err != nil {
			return err
		}
		switch {
		case !d.manuals[t.Source].byLetter():
			return hedui.Fail(hedui.Conflict, hedui.Say("error.item.not_letter", t.Source), nil)
		case t.State != hedui.ItemListed:
			return hedui.Fail(hedui.Conflict, hedui.Say("error.item.state", string(t.State)), nil)
		}
		tasks, err := d.together(ctx, tx, o, t)
		if err != nil {
			return err
		}
		number, err := d.letterNumber(ctx, tx, t, at)
		if err != nil {
			return err
		}
		items := make([]store.Item, len(tasks))
		for i := range tasks {
			it := &tasks[i].Item
			it.State, it.Letter, it.Officer, it.ChangedAt = hedui.ItemLettered, number, o.ID, at
			it.DueAt = d.promised(d.manuals[it.Source], at, it.DueAt)
			items[i] = *it
		}
		if letter, err = d.print(number, tasks); err != nil { // before anything is saved: what cannot be printed was not issued
			return err
		}
		first := tasks[0]
		if err := errors.Join(tx.SaveItems(ctx, items), tx.SaveLetters(ctx, hedui.Letter{Number: number, Case: first.Case, Division: first.places, Programme: first.Purpose,
			Addressee: d.manuals[first.Source].addressee(), State: hedui.LetterIssued, IssuedAt: at, DueAt: letter.DueAt, ExpiresAt: first.ExpiresAt, ChangedAt: at})); err != nil {
			return err
		}
		return tx.Record(ctx, letterEntries(o, audit.LetterIssued, number, tasks, at)...)
	})
	if err != nil {
		return Dispatch{}, d.refused(ctx, o, "", audit.LetterIssued, err)
	}
	return letter, nil
}

// together returns the tasks that go into one letter with t.
func (d *Desk) together(ctx context.Context, tx *store.Tx, o hedui.Officer, t Task) ([]Task, error) {
	if t.Relay {
		return []Task{t}, nil // another node's persons are not known to belong together
	}
	to := d.manuals[t.Source]
	var sources []string
	for name, m := range d.manuals {
		if m.byLetter() && m.addressee() == to.addressee() && m.info.Department == to.info.Department && o.MayAnswer(name) == nil {
			sources = append(sources, name)
		}
	}
	items, err := tx.Items(ctx, store.ItemFilter{Sources: sources, State: hedui.ItemListed, Case: t.Case, Limit: perLetter})
	if err != nil {
		return nil, err
	}
	return d.tasks(ctx, tx, items, false)
}

func (m *manual) byLetter() bool { return m.info.Manual.Means == source.Letter }

func (m *manual) addressee() string { return cmp.Or(m.info.Manual.Addressee, m.info.Department) }

// letterNumber draws the number of a letter in the division of the case, or of this
// node where another has asked.
func (d *Desk) letterNumber(ctx context.Context, tx *store.Tx, t Task, at time.Time) (string, error) {
	on := day.Of(at)
	n, err := tx.NextSerial(ctx, hedui.SerialKey(hedui.LetterSeries, t.places, on, t.Purpose))
	if err != nil {
		return "", err
	}
	return hedui.Number(hedui.LetterSeries, t.places, on, t.Purpose, n)
}

func letterEntries(o hedui.Officer, verb audit.Verb, number string, tasks []Task, at time.Time) []audit.Entry {
	entries := looksAt(o, verb, tasks, at)
	for i := range entries {
		entries[i].Detail = number + " " + entries[i].Detail
	}
	return entries
}

// ReprintLetter prints a letter once more, with those of its persons whose reply is
// still waited for. It is recorded.
func (d *Desk) ReprintLetter(ctx context.Context, o hedui.Officer, number string) (Dispatch, error) {
	if !hedui.ValidNumber(hedui.LetterSeries, number) {
		return Dispatch{}, notFound()
	}
	var tasks []Task
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		items, err := tx.Items(ctx, store.ItemFilter{Sources: o.Sources, State: hedui.ItemLettered, Letter: number, Limit: perLetter})
		if err != nil {
			return err
		}
		for _, it := range items {
			if _, err := d.manualOf(o, it.Source); err != nil {
				return err
			}
		}
		tasks, err = d.tasks(ctx, tx, items, false)
		return err
	})
	if err == nil && len(tasks) == 0 {
		err = o.May(hedui.AnswerQueries, o.Division)
		if err == nil {
			err = notFound()
		}
	}
	if err != nil {
		return Dispatch{}, d.refused(ctx, o, "", audit.LetterPrinted, err)
	}
	at := d.Now()
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		return tx.Record(ctx, letterEntries(o, audit.LetterPrinted, number, tasks, at)...)
	})
	if err != nil {
		return Dispatch{}, err
	}
	return d.print(number, tasks)
}

// print makes the PDF of a letter. The department needs whole names and numbers.
func (d *Desk) print(number string, tasks []Task) (Dispatch, error) {
	first := tasks[0]
	m := d.manuals[first.Source]
	l := report.Letter{
		Number: number, Issuer: d.Issuer, Addressee: m.addressee(), Address: m.info.Manual.Address, Basis: m.info.Manual.Basis,
		Contact: m.info.Manual.Liaison, Purpose: first.Purpose, Window: first.Window, On: day.Of(first.ChangedAt),
		ReplyBy: day.Of(d.promised(m, first.ChangedAt, first.DueAt)), // as it was issued: sending it may have moved the due date
	}
	for _, t := range tasks {
		i := slices.IndexFunc(l.Persons, func(p report.LetterPerson) bool { return p.Number == t.Person.ID })
		if i < 0 {
			i = len(l.Persons)
			l.Persons = append(l.Persons, report.LetterPerson{Name: t.Person.Name, Number: t.Person.ID, Mandate: t.Mandate})
		}
		l.Persons[i].Asked = append(l.Persons[i].Asked, report.LetterItem{ID: t.ID, Category: t.Category})
	}
	slices.SortStableFunc(l.Persons, func(a, b report.LetterPerson) int { // not in the order of the household
		return cmp.Compare(a.Number.Reveal(), b.Number.Reveal())
	})
	body, err := report.LetterPDF(l)
	if err != nil {
		return Dispatch{}, fmt.Errorf("casework: letter %s: %w", number, err)
	}
	return Dispatch{Number: number, Persons: len(l.Persons), DueAt: first.DueAt, File: File{Name: number + ".pdf", Body: body}}, nil
}
