package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

const hub = "330200"

// parcel makes a parcel for the hub that was written so many seconds after t0.
func parcel(id string, seconds int) store.Parcel {
	return store.Parcel{ID: id, Peer: hub, Kind: "query", CreatedAt: t0.Add(time.Duration(seconds) * time.Second), Body: []byte("body of " + id)}
}

func post(t testing.TB, db *store.DB, parcels ...store.Parcel) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddParcels(ctx, parcels...) })
}

// pick takes parcels for the hub as a sender would, with a lease of a minute.
func pick(t testing.TB, db *store.DB, n int, at time.Time) []store.Parcel {
	t.Helper()
	list, err := db.Parcels(context.Background(), hub, n, at, at.Add(time.Minute))
	if err != nil {
		t.Fatalf("parcels: %v", err)
	}
	return list
}

func parcelIDs(list []store.Parcel) []string {
	var ids []string
	for _, p := range list {
		ids = append(ids, p.ID)
	}
	return ids
}

func wantParcels(t testing.TB, when string, got []store.Parcel, want ...string) {
	t.Helper()
	if ids := parcelIDs(got); !slices.Equal(ids, want) {
		t.Errorf("%s: got parcels %v, want %v", when, ids, want)
	}
}

func wantNext(t testing.TB, when string, db *store.DB, now, want time.Time) {
	t.Helper()
	next, ok, err := db.NextParcel(context.Background(), hub, now)
	if err != nil || ok == want.IsZero() || ok && !next.Equal(want) {
		t.Errorf("%s: got next %v %v %v, want %v", when, next, ok, err, want)
	}
}

func TestParcelsComeOldestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		at := t0.Add(10 * time.Second)
		wantNext(t, "empty", db, at, time.Time{})
		late, gone, other := parcel("late", 1), parcel("gone", 0), parcel("a", 0)
		late.ExpiresAt, gone.ExpiresAt, other.Peer = at.Add(time.Microsecond), at, "330212"
		again := parcel("b", 5)
		again.Body = []byte("another")
		post(t, db, parcel("c", 2), parcel("b", 2), late, gone, other, again)
		post(t, db, again)
		wantNext(t, "waiting", db, at, time.UnixMicro(0))
		first := pick(t, db, 2, at)
		if want := []store.Parcel{late, parcel("b", 2)}; !reflect.DeepEqual(first, want) {
			t.Errorf("got %v, want %v", first, want)
		}
		wantParcels(t, "second", pick(t, db, 9, at), "c")
		wantParcels(t, "third", pick(t, db, 9, at))
		wantNext(t, "on their way", db, at, at.Add(time.Minute))
		count, oldest, err := db.Waiting(ctx)
		if want := map[string]int{hub: 4, "330212": 1}; err != nil || !reflect.DeepEqual(count, want) || !oldest[hub].Equal(t0) {
			t.Errorf("waiting: got %v %v %v, want %v", count, oldest, err, want)
		}
		if n, err := db.PurgeParcels(ctx, at.Add(time.Second)); n != 2 || err != nil {
			t.Errorf("purge: got %d %v, want the 2 that are expired", n, err)
		}
		if err := db.ParcelsDelivered(ctx, hub, []string{"b", "c", "never", "a"}); err != nil {
			t.Fatal(err)
		}
		wantNext(t, "delivered", db, at, time.Time{})
		if count, _, err := db.Waiting(ctx); err != nil || !reflect.DeepEqual(count, map[string]int{"330212": 1}) {
			t.Errorf("waiting: got %v %v, want that of the other peer", count, err)
		}
	})
}

func TestParcelsComeBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		post(t, db, parcel("a", 0), parcel("b", 1))
		pick(t, db, 9, t0)
		end := t0.Add(time.Minute)
		wantParcels(t, "before the end of the lease", pick(t, db, 9, end.Add(-time.Microsecond)))
		post(t, db, parcel("c", 2))
		wantParcels(t, "at its end", pick(t, db, 9, end), "a", "b", "c")
		if err := db.ReleaseParcels(ctx, hub, []string{"b", "never"}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		wantNext(t, "released", db, end, time.UnixMicro(0))
		wantParcels(t, "released", pick(t, db, 9, end), "b")
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.DropParcels(ctx, hub, []string{"a", "b"})
		})
		wantParcels(t, "dropped", pick(t, db, 9, end.Add(time.Hour)), "c")
	})
}

// A lease of a clock that was wrong holds nothing back once it is right; one of a
// clock that runs ahead by minutes does.
func TestALeaseOfAWrongClock(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		post(t, db, parcel("a", 0))
		pick(t, db, 9, t0.Add(3*time.Minute))
		wantParcels(t, "of a clock that runs ahead", pick(t, db, 9, t0))
		pick(t, db, 9, t0.Add(10*time.Minute))
		wantNext(t, "of a wrong clock", db, t0, time.UnixMicro(0))
		wantParcels(t, "of a wrong clock", pick(t, db, 9, t0), "a")
	})
}

