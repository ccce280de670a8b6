package hedui

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"hedui/catalog"
)

// A Period is a span of whole months, both of them in it.
type Period struct {
	From  Month `json:"from"`
	Until Month `json:"until"`
}

// longestPeriod is how many months are shown at once.
const longestPeriod = 60

// PeriodOf is the month, quarter or year that a month is in; any other span is the
// month itself.
func PeriodOf(span string, m Month) Period {
	first := m.First()
	switch span {
	case "quarter":
		from := m.Add(-((int(first.Month()) - 1) % 3))
		return Period{from, from.Add(2)}
	case "year":
		from := m.Add(1 - int(first.Month()))
		return Period{from, from.Add(11)}
	}
	return Period{m, m}
}

// Check reports why there are no statistics of the period, or nil.
func (p Period) Check() error {
	_, err1 := ParseMonth(string(p.From))
	_, err2 := ParseMonth(string(p.Until))
	if err1 != nil || err2 != nil {
		return Problems([]Problem{{"from", Say("problem.statistics.month")}})
	}
	switch n := p.Until.since(p.From); {
	case n < 0:
		return Problems([]Problem{{"until", Say("problem.statistics.order")}})
	case n >= longestPeriod:
		return Problems([]Problem{{"until", Say("problem.statistics.long", strconv.Itoa(longestPeriod))}})
	}
	return nil
}

// Months are the months of the period, in order.
func (p Period) Months() []Month {
	var list []Month
	for m := p.From; m <= p.Until; m = m.Add(1) {
		list = append(list, m)
	}
	return list
}

// A Count is a number as a reader may know it: exactly, or between two bounds where
// small numbers are in it that could point to a household. Counts add up; whatever is
// computed from them tells no more than they do.
type Count struct {
	Lo, Hi int64
}

// Exact is a count that everybody may know.
func Exact(n int64) Count { return Count{n, n} }

// Exact reports whether the count is no span.
func (c Count) Exact() bool { return c.Lo == c.Hi }

func (c Count) plus(o Count) Count { return Count{c.Lo + o.Lo, c.Hi + o.Hi} }

// Middle is the middle of the bounds: the number itself where it may be known.
func (c Count) Middle() float64 { return float64(c.Lo+c.Hi) / 2 }

// String writes 12, or 12–15 where only the bounds may be known, or <5.
func (c Count) String() string {
	switch {
	case c.Exact():
		return strconv.FormatInt(c.Lo, 10)
	case c.Lo <= 1:
		return "<" + strconv.FormatInt(c.Hi+1, 10)
	}
	return fmt.Sprintf("%d–%d", c.Lo, c.Hi)
}

// MarshalJSON writes a number, or a text as [Count.String] where only bounds may be
// known.
func (c Count) MarshalJSON() ([]byte, error) {
	if c.Exact() {
		return strconv.AppendInt(nil, c.Lo, 10), nil
	}
	return json.Marshal(c.String())
}

// Veil is the count of a cell for a reader to whom counts below least, other than
// none, are not shown; least 1 hides nothing.
func Veil(n, least int64) Count {
	if n > 0 && n < least {
		return Count{1, least - 1}
	}
	return Exact(n)
}

// VeilPart is the count of those cases of a cell that something is true of. Where
// few are, or all but few, only bounds are shown; where so few are in the cell that
// it is not shown itself, nothing is. shown is what the reader knows of whole.
func VeilPart(part, whole int64, shown Count, least int64) Count {
	if least <= 1 {
		return Exact(part)
	}
	rest := whole - part
	switch {
	case !shown.Exact():
		return Count{0, shown.Hi}
	case part == 0 || rest == 0 || part >= least && rest >= least:
		return Exact(part)
	case whole < 2*least-1: // one span for all, or the bounds would tell few from all but few
		return Count{1, whole - 1}
	case part < least:
		return Count{1, least - 1}
	}
	return Count{whole - least + 1, whole - 1}
}

