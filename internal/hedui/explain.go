package hedui

import (
	"fmt"
	"slices"
	"time"
)

// How the items to explain bear on their case. What is promised, and what brings an
// answer, goes out on time with its open items marked: the family is asked by it. The
// version that says how they were answered waits until all are settled or their
// deadline is over, and so does the archive. See docs/adr/0022.

// explained is the reason of a summary that only answers to the family's items cause.
const explained = "step.explained"

// crosses reports whether the step only takes the case over a boundary: to another
// division or node, where it stands as before.
func (s Step) crosses() bool {
	return slices.Contains([]string{"step.moved", "step.handed", "step.taken"}, s.Note.Key)
}

// owed reports whether a report is to be sealed for another reason than that items
// were explained: it is promised, or answers of registers came in.
func (c *Case) owed() bool {
	for _, step := range slices.Backward(c.Steps) {
		switch {
		case step.crosses():
		case step.Act == sealing:
			return false
		case step.Act == accepting, step.Act == asking, step.Act == finishing,
			step.Stage == Summarised && step.Officer == System.ID && step.Note.Key != explained:
			return true
		}
	}
	return true
}

// Unexplained refuses, as a Conflict, to review or seal the version that answers the
// items while one of them waits. No other is ever held up.
func (c *Case) Unexplained(items []Explanation, at time.Time) error {
	if c.owed() {
		return nil
	}
	return c.Waiting(items, at)
}

// Waiting is a Conflict while items of the case wait.
func (c *Case) Waiting(items []Explanation, at time.Time) error {
	n, until := 0, time.Time{}
	for _, e := range items {
		if e.Waits(at) {
			n++
			if e.DueAt.After(until) {
				until = e.DueAt
			}
		}
	}
	if n == 0 {
		return nil
	}
	last := Explanation{DueAt: until}
	return Fail(Conflict, Say("error.explanation.waiting", fmt.Sprint(n), last.DueOn().String()), fmt.Errorf("case %s: %d items wait", c.ID, n))
}

// Explains reports, as a Conflict, why items of the case cannot be worked on, or
// nil.
func (c *Case) Explains() error {
	if c.Stage == Archived || c.Stage == Terminated || c.Stage == Handed {
		return Fail(Conflict, Say("error.explanation.ended"), fmt.Errorf("case %s is %s", c.ID, c.Stage))
	}
	return nil
}

// MayExplain reports why the officer must not enter explanations: the office that
// meets the family may, and the verifier.
func (c *Case) MayExplain(o Officer) error {
	if err := o.MayOn(CommissionCases, c); err == nil {
		return nil
	}
	return o.MayOn(VerifyCases, c)
}

// Recheck lets single cells be asked again at any time before the archive, because
// a register has been corrected or should have been; where a report is sealed a
// supplement follows, promised for the instant due.
func (c *Case) Recheck(at, due time.Time) error {
	if !c.Stage.Asking() && c.Stage != Suspended {
		return Fail(Conflict, Say("error.requery.stage"), fmt.Errorf("case %s is %s", c.ID, c.Stage))
	}
	if err := Problems(c.Missing(at)); err != nil {
		return err
	}
	c.Round++
	if !c.Stage.Collects() && c.Stage != Suspended {
		c.DueAt = due
	}
	return nil
}

// claimed is the reason of a suspension because of a company that is not theirs.
const claimed = "step.not_theirs"

// SuspendClaim stops the case until the timer of a company that is not theirs is
// over.
func (c *Case) SuspendClaim(o Officer, items []Explanation, at time.Time) error {
	if err := o.MayOn(VerifyCases, c); err != nil {
		return err
	}
	i := slices.IndexFunc(items, func(e Explanation) bool { return e.State == ExplanationNotHis && at.Before(e.Until) })
	if i < 0 {
		return Fail(Conflict, Say("error.explanation.no_claim"), nil)
	}
	return c.Suspend(o, at, Say(claimed, items[i].Until.UTC().Format(time.DateOnly)))
}

// EndClaim takes the case up again if it was suspended for the claim, and reports
// whether it was.
func (c *Case) EndClaim(at time.Time) (bool, error) {
	i := len(c.Steps) - 1
	for i > 0 && c.Steps[i].crosses() {
		i--
	}
	if c.Stage != Suspended || c.Steps[i].Note.Key != claimed {
		return false, nil
	}
	to := c.Before
	if to == Reviewed {
		to = Summarised
	}
	if err := c.move(to, System, at, Say("step.resumed")); err != nil {
		return false, err
	}
	c.Before = ""
	return true, nil
}
