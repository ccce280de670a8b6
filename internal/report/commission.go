package report

import (
	"fmt"
	"strconv"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/region"
)

// A CommissionLetter is the 委托书 by which an office asks the verification centre
// to verify a household. It names the persons in full: the centre asks about them.
type CommissionLetter struct {
	Case     *hedui.Case // commissioned
	Consents []string    // number of each person's consent, by person
	Centre   string      // to whom
	On       day.Day     // commissioned
}

// Format implements [fmt.Formatter]: the number, but not who is in it.
func (l CommissionLetter) Format(s fmt.State, _ rune) {
	_, _ = fmt.Fprintf(s, "commission %s", l.Case.Commission)
}

// Name implements [Paper].
func (l CommissionLetter) Name() string { return "commission" }

func (l CommissionLetter) stamp(w words) stamp {
	return w.stampOf(l, l.Case.Commission, l.Centre, l.Case.Division, l.On)
}

func (l CommissionLetter) lay(w words) sheet {
	c, window := l.Case, l.Case.Window()
	applicant := c.Applicant()
	programme := w.t("programme." + string(c.Programme))
	sh := sheet{Title: w.t("paper.commission.title"), Number: c.Commission, Paper: paperMarks{Plain: true}}
	sh.Lead = []string{w.t("paper.to", l.Centre),
		w.t("paper.commission.body", programme, applicant.Name, strconv.Itoa(len(c.Members())), strconv.Itoa(len(c.Obligors())))}
	sh.Facts = w.pairs(2,
		"report.row.case", c.Number,
		"report.row.programme", programme,
		"report.row.applicant", applicant.Name+"　"+applicant.ID.Reveal(),
		"report.row.applied", w.day(c.AppliedOn),
		"report.row.division", region.Name(c.Division, l.On),
		"paper.row.kind", w.t("kind."+string(c.Kind)),
		"report.row.window", w.t("report.to", w.day(window.From), w.day(window.To)),
		"paper.row.property", w.t("paper.commission.property"),
	)
	g := grid{Columns: w.columns("no", 6, "name", 14, "number", 24, "relation", 13, "role", 17, "consent", 30)}
	for i, p := range c.Persons {
		consent := ""
		if i < len(l.Consents) {
			consent = l.Consents[i]
		}
		g.Rows = append(g.Rows, texts(strconv.Itoa(p.No), p.Name, p.ID.Reveal(), w.relation(p), w.t("paper.role."+string(p.Role)), consent))
	}
	sh.Parts = []part{
		{Title: w.t("paper.commission.part.persons"), Grids: []grid{g}},
		{Title: w.t("paper.commission.part.duty"), Body: numbered(
			w.t("paper.commission.d1"), w.t("paper.commission.d2"), w.t("paper.commission.d3")),
			Tail: []string{w.t("paper.seal_here", c.Office), w.day(l.On)}},
	}
	return sh
}
