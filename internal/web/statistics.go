package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/region"
)

// spans are the periods that can be chosen.
var spans = []string{"month", "quarter", "year", "range"}

type statisticsPage struct {
	frame
	Span, Month, From, Place, Programme string // as chosen
	Spans, Places, Programmes           []choice
	Of                                  string
	Counted, Veiled, Unsent             string
	Tables                              []statTable
	Export, Bulletin                    string
	Problems                            []field
	wrong                               map[string][]string

	Enters bool // the reader may enter totals
	Made   string
	Typed  map[string]string
}

// A statTable is a table as the page shows it, with what is drawn of it.
type statTable struct {
	report.StatTable
	Chart *svgChart
	Lines []statLine
}

// Rest are the heads of the columns after the first.
func (t statTable) Rest() []string { return t.Columns[1:] }

type statLine struct {
	ID, Head, Link string
	Cells          []string
}

// Wrong are the problems of a field.
func (p *statisticsPage) Wrong(field string) []string { return p.wrong[field] }

// statQuery reads what is asked for; without anything, the month of today.
func (s *Server) statQuery(q url.Values) (casework.StatQuery, string) {
	typed := func(name string) string { return strings.TrimSpace(width.Narrow.String(q.Get(name))) }
	span := typed("span")
	if !slices.Contains(spans, span) {
		span = spans[0]
	}
	month := hedui.Month(typed("month"))
	if month == "" {
		month = hedui.MonthOf(day.Of(s.Now()))
	}
	out := casework.StatQuery{Period: hedui.Period{From: month, Until: month}, Division: typed("division"), Programme: hedui.Programme(typed("programme"))}
	switch _, err := hedui.ParseMonth(string(month)); {
	case span == "range":
		out.From = hedui.Month(typed("from"))
	case err == nil:
		out.Period = hedui.PeriodOf(span, month)
	}
	return out, span
}

// statistics shows the figures of a place and a period.
func (s *Server) statistics(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, code, err := s.statisticsPage(r, o)
	if err != nil {
		return err
	}
	if r.URL.Query().Has("done") {
		p.Made = p.T("statistics.enter.done")
	}
	return render(w, code, "statistics.html", p)
}

func (s *Server) statisticsPage(r *http.Request, o hedui.Officer) (*statisticsPage, int, error) {
	q, span := s.statQuery(r.URL.Query())
	p := &statisticsPage{frame: s.frame(r, "statistics.title"), Span: span, Month: string(q.Until), From: string(q.From), Place: q.Division, Programme: string(q.Programme),
		Enters: o.May(hedui.KeepTotals, o.Division) == nil, Typed: map[string]string{"month": string(q.Until), "division": q.Division}, wrong: map[string][]string{}}
	if m := r.URL.Query().Get("month"); span != "range" && m != "" {
		p.Month = m
	}
	p.Path = "/statistics"
	p.choices(o, day.Of(s.Now()))
	if o.May(hedui.ReadStatistics, o.Division) != nil { // who enters totals may not read what is made of them
		return p, http.StatusOK, nil
	}
	figures, err := s.Desk.Statistics(r.Context(), o, q)
	if hedui.KindOf(err) == hedui.Invalid && err != nil {
		p.problems(err, "")
		return p, status[hedui.Invalid], nil
	}
	if err != nil {
		return nil, 0, err
	}
	p.fill(q, figures)
	return p, http.StatusOK, nil
}

// choices are what the form offers: counties of the officer's place, his programmes.
func (p *statisticsPage) choices(o hedui.Officer, on day.Day) {
	for _, one := range spans {
		p.Spans = append(p.Spans, choice{one, p.T("statistics.span." + one)})
	}
	counties := region.Counties(o.Division, on)
	if len(counties) == 0 {
		p.Places = append(p.Places, choice{o.Division, report.StatPlaceName(o.Division, on)})
	}
	for _, d := range counties {
		p.Places = append(p.Places, choice{d.Code, d.Name})
	}
	for _, one := range hedui.Programmes() {
		if len(o.Programmes) == 0 || slices.Contains(o.Programmes, one) {
			p.Programmes = append(p.Programmes, choice{string(one), p.T("programme." + string(one))})
		}
	}
}

// problems names what is wrong, each with its field; prefix is that of the form.
func (p *statisticsPage) problems(err error, prefix string) {
	var e *hedui.Error
	if !errors.As(err, &e) {
		return
	}
	for _, one := range e.Problems {
		name, text := prefix+one.Field, p.say(one.Say)
		p.wrong[name] = append(p.wrong[name], text)
		p.Problems = append(p.Problems, field{ID: name, Label: text})
	}
}

// with is the address of the page with something else chosen.
func (p *statisticsPage) with(change map[string]string) string {
	q := url.Values{"lang": {string(p.Lang)}, "span": {p.Span}, "month": {p.Month}}
	for name, value := range map[string]string{"from": p.From, "division": p.Place, "programme": p.Programme} {
		if value != "" && (name != "from" || p.Span == "range") {
			q.Set(name, value)
		}
	}
	for name, value := range change {
		q.Set(name, value)
	}
	return "?" + q.Encode()
}

