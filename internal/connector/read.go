package connector

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"hedui/idcard"
	"hedui/source"
)

// reply is what came back from one call. A medium that has no text to be decoded
// sets top and, for the hash, a canonical body.
type reply struct {
	code   int // HTTP status; 200 from other media
	header http.Header
	body   []byte
	top    any
	later  *source.Later // accepted or not there yet: nothing else is set
	fault  *fault        // it came and cannot be used
	at     time.Time     // when it was received
	fetch  bool          // of an earlier answer
}

// result is the answer to one query and what the operator should know of it.
type result struct {
	answer source.Answer
	say    string
	left   int // records that the filter left out
}

// read turns the reply to queries into one result each, or says that nothing
// was looked up.
func (c *Config) read(r reply, queries []source.Query) ([]result, *source.Unavailable) {
	if r.later != nil {
		results := make([]result, len(queries))
		for i, q := range queries {
			results[i].answer = source.Answer{Query: q.ID(), Later: r.later}
		}
		return results, nil
	}
	if r.fault != nil {
		return c.all(r, queries, r.fault, scope{}), nil
	}
	m, listed := c.reading.http[r.code]
	if !listed {
		m = httpMeaning(r.code)
	}
	say := "HTTP status " + strconv.Itoa(r.code)
	if !listed && c.reading.mayFault(r.code) && len(r.body) <= maxBody {
		if top, err := c.decode(r.body); err == nil && c.reading.faulty(top) {
			m, r.top = meaning{word: "ok"}, top // the fault says what happened, not the status
		}
	}
	if m.unavailable() {
		return nil, c.unavailable(r, m, say)
	}
	if !m.ok() && m.word != "later" {
		return c.all(r, queries, &fault{m, say}, scope{}), nil
	}
	if len(r.body) > maxBody {
		return c.all(r, queries, malformed("the answer is larger than 8 MiB"), scope{}), nil
	}
	top, err := r.top, error(nil)
	if top == nil {
		top, err = c.decode(r.body)
	}
	if err != nil {
		return c.all(r, queries, malformed(err.Error()), scope{}), nil
	}
	s := scope{top, top, top}
	if c.reading.faulty(top) {
		m, say = c.reading.faultMeaning(s)
	} else if m.ok() {
		m, say = judge(c.reading.status, s)
	}
	if m.unavailable() {
		return nil, c.unavailable(r, m, say)
	}
	switch {
	case m.word == "later":
		return c.postponed(r, queries, s), nil
	case !m.ok():
		return c.all(r, queries, &fault{m, say}, s), nil
	}
	if c.reading.persons == nil {
		res := c.person(r, queries[0], []any{top}, top)
		res.answer.Hash = hashOf(r.body)
		return []result{res}, nil
	}
	return c.batch(r, queries, s), nil
}

// decode makes a tree of what was received.
func (c *Config) decode(body []byte) (any, error) {
	charset := c.reading.charset
	if charset == "" && c.reading.format == "xml" {
		charset = declared(body)
	}
	if charset == "" {
		charset = "utf-8"
	}
	text, err := decodeText(body, charset)
	switch {
	case err != nil:
		return nil, err
	case c.reading.soap:
		return parseEnvelope(text)
	case c.reading.format == "xml":
		return parseXML(text)
	}
	return parseJSON(text)
}

// judge looks at the codes in turn; the first that is not ok decides.
func judge(codes []status, s scope) (meaning, string) {
	for i, st := range codes {
		if st.fault {
			continue // there is none
		}
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
		results[i].answer.Hash = hashOf(r.body)
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
		return result{answer: a, say: f.say}
	}
	a.AsOf, _ = c.asOf(r, s) // a doubtful time is left out: there are no records to date
	return result{answer: a, say: f.say}
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
		results[i].answer = source.Answer{Query: q.ID(), Hash: hashOf(r.body), Later: &source.Later{Token: token, After: after}}
	}
	return results
}

func hashOf(received []byte) string {
	sum := sha256.Sum256(received)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// number reads an identity number of an entry.
func number(s string) (idcard.Number, bool) {
	n, err := idcard.Parse(s)
	return n, err == nil
}
