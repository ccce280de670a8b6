package sim

import "hedui/money"

// nationalTax is the national tax bureau: a front-end database with days and
// amounts of proper types, the firm's capital in 10,000 yuan.
func nationalTax() department {
	return department{
		id: "national_tax", routes: []route{{category: "national_tax"}},
		front: &register{
			name: "nsrxx", key: "frsfzh", lacks: "xssr",
			columns: []column{
				{"frsfzh", asText}, {"xh", asCount}, {"frxm", asText}, {"nsrsbh", asText}, {"nsrmc", asText}, {"nsrlx_dm", asText}, {"nsrzt_dm", asText},
				{"ssq_q", asDay}, {"ssq_z", asDay}, {"xssr", asAmount}, {"ynse", asAmount}, {"zczb_wan", asAmount},
			},
			rows: func(c *City, i int32, from string) []object { return c.nationalTaxRows(i, from, "") },
		},
	}
}

// nationalTaxRows: a firm in trade or industry files sales each quarter under its
// legal representative; a firm that was revoked has long stopped to.
func (c *City) nationalTaxRows(i int32, from, to string) []object {
	rows := []object{}
	p := &c.people[i]
	if p.owns == none {
		return rows
	}
	f := &c.firms[p.owns]
	if f.owner != i || f.local() || f.status != active {
		return rows
	}
	kind := "1"
	if f.kind == soleTrader {
		kind = "3"
	}
	for _, m := range c.months(from, to, f.founded) {
		if m.Month()%3 != 0 {
			continue
		}
		tax := c.quarterTax(p.owns, m.Year()*4+int(m.Month())/3)
		rows = append(rows, object{
			"frsfzh": c.numberIn("national_tax", i), "xh": len(rows) + 1, "frxm": c.nameIn("national_tax", i),
			"nsrsbh": c.taxNo(p.owns), "nsrmc": c.firmName(p.owns), "nsrlx_dm": kind, "nsrzt_dm": "03",
			"ssq_q": write(monthStart(m, -2), iso), "ssq_z": write(monthStart(m, 1).Add(-1), iso),
			"xssr": tax.MulDiv(33, 1).String(), "ynse": tax.String(), "zczb_wan": wan(money.Of(int64(f.capital))),
		})
	}
	return rows
}
