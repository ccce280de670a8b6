package web

import (
	"io"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/staff"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// consoleOf is the console of a desk for one officer with every right.
func consoleOf(t *testing.T, d *casework.Desk) http.Handler {
	t.Helper()
	s := &Server{Desk: d, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
		Who: func(*http.Request) (hedui.Officer, bool) { return officer("all", hedui.Rights()...), true }}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Whatever is answered says what it is and how its letters are written; no other
// origin may read it; what is for keeping has a name of ours.
func TestEveryBodySaysWhatItIs(t *testing.T) {
	d, id := desk(t)
	h := consoleOf(t, d)
	paths := []string{"/nowhere", "/static/style.css", "/static/live.js", "/trust.pem", "/mirror", "/mirror/api/v1/heartbeat", "/log/checkpoint"}
	for _, r := range routes() {
		path := strings.NewReplacer("GET ", "", "{$}", "", "{id}", id).Replace(r.pattern)
		if strings.HasPrefix(path, "/") && !strings.Contains(path, "{") {
			paths = append(paths, path)
		}
	}
	for _, form := range []string{"json", "json.sig"} {
		paths = append(paths, "/cases/"+id+"/reports/1."+form)
	}
	plain := regexp.MustCompile(`^(inline|attachment); filename="[A-Za-z0-9._-]+"$`)
	for _, path := range paths {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("Origin", "https://elsewhere.example")
		h.ServeHTTP(w, r)
		kind, with, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
		if err != nil {
			t.Errorf("%s: type %q: %v", path, w.Header().Get("Content-Type"), err)
		}
		if strings.HasPrefix(kind, "text/") && !strings.EqualFold(with["charset"], "utf-8") {
			t.Errorf("%s: %s without its letters", path, w.Header().Get("Content-Type"))
		}
		if looks := strings.HasPrefix(w.Body.String(), "<!doctype html>"); looks && kind != "text/html" {
			t.Errorf("%s: a page that says it is %s", path, kind)
		}
		for name := range w.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: another origin is told %s", path, name)
			}
		}
		if name := w.Header().Get("Content-Disposition"); name != "" && !plain.MatchString(name) {
			t.Errorf("%s: named %q", path, name)
		} else if name == "" && (strings.Contains(path, "/reports/") || path == "/trust.pem") {
			t.Errorf("%s has no name", path)
		}
	}
}

func TestNoDirectoryIsListed(t *testing.T) {
	d, _ := desk(t)
	h := consoleOf(t, d)
	for _, path := range []string{"/static/", "/static", "/static/../", "/static/.", "/log/", "/log/tile/", "/cases/"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code == http.StatusOK || strings.Contains(w.Body.String(), "<pre>") {
			t.Errorf("%s is listed: %d %.200s", path, w.Code, w.Body)
		}
	}
	for _, method := range []string{http.MethodTrace, http.MethodConnect, "TRACK", http.MethodDelete, http.MethodPut} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(method, "/", nil)
		r.Header.Set("X-Echo", "echoed")
		h.ServeHTTP(w, r)
		if w.Code < 400 || strings.Contains(w.Body.String(), "echoed") {
			t.Errorf("%s: %d %.100s", method, w.Code, w.Body)
		}
	}
}

