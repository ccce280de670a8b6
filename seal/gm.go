package seal

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// The algorithms of Chinese commercial cryptography (商用密码), which the standard
// library does not know: SM2 (GB/T 32918), SM3 (GB/T 32905), SM4 (GB/T 32907).

// SM2SM3 is SM2 with SM3 and the default identity of the signer, 1234567812345678
// (GM/T 0009-2012), signatures in DER.
const SM2SM3 = "sm2-sm3"

func sm2Scheme() scheme {
	return scheme{
		name:     SM2SM3,
		hash:     sm3.New,
		generate: func() (crypto.Signer, error) { return sm2.GenerateKey(rand.Reader) },
		owns: func(k crypto.PublicKey) bool {
			key, ok := k.(*ecdsa.PublicKey)
			return ok && key.Curve == sm2.P256()
		},
		sign: func(k crypto.Signer, message []byte) ([]byte, error) {
			digest, err := sm2Digest(k.Public(), message)
			if err != nil {
				return nil, err
			}
			return k.Sign(rand.Reader, digest, nil)
		},
		verify: func(k crypto.PublicKey, message, signature []byte) bool {
			key, ok := k.(*ecdsa.PublicKey)
			digest, err := sm2Digest(key, message)
			return ok && err == nil && sm2.VerifyASN1(key, digest, signature)
		},
	}
}

// sm2Digest is SM3 over the signer's identity, curve and key, and the message (GB/T
// 32918.2, section 6.1). The library's own way there refuses an empty message.
func sm2Digest(key crypto.PublicKey, message []byte) ([]byte, error) {
	public, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, ErrAlgorithm
	}
	return sm2.CalculateSM2Hash(public, message, nil)
}

// The standard library is asked first, so that nothing changes for its keys.

func marshalPublic(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return smx509.MarshalPKIXPublicKey(key)
	}
	return der, nil
}

func parsePublic(der []byte) (crypto.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		if gm, err := smx509.ParsePKIXPublicKey(der); err == nil {
			return gm, nil
		}
	}
	return key, err
}

func marshalPrivate(key crypto.Signer) ([]byte, error) {
	if gm, ok := key.(*sm2.PrivateKey); ok {
		return smx509.MarshalPKCS8PrivateKey(gm)
	}
	return x509.MarshalPKCS8PrivateKey(key)
}

func parsePrivate(der []byte) (any, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if gm, err := smx509.ParsePKCS8PrivateKey(der); err == nil {
			return gm, nil
		}
	}
	return key, err
}

func createCertificate(t *x509.Certificate, key crypto.Signer) ([]byte, error) {
	if _, ok := key.(*sm2.PrivateKey); ok {
		gm := &smx509.Certificate{Subject: t.Subject, NotBefore: t.NotBefore, NotAfter: t.NotAfter, KeyUsage: smx509.KeyUsage(t.KeyUsage),
			BasicConstraintsValid: t.BasicConstraintsValid, SubjectKeyId: t.SubjectKeyId}
		return smx509.CreateCertificate(rand.Reader, gm, gm, key.Public(), key)
	}
	return x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
}

// ParseCertificate reads a certificate of any algorithm known here. Of one with SM2,
// which the standard library cannot read, it fills in what names it, its key, its
// span and its use.
func ParseCertificate(der []byte) (*x509.Certificate, error) {
	cert, err := x509.ParseCertificate(der)
	if err == nil {
		return cert, nil
	}
	gm, gmErr := smx509.ParseCertificate(der)
	if gmErr != nil {
		return nil, fmt.Errorf("%w: not a certificate: %w", ErrMalformed, err)
	}
	return &x509.Certificate{
		Raw: gm.Raw, RawTBSCertificate: gm.RawTBSCertificate, RawSubjectPublicKeyInfo: gm.RawSubjectPublicKeyInfo, RawSubject: gm.RawSubject, RawIssuer: gm.RawIssuer,
		Signature: gm.Signature, PublicKey: gm.PublicKey, Version: gm.Version, SerialNumber: gm.SerialNumber, Issuer: gm.Issuer, Subject: gm.Subject,
		NotBefore: gm.NotBefore, NotAfter: gm.NotAfter, KeyUsage: x509.KeyUsage(gm.KeyUsage), BasicConstraintsValid: gm.BasicConstraintsValid, IsCA: gm.IsCA,
		SubjectKeyId: gm.SubjectKeyId, AuthorityKeyId: gm.AuthorityKeyId,
	}, nil
}
