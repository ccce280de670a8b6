package sim

import (
	"fmt"
	"math/big"
	"strconv"

	"hedui/day"
	"hedui/money"
)

// A Holding is one thing that a person owns, or one income, in truth: whatever the
// registers make of it, under whatever spelling.
type Holding struct {
	Class  string    // vehicle, house, land, housing_fund, business, or of an income wage, transfer
	Income bool      // an income, not property
	Value  money.Fen // the person's part, or of an income a month on average of the last twelve; 0 where nobody has put a figure on it
}

// Holdings are what person i, 0 ≤ i < Size, owns and earns as far as some register
// of the city is kept on such things, so that a detection can be scored. A home
// that was never registered, or work that nobody declares, is not in it.
func (c *City) Holdings(i int) []Holding {
	at := int32(i) //nolint:gosec // below Size
	p := &c.people[at]
	if !p.alive() {
		return nil
	}
	var all []Holding
	if p.vehicle != noVehicle {
		price, _ := money.Parse(fmt.Sprint(c.vehicleRow(at)["gcjg"])) // a price of ours
		all = append(all, Holding{Class: "vehicle", Value: price})
	}
	for _, row := range c.houseRows(at) {
		all = append(all, Holding{Class: "house", Value: c.partOf(row)})
	}
	for range c.landRows(at) {
		all = append(all, Holding{Class: "land"})
	}
	if row := c.fundRow(at); row != nil {
		if balance, err := strconv.ParseInt(fmt.Sprint(row["ye"]), 10, 64); err == nil && balance > 0 {
			all = append(all, Holding{Class: "housing_fund", Value: money.Fen(balance)})
		}
	}
	if p.owns != none && c.firms[p.owns].status != cancelled {
		h := Holding{Class: "business"}
		if f := &c.firms[p.owns]; f.kind != soleTrader {
			h.Value = money.Of(int64(f.capital)).MulDiv(int64(c.share(at)), 100)
		}
		all = append(all, h)
	}
	return append(all, c.incomes(at)...)
}

// partOf is a person's part of a flat at its assessed value, which the row has in 万元.
func (c *City) partOf(row object) money.Fen {
	value, _ := new(big.Rat).SetString(fmt.Sprint(row["djjz"])) // a decimal of ours
	if share, ok := new(big.Rat).SetString(fmt.Sprint(row["bl"])); ok {
		value.Mul(value, share)
	}
	fen := value.Mul(value, big.NewRat(1_000_000, 1))
	return money.Fen(new(big.Int).Quo(fen.Num(), fen.Denom()).Int64())
}

// incomes are the monthly averages of the last twelve months.
func (c *City) incomes(i int32) []Holding {
	p := &c.people[i]
	switch {
	case p.earning():
		var sum money.Fen
		for n := range 12 {
			if month := monthStart(c.today(), -1-n); !month.Before(monthStart(p.since, 0)) {
				sum += c.pay(i, month)
			}
		}
		if sum == 0 {
			return nil // began this month
		}
		return []Holding{{"wage", true, sum.MulDiv(1, 12)}}
	case p.work == retired:
		return []Holding{{"transfer", true, money.Of(int64(p.wage))}}
	case p.work == resident && int64(p.wage) > centralPart:
		return []Holding{{"transfer", true, money.Of(int64(p.wage) - centralPart)}}
	case p.work == jobless && c.draw(i, saltJob).IntN(2) == 0:
		return []Holding{{"transfer", true, money.Of(benefit)}}
	}
	return nil
}

// Adult reports whether person i is alive and of age on a day.
func (c *City) Adult(i int, on day.Day) bool {
	p := &c.people[i]
	return p.alive() && p.age(on) >= 18
}
