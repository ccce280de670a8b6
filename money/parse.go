package money

import (
	"strings"
	"unicode"
)

// A Reason says why a text is not an amount. It is stable, so that a door can
// choose its words by it.
type Reason string

// The reasons of [Parse].
const (
	ReasonEmpty    Reason = "empty"    // nothing was given
	ReasonFormat   Reason = "format"   // not digits with well-placed separators: words, NaN, an exponent
	ReasonDecimals Reason = "decimals" // more than two decimals: finer than a fen
	ReasonRange    Reason = "range"    // beyond [Limit] on either side
)

// An Error tells why an amount was refused, not what was typed.
type Error struct{ Reason Reason }

// Error implements error.
func (e *Error) Error() string { return "money: not an amount in yuan: " + string(e.Reason) }

// Parse reads an amount in yuan as people and sources write it: "1234.5",
// "1,234.50", "¥1234", ".5", full-width characters, blanks around. A comma must
// part groups of three digits, so that a decimal comma is never mistaken for one.
// A negative amount is read; whether it makes sense is the caller's decision. The
// error is always an [*Error].
func Parse(s string) (Fen, error) {
	s = strings.TrimFunc(strings.Map(halfWidth, s), blank)
	if s == "" {
		return 0, &Error{ReasonEmpty}
	}
	s, signed := strings.CutPrefix(s, "¥") // "¥-5" and "-¥5" are both seen
	s, negative := strings.CutPrefix(s, "-")
	if !signed {
		s = strings.TrimPrefix(s, "¥")
	}
	whole, fraction, point := strings.Cut(s, ".")
	whole, ok := ungroup(whole)
	switch {
	case !ok, !digits(fraction), whole == "" && fraction == "", point && fraction == "":
		return 0, &Error{ReasonFormat}
	case len(fraction) > 2:
		return 0, &Error{ReasonDecimals}
	}
	var f Fen
	for _, c := range whole + (fraction + "00")[:2] {
		if f = f*10 + Fen(c-'0'); f > Limit {
			return 0, &Error{ReasonRange}
		}
	}
	if negative {
		f = -f
	}
	return f, nil
}

// halfWidth folds full-width forms into ASCII and the two other signs in use.
func halfWidth(r rune) rune {
	switch {
	case r >= '！' && r <= '～':
		return r - ('！' - '!')
	case r == '￥':
		return '¥'
	case r == '−':
		return '-'
	}
	return r
}

func blank(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' }

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// ungroup takes the commas out of the yuan, and reports whether they stood
// between groups of three.
func ungroup(s string) (string, bool) {
	groups := strings.Split(s, ",")
	for i, g := range groups {
		if !digits(g) || len(groups) > 1 && (i > 0 && len(g) != 3 || i == 0 && (g == "" || len(g) > 3)) {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}
