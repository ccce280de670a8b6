package hedui

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"hedui/catalog"
	"hedui/day"
)

// A Case 核对案件 is one verification of one household for one programme.
type Case struct {
	ID         string    `json:"id"`
	Number     string    `json:"number"`
	Division   string    `json:"division"` // county code
	Programme  Programme `json:"programme"`
	Kind       CaseKind  `json:"kind"`
	Office     string    `json:"office"` // who commissions
	Stage      Stage     `json:"stage"`
	Before     Stage     `json:"before,omitempty"` // where a suspended case goes on
	AppliedOn  day.Day   `json:"applied_on"`
	CreatedAt  time.Time `json:"created_at"`
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	DueAt      time.Time `json:"due_at,omitzero"` // when the report is promised
	Commission string    `json:"commission,omitempty"`
	Version    int       `json:"version,omitempty"` // newest sealed report, 0 = none
	Round      int       `json:"round,omitempty"`   // how often sources were asked
	Form       string    `json:"form,omitempty"`    // id of the form from which it was registered

	Persons  []Person  `json:"persons"`
	Declared Declared  `json:"declared"`
	Consents []Consent `json:"consents,omitempty"`
	Mandates []string  `json:"mandates,omitempty"` // numbers, by person
	Signed   []string  `json:"signed,omitempty"`   // the mandates as signed text, by person
	Steps    []Step    `json:"steps"`

	Decisions []Decision `json:"decisions,omitempty"` // what the office has decided, the newest last

	Handed *Handing `json:"handed,omitempty"` // to which node, at stage [Handed]
	Taken  *Handing `json:"taken,omitempty"`  // from which node the case came, if it was not opened here

	// Elsewhere are the members who live in the household of somebody else's case,
	// as far as this node knows; it is looked up and not kept.
	Elsewhere []int `json:"-"`

	Rev int64 `json:"-"` // changes so far, for safe saving
}

// An Act is what an officer, or the system, did to bring a case on.
type Act string

// The acts that later acts look back at; other steps need no name.
const (
	accepting Act = "accept"
	byHand    Act = "by_hand"
	finishing Act = "finish"
	reviewing Act = "review"
	sealing   Act = "seal"
	asking    Act = "ask_again"
)

// A Step is one line of a case's history.
type Step struct {
	Act     Act       `json:"act,omitempty"`
	Stage   Stage     `json:"stage"`
	Officer string    `json:"officer"`
	Name    string    `json:"name"`
	Office  string    `json:"office,omitempty"`
	At      time.Time `json:"at"`
	Note    Text      `json:"note,omitzero"`
}

// Applicant is the first person.
func (c *Case) Applicant() Person { return c.Persons[0] }

// OpenedBy is the id of the officer who opened the case.
func (c *Case) OpenedBy() string {
	if len(c.Steps) == 0 {
		return ""
	}
	return c.Steps[0].Officer
}

// Person returns the person with number no.
func (c *Case) Person(no int) (Person, bool) {
	if no < 1 || no > len(c.Persons) {
		return Person{}, false
	}
	return c.Persons[no-1], true
}

// Members returns the persons who live together.
func (c *Case) Members() []Person {
	return slices.DeleteFunc(slices.Clone(c.Persons), func(p Person) bool { return p.Role != Member })
}

// Obligors returns the persons who owe support and live apart.
func (c *Case) Obligors() []Person {
	return slices.DeleteFunc(slices.Clone(c.Persons), func(p Person) bool { return p.Role != Obligor })
}

// consent returns the newest consent of person no.
func (c *Case) consent(no int) (Consent, bool) {
	for _, k := range slices.Backward(c.Consents) {
		if k.Person == no {
			return k, true
		}
	}
	return Consent{}, false
}

