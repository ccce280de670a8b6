package seal

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxCommonName is ub-common-name of RFC 5280, in characters.
const maxCommonName = 64

// SelfSigned makes a certificate in which the sealing office vouches for its own
// key: PDF readers show the name, and whoever trusts the key trusts the name.
// The serial number is random. The certificate can sign documents and nothing
// else; it can issue no other certificate.
func SelfSigned(key *PrivateKey, office string, notBefore, notAfter time.Time) (*x509.Certificate, error) {
	if err := checkName(office); err != nil {
		return nil, err
	}
	if !notBefore.Before(notAfter) {
		return nil, fmt.Errorf("seal: certificate would end before it begins")
	}
	ski := sha256.Sum256([]byte(key.Public().spki))
	template := &x509.Certificate{ // CreateCertificate draws the serial number: RFC 5280 § 4.1.2.2
		Subject:               pkix.Name{CommonName: office},
		NotBefore:             notBefore.UTC(),
		NotAfter:              notAfter.UTC(),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		BasicConstraintsValid: true,
		SubjectKeyId:          ski[:20],
	}
	der, err := createCertificate(template, key.key())
	if err != nil {
		return nil, fmt.Errorf("seal: make certificate: %w", err)
	}
	cert, err := ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("seal: read back certificate: %w", err)
	}
	return cert, nil
}

func checkName(name string) error {
	n := utf8.RuneCountInString(name)
	if n == 0 || n > maxCommonName || !utf8.ValidString(name) {
		return fmt.Errorf("seal: office name in a certificate must be 1 to %d characters of UTF-8, not %d", maxCommonName, n)
	}
	for _, r := range name {
		if unicode.IsControl(r) {
			return fmt.Errorf("seal: office name in a certificate holds a control character")
		}
	}
	return nil
}

// CertificatePEM returns the certificate as a PEM block, as a trust file takes it.
func CertificatePEM(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: cert.Raw})
}

// SaveCertificate writes the certificate to a new file that everyone may read.
func SaveCertificate(path string, cert *x509.Certificate) error {
	return writeNew(path, CertificatePEM(cert), everyone)
}

// LoadCertificate reads one certificate from a PEM file.
func LoadCertificate(path string) (*x509.Certificate, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	block, err := onlyBlock(data, pemCertificate)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	cert, err := ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cert, nil
}
