package rule

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
)

// A Trial is two sets of rule books that are held beside each other: those that
// hold, and those that are tried.
type Trial struct {
	Holds, Tried *book.Library
	On           day.Day // books of this day; zero = of the day of application of each case
}

// A Tally counts where households stand to the lines of both sets of books of a
// [Trial]. Its zero value is ready. Counts in it are exact: what may be shown is in
// its [Table].
type Tally struct {
	worked map[placed]int
	lines  map[lined]*line
	failed map[Unworked]int
}

// placed is a programme in a county, lined a line of it.
type placed struct {
	programme hedui.Programme
	division  string
}

type lined struct {
	placed
	rule string
}

// line is who stands on the far side of a line: over a limit, or at a mark.
type line struct {
	title                book.Title
	mark                 bool
	before, after, newly int
}

// Unworked is why a household could not be worked out.
type Unworked struct {
	Tried bool   `json:"tried"` // by the books that are tried; else by those that hold
	Why   string `json:"why"`   // no_book, books, household or formula
}

// Add works a case out by both sets of books and counts it. The facts are those of
// the case's own day of application, ages and periods too: the answers are of then.
// An error is one that is not the case's or the books'.
func (t *Tally) Add(trial Trial, c *hedui.Case, grid []hedui.Query, items []hedui.Explanation) error {
	h := Household(c, grid, items)
	on := trial.On
	if on.IsZero() {
		on = c.AppliedOn
	}
	was, is := rules(trial.Holds, c, on), rules(trial.Tried, c, on)
	before, err := was.workOut(c, &h)
	if err != nil {
		return err
	}
	after := before
	if !was.same(is) { // most places may have no part in what is tried
		if after, err = is.workOut(c, &h); err != nil {
			return err
		}
	}
	switch {
	case before.why != "":
		t.fail(Unworked{false, before.why})
	case after.why != "":
		t.fail(Unworked{true, after.why})
	default:
		t.count(placed{c.Programme, c.Division}, before.out, after.out)
	}
	return nil
}

// ruled is what holds for a case, or why nothing does.
type ruled struct {
	eff *book.Effective
	err error
}

func rules(lib *book.Library, c *hedui.Case, on day.Day) ruled {
	eff, err := lib.For(c.Division, c.Programme, on)
	return ruled{eff, err}
}

// same reports whether the same texts hold.
func (r ruled) same(o ruled) bool {
	return r.err == nil && o.err == nil && slices.EqualFunc(r.eff.Books, o.eff.Books, func(a, b *book.Book) bool { return a.Name == b.Name && a.Version == b.Version })
}

// worked is what comes of a household, or why nothing does.
type worked struct {
	out *book.Outcome
	why string
}

// workOut assesses a household, or says why that cannot be done.
func (r ruled) workOut(c *hedui.Case, h *book.Household) (worked, error) {
	if errors.Is(r.err, book.ErrNoBook) {
		return worked{why: "no_book"}, nil
	}
	out, err := (*book.Outcome)(nil), r.err
	if err == nil {
		out, err = r.eff.Assess(h, c.AppliedOn, false)
	}
	var wrong *book.Error
	switch {
	case errors.As(err, &wrong):
		return worked{why: "books"}, nil
	case hedui.KindOf(err) == hedui.Invalid:
		return worked{why: "household"}, nil
	case err != nil:
		return worked{}, err
	case len(out.Failed) > 0:
		return worked{why: "formula"}, nil
	}
	return worked{out: out}, nil
}

func (t *Tally) fail(u Unworked) {
	if t.failed == nil {
		t.failed = map[Unworked]int{}
	}
	t.failed[u]++
}

func (t *Tally) count(p placed, was, is *book.Outcome) {
	if t.worked == nil {
		t.worked, t.lines = map[placed]int{}, map[lined]*line{}
	}
	t.worked[p]++
	beyond := map[*line]bool{}
	for i := range was.Lines {
		if l, far := t.line(p, &was.Lines[i]); far {
			l.before++
			beyond[l] = true
		}
	}
	for i := range is.Lines {
		if l, far := t.line(p, &is.Lines[i]); far {
			l.after++
			if !beyond[l] {
				l.newly++
			}
		}
	}
}

