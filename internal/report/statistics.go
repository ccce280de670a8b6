package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/region"
)

// A StatTable is a table of statistics in words of one language, as pages, workbooks
// and the bulletin show it. A cell is a text, a whole number (int64) or a share in
// percent (float64); of a count of which only bounds may be known it is a text.
type StatTable struct {
	Name    string // of the table, for programs
	Short   string // name of the sheet
	Title   string
	Note    string
	Columns []string
	Keys    []string // what each row is of: a division, a programme, a month
	Rows    [][]any
}

// StatTables are all tables of the figures, those without a row left out.
func StatTables(s hedui.Statistics, l lang.Lang) []StatTable {
	w := words(l)
	on := s.Until.Last()
	var list []StatTable
	add := func(t StatTable) {
		if len(t.Rows) == 0 {
			return
		}
		t.Short, t.Title = w.t("statistics.table."+t.Name), w.t("statistics.table."+t.Name)
		t.Note = w.t("statistics.of", w.period(s.Period), StatPlaceName(s.Division, on), w.ofProgramme(s.Programme))
		list = append(list, t)
	}
	add(w.statSummary(s))
	add(w.statCounted(s))
	add(w.statCoverage(s))
	if !s.Unknown {
		add(w.statRows("months", s.Months, func(key string) string { return key }, false))
	}
	add(w.statRows("programmes", s.Programmes, func(key string) string { return w.t("programme." + key) }, true))
	add(w.statRows("divisions", s.Divisions, func(key string) string { return StatPlaceName(key, on) }, true))
	add(w.statRows("offices", s.Offices, func(key string) string {
		division, office, _ := strings.Cut(key, " ")
		if len(s.Divisions) > 1 {
			return StatPlaceName(division, on) + " " + office
		}
		return office
	}, false))
	add(w.statCategories(s))
	add(w.statAnswers("sources", s.Sources))
	add(w.statAnswers("nodes", s.Nodes))
	add(w.statDefinitions(s))
	return list
}

// StatPlaceName is the name of a division as tables have it.
func StatPlaceName(code string, on day.Day) string {
	if d, ok := region.Lookup(code, on); ok {
		return d.Name
	}
	if h := region.History(code); len(h) > 0 {
		return h[len(h)-1].Name
	}
	return code
}

func (w words) period(p hedui.Period) string {
	if p.From == p.Until {
		return string(p.From)
	}
	return w.t("statistics.span", string(p.From), string(p.Until))
}

func (w words) ofProgramme(p hedui.Programme) string {
	if p == "" {
		return w.t("statistics.all")
	}
	return w.t("programme." + string(p))
}

// figure is a count as a cell.
func figure(c hedui.Count) any {
	if c.Exact() {
		return c.Lo
	}
	return c.String()
}

// share is a share as a cell: nothing of nothing is a dash, one of bounds is about.
func (w words) share(part, whole hedui.Count) any {
	switch s := hedui.ShareOf(part, whole); {
	case !s.Known:
		return "–"
	case s.About:
		return w.t("statistics.about", fmt.Sprintf("%.0f", s.Percent))
	default:
		return s.Percent
	}
}

func (w words) hours(n int) any {
	if n == 0 {
		return "–"
	}
	return int64(n)
}

// StatCell writes a cell for people.
func StatCell(v any) string {
	switch v := v.(type) {
	case float64:
		return fmt.Sprintf("%.1f %%", v)
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return v
	}
	return ""
}

