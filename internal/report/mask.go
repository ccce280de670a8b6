package report

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"hedui/idcard"
)

// mask writes every identity number within a text masked: 15 or 18 digits that
// are a valid number, also in full width or with single blanks
// or hyphens between the digits.
func mask(s string) string {
	if !strings.ContainsAny(s, "0123456789０１２３４５６７８９") {
		return s
	}
	var out strings.Builder
	last := 0
	for _, at := range numbersIn(s) {
		n, _ := idcard.Parse(bare(s[at.from:at.to]))
		out.WriteString(s[last:at.from] + n.Masked())
		last = at.to
	}
	return out.String() + s[last:]
}

type span struct{ from, to int }

// numbersIn finds the valid identity numbers of a text: runs of 15 or 18 digits,
// the last of 18 perhaps an X.
func numbersIn(s string) []span {
	var found []span
	from, to, n, gap := 0, 0, 0, false // the run under way, its digits, whether a separator follows
	flush := func() {
		if n == 15 || n == 18 {
			if _, err := idcard.Parse(bare(s[from:to])); err == nil {
				found = append(found, span{from, to})
			}
		}
		n, gap = 0, false
	}
	for i, r := range s {
		switch {
		case digit(r) || n == 17 && strings.ContainsRune("xXｘＸ", r):
			if n == 0 {
				from = i
			}
			to, gap = i+utf8.RuneLen(r), false
			n++
			if !digit(r) {
				flush()
			}
		case separator(r) && n > 0 && !gap:
			gap = true
		default:
			flush()
		}
	}
	flush()
	return found
}

func digit(r rune) bool { return r >= '0' && r <= '9' || r >= '０' && r <= '９' }

func separator(r rune) bool { return r == ' ' || r == '-' || r == '\u3000' || r == '\u00a0' }

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if separator(r) {
			return -1
		}
		return r
	}, s)
}

// leaks counts the full identity numbers in the texts of a JSON document.
func leaks(doc []byte) int {
	var v any
	if json.Unmarshal(doc, &v) != nil {
		return 1
	}
	return leaksIn(v)
}

func leaksIn(v any) int {
	n := 0
	switch t := v.(type) {
	case string:
		n = len(numbersIn(t))
	case []any:
		for _, e := range t {
			n += leaksIn(e)
		}
	case map[string]any:
		for _, e := range t {
			n += leaksIn(e)
		}
	}
	return n
}
