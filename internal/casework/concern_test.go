package casework

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// monday is a working day; tuesday is when the detectors look back at it.
var monday = day.Must("2026-11-23")

func clockOn(d day.Day, hour int) time.Time { return d.Start().Add(time.Duration(hour) * time.Hour) }

// noticed runs the detectors on the day after and names what they noticed.
func noticed(t *testing.T, b *bench, on day.Day, entries []audit.Entry) []string {
	t.Helper()
	if err := b.DB.InTx(t.Context(), func(tx *store.Tx) error { return tx.Record(t.Context(), entries...) }); err != nil {
		t.Fatal(err)
	}
	if err := b.watchDay(t.Context(), on, true); err != nil {
		t.Fatal(err)
	}
	var list []hedui.Concern
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
		list, err = tx.Concerns(t.Context(), store.ConcernFilter{})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range list {
		names = append(names, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", c.Detector, c.Officer, c.Count, c.Case)))
	}
	slices.Sort(names)
	return names
}

// Each kind of misuse raises its own concern, and what is just below it none.
func TestEachMisuseRaisesItsConcern(t *testing.T) {
	look := func(officer, office, id string, at time.Time) audit.Entry {
		return audit.New(at, officer, office, audit.ReadCase, id, "")
	}
	many := func(n int, one func(i int) audit.Entry) []audit.Entry {
		list := make([]audit.Entry, n)
		for i := range list {
			list[i] = one(i)
		}
		return list
	}
	worked := func(id, officer, office string) audit.Entry {
		return audit.New(clockOn(monday, 8), officer, office, audit.Accepted, id, "")
	}
	for name, c := range map[string]struct {
		entries []audit.Entry
		want    []string
	}{
		"an officer at work": {[]audit.Entry{worked("c1", "anna", "centre"), look("anna", "centre", "c1", clockOn(monday, 9)), look("boris", "centre", "c1", clockOn(monday, 10))}, nil},
		"a relative's case":  {[]audit.Entry{audit.New(clockOn(monday, 9), "anna", "centre", audit.Refused, "c1", "case.read aside")}, []string{"tied anna 1 c1"}},
		"a stranger's case":  {[]audit.Entry{worked("c1", "boris", "elsewhere"), look("anna", "centre", "c1", clockOn(monday, 9))}, []string{"outside anna 1 c1"}},
		"four refusals": {many(4, func(int) audit.Entry {
			return audit.New(clockOn(monday, 9), "anna", "centre", audit.Refused, "", "case.read")
		}), nil},
		"five refusals": {many(5, func(int) audit.Entry {
			return audit.New(clockOn(monday, 9), "anna", "centre", audit.Refused, "", "case.read")
		}), []string{"refused anna 5"}},
		"at night": {append(many(3, func(int) audit.Entry { return look("anna", "centre", "c1", clockOn(monday, 22)) }), worked("c1", "anna", "centre")),
			[]string{"off_hours anna 3"}},
		"twice at night": {append(many(2, func(int) audit.Entry { return look("anna", "centre", "c1", clockOn(monday, 22)) }), worked("c1", "anna", "centre")), nil},
		"searches":       {many(40, func(int) audit.Entry { return audit.New(clockOn(monday, 9), "anna", "centre", audit.Searched, "", "") }), []string{"searches anna 40"}},
		"prints over a week": {append(many(5, func(i int) audit.Entry {
			return audit.New(clockOn(monday.Add(-i), 9), "anna", "centre", audit.Printed, "c1", "")
		}), worked("c1", "anna", "centre")), []string{"prints anna 5 c1"}},
		"prints over two weeks": {append(many(5, func(i int) audit.Entry {
			return audit.New(clockOn(monday.Add(-2*i), 9), "anna", "centre", audit.Printed, "c1", "")
		}), worked("c1", "anna", "centre")), nil},
		"many cases": {append(many(60, func(i int) audit.Entry { return look("anna", "centre", fmt.Sprint("c", i), clockOn(monday, 9)) }),
			many(60, func(i int) audit.Entry { return worked(fmt.Sprint("c", i), "anna", "centre") })...), []string{"volume anna 60"}},
		"many cases where all look at many": {slices.Concat(many(60, func(i int) audit.Entry { return look("anna", "centre", fmt.Sprint("c", i), clockOn(monday, 9)) }),
			many(50, func(i int) audit.Entry { return look("boris", "centre", fmt.Sprint("c", i), clockOn(monday, 9)) }),
			many(60, func(i int) audit.Entry { return worked(fmt.Sprint("c", i), "anna", "centre") })), nil},
		"closed cases": {slices.Concat(many(5, func(i int) audit.Entry { return look("anna", "centre", fmt.Sprint("c", i), clockOn(monday, 11)) }),
			many(5, func(i int) audit.Entry {
				return audit.New(clockOn(monday, 9), "anna", "centre", audit.Archived, fmt.Sprint("c", i), "")
			})), []string{"closed anna 5"}},
		"looks of the system and of citizens": {many(99, func(i int) audit.Entry {
			return audit.New(clockOn(monday, 23), []string{hedui.System.ID, hedui.CitizenID}[i%2], "", audit.ReadCase, fmt.Sprint("c", i), "")
		}), nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
			for range 2 { // what is noticed is noted once
				if got := noticed(t, b, monday, c.entries); !slices.Equal(got, c.want) {
					t.Errorf("got  %v\nwant %v", got, c.want)
				}
				c.entries = nil
			}
		})
	}
}

