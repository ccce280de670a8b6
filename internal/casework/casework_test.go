package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/internal/rule/book"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
	"hedui/source"
)

// fake is a source whose answers a test decides. It counts how often each query
// was asked and holds every query against its mandate.
type fake struct {
	code   catalog.Code
	answer func(source.Query, int) (source.Answer, error) // n counts from 1
	tune   func(*source.Info)                             // what the department promises and allows
	now    func() time.Time                               // nil = time.Now
	manual *source.Manual                                 // people answer
	of     *bench                                         // whose department it is

	mu    sync.Mutex
	asked map[string]int
	bad   []error
}

func (f *fake) Info() source.Info {
	info := source.Info{Name: string(f.code), Department: "某局", Categories: []catalog.Code{f.code}, Limits: source.Limits{Batch: 10, PerSecond: 10000}, Manual: f.manual}
	if f.tune != nil {
		f.tune(&info)
	}
	return info
}

func (f *fake) Ask(_ context.Context, queries []source.Query) ([]source.Answer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now
	if f.now != nil {
		now = f.now
	}
	if f.of != nil { // a test may have set its clock since
		now = f.of.Now
	}
	var answers []source.Answer
	for _, q := range queries {
		if err := errors.Join(q.Check(now()), f.verify(q, now())); err != nil {
			f.bad = append(f.bad, err)
		}
		f.asked[q.ID()]++
		a := source.Answer{Outcome: source.None, AsOf: now()}
		if f.answer != nil {
			var err error
			if a, err = f.answer(q, f.asked[q.ID()]); err != nil {
				return nil, err
			}
		}
		a.Query = q.ID()
		answers = append(answers, a)
	}
	return answers, nil
}

// verify does what a department does that trusts nobody but the node's key.
func (f *fake) verify(q source.Query, at time.Time) error {
	if f.of == nil {
		return nil
	}
	key := f.of.MandateKey().(*seal.PrivateKey).Public()
	_, err := source.VerifyMandate(q.Signed(), source.Asked{Person: q.Person(), Purpose: q.Purpose(), Category: q.Category(),
		To: f.of.MandateNode() + "/" + string(f.code), At: at}, source.Trust{{Node: f.of.MandateNode(), Key: key, Vouches: true}})
	return err
}

func (f *fake) times() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	counts := map[string]int{}
	for id, n := range f.asked {
		counts[id] = n
	}
	return counts
}

var errDown = &source.Unavailable{Reason: source.ReasonDown, Err: errors.New("connection refused")}

// bench is a desk with a fake source for each category.
type bench struct {
	*Desk
	sources map[catalog.Code]*fake
}

// clock lets a test put the time of the desk ahead while the desk works. It is called
// before the desk starts.
func (b *bench) clock() (ahead func(days int)) {
	var by atomic.Int64
	real := b.Now
	b.Now = func() time.Time { return real().Add(time.Duration(by.Load())) }
	return func(days int) { by.Store(int64(days) * int64(24*time.Hour)) }
}

func newBench(t *testing.T, db *store.DB, deadline time.Duration) *bench {
	t.Helper()
	return benchWith(t, db, deadline, time.Now, nil)
}

// benchWith lets a test set its clock and its sources first.
func benchWith(t *testing.T, db *store.DB, deadline time.Duration, now func() time.Time, set func(map[catalog.Code]*fake)) *bench {
	t.Helper()
	key, err := seal.Generate(seal.P256SHA256)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := seal.SelfSigned(key, "核对中心", time.Now().AddDate(0, 0, -1), time.Now().AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	calendar, err1 := hedui.China()
	deadlines, err2 := hedui.StandardDeadlines()
	rules, err3 := book.Standard()
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	b := &bench{sources: map[catalog.Code]*fake{}}
	b.Desk = &Desk{DB: db, Issuer: "核对中心", Signer: key, MandateKey: func() seal.Signer { return key }, Certificate: cert, Calendar: calendar,
		Deadlines: deadlines.WithReport(hedui.Length{Exact: deadline}), Rules: rules, Now: now}
	for _, c := range catalog.All() {
		f := &fake{code: c.Code, now: now, asked: map[string]int{}, of: b}
		b.sources[c.Code] = f
		b.Sources = append(b.Sources, f)
	}
	if set != nil {
		set(b.sources)
	}
	b.Registers = OwnRegisters(b.Sources, "330200")
	if err := b.Prepare(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.lawful(t) })
	return b
}

