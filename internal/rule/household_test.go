package rule

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/rule/book"
	"hedui/money"
	"hedui/source"
)

// verify assesses a case by the books that come with the program.
func verify(t interface{ Fatal(...any) }, c *hedui.Case, queries []hedui.Query, items ...hedui.Explanation) hedui.Assessment {
	rules, err := book.Standard()
	if err != nil {
		t.Fatal(err)
	}
	a, err := Verify(rules, c, queries, items, today, lang.English)
	if err != nil {
		t.Fatal(err)
	}
	if a.Means.Missing != "" {
		t.Fatal(a.Means.Missing)
	}
	return a
}

// asking gives the case consents that name every category.
func asking(c *hedui.Case) *hedui.Case {
	var all []catalog.Code
	for _, known := range catalog.All() {
		all = append(all, known.Code)
	}
	for _, p := range c.Persons {
		c.Consents = append(c.Consents, hedui.Consent{Person: p.No, Signer: p.No, Programme: c.Programme, Categories: all, SignedAt: asOf, Until: asOf.AddDate(1, 0, 0)})
	}
	return c
}

// months are twelve records, the same but for their month, with the key set to an amount.
func months(like catalog.Record, key, amount string) []catalog.Record {
	var list []catalog.Record
	for m := day.Must("2025-11-01"); m.Before(day.Must("2026-11-01")); m = m.AddMonths(1) {
		r := catalog.Record{key: amount}
		for k, v := range like {
			r[k] = v
		}
		r["month"] = m.String()[:7]
		list = append(list, r)
	}
	return list
}

