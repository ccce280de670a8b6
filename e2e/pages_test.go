package e2e

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// A look is one page of the console that is looked at: who sees it, and where it stands.
type look struct {
	officer string // nobody where empty
	at      func(p *tab) (path string)
}

func fixed(path string) func(*tab) string { return func(*tab) string { return path } }

// looks are the pages by their routes.
var looks = map[string]look{
	"GET /{$}":                     {"reader", fixed("/")},
	"GET /cases/{id}":              {"receiver", caseOf},
	"GET /cases/{id}/items/{item}": {"commissioner", itemOf},
	"GET /cases/{id}/reports/{file}": {"reader", func(p *tab) string {
		p.open(caseOf(p))
		return hrefOf(p, ".reports a")
	}},
	"GET /worklist/score":                  {"liaison", fixed("/worklist/score")},
	"GET /sources/{name}":                  {"reader", fixed("/sources/land")},
	"GET /sources/join":                    {"operator", fixed("/sources/join")},
	"GET /intake":                          {"clerk", fixed("/intake")},
	"GET /intake/{draft}":                  {"clerk", draftOf},
	"GET /own/{id}":                        {"clerk", func(p *tab) string { p.open("/intake"); return hrefOf(p, "a[href^='/own/']") }},
	"GET /own/{id}/consents/{number}/sign": {"clerk", signOf},
	"GET /corrections":                     {"receiver", fixed("/corrections")},
	"GET /worklist":                        {"liaison", fixed("/worklist")},
	"GET /worklist/{entry}":                {"liaison", func(p *tab) string { p.open("/worklist"); return hrefOf(p, "td a[href^='/worklist/']") }},
	"GET /letters":                         {"receiver", fixed("/letters")},
	"GET /sources":                         {"reader", fixed("/sources")},
	"GET /concerns":                        {"auditor", fixed("/concerns")},
	"GET /audit":                           {"auditor", fixed("/audit")},
	"GET /nodes":                           {"reader", fixed("/nodes")},
	"GET /help":                            {"clerk", fixed("/help")},
	"GET /design":                          {"reader", fixed("/design")},
	"GET /officers":                        {"operator", fixed("/officers")},
	"GET /officers/{officer}":              {"operator", fixed("/officers/clerk")},
	"GET /rights":                          {"security", fixed("/rights")},
	"GET /cases/{id}/erasure":              {"receiver", func(p *tab) string { return caseOf(p) + "/erasure" }},
	"GET /cases/{id}/decision":             {"commissioner", func(p *tab) string { return caseOf(p) + "/decision" }},
	"GET /erasures":                        {"reader", fixed("/erasures")},
	"GET /requests":                        {"commissioner", fixed("/requests")},
	"GET /intake/bulk":                     {"clerk", fixed("/intake/bulk")},
	"GET /intake/bulk/{upload}":            {"clerk", uploadOf},
	"GET /keys":                            {"security", fixed("/keys")},
	"GET /calendar":                        {"clerk", fixed("/calendar?length=15wd")},
	"GET /books":                           {"reader", fixed("/books")},
	"GET /statistics":                      {"reader", fixed("/statistics")},
	"GET /mirror":                          {"", fixed("/mirror")},
	"GET /sign-in":                         {"", fixed("/sign-in")},
	"GET /sign-in/again":                   {"clerk", fixed("/sign-in/again")},
	"GET /account":                         {"clerk", fixed("/account")},
	"GET /account/password":                {"clerk", fixed("/account/password")},
	"GET /account/second":                  {"clerk", fixed("/account/second")},
	"GET /account/app":                     {"clerk", fixed("/account/app")},
	"GET /account/passkey":                 {"clerk", fixed("/account/passkey")},
	"GET /account/recovery":                {"clerk", fixed("/account/recovery")},
	"GET /notices":                         {"clerk", fixed("/notices")},
}

