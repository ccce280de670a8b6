package store_test

import (
	"context"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// What was put before people is counted as it stands, beside what was promised then.
func TestScoreCellsOfASource(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		_, queries := plan(t, db, 1)
		at := storetest.At
		whole, hour := 24*time.Hour, time.Hour
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.NoteSourceFile(ctx, hedui.SourcePromise{Source: "land", Since: at.Add(-whole), Refresh: 30 * whole, Within: "1d"}); err != nil {
				return err
			}
			return tx.NoteSourceFile(ctx, hedui.SourcePromise{Source: "land", Since: at.Add(10 * whole), Refresh: 90 * whole, Within: "1d"})
		})
		item := func(i int, state hedui.ItemState) store.Item {
			return store.Item{ID: store.NewItemID(), Source: "land", About: queries[i].ID, Case: queries[i].Case, State: state, ListedAt: at, DueAt: at.Add(whole), ChangedAt: at}
		}
		answer := func(i int, o source.Outcome, after time.Duration, old time.Duration) {
			a := source.Answer{Query: queries[i].ID, Outcome: o}
			if old > 0 {
				a.AsOf = at.Add(after - old)
			}
			queries[i].Take(a, at.Add(after))
		}
		answer(0, source.None, 90*time.Minute, 40*whole)      // in time, with old data
		answer(1, source.IdentityDoubt, 30*hour, 0)           // too late
		answer(2, source.Found, 11*whole, 40*whole)           // by then older data was promised
		queries[3].GiveUp(hedui.ReasonReturned, at.Add(hour)) // given back
		relay := storetest.Relay("haishu", "0197a3b0-0000-7000-8000-000000000001", []byte("x"))
		relay.Source = "land"
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SaveQueries(ctx, queries[:4]); err != nil {
				return err
			}
			if _, err := tx.AddRelays(ctx, []store.Relay{relay}); err != nil {
				return err
			}
			other := item(5, hedui.ItemListed)
			other.Source = "archive"
			asked := store.Item{ID: store.NewItemID(), Source: "land", Relay: true, About: relay.ID, State: hedui.ItemListed, ListedAt: at, DueAt: at.Add(9 * whole), ExpiresAt: at.Add(10 * whole), ChangedAt: at}
			return tx.AddItems(ctx, []store.Item{item(0, hedui.ItemAnswered), item(1, hedui.ItemAnswered), item(2, hedui.ItemAnswered), item(3, hedui.ItemReturned), item(4, hedui.ItemListed), other, asked})
		})
		var cells []hedui.ScoreCell
		read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			cells, err = tx.ScoreCells(ctx, "land", at.Add(-whole), at.Add(2*whole))
			return err
		})
		month := hedui.MonthOf(day.Of(at))
		card := hedui.MakeScorecard(cells, hedui.Period{From: month, Until: month}, 1)
		got, exact := card.Whole, hedui.Exact
		if got.Asked != exact(6) || got.Answered != exact(3) || got.InTime != exact(1) || got.Returned != exact(1) || got.None != exact(1) || got.Doubt != exact(1) ||
			got.Dated != exact(2) || got.Stale != exact(1) || got.Median != 30 || got.P95 != 264 || card.Open != exact(2) || card.Late != exact(1) {
			t.Errorf("got %+v, open %v, late %v, of %+v", got, card.Open, card.Late, cells)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			cells, err = tx.ScoreCells(ctx, "land", at.Add(whole), at.Add(2*whole))
			return err
		})
		if len(cells) != 0 {
			t.Errorf("what was asked before counts: %+v", cells)
		}
	})
}
