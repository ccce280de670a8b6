package web

import (
	"net/http"

	"hedui/internal/hedui"
	"hedui/internal/store"
)

// correctionsPage is what departments and registers have made of items to explain:
// the requests to correct a record, and what an officer should look at because of
// them.
type correctionsPage struct {
	frame
	Tabs      []tab
	Rows      []correctionRow
	Reminders []reminderRow
	Answers   []choice
	Made      string
	Wrong     []problemRow
	On        string // number of the request that something is wrong with
	Chosen    string // as it was
	Typed     string // as it was
}

type correctionRow struct {
	Number, Case, Department, Category, Record, What, Asked, State, Class, Answer string
	Open                                                                          bool
}

type reminderRow struct{ ID, Case, What, About, At string }

func (s *Server) corrections(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.correctionsPage(r, o)
	if err != nil {
		return err
	}
	switch done := r.URL.Query().Get("done"); done {
	case "answer", "reminder":
		p.Made = p.T("correction.done." + done)
	}
	return render(w, http.StatusOK, "corrections.html", p)
}

func (s *Server) correctionsPage(r *http.Request, o hedui.Officer) (*correctionsPage, error) {
	all := r.URL.Query().Get("list") == "all"
	var f store.CorrectionFilter
	if !all {
		f.State = hedui.CorrectionAsked
	}
	list, err := s.Desk.Corrections(r.Context(), o, f)
	if err != nil {
		return nil, err
	}
	reminders, err := s.Desk.Reminders(r.Context(), o)
	if err != nil {
		return nil, err
	}
	p := &correctionsPage{frame: s.frame(r, "correction.title")}
	p.Path = "/corrections" // also of a page that an act has brought
	here := p.Path + "?lang=" + string(p.Lang)
	p.Tabs = []tab{{p.T("correction.open"), here, !all}, {p.T("correction.all"), here + "&list=all", all}}
	for _, state := range hedui.CorrectionStates()[1:] {
		p.Answers = append(p.Answers, choice{string(state), p.T("correction.answer." + string(state))})
	}
	class := map[hedui.CorrectionState]string{hedui.CorrectionAsked: "waiting", hedui.CorrectionMade: "ok", hedui.CorrectionUpheld: "none"}
	for _, k := range list {
		p.Rows = append(p.Rows, correctionRow{Number: k.Number, Case: "/cases/" + k.Case + "/items/" + k.Explanation + "?lang=" + string(p.Lang), Department: k.Record.Department,
			Category: p.category(k.Category), Record: p.say(k.Record.Say), What: k.What, Asked: minute(k.AskedAt), State: p.T("correction." + string(k.State)),
			Class: class[k.State], Answer: k.Answer, Open: k.State == hedui.CorrectionAsked})
	}
	for _, m := range reminders {
		p.Reminders = append(p.Reminders, reminderRow{m.ID, "/cases/" + m.Case + "?lang=" + string(p.Lang), p.T("reminder." + string(m.Kind)), p.about(m), minute(m.At)})
	}
	return p, nil
}

// about is what a reminder is about in words: ids of items say nothing to a person.
func (f frame) about(m hedui.Reminder) string {
	if m.Kind == hedui.ReminderClaim {
		return ""
	}
	return m.About
}

// answerCorrection takes what a department has said to a request.
func (s *Server) answerCorrection(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	number, answer, reason := r.PathValue("number"), r.PostFormValue("answer"), r.PostFormValue("reason")
	err := s.Desk.AnswerCorrection(r.Context(), o, number, hedui.CorrectionState(answer), reason)
	if err == nil {
		lead(w, r, "/corrections?lang="+string(langOf(r))+"&done=answer")
		return nil
	}
	kind := hedui.KindOf(err)
	if !onPage(err) {
		return err
	}
	p, cause := s.correctionsPage(r, o)
	if cause != nil {
		return cause
	}
	p.Wrong, p.On, p.Chosen, p.Typed = leadTo(told(p.frame, err), func(string) string { return "r-" + number }), number, answer, reason
	return render(w, status[kind], "corrections.html", p)
}

// handleReminder takes a reminder off the list.
func (s *Server) handleReminder(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if err := s.Desk.HandleReminder(r.Context(), o, r.PathValue("reminder")); err != nil {
		return err
	}
	lead(w, r, "/corrections?lang="+string(langOf(r))+"&done=reminder")
	return nil
}
