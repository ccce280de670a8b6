package web

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"hedui/internal/lang"
	"hedui/internal/report"
)

// contentPolicy is what a browser may load and do on our pages: nothing but what
// comes from here, no plug-in, no frame, no script in a page.
var contentPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' " + report.StyleSource() +
	"; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'"

// protect sets what a browser must not do with our pages, bounds every body and
// the rate of requests, and keeps a panic from telling anything.
func (s *Server) protect(next http.Handler) http.Handler {
	addresses, sessions := limits{every: addressRate, burst: addressBurst}, limits{every: sessionRate, burst: sessionBurst}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
		if s.SignIn != nil && s.SignIn.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		if !addresses.allow(addressOf(r), s.Now()) || !sessions.allow(s.tokenOf(r), s.Now()) {
			h.Set("Retry-After", "5")
			tell(w, http.StatusTooManyRequests, lang.Text(langOf(r), "error.too_many"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, mostOf(r))
		defer s.recovered(w, r)
		next.ServeHTTP(w, r)
	})
}

// mostOf is how long the body of a request may be, in bytes.
func mostOf(r *http.Request) int64 {
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, "/workbooks/"), path == "/intake/bulk", path == "/erasures/again",
		strings.HasPrefix(path, "/letters/") && strings.HasSuffix(path, "/reply"),
		strings.HasPrefix(path, "/own/") && strings.HasSuffix(path, "/scan"),
		strings.HasPrefix(path, "/cases/") && strings.Contains(path, "/items/") && (strings.HasSuffix(path, "/explain") || strings.HasSuffix(path, "/attach")):
		return maxUpload
	}
	return maxForm
}

// recovered answers for a handler that has panicked. The log gets the kind of the
// panic and the place, never its value: a value may hold what a person typed.
func (s *Server) recovered(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it in the same way
		panic(p)
	}
	at := reference(s.Now())
	s.Log.ErrorContext(r.Context(), "page panicked", "reference", at, "kind", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
	tell(w, http.StatusInternalServerError, lang.Text(langOf(r), "error.internal", at))
}

// tell answers in one line; unlike [http.Error] it leaves the headers as they are.
func tell(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text+"\n") // whoever asked is gone if it fails
}

// Requests in a second, and at once, from one address and in one session: many
// officers may sit behind one address; one officer reads page after page.
const (
	addressRate, addressBurst = 50, 600
	sessionRate, sessionBurst = 10, 200
	mostLimits                = 10_000 // of one generation: bounds the memory
	generation                = 2 * time.Minute
)

// limits is a rate for each of many keys. Keys that are not used leave after two
// generations, full buckets by then; a flood of keys only makes that sooner.
type limits struct {
	every rate.Limit
	burst int

	mu       sync.Mutex
	now, old map[string]*rate.Limiter
	since    time.Time
}

// allow takes one request of a key; an empty key is never limited. When the clock
// has gone back all counts begin anew: kept, they would keep people out until it
// has caught up.
func (l *limits) allow(key string, at time.Time) bool {
	if key == "" {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	age := at.Sub(l.since)
	if age < -time.Second {
		l.now = nil
	}
	if l.now == nil || age > generation || len(l.now) >= mostLimits {
		l.now, l.old, l.since = map[string]*rate.Limiter{}, l.now, at
	}
	limiter := l.now[key]
	if limiter == nil {
		if limiter = l.old[key]; limiter == nil {
			limiter = rate.NewLimiter(l.every, l.burst)
		}
		l.now[key] = limiter
	}
	return limiter.AllowN(at, 1)
}

// addressOf is the network of the other end: IPv6 by /64, as one person has many.
// Loopback is a proxy or this machine, where one address stands for everybody.
func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	switch {
	case err != nil || ip == nil || ip.IsLoopback():
		return ""
	case ip.To4() == nil:
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return ip.String()
}

// tokenOf names the session by a hash, so that no limit holds a token.
// Style and script are not counted.
func (s *Server) tokenOf(r *http.Request) string {
	if s.SignIn == nil || strings.HasPrefix(r.URL.Path, "/static/") {
		return ""
	}
	c, err := r.Cookie(s.SignIn.cookie())
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(c.Value))
	return string(sum[:])
}
