package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// ID is the name of a key: 16 hexadecimal digits that tell it from other keys and
// tell nothing of it. It is a subkey that has no other use, by HKDF with SHA-256
// whatever the key's cipher is.
func (k Key) ID() (id string, err error) {
	err = k.use(func(m *material) error {
		sub, err := hkdf.Key(sha256.New, m.raw, nil, "hedui id", 8)
		if err != nil {
			return fmt.Errorf("seal: derive subkey: %w", err)
		}
		id = hex.EncodeToString(sub)
		return nil
	})
	return id, err
}
