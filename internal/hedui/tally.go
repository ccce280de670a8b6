package hedui

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hedui/day"
	"hedui/source"
)

// A Month is a month of the calendar in Beijing, written "2026-10".
type Month string

// monthForm is how a month is written.
const monthForm = "2006-01"

// ParseMonth reads a month.
func ParseMonth(s string) (Month, error) {
	if _, err := time.Parse(monthForm, s); err != nil || len(s) != len(monthForm) {
		return "", fmt.Errorf("hedui: %q is no month such as 2026-10", s)
	}
	return Month(s), nil
}

// MonthOf is the month of a day.
func MonthOf(d day.Day) Month {
	if d.IsZero() {
		return ""
	}
	return Month(d.String()[:len(monthForm)])
}

func monthAt(at time.Time) Month { return MonthOf(day.Of(at)) }

// First is the first day of the month.
func (m Month) First() day.Day { return day.Must(string(m) + "-01") }

// Last is its last day.
func (m Month) Last() day.Day { return m.First().AddMonths(1).Add(-1) }

// Add is the month that comes n months later.
func (m Month) Add(n int) Month { return MonthOf(m.First().AddMonths(n)) }

// since counts the months from one to another.
func (m Month) since(from Month) int {
	a, b := from.First(), m.First()
	return 12*(b.Year()-a.Year()) + int(b.Month()) - int(a.Month())
}

// A StatRule is what statistics go by from a day on, see data/statistics.yaml.
type StatRule struct {
	From    day.Day `yaml:"from"`
	Least   int     `yaml:"least"`
	Recheck int     `yaml:"recheck"`
}

//go:embed data/statistics.yaml
var statRules []byte

var standardStatRules = sync.OnceValues(func() ([]StatRule, error) { return ReadStatRules(statRules) })

// ReadStatRules reads the form of data/statistics.yaml and names every problem at
// once.
func ReadStatRules(text []byte) ([]StatRule, error) {
	rules, err := readDated[StatRule]("statistics", text)
	if err != nil {
		return nil, err
	}
	var bad []error
	for i, r := range rules {
		if r.From.IsZero() || r.Least < 2 || r.Recheck < 1 || r.Recheck > 120 {
			bad = append(bad, fmt.Errorf("entry %d: from must be there, least is 2 or more, recheck 1 to 120 months", i+1))
		}
	}
	if err := errors.Join(bad...); err != nil {
		return nil, fmt.Errorf("hedui: statistics: %w", err)
	}
	return rules, nil
}

// StatRuleOn returns the rule that counts for a day; NotFound before the first.
func StatRuleOn(on day.Day) (StatRule, error) {
	rules, err := standardStatRules()
	best := newest(rules, func(r StatRule) day.Day { return r.From }, on)
	if err == nil && best.Least == 0 {
		err = Fail(NotFound, Say("error.statistics.rule", on.String()), nil)
	}
	return best, err
}

// A Tallied is one thing that is counted.
type Tallied string

// What is counted. Each has the month in which it happened; the comment says which
// where that is not plain.
const (
	TallyOpened     Tallied = "opened"
	TallyAccepted   Tallied = "accepted"
	TallyTerminated Tallied = "terminated"
	TallyDelivered  Tallied = "delivered" // a first report
	TallyLate       Tallied = "late"      // of these, after what was promised at acceptance
	TallyFound      Tallied = "found"     // of these, with something that asked the family for an explanation
	TallyStanding   Tallied = "standing"  // of these, with something that was not explained away
	TallyObjected   Tallied = "objected"  // of those delivered in the month, objected to at any time
	TallyRevised    Tallied = "revised"   // of these, with a further version of the report
	TallyItems      Tallied = "items"     // to explain, opened in the month
	TallySettled    Tallied = "settled"   // of these, settled by two officers
	TallyHours      Tallied = "hours"     // delivered, by begun hours since acceptance
	TallyCategory   Tallied = "category"  // delivered and found, by category
	TallyAgain      Tallied = "again"     // existing recipients delivered, by months since the one before; 0 = none before
	TallyQuestions  Tallied = "question"  // asked, by source, of the month in which they were asked
	TallyRelays     Tallied = "relay"     // the same of questions of other nodes, by node
)