// A whole case in hours, with all its looks, raises nothing.
func TestTheDayOfAnHonestOfficeRaisesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		at := b.at(t, clockOn(monday, 10))
		id := b.accepted(t, form(t, 1))
		for _, o := range []hedui.Officer{receiver, civil} {
			if _, err := b.Look(t.Context(), o, id); err != nil {
				t.Fatal(err)
			}
		}
		at.set(clockOn(monday, 24))
		if err := b.WatchOfficers(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := noticed(t, b, monday, nil); len(got) > 0 {
			t.Errorf("noticed: %v", got)
		}
		var last day.Day
		if err := db.Read(t.Context(), func(tx *store.Tx) (err error) { last, err = tx.LastConcernDay(t.Context()); return err }); err != nil || last.Before(monday) {
			t.Errorf("the last day that is done is %s, %v", last, err)
		}
	})
}

// Who may settle what, in which state, all against all.
func TestConcernsAreSettledByOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		auditor, inspector := officer("anna", hedui.ReadConcerns, hedui.DisposeConcerns), officer("inspector", hedui.ReadConcerns, hedui.DisposeConcerns)
		noticed(t, b, monday, []audit.Entry{audit.New(clockOn(monday, 9), "anna", "centre", audit.Refused, "c1", "case.read aside")})
		list, err := b.Concerns(t.Context(), inspector, store.ConcernFilter{Open: true})
		if err != nil || len(list) != 1 {
			t.Fatalf("%v %v", list, err)
		}
		id := list[0].ID
		settle := func(o hedui.Officer, to hedui.ConcernState, note string) hedui.Kind {
			_, err := b.SettleConcern(t.Context(), o, id, to, note)
			return hedui.KindOf(err)
		}
		for _, c := range []struct {
			what string
			got  hedui.Kind
			want hedui.Kind
		}{
			{"by whom it is about", settle(auditor, hedui.ConcernExplained, "我自己"), hedui.Forbidden},
			{"without right", settle(receiver, hedui.ConcernExplained, "x"), hedui.Forbidden},
			{"without a note", settle(inspector, hedui.ConcernExplained, " "), hedui.Invalid},
			{"to no outcome", settle(inspector, "fine", "x"), hedui.Invalid},
			{"to open", settle(inspector, hedui.ConcernOpen, "x"), hedui.Invalid},
		} {
			if c.got != c.want {
				t.Errorf("%s: %s, want %s", c.what, c.got, c.want)
			}
		}
		for _, to := range hedui.ConcernStates()[1:] {
			if _, err := b.ReopenConcern(t.Context(), inspector, id, "x"); hedui.KindOf(err) != hedui.Conflict {
				t.Errorf("reopening an open one: %v", err)
			}
			if _, err := b.SettleConcern(t.Context(), inspector, id, to, "问过，王某在岗"); err != nil {
				t.Fatal(err)
			}
			if kind := settle(inspector, hedui.ConcernFalse, "x"); kind != hedui.Conflict {
				t.Errorf("settling %s again: %s", to, kind)
			}
			if n, err := b.OpenConcerns(t.Context(), inspector); n != 0 || err != nil {
				t.Errorf("%d are open, %v", n, err)
			}
			noticed(t, b, monday, []audit.Entry{audit.New(clockOn(monday, 9), "anna", "centre", audit.Refused, "c1", "case.read aside")}) // a settled one stays so
			if list, err := b.Concerns(t.Context(), inspector, store.ConcernFilter{ID: id}); err != nil || list[0].State != to || list[0].Note != "问过，王某在岗" || list[0].SettledBy != "inspector" {
				t.Errorf("%+v %v", list, err)
			}
			if _, err := b.ReopenConcern(t.Context(), inspector, id, "再问"); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestConcernTablesNameEveryProblem(t *testing.T) {
	_, err := hedui.ReadConcernTables([]byte("- opens: early\n  closes: \"18:00\"\n  detectors:\n    gossip: {at_least: 1, weight: low}\n    tied: {at_least: 0, weight: low}\n    closed: {at_least: 1, weight: low, except: [king]}\n"))
	for _, want := range []string{"early", "from is missing", "gossip", "tied: at_least", "king"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}
