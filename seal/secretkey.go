package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"sync"
)

const keySize = 32

// A Key encrypts fields, wraps other keys and makes blind indexes, each under a
// subkey of its own, so that what one use lets out helps nobody with another.
// Copies share one secret: [Key.Destroy] ends them all. It prints as "key(…)".
// Use one key for at most 2³² boxes: beyond that random nonces may meet.
type Key struct{ h *holder }

// A holder keeps the material behind a second pointer: fmt follows one pointer
// of an unexported field when the verb does not fit, and prints what it finds.
type holder struct {
	mu sync.RWMutex
	m  *material // nil once destroyed
}

type material struct {
	raw       []byte
	box, wrap cipher.AEAD
	blind     []byte
}

// NewKey makes a random key of 256 bits.
func NewKey() Key {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	key, _ := newKey(raw)
	return key
}

// newKey takes raw over.
func newKey(raw []byte) (Key, error) {
	if len(raw) != keySize {
		return Key{}, fmt.Errorf("%w: key of %d bytes, want %d", ErrMalformed, len(raw), keySize)
	}
	m := &material{raw: raw}
	var err error
	if m.box, err = newGCM(raw, "hedui box "+AES256GCM); err != nil {
		return Key{}, err
	}
	if m.wrap, err = newGCM(raw, "hedui wrap "+AES256GCM); err != nil {
		return Key{}, err
	}
	if m.blind, err = subkey(raw, "hedui blind hmac-sha256"); err != nil {
		return Key{}, err
	}
	return Key{&holder{m: m}}, nil
}

func subkey(raw []byte, use string) ([]byte, error) {
	sub, err := hkdf.Key(sha256.New, raw, nil, use, keySize)
	if err != nil {
		return nil, fmt.Errorf("seal: derive subkey: %w", err)
	}
	return sub, nil
}

func newGCM(raw []byte, use string) (cipher.AEAD, error) {
	sub, err := subkey(raw, use)
	if err != nil {
		return nil, err
	}
	defer clear(sub)
	block, err := aes.NewCipher(sub)
	if err != nil {
		return nil, fmt.Errorf("seal: cipher: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("seal: cipher: %w", err)
	}
	return gcm, nil
}

// use calls f with the secret, which stays whole until f returns.
func (k Key) use(f func(m *material) error) error {
	if k.h == nil {
		return ErrDestroyed
	}
	k.h.mu.RLock()
	defer k.h.mu.RUnlock()
	if k.h.m == nil {
		return ErrDestroyed
	}
	return f(k.h.m)
}

// Destroy overwrites the secret; every later use of the key or of a copy of it is
// [ErrDestroyed]. What the cipher expanded from it is let go, but when that
// memory is used again is up to the runtime.
func (k Key) Destroy() {
	if k.h == nil {
		return
	}
	k.h.mu.Lock()
	defer k.h.mu.Unlock()
	if k.h.m == nil {
		return
	}
	clear(k.h.m.raw)
	clear(k.h.m.blind)
	k.h.m = nil
}

// Format implements [fmt.Formatter]: every verb prints "key(…)".
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, keyLabel) }

// LogValue implements [slog.LogValuer] like [Key.Format].
func (k Key) LogValue() slog.Value { return slog.StringValue(keyLabel) }

const keyLabel = "key(…)"