// Each line of want is the size, income a head and month, financial assets, and
// of every thing what counts.
func TestMeansOfAnswers(t *testing.T) {
	salary := wages("36000.00")
	salary["tax_amount"] = "120.00"
	contributions := months(catalog.Record{"unit_name": "某公司", "contribution_base": "4000.00", "insured_type": "pension_employee"}, "personal_amount", "100.00")
	house := catalog.Record{"certificate_no": "甲1", "planned_use": "residential", "share": "50", "value": "600000.00", "area": "80"}
	let, other := maps.Clone(house), maps.Clone(house)
	let["monthly_rent"], let["rental_from"] = "1000.00", "2025-06-01"
	other["monthly_rent"], other["rental_from"] = "200.00", "2025-06-01"
	sold := func(certificate, on string) catalog.Record {
		r := catalog.Record{"certificate_no": certificate, "right_status": "historic", "monthly_rent": "1000.00", "rental_from": "2015-01-01"}
		if on != "" {
			r["transactions"] = catalog.RowsText([]catalog.Record{{"kind": "sale", "date": on, "price": "300000.00"}})
		}
		return r
	}
	county := func(q hedui.Query) hedui.Query { q.Scope = "330203"; return q }
	company := catalog.Record{"name": "某店", "registered_capital": "100000.00", "status": "active", "share": "100"}
	for _, c := range []struct {
		name    string
		change  func(*hedui.Case)
		given   []hedui.Query
		more    []hedui.Query
		want    string
		explain string // must be among the reasons
	}{
		{name: "nothing", want: "2, 0.00, 0.00"},
		{name: "one wage in three registers, own tax and contributions taken off once",
			given: []hedui.Query{found(1, "local_tax", salary), found(1, "social_insurance", contributions...),
				found(1, "housing_fund", catalog.Record{"deposit_base": "5000.00", "monthly_deposit": "500.00", "status": "normal", "unit": "某公司"})},
			want: "2, 1445.00, 0.00", explain: "deducted"}, // (36,000 - 120 - 12 × 100) ÷ 24
		{name: "own contributions are taken off a wage whose record has no period", given: []hedui.Query{found(1, "social_insurance", contributions...),
			found(1, "local_tax", catalog.Record{"tax_item": "wage", "income_amount": "36000.00", "tax_amount": "120.00"})}, want: "2, 1445.00, 0.00"},
		{name: "an amount without a period is of the year that was asked about, also where a month counts", change: func(h *hedui.Case) { h.Kind = hedui.PeriodicRecheck },
			given: []hedui.Query{found(1, "local_tax", catalog.Record{"tax_item": "rent", "income_amount": "36500.00"})}, want: "2, 1550.00, 0.00"}, // 31 of 365 days, of two
		{name: "of a year's wage the contributions of the window are taken off its part of the window",
			given: []hedui.Query{found(1, "social_insurance", contributions[:2]...),
				found(1, "local_tax", catalog.Record{"tax_item": "wage", "period_from": "2025-01-01", "period_to": "2025-12-31", "income_amount": "73000.00"})},
			want: "2, 500.00, 0.00"}, // (73,000 × 61 ÷ 365 - 2 × 100) ÷ 24
		{name: "contributions in two registers that write them differently", given: []hedui.Query{found(1, "local_tax", salary), found(1, "social_insurance", contributions...)},
			more: []hedui.Query{county(found(1, "social_insurance", months(catalog.Record{"unit_name": "某公司", "contribution_base": "4000.00", "insured_type": "pension_employee", "status": "normal"}, "personal_amount", "100.00")...))},
			want: "2, 1445.00, 0.00"},
		{name: "contributions to two schemes are two", given: []hedui.Query{found(1, "local_tax", salary), found(1, "social_insurance", append(slices.Clone(contributions),
			months(catalog.Record{"unit_name": "某公司", "contribution_base": "4000.00", "insured_type": "medical_employee"}, "personal_amount", "50.00")...)...)}, want: "2, 1420.00, 0.00"},
		{name: "a contribution base where no tax is known", given: []hedui.Query{found(1, "social_insurance", contributions...)}, want: "2, 1950.00, 0.00"},
		{name: "rent is not a wage", given: []hedui.Query{found(1, "local_tax", catalog.Record{"tax_item": "rent", "period_from": "2025-11-01", "period_to": "2026-10-31", "income_amount": "12000.00"})},
			want: "2, 500.00, 0.00", explain: "property"},
		{name: "a pension month by month", given: []hedui.Query{found(2, "social_insurance", months(catalog.Record{"insured_type": "pension_employee"}, "pension_received", "1200.00")...)}, want: "2, 600.00, 0.00"},
		{name: "a single month of a pension is what is drawn now", given: []hedui.Query{found(2, "social_insurance", pensions(1, 2026, time.October)...)}, want: "2, 750.00, 0.00"},
		{name: "a pension that began after the window is drawn now", given: []hedui.Query{found(2, "social_insurance", pensions(1, 2026, time.November)...)}, want: "2, 750.00, 0.00"},
		{name: "a pension that ended before the window is none", given: []hedui.Query{found(2, "social_insurance", pensions(2, 2019, time.May)...)}, want: "2, 0.00, 0.00"},
		{name: "a contribution base of before or after the window is no wage of it", given: []hedui.Query{
			found(1, "social_insurance", catalog.Record{"unit_name": "某公司", "contribution_base": "4000.00", "month": "2019-05"}),
			found(2, "social_insurance", catalog.Record{"unit_name": "某公司", "contribution_base": "4000.00", "month": "2026-11"})}, want: "2, 0.00, 0.00"},
		{name: "what a family declares is not added to what is found", change: func(h *hedui.Case) {
			h.Declared.Income = []hedui.DeclaredIncome{{Person: 1, Class: hedui.Wage, Monthly: money.Of(2000)}}
		}, given: []hedui.Query{found(1, "local_tax", wages("36000.00"))}, want: "2, 1500.00, 0.00"},
		{name: "what it declares beyond it counts", change: func(h *hedui.Case) {
			h.Declared.Income = []hedui.DeclaredIncome{{Person: 1, Class: hedui.Wage, Monthly: money.Of(4000)}}
		}, given: []hedui.Query{found(1, "local_tax", wages("36000.00"))}, want: "2, 2000.00, 0.00", explain: "not added"},
		{name: "a couple's house is one, in shares, in two registers",
			given: []hedui.Query{found(1, "housing", house), found(2, "housing", house)},
			more:  []hedui.Query{county(found(1, "housing", house))}, want: "2, 0.00, 0.00, dwelling 600000.00"},
		{name: "a couple has one lease of its house, in two registers",
			given: []hedui.Query{found(1, "housing", let), found(2, "housing", let)},
			more:  []hedui.Query{county(found(1, "housing", let))}, want: "2, 500.00, 0.00, dwelling 600000.00"},
		{name: "rent on which tax was paid is that of the lease", given: []hedui.Query{found(1, "housing", let),
			found(1, "local_tax", catalog.Record{"tax_item": "rent", "period_from": "2025-11-01", "period_to": "2026-10-31", "income_amount": "9600.00"})}, want: "2, 400.00, 0.00, dwelling 300000.00"},
		{name: "two leases of one house are two", given: []hedui.Query{found(1, "housing", let, other)}, want: "2, 600.00, 0.00, dwelling 300000.00"},
		{name: "a house that is theirs no more is none", given: []hedui.Query{found(1, "housing", catalog.Record{"certificate_no": "甲1", "right_status": "historic",
			"transactions": catalog.RowsText([]catalog.Record{{"kind": "gift", "date": "2026-06-01", "price": "300000.00"}})})}, want: "2, 0.00, 0.00"},
		{name: "a house that was sold brings no rent since", given: []hedui.Query{found(1, "housing",
			sold("甲1", "2018-06-01"), sold("甲2", ""), sold("甲3", "2025-11-30"))}, want: "2, 41.10, 0.00"}, // 30 of 365 days of one, of two
		{name: "a shop is no dwelling", given: []hedui.Query{found(1, "housing", catalog.Record{"certificate_no": "乙1", "planned_use": "commercial"})}, want: "2, 0.00, 0.00, non-residential premises 0.00"},
		{name: "a car long without inspection is set apart", given: []hedui.Query{found(1, "vehicle", catalog.Record{"plate_no": "浙B1", "status": "Q", "vehicle_type": "K33",
			"first_reg_date": "2006-05-01", "inspection_valid_to": "2012-05-31", "purchase_price": "80000.00"})}, want: "2, 0.00, 0.00, motor vehicle 0.00", explain: "set apart"},
		{name: "a wheelchair is exempt", given: []hedui.Query{found(1, "vehicle", catalog.Record{"plate_no": "浙B2", "status": "A", "vehicle_type": "disability", "current_value": "9000.00"})},
			want: "2, 0.00, 0.00, motor vehicle 0.00", explain: "exempt"},
		{name: "deposits and a fund", given: []hedui.Query{found(1, "deposits", catalog.Record{"account_no": "1", "balance": "10000.00"}),
			found(2, "securities", catalog.Record{"kind": "fund", "account_no": "2", "market_value": "5000.00", "cash": "500.00"})},
			want: "2, 0.00, 15500.00, deposits 10000.00, funds 5500.00"},
		{name: "an account in two registers is worth what the one says that has most", given: []hedui.Query{found(1, "deposits", catalog.Record{"account_no": "1"})},
			more: []hedui.Query{county(found(1, "deposits", catalog.Record{"account_no": "1", "balance": "90000.00"}))}, want: "2, 0.00, 90000.00, deposits 90000.00"},
		{name: "of a company counts what the person has subscribed", given: []hedui.Query{found(1, "business", catalog.Record{"name": "某厂", "registered_capital": "100000.00", "status": "active", "subscribed": "10000.00"})},
			want: "2, 0.00, 0.00, registered business 10000.00"},
		{name: "a manager owns nothing of a company", given: []hedui.Query{found(1, "business", catalog.Record{"name": "某厂", "registered_capital": "100000.00", "status": "active", "position": "manager"})},
			want: "2, 0.00, 0.00, registered business 0.00"},
		{name: "a business with turnover", given: []hedui.Query{found(1, "business", company), found(1, "national_tax", catalog.Record{"company_name": "某店", "period_from": "2026-01-01", "period_to": "2026-03-31", "sales": "1000.00"})},
			want: "2, 0.00, 0.00, registered business 100000.00"},
		{name: "who died does not count", given: []hedui.Query{found(2, "death", catalog.Record{"death_date": "2026-09-01"}), found(1, "local_tax", wages("12000.00"))}, want: "1, 1000.00, 0.00"},
		{name: "what somebody who died had as well is the other's by its share, and its lease goes on",
			given: []hedui.Query{found(1, "death", catalog.Record{"death_date": "2026-09-01"}), found(1, "housing", let), found(2, "housing", let)},
			want:  "1, 1000.00, 0.00, dwelling 300000.00"},
		{name: "and not that of who died", given: []hedui.Query{found(2, "death", catalog.Record{"death_date": "2026-09-01"}), found(1, "housing", house), found(2, "housing", house)},
			want: "1, 0.00, 0.00, dwelling 300000.00"},
		{name: "a joint account without shares is the other's", given: []hedui.Query{found(1, "death", catalog.Record{"death_date": "2026-09-01"}),
			found(1, "deposits", catalog.Record{"account_no": "1", "balance": "90000.00"}), found(2, "deposits", catalog.Record{"account_no": "1", "balance": "90000.00"})},
			want: "1, 0.00, 90000.00, deposits 90000.00", explain: "90,000.00"},
		{name: "rent on which one of a couple paid tax is that of their lease", given: []hedui.Query{found(1, "housing", let), found(2, "housing", let),
			found(2, "local_tax", catalog.Record{"tax_item": "rent", "period_from": "2025-11-01", "period_to": "2026-10-31", "income_amount": "9600.00"})}, want: "2, 400.00, 0.00, dwelling 600000.00"},
		{name: "who is in prison does not count", given: []hedui.Query{found(2, "prison", catalog.Record{"in_custody": "true", "kind": "prison"})}, want: "1, 0.00, 0.00"},
		{name: "support is imputed from what the obligor's family has above the standard", change: func(h *hedui.Case) {
			h.Persons[2].Family = &hedui.Family{Size: 2, Income: money.Of(6000)}
		}, want: "2, 450.00, 0.00", explain: "imputed"}, // (6,000 ÷ 2 - 1,200) × 50 %, of two
		{name: "an obligor's register knows more than the family states", change: func(h *hedui.Case) {
			h.Persons[2].Family = &hedui.Family{Size: 1, Income: money.Of(100)}
		}, given: []hedui.Query{found(3, "local_tax", wages("57600.00"))}, want: "2, 900.00, 0.00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := asking(household())
			if c.change != nil {
				c.change(h)
			}
			all := answers(h, c.given...)
			for i, q := range c.more {
				q.ID = fmt.Sprintf("more-%d", i)
				all = append(all, q)
			}
			m := verify(t, h, all).Means
			words := []string{fmt.Sprint(m.Size), m.Sums.PerHead.String(), m.Sums.Financial.String()}
			why := ""
			for _, r := range m.Property {
				words = append(words, r.What+" "+r.Counted.String())
				why += strings.Join(r.Why, "\n")
			}
			for _, r := range slices.Concat(m.Income, m.Support) {
				why += r.What + strings.Join(r.Why, "\n")
			}
			if got := strings.Join(words, ", "); got != c.want {
				t.Errorf("got %s, want %s\n%s", got, c.want, strings.Join(m.Steps, "\n"))
			}
			if !strings.Contains(why, c.explain) {
				t.Errorf("the reasons do not say %q:\n%s", c.explain, why)
			}
		})
	}
}

