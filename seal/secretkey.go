package seal

import (
	"crypto/hkdf"
	"crypto/rand"
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
	raw          []byte
	cipher       boxCipher // of what is written; every cipher known is read
	boxes, wraps []aead
	blind        []byte
}

// NewKey makes a random key of 256 bits that writes with [AES256GCM].
func NewKey() Key {
	key, _ := NewKeyFor(AES256GCM) // is known
	return key
}

// NewKeyFor makes a random key of 256 bits that writes with the named cipher. Every
// key reads what any cipher has written with its secret.
func NewKeyFor(algorithm string) (Key, error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the program instead
	return newKey(raw, algorithm)
}

// Algorithm is the name of the cipher with which the key writes; empty once it is destroyed.
func (k Key) Algorithm() (name string) {
	_ = k.use(func(m *material) error { name = m.cipher.name; return nil }) // nothing else fails
	return name
}

// newKey takes raw over.
func newKey(raw []byte, algorithm string) (Key, error) {
	if len(raw) != keySize {
		return Key{}, fmt.Errorf("%w: key of %d bytes, want %d", ErrMalformed, len(raw), keySize)
	}
	kind, err := cipherNamed(algorithm)
	if err != nil {
		return Key{}, err
	}
	m := &material{raw: raw, cipher: kind, boxes: aeads(raw, "hedui box "), wraps: aeads(raw, "hedui wrap ")}
	if m.blind, err = hkdf.Key(kind.hash, raw, nil, kind.blind, keySize); err != nil {
		return Key{}, fmt.Errorf("seal: derive subkey: %w", err)
	}
	return Key{&holder{m: m}}, nil
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
