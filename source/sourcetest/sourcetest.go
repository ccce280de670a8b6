// Package sourcetest proves that a source keeps the contract of package source.
// Whoever implements one calls [Run] with a department, real or simulated, and
// persons of whom it is known what must come back:
//
//	func TestContract(t *testing.T) {
//		sourcetest.Run(t, sourcetest.Fixture{
//			New: func(t *testing.T) source.Source { … },
//			At: now, Category: catalog.Vehicle, Known: wang, Unknown: li,
//		})
//	}
//
// It uses synthetic persons only if it is given such.
package sourcetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/source"
)

// A Fixture is a source, its department and persons whom the department knows
// or not. Fields that may be left out say so.
type Fixture struct {
	// New makes a source whose department is up. It is called once for each test.
	New func(t *testing.T) source.Source
	// At is the time of the source's clock.
	At time.Time
	// Category is asked; the source must answer it.
	Category catalog.Code
	// Known has records and Unknown has none, though the department looks.
	Known, Unknown source.Person
	// Window is the income period; the twelve months before At if left out.
	Window source.Window

	// Outside is not covered by the register, Doubt has another name there, and
	// Later is answered at a second asking and then found. Each may be left out.
	Outside, Doubt, Later *source.Person
	// Down makes a source whose department cannot be reached; may be left out.
	Down func(t *testing.T) source.Source
	// Slow makes a source whose department does not answer for a minute; may be
	// left out.
	Slow func(t *testing.T) source.Source
	// Calls tells how often the department was called so far; may be left out.
	Calls func() int
}

// prompt is how soon a source must return once its context is done.
const prompt = 2 * time.Second

// Run proves the source of f.
func Run(t *testing.T, f Fixture) {
	t.Helper()
	if f.Window == (source.Window{}) {
		to := day.Of(f.At)
		f.Window = source.Window{From: to.AddMonths(-12), To: to}
	}
	tests := []struct {
		name string
		test func(*testing.T, Fixture)
		skip bool
	}{
		{"it describes itself the same at every call", describes, false},
		{"a known person is found with records of the catalogue", known, false},
		{"an unknown person is none, not an error", unknown, false},
		{"somebody outside is not covered", outside, f.Outside == nil},
		{"another name is an identity doubt", doubt, f.Doubt == nil},
		{"a later answer comes with its token", postponed, f.Later == nil},
		{"a query without a live mandate never reaches the department", mandates, false},
		{"answers stand in the order of the queries", order, false},
		{"asking twice is harmless", again, false},
		{"asking side by side mixes nobody", beside, false},
		{"a context that is done stops it", cancelled, false},
		{"a slow department does not hold it when the context is done", slow, f.Slow == nil},
		{"a department that is down is unavailable", down, f.Down == nil},
	}
	for _, tt := range tests {
		if !tt.skip {
			t.Run(tt.name, func(t *testing.T) { tt.test(t, f) })
		}
	}
}

// query makes a query whose mandate is live at the fixture's time.
func (f Fixture) query(t *testing.T, p source.Person, id string) source.Query {
	t.Helper()
	return f.mint(t, p, id, f.Category, f.At.Add(-time.Hour), f.At.Add(24*time.Hour), f.At)
}

func (f Fixture) mint(t *testing.T, p source.Person, id string, c catalog.Code, from, until, at time.Time) source.Query {
	t.Helper()
	m, err := source.Mint(source.Terms{
		Number: "M-" + id, Consent: "C-" + id, Purpose: "dibao", Person: p,
		Categories: []catalog.Code{c}, From: from, Until: until,
	})
	if err != nil {
		t.Fatalf("mandate for the test: %v", err)
	}
	q, err := m.Query(id, c, f.Window, at)
	if err != nil {
		t.Fatalf("query for the test: %v", err)
	}
	return q
}

