package casework

import (
	"context"
	"slices"

	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Who types an identity number learns nothing of persons with whom he has nothing to do:
// only cases that the officer works on are found, the answer for all others is the same
// as for nobody, and every search is recorded with its reason, also one that finds
// nothing.

// SearchReasons are why an officer looks for a case by an identity number.
func SearchReasons() []string { return []string{"present", "work", "complaint"} }

// FindPerson finds those cases of a person that the officer works on: in which he has
// acted, which wait for him, or which are being verified, where he verifies.
func (d *Desk) FindPerson(ctx context.Context, o hedui.Officer, id idcard.Number, why string) ([]store.Summary, error) {
	return d.findPerson(ctx, o, hedui.ReadCases, store.Filter{Person: id}, why)
}

// FindOwnPerson finds those cases of a person that the officer has opened.
func (d *Desk) FindOwnPerson(ctx context.Context, o hedui.Officer, id idcard.Number, why string) ([]store.Summary, error) {
	return d.findPerson(ctx, o, hedui.OpenCases, store.Filter{Person: id, OpenedBy: o.ID}, why)
}

func (d *Desk) findPerson(ctx context.Context, o hedui.Officer, right hedui.Right, f store.Filter, why string) ([]store.Summary, error) {
	if err := o.May(right, o.Division); err != nil {
		return nil, d.refused(ctx, o, "", audit.Searched, err)
	}
	if f.Person.IsZero() {
		return nil, notFound()
	}
	if !slices.Contains(SearchReasons(), why) {
		return nil, hedui.Problems([]hedui.Problem{{Field: "why", Say: hedui.Say("search.why_missing")}})
	}
	f.Division, f.Programmes, f.Reader, f.Office = hedui.PlacePrefix(o.Division), o.Programmes, o.ID, o.Office
	var found []store.Summary
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		list, err := tx.Cases(ctx, f)
		if err != nil {
			return err
		}
		if found = list; f.OpenedBy == "" {
			if found, err = worksOn(ctx, tx, o, list); err != nil {
				return err
			}
		}
		at := d.Now()
		if len(found) == 0 {
			return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.Searched, "", why))
		}
		var entries []audit.Entry
		for _, s := range found {
			entries = append(entries, audit.New(at, o.ID, o.Office, audit.Searched, s.ID, why))
		}
		return tx.Record(ctx, entries...)
	})
	return found, err
}

// worksOn leaves of a list the cases that the officer works on.
func worksOn(ctx context.Context, tx *store.Tx, o hedui.Officer, list []store.Summary) ([]store.Summary, error) {
	if len(list) == 0 {
		return nil, nil
	}
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = s.ID
	}
	acted := map[string]bool{}
	err := tx.EachEntryOf(ctx, ids, func(e audit.Entry) {
		if e.Officer == o.ID && e.Verb != audit.Refused && !slices.Contains(audit.Looks(), e.Verb) {
			acted[e.Case] = true
		}
	})
	waits, verifies := o.WorksAt(), slices.Contains(o.Rights, hedui.VerifyCases)
	return slices.DeleteFunc(list, func(s store.Summary) bool {
		return !acted[s.ID] && !slices.Contains(waits, s.Stage) && !(verifies && s.Stage.Asking())
	}), err
}
