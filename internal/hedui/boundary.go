package hedui

import (
	"fmt"
	"time"

	"hedui/day"
	"hedui/region"
	"hedui/source"
)

// A boundary change 区划调整 is dated data of package region. A case that runs
// while its division ends goes on in the successor under the number it has:
// within one node by [Case.Move], from one node to another by [Case.HandOver]
// there and [Case.TakeOver] here.

// Move gives the case the division that stands where its own stood, if that has
// ended by the instant at, and says whether it did. Number, stage, commission and
// consents stay as they are; a case that was handed over is another node's.
func (c *Case) Move(at time.Time) bool {
	old, on := c.Division, day.Of(at)
	to := Todays(old, on)
	if to == old || c.Stage == Handed {
		return false
	}
	since := endOf(old, on)
	before, _ := region.Lookup(old, since.Add(-1))
	after, _ := region.Lookup(to, on)
	c.Division = to
	c.Steps = append(c.Steps, Step{Stage: c.Stage, Officer: System.ID, Name: System.Name, At: at,
		Note: Say("step.moved", before.Name, old, since.String(), after.Name, to)})
	return true
}

// endOf is the first day on which a code that is not valid on a day held no more.
func endOf(code string, on day.Day) day.Day {
	var end day.Day
	for _, d := range region.History(code) {
		if !d.Until.IsZero() && !on.Before(d.Until) {
			end = d.Until
		}
	}
	return end
}

// A Handing 移交 is one case on its way from one node to another.
type Handing struct {
	ID          string    `json:"id"` // the same on both sides
	From        string    `json:"from"`
	To          string    `json:"to"`
	Stage       Stage     `json:"stage"` // where the case stood, and goes on
	At          time.Time `json:"at"`
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"` // the other node has said that it has the case
}

// HandOver gives the case to another node under the id of the handing. From then
// on nothing can be done to it here.
func (c *Case) HandOver(o Officer, h Handing) error {
	if err := o.MayOn(HandCases, c); err != nil {
		return err
	}
	if err := c.Gone(); err != nil {
		return err
	}
	h.Stage = c.Stage
	c.Handed = &h
	return c.move(Handed, o, h.At, Say("step.handed", h.To))
}

// Gone is a Conflict that says which node has the case, once it was handed over.
func (c *Case) Gone() error {
	if c.Stage != Handed || c.Handed == nil {
		return nil
	}
	return Fail(Conflict, Say("error.handed", c.Number, c.Handed.To), fmt.Errorf("case %s was handed over to %s", c.ID, c.Handed.To))
}

// Arrived records that the other node has confirmed a handing. It says false if
// that was recorded before.
func (c *Case) Arrived(o Officer, peer, handing string, at time.Time) (bool, error) {
	if err := o.MayOn(HandCases, c); err != nil {
		return false, err
	}
	h := c.Handed
	if h == nil || h.ID != handing || h.To != peer {
		return false, Fail(Conflict, Say("error.receipt"), fmt.Errorf("case %s: %s confirms a handing that is not its last", c.ID, peer))
	}
	if !h.ConfirmedAt.IsZero() {
		return false, nil
	}
	h.ConfirmedAt = at
	c.Steps = append(c.Steps, Step{Stage: Handed, Officer: o.ID, Name: o.Name, Office: o.Office, At: at, Note: Say("step.arrived", peer)})
	return true, nil
}

// TakeOver makes a case that another node has handed over this node's: it goes on
// where it stood, in the division that stands there now.
func (c *Case) TakeOver(o Officer, at time.Time) error {
	h := c.Handed
	if h == nil || c.Stage != Handed || h.Stage == Handed || !h.Stage.CanBecome(Handed) {
		return Fail(Invalid, Say("error.handover_file"), fmt.Errorf("case %s was not handed over", c.ID))
	}
	if err := o.May(HandCases, Todays(c.Division, day.Of(at))); err != nil {
		return err
	}
	c.Taken, c.Handed, c.Stage = h, nil, h.Stage
	c.Steps = append(c.Steps, Step{Stage: c.Stage, Officer: o.ID, Name: o.Name, Office: o.Office, At: at, Note: Say("step.taken", h.From)})
	c.Move(at)
	return nil
}

// AskAnew prepares a query that is not settled to be asked by the node that has
// taken its case over, at the register it knows. The id stays. A register that
// no source of the node reaches is named as such.
func (q *Query) AskAnew(registers Registers, at time.Time) {
	on := day.Of(at)
	q.Scope = Todays(q.Scope, on)
	q.State, q.Outcome, q.Reason, q.Token, q.AnsweredBy, q.Attempts = Waiting, "", "", "", "", 0
	q.HeldUntil, q.Basis = time.Time{}, ""
	r, _ := registers.At(q.Category, q.Scope, on)
	if q.Source = r.Source; q.Source == "" {
		q.unasked(source.NotCovered, ReasonNoSource)
		q.AnsweredAt = at
		return
	}
	q.Department = r.DepartmentOn(on)
}

// succeeded leaves out what a register was asked before another took over its
// division, once that one was asked of the same person and category: the later
// query stands for both, unless only the earlier one was heard.
func succeeded(queries []Query) []Query {
	kept := make([]Query, 0, len(queries))
	for i := range queries {
		if !hasSuccessor(&queries[i], queries) {
			kept = append(kept, queries[i])
		}
	}
	return kept
}

func hasSuccessor(q *Query, queries []Query) bool {
	for i := range queries {
		later := &queries[i]
		if later.Person == q.Person && later.Category == q.Category && later.Scope != q.Scope && later.CreatedAt.After(q.CreatedAt) &&
			(later.heard() || !q.heard()) && Todays(q.Scope, day.Of(later.CreatedAt)) == later.Scope {
			return true
		}
	}
	return false
}