func (w words) statSummary(s hedui.Statistics) StatTable {
	f := s.Whole
	t := StatTable{Name: "summary", Columns: []string{w.t("statistics.col.figure"), w.t("statistics.col.value")}}
	for _, r := range []struct {
		key   string
		value any
	}{
		{"opened", figure(f.Opened)}, {"accepted", figure(f.Accepted)}, {"delivered", figure(f.Delivered)}, {"running", figure(f.Running)},
		{"terminated", figure(f.Terminated)}, {"on_time", w.share(f.OnTime(), f.Delivered)},
		{"hours", w.t("statistics.hours", StatCell(w.hours(f.Median)), StatCell(w.hours(f.P90)))},
		{"detection", w.share(f.Found, f.Delivered)}, {"standing", w.share(f.Standing, f.Delivered)},
		{"items", w.t("statistics.of_whole", StatCell(figure(f.Settled)), StatCell(figure(f.Items)))},
		{"objections", w.t("statistics.objected", StatCell(w.share(f.Objected, f.Delivered)), StatCell(figure(f.Objected)), StatCell(figure(f.Revised)))},
	} {
		if s.Unknown {
			r.value = w.t("statistics.not_sent")
		}
		t.Keys = append(t.Keys, r.key)
		t.Rows = append(t.Rows, []any{w.t("statistics.figure." + r.key), r.value})
	}
	return t
}

// statCounted says up to when the nodes below have counted, and which have not sent;
// last, in one row, which divisions have no node.
func (w words) statCounted(s hedui.Statistics) StatTable {
	t := StatTable{Name: "counted", Columns: w.statColumns("division", "node", "until", "state")}
	var none []string
	for _, n := range s.Counted {
		until, state := "–", "all"
		if !n.CountedAt.IsZero() {
			until = minute(n.CountedAt)
		}
		switch {
		case n.Node == "":
			none = append(none, StatPlaceName(n.Division, s.Until.Last()))
			continue
		case n.CountedAt.IsZero():
			state = "nothing"
		case n.Missing > 0:
			state = "missing"
		case n.ShutOut:
			state = "shut_out"
		}
		t.Keys = append(t.Keys, n.Division)
		t.Rows = append(t.Rows, []any{StatPlaceName(n.Division, s.Until.Last()), n.Node, until, w.t("statistics.counted."+state, strconv.Itoa(n.Missing))})
	}
	if len(none) > 0 {
		t.Keys = append(t.Keys, "")
		t.Rows = append(t.Rows, []any{strings.Join(none, w.t("statistics.and")), "–", "–", w.t("statistics.counted.no_node")})
	}
	return t
}

// StatUnsent names the divisions that figures are without, or is empty.
func StatUnsent(s hedui.Statistics, l lang.Lang) string {
	w, list := words(l), s.Unsent()
	if len(list) == 0 {
		return ""
	}
	for i, code := range list {
		list[i] = StatPlaceName(code, s.Until.Last())
	}
	return w.t("statistics.unsent", strings.Join(list, w.t("statistics.and")))
}

func (w words) statCoverage(s hedui.Statistics) StatTable {
	t := StatTable{Name: "coverage", Columns: w.statColumns("division", "kind", "verified", "total", "share")}
	for _, c := range s.Coverage {
		verified, total, part := figure(c.Verified), any(c.Of), w.share(c.Verified, hedui.Exact(c.Of))
		if !c.Complete() {
			part = "–"
		}
		if c.Unsent {
			verified = w.t("statistics.not_sent")
		}
		if len(c.Missing) > 0 {
			months := make([]string, len(c.Missing))
			for i, m := range c.Missing {
				months[i] = string(m)
			}
			total = w.t("statistics.missing", strings.Join(months, w.t("statistics.and")))
		}
		t.Keys = append(t.Keys, c.Division)
		t.Rows = append(t.Rows, []any{StatPlaceName(c.Division, s.Until.Last()), w.t("statistics.kind." + string(c.Kind)), verified, total, part})
	}
	return t
}

func (w words) statColumns(names ...string) []string {
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = w.t("statistics.col." + n)
	}
	return list
}

