package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	p := visit(t, haishu)
	if code := p.open("/intake"); code != 200 || p.path() != "/sign-in" {
		t.Fatalf("nobody is led to %s with %d", p.path(), code)
	}
	p.fill("#id", "clerk")
	p.fill("#password", "not the password")
	if code := p.press("登录"); code == 200 {
		t.Fatalf("a wrong password: %d", code)
	}
	p.fill("#password", begun.passwords["clerk"])
	if code := p.press("登录"); code != 200 || p.path() != "/intake" {
		t.Fatalf("the right one: %d at %s", code, p.path())
	}
	p.says("登记新案件")
}

// An officer sets an authenticator app up, keeps the recovery codes, and is asked for a second proof from then on.
func TestSecondProof(t *testing.T) {
	t.Parallel()
	p := as(t, hub, "reader")
	p.open("/account/app")
	secret := strings.ReplaceAll(eval[string](p, `document.querySelector(".secret").textContent`), " ", "")
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	p.fill("#code", code)
	p.moves("confirm", chromedp.Submit(chromedp.CSS("#code")))
	if p.path() != "/account/recovery" {
		t.Fatalf("led to %s:\n%s", p.path(), p.text())
	}
	p.moves("make recovery codes", chromedp.Click(chromedp.CSS("main form button")))
	inspectHere(p, "recovery codes")
	p.do("width", chromedp.EmulateViewport(1280, 900))
	recovery := eval[string](p, `document.querySelector(".codes code").textContent`)
	p.moves("sign out", chromedp.Click(chromedp.CSS("header form[action^='/sign-out'] button")))
	p.open("/sign-in")
	p.fill("#id", "reader")
	p.fill("#password", begun.passwords["reader"])
	if p.press("登录"); p.path() != "/sign-in/second" {
		t.Fatalf("no second proof is asked for: %s:\n%s", p.path(), p.text())
	}
	inspectHere(p, "the second proof")
	p.do("width", chromedp.EmulateViewport(1280, 900))
	p.fill("#code", recovery)
	p.moves("confirm", chromedp.Click(chromedp.CSS("main form button")))
	p.says("案件")
}
