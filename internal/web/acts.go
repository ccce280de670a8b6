package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"hedui/internal/hedui"
)

// An actRow is something that the officer may do with the case on the page.
type actRow struct {
	Name, Title, Hint string
	Final             bool     // cannot be taken back: it is asked once more
	Reasons           []choice // of which one must be chosen
	Missing           []string // why it cannot be done yet
}

// final are the actions that nobody can take back.
var final = []string{"seal", "archive", "terminate"}

func (p *casePage) fillActs(list []hedui.Action) {
	for _, a := range list {
		row := actRow{Name: a.Name, Title: p.T("act." + a.Name), Hint: p.T("act." + a.Name + ".hint"), Final: slices.Contains(final, a.Name)}
		for _, r := range a.Reasons {
			row.Reasons = append(row.Reasons, choice{r, p.T("step." + a.Name + "." + r)})
		}
		for _, m := range a.Missing {
			row.Missing = append(row.Missing, p.say(m.Say))
		}
		p.Acts = append(p.Acts, row)
	}
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
	if name == "seal" && !s.admit(w, r, hedui.SealReports) {
		return nil
	}
	switch {
	case v.Rev != r.PostFormValue("seen"):
		err = hedui.Fail(hedui.Conflict, hedui.Say("error.changed"), nil)
	default:
		_, err = s.Desk.Take(r.Context(), o, id, name, r.PostFormValue("reason"))
	}
	if err == nil {
		lead(w, r, "/cases/"+id+"?lang="+string(langOf(r))+"&done="+name)
		return nil
	}
	kind := hedui.KindOf(err)
	if kind != hedui.Conflict && kind != hedui.Invalid {
		return err
	}
	if v, err2 := s.look(r, o, id); err2 == nil { // as it is now
		p := s.casePage(r, o, v)
		p.Wrong = append(p.Wrong, told(p.frame, err)...)
		return render(w, status[kind], "case.html", p)
	}
	return err
}

// told is all that an error says to a person.
func told(f frame, err error) []string {
	var e *hedui.Error
	if !errors.As(err, &e) {
		return nil
	}
	lines := []string{Sentence(f.Lang, e.Say)}
	for _, p := range e.Problems {
		lines = append(lines, f.say(p.Say))
	}
	return lines
}

// done says what has just been done, where the page was led to after an act.
func (p *casePage) done(r *http.Request) {
	if name := r.URL.Query().Get("done"); slices.Contains(hedui.ActionNames(), name) {
		p.Made = strings.TrimSpace(p.T("act.done", p.T("act."+name)))
	}
}
