package connector

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/source"
)

func onePage(yaml string) string {
	yaml = strings.Replace(yaml, `, page: "{page}"`, "", 1)
	return strings.Replace(yaml, "  pages: {next: next}\n", "", 1)
}

func TestTokens(t *testing.T) {
	type gate struct {
		token http.HandlerFunc // nil gives T1, T2, …
		api   func(token string) int
	}
	no := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	fine := func(string) int { return 200 }
	leak := `{"error":"invalid_client","error_description":"` + wang.Name + wang.ID.Reveal() + ` demo-only"}`
	tests := []struct {
		name   string
		gate   gate
		want   source.Reason
		tokens int64
		calls  int64
	}{
		{"it holds", gate{nil, fine}, "", 1, 1},
		{"the first is refused, the second not", gate{nil, func(token string) int {
			if token == "Bearer T1" {
				return 401
			}
			return 200
		}}, "", 2, 2},
		{"every one is refused", gate{nil, func(string) int { return 401 }}, source.ReasonCredentials, 2, 2},
		{"our secret is refused", gate{no(401, leak), fine}, source.ReasonCredentials, 1, 0},
		{"our secret is a bad request", gate{no(400, leak), fine}, source.ReasonCredentials, 1, 0},
		{"no token in a 200", gate{no(200, `{"x":1}`), fine}, source.ReasonMalformed, 1, 0},
		{"a page in a 200", gate{no(200, "<html>"+wang.ID.Reveal()), fine}, source.ReasonMalformed, 1, 0},
		{"too many tokens", gate{no(429, leak), fine}, source.ReasonThrottled, 1, 0},
		{"down", gate{no(503, leak), fine}, source.ReasonDown, 1, 0},
		{"elsewhere", gate{no(302, leak), fine}, source.ReasonDown, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var tokens, calls atomic.Int64
			at := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/token" {
					calls.Add(1)
					w.WriteHeader(tt.gate.api(r.Header.Get("Authorization")))
					_, _ = io.WriteString(w, `{"rows":[]}`)
					return
				}
				n := tokens.Add(1)
				if tt.gate.token != nil {
					tt.gate.token(w, r)
					return
				}
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"access_token":"T%d","token_type":"Bearer","expires_in":60}`, n)
			})
			s := New(load(t, onePage(oauthDialect.yaml), at), Options{Now: clock})
			_, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Employment)})
			if got := reasonOf(err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
			if text := fmt.Sprintf("%v %+v %#v %v", err, err, err, errors.Unwrap(err)); leaks(text) || strings.Contains(text, "demo-only") || strings.Contains(text, "/token") {
				t.Errorf("the error tells too much: %s", text)
			}
			if tokens.Load() != tt.tokens || calls.Load() != tt.calls {
				t.Errorf("%d tokens and %d calls, want %d and %d", tokens.Load(), calls.Load(), tt.tokens, tt.calls)
			}
		})
	}
}

func TestATokenIsFetchedOnceAndAnewBeforeItsEnd(t *testing.T) {
	var tokens atomic.Int64
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":"T%d","token_type":"Bearer","expires_in":600}`, tokens.Add(1))
			return
		}
		if r.Header.Get("Authorization") != fmt.Sprintf("Bearer T%d", tokens.Load()) {
			t.Error("an old token")
		}
		_, _ = io.WriteString(w, `{"rows":[]}`)
	})
	var clock atomic.Int64
	s := New(load(t, onePage(oauthDialect.yaml), at), Options{Now: func() time.Time { return now.Add(time.Duration(clock.Load())) }})
	ask := func() {
		if _, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Employment)}); err != nil {
			t.Error(err)
		}
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(ask)
	}
	wg.Wait()
	for _, tt := range []struct {
		after time.Duration
		want  int64
	}{{0, 1}, {8 * time.Minute, 1}, {9*time.Minute + time.Second, 2}, {17 * time.Minute, 2}, {30 * time.Minute, 3}} {
		clock.Store(int64(tt.after))
		ask()
		if got := tokens.Load(); got != tt.want {
			t.Errorf("after %s: %d tokens, want %d", tt.after, got, tt.want)
		}
	}
}

