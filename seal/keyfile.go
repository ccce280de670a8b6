package seal

import (
	"encoding/pem"
	"fmt"
)

// headerAlgorithm names in the key file what the key is for.
const headerAlgorithm = "Algorithm"

// Save writes the key to a new file, readable by its owner only. It never
// replaces a file: the error is then [os.ErrExist].
func (k Key) Save(path string) error {
	return k.use(func(m *material) error {
		data := pem.EncodeToMemory(&pem.Block{
			Type:    pemSecret,
			Headers: map[string]string{headerAlgorithm: m.cipher.name},
			Bytes:   m.raw,
		})
		defer clear(data)
		return writeNew(path, data, ownerOnly)
	})
}

// LoadKey reads what [Key.Save] wrote.
func LoadKey(path string) (Key, error) {
	data, err := readSecret(path)
	if err != nil {
		return Key{}, err
	}
	defer clear(data)
	key, err := parseKey(data)
	if err != nil {
		return Key{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func parseKey(data []byte) (Key, error) {
	block, err := onlyBlock(data, pemSecret)
	if err != nil {
		return Key{}, err
	}
	return newKey(block.Bytes, block.Headers[headerAlgorithm])
}
