package hedui

import (
	_ "embed"
	"slices"
	"sync"

	"hedui/day"
)

// An OfficerRole 岗位 is a job that an officer does. Rights follow from roles by the
// [RoleTable] of the day, and from nothing else.
type OfficerRole string

// The roles: those of offices, of the verification centre, of departments, and
// those who look after the system, its security and its log (三员).
const (
	ClerkRole         OfficerRole = "clerk"        // 乡镇（街道）经办
	CommissionerRole  OfficerRole = "commissioner" // of civil affairs, housing, education, medical security
	ReceiverRole      OfficerRole = "receiver"
	VerifierRole      OfficerRole = "verifier"
	ReviewerRole      OfficerRole = "reviewer"
	SignerRole        OfficerRole = "signer"
	ManagerRole       OfficerRole = "manager"
	HubOperatorRole   OfficerRole = "hub_operator"
	LiaisonRole       OfficerRole = "liaison"      // of a department
	StatisticianRole  OfficerRole = "statistician" // counts, never cases
	InspectorRole     OfficerRole = "inspector"    // discipline inspection
	SystemAdminRole   OfficerRole = "system_admin"
	SecurityAdminRole OfficerRole = "security_admin"
	AuditAdminRole    OfficerRole = "audit_admin"
)

// OfficerRoles lists all roles in the order in which tables show them.
func OfficerRoles() []OfficerRole {
	return []OfficerRole{ClerkRole, CommissionerRole, ReceiverRole, VerifierRole, ReviewerRole, SignerRole, ManagerRole, HubOperatorRole, LiaisonRole,
		StatisticianRole, InspectorRole, SystemAdminRole, SecurityAdminRole, AuditAdminRole}
}

// RoleTable says which rights roles give, and which roles nobody holds together,
// from a day on.
type RoleTable struct {
	From  day.Day                       `yaml:"from"`
	Roles map[OfficerRole][]Right       `yaml:"roles"`
	Alone []OfficerRole                 `yaml:"alone"` // go with no other role
	Apart map[OfficerRole][]OfficerRole `yaml:"apart"` // go with each other only where neither names the other
}

//go:embed data/roles.yaml
var roles []byte

// roleTables are the tables that come with the program, the newest last.
var roleTables = sync.OnceValues(func() ([]RoleTable, error) {
	return readDated[RoleTable]("roles", roles)
})

// RoleTableOn returns the table of rights that holds on a day, or an empty one
// before the first.
func RoleTableOn(on day.Day) (RoleTable, error) {
	tables, err := roleTables()
	return newest(tables, func(t RoleTable) day.Day { return t.From }, on), err
}

// Rights are all rights that the roles give together.
func (t RoleTable) Rights(list ...OfficerRole) []Right {
	var rights []Right
	for _, r := range Rights() {
		if slices.ContainsFunc(list, func(role OfficerRole) bool { return slices.Contains(t.Roles[role], r) }) {
			rights = append(rights, r)
		}
	}
	return rights
}

// Check names every reason why one officer cannot hold the roles: one that the
// table does not know, or two that it keeps apart.
func (t RoleTable) Check(field string, list []OfficerRole) []Problem {
	var problems []Problem
	bad := func(key string, args ...string) {
		problems = append(problems, Problem{Field: field, Say: Say(key, args...)})
	}
	for i, r := range list {
		if _, known := t.Roles[r]; !known || slices.Contains(list[:i], r) {
			bad("problem.role.unknown", string(r))
			continue
		}
		for _, other := range list[i+1:] {
			if other != r && (slices.Contains(t.Alone, r) || slices.Contains(t.Alone, other) || slices.Contains(t.Apart[r], other) || slices.Contains(t.Apart[other], r)) {
				bad("problem.role.apart", string(r), string(other))
			}
		}
	}
	return problems
}
