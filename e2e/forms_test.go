package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A clerk registers a household of two and hands it in without touching a mouse. Wherever the focus is it can be seen, nothing lies over
// it, and it goes on in the order of the page.
func TestKeyboardOnly(t *testing.T) {
	t.Parallel()
	p := visit(t, haishu)
	p.open("/sign-in")
	keys := func(text string) { p.Helper(); p.do("type", chromedp.KeyEvent(text)) }
	enter := func(what string) { p.Helper(); p.moves(what, chromedp.KeyEvent(kb.Enter)) }
	if !eval[bool](p, `document.activeElement.id === "id"`) {
		p.Error("the sign-in page does not begin in its first field")
	}
	keys("clerk" + kb.Tab + begun.passwords["clerk"])
	enter("sign in")
	p.tabTo("a.button")
	enter("a new form")
	p.tabTo("#persons-0-name")
	keys(wu[0].name)
	p.tabTo("#persons-0-id")
	keys(wu[0].id)
	p.tabTo("button[value='add persons']")
	enter("one more person")
	p.tabTo("#persons-1-name")
	keys(wu[1].name)
	p.tabTo("#persons-1-id")
	keys(wu[1].id)
	p.tabTo("#persons-1-relation")
	for range 30 {
		if p.value("#persons-1-relation") == wu[1].relation {
			break
		}
		keys(kb.ArrowDown)
	}
	today := time.Now().In(time.FixedZone("Beijing", 8*60*60))
	for i := range wu {
		p.tabTo(fmt.Sprintf("#consents-%d-signed_on", i))
		keys(today.Format(time.DateOnly))
		p.tabTo(fmt.Sprintf("#consents-%d-until", i))
		keys(today.AddDate(1, 0, 0).Format(time.DateOnly))
		p.tabTo(fmt.Sprintf("#consents-%d-witness", i))
		keys("街道经办（演示）")
	}
	p.tabTo("button[value=register]")
	enter("hand in")
	registered(p)
}

// tabTo goes on with the tabulator key until the focus is where it is wanted.
func (p *tab) tabTo(field string) {
	p.Helper()
	p.do("mark", chromedp.Evaluate[chromedp.Void](`window.before = document.activeElement`))
	for range 120 {
		p.do("tab", chromedp.KeyEvent(kb.Tab))
		if trouble := eval[string](p, focused); trouble != "" {
			p.Errorf("%s: the focus is at %s", p.path(), trouble)
		}
		if eval[bool](p, fmt.Sprintf("document.activeElement.matches(%q)", field)) {
			return
		}
	}
	p.Fatalf("the tabulator key never comes to %s", field)
}

// focused says what is wrong with where the focus is: it cannot be seen, something lies over it, or it went back.
const focused = `(() => {
	const e = document.activeElement, name = e.tagName + (e.id ? "#" + e.id : "") + " " + (e.textContent || "").trim().slice(0, 20);
	const before = window.before;
	window.before = e;
	if (e === document.body) return ""; // round the corner of the window
	const style = getComputedStyle(e), box = e.getBoundingClientRect();
	if ((style.outlineStyle === "none" || parseFloat(style.outlineWidth) === 0) && style.boxShadow === "none") return name + ", which does not show it";
	if (box.width < 1 || box.height < 1) return name + ", which has no size";
	const over = document.elementFromPoint(box.left + box.width / 2, Math.min(Math.max(box.top + Math.min(box.height, 40) / 2, 0), innerHeight - 1));
	if (box.bottom < 0 || box.top > innerHeight) return name + ", outside of the window";
	if (over && over !== e && !e.contains(over) && !over.contains(e)) return name + ", under " + over.tagName + "." + over.className;
	if (before && before !== document.body && before.isConnected && (before.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_PRECEDING)) return name + ", back from " + before.tagName + "#" + before.id;
	return "";
})()`

