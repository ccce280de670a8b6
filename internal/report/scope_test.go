package report

import (
	"bytes"
	"errors"
	"html"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/source"
)

const haishu, yinzhou = "330203", "330212"

// county is a query of the register of one county, beside the city's.
func county(in *Input, scope string, code catalog.Code, change func(*hedui.Query)) {
	i := slices.IndexFunc(in.Queries, func(q hedui.Query) bool { return q.Category == code && q.Scope == "330200" })
	q := in.Queries[i]
	q.ID, q.Scope = hedui.QueryID(q.Case, 1, code, scope, 1), scope
	q.Department = strings.Replace(q.Department, "宁波市", map[string]string{haishu: "海曙区", yinzhou: "鄞州区"}[scope], 1)
	change(&q)
	in.Queries = append([]hedui.Query{q}, in.Queries...) // whatever their order
}

// scopes is Wang again, registered in another county than where he lives: both
// counties have registers of their own, beside the city's or instead of it.
func scopes(t testing.TB) Input {
	in := wang(t)
	found(catalog.Record{"certificate_no": "甬国用(2008)第01号", "location": "海曙区解放南路 21 号", "area_m2": "21.4"})(land(&in))
	county(&in, haishu, catalog.Land, func(q *hedui.Query) {
		found(catalog.Record{"certificate_no": "海集用(2001)第77号", "location": "海曙区古林镇", "area_m2": "96"})(q)
		q.AnsweredBy = "haishu"
	})
	county(&in, yinzhou, catalog.Land, func(q *hedui.Query) {
		q.State, q.Outcome, q.Reason, q.Hash, q.AsOf, q.AnsweredAt = hedui.Pending, "", hedui.ReasonSent, "", time.Time{}, time.Time{}
		q.Match, q.Records = "", nil
	})
	county(&in, yinzhou, catalog.HousingFund, func(q *hedui.Query) {
		q.State, q.Outcome, q.Reason, q.Hash, q.AsOf = hedui.Cancelled, source.Failed, hedui.ReasonLink, "", time.Time{}
	})
	county(&in, yinzhou, catalog.Vehicle, func(q *hedui.Query) {
		q.Outcome, q.Reason, q.AsOf, q.Hash = source.NotCovered, hedui.ReasonNoSource, time.Time{}, ""
	})
	county(&in, haishu, catalog.Housing, func(q *hedui.Query) { q.Outcome, q.Reason, q.AnsweredBy = source.None, "", "haishu" })
	set(in.Queries, 1, catalog.Employment, func(q *hedui.Query) { q.Scope = haishu })
	in.Assessment.Conclusion = hedui.Suspect
	return in
}

func land(in *Input) *hedui.Query {
	i := slices.IndexFunc(in.Queries, func(q hedui.Query) bool { return q.Category == catalog.Land })
	return &in.Queries[i]
}

func rowOf(c Content, code catalog.Code) Category {
	return c.Categories[slices.IndexFunc(c.Categories, func(r Category) bool { return r.Code == code })]
}

func TestEachScopeHasACell(t *testing.T) {
	c := content(t, scopes(t))
	var got []string
	for _, cell := range rowOf(c, catalog.Land).Persons {
		got = append(got, cell.Scope.Code+" "+cell.Scope.Text+" "+string(cell.Outcome)+" "+cell.AnsweredBy)
	}
	want := []string{"330200 浙江省宁波市 found ", "330203 浙江省宁波市海曙区 found haishu", "330212 浙江省宁波市鄞州区 failed "}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if row := rowOf(c, catalog.Land); row.Text != "有记录1人，未反馈1人" {
		t.Errorf("persons are counted twice: %s", row.Text)
	}
}

func TestGapsNameTheirScope(t *testing.T) {
	c := content(t, scopes(t))
	var got []string
	for _, g := range c.Gaps {
		got = append(got, g.Scope.Code+" "+g.Text)
	}
	want := []string{
		"330212 土地登记（鄞州区登记）：未反馈（已送往相关核对节点，尚未反馈），涉及王建国",
		"330212 住房公积金（鄞州区登记）：未反馈（与相关核对节点的链路中断，截至此时未能查询），涉及王建国",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if len(c.NotCovered) != 0 {
		t.Errorf("another scope has settled it, but got %+v", c.NotCovered)
	}
	if want := "尚无结果：土地登记（鄞州区登记）、住房公积金（鄞州区登记）。"; !strings.HasPrefix(c.Unknown, want) {
		t.Errorf("got %s, want %s…", c.Unknown, want)
	}
}

// Where no other register says anything, "not covered" and "no source" stay.
func TestWhatNoScopeSettledIsNamed(t *testing.T) {
	in := wang(t)
	county(&in, yinzhou, catalog.Housing, func(q *hedui.Query) { q.Outcome, q.Reason = source.NotCovered, hedui.ReasonNoSource })
	c := content(t, in)
	if len(c.NotCovered) != 1 || c.NotCovered[0].Scope.Code != "330200" || len(c.Gaps) != 1 || c.Gaps[0].Scope.Code != yinzhou {
		t.Errorf("got gaps %+v, not covered %+v", c.Gaps, c.NotCovered)
	}
	if _, err := Prepare(c); err != nil {
		t.Error(err)
	}
}

func TestAScopeIsShownOnlyWhereItTellsSomething(t *testing.T) {
	text := Text(Sealed{Content: content(t, wang(t))}, Copy{})
	if strings.Contains(text, "宁波市登记") {
		t.Error("one scope for all, and it is named")
	}
	in := wang(t)
	for i := range in.Queries {
		in.Queries[i].Scope = haishu
	}
	if text := Text(Sealed{Content: content(t, in)}, Copy{}); strings.Contains(text, "海曙区登记") {
		t.Error("one county for all, and it is named")
	}
	c := content(t, scopes(t))
	page, err := HTML(Sealed{Content: c}, Copy{})
	if err != nil {
		t.Fatal(err)
	}
	for form, text := range map[string]string{"text": Text(Sealed{Content: c}, Copy{}), "html": html.UnescapeString(string(page))} {
		for _, want := range []string{"土地登记（宁波市登记）", "土地登记（海曙区登记）", "土地登记（鄞州区登记）", "就业（海曙区登记）", "住房（宁波市登记）"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s", form, want)
			}
		}
		if strings.Contains(text, "婚姻（") {
			t.Errorf("%s names the scope that holds all others", form)
		}
	}
}

