package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

type casesPage struct {
	frame
	Rows []caseRow
	More string // address of the next page
	Tabs []tab
	Full string // there are more than are listed
	Work bool   // these wait for the officer

	Found  string // by a search
	Missed string // why a search has led nowhere
}

// A tab leads to one of the lists of a page.
type tab struct {
	Text, Address string
	Here          bool
}

type caseRow struct {
	Address, Number, Applicant, Programme, Stage, Due string
	Left                                              string // how long until it is due, or since when it is overdue
	Late                                              bool
	Erased                                            bool
}

// Rows of one page of all cases, and of the worklist, which has one page: who has
// more to do than that begins with the most urgent.
const rowsPerPage, rowsOfWork = 50, 200

// cases shows what waits for the officer, the most urgent first; or, if nothing can
// or if that is asked for, all cases.
func (s *Server) cases(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.casesPage(r, o)
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "cases.html", p)
}

func (s *Server) casesPage(r *http.Request, o hedui.Officer) (*casesPage, error) {
	stages := o.WorksAt()
	all := len(stages) == 0 || r.URL.Query().Get("list") == "all"
	decides := o.May(hedui.CommissionCases, o.Division) == nil
	undecided := decides && r.URL.Query().Get("list") == "undecided"
	f := store.Filter{Limit: rowsPerPage + 1, Before: r.URL.Query().Get("before"), Undecided: undecided}
	if all = all || undecided; !all {
		f = store.Filter{Stages: stages, ByDue: true, Limit: rowsOfWork + 1}
	}
	list, err := s.Desk.Cases(r.Context(), o, f)
	if err != nil {
		return nil, err
	}
	p := &casesPage{frame: s.frame(r, "page.cases"), Work: !all}
	p.Path = "/" // also where a search has led nowhere
	home := "/?lang=" + string(p.Lang)
	if len(stages) > 0 {
		p.Tabs = []tab{{p.T("page.work"), home, !all}, {p.T("page.all"), home + "&list=all", all && !undecided}}
	}
	if decides {
		p.Tabs = slices.Insert(p.Tabs, 1, tab{p.T("decision.missing"), home + "&list=undecided", undecided})
	}
	if all && len(list) > rowsPerPage {
		list = list[:rowsPerPage]
		p.More = home + "&list=" + r.URL.Query().Get("list") + "&before=" + list[rowsPerPage-1].ID
	}
	if !all && len(list) > rowsOfWork {
		list = list[:rowsOfWork]
		p.Full = p.T("page.work_more", strconv.Itoa(rowsOfWork))
	}
	p.Rows = rowsOf(&p.frame, "/cases/", list, s.Now())
	return p, nil
}

// rowsOf are the rows of a list of cases, each leading to its page. A page with a case under way moves.
func rowsOf(f *frame, address string, list []store.Summary, now time.Time) []caseRow {
	rows := make([]caseRow, len(list))
	for i, c := range list {
		rows[i] = caseRow{Address: address + c.ID, Number: c.Number, Applicant: c.Applicant,
			Programme: f.T("programme." + string(c.Programme)), Stage: f.T("stage." + string(c.Stage)), Due: minute(c.DueAt), Erased: c.Erased}
		if !c.Erased && !settled(c.Stage) {
			f.moves()
			if !c.DueAt.IsZero() {
				rows[i].Left, rows[i].Late = f.left(c.DueAt.Sub(now))
			}
		}
	}
	return rows
}

// left says how long there is until something is due, or how long it is overdue.
func (f frame) left(d time.Duration) (string, bool) {
	key, late := "page.left", d < 0
	if late {
		key, d = "page.late", -d
	}
	switch {
	case d < time.Hour:
		return f.T(key, f.T("page.minutes", strconv.Itoa(int(d/time.Minute)))), late
	case d < 48*time.Hour:
		return f.T(key, f.T("page.hours", strconv.Itoa(int(d/time.Hour)))), late
	}
	return f.T(key, f.T("page.days", strconv.Itoa(int(d/(24*time.Hour))))), late
}

// settled reports whether the case has come to where it stays until somebody
// takes it up again.
func settled(s hedui.Stage) bool {
	switch s {
	case hedui.Delivered, hedui.Rechecked, hedui.Archived, hedui.Terminated, hedui.Handed:
		return true
	}
	return false
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(day.Beijing).Format("2006-01-02 15:04:05")
}
