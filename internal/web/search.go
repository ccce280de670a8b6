package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"hedui/idcard"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Searches are posted: an identity number must not be left in an address.

// A search is what was found, if it is not one case.
type search struct {
	missed string // why nothing was
	code   int
	cases  []store.Summary
}

// find leads to the case whose number was typed, or whose person the number is.
func (s *Server) find(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	found, err := s.found(w, r, o, "/cases/", s.Desk.Cases, s.Desk.FindPerson)
	if err != nil || found == nil {
		return err
	}
	p, err := s.casesPage(r, o)
	if err != nil {
		return err
	}
	if p.Missed = found.missed; p.Missed == "" {
		p.Tabs, p.More, p.Full, p.List = nil, "", "", "found"
		p.Rows = rowsOf(&p.frame, "/cases/", found.cases, s.Now())
		p.Found = p.T("search.found", strconv.Itoa(len(found.cases)))
	}
	return render(w, found.code, "cases.html", p)
}

// findOwn leads a clerk to a case of his own.
func (s *Server) findOwn(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	found, err := s.found(w, r, o, "/own/", s.Desk.OwnCases, s.Desk.FindOwnPerson)
	if err != nil || found == nil {
		return err
	}
	p, err := s.intakesPage(r, o)
	if err != nil {
		return err
	}
	if p.Missed = found.missed; p.Missed == "" {
		p.More = ""
		p.Rows = rowsOf(&p.frame, "/own/", found.cases, s.Now())
		p.Found = p.T("search.found", strconv.Itoa(len(found.cases)))
	}
	return render(w, found.code, "intakes.html", p)
}

// found leads to a case that a list finds by its number, or that is found by the
// identity number of somebody in it; else it says why there is none, or which there are.
func (s *Server) found(w http.ResponseWriter, r *http.Request, o hedui.Officer, address string,
	list func(context.Context, hedui.Officer, store.Filter) ([]store.Summary, error),
	person func(context.Context, hedui.Officer, idcard.Number, string) ([]store.Summary, error)) (*search, error) {
	l := langOf(r)
	// what a hand or an input method puts into a number is taken out
	number := strings.ToUpper(strings.Join(strings.Fields(width.Narrow.String(r.PostFormValue("number"))), ""))
	var cases []store.Summary
	var err error
	none := "search.none"
	if id, wrong := idcard.Parse(number); wrong == nil {
		none = "search.nobody"
		cases, err = person(r.Context(), o, id, r.PostFormValue("why"))
		if hedui.KindOf(err) == hedui.Invalid && err != nil {
			return &search{missed: Sentence(l, hedui.Say("search.why_missing")), code: http.StatusUnprocessableEntity}, nil
		}
	} else if hedui.ValidNumber(hedui.CaseSeries, number) {
		cases, err = list(r.Context(), o, store.Filter{Number: number, Limit: 1})
	} else {
		return &search{missed: Sentence(l, hedui.Say("search.wrong")), code: http.StatusUnprocessableEntity}, nil
	}
	switch {
	case err != nil:
		return nil, err
	case len(cases) == 0:
		return &search{missed: Sentence(l, hedui.Say(none)), code: http.StatusNotFound}, nil
	case len(cases) > 1:
		return &search{code: http.StatusOK, cases: cases}, nil
	}
	lead(w, r, address+cases[0].ID+"?lang="+string(l))
	return nil, nil //nolint:nilnil // the answer was written
}

// Whys are the reasons of a search by an identity number.
func (f frame) Whys() []choice {
	var list []choice
	for _, why := range casework.SearchReasons() {
		list = append(list, choice{why, f.T("search.why." + why)})
	}
	return list
}
