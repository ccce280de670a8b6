package casework

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// newExplainBench is a bench whose business register shows a company of the first
// person, until gone is set. Registers may be asked again at once.
func newExplainBench(t *testing.T, db *store.DB, explain, claim time.Duration) (b *bench, gone *atomic.Bool) {
	t.Helper()
	gone = &atomic.Bool{}
	b = benchWith(t, db, time.Hour, time.Now, func(sources map[catalog.Code]*fake) {
		sources["business"].answer = company(gone)
	})
	b.Deadlines = slices.Clone(b.Deadlines)
	for i := range b.Deadlines {
		d := &b.Deadlines[i]
		d.Explain, d.Claim, d.Requery = hedui.Length{Exact: explain}, hedui.Length{Exact: claim}, hedui.Length{}
	}
	return b, gone
}

// company answers with a company of the first person, until gone is set.
func company(gone *atomic.Bool) func(source.Query, int) (source.Answer, error) {
	return func(q source.Query, _ int) (source.Answer, error) {
		if gone.Load() || !strings.HasSuffix(q.Person().ID.Reveal()[:17], "0") {
			return source.Answer{Outcome: source.None, AsOf: time.Now()}, nil
		}
		return source.Answer{Outcome: source.Found, Match: source.MatchIDName, AsOf: time.Now(), Hash: "sha256:00",
			Records: []catalog.Record{{"name": "某公司", "status": "吊销未注销"}}}, nil
	}
}

// items are the items to explain of a case, read past the door.
func (b *bench) items(t *testing.T, id string) []hedui.Explanation {
	t.Helper()
	var items []hedui.Explanation
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
		items, err = tx.Explanations(t.Context(), id)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return items
}

// item is the only one.
func (b *bench) item(t *testing.T, id string) (hedui.Explanation, ItemRef) {
	t.Helper()
	items := b.items(t, id)
	if len(items) != 1 {
		t.Fatalf("%d items, want one", len(items))
	}
	return items[0], ItemRef{id, items[0].ID, items[0].Rev}
}