// A source that only answers yes or no about one person's limit leaves the
// household's open; one that knows the household's settles it, without a figure.
func TestLimitsWithoutAmounts(t *testing.T) {
	for _, c := range []struct{ scope, over, side, why string }{
		{"", "false", "unknown", "within the limit for one person"},
		{"", "true", "unknown", "over the limit for one person"},
		{"household", "false", "at_or_under", "within the limit of the household"},
		{"household", "true", "over", "over the limit of the household"},
	} {
		h := asking(household())
		m := verify(t, h, answers(h, found(1, "deposits", catalog.Record{"bank": "某行", "over_limit": c.over, "limit": "10000.00", "limit_scope": c.scope}))).Means
		i := slices.IndexFunc(m.Lines, func(l hedui.MeansLine) bool { return l.Rule == "lines.financial" })
		if l := m.Lines[i]; l.Figures || l.Side != c.side {
			t.Errorf("%+v: the line is %+v", c, l)
		}
		if len(m.Property) != 1 || !m.Property[0].Unvalued || !strings.Contains(strings.Join(m.Property[0].Why, ""), c.why) {
			t.Errorf("%+v: %+v", c, m.Property)
		}
	}
}

// What one source has in yuan does not settle a limit where another has said no
// amount: it is exceeded or not known, and never kept.
func TestAnAmountBesideOneThatIsNotKnown(t *testing.T) {
	flag := func(over string) catalog.Record {
		return catalog.Record{"bank": "某行", "over_limit": over, "limit": "10000.00"}
	}
	both := flag("false")
	both["account_no"], both["balance"] = "2", "200.00"
	for _, c := range []struct {
		balance string
		other   catalog.Record
		side    string
	}{
		{"100.00", catalog.Record{"account_no": "2", "bank": "某行"}, "unknown"}, {"0.00", catalog.Record{"account_no": "2", "bank": "某行"}, "unknown"},
		{"100.00", catalog.Record{"account_no": "2", "balance": "0.00"}, "at_or_under"}, {"100000.00", catalog.Record{"account_no": "2", "bank": "某行"}, "over"},
		{"100.00", flag("true"), "unknown"}, {"100.00", flag("false"), "unknown"},
		{"100000.00", flag("true"), "over"}, {"100000.00", flag("false"), "over"}, {"100.00", both, "at_or_under"},
	} {
		h := asking(household())
		m := verify(t, h, answers(h, found(1, "deposits", catalog.Record{"account_no": "1", "balance": c.balance}), found(2, "deposits", c.other))).Means
		i := slices.IndexFunc(m.Lines, func(l hedui.MeansLine) bool { return l.Rule == "lines.financial" })
		if l := m.Lines[i]; l.Side != c.side || l.Figures != (c.side != "unknown") {
			t.Errorf("%s beside %v: %+v", c.balance, map[string]string(c.other), l)
		}
	}
}