// Whoever writes an address into a header is still counted by that of the connection.
func TestForwardedHeadersAreNotBelieved(t *testing.T) {
	h, _ := behind(func(http.ResponseWriter, *http.Request) {})
	refused := 0
	for i := range addressBurst + 5 {
		r := from("192.0.2.9:1", "/")
		for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip"} {
			r.Header.Set(name, "198.51.100."+strconv.Itoa(i%250))
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 5 {
		t.Errorf("%d of 5 over the limit are refused", refused)
	}
}

func TestTheMirrorsCookieOverTLS(t *testing.T) {
	d, id := desk(t)
	code, _, err := d.IssueCode(t.Context(), officer("counter", hedui.IssueCodes), id, 1)
	if err != nil {
		t.Fatal(err)
	}
	h := opened(t, d, true, nil)
	b := h.browser(t)
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	post := func(path string, form url.Values) (http.Header, []*http.Cookie) {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, h.origin+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := b.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.Header, resp.Cookies()
	}
	_, cookies := post("/mirror", url.Values{"number": {storetest.ID(t, day.Must("1970-01-01"), 11).Reveal()}, "code": {code}})
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	if c := cookies[0]; c.Name != "__Host-hedui-mirror" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" || c.SameSite != http.SameSiteStrictMode {
		t.Errorf("cookie %s", c.Raw)
	}
	if b.get("/mirror?lang=en"); b.code != 200 || strings.Contains(b.body, `name="code"`) {
		t.Errorf("the cookie does not count: %d\n%.2000s", b.code, b.body)
	}
	left, _ := post("/mirror/leave", url.Values{})
	if got := left.Get("Clear-Site-Data"); !strings.Contains(got, "storage") {
		t.Errorf("leaving clears %q", got)
	}
}

func TestSigningOutClearsTheBrowser(t *testing.T) {
	d, _ := desk(t)
	h := opened(t, d, false, func(d *staff.Door) { d.Rules.Optional = true })
	b := h.browser(t)
	b.get("/")
	b.submit("/sign-in?", "id", "zhang", "password", h.reset(t, "zhang", staff.Reset{Settled: true}))
	b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := b.Post(h.origin+"/sign-out", "application/x-www-form-urlencoded", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Clear-Site-Data"); !strings.Contains(got, `"cache"`) || !strings.Contains(got, `"storage"`) {
		t.Errorf("signing out clears %q", got)
	}
}

// Each field for a password hides what is typed and lets a password manager fill it.
func TestPasswordFieldsAreMasked(t *testing.T) {
	n := 0
	err := fs.WalkDir(files, "pages", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		for _, field := range regexp.MustCompile(`<input[^>]* name="(?:password|old|repeat)"[^>]*>`).FindAllString(string(text), -1) {
			n++
			if !strings.Contains(field, `type="password"`) || !regexp.MustCompile(`autocomplete="(current|new)-password"`).MatchString(field) {
				t.Errorf("%s: %s", path, field)
			}
		}
		if strings.Contains(string(text), "onpaste") {
			t.Errorf("%s forbids pasting", path)
		}
		return nil
	})
	if err != nil || n < 4 {
		t.Errorf("%d fields for passwords: %v", n, err)
	}
}

// Our scripts keep nothing in the browser, run no text, and listen to no other page.
func TestScriptsKeepNothing(t *testing.T) {
	list, err := fs.Glob(files, "static/*.js")
	if err != nil || len(list) == 0 {
		t.Fatalf("%d scripts: %v", len(list), err)
	}
	for _, path := range list {
		text, err := fs.ReadFile(files, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"localStorage", "sessionStorage", "indexedDB", "caches.", "document.cookie", "eval(", "new Function", "document.write", "insertAdjacentHTML", "innerHTML =", "outerHTML =", `"message"`, "postMessage"} {
			if strings.Contains(string(text), word) {
				t.Errorf("%s uses %s", path, word)
			}
		}
	}
}

