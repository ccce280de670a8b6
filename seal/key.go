package seal

import (
	"crypto"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// A Signer signs messages with one private key, which may live elsewhere: in a
// file, in a security module, at a signing service. Sign must sign the whole
// message under the named algorithm and be safe for concurrent use; Algorithm
// and KeyID never change.
type Signer interface {
	Algorithm() string
	KeyID() string
	Sign(message []byte) ([]byte, error)
}

// A Verifier checks signatures of one public key. Verify returns nil only if the
// signature is right, and an error that is [ErrSignature] if it is wrong.
type Verifier interface {
	Algorithm() string
	KeyID() string
	Verify(message, signature []byte) error
}

// A PublicKey is a [Verifier]. Only [PrivateKey.Public], [ParsePublic] and the
// trust file make one; the zero PublicKey verifies nothing.
type PublicKey struct {
	scheme scheme
	key    crypto.PublicKey
	spki   string // DER of SubjectPublicKeyInfo
}

func newPublicKey(key crypto.PublicKey) (PublicKey, error) {
	s, err := schemeOf(key)
	if err != nil {
		return PublicKey{}, err
	}
	der, err := marshalPublic(key)
	if err != nil {
		return PublicKey{}, fmt.Errorf("seal: encode public key: %w", err)
	}
	return PublicKey{scheme: s, key: key, spki: string(der)}, nil
}

// Algorithm returns the name of the key's algorithm.
func (p PublicKey) Algorithm() string { return p.scheme.name }

// KeyID returns the first 16 hexadecimal digits of the SHA-256 of the key's
// SubjectPublicKeyInfo. It finds a key; it does not prove one.
func (p PublicKey) KeyID() string {
	if p.spki == "" {
		return ""
	}
	return keyID([]byte(p.spki))
}

// Verify returns nil if signature is the key's signature of message.
func (p PublicKey) Verify(message, signature []byte) error {
	if p.key == nil {
		return fmt.Errorf("%w: no key", ErrUntrusted)
	}
	if !p.scheme.verify(p.key, message, signature) {
		return ErrSignature
	}
	return nil
}

// Equal reports whether both are the same key.
func (p PublicKey) Equal(o PublicKey) bool { return p.spki != "" && p.spki == o.spki }

// String returns the algorithm and the KeyID.
func (p PublicKey) String() string { return p.Algorithm() + " " + p.KeyID() }

func keyID(spki []byte) string {
	sum := sha256.Sum256(spki)
	return hex.EncodeToString(sum[:8])
}

// A PrivateKey is a [Signer] whose key is in memory. It prints as its KeyID only.
type PrivateKey struct {
	// A func, since of a func fmt can print the address only, whatever the verb.
	key    func() crypto.Signer
	public PublicKey
}

// Generate makes a new random key for the named algorithm.
func Generate(algorithm string) (*PrivateKey, error) {
	s, err := schemeNamed(algorithm)
	if err != nil {
		return nil, err
	}
	key, err := s.generate()
	if err != nil {
		return nil, fmt.Errorf("seal: generate %s key: %w", algorithm, err)
	}
	return newPrivateKey(key)
}

func newPrivateKey(key crypto.Signer) (*PrivateKey, error) {
	public, err := newPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	return &PrivateKey{key: func() crypto.Signer { return key }, public: public}, nil
}

// Algorithm returns the name of the key's algorithm.
func (k *PrivateKey) Algorithm() string { return k.public.Algorithm() }

// KeyID returns the KeyID of the public key.
func (k *PrivateKey) KeyID() string { return k.public.KeyID() }

// Public returns the public half.
func (k *PrivateKey) Public() PublicKey { return k.public }

// Sign signs the whole message; the algorithm does its own hashing.
func (k *PrivateKey) Sign(message []byte) ([]byte, error) {
	signature, err := k.public.scheme.sign(k.key(), message)
	if err != nil {
		return nil, fmt.Errorf("seal: sign with %s: %w", k.KeyID(), err)
	}
	return signature, nil
}

// Format implements [fmt.Formatter]: every verb prints algorithm and KeyID only.
func (k *PrivateKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.label()) }

// LogValue implements [slog.LogValuer] like [PrivateKey.Format].
func (k *PrivateKey) LogValue() slog.Value { return slog.StringValue(k.label()) }

func (k *PrivateKey) label() string {
	if k == nil || k.key == nil {
		return "private key(none)"
	}
	return "private key(" + k.public.String() + ")"
}
