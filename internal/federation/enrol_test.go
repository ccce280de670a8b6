package federation

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/region"
)

// newcomer is a node that wants to become a child, without anything but its keys.
func newcomer(t *testing.T, name, division string, level region.Kind) exchange.Identity {
	t.Helper()
	ring, err := OpenRing(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return ring.identity(name, division, level)
}

func TestWhoMayEnrol(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture"})
			invite := func(name string, life time.Duration) exchange.Code {
				t.Helper()
				return must(hub.Invite(t.Context(), boss, name, "330203", "county", life))
			}
			ask := func(me exchange.Identity, code exchange.Code) exchange.Reason {
				_, err := exchange.Enrol(t.Context(), hub.url(), me, code, time.Now())
				if err != nil && exchange.ReasonOf(err) == "" {
					t.Errorf("enrolment: %v", err)
				}
				return exchange.ReasonOf(err)
			}
			expect := func(what string, got, want exchange.Reason) {
				t.Helper()
				if got != want {
					t.Errorf("%s: %q, want %q", what, got, want)
				}
			}
			me := newcomer(t, "haishu", "330203", "county")
			expect("without any invitation", ask(me, exchange.NewCode()), "code")
			code, other := invite("haishu", time.Hour), invite("yinzhou", time.Hour)
			expect("a wrong code", ask(me, exchange.NewCode()), "code")
			expect("the code of another name", ask(me, other), "code")
			expect("another division than invited", ask(newcomer(t, "haishu", "330212", "county"), code), "division")
			expect("another level than invited", ask(newcomer(t, "haishu", "330203", "local"), code), "division")
			expect("the right code", ask(me, code), "pending")
			expect("the same again", ask(me, code), "pending")
			expect("the code used by other keys", ask(newcomer(t, "haishu", "330203", "county"), code), "code_used")

			if err := hub.Decide(t.Context(), boss, "haishu", false); err != nil {
				t.Fatal(err)
			}
			expect("declined", ask(me, code), "declined")
			if hub.Knows("haishu") {
				t.Error("a node that was declined is a peer")
			}
			if err := hub.Decide(t.Context(), boss, "haishu", true); hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("approved after it was declined: %v, want a conflict", err)
			}
			code = invite("haishu", time.Hour)
			expect("a new code after it was declined", ask(me, code), "pending")
			code = invite("haishu", time.Hour)
			expect("after a further invitation", ask(me, code), "pending")

			code = invite("beilun", time.Minute)
			late := newcomer(t, "beilun", "330203", "county")
			hub.ahead.Store(int64(2 * time.Minute))
			expect("an expired code", ask(late, code), "code")
			hub.ahead.Store(0)
			expect("before it expires", ask(late, code), "pending")
			hub.ahead.Store(int64(2 * time.Minute))
			if err := hub.Decide(t.Context(), boss, "beilun", true); hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("approved after the code had run out: %v, want a conflict, since the node could not finish", err)
			}
			hub.ahead.Store(0)

			clerkless := someone("nobody", hedui.ReadCases)
			if _, err := hub.Invite(t.Context(), clerkless, "x", "330203", "county", time.Hour); hedui.KindOf(err) != hedui.Forbidden {
				t.Errorf("invited without the right: %v", err)
			}
			if err := hub.Decide(t.Context(), clerkless, "haishu", true); hedui.KindOf(err) != hedui.Forbidden {
				t.Errorf("approved without the right: %v", err)
			}
			if err := hub.Revoke(t.Context(), clerkless, "haishu"); hedui.KindOf(err) != hedui.Forbidden {
				t.Errorf("revoked without the right: %v", err)
			}
			for _, reason := range []string{"code", "code_used", "division", "declined"} {
				hub.incident(t, "", reason)
			}
		})
	}
}