// A role is taken away, in the roster itself, while its officer is signed in and has a
// case open: the page that waits for news gets none, and the next request is refused,
// without a new sign-in. A lock ends the session altogether.
func TestRolesTakenFromALiveSession(t *testing.T) {
	d, id := desk(t)
	roster := &staff.Roster{DB: d.DB, Now: time.Now}
	var first []hedui.Officer
	for who, role := range map[string]hedui.OfficerRole{"sys": hedui.SystemAdminRole, "security": hedui.SecurityAdminRole, "verifier": hedui.VerifierRole} {
		first = append(first, hedui.Officer{ID: who, Name: who, Office: "中心", Division: "330200", Roles: []hedui.OfficerRole{role}})
	}
	if _, err := roster.Seed(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	security, err := roster.Officer(t.Context(), "security")
	if err != nil {
		t.Fatal(err)
	}
	h := opened(t, d, false, func(door *staff.Door) { door.Rules.Optional, door.Officers = true, roster.Officer })
	b := h.browser(t)
	password := h.reset(t, "verifier", staff.Reset{Settled: true})
	b.get("/cases/" + id)
	b.submit("/sign-in?", "id", "verifier", "password", password)
	b.on(200, "/cases/"+id, "王**")
	waits := func() <-chan answer {
		t.Helper()
		rev := regexp.MustCompile(`data-rev="([^"]+)"`).FindStringSubmatch(b.body)
		if rev == nil {
			t.Fatal("no revision on the page")
		}
		got := make(chan answer, 1)
		go func() {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.origin+"/cases/"+id+"/live?seen="+rev[1], nil)
			if err != nil {
				got <- answer{err: err}
				return
			}
			req.Header.Set("Sec-Fetch-Mode", "cors")
			resp, err := b.Do(req)
			if err != nil {
				got <- answer{err: err}
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			got <- answer{resp.StatusCode, string(body), err}
		}()
		select {
		case early := <-got:
			t.Fatalf("answered before anything has changed: %d %v", early.code, early.err)
		case <-time.After(250 * time.Millisecond):
		}
		return got
	}
	page := b.body
	grant := func(roles ...hedui.OfficerRole) {
		t.Helper()
		if err := roster.Grant(t.Context(), security, "verifier", staff.Grant{Roles: roles}); err != nil {
			t.Fatal(err)
		}
	}

	open := waits()
	grant(hedui.StatisticianRole)
	touchCase(t, d, id)
	if a := <-open; a.err != nil || a.code != http.StatusForbidden || strings.Contains(a.body, "王") {
		t.Errorf("the open page hears %d %v %.300s", a.code, a.err, a.body)
	}
	if b.get("/"); b.at.Path != "/statistics" || strings.Contains(b.body, "王") { // where the day of the role begins
		t.Errorf("without the role, /: %d at %s", b.code, b.at)
	}
	for _, path := range []string{"/cases/" + id, "/cases/" + id + "/live?seen=old", "/sources"} {
		if b.get(path); b.code != http.StatusForbidden || b.at.Path != strings.Split(path, "?")[0] || strings.Contains(b.body, "王") {
			t.Errorf("without the role, %s: %d at %s", path, b.code, b.at)
		}
	}
	grant(hedui.VerifierRole)
	b.get("/cases/" + id)
	b.on(200, "/cases/"+id, "王**") // the session itself went on

	if page == b.body {
		t.Error("the case has not changed: nothing was there to be heard of")
	}
	open = waits()
	if err := roster.Lock(t.Context(), security, "verifier"); err != nil {
		t.Fatal(err)
	}
	touchCase(t, d, id)
	if a := <-open; a.err != nil || a.code != http.StatusUnauthorized || strings.Contains(a.body, "王") {
		t.Errorf("the open page of a locked officer hears %d %v %.300s", a.code, a.err, a.body)
	}
	if b.get("/cases/" + id); b.at.Path != "/sign-in" {
		t.Errorf("a locked officer gets to %s", b.at)
	}
	if b.submit("/sign-in?", "id", "verifier", "password", password); b.code != http.StatusUnprocessableEntity {
		t.Errorf("a locked officer signs in: %d at %s", b.code, b.at)
	}
}

// touchCase changes what a case's page shows, as another process would.
func touchCase(t *testing.T, d *casework.Desk, id string) {
	t.Helper()
	err := d.DB.InTx(t.Context(), func(tx *store.Tx) error {
		queries, err := tx.Queries(t.Context(), id)
		if err != nil {
			return err
		}
		q := queries[0]
		round := len(queries)
		q.ID = hedui.QueryID(id, 1, q.Category, "330203", round)
		q.Scope, q.State, q.Reason = "330203", hedui.Pending, hedui.ReasonSent
		return tx.AddQueries(t.Context(), []hedui.Query{q})
	})
	if err != nil {
		t.Fatal(err)
	}
}
