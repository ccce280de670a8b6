package book

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

var (
	today      = day.Must("2016-07-10")
	genAmount  = rapid.Custom(func(t *rapid.T) money.Fen { return money.Fen(rapid.Int64Range(1, 2_000_000).Draw(t, "fen")) })
	genBirth   = rapid.Custom(func(t *rapid.T) day.Day { return today.Add(-rapid.IntRange(100, 30000).Draw(t, "days")) })
	genWithin  = rapid.Custom(func(t *rapid.T) day.Day { return today.Add(-rapid.IntRange(-30, 500).Draw(t, "back")) })
	someKinds  = []string{"wage", "business", "rent", "pension", "resident_pension", "scholarship", "old_age_allowance", "other"}
	someSource = []string{"tax", "payroll", "social_insurance", "other"}
)

func genIncome(people int) *rapid.Generator[Income] {
	return rapid.Custom(func(t *rapid.T) Income {
		f := Income{Person: rapid.IntRange(1, people).Draw(t, "person"), Class: rapid.SampledFrom(hedui.IncomeClasses()).Draw(t, "class"),
			Kind: rapid.SampledFrom(someKinds).Draw(t, "kind"), Source: rapid.SampledFrom(someSource).Draw(t, "source"),
			Declared: rapid.IntRange(0, 3).Draw(t, "declared") == 0, Amount: genAmount.Draw(t, "amount"), Per: rapid.SampledFrom([]string{"month", "year"}).Draw(t, "per")}
		switch rapid.IntRange(0, 3).Draw(t, "period") {
		case 0: // a total by the day, so that every cut of the period cuts it exactly
			f.Per, f.From = "total", genWithin.Draw(t, "from")
			f.To = f.From.Add(rapid.IntRange(1, 200).Draw(t, "days"))
			f.Amount = money.Fen(int64(f.To.Sub(f.From)+1)) * money.Fen(rapid.Int64Range(1, 10_000).Draw(t, "a day"))
		case 1:
			f.From = genWithin.Draw(t, "from")
		case 2:
			f.From = genWithin.Draw(t, "from")
			f.To = f.From.Add(rapid.IntRange(1, 200).Draw(t, "days"))
		}
		return f
	})
}

func genHousehold(t *rapid.T) *Household {
	h := &Household{OnAid: rapid.Bool().Draw(t, "on aid")}
	people := rapid.IntRange(1, 4).Draw(t, "people")
	for i := range people {
		p := Person{No: i + 1, Relation: hedui.Self, Birth: genBirth.Draw(t, "birth")}
		if i > 0 {
			p.Relation = rapid.SampledFrom([]hedui.Relation{hedui.Spouse, hedui.Son, hedui.Parent}).Draw(t, "relation")
			p.Prison = rapid.IntRange(0, 9).Draw(t, "prison") == 0
		}
		h.Members = append(h.Members, p)
	}
	h.Income = rapid.SliceOfN(genIncome(people), 0, 6).Draw(t, "income")
	for range rapid.IntRange(0, 3).Draw(t, "obligors") {
		h.Obligors = append(h.Obligors, Obligor{Relation: hedui.Son, Size: rapid.IntRange(1, 5).Draw(t, "size"), Income: money.Fen(rapid.Int64Range(0, 3_000_000).Draw(t, "income")),
			Children: rapid.IntRange(0, 4).Draw(t, "children"), Supported: rapid.IntRange(0, 3).Draw(t, "supported")})
	}
	for range rapid.IntRange(0, 4).Draw(t, "things") {
		h.Things = append(h.Things, Thing{Person: rapid.IntRange(1, people).Draw(t, "owner"), Kind: rapid.SampledFrom(thingKinds).Draw(t, "kind"), Value: genAmount.Draw(t, "value"),
			Declared: rapid.IntRange(0, 3).Draw(t, "declared") == 0, Active: rapid.Bool().Draw(t, "active")})
	}
	return h
}

func effective(t testing.TB) *Effective {
	t.Helper()
	eff, err := library(t).For("330203", hedui.Dibao, today)
	if err != nil {
		t.Fatal(err)
	}
	return eff
}

