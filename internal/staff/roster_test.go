package staff

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

var rosterDay = time.Date(2026, 11, 23, 10, 0, 0, 0, day.Beijing)

// open seeds a roster with the three administrators and a clerk.
func openRoster(t *testing.T, db *store.DB) *Roster {
	t.Helper()
	r := &Roster{DB: db, Now: func() time.Time { return rosterDay }}
	var first []hedui.Officer
	for id, role := range map[string]hedui.OfficerRole{"sys": hedui.SystemAdminRole, "sec": hedui.SecurityAdminRole, "aud": hedui.AuditAdminRole, "clerk": hedui.ClerkRole} {
		first = append(first, hedui.Officer{ID: id, Name: id, Office: "中心", Division: "330200", Roles: []hedui.OfficerRole{role}})
	}
	if taken, err := r.Seed(t.Context(), first); err != nil || !taken {
		t.Fatalf("seed: %v %v", taken, err)
	}
	return r
}

func (r *Roster) as(t *testing.T, id string) hedui.Officer {
	t.Helper()
	o, err := r.Officer(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func member(id string) hedui.StaffMember {
	return hedui.StaffMember{ID: id, Name: "某人", Office: "中心", Division: "330203"}
}

// It takes two to make an officer, and what is given counts at once.
func TestTwoMakeAnOfficer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := openRoster(t, db)
		ctx := t.Context()
		sys, sec := r.as(t, "sys"), r.as(t, "sec")
		if taken, err := r.Seed(ctx, []hedui.Officer{sys}); taken || err != nil {
			t.Errorf("a roster that is not empty was seeded: %v %v", taken, err)
		}
		m := member("zhang")
		m.Roles = []hedui.OfficerRole{hedui.SignerRole} // is not listened to
		if err := r.Add(ctx, sys, m, storetest.ID(t, day.Must("1980-01-01"), 1)); err != nil {
			t.Fatal(err)
		}
		if o := r.as(t, "zhang"); len(o.Rights) > 0 {
			t.Errorf("a new officer has the rights %v", o.Rights)
		}
		if err := r.Grant(ctx, sec, "zhang", Grant{Roles: []hedui.OfficerRole{hedui.ReviewerRole}, Programmes: []hedui.Programme{hedui.Housing}}); err != nil {
			t.Fatal(err)
		}
		if o := r.as(t, "zhang"); !slices.Equal(o.Rights, []hedui.Right{hedui.ReviewReports, hedui.ReadCases}) || !slices.Equal(o.Programmes, []hedui.Programme{hedui.Housing}) {
			t.Errorf("got %v %v", o.Rights, o.Programmes)
		}
		if err := r.Lock(ctx, sec, "zhang"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Officer(ctx, "zhang"); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("a locked officer: got %v, want forbidden", err)
		}
		for _, c := range []struct {
			name string
			do   func() error
			want hedui.Kind
		}{
			{"locked twice", func() error { return r.Lock(ctx, sys, "zhang") }, hedui.Conflict},
			{"unlock", func() error { return r.Unlock(ctx, sys, "zhang") }, ""},
			{"end", func() error { return r.End(ctx, sys, "zhang") }, ""},
			{"unlock who has ended", func() error { return r.Unlock(ctx, sys, "zhang") }, hedui.Conflict},
			{"the id again", func() error { return r.Add(ctx, sys, member("zhang"), idcard.Number{}) }, hedui.Conflict},
			{"an office that is not there", func() error { n := member("li"); n.Office = "无"; return r.Add(ctx, sys, n, idcard.Number{}) }, hedui.Invalid},
			{"a bad id", func() error { return r.Add(ctx, sys, member("L i"), idcard.Number{}) }, hedui.Invalid},
			{"roles that do not go together", func() error {
				return r.Grant(ctx, sec, "clerk", Grant{Roles: []hedui.OfficerRole{hedui.ClerkRole, hedui.SignerRole}})
			}, hedui.Invalid},
			{"a liaison without a source", func() error { return r.Grant(ctx, sec, "clerk", Grant{Roles: []hedui.OfficerRole{hedui.LiaisonRole}}) }, hedui.Invalid},
			{"nobody", func() error { return r.Grant(ctx, sec, "nobody", Grant{}) }, hedui.NotFound},
			{"oneself", func() error { return r.Grant(ctx, sec, "sec", Grant{}) }, hedui.Forbidden},
			{"the last of them", func() error { return r.End(ctx, sys, "sec") }, hedui.Conflict},
			{"an office twice", func() error {
				return r.AddOffice(ctx, sys, store.Office{Name: "中心", Kind: hedui.CentreOffice, Division: "330203"})
			}, hedui.Conflict},
			{"an office of no kind", func() error {
				return r.AddOffice(ctx, sys, store.Office{Name: "某局", Kind: "x", Division: "330203"})
			}, hedui.Invalid},
			{"another place", func() error { n := member("wu"); n.Division = "330100"; return r.Add(ctx, sys, n, idcard.Number{}) }, hedui.Forbidden},
		} {
			if err := c.do(); c.want == "" && err != nil || c.want != "" && hedui.KindOf(err) != c.want {
				t.Errorf("%s: got %v, want %q", c.name, err, c.want)
			}
		}
		if got, want := history(t, db, "zhang"), "officer.add, officer.grant reviewer, officer.lock, officer.unlock, officer.end"; got != want {
			t.Errorf("the log says\n%s, want\n%s", got, want)
		}
	})
}

