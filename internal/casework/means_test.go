package casework

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/rule/book"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/money"
	"hedui/source"
)

// A report says what the rules make of the household, and what has changed since
// the household's report before; other households and programmes have no part in it.
func TestAReportHasMeansAndTheReportBefore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		today := day.Of(time.Now())
		first := today.Add(1 - today.Dom())
		b.sources["local_tax"].answer = func(q source.Query, _ int) (source.Answer, error) {
			return source.Answer{Outcome: source.Found, Match: source.MatchIDName, AsOf: time.Now(), Hash: "sha256:00", Records: []catalog.Record{{
				"tax_item": "wage", "income_amount": "60000.00", "period_from": first.AddMonths(-12).String(), "period_to": first.Add(-1).String()}}}, nil
		}
		b.start(t)
		issue := func(f hedui.Form) report.Content {
			id := b.accepted(t, f)
			b.await(t, id, hedui.Summarised)
			return b.issue(t, id)
		}
		declaring := func(n int, monthly ...string) hedui.Form {
			f := form(t, n)
			for i, m := range monthly {
				f.Income = append(f.Income, hedui.FormIncome{Person: i + 1, Class: "wage", Monthly: m})
			}
			return f
		}
		one := issue(declaring(1, "5000", "5000"))
		if one.Earlier != nil {
			t.Errorf("the first report is set beside %s", one.Earlier.Number)
		}
		m := one.Means
		if one.Conclusion.Code != hedui.OverLimit || m.Sums.PerHead != money.Of(5000) || m.Size != 2 || len(m.Income) != 2 || len(m.Books) == 0 {
			t.Fatalf("%s, %+v", one.Conclusion.Code, m)
		}
		if other := issue(declaring(500, "5000", "5000")); other.Earlier != nil {
			t.Error("another household's report is set beside it")
		}
		two := issue(declaring(1, "9000", "5000"))
		if two.Earlier == nil || two.Earlier.Number != one.Number {
			t.Fatalf("not set beside %s: %+v", one.Number, two.Earlier)
		}
		if !slices.ContainsFunc(two.Earlier.Changes, func(c report.Change) bool {
			return c.Kind == report.Changed && c.Before == "5,000.00 元/月" && c.After == "7,000.00 元/月"
		}) {
			t.Errorf("changes: %+v", two.Earlier.Changes)
		}
		spouse := declaring(1, "5000", "5000")
		slices.Reverse(spouse.Persons)
		spouse.Persons[0].Relation, spouse.Persons[1].Relation = "self", "spouse"
		if c := issue(spouse); c.Earlier != nil {
			t.Error("a case of the spouse is no case before of the same applicant")
		}
	})
}

// Somebody who lives in two households is a hint in the second, and a case of the
// same people is none.
func TestAMemberOfAnotherHouseholdIsAHint(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.start(t)
		hinted := func(f hedui.Form) bool {
			id := b.accepted(t, f)
			b.await(t, id, hedui.Summarised)
			v, err := b.Look(t.Context(), receiver, id)
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(v.Assessment.Means.Hints, func(h hedui.MeansHint) bool { return h.Rule == "flags.other_case" && h.Person == 2 })
		}
		first := form(t, 1)
		if hinted(first) {
			t.Error("a first case is a hint")
		}
		id := b.running(t)
		b.issue(t, id)
		if hinted(first) {
			t.Error("a case of the same household is a hint")
		}
		b.issue(t, b.running(t))
		other := form(t, 500)
		other.Persons[1] = first.Persons[1]
		other.Persons[1].Relation = "sibling"
		if !hinted(other) {
			t.Error("the spouse of another case lives here too, and nobody says so")
		}
	})
}

// running is the only case that is summarised.
func (b *bench) running(t *testing.T) string {
	t.Helper()
	list, err := b.Cases(t.Context(), receiver, store.Filter{Stages: []hedui.Stage{hedui.Summarised}})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d cases are summarised: %v", len(list), err)
	}
	return list[0].ID
}

// Where the rules of a place ask about the family alone, an obligor on the form is
// told at the door, before anybody can be asked.
func TestObligorsWhomNoRuleAsksAboutAreRefused(t *testing.T) {
	db := storetest.Engines()[0].Open(t)
	b := newBench(t, db, time.Hour)
	files := fstest.MapFS{}
	if err := fs.WalkDir(book.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(book.Files(), name)
		files[name] = &fstest.MapFile{Data: regexp.MustCompile(`(obligor_scope: .*value: )\d`).ReplaceAll(text, []byte("${1}0"))}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	rules, err := book.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	f := form(t, 1)
	f.Persons[1].Role, f.Persons[1].Relation = "obligor", "son"
	if _, err := b.Register(t.Context(), clerk, "draft", f); err != nil {
		t.Errorf("where obligors are asked about: %v", err)
	}
	b.Rules = rules
	_, err = b.Register(t.Context(), clerk, "draft", f)
	var wrong *hedui.Error
	if !errors.As(err, &wrong) || len(wrong.Problems) != 1 || wrong.Problems[0].Field != "persons[1].role" {
		t.Errorf("got %v", err)
	}
}
