package e2e

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long anything on a page may take before a test gives up: much longer than it does, for machines that are busy.
const patience = 45 * time.Second

// A tab is one browser of one person, with cookies of its own. Its methods end the test where the page is not as they need it.
type tab struct {
	testing.TB
	ctx  context.Context
	node string // address of the page of the node that the person uses

	mu       sync.Mutex
	troubles []string // what scripts and the policy on contents complained of
}

// visit opens a browser of its own, in which nobody is signed in.
func visit(t testing.TB, node int) *tab {
	t.Helper()
	if asked == "" {
		t.Skip("HEDUI_TEST_BROWSER is not set")
	}
	p := &tab{TB: t, node: begun.nodes[node]}
	var cancel context.CancelFunc
	p.ctx, cancel = chromedp.NewContext(begun.browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.hears))
	t.Cleanup(func() {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, said := range p.troubles {
			t.Errorf("the browser complains: %s", said)
		}
	})
	if err := chromedp.Do(p.ctx); err != nil { // opens the tab; its life is that of the context
		t.Fatal(err)
	}
	return p
}

// hears keeps what the browser complains of.
func (p *tab) hears(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		p.troubles = append(p.troubles, fmt.Sprint(e.ExceptionDetails.Text, " ", e.ExceptionDetails.URL, ":", e.ExceptionDetails.LineNumber))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork { // a form that comes back has a status too
			p.troubles = append(p.troubles, e.Entry.Text)
		}
	}
}

// as opens a browser in which an officer has signed in by the page.
func as(t testing.TB, node int, officer string) *tab {
	t.Helper()
	p := visit(t, node)
	p.open("/sign-in")
	p.signIn(officer)
	return p
}

// signIn fills the form in that the page shows.
func (p *tab) signIn(officer string) {
	p.Helper()
	p.fill("#id", officer)
	p.fill("#password", begun.passwords[officer])
	if code := p.press("登录"); code != 200 {
		p.Fatalf("sign in as %s: %d: %s", officer, code, p.text())
	}
}

// do runs actions of the browser.
func (p *tab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Fatalf("%s: %v, at %s:\n%s", what, err, p.address(), p.text())
	}
}

// get runs an action that finds something out.
func get[T any](p *tab, what string, action chromedp.Action[T]) T {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		p.Fatalf("%s: %v, at %s:\n%s", what, err, p.address(), p.text())
	}
	return v
}

// command sends a command of the protocol to the tab.
func command[P, R any](p *tab, what cdp.Command[P, R], params P) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if _, err := chromedp.Call(ctx, what, params); err != nil {
		p.Fatal(err)
	}
}

// moves runs actions that lead to another page and returns the status of that one.
func (p *tab) moves(what string, actions ...chromedp.Action[chromedp.Void]) int {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		p.Fatalf("%s: %v, at %s:\n%s", what, err, p.address(), p.text())
	}
	if answer == nil {
		return 0
	}
	return int(answer.Status)
}

// open opens a page of the node.
func (p *tab) open(path string) int {
	p.Helper()
	return p.moves("open "+path, chromedp.Navigate(p.node+path))
}

// named is the one thing with a text that can be pressed or followed.
func named(kind, text string) string {
	return fmt.Sprintf("//%s[normalize-space()=%q]", kind, text)
}

// press presses the button with that text, and returns the status of the page that follows.
func (p *tab) press(text string) int {
	p.Helper()
	return p.moves("press "+text, chromedp.Click(named("main//button", text), chromedp.NodeVisible))
}

// follow follows the link with that text.
func (p *tab) follow(text string) int {
	p.Helper()
	return p.moves("follow "+text, chromedp.Click(named("a", text), chromedp.NodeVisible))
}

// unfold opens what is folded away under that text.
func (p *tab) unfold(text string) {
	p.Helper()
	p.do("unfold "+text, chromedp.Click(named("summary", text), chromedp.NodeVisible))
}

// fill types into a field, in place of what is there.
func (p *tab) fill(field, text string) {
	p.Helper()
	p.do("fill "+field, chromedp.Focus(chromedp.CSS(field)), chromedp.Evaluate[chromedp.Void](fmt.Sprintf("document.querySelector(%q).select()", field)),
		chromedp.KeyEvent(kb.Delete), chromedp.SendKeys(chromedp.CSS(field), text))
}

// choose chooses one of the choices of a field.
func (p *tab) choose(field, value string) {
	p.Helper()
	p.do("choose "+field, chromedp.SetValue(chromedp.CSS(field), value))
	if got := p.value(field); got != value {
		p.Fatalf("choose %s: %q is no choice", field, value)
	}
}

func (p *tab) value(field string) string {
	p.Helper()
	return get(p, "value of "+field, chromedp.Value(chromedp.CSS(field)))
}

// eval is what an expression is on the page.
func eval[T any](p *tab, script string) T {
	p.Helper()
	return get(p, "evaluate "+script, chromedp.Evaluate[T](script))
}

// text is what a person reads on the page; of a page that cannot be read, nothing.
func (p *tab) text() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
	return text
}

func (p *tab) address() string {
	ctx, cancel := context.WithTimeout(p.ctx, 5*time.Second)
	defer cancel()
	at, _ := chromedp.Run(ctx, chromedp.Location())
	return strings.TrimPrefix(at, p.node)
}

// path is the address without what follows the question mark.
func (p *tab) path() string {
	u, err := url.Parse(p.address())
	if err != nil {
		p.Fatal(err)
	}
	return u.Path
}

// says ends the test unless the page says all of it.
func (p *tab) says(texts ...string) {
	p.Helper()
	got := p.text()
	for _, want := range texts {
		if !strings.Contains(got, want) {
			p.Fatalf("%s does not say %q:\n%s", p.address(), want, got)
		}
	}
}

// waits until an expression holds on the page, without loading it anew.
func (p *tab) waits(script string) {
	p.Helper()
	p.do("wait until "+script, chromedp.Poll[chromedp.Void](script, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(patience)))
}
