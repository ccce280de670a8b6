package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
)

const portalKey = "a-key-of-the-portal-of-thirty-two-bytes"

// A phone is a citizen's browser: it keeps its cookie and knows nothing of officers.
type phone struct {
	h      http.Handler
	cookie *http.Cookie
}

func (b *phone) do(t *testing.T, method, path, body string, header ...string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if len(header) == 2 {
		r.Header.Set(header[0], header[1])
	}
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	w := httptest.NewRecorder()
	b.h.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if b.cookie = c; c.MaxAge < 0 {
			b.cookie = nil
		} else if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/mirror" {
			t.Errorf("cookie %s is too open", c.Name)
		}
	}
	if at := w.Header().Get("Location"); strings.Contains(at, "3302") || strings.Contains(w.Body.String(), "⟦") {
		t.Errorf("%s: a number in an address, or a text is missing: %q", path, at)
	}
	return w.Code, w.Body.String()
}

func TestTheMirrorFromTheCodeToTheWithdrawal(t *testing.T) {
	d, id := desk(t)
	number := storetest.ID(t, day.Must("1970-01-01"), 11).Reveal()
	code, _, err := d.IssueCode(t.Context(), officer("counter", hedui.IssueCodes), id, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Desk: d, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, Portal: portalKey,
		Who: func(*http.Request) (hedui.Officer, bool) { return hedui.Officer{}, false }}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	b := &phone{h: h}
	if got, body := b.do(t, "GET", "/mirror", ""); got != 200 || !strings.Contains(body, "谁查了我的信息") || strings.Count(body, "<script") != strings.Count(body, `<script src="/static/send.js"`) {
		t.Errorf("entrance: %d", got)
	}
	if got, body := b.do(t, "POST", "/mirror", url.Values{"number": {number}, "code": {"AAAA"}}.Encode()); got != 403 || !strings.Contains(body, "查询码不对") || strings.Contains(body, number) {
		t.Errorf("a wrong code: %d", got)
	}
	if got, _ := b.do(t, "POST", "/mirror", url.Values{"number": {number}, "code": {code}}.Encode()); got != 303 || b.cookie == nil {
		t.Fatalf("the right code: %d", got)
	}
	got, body := b.do(t, "GET", "/mirror", "")
	for _, want := range []string{"最低生活保障", "海曙区民政局", "某局", "未发现", "撤回授权", "家庭成员"} {
		if got != 200 || !strings.Contains(body, want) {
			t.Errorf("the mirror (%d) lacks %q", got, want)
		}
	}
	if strings.Contains(body, number) || strings.Contains(body, "王") || strings.Contains(body, ">all<") {
		t.Error("the mirror shows a number, a name or an officer")
	}
	if at := os.Getenv("HEDUI_TEST_PAGES"); at != "" { // for a look by eye
		if err := os.WriteFile(at, []byte(strings.Replace(body, "/static/style.css", "style.css", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, body := b.do(t, "GET", "/mirror?lang=en", ""); got != 200 || !strings.Contains(body, "Who looked at my data") {
		t.Errorf("in English: %d", got)
	}
	if got, body := b.do(t, "POST", "/mirror/requests", url.Values{"case": {id}, "kind": {"correct"}}.Encode()); got != 422 || !strings.Contains(body, `role="alert"`) {
		t.Errorf("a correction without a word: %d", got)
	}
	if got, body := b.do(t, "POST", "/mirror/requests", url.Values{"case": {id}, "kind": {"withdraw"}}.Encode()); got != 200 || !strings.Contains(body, "已收到") || !strings.Contains(body, "没有有效的授权") {
		t.Errorf("a withdrawal: %d", got)
	}
	if got, _ := b.do(t, "POST", "/mirror/requests", url.Values{"case": {id}, "kind": {"copy"}}.Encode(), "Sec-Fetch-Site", "cross-site"); got != 403 {
		t.Errorf("from another site: %d", got)
	}
	if got, _ := b.do(t, "POST", "/mirror/leave", ""); got != 303 || b.cookie != nil {
		t.Errorf("leaving: %d", got)
	}
	if got, body := b.do(t, "GET", "/cases/"+id, ""); got != 403 || strings.Contains(body, "最低生活保障") {
		t.Errorf("a citizen in the console: %d", got)
	}
}

func TestPortalsAskWithTheirKeyAndTheNumberInTheBody(t *testing.T) {
	d, _ := desk(t)
	number := storetest.ID(t, day.Must("1970-01-01"), 11).Reveal()
	s := &Server{Desk: d, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now, Portal: portalKey,
		Who: func(*http.Request) (hedui.Officer, bool) { return hedui.Officer{}, false }}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	b := &phone{h: h}
	const key = "Bearer " + portalKey
	for _, c := range []struct {
		method, path, body, key string
		code                    int
		want                    string
	}{
		{"GET", "/mirror/api/v1/heartbeat", "", key, 200, `"status":"ok"`},
		{"GET", "/mirror/api/v1/heartbeat", "", "", 401, `"error":"key"`},
		{"POST", "/mirror/api/v1/findUsage", `{"number":"` + number + `"}`, "Bearer x", 401, `"error":"key"`},
		{"POST", "/mirror/api/v1/findUsage", `{"number":"` + number + `"}`, key, 200, `"action":"query.hukou"`},
		{"POST", "/mirror/api/v1/findUsage", `{"number":"` + number + `","offset":9000}`, key, 200, `{"usage":[]}`},
		{"POST", "/mirror/api/v1/findUsage", `{"number":"1"}`, key, 400, `"error":"sender"`},
		{"POST", "/mirror/api/v1/findUsage", `{"number":"` + number + `","name":"x"}`, key, 400, `"error":"sender"`},
		{"POST", "/mirror/api/v1/findUsage", `{"number":"` + storetest.ID(t, day.Must("1971-01-01"), 11).Reveal() + `"}`, key, 200, `{"usage":[]}`},
		{"POST", "/mirror/api/v1/usagePeriod", `{"number":"` + number + `"}`, key, 200, `"until":"2`},
	} {
		if code, body := b.do(t, c.method, c.path, c.body, "Authorization", c.key); code != c.code || !strings.Contains(body, c.want) || strings.Contains(body, number) {
			t.Errorf("%s %s: %d %s", c.path, c.key, code, body)
		}
	}
	s.Portal = ""
	if code, _ := b.do(t, "GET", "/mirror/api/v1/heartbeat", "", "Authorization", "Bearer "); code != 401 {
		t.Errorf("without a key: %d", code)
	}
}