// lawful holds every test to the law: no source is asked without a live mandate.
func (b *bench) lawful(t *testing.T) {
	for code, f := range b.sources {
		f.mu.Lock()
		if len(f.bad) > 0 {
			t.Errorf("%s was asked without a live mandate: %v", code, f.bad)
		}
		f.mu.Unlock()
	}
}

// start runs the desk until the test ends.
func (b *bench) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

func officer(id string, rights ...hedui.Right) hedui.Officer {
	return hedui.Officer{ID: id, Name: id, Office: "某机构", Division: "330200", Rights: rights}
}

var (
	clerk    = officer("clerk", hedui.OpenCases)
	civil    = officer("civil", hedui.CommissionCases, hedui.ReadCases, hedui.PrintReports)
	receiver = officer("receiver", hedui.AcceptCases, hedui.VerifyCases, hedui.ReadCases)
	second   = officer("second", hedui.ReviewReports)
	signer   = officer("signer", hedui.SealReports)
)

func form(t *testing.T, n int) hedui.Form {
	t.Helper()
	f := hedui.Form{Programme: "dibao", Division: "330203", Office: "海曙区民政局"}
	for i, relation := range []string{"self", "spouse"} {
		f.Persons = append(f.Persons, hedui.FormPerson{Name: "某人", ID: storetest.ID(t, day.Must("1970-01-01").Add(n), 10+i).Reveal(), Relation: relation})
		f.Consents = append(f.Consents, hedui.FormConsent{Person: i + 1, Programme: "dibao", SignedOn: "today", Until: "today+30", Document: "授权书"})
	}
	return f
}

