package seal

import (
	"crypto/hmac"
	"encoding/hex"
	"io"
)

// Blind returns a blind index of text: 64 hexadecimal digits that are equal for
// equal texts under the same key and domain, and tell nothing to anyone without
// the key. It finds a person by an encrypted number. The domain ("idcard",
// "name") keeps equal texts of different columns apart. Bring text into its
// canonical form first. It is HMAC with SHA-256, or SM3 for a key of [SM4GCM], over the domain, preceded by its
// length in 8 bytes, and the text.
func Blind(key Key, domain, text string) (index string, err error) {
	err = key.use(func(m *material) error {
		mac := hmac.New(m.cipher.hash, m.blind)
		writeField(mac, domain)
		_, _ = io.WriteString(mac, text)
		index = hex.EncodeToString(mac.Sum(nil))
		return nil
	})
	return index, err
}
