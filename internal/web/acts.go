package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/idcard"
	"hedui/internal/hedui"
)

// An actRow is something that the officer may do with the case on the page.
type actRow struct {
	Name, Title, Hint string
	To, Seen          string   // where the button leads, and the revision that the page shows
	Final             bool     // cannot be taken back: it is asked once more
	Why               string   // asks for one of the reasons
	Reasons           []choice // of which one must be chosen
	Lacks             string   // how much is missing
	Missing           []string // what; until it is there it cannot be done
}

// final are the actions that nobody can take back.
var final = []string{"seal", "archive", "terminate"}

// claim is the act that suspends a case for a company that is not theirs. It is
// offered beside the items to explain, from which it follows.
const claim = "claim"

// withdraw is the act that records that a person has withdrawn the consents.
const withdraw = "withdraw"

// A withdrawalRow asks whose consents are withdrawn.
type withdrawalRow struct {
	To, Seen string
	Who      []choice
}

// withdrawal is what the officer may record on the page of a case at an address, or
// nothing: each person is tried on a copy.
func (f frame) withdrawal(o hedui.Officer, c *hedui.Case, address, seen string, at time.Time) *withdrawalRow {
	w := withdrawalRow{To: address + "/acts/" + withdraw + "?lang=" + string(f.Lang), Seen: seen}
	for _, one := range c.Persons {
		trial := *c
		trial.Consents = slices.Clone(c.Consents)
		if trial.Withdraw(o, one.No, at) == nil {
			w.Who = append(w.Who, choice{strconv.Itoa(one.No), strconv.Itoa(one.No) + " " + idcard.MaskName(one.Name)})
		}
	}
	if len(w.Who) == 0 {
		return nil
	}
	return &w
}

// requery is the act that asks single cells again.
const requery = "requery"

// decide is the entry of what the office has decided, which has a page of its own.
const decide = "decide"

// cellsAgain asks the cells again that an officer has ticked. They are named by their
// queries, so a page on which one of them is out of date asks nothing.
func (s *Server) cellsAgain(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	id := r.PathValue("id")
	if _, err := s.look(r, o, id); err != nil {
		return err
	}
	err := r.ParseForm()
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("requery.none"), err)
	}
	cells := r.PostForm["cell"]
	if len(cells) == 0 {
		err = hedui.Fail(hedui.Invalid, hedui.Say("requery.none"), nil)
	} else {
		_, err = s.Desk.Requery(r.Context(), o, id, cells)
	}
	if hedui.KindOf(err) == hedui.NotFound && err != nil {
		err = hedui.Fail(hedui.Conflict, hedui.Say("error.changed"), err)
	}
	return s.acted(w, r, o, requery, err)
}

// actRows are the actions on the page of a case, which stands at an address.
func (f frame) actRows(list []hedui.Action, address, seen string) []actRow {
	rows := make([]actRow, len(list))
	for i, a := range list {
		rows[i] = actRow{Name: a.Name, Title: f.T("action." + a.Name), Hint: f.T("action." + a.Name + ".hint"), Final: slices.Contains(final, a.Name),
			To: address + "/acts/" + a.Name + "?lang=" + string(f.Lang), Seen: seen, Why: f.T("action.why"), Lacks: f.T("action.lacks", strconv.Itoa(len(a.Missing)))}
		for _, r := range a.Reasons {
			rows[i].Reasons = append(rows[i].Reasons, choice{r, f.T("step." + a.Name + "." + r)})
		}
		for _, m := range a.Missing {
			rows[i].Missing = append(rows[i].Missing, f.say(m.Say))
		}
	}
	return rows
}

// act does what an officer has chosen on the page of a case. If the case is not as
// the page showed it, or it cannot be done, the page comes back as things are now,
// with what to know about it.
func (s *Server) act(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	id, name := r.PathValue("id"), r.PathValue("act")
	v, err := s.look(r, o, id)
	if err != nil {
		return err
	}
	if name == "seal" && o.May(hedui.SealReports, o.Division) == nil && !s.admit(w, r, hedui.SealReports) {
		return nil
	}
	switch {
	case v.Rev != r.PostFormValue("seen"):
		err = hedui.Fail(hedui.Conflict, hedui.Say("error.changed"), nil)
	case name == withdraw:
		person, _ := strconv.Atoi(r.PostFormValue("person")) // 0 is nobody
		_, err = s.Desk.Withdraw(r.Context(), o, id, person)
	case name == claim:
		_, err = s.Desk.SuspendClaim(r.Context(), o, id)
	default:
		_, err = s.Desk.Take(r.Context(), o, id, name, r.PostFormValue("reason"))
	}
	return s.acted(w, r, o, name, err)
}

// acted leads back to the case after an act, or shows the case as it is now with
// why nothing was done.
func (s *Server) acted(w http.ResponseWriter, r *http.Request, o hedui.Officer, name string, err error) error {
	id := r.PathValue("id")
	if err == nil {
		lead(w, r, "/cases/"+id+"?lang="+string(langOf(r))+"&done="+name)
		return nil
	}
	kind := hedui.KindOf(err)
	if !onPage(err) {
		return err
	}
	if v, err2 := s.look(r, o, id); err2 == nil { // as it is now
		p := s.casePage(r, o, v)
		p.Wrong = append(p.Wrong, told(p.frame, err)...)
		return render(w, status[kind], "case.html", p)
	}
	return err
}

// barred are the refusals of who may have no part in a case or a page at all.
var barred = []string{"error.right", "error.division", "error.programme", "error.conflict"}

// onPage reports whether why an act was refused is told on the page from which it
// came: what was sent is wrong, things stand otherwise, or it is somebody else's turn.
// Whoever is barred gets a page that says only that.
func onPage(err error) bool {
	var known *hedui.Error
	if !errors.As(err, &known) {
		return false
	}
	switch known.Kind {
	case hedui.Invalid, hedui.Conflict:
		return true
	case hedui.Forbidden:
		return !slices.Contains(barred, known.Say.Key)
	}
	return false
}

// told is all that an error says to a person. Where is the field of each problem.
func told(f frame, err error) []problemRow {
	var e *hedui.Error
	if !errors.As(err, &e) {
		return nil
	}
	rows := []problemRow{{Text: Sentence(f.Lang, e.Say)}}
	for _, p := range e.Problems {
		rows = append(rows, problemRow{Where: p.Field, Text: f.say(p.Say)})
	}
	return rows
}

// toldInLine is the same as one text.
func toldInLine(f frame, err error) string {
	var texts []string
	for _, row := range told(f, err) {
		texts = append(texts, row.Text)
	}
	return strings.Join(texts, " ")
}

// leadTo makes each problem of a field lead to where the field stands on the page.
func leadTo(rows []problemRow, anchor func(field string) string) []problemRow {
	for i := range rows {
		if rows[i].Where != "" {
			rows[i].Anchor = anchor(rows[i].Where)
		}
	}
	return rows
}

// done says what has just been done, where the page was led to after an act.
func (p *casePage) done(r *http.Request) {
	name := r.URL.Query().Get("done")
	if name == withdraw {
		p.Made = p.T("own.done.withdraw")
	}
	if slices.Contains(hedui.ActionNames(), name) || name == claim || name == requery || name == decide {
		p.Made = strings.TrimSpace(p.T("action.done", p.T("action."+name)))
	}
}
