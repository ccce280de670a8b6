package book

import (
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

func library(t testing.TB) *Library {
	t.Helper()
	l, err := Read(Files())
	if err == nil {
		err = l.Check()
	}
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The worked cases, and a text in both languages for all they say.
func TestWorkedCases(t *testing.T) {
	l := library(t)
	cases, err := ReadCases(Files())
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 35 {
		t.Fatalf("%d cases, want all of them", len(cases))
	}
	open := regexp.MustCompile(`⟦|\{\d\}`)
	for i := range cases {
		c := &cases[i]
		t.Run(c.Name, func(t *testing.T) {
			o, err := c.Run(l, true)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range c.Expect.Compare(o) {
				t.Errorf("%s: got %s, want %s", d.What, d.Got, d.Want)
			}
			if len(o.Failed) > 0 {
				t.Errorf("could not be worked out: %v", o.Failed)
			}
			for _, language := range lang.Langs() {
				for j := range o.Steps {
					if s := o.Steps[j].Text(language); open.MatchString(s) {
						t.Errorf("step says %q", s)
					}
				}
				for j := range o.Findings {
					f := &o.Findings[j]
					if s := f.Text(language); s == "" || open.MatchString(s) || f.Rule == nil {
						t.Errorf("finding %s %s says %q by %v", f.Kind, f.Flag, s, f.Rule)
					}
				}
			}
			quiet, err := c.Run(l, false)
			if err != nil || len(quiet.Steps) != 0 || !slices.Equal(quiet.Summary(), o.Summary()) {
				t.Errorf("without explanation: %v, %d steps, %v", err, len(quiet.Steps), quiet.Summary())
			}
		})
	}
}

const bad = `book: bad
place: "330200"
from: 2013-01-01
title: {zh: 坏, en: Bad}
parametres: {}
parameters:
  standard: {override: true, type: money, value: "5,88"}
  tolerance_incom: {override: true, type: money, value: "1.00"}
household:
  lodger: {effect: counts, when: "member.relatoin == 'self'", title: {zh: 甲, en: A}}
  cousin: {effect: count, when: "member.relation == 'cosuin'", title: {zh: 甲, en: A}}
income:
  tip: {effect: exempt, kinds: [wages], when: "fact.gross > 100", title: {zh: 甲, en: A}}
  cap: {effect: deduct, amount: "parameters.standard + months", title: {zh: 甲, en: A}}
  sum: {effect: deduct, amount: 'yuan("1.234")', title: {zh: 甲, en: A}}
  who: {effect: deduct, amount: thing.value, title: {zh: 甲, en: A}}
  two: {effect: exempt, when: fact.gross, title: {zh: 甲, en: A}}
  veterans: {effect: exempt, kinds: [veterans_benefit], title: {zh: 甲, en: A}}
`

// Every mistake is told at once, with its place and what was probably meant.
func TestProblemsAreToldAtOnce(t *testing.T) {
	files := fstest.MapFS{"bad.yaml": {Data: []byte(bad)}}
	nation, err := embedded.ReadFile("books/nation-2012.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files["nation-2012.yaml"] = &fstest.MapFile{Data: nation}
	l, err := Read(files)
	var first, second *Error
	if !errors.As(err, &first) || !errors.As(l.Check(), &second) {
		t.Fatal("the bad book was taken")
	}
	all := first.Error() + "\n" + second.Error()
	for _, want := range []string{
		`bad.yaml:5:1: parametres: "parametres" is not known here; did you mean "parameters"?`,
		`bad.yaml:7:51: parameters.standard.value: must be an amount in yuan`,
		`bad.yaml:7:3: parameters.standard: overrides nothing`,
		`bad.yaml:8:3: parameters.tolerance_incom: overrides nothing: no book above has it; did you mean parameters.tolerance_income?`,
		`bad.yaml:10:41: household.lodger.when: there is no "relatoin"; did you mean member.relation?`,
		`household.cousin.effect: "count" is not known here; did you mean "counts"?`,
		`household.cousin.when: "cosuin" is not known here`,
		`income.tip.kinds: "wages" is not known here; did you mean "wage"?`,
		`income.tip.when: > does not go with (money, number)`,
		`income.cap.amount: + does not go with (money, number)`,
		`income.sum.amount: "1.234": must be an amount in yuan`,
		`income.who.amount: "thing" is not known here; it can be parameters, household, date, months, fact, member`,
		`income.two.when: gives money and must give yes/no`,
		`bad.yaml:18:3: income.veterans: is defined in nation-2012.yaml:`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("not told: %s", want)
		}
	}
	if t.Failed() {
		t.Log(all)
	}
}

func TestFormulasAreBounded(t *testing.T) {
	l := &Library{made: map[string]made{}}
	for _, formula := range []string{
		"[1, 2].exists(x, x == 1)",
		strings.Repeat("fact.gross > yuan('1') || ", 400) + "true",
		"fact.kind.matches('(a+)+$')",
		"1.5 * 2.0 == 3.0",
	} {
		b, wrong := readBook("b.yaml", []byte("book: b\nplace: \"330200\"\nfrom: 2013-01-01\ntitle: {zh: 甲, en: A}\nincome:\n  x: {effect: exempt, title: {zh: 甲, en: A}, when: \""+formula+"\"}\n"))
		if len(wrong) > 0 {
			t.Fatal(wrong)
		}
		l.Books = []*Book{b}
		if _, err := l.For("330203", hedui.Dibao, day.Must("2013-04-01")); err == nil || !strings.Contains(err.Error(), "income.x.when") {
			t.Errorf("%.40s was taken: %v", formula, err)
		}
		clear(l.made)
	}
}

// Nothing that is said is a verdict.
func TestNothingDecides(t *testing.T) {
	verdict := regexp.MustCompile(`(?i)approve|refuse aid|reject|不予批准|批准|不符合条件|拒绝救助|qualif`)
	for _, key := range lang.Keys() {
		for _, language := range lang.Langs() {
			if s := lang.Text(language, key); strings.HasPrefix(key, "book.") && verdict.MatchString(s) {
				t.Errorf("%s decides: %s", key, s)
			}
		}
	}
	for _, b := range library(t).Books {
		for _, e := range b.Entries {
			if verdict.MatchString(e.Title.Zh + e.Title.En) {
				t.Errorf("%s of %s decides", e.ID(), b.Name)
			}
		}
	}
}

// What comes with the program is marked as invented.
func TestEmbeddedBooksAreDemo(t *testing.T) {
	for _, b := range library(t).Books {
		if !b.Demo {
			t.Errorf("%s is not marked demo", b.Name)
		}
		for _, e := range b.Entries {
			if e.Clause == "" && !e.Remove && e.Section != Windows && e.Section != Precedence {
				t.Errorf("%s: %s names no clause", b.Name, e.ID())
			}
		}
	}
}

func TestBooksInherit(t *testing.T) {
	l := library(t)
	eff, err := l.For("330203", hedui.Expenditure, day.Must("2025-04-10"))
	if err != nil {
		t.Fatal(err)
	}
	origin := map[string]string{}
	for _, e := range eff.Entries {
		origin[e.ID()] = e.Book.Name
	}
	want := map[string]string{"parameters.standard": "ningbo-today", "spending.education": "ningbo-expenditure", "income.veterans": "nation-2021", "support.ordered": "ningbo-today"}
	got := maps.Clone(want)
	for id := range got {
		got[id] = origin[id]
	}
	if !maps.Equal(got, want) {
		t.Errorf("origins %v, want %v", got, want)
	}
	if _, there := origin["lines.income"]; there {
		t.Error("lines.income was removed and is there")
	}
	if _, err := l.For("440100", hedui.Expenditure, day.Must("2000-01-01")); !errors.Is(err, ErrNoBook) {
		t.Errorf("before all books: %v, want ErrNoBook", err)
	}
}

func TestBadHouseholdsAreRefusedWithEveryProblem(t *testing.T) {
	h := &Household{Members: []Person{{No: 1, Relation: "slef", Birth: day.Must("1970-01-01")}},
		Income: []Income{{Person: 2, Class: "wage", Kind: "wages", Source: "tax", Amount: -1}}}
	all := strings.Join(h.Problems(), "\n")
	for _, want := range []string{`members[0].relation: "slef"`, "income[0].person: no member", `did you mean "wage"?`, "an amount is negative"} {
		if !strings.Contains(all, want) {
			t.Errorf("not told: %s\n%s", want, all)
		}
	}
	eff, err := library(t).For("330203", hedui.Dibao, day.Must("2013-04-10"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := eff.Assess(h, day.Must("2013-04-10"), true); err == nil {
		t.Error("it was assessed")
	}
}

// The page that officials read explains every word.
func TestVocabularyIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/rule-books.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range Vocabulary() {
		if want := "| `" + w.Object + "." + w.Name + "` | " + w.Type + " |"; !strings.Contains(string(page), want) {
			t.Errorf("docs/rule-books.md has no line %s", want)
		}
	}
	for _, kind := range slices.Concat(incomeKinds, incomeSources, thingKinds, spendingKinds, relations(), classes()) {
		if !lang.Has("book.kind." + kind) {
			t.Errorf("no text for %s", kind)
		}
	}
}
