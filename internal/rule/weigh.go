package rule

import "hedui/money"

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
	var order [][]fact
	at := map[string]int{}
	for _, f := range facts {
		i, known := at[f.thing]
		if f.thing == "" || !known {
			i = len(order)
			order = append(order, nil)
			at[f.thing] = i
		}
		order[i] = append(order[i], f)
	}
	for _, same := range order {
		worth := worthOf(same)
		w.sum += worth
		w.things++
		w.missing = w.missing || worth == 0
	}
	return w
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
