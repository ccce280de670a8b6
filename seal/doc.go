// Package seal holds what Hedui knows of cryptography: keys, signatures,
// certificates, field encryption, blind indexes, and the detached seal of a
// report that names what was altered.
//
// # Algorithms by name
//
// Every key, seal and encrypted field says by name which algorithm made it, and
// an unknown name is an error, never a guess. Today there are "ed25519",
// "p256-sha256" and "aes-256-gcm"; a national algorithm (SM2 with SM3, SM4-GCM;
// GB/T 39786) is one more row in the table of schemes or ciphers.
//
// # What it refuses
//
// Key files that everyone may read, private keys in a trust file, PEM that is
// cut off, JSON with duplicate keys or trailing data, a CMS without signed
// attributes or with a digest other than SHA-256. Nothing here logs, and no
// error quotes a plain text, a key or a value of a document.
package seal

import "errors"

// What can be wrong with something signed, sealed or encrypted. Test with
// [errors.Is]; what a person must know beside it is in the wrapping text.
var (
	// ErrAlgorithm means that the named algorithm is not known here, or cannot do what was asked.
	ErrAlgorithm = errors.New("seal: unknown algorithm")
	// ErrSignature means that the signature value is wrong: the signed bytes or the signature were changed.
	ErrSignature = errors.New("seal: signature is wrong")
	// ErrUntrusted means that the signature may be right but its key is not one of the trusted keys.
	ErrUntrusted = errors.New("seal: signer's key is not trusted")
	// ErrDigest means that the content is not the content that was signed.
	ErrDigest = errors.New("seal: content differs from what was signed")
	// ErrValidity means that the time of signing lies outside the certificate's validity.
	ErrValidity = errors.New("seal: signed outside the validity of the certificate")
	// ErrMalformed means that the bytes are not in the form expected.
	ErrMalformed = errors.New("seal: malformed")
	// ErrDecrypt means that a box does not open: wrong key, wrong associated data, or changed bytes.
	ErrDecrypt = errors.New("seal: does not decrypt with this key and associated data")
	// ErrDestroyed means that the key was destroyed, or was never made.
	ErrDestroyed = errors.New("seal: key is destroyed")
)
