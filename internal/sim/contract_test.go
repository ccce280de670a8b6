package sim_test

import (
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/connector"
	"hedui/internal/sim"
	"hedui/source"
	"hedui/source/sourcetest"
)

// Each dialect of the city keeps the contract of a source, by the file that the
// city itself gives for it.
func TestTheCityKeepsTheContract(t *testing.T) {
	number := func(birth string, serial int) idcard.Number {
		n, ok := idcard.Make("330200", day.Must(birth), serial)
		if !ok {
			t.Fatal("no such number")
		}
		return n
	}
	stranger := source.Person{Name: "某某", ID: number("1901-02-03", 999)}
	elsewhere, err := idcard.Parse("11010519491231002X")
	if err != nil {
		t.Fatal(err)
	}
	wang, li, zhang, zhou := family(t, "wang")[0], family(t, "li")[0], family(t, "zhang")[0], family(t, "zhou")
	renamed := func(p source.Person) *source.Person { return &source.Person{Name: "别人", ID: p.ID} }
	tests := []struct {
		category              catalog.Code
		known, unknown        source.Person
		doubt, outside, later *source.Person
		slow                  bool // the tickets of a city that takes its time
	}{
		{"hukou", wang, stranger, renamed(wang), &source.Person{Name: "某某", ID: elsewhere}, nil, false},
		{"vehicle", zhang, wang, renamed(zhang), nil, nil, false},
		{"social_insurance", zhou[0], wang, renamed(zhou[0]), nil, &zhou[0], true},
		{"employment", zhou[0], li, renamed(zhou[0]), &zhou[2], nil, false},
		{"business", wang, li, renamed(wang), nil, nil, false},
	}
	for _, tt := range tests {
		t.Run(string(tt.category), func(t *testing.T) {
			c := start(t, sim.Options{Instant: !tt.slow})
			file := strings.ReplaceAll(string(tt.category), "-", "_") + ".yaml"
			fresh := func(text string) func(*testing.T) source.Source {
				return func(t *testing.T) source.Source {
					cfg, err := connector.Load(file, []byte(text))
					if err != nil {
						t.Fatal(err)
					}
					return connector.New(cfg, connector.Options{Now: clock})
				}
			}
			text := string(c.SourceFiles()[file])
			at := text[strings.Index(text, "url: http://")+len("url: "):]
			base := at[:len("http://")+strings.IndexByte(at[len("http://"):], '/')]
			sourcetest.Run(t, sourcetest.Fixture{
				New: fresh(text), At: noon, Category: tt.category,
				Window: source.Window{From: day.Must("2025-11-20"), To: day.Must("2026-11-19")},
				Known:  tt.known, Unknown: tt.unknown, Doubt: tt.doubt, Outside: tt.outside, Later: tt.later,
				Calls: func() int { return c.Calls(tt.category) },
				Down:  fresh(strings.ReplaceAll(text, base, "http://127.0.0.1:1")),
				Slow: func(t *testing.T) source.Source {
					if err := c.SetFault(string(tt.category), sim.Fault{Kind: sim.Slow, Delay: time.Minute}); err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = c.SetFault(string(tt.category), sim.Fault{}) })
					return fresh(text)(t)
				},
			})
		})
	}
}

// Somebody has more entries in the business register than a page holds: all of
// them come, each once.
func TestAllPagesOfTheBusinessRegister(t *testing.T) {
	w := start(t, sim.Options{Instant: true, Population: 3000})
	for i := range w.Size() {
		name, id := w.Person(i)
		a := w.ask(t, "business", source.Person{Name: name, ID: id})[0]
		if len(a.Records) <= 10 {
			continue
		}
		seen := map[string]bool{}
		for _, r := range a.Records {
			seen[r["reg_no"]] = true
		}
		if len(seen) != len(a.Records) || a.Outcome != source.Found || a.Match != source.MatchIDName {
			t.Errorf("%d different of %d records, %s %s", len(seen), len(a.Records), a.Outcome, a.Match)
		}
		checked(t, "business", a)
		return
	}
	t.Error("nobody has more entries than a page holds")
}

// Whatever is wrong with a department, nobody is told that a person has nothing.
func TestNoFaultOfAnyDialectIsNone(t *testing.T) {
	w := start(t, sim.Options{Instant: true})
	persons := map[catalog.Code]source.Person{}
	for c, key := range map[catalog.Code]string{"hukou": "wang", "vehicle": "zhang", "social_insurance": "zhou", "employment": "zhou", "business": "wang"} {
		persons[c] = family(t, key)[0]
	}
	for c, p := range persons {
		for _, f := range []sim.Fault{{Kind: sim.Down}, {Kind: sim.Garbage}, {Kind: sim.Flaky, Every: 1}, {Kind: sim.Slow, Delay: time.Minute}} {
			if err := w.SetFault(string(c), f); err != nil {
				t.Fatal(err)
			}
			for range 2 { // each fault has two faces
				patience := "5s"
				if f.Kind == sim.Slow {
					patience = "200ms"
				}
				got, reason := w.try(t, c, p, patience)
				if got != source.Failed || reason == "" {
					t.Errorf("%s %s: %s %s, want failed", c, f.Kind, got, reason)
				}
			}
		}
		if err := w.SetFault(string(c), sim.Fault{}); err != nil {
			t.Fatal(err)
		}
		if got, _ := w.try(t, c, p, "5s"); got != source.Found {
			t.Errorf("%s after all faults: %s", c, got)
		}
	}
}

// try asks with so much patience; a department that is not there is failed.
func (w town) try(t *testing.T, c catalog.Code, p source.Person, patience string) (source.Outcome, source.Reason) {
	t.Helper()
	m, err := source.Mint(source.Terms{Number: "SQ1", Consent: "C1", Purpose: "dibao", Person: p,
		Categories: []catalog.Code{c}, From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	q, err := m.Query("case/1", c, source.Window{From: day.Must("2025-11-20"), To: day.Must("2026-11-19")}, noon)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(w.SourceFiles()[string(c)+".yaml"]), "timeout: 5s", "timeout: "+patience, 1)
	cfg, err := connector.Load(string(c), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	answers, err := connector.New(cfg, connector.Options{Now: clock}).Ask(t.Context(), []source.Query{q})
	if err != nil {
		return source.Failed, "unavailable"
	}
	return answers[0].Outcome, answers[0].Reason
}
