package lang

import (
	"regexp"
	"slices"
	"testing"
)

var hole = regexp.MustCompile(`\{\d\}`)

// Both languages must say the same with the same holes.
func TestEveryTextHasBothLanguagesAndEqualHoles(t *testing.T) {
	for _, key := range Keys() {
		zh, en := Text(Chinese, key), Text(English, key)
		if zh == "" || en == "" {
			t.Errorf("%s: empty text (zh %q, en %q)", key, zh, en)
		}
		a, b := hole.FindAllString(zh, -1), hole.FindAllString(en, -1)
		slices.Sort(a)
		slices.Sort(b)
		if !slices.Equal(slices.Compact(a), slices.Compact(b)) {
			t.Errorf("%s: holes differ: zh %v, en %v", key, a, b)
		}
	}
}

func TestTextFillsHolesOnce(t *testing.T) {
	if got, want := Text(English, "error.problems", "{1}", "x"), "{1} problem(s) found; nothing was lost"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := Text(Chinese, "no.such"), "⟦no.such⟧"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
