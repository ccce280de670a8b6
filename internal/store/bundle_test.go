package store_test

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// bundled stores a case with answers, a sealed report, a copy and an entry, and
// returns all of it.
func bundled(t *testing.T, db *store.DB) (b store.Bundle) {
	t.Helper()
	c, queries := plan(t, db, 1)
	c.Consents[0].Form = "S1"
	queries[0].Take(storetest.Answer(c, &queries[0]), storetest.At)
	queries[1].GiveUp("down", storetest.At)
	item := hedui.Explanation{ID: store.NewItemID(), Case: c.ID, Key: "k", Kind: hedui.Undeclared, Person: 1, Category: "business", State: hedui.ExplanationWrong,
		Outcome: hedui.ExplanationWrong, Wrong: []int{1}, OpenedAt: storetest.At, DueAt: storetest.At.AddDate(0, 0, 5),
		Records: []hedui.RecordRef{{Source: "business", Hash: "00", Say: hedui.Say("x", "y")}}, History: []hedui.ExplanationAct{{State: hedui.ExplanationOpen, At: storetest.At}}}
	for i, size := range []int{40 << 20, 40 << 20, 3} { // the second is too much
		item.Evidence = append(item.Evidence, hedui.Evidence{ID: fmt.Sprintf("%s-%d", item.ID, i), Size: size, At: storetest.At})
	}
	request := hedui.Correction{Number: "G1", Case: c.ID, Explanation: item.ID, Category: "business", Record: item.Records[0], Person: 1, What: "w",
		State: hedui.CorrectionUpheld, Answer: "a", AskedAt: storetest.At, AnsweredAt: storetest.At.Add(time.Hour)}
	reminders := []hedui.Reminder{{ID: store.NewItemID(), Case: c.ID, Kind: hedui.ReminderClaim, About: item.ID, At: storetest.At},
		{ID: store.NewItemID(), Case: c.ID, Kind: hedui.ReminderCorrected, About: "G1", At: storetest.At.Add(time.Hour), HandledAt: storetest.At.Add(2 * time.Hour), HandledBy: "o"}}
	r := store.Report{Case: c.ID, Version: 1, Number: "B1", Conclusion: hedui.Suspect, MadeAt: storetest.At, Digest: "sha256:00", Content: []byte("{}")}
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.SaveCase(ctx, c); err != nil {
			return err
		}
		if err := tx.SaveQueries(ctx, queries); err != nil {
			return err
		}
		if err := tx.SaveExplanations(ctx, []hedui.Explanation{item}); err != nil {
			return err
		}
		for _, v := range item.Evidence {
			if err := tx.AddEvidence(ctx, c.ID, item.ID, v.ID, []byte(v.ID)); err != nil {
				return err
			}
		}
		item.Rev = 1
		if err := tx.SaveExplanations(ctx, []hedui.Explanation{item}); err != nil {
			return err
		}
		if err := tx.AddCorrections(ctx, []hedui.Correction{request}); err != nil {
			return err
		}
		for _, reminder := range reminders {
			if _, err := tx.Remind(ctx, reminder); err != nil {
				return err
			}
		}
		if err := tx.HandleReminder(ctx, reminders[1].ID, reminders[1].HandledBy, reminders[1].HandledAt); err != nil {
			return err
		}
		if err := tx.AddReport(ctx, r); err != nil {
			return err
		}
		r.SealedAt, r.Seal, r.PDF = storetest.At, []byte("seal"), []byte("%PDF")
		if err := tx.SealReport(ctx, r); err != nil {
			return err
		}
		if _, err := tx.NextCopy(ctx, c.ID, 1); err != nil {
			return err
		}
		if err := tx.AddCopy(ctx, store.Copy{Case: c.ID, Version: 1, N: 1, Reader: "o", At: storetest.At}); err != nil {
			return err
		}
		e := hedui.Erasure{Case: c.ID, State: hedui.ErasureHeld, Reason: "court", Decided: hedui.Hand{ID: "o", At: storetest.At}}
		if err := tx.SaveErasure(ctx, e, storetest.At); err != nil {
			return err
		}
		if err := tx.Record(ctx, audit.New(storetest.At, "o", "某<机构>", audit.Sealed, c.ID, "B1")); err != nil {
			return err
		}
		var err error
		b, err = tx.Bundle(ctx, c.ID)
		return err
	})
	return b
}

