package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"hedui/internal/hedui"
)

// scorePage is how a source for which the reader answers has done, beside what was
// promised.
type scorePage struct {
	frame
	Tabs     []tab
	Named    bool
	Source   string
	Of       string // the department
	Facts    []fact
	Chart    *svgChart
	Rows     []scoreRow
	Promises []promiseRow
	Veiled   string
	Back     string
}

type scoreRow struct {
	Month string
	Cells []string
}

type promiseRow struct{ Since, Within, Refresh string }

// score shows the scorecard of a source.
func (s *Server) score(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p := &scorePage{frame: s.frame(r, "score.title"), Named: len(o.Sources) > 0, Back: "/worklist?lang=" + string(langOf(r))}
	if !p.Named {
		return render(w, http.StatusOK, "score.html", p)
	}
	name := r.URL.Query().Get("source")
	if name == "" {
		name = o.Sources[0]
	}
	card, err := s.Desk.Scorecard(r.Context(), o, name)
	if err != nil {
		return err
	}
	at := func(path, source string) string {
		return path + "?" + url.Values{"lang": {string(p.Lang)}, "source": {source}}.Encode()
	}
	p.Back = at("/worklist", name)
	if len(o.Sources) > 1 {
		for _, other := range o.Sources {
			p.Tabs = append(p.Tabs, tab{other, at("/worklist/score", other), other == name})
		}
	}
	p.fill(card, s.Now())
	return render(w, http.StatusOK, "score.html", p)
}

func (p *scorePage) fill(card hedui.Scorecard, now time.Time) {
	p.Source, p.Of = card.Source, card.Department
	if card.Least > 1 {
		p.Veiled = p.T("statistics.note.least", strconv.Itoa(card.Least))
	}
	for _, one := range card.Promises {
		p.Promises = append(p.Promises, promiseRow{minute(one.Since), p.within(one.Within), p.refreshed(one.Refresh)})
	}
	add := func(key, value string) { p.Facts = append(p.Facts, fact{p.T(key), value}) }
	add("score.open", card.Open.String())
	add("score.late", card.Late.String())
	if promise, ok := hedui.PromiseAt(card.Promises, now); ok {
		add("score.promised", p.within(promise.Within))
		add("score.refresh", p.refreshed(promise.Refresh))
	}
	all := card.Whole
	if all.Asked.Hi+all.Corrected.Hi == 0 {
		return
	}
	p.Rows = append(p.Rows, scoreRow{p.T("score.all"), p.cells(all)})
	var bars []column
	for i := range card.Months {
		m := card.Months[len(card.Months)-1-i]
		p.Rows = append(p.Rows, scoreRow{string(m.Month), p.cells(m)})
	}
	for _, m := range card.Months {
		bars = append(bars, column{string(m.Month), m.Asked, m.InTime})
	}
	p.Chart = p.chart("score", p.T("score.chart"), chartWide, chartHigh)
	p.Chart.Outer, p.Chart.Inner = p.T("score.col.asked"), p.T("score.col.in_time")
	p.Chart.columns(bars, func(c column) string { return p.T("score.said", c.Key, c.Outer.String(), c.Inner.String()) })
}

// cells are the columns of a row, as the head of the table names them.
func (f frame) cells(s hedui.Score) []string {
	hours := "–"
	if s.Median > 0 {
		hours = f.T("score.hours", strconv.Itoa(s.Median), strconv.Itoa(s.P95))
	}
	return []string{s.Asked.String(), s.Answered.String(), f.part(s.InTime, s.Answered), hours, s.Returned.String(), f.part(s.None, s.Answered), f.part(s.Doubt, s.Answered),
		f.part(s.Stale, s.Dated), f.T("score.of", s.Settled.String(), s.Corrected.String())}
}

// part writes the share of a count in another one; of bounds it is about that.
func (f frame) part(part, whole hedui.Count) string {
	share := hedui.ShareOf(part, whole)
	switch text := strconv.FormatFloat(share.Percent, 'f', 0, 64) + "%"; {
	case !share.Known, part.Lo == 0 && !part.Exact(): // of so few nothing may be known
		return "–"
	case share.About:
		return f.T("score.about", text)
	default:
		return text
	}
}

// within writes a promised time of an answer, as a source file says it.
func (f frame) within(text string) string {
	l, err := hedui.ParseLength(text)
	switch {
	case text == "":
		return f.T("score.unpromised")
	case err != nil:
		return text
	case l.Working > 0:
		return f.T("score.workdays", strconv.Itoa(l.Working))
	case l.Days > 0:
		return f.T("report.promise.days", strconv.Itoa(l.Days))
	case l.Months > 0:
		return f.T("score.months", strconv.Itoa(l.Months))
	}
	return f.length(l.Exact)
}

func (f frame) refreshed(d time.Duration) string {
	if d == 0 {
		return f.T("score.unpromised")
	}
	return f.length(d)
}
