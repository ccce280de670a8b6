package main

import (
	"strings"
	"testing"
)

func TestMatchingReachesWhatThePageSays(t *testing.T) {
	scores, _, err := scoreMatchers(30_000, 20_000)
	if err != nil {
		t.Fatal(err)
	}
	ours := scores[0].all()
	if ours.pairs != 30_000 || ours.ours < 20_000 || ours.pairs-ours.ours < 3000 {
		t.Fatalf("%d pairs, %d own: the measurement is not what it says", ours.pairs, ours.ours)
	}
	if p := ours.precision(); p < 0.999 {
		t.Errorf("precision %.5f, want 0.999", p)
	}
	if r, all := scores[0].flawed().recall(), ours.recall(); r < 0.995 || all < 0.995 {
		t.Errorf("recall %.5f, of flawed entries %.5f, want 0.995", all, r)
	}
	if s := ours.silent(); s < 0.98 {
		t.Errorf("silent recall %.5f, want 0.98: doubts are no answer", s)
	}
	// what is worse must be seen to be worse
	texts, number, name := scores[1].all(), scores[2].all(), scores[3].all()
	if texts.recall() > 0.9 || number.precision() > 0.96 || name.precision() > 0.98 {
		t.Errorf("comparing texts scores %.3f recall, numbers %.3f and names %.3f precision: the pairs are too easy", texts.recall(), number.precision(), name.precision())
	}
}

func TestMatchingIsPrintedByKind(t *testing.T) {
	scores, indistinct, err := scoreMatchers(5000, 5000)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	printScores(&b, 5000, scores)
	for _, want := range []string{"Hedui", "number and name, as texts", "clean", "dot_variant", "another name under the number", "told apart"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if indistinct >= 5000 {
		t.Errorf("%d persons are indistinct", indistinct)
	}
}

func TestDirtyRegistersAreHeardThroughTheirFiles(t *testing.T) {
	all, err := hear(t.Context(), 1500, 150)
	if err != nil {
		t.Fatal(err)
	}
	found, doubted := 0, 0
	for _, h := range all {
		if h.taken != 0 {
			t.Errorf("%s: %d entries of other persons are found", h.category, h.taken)
		}
		if h.found+h.doubt+h.none+h.failed+h.gone != h.held {
			t.Errorf("%s: the outcomes do not add up to %d", h.category, h.held)
		}
		found, doubted = found+h.found, doubted+h.doubt
	}
	if len(all) < 12 || found == 0 || doubted == 0 {
		t.Errorf("%d registers, %d found, %d in doubt; nothing is heard", len(all), found, doubted)
	}
}
