package casework

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/source"
)

// The citizen's mirror: a person sees who asked what about them, and asks the office
// for what the law gives them (个人信息保护法, articles 15, 17 and 44 to 48). The person
// proves who they are with the number and a code that an office has handed out.

// The limits of the mirror. A code has 80 random bits; whoever guesses is stopped by
// the tries long before that matters.
const (
	codeTries    = 10
	codeLetters  = 16
	mirrorIdle   = 10 * time.Minute
	mirrorLife   = 30 * time.Minute
	addressTries = 20 // in addressSpan; many sit behind one address
	addressSpan  = 15 * time.Minute
)

// IssueCode makes a one-time code for a person of a case. The officer has looked at
// the person's identity card. The code is shown once; only its hash is kept.
func (d *Desk) IssueCode(ctx context.Context, o hedui.Officer, id string, person int) (code string, until time.Time, err error) {
	code = rand.Text()[:codeLetters]
	_, err = d.act(ctx, o, id, audit.MirrorCode, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := o.MayOn(hedui.IssueCodes, c); err != nil {
			return "", err
		}
		p, ok := c.Person(person)
		if !ok || p.ID.IsZero() {
			return "", notFound()
		}
		rule, _ := d.Retention.Of(hedui.MirrorCodeData, c.Division, day.Of(at))
		var ends bool
		if until, ends = rule.Over(at, d.Calendar); !ends { // a code that never ends is none
			return "", errors.New("casework: the table of terms has no end for mirror codes")
		}
		return fmt.Sprintf("person %d", person), tx.AddMirrorCode(ctx, audit.NewID(), id, p.ID, code, at, until)
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return code[:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:], until, nil
}

// plainCode is a code as it was made: letters that look like a digit are taken for it.
func plainCode(typed string) string {
	if len(typed) > 64 {
		return ""
	}
	return strings.NewReplacer("-", "", " ", "", "0", "O", "1", "I", "8", "B").Replace(strings.ToUpper(typed))
}

// OpenMirror lets a person in by identity number and code, and returns what the
// browser keeps. It does not say which of the two was wrong.
func (d *Desk) OpenMirror(ctx context.Context, number, code, address string) (string, error) {
	at := d.Now()
	if err := d.countMirror(ctx, address, at); err != nil {
		return "", err
	}
	id, parsed := idcard.Parse(strings.ToUpper(strings.TrimSpace(number)))
	token, right := rand.Text(), false
	err := d.DB.InTx(ctx, func(tx *store.Tx) (err error) {
		if right = false; parsed == nil {
			right, err = tx.UseMirrorCode(ctx, id, plainCode(code), codeTries, at)
		}
		if err != nil {
			return err
		}
		if !right {
			return tx.Record(ctx, audit.New(at, hedui.CitizenID, "", audit.MirrorFailed, "", ""))
		}
		mark, err := tx.PersonMark(id)
		if err != nil {
			return err
		}
		if err := tx.AddMirrorSession(ctx, store.MirrorSession{Token: tokenHash(token), Person: mark, MadeAt: at, SeenAt: at}, at.Add(-mirrorLife)); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, hedui.CitizenID, "", audit.MirrorEntered, "", ""))
	})
	if err == nil && !right {
		err = hedui.Fail(hedui.Forbidden, hedui.Say("error.mirror.code"), nil)
	}
	if err != nil {
		return "", err
	}
	return token, nil
}

// countMirror lets an address try so many times in a span.
func (d *Desk) countMirror(ctx context.Context, address string, at time.Time) error {
	if address == "" {
		return nil
	}
	full := false
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		t, err := tx.Tries(ctx, "mirror "+address)
		if err != nil {
			return err
		}
		if at.Sub(t.Last).Abs() >= addressSpan {
			t.N = 0
		}
		if full = t.N >= addressTries; full {
			return nil
		}
		return tx.SetTries(ctx, "mirror "+address, store.Tries{N: t.N + 1, Last: at})
	})
	if err == nil && full {
		err = hedui.Fail(hedui.Unavailable, hedui.Say("error.mirror.wait"), nil)
	}
	return err
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// mirrorSession is the session of a token within its limits.
func mirrorSession(ctx context.Context, tx *store.Tx, token string, at time.Time) (store.MirrorSession, error) {
	s, err := tx.MirrorSession(ctx, tokenHash(token))
	over := at.Sub(s.SeenAt).Abs() >= mirrorIdle || at.Sub(s.MadeAt).Abs() >= mirrorLife
	if hedui.KindOf(err) == hedui.NotFound && err != nil || err == nil && over {
		err = hedui.Fail(hedui.Forbidden, hedui.Say("error.mirror.over"), nil)
	}
	return s, err
}

