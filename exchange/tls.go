package exchange

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"time"

	"hedui/seal"
)

// ServerTLS returns the parent's side: TLS 1.3, a certificate of the identity's
// signing key, and a client certificate that proves the child's key. No authority
// vouches for either. Whether the key is pinned is looked up by [Handler] for
// every request, so that a refused child is told why in words, a revoked key is
// out at once even on an open connection, and a new node can reach the enrolment.
func ServerTLS(me Identity) (*tls.Config, error) {
	cert, err := certificate(me)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{cert},
		ClientAuth:             tls.RequireAnyClientCert,
		SessionTicketsDisabled: true, // connections are long-lived; each new one proves its key anew
		NextProtos:             []string{"h2", "http/1.1"},
		VerifyConnection: func(s tls.ConnectionState) error {
			_, err := connectionKey(&s)
			return err
		},
	}, nil
}

// ClientTLS returns the child's side: TLS 1.3, a certificate of its own, and a
// parent that must prove a key pinned for it now.
func ClientTLS(me Identity, peers Lookup, parent string, now func() time.Time, skew time.Duration) (*tls.Config, error) {
	return clientTLS(me, func(key seal.PublicKey) error {
		peer, ok := peers(parent)
		if !ok {
			return ErrUnknownPeer
		}
		return peer.pins(key, now(), skew)
	})
}

func clientTLS(me Identity, accept func(seal.PublicKey) error) (*tls.Config, error) {
	cert, err := certificate(me)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{cert},
		InsecureSkipVerify: true, //nolint:gosec // G402: there is no authority; VerifyConnection holds the key against the pinned ones
		VerifyConnection: func(s tls.ConnectionState) error {
			key, err := connectionKey(&s)
			if err != nil {
				return err
			}
			return accept(key)
		},
	}, nil
}

// connectionKey returns the key the other side proved in the handshake.
func connectionKey(s *tls.ConnectionState) (seal.PublicKey, error) {
	if s == nil || s.Version < tls.VersionTLS13 || len(s.PeerCertificates) == 0 {
		return seal.PublicKey{}, fmt.Errorf("%w: connection without TLS 1.3 and a certificate", ErrKey)
	}
	spki := s.PeerCertificates[0].RawSubjectPublicKeyInfo
	key, err := seal.ParsePublic(pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: spki}))
	if err != nil || key.Algorithm() != seal.Ed25519 {
		return seal.PublicKey{}, fmt.Errorf("%w: certificate is not of an Ed25519 key", ErrKey)
	}
	return key, nil
}

// connectionName returns the name the other side's certificate claims.
func connectionName(s *tls.ConnectionState) string {
	if name := s.PeerCertificates[0].Subject.CommonName; CheckName(name) == nil {
		return name
	}
	return ""
}

// certificate wraps the identity's signing key as TLS wants it. Its time says
// nothing (RFC 5280, 4.1.2.5: no well-defined expiration): the pins have times.
func certificate(me Identity) (tls.Certificate, error) {
	if err := me.Check(); err != nil {
		return tls.Certificate{}, err
	}
	block, _ := pem.Decode(me.Public.PEM())
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	public, ok := parsed.(ed25519.PublicKey)
	if err != nil || !ok {
		return tls.Certificate{}, fmt.Errorf("%w: not an Ed25519 key", ErrKey)
	}
	serial := sha256.Sum256(block.Bytes)
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial[:15]),
		Subject:      pkix.Name{CommonName: me.Name},
		NotBefore:    time.Date(2013, 3, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	key := tlsKey{signer: me.Signer, public: public}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("exchange: certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// tlsKey lets a seal.Signer, which may be a security module, stand behind TLS.
type tlsKey struct {
	signer seal.Signer
	public ed25519.PublicKey
}

func (k tlsKey) Public() crypto.PublicKey { return k.public }

// Sign signs the message itself, as Ed25519 does: TLS and x509 hand it over unhashed.
func (k tlsKey) Sign(_ io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != 0 {
		return nil, fmt.Errorf("%w: Ed25519 signs no digest", ErrKey)
	}
	return k.signer.Sign(message)
}