// becomes waits until the only item is in a state.
func (b *bench) becomes(t *testing.T, id string, want hedui.ExplanationState) {
	t.Helper()
	for range 200 {
		if items := b.items(t, id); len(items) == 1 && items[0].State == want {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the items are %v, want one %s", b.items(t, id), want)
}

// settle has an outcome entered by one officer, with evidence, and confirmed by
// another.
func (b *bench) settle(t *testing.T, id string, outcome hedui.ExplanationState) {
	t.Helper()
	_, ref := b.item(t, id)
	e, err := b.Attach(t.Context(), civil, ref, picture(t, 1))
	if err == nil {
		ref.Rev = e.Rev
		e, err = b.Explain(t.Context(), civil, ref, hedui.ExplanationEntry{Outcome: outcome, Text: "身份证曾遗失"})
	}
	if err == nil {
		ref.Rev = e.Rev
		_, err = b.SettleExplanation(t.Context(), second, ref)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func picture(t *testing.T, width int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, 1))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (b *bench) count(t *testing.T, id string, verb audit.Verb) int {
	t.Helper()
	n := 0
	for _, v := range b.verbs(t, id) {
		if v == verb {
			n++
		}
	}
	return n
}

func TestAFindingIsExplainedAndTheNextVersionSaysSo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := newExplainBench(t, db, time.Hour, time.Hour)
		ctx := t.Context()
		b.start(t)
		id := b.accepted(t, form(t, 101))
		b.await(t, id, hedui.Summarised)
		first := b.issue(t, id)
		e, ref := b.item(t, id)
		if first.Conclusion.Code != hedui.Suspect || first.Findings[0].Explanation == nil || first.Findings[0].Explanation.State != hedui.ExplanationOpen {
			t.Fatalf("version 1 concludes %s, its finding says %+v", first.Conclusion.Code, first.Findings[0].Explanation)
		}
		if b.count(t, id, audit.ExplanationOpened) != 1 {
			t.Error("the item was opened more than once")
		}
		if _, err := b.Archive(ctx, receiver, id); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("archived with an open item: %v", err)
		}
		for name, bad := range map[string][]byte{"a text": []byte("报废证明"), "a page": []byte("<html><body>"), "half a picture": picture(t, 9)[:20],
			"half a PDF": []byte("%PDF-1.7\n1 0 obj"), "too large": append(picture(t, 9), make([]byte, maxEvidence)...)} {
			if _, err := b.Attach(ctx, civil, ref, bad); hedui.KindOf(err) != hedui.Invalid {
				t.Errorf("%s is evidence: %v", name, err)
			}
		}
		if _, err := b.Attach(ctx, second, ref, picture(t, 2)); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("evidence without a right: %v", err)
		}
		proof := picture(t, 2)
		for range 2 {
			var err error
			if e, err = b.Attach(ctx, civil, ref, proof); err != nil {
				t.Fatal(err)
			}
			ref.Rev = e.Rev
		}
		if len(e.Evidence) != 1 || e.Evidence[0].Type != "image/png" {
			t.Fatalf("evidence %+v, want one picture", e.Evidence)
		}
		file, err := b.Evidence(ctx, receiver, id, e.Evidence[0].ID)
		if err != nil || !bytes.Equal(file.Body, proof) || b.count(t, id, audit.EvidenceRead) != 1 {
			t.Errorf("evidence read: %v, %d bytes", err, len(file.Body))
		}
		both := civil
		both.Rights = append(slices.Clone(both.Rights), hedui.ReviewReports)
		if e, err = b.Explain(ctx, both, ref, hedui.ExplanationEntry{Outcome: hedui.ExplanationDone, Text: "公司已吊销，从未经营"}); err != nil {
			t.Fatal(err)
		}
		ref.Rev = e.Rev
		if _, err := b.SettleExplanation(ctx, both, ref); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("one person does both: %v", err)
		}
		if e, err = b.SettleExplanation(ctx, second, ref); err != nil || e.State != hedui.ExplanationDone {
			t.Fatalf("confirmed: %v, %s", err, e.State)
		}
		b.await(t, id, hedui.Summarised)
		next := b.issue(t, id)
		if next.Version != 2 || next.Conclusion.Code != hedui.AllConsistent || next.Findings[0].Kind != hedui.Explained || len(next.Changes) == 0 {
			t.Errorf("version %d concludes %s with %s and %d changes", next.Version, next.Conclusion.Code, next.Findings[0].Kind, len(next.Changes))
		}
		said := next.Findings[0].Explanation
		if said.Text != "公司已吊销，从未经营" || !slices.Equal(said.Evidence, []string{digestOf(proof)}) {
			t.Errorf("the report says %+v", said)
		}
		if v, err := b.Look(ctx, receiver, id); err != nil || v.Assessment.Conclusion != hedui.AllConsistent || len(v.Explanations) != 1 {
			t.Errorf("whoever looks sees %s, %v", v.Assessment.Conclusion, err)
		}
		if _, err := b.Archive(ctx, receiver, id); err != nil {
			t.Errorf("archived: %v", err)
		}
		if _, err := b.Explain(ctx, civil, ItemRef{id, e.ID, e.Rev}, hedui.ExplanationEntry{Outcome: hedui.ExplanationTrue, Text: "x"}); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("explained in the archive: %v", err)
		}
	})
}

func TestTheVersionThatAnswersItemsWaitsForAllOfThem(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := newExplainBench(t, db, time.Hour, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 102))
		b.await(t, id, hedui.Summarised)
		b.issue(t, id)
		b.settle(t, id, hedui.ExplanationTrue)
		b.await(t, id, hedui.Summarised)
		_, ref := b.item(t, id)
		e, err := b.Explain(t.Context(), civil, ref, hedui.ExplanationEntry{Outcome: hedui.ExplanationDone, Text: "另有材料"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Review(t.Context(), second, id); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("reviewed while an item waits: %v", err)
		}
		if _, err := b.SettleExplanation(t.Context(), second, ItemRef{id, e.ID, e.Rev}); err != nil {
			t.Fatal(err)
		}
		if got := b.issue(t, id); got.Version != 2 || got.Findings[0].Kind != hedui.Explained {
			t.Errorf("version %d with %s", got.Version, got.Findings[0].Kind)
		}
	})
}