// CloseMirror ends the session of a citizen.
func (d *Desk) CloseMirror(ctx context.Context, token string) error {
	at := d.Now()
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		s, err := mirrorSession(ctx, tx, token, at)
		if err != nil {
			return nil //nolint:nilerr // what is over has been left
		}
		if err := tx.EndMirrorSession(ctx, s.Token); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, hedui.CitizenID, "", audit.MirrorLeft, "", ""))
	})
}

// A Reflection is one case as a person of it sees it in the mirror.
type Reflection struct {
	Case      string
	Number    string
	Programme hedui.Programme
	Office    string
	Stage     hedui.Stage
	OpenedAt  time.Time
	Owes      bool      // the person owes support and does not live in the household
	Consented bool      // there is a consent to withdraw
	Until     time.Time // of the consent
	Asked     []AskedLine
	Looks     []LookLine
	Requests  []hedui.Request
}

// An AskedLine is one question about the person. The outcome says whether there was
// a record, never what it says: that is in the report, of which the person has a copy
// from the office.
type AskedLine struct {
	At         time.Time
	Category   catalog.Code
	Department string
	Outcome    source.Outcome // empty while there is none
}

// A LookLine says which office looked at the case on a day, in which way, how often.
// Officers are not named: the office answers for them, and the audit log knows them.
type LookLine struct {
	On     day.Day
	Office string
	Verb   audit.Verb
	Report string // number, version and form, where one was given out
	Times  int
}

// Mirror shows a person all of their cases that this node knows. Every case shown is
// an entry in the audit log.
func (d *Desk) Mirror(ctx context.Context, token string) ([]Reflection, error) {
	var list []Reflection
	at := d.Now()
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		s, err := mirrorSession(ctx, tx, token, at)
		if err != nil {
			return err
		}
		if err := tx.SeeMirrorSession(ctx, s.Token, at); err != nil {
			return err
		}
		list, err = reflections(ctx, tx, s.Person, hedui.CitizenID, at)
		return err
	})
	return list, err
}

