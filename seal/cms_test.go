package seal

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"
)

func sealedAt() time.Time { return time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC) }

func selfSigned(t testing.TB, key *PrivateKey, office string) *x509.Certificate {
	t.Helper()
	cert, err := SelfSigned(key, office, sealedAt().AddDate(-1, 0, 0), sealedAt().AddDate(5, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func signCMS(t testing.TB, key *PrivateKey, cert *x509.Certificate, content []byte) []byte {
	t.Helper()
	cms, err := SignCMS(key, cert, bytes.NewReader(content), sealedAt())
	if err != nil {
		t.Fatal(err)
	}
	return cms
}

func trustOf(t testing.TB, keys ...*PrivateKey) *Trust {
	t.Helper()
	trust := &Trust{}
	for _, key := range keys {
		if err := trust.add(trusted{key: key.Public()}); err != nil {
			t.Fatal(err)
		}
	}
	return trust
}

func TestSelfSigned(t *testing.T) {
	key := newTestKey(t, P256SHA256)
	cert := selfSigned(t, key, "宁波市海曙区居民家庭经济状况核对中心 & Co. 𠮷")
	if got, want := cert.Subject.CommonName, "宁波市海曙区居民家庭经济状况核对中心 & Co. 𠮷"; got != want {
		t.Errorf("common name = %q, want %q", got, want)
	}
	if err := cert.CheckSignature(cert.SignatureAlgorithm, cert.RawTBSCertificate, cert.Signature); err != nil {
		t.Errorf("self-signature: %v", err)
	}
	if cert.IsCA || cert.KeyUsage&x509.KeyUsageCertSign != 0 {
		t.Error("certificate may issue others")
	}
	if again := selfSigned(t, key, "x"); again.SerialNumber.Cmp(cert.SerialNumber) == 0 || cert.SerialNumber.BitLen() < 64 {
		t.Errorf("serial number %v is not random", cert.SerialNumber)
	}
	path := filepath.Join(t.TempDir(), "cert.pem")
	if err := SaveCertificate(path, cert); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadCertificate(path); err != nil || !got.Equal(cert) {
		t.Errorf("LoadCertificate = %v", err)
	}
	for _, name := range []string{"", strings.Repeat("区", 65), "a\nb", "\xff"} {
		if _, err := SelfSigned(key, name, sealedAt(), sealedAt().AddDate(1, 0, 0)); err == nil {
			t.Errorf("name of %d bytes: no error", len(name))
		}
	}
	if _, err := SelfSigned(key, "x", sealedAt(), sealedAt()); err == nil {
		t.Error("empty validity: no error")
	}
}

// cmsAlgorithms are those that have a CMS.
func cmsAlgorithms() []string { return []string{P256SHA256, SM2SM3} }

func TestCMS(t *testing.T) {
	for _, algorithm := range cmsAlgorithms() {
		t.Run(algorithm, func(t *testing.T) { testCMS(t, algorithm) })
	}
}

func testCMS(t *testing.T, algorithm string) {
	key, other := newTestKey(t, algorithm), newTestKey(t, algorithm)
	cert := selfSigned(t, key, "海曙区核对中心")
	content := []byte("content of a report")
	cms := signCMS(t, key, cert, content)
	long, _ := asn1.Marshal(bytes.Repeat([]byte{1}, maxCMS))
	renamed := selfSigned(t, key, "另一个机构")
	tests := []struct {
		name    string
		content []byte
		cms     []byte
		trust   *Trust
		want    error
	}{
		{"right", content, cms, trustOf(t, other, key), nil},
		{"padded as in a PDF", content, append(bytes.Clone(cms), make([]byte, 100)...), trustOf(t, key), nil},
		{"content differs", []byte("content of a rEport"), cms, trustOf(t, key), ErrDigest},
		{"empty content", nil, cms, trustOf(t, key), ErrDigest},
		{"signature differs", content, flip(cms, len(cms)-1), trustOf(t, key), ErrSignature},
		{"another key", content, cms, trustOf(t, other), ErrUntrusted},
		{"nobody trusted", content, cms, nil, ErrUntrusted},
		{"nothing", content, nil, trustOf(t, key), ErrMalformed},
		{"cut off", content, cms[:len(cms)-1], trustOf(t, key), ErrMalformed},
		{"trailing data", content, append(bytes.Clone(cms), 1), trustOf(t, key), ErrMalformed},
		{"too long", content, long, trustOf(t, key), ErrMalformed},
		{"no CMS", content, cert.Raw, trustOf(t, key), ErrMalformed},
		{"another name put on the key", content, rename(t, cms, cert, renamed), trustOf(t, key), ErrSignature},
		{"signing time after the certificate", content, signCMSAt(t, key, cert, content, cert.NotAfter.AddDate(1, 0, 0)), trustOf(t, key), ErrValidity},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := VerifyCMS(bytes.NewReader(test.content), test.cms, test.trust)
			if !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			want := Signed{}
			if err == nil || errors.Is(err, ErrUntrusted) {
				want = Signed{KeyID: key.KeyID(), Name: "海曙区核对中心", At: sealedAt()}
			}
			if got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

// rename puts another certificate of the same key into a signature.
func rename(t *testing.T, cms []byte, from, to *x509.Certificate) []byte {
	t.Helper()
	var message cmsMessage
	if _, err := asn1.Unmarshal(cms, &message); err != nil {
		t.Fatal(err)
	}
	attributes, err1 := signedAttributesOf(cms)
	key, err2 := newPublicKey(to.PublicKey)
	form, err3 := cmsFormOf(key.Algorithm())
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	forged, err := encodeCMS(form, to, attributes, message.Content.Signers[0].Signature)
	if err != nil || from.Equal(to) {
		t.Fatal(err, "or the certificates are the same")
	}
	return forged
}

func signedAttributesOf(cms []byte) ([]byte, error) {
	var message cmsMessage
	if _, err := asn1.Unmarshal(cms, &message); err != nil {
		return nil, err
	}
	attributes := bytes.Clone(message.Content.Signers[0].Attributes.FullBytes)
	attributes[0] = 0x31 // SET OF
	return attributes, nil
}

// signCMSAt does not look whether the certificate was valid.
func signCMSAt(t *testing.T, key *PrivateKey, cert *x509.Certificate, content []byte, at time.Time) []byte {
	t.Helper()
	late := *cert
	late.NotAfter = at.AddDate(1, 0, 0)
	cms, err := SignCMS(key, &late, bytes.NewReader(content), at)
	if err != nil {
		t.Fatal(err)
	}
	return cms
}

func TestEveryFlippedBitOfACMS(t *testing.T) {
	for _, algorithm := range cmsAlgorithms() {
		t.Run(algorithm, func(t *testing.T) { testEveryFlippedBit(t, algorithm) })
	}
}

func testEveryFlippedBit(t *testing.T, algorithm string) {
	key := newTestKey(t, algorithm)
	content, trust := []byte("report"), trustOf(t, key)
	cms := signCMS(t, key, selfSigned(t, key, "核对中心"), content)
	want := Signed{KeyID: key.KeyID(), Name: "核对中心", At: sealedAt()}
	for i := range cms {
		for bit := range 8 {
			flipped := bytes.Clone(cms)
			flipped[i] ^= 1 << bit
			// Version numbers and the like lie outside the signature; what is said may not change.
			if got, err := VerifyCMS(bytes.NewReader(content), flipped, trust); err == nil && got != want {
				t.Errorf("byte %d bit %d flipped: got %v, want %v or an error", i, bit, got, want)
			}
		}
	}
	for i := range content {
		if _, err := VerifyCMS(bytes.NewReader(flip(content, i)), cms, trust); !errors.Is(err, ErrDigest) {
			t.Errorf("content byte %d flipped: got %v, want ErrDigest", i, err)
		}
	}
}

func TestCMSRefusesOtherForms(t *testing.T) {
	key := newTestKey(t, P256SHA256)
	cert := selfSigned(t, key, "x")
	content := []byte("report")
	library := func(change func(*pkcs7.SignedData) error) []byte {
		data, err := pkcs7.NewSignedData(content)
		if err == nil {
			err = change(data)
		}
		if err != nil {
			t.Fatal(err)
		}
		cms, err := data.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return cms
	}
	private := key.key()
	tests := []struct {
		name string
		cms  []byte
		want error
	}{
		{"SHA-1", library(func(d *pkcs7.SignedData) error {
			defer d.Detach()
			return d.AddSigner(cert, private, pkcs7.SignerInfoConfig{})
		}), ErrAlgorithm},
		{"no attributes", library(func(d *pkcs7.SignedData) error {
			defer d.Detach()
			d.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
			return d.SignWithoutAttr(cert, private, pkcs7.SignerInfoConfig{})
		}), ErrMalformed},
		{"certificate not signed along", library(func(d *pkcs7.SignedData) error {
			defer d.Detach()
			d.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
			return d.AddSigner(cert, private, pkcs7.SignerInfoConfig{})
		}), ErrMalformed},
		{"content inside", library(func(d *pkcs7.SignedData) error {
			d.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
			return d.AddSigner(cert, private, pkcs7.SignerInfoConfig{})
		}), ErrMalformed},
		{"nobody signed", library(func(d *pkcs7.SignedData) error { d.Detach(); return nil }), ErrMalformed},
	}
	for _, test := range tests {
		if _, err := VerifyCMS(bytes.NewReader(content), test.cms, trustOf(t, key)); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

func TestSignCMSRefuses(t *testing.T) {
	key, edwards := newTestKey(t, P256SHA256), newTestKey(t, Ed25519)
	cert := selfSigned(t, key, "x")
	if _, err := SignCMS(edwards, selfSigned(t, edwards, "x"), strings.NewReader(""), sealedAt()); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("ed25519: got %v, want ErrAlgorithm", err)
	}
	if _, err := SignCMS(newTestKey(t, P256SHA256), cert, strings.NewReader(""), sealedAt()); err == nil {
		t.Error("certificate of another key: no error")
	}
	if _, err := SignCMS(key, cert, strings.NewReader(""), cert.NotBefore.Add(-time.Second)); !errors.Is(err, ErrValidity) {
		t.Errorf("too early: got %v, want ErrValidity", err)
	}
}

// TestOpenSSLReadsOurCMS asks an implementation that shares no code with ours.
func TestOpenSSLReadsOurCMS(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	key := newTestKey(t, P256SHA256)
	cert := selfSigned(t, key, "海曙区核对中心")
	dir := t.TempDir()
	files := map[string][]byte{"content": []byte("report"), "cms": signCMS(t, key, cert, []byte("report")), "cert": CertificatePEM(cert)}
	for name, data := range files {
		if err := writeNew(filepath.Join(dir, name), data, ownerOnly); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), openssl, "cms", "-verify", "-cades", "-inform", "DER", "-in", "cms", "-content", "content",
		"-binary", "-CAfile", "cert", "-purpose", "any", "-no_check_time", "-out", "out")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("openssl: %v\n%s", err, out)
	}
}

func FuzzVerifyCMS(f *testing.F) {
	f.Add(readTestdata(f, "report.cms"))
	trust, err := ParseTrust(readTestdata(f, "trust.pem"))
	if err != nil {
		f.Fatal(err)
	}
	content := readTestdata(f, "report.json")
	want, err := VerifyCMS(bytes.NewReader(content), readTestdata(f, "report.cms"), trust)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, cms []byte) {
		if got, err := VerifyCMS(bytes.NewReader(content), cms, trust); err == nil && got != want {
			t.Errorf("a changed CMS says %v, want %v", got, want)
		}
	})
}
