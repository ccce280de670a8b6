package idcard

import "hedui/day"

// A Sex is what a register says about it.
type Sex uint8

// The sexes; the zero Sex is not said.
const (
	SexUnsaid Sex = iota
	Male
	Female
)

// An Entry is what one entry of a register says about whose it is, in the
// register's own spelling; what it does not say is empty.
type Entry struct {
	Number       string
	FormerNumber string // one that the person had before, where the register has such a field
	Name         string
	OtherNames   []string // former name, married name, alias, religious name
	Birth        day.Day
	Sex          Sex

	// ByNumber says that the register was searched by the number and returns none.
	ByNumber bool
}

// A Grade says on what an entry and a person agreed. Of several entries the
// greatest grade holds for all.
type Grade uint8

// The grades.
const (
	GradeNumberName Grade = 1 + iota
	GradeNumber           // the name is not said, or not fully readable
	GradeShort            // under the 15-digit number
	GradeNameBirth        // without a number
)

// A Doubt says why an entry may or may not be the person's.
type Doubt uint8

// The doubts.
const (
	DoubtName          Doubt = 1 + iota // the number is the person's, the name is not
	DoubtNameIllegible                  // the number is the person's, of the name nothing can be compared
	DoubtNumber                         // the number cannot be read, and it or the name may be the person's
	DoubtNumberDamaged                  // the same, and a spreadsheet has spoilt the number
	DoubtTwoNumbers                     // another valid number, with the person's name and birthday
	DoubtBirth                          // no number; the name agrees, birthday or sex does not
)

// A Verdict is what comes of holding an entry against a person: a grade if it is
// the person's, a doubt if it may be, neither if it is somebody else's.
type Verdict struct {
	Grade   Grade
	Doubt   Doubt
	Unknown bool      // the entry says neither number nor, without one, name and birthday
	Used    Allowance // what was passed over, with a grade
}

// Judge holds an entry against the person asked for. A number decides where the
// entry has one; its name can then confirm it or raise a doubt, never outweigh it.
// Without a number name and birthday must both agree, the name in every character.
func (e Entry) Judge(name string, number Number) Verdict {
	got, used := CompareNumber(e.Number, number)
	if got != Agrees && e.FormerNumber != "" {
		if former, how := CompareNumber(e.FormerNumber, number); former == Agrees {
			got, used = Agrees, how|FormerNumber
		}
	}
	called, how := CompareName(e.Name, name, e.OtherNames...)
	switch got {
	case Agrees:
		return byNumber(called, used, how)
	case Unsaid:
		if e.ByNumber {
			return byNumber(called, 0, how)
		}
		return e.byBirth(called, how, number)
	case Damaged, Illegible:
		switch {
		case called == Differs && !near(e.Number, number):
			return Verdict{}
		case got == Damaged:
			return Verdict{Doubt: DoubtNumberDamaged}
		}
		return Verdict{Doubt: DoubtNumber}
	}
	// a number of somebody else, or one person under two
	if n, err := Parse(e.Number); err == nil && called == Agrees && n.Birth() == number.Birth() && n.Male() == number.Male() {
		return Verdict{Doubt: DoubtTwoNumbers}
	}
	return Verdict{}
}

// byNumber grades an entry that has the person's number.
func byNumber(called Agreement, used, how Allowance) Verdict {
	v := Verdict{Grade: GradeNumberName, Used: used | how}
	switch called {
	case Differs:
		return Verdict{Doubt: DoubtName}
	case Illegible:
		return Verdict{Doubt: DoubtNameIllegible}
	case Unsaid, Partly:
		v.Grade = GradeNumber
	}
	if used.Has(ShortNumber) {
		v.Grade = GradeShort
	}
	return v
}

// strict are the allowances that a name may need where no number stands behind it.
const strict = Blank | Width | Case | Dot | Variant | Order

func (e Entry) byBirth(called Agreement, how Allowance, number Number) Verdict {
	switch {
	case called == Unsaid || e.Birth.IsZero():
		return Verdict{Unknown: true}
	case called == Differs:
		return Verdict{Doubt: DoubtName}
	case called != Agrees, how.Has(^strict):
		return Verdict{Doubt: DoubtNameIllegible}
	case e.Birth != number.Birth(), e.Sex == Male && !number.Male(), e.Sex == Female && number.Male():
		return Verdict{Doubt: DoubtBirth}
	}
	return Verdict{Grade: GradeNameBirth, Used: how}
}