// Who stops gives back what it has taken, but for one peer.
func TestParcelsAreGivenBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		other := parcel("b", 0)
		other.Peer = "other"
		post(t, db, parcel("a", 0), other)
		pick(t, db, 9, t0)
		if _, err := db.Parcels(t.Context(), "other", 9, t0, t0.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := db.FreeParcels(t.Context(), "other"); err != nil {
			t.Fatal(err)
		}
		wantParcels(t, "given back", pick(t, db, 9, t0), "a")
		if list, err := db.Parcels(t.Context(), "other", 9, t0, t0.Add(time.Minute)); err != nil || len(list) != 0 {
			t.Errorf("for the other peer: %d parcels, %v; want none", len(list), err)
		}
	})
}

// A process does not give back what another one has meanwhile. On SQLite there
// is no other one: what it left is free when the database is opened again.
func TestParcelsOfAnotherProcess(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			ctx := context.Background()
			o := e.Fresh(t)
			slow, err := store.Open(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			post(t, slow, parcel("a", 0))
			wantParcels(t, "slow", pick(t, slow, 9, t0), "a")
			if e.Name != "postgres" {
				if err := slow.Close(); err != nil {
					t.Fatal(err)
				}
				wantParcels(t, "opened again", pick(t, storetest.Open(t, o), 9, t0), "a")
				return
			}
			defer slow.Close()
			quick := storetest.Open(t, o)
			wantParcels(t, "too early", pick(t, quick, 9, t0))
			wantParcels(t, "quick", pick(t, quick, 9, t0.Add(time.Minute)), "a")
			if err := slow.ReleaseParcels(ctx, hub, []string{"a"}, time.Time{}); err != nil {
				t.Fatal(err)
			}
			wantNext(t, "released by the slow one", slow, t0, t0.Add(2*time.Minute))
			if err := slow.ParcelsDelivered(ctx, hub, []string{"a"}); err != nil {
				t.Fatal(err)
			}
			wantNext(t, "delivered by the slow one", quick, t0, time.Time{})
		})
	}
}

func TestNoParcelIsPickedTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const parcels = 300
		for i := range parcels {
			post(t, db, parcel(fmt.Sprint(i), i))
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		seen := map[string]int{}
		for range 8 {
			wg.Go(func() {
				for {
					got, err := db.Parcels(context.Background(), hub, 7, t0, t0.Add(time.Minute))
					if err != nil {
						t.Errorf("parcels: %v", err)
						return
					}
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for _, p := range got {
						seen[p.ID]++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for id, n := range seen {
			if n != 1 {
				t.Errorf("parcel %s was picked %d times", id, n)
			}
		}
		if len(seen) != parcels {
			t.Errorf("%d parcels were picked, want %d", len(seen), parcels)
		}
	})
}

func TestPeersAreToldAfterTheCommit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var told []string
		db.OnParcel(func(peer string) { told = append(told, peer) })
		other := parcel("a", 0)
		other.Peer = "330212"
		post(t, db, other, parcel("a", 0), parcel("b", 0))
		if want := []string{hub, "330212"}; !slices.Equal(told, want) {
			t.Errorf("got %v, want %v", told, want)
		}
		told = nil
		ctx := context.Background()
		stop := errors.New("stop")
		err := db.InTx(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.AddParcels(ctx, parcel("c", 0)), tx.Enqueue(ctx, queue.Job{ID: "j", Lane: "l"}), stop)
		})
		if !errors.Is(err, stop) || told != nil {
			t.Errorf("rolled back: got %v %v, want nobody told", err, told)
		}
		wantParcels(t, "rolled back", pick(t, db, 9, t0), "a", "b")
	})
}

// A parcel that was moved to another peer or id, or given another kind, does not
// open and does not hold up the others.
func TestADamagedParcel(t *testing.T) {
	for _, change := range []string{`peer = '330200', id = 'x'`, `id = 'x'`, `kind = 'answer'`} {
		for _, e := range storetest.Engines() {
			t.Run(e.Name, func(t *testing.T) {
				o := e.Fresh(t)
				db := storetest.Open(t, o)
				bad := parcel("bad", 0)
				if change[:4] == "peer" {
					bad.Peer = "330212"
				}
				post(t, db, bad, parcel("good", 1))
				raw(t, o, `UPDATE parcels SET `+change+` WHERE id = 'bad'`)
				got, err := db.Parcels(context.Background(), hub, 9, t0, t0.Add(time.Minute))
				if err == nil {
					t.Errorf("%s: it opened", change)
				}
				wantParcels(t, change, got, "good")
			})
		}
	}
}
