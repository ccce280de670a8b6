package rule

import (
	"strconv"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// readers turn the records of a category into facts and direct findings. A
// category that is not here bears on neither income, property nor composition.
var readers = map[catalog.Code]func(*sheet, hedui.Person, hedui.Query){
	"hukou":            (*sheet).hukou,
	"marriage":         (*sheet).marriage,
	"death":            (*sheet).death,
	"vehicle":          (*sheet).vehicle,
	"local_tax":        (*sheet).localTax,
	"national_tax":     (*sheet).nationalTax,
	"social_insurance": (*sheet).socialInsurance,
	"employment":       (*sheet).employment,
	"land":             (*sheet).land,
	"housing":          (*sheet).housing,
	"housing_fund":     (*sheet).housingFund,
	"business":         (*sheet).business,
}

func (s *sheet) note(q hedui.Query, record int, income bool, class string, unit hedui.Unit, amount money.Fen, say hedui.Text) {
	s.facts = append(s.facts, fact{
		person: q.Person, category: q.Category, class: class, income: income,
		Fact: hedui.Fact{Query: q.ID, Record: record, Department: q.Department, AsOf: q.AsOf, Say: say, Unit: unit, Amount: amount},
	})
}

func (s *sheet) income(q hedui.Query, record int, class hedui.IncomeClass, unit hedui.Unit, amount money.Fen, say hedui.Text) {
	s.note(q, record, true, string(class), unit, amount, say)
}

func (s *sheet) property(q hedui.Query, record int, class hedui.PropertyClass, value money.Fen, say hedui.Text) {
	unit := hedui.InTotal
	if value == 0 {
		unit = hedui.NoAmount
	}
	s.note(q, record, false, string(class), unit, value, say)
}

// hukou: a cancelled registration is a doubt about the person, not a fact on means.
func (s *sheet) hukou(p hedui.Person, q hedui.Query) {
	for _, r := range q.Records {
		if r["cancel_flag"] == "true" {
			s.add(hedui.Finding{Kind: hedui.DoubtfulMatch, Category: q.Category, Person: p.No, Count: 1, Reason: hedui.Say("rule.hukou.cancelled", r["cancel_on"])})
		}
	}
}

// marriage: the newest record decides; a living spouse who is not in the case is
// an undeclared member.
func (s *sheet) marriage(p hedui.Person, q hedui.Query) {
	var newest catalog.Record
	for _, r := range q.Records {
		if newest == nil || r["reg_date"] > newest["reg_date"] {
			newest = r
		}
	}
	if p.Role != hedui.Member || !married(newest) {
		return
	}
	for _, other := range s.c.Persons {
		if other.ID.Reveal() == newest["spouse_id_no"] || newest["spouse_id_no"] == "" && other.Name == newest["spouse_name"] {
			return
		}
	}
	s.add(hedui.Finding{Kind: hedui.Undeclared, Category: q.Category, Person: p.No, Count: 1, Reason: hedui.Say("rule.spouse", newest["reg_date"])})
}

// married reads GB/T 2261.2: 20 to 23 are the married states.
func married(r catalog.Record) bool {
	status := r["marital_status"]
	return len(status) == 2 && status[0] == '2'
}

// death: living people are marked dead by mistake, so it is a doubt to be cleared.
func (s *sheet) death(p hedui.Person, q hedui.Query) {
	s.add(hedui.Finding{Kind: hedui.DoubtfulMatch, Category: q.Category, Person: p.No, Count: len(q.Records), Reason: hedui.Say("rule.death", q.Records[0]["death_date"])})
}

func (s *sheet) vehicle(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		value, ok := r.Money("current_value")
		if !ok {
			value, _ = r.Money("original_value")
		}
		s.property(q, i, hedui.Vehicles, value, hedui.Say("rule.fact.vehicle", r["first_reg_date"], r["inspection_valid_to"]))
	}
}

