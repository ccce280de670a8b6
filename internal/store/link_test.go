package store_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// saveLink saves a link whose state must be new.
func saveLink(ctx context.Context, tx *store.Tx, l store.Link) error {
	changed, err := tx.SaveLink(ctx, l)
	if err == nil && !changed {
		return fmt.Errorf("link %s has not changed", l.Peer)
	}
	return err
}

func TestALinkKeepsSinceWhen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		after := func(minutes int) time.Time { return t0.Add(time.Duration(minutes) * time.Minute) }
		for _, step := range []struct {
			name          string
			save          store.Link
			changed       bool
			since, reason string
		}{
			{"first", store.Link{Peer: hub, Up: true, Since: after(0)}, true, "09:30", ""},
			{"still up", store.Link{Peer: hub, Up: true, Since: after(1)}, false, "09:30", ""},
			{"down", store.Link{Peer: hub, Since: after(2), Reason: "down"}, true, "09:32", "down"},
			{"still down, after a restart", store.Link{Peer: hub, Since: after(3), Reason: "down"}, false, "09:32", "down"},
			{"for another reason", store.Link{Peer: hub, Since: after(4), Reason: "seal"}, false, "09:32", "seal"},
			{"up again", store.Link{Peer: hub, Up: true, Since: after(5)}, true, "09:35", ""},
		} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				changed, err := tx.SaveLink(ctx, step.save)
				if changed != step.changed {
					t.Errorf("%s: got changed %v, want %v", step.name, changed, step.changed)
				}
				return err
			})
			read(t, db, func(ctx context.Context, tx *store.Tx) error {
				links, err := tx.Links(ctx)
				if len(links) != 1 || links[0].Up != step.save.Up || links[0].Since.Format("15:04") != step.since || links[0].Reason != step.reason {
					t.Errorf("%s: got %v, want since %s", step.name, links, step.since)
				}
				return err
			})
		}
		other := store.Link{Peer: "330100", Since: t0, Reason: "down"}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return saveLink(ctx, tx, other) })
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			links, err := tx.Links(ctx)
			if want := []store.Link{other, {Peer: hub, Up: true, Since: after(5)}}; !reflect.DeepEqual(links, want) {
				t.Errorf("got %v, want %v", links, want)
			}
			return err
		})
	})
}
