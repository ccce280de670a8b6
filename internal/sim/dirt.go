package sim

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"

	"hedui/catalog"
	"hedui/idcard"
)

// A Flaw is one way in which a register spells whose an entry is.
type Flaw string

// The flaws of numbers.
const (
	ShortNumber Flaw = "short_number" // the 15 digits of before 1999
	FullWidth   Flaw = "full_width"   // ３３０２…
	LowerX      Flaw = "lower_x"      // x for X
	CyrillicX   Flaw = "cyrillic_x"   // Х for X
	BlankNumber Flaw = "blank_number" // blanks and invisible marks
	Apostrophe  Flaw = "apostrophe"   // ' in front, as spreadsheets mark a text
	Quantity    Flaw = "quantity"     // 3.30200196801010E+17
	LostDigits  Flaw = "lost_digits"  // the last three are 000
	Typing      Flaw = "typing"       // a wrong digit: no number at all
	Swapped     Flaw = "swapped"      // two digits changed places: no number at all
	Misfiled    Flaw = "misfiled"     // another valid number
	TwoPersons  Flaw = "two_persons"  // the entry under this number is somebody else's
)

// The flaws of names.
const (
	DotVariant  Flaw = "dot_variant" // another sign for the middle dot, or none
	BlankName   Flaw = "blank_name"  // 王  伟
	Traditional Flaw = "traditional" // 張偉
	HomeMade    Flaw = "home_made"   // a glyph of the register's own
	Question    Flaw = "question"    // a question mark or a box for a character
	Syllable    Flaw = "syllable"    // Latin letters for a character
	CutName     Flaw = "cut_name"    // a long name of which the end is missing
	FormerName  Flaw = "former_name" // the name of before, the present one in another field
	OldName     Flaw = "old_name"    // the name of before and nothing else
	Remark      Flaw = "remark"      // something in brackets
	Mistaken    Flaw = "mistaken"    // another character of the same kind: a typing error
)

// numberFlaws and nameFlaws are looked at in this order; an entry has at most one
// of each.
var (
	numberFlaws = []Flaw{TwoPersons, Quantity, LostDigits, Typing, Swapped, Misfiled, ShortNumber, FullWidth, LowerX, CyrillicX, BlankNumber, Apostrophe}
	nameFlaws   = []Flaw{CutName, DotVariant, OldName, FormerName, Mistaken, Traditional, HomeMade, Question, Syllable, BlankName, Remark}
)

// Rates say how many of ten thousand entries of a register have each flaw, of
// those that can have it: only a name with a dot has another dot.
type Rates map[Flaw]int

// Dirt are the rates of each register. The fixed families are always clean.
type Dirt map[catalog.Code]Rates

// UsualDirt are rates for all twelve registers: a recent system has few flaws, one
// that grew out of paper and spreadsheets many. The figures are made up for
// demonstrations and measurements; no register was counted.
func UsualDirt() Dirt {
	recent := Rates{
		ShortNumber: 10, FullWidth: 20, LowerX: 300, CyrillicX: 20, BlankNumber: 60, Apostrophe: 10, Quantity: 2, LostDigits: 2, Typing: 5, Swapped: 3, Misfiled: 1, TwoPersons: 3,
		DotVariant: 4000, BlankName: 30, Traditional: 5, HomeMade: 10, Question: 15, Syllable: 5, CutName: 300, FormerName: 15, OldName: 5, Remark: 10, Mistaken: 10,
	}
	grown := Rates{
		ShortNumber: 1500, FullWidth: 150, LowerX: 2000, CyrillicX: 100, BlankNumber: 300, Apostrophe: 120, Quantity: 20, LostDigits: 20, Typing: 40, Swapped: 20, Misfiled: 5, TwoPersons: 20,
		DotVariant: 7000, BlankName: 200, Traditional: 120, HomeMade: 60, Question: 60, Syllable: 30, CutName: 1500, FormerName: 40, OldName: 30, Remark: 60, Mistaken: 50,
	}
	return Dirt{
		catalog.Hukou: recent, catalog.SocialInsurance: recent, catalog.Employment: recent, catalog.NationalTax: recent, catalog.LocalTax: recent, catalog.HousingFund: recent,
		catalog.Vehicle: grown, catalog.Marriage: grown, catalog.Death: grown, catalog.Land: grown, catalog.Housing: grown, catalog.Business: grown,
	}
}

// An Entry is how a register spells whose an entry is, and the truth about it.
type Entry struct {
	Name, OtherName, Number string
	Flaws                   []Flaw
}

// Has reports whether the entry has the flaw.
func (e Entry) Has(f Flaw) bool {
	for _, one := range e.Flaws {
		if one == f {
			return true
		}
	}
	return false
}

