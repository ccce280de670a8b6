package hedui

import (
	"cmp"
	"slices"
	"strings"

	"hedui/catalog"
	"hedui/day"
	"hedui/region"
	"hedui/source"
)

// A Register 登记库 is one body of data on one category as a node knows it: for
// which division it speaks, and whether the node asks it itself or through a
// peer. Which registers there are is dated data of each node's configuration.
type Register struct {
	Category   catalog.Code
	Scope      string  // division it speaks for: 330200 the whole city, 330203 one county
	Below      bool    // stands for the registers of all divisions below Scope, asked where a person is registered
	Source     string  // the source asked here, or [AtNode]
	Department string  // who keeps it, in Chinese; empty = the catalogue's owner of the day
	From       day.Day // first day; zero = open
	Until      day.Day // first day on which it is asked no more; zero = open
}

// ValidOn reports whether the register is asked on a day.
func (r Register) ValidOn(on day.Day) bool {
	return !on.Before(r.From) && (r.Until.IsZero() || on.Before(r.Until))
}

// atNode begins the name of a source that is a peer. Names of sources hold no @.
const atNode = "@"

// AtNode names a peer as the source of a query.
func AtNode(peer string) string { return atNode + peer }

// NodeOf returns the peer that a source stands for, and false for a source of
// the node itself.
func NodeOf(source string) (peer string, ok bool) { return strings.CutPrefix(source, atNode) }

// Registers is every register a node knows of.
type Registers []Register

// For returns the registers of a category to be asked about a person of the
// places on a day, those that speak for more first: each that speaks for one of
// the places, and for a place with a register of its own elsewhere that one. No
// two are of one scope: what can be asked here is not asked through a peer.
func (rs Registers) For(code catalog.Code, places []string, on day.Day) []Register {
	var list []Register
	add := func(r Register) {
		i := slices.IndexFunc(list, func(have Register) bool { return have.Scope == r.Scope })
		if i < 0 {
			list = append(list, r)
		} else if _, away := NodeOf(list[i].Source); away {
			list[i] = r
		}
	}
	for _, r := range rs {
		if r.Category == code && !r.Below && r.ValidOn(on) && slices.ContainsFunc(places, func(p string) bool { return Covers(r.Scope, p) }) {
			add(r)
		}
	}
	for _, r := range rs {
		if r.Category != code || !r.Below || !r.ValidOn(on) {
			continue
		}
		for _, p := range places {
			known := slices.ContainsFunc(list, func(have Register) bool { return have.Scope == p })
			if !known && p != r.Scope && Covers(r.Scope, p) {
				one := r
				one.Scope, one.Below = p, false
				list = append(list, one)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Register) int { return cmp.Compare(a.Scope, b.Scope) })
	return list
}

// At returns the register of a category that speaks for exactly the scope on a
// day, the node's own one before a peer's.
func (rs Registers) At(code catalog.Code, scope string, on day.Day) (Register, bool) {
	for _, below := range []bool{false, true} {
		best, found := Register{}, false
		for _, r := range rs {
			switch {
			case r.Category != code || r.Below != below || !r.ValidOn(on):
			case !below && r.Scope != scope, below && (r.Scope == scope || !Covers(r.Scope, scope)):
			default:
				if _, away := NodeOf(r.Source); !found || !away {
					best, found = r, true
				}
			}
		}
		if found {
			best.Scope, best.Below = scope, false
			return best, true
		}
	}
	return Register{}, false
}

// Kept returns the register of a source once for each body that has kept it, within
// the register's own days: a query names the body of the day on which it was asked.
func (r Register) Kept(info source.Info) Registers {
	r.Source, r.Department = info.Name, info.Department
	if len(info.Keepers) == 0 {
		return Registers{r}
	}
	var list Registers
	for _, k := range info.Keepers {
		one := r
		one.Department = k.Name
		if k.From.After(one.From) {
			one.From = k.From
		}
		if !k.Until.IsZero() && (one.Until.IsZero() || k.Until.Before(one.Until)) {
			one.Until = k.Until
		}
		if one.Until.IsZero() || one.From.Before(one.Until) {
			list = append(list, one)
		}
	}
	return list
}

// DepartmentOn is who keeps the register, in the words of the day.
func (r Register) DepartmentOn(on day.Day) string {
	if r.Department != "" {
		return r.Department
	}
	if c, ok := catalog.Get(r.Category); ok {
		if owner, ok := c.OwnerOn(on); ok {
			return owner.Name
		}
	}
	return ""
}

// Apart reports whether a reader must be told for which division a register
// speaks: the category has others, or the division does not hold those of all.
func (rs Registers) Apart(code catalog.Code, scope string) bool {
	return scope != "" && slices.ContainsFunc(rs, func(r Register) bool {
		return r.Scope != "" && r.Scope != scope && (r.Category == code || !Covers(scope, r.Scope))
	})
}

// Todays is the division that stands on a day where the code stood before: 鄞州区
// for 江东区 from October 2016. A code that nothing is known to follow stays.
func Todays(division string, on day.Day) string {
	if d, ok := region.Successor(division, on); ok {
		return d.Code
	}
	return division
}

// places are where registers may hold something on a person of the case: the
// case's own division, and the one in which the person is registered if that is
// another (人户分离).
func (c *Case) places(p Person, on day.Day) []string {
	places := []string{Todays(c.Division, on)}
	if p.Registered != "" {
		if r := Todays(p.Registered, on); r != places[0] {
			places = append(places, r)
		}
	}
	return places
}

// unasked settles a query that nobody can be asked, or for which nobody gave
// consent.
func (q *Query) unasked(o source.Outcome, why source.Reason) {
	q.State, q.Outcome, q.Reason, q.AnsweredAt = Answered, o, why, q.CreatedAt
}
