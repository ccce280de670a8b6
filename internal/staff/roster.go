package staff

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// A Roster is who works here, in which office and roles. It takes two to make an
// officer: the system administrator registers him, without any role, and the
// security administrator gives the roles. Nobody changes himself, and every change
// is recorded. What an officer may do is read anew for each thing he does.
type Roster struct {
	DB  *store.DB
	Now func() time.Time
}

// Officer is who acts under an id today, or a Forbidden error if nobody does.
func (r *Roster) Officer(ctx context.Context, id string) (hedui.Officer, error) {
	var m hedui.StaffMember
	err := r.DB.Read(ctx, func(tx *store.Tx) (err error) {
		m, err = tx.Officer(ctx, id)
		return err
	})
	if hedui.KindOf(err) == hedui.NotFound {
		return hedui.Officer{}, hedui.Fail(hedui.Forbidden, hedui.Say("error.officer", id), nil)
	}
	if err != nil {
		return hedui.Officer{}, err
	}
	return m.Officer(day.Of(r.Now()))
}

// Seed takes officers into an empty roster, with their offices, and reports whether
// it did. Into any other it takes nobody: what is changed there is changed by its
// administrators.
func (r *Roster) Seed(ctx context.Context, officers []hedui.Officer) (taken bool, err error) {
	at := r.Now()
	err = r.DB.InTx(ctx, func(tx *store.Tx) error {
		list, err := tx.Officers(ctx)
		if taken = err == nil && len(list) == 0 && len(officers) > 0; !taken {
			return err
		}
		for _, o := range officers {
			m := hedui.StaffMember{ID: o.ID, Name: o.Name, Office: o.Office, Division: o.Division, State: hedui.OfficerActive,
				Roles: o.Roles, Programmes: o.Programmes, Sources: o.Sources, From: day.Of(at)}
			if _, err := tx.AddOffice(ctx, store.Office{Name: m.Office, Kind: kindOf(m.Roles), Division: m.Division, Since: at}); err != nil {
				return err
			}
			if err := tx.SaveOfficer(ctx, m); err != nil {
				return err
			}
			if err := tx.Record(ctx, audit.New(at, hedui.System.ID, m.Office, audit.OfficerSeeded, m.ID, words(m.Roles, " "))); err != nil {
				return err
			}
		}
		return nil
	})
	return taken, err
}

// kindOf is the kind of an office whose first known officer has the roles.
func kindOf(roles []hedui.OfficerRole) hedui.OfficeKind {
	kinds := map[hedui.OfficerRole]hedui.OfficeKind{hedui.ClerkRole: hedui.TownshipOffice, hedui.CommissionerRole: hedui.CommissioningOffice,
		hedui.LiaisonRole: hedui.DepartmentOffice, hedui.InspectorRole: hedui.InspectionOffice}
	if len(roles) > 0 && kinds[roles[0]] != "" {
		return kinds[roles[0]]
	}
	return hedui.CentreOffice
}

// words writes codes in a row.
func words[T ~string](codes []T, between string) string {
	list := make([]string, len(codes))
	for i, c := range codes {
		list[i] = string(c)
	}
	return strings.Join(list, between)
}

// List is the roster, for those who look after it and those who watch them.
func (r *Roster) List(ctx context.Context, by hedui.Officer) (officers []hedui.StaffMember, offices []store.Office, err error) {
	if err := anyOf(by, hedui.KeepOfficers, hedui.GrantRoles, hedui.ReadIncidents); err != nil {
		return nil, nil, r.refused(ctx, by, "", audit.RosterRead, err)
	}
	err = r.DB.InTx(ctx, func(tx *store.Tx) (err error) {
		if officers, err = tx.Officers(ctx); err == nil {
			offices, err = tx.Offices(ctx)
		}
		officers = slices.DeleteFunc(officers, func(m hedui.StaffMember) bool { return !hedui.Covers(by.Division, m.Division) })
		if err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(r.Now(), by.ID, by.Office, audit.RosterRead, "", ""))
	})
	return officers, offices, err
}

