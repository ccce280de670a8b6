package rule

import (
	"maps"
	"slices"

	"hedui/money"
)

// A weight is what the property records of a household come to.
type weight struct {
	sum     money.Fen
	things  int
	missing bool // some thing has no amount
}

// weigh adds up property so that each thing counts once, in however many records
// and names it stands. Stated parts are added up, to the whole at most; joint
// ownership without parts counts as the whole, once.
func weigh(facts []fact) weight {
	var w weight
	for _, same := range sameThings(facts) {
		worth := worthOf(same)
		w.sum += worth
		w.things++
		w.missing = w.missing || worth == 0
	}
	return w
}

// sameThings puts together the facts of one category that are of one thing.
func sameThings(facts []fact) [][]fact {
	var order [][]fact
	for _, f := range facts {
		i := slices.IndexFunc(order, func(of []fact) bool { return slices.ContainsFunc(of, f.sameThing) })
		if i < 0 {
			i = len(order)
			order = append(order, nil)
		}
		order[i] = append(order[i], f)
	}
	return order
}

// sameThing reports whether two records of one category are of one thing: by the
// best number that both state. Where they share none, only the same record in two
// registers is one thing.
func (f fact) sameThing(g fact) bool {
	for i, id := range f.ids {
		if id != "" && g.ids[i] != "" {
			return id == g.ids[i]
		}
	}
	return f.person == g.person && f.from.query != g.from.query && maps.Equal(f.from.Record, g.from.Record)
}

// worthOf is the household's part of one thing.
func worthOf(records []fact) money.Fen {
	parts := map[int]money.Fen{} // a person's record may be repeated
	most, whole, stated := money.Fen(0), money.Fen(0), true
	for _, r := range records {
		parts[r.person] = max(parts[r.person], r.Amount)
		most, whole, stated = max(most, r.Amount), max(whole, r.whole), stated && r.part
	}
	if !stated {
		return most
	}
	sum := money.Fen(0)
	for _, p := range parts {
		sum += p
	}
	if whole > 0 {
		return min(sum, whole)
	}
	return sum
}
