package report

import (
	"strings"
	"unicode"
)

// Characters that must not begin a line, and such that must not end one
// (避头尾; GB/T 15834 § 5.1).
const (
	notFirst = "，。、；：？！,.;:?!）》」』】〕〉”’)]}%％‰℃·…—～元年月日条人项"
	notLast  = "（《「『【〔〈“‘([{¥￥#第"
)

// wrap breaks text into lines of at most width as measured. Chinese breaks
// between any two characters but for the rules above, Latin words and numbers
// stay whole where a line can hold them.
func wrap(text string, width float64, measure func(string) float64) []string {
	var lines []string
	line, used := "", 0.0
	for _, token := range tokens(text) {
		w := measure(token)
		if used+w <= width || line == "" && w <= width {
			line, used = line+token, used+w
			continue
		}
		if strings.TrimSpace(token) == "" {
			continue // blanks hang over the end of a line
		}
		if line != "" {
			lines, line = append(lines, strings.TrimRight(line, " ")), ""
		}
		for _, piece := range chop(token, width, measure) {
			if line != "" {
				lines = append(lines, line)
			}
			line = piece
		}
		used = measure(line)
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return lines
}

// tokens splits text where a line may break.
func tokens(text string) []string {
	var list []string
	r := []rune(text)
	from := 0
	for i := 1; i < len(r); i++ {
		if mayBreak(r[i-1], r[i]) {
			list, from = append(list, string(r[from:i])), i
		}
	}
	return append(list, string(r[from:]))
}

func mayBreak(a, b rune) bool {
	switch {
	case strings.ContainsRune(notFirst, b), strings.ContainsRune(notLast, a):
		return false
	case a == ' ' || b == ' ' || a == '　' || b == '　':
		return true
	case wide(a) || wide(b):
		return true
	}
	return a == '/' || a == '-' && unicode.IsLetter(b)
}

// wide reports whether r is set like a Chinese character.
func wide(r rune) bool { return r >= 0x2E80 }

// chop cuts a token that no line can hold.
func chop(token string, width float64, measure func(string) float64) []string {
	if measure(token) <= width {
		return []string{token}
	}
	var pieces []string
	piece := ""
	for _, r := range token {
		if piece != "" && measure(piece+string(r)) > width {
			pieces, piece = append(pieces, piece), ""
		}
		piece += string(r)
	}
	return append(pieces, piece)
}
