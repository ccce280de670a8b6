package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/source"
)

// sourcePage is all that operators need to know of one source.
type sourcePage struct {
	frame
	sourceRow
	Spans   []spanRow
	Reasons string // why it failed, in the longest of the spans
	People  bool   // people answer
	Watch   bool
	Alerts  []alertRow
}

// spanRow is how a source has answered in a span of time.
type spanRow struct {
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
		p.Spans = append(p.Spans, spanRow{Name: p.T(spanNames[i]), Answered: strconv.FormatInt(h.Answered(), 10),
			Failed: p.share(h.Failed(), asked), Slow: p.share(h.Slow(), asked), P50: p.atMost(h.Quantile(0.5)), P95: p.atMost(h.Quantile(0.95))})
	}
	if n := len(v.Heard); n > 0 {
		p.Reasons = p.reasons(v.Heard[n-1])
	}
	if p.Watch = s.Desk.MayReadNodes(o) == nil; p.Watch {
		p.Alerts, err = s.alertRows(r, o, p.frame, views, name)
	}
	return p, err
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
