package report

import (
	"fmt"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/region"
)

// A StandstillNotice tells the family that its case was returned, suspended or
// terminated, why, and what they can do next.
type StandstillNotice struct {
	Stage     hedui.Stage // [hedui.Returned], [hedui.Suspended] or [hedui.Terminated]
	Number    string
	Case      string
	Programme hedui.Programme
	Division  string
	Applicant string
	Office    string // the case's, where the family goes
	Issuer    string // who gives the notice
	At        time.Time
	Why       hedui.Text
	Missing   []hedui.Problem // consents that do not hold, of a case that is open
	Persons   []hedui.Person
	Spans     Spans
	On        day.Day
}

// NewStandstill makes the notice of the case's stage from the step that led there.
// It fails for a case that does not stand still.
func NewStandstill(c *hedui.Case, number, issuer string, spans Spans, at time.Time) (StandstillNotice, error) {
	n := StandstillNotice{Stage: c.Stage, Number: number, Case: c.Number, Programme: c.Programme, Division: c.Division,
		Applicant: c.Applicant().Name, Office: c.Office, Issuer: issuer, Persons: c.Persons, Spans: spans, On: day.Of(at)}
	switch c.Stage {
	case hedui.Returned, hedui.Suspended:
		n.Missing = c.Missing(at)
	case hedui.Terminated:
	default:
		return n, hedui.Fail(hedui.Conflict, hedui.Say("error.paper.stage"), fmt.Errorf("case %s is %s", c.ID, c.Stage))
	}
	for i := len(c.Steps) - 1; i >= 0 && c.Steps[i].Stage == c.Stage; i-- { // a boundary change leaves its own steps
		n.At, n.Why = c.Steps[i].At, c.Steps[i].Note
	}
	return n, nil
}

// Name implements [Paper].
func (n StandstillNotice) Name() string { return string(n.Stage) }

func (n StandstillNotice) stamp(w words) stamp {
	return w.stampOf(n, n.Number, n.Issuer, n.Division, n.On)
}

// died reports whether the notice goes to the kin of a single applicant.
func (n StandstillNotice) died() bool { return n.Why.Key == "step.terminate.death" }

func (n StandstillNotice) lay(w words) sheet {
	stage := string(n.Stage)
	programme := w.t("programme." + string(n.Programme))
	sh := sheet{Title: w.t("paper." + stage + ".title"), Number: n.Number, Paper: paperMarks{Plain: true}}
	to := n.Applicant
	if n.died() {
		to = w.t("paper.kin", to)
	}
	sh.Lead = []string{w.t("paper.to", to), w.t("paper."+stage+".body", programme, n.Case, w.day(day.Of(n.At)))}
	sh.Facts = w.pairs(2, "report.row.case", n.Case, "report.row.programme", programme,
		"report.row.division", region.Name(n.Division, n.On), "report.row.office", n.Office)
	why := w.t("paper.why.none")
	if n.Why.Key != "" {
		why = w.t(n.Why.Key, n.Why.Args...)
	}
	sh.Parts = []part{{Title: w.t("paper.part.why"), Body: []string{why}}}
	if len(n.Missing) > 0 {
		list := MissingNotice{Persons: n.Persons, Problems: n.Missing}.list(w)
		list.Caption = w.t("paper.part.missing")
		sh.Parts[0].Grids = []grid{list}
	}
	var next []string
	if key := n.Why.Key + ".next"; known("", key) != "" {
		next = append(next, w.t(key))
	}
	if !n.died() {
		next = append(next, w.t("paper."+stage+".n1"))
	}
	next = append(next, w.t("paper."+stage+".n2"), w.t("paper.ask", n.Office))
	sh.Parts = append(sh.Parts, part{Title: w.t("paper.part.next"), Body: numbered(next...)})
	if n.Stage == hedui.Terminated {
		if ways := w.ways(n.Spans, n.Division, n.On); len(ways) > 0 {
			sh.Parts = append(sh.Parts, part{Title: w.t("paper.part.ways"), Intro: w.t("paper.ways.note"), Notices: ways})
		}
	}
	last := &sh.Parts[len(sh.Parts)-1]
	last.Tail = []string{w.t("paper.seal_here", n.Issuer), w.day(n.On)}
	return sh
}
