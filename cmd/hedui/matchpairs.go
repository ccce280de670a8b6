package main

import (
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/sim"
)

// A pair is a person asked about and an entry that a register returned, with the
// truth about the two.
type pair struct {
	kind  string // what was done, for the table
	asked asked
	entry idcard.Entry
	ours  bool
}

// pairing draws pairs from a city.
type pairing struct {
	*rand.Rand
	city      *sim.City
	registers []catalog.Code
	first     int              // persons before are the fixed families
	namesakes map[string][]int // by name
}

// pairKinds are the ways of drawing a pair and how often of a hundred: own entries with
// the dirt of their register, and entries of others that are easily mistaken.
var pairKinds = []struct {
	percent int
	draw    func(*pairing) (pair, bool)
}{
	{70, (*pairing).own},
	{4, (*pairing).ownByBirth},
	{4, (*pairing).namesake},
	{4, (*pairing).namesakeByBirth},
	{4, (*pairing).neighbour},
	{3, (*pairing).namesakeBornAlike},
	{3, (*pairing).otherSwapped},
	{4, (*pairing).sibling},
	{4, (*pairing).otherUnderNumber},
}

// clean is the kind of an entry without a flaw.
const clean = "clean"

func newPairing(city *sim.City) *pairing {
	p := &pairing{Rand: rand.New(rand.NewPCG(7, 7)), city: city, namesakes: map[string][]int{}} //nolint:gosec // to be repeated
	for c := range sim.UsualDirt() {
		p.registers = append(p.registers, c)
	}
	slices.Sort(p.registers)
	for _, f := range sim.Families() {
		p.first += len(f.Members)
	}
	for i := p.first; i < city.Size(); i++ {
		name, _ := city.Person(i)
		p.namesakes[name] = append(p.namesakes[name], i)
	}
	return p
}

// indistinct counts the persons who share name, birthday and sex with another.
func (p *pairing) indistinct() int {
	n := 0
	for _, all := range p.namesakes {
		alike := map[string]int{}
		for _, i := range all {
			id := p.person(i).number
			alike[id.Birth().String()+strconv.FormatBool(id.Male())]++
		}
		for _, share := range alike {
			if share > 1 {
				n += share
			}
		}
	}
	return n
}

// pairs yields n pairs, the same for one city.
func (p *pairing) pairs(n int) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for done := 0; done < n; {
			at := p.IntN(100)
			for _, k := range pairKinds {
				if at -= k.percent; at >= 0 {
					continue
				}
				if one, ok := k.draw(p); ok {
					if done++; !yield(one) {
						return
					}
				}
				break
			}
		}
	}
}

func (p *pairing) anybody() int { return p.first + p.IntN(p.city.Size()-p.first) }

func (p *pairing) person(i int) asked {
	name, number := p.city.Person(i)
	return asked{name, number}
}

// row is the entry of a register on person i.
func (p *pairing) row(i int) (idcard.Entry, sim.Entry) {
	e := p.city.Entry(p.registers[p.IntN(len(p.registers))], i)
	entry := idcard.Entry{Number: e.Number, Name: e.Name}
	if e.OtherName != "" {
		entry.OtherNames = []string{e.OtherName}
	}
	return entry, e
}

// own is the entry that a register has under the person's number. Where it is
// somebody else's in truth, so the city says.
func (p *pairing) own() (pair, bool) {
	i := p.anybody()
	entry, e := p.row(i)
	kind := clean
	if len(e.Flaws) > 0 {
		words := []string{}
		for _, f := range e.Flaws {
			words = append(words, string(f))
		}
		kind = strings.Join(words, "+")
		if len(words) > 1 {
			kind = "two flaws at once"
		}
	}
	return pair{kind, p.person(i), entry, !e.Has(sim.TwoPersons)}, true
}

// ownByBirth is an entry of a register without numbers.
func (p *pairing) ownByBirth() (pair, bool) {
	i := p.anybody()
	entry, e := p.row(i)
	a := p.person(i)
	entry.Number, entry.Birth, entry.Sex = "", a.number.Birth(), sexOf(a.number)
	return pair{"no number: name and birthday", a, entry, true}, !e.Has(sim.TwoPersons)
}

