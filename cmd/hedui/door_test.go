package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// account is what a command has said so far.
type account struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (a *account) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.text.Write(b)
}

func (a *account) String() string { a.mu.Lock(); defer a.mu.Unlock(); return a.text.String() }

// find waits until the command has said what fits the pattern.
func (a *account) find(t *testing.T, pattern string) string {
	t.Helper()
	for range 600 {
		if m := regexp.MustCompile(pattern).FindStringSubmatch(a.String()); m != nil {
			return m[1]
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nothing said that fits %s:\n%s", pattern, a)
	return ""
}

// started runs a command until the test ends.
func started(t *testing.T, args ...string) *account {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	a := &account{}
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, append([]string{"--lang=en"}, args...), a, a) }()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("%v: exit %d\n%s", args, code, a)
		}
	})
	return a
}

// certificate writes a certificate for localhost and its key.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, text := range map[string][]byte{"tls.crt": public, "tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(public)
	return pool
}

func clientOf(t *testing.T, pool *x509.CertPool) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{Proxy: nil, TLSClientConfig: &tls.Config{RootCAs: pool}}}
}

func answer(t *testing.T, resp *http.Response, err error) (path, body string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Request.URL.Path, string(text)
}

// A node made by init is served over TLS, on every address; the security
// administrator gives the reader, and themselves, a first password.
func TestSignInToANodeOverTLS(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "node.yaml")
	if code, _, errs := runHedui(t, "init", dir, "--name", "haishu", "--division", "330203"); code != 0 {
		t.Fatal(errs)
	}
	pool := certificate(t, dir)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for old, now := range map[string]string{"page: 127.0.0.1:8420": "page: 0.0.0.0:0", "# tls:": "tls:", "  # origin: https://hedui.example": "  origin: https://localhost:0", "exchange: 0.0.0.0:9440": "# no exchange",
		"  # idle: 30m": "  idle: 20m", "  # absolute: 12h": "  absolute: 8h", "  # step_up: 5m": "  step_up: 2m", "  # oidc:": "  oidc:", "https://id.example": "http://127.0.0.1:1",
		"officers:\n": "officers:\n  - {id: reader, name: 中心负责人, roles: [manager]}\n"} {
		if !strings.Contains(string(text), old) {
			t.Fatalf("the configuration of a new node lacks %q", old)
		}
		text = []byte(strings.Replace(string(text), old, now, 1))
	}
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "oidc.secret"), []byte("geheim\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := readSettings(config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if r, o := set.door.rules, set.door.office; r.Idle != 20*time.Minute || r.Absolute != 8*time.Hour || r.StepUp != 2*time.Minute || r.Optional || o.Secret != "geheim" || o.ClientID != "hedui" || o.Claim != "sub" {
		t.Errorf("rules %+v", r)
	}
	if code, out, _ := runHedui(t, "check", "--config", config); code != 1 || !strings.Contains(out, "统一身份认证") {
		t.Errorf("check does not say that the provider is away: exit %d\n%s", code, out)
	}
	code, out, errs := runHedui(t, "sign-in", "reset", "reader", "--config", config)
	first := regexp.MustCompile(`: ([a-z2-7-]{23})\n`).FindStringSubmatch(out)
	if code != 0 || first == nil {
		t.Fatalf("reset where no process runs: exit %d: %s%s", code, out, errs)
	}
	serve := started(t, "serve", "--config", config)
	address := serve.find(t, `page: (https://localhost:[1-9][0-9]*)/`)
	for range 200 { // until it takes orders
		if _, err := os.Stat(filepath.Join(dir, controlFile)); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	code, out, errs = runHedui(t, "sign-in", "reset", "reader", "--config", config) // by the process that runs
	second := regexp.MustCompile(`: ([a-z2-7-]{23})\n`).FindStringSubmatch(out)
	if code != 0 || second == nil || second[1] == first[1] {
		t.Fatalf("reset: exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := runHedui(t, "sign-in", "reset", "reader", "--config", config, "--as", "operator"); code != 1 || !strings.Contains(errs, "no right") {
		t.Errorf("somebody without the right resets: exit %d: %s", code, errs)
	}
	client := clientOf(t, pool)
	resp, err := client.PostForm(address+"/sign-in?lang=en", url.Values{"id": {"reader"}, "password": {first[1]}})
	if path, body := answer(t, resp, err); path != "/sign-in" || !strings.Contains(body, "do not fit") {
		t.Errorf("the first of two initial passwords leads to %s", path)
	}
	resp, err = client.PostForm(address+"/sign-in?lang=en", url.Values{"id": {"reader"}, "password": {second[1]}})
	if path, _ := answer(t, resp, err); path != "/account/password" {
		t.Errorf("the initial password leads to %s", path)
	}
	u, _ := url.Parse(address)
	if cookies := client.Jar.Cookies(u); len(cookies) != 1 || cookies[0].Name != "__Host-hedui-haishu" {
		t.Errorf("cookies %v", cookies)
	}
	plain, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	_, _ = io.WriteString(plain, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if reply, _ := io.ReadAll(plain); strings.Contains(string(reply), "sign-in") {
		t.Error("the page is served without TLS too")
	}
}

// The demo tells whoever looks on how to come in, and nobody comes in without.
func TestSignInToTheDemo(t *testing.T) {
	needFont(t)
	demo := started(t, "demo", "--dir", filepath.Join(t.TempDir(), "demo"), "--listen", "127.0.0.1:0")
	password := demo.find(t, `reader +([a-z2-7-]{23})\n`)
	for _, place := range []string{`浙江省宁波市`, `浙江省宁波市海曙区`, `浙江省宁波市鄞州区`} {
		address := demo.find(t, `Page \(`+place+`\): (http://127.0.0.1:[0-9]+)/`)
		client := clientOf(t, nil)
		resp, err := client.Get(address + "/?lang=en")
		if path, body := answer(t, resp, err); path != "/sign-in" || strings.Contains(body, "Cases") {
			t.Errorf("%s: nobody gets to %s", place, path)
		}
		resp, err = client.PostForm(address+"/sign-in?lang=en", url.Values{"id": {"reader"}, "password": {password}})
		if path, body := answer(t, resp, err); path != "/" || !strings.Contains(body, "Cases") || !strings.Contains(body, "My sign-in") {
			t.Errorf("%s: the reader gets to %s", place, path)
		}
	}
	demo.find(t, `(Ctrl-C ends it)`)
}
