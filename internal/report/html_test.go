package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"html"
	"io"
	"strings"
	"testing"
)

func TestHTMLShowsWhatThePDFShows(t *testing.T) {
	key, _, _ := testKey(t)
	for name, in := range inputs(t) {
		s := sealed(t, in, key)
		page, err := HTML(s, firstCopy)
		if err != nil {
			t.Fatal(err)
		}
		text := html.UnescapeString(string(page))
		sh := newSheet(s, firstCopy)
		sh.each(func(part string) string {
			if !strings.Contains(text, part) {
				t.Errorf("%s: page lacks %q", name, part)
			}
			return part
		})
	}
}

func TestHTMLIsSelfContainedAndAccessible(t *testing.T) {
	key, _, _ := testKey(t)
	s := sealed(t, li(t), key)
	page, err := HTML(s, firstCopy)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "http://", "https://", "url(", "style=\"", "ZgotmplZ"} {
		if bytes.Contains(page, []byte(bad)) {
			t.Errorf("page holds %q", bad)
		}
	}
	for _, want := range []string{`<html lang="zh-CN">`, `<th scope="col"`, `<th scope="row"`, "<caption>", `role="img"`, `aria-label="报告二维码"`, "第 1 次打印", "@media print", "max-width:640px"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("page lacks %q", want)
		}
	}
	if !strings.HasPrefix(StyleSource(), "'sha256-") || !bytes.Contains(page, []byte("<style>"+cssText+"</style>")) {
		t.Error("the style element is not the one StyleSource allows")
	}
	wellFormed(t, page)
}

// wellFormed reads the page as XML, whose rules for elements are the stricter ones.
func wellFormed(t *testing.T, page []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(page))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("page: %v", err)
		}
	}
}

func TestHTMLEscapesWhatSourcesSend(t *testing.T) {
	in := wang(t)
	in.Case.Persons[0].Notes = `<script>alert(1)</script>"&'`
	page, err := HTML(Sealed{Content: content(t, in)}, Copy{})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(page, []byte("<script>")) {
		t.Error("page holds what a person typed as markup")
	}
	if !bytes.Contains(page, []byte("预览 · 未签发 · 不得使用")) {
		t.Error("a preview does not say so")
	}
}
