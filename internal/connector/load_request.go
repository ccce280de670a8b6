package connector

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// single are the placeholders that differ between any two queries.
var single = []string{"id", "id15", "name", "mandate", "signed", "query"}

var numberForm = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// request reads request or, with fetch, answer.later.fetch.
func (l *loader) request(p place, fetch bool) request {
	o := l.object(p, "url", "method", "headers", "query", "form", "json", "xml", "soap", "charset", "each", "join", "allow_id_in_url")
	r := request{method: l.word(o, "method", "GET", "POST"), idInURL: l.boolean(o, "allow_id_in_url"), join: ","}
	r.charset = l.word(o, "charset", "utf-8", "gbk", "gb18030")
	_, batch := o.get("each")
	// What a place may hold; every place narrows it further.
	allowed := []string{"id", "id15", "name", "purpose", "mandate", "signed", "query", "from", "to", "now"}
	if fetch {
		allowed = append(allowed, "token")
	}
	if l.cfg.auth.kind == "placeholder" {
		allowed = append(allowed, "secret")
	}
	outside := slices.Clone(allowed)
	if !fetch {
		outside = append(outside, "page")
	}
	if batch {
		outside = append(without(outside, single...), "persons")
	}
	l.url(o, &r, without(outside, "secret", "persons", "signed"))
	r.headers = l.parameters(o, "headers", without(outside, "id", "id15", "name", "persons"))
	for name := range r.headers {
		if !headerForm.MatchString(name) {
			l.bad(o.values["headers"], "%q is no name of an HTTP header", clip(name))
		}
	}
	r.query = l.parameters(o, "query", without(outside, "secret", "signed"))
	r.form = l.parameters(o, "form", outside)
	if body, ok := o.get("json"); ok {
		r.json = l.tree(body, outside, true)
	}
	l.markup(o, &r, outside)
	if each, ok := o.get("each"); ok {
		r.each = l.tree(each, append(without(allowed, "secret", "now"), "row"), false)
	}
	if r.xml != nil {
		r.join = ""
	}
	if join, ok := o.get("join"); ok {
		r.join, _ = scalar(join.node)
	}
	l.checkRequest(o, &r, batch, fetch)
	return r
}

// checkRequest looks at what only the whole request shows.
func (l *loader) checkRequest(o object, r *request, batch, fetch bool) {
	l.checkBody(o, r)
	parameters := append(mapped(r.query), mapped(r.form)...)
	outside := slices.Concat(parameters, mapped(r.headers), templates(r.json), []template{r.url.path, r.xml})
	inside := templates(r.each)
	holds := func(list []template, names ...string) bool {
		return slices.ContainsFunc(list, func(t template) bool { return t.has(names...) })
	}
	switch {
	case batch && !holds(outside, "persons"):
		l.bad(o.values["each"], "the rows go nowhere; put {persons} into json, xml, form or query")
	case !batch && o.values["join"].node != nil:
		l.bad(o.values["join"], "has no use without each")
	}
	if _, row := r.each.(template); batch && !row && (holds(parameters, "persons") || r.xml != nil) {
		l.bad(o.values["each"], `must be one text, such as "{id}": a parameter or XML cannot hold keys with values`)
	}
	if !fetch && !holds(append(inside, outside...), "id", "id15") {
		l.bad(o.place, "nothing says about whom is asked; put {id} (or {id15}) into it")
	}
	if fetch && !holds(append(inside, outside...), "token") {
		l.bad(o.place, "nothing says what to fetch; put {token} into it")
	}
	exposed := append(mapped(r.query), r.url.path)
	if batch && holds(exposed, "persons") {
		exposed = append(exposed, inside...)
	}
	if !r.idInURL && holds(exposed, "id", "id15", "name") {
		l.bad(o.place, "identity numbers and names would stand in the URL, which ends up in logs; ask by POST, or state allow_id_in_url: true if the department offers nothing else")
	}
	r.pages = holds(outside, "page")
	r.needs15 = holds(append(inside, outside...), "id15")
	r.id15 = r.needs15 && !holds(append(inside, outside...), "id")
	for _, t := range outside {
		if batch && t.has("purpose", "from", "to") {
			r.shared = append(r.shared, t)
		}
	}
}

func (l *loader) url(o object, r *request, allowed []string) {
	p, ok := l.need(o, "url", "write the address of the department's interface")
	if !ok {
		return
	}
	s, ok := l.text(p)
	if !ok {
		return
	}
	scheme, rest, _ := strings.Cut(s, "://")
	host, path, slash := strings.Cut(rest, "/")
	u, err := url.Parse(scheme + "://" + host)
	switch {
	case strings.ContainsAny(s, "?#"):
		l.bad(p, "must end before ? and #; write parameters under query")
	case err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(host, "{} "):
		l.bad(p, "is no address; write it like https://host.example/path, without placeholders before the path and without user")
	case unsafeURL(u) != "":
		l.bad(p, "%s", unsafeURL(u))
	}
	r.url.base = scheme + "://" + host
	if slash {
		path = "/" + path
	}
	r.url.path = l.template(p, path, allowed)
}

func (l *loader) parameters(o object, key string, allowed []string) map[string]template {
	p, ok := o.get(key)
	if !ok {
		return nil
	}
	in := l.object(p)
	all := make(map[string]template, len(in.keys))
	for _, key := range in.keys {
		// An empty parameter is legal: some departments want it to be there.
		s, ok := scalar(in.values[key].node)
		if !ok {
			l.wrong(in.values[key], "a text")
			continue
		}
		all[key] = l.template(in.values[key], s, allowed)
	}
	return all
}

func (l *loader) template(p place, s string, allowed []string) template {
	t, err := parseTemplate(s)
	if err != nil {
		l.bad(p, "%v", err)
		return nil
	}
	for _, piece := range t {
		if piece.hole != "" && !slices.Contains(allowed, piece.hole) {
			l.bad(p, "{%s} cannot stand here; %s", piece.hole, whereHole(piece.hole))
		}
	}
	return t
}

func whereHole(hole string) string {
	switch hole {
	case "token":
		return "it stands in answer.later.fetch only"
	case "secret":
		return "it needs auth.kind: placeholder, and never stands in url, query or each"
	case "persons":
		return "it needs request.each, and stands in json, xml, form or query"
	case "page":
		return "it stands outside each, and in no call that fetches"
	case "row":
		return "it stands in each only"
	case "ids", "ids15":
		return "it stands in the query of a front-end database only"
	case "now":
		return "it stands outside each"
	case "signed":
		return "a signed mandate is long and opens with its salt: it never stands in a URL, and with each it belongs into each"
	case "batch":
		return "it stands in the files of an exchange only"
	}
	return "with each it belongs into each, and it never stands in a header"
}

func mapped(m map[string]template) []template {
	var all []template
	for _, t := range m {
		all = append(all, t)
	}
	return all
}

func without(list []string, drop ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(drop, s) })
}
