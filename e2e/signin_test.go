package e2e

import "testing"

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
