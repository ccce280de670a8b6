package rule

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/rule/book"
	"hedui/money"
	"hedui/source"
)

var (
	today = day.Must("2026-11-23")
	asOf  = time.Date(2026, 11, 20, 9, 0, 0, 0, day.Beijing)
)

func tolerance(t interface{ Fatal(...any) }) book.Tolerances {
	rules, err := book.Standard()
	if err != nil {
		t.Fatal(err)
	}
	eff, err := rules.For("330203", hedui.Dibao, today)
	if err != nil {
		t.Fatal(err)
	}
	return eff.Tolerances()
}

func person(no int, birth string, relation hedui.Relation) hedui.Person {
	n, _ := idcard.Make("330200", day.Must(birth), 100+no)
	return hedui.Person{No: no, Name: fmt.Sprintf("某%d", no), ID: n, Role: hedui.Member, Relation: relation, Capacity: hedui.FullCapacity}
}

// household has two adults and an obligor.
func household() *hedui.Case {
	c := &hedui.Case{ID: "c", Division: "330203", Programme: hedui.Dibao, AppliedOn: today, Persons: []hedui.Person{
		person(1, "1970-01-01", hedui.Self), person(2, "1972-01-01", hedui.Spouse), person(3, "1995-01-01", hedui.Son)}}
	c.Persons[2].Role = hedui.Obligor
	return c
}

// answers gives every cell the outcome none, except those that are given.
func answers(c *hedui.Case, given ...hedui.Query) []hedui.Query {
	var registers hedui.Registers
	for _, known := range catalog.All() {
		registers = append(registers, hedui.Register{Category: known.Code, Scope: "330200", Source: "s", Department: "某局"})
	}
	all := c.Plan(asOf, 1, nil, registers)
	for i := range all {
		all[i].State, all[i].Outcome, all[i].Reason, all[i].AsOf = hedui.Answered, source.None, "", asOf
		for _, g := range given {
			if g.Person == all[i].Person && g.Category == all[i].Category {
				id := all[i].ID
				all[i] = g
				all[i].ID = id
			}
		}
	}
	return all
}

func found(person int, c catalog.Code, records ...catalog.Record) hedui.Query {
	return hedui.Query{Person: person, Category: c, State: hedui.Answered, Outcome: source.Found, Match: source.MatchIDName, Department: "某局", AsOf: asOf, Records: records}
}

func silent(person int, c catalog.Code) hedui.Query {
	return hedui.Query{Person: person, Category: c, State: hedui.Retrying, Outcome: source.Failed, Reason: source.ReasonDown, Department: "某局"}
}

func doubt(person int, c catalog.Code) hedui.Query {
	return hedui.Query{Person: person, Category: c, State: hedui.Answered, Outcome: source.IdentityDoubt, Reason: source.ReasonName}
}

func wages(monthly ...string) catalog.Record {
	return catalog.Record{"tax_item": "wage", "period_from": "2025-11-01", "period_to": "2026-10-31", "income_amount": monthly[0], "withholding_unit": "某公司"}
}

func outside(person int, c catalog.Code) hedui.Query {
	return hedui.Query{Person: person, Category: c, State: hedui.Answered, Outcome: source.NotCovered, Reason: source.ReasonOutside}
}

// pensions are n monthly records from a month on.
func pensions(n, year int, month time.Month) []catalog.Record {
	var list []catalog.Record
	for i := range n {
		m := time.Date(year, month+time.Month(i), 1, 0, 0, 0, 0, time.UTC)
		list = append(list, catalog.Record{"pension_received": "1500.00", "month": m.Format("2006-01")})
	}
	return list
}

func car(person int) []hedui.DeclaredProperty {
	return []hedui.DeclaredProperty{{Person: person, Class: hedui.Vehicles, Value: money.Of(8000)}}
}

func home(person int, value int64) []hedui.DeclaredProperty {
	return []hedui.DeclaredProperty{{Person: person, Class: hedui.Houses, Value: money.Of(value)}}
}

