package report

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/money"
	"hedui/seal"
	"hedui/source"
)

var rewrite = flag.Bool("update", false, "rewrite the golden files in testdata")

// supplement is Li's second version: the housing fund has answered after all.
func supplement(t testing.TB) Input {
	first := content(t, li(t))
	in := li(t)
	in.Version, in.Previous, in.PreviousDigest = 2, &first, strings.Repeat("ab", 32)
	in.At = at.AddDate(0, 0, 1)
	in.History = []Past{{Version: 1, MadeAt: at, Conclusion: Word{Code: "NO_FINDING"}, Digest: strings.Repeat("ab", 32)}}
	earlier := li(t)
	earlier.Number, earlier.Assessment.Means.Sums.PerHead, earlier.Assessment.Means.Size = number(t, hedui.ReportSeries, "330212", 9), money.Of(310), 4
	before := content(t, earlier)
	in.Earlier = &before
	set(in.Queries, 2, catalog.HousingFund, func(q *hedui.Query) {
		q.State, q.Reason, q.AnsweredAt = hedui.Answered, "", at.AddDate(0, 0, 1)
		found(catalog.Record{"account_no": "330203987654321", "unit": "宁波甬江服装厂", "balance": "12345.60", "status": "sealed"})(q)
	})
	in.Assessment.Conclusion = hedui.Suspect
	in.Assessment.Totals.PropertyFound = money.Fen(1234560)
	in.Assessment.Findings[1] = hedui.Finding{Kind: hedui.Undeclared, Category: catalog.HousingFund, Person: 2, Class: "housing_fund", Unit: hedui.InTotal,
		Found: money.Fen(1234560), Count: 1, Reason: hedui.Say("rule.diff.UNDECLARED.total", "1", "0.00", "12,345.60")}
	return in
}

func inputs(t testing.TB) map[string]Input {
	return map[string]Input{"wang": wang(t), "wang-scopes": scopes(t), "li": li(t), "li-supplement": supplement(t)}
}

// golden compares a text with the file of test data that a person has read; with
// -update it writes the file.
func golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the text differs from %s; run with -update and read the difference\n%s", file, got)
	}
}

func TestGoldenText(t *testing.T) {
	for name, in := range inputs(t) {
		t.Run(name, func(t *testing.T) {
			got := Text(Sealed{Content: content(t, in)}, Copy{})
			golden(t, name+".txt", got)
		})
	}
}

