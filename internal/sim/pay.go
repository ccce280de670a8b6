package sim

import (
	"hedui/day"
	"hedui/money"
)

// Figures of the simulated city. They are near those of Zhejiang in the middle of
// the 2020s, and no source of law.
const (
	baseFloor   = 4986  // yuan; least contribution base
	baseCap     = 24930 // yuan; greatest
	allowance   = 5000  // yuan a month free of income tax
	centralPart = 143   // yuan a month, central part of the residents' pension
	benefit     = 2120  // yuan a month of unemployment benefit
)

// pay is what person i earned in a month. Tax, insurance and fund all follow
// from it, so that the registers agree.
func (c *City) pay(i int32, month day.Day) money.Fen {
	p := &c.people[i]
	full := money.Of(int64(p.wage))
	if int(i) < len(fixtures) {
		return full
	}
	m := uint64(month.Year()*12 + int(month.Month())) //nolint:gosec // positive
	percent := 97 + c.draw(i, saltWage+m%4096).Int64N(7)
	return full.MulDiv(percent, 100)
}

// earning reports whether the person is paid by a firm.
func (p *person) earning() bool {
	return p.alive() && (p.work == employee || p.work == owner) && p.employer != none
}

// base is the contribution base of the year: the agreed wage between floor and cap.
func (p *person) base() money.Fen {
	return money.Of(min(max(int64(p.wage), baseFloor), baseCap))
}

// taxable and tax of a month's pay, after own contributions and the allowance.
func (c *City) incomeTax(i int32, pay money.Fen) (taxable, tax money.Fen) {
	p := &c.people[i]
	taxable = pay - money.Of(allowance) - p.base().MulDiv(105, 1000)
	if rate := c.fundRate(i); rate > 0 {
		taxable -= money.Of(int64(p.wage)).MulDiv(rate, 100)
	}
	taxable = max(taxable, 0)
	for _, step := range []struct{ above, percent, less int64 }{
		{35000, 30, 4410}, {25000, 25, 2660}, {12000, 20, 1410}, {3000, 10, 210}, {0, 3, 0},
	} {
		if taxable > money.Of(step.above) {
			return taxable, taxable.MulDiv(step.percent, 100) - money.Of(step.less)
		}
	}
	return 0, 0
}

// fundRate is the percentage that person and firm each pay into the housing fund,
// 0 where the firm does not take part.
func (c *City) fundRate(i int32) int64 {
	p := &c.people[i]
	if !p.earning() {
		return 0
	}
	f := &c.firms[p.employer]
	switch {
	case f.kind == public:
		return 12
	case int(p.employer) < len(fixedFirms):
		return 8
	case c.draw(p.employer, saltFund).IntN(100) < 30:
		return 0
	}
	return 5 + c.draw(p.employer, saltFund+1000).Int64N(6)
}
