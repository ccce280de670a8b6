package hedui

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/source"
)

// A QueryState says where one cell of a case's grid stands.
type QueryState string

// The states. Late means that the deadline has passed without an answer: the
// report says so, and the query goes on until its mandate or its patience ends.
const (
	Waiting   QueryState = "waiting"   // queued
	Retrying  QueryState = "retrying"  // failed for now, will be asked again
	Pending   QueryState = "pending"   // accepted by the department, to be fetched later
	Answered  QueryState = "answered"  // settled by an outcome
	Cancelled QueryState = "cancelled" // not to be asked any more
)

// QueryStates lists all query states.
func QueryStates() []QueryState {
	return []QueryState{Waiting, Retrying, Pending, Answered, Cancelled}
}

// A Query 查询 is one question to one register: one person, one category, one
// scope. Records are the only secret in it.
type Query struct {
	ID         string
	Case       string
	Person     int
	Category   catalog.Code
	Scope      string // division the register speaks for
	Source     string // which source is asked, or [AtNode]
	AnsweredBy string // the node that asked the department, once a peer has answered; empty = this one
	Department string // who answers, in the words of the day it was asked
	State      QueryState
	Attempts   int
	Token      string // the department's number while Pending
	CreatedAt  time.Time
	AskedAt    time.Time // first attempt
	AnsweredAt time.Time // settled, or given up
	AsOf       time.Time // state of the register
	Outcome    source.Outcome
	Match      source.Match
	Allowed    idcard.Allowance // spellings passed over; only where this node asked the department
	Reason     source.Reason
	Hash       string
	Records    []catalog.Record
	HeldUntil  time.Time // the department is not asked before; the reason says why
	Basis      string    // of the question that was sent, see [Basis]; empty before, and where a peer asked
	TakenFrom  string    // the earlier query of the same case whose answer this is, see [Query.Reuse]
}

// QueryID names a query without personal data, as a UUID of version 7 by which
// other nodes know it too. It stays the same when the query is repeated, so that
// planning twice is harmless; round counts from 1 and grows when a cell is asked
// anew after an objection. The time in it is that of the case's own id.
func QueryID(caseID string, person int, c catalog.Code, scope string, round int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "hedui query 1\n%s\n%d\n%s\n%s\n%d", caseID, person, c, scope, round))
	id := uuid.UUID(sum[:16])
	if of, err := uuid.Parse(caseID); err == nil {
		copy(id[:6], of[:6])
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String()
}

// Newest keeps one query of each register asked, in the order given: the latest that a
// register has settled, or the latest if none has. An answer is never typed over;
// a corrected one takes its place only once it is there, so that an objection
// does not make a finding disappear while a department is down. That nobody could
// be asked is kept only where it stayed so.
func Newest(queries []Query) []Query {
	type cell struct {
		person   int
		category catalog.Code
		scope    string
	}
	at := map[cell]int{}
	var newest []Query
	for _, q := range queries {
		k := cell{q.Person, q.Category, q.Scope}
		i, seen := at[k]
		switch {
		case !seen:
			at[k] = len(newest)
			newest = append(newest, q)
		case q.heard() != newest[i].heard():
			if q.heard() {
				newest[i] = q
			}
		case q.CreatedAt.After(newest[i].CreatedAt):
			newest[i] = q
		}
	}
	newest = succeeded(newest)
	asked := map[cell]bool{}
	for _, q := range newest {
		if q.ScopeAsked() != "" {
			asked[cell{q.Person, q.Category, ""}] = true
		}
	}
	return slices.DeleteFunc(newest, func(q Query) bool {
		return q.ScopeAsked() == "" && asked[cell{q.Person, q.Category, ""}]
	})
}

// heard reports whether a register has settled the query.
func (q *Query) heard() bool { return q.State == Answered && q.Outcome != source.Refused }

// ScopeAsked is the scope of the query if there was a register to ask, else nothing:
// a division where nobody could be asked, or nobody gave consent, names no register.
func (q *Query) ScopeAsked() string {
	if q.Reason == ReasonNoConsent || q.Reason == ReasonNoSource && q.AskedAt.IsZero() {
		return ""
	}
	return q.Scope
}

// Informs reports whether an outcome tells something of the person. "Not covered"
// does not: another scope's register may know.
func Informs(o source.Outcome) bool {
	return o == source.Found || o == source.None || o == source.IdentityDoubt
}

// Settled reports whether nothing more is expected of the query.
func (q *Query) Settled() bool { return q.State == Answered || q.State == Cancelled }

// Millis is the time from the first attempt to the answer, 0 if there is none.
func (q *Query) Millis() int64 {
	if q.AskedAt.IsZero() || q.AnsweredAt.Before(q.AskedAt) {
		return 0
	}
	return q.AnsweredAt.Sub(q.AskedAt).Milliseconds()
}

