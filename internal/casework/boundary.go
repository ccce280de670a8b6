package casework

import (
	"context"
	"errors"
	"fmt"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// moveBatch is how many ids of cases are read at once.
const moveBatch = 200

// moveTries is how often a case is moved again that somebody else has saved meanwhile.
const moveTries = 5

// MoveCases gives every case whose division has ended the one that took over, and
// returns how many there were. It is for the start and for every day: each case
// has a transaction of its own, so that it can be stopped anywhere, and where
// nothing is to be moved it costs one look at an index. Cases whose successor is
// another node's stay: that node takes them over by [Desk.TakeOver].
func (d *Desk) MoveCases(ctx context.Context) (moved int, err error) {
	var ended []string
	on := day.Of(d.Now())
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		all, err := tx.Divisions(ctx)
		for _, division := range all {
			if next := hedui.Todays(division, on); next != division && d.ours(next) {
				ended = append(ended, division)
			}
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, division := range ended {
		err := d.eachCase(ctx, division, func(id string) error {
			ok, err := d.moveCase(ctx, id)
			if ok {
				moved++
			}
			if err != nil && ctx.Err() == nil { // one case that cannot be read must not hold up the others
				errs = append(errs, fmt.Errorf("casework: move case %s: %w", id, err))
				return nil
			}
			return err
		})
		if err != nil {
			return moved, err
		}
	}
	return moved, errors.Join(errs...)
}

// ours reports whether cases of a division may be worked on, and numbers drawn
// for them, on this node.
func (d *Desk) ours(division string) bool {
	return d.Division == "" || hedui.Covers(d.Division, division)
}

// eachCase calls f for every case of a division, in the order of their ids.
func (d *Desk) eachCase(ctx context.Context, division string, f func(id string) error) error {
	for after := ""; ; {
		var ids []string
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			ids, err = tx.CasesIn(ctx, division, after, moveBatch)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := f(id); err != nil {
				return err
			}
		}
		after = ids[len(ids)-1]
	}
}

func (d *Desk) moveCase(ctx context.Context, id string) (moved bool, err error) {
	for range moveTries {
		err = d.DB.InTx(ctx, func(tx *store.Tx) (err error) {
			moved, err = d.moveOne(ctx, tx, id)
			return err
		})
		if hedui.KindOf(err) != hedui.Conflict {
			break
		}
	}
	if err != nil {
		return false, err
	}
	if moved {
		d.watch.changed(id)
	}
	return moved, nil
}

func (d *Desk) moveOne(ctx context.Context, tx *store.Tx, id string) (bool, error) {
	if _, err := tx.LockCases(ctx, []string{id}); err != nil {
		return false, err
	}
	c, err := tx.Case(ctx, id)
	if err != nil {
		return false, err
	}
	before, at := c.Division, d.Now()
	if !c.Move(at) {
		return false, nil
	}
	if err := tx.SaveCase(ctx, c); err != nil {
		return false, err
	}
	return true, tx.Record(ctx, audit.New(at, hedui.System.ID, "", audit.Moved, id, before+" → "+c.Division))
}
