package connector

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// place is a value of the file and where it stands.
type place struct {
	node  ast.Node
	field string
}

// reader walks the tree of a file. It collects problems instead of stopping at
// the first, so that whoever writes a file sees all of them at once.
type reader struct{ problems []Problem }

func (r *reader) bad(p place, say string, args ...any) {
	line, column := position(p.node)
	r.problems = append(r.problems, Problem{line, column, p.field, fmt.Sprintf(say, args...)})
}

func position(n ast.Node) (line, column int) {
	var t *token.Token
	switch n := n.(type) {
	case nil:
		return 1, 1
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return position(n.Values[0].Key)
		}
		t = n.Start
	case *ast.MappingValueNode:
		return position(n.Key)
	case *ast.SequenceNode:
		t = n.Start
	case *ast.LiteralNode:
		t = n.Start
	default:
		t = n.GetToken()
	}
	if t == nil || t.Position == nil {
		return 1, 1
	}
	return max(t.Position.Line, 1), max(t.Position.Column, 1)
}

// root reads the text as one document.
func (r *reader) root(text []byte) (place, bool) {
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	var at yaml.Error
	switch {
	case errors.As(err, &at) && at.GetToken() != nil && at.GetToken().Position != nil:
		p := at.GetToken().Position
		r.problems = append(r.problems, Problem{max(p.Line, 1), max(p.Column, 1), "", "not YAML: " + clip(at.GetMessage()) +
			"; look at the indentation and the quotes on this line and the one before"})
		return place{}, false
	case err != nil:
		r.problems = append(r.problems, Problem{1, 1, "", "not YAML: the file cannot be read as text"})
		return place{}, false
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		r.problems = append(r.problems, Problem{1, 1, "", "the file is empty; docs/source-file.md shows what belongs into it"})
		return place{}, false
	case len(file.Docs) > 1:
		r.bad(place{file.Docs[1].Body, ""}, "a second document; one file is one source, so give each its own file")
		return place{}, false
	}
	return place{file.Docs[0].Body, ""}, true
}

// object is a mapping, its keys in the order of the file.
type object struct {
	place
	keys   []string
	values map[string]place
}

// object reads p as a mapping. With allowed, other keys are problems.
func (r *reader) object(p place, allowed ...string) object {
	o := object{place: p, values: map[string]place{}}
	var pairs []*ast.MappingValueNode
	switch n := p.node.(type) {
	case *ast.MappingNode:
		pairs = n.Values
	case *ast.MappingValueNode:
		pairs = []*ast.MappingValueNode{n}
	default:
		r.wrong(p, "keys with values")
		return o
	}
	for _, pair := range pairs {
		key, ok := scalar(pair.Key)
		at := place{pair.Key, join(p.field, key)}
		_, twice := o.values[key]
		switch {
		case !ok:
			r.bad(place{pair.Key, p.field}, "this key is not a plain text; anchors, aliases and merge keys are not allowed")
		case twice:
			r.bad(at, "stands twice; keep one of the two")
		case len(allowed) > 0 && !slices.Contains(allowed, key):
			r.bad(place{pair.Key, p.field}, "key %s", choice(key, allowed))
		default:
			o.keys = append(o.keys, key)
			o.values[key] = place{pair.Value, at.field}
		}
	}
	return o
}

func join(field, key string) string {
	if field == "" {
		return clip(key)
	}
	return field + "." + clip(key)
}

func (o object) get(key string) (place, bool) {
	p, ok := o.values[key]
	return p, ok
}

// need is get for keys that must be there.
func (r *reader) need(o object, key, hint string) (place, bool) {
	p, ok := o.values[key]
	if !ok && o.node != nil {
		r.bad(o.place, "%s is missing; %s", key, hint)
	}
	return p, ok
}

// list reads p as a list; a single value counts as a list of one.
func (r *reader) list(p place) []place {
	seq, ok := p.node.(*ast.SequenceNode)
	if !ok {
		return []place{p}
	}
	all := make([]place, len(seq.Values))
	for i, n := range seq.Values {
		all[i] = place{n, p.field + "[" + strconv.Itoa(i) + "]"}
	}
	return all
}

// scalar returns the text of a plain value as it stands in the file, so that
// 0000 and 20060102 stay what was typed.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// text reads p as a text that is not empty.
func (r *reader) text(p place) (string, bool) {
	s, ok := scalar(p.node)
	if !ok {
		r.wrong(p, "a text")
		return "", false
	}
	if strings.TrimSpace(s) == "" {
		r.bad(p, "is empty; write a text or leave the key out")
		return "", false
	}
	return s, true
}

func (r *reader) texts(p place) []string {
	var all []string
	for _, one := range r.list(p) {
		if s, ok := r.text(one); ok {
			all = append(all, s)
		}
	}
	return all
}

// word reads p as one of words, and returns the first when p is not there.
func (r *reader) word(o object, key string, words ...string) string {
	p, ok := o.get(key)
	if !ok {
		return words[0]
	}
	s, ok := r.text(p)
	if ok && !slices.Contains(words, s) {
		r.bad(p, "%s", choice(s, words))
		return words[0]
	}
	return s
}

func (r *reader) boolean(o object, key string) bool {
	p, ok := o.get(key)
	if !ok {
		return false
	}
	b, ok := p.node.(*ast.BoolNode)
	if !ok {
		r.wrong(p, "true or false, without quotes")
		return false
	}
	return b.Value
}

func (r *reader) number(o object, key string, least, most float64) float64 {
	p, ok := o.get(key)
	if !ok {
		return 0
	}
	s, _ := scalar(p.node)
	f, err := strconv.ParseFloat(s, 64)
	if _, quoted := p.node.(*ast.StringNode); quoted || err != nil || f < least || f > most {
		r.bad(p, "must be a number from %v to %v", least, most)
		return 0
	}
	return f
}

func (r *reader) whole(o object, key string, most int) int {
	f := r.number(o, key, 1, float64(most))
	if f != float64(int(f)) {
		r.bad(o.values[key], "must be a whole number")
		return 0
	}
	return int(f)
}

func (r *reader) duration(o object, key string, most time.Duration) time.Duration {
	p, ok := o.get(key)
	if !ok {
		return 0
	}
	s, _ := scalar(p.node)
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > most {
		r.bad(p, "must be a time with its unit, such as 500ms, 10s, 30m or 24h, and at most %s", most)
		return 0
	}
	return d
}

// wrong reports a value of another kind than wanted.
func (r *reader) wrong(p place, want string) {
	switch p.node.(type) {
	case *ast.NullNode:
		r.bad(p, "is empty; it must be %s, or be left out", want)
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.bad(p, "anchors, aliases and tags are not allowed; write the value where it stands")
	case *ast.MappingNode, *ast.MappingValueNode:
		r.bad(p, "must be %s, and not keys with values; a text that begins with { needs quotes", want)
	case *ast.SequenceNode:
		r.bad(p, "must be %s, and not a list", want)
	default:
		r.bad(p, "must be %s", want)
	}
}