// Take records what a source said at the instant at.
func (q *Query) Take(a source.Answer, at time.Time) {
	q.Attempts++
	q.HeldUntil = time.Time{}
	switch {
	case a.Later != nil:
		q.State, q.Outcome, q.Token, q.Reason = Pending, "", a.Later.Token, ReasonPending
		return
	case !a.Outcome.Final():
		q.State, q.Outcome, q.Reason = Retrying, source.Failed, a.Reason
		switch a.Reason {
		case source.ReasonDown, source.ReasonSlow, source.ReasonThrottled:
		default:
			q.Token = "" // the department has lost it; ask anew
		}
		return
	}
	q.State, q.Token = Answered, ""
	q.Outcome, q.Match, q.Reason, q.Hash, q.AsOf = a.Outcome, a.Match, a.Reason, a.Hash, a.AsOf
	q.Records, q.Allowed, q.AnsweredAt = a.Records, a.Allowed, at
}

// Post records that the query was given to another node.
func (q *Query) Post(at time.Time) {
	q.Attempts++
	q.State, q.Outcome, q.Reason = Pending, "", ReasonSent
	if q.AskedAt.IsZero() {
		q.AskedAt = at
	}
}

// Give up on a query for good: the reason is what the last attempt said.
func (q *Query) GiveUp(why source.Reason, at time.Time) {
	q.State, q.Outcome, q.AnsweredAt = Cancelled, source.Failed, at
	if q.Reason == "" {
		q.Reason = why
	}
}

// Withdraw ends a query whose person has withdrawn the consent, or seals its answer
// if nobody has read it: what came is gone, its digest and its time stay.
func (q *Query) Withdraw(at time.Time) {
	if q.State != Answered {
		q.AnsweredAt = at
	}
	q.State, q.Outcome, q.Reason = Answered, source.Refused, ReasonWithdrawn
	q.Match, q.Allowed, q.Records, q.Token, q.AsOf, q.HeldUntil = "", 0, nil, "", time.Time{}, time.Time{}
}

// ReasonWithdrawn marks a query that was stopped, or an answer that was sealed
// unread, because the person has withdrawn the consent.
const ReasonWithdrawn source.Reason = "withdrawn"

// ReasonPending marks a query that the department has accepted and not answered.
const ReasonPending source.Reason = "pending"

// ReasonSent marks a query that is on its way to another node, or waits there.
const ReasonSent source.Reason = "sent"

// ReasonLink marks a query that another node could not be asked in time, because
// the link was down.
const ReasonLink source.Reason = "link"

// ReasonEnded marks a query that was not asked any more because its case ended.
const ReasonEnded source.Reason = "ended"

// ReasonNoConsent marks a category that a person's consent leaves out.
const ReasonNoConsent source.Reason = "no_consent"

// ReasonNoSource marks a category that no source on this node answers.
const ReasonNoSource source.Reason = "no_source"

// Plan returns the queries of the case: for each person and category one to
// each register that may hold something, see [Registers.For]. Where a consent
// leaves a category out, or no register is known, one query is settled at once
// and says so. A round above 1 asks only the given categories again.
func (c *Case) Plan(at time.Time, round int, again []catalog.Code, registers Registers) []Query {
	on := day.Of(at)
	var plan []Query
	for _, p := range c.Persons {
		k, _ := c.consent(p.No)
		for _, code := range c.Categories(nil) {
			if round > 1 && !slices.Contains(again, code) {
				continue
			}
			asked := registers.For(code, c.places(p, on), on)
			consented := slices.Contains(k.Categories, code)
			if len(asked) == 0 || !consented {
				asked = []Register{{Category: code, Scope: Todays(c.Division, on)}}
			}
			for _, r := range asked {
				q := Query{ID: QueryID(c.ID, p.No, code, r.Scope, round), Case: c.ID, Person: p.No, Category: code, Scope: r.Scope,
					Source: r.Source, Department: r.DepartmentOn(on), State: Waiting, CreatedAt: at}
				switch {
				case !consented:
					q.unasked(source.Refused, ReasonNoConsent)
				case r.Source == "":
					q.unasked(source.NotCovered, ReasonNoSource)
				}
				plan = append(plan, q)
			}
		}
	}
	return plan
}

// WindowMonths is the usual income period: 12 months before application.
const WindowMonths = 12

// Window is the income period of the case: the twelve whole months before the
// month of application.
func (c *Case) Window() source.Window {
	first, _ := day.New(c.AppliedOn.Year(), c.AppliedOn.Month(), 1)
	return source.Window{From: first.AddMonths(-WindowMonths), To: first.Add(-1)}
}

// Question builds what is sent to a source. It fails where the consent of the
// person does not hold at the instant at.
func (c *Case) Question(q *Query, at time.Time) (source.Query, error) {
	p, ok := c.Person(q.Person)
	if !ok || q.Person > len(c.Mandates) {
		return source.Query{}, source.ErrNoMandate
	}
	k, ok := c.consent(q.Person)
	if !ok {
		return source.Query{}, source.ErrNoMandate
	}
	m, err := k.mandate(c.Mandates[q.Person-1], p)
	if err != nil {
		return source.Query{}, err
	}
	asked, err := m.Query(q.ID, q.Category, c.Window(), at)
	if err != nil {
		return source.Query{}, err
	}
	return asked.WithToken(q.Token), nil
}
