package report

import (
	"strconv"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/lang"
)

// An Annex goes with the written decision of the office: what the verification
// found, in plain words, with source and day, what it means, and how to object. It
// decides nothing; the decision is a blank for the office to fill in.
type Annex struct {
	Number        string
	Report        Content // sealed
	ObjectionDays int     // within which the family may object to the report
	Spans         Spans
	On            day.Day
}

// Name implements [Paper].
func (a Annex) Name() string { return "annex" }

func (a Annex) stamp(w words) stamp {
	return w.stampOf(a, a.Number, a.Report.Issuer, a.Report.Case.Division.Code, a.On)
}

func (a Annex) lay(w words) sheet {
	c := a.Report
	sh := sheet{Title: w.t("paper.annex.title"), Number: a.Number}
	sh.Lead = []string{w.t("paper.to", c.name(1)), w.t("paper.annex.body", w.programme(c))}
	sh.Facts = w.pairs(2,
		"report.row.applicant", join("　", c.name(1), c.Members[0].ID),
		"report.row.programme", w.programme(c),
		"report.row.case", c.Case.Number,
		"paper.row.report", w.t("paper.report", c.Number, strconv.Itoa(c.Version)),
		"report.row.checked", w.t("report.to", minute(c.CheckedFrom), minute(c.CheckedTo)),
		"report.row.conclusion", w.t("conclusion."+string(c.Conclusion.Code)),
	)
	facts := part{Title: w.t("paper.annex.part.facts"), Intro: w.t("paper.annex.note")}
	for i, f := range c.Findings {
		facts.Grids = append(facts.Grids, a.finding(w, i+1, f))
	}
	if len(c.Findings) == 0 {
		facts.Body = []string{w.t("paper.annex.nothing")}
	}
	sh.Parts = []part{facts,
		{Title: w.t("paper.annex.part.unknown"), Intro: w.t("paper.annex.unknown"), Body: []string{c.Unknown}},
		{Title: w.t("paper.annex.part.decision"), Intro: w.t("paper.annex.decision"), Grids: []grid{{Framed: true, Rows: [][]cell{
			{{Text: w.t("paper.row.decision"), Label: true}, {Text: blank, Span: 3, Tall: 3}},
			{{Text: w.t("paper.row.clause"), Label: true}, {Text: blank, Span: 3, Tall: 2}},
			w.field(2, "paper.row.decider", "", "paper.row.decided_on", w.t("paper.blank.day")),
		}}}},
		{Title: w.t("paper.annex.part.object"), Notices: a.objecting(w)},
	}
	last := &sh.Parts[len(sh.Parts)-1]
	last.Tail = []string{w.t("paper.seal_here", c.Issuer), w.day(a.On)}
	return sh
}

func (w words) programme(c Content) string { return w.t("programme." + c.Case.Programme.Code) }

// finding is one fact of the report in plain words. What stands in the report is
// in Chinese.
func (a Annex) finding(w words, no int, f Finding) grid {
	g := w.pairs(2, "paper.row.declared", f.declared(), "paper.row.found", f.found())
	g.Caption = w.t("paper.annex.finding", strconv.Itoa(no), f.Name, w.topic(f), w.t("finding."+string(f.Kind)))
	wide := func(key, text string) {
		g.Rows = append(g.Rows, []cell{{Text: w.t(key), Label: true}, {Text: orDash(text), Span: 3}})
	}
	wide("paper.row.what", f.Reason)
	for _, fact := range f.Facts {
		asOf := date(fact.AsOf)
		if asOf == "" {
			asOf = w.t("report.as_of.unstated")
		}
		wide("paper.row.source", w.t("paper.annex.source", fact.Text, fact.Department, asOf))
	}
	wide("paper.row.means", w.t("paper.mean."+string(f.Kind)))
	return g
}

// topic is what a finding is about.
func (w words) topic(f Finding) string {
	if known, ok := catalog.Get(f.Category); ok && lang.Lang(w) == lang.English {
		return known.NameEn
	}
	return f.topic()
}

func (a Annex) objecting(w words) []Notice {
	c := a.Report
	list := []Notice{{w.t("paper.way.explain"), w.t("paper.way.explain.text", c.Case.Office)}}
	if a.ObjectionDays > 0 {
		list = append(list, Notice{w.t("paper.way.report"), w.t("paper.way.report.within", strconv.Itoa(a.ObjectionDays))})
	}
	if l, ok := a.Spans.within(spanInform, c.Case.Division.Code, a.On); ok {
		list = append(list, Notice{w.t("paper.way.inform"), w.t("paper.way.inform.within", w.length(l))})
	}
	list = append(list, w.ways(a.Spans, c.Case.Division.Code, a.On)...)
	return append(list, Notice{w.t("paper.way.again"), w.t("paper.way.again.text")})
}
