package rule

import (
	"slices"
	"strconv"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/money"
)

// A group is all facts that are compared with one declared sum: income of one
// person, property of the whole household (person 0), because a couple may
// declare in one name what stands in both.
type group struct {
	person   int
	category catalog.Code
	class    string
	income   bool
}

// wageOrder is the precedence of registers that all show the same wage: tax knows
// what was paid, contribution bases have a floor and a ceiling.
var wageOrder = []catalog.Code{"local_tax", "social_insurance", "housing_fund", "employment"}

// compare sets each group of facts beside the declaration. Obligors declare
// nothing, so nothing of theirs can differ.
func (s *sheet) compare() {
	groups := map[group][]fact{}
	var order []group
	for _, f := range s.facts {
		if !s.isMember(f.person) {
			continue
		}
		g := group{0, f.category, f.class, f.income}
		if f.income {
			g.person = f.person
		}
		if _, seen := groups[g]; !seen {
			order = append(order, g)
		}
		groups[g] = append(groups[g], f)
	}
	covered := map[group]bool{}
	for _, g := range order {
		if g.income && g.class == string(hedui.Wage) && !bestWage(groups, g) {
			continue
		}
		covered[group{person: g.person, class: g.class, income: g.income}] = true
		if g.income {
			s.compareIncome(g, groups[g])
		} else {
			s.compareProperty(g, groups[g])
		}
	}
	s.unseenIncome(covered)
	s.unseenProperty(covered)
}

func (s *sheet) isMember(person int) bool {
	p, ok := s.c.Person(person)
	return ok && p.Role == hedui.Member
}

// bestWage reports whether no better register shows the same person's wage.
func bestWage(groups map[group][]fact, g group) bool {
	for _, better := range wageOrder[:slices.Index(wageOrder, g.category)] {
		if len(groups[group{g.person, better, g.class, true}]) > 0 {
			return false
		}
	}
	return true
}

// finding begins the finding of a group: its unit is that of any fact that has an
// amount, whatever the order of the records.
func finding(g group, facts []fact) hedui.Finding {
	f := hedui.Finding{Category: g.category, Person: facts[0].person, Class: g.class}
	for _, x := range facts {
		f.Person = min(f.Person, x.person)
		if x.Unit != hedui.NoAmount {
			f.Unit = x.Unit
		}
		if !x.again {
			f.Count++
		}
		f.Facts = append(f.Facts, x.Fact)
	}
	return f
}

// compareIncome compares monthly amounts. Turnover, taxes and jobs without a wage
// cannot be compared with an income: they are a question where nothing was
// declared, and do not confirm what was.
func (s *sheet) compareIncome(g group, facts []fact) {
	f := finding(g, facts)
	for _, x := range facts {
		f.Found += x.Amount
	}
	declared, entries := s.declared(g)
	f.Declared = declared
	comparable := f.Found > 0 && f.Unit == hedui.PerMonth
	if comparable {
		s.out.Totals.IncomeFound += f.Found
	}
	switch {
	case comparable:
		s.byAmount(&f, entries, s.tolerance.For(g.category, true))
		return
	case entries == 0:
		f.Kind = hedui.Undeclared
	case g.class == string(hedui.BusinessIncome), declared > 0:
		f.Kind = hedui.NotVerifiable
	default:
		f.Kind = hedui.Consistent
	}
	f.Reason = reason(incomeKey(f), f)
	if entries > 0 {
		f.Unit = hedui.NoAmount // a monthly sum stands beside a total
	}
	s.add(f)
}

// incomeKey finds the text of income that is not compared by amount. What a
// company pays or sells is never called the person's income.
func incomeKey(f hedui.Finding) string {
	rest := string(f.Kind) + "." + amountWord(f.Unit)
	switch {
	case f.Category == "employment":
		return "rule.diff." + rest
	case f.Class == string(hedui.BusinessIncome) && f.Category == "national_tax":
		return "rule.sales." + rest
	case f.Class == string(hedui.BusinessIncome):
		return "rule.tax." + rest
	}
	return "rule.diff." + rest
}

// compareProperty compares amounts where every thing has one, else the number of
// things declared with the number registered.
func (s *sheet) compareProperty(g group, facts []fact) {
	f := finding(g, facts)
	w := weigh(facts)
	declared, entries := s.declared(g)
	f.Declared, f.Found = declared, w.sum
	s.out.Totals.PropertyFound += w.sum
	switch {
	case slices.ContainsFunc(facts, func(x fact) bool { return x.over }):
		s.compareOver(f, facts, entries)
		return
	case entries > 0 && g.class == string(hedui.OtherHolding):
		s.compareOther(f)
		return
	}
	if entries == 0 && w.missing {
		f.Kind = hedui.Undeclared
		f.Reason = reason("rule.diff.UNDECLARED."+amountWord(f.Unit), f)
		s.add(f)
		return
	}
	tolerance := s.tolerance.For(g.category, false)
	if !w.missing || w.sum > declared+tolerance {
		s.byAmount(&f, entries, tolerance)
		return
	}
	f.Kind, f.Unit = hedui.Consistent, hedui.NoAmount
	f.Reason = hedui.Say("rule.diff.CONSISTENT.none", strconv.Itoa(f.Count))
	if w.things > entries {
		f.Kind, f.Reason = hedui.UnderDeclared, hedui.Say("rule.diff.UNDER_DECLARED.none", strconv.Itoa(entries), strconv.Itoa(w.things))
	}
	s.add(f)
}

// byAmount adds the finding after comparing its two amounts. Up to the tolerance
// is no difference, also where nothing was declared.
func (s *sheet) byAmount(f *hedui.Finding, entries int, tolerance money.Fen) {
	key := ""
	switch {
	case f.Found > f.Declared+tolerance && f.Declared == 0:
		f.Kind = hedui.Undeclared
	case f.Found > f.Declared+tolerance:
		f.Kind = hedui.UnderDeclared
	case f.Found < f.Declared-tolerance && f.Unit == hedui.InTotal && s.openCell(f.Category):
		f.Kind, key = hedui.NotVerifiable, "rule.diff.partial"
	case f.Found < f.Declared-tolerance:
		f.Kind = hedui.OverDeclared
	case entries == 0:
		f.Kind, key = hedui.Consistent, "rule.diff.within."+string(f.Unit)
	default:
		f.Kind = hedui.Consistent
	}
	if key == "" {
		key = "rule.diff." + string(f.Kind) + "." + amountWord(f.Unit)
	}
	f.Reason = reason(key, *f)
	s.add(*f)
}

func reason(key string, f hedui.Finding) hedui.Text {
	return hedui.Say(key, strconv.Itoa(f.Count), f.Declared.Grouped(), f.Found.Grouped())
}

func amountWord(u hedui.Unit) string {
	if u == hedui.NoAmount {
		return "none"
	}
	return string(u)
}

// declared sums what was declared in the class of g, by its person or for
// property by all members, and counts the entries.
func (s *sheet) declared(g group) (sum money.Fen, entries int) {
	if g.income {
		for _, d := range s.c.Declared.Income {
			if d.Person == g.person && string(d.Class) == g.class {
				sum, entries = sum+d.Monthly, entries+1
			}
		}
		return sum, entries
	}
	for _, d := range s.c.Declared.Property {
		if s.isMember(d.Person) && string(d.Class) == g.class {
			sum, entries = sum+d.Value, entries+1
		}
	}
	return sum, entries
}
