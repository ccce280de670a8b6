package rule

import (
	"hedui/day"
	"hedui/money"
	"hedui/source"
)

// A series is an amount that a register states month by month.
type series struct {
	first   entry // record that began it
	months  map[day.Day]money.Fen
	current money.Fen // of records that name no month
}

func newSeries() *series { return &series{months: map[day.Day]money.Fen{}} }

// add puts an amount to those of the same month.
func (x *series) add(r entry, amount money.Fen) {
	x.put(r, func(before money.Fen) money.Fen { return before + amount })
}

// most keeps the largest amount of a month.
func (x *series) most(r entry, amount money.Fen) {
	x.put(r, func(before money.Fen) money.Fen { return max(before, amount) })
}

func (x *series) put(r entry, join func(money.Fen) money.Fen) {
	if x.first.query == nil {
		x.first = r
	}
	if m, ok := r.Month("month"); ok {
		x.months[m] = join(x.months[m])
		return
	}
	x.current = join(x.current)
}

// within sums the months inside a window and counts them.
func (x *series) within(w source.Window) (sum money.Fen, months int) {
	for m, amount := range x.months {
		if !m.Before(w.From) && !m.After(w.To) {
			sum, months = sum+amount, months+1
		}
	}
	return sum, months
}

// after is the amount of the newest month after a window.
func (x *series) after(w source.Window) money.Fen {
	newest := w.To
	for m := range x.months {
		newest = latest(newest, m)
	}
	return x.months[newest]
}
