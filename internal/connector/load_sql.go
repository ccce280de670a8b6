package connector

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// sql reads what a front-end database needs.
func (l *loader) sql(o object) {
	if p, ok := l.need(o, "database", "say which database and how it is entered"); ok {
		l.database(p)
	}
	d := &l.cfg.database
	if p, ok := l.need(o, "query", "write one SELECT for all persons of a call, with IN ({ids})"); ok {
		d.query = l.statement(p, "ids", "ids15", "from", "to", "purpose")
		if d.query != nil && !d.query.has("ids", "ids15") {
			l.bad(p, "says not about whom; write it with IN ({ids}), or ({ids15}) for 15-digit numbers")
		}
		l.fits(p)
	}
	// What differs between persons divides a call, and a person without a 15-digit
	// number cannot be looked for where there is no other.
	for _, piece := range d.query {
		if piece.hole == "purpose" || piece.hole == "from" || piece.hole == "to" {
			l.cfg.request.shared = append(l.cfg.request.shared, template{piece})
		}
	}
	l.cfg.request.needs15 = d.query.has("ids15") && !d.query.has("ids")
	if p, ok := l.need(o, "answer", "say in which columns number and name of the person stand"); ok {
		l.rows(p)
	}
}

// rows reads how the rows of a query become answers: as the entries of a batch
// do, each a record of the person whose number stands in it.
func (l *loader) rows(p place) {
	o := l.object(p, "person", "blank", "as_of")
	r := &l.cfg.reading
	r.records = []path{{base: '.'}}
	r.empty, r.absent = meaning{word: "none"}, incomplete("").meaning
	if p, ok := o.get("blank"); ok {
		r.blank = l.texts(p)
	}
	l.person(o)
	r.persons = &persons{at: path{base: '.', steps: []step{{name: "rows"}}}, by: "id", missing: meaning{word: "none"}}
	if r.whose.id != nil {
		r.persons.key = *r.whose.id
	} else if o.node != nil {
		l.bad(o.place, "person.id is missing; without the number in the rows nobody can tell whose they are")
	}
	if p, ok := o.get("as_of"); ok {
		l.rowsAsOf(p)
	}
}

func (l *loader) rowsAsOf(p place) {
	a := &l.cfg.reading.asOf
	if s, ok := scalar(p.node); ok {
		if s != "now" {
			l.bad(p, `must be now, {at: column, format: …} or {query: "SELECT max(…) FROM …", format: …}`)
		}
		a.now = true
		return
	}
	in := l.object(p, "at", "query", "format")
	q, query := in.get("query")
	_, at := in.get("at")
	if at == query && in.keys != nil {
		l.bad(in.place, "exactly one of at and query must be there")
	}
	if a.at = l.optional(in, "at"); a.at != nil {
		a.at.base = '^' // of the person's row
	}
	if query {
		l.cfg.database.asOf = l.statement(q)
		a.at = &path{base: '$', steps: []step{{name: "as_of"}}}
	}
	if f, ok := l.need(in, "format", "say how the time is written, such as 20060102; a column of type date gives 2006-01-02, one with a time 2006-01-02 15:04:05"); ok {
		a.layout = l.layouts(f)
	}
}

func (l *loader) statement(p place, allowed ...string) statement {
	s, ok := l.text(p)
	if !ok {
		return nil
	}
	q, err := parseStatement(s, allowed...)
	if err != nil {
		l.bad(p, "%v", err)
		return nil
	}
	return q
}

// fits refuses a batch that the database would.
func (l *loader) fits(p place) {
	d := l.cfg.database
	most, batch := d.engine.most, l.cfg.info.Limits.Batch
	if n := d.query.parameters(batch); most > 0 && n > most {
		l.bad(p, "has up to %d parameters with limits.batch %d, and the database takes %d; lower limits.batch", n, batch, most)
	}
}

func (l *loader) database(p place) {
	o := l.object(p, "driver", "server", "name", "user", "secret", "secret_file", "ca_file", "server_name", "unencrypted", "file", "charset")
	d := &l.cfg.database
	l.cfg.auth.kind = "none"
	d.gb18030 = l.word(o, "charset", "utf-8", "gb18030") == "gb18030"
	word := ""
	if p, ok := l.need(o, "driver", "write one of "+strings.Join(engineNames(), ", ")); ok {
		word, _ = l.text(p)
		if d.engine, ok = engines[word]; !ok {
			l.bad(p, "%s", choice(word, engineNames()))
			return
		}
	}
	if word == "sqlite" {
		l.fileOnly(o)
		return
	}
	if p, ok := o.get("file"); ok {
		l.bad(p, "is for driver sqlite only; take it out")
	}
	l.server(o)
	for key, into := range map[string]*string{"name": &d.name, "user": &d.user} {
		if p, ok := l.need(o, key, "write the name of the "+map[string]string{"name": "database", "user": "account, one that may only read"}[key]); ok {
			*into, _ = l.text(p)
		}
	}
	l.encryption(o)
	_, inline := o.get("secret")
	_, filed := o.get("secret_file")
	if !inline && !filed && loopback(d.host) {
		return // this machine's database may know its own accounts
	}
	l.cfg.auth.kind = "password"
	l.secret(o)
}

// fileOnly reads the keys of SQLite.
func (l *loader) fileOnly(o object) {
	for _, key := range o.keys {
		if key != "driver" && key != "file" && key != "charset" {
			l.bad(o.values[key], "has no use with driver sqlite; take it out")
		}
	}
	if p, ok := l.need(o, "file", "write the absolute path of the database"); ok {
		s, ok := l.text(p)
		if ok && !filepath.IsAbs(s) {
			l.bad(p, "must be an absolute path, such as /srv/hedui/local-tax.db")
		}
		l.cfg.database.file = s
	}
}

// server reads host and port.
func (l *loader) server(o object) {
	d := &l.cfg.database
	p, ok := l.need(o, "server", "write host and port, such as 10.20.30.40:5432")
	if !ok {
		return
	}
	s, ok := l.text(p)
	if !ok {
		return
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		host, port = strings.Trim(s, "[]"), d.engine.port
	}
	n, bad := strconv.ParseUint(port, 10, 16)
	if host == "" || bad != nil || n == 0 || strings.ContainsFunc(host, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._:%", r)
	}) || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		l.bad(p, "is no server; write host and port, such as 10.20.30.40:5432, and nothing before or behind")
	}
	d.host, d.port = host, port
}

// encryption: a connection that leaves the machine is encrypted and the server's
// certificate checked, unless the file gives the reason why not.
func (l *loader) encryption(o object) {
	d := &l.cfg.database
	ca, pinned := o.get("ca_file")
	if pinned {
		s, ok := l.text(ca)
		if ok && !filepath.IsAbs(s) {
			l.bad(ca, "must be an absolute path, such as /etc/hedui/tax-ca.pem")
		}
		d.ca = s
	}
	if p, ok := o.get("server_name"); ok {
		d.serverName, _ = l.text(p)
		pinned = true
	}
	p, excused := o.get("unencrypted")
	d.unencrypted = excused || loopback(d.host) && !pinned
	if !excused {
		return
	}
	reason, ok := l.text(p)
	switch {
	case pinned:
		l.bad(p, "stands beside ca_file or server_name; a connection is encrypted or it is not")
	case ok && len([]rune(strings.TrimSpace(reason))) < 8:
		l.bad(p, "must give the reason in words, such as: dedicated line between the two machine rooms, contract 2013-17")
	}
}
