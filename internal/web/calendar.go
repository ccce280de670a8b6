package web

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/text/width"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/region"
)

// calendarPage is which spans of time hold at a place for a programme on a day, when
// one that begins then is over, and on which days offices work. All of it is data.
type calendarPage struct {
	frame
	Division, Programme, On, Length string
	Programmes                      []choice
	Wrong                           []problemRow
	Place                           string // whose deadlines hold
	Since                           string
	Deadlines                       []spanRow
	Counted                         *spanRow // what was asked to be counted
	Terms                           []termRow
	Year, Before, After             choice
	Unknown                         bool // the holidays of the year are not announced, or not in the data
	Off, Work                       []string
}

// A spanRow is one span that begins on the day of the page.
type spanRow struct{ What, Length, Over string }

// firstYear and lastYear bound the years that are shown.
const firstYear, lastYear = 2000, 2100

func (s *Server) calendar(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	q := r.URL.Query()
	typed := func(name, otherwise string) string {
		return cmp.Or(strings.TrimSpace(width.Narrow.String(q.Get(name))), otherwise)
	}
	today := day.Of(s.Now())
	p := &calendarPage{frame: s.frame(r, "calendar.title"), Division: typed("division", cmp.Or(s.Desk.Division, o.Division)),
		Programme: typed("programme", string(hedui.Dibao)), On: typed("on", today.String()), Length: typed("length", "")}
	for _, one := range hedui.Programmes() {
		p.Programmes = append(p.Programmes, choice{string(one), p.T("programme." + string(one))})
	}
	wrong := func(field, text string) { p.Wrong = append(p.Wrong, problemRow{Anchor: field, Text: text}) }
	on, err := day.Parse(p.On)
	if err != nil || on.Year() < firstYear || on.Year() > lastYear {
		wrong("on", p.T("problem.day.form"))
		on = today
	}
	if _, known := region.Lookup(p.Division, on); !known {
		wrong("division", p.T("calendar.no_place", on.String()))
	}
	if p.Length != "" {
		if l, err := hedui.ParseLength(p.Length); err != nil || l.Working > longestCount || l.Days > longestCount || l.Months > longestCount {
			wrong("length", p.T("calendar.no_length"))
		} else {
			row := s.spanRow(p.frame, "calendar.counted", l, on)
			p.Counted = &row
		}
	}
	p.fillDeadlines(s, on)
	p.fillTerms(s, on)
	p.fillYear(s.Desk.Calendar, on)
	code := http.StatusOK
	if len(p.Wrong) > 0 {
		code = http.StatusUnprocessableEntity
	}
	return render(w, code, "calendar.html", p)
}

// longestCount bounds how far is counted.
const longestCount = 5000

func (s *Server) spanRow(f frame, what string, l hedui.Length, on day.Day) spanRow {
	row := spanRow{What: f.T(what), Length: f.say(l.Say())}
	if l.Exact == 0 { // it ends with a day
		row.Over = f.weekday(day.Of(l.After(on.Start(), s.Desk.Calendar)).Add(-1))
	}
	return row
}

// weekday writes a day with its day of the week.
func (f frame) weekday(d day.Day) string {
	return d.String() + " " + f.T("source.day."+strconv.Itoa(int(d.Weekday())))
}

func (p *calendarPage) fillDeadlines(s *Server, on day.Day) {
	dl, ok := s.Desk.Deadlines.For(p.Division, hedui.Programme(p.Programme), on)
	if !ok {
		return
	}
	p.Since, p.Place = dl.From.String(), p.T("books.everywhere")
	if place, known := region.Lookup(dl.Place, on); known && hedui.PlacePrefix(dl.Place) != "" {
		p.Place = place.Name
	}
	for _, one := range []struct {
		key string
		hedui.Length
	}{
		{"report", dl.Report}, {"whole", dl.Whole}, {"objection", dl.Objection}, {"validity", dl.Validity}, {"explain", dl.Explain}, {"claim", dl.Claim},
		{"late", dl.Late}, {"gather", dl.Gather}, {"requery", dl.Requery},
	} {
		if one.Length != (hedui.Length{}) {
			p.Deadlines = append(p.Deadlines, s.spanRow(p.frame, "calendar."+one.key, one.Length, on))
		}
	}
}

// fillTerms lists how long what is kept, as the table says on the day.
func (p *calendarPage) fillTerms(s *Server, on day.Day) {
	for _, r := range s.Desk.Retention {
		now, ok := s.Desk.Retention.For(r.Kind, r.Event, p.Division, hedui.Programme(p.Programme), on)
		if !ok || now.Name() != r.Name() {
			continue
		}
		what := p.T("calendar.kept." + string(r.Kind))
		if r.Kind == hedui.CaseData {
			what += p.T("page.comma") + p.T("erasure.event."+string(r.Event))
		}
		row := termRow{What: what, Keep: p.say(r.Keep.Say()), Basis: r.Basis}
		if r.Demo {
			row.Basis += " · " + p.T("calendar.demo")
		}
		p.Terms = append(p.Terms, row)
	}
}

func (p *calendarPage) fillYear(c *hedui.Calendar, on day.Day) {
	year := func(n int) choice {
		query := p.frame.query
		at := cmp.Or(query.Get("on"), on.String())
		if len(at) > 4 {
			at = strconv.Itoa(n) + at[4:]
		}
		if _, err := day.Parse(at); err != nil { // the 29th of February
			at = strconv.Itoa(n) + "-02-28"
		}
		return choice{"/calendar?lang=" + string(p.Lang) + "&division=" + p.Division + "&programme=" + p.Programme + "&on=" + at + "#year", strconv.Itoa(n)}
	}
	p.Year, p.Before, p.After = year(on.Year()), year(on.Year()-1), year(on.Year()+1)
	p.Unknown = !c.Knows(on.Year())
	off, work := c.Holidays(on.Year())
	for _, span := range off {
		text := p.weekday(span.First)
		if n := span.Days(); n > 1 {
			text += " – " + p.weekday(span.Last) + " · " + p.T("length.days", strconv.Itoa(n))
		}
		p.Off = append(p.Off, text)
	}
	for _, d := range work {
		p.Work = append(p.Work, p.weekday(d))
	}
}