// Figures are the counts of one row of a table.
type Figures struct {
	Opened     Count `json:"opened"`
	Accepted   Count `json:"accepted"`
	Delivered  Count `json:"delivered"`
	Late       Count `json:"late"`
	Found      Count `json:"found"`
	Standing   Count `json:"standing"`
	Terminated Count `json:"terminated"`
	Items      Count `json:"items"`
	Settled    Count `json:"settled"`
	Objected   Count `json:"objected"`
	Revised    Count `json:"revised"`
	Running    Count `json:"running"` // now, whatever the period
	Median     int   `json:"median_hours,omitempty"`
	P90        int   `json:"p90_hours,omitempty"`

	hours map[int]int64
}

// OnTime is how many reports came when they were promised.
func (f Figures) OnTime() Count {
	lo := max(0, f.Delivered.Lo-f.Late.Hi)
	return Count{min(lo, f.Delivered.Hi), max(lo, f.Delivered.Hi-f.Late.Lo)}
}

// A Share is a part of a whole; Known is false where the whole is nothing or the
// bounds say next to nothing, About where only bounds may be known.
type Share struct {
	Percent      float64
	Known, About bool
}

// widestShare is how far the bounds of a share may be apart: of "some of fewer than
// five" any figure would mislead.
const widestShare = 0.25

// ShareOf is the share of a count in another one; of bounds, that of their middles.
func ShareOf(part, whole Count) Share {
	if whole.Hi == 0 {
		return Share{}
	}
	least, most := float64(part.Lo)/float64(whole.Hi), min(1, float64(part.Hi)/float64(max(1, whole.Lo)))
	if most-least > widestShare {
		return Share{}
	}
	return Share{100 * min(1, part.Middle()/whole.Middle()), true, !part.Exact() || !whole.Exact()}
}

// SumFigures adds the counts of two rows; their hours are not those of the sum and
// left out.
func SumFigures(a, b Figures) Figures {
	a.hours, b.hours, a.Median, a.P90 = nil, nil, 0, 0
	a.add(b)
	return a
}

func (f *Figures) add(o Figures) {
	mine, other := f.counts(), o.counts()
	for i := range mine {
		*mine[i] = mine[i].plus(*other[i])
	}
	for h, n := range o.hours {
		f.addHours(h, n)
	}
}

func (f *Figures) addHours(h int, n int64) {
	if f.hours == nil {
		f.hours = map[int]int64{}
	}
	f.hours[h] += n
}

func (f *Figures) counts() []*Count {
	return []*Count{&f.Opened, &f.Accepted, &f.Delivered, &f.Late, &f.Found, &f.Standing, &f.Terminated, &f.Items, &f.Settled, &f.Objected, &f.Revised, &f.Running}
}

// quantile is the least hour within which the share of all reports came; 0 without any.
func quantile(hours map[int]int64, share float64) int {
	total := int64(0)
	for _, n := range hours {
		total += n
	}
	seen := int64(0)
	for _, h := range slices.Sorted(maps.Keys(hours)) {
		if seen += hours[h]; hours[h] > 0 && float64(seen) >= share*float64(total) {
			return h
		}
	}
	return 0
}

func (f *Figures) settle() { f.Median, f.P90 = quantile(f.hours, 0.5), quantile(f.hours, 0.9) }

// A StatRow is a row of a table: what of, and its figures.
type StatRow struct {
	Key string `json:"key"` // division, programme, office or month
	Figures
}

// A CategoryHits is in how many cases something was found in a category.
type CategoryHits struct {
	Category catalog.Code `json:"category"`
	Cases    Count        `json:"cases"`
}

// A SourceFigures is how a source has answered.
type SourceFigures struct {
	Source     string `json:"source"`
	Node       string `json:"node,omitempty"`       // a node below that counted it
	Department string `json:"department,omitempty"` // who keeps it now
	Asked      Count  `json:"asked"`
	Answered   Count  `json:"answered"`
	None       Count  `json:"none"`
	Failed     Count  `json:"failed"`
	Late       Count  `json:"late"`
	Median     int    `json:"median_seconds,omitempty"` // a bound, see [SecondsOf]

	seconds map[int]int64
}

