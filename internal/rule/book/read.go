package book

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"hedui/day"
	"hedui/internal/hedui"
)

// maxBook is more text than a book has.
const maxBook = 1 << 20

// reader walks the tree of one book and collects every problem.
type reader struct {
	book     *Book
	problems []Problem
}

func (r *reader) bad(at span, field, say string, args ...any) {
	r.problems = append(r.problems, Problem{r.book.File, max(at.line, 1), max(at.column, 1), field, fmt.Sprintf(say, args...)})
}

// pair is one key of a mapping with its value.
type pair struct {
	key   string
	at    span
	value ast.Node
}

func place(n ast.Node) span {
	switch n := n.(type) {
	case nil:
		return span{line: 1, column: 1}
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return place(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return place(n.Key)
	case *ast.LiteralNode:
		return span{n.Start.Position.Line + 1, 1, true}
	}
	t := n.GetToken()
	if t == nil || t.Position == nil {
		return span{line: 1, column: 1}
	}
	column := t.Position.Column
	if strings.HasPrefix(strings.TrimLeft(t.Origin, " \t\n"), `"`) || strings.HasPrefix(strings.TrimLeft(t.Origin, " \t\n"), "'") {
		column++ // within the quotes
	}
	return span{line: t.Position.Line, column: column}
}

// readBook reads the text of one book; what is wrong with it comes back whole.
func readBook(file string, content []byte) (*Book, []Problem) {
	sum := sha256.Sum256(content)
	r := &reader{book: &Book{File: file, Version: hex.EncodeToString(sum[:6]), Clauses: map[string]string{}}}
	top := span{line: 1, column: 1}
	if len(content) > maxBook {
		r.bad(top, "", "is longer than a book of rules")
		return r.book, r.problems
	}
	tree, err := parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
	var at yaml.Error
	switch {
	case errors.As(err, &at) && at.GetToken() != nil:
		p := at.GetToken().Position
		r.bad(span{line: p.Line, column: p.Column}, "", "not YAML: %s; look at the indentation and the quotes on this line and the one before", clip(at.GetMessage()))
	case err != nil:
		r.bad(top, "", "not YAML: %s", clip(err.Error()))
	case len(tree.Docs) != 1 || tree.Docs[0].Body == nil:
		r.bad(top, "", "a file holds one book")
	default:
		r.top(tree.Docs[0].Body)
	}
	return r.book, r.problems
}

// pairs is the mapping in the order of the file; a key twice is a problem.
func (r *reader) pairs(n ast.Node, field string) []pair {
	var nodes []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		nodes = n.Values
	case *ast.MappingValueNode:
		nodes = []*ast.MappingValueNode{n}
	case *ast.NullNode:
	default:
		r.bad(place(n), field, "must be keys with values")
	}
	var all []pair
	for _, v := range nodes {
		p := pair{scalar(v.Key), place(v.Key), v.Value}
		if slices.ContainsFunc(all, func(o pair) bool { return o.key == p.key }) {
			r.bad(p.at, join(field, p.key), "stands here twice")
			continue
		}
		all = append(all, p)
	}
	return all
}

func join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

// scalar is a value as it was typed.
func scalar(n ast.Node) string {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return strings.TrimSpace(n.GetToken().Value)
	case *ast.MappingKeyNode:
		return scalar(n.Value)
	}
	return ""
}

func (r *reader) word(n ast.Node, field string) string {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return scalar(n)
	}
	r.bad(place(n), field, "must be one text")
	return ""
}

func (r *reader) list(n ast.Node, field string) ([]string, []span) {
	s, ok := n.(*ast.SequenceNode)
	if !ok {
		r.bad(place(n), field, "must be a list, such as [wage, rent]")
		return nil, nil
	}
	var words []string
	var at []span
	for _, v := range s.Values {
		words, at = append(words, r.word(v, field)), append(at, place(v))
	}
	return words, at
}

func (r *reader) yesNo(n ast.Node, field string) bool {
	if b, ok := n.(*ast.BoolNode); ok {
		return b.Value
	}
	r.bad(place(n), field, "must be true or false")
	return false
}

