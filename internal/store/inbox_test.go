package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// receive notes a parcel that must be new.
func receive(ctx context.Context, tx *store.Tx, peer, id string) error {
	first, err := tx.Receive(ctx, peer, id, t0.Add(time.Hour))
	if err == nil && !first {
		return errors.New("it has come before")
	}
	return err
}

func TestAParcelIsReceivedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		stop := errors.New("stop")
		err := db.InTx(ctx, func(tx *store.Tx) error { return errors.Join(receive(ctx, tx, hub, "a"), stop) })
		if !errors.Is(err, stop) {
			t.Fatalf("got %v, want %v", err, stop)
		}
		for _, step := range []struct {
			name, peer, id string
			want           bool
		}{
			{"after a rollback", hub, "a", true}, {"again", hub, "a", false},
			{"another id", hub, "b", true}, {"another peer", "330212", "a", true},
		} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				first, err := tx.Receive(ctx, step.peer, step.id, t0)
				if first != step.want {
					t.Errorf("%s: got first %v, want %v", step.name, first, step.want)
				}
				return err
			})
		}
		if n, err := db.PurgeInbox(ctx, t0); n != 0 || err != nil {
			t.Errorf("purge at the expiry: got %d %v, want 0", n, err)
		}
		if n, err := db.PurgeInbox(ctx, t0.Add(time.Second)); n != 3 || err != nil {
			t.Errorf("purge: got %d %v, want 3", n, err)
		}
		if err := db.InTx(ctx, func(tx *store.Tx) error {
			_, err := tx.Receive(ctx, hub, "endless", time.Time{})
			return err
		}); err == nil {
			t.Errorf("a parcel without expiry was received")
		}
	})
}

// Copies of one parcel that come at once have one effect.
func TestCopiesHaveOneEffect(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for _, id := range []string{"a", "b", "c"} {
					err := db.InTx(ctx, func(tx *store.Tx) error {
						first, err := tx.Receive(ctx, hub, id, t0.Add(time.Hour))
						if err != nil || !first {
							return err
						}
						_, err = tx.NextSerial(ctx, "effects")
						return err
					})
					if err != nil {
						t.Errorf("receive %s: %v", id, err)
					}
				}
			})
		}
		wg.Wait()
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.NextSerial(ctx, "effects")
			if n != 4 {
				t.Errorf("got %d effects, want 3", n-1)
			}
			return err
		})
	})
}