// An OfficeTotal is how many applications the offices of a division had in a month,
// or how many households receive assistance at its end. No case can tell that; an
// officer enters it.
type OfficeTotal struct {
	ID       string    `json:"id"`
	Division string    `json:"division"`
	Month    Month     `json:"month"`
	Kind     CaseKind  `json:"kind"`
	N        int64     `json:"n"`
	Origin   string    `json:"origin"` // where the number is from
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Node     string    `json:"-"` // a node below at which it was entered; empty = this one
}

// Bounds of what may be entered of an office.
const (
	maxOfficeTotal  = 10_000_000
	maxTotalsOrigin = 200
)

// Check names what is wrong with an entry.
func (t OfficeTotal) Check(now time.Time) error {
	var bad []Problem
	if m, err := ParseMonth(string(t.Month)); err != nil || m > monthAt(now) {
		bad = append(bad, Problem{"month", Say("problem.statistics.total_month")})
	}
	if !slices.Contains(CaseKinds(), t.Kind) {
		bad = append(bad, Problem{"kind", Say("problem.statistics.kind")})
	}
	if t.N < 0 || t.N > maxOfficeTotal {
		bad = append(bad, Problem{"n", Say("problem.statistics.number", strconv.Itoa(maxOfficeTotal))})
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(t.Origin)); n == 0 || n > maxTotalsOrigin {
		bad = append(bad, Problem{"origin", Say("problem.statistics.origin", strconv.Itoa(maxTotalsOrigin))})
	}
	return Problems(bad)
}

// A Coverage is one half of "double 100 %" (双百): how many of those whom the offices
// count went through verification. Missing names the months for which nobody has
// entered the number.
type Coverage struct {
	Division string   `json:"division"`
	Kind     CaseKind `json:"kind"`
	Verified Count    `json:"verified"`
	Of       int64    `json:"of"`
	Missing  []Month  `json:"missing,omitempty"`
	Unsent   bool     `json:"unsent,omitempty"` // its node has not sent all: how many were verified is not known
}

// A NodeCount is up to when a node below has counted its division.
type NodeCount struct {
	Division  string    `json:"division"`
	Node      string    `json:"node,omitempty"`      // empty = the division has none
	CountedAt time.Time `json:"counted_at,omitzero"` // zero = it has sent nothing
	Missing   int       `json:"missing,omitempty"`   // months that have changed there and are still on their way
	Gaps      int       `json:"gaps,omitempty"`      // of these, months of which nothing is here
	ShutOut   bool      `json:"shut_out,omitempty"`  // it sends no more
}

// Sent reports whether everything that a node has counted is here, be it not the latest.
func (n NodeCount) Sent() bool { return n.Node == "" || !n.CountedAt.IsZero() && n.Gaps == 0 }

// Statistics are the figures of a place and a period.
type Statistics struct {
	Period
	Division   string          `json:"division"`
	Programme  Programme       `json:"programme,omitempty"`
	Least      int             `json:"least"`   // counts below it are shown as bounds; 1 = none is
	Recheck    int             `json:"recheck"` // months, see data/statistics.yaml
	CountedAt  time.Time       `json:"counted_at"`
	Whole      Figures         `json:"whole"`
	Programmes []StatRow       `json:"programmes"`
	Divisions  []StatRow       `json:"divisions"`
	Offices    []StatRow       `json:"offices,omitempty"` // only for who may read cases
	Months     []StatRow       `json:"months"`            // trend, up to the end of the period
	Categories []CategoryHits  `json:"categories"`
	Sources    []SourceFigures `json:"sources,omitempty"` // only without a programme
	Nodes      []SourceFigures `json:"nodes,omitempty"`   // questions of other nodes, by node
	Coverage   []Coverage      `json:"coverage,omitempty"`
	Counted    []NodeCount     `json:"counted,omitempty"` // of a node with others below it
	Unknown    bool            `json:"unknown,omitempty"` // nothing was sent of it: the figures are not 0
}

