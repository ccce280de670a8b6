package sim

import (
	"strconv"

	"hedui/day"
	"hedui/money"
)

// localTax is the local tax bureau: a front-end database (前置库) that is filled
// anew each night. Columns are called by the first letters of their names, days
// and amounts are texts, kinds are its own numbers, and rows that were taken over
// from older books hold 15-digit identity numbers.
func localTax() department {
	return department{
		id: "local_tax", routes: []route{{category: "local_tax"}},
		front: &register{
			name: "grss", key: "zjhm", lacks: "skssqz",
			columns: []column{
				{"zjhm", asText}, {"xh", asCount}, {"nsrmc", asText}, {"nsrlx", asText}, {"zspm", asText}, {"skssqq", asText}, {"skssqz", asText},
				{"sre", asText}, {"mssr", asText}, {"ynssde", asText}, {"sjje", asText}, {"rkrq", asText}, {"kjdwmc", asText},
				{"qymc", asText}, {"qysbh", asText}, {"qynsze", asText}, {"tzbl", asText},
			},
			rows: func(c *City, i int32, from string) []object { return c.localTaxRows(i, from, "") },
		},
	}
}

// The bureau's own numbers.
const (
	asPerson, asLegal, asInvestor, asTrader = "01", "02", "03", "04"
	onWage, onBusiness, onCompany, onOther  = "0101", "0201", "0301", "9900"
)

func (c *City) localTaxRows(i int32, from, to string) []object {
	p := &c.people[i]
	var rows []object
	if p.earning() {
		for _, m := range c.months(from, to, p.since) {
			rows = append(rows, c.wageTaxRow(i, m))
		}
	}
	if p.owns != none && c.firms[p.owns].local() && c.firms[p.owns].status == active {
		rows = append(rows, c.firmTaxRows(i, c.months(from, to, c.firms[p.owns].founded))...)
	}
	for n, row := range rows {
		row["xh"] = n + 1
	}
	return rows
}

func (c *City) wageTaxRow(i int32, month day.Day) object {
	pay := c.pay(i, month)
	taxable, tax := c.incomeTax(i, pay)
	row := c.taxRow(i, asPerson, onWage, month, monthStart(month, 1).Add(-1), tax)
	row["sre"], row["ynssde"], row["mssr"] = pay.Grouped(), taxable.Grouped(), "-"
	row["kjdwmc"] = c.firmName(c.people[i].employer)
	return row
}

func (c *City) taxRow(i int32, role, item string, from, to day.Day, tax money.Fen) object {
	return object{
		"nsrmc": c.nameIn("local_tax", i), "zjhm": c.bookNumber(i), "nsrlx": role, "zspm": item,
		"skssqq": write(from, compact), "skssqz": write(to, compact), "sjje": tax.Grouped(), "rkrq": write(to.Add(14), compact),
	}
}

// bookNumber is the identity number in the bureau's books: for one in twenty of
// those who have one still the 15-digit number.
func (c *City) bookNumber(i int32) string {
	n, held := c.number(i), c.numberIn("local_tax", i)
	if short, ok := n.Short(); ok && held == n.Reveal() && int(i) >= len(fixtures) && c.draw(i, saltTax).IntN(20) == 0 {
		return short
	}
	return held
}

// firmTaxRows are the payments of the person's firm by quarters, and for whoever
// has a share in a company one entry as its investor.
func (c *City) firmTaxRows(i int32, months []day.Day) []object {
	p := &c.people[i]
	f := &c.firms[p.owns]
	var rows []object
	total := money.Fen(0)
	for _, m := range months {
		if m.Month()%3 != 0 {
			continue // quarters are filed when they end
		}
		tax := c.quarterTax(p.owns, m.Year()*4+int(m.Month())/3)
		total += tax
		from, to := monthStart(m, -2), monthStart(m, 1).Add(-1)
		switch {
		case f.kind == soleTrader:
			row := c.taxRow(i, asTrader, onBusiness, from, to, tax.MulDiv(1, 4))
			row["sre"] = (money.Of(12000) + tax.MulDiv(20, 1)).Grouped()
			rows = append(rows, c.withFirm(row, p.owns))
		case f.owner == i:
			rows = append(rows, c.withFirm(c.taxRow(i, asLegal, onCompany, from, to, tax), p.owns))
		}
	}
	if f.kind != soleTrader && len(months) > 0 {
		row := c.taxRow(i, asInvestor, onOther, months[0], monthStart(months[len(months)-1], 1).Add(-1), 0)
		row["qynsze"], row["tzbl"] = wan(total), strconv.Itoa(c.share(i))+"%"
		delete(row, "sjje")
		delete(row, "rkrq")
		rows = append(rows, c.withFirm(row, p.owns))
	}
	return rows
}

func (c *City) withFirm(row object, firm int32) object {
	row["qymc"], row["qysbh"] = c.firmName(firm), c.taxNo(firm)
	return row
}

// share is the percentage that person i holds of his or her firm.
func (c *City) share(i int32) int {
	f := &c.firms[c.people[i].owns]
	if f.owner == i {
		return int(f.share)
	}
	return 100 - int(f.share)
}