// accepted takes a form up to the dispatch of its queries.
func (b *bench) accepted(t *testing.T, f hedui.Form) string {
	t.Helper()
	ctx := t.Context()
	c, err := b.Register(ctx, clerk, "draft", f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commission(ctx, civil, c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Accept(ctx, receiver, c.ID); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

func (b *bench) await(t *testing.T, id string, want hedui.Stage) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if got, err := b.Await(ctx, id, func(s hedui.Stage) bool { return s == want }); err != nil {
		t.Fatalf("waiting for %s: %v at %s", want, err, got)
	}
}

// issue reviews, seals and delivers, and returns what the report says.
func (b *bench) issue(t *testing.T, id string) report.Content {
	t.Helper()
	return b.issueAs(t, id, second, signer, civil)
}

func (b *bench) issueAs(t *testing.T, id string, second, signer, civil hedui.Officer) report.Content {
	t.Helper()
	ctx := t.Context()
	if _, err := b.Review(ctx, second, id); err != nil {
		t.Fatal(err)
	}
	c, err := b.Seal(ctx, signer, id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Deliver(ctx, civil, id); err != nil {
		t.Fatal(err)
	}
	file, err := b.Copy(ctx, civil, id, c.Version, "json")
	if err != nil {
		t.Fatal(err)
	}
	content, err := report.Parse(file.Body)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestACaseFromFirstKeystrokeToSeal(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.sources["business"].answer = func(q source.Query, _ int) (source.Answer, error) {
			return source.Answer{Outcome: source.Found, Match: source.MatchIDName, AsOf: time.Now(), Hash: "sha256:00",
				Records: []catalog.Record{{"registered_capital": "500000.00", "name": "某公司"}}}, nil
		}
		b.sources["land"].answer = func(q source.Query, n int) (source.Answer, error) { // answers later
			if q.Token() == "" {
				return source.Answer{Later: &source.Later{Token: fmt.Sprintf("T%d", n), After: 10 * time.Millisecond}}, nil
			}
			return source.Answer{Outcome: source.None}, nil
		}
		b.start(t)
		id := b.accepted(t, form(t, 1))
		b.await(t, id, hedui.Summarised)
		content := b.issue(t, id)
		if got := content.Conclusion.Code; got != hedui.Suspect {
			t.Errorf("conclusion %s, want SUSPECT", got)
		}
		if len(content.Gaps) != 0 || len(content.Findings) != 1 {
			t.Errorf("%d gaps and %d findings, want none and one", len(content.Gaps), len(content.Findings))
		}
		for code, f := range b.sources {
			want := 1
			if code == "land" {
				want = 2
			}
			for q, n := range f.times() {
				if n != want {
					t.Errorf("%s asked %d times, want %d", q, n, want)
				}
			}
		}
		verbs := b.verbs(t, id)
		for _, v := range []audit.Verb{audit.Registered, audit.Commissioned, audit.Accepted, audit.Asked, audit.Summarised,
			audit.Reviewed, audit.Prepared, audit.Sealed, audit.Delivered, audit.ReadReport} {
			if !slices.Contains(verbs, v) {
				t.Errorf("no audit entry %s", v)
			}
		}
		if _, err := b.Register(t.Context(), clerk, "again", form(t, 1)); err != nil {
			t.Errorf("a new case after the report: %v", err)
		}
	})
}

func (b *bench) verbs(t *testing.T, id string) []audit.Verb {
	t.Helper()
	var verbs []audit.Verb
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
		entries, err := tx.Entries(t.Context(), id)
		for _, e := range entries {
			verbs = append(verbs, e.Verb)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return verbs
}

func TestAtTheDeadlineTheReportNamesTheGapAndALateAnswerMakesASupplement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 5*time.Second) // by then all the others have answered, on a busy machine too
		var mu sync.Mutex
		down := true
		b.sources["housing_fund"].answer = func(source.Query, int) (source.Answer, error) {
			mu.Lock()
			defer mu.Unlock()
			if down {
				return source.Answer{}, errDown
			}
			return source.Answer{Outcome: source.None, AsOf: time.Now()}, nil
		}
		b.start(t)
		id := b.accepted(t, form(t, 2))
		b.await(t, id, hedui.Summarised)
		content := b.issue(t, id)
		if content.Conclusion.Code != hedui.Incomplete || len(content.Gaps) != 1 || content.Gaps[0].Category != "housing_fund" {
			t.Errorf("conclusion %s, gaps %+v, want INCOMPLETE for the housing fund", content.Conclusion.Code, content.Gaps)
		}
		mu.Lock()
		down = false
		mu.Unlock()
		b.await(t, id, hedui.Summarised)
		if err := b.settled(t, id, 0); err != nil {
			t.Fatal(err)
		}
		after := b.issue(t, id)
		if after.Version != 2 || after.Number != content.Number || len(after.Gaps) != 0 || len(after.Changes) == 0 {
			t.Errorf("version %d, number kept %v, %d gaps, %d changes", after.Version, after.Number == content.Number, len(after.Gaps), len(after.Changes))
		}
	})
}

// settled waits until no more queries of the case are open than are left.
func (b *bench) settled(t *testing.T, id string, left int) error {
	t.Helper()
	for range 300 {
		open := 0
		err := b.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
			open, err = tx.CountOpen(t.Context(), id)
			return err
		})
		if err != nil || open <= left {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return errors.New("queries stay open")
}

func TestALateAnswerAfterReviewTakesTheReviewBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 2*time.Second)
		release := make(chan struct{})
		b.sources["land"].answer = func(source.Query, int) (source.Answer, error) {
			<-release
			return source.Answer{Outcome: source.None}, nil
		}
		b.start(t)
		id := b.accepted(t, form(t, 3))
		b.await(t, id, hedui.Summarised)
		if _, err := b.Review(t.Context(), second, id); err != nil {
			t.Fatal(err)
		}
		close(release)
		b.await(t, id, hedui.Summarised)
		if _, err := b.Seal(t.Context(), signer, id); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("sealed what nobody has reviewed: %v", err)
		}
	})
}

