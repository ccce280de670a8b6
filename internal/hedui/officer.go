package hedui

import (
	"fmt"
	"slices"
)

// A Right is something an officer may do. A citizen gives a consent, an officer
// has a right; the words are never mixed.
type Right string

// The rights of the main job.
const (
	OpenCases       Right = "open_cases"       // register, enter consents
	CommissionCases Right = "commission_cases" // send to the centre, take the report, object
	AcceptCases     Right = "accept_cases"     // accept or return at the centre
	VerifyCases     Right = "verify_cases"     // ask again, suspend, end, archive
	ReviewReports   Right = "review_reports"   // second person before the seal
	SealReports     Right = "seal_reports"
	ReadCases       Right = "read_cases" // grid, findings, report
	PrintReports    Right = "print_reports"
	HandCases       Right = "hand_cases"       // give cases to the node that takes over their division, and take them
	RunNode         Right = "run_node"         // admit, decline and shut out other nodes, change the node's keys
	ReadIncidents   Right = "read_incidents"   // what was refused of other nodes, and how the links stand
	ReadAudit       Right = "read_audit"       // who did what: the audit log and its entries
	AnswerQueries   Right = "answer_queries"   // answer for a department by hand, only for the sources the officer is named for
	ReadStatistics  Right = "read_statistics"  // counts over all cases of the division, never one case
	KeepOfficers    Right = "keep_officers"    // register, lock and end officers and offices, without any role
	GrantRoles      Right = "grant_roles"      // give and take roles, never one's own
	KeepKeys        Right = "keep_keys"        // change the keys under which the database lies
	IssueCodes      Right = "issue_codes"      // hand a person of an own case the code for the citizen's mirror
	ProposeErasure  Right = "propose_erasure"  // of a case before its term is over
	ConfirmErasure  Right = "confirm_erasure"  // or reject it, what another officer has proposed; erase what is due at once
	HoldCases       Right = "hold_cases"       // keep a case from being erased, and let it go again
	ReadConcerns    Right = "read_concerns"    // what the detectors have noticed about the looks of officers
	DisposeConcerns Right = "dispose_concerns" // say what was found out about it; never about oneself
	KeepTotals      Right = "keep_totals"      // enter how many applications and households the offices have, against which statistics are set
)

// Rights lists all rights.
func Rights() []Right {
	return []Right{OpenCases, CommissionCases, AcceptCases, VerifyCases, ReviewReports, SealReports, ReadCases, PrintReports, HandCases, RunNode, ReadIncidents, ReadAudit, AnswerQueries,
		ReadStatistics, KeepOfficers, GrantRoles, KeepKeys, IssueCodes, ProposeErasure, ConfirmErasure, HoldCases, ReadConcerns, DisposeConcerns, KeepTotals}
}

// An Officer 经办人 acts within a division: a county code for a county, a city
// code for all of its counties.
type Officer struct {
	ID         string
	Name       string
	Office     string
	Division   string
	Roles      []OfficerRole
	Rights     []Right     // of the roles today
	Programmes []Programme // for which the officer acts; none = all
	Sources    []string    // for which the officer answers queries
}

// May reports, as a Forbidden error, why the officer must not use the right in
// a division, or nil. City codes end in 00 and cover their counties.
func (o Officer) May(r Right, division string) error {
	if !slices.Contains(o.Rights, r) {
		return Fail(Forbidden, Say("error.right", string(r)), fmt.Errorf("officer %s has no right %s", o.ID, r))
	}
	if o.Division == "" || !Covers(o.Division, division) {
		return Fail(Forbidden, Say("error.division"), fmt.Errorf("officer %s of %s: case in %s", o.ID, o.Division, division))
	}
	return nil
}

// MayOn reports, as a Forbidden error, why the officer must not use the right on a
// case, or nil: as [Officer.May], and only for a programme of the officer's own.
func (o Officer) MayOn(r Right, c *Case) error {
	if err := o.May(r, c.Division); err != nil {
		return err
	}
	if len(o.Programmes) > 0 && !slices.Contains(o.Programmes, c.Programme) {
		return Fail(Forbidden, Say("error.programme", string(c.Programme)), fmt.Errorf("officer %s: case of programme %s", o.ID, c.Programme))
	}
	return nil
}

// System is who acts when a clock or an answer moves a case.
var System = Officer{ID: "system", Name: "系统", Division: "000000"}

// The ids that stand in audit entries and are no officer's.
const (
	CitizenID = "citizen" // the person whom a case is about
	PortalID  = "portal"  // another portal, on behalf of such a person
	NobodyID  = "nobody"  // a name at the sign-in that is nobody's
)

// taken reports whether an id can be no officer's.
func taken(id string) bool {
	return slices.Contains([]string{System.ID, CitizenID, PortalID, NobodyID}, id)
}
