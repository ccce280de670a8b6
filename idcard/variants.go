package idcard

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// variantLines says of each character which others are the same in another script
// or form: a line is a character and those behind it, as Unicode's Unihan database
// has them (docs/adr/0017-matching-persons.md).
//
//go:embed variants.txt
var variantLines string

var variants = sync.OnceValue(func() map[rune][]rune {
	all := map[rune][]rune{}
	for line := range strings.Lines(variantLines) {
		if r := []rune(strings.TrimSpace(line)); len(r) > 1 && r[0] != '#' {
			all[r[0]] = r[1:]
		}
	}
	return all
})

// sameCharacter reports whether two characters are one in another form: one is the
// simplified or older form of the other, or both have the same simplified form. It
// is no equivalence: of two characters that a third stands for, each agrees with the
// third, and a chain goes no further.
func sameCharacter(a, b rune) bool {
	if a == b {
		return true
	}
	x, y := variants()[a], variants()[b]
	return slices.Contains(x, b) || slices.Contains(y, a) ||
		slices.ContainsFunc(x, func(r rune) bool { return slices.Contains(y, r) })
}
