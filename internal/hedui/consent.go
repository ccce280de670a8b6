package hedui

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"hedui/catalog"
	"hedui/source"
)

// A Consent is one person's signed 授权书 for one programme. It never widens:
// another programme, another category or a changed household needs a new one.
type Consent struct {
	Number     string         `json:"number"`
	Person     int            `json:"person"`
	Programme  Programme      `json:"programme"`
	Categories []catalog.Code `json:"categories"`
	Signer     int            `json:"signer"`            // the person, or the guardian
	Witness    string         `json:"witness,omitempty"` // officer who saw the signature
	SignedAt   time.Time      `json:"signed_at"`
	Until      time.Time      `json:"until"` // first instant at which it no longer holds
	Withdrawn  time.Time      `json:"withdrawn,omitzero"`
	Form       string         `json:"form,omitempty"`    // number of the printed form that was signed, where it had one
	Wording    string         `json:"wording,omitempty"` // version of the form's text, see [Wordings]
	Offices    []string       `json:"offices,omitempty"` // to whom the report may go; empty = wherever the case belongs
	Scan       string         `json:"scan,omitempty"`    // type of the scan that is kept, such as "image/png"; empty = none
	Document   string         `json:"document"`          // digest of the scan or signed form, "sha256:…"
}

// A ConsentState says where a consent is in its life.
type ConsentState string

// The states of a consent. Only one that is given or witnessed holds.
const (
	ConsentGiven      ConsentState = "given"      // signed; nobody has seen it signed
	ConsentWitnessed  ConsentState = "witnessed"  // an officer has
	ConsentExpired    ConsentState = "expired"    //
	ConsentWithdrawn  ConsentState = "withdrawn"  // by the person
	ConsentSuperseded ConsentState = "superseded" // the person has signed another one since
)

// ConsentStates lists all states.
func ConsentStates() []ConsentState {
	return []ConsentState{ConsentGiven, ConsentWitnessed, ConsentExpired, ConsentWithdrawn, ConsentSuperseded}
}

// ConsentState is the state of one of the case's consents at an instant.
func (c *Case) ConsentState(k Consent, at time.Time) ConsentState {
	newest, _ := c.consent(k.Person)
	switch {
	case !k.Withdrawn.IsZero() && !at.Before(k.Withdrawn):
		return ConsentWithdrawn
	case newest.Number != k.Number:
		return ConsentSuperseded
	case !at.Before(k.Until):
		return ConsentExpired
	case k.Witness != "":
		return ConsentWitnessed
	}
	return ConsentGiven
}

// Withdraw ends the consents of a person from an instant on. What was done until
// then stays lawful (个人信息保护法, article 15); nothing is asked, sealed or delivered
// after it until the person has signed anew.
func (c *Case) Withdraw(o Officer, person int, at time.Time) error {
	if o.May(OpenCases, c.Division) != nil { // the township hears of it, or the centre
		if err := o.May(VerifyCases, c.Division); err != nil {
			return err
		}
	}
	if slices.Contains([]Stage{Terminated, Archived, Handed}, c.Stage) {
		return Fail(Conflict, Say("error.stage", string(c.Stage), string(c.Stage)), fmt.Errorf("case %s is %s", c.ID, c.Stage))
	}
	found := false
	for i := range c.Consents {
		if k := &c.Consents[i]; k.Person == person && k.Withdrawn.IsZero() {
			k.Withdrawn, found = at, true
		}
	}
	if !found {
		return Fail(Conflict, Say("error.consent.none", strconv.Itoa(person)), nil)
	}
	c.Steps = append(c.Steps, Step{Stage: c.Stage, Officer: o.ID, Name: o.Name, Office: o.Office, At: at, Note: Say("step.consent_withdrawn", strconv.Itoa(person))})
	return nil
}

// withdrawn is a Conflict while somebody's newest consent is withdrawn.
func (c *Case) withdrawn() error {
	for _, p := range c.Persons {
		if k, ok := c.consent(p.No); ok && !k.Withdrawn.IsZero() {
			return Fail(Conflict, Say("error.consent.withdrawn", strconv.Itoa(p.No)), nil)
		}
	}
	return nil
}

// ConsentEnds is when the first of the consents ends that somebody has signed last and
// not withdrawn; zero where there is none, and of a case that is over.
func (c *Case) ConsentEnds() time.Time {
	var first time.Time
	if !c.Stage.Running() {
		return first
	}
	for _, p := range c.Persons {
		k, ok := c.consent(p.No)
		if ok && k.Withdrawn.IsZero() && (first.IsZero() || k.Until.Before(first)) {
			first = k.Until
		}
	}
	return first
}

// Recipients are the offices to which the consents let the report go; narrowed is
// false where nobody has named any.
func (c *Case) Recipients() (offices []string, narrowed bool) {
	for _, p := range c.Persons {
		k, ok := c.consent(p.No)
		if !ok || len(k.Offices) == 0 {
			continue
		}
		if !narrowed {
			offices, narrowed = slices.Clone(k.Offices), true
			continue
		}
		offices = slices.DeleteFunc(offices, func(o string) bool { return !slices.Contains(k.Offices, o) })
	}
	return offices, narrowed
}

// MayReceive reports, as a Forbidden error, why the report must not go to an
// officer's office: somebody has named others. The centre that makes it has it.
func (c *Case) MayReceive(o Officer) error {
	offices, narrowed := c.Recipients()
	makes := slices.ContainsFunc([]Right{VerifyCases, ReviewReports, SealReports}, func(r Right) bool { return o.May(r, c.Division) == nil })
	if !narrowed || makes || slices.Contains(offices, o.Office) {
		return nil
	}
	return Fail(Forbidden, Say("error.consent.recipient"), fmt.Errorf("case %s: the consents name other offices", c.ID))
}

// Holds reports why the consent does not hold for the programme at the instant
// at, as the key of a problem text, or "" if it does.
func (c Consent) Holds(p Programme, at time.Time) string {
	switch {
	case c.Programme != p:
		return "problem.consent.programme"
	case !c.Withdrawn.IsZero() && !at.Before(c.Withdrawn):
		return "problem.consent.withdrawn"
	case at.Before(c.SignedAt):
		return "problem.consent.future"
	case !at.Before(c.Until):
		return "problem.consent.expired"
	}
	return ""
}

// Grant is what the consent of a person allows, for the node to sign.
func (c *Case) Grant(person int) (source.Grant, bool) {
	p, ok := c.Person(person)
	k, given := c.consent(person)
	if !ok || !given || person > len(c.Mandates) {
		return source.Grant{}, false
	}
	m, err := k.mandate(c.Mandates[person-1], p)
	return source.Grant{Terms: m.Terms(), Document: k.Document, Wording: k.Wording, Division: c.Division, Offices: slices.Clone(k.Offices)}, err == nil
}

// mandate is the right to ask about p that the consent gives for the case.
func (c Consent) mandate(number string, p Person) (source.Mandate, error) {
	until := c.Until
	if !c.Withdrawn.IsZero() && c.Withdrawn.Before(until) {
		until = c.Withdrawn
	}
	return source.Mint(source.Terms{
		Number: number, Consent: c.Number, Purpose: string(c.Programme), Person: p.Subject(),
		Categories: slices.Clone(c.Categories), From: c.SignedAt, Until: until,
	})
}