func TestABundleComesToAnotherDatabaseAsItWas(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			here, there := e.Open(t), e.Open(t)
			b := bundled(t, here)
			if len(b.Queries) != 48 || len(b.Reports) != 1 || len(b.Copies) != 1 || len(b.Entries) != 1 {
				t.Fatalf("%d queries, %d reports, %d copies, %d entries", len(b.Queries), len(b.Reports), len(b.Copies), len(b.Entries))
			}
			if b.Held == nil || b.Held.Reason != "court" {
				t.Fatalf("held: %+v", b.Held)
			}
			if len(b.Explanations) != 1 || b.Explanations[0].Rev != 2 || len(b.Corrections) != 1 || b.Corrections[0].Answer != "a" || len(b.Reminders) != 2 || b.Reminders[1].HandledBy != "o" {
				t.Fatalf("items %+v, requests %+v, reminders %+v", b.Explanations, b.Corrections, b.Reminders)
			}
			if v := b.Explanations[0].Evidence; len(v) != 3 || len(b.Evidence) != 2 || b.Evidence[1].ID != v[2].ID || string(b.Evidence[1].Body) != v[2].ID {
				t.Fatalf("files %v of the evidence %v", b.Evidence, v)
			}
			data, err := b.Encode()
			if err != nil {
				t.Fatal(err)
			}
			read, err := store.DecodeBundle(data)
			if err != nil {
				t.Fatal(err)
			}
			var got store.Bundle
			inTx(t, there, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.AddBundle(ctx, read); err != nil {
					return err
				}
				var err error
				got, err = tx.Bundle(ctx, b.Case.ID)
				return err
			})
			inTx(t, there, func(ctx context.Context, tx *store.Tx) error {
				elsewhere, err := tx.ClaimForms(ctx, "another", b.Case.Consents)
				if !slices.Equal(elsewhere, []string{"S1"}) {
					t.Errorf("forms of the case that came: %v", elsewhere)
				}
				return err
			})
			got.Case.Rev = b.Case.Rev
			if !reflect.DeepEqual(got, b) {
				t.Errorf("got %+v, want %+v", got, b)
			}
			err = there.InTx(t.Context(), func(tx *store.Tx) error { return tx.AddBundle(t.Context(), read) })
			if hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("added twice: %v, want a conflict", err)
			}
		})
	}
}

// What would be lost on the way is refused: a member that this version does not
// know, and anything in another spelling.
func TestABundleInAnotherFormIsRefused(t *testing.T) {
	b := bundled(t, storetest.Engines()[0].Open(t))
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"nothing":            nil,
		"another version":    bytes.Replace(data, []byte(`{"v":1`), []byte(`{"v":2`), 1),
		"a new member":       bytes.Replace(data, []byte(`{"v":1`), []byte(`{"v":1,"new":1`), 1),
		"a new member below": bytes.Replace(data, []byte(`"division"`), []byte(`"new":1,"division"`), 1),
		"a wrong number":     bytes.Replace(data, []byte(b.Case.Persons[0].ID.Reveal()), []byte("330200197003010019"), 1),
		"a file of no item":  bytes.Replace(data, []byte(`"explanation":"`+b.Explanations[0].ID+`","body"`), []byte(`"explanation":"`+b.Reminders[0].ID+`","body"`), 1),
		"cut short":          data[:len(data)-1],
	} {
		if _, err := store.DecodeBundle(bad); err == nil {
			t.Errorf("%s: taken", name)
		} else if bytes.Contains([]byte(err.Error()), []byte("3302")) {
			t.Errorf("%s: the error quotes it: %v", name, err)
		}
	}
}

func TestCasesInADivision(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var ids []string
		for n := range 5 {
			ids = append(ids, create(t, db, n).ID)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.EraseCase(ctx, ids[3]); return err })
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			if all, err := tx.Divisions(ctx); err != nil || !reflect.DeepEqual(all, []string{"330203"}) {
				t.Errorf("divisions %v: %v", all, err)
			}
			first, err := tx.CasesIn(ctx, "330203", "", 2)
			if err != nil || !reflect.DeepEqual(first, ids[:2]) {
				t.Errorf("first page %v: %v", first, err)
			}
			rest, err := tx.CasesIn(ctx, "330203", ids[1], 9)
			if err != nil || !reflect.DeepEqual(rest, []string{ids[2], ids[4]}) { // without the erased one
				t.Errorf("second page %v: %v", rest, err)
			}
			none, err := tx.CasesIn(ctx, "330204", "", 9)
			if len(none) != 0 {
				t.Errorf("of another division: %v", none)
			}
			return err
		})
	})
}
