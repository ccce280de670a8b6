package casework

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
)

// An errand gives queries to somebody for whom nobody waits: a peer, or people.
// All of it is one transaction.
type errand struct {
	query  func(*hedui.Query) (finished bool, err error) // hands one on, or gives it up
	relays func() error                                  // the same for other nodes' questions
	save   func() error                                  // what was handed on
}

// handOn returns the work of a lane whose answers come in by themselves. The
// queries of a round are sifted before begin is called.
func (d *Desk) handOn(office string, begin func(context.Context, *store.Tx, *round, time.Time) errand) func(context.Context, []queue.Job) error {
	return func(ctx context.Context, jobs []queue.Job) error {
		var r *round
		err := d.DB.InTx(ctx, func(tx *store.Tx) (err error) {
			if r, err = load(ctx, tx, jobs); err != nil {
				return err
			}
			at := d.Now()
			r.sift(at, nil)
			return d.carry(ctx, tx, office, r, begin(ctx, tx, r, at), at)
		})
		if r != nil {
			d.watch.changed(slices.Collect(maps.Keys(r.cases))...)
		}
		return err
	}
}

// carry does an errand and writes the round.
func (d *Desk) carry(ctx context.Context, tx *store.Tx, office string, r *round, e errand, at time.Time) error {
	changed := slices.Clone(r.queries)
	var done []queue.Job
	var void []string // jobs of what was settled meanwhile; the answer that did so has dropped them
	for i := range changed {
		if changed[i].Settled() || r.cases[changed[i].Case] == nil {
			void = append(void, r.jobs[changed[i].ID].ID)
			continue
		}
		finished, err := e.query(&changed[i])
		if err != nil {
			return err
		}
		if finished {
			done = append(done, r.jobs[changed[i].ID])
		}
	}
	if err := errors.Join(tx.DropJobs(ctx, void), e.relays()); err != nil {
		return err
	}
	if err := e.save(); err != nil {
		return err
	}
	return d.write(ctx, tx, office, r, changed, done, at)
}
