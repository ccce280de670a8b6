package web

import (
	"context"
	"net/http"
	"strings"

	"golang.org/x/text/width"

	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Searches are posted: who takes an identity number for that of a case must not
// leave it in an address.

// find leads to the case whose number was typed.
func (s *Server) find(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	missed, code, err := s.found(w, r, o, "/cases/", s.Desk.Cases)
	if err != nil || missed == "" {
		return err
	}
	p, err := s.casesPage(r, o)
	if err != nil {
		return err
	}
	p.Missed = missed
	return render(w, code, "cases.html", p)
}

// findOwn leads a clerk to a case of his own.
func (s *Server) findOwn(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	missed, code, err := s.found(w, r, o, "/own/", s.Desk.OwnCases)
	if err != nil || missed == "" {
		return err
	}
	p, err := s.intakesPage(r, o)
	if err != nil {
		return err
	}
	p.Missed = missed
	return render(w, code, "intakes.html", p)
}

// found leads to a case that a list finds, or says why there is none.
func (s *Server) found(w http.ResponseWriter, r *http.Request, o hedui.Officer, address string,
	list func(context.Context, hedui.Officer, store.Filter) ([]store.Summary, error)) (missed string, code int, err error) {
	l := langOf(r)
	// what a hand or an input method puts into a number is taken out
	number := strings.Join(strings.Fields(width.Narrow.String(r.PostFormValue("number"))), "")
	if !hedui.ValidNumber(hedui.CaseSeries, number) {
		return Sentence(l, hedui.Say("search.wrong")), http.StatusUnprocessableEntity, nil
	}
	cases, err := list(r.Context(), o, store.Filter{Number: number, Limit: 1})
	if err != nil {
		return "", 0, err
	}
	if len(cases) == 0 {
		return Sentence(l, hedui.Say("search.none")), http.StatusNotFound, nil
	}
	lead(w, r, address+cases[0].ID+"?lang="+string(l))
	return "", 0, nil
}
