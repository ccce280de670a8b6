package rule

import (
	"hedui/catalog"
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

// property notes a record of property. Its amount is the part that the register
// states, or the whole value; 0 means that there is none.
func (s *sheet) property(q hedui.Query, record int, class hedui.PropertyClass, f fact) {
	unit := hedui.InTotal
	if f.Amount == 0 {
		unit = hedui.NoAmount
	}
	s.note(q, record, false, string(class), unit, f.Amount, f.Say)
	n := &s.facts[len(s.facts)-1]
	n.thing, n.whole, n.part = f.thing, f.whole, f.part
}

// hukou: a cancelled registration is a doubt about the person, not a fact on means.
func (s *sheet) hukou(p hedui.Person, q hedui.Query) {
	for _, r := range q.Records {
		if r["cancel_flag"] == "true" {
			s.add(hedui.Finding{Kind: hedui.DoubtfulMatch, Category: q.Category, Person: p.No, Count: 1, Reason: stated("rule.hukou.cancelled.", "date", r["cancel_on"])})
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
	s.add(hedui.Finding{Kind: hedui.Undeclared, Category: q.Category, Person: p.No, Count: 1, Reason: stated("rule.spouse.", "date", newest["reg_date"])})
}

// married reads GB/T 2261.2: 20 to 23 are the married states.
func married(r catalog.Record) bool {
	status := r["marital_status"]
	return len(status) == 2 && status[0] == '2'
}

// death: living people are marked dead by mistake, so it is a doubt to be cleared.
func (s *sheet) death(p hedui.Person, q hedui.Query) {
	if len(q.Records) == 0 {
		return
	}
	s.add(hedui.Finding{Kind: hedui.DoubtfulMatch, Category: q.Category, Person: p.No, Count: len(q.Records), Reason: stated("rule.death.", "date", q.Records[0]["death_date"])})
}

func (s *sheet) vehicle(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		value, ok := r.Money("current_value")
		if !ok {
			value, _ = r.Money("original_value")
		}
		say := stated("rule.fact.vehicle.", "first", r["first_reg_date"], "valid", r["inspection_valid_to"])
		s.property(q, i, hedui.Vehicles, whole(r, value, say, "plate_no", "vin"))
	}
}

func (s *sheet) land(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		say := stated("rule.fact.land.", "area", r["area_m2"], "share", r["share"])
		s.property(q, i, hedui.Land, whole(r, 0, say, "certificate_no", "parcel_no", "location"))
	}
}

func (s *sheet) housing(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		value, _ := r.Money("value")
		say := stated("rule.fact.house.", "area", r["area"], "share", r["share"])
		f := whole(r, value, say, "certificate_no", "contract_no", "location")
		if percent, ok := hundredths(r["share"]); ok {
			f.Amount, f.part = value.MulDiv(percent, 100*100), true
		}
		s.property(q, i, hedui.Houses, f)
	}
}

// housingFund: the balance is property, though locked; the base is the last
// choice for a wage and counts only while deposits are made.
func (s *sheet) housingFund(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		if balance, ok := r.Money("balance"); ok && balance > 0 {
			s.property(q, i, hedui.HousingFund, whole(r, balance, hedui.Say("rule.fact.fund", balance.Grouped()), "account_no"))
		}
		base, ok := r.Money("deposit_base")
		if monthly, _ := r.Money("monthly_deposit"); ok && base > 0 && monthly > 0 {
			s.income(q, i, hedui.Wage, hedui.PerMonth, base, hedui.Say("rule.fact.fund_base", base.Grouped()))
		}
	}
}

// business: registered capital is a register's figure, subscribed and not paid
// since March 2014; a registration is a question, never a verdict. Only what the
// register states as the person's part has an amount: a manager owns nothing of
// it. A cancelled registration is no property; one revoked still stands.
func (s *sheet) business(_ hedui.Person, q hedui.Query) {
	for i, r := range q.Records {
		if r["status"] == "cancelled" {
			continue
		}
		capital, _ := r.Money("registered_capital")
		f := whole(r, capital, companyText(r, capital), "uscc", "reg_no", "name")
		f.Amount, f.part = 0, true
		if percent, ok := hundredths(r["share"]); ok {
			f.Amount = capital.MulDiv(percent, 100*100)
		}
		if own, ok := r.Money("subscribed"); ok {
			f.Amount = own
		}
		s.property(q, i, hedui.Enterprise, f)
	}
}

// companyText remarks that capital is not paid in, unless the register says it is.
func companyText(r catalog.Record, capital money.Fen) hedui.Text {
	if capital == 0 {
		return stated("rule.fact.company.", "date", r["found_date"])
	}
	if paid, ok := r.Money("paid_in"); ok && paid == capital {
		return stated("rule.fact.company.", "capital", capital.Grouped(), "date", r["found_date"])
	}
	return stated("rule.fact.company.", "unpaid", capital.Grouped(), "date", r["found_date"])
}

// whole is the fact of a thing that the person owns alone, as far as the register
// says. The first of the keys that has a value tells the thing from others.
func whole(r catalog.Record, value money.Fen, say hedui.Text, keys ...string) fact {
	f := fact{Fact: hedui.Fact{Say: say, Amount: value}, whole: value}
	for _, k := range keys {
		if f.thing = r[k]; f.thing != "" {
			break
		}
	}
	return f
}

// hundredths reads a percentage such as "33.33" as 3333.
func hundredths(percent string) (int64, bool) {
	f, err := money.Parse(percent)
	if percent == "" || err != nil || f < 0 || f > 100*100 {
		return 0, false
	}
	return int64(f), true
}
