package idcard

import (
	"bufio"
	"compress/bzip2"
	"flag"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write variants.txt anew from Unihan")

// unihan is where Debian's package unicode-data puts the file.
const unihan = "/usr/share/unicode/Unihan_Variants.txt.bz2"

const variantsHead = `# Characters and their simplified or variant forms, from Unihan_Variants.txt of Unicode 15.0.0:
# kSimplifiedVariant, kTraditionalVariant turned round, kZVariant, and kSemanticVariant that HKGlyph calls variants of form.
# Copyright 1991-2022 Unicode, Inc., used under the Unicode License (www.unicode.org/terms_of_use.html).
# Made by: go test ./idcard -run Unihan -update
`

func TestVariantsAreThoseOfUnihan(t *testing.T) {
	f, err := os.Open(unihan)
	if err != nil {
		t.Skip("the package unicode-data is not installed")
	}
	defer f.Close()
	of := map[rune]map[rune]bool{}
	put := func(from, to rune) {
		if of[from] == nil {
			of[from] = map[rune]bool{}
		}
		if from != to {
			of[from][to] = true
		}
	}
	lines := bufio.NewScanner(bzip2.NewReader(f))
	of15 := false
	for lines.Scan() {
		of15 = of15 || lines.Text() == "# Unicode version: 15.0.0"
		part := strings.Split(lines.Text(), "\t")
		if len(part) != 3 || part[0][0] == '#' {
			continue
		}
		for target := range strings.FieldsSeq(part[2]) {
			code, source, _ := strings.Cut(target, "<")
			from, to := point(t, part[0]), point(t, code)
			switch {
			case part[1] == "kSimplifiedVariant":
				put(from, to)
			case part[1] == "kTraditionalVariant":
				put(to, from)
			case part[1] == "kZVariant", part[1] == "kSemanticVariant" && strings.Contains(source, "kHKGlyph"):
				put(max(from, to), min(from, to))
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if !of15 {
		t.Skip("unicode-data is of another version than the table")
	}
	var b strings.Builder
	b.WriteString(variantsHead)
	for _, from := range slices.Sorted(maps.Keys(of)) {
		if to := slices.Sorted(maps.Keys(of[from])); len(to) > 0 {
			b.WriteString(string(from) + string(to) + "\n")
		}
	}
	if *update {
		if err := os.WriteFile("variants.txt", []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if b.String() != variantLines && !*update {
		t.Error("variants.txt is not what Unihan gives; look why before -update")
	}
}

func point(t *testing.T, s string) rune {
	t.Helper()
	n, err := strconv.ParseInt(strings.TrimPrefix(s, "U+"), 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	return rune(n)
}
