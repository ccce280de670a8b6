package connector

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"hedui/catalog"
)

// options says which keys a field of each type may have besides those of every
// field.
var options = map[catalog.Type][]string{
	catalog.Text:    {"join"},
	catalog.Coded:   {"codes"},
	catalog.Bool:    {"codes"},
	catalog.Date:    {"format"},
	catalog.Month:   {"format"},
	catalog.Money:   {"unit", "round"},
	catalog.Percent: {"scale", "round"},
	catalog.Decimal: {"round"},
	catalog.Rows:    {"fields"},
}

func (l *loader) fields(p place, known []catalog.Field) []field {
	o := l.object(p)
	var keys []string
	for _, f := range known {
		keys = append(keys, f.Key)
	}
	var all []field
	for _, key := range o.keys {
		i := slices.Index(keys, key)
		switch {
		case i >= 0:
			all = append(all, l.mapping(o.values[key], known[i]))
		case known != nil: // else the category is the problem
			l.bad(o.values[key], "field %s", choice(key, keys))
		}
	}
	return all
}

func (l *loader) mapping(p place, of catalog.Field) field {
	f := field{key: of.Key, of: of, layouts: []layout{"2006-01-02"}, unit: "yuan", scale: "percent", join: "、"}
	if of.Type == catalog.Month {
		f.layouts = []layout{"2006-01"}
	}
	if _, empty := p.node.(*ast.NullNode); empty {
		l.bad(p, "is empty; write the path at which it stands in a record, or take the line out")
		return f
	}
	if _, short := scalar(p.node); short {
		f.at = l.path(p)
		if of.Type == catalog.Rows {
			l.bad(p, "holds rows; write {at: …, fields: {…}}")
		}
		return f
	}
	allowed := append([]string{"at", "constant", "cel", "default", "required", "trim"}, options[of.Type]...)
	if of.Per != "" {
		allowed = append(allowed, "per")
	}
	o := l.object(p, allowed...)
	f.at = l.optional(o, "at")
	l.whence(o, &f)
	l.fallback(o, &f)
	f.required = l.boolean(o, "required")
	f.round = l.boolean(o, "round")
	if t, ok := o.get("trim"); ok {
		f.trim = l.texts(t)
	}
	if c, ok := o.get("codes"); ok {
		f.codes = l.codes(c, of)
	}
	if t, ok := o.get("format"); ok {
		f.layouts = l.layouts(t)
	}
	f.unit = l.word(o, "unit", "yuan", "qian", "wan", "fen")
	f.yearly = l.word(o, "per", "month", "year") == "year"
	f.scale = l.word(o, "scale", "percent", "fraction")
	if j, ok := o.get("join"); ok {
		f.join, _ = scalar(j.node)
	}
	if of.Type == catalog.Rows {
		if in, ok := l.need(o, "fields", "map at least one field of the rows"); ok {
			f.fields = l.fields(in, of.Fields)
		}
	}
	return f
}

// whence reads where a field comes from: a place, a constant or a formula.
func (l *loader) whence(o object, f *field) {
	constant, fixed := o.get("constant")
	expression, worked := o.get("cel")
	_, at := o.get("at")
	given := 0
	for _, there := range []bool{fixed, worked, at} {
		if there {
			given++
		}
	}
	switch {
	case given != 1 && o.keys != nil:
		l.bad(o.place, "exactly one of at, constant and cel must be there")
	case fixed:
		f.constant = l.canonical(constant, f.of)
	case worked && f.of.Type == catalog.Rows:
		l.bad(expression, "rows cannot be a formula; a column of them can")
	case worked:
		f.formula = l.formula(expression, false)
	}
}

// fallback reads the value of a silence. A field that must be there has none, and
// neither has one that is always the same.
func (l *loader) fallback(o object, f *field) {
	p, ok := o.get("default")
	if !ok {
		return
	}
	_, fixed := o.get("constant")
	_, required := o.get("required")
	if fixed || required {
		l.bad(p, "has no use beside constant and required; a default is for what the department may leave out")
		return
	}
	f.fallback = l.canonical(p, f.of)
}

// canonical reads p as a value in the catalogue's own form; a code must be one of
// its list.
func (l *loader) canonical(p place, of catalog.Field) string {
	s, ok := l.text(p)
	if !ok {
		return ""
	}
	if of.Type == catalog.Rows {
		l.bad(p, "rows cannot be a fixed value")
		return ""
	}
	probe := catalog.Category{Fields: []catalog.Field{of}}
	if len(probe.Check(catalog.Record{of.Key: s})) > 0 {
		l.bad(p, "is no %s in the catalogue's form", of.Type)
	}
	return s
}

func (l *loader) codes(p place, of catalog.Field) map[string]string {
	o := l.object(p)
	list, listed := catalog.CodeList(of.List)
	all := make(map[string]string, len(o.keys))
	for _, key := range o.keys {
		to, ok := l.text(o.values[key])
		if !ok {
			continue
		}
		var known []string
		if of.Type == catalog.Bool {
			known = []string{"true", "false"}
		} else if listed {
			for _, item := range list.Items {
				known = append(known, item.Code)
			}
		}
		if known != nil && !slices.Contains(known, to) {
			l.bad(o.values[key], "%s", choice(to, known))
		}
		all[key] = to
	}
	return all
}

// taken lists the keys of a record that the mapping or the matching reads.
func (c *Config) taken() map[string]bool {
	all := map[string]bool{}
	note := func(p *path) {
		if p != nil && p.base == '.' && len(p.steps) > 0 {
			all[p.steps[0].name] = true
		}
	}
	for _, f := range c.fields {
		note(f.at)
		f.formula.note(all)
		if f.at != nil && f.at.self() { // rows out of the record itself
			for _, inner := range f.fields {
				note(inner.at)
			}
		}
	}
	c.when.note(all)
	w := c.reading.whose
	for _, at := range []*path{w.id, w.formerID, w.name, w.birth, w.sex} {
		note(at)
	}
	for i := range w.others {
		note(&w.others[i])
	}
	if at := c.reading.asOf.at; at != nil && at.base == '^' && c.kind == "sql" { // of the row
		all[at.steps[0].name] = true
	}
	for _, key := range c.ignore {
		all[key] = true
	}
	if len(c.reading.records) == 0 || !c.reading.records[0].self() {
		return all
	}
	codes := c.reading.status
	if c.reading.persons != nil {
		note(&c.reading.persons.key)
		codes = c.reading.persons.status
	}
	for _, s := range codes {
		note(&s.at)
	}
	if at := c.reading.asOf.at; at != nil && at.base == '^' {
		note(&path{'.', at.steps})
	}
	return all
}
