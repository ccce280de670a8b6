package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// addRelays adds relays that must be new.
func addRelays(ctx context.Context, tx *store.Tx, relays ...store.Relay) error {
	fresh, err := tx.AddRelays(ctx, relays)
	if err == nil && len(fresh) != len(relays) {
		return fmt.Errorf("%d relays are new, want %d", len(fresh), len(relays))
	}
	return err
}

func relays(t testing.TB, db *store.DB, ids ...string) []store.Relay {
	t.Helper()
	var list []store.Relay
	read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		list, err = tx.RelaysByID(ctx, ids)
		return err
	})
	return list
}

func TestRelaysComeBackAsTheyWere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		a, b, other := storetest.Relay(hub, "a", []byte("A")), storetest.Relay(hub, "b", []byte("B")), storetest.Relay("330212", "a", nil)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return addRelays(ctx, tx, a, b, other) })
		a.State, a.Attempts, a.Token, a.AskedAt, a.Source = hedui.Pending, 3, "T1", t0.Add(time.Second), "elsewhere"
		a.Reason, a.Body = source.ReasonDown, []byte("A2")
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveRelays(ctx, []store.Relay{a}) })
		if got, want := relays(t, db, b.ID, "none", a.ID, other.ID), []store.Relay{a, b, other}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			c := storetest.Relay(hub, "c", nil)
			fresh, err := tx.AddRelays(ctx, []store.Relay{storetest.Relay(hub, "b", []byte("new")), c, c, storetest.Relay(hub, "a", nil)})
			if !reflect.DeepEqual(fresh, []store.Relay{c}) {
				t.Errorf("added again: got %v, want only %v", fresh, c)
			}
			return err
		})
		if got := relays(t, db, b.ID); !reflect.DeepEqual(got, []store.Relay{b}) {
			t.Errorf("added again: got %v, want %v", got, b)
		}
	})
}

func TestASettledRelayForgetsItsBody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var list []store.Relay
		for i := range 90 {
			r := storetest.Relay(hub, fmt.Sprint(i), []byte("body"))
			r.Token = "T"
			list = append(list, r)
		}
		answered, cancelled := storetest.Answered(list[0]), list[1]
		cancelled.State = hedui.Cancelled
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(addRelays(ctx, tx, list...), tx.SaveRelays(ctx, []store.Relay{answered, cancelled}))
		})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { // too late
			return tx.SaveRelays(ctx, []store.Relay{list[0], storetest.Answered(list[1])})
		})
		answered.Body, answered.Token, cancelled.Body, cancelled.Token = nil, "", nil, ""
		if got, want := relays(t, db, answered.ID, cancelled.ID), []store.Relay{answered, cancelled}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.RelayOpen(ctx, hub)
			if n != 88 {
				t.Errorf("open: got %d, want 88", n)
			}
			other, more := tx.RelayOpen(ctx, "330212")
			if other != 0 {
				t.Errorf("open of another peer: got %d, want 0", other)
			}
			return errors.Join(err, more)
		})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { // what a transaction adds counts at once
			_, err := tx.RelayOpen(ctx, hub)
			added := addRelays(ctx, tx, storetest.Relay(hub, "new", []byte("body")))
			n, again := tx.RelayOpen(ctx, hub)
			if n != 89 {
				t.Errorf("open after one more: got %d, want 89", n)
			}
			return errors.Join(err, added, again, tx.SaveRelays(ctx, []store.Relay{storetest.Answered(storetest.Relay(hub, "new", nil))}))
		})
		ctx := context.Background()
		for _, tt := range []struct {
			before time.Time
			want   int
		}{{list[0].ExpiresAt, 0}, {list[0].ExpiresAt.Add(time.Second), 91}} {
			if n, err := db.PurgeRelays(ctx, tt.before); n != tt.want || err != nil {
				t.Errorf("purge: got %d %v, want %d", n, err, tt.want)
			}
		}
	})
}

// Of answers that come at once one is sent on.
func TestARelayIsAnsweredOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		r := storetest.Relay(hub, "a", []byte("body"))
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return addRelays(ctx, tx, r) })
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				err := db.InTx(ctx, func(tx *store.Tx) error {
					got, err := tx.RelaysByID(ctx, []string{r.ID})
					if err != nil || got[0].State == hedui.Answered {
						return err
					}
					if err := tx.SaveRelays(ctx, []store.Relay{storetest.Answered(got[0])}); err != nil {
						return err
					}
					return tx.AddParcels(ctx, parcel(fmt.Sprint("answer", worker), 0))
				})
				if err != nil {
					t.Errorf("answer: %v", err)
				}
			})
		}
		wg.Wait()
		if got := pick(t, db, 9, t0); len(got) != 1 {
			t.Errorf("got %d answers, want 1", len(got))
		}
	})
}

func TestRelaysThatAreRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		foreign, endless := storetest.Relay(hub, "a", nil), storetest.Relay(hub, "a", nil)
		foreign.ID, endless.ExpiresAt = store.RelayID("330212", "a"), time.Time{}
		for name, r := range map[string]store.Relay{
			"id of another peer": foreign, "no expiry": endless, "slash in the peer": storetest.Relay("330200/b", "a", nil),
			"no peer": storetest.Relay("", "a", nil), "no query": storetest.Relay(hub, "", nil),
		} {
			if err := db.InTx(ctx, func(tx *store.Tx) error { return addRelays(ctx, tx, r) }); err == nil {
				t.Errorf("%s: it was added", name)
			}
		}
	})
}

// A body that was moved to another relay does not open.
func TestRelayBodiesStayInTheirPlace(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db := storetest.Open(t, o)
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				return addRelays(ctx, tx, storetest.Relay(hub, "a", []byte("A")), storetest.Relay(hub, "b", []byte("B")))
			})
			raw(t, o, `UPDATE relays SET body = (SELECT body FROM relays WHERE query = 'a') WHERE query = 'b'`)
			ctx := context.Background()
			if err := db.Read(ctx, func(tx *store.Tx) error {
				_, err := tx.RelaysByID(ctx, []string{store.RelayID(hub, "b")})
				return err
			}); err == nil {
				t.Errorf("it opened")
			}
		})
	}
}

// A question whose time was over may be asked anew; before, it stays as it is.
func TestRelaysAskedAnew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		first := storetest.Answered(storetest.Relay(hub, "a", nil))
		add := func(at time.Time) []store.Relay {
			again := storetest.Relay(hub, "a", []byte("again"))
			again.CreatedAt, again.ExpiresAt = at, at.Add(time.Hour)
			var fresh []store.Relay
			inTx(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				fresh, err = tx.AddRelays(ctx, []store.Relay{again})
				return err
			})
			return fresh
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.AddRelays(ctx, []store.Relay{first})
			return err
		})
		if fresh := add(first.ExpiresAt.Add(-time.Second)); len(fresh) != 0 {
			t.Errorf("in its time: %d are new, want none", len(fresh))
		}
		if fresh := add(first.ExpiresAt); len(fresh) != 1 {
			t.Errorf("after its time: %d are new, want 1", len(fresh))
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.RelaysByID(ctx, []string{first.ID})
			if err == nil && (len(list) != 1 || list[0].State != hedui.Waiting || list[0].Outcome != "" || string(list[0].Body) != "again") {
				t.Errorf("got %+v, want the question as it was asked anew", list)
			}
			return err
		})
	})
}
