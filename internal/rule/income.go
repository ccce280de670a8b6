package rule

import (
	"strconv"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// localTax: wages are brought to a month over the income window; a company's own
// payments show that it is active, not what its owner earns.
func (s *sheet) localTax(_ hedui.Person, all []entry) {
	var list []claim
	for _, r := range all {
		if r.Record["company_name"] != "" {
			list = append(list, companyTax(all, r))
			continue
		}
		amount, ok := r.Money("income_amount")
		if !ok {
			continue
		}
		inside := s.inWindow(r.Record, amount)
		if inside == 0 {
			continue
		}
		c := claim{entry: r, class: taxClass(r.Record), who: r.Record["withholding_unit"], unit: hedui.PerMonth, amount: inside.MulDiv(1, hedui.WindowMonths),
			say: during("rule.fact.taxed.", r.Record["period_from"], r.Record["period_to"], amount.Grouped())}
		list = append(list, c.timed())
	}
	s.claims(list)
}

// companyTax claims a payment of a company, or its total in the record of an
// investor. The total counts only where the single payments are not there.
func companyTax(all []entry, r entry) claim {
	tax, paid := r.Money("tax_amount")
	total, stated := r.Money("company_tax_total")
	from, to := r.Record["period_from"], r.Record["period_to"]
	c := claim{entry: r, class: hedui.BusinessIncome, kind: "payment", who: r.Record["company_name"]}.timed()
	switch {
	case paid:
		c.unit, c.amount, c.say = hedui.InTotal, tax, during("rule.fact.company_tax.", from, to, tax.Grouped())
	case stated:
		c.kind, c.say = "total", during("rule.fact.company_total.", from, to, total.Grouped())
		if !paysItself(all, c.who) {
			c.unit, c.amount = hedui.InTotal, total
		}
	default:
		c.say = during("rule.fact.company_tax.", from, to, "")
	}
	return c
}

// paysItself reports whether some record is a single payment of the company.
func paysItself(all []entry, company string) bool {
	for _, r := range all {
		if _, paid := r.Money("tax_amount"); paid && r.Record["company_name"] == company {
			return true
		}
	}
	return false
}

// inWindow is the part of an amount that falls into the income window, by days.
// An amount without a period counts whole.
func (s *sheet) inWindow(r catalog.Record, amount money.Fen) money.Fen {
	from, ok1 := r.Day("period_from")
	to, ok2 := r.Day("period_to")
	if !ok1 || !ok2 || to.Before(from) {
		return amount
	}
	w := s.c.Window()
	first, last := latest(from, w.From), earliest(to, w.To)
	if last.Before(first) {
		return 0
	}
	return amount.MulDiv(int64(last.Sub(first)+1), int64(to.Sub(from)+1))
}

func latest(a, b day.Day) day.Day {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b day.Day) day.Day {
	if a.Before(b) {
		return a
	}
	return b
}

// nationalTax: turnover is not profit, so it is shown and not compared by amount.
func (s *sheet) nationalTax(_ hedui.Person, all []entry) {
	var list []claim
	for _, r := range all {
		sales, ok := r.Money("sales")
		unit, amount := hedui.NoAmount, ""
		if ok {
			unit, amount = hedui.InTotal, sales.Grouped()
		}
		c := claim{entry: r, class: hedui.BusinessIncome, who: r.Record["company_name"], unit: unit, amount: sales,
			say: during("rule.fact.sales.", r.Record["period_from"], r.Record["period_to"], amount)}
		list = append(list, c.timed())
	}
	s.claims(list)
}

// socialInsurance: a contribution base is not a wage (it has a floor and a
// ceiling), so it serves only where tax shows nothing; pensions are transfers,
// less the central basic part, which is not income.
func (s *sheet) socialInsurance(_ hedui.Person, all []entry) {
	var pensions, benefits []claim
	bases, central := newSeries(), false
	for _, r := range all {
		c := claim{entry: r, class: hedui.Transfer, who: r.Record["insured_type"]}.in("month")
		if amount, ok := r.Money("pension_received"); ok && amount > 0 {
			if basic, ok := r.Money("central_basic_pension"); ok && basic > 0 {
				amount, central = max(0, amount-basic), true
			}
			c.amount = amount
			pensions = append(pensions, c)
			continue
		}
		if amount, ok := r.Money("unemployment_benefit"); ok && amount > 0 {
			c.amount = amount
			benefits = append(benefits, c)
			continue
		}
		if base, ok := r.Money("contribution_base"); ok && base > 0 && r.Record["unit_name"] != "" {
			bases.most(r, base) // several schemes share one base, and so do several registers
		}
	}
	key := "rule.fact.pension."
	if central {
		key = "rule.fact.pension.central."
	}
	s.received(pensions, key)
	s.received(benefits, "rule.fact.unemployment.")
	s.bases(bases)
}

// received notes what is drawn: averaged over the window where several months are
// stated. A single month is taken for what is drawn now, and so is a month after
// the window where none lies within it. Months of several registers make one row.
func (s *sheet) received(list []claim, key string) {
	x, again := newSeries(), map[*hedui.Query][]claim{}
	counts := once(list)
	for i, c := range list {
		if counts[i] {
			x.add(c.entry, c.amount)
		} else {
			again[c.query] = append(again[c.query], c)
		}
	}
	sum, months := x.within(s.c.Window())
	amount := sum
	switch {
	case months > 1:
		amount = sum.MulDiv(1, hedui.WindowMonths)
	case months == 0:
		amount = x.after(s.c.Window())
	}
	if amount += x.current; amount == 0 {
		return
	}
	say := hedui.Say(key+"month", amount.Grouped())
	if months > 1 {
		say = hedui.Say(key+"months", strconv.Itoa(months), sum.Grouped(), strconv.Itoa(hedui.WindowMonths), amount.Grouped())
	}
	s.income(x.first, hedui.Transfer, hedui.PerMonth, amount, say)
	for i, c := range list {
		if others := again[c.query]; !counts[i] && len(others) > 0 {
			s.again(c, len(others))
			delete(again, c.query)
		}
	}
}

// bases notes contribution bases, averaged over the window. Months that are not
// stated had no contributions.
func (s *sheet) bases(x *series) {
	sum, months := x.within(s.c.Window())
	switch {
	case months > 0:
		mean := sum.MulDiv(1, hedui.WindowMonths)
		s.income(x.first, hedui.Wage, hedui.PerMonth, mean,
			hedui.Say("rule.fact.base.months", strconv.Itoa(months), sum.Grouped(), strconv.Itoa(hedui.WindowMonths), mean.Grouped()))
	case x.current > 0:
		s.income(x.first, hedui.Wage, hedui.PerMonth, x.current, hedui.Say("rule.fact.base.month", x.current.Grouped()))
	}
}

// employment: a registered job without any pay in other registers is a question
// without an amount; registrations outlive jobs.
func (s *sheet) employment(_ hedui.Person, all []entry) {
	var jobs []claim
	for _, r := range all {
		if unit := r.Record["unit"]; unit != "" && r.Record["unemployment_reg_date"] <= r.Record["employment_reg_date"] {
			class := hedui.Wage
			if r.Record["form"] == "self_employed" { // nobody pays a wage to the owner of a business
				class = hedui.BusinessIncome
			}
			jobs = append(jobs, claim{entry: r, class: class, who: unit, say: stated("rule.fact.job.", "date", r.Record["employment_reg_date"])})
		}
	}
	s.claims(jobs)
}
