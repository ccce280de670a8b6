package rule

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/rule/book"
)

// Verify is the whole assessment of a case as of a day: what was declared beside
// what registers answered, with what the family has explained, and its means by
// the rule books of its place and day of application. Texts of the means are in l.
// Where no book holds it fails with [book.ErrNoBook]. A limit is not said to be
// exceeded by arithmetic of which a rule failed: it may be one that takes off.
func Verify(lib *book.Library, c *hedui.Case, queries []hedui.Query, items []hedui.Explanation, today day.Day, l lang.Lang) (hedui.Assessment, error) {
	eff, err := lib.For(c.Division, c.Programme, c.AppliedOn)
	if err != nil {
		return hedui.Assessment{}, err
	}
	s := assess(c, queries, eff.Tolerances(), today)
	a := Explain(s.out, queries, items)
	b := s.basis(items)
	a.Means, err = b.means(eff, l)
	if err != nil {
		return hedui.Assessment{}, err
	}
	if a.Conclusion != hedui.UnableToConfirm && !b.failed && exceeds(a.Means) && !slices.ContainsFunc(a.Findings, asked) {
		a.Conclusion = hedui.OverLimit
	}
	return a, nil
}

func exceeds(m *hedui.Means) bool { return slices.ContainsFunc(m.Lines, hedui.MeansLine.Over) }

// asked reports whether a finding is a question that the family has not answered.
// A limit that is exceeded by what nobody has been able to explain is not yet said
// to be exceeded above a report; its line says so all the same.
func asked(f hedui.Finding) bool {
	return f.Kind.Suspicious() && (f.Explanation == nil || f.Explanation.State != hedui.ExplanationTrue)
}

// scribe writes down what the books make of a household.
type scribe struct {
	*basis
	lang lang.Lang
	out  *book.Outcome
	m    *hedui.Means
}

// means works the household out and writes it down. What the books or the
// household lack is said and is no error: the registers' answers stand without.
func (b *basis) means(eff *book.Effective, l lang.Lang) (*hedui.Means, error) {
	m := &hedui.Means{}
	for _, k := range eff.Books {
		m.Books = append(m.Books, hedui.MeansBook{Name: k.Name, Version: k.Version, Title: k.Title.In(l), Demo: k.Demo})
	}
	out, err := eff.Assess(&b.h, b.c.AppliedOn, true)
	var lacks *book.Error
	switch {
	case errors.As(err, &lacks):
		m.Missing = lang.Text(l, "rule.means.lacks")
		return m, nil
	case err != nil:
		return nil, err
	}
	b.failed = slices.ContainsFunc(out.Failed, func(rule string) bool { return !strings.HasPrefix(rule, book.Flags+".") }) // flags come after the lines
	s := scribe{b, l, out, m}
	s.sums()
	s.members()
	s.earned()
	s.supported()
	s.owned()
	s.spent()
	s.lines()
	s.hints()
	s.gaps()
	for i := range out.Steps {
		m.Steps = append(m.Steps, out.Steps[i].Text(l))
	}
	return m, nil
}

func (s scribe) sums() {
	t := s.out.Totals
	n := int64(t.Months)
	s.m.From, s.m.To, s.m.Months, s.m.Size = t.From, t.To, t.Months, t.Size
	s.m.Sums = hedui.MeansSums{Verified: t.Verified.MulDiv(1, n), Support: t.Support.MulDiv(1, n), Monthly: t.Monthly, PerHead: t.PerHead,
		Financial: t.Financial, Spent: t.Spent}
}

func (s scribe) members() {
	for _, m := range s.out.Members {
		line := hedui.MeansMember{Person: m.Person, Counts: m.Counts}
		if m.Rule != nil {
			line.Why, line.Clause = m.Rule.Title.In(s.lang), m.Rule.ClauseText()
		}
		s.m.Members = append(s.m.Members, line)
	}
}

// earned has a row for each class of income of a person.
func (s scribe) earned() {
	n := int64(s.m.Months)
	for _, c := range s.out.Income {
		row := hedui.MeansRow{Person: c.Person, What: book.WordText(s.lang, string(c.Class)), Declared: c.Stated.MulDiv(1, n), Found: c.Gross.MulDiv(1, n),
			Counted: c.Counted.MulDiv(1, n)}
		s.sources(&row, c.Facts, func(r book.Ref) bool { return s.h.Income[r.Index].Declared })
		row.Why = s.why(c.Person, c.Facts, "book.step.income", "book.step.exempt", "book.step.deduct", "book.step.disregard", "book.step.declared")
		s.m.Income = append(s.m.Income, row)
	}
}

// supported has a row for each family that owes support.
func (s scribe) supported() {
	for _, c := range s.out.Support {
		i := c.Facts[0].Index
		row := hedui.MeansRow{Person: s.person[i], What: book.WordText(s.lang, string(s.h.Obligors[i].Relation)), Found: c.Value, Counted: c.Counted}
		row.Why = s.why(0, c.Facts, "book.step.support")
		s.m.Support = append(s.m.Support, row)
	}
}

