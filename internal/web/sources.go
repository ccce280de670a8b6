package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/source"
)

type sourcesPage struct {
	frame
	Rows   []sourceRow
	Watch  bool // the reader may see what is wrong with sources
	Runs   bool // and may join others
	Alerts []alertRow
}

type sourceRow struct {
	Name, Department, Categories string
	Address                      string // its own page
	Hour                         string // how it has answered in the last hour
	Waiting                      string // questions without an answer, and since when
	State, Class, Until          string
	AsOf, Promise                string
	Late                         bool // the data is older than promised
	Today, Took                  string
	Quota                        string
	Hours, Maintenance           []string
	Calls                        string

	place int // of its first category in the catalogue
}

type alertRow struct {
	When, Times, Over     string
	What, Detail, Advice  string
	Source, Handled, Note string
	Address               string // where it is seen to; empty where the reader may not, or it is over
}

// sources shows how each source is doing, what it has promised and what it
// allows; and, to those who may see it, what is wrong.
func (s *Server) sources(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p := sourcesPage{frame: s.frame(r, "page.sources")}
	p.Runs = s.runs(o)
	p.moves()
	views, err := s.Desk.SourceViews(r.Context())
	if err != nil {
		return err
	}
	for _, v := range views {
		p.Rows = append(p.Rows, p.source(v, s.Now()))
	}
	slices.SortStableFunc(p.Rows, func(a, b sourceRow) int { return cmp.Compare(a.place, b.place) })
	if p.Watch = s.Desk.MayReadNodes(o) == nil; p.Watch {
		if p.Alerts, err = s.alertRows(r, o, p.frame, views, ""); err != nil {
			return err
		}
	}
	return render(w, http.StatusOK, "sources.html", p)
}

