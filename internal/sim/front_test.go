package sim_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/internal/connector"
	"hedui/internal/sim"
	"hedui/source"
)

// eachFrontEnd runs f with files, and with the servers that are here.
func eachFrontEnd(t *testing.T, f func(t *testing.T, at map[string]string)) {
	t.Run("sqlite", func(t *testing.T) { f(t, nil) })
	for scheme, variable := range map[string]string{"mariadb": "HEDUI_TEST_MARIADB", "postgres": "HEDUI_TEST_POSTGRES"} {
		t.Run(scheme, func(t *testing.T) {
			address := os.Getenv(variable)
			if address == "" && os.Getenv("HEDUI_TEST_TOOLS") != "" {
				t.Fatalf("%s is not set", variable)
			} else if address == "" {
				t.Skipf("%s is not set", variable)
			}
			f(t, map[string]string{"local_tax": address, "national_tax": address})
		})
	}
}

// try asks once, and says why the department could not look.
func (w town) outcome(t *testing.T, c catalog.Code, p source.Person) string {
	t.Helper()
	answers, err := w.sources[c].Ask(t.Context(), []source.Query{queryOn(t, c, p)})
	var u *source.Unavailable
	switch {
	case errors.As(err, &u):
		return string(u.Reason)
	case err != nil:
		t.Fatal(err)
	}
	return strings.Trim(string(answers[0].Outcome)+"/"+string(answers[0].Reason), "/")
}

func TestFrontEndsHoldWhatTheCityKnows(t *testing.T) {
	eachFrontEnd(t, func(t *testing.T, at map[string]string) {
		w := start(t, sim.Options{Instant: true, Population: 600, Seed: 5, FrontEnds: at})
		var persons []source.Person
		for i := range w.Size() {
			name, id := w.Person(i)
			persons = append(persons, source.Person{Name: name, ID: id})
		}
		for _, c := range []catalog.Code{catalog.LocalTax, catalog.NationalTax} {
			matches := map[source.Match]int{}
			for i, a := range w.ask(t, c, persons...) {
				checked(t, c, a)
				if a.Outcome != source.Found && a.Outcome != source.None {
					t.Fatalf("%s of person %d: %s %s", c, i, a.Outcome, a.Reason)
				}
				if !a.AsOf.Equal(time.Date(2026, 11, 19, 0, 0, 0, 0, noon.Location()).Add(-8 * time.Hour)) {
					t.Fatalf("%s as of %v", c, a.AsOf)
				}
				matches[a.Match]++
			}
			if matches[source.MatchIDName] < 10 || c == catalog.LocalTax && matches[source.MatchID15] < 3 {
				t.Errorf("%s: %v", c, matches)
			}
		}
		zhou := w.ask(t, catalog.LocalTax, family(t, "zhou")[0])[0]
		if r := zhou.Records[0]; len(zhou.Records) != 12 || r["income_amount"] != "4800.00" || r["period_from"] != "2025-11-01" || r["tax_item"] != "wage" {
			t.Errorf("Zhou: %d records", len(zhou.Records))
		}
	})
}