func TestATokenIsDroppedWhereTheDepartmentSaysSoInItsOwnWay(t *testing.T) {
	var tokens atomic.Int64
	at := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"access_token":"T%d","token_type":"Bearer"}`, tokens.Add(1))
		case r.Header.Get("Authorization") == "Bearer T1":
			_, _ = io.WriteString(w, `{"code":40001}`)
		default:
			_, _ = io.WriteString(w, `{"code":0,"rows":[]}`)
		}
	})
	yaml := strings.Replace(onePage(oauthDialect.yaml), "answer:", `answer:
  status: [{at: code, codes: {"0": ok, "40001": credentials}}]`, 1)
	s := New(load(t, yaml, at), Options{Now: clock})
	for _, want := range []source.Reason{source.ReasonCredentials, ""} {
		_, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Employment)})
		if got := reasonOf(err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestWaitingForATokenEndsWithTheContext(t *testing.T) {
	tk := newTokens()
	<-tk.turn // somebody fetches
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tk.take(ctx, now, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	tk.drop(ctx, "") // returns
}

// The signatures were made with openssl dgst -hmac.
func TestSignatures(t *testing.T) {
	text, err := parseTemplateOf("{method}\n{path}\n{query}\n{body_sha256}\n{timestamp}\n{nonce}\n{key_id}\n{parameters}\n{body}", signHoles)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/a%20b?x=1&y=%E4%B8%AD", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ algorithm, encoding, want string }{
		{"hmac-sha256", "hex", "23270c3a96b056b7a4f112e3b920af3e96c33cb845b96d2d798a55b65700767e"}, {"hmac-sha256", "HEX", strings.ToUpper("23270c3a96b056b7a4f112e3b920af3e96c33cb845b96d2d798a55b65700767e")},
		{"hmac-sha1", "base64", "AvBrp/hmBSb1fRxCZEYiLwnMr8E="}, {"hmac-md5", "hex", "9c3c1e797e436fa12f392d589a28456a"},
	} {
		s := signing{algorithm: tt.algorithm, encoding: tt.encoding, text: text, keyID: "k"}
		if got := s.sign(req, []byte(`{"a":1}`), "a=1&b=中", stamp{"1363741200000", "n"}, "demo-only"); got != tt.want {
			t.Errorf("%s %s: got %s, want %s", tt.algorithm, tt.encoding, got, tt.want)
		}
	}
}

func TestParametersToBeSigned(t *testing.T) {
	tree := map[string]any{"b": "2", "list": []any{"x"}, "o": map[string]any{"p": "q"}, "none": nil, "t": true, "empty": ""}
	if got, want := joined(map[string][]string{"z": {"中 文"}}, map[string][]string{"A": {"1"}}, tree), "A=1&b=2&t=true&z=中 文"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzSigningText(f *testing.F) {
	f.Add("{method}\n{path}?{query}{body_sha256}", `{"a":"1"}`)
	f.Add("{{x}}{parameters}", "")
	f.Add("{nonce", "x")
	f.Fuzz(func(t *testing.T, text, body string) {
		tpl, err := parseTemplateOf(text, signHoles)
		if err != nil {
			return
		}
		for _, p := range tpl {
			if p.hole == "secret" || p.hole == "id" {
				t.Fatalf("{%s} is signed", p.hole)
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		s := signing{algorithm: "hmac-sha256", encoding: "hex", text: tpl}
		a, b := s.sign(req, []byte(body), body, stamp{"1", "2"}, "k"), s.sign(req, []byte(body), body, stamp{"1", "2"}, "l")
		if len(a) != 64 || a == b {
			t.Error("a signature does not depend on the secret")
		}
	})
}

// authority makes a CA, and a certificate of it for 127.0.0.1, as files.
func authority(t *testing.T) (ca, certificate, key string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	leaf, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	parent := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "demo CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	rootDER, err := x509.CreateCertificate(rand.Reader, parent, parent, root.Public(), root)
	if err != nil {
		t.Fatal(err)
	}
	child := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "127.0.0.1"}, NotBefore: parent.NotBefore, NotAfter: parent.NotAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	leafDER, err := x509.CreateCertificate(rand.Reader, child, parent, leaf.Public(), root)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(leaf)
	if err != nil {
		t.Fatal(err)
	}
	return write("ca.pem", "CERTIFICATE", rootDER), write("leaf.pem", "CERTIFICATE", leafDER), write("leaf.key", "PRIVATE KEY", keyDER)
}

func TestCertificates(t *testing.T) {
	ca, certificate, key := authority(t)
	otherCA, _, _ := authority(t)
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	text, _ := os.ReadFile(ca)
	pool.AppendCertsFromPEM(text)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"data":[]}`) }))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	server.StartTLS()
	defer server.Close()
	for _, tt := range []struct {
		name, tls string
		want      source.Reason
	}{
		{"both", "{ca_file: " + ca + ", certificate_file: " + certificate + ", key_file: " + key + "}", ""},
		{"no certificate of ours", "{ca_file: " + ca + "}", source.ReasonDown},
		{"another CA", "{ca_file: " + otherCA + ", certificate_file: " + certificate + ", key_file: " + key + "}", source.ReasonDown},
		{"a file that is not there", "{ca_file: " + ca + ".x}", source.ReasonCredentials},
		{"a key for a certificate", "{ca_file: " + key + "}", source.ReasonCredentials},
		{"another key", "{ca_file: " + ca + ", certificate_file: " + otherCA + ", key_file: " + key + "}", source.ReasonCredentials},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := New(load(t, sound+"tls: "+tt.tls+"\n", server.URL), Options{Now: clock})
			_, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
			if got := reasonOf(err); got != tt.want {
				t.Errorf("got %q (%v), want %q", got, err, tt.want)
			}
		})
	}
}
