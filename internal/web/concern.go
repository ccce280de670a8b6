package web

import (
	"net/http"
	"net/url"
	"strconv"

	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
)

type concernsPage struct {
	frame
	Tabs     []tab
	Rows     []concernRow
	Outcomes []choice
	More     string
	Made     string
	Wrong    []problemRow
	On       string // the concern that something is wrong with
	Typed    string // the note as it was typed
}

type concernRow struct {
	ID, When, What, Case, Weight, Class, State, By, Note, Trail string
	Open                                                        bool
}

// concerns shows what the detectors have noticed about the looks of officers.
func (s *Server) concerns(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.concernsPage(r, o)
	if err != nil {
		return err
	}
	if r.URL.Query().Has("done") {
		p.Made = p.T("concern.done")
	}
	return render(w, http.StatusOK, "concerns.html", p)
}

func (s *Server) concernsPage(r *http.Request, o hedui.Officer) (*concernsPage, error) {
	all := r.URL.Query().Get("list") == "all"
	list, err := s.Desk.Concerns(r.Context(), o, store.ConcernFilter{Open: !all, Before: r.URL.Query().Get("before"), Limit: rowsPerPage + 1})
	if err != nil {
		return nil, err
	}
	p := &concernsPage{frame: s.frame(r, "concern.title")}
	p.Path = "/concerns"
	here := "/concerns?lang=" + string(p.Lang)
	p.Tabs = []tab{{p.T("concern.open"), here, !all}, {p.T("concern.all"), here + "&list=all", all}}
	if all {
		here += "&list=all"
	}
	if len(list) > rowsPerPage {
		list = list[:rowsPerPage]
		p.More = here + "&before=" + list[rowsPerPage-1].ID
	}
	for _, state := range hedui.ConcernStates()[1:] {
		p.Outcomes = append(p.Outcomes, choice{string(state), p.T("concern.state." + string(state))})
	}
	class := map[hedui.ConcernWeight]string{hedui.HighConcern: "refused", hedui.MediumConcern: "failed", hedui.LowConcern: "none"}
	for _, c := range list {
		row := concernRow{ID: c.ID, When: c.On.String(), What: ConcernSentence(p.Lang, c), Weight: p.T("concern.weight." + string(c.Weight)), Class: class[c.Weight],
			State: p.T("concern.state." + string(c.State)), Note: c.Note, Open: c.State == hedui.ConcernOpen}
		if c.Case != "" {
			row.Case = p.T("concern.case", c.Case)
		}
		if c.SettledBy != "" {
			row.By = p.T("concern.by", c.SettledBy, minute(c.SettledAt))
		}
		row.Trail = "/audit?" + url.Values{"lang": {string(p.Lang)}, "officer": {c.Officer}, "case": {c.Case}, "from": {c.On.String()}, "until": {c.On.String()}}.Encode()
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}

// disposeOf notes what somebody has found out about a concern, or opens it again.
func (s *Server) disposeOf(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	id, note := r.PathValue("concern"), r.PostFormValue("note")
	var err error
	if to := r.PostFormValue("outcome"); to == string(hedui.ConcernOpen) {
		_, err = s.Desk.ReopenConcern(r.Context(), o, id, note)
	} else {
		_, err = s.Desk.SettleConcern(r.Context(), o, id, hedui.ConcernState(to), note)
	}
	if err == nil {
		lead(w, r, "/concerns?lang="+string(langOf(r))+"&done")
		return nil
	}
	kind := hedui.KindOf(err)
	if !onPage(err) {
		return err
	}
	p, cause := s.concernsPage(r, o)
	if cause != nil {
		return cause
	}
	p.Wrong, p.On, p.Typed = leadTo(told(p.frame, err), func(string) string { return "n-" + id }), id, note
	return render(w, status[kind], "concerns.html", p)
}

// concernsLine is the menu's line with how many are open, for who may read them.
func (s *Server) concernsLine(r *http.Request, o hedui.Officer, l lang.Lang) string {
	if o.May(hedui.ReadConcerns, o.Division) != nil {
		return ""
	}
	n, err := s.Desk.OpenConcerns(r.Context(), o)
	if err != nil {
		s.Log.WarnContext(r.Context(), "count concerns", "error", err)
	}
	return lang.Text(l, "concern.menu", strconv.Itoa(n))
}