// A company is active by its sales or its tax, also where only the total of it
// stands in the record of an investor, and not by those of years ago.
func TestACompanyThatPaysTaxIsActive(t *testing.T) {
	in := catalog.Record{"company_name": "某店", "period_from": "2026-01-01", "period_to": "2026-03-31"}
	with := func(key, amount string) catalog.Record {
		r := maps.Clone(in)
		r[key] = amount
		return r
	}
	old := with("company_tax_total", "5000.00")
	old["period_from"], old["period_to"] = "2019-01-01", "2019-12-31"
	for _, c := range []struct {
		register catalog.Code
		record   catalog.Record
		hint     string
	}{
		{"national_tax", with("sales", "1000.00"), "flags.business"}, {"local_tax", with("tax_amount", "20.00"), "flags.business"},
		{"local_tax", with("company_tax_total", "5000.00"), "flags.business"}, {"local_tax", with("company_tax_total", "0.00"), "flags.business_review"},
		{"local_tax", old, "flags.business_review"},
	} {
		h := asking(household())
		m := verify(t, h, answers(h, found(1, "business", catalog.Record{"name": "某店", "registered_capital": "100000.00", "status": "active", "share": "100"}), found(1, c.register, c.record))).Means
		if !slices.ContainsFunc(m.Hints, func(h hedui.MeansHint) bool { return h.Rule == c.hint }) {
			t.Errorf("%v: no %s in %+v", map[string]string(c.record), c.hint, m.Hints)
		}
	}
}

