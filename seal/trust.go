package seal

import (
	"crypto/x509"
	"fmt"
)

// Trust is the set of public keys whose signatures count. A nil or zero Trust
// trusts nobody. It does not change once made, so it may be shared.
type Trust struct {
	ids  []string // in the order of the file
	keys map[string]trusted
}

type trusted struct {
	key         PublicKey
	certificate *x509.Certificate // nil if only the bare key is given
}

// NewTrust trusts the given keys.
func NewTrust(keys ...PublicKey) (*Trust, error) {
	t := &Trust{}
	for _, key := range keys {
		if err := t.add(trusted{key: key}); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// ParseTrust reads one or more public keys and certificates in PEM; text between
// the blocks is a comment. A private key in a trust file is an error.
//
// A certificate is trusted for the key it holds, now and later: its validity
// bounds the time of signing (see [VerifyCMS]), not the time of checking, since
// a report must stay checkable when the certificate has run out.
func ParseTrust(data []byte) (*Trust, error) {
	blocks, err := pemBlocks(data)
	if err != nil {
		return nil, err
	}
	t := &Trust{}
	for i, block := range blocks {
		entry, err := parseTrusted(block.Type, block.Bytes)
		if err == nil {
			err = t.add(entry)
		}
		if err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", i+1, err)
		}
	}
	return t, nil
}

// LoadTrust reads a trust file; see [ParseTrust].
func LoadTrust(path string) (*Trust, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	t, err := ParseTrust(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func parseTrusted(kind string, der []byte) (trusted, error) {
	switch kind {
	case pemPublic:
		key, err := publicFromDER(der)
		return trusted{key: key}, err
	case pemCertificate:
		cert, err := ParseCertificate(der)
		if err != nil {
			return trusted{}, err
		}
		key, err := newPublicKey(cert.PublicKey)
		return trusted{key: key, certificate: cert}, err
	default:
		return trusted{}, fmt.Errorf("%w: %q does not belong in a trust file, only public keys and certificates do", ErrMalformed, kind)
	}
}

func (t *Trust) add(entry trusted) error {
	id := entry.key.KeyID()
	if id == "" {
		return fmt.Errorf("%w: empty public key", ErrMalformed)
	}
	known, ok := t.keys[id]
	switch {
	case !ok:
		if t.keys == nil {
			t.keys = map[string]trusted{}
		}
		t.ids = append(t.ids, id)
		t.keys[id] = entry
	case !known.key.Equal(entry.key):
		return fmt.Errorf("%w: two different keys with KeyID %s", ErrMalformed, id)
	case known.certificate == nil:
		t.keys[id] = entry
	}
	return nil
}

// Verifier returns the trusted key with that KeyID, or [ErrUntrusted].
func (t *Trust) Verifier(keyID string) (Verifier, error) {
	entry, ok := t.find(keyID)
	if !ok {
		return nil, ErrUntrusted
	}
	return entry.key, nil
}

// Certificate returns the certificate the trust file gives for that KeyID, if any.
func (t *Trust) Certificate(keyID string) (*x509.Certificate, bool) {
	entry, _ := t.find(keyID)
	return entry.certificate, entry.certificate != nil
}

// KeyIDs returns the trusted keys in the order of the file.
func (t *Trust) KeyIDs() []string {
	if t == nil {
		return nil
	}
	return append([]string(nil), t.ids...)
}

func (t *Trust) find(keyID string) (trusted, bool) {
	if t == nil {
		return trusted{}, false
	}
	entry, ok := t.keys[keyID]
	return entry, ok
}