// What came of questions is counted by what was asked and one of these.
const (
	answered = ".answered"
	none     = ".none"    // of those answered, with nothing found
	failed   = ".failed"  // of those asked, given up, refused or without an outcome
	tardy    = ".late"    // of those answered, after the report was promised
	seconds  = ".seconds" // of those answered, by bound of seconds, see [SecondsOf]
)

// A Tally is how often something was counted. Office is set, and programme and kind
// are not, where offices are compared; all three are empty where sources are.
type Tally struct {
	Month     Month     `json:"m"`
	Division  string    `json:"d"`
	Office    string    `json:"o,omitempty"`
	Programme Programme `json:"p,omitempty"`
	Kind      CaseKind  `json:"k,omitempty"`
	What      Tallied   `json:"w"`
	Part      string    `json:"t,omitempty"`
	N         int64     `json:"n"`
	Node      string    `json:"-"` // a node below that counted it; empty = this one
}

// Countable is what is known of a case when it is counted.
type Countable struct {
	Case     *Case
	Queries  []Query       // source, state, outcome and times are enough
	Items    []Explanation // category, state and when they were opened
	Promised time.Time     // for when the report was promised at acceptance
	Before   Month         // in which the household was verified before as an existing recipient of the programme; empty = not known to have been
}

// Tallies is what a case adds to the counts. What happened at another node before
// the case was taken over from there is counted there.
func (c Countable) Tallies() []Tally {
	t := tallier{of: c.Case, sums: map[Tally]int64{}}
	if t.here(c.Case.CreatedAt) {
		t.add(monthAt(c.Case.CreatedAt), TallyOpened)
	}
	if t.here(c.Case.AcceptedAt) {
		t.add(monthAt(c.Case.AcceptedAt), TallyAccepted)
	}
	if c.Case.Stage == Terminated {
		for _, s := range slices.Backward(c.Case.Steps) {
			if s.Stage == Terminated && t.here(s.At) {
				t.add(monthAt(s.At), TallyTerminated)
				break
			}
		}
	}
	for _, e := range c.Items {
		if !t.here(e.OpenedAt) || e.State == ExplanationGone {
			continue
		}
		t.add(monthAt(e.OpenedAt), TallyItems)
		if slices.Contains(ExplanationOutcomes(), e.State) {
			t.add(monthAt(e.OpenedAt), TallySettled)
		}
	}
	if at := c.Case.deliveredAt(); t.here(at) {
		c.delivered(&t, at)
	}
	c.sources(&t)
	return t.list()
}

// deliveredAt is when the office took the first report; zero if it has not.
func (c *Case) deliveredAt() time.Time {
	for _, s := range c.Steps {
		if s.Stage == Delivered {
			return s.At
		}
	}
	return time.Time{}
}

// DeliveredIn is the month in which the office took the first report, or empty.
func (c *Case) DeliveredIn() Month {
	at := c.deliveredAt()
	if at.IsZero() {
		return ""
	}
	return monthAt(at)
}

func (c Countable) delivered(t *tallier, at time.Time) {
	m := monthAt(at)
	t.add(m, TallyDelivered)
	if !c.Promised.IsZero() && at.After(c.Promised) {
		t.add(m, TallyLate)
	}
	if !c.Case.AcceptedAt.IsZero() {
		t.part(m, TallyHours, strconv.Itoa(int((at.Sub(c.Case.AcceptedAt)+time.Hour-1)/time.Hour)))
	}
	found, standing := map[string]bool{}, false
	for _, e := range c.Items {
		if e.State == ExplanationGone {
			continue
		}
		found[string(e.Category)] = true
		standing = standing || !slices.Contains([]ExplanationState{ExplanationDone, ExplanationWrong, ExplanationNotHis}, e.State)
	}
	if len(found) > 0 {
		t.add(m, TallyFound)
	}
	for code := range found {
		t.part(m, TallyCategory, code)
	}
	if standing {
		t.add(m, TallyStanding)
	}
	if slices.ContainsFunc(c.Case.Steps, func(s Step) bool { return s.Stage == Objected }) {
		t.add(m, TallyObjected)
		if c.Case.Version > 1 {
			t.add(m, TallyRevised)
		}
	}
	if c.Case.Kind == PeriodicRecheck {
		gap := 0
		if c.Before != "" {
			gap = m.since(c.Before)
		}
		t.part(m, TallyAgain, strconv.Itoa(gap))
	}
}