// Of the acts on the roster each is for one administrator, and nobody else may.
func TestNoAdministratorDoesAnothersWork(t *testing.T) {
	o, next := storetest.Engines()[0].Fresh(t), seal.NewKey()
	o.Find = func(string) (seal.Key, error) { return next, nil }
	r := openRoster(t, storetest.Open(t, o))
	ctx := t.Context()
	keys := &Keys{DB: r.DB, Now: r.Now, Next: func(context.Context, []store.MasterKey) (string, bool, error) {
		id, err := next.ID()
		return id, false, err
	}}
	for name, act := range map[string]struct {
		do  func(by hedui.Officer) error
		who string
	}{
		"add": {func(by hedui.Officer) error { return r.Add(ctx, by, member("new-"+by.ID), idcard.Number{}) }, "sys"},
		"add office": {func(by hedui.Officer) error {
			return r.AddOffice(ctx, by, store.Office{Name: "局" + by.ID, Kind: hedui.CentreOffice, Division: "330203"})
		}, "sys"},
		"grant": {func(by hedui.Officer) error {
			return r.Grant(ctx, by, "clerk", Grant{Roles: []hedui.OfficerRole{hedui.ClerkRole}})
		}, "sec"},
		"declare": {func(by hedui.Officer) error {
			return r.Declare(ctx, by, "clerk", storetest.ID(t, day.Must("1980-01-01"), 1), hedui.KinTie)
		}, "sec clerk"},
		"retract": {func(by hedui.Officer) error {
			return r.Retract(ctx, by, "clerk", storetest.ID(t, day.Must("1980-01-01"), 1))
		}, "sec"},
		"list":      {func(by hedui.Officer) error { _, _, err := r.List(ctx, by); return err }, "sys sec aud"},
		"list keys": {func(by hedui.Officer) error { _, _, err := keys.List(ctx, by); return err }, "sys sec aud"},
		"rotate":    {func(by hedui.Officer) error { _, err := keys.RotateMaster(ctx, by, func(int, int) {}); return err }, "sec"},
		"renew":     {func(by hedui.Officer) error { _, err := keys.RotateNode(ctx, by, func(int, int) {}); return err }, "sec"},
		"lock":      {func(by hedui.Officer) error { return r.Lock(ctx, by, "clerk") }, "sys sec"},
	} {
		for _, id := range []string{"sys", "sec", "aud", "clerk"} {
			if name == "retract" || name == "lock" { // as before each try
				if err := r.DB.InTx(ctx, func(tx *store.Tx) error {
					m, err := tx.Officer(ctx, "clerk")
					m.State = hedui.OfficerActive
					if err == nil {
						err = tx.SaveOfficer(ctx, m)
					}
					if err == nil {
						err = tx.AddTie(ctx, "clerk", storetest.ID(t, day.Must("1980-01-01"), 1), hedui.KinTie, rosterDay)
					}
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			err := act.do(r.as(t, id))
			if may := slices.Contains(strings.Fields(act.who), id); may && err != nil || !may && hedui.KindOf(err) != hedui.Forbidden {
				t.Errorf("%s by %s: got %v, want allowed %v", name, id, err, may)
			}
		}
	}
}

func history(t *testing.T, db *store.DB, about string) string {
	t.Helper()
	var words []string
	err := db.Read(t.Context(), func(tx *store.Tx) error {
		list, err := tx.Entries(t.Context(), about)
		for _, e := range list {
			if e.Verb != audit.Refused {
				words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s", e.Verb, e.Detail)))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(words, ", ")
}