// statRows is a table whose rows have all figures; running says whether they have
// what is under way as well.
func (w words) statRows(name string, rows []hedui.StatRow, title func(string) string, running bool) StatTable {
	t := StatTable{Name: name, Columns: w.statColumns(name, "opened", "accepted", "delivered", "on_time", "found", "detection")}
	more := name != "months"           // of months before the period no more is read
	timed := more && name != "offices" // hours are counted by programme
	if more {
		t.Columns = append(t.Columns, w.statColumns("standing", "objected")...)
	}
	if timed {
		t.Columns = append(t.Columns, w.statColumns("median", "p90")...)
	}
	if running {
		t.Columns = append(t.Columns, w.statColumns("running")...)
	}
	for _, r := range rows {
		row := []any{title(r.Key), figure(r.Opened), figure(r.Accepted), figure(r.Delivered), w.share(r.OnTime(), r.Delivered), figure(r.Found), w.share(r.Found, r.Delivered)}
		if more {
			row = append(row, w.share(r.Standing, r.Delivered), w.share(r.Objected, r.Delivered))
		}
		if timed {
			row = append(row, w.hours(r.Median), w.hours(r.P90))
		}
		if running {
			row = append(row, figure(r.Running))
		}
		t.Keys, t.Rows = append(t.Keys, r.Key), append(t.Rows, row)
	}
	return t
}

func (w words) statCategories(s hedui.Statistics) StatTable {
	t := StatTable{Name: "categories", Columns: w.statColumns("category", "found", "detection")}
	for _, c := range s.Categories {
		t.Keys = append(t.Keys, string(c.Category))
		t.Rows = append(t.Rows, []any{w.category(c.Category), figure(c.Cases), w.share(c.Cases, s.Whole.Delivered)})
	}
	return t
}

// category is the name of a category in the catalogue.
func (w words) category(code catalog.Code) string {
	known, ok := catalog.Get(code)
	switch {
	case code == "":
		return w.t("statistics.no_category")
	case !ok:
		return string(code)
	case lang.Lang(w) == lang.English:
		return known.NameEn
	}
	return known.Name
}

// statAnswers is the table of who was asked, or who asked.
func (w words) statAnswers(name string, list []hedui.SourceFigures) StatTable {
	t := StatTable{Name: name, Columns: w.statColumns(name, "asked", "answered", "none", "failed", "late", "half")}
	for _, f := range list {
		half := "–"
		if f.Median > 0 {
			half = w.t("statistics.within", w.span(f.Median))
		}
		name := join(" ", f.Department, f.Source)
		if peer, ok := hedui.NodeOf(f.Source); ok {
			name = w.t("statistics.by_node", peer)
		}
		if f.Node != "" {
			name = w.t("statistics.at_node", f.Node, name)
		}
		t.Keys = append(t.Keys, f.Source)
		t.Rows = append(t.Rows, []any{name, figure(f.Asked), w.share(f.Answered, f.Asked), w.share(f.None, f.Answered), figure(f.Failed), figure(f.Late), half})
	}
	return t
}

// span writes seconds in the largest unit that they fill.
func (w words) span(seconds int) string {
	switch {
	case seconds < 60:
		return w.t("statistics.seconds", strconv.Itoa(seconds))
	case seconds < 3600:
		return w.t("statistics.minutes", strconv.Itoa(seconds/60))
	}
	return w.t("statistics.in_hours", strconv.Itoa(seconds/3600))
}

func (w words) statDefinitions(s hedui.Statistics) StatTable {
	t := StatTable{Name: "definitions", Columns: w.statColumns("figure", "top", "bottom", "when", "out")}
	for _, key := range hedui.StatFigures() {
		row := []any{w.t("statistics.figure." + key)}
		for _, part := range []string{"top", "bottom", "when", "out"} {
			row = append(row, w.t("statistics."+part+"."+key, strconv.Itoa(s.Recheck)))
		}
		t.Keys, t.Rows = append(t.Keys, key), append(t.Rows, row)
	}
	return t
}

// A Bulletin 工作通报 is the figures of a period as a paper that goes to the offices
// and to whoever oversees them. No case is in it.
type Bulletin struct {
	Statistics hedui.Statistics
	Issuer     string
	MadeAt     time.Time
}

// Name implements [Paper].
func (Bulletin) Name() string { return "bulletin" }