func TestEveryReportIsPreparedSealedAndReadBack(t *testing.T) {
	key, _, trust := testKey(t)
	for name, in := range inputs(t) {
		s := sealed(t, in, key)
		detached, err := s.Detached()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Open(s.JSON, detached)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, want := Text(again, firstCopy), Text(s, firstCopy); got != want {
			t.Errorf("%s: text after reading back differs", name)
		}
		r, err := Verify(s.JSON, detached, trust)
		if err != nil || !r.Valid() || r.Number != in.Number || r.Version != in.Version || r.By == "" {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
	}
}

func TestADraftIsSealedOnce(t *testing.T) {
	key, _, _ := testKey(t)
	d, err := Prepare(content(t, wang(t)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Seal(key, at); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Seal(key, at); !errors.Is(err, ErrSealed) {
		t.Errorf("second seal: got %v, want %v", err, ErrSealed)
	}
}

// No output may hold a full identity number, wherever a source put one.
func TestNoFullNumberInAnyOutput(t *testing.T) {
	in := wang(t)
	n := in.Case.Persons[0].ID
	short, _ := n.Short()
	in.Case.Persons[0].Notes = "证号 " + n.Reveal() + "，旧证" + short
	in.Queries[0].Department = "公安局" + n.Reveal()
	set(in.Queries, 1, catalog.Vehicle, found(catalog.Record{"plate_no": n.Reveal(), "brand": "身份" + short + "证", "status": n.Reveal()}))
	in.Issuer += n.Reveal()
	in.Reviewer.Name = n.Reveal()
	key, _, _ := testKey(t)
	s := sealed(t, in, key)
	c := firstCopy
	c.Reader = n.Reveal()
	page, err := HTML(s, c)
	if err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"json": string(s.JSON), "html": string(page), "text": Text(s, c)} {
		if strings.Contains(out, n.Reveal()) || strings.Contains(out, short) {
			t.Errorf("%s holds a full identity number", name)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	n := id(t, "1968-04-12", 13)
	tests := []struct {
		name   string
		change func(*Content)
		want   error
	}{
		{"a full number in a notice", func(c *Content) { c.Notices[0].Text += n.Reveal() }, ErrLeak},
		{"a full number with blanks", func(c *Content) { s := n.Reveal(); c.Lead[0] = s[:6] + " " + s[6:14] + " " + s[14:] }, ErrLeak},
		{"a gap not named", func(c *Content) { c.Gaps = nil }, ErrIncomplete},
		{"not covered not named", func(c *Content) { c.NotCovered = nil }, ErrIncomplete},
		{"a category missing", func(c *Content) { c.Categories = c.Categories[1:] }, ErrIncomplete},
		{"a person missing in the grid", func(c *Content) { c.Categories[3].Persons = c.Categories[3].Persons[1:] }, ErrIncomplete},
		{"an unknown outcome", func(c *Content) { c.Categories[3].Persons[0].Outcome = "later" }, ErrIncomplete},
		{"an unknown conclusion", func(c *Content) { c.Conclusion.Code = "APPROVED" }, ErrIncomplete},
		{"a text that is missing", func(c *Content) { c.Findings[0].Reason = lang.Text(lang.Chinese, "no.such") }, ErrIncomplete},
		{"no salt", func(c *Content) { c.Salt = "" }, ErrIncomplete},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := content(t, li(t))
			tt.change(&c)
			if _, err := Prepare(c); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestNewRefusesWhatContradictsItself(t *testing.T) {
	for name, change := range map[string]func(*Input){
		"number of another series": func(in *Input) { in.Number = in.Case.Number },
		"version 0":                func(in *Input) { in.Version = 0 },
		"version 2 alone":          func(in *Input) { in.Version = 2 },
		"not valid when made":      func(in *Input) { in.ValidUntil = in.ValidUntil.AddMonths(-12) },
		"query of another case":    func(in *Input) { in.Queries[0].Case = "other" },
		"no signer":                func(in *Input) { in.Signer = Hand{} },
		"bad salt":                 func(in *Input) { in.Salt = "x" },
		"no case":                  func(in *Input) { in.Case = nil },
	} {
		in := wang(t)
		change(&in)
		if _, err := New(in); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// A query that never came back is a gap with a reason, whatever its state.
func TestEverySilenceIsNamed(t *testing.T) {
	for _, state := range hedui.QueryStates() {
		if state == hedui.Answered {
			continue
		}
		in := wang(t)
		set(in.Queries, 1, catalog.HousingFund, func(q *hedui.Query) { q.State, q.Outcome = state, "" })
		c := content(t, in)
		if len(c.Gaps) != 1 || !strings.Contains(c.Gaps[0].Text, "住房公积金：未反馈（") || !strings.Contains(c.Unknown, "住房公积金") {
			t.Errorf("%s: got gaps %+v, unknown %q", state, c.Gaps, c.Unknown)
		}
	}
	in := wang(t)
	in.Queries = slices.DeleteFunc(in.Queries, func(q hedui.Query) bool { return q.Category == catalog.Death })
	if c := content(t, in); len(c.Gaps) != 1 || c.Gaps[0].Category != catalog.Death {
		t.Errorf("never planned: got gaps %+v", c.Gaps)
	}
}

// Nobody refused, and no register left out, what was never asked.
func TestWhatWasNotAskedIsNotCalledRefused(t *testing.T) {
	in := li(t)
	set(in.Queries, 1, catalog.Vehicle, func(q *hedui.Query) {
		q.Outcome, q.Reason, q.AskedAt = source.Refused, hedui.ReasonNoConsent, time.Time{}
	})
	set(in.Queries, 1, catalog.Business, func(q *hedui.Query) {
		q.Outcome, q.Reason, q.AskedAt = source.NotCovered, hedui.ReasonNoSource, time.Time{}
	})
	set(in.Queries, 1, catalog.Housing, func(q *hedui.Query) { q.Outcome, q.Reason = source.Refused, "moon" })
	c := content(t, in)
	if _, err := Prepare(c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"车辆：未查询（本人未授权此类查询）", "工商注册：未能查询（本节点没有此类数据来源）", "住房：拒绝反馈（其他原因（代码 moon））"} {
		if !slices.ContainsFunc(c.Gaps, func(g Gap) bool { return strings.HasPrefix(g.Text, want) }) {
			t.Errorf("no gap %q in %+v", want, c.Gaps)
		}
	}
	if row := c.Categories[1]; row.Text != "未查询1人，未发现4人" {
		t.Errorf("row says %q", row.Text)
	}
}

// What is not stated is never printed as zero.
func TestNothingStatedIsNoZero(t *testing.T) {
	in := li(t)
	in.Assessment = hedui.Assessment{Conclusion: hedui.Incomplete, Totals: hedui.Totals{PropertyDeclared: money.Of(80)}, Findings: []hedui.Finding{{
		Kind: hedui.OverDeclared, Category: catalog.Vehicle, Person: 1, Class: "vehicle", Unit: hedui.InTotal, Declared: money.Of(80),
		Reason: hedui.Say("rule.property.absent", "80.00")}}}
	set(in.Queries, 2, catalog.HousingFund, func(q *hedui.Query) { q.State, q.Outcome, q.Reason = hedui.Answered, source.None, "" })
	set(in.Queries, 1, catalog.Vehicle, func(q *hedui.Query) { q.AsOf = time.Time{} })
	for _, p := range in.Case.Persons {
		set(in.Queries, p.No, catalog.Death, func(q *hedui.Query) { q.AsOf, q.AnsweredAt = time.Time{}, q.AskedAt.Add(time.Millisecond) })
	}
	c := content(t, in)
	text := Text(Sealed{Content: c}, Copy{})
	for _, bad := range []string{" 0.00", "0.0 秒"} {
		if strings.Contains(text, bad) {
			t.Errorf("text holds %q", bad)
		}
	}
	for _, want := range []string{"车辆·机动车 | 多报 | 80.00 元 | 未发现", "收入（月均） | — | 未发现", "未说明 | 03-18 15:24:34 | 不足 0.1 秒", "核对不完整"} {
		if !strings.Contains(text, want) {
			t.Errorf("text lacks %q", want)
		}
	}
	if strings.Contains(c.Conclusion.Text+c.Conclusion.Meaning, "反馈") {
		t.Errorf("every source answered, but the conclusion says %q %q", c.Conclusion.Text, c.Conclusion.Meaning)
	}
}

func TestNoneAndNotCoveredAreWordedDifferently(t *testing.T) {
	c := content(t, li(t))
	land := c.Categories[slices.IndexFunc(c.Categories, func(r Category) bool { return r.Code == catalog.Land })]
	vehicle := c.Categories[1]
	if land.Outcome != source.NotCovered || vehicle.Outcome != source.None || land.Text == vehicle.Text {
		t.Errorf("got %q and %q", land.Text, vehicle.Text)
	}
	text := Text(Sealed{Content: c}, Copy{})
	for _, want := range []string{"未发现、不在登记范围与未反馈", "不能证明没有", "与“未发现”（已查、无记录）不同"} {
		if !strings.Contains(text, want) {
			t.Errorf("text lacks %q", want)
		}
	}
}

func TestSupplementListsEveryDifference(t *testing.T) {
	c := content(t, supplement(t))
	var got []string
	for _, ch := range c.Changes {
		got = append(got, string(ch.Kind)+" "+ch.Subject)
	}
	want := []string{"changed 核对结论", "changed 住房公积金·张桂芬 查询结果", "added 住房公积金·张桂芬 核对结果", "removed 住房公积金·全家 核对结果",
		"added 住房公积金·张桂芬 登记记录", "changed 财产合计"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	same := li(t)
	first := content(t, same)
	same.Version, same.Previous = 2, &first
	if c := content(t, same); len(c.Changes) != 0 {
		t.Errorf("same content: got changes %+v", c.Changes)
	}
}

// The report verifies; it never decides.
func TestNoTextApprovesOrRefuses(t *testing.T) {
	for _, key := range lang.Keys() {
		if !strings.HasPrefix(key, "report.") && !strings.HasPrefix(key, "conclusion.") && !strings.HasPrefix(key, "finding.") {
			continue
		}
		for _, word := range []string{"批准", "准予", "不予", "同意给予", "符合条件", "不符合"} {
			if strings.Contains(lang.Text(lang.Chinese, key), word) {
				t.Errorf("%s says %q", key, word)
			}
		}
	}
}

func TestEveryCodeHasItsText(t *testing.T) {
	var keys []string
	for _, c := range hedui.Conclusions() {
		keys = append(keys, "conclusion."+string(c), "report.meaning."+string(c))
	}
	for _, k := range hedui.FindingKinds() {
		keys = append(keys, "finding."+string(k))
	}
	for _, o := range source.Outcomes() {
		keys = append(keys, "outcome."+string(o))
	}
	for _, m := range []source.Match{"", source.MatchID, source.MatchIDName, source.MatchID15, source.MatchNameBirth} {
		keys = append(keys, "report.match."+string(m))
	}
	for _, p := range hedui.Programmes() {
		keys = append(keys, "programme."+string(p))
	}
	for _, v := range Verdicts() {
		keys = append(keys, "verify."+string(v))
	}
	for _, key := range keys {
		if !lang.Has(key) {
			t.Errorf("no text %s", key)
		}
	}
}

func TestMask(t *testing.T) {
	n := id(t, "1968-04-12", 13)
	full := n.Reveal()
	short, _ := n.Short()
	for text, want := range map[string]string{
		"":                              "",
		"没有":                            "没有",
		full:                            n.Masked(),
		"证" + full + "号":                "证" + n.Masked() + "号",
		"no" + full + "x":               "no" + n.Masked() + "x",
		short + "、" + full:              n.Masked() + "、" + n.Masked(),
		full[:6] + "-" + full[6:]:       n.Masked(),
		full + "1":                      full + "1", // 19 digits are no number
		"B3302032013031801000179":       "B3302032013031801000179",
		"2013-03-18 15:24:31 2013-03-1": "2013-03-18 15:24:31 2013-03-1",
	} {
		if got := mask(text); got != want {
			t.Errorf("mask of %d characters: got %q, want %q", len(text), got, want)
		}
	}
	x, ok := idcard.Make("330200", n.Birth(), 11)
	for serial := 12; ok && !strings.HasSuffix(x.Reveal(), "X"); serial++ {
		x, ok = idcard.Make("330200", n.Birth(), serial)
	}
	for _, text := range []string{x.Reveal(), strings.ToLower(x.Reveal()), strings.Replace(x.Reveal(), "X", "Ｘ", 1)} {
		if got := mask("a" + text + "b"); got != "a"+x.Masked()+"b" {
			t.Errorf("number ending in X: got %q", got)
		}
	}
}

func TestRegistrationNumberIsNotTakenForAnIdentityNumber(t *testing.T) {
	category, _ := catalog.Get(catalog.Business)
	f, _ := category.Field("reg_no")
	// 330203 690112 … could be an old identity number of 1969-01-12; find its check digit.
	for d := '0'; d <= '9'; d++ {
		value := "33020369011234" + string(d)
		if publicCode(f, value) {
			if got := write(f, value); got != value {
				t.Errorf("got %q, want it in clear", got)
			}
			return
		}
	}
	t.Skip("no check digit fits")
}

func TestJSONIsStable(t *testing.T) {
	first, err := Prepare(content(t, li(t)))
	if err != nil {
		t.Fatal(err)
	}
	second, err := Prepare(content(t, li(t)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.JSON(), second.JSON()) {
		t.Error("the same case gave different bytes")
	}
	if !bytes.Contains(first.JSON(), []byte("李国华")) || !bytes.HasPrefix(first.JSON(), []byte("{\n  \"form\": \"hedui report 1\",\n  \"salt\"")) {
		t.Errorf("JSON begins %.80s", first.JSON())
	}
	if _, err := seal.JSONSections(seal.P256SHA256, first.JSON()); err != nil {
		t.Error(err)
	}
}
