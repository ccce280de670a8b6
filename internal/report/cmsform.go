package report

import (
	"bytes"
	"io"

	"github.com/smallstep/pkcs7"

	"hedui/seal"
)

// A replay is a signer that gives a signature it was given.
type replay struct {
	keyID     string
	signature []byte
}

// Algorithm implements [seal.Signer].
func (replay) Algorithm() string { return seal.P256SHA256 }

// KeyID implements [seal.Signer].
func (r replay) KeyID() string { return r.keyID }

// Sign implements [seal.Signer].
func (r replay) Sign([]byte) ([]byte, error) { return r.signature, nil }

// asWritten reports whether a valid CMS is byte for byte the one that
// seal.SignCMS would write. Much of a CMS lies outside its own signature, and no
// byte of a sealed file may be altered unnoticed.
func asWritten(cms []byte, content io.Reader, signed seal.Signed) bool {
	message, err := pkcs7.Parse(bytes.TrimRight(cms, "\x00"))
	if err != nil {
		message, err = pkcs7.Parse(cms) // a signature may end in a zero byte
	}
	if err != nil || len(message.Signers) != 1 || message.GetOnlySigner() == nil {
		return false
	}
	signer := replay{signed.KeyID, message.Signers[0].EncryptedDigest}
	again, err := seal.SignCMS(signer, message.GetOnlySigner(), content, signed.At)
	return err == nil && len(again) <= len(cms) && bytes.Equal(cms[:len(again)], again) && len(bytes.Trim(cms[len(again):], "\x00")) == 0
}