// The records of two registers stand apart, each with its own department and time.
func TestRecordsOfTwoScopesStandApart(t *testing.T) {
	text := Text(Sealed{Content: content(t, scopes(t))}, Copy{})
	_, text, _ = strings.Cut(text, "四、")
	for _, want := range []string{"-- 土地登记（宁波市登记） · 王建国（1 条）\n   宁波市国土资源局", "-- 土地登记（海曙区登记） · 王建国（1 条）\n   海曙区国土资源局"} {
		if !strings.Contains(text, want) {
			t.Errorf("text lacks %q", want)
		}
	}
}

func TestChangesAreByScope(t *testing.T) {
	first := content(t, scopes(t))
	in := scopes(t)
	in.Version, in.Previous = 2, &first
	in.Queries = slices.Clone(in.Queries)
	for i := range in.Queries {
		if q := &in.Queries[i]; q.Category == catalog.Land && q.Scope == yinzhou {
			q.State, q.Outcome, q.Reason, q.AnsweredAt = hedui.Answered, source.None, "", at
			q.AsOf = at
		}
	}
	c := content(t, in)
	want := []Change{{Changed, "土地登记（鄞州区登记）·王建国 查询结果", "未反馈", "未发现"}}
	if !slices.Equal(c.Changes, want) {
		t.Errorf("got  %+v\nwant %+v", c.Changes, want)
	}
}

// before takes a report back to the form it had before there were scopes.
func before(c Content) Content {
	c.Categories = slices.Clone(c.Categories)
	for i := range c.Categories {
		cells := slices.Clone(c.Categories[i].Persons)
		for j := range cells {
			cells[j].Scope, cells[j].AnsweredBy = Word{}, ""
		}
		c.Categories[i].Persons = cells
	}
	c.Tables = slices.Clone(c.Tables)
	for i := range c.Tables {
		rows := slices.Clone(c.Tables[i].Rows)
		for j := range rows {
			rows[j].Scope = Word{}
		}
		c.Tables[i].Rows = rows
	}
	for _, list := range []*[]Gap{&c.Gaps, &c.NotCovered} {
		*list = slices.Clone(*list)
		for i := range *list {
			(*list)[i].Scope = Word{}
		}
	}
	return c
}

func TestAReportOfBeforeScopesIsReadAndVerified(t *testing.T) {
	key, _, trust := testKey(t)
	old := before(content(t, li(t)))
	d, err := Prepare(old)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(d.JSON(), []byte(`"scope"`)) || bytes.Contains(d.JSON(), []byte("answered_by")) {
		t.Error("what is not there is written")
	}
	s, err := d.Seal(key, at)
	if err != nil {
		t.Fatal(err)
	}
	detached, err := s.Detached()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(s.JSON, detached)
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(t, s.JSON, detached, trust); !r.Valid() {
		t.Errorf("got %+v", r)
	}
	if got, want := Text(again, firstCopy), Text(sealed(t, li(t), key), firstCopy); cut(got) != cut(want) {
		t.Errorf("printed otherwise than before:\n%s", got)
	}
	in := supplement(t) // which knows scopes follows one that does not
	was := len(content(t, in).Changes)
	in.Previous = &old
	if c := content(t, in); len(c.Changes) != was {
		t.Errorf("scopes alone are no change: %+v", c.Changes)
	}
}

// cut leaves out the seal, which differs.
func cut(text string) string {
	head, _, _ := strings.Cut(text, "== 出具与签章")
	return head
}

func TestPrepareRefusesAGridThatContradictsItself(t *testing.T) {
	for name, change := range map[string]func(*Category){
		"one register twice":       func(r *Category) { r.Persons[1] = r.Persons[0] },
		"nobody of the case":       func(r *Category) { r.Persons[1].Person = 9 },
		"a scope's gap is unnamed": func(r *Category) { r.Persons[1].Outcome = source.Failed },
	} {
		c := content(t, scopes(t))
		i := slices.IndexFunc(c.Categories, func(r Category) bool { return r.Code == catalog.Land })
		change(&c.Categories[i])
		if _, err := Prepare(c); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
