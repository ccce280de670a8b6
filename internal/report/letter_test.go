package report

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/source"
)

// archive is a letter about two made-up persons.
func archive(t testing.TB) Letter {
	t.Helper()
	id := func(s string) idcard.Number {
		n, err := idcard.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	land, _ := catalog.Get(catalog.Land)
	housing, _ := catalog.Get(catalog.Housing)
	return Letter{Number: "X3302032026112301000017", Issuer: "海曙区核对中心（演示）", Addressee: "某区房产档案馆", Address: "某区某路 1 号",
		Basis: []string{"《社会救助暂行办法》（国务院令第649号）第五十八条"}, Contact: "业务科，0574-00000000", Purpose: hedui.Dibao,
		Window: source.Window{From: day.Must("2025-11-01"), To: day.Must("2026-10-31")}, On: day.Must("2026-11-23"), ReplyBy: day.Must("2026-11-30"),
		Persons: []LetterPerson{
			{"李试验", id("33020019680101001X"), "M330203202611230100001", []LetterItem{{"ABCDEFGH23456723", housing}, {"BCDEFGHI23456724", land}}},
			{"周试验", id("330200197205200022"), "M330203202611230100002", []LetterItem{{"CDEFGHIJ23456725", housing}}},
		}}
}

func TestTheLetterSaysWhatItMustAndNotMore(t *testing.T) {
	got := LetterText(archive(t))
	golden(t, "letter.txt", got)
	for _, word := range []string{"家庭成员", "配偶", "户主", "申请人", "保障金"} {
		if strings.Contains(got, word) {
			t.Errorf("the letter says %s, which is not the department's business", word)
		}
	}
}

func TestTheLetterIsPrintedWithItsSlipOnAPageOfItsOwn(t *testing.T) {
	l := archive(t)
	pdf, err := LetterPDF(l)
	if errors.Is(err, ErrFont) && os.Getenv("HEDUI_TEST_TOOLS") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if again, err := LetterPDF(l); err != nil || !bytes.Equal(pdf, again) {
		t.Errorf("printed twice the letter differs: %v", err)
	}
	if out := os.Getenv("HEDUI_TEST_LETTER"); out != "" { // to be looked at
		if err := os.WriteFile(out, pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pages := pageTexts(t, pdf)
	last := pages[len(pages)-1]
	for _, want := range []string{"协查函回执", l.Number, "无记录", "记录如下", "盖章处", "33020019680101001X", "CDEFGHIJ23456725"} {
		if !strings.Contains(last, want) {
			t.Errorf("the slip does not hold %s:\n%s", want, last)
		}
	}
	if strings.Contains(pages[0], "回执单位") || !strings.Contains(pages[0], "第五十八条") || !strings.Contains(pages[0], "2026年11月30日") {
		t.Errorf("the letter:\n%s", pages[0])
	}
}

func TestALetterPrintsWithoutItsPersons(t *testing.T) {
	if got, want := fmt.Sprintf("%v %+v", archive(t), archive(t)), "letter X3302032026112301000017, 2 person(s) letter X3302032026112301000017, 2 person(s)"; got != want {
		t.Errorf("printed as %s, want %s", got, want)
	}
}
