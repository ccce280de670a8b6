package web

import (
	"net/http"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
)

// A paperRow is a paper that the officer may print of the case now.
type paperRow struct{ Address, Title string }

// paperRows are the papers of a case that stands at an address.
func (f frame) paperRows(o hedui.Officer, c *hedui.Case, address string, at time.Time) []paperRow {
	var rows []paperRow
	for _, kind := range casework.Papers(o, c, at) {
		rows = append(rows, paperRow{address + "/papers/" + string(kind) + "?lang=" + string(f.Lang), f.T("print." + string(kind))})
	}
	return rows
}

// paper prints a paper of a case, in the language of the page.
func (s *Server) paper(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if onlyGet(w, r) {
		return nil
	}
	file, err := s.Desk.Paper(r.Context(), o, r.PathValue("id"), casework.PaperOrder{Kind: casework.PaperKind(r.PathValue("kind")), Lang: langOf(r), Form: "pdf"})
	if err != nil {
		return err
	}
	return sendFile(w, file)
}

// ownPaper prints a paper for the clerk who opened the case.
func (s *Server) ownPaper(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if _, err := s.Desk.OwnCase(r.Context(), o, r.PathValue("id")); err != nil {
		return err
	}
	return s.paper(w, r, o)
}

// consentScan shows the scan of a signed consent; that it was read is recorded.
func (s *Server) consentScan(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	file, err := s.Desk.ConsentScan(r.Context(), o, r.PathValue("id"), r.PathValue("number"))
	if err != nil {
		return err
	}
	return sendFile(w, file)
}

// onlyGet refuses HEAD where each answer is counted or numbered, and reports
// whether it did: it would draw the number of a paper that nobody gets.
func onlyGet(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == http.MethodGet {
		return false
	}
	w.Header().Set("Allow", http.MethodGet)
	w.WriteHeader(http.StatusMethodNotAllowed)
	return true
}
