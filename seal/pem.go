package seal

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"fmt"
)

const (
	pemPrivate     = "PRIVATE KEY"
	pemPublic      = "PUBLIC KEY"
	pemCertificate = "CERTIFICATE"
	pemSecret      = "HEDUI SECRET KEY"
)

// Save writes the private key to a new file, as PKCS#8 in PEM, readable by its
// owner only. It never replaces a file: the error is then [os.ErrExist].
func (k *PrivateKey) Save(path string) error {
	der, err := marshalPrivate(k.key())
	if err != nil {
		return fmt.Errorf("seal: encode private key: %w", err)
	}
	defer clear(der)
	return writeNew(path, pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: der}), ownerOnly)
}

// LoadPrivate reads what [PrivateKey.Save] wrote.
func LoadPrivate(path string) (*PrivateKey, error) {
	data, err := readSecret(path)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	key, err := ParsePrivate(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// ParsePrivate reads one PKCS#8 private key in PEM.
func ParsePrivate(data []byte) (*PrivateKey, error) {
	block, err := onlyBlock(data, pemPrivate)
	if err != nil {
		return nil, err
	}
	defer clear(block.Bytes)
	key, err := parsePrivate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: not a PKCS#8 private key", ErrMalformed) // the cause may quote bytes of the key
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%w: a %T cannot sign", ErrAlgorithm, key)
	}
	return newPrivateKey(signer)
}

// PEM returns the public key as a PEM block (SubjectPublicKeyInfo).
func (p PublicKey) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: []byte(p.spki)})
}

// Save writes the public key to a new file that everyone may read.
func (p PublicKey) Save(path string) error { return writeNew(path, p.PEM(), everyone) }

// ParsePublic reads one public key in PEM.
func ParsePublic(data []byte) (PublicKey, error) {
	block, err := onlyBlock(data, pemPublic)
	if err != nil {
		return PublicKey{}, err
	}
	return publicFromDER(block.Bytes)
}

// LoadPublic reads one public key from a PEM file.
func LoadPublic(path string) (PublicKey, error) {
	data, err := readFile(path)
	if err != nil {
		return PublicKey{}, err
	}
	key, err := ParsePublic(data)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

func publicFromDER(der []byte) (PublicKey, error) {
	key, err := parsePublic(der)
	if err != nil {
		return PublicKey{}, fmt.Errorf("%w: not a public key: %w", ErrMalformed, err)
	}
	return newPublicKey(key)
}

// onlyBlock returns the single PEM block of a file that must hold just that.
func onlyBlock(data []byte, kind string) (*pem.Block, error) {
	blocks, err := pemBlocks(data)
	switch {
	case err != nil:
		return nil, err
	case len(blocks) != 1:
		return nil, fmt.Errorf("%w: %d PEM blocks, want one %s", ErrMalformed, len(blocks), kind)
	case blocks[0].Type != kind:
		return nil, fmt.Errorf("%w: PEM block %q, want %q", ErrMalformed, blocks[0].Type, kind)
	}
	return blocks[0], nil
}

// pemBlocks decodes all blocks. Text around them is a comment, but a block that
// does not decode is an error: encoding/pem would skip it without a word.
func pemBlocks(data []byte) ([]*pem.Block, error) {
	var blocks []*pem.Block
	begun := bytes.Count(data, []byte("-----BEGIN "))
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		blocks = append(blocks, block)
		data = rest
	}
	if len(blocks) != begun {
		return nil, fmt.Errorf("%w: %d PEM blocks begin, %d can be read", ErrMalformed, begun, len(blocks))
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("%w: no PEM block", ErrMalformed)
	}
	return blocks, nil
}
