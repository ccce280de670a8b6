package seal

import (
	"crypto/rand"
	"fmt"
	"slices"
)

const nonceSize = 12

// A Box is an encrypted value: one byte that names the algorithm, the nonce, the
// cipher text and its tag. It is 29 bytes longer than the plain text.
type Box []byte

// Algorithm returns the name of the algorithm the box was made with.
func (b Box) Algorithm() (string, error) {
	if len(b) == 0 {
		return "", fmt.Errorf("%w: empty box", ErrMalformed)
	}
	for _, c := range boxCiphers() {
		if c.mark == b[0] {
			return c.name, nil
		}
	}
	return "", fmt.Errorf("%w: box marked %d", ErrAlgorithm, b[0])
}

// Encrypt seals plain. The associated data is not in the box, but the same must
// be given to open it: name there the place the value belongs to (table, row,
// column), so that a box moved to another place does not open.
func (k Key) Encrypt(aad, plain []byte) (box Box, err error) {
	err = k.use(func(m *material) error {
		box, err = seal(m.boxes, m.cipher.mark, aad, plain)
		return err
	})
	return box, err
}

// Decrypt opens a box of the same key and associated data. It fails with
// [ErrDecrypt], [ErrAlgorithm], [ErrMalformed] or [ErrDestroyed].
func (k Key) Decrypt(aad []byte, box Box) (plain []byte, err error) {
	err = k.use(func(m *material) error {
		plain, err = open(m.boxes, aad, box)
		return err
	})
	return plain, err
}

// Wrap encrypts another key under this one. Name in the associated data what the
// other key is for (a case), so that wrapped keys cannot be exchanged.
func (k Key) Wrap(aad []byte, other Key) (box Box, err error) {
	// Copied, not used in place: holding both locks at once could wait for ever
	// when the keys are being destroyed.
	var raw []byte
	err = other.use(func(m *material) error {
		raw = slices.Clone(m.raw)
		return nil
	})
	if err != nil {
		return nil, err
	}
	defer clear(raw)
	err = k.use(func(m *material) error {
		box, err = seal(m.wraps, m.cipher.mark, aad, raw)
		return err
	})
	return box, err
}

// Unwrap opens a key that [Key.Wrap] encrypted; it fails as [Key.Decrypt] does.
func (k Key) Unwrap(aad []byte, box Box) (other Key, err error) {
	err = k.use(func(m *material) error {
		raw, err := open(m.wraps, aad, box)
		if err != nil {
			return err
		}
		algorithm, err := box.Algorithm()
		if err != nil {
			return err
		}
		other, err = newKey(raw, algorithm)
		return err
	})
	return other, err
}

func seal(list []aead, mark byte, aad, plain []byte) (Box, error) {
	gcm, err := marked(list, mark)
	if err != nil {
		return nil, err
	}
	box := make([]byte, 1+nonceSize, 1+nonceSize+len(plain)+gcm.Overhead())
	box[0] = mark
	_, _ = rand.Read(box[1:]) // never fails: crypto/rand ends the program instead
	return gcm.Seal(box, box[1:], plain, markedAAD(mark, aad)), nil
}

func open(list []aead, aad []byte, box Box) ([]byte, error) {
	if _, err := box.Algorithm(); err != nil {
		return nil, err
	}
	gcm, err := marked(list, box[0])
	if err != nil {
		return nil, err
	}
	if len(box) < 1+nonceSize+gcm.Overhead() {
		return nil, fmt.Errorf("%w: box of %d bytes is cut off", ErrMalformed, len(box))
	}
	plain, err := gcm.Open(nil, box[1:1+nonceSize], box[1+nonceSize:], markedAAD(box[0], aad))
	if err != nil {
		return nil, ErrDecrypt
	}
	return plain, nil
}

// markedAAD binds the algorithm byte, so that it cannot be exchanged either.
func markedAAD(mark byte, aad []byte) []byte { return append([]byte{mark}, aad...) }
