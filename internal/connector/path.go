package connector

import (
	"errors"
	"strconv"
	"strings"
)

// path is a place in an answer: "a.b" from here, "$.a" from the top, "^.a" from
// the entry of the person, "." the place itself.
type path struct {
	base  byte // '$', '^' or '.'
	steps []step
}

type step struct {
	name  string
	inner string // "json" or "xml" where the text at name itself holds that
}

// scope is what paths start from.
type scope struct{ top, entry, here any }

// garbled stands for a text that should hold JSON or XML and does not. No
// conversion accepts it.
type garbled struct{}

var errPath = errors.New(`is no path; write names parted by dots, such as data.list or $.head.time, or "." for the place itself`)

func parsePath(s string) (path, error) {
	p := path{base: '.'}
	switch {
	case s == "." || s == "$" || s == "^":
		p.base = s[0]
		return p, nil
	case strings.HasPrefix(s, "$."), strings.HasPrefix(s, "^."):
		p.base, s = s[0], s[2:]
	}
	for name := range strings.SplitSeq(s, ".") {
		name, inner, marked := strings.Cut(name, "|")
		if marked && inner != "json" && inner != "xml" {
			return path{}, errPath
		}
		if name == "" || strings.ContainsAny(name, " \t\n|{}[]\"") {
			return path{}, errPath
		}
		p.steps = append(p.steps, step{name, inner})
	}
	return p, nil
}

// self reports whether p is the place itself.
func (p path) self() bool { return p.base == '.' && len(p.steps) == 0 }

// find returns what stands at p, and false if nothing stands there.
func (p path) find(s scope) (any, bool) {
	v := s.here
	switch p.base {
	case '$':
		v = s.top
	case '^':
		v = s.entry
	}
	for _, step := range p.steps {
		switch at := v.(type) {
		case map[string]any:
			inner, ok := at[step.name]
			if !ok {
				return nil, false
			}
			v = inner
		case []any:
			i, err := strconv.Atoi(step.name)
			if err != nil || i < 0 || i >= len(at) {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
		if text, ok := v.(string); ok && step.inner != "" && text != "" {
			parse := parseJSON
			if step.inner == "xml" {
				parse = parseXML
			}
			inner, err := parse([]byte(strings.TrimFunc(text, blankRune)))
			if err != nil {
				return garbled{}, true
			}
			v = inner
		}
	}
	return v, true
}

// parent returns the place in which p stands, or p if it is the place itself.
func (p path) parent() path {
	return path{p.base, p.steps[:max(len(p.steps)-1, 0)]}
}

// isElement reports whether p names an element of XML, in a tree of the given form.
func (p path) isElement(form string) bool {
	return len(p.steps) > 0 && p.steps[len(p.steps)-1].inner == "" && p.form(form) == "xml"
}

// form returns what the tree at p was read from: json, xml or, where p does not
// say, otherwise.
func (p path) form(otherwise string) string {
	for _, step := range p.steps {
		if step.inner != "" {
			otherwise = step.inner
		}
	}
	return otherwise
}