func TestWhatIsExplainedAfterTheReviewIsReviewedAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := newExplainBench(t, db, time.Hour, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 103))
		b.await(t, id, hedui.Summarised)
		if _, err := b.Review(t.Context(), second, id); err != nil {
			t.Fatal(err)
		}
		b.settle(t, id, hedui.ExplanationDone)
		if _, err := b.Seal(t.Context(), signer, id); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("sealed what nobody has reviewed: %v", err)
		}
		if got := b.issue(t, id); got.Version != 1 || got.Conclusion.Code == hedui.Suspect {
			t.Errorf("version %d concludes %s", got.Version, got.Conclusion.Code)
		}
	})
}

func TestAtTheDeadlineAnItemIsOverdueOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := newExplainBench(t, db, 2*time.Second, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 104))
		b.await(t, id, hedui.Summarised)
		b.issue(t, id)
		b.becomes(t, id, hedui.ExplanationOverdue)
		b.await(t, id, hedui.Summarised)
		again := func() { // as after a crash before the job was finished
			err := b.DB.InTx(t.Context(), func(tx *store.Tx) error {
				c, err := tx.Case(t.Context(), id)
				if err != nil {
					return err
				}
				return b.lapse(t.Context(), tx, c, b.Now())
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		again()
		if e, _ := b.item(t, id); e.Rev != 2 || b.count(t, id, audit.ExplanationLapsed) != 1 {
			t.Errorf("revision %d, %d entries: run again it changed something", e.Rev, b.count(t, id, audit.ExplanationLapsed))
		}
		got := b.issue(t, id)
		if got.Version != 2 || got.Findings[0].Explanation.State != hedui.ExplanationOverdue || got.Conclusion.Code != hedui.Suspect {
			t.Errorf("version %d concludes %s with %+v", got.Version, got.Conclusion.Code, got.Findings[0].Explanation)
		}
		b.settle(t, id, hedui.ExplanationDone) // late, and yet
		b.await(t, id, hedui.Summarised)
		if got := b.issue(t, id); got.Version != 3 || got.Conclusion.Code == hedui.Suspect {
			t.Errorf("version %d concludes %s", got.Version, got.Conclusion.Code)
		}
	})
}

