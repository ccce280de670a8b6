package seal

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// SaltMember is the member at the top of a sealed JSON document that holds its
// salt; see [JSONSections].
const SaltMember = "salt"

const (
	saltSize = 16 // bytes
	leafSize = 16 // bytes kept of a leaf's digest; the whole document has all 32
)

// NewSalt returns a random salt for one document: 32 hexadecimal digits.
func NewSalt() string {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(salt)
}

// JSONSections returns one section for each leaf of a JSON document, in the order
// of the document, named by its path as in RFC 6901: "/findings/0/kind". Empty
// objects and arrays are leaves too.
//
// A plain digest of a short value would give the value away: there are few
// enough identity numbers of one county to try them all. So the document must
// have, as member [SaltMember] at its top, 32 random hexadecimal digits from
// [NewSalt], new for each version, and every digest covers the salt. The salt is
// part of the document and not of the seal: a seal kept elsewhere (register,
// log, QR code) tells nothing about any value, and whoever holds the salt holds
// the values anyway. A document from which values were removed for publication
// must lose its salt as well. The cost: when the salt itself is altered, no
// section can be compared, and all are reported.
//
// A digest is the first 16 bytes of the algorithm's hash – SHA-256, or SM3 for [SM2SM3] – over salt, path, kinds of the
// containers on the path, kind and value, each preceded by its length: enough to
// name what was altered, while the seal's Digest covers the whole document.
// Numbers count as written: 1.0 is not 1.
//
// The document is read strictly: UTF-8, no duplicate keys, nothing after it, at
// most 64 levels. No error quotes what the document says.
func JSONSections(algorithm string, doc []byte) ([]Section, error) {
	scheme, err := schemeNamed(algorithm)
	if err != nil {
		return nil, err
	}
	found, err := leaves(doc)
	if err != nil {
		return nil, err
	}
	salt, err := saltOf(found)
	if err != nil {
		return nil, err
	}
	sections := make([]Section, 0, len(found))
	for _, l := range found {
		sections = append(sections, Section{Name: l.path, Digest: l.digest(scheme.hash(), salt)})
	}
	return sections, nil
}

// A leaf is a value of a JSON document that holds no other value.
type leaf struct {
	path  string // RFC 6901
	shape string // of the containers on the path: "o" object, "a" array
	kind  string // string, number, bool, null, object, array
	value string
}

func (l leaf) digest(h hash.Hash, salt string) string {
	for _, field := range []string{"hedui section 1", salt, l.path, l.shape, l.kind, l.value} {
		writeField(h, field)
	}
	return hex.EncodeToString(h.Sum(nil)[:leafSize])
}

func saltOf(found []leaf) (string, error) {
	for _, l := range found {
		if l.path == "/"+SaltMember && l.shape == "o" && l.kind == "string" {
			if raw, err := hex.DecodeString(l.value); err != nil || len(raw) != saltSize || strings.ToLower(l.value) != l.value {
				break
			}
			return l.value, nil
		}
	}
	return "", fmt.Errorf("%w: document has no member %q of %d hexadecimal digits", ErrMalformed, SaltMember, 2*saltSize)
}
