package report

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/region"
)

// Input is what a report is made of.
type Input struct {
	Case       *hedui.Case
	Queries    []hedui.Query // all of the case, of all rounds, with records
	Assessment hedui.Assessment

	Number         string   // of the report, hedui.ReportSeries; the same for every version
	Version        int      // 1, 2, …
	Previous       *Content // of the version before, with Version above 1
	PreviousDigest string   // SHA-256 of its sealed JSON, hexadecimal; may be empty
	History        []Past   // all versions before; the words of their conclusions may be left out
	Earlier        *Content // newest report of the household's case before this one, or nil
	Salt           string   // seal.NewSalt(), new for every version

	At            time.Time                // now
	ValidUntil    day.Day                  // last day of use
	ObjectionDays int                      // days within which the person may object
	Issuer        string                   // the centre, in Chinese
	Promised      map[string]time.Duration // by source of this node: the promised age of its data at most
	Letters       map[string]Lettered      // by id of the query: the letters by which departments were asked
	Reviewer      Hand
	Signer        Hand
}

// Lettered is an assistance letter as far as a report names it as a source.
type Lettered struct {
	Number    string
	IssuedOn  day.Day
	RepliedOn day.Day // when the reply on paper came in; zero = it is not here
}

func (l Lettered) text() string {
	if l.RepliedOn.IsZero() {
		return zh("report.letter", l.Number, l.IssuedOn.String())
	}
	return zh("report.letter.replied", l.Number, l.IssuedOn.String(), l.RepliedOn.String())
}

// maker is one run of New: the input and what is looked up in it often.
type maker struct {
	Input
	cells map[cellKey][]*hedui.Query // one for each scope, the widest first
}

type cellKey struct {
	person   int
	category catalog.Code
}

// New makes the content of a report. It fails where the input contradicts itself;
// what it says is checked again by [Prepare].
func New(in Input) (Content, error) {
	if err := in.check(); err != nil {
		return Content{}, err
	}
	in.Queries = hedui.Newest(in.Queries)
	slices.SortStableFunc(in.Queries, func(a, b hedui.Query) int { return cmp.Compare(a.Scope, b.Scope) })
	m := &maker{Input: in, cells: map[cellKey][]*hedui.Query{}}
	for i := range in.Queries {
		q := &in.Queries[i]
		k := cellKey{q.Person, q.Category}
		m.cells[k] = append(m.cells[k], q)
	}
	c := Content{
		Form: Form, Salt: in.Salt, Title: zh("report.title"), Number: in.Number, Version: in.Version,
		Case: m.about(), Issuer: mask(in.Issuer), MadeAt: instant(in.At), ValidUntil: in.ValidUntil,
		Members: m.persons(in.Case.Members()), Obligors: m.persons(in.Case.Obligors()),
		Categories: m.grid(), Findings: m.findings(), Totals: Totals(in.Assessment.Totals), Means: in.Assessment.Means,
		Tables: m.tables(), Reviewer: hand(in.Reviewer), Signer: hand(in.Signer),
	}
	c.CheckedFrom, c.CheckedTo = m.checked()
	code := string(in.Assessment.Conclusion)
	c.Conclusion = Conclusion{in.Assessment.Conclusion, zh("conclusion." + code), zh("report.meaning." + code)}
	c.Gaps, c.NotCovered = c.gaps()
	if c.Conclusion.Code == hedui.Incomplete && len(c.Gaps) == 0 { // every source has answered
		c.Conclusion.Text, c.Conclusion.Meaning = zh("report.partial"), zh("report.partial.meaning")
	}
	if c.Conclusion.Code == hedui.AllConsistent && c.explained() {
		c.Conclusion.Text, c.Conclusion.Meaning = zh("report.explained"), zh("report.explained.meaning")
	}
	c.Lead, c.Unknown = c.lead(), c.unknown()
	c.Notices = m.notices(c)
	if in.Previous != nil {
		c.Previous = &Previous{in.Previous.Version, in.Previous.MadeAt, in.PreviousDigest}
		c.Changes = changes(*in.Previous, c)
	}
	for _, past := range in.History {
		past.MadeAt, past.Conclusion.Text = instant(past.MadeAt), zh("conclusion."+past.Conclusion.Code)
		c.History = append(c.History, past)
	}
	if was := in.Earlier; was != nil {
		c.Earlier = &Earlier{was.Number, was.Version, was.MadeAt, earlierChanges(*was, c)}
	}
	return c, nil
}