func TestACorrectedRecordIsAskedAgainInEveryCaseThatUsedIt(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			b, gone := newExplainBench(t, storetest.Open(t, o), time.Hour, time.Hour)
			ctx := t.Context()
			b.start(t)
			var ids []string
			for range 2 { // the family applies again; the first case is closed by then
				id := b.accepted(t, form(t, 105))
				b.await(t, id, hedui.Summarised)
				b.issue(t, id)
				ids = append(ids, id)
			}
			b.settle(t, ids[1], hedui.ExplanationWrong)
			list, err := b.Corrections(ctx, receiver, store.CorrectionFilter{Department: "某局"})
			if err != nil || len(list) != 1 || !hedui.ValidNumber(hedui.CorrectionSeries, list[0].Number) || list[0].State != hedui.CorrectionAsked {
				t.Fatalf("requests %+v, %v", list, err)
			}
			if other, err := b.Corrections(ctx, receiver, store.CorrectionFilter{Department: "另一局"}); err != nil || len(other) != 0 {
				t.Errorf("requests of another department: %v, %v", other, err)
			}
			b.await(t, ids[1], hedui.Summarised)
			if got := b.issue(t, ids[1]); got.Conclusion.Code != hedui.Suspect || got.Findings[0].Explanation.State != hedui.ExplanationWrong {
				t.Errorf("a register that is said to be wrong: %s, %+v", got.Conclusion.Code, got.Findings[0].Explanation)
			}
			number := list[0].Number
			gone.Store(true)
			free := storetest.Full(t, o, "jobs")
			err = b.AnswerCorrection(ctx, receiver, number, hedui.CorrectionMade, "已注销")
			free()
			if err == nil {
				t.Fatal("answered on a full disk")
			}
			for range 2 { // the second changes nothing
				if err := b.AnswerCorrection(ctx, receiver, number, hedui.CorrectionMade, "已注销"); err != nil {
					t.Fatal(err)
				}
			}
			if err := b.AnswerCorrection(ctx, receiver, number, hedui.CorrectionUpheld, "无误"); hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("typed over: %v", err)
			}
			for _, id := range ids {
				b.becomes(t, id, hedui.ExplanationGone)
				b.await(t, id, hedui.Summarised)
				got := b.issue(t, id)
				if got.Conclusion.Code != hedui.NoFinding || len(got.Findings) != 0 || got.Previous == nil {
					t.Errorf("conclusion %s, %d findings", got.Conclusion.Code, len(got.Findings))
				}
				if n := b.count(t, id, audit.Reminded); n != 1 {
					t.Errorf("told %d times", n)
				}
				if n := b.count(t, id, audit.Requeried); n != 1 {
					t.Errorf("asked again %d times", n)
				}
				if n := len(b.queriesOf(t, id, "business")); n != 3 {
					t.Errorf("%d queries, want the two and the one anew: nothing is typed over", n)
				}
			}
			reminders, err := b.Reminders(ctx, receiver)
			if err != nil || len(reminders) != 2 {
				t.Fatalf("%d reminders, %v", len(reminders), err)
			}
			if err := b.HandleReminder(ctx, receiver, reminders[0].ID); err != nil {
				t.Fatal(err)
			}
			if left, err := b.Reminders(ctx, receiver); err != nil || len(left) != 1 || left[0].ID != reminders[1].ID {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

func TestARecordThatIsUpheldIsToBeExplained(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := newExplainBench(t, db, time.Hour, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 106))
		b.await(t, id, hedui.Summarised)
		b.settle(t, id, hedui.ExplanationWrong)
		list, err := b.Corrections(t.Context(), receiver, store.CorrectionFilter{})
		if err != nil || len(list) != 1 {
			t.Fatalf("requests %v, %v", list, err)
		}
		if err := b.AnswerCorrection(t.Context(), civil, list[0].Number, hedui.CorrectionUpheld, "登记无误"); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("answered without a right: %v", err)
		}
		if err := b.AnswerCorrection(t.Context(), receiver, list[0].Number, hedui.CorrectionUpheld, "登记无误"); err != nil {
			t.Fatal(err)
		}
		e, _ := b.item(t, id)
		if e.State != hedui.ExplanationOpen || e.History[len(e.History)-1].Text != "登记无误" {
			t.Errorf("the item is %s", e.State)
		}
		if n := len(b.queriesOf(t, id, "business")); n != 2 {
			t.Errorf("%d queries: a register that stands by its record is not asked again", n)
		}
	})
}

// Worked case 4: a stolen identity suspends the case and does not refuse it.
func TestAStolenIdentitySuspendsUntilTheRegisterIsAskedAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, gone := newExplainBench(t, db, time.Hour, 3*time.Second)
		ctx := t.Context()
		b.start(t)
		id := b.accepted(t, form(t, 107))
		b.await(t, id, hedui.Summarised)
		if _, err := b.SuspendClaim(ctx, receiver, id); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("suspended before anything was confirmed: %v", err)
		}
		b.settle(t, id, hedui.ExplanationNotHis)
		c, err := b.SuspendClaim(ctx, receiver, id)
		if err != nil || c.Stage != hedui.Suspended {
			t.Fatalf("suspended: %v", err)
		}
		gone.Store(true)
		b.becomes(t, id, hedui.ExplanationGone)
		b.await(t, id, hedui.Summarised)
		if got := b.issue(t, id); got.Conclusion.Code != hedui.NoFinding {
			t.Errorf("conclusion %s", got.Conclusion.Code)
		}
		if n := b.count(t, id, audit.ClaimEnded); n != 1 {
			t.Errorf("the timer ended %d times", n)
		}
		if list, err := b.Reminders(ctx, receiver); err != nil || len(list) != 1 || list[0].Kind != hedui.ReminderClaim {
			t.Errorf("reminders %v, %v", list, err)
		}
	})
}

