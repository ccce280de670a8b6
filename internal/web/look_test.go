package web

import (
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"hedui/internal/hedui"
)

func styleSheet(t *testing.T) string {
	t.Helper()
	css, err := files.ReadFile("static/style.css")
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(css), "")
}

// palettes are the colours of the style sheet by theme.
func palettes(t *testing.T) map[string]map[string]string {
	t.Helper()
	css := styleSheet(t)
	found := map[string]map[string]string{}
	for name, start := range map[string]string{"light": ":root{color-scheme:light;", "dark by the system": ":root:not(.light){", "dark by choice": ":root.dark{"} {
		_, rest, ok := strings.Cut(css, start)
		if !ok {
			t.Fatalf("no colours: %s", start)
		}
		block, _, _ := strings.Cut(rest, "}")
		found[name] = map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]{3,6})`).FindAllStringSubmatch(block, -1) {
			found[name][m[1]] = m[2]
		}
	}
	return found
}

// luminance as WCAG 2.2 defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	hex = strings.TrimPrefix(hex, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// WCAG 2.2, 1.4.3 and 1.4.11: text 4.5 : 1, borders of what is typed into 3 : 1, on
// both grounds and in every theme.
func TestColoursCanBeTold(t *testing.T) {
	all := palettes(t)
	if fmt.Sprint(all["dark by the system"]) != fmt.Sprint(all["dark by choice"]) {
		t.Errorf("two kinds of dark:\n%v\n%v", all["dark by the system"], all["dark by choice"])
	}
	for theme, colours := range all {
		for _, pair := range []struct {
			on, what string
			least    float64
		}{
			{"paper", "ink", 7}, {"tint", "ink", 7}, {"paper", "soft", 4.5}, {"tint", "soft", 4.5}, {"paper", "act", 4.5}, {"tint", "act", 4.5}, {"act", "on-act", 4.5},
			{"paper", "ask", 4.5}, {"tint", "ask", 4.5}, {"paper", "wait", 4.5}, {"tint", "wait", 4.5}, {"paper", "good", 4.5}, {"tint", "good", 4.5},
			{"paper", "quiet", 4.5}, {"tint", "quiet", 4.5}, {"paper", "edge", 3}, {"tint", "edge", 3},
		} {
			a, b := colours[pair.on], colours[pair.what]
			if a == "" || b == "" {
				t.Fatalf("%s: no %s or %s", theme, pair.on, pair.what)
			}
			l, d := luminance(t, a), luminance(t, b)
			if ratio := (max(l, d) + 0.05) / (min(l, d) + 0.05); ratio < pair.least {
				t.Errorf("%s: %s on %s is %.2f : 1, wanted %.1f", theme, pair.what, pair.on, ratio, pair.least)
			}
		}
	}
}

// What a page names the style sheet knows, and it knows nothing else; colours stand
// in it once, as tokens.
func TestTheStyleSheetFitsThePages(t *testing.T) {
	css := styleSheet(t)
	if len(css) > 24<<10 {
		t.Errorf("%d bytes", len(css))
	}
	_, rules, _ := strings.Cut(css, ":root.larger{")
	if hex := regexp.MustCompile(`#[0-9a-f]{3,6}\b`).FindAllString(strings.ReplaceAll(strings.Split(rules, "@media print")[0], "background:#fff;fill:#000", ""), -1); len(hex) > 0 {
		t.Errorf("colours that are no tokens: %v", hex)
	}
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`\.([a-z][a-z_-]*)`).FindAllStringSubmatch(css, -1) {
		defined[m[1]] = true
	}
	used := map[string]bool{"light": true, "dark": true, "large": true, "larger": true}                                                                               // of the root
	for _, given := range []string{"found", "none", "not_covered", "identity_doubt", "refused", "failed", "waiting", "ok", "ask", "late", "value", "label", "axis"} { // by the program
		used[given] = true
	}
	pages, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	unstyled := []string{"calm", "first", "low", "medium", "high"} // words that mean something to scripts and readers only
	for _, name := range pages {
		text, err := files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`class="([^"{]*)`).FindAllStringSubmatch(string(text), -1) {
			for _, class := range strings.Fields(m[1]) {
				if used[class] = true; !defined[class] && !slices.Contains(unstyled, class) && class != "idcard" && class != "row" {
					t.Errorf("%s: nobody says how %q looks", name, class)
				}
			}
		}
	}
	for class := range defined {
		if !used[class] {
			t.Errorf("no page has %q", class)
		}
	}
}

func TestALookIsKept(t *testing.T) {
	d, _ := desk(t)
	h := consoleOf(t, d)
	set := func(form url.Values) *http.Response {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "/look", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Result()
	}
	for _, c := range []struct {
		form              url.Values
		to, html, english string
	}{
		{url.Values{"theme": {"dark"}, "size": {"larger"}, "language": {"en"}, "back": {"/sources?x=1"}}, "/sources?lang=en&x=1", `<html lang="en" class="dark larger">`, "Sources"},
		{url.Values{"theme": {"system"}, "size": {"normal"}, "language": {"zh"}, "back": {"/help"}}, "/help?lang=zh", `<html lang="zh-CN">`, ""},
		{url.Values{"theme": {`"><script>`}, "size": {"huge"}, "language": {"zh"}, "back": {"https://elsewhere.example/"}}, "/?lang=zh", `<html lang="zh-CN">`, ""},
	} {
		res := set(c.form)
		res.Body.Close()
		if res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != c.to {
			t.Errorf("%v: %d to %s, want %s", c.form, res.StatusCode, res.Header.Get("Location"), c.to)
		}
		cookies := res.Cookies()
		if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode {
			t.Fatalf("cookies %v", cookies)
		}
		r := httptest.NewRequest(http.MethodGet, "/sources", nil) // the address says nothing
		r.AddCookie(cookies[0])
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if body := w.Body.String(); !strings.Contains(body, c.html) || !strings.Contains(body, c.english) {
			t.Errorf("%v: the page begins %.120s", c.form, body)
		}
	}
}

// Every page of the console is told of in the handbook, in both languages, and each
// officer reads of the pages that are open to them.
func TestEveryPageHasHelp(t *testing.T) {
	files := regexp.MustCompile(`\.pdf$|/(scan|live|link|log|reports|papers|evidence|workbooks)(/|$)`) // no pages of their own
	for _, r := range routes() {
		path, ok := strings.CutPrefix(r.pattern, "GET ")
		path = strings.TrimSuffix(path, "{$}")
		if ok && !files.MatchString(path) && sectionOf(path) == "" {
			t.Errorf("%s: no part of the handbook", r.pattern)
		}
	}
	d, _ := desk(t)
	for _, l := range []string{"zh", "en"} {
		_, all, _ := get(t, d, officer("all", hedui.Rights()...), true, "/help?lang="+l)
		for _, s := range helpSections {
			if !strings.Contains(all, `<h2 id="`+s.name+`">`) || !strings.Contains(all, `href="#`+s.name+`"`) {
				t.Errorf("%s: no part %s", l, s.name)
			}
		}
		_, clerk, _ := get(t, d, officer("clerk", hedui.OpenCases), true, "/help?lang="+l)
		if !strings.Contains(clerk, `<h2 id="intake">`) || strings.Contains(clerk, `<h2 id="audit">`) {
			t.Error("a clerk reads of the pages of others, or not of the own")
		}
	}
	if _, page, _ := get(t, d, officer("r", hedui.ReadCases), true, "/sources"); !strings.Contains(page, `href="/help?lang=zh#sources"`) {
		t.Error("the page does not lead to its help")
	}
}