// alertRows are the alerts of the sources, or of the one that is named.
func (s *Server) alertRows(r *http.Request, o hedui.Officer, f frame, views []casework.SourceView, name string) ([]alertRow, error) {
	alerts, err := s.Desk.Alerts(r.Context(), o)
	if err != nil {
		return nil, err
	}
	var rows []alertRow
	for _, a := range alerts {
		if name != "" && a.Source != name {
			continue
		}
		row := f.alert(a, views)
		if s.runs(o) && a.Open() {
			row.Address = "/alerts/" + url.PathEscape(a.Source) + "/" + string(a.Kind) + "?lang=" + string(f.Lang)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// runs reports whether the officer runs this node.
func (s *Server) runs(o hedui.Officer) bool {
	return o.May(hedui.RunNode, cmp.Or(s.Desk.Division, o.Division)) == nil
}

// handleAlert notes what an operator has done about an alert.
func (s *Server) handleAlert(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if err := s.Desk.HandleAlert(r.Context(), o, r.PathValue("source"), hedui.AlertKind(r.PathValue("kind")), typed(r, "note")); err != nil {
		return err
	}
	lead(w, r, "/sources?lang="+string(langOf(r))+"#alerts")
	return nil
}

// modeClass is how each mode of a source looks.
var modeClass = map[casework.SourceMode]string{
	casework.SourceWorks: "ok", casework.SourceLeft: "failed", casework.SourceTried: "waiting",
	casework.SourceClosed: "waiting", casework.SourceUsedUp: "waiting", casework.SourceUnasked: "none",
}

func (f frame) source(v casework.SourceView, now time.Time) sourceRow {
	row := sourceRow{Name: v.Name, Department: v.Department, State: f.T("source.mode." + string(v.Mode)), Class: modeClass[v.Mode],
		AsOf: minute(v.Record.AsOf), Late: v.Overdue, Calls: strconv.FormatInt(v.Calls, 10), place: placeOf(v.Categories)}
	row.Address = "/sources/" + url.PathEscape(v.Name) + "?lang=" + string(f.Lang)
	if len(v.Heard) > 0 && v.Heard[0].Asked() > 0 {
		row.Hour = f.T("source.hour", f.atMost(v.Heard[0].Quantile(0.5)), f.atMost(v.Heard[0].Quantile(0.95)), percent(v.Heard[0].Failed(), v.Heard[0].Asked()))
	}
	if v.Waiting > 0 {
		row.Waiting = f.T("source.waiting_since", strconv.Itoa(v.Waiting), minute(v.Oldest))
	}
	var names []string
	for _, c := range v.Categories {
		names = append(names, f.category(c))
	}
	row.Categories = strings.Join(names, f.T("page.comma"))
	if !v.Until.IsZero() {
		row.Until = f.T("source.until", minute(v.Until))
	}
	var promises []string
	if v.Refresh > 0 {
		promises = append(promises, f.T("source.promised.refresh", f.length(v.Refresh)))
	}
	if v.AnswersWithin > 0 {
		promises = append(promises, f.T("source.promised.answer", f.length(v.AnswersWithin)))
	}
	row.Promise = strings.Join(promises, f.T("page.comma"))
	if v.Record.On == day.Of(now) {
		row.Today = f.T("source.today", strconv.Itoa(v.Record.Answers), strconv.Itoa(v.Record.Failures))
	}
	if !v.Record.AnsweredAt.IsZero() {
		row.Took = f.T("source.answered", minute(v.Record.AnsweredAt), v.Record.Took.Round(time.Millisecond).String())
	}
	switch q := v.Limits.Daily; {
	case q.Persons > 0:
		row.Quota = f.T("source.left.persons", strconv.Itoa(max(q.Persons-v.Used, 0)), strconv.Itoa(q.Persons))
	case q.Calls > 0:
		row.Quota = f.T("source.left.calls", strconv.Itoa(max(q.Calls-v.Used, 0)), strconv.Itoa(q.Calls))
	}
	today := day.Of(now)
	row.Hours, row.Maintenance = f.openings(v.Limits.Hours, today), f.openings(v.Limits.Closed, today)
	for _, m := range v.Limits.Maintenance {
		if now.Before(m.To) { // what is over need not be told
			row.Maintenance = append(row.Maintenance, minute(m.From)+" – "+minute(m.To))
		}
	}
	return row
}

// openings writes the openings that hold today or begin to hold later.
func (f frame) openings(list []source.Opening, today day.Day) []string {
	var lines []string
	for _, o := range list {
		if !o.Until.IsZero() && o.Until.Before(today) {
			continue
		}
		days := []string{f.T("source.days.working")}
		if !o.Working {
			days = nil
			for _, d := range o.Weekdays {
				days = append(days, f.T("source.day."+strconv.Itoa(int(d))))
			}
		}
		line := strings.Join(days, f.T("page.comma")) + " " + daytime(o.From) + "–" + daytime(o.To)
		if o.Since.After(today) {
			line = f.T("source.since", line, o.Since.String())
		}
		lines = append(lines, line)
	}
	return lines
}

func daytime(d time.Duration) string {
	two := func(n int) string { return strings.Repeat("0", 2-len(strconv.Itoa(n))) + strconv.Itoa(n) }
	return two(int(d.Hours())) + ":" + two(int(d.Minutes())%60)
}

// length writes a promised time in the largest unit that leaves nothing over.
func (f frame) length(d time.Duration) string {
	switch {
	case d%(24*time.Hour) == 0:
		return f.T("report.promise.days", strconv.Itoa(int(d.Hours())/24))
	case d%time.Hour == 0:
		return f.T("report.promise.hours", strconv.Itoa(int(d.Hours())))
	}
	return f.T("report.promise.minutes", strconv.Itoa(int(d.Minutes())))
}

func (f frame) alert(a hedui.Alert, views []casework.SourceView) alertRow {
	row := alertRow{When: minute(a.Last), What: f.T("alert." + string(a.Kind)), Detail: f.numbers(a), Source: a.Source,
		Advice: f.T("alert.advice." + string(a.Kind)), Note: a.Note}
	if i := slices.IndexFunc(views, func(v casework.SourceView) bool { return v.Name == a.Source }); i >= 0 {
		row.Source = views[i].Department + " " + a.Source
	}
	if a.Count > 1 {
		row.Times = f.T("nodes.times", strconv.Itoa(a.Count), minute(a.Since))
	}
	if !a.Open() {
		row.Over, row.Advice = f.T("alert.over", minute(a.ClosedAt)), ""
	}
	if !a.HandledAt.IsZero() {
		row.Handled = f.T("alert.handled", a.HandledBy, minute(a.HandledAt))
	}
	return row
}

// numbers writes what was promised or allowed, and what came instead.
func (f frame) numbers(a hedui.Alert) string {
	numbers := a.Numbers()
	if d, err := time.ParseDuration(numbers[0]); err == nil {
		numbers[0] = f.length(d)
	}
	return f.T("alert.numbers."+string(a.Kind), numbers...)
}

// atMost writes a bound of time.
func (f frame) atMost(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Second:
		return f.T("source.took.ms", strconv.FormatInt(d.Milliseconds(), 10))
	case d < time.Minute:
		return f.T("source.took.s", strconv.FormatFloat(d.Seconds(), 'f', -1, 64))
	case d < time.Hour:
		return f.T("source.took.min", strconv.FormatFloat(d.Minutes(), 'f', -1, 64))
	}
	return f.T("source.took.h", strconv.FormatFloat(d.Hours(), 'f', -1, 64))
}

// percent is a share of a whole, or a dash where that is nothing.
func percent(part, whole int64) string {
	if whole == 0 {
		return "–"
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 1, 64) + "%"
}

func minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(day.Beijing).Format("2006-01-02 15:04")
}

// placeOf is where the first of the categories stands in the catalogue.
func placeOf(codes []catalog.Code) int {
	for i, c := range catalog.All() {
		if slices.Contains(codes, c.Code) {
			return i
		}
	}
	return len(catalog.All())
}
