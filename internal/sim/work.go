package sim

import "math/rand/v2"

// pensionAge of women and men, as it was for most of those who are retired now.
const (
	pensionAgeWomen = 55
	pensionAgeMen   = 60
	workAge         = 16 // Labour Law, article 15
)

// employ gives person i what his or her age allows: school, work or a pension.
func (c *City) employ(r *rand.Rand, i int32) {
	p := &c.people[i]
	rural := c.homes[p.household].rural
	age, limit := p.age(census), pensionAgeWomen
	if p.male() {
		limit = pensionAgeMen
	}
	switch {
	case age < workAge:
		return
	case age < 23 && r.IntN(100) < 75:
		p.work = student
	case age >= limit:
		c.retire(r, p, rural, limit)
	default:
		c.hire(r, i, rural)
	}
}

func (c *City) retire(r *rand.Rand, p *person, rural bool, limit int) {
	p.since = p.born.AddMonths(12 * limit)
	if n := r.IntN(100); n < 25 && rural || n < 75 && !rural {
		p.work, p.wage = retired, int32(2200+r.IntN(330)*10) //nolint:gosec // small
		return
	}
	p.work, p.wage = resident, int32(260+r.IntN(30)*10) //nolint:gosec // small
	p.since = p.born.AddMonths(12 * 60)
	if p.since.After(census) {
		p.work, p.wage = idle, 0
	}
}

func (c *City) hire(r *rand.Rand, i int32, rural bool) {
	p := &c.people[i]
	p.since = c.daysBefore(r, 60, 3500)
	if first := p.born.AddMonths(12 * 18); p.since.Before(first) {
		p.since = first
	}
	n := r.IntN(100)
	if rural && r.IntN(3) == 0 {
		n = 99 // on the farm
	}
	switch {
	case n < 64:
		p.work, p.wage = employee, drawWage(r)
		p.employer = int32(len(fixedFirms) + r.IntN(int(c.lastEmployer)-len(fixedFirms))) //nolint:gosec // bounded
	case n < 74:
		p.work, p.wage = flexible, drawWage(r)
	case n < 81:
		p.work = selfEmployed
		c.found(r, i, soleTrader)
	case n < 84:
		p.work, p.wage = owner, drawWage(r)
		c.found(r, i, limited)
		p.employer = p.owns
	case n < 88:
		p.work = jobless
	}
}

// found makes person i the owner of a firm: of an employer that has none yet, or
// of a new one. Some firms were given up long ago and still stand in the register.
func (c *City) found(r *rand.Rand, i int32, kind firmKind) {
	p := &c.people[i]
	if kind == limited {
		for c.nextFirm < c.lastEmployer && c.firms[c.nextFirm].kind == public {
			c.nextFirm++
		}
		if c.nextFirm < c.lastEmployer {
			p.owns = c.nextFirm
			c.nextFirm++
		}
	}
	if p.owns == none {
		p.owns = int32(len(c.firms)) //nolint:gosec // bounded
		c.firms = append(c.firms, firm{
			owner: none, partner: none, county: c.homes[p.household].county, kind: kind, founded: p.since,
			sector: sector(r.IntN(4)), share: 100, capital: int32(1+r.IntN(10)) * 10_000, //nolint:gosec // small
		})
	}
	f := &c.firms[p.owns]
	f.owner = i
	if f.founded.After(p.since) {
		p.since = f.founded
	}
	if kind == limited && p.spouse != none && r.IntN(2) == 0 && c.people[p.spouse].owns == none {
		f.partner, f.share = p.spouse, uint8(51+r.IntN(40)) //nolint:gosec // percent
		c.people[p.spouse].owns = p.owns
	} else if kind == limited {
		f.kind = singleLimited
	}
	if kind == soleTrader && r.IntN(12) == 0 {
		f.status = revoked
	}
}

// furnish gives the newest household a home and its head a vehicle.
func (c *City) furnish(r *rand.Rand) {
	h := &c.homes[len(c.homes)-1]
	switch n := r.IntN(100); {
	case h.rural && n < 70:
		h.home = homestead
		if n < 25 {
			h.home = oldHomestead
		}
	case !h.rural && n < 62:
		h.home = ownFlat
	case !h.rural && n < 70:
		h.home = twoFlats
	}
	head := &c.people[h.first]
	if head.has(outside) {
		h.home = rented
	}
	if head.age(census) < 20 || head.age(census) > 78 {
		return
	}
	switch n := r.IntN(100); {
	case n < 42:
		head.vehicle = car
	case n < 46:
		head.vehicle = oldCar
	case n < 48:
		head.vehicle = wreck
	case n < 50:
		head.vehicle = lorry
	case n < 56:
		head.vehicle = motorbike
	}
}