func assess(t *rapid.T, eff *Effective, h *Household) *Outcome {
	o, err := eff.Assess(h, today, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.Failed) > 0 {
		t.Fatalf("could not be worked out: %v", o.Failed)
	}
	return o
}

// conclusions is all that a change without meaning must leave as it is.
func conclusions(o *Outcome) string {
	lines := o.Summary()
	slices.Sort(lines)
	return fmt.Sprint(o.Totals, lines)
}

func TestOrderOfFactsNeverMatters(t *testing.T) {
	eff := effective(t)
	rapid.Check(t, func(t *rapid.T) {
		h := genHousehold(t)
		other := *h
		other.Income = rapid.Permutation(h.Income).Draw(t, "income order")
		other.Things = rapid.Permutation(h.Things).Draw(t, "property order")
		other.Obligors = rapid.Permutation(h.Obligors).Draw(t, "obligor order")
		other.Members = rapid.Permutation(h.Members).Draw(t, "member order")
		if a, b := conclusions(assess(t, eff, h)), conclusions(assess(t, eff, &other)); a != b {
			t.Fatalf("\n%s\n%s", a, b)
		}
	})
}

func TestSplittingAPeriodChangesNothing(t *testing.T) {
	eff := effective(t)
	rapid.Check(t, func(t *rapid.T) {
		h := genHousehold(t)
		other := *h
		other.Income = nil
		for _, f := range h.Income {
			if f.From.IsZero() || f.To.IsZero() {
				other.Income = append(other.Income, f)
				continue
			}
			days := f.To.Sub(f.From) + 1
			n := rapid.IntRange(1, days-1).Draw(t, "cut")
			a, b := f, f
			a.To = f.From.Add(n - 1)
			b.From = f.From.Add(n)
			if f.Per == "total" {
				a.Amount = f.Amount / money.Fen(days) * money.Fen(n)
				b.Amount = f.Amount - a.Amount
			}
			other.Income = append(other.Income, a, b)
		}
		if a, b := conclusions(assess(t, eff, h)), conclusions(assess(t, eff, &other)); a != b {
			t.Fatalf("\n%s\n%s", a, b)
		}
	})
}

func TestExemptIncomeAndEmptySourcesChangeNothing(t *testing.T) {
	eff := effective(t)
	rapid.Check(t, func(t *rapid.T) {
		h := genHousehold(t)
		before := assess(t, eff, h)
		h.Income = append(slices.Clone(h.Income), Income{Person: 1, Class: hedui.Transfer, Kind: "veterans_benefit", Source: "veterans", Amount: genAmount.Draw(t, "benefit"), Per: "month"},
			Income{Person: 1, Class: hedui.Wage, Kind: "wage", Source: "tax", Amount: 0, Per: "month"})
		h.Answers = append(h.Answers, Answer{Person: 1, Source: "tax", Outcome: "none", AsOf: today})
		after := assess(t, eff, h)
		if before.Totals != after.Totals {
			t.Fatalf("totals %+v, after %+v", before.Totals, after.Totals)
		}
		for i := range before.Lines {
			if before.Lines[i] != after.Lines[i] {
				t.Fatalf("line %s before %s", after.Lines[i].String(), before.Lines[i].String())
			}
		}
	})
}

func TestMoreIncomeNeverLowersWhatCounts(t *testing.T) {
	eff := effective(t)
	rapid.Check(t, func(t *rapid.T) {
		h := genHousehold(t)
		before := assess(t, eff, h).Totals
		if len(h.Income) == 0 {
			t.Skip("nothing to raise")
		}
		h.Income = slices.Clone(h.Income)
		f := &h.Income[rapid.IntRange(0, len(h.Income)-1).Draw(t, "which")]
		f.Amount += genAmount.Draw(t, "more")
		if after := assess(t, eff, h).Totals; after.Window < before.Window || after.PerHead < before.PerHead {
			t.Fatalf("%s after %s", after.Window, before.Window)
		}
	})
}

func TestSupportIsNeverNegativeAndOfAllFamilies(t *testing.T) {
	eff := effective(t)
	rapid.Check(t, func(t *rapid.T) {
		h := genHousehold(t)
		whole := assess(t, eff, h).Totals.Support
		var sum money.Fen
		for _, o := range h.Obligors {
			one := *h
			one.Obligors = []Obligor{o}
			part := assess(t, eff, &one).Totals.Support
			if part < 0 {
				t.Fatalf("support of %s", part)
			}
			sum += part
		}
		if whole != sum {
			t.Fatalf("all families %s, one by one %s", whole, sum)
		}
	})
}