// A department that only ever says "later", and one that does not answer at all
// before the deadline, are gaps with a reason like any other.
func TestWaitingAtTheDeadlineIsAGapWithAReason(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 2*time.Second)
		b.sources["land"].answer = func(source.Query, int) (source.Answer, error) {
			return source.Answer{Later: &source.Later{Token: "T"}}, nil
		}
		release := make(chan struct{})
		b.sources["vehicle"].answer = func(source.Query, int) (source.Answer, error) {
			<-release
			return source.Answer{Outcome: source.None}, nil
		}
		b.start(t)
		t.Cleanup(func() { close(release) }) // before the desk is stopped
		id := b.accepted(t, form(t, 13))
		b.await(t, id, hedui.Summarised)
		content := b.issue(t, id)
		if len(content.Gaps) != 2 || content.Conclusion.Code != hedui.Incomplete {
			t.Fatalf("conclusion %s, gaps %+v", content.Conclusion.Code, content.Gaps)
		}
		for _, g := range content.Gaps {
			if g.Text == "" || strings.Contains(g.Text, "（）") {
				t.Errorf("%s: the gap has no reason: %q", g.Category, g.Text)
			}
		}
	})
}

func TestWorkSentBackComesForwardAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.start(t)
		id := b.accepted(t, form(t, 12))
		b.await(t, id, hedui.Summarised)
		if _, err := b.SendBack(t.Context(), second, id, hedui.Say("step.objection")); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Finish(t.Context(), second, id); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("the reviewer does the verifier's work: %v", err)
		}
		if _, err := b.Finish(t.Context(), receiver, id); err != nil {
			t.Fatal(err)
		}
		if content := b.issue(t, id); content.Conclusion.Code != hedui.NoFinding {
			t.Errorf("conclusion %s", content.Conclusion.Code)
		}
	})
}

func TestNobodyIsAskedAfterTermination(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		id := b.accepted(t, form(t, 4))
		if _, err := b.Terminate(t.Context(), receiver, id, hedui.Say("step.withdrawn")); err != nil {
			t.Fatal(err)
		}
		b.start(t)
		if err := b.settled(t, id, 0); err != nil {
			t.Fatal(err)
		}
		for code, f := range b.sources {
			if n := len(f.times()); n != 0 {
				t.Errorf("%s was asked %d times after the end", code, n)
			}
		}
	})
}

func TestASuspendedCaseIsNotAskedAboutUntilItResumes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		id := b.accepted(t, form(t, 5))
		if _, err := b.Suspend(t.Context(), receiver, id, hedui.Say("step.waiting")); err != nil {
			t.Fatal(err)
		}
		b.start(t)
		time.Sleep(300 * time.Millisecond)
		for code, f := range b.sources {
			if n := len(f.times()); n != 0 {
				t.Errorf("%s was asked %d times while suspended", code, n)
			}
		}
		if _, err := b.Resume(t.Context(), receiver, id); err != nil {
			t.Fatal(err)
		}
		b.await(t, id, hedui.Summarised)
	})
}

func TestLooksAreRecordedOnceInSomeMinutes(t *testing.T) {
	var l looks
	at := time.Now()
	for i, want := range []bool{true, false, true} {
		if got := l.again("o", "c", at.Add(time.Duration(i)*6*time.Minute)); got != want {
			t.Errorf("look %d recorded: %v, want %v", i+1, got, want)
		}
	}
	if !l.again("p", "c", at) || !l.again("o", "d", at) {
		t.Error("another officer or case is another look")
	}
}

