package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/source"
)

type casesPage struct {
	frame
	Rows []caseRow
	More string // address of the next page
}

type caseRow struct {
	ID, Number, Applicant, Programme, Stage, Due string
}

const rowsPerPage = 50

func (s *Server) cases(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	list, err := s.Desk.Cases(r.Context(), o, store.Filter{Limit: rowsPerPage + 1, Before: r.URL.Query().Get("before")})
	if err != nil {
		return err
	}
	p := casesPage{frame: s.frame(r, "page.cases")}
	if len(list) > rowsPerPage {
		list = list[:rowsPerPage]
		p.More = "/?lang=" + string(p.Lang) + "&before=" + list[rowsPerPage-1].ID
	}
	for _, c := range list {
		p.Rows = append(p.Rows, caseRow{
			ID: c.ID, Number: c.Number, Applicant: c.Applicant,
			Programme: p.T("programme." + string(c.Programme)), Stage: p.T("stage." + string(c.Stage)), Due: clock(c.DueAt),
		})
		if asking(c.Stage) {
			p.Refresh = 2
		}
	}
	return render(w, http.StatusOK, "cases.html", p)
}

// asking reports whether a page of the case changes by itself.
func asking(s hedui.Stage) bool {
	return s == hedui.Dispatched || s == hedui.Collecting || s == hedui.Manual
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(day.Beijing).Format("2006-01-02 15:04:05")
}

type casePage struct {
	frame
	Number, Programme, Kind, Stage, Due, Conclusion string
	Done, Total                                     int
	Columns                                         []string
	Rows                                            []gridRow
	Findings                                        []findingRow
	Reports                                         []reportRow
	Steps                                           []stepRow
}

type gridRow struct {
	Who   string
	Cells []cell
}

type cell struct{ Symbol, Class, Text, Title string }

type findingRow struct{ Kind, Category, Who, Declared, Found, Reason, Class string }

type reportRow struct{ Number, Version, Sealed, Base string }

type stepRow struct{ Stage, Officer, At, Note string }

func (s *Server) showCase(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	v, err := s.Desk.Look(r.Context(), o, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := casePage{frame: s.frame(r, "page.case")}
	p.Number, p.Due = v.Case.Number, clock(v.Case.DueAt)
	p.Title = p.T("page.case") + " " + v.Case.Number
	p.Programme, p.Kind = p.T("programme."+string(v.Case.Programme)), p.T("kind."+string(v.Case.Kind))
	p.Stage = p.T("stage." + string(v.Case.Stage))
	if asking(v.Case.Stage) {
		p.Refresh = 1
	}
	p.fillGrid(v)
	p.fillFindings(v)
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
	return render(w, http.StatusOK, "case.html", p)
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
	cells := map[int]map[catalog.Code]hedui.Query{}
	for _, q := range v.Grid {
		if cells[q.Person] == nil {
			cells[q.Person] = map[catalog.Code]hedui.Query{}
		}
		cells[q.Person][q.Category] = q
		p.Total++
		if q.Settled() {
			p.Done++
		}
	}
	codes := v.Case.Programme.Categories()
	for _, c := range codes {
		p.Columns = append(p.Columns, p.category(c))
	}
	for _, person := range v.Case.Persons {
		row := gridRow{Who: person.Masked() + " · " + p.T("relation."+string(person.Relation))}
		for _, c := range codes {
			q, ok := cells[person.No][c]
			if !ok {
				row.Cells = append(row.Cells, cell{})
				continue
			}
			row.Cells = append(row.Cells, p.cell(q))
		}
		p.Rows = append(p.Rows, row)
	}
}

// symbols tell the outcomes apart without colour.
var symbols = map[source.Outcome]string{
	source.Found: "●", source.None: "–", source.NotCovered: "○", source.IdentityDoubt: "◐", source.Refused: "⊘", source.Failed: "◌",
}

func (p *casePage) cell(q hedui.Query) cell {
	c := cell{Symbol: "…", Class: "waiting", Text: p.T("state." + string(q.State))}
	if q.Settled() || q.State == hedui.Retrying {
		c.Symbol, c.Class, c.Text = symbols[q.Outcome], string(q.Outcome), p.T("outcome."+string(q.Outcome))
	}
	title := []string{c.Text, q.Department}
	if q.Reason != "" {
		title = append(title, p.T("reason."+string(q.Reason)))
	}
	if !q.AsOf.IsZero() {
		title = append(title, p.T("page.as_of", clock(q.AsOf)))
	}
	if !q.AnsweredAt.IsZero() {
		title = append(title, p.T("page.answered", clock(q.AnsweredAt), strconv.FormatInt(q.Millis(), 10)))
	}
	title = append(title, p.T("page.attempts", strconv.Itoa(q.Attempts)))
	c.Title = strings.Join(title, " · ")
	return c
}

func (p *casePage) fillFindings(v casework.View) {
	p.Conclusion = p.T("conclusion." + string(v.Assessment.Conclusion))
	if asking(v.Case.Stage) || v.Case.AcceptedAt.IsZero() {
		p.Conclusion = ""
		return
	}
	for _, f := range v.Assessment.Findings {
		row := findingRow{Kind: p.T("finding." + string(f.Kind)), Category: p.category(f.Category), Reason: p.say(f.Reason), Class: "calm"}
		if f.Kind.Suspicious() {
			row.Class = "ask"
		}
		if person, ok := v.Case.Person(f.Person); ok {
			row.Who = person.Masked()
		} else {
			row.Who = p.T("page.household")
		}
		if f.Unit != hedui.NoAmount {
			unit := " " + p.T("unit."+string(f.Unit))
			row.Declared, row.Found = f.Declared.Grouped()+unit, f.Found.Grouped()+unit
		}
		p.Findings = append(p.Findings, row)
	}
}
