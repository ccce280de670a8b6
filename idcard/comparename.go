package idcard

import "slices"

// CompareName holds a name in a register's spelling against the one that was asked
// for; others are further names that the register has for the person: former ones,
// the married name, an alias. A name in brackets behind either counts as such too
// ("李娜（曾用名李红）").
//
// Agrees means that every character is accounted for. Partly means that some
// cannot be read, or are cut off, and the rest agrees. Illegible is a name of which
// nothing can be compared: stars only, or pinyin for a Chinese name. Reading a
// character by its sound or look is never tried: 王伟 and 王玮 differ.
func CompareName(returned, asked string, others ...string) (Agreement, Allowance) {
	r, a := readName(returned), readName(asked)
	if len(r.main.folded) == 0 && len(others) == 0 && len(r.others) == 0 {
		return Unsaid, 0
	}
	var best Agreement
	var used Allowance
	if len(r.main.folded) == 0 {
		best = Unsaid
	} else if best, used = compareSpelling(r.main, a.main); best == Agrees && (r.remark || a.remark) {
		used |= Remark
	}
	if best == Agrees {
		return best, used
	}
	for _, o := range others {
		more := readName(o)
		r.others = append(append(r.others, more.main), more.others...)
	}
	pairs := [][2]spelling{}
	for _, o := range r.others {
		pairs = append(pairs, [2]spelling{o, a.main})
	}
	for _, o := range a.others {
		pairs = append(pairs, [2]spelling{r.main, o})
	}
	for _, p := range pairs {
		if got, how := compareSpelling(p[0], p[1]); got == Agrees {
			return Agrees, how | OtherName
		}
	}
	return best, used
}

// compareSpelling compares two single names.
func compareSpelling(r, a spelling) (Agreement, Allowance) {
	if len(r.folded) == 0 || len(a.folded) == 0 {
		return Differs, 0
	}
	used := r.differences(a)
	if more, ok := sameCharacters(r.folded, a.folded); ok {
		return Agrees, used | more
	}
	if !r.han && !a.han && sameParts(r.parts, a.parts) {
		return Agrees, used&^Blank | Order
	}
	if fit, ok := fitting(r.pattern, a.folded); ok {
		return partly(used, fit)
	}
	if fit, ok := fitting(r.pattern, a.dotted); ok {
		return partly(used, fit)
	}
	if fit, ok := fitting(a.pattern, r.folded); ok {
		return partly(used, fit)
	}
	if cutOff(r, a) {
		return Partly, used | Cut
	}
	if !r.legible() || !a.legible() || r.han != a.han || slices.Equal(r.folded, a.folded) {
		return Illegible, 0
	}
	return Differs, 0
}

// partly is the worth of a name that fits a pattern with open places: stars that a
// department puts for privacy are as good as the characters, as it holds them.
func partly(used, fit Allowance) (Agreement, Allowance) {
	if fit.Has(open) {
		return Partly, used | fit
	}
	return Agrees, used | fit
}

// sameCharacters compares character by character, variants allowed.
func sameCharacters(a, b []rune) (Allowance, bool) {
	used := Allowance(0)
	same := slices.EqualFunc(a, b, func(x, y rune) bool {
		if x != y && sameCharacter(x, y) {
			used = Variant
			return true
		}
		return x == y && wildcard(x) == 0
	})
	return used, same
}

// sameParts compares Latin names whose parts may stand in another order.
func sameParts(a, b []string) bool {
	return len(a) > 1 && len(a) == len(b) && slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// What old systems keep of a name: 4 to 8 Chinese characters, or the 8 to 20 bytes
// of a column for Latin letters.
const (
	leastCut, mostCut           = 4, 8
	leastCutLatin, mostCutLatin = 8, 20
)

// cutOff reports whether r is the beginning of the longer name a.
func cutOff(r, a spelling) bool {
	least, most := leastCut, mostCut
	if !a.han {
		least, most = leastCutLatin, mostCutLatin
	}
	n := len(r.folded)
	if n < least || n > most || n >= len(a.folded) {
		return false
	}
	_, same := sameCharacters(r.folded, a.folded[:n])
	return same
}

// fitting reports whether a pattern with unreadable places fits a name, and by what.
// At least one Chinese character or two letters must be readable and agree.
func fitting(pattern, name []rune) (Allowance, bool) {
	if len(pattern) > longestPattern || !slices.ContainsFunc(pattern, func(r rune) bool { return wildcard(r) != 0 || latin(r) }) {
		return 0, false
	}
	return fit(pattern, name, 0)
}

// fit walks the pattern; readable counts the characters that agreed so far, two for
// a Chinese one.
func fit(pattern, name []rune, readable int) (Allowance, bool) {
	if len(pattern) == 0 {
		return 0, len(name) == 0 && readable >= 2
	}
	p := pattern[0]
	try := func(taken, left int, how Allowance) (Allowance, bool) {
		if left > len(name) {
			return 0, false
		}
		rest, ok := fit(pattern[taken:], name[left:], readable)
		return rest | how, ok
	}
	switch {
	case p == '*':
		return try(1, 1, MaskedName)
	case wildcard(p) == glyph:
		return try(1, 1, Unreadable)
	case wildcard(p) == broken:
		// one character of two to four bytes may have become as many question marks
		n := run(pattern, func(r rune) bool { return r == p })
		for left := min(n, len(name)); left >= (n+3)/4; left-- {
			if how, ok := try(n, left, Unreadable); ok {
				return how, true
			}
		}
		return 0, false
	case len(name) > 0 && latin(p) && !latin(name[0]):
		// the reading of one character: yan, lüè
		if n := run(pattern, latin); n <= longestReading {
			return try(n, 1, Pinyin)
		}
		return 0, false
	}
	if len(name) == 0 || !sameCharacter(p, name[0]) {
		return 0, false
	}
	if readable++; !latin(p) {
		readable++
	}
	how, ok := fit(pattern[1:], name[1:], readable)
	if p != name[0] {
		how |= Variant
	}
	return how, ok
}

// longestPattern bounds the walk: no register has an unreadable name as long.
const longestPattern = 40

// longestReading is the length of the longest syllables of pinyin: zhuang.
const longestReading = 6

// run counts the runes at the beginning of which f holds.
func run(s []rune, f func(rune) bool) int {
	if i := slices.IndexFunc(s, func(r rune) bool { return !f(r) }); i >= 0 {
		return i
	}
	return len(s)
}
