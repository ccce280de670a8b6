package web

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// An entry's detail is short and in codes, so that it can be counted and does not
// depend on a language: "land=none×1". detailWords says it in words; a code that
// there is no word for stays as it is, for nothing of an entry may be lost here.
func detailWords(l lang.Lang, e audit.Entry) string {
	if e.Verb == audit.Refused && lang.Has("trail."+e.Detail) {
		return lang.Text(l, "trail.tried", actName(l, audit.Verb(e.Detail)))
	}
	detail, of := e.Detail, ""
	if before, number, ok := strings.Cut(detail, " copy "); ok { // copy 0 is the sealed thing itself
		if detail = before; number != "0" {
			of = " " + lang.Text(l, "trail.word.copy", number)
		}
	}
	words := strings.Fields(detail)
	for i, word := range words {
		words[i] = detailWord(l, word)
	}
	return strings.Join(words, " ") + of
}

// actName is what an act is called, whoever does it and to what.
func actName(l lang.Lang, v audit.Verb) string {
	return strings.TrimSpace(lang.Text(l, "trail."+string(v), "", "", "…"))
}

// counted is a code, what came of it or how many, and how often.
var counted = regexp.MustCompile(`^([a-z_]+)(?:=([a-z_]+|\d+))?(?:×1|(×\d+))?$`)

// wordsOf are where a bare code may have its words.
var wordsOf = []string{"trail.word.", "concern.state.", "role.", "item.", "stage.", "paper.", "alert.", "reminder.", "erasure.reason."}

// countsOf are where that has its words of which there are so many.
var countsOf = []string{"trail.count.", "kind."}

func detailWord(l lang.Lang, word string) string {
	if at, err := time.Parse(time.RFC3339, word); err == nil {
		return clock(at)
	}
	if strings.HasPrefix(word, "step.") && lang.Has(word) {
		return lang.Text(l, word)
	}
	m := counted.FindStringSubmatch(word)
	if m == nil {
		return word
	}
	names := wordsOf
	if _, err := strconv.Atoi(m[2]); err == nil {
		names = countsOf
	}
	name := frame{Lang: l}.category(catalog.Code(m[1]))
	if _, ok := catalog.Get(catalog.Code(m[1])); !ok {
		for _, prefix := range names {
			if lang.Has(prefix + m[1]) {
				name = lang.Text(l, prefix+m[1])
				break
			}
		}
	}
	if m[2] == "" {
		return name + m[3]
	}
	said := m[2]
	for _, prefix := range []string{"trail.word.", "outcome.", "reason.", "report.reason."} {
		if lang.Has(prefix + m[2]) {
			said = lang.Text(l, prefix+m[2])
			break
		}
	}
	return lang.Text(l, "trail.word.is", name, said) + m[3]
}

// ConcernSentence says in words what a detector has noticed.
func ConcernSentence(l lang.Lang, c hedui.Concern) string {
	who := c.Officer
	if c.Office != "" {
		who = lang.Text(l, "trail.who", who, c.Office)
	}
	return lang.Text(l, "concern."+string(c.Detector), who, strconv.Itoa(c.Count))
}
