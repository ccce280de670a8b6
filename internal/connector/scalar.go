package connector

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

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
	switch {
	case !ok:
		return words[0]
	case !slices.Contains(words, s):
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
