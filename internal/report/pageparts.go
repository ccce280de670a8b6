package report

import (
	"slices"
	"strconv"

	"hedui/source"
)

func (c Content) householdPart() part {
	p := part{ID: "household", Title: zh("report.part.household"), Grids: []grid{personGrid(zh("report.members"), c.Members)}}
	if len(c.Obligors) > 0 {
		p.Grids = append(p.Grids, personGrid(zh("report.obligors"), c.Obligors))
	}
	return p
}

func personGrid(caption string, persons []Person) grid {
	g := grid{Caption: caption, Columns: columns("no", 7, "name", 14, "id", 21, "relation", 14, "age", 8, "note", 36)}
	for _, p := range persons {
		g.Rows = append(g.Rows, texts(strconv.Itoa(p.No), p.Name, p.ID, p.Relation.Text, zh("report.age", strconv.Itoa(p.Age)), p.Note))
	}
	return g
}

// columns makes columns from keys of titles and shares of width.
func columns(keysAndWidths ...any) []column {
	var list []column
	for i := 0; i+1 < len(keysAndWidths); i += 2 {
		key, _ := keysAndWidths[i].(string)
		width, _ := keysAndWidths[i+1].(int)
		list = append(list, column{Title: zh("report.col." + key), Width: float64(width)})
	}
	return list
}

func texts(values ...string) []cell {
	var row []cell
	for _, v := range values {
		row = append(row, cell{Text: orDash(v)})
	}
	return row
}

func (c Content) changesPart() part {
	p := part{ID: "changes", Title: zh("report.part.changes"),
		Intro: zh("report.change.intro", strconv.Itoa(c.Previous.Version), second(c.Previous.MadeAt))}
	if len(c.Changes) == 0 {
		p.Intro = join("", p.Intro, zh("report.change.none"))
	} else {
		p.Grids = []grid{changeGrid(c.Changes, "before", "after")}
	}
	if len(c.History) > 0 {
		g := grid{Caption: zh("report.history"), Columns: columns("version", 10, "made", 22, "conclusion", 28, "digest", 40)}
		for _, past := range c.History {
			g.Rows = append(g.Rows, texts(zh("report.version", strconv.Itoa(past.Version)), second(past.MadeAt), past.Conclusion.Text, past.Digest))
		}
		p.Grids = append(p.Grids, g)
	}
	return p
}

// earlierPart sets the report beside that of the household's case before.
func (c Content) earlierPart() part {
	e := c.Earlier
	p := part{ID: "earlier", Title: zh("report.part.earlier"), Intro: zh("report.earlier.intro", e.Number, strconv.Itoa(e.Version), date(e.MadeAt))}
	if len(e.Changes) == 0 {
		p.Intro = join("", p.Intro, zh("report.earlier.none"))
	} else {
		p.Grids = []grid{changeGrid(e.Changes, "then", "now")}
	}
	return p
}

func changeGrid(changes []Change, before, after string) grid {
	g := grid{Columns: columns("change", 7, "subject", 21, before, 34, after, 38)}
	for _, ch := range changes {
		g.Rows = append(g.Rows, texts(zh("report.change."+string(ch.Kind)), ch.Subject, ch.Before, ch.After))
	}
	return g
}

// perGrid is how many persons fit beside each other.
const perGrid = 5

func (c Content) gridPart() part {
	p := part{ID: "grid", Title: zh("report.part.grid"), Intro: zh("report.grid.note")}
	all := slices.Concat(c.Members, c.Obligors)
	for group := range slices.Chunk(all, perGrid) {
		g := grid{Caption: zh("report.grid.caption"), Columns: columns("category", 21, "department", 31)}
		for _, person := range group {
			g.Columns = append(g.Columns, column{Title: person.Name, Width: 70 / float64(max(len(group), 2))})
		}
		g.Columns = append(g.Columns, columns("as_of", 20, "answered", 24, "millis", 12)...)
		for _, row := range c.Categories {
			for _, r := range row.registers() {
				line := texts(c.scoped(row.Code, row.Name, r.scope), r.asked())
				for _, person := range group {
					line = append(line, r.cell(person.No))
				}
				g.Rows = append(g.Rows, append(line, texts(r.asOf(), dateTime(r.AnsweredAt), took(r.Category))...))
			}
		}
		p.Grids = append(p.Grids, g)
	}
	return p
}

// asked is the department of a line, and the letters by which it was asked.
func (c Category) asked() string {
	text := c.Department
	for i, k := range c.Persons {
		if !slices.ContainsFunc(c.Persons[:i], func(before Cell) bool { return before.Letter == k.Letter }) {
			text = join("；", text, k.Letter)
		}
	}
	return text
}

func (c Category) cell(person int) cell {
	i := slices.IndexFunc(c.Persons, func(k Cell) bool { return k.Person == person })
	if i < 0 {
		return cell{Text: "—"}
	}
	k := c.Persons[i]
	text := k.Text
	if k.Records > 0 {
		text = zh("report.count.records", k.Text, strconv.Itoa(k.Records))
	}
	if k.Unknown > 0 {
		text = zh("report.count.unknown", text, strconv.Itoa(k.Unknown))
	}
	tone := map[source.Outcome]string{source.Found: "strong", source.None: "grey", source.NotCovered: "grey",
		source.IdentityDoubt: "red", source.Failed: "amber", source.Refused: "amber"}[k.Outcome]
	return cell{Text: text, Tone: tone}
}

// asOf is the day the data is of; who answered without saying so is named.
func (c Category) asOf() string {
	if c.AsOf.IsZero() && !c.AnsweredAt.IsZero() {
		return zh("report.as_of.unstated")
	}
	return date(c.AsOf)
}

func took(c Category) string {
	if c.AnsweredAt.IsZero() {
		return ""
	}
	if c.Millis < 100 {
		return zh("report.seconds.less")
	}
	return zh("report.seconds", strconv.FormatFloat(float64(c.Millis)/1000, 'f', 1, 64))
}

func (c Content) gapsPart() part {
	p := part{ID: "gaps", Title: zh("report.part.gaps")}
	if len(c.Gaps) == 0 {
		p.Intro = zh("report.gaps.none")
	} else {
		p.Grids = append(p.Grids, c.gapGrid(zh("report.gaps.caption"), zh("report.gaps.note"), "amber", c.Gaps))
	}
	if len(c.NotCovered) > 0 {
		p.Grids = append(p.Grids, c.gapGrid(zh("report.covered.caption"), zh("report.covered.note"), "grey", c.NotCovered))
	}
	return p
}

func (c Content) gapGrid(caption, note, tone string, gaps []Gap) grid {
	g := grid{Caption: caption, Note: note, Columns: columns("category", 15, "department", 25, "result", 60)}
	for _, gap := range gaps {
		row := texts(gap.Name, gap.Department, gap.Text)
		row[2].Tone = tone
		g.Rows = append(g.Rows, row)
	}
	return g
}