// Entry returns how the category's register spells person i, 0 ≤ i < Size: always
// the same for one seed. Whether the register holds anything on the person is
// another matter.
func (c *City) Entry(category catalog.Code, i int) Entry {
	return c.entry(category, int32(i)) //nolint:gosec // below Size
}

func (c *City) entry(category catalog.Code, i int32) Entry {
	e := Entry{Name: c.name(i), Number: c.number(i).Reveal()}
	rates := c.opts.Dirt[category]
	if len(rates) == 0 || int(i) < len(fixtures) {
		return e
	}
	r := c.draw(i, saltDirt(category))
	for _, soil := range []struct {
		flaws []Flaw
		apply func(*City, *rand.Rand, int32, Flaw, *Entry) bool
	}{{numberFlaws, (*City).soilNumber}, {nameFlaws, (*City).soilName}} {
		for _, f := range soil.flaws {
			soiled := e
			if r.IntN(10_000) < rates[f] && soil.apply(c, r, i, f, &soiled) {
				e = soiled
				e.Flaws = append(e.Flaws, f)
				break
			}
		}
		if e.Has(TwoPersons) {
			break
		}
	}
	return e
}

// saltDirt keeps the registers apart from each other and from other salts of draw.
func saltDirt(category catalog.Code) uint64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(category))
	return 50_000 + uint64(h.Sum32()%10_000)
}

// nameIn and numberIn are what the category's register has for person i.
func (c *City) nameIn(category catalog.Code, i int32) string   { return c.entry(category, i).Name }
func (c *City) numberIn(category catalog.Code, i int32) string { return c.entry(category, i).Number }

// soilNumber puts a flaw into the number, and reports false where it cannot have it.
func (c *City) soilNumber(r *rand.Rand, i int32, f Flaw, e *Entry) bool {
	n := e.Number
	switch f {
	case TwoPersons:
		e.Name = c.name((i + 1 + r.Int32N(int32(len(c.people))-1)) % int32(len(c.people))) //nolint:gosec // fewer than five million
		return !sameName(e.Name, c.name(i))
	case Quantity:
		e.Number = n[:1] + "." + n[1:15] + "E+17"
	case LostDigits:
		e.Number = n[:15] + "000"
	case Typing:
		at := r.IntN(17)
		e.Number = n[:at] + string('0'+(n[at]-'0'+byte(1+r.IntN(9)))%10) + n[at+1:] //nolint:gosec // one digit
	case Swapped:
		at := r.IntN(16)
		e.Number = n[:at] + n[at+1:at+2] + n[at:at+1] + n[at+2:]
	case Misfiled:
		p := &c.people[i]
		other, ok := idcard.Make(division, p.born, (int(p.serial)+1+r.IntN(900))%995+1)
		e.Number = other.Reveal()
		return ok && e.Number != n
	case ShortNumber:
		short, ok := c.number(i).Short()
		if ok {
			e.Number = short
		}
		return ok
	case FullWidth:
		e.Number = strings.Map(func(r rune) rune { return r - '!' + '！' }, n)
	case LowerX:
		e.Number = strings.ToLower(n)
	case CyrillicX:
		e.Number = strings.ReplaceAll(n, "X", "Х")
	case BlankNumber:
		at := []int{0, 6, 14, 18}[r.IntN(4)]
		e.Number = n[:at] + []string{" ", "  ", "\u00a0", "\u3000", "\u200b", "\ufeff"}[r.IntN(6)] + n[at:]
	case Apostrophe:
		e.Number = []string{"'", "’", "`"}[r.IntN(3)] + n
	}
	return e.Number != n
}

// exact are the registers that compare byte for byte, byHand those in which a
// person looks and finds what a program would not.
var (
	exact  = map[catalog.Code]bool{catalog.LocalTax: true, catalog.NationalTax: true}
	byHand = map[catalog.Code]bool{catalog.Land: true}
)

// finds reports whether the register finds its entry on person i under the number
// as it was asked: what it holds spoilt it does not.
func (c *City) finds(category catalog.Code, i int32, id string) bool {
	held := c.numberIn(category, i)
	if byHand[category] || held == id || len(c.opts.Dirt) == 0 {
		return true
	}
	n, err := idcard.Parse(held)
	return err == nil && n == c.number(i) && !exact[category]
}

// accepts reports whether the register takes the name for that of its entry.
func (c *City) accepts(category catalog.Code, i int32, name string) bool {
	held := c.nameIn(category, i)
	switch {
	case len(c.opts.Dirt) == 0, !exact[category] && !byHand[category]:
		return sameName(held, name)
	case byHand[category]:
		return true // whoever asks may judge what stands there
	}
	return held == name
}
