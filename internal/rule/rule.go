// Package rule sets what a family declared beside what the registers hold and
// says where the two differ, with reasons. It is pure and never judges aid: its
// conclusions are questions for the office that decides.
//
// Three habits keep the arithmetic honest. One fact counts once: a wage that tax,
// social insurance and housing fund all show is taken from the best of them, and
// what a city's and a county's register of one category both show is one. Periods are brought to a month before they are compared. And silence is never
// nothing: what no register settled is listed as a gap.
package rule

import (
	"cmp"
	"slices"
	"strconv"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
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
	again    bool      // stands beside the record of another register that counts
	from     entry     // the record
	ids      []string  // property: what tells the same thing in two records, the best first
	whole    money.Fen // property: value of the whole thing
	part     bool      // property: the amount is the part of it that the register states
	over     bool      // property: the register says that its limit is exceeded, and no amount
	limit    money.Fen // property: that limit; 0 if it is not stated
}

// A cell is one person and one category.
type cell struct {
	person   int
	category catalog.Code
}

// sheet is the working paper of one assessment.
type sheet struct {
	c         *hedui.Case
	tolerance book.Tolerances
	today     day.Day
	facts     []fact
	out       hedui.Assessment
	cells     map[cell][]source.Outcome // what the registers answered; gaps are not in it
	found     []reading
	settled   int // queries that a register settled
}

// A reading is what all registers of a cell hold, one scope after the other.
type reading struct {
	cell
	entries []entry
}

// An entry is one record with the query that brought it.
type entry struct {
	catalog.Record
	query *hedui.Query
	index int
}

// Assess reconciles a case with its answers as of a day.
func Assess(c *hedui.Case, queries []hedui.Query, t book.Tolerances, today day.Day) hedui.Assessment {
	return assess(c, queries, t, today).out
}

func assess(c *hedui.Case, queries []hedui.Query, t book.Tolerances, today day.Day) *sheet {
	s := &sheet{c: c, tolerance: t, today: today, cells: map[cell][]source.Outcome{}}
	for i := range queries {
		s.take(&queries[i])
	}
	s.read()
	s.out.Gaps = slices.DeleteFunc(s.out.Gaps, s.needless)
	s.gapFindings()
	s.compare()
	s.sortFindings()
	s.out.Conclusion = s.conclude()
	return s
}

// read turns the records that were filed into facts.
func (s *sheet) read() {
	for _, r := range s.found {
		if read, ok := readers[r.category]; ok {
			p, _ := s.c.Person(r.person)
			read(s, p, r.entries)
		} else if known, ok := catalog.Get(r.category); ok {
			s.later(known, r.entries)
		}
	}
}

// take reads one query of the grid. A cell has one for each scope.
func (s *sheet) take(q *hedui.Query) {
	if _, ok := s.c.Person(q.Person); !ok {
		return
	}
	if q.State != hedui.Answered || q.Outcome == source.Refused || q.Reason == hedui.ReasonNoSource {
		outcome := q.Outcome
		if outcome == "" {
			outcome = source.Failed
		}
		s.out.Gaps = append(s.out.Gaps, hedui.Gap{
			Person: q.Person, Category: q.Category, Scope: q.ScopeAsked(), Department: q.Department, Outcome: outcome, Reason: q.Reason})
		return
	}
	k := cell{q.Person, q.Category}
	s.cells[k] = append(s.cells[k], q.Outcome)
	switch q.Outcome {
	case source.IdentityDoubt:
		s.settled++
		s.addOnce(hedui.Finding{Kind: hedui.DoubtfulMatch, Category: q.Category, Person: q.Person, Reason: unsure(q.Reason)})
	case source.Found:
		s.settled++
		s.age(q)
		s.file(k, q)
	case source.None:
		s.settled++
		s.age(q)
	}
}

