package connector

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"hedui/catalog"
)

// fault is why an answer cannot be used. say is for the operator: it names
// places of the mapping and never quotes what was received.
type fault struct {
	meaning
	say string
}

func malformed(say string) *fault  { return &fault{failed("malformed"), say} }
func incomplete(say string) *fault { return &fault{failed("incomplete"), say} }

// converter turns records into those of the catalogue.
type converter struct {
	blank  []string
	closed map[string]bool // keys that a record may have; nil for any
}

// record converts what stands in s. A record without a single field is no
// record: the department sent something that the mapping does not know.
func (c converter) record(fields []field, s scope) (catalog.Record, *fault) {
	if c.closed != nil {
		if f := c.strangers(s.here); f != nil {
			return nil, f
		}
	}
	r := catalog.Record{}
	sent := false
	for _, f := range fields {
		value, err := c.value(f, s)
		switch {
		case err != nil:
			return nil, err
		case value == "" && f.required:
			return nil, incomplete("field " + f.key + " is missing")
		case value == "" && f.fallback != "":
			r[f.key] = f.fallback
			continue
		case value == "":
			continue
		}
		if utf8.RuneCountInString(value) > maxText && len(f.fields) == 0 || len(value) > 8*maxText {
			return nil, malformed("field " + f.key + " is too long")
		}
		sent = sent || f.at != nil || f.formula != nil
		r[f.key] = value
	}
	if !sent {
		return nil, incomplete("a record holds none of the mapped fields")
	}
	return r, nil
}

var keyForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z_]{0,39}$`)

// strangers finds keys that are neither mapped nor ignored.
func (c converter) strangers(here any) *fault {
	object, _ := here.(map[string]any)
	for key := range object {
		if c.closed[key] {
			continue
		}
		if keyForm.MatchString(key) {
			return malformed("a record has the key " + key + ", which is neither mapped nor ignored")
		}
		return malformed("a record has a key that is neither mapped nor ignored")
	}
	return nil
}

// value returns the canonical text of one field, empty if it is not given.
func (c converter) value(f field, s scope) (string, *fault) {
	switch {
	case f.formula != nil:
		text, ok := f.formula.text(s)
		if !ok {
			return "", malformed("field " + f.key + ": " + errFormula.Error())
		}
		return c.converted(f, text)
	case f.at == nil:
		return f.constant, nil
	}
	v, ok := f.at.find(s)
	if !ok {
		return "", nil
	}
	if f.of.Type == catalog.Rows {
		return c.rows(f, v, s)
	}
	text, ok := plain(v)
	if list, many := v.([]any); many && f.of.Type == catalog.Text {
		text, ok = c.joined(f, list)
	}
	if !ok {
		return "", malformed("field " + f.key + " is not a single value")
	}
	return c.converted(f, text)
}

// converted is the canonical form of a text, which may stand for "not given".
func (c converter) converted(f field, text string) (string, *fault) {
	text = c.given(text, f.trim)
	if text == "" {
		return "", nil
	}
	text, ok := convert(f, text)
	if !ok {
		return "", malformed("field " + f.key + " is no " + string(f.of.Type))
	}
	return text, nil
}

func (c converter) joined(f field, list []any) (string, bool) {
	var parts []string
	for _, v := range list {
		text, ok := plain(v)
		if !ok {
			return "", false
		}
		if text = c.given(text, nil); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, f.join), true
}

// given cuts blanks and trim off and turns texts for "not given" into nothing.
func (c converter) given(text string, trim []string) string {
	if slices.Contains(c.blank, text) {
		return ""
	}
	for _, t := range trim {
		text = strings.TrimSuffix(strings.TrimPrefix(text, t), t)
		text = strings.TrimFunc(text, blankRune)
	}
	return text
}

func (c converter) rows(f field, v any, s scope) (string, *fault) {
	list, empty, ok := listOf(v)
	if !ok {
		return "", malformed("field " + f.key + " is no list of objects")
	}
	if empty {
		return "", nil
	}
	inner := converter{blank: c.blank}
	var rows []catalog.Record
	for _, one := range list {
		if f.at.self() && !inner.holds(f.fields, s) {
			return "", nil
		}
		row, err := inner.record(f.fields, scope{s.top, s.entry, one})
		if err != nil {
			err.say = "in " + f.key + ": " + err.say
			return "", err
		}
		rows = append(rows, row)
	}
	return catalog.RowsText(rows), nil
}

// holds reports whether one of the fields is given: a row that stands in the
// columns of the record itself may be empty.
func (c converter) holds(fields []field, s scope) bool {
	return slices.ContainsFunc(fields, func(f field) bool {
		value, err := c.value(f, s)
		return f.at != nil && (value != "" || err != nil)
	})
}

// listOf reads a list of objects or arrays; a single object counts as a list of
// one. Null, an empty text, {} and [] are empty.
func listOf(v any) (list []any, empty, ok bool) {
	switch v := v.(type) {
	case nil:
		return nil, true, true
	case string:
		return nil, true, strings.TrimFunc(v, blankRune) == ""
	case map[string]any:
		return []any{v}, len(v) == 0, true
	case []any:
		for _, one := range v {
			switch one.(type) {
			case map[string]any, []any:
			default:
				return nil, false, false
			}
		}
		return v, len(v) == 0, true
	}
	return nil, false, false
}