// A code that has run out leaves no secret behind.
func TestSecretsOfCodesEnd(t *testing.T) {
	t.Parallel()
	hub := build(t, storetest.Engines()[0], plot{name: "ningbo", division: "330200", level: "prefecture", byHand: true})
	must(hub.Invite(t.Context(), boss, "haishu", "330203", "county", time.Minute))
	secret := func() (kept bool) {
		err := hub.DB.Read(t.Context(), func(tx *store.Tx) error {
			list, err := tx.Enrolments(t.Context())
			kept = list[0].Secret != nil
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return kept
	}
	if !secret() {
		t.Fatal("the hub does not know its own code")
	}
	hub.ahead.Store(int64(2 * time.Minute))
	if err := hub.purge(t.Context()); err != nil || secret() {
		t.Errorf("after the code has run out: secret kept %v, %v", secret(), err)
	}
}

func TestAParentOfAnotherNameIsNotJoined(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture"})
	county := build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: hub})
	hub.stop()
	hub.p.name = "hangzhou"
	hub.open(t)
	code := must(hub.Invite(t.Context(), boss, "haishu", "330203", "county", time.Hour))
	if _, err := county.Join(t.Context(), boss, hub.url(), code); !errors.Is(err, exchange.ErrPending) {
		t.Fatal(err)
	}
	if err := hub.Decide(t.Context(), boss, "haishu", true); err != nil {
		t.Fatal(err)
	}
	if _, err := county.Join(t.Context(), boss, hub.url(), code); hedui.KindOf(err) != hedui.Conflict {
		t.Errorf("joined %v, want a conflict", err)
	}
	if county.Knows("hangzhou") || county.Knows("ningbo") {
		t.Error("the other node was pinned")
	}
}

// A peer that is shut out is out at once, on the connection that is open too.
func TestAPeerThatIsShutOutIsOutAtOnce(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := two(t, e, time.Minute)
			eventually(t, "the link is up", func() bool { return county.link(t, "ningbo").Up })
			hub.sources["hukou-330200"].setDown(true)
			id := county.accept(t, 1, "")
			eventually(t, "one question waits at the hub", func() bool { return hub.openOf(t, "haishu") == 1 })
			eventually(t, "everything is delivered", func() bool {
				return hub.waiting(t, "haishu")+county.waiting(t, "ningbo") == 0
			})
			if err := hub.Revoke(t.Context(), boss, "haishu"); err != nil {
				t.Fatal(err)
			}
			hub.sources["hukou-330200"].setDown(false) // its answer must not go out by the pull that is held open
			eventually(t, "the county knows that it is out", func() bool {
				l := county.link(t, "ningbo")
				return !l.Up && l.Reason == "unknown_peer"
			})
			hub.incident(t, "", "unknown_peer")
			eventually(t, "the hub has its answer", func() bool { return hub.openOf(t, "haishu") == 0 })
			time.Sleep(200 * time.Millisecond)
			if q := county.query(t, id, "hukou"); q.Settled() {
				t.Errorf("the county that is out got %s", q.Outcome)
			}
			s, err := hub.Status(t.Context(), boss)
			if err != nil || len(s.Peers) != 1 || !s.Peers[0].Revoked {
				t.Errorf("the hub shows %+v, %v", s.Peers, err)
			}

			join(t, hub, county) // invited anew it gets what waited
			county.answered(t, id)
		})
	}
}

func knock(remote string, at time.Time) exchange.Incident {
	return exchange.Incident{At: at, Remote: remote, Reason: exchange.ReasonCode}
}

// Whoever knocks, however often and from wherever, fills a few rows.
func TestStrangersFillAFewRows(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture"})
			stranger := newcomer(t, "mallory", "330203", "county")
			for range 20 {
				_, err := exchange.Enrol(t.Context(), hub.url(), stranger, exchange.NewCode(), time.Now())
				if exchange.ReasonOf(err) != exchange.ReasonCode {
					t.Fatal(err)
				}
			}
			if i := hub.incident(t, "", "code"); i.Remote != "127.0.0.1" || i.Key == "" {
				t.Errorf("the hub shows %+v, want the address without a port and the key", i)
			}
			at, n := time.Now(), 0
			for second := range 11 { // from ever new addresses
				for range 200 {
					n++
					hub.incidents.add(t.Context(), knock(fmt.Sprintf("[2001:db8::%x]:9", n), at.Add(time.Duration(second)*time.Second)))
				}
				if err := hub.incidents.save(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			var rows []store.Incident
			err := hub.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
				rows, err = tx.Incidents(t.Context(), 10000)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			counted, many := 0, 0
			for _, row := range rows {
				counted += row.Count
				if row.Reason == store.ManyIncidents {
					many += row.Count
				}
			}
			if len(rows) > 2*501 || counted != n+20 || many == 0 { // two days if midnight falls in between
				t.Errorf("%d rows, %d knocks counted, %d of them without an address; want at most 501 rows and %d knocks", len(rows), counted, many, n+20)
			}
		})
	}
}