// unseen are the routes that show no page of their own, and why not.
var unseen = map[string]string{
	"GET /cases/{id}/live":                    "a part of the page of a case",
	"GET /cases/{id}/evidence/{evidence}":     "a file",
	"GET /cases/{id}/papers/{kind}":           "a PDF",
	"GET /cases/{id}/consents/{number}/scan":  "a file",
	"GET /cases/{id}/erasure.pdf":             "a PDF",
	"GET /own/{id}/erasure.pdf":               "a PDF",
	"GET /own/{id}/papers/{kind}":             "a PDF",
	"GET /intake/new":                         "leads to a new form",
	"GET /workbooks/{source}/{number}":        "a workbook",
	"GET /log/tile/entries/{path...}":         "a tile of the log",
	"GET /log/{path...}":                      "a tile of the log",
	"GET /intake/bulk/template.xlsx":          "a workbook",
	"GET /intake/bulk/{upload}/problems.xlsx": "a workbook",
	"GET /letters/export.xlsx":                "a workbook",
	"GET /letters/{number}":                   "looked at in TestLetters: the city of the demo writes none",
	"GET /letters/{number}/paper":             "a PDF",
	"GET /letters/{number}/reminder":          "a PDF",
	"GET /letters/{number}/scan":              "a file",
	"GET /statistics/export.xlsx":             "a workbook",
	"GET /statistics/bulletin/{bulletin}":     "a file",
	"GET /link":                               "a part of every page",
	"GET /static/":                            "style and scripts",
	"GET /static/{$}":                         "nothing",
	"GET /trust.pem":                          "a certificate",
	"GET /mirror/api/v1/heartbeat":            "for machines",
	"GET /sign-in/office":                     "leads to the office's provider",
	"GET /sign-in/office/back":                "leads on",
	"GET /kept/{id}":                          "looked at in TestSignedOutInTheMiddle",
	"GET /sign-in/second":                     "looked at in TestSecondProof",
}

// Every route that is asked for with GET has its page among those that are looked at, or a reason why not.
func TestEveryPageIsLookedAt(t *testing.T) {
	routes := routesOf(t, "../internal/web")
	for _, r := range routes {
		if _, seen := looks[r]; !seen && unseen[r] == "" {
			t.Errorf("%s is looked at by no test: add it to looks, or to unseen with the reason", r)
		}
	}
	for r := range maps.Keys(looks) {
		if !slices.Contains(routes, r) {
			t.Errorf("%s is no route", r)
		}
	}
	for r := range maps.Keys(unseen) {
		if !slices.Contains(routes, r) {
			t.Errorf("%s is no route", r)
		}
	}
}

// routesOf reads the patterns of the routes out of the source of the door.
func routesOf(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var routes []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil && strings.HasPrefix(s, "GET /") {
					routes = append(routes, s)
				}
			}
			return true
		})
	}
	if len(routes) < 30 {
		t.Fatalf("only %d routes found in %s", len(routes), dir)
	}
	return routes
}

// No page shuts anybody out, in either language, by day and by night, and none scrolls sideways, from a phone to a desk.
func TestPages(t *testing.T) {
	prepare(t)
	byOfficer := map[string][]string{}
	for route, one := range looks {
		byOfficer[one.officer] = append(byOfficer[one.officer], route)
	}
	for officer, routes := range byOfficer {
		t.Run(strings.TrimSpace("as "+officer), func(t *testing.T) {
			t.Parallel()
			p := visit(t, haishu)
			if officer != "" {
				p = as(t, haishu, officer)
			}
			slices.Sort(routes)
			for _, route := range routes {
				at := looks[route].at(p)
				for _, language := range []string{"zh", "en"} {
					inspect(p, route, inLanguage(at, language))
				}
			}
			if code := p.open("/nothing-here"); code != 404 {
				t.Errorf("an address of nothing: %d", code)
			}
			inspectHere(p, "an error")
		})
	}
}

// The pages to which an act leads are looked at too: the code for a citizen, the mirror that it opens, a case that was erased, the form of nobody.
func TestPagesBehindAnAct(t *testing.T) {
	clerk := as(t, haishu, "clerk")
	number := register(clerk, chen)
	clerk.follow(number)
	own := clerk.path()
	for _, language := range []string{"zh", "en"} {
		clerk.open(inLanguage(own, language))
		clerk.do("choose the person", chromedp.Click(chromedp.CSS("#act-code summary")), chromedp.Click(chromedp.CSS("#code-1")))
		clerk.moves("make a code", chromedp.Click(chromedp.CSS("#act-code button")))
		inspectHere(clerk, "a code for the mirror, "+language)
	}
	code := eval[string](clerk, `document.querySelector(".secret").textContent`)

	citizen := visit(t, haishu)
	citizen.open("/mirror")
	citizen.fill("#number", chen[0].id)
	citizen.fill("#code", code)
	citizen.press("查看")
	citizen.says(number)
	citizen.do("ask for something", chromedp.Click(chromedp.CSS("input[name=kind]")), chromedp.SendKeys(chromedp.CSS("textarea"), "请说明查询了哪些部门"))
	citizen.press("提交")
	inspectHere(citizen, "a request in the mirror")
	for _, language := range []string{"zh", "en"} {
		citizen.open(inLanguage("/mirror", language))
		inspectHere(citizen, "the mirror, opened, "+language)
	}

	erase(clerk, number, own)
	reader := as(t, haishu, "reader")
	for _, language := range []string{"zh", "en"} {
		inspect(clerk, "a case of their own that was erased", inLanguage(own, language))
		inspect(reader, "a case that was erased", inLanguage(strings.Replace(own, "/own/", "/cases/", 1), language))
	}

	clerk.open("/intake/new")
	write(clerk, chen)
	form := clerk.path()
	command(clerk, network.ClearBrowserCookies, cdp.Empty{})
	if status := clerk.press("登记"); status != 401 || clerk.path() != form {
		t.Fatalf("the form of nobody: %d at %s", status, clerk.address())
	}
	inspectHere(clerk, "the form of nobody")
}

