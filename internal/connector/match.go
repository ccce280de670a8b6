package connector

import (
	"hedui/idcard"
	"hedui/source"
)

// whose says where a record tells whose it is, as the department says it. How a
// spelling is judged is package idcard's business.
type whose struct {
	id, formerID, name *path
	others             []path // further names: former, married, alias
	birth              *path
	layout             []layout
	sex                *path
	sexes              map[string]idcard.Sex
	checked            source.Match // what the department itself compared
}

// grade is what the records of one person are worth so far.
type grade struct {
	is     idcard.Grade
	used   idcard.Allowance
	agreed bool // a record with the person's number and name
	doubt  *fault
	left   int // records that the filter left out
}

// doubts are the words for the operator and the reasons for the officer.
var doubts = map[idcard.Doubt]*fault{
	idcard.DoubtName:          {meaning{"identity_doubt", source.ReasonName}, "the name disagrees"},
	idcard.DoubtNameIllegible: {meaning{"identity_doubt", source.ReasonNameUnreadable}, "nothing of the name can be compared"},
	idcard.DoubtNumber:        {meaning{"identity_doubt", source.ReasonNumber}, "the identity number is none"},
	idcard.DoubtNumberDamaged: {meaning{"identity_doubt", source.ReasonNumberDamaged}, "a spreadsheet has spoilt the identity number"},
	idcard.DoubtTwoNumbers:    {meaning{"identity_doubt", source.ReasonTwoNumbers}, "name and birthday agree under another number"},
	idcard.DoubtBirth:         {meaning{"identity_doubt", source.ReasonBirth}, "birthday or sex disagree"},
}

// check holds one record against the person. A doubt is kept in g, since what
// other records say may explain it; a fault ends the answer.
func check(w whose, s scope, blank []string, p source.Person, g *grade) *fault {
	entry, f := w.entry(s, blank)
	if f != nil {
		return f
	}
	v := entry.Judge(p.Name, p.ID)
	switch {
	case v.Unknown && w.id != nil:
		return incomplete("a record lacks its identity number")
	case v.Unknown:
		return incomplete("a record lacks name or birthday")
	case v.Doubt != 0:
		if g.doubt == nil {
			g.doubt = doubts[v.Doubt]
		}
	case v.Grade == 0:
		return malformed("a record is about somebody else")
	case v.Grade == idcard.GradeNumberName:
		g.agreed = true
	}
	g.is, g.used = max(g.is, v.Grade), g.used|v.Used
	return nil
}

// entry reads what a record says about whose it is.
func (w whose) entry(s scope, blank []string) (idcard.Entry, *fault) {
	e := idcard.Entry{ByNumber: w.id == nil && w.birth == nil}
	conv := converter{blank: blank}
	single := func(at *path) string {
		if at == nil {
			return ""
		}
		v, _ := at.find(s)
		text, _ := plain(v)
		return conv.given(text, nil)
	}
	for _, at := range []*path{w.id, w.formerID, w.name, w.birth, w.sex} {
		if at == nil {
			continue
		}
		v, _ := at.find(s)
		if _, ok := plain(v); !ok {
			return e, malformed("what says whose a record is, is not a single value")
		}
	}
	e.Number, e.FormerNumber, e.Name = single(w.id), single(w.formerID), single(w.name)
	for _, at := range w.others {
		v, _ := at.find(s)
		list, many := v.([]any)
		if !many {
			list = []any{v}
		}
		for _, one := range list {
			if text, _ := plain(one); conv.given(text, nil) != "" {
				e.OtherNames = append(e.OtherNames, text)
			}
		}
	}
	if text := single(w.birth); text != "" {
		d, ok := readDay(w.layout, text)
		if !ok {
			return e, malformed("the birthday is no date in the given layout")
		}
		e.Birth = d
	}
	if text := single(w.sex); text != "" {
		e.Sex = w.sexes[text]
	}
	return e, nil
}

// judged ends the reading of all records: a doubt about one is a doubt about all,
// because nobody can tell which of them are the person's.
func (g *grade) judged() *fault {
	if g.doubt != nil && g.agreed && g.doubt.reason == source.ReasonName {
		return &fault{meaning{"identity_doubt", source.ReasonTwoPersons}, "the number has records under two names"}
	}
	return g.doubt
}

// checkEntry looks whose entry without records it is, where the entry or the
// answer around it says so: "none" about somebody else is no answer either.
func (c *Config) checkEntry(s scope, p source.Person) *fault {
	w := c.reading.whose
	for _, at := range []**path{&w.id, &w.formerID, &w.name, &w.birth, &w.sex} {
		if *at == nil {
			continue
		}
		v, _ := (*at).find(s)
		if (*at).base == '.' || v == nil || v == "" {
			*at = nil
		}
	}
	w.others = nil
	var g grade
	if w.id == nil {
		w.birth = nil // asked by number; an entry without records need not repeat whose it is
	}
	if f := check(w, s, c.reading.blank, p, &g); f != nil {
		return f
	}
	return g.judged()
}

// match names the grade.
func (c *Config) match(g grade) source.Match {
	switch {
	case g.is == idcard.GradeNameBirth:
		return source.MatchNameBirth
	case g.is == idcard.GradeShort, c.request.id15 && c.reading.whose.id == nil:
		return source.MatchID15
	case g.is == idcard.GradeNumberName:
		return source.MatchIDName
	}
	return c.reading.whose.checked
}