// checkTexts wants a text for every sentence of a finding, with all its values.
func checkTexts(t *testing.T, f hedui.Finding) {
	t.Helper()
	says := []hedui.Text{f.Reason}
	for _, x := range f.Facts {
		says = append(says, x.Say)
	}
	for _, say := range says {
		text := lang.Text(lang.Chinese, say.Key, say.Args...)
		if !lang.Has(say.Key) || strings.Contains(text, "{") {
			t.Errorf("no text, or not all its values: %s", text)
		}
		if slices.Contains(say.Args, "") {
			t.Errorf("%s has an empty value: %s", say.Key, text)
		}
	}
}

// Each line of want is: conclusion, then kind category person declared found.
func TestAssess(t *testing.T) {
	company := found(1, "business", catalog.Record{"registered_capital": "500000.00", "found_date": "2010-05-01", "status": "active", "share": "100"})
	business := hedui.Declared{Income: []hedui.DeclaredIncome{{Person: 1, Class: hedui.BusinessIncome, Monthly: money.Of(1000)}}}
	for _, c := range []struct {
		name    string
		declare hedui.Declared
		given   []hedui.Query
		want    string
	}{
		{"nothing found, nothing declared", hedui.Declared{}, nil, "NO_FINDING"},
		{"irregular work without an amount needs no finding",
			hedui.Declared{Income: []hedui.DeclaredIncome{{Person: 2, Class: hedui.Wage, Note: "偶尔打零工"}}}, nil, "NO_FINDING"},
		{"case 1, Wang: company and its taxes", hedui.Declared{}, []hedui.Query{company,
			found(1, "local_tax", catalog.Record{"company_name": "某公司", "period_from": "2026-01-01", "period_to": "2026-03-31", "tax_amount": "1200.00"},
				catalog.Record{"company_name": "某公司", "period_from": "2026-04-01", "period_to": "2026-06-30", "tax_amount": "800.50"})},
			"SUSPECT; UNDECLARED local_tax 1 0.00 2000.50; UNDECLARED business 1 0.00 500000.00"},
		{"a company is the person's share only", hedui.Declared{},
			[]hedui.Query{found(1, "business", catalog.Record{"registered_capital": "100000.00", "share": "33.33"})},
			"SUSPECT; UNDECLARED business 1 0.00 33330.00"},
		{"annual wages are brought to a month", hedui.Declared{Income: []hedui.DeclaredIncome{{Person: 1, Class: hedui.Wage, Monthly: money.Of(3000)}}},
			[]hedui.Query{found(1, "local_tax", wages("36000.00"))}, "CONSISTENT; CONSISTENT local_tax 1 3000.00 3000.00"},
		{"half of the period lies outside the window", hedui.Declared{},
			[]hedui.Query{found(1, "local_tax", catalog.Record{"period_from": "2025-10-02", "period_to": "2025-11-30", "income_amount": "6000.00"})},
			"SUSPECT; UNDECLARED local_tax 1 0.00 250.00"},
		{"a period before the window does not count", hedui.Declared{},
			[]hedui.Query{found(1, "local_tax", catalog.Record{"period_from": "2020-01-01", "period_to": "2020-12-31", "income_amount": "60000.00"})}, "NO_FINDING"},
		{"one wage in three registers counts once", hedui.Declared{}, []hedui.Query{
			found(1, "local_tax", wages("36000.00")),
			found(1, "social_insurance", catalog.Record{"unit_name": "某公司", "contribution_base": "3500.00", "month": "2026-10"}),
			found(1, "housing_fund", catalog.Record{"deposit_base": "3600.00", "monthly_deposit": "360.00", "balance": "0.00"})},
			"SUSPECT; UNDECLARED local_tax 1 0.00 3000.00"},
		{"without tax the base serves, averaged over the window", hedui.Declared{}, []hedui.Query{
			found(1, "social_insurance",
				catalog.Record{"unit_name": "某公司", "contribution_base": "3000.00", "month": "2026-09", "insured_type": "pension_employee"},
				catalog.Record{"unit_name": "某公司", "contribution_base": "3000.00", "month": "2026-09", "insured_type": "medical"},
				catalog.Record{"unit_name": "某公司", "contribution_base": "4000.00", "month": "2026-10"})},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 583.33"},
		{"insurance paid by oneself means no employer", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"contribution_base": "4000.00", "month": "2026-10"})}, "NO_FINDING"},
		{"a pension declared too low", hedui.Declared{Income: []hedui.DeclaredIncome{{Person: 1, Class: hedui.Transfer, Monthly: money.Of(300)}}},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"pension_received": "400.00"})},
			"SUSPECT; UNDER_DECLARED social_insurance 1 300.00 400.00"},
		{"within the tolerance is no difference", hedui.Declared{Income: []hedui.DeclaredIncome{{Person: 1, Class: hedui.Transfer, Monthly: money.Of(350)}}},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"pension_received": "400.00"})},
			"CONSISTENT; CONSISTENT social_insurance 1 350.00 400.00"},
		{"declared more than found", hedui.Declared{Income: []hedui.DeclaredIncome{{Person: 1, Class: hedui.Transfer, Monthly: money.Of(900)}}},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"pension_received": "400.00"})},
			"INCOMPLETE; OVER_DECLARED social_insurance 1 900.00 400.00"},
		{"informal wages cannot be checked", hedui.Declared{Income: []hedui.DeclaredIncome{{Person: 2, Class: hedui.Wage, Monthly: money.Of(900)}}}, nil,
			"NO_FINDING; NOT_VERIFIABLE local_tax 2 900.00 0.00"},
		{"a declared car that no register knows", hedui.Declared{Property: []hedui.DeclaredProperty{{Person: 1, Class: hedui.Vehicles, Value: money.Of(8000)}}}, nil,
			"NO_FINDING; OVER_DECLARED vehicle 1 8000.00 0.00"},
		{"deposits have no source here", hedui.Declared{Property: []hedui.DeclaredProperty{{Person: 1, Class: hedui.Deposits, Value: money.Of(8000)}}}, nil,
			"NO_FINDING; NOT_VERIFIABLE  1 8000.00 0.00"},
		{"a home without a value is a question by itself", hedui.Declared{},
			[]hedui.Query{found(1, "housing", catalog.Record{"area": "60", "share": "25"})}, "SUSPECT; UNDECLARED housing 1 0.00 0.00"},
		{"a declared home", hedui.Declared{Property: []hedui.DeclaredProperty{{Person: 1, Class: hedui.Houses}}},
			[]hedui.Query{found(1, "housing", catalog.Record{"area": "60"})}, "CONSISTENT; CONSISTENT housing 1 0.00 0.00"},
		{"case 9: an unlisted spouse", hedui.Declared{},
			[]hedui.Query{found(1, "marriage", catalog.Record{"reg_date": "2009-01-01", "marital_status": "20", "spouse_name": "别人", "spouse_id_no": "330200198002290018"})},
			"SUSPECT; UNDECLARED marriage 1 0.00 0.00"},
		{"the newest marriage record decides", hedui.Declared{}, []hedui.Query{found(1, "marriage",
			catalog.Record{"reg_date": "2009-01-01", "marital_status": "20", "spouse_id_no": "330200198002290018"},
			catalog.Record{"reg_date": "2015-01-01", "marital_status": "40", "spouse_id_no": "330200198002290018"})}, "NO_FINDING"},
		{"the spouse is in the case", hedui.Declared{}, []hedui.Query{found(1, "marriage",
			catalog.Record{"reg_date": "2009-01-01", "marital_status": "20", "spouse_id_no": person(2, "1972-01-01", "").ID.Reveal()})}, "NO_FINDING"},
		{"a living person registered as dead", hedui.Declared{}, []hedui.Query{found(2, "death", catalog.Record{"death_date": "2026-03-12"})},
			"SUSPECT; IDENTITY_DOUBT death 2 0.00 0.00"},
		{"another name under the number", hedui.Declared{}, []hedui.Query{doubt(1, "vehicle")}, "SUSPECT; IDENTITY_DOUBT vehicle 1 0.00 0.00"},
		{"case 14: a source is silent", hedui.Declared{}, []hedui.Query{silent(1, "housing_fund"), silent(2, "housing_fund"), silent(3, "housing_fund")},
			"INCOMPLETE; SOURCE_SILENT housing_fund 0 0.00 0.00"},
		{"silence does not hide a finding", hedui.Declared{}, []hedui.Query{silent(1, "housing_fund"), doubt(1, "vehicle")},
			"SUSPECT; IDENTITY_DOUBT vehicle 1 0.00 0.00; SOURCE_SILENT housing_fund 0 0.00 0.00"},
		{"obligors declare nothing, so nothing differs", hedui.Declared{}, []hedui.Query{found(3, "local_tax", wages("90000.00"))}, "NO_FINDING"},
		{"old data is marked", hedui.Declared{}, []hedui.Query{{Person: 1, Category: "hukou", State: hedui.Answered, Outcome: source.Found,
			AsOf: asOf.AddDate(-1, 0, 0), Records: []catalog.Record{{"name": "某1"}}}}, "NO_FINDING; STALE hukou 1 0.00 0.00"},
		{"months of a pension are averaged over the window", hedui.Declared{}, []hedui.Query{found(1, "social_insurance", pensions(12, 2025, 11)...)},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 1500.00"},
		{"months outside the window do not count", hedui.Declared{}, []hedui.Query{found(1, "social_insurance", pensions(18, 2025, 5)...)},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 1500.00"},
		{"six months of a benefit count by half", hedui.Declared{}, []hedui.Query{found(1, "social_insurance",
			catalog.Record{"unemployment_benefit": "1200.00", "month": "2026-09"}, catalog.Record{"unemployment_benefit": "1200.00", "month": "2026-10"})},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 200.00"},
		{"a single month is what is drawn now", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"pension_received": "1500.00", "month": "2026-10"})},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 1500.00"},
		{"a single month after the window too", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"pension_received": "1500.00", "month": "2026-11"})},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 1500.00"},
		{"a single month long before the window not", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"pension_received": "1500.00", "month": "2020-01"})}, "NO_FINDING"},
		{"the central basic pension is not income", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"pension_received": "320.00", "central_basic_pension": "143.00", "month": "2026-10"})},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 177.00"},
		{"and never less than nothing", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"pension_received": "120.00", "central_basic_pension": "143.00"})}, "NO_FINDING"},
		{"a base without a month stays as it is", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"unit_name": "某公司", "contribution_base": "3000.00"})},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 3000.00"},
		{"bases before the window do not count", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", catalog.Record{"unit_name": "某公司", "contribution_base": "3000.00", "month": "2024-09"})}, "NO_FINDING"},
		{"a declared car where the register does not cover the person", hedui.Declared{Property: car(1)}, []hedui.Query{outside(1, "vehicle")},
			"NO_FINDING; NOT_VERIFIABLE vehicle 1 8000.00 0.00"},
		{"a declared car where the register is silent", hedui.Declared{Property: car(1)}, []hedui.Query{silent(1, "vehicle")},
			"INCOMPLETE; SOURCE_SILENT vehicle 0 0.00 0.00; NOT_VERIFIABLE vehicle 1 8000.00 0.00"},
		{"a declared car that may stand in the silent spouse's name", hedui.Declared{Property: car(1)}, []hedui.Query{silent(2, "vehicle")},
			"INCOMPLETE; SOURCE_SILENT vehicle 0 0.00 0.00; NOT_VERIFIABLE vehicle 1 8000.00 0.00"},
		{"a declared car and a doubt", hedui.Declared{Property: car(1)}, []hedui.Query{doubt(1, "vehicle")},
			"SUSPECT; IDENTITY_DOUBT vehicle 1 0.00 0.00; NOT_VERIFIABLE vehicle 1 8000.00 0.00"},
		{"consistent, but deposits stay unconfirmed", hedui.Declared{Property: append(car(1), hedui.DeclaredProperty{Person: 1, Class: hedui.Deposits, Value: money.Of(5)})},
			[]hedui.Query{found(1, "vehicle", catalog.Record{"current_value": "8000.00", "plate_no": "浙B1"})},
			"INCOMPLETE; NOT_VERIFIABLE  1 5.00 0.00; CONSISTENT vehicle 1 8000.00 8000.00"},
		{"a couple's home declared once and registered by halves", hedui.Declared{Property: home(1, 300000)}, []hedui.Query{
			found(1, "housing", catalog.Record{"certificate_no": "A1", "value": "300000.00", "share": "50"}),
			found(2, "housing", catalog.Record{"certificate_no": "A1", "value": "300000.00", "share": "50"})},
			"CONSISTENT; CONSISTENT housing 1 300000.00 300000.00"},
		{"joint ownership without shares counts once", hedui.Declared{Property: home(2, 300000)}, []hedui.Query{
			found(1, "housing", catalog.Record{"certificate_no": "A1", "value": "300000.00"}),
			found(2, "housing", catalog.Record{"certificate_no": "A1", "value": "300000.00"})},
			"CONSISTENT; CONSISTENT housing 1 300000.00 300000.00"},
		{"two homes are two", hedui.Declared{Property: home(2, 300000)}, []hedui.Query{
			found(1, "housing", catalog.Record{"certificate_no": "A1", "value": "300000.00"}),
			found(2, "housing", catalog.Record{"certificate_no": "A2", "value": "300000.00"})},
			"SUSPECT; UNDER_DECLARED housing 1 300000.00 600000.00"},
		{"a home worth less than declared, a member silent", hedui.Declared{Property: home(1, 300000)}, []hedui.Query{
			found(1, "housing", catalog.Record{"certificate_no": "A1", "value": "300000.00", "share": "50"}), silent(2, "housing")},
			"INCOMPLETE; SOURCE_SILENT housing 0 0.00 0.00; NOT_VERIFIABLE housing 1 300000.00 150000.00"},
		{"more homes than declared, without values", hedui.Declared{Property: home(1, 0)}, []hedui.Query{
			found(1, "housing", catalog.Record{"certificate_no": "A1"}, catalog.Record{"certificate_no": "A2"})},
			"SUSPECT; UNDER_DECLARED housing 1 0.00 0.00"},
		{"the order of records does not matter: value last", hedui.Declared{},
			[]hedui.Query{found(1, "vehicle", catalog.Record{"plate_no": "1"}, catalog.Record{"plate_no": "2", "current_value": "9000.00"})},
			"SUSPECT; UNDECLARED vehicle 1 0.00 9000.00"},
		{"the order of records does not matter: value first", hedui.Declared{},
			[]hedui.Query{found(1, "vehicle", catalog.Record{"plate_no": "2", "current_value": "9000.00"}, catalog.Record{"plate_no": "1"})},
			"SUSPECT; UNDECLARED vehicle 1 0.00 9000.00"},
		{"turnover does not confirm a declared business", business, []hedui.Query{found(1, "national_tax", catalog.Record{"sales": "90000.00"})},
			"INCOMPLETE; NOT_VERIFIABLE national_tax 1 1000.00 90000.00"},
		{"nor does a tax record without an amount", business, []hedui.Query{found(1, "local_tax", catalog.Record{"company_name": "某公司"})},
			"INCOMPLETE; NOT_VERIFIABLE local_tax 1 1000.00 0.00"},
		{"nor a job a declared wage", hedui.Declared{Income: []hedui.DeclaredIncome{{Person: 1, Class: hedui.Wage, Monthly: money.Of(900)}}},
			[]hedui.Query{found(1, "employment", catalog.Record{"unit": "某公司"})}, "INCOMPLETE; NOT_VERIFIABLE employment 1 900.00 0.00"},
		{"who runs a business earns no wage there", business, []hedui.Query{found(1, "employment", catalog.Record{"unit": "某小卖部", "form": "self_employed"})},
			"INCOMPLETE; NOT_VERIFIABLE employment 1 1000.00 0.00"},
		{"within the tolerance and not declared", hedui.Declared{}, []hedui.Query{found(1, "social_insurance", catalog.Record{"pension_received": "50.00"})},
			"CONSISTENT; CONSISTENT social_insurance 1 0.00 50.00"},
		{"a sealed fund account shows no wage", hedui.Declared{}, []hedui.Query{found(1, "housing_fund", catalog.Record{"deposit_base": "5200.00", "monthly_deposit": "832.00", "balance": "0.00", "status": "sealed"})},
			"NO_FINDING"},
		{"an empty fund account is no difference", hedui.Declared{}, []hedui.Query{found(1, "housing_fund", catalog.Record{"balance": "12.30"})},
			"CONSISTENT; CONSISTENT housing_fund 1 0.00 12.30"},
		{"an old none is old", hedui.Declared{}, []hedui.Query{{Person: 1, Category: "land", State: hedui.Answered, Outcome: source.None, AsOf: asOf.AddDate(-1, 0, 0)}},
			"NO_FINDING; STALE land 1 0.00 0.00"},
		{"a manager owns nothing of the company", hedui.Declared{}, []hedui.Query{found(1, "business", catalog.Record{"registered_capital": "500000.00", "position": "manager"})},
			"SUSPECT; UNDECLARED business 1 0.00 0.00"},
		{"what the person subscribed", hedui.Declared{}, []hedui.Query{found(1, "business", catalog.Record{"registered_capital": "500000.00", "subscribed": "150000.00", "share": "30"})},
			"SUSPECT; UNDECLARED business 1 0.00 150000.00"},
		{"a cancelled company is nothing", hedui.Declared{}, []hedui.Query{found(1, "business", catalog.Record{"registered_capital": "500000.00", "share": "100", "status": "cancelled"})},
			"NO_FINDING"},
		{"a revoked one still stands", hedui.Declared{}, []hedui.Query{found(1, "business", catalog.Record{"registered_capital": "500000.00", "share": "100", "status": "revoked"})},
			"SUSPECT; UNDECLARED business 1 0.00 500000.00"},
		{"a couple's company once", hedui.Declared{}, []hedui.Query{
			found(1, "business", catalog.Record{"reg_no": "1", "registered_capital": "500000.00", "share": "60"}),
			found(2, "business", catalog.Record{"reg_no": "1", "registered_capital": "500000.00", "share": "60"})},
			"SUSPECT; UNDECLARED business 1 0.00 500000.00"},
		{"what obligors declared does not count", hedui.Declared{Property: car(3), Income: []hedui.DeclaredIncome{{Person: 3, Class: hedui.Wage, Monthly: money.Of(900)}}}, nil, "NO_FINDING"},
		{"the total of an investor is not added to the payments", hedui.Declared{}, []hedui.Query{found(1, "local_tax",
			catalog.Record{"company_name": "某公司", "company_tax_total": "2000.00"}, catalog.Record{"company_name": "某公司", "tax_amount": "2000.00"})},
			"SUSPECT; UNDECLARED local_tax 1 0.00 2000.00"},
		{"it serves where there are none", hedui.Declared{}, []hedui.Query{found(1, "local_tax", catalog.Record{"company_name": "某公司", "company_tax_total": "2000.00"})},
			"SUSPECT; UNDECLARED local_tax 1 0.00 2000.00"},
		{"a doubt for a reason of the source's own", hedui.Declared{}, []hedui.Query{{Person: 1, Category: "land", State: hedui.Answered, Outcome: source.IdentityDoubt, Reason: "photo"}},
			"SUSPECT; IDENTITY_DOUBT land 1 0.00 0.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := household()
			h.Declared = c.declare
			a := Assess(h, answers(h, c.given...), tolerance(t), today)
			words := []string{string(a.Conclusion)}
			for _, f := range a.Findings {
				checkTexts(t, f)
				words = append(words, fmt.Sprintf("%s %s %d %s %s", f.Kind, f.Category, f.Person, f.Declared, f.Found))
			}
			if got := strings.Join(words, "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestNothingAnsweredCannotBeConfirmed(t *testing.T) {
	h := household()
	a := Assess(h, []hedui.Query{silent(1, "hukou")}, tolerance(t), today)
	if a.Conclusion != hedui.UnableToConfirm || len(a.Gaps) != 1 {
		t.Errorf("got %s with %d gaps, want UNABLE with one", a.Conclusion, len(a.Gaps))
	}
}

// Whatever the registers say, the sum of wages never counts one wage twice, and
// every cell that is not settled is a gap.
func TestAssessKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := household()
		tax := money.Fen(rapid.Int64Range(1, 10_000_000).Draw(t, "tax"))
		base := money.Fen(rapid.Int64Range(1, 10_000_000).Draw(t, "base"))
		given := []hedui.Query{
			found(1, "local_tax", wages(tax.MulDiv(12, 1).String())),
			found(1, "social_insurance", catalog.Record{"unit_name": "某", "contribution_base": base.String(), "month": "2026-10"}),
		}
		gaps := rapid.IntRange(0, 2).Draw(t, "gaps")
		for i := range gaps {
			given = append(given, silent(2, catalog.All()[i].Code))
		}
		a := Assess(h, answers(h, given...), tolerance(t), today)
		if a.Totals.IncomeFound != tax {
			t.Fatalf("income found %s, want %s", a.Totals.IncomeFound, tax)
		}
		if len(a.Gaps) != gaps {
			t.Fatalf("%d gaps, want %d", len(a.Gaps), gaps)
		}
	})
}

