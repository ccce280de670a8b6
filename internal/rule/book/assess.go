package book

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// state is one assessment under way. It is also what formulas see.
type state struct {
	eff     *Effective
	h       *Household
	on      day.Day
	explain bool
	out     *Outcome

	members     []member
	size        int
	minors      int
	spouseNamed bool
	from, to    day.Day // income window
	days        int64
	lines       []line
	things      []Thing // as those have them who count
	args        []Arg   // room for the arguments of steps

	frame *interpreter.ExecutionFrame // one for all formulas of a household

	// what the variables of a formula stand for at the moment
	member  *member
	fact    *line
	thing   *Thing
	obligor *Obligor
	spend   *Spending
	move    *Move
	date    date
	months  int
}

// member is a person with what follows from the day.
type member struct {
	*Person
	age    int
	counts bool
}

// ResolveName implements [interpreter.Activation].
func (s *state) ResolveName(name string) (any, bool) {
	switch name {
	case "parameters":
		return s.eff, true
	case "household":
		return s, true
	case "member":
		return s.member, true
	case "fact":
		return s.fact, true
	case "thing":
		return s.thing, true
	case "obligor":
		return s.obligor, true
	case "spend":
		return s.spend, true
	case "move":
		return s.move, true
	case "income", "property", "spending":
		return &s.out.Totals, true
	case "date":
		return s.date, true
	case "months":
		return types.Int(s.months), true
	}
	return nil, false
}

// Parent implements [interpreter.Activation].
func (s *state) Parent() interpreter.Activation { return nil }

// Assess works the household out as of the day of application. With explain, the
// outcome holds every step. A household with [Household.Problems] is refused.
func (eff *Effective) Assess(h *Household, on day.Day, explain bool) (*Outcome, error) {
	if wrong := h.Problems(); len(wrong) > 0 {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.book.household"), fmt.Errorf("household: %s", strings.Join(wrong, "; ")))
	}
	if err := failure(eff.lacks); err != nil {
		return nil, err
	}
	s := &state{eff: eff, h: h, on: on, date: date(on), explain: explain, out: &Outcome{}}
	var err error
	if s.frame, err = interpreter.NewExecutionFrame(s); err != nil {
		return nil, fmt.Errorf("rule books: %w", err)
	}
	defer s.frame.Close()
	s.out.Findings = make([]Finding, 0, 8)
	s.out.Lines = make([]Line, 0, len(eff.lines))
	if explain {
		s.out.Steps = make([]Step, 0, 40)
		s.args = make([]Arg, 0, 112)
	}
	s.compose()
	s.income()
	s.support()
	s.property()
	s.spending()
	s.drawLines()
	s.flags()
	s.answers()
	s.out.Conclusion = s.conclude()
	return s.out, nil
}

// eval works a formula out; a failure is noted and gives nil.
func (s *state) eval(r *rule, key string, p cel.Program) ref.Val {
	v, _, err := p.Eval(s.frame)
	if err != nil {
		if id := r.ID() + "." + key; !slices.Contains(s.out.Failed, id) {
			s.out.Failed = append(s.out.Failed, id)
		}
		return nil
	}
	return v
}

// holds is a condition; none always holds, one that fails does not.
func (s *state) holds(r *rule) bool {
	return r.when == nil || s.eval(r, "when", r.when) == types.True
}

func (s *state) money(r *rule, key string, p cel.Program) (money.Fen, bool) {
	a, ok := s.eval(r, key, p).(amount)
	return money.Fen(a), ok
}

func (s *state) step(key string, r *Entry, person int, facts []Ref, args ...Arg) {
	if !s.explain {
		return
	}
	from := len(s.args)
	s.args = append(s.args, args...)
	s.out.Steps = append(s.out.Steps, Step{key, r, person, facts, s.args[from:len(s.args):len(s.args)]})
}

// person is the member with the number; the household was checked.
func (s *state) person(no int) *member {
	for i := range s.members {
		if s.members[i].No == no {
			return &s.members[i]
		}
	}
	return &s.members[0]
}

// compose says who counts: whoever an entry counts and none excludes.
func (s *state) compose() {
	s.members = make([]member, len(s.h.Members))
	s.out.Members = make([]Membership, len(s.h.Members))
	for i := range s.h.Members {
		p := &s.h.Members[i]
		s.members[i] = member{p, monthsBetween(p.Birth, s.on) / 12, false}
		if p.Relation == hedui.Spouse {
			s.spouseNamed = true
		}
	}
	for i := range s.members {
		m := &s.members[i]
		s.member = m
		by := s.membership()
		m.counts = by != nil && by.effect == effectCounts
		s.out.Members[i] = Membership{Person: m.No, Counts: m.counts}
		var entry *Entry
		if by != nil {
			entry = by.Entry
		}
		s.out.Members[i].Rule = entry
		if m.counts {
			s.size++
			if m.age < hedui.AdultAge {
				s.minors++
			}
			s.step("book.step.counts", entry, m.No, nil, countArg(m.No), wordArg(string(m.Relation)))
		} else {
			s.step("book.step.excluded", entry, m.No, nil, countArg(m.No), wordArg(string(m.Relation)))
		}
	}
	s.out.Totals.Size = s.size
}

func (s *state) membership() *rule {
	var in *rule
	for _, r := range s.eff.members {
		if r.effect == effectCounts && in != nil {
			continue
		}
		if s.holds(r) {
			if r.effect == effectExcluded {
				return r
			}
			in = r
		}
	}
	return in
}

// window is the number of months of a window, at least one.
func (s *state) window(name string) int {
	r := s.eff.windows[name]
	n, _ := s.eval(r, "months", r.amount).(types.Int)
	return int(min(max(n, 1), 120))
}

// conclude is the one word above a report.
func (s *state) conclude() hedui.Conclusion {
	o := s.out
	over := func(l Line) bool { return l.Side == Over }
	silent := func(f Finding) bool { return f.Kind == hedui.SourceSilent }
	suspect := func(f Finding) bool {
		return !f.Explained && (f.Weight == Material || f.Weight == Look)
	}
	answered := func(a Answer) bool { return a.Outcome == "found" || a.Outcome == "none" }
	switch {
	case len(o.Failed) > 0 || s.size == 0, len(s.h.Answers) > 0 && !slices.ContainsFunc(s.h.Answers, answered):
		return hedui.UnableToConfirm
	case slices.ContainsFunc(o.Lines, over):
		return hedui.OverLimit
	case slices.ContainsFunc(o.Findings, silent):
		return hedui.Incomplete
	case slices.ContainsFunc(o.Findings, suspect):
		return hedui.Suspect
	case len(s.h.Income)+len(s.h.Things) == 0:
		return hedui.NoFinding
	}
	return hedui.AllConsistent
}
