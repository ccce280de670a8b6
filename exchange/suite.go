package exchange

import (
	"cmp"
	"crypto/cipher"
	"crypto/hpke"
	"crypto/rand"
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm4"

	"hedui/seal"
)

// Envelopes come in two suites. Both sides of a link are told which one it has, see
// [Peer]; nothing is negotiated, so nothing can be talked down.
//
// [seal.Intl] is HPKE base, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; Ed25519.
// [seal.GM] is SM2 encryption of a fresh key (GB/T 32918.4), SM4-GCM under that key (RFC
// 8998); SM2 with SM3 and the default identity (GM/T 0009).

// A form is all that differs between the envelopes of two suites.
type form struct {
	suite seal.Suite
	mark  byte   // of the envelope
	sign  string // algorithm of signing keys
	box   string // algorithm of box keys
	enc   int    // size of what carries the content key, before the ciphertext
}

func forms() []form {
	return []form{
		{seal.Intl, 1, seal.Ed25519, BoxAlgorithm, 32},
		{seal.GM, 2, seal.SM2SM3, GMBoxAlgorithm, 1 + 2*sm2Size + sm3Size + sm4Size},
	}
}

// formOf returns the form of a suite; that of no suite is the one of [seal.Intl].
func formOf(s seal.Suite) (form, error) {
	for _, f := range forms() {
		if f.suite == cmp.Or(s, seal.Intl) {
			return f, nil
		}
	}
	return form{}, fmt.Errorf("%w %q", ErrSuite, s)
}

func formMarked(mark byte) (form, bool) {
	for _, f := range forms() {
		if f.mark == mark {
			return f, true
		}
	}
	return form{}, false
}

// signs reports whether keys of an algorithm sign in one of the suites.
func signs(algorithm string) bool {
	for _, f := range forms() {
		if f.sign == algorithm {
			return true
		}
	}
	return false
}

const (
	sm2Size = 32 // of a coordinate and of a number below the order
	sm3Size = 32
	sm4Size = 16
)

// sealBox encrypts the body, bound to the header: first what carries the content key.
func (p BoxPublicKey) sealBox(bound, body []byte) ([]byte, error) {
	if p.gm == nil {
		sealed, err := hpke.Seal(p.key, hpke.HKDFSHA256(), hpke.AES256GCM(), bound, body)
		if err != nil {
			return nil, fmt.Errorf("exchange: encrypt: %w", err)
		}
		return sealed, nil
	}
	key := make([]byte, sm4Size)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	defer clear(key)
	enc, err := sm2.Encrypt(rand.Reader, p.gm, key, sm2.NewPlainEncrypterOpts(sm2.MarshalUncompressed, sm2.C1C3C2))
	if err != nil {
		return nil, fmt.Errorf("exchange: encrypt: %w", err)
	}
	gcm, err := sm4GCM(key)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(enc, onceNonce(), body, bound), nil
}

// openBox opens what sealBox made; whatever is wrong is [ErrAltered], and the cause
// says no more.
func (k *BoxKey) openBox(f form, bound, sealed []byte) ([]byte, error) {
	s := k.key()
	if s.gm == nil {
		body, err := hpke.Open(s.hpke, hpke.HKDFSHA256(), hpke.AES256GCM(), bound, sealed)
		if err != nil {
			return nil, ErrAltered
		}
		return body, nil
	}
	if sealed[0] != 4 { // the library takes other spellings of the point too
		return nil, ErrAltered
	}
	key, err := s.gm.Decrypt(nil, sealed[:f.enc], sm2.NewPlainDecrypterOpts(sm2.C1C3C2))
	if err != nil || len(key) != sm4Size {
		return nil, ErrAltered
	}
	defer clear(key)
	gcm, err := sm4GCM(key)
	if err != nil {
		return nil, err
	}
	body, err := gcm.Open(nil, onceNonce(), sealed[f.enc:], bound)
	if err != nil {
		return nil, ErrAltered
	}
	return body, nil
}

func sm4GCM(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("exchange: cipher: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("exchange: cipher: %w", err)
	}
	return gcm, nil
}

// onceNonce may be the same always, since a content key encrypts one body.
func onceNonce() []byte { return make([]byte, 12) }

// rawSignature brings a signature into its one spelling of 64 bytes: that of SM2 is
// r and s in DER (GM/T 0009), of 70 to 72 bytes, and becomes r and s one after the other.
func (f form) rawSignature(signature []byte) ([]byte, error) {
	if f.suite == seal.GM {
		var n struct{ R, S *big.Int }
		if rest, err := asn1.Unmarshal(signature, &n); err != nil || len(rest) != 0 || n.R.Sign() <= 0 || n.S.Sign() <= 0 || n.R.BitLen() > 8*sm2Size || n.S.BitLen() > 8*sm2Size {
			return nil, fmt.Errorf("%w: not a signature of SM2", ErrKey)
		}
		signature = append(n.R.FillBytes(make([]byte, sm2Size)), n.S.FillBytes(make([]byte, sm2Size))...)
	}
	if len(signature) != signSize {
		return nil, fmt.Errorf("%w: signature of %d bytes", ErrKey, len(signature))
	}
	return signature, nil
}

// verify checks a signature of 64 bytes.
func (f form) verify(key seal.PublicKey, message, signature []byte) error {
	if f.suite == seal.GM {
		der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:sm2Size]), new(big.Int).SetBytes(signature[sm2Size:])})
		if err != nil {
			return ErrSignature
		}
		signature = der
	}
	if key.Verify(message, signature) != nil {
		return ErrSignature
	}
	return nil
}
