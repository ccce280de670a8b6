package hedui

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/source"
)

func TestEveryMoveOfAnItemToExplain(t *testing.T) {
	want := strings.Fields(`
		open         .x....xxx
		entered      x.xxxx.xx
		explained    .x.....x.
		confirmed    .x.....x.
		source_error xx.....x.
		not_theirs   .x.....x.
		overdue      .x.....xx
		gone         x........
		ended        .........`)
	states := ExplanationStates()
	if len(want) != 2*len(states) {
		t.Fatalf("%d states in the table, want %d", len(want)/2, len(states))
	}
	for i, from := range states {
		row := ""
		for _, to := range states {
			if from.CanBecome(to) {
				row += "x"
			} else {
				row += "."
			}
		}
		if want[2*i] != string(from) || want[2*i+1] != row {
			t.Errorf("%s may become %s, want %s %s", from, row, want[2*i], want[2*i+1])
		}
	}
}

var asked = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// grid is one answer with records, asked in a round.
func grid(id string, records ...catalog.Record) []Query {
	return []Query{{ID: id, Person: 1, Category: catalog.Business, Source: "saic", Department: "某局", State: Answered, Outcome: source.Found, Records: records}}
}

func undeclared(q Query) Assessment {
	f := Finding{Kind: Undeclared, Person: 1, Category: catalog.Business, Class: "enterprise", Reason: Say("rule.diff.UNDECLARED.none", "1")}
	for i := range q.Records {
		f.Facts = append(f.Facts, Fact{Query: q.ID, Record: i})
	}
	return Assessment{Findings: []Finding{f, {Kind: Stale, Category: catalog.Business, Person: 1}}}
}

func open(t *testing.T) Explanation {
	t.Helper()
	g := grid("q1", catalog.Record{"name": "甲公司"}, catalog.Record{"name": "乙公司"})
	all, changed := undeclared(g[0]).Explain("c", g, nil, asked, asked.AddDate(0, 0, 5), func() string { return "I" })
	if len(all) != 1 || len(changed) != 1 {
		t.Fatalf("%d items and %d changed, want one: what is not suspicious needs no explanation", len(all), len(changed))
	}
	return all[0]
}

func TestAssessingAgainGivesTheSameItem(t *testing.T) {
	e := open(t)
	ids := func() string { t.Error("another item was opened"); return "J" }
	again := grid("q2", catalog.Record{"name": "乙公司"}, catalog.Record{"name": "甲公司"}) // another round, another order
	all, changed := undeclared(again[0]).Explain("c", again, []Explanation{e}, asked.Add(time.Hour), asked, ids)
	if len(all) != 1 || len(changed) != 0 {
		t.Errorf("%d items, %d changed: the same records are the same item", len(all), len(changed))
	}
	_, changed = Assessment{}.Explain("c", nil, all, asked.Add(time.Hour), asked, ids)
	if len(changed) != 1 || changed[0].State != ExplanationGone {
		t.Fatalf("the finding is not there any more: %+v", changed)
	}
	later := asked.AddDate(0, 0, 9)
	_, changed = undeclared(again[0]).Explain("c", again, changed, later, later.AddDate(0, 0, 5), ids)
	if len(changed) != 1 || changed[0].State != ExplanationOpen || changed[0].ID != e.ID || !changed[0].DueAt.After(later) {
		t.Errorf("a finding that came back: %+v", changed)
	}
	other := grid("q3", catalog.Record{"name": "甲公司"}, catalog.Record{"name": "丙公司"})
	all, changed = undeclared(other[0]).Explain("c", other, []Explanation{e}, later, later, func() string { return "J" })
	if len(all) != 2 || len(changed) != 2 || changed[0].State != ExplanationGone || changed[1].State != ExplanationOpen {
		t.Errorf("another record is another question: %+v", changed)
	}
}

func TestAnOutcomeIsEnteredWithEverythingItNeeds(t *testing.T) {
	first := Officer{ID: "first"}
	for _, c := range []struct {
		name string
		in   ExplanationEntry
		want []string
	}{
		{"nothing", ExplanationEntry{}, []string{"outcome", "text"}},
		{"a state that is no outcome", ExplanationEntry{Outcome: ExplanationGone, Text: "x"}, []string{"outcome"}},
		{"explained without evidence", ExplanationEntry{Outcome: ExplanationDone, Text: "x"}, []string{"evidence"}},
		{"a record that there is not", ExplanationEntry{Outcome: ExplanationWrong, Text: "x", Wrong: []int{1, 3}}, []string{"wrong"}},
		{"records where none is wrong", ExplanationEntry{Outcome: ExplanationTrue, Text: "x", Wrong: []int{1}}, []string{"wrong"}},
		{"much too long", ExplanationEntry{Outcome: ExplanationTrue, Text: strings.Repeat("字", maxExplanation+1)}, []string{"text"}},
		{"admitted", ExplanationEntry{Outcome: ExplanationTrue, Text: "x"}, nil},
		{"one record is wrong", ExplanationEntry{Outcome: ExplanationWrong, Text: "x", Wrong: []int{2}}, nil},
	} {
		e := open(t)
		err := e.Enter(first, c.in, asked)
		var got []string
		var known *Error
		if errors.As(err, &known) {
			for _, p := range known.Problems {
				got = append(got, p.Field)
			}
		}
		if !slices.Equal(got, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want problems of %v", c.name, err, c.want)
		}
		if (e.State == ExplanationEntered) != (c.want == nil) {
			t.Errorf("%s: the item is %s", c.name, e.State)
		}
	}
}

