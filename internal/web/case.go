package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/money"
	"hedui/region"
	"hedui/source"
)

type casePage struct {
	frame
	ID                                              string
	Rev                                             string // what the page shows, see [casework.Desk.Changed]
	Number, Programme, Kind, Stage, Due, Conclusion string
	Erasure                                         string // that it is proposed or held, and why
	Keeping                                         string // address of what can be done about that
	Decisions                                       []decisionRow
	Decide                                          string // address where one is entered; empty = the officer cannot
	Codes                                           []choice
	Ask                                             bool // the conclusion asks for an explanation
	Done, Total                                     int
	Columns                                         []string
	Rows                                            []gridRow
	Findings                                        []findingRow
	Items                                           []itemRow
	Letters                                         []letterRow
	Consents                                        []ownConsent
	Withdrawal                                      *withdrawalRow
	Papers                                          []paperRow
	Again                                           bool // the officer may ask single cells again
	Claim                                           bool // the officer may suspend the case for a company that is not theirs
	Means                                           *hedui.Means
	Lines                                           []lineRow
	Reports                                         []reportRow
	Steps                                           []stepRow
	Acts                                            []actRow
	Wrong                                           []problemRow // why what was asked for was not done
	Made                                            string       // what was done just now
}

type gridRow struct {
	Name, ID, Relation string // name and number masked
	Cells              []cell
}

// A cell has a mark for each register that was asked.
type cell struct {
	Category string
	Marks    []mark
}

type mark struct {
	Scope, Symbol, Class, Text, Title string
	Query                             string // by which it can be asked again; empty = it cannot
}

type findingRow struct {
	Kind, Category, Who, Tongue, Declared, Found, Reason, Class string // Tongue is the language of Who
}

type lineRow struct{ Title, Figure, Limit, Side, Class, Clause string }

type reportRow struct{ Number, Version, Sealed, Base string }

type stepRow struct{ Stage, Officer, At, Note string }

func (s *Server) showCase(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	v, err := s.look(r, o, r.PathValue("id"))
	if casework.IsErased(err) {
		return s.showErased(w, r, o)
	}
	if err != nil {
		return err
	}
	p := s.casePage(r, o, v)
	p.done(r)
	return render(w, http.StatusOK, "case.html", p)
}

// look opens a case with all its texts in the language of the page.
func (s *Server) look(r *http.Request, o hedui.Officer, id string) (casework.View, error) {
	v, err := s.Desk.Look(r.Context(), o, id)
	if l := langOf(r); err == nil && l != lang.Chinese {
		err = s.Desk.Assess(&v, l)
	}
	return v, err
}

func (s *Server) casePage(r *http.Request, o hedui.Officer, v casework.View) casePage {
	p := casePage{frame: s.frame(r, "page.case"), ID: v.Case.ID, Rev: v.Rev}
	p.Path = "/cases/" + v.Case.ID // also of a part of the page
	p.Number, p.Due = v.Case.Number, clock(v.Case.DueAt)
	p.Title = p.T("page.case") + " " + v.Case.Number
	p.Programme, p.Kind = p.T("programme."+string(v.Case.Programme)), p.T("kind."+string(v.Case.Kind))
	p.Stage = p.T("stage." + string(v.Case.Stage))
	p.Acts = p.actRows(v.Case.Actions(o, s.Now()), p.Path, v.Rev)
	if e := v.Erasure; e.State == hedui.ErasureProposed || e.State == hedui.ErasureHeld {
		p.Erasure = p.T("erasure.state."+string(e.State)) + " · " + p.T("erasure.reason."+e.Reason)
	}
	if slices.ContainsFunc([]hedui.Right{hedui.ProposeErasure, hedui.ConfirmErasure, hedui.HoldCases}, func(r hedui.Right) bool { return o.MayOn(r, v.Case) == nil }) {
		p.Keeping = p.Path + "/erasure?lang=" + string(p.Lang)
	}
	if p.Decisions = p.decisionRows(v.Case); v.Case.MayDecide(o) == nil {
		p.Decide = p.Path + "/decision?lang=" + string(p.Lang)
	}
	p.Codes = p.codeChoices(o, v.Case)
	trial := *v.Case
	p.Again = trial.Requery(o, s.Now()) == nil
	p.fillGrid(v)
	if !settled(v.Case.Stage) || p.Done < p.Total && v.Case.Stage == hedui.Delivered {
		p.moves()
	}
	if p.Refresh > 0 {
		p.Live = p.Path + "/live?lang=" + string(p.Lang)
	}
	p.fillFindings(v)
	p.fillMeans(v)
	p.fillItems(s, o, v)
	for _, l := range v.Letters {
		p.Letters = append(p.Letters, p.letterRow(s, l))
	}
	p.Withdrawal = p.withdrawal(o, v.Case, p.Path, v.Rev, s.Now())
	p.Consents, p.Papers = p.consentRows(v.Case, s.Now()), p.paperRows(o, v.Case, p.Path, s.Now())
	for _, rep := range v.Reports {
		if rep.SealedAt.IsZero() {
			continue
		}
		version := strconv.Itoa(rep.Version)
		p.Reports = append(p.Reports, reportRow{rep.Number, version, clock(rep.SealedAt), "/cases/" + v.Case.ID + "/reports/" + version})
	}
	for _, step := range slices.Backward(v.Case.Steps) {
		p.Steps = append(p.Steps, stepRow{p.T("stage." + string(step.Stage)), step.Name, clock(step.At), p.say(step.Note)})
	}
	return p
}

