package seal

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"hash"
	"io"
	"math/big"
	"time"

	"github.com/smallstep/pkcs7"
)

// A cmsForm is all that differs between the algorithms in a CMS.
type cmsForm struct {
	algorithm         string
	digest, signature asn1.ObjectIdentifier
}

// cmsForms are the forms known here: that of PDF readers, and that of GM/T 0006-2012
// (SM3 1.2.156.10197.1.401, SM2 with SM3 1.2.156.10197.1.501) in the same structure.
func cmsForms() []cmsForm {
	sm3 := asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 401}
	return []cmsForm{
		{P256SHA256, pkcs7.OIDDigestAlgorithmSHA256, oidECDSAWithSHA256},
		{SM2SM3, sm3, asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 501}},
	}
}

func cmsFormOf(algorithm string) (cmsForm, error) {
	for _, f := range cmsForms() {
		if f.algorithm == algorithm {
			return f, nil
		}
	}
	return cmsForm{}, fmt.Errorf("%w: CMS with %s; use %s or %s", ErrAlgorithm, algorithm, P256SHA256, SM2SM3)
}

// hash is the form's hash, which its algorithm has.
func (f cmsForm) hash() hash.Hash {
	s, _ := schemeNamed(f.algorithm) // both are known
	return s.hash()
}

// fingerprint is the digest of a certificate in the form's hash.
func (f cmsForm) fingerprint(cert *x509.Certificate) []byte {
	h := f.hash()
	_, _ = h.Write(cert.Raw) // a hash does not fail
	return h.Sum(nil)
}

// oidECDSAWithSHA256 is ecdsa-with-SHA256 of RFC 5758, written without parameters.
var oidECDSAWithSHA256 = pkcs7.OIDDigestAlgorithmECDSASHA256

// oidSigningCertificateV2 is id-aa-signingCertificateV2 of RFC 5035.
func oidSigningCertificateV2() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
}

// The structures of RFC 5652 that a detached signature needs. They are written
// here and only read with the library: its signer stamps the machine's clock
// and wants the private key itself, where the time is an argument here and a
// [Signer] may be a security module.
type (
	cmsMessage struct {
		Type    asn1.ObjectIdentifier
		Content cmsSignedData `asn1:"explicit,tag:0"`
	}
	cmsSignedData struct {
		Version          int
		DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
		Content          cmsNoContent
		Certificates     asn1.RawValue
		Signers          []cmsSigner `asn1:"set"`
	}
	cmsNoContent struct{ Type asn1.ObjectIdentifier }
	cmsSigner    struct {
		Version    int
		ID         cmsSignerID
		Digest     pkix.AlgorithmIdentifier
		Attributes asn1.RawValue
		Algorithm  pkix.AlgorithmIdentifier
		Signature  []byte
	}
	cmsSignerID struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	cmsAttribute struct {
		Type   asn1.ObjectIdentifier
		Values []any `asn1:"set"`
	}
	// signingCertificate is SigningCertificateV2 of RFC 5035 § 3, with the default SHA-256.
	signingCertificate struct{ Certificates []certificateID }
	certificateID      struct{ Hash []byte }
	// namedCertificates is the same with the hash named, which the default is not.
	namedCertificates struct{ Certificates []namedCertificate }
	namedCertificate  struct {
		Algorithm pkix.AlgorithmIdentifier
		Hash      []byte
	}
)

// SignCMS returns a detached CMS signature (RFC 5652, DER) of everything content
// yields, with SHA-256 – or SM3, see cmsForms – and the signed attributes content type, message digest,
// signing time and signing certificate (so that nobody can put another name on
// the key: the certificate itself lies outside the signature), as a PDF's adbe.pkcs7.detached wants it (ISO 32000-1 § 12.8.3.3).
// The certificate must be the signer's own and valid at that time; the time is
// kept to the second. Of [P256SHA256] and [SM2SM3], which have a form, most PDF readers know
// only the first.
func SignCMS(signer Signer, cert *x509.Certificate, content io.Reader, at time.Time) ([]byte, error) {
	form, err := cmsFormOf(signer.Algorithm())
	if err != nil {
		return nil, err
	}
	if id := keyID(cert.RawSubjectPublicKeyInfo); id != signer.KeyID() {
		return nil, fmt.Errorf("seal: certificate is for key %s, signer is %s", id, signer.KeyID())
	}
	at = at.UTC().Truncate(time.Second)
	if at.Before(cert.NotBefore) || at.After(cert.NotAfter) {
		return nil, ErrValidity
	}
	hash := form.hash()
	if _, err := io.Copy(hash, content); err != nil {
		return nil, fmt.Errorf("seal: read content to sign: %w", err)
	}
	attributes, err := signedAttributes(form, cert, hash.Sum(nil), at)
	if err != nil {
		return nil, err
	}
	signature, err := signer.Sign(attributes)
	if err != nil {
		return nil, err
	}
	return encodeCMS(form, cert, attributes, signature)
}

// signedAttributes returns the DER of the SET OF Attribute that is signed.
func signedAttributes(form cmsForm, cert *x509.Certificate, digest []byte, at time.Time) ([]byte, error) {
	var named any = signingCertificate{[]certificateID{{form.fingerprint(cert)}}}
	if form.algorithm != P256SHA256 {
		named = namedCertificates{[]namedCertificate{{pkix.AlgorithmIdentifier{Algorithm: form.digest}, form.fingerprint(cert)}}}
	}
	der, err := asn1.MarshalWithParams([]cmsAttribute{
		{pkcs7.OIDAttributeContentType, []any{pkcs7.OIDData}},
		{pkcs7.OIDAttributeMessageDigest, []any{digest}},
		{pkcs7.OIDAttributeSigningTime, []any{at}},
		{oidSigningCertificateV2(), []any{named}},
	}, "set")
	if err != nil {
		return nil, fmt.Errorf("seal: encode signed attributes: %w", err)
	}
	return der, nil
}

func encodeCMS(form cmsForm, cert *x509.Certificate, attributes, signature []byte) ([]byte, error) {
	digest := pkix.AlgorithmIdentifier{Algorithm: form.digest}
	// Signed as a SET, the attributes are sent under the implicit tag [0]: RFC 5652 § 5.4.
	implicit := append([]byte(nil), attributes...)
	implicit[0] = 0xA0
	der, err := asn1.Marshal(cmsMessage{
		Type: pkcs7.OIDSignedData,
		Content: cmsSignedData{
			Version:          1,
			DigestAlgorithms: []pkix.AlgorithmIdentifier{digest},
			Content:          cmsNoContent{pkcs7.OIDData},
			Certificates:     asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: cert.Raw},
			Signers: []cmsSigner{{
				Version:    1,
				ID:         cmsSignerID{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber},
				Digest:     digest,
				Attributes: asn1.RawValue{FullBytes: implicit},
				Algorithm:  pkix.AlgorithmIdentifier{Algorithm: form.signature},
				Signature:  signature,
			}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("seal: encode CMS: %w", err)
	}
	return der, nil
}
