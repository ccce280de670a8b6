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
func (s *sheet) localTax(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		if r["company_name"] != "" {
			s.companyTax(q, i)
			continue
		}
		amount, ok := r.Money("income_amount")
		if !ok {
			continue
		}
		inside := s.inWindow(r, amount)
		if inside == 0 {
			continue
		}
		s.income(q, i, hedui.Wage, hedui.PerMonth, inside.MulDiv(1, hedui.WindowMonths),
			during("rule.fact.taxed.", r["period_from"], r["period_to"], amount.Grouped()))
	}
}

// companyTax notes a payment of a company, or its total in the record of an
// investor. The total counts only where the single payments are not there.
func (s *sheet) companyTax(q hedui.Query, i int) {
	r := q.Records[i]
	tax, paid := r.Money("tax_amount")
	all, total := r.Money("company_tax_total")
	from, to := r["period_from"], r["period_to"]
	switch {
	case paid:
		s.income(q, i, hedui.BusinessIncome, hedui.InTotal, tax, during("rule.fact.company_tax.", from, to, tax.Grouped()))
	case total && !paysItself(q.Records, r["company_name"]):
		s.income(q, i, hedui.BusinessIncome, hedui.InTotal, all, during("rule.fact.company_total.", from, to, all.Grouped()))
	case total:
		s.income(q, i, hedui.BusinessIncome, hedui.NoAmount, 0, during("rule.fact.company_total.", from, to, all.Grouped()))
	default:
		s.income(q, i, hedui.BusinessIncome, hedui.NoAmount, 0, during("rule.fact.company_tax.", from, to, ""))
	}
}

// paysItself reports whether some record is a single payment of the company.
func paysItself(records []catalog.Record, company string) bool {
	for _, r := range records {
		if _, paid := r.Money("tax_amount"); paid && r["company_name"] == company {
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
func (s *sheet) nationalTax(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		sales, ok := r.Money("sales")
		unit, amount := hedui.NoAmount, ""
		if ok {
			unit, amount = hedui.InTotal, sales.Grouped()
		}
		s.income(q, i, hedui.BusinessIncome, unit, sales, during("rule.fact.sales.", r["period_from"], r["period_to"], amount))
	}
}

// socialInsurance: a contribution base is not a wage (it has a floor and a
// ceiling), so it serves only where tax shows nothing; pensions are transfers,
// less the central basic part, which is not income.
func (s *sheet) socialInsurance(_ hedui.Person, q hedui.Query) {
	pension, benefit, bases := newSeries(), newSeries(), newSeries()
	central := false
	for i, r := range q.Records {
		if amount, ok := r.Money("pension_received"); ok && amount > 0 {
			if basic, ok := r.Money("central_basic_pension"); ok && basic > 0 {
				amount, central = max(0, amount-basic), true
			}
			pension.add(i, r, amount)
			continue
		}
		if amount, ok := r.Money("unemployment_benefit"); ok && amount > 0 {
			benefit.add(i, r, amount)
			continue
		}
		if base, ok := r.Money("contribution_base"); ok && base > 0 && r["unit_name"] != "" {
			bases.most(i, r, base) // several schemes share one base
		}
	}
	key := "rule.fact.pension."
	if central {
		key = "rule.fact.pension.central."
	}
	s.received(q, pension, key)
	s.received(q, benefit, "rule.fact.unemployment.")
	s.bases(q, bases)
}

// received notes what is drawn: averaged over the window where several months are
// stated. A single month is taken for what is drawn now, and so is a month after
// the window where none lies within it.
func (s *sheet) received(q hedui.Query, x *series, key string) {
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
	s.income(q, x.first, hedui.Transfer, hedui.PerMonth, amount, say)
}

// bases notes contribution bases, averaged over the window. Months that are not
// stated had no contributions.
func (s *sheet) bases(q hedui.Query, x *series) {
	sum, months := x.within(s.c.Window())
	switch {
	case months > 0:
		mean := sum.MulDiv(1, hedui.WindowMonths)
		s.income(q, x.first, hedui.Wage, hedui.PerMonth, mean,
			hedui.Say("rule.fact.base.months", strconv.Itoa(months), sum.Grouped(), strconv.Itoa(hedui.WindowMonths), mean.Grouped()))
	case x.current > 0:
		s.income(q, x.first, hedui.Wage, hedui.PerMonth, x.current, hedui.Say("rule.fact.base.month", x.current.Grouped()))
	}
}

// employment: a registered job without any pay in other registers is a question
// without an amount; registrations outlive jobs.
func (s *sheet) employment(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		if r["unit"] != "" && r["unemployment_reg_date"] <= r["employment_reg_date"] {
			s.income(q, i, hedui.Wage, hedui.NoAmount, 0, stated("rule.fact.job.", "date", r["employment_reg_date"]))
		}
	}
}
