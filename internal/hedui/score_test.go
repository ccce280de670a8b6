package hedui

import (
	"testing"
	"time"
)

func TestScorecard(t *testing.T) {
	period := Period{From: "2026-10", Until: "2026-11"}
	cells := []ScoreCell{
		{Month: "2026-10", Answered: true, InTime: true, None: true, Dated: true, Hours: 2, N: 30},
		{Month: "2026-10", Answered: true, InTime: true, Dated: true, Stale: true, Hours: 20, N: 10},
		{Month: "2026-10", Answered: true, Doubt: true, Hours: 90, N: 10},
		{Month: "2026-10", Returned: true, N: 10},
		{Month: "2026-10", Open: true, Late: true, N: 8},
		{Month: "2026-10", Asked: 12, Settled: 6},
		{Month: "2026-11", Answered: true, InTime: true, Hours: 1, N: 3},
		{Month: "2026-11", Open: true, N: 6},
	}
	card := MakeScorecard(cells, period, 1)
	oct, whole := card.Months[0], card.Whole
	if oct.Asked != Exact(68) || oct.Answered != Exact(50) || oct.InTime != Exact(40) || oct.Returned != Exact(10) || oct.None != Exact(30) || oct.Doubt != Exact(10) ||
		oct.Dated != Exact(40) || oct.Stale != Exact(10) || oct.Corrected != Exact(12) || oct.Settled != Exact(6) || oct.Median != 2 || oct.P95 != 90 {
		t.Errorf("October: %+v", oct)
	}
	if whole.Asked != Exact(77) || whole.Answered != Exact(53) || whole.Median != 2 || card.Open != Exact(14) || card.Late != Exact(8) {
		t.Errorf("both: %+v, open %v, late %v", whole, card.Open, card.Late)
	}
	card = MakeScorecard(cells, period, 5)
	nov := card.Months[1]
	if nov.Asked != Exact(9) || nov.Answered.Exact() || nov.InTime.Exact() || nov.Median != 0 {
		t.Errorf("few are shown: %+v", nov)
	}
	if got := card.Whole; got.Answered.Exact() || got.Answered.Lo < 50 || got.Answered.Hi < 53 || got.Median != 2 {
		t.Errorf("the sum tells what the months do not: %+v", got)
	}
	list := []SourcePromise{{Since: time.Unix(100, 0), Within: "3wd"}, {Since: time.Unix(200, 0), Within: "5wd"}}
	for at, want := range map[int64]string{50: "", 100: "3wd", 199: "3wd", 200: "5wd", 900: "5wd"} {
		if p, ok := PromiseAt(list, time.Unix(at, 0)); p.Within != want || ok != (want != "") {
			t.Errorf("at %d: %q, want %q", at, p.Within, want)
		}
	}
}
