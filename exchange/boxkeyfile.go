package exchange

import (
	"bytes"
	"crypto/ecdh"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"hedui/seal"
)

const (
	pemPrivate = "PRIVATE KEY"
	pemPublic  = "PUBLIC KEY"
	maxKeyFile = 1 << 14
)

// Save writes the key to a new file (PKCS#8 in PEM, RFC 8410), readable by its
// owner only, and returns when it is on disk. It never replaces a file: the error
// is then [os.ErrExist].
func (k *BoxKey) Save(path string) error {
	if k == nil || k.key == nil {
		return fmt.Errorf("%w: no key to save", ErrKey)
	}
	var der []byte
	var err error
	if s := k.key(); s.gm != nil {
		der, err = smx509.MarshalPKCS8PrivateKey(s.gm)
	} else {
		der, err = x509.MarshalPKCS8PrivateKey(s.ecdh)
	}
	if err != nil {
		return errors.New("exchange: encode private key")
	}
	data := pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: der})
	defer clear(data)
	defer clear(der)
	if err := seal.WriteSecret(path, data); err != nil {
		return fmt.Errorf("exchange: write key file: %w", err)
	}
	return nil
}

// LoadBox reads what [BoxKey.Save] wrote. A file that every user may read is refused.
func LoadBox(path string) (*BoxKey, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("exchange: read key file: %w", err)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0:
		return nil, fmt.Errorf("exchange: %s holds a secret but is open to every user (mode %04o); chmod 600 it", path, info.Mode().Perm())
	case info.Size() > maxKeyFile:
		return nil, fmt.Errorf("%w: %s is larger than a key file can be", ErrMalformed, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("exchange: read key file: %w", err)
	}
	defer clear(data)
	key, err := parseBox(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func parseBox(data []byte) (*BoxKey, error) {
	der, err := onlyBlock(data, pemPrivate)
	if err != nil {
		return nil, err
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if other, err := smx509.ParsePKCS8PrivateKey(der); err == nil {
			if key, ok := other.(*sm2.PrivateKey); ok {
				return newGMBoxKey(key)
			}
		}
		return nil, fmt.Errorf("%w: not a PKCS#8 private key", ErrMalformed) // the cause may quote bytes of the key
	}
	key, ok := parsed.(*ecdh.PrivateKey)
	if !ok || key.Curve() != ecdh.X25519() {
		return nil, fmt.Errorf("%w: a %T, want a key of X25519 or SM2", ErrKey, parsed)
	}
	return newBoxKey(key)
}

// onlyBlock returns the bytes of the one PEM block of that type.
func onlyBlock(data []byte, kind string) ([]byte, error) {
	block, rest := pem.Decode(data)
	if block == nil || block.Type != kind || len(block.Headers) != 0 || bytes.Contains(rest, []byte("-----BEGIN")) {
		return nil, fmt.Errorf("%w: want one PEM block %s", ErrMalformed, kind)
	}
	return block.Bytes, nil
}
