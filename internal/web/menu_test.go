package web

import (
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
)

// What an entry of the menu says on a page: "page" on the page itself, "true" on
// what belongs to it, else nothing.
func TestTheMenuSaysWhereOneIs(t *testing.T) {
	for _, c := range []struct{ entry, path, want string }{
		{"/", "/", "page"}, {"/", "/cases/1", "true"}, {"/", "/cases/1/items/2", "true"}, {"/", "/sources", ""}, {"/", "/own/1", ""},
		{"/intake", "/intake", "page"}, {"/intake", "/intake/new", "true"}, {"/intake", "/own/1", "true"}, {"/intake", "/", ""},
		{"/worklist", "/worklist/x", "true"}, {"/worklist", "/workbooks/tax/1", "true"}, {"/worklist", "/work", ""},
		{"/officers", "/officers/wang", "true"}, {"/officers", "/rights", "true"}, {"/audit", "/help", ""},
	} {
		if got := currentOf(c.entry, c.path); got != c.want {
			t.Errorf("%s on %s: %q, want %q", c.entry, c.path, got, c.want)
		}
	}
}

func TestALongMenuIsInGroups(t *testing.T) {
	d := prepared(t, storetest.Engines()[0].Fresh(t), nil)
	d.Node = "hub"
	works(t, d)
	_, all, _ := get(t, d, officer("all", hedui.Rights()...), true, "/sources")
	_, one, _ := get(t, d, officer("one", hedui.ReadCases), true, "/sources")
	if n := strings.Count(all, `role="group" aria-label="`); n < 3 || !strings.Contains(all, `aria-label="统计与监督"`) {
		t.Errorf("%d groups for who has all rights", n)
	}
	if strings.Contains(one, `class="group"`) {
		t.Error("a short menu is in groups")
	}
	for name, page := range map[string]string{"all": all, "one": one} {
		if strings.Count(page, `href="/sources?lang=zh" aria-current="page"`) != 1 || strings.Count(page, `<details class="unfold">`) != 1 {
			t.Errorf("%s: the page at hand is not marked, or the menu does not fold", name)
		}
	}
}

// The other language, and another look, are of the same page: what the address says
// stays, but for what was just done. Of an address that only takes forms there is no
// page to come back to.
func TestAnotherLanguageIsOfTheSamePage(t *testing.T) {
	d, _ := desk(t)
	o := officer("all", hedui.Rights()...)
	for _, c := range []struct{ path, here string }{
		{"/?list=all&lang=zh", "/?lang=en&amp;list=all"},
		{"/audit?case=x%26y&done=1", "/audit?case=x%26y&amp;lang=en"},
		{"/help", "/help?lang=en"},
	} {
		_, page, _ := get(t, d, o, true, c.path)
		if !strings.Contains(page, `<a href="`+c.here+`" lang="en"`) || !strings.Contains(page, `name="back" value="`+strings.Replace(c.here, "lang=en", "lang=zh", 1)+`"`) {
			t.Errorf("%s: not %s in\n%s", c.path, c.here, regexp.MustCompile(`(?s)<header.*?</header>`).FindString(page))
		}
	}
	code, page, _ := send(t, d, o, true, http.MethodPost, "/cases/none/acts/seal?lang=zh", url.Values{"seen": {"1"}})
	if code < 400 || !strings.Contains(page, `<a href="/?lang=en" lang="en"`) {
		t.Errorf("%d, the page leads to an address of forms: %s", code, regexp.MustCompile(`(?s)<header.*?</header>`).FindString(page))
	}
}

// Every page has one head, made in one way where officers work.
func TestEveryPageHasAHead(t *testing.T) {
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		page := string(text)
		if !strings.HasPrefix(page, `{{template "head" .}}`) {
			continue // parts of pages
		}
		if n := strings.Count(page, "<h1") + strings.Count(page, `{{template "title" .}}`); n != 1 {
			t.Errorf("%s: %d heads", name, n)
		}
		if !strings.Contains(page, `{{template "foot" .}}`) {
			t.Errorf("%s: no foot", name)
		}
	}
	d, _ := desk(t)
	for path := range leads {
		if path == "/account" {
			continue // of the door
		}
		_, page, _ := get(t, d, officer("all", hedui.Rights()...), true, path)
		if path != "/intake/new" && (strings.Count(page, `<p class="lead">`) != 1 || strings.Count(page, `class="query" href="/help?lang=zh#`) != 1) {
			t.Errorf("%s does not say what is done there, or does not lead to its help", path)
		}
	}
}
