package hedui

import (
	"slices"
	"strings"
	"time"

	"hedui/source"
)

// A CheckLine is one thing that a test of a source has found. Its words stand under
// "sheet." and the key.
type CheckLine struct {
	Check string   `json:"check"`
	State string   `json:"state"` // ok, warning, not_ready or not_checked
	Key   string   `json:"key"`
	Args  []string `json:"args,omitempty"`
	Why   string   `json:"why,omitempty"` // for the operator, in English
}

// The states of a line, and of a step.
const (
	CheckOK      = "ok"
	CheckWarning = "warning"
	CheckBad     = "not_ready"
	CheckSkipped = "not_checked"
)

// A SourceCheck is a test of a source on a test person. It holds no personal data.
type SourceCheck struct {
	ID      string
	Source  string
	Officer string // who wanted it
	At      time.Time
	EndedAt time.Time // zero while it goes on
	Digest  string    // of the file that was tried
	Ready   bool
	Lines   []CheckLine
}

// checkPatience is after what time a test that has not ended is taken for broken off.
const checkPatience = 10 * time.Minute

// Moving reports whether the test goes on at an instant.
func (c SourceCheck) Moving(at time.Time) bool {
	return c.EndedAt.IsZero() && at.Sub(c.At) < checkPatience
}

// The steps of a test, in their order.
const (
	StepReached    = "reached"
	StepLetIn      = "let_in"
	StepUnderstood = "understood"
	StepInTime     = "in_time"
)

// A CheckStep is one of the questions to which the lines of a test add up.
type CheckStep struct{ Name, State string }

// stepOf says at which step a reason stops a department from answering.
var stepOf = map[source.Reason]string{
	source.ReasonDown: StepReached, source.ReasonSlow: StepReached,
	source.ReasonCredentials: StepLetIn, source.ReasonMandate: StepLetIn, source.ReasonDeclined: StepLetIn,
	source.ReasonThrottled: StepInTime,
}

// timely are the checks that are about time.
var timely = []string{"latency", "timeout", "later"}

// Steps sums the lines up: could the department be reached, did it let us in, was it
// understood, was it in time. After a step that failed nothing is known of the next.
func (c SourceCheck) Steps() []CheckStep {
	steps := []CheckStep{{StepReached, CheckSkipped}, {StepLetIn, CheckSkipped}, {StepUnderstood, CheckSkipped}, {StepInTime, CheckSkipped}}
	at := func(name string) int {
		return slices.IndexFunc(steps, func(s CheckStep) bool { return s.Name == name })
	}
	worse := func(i int, state string) {
		rank := []string{CheckSkipped, CheckOK, CheckWarning, CheckBad}
		if slices.Index(rank, state) > slices.Index(rank, steps[i].State) {
			steps[i].State = state
		}
	}
	for _, l := range c.Lines {
		if l.Check == "file" || l.Check == "person" || l.Check == "other" {
			continue
		}
		step := StepUnderstood
		switch reason, failed := strings.CutPrefix(l.Key, "reason."); {
		case l.Check == "connection" && !failed, l.Check == "tls":
			step = StepReached
		case failed:
			if reason == "other" && len(l.Args) > 0 {
				reason = l.Args[0]
			}
			if of, ok := stepOf[source.Reason(reason)]; ok {
				step = of
			}
			if source.Reason(reason) == source.ReasonSlow && l.Check != "connection" { // it had answered before
				step = StepInTime
			}
		case slices.Contains(timely, l.Check), l.Key == "pending":
			step = StepInTime
		}
		for i := range at(step) { // who comes so far has come through what is before
			worse(i, CheckOK)
		}
		worse(at(step), l.State)
	}
	return steps
}

// A SourcePromise is what a source has promised from an instant on, by the file with
// which this node was started.
type SourcePromise struct {
	Source  string
	Since   time.Time
	Digest  string        // of the file; empty where there is none
	Refresh time.Duration // age of its data at most; 0 = none is promised
	Within  string        // time of an answer, such as 2h0m0s or 3wd; empty = none is promised
}
