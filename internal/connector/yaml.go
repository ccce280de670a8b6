package connector

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

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
