package uscc

import (
	"fmt"
	"strings"
	"unicode"
)

// A Reason says why a text is no code. It is stable, so that a door can choose
// its words by it.
type Reason string

// The reasons of [Parse], in the order in which it looks.
const (
	ReasonEmpty     Reason = "empty"     // nothing was given
	ReasonLength    Reason = "length"    // not 18, 15 or 9 characters
	ReasonCharacter Reason = "character" // a character that the kind of this length does not have there
	ReasonCheck     Reason = "check"     // the last character does not fit the others
)

// An Error tells why a code was refused, not what was typed.
type Error struct{ Reason Reason }

// Error implements error.
func (e *Error) Error() string { return "uscc: not a code of an organisation: " + string(e.Reason) }

// Parse reads a code of any kind, told by its length: with blanks, a byte order
// mark, full-width or lower-case characters, and an organisation code also with
// the hyphen before its check character. The error is always an [*Error].
//
// The check character of the organisation code inside a unified code is not
// examined: the outer one already catches every changed character.
func Parse(s string) (Code, error) {
	s = strings.Map(normal, s)
	if len(s) == 10 && s[8] == '-' {
		s = s[:8] + s[9:]
	}
	var shape, want string
	switch len(s) {
	case 0:
		return Code{}, &Error{ReasonEmpty}
	case 18:
		shape = strings.Repeat("a", 2) + strings.Repeat("d", 6) + strings.Repeat("a", 10)
	case 15:
		shape = strings.Repeat("d", 15)
	case 9:
		shape = strings.Repeat("z", 8) + "x"
	default:
		return Code{}, &Error{ReasonLength}
	}
	for i := range len(s) {
		if strings.IndexByte(classes[shape[i]], s[i]) < 0 {
			return Code{}, &Error{ReasonCharacter}
		}
	}
	switch body := s[:len(s)-1]; len(s) {
	case 18:
		want = checkUSCC(body)
	case 15:
		want = checkRegistration(body)
	case 9:
		want = checkOrganisation(body)
	}
	if !strings.HasSuffix(s, want) {
		return Code{}, &Error{ReasonCheck}
	}
	return Code{s}, nil
}

const digits = "0123456789"

// alphabet has the 31 characters of GB 32100 in the order of their values:
// I, O, S, V and Z are left out.
const alphabet = digits + "ABCDEFGHJKLMNPQRTUWXY"

// classes are the characters that each letter of a shape stands for.
var classes = map[byte]string{'a': alphabet, 'd': digits, 'z': digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 'x': digits + "X"}

// normal drops blanks and invisible marks and folds full-width and lower-case
// characters. What is not ASCII then becomes '?', one byte for one character, so
// that the length is told right.
func normal(r rune) rune {
	switch {
	case unicode.IsSpace(r), unicode.Is(unicode.Cf, r), unicode.IsControl(r):
		return -1
	case r >= '！' && r <= '～':
		r -= '！' - '!'
	}
	if r > unicode.MaxASCII {
		return '?'
	}
	return unicode.ToUpper(r)
}

// MakeUSCC builds the unified code of an entity from its two characters for
// registering department and entity type ("91" a company, "92" a one-person
// business, "93" a farmers' cooperative), the division (six digits) and the eight
// characters of its organisation code; false when they have other characters.
// Like the two others it serves the simulator and tests.
func MakeUSCC(entity, division, organisation string) (Code, bool) {
	if len(entity) != 2 || len(division) != 6 || len(organisation) != 8 || strings.Trim(division, digits) != "" ||
		strings.Trim(entity+organisation, alphabet) != "" {
		return Code{}, false
	}
	body := entity + division + organisation + checkOrganisation(organisation)
	return Code{body + checkUSCC(body)}, true
}

// MakeRegistration builds the 15-digit registration number that the office of
// the division (six digits) gives out under a sequence of up to eight digits.
func MakeRegistration(division string, sequence int) (Code, bool) {
	if len(division) != 6 || strings.Trim(division, digits) != "" || sequence < 0 || sequence > 99_999_999 {
		return Code{}, false
	}
	body := fmt.Sprintf("%s%08d", division, sequence)
	return Code{body + checkRegistration(body)}, true
}

// MakeOrganisation builds the organisation code on eight digits or capitals.
func MakeOrganisation(base string) (Code, bool) {
	if len(base) != 8 || strings.Trim(base, classes['z']) != "" {
		return Code{}, false
	}
	return Code{base + checkOrganisation(base)}, true
}
