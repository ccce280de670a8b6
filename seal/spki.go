package seal

import (
	"bytes"
	"fmt"
)

// DER returns the public key as SubjectPublicKeyInfo (RFC 5280, section 4.1) without PEM around it.
func (p PublicKey) DER() []byte { return []byte(p.spki) }

// ParsePublicDER reads what [PublicKey.DER] returns, in its one spelling.
func ParsePublicDER(der []byte) (PublicKey, error) {
	key, err := publicFromDER(der)
	if err != nil {
		return PublicKey{}, err
	}
	if !bytes.Equal(key.DER(), der) {
		return PublicKey{}, fmt.Errorf("%w: not a public key in its one spelling", ErrMalformed)
	}
	return key, nil
}
