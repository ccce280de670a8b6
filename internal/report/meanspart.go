package report

import (
	"slices"
	"strconv"
	"strings"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// meansPart shows what the rule books make of the household: each figure beside
// its limit, and how it came about. It never says what follows from that.
func (c Content) meansPart() part {
	p := part{ID: "means", Title: zh("report.part.means")}
	m := c.Means
	switch {
	case m == nil:
		p.Intro = zh("report.means.none")
		return p
	case m.Missing != "":
		p.Intro = m.Missing
		return p
	}
	p.Intro = meansIntro(m)
	for _, g := range []grid{c.lineGrid(), c.countGrid(), c.incomeGrid(), c.supportGrid(), c.propertyGrid(), c.spendingGrid(), c.hintGrid(), openGrid(m.Open)} {
		if len(g.Rows) > 0 {
			p.Grids = append(p.Grids, g)
		}
	}
	return p
}

// basis names the rule books with their versions, so that a figure can be worked
// out again.
func basis(m *hedui.Means) string {
	if m == nil {
		return ""
	}
	var books []string
	for _, b := range m.Books {
		books = append(books, zh("report.means.book", b.Title, b.Name, b.Version))
	}
	return strings.Join(books, "；")
}

// meansIntro names the books, the window and how many count.
func meansIntro(m *hedui.Means) string {
	var titles []string
	demo := false
	for _, b := range m.Books {
		titles = append(titles, b.Title)
		demo = demo || b.Demo
	}
	text := zh("report.means.intro", strings.Join(titles, "、"), m.From.String(), m.To.String(), strconv.Itoa(m.Months), strconv.Itoa(m.Size))
	if demo {
		text = join("", text, zh("report.means.demo"))
	}
	return text
}

func (c Content) lineGrid() grid {
	g := grid{Caption: zh("report.means.lines"), Note: zh("report.means.lines.note"), Columns: columns("line", 30, "figure", 16, "limit", 16, "side", 14, "clause", 24)}
	g.Columns[1].Right, g.Columns[2].Right = true, true
	for _, l := range c.Means.Lines {
		row := texts(l.Title, lineFigure(l), lineAmount(l, l.Limit), zh("report.side."+l.Side), l.Clause)
		if l.Over() {
			row[3].Tone = "red"
		}
		g.Rows = append(g.Rows, row)
	}
	return g
}

// lineFigure is the figure of a line; where the source gave no amount there is none.
func lineFigure(l hedui.MeansLine) string {
	if !l.Figures {
		return zh("report.means.flagged")
	}
	return lineAmount(l, l.Figure)
}

func lineAmount(l hedui.MeansLine, n int64) string {
	switch {
	case l.Unit == "count":
		return strconv.FormatInt(n, 10)
	case l.Unit == "month":
		return zh("report.yuan.month", money.Fen(n).Grouped())
	}
	return yuan(money.Fen(n))
}

// countGrid says who counts as living together, where somebody does not.
func (c Content) countGrid() grid {
	g := grid{Caption: zh("report.means.members"), Columns: columns("name", 16, "counts", 14, "by", 40, "clause", 30)}
	if !slices.ContainsFunc(c.Means.Members, func(m hedui.MeansMember) bool { return !m.Counts }) {
		return g
	}
	for _, m := range c.Means.Members {
		counts := "report.means.counts"
		if !m.Counts {
			counts = "report.means.apart"
		}
		g.Rows = append(g.Rows, texts(c.name(m.Person), zh(counts), m.Why, m.Clause))
	}
	return g
}

func (c Content) incomeGrid() grid {
	g := c.meansGrid("report.means.income", c.Means.Income)
	s := c.Means.Sums
	g.Note = zh("report.means.sum", s.Verified.Grouped(), s.Support.Grouped(), s.Monthly.Grouped(), strconv.Itoa(c.Means.Size), s.PerHead.Grouped())
	return g
}

// supportGrid shows imputed support apart from what registers verify.
func (c Content) supportGrid() grid {
	g := grid{Caption: zh("report.means.support"), Note: zh("report.means.support.note"), Columns: columns("name", 14, "relation", 12, "family", 18, "imputed", 16, "why", 40)}
	g.Columns[2].Right, g.Columns[3].Right = true, true
	for _, r := range c.Means.Support {
		g.Rows = append(g.Rows, texts(c.name(r.Person), r.What, zh("report.yuan.month", r.Found.Grouped()), zh("report.yuan.month", r.Counted.Grouped()), join("；", r.Why...)))
	}
	return g
}

func (c Content) propertyGrid() grid {
	return c.meansGrid("report.means.property", c.Means.Property)
}

func (c Content) spendingGrid() grid {
	g := c.meansGrid("report.means.spending", c.Means.Spending)
	g.Note = zh("report.means.spent", c.Means.Sums.Spent.Grouped())
	return g
}

// meansGrid sets declared, found and counted side by side in yuan, with the source and why.
func (c Content) meansGrid(caption string, rows []hedui.MeansRow) grid {
	g := grid{Caption: zh(caption), Columns: columns("name", 9, "item", 11, "declared", 13, "found", 13, "counted", 13, "source", 16, "why", 35)}
	for i := 2; i <= 4; i++ {
		g.Columns[i].Right = true
	}
	for _, r := range rows {
		declared := r.Declared.Grouped()
		if !r.Stated {
			declared = zh("report.declared.none")
		}
		found := r.Found.Grouped()
		if r.Source == "" {
			found = zh("report.found.none")
		}
		counts := r.Counted.Grouped()
		if r.Unvalued {
			found, counts = zh("report.means.flagged"), "—"
		}
		source := r.Source
		if !r.AsOf.IsZero() {
			source = zh("report.means.source", r.Source, r.AsOf.String())
		}
		g.Rows = append(g.Rows, texts(c.name(r.Person), r.What, declared, found, counts, source, join("；", r.Why...)))
	}
	return g
}

func (c Content) hintGrid() grid {
	g := grid{Caption: zh("report.means.hints"), Columns: columns("weight", 9, "name", 10, "hint", 46, "settle", 20, "clause", 15)}
	for _, h := range c.Means.Hints {
		name := zh("report.household")
		if h.Person > 0 {
			name = c.name(h.Person)
		}
		row := texts(zh("report.weight."+h.Weight), name, h.Text, join("；", h.Settle, due(h.Due)), h.Clause)
		row[0].Tone = map[string]string{"material": "red", "look": "amber"}[h.Weight]
		g.Rows = append(g.Rows, row)
	}
	return g
}

func due(d day.Day) string {
	if d.IsZero() {
		return ""
	}
	return zh("report.means.due", d.String())
}

func openGrid(open []string) grid {
	g := grid{Caption: zh("report.means.open"), Columns: columns("item", 100)}
	for _, text := range open {
		row := texts(text)
		row[0].Tone = "amber"
		g.Rows = append(g.Rows, row)
	}
	return g
}

// meansLines are the figures that can change between two versions.
func (c Content) meansLines() []line {
	m := c.Means
	if m == nil || m.Missing != "" {
		return nil
	}
	list := []line{
		{"means/size", zh("report.change.size"), strconv.Itoa(m.Size)},
		{"means/per_head", zh("report.change.per_head"), zh("report.yuan.month", m.Sums.PerHead.Grouped())},
	}
	for _, l := range m.Lines {
		list = append(list, line{"means/" + l.Rule, l.Title, zh("report.change.line", lineFigure(l), lineAmount(l, l.Limit), zh("report.side."+l.Side))})
	}
	return list
}
