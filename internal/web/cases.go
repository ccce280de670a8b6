package web

import (
	"net/http"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

type casesPage struct {
	frame
	Rows []caseRow
	More string // address of the next page
}

type caseRow struct {
	ID, Number, Applicant, Programme, Stage, Due string
	Erased                                       bool
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
			Programme: p.T("programme." + string(c.Programme)), Stage: p.T("stage." + string(c.Stage)), Due: clock(c.DueAt), Erased: c.Erased,
		})
		if !c.Erased && !settled(c.Stage) {
			p.moves()
		}
	}
	return render(w, http.StatusOK, "cases.html", p)
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