func TestAnExpiredConsentIsNeverSent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 1000*time.Hour*2)
		id := b.accepted(t, form(t, 6))
		b.Now = func() time.Time { return time.Now().AddDate(0, 2, 0) }
		b.runner.Now = b.Now
		b.start(t)
		b.await(t, id, hedui.Summarised)
		for code, f := range b.sources {
			if n := len(f.times()); n != 0 {
				t.Errorf("%s was asked %d times on an expired consent", code, n)
			}
		}
		v, err := b.Look(t.Context(), receiver, id)
		if err != nil || v.Assessment.Conclusion != hedui.UnableToConfirm || v.Grid[0].Reason != source.ReasonMandate {
			t.Errorf("conclusion %s, reason %s, %v", v.Assessment.Conclusion, v.Grid[0].Reason, err)
		}
	})
}

func TestAnObjectionAsksAgainAndKeepsTheFirstAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.sources["business"].answer = func(_ source.Query, n int) (source.Answer, error) {
			if strings.HasSuffix(fmt.Sprint(n), "1") {
				return source.Answer{Outcome: source.Found, Match: source.MatchIDName, Records: []catalog.Record{{"name": "某公司"}}}, nil
			}
			return source.Answer{Outcome: source.None}, nil
		}
		b.start(t)
		id := b.accepted(t, form(t, 7))
		b.await(t, id, hedui.Summarised)
		b.issue(t, id)
		if _, err := b.Object(t.Context(), civil, id, hedui.Say("step.objection")); err != nil {
			t.Fatal(err)
		}
		b.sources["business"].mu.Lock()
		b.sources["business"].answer = nil
		b.sources["business"].mu.Unlock()
		if _, err := b.AskAgain(t.Context(), receiver, id, hedui.Say("step.objection"), []catalog.Code{"business"}); err != nil {
			t.Fatal(err)
		}
		b.await(t, id, hedui.Summarised)
		after := b.issue(t, id)
		if after.Version != 2 || after.Conclusion.Code != hedui.NoFinding {
			t.Errorf("version %d concludes %s, want 2 and NO_FINDING", after.Version, after.Conclusion.Code)
		}
		first, err := b.Copy(t.Context(), civil, id, 1, "json")
		if err != nil || !strings.Contains(string(first.Body), "SUSPECT") {
			t.Errorf("the first version has changed: %v", err)
		}
	})
}

func TestWhatWasTypedIsKeptWhenItIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		f := form(t, 8)
		f.Persons[1].ID, f.Division = "33020019680101001Y", "999999"
		f.Income = []hedui.FormIncome{{Person: 1, Class: "wage", Monthly: "一千"}}
		_, err := b.Register(t.Context(), clerk, "draft-8", f)
		var e *hedui.Error
		if !errors.As(err, &e) || e.Kind != hedui.Invalid || len(e.Problems) < 3 {
			t.Fatalf("got %v, want an Invalid error that names every problem", err)
		}
		for _, p := range e.Problems {
			if !lang.Has(p.Say.Key) {
				t.Errorf("no text for %s", p.Say.Key)
			}
		}
		if strings.Contains(err.Error(), f.Persons[1].ID) || strings.Contains(err.Error(), f.Persons[0].ID) {
			t.Error("the error quotes an identity number")
		}
		kept, err := b.Draft(t.Context(), clerk, "draft-8")
		if err != nil {
			t.Fatal(err)
		}
		want, _ := json.Marshal(f)
		if got, _ := json.Marshal(kept); string(got) != string(want) {
			t.Error("the draft is not what was typed")
		}
		if _, err := b.Draft(t.Context(), civil, "draft-8"); err == nil {
			t.Error("another officer reads the draft")
		}
	})
}

func TestOneHouseholdHasOneRunningCase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			wg.Go(func() { _, errs[i] = b.Register(t.Context(), clerk, fmt.Sprint("d", i), form(t, 9)) })
		}
		wg.Wait()
		opened := 0
		for _, err := range errs {
			switch {
			case err == nil:
				opened++
			case hedui.KindOf(err) != hedui.Conflict:
				t.Errorf("got %v, want a conflict", err)
			}
		}
		if opened != 1 {
			t.Errorf("%d cases were opened at once, want 1", opened)
		}
	})
}

