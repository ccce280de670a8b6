// Package book assesses the means of a household by rules that a county writes
// down itself: books in YAML, by place, programme and time, inherited from the
// nation to the county, with conditions and formulas in CEL over the vocabulary
// of docs/rule-books.md.
//
// It is pure: no clock, no store, no file but what is handed in. It counts, sets
// figures beside limits and says by which entry of which book and how; it never
// says approve or refuse. Amounts are exact fen; every division rounds half up
// to the fen.
package book

import (
	"cel.dev/cel-go/cel"

	"hedui/day"
	"hedui/internal/hedui"
)

// Title is a text in both languages, as a book gives it.
type Title struct {
	Zh string `json:"zh"`
	En string `json:"en"`
}

// A Book is one file of rules.
type Book struct {
	Name       string // as in the file, such as "ningbo-2013"
	File       string
	Version    string // hash of the text
	Place      string // division code, 000000 = everywhere
	Programmes []hedui.Programme
	From, To   day.Day // first and last day; zero is open
	Title      Title
	Demo       bool // the values are invented to show the program
	Clauses    map[string]string
	Entries    []*Entry
}

// An Entry is one named rule, parameter or limit, and where it stands.
type Entry struct {
	Book          *Book
	Section, Name string
	Title         Title
	Clause        string // key of Book.Clauses
	Line, Column  int
	Override      bool // stands in place of an entry of a book above
	Remove        bool // only takes that entry away
	Replaces      *Entry

	keys map[string]value
}

// value is what stands under a key, and where.
type value struct {
	text string
	list []string
	at   span
}

// span is a place in a file; block means a text over several lines.
type span struct {
	line, column int
	block        bool
}

// ID is how a finding names the entry: section.name.
func (e *Entry) ID() string { return e.Section + "." + e.Name }

// Text is what the entry says under a key, as written.
func (e *Entry) Text(key string) string { return e.keys[key].text }

// List is the list that the entry has under a key.
func (e *Entry) List(key string) []string { return e.keys[key].list }

// Keys lists the keys of the entry in the order of the documentation.
func (e *Entry) Keys() []string {
	var keys []string
	for _, k := range []string{"type", "value", "months", "effect", "each", "kinds", "sources", "when", "amount", "monthly", "counts", "figure", "rule", "limit", "over", "unit", "flag", "finding", "weight", "settle", "due"} {
		if _, ok := e.keys[k]; ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// ClauseText is the clause that the entry follows.
func (e *Entry) ClauseText() string { return e.Book.Clauses[e.Clause] }

// covers reports whether the book holds for a place, programme and day.
func (b *Book) covers(division string, p hedui.Programme, on day.Day) bool {
	if !hedui.Covers(b.Place, division) || on.Before(b.From) || !b.To.IsZero() && on.After(b.To) {
		return false
	}
	if len(b.Programmes) == 0 {
		return true
	}
	for _, q := range b.Programmes {
		if q == p {
			return true
		}
	}
	return false
}

// rule is an entry ready to run.
type rule struct {
	*Entry
	when    cel.Program
	amount  cel.Program // amount, monthly, counts, value or figure
	limit   cel.Program
	atLeast bool
	over    cel.Program
	due     cel.Program
	effect  string
	kinds   []string
}

func (r *rule) forKind(kind string) bool {
	if len(r.kinds) == 0 {
		return true
	}
	for _, k := range r.kinds {
		if k == kind {
			return true
		}
	}
	return false
}
