package rule

import (
	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/money"
)

// readers turn the records that all registers of a category hold on a person into
// facts and direct findings. A category that is not here is read as its catalogue entry says, see later.
var readers = map[catalog.Code]func(*sheet, hedui.Person, []entry){
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

func (s *sheet) note(e entry, income bool, class string, unit hedui.Unit, amount money.Fen, say hedui.Text) {
	q := e.query
	s.facts = append(s.facts, fact{
		person: q.Person, category: q.Category, class: class, income: income, from: e,
		Fact: hedui.Fact{Query: q.ID, Record: e.index, Department: q.Department, AsOf: q.AsOf, Say: say, Unit: unit, Amount: amount},
	})
}

func (s *sheet) income(e entry, class hedui.IncomeClass, unit hedui.Unit, amount money.Fen, say hedui.Text) {
	s.note(e, true, string(class), unit, amount, say)
}

// property notes a record of property. Its amount is the part that the register
// states, or the whole value; 0 means that there is none.
func (s *sheet) property(e entry, class hedui.PropertyClass, f fact) {
	unit := hedui.InTotal
	if f.Amount == 0 {
		unit = hedui.NoAmount
	}
	s.note(e, false, string(class), unit, f.Amount, f.Say)
	n := &s.facts[len(s.facts)-1]
	n.ids, n.whole, n.part = f.ids, f.whole, f.part
}

// hukou: a cancelled registration is a doubt about the person, not a fact on means.
func (s *sheet) hukou(p hedui.Person, all []entry) {
	for _, r := range all {
		if r.Record["cancel_flag"] == "true" {
			s.addOnce(hedui.Finding{Kind: hedui.DoubtfulMatch, Category: catalog.Hukou, Person: p.No, Count: 1, Reason: stated("rule.hukou.cancelled.", "date", r.Record["cancel_on"])})
		}
	}
}

// marriage: the newest record of all registers decides; a living spouse who is not
// in the case is an undeclared member.
func (s *sheet) marriage(p hedui.Person, all []entry) {
	var newest catalog.Record
	for _, r := range all {
		if newest == nil || r.Record["reg_date"] > newest["reg_date"] {
			newest = r.Record
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
	s.add(hedui.Finding{Kind: hedui.Undeclared, Category: catalog.Marriage, Person: p.No, Count: 1, Reason: stated("rule.spouse.", "date", newest["reg_date"])})
}

// married reads GB/T 2261.2: 20 to 23 are the married states.
func married(r catalog.Record) bool {
	status := r["marital_status"]
	return len(status) == 2 && status[0] == '2'
}

// death: living people are marked dead by mistake, so it is a doubt to be cleared.
// The same death in two registers is one.
func (s *sheet) death(p hedui.Person, all []entry) {
	date, counts := "", map[*hedui.Query]int{}
	f := hedui.Finding{Kind: hedui.DoubtfulMatch, Category: catalog.Death, Person: p.No}
	for _, r := range all {
		if date == "" {
			date = r.Record["death_date"]
		}
		counts[r.query]++
		f.Count = max(f.Count, counts[r.query])
	}
	if f.Reason = stated("rule.death.", "date", date); f.Count > 0 {
		s.add(f)
	}
}

func (s *sheet) vehicle(_ hedui.Person, all []entry) {
	for _, r := range all {
		value, ok := r.Money("current_value")
		if !ok {
			value, _ = r.Money("original_value")
		}
		say := stated("rule.fact.vehicle.", "first", r.Record["first_reg_date"], "valid", r.Record["inspection_valid_to"])
		s.property(r, hedui.Vehicles, whole(r.Record, value, say, "plate_no", "vin"))
	}
}

func (s *sheet) land(_ hedui.Person, all []entry) {
	for _, r := range all {
		say := stated("rule.fact.land.", "area", r.Record["area_m2"], "share", r.Record["share"])
		s.property(r, hedui.Land, whole(r.Record, 0, say, "certificate_no", "parcel_no", "location"))
	}
}

func (s *sheet) housing(_ hedui.Person, all []entry) {
	for _, r := range all {
		if gone(r.Record) {
			continue
		}
		value, _ := r.Money("value")
		say := stated("rule.fact.house.", "area", r.Record["area"], "share", r.Record["share"])
		f := whole(r.Record, value, say, "certificate_no", "contract_no", "location")
		if percent, ok := hundredths(r.Record["share"]); ok {
			f.Amount, f.part = value.MulDiv(percent, 100*100), true
		}
		s.property(r, hedui.Houses, f)
	}
}

// housingFund: the balance is property, though locked; the base is the last
// choice for a wage and counts only while deposits are made.
func (s *sheet) housingFund(_ hedui.Person, all []entry) {
	for _, r := range all {
		if balance, ok := r.Money("balance"); ok && balance > 0 {
			s.property(r, hedui.HousingFund, whole(r.Record, balance, hedui.Say("rule.fact.fund", balance.Grouped()), "account_no"))
		}
	}
	s.claims(fundBases(all))
}

func fundBases(all []entry) []claim {
	var bases []claim
	for _, r := range all {
		base, ok := r.Money("deposit_base")
		paying := r.Record["status"] == "" || r.Record["status"] == "normal" // a sealed account still states its last deposit
		if monthly, _ := r.Money("monthly_deposit"); ok && base > 0 && monthly > 0 && paying {
			bases = append(bases, claim{entry: r, class: hedui.Wage, who: r.Record["unit"], unit: hedui.PerMonth, amount: base,
				say: hedui.Say("rule.fact.fund_base", base.Grouped())})
		}
	}
	return bases
}

// business: registered capital is a register's figure, subscribed and not paid
// since March 2014; a registration is a question, never a verdict. Only what the
// register states as the person's part has an amount: a manager owns nothing of
// it. A cancelled registration is no property; one revoked still stands.
func (s *sheet) business(_ hedui.Person, all []entry) {
	for _, r := range all {
		if r.Record["status"] == "cancelled" {
			continue
		}
		capital, _ := r.Money("registered_capital")
		f := whole(r.Record, capital, companyText(r.Record, capital), "uscc", "reg_no", "name")
		f.Amount, f.part = 0, true
		if percent, ok := hundredths(r.Record["share"]); ok {
			f.Amount = capital.MulDiv(percent, 100*100)
		}
		if own, ok := r.Money("subscribed"); ok {
			f.Amount = own
		}
		s.property(r, hedui.Enterprise, f)
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
// says. The keys, the best first, are those that tell the thing from others.
func whole(r catalog.Record, value money.Fen, say hedui.Text, keys ...string) fact {
	f := fact{Fact: hedui.Fact{Say: say, Amount: value}, whole: value}
	for _, k := range keys {
		f.ids = append(f.ids, r[k])
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
