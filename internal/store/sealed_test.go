package store_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// Read together, cases are what they are read one by one; one that is erased
// meanwhile is left out.
func TestSealedCasesAreReadTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var ids []string
		for n := range 4 {
			c := storetest.Case(t, n)
			c.Version = 1
			queries := storetest.Plan(c)
			for i := range queries {
				if i%3 > 0 {
					a := storetest.Answer(c, &queries[i])
					if i%3 == 2 {
						a.Outcome, a.Records = source.None, nil
					}
					queries[i].Take(a, t0)
				}
			}
			again := queries[0] // asked once more later
			again.ID, again.CreatedAt = hedui.QueryID(c.ID, again.Person, again.Category, again.Scope, 2), again.CreatedAt.Add(time.Hour)
			item := hedui.Explanation{ID: store.NewItemID(), Case: c.ID, Key: "k", Person: 1, State: hedui.ExplanationOpen, OpenedAt: t0, DueAt: t0.Add(time.Hour)}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				for _, err := range []error{tx.CreateCase(ctx, c), tx.AddQueries(ctx, append(queries, again)), tx.SaveExplanations(ctx, []hedui.Explanation{item})} {
					if err != nil {
						return err
					}
				}
				return nil
			})
			ids = append(ids, c.ID)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.EraseCase(ctx, ids[2]); return err })
		var want, got []store.SealedCase
		read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			for _, id := range []string{ids[0], ids[1], ids[3]} {
				c, err := tx.Case(ctx, id)
				if err != nil {
					return err
				}
				queries, err := tx.Queries(ctx, id)
				if err != nil {
					return err
				}
				items, err := tx.Explanations(ctx, id)
				if err != nil {
					return err
				}
				for i := range queries { // how they were asked is no part of it
					q := &queries[i]
					q.AnsweredBy, q.Attempts, q.Token, q.AnsweredAt, q.Match, q.HeldUntil, q.Basis, q.TakenFrom = "", 0, "", time.Time{}, "", time.Time{}, "", ""
					if q.Outcome != source.Found { // nor what was received, if it has no record
						q.Hash, q.Allowed = "", 0
					}
				}
				want = append(want, store.SealedCase{Case: c, Grid: hedui.Newest(queries), Explanations: items})
			}
			got, err = tx.SealedByID(ctx, ids)
			return err
		})
		if len(want[0].Grid) == 0 || len(want[0].Explanations) != 1 || !reflect.DeepEqual(got, want) {
			t.Errorf("got %d cases\n%+v\nwant\n%+v", len(got), got, want)
		}
	})
}
