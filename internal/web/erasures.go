package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
)

// erasuresPage is what is to be erased: what is due soon by the table of terms, what is
// proposed and what is held. Nothing on it is personal.
type erasuresPage struct {
	frame
	Open  []erasureRow
	Due   []erasureRow
	More  bool
	Terms []termRow
	Acts  bool // the reader may erase what is due, now, and once more what came back
	Made  string
	Wrong []problemRow
}

type erasureRow struct{ Number, Address, State, Why, At string }

type termRow struct{ What, Keep, Basis string }

// soonDays is how many days before its end the list shows a term.
const soonDays = 90

func (s *Server) erasures(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.erasuresPage(r, o)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	n, bad := strconv.Atoi(q.Get("n"))
	switch done := q.Get("done"); {
	case done == "run" && bad == nil:
		p.Made = p.T("erasures.done.run", strconv.Itoa(n))
	case done == "again" && hedui.ValidNumber(hedui.ErasureSeries, q.Get("n")):
		p.Made = p.T("erasures.done.again", q.Get("n"))
	}
	return render(w, http.StatusOK, "erasures.html", p)
}

// eraseWithin is how long a page erases what is due; the job of the hour does the rest.
const eraseWithin = 30 * time.Second

// eraseDue erases what is due, now. It takes a fresh proof: nobody can take it back.
func (s *Server) eraseDue(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if !s.provedAnew(w, r, "/erasures?lang="+string(langOf(r))) {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), eraseWithin)
	defer cancel()
	n, err := s.Desk.EraseDue(ctx, o)
	if err != nil && (!errors.Is(err, context.DeadlineExceeded) || r.Context().Err() != nil) {
		return err
	}
	lead(w, r, "/erasures?lang="+string(langOf(r))+"&done=run&n="+strconv.Itoa(n))
	return nil
}

// eraseAgain erases a case that came back with an old copy of the database, by the
// certificate of its erasure.
func (s *Server) eraseAgain(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if !s.provedAnew(w, r, "/erasures?lang="+string(langOf(r))) {
		return nil
	}
	file, err := s.fileOf(r)
	if err == nil && len(file) == 0 {
		err = hedui.Fail(hedui.Invalid, hedui.Say("own.no_file"), nil)
	}
	var e hedui.Erasure
	if err == nil {
		e, err = s.Desk.EraseAsCertified(r.Context(), o, file)
	}
	if err == nil {
		lead(w, r, "/erasures?lang="+string(langOf(r))+"&done=again&n="+e.Number)
		return nil
	}
	kind := hedui.KindOf(err)
	if !onPage(err) {
		return err
	}
	if p, cause := s.erasuresPage(r, o); cause == nil {
		p.Wrong = told(p.frame, err)
		return render(w, status[kind], "erasures.html", p)
	}
	return err
}

func (s *Server) erasuresPage(r *http.Request, o hedui.Officer) (*erasuresPage, error) {
	list, err := s.Desk.ErasuresDue(r.Context(), o, s.Now().AddDate(0, 0, soonDays))
	if err != nil {
		return nil, err
	}
	p := &erasuresPage{frame: s.frame(r, "erasures.title"), More: list.More || len(list.Due) > rowsPerPage, Acts: o.May(hedui.ConfirmErasure, o.Division) == nil}
	p.Path = "/erasures" // also of a page that an act has brought
	at := func(id string) string { return "/cases/" + id + "/erasure?lang=" + string(p.Lang) }
	for _, e := range list.Open {
		p.Open = append(p.Open, erasureRow{e.Number, at(e.Case), p.T("erasure.state." + string(e.State)), p.T("erasure.reason." + e.Reason), clock(e.Proposed.At)})
	}
	for _, d := range list.Due[:min(len(list.Due), rowsPerPage)] {
		p.Due = append(p.Due, erasureRow{d.Number, at(d.Case), p.T("stage." + string(d.Stage)), p.T("paper.erasure.term", p.T("erasure.event."+string(d.Rule.Event)), clock(d.Since), p.say(d.Rule.Keep.Say())), clock(d.Due)})
	}
	for _, rule := range list.Book {
		if rule.Kind == hedui.CaseData {
			p.Terms = append(p.Terms, termRow{p.T("erasure.event." + string(rule.Event)), p.say(rule.Keep.Say()), rule.Basis})
		}
	}
	return p, nil
}