// Without script the same is done by plain forms, from the registration to the summary, and the page of a case still follows.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	plain := func(officer string) *tab {
		p := visit(t, yinzhou)
		command(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		p.open("/sign-in")
		p.signIn(officer)
		return p
	}
	clerk := plain("clerk")
	clerk.open("/intake/new")
	if code := clerk.press("登记"); code != 422 {
		t.Errorf("an empty form: %d", code)
	}
	clerk.says("需要改正或者补充")
	write(clerk, zhang)
	clerk.press("登记")
	number := registered(clerk)
	commissioner := plain("commissioner")
	find(commissioner, number)
	acts(commissioner, "委托核对")
	receiver := plain("receiver")
	find(receiver, number)
	acts(receiver, "受理并发出查询")
	answerByHand(as(t, yinzhou, "liaison"), zhang)
	deadline := time.Now().Add(patience)
	for !strings.Contains(receiver.text(), "已汇总，待审核") { // the browser loads the page anew by itself
		if time.Now().After(deadline) {
			t.Fatalf("the page does not follow:\n%s", receiver.text())
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// Over a slow line the page says that it is at work, and pressing again makes no second case.
func TestSlowLine(t *testing.T) {
	t.Parallel()
	p := as(t, haishu, "clerk")
	p.open("/intake/new")
	write(p, qian)
	slow := &network.Conditions{Latency: 1500, DownloadThroughput: 30_000, UploadThroughput: 10_000}
	command(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{slow}})
	at := middleOf(p, "button[value=register]")
	p.do("press", chromedp.MouseClickXY(at[0], at[1]))
	p.waits(`[...document.querySelectorAll("[role=status]")].some((e) => e.textContent.includes("正在提交"))`)
	p.moves("press again", chromedp.MouseClickXY(at[0], at[1]))
	number := registered(p)
	command(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{}})
	onlyCase(p, number, qian)
}

