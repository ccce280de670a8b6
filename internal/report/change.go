package report

import (
	"slices"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/money"
)

// changes lists what differs between two versions: conclusion, what became of
// each query, findings, records and sums. Persons are numbered alike in both.
// Registers are told apart by scope, unless the version before did not know them.
func changes(was, is Content) []Change {
	list := append([]Change{}, compare(was.head(), is.head())...)
	list = append(list, compare(was.cellLines(is), is.cellLines(was))...)
	list = append(list, compare(was.findingLines(), is.findingLines())...)
	byScope := was.knowsScopes() && is.knowsScopes()
	list = append(list, compare(was.recordLines(byScope), is.recordLines(byScope))...)
	list = append(list, compare(was.sums(), is.sums())...)
	return append(list, compare(was.meansLines(), is.meansLines())...)
}

// earlierChanges lists what differs from the report of an earlier case, as far as
// the two can be compared: the conclusion and the sums.
func earlierChanges(was, is Content) []Change {
	list := compare(was.head(), is.head())
	list = append(list, compare(was.sums(), is.sums())...)
	return append(list, compare(was.meansLines(), is.meansLines())...)
}

// knowsScopes is false of a report of before there were several scopes.
func (c Content) knowsScopes() bool {
	return slices.ContainsFunc(c.Categories, func(row Category) bool {
		return slices.ContainsFunc(row.Persons, func(k Cell) bool { return k.Scope.Code != "" })
	})
}

// first is the first cell of a person in a category, if there is one.
func (c Content) first(code catalog.Code, person int) Cell {
	for _, row := range c.Categories {
		if i := slices.IndexFunc(row.Persons, func(k Cell) bool { return k.Person == person }); row.Code == code && i >= 0 {
			return row.Persons[i]
		}
	}
	return Cell{}
}

// A line is something that can change: who is told apart by key, and its text.
type line struct{ key, subject, text string }

// compare walks the new lines in their order, then those that are gone.
func compare(was, is []line) []Change {
	var list []Change
	for _, now := range is {
		i := slices.IndexFunc(was, func(l line) bool { return l.key == now.key })
		switch {
		case i < 0:
			list = append(list, Change{Added, now.subject, "", now.text})
		case was[i].text != now.text:
			list = append(list, Change{Changed, now.subject, was[i].text, now.text})
		}
	}
	for _, before := range was {
		if !slices.ContainsFunc(is, func(l line) bool { return l.key == before.key }) {
			list = append(list, Change{Removed, before.subject, before.text, ""})
		}
	}
	return list
}

func (c Content) head() []line {
	return []line{{"conclusion", zh("report.change.conclusion"), c.Conclusion.Text}}
}

// cellLines tells cells apart by scope. A first cell without one in either version
// is the same as the other version's first cell.
func (c Content) cellLines(other Content) []line {
	var list []line
	for _, row := range c.Categories {
		for _, cell := range row.Persons {
			key := string(row.Code) + "/" + strconv.Itoa(cell.Person)
			first := c.first(row.Code, cell.Person)
			theirs := other.first(row.Code, cell.Person)
			if first.Scope != cell.Scope || cell.Scope.Code != "" && theirs.Scope.Code != "" {
				key += "/" + cell.Scope.Code
			}
			text := cell.Text
			if cell.Records > 0 {
				text = zh("report.count.records", cell.Text, strconv.Itoa(cell.Records))
			}
			list = append(list, line{key, zh("report.change.cell", c.scoped(row.Code, row.Name, cell.Scope), c.name(cell.Person)), text})
		}
	}
	return list
}

func (c Content) findingLines() []line {
	var list []line
	seen := map[string]int{}
	for _, f := range c.Findings {
		key := string(f.Category) + "/" + strconv.Itoa(f.Person) + "/" + f.Class
		seen[key]++
		list = append(list, line{
			key + "/" + strconv.Itoa(seen[key]),
			zh("report.change.finding", f.CategoryName, f.Name),
			join("；", f.KindText, amounts(f), f.Reason, f.Explanation.note()),
		})
	}
	return list
}

// recordLines tells records apart by all they say, so a changed record is one
// removed and one added.
func (c Content) recordLines(byScope bool) []line {
	var list []line
	seen := map[string]int{}
	for _, t := range c.Tables {
		for _, r := range t.Rows {
			var parts []string
			for i, v := range r.Values {
				if v != "" && i < len(t.Columns) {
					parts = append(parts, t.Columns[i].Name+" "+v)
				}
			}
			text := mask(strings.Join(parts, "，"))
			key := string(t.Category) + "/" + strconv.Itoa(r.Person) + "/" + text
			if byScope {
				key += "/" + r.Scope.Code
			}
			seen[key]++
			list = append(list, line{key + "/" + strconv.Itoa(seen[key]), zh("report.change.record", c.scoped(t.Category, t.Name, r.Scope), r.Name), text})
		}
	}
	return list
}

func (c Content) sums() []line {
	t := c.Totals
	return []line{
		{"income", zh("report.change.income"), declaredFound(hedui.PerMonth, t.IncomeDeclared, t.IncomeFound, true)},
		{"property", zh("report.change.property"), declaredFound(hedui.InTotal, t.PropertyDeclared, t.PropertyFound, true)},
	}
}

// amounts writes the two sides of a finding, or nothing where none are compared.
func amounts(f Finding) string {
	return declaredFound(f.Unit, f.Declared, f.Found, f.Kind == hedui.OverDeclared)
}

// declaredFound writes of the two sides those that have an amount; where registers
// were searched in vain it says so.
func declaredFound(u hedui.Unit, declared, found money.Fen, searched bool) string {
	left, right := amount(u, declared), amount(u, found)
	switch {
	case u == hedui.NoAmount:
		return ""
	case left != "" && right != "":
		return zh("report.declared_found", left, right)
	case left != "":
		left = zh("report.declared_only", left)
	case right != "":
		return zh("report.found_only", right)
	}
	if searched {
		return join("，", left, zh("report.found.none"))
	}
	return left
}
