package casework

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// told are the kinds of notice that somebody is told, each once, with how often. It is
// the same whether the cases are gone through or the log.
func (b *bench) told(t *testing.T, o hedui.Officer) string {
	t.Helper()
	n, err := b.Notices(t.Context(), o, NoticeFilter{})
	b.few = -1
	byLog, errLog := b.Notices(t.Context(), o, NoticeFilter{})
	b.few = 0
	if err := errors.Join(err, errLog); err != nil {
		t.Fatal(err)
	}
	marks := func(list []hedui.Notice) string {
		var all []string
		for _, one := range list {
			all = append(all, one.Mark().String())
		}
		return strings.Join(all, " ")
	}
	if marks(n.List) != marks(byLog.List) {
		t.Errorf("%s: by case\n%s\nby the log\n%s", o.ID, marks(n.List), marks(byLog.List))
	}
	counts := map[hedui.NoticeKind]int{}
	for _, one := range n.List {
		counts[one.Kind]++
	}
	var words []string
	for _, k := range hedui.NoticeKinds() {
		if counts[k] == 1 {
			words = append(words, string(k))
		} else if counts[k] > 1 {
			words = append(words, fmt.Sprint(string(k), "×", counts[k]))
		}
	}
	return strings.Join(words, " ")
}

// staffOf is an officer of each role, each of an office of his own.
func staffOf(t *testing.T) map[hedui.OfficerRole]hedui.Officer {
	t.Helper()
	all := map[hedui.OfficerRole]hedui.Officer{}
	for _, role := range hedui.OfficerRoles() {
		o := inRole(t, role)
		o.Roles, o.Office = []hedui.OfficerRole{role}, "某机构 "+string(role)
		all[role] = o
	}
	o := all[hedui.LiaisonRole]
	o.Sources = []string{"land", "housing", "housing_fund"}
	all[hedui.LiaisonRole] = o
	return all
}

