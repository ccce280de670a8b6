package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

type casesPage struct {
	frame
	Rows []caseRow
	More string // address of the next page
	Tabs []tab
	Full string // there are more than are listed
	List string // which of the tabs, or found; empty = what waits for the officer

	Programme  string
	Programmes []choice
	Wrong      []problemRow

	Found  string // by a search
	Missed string // why a search has led nowhere
}

// A tab leads to one of the lists of a page.
type tab struct {
	Text, Address string
	Here          bool
}

type caseRow struct {
	ID, Address, Number, Applicant, Programme, Stage, Due string
	Left                                                  string // how long until it is due, or since when it is overdue
	Late                                                  bool
	Erased                                                bool
	Tick                                                  string // what it means to tick the row
	Ticked                                                bool
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
	stages, here := o.WorksAt(), r.URL.Query().Get("list")
	may := func(right hedui.Right) bool { return o.May(right, o.Division) == nil }
	switch {
	case (here == "public" || r.URL.Path == "/public") && may(hedui.PrintReports):
		return s.publicPage(r, o)
	case here == "undecided" && may(hedui.CommissionCases):
	case here == "all" || len(stages) == 0:
		here = "all"
	default:
		here = ""
	}
	all := here != ""
	f := store.Filter{Limit: rowsPerPage + 1, Before: r.URL.Query().Get("before"), Undecided: here == "undecided"}
	if !all {
		f = store.Filter{Stages: stages, ByDue: true, Limit: rowsOfWork + 1}
	}
	list, err := s.Desk.Cases(r.Context(), o, f)
	if err != nil {
		return nil, err
	}
	p := &casesPage{frame: s.frame(r, "page.cases"), List: here}
	p.Path = "/" // also where a search has led nowhere
	p.tabs(o, here)
	if all && len(list) > rowsPerPage {
		list = list[:rowsPerPage]
		p.More = "/?lang=" + string(p.Lang) + "&list=" + here + "&before=" + list[rowsPerPage-1].ID
	}
	if !all && len(list) > rowsOfWork {
		list = list[:rowsOfWork]
		p.Full = p.T("page.work_more", strconv.Itoa(rowsOfWork))
	}
	p.Rows = rowsOf(&p.frame, "/cases/", list, s.Now())
	return p, nil
}

// Lead says what stands in this list, where the list does not say so itself.
func (p *casesPage) Lead() string {
	switch p.List {
	case "":
		return p.frame.Lead()
	case "all":
		return p.T("lead.cases_all")
	case "undecided":
		return p.T("lead.cases_undecided")
	}
	return ""
}

// tabs are the lists of the page, where there is more than one.
func (p *casesPage) tabs(o hedui.Officer, here string) {
	may := func(right hedui.Right) bool { return o.May(right, o.Division) == nil }
	for _, one := range []struct {
		list, text string
		shown      bool
	}{
		{"", "page.work", len(o.WorksAt()) > 0}, {"undecided", "decision.missing", may(hedui.CommissionCases)},
		{"all", "page.all", true}, {"public", "public.title", may(hedui.PrintReports)},
	} {
		address := "/?lang=" + string(p.Lang)
		if one.list != "" {
			address += "&list=" + one.list
		}
		if one.shown {
			p.Tabs = append(p.Tabs, tab{p.T(one.text), address, one.list == here})
		}
	}
	if len(p.Tabs) == 1 {
		p.Tabs = nil
	}
}

// published are the stages of cases that can be on a public list: each has a report.
var published = []hedui.Stage{hedui.Issued, hedui.Delivered, hedui.Rechecked, hedui.Archived}

// publicPage lists the cases of which a public list can be printed.
func (s *Server) publicPage(r *http.Request, o hedui.Officer) (*casesPage, error) {
	p := &casesPage{frame: s.frame(r, "page.cases"), List: "public", Programme: r.FormValue("programme")}
	p.Path = "/"
	p.tabs(o, "public")
	for _, one := range hedui.Programmes() {
		p.Programmes = append(p.Programmes, choice{string(one), p.T("programme." + string(one))})
	}
	list, err := s.Desk.Cases(r.Context(), o, store.Filter{Stages: published, Programme: hedui.Programme(p.Programme), Limit: rowsPerPage + 1, Before: r.FormValue("before")})
	if err != nil {
		return nil, err
	}
	if len(list) > rowsPerPage {
		list = list[:rowsPerPage]
		p.More = "/?" + url.Values{"lang": {string(p.Lang)}, "list": {"public"}, "programme": {p.Programme}, "before": {list[rowsPerPage-1].ID}}.Encode()
	}
	still := p.frame // nothing is ticked on a page that loads itself anew
	p.Rows = rowsOf(&still, "/cases/", slices.DeleteFunc(list, func(c store.Summary) bool { return c.Erased || c.Version == 0 }), s.Now())
	for i := range p.Rows {
		row := &p.Rows[i]
		row.Tick, row.Ticked = p.T("public.tick", row.Number), slices.Contains(r.PostForm["case"], row.ID)
	}
	return p, nil
}

// publish prints the public list of the cases that were ticked.
func (s *Server) publish(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	err := r.ParseForm()
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("public.none"), err)
	}
	ids := r.PostForm["case"]
	var file casework.File
	if len(ids) == 0 {
		err = hedui.Fail(hedui.Invalid, hedui.Say("public.none"), nil)
	} else {
		file, err = s.Desk.PublicList(r.Context(), o, ids, casework.PaperOrder{Lang: langOf(r), Form: "pdf"})
	}
	if err == nil {
		return sendFile(w, file)
	}
	if kind := hedui.KindOf(err); kind == hedui.Invalid || kind == hedui.NotFound {
		if p, cause := s.casesPage(r, o); cause == nil {
			p.Wrong = told(p.frame, err)
			return render(w, status[kind], "cases.html", p)
		}
	}
	return err
}

// rowsOf are the rows of a list of cases, each leading to its page. A page with a case under way moves.
func rowsOf(f *frame, address string, list []store.Summary, now time.Time) []caseRow {
	rows := make([]caseRow, len(list))
	for i, c := range list {
		rows[i] = caseRow{ID: c.ID, Address: address + c.ID, Number: c.Number, Applicant: c.Applicant,
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