func reflections(ctx context.Context, tx *store.Tx, who store.PersonMark, officer string, at time.Time) ([]Reflection, error) {
	places, err := tx.PlacesOf(ctx, who)
	if err != nil {
		return nil, err
	}
	var list []Reflection
	for _, p := range places {
		r, err := reflection(ctx, tx, p, at)
		if err != nil {
			return nil, err
		}
		if err := tx.Record(ctx, audit.New(at, officer, "", audit.MirrorSeen, p.Case, fmt.Sprintf("person %d", p.Person))); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func reflection(ctx context.Context, tx *store.Tx, p store.Place, at time.Time) (Reflection, error) {
	c, err := tx.Case(ctx, p.Case)
	if err != nil {
		return Reflection{}, err
	}
	r := Reflection{Case: c.ID, Number: c.Number, Programme: c.Programme, Office: c.Office, Stage: c.Stage, OpenedAt: c.CreatedAt}
	if person, ok := c.Person(p.Person); ok {
		r.Owes = person.Role == hedui.Obligor
	}
	for _, k := range c.Consents {
		if k.Person == p.Person && k.Holds(c.Programme, at) == "" {
			r.Consented, r.Until = true, k.Until
		}
	}
	queries, err := tx.Queries(ctx, c.ID)
	if err != nil {
		return r, err
	}
	for _, q := range queries {
		if q.Person == p.Person {
			r.Asked = append(r.Asked, AskedLine{At: q.CreatedAt, Category: q.Category, Department: q.Department, Outcome: q.Outcome})
		}
	}
	slices.SortStableFunc(r.Asked, func(a, b AskedLine) int { return b.At.Compare(a.At) })
	entries, err := tx.Entries(ctx, c.ID)
	if err != nil {
		return r, err
	}
	r.Looks = looksIn(entries)
	requests, err := tx.Requests(ctx, store.RequestFilter{Case: c.ID})
	for _, q := range requests {
		if q.Person == p.Person {
			r.Requests = append(r.Requests, q)
		}
	}
	return r, err
}

// LookVerbs are the acts by which somebody sees what a case holds.
func LookVerbs() []audit.Verb {
	return []audit.Verb{audit.ReadCase, audit.ReadReport, audit.Printed, audit.PaperPrinted, audit.EvidenceRead, audit.CorrectionRead, audit.ConsentRead,
		audit.ReadList, audit.LetterIssued, audit.LetterPrinted, audit.LetterRead, audit.ReplyRead, audit.Searched, audit.Delivered, audit.HandedOver}
}

// looksIn sums looks up by day, office and kind, the newest first.
func looksIn(entries []audit.Entry) []LookLine {
	var list []LookLine
	for _, e := range entries {
		if !slices.Contains(LookVerbs(), e.Verb) {
			continue
		}
		l := LookLine{On: day.Of(e.At), Office: e.Office, Verb: e.Verb, Times: 1}
		if e.Verb == audit.ReadReport || e.Verb == audit.Printed {
			l.Report, _, _ = strings.Cut(e.Detail, " copy ")
		}
		same := func(k LookLine) bool {
			return k.On == l.On && k.Office == l.Office && k.Verb == l.Verb && k.Report == l.Report
		}
		if i := slices.IndexFunc(list, same); i >= 0 {
			list[i].Times++
			continue
		}
		list = append(list, l)
	}
	slices.Reverse(list)
	return list
}

// AskInMirror makes a request of the person about a case. A withdrawal is done at
// once; everything else is for the office, until a day.
func (d *Desk) AskInMirror(ctx context.Context, token, id string, kind hedui.RequestKind, text string) (hedui.Request, error) {
	if !plausibleID(id) || !slices.Contains(hedui.RequestKinds(), kind) {
		return hedui.Request{}, notFound()
	}
	if problems := hedui.CheckRequest(kind, text); len(problems) > 0 {
		return hedui.Request{}, hedui.Problems(problems)
	}
	var person int
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		s, err := mirrorSession(ctx, tx, token, d.Now())
		if err != nil {
			return err
		}
		places, err := tx.PlacesOf(ctx, s.Person)
		i := slices.IndexFunc(places, func(p store.Place) bool { return p.Case == id })
		if err == nil && i < 0 {
			err = notFound()
		}
		if err == nil {
			person = places[i].Person
		}
		return err
	})
	if err != nil {
		return hedui.Request{}, err
	}
	var r hedui.Request
	_, err = d.act(ctx, hedui.Officer{ID: hedui.CitizenID}, id, audit.MirrorAsked, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		r = hedui.Request{Case: id, Person: person, Kind: kind, State: hedui.RequestOpen, AskedAt: at, Text: strings.TrimSpace(text)}
		return d.requested(ctx, tx, c, &r, at)
	})
	return r, err
}

// requested numbers a request and keeps it. The same kind is not asked twice while
// the office has not answered.
func (d *Desk) requested(ctx context.Context, tx *store.Tx, c *hedui.Case, r *hedui.Request, at time.Time) (string, error) {
	before, err := tx.Requests(ctx, store.RequestFilter{Case: c.ID, Open: true})
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(before, func(k hedui.Request) bool { return k.Person == r.Person && k.Kind == r.Kind }); i >= 0 {
		return "", hedui.Fail(hedui.Conflict, hedui.Say("error.mirror.asked", before[i].Number), nil)
	}
	dl, ok := d.deadlinesOf(c, cmp.Or(c.AcceptedAt, at))
	if !ok {
		return "", fmt.Errorf("casework: no deadlines for %s", c.Division)
	}
	numbers, err := d.numbers(ctx, tx, hedui.RequestSeries, c, at, 1)
	if err != nil {
		return "", err
	}
	r.Number, r.DueAt = numbers[0], dl.Objection.After(at, d.Calendar)
	if r.Kind == hedui.WithdrawRequest {
		r.State, r.AnsweredAt, r.DueAt = hedui.RequestDone, at, at
		person := hedui.Officer{ID: hedui.CitizenID, Division: c.Division, Rights: []hedui.Right{hedui.OpenCases}}
		detail, err := d.withdraw(ctx, tx, c, person, r.Person, at)
		if err == nil {
			err = tx.Record(ctx, audit.New(at, hedui.CitizenID, "", audit.Withdrawn, c.ID, detail))
		}
		if err != nil {
			return "", err
		}
	}
	return r.Number + " " + string(r.Kind), tx.SaveRequest(ctx, *r)
}

