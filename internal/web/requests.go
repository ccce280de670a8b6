package web

import (
	"errors"
	"net/http"
	"strconv"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
)

// requestsPage is what citizens have asked the office for in the mirror.
type requestsPage struct {
	frame
	Tabs    []tab
	Rows    []requestRow
	Answers []choice
	Made    string
	Wrong   []problemRow
	On      string // number of the request that something is wrong with
	Chosen  string // as it was
	Typed   string // as it was
	Bad     []string
}

type requestRow struct {
	Number, Case, Who, Kind, Asked, Due, Left, State, Text, Answer string
	Late, Open                                                     bool
}

func (s *Server) requests(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.requestsPage(r, o)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("done") == "answer" {
		p.Made = p.T("request.done")
	}
	return render(w, http.StatusOK, "requests.html", p)
}

func (s *Server) requestsPage(r *http.Request, o hedui.Officer) (*requestsPage, error) {
	all := r.URL.Query().Get("list") == "all"
	list, err := s.Desk.MirrorRequests(r.Context(), o, !all)
	if err != nil {
		return nil, err
	}
	p := &requestsPage{frame: s.frame(r, "request.title")}
	p.Path = "/requests" // also of a page that an act has brought
	here := p.Path + "?lang=" + string(p.Lang)
	p.Tabs = []tab{{p.T("request.open"), here, !all}, {p.T("request.all"), here + "&list=all", all}}
	for _, state := range []hedui.RequestState{hedui.RequestDone, hedui.RequestDeclined} {
		p.Answers = append(p.Answers, choice{string(state), p.T("request.answer." + string(state))})
	}
	for _, q := range list {
		row := requestRow{Number: q.Number, Case: "/cases/" + q.Case + "?lang=" + string(p.Lang), Who: p.T("intake.person_no", strconv.Itoa(q.Person)), Kind: p.T("request.kind." + string(q.Kind)),
			Asked: minute(q.AskedAt), Due: day.Of(q.DueAt).String(), State: p.T("mirror.state." + string(q.State)), Text: q.Text, Answer: q.Answer, Open: q.State == hedui.RequestOpen}
		if row.Open {
			row.Left, row.Late = p.left(q.DueAt.Sub(s.Now()))
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}

// answerRequest takes what the office says to a request. What it leads to – an
// objection, a correction, a printed copy – is done on the page of the case.
func (s *Server) answerRequest(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	number, to, answer := r.PathValue("number"), r.PostFormValue("to"), r.PostFormValue("answer")
	err := s.Desk.AnswerRequest(r.Context(), o, number, hedui.RequestState(to), answer)
	if err == nil {
		lead(w, r, "/requests?lang="+string(langOf(r))+"&done=answer")
		return nil
	}
	kind := hedui.KindOf(err)
	var known *hedui.Error
	if !onPage(err) || !errors.As(err, &known) {
		return err
	}
	p, cause := s.requestsPage(r, o)
	if cause != nil {
		return cause
	}
	p.Wrong, p.On, p.Chosen, p.Typed = leadTo(told(p.frame, err), func(string) string { return "a-" + number }), number, to, answer
	for _, one := range known.Problems {
		if one.Field == "answer" {
			p.Bad = append(p.Bad, p.say(one.Say))
		}
	}
	return render(w, status[kind], "requests.html", p)
}

// codePage shows a one-time code for the citizen's mirror, once.
type codePage struct {
	frame
	Back, Code, Until, Who string
}

// mirrorCode makes a code for a person of a case whose identity card the officer has
// looked at. It stands on the page that answers, and nowhere else.
func (s *Server) mirrorCode(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	person, _ := strconv.Atoi(r.PostFormValue("person")) // 0 is nobody
	code, until, err := s.Desk.IssueCode(r.Context(), o, r.PathValue("id"), person)
	if err != nil {
		return err
	}
	p := &codePage{frame: s.frame(r, "request.code"), Code: code, Until: minute(until)}
	p.Who = p.T("intake.person_no", strconv.Itoa(person))
	p.Back, p.Path = "/cases/"+r.PathValue("id"), "/cases/"+r.PathValue("id")
	if o.May(hedui.ReadCases, o.Division) != nil {
		p.Back, p.Path = "/own/"+r.PathValue("id"), "/own/"+r.PathValue("id")
	}
	return render(w, http.StatusOK, "code.html", p)
}

// ownCode makes a code for a person of a case that the clerk has opened.
func (s *Server) ownCode(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if _, err := s.Desk.OwnCase(r.Context(), o, r.PathValue("id")); err != nil {
		return err
	}
	return s.mirrorCode(w, r, o)
}

// codeChoices are the persons of a case to whom the officer may hand out a code.
func (f frame) codeChoices(o hedui.Officer, c *hedui.Case) []choice {
	if o.MayOn(hedui.IssueCodes, c) != nil {
		return nil
	}
	list := make([]choice, len(c.Persons))
	for i, p := range c.Persons {
		list[i] = choice{strconv.Itoa(p.No), f.T("intake.person_no", strconv.Itoa(p.No)) + " " + idcard.MaskName(p.Name)}
	}
	return list
}
