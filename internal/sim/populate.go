package sim

import (
	"math"
	"math/rand/v2"

	"hedui/day"
)

// census is the day on which the population is drawn. It is fixed, so that a seed
// gives the same people next year, only older.
var census = day.Must("2026-01-01")

// populate fills the city up to size persons after the fixed families.
func (c *City) populate(size int) {
	r := rand.New(rand.NewPCG(c.seed, 1))
	c.employers(r, max(20, size/40))
	for len(c.people) < size {
		c.settle(r, size-len(c.people))
	}
}

// employers founds the firms that people work for. Their owners come later.
func (c *City) employers(r *rand.Rand, n int) {
	for range n {
		f := firm{
			owner: none, partner: none, county: drawCounty(r),
			sector: sector(r.IntN(4)), founded: c.daysBefore(r, 300, 9000), share: 100, //nolint:gosec // 0 to 3
			capital: []int32{100_000, 500_000, 1_000_000, 2_000_000, 5_000_000}[r.IntN(5)],
		}
		if r.IntN(20) == 0 {
			f.kind = public
		}
		c.firms = append(c.firms, f)
	}
	c.lastEmployer = int32(len(c.firms)) //nolint:gosec // fewer than persons
}

// settle adds one household of at most room persons.
func (c *City) settle(r *rand.Rand, room int) {
	h := household{first: int32(len(c.people)), county: drawCounty(r), rural: r.IntN(100) < 35} //nolint:gosec // bounded by Options
	c.homes = append(c.homes, h)
	switch n := r.IntN(100); {
	case room < 6 || n < 12:
		c.single(r, 20, 50)
	case n < 20:
		c.widowed(r)
	case n < 40:
		c.couple(r, 24+r.IntN(55))
	case n < 45:
		c.lone(r)
	default:
		c.family(r, n >= 83)
	}
	c.furnish(r)
}

// add puts a person into the newest household; age is at the census.
func (c *City) add(r *rand.Rand, isMale bool, age int, surname uint8, relation uint8) int32 {
	p := person{
		household: int32(len(c.homes)) - 1, spouse: none, employer: none, owns: none, //nolint:gosec // bounded
		surname: surname, given: drawGiven(r), relation: relation, marital: 10,
	}
	if isMale {
		p.traits |= male
	}
	p.born = census.AddMonths(-12 * age).Add(-1 - r.IntN(364))
	c.enrol(r, &p)
	return int32(len(c.people)) - 1 //nolint:gosec // bounded
}

// enrol gives the person an identity number that nobody has and keeps it.
// The serials from 996 are left out: in 15-digit numbers they meant people born
// before 1900.
func (c *City) enrol(r *rand.Rand, p *person) {
	parity := 0
	if p.male() {
		parity = 1
	}
	for {
		start := r.IntN(497)
		for try := range 497 {
			serial := uint16((start+try)%497*2 + parity) //nolint:gosec // below 995
			k := key(p.born, serial)
			if _, taken := c.byKey[k]; taken || serial == 0 {
				continue
			}
			p.serial = serial
			c.byKey[k] = int32(len(c.people)) //nolint:gosec // bounded
			c.people = append(c.people, *p)
			c.homes[p.household].size++
			return
		}
		p.born = p.born.Add(-1) // that day is full
	}
}

func (c *City) single(r *rand.Rand, from, span int) {
	i := c.add(r, r.IntN(2) == 0, from+r.IntN(span), drawSurname(r), 2)
	c.employ(r, i)
	if r.IntN(100) < 25 {
		c.people[i].traits |= outside
	}
}

// couple adds a married couple, the husband as head.
func (c *City) couple(r *rand.Rand, age int) (husband, wife int32) {
	husband = c.add(r, true, age, drawSurname(r), 2)
	wife = c.add(r, false, max(21, age-r.IntN(5)+1), drawSurname(r), 12)
	c.marry(r, husband, wife, 20)
	c.employ(r, husband)
	c.employ(r, wife)
	if r.IntN(100) < 8 {
		c.people[husband].traits |= outside
		c.people[wife].traits |= outside
	}
	return husband, wife
}

func (c *City) marry(r *rand.Rand, a, b int32, marital uint8) {
	p, q := &c.people[a], &c.people[b]
	grown := q.born.AddMonths(12 * 21)
	if d := p.born.AddMonths(12 * 22); d.After(grown) {
		grown = d
	}
	on := grown.Add(r.IntN(2000))
	if !on.Before(census) {
		on = census.Add(-1 - r.IntN(90))
	}
	p.spouse, q.spouse = b, a
	p.married, q.married = on, on
	p.marital, q.marital = marital, marital
	if on.Year() < 1995 && r.IntN(10) < 3 {
		p.traits |= paper
		q.traits |= paper
	}
}

// widowed adds somebody old whose spouse has died; the dead stay in the registers.
func (c *City) widowed(r *rand.Rand) {
	age := 62 + r.IntN(28)
	wife := c.add(r, false, age, drawSurname(r), 2)
	husband := c.add(r, true, age+r.IntN(5), drawSurname(r), 11)
	c.marry(r, husband, wife, 30)
	c.employ(r, wife)
	dead := &c.people[husband]
	dead.died = c.daysBefore(r, 40, 5000)
	if dead.died.Before(dead.married) {
		dead.died = dead.married.Add(300)
	}
	if r.IntN(10) == 0 {
		dead.traits |= buried
	}
}

// lone adds a divorced parent with a child.
func (c *City) lone(r *rand.Rand) {
	isMale := r.IntN(3) == 0
	parent := c.add(r, isMale, 28+r.IntN(24), drawSurname(r), 2)
	p := &c.people[parent]
	p.marital, p.married = 40, c.daysBefore(r, 100, 3000)
	c.employ(r, parent)
	c.child(r, parent, p.age(census)-23-r.IntN(4))
}

// family adds a couple with children, sometimes with the husband's parents.
func (c *City) family(r *rand.Rand, old bool) {
	age := 25 + r.IntN(30)
	husband, wife := c.couple(r, age)
	children := 1
	if n := r.IntN(100); n >= 98 {
		children = 3
	} else if n >= 70 {
		children = 2
	}
	eldest := c.people[wife].age(census) - 22 - r.IntN(8)
	for n := range children {
		c.child(r, husband, eldest-3*n)
	}
	if old && age < 52 {
		mother := c.add(r, false, age+22+r.IntN(8), drawSurname(r), 52)
		c.people[mother].marital = 30
		c.employ(r, mother)
	}
}

func (c *City) child(r *rand.Rand, parent int32, age int) {
	relation, isMale := uint8(30), r.IntN(2) == 0
	if isMale {
		relation = 20
	}
	if age < 0 {
		return
	}
	i := c.add(r, isMale, min(age, 30), c.people[parent].surname, relation)
	c.people[i].traits |= c.people[parent].traits & outside
	c.employ(r, i)
}

func (c *City) daysBefore(r *rand.Rand, least, span int) day.Day {
	return census.Add(-least - r.IntN(span))
}

// drawWage is log-normal around 6,500 yuan a month, never below the minimum wage.
func drawWage(r *rand.Rand) int32 {
	w := math.Exp(8.78 + 0.45*r.NormFloat64())
	return int32(min(max(w, 2490), 80000)) / 10 * 10
}
