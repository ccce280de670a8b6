package hedui

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"hedui/day"
)

// A Decision 办理决定 is what an office has decided about a household after its
// report, as it tells it. Hedui neither makes nor judges it; nothing follows from it
// here but that the case no longer waits for it.
type Decision struct {
	Outcome string    `json:"outcome"`
	Ground  string    `json:"ground,omitempty"` // why, where the outcome needs it
	On      day.Day   `json:"on"`
	Number  string    `json:"number,omitempty"` // of the written decision, if it has one
	Version int       `json:"version"`          // of the report that the office had
	Officer string    `json:"officer"`          // who has entered it
	Name    string    `json:"name"`
	At      time.Time `json:"at"`
}

// maxDecisionNumber is how long, in characters, the number of a written decision is
// at most.
const maxDecisionNumber = 60

// A DecisionOutcome is one thing that can be decided about cases of some kinds.
type DecisionOutcome struct {
	Name  string     `yaml:"name"`
	Kinds []CaseKind `yaml:"kinds"`
	Why   bool       `yaml:"why"` // one of the grounds must be named
}

// A DecisionTable is what can be decided from a day on, see data/decisions.yaml.
type DecisionTable struct {
	From     day.Day           `yaml:"from"`
	Outcomes []DecisionOutcome `yaml:"outcomes"`
	Grounds  []string          `yaml:"grounds"`
}

//go:embed data/decisions.yaml
var decisions []byte

var decisionTables = sync.OnceValues(func() ([]DecisionTable, error) { return ReadDecisionTables(decisions) })

// ReadDecisionTables reads the form of data/decisions.yaml and names every problem
// at once.
func ReadDecisionTables(text []byte) ([]DecisionTable, error) {
	tables, err := readDated[DecisionTable]("decisions", text)
	if err != nil {
		return nil, err
	}
	var bad []error
	for i, t := range tables {
		if t.From.IsZero() || len(t.Outcomes) == 0 || len(t.Grounds) == 0 {
			bad = append(bad, fmt.Errorf("entry %d: from, outcomes and grounds must be there", i+1))
		}
		for _, o := range t.Outcomes {
			if o.Name == "" || len(o.Kinds) == 0 || slices.ContainsFunc(o.Kinds, func(k CaseKind) bool { return !slices.Contains(CaseKinds(), k) }) {
				bad = append(bad, fmt.Errorf("entry %d: outcome %q: a name and known kinds must be there", i+1, o.Name))
			}
		}
	}
	if err := errors.Join(bad...); err != nil {
		return nil, fmt.Errorf("hedui: decisions: %w", err)
	}
	return tables, nil
}

// DecisionTables are all tables that come with the program.
func DecisionTables() []DecisionTable {
	tables, _ := decisionTables() // what is wrong with them DecisionTableOn says
	return tables
}

// DecisionTableOn returns the table that counts for a day; NotFound before the first.
func DecisionTableOn(on day.Day) (DecisionTable, error) {
	tables, err := decisionTables()
	best := newest(tables, func(t DecisionTable) day.Day { return t.From }, on)
	if err == nil && best.From.IsZero() {
		err = Fail(NotFound, Say("error.decision.table", on.String()), nil)
	}
	return best, err
}

// For lists the outcomes for cases of a kind.
func (t DecisionTable) For(k CaseKind) []DecisionOutcome {
	return slices.DeleteFunc(slices.Clone(t.Outcomes), func(o DecisionOutcome) bool { return !slices.Contains(o.Kinds, k) })
}

// Decided is the decision that counts: the newest, or none.
func (c *Case) Decided() (Decision, bool) {
	if len(c.Decisions) == 0 {
		return Decision{}, false
	}
	return c.Decisions[len(c.Decisions)-1], true
}

// decides are the stages at which an office has a report to go by.
var decides = []Stage{Delivered, Objected, Rechecked, Archived}

// MayDecide reports why the officer cannot tell of a decision now, or nil.
func (c *Case) MayDecide(o Officer) error {
	if err := o.MayOn(CommissionCases, c); err != nil {
		return err
	}
	if err := c.MayReceive(o); err != nil {
		return err
	}
	if !slices.Contains(decides, c.Stage) {
		return Fail(Conflict, Say("error.decision.stage"), fmt.Errorf("case %s is %s", c.ID, c.Stage))
	}
	return nil
}

// Decide enters what the office has decided. One that was entered before stays on
// record; the newest counts. Every problem is named at once.
func (c *Case) Decide(o Officer, d Decision, at time.Time) error {
	if err := c.MayDecide(o); err != nil {
		return err
	}
	today := day.Of(at)
	var problems []Problem
	add := func(field string, say Text) { problems = append(problems, Problem{field, say}) }
	on := d.On
	switch {
	case on.IsZero():
		add("on", Say("problem.empty"))
		on = today
	case on.After(today):
		add("on", Say("problem.decision.future"))
		on = today
	case on.Before(c.AppliedOn):
		add("on", Say("problem.decision.early", c.AppliedOn.String()))
		on = today
	}
	table, err := DecisionTableOn(on)
	if err != nil {
		return err
	}
	outcomes := table.For(c.Kind)
	i := slices.IndexFunc(outcomes, func(o DecisionOutcome) bool { return o.Name == d.Outcome })
	switch {
	case d.Outcome == "":
		add("outcome", Say("problem.decision.outcome"))
	case i < 0:
		add("outcome", Say("problem.choice", names(outcomes)))
	case outcomes[i].Why && !slices.Contains(table.Grounds, d.Ground):
		add("ground", Say("problem.decision.ground"))
	case !outcomes[i].Why:
		d.Ground = "" // what was chosen before another outcome was
	}
	d.Number = strings.TrimSpace(d.Number)
	if n := utf8.RuneCountInString(d.Number); n > maxDecisionNumber || strings.ContainsFunc(d.Number, func(r rune) bool { return r < ' ' }) || !utf8.ValidString(d.Number) {
		add("number", Say("problem.decision.number", fmt.Sprint(maxDecisionNumber)))
	}
	if err := Problems(problems); err != nil {
		return err
	}
	d.Version, d.Officer, d.Name, d.At = c.Version, o.ID, o.Name, at
	c.Decisions = append(c.Decisions, d)
	return nil
}

func names(outcomes []DecisionOutcome) string {
	var list []string
	for _, o := range outcomes {
		list = append(list, o.Name)
	}
	return strings.Join(list, ", ")
}