// A case on its way, and who is told what after each step. Whoever adds a kind of
// notice says here whose it is.
func TestEachRoleIsToldOfItsOwnWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newListBench(t, db, time.Hour)
		gone := &atomic.Bool{}
		b.sources["business"].answer = company(gone)
		b.start(t)
		ctx, all := t.Context(), staffOf(t)
		clerk, civil, receiver, verifier := all[hedui.ClerkRole], all[hedui.CommissionerRole], all[hedui.ReceiverRole], all[hedui.VerifierRole]
		reviewer, signer, liaison := all[hedui.ReviewerRole], all[hedui.SignerRole], all[hedui.LiaisonRole]
		c, err := b.Register(ctx, clerk, "draft", form(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		id := c.ID
		act := func(o hedui.Officer, name, why string) func() error {
			return func() error { _, err := b.Take(ctx, o, id, name, why); return err }
		}
		inStore := func(f func(tx *store.Tx, at time.Time) error) func() error {
			return func() error {
				return db.InTx(ctx, func(tx *store.Tx) error { return f(tx, b.Now()) })
			}
		}
		for _, step := range []struct {
			name string
			do   func() error
			want string // role: what it is told
		}{
			{"commissioned", act(civil, "commission", ""), "receiver: to_accept"},
			{"returned", act(receiver, "return", "unsigned"), "clerk: returned; commissioner: returned"},
			{"commissioned again", act(civil, "commission", ""), "receiver: to_accept"},
			{"accepted, with four cells for people", func() error {
				err := act(receiver, "accept", "")()
				for _, name := range []string{"land", "housing", "housing_fund"} {
					b.listed(t, liaison, name, 2)
				}
				return err
			}, "clerk: accepted; verifier: deadline; liaison: query×3"},
			{"summarised", func() error {
				for b.told(t, verifier) != "deadline" { // it collects
					time.Sleep(10 * time.Millisecond)
				}
				return act(verifier, "finish", "")()
			}, "clerk: accepted explain; commissioner: explain; reviewer: to_review deadline; liaison: query×3"},
			{"sent back", act(reviewer, "send_back", "open"), "clerk: accepted explain; commissioner: explain; verifier: sent_back deadline; liaison: query×3"},
			{"summarised again", act(verifier, "finish", ""), "clerk: accepted explain; commissioner: explain; reviewer: to_review deadline; liaison: query×3"},
			{"reviewed", act(reviewer, "review", ""), "clerk: accepted explain; commissioner: explain; signer: to_sign deadline; liaison: query×3"},
			{"sealed", act(signer, "seal", ""), "clerk: explain; commissioner: explain to_take; liaison: query×3"},
			{"delivered", act(civil, "deliver", ""), "clerk: delivered explain; commissioner: explain; liaison: query×3"},
			{"objected", act(civil, "object", "income"), "clerk: delivered explain; commissioner: explain; verifier: objected; liaison: query×3"},
			{"asked again", func() error {
				if err := act(verifier, "ask_again", "objection")(); err != nil {
					return err
				}
				for _, name := range []string{"land", "housing", "housing_fund"} {
					b.listed(t, liaison, name, 4)
				}
				return nil
			}, "clerk: explain; commissioner: explain objection_answered; verifier: deadline; liaison: query×3"},
			{"to the second version", func() error {
				for _, do := range []func() error{act(verifier, "finish", ""), act(reviewer, "review", ""), act(signer, "seal", "")} {
					if err := do(); err != nil {
						return err
					}
				}
				return nil
			}, "clerk: explain; commissioner: explain supplement; liaison: query×3"},
			{"a late answer", inStore(func(tx *store.Tx, at time.Time) error {
				c, err := tx.Case(ctx, id)
				if err != nil {
					return err
				}
				return errors.Join(b.summarise(ctx, tx, c, at, hedui.Say("step.late_answer")), tx.SaveCase(ctx, c))
			}), "clerk: explain; commissioner: explain; verifier: late_answer; reviewer: to_review deadline; liaison: query×3"},
			{"letters are overdue", inStore(func(tx *store.Tx, at time.Time) error {
				items, err := tx.Items(ctx, store.ItemFilter{Sources: []string{"housing", "housing_fund"}})
				for i := range items {
					items[i].State, items[i].Letter, items[i].DueAt = hedui.ItemLettered, "X330200202600001", at.Add(-time.Hour)
				}
				if err != nil {
					return err
				}
				return tx.SaveItems(ctx, items)
			}), "clerk: explain; commissioner: explain; verifier: late_answer letter_overdue; reviewer: to_review deadline; liaison: letter_overdue query"},
			{"a source fails, a record is disputed, a citizen and a node ask, an erasure is proposed, a detector has noticed", inStore(func(tx *store.Tx, at time.Time) error {
				if _, err := tx.RaiseAlert(ctx, hedui.Alert{Source: "land", Kind: hedui.AlertDown, Since: at, Last: at}); err != nil {
					return err
				}
				if _, err := tx.AddConcerns(ctx, []hedui.Concern{{ID: "c1", Detector: hedui.DetectRefused, Officer: "clerk", On: day.Of(at), Count: 5, Weight: hedui.MediumConcern, RaisedAt: at},
					{ID: "c2", Detector: hedui.DetectVolume, Officer: "audit_admin", On: day.Of(at), Count: 5, Weight: hedui.MediumConcern, RaisedAt: at}}); err != nil {
					return err
				}
				if err := tx.SaveEnrolment(ctx, store.Enrolment{Name: "zhenhai", State: store.Asked, ExpiresAt: at.Add(time.Hour), ChangedAt: at}); err != nil {
					return err
				}
				if err := tx.SaveRequest(ctx, hedui.Request{Number: "Q1", Case: id, Person: 1, Kind: hedui.CopyRequest, State: hedui.RequestOpen, AskedAt: at, DueAt: at.AddDate(0, 0, 15)}); err != nil {
					return err
				}
				if err := tx.SaveErasure(ctx, hedui.Erasure{Case: id, State: hedui.ErasureProposed, Proposed: hedui.Hand{ID: verifier.ID, Office: verifier.Office, At: at}}, at); err != nil {
					return err
				}
				return tx.AddCorrections(ctx, []hedui.Correction{{Number: "G1", Case: id, Category: "land", Record: hedui.RecordRef{Source: "land", Department: "某局"}, State: hedui.CorrectionAsked, AskedAt: at}})
			}), "clerk: explain; commissioner: explain request; verifier: late_answer letter_overdue; reviewer: to_review deadline; manager: alert erasure; " +
				"hub_operator: alert node; liaison: letter_overdue query correction; inspector: concern; system_admin: alert node; security_admin: alert; audit_admin: concern"},
		} {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			var got []string
			for _, role := range hedui.OfficerRoles() {
				if words := b.told(t, all[role]); words != "" {
					got = append(got, string(role)+": "+words)
				}
				if n, _, err := b.CountNotices(ctx, all[role]); err != nil || (n == 0) != (b.told(t, all[role]) == "") {
					t.Errorf("%s: %s: %d are new: %v", step.name, role, n, err)
				}
			}
			if g := strings.Join(got, "; "); g != step.want {
				t.Errorf("%s:\ngot  %s\nwant %s", step.name, g, step.want)
			}
		}
		other := reviewer // who was not the one to send the case back, long before it was summarised anew
		other.ID = "other-reviewer"
		if got := b.told(t, other); got != "to_review deadline" {
			t.Errorf("another reviewer is told %s", got)
		}
		own := all[hedui.ManagerRole]
		if own.ID = verifier.ID; b.told(t, own) != "alert" {
			t.Errorf("who has proposed an erasure is told %s", b.told(t, own))
		}
		n, err := b.Notices(ctx, all[hedui.AuditAdminRole], NoticeFilter{})
		if err != nil || len(n.List) != 1 || n.List[0].Count != 1 {
			t.Errorf("a concern about oneself is told: %+v %v", n.List, err)
		}
	})
}

