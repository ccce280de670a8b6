package idcard

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A spelling is one name in the ways in which it is compared. Only the comparison
// sees it: what a register wrote stays as it is.
type spelling struct {
	folded  []rune   // without blanks and dots, full-width characters and cases folded
	dotted  []rune   // the same with its dots
	pattern []rune   // as folded, the wildcards kept
	parts   []string // between blanks and dots
	han     bool     // has Chinese characters
	classes [4]string
}

// The classes of characters that folding changes.
var classes = [4]Allowance{Blank, Width, Case, Dot}

// fold writes a single name down for comparison.
func fold(name string) spelling {
	var s spelling
	part := strings.Builder{}
	end := func() {
		if part.Len() > 0 {
			s.parts = append(s.parts, part.String())
			part.Reset()
		}
	}
	for _, r := range name {
		switch {
		case unicode.IsSpace(r), r == '\u2800', r == '\u3164':
			s.classes[0] += string(r)
			end()
			continue
		case unicode.Is(unicode.Cf, r), unicode.IsControl(r), unicode.Is(unicode.Mn, r), unicode.Is(unicode.Me, r):
			s.classes[0] += string(r)
			continue
		case wildcard(r) == glyph:
			s.put(r, &part)
			continue
		}
		plain := norm.NFKD.String(string(r))
		if plain != string(r) && !dot(r) {
			s.classes[1] += string(r)
		}
		for _, p := range plain {
			if up := unicode.ToUpper(p); up != p {
				s.classes[2] += string(p)
				p = up
			}
			switch {
			case unicode.Is(unicode.Mn, p), unicode.IsSpace(p):
			case dot(p) || dot(r):
				s.classes[3] += string(r)
				s.dotted = append(s.dotted, '·')
				end()
			default:
				s.put(p, &part)
			}
		}
	}
	end()
	return s
}

func (s *spelling) put(r rune, part *strings.Builder) {
	s.folded, s.dotted, s.pattern = append(s.folded, r), append(s.dotted, r), append(s.pattern, r)
	part.WriteRune(r)
	s.han = s.han || unicode.Is(unicode.Han, r)
}

// differences tells which classes of characters stand in one spelling otherwise
// than in the other.
func (s spelling) differences(other spelling) Allowance {
	used := Allowance(0)
	for i, class := range classes {
		if s.classes[i] != other.classes[i] {
			used |= class
		}
	}
	return used
}

// legible reports whether there is a character to compare.
func (s spelling) legible() bool {
	return slices.ContainsFunc(s.folded, func(r rune) bool { return wildcard(r) == 0 })
}

// dots are what stands for the middle dot in names of minorities: U+00B7 is right.
// Apostrophes and hyphens of Latin names part names as little as a dot does.
const dots = "·•・‧∙⋅．.ꞏᐧ･●﹒。｡․ㆍ᛫⸱'’‘ʼ-‐‑–—_,，"

func dot(r rune) bool { return strings.ContainsRune(dots, r) }

func latin(r rune) bool { return r >= 'A' && r <= 'Z' }

// How many characters a sign for an unreadable one may stand for.
const (
	glyph  = 1 + iota // exactly one
	broken            // as many of the signs as the character had bytes
)

// wildcard says whether r stands for characters that an old system could not write:
// home-made glyphs in the areas for private use, boxes, question marks. A star
// stands for one that must not be shown.
func wildcard(r rune) int {
	switch {
	case r == '?', r == '\ufffd':
		return broken
	case strings.ContainsRune("*□■〓▢▣◻◼⬜⬛", r), unicode.Is(unicode.Co, r):
		return glyph
	}
	return 0
}

// A written is a name with what stands beside it.
type written struct {
	main   spelling
	others []spelling
	remark bool
}

// brackets in which remarks and former names stand.
var brackets = strings.NewReplacer("（", "(", "）", ")", "[", "(", "]", ")", "［", "(", "］", ")", "【", "(", "】", ")",
	"〔", "(", "〕", ")", "〈", "(", "〉", ")", "《", "(", "》", ")", "{", "(", "}", ")", "｛", "(", "｝", ")", "﹙", "(", "﹚", ")")

// marks stand before another name of the same person.
var marks = []string{"曾用名", "原名", "又名", "别名", "別名", "本名"}

// readName parts a name from what stands in brackets and behind words such as 曾用名.
func readName(s string) written {
	var w written
	s = brackets.Replace(s)
	for _, mark := range marks {
		s = strings.ReplaceAll(s, mark, "(")
	}
	main, rest, more := strings.Cut(s, "(")
	w.main, w.remark = fold(main), more
	for inner := range strings.FieldsFuncSeq(rest, func(r rune) bool { return strings.ContainsRune("()、,，;；/:：", r) }) {
		if o := fold(inner); len(o.folded) > 0 {
			w.others = append(w.others, o)
		}
	}
	if len(w.main.folded) == 0 && len(w.others) > 0 {
		w.main, w.others = w.others[0], w.others[1:]
	}
	return w
}
