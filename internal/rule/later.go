package rule

import (
	"strconv"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/money"
)

// later reads the records of a category that the catalogue alone describes: what
// its fields say of property is set beside what was declared of its class. One
// that bears on nothing that is declared is only printed with the records.
func (s *sheet) later(known catalog.Category, all []entry) {
	if known.Class == "" {
		return
	}
	for _, r := range all {
		if f, ok := saidOf(known, r.Record); ok {
			s.property(r, hedui.PropertyClass(known.Class), f)
			n := &s.facts[len(s.facts)-1]
			n.over, n.limit = f.over, f.limit
		}
	}
}

// saidOf is the property that a record shows. An account that holds nothing, and
// one that is not over the limit, show none; a thing without a value shows one.
func saidOf(known catalog.Category, r catalog.Record) (fact, bool) {
	sum, valued := money.Fen(0), false
	for _, f := range known.Saying(catalog.SaysAmount) {
		amount, ok := r.Money(f.Key)
		sum, valued = sum+amount, valued || ok
	}
	f := whole(r, sum, hedui.Text{}, keysOf(known, catalog.SaysThing)...)
	answered, limit := false, ""
	for _, key := range keysOf(known, catalog.SaysOverLimit) {
		f.over, answered = r[key] == "true", r[key] != ""
	}
	for _, key := range keysOf(known, catalog.SaysLimit) {
		if most, ok := r.Money(key); ok {
			f.limit, limit = most, most.Grouped()
		}
	}
	switch {
	case sum > 0:
		f.Say = hedui.Say("rule.fact.later.amount", sum.Grouped())
	case f.over:
		f.Say = stated("rule.fact.over.", "limit", limit)
	case valued, answered:
		return f, false
	default:
		f.Say = hedui.Say("rule.fact.later.bare")
	}
	return f, true
}

func keysOf(known catalog.Category, r catalog.Role) []string {
	var keys []string
	for _, f := range known.Saying(r) {
		keys = append(keys, f.Key)
	}
	return keys
}

// compareOver adds the finding where a register only says that its limit is
// exceeded: there is no figure to compare, but a declared sum below the limit
// cannot be all.
func (s *sheet) compareOver(f hedui.Finding, facts []fact, entries int) {
	var limit money.Fen
	for _, x := range facts {
		if x.over {
			limit = max(limit, x.limit)
		}
	}
	f.Kind = hedui.NotVerifiable
	switch {
	case entries == 0:
		f.Kind = hedui.Undeclared
	case f.Declared < limit:
		f.Kind = hedui.UnderDeclared
	}
	f.Reason = hedui.Say("rule.over."+string(f.Kind), strconv.Itoa(f.Count), f.Declared.Grouped(), limit.Grouped())
	s.add(f)
}

// compareOther adds the finding of what was declared as other property: of one
// sum for many things, nobody can tell which part the register shows.
func (s *sheet) compareOther(f hedui.Finding) {
	f.Kind = hedui.NotVerifiable
	f.Reason = reason("rule.other."+amountWord(f.Unit), f)
	s.add(f)
}

// laterSearched returns a category of the catalogue that is compared with the class
// and was searched for the person.
func (s *sheet) laterSearched(person int, class hedui.PropertyClass) (catalog.Code, bool) {
	for _, c := range catalog.All() {
		if c.Class == string(class) && class != hedui.OtherHolding && s.searched(person, c.Code) {
			return c.Code, true
		}
	}
	return "", false
}
