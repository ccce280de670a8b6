package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func readTestdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTrustFile(t *testing.T) {
	a, b := newTestKey(t, Ed25519), newTestKey(t, P256SHA256)
	cert := selfSigned(t, b, "海曙区核对中心")
	file := bytes.Join([][]byte{
		[]byte("# 海曙区\n"), a.Public().PEM(), []byte("\n# 鄞州区\n"), b.Public().PEM(), CertificatePEM(cert), []byte("# end\n"),
	}, nil)
	path := filepath.Join(t.TempDir(), "trust.pem")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	trust, err := LoadTrust(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := trust.KeyIDs(), []string{a.KeyID(), b.KeyID()}; !slices.Equal(got, want) {
		t.Errorf("KeyIDs() = %v, want %v", got, want)
	}
	signature, err := b.Sign([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := trust.Verifier(b.KeyID())
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify([]byte("x"), signature); err != nil {
		t.Errorf("Verify: %v", err)
	}
	if got, ok := trust.Certificate(b.KeyID()); !ok || !got.Equal(cert) {
		t.Errorf("Certificate(b) = %v, %t", got, ok)
	}
	if _, ok := trust.Certificate(a.KeyID()); ok {
		t.Error("Certificate(a) is there, but only its bare key was given")
	}
	for _, empty := range []*Trust{nil, {}} {
		if _, err := empty.Verifier(a.KeyID()); !errors.Is(err, ErrUntrusted) {
			t.Errorf("empty trust: got %v, want ErrUntrusted", err)
		}
	}
}

func TestTrustFileRefuses(t *testing.T) {
	key := newTestKey(t, Ed25519)
	path := filepath.Join(t.TempDir(), "key")
	if err := key.Save(path); err != nil {
		t.Fatal(err)
	}
	private, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	public := key.Public().PEM()
	_, foreign := foreignPEM(t)
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, "no PEM block"},
		{"private key", append(bytes.Clone(public), private...), `PEM block 2: seal: malformed: "PRIVATE KEY" does not belong`},
		{"second cut off", append(bytes.Clone(public), public[:50]...), "2 PEM blocks begin, 1 can be read"},
		{"broken certificate", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "not a certificate"},
		{"broken key", []byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "not a public key"},
		{"another algorithm", foreign, "unknown algorithm"},
	}
	for _, test := range tests {
		if _, err := ParseTrust(test.data); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
	if _, err := NewTrust(PublicKey{}); !errors.Is(err, ErrMalformed) {
		t.Errorf("zero key: got %v, want ErrMalformed", err)
	}
}

func FuzzParseTrust(f *testing.F) {
	f.Add(readTestdata(f, "trust.pem"))
	f.Add(bytes.Replace(readTestdata(f, "trust.pem"), []byte("PUBLIC"), []byte("PRIVATE"), 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		trust, err := ParseTrust(data)
		if err == nil && len(trust.KeyIDs()) == 0 {
			t.Error("accepted a file without keys")
		}
		if key, err := ParsePrivate(data); err == nil && key.KeyID() == "" {
			t.Error("private key without KeyID")
		}
		if key, err := parseKey(data); err == nil && key.h == nil {
			t.Error("key without secret")
		}
	})
}