// Categories is what the case is verified on, in the order of the catalogue: the
// usual categories, whether allowed or not, and each other one that somebody's
// newest consent names, or of which there are queries. A category that nobody has
// named is no part of the case, so it is neither asked nor a gap; one that somebody
// named is a gap for whoever did not, and for all where no register is known.
func (c *Case) Categories(asked []Query) []catalog.Code {
	usual := c.Programme.Usual()
	return slices.DeleteFunc(c.Programme.Categories(), func(code catalog.Code) bool {
		return !slices.Contains(usual, code) &&
			!slices.ContainsFunc(asked, func(q Query) bool { return q.Category == code }) &&
			!slices.ContainsFunc(c.Persons, func(p Person) bool {
				k, _ := c.consent(p.No)
				return slices.Contains(k.Categories, code)
			})
	})
}

// Reviewer and Signer return the steps of the newest review and seal.
func (c *Case) Reviewer() Step { return c.last(reviewing) }

// Signer returns the step of the newest seal.
func (c *Case) Signer() Step { return c.last(sealing) }

func (c *Case) last(a Act) Step {
	for _, step := range slices.Backward(c.Steps) {
		if step.Act == a {
			return step
		}
	}
	return Step{}
}

// did reports whether the officer has done one of the acts in this case.
func (c *Case) did(o Officer, acts ...Act) bool {
	return slices.ContainsFunc(c.Steps, func(s Step) bool { return s.Officer == o.ID && slices.Contains(acts, s.Act) })
}

func (c *Case) move(to Stage, o Officer, at time.Time, note Text) error {
	return c.act("", to, o, at, note)
}

func (c *Case) act(a Act, to Stage, o Officer, at time.Time, note Text) error {
	if !c.Stage.CanBecome(to) {
		return Fail(Conflict, Say("error.stage", string(c.Stage), string(to)),
			fmt.Errorf("case %s: %s to %s", c.ID, c.Stage, to))
	}
	c.Stage = to
	c.Steps = append(c.Steps, Step{a, to, o.ID, o.Name, o.Office, at, note})
	return nil
}

// only is a Conflict unless the case stands at one of the stages: some acts are
// narrower than the moves of the table.
func (c *Case) only(to Stage, stages ...Stage) error {
	if slices.Contains(stages, c.Stage) {
		return nil
	}
	return Fail(Conflict, Say("error.stage", string(c.Stage), string(to)), fmt.Errorf("case %s: %s to %s", c.ID, c.Stage, to))
}

func (c *Case) moveWith(r Right, to Stage, o Officer, at time.Time, note Text) error {
	if err := o.MayOn(r, c); err != nil {
		return err
	}
	return c.move(to, o, at, note)
}

// Missing names every consent that is missing or does not hold at the instant
// at, for all persons at once (一次性告知).
func (c *Case) Missing(at time.Time) []Problem {
	var problems []Problem
	for i, p := range c.Persons {
		field := "persons[" + strconv.Itoa(i) + "].consent"
		k, ok := c.consent(p.No)
		if !ok {
			problems = append(problems, Problem{field, Say("problem.consent.missing", strconv.Itoa(p.No))})
			continue
		}
		if key := k.Holds(c.Programme, at); key != "" {
			problems = append(problems, Problem{field, Say(key, strconv.Itoa(p.No), day.Of(k.Until.Add(-time.Second)).String())})
		}
		if len(k.Offices) > 0 && !slices.Contains(k.Offices, c.Office) {
			problems = append(problems, Problem{field, Say("problem.consent.office", strconv.Itoa(p.No), c.Office)})
		}
		if key := c.signerProblem(p, k, day.Of(k.SignedAt)); key != "" {
			problems = append(problems, Problem{field, Say(key, strconv.Itoa(p.No))})
		}
	}
	return problems
}

func (c *Case) signerProblem(p Person, k Consent, on day.Day) string {
	if p.ID.IsZero() { // its own problem is named already
		return ""
	}
	if !p.NeedsGuardian(on) {
		if k.Signer != p.No {
			return "problem.consent.signer"
		}
		return ""
	}
	g, ok := c.Person(p.Guardian)
	switch {
	case !ok:
		return "problem.guardian.missing"
	case g.No == p.No || g.NeedsGuardian(on):
		return "problem.guardian.unable"
	case k.Signer != g.No:
		return "problem.consent.guardian"
	}
	return ""
}

