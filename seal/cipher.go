package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"
	"sync"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

// Names of the ciphers known here.
const (
	// AES256GCM is AES-256 in Galois/Counter Mode (NIST SP 800-38D) with a random nonce of
	// 96 bits before the cipher text.
	AES256GCM = "aes-256-gcm"
	// SM4GCM is SM4 in the same mode (RFC 8998).
	SM4GCM = "sm4-gcm"
)

// A boxCipher is all that differs between ciphers.
type boxCipher struct {
	name  string
	mark  byte // the first byte of a Box
	size  int  // of a cipher's key, in bytes
	hash  func() hash.Hash
	block func(key []byte) (cipher.Block, error)
	blind string // use of the subkey for blind indexes
}

func boxCiphers() []boxCipher {
	return []boxCipher{
		{AES256GCM, 1, 32, sha256.New, aes.NewCipher, "hedui blind hmac-sha256"},
		{SM4GCM, 2, 16, sm3.New, sm4.NewCipher, "hedui blind hmac-sm3"},
	}
}

// Ciphers returns the names of the ciphers known here.
func Ciphers() []string {
	var names []string
	for _, c := range boxCiphers() {
		names = append(names, c.name)
	}
	return names
}

func cipherNamed(name string) (boxCipher, error) {
	for _, c := range boxCiphers() {
		if c.name == name {
			return c, nil
		}
	}
	return boxCipher{}, fmt.Errorf("%w %q; known are %s", ErrAlgorithm, name, strings.Join(Ciphers(), ", "))
}

// An aead is a cipher with a subkey of its own, made when it is first needed: most
// keys use one of the two.
type aead struct {
	mark byte
	make func() (cipher.AEAD, error)
}

// aeads are what a secret opens in all ciphers, for one use.
func aeads(raw []byte, use string) []aead {
	var list []aead
	for _, c := range boxCiphers() {
		list = append(list, aead{c.mark, sync.OnceValues(func() (cipher.AEAD, error) {
			sub, err := hkdf.Key(c.hash, raw, nil, use+c.name, c.size)
			if err != nil {
				return nil, fmt.Errorf("seal: derive subkey: %w", err)
			}
			defer clear(sub)
			block, err := c.block(sub)
			if err != nil {
				return nil, fmt.Errorf("seal: cipher: %w", err)
			}
			gcm, err := cipher.NewGCM(block)
			if err != nil {
				return nil, fmt.Errorf("seal: cipher: %w", err)
			}
			return gcm, nil
		})})
	}
	return list
}

// marked is the one of that mark.
func marked(list []aead, mark byte) (cipher.AEAD, error) {
	for _, a := range list {
		if a.mark == mark {
			return a.make()
		}
	}
	return nil, fmt.Errorf("%w: box marked %d", ErrAlgorithm, mark)
}
