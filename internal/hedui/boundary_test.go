package hedui

import (
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/source"
)

// change is the day on which 江东区 went to 鄞州区 and 奉化市 became a district.
var change = day.Must("2016-10-01")

func TestACaseMovesOnTheDayItsDivisionEnds(t *testing.T) {
	for _, c := range []struct {
		name, from, to, says string
		at                   time.Time
	}{
		{"the last instant before", "330204", "330204", "", change.Start().Add(-time.Nanosecond)},
		{"the first instant", "330204", "330212", "江东区 330204 2016-10-01 鄞州区 330212", change.Start()},
		{"years later", "330204", "330212", "江东区 330204 2016-10-01 鄞州区 330212", change.Start().AddDate(9, 0, 0)},
		{"a city becomes a district", "330283", "330213", "奉化市 330283 2016-10-01 奉化区 330213", change.Start()},
		{"a division that goes on", "330203", "330203", "", change.Start()},
		{"a code nobody knows", "330299", "330299", "", change.Start()},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &Case{ID: "c", Number: "N", Division: c.from, Stage: Collecting, Commission: "W", Consents: []Consent{{Number: "S"}}}
			moved := k.Move(c.at)
			if k.Division != c.to || moved != (c.from != c.to) {
				t.Fatalf("moved %v to %s, want %s", moved, k.Division, c.to)
			}
			if k.Number != "N" || k.Stage != Collecting || k.Commission != "W" || len(k.Consents) != 1 {
				t.Errorf("something else was changed: %+v", k)
			}
			if !moved {
				if len(k.Steps) != 0 {
					t.Errorf("a step without a move: %+v", k.Steps)
				}
				return
			}
			if got := strings.Join(k.Steps[0].Note.Args, " "); got != c.says || k.Steps[0].Stage != Collecting {
				t.Errorf("step at %s says %q, want %q", k.Steps[0].Stage, got, c.says)
			}
			if k.Move(c.at) || len(k.Steps) != 1 {
				t.Error("moved twice")
			}
		})
	}
}

func TestACaseThatWasHandedOverIsRefusedEverything(t *testing.T) {
	all := Officer{ID: "o", Division: "330200", Rights: Rights()}
	for _, stage := range Stages() {
		if stage == Handed {
			continue
		}
		c := &Case{ID: "c", Number: "N", Division: "330204", Stage: stage, Persons: []Person{{No: 1}}}
		if err := c.HandOver(all, Handing{ID: "h", From: "jiangdong", To: "yinzhou", At: noon}); err != nil {
			t.Fatalf("%s: %v", stage, err)
		}
		for _, to := range Stages() {
			if c.Stage.CanBecome(to) {
				t.Errorf("from %s by a hand-over to %s", stage, to)
			}
		}
		if c.Stage.Running() || c.Stage.Asking() || c.Stage.Collects() || c.Stage.Sealed() {
			t.Error("a case that was handed over is worked on")
		}
		if err := c.HandOver(all, Handing{ID: "h2", To: "haishu"}); KindOf(err) != Conflict {
			t.Errorf("handed over twice: %v", err)
		}
		if c.Move(noon) {
			t.Error("moved after it was handed over")
		}
		if err := c.TakeOver(all, noon); err != nil || c.Stage != stage || c.Division != "330212" || c.Taken.From != "jiangdong" || c.Handed != nil {
			t.Errorf("%s: taken over at %s in %s: %v", stage, c.Stage, c.Division, err)
		}
		if err := c.TakeOver(all, noon); KindOf(err) != Invalid {
			t.Errorf("taken over twice: %v", err)
		}
	}
	near := Officer{ID: "o", Division: "330204", Rights: []Right{VerifyCases}}
	if err := (&Case{Division: "330204", Stage: Draft}).HandOver(near, Handing{}); KindOf(err) != Forbidden {
		t.Errorf("without the right: %v", err)
	}
}

func TestOnlyTheNodeThatGotACaseConfirmsIt(t *testing.T) {
	o := Officer{ID: "o", Division: "330204", Rights: []Right{HandCases}}
	c := &Case{ID: "c", Division: "330204", Stage: Delivered}
	if err := c.HandOver(o, Handing{ID: "h", To: "yinzhou", At: noon}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][2]string{{"haishu", "h"}, {"yinzhou", "x"}} {
		if _, err := c.Arrived(o, bad[0], bad[1], noon); KindOf(err) != Conflict {
			t.Errorf("%v: %v, want a conflict", bad, err)
		}
	}
	for i, want := range []bool{true, false} {
		if fresh, err := c.Arrived(o, "yinzhou", "h", noon); err != nil || fresh != want {
			t.Errorf("confirmation %d: %v %v", i+1, fresh, err)
		}
	}
}

func TestAQueryIsAskedAnewAtTheRegisterOfTheDay(t *testing.T) {
	registers := Registers{{Category: "land", Scope: "330212", Source: "land", Department: "某局"}, {Category: "vehicle", Scope: "330200", Source: AtNode("hub")}}
	for _, c := range []struct {
		name                  string
		code                  catalog.Code
		scope                 string
		wantScope, wantSource string
		state                 QueryState
		outcome               source.Outcome
	}{
		{"a county's own register", "land", "330204", "330212", "land", Waiting, ""},
		{"the city's, through the hub", "vehicle", "330200", "330200", "@hub", Waiting, ""},
		{"none that is known here", "tax", "330204", "330212", "", Answered, source.NotCovered},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := Query{ID: "q", Category: c.code, Scope: c.scope, Source: "old", State: Pending, Token: "T", Reason: ReasonPending, Attempts: 7, CreatedAt: noon}
			q.AskAnew(registers, noon.Add(time.Hour))
			if q.ID != "q" || q.Scope != c.wantScope || q.Source != c.wantSource || q.State != c.state || q.Outcome != c.outcome || q.Token != "" || q.Attempts != 0 {
				t.Errorf("got %+v", q)
			}
		})
	}
}

// After a move an objection is answered by the register that took over; until it
// is, what the old one said stays.
func TestTheRegisterThatTookOverStandsForTheOldOne(t *testing.T) {
	at := change.Start().Add(-time.Hour)
	old := Query{ID: "old", Person: 1, Category: "land", Scope: "330204", State: Answered, Outcome: source.Found, CreatedAt: at}
	next := Query{ID: "next", Person: 1, Category: "land", Scope: "330212", State: Answered, Outcome: source.None, CreatedAt: at.AddDate(0, 0, 1)}
	waits, failed, early := next, old, next
	waits.State, waits.Outcome = Waiting, ""
	failed.State, failed.Outcome = Cancelled, source.Failed
	early.CreatedAt = at
	for _, c := range []struct {
		name    string
		queries []Query
		want    string
	}{
		{"both answered", []Query{old, next}, "next"},
		{"the new one waits", []Query{old, waits}, "old next"},
		{"the old one failed and the new one waits", []Query{failed, waits}, "next"},
		{"both were asked before the change", []Query{old, early}, "old next"},
	} {
		var got []string
		for _, q := range Newest(c.queries) {
			got = append(got, q.ID)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
		}
	}
}
