package store_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// letterN makes letter n of a case, due n hours after the start.
func letterN(n int, caseID string, state hedui.LetterState) hedui.Letter {
	return hedui.Letter{Number: fmt.Sprintf("X%d", n), Case: caseID, Division: "330203", Programme: "dibao", Addressee: "某馆", State: state,
		IssuedAt: t0, DueAt: t0.Add(time.Duration(n) * time.Hour), ChangedAt: t0}
}

func lettersIn(t *testing.T, db *store.DB, f store.LetterFilter) (numbers []string, list []hedui.Letter) {
	t.Helper()
	read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
		list, err = tx.Letters(ctx, f)
		return err
	})
	for _, l := range list {
		numbers = append(numbers, strings.TrimPrefix(l.Number, "X"))
	}
	return numbers, list
}

func TestLettersComeBackAsTheyWereOldestDueFirstPageByPage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c := create(t, db, 1)
		list := []hedui.Letter{letterN(1, c.ID, hedui.LetterReplied), letterN(4, "", hedui.LetterIssued), letterN(2, c.ID, hedui.LetterSent), letterN(3, c.ID, hedui.LetterFailed),
			letterN(5, c.ID, hedui.LetterClosed), letterN(6, c.ID, hedui.LetterEnded)}
		list[1].Addressee, list[1].Division, list[1].Programme, list[1].ExpiresAt = "另一馆", "330212", "tekun", t0.Add(time.Hour)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SaveLetters(ctx, list...); err != nil {
				return err
			}
			full := &list[2]
			full.SentOn, full.Sent, full.Way, full.Tracking, full.FailedOn, full.Why = day.Must("2026-11-02"), 2, "post", "XA1", day.Must("2026-11-03"), "moved"
			full.Reminders, full.RemindedAt, full.RepliedOn, full.Scan, full.Digest, full.TakenBy, full.ClosedBy = 3, t0.Add(time.Minute), day.Must("2026-11-04"), "image/png", "sha256:1", "a", "b"
			it := item(1, "land", c.ID)
			it.Letter, it.State = "X2", hedui.ItemLettered
			if err := tx.AddItems(ctx, []store.Item{it}); err != nil {
				return err
			}
			return tx.SaveLetters(ctx, *full)
		})
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			if got, err := tx.Letter(ctx, "X2"); err != nil || !reflect.DeepEqual(got, list[2]) {
				t.Errorf("got %+v, want %+v: %v", got, list[2], err)
			}
			if _, err := tx.Letter(ctx, "X9"); hedui.KindOf(err) != hedui.NotFound {
				t.Errorf("a letter that is not there: %v", err)
			}
			if got, err := tx.Addressees(ctx, store.LetterFilter{}); err != nil || !slices.Equal(got, []string{"另一馆", "某馆"}) && !slices.Equal(got, []string{"某馆", "另一馆"}) {
				t.Errorf("addressees %v: %v", got, err)
			}
			return nil
		})
		var got []string
		for after := ""; ; {
			numbers, page := lettersIn(t, db, store.LetterFilter{After: after, Limit: 2})
			if len(page) == 0 {
				break
			}
			got, after = append(got, numbers...), page[len(page)-1].Number
		}
		if want := []string{"2", "3", "4", "1"}; !slices.Equal(got, want) {
			t.Errorf("page by page %v, want %v: what waits first, by its due date", got, want)
		}
		for name, tt := range map[string]struct {
			f    store.LetterFilter
			want []string
		}{
			"late":             {store.LetterFilter{LateAt: t0.Add(3 * time.Hour)}, []string{"2", "3"}},
			"of a state":       {store.LetterFilter{State: hedui.LetterClosed}, []string{"5"}},
			"of a case":        {store.LetterFilter{Case: c.ID}, []string{"2", "3", "5", "6", "1"}},
			"a source":         {store.LetterFilter{Sources: []string{"land", "housing"}}, []string{"2"}},
			"another source":   {store.LetterFilter{Sources: []string{"housing"}}, nil},
			"a place":          {store.LetterFilter{Division: "330203"}, []string{"2", "3", "1"}},
			"a programme":      {store.LetterFilter{Programmes: []hedui.Programme{"tekun"}}, []string{"4"}},
			"a body":           {store.LetterFilter{Addressee: "另一馆"}, []string{"4"}},
			"a number":         {store.LetterFilter{Number: "X6"}, []string{"6"}},
			"part of a number": {store.LetterFilter{Number: "X"}, []string{"2", "3", "4", "5", "6", "1"}},
			"a reader":         {store.LetterFilter{Reader: "o", Office: "某局"}, []string{"2", "3", "4", "1"}},
		} {
			if numbers, _ := lettersIn(t, db, tt.f); !slices.Equal(numbers, tt.want) {
				t.Errorf("%s: %v, want %v", name, numbers, tt.want)
			}
		}
		if n, err := db.PurgeItems(t.Context(), t0.Add(2*time.Hour)); err != nil || n != 0 {
			t.Errorf("%d items purged: %v", n, err)
		}
		if numbers, _ := lettersIn(t, db, store.LetterFilter{Number: "X4"}); len(numbers) != 0 {
			t.Error("the letter of another node's question outlives it")
		}
	})
}