// A formula that forgets max(0, …) makes no parent poorer.
func TestNegativeSupportIsClamped(t *testing.T) {
	eff := effective(t)
	i := slices.IndexFunc(eff.support, func(r *rule) bool { return r.Name == "share" })
	c, err := newCompiler(mustWords(t, eff))
	if err != nil {
		t.Fatal(err)
	}
	e := &Entry{Book: eff.Books[0], Section: Support, Name: "share", keys: map[string]value{"monthly": {text: `(obligor.per_head - obligor.standard) * ratio("50%")`}}}
	program, _ := c.formula(e, "monthly", Support, moneyType)
	if program == nil {
		t.Fatal(c.problems)
	}
	careless := *eff
	careless.support = slices.Clone(eff.support)
	r := *eff.support[i]
	r.amount = program
	careless.support[i] = &r
	h := &Household{Members: []Person{{No: 1, Relation: hedui.Self, Birth: day.Must("1940-01-01")}}, Obligors: []Obligor{{Relation: hedui.Son, Size: 3, Income: 150000}}}
	o, err := careless.Assess(h, today, true)
	if err != nil {
		t.Fatal(err)
	}
	clamped := slices.ContainsFunc(o.Steps, func(s Step) bool { return s.Key == "book.step.support.clamped" })
	if o.Totals.Support != 0 || !clamped {
		t.Errorf("support %s, said: %v", o.Totals.Support, clamped)
	}
}

func mustWords(t *testing.T, _ *Effective) *dictionary {
	t.Helper()
	d, err := newDictionary(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAYearIsTwelveMonths(t *testing.T) {
	eff := effective(t)
	rapid.Check(t, func(t *rapid.T) {
		h := genHousehold(t)
		yearly := *h
		yearly.Income = slices.Clone(h.Income)
		for i := range yearly.Income {
			if f := &yearly.Income[i]; f.Per == "month" {
				f.Per, f.Amount = "year", 12*f.Amount
			}
		}
		if a, b := assess(t, eff, h).Totals, assess(t, eff, &yearly).Totals; a != b {
			t.Fatalf("%+v, by the year %+v", a, b)
		}
	})
}

func TestDeclaredIsNeverAddedToVerified(t *testing.T) {
	eff := effective(t)
	rapid.Check(t, func(t *rapid.T) {
		h := genHousehold(t)
		for _, c := range assess(t, eff, h).Income {
			if c.Counted != max(c.Verified, c.Declared) {
				t.Fatalf("counted %s of %s declared and %s verified", c.Counted, c.Declared, c.Verified)
			}
		}
	})
}

func TestOneWageFromManySourcesCountsOnce(t *testing.T) {
	eff := effective(t)
	rapid.Check(t, func(t *rapid.T) {
		a := genAmount.Draw(t, "amount")
		h := &Household{Members: []Person{{No: 1, Relation: hedui.Self, Birth: day.Must("1970-01-01")}}}
		for _, source := range rapid.Permutation([]string{"tax", "payroll", "social_insurance"}).Draw(t, "order") {
			h.Income = append(h.Income, Income{Person: 1, Class: hedui.Wage, Kind: "wage", Source: source, Amount: a, Per: "month"})
		}
		if got := assess(t, eff, h).Totals.Monthly; got != a {
			t.Fatalf("%s a month, want %s", got, a)
		}
	})
}

func TestMulDivIsMoney(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, n, d := money.Fen(rapid.Int64().Draw(t, "fen")), rapid.Int64Range(0, 1<<21).Draw(t, "num"), rapid.Int64Range(1, 1<<40).Draw(t, "den")
		if got, want := mulDiv(f, n, d), f.MulDiv(n, d); got != want {
			t.Fatalf("%d × %d ÷ %d = %d, want %d", f, n, d, got, want)
		}
	})
}

func TestRatioRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := Ratio{rapid.Int64Range(0, 1_000_000).Draw(t, "num"), rapid.Int64Range(1, 1_000_000).Draw(t, "den")}
		back, err := ParseRatio(r.String())
		if err != nil || back.Num*r.Den != r.Num*back.Den {
			t.Fatalf("%v prints %s, read %v, %v", r.Num, r, back, err)
		}
	})
	for _, s := range []string{"", "-1", "+5%", "1/0", "1.x", "50 percent", "1e3", ".5"} {
		if r, err := ParseRatio(s); err == nil {
			t.Errorf("%q was read as %v", s, r)
		}
	}
}

// benchHousehold has two adults, a child, wages from three sources, a pension
// and a scholarship, a son who owes support, deposits, a home and a car, and receipts.
func benchHousehold() *Household {
	month := func(person int, class hedui.IncomeClass, kind, source string, amount money.Fen, declared bool) Income {
		return Income{Person: person, Class: class, Kind: kind, Source: source, Amount: amount, Per: "month", Declared: declared, Paid: amount / 10}
	}
	return &Household{
		Members: []Person{{No: 1, Relation: hedui.Self, Birth: day.Must("1970-01-01")}, {No: 2, Relation: hedui.Spouse, Birth: day.Must("1972-01-01"), Ill: true}, {No: 3, Relation: hedui.Son, Birth: day.Must("2005-01-01"), Study: "school"}},
		Income: []Income{month(1, hedui.Wage, "wage", "tax", 150000, false), month(1, hedui.Wage, "wage", "social_insurance", 240000, false), month(1, hedui.Wage, "wage", "payroll", 150000, false),
			month(1, hedui.Wage, "wage", "statement", 140000, true), month(2, hedui.Transfer, "pension", "social_insurance", 50000, false), month(3, hedui.Transfer, "scholarship", "school", 25000, false)},
		Obligors: []Obligor{{Relation: hedui.Son, Size: 3, Income: 630000, Children: 2}},
		Things:   []Thing{{Person: 1, Kind: "deposit", Value: 1500000}, {Person: 2, Kind: "deposit", Value: 500000, Declared: true}, {Person: 1, Kind: "dwelling", Area: 6000, LivedIn: true}, {Person: 1, Kind: "vehicle", Vehicle: "car", State: "normal", Price: 8000000, First: day.Must("2010-01-01"), InspectionTo: day.Must("2016-12-31")}},
		Spending: []Spending{{Person: 2, Kind: "medical", Amount: 900000, Repaid: 400000, On: day.Must("2016-02-01")}},
	}
}

func BenchmarkAssess(b *testing.B) {
	eff, h := effective(b), benchHousehold()
	for _, explain := range []bool{true, false} {
		b.Run(map[bool]string{true: "explained", false: "plain"}[explain], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := eff.Assess(h, today, explain); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "households/s")
		})
	}
}

// Day by day, a fact counts where no better source speaks.
func TestPrecedenceIsByDays(t *testing.T) {
	eff := effective(t)
	rapid.Check(t, func(t *rapid.T) {
		h := &Household{Members: []Person{{No: 1, Relation: hedui.Self, Birth: day.Must("1970-01-01")}}}
		for range rapid.IntRange(1, 6).Draw(t, "facts") {
			f := Income{Person: 1, Class: hedui.Wage, Kind: "wage", Source: rapid.SampledFrom(someSource).Draw(t, "source"), Amount: 100, Per: "month", From: genWithin.Draw(t, "from")}
			f.To = f.From.Add(rapid.IntRange(0, 120).Draw(t, "days"))
			h.Income = append(h.Income, f)
		}
		s := &state{eff: eff, h: h, on: today, from: today.AddMonths(-12), to: today.Add(-1)}
		p := eff.precedence["wage"]
		for i := range h.Income {
			f := &h.Income[i]
			want := int64(0)
			for d := s.from; !d.After(s.to); d = d.Add(1) {
				on := func(o *Income) bool { return !d.Before(o.From) && !d.After(o.To) }
				better := slices.ContainsFunc(h.Income, func(o Income) bool { return on(&o) && p.of(o.Source) < p.of(f.Source) })
				if on(f) && !better {
					want++
				}
			}
			if got := s.uncovered(i, f); got != want {
				t.Fatalf("fact %d of %+v: %d days, want %d", i, h.Income, got, want)
			}
		}
	})
}
