package seal

import "encoding/hex"

// ID is the name of a key: 16 hexadecimal digits that tell it from other keys and
// tell nothing of it. It is the beginning of a subkey that has no other use.
func (k Key) ID() (id string, err error) {
	err = k.use(func(m *material) error {
		sub, err := subkey(m.raw, "hedui id")
		if err != nil {
			return err
		}
		defer clear(sub)
		id = hex.EncodeToString(sub[:8])
		return nil
	})
	return id, err
}