// AddConsents records consents; when every person is covered a case at its
// beginning is consented. Later on they take the place of those that have ended,
// and the case stays where it is. It returns everything that is still missing; the
// consents that were given are kept all the same.
func (c *Case) AddConsents(o Officer, consents []Consent, at time.Time) (missing []Problem, err error) {
	if err := o.MayOn(OpenCases, c); err != nil {
		return nil, err
	}
	if err := c.only(Consented, Draft, Returned, Consented, Collecting, Manual, Summarised, Issued, Delivered, Objected, Rechecked); err != nil {
		return nil, err
	}
	c.Consents = append(c.Consents, consents...)
	if missing = c.Missing(at); len(missing) > 0 || c.Stage != Draft && c.Stage != Returned {
		return missing, nil
	}
	return nil, c.move(Consented, o, at, Text{})
}

// Send commissions the verification centre under the number of the letter.
func (c *Case) Send(o Officer, number string, at time.Time) error {
	if err := o.MayOn(CommissionCases, c); err != nil {
		return err
	}
	if err := Problems(c.Missing(at)); err != nil {
		return err
	}
	if err := c.move(Commissioned, o, at, Say("step.number", number)); err != nil {
		return err
	}
	c.Commission = number
	return nil
}

// Return gives the case back with everything that is missing named at once.
func (c *Case) Return(o Officer, at time.Time, why Text) error {
	return c.moveWith(AcceptCases, Returned, o, at, why)
}

// Accept takes the case at the centre; mandates are the numbers under which its
// persons are asked, due is when the report is promised.
func (c *Case) Accept(o Officer, at time.Time, mandates []string, due time.Time) error {
	if err := o.MayOn(AcceptCases, c); err != nil {
		return err
	}
	if err := Problems(c.Missing(at)); err != nil {
		return err
	}
	if err := c.only(Accepted, Commissioned); err != nil { // a suspended one is resumed
		return err
	}
	if err := c.act(accepting, Accepted, o, at, Text{}); err != nil {
		return err
	}
	c.AcceptedAt, c.DueAt, c.Mandates = at, due, mandates
	return nil
}

// Dispatch marks that every query is queued.
func (c *Case) Dispatch(at time.Time) error {
	c.Round = 1
	return c.move(Dispatched, System, at, Text{})
}

// Collect marks the first answer. It does nothing in later stages.
func (c *Case) Collect(at time.Time) error {
	if c.Stage != Dispatched {
		return nil
	}
	return c.move(Collecting, System, at, Text{})
}

// ByHand marks that letters or visits are needed.
func (c *Case) ByHand(o Officer, at time.Time) error {
	if err := o.MayOn(VerifyCases, c); err != nil {
		return err
	}
	if err := c.only(Manual, Collecting, Summarised); err != nil {
		return err
	}
	return c.act(byHand, Manual, o, at, Text{})
}

// Summarise marks that findings are made, at the last answer or at the deadline.
// From a sealed report it begins a supplement.
func (c *Case) Summarise(at time.Time, why Text) error {
	return c.move(Summarised, System, at, why)
}

// Finish ends collecting or work by hand: the verifier waits no longer.
func (c *Case) Finish(o Officer, at time.Time) error {
	if err := o.MayOn(VerifyCases, c); err != nil {
		return err
	}
	if err := c.only(Summarised, Dispatched, Collecting, Manual); err != nil {
		return err
	}
	return c.act(finishing, Summarised, o, at, Say("step.finished"))
}

// Review is the second person's agreement. Whoever accepted the case or worked
// on it cannot review it.
func (c *Case) Review(o Officer, at time.Time) error {
	if err := o.MayOn(ReviewReports, c); err != nil {
		return err
	}
	if c.did(o, accepting, byHand, finishing) {
		return Fail(Forbidden, Say("error.same_person"), nil)
	}
	if err := c.only(Reviewed, Summarised); err != nil {
		return err
	}
	return c.act(reviewing, Reviewed, o, at, Text{})
}

// SendBack gives a summarised case back for more work by hand, or a reviewed one
// back to its summary.
func (c *Case) SendBack(o Officer, at time.Time, why Text) error {
	if err := o.MayOn(ReviewReports, c); err != nil {
		return err
	}
	if err := c.only(Manual, Summarised, Reviewed); err != nil {
		return err
	}
	to := Manual
	if c.Stage == Reviewed {
		to = Summarised
	}
	return c.move(to, o, at, why)
}

