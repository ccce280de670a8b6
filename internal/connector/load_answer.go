package connector

import (
	"strings"

	"hedui/source"
)

func (l *loader) answer(p place) {
	o := l.object(p, "charset", "http", "status", "persons", "records", "empty", "absent", "total", "blank", "person", "as_of", "later", "format", "pages")
	r := &l.cfg.reading
	l.format(o)
	r.http = l.httpCodes(o)
	r.status = l.statuses(o)
	r.persons = l.persons(o)
	if p, ok := l.need(o, "records", `write the path to the list of records, or "." if the answer itself is one`); ok {
		for _, one := range l.list(p) {
			if at := l.path(one); at != nil {
				r.records = append(r.records, *at)
			}
		}
		if len(r.records) == 0 && len(l.list(p)) == 0 {
			l.bad(p, "is an empty list; write at least one path")
		}
	}
	r.empty = l.meaning(o, "empty", meaning{word: "none"}, "none", "failed")
	r.absent = l.meaning(o, "absent", failed(source.ReasonIncomplete), "none", "failed")
	r.total = l.optional(o, "total")
	if p, ok := o.get("blank"); ok {
		r.blank = l.texts(p)
	}
	l.person(o)
	l.asOf(o)
	l.later(o)
	l.pages(o)
}

// path reads a path, and returns nil when it is none.
func (l *loader) path(p place) *path {
	s, ok := l.text(p)
	if !ok {
		return nil
	}
	at, err := parsePath(s)
	if err != nil {
		l.bad(p, "%q %v", clip(s), err)
		return nil
	}
	if l.cfg.kind == "sql" && len(at.steps) > 0 && at.steps[0].name != strings.ToLower(at.steps[0].name) {
		l.bad(p, "is written small, %s: databases differ in how they write names of columns", clip(strings.ToLower(s)))
	}
	return &at
}

func (l *loader) optional(o object, key string) *path {
	if p, ok := o.get(key); ok {
		return l.path(p)
	}
	return nil
}

// required reads a path that must be there; a problem yields the place itself.
func (l *loader) required(o object, key, hint string) path {
	if p, ok := l.need(o, key, hint); ok {
		if at := l.path(p); at != nil {
			return *at
		}
	}
	return path{base: '.'}
}

func (l *loader) persons(o object) *persons {
	p, ok := o.get("persons")
	batch := l.cfg.request.each != nil
	switch {
	case ok && !batch:
		l.bad(p, "has no use without request.each; take it out, or say there how one person is written")
	case !ok && batch:
		l.bad(o.place, "persons is missing; request.each asks for several persons, so say how their entries are told apart")
	}
	if !ok {
		return nil
	}
	in := l.object(p, "at", "by", "key", "missing", "status")
	ps := &persons{
		at:      l.required(in, "at", "write the path to the list of entries"),
		by:      l.word(in, "by", "id", "query", "row"),
		missing: l.meaning(in, "missing", failed(source.ReasonIncomplete), "none", "not_covered", "failed"),
		status:  l.statuses(in),
	}
	if key, ok := l.need(in, "key", `write where the entry says whose it is, or "@key"`); ok {
		if s, _ := scalar(key.node); s == "@key" {
			ps.mapped = true
		} else if at := l.path(key); at != nil {
			ps.key = *at
		}
	}
	sent := map[string][]string{"id": {"id", "id15"}, "query": {"query"}, "row": {"row"}}[ps.by]
	if batch && len(sent) > 0 && !hasAny(templates(l.cfg.request.each), sent) {
		l.bad(in.place, "by: %s needs {%s} in request.each", ps.by, sent[0])
	}
	return ps
}

func hasAny(all []template, names []string) bool {
	for _, t := range all {
		if t.has(names...) {
			return true
		}
	}
	return false
}

func (l *loader) asOf(o object) {
	p, ok := o.get("as_of")
	if !ok {
		return
	}
	a := &l.cfg.reading.asOf
	if s, ok := scalar(p.node); ok {
		if s != "now" {
			l.bad(p, `must be now, or a place such as {at: data.time, format: "2006-01-02 15:04:05"}`)
		}
		a.now = true
		return
	}
	in := l.object(p, "at", "header", "format")
	a.at = l.optional(in, "at")
	if h, ok := in.get("header"); ok {
		if a.header, ok = l.text(h); ok && !headerForm.MatchString(a.header) {
			l.bad(h, "is no name of an HTTP header, such as Last-Modified")
		}
	}
	_, at := in.get("at")
	_, header := in.get("header")
	if at == header && in.keys != nil {
		l.bad(in.place, "exactly one of at and header must be there")
	}
	if f, ok := l.need(in, "format", "say how the time is written, such as 20060102150405"); ok {
		a.layout = l.layouts(f)
	}
}

func (l *loader) layouts(p place) []layout {
	var all []layout
	for _, one := range l.list(p) {
		s, ok := l.text(one)
		if !ok {
			continue
		}
		f, err := parseLayout(s)
		if err != nil {
			l.bad(one, "%q %v", clip(s), err)
		}
		all = append(all, f)
	}
	return all
}

func (l *loader) later(o object) {
	r := &l.cfg.reading
	p, ok := o.get("later")
	if used := r.meansLater(); used != ok {
		if ok {
			l.bad(p, "no code means later; say under http or status which does, or take this out")
		} else {
			l.bad(o.place, "later is missing; a code means later, so say where the token stands and how to fetch")
		}
	}
	if !ok {
		return
	}
	in := l.object(p, "token", "after", "after_at", "fetch")
	lt := &later{
		token:   l.required(in, "token", "write where the department's number for the query stands"),
		after:   l.duration(in, "after", maxLater),
		afterAt: l.optional(in, "after_at"),
	}
	l.need(in, "after", "say how long to wait at least, such as 30s")
	if f, ok := l.need(in, "fetch", "say how the answer is fetched"); ok {
		lt.fetch = l.request(f, true)
		if l.cfg.request.each == nil && lt.fetch.each != nil {
			l.bad(f, "each has no use here: request asks for one person at a time")
		}
	}
	if r.persons != nil && r.persons.by == "row" {
		l.bad(in.place, "with later, entries must be told apart by id or query: rows may be fetched in another order")
	}
	r.later = lt
}
