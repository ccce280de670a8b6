package connector

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strconv"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/source"
)

// reply is what came back from one call.
type reply struct {
	code   int
	header http.Header
	body   []byte
	at     time.Time // when it was received
	fetch  bool      // of an earlier answer
}

// result is the answer to one query and what the operator should know of it.
type result struct {
	answer source.Answer
	say    string
}

// read turns the reply to queries into one result each, or says that nothing
// was looked up.
func (c *Config) read(r reply, queries []source.Query) ([]result, *source.Unavailable) {
	m, listed := c.reading.http[r.code]
	if !listed {
		m = httpMeaning(r.code)
	}
	say := "HTTP status " + strconv.Itoa(r.code)
	if m.unavailable() {
		return nil, c.unavailable(r, m, say)
	}
	if !m.ok() && m.word != "later" {
		return c.all(r, queries, &fault{m, say}, scope{}), nil
	}
	if len(r.body) > maxBody {
		return c.all(r, queries, malformed("the answer is larger than 8 MiB"), scope{}), nil
	}
	top, err := c.decode(r.body)
	if err != nil {
		return c.all(r, queries, malformed(err.Error()), scope{}), nil
	}
	s := scope{top, top, top}
	if m.ok() {
		if m, say = judge(c.reading.status, s); m.unavailable() {
			return nil, c.unavailable(r, m, say)
		}
	}
	switch {
	case m.word == "later":
		return c.postponed(r, queries, s), nil
	case !m.ok():
		return c.all(r, queries, &fault{m, say}, s), nil
	}
	if c.reading.persons == nil {
		res := c.person(r, queries[0], []any{top}, top)
		res.answer.Hash = hash(r.body)
		return []result{res}, nil
	}
	return c.batch(r, queries, s), nil
}

func (c *Config) decode(body []byte) (any, error) {
	if c.reading.gb18030 {
		text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(body)
		if err != nil {
			return nil, errUTF8
		}
		body = text
	}
	return parseJSON(body)
}

// judge looks at the codes in turn; the first that is not ok decides.
func judge(codes []status, s scope) (meaning, string) {
	for i, st := range codes {
		v, found := st.at.find(s)
		text, single := plain(v)
		m, known := st.codes[text]
		say := "status code " + strconv.Itoa(i+1)
		switch {
		case !single:
			return failed(source.ReasonMalformed), say + " is not a single value"
		case known:
		case !found || text == "":
			m, say = st.absent, say+" is missing"
		default:
			m, say = st.other, say+" has a value that the mapping does not list"
		}
		if !m.ok() {
			return m, say
		}
	}
	return meaning{word: "ok"}, ""
}

func (c *Config) unavailable(r reply, m meaning, say string) *source.Unavailable {
	return &source.Unavailable{Reason: m.reason, RetryAfter: retryAfter(r), Err: c.oops(say)}
}

// all gives every query the same result. A doubt about one person of several
// cannot be told whose it is.
func (c *Config) all(r reply, queries []source.Query, f *fault, s scope) []result {
	if f.word == "identity_doubt" && len(queries) > 1 {
		f = malformed("a doubt about a person, but not about whom")
	}
	results := make([]result, len(queries))
	for i, q := range queries {
		results[i] = c.result(r, q, f, s)
		results[i].answer.Hash = hash(r.body)
	}
	return results
}

// result makes the answer of a meaning without records. Also a "none" says of
// when it is, if the department does.
func (c *Config) result(r reply, q source.Query, f *fault, s scope) result {
	a := source.Answer{Query: q.ID(), Outcome: f.outcome(), Reason: f.reason}
	switch a.Outcome {
	case source.None:
		a.Reason = ""
	case source.Failed:
		if a.Reason == "" {
			a.Reason = source.ReasonMalformed
		}
		return result{a, f.say}
	}
	a.AsOf, _ = c.asOf(r, s) // a doubtful time is left out: there are no records to date
	return result{a, f.say}
}

func (c *Config) postponed(r reply, queries []source.Query, s scope) []result {
	l := c.reading.later
	v, _ := l.token.find(s)
	token, ok := plain(v)
	if token == "" && r.fetch {
		token = queries[0].Token() // not yet; the department need not repeat it
	}
	if !ok || token == "" {
		return c.all(r, queries, incomplete("accepted for later, but without a token"), s)
	}
	after := l.after
	if l.afterAt != nil {
		v, _ := l.afterAt.find(s)
		text, _ := plain(v)
		if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 && seconds < int(maxLater/time.Second) {
			after = time.Duration(seconds) * time.Second
		}
	}
	results := make([]result, len(queries))
	for i, q := range queries {
		results[i].answer = source.Answer{Query: q.ID(), Hash: hash(r.body), Later: &source.Later{Token: token, After: after}}
	}
	return results
}

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
		records = append(records, some...)
	}
	if len(records) == 0 {
		return c.result(r, q, &fault{c.reading.empty, "the list of records is empty"}, here)
	}
	asOf, f := c.asOf(r, here)
	if f != nil {
		return c.result(r, q, f, here)
	}
	return result{answer: source.Answer{Query: q.ID(), Outcome: source.Found, Records: records, Match: c.match(g), AsOf: asOf}}
}

// entryRecords matches and converts the records of one entry.
func (c *Config) entryRecords(s scope, p source.Person, g *grade) ([]catalog.Record, *fault) {
	found, f := c.list(s)
	if f != nil {
		return nil, f
	}
	if len(found) == 0 {
		return nil, c.checkEntry(s, p)
	}
	conv := converter{blank: c.reading.blank}
	if c.closed {
		conv.closed = c.taken()
	}
	var records []catalog.Record
	for _, one := range found {
		s.here = one
		if f := check(c.reading, s, p, g); f != nil {
			return nil, f
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
		v, _ := at.find(s)
		found, empty, ok := listOf(v)
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

// complete holds the number of records against the one promised.
func (c *Config) complete(s scope, got int) *fault {
	if c.reading.total == nil {
		return nil
	}
	v, _ := c.reading.total.find(s)
	text, _ := plain(v)
	d, ok := parseDecimal(text)
	if !ok {
		return incomplete("the number of records is missing")
	}
	if d.trimmed().text() != strconv.Itoa(got) {
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
	return t, nil
}

func hash(received []byte) string {
	sum := sha256.Sum256(received)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// number reads an identity number of an entry.
func number(s string) (idcard.Number, bool) {
	n, err := idcard.Parse(s)
	return n, err == nil
}
