package hedui

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"hedui/day"
)

// Who can tell of a decision, and when: every role at every stage.
func TestADecisionIsToldByTheOfficeThatHasTheReport(t *testing.T) {
	table, err := RoleTableOn(day.Of(noon))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, stage := range Stages() {
		for _, role := range OfficerRoles() {
			c := accepted(t)
			c.Stage, c.Version = stage, 1
			o := Officer{ID: "someone", Division: "330203", Rights: table.Rights(role)}
			if c.Decide(o, Decision{Outcome: "granted", On: day.Of(noon)}, noon) == nil {
				got = append(got, fmt.Sprintf("%s %s", stage, role))
			}
			if len(c.Decisions) > 0 && c.Stage != stage {
				t.Errorf("a decision moves the case from %s to %s", stage, c.Stage)
			}
		}
	}
	want := []string{"delivered commissioner", "objected commissioner", "rechecked commissioner", "archived commissioner"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestADecisionNamesAllItsProblemsAtOnce(t *testing.T) {
	today := day.Of(noon)
	tests := []struct {
		name string
		kind CaseKind
		told Decision
		want string // fields, in their order
	}{
		{"nothing", NewApplication, Decision{}, "on outcome"},
		{"granted", NewApplication, Decision{Outcome: "granted", On: today}, ""},
		{"granted, with a ground that was chosen before", NewApplication, Decision{Outcome: "granted", Ground: "income", On: today}, ""},
		{"refused without a reason", NewApplication, Decision{Outcome: "refused", On: today}, "ground"},
		{"refused with one that there is not", NewApplication, Decision{Outcome: "refused", Ground: "dislike", On: today}, "ground"},
		{"refused with one", NewApplication, Decision{Outcome: "refused", Ground: "property", On: today, Number: "海民〔2026〕7号"}, ""},
		{"stopped what was never given", NewApplication, Decision{Outcome: "stopped", Ground: "income", On: today}, "outcome"},
		{"stopped", PeriodicRecheck, Decision{Outcome: "stopped", Ground: "income", On: today}, ""},
		{"granted to who has it", PeriodicRecheck, Decision{Outcome: "granted", On: today}, "outcome"},
		{"tomorrow", NewApplication, Decision{Outcome: "granted", On: today.Add(1)}, "on"},
		{"before the application", NewApplication, Decision{Outcome: "granted", On: day.Must("2013-01-01")}, "on"},
		{"before there was a table", NewApplication, Decision{Outcome: "granted", On: day.Must("1999-01-01")}, "on"},
		{"all of it", NewApplication, Decision{Outcome: "refused", On: today.Add(1), Number: strings.Repeat("号", maxDecisionNumber+1)}, "on ground number"},
		{"a number that breaks the line", NewApplication, Decision{Outcome: "granted", On: today, Number: "a\nb"}, "number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := accepted(t)
			c.Stage, c.Version, c.Kind = Delivered, 2, tt.kind
			err := c.Decide(Officer{ID: "office", Name: "某人", Division: "330203", Rights: []Right{CommissionCases}}, tt.told, noon)
			var fields []string
			var known *Error
			if errors.As(err, &known) {
				for _, p := range known.Problems {
					fields = append(fields, p.Field)
				}
			}
			if got := strings.Join(fields, " "); got != tt.want || (err == nil) != (tt.want == "") {
				t.Fatalf("got %q (%v), want %q", got, err, tt.want)
			}
			d, ok := c.Decided()
			if ok != (tt.want == "") {
				t.Fatalf("entered %v: %+v", ok, d)
			}
			if ok && (d.Version != 2 || d.Officer != "office" || !d.At.Equal(noon) || d.Outcome == "granted" && d.Ground != "") {
				t.Errorf("entered as %+v", d)
			}
		})
	}
}

// What is entered anew counts, and what it takes the place of stays.
func TestTheNewestDecisionCounts(t *testing.T) {
	c := accepted(t)
	c.Stage, c.Version = Delivered, 1
	o := Officer{ID: "office", Division: "330203", Rights: []Right{CommissionCases}}
	for _, outcome := range []string{"granted", "withdrawn"} {
		if err := c.Decide(o, Decision{Outcome: outcome, On: day.Of(noon)}, noon); err != nil {
			t.Fatal(err)
		}
	}
	if d, _ := c.Decided(); d.Outcome != "withdrawn" || len(c.Decisions) != 2 || c.Decisions[0].Outcome != "granted" {
		t.Errorf("%+v counts, of %+v", d, c.Decisions)
	}
}

func TestABadTableOfDecisionsNamesEveryProblem(t *testing.T) {
	_, err := ReadDecisionTables([]byte(`
- outcomes: [{name: granted, kinds: [new_application]}]
  grounds: [income]
- from: 2013-01-01
  outcomes: [{name: "", kinds: [new_application]}, {name: x, kinds: [third]}]
  grounds: [income]
`))
	if err == nil || strings.Count(err.Error(), "entry ") != 3 {
		t.Errorf("got %v", err)
	}
}