func (b Bulletin) on() day.Day { return day.Of(b.MadeAt) }

func (b Bulletin) stamp(w words) stamp {
	return w.stampOf(b, "", b.Issuer, b.Statistics.Division, b.on())
}

func (b Bulletin) lay(w words) sheet {
	s := b.Statistics
	sh := sheet{Title: w.t("paper.bulletin.title"), Version: w.period(s.Period), Issuer: join("　", StatPlaceName(s.Division, b.on()), w.ofProgramme(s.Programme)),
		Paper: paperMarks{Plain: true}}
	if !s.Unknown {
		sh.Lead = append(sh.Lead, w.t("paper.bulletin.lead", StatPlaceName(s.Division, b.on()), w.period(s.Period), s.Whole.Accepted.String(), s.Whole.Delivered.String(),
			StatCell(w.share(s.Whole.OnTime(), s.Whole.Delivered)), s.Whole.Found.String(), StatCell(w.share(s.Whole.Found, s.Whole.Delivered))))
	}
	if !s.CountedAt.IsZero() {
		sh.Lead = append(sh.Lead, w.t("statistics.counted", minute(s.CountedAt)))
	}
	if unsent := StatUnsent(s, lang.Lang(w)); unsent != "" {
		sh.Lead = append(sh.Lead, unsent)
	}
	for _, t := range StatTables(s, lang.Lang(w)) {
		p := part{Title: t.Title, Grids: []grid{w.statGrid(t)}}
		switch t.Name {
		case "months":
			p.Chart = w.statChart(s.Months)
		case "definitions":
			p.Intro = w.t("statistics.note.means")
			if s.Least > 1 {
				p.Intro += w.t("statistics.note.least", strconv.Itoa(s.Least))
			}
		}
		sh.Parts = append(sh.Parts, p)
	}
	sh.Parts = append(sh.Parts, part{Tail: []string{w.t("paper.seal_here", b.Issuer), w.day(b.on())}})
	return sh
}

// mostPrinted is how many columns go beside each other on paper.
const mostPrinted = 8

// narrow leaves out of a table that is too wide for paper what was opened and what was
// accepted, and then what stands last: the workbook has all of it.
func (t StatTable) narrow() StatTable {
	if len(t.Columns) <= mostPrinted {
		return t
	}
	until := min(len(t.Columns), mostPrinted+2)
	t.Columns = append([]string{t.Columns[0]}, t.Columns[3:until]...)
	rows := make([][]any, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = append([]any{row[0]}, row[3:until]...)
	}
	t.Rows = rows
	return t
}

// worded reports whether a table has words rather than numbers in its columns.
func (t StatTable) worded() bool {
	return t.Name == "definitions" || t.Name == "summary" || t.Name == "counted"
}

func (w words) statGrid(t StatTable) grid {
	var g grid
	t = t.narrow()
	for i, title := range t.Columns {
		c := column{Title: title, Width: 10, Right: i > 0 && !t.worded()}
		switch {
		case t.Name == "definitions" && i > 0:
			c.Width = 22
		case i == 0:
			c.Width = 18
		}
		g.Columns = append(g.Columns, c)
	}
	for _, row := range t.Rows {
		cells := make([]cell, len(row))
		for i, v := range row {
			cells[i] = cell{Text: StatCell(v)}
			if i > 0 && !t.worded() { // the columns are narrow
				cells[i].Text = strings.ReplaceAll(cells[i].Text, " %", "%")
			}
		}
		g.Rows = append(g.Rows, cells)
	}
	return g
}

func (w words) statChart(months []hedui.StatRow) *chart {
	c := &chart{Title: w.t("statistics.chart.months"), Inner: w.t("statistics.col.found"), Outer: w.t("statistics.col.delivered")}
	for _, m := range months {
		c.Bars = append(c.Bars, bar{m.Key, m.Delivered.Middle(), m.Found.Middle(), m.Delivered.String()})
	}
	return c
}
