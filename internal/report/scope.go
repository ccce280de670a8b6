package report

import (
	"slices"
	"strings"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/region"
)

// scope is the division for which the register of a query speaks, under its name
// on the day on which the query was planned.
func (m *maker) scope(q *hedui.Query) Word {
	code := q.ScopeAsked()
	if code == "" {
		return Word{}
	}
	on := day.Of(m.At)
	if !q.CreatedAt.IsZero() {
		on = day.Of(q.CreatedAt)
	}
	if name := region.Name(code, on); name != "" {
		return Word{code, name}
	}
	return Word{code, code}
}

// register names a register for people, 鄞州区登记, where a reader must tell it from
// another one: the category has several scopes, or this is not the scope that
// holds all others of the report. Else it is empty.
func (c Content) register(code catalog.Code, scope Word) string {
	var all hedui.Registers
	for _, row := range c.Categories {
		for _, cell := range row.Persons {
			all = append(all, hedui.Register{Category: row.Code, Scope: cell.Scope.Code})
		}
	}
	if !all.Apart(code, scope.Code) {
		return ""
	}
	return zh("report.register", short(scope))
}

// scoped is the name of a category, with its register where it must be named.
func (c Content) scoped(code catalog.Code, name string, scope Word) string {
	return parenthesis(name, c.register(code, scope))
}

func parenthesis(text, more string) string {
	if more == "" {
		return text
	}
	return zh("report.because", text, more)
}

// short is the last part of a division's full name: 鄞州区 of 浙江省宁波市鄞州区.
func short(scope Word) string {
	for _, d := range region.History(scope.Code) {
		if strings.HasSuffix(scope.Text, d.Name) {
			return d.Name
		}
	}
	return scope.Text
}

// settled reports whether some register of the category says something of a person.
func (c Category) settled(person int) bool {
	return slices.ContainsFunc(c.Persons, func(k Cell) bool { return k.Person == person && hedui.Informs(k.Outcome) })
}

// A lineOf is what one register of a category has answered: one line of the grid.
type lineOf struct {
	Category
	scope Word
}

// registers parts a category by scope, in the order of the cells. What nobody
// could be asked stands with the first.
func (c Category) registers() []lineOf {
	var list []lineOf
	for _, cell := range c.Persons {
		if cell.Scope.Code != "" && !slices.ContainsFunc(list, func(l lineOf) bool { return l.scope == cell.Scope }) {
			list = append(list, lineOf{scope: cell.Scope})
		}
	}
	if len(list) < 2 {
		one := lineOf{Category: c}
		if len(list) == 1 {
			one.scope = list[0].scope
		}
		return []lineOf{one}
	}
	slices.SortStableFunc(list, func(a, b lineOf) int { return strings.Compare(a.scope.Code, b.scope.Code) })
	for i := range list {
		for _, cell := range c.Persons {
			if cell.Scope == list[i].scope || cell.Scope.Code == "" && i == 0 {
				list[i].Persons = append(list[i].Persons, cell)
				list[i].add(cell)
			}
		}
		if list[i].Department == "" {
			list[i].Department = c.Department
		}
	}
	return list
}
