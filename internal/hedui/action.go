package hedui

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// An Action is something that an officer can choose to do with a case as it stands.
type Action struct {
	Name    string    // as commands and pages call it, such as "commission"
	Reasons []string  // one of which must be named; none where no reason is asked for
	Missing []Problem // what must be there first; none where it can be done at once
}

// actions are all that an officer can choose, in the order of the work, each with
// how a case takes it.
var actions = []struct {
	name string
	take func(c *Case, o Officer, at time.Time, why Text) error
}{
	{"commission", func(c *Case, o Officer, at time.Time, _ Text) error { return c.Send(o, "", at) }},
	{"accept", func(c *Case, o Officer, at time.Time, _ Text) error {
		return c.Accept(o, at, make([]string, len(c.Persons)), at)
	}},
	{"by_hand", func(c *Case, o Officer, at time.Time, _ Text) error { return c.ByHand(o, at) }},
	{"finish", func(c *Case, o Officer, at time.Time, _ Text) error { return c.Finish(o, at) }},
	{"review", func(c *Case, o Officer, at time.Time, _ Text) error { return c.Review(o, at) }},
	{"seal", func(c *Case, o Officer, at time.Time, _ Text) error { return c.Seal(o, at) }},
	{"deliver", func(c *Case, o Officer, at time.Time, _ Text) error { return c.Deliver(o, at) }},
	{"object", (*Case).Object},
	{"ask_again", func(c *Case, o Officer, at time.Time, why Text) error { return c.AskAgain(o, at, at, why) }},
	{"confirm", (*Case).Confirm},
	{"archive", func(c *Case, o Officer, at time.Time, _ Text) error { return c.Archive(o, at) }},
	{"resume", func(c *Case, o Officer, at time.Time, _ Text) error { return c.Resume(o, at) }},
	{"return", (*Case).Return},
	{"send_back", (*Case).SendBack},
	{"suspend", (*Case).Suspend},
	{"terminate", (*Case).Terminate},
}

// ActionNames lists the names of all actions.
func ActionNames() []string {
	names := make([]string, len(actions))
	for i, a := range actions {
		names[i] = a.name
	}
	return names
}

// Actions lists what the officer may do with the case at the instant, as its own
// rules say: each is tried on a copy. What only lacks something is in it, with what
// it lacks; what is not the officer's, or not of this stage, is not.
func (c *Case) Actions(o Officer, at time.Time) []Action {
	if c.Gone() != nil {
		return nil
	}
	var list []Action
	for _, a := range actions {
		trial := *c
		trial.Steps, trial.Consents = slices.Clone(c.Steps), slices.Clone(c.Consents)
		err := a.take(&trial, o, at, Text{})
		var lacks *Error
		if err != nil && (!errors.As(err, &lacks) || len(lacks.Problems) == 0) {
			continue
		}
		action := Action{Name: a.name, Reasons: ReasonsFor(a.name)}
		if lacks != nil {
			action.Missing = lacks.Problems
		}
		list = append(list, action)
	}
	return list
}

// reasons are those for which an action is taken, as offices use them. Each has a
// text under its key, and where the family can do something one under the key with
// ".next".
var reasons = map[string][]string{
	"return":    {"unsigned", "signer", "id", "name", "household", "programme", "scan", "expired", "area"},
	"suspend":   {"source", "province", "evidence", "identity"},
	"terminate": {"withdrawn", "refused", "death", "commission"},
	"send_back": {"open", "differs", "explain", "words"},
	"object":    {"income", "property", "household", "not_theirs", "changed"},
	"ask_again": {"objection", "corrected"},
	"confirm":   {"stands", "no_evidence"},
}

// ReasonsFor lists the reasons of which an action needs one; none for others.
func ReasonsFor(action string) []string { return slices.Clone(reasons[action]) }

// ReasonFor is the text of a named reason for an action. An unknown name is Invalid
// and names the ones there are; an action that needs no reason has an empty text.
func ReasonFor(action, name string) (Text, error) {
	known := reasons[action]
	switch {
	case len(known) == 0:
		return Text{}, nil
	case !slices.Contains(known, name):
		return Text{}, Fail(Invalid, Say("error.reason", name, strings.Join(known, ", ")), nil)
	}
	return Say("step." + action + "." + name), nil
}

// waits are the stages at which a case waits for whoever has the right: the worklist
// of the day. Elsewhere an officer can act, but nothing waits for him.
var waits = map[Right][]Stage{
	OpenCases:       {Draft, Returned},
	CommissionCases: {Consented, Returned, Issued},
	AcceptCases:     {Commissioned},
	VerifyCases:     {Manual, Objected, Suspended},
	ReviewReports:   {Summarised},
	SealReports:     {Reviewed},
}

// WorksAt lists the stages at which cases wait for the officer; none for one who
// does not work on cases.
func (o Officer) WorksAt() []Stage {
	var list []Stage
	for _, s := range Stages() {
		if slices.ContainsFunc(o.Rights, func(r Right) bool { return slices.Contains(waits[r], s) }) {
			list = append(list, s)
		}
	}
	return list
}
