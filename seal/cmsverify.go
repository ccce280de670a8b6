package seal

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/smallstep/pkcs7"
)

// maxCMS bounds what is parsed; ours has about 900 bytes.
const maxCMS = 64 << 10

// Signed says who signed, and when by the signer's own clock.
type Signed struct {
	KeyID string
	Name  string // common name in the certificate that came with the signature
	At    time.Time
}

// VerifyCMS checks a detached CMS signature of everything content yields. The
// zero bytes with which a PDF fills up its /Contents may follow it. The error is
// [ErrMalformed] or [ErrAlgorithm] (not a CMS as [SignCMS] makes it), [ErrDigest]
// (the content was changed), [ErrValidity], [ErrSignature] (the signature, what
// it covers, or anything else about it was changed) or [ErrUntrusted]. Signed is
// empty with any error but ErrUntrusted, where it says whose key that is, and the
// ErrSignature of a message that was changed outside its own signature.
func VerifyCMS(content io.Reader, cms []byte, trust *Trust) (Signed, error) {
	cms, err := trimCMS(cms)
	if err != nil {
		return Signed{}, err
	}
	if isGM(cms) {
		return verifyGM(content, cms, trust)
	}
	message, cert, err := parseCMS(cms)
	if err != nil {
		return Signed{}, err
	}
	signed, err := readAttributes(message, cert)
	if err != nil {
		return Signed{}, err
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, content); err != nil {
		return Signed{}, fmt.Errorf("seal: read signed content: %w", err)
	}
	message.Hasher = known(digest.Sum(nil))
	if err := explain(message.Verify()); err != nil {
		return Signed{}, err
	}
	// The KeyID only finds the key; it is the whole key that must be the same.
	entry, ok := trust.find(signed.KeyID)
	if !ok || entry.key.spki != string(cert.RawSubjectPublicKeyInfo) {
		return signed, ErrUntrusted
	}
	return signed, asWritten(cms, cert, message, signed)
}

// asWritten holds a valid CMS against the bytes that [SignCMS] would write. Much
// of a CMS lies outside its own signature, and no byte of a sealed file may be
// altered unnoticed.
func asWritten(cms []byte, cert *x509.Certificate, message *pkcs7.PKCS7, signed Signed) error {
	var digest []byte
	if err := message.UnmarshalSignedAttribute(pkcs7.OIDAttributeMessageDigest, &digest); err != nil {
		return fmt.Errorf("%w: CMS: signed attributes: %w", ErrMalformed, err)
	}
	form, err := cmsFormOf(P256SHA256)
	if err != nil {
		return err
	}
	attributes, err := signedAttributes(form, cert, digest, signed.At)
	if err != nil {
		return err
	}
	again, err := encodeCMS(form, cert, attributes, message.Signers[0].EncryptedDigest)
	if err != nil {
		return err
	}
	if !bytes.Equal(cms, again) {
		return fmt.Errorf("%w: CMS: outside the signature it is not as it was written", ErrSignature)
	}
	return nil
}

// parseCMS reads a message with exactly one signer, whose certificate came along.
func parseCMS(der []byte) (*pkcs7.PKCS7, *x509.Certificate, error) {
	message, err := pkcs7.Parse(der)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: CMS: %w", ErrMalformed, err)
	}
	if len(message.Signers) != 1 || len(message.Content) != 0 {
		return nil, nil, fmt.Errorf("%w: CMS: want one signer and no content", ErrMalformed)
	}
	cert := message.GetOnlySigner()
	if cert == nil {
		return nil, nil, fmt.Errorf("%w: CMS: signer's certificate is missing", ErrMalformed)
	}
	signer := message.Signers[0]
	if !signer.DigestAlgorithm.Algorithm.Equal(pkcs7.OIDDigestAlgorithmSHA256) {
		return nil, nil, fmt.Errorf("%w: CMS digest %v, want SHA-256", ErrAlgorithm, signer.DigestAlgorithm.Algorithm)
	}
	if !signer.DigestEncryptionAlgorithm.Algorithm.Equal(oidECDSAWithSHA256) {
		return nil, nil, fmt.Errorf("%w: CMS signature %v, want ECDSA with SHA-256", ErrAlgorithm, signer.DigestEncryptionAlgorithm.Algorithm)
	}
	return message, cert, nil
}

// trimCMS cuts the zero padding off one DER value and refuses any other trailer,
// which the library would pass over.
func trimCMS(cms []byte) ([]byte, error) {
	if len(cms) > maxCMS {
		return nil, fmt.Errorf("%w: CMS of %d bytes", ErrMalformed, len(cms))
	}
	var value asn1.RawValue
	rest, err := asn1.Unmarshal(cms, &value)
	if err != nil {
		return nil, fmt.Errorf("%w: CMS: %w", ErrMalformed, err)
	}
	if len(bytes.Trim(rest, "\x00")) > 0 {
		return nil, fmt.Errorf("%w: CMS: trailing data", ErrMalformed)
	}
	return value.FullBytes, nil
}

// readAttributes wants all signed attributes. Without them the signature would be
// over the content itself, and attributes could be passed off as content.
func readAttributes(message *pkcs7.PKCS7, cert *x509.Certificate) (Signed, error) {
	var (
		kind   asn1.ObjectIdentifier
		digest []byte
		at     time.Time
		named  signingCertificate
	)
	err := errors.Join(
		message.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &kind),
		message.UnmarshalSignedAttribute(pkcs7.OIDAttributeMessageDigest, &digest),
		message.UnmarshalSignedAttribute(pkcs7.OIDAttributeSigningTime, &at),
		message.UnmarshalSignedAttribute(oidSigningCertificateV2(), &named))
	if err != nil {
		return Signed{}, fmt.Errorf("%w: CMS: signed attributes: %w", ErrMalformed, err)
	}
	if !kind.Equal(pkcs7.OIDData) || len(digest) != sha256.Size {
		return Signed{}, fmt.Errorf("%w: CMS: signed attributes are not those of SHA-256 over data", ErrMalformed)
	}
	fingerprint := sha256.Sum256(cert.Raw)
	if len(named.Certificates) == 0 || !bytes.Equal(named.Certificates[0].Hash, fingerprint[:]) {
		return Signed{}, fmt.Errorf("%w: another certificate than the one signed with came along", ErrSignature)
	}
	return Signed{KeyID: keyID(cert.RawSubjectPublicKeyInfo), Name: cert.Subject.CommonName, At: at.UTC()}, nil
}

// explain turns the library's errors into ours.
func explain(err error) error {
	var (
		mismatch *pkcs7.MessageDigestMismatchError
		late     *pkcs7.SigningTimeNotValidError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mismatch):
		return ErrDigest
	case errors.As(err, &late):
		return ErrValidity
	default:
		return ErrSignature
	}
}

// known is a digest computed beforehand, so that content can be a stream.
type known []byte

// Hash implements [pkcs7.Hasher].
func (k known) Hash(hash crypto.Hash, _ io.Reader) ([]byte, error) {
	if hash != crypto.SHA256 {
		return nil, ErrAlgorithm
	}
	return k, nil
}
