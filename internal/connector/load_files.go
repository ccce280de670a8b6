package connector

import (
	"io/fs"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"hedui/source"
)

// What an answer file may hold at most, in megabytes: unless the file says so,
// and whatever it says.
const (
	usualMegabytes = 16
	mostMegabytes  = 256
	maxColumns     = 500
	usualKeep      = 30 * 24 * time.Hour
)

var fileForm = regexp.MustCompile(`^[0-9A-Za-z\p{Han}_{][0-9A-Za-z\p{Han}_.{}-]*$`)

// files reads what an exchange of files needs.
func (l *loader) files(o object) {
	x := &exchange{}
	l.cfg.files = x
	if p, ok := l.need(o, "exchange", "say where the files lie: a directory, or an account of SFTP"); ok {
		l.exchange(p, x)
	}
	if p, ok := l.need(o, "request", "say how a request file is written"); ok {
		l.requestFile(p, x)
	}
	if p, ok := l.need(o, "answer", "say how an answer file is found and read"); ok {
		l.answerFile(p, x)
	}
}

func (l *loader) exchange(p place, x *exchange) {
	o := l.object(p, "directory", "sftp", "out", "in", "done", "keep")
	at, local := o.get("directory")
	account, away := o.get("sftp")
	switch {
	case local == away && o.keys != nil:
		l.bad(o.place, "exactly one of directory and sftp must be there")
	case local:
		if x.directory, local = l.text(at); local && !filepath.IsAbs(x.directory) {
			l.bad(at, "must be an absolute path, such as /srv/exchange/housing")
		}
	case away:
		l.account(account, x)
	}
	x.out = l.below(o, "out", true)
	x.in = l.below(o, "in", true)
	x.done = l.below(o, "done", false)
	if x.done != "" && x.done == x.in || x.done != "" && x.done == x.out || x.in != "" && x.in == x.out {
		l.bad(o.place, "out, in and done must be different directories")
	}
	if x.keep = l.duration(o, "keep", maxRefresh); x.keep == 0 {
		x.keep = usualKeep
	}
}

// below reads a directory within the exchange.
func (l *loader) below(o object, key string, needed bool) string {
	p, ok := o.get(key)
	if !ok && needed {
		l.need(o, key, "name the directory within the exchange")
	}
	if !ok {
		return ""
	}
	s, ok := l.text(p)
	if ok && !fs.ValidPath(s) {
		l.bad(p, "must lead down from the exchange: no stroke in front, no .. in it")
		return ""
	}
	return s
}

func (l *loader) account(p place, x *exchange) {
	o := l.object(p, "server", "user", "key_file", "secret", "secret_file", "known_host")
	a := &account{auth: auth{kind: "password"}}
	x.account = a
	if p, ok := l.need(o, "server", "write host and port, such as sftp.example:22"); ok {
		s, ok := l.text(p)
		if _, port, err := net.SplitHostPort(s); ok && (err != nil || port == "") {
			l.bad(p, "is no address; write host and port, such as sftp.example:22")
		}
		a.server = s
	}
	if p, ok := l.need(o, "user", "write the name of the account"); ok {
		a.user, _ = l.text(p)
	}
	if p, ok := l.need(o, "known_host", `write the server's host key as the department gave it, such as "ssh-ed25519 AAAA…"`); ok {
		s, ok := l.text(p)
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s))
		if ok && err != nil {
			l.bad(p, `is no host key; write type and key, such as "ssh-ed25519 AAAA…", without the name of the host`)
		}
		a.hostKey = key
	}
	key, keyed := o.get("key_file")
	_, inline := o.get("secret")
	_, filed := o.get("secret_file")
	switch {
	case keyed && (inline || filed):
		l.bad(key, "an account has a key or a password; keep one of key_file, secret_file and secret")
	case keyed:
		if a.keyFile, keyed = l.text(key); keyed && !filepath.IsAbs(a.keyFile) {
			l.bad(key, "must be an absolute path, such as /etc/hedui/gjj.key")
		}
	case !inline && !filed:
		l.bad(o.place, "exactly one of key_file, secret_file and secret must be there; secret is for demonstrations only")
	default:
		kept := l.cfg.auth
		l.cfg.auth = a.auth
		l.secret(o)
		a.auth, l.cfg.auth = l.cfg.auth, kept
	}
}