// handed is a case that was returned to its clerk, and what the clerk is told.
func (b *bench) handed(t *testing.T, n int, all map[hedui.OfficerRole]hedui.Officer) string {
	t.Helper()
	c, err := b.Register(t.Context(), all[hedui.ClerkRole], fmt.Sprint("draft", n), form(t, n))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commission(t.Context(), all[hedui.CommissionerRole], c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Return(t.Context(), all[hedui.ReceiverRole], c.ID, hedui.Say("step.return.unsigned")); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// What a notice says: what, when, by whom and why, with what a list of cases shows; and
// nobody is told what they have done themselves.
func TestANoticeSaysWhatAListWould(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, all := newBench(t, db, time.Hour), staffOf(t)
		b.roster(t, all[hedui.ReceiverRole])
		id := b.handed(t, 1, all)
		n, err := b.Notices(t.Context(), all[hedui.ClerkRole], NoticeFilter{})
		if err != nil || len(n.List) != 1 {
			t.Fatalf("%+v %v", n, err)
		}
		got := n.List[0]
		if got.Kind != hedui.NoticeReturned || got.Case != id || got.By != "receiver" || got.Name != "receiver" || got.Why != "step.return.unsigned" || got.Number == "" ||
			got.Applicant != "某*" || got.Programme != hedui.Dibao || !got.New || time.Since(got.At) > time.Hour {
			t.Errorf("got %+v", got)
		}
		both := all[hedui.ReceiverRole] // on another day the same person is the clerk
		both.Roles, both.Rights = append(both.Roles, hedui.CommissionerRole), append(both.Rights, hedui.CommissionCases)
		if words := b.told(t, both); words != "" {
			t.Errorf("told of the own act: %s", words)
		}
	})
}

// Nobody is told of a case that they may not read any more: the role is gone, the right
// has left the role, the case is of another place or programme, the officer has
// a connection with the household, or the case is erased.
func TestRightsAtTheMomentOfReadingDecide(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, all := newBench(t, db, time.Hour), staffOf(t)
		clerk, civil := all[hedui.ClerkRole], all[hedui.CommissionerRole]
		id := b.handed(t, 1, all)
		for _, c := range []struct {
			name   string
			change func(o *hedui.Officer)
			want   string
		}{
			{"as before", func(*hedui.Officer) {}, "returned"},
			{"the role is gone", func(o *hedui.Officer) { o.Roles = []hedui.OfficerRole{hedui.StatisticianRole} }, ""},
			{"the right is gone", func(o *hedui.Officer) { o.Rights = []hedui.Right{hedui.ReadStatistics} }, ""},
			{"another place", func(o *hedui.Officer) { o.Division = "330100" }, ""},
			{"another county", func(o *hedui.Officer) { o.Division = "330212" }, ""},
			{"another programme", func(o *hedui.Officer) { o.Programmes = []hedui.Programme{hedui.Temporary} }, ""},
			{"the programme", func(o *hedui.Officer) { o.Programmes = []hedui.Programme{hedui.Temporary, hedui.Dibao} }, "returned"},
		} {
			for _, o := range []hedui.Officer{clerk, civil} {
				c.change(&o)
				if got := b.told(t, o); got != c.want {
					t.Errorf("%s, %s: told %q, want %q", c.name, o.ID, got, c.want)
				}
				if n, _, err := b.CountNotices(t.Context(), o); err != nil || n != len(strings.Fields(c.want)) {
					t.Errorf("%s, %s: %d are counted: %v", c.name, o.ID, n, err)
				}
			}
		}
		another := clerk
		another.ID = "another-clerk"
		reading := civil
		reading.Rights = slices.DeleteFunc(slices.Clone(civil.Rights), func(r hedui.Right) bool { return r == hedui.ReadCases })
		for name, o := range map[string]hedui.Officer{"another clerk": another, "a commissioner who reads no cases": reading} {
			if got := b.told(t, o); got != "" {
				t.Errorf("%s is told %s", name, got)
			}
		}
		c, err := b.OwnCase(t.Context(), clerk, id)
		if err != nil {
			t.Fatal(err)
		}
		b.roster(t, civil)
		b.tie(t, civil.ID, c, 1, hedui.KinTie)
		if got := b.told(t, civil); got != "" {
			t.Errorf("a relative is told %s", got)
		}
		if err := db.InTx(t.Context(), func(tx *store.Tx) error { _, err := tx.EraseCase(t.Context(), id); return err }); err != nil {
			t.Fatal(err)
		}
		if got := b.told(t, clerk); got != "" {
			t.Errorf("told of an erased case: %s", got)
		}
	})
}