// A text has a variant for every set of values that a record may state.
func TestStatedHasATextForEverySet(t *testing.T) {
	for prefix, names := range map[string][]string{
		"rule.fact.vehicle.": {"first", "valid"}, "rule.fact.land.": {"area", "share"}, "rule.fact.house.": {"area", "share"},
		"rule.fact.company.": {"capital", "date"}, "rule.fact.job.": {"date"}, "rule.spouse.": {"date"}, "rule.death.": {"date"},
		"rule.hukou.cancelled.": {"date"}, "rule.fact.sales.": {"amount"}, "rule.fact.company_tax.": {"amount"},
	} {
		for set := range 1 << len(names) {
			var pairs []string
			for i, n := range names {
				value := ""
				if set&(1<<i) != 0 {
					value = "x"
				}
				pairs = append(pairs, n, value)
			}
			if say := stated(prefix, pairs...); !lang.Has(say.Key) {
				t.Errorf("no text %s", say.Key)
			}
		}
	}
	for _, prefix := range []string{"rule.fact.taxed.", "rule.fact.company_total.", "rule.fact.company_tax.", "rule.fact.sales."} {
		for _, from := range []string{"", "2026-01-01"} {
			if say := during(prefix, from, "2026-01-31", "1.00"); !lang.Has(say.Key) {
				t.Errorf("no text %s", say.Key)
			}
		}
	}
	for _, key := range []string{"rule.fact.company.unpaid", "rule.fact.company.unpaid.date", "rule.fact.sales.period", "rule.fact.company_tax.period"} {
		if !lang.Has(key) {
			t.Errorf("no text %s", key)
		}
	}
}