func anyOf(o hedui.Officer, rights ...hedui.Right) (err error) {
	for _, right := range rights {
		if err = o.May(right, o.Division); err == nil {
			return nil
		}
	}
	return err
}

// AddOffice registers an office.
func (r *Roster) AddOffice(ctx context.Context, by hedui.Officer, o store.Office) error {
	if err := by.May(hedui.KeepOfficers, o.Division); err != nil {
		return r.refused(ctx, by, "", audit.OfficeAdded, err)
	}
	var problems []hedui.Problem
	if strings.TrimSpace(o.Name) == "" {
		problems = append(problems, hedui.Problem{Field: "name", Say: hedui.Say("problem.empty")})
	}
	if !slices.Contains(hedui.OfficeKinds(), o.Kind) {
		problems = append(problems, hedui.Problem{Field: "kind", Say: hedui.Say("problem.choice", words(hedui.OfficeKinds(), ", "))})
	}
	if err := hedui.Problems(problems); err != nil {
		return err
	}
	o.Since = r.Now()
	return r.DB.InTx(ctx, func(tx *store.Tx) error {
		added, err := tx.AddOffice(ctx, o)
		if err != nil {
			return err
		}
		if !added {
			return hedui.Fail(hedui.Conflict, hedui.Say("error.office.exists", o.Name), nil)
		}
		return tx.Record(ctx, audit.New(o.Since, by.ID, o.Name, audit.OfficeAdded, "", string(o.Kind)))
	})
}

// Add registers an officer of a registered office, without roles. The own identity
// number, where it is given, makes the officer and his colleagues stand aside from
// his household's cases.
func (r *Roster) Add(ctx context.Context, by hedui.Officer, m hedui.StaffMember, own idcard.Number) error {
	if err := by.May(hedui.KeepOfficers, m.Division); err != nil {
		return r.refused(ctx, by, m.ID, audit.OfficerAdded, err)
	}
	at := r.Now()
	m.Rev, m.State, m.Roles, m.Programmes, m.Sources = 0, hedui.OfficerActive, nil, nil, nil
	if m.From.IsZero() {
		m.From = day.Of(at)
	}
	problems, err := m.Check(day.Of(at))
	if err != nil {
		return err
	}
	return r.DB.InTx(ctx, func(tx *store.Tx) error {
		offices, err := tx.Offices(ctx)
		if err != nil {
			return err
		}
		problems := slices.Clone(problems)
		if !slices.ContainsFunc(offices, func(o store.Office) bool { return o.Name == m.Office }) {
			problems = append(problems, hedui.Problem{Field: "office", Say: hedui.Say("problem.office.unknown")})
		}
		if err := hedui.Problems(problems); err != nil {
			return err
		}
		if err := tx.SaveOfficer(ctx, m); err != nil {
			return err
		}
		if !own.IsZero() {
			if err := tx.AddTie(ctx, m.ID, own, hedui.SelfTie, at); err != nil {
				return err
			}
		}
		return tx.Record(ctx, audit.New(at, by.ID, m.Office, audit.OfficerAdded, m.ID, ""))
	})
}

// A Grant is what a security administrator gives an officer: all of it, in place of
// what he had.
type Grant struct {
	Roles      []hedui.OfficerRole `json:"roles"`
	Programmes []hedui.Programme   `json:"programmes,omitempty"`
	Sources    []string            `json:"sources,omitempty"`
}

// Grant gives an officer other roles. They count from his next act on.
func (r *Roster) Grant(ctx context.Context, by hedui.Officer, id string, g Grant) error {
	return r.change(ctx, by, id, hedui.GrantRoles, audit.RolesGranted, func(m *hedui.StaffMember) (string, error) {
		m.Roles, m.Programmes, m.Sources = g.Roles, g.Programmes, g.Sources
		problems, err := m.Check(day.Of(r.Now()))
		if err == nil {
			err = hedui.Problems(problems)
		}
		return words(g.Roles, " "), err
	})
}

