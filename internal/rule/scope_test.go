package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/source"
)

// in is an answer of the register of a county; without it an answer is the city's.
func in(scope string, q hedui.Query) hedui.Query {
	q.Scope, q.Department, q.AskedAt = scope, "某县局", asOf
	return q
}

// scoped is the city's answers with those of counties beside them, as the store
// returns them.
func scoped(c *hedui.Case, given ...hedui.Query) []hedui.Query {
	var city, counties []hedui.Query
	for _, q := range given {
		if q.Scope == "" {
			city = append(city, q)
			continue
		}
		q.ID = hedui.QueryID(c.ID, q.Person, q.Category, q.Scope, 1)
		counties = append(counties, q)
	}
	all := answers(c, city...)
	for i := range all {
		all[i].Scope = "330200"
	}
	all = append(all, counties...)
	slices.SortStableFunc(all, func(a, b hedui.Query) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Scope, b.Scope))
	})
	return all
}

func none(person int, c catalog.Code) hedui.Query {
	return hedui.Query{Person: person, Category: c, State: hedui.Answered, Outcome: source.None, AsOf: asOf}
}

func noSource(person int, c catalog.Code) hedui.Query {
	return hedui.Query{Person: person, Category: c, State: hedui.Answered, Outcome: source.NotCovered, Reason: hedui.ReasonNoSource}
}

func sent(person int, c catalog.Code) hedui.Query {
	return hedui.Query{Person: person, Category: c, State: hedui.Pending, Reason: hedui.ReasonSent}
}

func paid(from, to, amount, unit string) catalog.Record {
	return catalog.Record{"tax_item": "wage", "period_from": from, "period_to": to, "income_amount": amount, "withholding_unit": unit}
}

// monthly are twelve months of one wage within the window.
func monthly(amount, unit string) []catalog.Record {
	var list []catalog.Record
	for m := range 12 {
		first := time.Date(2025, 11+time.Month(m), 1, 0, 0, 0, 0, time.UTC)
		list = append(list, paid(first.Format(time.DateOnly), first.AddDate(0, 1, -1).Format(time.DateOnly), amount, unit))
	}
	return list
}

const county, other = "330203", "330212"

