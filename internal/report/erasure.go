package report

import (
	"strconv"
	"strings"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/region"
)

// An ErasureCertificate 销毁证明 says of a case that its data was destroyed: what kinds,
// when, by which term or which officers, the fingerprint of the key, and the entry of
// the log that vouches for it. It names nobody whom the case was about: nobody knows
// any more.
type ErasureCertificate struct {
	Erasure hedui.Erasure
	Case    *hedui.Case // what lies in clear of it: number, programme, division, office
	Issuer  string
	Entry   audit.Entry
	Proof   *audit.Proof // nil while the entry has no place in a signed log
	On      day.Day
}

// Name implements [Paper].
func (ErasureCertificate) Name() string { return "erasure" }

func (e ErasureCertificate) stamp(w words) stamp {
	return w.stampOf(e, e.Erasure.Number, e.Issuer, e.Case.Division, e.On)
}

func (e ErasureCertificate) lay(w words) sheet {
	x := e.Erasure
	sh := sheet{Title: w.t("paper.erasure.title"), Number: x.Number, Paper: paperMarks{Plain: true}}
	sh.Lead = []string{w.t("paper.erasure.body", e.Case.Number, minute(x.Decided.At))}
	sh.Facts = w.pairs(2, "report.row.case", e.Case.Number, "report.row.programme", w.t("programme."+string(e.Case.Programme)),
		"report.row.division", region.Name(e.Case.Division, e.On), "report.row.office", e.Case.Office,
		"paper.row.erased_at", minute(x.Decided.At), "paper.row.stage", w.t("stage."+string(e.Case.Stage)))
	what := grid{Columns: w.columns("no", 8, "destroyed", 70, "count", 22)}
	for i, d := range x.Destroyed {
		what.Rows = append(what.Rows, texts(strconv.Itoa(i+1), w.t("erasure.kind."+d.Kind), strconv.Itoa(d.N)))
	}
	sh.Parts = []part{
		{Title: w.t("paper.erasure.part.what"), Intro: w.t("paper.erasure.what"), Grids: []grid{what}},
		{Title: w.t("paper.erasure.part.why"), Grids: []grid{e.why(w)}},
		{Title: w.t("paper.erasure.part.proof"), Intro: w.t("paper.erasure.proof"), Grids: []grid{e.proved(w)}},
		{Title: w.t("paper.erasure.part.left"), Body: numbered(w.t("paper.erasure.l1"), w.t("paper.erasure.l2"), w.t("paper.erasure.l3")),
			Tail: []string{w.t("paper.seal_here", e.Issuer), w.day(e.On)}},
	}
	return sh
}

// why names the line of the table of terms, or the two officers.
func (e ErasureCertificate) why(w words) grid {
	x := e.Erasure
	if x.Rule == nil {
		return w.pairs(1, "paper.row.ground", w.t("erasure.reason."+x.Reason),
			"paper.row.proposed", actor(x.Proposed), "paper.row.confirmed", actor(x.Decided))
	}
	demo, term := "", x.Rule.Keep.Say()
	if x.Rule.Demo {
		demo = w.t("paper.erasure.demo")
	}
	return w.pairs(1, "paper.row.ground", w.t("paper.erasure.term", w.t("erasure.event."+string(x.Rule.Event)), minute(x.Since), w.t(term.Key, term.Args...))+demo,
		"paper.row.clause", x.Rule.Basis, "paper.row.line", x.Rule.Name(), "paper.row.by", actor(x.Decided))
}

// actor writes an officer by id, as the log does.
func actor(h hedui.Hand) string { return join("　", h.ID, h.Office, minute(h.At)) }

func (e ErasureCertificate) proved(w words) grid {
	place, log := w.t("paper.erasure.no_place"), ""
	if p := e.Proof; p != nil {
		place = strconv.FormatInt(p.Seq, 10)
		log, _, _ = strings.Cut(p.Checkpoint, "\n")
	}
	return w.pairs(1, "paper.row.key", x16(e.Erasure.Key), "paper.row.entry", e.Entry.ID, "paper.row.detail", e.Entry.Detail,
		"paper.row.place", place, "paper.row.log", log)
}

// x16 writes a long row of digits in groups, so that it can be compared and broken.
func x16(digits string) string {
	var groups []string
	for len(digits) > 16 {
		groups, digits = append(groups, digits[:16]), digits[16:]
	}
	return strings.Join(append(groups, digits), " ")
}
