package book

import (
	"cmp"
	"slices"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// line is one income of one person over the window: the facts that say the same
// thing are one line, however their periods are cut.
type line struct {
	person   *member
	class    hedui.IncomeClass
	kind     string
	source   string
	declared bool
	started  day.Day
	facts    []Ref

	sum, paidSum, basicSum    money.Fen // of amounts for a period
	rate, paidRate, basicRate money.Fen // of rates, in twelfths of a fen times days

	gross, paid, basic, left money.Fen // fen over the window
}

// income brings every fact to the window, takes each income from its best
// source, and applies the entries of the book.
func (s *state) income() {
	s.months = s.window(windowIncome)
	s.to = s.on.Add(-1)
	if !s.h.Until.IsZero() && s.h.Until.Before(s.on) {
		s.to = s.h.Until
	}
	s.from = s.to.Add(1).AddMonths(-s.months)
	s.days = int64(s.to.Sub(s.from) + 1)
	t := &s.out.Totals
	t.Months, t.From, t.To = s.months, s.from, s.to
	if len(s.h.Income) > 0 {
		s.lines = make([]line, 0, len(s.h.Income))
	}
	for i := range s.h.Income {
		s.take(i)
	}
	// a fixed order, whatever the order of the facts
	slices.SortStableFunc(s.lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.person.No, b.person.No), cmp.Compare(a.class, b.class), cmp.Compare(a.kind, b.kind), cmp.Compare(a.source, b.source), a.started.Sub(b.started), boolInt(a.declared)-boolInt(b.declared))
	})
	for _, declared := range [...]bool{false, true} {
		for i := range s.lines {
			if l := &s.lines[i]; l.declared == declared {
				s.settle(l)
			}
		}
	}
	for i := range s.out.Income {
		c := &s.out.Income[i]
		c.Counted = c.Verified
		if s.eff.countDeclared && c.Declared > c.Verified {
			c.Counted = c.Declared
			s.step("book.step.declared", s.eff.declaredEntry, c.Person, c.Facts, countArg(c.Person), wordArg(string(c.Class)), yuanArg(c.Declared), yuanArg(c.Verified))
		}
		t.Verified = plus(t.Verified, c.Verified)
		t.Window = plus(t.Window, c.Counted)
		s.compareIncome(c)
	}
}

// take adds a fact to its line.
func (s *state) take(i int) {
	f := &s.h.Income[i]
	m := s.whose(f)
	ref := Ref{"income", i}
	if !m.counts {
		s.step("book.step.income.apart", nil, f.Person, []Ref{ref}, countArg(i+1), countArg(f.Person))
		return
	}
	period, inside := s.span(f)
	free := s.uncovered(i, f)
	if free <= 0 {
		key := "book.step.income.outside"
		if inside > 0 {
			key = "book.step.income.covered"
		}
		s.step(key, nil, f.Person, []Ref{ref}, countArg(i+1), wordArg(f.Kind), wordArg(f.Source))
		return
	}
	l := s.line(m, f)
	l.facts = append(l.facts, ref)
	switch f.Per {
	case "month", "year":
		by := money.Fen(free)
		if f.Per == "month" {
			by *= 12
		}
		l.rate, l.paidRate, l.basicRate = plus(l.rate, f.Amount*by), plus(l.paidRate, f.Paid*by), plus(l.basicRate, f.Basic*by)
	default:
		l.sum, l.paidSum, l.basicSum = plus(l.sum, mulDiv(f.Amount, free, period)), plus(l.paidSum, mulDiv(f.Paid, free, period)), plus(l.basicSum, mulDiv(f.Basic, free, period))
	}
}

// whose is the member with whom a fact counts: of several whose income it is, the
// first who counts.
func (s *state) whose(f *Income) *member {
	m := s.person(f.Person)
	for _, no := range f.With {
		if m.counts {
			break
		}
		m = s.person(no)
	}
	return m
}

// bounds are the first and last day of a fact within the window; what is not
// said is the window itself.
func (s *state) bounds(f *Income) (from, to day.Day) {
	from, to = s.from, s.to
	if f.From.After(from) {
		from = f.From
	}
	if !f.To.IsZero() && f.To.Before(to) {
		to = f.To
	}
	return from, to
}

// span is the length of a fact's period and of its part within the window.
func (s *state) span(f *Income) (period, inside int64) {
	from, to := s.bounds(f)
	period = s.days
	if !f.From.IsZero() && !f.To.IsZero() {
		period = int64(f.To.Sub(f.From) + 1)
	}
	return period, max(0, int64(to.Sub(from)+1))
}

