package hedui

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/day"
)

func TestEveryMoveOfAnErasure(t *testing.T) {
	want := strings.Fields(`
		kept     .x.xx
		proposed ..xxx
		rejected .x.xx
		held     x....
		erased   .....`)
	states := ErasureStates()
	if len(want) != 2*len(states) {
		t.Fatalf("%d states in the table, want %d", len(want)/2, len(states))
	}
	for i, from := range states {
		row := ""
		for _, to := range states {
			if from.CanBecome(to) {
				row += "x"
			} else {
				row += "."
			}
		}
		if want[2*i] != string(from) || want[2*i+1] != row {
			t.Errorf("%s may become %s, want %s %s", from, row, want[2*i], want[2*i+1])
		}
	}
}

// Every act in every state: x where it succeeds.
func TestEveryActOnAnErasure(t *testing.T) {
	calendar, err := China()
	if err != nil {
		t.Fatal(err)
	}
	book, err := StandardRetention()
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	c := &Case{ID: "c", Division: "330203", Programme: Dibao, Stage: Archived}
	rule, _ := book.For(CaseData, WhenArchived, c.Division, c.Programme, day.Of(at))
	first := Officer{ID: "first", Division: "330203", Rights: Rights()}
	second := Officer{ID: "second", Division: "330203", Rights: Rights()}
	acts := []func(*Erasure) error{
		func(e *Erasure) error { return e.Propose(first, c, "request", at) },
		func(e *Erasure) error { return e.Confirm(second, c, at) },
		func(e *Erasure) error { return e.Reject(second, c, at) },
		func(e *Erasure) error { return e.Hold(second, c, "court", at) },
		func(e *Erasure) error { return e.Lift(first, c, at) },
		func(e *Erasure) error { return e.Lapse(rule, at.AddDate(-11, 0, 0), at, calendar) },
		func(e *Erasure) error { return e.Lapse(rule, at.AddDate(-9, 0, 0), at, calendar) }, // a year early
		func(e *Erasure) error { return e.Confirm(first, c, at) },                           // of one's own proposal
		func(e *Erasure) error { return e.Again(second, c, at) },
	}
	want := strings.Fields(`
		kept     x..x.x..x
		proposed .xxx.x..x
		rejected x..x.x..x
		held     ....x....
		erased   .........`)
	for i, state := range ErasureStates() {
		row := ""
		for _, act := range acts {
			e := Erasure{Case: c.ID, State: state}
			if state == ErasureProposed {
				e.Proposed = Hand{ID: first.ID}
			}
			mark := "x"
			if err := act(&e); err != nil {
				mark = "."
				if e.State != state {
					t.Errorf("%s: a refused act has made it %s", state, e.State)
				}
			}
			row += mark
		}
		if want[2*i] != string(state) || want[2*i+1] != row {
			t.Errorf("%s: %s, want %s %s", state, row, want[2*i], want[2*i+1])
		}
	}
	for _, stage := range Stages() { // nothing that is under way is erased by officers
		c.Stage = stage
		e := Erasure{Case: c.ID}
		if got := e.Propose(first, c, "request", at) == nil; got != !stage.Running() {
			t.Errorf("proposed at stage %s: %v", stage, got)
		}
		e = Erasure{Case: c.ID, State: ErasureProposed, Proposed: Hand{ID: "first"}}
		if got := e.Confirm(second, c, at) == nil; got != !stage.Running() {
			t.Errorf("confirmed at stage %s: %v", stage, got)
		}
	}
	c.Stage = Archived
	for _, reason := range []string{"", "court", "张三要求"} {
		if e := (Erasure{}); KindOf(e.Propose(first, c, reason, at)) != Invalid {
			t.Errorf("reason %q was taken", reason)
		}
	}
}

func TestTermsOfTheBook(t *testing.T) {
	book, err := ReadRetention(append(slices.Clone(retention), []byte(`
- {kind: case, event: archived, place: "330200", from: 2020-01-01, keep: 60m, basis: b}
- {kind: case, event: archived, place: "330200", programme: housing, from: 2020-01-01, keep: never, basis: b}
- {kind: case, event: archived, place: "330200", from: 2025-01-01, keep: 36m, basis: b}
`)...))
	if err != nil {
		t.Fatal(err)
	}
	calendar, err := China()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		division  string
		programme Programme
		on, keep  string
	}{
		{"330203", Dibao, "2026-11-26", "36m"}, {"330203", Dibao, "2024-12-31", "60m"}, {"330203", Dibao, "2019-12-31", "120m"},
		{"330203", Housing, "2026-11-26", "never"}, {"330102", Dibao, "2026-11-26", "120m"}, {"330203", Dibao, "2012-11-30", ""},
	} {
		r, ok := book.For(CaseData, WhenArchived, want.division, want.programme, day.Must(want.on))
		if ok != (want.keep != "") || r.Keep.String() != want.keep {
			t.Errorf("%s %s on %s: got %q, want %q", want.division, want.programme, want.on, r.Keep, want.keep)
		}
	}
	// What is due is never later than what sorts out, at any hour of four years.
	for _, r := range book {
		if r.Kind != CaseData || r.Keep.Never() {
			continue
		}
		for at := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2027; at = at.Add(7 * time.Hour) {
			since := r.Keep.latest(at)
			if over, _ := r.Over(since.Add(time.Microsecond), calendar); !over.After(at) {
				t.Fatalf("%s: what happened at %s is due at %s and was sorted out at %s", r.Name(), since, over, at)
			}
		}
	}
	lapsed := Retention{Keep: Term{Length: Length{Days: 30}}}
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	for since, want := range map[time.Time]bool{at.AddDate(0, 0, -31): true, at.AddDate(0, 0, -30): false} {
		if got := since.Before(lapsed.Before(at)); got != want {
			t.Errorf("since %s: cut off %v, want %v", since, got, want)
		}
		over, _ := lapsed.Over(since, calendar)
		if got := !over.After(at); got != want {
			t.Errorf("since %s: over %v, want %v", since, got, want)
		}
	}
}

func TestBadTermsAreAllNamed(t *testing.T) {
	_, err := ReadRetention([]byte(`
- {kind: cases, event: archived, place: "000000", from: 2012-12-01, keep: 1m, basis: b}
- {kind: case, event: expired, place: "0", from: 2012-12-01, keep: 3wd, basis: " "}
- {kind: draft, event: saved, place: "000000", programme: dibao, from: 2012-12-01, keep: never, basis: b}
- {kind: alert, event: closed, place: "000000", keep: 1d, basis: b}
- {kind: alert, event: closed, place: "000000", keep: 1d, basis: b}
`))
	if err == nil {
		t.Fatal("it was taken")
	}
	for _, want := range []string{`entry 1: there is no kind "cases"`, "entry 2: case has no event", `entry 2: place "0"`, "entry 2: keep", "entry 2: basis",
		"entry 3: programme", "entry 4: from is missing", "entry 5: is there twice", "audit/written", "case/terminated"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if _, err := ReadRetention([]byte(`[{kind: case, event: archived, place: "000000", from: 2012-12-01, keep: soon, basis: b}]`)); err == nil {
		t.Error("a term that is none was taken")
	}
}
