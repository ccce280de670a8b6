package connector

import (
	"slices"
	"strconv"
	"time"

	"hedui/catalog"
	"hedui/source"
)

// What one person's records may hold at most. A report must show all of it.
const (
	maxRecords = 200
	maxText    = 2000 // characters of one field
)

// person reads what stands in the entries of one person.
func (c *Config) person(r reply, q source.Query, entries []any, top any) result {
	here := scope{top, entries[0], top}
	var records []catalog.Record
	var g grade
	for _, entry := range entries {
		some, f := c.entryRecords(scope{top, entry, entry}, q.Person(), &g)
		if f != nil {
			return c.result(r, q, f, here)
		}
		if records = append(records, some...); len(records) > maxRecords {
			return c.result(r, q, malformed("more records about one person than any register holds"), here)
		}
	}
	if f := g.judged(); f != nil {
		return c.result(r, q, f, here)
	}
	if len(records) == 0 && g.left > 0 { // there is something on the person: never "none"
		res := c.result(r, q, &fault{meaning{"not_covered", reasonLeftOut}, ""}, here)
		res.left = g.left
		return res
	}
	if len(records) == 0 {
		return c.result(r, q, &fault{c.reading.empty, "the list of records is empty"}, here)
	}
	asOf, f := c.asOf(r, here)
	if f != nil {
		return c.result(r, q, f, here)
	}
	return result{answer: source.Answer{Query: q.ID(), Outcome: source.Found, Records: records, Match: c.match(g), Allowed: g.used, AsOf: asOf}, left: g.left}
}

// reasonLeftOut marks an answer whose every record the filter of the file left out.
const reasonLeftOut source.Reason = "left_out"

// entryRecords matches and converts the records of one entry.
func (c *Config) entryRecords(s scope, p source.Person, g *grade) ([]catalog.Record, *fault) {
	found, f := c.list(s)
	if f != nil {
		return nil, f
	}
	if len(found) == 0 {
		return nil, c.checkEntry(s, p)
	}
	if len(found) > maxRecords {
		return nil, malformed("more records about one person than any register holds")
	}
	conv := converter{blank: c.reading.blank}
	if c.closed {
		conv.closed = c.taken()
	}
	var records []catalog.Record
	for _, one := range found {
		s.here = one
		c.strange(one)
		if f := check(c.reading.whose, s, c.reading.blank, p, g); f != nil {
			return nil, f
		}
		if g.doubt != nil {
			continue // nothing of it will be used
		}
		if c.when != nil {
			counts, ok := c.when.holds(s)
			if !ok {
				return nil, malformed("when: " + errFormula.Error())
			}
			if !counts {
				g.left++
				continue
			}
		}
		record, f := conv.record(c.fields, s)
		if f != nil {
			return nil, f
		}
		if faults := c.category.Check(record); len(faults) > 0 {
			return nil, malformed("field " + faults[0].Field + ": " + string(faults[0].Kind))
		}
		records = append(records, record)
	}
	return records, nil
}

// list returns the records of an entry, in the order of the paths.
func (c *Config) list(s scope) ([]any, *fault) {
	var all []any
	missing := true
	for _, at := range c.reading.records {
		v := c.recordsAt(at, s)
		found, empty, ok := listOf(v)
		if row, array := v.([]any); array && !ok && at.self() {
			found, ok = []any{row}, true // a row of a table
		}
		_, text := v.(string) // only an empty one is ok
		switch {
		case !ok:
			return nil, malformed("the list of records is neither list nor object")
		case (v == nil || text) && c.reading.absent.word != "none":
			return nil, &fault{c.reading.absent, "the list of records is missing"}
		case v == nil || text:
			continue
		case !empty:
			all = append(all, found...)
		}
		missing = false
	}
	if missing {
		return nil, nil // absent means none
	}
	return all, c.complete(s, len(all))
}

// recordsAt returns the list at a path. XML has no empty lists: an element in
// which nothing stands, or would stand at the path, is one. An element that is not
// there is none, nor is a text that should hold XML and is empty.
func (c *Config) recordsAt(at path, s scope) any {
	v, found := at.find(s)
	if !at.isElement(c.reading.form(at)) {
		return v
	}
	if text, ok := v.(string); ok && hollow(text) {
		return []any{}
	}
	if up := at.parent(); !found && up.isElement(c.reading.form(at)) {
		if in, there := up.find(s); there && hollow(in) {
			return []any{}
		}
	}
	return v
}

// form returns what the tree was read from in which p starts.
func (r *reading) form(p path) string {
	if p.base != '$' && r.persons != nil {
		return r.persons.at.form(r.format)
	}
	return r.format
}

// complete holds the number of records against the one promised.
func (c *Config) complete(s scope, got int) *fault {
	if c.reading.total == nil || c.reading.pages != nil {
		return nil // pages are counted together
	}
	total, ok := c.promised(s)
	if !ok {
		return incomplete("the number of records is missing")
	}
	if total != strconv.Itoa(got) {
		return incomplete("there are fewer or more records than the department says")
	}
	return nil
}

func (c *Config) asOf(r reply, s scope) (time.Time, *fault) {
	a := c.reading.asOf
	text := ""
	switch {
	case a.now:
		return r.at, nil
	case a.header != "":
		text = r.header.Get(a.header)
	case a.at != nil:
		v, _ := a.at.find(s)
		var ok bool
		if text, ok = plain(v); !ok {
			return time.Time{}, malformed("as_of is not a single value")
		}
	}
	if text == "" || slices.Contains(c.reading.blank, text) {
		return time.Time{}, nil
	}
	t, ok := readTime(a.layout, text)
	if !ok {
		return time.Time{}, malformed("as_of is no time in the given layout")
	}
	if !r.at.IsZero() && t.After(r.at.Add(24*time.Hour)) {
		return time.Time{}, malformed("as_of is in the future")
	}
	return t, nil
}
