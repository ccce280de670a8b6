package sim_test

import (
	"testing"
	"time"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/sim"
	"hedui/source"
	"hedui/source/sourcetest"
)

// The banks are joined by deposits.yaml and the catalogue alone: no code of Hedui
// names them.
func TestBanksAnswerLaterAndOnlyYesOrNo(t *testing.T) {
	w := start(t, sim.Options{Population: 400})
	var persons []source.Person
	for i := range 20 {
		name, id := w.Person(i + 60)
		persons = append(persons, source.Person{Name: name, ID: id})
	}
	over, within := 0, 0
	for _, a := range w.ask(t, "deposits", persons...) {
		checked(t, "deposits", a)
		switch a.Outcome {
		case source.None:
			continue
		case source.Found:
		default:
			t.Fatalf("got %s %s", a.Outcome, a.Reason)
		}
		r := a.Records[0]
		if a.Match != source.MatchIDName || r["limit"] != "30000.00" || r["limit_scope"] != "person" || r["queried_on"] != "2026-11-19" || r["balance"] != "" {
			t.Errorf("got %s, limit %s for %s on %s, balance %q", a.Match, r["limit"], r["limit_scope"], r["queried_on"], r["balance"])
		}
		if r["over_limit"] == "true" {
			over++
		} else {
			within++
		}
	}
	if over == 0 || within == 0 {
		t.Errorf("%d over and %d within the limit, want some of both", over, within)
	}
	for _, p := range persons {
		if got := w.Asked("deposits", p.ID); got != 1 {
			t.Errorf("searched %d times, want once", got)
		}
	}
}

func TestTheStoriesHaveNoSavings(t *testing.T) {
	w := start(t, sim.Options{Instant: true})
	for _, f := range sim.Families() {
		for i, a := range w.ask(t, "deposits", family(t, f.Key)...) {
			if a.Outcome == source.Found && a.Records[0]["over_limit"] != "false" {
				t.Errorf("%s %d is over the limit", f.Key, i)
			}
			if f.Key == "zhao" && a.Outcome != source.IdentityDoubt {
				t.Errorf("another name: got %s", a.Outcome)
			}
		}
	}
}

func TestABatchThatTheBanksHaveLost(t *testing.T) {
	w := start(t, sim.Options{})
	p := family(t, "wang")[0]
	m, err := source.Mint(source.Terms{Number: "SQ1", Consent: "C1", Purpose: "dibao", Person: p,
		Categories: []catalog.Code{"deposits"}, From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	q, err := m.Query("q1", "deposits", source.Window{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if a := w.must(t, "deposits", []source.Query{q.WithToken("YH0-000001")})[0]; a.Outcome != source.Failed || a.Reason != "ticket" {
		t.Errorf("got %s %s, want failed for want of the batch", a.Outcome, a.Reason)
	}
}

func TestTheBanksKeepTheContractOfASource(t *testing.T) {
	stranger, err := idcard.Parse("11010519491231002X")
	if err != nil {
		t.Fatal(err)
	}
	made := func(o sim.Options) func(*testing.T) source.Source {
		return func(t *testing.T) source.Source { return start(t, o).sources["deposits"] }
	}
	sourcetest.Run(t, sourcetest.Fixture{
		New: made(sim.Options{Instant: true}), At: noon, Category: "deposits",
		Known: family(t, "wang")[0], Unknown: source.Person{Name: "某某", ID: stranger}, Doubt: &family(t, "zhao")[0],
		Down: made(sim.Options{Instant: true, Faults: map[string]sim.Fault{"bank": {Kind: sim.Down}}}),
		Slow: made(sim.Options{Instant: true, Faults: map[string]sim.Fault{"bank": {Kind: sim.Slow}}}),
	})
}
