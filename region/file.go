package region

import (
	_ "embed" // the file of divisions
	"fmt"
	"slices"
	"strings"
	"sync"

	"hedui/day"
)

//go:embed divisions.tsv
var file string

// divisions is the file in the form in which it is asked.
type divisions struct {
	rows  map[string][]Division // by code, oldest first, parents left out
	below map[string][]string   // city or province → codes that may be below it
	last  day.Day               // the newest day in the file
}

// table reads the file when it is first asked for. The file is part of the
// program and a test reads it, so that a mistake in it is a programmer's.
var table = sync.OnceValue(func() *divisions {
	t, err := read(file)
	if err != nil {
		panic(err)
	}
	return t
})

// read reads a file of divisions.
func read(text string) (*divisions, error) {
	t := &divisions{rows: map[string][]Division{}, below: map[string][]string{}}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := t.add(line); err != nil {
			return nil, fmt.Errorf("region: divisions.tsv line %d: %w", number, err)
		}
	}
	return t, nil
}

// add puts one line of the file into the table.
func (t *divisions) add(line string) error {
	var col [7]string
	if copy(col[:], strings.Split(line, "\t")); col[1] == "" || strings.Count(line, "\t") >= len(col) {
		return fmt.Errorf("want 2 to %d columns", len(col))
	}
	d := Division{Code: col[0], Name: col[1], Successor: col[4], Kind: Kind(col[5]), NameEn: col[6]}
	if !isCode(d.Code) || d.Successor != "" && !isCode(d.Successor) {
		return fmt.Errorf("a code is not six digits")
	}
	var err error
	if d.From, err = bound(col[2]); err != nil {
		return err
	}
	if d.Until, err = bound(col[3]); err != nil {
		return err
	}
	if !d.Until.IsZero() && !d.From.Before(d.Until) {
		return fmt.Errorf("ends before it begins")
	}
	switch d.Kind {
	case "":
		d.Kind = level(d.Code)
	case KindLocal, KindOther:
	default:
		return fmt.Errorf("unknown kind %q", d.Kind)
	}
	for _, end := range []day.Day{d.From, d.Until} {
		if end.After(t.last) {
			t.last = end
		}
	}
	before := t.rows[d.Code]
	if n := len(before); n > 0 && (before[n-1].Until.IsZero() || d.From.Before(before[n-1].Until)) {
		return fmt.Errorf("overlaps the row before")
	}
	t.rows[d.Code] = append(before, d)
	for _, up := range above(d.Code) {
		if !slices.Contains(t.below[up], d.Code) {
			t.below[up] = append(t.below[up], d.Code)
		}
	}
	return nil
}

// bound reads one end of a span as the head of the file explains it.
func bound(s string) (day.Day, error) {
	exact, vague := strings.CutPrefix(s, "~")
	if exact == "" && !vague {
		return day.Day{}, nil
	}
	rest := map[int]string{len("2006"): "-01-01", len("2006-01"): "-01", len("2006-01-02"): ""}[len(exact)]
	d, err := day.Parse(exact + rest)
	if err != nil || vague && rest != "-01" {
		return day.Day{}, fmt.Errorf("bad date %q", s)
	}
	if vague {
		d = d.AddMonths(1).Add(-1)
	}
	return d, nil
}

func isCode(s string) bool { return len(s) == 6 && strings.Trim(s, "0123456789") == "" }

// level is the kind that the zeros at the end of a GB/T 2260 code tell.
func level(code string) Kind {
	switch {
	case strings.HasSuffix(code, "0000"):
		return KindProvince
	case strings.HasSuffix(code, "00"):
		return KindPrefecture
	}
	return KindCounty
}

// above returns the codes that may stand above a code, nearest first.
func above(code string) []string {
	switch level(code) {
	case KindCounty:
		return []string{code[:4] + "00", code[:2] + "0000"}
	case KindPrefecture:
		return []string{code[:2] + "0000"}
	}
	return nil
}

// parent returns the nearest of the codes above that is valid on the day: some
// counties stand directly below a province.
func (t *divisions) parent(code string, on day.Day) string {
	for _, up := range above(code) {
		for _, d := range t.rows[up] {
			if d.ValidOn(on) {
				return up
			}
		}
	}
	return ""
}
