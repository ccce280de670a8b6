package casework

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
)

// One job goes over the looks of officers every quarter of an hour: today as far as
// it has come, and each day that is over once more, for good. What it notices it
// notes once, however often it comes by.

const (
	concernLane  = "concern"
	jobConcern   = "casework.concern"
	concernLease = 2 * time.Minute
	concernEvery = 15 * time.Minute
	concernStart = 7 // days before today with which a new node begins
)

func (d *Desk) concernLane() queue.Lane {
	return d.standing(concernLane, concernLease, concernEvery, func(ctx context.Context) (bool, error) { return false, d.WatchOfficers(ctx) })
}

// WatchOfficers goes over the days that are not done yet, and over today.
func (d *Desk) WatchOfficers(ctx context.Context) error {
	today := day.Of(d.Now())
	var done day.Day
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) { done, err = tx.LastConcernDay(ctx); return err }); err != nil {
		return err
	}
	if first := today.Add(-concernStart - 1); done.Before(first) {
		done = first
	}
	for on := done.Add(1); !on.After(today); on = on.Add(1) {
		if err := d.watchDay(ctx, on, on.Before(today)); err != nil {
			return err
		}
	}
	return nil
}

// watchDay runs the detectors over one day.
func (d *Desk) watchDay(ctx context.Context, on day.Day, over bool) error {
	v, err := d.vigil(ctx, on, over)
	if err != nil {
		return err
	}
	list := v.concerns()
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		fresh, err := tx.AddConcerns(ctx, list)
		if err != nil {
			return err
		}
		entries := make([]audit.Entry, len(fresh))
		for i, c := range fresh {
			entries[i] = audit.New(v.at, hedui.System.ID, c.Office, audit.ConcernRaised, c.Case, string(c.Detector)+" "+c.Officer)
		}
		if err := tx.Record(ctx, entries...); err != nil || !over {
			return err
		}
		return tx.SetLastConcernDay(ctx, on)
	})
}

// vigil gathers what the detectors need of a day.
func (d *Desk) vigil(ctx context.Context, on day.Day, over bool) (*vigil, error) {
	table, err := hedui.ConcernTableOn(on)
	if err != nil {
		return nil, err
	}
	v := &vigil{on: on, over: over, table: table, calendar: d.Calendar, at: d.Now(), officers: map[string]hedui.StaffMember{},
		ended: map[string]time.Time{}, parts: map[string]map[string]bool{}}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		v.entries, v.prints = nil, nil
		staff, err := tx.Officers(ctx)
		if err != nil {
			return err
		}
		for _, m := range staff {
			v.officers[m.ID] = m
		}
		err = tx.EachEntry(ctx, on.Start(), on.Add(1).Start(), append(audit.Looks(), audit.Refused), func(e audit.Entry) { v.entries = append(v.entries, e) })
		if err != nil {
			return err
		}
		since := on.Add(1 - max(table.Detectors[hedui.DetectPrints].Days, 1))
		err = tx.EachEntry(ctx, since.Start(), on.Add(1).Start(), []audit.Verb{audit.Printed}, func(e audit.Entry) { v.prints = append(v.prints, e) })
		if err != nil {
			return err
		}
		return tx.EachEntryOf(ctx, v.cases(), v.worked)
	})
	return v, err
}

// worked notes what an entry says of who has a part in a case, and whether it is over.
func (v *vigil) worked(e audit.Entry) {
	switch {
	case e.Verb == audit.Archived, e.Verb == audit.Terminated:
		v.ended[e.Case] = e.At
	case slices.Contains(audit.Looks(), e.Verb), e.Verb == audit.Refused, e.Verb == audit.ConcernRaised:
		return
	}
	if v.parts[e.Case] == nil {
		v.parts[e.Case] = map[string]bool{}
	}
	v.parts[e.Case][e.Officer], v.parts[e.Case]["@"+e.Office] = true, true
}

// OpenConcerns counts what nobody has asked about yet, for who may read it; 0 for others.
func (d *Desk) OpenConcerns(ctx context.Context, o hedui.Officer) (n int, err error) {
	if o.May(hedui.ReadConcerns, cmp.Or(d.Division, o.Division)) != nil {
		return 0, nil
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) { n, err = tx.CountConcerns(ctx); return err })
	return n, err
}

// Concerns lists what the detectors have noticed. That it was read is recorded.
func (d *Desk) Concerns(ctx context.Context, o hedui.Officer, f store.ConcernFilter) ([]hedui.Concern, error) {
	if err := o.May(hedui.ReadConcerns, cmp.Or(d.Division, o.Division)); err != nil {
		return nil, d.refused(ctx, o, "", audit.ConcernsRead, err)
	}
	if !plausibleID(f.Before) || !plausibleID(f.ID) {
		return nil, notFound()
	}
	var list []hedui.Concern
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) { list, err = tx.Concerns(ctx, f); return err })
	if err == nil {
		err = d.remember(ctx, audit.New(d.Now(), o.ID, o.Office, audit.ConcernsRead, "", ""))
	}
	return list, err
}

// SettleConcern notes what was found out about a concern.
func (d *Desk) SettleConcern(ctx context.Context, o hedui.Officer, id string, to hedui.ConcernState, note string) (hedui.Concern, error) {
	return d.disposeOf(ctx, o, id, audit.ConcernSettled, func(c *hedui.Concern, at time.Time) error { return c.Settle(o, to, note, at) })
}

// ReopenConcern takes a concern up again.
func (d *Desk) ReopenConcern(ctx context.Context, o hedui.Officer, id, note string) (hedui.Concern, error) {
	return d.disposeOf(ctx, o, id, audit.ConcernReopened, func(c *hedui.Concern, at time.Time) error { return c.Reopen(o, note, at) })
}

func (d *Desk) disposeOf(ctx context.Context, o hedui.Officer, id string, verb audit.Verb, decide func(*hedui.Concern, time.Time) error) (hedui.Concern, error) {
	if err := o.May(hedui.DisposeConcerns, cmp.Or(d.Division, o.Division)); err != nil {
		return hedui.Concern{}, d.refused(ctx, o, id, verb, err)
	}
	if !plausibleID(id) {
		return hedui.Concern{}, notFound()
	}
	var c hedui.Concern
	at := d.Now()
	err := d.DB.InTx(ctx, func(tx *store.Tx) (err error) {
		if c, err = tx.Concern(ctx, id); err != nil {
			return err
		}
		was := c.State
		if err := decide(&c, at); err != nil {
			return err
		}
		if err := tx.SaveConcern(ctx, c, was); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, verb, c.Case, fmt.Sprintf("%s %s %s", c.Detector, c.Officer, c.State)))
	})
	if err != nil {
		return hedui.Concern{}, d.refused(ctx, o, id, verb, err)
	}
	return c, nil
}