// fileName reads the name of a file.
func (l *loader) fileName(o object, key string, no bool) pattern {
	p, ok := o.get(key)
	if !ok {
		return ""
	}
	s, ok := l.text(p)
	bare := strings.NewReplacer("{batch}", "", "{no}", "").Replace(s)
	switch {
	case !ok:
	case !fileForm.MatchString(s) || strings.ContainsAny(bare, "{}"):
		l.bad(p, "is no name of a file: letters, digits, _ . - and {batch}, without directory")
	case strings.Count(s, "{batch}") != 1:
		l.bad(p, "must hold {batch} once: the number by which request and answer belong together")
	case strings.Count(s, "{no}") > 1 || strings.Contains(s, "{no}") && !no:
		l.bad(p, "{no} stands once in the name of an answer, for the department's count of corrections, and in no other name but those of files that belong to it")
	}
	return pattern(s)
}

func (l *loader) checksum(o object, no bool) *checksum {
	p, ok := o.get("checksum")
	if !ok {
		return nil
	}
	in := l.object(p, "file", "algorithm")
	l.need(in, "file", `write its name, such as "HD_{batch}.csv.md5"`)
	return &checksum{l.fileName(in, "file", no), sums[l.word(in, "algorithm", "sha256", "md5")]}
}

func (l *loader) requestFile(p place, x *exchange) {
	o := l.object(p, "format", "file", "charset", "separator", "header", "sheet", "rows", "columns", "checksum", "ready")
	r := &x.request
	r.sheet = l.sheet(o, []string{"id", "id15", "name", "purpose", "mandate", "signed", "query", "from", "to", "row", "now", "batch"})
	l.need(o, "file", `write its name, such as "HD_{batch}.csv"`)
	r.file, r.ready, r.checksum = l.fileName(o, "file", false), l.fileName(o, "ready", false), l.checksum(o, false)
	var sent []template
	for _, c := range r.columns {
		sent = append(sent, c.value)
	}
	if l.need(o, "columns", `write what stands in the file, such as [{name: zjhm, value: "{id}"}]`); !hasAny(sent, []string{"id", "id15"}) && len(sent) > 0 {
		l.bad(o.values["columns"], "nothing says about whom is asked; put {id} (or {id15}) into a column")
	}
	l.distinct(o, r.patterns())
	if r.format == "xml" && len(r.rows) < 2 {
		l.bad(o.place, "rows is missing; write the elements around a row, such as ROOT/FAMILY")
	}
	l.cfg.request.needs15 = hasAny(sent, []string{"id15"})
	l.cfg.request.id15 = l.cfg.request.needs15 && !hasAny(sent, []string{"id"})
}

func (l *loader) distinct(o object, all []pattern) {
	if slices.Sort(all); len(slices.Compact(slices.Clone(all))) < len(all) {
		l.bad(o.place, "two of the files have the same name")
	}
}

