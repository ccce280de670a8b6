package book

import (
	"slices"
	"strings"

	"cel.dev/cel-go/common/types"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// holding is what is declared and found of one kind of property.
type holding struct {
	kind                  string
	declared, found       money.Fen
	declaredN, foundN     int
	facts                 []Ref
	flagged, allExplained bool
}

// property values each thing that counts and sums it up by tests.
func (s *state) property() {
	t := &s.out.Totals
	var kinds []holding
	of := func(kind string) *holding {
		i := slices.IndexFunc(kinds, func(k holding) bool { return k.kind == kind })
		if i < 0 {
			kinds = append(kinds, holding{kind: kind, allExplained: true})
			i = len(kinds) - 1
		}
		return &kinds[i]
	}
	s.things = make([]Thing, len(s.h.Things))
	for i := range s.h.Things {
		s.things[i] = s.held(s.h.Things[i])
		thing := &s.things[i]
		s.thing, s.member = thing, s.person(thing.Person)
		if !s.member.counts {
			s.step("book.step.thing.apart", nil, thing.Person, []Ref{{"property", i}}, countArg(i+1), countArg(thing.Person))
			continue
		}
		k := of(thing.Kind)
		k.facts = append(k.facts, Ref{"property", i})
		if thing.Declared {
			k.declared, k.declaredN = plus(k.declared, thing.share().Of(thing.Value)), k.declaredN+1
			continue
		}
		t.HouseholdOver = t.HouseholdOver || thing.Over == "household_over"
		t.PersonOver = t.PersonOver || thing.Over == "person_over"
		t.HouseholdWithin = t.HouseholdWithin || thing.Over == "household_within"
		t.NotStated = t.NotStated || thing.Over == "not_stated"
		t.PersonWithin = t.PersonWithin || thing.Over == "person_within"
		k.flagged = k.flagged || thing.Over != ""
		k.allExplained = k.allExplained && thing.Explained
		if !strings.HasSuffix(thing.Over, "_within") {
			k.foundN++
		}
		k.found = plus(k.found, s.own(i, thing))
	}
	slices.SortFunc(kinds, func(a, b holding) int { return slices.Index(thingKinds, a.kind) - slices.Index(thingKinds, b.kind) })
	for i := range kinds {
		s.compareProperty(&kinds[i])
	}
	t.FinancialPerHead = mulDiv(t.Financial, 1, int64(max(s.size, 1)))
	s.step("book.step.property", nil, 0, nil, yuanArg(t.Financial), yuanArg(t.FinancialPerHead), countArg(t.Dwellings), countArg(t.NonResidential), countArg(t.Vehicles), countArg(t.Businesses))
}

// held is a thing as those have it who count: in the name of the first of them, with
// the shares of all of them, the whole at most.
func (s *state) held(t Thing) Thing {
	if len(t.With) == 0 {
		return t
	}
	sum, first := int64(0), true
	for _, h := range append([]Holder{{t.Person, t.Share}}, t.With...) {
		if !s.person(h.Person).counts {
			continue
		}
		if sum += h.Share.Num; first {
			t.Person, first = h.Person, false
		}
	}
	t.Share.Num = min(sum, t.Share.Den)
	return t
}

// own values one thing, adds it to its test unless it is exempt or set apart,
// and returns the value that was found.
func (s *state) own(i int, thing *Thing) money.Fen {
	ref := []Ref{{"property", i}}
	value := thing.Value
	var valued, aside *rule
	for _, r := range s.eff.property {
		switch {
		case !r.forKind(thing.Kind), r.effect == effectValue && valued != nil, r.effect != effectValue && aside != nil, !s.holds(r):
		case r.effect == effectValue:
			if v, ok := s.money(r, "value", r.amount); ok {
				valued, value = r, max(v, 0)
			}
		default:
			aside = r
		}
	}
	value = thing.share().Of(value)
	if valued != nil {
		s.step("book.step.valued", valued.Entry, thing.Person, ref, countArg(i+1), wordArg(ThingWord(thing.Kind)), yuanArg(value))
	} else {
		s.step("book.step.thing", nil, thing.Person, ref, countArg(i+1), wordArg(ThingWord(thing.Kind)), yuanArg(value))
	}
	counted := Counted{Facts: ref, Person: thing.Person, Value: value, Counted: value}
	if valued != nil {
		counted.Rule = valued.Entry
	}
	if aside != nil {
		counted.Counted, counted.Effect, counted.Rule = 0, aside.effect, aside.Entry
	}
	s.out.Things = append(s.out.Things, counted)
	if aside != nil {
		s.step("book.step.thing."+aside.effect, aside.Entry, thing.Person, ref, countArg(i+1), wordArg(ThingWord(thing.Kind)), yuanArg(value))
		if aside.effect == effectExempt {
			s.find(Finding{Kind: hedui.Exempt, Weight: Note, Person: thing.Person, Class: thing.Kind, Unit: hedui.InTotal, Found: value, Facts: ref, Rule: aside.Entry, Settle: "none"})
		}
		return value
	}
	t := &s.out.Totals
	switch thing.Kind {
	case "dwelling":
		t.Dwellings++
		t.DwellingArea = plus(t.DwellingArea, thing.share().Of(thing.Area))
	case "non_residential":
		t.NonResidential++
	case "vehicle":
		t.Vehicles++
		t.VehicleValue = plus(t.VehicleValue, value)
	case "business":
		t.Businesses++
	case "land":
		t.Land++
	default:
		if slices.Contains(financialKinds, thing.Kind) {
			t.Financial = plus(t.Financial, value)
		}
	}
	return value
}

// compareProperty sets declared beside found for one kind; money where the kind
// is money, else the number of things. What was declared beyond what was found
// counts as the family says, if the book has it so.
func (s *state) compareProperty(k *holding) {
	f := Finding{Person: 0, Class: k.kind, Unit: hedui.NoAmount, Declared: k.declared, Found: k.found, Facts: k.facts, Rule: s.eff.toleranceEntry(k.kind)}
	financial := slices.Contains(financialKinds, k.kind)
	if financial && s.eff.countDeclared && k.declared > k.found {
		s.out.Totals.Financial = plus(s.out.Totals.Financial, k.declared-k.found)
		s.step("book.step.declared.property", s.eff.declaredEntry, 0, k.facts, wordArg(ThingWord(k.kind)), yuanArg(k.declared), yuanArg(k.found))
	}
	if (financial || k.kind == "housing_fund") && !k.flagged {
		f.Unit = hedui.InTotal
		f.Kind = difference(k.declared, k.found, s.eff.tolerances.For(categoryOf[k.kind], false))
	} else {
		f.Kind = difference(money.Fen(k.declaredN), money.Fen(k.foundN), 0)
		if k.flagged && k.declaredN > 0 && f.Kind != hedui.Consistent {
			f.Kind = hedui.NotVerifiable
		}
	}
	if f.Kind == "" {
		return
	}
	f.Weight, f.Settle, f.Say = weigh(f.Kind), settleBy(f.Kind), "book.find.property."+string(f.Kind)
	if f.Unit == hedui.NoAmount {
		f.Say += ".none"
	}
	if f.Kind.Suspicious() && k.allExplained {
		f.Kind, f.Weight, f.Explained, f.Say = hedui.Explained, Note, true, "book.find.property.EXPLAINED"
	}
	s.find(f)
}

// spending counts the receipts of the window, those of one person and kind as one.
func (s *state) spending() {
	months := s.window(windowSpending)
	from := s.on.AddMonths(-months)
	var sums []Spending
	var facts [][]Ref
	for i := range s.h.Spending {
		p := &s.h.Spending[i]
		ref := Ref{"spending", i}
		if p.On.Before(from) || !p.On.Before(s.on) || !s.person(p.Person).counts {
			s.step("book.step.spending.outside", nil, p.Person, []Ref{ref}, countArg(i+1), wordArg(p.Kind), countArg(months))
			continue
		}
		j := slices.IndexFunc(sums, func(o Spending) bool { return o.Person == p.Person && o.Kind == p.Kind && o.Unpaid == p.Unpaid })
		if j < 0 {
			sums, facts = append(sums, *p), append(facts, []Ref{ref})
			continue
		}
		o := &sums[j]
		o.Amount, o.Repaid = plus(o.Amount, p.Amount), plus(o.Repaid, p.Repaid)
		if p.On.After(o.On) {
			o.On = p.On
		}
		facts[j] = append(facts[j], ref)
	}
	for i := range sums {
		s.spend, s.member = &sums[i], s.person(sums[i].Person)
		s.out.Spending = append(s.out.Spending, Counted{Facts: facts[i], Value: sums[i].Amount - sums[i].Repaid})
		for _, r := range s.eff.outlay {
			if !r.forKind(sums[i].Kind) || !s.holds(r) {
				continue
			}
			if counted, ok := s.money(r, "counts", r.amount); ok {
				counted = max(counted, 0)
				last := &s.out.Spending[len(s.out.Spending)-1]
				last.Counted, last.Rule = counted, r.Entry
				s.out.Totals.Spent = plus(s.out.Totals.Spent, counted)
				s.step("book.step.spending", r.Entry, sums[i].Person, facts[i], countArg(sums[i].Person), wordArg(sums[i].Kind), yuanArg(sums[i].Amount), yuanArg(sums[i].Repaid), yuanArg(counted))
			}
			break
		}
	}
}

// drawLines sets each figure beside its limit.
func (s *state) drawLines() {
	for _, r := range s.eff.lines {
		if !s.holds(r) {
			continue
		}
		l := Line{Rule: r.Entry, Unit: r.Text("unit"), Side: AtOrUnder}
		if r.amount != nil {
			figure, limit := s.eval(r, "figure", r.amount), s.eval(r, "limit", r.limit)
			if figure == nil || limit == nil {
				continue
			}
			l.Figure, l.Limit, l.Figures = number(figure), number(limit), true
		}
		flagged := r.over != nil && s.eval(r, "over", r.over) == types.True
		switch {
		case r.atLeast && l.Figure >= l.Limit:
			l.Side = Reached
		case r.atLeast:
			l.Side = Short
		case flagged, l.Figure > l.Limit:
			l.Side = Over
		}
		t := &s.out.Totals
		switch {
		case flagged && l.Figure <= l.Limit:
			l.Figures = false // the source says so and gives no amount
		case r.over == nil || r.atLeast || l.Side == Over: // what gives no amount can only add
		case t.NotStated || t.PersonOver || t.PersonWithin && !t.HouseholdWithin:
			l.Figures, l.Side = false, Unknown
		case t.HouseholdWithin && l.Figure == 0:
			l.Figures = false
		}
		s.out.Lines = append(s.out.Lines, l)
		if l.Figures && l.Unit == "count" {
			s.step("book.step.line."+string(l.Side), r.Entry, 0, nil, countArg(int(l.Figure)), countArg(int(l.Limit)))
		} else if l.Figures {
			s.step("book.step.line."+string(l.Side), r.Entry, 0, nil, yuanArg(money.Fen(l.Figure)), yuanArg(money.Fen(l.Limit)))
		} else {
			s.step("book.step.line.flagged."+string(l.Side), r.Entry, 0, nil)
		}
	}
}

func number(v any) int64 {
	switch v := v.(type) {
	case amount:
		return int64(v)
	case types.Int:
		return int64(v)
	}
	return 0
}

// flags asks each entry of the book about each fact it is for.
func (s *state) flags() {
	for _, r := range s.eff.flagH {
		s.flag(r, 0, "", nil, false)
	}
	for i := range s.members {
		s.member = &s.members[i]
		for _, r := range s.eff.flagMember {
			s.flag(r, s.member.No, "", &Ref{"members", i}, false)
		}
	}
	for i := range s.lines {
		s.fact, s.member = &s.lines[i], s.lines[i].person
		for _, r := range s.eff.flagIncome {
			if r.forKind(s.fact.kind) {
				s.flag(r, s.member.No, s.fact.kind, &s.fact.facts[0], false)
			}
		}
	}
	for i := range s.h.Obligors {
		if s.eff.ObligorScope() == 0 {
			break // nothing is asked of them, their consent neither
		}
		o := s.h.Obligors[i]
		if o.Standard == 0 {
			o.Standard = money.Fen(s.eff.standard)
		}
		s.obligor = &o
		for _, r := range s.eff.flagObligor {
			s.flag(r, 0, "", &Ref{"obligors", i}, false)
		}
	}
	for i := range s.things {
		s.thing, s.member = &s.things[i], s.person(s.things[i].Person)
		for _, r := range s.eff.flagThing {
			if !s.thing.Declared && s.member.counts && r.forKind(s.thing.Kind) {
				s.flag(r, s.member.No, s.thing.Kind, &Ref{"property", i}, s.thing.Explained)
			}
		}
	}
	for i := range s.h.Moves {
		s.move, s.member = &s.h.Moves[i], s.person(s.h.Moves[i].Person)
		for _, r := range s.eff.flagMove {
			if r.forKind(s.move.Kind) {
				s.flag(r, s.member.No, s.move.Kind, &Ref{"moves", i}, s.move.Explained)
			}
		}
	}
}

func (s *state) flag(r *rule, person int, class string, fact *Ref, explained bool) {
	if !s.holds(r) {
		return
	}
	f := Finding{Kind: hedui.FindingKind(r.Text("finding")), Flag: r.Text("flag"), Weight: r.Text("weight"), Person: person, Class: class, Rule: r.Entry, Settle: r.Text("settle"), Explained: explained}
	if fact != nil {
		f.Facts = []Ref{*fact}
	}
	if explained && f.Kind != "" {
		f.Kind, f.Weight = hedui.Explained, Note
	}
	if r.due != nil {
		if d, ok := s.eval(r, "due", r.due).(date); ok {
			f.Due = day.Day(d)
		}
	}
	s.find(f)
	s.step("book.step.flag", r.Entry, person, f.Facts, wordArg(f.Flag))
}

// answers says which sources did not settle anything, and which are old.
func (s *state) answers() {
	for i, a := range s.h.Answers {
		f := Finding{Person: a.Person, Class: a.Source, Facts: []Ref{{"answers", i}}, Weight: Note, Rule: s.eff.staleEntry, Settle: "none"}
		switch a.Outcome {
		case "silent":
			f.Kind = hedui.SourceSilent
		case "refused", "not_covered":
			f.Kind = hedui.NotVerifiable
		case "identity_doubt":
			f.Kind, f.Weight, f.Settle = hedui.DoubtfulMatch, Material, "register_correction"
		default:
			if a.AsOf.IsZero() || s.on.Sub(a.AsOf) <= s.eff.tolerances.StaleDays {
				continue
			}
			f.Kind = hedui.Stale
		}
		f.Say = "book.find.answer." + a.Outcome
		if f.Kind == hedui.Stale {
			f.Say = "book.find.answer.stale"
		}
		s.find(f)
	}
}