// erasurePage is what has been said about the erasure of one case, and what the officer
// may say.
type erasurePage struct {
	frame
	ID, Number, Programme, Stage, State, Why string
	Acts                                     []erasureAct
	Made                                     string
	Wrong                                    []problemRow
	Certificate                              string
}

// An erasureAct is one button. Reasons are those of which one must be chosen.
type erasureAct struct {
	Name, Title, Hint string
	Reasons           []choice
}

func (s *Server) erasure(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.erasurePage(r, o)
	if err != nil {
		return err
	}
	if done := r.URL.Query().Get("done"); slices.Contains(casework.ErasureActs(), done) {
		p.Made = p.T("erasures.done." + done)
	}
	return render(w, http.StatusOK, "erasure.html", p)
}

func (s *Server) erasurePage(r *http.Request, o hedui.Officer) (*erasurePage, error) {
	v, err := s.Desk.Erasure(r.Context(), o, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	p := &erasurePage{frame: s.frame(r, "erasures.case"), ID: r.PathValue("id"), Number: v.CaseNumber}
	p.Programme, p.Stage = p.T("programme."+string(v.Programme)), p.T("stage."+string(v.Stage))
	p.Path = "/cases/" + p.ID + "/erasure"
	p.State = p.T("erasure.state." + string(v.Standing()))
	if v.Reason != "" {
		p.Why = p.T("erasure.reason." + v.Reason)
	}
	if v.State == hedui.Erased {
		p.Certificate = "/cases/" + p.ID + "/erasure.pdf?lang=" + string(p.Lang)
	}
	for _, name := range v.Acts {
		act := erasureAct{Name: name, Title: p.T("erasures.act." + name), Hint: p.T("erasures.hint." + name)}
		switch name {
		case "propose":
			for _, reason := range hedui.EraseReasons() {
				act.Reasons = append(act.Reasons, choice{string(reason), p.T("erasure.reason." + string(reason))})
			}
		case "hold":
			for _, reason := range hedui.HoldReasons() {
				act.Reasons = append(act.Reasons, choice{string(reason), p.T("erasure.reason." + string(reason))})
			}
		}
		p.Acts = append(p.Acts, act)
	}
	return p, nil
}

// actOnErasure does one of the acts. To erase takes a fresh proof: nobody can take it
// back.
func (s *Server) actOnErasure(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	id, act, reason := r.PathValue("id"), r.PathValue("act"), r.PostFormValue("reason")
	here := "/cases/" + id + "/erasure?lang=" + string(langOf(r))
	var err error
	switch act {
	case "propose":
		_, err = s.Desk.ProposeErasure(r.Context(), o, id, reason)
	case "confirm":
		if o.May(hedui.ConfirmErasure, o.Division) == nil && !s.provedAnew(w, r, here) {
			return nil
		}
		_, err = s.Desk.ConfirmErasure(r.Context(), o, id)
	case "reject":
		_, err = s.Desk.RejectErasure(r.Context(), o, id)
	case "hold":
		_, err = s.Desk.HoldCase(r.Context(), o, id, reason)
	case "lift":
		_, err = s.Desk.LiftHold(r.Context(), o, id)
	default:
		err = hedui.Fail(hedui.Invalid, hedui.Say("error.not_found"), nil)
	}
	if err == nil {
		lead(w, r, here+"&done="+act)
		return nil
	}
	kind := hedui.KindOf(err)
	var known *hedui.Error
	if !onPage(err) || !errors.As(err, &known) {
		return err
	}
	p, cause := s.erasurePage(r, o)
	if cause != nil {
		return cause
	}
	p.Wrong = told(p.frame, err)
	return render(w, status[kind], "erasure.html", p)
}
