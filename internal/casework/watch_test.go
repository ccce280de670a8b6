package casework

import (
	"context"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// Whoever watches sees a case through all its stages, whether this process moves
// it or another one; and it is one look.
func TestAWatcherFollowsACaseToItsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 30))
		other := &Desk{DB: db, Rules: b.Rules, Now: time.Now} // of another process
		for name, d := range map[string]*Desk{"in the process": b.Desk, "beside it": other} {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			v := View{}
			for v.Case == nil || v.Case.Stage != hedui.Summarised {
				changed, err := d.Changed(ctx, receiver, id, v.Rev)
				if err != nil || !changed {
					t.Fatalf("%s: changed %v, %v", name, changed, err)
				}
				if v, err = d.Look(ctx, receiver, id); err != nil {
					t.Fatal(err)
				}
			}
		}
		looks := 0
		for _, v := range b.verbs(t, id) {
			if v == audit.ReadCase {
				looks++
			}
		}
		if looks != 2 {
			t.Errorf("%d looks recorded for two watchers", looks)
		}
	})
}

func TestWaitingForACaseTakesTheRightToReadIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		id := b.accepted(t, form(t, 31))
		elsewhere := receiver
		elsewhere.Division = "330282"
		for name, o := range map[string]hedui.Officer{"without the right": officer("nobody"), "of another town": elsewhere} {
			if _, err := b.Changed(t.Context(), o, id, ""); hedui.KindOf(err) != hedui.Forbidden {
				t.Errorf("%s: %v, want forbidden", name, err)
			}
		}
		refused := 0
		for _, v := range b.verbs(t, id) {
			if v == audit.Refused {
				refused++
			}
		}
		if refused != 2 {
			t.Errorf("%d refusals recorded, want 2", refused)
		}
		for _, no := range []string{"none", "../x"} {
			if _, err := b.Changed(t.Context(), receiver, no, ""); hedui.KindOf(err) != hedui.NotFound {
				t.Errorf("no such case: %v", err)
			}
		}
		v, err := b.Look(t.Context(), receiver, id)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if changed, err := b.Changed(ctx, receiver, id, v.Rev); changed || err != nil {
			t.Errorf("nothing has changed, but got %v, %v", changed, err)
		}
	})
}