// localTax: wages are brought to a month over the income window; a company's own
// payments show that it is active, not what its owner earns.
func (s *sheet) localTax(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		if r["company_name"] != "" {
			tax, _ := r.Money("tax_amount")
			s.income(q, i, hedui.BusinessIncome, hedui.InTotal, tax, hedui.Say("rule.fact.company_tax", r["period_from"], r["period_to"], tax.Grouped()))
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
			hedui.Say("rule.fact.taxed", r["period_from"], r["period_to"], amount.Grouped()))
	}
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
		sales, _ := r.Money("sales")
		s.income(q, i, hedui.BusinessIncome, hedui.InTotal, sales, hedui.Say("rule.fact.sales", r["period_from"], r["period_to"], sales.Grouped()))
	}
}

// socialInsurance: a contribution base is not a wage (it has a floor and a
// ceiling), so it serves only where tax shows nothing; pensions are transfers.
// Bases are monthly and are averaged over the months that are there.
func (s *sheet) socialInsurance(_ hedui.Person, q hedui.Query) {
	months, sum := map[string]money.Fen{}, money.Fen(0)
	for i, r := range q.Records {
		if amount, ok := r.Money("pension_received"); ok && amount > 0 {
			s.income(q, i, hedui.Transfer, hedui.PerMonth, amount, hedui.Say("rule.fact.pension", amount.Grouped()))
			continue
		}
		if amount, ok := r.Money("unemployment_benefit"); ok && amount > 0 {
			s.income(q, i, hedui.Transfer, hedui.PerMonth, amount, hedui.Say("rule.fact.unemployment", amount.Grouped()))
			continue
		}
		base, ok := r.Money("contribution_base")
		if ok && base > 0 && r["unit_name"] != "" {
			months[r["month"]] = max(months[r["month"]], base) // several schemes share one base
		}
	}
	if len(months) == 0 {
		return
	}
	for _, base := range months {
		sum += base
	}
	mean := sum.MulDiv(1, int64(len(months)))
	s.income(q, 0, hedui.Wage, hedui.PerMonth, mean, hedui.Say("rule.fact.base", strconv.Itoa(len(months)), mean.Grouped()))
}

// employment: a registered job without any pay in other registers is a question
// without an amount; registrations outlive jobs.
func (s *sheet) employment(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		if r["unit"] != "" && r["unemployment_reg_date"] <= r["employment_reg_date"] {
			s.income(q, i, hedui.Wage, hedui.NoAmount, 0, hedui.Say("rule.fact.job", r["employment_reg_date"]))
		}
	}
}

func (s *sheet) land(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		s.property(q, i, hedui.Land, 0, hedui.Say("rule.fact.land", r["area_m2"], shareOf(r)))
	}
}

func (s *sheet) housing(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		value, _ := r.Money("value")
		s.property(q, i, hedui.Houses, ownPart(r, value), hedui.Say("rule.fact.house", r["area"], shareOf(r)))
	}
}

// housingFund: the balance is property, though locked; the base is the last
// choice for a wage and counts only while deposits are made.
func (s *sheet) housingFund(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		if balance, ok := r.Money("balance"); ok && balance > 0 {
			s.property(q, i, hedui.HousingFund, balance, hedui.Say("rule.fact.fund", balance.Grouped()))
		}
		base, ok := r.Money("deposit_base")
		if monthly, _ := r.Money("monthly_deposit"); ok && base > 0 && monthly > 0 {
			s.income(q, i, hedui.Wage, hedui.PerMonth, base, hedui.Say("rule.fact.fund_base", base.Grouped()))
		}
	}
}

// business: registered capital is a register's figure, subscribed and not paid
// since March 2014; a registration is a question, never a verdict.
func (s *sheet) business(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		capital, _ := r.Money("registered_capital")
		s.property(q, i, hedui.Enterprise, ownPart(r, capital), hedui.Say("rule.fact.company", capital.Grouped(), r["found_date"]))
	}
}

// ownPart is the person's share of a value; no share stated means all of it.
func ownPart(r catalog.Record, value money.Fen) money.Fen {
	percent, ok := hundredths(r["share"])
	if !ok {
		return value
	}
	return value.MulDiv(percent, 100*100)
}

// hundredths reads a percentage such as "33.33" as 3333.
func hundredths(percent string) (int64, bool) {
	f, err := money.Parse(percent)
	if percent == "" || err != nil || f < 0 || f > 100*100 {
		return 0, false
	}
	return int64(f), true
}

func shareOf(r catalog.Record) string {
	if r["share"] == "" {
		return "100"
	}
	return r["share"]
}