func (f frame) say(t hedui.Text) string {
	if t.Key == "" {
		return ""
	}
	return f.T(t.Key, t.Args...)
}

func (f frame) category(c catalog.Code) string {
	cat, ok := catalog.Get(c)
	switch {
	case !ok:
		return string(c)
	case f.Lang == lang.English:
		return cat.NameEn
	}
	return cat.Name
}

func (p *casePage) fillGrid(v casework.View) {
	type place struct {
		person   int
		category catalog.Code
	}
	marks := map[place][]mark{}
	registers := make(hedui.Registers, len(v.Grid))
	for i, q := range v.Grid {
		registers[i] = hedui.Register{Category: q.Category, Scope: q.ScopeAsked()}
	}
	for _, q := range v.Grid {
		k := place{q.Person, q.Category}
		marks[k] = append(marks[k], p.mark(q, registers))
		p.Total++
		if q.Settled() {
			p.Done++
		}
	}
	codes := v.Case.Categories(v.Grid)
	for _, c := range codes {
		p.Columns = append(p.Columns, p.category(c))
	}
	for _, person := range v.Case.Persons {
		row := gridRow{Name: idcard.MaskName(person.Name), ID: person.ID.Masked(), Relation: p.T("relation." + string(person.Relation))}
		for _, c := range codes {
			row.Cells = append(row.Cells, cell{p.category(c), marks[place{person.No, c}]})
		}
		p.Rows = append(p.Rows, row)
	}
}

// symbols tell the outcomes apart without colour.
var symbols = map[source.Outcome]string{
	source.Found: "●", source.None: "–", source.NotCovered: "○", source.IdentityDoubt: "◐", source.Refused: "⊘", source.Failed: "◌",
}

