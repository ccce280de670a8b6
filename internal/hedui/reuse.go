package hedui

import (
	"fmt"
	"time"

	"hedui/source"
)

// Basis says on what a question rests, without personal data: mandate, purpose
// and period. Two questions of one case about the same person, category and
// register are the same only if they rest on the same.
func Basis(q source.Query) string {
	w := q.Window()
	return fmt.Sprintf("%s %s %s/%s", q.MandateNumber(), q.Purpose(), w.From, w.To)
}

// Hold records that the department is not asked before an instant, and why. It is
// no attempt and no failure.
func (q *Query) Hold(why source.Reason, until time.Time) { q.Reason, q.HeldUntil = why, until }

// Waits reports whether a reason means that a department is not asked yet.
func Waits(r source.Reason) bool {
	return r == source.ReasonClosed || r == source.ReasonMaintenance || r == source.ReasonQuota
}

// Held reports whether the query waits because its department is not asked yet.
func (q *Query) Held() bool { return !q.Settled() && !q.HeldUntil.IsZero() }

// Reuse takes the answer of an earlier query instead of asking, and reports
// whether it may: asked is the question that would be sent at the instant at, and
// life how long an answer may stand for another. An answer given on another
// mandate, for another purpose or period, about somebody or something else, or
// by another register is never taken, nor is one that may be no answer tomorrow.
// When it was given, and of when its data is, stay as they were.
func (q *Query) Reuse(earlier Query, asked source.Query, life time.Duration, at time.Time) bool {
	same := earlier.Case == q.Case && earlier.Person == q.Person && earlier.Category == q.Category && earlier.Scope == q.Scope &&
		earlier.Source == q.Source && earlier.ID != q.ID && asked.ID() == q.ID && asked.Category() == q.Category
	age := at.Sub(earlier.AnsweredAt)
	switch {
	case !same || q.Settled() || asked.Check(at) != nil:
		return false
	case earlier.Basis == "" || earlier.Basis != Basis(asked):
		return false
	case !earlier.heard() || earlier.AskedAt.IsZero() || earlier.AnsweredBy != "":
		return false
	case life <= 0 || age < 0 || age >= life:
		return false
	}
	q.State, q.Outcome, q.Match, q.Reason, q.Hash, q.Records = Answered, earlier.Outcome, earlier.Match, earlier.Reason, earlier.Hash, earlier.Records
	q.AskedAt, q.AnsweredAt, q.AsOf, q.Basis, q.TakenFrom = earlier.AskedAt, earlier.AnsweredAt, earlier.AsOf, earlier.Basis, earlier.ID
	return true
}
