package connector

import (
	"context"
	"regexp"
	"strings"
	"time"
	"unicode"

	"hedui/source"
)

// withinForm is how a promised time is written; package hedui reads it.
var withinForm = regexp.MustCompile(`^[1-9][0-9]{0,3}(h|d|wd)$`)

// Most that a text for people may hold.
const (
	maxContact = 200
	maxBasis   = 10
)

// worklist reads what a manual worklist needs.
func (l *loader) worklist(o object) { l.manual(o, source.Worklist) }

// letter reads what letters need besides.
func (l *loader) letter(o object) {
	m := l.manual(o, source.Letter)
	m.Addressee = l.line(o, "addressee")
	m.Address = l.line(o, "address")
	if p, ok := l.need(o, "basis", "name the legal basis, a line each: it is printed on the letter"); ok {
		if m.Basis = l.texts(p); len(m.Basis) == 0 || len(m.Basis) > maxBasis {
			l.bad(p, "must have 1 to %d lines", maxBasis)
		}
		for _, one := range m.Basis {
			l.plainLine(p, one)
		}
	}
}

func (l *loader) manual(o object, means source.Means) *source.Manual {
	m := &source.Manual{Means: means, Liaison: l.line(o, "liaison")}
	if p, ok := o.get("answers_within"); ok {
		text, ok := l.text(p)
		if ok && !withinForm.MatchString(text) {
			l.bad(p, "must be hours, days or working days, such as 72h, 5d or 3wd")
		}
		m.Within = text
	}
	l.cfg.info.Manual = m
	return m
}

// line reads an optional text of one line.
func (l *loader) line(o object, key string) string {
	p, ok := o.get(key)
	if !ok {
		return ""
	}
	text, ok := l.text(p)
	if ok {
		l.plainLine(p, text)
	}
	return text
}

func (l *loader) plainLine(p place, text string) {
	if len([]rune(text)) > maxContact || strings.IndexFunc(text, unicode.IsControl) >= 0 {
		l.bad(p, "must be one line of at most %d characters", maxContact)
	}
}

// clerk is a source that people answer. It accepts every question with a live
// mandate; the answer comes another way, see [source.Manual].
type clerk struct {
	info source.Info
	now  func() time.Time
}

// askClerkAgain is when to come back for an answer that does not come this way.
const askClerkAgain = 24 * time.Hour

// Info implements [source.Source].
func (c *clerk) Info() source.Info { return (&Config{info: c.info}).Info() }

// Ask implements [source.Source].
func (c *clerk) Ask(_ context.Context, queries []source.Query) ([]source.Answer, error) {
	answers := make([]source.Answer, len(queries))
	for i, q := range queries {
		answers[i] = source.Answer{Query: q.ID(), Later: &source.Later{Token: "manual", After: askClerkAgain}}
		if q.Check(c.now()) != nil || q.Category() != c.info.Categories[0] {
			answers[i] = source.Answer{Query: q.ID(), Outcome: source.Refused, Reason: source.ReasonMandate}
		}
	}
	return answers, nil
}
