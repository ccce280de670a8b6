package casework

import (
	"context"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/rule"
	"hedui/internal/store"
)

// Cases lists the newest cases of an officer's division and programmes, without
// opening them. Those from which the officer stands aside are not in it.
func (d *Desk) Cases(ctx context.Context, o hedui.Officer, f store.Filter) ([]store.Summary, error) {
	if err := o.May(hedui.ReadCases, o.Division); err != nil {
		return nil, d.refused(ctx, o, "", audit.ReadCase, err)
	}
	if !plausibleID(f.Before) {
		return nil, notFound()
	}
	f.Division, f.Programmes, f.Reader, f.Office = hedui.PlacePrefix(o.Division), o.Programmes, o.ID, o.Office
	var list []store.Summary
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Cases(ctx, f)
		return err
	})
	return list, err
}

// elsewhereMonths is how far back the household of another case says something of now.
const elsewhereMonths = 12

// A View is what an officer sees of one case.
type View struct {
	Case       *hedui.Case
	Grid       []hedui.Query // one query of each register asked
	Assessment hedui.Assessment
	Reports    []store.Report

	Explanations []hedui.Explanation // items to explain
	Letters      []hedui.Letter      // by which departments are asked
	Erasure      hedui.Erasure       // whether it is proposed or held
	Rev          string              // of all this, see [Desk.Changed]
}

// Look opens a case for reading. The look is recorded; a page that loads itself
// anew while somebody watches is one look for some minutes.
func (d *Desk) Look(ctx context.Context, o hedui.Officer, id string) (View, error) {
	if !plausibleID(id) {
		return View{}, notFound()
	}
	var v View
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if v.Case, err = opened(ctx, tx, o, hedui.ReadCases, id); err != nil {
			return err
		}
		queries, err := tx.Queries(ctx, id)
		if err != nil {
			return err
		}
		v.Grid = hedui.Newest(queries)
		if v.Reports, err = tx.Reports(ctx, id); err != nil {
			return err
		}
		if v.Explanations, err = tx.Explanations(ctx, id); err != nil {
			return err
		}
		if v.Case.Elsewhere, err = tx.Elsewhere(ctx, v.Case, v.Case.AppliedOn.AddMonths(-elsewhereMonths)); err != nil {
			return err
		}
		if v.Letters, err = tx.Letters(ctx, store.LetterFilter{Case: id}); err != nil {
			return err
		}
		if v.Erasure, err = tx.Erasure(ctx, id); err != nil {
			return err
		}
		pulse, err := tx.Pulse(ctx, id) // of the same state: a read sees one
		v.Rev = pulse.Rev
		return err
	})
	if err != nil {
		return View{}, d.refused(ctx, o, id, audit.ReadCase, err)
	}
	at := d.Now()
	if d.looks.again(o.ID, id, at) {
		if err := d.remember(ctx, audit.New(at, o.ID, o.Office, audit.ReadCase, id, "")); err != nil { // nothing is shown that is not recorded
			d.looks.forget(o.ID, id)
			return View{}, err
		}
	}
	return v, d.Assess(&v, lang.Chinese)
}

// Worked reports whether the case has come so far that its assessment says something.
func (v View) Worked() bool { return !v.Case.AcceptedAt.IsZero() && !v.Case.Stage.Collects() }

// Assess assesses what a view shows, anew, with the texts of its means in a language.
func (d *Desk) Assess(v *View, l lang.Lang) (err error) {
	v.Assessment, err = rule.Verify(d.Rules, v.Case, v.Grid, v.Explanations, day.Of(d.Now()), l)
	return err
}

// CaseOf returns the newest case of the applicant on a form for its programme,
// or "" if there is none in the officer's division. The search is recorded.
func (d *Desk) CaseOf(ctx context.Context, o hedui.Officer, f hedui.Form) (string, error) {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return "", d.refused(ctx, o, "", audit.Searched, err)
	}
	c, _ := f.Case(d.Now())
	if len(c.Persons) == 0 || c.Applicant().ID.IsZero() {
		return "", nil
	}
	var id string
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		id = ""
		list, err := tx.CasesOf(ctx, c.Applicant().ID)
		if err != nil {
			return err
		}
		for _, s := range list {
			if id == "" && s.Programme == c.Programme && hedui.Covers(o.Division, s.Division) {
				id = s.ID
			}
		}
		return tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.Searched, id, ""))
	})
	return id, err
}

// Stage tells where a case stands, and nothing else of it.
func (d *Desk) Stage(ctx context.Context, id string) (hedui.Stage, error) {
	var stage hedui.Stage
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		stages, err := tx.LockCases(ctx, []string{id})
		stage = stages[id]
		return err
	})
	return stage, err
}

func numbersOf(persons []hedui.Person) []idcard.Number {
	ids := make([]idcard.Number, len(persons))
	for i, p := range persons {
		ids[i] = p.ID
	}
	return ids
}