func TestASecondPersonConfirmsOrSendsBack(t *testing.T) {
	first, second, helper := Officer{ID: "first"}, Officer{ID: "second"}, Officer{ID: "helper"}
	e := open(t)
	if err := e.Attach(Evidence{ID: "V", Digest: "sha256:1", By: "helper"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Settle(second, asked); KindOf(err) != Conflict {
		t.Errorf("nothing was entered: %v", err)
	}
	if err := e.Enter(first, ExplanationEntry{Outcome: ExplanationDone, Text: "2006 年报废"}, asked); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Officer{first, helper} {
		if err := e.Settle(o, asked); KindOf(err) != Forbidden {
			t.Errorf("%s confirms what is his own: %v", o.ID, err)
		}
	}
	if err := e.Attach(Evidence{ID: "W", Digest: "sha256:2", By: "first"}); KindOf(err) != Conflict {
		t.Errorf("evidence under the eyes of the second officer: %v", err)
	}
	if err := e.SendBack(second, "", asked); KindOf(err) != Invalid {
		t.Errorf("sent back without a reason: %v", err)
	}
	if err := e.SendBack(second, "照片不清", asked); err != nil || e.State != ExplanationOpen || len(e.Evidence) != 1 {
		t.Errorf("sent back: %v, %s with %d files", err, e.State, len(e.Evidence))
	}
	if err := e.Enter(first, ExplanationEntry{Outcome: ExplanationDone, Text: "补充照片"}, asked); err != nil {
		t.Fatal(err)
	}
	if err := e.Settle(second, asked); err != nil || e.State != ExplanationDone {
		t.Errorf("confirmed: %v, %s", err, e.State)
	}
	if got := len(e.History); got != 5 {
		t.Errorf("%d lines of history, want all five", got)
	}
}

func TestOnlyWhatNobodyHasExplainedIsOverdue(t *testing.T) {
	e := open(t)
	if e.Lapse(e.DueAt.Add(-time.Second)) || !e.Waits(e.DueAt.Add(-time.Second)) {
		t.Error("overdue before its time")
	}
	entered := e
	if err := entered.Enter(Officer{ID: "first"}, ExplanationEntry{Outcome: ExplanationTrue, Text: "x"}, asked); err != nil {
		t.Fatal(err)
	}
	if entered.Lapse(e.DueAt) {
		t.Error("what waits for an officer is not the family's delay")
	}
	if !e.Lapse(e.DueAt) || e.State != ExplanationOverdue || e.Waits(e.DueAt) {
		t.Errorf("at the deadline it is %s", e.State)
	}
	if e.Lapse(e.DueAt) {
		t.Error("a second time changes something")
	}
}

func TestAPromisedReportIsNeverHeldUp(t *testing.T) {
	e := open(t)
	step := func(a Act, s Stage, o, note string) Step {
		return Step{Act: a, Stage: s, Officer: o, Note: Say(note)}
	}
	accepted := step(accepting, Accepted, "receiver", "")
	summary := step("", Summarised, System.ID, "step.all_answered")
	sealed := step(sealing, Issued, "signer", "")
	answered := step("", Summarised, System.ID, explained)
	for _, c := range []struct {
		name  string
		steps []Step
		want  bool
	}{
		{"the first report", []Step{accepted, summary}, false},
		{"the first report, an item of which was explained after review", []Step{accepted, summary, answered}, false},
		{"a late answer", []Step{accepted, summary, sealed, step("", Summarised, System.ID, "step.late_answer")}, false},
		{"an objection", []Step{accepted, summary, sealed, step(asking, Collecting, "receiver", ""), summary}, false},
		{"the version that answers the items", []Step{accepted, summary, sealed, answered}, true},
	} {
		one := &Case{Steps: c.steps}
		if got := one.Unexplained([]Explanation{e}, asked) != nil; got != c.want {
			t.Errorf("%s is held up: %v", c.name, got)
		}
		if one.Unexplained([]Explanation{e}, e.DueAt) != nil {
			t.Errorf("%s is held up after the deadline", c.name)
		}
	}
}

func TestACorrectionIsAnsweredOnce(t *testing.T) {
	k := Correction{Number: "G", State: CorrectionAsked}
	if _, err := k.Take(CorrectionAsked, "x", asked); KindOf(err) != Invalid {
		t.Errorf("no answer: %v", err)
	}
	if _, err := k.Take(CorrectionMade, " ", asked); KindOf(err) != Invalid {
		t.Errorf("no reason: %v", err)
	}
	if same, err := k.Take(CorrectionMade, "已注销", asked); same || err != nil {
		t.Errorf("%v %v", same, err)
	}
	if same, err := k.Take(CorrectionMade, "已注销", asked); !same || err != nil {
		t.Errorf("the same once more: %v %v", same, err)
	}
	if _, err := k.Take(CorrectionUpheld, "无误", asked); KindOf(err) != Conflict {
		t.Errorf("typed over: %v", err)
	}
}