// sheet reads how rows are written; holes are the placeholders of columns in
// requests, nil in answers.
func (l *loader) sheet(o object, holes []string) sheet {
	s := sheet{format: l.word(o, "format", "csv", "fixed", "xlsx", "xml"), separator: ',', header: true}
	s.gb18030 = l.word(o, "charset", "utf-8", "gb18030") == "gb18030"
	if p, ok := o.get("separator"); ok {
		text, _ := scalar(p.node)
		r := []rune(text)
		if len(r) != 1 || r[0] == '"' || r[0] == '\n' || r[0] == '\r' || r[0] == 0xFFFD {
			l.bad(p, `must be one character, such as "," or "|" or "\t"`)
		} else {
			s.separator = r[0]
		}
	}
	if _, ok := o.get("header"); ok {
		s.header = l.boolean(o, "header")
	}
	if p, ok := o.get("sheet"); ok {
		s.name, _ = l.text(p)
	}
	if p, ok := o.get("rows"); ok {
		text, _ := l.text(p)
		for name := range strings.SplitSeq(text, "/") {
			if !elementForm.MatchString(name) {
				l.bad(p, "must be names of elements parted by strokes, such as ROOT/FAMILY")
				break
			}
			s.rows = append(s.rows, name)
		}
	}
	useless := map[string][]string{"csv": {"sheet", "rows"}, "fixed": {"sheet", "rows", "separator", "header"}, "xlsx": {"charset", "separator", "rows"}, "xml": {"separator", "header", "sheet"}}
	for _, key := range useless[s.format] {
		if p, ok := o.get(key); ok {
			l.bad(p, "has no use with format %s; take it out", s.format)
		}
	}
	if s.format == "fixed" || s.format == "xml" {
		s.header = false
	}
	if p, ok := o.get("columns"); ok {
		s.columns = l.columns(p, &s, holes)
	}
	if s.format == "xml" && holes == nil && s.columns != nil {
		l.bad(o.values["columns"], "has no use with format xml; take it out")
	}
	return s
}

var elementForm = regexp.MustCompile(`^[A-Za-z_\p{Han}][A-Za-z0-9_\p{Han}.-]*$`)

// columns reads the columns of a table. In answers a plain text is a name.
func (l *loader) columns(p place, s *sheet, holes []string) []column {
	var all []column
	at := 0
	names := map[string]bool{}
	for _, one := range l.list(p) {
		var c column
		if name, short := scalar(one.node); short && holes == nil && s.format != "fixed" {
			c.name, c.title = name, name
		} else {
			c = l.column(one, s, holes, at)
		}
		if at = c.from + c.width; c.name != "" && names[c.name] {
			l.bad(one, "the column stands twice")
		}
		if _, err := parsePath(c.name); err != nil || strings.Contains(c.name, ".") {
			l.bad(one, "the name of a column must be a plain word; write what stands in the file under title")
		}
		names[c.name] = true
		all = append(all, c)
	}
	if len(all) > maxColumns {
		l.bad(p, "has more than %d columns", maxColumns)
	}
	return all
}

func (l *loader) column(p place, s *sheet, holes []string, at int) column {
	keys := []string{"name"}
	if s.header {
		keys = append(keys, "title")
	}
	if holes != nil {
		keys = append(keys, "value")
	}
	if s.format == "fixed" {
		keys = append(keys, "from", "width")
	}
	o := l.object(p, keys...)
	c := column{from: at}
	if p, ok := l.need(o, "name", "name the column"); ok {
		c.name, _ = l.text(p)
	}
	c.title = c.name
	if p, ok := o.get("title"); ok {
		c.title, _ = l.text(p)
	}
	if s.format == "xml" && !elementForm.MatchString(c.name) {
		l.bad(o.place, "name must be the name of an element")
	}
	if p, ok := o.get("value"); ok {
		text, _ := scalar(p.node)
		c.value = l.template(p, text, holes)
	} else if holes != nil {
		l.need(o, "value", `say what stands in it, such as "{id}"`)
	}
	if s.format == "fixed" {
		l.need(o, "width", "write how many bytes it has")
		c.width = l.whole(o, "width", 4000)
		if _, ok := o.get("from"); ok {
			c.from = l.whole(o, "from", 1<<20) - 1
			if c.from < at {
				l.bad(o.values["from"], "the columns must stand in order and not overlap; the first byte is 1")
			}
		}
	}
	return c
}