// A receipt counts once, whether the family brings it or one or two registers have
// it; what no register has settled is added.
func TestAReceiptCountsOnce(t *testing.T) {
	bill := catalog.Record{"hospital": "某医院", "total": "9000.00", "pooled": "4000.00", "settled_on": "2026-05-01"}
	second, written := maps.Clone(bill), maps.Clone(bill)
	second["admitted_on"], written["cash"] = "2026-04-02", "5000.00"
	receipt := func(amount, repaid int64) hedui.DeclaredSpending {
		return hedui.DeclaredSpending{Person: 1, Kind: "medical", Amount: money.Of(amount), Repaid: money.Of(repaid), On: day.Must("2026-05-01")}
	}
	for _, c := range []struct {
		name     string
		declared []hedui.DeclaredSpending
		city     []catalog.Record
		county   []catalog.Record
		want     int64
	}{
		{"settled", nil, []catalog.Record{bill}, nil, 5000},
		{"in two registers that write it differently", nil, []catalog.Record{bill}, []catalog.Record{written}, 5000},
		{"two of one day", nil, []catalog.Record{bill, second}, nil, 10000},
		{"brought and settled", []hedui.DeclaredSpending{receipt(9000, 4000)}, []catalog.Record{bill}, nil, 5000},
		{"brought with another", []hedui.DeclaredSpending{receipt(9000, 4000), receipt(300, 0)}, []catalog.Record{bill}, nil, 5300},
		{"two brought, one settled", []hedui.DeclaredSpending{receipt(9000, 4000), receipt(9000, 4000)}, []catalog.Record{bill}, nil, 10000},
		{"brought and in no register", []hedui.DeclaredSpending{receipt(9000, 4000)}, nil, nil, 5000},
	} {
		h := asking(household())
		h.Programme, h.Declared.Spending = "expenditure", c.declared
		all := answers(h, found(1, "medical", c.city...))
		if c.county != nil {
			q := found(1, "medical", c.county...)
			q.Scope, q.ID = "330203", "more"
			all = append(all, q)
		}
		if m := verify(t, h, all).Means; m.Sums.Spent != money.Of(c.want) {
			t.Errorf("%s: %s, want %d", c.name, m.Sums.Spent, c.want)
		}
	}
}

