package checkup

import (
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The certificate is looked at in passing, and its end is told in time.
func TestTheEndOfACertificateIsTold(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	c := &Checkup{now: time.Now, Sheet: &Sheet{Lang: "en"}}
	client := c.client()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	client.Transport.(*http.Transport).TLSClientConfig.RootCAs = pool
	res, err := client.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	c.encryption()
	if c.Certified == nil || !c.Certified.Equal(server.Certificate().NotAfter) || states(*c.Sheet) != "tls ok" {
		t.Errorf("got %v: %s", c.Certified, states(*c.Sheet))
	}
	c.certified = time.Now().Add(24 * time.Hour)
	c.encryption()
	if l := c.Lines[1]; l.State != Warning || !strings.Contains(l.Do, "renew") {
		t.Errorf("a day before its end: %+v", l)
	}
}