func (r *reader) title(n ast.Node, field string) Title {
	var t Title
	for _, p := range r.pairs(n, field) {
		switch p.key {
		case "zh":
			t.Zh = r.word(p.value, field+".zh")
		case "en":
			t.En = r.word(p.value, field+".en")
		default:
			r.bad(p.at, join(field, p.key), "%s", choice(p.key, []string{"zh", "en"}))
		}
	}
	if t.Zh == "" || t.En == "" {
		r.bad(place(n), field, "must have zh and en")
	}
	return t
}

var bookName = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
var entryName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

var bookKeys = append([]string{"book", "place", "programmes", "from", "to", "title", "demo", "clauses"}, Sections()...)

func (r *reader) top(n ast.Node) {
	b, seen := r.book, map[string]bool{}
	pairs := r.pairs(n, "")
	for _, p := range pairs {
		seen[p.key] = true
		switch p.key {
		case "book":
			if b.Name = r.word(p.value, p.key); !bookName.MatchString(b.Name) {
				r.bad(place(p.value), p.key, "must be small letters, digits and hyphens, such as ningbo-2013")
			}
		case "place":
			if b.Place = r.word(p.value, p.key); len(b.Place) != 6 || strings.Trim(b.Place, "0123456789") != "" {
				r.bad(place(p.value), p.key, `must be the six digits of a division, in quotes: "330200"; "000000" is everywhere`)
			}
		case "programmes":
			r.programmes(p)
		case "from":
			b.From = r.day(p)
		case "to":
			b.To = r.day(p)
		case "title":
			b.Title = r.title(p.value, p.key)
		case "demo":
			b.Demo = r.yesNo(p.value, p.key)
		case "clauses":
			for _, c := range r.pairs(p.value, p.key) {
				b.Clauses[c.key] = r.word(c.value, join(p.key, c.key))
			}
		default:
			if !slices.Contains(Sections(), p.key) {
				r.bad(p.at, p.key, "%s", choice(p.key, bookKeys))
			}
		}
	}
	for _, key := range []string{"book", "place", "from", "title"} {
		if !seen[key] {
			r.bad(span{line: 1, column: 1}, key, "is missing")
		}
	}
	if !b.To.IsZero() && b.To.Before(b.From) {
		r.bad(span{line: 1, column: 1}, "to", "lies before from")
	}
	for _, p := range pairs { // after clauses, wherever they stand
		if slices.Contains(Sections(), p.key) {
			for _, e := range r.pairs(p.value, p.key) {
				r.entry(p.key, e)
			}
		}
	}
}

func (r *reader) programmes(p pair) {
	list, at := r.list(p.value, p.key)
	for i, w := range list {
		if !slices.Contains(words(hedui.Programmes()), w) {
			r.bad(at[i], p.key, "%s", choice(w, words(hedui.Programmes())))
		}
		r.book.Programmes = append(r.book.Programmes, hedui.Programme(w))
	}
}

func (r *reader) day(p pair) day.Day {
	d, err := day.Parse(r.word(p.value, p.key))
	if err != nil {
		r.bad(place(p.value), p.key, "must be a day such as 2013-01-01")
	}
	return d
}

func (r *reader) entry(section string, p pair) {
	e := &Entry{Book: r.book, Section: section, Name: p.key, Line: p.at.line, Column: p.at.column, keys: map[string]value{}}
	id, forms := e.ID(), entryForms[section]
	if !entryName.MatchString(p.key) {
		r.bad(p.at, id, "a name has small letters, digits and underscores")
	}
	known := []string{"title", "clause", "override", "remove"}
	for k := range forms {
		known = append(known, k)
	}
	slices.Sort(known)
	for _, k := range r.pairs(p.value, id) {
		field := join(id, k.key)
		switch k.key {
		case "title":
			e.Title = r.title(k.value, field)
		case "clause":
			e.Clause = r.word(k.value, field)
			if _, ok := r.book.Clauses[e.Clause]; !ok {
				names := make([]string, 0, len(r.book.Clauses))
				for name := range r.book.Clauses {
					names = append(names, name)
				}
				slices.Sort(names)
				r.bad(place(k.value), field, "no such clause in this book: %s", choice(e.Clause, names))
			}
		case "override":
			e.Override = r.yesNo(k.value, field)
		case "remove":
			e.Remove = r.yesNo(k.value, field)
		default:
			f, ok := forms[k.key]
			if !ok {
				r.bad(k.at, field, "%s", choice(k.key, known))
				continue
			}
			e.keys[k.key] = r.value(k, f, field)
		}
	}
	r.whole(e, forms)
	r.book.Entries = append(r.book.Entries, e)
}