// Unsent are the divisions whose nodes have sent nothing, or not all: figures are
// without them.
func (s Statistics) Unsent() []string {
	var list []string
	for _, n := range s.Counted {
		if !n.Sent() {
			list = append(list, n.Division)
		}
	}
	return slices.Compact(list)
}

// A Ledger gathers counts for [Statistics]. Its counts are of one reader's cells.
type Ledger struct {
	Period    Period
	Trend     Month // the first month of the trend
	Division  string
	Programme Programme
	Rule      StatRule
	Veiled    bool // small counts are shown as bounds
	CountedAt time.Time
	Running   []Tally
	Totals    []OfficeTotal
	Nodes     []NodeCount // below, within the division, in the order of divisions

	cells, trend, cover, offices, sources cells
}

// cells are counts by what is counted and part, for each month, division, office,
// programme and kind, see [Tally.Cell].
type cells map[Tally]map[Tallied]map[string]int64

// A Sink takes what was counted in one cell.
type Sink func(what Tallied, part string, n int64)

func (to *cells) in(cell Tally) Sink {
	if *to == nil {
		*to = cells{}
	}
	counts := (*to)[cell]
	if counts == nil {
		counts = map[Tallied]map[string]int64{}
		(*to)[cell] = counts
	}
	var last Tallied // counts of one kind come together
	var parts map[string]int64
	return func(what Tallied, part string, n int64) {
		if parts == nil || what != last {
			if last, parts = what, counts[what]; parts == nil {
				parts = map[string]int64{}
				counts[what] = parts
			}
		}
		parts[part] += n
	}
}

// In takes the counts of a cell of the period.
func (l *Ledger) In(cell Tally) Sink {
	switch {
	case cell.Office != "":
		return l.offices.in(cell)
	case cell.Programme == "":
		return l.sources.in(cell)
	}
	return l.cells.in(cell)
}

// InTrend takes those of a month of the trend.
func (l *Ledger) InTrend(cell Tally) Sink { return l.trend.in(cell) }

// InCover takes those of the months in which existing recipients count as verified,
// and of the period.
func (l *Ledger) InCover(cell Tally) Sink { return l.cover.in(cell) }

func (l *Ledger) least() int64 {
	if l.Veiled {
		return int64(l.Rule.Least)
	}
	return 1
}

// cell is what the reader may know of one cell.
func (l *Ledger) cell(counts map[Tallied]map[string]int64) Figures {
	least := l.least()
	n := func(what Tallied) int64 { return counts[what][""] }
	f := Figures{Opened: Veil(n(TallyOpened), least), Accepted: Veil(n(TallyAccepted), least), Delivered: Veil(n(TallyDelivered), least),
		Terminated: Veil(n(TallyTerminated), least), Items: Veil(n(TallyItems), least)}
	f.Late = VeilPart(n(TallyLate), n(TallyDelivered), f.Delivered, least)
	f.Found = VeilPart(n(TallyFound), n(TallyDelivered), f.Delivered, least)
	f.Standing = VeilPart(n(TallyStanding), n(TallyFound), f.Found, least)
	f.Objected = VeilPart(n(TallyObjected), n(TallyDelivered), f.Delivered, least)
	f.Revised = VeilPart(n(TallyRevised), n(TallyObjected), f.Objected, least)
	f.Settled = VeilPart(n(TallySettled), n(TallyItems), f.Items, least)
	if f.Delivered.Exact() { // of so few the hours are nobody's business either
		for part, n := range counts[TallyHours] {
			if h, err := strconv.Atoi(part); err == nil {
				f.addHours(h, n)
			}
		}
	}
	return f
}

// rows are the figures of a table, in the order of their keys.
type rows map[string]*Figures

func (r rows) add(key string, f Figures) {
	if r[key] == nil {
		r[key] = &Figures{}
	}
	r[key].add(f)
}

func (r rows) list(order func(a, b string) int) []StatRow {
	list := make([]StatRow, 0, len(r))
	for _, key := range slices.SortedFunc(maps.Keys(r), order) {
		r[key].settle()
		list = append(list, StatRow{key, *r[key]})
	}
	return list
}