func TestEveryActNeedsItsRightAndARefusalIsRecorded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		nobody := officer("nobody")
		id := b.accepted(t, form(t, 10))
		ctx, why := t.Context(), hedui.Say("step.objection")
		acts := map[string]func() error{
			"register":   func() error { _, err := b.Register(ctx, nobody, "x", form(t, 11)); return err },
			"terminate":  func() error { _, err := b.Terminate(ctx, nobody, id, why); return err },
			"suspend":    func() error { _, err := b.Suspend(ctx, nobody, id, why); return err },
			"look":       func() error { _, err := b.Look(ctx, nobody, id); return err },
			"list":       func() error { _, err := b.Cases(ctx, nobody, store.Filter{}); return err },
			"copy":       func() error { _, err := b.Copy(ctx, nobody, id, 1, "pdf"); return err },
			"find":       func() error { _, err := b.CaseOf(ctx, nobody, form(t, 10)); return err },
			"other town": func() error { o := receiver; o.Division = "330282"; _, err := b.Look(ctx, o, id); return err },
		}
		for name, act := range acts {
			if err := act(); hedui.KindOf(err) != hedui.Forbidden {
				t.Errorf("%s: %v, want forbidden", name, err)
			}
		}
		refused := 0
		for _, v := range b.verbs(t, id) {
			if v == audit.Refused {
				refused++
			}
		}
		if refused < 5 {
			t.Errorf("%d refusals recorded for the case, want at least 5", refused)
		}
	})
}

// An objection and an outage together must not make a finding disappear.
func TestAnOutageAfterAnObjectionKeepsTheFirstAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Second)
		var mu sync.Mutex
		down := false
		b.sources["business"].answer = func(source.Query, int) (source.Answer, error) {
			mu.Lock()
			defer mu.Unlock()
			if down {
				return source.Answer{}, errDown
			}
			return source.Answer{Outcome: source.Found, Match: source.MatchIDName, Records: []catalog.Record{{"name": "某公司"}}}, nil
		}
		b.start(t)
		id := b.accepted(t, form(t, 14))
		b.await(t, id, hedui.Summarised)
		b.issue(t, id)
		if _, err := b.Object(t.Context(), civil, id, hedui.Say("step.objection")); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		down = true
		mu.Unlock()
		before := time.Now()
		c, err := b.AskAgain(t.Context(), receiver, id, hedui.Say("step.objection"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.DueAt.Before(before.Add(time.Second)) {
			t.Errorf("the new round is due at %v, before its time", c.DueAt)
		}
		b.await(t, id, hedui.Summarised)
		if content := b.issue(t, id); content.Conclusion.Code != hedui.Suspect {
			t.Errorf("version 2 concludes %s, want SUSPECT as before", content.Conclusion.Code)
		}
	})
}

// An answer that comes while an objection is open becomes a supplement once the
// report is confirmed.
func TestALateAnswerDuringAnObjectionIsNotLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 2*time.Second)
		release := make(chan struct{})
		b.sources["land"].answer = func(source.Query, int) (source.Answer, error) {
			<-release
			return source.Answer{Outcome: source.None}, nil
		}
		b.start(t)
		once := sync.OnceFunc(func() { close(release) })
		t.Cleanup(once)
		id := b.accepted(t, form(t, 15))
		b.await(t, id, hedui.Summarised)
		b.issue(t, id)
		if _, err := b.Object(t.Context(), civil, id, hedui.Say("step.objection")); err != nil {
			t.Fatal(err)
		}
		once()
		if err := b.settled(t, id, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Confirm(t.Context(), receiver, id, hedui.Say("step.objection")); err != nil {
			t.Fatal(err)
		}
		b.await(t, id, hedui.Summarised)
		if content := b.issue(t, id); content.Version != 2 || len(content.Gaps) != 0 {
			t.Errorf("version %d with %d gaps, want 2 without", content.Version, len(content.Gaps))
		}
	})
}