// MirrorRequests lists what citizens have asked the office for, the most urgent
// first. That they were read is recorded.
func (d *Desk) MirrorRequests(ctx context.Context, o hedui.Officer, open bool) ([]hedui.Request, error) {
	if err := o.May(hedui.CommissionCases, o.Division); err != nil {
		return nil, d.refused(ctx, o, "", audit.MirrorListed, err)
	}
	var list []hedui.Request
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		all, err := tx.Requests(ctx, store.RequestFilter{Division: hedui.PlacePrefix(o.Division), Open: open})
		if err != nil {
			return err
		}
		list = nil
		for _, r := range all {
			switch _, err := opened(ctx, tx, o, hedui.CommissionCases, r.Case); {
			case err == nil:
				list = append(list, r)
			case hedui.KindOf(err) != hedui.Forbidden:
				return err
			}
		}
		for _, r := range list {
			if err := tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.MirrorListed, r.Case, r.Number)); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// AnswerRequest answers a request of a citizen. What it leads to – an objection, a
// correction, a printed copy – is done by its own act.
func (d *Desk) AnswerRequest(ctx context.Context, o hedui.Officer, number string, to hedui.RequestState, answer string) error {
	if !plausibleID(number) || number == "" {
		return notFound()
	}
	var r hedui.Request
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		list, err := tx.Requests(ctx, store.RequestFilter{Number: number})
		if err == nil && len(list) == 0 {
			err = notFound()
		}
		if err == nil {
			r = list[0]
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = d.act(ctx, o, r.Case, audit.MirrorAnswered, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := o.MayOn(hedui.CommissionCases, c); err != nil {
			return "", err
		}
		now := r
		if err := now.Settle(to, answer, at); err != nil {
			return "", err
		}
		return number + "=" + string(to), tx.SaveRequest(ctx, now)
	})
	return err
}

// A Usage is one use of a person's data, as other government portals list it (after
// Estonia's data tracker: findUsage).
type Usage struct {
	LogTime  time.Time `json:"logtime"`
	Action   string    `json:"action"`
	Receiver string    `json:"receiver"`
	Purpose  string    `json:"purpose"`
}

// FindUsage lists the uses of a person's data from one instant up to another, the
// newest first, for a portal that has proved who the person is. Each case shown is an
// entry in the audit log.
func (d *Desk) FindUsage(ctx context.Context, id idcard.Number, from, until time.Time) ([]Usage, error) {
	var shown []Reflection
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		mark, err := tx.PersonMark(id)
		if err != nil {
			return err
		}
		shown, err = reflections(ctx, tx, mark, hedui.PortalID, d.Now())
		return err
	})
	list := []Usage{}
	add := func(u Usage) {
		if !u.LogTime.Before(from) && (until.IsZero() || u.LogTime.Before(until)) {
			list = append(list, u)
		}
	}
	for _, r := range shown {
		for _, a := range r.Asked {
			add(Usage{a.At, "query." + string(a.Category), a.Department, string(r.Programme)})
		}
		for _, l := range r.Looks {
			add(Usage{l.On.Start(), string(l.Verb), l.Office, string(r.Programme)})
		}
	}
	slices.SortStableFunc(list, func(a, b Usage) int { return b.LogTime.Compare(a.LogTime) })
	return list, err
}
