package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// ID is the name of a key: 16 hexadecimal digits that tell it from other keys and
// tell nothing of it. It is the beginning of a subkey that has no other use.
func (k Key) ID() (id string, err error) {
	err = k.use(func(m *material) error {
		sub, err := hkdf.Key(sha256.New, m.raw, nil, "hedui id", keySize)
		if err != nil {
			return fmt.Errorf("seal: derive subkey: %w", err)
		}
		defer clear(sub)
		id = hex.EncodeToString(sub[:8])
		return nil
	})
	return id, err
}
