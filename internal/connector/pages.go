package connector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strconv"

	"hedui/source"
)

// pages is how a list that comes in pages is read to its end.
type pages struct {
	first, step int
	next        *path // where the mark of the next page stands; nil = pages have numbers
	most        int
}

// calls is the number of calls that one person takes at most.
func (p *pages) calls() int {
	if p == nil {
		return 1
	}
	return p.most
}

// numbered reports whether {page} is a number.
func (p *pages) numbered() bool { return p != nil && p.next == nil }

// mark is what {page} stands for at the first page.
func (p *pages) mark() string {
	if !p.numbered() {
		return ""
	}
	return strconv.Itoa(p.first)
}

// book is what the pages about one person say together.
type book struct {
	result result
	sum    hash.Hash // over all pages as received
	lists  []string  // hash of the records of each page, to notice one that comes twice
	count  int
	total  string
	marks  []string
}

// paged reads the pages behind the first, and makes one answer of all. It is
// never a short list: whatever is wrong with one page is wrong with the answer.
func (s *site) paged(ctx context.Context, r reply, q source.Query) (result, *source.Unavailable) {
	d, p := s.medium.(*desk), s.cfg.reading.pages
	b := &book{sum: sha256.New(), marks: []string{p.mark()}}
	for {
		b.sum.Write(r.body)
		next, res, down := s.cfg.page(r, q, b)
		if down != nil {
			return result{}, down
		}
		res.answer.Hash = b.hash()
		switch {
		case next == "":
			return res, nil
		case len(b.marks) == p.most:
			return b.failed(q, "there are more pages than the file allows"), nil
		case slices.Contains(b.marks, next):
			return b.failed(q, "the pages go round in a circle"), nil
		}
		b.marks = append(b.marks, next)
		if err := s.pace.Wait(ctx); err != nil {
			return result{}, &source.Unavailable{Reason: source.ReasonSlow, Err: fmt.Errorf("%s: next page not asked: %w", s.cfg.info.Name, err)}
		}
		if r, down = d.page(ctx, []source.Query{q}, false, next); down != nil {
			return result{}, down
		}
	}
}

// failed is the answer of a list that was not read to its end.
func (b *book) failed(q source.Query, say string) result {
	return result{answer: source.Answer{Query: q.ID(), Outcome: source.Failed, Reason: source.ReasonIncomplete, Hash: b.hash()}, say: say}
}

func (b *book) hash() string { return "sha256:" + hex.EncodeToString(b.sum.Sum(nil)) }

// page adds one page to the book and returns the mark of the next one, empty
// after the last, and then the answer.
func (c *Config) page(r reply, q source.Query, b *book) (string, result, *source.Unavailable) {
	var s scope
	if len(r.body) <= maxBody {
		if top, err := c.decode(r.body); err == nil { // else read says what is wrong
			r.top, s = top, scope{top, top, top}
		}
	}
	results, down := c.read(r, []source.Query{q})
	if down != nil {
		return "", result{}, down
	}
	res, first := results[0], len(b.lists) == 0
	switch outcome := res.answer.Outcome; {
	case outcome == source.Found, outcome == source.None && c.listed(s), res.leftOut():
	case first, outcome == source.Failed, outcome == source.IdentityDoubt:
		return "", res, nil
	default:
		return "", b.failed(q, "a later page says something else than the first"), nil
	}
	raw, _ := c.list(s)
	text := hashOf(encode(raw))
	total, said := c.promised(s)
	switch {
	case c.reading.total != nil && !said:
		return "", b.failed(q, "the number of records is missing"), nil
	case !first && total != b.total:
		return "", b.failed(q, "the number of records changed between two pages"), nil
	case len(raw) > 0 && slices.Contains(b.lists, text):
		return "", b.failed(q, "a page came twice"), nil
	}
	b.total, b.lists, b.count = total, append(b.lists, text), b.count+len(raw)
	b.add(res)
	next := c.next(s, b, len(raw))
	switch {
	case b.count > maxRecords:
		return "", result{answer: source.Answer{Query: q.ID(), Outcome: source.Failed, Reason: source.ReasonMalformed},
			say: "more records about one person than any register holds"}, nil
	case next == "" && c.reading.total != nil && total != strconv.Itoa(b.count):
		return "", b.failed(q, "there are fewer or more records on all pages than the department says"), nil
	}
	return next, b.result, nil
}

// leftOut reports whether the filter left out all that was there.
func (r result) leftOut() bool {
	return r.answer.Outcome == source.NotCovered && r.answer.Reason == reasonLeftOut
}

// listed reports whether an answer without records came with an empty list, and
// is not a code for "none".
func (c *Config) listed(s scope) bool {
	if m, _ := judge(c.reading.status, s); s.top == nil || !m.ok() {
		return false
	}
	return slices.ContainsFunc(c.reading.records, func(at path) bool {
		v := c.recordsAt(at, s)
		_, text := v.(string)
		return v != nil && !text
	})
}

// next returns the mark of the page behind one with got records.
func (c *Config) next(s scope, b *book, got int) string {
	p := c.reading.pages
	if p.next != nil {
		v, _ := p.next.find(s)
		mark, _ := plain(v)
		return mark
	}
	if total, err := strconv.Atoi(b.total); err != nil || got == 0 || b.count >= total {
		return ""
	}
	return strconv.Itoa(p.first + p.step*len(b.lists))
}

// promised is the number of records that the department says there are.
func (c *Config) promised(s scope) (string, bool) {
	if c.reading.total == nil {
		return "", true
	}
	v, _ := c.reading.total.find(s)
	text, _ := plain(v)
	d, ok := parseDecimal(text)
	return d.trimmed().text(), ok
}

// grades are the matches from the best to the worst.
var grades = []source.Match{source.MatchIDName, source.MatchID, source.MatchID15, source.MatchNameBirth}

// add takes over what one page says: all records, the worst match, the oldest time.
func (b *book) add(page result) {
	if len(b.lists) == 1 {
		b.result = page
		return
	}
	b.result.left += page.left
	a := &b.result.answer
	if page.leftOut() && a.Outcome == source.None {
		a.Outcome, a.Reason = page.answer.Outcome, page.answer.Reason
	}
	if page.answer.Outcome != source.Found {
		return // an empty page at the end, or one that the filter left out
	}
	if a.Outcome != source.Found {
		a.Outcome, a.Reason, a.Match, a.AsOf = page.answer.Outcome, "", page.answer.Match, page.answer.AsOf
	}
	a.Allowed |= page.answer.Allowed
	a.Records = append(slices.Clip(a.Records), page.answer.Records...)
	if slices.Index(grades, page.answer.Match) > slices.Index(grades, a.Match) {
		a.Match = page.answer.Match
	}
	if page.answer.AsOf.Before(a.AsOf) {
		a.AsOf = page.answer.AsOf
	}
}
