package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

func (m *maker) findings() []Finding {
	list := []Finding{}
	for _, f := range m.Assessment.Findings {
		known, _ := catalog.Get(f.Category)
		p, _ := m.Case.Person(f.Person)
		out := Finding{
			Kind: f.Kind, KindText: zh("finding." + string(f.Kind)), Category: f.Category, CategoryName: known.Name,
			Person: f.Person, Name: mask(p.Name), Class: f.Class, Unit: f.Unit, Declared: f.Declared, Found: f.Found,
			Count: f.Count, Reason: say(f.Reason), Explanation: explanation(f),
		}
		if f.Person == 0 {
			out.Name = zh("report.household")
		}
		if key := "class." + f.Class; f.Class != "" && lang.Has(key) {
			out.ClassText = zh(key)
		}
		for _, fact := range f.Facts {
			out.Facts = append(out.Facts, Fact{say(fact.Say), mask(fact.Department), instant(fact.AsOf), fact.Unit, fact.Amount})
		}
		list = append(list, out)
	}
	return list
}

func say(t hedui.Text) string {
	if t.Key == "" {
		return ""
	}
	return mask(lang.Text(lang.Chinese, t.Key, t.Args...))
}

// grave orders findings by how much they ask for a decision.
var grave = []hedui.FindingKind{hedui.Undeclared, hedui.UnderDeclared, hedui.DoubtfulMatch, hedui.OverDeclared, hedui.Stale,
	hedui.NotVerifiable, hedui.SourceSilent, hedui.Explained, hedui.Exempt, hedui.Consistent}

// lead picks the two lines no reader may miss: the gravest findings that ask for
// an explanation, largest difference first; if there are none, the conclusion and
// how far it reaches.
func (c Content) lead() []string {
	list := slices.DeleteFunc(slices.Clone(c.Findings), func(f Finding) bool { return !f.Kind.Suspicious() })
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(slices.Index(grave, a.Kind), slices.Index(grave, b.Kind)),
			cmp.Compare(b.Found-b.Declared, a.Found-a.Declared))
	})
	var lines []string
	for _, f := range list[:min(2, len(list))] {
		what := zh("report.because", f.topic(), f.KindText)
		if strings.HasPrefix(f.Reason, f.KindText) {
			what = f.topic()
		}
		lines = append(lines, zh("report.lead.finding", f.Name, what, f.plain()))
	}
	if len(list) > 2 {
		lines[1] += zh("report.lead.more", strconv.Itoa(len(list)-2))
	}
	if len(lines) == 0 {
		lines = append(lines, c.Conclusion.Meaning)
	}
	if len(lines) < 2 {
		lines = append(lines, c.reach())
	}
	return lines
}

// reach counts the queries by what became of them.
func (c Content) reach() string {
	var cells []Cell
	for _, row := range c.Categories {
		cells = append(cells, row.Persons...)
	}
	var parts []string
	for _, n := range tally(cells) {
		parts = append(parts, zh("report.items", n.text, strconv.Itoa(n.count)))
	}
	return zh("report.lead.reach", strconv.Itoa(len(c.Members)+len(c.Obligors)), strconv.Itoa(len(c.Categories)),
		strconv.Itoa(len(cells)), strings.Join(parts, "，"))
}

// unknown says in one line what stands beside the known.
func (c Content) unknown() string {
	var names, outside []string
	for _, g := range c.Gaps {
		if name := c.scoped(g.Category, g.Name, g.Scope); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, g := range c.NotCovered {
		if name := c.scoped(g.Category, g.Name, g.Scope); !slices.Contains(outside, name) {
			outside = append(outside, name)
		}
	}
	switch {
	case len(names) > 0 && len(outside) > 0:
		return zh("report.unknown.both", strings.Join(names, "、"), strings.Join(outside, "、"))
	case len(names) > 0:
		return zh("report.unknown.gaps", strings.Join(names, "、"))
	case len(outside) > 0:
		return zh("report.unknown.outside", strings.Join(outside, "、"))
	}
	return zh("report.unknown.nothing")
}

// topic is what a finding is about: the category, or the class of what was only declared.
func (f Finding) topic() string {
	if f.CategoryName == "" {
		return f.ClassText
	}
	return f.CategoryName
}

// plain is the reason with what the first record says.
func (f Finding) plain() string {
	if len(f.Facts) == 0 || f.Facts[0].Text == f.Reason {
		return f.Reason
	}
	fact := f.Facts[0].Text
	if len(f.Facts) > 1 {
		fact = zh("report.lead.facts", fact, strconv.Itoa(len(f.Facts)))
	}
	return join("。", f.Reason, fact)
}
