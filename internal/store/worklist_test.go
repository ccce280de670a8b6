package store_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// item makes an item about query or relay n, due n hours after the start.
func item(n int, source, caseID string) store.Item {
	return store.Item{ID: fmt.Sprintf("ITEM%012d", n), Source: source, Relay: caseID == "", About: fmt.Sprintf("about-%d", n), Case: caseID, State: hedui.ItemListed,
		ListedAt: t0, DueAt: t0.Add(time.Duration(n) * time.Hour), ChangedAt: t0}
}

func itemsIn(t *testing.T, db *store.DB, f store.ItemFilter) (ids []string, list []store.Item) {
	t.Helper()
	read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		list, err = tx.Items(ctx, f)
		return err
	})
	for _, it := range list {
		ids = append(ids, strings.TrimLeft(it.ID, "ITEM0"))
	}
	return ids, list
}

func TestItemsComeBackOldestDueFirstPageByPage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := create(t, db, 1)
		items := []store.Item{item(3, "land", c.ID), item(1, "land", ""), item(2, "housing", c.ID), item(5, "land", c.ID), item(4, "land", "")}
		items[4].DueAt = items[3].DueAt // two due at once stand by their ids
		items[1].ExpiresAt = t0.Add(time.Hour)
		for range 2 { // adding twice adds once
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddItems(ctx, items) })
		}
		var got []string
		after := ""
		for {
			ids, list := itemsIn(t, db, store.ItemFilter{Sources: []string{"land"}, After: after, Limit: 2})
			if len(list) == 0 {
				break
			}
			got, after = append(got, ids...), list[len(list)-1].ID
		}
		if want := []string{"1", "3", "4", "5"}; !slices.Equal(got, want) {
			t.Errorf("page by page %v, want %v", got, want)
		}
		for _, tt := range []struct {
			name string
			f    store.ItemFilter
			want []string
		}{
			{"two sources", store.ItemFilter{Sources: []string{"land", "housing"}, Limit: 3}, []string{"1", "2", "3"}},
			{"no source", store.ItemFilter{}, nil},
			{"of a case", store.ItemFilter{Sources: []string{"land"}, Case: c.ID}, []string{"3", "5"}},
			{"late", store.ItemFilter{Sources: []string{"land"}, DueBefore: t0.Add(4 * time.Hour)}, []string{"1", "3"}},
			{"another state", store.ItemFilter{Sources: []string{"land"}, State: hedui.ItemEnded}, nil},
			{"a letter", store.ItemFilter{Sources: []string{"land"}, Letter: "X1"}, nil},
		} {
			if ids, _ := itemsIn(t, db, tt.f); !slices.Equal(ids, tt.want) {
				t.Errorf("%s: %v, want %v", tt.name, ids, tt.want)
			}
		}
		if _, list := itemsIn(t, db, store.ItemFilter{Sources: []string{"land"}, Limit: 1}); !reflect.DeepEqual(list[0], items[1]) {
			t.Errorf("got %+v, want %+v", list[0], items[1])
		}
	})
}

func TestAnItemKeepsItsAnswerAndIsListedAnewOnlyAfterItHasEnded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := create(t, db, 1)
		one, two := item(1, "land", c.ID), item(2, "land", c.ID)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddItems(ctx, []store.Item{one, two}) })
		one.State, one.Officer, one.Answer, one.Letter = hedui.ItemAnswered, "liaison", "sha256:77", "X1"
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SaveItems(ctx, []store.Item{one}); err != nil {
				return err
			}
			return tx.EndItems(ctx, false, []string{one.About, two.About}, t0.Add(time.Minute))
		})
		again := []store.Item{one, two}
		for i := range again {
			again[i].ID, again[i].State, again[i].Answer = fmt.Sprint("NEW", i), hedui.ItemListed, ""
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.AddItems(ctx, again) })
		if _, list := itemsIn(t, db, store.ItemFilter{Sources: []string{"land"}, State: hedui.ItemAnswered, Letter: "X1"}); len(list) != 1 || !reflect.DeepEqual(list[0], one) {
			t.Errorf("answered: %+v, want %+v", list, one)
		}
		if ids, _ := itemsIn(t, db, store.ItemFilter{Sources: []string{"land"}}); !slices.Equal(ids, []string{"2"}) {
			t.Errorf("listed anew: %v, want the one that had ended under its own id", ids)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SaveDraft(ctx, "item:"+two.ID+":liaison", "liaison", []byte("{}")); err != nil {
				return err
			}
			_, err := tx.EraseCase(ctx, c.ID)
			return err
		})
		for _, s := range hedui.ItemStates() {
			if ids, _ := itemsIn(t, db, store.ItemFilter{Sources: []string{"land"}, State: s}); len(ids) > 0 {
				t.Errorf("after the case was erased there are %v items %s", ids, s)
			}
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			if drafts, err := tx.Drafts(ctx, "liaison", "", 9); err != nil || len(drafts) > 0 {
				t.Errorf("what was typed outlives the case: %v %v", drafts, err)
			}
			return nil
		})
	})
}

func TestItemsOfOtherNodesEndWithTheirTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := create(t, db, 1)
		old, young, own := item(1, "land", ""), item(2, "land", ""), item(3, "land", c.ID)
		old.ExpiresAt, young.ExpiresAt = t0, t0.Add(time.Hour)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for _, it := range []store.Item{old, young, own} {
				if err := tx.SaveDraft(ctx, "item:"+it.ID+":liaison", "liaison", []byte("{}")); err != nil {
					return err
				}
			}
			return errors.Join(tx.AddItems(ctx, []store.Item{old, young, own}), tx.SaveDraft(ctx, "form", "liaison", []byte("{}")))
		})
		if n, err := db.PurgeItems(t.Context(), t0.Add(time.Minute)); err != nil || n != 1 {
			t.Errorf("%d purged: %v, want one", n, err)
		}
		if ids, _ := itemsIn(t, db, store.ItemFilter{Sources: []string{"land"}}); !slices.Equal(ids, []string{"2", "3"}) {
			t.Errorf("left: %v", ids)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			list, err := tx.Drafts(ctx, "liaison", "", 9)
			drafts := make([]string, len(list))
			for i, d := range list {
				drafts[i] = d.ID
			}
			if want := []string{"form", "item:" + young.ID + ":liaison", "item:" + own.ID + ":liaison"}; !slices.Equal(drafts, want) {
				t.Errorf("drafts %v, want %v", drafts, want)
			}
			return err
		})
	})
}

func TestItemIDsTellNothingAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := store.NewItemID()
		if len(id) != 16 || seen[id] {
			t.Fatalf("id %q", id)
		}
		seen[id] = true
	}
}