func TestFaultsOfFrontEnds(t *testing.T) {
	zhou := family(t, "zhou")[0]
	li := family(t, "li")[0] // of whom there is no row
	eachFrontEnd(t, func(t *testing.T, at map[string]string) {
		w := start(t, sim.Options{Instant: true, Population: 100, FrontEnds: at, Faults: map[string]sim.Fault{"local_tax": {Kind: sim.Down}}})
		set := func(f sim.Fault) {
			t.Helper()
			if err := w.SetFault("local_tax", f); err != nil {
				t.Fatal(err)
			}
		}
		want := func(what string, of source.Person, want string) {
			t.Helper()
			if got := w.outcome(t, catalog.LocalTax, of); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		want("down from the start", zhou, "down")
		want("down, nothing held", li, "down")
		if got := w.outcome(t, catalog.NationalTax, li); got != "none" {
			t.Errorf("the other database: %s", got)
		}
		set(sim.Fault{})
		want("well again", zhou, "found")
		want("well again", li, "none")
		set(sim.Fault{Kind: sim.Garbage})
		want("a column is missing", zhou, "malformed")
		want("a column is missing, nothing held", li, "malformed")
		set(sim.Fault{Kind: sim.Slow, Delay: 400 * time.Millisecond})
		begun := time.Now()
		want("slow", li, "none")
		if at == nil {
			want("slow", li, "none") // the file is free for a moment between two locks
		} else if took := time.Since(begun); took < 400*time.Millisecond {
			t.Errorf("slow: after %s", took)
		}
		set(sim.Fault{Kind: sim.Slow, Delay: time.Minute})
		want("too slow", zhou, "slow")
		set(sim.Fault{Kind: sim.Garbage})
		set(sim.Fault{Kind: sim.Down})
		set(sim.Fault{})
		want("well after one fault upon another", zhou, "found")
		set(sim.Fault{Kind: sim.Slow, Delay: time.Minute})
		set(sim.Fault{Kind: sim.Flaky, Every: 2})
		seen := map[string]bool{}
		for end := time.Now().Add(time.Minute); !(seen["found"] && seen["down"]) && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			seen[w.outcome(t, catalog.LocalTax, zhou)] = true
		}
		if !seen["found"] || !seen["down"] {
			t.Errorf("flaky: %v", seen)
		}
		set(sim.Fault{Kind: sim.Down, For: 300 * time.Millisecond})
		for end := time.Now().Add(time.Minute); w.outcome(t, catalog.LocalTax, zhou) != "found"; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the fault does not end")
			}
		}
	})
}

// While it is filled, a database says of nobody that there is nothing.
func TestABigCityIsFilledWhileItRuns(t *testing.T) {
	eachFrontEnd(t, func(t *testing.T, at map[string]string) {
		w := start(t, sim.Options{Instant: true, Population: 5000, FrontEnds: at, Background: true})
		zhou := family(t, "zhou")[0]
		seen := []string{}
		for end := time.Now().Add(time.Minute); !slices.Contains(seen, "found"); time.Sleep(10 * time.Millisecond) {
			if got := w.outcome(t, catalog.LocalTax, zhou); !slices.Contains(seen, got) {
				seen = append(seen, got)
			}
			if time.Now().After(end) {
				break
			}
		}
		if !slices.Equal(seen, []string{"incomplete", "found"}) {
			t.Errorf("seen %v", seen)
		}
	})
}

func TestFrontEndsAreRefreshedEachDay(t *testing.T) {
	eachFrontEnd(t, func(t *testing.T, at map[string]string) {
		days := make(chan time.Duration, 1)
		days <- 0
		now := func() time.Time {
			d := <-days
			days <- d
			return noon.Add(d)
		}
		c, err := sim.NewCity(sim.Options{Population: 100, Now: now, FrontEnds: at})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		cfg, err := connector.Load("local_tax.yaml", c.SourceFiles()["local_tax.yaml"])
		if err != nil {
			t.Fatal(err)
		}
		s := connector.New(cfg, connector.Options{Now: clock})
		asOf := func() string {
			answers, err := s.Ask(context.Background(), []source.Query{queryOn(t, catalog.LocalTax, family(t, "zhou")[0])})
			if err != nil {
				t.Fatal(err)
			}
			return answers[0].AsOf.In(noon.Location()).Add(8 * time.Hour).Format("2006-01-02")
		}
		if got := asOf(); got != "2026-11-19" {
			t.Errorf("as of %s", got)
		}
		<-days
		days <- 24 * time.Hour
		for end := time.Now().Add(time.Minute); asOf() != "2026-11-20"; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("not refreshed")
			}
		}
	})
}

func TestFrontEndAddressesAreChecked(t *testing.T) {
	for name, address := range map[string]string{
		"police": "mariadb://root@127.0.0.1:3306", "local_tax": "sqlite:///x", "national_tax": "postgres://127.0.0.1/test",
	} {
		_, err := sim.NewCity(sim.Options{FrontEnds: map[string]string{name: address}})
		if err == nil || strings.Contains(err.Error(), address) {
			t.Errorf("%s at %s: %v", name, address, err)
		}
	}
	w := start(t, sim.Options{Instant: true, Population: 100})
	if !strings.HasPrefix(w.URL("local_tax"), "sqlite:") {
		t.Errorf("address %s", w.URL("local_tax"))
	}
}