// ask asks, holds the answers against the contract and comes back for later ones.
func (f Fixture) ask(t *testing.T, s source.Source, queries ...source.Query) []source.Answer {
	t.Helper()
	answers, err := s.Ask(t.Context(), queries)
	if err != nil {
		f.discreet(t, err.Error())
		t.Fatalf("asking %d queries: %v", len(queries), err)
	}
	if err := source.CheckAnswers(queries, answers); err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		if a.Later != nil {
			answers[i] = f.settle(t, s, queries[i], a)
		}
		f.sound(t, answers[i])
	}
	return answers
}

func (f Fixture) settle(t *testing.T, s source.Source, q source.Query, a source.Answer) source.Answer {
	t.Helper()
	for range 20 {
		if a.Later == nil {
			return a
		}
		select {
		case <-time.After(min(a.Later.After, prompt)):
		case <-t.Context().Done():
		}
		some := []source.Query{q.WithToken(a.Later.Token)}
		answers, err := s.Ask(t.Context(), some)
		if err != nil {
			t.Fatalf("fetching a later answer: %v", err)
		}
		if err := source.CheckAnswers(some, answers); err != nil {
			t.Fatal(err)
		}
		a = answers[0]
	}
	t.Fatal("the later answer never came")
	return a
}

// sound checks what every answer must keep.
func (f Fixture) sound(t *testing.T, a source.Answer) {
	t.Helper()
	if a.AsOf.After(f.At.Add(24 * time.Hour)) {
		t.Errorf("as of %v: that is in the future of %v", a.AsOf, f.At)
	}
	if a.Outcome == source.Found || a.Outcome == source.None {
		if !strings.HasPrefix(a.Hash, "sha256:") || len(a.Hash) != len("sha256:")+64 {
			t.Errorf("%s with hash %q, want sha256:… over what was received", a.Outcome, a.Hash)
		}
	}
	c, _ := catalog.Get(f.Category)
	for i, r := range a.Records {
		if len(r) == 0 {
			t.Errorf("record %d is empty", i)
		}
		for _, fault := range c.Check(r) {
			t.Errorf("record %d: %v", i, fault)
		}
	}
	f.discreet(t, string(a.Reason)+a.Query)
}

// discreet checks that a text for operators holds nobody's number or name.
func (f Fixture) discreet(t *testing.T, text string) {
	t.Helper()
	for _, p := range []*source.Person{&f.Known, &f.Unknown, f.Outside, f.Doubt, f.Later} {
		if p == nil {
			continue
		}
		short, _ := p.ID.Short()
		for _, secret := range []string{p.ID.Reveal(), short, p.Name} {
			if secret != "" && strings.Contains(text, secret) {
				t.Error("a text for operators holds an identity number or a name")
			}
		}
	}
}

// one asks a single query and checks its outcome.
func (f Fixture) one(t *testing.T, p source.Person, want source.Outcome) source.Answer {
	t.Helper()
	a := f.ask(t, f.New(t), f.query(t, p, "Q-1"))[0]
	if a.Outcome != want {
		t.Fatalf("got %s (%s), want %s", a.Outcome, a.Reason, want)
	}
	return a
}

func (f Fixture) calls() int {
	if f.Calls == nil {
		return 0
	}
	return f.Calls()
}

// brief tells answers apart without their times.
func brief(a source.Answer) string {
	var records []string
	for _, r := range a.Records {
		records = append(records, catalog.RowsText([]catalog.Record{r}))
	}
	slices.Sort(records)
	return fmt.Sprint(a.Outcome, a.Match, a.Reason, records)
}

// within runs ask and fails if it takes longer than prompt.
func within(ctx context.Context, t *testing.T, s source.Source, queries []source.Query) ([]source.Answer, error) {
	t.Helper()
	type outcome struct {
		answers []source.Answer
		err     error
	}
	done := make(chan outcome, 1)
	go func() {
		answers, err := s.Ask(ctx, queries)
		done <- outcome{answers, err}
	}()
	select {
	case o := <-done:
		return o.answers, o.err
	case <-time.After(prompt):
		t.Fatalf("Ask did not return within %v after its context was done", prompt)
		return nil, nil
	}
}