func (in Input) check() error {
	switch {
	case in.Case == nil || len(in.Case.Persons) == 0:
		return fmt.Errorf("report: no case, or a case without persons")
	case !hedui.ValidNumber(hedui.ReportSeries, in.Number):
		return fmt.Errorf("report: number is not one of series %s", hedui.ReportSeries)
	case in.Version < 1 || (in.Version > 1) != (in.Previous != nil):
		return fmt.Errorf("report: version %d: the first has no previous version, every other has one", in.Version)
	case in.Previous != nil && in.Previous.Version >= in.Version:
		return fmt.Errorf("report: version %d does not follow version %d", in.Version, in.Previous.Version)
	case !validSalt(in.Salt):
		return fmt.Errorf("report: salt must be 32 hexadecimal digits, see seal.NewSalt")
	case in.At.IsZero() || in.ValidUntil.IsZero() || in.ValidUntil.Before(day.Of(in.At)):
		return fmt.Errorf("report: not valid on the day it is made")
	case in.Issuer == "" || in.Reviewer.Name == "" || in.Signer.Name == "":
		return fmt.Errorf("report: issuer, reviewer or signer is missing")
	}
	for _, q := range in.Queries {
		if _, ok := in.Case.Person(q.Person); !ok || q.Case != in.Case.ID {
			return fmt.Errorf("report: query %s is of another case or of nobody in this one", q.ID)
		}
	}
	return nil
}

func validSalt(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == 16 && hex.EncodeToString(b) == s
}

func (m *maker) about() About {
	c, w := m.Case, m.Case.Window()
	return About{
		Number: c.Number, Commission: c.Commission,
		Programme: word("programme.", string(c.Programme)), Kind: word("kind.", string(c.Kind)),
		Division: Word{c.Division, region.Name(c.Division, day.Of(m.At))}, Office: mask(c.Office),
		AppliedOn: c.AppliedOn, IncomeFrom: w.From, IncomeTo: w.To,
	}
}

func (m *maker) persons(persons []hedui.Person) []Person {
	list := []Person{}
	for _, p := range persons {
		note := mask(p.Notes)
		if p.Student {
			note = join("；", zh("report.student"), note)
		}
		if p.Capacity != hedui.FullCapacity {
			note = join("；", zh("capacity."+string(p.Capacity)), note)
		}
		list = append(list, Person{No: p.No, Name: mask(p.Name), ID: p.ID.Masked(), Relation: word("relation.", string(p.Relation)),
			Role: p.Role, Age: p.ID.AgeOn(day.Of(m.At)), Note: note})
	}
	return list
}

// checked is when the first query was asked and the last answer taken.
func (m *maker) checked() (from, to time.Time) {
	for _, q := range m.Queries {
		if !q.AskedAt.IsZero() && (from.IsZero() || q.AskedAt.Before(from)) {
			from = q.AskedAt
		}
		if !q.AskedAt.IsZero() && q.AnsweredAt.After(to) {
			to = q.AnsweredAt
		}
	}
	return instant(from), instant(to)
}

// Person returns the person with number no, member or obligor.
func (c Content) Person(no int) (Person, bool) {
	for _, p := range slices.Concat(c.Members, c.Obligors) {
		if p.No == no {
			return p, true
		}
	}
	return Person{}, false
}

func (c Content) name(no int) string {
	p, _ := c.Person(no)
	return p.Name
}

func hand(h Hand) Hand { return Hand{h.ID, mask(h.Name), mask(h.Office), instant(h.At)} }

func zh(key string, args ...string) string { return lang.Text(lang.Chinese, key, args...) }

func word(prefix, code string) Word { return Word{code, zh(prefix + code)} }

// instant is t as reports write it: Beijing time, whole seconds.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.In(day.Beijing).Truncate(time.Second)
}

// join puts the texts that are not empty together.
func join(between string, texts ...string) string {
	out := ""
	for _, t := range texts {
		if out != "" && t != "" {
			out += between
		}
		out += t
	}
	return out
}
