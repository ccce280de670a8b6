package book

import (
	"slices"
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
)

// A category that has a tolerance of its own goes by it, even by none at all.
func TestTolerancesOfCategories(t *testing.T) {
	eff, err := library(t).For("990101", hedui.Dibao, day.Must("2013-04-10"))
	if err != nil {
		t.Fatal(err)
	}
	tol := eff.Tolerances()
	for _, c := range []struct {
		code   catalog.Code
		income bool
		want   string
	}{{"deposits", false, "200.00"}, {"deposits", true, "200.00"}, {"securities", false, "100.00"}, {catalog.LocalTax, true, "50.00"}, {catalog.HousingFund, false, "0.00"}} {
		if got := tol.For(c.code, c.income).String(); got != c.want {
			t.Errorf("%s, income %t: got %s, want %s", c.code, c.income, got, c.want)
		}
	}
	if tol.StaleDays != 100 {
		t.Errorf("stale after %d days, want 100", tol.StaleDays)
	}
	tol.By["deposits"] = 1
	if got := eff.Tolerances().By["deposits"]; got != 20000 {
		t.Errorf("a caller changed the books: %s", got)
	}
	for kind, code := range categoryOf {
		if c, ok := catalog.Get(code); !ok || !c.BearsOn(catalog.Property) {
			t.Errorf("%s belongs to %s, which is no category of property", kind, code)
		}
	}
}

func TestParametersOfTheEngineAreCheckedWhenRead(t *testing.T) {
	_, wrong := readBook("b.yaml", []byte(`book: b
place: "330200"
from: 2013-01-01
title: {zh: 甲, en: A}
parameters:
  tolerance_deposit: {type: money, value: "1.00"}
  tolerance_housing: {type: number, value: 1}
  tolerance_local_tax: {type: money, value: "1.00"}
  obligor_scope: {type: number, value: 3}
`))
	all := (&Error{wrong}).Error()
	for _, want := range []string{
		`b.yaml:6:3: parameters.tolerance_deposit: a tolerance is of income, of property or of a category: "deposit" is not known here; did you mean "deposits"?`,
		`b.yaml:7:29: parameters.tolerance_housing.type: a tolerance has the type money`,
		`b.yaml:9:40: parameters.obligor_scope.value: must be 0 (the family), 1 (also the obligors) or 2`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("not told: %s", want)
		}
	}
	if len(wrong) != 3 {
		t.Errorf("%d problems, want 3:\n%s", len(wrong), all)
	}
}

// Who is asked about is a matter of place and time, and says itself where it cuts off.
func TestObligorScope(t *testing.T) {
	l := library(t)
	h := &Household{Members: []Person{{No: 1, Relation: hedui.Self, Birth: day.Must("1940-01-01")}}, Obligors: []Obligor{{Relation: hedui.Son, Size: 1, Income: 630000}}}
	for division, want := range map[string]int{"990201": 0, "330203": 1, "990101": 2} {
		eff, err := l.For(division, hedui.Dibao, day.Must("2013-04-10"))
		if err != nil {
			t.Fatal(err)
		}
		if got := eff.ObligorScope(); got != want {
			t.Errorf("%s: scope %d, want %d", division, got, want)
		}
		o, err := eff.Assess(h, day.Must("2013-04-10"), true)
		if err != nil {
			t.Fatal(err)
		}
		why := slices.ContainsFunc(o.Steps, func(s Step) bool {
			return s.Key == "book.step.support.scope" && s.Rule.ID() == "parameters.obligor_scope"
		})
		if why != (want == 0) || (o.Totals.Support == 0) != (want == 0) {
			t.Errorf("%s: scope %d, said %t, support %s", division, want, why, o.Totals.Support)
		}
	}
}