// line is where a line is counted, and whether the household is beyond it.
func (t *Tally) line(p placed, b *book.Line) (*line, bool) {
	k := lined{p, b.Rule.ID()}
	l := t.lines[k]
	if l == nil {
		l = &line{title: b.Rule.Title, mark: b.Side == book.Reached || b.Side == book.Short}
		t.lines[k] = l
	}
	return l, b.Side == book.Over || b.Side == book.Reached
}

// Merge adds what another tally has counted.
func (t *Tally) Merge(o *Tally) {
	for u, n := range o.failed {
		for range n {
			t.fail(u)
		}
	}
	if o.worked == nil {
		return
	}
	if t.worked == nil {
		t.worked, t.lines = map[placed]int{}, map[lined]*line{}
	}
	for p, n := range o.worked {
		t.worked[p] += n
	}
	for k, l := range o.lines {
		mine := t.lines[k]
		if mine == nil {
			mine = &line{title: l.title, mark: l.mark}
			t.lines[k] = mine
		}
		mine.before, mine.after, mine.newly = mine.before+l.before, mine.after+l.after, mine.newly+l.newly
	}
}

// A Shown is a count as it may be shown: the number, "<5" for one that is too
// small, or "…" for one from which a small one could be worked out.
type Shown string

const withheld Shown = "…"

// tooSmall reports whether a count tells of so few that they could be known.
func tooSmall(n, least int) bool { return n > 0 && n < least }

// Show is a count on its own, as it may be shown where fewer than least are too few.
func Show(n, least int) Shown {
	if tooSmall(n, least) {
		return Shown("<" + strconv.Itoa(least))
	}
	return Shown(strconv.Itoa(n))
}

// show is a count in a table.
func show(n, least int, hide bool) Shown {
	if hide && !tooSmall(n, least) {
		return withheld
	}
	return Show(n, least)
}

// A Table is a tally that may be shown: no count of fewer than a few households can
// be read in it or worked out from it.
type Table struct {
	Programmes []ProgrammeTable `json:"programmes"`
	Unworked   []UnworkedCount  `json:"unworked"`
}

// An UnworkedCount is how many households could not be worked out, and why.
type UnworkedCount struct {
	Unworked
	Households Shown `json:"households"`
}

// A ProgrammeTable is what changes for the households of one programme.
type ProgrammeTable struct {
	Programme  hedui.Programme `json:"programme"`
	Households []CountyCount   `json:"households"` // worked out, by county
	All        Shown           `json:"all"`        // in all counties
	Lines      []LineTable     `json:"lines"`
}

// A CountyCount is a number of households of a county.
type CountyCount struct {
	Division   string `json:"division"`
	Households Shown  `json:"households"`
}

// A LineTable is who crosses one line: a limit, which is not to be exceeded, or a
// mark, which is to be reached.
type LineTable struct {
	Rule     string     `json:"rule"` // section.name
	Title    book.Title `json:"title"`
	Mark     bool       `json:"mark,omitempty"`
	Counties []Crossing `json:"counties"`
	All      *Crossing  `json:"all,omitempty"` // sums; nil where there is one county only
}

// A Crossing counts the households beyond a line, by the books that hold and by
// those that are tried, and of these those who stand on another side than before.
type Crossing struct {
	Division string `json:"division,omitempty"`
	Before   Shown  `json:"before"`
	After    Shown  `json:"after"`
	Newly    Shown  `json:"newly"`
	NoLonger Shown  `json:"no_longer"`
}

// Table is what may be shown of the tally where fewer than least households are
// too few.
func (t *Tally) Table(least int) Table {
	var out Table
	places := slices.SortedFunc(maps.Keys(t.worked), func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.programme, b.programme), cmp.Compare(a.division, b.division))
	})
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].programme == places[0].programme {
			n++
		}
		out.Programmes = append(out.Programmes, t.programme(places[:n], least))
		places = places[n:]
	}
	for _, u := range slices.SortedFunc(maps.Keys(t.failed), func(a, b Unworked) int {
		return cmp.Or(cmp.Compare(a.Why, b.Why), cmp.Compare(strconv.FormatBool(a.Tried), strconv.FormatBool(b.Tried)))
	}) {
		out.Unworked = append(out.Unworked, UnworkedCount{u, Show(t.failed[u], least)})
	}
	return out
}