// What the family itself declares beyond a limit exceeds it, whatever a source says
// that gives no amount.
func TestWhatIsDeclaredCountsBesideASourceWithoutAmounts(t *testing.T) {
	for _, r := range []catalog.Record{{"account_no": "2", "bank": "某行"}, {"over_limit": "true", "limit": "10000.00"}, {"over_limit": "false", "limit": "10000.00"}} {
		for declared, want := range map[int64]string{100000: "over", 100: "unknown"} {
			h := asking(household())
			h.Declared.Property = []hedui.DeclaredProperty{{Person: 1, Class: hedui.Deposits, Value: money.Of(declared)}}
			m := verify(t, h, answers(h, found(1, "deposits", r))).Means
			i := slices.IndexFunc(m.Lines, func(l hedui.MeansLine) bool { return l.Rule == "lines.financial" })
			if l := m.Lines[i]; l.Side != want {
				t.Errorf("%d beside %v: %+v", declared, map[string]string(r), l)
			}
		}
	}
}

// An obligor whose family nobody has described is a question, not a family of one.
func TestNothingIsImputedFromAFamilyNobodyDescribed(t *testing.T) {
	h := household()
	m := verify(t, h, answers(h, found(3, "local_tax", wages("600000.00")))).Means
	if m.Sums.Support != 0 || len(m.Support) != 0 || len(m.Open) != 1 {
		t.Errorf("support %s, %d rows, open %q", m.Sums.Support, len(m.Support), m.Open)
	}
}

// Only who gives no consent at all, or withdraws it, is an obligor of whom nothing
// may be asked; else support is imputed from what the family states.
func TestAnObligorRefusesOnlyAsAWhole(t *testing.T) {
	declined := func(c catalog.Code, why source.Reason) hedui.Query {
		return hedui.Query{Person: 3, Category: c, State: hedui.Answered, Outcome: source.Refused, Reason: why}
	}
	for _, c := range []struct {
		name    string
		given   []hedui.Query
		all     bool
		refused bool
	}{
		{"consents to all", nil, false, false},
		{"leaves deposits out", []hedui.Query{declined("deposits", hedui.ReasonNoConsent)}, false, false},
		{"a department declines", []hedui.Query{declined("land", source.ReasonMandate)}, false, false},
		{"gives none", nil, true, true},
		{"withdraws it", []hedui.Query{silent(3, "vehicle"), declined("land", hedui.ReasonWithdrawn)}, false, true},
	} {
		h := asking(household())
		h.Persons[2].Family = &hedui.Family{Size: 2, Income: money.Of(6000)}
		queries := answers(h, c.given...)
		for i := range queries {
			if c.all && queries[i].Person == 3 {
				queries[i].Outcome, queries[i].Reason, queries[i].AsOf = source.Refused, hedui.ReasonNoConsent, time.Time{}
			}
		}
		m := verify(t, h, queries).Means
		hinted := slices.ContainsFunc(m.Hints, func(h hedui.MeansHint) bool { return h.Rule == "flags.no_consent" })
		if hinted != c.refused || (m.Sums.Support == 0) != c.refused {
			t.Errorf("%s: support %s, hint %t", c.name, m.Sums.Support, hinted)
		}
	}
}

