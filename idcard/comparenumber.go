package idcard

import (
	"errors"
	"strconv"
	"strings"
)

// An Agreement says how what a register returned stands to what was asked for.
type Agreement uint8

// The agreements.
const (
	Unsaid    Agreement = iota // the register does not say
	Agrees                     // the same, with the allowances told
	Partly                     // what can be read of it is the same
	Illegible                  // it cannot be read
	Damaged                    // a number that a spreadsheet has spoilt; its lost digits may have been those asked for
	Differs                    // another one
)

// CompareNumber holds an identity number in a register's spelling against the one
// that was asked for. Digits are never guessed: a number with a typing error is
// Illegible, never the one it is nearest to. Stars stand for any character, but
// not for the whole number.
func CompareNumber(returned string, asked Number) (Agreement, Allowance) {
	if asked.IsZero() {
		return Illegible, 0
	}
	bare := strings.Map(normal, returned)
	if strings.Contains(bare, "*") {
		return compareMasked(bare, asked)
	}
	n, err := Parse(returned)
	var used Allowance
	if short := len(unquantity(bare)) == 15; short {
		used |= ShortNumber
		bare = unquantity(bare)
	}
	if returned != bare {
		used |= LooseNumber
	}
	e, _ := errors.AsType[*Error](err)
	switch {
	case err == nil && n == asked:
		return Agrees, used
	case e != nil && e.Reason == ReasonEmpty:
		return Unsaid, 0
	case e != nil && e.Reason == ReasonDamaged, rounded(bare, asked):
		return Damaged, 0
	case err != nil:
		return Illegible, 0
	}
	return Differs, 0
}

func compareMasked(bare string, asked Number) (Agreement, Allowance) {
	if behindStars(bare, asked.Reveal()) {
		return Agrees, MaskedNumber
	}
	if s, ok := asked.Short(); ok && behindStars(bare, s) {
		return Agrees, MaskedNumber | ShortNumber
	}
	return Differs, 0
}

// behindStars reports whether the characters that are not masked are those of text.
func behindStars(masked, text string) bool {
	if len(masked) != len(text) || strings.Trim(masked, "*") == "" {
		return false
	}
	for i := range len(text) {
		if masked[i] != '*' && masked[i] != text[i] {
			return false
		}
	}
	return true
}

// rounded reports whether a spreadsheet or a floating-point column makes text of
// the number asked for: it keeps 15 digits, or the nearest multiple of a power of
// two. One such text in eleven has a fitting check character by chance.
func rounded(text string, asked Number) bool {
	s := asked.Reveal()
	if text == s {
		return false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return text == s[:15]+"000" || err == nil && text == strconv.FormatUint(uint64(float64(n)), 10)
}

// near reports whether a number that cannot be read may have been the one asked
// for: it begins alike where a spreadsheet has cut it, or two digits are others.
func near(returned string, asked Number) bool {
	bare, full := strings.Map(normal, returned), asked.Reveal()
	if digits, _, cut := strings.Cut(bare, "E"); cut {
		digits = strings.ReplaceAll(digits, ".", "")
		return len(digits) > 1 && strings.HasPrefix(full, digits[:len(digits)-1]) // the last one is rounded
	}
	if len(bare) != len(full) {
		return false
	}
	others := 0
	for i := range len(full) {
		if bare[i] != full[i] {
			others++
		}
	}
	return others <= 2 || bare[:15] == full[:15]
}
