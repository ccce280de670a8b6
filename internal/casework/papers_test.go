package casework

import (
	"bytes"
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

func asText(k PaperKind) PaperOrder { return PaperOrder{Kind: k, Lang: lang.Chinese, Form: "txt"} }

func (b *bench) printed(t *testing.T, o hedui.Officer, id string, k PaperKind) string {
	t.Helper()
	file, err := b.Paper(t.Context(), o, id, asText(k))
	if err != nil {
		t.Fatalf("%s: %v", k, err)
	}
	return string(file.Body)
}

func TestPapersFollowACaseAndAreRecorded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.start(t)
		ctx := t.Context()
		f := form(t, 1)
		c, err := b.Register(ctx, clerk, "draft", f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Paper(ctx, civil, c.ID, asText(CommissionPaper)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a commission before there is one: %v", err)
		}
		if _, err := b.Paper(ctx, civil, c.ID, asText(NoticePaper)); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a notice of a case that goes on: %v", err)
		}
		if text := b.printed(t, clerk, c.ID, MissingPaper); !strings.Contains(text, "没有需要补正的内容") {
			t.Errorf("nothing is missing, and the notice says:\n%s", text)
		}
		if c, err = b.Commission(ctx, civil, c.ID); err != nil {
			t.Fatal(err)
		}
		text := b.printed(t, civil, c.ID, CommissionPaper)
		for _, want := range []string{c.Commission, f.Persons[1].ID, c.Consents[1].Number, "查询当日的登记状况"} {
			if !strings.Contains(text, want) {
				t.Errorf("the commission lacks %q:\n%s", want, text)
			}
		}
		why, err := hedui.ReasonFor("return", "household")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Return(ctx, receiver, c.ID, why); err != nil {
			t.Fatal(err)
		}
		if text := b.printed(t, receiver, c.ID, NoticePaper); !strings.Contains(text, "退回补正通知书") || !strings.Contains(text, "家庭成员填报不完整") {
			t.Errorf("the notice:\n%s", text)
		}
		one, two := b.printed(t, clerk, c.ID, ConsentPaper), b.printed(t, clerk, c.ID, ConsentPaper)
		if strings.SplitN(one, "\n", 3)[1] == strings.SplitN(two, "\n", 3)[1] {
			t.Error("two consent forms have one number")
		}
		n := 0
		for _, v := range b.verbs(t, c.ID) {
			if v == audit.PaperPrinted {
				n++
			}
		}
		if n != 5 {
			t.Errorf("%d papers recorded, want 5", n)
		}
	})
}

func TestTheAnnexAndThePublicListNeedASealedReport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.start(t)
		ctx := t.Context()
		id := b.accepted(t, form(t, 1))
		list := PaperOrder{Lang: lang.Chinese, Form: "txt"}
		for what, print := range map[string]func() error{
			"annex":  func() error { _, err := b.Paper(ctx, civil, id, asText(AnnexPaper)); return err },
			"public": func() error { _, err := b.PublicList(ctx, civil, []string{id}, list); return err },
		} {
			if err := print(); hedui.KindOf(err) != hedui.NotFound {
				t.Errorf("%s before the seal: %v", what, err)
			}
		}
		b.await(t, id, hedui.Summarised)
		content := b.issue(t, id)
		if text := b.printed(t, civil, id, AnnexPaper); !strings.Contains(text, content.Number) || !strings.Contains(text, "5 日内向出具单位") {
			t.Errorf("the annex:\n%s", text)
		}
		file, err := b.PublicList(ctx, civil, []string{id}, list)
		if err != nil || !strings.Contains(string(file.Body), "1 | 某* | 2") || strings.Contains(string(file.Body), content.Members[0].Name) {
			t.Errorf("the public list: %v\n%s", err, file.Body)
		}
		if n := len(slices.DeleteFunc(b.verbs(t, id), func(v audit.Verb) bool { return v != audit.PaperPrinted })); n != 2 {
			t.Errorf("%d papers recorded, want 2", n)
		}
	})
}