func (l *loader) answerFile(p place, x *exchange) {
	o := l.object(p, "format", "file", "charset", "separator", "header", "sheet", "rows", "columns", "checksum", "ready",
		"trailer", "control", "settle", "batch", "limit", "after", "persons", "blank", "person", "as_of")
	a := &x.answer
	a.sheet = l.sheet(o, nil)
	if !a.header && a.columns == nil && a.format != "xml" {
		l.bad(o.place, "columns is missing; without a header, say what the columns are called")
	}
	if a.format == "xml" && len(a.rows) == 0 {
		l.bad(o.place, "rows is missing; write the elements down to a row, such as ROWDATA/FAMILY")
	}
	l.need(o, "file", `write its name, such as "HD_{batch}.csv"`)
	a.file = l.fileName(o, "file", true)
	no := strings.Contains(string(a.file), "{no}")
	a.ready, a.checksum = l.fileName(o, "ready", no), l.checksum(o, no)
	l.complete(o, a, no)
	l.distinct(o, a.patterns())
	if p, ok := o.get("batch"); ok {
		a.batch, _ = l.text(p)
	}
	a.limit = usualMegabytes << 20
	if n := l.whole(o, "limit", mostMegabytes); n > 0 {
		a.limit = int64(n) << 20
	}
	if a.after = l.duration(o, "after", maxLater); a.after == 0 {
		l.need(o, "after", "say how long to wait at least before looking for the answer, such as 10m")
	}
	r := &l.cfg.reading
	r.records = []path{{base: '.'}}
	r.empty, r.absent = failed(source.ReasonIncomplete), failed(source.ReasonIncomplete)
	if p, ok := o.get("blank"); ok {
		r.blank = l.texts(p)
	}
	l.rowPersons(o)
	l.person(o)
	l.asOf(o)
}

// complete reads by what a file is known to be whole.
func (l *loader) complete(o object, a *answerFile, no bool) {
	if p, ok := o.get("trailer"); ok {
		a.trailer = l.counting(p)
		if a.format == "xml" {
			l.bad(p, "has no use with format xml, which has an end of its own; use checksum, ready, control or settle")
		}
	}
	if p, ok := o.get("control"); ok {
		in := l.object(p, "file", "count")
		l.need(in, "file", `write its name, such as "HD_{batch}.ctl"`)
		a.control = l.fileName(in, "file", no)
		if p, ok := l.need(in, "count", `say where the number of rows stands, such as "ROWS=([0-9]+)"`); ok {
			a.count = l.counting(p)
		}
	}
	a.settle = l.duration(o, "settle", 24*time.Hour)
	if a.ready == "" && a.checksum == nil && a.trailer == nil && a.control == "" && a.settle == 0 {
		l.bad(o.place, "nothing says when a file is complete; give at least one of ready, checksum, trailer, control and settle")
	}
}

// counting reads an expression with a group for the number of rows.
func (l *loader) counting(p place) *regexp.Regexp {
	s, ok := l.text(p)
	if !ok {
		return nil
	}
	re, err := regexp.Compile(`^(?:` + s + `)$`)
	if err != nil || re.NumSubexp() != 1 {
		l.bad(p, `must be a regular expression with one group for the number of rows, such as "END,([0-9]+)"`)
		return nil
	}
	return re
}

// rowPersons says how rows find their persons.
func (l *loader) rowPersons(o object) {
	p, ok := l.need(o, "persons", "say how rows find their persons, such as {key: zjhm}")
	if !ok {
		return
	}
	in := l.object(p, "by", "key", "missing", "status")
	l.cfg.reading.persons = &persons{
		at:      path{'.', []step{{name: "rows"}}},
		by:      l.word(in, "by", "id", "query"),
		key:     l.required(in, "key", "name the column that says whose the row is"),
		missing: l.meaning(in, "missing", failed(source.ReasonIncomplete), "none", "not_covered", "failed"),
		status:  l.statuses(in),
	}
	if l.cfg.reading.meansLater() {
		l.bad(in.place, "a row cannot mean later; Hedui comes back by itself until the file is there")
	}
	var sent []template
	for _, c := range l.cfg.files.request.columns {
		sent = append(sent, c.value)
	}
	if by := l.cfg.reading.persons.by; by == "query" && !hasAny(sent, []string{"query"}) {
		l.bad(in.place, "by: query needs {query} in a column of the request")
	}
}