func TestOfTwoOfficersOneGetsAClearConflict(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := newExplainBench(t, db, time.Hour, time.Hour)
		ctx := t.Context()
		b.start(t)
		id := b.accepted(t, form(t, 108))
		b.await(t, id, hedui.Summarised)
		race := func(acts ...func(context.Context) error) {
			t.Helper()
			errs := make([]error, len(acts))
			var all sync.WaitGroup
			for i, act := range acts {
				all.Go(func() { errs[i] = act(ctx) })
			}
			all.Wait()
			won := 0
			for _, err := range errs {
				switch {
				case err == nil:
					won++
				case hedui.KindOf(err) != hedui.Conflict:
					t.Errorf("got %v, want a conflict", err)
				}
			}
			if won != 1 {
				t.Errorf("%d of %d acts were done, want one", won, len(acts))
			}
		}
		_, ref := b.item(t, id)
		enter := func(o hedui.Officer, text string) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := b.Explain(ctx, o, ref, hedui.ExplanationEntry{Outcome: hedui.ExplanationTrue, Text: text})
				return err
			}
		}
		race(enter(civil, "甲"), enter(receiver, "乙"), enter(civil, "丙"))
		e, ref := b.item(t, id)
		if e.State != hedui.ExplanationEntered || len(e.History) != 2 || e.History[1].Text != e.Text || e.History[1].Officer != e.By {
			t.Errorf("what was entered is %+v", e)
		}
		race(func(ctx context.Context) error { _, err := b.SettleExplanation(ctx, second, ref); return err },
			func(ctx context.Context) error {
				_, err := b.SendBackExplanation(ctx, officer("third", hedui.ReviewReports), ref, "不清楚")
				return err
			})
		if e, _ := b.item(t, id); len(e.History) != 3 {
			t.Errorf("%d lines of history, want three", len(e.History))
		}
	})
}

func TestAWithdrawnCaseHasNothingToExplain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := newExplainBench(t, db, 2*time.Second, time.Hour)
		ctx := t.Context()
		b.start(t)
		id := b.accepted(t, form(t, 109))
		b.await(t, id, hedui.Summarised)
		if _, err := b.Terminate(ctx, receiver, id, hedui.Say("step.withdrawn")); err != nil {
			t.Fatal(err)
		}
		e, ref := b.item(t, id)
		if e.State != hedui.ExplanationEnded {
			t.Errorf("the item is %s", e.State)
		}
		if _, err := b.Explain(ctx, civil, ref, hedui.ExplanationEntry{Outcome: hedui.ExplanationTrue, Text: "x"}); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("explained after the withdrawal: %v", err)
		}
		if _, err := b.Attach(ctx, civil, ref, picture(t, 1)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("evidence after the withdrawal: %v", err)
		}
		time.Sleep(time.Until(e.DueAt) + 500*time.Millisecond)
		if after, _ := b.item(t, id); after.Rev != e.Rev {
			t.Errorf("the deadline made it %s", after.State)
		}
	})
}

// A register that was asked a short while ago rests before it is asked again.
func TestACorrectedRegisterRestsFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, gone := newExplainBench(t, db, time.Hour, time.Hour)
		for i := range b.Deadlines {
			b.Deadlines[i].Requery = hedui.Length{Exact: 4 * time.Second}
		}
		b.start(t)
		id := b.accepted(t, form(t, 112))
		b.await(t, id, hedui.Summarised)
		b.settle(t, id, hedui.ExplanationWrong)
		list, err := b.Corrections(t.Context(), receiver, store.CorrectionFilter{Case: id})
		if err != nil || len(list) != 1 {
			t.Fatalf("requests %v, %v", list, err)
		}
		gone.Store(true)
		if err := b.AnswerCorrection(t.Context(), receiver, list[0].Number, hedui.CorrectionMade, "已注销"); err != nil {
			t.Fatal(err)
		}
		b.becomes(t, id, hedui.ExplanationGone)
		queries := b.queriesOf(t, id, "business")
		slices.SortFunc(queries, func(x, y hedui.Query) int { return x.CreatedAt.Compare(y.CreatedAt) })
		if n := len(queries); n != 3 || queries[2].CreatedAt.Sub(queries[0].AskedAt) < 4*time.Second {
			t.Errorf("%d queries, asked again after %v", n, queries[n-1].CreatedAt.Sub(queries[0].AskedAt))
		}
	})
}

