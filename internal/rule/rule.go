// Package rule sets what a family declared beside what the registers hold and
// says where the two differ, with reasons. It is pure and never judges aid: its
// conclusions are questions for the office that decides.
//
// Three habits keep the arithmetic honest. One fact counts once: a wage that tax,
// social insurance and housing fund all show is taken from the best of them.
// Periods are brought to a month before they are compared. And silence is never
// nothing: what no register settled is listed as a gap.
package rule

import (
	"cmp"
	"slices"
	"strconv"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
	"hedui/source"
)

// A fact is what one record says about income or property.
type fact struct {
	hedui.Fact
	person   int
	category catalog.Code
	class    string
	income   bool
}

// sheet is the working paper of one assessment.
type sheet struct {
	c         *hedui.Case
	tolerance Tolerance
	today     day.Day
	facts     []fact
	out       hedui.Assessment
	settled   int // queries that a register settled
}

// Assess reconciles a case with its answers as of a day.
func Assess(c *hedui.Case, queries []hedui.Query, t Tolerance, today day.Day) hedui.Assessment {
	s := &sheet{c: c, tolerance: t, today: today}
	for _, q := range queries {
		s.take(q)
	}
	s.gapFindings()
	s.compare()
	s.sortFindings()
	s.out.Conclusion = s.conclude()
	return s.out
}

// take reads one cell of the grid.
func (s *sheet) take(q hedui.Query) {
	p, ok := s.c.Person(q.Person)
	if !ok {
		return
	}
	if q.State != hedui.Answered || q.Outcome == source.Refused || q.Reason == hedui.ReasonNoSource {
		outcome := q.Outcome
		if outcome == "" {
			outcome = source.Failed
		}
		s.out.Gaps = append(s.out.Gaps, hedui.Gap{
			Person: q.Person, Category: q.Category, Department: q.Department, Outcome: outcome, Reason: q.Reason})
		return
	}
	s.settled++
	switch q.Outcome {
	case source.IdentityDoubt:
		s.add(hedui.Finding{Kind: hedui.DoubtfulMatch, Category: q.Category, Person: q.Person, Reason: hedui.Say("rule.doubt." + string(q.Reason))})
	case source.Found:
		if !q.AsOf.IsZero() && s.today.Sub(day.Of(q.AsOf)) > s.tolerance.StaleDays {
			s.add(hedui.Finding{Kind: hedui.Stale, Category: q.Category, Person: q.Person,
				Reason: hedui.Say("rule.stale", day.Of(q.AsOf).String(), strconv.Itoa(s.tolerance.StaleDays))})
		}
		if read, ok := readers[q.Category]; ok {
			read(s, p, q)
		}
	}
}

func (s *sheet) add(f hedui.Finding) { s.out.Findings = append(s.out.Findings, f) }

// gapFindings names each category with a gap once for the household.
func (s *sheet) gapFindings() {
	type key struct {
		category catalog.Code
		kind     hedui.FindingKind
		reason   source.Reason
	}
	counts := map[key]int{}
	var order []key
	for _, g := range s.out.Gaps {
		k := key{g.Category, hedui.SourceSilent, g.Reason}
		if g.Outcome == source.Refused || g.Outcome == source.NotCovered {
			k.kind = hedui.NotVerifiable
		}
		if counts[k]++; counts[k] == 1 {
			order = append(order, k)
		}
	}
	for _, k := range order {
		say := "rule.silent"
		if k.kind == hedui.NotVerifiable {
			say = "rule.refused"
		}
		s.add(hedui.Finding{Kind: k.kind, Category: k.category, Count: counts[k],
			Reason: hedui.Say(say, strconv.Itoa(counts[k]))})
	}
}

// group is all facts of one person, category and class.
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
		g := group{f.person, f.category, f.class, f.income}
		if p, _ := s.c.Person(f.person); p.Role != hedui.Member {
			continue
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
		s.difference(g, groups[g])
	}
	s.unseen(covered)
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

func (s *sheet) difference(g group, facts []fact) {
	found, unit := money.Fen(0), facts[0].Unit
	f := hedui.Finding{Category: g.category, Person: g.person, Class: g.class, Unit: unit, Count: len(facts)}
	for _, x := range facts {
		found += x.Amount
		f.Facts = append(f.Facts, x.Fact)
	}
	declared, any := s.declared(g)
	f.Declared, f.Found = declared, found
	tolerance := s.tolerance.Property
	if g.income {
		tolerance = s.tolerance.Income
	}
	comparable := found > 0 && unit != hedui.NoAmount && (!g.income || unit == hedui.PerMonth)
	switch {
	case !any:
		f.Kind = hedui.Undeclared
	case !comparable:
		f.Kind = hedui.Consistent
	case found > declared+tolerance && declared == 0:
		f.Kind = hedui.Undeclared
	case found > declared+tolerance:
		f.Kind = hedui.UnderDeclared
	case found < declared-tolerance:
		f.Kind = hedui.OverDeclared
	default:
		f.Kind = hedui.Consistent
	}
	if g.income && unit == hedui.PerMonth {
		s.out.Totals.IncomeFound += found
	} else if !g.income && unit == hedui.InTotal {
		s.out.Totals.PropertyFound += found
	}
	f.Reason = hedui.Say("rule.diff."+string(f.Kind)+"."+amountWord(unit), strconv.Itoa(f.Count), declared.Grouped(), found.Grouped())
	s.add(f)
}