// file puts the records of an answer to those of the cell's other scopes.
func (s *sheet) file(k cell, q *hedui.Query) {
	i := slices.IndexFunc(s.found, func(r reading) bool { return r.cell == k })
	if i < 0 {
		i = len(s.found)
		s.found = append(s.found, reading{cell: k})
	}
	for n, r := range q.Records {
		s.found[i].entries = append(s.found[i].entries, entry{r, q, n})
	}
}

// needless reports whether a gap leaves nothing open: a scope that nobody can be
// asked about is none where another scope's register has settled the cell.
func (s *sheet) needless(g hedui.Gap) bool {
	return g.Reason == hedui.ReasonNoSource && slices.ContainsFunc(s.cells[cell{g.Person, g.Category}], hedui.Informs)
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
func (s *sheet) age(q *hedui.Query) {
	if q.AsOf.IsZero() || s.today.Sub(day.Of(q.AsOf)) <= s.tolerance.StaleDays {
		return
	}
	s.addOnce(hedui.Finding{Kind: hedui.Stale, Category: q.Category, Person: q.Person,
		Reason: hedui.Say("rule.stale", day.Of(q.AsOf).String(), strconv.Itoa(s.tolerance.StaleDays))})
}

func (s *sheet) add(f hedui.Finding) { s.out.Findings = append(s.out.Findings, f) }

// addOnce adds a finding that has no facts, unless another scope has led to the
// same one.
func (s *sheet) addOnce(f hedui.Finding) {
	for i := range s.out.Findings {
		g := &s.out.Findings[i]
		if g.Kind == f.Kind && g.Category == f.Category && g.Person == f.Person && g.Class == "" &&
			g.Reason.Key == f.Reason.Key && slices.Equal(g.Reason.Args, f.Reason.Args) {
			g.Count = max(g.Count, f.Count)
			return
		}
	}
	s.add(f)
}

// gapFindings names each category with a gap once for the household. It counts
// queries, and says of how many persons where those are fewer.
func (s *sheet) gapFindings() {
	type key struct {
		category catalog.Code
		kind     hedui.FindingKind
		reason   source.Reason
	}
	counts, persons := map[key]int{}, map[key]map[int]bool{}
	var order []key
	for _, g := range s.out.Gaps {
		k := key{g.Category, hedui.SourceSilent, g.Reason}
		if g.Outcome == source.Refused || g.Outcome == source.NotCovered {
			k.kind = hedui.NotVerifiable
		}
		if counts[k]++; counts[k] == 1 {
			order = append(order, k)
			persons[k] = map[int]bool{}
		}
		persons[k][g.Person] = true
	}
	for _, k := range order {
		say, queries := "rule.silent", "rule.silent.queries"
		if k.kind == hedui.NotVerifiable {
			say, queries = "rule.refused", "rule.refused.queries"
		}
		args := []string{strconv.Itoa(len(persons[k]))}
		if counts[k] > len(persons[k]) {
			say, args = queries, append(args, strconv.Itoa(counts[k]))
		}
		s.add(hedui.Finding{Kind: k.kind, Category: k.category, Count: counts[k], Reason: hedui.Say(say, args...)})
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
func (s *sheet) conclude() hedui.Conclusion { return conclude(s.out, s.settled) }

func conclude(a hedui.Assessment, settled int) hedui.Conclusion {
	hit := false
	for _, f := range a.Findings {
		if f.Kind.Suspicious() {
			return hedui.Suspect
		}
		hit = hit || len(f.Facts) > 0
	}
	switch {
	case settled == 0:
		return hedui.UnableToConfirm
	case len(a.Gaps) > 0:
		return hedui.Incomplete
	case !hit:
		return hedui.NoFinding
	case slices.ContainsFunc(a.Findings, unconfirmed):
		return hedui.Incomplete
	}
	return hedui.AllConsistent
}

func unconfirmed(f hedui.Finding) bool {
	return f.Kind == hedui.OverDeclared || f.Kind == hedui.NotVerifiable || f.Kind == hedui.Stale
}