func (r *reader) value(k pair, f form, field string) value {
	v := value{at: place(k.value)}
	if f.list != nil {
		var at []span
		v.list, at = r.list(k.value, field)
		for i, w := range v.list {
			if !slices.Contains(f.list, w) {
				r.bad(at[i], field, "%s", choice(w, f.list))
			}
		}
		return v
	}
	v.text = r.word(k.value, field)
	if f.word != nil && !slices.Contains(f.word, v.text) {
		r.bad(v.at, field, "%s", choice(v.text, f.word))
	}
	return v
}

// whole looks for what an entry lacks as a whole.
func (r *reader) whole(e *Entry, forms map[string]form) {
	at := span{line: e.Line, column: e.Column}
	if e.Remove {
		if e.Override = true; len(e.keys) > 0 {
			r.bad(at, e.ID(), "remove takes the entry away and has no other keys")
		}
		return
	}
	for k, f := range forms {
		if _, ok := e.keys[k]; f.must && !ok {
			r.bad(at, e.ID(), "%s is missing", k)
		}
	}
	if e.Section != Parameters && e.Section != Windows && e.Section != Precedence && e.Title.Zh == "" {
		r.bad(at, e.ID(), "title is missing: people read it in the report")
	}
	has := func(k string) bool { _, ok := e.keys[k]; return ok }
	switch {
	case e.Section == Lines && has("figure") != has("limit"):
		r.bad(at, e.ID(), "figure and limit belong together")
	case e.Section == Lines && !has("figure") && !has("over"):
		r.bad(at, e.ID(), "a line needs figure and limit, or over for sources that give no amount")
	case e.Section == Property && e.Text("effect") == effectValue && !has("value"):
		r.bad(at, e.ID(), "value is missing: how the thing is valued")
	case e.Section == Earnings && e.Text("effect") != effectExempt && !has("amount"):
		r.bad(at, e.ID(), "amount is missing: how much is taken off")
	case e.Section == Windows && e.Name != windowIncome && e.Name != windowSpending:
		r.bad(at, e.ID(), "%s", choice(e.Name, []string{windowIncome, windowSpending}))
	case e.Section == Flags && !flagName.MatchString(e.Text("flag")):
		r.bad(e.keys["flag"].at, e.ID()+".flag", "a flag is written in capitals, such as STALE_VEHICLE")
	}
	if e.Section == Parameters {
		r.tolerance(e, at)
		p, err := parseParameter(e.Text("type"), e.Text("value"))
		if err == nil && e.Name == scopeParameter && p.amount > maxScope {
			err = errors.New("must be 0 (the family), 1 (also the obligors) or 2 (also the families of the obligors)")
		}
		if err != nil {
			r.bad(e.keys["value"].at, e.ID()+".value", "%v", err)
		}
	}
}

var flagName = regexp.MustCompile(`^[A-Z][A-Z_]+$`)

// parameter is the value of a parameter in the type it says.
type parameter struct {
	typ    string
	amount int64 // fen, number, months, or 1 for yes
	ratio  Ratio
}

func parseParameter(typ, s string) (parameter, error) {
	p := parameter{typ: typ}
	switch typ {
	case typeMoney:
		f, err := parseYuan(s)
		p.amount = int64(f)
		return p, err
	case typeRatio:
		var err error
		p.ratio, err = ParseRatio(s)
		return p, err
	case typeNumber, typeMonths:
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 1_000_000 || len(s) > 1 && s[0] == '0' {
			return p, errors.New("must be a whole number")
		}
		p.amount = int64(n)
	case typeYesNo:
		if s != "true" && s != "false" {
			return p, errors.New("must be true or false")
		}
		if s == "true" {
			p.amount = 1
		}
	}
	return p, nil
}
