package web

import (
	"net/http"
	"strings"
	"testing"

	"hedui/internal/hedui"
	"hedui/internal/rule/book"
)

// A county raises the standard, makes a mistake first, and sees what would change.
func TestABookIsTriedOnThePage(t *testing.T) {
	d, _ := desk(t)
	o := officer("operator", hedui.RunNode)
	_, page, _ := get(t, d, o, true, "/books?division=330203&on=2026-11-01")
	for _, want := range []string{"个案例全部相符", "ningbo-today", "1200.00", "含演示值"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if _, page, _ := get(t, d, o, true, "/books?division=330203&on=1999-01-01"); !strings.Contains(page, "没有适用于") {
		t.Error("before the first book")
	}
	text, err := book.Files().Open("ningbo-today.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	var b strings.Builder
	buf := make([]byte, 1<<16)
	for n, err := text.Read(buf); n > 0 || err == nil; n, err = text.Read(buf) {
		b.Write(buf[:n])
	}
	raised := strings.Replace(b.String(), `value: "1200.00"`, `value: "1400.00"`, 1)
	if code, page := sent(t, d, o, "/books", nil, []byte(raised)); code != http.StatusOK || !strings.Contains(page, "1200.00 → ") || !strings.Contains(page, "个结果改变") || !strings.Contains(page, "<details><summary>") {
		t.Errorf("the standard is raised: %d\n%.3000s", code, page)
	}
	broken := strings.Replace(raised, "from:", "form:", 1)
	if code, page := sent(t, d, o, "/books", nil, []byte(broken)); code != http.StatusUnprocessableEntity || !strings.Contains(page, "ningbo-today.yaml:") {
		t.Errorf("a key that is none: %d", code)
	}
	for name, file := range map[string][]byte{"no YAML": []byte("{{{"), "a path": []byte("book: ../../x\n"), "nothing": nil} {
		if code, page := sent(t, d, o, "/books", nil, file); code != http.StatusUnprocessableEntity || !strings.Contains(page, `role="alert"`) {
			t.Errorf("%s: %d", name, code)
		}
	}
	if code, _, _ := get(t, d, officer("clerk", hedui.OpenCases), true, "/books"); code != http.StatusForbidden {
		t.Errorf("a clerk: %d", code)
	}
}