// uncovered counts the days of a fact within the window on which no better
// source speaks of the same income.
func (s *state) uncovered(i int, f *Income) int64 {
	from, to := s.bounds(f)
	if to.Before(from) {
		return 0
	}
	p := s.eff.precedence[f.Kind]
	if p == nil || f.Declared {
		return int64(to.Sub(from) + 1)
	}
	theirs := func(o *Income) bool {
		for _, no := range o.With {
			if no == f.Person || slices.Contains(f.With, no) {
				return s.whose(o).counts
			}
		}
		return o.Person == f.Person || slices.Contains(f.With, o.Person) && s.whose(o).counts
	}
	free := int64(0)
	var better []*Income
	for j := range s.h.Income {
		o := &s.h.Income[j]
		if j != i && theirs(o) && !o.Declared && o.Amount > 0 && s.eff.precedence[o.Kind] == p && p.of(o.Source) < p.of(f.Source) {
			better = append(better, o)
		}
	}
	for at := from; !at.After(to); {
		// the next day that is covered, and how far
		next, end := to.Add(1), to
		for _, o := range better {
			a, b := s.bounds(o)
			if b.Before(at) || b.Before(a) {
				continue
			}
			if a.Before(at) {
				a = at
			}
			if a.Before(next) || a == next && b.After(end) {
				next, end = a, b
			}
		}
		if next.After(to) {
			return free + int64(to.Sub(at)+1)
		}
		free += int64(next.Sub(at))
		at = end.Add(1)
	}
	return free
}

// of is the rank of a source, 1 the best; a source that is not named is last.
func (p *precedence) of(source string) int {
	if r, ok := p.rank[source]; ok {
		return r
	}
	return len(p.rank) + 1
}

func (s *state) line(m *member, f *Income) *line {
	for i := range s.lines {
		l := &s.lines[i]
		if l.person == m && l.class == f.Class && l.kind == f.Kind && l.source == f.Source && l.declared == f.Declared && l.started == f.Started {
			return l
		}
	}
	s.lines = append(s.lines, line{person: m, class: f.Class, kind: f.Kind, source: f.Source, declared: f.Declared, started: f.Started})
	return &s.lines[len(s.lines)-1]
}

// settle applies the entries of the book to one line: what is exempt, then what
// is deducted, then what is disregarded; never more than is left.
func (s *state) settle(l *line) {
	whole := func(sum, rate money.Fen) money.Fen { return plus(sum, mulDiv(rate, int64(s.months), 12*s.days)) }
	l.gross, l.paid, l.basic = whole(l.sum, l.rate), whole(l.paidSum, l.paidRate), whole(l.basicSum, l.basicRate)
	l.left = l.gross
	if l.declared {
		s.learn(l)
	}
	s.fact, s.member = l, l.person
	key := "book.step.income"
	if l.declared {
		key = "book.step.income.declared"
	}
	s.step(key, nil, l.person.No, l.facts, countArg(l.person.No), wordArg(l.kind), yuanArg(l.gross), countArg(s.months), yuanArg(mulDiv(l.gross, 1, int64(s.months))))
	var stated money.Fen // what a family would state: what it has of it, before any disregard
	for _, effect := range [...]string{effectExempt, effectDeduct, effectDisregard} {
		if effect == effectDisregard {
			stated = l.left
		}
		for _, r := range s.eff.earnings {
			if r.effect == effect && l.left > 0 && r.forKind(l.kind) && s.holds(r) {
				s.takeOff(l, r)
			}
		}
	}
	c := s.class(l)
	c.Facts = append(c.Facts, l.facts...)
	if l.declared {
		c.Stated = plus(c.Stated, l.gross)
		c.Declared, c.stated = plus(c.Declared, l.left), plus(c.stated, stated)
	} else {
		c.Gross = plus(c.Gross, l.gross)
		c.Verified, c.found = plus(c.Verified, l.left), plus(c.found, stated)
	}
}

// learn gives a declared income what a register knows of the same income and the
// family need not: since when, and which part of a pension is the central one.
func (s *state) learn(l *line) {
	for i := range s.lines {
		if o := &s.lines[i]; !o.declared && o.person == l.person && o.kind == l.kind {
			if l.started.IsZero() {
				l.started = o.started
			}
			if l.basic == 0 {
				l.basic = o.basic
			}
		}
	}
}

func (s *state) takeOff(l *line, r *rule) {
	off := l.left
	if r.amount != nil {
		a, ok := s.money(r, "amount", r.amount)
		if !ok {
			return
		}
		off = min(max(a, 0), l.left)
	}
	if off == 0 {
		return
	}
	l.left -= off
	s.step("book.step."+r.effect, r.Entry, l.person.No, l.facts, countArg(l.person.No), wordArg(l.kind), yuanArg(off), yuanArg(l.left))
	if r.effect == effectExempt && !l.declared {
		s.find(Finding{Kind: hedui.Exempt, Weight: Note, Person: l.person.No, Class: l.kind, Unit: hedui.PerMonth, Found: mulDiv(off, 1, int64(s.months)), Facts: l.facts, Rule: r.Entry, Settle: "none"})
	}
}

