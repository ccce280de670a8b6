package hedui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"hedui/day"
)

// What each role is offered at each stage: the working day in one table.
func TestActionsOfEveryRoleAtEveryStage(t *testing.T) {
	table, err := RoleTableOn(day.Of(noon))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, stage := range Stages() {
		for _, role := range OfficerRoles() {
			c := accepted(t)
			c.Stage = stage
			if stage == Suspended {
				c.Before = Collecting
			}
			if slices.Contains([]Stage{Issued, Delivered, Objected, Rechecked, Archived}, stage) {
				c.Version = 1
			}
			before := fmt.Sprint(c.Steps, c.Stage, c.Round)
			var names []string
			for _, a := range c.Actions(Officer{ID: "someone", Division: "330203", Rights: table.Rights(role)}, noon) {
				names = append(names, a.Name)
				if len(a.Missing) > 0 {
					t.Errorf("%s at %s lacks %v", a.Name, stage, a.Missing)
				}
			}
			if len(names) > 0 {
				fmt.Fprintf(&got, "%s %s: %s\n", stage, role, strings.Join(names, " "))
			}
			if after := fmt.Sprint(c.Steps, c.Stage, c.Round); after != before {
				t.Errorf("looking at what can be done has changed the case: %s, was %s", after, before)
			}
		}
	}
	want := `draft clerk: terminate
consented clerk: terminate
consented commissioner: commission
commissioned receiver: accept return
commissioned verifier: terminate
returned clerk: terminate
returned commissioner: commission
accepted receiver: return
accepted verifier: suspend terminate
dispatched verifier: finish suspend terminate
collecting verifier: by_hand finish suspend terminate
manual verifier: finish suspend terminate
summarised verifier: by_hand suspend terminate
summarised reviewer: review send_back
reviewed verifier: suspend terminate
reviewed reviewer: send_back
reviewed signer: seal
issued commissioner: deliver
delivered commissioner: object
delivered verifier: archive
objected verifier: ask_again confirm
rechecked verifier: archive
suspended verifier: resume terminate
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
}

// An action that only lacks consents is offered, with all that is missing.
func TestAnActionThatLacksSomethingSaysWhat(t *testing.T) {
	c := accepted(t)
	c.Stage, c.Consents = Commissioned, nil
	for _, a := range c.Actions(centre, noon) {
		if a.Name == "accept" && len(a.Missing) == len(c.Persons) {
			return
		}
	}
	t.Errorf("accepting is not offered with what is missing: %v", c.Actions(centre, noon))
}

// Wherever a case is said to wait for an officer, the officer can do something.
func TestWhatWaitsForAnOfficerCanBeDone(t *testing.T) {
	for right, stages := range waits {
		for _, stage := range stages {
			c := accepted(t)
			if c.Stage = stage; stage == Suspended {
				c.Before = Collecting
			}
			o := Officer{ID: "someone", Division: "330203", Rights: []Right{right}}
			if len(c.Actions(o, noon)) == 0 || !slices.Contains(o.WorksAt(), stage) {
				t.Errorf("a case at %s waits for %s, who can do nothing", stage, right)
			}
		}
	}
}