func amountWord(u hedui.Unit) string {
	if u == hedui.NoAmount {
		return "none"
	}
	return string(u)
}

// declared sums what the person declared in the class of g, and says whether
// anything was declared at all.
func (s *sheet) declared(g group) (sum money.Fen, any bool) {
	if g.income {
		for _, d := range s.c.Declared.Income {
			if d.Person == g.person && string(d.Class) == g.class {
				sum, any = sum+d.Monthly, true
			}
		}
		return sum, any
	}
	for _, d := range s.c.Declared.Property {
		if d.Person == g.person && string(d.Class) == g.class {
			sum, any = sum+d.Value, true
		}
	}
	return sum, any
}

// registered are the property classes that a launch category can see; declared
// but not found there is a difference, elsewhere it cannot be checked.
var registered = map[hedui.PropertyClass]catalog.Code{
	hedui.Vehicles: "vehicle", hedui.Houses: "housing", hedui.Land: "land",
	hedui.HousingFund: "housing_fund", hedui.Enterprise: "business",
}

// unseen handles what was declared and no register showed. Irregular work
// declared without an amount needs no finding.
func (s *sheet) unseen(covered map[group]bool) {
	for _, d := range s.c.Declared.Income {
		s.out.Totals.IncomeDeclared += d.Monthly
		key := group{person: d.Person, class: string(d.Class), income: true}
		if d.Monthly == 0 || covered[key] {
			continue
		}
		covered[key] = true
		sum, _ := s.declared(key)
		s.add(hedui.Finding{Kind: hedui.NotVerifiable, Category: incomeCategory(d.Class), Person: d.Person, Class: key.class,
			Unit: hedui.PerMonth, Declared: sum, Reason: hedui.Say("rule.income.unseen", sum.Grouped())})
	}
	for _, d := range s.c.Declared.Property {
		s.out.Totals.PropertyDeclared += d.Value
		key := group{person: d.Person, class: string(d.Class)}
		category, can := registered[d.Class]
		if covered[key] || s.isGap(d.Person, category) {
			continue
		}
		covered[key] = true
		sum, _ := s.declared(key)
		f := hedui.Finding{Kind: hedui.NotVerifiable, Category: category, Person: d.Person, Class: key.class,
			Unit: hedui.InTotal, Declared: sum, Reason: hedui.Say("rule.property.unseen", sum.Grouped())}
		if can {
			f.Kind, f.Reason = hedui.OverDeclared, hedui.Say("rule.property.absent", sum.Grouped())
		}
		s.add(f)
	}
}

// incomeCategory is where an income of the class would first be seen.
func incomeCategory(c hedui.IncomeClass) catalog.Code {
	switch c {
	case hedui.BusinessIncome:
		return "national_tax"
	case hedui.Transfer:
		return "social_insurance"
	}
	return "local_tax"
}

func (s *sheet) isGap(person int, category catalog.Code) bool {
	return slices.ContainsFunc(s.out.Gaps, func(g hedui.Gap) bool { return g.Person == person && g.Category == category })
}

// sortFindings puts what needs an answer first, then by category and person.
func (s *sheet) sortFindings() {
	position := map[catalog.Code]int{}
	for i, c := range catalog.All() {
		position[c.Code] = i
	}
	slices.SortStableFunc(s.out.Findings, func(a, b hedui.Finding) int {
		if x, y := a.Kind.Suspicious(), b.Kind.Suspicious(); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(position[a.Category], position[b.Category]), cmp.Compare(a.Person, b.Person))
	})
}

// conclude chooses the one word above the report.
func (s *sheet) conclude() hedui.Conclusion {
	hit := false
	for _, f := range s.out.Findings {
		if f.Kind.Suspicious() {
			return hedui.Suspect
		}
		hit = hit || len(f.Facts) > 0
	}
	switch {
	case s.settled == 0:
		return hedui.UnableToConfirm
	case len(s.out.Gaps) > 0:
		return hedui.Incomplete
	case hit:
		return hedui.AllConsistent
	}
	return hedui.NoFinding
}
