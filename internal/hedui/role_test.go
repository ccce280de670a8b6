package hedui_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"hedui/day"
	"hedui/internal/hedui"
)

var roleDay = day.Must("2026-11-23")

func table(t *testing.T) hedui.RoleTable {
	t.Helper()
	rights, err := hedui.RoleTableOn(roleDay)
	if err != nil {
		t.Fatal(err)
	}
	return rights
}

// The table of rights knows every role and no other, every right is somebody's, and
// nobody is above all others.
func TestTheTableOfRightsIsWhole(t *testing.T) {
	rights := table(t)
	if len(rights.Roles) != len(hedui.OfficerRoles()) {
		t.Errorf("%d roles in the table, want %d", len(rights.Roles), len(hedui.OfficerRoles()))
	}
	for _, r := range hedui.OfficerRoles() {
		if len(rights.Roles[r]) == 0 {
			t.Errorf("role %s has no right", r)
		}
		for _, right := range rights.Roles[r] {
			if !slices.Contains(hedui.Rights(), right) {
				t.Errorf("role %s has the right %s, which there is not", r, right)
			}
		}
	}
	for _, right := range hedui.Rights() {
		if !slices.ContainsFunc(hedui.OfficerRoles(), func(r hedui.OfficerRole) bool { return slices.Contains(rights.Roles[r], right) }) {
			t.Errorf("nobody has the right %s", right)
		}
	}
	admins := []hedui.OfficerRole{hedui.SystemAdminRole, hedui.SecurityAdminRole, hedui.AuditAdminRole}
	for _, a := range admins {
		for _, forbidden := range []hedui.Right{hedui.ReadCases, hedui.OpenCases, hedui.VerifyCases, hedui.SealReports, hedui.PrintReports} {
			if slices.Contains(rights.Roles[a], forbidden) {
				t.Errorf("administrator %s has the right %s on cases", a, forbidden)
			}
		}
	}
	if early, err := hedui.RoleTableOn(day.Must("2010-01-01")); err != nil || len(early.Roles) != 0 {
		t.Errorf("a table holds before the first: %v %v", early, err)
	}
}

// Any two roles, all against all: T marks those that one officer may hold together.
func TestRolesThatGoTogether(t *testing.T) {
	rights := table(t)
	var got strings.Builder
	for _, a := range hedui.OfficerRoles() {
		for _, b := range hedui.OfficerRoles() {
			mark := "."
			if a != b && len(rights.Check("roles", []hedui.OfficerRole{a, b})) == 0 {
				mark = "T"
			}
			got.WriteString(mark)
		}
		fmt.Fprintf(&got, " %s\n", a)
	}
	want := `.T....T....... clerk
T.....T....... commissioner
...T..T....... receiver
..T...T....... verifier
......T....... reviewer
......T....... signer
TTTTTT.T...... manager
......T....... hub_operator
.............. liaison
.............. statistician
.............. inspector
.............. system_admin
.............. security_admin
.............. audit_admin
`
	if got.String() != want {
		t.Errorf("got\n%swant\n%s", got.String(), want)
	}
	for _, c := range []struct {
		list []hedui.OfficerRole
		want string
	}{
		{nil, "[]"},
		{[]hedui.OfficerRole{"boss"}, "[problem.role.unknown]"},
		{[]hedui.OfficerRole{"clerk", "clerk"}, "[problem.role.unknown]"},
		{[]hedui.OfficerRole{"verifier", "reviewer", "signer"}, "[problem.role.apart problem.role.apart problem.role.apart]"}, // all at once
	} {
		keys := []string{}
		for _, p := range rights.Check("roles", c.list) {
			keys = append(keys, p.Say.Key)
		}
		if fmt.Sprint(keys) != c.want {
			t.Errorf("%v: got %v, want %s", c.list, keys, c.want)
		}
	}
}

// The page for people says what the data say.
func TestThePageOfRightsIsTheTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/rights.md")
	if err != nil {
		t.Fatal(err)
	}
	rights := table(t)
	for _, r := range hedui.OfficerRoles() {
		words := make([]string, len(rights.Roles[r]))
		for i, right := range rights.Roles[r] {
			words[i] = "`" + string(right) + "`"
		}
		row := fmt.Sprintf("| `%s` | %s |", r, strings.Join(words, " "))
		if !slices.ContainsFunc(strings.Split(string(page), "\n"), func(line string) bool { return strings.HasPrefix(line, row) }) {
			t.Errorf("docs/rights.md has no line that begins with\n%s", row)
		}
	}
}

// Who is in office on a day acts with the rights of that day's roles.
func TestWhoIsInOffice(t *testing.T) {
	m := hedui.StaffMember{ID: "zhang", Name: "张", Office: "中心", Division: "330203", State: hedui.OfficerActive,
		Roles: []hedui.OfficerRole{hedui.ReviewerRole}, From: day.Must("2026-01-01"), Until: day.Must("2026-12-31")}
	for on, want := range map[string]bool{"2025-12-31": false, "2026-01-01": true, "2026-12-31": true, "2027-01-01": false} {
		if o, err := m.Officer(day.Must(on)); (err == nil) != want || want && !slices.Equal(o.Rights, []hedui.Right{hedui.ReviewReports, hedui.ReadCases}) {
			t.Errorf("%s: got %v %v, want in office %v", on, o.Rights, err, want)
		}
	}
	for _, state := range []hedui.OfficerState{hedui.OfficerLocked, hedui.OfficerEnded, ""} {
		m.State = state
		if _, err := m.Officer(roleDay); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("state %q: got %v, want forbidden", state, err)
		}
	}
}

// An officer for one programme has no right on cases of another.
func TestProgrammesNarrowRights(t *testing.T) {
	o := hedui.Officer{ID: "a", Division: "330200", Rights: []hedui.Right{hedui.ReadCases}, Programmes: []hedui.Programme{hedui.Housing}}
	for programme, want := range map[hedui.Programme]bool{hedui.Housing: true, hedui.Dibao: false} {
		err := o.MayOn(hedui.ReadCases, &hedui.Case{Division: "330203", Programme: programme})
		if (err == nil) != want || err != nil && hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("%s: got %v, want allowed %v", programme, err, want)
		}
	}
}

// An id that stands for somebody else in the log is no officer's.
func TestIDsOfOfficers(t *testing.T) {
	for id, want := range map[string]bool{"zhang": true, "z-1": true, "z": false, "Zhang": false, "": false, strings.Repeat("z", 41): false,
		"system": false, hedui.CitizenID: false, hedui.PortalID: false, hedui.NobodyID: false} {
		problems, err := hedui.StaffMember{ID: id, Name: "张", Division: "330203"}.Check(roleDay)
		if err != nil || (len(problems) == 0) != want {
			t.Errorf("%q: got %v %v, want good %v", id, problems, err, want)
		}
	}
}
