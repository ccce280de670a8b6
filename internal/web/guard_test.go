package web

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"hedui/internal/lang"
)

// behind is a handler as the console protects it, with what it logs.
func behind(serve http.HandlerFunc) (http.Handler, *bytes.Buffer) {
	var log bytes.Buffer
	s := &Server{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return time.Unix(1_800_000_000, 0) },
		SignIn: &SignIn{Node: "n", Secure: true}}
	return s.protect(serve), &log
}

func from(address, path string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.RemoteAddr = address
	return r
}

func TestEveryAnswerCarriesTheHeadersThatProtect(t *testing.T) {
	h, _ := behind(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			panic("x")
		}
		w.WriteHeader(http.StatusNotFound)
	})
	for _, path := range []string{"/", "/panic"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, from("192.0.2.1:1", path))
		for name, part := range map[string]string{
			"Content-Security-Policy":      "object-src 'none'",
			"X-Content-Type-Options":       "nosniff",
			"Referrer-Policy":              "no-referrer",
			"Cache-Control":                "no-store",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           "camera=()",
			"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
		} {
			if got := w.Header().Get(name); !strings.Contains(got, part) {
				t.Errorf("%s: %s is %q, want %q in it", path, name, got, part)
			}
		}
		policy := w.Header().Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") || !strings.Contains(policy, "base-uri 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: the policy is loose: %s", path, policy)
		}
	}
}

func TestAPanicTellsNothing(t *testing.T) {
	h, log := behind(func(http.ResponseWriter, *http.Request) { panic("王试验 330203") })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, from("192.0.2.1:1", "/"))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("status %d", w.Code)
	}
	if !strings.Contains(log.String(), "guard_test.go") {
		t.Error("the log does not say where it was")
	}
	for name, text := range map[string]string{"page": w.Body.String(), "log": log.String()} {
		if strings.Contains(text, "王试验") || strings.Contains(text, "330203") {
			t.Errorf("the %s tells the value of a panic: %s", name, text)
		}
	}
	if strings.Contains(w.Body.String(), ".go") {
		t.Errorf("the page tells where in the program: %s", w.Body)
	}
}

func TestEveryBodyIsBounded(t *testing.T) {
	for path, most := range map[string]int{"/": maxForm, "/own/c/acts/consent": maxForm, "/scan": maxForm, "/own/c/consents/n/scan": maxUpload,
		"/cases/c/items/i/settle": maxForm, "/items/i/attach": maxForm, "/cases/c/items/i/attach": maxUpload, "/cases/c/items/i/explain": maxUpload,
		"/letters/X1/reply": maxUpload, "/letters/X1/send": maxForm, "/reply": maxForm} {
		var err error
		h, _ := behind(func(_ http.ResponseWriter, r *http.Request) { _, err = io.Copy(io.Discard, r.Body) })
		for size, refused := range map[int]bool{most: false, most + 1: true} {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, path, strings.NewReader(strings.Repeat("x", size))))
			if (err != nil) != refused {
				t.Errorf("%s: a body of %d bytes: %v", path, size, err)
			}
		}
	}
}

func TestRequestsAreLimitedByAddressAndSession(t *testing.T) {
	h, _ := behind(func(http.ResponseWriter, *http.Request) {})
	ask := func(address, token string) int {
		r := from(address, "/?lang=en")
		if token != "" {
			r.AddCookie(&http.Cookie{Name: (&SignIn{Node: "n", Secure: true}).cookie(), Value: token})
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests && (w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), lang.Text(lang.English, "error.too_many"))) {
			t.Errorf("a refusal without when and why: %v %s", w.Header(), w.Body)
		}
		return w.Code
	}
	for range addressBurst {
		if code := ask("[2001:db8::1]:1", ""); code != http.StatusOK {
			t.Fatalf("within the limit: %d", code)
		}
	}
	if code := ask("[2001:db8::2]:1", ""); code != http.StatusTooManyRequests {
		t.Errorf("a neighbour in the same /64 over the limit: %d", code)
	}
	if code := ask("192.0.2.9:1", ""); code != http.StatusOK {
		t.Errorf("another address: %d", code)
	}
	for i := range sessionBurst {
		if code := ask("127.0.0.1:"+strconv.Itoa(i+1), "a"); code != http.StatusOK {
			t.Fatalf("within the limit of the session: %d", code)
		}
	}
	if code := ask("127.0.0.1:1", "a"); code != http.StatusTooManyRequests {
		t.Errorf("a session over its limit: %d", code)
	}
	if code := ask("127.0.0.1:1", "b"); code != http.StatusOK {
		t.Errorf("another session: %d", code)
	}
}

func TestLimitsAreBoundedAndBearAClockThatGoesBack(t *testing.T) {
	l := limits{every: 1, burst: 2}
	at := time.Unix(1_800_000_000, 0)
	for i := range 3 * mostLimits {
		l.allow(strconv.Itoa(i), at)
	}
	if n := len(l.now) + len(l.old); n > 2*mostLimits {
		t.Errorf("%d keys are kept", n)
	}
	l = limits{every: 1, burst: 2}
	l.allow("a", at)
	l.allow("a", at)
	for _, back := range []time.Duration{0, time.Millisecond} { // requests side by side read the clock in any order
		if l.allow("a", at.Add(-back)) {
			t.Errorf("%v earlier there is more", back)
		}
	}
	if !l.allow("a", at.Add(-time.Hour)) {
		t.Error("a clock that went back keeps people out")
	}
}
