package book

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Problem is one mistake in a book or in a file of cases.
type Problem struct {
	File         string
	Line, Column int    // from 1
	Field        string // dotted place, such as "income.scholarship.when"
	Say          string // what is wrong and what to do
}

// String is the problem as file:line:column.
func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Field != "" {
		s += p.Field + ": "
	}
	return s + p.Say
}

// An Error holds everything that is wrong with a set of books.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// failure is the error of the problems, each once and in the order of the files,
// or nil.
func failure(all []Problem) error {
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Field, b.Field))
	})
	return &Error{slices.Compact(all)}
}

// choice says that word is none of words, and which was probably meant.
func choice(word string, words []string) string {
	list := strings.Join(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" }), ", ")
	if near := nearest(word, words); near != "" {
		return fmt.Sprintf("%q is not known here; did you mean %q? It can be %s", clip(word), near, list)
	}
	return fmt.Sprintf("%q is not known here; it can be %s", clip(word), list)
}

// nearest returns the word that was probably meant, or nothing.
func nearest(word string, words []string) string {
	best, least := "", 1+min(len(word)/2, 3)
	for _, w := range words {
		if d := distance(word, w); w != "" && d < least {
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

// clip keeps messages short whatever stands in the file.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

func indexed(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