// middleOf is where the mouse presses something.
func middleOf(p *tab, what string) []float64 {
	p.Helper()
	return eval[[]float64](p, fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center"}); const b = e.getBoundingClientRect();
		return [b.left + b.width / 2, b.top + b.height / 2]; })()`, what))
}

// onlyCase sees that a clerk has one case of a family, and no form of it that is not handed in.
func onlyCase(p *tab, number string, household []person) {
	p.Helper()
	surname := oneCase(p, number, household)
	if drafts := eval[string](p, `document.querySelector("[aria-labelledby=drafts]")?.textContent ?? ""`); strings.Contains(drafts, surname) || strings.Contains(drafts, household[0].name) {
		p.Errorf("a form is left over: %q", drafts)
	}
}

// oneCase sees that a clerk has one case of a family, and returns how its names begin on lists.
func oneCase(p *tab, number string, household []person) (surname string) {
	p.Helper()
	p.open("/intake")
	surname = string([]rune(household[0].name)[:1]) + "*"
	if cases := eval[[]string](p, fmt.Sprintf(`[...document.querySelectorAll("tbody tr")].filter((r) => r.textContent.includes(%q)).map((r) => r.textContent)`, surname)); len(cases) != 1 || !strings.Contains(cases[0], number) {
		p.Errorf("cases of %s: %q, want one, %s", surname, cases, number)
	}
	return surname
}

// Pressing twice, going back and loading anew after something was sent do no harm.
func TestTwiceBackAndAgain(t *testing.T) {
	t.Parallel()
	p := as(t, haishu, "clerk")
	p.open("/intake/new")
	if code := p.press("登记"); code != 422 {
		t.Errorf("an empty form: %d", code)
	}
	if code := p.moves("load it anew", chromedp.Reload()); code != 422 {
		t.Errorf("loaded anew: %d", code)
	}
	p.open("/intake/new")
	write(p, feng)
	p.moves("press twice", chromedp.DoubleClick(named("main//button", "登记"), chromedp.NodeVisible))
	number := registered(p)
	p.moves("load it anew", chromedp.Reload())
	onlyCase(p, number, feng)
	p.back("/intake")
	p.back("/intake/") // the form has been handed in: whatever is pressed on it makes no second case of it
	at := middleOf(p, "button[value=register]")
	p.do("press", chromedp.MouseClickXY(at[0], at[1]))
	p.reads("需要改正", "已有案件", number)
	oneCase(p, number, feng)

	commissioner := as(t, haishu, "commissioner")
	find(commissioner, number)
	commissioner.moves("press twice", chromedp.DoubleClick(named("main//button", "委托核对"), chromedp.NodeVisible))
	find(commissioner, number)
	if n := strings.Count(commissioner.text(), "已委托 民政委托"); n != 1 {
		t.Errorf("commissioned %d times:\n%s", n, commissioner.text())
	}
	receiver := as(t, haishu, "receiver")
	find(receiver, number)
	other := as(t, haishu, "receiver")
	find(other, number)
	other.open(other.path() + "?live=0") // the page stays as it is
	acts(receiver, "受理并发出查询")
	if code := other.press("受理并发出查询"); code != 409 {
		t.Errorf("accepted by a page that is out of date: %d", code)
	}
	other.says("本案有了变化")
	receiver.back("/cases/")
	receiver.open(receiver.path())
	if n := strings.Count(receiver.text(), "已受理 中心受理"); n != 1 {
		t.Errorf("accepted %d times:\n%s", n, receiver.text())
	}
}

// back goes back as the button of the browser does, to a page that it may have kept as it was.
func (p *tab) back(to string) {
	p.Helper()
	entries := get(p, "history", chromedp.NavigationEntries())
	before := entries.Entries[entries.CurrentIndex-1]
	p.do("back", chromedp.Evaluate[chromedp.Void]("history.back()"))
	deadline := time.Now().Add(patience)
	for get(p, "history", chromedp.NavigationEntries()).CurrentIndex != entries.CurrentIndex-1 || !eval[bool](p, `document.readyState === "complete"`) {
		if time.Now().After(deadline) {
			p.Fatalf("back to %s: at %s", before.URL, p.address())
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !strings.HasPrefix(p.path(), to) {
		p.Fatalf("back leads to %s, want %s", p.address(), to)
	}
}

// reads waits until the page says one of some texts, whatever page that is by then.
func (p *tab) reads(texts ...string) {
	p.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		got := p.text()
		if slices.ContainsFunc(texts, func(want string) bool { return strings.Contains(got, want) }) {
			return
		}
		if time.Now().After(deadline) {
			p.Fatalf("the page says none of %q:\n%s", texts, got)
		}
	}
}

// Two officers write on one thing: the second is told what the first did, and keeps what they typed.
func TestTwoOfficersOnOneItem(t *testing.T) {
	t.Parallel()
	first, second := as(t, haishu, "commissioner"), as(t, haishu, "receiver")
	first.open(caseOf(first))
	items := eval[[]string](first, `[...document.querySelectorAll("[aria-labelledby=items] td a")].map((a) => a.getAttribute("href"))`)
	if len(items) < 2 { // the first one is looked at by TestPages
		t.Fatalf("items: %v", items)
	}
	item := slices.Max(items)
	for _, p := range []*tab{first, second} {
		p.open(item)
		p.do("choose the outcome", chromedp.Click(chromedp.CSS("#o-confirmed")))
	}
	first.fill("#text", "家庭确认情况如此")
	first.press("提交说明")
	first.says("已提交，等待另一人复核")
	second.fill("#text", "第二个人写的话")
	if code := second.press("提交说明"); code != 409 {
		t.Errorf("the second one: %d", code)
	}
	second.says("家庭确认情况如此")
	if !strings.Contains(eval[string](second, `document.querySelector("main").innerText + (document.querySelector("#text")?.value ?? "")`), "第二个人写的话") {
		t.Errorf("what the second one typed is lost:\n%s", second.text())
	}
}

// The session ends while a clerk fills a long form in: after signing in again they find what they typed, and go on.
func TestSignedOutInTheMiddle(t *testing.T) {
	t.Parallel()
	p := as(t, yinzhou, "clerk")
	p.open("/intake/new")
	household := []person{{name: "郑秋生", id: qian[0].id}}
	write(p, household)
	other := as(t, yinzhou, "clerk")
	other.open("/account")
	other.press("结束其他所有登录")
	p.press("登记")
	if p.path() != "/sign-in" || strings.Contains(p.address(), "%") && strings.Contains(p.address(), "E9%83%91") {
		t.Fatalf("at %s:\n%s", p.address(), p.text())
	}
	p.signIn("clerk")
	p.says("您填写的内容还在")
	inspectHere(p, "a form that was kept")
	p.press("回到表格")
	if got := p.value("#persons-0-name") + p.value("#persons-0-id"); got != household[0].name+household[0].id {
		t.Errorf("what was typed has become %q", got)
	}
	p.press("登记")
	onlyCase(p, registered(p), household)
}
