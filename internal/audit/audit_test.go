package audit

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var at = time.Date(2026, 11, 23, 17, 30, 0, 123456789, time.FixedZone("CST", 8*60*60))

// The bytes and the hash of an entry never change: logs of years hang on them.
func TestCanonicalBytesAreFixed(t *testing.T) {
	e := New(at, "clerk", "海曙区望春街道", ConsentGiven, "case", `<2> "consents" & more`)
	e.ID = "0193f1a0-0000-7000-8000-000000000000"
	want := `{"v":1,"id":"0193f1a0-0000-7000-8000-000000000000","at":"2026-11-23T09:30:00.123456Z","officer":"clerk",` +
		`"office":"海曙区望春街道","verb":"case.consent","case":"case","detail":"<2> \"consents\" & more"}`
	if got := string(e.Canonical()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	leaf := e.Leaf()
	if got, want := hex.EncodeToString(leaf[:]), "515315dc14cbbac5162c26ac856480b3b5d34068cc9ae537f1be06c32afcb151"; got != want {
		t.Errorf("leaf: got %s, want %s", got, want)
	}
}

func TestParseReadsCanonicalOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := New(time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")), rapid.String().Draw(t, "officer"),
			rapid.String().Draw(t, "office"), rapid.SampledFrom(Verbs()).Draw(t, "verb"), "case", rapid.String().Draw(t, "detail"))
		line := e.Canonical()
		got, err := Parse(line)
		if err != nil || got != e {
			t.Fatalf("got %+v %v, want %+v", got, err, e)
		}
		if _, err := Parse(append(line, '\n')); err == nil {
			t.Fatalf("a line with its end was taken")
		}
	})
	good := string(New(at, "a", "b", Asked, "c", "d").Canonical())
	for name, line := range map[string]string{
		"nothing":         "",
		"another version": strings.Replace(good, `"v":1`, `"v":2`, 1),
		"a field more":    strings.Replace(good, `{`, `{"x":1,`, 1),
		"a field twice":   strings.Replace(good, `"office":"b"`, `"office":"b","office":"b"`, 1),
		"another zone":    strings.Replace(good, `Z"`, `+00:00"`, 1),
		"escaped":         strings.Replace(good, `"b"`, `"\u0062"`, 1),
	} {
		if _, err := Parse([]byte(line)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestDetailIsCut(t *testing.T) {
	e := New(at, "", "", Asked, "", strings.Repeat("核", MaxDetail))
	if len(e.Detail) > MaxDetail || !utf8.ValidString(e.Detail) || !strings.HasPrefix(e.Detail, "核核") {
		t.Errorf("got %d bytes, want at most %d of whole characters", len(e.Detail), MaxDetail)
	}
}

func TestIDsIncrease(t *testing.T) {
	var ids []string
	for range 1000 {
		ids = append(ids, NewID())
	}
	if !slices.IsSorted(ids) || len(slices.Compact(ids)) != 1000 {
		t.Errorf("1000 ids are not unique or not in order")
	}
}

func TestVerbs(t *testing.T) {
	verbs := Verbs()
	slices.Sort(verbs)
	if n := len(slices.Compact(slices.Clone(verbs))); n != len(verbs) {
		t.Errorf("%d of %d verbs are different", n, len(verbs))
	}
}
