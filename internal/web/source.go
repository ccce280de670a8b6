package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/source"
)

// sourcePage is all that operators need to know of one source.
type sourcePage struct {
	frame
	sourceRow
	Spans   []heardRow
	Reasons string // why it failed, in the longest of the spans
	People  bool   // people answer
	Watch   bool
	Alerts  []alertRow
	Wrong   []problemRow // why it was not tested
	Runs    bool         // the reader may have it tested
	Test    *checkView   // the last one
	Earlier []checkView  // before that
	Busy    bool         // it is being tested
}

// A checkView is a test of a source.
type checkView struct {
	Said, Class, By string
	Steps           []checkStep
	Lines           []checkLine
}

type checkStep struct{ Name, Class, Sign, Said string }

type checkLine struct{ What, Class, Sign, Said, Why, Do string }

// checkMarks are class and sign of each state of a line.
var checkMarks = map[string][2]string{hedui.CheckOK: {"ok", "✓"}, hedui.CheckWarning: {"waiting", "!"}, hedui.CheckBad: {"refused", "✗"}, hedui.CheckSkipped: {"none", "–"}}

// heardRow is how a source has answered in a span of time.
type heardRow struct {
	Name, Answered, Failed, Slow, P50, P95 string
}

// spanNames are the texts of the spans, as [store.HeardSpans] has them.
var spanNames = []string{"source.span.hour", "source.span.day", "source.span.week"}

func (s *Server) source(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.sourcePage(r, o)
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "source.html", p)
}

func (s *Server) sourcePage(r *http.Request, o hedui.Officer) (*sourcePage, error) {
	name := r.PathValue("name")
	views, err := s.Desk.SourceViews(r.Context())
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(views, func(v casework.SourceView) bool { return v.Name == name })
	if i < 0 {
		return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	v := views[i]
	p := &sourcePage{frame: s.frame(r, "source.title"), People: v.Manual != nil}
	p.moves()
	p.sourceRow = p.frame.source(v, s.Now())
	p.Title = p.T("source.title", p.Categories)
	for i, h := range v.Heard {
		asked := h.Asked()
		p.Spans = append(p.Spans, heardRow{Name: p.T(spanNames[i]), Answered: strconv.FormatInt(h.Answered(), 10),
			Failed: p.share(h.Failed(), asked), Slow: p.share(h.Slow(), asked), P50: p.atMost(h.Quantile(0.5)), P95: p.atMost(h.Quantile(0.95))})
	}
	if n := len(v.Heard); n > 0 {
		p.Reasons = p.reasons(v.Heard[n-1])
	}
	if p.Watch = s.Desk.MayReadNodes(o) == nil; p.Watch {
		if p.Alerts, err = s.alertRows(r, o, p.frame, views, name); err != nil {
			return nil, err
		}
	}
	if p.Runs = s.runs(o); p.Runs && !p.People {
		err = s.checks(r, o, p)
	}
	return p, err
}

// checksShown is how many earlier tests are listed.
const checksShown = 5

func (s *Server) checks(r *http.Request, o hedui.Officer, p *sourcePage) error {
	list, err := s.Desk.SourceChecks(r.Context(), o, p.Name)
	for i, c := range list {
		v := p.checkView(c, s.Now())
		switch {
		case i == 0:
			p.Test, p.Busy = &v, c.Moving(s.Now())
		case i <= checksShown:
			p.Earlier = append(p.Earlier, v)
		}
	}
	return err
}

func (f frame) checkView(c hedui.SourceCheck, now time.Time) checkView {
	digest := strings.TrimPrefix(c.Digest, "sha256:")
	v := checkView{Class: "ok", Said: f.T("source.check.ready", clock(c.EndedAt)), By: f.T("source.check.by", c.Officer, digest[:min(12, len(digest))])}
	bad := 0
	for _, l := range c.Lines {
		if l.State == hedui.CheckBad {
			bad++
		}
		row := checkLine{What: f.T("sheet.check." + l.Check), Class: checkMarks[l.State][0], Sign: checkMarks[l.State][1], Said: f.T("sheet."+l.Key, l.Args...), Why: l.Why}
		if do := "sheet." + l.Key + ".do"; l.State != hedui.CheckOK && lang.Has(do) {
			row.Do = f.T(do, l.Args...)
		}
		v.Lines = append(v.Lines, row)
	}
	for _, step := range c.Steps() {
		mark := checkMarks[step.State]
		v.Steps = append(v.Steps, checkStep{f.T("source.step." + step.Name), mark[0], mark[1], f.T("source.step." + step.State)})
	}
	switch {
	case c.Moving(now):
		v.Class, v.Said = "waiting", f.T("source.check.moving", clock(c.At))
	case c.EndedAt.IsZero():
		v.Class, v.Said = "refused", f.T("source.check.broken", clock(c.At))
	case !c.Ready:
		v.Class, v.Said = "refused", f.T("source.check.unready", clock(c.EndedAt), strconv.Itoa(bad))
	}
	return v
}

// checkSource has a source tested now.
func (s *Server) checkSource(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	name := r.PathValue("name")
	err := s.Desk.CheckSource(r.Context(), o, name)
	if err == nil {
		lead(w, r, "/sources/"+url.PathEscape(name)+"?lang="+string(langOf(r))+"#check")
		return nil
	}
	if hedui.KindOf(err) != hedui.Conflict {
		return err
	}
	p, cause := s.sourcePage(r, o)
	if cause != nil {
		return cause
	}
	p.Path = "/sources/" + name
	p.Wrong = told(p.frame, err)
	return render(w, status[hedui.Conflict], "source.html", p)
}

// share writes a number and what part of the whole it is.
func (f frame) share(n, whole int64) string {
	if n == 0 {
		return "0"
	}
	return f.T("source.share", strconv.FormatInt(n, 10), percent(n, whole))
}

// reasons lists why a source failed, the most frequent first.
func (f frame) reasons(h hedui.Heard) string {
	type why struct {
		reason source.Reason
		n      int64
	}
	var list []why
	for reason, n := range h.Reasons() {
		list = append(list, why{reason, n})
	}
	slices.SortFunc(list, func(a, b why) int {
		if a.n != b.n {
			return int(b.n - a.n)
		}
		return strings.Compare(string(a.reason), string(b.reason))
	})
	var words []string
	for _, one := range list {
		words = append(words, f.T("source.times", f.reason(one.reason), strconv.FormatInt(one.n, 10)))
	}
	return strings.Join(words, f.T("page.comma"))
}
