package store_test

import (
	"context"
	"reflect"
	"slices"
	"sync"
	"testing"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

func grid(t testing.TB, db *store.DB, id string) []hedui.Query {
	t.Helper()
	var list []hedui.Query
	read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		list, err = tx.Queries(ctx, id)
		return err
	})
	return list
}

// plan stores the 48 queries of a made-up case.
func plan(t testing.TB, db *store.DB, n int) (*hedui.Case, []hedui.Query) {
	t.Helper()
	c := create(t, db, n)
	queries := storetest.Plan(c)
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddQueries(ctx, queries) })
	return c, queries
}

func TestQueriesComeBackAsTheyWere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, queries := plan(t, db, 1)
		plan(t, db, 2)
		queries[0].Take(storetest.Answer(c, &queries[0]), storetest.At)
		queries[1].Take(source.Answer{Query: queries[1].ID, Later: &source.Later{Token: "T1"}}, storetest.At)
		queries[2].Take(source.Answer{Query: queries[2].ID, Outcome: source.None, Hash: "sha256:2"}, storetest.At)
		queries[3].GiveUp(source.ReasonDown, storetest.At)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SaveQueries(ctx, queries); err != nil {
				return err
			}
			return tx.AddQueries(ctx, storetest.Plan(c)) // again: changes nothing
		})
		want := slices.SortedFunc(slices.Values(queries), func(a, b hedui.Query) int {
			if a.Person != b.Person {
				return a.Person - b.Person
			}
			if a.Category < b.Category {
				return -1
			}
			return 1
		})
		if got := grid(t, db, c.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.QueriesByID(ctx, []string{queries[0].ID, "nothing", queries[2].ID})
			if len(got) != 2 || !reflect.DeepEqual(got[0].Records, queries[0].Records) && !reflect.DeepEqual(got[1].Records, queries[0].Records) {
				t.Errorf("by id: got %v, want two, one with records", got)
			}
			if n, err := tx.CountOpen(ctx, c.ID); n != 45 || err != nil {
				t.Errorf("open: got %d, %v, want 45", n, err)
			}
			return err
		})
	})
}

func TestAnAnswerIsNeverOverwritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, queries := plan(t, db, 1)
		old := queries[0]
		queries[0].Take(storetest.Answer(c, &queries[0]), storetest.At)
		old.Take(source.Answer{Query: old.ID, Outcome: source.Failed, Reason: source.ReasonDown}, storetest.At)
		for _, q := range []hedui.Query{queries[0], old} {
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveQueries(ctx, []hedui.Query{q}) })
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.QueriesByID(ctx, []string{old.ID})
			if err == nil && !reflect.DeepEqual(got, queries[:1]) {
				t.Errorf("got %v, want the answer %v", got, queries[0])
			}
			return err
		})
	})
}

// Of answers that come at once, exactly one is seen as the last.
func TestOneOfManyAnswersIsTheLast(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		c, queries := plan(t, db, 1)
		var mu sync.Mutex
		var wg sync.WaitGroup
		last := 0
		for worker := range 8 {
			wg.Go(func() {
				for i := worker; i < len(queries); i += 8 {
					q := queries[i]
					q.Take(storetest.Answer(c, &q), storetest.At)
					open := -1
					err := db.InTx(ctx, func(tx *store.Tx) error {
						if _, err := tx.LockCases(ctx, []string{c.ID}); err != nil {
							return err
						}
						if err := tx.SaveQueries(ctx, []hedui.Query{q}); err != nil {
							return err
						}
						var err error
						open, err = tx.CountOpen(ctx, c.ID)
						return err
					})
					if err != nil {
						t.Errorf("answer %d: %v", i, err)
					}
					if open == 0 {
						mu.Lock()
						last++
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
		if last != 1 {
			t.Errorf("%d answers were the last, want 1", last)
		}
	})
}
