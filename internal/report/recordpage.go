package report

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"hedui/catalog"
)

// maxVarying is how many columns of records that differ fit beside each other;
// with more, each record becomes a card of its own.
const maxVarying = 6

// recordsPart shows the records of each person, category and register. A single record is a
// card of labels and values. Of several, what they have in common stands once and
// only what differs makes the columns: twelve months of one insurance stay small.
func (c Content) recordsPart() part {
	p := part{ID: "records", Title: zh("report.part.records")}
	for _, t := range c.Tables {
		for _, group := range byRegister(t.Rows) {
			p.Grids = append(p.Grids, t.grids(group, c.register(t.Category, group[0].Scope))...)
		}
	}
	if len(p.Grids) == 0 {
		p.Intro = zh("report.records.none")
	}
	return p
}

// byRegister parts rows by person and scope.
func byRegister(rows []Row) [][]Row {
	var groups [][]Row
	for _, r := range rows {
		if n := len(groups); n > 0 && groups[n-1][0].Person == r.Person && groups[n-1][0].Scope == r.Scope {
			groups[n-1] = append(groups[n-1], r)
			continue
		}
		groups = append(groups, []Row{r})
	}
	return groups
}

// grids shows the records of one person in one register, which is named if it
// must be told from others.
func (t Table) grids(rows []Row, register string) []grid {
	first := rows[0]
	caption := zh("report.records.group", parenthesis(t.Name, register), first.Name, strconv.Itoa(len(rows)))
	note := join("　", first.Department,
		zh("report.col.as_of")+" "+unstated(second(first.AsOf)), zh("report.col.answered")+" "+orDash(second(first.AnsweredAt)), first.Match, late(first.Promised), first.Letter)
	var same, varying []int
	for i := range t.Columns {
		differs := slices.ContainsFunc(rows, func(r Row) bool { return r.Values[i] != first.Values[i] })
		switch {
		case differs:
			varying = append(varying, i)
		case first.Values[i] != "":
			same = append(same, i)
		}
	}
	if len(varying) > maxVarying {
		return t.cards(rows, caption, note)
	}
	var grids []grid
	if len(same) > 0 {
		grids = append(grids, t.card(first, same))
	}
	if len(varying) > 0 {
		list := t.list(rows, varying)
		list.Again = caption
		grids = append(grids, list)
	}
	if len(grids) == 0 {
		grids = []grid{{Rows: [][]cell{texts(zh("report.records.none"))}}}
	}
	grids[0].Caption, grids[0].Note = caption, note
	return grids
}

// unstated is a state of the data, or that its department named none.
func unstated(asOf string) string {
	if asOf == "" {
		return zh("report.as_of.unstated")
	}
	return asOf
}

// cards shows each record by itself.
func (t Table) cards(rows []Row, caption, note string) []grid {
	var grids []grid
	for _, r := range rows {
		var filled []int
		for i, v := range r.Values {
			if v != "" {
				filled = append(filled, i)
			}
		}
		grids = append(grids, t.card(r, filled))
	}
	grids[0].Caption, grids[0].Note = caption, note
	return grids
}

// long is from how many characters a value gets a line of its own.
const long = 18

func (t Table) card(r Row, columns []int) grid {
	var g grid
	var row []cell
	flush := func() { g, row = g.close(2, row), nil }
	for _, i := range columns {
		label, value := cell{Text: t.Columns[i].Name, Label: true}, cell{Text: r.Values[i]}
		if utf8.RuneCountInString(value.Text) > long {
			flush()
			row = []cell{label, value}
			flush()
			continue
		}
		if row = append(row, label, value); len(row) == 4 {
			g.Rows, row = append(g.Rows, row), nil
		}
	}
	flush()
	return g
}

// list is a table of what differs, with as-of and feedback time on every row.
func (t Table) list(rows []Row, columns []int) grid {
	g := grid{}
	for _, i := range columns {
		c := column{Title: t.Columns[i].Name, Width: float64(longest(rows, i, t.Columns[i].Name))}
		switch t.Columns[i].Type {
		case catalog.Money, catalog.Decimal, catalog.Percent, catalog.Count:
			c.Right = true
		}
		g.Columns = append(g.Columns, c)
	}
	g.Columns = append(g.Columns, column{Title: zh("report.col.as_of"), Width: 11}, column{Title: zh("report.col.answered"), Width: 15})
	for _, r := range rows {
		var values []string
		for _, i := range columns {
			values = append(values, r.Values[i])
		}
		g.Rows = append(g.Rows, texts(append(values, unstated(date(r.AsOf)), dateTime(r.AnsweredAt))...))
	}
	return g
}

// longest is how many characters wide a column should be, within reason.
func longest(rows []Row, i int, title string) int {
	n := utf8.RuneCountInString(title) + 2
	for _, r := range rows {
		n = max(n, utf8.RuneCountInString(r.Values[i]))
	}
	return min(max(n, 8), 30)
}
