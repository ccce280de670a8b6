package seal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"
)

// Names of the signature algorithms known here.
const (
	// Ed25519 is EdDSA over edwards25519 (RFC 8032).
	Ed25519 = "ed25519"
	// P256SHA256 is ECDSA over NIST P-256 with SHA-256, signatures in DER (FIPS 186-5).
	P256SHA256 = "p256-sha256"
)

// A scheme is all that differs between signature algorithms.
type scheme struct {
	name     string
	hash     func() hash.Hash // of documents that are sealed
	generate func() (crypto.Signer, error)
	owns     func(crypto.PublicKey) bool
	sign     func(key crypto.Signer, message []byte) ([]byte, error)
	verify   func(key crypto.PublicKey, message, signature []byte) bool
}

func schemes() []scheme {
	return []scheme{
		{
			name: Ed25519,
			hash: sha256.New,
			generate: func() (crypto.Signer, error) {
				_, key, err := ed25519.GenerateKey(nil)
				return key, err
			},
			owns: func(k crypto.PublicKey) bool {
				_, ok := k.(ed25519.PublicKey)
				return ok
			},
			sign: func(k crypto.Signer, message []byte) ([]byte, error) {
				return k.Sign(rand.Reader, message, crypto.Hash(0))
			},
			verify: func(k crypto.PublicKey, message, signature []byte) bool {
				key, ok := k.(ed25519.PublicKey)
				return ok && ed25519.Verify(key, message, signature)
			},
		},
		{
			name: P256SHA256,
			hash: sha256.New,
			generate: func() (crypto.Signer, error) {
				return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			},
			owns: func(k crypto.PublicKey) bool {
				key, ok := k.(*ecdsa.PublicKey)
				return ok && key.Curve == elliptic.P256()
			},
			sign: func(k crypto.Signer, message []byte) ([]byte, error) {
				digest := sha256.Sum256(message)
				return k.Sign(rand.Reader, digest[:], crypto.SHA256)
			},
			verify: func(k crypto.PublicKey, message, signature []byte) bool {
				key, ok := k.(*ecdsa.PublicKey)
				digest := sha256.Sum256(message)
				return ok && ecdsa.VerifyASN1(key, digest[:], signature)
			},
		},
		sm2Scheme(),
	}
}

// Algorithms returns the names of the signature algorithms known here.
func Algorithms() []string {
	var names []string
	for _, s := range schemes() {
		names = append(names, s.name)
	}
	return names
}

func schemeNamed(name string) (scheme, error) {
	for _, s := range schemes() {
		if s.name == name {
			return s, nil
		}
	}
	return scheme{}, fmt.Errorf("%w %q; known are %s", ErrAlgorithm, name, strings.Join(Algorithms(), ", "))
}

func schemeOf(public crypto.PublicKey) (scheme, error) {
	for _, s := range schemes() {
		if s.owns(public) {
			return s, nil
		}
	}
	kind := fmt.Sprintf("%T", public)
	if key, ok := public.(*ecdsa.PublicKey); ok {
		kind = "ECDSA key over " + key.Params().Name
	}
	return scheme{}, fmt.Errorf("%w: %s; known are %s", ErrAlgorithm, kind, strings.Join(Algorithms(), ", "))
}