// owned has a row for each thing, found or declared.
func (s scribe) owned() {
	counted := map[int]book.Counted{}
	for _, c := range s.out.Things {
		counted[c.Facts[0].Index] = c
	}
	for i, t := range s.h.Things {
		ref := []book.Ref{{List: "property", Index: i}}
		row := hedui.MeansRow{Person: t.Person, What: book.WordText(s.lang, book.ThingWord(t.Kind))}
		s.sources(&row, ref, func(r book.Ref) bool { return s.h.Things[r.Index].Declared })
		if t.Declared {
			row.Declared = t.Value
		} else {
			row.Found, row.Counted = counted[i].Value, counted[i].Counted
			row.Person = cmp.Or(counted[i].Person, t.Person)
		}
		row.Why = s.why(row.Person, ref, "book.step.thing", "book.step.valued")
		if t.Over != "" {
			row.Unvalued, row.Why = true, []string{lang.Text(s.lang, "rule.means.over."+t.Over)}
		}
		s.m.Property = append(s.m.Property, row)
	}
}

func (s scribe) spent() {
	for _, c := range s.out.Spending {
		first := s.h.Spending[c.Facts[0].Index]
		row := hedui.MeansRow{Person: first.Person, What: book.WordText(s.lang, first.Kind), Counted: c.Counted}
		s.sources(&row, c.Facts, func(r book.Ref) bool { _, found := s.from[r]; return !found })
		for _, r := range c.Facts {
			own := s.h.Spending[r.Index].Amount - s.h.Spending[r.Index].Repaid
			if _, found := s.from[r]; found {
				row.Found += own
			} else {
				row.Declared += own
			}
		}
		row.Why = s.why(first.Person, c.Facts, "book.step.spending")
		s.m.Spending = append(s.m.Spending, row)
	}
}

// sources names the departments behind facts, and the oldest day of their data.
func (s scribe) sources(row *hedui.MeansRow, facts []book.Ref, declared func(book.Ref) bool) {
	var names []string
	for _, r := range facts {
		row.Stated = row.Stated || declared(r)
		q, ok := s.from[r]
		if !ok {
			continue
		}
		if !slices.Contains(names, q.Department) {
			names = append(names, q.Department)
		}
		if on := day.Of(q.AsOf); !q.AsOf.IsZero() && (row.AsOf.IsZero() || on.Before(row.AsOf)) {
			row.AsOf = on
		}
	}
	row.Source = strings.Join(names, lang.Text(s.lang, "rule.means.and"))
}

// why is the arithmetic of some facts: the steps of a person under keys that begin
// with one of the prefixes.
func (s scribe) why(person int, facts []book.Ref, prefixes ...string) []string {
	var list []string
	for i := range s.out.Steps {
		step := &s.out.Steps[i]
		about := slices.ContainsFunc(step.Facts, func(r book.Ref) bool { return slices.Contains(facts, r) })
		if about && (step.Person == person || step.Person == 0) && slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(step.Key, p) }) {
			list = append(list, step.Text(s.lang))
		}
	}
	return list
}

func (s scribe) lines() {
	for _, l := range s.out.Lines {
		s.m.Lines = append(s.m.Lines, hedui.MeansLine{Rule: l.Rule.ID(), Title: l.Rule.Title.In(s.lang), Clause: l.Rule.ClauseText(),
			Figure: l.Figure, Limit: l.Limit, Unit: l.Unit, Figures: l.Figures, Side: string(l.Side)})
	}
}

// weights orders hints, the weightiest first.
var weights = []string{book.Material, book.Look, book.Note}

// hints are what entries of the books ask the office to look at. Differences,
// gaps and old data are findings of their own.
func (s scribe) hints() {
	for _, f := range s.out.Findings {
		if f.Rule == nil || f.Rule.Section != book.Flags {
			continue
		}
		h := hedui.MeansHint{Rule: f.Rule.ID(), Weight: f.Weight, Person: f.Person, Text: f.Rule.Title.In(s.lang), Due: f.Due, Clause: f.Rule.ClauseText()}
		if k := "rule.settle." + f.Settle; f.Settle != "" && lang.Has(k) {
			h.Settle = lang.Text(s.lang, k)
		}
		if !slices.Contains(s.m.Hints, h) {
			s.m.Hints = append(s.m.Hints, h)
		}
	}
	slices.SortStableFunc(s.m.Hints, func(a, b hedui.MeansHint) int {
		return cmp.Compare(slices.Index(weights, a.Weight), slices.Index(weights, b.Weight))
	})
}

// gaps says what the rules ask for and nobody has stated.
func (s scribe) gaps() {
	for _, t := range s.open {
		s.m.Open = append(s.m.Open, lang.Text(s.lang, t.Key, t.Args...))
	}
	if n := len(s.out.Failed); n > 0 {
		s.m.Open = append(s.m.Open, lang.Text(s.lang, "rule.means.failed", strconv.Itoa(n), strings.Join(s.out.Failed, ", ")))
	}
}
