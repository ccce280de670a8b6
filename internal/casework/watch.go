package casework

import (
	"context"
	"sync"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// watchers wakes those who wait for a case to move.
type watchers struct {
	mu      sync.Mutex
	waiting map[string]chan struct{} // by case; closed at its next change
}

func (w *watchers) next(id string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting == nil {
		w.waiting = map[string]chan struct{}{}
	}
	if w.waiting[id] == nil {
		w.waiting[id] = make(chan struct{})
	}
	return w.waiting[id]
}

func (w *watchers) changed(ids ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		if c := w.waiting[id]; c != nil {
			close(c)
			delete(w.waiting, id)
		}
	}
}

// watchEvery is how soon a change made by another process is seen.
const watchEvery = 500 * time.Millisecond

// Await returns the stage of a case as soon as done says so of it.
func (d *Desk) Await(ctx context.Context, id string, done func(hedui.Stage) bool) (hedui.Stage, error) {
	timer := time.NewTimer(watchEvery)
	defer timer.Stop()
	for {
		changed := d.watch.next(id) // before reading, so that no change falls between
		stage, err := d.Stage(ctx, id)
		if err != nil || done(stage) {
			return stage, err
		}
		timer.Reset(watchEvery)
		select {
		case <-ctx.Done():
			return stage, ctx.Err()
		case <-changed:
		case <-timer.C:
		}
	}
}

// liveEvery is how soon somebody who watches a case sees what another process has
// changed.
const liveEvery = 100 * time.Millisecond

// Changed waits until a case is no more in the revision that an officer has seen,
// see [View], and reports false if ctx ends before. It shows nothing of the case,
// so that waiting is no look.
func (d *Desk) Changed(ctx context.Context, o hedui.Officer, id, seen string) (bool, error) {
	if !plausibleID(id) {
		return false, notFound()
	}
	timer := time.NewTimer(liveEvery)
	defer timer.Stop()
	var wake <-chan struct{} // none before it is known that the case exists
	for {
		rev, err := d.revision(ctx, o, id)
		switch {
		case ctx.Err() != nil:
			return false, nil
		case err != nil:
			return false, d.refused(ctx, o, id, audit.ReadCase, err)
		case rev != seen:
			return true, nil
		}
		if wake == nil {
			wake = d.watch.next(id)
			continue // a change may have fallen between
		}
		timer.Reset(liveEvery)
		select {
		case <-ctx.Done():
			return false, nil
		case <-wake:
			wake = d.watch.next(id)
		case <-timer.C:
		}
	}
}

// revision reads how a case stands now, for an officer who may read it.
func (d *Desk) revision(ctx context.Context, o hedui.Officer, id string) (string, error) {
	var p store.Pulse
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if p, err = tx.Pulse(ctx, id); err != nil {
			return err
		}
		if err := o.May(hedui.ReadCases, p.Division); err != nil {
			return err
		}
		return standsAside(ctx, tx, o, id)
	})
	return p.Rev, err
}