// erase ends a case at the wish of the household and has it erased by two officers.
func erase(clerk *tab, number, own string) {
	clerk.Helper()
	clerk.open(own)
	clerk.do("choose why", chromedp.Click(chromedp.CSS("#act-terminate summary")), chromedp.Click(chromedp.CSS("#terminate-withdrawn")))
	clerk.moves("end the case", chromedp.Click(chromedp.CSS("#act-terminate button")))
	clerk.says("终止")
	at := strings.Replace(own, "/own/", "/cases/", 1) + "/erasure"
	verifier := as(clerk.TB, haishu, "receiver")
	verifier.open(at)
	verifier.do("choose why", chromedp.Click(chromedp.CSS("#act-propose summary")), chromedp.Click(chromedp.CSS("#propose-request")))
	verifier.moves("propose", chromedp.Click(chromedp.CSS("#act-propose button")))
	verifier.says("已提议")
	manager := as(clerk.TB, haishu, "reader")
	manager.open(at)
	manager.do("unfold", chromedp.Click(chromedp.CSS("#act-confirm summary")))
	manager.moves("erase", chromedp.Click(chromedp.CSS("#act-confirm button")))
	if manager.path() == "/sign-in/again" {
		manager.fill("#password", begun.passwords["reader"])
		manager.press("确认")
		manager.do("unfold", chromedp.Click(chromedp.CSS("#act-confirm summary")))
		manager.moves("erase", chromedp.Click(chromedp.CSS("#act-confirm button")))
	}
	manager.says(number, "已销毁")
}

// prepare makes what the pages need: a case of which an archive has not answered, with the form of a clerk that is not handed in.
func prepare(t *testing.T) {
	clerk := as(t, haishu, "clerk")
	number := register(clerk, zhao)
	commissioner := as(t, haishu, "commissioner")
	find(commissioner, number)
	acts(commissioner, "委托核对")
	receiver := as(t, haishu, "receiver")
	find(receiver, number)
	acts(receiver, "受理并发出查询")
	liaison := as(t, haishu, "liaison")
	for range 100 {
		if liaison.open("/worklist"); eval[bool](liaison, `document.querySelector("td a[href^='/worklist/']") !== null`) {
			return
		}
	}
	t.Fatalf("nothing on the list of the archive:\n%s", liaison.text())
}

func inLanguage(path, language string) string {
	if strings.Contains(path, "?") {
		return path + "&lang=" + language
	}
	return path + "?lang=" + language
}

func hrefOf(p *tab, link string) string {
	p.Helper()
	href := eval[string](p, fmt.Sprintf(`document.querySelector(%q)?.getAttribute("href") ?? ""`, link))
	path, _, _ := strings.Cut(href, "?")
	if path == "" {
		p.Fatalf("no link %s at %s:\n%s", link, p.address(), p.text())
	}
	return path
}

// caseOf is the case of the demo's own family, which has a report and items to explain.
func caseOf(p *tab) string {
	p.open("/?list=all")
	return hrefOf(p, "tr:last-child a[href^='/cases/']")
}

func itemOf(p *tab) string {
	p.open(caseOf(p))
	return hrefOf(p, "[aria-labelledby=items] td a")
}

// signOf is the form of a consent that is signed on the screen, of the clerk's first case that has one without a scan.
func signOf(p *tab) string {
	p.open("/intake")
	for _, own := range eval[[]string](p, `[...document.querySelectorAll("a[href^='/own/']")].map((a) => a.getAttribute("href"))`) {
		if p.open(own); eval[bool](p, `document.querySelector("a[href*='/sign?']") !== null`) {
			return hrefOf(p, "a[href*='/sign?']")
		}
	}
	p.Fatal("no consent waits for a signature")
	return ""
}

