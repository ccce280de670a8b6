package rule

import (
	"slices"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/source"
)

// registered are the property classes that a launch category can see; declared
// but not found there is a difference, elsewhere it cannot be checked.
var registered = map[hedui.PropertyClass]catalog.Code{
	hedui.Vehicles: "vehicle", hedui.Houses: "housing", hedui.Land: "land",
	hedui.HousingFund: "housing_fund", hedui.Enterprise: "business",
}

// incomeRegisters are the registers that could show income of a class, the first
// one first. No register shows income from property, or other income.
var incomeRegisters = map[hedui.IncomeClass][]catalog.Code{
	hedui.Wage:           wageOrder,
	hedui.BusinessIncome: {"national_tax", "local_tax"},
	hedui.Transfer:       {"social_insurance"},
}

// unseenIncome handles income that was declared and no register showed. Irregular
// work declared without an amount needs no finding.
func (s *sheet) unseenIncome(covered map[group]bool) {
	for _, d := range s.c.Declared.Income {
		if !s.isMember(d.Person) {
			continue
		}
		s.out.Totals.IncomeDeclared += d.Monthly
		key := group{person: d.Person, class: string(d.Class), income: true}
		if d.Monthly == 0 || covered[key] {
			continue
		}
		covered[key] = true
		sum, _ := s.declared(key)
		registers := incomeRegisters[d.Class]
		f := hedui.Finding{Kind: hedui.NotVerifiable, Category: "local_tax", Person: d.Person, Class: key.class,
			Unit: hedui.PerMonth, Declared: sum, Reason: hedui.Say("rule.income.nowhere", sum.Grouped())}
		if len(registers) > 0 {
			f.Category, f.Reason = registers[0], hedui.Say("rule.income.silent", sum.Grouped())
			if slices.ContainsFunc(registers, func(c catalog.Code) bool { return s.searched(d.Person, c) }) {
				f.Reason = hedui.Say("rule.income.unseen", sum.Grouped())
			}
		}
		s.add(f)
	}
}

// unseenProperty handles property that was declared and no register showed. Only
// where the declaring person's registers were searched, and every other member's
// have answered, can it be called absent.
func (s *sheet) unseenProperty(covered map[group]bool) {
	for _, d := range s.c.Declared.Property {
		if !s.isMember(d.Person) {
			continue
		}
		s.out.Totals.PropertyDeclared += d.Value
		key := group{class: string(d.Class)}
		if covered[key] {
			continue
		}
		covered[key] = true
		sum, _ := s.declared(key)
		category, can := registered[d.Class]
		measured := can
		if !can {
			category, can = s.laterSearched(d.Person, d.Class)
		}
		f := hedui.Finding{Kind: hedui.NotVerifiable, Category: category, Person: d.Person, Class: key.class,
			Unit: hedui.InTotal, Declared: sum}
		word := "unsettled"
		switch {
		case !can:
			word = "unseen"
		case !measured:
			word = "unmeasured"
		case s.openCell(category):
			word = "silent"
		case s.searched(d.Person, category) && !s.doubted(d.Person, category):
			f.Kind, word = hedui.OverDeclared, "absent"
		}
		if sum == 0 {
			f.Unit, word = hedui.NoAmount, word+".none"
		}
		f.Reason = hedui.Say("rule.property."+word, sum.Grouped())
		s.add(f)
	}
}

// searched reports whether a register of a category was searched for the person.
func (s *sheet) searched(person int, c catalog.Code) bool {
	return slices.ContainsFunc(s.cells[cell{person, c}], func(o source.Outcome) bool { return o == source.None || o == source.Found })
}

// doubted reports whether some register of a category was not sure of the person.
func (s *sheet) doubted(person int, c catalog.Code) bool {
	return slices.Contains(s.cells[cell{person, c}], source.IdentityDoubt)
}

// openCell reports whether a query of some member in a category has no answer, of
// whichever scope.
func (s *sheet) openCell(c catalog.Code) bool {
	return slices.ContainsFunc(s.out.Gaps, func(g hedui.Gap) bool { return g.Category == c && s.isMember(g.Person) })
}
