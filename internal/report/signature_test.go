package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

const drawn = "100,200 120,90 200,60 320,180 340,240;500,100 520,180 610,200 700,90"

func TestStrokesAreReadOrRefused(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a name", drawn, ""},
		{"spaces and empty lines", " 0,0  1000,320;; 10,10 20,20 30,30 40,40 50,50 60,60;", ""},
		{"nothing", " ", "problem.signature.empty"},
		{"a dot", "5,5", "problem.signature.short"},
		{"many dots in one place", strings.Repeat("5,5 ", 50), "problem.signature.short"},
		{"outside to the right", "1001,5 " + drawn, "problem.signature.form"},
		{"outside above", "5,-1 " + drawn, "problem.signature.form"},
		{"no numbers", "a,b " + drawn, "problem.signature.form"},
		{"half a point", "5 " + drawn, "problem.signature.form"},
		{"too many lines", strings.Repeat(drawn+";", 60), "problem.signature.long"},
		{"too many points", strings.Repeat("5,5 9,9 ", 5000), "problem.signature.long"},
		{"too much text", strings.Repeat(" ", maxDrawnText) + drawn, "problem.signature.long"},
	} {
		t.Run(c.name, func(t *testing.T) {
			strokes, err := ParseStrokes(c.text)
			if c.want == "" {
				if err != nil || len(strokes) != 2 {
					t.Errorf("%d lines, %v", len(strokes), err)
				}
				return
			}
			if err == nil || hedui.KindOf(err) != hedui.Invalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func FuzzParseStrokes(f *testing.F) {
	for _, text := range []string{drawn, "", "5,5", ";;", "1,1 2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		strokes, err := ParseStrokes(text)
		if err != nil {
			return
		}
		for _, line := range strokes {
			for _, p := range line {
				if p.X < 0 || p.Y < 0 || p.X > SignatureWidth || p.Y > SignatureHeight {
					t.Fatalf("%v lies outside", p)
				}
			}
		}
	})
}

// A form that was signed on the screen says so, with its lines, its time and who saw
// it; the blocks of all others stay empty, and what was ticked is ticked.
func TestAFormSignedOnTheScreen(t *testing.T) {
	strokes, err := ParseStrokes(drawn)
	if err != nil {
		t.Fatal(err)
	}
	c := large(t)
	f := consentOf(t, c, []catalog.Code{"vehicle", "housing"})
	f.Agreed = []catalog.Code{"housing"}
	plain := PaperText(f, lang.Chinese, Copy{})
	now := time.Date(2026, 11, 23, 2, 30, 0, 0, time.UTC)
	f.Signatures = map[int]Signature{1: {Strokes: strokes, At: now, Witness: "赵见证"}}
	text := PaperText(f, lang.Chinese, Copy{})
	if got := strings.Count(text, "√ 同意"); got != 1 || strings.Count(text, "□ 同意") != 1 {
		t.Errorf("%d ticks:\n%s", got, text)
	}
	if strings.Count(text, "屏幕签署，见证人 赵见证") != 2 || !strings.Contains(text, "2026-11-23 10:30") || strings.Contains(plain, "赵见证") {
		t.Errorf("it does not say when and before whom:\n%s", text)
	}
	page, err := PaperHTML(f, lang.Chinese, Copy{})
	if err != nil || bytes.Count(page, []byte(`<path d="M100 200L120 90`)) != 1 {
		t.Errorf("the lines do not stand on the page: %v", err)
	}
	signed, err := PaperPDF(f, lang.Chinese, Copy{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Signatures = nil
	unsigned, err := PaperPDF(f, lang.Chinese, Copy{}, nil)
	if err != nil || bytes.Equal(signed, unsigned) {
		t.Errorf("the lines do not stand in the PDF: %v", err)
	}
}
