package book

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// Mistakes that were seen in programs of this kind; docs/rule-books.md lists them
// with the tests that would catch them.

var onlyApplicant = []Person{{No: 1, Relation: hedui.Self, Birth: day.Must("1970-01-01")}}

// A period is a word, and one that is not known is refused rather than taken for
// another: a flag 1 and 2 that is compared with Y makes months of years.
func TestAPeriodIsAKnownWord(t *testing.T) {
	for _, per := range []string{"1", "2", "Y", "M", "Month", "yearly", " month"} {
		h := &Household{Members: onlyApplicant, Income: []Income{{Person: 1, Class: hedui.Wage, Kind: "wage", Source: "tax", Amount: 100, Per: per}}}
		if wrong := h.Problems(); len(wrong) != 1 || !strings.Contains(wrong[0], "income[0].per") {
			t.Errorf("per %q: %v, want one problem", per, wrong)
		}
	}
	eff := effective(t)
	for per, want := range map[string]string{"month": "1200.00", "year": "100.00", "total": "100.00", "": "100.00"} {
		h := &Household{Members: onlyApplicant, Income: []Income{{Person: 1, Class: hedui.Wage, Kind: "wage", Source: "tax", Amount: 120000, Per: per}}}
		o, err := eff.Assess(h, today, false)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Totals.Monthly.String(); got != want {
			t.Errorf("1,200 yuan per %q are %s a month, want %s", per, got, want)
		}
	}
}

// A book holds from its first day to its last by the day of the application;
// what o'clock it is where the program runs has no part in it.
func TestABookHoldsByTheDayOfTheApplication(t *testing.T) {
	l := library(t)
	for on, want := range map[string]string{"2012-12-31": "nation-2012", "2013-01-01": "nation-2012 ningbo-2013", "2021-06-30": "nation-2012 ningbo-2013", "2021-07-01": "nation-2021 ningbo-today"} {
		eff, err := l.For("330203", hedui.Dibao, day.Must(on))
		if err != nil {
			t.Fatal(err)
		}
		if got := key(eff.Books); got != want {
			t.Errorf("on %s: %s, want %s", on, got, want)
		}
	}
}

// Amounts compare as amounts: as texts, "9,000.00" is more than "42,336.00" and
// "100,000.00" less.
func TestAmountsCompareAsAmounts(t *testing.T) {
	eff := effective(t)
	limit := money.Fen(1411200)
	for _, c := range []struct {
		deposit money.Fen
		want    Side
	}{{900000, AtOrUnder}, {10000000, Over}, {limit, AtOrUnder}, {limit + 1, Over}} {
		h := &Household{Members: onlyApplicant, Things: []Thing{{Person: 1, Kind: "deposit", Value: c.deposit}}}
		o, err := eff.Assess(h, today, false)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.Rule.Name == "financial" })
		if l := o.Lines[i]; l.Side != c.want || money.Fen(l.Limit) != limit {
			t.Errorf("%s beside %s: %s, want %s", c.deposit.Grouped(), money.Fen(l.Limit).Grouped(), l.Side, c.want)
		}
	}
	if "9,000.00" < limit.Grouped() || "100,000.00" > limit.Grouped() {
		t.Error("as texts they would compare the same: the test shows nothing")
	}
}

// Sums are exact: the same deposits in floating point are beyond the limit.
func TestSumsAreExact(t *testing.T) {
	h, sum := &Household{Members: onlyApplicant}, 0.0
	for _, yuan := range []string{"609.03", "11065.20", "2437.77"} {
		f, err := money.Parse(yuan)
		if err != nil {
			t.Fatal(err)
		}
		h.Things = append(h.Things, Thing{Person: 1, Kind: "deposit", Value: f})
		inexact, err := strconv.ParseFloat(yuan, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += inexact
	}
	for range 1000 {
		h.Income = append(h.Income, Income{Person: 1, Class: hedui.OtherIncome, Kind: "gift", Source: "other", Amount: 10, From: today.AddMonths(-1), To: today.AddMonths(-1)})
	}
	o, err := effective(t).Assess(h, today, false)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(o.Lines, func(l Line) bool { return l.Rule.Name == "financial" })
	if got := o.Lines[i].String(); got != "at_or_under 14112.00 14112.00" {
		t.Errorf("deposits: %s", got)
	}
	if got := o.Totals.Window.String(); got != "100.00" {
		t.Errorf("a thousand times 0.10 is %s", got)
	}
	tenth := 0.0
	for range 1000 {
		tenth += 0.1
	}
	if sum <= 14112 || tenth == 100 {
		t.Errorf("floating point gives %v and %v too: the test shows nothing", sum, tenth)
	}
}

// No division is known to the engine: where the books are those of Chengdu, all
// cases come out there as they do in Ningbo.
func TestNoDivisionIsKnownToTheEngine(t *testing.T) {
	moved := strings.NewReplacer(`"3302`, `"5101`, `"9901`, `"4401`, `"9902`, `"3501`)
	files := fstest.MapFS{}
	err := fs.WalkDir(Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(Files(), name)
		files[name] = &fstest.MapFile{Data: []byte(moved.Replace(string(text)))}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	there, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	here := library(t)
	cases, err := ReadCases(Files())
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		c := cases[i]
		want, err := c.Run(here, false)
		if err != nil {
			t.Fatal(err)
		}
		was := c.Division
		c.Division = strings.Trim(moved.Replace(`"`+was), `"`)
		got, err := c.Run(there, false)
		if err != nil || was == c.Division {
			t.Fatalf("%s in %s: %v", c.Name, c.Division, err)
		}
		if !slices.Equal(got.Summary(), want.Summary()) || got.Totals != want.Totals {
			t.Errorf("%s: %v, in %s %v", c.Name, want.Summary(), c.Division, got.Summary())
		}
	}
}

// A formula that cannot be worked out is named, and nothing is concluded: it is
// not taken for a condition that does not hold.
func TestAFormulaThatFailsIsNotSilent(t *testing.T) {
	files := fstest.MapFS{"county.yaml": {Data: []byte(`book: county
place: "330203"
from: 2013-01-01
title: {zh: 甲, en: A}
flags:
  old: {each: member, flag: OLD_RECORD, weight: note, when: member.died_on < date, title: {zh: 甲, en: A}}
`)}}
	for _, name := range []string{"nation-2012.yaml", "ningbo-2013.yaml"} {
		text, err := fs.ReadFile(Files(), name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = &fstest.MapFile{Data: text}
	}
	l, err := Read(files)
	if err != nil {
		t.Fatal(err)
	}
	eff, err := l.For("330203", hedui.Dibao, today)
	if err != nil {
		t.Fatal(err)
	}
	o, err := eff.Assess(&Household{Members: onlyApplicant}, today, false)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(o.Failed, []string{"flags.old.when"}) || o.Conclusion != hedui.UnableToConfirm {
		t.Errorf("failed %v, concluded %s", o.Failed, o.Conclusion)
	}
}

// The tests that docs/rule-books.md names are there.
func TestNamedTestsAreThere(t *testing.T) {
	page, err := os.ReadFile("../../../docs/rule-books.md")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	err = fs.WalkDir(os.DirFS("../../.."), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile("../../../" + name)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(string(page), -1)
	if len(names) < 20 {
		t.Errorf("%d tests are named, want those of the table", len(names))
	}
	for _, n := range names {
		if !strings.Contains(all.String(), "func "+n[1]+"(t *testing.T)") {
			t.Errorf("docs/rule-books.md names %s, which is not there", n[1])
		}
	}
}