func TestPapersNeedTheirRightAndARefusalIsRecorded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		ctx := t.Context()
		c, err := b.Register(ctx, clerk, "draft", form(t, 1))
		if err != nil {
			t.Fatal(err)
		}
		elsewhere := officer("far", hedui.Rights()...)
		elsewhere.Division = "330100"
		for _, k := range PaperKinds() {
			for _, o := range []hedui.Officer{officer("nobody", hedui.ReadCases), elsewhere} {
				if _, err := b.Paper(ctx, o, c.ID, asText(k)); hedui.KindOf(err) != hedui.Forbidden {
					t.Errorf("%s for %s: %v", k, o.ID, err)
				}
			}
		}
		if _, err := b.DraftPaper(ctx, elsewhere, form(t, 2), asText(ConsentPaper)); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("a form of another place: %v", err)
		}
		if n := len(slices.DeleteFunc(b.verbs(t, c.ID), func(v audit.Verb) bool { return v != audit.Refused })); n != 2*len(PaperKinds()) {
			t.Errorf("%d refusals recorded, want %d", n, 2*len(PaperKinds()))
		}
		for _, bad := range []PaperOrder{{Kind: "licence", Form: "txt"}, {Kind: ConsentPaper, Form: "doc"}} {
			if _, err := b.Paper(ctx, clerk, c.ID, bad); hedui.KindOf(err) != hedui.Invalid {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
}

func TestAFormIsPrintedBeforeThereIsACase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		ctx := context.Background()
		f := form(t, 1)
		f.Consents = nil
		f.Persons[1].ID = f.Persons[1].ID[:17] + "?"
		file, err := b.DraftPaper(ctx, clerk, f, asText(ConsentPaper))
		if err != nil || !strings.Contains(string(file.Body), f.Persons[0].ID) || strings.Contains(string(file.Body), f.Persons[1].ID) {
			t.Errorf("the consent form: %v\n%s", err, file.Body)
		}
		if strings.Contains(file.Name, f.Persons[0].ID) || !strings.HasPrefix(file.Name, "consent-S330203") {
			t.Errorf("the file is called %s", file.Name)
		}
		f.Division = "999999"
		if _, err := b.DraftPaper(ctx, clerk, f, asText(ConsentPaper)); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("a form of nowhere: %v", err)
		}
		if file, err = b.DraftPaper(ctx, clerk, f, asText(MissingPaper)); err != nil {
			t.Fatal(err)
		}
		_, _, problems := f.Read(b.Now())
		for _, p := range problems {
			if !strings.Contains(string(file.Body), lang.Text(lang.Chinese, p.Say.Key, p.Say.Args...)) {
				t.Errorf("the notice does not name %s", p.Say.Key)
			}
		}
		if len(problems) < 3 || file.Name != "missing.txt" {
			t.Errorf("%d problems in %s", len(problems), file.Name)
		}
		if _, err := b.DraftPaper(ctx, clerk, f, asText(AnnexPaper)); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("an annex of a form: %v", err)
		}
	})
}

func TestCopiesComeInTheLayoutOfTheNode(t *testing.T) {
	if _, err := os.Stat("../report/font/NotoSansSC-Regular.ttf"); err != nil {
		t.Skip("no font: run make assets")
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		b.Layout = report.CertificateLayout
		b.start(t)
		id := b.accepted(t, form(t, 1))
		b.await(t, id, hedui.Summarised)
		b.issue(t, id)
		page, err := b.Copy(t.Context(), civil, id, 1, "html")
		if err != nil || !bytes.Contains(page.Body, []byte("存　根")) || !bytes.Contains(page.Body, []byte("第 1 次打印")) {
			t.Errorf("the page: %v", err)
		}
		pdf, err := b.Copy(t.Context(), civil, id, 1, "pdf")
		if err != nil || !bytes.Contains(pdf.Body, []byte("/Type /HeduiSeal")) {
			t.Errorf("the PDF: %v", err)
		}
		if say, ok := safePDF(t.Context(), pdf.Body); !ok { // a report may be evidence elsewhere
			t.Errorf("our own sealed PDF is refused: %v", say)
		}
	})
}

// What was signed on paper is found again by its number, and counts for one case.
func TestAConsentKeepsTheNumberOfItsForm(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		ctx := t.Context()
		f := form(t, 1)
		paper, err := b.DraftPaper(ctx, clerk, f, asText(ConsentPaper))
		if err != nil {
			t.Fatal(err)
		}
		number := strings.ReplaceAll(strings.SplitN(string(paper.Body), "\n", 3)[1], "│", "")
		for i := range f.Consents {
			f.Consents[i].Number = " " + strings.ToLower(number)
		}
		c, err := b.Register(ctx, clerk, "draft", f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Commission(ctx, civil, c.ID); err != nil {
			t.Fatal(err)
		}
		for i, k := range b.load(t, c.ID).Consents {
			if k.Form != number || k.Number == number || i > 0 && k.Number == c.Consents[i-1].Number {
				t.Errorf("consent %s of form %q, want %s", k.Number, k.Form, number)
			}
		}
		if text := b.printed(t, civil, c.ID, CommissionPaper); strings.Count(text, number) != len(f.Consents) {
			t.Errorf("the commission does not name the form %s:\n%s", number, text)
		}

		want := []hedui.Problem{{Field: "consents[1].number", Say: hedui.Say("problem.consent.elsewhere", number)}}
		second := form(t, 2)
		second.Consents[1].Number = number
		_, err = b.Register(ctx, clerk, "second", second)
		wantProblems(t, err, want)
		second.Consents[1].Number = ""
		other, err := b.Register(ctx, clerk, "second", second)
		if err != nil {
			t.Fatal(err)
		}
		given := slices.Clone(c.Consents)
		given[0].Form = ""
		_, _, err = b.AddConsents(ctx, clerk, other.ID, given)
		wantProblems(t, err, want)
		if n := len(b.load(t, other.ID).Consents); n != len(second.Consents) {
			t.Errorf("%d consents, want %d", n, len(second.Consents))
		}
	})
}

func wantProblems(t *testing.T, err error, want []hedui.Problem) {
	t.Helper()
	var e *hedui.Error
	if !errors.As(err, &e) || e.Kind != hedui.Invalid || !reflect.DeepEqual(e.Problems, want) {
		t.Errorf("got %v, want the problems %v", err, want)
	}
}
