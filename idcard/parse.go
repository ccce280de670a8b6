package idcard

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unique"

	"hedui/day"
)

// A Reason says why a text is not an identity number. It is stable, so that a
// door can choose its words by it.
type Reason string

// The reasons of [Parse], in the order in which it looks, and those of
// [Number.PlausibleOn].
const (
	ReasonEmpty     Reason = "empty"     // nothing was given
	ReasonDamaged   Reason = "damaged"   // a spreadsheet took it for a quantity: E+17, or the last three digits lost
	ReasonLength    Reason = "length"    // neither 18 nor 15 characters
	ReasonCharacter Reason = "character" // something else than digits and a final X
	ReasonBirth     Reason = "birth"     // the calendar has no such birth day, or it lies before 1800
	ReasonCheck     Reason = "check"     // the check character does not fit the other 17
	ReasonFuture    Reason = "future"    // born after the day in question
	ReasonAge       Reason = "age"       // more than 130 years old on the day in question
)

// An Error tells why a number was refused, never the number.
type Error struct{ Reason Reason }

// Error implements error; it never quotes what was typed.
func (e *Error) Error() string { return "idcard: not an identity number: " + string(e.Reason) }

// Parse reads an identity number of 18 or 15 characters as people and old systems
// write it: with blanks, a byte order mark, full-width characters, a lower-case x
// or a letter that only looks like one, and with what spreadsheets put around a
// text. A 15-digit number becomes the 18-character one (GB 11643 with the century
// put in). What a spreadsheet took for a quantity is refused as [ReasonDamaged]:
// the digits that were lost are never guessed. The error is always an [*Error].
//
// One number in about a thousand really ends in 000 with a check character that
// fits; no reader can tell it from another that lost its last three digits, so
// [CompareNumber] holds what a register returned against the one asked for.
func Parse(s string) (Number, error) {
	s = unquantity(strings.Map(normal, s))
	switch {
	case s == "":
		return refuse(ReasonEmpty)
	case quantity.MatchString(s):
		return refuse(ReasonDamaged)
	case len(s) != 15 && len(s) != 18:
		return refuse(ReasonLength)
	case !digits(s[:len(s)-1]), !digits(s[len(s)-1:]) && !(len(s) == 18 && s[17] == 'X'):
		return refuse(ReasonCharacter)
	}
	if len(s) == 15 {
		s = lengthen(s)
	}
	if _, ok := birthIn(s); !ok {
		return refuse(ReasonBirth)
	}
	if check(s) != s[17] {
		if strings.HasSuffix(s, "000") {
			return refuse(ReasonDamaged)
		}
		return refuse(ReasonCheck)
	}
	return Number{unique.Make(s)}, nil
}

// Make builds the number of a person born on birth and registered in division
// (six digits) under serial (1 to 999, odd for men), and false when no such
// number can exist. It serves the simulator and tests.
func Make(division string, birth day.Day, serial int) (Number, bool) {
	if len(division) != 6 || !digits(division) || serial < 1 || serial > 999 {
		return Number{}, false
	}
	s := fmt.Sprintf("%s%04d%02d%02d%03d", division, birth.Year(), birth.Month(), birth.Dom(), serial)
	if _, ok := birthIn(s); !ok {
		return Number{}, false
	}
	return Number{unique.Make(s + string(check(s)))}, true
}

func refuse(r Reason) (Number, error) { return Number{}, &Error{r} }

// quantity is a number as a spreadsheet writes a quantity: with an exponent or
// with decimals.
var quantity = regexp.MustCompile(`^[0-9]+(\.[0-9]*)?E\+?[0-9]+$|^[0-9]+\.[0-9]*$`)

// unquantity takes the decimals off 15 digits, which a spreadsheet keeps exactly;
// of 18 it keeps only 15.
func unquantity(s string) string {
	whole, decimals, cut := strings.Cut(s, ".")
	if cut && len(whole) == 15 && strings.Trim(decimals, "0") == "" {
		return whole
	}
	return s
}

// normal drops blanks, invisible marks and what spreadsheets put before, around
// and between digits (' " = , -), and folds full-width and lower-case characters
// and those that look like an X. What is not ASCII then becomes '?', one byte for
// one character, so that the length is told right.
func normal(r rune) rune {
	switch {
	case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), unicode.IsControl(r), strings.ContainsRune("\u2800\u3164‘’‛′´“”‐‑‒–—−", r):
		return -1
	case strings.ContainsRune("×ХхΧχⅩⅹ✕✖╳", r):
		return 'X'
	case r >= '！' && r <= '～':
		r -= '！' - '!'
	}
	if strings.ContainsRune("'`\"=,-", r) {
		return -1
	}
	if r > unicode.MaxASCII {
		return '?'
	}
	return unicode.ToUpper(r)
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// lengthen puts the century into a 15-digit number and appends the check
// character.
func lengthen(s string) string {
	s = s[:6] + century(s[12:]) + s[6:]
	return s + string(check(s))
}

// century returns the first two digits of the birth year that a 15-digit number
// with this serial left out: 996 to 999 were kept for people who were already
// over a hundred when the numbers were first given out.
func century(serial string) string {
	if serial >= "996" {
		return "18"
	}
	return "19"
}

// birthIn reads the birth day at its place in an 18-character number.
func birthIn(s string) (day.Day, bool) {
	b, err := day.Parse(s[6:10] + "-" + s[10:12] + "-" + s[12:14])
	return b, err == nil && b.Year() >= 1800
}

// check computes the 18th character from the first 17 digits: ISO 7064 MOD 11-2,
// as GB 11643 prescribes.
func check(s string) byte {
	p := 0
	for i := range 17 {
		p = (p + int(s[i]-'0')) * 2 % 11
	}
	return "10X98765432"[p]
}
