package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/source"
)

func describes(t *testing.T, f Fixture) {
	s := f.New(t)
	info := s.Info()
	if info.Name == "" || info.Department == "" {
		t.Errorf("name %q and department %q must both be there", info.Name, info.Department)
	}
	if !slices.Contains(info.Categories, f.Category) {
		t.Errorf("categories %v do not hold %s", info.Categories, f.Category)
	}
	if len(info.Categories) > 0 {
		info.Categories[0] = "changed" // by a careless caller
	}
	if again := s.Info(); !slices.Contains(again.Categories, f.Category) {
		t.Error("a caller can change the source's categories")
	}
	if a, b := s.Info(), s.Info(); !reflect.DeepEqual(a, b) {
		t.Errorf("described as %+v and then as %+v", a, b)
	}
}

func known(t *testing.T, f Fixture) {
	a := f.one(t, f.Known, source.Found)
	switch a.Match {
	case source.MatchIDName, source.MatchID, source.MatchID15, source.MatchNameBirth:
	default:
		t.Errorf("match %q is none of the grades", a.Match)
	}
}

func unknown(t *testing.T, f Fixture) { f.one(t, f.Unknown, source.None) }

func outside(t *testing.T, f Fixture) { f.one(t, *f.Outside, source.NotCovered) }

func doubt(t *testing.T, f Fixture) { f.one(t, *f.Doubt, source.IdentityDoubt) }

func postponed(t *testing.T, f Fixture) {
	s, q := f.New(t), f.query(t, *f.Later, "Q-1")
	answers, err := s.Ask(t.Context(), []source.Query{q})
	if err != nil {
		t.Fatal(err)
	}
	if answers[0].Later == nil {
		t.Fatalf("got %s at once, want an answer for later", answers[0].Outcome)
	}
	if answers[0].Later.After <= 0 {
		t.Errorf("come back after %v, want some time", answers[0].Later.After)
	}
	if a := f.settle(t, s, q, answers[0]); a.Outcome != source.Found {
		t.Errorf("fetched %s (%s), want found", a.Outcome, a.Reason)
	}
}

func mandates(t *testing.T, f Fixture) {
	elsewhere := catalog.Vehicle
	if f.Category == elsewhere {
		elsewhere = catalog.Housing
	}
	h := func(hours int) time.Time { return f.At.Add(time.Duration(hours) * time.Hour) }
	tests := []struct {
		name  string
		query source.Query
	}{
		{"the zero query", source.Query{}},
		{"an expired mandate", f.mint(t, f.Known, "Q-1", f.Category, h(-48), h(-24), h(-36))},
		{"a mandate that ends this instant", f.mint(t, f.Known, "Q-1", f.Category, h(-48), f.At, h(-36))},
		{"a mandate not live yet", f.mint(t, f.Known, "Q-1", f.Category, h(24), h(48), h(36))},
		{"a category of another source", f.mint(t, f.Known, "Q-1", elsewhere, h(-1), h(24), f.At)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := f.New(t)
			before := f.calls()
			answers, err := s.Ask(t.Context(), []source.Query{tt.query})
			if err != nil {
				t.Fatalf("got error %v, want an answer that refuses", err)
			}
			if len(answers) != 1 || answers[0].Outcome != source.Refused || answers[0].Reason != source.ReasonMandate {
				t.Errorf("got %v, want one refused with reason mandate", answers)
			}
			if n := f.calls() - before; n != 0 {
				t.Errorf("the department was called %d times", n)
			}
		})
	}
}

func order(t *testing.T, f Fixture) {
	s := f.New(t)
	if s.Info().Limits.WithDefaults().Batch < 2 {
		t.Skip("the source takes one person a call")
	}
	for _, people := range [][]source.Person{{f.Known, f.Unknown}, {f.Unknown, f.Known}, {f.Known, f.Known}} {
		var queries []source.Query
		var want []source.Outcome
		for i, p := range people {
			queries = append(queries, f.query(t, p, fmt.Sprintf("Q-%d", i)))
			if p == f.Known {
				want = append(want, source.Found)
			} else {
				want = append(want, source.None)
			}
		}
		for i, a := range f.ask(t, s, queries...) {
			if a.Outcome != want[i] {
				t.Errorf("answer %d: got %s (%s), want %s", i, a.Outcome, a.Reason, want[i])
			}
		}
	}
}

func again(t *testing.T, f Fixture) {
	s := f.New(t)
	q := f.query(t, f.Known, "Q-1")
	first, second := f.ask(t, s, q)[0], f.ask(t, s, q)[0]
	if brief(first) != brief(second) {
		t.Error("the same query was answered differently the second time")
	}
}

func beside(t *testing.T, f Fixture) {
	s := f.New(t)
	queries := make([]source.Query, 8)
	want := make([]source.Outcome, len(queries))
	for i := range queries {
		p := f.Known
		want[i] = source.Found
		if i%2 == 1 {
			p, want[i] = f.Unknown, source.None
		}
		queries[i] = f.query(t, p, fmt.Sprintf("Q-%d", i))
	}
	var wg sync.WaitGroup
	for i, q := range queries {
		wg.Go(func() {
			answers, err := s.Ask(t.Context(), []source.Query{q})
			if err != nil || len(answers) != 1 || answers[0].Query != q.ID() {
				t.Errorf("query %d: %d answers, error %v", i, len(answers), err)
				return
			}
			if a := answers[0]; a.Later == nil && a.Outcome != want[i] {
				t.Errorf("query %d: got %s (%s), want %s", i, a.Outcome, a.Reason, want[i])
			}
		})
	}
	wg.Wait()
}

func cancelled(t *testing.T, f Fixture) {
	s := f.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	answers, err := within(ctx, t, s, []source.Query{f.query(t, f.Known, "Q-1")})
	f.gaveUp(t, answers, err)
}

func slow(t *testing.T, f Fixture) {
	s := f.Slow(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	answers, err := within(ctx, t, s, []source.Query{f.query(t, f.Known, "Q-1")})
	f.gaveUp(t, answers, err)
}

// gaveUp checks that nothing is claimed about a person nobody looked up.
func (f Fixture) gaveUp(t *testing.T, answers []source.Answer, err error) {
	t.Helper()
	if err != nil {
		f.discreet(t, err.Error())
		return
	}
	for _, a := range answers {
		if a.Outcome != source.Failed {
			t.Errorf("got %s though the context was done, want an error or failed", a.Outcome)
		}
	}
}

func down(t *testing.T, f Fixture) {
	answers, err := f.Down(t).Ask(t.Context(), []source.Query{f.query(t, f.Known, "Q-1")})
	var u *source.Unavailable
	if !errors.As(err, &u) {
		t.Fatalf("got %d answers and error %v, want *source.Unavailable", len(answers), err)
	}
	if len(answers) != 0 {
		t.Errorf("got %d answers beside the error", len(answers))
	}
	if u.Reason == "" || u.Err == nil {
		t.Errorf("reason %q and cause %v: both must be there", u.Reason, u.Err)
	}
	f.discreet(t, err.Error())
}
