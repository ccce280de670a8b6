package connector

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"hedui/catalog"
	"hedui/source"
)

// Whoever tries a file hears which keys nobody looks at, and no value.
func TestKeysThatNobodyLooksAtAreTold(t *testing.T) {
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"data":[{"hphm":"浙B12345","colour":"red","op":"x","330200198002290018":"y","颜色":"红"}]}`)
	})
	yaml := strings.Replace(sound, "fields:", "ignore: [op]\nfields:", 1)
	var mu sync.Mutex
	var heard []string
	cfg := load(t, yaml, at)
	s := New(cfg, Options{Now: clock, Stranger: func(key string) { mu.Lock(); defer mu.Unlock(); heard = append(heard, key) }})
	answers, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
	if err != nil || len(answers) != 1 {
		t.Fatal(answers, err)
	}
	slices.Sort(heard)
	if got, want := strings.Join(heard, " "), "? colour 颜色"; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	if got := cfg.Mapped(); len(got) == 0 || cfg.Kind() != "http" {
		t.Errorf("mapped %v, kind %s", got, cfg.Kind())
	}
}

// What goes wrong below HTTP is told so that somebody can act on it, without the address.
func TestNoConnectionSaysWhy(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + free.Addr().String()
	_ = free.Close()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	trusting := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}}
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	unknown := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "cgs.invalid", IsNotFound: true}}
	}}}
	for _, c := range []struct {
		name, at, want string
		client         *http.Client
	}{
		{"refused", refused, "nothing listens", nil},
		{"unknown host", "https://cgs.invalid", "host name is not known", unknown},
		{"unknown issuer", server.URL, "issuer is none that this machine knows", nil},
		{"another host", "https://localhost:" + port, "another host name", trusting},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New(load(t, sound, c.at), Options{Now: clock, Client: c.client})
			_, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.Vehicle)})
			if got := fmt.Sprint(err); !strings.Contains(got, c.want) || strings.Contains(got, port) || strings.Contains(got, "invalid") {
				t.Errorf("got %s, want %s and no address", got, c.want)
			}
		})
	}
}
