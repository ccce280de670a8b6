package report

import (
	"slices"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/source"
)

// weight orders outcomes by how much a reader must know of them.
var weight = []source.Outcome{source.Found, source.IdentityDoubt, source.Failed, source.Refused, source.NotCovered, source.None}

func (m *maker) grid() []Category {
	rows := []Category{}
	for _, code := range m.Case.Categories(m.Queries) {
		known, _ := catalog.Get(code)
		row := Category{Code: code, Name: known.Name}
		for _, p := range m.Case.Persons {
			for _, cell := range m.cellsOf(p.No, code) {
				row.Persons = append(row.Persons, cell)
				row.add(cell)
			}
		}
		if row.Department == "" {
			owner, _ := known.OwnerOn(day.Of(m.At))
			row.Department = owner.Name
		}
		row.sum()
		rows = append(rows, row)
	}
	return rows
}

// cellsOf reads the queries of a person and category. One that was never planned
// is a gap.
func (m *maker) cellsOf(person int, code catalog.Code) []Cell {
	queries := m.cells[cellKey{person, code}]
	if len(queries) == 0 {
		return []Cell{{Person: person, Outcome: source.Failed, Text: zh("report.unasked.consent"), Reason: zh("report.reason.not_asked")}}
	}
	var cells []Cell
	for _, q := range queries {
		cells = append(cells, m.cell(q))
	}
	return cells
}

// cell reads one query. One that has no outcome by now is a gap: silence is never
// "none".
func (m *maker) cell(q *hedui.Query) Cell {
	cell := Cell{Person: q.Person, Scope: m.scope(q), AnsweredBy: mask(q.AnsweredBy), Outcome: q.Outcome, Department: mask(q.Department), Hash: q.Hash}
	reason := q.Reason
	switch {
	case q.State != hedui.Answered: // given up, or still under way: no feedback
		cell.Outcome = source.Failed
		if reason == "" {
			reason = "pending"
		}
	case !q.AskedAt.IsZero():
		cell.AsOf, cell.AnsweredAt, cell.Millis = instant(q.AsOf), instant(q.AnsweredAt), q.Millis()
		cell.Records = len(q.Records)
		if promised := m.Promised[q.Source]; q.AnsweredBy == "" && hedui.Overdue(promised, q.AsOf, q.AnsweredAt) {
			cell.Promised = age(promised)
		}
	}
	if l, ok := m.Letters[q.ID]; ok {
		cell.Letter = l.text()
	}
	for _, r := range q.Records {
		cell.Unknown += len(unknownCodes(q.Category, r))
	}
	cell.Text, cell.Reason = outcomeText(cell.Outcome, reason), reasonText(reason)
	if hedui.Waits(reason) && !q.HeldUntil.IsZero() {
		cell.Reason = zh("reason.held", cell.Reason, minute(q.HeldUntil))
	}
	return cell
}

// outcomeText says what became of a query. Nobody refused what was never asked:
// without consent, or without a source, there was no query.
func outcomeText(o source.Outcome, why source.Reason) string {
	switch why {
	case hedui.ReasonNoConsent:
		return zh("report.unasked.consent")
	case hedui.ReasonNoSource:
		return zh("report.unasked.source")
	}
	return zh("outcome." + string(o))
}

func reasonText(r source.Reason) string {
	switch own, shared := "report.reason."+string(r), "reason."+string(r); {
	case r == "":
		return ""
	case lang.Has(shared):
		return zh(shared)
	case lang.Has(own):
		return zh(own)
	}
	return zh("report.reason.other", mask(string(r)))
}

func (c *Category) add(cell Cell) {
	if c.Department == "" {
		c.Department = cell.Department
	}
	if !cell.AsOf.IsZero() && (c.AsOf.IsZero() || cell.AsOf.Before(c.AsOf)) {
		c.AsOf = cell.AsOf
	}
	if cell.AnsweredAt.After(c.AnsweredAt) {
		c.AnsweredAt = cell.AnsweredAt
	}
	c.Millis = max(c.Millis, cell.Millis)
}

// sum says what became of the queries of a row, the weightiest first, and of how
// many persons each is said.
func (c *Category) sum() {
	var parts []string
	for _, n := range tally(c.Persons) {
		if c.Outcome == "" {
			c.Outcome = n.outcome
		}
		parts = append(parts, zh("report.count", n.text, strconv.Itoa(len(n.persons))))
	}
	c.Text = strings.Join(parts, "，")
	if len(parts) == 1 {
		c.Text = c.Persons[0].Text
	}
}

// A tallied is how many cells came to one end.
type tallied struct {
	outcome source.Outcome
	text    string
	count   int
	persons map[int]bool
}

// tally counts cells by outcome and word, by the weight of the outcomes.
func tally(cells []Cell) []tallied {
	var list []tallied
	for _, o := range weight {
		for _, k := range cells {
			if k.Outcome != o {
				continue
			}
			i := slices.IndexFunc(list, func(n tallied) bool { return n.outcome == o && n.text == k.Text })
			if i < 0 {
				i = len(list)
				list = append(list, tallied{o, k.Text, 0, map[int]bool{}})
			}
			list[i].count++
			list[i].persons[k.Person] = true
		}
	}
	return list
}

// gaps collects what nobody answered, or nobody could be asked about, and what no
// register can know: one line for each category, scope, outcome and reason. Where
// one scope does not cover a person whom another one's register has settled,
// nothing is open.
func (c Content) gaps() (gaps, notCovered []Gap) {
	gaps, notCovered = []Gap{}, []Gap{}
	for _, row := range c.Categories {
		for _, cell := range row.Persons {
			switch {
			case cell.Outcome == source.NotCovered && row.settled(cell.Person):
			case cell.Outcome == source.Failed, cell.Outcome == source.Refused, cell.Reason == zh("reason.no_source"):
				gaps = c.addGap(gaps, row, cell)
			case cell.Outcome == source.NotCovered:
				notCovered = c.addGap(notCovered, row, cell)
			}
		}
	}
	for _, list := range [][]Gap{gaps, notCovered} {
		for i := range list {
			list[i].Text = zh("report.gap", c.scoped(list[i].Category, list[i].Name, list[i].Scope), list[i].Text, c.names(list[i].Persons))
		}
	}
	return gaps, notCovered
}

func (c Content) addGap(list []Gap, row Category, cell Cell) []Gap {
	text := cell.Text
	if cell.Reason != "" {
		text = zh("report.because", cell.Text, cell.Reason)
	}
	i := slices.IndexFunc(list, func(g Gap) bool {
		return g.Category == row.Code && g.Scope == cell.Scope && g.Outcome == cell.Outcome && g.Text == text
	})
	if i < 0 {
		department := cell.Department
		if department == "" {
			department = row.Department
		}
		return append(list, Gap{row.Code, row.Name, cell.Scope, department, []int{cell.Person}, cell.Outcome, text})
	}
	list[i].Persons = append(list[i].Persons, cell.Person)
	return list
}

// names lists persons by name, or says "all".
func (c Content) names(persons []int) string {
	if n := len(c.Members) + len(c.Obligors); len(persons) == n && n > 1 {
		return zh("report.all", strconv.Itoa(n))
	}
	var names []string
	for _, no := range persons {
		names = append(names, c.name(no))
	}
	return strings.Join(names, "、")
}
