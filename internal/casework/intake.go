package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Register opens a case from what a clerk typed. What was typed is kept as a
// draft under draftID first, so that a refusal loses nothing; the draft ends
// when the case is opened. Problems come back all at once, with the fields they
// stand in. Consents on the form are recorded with the case; what they lack is
// reported together with the rest, and then no case is opened.
func (d *Desk) Register(ctx context.Context, o hedui.Officer, draftID string, f hedui.Form) (*hedui.Case, error) {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return nil, d.refused(ctx, o, "", audit.Registered, err)
	}
	if err := d.SaveDraft(ctx, o, draftID, f); err != nil {
		return nil, err
	}
	at := d.Now()
	c, consents, err := d.ready(o, f, at)
	if err != nil {
		return nil, d.refused(ctx, o, "", audit.Registered, err)
	}
	var opened *hedui.Case
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		fresh := *c // the transaction may run twice
		opened = &fresh
		return d.open(ctx, tx, o, opened, draftID, slices.Clone(consents), at)
	})
	if isRegistered(err) { // by a press before this one: nothing is left to go on with
		err = errors.Join(err, d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.DeleteDraft(ctx, draftID) }))
	}
	if err != nil {
		return nil, d.refused(ctx, o, "", audit.Registered, err)
	}
	return opened, nil
}

// ready makes the case of a form that an officer may open, with its consents.
func (d *Desk) ready(o hedui.Officer, f hedui.Form, at time.Time) (*hedui.Case, []hedui.Consent, error) {
	c, consents, problems := f.Read(at)
	if len(problems) == 0 {
		problems = d.early(c, at)
	}
	if err := hedui.Problems(problems); err != nil {
		return nil, nil, err
	}
	if err := o.MayOn(hedui.OpenCases, c); err != nil {
		return nil, nil, err
	}
	c.ID = audit.NewID()
	return c, consents, nil
}

// early finds a case for which this node has no deadlines or rule books, or which
// names obligors where the rules ask about the family alone, before it is opened
// and can never be accepted.
func (d *Desk) early(c *hedui.Case, at time.Time) []hedui.Problem {
	eff, none := d.Rules.For(c.Division, c.Programme, c.AppliedOn)
	if _, ok := d.deadlinesOf(c, at); !ok || none != nil {
		return []hedui.Problem{{Field: "applied_on", Say: hedui.Say("problem.day.early")}}
	}
	var problems []hedui.Problem
	if eff.ObligorScope() > 0 {
		return nil
	}
	for _, p := range c.Obligors() { // nobody is asked about whom the rules leave out
		problems = append(problems, hedui.Problem{Field: fmt.Sprintf("persons[%d].role", p.No-1), Say: hedui.Say("problem.obligor.scope", strconv.Itoa(p.No))})
	}
	return problems
}

func (d *Desk) open(ctx context.Context, tx *store.Tx, o hedui.Officer, c *hedui.Case, draftID string, consents []hedui.Consent, at time.Time) error {
	running, ok, err := tx.RunningCase(ctx, numbersOf(c.Members()), c.Programme, "")
	if err != nil {
		return err
	}
	if ok {
		return d.alreadyRunning(ctx, tx, o, running, draftID)
	}
	c.Form = draftID
	numbers, err := d.numbers(ctx, tx, hedui.CaseSeries, c, at, 1)
	if err != nil {
		return err
	}
	c.Number = numbers[0]
	if err := d.given(ctx, tx, o, c, consents, at); err != nil {
		return err
	}
	c.Steps = []hedui.Step{{Stage: hedui.Draft, Officer: o.ID, Name: o.Name, Office: o.Office, At: at}}
	if _, err := c.AddConsents(o, consents, at); err != nil {
		return err
	}
	if err := tx.CreateCase(ctx, c); err != nil {
		return err
	}
	if err := standsAside(ctx, tx, o, c.ID); err != nil {
		return err
	}
	if err := errors.Join(tx.DeleteDraft(ctx, draftID), tx.DraftOpened(ctx, draftID, c.ID)); err != nil {
		return err
	}
	return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.Registered, c.ID, c.Number))
}

// given numbers consents that are entered, and notes the printed forms they were
// signed on: a form that belongs to another case is Invalid. Who enters a consent for
// which no other witness is named has seen it signed.
func (d *Desk) given(ctx context.Context, tx *store.Tx, o hedui.Officer, c *hedui.Case, consents []hedui.Consent, at time.Time) error {
	elsewhere, err := tx.ClaimForms(ctx, c.ID, consents)
	if err != nil {
		return err
	}
	var problems []hedui.Problem
	for i, k := range consents {
		if slices.Contains(elsewhere, k.Form) {
			problems = append(problems, hedui.Problem{Field: fmt.Sprintf("consents[%d].number", i), Say: hedui.Say("problem.consent.elsewhere", k.Form)})
		}
	}
	if err := hedui.Problems(problems); err != nil {
		return err
	}
	numbers, err := d.numbers(ctx, tx, hedui.ConsentSeries, c, at, len(consents))
	if err != nil {
		return err
	}
	for i := range consents {
		consents[i].Number = numbers[i]
		if consents[i].Witness == "" {
			consents[i].Witness = o.ID
		}
	}
	return nil
}

// isRegistered reports whether a form was refused because it is a case already.
func isRegistered(err error) bool {
	var known *hedui.Error
	return errors.As(err, &known) && known.Say.Key == registeredText
}

const registeredText = "error.registered"