func (p *statisticsPage) fill(q casework.StatQuery, s hedui.Statistics) {
	p.Counted = p.T("statistics.uncounted")
	if !s.CountedAt.IsZero() {
		p.Counted = p.T("statistics.counted", minute(s.CountedAt))
	}
	if s.Least > 1 {
		p.Veiled = p.T("statistics.note.least", strconv.Itoa(s.Least))
	}
	p.Unsent = report.StatUnsent(s, p.Lang)
	tables := report.StatTables(s, p.Lang)
	p.Of = tables[0].Note
	p.Export, p.Bulletin = "/statistics/export.xlsx"+p.with(nil), "/statistics/bulletin/"+string(q.Until)+".pdf"+p.with(nil)
	for _, t := range tables {
		one := statTable{StatTable: t}
		for i, row := range t.Rows {
			line := statLine{Head: report.StatCell(row[0])}
			for _, v := range row[1:] {
				line.Cells = append(line.Cells, report.StatCell(v))
			}
			line.ID, line.Link = p.address(t, t.Keys[i])
			one.Lines = append(one.Lines, line)
		}
		switch {
		case t.Name == "months":
			one.Chart = p.columns(s.Months)
		case t.Name == "divisions" && len(s.Divisions) > 1:
			one.Chart = p.bars("divisions", p.T("statistics.chart.compare"), s.Divisions, one.Lines)
		}
		p.Tables = append(p.Tables, one)
	}
}

// address is where a row of a table leads: to its definition, or to the same figures
// of less. No row leads to a case.
func (p *statisticsPage) address(t report.StatTable, key string) (id, link string) {
	switch t.Name {
	case "summary":
		return "", "#def-" + key
	case "definitions":
		return "def-" + key, ""
	case "programmes":
		if key != p.Programme {
			link = p.with(map[string]string{"programme": key})
		}
	case "divisions":
		if key != p.Place {
			link = p.with(map[string]string{"division": key})
		}
	case "months":
		link = p.with(map[string]string{"span": "month", "month": key})
	}
	return "", link
}

// exportStatistics gives the figures of the page as a workbook.
func (s *Server) exportStatistics(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	q, _ := s.statQuery(r.URL.Query())
	return s.statisticsFile(w, r, o, q, "xlsx")
}

// bulletin gives the bulletin of a month, or of the period that was chosen.
func (s *Server) bulletin(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	month, ok := strings.CutSuffix(r.PathValue("bulletin"), ".pdf")
	if !ok {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	query := r.URL.Query()
	query.Set("month", month)
	q, _ := s.statQuery(query)
	return s.statisticsFile(w, r, o, q, "pdf")
}

func (s *Server) statisticsFile(w http.ResponseWriter, r *http.Request, o hedui.Officer, q casework.StatQuery, form string) error {
	if onlyGet(w, r) {
		return nil
	}
	file, err := s.Desk.StatisticsFile(r.Context(), o, q, form, langOf(r))
	if err != nil {
		return err
	}
	if form == "xlsx" {
		return sendWorkbook(w, file)
	}
	return sendFile(w, file)
}

// totalKinds are the fields of the form for totals, by kind of case.
var totalKinds = []struct {
	field string
	kind  hedui.CaseKind
}{{"new", hedui.NewApplication}, {"existing", hedui.PeriodicRecheck}}

// enterTotals takes what an office says of itself.
func (s *Server) enterTotals(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	typed := func(name string) string { return strings.TrimSpace(width.Narrow.String(r.PostFormValue(name))) }
	var list []hedui.OfficeTotal
	var bad []hedui.Problem
	for _, k := range totalKinds {
		text := strings.ReplaceAll(typed(k.field), ",", "")
		if text == "" {
			continue
		}
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			n = -1
		}
		t := hedui.OfficeTotal{Division: typed("division"), Month: hedui.Month(typed("month")), Kind: k.kind, N: n, Origin: r.PostFormValue("origin")}
		bad = append(bad, totalProblems(t.Check(s.Now()), k.field)...)
		list = append(list, t)
	}
	err := hedui.Problems(distinct(bad))
	if err == nil {
		err = s.Desk.EnterTotals(r.Context(), o, list)
	}
	if err == nil {
		lead(w, r, "/statistics?"+url.Values{"lang": {string(langOf(r))}, "month": {typed("month")}, "done": {""}}.Encode())
		return nil
	}
	if hedui.KindOf(err) != hedui.Invalid {
		return err
	}
	r.URL.RawQuery = url.Values{"lang": {string(langOf(r))}}.Encode()
	p, _, cause := s.statisticsPage(r, o)
	if cause != nil {
		return cause
	}
	for _, name := range []string{"division", "month", "new", "existing", "origin"} {
		p.Typed[name] = r.PostFormValue(name)
	}
	p.problems(hedui.Problems(totalProblems(err, totalKinds[0].field)), "enter-") // where nothing was entered, at the first number
	return render(w, status[hedui.Invalid], "statistics.html", p)
}

// totalProblems are those of one entry, with the fields of the form.
func totalProblems(err error, number string) []hedui.Problem {
	var e *hedui.Error
	if !errors.As(err, &e) {
		return nil
	}
	list := slices.Clone(e.Problems)
	for i := range list {
		if list[i].Field == "n" {
			list[i].Field = number
		}
	}
	return list
}

func distinct(list []hedui.Problem) (out []hedui.Problem) {
	for _, one := range list {
		if !slices.ContainsFunc(out, func(have hedui.Problem) bool { return have.Field == one.Field }) {
			out = append(out, one)
		}
	}
	return out
}