// Statistics sums what was gathered.
func (l *Ledger) Statistics() Statistics {
	s := Statistics{Period: l.Period, Division: l.Division, Programme: l.Programme, Least: int(l.least()), Recheck: l.Rule.Recheck, CountedAt: l.CountedAt, Counted: l.Nodes}
	programmes, divisions, months, offices := rows{}, rows{}, rows{}, rows{}
	for _, m := range (Period{l.Trend, l.Period.Until}).Months() {
		months[string(m)] = &Figures{}
	}
	hits := map[catalog.Code]Count{}
	for cell, counts := range l.trend {
		months.add(string(cell.Month), l.cell(counts))
	}
	for cell, counts := range l.cells {
		f := l.cell(counts)
		s.Whole.add(f)
		programmes.add(string(cell.Programme), f)
		divisions.add(cell.Division, f)
		for code, n := range counts[TallyCategory] {
			hits[catalog.Code(code)] = hits[catalog.Code(code)].plus(VeilPart(n, counts[TallyDelivered][""], f.Delivered, l.least()))
		}
	}
	for _, t := range l.Running {
		if slices.ContainsFunc(l.Nodes, func(n NodeCount) bool { return n.Node == t.Node && !n.Sent() }) {
			continue // beside figures that are not here it would look as if they were 0
		}
		f := Figures{Running: Veil(t.N, l.least())}
		s.Whole.add(f)
		programmes.add(string(t.Programme), f)
		divisions.add(t.Division, f)
	}
	if !l.Veiled { // offices and programmes together would tell of both what neither tells alone
		for cell, counts := range l.offices {
			offices.add(cell.Division+" "+cell.Office, l.cell(counts))
		}
	}
	s.Whole.settle()
	order := func(a, b string) int { return cmp.Compare(Programme(a).Digits(), Programme(b).Digits()) }
	s.Unknown = len(divisions) == 0 && len(s.Unsent()) > 0
	s.Counted = slices.DeleteFunc(s.Counted, func(n NodeCount) bool { return n.Node == "" && divisions[n.Division] != nil }) // it is in the table
	s.Programmes, s.Divisions, s.Offices, s.Months = programmes.list(order), divisions.list(strings.Compare), offices.list(strings.Compare), months.list(strings.Compare)
	for _, code := range slices.Sorted(maps.Keys(hits)) {
		s.Categories = append(s.Categories, CategoryHits{code, hits[code]})
	}
	slices.SortStableFunc(s.Categories, func(a, b CategoryHits) int { return cmp.Compare(b.Cases.Middle(), a.Cases.Middle()) })
	if l.Programme == "" {
		s.Sources, s.Nodes, s.Coverage = l.answers(TallyQuestions), l.answers(TallyRelays), l.coverage()
	}
	return s
}

// answers are the figures of all who were asked, or who asked.
func (l *Ledger) answers(base Tallied) []SourceFigures {
	type key struct{ node, name string } // nodes name their sources as they like
	all := map[key]*SourceFigures{}
	for cell, counts := range l.sources {
		for name, asked := range counts[base] {
			k := key{cell.Node, name}
			if all[k] == nil {
				all[k] = &SourceFigures{Source: name, Node: cell.Node, seconds: map[int]int64{}}
			}
			l.addAnswers(all[k], base, asked, counts)
		}
	}
	var list []SourceFigures
	for _, k := range slices.SortedFunc(maps.Keys(all), func(a, b key) int { return cmp.Or(strings.Compare(a.node, b.node), strings.Compare(a.name, b.name)) }) {
		all[k].Median = quantile(all[k].seconds, 0.5)
		list = append(list, *all[k])
	}
	return list
}

