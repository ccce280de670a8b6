package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"hedui/idcard"
	"hedui/internal/sim"
)

// matchPopulation is the size of the city whose registers are read.
const matchPopulation = 200_000

// heardPersons is how many persons every register is asked about.
const heardPersons = 4000

// A matcher says what becomes of one entry: is it the person's, is it in doubt, or
// is it somebody else's.
type matcher struct {
	name  string
	judge func(idcard.Entry, asked) (ours, doubt bool)
}

// asked is the person as the consent has it.
type asked struct {
	name   string
	number idcard.Number
}

// matchers are ours and what a user would write instead.
var matchers = []matcher{
	{"Hedui", func(e idcard.Entry, a asked) (bool, bool) {
		v := e.Judge(a.name, a.number)
		return v.Grade != 0, v.Doubt != 0
	}},
	{"number and name, as texts", func(e idcard.Entry, a asked) (bool, bool) {
		if e.Number == "" {
			return e.Birth == a.number.Birth() && e.Name == a.name, false
		}
		return e.Number == a.number.Reveal() && e.Name == a.name, false
	}},
	{"number alone, as text", func(e idcard.Entry, a asked) (bool, bool) { return e.Number == a.number.Reveal(), false }},
	{"name alone, as text", func(e idcard.Entry, a asked) (bool, bool) { return e.Name == a.name, false }},
}

// A tally counts what one matcher made of pairs of one kind.
type tally struct {
	pairs, ours              int // all; those that are the person's in truth
	found, doubted           int // of the person's
	wrong, wrongDoubt, right int // of others': taken for the person's, in doubt, told apart
}

func (t *tally) add(o tally) {
	t.pairs, t.ours, t.found, t.doubted = t.pairs+o.pairs, t.ours+o.ours, t.found+o.found, t.doubted+o.doubted
	t.wrong, t.wrongDoubt, t.right = t.wrong+o.wrong, t.wrongDoubt+o.wrongDoubt, t.right+o.right
}

// precision is the share of the person's own among what was taken for it; 1 where
// nothing was taken.
func (t tally) precision() float64 { return share(t.found, t.found+t.wrong) }

// recall counts a doubt as noticed, since an officer looks; silent does not.
func (t tally) recall() float64 { return share(t.found+t.doubted, t.ours) }
func (t tally) silent() float64 { return share(t.found, t.ours) }

func share(part, all int) float64 {
	if all == 0 {
		return 1
	}
	return float64(part) / float64(all)
}

// A score is what one matcher made of all pairs, by what was done to them.
type score map[string]*tally

func (s score) of(kind string) *tally {
	if s[kind] == nil {
		s[kind] = &tally{}
	}
	return s[kind]
}

func (s score) all() tally {
	var sum tally
	for _, t := range s {
		sum.add(*t)
	}
	return sum
}

// flawed is the sum without the entries that are spelt as the consent is.
func (s score) flawed() tally {
	var sum tally
	for kind, t := range s {
		if kind != clean {
			sum.add(*t)
		}
	}
	return sum
}

// match scores the matchers on n pairs of a person and an entry of a register.
func (b *benchCommand) match(ctx context.Context, s streams) error {
	scores, indistinct, err := scoreMatchers(b.Pairs, matchPopulation)
	if err != nil {
		return err
	}
	printScores(s.out, b.Pairs, scores)
	fmt.Fprintf(s.out, "\n%d persons of the city have a namesake of the same birthday and sex; without a number nothing tells these apart\n", indistinct)
	heard, err := hear(ctx, 4*heardPersons, heardPersons)
	if err != nil {
		return err
	}
	printHearings(s.out, heard)
	return nil
}

// scoreMatchers gives every matcher the same pairs, and counts the persons whom only
// a number tells apart.
func scoreMatchers(n, population int) (scores []score, indistinct int, err error) {
	city, err := sim.NewCity(sim.Options{Population: population, Seed: 1, Dirt: sim.UsualDirt()})
	if err != nil {
		return nil, 0, err
	}
	scores = make([]score, len(matchers))
	for i := range scores {
		scores[i] = score{}
	}
	drawn := newPairing(city)
	for p := range drawn.pairs(n) {
		for i, m := range matchers {
			ours, doubt := m.judge(p.entry, p.asked)
			t := scores[i].of(p.kind)
			t.pairs++
			switch {
			case p.ours && ours:
				t.found++
			case p.ours && doubt:
				t.doubted++
			case ours:
				t.wrong++
			case doubt && !p.ours:
				t.wrongDoubt++
			case !p.ours:
				t.right++
			}
			if p.ours {
				t.ours++
			}
		}
	}
	return scores, drawn.indistinct(), nil
}

func printScores(w io.Writer, n int, scores []score) {
	fmt.Fprintf(w, "%d pairs of a consent's person and a register's entry, from a city of %d\n", n, matchPopulation)
	for _, part := range []struct {
		title string
		of    func(score) tally
	}{{"all pairs", score.all}, {"without clean entries", score.flawed}} {
		fmt.Fprintf(w, "\n%-28s %9s %9s %9s %9s %9s %9s %9s %9s\n", part.title, "precision", "recall", "silent", "own", "missed", "in doubt", "wrong", "doubted")
		for i, m := range matchers {
			t := part.of(scores[i])
			fmt.Fprintf(w, "%-28s %9.5f %9.5f %9.5f %9d %9d %9d %9d %9d\n", m.name, t.precision(), t.recall(), t.silent(),
				t.ours, t.ours-t.found-t.doubted, t.doubted, t.wrong, t.wrongDoubt)
		}
	}
	printKinds(w, scores)
}

// printKinds shows what was made of each kind of pair, beside the comparison of texts.
func printKinds(w io.Writer, scores []score) {
	for _, ours := range []bool{true, false} {
		title, columns := "entries of other persons", []string{"pairs", "told apart", "in doubt", "wrong"}
		if ours {
			title, columns = "the person's own entries", []string{"pairs", "found", "in doubt", "missed"}
		}
		fmt.Fprintf(w, "\n%-42s %9s %11s %9s %9s   %s by texts\n", title, columns[0], columns[1], columns[2], columns[3], columns[3])
		for _, kind := range slices.Sorted(maps.Keys(scores[0])) {
			t, plain := scores[0][kind], scores[1][kind]
			switch {
			case ours && t.ours > 0:
				fmt.Fprintf(w, "%-42s %9d %11d %9d %9d   %d\n", kind, t.ours, t.found, t.doubted, t.ours-t.found-t.doubted, plain.ours-plain.found)
			case !ours && t.pairs > t.ours:
				fmt.Fprintf(w, "%-42s %9d %11d %9d %9d   %d\n", kind, t.pairs-t.ours, t.right, t.wrongDoubt, t.wrong, plain.wrong)
			}
		}
	}
}
