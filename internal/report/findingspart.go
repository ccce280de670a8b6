package report

import (
	"slices"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/money"
)

func (c Content) findingsPart() part {
	p := part{ID: "findings", Title: zh("report.part.findings")}
	if len(c.Findings) == 0 {
		p.Intro = zh("report.findings.none")
	} else {
		g := grid{Caption: zh("report.findings.caption"), Columns: columns("name", 9, "category", 16, "kind", 9, "declared", 15, "found", 16, "reason", 35)}
		g.Columns[3].Right, g.Columns[4].Right = true, true
		for _, f := range c.Findings {
			g.Rows = append(g.Rows, f.row())
		}
		p.Grids = append(p.Grids, g)
	}
	t := c.Totals
	sums := grid{Caption: zh("report.totals.caption"), Columns: columns("item", 40, "declared", 30, "found", 30)}
	sums.Columns[1].Right, sums.Columns[2].Right = true, true
	property := "report.col.property"
	if c.holdsCapital() {
		property = "report.col.property.capital"
	}
	sums.Rows = [][]cell{
		texts(zh("report.col.income"), amount(hedui.PerMonth, t.IncomeDeclared), c.foundSum(hedui.PerMonth, t.IncomeFound)),
		texts(zh(property), amount(hedui.InTotal, t.PropertyDeclared), c.foundSum(hedui.InTotal, t.PropertyFound)),
	}
	p.Grids = append(p.Grids, sums)
	return p
}

// holdsCapital reports whether capital of a company is in the sum of property.
func (c Content) holdsCapital() bool {
	return slices.ContainsFunc(c.Findings, func(f Finding) bool {
		return f.Category == catalog.Business && f.Class == string(hedui.Enterprise) && f.Found > 0
	})
}

// foundSum is a sum of what was found. Nothing found is no amount of zero, and
// with gaps not even that is sure.
func (c Content) foundSum(u hedui.Unit, f money.Fen) string {
	switch {
	case f != 0:
		return amount(u, f)
	case len(c.Gaps) > 0:
		return zh("report.found.none.gaps")
	}
	return zh("report.found.none")
}

// declared is what the family stated, in words where it stated no amount.
func (f Finding) declared() string {
	if f.Kind == hedui.Undeclared && f.Declared == 0 {
		return zh("report.declared.none")
	}
	return amount(f.Unit, f.Declared)
}

// found is what registers hold, in words where they were searched in vain.
func (f Finding) found() string {
	if f.Kind == hedui.OverDeclared && f.Found == 0 {
		return zh("report.found.none")
	}
	return amount(f.Unit, f.Found)
}

func (f Finding) row() []cell {
	topic := f.topic()
	if f.ClassText != "" && f.ClassText != topic {
		topic += "·" + f.ClassText
	}
	why := f.Reason
	for _, fact := range f.Facts {
		if fact.Text != f.Reason {
			why = join("；", why, fact.Text)
		}
	}
	row := texts(f.Name, topic, f.KindText, f.declared(), f.found(), join("；", why, f.Explanation.note()))
	row[2].Tone = findingTone(f.Kind)
	return row
}

func findingTone(k hedui.FindingKind) string {
	switch {
	case k.Suspicious():
		return "red"
	case k == hedui.Stale, k == hedui.SourceSilent, k == hedui.NotVerifiable, k == hedui.OverDeclared:
		return "amber"
	}
	return ""
}

// amount writes an amount; what is not stated is empty and not 0.00.
func amount(u hedui.Unit, f money.Fen) string {
	if f == 0 {
		return ""
	}
	switch u {
	case hedui.PerMonth:
		return zh("report.yuan.month", f.Grouped())
	case hedui.InTotal:
		return yuan(f)
	}
	return ""
}
