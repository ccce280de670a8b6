package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/staff"
)

// What an officer sends when the session is over is kept: for that officer, for an hour, and in no address.
func TestAFormThatComesTooLate(t *testing.T) {
	d, _ := desk(t)
	h := opened(t, d, false, func(d *staff.Door) { d.Rules.Optional = true })
	passwords := map[string]string{}
	for _, id := range []string{"zhang", "id2"} {
		h.staff[id] = officer(id, hedui.OpenCases)
		passwords[id] = h.reset(t, id, staff.Reset{Settled: true})
	}
	enter := func(b *browser, id string) {
		t.Helper()
		b.get("/sign-in")
		b.submit("/sign-in?", "id", id, "password", passwords[id])
		b.on(200, "/intake", "登记新案件")
	}
	form := url.Values{"persons[0].name": {"孙试验"}, "persons[0].notes": {`„"<&>'＆`}, "do": {"register"}}
	for _, tt := range []struct {
		name string
		ends func(b *browser)
	}{
		{"idle", func(*browser) { h.wait(31 * time.Minute) }},
		{"at its limit", func(*browser) { h.wait(13 * time.Hour) }},
		{"ended elsewhere", func(*browser) {
			other := h.browser(t)
			enter(other, "zhang")
			other.get("/account")
			other.do(http.MethodPost, "/account/sessions", url.Values{"session": {"all"}})
		}},
		{"taken away", func(*browser) { passwords["zhang"] = h.reset(t, "zhang", staff.Reset{Settled: true}) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := h.browser(t)
			b.t = t
			enter(b, "zhang")
			b.get("/intake/new")
			draft := b.at.Path
			tt.ends(b)
			b.do(http.MethodPost, draft+"?lang=zh", form)
			b.on(200, "/sign-in", "登录")
			next := b.at.Query().Get("next")
			if !strings.HasPrefix(next, "/kept/") || strings.Contains(b.at.String(), url.QueryEscape("孙")) || strings.Contains(b.body, "孙试验") {
				t.Fatalf("led to %s", b.at)
			}
			page := b.at.String()
			b.submit("/sign-in?", "id", "id2", "password", passwords["id2"])
			if b.on(404, next, "没有为您保留的内容"); strings.Contains(b.body, "孙试验") {
				t.Error("another officer sees it")
			}
			b.submit("/sign-out")
			b.get(page)
			b.submit("/sign-in?", "id", "zhang", "password", passwords["zhang"])
			b.on(200, next, "您填写的内容还在")
			b.on(200, next, "孙试验")
			b.submit(draft, "do", "save") // back to the form
			b.on(200, draft, `value="孙试验"`)
			b.on(200, draft, `value="„&#34;&lt;&amp;&gt;&#39;＆"`)
			b.get(next)
			b.submit("/kept/")
			b.on(200, "/intake", "登记新案件")
			b.get(next)
			b.on(404, next, "没有为您保留的内容")
		})
	}
	b := h.browser(t)
	enter(b, "zhang")
	h.wait(31 * time.Minute)
	b.do(http.MethodPost, "/intake/begun", form)
	next := b.at.Query().Get("next")
	h.wait(61 * time.Minute)
	b.submit("/sign-in?", "id", "zhang", "password", passwords["zhang"])
	b.on(404, next, "没有为您保留的内容")

	nobody := h.browser(t)
	nobody.do(http.MethodPost, "/intake/begun", form)
	if nobody.code != http.StatusUnauthorized || !strings.Contains(nobody.body, "在新窗口登录") || !strings.Contains(nobody.body, `value="孙试验"`) || !strings.Contains(nobody.body, `action="/intake/begun"`) {
		t.Errorf("somebody without a session: %d at %s:\n%s", nobody.code, nobody.at, nobody.body)
	}
	page := *nobody // as in another window
	page.get("/sign-in")
	page.submit("/sign-in?", "id", "zhang", "password", passwords["zhang"])
	nobody.submit("/intake/begun", "do", "save")
	nobody.on(200, "/intake/begun", `value="孙试验"`)
	h.wait(31 * time.Minute)
	b.header = http.Header{"Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Site": {"same-origin"}}
	if b.do(http.MethodPost, "/intake/begun", form); b.code != http.StatusUnauthorized {
		t.Errorf("a script: %d at %s", b.code, b.at)
	}
}