func sexOf(n idcard.Number) idcard.Sex {
	if n.Male() {
		return idcard.Male
	}
	return idcard.Female
}

// another is somebody else of the same name, where there is one.
func (p *pairing) another() (i, j int, ok bool) {
	i = p.anybody()
	name, _ := p.city.Person(i)
	all := p.namesakes[name]
	j = all[p.IntN(len(all))]
	return i, j, i != j
}

func (p *pairing) namesake() (pair, bool) {
	i, j, ok := p.another()
	entry, e := p.row(j)
	return pair{"a namesake", p.person(i), entry, false}, ok && !e.Has(sim.TwoPersons)
}

// namesakeByBirth is an entry that a register without numbers returns for the name:
// mostly of another birthday, as often of the same as the city has such people.
func (p *pairing) namesakeByBirth() (pair, bool) {
	i, j, ok := p.another()
	entry, e := p.row(j)
	n := p.person(j).number
	entry.Number, entry.Birth, entry.Sex = "", n.Birth(), sexOf(n)
	return pair{"no number: a namesake", p.person(i), entry, false}, ok && !e.Has(sim.TwoPersons)
}

// beside is another number of the same division, day and sex.
func (p *pairing) beside(n idcard.Number) (idcard.Number, bool) {
	serial := 1 + p.IntN(995)
	other, ok := idcard.Make(n.Division(), n.Birth(), serial)
	return other, ok && other != n && other.Male() == n.Male()
}

// neighbour is somebody born on the same day whose number is near.
func (p *pairing) neighbour() (pair, bool) {
	i, j := p.anybody(), p.anybody()
	a := p.person(i)
	n, ok := p.beside(a.number)
	name := p.person(j).name
	return pair{"a neighbour's number", a, idcard.Entry{Number: n.Reveal(), Name: name}, false}, ok && name != a.name
}

// namesakeBornAlike is the hardest: same name, birthday and sex, another number.
func (p *pairing) namesakeBornAlike() (pair, bool) {
	a := p.person(p.anybody())
	n, ok := p.beside(a.number)
	return pair{"a namesake of the same birthday", a, idcard.Entry{Number: n.Reveal(), Name: a.name}, false}, ok
}

// otherSwapped is somebody whose number is that of the person with two digits in
// each other's place.
func (p *pairing) otherSwapped() (pair, bool) {
	a := p.person(p.anybody())
	b := []byte(a.number.Reveal())
	x, y := p.IntN(17), p.IntN(17)
	b[x], b[y] = b[y], b[x]
	n, err := idcard.Parse(string(b[:17]) + "0")
	for _, last := range "123456789X" {
		if err != nil {
			n, err = idcard.Parse(string(b[:17]) + string(last))
		}
	}
	return pair{"digits swapped, another's number", a, idcard.Entry{Number: n.Reveal(), Name: p.person(p.anybody()).name}, false}, err == nil && n != a.number
}

// sibling is somebody of the next places in the city with the same family name,
// mostly a child or parent.
func (p *pairing) sibling() (pair, bool) {
	i := p.anybody()
	j := i + 1 + p.IntN(3)
	if j >= p.city.Size() {
		return pair{}, false
	}
	a, b := p.person(i), p.person(j)
	entry, e := p.row(j)
	same := []rune(a.name)[0] == []rune(b.name)[0]
	return pair{"a relative of the same family name", a, entry, false}, same && a.name != b.name && !e.Has(sim.TwoPersons)
}

// otherUnderNumber is somebody else's entry under the person's number, half of them
// with the same family name.
func (p *pairing) otherUnderNumber() (pair, bool) {
	a := p.person(p.anybody())
	name := p.person(p.anybody()).name
	if p.IntN(2) == 0 {
		r := []rune(name)
		r[0] = []rune(a.name)[0]
		name = string(r)
	}
	return pair{"another name under the number", a, idcard.Entry{Number: a.number.Reveal(), Name: name}, false}, name != a.name
}