// Above a report, a limit is exceeded only by what the family has declared,
// confirmed, or been asked about; until then it is a question.
func TestOverTheLimitIsSaidOnlyWithoutQuestions(t *testing.T) {
	rich := found(1, "local_tax", wages("120000.00"))
	declared := []hedui.DeclaredIncome{{Person: 1, Class: hedui.Wage, Monthly: money.Of(10000)}}
	over := func(a hedui.Assessment) bool { return slices.ContainsFunc(a.Means.Lines, hedui.MeansLine.Over) }
	h := household()
	hidden := verify(t, h, answers(h, rich))
	if hidden.Conclusion != hedui.Suspect || !over(hidden) {
		t.Errorf("not declared: %s", hidden.Conclusion)
	}
	item := hedui.Explanation{Key: hidden.Findings[0].Key(answers(h, rich)), Person: 1, Category: catalog.LocalTax}
	for state, want := range map[hedui.ExplanationState]hedui.Conclusion{hedui.ExplanationOpen: hedui.Suspect, hedui.ExplanationEntered: hedui.Suspect,
		hedui.ExplanationTrue: hedui.OverLimit, hedui.ExplanationDone: hedui.OverLimit, hedui.ExplanationOverdue: hedui.Suspect} {
		item.State = state
		if a := verify(t, h, answers(h, rich), item); a.Conclusion != want {
			t.Errorf("%s: %s, want %s", state, a.Conclusion, want)
		}
	}
	h.Declared.Income = declared
	if a := verify(t, h, answers(h, rich)); a.Conclusion != hedui.OverLimit || !over(a) {
		t.Errorf("declared and found: %s", a.Conclusion)
	}
	if a := verify(t, h, answers(h, rich, silent(2, "land"))); a.Conclusion != hedui.OverLimit {
		t.Errorf("with a gap, which can only add: %s", a.Conclusion)
	}
	var nobody []hedui.Query
	for _, q := range answers(h) {
		nobody = append(nobody, silent(q.Person, q.Category))
	}
	if a := verify(t, h, nobody); a.Conclusion != hedui.UnableToConfirm {
		t.Errorf("nobody has answered: %s", a.Conclusion)
	}
}

// A rule that fails may be the exemption by which the limit is kept.
func TestOverTheLimitIsNotSaidWhereARuleFailed(t *testing.T) {
	h := household()
	h.Declared.Income = []hedui.DeclaredIncome{{Person: 1, Class: hedui.Wage, Monthly: money.Of(3000)}}
	for when, want := range map[string]hedui.Conclusion{"true": hedui.OverLimit, "fact.started_on < date": hedui.AllConsistent} {
		files := fstest.MapFS{}
		for _, name := range []string{"nation-2021.yaml", "ningbo-today.yaml"} {
			text, err := fs.ReadFile(book.Files(), name)
			if err != nil {
				t.Fatal(err)
			}
			text = []byte(strings.Replace(string(text), "  contributions: {effect: deduct,", "  contributions: {effect: deduct, when: "+when+",", 1))
			files[name] = &fstest.MapFile{Data: text}
		}
		rules, err := book.Read(files)
		if err != nil {
			t.Fatal(err)
		}
		a, err := Verify(rules, h, answers(h, found(1, "local_tax", wages("36000.00"))), nil, today, lang.English)
		if err != nil || a.Conclusion != want {
			t.Errorf("when %s: %v, %s, want %s, open %q", when, err, a.Conclusion, want, a.Means.Open)
		}
	}
}

// The same case under the same registers differs by data alone: another county.
func TestAnotherCountyIsOtherData(t *testing.T) {
	h := household()
	h.Declared.Income = []hedui.DeclaredIncome{{Person: 1, Class: hedui.Wage, Monthly: money.Of(3000)}}
	queries := answers(h, found(1, "local_tax", wages("36000.00")))
	sides := map[string]bool{}
	for _, division := range []string{"330203", "990101", "990201"} {
		h.Division = division
		m := verify(t, h, queries).Means
		i := slices.IndexFunc(m.Lines, func(l hedui.MeansLine) bool { return l.Rule == "lines.income" })
		sides[fmt.Sprint(m.Lines[i].Limit)] = true
	}
	if len(sides) < 2 {
		t.Errorf("all counties have one limit: %v", sides)
	}
}

