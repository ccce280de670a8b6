package seal

import (
	"bytes"
	"encoding/asn1"
	"fmt"
	"io"
	"time"

	"github.com/smallstep/pkcs7"
)

// The library that reads a CMS does not know SM2. But a CMS counts only if it is,
// byte for byte, what [SignCMS] writes; so one with SM2 is taken apart, its parts are
// checked, and it is written again.

// gmMessage reads a CMS of ours, or nothing.
func gmMessage(cms []byte) (cmsMessage, bool) {
	var m cmsMessage
	rest, err := asn1.Unmarshal(cms, &m)
	form, _ := cmsFormOf(SM2SM3) // is known
	return m, err == nil && len(rest) == 0 && len(m.Content.Signers) == 1 && m.Content.Signers[0].Digest.Algorithm.Equal(form.digest)
}

func isGM(cms []byte) bool {
	_, ok := gmMessage(cms)
	return ok
}

// verifyGM is [VerifyCMS] for a CMS with SM3; the errors are the same.
func verifyGM(content io.Reader, cms []byte, trust *Trust) (Signed, error) {
	form, err := cmsFormOf(SM2SM3)
	if err != nil {
		return Signed{}, err
	}
	message, _ := gmMessage(cms)
	signer := message.Content.Signers[0]
	if !signer.Algorithm.Algorithm.Equal(form.signature) {
		return Signed{}, fmt.Errorf("%w: CMS signature %v, want SM2 with SM3", ErrAlgorithm, signer.Algorithm.Algorithm)
	}
	cert, err := ParseCertificate(message.Content.Certificates.Bytes)
	if err != nil {
		return Signed{}, fmt.Errorf("%w: CMS: signer's certificate: %w", ErrMalformed, err)
	}
	key, err := newPublicKey(cert.PublicKey)
	if err != nil || key.Algorithm() != SM2SM3 {
		return Signed{}, fmt.Errorf("%w: CMS with SM3 by a key that is none of SM2", ErrAlgorithm)
	}
	if len(signer.Attributes.FullBytes) == 0 {
		return Signed{}, fmt.Errorf("%w: CMS: no signed attributes", ErrMalformed)
	}
	attributes := append([]byte(nil), signer.Attributes.FullBytes...)
	attributes[0] = 0x31 // signed as a SET: RFC 5652 section 5.4
	at, claimed, err := timeAndDigest(attributes)
	if err != nil {
		return Signed{}, err
	}
	h := form.hash()
	if _, err := io.Copy(h, content); err != nil {
		return Signed{}, fmt.Errorf("seal: read signed content: %w", err)
	}
	want, err := signedAttributes(form, cert, claimed, at)
	switch {
	case err != nil:
		return Signed{}, err
	case !bytes.Equal(want, attributes), key.Verify(attributes, signer.Signature) != nil:
		return Signed{}, ErrSignature
	case !bytes.Equal(claimed, h.Sum(nil)):
		return Signed{}, ErrDigest
	case at.Before(cert.NotBefore) || at.After(cert.NotAfter):
		return Signed{}, ErrValidity
	}
	signed := Signed{KeyID: key.KeyID(), Name: cert.Subject.CommonName, At: at.UTC()}
	entry, ok := trust.find(signed.KeyID)
	if !ok || !entry.key.Equal(key) {
		return signed, ErrUntrusted
	}
	again, err := encodeCMS(form, cert, attributes, signer.Signature)
	if err != nil {
		return signed, err
	}
	if !bytes.Equal(again, cms) {
		return signed, fmt.Errorf("%w: CMS: outside the signature it is not as it was written", ErrSignature)
	}
	return signed, nil
}

// timeAndDigest are two of the signed attributes; the others follow from them.
func timeAndDigest(attributes []byte) (at time.Time, digest []byte, err error) {
	var list []struct {
		Type   asn1.ObjectIdentifier
		Values asn1.RawValue `asn1:"set"`
	}
	if rest, err := asn1.UnmarshalWithParams(attributes, &list, "set"); err != nil || len(rest) > 0 {
		return at, nil, fmt.Errorf("%w: CMS: signed attributes", ErrMalformed)
	}
	for _, a := range list {
		switch {
		case a.Type.Equal(pkcs7.OIDAttributeSigningTime):
			_, err = asn1.Unmarshal(a.Values.Bytes, &at)
		case a.Type.Equal(pkcs7.OIDAttributeMessageDigest):
			_, err = asn1.Unmarshal(a.Values.Bytes, &digest)
		}
		if err != nil {
			return at, nil, fmt.Errorf("%w: CMS: signed attributes: %w", ErrMalformed, err)
		}
	}
	if at.IsZero() || len(digest) == 0 {
		return at, nil, fmt.Errorf("%w: CMS: signed attributes are not those of a signature over data", ErrMalformed)
	}
	return at, digest, nil
}