// Seal issues the next version of the report. The signer has neither worked on
// the case nor reviewed it last.
func (c *Case) Seal(o Officer, at time.Time) error {
	if err := o.MayOn(SealReports, c); err != nil {
		return err
	}
	if c.did(o, accepting, byHand, finishing) || c.Reviewer().Officer == o.ID {
		return Fail(Forbidden, Say("error.same_person"), nil)
	}
	if err := c.withdrawn(); err != nil {
		return err
	}
	if err := c.act(sealing, Issued, o, at, Say("step.version", strconv.Itoa(c.Version+1))); err != nil {
		return err
	}
	c.Version++
	return nil
}

// Deliver marks that the commissioning office has taken the report.
func (c *Case) Deliver(o Officer, at time.Time) error {
	if err := o.May(CommissionCases, c.Division); err != nil {
		return err
	}
	if err := c.withdrawn(); err != nil {
		return err
	}
	if err := c.MayReceive(o); err != nil {
		return err
	}
	return c.move(Delivered, o, at, Text{})
}

// Object records the applicant's objection, which the office brings.
func (c *Case) Object(o Officer, at time.Time, why Text) error {
	return c.moveWith(CommissionCases, Objected, o, at, why)
}

// Confirm ends an objection without a new report.
func (c *Case) Confirm(o Officer, at time.Time, why Text) error {
	return c.moveWith(VerifyCases, Rechecked, o, at, why)
}

// AskAgain answers an objection by asking again until due; a new version follows.
// Consents that have ended must be given anew first.
func (c *Case) AskAgain(o Officer, at, due time.Time, why Text) error {
	if err := o.MayOn(VerifyCases, c); err != nil {
		return err
	}
	if err := c.only(Collecting, Objected); err != nil {
		return err
	}
	if err := Problems(c.Missing(at)); err != nil {
		return err
	}
	c.Round++
	c.DueAt = due
	return c.act(asking, Collecting, o, at, why)
}

// Requery lets single cells be asked again in a round of their own, as long as no
// report is sealed that would have to be replaced: for that there are objections.
func (c *Case) Requery(o Officer, at time.Time) error {
	if err := o.MayOn(VerifyCases, c); err != nil {
		return err
	}
	if !c.Stage.Collects() && c.Stage != Summarised {
		return Fail(Conflict, Say("error.requery.stage"), fmt.Errorf("case %s is %s", c.ID, c.Stage))
	}
	if err := Problems(c.Missing(at)); err != nil {
		return err
	}
	c.Round++
	return nil
}

// Suspend stops the case until Resume; its deadline goes on.
func (c *Case) Suspend(o Officer, at time.Time, why Text) error {
	before := c.Stage
	if err := c.moveWith(VerifyCases, Suspended, o, at, why); err != nil {
		return err
	}
	c.Before = before
	return nil
}

// Resume takes a suspended case up where it stood. A review does not outlast a
// suspension: answers may have come in meanwhile.
func (c *Case) Resume(o Officer, at time.Time) error {
	to := c.Before
	if to == Reviewed {
		to = Summarised
	}
	if err := c.moveWith(VerifyCases, to, o, at, Say("step.resumed")); err != nil {
		return err
	}
	c.Before = ""
	return nil
}

// Terminate ends the case without a result: withdrawal, refusal to cooperate,
// death of a single applicant, commission withdrawn.
func (c *Case) Terminate(o Officer, at time.Time, why Text) error {
	if c.Version > 0 {
		return Fail(Conflict, Say("error.stage", string(c.Stage), string(Terminated)), fmt.Errorf("case %s has a sealed report", c.ID))
	}
	r := VerifyCases
	if c.Stage == Draft || c.Stage == Consented || c.Stage == Returned {
		r = OpenCases
	}
	return c.moveWith(r, Terminated, o, at, why)
}

// Archive closes the case for good.
func (c *Case) Archive(o Officer, at time.Time) error {
	return c.moveWith(VerifyCases, Archived, o, at, Text{})
}