// A letter goes the way of its items: ended with the last of them, here where one was
// answered.
func TestALetterEndsWithItsItems(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, other := create(t, db, 1), create(t, db, 2)
		lettered := func(n int, number, caseID string, state hedui.ItemState) store.Item {
			it := item(n, "land", caseID)
			it.Letter, it.State = number, state
			return it
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			items := []store.Item{lettered(1, "X1", c.ID, hedui.ItemLettered), lettered(2, "X1", c.ID, hedui.ItemLettered),
				lettered(3, "X2", c.ID, hedui.ItemLettered), lettered(4, "X2", c.ID, hedui.ItemAnswered), lettered(5, "X3", other.ID, hedui.ItemLettered), lettered(6, "X4", "", hedui.ItemLettered)}
			if err := tx.AddItems(ctx, items); err != nil {
				return err
			}
			if err := tx.SaveLetters(ctx, letterN(1, c.ID, hedui.LetterSent), letterN(2, c.ID, hedui.LetterFailed), letterN(3, other.ID, hedui.LetterIssued), letterN(4, "", hedui.LetterSent)); err != nil {
				return err
			}
			return tx.EndItems(ctx, false, []string{items[0].About}, t0.Add(time.Minute))
		})
		states := func() string {
			_, list := lettersIn(t, db, store.LetterFilter{Number: "X"})
			slices.SortFunc(list, func(a, b hedui.Letter) int { return strings.Compare(a.Number, b.Number) })
			var text []string
			for _, l := range list {
				text = append(text, string(l.State))
			}
			return strings.Join(text, " ")
		}
		if got := states(); got != "sent failed issued sent" {
			t.Errorf("after one of two items: %s", got)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.EndItems(ctx, true, []string{"about-6"}, t0.Add(time.Minute)); err != nil {
				return err
			}
			return tx.EndCaseItems(ctx, c.ID, t0.Add(time.Minute))
		})
		if got := states(); got != "ended replied issued ended" {
			t.Errorf("after the case: %s", got)
		}
	})
}

func TestTheScanOfAReplyGoesWithItsCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		c, other := create(t, db, 1), create(t, db, 2)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.SaveLetters(ctx, letterN(1, c.ID, hedui.LetterReplied), letterN(2, other.ID, hedui.LetterReplied)); err != nil {
				return err
			}
			if err := tx.AddLetterScan(ctx, c.ID, "X1", []byte("one")); err != nil {
				return err
			}
			return tx.AddLetterScan(ctx, other.ID, "X2", []byte("two"))
		})
		scan := func(caseID, number string) (body []byte, kind hedui.Kind) {
			read(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				body, err = tx.LetterScan(ctx, caseID, number)
				if err != nil {
					kind = hedui.KindOf(err)
				}
				return nil
			})
			return body, kind
		}
		if body, _ := scan(c.ID, "X1"); !bytes.Equal(body, []byte("one")) {
			t.Errorf("got %q", body)
		}
		if _, kind := scan(other.ID, "X1"); kind != hedui.NotFound {
			t.Errorf("of another case: %v", kind)
		}
		var destroyed []hedui.Destroyed
		inTx(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
			destroyed, err = tx.EraseCase(ctx, c.ID)
			return err
		})
		for _, kind := range []string{"letters", "replies"} {
			if !slices.Contains(destroyed, hedui.Destroyed{Kind: kind, N: 1}) {
				t.Errorf("the certificate names no %s: %v", kind, destroyed)
			}
		}
		if _, kind := scan(c.ID, "X1"); kind != hedui.NotFound {
			t.Errorf("after the erasure: %v", kind)
		}
		if numbers, _ := lettersIn(t, db, store.LetterFilter{Number: "X"}); !slices.Equal(numbers, []string{"2"}) {
			t.Errorf("letters left: %v", numbers)
		}
	})
}
