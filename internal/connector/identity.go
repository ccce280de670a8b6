package connector

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
)

// identity is what stands on the certificates of a connection.
type identity struct {
	certificateFile, keyFile string // ours
	caFile                   string // who vouches for the department; empty = those whom the machine trusts
}

var (
	errTransport   = errors.New("connector: certificates need an *http.Transport")
	errCertificate = errors.New("connector: no certificate in the file")
)

// identify makes the client show our certificate and trust the department's CA.
// Our own certificate is read anew for each connection, so that it can be renewed
// while Hedui runs.
func (i identity) identify(c *http.Client) (*http.Client, error) {
	if i == (identity{}) {
		return c, nil
	}
	transport, ok := c.Transport.(*http.Transport)
	if !ok {
		return nil, errTransport
	}
	if i.caFile != "" {
		text, err := os.ReadFile(i.caFile)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(text) {
			return nil, errCertificate
		}
	}
	if i.certificateFile == "" {
		return c, nil
	}
	read := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(i.certificateFile, i.keyFile)
		return &pair, err
	}
	if _, err := read(); err != nil {
		return nil, err
	}
	transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return read() }
	return c, nil
}
