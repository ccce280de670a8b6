// Package rule sets what a family declared beside what the registers hold and
// says where the two differ, with reasons. It is pure and never judges aid: its
// conclusions are questions for the office that decides.
//
// Three habits keep the arithmetic honest. One fact counts once: a wage that tax,
// social insurance and housing fund all show is taken from the best of them.
// Periods are brought to a month before they are compared. And silence is never
// nothing: what no register settled is listed as a gap.
package rule

import (
	"cmp"
	"slices"
	"strconv"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
	"hedui/source"
)

// A fact is what one record says about income or property.
type fact struct {
	hedui.Fact
	person   int
	category catalog.Code
	class    string
	income   bool
	thing    string    // property: what tells the same thing in two records; empty if nothing does
	whole    money.Fen // property: value of the whole thing
	part     bool      // property: the amount is the part of it that the register states
}

// A cell is one person and one category.
type cell struct {
	person   int
	category catalog.Code
}

// sheet is the working paper of one assessment.
type sheet struct {
	c         *hedui.Case
	tolerance Tolerance
	today     day.Day
	facts     []fact
	out       hedui.Assessment
	cells     map[cell]source.Outcome // what a register answered; gaps are not in it
	settled   int                     // queries that a register settled
}

// Assess reconciles a case with its answers as of a day.
func Assess(c *hedui.Case, queries []hedui.Query, t Tolerance, today day.Day) hedui.Assessment {
	s := &sheet{c: c, tolerance: t, today: today, cells: map[cell]source.Outcome{}}
	for _, q := range queries {
		s.take(q)
	}
	s.gapFindings()
	s.compare()
	s.sortFindings()
	s.out.Conclusion = s.conclude()
	return s.out
}

// take reads one cell of the grid.
func (s *sheet) take(q hedui.Query) {
	p, ok := s.c.Person(q.Person)
	if !ok {
		return
	}
	if q.State != hedui.Answered || q.Outcome == source.Refused || q.Reason == hedui.ReasonNoSource {
		outcome := q.Outcome
		if outcome == "" {
			outcome = source.Failed
		}
		s.out.Gaps = append(s.out.Gaps, hedui.Gap{
			Person: q.Person, Category: q.Category, Department: q.Department, Outcome: outcome, Reason: q.Reason})
		return
	}
	s.cells[cell{q.Person, q.Category}] = q.Outcome
	switch q.Outcome {
	case source.IdentityDoubt:
		s.settled++
		s.add(hedui.Finding{Kind: hedui.DoubtfulMatch, Category: q.Category, Person: q.Person, Reason: unsure(q.Reason)})
	case source.Found:
		s.settled++
		s.age(q)
		if read, ok := readers[q.Category]; ok {
			read(s, p, q)
		}
	case source.None:
		s.settled++
		s.age(q)
	}
}

// unsure says why it is not clear that the record is of the person. A source may
// have reasons of its own, see [source.Reason].
func unsure(why source.Reason) hedui.Text {
	if why == source.ReasonName {
		return hedui.Say("rule.doubt.name")
	}
	return hedui.Say("rule.doubt.other")
}

// age marks old data: an old "none" knows as little of today as an old record.
func (s *sheet) age(q hedui.Query) {
	if q.AsOf.IsZero() || s.today.Sub(day.Of(q.AsOf)) <= s.tolerance.StaleDays {
		return
	}
	s.add(hedui.Finding{Kind: hedui.Stale, Category: q.Category, Person: q.Person,
		Reason: hedui.Say("rule.stale", day.Of(q.AsOf).String(), strconv.Itoa(s.tolerance.StaleDays))})
}

func (s *sheet) add(f hedui.Finding) { s.out.Findings = append(s.out.Findings, f) }

// gapFindings names each category with a gap once for the household.
func (s *sheet) gapFindings() {
	type key struct {
		category catalog.Code
		kind     hedui.FindingKind
		reason   source.Reason
	}
	counts := map[key]int{}
	var order []key
	for _, g := range s.out.Gaps {
		k := key{g.Category, hedui.SourceSilent, g.Reason}
		if g.Outcome == source.Refused || g.Outcome == source.NotCovered {
			k.kind = hedui.NotVerifiable
		}
		if counts[k]++; counts[k] == 1 {
			order = append(order, k)
		}
	}
	for _, k := range order {
		say := "rule.silent"
		if k.kind == hedui.NotVerifiable {
			say = "rule.refused"
		}
		s.add(hedui.Finding{Kind: k.kind, Category: k.category, Count: counts[k],
			Reason: hedui.Say(say, strconv.Itoa(counts[k]))})
	}
}

// sortFindings puts what needs an answer first, then by category and person.
func (s *sheet) sortFindings() {
	position := map[catalog.Code]int{}
	for i, c := range catalog.All() {
		position[c.Code] = i
	}
	slices.SortStableFunc(s.out.Findings, func(a, b hedui.Finding) int {
		if x, y := a.Kind.Suspicious(), b.Kind.Suspicious(); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(position[a.Category], position[b.Category]), cmp.Compare(a.Person, b.Person))
	})
}

// conclude chooses the one word above the report, in this order: a question to
// the family is [hedui.Suspect]. Where no register settled anything (found, none
// or a doubt; "not covered" settles nothing) it is [hedui.UnableToConfirm]. With
// a gap it is [hedui.Incomplete]. Where no record bears on income or property it
// is [hedui.NoFinding], whatever was declared. Of what was found,
// [hedui.AllConsistent] is said only if nothing declared stayed unconfirmed and
// no data was old; otherwise the check is [hedui.Incomplete] too.
func (s *sheet) conclude() hedui.Conclusion {
	hit := false
	for _, f := range s.out.Findings {
		if f.Kind.Suspicious() {
			return hedui.Suspect
		}
		hit = hit || len(f.Facts) > 0
	}
	switch {
	case s.settled == 0:
		return hedui.UnableToConfirm
	case len(s.out.Gaps) > 0:
		return hedui.Incomplete
	case !hit:
		return hedui.NoFinding
	case slices.ContainsFunc(s.out.Findings, unconfirmed):
		return hedui.Incomplete
	}
	return hedui.AllConsistent
}

func unconfirmed(f hedui.Finding) bool {
	return f.Kind == hedui.OverDeclared || f.Kind == hedui.NotVerifiable || f.Kind == hedui.Stale
}
