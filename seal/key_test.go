package seal

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func newTestKey(t testing.TB, algorithm string) *PrivateKey {
	t.Helper()
	key, err := Generate(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSignAndVerify(t *testing.T) {
	for _, algorithm := range Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			key, other := newTestKey(t, algorithm), newTestKey(t, algorithm)
			if got := key.Algorithm(); got != algorithm {
				t.Errorf("Algorithm() = %q, want %q", got, algorithm)
			}
			rapid.Check(t, func(t *rapid.T) {
				message := rapid.SliceOf(rapid.Byte()).Draw(t, "message")
				signature, err := key.Sign(message)
				if err != nil {
					t.Fatal(err)
				}
				if err := key.Public().Verify(message, signature); err != nil {
					t.Errorf("own signature: %v", err)
				}
				if err := other.Public().Verify(message, signature); !errors.Is(err, ErrSignature) {
					t.Errorf("other key: got %v, want ErrSignature", err)
				}
				if err := key.Public().Verify(append(message, 0), signature); !errors.Is(err, ErrSignature) {
					t.Errorf("longer message: got %v, want ErrSignature", err)
				}
			})
		})
	}
}

func TestEveryFlippedByteBreaksASignature(t *testing.T) {
	message := []byte("核对报告")
	for _, algorithm := range Algorithms() {
		key := newTestKey(t, algorithm)
		signature, err := key.Sign(message)
		if err != nil {
			t.Fatal(err)
		}
		for i := range signature {
			if err := key.Public().Verify(message, flip(signature, i)); !errors.Is(err, ErrSignature) {
				t.Errorf("%s: byte %d flipped: got %v, want ErrSignature", algorithm, i, err)
			}
		}
		for i := range message {
			if err := key.Public().Verify(flip(message, i), signature); !errors.Is(err, ErrSignature) {
				t.Errorf("%s: message byte %d flipped: got %v, want ErrSignature", algorithm, i, err)
			}
		}
	}
}

func flip(data []byte, i int) []byte {
	flipped := append([]byte(nil), data...)
	flipped[i] ^= 1
	return flipped
}

func TestUnknownAlgorithm(t *testing.T) {
	_, err := Generate("sm9-sm3")
	if !errors.Is(err, ErrAlgorithm) || !strings.Contains(err.Error(), `"sm9-sm3"; known are ed25519, p256-sha256, sm2-sm3`) {
		t.Errorf("got %v, want ErrAlgorithm naming the unknown and the known", err)
	}
	if err := (PublicKey{}).Verify(nil, nil); !errors.Is(err, ErrUntrusted) {
		t.Errorf("zero PublicKey verifies: got %v, want ErrUntrusted", err)
	}
}

func TestKeyFiles(t *testing.T) {
	for _, algorithm := range Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			key, dir := newTestKey(t, algorithm), t.TempDir()
			private, public := filepath.Join(dir, "office.key"), filepath.Join(dir, "office.pub")
			if err := errors.Join(key.Save(private), key.Public().Save(public)); err != nil {
				t.Fatal(err)
			}
			wantMode(t, private, 0o600)
			loaded, err := LoadPrivate(private)
			if err != nil {
				t.Fatal(err)
			}
			trusted, err := LoadPublic(public)
			if err != nil {
				t.Fatal(err)
			}
			if !loaded.Public().Equal(key.Public()) || !trusted.Equal(key.Public()) {
				t.Error("loaded key differs from the saved one")
			}
			if err := key.Save(private); !errors.Is(err, fs.ErrExist) {
				t.Errorf("second save: got %v, want ErrExist", err)
			}
			if err := os.Chmod(public, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadPrivate(public); !errors.Is(err, ErrMalformed) {
				t.Errorf("public file as private: got %v, want ErrMalformed", err)
			}
			if _, err := LoadPublic(private); !errors.Is(err, ErrMalformed) {
				t.Errorf("private file as public: got %v, want ErrMalformed", err)
			}
		})
	}
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want && runtime.GOOS != "windows" {
		t.Errorf("mode of %s = %04o, want %04o", filepath.Base(path), got, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.key")
	if err := newTestKey(t, Ed25519).Save(good); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	foreign, _ := foreignPEM(t)
	tests := []struct {
		name string
		data []byte
		mode fs.FileMode
		want string
	}{
		{"open to everyone", data, 0o644, "open to every user"},
		{"empty", nil, 0o600, "is empty"},
		{"no PEM", []byte("hello"), 0o600, "no PEM block"},
		{"cut off", data[:len(data)-10], 0o600, "1 PEM blocks begin, 0 can be read"},
		{"two keys", append(append([]byte{}, data...), data...), 0o600, "2 PEM blocks"},
		{"another algorithm", foreign, 0o600, "unknown algorithm: ECDSA key over P-384; known are"},
		{"not PKCS#8", []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), 0o600, "not a PKCS#8"},
		{"too large", make([]byte, maxFile+1), 0o600, "larger than"},
	}
	for i, test := range tests {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := errors.Join(os.WriteFile(path, test.data, 0o600), os.Chmod(path, test.mode)); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadPrivate(path); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
	if _, err := LoadPrivate(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: got %v, want ErrNotExist", err)
	}
}

// foreignPEM makes a key pair of an algorithm that is not known here.
func foreignPEM(t testing.TB) (private, public []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der1, err1 := x509.MarshalPKCS8PrivateKey(key)
	der2, err2 := x509.MarshalPKIXPublicKey(key.Public())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: der1}), pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: der2})
}

func TestSecretsDoNotPrint(t *testing.T) {
	private := newTestKey(t, Ed25519)
	symmetric := NewKey()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
		if got, want := fmt.Sprintf(verb, private), "private key(ed25519 "+private.KeyID()+")"; got != want {
			t.Errorf("%s of a private key = %s, want %s", verb, got, want)
		}
		if got := fmt.Sprintf(verb, symmetric); got != "key(…)" {
			t.Errorf("%s of a key = %s, want key(…)", verb, got)
		}
		// fmt cannot call methods on unexported fields: it must find addresses only.
		nested := struct {
			k Key
			s *PrivateKey
			v PrivateKey
		}{symmetric, private, *private}
		got := fmt.Sprintf(verb, nested) + fmt.Sprintf(verb, &nested)
		for _, secret := range [][]byte{symmetric.h.m.raw, symmetric.h.m.blind, private.key().(ed25519.PrivateKey)} {
			for _, form := range []string{"%v", "%d", "%x", "%X", "%q", "%#v"} {
				if bare := strings.Trim(fmt.Sprintf(form, secret[:6]), "[]byte{}\""); strings.Contains(got, bare) {
					t.Errorf("%s of a struct holding keys prints a secret as %s", verb, form)
				}
			}
		}
	}
	if got := private.LogValue().String() + symmetric.LogValue().String(); !strings.HasSuffix(got, "key(…)") {
		t.Errorf("LogValue = %s", got)
	}
	if got := fmt.Sprint((*PrivateKey)(nil)); got != "private key(none)" {
		t.Errorf("nil private key prints %s", got)
	}
}