// uploadOf is a list of households that was handed in and worked off: one that lacks its consent, one with problems.
func uploadOf(p *tab) string {
	p.open("/intake/bulk")
	list := filepath.Join(p.TempDir(), "list.csv")
	text := "户编号,姓名,公民身份号码,与申请人关系,救助类型,区县代码,委托单位\n1,何文君,330200198808080044,本人,最低生活保障,330203,县级民政部门\n2,钱试验,123,本人,最低生活保障,330203,县级民政部门\n"
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		p.Fatal(err)
	}
	p.do("choose the list", chromedp.SetUploadFiles(chromedp.CSS("#file"), []string{list}))
	p.moves("hand it in", chromedp.Click(chromedp.CSS("[aria-labelledby=hand] button")))
	if !strings.HasPrefix(p.path(), "/intake/bulk/") {
		p.Fatalf("handed in: at %s:\n%s", p.address(), p.text())
	}
	path := p.path()
	for range 100 {
		if p.open(path); eval[bool](p, `document.querySelector("progress") === null`) {
			return path
		}
	}
	p.Fatalf("the list is not worked off:\n%s", p.text())
	return ""
}

// draftOf is a form with a row of each kind.
func draftOf(p *tab) string {
	p.open("/intake/new")
	for _, more := range []string{"再加一人", "加一项收入", "加一项财产", "加一项支出"} {
		p.press(more)
	}
	path := p.path()
	p.press("登记")
	inspectHere(p, "a form that comes back")
	return path
}

// inspect opens a page and looks at it.
func inspect(p *tab, route, path string) {
	p.Helper()
	code := p.open(path)
	if p.path() == "/sign-in/again" && !strings.HasPrefix(path, "/sign-in/again") {
		p.fill("#password", begun.passwords[looks[route].officer])
		code = p.moves("confirm", chromedp.Click(chromedp.CSS("main form button")))
	}
	if code != 200 || !strings.HasPrefix(path, p.path()) {
		p.Errorf("%s: %d at %s", path, code, p.address())
		return
	}
	inspectHere(p, route+" at "+path)
}

// widths are those of a phone, a tablet and a desk in CSS pixels.
var widths = []int64{420, 768, 1280}

// inspectHere looks at the page that is shown.
func inspectHere(p *tab, what string) {
	p.Helper()
	if title := eval[string](p, "document.title"); strings.TrimSpace(title) == "" {
		p.Errorf("%s has no title", what)
	}
	for _, scheme := range []string{"light", "dark"} {
		command(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		for _, found := range violations(p) {
			p.Errorf("%s, %s: %s", what, scheme, found)
		}
	}
	for _, width := range widths {
		p.do("width", chromedp.EmulateViewport(width, 900))
		if over := eval[[]string](p, sideways); len(over) > 0 {
			p.Errorf("%s scrolls sideways at %d px: %s", what, width, strings.Join(over, "; "))
		}
	}
}

// sideways names what sticks out of a page that scrolls sideways.
const sideways = `(() => {
	const root = document.scrollingElement;
	if (root.scrollWidth <= window.innerWidth) return [];
	const inside = (e) => { for (let up = e.parentElement; up; up = up.parentElement) if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX) && up !== root && up !== document.body) return true; return false; };
	return [root.scrollWidth + " px"].concat([...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > window.innerWidth + 1 && !inside(e)).slice(0, 4)
		.map((e) => e.tagName + (e.className ? "." + e.className : "") + " " + Math.round(e.getBoundingClientRect().right)));
})()`

// axe is axe-core, which "make e2e" fetches by the lock file.
func axe(p *tab) string {
	p.Helper()
	text, err := os.ReadFile("axe.min.js")
	if err != nil {
		p.Fatalf("%v: make e2e fetches it", err)
	}
	return string(text)
}

// violations are what axe-core finds on the page against WCAG 2.2, levels A and AA, and good practice. It is put into the page from
// outside, past the policy on contents, which stays as it is. The watermark of a report is no text to be read.
func violations(p *tab) []string {
	p.Helper()
	if !eval[bool](p, "window.axe !== undefined") {
		p.do("load axe", chromedp.Evaluate[chromedp.Void](axe(p)))
	}
	const run = `axe.run({exclude: [".marks"]}, {resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}).then((r) =>
		r.violations.flatMap((v) => v.nodes.slice(0, 3).map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary.replace(/\s+/g, " "))))`
	return get(p, "axe", chromedp.Evaluate[[]string](run, chromedp.EvalAwaitPromise))
}