// Where no register that could show a wage has answered, the text does not say
// that none shows it.
func TestSilenceIsNotCalledAbsence(t *testing.T) {
	h := household()
	h.Declared.Income = []hedui.DeclaredIncome{{Person: 1, Class: hedui.Wage, Monthly: money.Of(900)}}
	given := []hedui.Query{silent(1, "local_tax"), outside(1, "social_insurance"), outside(1, "employment"), silent(1, "housing_fund")}
	a := Assess(h, answers(h, given...), tolerance(t), today)
	says := func(a hedui.Assessment, key string) bool {
		return slices.ContainsFunc(a.Findings, func(f hedui.Finding) bool { return f.Reason.Key == key })
	}
	if !says(a, "rule.income.silent") {
		t.Errorf("nobody answered, but got %+v", a.Findings)
	}
	if a = Assess(h, answers(h, given[:3]...), tolerance(t), today); !says(a, "rule.income.unseen") {
		t.Errorf("one register was searched, but got %+v", a.Findings)
	}
	nothing := []hedui.Query{}
	for _, p := range h.Persons {
		for _, c := range catalog.Usual() {
			nothing = append(nothing, outside(p.No, c.Code))
		}
	}
	if a = Assess(h, nothing, tolerance(t), today); a.Conclusion != hedui.UnableToConfirm {
		t.Errorf("all not covered: got %s, want %s", a.Conclusion, hedui.UnableToConfirm)
	}
}