// All answers came while the case was suspended: it does not wait for its
// deadline, and what was reviewed before is reviewed again.
func TestAnswersDuringASuspensionCountAfterIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		release := make(chan struct{})
		b.sources["land"].answer = func(source.Query, int) (source.Answer, error) {
			<-release
			return source.Answer{Outcome: source.None}, nil
		}
		b.start(t)
		once := sync.OnceFunc(func() { close(release) })
		t.Cleanup(once)
		id := b.accepted(t, form(t, 16))
		if err := b.settled(t, id, 2); err != nil { // all but land, which is being asked
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if _, err := b.Suspend(t.Context(), receiver, id, hedui.Say("step.waiting")); err != nil {
			t.Fatal(err)
		}
		once()
		if err := b.settled(t, id, 0); err != nil {
			t.Fatal(err)
		}
		if c, err := b.Resume(t.Context(), receiver, id); err != nil || c.Stage != hedui.Summarised {
			t.Errorf("resumed: %v at %s, want summarised", err, c.Stage)
		}
	})
}

// Consents can be given one by one; each is kept.
func TestConsentsOfAReturnedCaseAreKeptOneByOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		ctx := t.Context()
		f := form(t, 17)
		c, err := b.Register(ctx, clerk, "d", f)
		if err != nil {
			t.Fatal(err)
		}
		later := time.Now().AddDate(0, 2, 0) // the first consents have ended
		b.Now = func() time.Time { return later }
		if _, err := b.Commission(ctx, civil, c.ID); hedui.KindOf(err) != hedui.Invalid {
			t.Fatalf("commissioned on ended consents: %v", err)
		}
		fresh, problems := f.ReadConsents(c, later)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for i, want := range []int{1, 0} {
			_, missing, err := b.AddConsents(ctx, clerk, c.ID, fresh[i:i+1])
			if err != nil || len(missing) != want {
				t.Fatalf("consent %d: %v, %d missing, want %d", i+1, err, len(missing), want)
			}
		}
		if _, err := b.Commission(ctx, civil, c.ID); err != nil {
			t.Errorf("commission: %v", err)
		}
	})
}

// A son who owes his parents support may apply for himself.
func TestAnObligorMayHaveACaseOfHisOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		f := form(t, 18)
		f.Persons[1].Role, f.Persons[1].Relation = "obligor", "son"
		if _, err := b.Register(t.Context(), clerk, "a", f); err != nil {
			t.Fatal(err)
		}
		own := hedui.Form{Programme: f.Programme, Division: f.Division, Office: f.Office, Persons: f.Persons[1:], Consents: f.Consents[:1]}
		own.Persons = []hedui.FormPerson{{Name: f.Persons[1].Name, ID: f.Persons[1].ID, Relation: "self"}}
		if _, err := b.Register(t.Context(), clerk, "b", own); err != nil {
			t.Errorf("the son's own case: %v", err)
		}
		if _, err := b.Register(t.Context(), clerk, "c", own); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a second one: %v, want a conflict", err)
		}
	})
}

// While a source is left alone nothing is written about its queries.
func TestASourceThatIsLeftAloneCostsNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.sources["land"].answer = func(source.Query, int) (source.Answer, error) { return source.Answer{}, errDown }
		b.start(t)
		for n := range 12 {
			b.accepted(t, form(t, 20+n))
		}
		g := b.guards["land"]
		for range 400 {
			if g.breaker.IsOpen() {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		var more int64
		for range 5 { // calls that were under way when the breaker opened end first
			calls := g.calls.Load()
			time.Sleep(time.Second)
			if more = g.calls.Load() - calls; more == 0 && g.hold() > 0 {
				return
			}
		}
		t.Errorf("%d calls while left alone, hold %v", more, g.hold())
	})
}
