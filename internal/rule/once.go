package rule

import (
	"slices"
	"strconv"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// A claim is what one record states of income, for a time or without one. The
// registers of a city and of a county may both state the same.
type claim struct {
	entry
	class    hedui.IncomeClass
	kind     string // what else can be one and the same: payments, totals
	who      string // who pays; may not be stated
	from, to day.Day
	unit     hedui.Unit
	amount   money.Fen
	say      hedui.Text
}

// claims notes what each record claims. What another register's record claims
// already is only mentioned, once for each register.
func (s *sheet) claims(list []claim) {
	counts := once(list)
	again := map[*hedui.Query]int{}
	for i, c := range list {
		if !counts[i] {
			again[c.query]++
		}
	}
	for i, c := range list {
		if counts[i] {
			s.income(c.entry, c.class, c.unit, c.amount, c.say)
			continue
		}
		if n := again[c.query]; n > 0 {
			s.again(c, n)
			again[c.query] = 0
		}
	}
}

// again mentions n records of a register that say what another one's say.
func (s *sheet) again(c claim, n int) {
	s.income(c.entry, c.class, hedui.NoAmount, 0, hedui.Say("rule.fact.again", strconv.Itoa(n), c.query.Department))
	s.facts[len(s.facts)-1].again = true
}

// once says which claims count. Within a register all do. What two registers
// state of the same payer for times that overlap is taken for the same: for each
// stretch of such times the register that states most counts, the widest of those
// that state as much. Where a register does not name who pays, payers cannot be told apart.
func once(list []claim) []bool {
	counts := make([]bool, len(list))
	left := make([]int, len(list))
	for i := range list {
		left[i] = i
	}
	for len(left) > 0 {
		first := list[left[0]]
		alike := func(i int) bool { return list[i].class == first.class && list[i].kind == first.kind }
		named := !slices.ContainsFunc(left, func(i int) bool { return alike(i) && list[i].who == "" })
		same := func(i int) bool { return alike(i) && (!named || list[i].who == first.who) }
		var group, rest []int
		for _, i := range left {
			if same(i) {
				group = append(group, i)
			} else {
				rest = append(rest, i)
			}
		}
		for _, stretch := range stretches(list, group) {
			best := heaviest(list, stretch)
			for _, i := range stretch {
				counts[i] = list[i].query == best
			}
		}
		left = rest
	}
	return counts
}

// stretches parts claims into such whose times hang together. A claim without a
// period may be of any time.
func stretches(list []claim, group []int) [][]int {
	byBegin := slices.Clone(group)
	slices.SortStableFunc(byBegin, func(a, b int) int { return list[a].begins().Sub(list[b].begins()) })
	var parts [][]int
	var end day.Day
	for _, i := range byBegin {
		if len(parts) == 0 || list[i].begins().After(end) {
			parts, end = append(parts, nil), list[i].ends()
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], i)
		end = latest(end, list[i].ends())
	}
	for _, part := range parts {
		slices.Sort(part) // the order in which the registers were read
	}
	return parts
}

// heaviest is the register that states most, and of equals the first.
func heaviest(list []claim, stretch []int) *hedui.Query {
	sums := map[*hedui.Query]money.Fen{}
	for _, i := range stretch {
		sums[list[i].query] += list[i].amount
	}
	best := list[stretch[0]].query
	for _, i := range stretch {
		if sums[list[i].query] > sums[best] {
			best = list[i].query
		}
	}
	return best
}

// beginning and ending of time, for what states no period.
var beginning, ending = day.Must("1900-01-01"), day.Must("2999-12-31")

func (c claim) period() bool { return !c.from.IsZero() && !c.to.IsZero() && !c.to.Before(c.from) }

func (c claim) begins() day.Day {
	if !c.period() {
		return beginning
	}
	return c.from
}

func (c claim) ends() day.Day {
	if !c.period() {
		return ending
	}
	return c.to
}

// timed sets the period of a claim from the two days of a tax record.
func (c claim) timed() claim {
	c.from, _ = c.Day("period_from")
	c.to, _ = c.Day("period_to")
	return c
}

// in sets the period of a claim to the month of a record.
func (c claim) in(month string) claim {
	if m, ok := c.Month(month); ok {
		c.from, c.to = m, m.AddMonths(1).Add(-1)
	}
	return c
}
