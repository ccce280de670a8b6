package connector

import (
	"strings"
)

// Most pages that a file may ask for.
const (
	maxPages     = 100
	defaultPages = 20
	maxStep      = 10_000
)

// markup reads the keys of a body in XML.
func (l *loader) markup(o object, r *request, allowed []string) {
	body, given := o.get("xml")
	soap, wrapped := o.get("soap")
	if wrapped {
		r.soap = l.envelope(soap)
		if !given {
			l.bad(soap, "has no use without xml; write the content of the envelope's body there")
		}
	}
	if !given {
		return
	}
	text, ok := l.text(body)
	if !ok {
		return
	}
	r.xml = l.template(body, strings.TrimSpace(text), allowed)
	if r.xml == nil {
		return
	}
	// With harmless values it must be what it will be with any: one element.
	if _, err := parseXML([]byte(r.xml.fill(func(piece) string { return "1" }))); err != nil || strings.HasPrefix(strings.TrimSpace(text), "<?xml") {
		l.bad(body, "is no XML with one outermost element; write it without a declaration and an envelope, and look at the tags and at & and < outside them")
	}
	each, several := o.get("each")
	if several {
		text, _ := scalar(each.node)
		row, err := parseTemplate(text)
		if err == nil && text != "" {
			_, err = parseXML([]byte("<rows>" + row.fill(func(piece) string { return "1" }) + "</rows>"))
		}
		if err != nil {
			l.bad(each, "is no XML; look at the tags and at & and < outside them")
		}
	}
}

// envelope reads how a body is wrapped.
func (l *loader) envelope(p place) *envelope {
	in := l.object(p, "version", "action", "security")
	e := &envelope{version: l.word(in, "version", "1.1", "1.2")}
	if a, ok := in.get("action"); ok {
		e.action, _ = scalar(a.node) // an empty one is legal
		if strings.ContainsFunc(e.action, func(r rune) bool { return r <= ' ' || r == '"' || r > '~' }) {
			l.bad(a, "must be plain letters without blanks and quotes, such as urn:query")
		}
	}
	wss := l.cfg.auth.kind == "wss"
	s, ok := in.get("security")
	switch {
	case ok && !wss:
		l.bad(s, "needs the secret of auth; set auth.kind: wss")
	case !ok && wss:
		l.bad(p, "security is missing; auth.kind wss needs it, with the user of the token")
	}
	if !ok {
		return e
	}
	e.security = true
	token := l.object(s, "user", "digest")
	if u, ok := l.need(token, "user", "write the name that the department gave us"); ok {
		e.user, _ = l.text(u)
	}
	e.digest = l.boolean(token, "digest")
	return e
}

// checkBody looks at the body of a request as a whole.
func (l *loader) checkBody(o object, r *request) {
	bodies := 0
	for _, key := range []string{"form", "json", "xml"} {
		if p, ok := o.get(key); ok {
			if bodies++; bodies == 2 {
				l.bad(p, "form, json and xml are bodies, and a call has one: these are two bodies; keep one")
			}
		}
	}
	_, charset := o.get("charset")
	switch {
	case bodies > 0 && r.method == "GET":
		l.bad(o.place, "a GET has no body; set method: POST, or move the parameters to query")
	case bodies == 0 && charset:
		l.bad(o.values["charset"], "has no use without a body")
	}
	if l.cfg.auth.kind == "wss" && r.soap == nil {
		l.bad(o.place, "auth.kind wss puts a token into an envelope; write soap with security")
	}
}

// format reads what answers are written in.
func (l *loader) format(o object) {
	r := &l.cfg.reading
	r.format = "json"
	if l.cfg.request.xml != nil {
		r.format = "xml"
	}
	if _, ok := o.get("format"); ok {
		r.format = l.word(o, "format", "json", "xml")
	}
	r.soap = l.cfg.request.soap != nil
	if r.soap && r.format == "json" {
		l.bad(o.values["format"], "an envelope is XML; take format out")
		r.format = "xml"
	}
	if _, ok := o.get("charset"); ok {
		r.charset = l.word(o, "charset", "utf-8", "gb18030", "gbk")
	}
}

// pages reads how a list in pages is read.
func (l *loader) pages(o object) {
	p, ok := o.get("pages")
	if !ok {
		return
	}
	in := l.object(p, "next", "first", "step", "most")
	ps := &pages{next: l.optional(in, "next"), first: 1, step: 1, most: defaultPages}
	if f, ok := in.get("first"); ok {
		if text, _ := scalar(f.node); text == "0" {
			ps.first = 0
		} else {
			ps.first = l.whole(in, "first", maxStep)
		}
	}
	if _, ok := in.get("step"); ok {
		ps.step = l.whole(in, "step", maxStep)
	}
	if _, ok := in.get("most"); ok {
		ps.most = l.whole(in, "most", maxPages)
	}
	for _, key := range []string{"first", "step"} {
		if f, ok := in.get(key); ok && ps.next != nil {
			l.bad(f, "has no use with next: the department names the pages")
		}
	}
	l.cfg.reading.pages = ps
}

// checkHTTP looks at what only request and answer together show.
func (l *loader) checkHTTP(o object) {
	r, q := &l.cfg.reading, l.cfg.request
	p, paged := object{}.get("")
	if answer, ok := o.get("answer"); ok {
		var ahead reader // what is wrong with it is told already
		p, paged = ahead.object(answer).get("pages")
	}
	switch {
	case paged && !q.pages:
		l.bad(p, "nothing asks for another page; put {page} into the request")
	case !paged && q.pages:
		l.bad(o.values["request"], "{page} is asked for; say under answer.pages how pages follow each other")
	}
	if paged {
		switch {
		case q.each != nil:
			l.bad(p, "several persons in one call and pages exclude each other: whose page would it be? Take each out")
		case r.later != nil:
			l.bad(p, "later and pages exclude each other; the department should keep the whole answer until it is fetched")
		case r.pages != nil && r.pages.next == nil && r.total == nil:
			l.bad(p, "total is missing; without the number of records nobody sees the end of the list")
		}
	}
	l.checkSigned(o)
	if later := r.later; later != nil && (later.fetch.soap != nil) != r.soap {
		l.bad(o.values["answer"], "request and later.fetch must both have soap, or neither: their answers are read alike")
	}
}

// checkSigned looks whether a call can be signed as the file says.
func (l *loader) checkSigned(o object) {
	s := l.cfg.auth.signing
	if s.signature.parameter == "" || !s.text.has("body", "body_sha256", "query") {
		return
	}
	all := []request{l.cfg.request}
	if later := l.cfg.reading.later; later != nil {
		all = append(all, later.fetch)
	}
	for _, r := range all {
		_, tree := r.json.(map[string]any)
		inBody := tree || r.form != nil
		if inBody && s.text.has("body", "body_sha256") || !inBody && s.text.has("query") {
			l.bad(o.values["auth"], "the signature would stand in the text that it signs; send it in a header, or sign {parameters}")
			return
		}
	}
}