func (c Countable) sources(t *tallier) {
	for _, q := range c.Queries {
		if !q.AskedAt.IsZero() && q.TakenFrom == "" && t.here(q.AskedAt) {
			t.question(TallyQuestions, q.Source, q, c.Promised)
		}
	}
}

// question counts what came of a question that was asked.
func (t *tallier) question(base Tallied, of string, q Query, promised time.Time) {
	add := func(what Tallied, part string) {
		t.sums[Tally{Month: monthAt(q.AskedAt), Division: t.of.Division, What: base + what, Part: part}]++
	}
	add("", of)
	if q.State != Answered || q.Outcome == source.Failed || q.Outcome == source.Refused {
		if q.Settled() || q.State == Retrying {
			add(failed, of)
		}
		return
	}
	add(answered, of)
	if q.Outcome == source.None {
		add(none, of)
	}
	if !promised.IsZero() && q.AnsweredAt.After(promised) {
		add(tardy, of)
	}
	add(seconds, of+" "+strconv.Itoa(SecondsOf(q.Millis())))
}

// RelayTallies is what questions of another node add to the counts of the node in a
// division that was asked. Each question is counted once, when nothing more is
// expected of it; what was never asked of a department counts from when it came.
func RelayTallies(division, peer string, questions []Query) []Tally {
	t := tallier{of: &Case{Division: division}, sums: map[Tally]int64{}}
	for _, q := range questions {
		if q.AskedAt.IsZero() {
			q.AskedAt = q.CreatedAt
		}
		if q.State != Answered { // its time is over
			q.State = Cancelled
		}
		t.question(TallyRelays, peer, q, time.Time{})
	}
	return t.list()
}

// secondBounds are the bounds by which times of answers are counted.
var secondBounds = []int{1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 24 * 3600, 48 * 3600, 7 * 24 * 3600}

// SecondsOf is the least of the bounds of seconds that a time in milliseconds does
// not pass; what passes all of them has the largest.
func SecondsOf(millis int64) int {
	for _, b := range secondBounds {
		if millis <= int64(b)*1000 {
			return b
		}
	}
	return secondBounds[len(secondBounds)-1]
}

// tallier sums what one case adds.
type tallier struct {
	of   *Case
	sums map[Tally]int64
}

// here reports whether something happened, and did so at this node.
func (t *tallier) here(at time.Time) bool {
	return !at.IsZero() && (t.of.Taken == nil || at.After(t.of.Taken.At))
}

func (t *tallier) add(m Month, what Tallied) {
	t.part(m, what, "")
	t.sums[Tally{Month: m, Division: t.of.Division, Office: t.of.Office, What: what}]++
}

func (t *tallier) part(m Month, what Tallied, part string) {
	t.sums[Tally{Month: m, Division: t.of.Division, Programme: t.of.Programme, Kind: t.of.Kind, What: what, Part: part}]++
}

func (t *tallier) list() []Tally {
	list := make([]Tally, 0, len(t.sums))
	for k, n := range t.sums {
		k.N = n
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b Tally) int { return strings.Compare(a.key(), b.key()) })
	return list
}

// Cell is the tally without what is counted: month, division, office, programme,
// kind and node.
func (t Tally) Cell() Tally {
	t.What, t.Part, t.N = "", "", 0
	return t
}

func (t Tally) key() string {
	return strings.Join([]string{string(t.Month), t.Division, t.Office, string(t.Programme), string(t.Kind), string(t.What), t.Part}, "\x00")
}

// TallyChange is what must be added to counts that hold was so that they hold now,
// in one order whatever that of the two.
func TallyChange(was, now []Tally) []Tally {
	t := tallier{sums: map[Tally]int64{}}
	for _, list := range []struct {
		sign int64
		of   []Tally
	}{{-1, was}, {1, now}} {
		for _, one := range list.of {
			n := one.N
			one.N = 0
			t.sums[one] += list.sign * n
		}
	}
	return slices.DeleteFunc(t.list(), func(t Tally) bool { return t.N == 0 })
}