func (l *Ledger) addAnswers(f *SourceFigures, base Tallied, asked int64, counts map[Tallied]map[string]int64) {
	n := func(what Tallied) int64 { return counts[base+what][f.Source] }
	least := l.least()
	shown := Veil(asked, least)
	heard := VeilPart(n(answered), asked, shown, least)
	f.Asked, f.Answered = f.Asked.plus(shown), f.Answered.plus(heard)
	f.None = f.None.plus(VeilPart(n(none), n(answered), heard, least))
	f.Failed = f.Failed.plus(VeilPart(n(failed), asked, shown, least))
	f.Late = f.Late.plus(VeilPart(n(tardy), n(answered), heard, least))
	for part, n := range counts[base+seconds] {
		name, within, _ := strings.Cut(part, " ")
		if bound, err := strconv.Atoi(within); err == nil && name == f.Source && heard.Exact() {
			f.seconds[bound] += n
		}
	}
}

// coverage sets what was verified beside what the offices count: new applications
// month by month, existing recipients as there are at the end of the period.
func (l *Ledger) coverage() []Coverage {
	divisions := map[string]bool{}
	for cell := range l.cover {
		divisions[cell.Division] = true
	}
	for _, t := range l.Totals {
		divisions[t.Division] = true
	}
	var list []Coverage
	for _, division := range slices.Sorted(maps.Keys(divisions)) {
		for _, kind := range CaseKinds() {
			c := Coverage{Division: division, Kind: kind, Verified: l.verified(division, kind),
				Unsent: slices.ContainsFunc(l.Nodes, func(n NodeCount) bool { return n.Division == division && !n.Sent() })}
			needed := l.Period.Months()
			if kind == PeriodicRecheck {
				needed = []Month{l.Period.Until}
			}
			for _, m := range needed {
				i := slices.IndexFunc(l.Totals, func(t OfficeTotal) bool { return t.Division == division && t.Month == m && t.Kind == kind })
				if i < 0 {
					c.Missing = append(c.Missing, m)
					continue
				}
				c.Of += l.Totals[i].N
			}
			list = append(list, c)
		}
	}
	return list
}

// WindowFrom is the first month in which an existing recipient counts as verified
// anew at the end of the period.
func (l *Ledger) WindowFrom() Month { return l.Period.Until.Add(1 - l.Rule.Recheck) }

func (l *Ledger) verified(division string, kind CaseKind) Count {
	var sum Count
	for cell, counts := range l.cover {
		if cell.Division != division || cell.Kind != kind {
			continue
		}
		if kind == NewApplication {
			if cell.Month >= l.Period.From {
				sum = sum.plus(Veil(counts[TallyAccepted][""], l.least()))
			}
			continue
		}
		if cell.Month < l.WindowFrom() {
			continue
		}
		n := int64(0) // households whose report before this one was not within the window: each once
		for part, k := range counts[TallyAgain] {
			if gap, err := strconv.Atoi(part); err == nil && (gap == 0 || cell.Month.Add(-gap) < l.WindowFrom()) {
				n += k
			}
		}
		shown := Veil(counts[TallyDelivered][""], l.least())
		sum = sum.plus(VeilPart(n, counts[TallyDelivered][""], shown, l.least()))
	}
	return sum
}

// Complete reports whether every number is there that the coverage needs.
func (c Coverage) Complete() bool { return len(c.Missing) == 0 && !c.Unsent }

// errElsewhere means that an officer asks for figures of a place that is not his.
var errElsewhere = errors.New("statistics of another place")

// StatPlace is the place of which an officer reads statistics: the one asked for, or
// the whole of his own.
func StatPlace(o Officer, asked string) (string, error) {
	if asked == "" {
		asked = o.Division
	}
	if len(asked) != 6 || !Covers(o.Division, asked) {
		return "", Fail(Forbidden, Say("error.division"), errElsewhere)
	}
	return asked, nil
}

// StatFigures are the figures that have a written definition, in the order in which
// they are shown; their texts are "statistics.figure.", "statistics.top.",
// "statistics.bottom.", "statistics.when." and "statistics.out.".
func StatFigures() []string {
	return []string{"opened", "accepted", "delivered", "running", "terminated", "on_time", "hours", "detection", "standing",
		"items", "objections", "cover_new", "cover_existing", "sources", "nodes"}
}