// Lock keeps an officer from acting until he is unlocked. Whoever keeps officers may,
// and whoever gives roles.
func (r *Roster) Lock(ctx context.Context, by hedui.Officer, id string) error {
	right := hedui.KeepOfficers
	if by.May(right, by.Division) != nil {
		right = hedui.GrantRoles
	}
	return r.move(ctx, by, id, right, audit.OfficerLocked, hedui.OfficerActive, hedui.OfficerLocked)
}

// Unlock lets a locked officer act again.
func (r *Roster) Unlock(ctx context.Context, by hedui.Officer, id string) error {
	return r.move(ctx, by, id, hedui.KeepOfficers, audit.OfficerUnlocked, hedui.OfficerLocked, hedui.OfficerActive)
}

// End takes an officer out of office for good. The id is never used again.
func (r *Roster) End(ctx context.Context, by hedui.Officer, id string) error {
	return r.move(ctx, by, id, hedui.KeepOfficers, audit.OfficerEnded, "", hedui.OfficerEnded)
}

func (r *Roster) move(ctx context.Context, by hedui.Officer, id string, right hedui.Right, verb audit.Verb, from, to hedui.OfficerState) error {
	return r.change(ctx, by, id, right, verb, func(m *hedui.StaffMember) (string, error) {
		if m.State == to || m.State == hedui.OfficerEnded || from != "" && m.State != from {
			return "", hedui.Fail(hedui.Conflict, hedui.Say("error.officer.state", id, string(m.State)), nil)
		}
		m.State = to
		return "", nil
	})
}

// change is one change of an officer: load, decide, save, record.
func (r *Roster) change(ctx context.Context, by hedui.Officer, id string, right hedui.Right, verb audit.Verb, decide func(*hedui.StaffMember) (string, error)) error {
	err := r.DB.InTx(ctx, func(tx *store.Tx) error {
		m, err := tx.Officer(ctx, id)
		if err != nil {
			if refused := by.May(right, by.Division); refused != nil {
				return refused // who may not change anybody learns nothing of who there is
			}
			return err
		}
		if err := by.May(right, m.Division); err != nil {
			return err
		}
		if by.ID == id {
			return hedui.Fail(hedui.Forbidden, hedui.Say("error.officer.self"), nil)
		}
		was := m
		detail, err := decide(&m)
		if err != nil {
			return err
		}
		if err := r.leavesOne(ctx, tx, was, m); err != nil {
			return err
		}
		if err := tx.SaveOfficer(ctx, m); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(r.Now(), by.ID, m.Office, verb, id, detail))
	})
	if err != nil {
		return r.refused(ctx, by, id, verb, err)
	}
	return nil
}

// leavesOne refuses a change after which nobody could register officers any more, or
// give roles: nobody could ever mend that.
func (r *Roster) leavesOne(ctx context.Context, tx *store.Tx, was, m hedui.StaffMember) error {
	today := day.Of(r.Now())
	for _, role := range []hedui.OfficerRole{hedui.SystemAdminRole, hedui.SecurityAdminRole} {
		holds := func(m hedui.StaffMember) bool {
			o, err := m.Officer(today)
			return err == nil && slices.Contains(o.Roles, role)
		}
		if !holds(was) || holds(m) {
			continue
		}
		list, err := tx.Officers(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(list, func(other hedui.StaffMember) bool { return other.ID != m.ID && holds(other) }) {
			return hedui.Fail(hedui.Conflict, hedui.Say("error.officer.last", string(role)), nil)
		}
	}
	return nil
}

// refused records an attempt without right.
func (r *Roster) refused(ctx context.Context, by hedui.Officer, id string, verb audit.Verb, cause error) error {
	if hedui.KindOf(cause) != hedui.Forbidden {
		return cause
	}
	err := r.DB.InTx(ctx, func(tx *store.Tx) error {
		return tx.Record(ctx, audit.New(r.Now(), by.ID, by.Office, audit.Refused, id, string(verb)))
	})
	return errors.Join(cause, err)
}