// Each line of want is: conclusion, then kind category person declared found count,
// then the gaps with their scope.
func TestAssessSeveralScopes(t *testing.T) {
	house := catalog.Record{"certificate_no": "A1", "value": "300000.00"}
	married := func(on, status string) catalog.Record {
		return catalog.Record{"reg_date": on, "marital_status": status, "spouse_name": "别人", "spouse_id_no": "330200198002290018"}
	}
	for _, c := range []struct {
		name    string
		declare hedui.Declared
		given   []hedui.Query
		want    string
	}{
		{"a county that is silent stays a gap where the city has answered", hedui.Declared{}, []hedui.Query{in(county, silent(1, "land"))},
			"INCOMPLETE; SOURCE_SILENT land 0 0.00 0.00 1; gap land 1 330203 down"},
		{"the city's silence stays one where the county has answered", hedui.Declared{}, []hedui.Query{silent(1, "land"), in(county, none(1, "land"))},
			"INCOMPLETE; SOURCE_SILENT land 0 0.00 0.00 1; gap land 1 330200 down"},
		{"two scopes silent on two persons are four queries", hedui.Declared{},
			[]hedui.Query{silent(1, "land"), in(county, silent(1, "land")), silent(2, "land"), in(county, silent(2, "land"))},
			"INCOMPLETE; SOURCE_SILENT land 0 0.00 0.00 4; gap land 1 330200 down; gap land 1 330203 down; gap land 2 330200 down; gap land 2 330203 down"},
		{"what is on its way to another node says so", hedui.Declared{}, []hedui.Query{in(other, sent(1, "housing"))},
			"INCOMPLETE; SOURCE_SILENT housing 0 0.00 0.00 1; gap housing 1 330212 sent"},
		{"no source for a county is no gap where the city settled it", hedui.Declared{}, []hedui.Query{in(other, noSource(1, "land"))}, "NO_FINDING"},
		{"nor where the city doubts", hedui.Declared{}, []hedui.Query{doubt(1, "land"), in(other, noSource(1, "land"))},
			"SUSPECT; IDENTITY_DOUBT land 1 0.00 0.00 0"},
		{"it is one where the city does not cover the person", hedui.Declared{}, []hedui.Query{outside(1, "land"), in(other, noSource(1, "land"))},
			"INCOMPLETE; NOT_VERIFIABLE land 0 0.00 0.00 1; gap land 1 330212 no_source"},
		{"no source at all names no scope", hedui.Declared{}, []hedui.Query{noSource(1, "land")},
			"INCOMPLETE; NOT_VERIFIABLE land 0 0.00 0.00 1; gap land 1  no_source"},
		{"not covered by a county is no gap", hedui.Declared{}, []hedui.Query{in(county, outside(1, "land"))}, "NO_FINDING"},
		{"one doubt in two registers is one", hedui.Declared{}, []hedui.Query{doubt(1, "land"), in(county, doubt(1, "land"))},
			"SUSPECT; IDENTITY_DOUBT land 1 0.00 0.00 0"},
		{"a declared car that only a county was searched for", hedui.Declared{Property: car(1)}, []hedui.Query{outside(1, "vehicle"), in(county, none(1, "vehicle"))},
			"NO_FINDING; OVER_DECLARED vehicle 1 8000.00 0.00 0"},
		{"a declared car that a silent county may hold", hedui.Declared{Property: car(1)}, []hedui.Query{in(county, silent(1, "vehicle"))},
			"INCOMPLETE; SOURCE_SILENT vehicle 0 0.00 0.00 1; NOT_VERIFIABLE vehicle 1 8000.00 0.00 0; gap vehicle 1 330203 down"},
		{"a declared car that a county may have under another name", hedui.Declared{Property: car(1)}, []hedui.Query{in(county, doubt(1, "vehicle"))},
			"SUSPECT; IDENTITY_DOUBT vehicle 1 0.00 0.00 0; NOT_VERIFIABLE vehicle 1 8000.00 0.00 0"},
		{"one home in two registers", hedui.Declared{Property: home(1, 300000)}, []hedui.Query{found(1, "housing", house), in(county, found(1, "housing", house))},
			"CONSISTENT; CONSISTENT housing 1 300000.00 300000.00 2"},
		{"a home in each register is two", hedui.Declared{Property: home(1, 300000)},
			[]hedui.Query{found(1, "housing", house), in(county, found(1, "housing", catalog.Record{"certificate_no": "A2", "value": "100000.00"}))},
			"SUSPECT; UNDER_DECLARED housing 1 300000.00 400000.00 2"},
		{"one home of which a county states only where it is", hedui.Declared{Property: home(1, 0)},
			[]hedui.Query{found(1, "housing", catalog.Record{"certificate_no": "A1", "location": "某路1号"}), in(county, found(1, "housing", catalog.Record{"location": "某路1号"}))},
			"CONSISTENT; CONSISTENT housing 1 0.00 0.00 2"},
		{"the same record without any number, in two registers", hedui.Declared{Property: []hedui.DeclaredProperty{{Person: 1, Class: hedui.Land}}},
			[]hedui.Query{found(1, "land", catalog.Record{"area_m2": "60"}), in(county, found(1, "land", catalog.Record{"area_m2": "60"}))},
			"CONSISTENT; CONSISTENT land 1 0.00 0.00 2"},
		{"two such records in one register are two", hedui.Declared{Property: []hedui.DeclaredProperty{{Person: 1, Class: hedui.Land}}},
			[]hedui.Query{in(county, found(1, "land", catalog.Record{"area_m2": "60"}, catalog.Record{"area_m2": "60"}))},
			"SUSPECT; UNDER_DECLARED land 1 0.00 0.00 2"},
		{"one fund account in two registers", hedui.Declared{}, []hedui.Query{found(1, "housing_fund", catalog.Record{"account_no": "7", "balance": "9000.00"}),
			in(county, found(1, "housing_fund", catalog.Record{"account_no": "7", "balance": "9000.00"}))},
			"SUSPECT; UNDECLARED housing_fund 1 0.00 9000.00 2"},
		{"one year's wage in two registers, by the year and by the month", hedui.Declared{},
			[]hedui.Query{found(1, "local_tax", wages("36000.00")), in(county, found(1, "local_tax", monthly("3000.00", "某公司")...))},
			"SUSPECT; UNDECLARED local_tax 1 0.00 3000.00 1"},
		{"the register that states more of the same months counts", hedui.Declared{},
			[]hedui.Query{found(1, "local_tax", wages("36000.00")), in(county, found(1, "local_tax", monthly("3500.00", "某公司")...))},
			"SUSPECT; UNDECLARED local_tax 1 0.00 3500.04 12"}, // each record's month is rounded
		{"halves of a year in two registers are added", hedui.Declared{}, []hedui.Query{
			found(1, "local_tax", paid("2025-11-01", "2026-04-30", "18000.00", "某公司")),
			in(county, found(1, "local_tax", paid("2026-05-01", "2026-10-31", "12000.00", "某公司")))},
			"SUSPECT; UNDECLARED local_tax 1 0.00 2500.00 2"},
		{"two employers at a time are added", hedui.Declared{}, []hedui.Query{
			found(1, "local_tax", wages("36000.00")), in(county, found(1, "local_tax", monthly("1000.00", "另一公司")...))},
			"SUSPECT; UNDECLARED local_tax 1 0.00 3999.96 13"},
		{"unless one register does not name them", hedui.Declared{}, []hedui.Query{
			found(1, "local_tax", wages("36000.00")), in(county, found(1, "local_tax", monthly("1000.00", "")...))},
			"SUSPECT; UNDECLARED local_tax 1 0.00 3000.00 1"},
		{"a wage and a bonus in one register are added", hedui.Declared{}, []hedui.Query{
			in(county, found(1, "local_tax", wages("36000.00"), paid("2026-01-01", "2026-01-31", "12000.00", "某公司")))},
			"SUSPECT; UNDECLARED local_tax 1 0.00 4000.00 2"},
		{"a company's tax in two registers", hedui.Declared{}, []hedui.Query{
			found(1, "local_tax", catalog.Record{"company_name": "某公司", "period_from": "2026-01-01", "period_to": "2026-03-31", "tax_amount": "1200.00"}),
			in(county, found(1, "local_tax", catalog.Record{"company_name": "某公司", "period_from": "2026-01-01", "period_to": "2026-03-31", "tax_amount": "1200.00"}))},
			"SUSPECT; UNDECLARED local_tax 1 0.00 1200.00 1"},
		{"a company's total in one register and its payments in the other", hedui.Declared{}, []hedui.Query{
			found(1, "local_tax", catalog.Record{"company_name": "某公司", "company_tax_total": "2000.00"}),
			in(county, found(1, "local_tax", catalog.Record{"company_name": "某公司", "tax_amount": "2000.00"}))},
			"SUSPECT; UNDECLARED local_tax 1 0.00 2000.00 2"},
		{"turnover in two registers", hedui.Declared{}, []hedui.Query{
			found(1, "national_tax", catalog.Record{"company_name": "某店", "sales": "90000.00"}),
			in(county, found(1, "national_tax", catalog.Record{"company_name": "某店", "sales": "90000.00"}))},
			"SUSPECT; UNDECLARED national_tax 1 0.00 90000.00 1"},
		{"one pension in two registers", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", pensions(12, 2025, 11)...), in(county, found(1, "social_insurance", pensions(12, 2025, 11)...))},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 1500.00 1"},
		{"a pension that moved from one register to the other", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", pensions(6, 2025, 11)...), in(county, found(1, "social_insurance", pensions(6, 2026, 5)...))},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 1500.00 1"},
		{"a month of it in each register is no double pension", hedui.Declared{},
			[]hedui.Query{found(1, "social_insurance", pensions(1, 2026, 9)...), in(county, found(1, "social_insurance", catalog.Record{"pension_received": "1500.00"}))},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 1500.00 1"},
		{"contribution bases in two registers", hedui.Declared{}, []hedui.Query{
			found(1, "social_insurance", catalog.Record{"unit_name": "某公司", "contribution_base": "3000.00", "month": "2026-09"}),
			in(county, found(1, "social_insurance", catalog.Record{"unit_name": "某公司", "contribution_base": "3000.00", "month": "2026-09"}))},
			"SUSPECT; UNDECLARED social_insurance 1 0.00 250.00 1"},
		{"deposit bases in two registers", hedui.Declared{}, []hedui.Query{
			found(1, "housing_fund", catalog.Record{"deposit_base": "3600.00", "monthly_deposit": "360.00"}),
			in(county, found(1, "housing_fund", catalog.Record{"deposit_base": "3500.00", "monthly_deposit": "350.00"}))},
			"SUSPECT; UNDECLARED housing_fund 1 0.00 3600.00 1"},
		{"one job in two registers", hedui.Declared{}, []hedui.Query{found(1, "employment", catalog.Record{"unit": "某公司", "employment_reg_date": "2024-01-01"}),
			in(county, found(1, "employment", catalog.Record{"unit": "某公司", "employment_reg_date": "2024-01-02"}))},
			"SUSPECT; UNDECLARED employment 1 0.00 0.00 1"},
		{"the newest marriage record of all registers decides", hedui.Declared{},
			[]hedui.Query{found(1, "marriage", married("2015-01-01", "40")), in(county, found(1, "marriage", married("2009-01-01", "20")))}, "NO_FINDING"},
		{"one unlisted spouse in two registers", hedui.Declared{},
			[]hedui.Query{found(1, "marriage", married("2009-01-01", "20")), in(county, found(1, "marriage", married("2009-01-01", "20")))},
			"SUSPECT; UNDECLARED marriage 1 0.00 0.00 1"},
		{"one death in two registers", hedui.Declared{}, []hedui.Query{found(1, "death", catalog.Record{"death_date": "2026-03-12"}),
			in(county, found(1, "death", catalog.Record{"death_date": "2026-03-12"}))}, "SUSPECT; IDENTITY_DOUBT death 1 0.00 0.00 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := household()
			h.Declared = c.declare
			a := Assess(h, scoped(h, c.given...), tolerance(t), today)
			words := []string{string(a.Conclusion)}
			for _, f := range a.Findings {
				checkTexts(t, f)
				words = append(words, fmt.Sprintf("%s %s %d %s %s %d", f.Kind, f.Category, f.Person, f.Declared, f.Found, f.Count))
			}
			for _, g := range a.Gaps {
				words = append(words, fmt.Sprintf("gap %s %d %s %s", g.Category, g.Person, g.Scope, g.Reason))
			}
			if got := strings.Join(words, "; "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// The count of a gap is that of its queries, and the sentence names the persons.
func TestAGapCountsQueriesAndPersons(t *testing.T) {
	h := household()
	a := Assess(h, scoped(h, silent(1, "land"), in(county, silent(1, "land")), silent(2, "land")), tolerance(t), today)
	got := a.Findings[0].Reason
	if want := hedui.Say("rule.silent.queries", "2", "3"); got.Key != want.Key || !slices.Equal(got.Args, want.Args) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What one register says is worth the same whether another one repeats it or not.
func TestARegisterThatRepeatsAnotherAddsNothing(t *testing.T) {
	for _, q := range []hedui.Query{
		found(1, "local_tax", append(monthly("3123.45", "某公司"), paid("2026-02-01", "2026-02-28", "800.00", "另一公司"))...),
		found(1, "social_insurance", pensions(12, 2025, 11)...),
		found(1, "housing_fund", catalog.Record{"account_no": "7", "balance": "9000.00", "deposit_base": "3600.00", "monthly_deposit": "360.00"}),
		found(1, "vehicle", catalog.Record{"plate_no": "浙B1", "current_value": "9000.00"}),
		found(1, "business", catalog.Record{"reg_no": "1", "registered_capital": "500000.00", "share": "60"}),
	} {
		h := household()
		once := Assess(h, scoped(h, q), tolerance(t), today)
		twice := Assess(h, scoped(h, q, in(county, q)), tolerance(t), today)
		if once.Totals != twice.Totals || once.Totals == (hedui.Totals{}) {
			t.Errorf("%s: once %+v, twice %+v", q.Category, once.Totals, twice.Totals)
		}
	}
}