// A place whose books lack the standard gives no figures and says so; the answers stand.
func TestBooksWithoutAStandardGiveNoFigures(t *testing.T) {
	h := household()
	h.Division = "110101"
	rules, err := book.Standard()
	if err != nil {
		t.Fatal(err)
	}
	a, err := Verify(rules, h, answers(h, found(1, "local_tax", wages("36000.00"))), nil, today, lang.English)
	if err != nil || a.Means.Missing == "" || len(a.Means.Lines) != 0 || a.Conclusion != hedui.Suspect {
		t.Errorf("%v, %q, %s", err, a.Means.Missing, a.Conclusion)
	}
}

// Neither the order in which registers answer nor a register that has nothing
// changes a figure.
func TestMeansDoNotDependOnTheOrderOfAnswers(t *testing.T) {
	pool := []hedui.Query{
		found(1, "local_tax", wages("36000.00")), found(2, "social_insurance", pensions(12, 2025, time.November)...),
		found(1, "social_insurance", months(catalog.Record{"unit_name": "某公司", "contribution_base": "2000.00"}, "personal_amount", "100.00")...),
		found(1, "deposits", catalog.Record{"account_no": "1", "balance": "10000.00"}, catalog.Record{"account_no": "2", "balance": "2000.00"}),
		found(2, "housing", catalog.Record{"certificate_no": "甲1", "planned_use": "residential", "value": "600000.00"}),
		found(1, "vehicle", catalog.Record{"plate_no": "浙B1", "status": "A", "vehicle_type": "K33", "first_reg_date": "2020-05-01", "purchase_price": "80000.00"}),
		found(1, "medical", catalog.Record{"total": "9000.00", "pooled": "4000.00", "settled_on": "2026-05-01"}),
	}
	h := asking(household())
	want := verify(t, h, answers(h, pool...)).Means
	rapid.Check(t, func(t *rapid.T) {
		queries := rapid.Permutation(answers(h, pool...)).Draw(t, "order")
		if rapid.Bool().Draw(t, "another register") {
			more := outside(1, "housing")
			more.Scope, more.ID = "330203", "more"
			queries = append(queries, more)
		}
		got := verify(t, h, queries).Means
		if got.Sums != want.Sums || len(got.Property) != len(want.Property) || !slices.Equal(got.Lines, want.Lines) {
			t.Fatalf("got %+v %+v, want %+v %+v", got.Sums, got.Lines, want.Sums, want.Lines)
		}
	})
}

// A refund or a correction below nothing, which registers write with a minus, does
// not keep the rest of a case from being worked out.
func TestAmountsBelowNothingStopNoCase(t *testing.T) {
	paid := func(key string) catalog.Record {
		r := wages("36000.00")
		r[key] = "-120.00"
		return r
	}
	for c, r := range map[catalog.Code]catalog.Record{
		"local_tax":        paid("tax_amount"),
		"social_insurance": {"unit_name": "某公司", "contribution_base": "4000.00", "month": "2026-05", "personal_amount": "-100.00"},
		"housing": {"certificate_no": "甲1", "value": "-1.00", "area": "-1", "right_status": "historic",
			"transactions": catalog.RowsText([]catalog.Record{{"kind": "gift", "date": "2026-06-01", "price": "-1.00"}})},
		"vehicle":  {"plate_no": "浙B1", "current_value": "-1.00", "purchase_price": "-1.00"},
		"business": {"name": "某店", "registered_capital": "-1.00", "paid_in": "-1.00"},
		"medical":  {"total": "-100.00", "pooled": "-10.00", "settled_on": "2026-05-01"},
	} {
		h := asking(household())
		m := verify(t, h, answers(h, found(1, c, r), found(2, "local_tax", wages("12000.00")))).Means
		if want := map[catalog.Code]money.Fen{"local_tax": money.Of(2000)}; m.Sums.PerHead < max(want[c], money.Of(500)) {
			t.Errorf("%s: %s a head", c, m.Sums.PerHead)
		}
	}
}