func (t *Tally) programme(places []placed, least int) ProgrammeTable {
	out := ProgrammeTable{Programme: places[0].programme}
	rows, all := make([][]int, len(places)), 0
	for i, p := range places {
		rows[i] = []int{t.worked[p]}
		all += t.worked[p]
	}
	hide := make([]bool, len(places))
	sums := cover(rows, least, hide)
	if out.All = withheld; sums {
		out.All = Show(all, least)
	}
	for i, p := range places {
		out.Households = append(out.Households, CountyCount{p.division, show(t.worked[p], least, hide[i])})
	}
	rules := map[string]bool{}
	for k := range t.lines {
		if k.programme == out.Programme {
			rules[k.rule] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		out.Lines = append(out.Lines, t.crossings(id, places, hide, least))
	}
	return out
}

// crossings is the table of one line. A hidden county shows nothing at all here, not
// even which of its counts are small, if its number of households is hidden or so
// low that small counts could make it up.
func (t *Tally) crossings(id string, places []placed, hidden []bool, least int) LineTable {
	out := LineTable{Rule: id}
	var rows [][]int
	var hide, nothing []bool
	sum := make([]int, columns)
	for i, p := range places {
		l := t.lines[lined{p, id}]
		if l == nil { // no book of this county draws the line
			continue
		}
		out.Title, out.Mark = l.title, l.mark
		row := l.row(t.worked[p])
		rows, hide, nothing = append(rows, row), append(hide, hidden[i]), append(nothing, hidden[i] || t.worked[p] < 4*least)
		out.Counties = append(out.Counties, Crossing{p.division, withheld, withheld, withheld, withheld})
		for c, n := range row {
			sum[c] += n
		}
	}
	sums := cover(rows, least, hide)
	for i := range rows {
		if !hide[i] || !nothing[i] {
			out.Counties[i].set(rows[i], least, hide[i])
		}
	}
	if len(rows) > 1 {
		out.All = &Crossing{"", withheld, withheld, withheld, withheld} // "<5" here would tell that four counties with "<5" have one each
		if sums {
			out.All.set(sum, least, false)
		}
	}
	return out
}

// row has the counts of a line that follow from those that are shown and the number
// of households: first who stays beyond it, crosses it newly, falls behind it and
// was never there, then their sums.
func (l *line) row(worked int) []int {
	gone := l.before + l.newly - l.after
	return []int{l.before - gone, l.newly, gone, worked - l.before - l.newly, l.before, l.after, worked - l.before, worked - l.after}
}

const columns = 8

func (c *Crossing) set(row []int, least int, hide bool) {
	for i, to := range []*Shown{&c.Newly, &c.NoLonger, nil, &c.Before, &c.After} {
		if to != nil {
			*to = show(row[i+1], least, hide)
		}
	}
}

// cover marks the rows of a table that must not be shown, and reports whether the
// sums of its columns may be. A row with a count that is too small is hidden whole,
// because the others of the row tell it. So that the sums do not tell it either, one
// of the hidden rows must be large enough to stand for any number in the others; it
// is the smallest such row. Where the table has none, the sums are hidden too.
func cover(rows [][]int, least int, hide []bool) (sums bool) {
	if len(rows) == 0 {
		return true
	}
	sum := make([]int, len(rows[0]))
	for i, row := range rows {
		for c, n := range row {
			sum[c] += n
			hide[i] = hide[i] || tooSmall(n, least)
		}
	}
	few := func(n int) bool { return tooSmall(n, least) }
	if slices.ContainsFunc(sum, few) {
		return false
	}
	if !slices.Contains(hide, true) {
		return true
	}
	best, size := -1, 0
	for i, row := range rows {
		all, large := 0, true
		for c, n := range row {
			all += n
			large = large && (n >= 2*least || sum[c] == 0)
		}
		switch {
		case large && hide[i]:
			return true
		case large && (best < 0 || all < size):
			best, size = i, all
		}
	}
	if best < 0 {
		return false
	}
	hide[best] = true
	return true
}