// mark shows one query. Its register is named where it must be told from others;
// its title says all that there is.
func (p *casePage) mark(q hedui.Query, registers hedui.Registers) mark {
	m := mark{Query: q.ID, Symbol: "…", Class: "waiting", Text: p.T("state." + string(q.State))}
	switch {
	case q.Settled(), q.State == hedui.Retrying:
		m.Symbol, m.Class, m.Text = symbols[q.Outcome], string(q.Outcome), p.T("outcome."+string(q.Outcome))
	case q.State == hedui.Pending && q.Reason == hedui.ReasonSent:
		m.Text = p.T("page.sent")
	case q.State == hedui.Pending && q.Reason == hedui.ReasonLink:
		m.Text = p.T("page.link_down")
	}
	if q.Held() && hedui.Waits(q.Reason) {
		m.Symbol, m.Class, m.Text = "…", "waiting", p.reason(q.Reason)
	}
	title := []string{m.Text, q.Department}
	if scope := p.register(q); scope != "" {
		title = []string{scope, m.Text, q.Department}
		if registers.Apart(q.Category, q.ScopeAsked()) {
			m.Scope = scope
		}
	}
	switch peer, away := hedui.NodeOf(q.Source); {
	case q.AnsweredBy != "":
		title = append(title, p.T("page.answered_by", q.AnsweredBy))
	case away && !q.Settled():
		title = append(title, p.T("page.through", peer))
	}
	switch {
	case hedui.Waits(q.Reason) && !q.HeldUntil.IsZero():
		title = append(title, p.T("reason.held", p.reason(q.Reason), clock(q.HeldUntil)))
	case q.Reason != "":
		title = append(title, p.reason(q.Reason))
	}
	if q.TakenFrom != "" {
		title = append(title, p.T("page.reused"))
	}
	if !q.AsOf.IsZero() {
		title = append(title, p.T("page.as_of", clock(q.AsOf)))
	}
	if !q.AnsweredAt.IsZero() {
		title = append(title, p.T("page.answered", clock(q.AnsweredAt), strconv.FormatInt(q.Millis(), 10)))
	}
	if !p.Again || !q.Settled() {
		m.Query = ""
	}
	title = append(title, p.T("page.attempts", strconv.Itoa(q.Attempts)))
	m.Title = strings.Join(title, " · ")
	return m
}

// register names the register that was asked by its division, on the day on which
// the query was planned.
func (p *casePage) register(q hedui.Query) string {
	code := q.ScopeAsked()
	if code == "" {
		return ""
	}
	name := code
	if d, ok := region.Lookup(code, day.Of(q.CreatedAt)); ok {
		if name = d.Name; p.Lang == lang.English && d.NameEn != "" {
			name = d.NameEn
		}
	}
	return p.T("report.register", name)
}

// reason is a reason in words. A source may give one that we have no words for.
func (f frame) reason(r source.Reason) string {
	for _, prefix := range []string{"reason.", "report.reason."} {
		if key := prefix + string(r); lang.Has(key) {
			return f.T(key)
		}
	}
	return f.T("page.reason_other", string(r))
}

// fillMeans sets the figures of the rule books beside their limits.
func (p *casePage) fillMeans(v casework.View) {
	if !v.Worked() || v.Assessment.Means == nil {
		return
	}
	p.Means = v.Assessment.Means
	for _, l := range p.Means.Lines {
		row := lineRow{Title: l.Title, Figure: p.T("report.means.flagged"), Limit: p.figure(l, l.Limit), Side: p.T("report.side." + l.Side), Class: "calm", Clause: l.Clause}
		if l.Figures {
			row.Figure = p.figure(l, l.Figure)
		}
		if l.Over() {
			row.Class = "ask"
		}
		p.Lines = append(p.Lines, row)
	}
}

func (f frame) figure(l hedui.MeansLine, n int64) string {
	if l.Unit == "count" {
		return strconv.FormatInt(n, 10)
	}
	return money.Fen(n).Grouped() + " " + f.T("unit."+l.Unit)
}

func (p *casePage) fillFindings(v casework.View) {
	p.Conclusion = p.T("conclusion." + string(v.Assessment.Conclusion))
	if v.Assessment.Conclusion == hedui.Incomplete && len(v.Assessment.Gaps) == 0 {
		p.Conclusion = p.T("report.partial") // every source has answered, and something cannot be confirmed
	}
	if !v.Worked() {
		p.Conclusion = ""
		return
	}
	if code := v.Assessment.Conclusion; code == hedui.Suspect || code == hedui.OverLimit {
		p.Ask = true
	}
	for _, f := range v.Assessment.Findings {
		row := findingRow{Kind: p.T("finding." + string(f.Kind)), Category: p.category(f.Category), Reason: p.say(f.Reason), Class: "calm"}
		if f.Kind.Suspicious() {
			row.Class = "ask"
		}
		if person, ok := v.Case.Person(f.Person); ok {
			row.Who, row.Tongue = person.Masked(), "zh-CN"
		} else {
			row.Who, row.Tongue = p.T("page.household"), p.HTML
		}
		if f.Unit != hedui.NoAmount {
			unit := " " + p.T("unit."+string(f.Unit))
			row.Declared, row.Found = f.Declared.Grouped()+unit, f.Found.Grouped()+unit
		}
		p.Findings = append(p.Findings, row)
	}
}
