// Package idcard holds citizen identity numbers as GB 11643 defines them: six
// digits of the division of first registration, the birth day, a serial whose
// last digit tells the sex, and a check character.
//
// A [Number] is valid by construction and does not leak: every way of printing
// it gives the masked form and it refuses to be marshalled. [Number.Reveal] is
// the only way out, a word one can search for.
//
// The package does not ask whether the division exists: it is the place of first
// registration, often one that was dissolved long ago. It knows no clock either;
// see [Number.PlausibleOn].
package idcard

import (
	"unique"

	"hedui/day"
)

// A Number is a valid identity number in its 18-character form. Only [Parse] and
// [Make] give a non-zero one. Numbers compare with == and serve as map keys. The
// handle keeps the characters out of reach of fmt and reflection even where a
// Number sits in an unexported field and its methods are not called.
type Number struct{ h unique.Handle[string] }

// IsZero reports whether n holds no number.
func (n Number) IsZero() bool { return n == Number{} }

// Reveal returns the 18 characters in clear, or nothing for the zero Number. The
// result must not reach a log, an error, a URL or a file name.
func (n Number) Reveal() string {
	if n.IsZero() {
		return ""
	}
	return n.h.Value()
}

// Division returns the six digits of the division of first registration, which
// may no longer exist.
func (n Number) Division() string {
	if n.IsZero() {
		return ""
	}
	return n.Reveal()[:6]
}

// Birth returns the day of birth, or no day for the zero Number.
func (n Number) Birth() day.Day {
	if n.IsZero() {
		return day.Day{}
	}
	b, _ := birthIn(n.Reveal())
	return b
}

// Male reports whether the serial is odd, which GB 11643 gives to men. It is
// false for the zero Number.
func (n Number) Male() bool {
	return !n.IsZero() && (n.Reveal()[16]-'0')%2 == 1
}

// AgeOn returns the completed years of life on d, negative before birth and 0 for
// the zero Number. Who was born on 29 February completes a year on 1 March
// of a common year.
func (n Number) AgeOn(d day.Day) int {
	if n.IsZero() {
		return 0
	}
	b := n.Birth()
	age := d.Year() - b.Year()
	if d.Month() < b.Month() || d.Month() == b.Month() && d.Dom() < b.Dom() {
		age--
	}
	return age
}

// oldest is the age in years above which a number is taken for a mistake.
const oldest = 130

// PlausibleOn returns an [*Error] when on d the holder would not be born yet or
// would be more than 130 years old.
func (n Number) PlausibleOn(d day.Day) error {
	switch {
	case n.IsZero():
		return &Error{ReasonEmpty}
	case n.Birth().After(d):
		return &Error{ReasonFuture}
	case n.AgeOn(d) > oldest:
		return &Error{ReasonAge}
	}
	return nil
}

// Short returns the 15-digit form used until 1999, and false when the holder has
// none: it left the century out, so it exists for births in 19xx, and with the
// serials 996 to 999 for births in 18xx.
func (n Number) Short() (string, bool) {
	s := n.Reveal()
	if s == "" || century(s[14:17]) != s[6:8] {
		return "", false
	}
	return s[:6] + s[8:17], true
}
