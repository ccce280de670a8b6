package sim

import (
	"math/rand/v2"

	"hedui/day"
	"hedui/idcard"
)

// division is the prefix of every identity number: the city code, which no
// person was ever registered under.
const division = "330200"

// none stands for no person and no firm in the links below.
const none = int32(-1)

// A person is kept small, a city has many. What registers say beyond it is drawn
// again from the seed whenever it is asked for.
type person struct {
	born    day.Day
	died    day.Day
	married day.Day // of the present or last marriage
	since   day.Day // start of work, or of the pension

	household int32
	spouse    int32
	employer  int32
	owns      int32 // firm of which the person is owner or partner
	wage      int32 // yuan a month; the pension for the retired

	given    uint16
	serial   uint16
	surname  uint8
	relation uint8 // to the head, GB/T 4761
	marital  uint8 // GB/T 2261.2
	work     work
	vehicle  vehicle
	traits   trait
}

type work uint8

const (
	idle work = iota // at home, on the farm, too young
	student
	employee
	flexible     // insured without an employer
	selfEmployed // runs a firm of kind soleTrader
	owner        // runs a company
	jobless      // registered as unemployed
	retired      // employees' pension
	resident     // residents' pension
)

type vehicle uint8

const (
	noVehicle vehicle = iota
	car
	oldCar // inspection overdue
	wreck  // due for scrapping, still registered
	lorry  // for hire
	motorbike
)

type trait uint8

const (
	male    trait = 1 << iota
	outside       // lives here, registered elsewhere
	paper         // marriage only in the paper register
	buried        // earth burial: not in the funeral data
)

func (p *person) has(t trait) bool { return p.traits&t != 0 }

// A household has its members at first, first+1, …; the head comes first.
type household struct {
	first  int32
	county uint8
	size   uint8
	home   home
	rural  bool
}

type home uint8

const (
	rented home = iota
	ownFlat
	twoFlats
	homestead // land, and a house that no register holds
	oldHomestead
)

// dawn is the first birthday that a key can hold.
var dawn = day.Must("1900-01-01")

// key tells persons apart: birthday and serial within one division.
func key(born day.Day, serial uint16) uint32 {
	return uint32(born.Sub(dawn))*1000 + uint32(serial) //nolint:gosec // birthdays since 1900
}

// number makes the identity number of person i.
func (c *City) number(i int32) idcard.Number {
	p := &c.people[i]
	n, _ := idcard.Make(division, p.born, int(p.serial))
	return n
}

// find returns who has the identity number, or none.
func (c *City) find(n idcard.Number) int32 {
	if n.Division() != division || n.Birth().Before(dawn) {
		return none
	}
	s := n.Reveal()
	serial := uint16(s[14]-'0')*100 + uint16(s[15]-'0')*10 + uint16(s[16]-'0')
	if i, ok := c.byKey[key(n.Birth(), serial)]; ok {
		return i
	}
	return none
}

// draw returns the source of chance for what one register says about a person or
// firm: always the same, and for fixed families the same in every city.
func (c *City) draw(i int32, salt uint64) *rand.Rand {
	seed := c.seed
	if int(i) < len(fixtures) {
		seed = 0
	}
	return rand.New(rand.NewPCG(seed, uint64(uint32(i))<<16|salt)) //nolint:gosec // an index, never negative here
}

// The salts of draw.
const (
	saltHukou = iota + 1
	saltVehicle
	saltMarriage
	saltDeath
	saltInsurance
	saltJob
	saltLand
	saltHouse
	saltFund
	saltFirm
	saltTax
	saltWage // and one for each month after it
)

func (p *person) male() bool { return p.has(male) }

// age in completed years.
func (p *person) age(on day.Day) int {
	age := on.Year() - p.born.Year()
	if on.Month() < p.born.Month() || on.Month() == p.born.Month() && on.Dom() < p.born.Dom() {
		age--
	}
	return age
}

func (p *person) alive() bool { return p.died.IsZero() }
