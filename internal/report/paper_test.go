package report

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// printing is who prints the papers of the tests, and when.
var printing = Copy{Reader: "林晓", ReaderOffice: "海曙区民政局", At: at.Add(30 * time.Minute)}

func spans(t testing.TB) Spans {
	t.Helper()
	list, err := StandardSpans()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// large is a household of nine, with three children, a grandmother who lacks
// capacity and an obligor. One name has a character that the font lacks.
func large(t testing.TB) *hedui.Case {
	c := li(t).Case
	c.Persons = []hedui.Person{
		{No: 1, Name: "李国华", ID: id(t, "1965-02-03", 11), Role: hedui.Member, Relation: hedui.Self, Capacity: hedui.FullCapacity},
		{No: 2, Name: "张桂芬", ID: id(t, "1967-09-21", 22), Role: hedui.Member, Relation: hedui.Spouse, Capacity: hedui.FullCapacity},
		{No: 3, Name: "李伟", ID: id(t, "1990-11-05", 31), Role: hedui.Member, Relation: hedui.Son, Capacity: hedui.NoCapacity, Guardian: 1},
		{No: 4, Name: "李𠮷玥", ID: id(t, "1998-06-30", 41), Role: hedui.Member, Relation: hedui.Daughter, Capacity: hedui.LimitedCapacity, Guardian: 2},
		{No: 5, Name: "李小满", ID: id(t, "2003-05-21", 42), Role: hedui.Member, Relation: hedui.Daughter, Capacity: hedui.FullCapacity, Guardian: 2},
		{No: 6, Name: "李冬至", ID: id(t, "2009-12-22", 43), Role: hedui.Member, Relation: hedui.Son, Capacity: hedui.FullCapacity},
		{No: 7, Name: "古丽·阿布都热西提", ID: id(t, "1938-01-01", 44), Role: hedui.Member, Relation: hedui.Parent, Capacity: hedui.LimitedCapacity, Guardian: 1},
		{No: 8, Name: "李秀英", ID: id(t, "1941-01-01", 46), Role: hedui.Member, Relation: hedui.Parent, Capacity: hedui.FullCapacity},
		{No: 9, Name: "李国庆", ID: id(t, "1970-10-01", 51), Role: hedui.Obligor, Relation: hedui.Sibling, Capacity: hedui.FullCapacity},
	}
	return c
}

func consentOf(t testing.TB, c *hedui.Case, categories []catalog.Code) ConsentForm {
	return ConsentForm{Number: number(t, hedui.ConsentSeries, c.Division, 5), Programme: c.Programme, Division: c.Division, Office: c.Office,
		Centre: "宁波市居民家庭经济状况核对中心（演示）", Categories: categories, Persons: c.Persons, On: day.Of(at)}
}

// standstills are the stages of which a notice tells, each with the action that leads to it.
var standstills = map[hedui.Stage]string{hedui.Returned: "return", hedui.Suspended: "suspend", hedui.Terminated: "terminate"}

func standing(t testing.TB, to hedui.Stage, why string) StandstillNotice {
	t.Helper()
	c := large(t)
	reason, err := hedui.ReasonFor(standstills[to], why)
	if err != nil {
		t.Fatal(err)
	}
	c.Stage = to
	c.Steps = []hedui.Step{{Stage: hedui.Commissioned, At: at.AddDate(0, 0, -2)}, {Stage: to, At: at.AddDate(0, 0, -1), Note: reason},
		{Stage: to, At: at, Note: hedui.Say("step.moved", "1", "2", "3", "4", "5")}}
	n, err := NewStandstill(c, number(t, hedui.NoticeSeries, c.Division, 3), "宁波市鄞州区居民家庭经济状况核对中心", spans(t), at)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func missingOf(t testing.TB) MissingNotice {
	c := large(t)
	typed := hedui.Form{Division: c.Division, Office: "", Programme: string(c.Programme),
		Persons: []hedui.FormPerson{{Name: "李国华", ID: "330200196502030119", Relation: "self"}, {Name: "李小满", ID: id(t, "2003-05-21", 42).Reveal(), Relation: "daughter"}},
		Income:  []hedui.FormIncome{{Person: 7, Class: "wage", Monthly: "many"}}}
	draft, _, problems := typed.Read(at)
	return MissingNotice{Number: number(t, hedui.NoticeSeries, c.Division, 4), Programme: c.Programme, Division: c.Division, Applicant: "李国华",
		Office: "宁波市鄞州区某某街道办事处", Persons: draft.Persons, Problems: problems, On: day.Of(at)}
}

func publicOf(t testing.TB) PublicList {
	t.Helper()
	child := *wang(t).Case
	child.Division = "330212"
	child.Persons = []hedui.Person{{No: 1, Name: "王小宝", ID: id(t, "2001-01-01", 7), Role: hedui.Member, Relation: hedui.Self}}
	l, err := NewPublicList("330212", hedui.Dibao, day.Of(at), spans(t), []*hedui.Case{large(t), &child})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// erased is the certificate of a case whose term was over, or that two officers have erased.
func erased(t testing.TB, byTerm bool) ErasureCertificate {
	c := &hedui.Case{ID: "case", Number: number(t, hedui.CaseSeries, "330203", 7), Programme: hedui.Dibao, Division: "330203", Office: "海曙区民政局", Stage: hedui.Archived}
	e := hedui.Erasure{Case: c.ID, State: hedui.Erased, Number: number(t, hedui.ErasureSeries, "330203", 2), Key: strings.Repeat("0123456789abcdef", 4),
		Decided: hedui.Hand{ID: "system", At: at}}
	for i, kind := range hedui.DestroyedKinds() {
		e.Destroyed = append(e.Destroyed, hedui.Destroyed{Kind: kind, N: i + 1})
	}
	cert := ErasureCertificate{Case: c, Issuer: "宁波市海曙区居民家庭经济状况核对中心", On: day.Of(at),
		Entry: audit.Entry{ID: "0192-entry", At: at, Verb: audit.Erased, Case: c.ID, Detail: e.Number + " sha256:" + strings.Repeat("a", 64)}}
	if byTerm {
		book, err := hedui.StandardRetention()
		if err != nil {
			t.Fatal(err)
		}
		rule, ok := book.For(hedui.CaseData, hedui.WhenArchived, c.Division, c.Programme, day.Of(at))
		if !ok {
			t.Fatal("no term")
		}
		e.Rule, e.Since = &rule, at.AddDate(-10, 0, -1)
		cert.Proof = &audit.Proof{Seq: 41, Checkpoint: "hedui.haishu/audit\n42\nroot\n"}
	} else {
		e.Reason, e.Proposed, e.Decided = "request", hedui.Hand{ID: "wu", Office: "核对中心", At: at.Add(-time.Hour)}, hedui.Hand{ID: "shen", Office: "核对中心", At: at}
	}
	cert.Erasure = e
	return cert
}

// papers are those of the tests by the name of their golden file.
func papers(t testing.TB) map[string]Paper {
	c := large(t)
	key, _, _ := testKey(t)
	found := wang(t)
	for i := range found.Assessment.Findings {
		found.Assessment.Findings[i].Facts[0].AsOf = at.AddDate(0, 0, -3*i-1)
	}
	certified := sealed(t, wang(t), key)
	certified.Seal.KeyID, certified.Seal.Digest = "keyid", strings.Repeat("0", 64) // of a key that is new each time
	return map[string]Paper{
		"consent":           consentOf(t, c, hedui.Dibao.Usual()),
		"consent-short":     consentOf(t, wang(t).Case, hedui.Dibao.Categories()),
		"commission":        CommissionLetter{Case: c, Consents: []string{number(t, hedui.ConsentSeries, c.Division, 1)}, Centre: "宁波市鄞州区居民家庭经济状况核对中心", On: day.Of(at)},
		"missing":           missingOf(t),
		"returned":          standing(t, hedui.Returned, "household"),
		"suspended":         standing(t, hedui.Suspended, "identity"),
		"terminated-death":  standing(t, hedui.Terminated, "death"),
		"terminated":        standing(t, hedui.Terminated, "withdrawn"),
		"annex":             Annex{Number: number(t, hedui.NoticeSeries, "330203", 9), Report: content(t, found), ObjectionDays: 5, Spans: spans(t), On: day.Of(at)},
		"public":            publicOf(t),
		"erasure-term":      erased(t, true),
		"erasure-officers":  erased(t, false),
		"certificate":       certificate{certified, firstCopy},
		"certificate-large": certificate{Sealed{Content: content(t, li(t))}, firstCopy},
	}
}

func TestPapersSayWhatTheyMust(t *testing.T) {
	for name, p := range papers(t) {
		for _, l := range lang.Langs() {
			if l == lang.English && strings.HasPrefix(name, "certificate") {
				continue // the report is Chinese
			}
			got := PaperText(p, l, printing)
			if strings.Contains(got, "⟦") || regexp.MustCompile(`\{\d\}`).MatchString(got) {
				t.Errorf("%s in %s lacks a text:\n%s", name, l, got)
			}
			golden(t, "paper-"+name+"."+string(l)+".txt", got)
		}
	}
}

// printedPaper prints a paper, or skips where the font is not built in.
func printedPaper(t testing.TB, p Paper, l lang.Lang, sign *Signing) []byte {
	t.Helper()
	pdf, err := PaperPDF(p, l, printing, sign)
	if errors.Is(err, ErrFont) && os.Getenv("HEDUI_TEST_TOOLS") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return pdf
}

func TestPapersArePrintedWithPageNumbersAndSigned(t *testing.T) {
	_, sign, trust := testKey(t)
	for name, p := range papers(t) {
		t.Run(name, func(t *testing.T) {
			if again := printedPaper(t, p, lang.Chinese, nil); !bytes.Equal(again, printedPaper(t, p, lang.Chinese, nil)) {
				t.Error("printed twice it differs")
			}
			pdf := printedPaper(t, p, lang.Chinese, sign)
			if dir := os.Getenv("HEDUI_TEST_PAPERS"); dir != "" { // to be looked at
				for _, l := range lang.Langs() {
					if err := os.WriteFile(filepath.Join(dir, name+"."+string(l)+".pdf"), printedPaper(t, p, l, sign), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			r := verify(t, pdf, nil, trust)
			if isReport := strings.HasPrefix(name, "certificate"); !r.Valid() || r.Number == "" || isReport != (r.Paper == "") || !isReport && r.Paper != p.Name() {
				t.Errorf("verified as %+v", r)
			}
			if i := bytes.Index(pdf, []byte("stream\n")) + 20; verify(t, append(bytes.Clone(pdf[:i]), append([]byte{pdf[i] ^ 1}, pdf[i+1:]...)...), nil, trust).Valid() {
				t.Error("an altered paper is found valid")
			}
			out := tool(t, pdf, "pdfsig", "-nocert", "FILE")
			for _, want := range []string{"Signature is Valid", "Total document signed"} {
				if !strings.Contains(out, want) {
					t.Errorf("pdfsig lacks %q:\n%s", want, out)
				}
			}
			pages := pageTexts(t, pdf)
			for i, page := range pages {
				for _, want := range []string{fmt.Sprintf("第%d页共%d页", i+1, len(pages)), "2013-03-1817:54"} {
					if !strings.Contains(page, want) {
						t.Errorf("page %d lacks %q", i+1, want)
					}
				}
			}
		})
	}
}

func TestEveryPersonHasAPlaceToSign(t *testing.T) {
	f := consentOf(t, large(t), hedui.Dibao.Usual())
	text := PaperText(f, lang.Chinese, printing)
	for word, want := range map[string]int{"本人签名：": 4, "监护人签名：": 5, "指印：": 9, "由监护人签署：未成年人": 2, "由监护人签署：限制民事行为能力": 2, "□ 同意": len(f.Categories)} {
		if got := strings.Count(text, word); got != want {
			t.Errorf("%s stands %d times, want %d", word, got, want)
		}
	}
	all := strings.Join(pageTexts(t, printedPaper(t, f, lang.Chinese, nil)), "")
	for _, want := range []string{"李〔U+20BB7〕玥", "古丽·阿布都热西提", "一式三份", "摘要" + WordingDigest()} {
		if !strings.Contains(all, want) {
			t.Errorf("the form lacks %q", want)
		}
	}
}

// A scan shows a version of the wording; the words of a version never change.
func TestOtherWordsAreAnotherVersionOfTheConsent(t *testing.T) {
	digests := map[string]string{"1": "ebd16144d39b"}
	if got, want := WordingDigest(), digests[ConsentWording]; got != want {
		t.Errorf("version %s has the words %s, want %s: give other words another version and keep the line of the old one", ConsentWording, got, want)
	}
}

func TestTheAnnexDecidesNothing(t *testing.T) {
	in := wang(t)
	for _, k := range hedui.FindingKinds() {
		f := in.Assessment.Findings[0]
		f.Kind = k
		in.Assessment.Findings = append(in.Assessment.Findings, f)
	}
	a := Annex{Number: "T1", Report: content(t, in), ObjectionDays: 5, Spans: spans(t), On: day.Must("2022-01-10")}
	for l, words := range map[lang.Lang][]string{lang.Chinese: {"不予", "不符合", "拒绝", "批准", "同意救助"}, lang.English: {"refuse", "reject", "approve", "not eligible"}} {
		text := PaperText(a, l, printing)
		for _, word := range words {
			if strings.Contains(text, word) {
				t.Errorf("the annex in %s says %q", l, word)
			}
		}
	}
	text := PaperText(a, lang.Chinese, printing)
	for _, want := range []string{"宁波市工商行政管理局，数据截至", "60 日内", "6 个月内", "15 日内", "3 个工作日内", "决定内容：　", "行政复议"} {
		if !strings.Contains(text, want) {
			t.Errorf("the annex lacks %q", want)
		}
	}
	a.On = day.Must("2013-03-18")
	if text := PaperText(a, lang.Chinese, printing); strings.Contains(text, "6 个月内") || strings.Contains(text, "15 日内") || !strings.Contains(text, "在作出后 3 日内") {
		t.Errorf("spans of other days stand in it:\n%s", text)
	}
}

func TestACaseThatGoesOnHasNoNotice(t *testing.T) {
	for _, s := range hedui.Stages() {
		c := large(t)
		c.Stage, c.Steps = s, []hedui.Step{{Stage: s, At: at}}
		_, err := NewStandstill(c, "T", "x", nil, at)
		if stands := standstills[s] != ""; stands != (err == nil) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func TestEveryReasonHasAText(t *testing.T) {
	for _, action := range hedui.ActionNames() {
		for _, name := range hedui.ReasonsFor(action) {
			if why, err := hedui.ReasonFor(action, name); err != nil || !lang.Has(why.Key) {
				t.Errorf("%s %s: %v", action, name, err)
			}
		}
	}
	if _, err := hedui.ReasonFor("return", "death"); hedui.KindOf(err) != hedui.Invalid {
		t.Errorf("a reason of another action: %v", err)
	}
}

// Whatever stands in the cases, the list holds masked names, counts and its own
// words.
func TestThePublicListLetsNothingElseThrough(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 7))
	own := words(lang.Chinese)
	// What remains of an empty list, with numbers and names taken out, is what may stand there.
	for round := range 300 {
		var cases []*hedui.Case
		var secrets []string
		want := map[string]int{}
		for n := range 1 + random.IntN(6) {
			c := &hedui.Case{ID: fmt.Sprintf("case-%d", n), Division: "330212", Programme: hedui.Dibao, Number: fmt.Sprintf("秘密编号%d", random.IntN(1e9)),
				Office: "秘密机构电话0574-87654321", Commission: "秘密委托"}
			for no := 1; no <= 1+random.IntN(8); no++ {
				birth := day.Must("1935-01-01").Add(random.IntN(28000))
				card := id(t, birth.String(), random.IntN(999)+1)
				name := string([]rune{rune('王' + random.IntN(900)), rune(0x4E00 + random.IntN(900)), rune(0x5200 + random.IntN(900))})
				switch random.IntN(6) {
				case 0:
					name = card.Reveal()
				case 1:
					name = "13805740000" + name
				}
				p := hedui.Person{No: no, Name: name, ID: card, Role: hedui.Member, Relation: hedui.Self, Capacity: hedui.FullCapacity, Registered: "330203",
					Notes: "秘密诊断：恶性肿瘤，账户 6222020000000000000"}
				secrets = append(secrets, name, card.Reveal(), card.Masked())
				c.Persons = append(c.Persons, p)
			}
			a := c.Persons[0]
			shown := own.t("paper.public.withheld")
			if r := []rune(a.Name); a.ID.AgeOn(day.Of(at)) >= hedui.AdultAge && (r[0] < '0' || r[0] > '9') {
				shown = idcard.MaskName(a.Name)
			}
			want[fmt.Sprintf("   %d | %s | %d | 　", n+1, shown, len(c.Members()))]++
			cases = append(cases, c)
		}
		l, err := NewPublicList("330212", hedui.Dibao, day.Of(at), spans(t), cases)
		if err != nil {
			t.Fatal(err)
		}
		empty, err := NewPublicList("330212", hedui.Dibao, day.Of(at), spans(t), make([]*hedui.Case, 0))
		if err != nil {
			t.Fatal(err)
		}
		frame := strings.Replace(PaperText(empty, lang.Chinese, printing), "下列 0 户", fmt.Sprintf("下列 %d 户", len(cases)), 1)
		text := PaperText(l, lang.Chinese, printing)
		for _, line := range strings.Split(text, "\n") {
			if !strings.Contains(frame, line) && want[line] == 0 {
				t.Fatalf("round %d: the list lets through %q", round, line)
			}
		}
		for line := range want {
			if !strings.Contains(text, line) {
				t.Fatalf("round %d: the list lacks %q", round, line)
			}
		}
		page, err := PaperHTML(l, lang.Chinese, printing)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range append(secrets, "秘密", "0574", "林晓", "6222") {
			if strings.Contains(text+string(page), secret) {
				t.Fatalf("round %d: the list holds %q", round, secret)
			}
		}
	}
}

func TestAPublicListIsOfOnePlaceAndProgramme(t *testing.T) {
	for _, c := range []struct {
		division  string
		programme hedui.Programme
	}{{"330203", hedui.Dibao}, {"330212", hedui.Housing}, {"999999", hedui.Dibao}, {"330212", "pension"}} {
		if _, err := NewPublicList(c.division, c.programme, day.Of(at), nil, []*hedui.Case{large(t)}); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("%s %s: %v", c.division, c.programme, err)
		}
	}
}

func TestTheCertificateStatesResultsOnlyAndVerifiesAsTheReport(t *testing.T) {
	key, sign, trust := testKey(t)
	s := sealed(t, wang(t), key)
	pdf, err := CertificateLayout.PDF(s, firstCopy, sign)
	if errors.Is(err, ErrFont) && os.Getenv("HEDUI_TEST_TOOLS") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	r := verify(t, pdf, nil, trust)
	if !r.Valid() || r.Number != s.Content.Number || r.Copy != 1 || r.Digest != s.Digest() {
		t.Errorf("verified as %+v", r)
	}
	text := strings.Join(pageTexts(t, pdf), "")
	if n := strings.Count(text, s.Content.Number+"（骑缝章）"); n != 1 {
		t.Errorf("the cross-page line stands %d times", n)
	}
	for _, want := range []string{"存根", "正本", "不认定救助资格", "第1次打印"} {
		if !strings.Contains(text, want) {
			t.Errorf("the certificate lacks %q", want)
		}
	}
	for _, word := range []string{"认定为", "符合低保", "予以救助", "解放南路"} {
		if strings.Contains(text, word) {
			t.Errorf("the certificate says %q", word)
		}
	}
	page, err := CertificateLayout.HTML(s, firstCopy)
	if err != nil || !bytes.Contains(page, []byte("骑缝章")) || bytes.Contains(page, []byte("<script")) {
		t.Errorf("as a page: %v", err)
	}
	data, err := DataLayout.HTML(s, firstCopy)
	if plain, err2 := HTML(s, firstCopy); err != nil || err2 != nil || !bytes.Equal(data, plain) {
		t.Errorf("the data layout is not the report: %v %v", err, err2)
	}
}

// The seal belongs to what is sealed: it stands below it, or with the notices.
func TestTheSealOfACertificateStandsOnNoPageAlone(t *testing.T) {
	key, _, _ := testKey(t)
	long := sealed(t, li(t), key)
	long.Content.Unknown = strings.Repeat(long.Content.Unknown, 8)
	for name, c := range map[string]struct {
		Sealed
		pages int
	}{"usual": {sealed(t, wang(t), key), 1}, "five persons and a gap": {sealed(t, li(t), key), 1}, "much is unknown": {long, 2}} {
		pages := pageTexts(t, printedPaper(t, certificate{c.Sealed, firstCopy}, lang.Chinese, nil))
		last := pages[len(pages)-1]
		if len(pages) != c.pages || !strings.Contains(last, "证明范围") || !strings.Contains(last, "出具与签章（盖章处）") || !strings.Contains(last, c.Seal.KeyID) {
			t.Errorf("%s: %d pages, want %d; the last is\n%s", name, len(pages), c.pages, last)
		}
		if !strings.Contains(pages[0], "正本") {
			t.Errorf("%s: the original is not on the first page", name)
		}
	}
}

func TestPapersPrintWithoutTheirPersons(t *testing.T) {
	c := large(t)
	got := fmt.Sprintf("%v %+v", consentOf(t, c, nil), CommissionLetter{Case: c})
	for _, p := range c.Persons {
		if strings.Contains(got, p.Name) || strings.Contains(got, p.ID.Reveal()) {
			t.Errorf("printed as %s", got)
		}
	}
}

func TestSpansRefuseWhatTheyDoNotKnow(t *testing.T) {
	for _, text := range []string{"- {what: appeal, place: \"000000\", from: 2020-01-01, within: 3d}", "- {what: court, place: \"33\", from: 2020-01-01, within: 3d}",
		"- {what: court, place: \"000000\", within: 3d}", "- {what: court, place: \"000000\", from: 2020-01-01}", "- {what: court, until: 2020-01-01}"} {
		if _, err := ReadSpans([]byte(text)); err == nil {
			t.Errorf("taken: %s", text)
		}
	}
}

func TestPapersAreOnePageWithoutScript(t *testing.T) {
	for name, p := range papers(t) {
		for _, l := range lang.Langs() {
			page, err := PaperHTML(p, l, printing)
			if err != nil {
				t.Fatal(err)
			}
			sh := paperSheet(p, l, printing)
			for _, want := range []string{"<h1>" + template.HTMLEscapeString(sh.Title), sh.Copy, `lang="` + tongue(l) + `"`} {
				if !bytes.Contains(page, []byte(want)) {
					t.Errorf("%s lacks %q", name, want)
				}
			}
			if bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("⟦")) || bytes.Contains(page, []byte("ZgotmplZ")) {
				t.Errorf("%s is no plain page", name)
			}
		}
	}
}