func (s *state) class(l *line) *ClassIncome {
	for i := range s.out.Income {
		if c := &s.out.Income[i]; c.Person == l.person.No && c.Class == l.class {
			return c
		}
	}
	s.out.Income = append(s.out.Income, ClassIncome{Person: l.person.No, Class: l.class})
	return &s.out.Income[len(s.out.Income)-1]
}

// compareIncome sets what was declared beside what was found.
func (s *state) compareIncome(c *ClassIncome) {
	monthly := func(f money.Fen) money.Fen { return mulDiv(f, 1, int64(s.months)) }
	kind := difference(monthly(c.stated), monthly(c.found), s.eff.tolerances.Income)
	if kind == "" {
		return
	}
	s.find(Finding{Kind: kind, Weight: weigh(kind), Person: c.Person, Class: string(c.Class), Unit: hedui.PerMonth, Declared: monthly(c.stated),
		Found: monthly(c.found), Facts: c.Facts, Rule: s.eff.toleranceEntries["income"], Settle: settleBy(kind), Say: "book.find.income." + string(kind)})
}

// difference is the word for two amounts; none where both are nothing.
func difference(declared, found, tolerance money.Fen) hedui.FindingKind {
	switch {
	case declared == 0 && found == 0:
		return ""
	case found > declared+tolerance && declared == 0:
		return hedui.Undeclared
	case found > declared+tolerance:
		return hedui.UnderDeclared
	case declared > found+tolerance && found == 0:
		return hedui.NotVerifiable
	case declared > found+tolerance:
		return hedui.OverDeclared
	}
	return hedui.Consistent
}

func weigh(k hedui.FindingKind) string {
	if k.Suspicious() {
		return Material
	}
	return Note
}

func settleBy(k hedui.FindingKind) string {
	switch {
	case k.Suspicious():
		return "document"
	case k == hedui.NotVerifiable:
		return "field_visit"
	}
	return "none"
}

func (s *state) find(f Finding) { s.out.Findings = append(s.out.Findings, f) }

// support imputes what each obligor family owes, never less than nothing, and
// adds all of them. Then the household's income is whole. Where a place asks about
// the family alone, nothing is known of obligors and nothing is imputed.
func (s *state) support() {
	t := &s.out.Totals
	for i := range s.h.Obligors {
		if s.eff.ObligorScope() == 0 {
			s.step("book.step.support.scope", s.eff.scopeEntry, 0, []Ref{{"obligors", i}}, countArg(i+1))
			continue
		}
		o := s.h.Obligors[i]
		if o.Standard == 0 {
			o.Standard = money.Fen(s.eff.standard)
		}
		s.obligor = &o
		ref := []Ref{{"obligors", i}}
		r := s.supportRule()
		if r == nil {
			s.out.Support = append(s.out.Support, Counted{Facts: ref, Value: o.Income})
			s.step("book.step.support.none", nil, 0, ref, countArg(i+1))
			continue
		}
		monthly, ok := s.money(r, "monthly", r.amount)
		if !ok {
			continue
		}
		if monthly < 0 {
			s.step("book.step.support.clamped", r.Entry, 0, ref, countArg(i+1), yuanArg(monthly))
			monthly = 0
		}
		s.step("book.step.support", r.Entry, 0, ref, countArg(i+1), yuanArg(mulDiv(o.Income, 1, int64(max(o.Size, 1)))), yuanArg(o.Standard), yuanArg(monthly))
		s.out.Support = append(s.out.Support, Counted{Facts: ref, Value: o.Income, Counted: monthly, Rule: r.Entry})
		t.Support = plus(t.Support, mulDiv(monthly, int64(s.months), 1))
	}
	t.Window = plus(t.Window, t.Support)
	t.Monthly = mulDiv(t.Window, 1, int64(s.months))
	t.PerHead = mulDiv(t.Window, 1, int64(s.months*max(s.size, 1)))
	s.step("book.step.per_head", nil, 0, nil, yuanArg(t.Window), yuanArg(t.Verified), yuanArg(t.Support), countArg(s.months), countArg(s.size), yuanArg(t.PerHead))
}

func (s *state) supportRule() *rule {
	for _, r := range s.eff.support {
		if s.holds(r) {
			return r
		}
	}
	return nil
}
