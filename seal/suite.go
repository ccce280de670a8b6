package seal

import "fmt"

// A Suite is a set of algorithms that go together. Chinese offices may be bound to
// commercial cryptography (密码法, article 27; GB/T 39786).
type Suite string

// The suites.
const (
	Intl Suite = "intl" // ECDSA over P-256 with SHA-256, AES-256-GCM
	GM   Suite = "gm"   // SM2 with SM3, SM4-GCM
)

// ParseSuite reads the name of a suite; nothing is [Intl].
func ParseSuite(name string) (Suite, error) {
	switch s := Suite(name); s {
	case "":
		return Intl, nil
	case Intl, GM:
		return s, nil
	}
	return "", fmt.Errorf("%w: suite %q; known are %s, %s", ErrAlgorithm, name, Intl, GM)
}

// Signature is the algorithm with which the suite seals documents.
func (s Suite) Signature() string {
	if s == GM {
		return SM2SM3
	}
	return P256SHA256
}

// Cipher is the cipher with which the suite keeps values.
func (s Suite) Cipher() string {
	if s == GM {
		return SM4GCM
	}
	return AES256GCM
}
