package report

import (
	"slices"
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/seal"
	"hedui/source"
)

// shown is the report of an input as it would be sealed: content, JSON and page.
func shown(t *testing.T, in Input) (c Content, doc, page string) {
	t.Helper()
	d, err := Prepare(content(t, in))
	if err != nil {
		t.Fatal(err)
	}
	html, err := HTML(Sealed{Content: d.Content(), JSON: d.JSON()}, firstCopy)
	if err != nil {
		t.Fatal(err)
	}
	return d.Content(), string(d.JSON()), string(html)
}

func TestAnUnknownCodeIsShownInGridRecordsAndJSON(t *testing.T) {
	in := wang(t)
	found(catalog.Record{"account_no": "1234567890", "status": "X7", "withdrawals": catalog.RowsText([]catalog.Record{{"type": "buy", "amount": "1.00"}})})(
		&in.Queries[slices.IndexFunc(in.Queries, func(q hedui.Query) bool { return q.Category == catalog.HousingFund })])
	c, doc, page := shown(t, in)
	i := slices.IndexFunc(c.Categories, func(r Category) bool { return r.Code == catalog.HousingFund })
	if got := c.Categories[i].Persons[0].Unknown; got != 2 {
		t.Errorf("grid: %d unknown codes, want 2", got)
	}
	i = slices.IndexFunc(c.Tables, func(r Table) bool { return r.Category == catalog.HousingFund })
	if got, want := strings.Join(c.Tables[i].Rows[0].Unknown, " "), "status withdrawals[0].type"; got != want {
		t.Errorf("row: got %q, want %q", got, want)
	}
	for _, want := range []string{`"unknown_codes": 2`, "代码 X7 未识别"} {
		if !strings.Contains(doc, want) {
			t.Errorf("JSON lacks %s", want)
		}
	}
	for _, want := range []string{"2 处代码未识别", "代码 X7 未识别", "代码 buy 未识别"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if _, doc, _ = shown(t, wang(t)); strings.Contains(doc, "unknown_codes") {
		t.Error("a report without unknown codes counts some")
	}
}

func TestALaterCategoryIsInAReportOnlyIfItWasNamed(t *testing.T) {
	in := wang(t)
	if c, _, _ := shown(t, in); len(c.Categories) != len(catalog.Usual()) || len(c.Gaps) != 0 {
		t.Errorf("%d categories and %d gaps, want the usual ones and none", len(c.Categories), len(c.Gaps))
	}
	in.Case.Consents = []hedui.Consent{{Person: 1, Categories: append(in.Case.Programme.Usual(), "deposits")}}
	in.Queries = append(in.Queries, hedui.Query{ID: "b", Case: in.Case.ID, Person: 1, Category: "deposits", Scope: "330200", Department: "宁波市银行业协会",
		State: hedui.Answered, Outcome: source.Found, Match: source.MatchIDName, AskedAt: at, AnsweredAt: at, AsOf: at,
		Records: []catalog.Record{{"over_limit": "true", "limit": "30000.00", "limit_scope": "person"}}})
	c, _, page := shown(t, in)
	last := c.Categories[len(c.Categories)-1]
	if last.Code != "deposits" || last.Outcome != source.Found {
		t.Errorf("the last row is %s %s, want deposits found", last.Code, last.Outcome)
	}
	for _, want := range []string{"银行存款", "是否超过限额", "30,000.00 元", "本人"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	in.Queries = in.Queries[:len(in.Queries)-1]
	if c, _, _ = shown(t, in); len(c.Gaps) != 1 || c.Gaps[0].Category != "deposits" {
		t.Errorf("named and never asked: gaps %v, want one", c.Gaps)
	}
}

// One source file, before and after the tax bureaux were merged: each report names
// the body of its day, and a sealed one keeps its name.
func TestReportsNameTheBodyOfTheirDay(t *testing.T) {
	tax := hedui.Register{Category: catalog.LocalTax, Scope: "330200"}.Kept(source.Info{Name: "local-tax", Department: "国家税务总局宁波市税务局",
		Keepers: []source.Keeper{{Name: "宁波市地方税务局", Until: day.Must("2018-06-15")}, {Name: "国家税务总局宁波市税务局", From: day.Must("2018-06-15")}}})
	key, err := seal.Generate(seal.P256SHA256)
	if err != nil {
		t.Fatal(err)
	}
	report := func(on day.Day) Sealed {
		in := wang(t)
		in.Case.Consents = []hedui.Consent{{Person: 1, Categories: in.Case.Programme.Usual()}}
		made := on.Start().Add(at.Sub(day.Of(at).Start()))
		in.At, in.ValidUntil, in.Reviewer.At, in.Signer.At = made, on.AddMonths(6), made, made
		for _, q := range in.Case.Plan(made, 1, nil, tax) {
			if q.Category != catalog.LocalTax {
				continue
			}
			q.State, q.Outcome, q.AskedAt, q.AnsweredAt, q.AsOf = hedui.Answered, source.None, made, made, made
			in.Queries = append(slices.DeleteFunc(in.Queries, func(o hedui.Query) bool { return o.Category == q.Category }), q)
		}
		return sealed(t, in, key)
	}
	named := func(s Sealed) string {
		i := slices.IndexFunc(s.Content.Categories, func(r Category) bool { return r.Code == catalog.LocalTax })
		return s.Content.Categories[i].Department
	}
	old, young := report(day.Must("2013-03-20")), report(day.Must("2026-11-20"))
	detached, err := old.Detached()
	if err != nil {
		t.Fatal(err)
	}
	kept, err := Open(old.JSON, detached)
	if err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]Sealed{"宁波市地方税务局": kept, "国家税务总局宁波市税务局": young} {
		if got := named(s); got != want {
			t.Errorf("the report of %s names %s, want %s", day.Of(s.Content.MadeAt), got, want)
		}
	}
}
