package casework

import (
	"context"
	"sync"
	"time"

	"hedui/internal/hedui"
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
