package rule

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"hedui/internal/hedui"
)

// moves are what households of a county do at one line: they stay beyond it, cross
// it newly, fall behind it, or never were there.
type moves struct{ stay, newly, gone, never int }

func (k moves) worked() int { return k.stay + k.newly + k.gone + k.never }

func tallyOf(counties []moves) *Tally {
	t := &Tally{worked: map[placed]int{}, lines: map[lined]*line{}}
	for i, k := range counties {
		p := placed{hedui.Dibao, fmt.Sprintf("33020%d", i+1)}
		t.worked[p] = k.worked()
		t.lines[lined{p, "lines.income"}] = &line{before: k.stay + k.gone, after: k.stay + k.newly, newly: k.newly}
	}
	return t
}

// lay prints a table as the test cases have it: households, then before, after,
// newly and no longer of each county, and the sums behind a bar.
func lay(t Table) string {
	var out []string
	p := t.Programmes[0]
	cells := func(c Crossing) string {
		return fmt.Sprint(c.Before, " ", c.After, " ", c.Newly, " ", c.NoLonger)
	}
	for i, c := range p.Lines[0].Counties {
		out = append(out, fmt.Sprint(p.Households[i].Households, ": ", cells(c)))
	}
	text := strings.Join(out, "; ")
	if p.Lines[0].All != nil {
		text += " | " + string(p.All) + ": " + cells(*p.Lines[0].All)
	}
	return text
}

func TestSmallCountsAreNotShown(t *testing.T) {
	for _, c := range []struct {
		name     string
		counties []moves
		want     string
	}{
		{"large counts are shown", []moves{{40, 10, 5, 60}, {20, 0, 0, 30}}, "115: 45 50 10 5; 50: 20 20 0 0 | 165: 65 70 10 5"},
		{"nothing is shown as nothing", []moves{{0, 0, 0, 60}}, "60: 0 0 0 0"},
		{"a small count takes its row along, or the row tells it", []moves{{40, 3, 0, 60}}, "103: … … <5 …"},
		{"four is small, five is not", []moves{{40, 4, 0, 60}, {40, 5, 0, 60}, {50, 30, 0, 70}}, "104: … … <5 …; 105: 40 45 5 0; 150: … … … … | 359: 130 169 39 0"},
		{"the sum would tell it, so another row is hidden, the smallest that is large enough", []moves{{40, 3, 0, 60}, {40, 20, 0, 60}, {50, 30, 0, 70}},
			"103: … … <5 …; 120: … … … …; 150: 50 80 30 0 | 373: 130 183 53 0"},
		{"no other row is large enough, so the sum is hidden", []moves{{40, 3, 0, 60}, {40, 6, 0, 60}}, "103: … … <5 …; 106: 40 46 6 0 | 209: … … … …"},
		{"a sum that is small", []moves{{40, 3, 0, 60}, {40, 0, 0, 60}}, "103: … … <5 …; 100: 40 40 0 0 | 203: … … … …"},
		{"few who are not beyond the line are few as well", []moves{{40, 10, 0, 3}}, "53: … … … …"},
		{"a county of few households", []moves{{3, 0, 0, 0}, {40, 10, 10, 30}, {50, 20, 20, 40}}, "<5: … … … …; …: … … … …; 130: 70 70 20 20 | 223: 123 123 30 30"},
	} {
		if got := lay(tallyOf(c.counties).Table(5)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// A small count is hidden in truth only if another table, with another number in its
// place, would be shown alike. Such a table is looked for by moving a few households
// within a county, or between two whose numbers are both hidden.
func TestNoSmallCountFollowsFromTheOthers(t *testing.T) {
	const least = 3
	r := rand.New(rand.NewPCG(1, 2))
	hidden := 0
	for range 1500 {
		counties := make([]moves, 1+r.IntN(4))
		for i := range counties {
			one := func() int {
				if r.IntN(3) == 0 {
					return 0
				}
				return r.IntN([]int{4, 9, 20}[r.IntN(3)])
			}
			counties[i] = moves{one(), one(), one(), one()}
		}
		shown := lay(tallyOf(counties).Table(least))
		for i, k := range counties {
			l := line{before: k.stay + k.gone, after: k.stay + k.newly, newly: k.newly}
			for c, n := range l.row(k.worked()) {
				if !tooSmall(n, least) {
					continue
				}
				hidden++
				if !another(counties, i, c, n, shown, least) {
					t.Fatalf("column %d of county %d follows from what is shown\n%+v\n%s", c, i+1, counties, shown)
				}
			}
		}
	}
	if hidden < 500 {
		t.Errorf("only %d small counts were looked at", hidden)
	}
}

// another looks for a table that may be the one that is shown and has another number
// in a column of a county.
func another(counties []moves, i, c, n int, shown string, least int) bool {
	for d := range 625 {
		move := moves{d%5 - 2, d/5%5 - 2, d/25%5 - 2, d/125 - 2}
		for j := range counties {
			other := append([]moves(nil), counties...)
			other[i] = plusMoves(other[i], move, 1)
			if j != i {
				other[j] = plusMoves(other[j], move, -1)
			}
			k := other[i]
			l := line{before: k.stay + k.gone, after: k.stay + k.newly, newly: k.newly}
			if l.row(k.worked())[c] != n && fits(other, shown, least) {
				return true
			}
		}
	}
	return false
}

func plusMoves(k, m moves, sign int) moves {
	return moves{k.stay + sign*m.stay, k.newly + sign*m.newly, k.gone + sign*m.gone, k.never + sign*m.never}
}

// fits reports whether a table may be the one that is shown.
func fits(counties []moves, shown string, least int) bool {
	var sum moves
	rows := make([]string, len(counties))
	text := func(k moves) string {
		return fmt.Sprintf("%d: %d %d %d %d", k.worked(), k.stay+k.gone, k.stay+k.newly, k.newly, k.gone)
	}
	for i, k := range counties {
		if min(k.stay, k.newly, k.gone, k.never) < 0 {
			return false
		}
		rows[i] = text(k)
		sum = plusMoves(sum, k, 1)
	}
	mine := strings.Join(rows, "; ")
	if len(counties) > 1 {
		mine += " | " + text(sum)
	}
	want, got := strings.Fields(shown), strings.Fields(mine)
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		number := strings.TrimRight(got[i], ";:")
		switch strings.TrimRight(want[i], ";:") {
		case string(withheld):
		case fmt.Sprintf("<%d", least):
			if n := len(number); n != 1 || number == "0" || number >= fmt.Sprint(least) {
				return false
			}
		default:
			if want[i] != got[i] {
				return false
			}
		}
	}
	return true
}
