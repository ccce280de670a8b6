package store_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// All states of an alert against all that can happen to it. A raised one stays
// handled while it lasts; one that was over and comes again is a new one.
func TestAlertStatesAllAgainstAll(t *testing.T) {
	const source = "tax"
	states := map[string][]string{"none": nil, "open": {"raise"}, "handled": {"raise", "handle"}, "closed": {"raise", "end"}}
	want := map[string]string{ // act: none open handled closed
		"raise":  "open! open handled open!",
		"end":    "none closed! closed! closed",
		"handle": "refused handled handled refused",
	}
	order := []string{"none", "open", "handled", "closed"}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for act, ends := range want {
			for i, from := range order {
				kind := hedui.AlertKind(act + " " + from)
				at, changed, refused := t0, false, false
				do := func(act string) {
					at = at.Add(time.Minute)
					err := db.InTx(t.Context(), func(tx *store.Tx) (err error) {
						switch act {
						case "raise":
							changed, err = tx.RaiseAlert(t.Context(), hedui.Alert{Source: source, Kind: kind, Last: at, Detail: "9"})
						case "end":
							changed, err = tx.EndAlert(t.Context(), source, kind, at)
						case "handle":
							changed, err = false, tx.HandleAlert(t.Context(), source, kind, "liaison", "called", at)
						}
						return err
					})
					refused = hedui.KindOf(err) == hedui.NotFound && err != nil
					if err != nil && !refused {
						t.Fatal(err)
					}
				}
				for _, before := range states[from] {
					do(before)
				}
				do(act)
				got := "none"
				switch a, found := newest(t, db, kind); {
				case refused:
					got = "refused"
				case !found:
				case !a.Open():
					got = "closed"
				case !a.HandledAt.IsZero():
					got = "handled"
				default:
					got = "open"
				}
				if changed {
					got += "!"
				}
				if end := strings.Fields(ends)[i]; got != end {
					t.Errorf("%s while %s: got %s, want %s", act, from, got, end)
				}
			}
		}
	})
}

// newest returns the open alert of a kind, or the last one that was closed.
func newest(t *testing.T, db *store.DB, kind hedui.AlertKind) (found hedui.Alert, ok bool) {
	t.Helper()
	if err := db.Read(t.Context(), func(tx *store.Tx) error {
		list, err := tx.Alerts(t.Context(), 1000)
		for _, a := range list {
			if a.Kind == kind && !ok {
				found, ok = a, true
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return found, ok
}

func TestClosedAlertsDoNotFillTheTable(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for i := range 230 {
				at := t0.Add(time.Duration(i) * time.Minute)
				if _, err := tx.RaiseAlert(ctx, hedui.Alert{Source: "tax", Kind: hedui.AlertDown, Last: at}); err != nil {
					return err
				}
				if _, err := tx.EndAlert(ctx, "tax", hedui.AlertDown, at.Add(time.Second)); err != nil {
					return err
				}
			}
			list, err := tx.Alerts(ctx, 1000)
			if len(list) != 200 {
				t.Errorf("%d alerts kept, want 200", len(list))
			}
			return err
		})
	})
}

// However many processes take at the same time, no more is taken than a day
// allows; another day begins anew.
func TestUseNeverPassesTheLimit(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			dbs := []*store.DB{storetest.Open(t, o)}
			if dbs[0].Shared() {
				dbs = append(dbs, storetest.Open(t, o)) // a second process
			}
			u := store.Use{Source: "tax", On: day.Of(t0), Kind: store.UsedPersons}
			const limit = 100
			var taken atomic.Int64
			var workers sync.WaitGroup
			for i := range 8 {
				workers.Go(func() {
					for range 10 {
						ok, err := dbs[i%len(dbs)].TakeUse(t.Context(), u, 3, limit)
						if err != nil {
							t.Error(err)
						}
						if ok {
							taken.Add(3)
						}
					}
				})
			}
			workers.Wait()
			if used, err := dbs[0].Used(t.Context(), u); err != nil || used != int(taken.Load()) || used != 99 {
				t.Errorf("used %d, taken %d, %v, want 99 of 100 in steps of three", used, taken.Load(), err)
			}
			if err := dbs[0].GiveUse(t.Context(), u, 3); err != nil {
				t.Fatal(err)
			}
			if ok, err := dbs[0].TakeUse(t.Context(), u, 4, limit); !ok || err != nil {
				t.Errorf("what was given back cannot be taken: %v", err)
			}
			if ok, err := dbs[0].TakeUse(t.Context(), u, 101, limit); ok || err != nil {
				t.Errorf("took more than the limit: %v", err)
			}
			u.On = u.On.Add(1)
			if ok, err := dbs[0].TakeUse(t.Context(), u, 100, limit); !ok || err != nil {
				t.Errorf("the next day does not begin anew: %v", err)
			}
		})
	}
}

func TestWhatIsSeenOfASourceAddsUpByDay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		see := func(r hedui.SourceRecord) (sum hedui.SourceRecord) {
			r.Source = "tax"
			inTx(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				sum, err = tx.SeeSource(ctx, r)
				return err
			})
			return sum
		}
		on := day.Of(t0)
		at := t0.Truncate(time.Microsecond)
		see(hedui.SourceRecord{On: on, Answers: 3, AnsweredAt: at, AsOf: at.Add(-time.Hour), Took: time.Second, Slowest: 2 * time.Second})
		got := see(hedui.SourceRecord{On: on, Failures: 2, Unreadable: 1, FailedAt: at.Add(time.Minute)})
		want := hedui.SourceRecord{Source: "tax", On: on, Answers: 3, Failures: 2, Unreadable: 1, AnsweredAt: at, FailedAt: at.Add(time.Minute),
			AsOf: at.Add(-time.Hour), Took: time.Second, Slowest: 2 * time.Second}
		if got != want {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		got = see(hedui.SourceRecord{On: on.Add(1), Answers: 1, AnsweredAt: at.Add(24 * time.Hour), AsOf: at.Add(-2 * time.Hour), Took: time.Minute, Slowest: time.Minute})
		if got.Answers != 1 || got.Failures != 0 || got.Slowest != time.Minute || !got.AsOf.Equal(want.AsOf) || !got.FailedAt.Equal(want.FailedAt) {
			t.Errorf("the next day: got %+v, want new numbers and the newest state seen", got)
		}
	})
}
