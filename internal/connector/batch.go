package connector

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"hedui/source"
)

// batch gives every query the entries of its person. An entry that fits nobody
// who was asked about spoils the whole answer: if one is wrong, why should the
// others be right? Only when a batch is fetched later may others be in it, as
// its queries come back one by one.
func (c *Config) batch(r reply, queries []source.Query, s scope) []result {
	p := c.reading.persons
	v := c.personsAt(s)
	if v == nil {
		return c.all(r, queries, &fault{c.reading.absent, "the list of persons is missing"}, s)
	}
	entries, keys, ok := p.entries(v, s)
	if !ok {
		return c.all(r, queries, malformed("the list of persons cannot be read"), s)
	}
	owners := p.owners(queries)
	parts := make([][]any, len(queries))
	strangers := 0
	for i, entry := range entries {
		key := keys[i]
		if p.by == "id" {
			n, ok := number(key)
			if !ok {
				return c.all(r, queries, malformed("an entry's identity number cannot be read"), s)
			}
			key = n.Reveal()
		}
		owner, known := owners[key]
		switch {
		case known:
			parts[owner] = append(parts[owner], entry)
		default:
			strangers++
		}
	}
	if strangers > 0 && !r.fetch {
		return c.all(r, queries, malformed(fmt.Sprintf("of %d entries %d are about nobody in this call", len(entries), strangers)), s)
	}
	results := make([]result, len(queries))
	for i, q := range queries {
		results[i] = c.part(r, q, parts[i], s.top)
	}
	return results
}

// personsAt returns the list of entries; of XML also where it has one entry or none.
func (c *Config) personsAt(s scope) any {
	p := c.reading.persons
	if p.mapped || p.at.form(c.reading.format) != "xml" {
		v, _ := p.at.find(s)
		return v
	}
	v := c.recordsAt(path{'$', p.at.steps}, s)
	if one, ok := v.(map[string]any); ok {
		return []any{one}
	}
	return v
}

// entries returns the entries at v and what each says about its person.
func (p *persons) entries(v any, s scope) (entries []any, keys []string, ok bool) {
	if p.mapped {
		object, ok := v.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(object)) {
			entries, keys = append(entries, object[key]), append(keys, key)
		}
		return entries, keys, ok
	}
	list, ok := v.([]any)
	for _, entry := range list {
		at, _ := p.key.find(scope{s.top, entry, entry})
		key, single := plain(at)
		if !single || key == "" {
			return nil, nil, false
		}
		entries, keys = append(entries, entry), append(keys, key)
	}
	return entries, keys, ok
}

// owners maps what an entry may say to the index of a query.
func (p *persons) owners(queries []source.Query) map[string]int {
	owners := make(map[string]int, len(queries))
	for i, q := range queries {
		switch p.by {
		case "id":
			owners[q.Person().ID.Reveal()] = i
		case "query":
			owners[q.ID()] = i
		case "row":
			owners[strconv.Itoa(i+1)] = i
		}
	}
	return owners
}

// part reads the entries of one query.
func (c *Config) part(r reply, q source.Query, entries []any, top any) result {
	p := c.reading.persons
	if len(entries) == 0 {
		res := c.result(r, q, &fault{p.missing, "the person has no entry"}, scope{top: top})
		res.answer.Hash = hashOf(r.body)
		return res
	}
	received := any(entries)
	if len(entries) == 1 {
		received = entries[0]
	}
	res := c.entry(r, q, entries, top)
	res.answer.Hash = hashOf(encode(received))
	return res
}

func (c *Config) entry(r reply, q source.Query, entries []any, top any) result {
	flat := c.reading.records[0].self()
	if len(entries) > 1 && !flat {
		return c.result(r, q, malformed("a person has two entries"), scope{top: top})
	}
	for _, entry := range entries {
		m, say := judge(c.reading.persons.status, scope{top, entry, entry})
		switch {
		case m.ok():
		case len(entries) > 1:
			return c.result(r, q, malformed("a person has two entries that disagree"), scope{top: top})
		case m.word == "later":
			return c.postponed(r, []source.Query{q}, scope{top, entry, entry})[0]
		default:
			return c.result(r, q, &fault{m, say}, scope{top, entry, top})
		}
	}
	return c.person(r, q, entries, top)
}
