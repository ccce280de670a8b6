package connector

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"hedui/source"
)

// template is a text with placeholders, such as "{id}" or "{from:20060102}".
type template []piece

// piece is a literal text or, with a hole, a placeholder.
type piece struct {
	text   string
	hole   string
	layout layout // of from, to and now
}

// holes lists the placeholders; those of the second row may have a layout.
var holes = []string{"id", "id15", "name", "purpose", "mandate", "signed", "query", "token", "secret", "persons", "row", "batch", "ids", "ids15", "page",
	"from", "to", "now"}

func parseTemplate(s string) (template, error) { return parseTemplateOf(s, holes) }

// parseTemplateOf reads a template whose placeholders have the given names.
func parseTemplateOf(s string, names []string) (template, error) {
	var t template
	var literal strings.Builder
	for s != "" {
		i := strings.IndexAny(s, "{}")
		if i < 0 {
			i = len(s)
		}
		literal.WriteString(s[:i])
		s = s[i:]
		switch {
		case s == "":
		case strings.HasPrefix(s, "{{"), strings.HasPrefix(s, "}}"):
			literal.WriteByte(s[0])
			s = s[2:]
		default:
			hole, rest, ok := strings.Cut(s, "}")
			if !ok || hole == "" {
				return nil, fmt.Errorf("a brace stands alone; write {{ or }} for a brace itself")
			}
			p, err := parseHole(hole[1:], names)
			if err != nil {
				return nil, err
			}
			if literal.Len() > 0 {
				t = append(t, piece{text: literal.String()})
				literal.Reset()
			}
			t, s = append(t, p), rest
		}
	}
	if literal.Len() > 0 {
		t = append(t, piece{text: literal.String()})
	}
	return t, nil
}

func parseHole(s string, names []string) (piece, error) {
	name, format, given := strings.Cut(s, ":")
	if !slices.Contains(names, name) {
		return piece{}, fmt.Errorf("placeholder %s", choice(name, names))
	}
	p := piece{hole: name}
	timed := name == "from" || name == "to" || name == "now"
	switch {
	case given && !timed:
		return piece{}, fmt.Errorf("placeholder {%s} takes no layout", name)
	case given:
		l, err := parseLayout(format)
		if err != nil {
			return piece{}, fmt.Errorf("the layout in {%s:…} %w", name, err)
		}
		p.layout = l
	case name == "now":
		p.layout = "2006-01-02 15:04:05"
	case timed:
		p.layout = "2006-01-02"
	}
	return p, nil
}

// has reports whether t holds one of the placeholders.
func (t template) has(names ...string) bool {
	return slices.ContainsFunc(t, func(p piece) bool { return p.hole != "" && slices.Contains(names, p.hole) })
}

// fill writes t with the value of each placeholder.
func (t template) fill(value func(piece) string) string {
	var b strings.Builder
	for _, p := range t {
		if p.hole == "" {
			b.WriteString(p.text)
		} else {
			b.WriteString(value(p))
		}
	}
	return b.String()
}

// personal returns the values that stand for one query.
func personal(q source.Query, row string) func(piece) string {
	return func(p piece) string {
		switch p.hole {
		case "id":
			return q.Person().ID.Reveal()
		case "id15":
			short, _ := q.Person().ID.Short()
			return short
		case "name":
			return q.Person().Name
		case "purpose":
			return q.Purpose()
		case "mandate":
			return q.MandateNumber()
		case "signed":
			return q.Signed()
		case "query":
			return q.ID()
		case "token":
			return q.Token()
		case "from":
			return p.layout.write(q.Window().From.Start())
		case "to":
			return p.layout.write(q.Window().To.Start())
		case "row":
			return row
		}
		return ""
	}
}

// fillTree writes a tree of templates as a tree of texts. whole, if given, may
// have a value of another kind for a placeholder that stands alone.
func fillTree(tree any, value func(piece) string, whole func(piece) (any, bool)) any {
	switch tree := tree.(type) {
	case template:
		if whole != nil && len(tree) == 1 {
			if v, ok := whole(tree[0]); ok {
				return v
			}
		}
		return tree.fill(value)
	case map[string]any:
		filled := make(map[string]any, len(tree))
		for k, v := range tree {
			filled[k] = fillTree(v, value, whole)
		}
		return filled
	case []any:
		filled := make([]any, len(tree))
		for i, v := range tree {
			filled[i] = fillTree(v, value, whole)
		}
		return filled
	}
	return tree
}

// templates returns all templates of a tree.
func templates(tree any) []template {
	switch tree := tree.(type) {
	case template:
		return []template{tree}
	case map[string]any:
		var all []template
		for _, v := range tree {
			all = append(all, templates(v)...)
		}
		return all
	case []any:
		var all []template
		for _, v := range tree {
			all = append(all, templates(v)...)
		}
		return all
	}
	return nil
}

// address is a URL whose path may hold placeholders.
type address struct {
	base string   // scheme and host
	path template // with leading slash, or empty
}

func (a address) at(base *url.URL) address {
	a.base = base.Scheme + "://" + base.Host
	return a
}

// fill writes the address, each value escaped.
func (a address) fill(value func(piece) string) string {
	return a.base + a.path.fill(func(p piece) string { return url.PathEscape(value(p)) })
}
