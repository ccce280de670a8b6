package hedui

import (
	"fmt"
	"slices"
	"strings"

	"hedui/day"
)

// An OfficeKind says what an office is.
type OfficeKind string

// The kinds of offices.
const (
	TownshipOffice      OfficeKind = "township"
	CommissioningOffice OfficeKind = "commissioning" // civil affairs, housing, education, medical security
	CentreOffice        OfficeKind = "centre"        // 核对机构
	DepartmentOffice    OfficeKind = "department"
	InspectionOffice    OfficeKind = "inspection"
)

// OfficeKinds lists all kinds.
func OfficeKinds() []OfficeKind {
	return []OfficeKind{TownshipOffice, CommissioningOffice, CentreOffice, DepartmentOffice, InspectionOffice}
}

// An OfficerState says whether an officer may act.
type OfficerState string

// The states of an officer. Nobody comes back from ended.
const (
	OfficerActive OfficerState = "active"
	OfficerLocked OfficerState = "locked"
	OfficerEnded  OfficerState = "ended"
)

// A Tie 利害关系 is how a person stands to an officer who must stand aside from his cases.
type Tie string

// The connections: 民发〔2021〕57号 §11 names close relatives; others are declared.
const (
	SelfTie  Tie = "self"  // the officer; colleagues of the office stand aside too
	KinTie   Tie = "kin"   // spouse, parents, children, siblings, grandparents, grandchildren
	OtherTie Tie = "other" // whoever else might give reason to doubt
)

// Ties lists all connections.
func Ties() []Tie { return []Tie{SelfTie, KinTie, OtherTie} }

// A StaffMember is an officer as the roster has him.
type StaffMember struct {
	ID         string        `json:"id"`
	Name       string        `json:"name"`
	Office     string        `json:"office"`
	Division   string        `json:"division"`
	State      OfficerState  `json:"state"`
	Roles      []OfficerRole `json:"roles"`
	Programmes []Programme   `json:"programmes,omitempty"` // none = all
	Sources    []string      `json:"sources,omitempty"`
	From       day.Day       `json:"from"`
	Until      day.Day       `json:"until,omitzero"` // last day in office; zero = open
	Rev        int64         `json:"-"`
}

// Officer is the member as he acts on a day, or a Forbidden error if he does not.
func (m StaffMember) Officer(on day.Day) (Officer, error) {
	if m.State != OfficerActive || on.Before(m.From) || !m.Until.IsZero() && on.After(m.Until) {
		return Officer{}, Fail(Forbidden, Say("error.officer.inactive", m.ID), fmt.Errorf("officer %s is %s, from %s until %s", m.ID, m.State, m.From, m.Until))
	}
	t, err := RoleTableOn(on)
	if err != nil {
		return Officer{}, err
	}
	return Officer{ID: m.ID, Name: m.Name, Office: m.Office, Division: m.Division, Roles: m.Roles, Rights: t.Rights(m.Roles...),
		Programmes: m.Programmes, Sources: m.Sources}, nil
}

// Check names everything that is wrong with a member on a day.
func (m StaffMember) Check(on day.Day) ([]Problem, error) {
	t, err := RoleTableOn(on)
	if err != nil {
		return nil, err
	}
	problems := t.Check("roles", m.Roles)
	bad := func(field, key string, args ...string) {
		problems = append(problems, Problem{Field: field, Say: Say(key, args...)})
	}
	if len(m.ID) < 2 || len(m.ID) > 40 || strings.Trim(m.ID, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || taken(m.ID) {
		bad("id", "problem.officer.id")
	}
	if strings.TrimSpace(m.Name) == "" {
		bad("name", "problem.empty")
	}
	if len(m.Division) != 6 {
		bad("division", "problem.division.unknown")
	}
	if !m.Until.IsZero() && m.Until.Before(m.From) {
		bad("until", "problem.officer.until")
	}
	for _, p := range m.Programmes {
		if p.Digits() == "" {
			bad("programmes", "problem.officer.programme")
		}
	}
	if (len(m.Sources) > 0) != slices.Contains(m.Roles, LiaisonRole) {
		bad("sources", "problem.role.sources")
	}
	return problems, nil
}
