package exchange

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"hedui/seal"
)

// BoxAlgorithm names the kind of key envelopes of suite [seal.Intl] are encrypted to: HPKE (RFC
// 9180) with DHKEM(X25519, HKDF-SHA256).
const BoxAlgorithm = "x25519"

// GMBoxAlgorithm names the keys of suite [seal.GM]: SM2 encryption (GB/T 32918.4). It is
// another key than the one that signs, as the double certificates of GM/T 0015 have it.
const GMBoxAlgorithm = "sm2"

// A boxSecret is a private key of one of the two.
type boxSecret struct {
	ecdh *ecdh.PrivateKey
	hpke hpke.PrivateKey
	gm   *sm2.PrivateKey
}

// A BoxKey opens envelopes. It prints as its KeyID only.
type BoxKey struct {
	// A func, since of a func fmt can print the address only, whatever the verb.
	key    func() boxSecret
	public BoxPublicKey
}

// A BoxPublicKey is what envelopes are encrypted to. Only [BoxKey.Public] and
// [ParseBoxPublic] make one; nothing can be encrypted to the zero BoxPublicKey.
type BoxPublicKey struct {
	key  hpke.PublicKey
	gm   *ecdsa.PublicKey // of suite gm, instead
	spki string           // DER of SubjectPublicKeyInfo
	id   string
}

// GenerateBox makes a new random key of suite [seal.Intl].
func GenerateBox() (*BoxKey, error) { return GenerateBoxOf(seal.Intl) }

// GenerateBoxOf makes a new random key of a suite.
func GenerateBoxOf(s seal.Suite) (*BoxKey, error) {
	f, err := formOf(s)
	if err != nil {
		return nil, err
	}
	if f.suite == seal.GM {
		key, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("exchange: generate key: %w", err)
		}
		return newGMBoxKey(key)
	}
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("exchange: generate key: %w", err)
	}
	return newBoxKey(key)
}

func newBoxKey(key *ecdh.PrivateKey) (*BoxKey, error) {
	public, err := newBoxPublic(key.PublicKey())
	if err != nil {
		return nil, err
	}
	opener, err := hpke.NewDHKEMPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("%w: not a key for HPKE", ErrKey)
	}
	return &BoxKey{key: func() boxSecret { return boxSecret{ecdh: key, hpke: opener} }, public: public}, nil
}

func newGMBoxKey(key *sm2.PrivateKey) (*BoxKey, error) {
	public, err := newGMBoxPublic(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &BoxKey{key: func() boxSecret { return boxSecret{gm: key} }, public: public}, nil
}

func newGMBoxPublic(key *ecdsa.PublicKey) (BoxPublicKey, error) {
	der, err := smx509.MarshalPKIXPublicKey(key)
	if err != nil {
		return BoxPublicKey{}, fmt.Errorf("exchange: encode public key: %w", err)
	}
	sum := sha256.Sum256(der)
	return BoxPublicKey{gm: key, spki: string(der), id: hex.EncodeToString(sum[:8])}, nil
}

func newBoxPublic(key *ecdh.PublicKey) (BoxPublicKey, error) {
	if key.Curve() != ecdh.X25519() {
		return BoxPublicKey{}, fmt.Errorf("%w: a key over another curve than X25519", ErrKey)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return BoxPublicKey{}, fmt.Errorf("exchange: encode public key: %w", err)
	}
	public, err := hpke.NewDHKEMPublicKey(key)
	if err != nil {
		return BoxPublicKey{}, fmt.Errorf("%w: not a key for HPKE", ErrKey)
	}
	sum := sha256.Sum256(der)
	return BoxPublicKey{key: public, spki: string(der), id: hex.EncodeToString(sum[:8])}, nil
}

// KeyID returns the KeyID of the public key.
func (k *BoxKey) KeyID() string { return k.public.id }

// Public returns the public half.
func (k *BoxKey) Public() BoxPublicKey { return k.public }

// Format implements [fmt.Formatter]: every verb prints algorithm and KeyID only.
func (k *BoxKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.label()) }

// LogValue implements [slog.LogValuer] like [BoxKey.Format].
func (k *BoxKey) LogValue() slog.Value { return slog.StringValue(k.label()) }

func (k *BoxKey) label() string {
	if k == nil || k.key == nil {
		return "box key(none)"
	}
	return "box key(" + k.public.String() + ")"
}

// KeyID returns the first 16 hexadecimal digits of the SHA-256 of the key's
// SubjectPublicKeyInfo, as package seal does. It finds a key; it does not prove one.
func (p BoxPublicKey) KeyID() string { return p.id }

// Equal reports whether both are the same key.
func (p BoxPublicKey) Equal(o BoxPublicKey) bool { return p.spki != "" && p.spki == o.spki }

// String returns the algorithm and the KeyID.
func (p BoxPublicKey) String() string { return p.algorithm() + " " + p.id }

func (p BoxPublicKey) algorithm() string {
	if p.gm != nil {
		return GMBoxAlgorithm
	}
	return BoxAlgorithm
}

// PEM returns the public key as a PEM block (SubjectPublicKeyInfo, RFC 8410).
func (p BoxPublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: []byte(p.spki)})
}

// ParseBoxPublic reads one public key in PEM.
func ParseBoxPublic(data []byte) (BoxPublicKey, error) {
	der, err := onlyBlock(data, pemPublic)
	if err != nil {
		return BoxPublicKey{}, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		if other, err := smx509.ParsePKIXPublicKey(der); err == nil {
			if key, ok := other.(*ecdsa.PublicKey); ok && key.Curve == sm2.P256() {
				return newGMBoxPublic(key)
			}
		}
		return BoxPublicKey{}, fmt.Errorf("%w: not a public key", ErrMalformed)
	}
	key, ok := parsed.(*ecdh.PublicKey)
	if !ok {
		return BoxPublicKey{}, fmt.Errorf("%w: a %T, want a key of X25519 or SM2", ErrKey, parsed)
	}
	return newBoxPublic(key)
}