// Consents end while a department takes its time: nobody is asked without one, and
// an officer is told.
func TestAnEndedConsentIsToldInsteadOfAsking(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := newExplainBench(t, db, time.Hour, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 110))
		b.await(t, id, hedui.Summarised)
		b.settle(t, id, hedui.ExplanationWrong)
		late := time.Now().AddDate(0, 2, 0)
		for range 2 {
			if err := b.DB.InTx(t.Context(), func(tx *store.Tx) error {
				c, err := tx.Case(t.Context(), id)
				if err != nil {
					return err
				}
				list, err := tx.Corrections(t.Context(), store.CorrectionFilter{Case: id})
				if err != nil {
					return err
				}
				wait, err := b.corrected(t.Context(), tx, c, queue.Job{ID: correctedJob(list[0].Number, id, late).ID}, late)
				if !wait.IsZero() || c.Round != 1 {
					t.Errorf("round %d, to be tried again at %v", c.Round, wait)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := b.Reminders(t.Context(), receiver); err != nil || len(list) != 1 || list[0].Kind != hedui.ReminderConsent {
			t.Errorf("reminders %v, %v", list, err)
		}
		if n := len(b.queriesOf(t, id, "business")); n != 2 {
			t.Errorf("%d queries, want the first two", n)
		}
	})
}

func TestAnErasedCaseLeavesNoExplanationAndNoEvidence(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := newExplainBench(t, db, time.Hour, time.Hour)
		ctx := t.Context()
		b.start(t)
		id := b.accepted(t, form(t, 111))
		b.await(t, id, hedui.Summarised)
		b.settle(t, id, hedui.ExplanationWrong)
		e, _ := b.item(t, id)
		if err := b.DB.InTx(ctx, func(tx *store.Tx) error {
			if _, err := tx.EraseCase(ctx, id); err != nil {
				return err
			}
			job := explainJob(&hedui.Case{ID: id}, e.DueAt)
			return tx.MoveJobs(ctx, []string{job.ID}, time.Now())
		}); err != nil {
			t.Fatal(err)
		}
		for i := range 100 { // its clock finds nothing, and ends
			var backlog map[string]int
			if err := b.DB.Read(ctx, func(tx *store.Tx) (err error) {
				backlog, err = tx.Backlog(ctx)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if backlog[caseLane] <= 1 { // the deadline of the report, an hour away
				break
			}
			if i == 99 {
				t.Errorf("%d clocks of an erased case go on", backlog[caseLane])
			}
			time.Sleep(20 * time.Millisecond)
		}
		if err := b.DB.Read(ctx, func(tx *store.Tx) error {
			items, err := tx.Explanations(ctx, id)
			if err != nil || len(items) != 0 {
				t.Errorf("%d items are left, %v", len(items), err)
			}
			if _, err := tx.Evidence(ctx, id, e.Evidence[0].ID); hedui.KindOf(err) != hedui.NotFound {
				t.Errorf("evidence is left: %v", err)
			}
			cases, err := tx.CasesWithRecord(ctx, e.Records[0])
			if err != nil || len(cases) != 0 {
				t.Errorf("the record still leads to %v, %v", cases, err)
			}
			list, err := tx.Corrections(ctx, store.CorrectionFilter{})
			if err != nil || len(list) != 0 {
				t.Errorf("requests are left: %v, %v", list, err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}