// alreadyRunning names the running case, but only to an officer of its place. The form
// may be the one from which it was registered, sent once more.
func (d *Desk) alreadyRunning(ctx context.Context, tx *store.Tx, o hedui.Officer, id, draftID string) error {
	c, err := tx.Case(ctx, id)
	if err != nil {
		return err
	}
	if draftID != "" && c.Form == draftID && c.OpenedBy() == o.ID {
		return hedui.Fail(hedui.Conflict, hedui.Say(registeredText, c.Number), fmt.Errorf("case %s is of this form", id))
	}
	say := hedui.Say("error.running", c.Number)
	if !hedui.Covers(o.Division, c.Division) {
		say = hedui.Say("error.running_elsewhere")
	}
	return hedui.Fail(hedui.Conflict, say, fmt.Errorf("case %s is running", id))
}

// numbers draws n numbers of a series for a case.
func (d *Desk) numbers(ctx context.Context, tx *store.Tx, s hedui.Series, c *hedui.Case, at time.Time, n int) ([]string, error) {
	if n == 0 {
		return nil, nil
	}
	on := day.Of(at)
	first, err := tx.NextSerials(ctx, hedui.SerialKey(s, c.Division, on, c.Programme), n)
	if err != nil {
		return nil, err
	}
	numbers := make([]string, n)
	for i := range numbers {
		if numbers[i], err = hedui.Number(s, c.Division, on, c.Programme, first+i); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// SaveDraft keeps a half-typed form of an officer, who must have the right to open
// cases: a form holds as much about a family as a case does.
func (d *Desk) SaveDraft(ctx context.Context, o hedui.Officer, id string, f hedui.Form) error {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return d.refused(ctx, o, "", audit.Registered, err)
	}
	body, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("casework: draft: %w", err)
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SaveDraft(ctx, id, o.ID, body) })
}

// Draft returns a form that an officer has begun.
func (d *Desk) Draft(ctx context.Context, o hedui.Officer, id string) (hedui.Form, error) {
	var f hedui.Form
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return f, d.refused(ctx, o, "", audit.Registered, err)
	}
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		body, err := tx.Draft(ctx, id, o.ID)
		if err != nil {
			return err
		}
		return json.Unmarshal(body, &f)
	})
	return f, err
}

// Commissioners names the offices that may commission, as the roster has them. A form
// may name another one: not every office has officers here.
func (d *Desk) Commissioners(ctx context.Context) ([]string, error) {
	var names []string
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		names = nil
		offices, err := tx.Offices(ctx)
		for _, o := range offices {
			if o.Kind == hedui.CommissioningOffice {
				names = append(names, o.Name)
			}
		}
		return err
	})
	return names, err
}

// A DraftSummary is what a list shows of a form that an officer has begun.
type DraftSummary struct {
	ID        string
	Programme string // as typed
	Applicant string // masked
	Persons   int
}

// Drafts lists the forms that an officer has begun, after one of them.
func (d *Desk) Drafts(ctx context.Context, o hedui.Officer, after string, limit int) ([]DraftSummary, error) {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return nil, d.refused(ctx, o, "", audit.Registered, err)
	}
	if !plausibleID(after) {
		return nil, notFound()
	}
	var drafts []store.Draft
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		drafts, err = tx.Drafts(ctx, o.ID, after, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]DraftSummary, len(drafts))
	for i, one := range drafts {
		var f hedui.Form
		if err := json.Unmarshal(one.Body, &f); err != nil {
			return nil, fmt.Errorf("casework: draft: %w", err)
		}
		list[i] = DraftSummary{ID: one.ID, Programme: f.Programme, Persons: len(f.Persons)}
		if len(f.Persons) > 0 {
			list[i].Applicant = idcard.MaskName(f.Persons[0].Name)
		}
	}
	return list, nil
}

// DropDraft throws a form away that the officer has begun.
func (d *Desk) DropDraft(ctx context.Context, o hedui.Officer, id string) error {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return d.refused(ctx, o, "", audit.Registered, err)
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		if _, err := tx.Draft(ctx, id, o.ID); err != nil {
			return err
		}
		return tx.DeleteDraft(ctx, id)
	})
}

// OwnCases lists the newest cases that the officer has opened: who opened a case may
// know how it stands, without a right to read any.
func (d *Desk) OwnCases(ctx context.Context, o hedui.Officer, f store.Filter) ([]store.Summary, error) {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return nil, d.refused(ctx, o, "", audit.ReadCase, err)
	}
	if !plausibleID(f.Before) {
		return nil, notFound()
	}
	f.Division, f.Programmes, f.Reader, f.Office, f.OpenedBy = hedui.PlacePrefix(o.Division), o.Programmes, o.ID, o.Office, o.ID
	var list []store.Summary
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Cases(ctx, f)
		return err
	})
	return list, err
}

// OwnCase opens a case for the officer who opened it: persons and consents, but
// nothing of what departments answered. The look is recorded. A case that somebody
// else opened is NotFound.
func (d *Desk) OwnCase(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	if !plausibleID(id) {
		return nil, notFound()
	}
	var c *hedui.Case
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if c, err = opened(ctx, tx, o, hedui.OpenCases, id); err == nil && c.OpenedBy() != o.ID {
			err = notFound()
		}
		return err
	})
	if err != nil {
		return nil, d.refused(ctx, o, id, audit.ReadCase, err)
	}
	if at := d.Now(); d.looks.again(o.ID, id, at) {
		if err := d.remember(ctx, audit.New(at, o.ID, o.Office, audit.ReadCase, id, "")); err != nil {
			d.looks.forget(o.ID, id)
			return nil, err
		}
	}
	return c, nil
}
