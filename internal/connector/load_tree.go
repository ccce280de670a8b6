package connector

import (
	"encoding/json"

	"github.com/goccy/go-yaml/ast"
)

// tree reads any value; texts become templates.
func (l *loader) tree(p place, allowed []string, body bool) any {
	switch n := p.node.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		o := l.object(p)
		tree := make(map[string]any, len(o.keys))
		for _, key := range o.keys {
			tree[key] = l.tree(o.values[key], allowed, body)
		}
		return tree
	case *ast.SequenceNode:
		tree := []any{}
		for _, one := range l.list(p) {
			tree = append(tree, l.tree(one, allowed, body))
		}
		return tree
	case *ast.NullNode:
		return nil
	case *ast.BoolNode:
		return n.Value
	case *ast.IntegerNode, *ast.FloatNode:
		s, _ := scalar(n)
		if !numberForm.MatchString(s) {
			l.bad(p, "is no number of JSON; put it in quotes if it is a text")
		}
		return json.Number(s)
	}
	s, ok := scalar(p.node)
	if !ok {
		l.wrong(p, "a text, a number, a list or keys with values")
		return nil
	}
	t := l.template(p, s, allowed)
	if body && t.has("persons") && len(t) != 1 {
		l.bad(p, "{persons} is an array and must stand alone")
	}
	return t
}
