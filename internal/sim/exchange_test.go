package sim_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/connector"
	"hedui/internal/sim"
	"hedui/source"
	"hedui/source/sourcetest"
)

// The departments that exchange files keep the contract of every source.
func TestFilesKeepTheContract(t *testing.T) {
	zhou, wang, zhao := family(t, "zhou")[0], family(t, "wang")[0], family(t, "zhao")[0]
	owner := func(w town) source.Person {
		var people []source.Person
		for i := range 50 {
			name, id := w.Person(i)
			people = append(people, source.Person{Name: name, ID: id})
		}
		for i, a := range w.ask(t, "housing", people...) {
			if a.Outcome == source.Found {
				return people[i]
			}
		}
		t.Fatal("nobody has a home")
		return source.Person{}
	}(start(t, sim.Options{Instant: true, Population: 400}))
	for category, known := range map[catalog.Code]source.Person{"housing": owner, "housing_fund": zhou} {
		t.Run(string(category), func(t *testing.T) {
			open := func(kind sim.FaultKind) func(t *testing.T) source.Source {
				return func(t *testing.T) source.Source {
					w := start(t, sim.Options{Instant: true, Population: 400, Faults: map[string]sim.Fault{string(category): {Kind: kind}}})
					return w.sources[category]
				}
			}
			f := sourcetest.Fixture{New: open(""), At: noon, Category: category, Known: known, Unknown: wang, Doubt: &zhao, Later: &known}
			if category == "housing_fund" { // a directory is not down, it is silent
				f.Down = open(sim.Down)
			}
			sourcetest.Run(t, f)
		})
	}
}

// try asks once and comes back until something is said or the time is over.
func (w town) exchanged(t *testing.T, c catalog.Code, p source.Person, patience time.Duration) source.Answer {
	t.Helper()
	m, err := source.Mint(source.Terms{Number: "SQ1", Consent: "C1", Purpose: "dibao", Person: p, Categories: []catalog.Code{c}, From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	q, err := m.Query(fmt.Sprint("try/", asks.Add(1)), c, source.Window{From: day.Must("2025-11-20"), To: day.Must("2026-11-19")}, noon)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	var last source.Answer
	for ctx.Err() == nil {
		answers, err := w.sources[c].Ask(t.Context(), []source.Query{q})
		var u *source.Unavailable
		switch {
		case errors.As(err, &u):
			return source.Answer{Outcome: source.Failed, Reason: u.Reason}
		case err != nil:
			t.Fatal(err)
		}
		if last = answers[0]; last.Later == nil {
			return last
		}
		q = q.WithToken(last.Later.Token)
		select {
		case <-ctx.Done():
		case <-time.After(last.Later.After):
		}
	}
	return last
}

// No fault of a department that exchanges files is ever told as none.
func TestFaultsOfFiles(t *testing.T) {
	zhou := family(t, "zhou")[0]
	tests := []struct {
		category catalog.Code
		fault    sim.Fault
		want     string
	}{
		{"housing", sim.Fault{}, "none/"},
		{"housing_fund", sim.Fault{}, "found/"},
		{"housing", sim.Fault{Kind: sim.Down}, "later"},
		{"housing_fund", sim.Fault{Kind: sim.Down}, "failed/down"},
		{"housing", sim.Fault{Kind: sim.Garbage}, "failed/"},
		{"housing_fund", sim.Fault{Kind: sim.Garbage}, "failed/"},
		{"housing", sim.Fault{Kind: sim.Slow, Delay: time.Minute}, "later"},
		{"housing_fund", sim.Fault{Kind: sim.Slow, Delay: time.Minute}, "later"},
		{"housing", sim.Fault{Kind: sim.Slow, Delay: 100 * time.Millisecond}, "none/"},
		{"housing_fund", sim.Fault{Kind: sim.Flaky, Every: 1}, "failed/"},
	}
	for _, tt := range tests {
		t.Run(string(tt.category)+" "+string(tt.fault.Kind), func(t *testing.T) {
			w := start(t, sim.Options{Instant: true, Population: 100})
			if err := w.SetFault(string(tt.category), tt.fault); err != nil {
				t.Fatal(err)
			}
			patience := 20 * time.Second
			if tt.want == "later" {
				patience = 300 * time.Millisecond
			}
			a := w.exchanged(t, tt.category, zhou, patience)
			got := string(a.Outcome) + "/" + string(a.Reason)
			if a.Later != nil {
				got = "later"
			}
			if !strings.HasPrefix(got, tt.want) {
				t.Fatalf("got %s, want %s", got, tt.want)
			}
			searched := w.Asked(tt.category, zhou.ID)
			if tt.want == "later" && searched != 0 {
				t.Errorf("searched %d times while nothing was answered", searched)
			}
			if err := w.SetFault(string(tt.category), sim.Fault{}); err != nil {
				t.Fatal(err)
			}
			if tt.fault.Kind != sim.Flaky && tt.fault.Kind != sim.Garbage && tt.fault.Kind != sim.Down {
				return
			}
			// When all is well again the same question is answered.
			for range 50 {
				if a = w.exchanged(t, tt.category, zhou, 20*time.Second); a.Outcome != source.Failed {
					break
				}
			}
			if want := map[catalog.Code]source.Outcome{"housing": source.None, "housing_fund": source.Found}[tt.category]; a.Outcome != want {
				t.Errorf("after the fault: %s %s, want %s", a.Outcome, a.Reason, want)
			}
			if w.Calls(tt.category) == 0 {
				t.Error("no call was counted")
			}
		})
	}
}

func TestTheExchangeIsRemovedWithTheCity(t *testing.T) {
	w := start(t, sim.Options{Instant: true, Population: 100})
	cfg, err := connector.Load("housing.yaml", w.SourceFiles()["housing.yaml"])
	if err != nil || cfg.Info().Name != "housing" {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(w.SourceFiles()["housing.yaml"]), `directory: "`)
	dir, _, _ := strings.Cut(rest, `"`)
	if _, err := os.Stat(filepath.Join(dir, "to")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
	own := t.TempDir()
	kept := start(t, sim.Options{Instant: true, Population: 100, Exchange: own})
	if err := kept.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(own, "fund", "from")); err != nil {
		t.Errorf("a directory that was given is not kept: %v", err)
	}
}
