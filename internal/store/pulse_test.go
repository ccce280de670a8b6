package store_test

import (
	"context"
	"testing"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

func TestPulseChangesWithTheCaseItsQueriesAndLetters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := create(t, db, 1)
		other, theirs := plan(t, db, 2)
		pulse := func() string {
			t.Helper()
			var p store.Pulse
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				p, err = tx.Pulse(ctx, c.ID)
				return err
			})
			if p.Division != c.Division {
				t.Errorf("division %q, want %q", p.Division, c.Division)
			}
			return p.Rev
		}
		queries := storetest.Plan(c)
		save := func(change func(*hedui.Query)) func() {
			return func() {
				change(&queries[0])
				inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveQueries(ctx, queries[:1]) })
			}
		}
		before := pulse()
		if pulse() != before {
			t.Error("two looks at one state differ")
		}
		theirs[0].Take(storetest.Answer(other, &theirs[0]), storetest.At)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveQueries(ctx, theirs[:1]) })
		if pulse() != before {
			t.Error("another case's answer moves this one")
		}
		for _, step := range []struct {
			name string
			do   func()
		}{
			{"queries are planned", func() {
				inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddQueries(ctx, queries) })
			}},
			{"one is sent to another node", save(func(q *hedui.Query) { q.Post(storetest.At) })},
			{"its link is down", save(func(q *hedui.Query) { q.Reason = hedui.ReasonLink })},
			{"it failed", save(func(q *hedui.Query) {
				q.Take(source.Answer{Outcome: source.Failed, Reason: source.ReasonDown}, storetest.At)
			})},
			{"it failed again", save(func(q *hedui.Query) {
				q.Take(source.Answer{Outcome: source.Failed, Reason: source.ReasonDown}, storetest.At)
			})},
			{"it is answered", save(func(q *hedui.Query) { q.Take(storetest.Answer(c, q), storetest.At) })},
			{"a letter is issued", func() {
				inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
					return tx.SaveLetters(ctx, letterN(1, c.ID, hedui.LetterIssued))
				})
			}},
			{"the case is saved", func() { inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveCase(ctx, c) }) }},
		} {
			step.do()
			now := pulse()
			if now == before {
				t.Errorf("%s, and the pulse is the same", step.name)
			}
			before = now
		}
		err := db.Read(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Pulse(t.Context(), "none")
			return err
		})
		if hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("no such case: got %v", err)
		}
	})
}