// What was seen is not new any more, what comes later is; the list stays, page by page,
// each notice once, also where many share one instant.
func TestSeenAndPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		now := time.Now()
		b := benchWith(t, db, time.Hour, func() time.Time { return now }, nil)
		all := staffOf(t)
		clerk, ctx := all[hedui.ClerkRole], t.Context()
		id := b.handed(t, 1, all)
		const many = 130
		err := db.InTx(ctx, func(tx *store.Tx) error {
			for i := range many {
				c := storetest.Case(t, i+10)
				c.Stage, c.Steps[0].Officer, c.DueAt, c.Consents[0].Until = hedui.Collecting, clerk.ID, now.Add(2*time.Hour), now.AddDate(0, 0, 5) // all end together
				if err := tx.CreateCase(ctx, c); err != nil {
					return err
				}
				if i%3 == 0 {
					if err := tx.Record(ctx, audit.New(now, "receiver", "", audit.Accepted, c.ID, "")); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.CountCases(ctx); err != nil {
			t.Fatal(err)
		}
		count := func() int {
			n, told, err := b.CountNotices(ctx, clerk)
			if err != nil || !told {
				t.Fatal(err)
			}
			return n
		}
		if got := count(); got != NoticesCounted+1 {
			t.Errorf("%d are new, want 100 and no more", got)
		}
		seen := map[hedui.NoticeMark]bool{}
		f, last := NoticeFilter{}, hedui.NoticeMark{}
		kinds := map[hedui.NoticeKind]int{}
		for {
			n, err := b.Notices(ctx, clerk, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range n.List {
				m := one.Mark()
				if seen[m] || !last.At.IsZero() && last.Compare(m) >= 0 {
					t.Fatalf("%v comes twice, or after %v", m, last)
				}
				seen[m], last = true, m
				kinds[one.Kind]++
			}
			if n.More.At.IsZero() {
				break
			}
			if f.Before, err = hedui.ParseNoticeMark(n.More.String()); err != nil {
				t.Fatal(err)
			}
		}
		if kinds[hedui.NoticeReturned] != 1 || kinds[hedui.NoticeAccepted] != (many+2)/3 || kinds[hedui.NoticeConsent] != many {
			t.Errorf("the pages hold %v", kinds)
		}
		n, err := b.Notices(ctx, clerk, NoticeFilter{Kind: hedui.NoticeReturned})
		if err != nil || len(n.List) != 1 || n.List[0].Case != id || !slices.Contains(n.Kinds, hedui.NoticeAccepted) {
			t.Errorf("of one kind: %+v %v", n, err)
		}
		if err := b.SeeNotices(ctx, clerk, n.AsOf); err != nil {
			t.Fatal(err)
		}
		if got := count(); got != 0 {
			t.Errorf("%d are new after all were seen", got)
		}
		if err := b.SeeNotices(ctx, clerk, n.AsOf.AddDate(0, 0, -9)); err != nil || count() != 0 {
			t.Errorf("what was seen is new again: %v", err)
		}
		if err := b.SeeNotices(ctx, clerk, n.AsOf.AddDate(9, 0, 0)); err != nil { // no further than now
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
		b.handed(t, 2, all)
		if got := count(); got != 1 {
			t.Errorf("%d are new, want the one that came later", got)
		}
		if n, err = b.Notices(ctx, clerk, NoticeFilter{Kind: hedui.NoticeReturned}); err != nil || len(n.List) != 2 || !n.List[0].New || n.List[1].New {
			t.Errorf("the newer one is new, the other is not: %+v %v", n.List, err)
		}
		now = now.AddDate(0, 0, n.Kept).Add(-time.Second)
		if n, err = b.Notices(ctx, clerk, NoticeFilter{Kind: hedui.NoticeReturned}); err != nil || len(n.List) != 1 {
			t.Errorf("after %d days: %+v %v", n.Kept, n.List, err)
		}
	})
}
