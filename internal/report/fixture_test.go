package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/money"
	"hedui/seal"
	"hedui/source"
)

// at is the instant at which the reports of the tests are made.
var at = time.Date(2013, 3, 18, 17, 24, 31, 0, day.Beijing)

const testSalt = "00112233445566778899aabbccddeeff"

func id(t testing.TB, birth string, serial int) idcard.Number {
	t.Helper()
	n, ok := idcard.Make("330200", day.Must(birth), serial)
	if !ok {
		t.Fatal("no such number")
	}
	return n
}

func number(t testing.TB, s hedui.Series, division string, serial int) string {
	t.Helper()
	n, err := hedui.Number(s, division, day.Of(at), hedui.Dibao, serial)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// answered is a query of every person and category with outcome none.
func answered(c *hedui.Case) []hedui.Query {
	var queries []hedui.Query
	for _, p := range c.Persons {
		for i, code := range c.Categories(nil) {
			known, _ := catalog.Get(code)
			owner, _ := known.OwnerOn(day.Of(at))
			asked := at.Add(-2*time.Hour + time.Duration(i)*time.Second)
			queries = append(queries, hedui.Query{
				ID: hedui.QueryID(c.ID, p.No, code, "330200", 1), Case: c.ID, Person: p.No, Category: code, Scope: "330200", Department: "宁波市" + owner.Name,
				State: hedui.Answered, Outcome: source.None, AskedAt: asked, AnsweredAt: asked.Add(time.Duration(400+137*i) * time.Millisecond),
				AsOf: at.AddDate(0, 0, -1-i%3), Hash: "sha256:" + strings.Repeat(fmt.Sprintf("%02x", i), 32),
			})
		}
	}
	return queries
}

func set(queries []hedui.Query, person int, code catalog.Code, change func(*hedui.Query)) {
	for i := range queries {
		if queries[i].Person == person && queries[i].Category == code {
			change(&queries[i])
		}
	}
}

func found(records ...catalog.Record) func(*hedui.Query) {
	return func(q *hedui.Query) {
		q.Outcome, q.Match, q.Records = source.Found, source.MatchIDName, records
	}
}

func input(t testing.TB, c *hedui.Case, queries []hedui.Query, a hedui.Assessment) Input {
	return Input{
		Case: c, Queries: queries, Assessment: a, Number: number(t, hedui.ReportSeries, c.Division, 17), Version: 1, Salt: testSalt,
		At: at, ValidUntil: day.Of(at).AddMonths(6), ObjectionDays: 5, Issuer: "宁波市海曙区居民家庭经济状况核对中心",
		Reviewer: Hand{"shen", "沈敏", "审核科", at.Add(-20 * time.Minute)}, Signer: Hand{"xu", "徐国强", "核对中心主任", at},
	}
}

// wang declares nothing and has a company that pays tax.
func wang(t testing.TB) Input {
	c := &hedui.Case{
		ID: "case-wang", Number: number(t, hedui.CaseSeries, "330203", 17), Division: "330203", Programme: hedui.Dibao, Kind: hedui.NewApplication,
		Office: "宁波市海曙区民政局", AppliedOn: day.Must("2013-03-15"), Commission: number(t, hedui.CommissionSeries, "330203", 17),
		Persons: []hedui.Person{{No: 1, Name: "王建国", ID: id(t, "1968-04-12", 13), Role: hedui.Member, Relation: hedui.Self, Capacity: hedui.FullCapacity, Notes: "自述无业"}},
	}
	p := c.Persons[0]
	q := answered(c)
	set(q, 1, catalog.Hukou, found(catalog.Record{"name": p.Name, "id_no": p.ID.Reveal(), "sex": "1", "birth_date": "1968-04-12", "ethnic_group": "01",
		"household_no": p.ID.Reveal(), "registered_address": "宁波市海曙区解放南路 21 号 302 室", "household_type": "02", "cancel_flag": "false"}))
	set(q, 1, catalog.Business, found(catalog.Record{"reg_no": "330203000012345", "name": "宁波海曙建国五金有限公司", "type": "limited", "legal_rep": p.Name,
		"position": "legal_rep", "registered_capital": "500000.00", "share": "60", "found_date": "2009-06-01", "status": "active",
		"scope": "五金、建材、日用百货的批发、零售；水电安装", "authority": "宁波市工商行政管理局海曙分局",
		"investors": catalog.RowsText([]catalog.Record{{"name": p.Name, "id_no": p.ID.Reveal(), "share": "60"}, {"name": "陈某", "share": "40"}})}))
	var taxes []catalog.Record
	for m := 1; m <= 12; m++ {
		d, _ := day.New(2012, time.Month(m), 1)
		taxes = append(taxes, catalog.Record{"taxpayer_name": p.Name, "id_no": p.ID.Reveal(), "company_name": "宁波海曙建国五金有限公司",
			"company_tax_no": p.ID.Reveal() + "01", "period_from": d.String(), "period_to": d.AddMonths(1).Add(-1).String(),
			"company_tax_total": fmt.Sprintf("%d.50", 900+37*m), "paid_date": d.AddMonths(1).Add(9).String()})
	}
	set(q, 1, catalog.LocalTax, found(taxes...))
	set(q, 1, catalog.Housing, func(q *hedui.Query) { q.Outcome, q.Reason = source.NotCovered, source.ReasonOutside })
	a := hedui.Assessment{Conclusion: hedui.Suspect, Totals: hedui.Totals{PropertyFound: money.Of(300000)}, Findings: []hedui.Finding{
		{Kind: hedui.Undeclared, Category: catalog.Business, Person: 1, Class: "business", Unit: hedui.InTotal, Found: money.Of(300000), Count: 1,
			Reason: hedui.Say("rule.diff.UNDECLARED.total", "1", "0.00", "300,000.00"),
			Facts:  []hedui.Fact{{Query: "q", Department: "宁波市工商行政管理局", Say: hedui.Say("rule.fact.company.unpaid.date", "500,000.00", "2009-06-01"), Unit: hedui.InTotal, Amount: money.Of(300000)}}},
		{Kind: hedui.Undeclared, Category: catalog.LocalTax, Person: 1, Class: "business", Unit: hedui.InTotal, Found: money.Of(13692), Count: 12,
			Reason: hedui.Say("rule.tax.UNDECLARED.total", "12", "0.00", "13,692.00"),
			Facts:  []hedui.Fact{{Query: "q", Department: "宁波市地方税务局", Say: hedui.Say("rule.fact.company_total.period.amount", "2012-01-01", "2012-01-31", "937.50"), Unit: hedui.InTotal, Amount: money.Fen(93750)}}},
	}}
	a.Means = &hedui.Means{
		Books: []hedui.MeansBook{{Name: "nation-2012", Version: "0123456789ab", Title: "全国规则（2012 年起）", Demo: true}, {Name: "ningbo-2013", Version: "ba9876543210", Title: "宁波 2013（演示值）", Demo: true}},
		From:  day.Must("2012-03-01"), To: day.Must("2013-02-28"), Months: 12, Size: 1,
		Members: []hedui.MeansMember{{Person: 1, Counts: true, Why: "申请人"}},
		Property: []hedui.MeansRow{{Person: 1, What: "市场主体", Source: "宁波市工商行政管理局", AsOf: day.Must("2013-03-15"), Found: money.Of(300000), Counted: money.Of(300000),
			Why: []string{"第 1 项财产（市场主体）：300,000.00 元"}}},
		Lines: []hedui.MeansLine{
			{Rule: "lines.income", Title: "人均月收入与低保标准", Clause: "演示值", Figure: 0, Limit: 58800, Unit: "month", Figures: true, Side: "at_or_under"},
			{Rule: "lines.financial", Title: "金融资产合计与家庭限额", Clause: "演示值", Figure: 0, Limit: 1411200, Unit: "total", Side: "over"},
		},
		Hints: []hedui.MeansHint{{Rule: "flags.business", Weight: "material", Person: 1, Text: "名下市场主体存续并有纳税或营业", Settle: "请提供证明材料", Clause: "演示规则"},
			{Rule: "flags.silence", Weight: "note", Text: "登记中没有不等于实际没有"}},
	}
	return input(t, c, q, a)
}

// li has four members, nothing found, and the housing fund silent.
func li(t testing.TB) Input {
	c := &hedui.Case{
		ID: "case-li", Number: number(t, hedui.CaseSeries, "330212", 3), Division: "330212", Programme: hedui.Dibao, Kind: hedui.NewApplication,
		Office: "宁波市鄞州区民政局", AppliedOn: day.Must("2013-03-15"), Commission: number(t, hedui.CommissionSeries, "330212", 3),
		Persons: []hedui.Person{
			{No: 1, Name: "李国华", ID: id(t, "1965-02-03", 11), Role: hedui.Member, Relation: hedui.Self, Capacity: hedui.FullCapacity, Notes: "患恶性肿瘤，住院治疗"},
			{No: 2, Name: "张桂芬", ID: id(t, "1967-09-21", 22), Role: hedui.Member, Relation: hedui.Spouse, Capacity: hedui.FullCapacity, Notes: "无固定工作，打零工"},
			{No: 3, Name: "李伟", ID: id(t, "1990-11-05", 31), Role: hedui.Member, Relation: hedui.Son, Capacity: hedui.NoCapacity, Notes: "智力残疾二级"},
			{No: 4, Name: "李𠮷玥", ID: id(t, "1996-06-30", 41), Role: hedui.Member, Relation: hedui.Son, Capacity: hedui.LimitedCapacity, Student: true},
			{No: 5, Name: "李国庆", ID: id(t, "1970-10-01", 51), Role: hedui.Obligor, Relation: hedui.Sibling, Capacity: hedui.FullCapacity},
		},
	}
	q := answered(c)
	for _, p := range c.Persons {
		set(q, p.No, catalog.Hukou, found(catalog.Record{"name": p.Name, "id_no": p.ID.Reveal(), "sex": "1", "birth_date": p.ID.Birth().String(),
			"registered_address": "宁波市鄞州区下应街道湾底村 8 组 12 号", "household_type": "01", "cancel_flag": "false"}))
		set(q, p.No, catalog.Land, func(q *hedui.Query) { q.Outcome, q.Reason = source.NotCovered, source.ReasonOutside })
	}
	set(q, 2, catalog.HousingFund, func(q *hedui.Query) { q.State, q.Outcome, q.Reason = hedui.Cancelled, source.Failed, source.ReasonSlow })
	in := input(t, c, q, hedui.Assessment{Conclusion: hedui.NoFinding})
	in.Issuer = "宁波市鄞州区居民家庭经济状况核对中心"
	in.Assessment.Totals.IncomeDeclared = money.Of(600)
	in.Assessment.Means = &hedui.Means{
		Books: []hedui.MeansBook{{Name: "ningbo-2013", Version: "ba9876543210", Title: "宁波 2013"}},
		From:  day.Must("2012-03-01"), To: day.Must("2013-02-28"), Months: 12, Size: 3,
		Members: []hedui.MeansMember{{Person: 1, Counts: true, Why: "申请人"}, {Person: 2, Counts: true, Why: "配偶"}, {Person: 3, Counts: false, Why: "服刑人员", Clause: "第七条"}, {Person: 4, Counts: true, Why: "未成年子女"}},
		Income: []hedui.MeansRow{{Person: 2, What: "工资", Stated: true, Declared: money.Of(600), Counted: money.Of(600),
			Why: []string{"2 号 工资：申报核算期 12 个月内 7,200.00 元，月均 600.00 元", "2 号 工资：申报 7,200.00 元，多于登记的 0.00 元，按申报计入（不相加）"}}},
		Support:  []hedui.MeansRow{{Person: 5, What: "兄弟姐妹", Found: money.Of(3000), Counted: 0, Why: []string{"第 1 个赡养义务人家庭：人均月收入 1,000.00 元，当地标准 588.00 元，推算赡养费每月 0.00 元"}}},
		Spending: []hedui.MeansRow{{Person: 1, What: "医疗", Stated: true, Declared: money.Of(50000), Counted: money.Of(50000), Why: []string{"1 号 医疗支出 82,000.00 元，报销 32,000.00 元，计入 50,000.00 元"}}},
		Sums:     hedui.MeansSums{Monthly: money.Of(600), PerHead: money.Of(200), Spent: money.Of(50000)},
		Lines:    []hedui.MeansLine{{Rule: "lines.income", Title: "人均月收入与低保标准", Figure: 20000, Limit: 58800, Unit: "month", Figures: true, Side: "at_or_under"}},
		Open:     []string{"第 5 人（赡养、抚养、扶养义务人）的家庭人口未填报，未推算赡养费"},
	}
	in.Assessment.Findings = []hedui.Finding{
		{Kind: hedui.NotVerifiable, Person: 2, Class: "wage", Unit: hedui.PerMonth, Declared: money.Of(600), Reason: hedui.Say("rule.income.unseen", "600.00")},
		{Kind: hedui.SourceSilent, Category: catalog.HousingFund, Count: 1, Reason: hedui.Say("rule.silent", "1")},
	}
	return in
}

func content(t testing.TB, in Input) Content {
	t.Helper()
	c, err := New(in)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func testKey(t testing.TB) (*seal.PrivateKey, *Signing, *seal.Trust) {
	t.Helper()
	key, err := seal.Generate(seal.P256SHA256)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := seal.SelfSigned(key, "宁波市海曙区居民家庭经济状况核对中心", at.AddDate(-1, 0, 0), at.AddDate(9, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := seal.ParseTrust(seal.CertificatePEM(cert))
	if err != nil {
		t.Fatal(err)
	}
	return key, &Signing{key, cert, at, nil}, trust
}

func sealed(t testing.TB, in Input, key seal.Signer) Sealed {
	t.Helper()
	d, err := Prepare(content(t, in))
	if err != nil {
		t.Fatal(err)
	}
	s, err := d.Seal(key, at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var firstCopy = Copy{N: 1, Reader: "林晓", ReaderOffice: "海曙区民政局", At: at.Add(30 * time.Minute)}
