package store_test

import (
	"context"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

func TestWhatIsHeardOfSourcesIsSummed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		at := time.Date(2026, 11, 27, 10, 5, 0, 0, time.UTC)
		hear := func(name string, ago time.Duration, answers ...source.Answer) {
			t.Helper()
			h := hedui.Heard{}
			for i, a := range answers {
				h.Hear(a, at.Add(-ago-time.Duration(100*(i+1))*time.Millisecond), at.Add(-ago))
			}
			if err := db.InTx(t.Context(), func(tx *store.Tx) error { return tx.AddHeard(t.Context(), name, h, at.Add(-ago)) }); err != nil {
				t.Fatal(err)
			}
		}
		none, slow, down := source.Answer{Outcome: source.None}, source.Answer{Outcome: source.Failed, Reason: source.ReasonSlow}, source.Answer{Outcome: source.Failed, Reason: source.ReasonDown}
		hear("hukou", time.Minute, none, none, slow)
		hear("hukou", 2*time.Minute, none)
		hear("hukou", 5*time.Hour, none, down)
		hear("hukou", 3*24*time.Hour, none, none, none, none)
		hear("hukou", 8*24*time.Hour, none) // before all spans
		hear("land", 2*time.Hour, source.Answer{Later: &source.Later{}})
		read := func() map[string][]hedui.Heard {
			t.Helper()
			var all map[string][]hedui.Heard
			if err := db.Read(t.Context(), func(tx *store.Tx) (err error) { all, err = tx.Heard(t.Context(), at); return err }); err != nil {
				t.Fatal(err)
			}
			return all
		}
		all := read()
		for i, want := range []struct {
			answered, failed, slow int64
			p50, p95               time.Duration
		}{{3, 1, 1, 100 * time.Millisecond, 200 * time.Millisecond}, {4, 2, 1, 100 * time.Millisecond, 200 * time.Millisecond}, {8, 2, 1, 100 * time.Millisecond, 500 * time.Millisecond}} {
			h := all["hukou"][i]
			if h.Answered() != want.answered || h.Failed() != want.failed || h.Slow() != want.slow || h.Quantile(0.5) != want.p50 || h.Quantile(0.95) != want.p95 {
				t.Errorf("span %v: got %v, %v, %v; want %+v", store.HeardSpans()[i], h, h.Quantile(0.5), h.Quantile(0.95), want)
			}
		}
		if _, there := all["land"]; there {
			t.Error("an answer that is to come counts already")
		}
		if err := db.InTx(t.Context(), func(tx *store.Tx) error { return tx.PurgeHeard(t.Context(), at.Add(5*24*time.Hour)) }); err != nil {
			t.Fatal(err)
		}
		if h := read()["hukou"][2]; h.Answered() != 4 {
			t.Errorf("after forgetting: %v", h)
		}
	})
}

// backfill is the statement of the migration that counts what is known already.
func backfill(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("migrations/00027_sources.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "INSERT INTO source_heard")
	statement, _, ended := strings.Cut(rest, ";")
	if !ok || !ended {
		t.Fatal("the migration counts nothing")
	}
	return "INSERT INTO source_heard" + statement
}

// What was known before there were counts is counted: of each query the last word.
func TestWhatWasHeardBeforeIsCounted(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			_, queries := plan(t, db, 1)
			at := storetest.At
			for i, d := range []time.Duration{5 * time.Millisecond, 10 * time.Millisecond, 90 * time.Second, 30 * 24 * time.Hour} {
				queries[i].Source, queries[i].AskedAt = "hukou", at
				queries[i].Take(source.Answer{Query: queries[i].ID, Outcome: source.None}, at.Add(d))
			}
			queries[4].Source, queries[4].AskedAt = "hukou", at
			queries[4].GiveUp(source.ReasonSlow, at.Add(30*24*time.Hour-time.Hour))
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveQueries(ctx, queries[:5]) })
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			raw(t, o, `DELETE FROM source_heard`, backfill(t))
			db = storetest.Open(t, o)
			var all map[string][]hedui.Heard
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				all, err = tx.Heard(ctx, at.Add(30*24*time.Hour+time.Minute))
				return err
			})
			h := all["hukou"][1]
			if h.Answered() != 1 || h.Failed() != 1 || h.Slow() != 1 || h.Quantile(0.5) != 7*24*time.Hour {
				t.Errorf("of the last day: %v", h)
			}
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				all, err = tx.Heard(ctx, at.Add(time.Minute))
				return err
			})
			if h := all["hukou"]; h != nil && h[0]["took.10"] != 0 {
				t.Errorf("what is older than all spans was counted: %v", h)
			}
		})
	}
}

// The bounds of the migration are those of the program.
func TestTheBoundsOfTheMigration(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			_, queries := plan(t, db, 1)
			at, want := storetest.At, hedui.Heard{}
			took := []time.Duration{time.Microsecond, 10 * time.Millisecond, 11 * time.Millisecond, 25 * time.Millisecond, 41 * time.Millisecond, 70 * time.Millisecond, 71 * time.Millisecond,
				149 * time.Millisecond, 151 * time.Millisecond, 300 * time.Millisecond, 400 * time.Millisecond, 600 * time.Millisecond, time.Second, 1200 * time.Millisecond, 2 * time.Second,
				3 * time.Second, 4 * time.Second, 7 * time.Second, 9 * time.Second, 15 * time.Second, 16 * time.Second, 29 * time.Second, time.Minute, 100 * time.Second, 5 * time.Minute, 10 * time.Minute,
				20 * time.Minute, time.Hour, 90 * time.Minute, 3 * time.Hour, 8 * time.Hour, 20 * time.Hour, 48 * time.Hour, 100 * time.Hour}
			for i, d := range took {
				queries[i].Source, queries[i].AskedAt = "hukou", at.Add(-d)
				a := source.Answer{Query: queries[i].ID, Outcome: source.None}
				queries[i].Take(a, at)
				want.Hear(a, queries[i].AskedAt, at)
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveQueries(ctx, queries[:len(took)]) })
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			raw(t, o, `DELETE FROM source_heard`, backfill(t))
			db = storetest.Open(t, o)
			var all map[string][]hedui.Heard
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				all, err = tx.Heard(ctx, at)
				return err
			})
			if got := all["hukou"][2]; !maps.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
