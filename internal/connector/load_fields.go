package connector

import (
	"slices"

	"github.com/goccy/go-yaml/ast"

	"hedui/catalog"
)

// options says which keys a field of each type may have besides at, constant,
// required and trim.
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
	allowed := append([]string{"at", "constant", "required", "trim"}, options[of.Type]...)
	o := l.object(p, allowed...)
	f.at = l.optional(o, "at")
	l.constant(o, &f)
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
	f.unit = l.word(o, "unit", "yuan", "wan", "fen")
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

func (l *loader) constant(o object, f *field) {
	p, fixed := o.get("constant")
	_, at := o.get("at")
	if fixed == at && o.keys != nil {
		l.bad(o.place, "exactly one of at and constant must be there")
		return
	}
	if !fixed {
		return
	}
	s, ok := l.text(p)
	if !ok {
		return
	}
	if f.of.Type == catalog.Rows {
		l.bad(p, "rows cannot be constant")
		return
	}
	probe := catalog.Category{Fields: []catalog.Field{f.of}}
	if len(probe.Check(catalog.Record{f.key: s})) > 0 {
		l.bad(p, "is no %s in the catalogue's form", f.of.Type)
	}
	f.constant = s
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
	}
	note(c.reading.id)
	note(c.reading.name)
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
	return all
}
