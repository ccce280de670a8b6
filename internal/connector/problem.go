package connector

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one mistake in a source file.
type Problem struct {
	Line, Column int    // from 1
	Field        string // dotted place in the file, such as "answer.status.codes"
	Say          string // what is wrong and what to do
}

// A FileError holds everything that is wrong with a source file.
type FileError struct {
	Name     string    // of the file
	Problems []Problem // in the order of the file, at least one
}

// Error lists the problems, one a line, as file:line:column.
func (e *FileError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d:%d: ", e.Name, p.Line, p.Column)
		if p.Field != "" {
			b.WriteString(p.Field + ": ")
		}
		b.WriteString(p.Say)
	}
	return b.String()
}

func byPlace(a, b Problem) int {
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Field, b.Field))
}

// nearest returns the word that was probably meant, or nothing.
func nearest(word string, words []string) string {
	best, least := "", 3
	for _, w := range words {
		if d := distance(word, w); d < least {
			best, least = w, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// choice says that word is none of words, and which was probably meant.
func choice(word string, words []string) string {
	hint := "use one of " + strings.Join(words, ", ")
	if near := nearest(word, words); near != "" {
		hint = fmt.Sprintf("did you mean %q? It can be %s", near, strings.Join(words, ", "))
	}
	return fmt.Sprintf("%q is not known here; %s", clip(word), hint)
}

// clip keeps messages short whatever stands in the file.
func clip(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func sortProblems(all []Problem) []Problem {
	slices.SortStableFunc(all, byPlace)
	return slices.Compact(all)
}
