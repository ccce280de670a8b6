package seal

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"
)

func TestEncryptAndDecrypt(t *testing.T) {
	key, other := NewKey(), NewKey()
	bytesOf := rapid.SliceOf(rapid.Byte())
	rapid.Check(t, func(t *rapid.T) {
		aad, plain := bytesOf.Draw(t, "aad"), bytesOf.Draw(t, "plain")
		box, err := key.Encrypt(aad, plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := key.Decrypt(aad, box)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("Decrypt = %x, %v, want %x", got, err, plain)
		}
		if _, err := other.Decrypt(aad, box); !errors.Is(err, ErrDecrypt) {
			t.Errorf("other key: got %v, want ErrDecrypt", err)
		}
		if _, err := key.Decrypt(append(aad, 0), box); !errors.Is(err, ErrDecrypt) {
			t.Errorf("other associated data: got %v, want ErrDecrypt", err)
		}
		if again, _ := key.Encrypt(aad, plain); bytes.Equal(again, box) {
			t.Error("two boxes of one text are equal: the nonce is not random")
		}
	})
}

// keyFor makes a key of a cipher.
func keyFor(t *testing.T, algorithm string) Key {
	t.Helper()
	key, err := NewKeyFor(algorithm)
	if err != nil || key.Algorithm() != algorithm {
		t.Fatal(key.Algorithm(), err)
	}
	return key
}

func TestEveryFlippedByteBreaksABox(t *testing.T) {
	for _, algorithm := range Ciphers() {
		t.Run(algorithm, func(t *testing.T) { testFlippedBox(t, algorithm) })
	}
}

func testFlippedBox(t *testing.T, algorithm string) {
	key := keyFor(t, algorithm)
	box, err := key.Encrypt([]byte("case/1"), []byte("张三"))
	if err != nil {
		t.Fatal(err)
	}
	if name, err := box.Algorithm(); name != algorithm || err != nil {
		t.Errorf("Algorithm() = %q, %v", name, err)
	}
	for i := range box {
		want := ErrDecrypt
		if i == 0 {
			want = ErrAlgorithm
		}
		changed := flip(box, i)
		if i == 0 && changed[0] != 0 && changed[0] != 3 { // the mark of the other cipher
			want = ErrDecrypt
		}
		if _, err := key.Decrypt([]byte("case/1"), changed); !errors.Is(err, want) {
			t.Errorf("byte %d flipped: got %v, want %v", i, err, want)
		}
	}
	for n := range box {
		if _, err := key.Decrypt([]byte("case/1"), box[:n]); err == nil {
			t.Errorf("cut to %d bytes: no error", n)
		}
	}
	if _, err := Box(nil).Algorithm(); !errors.Is(err, ErrMalformed) {
		t.Errorf("empty box: got %v, want ErrMalformed", err)
	}
}

func TestWrap(t *testing.T) {
	for _, algorithm := range Ciphers() {
		for _, inner := range Ciphers() {
			t.Run(algorithm+" around "+inner, func(t *testing.T) { testWrap(t, algorithm, inner) })
		}
	}
}

func testWrap(t *testing.T, algorithm, inner string) {
	master, caseKey := keyFor(t, algorithm), keyFor(t, inner)
	box, err := caseKey.Encrypt(nil, []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := master.Wrap([]byte("case/1"), caseKey)
	if err != nil {
		t.Fatal(err)
	}
	unwrapped, err := master.Unwrap([]byte("case/1"), wrapped)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := unwrapped.Decrypt(nil, box); string(got) != "text" || err != nil {
		t.Errorf("unwrapped key decrypts %q, %v", got, err)
	}
	if got := unwrapped.Algorithm(); got != algorithm { // it goes on in the cipher of what keeps it
		t.Errorf("the unwrapped key writes with %s, want %s", got, algorithm)
	}
	if _, err := master.Unwrap([]byte("case/2"), wrapped); !errors.Is(err, ErrDecrypt) {
		t.Errorf("wrapped key of another case: got %v, want ErrDecrypt", err)
	}
	if _, err := master.Decrypt([]byte("case/1"), wrapped); !errors.Is(err, ErrDecrypt) {
		t.Errorf("wrapped key taken for a field: got %v, want ErrDecrypt", err)
	}
}

func TestDestroyedKey(t *testing.T) {
	key, live := NewKey(), NewKey()
	box, err := key.Encrypt(nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	raw := key.h.m.raw
	twin := key
	key.Destroy()
	key.Destroy()
	Key{}.Destroy()
	if !bytes.Equal(raw, make([]byte, keySize)) {
		t.Error("the secret was not overwritten")
	}
	for name, k := range map[string]Key{"destroyed": key, "copy": twin, "zero": {}} {
		_, err1 := k.Encrypt(nil, nil)
		_, err2 := k.Decrypt(nil, box)
		_, err3 := k.Wrap(nil, live)
		_, err4 := live.Wrap(nil, k)
		_, err5 := k.Unwrap(nil, box)
		_, err6 := Blind(k, "d", "x")
		err7 := k.Save(filepath.Join(t.TempDir(), "key"))
		for i, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
			if !errors.Is(err, ErrDestroyed) {
				t.Errorf("%s key, use %d: got %v, want ErrDestroyed", name, i+1, err)
			}
		}
	}
}

func TestBlind(t *testing.T) {
	key, other := NewKey(), NewKey()
	blind := func(k Key, domain, text string) string {
		got, err := Blind(k, domain, text)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	// The definition, once more and by hand.
	mac := hmac.New(sha256.New, key.h.m.blind)
	mac.Write([]byte("\x00\x00\x00\x00\x00\x00\x00\x06idcardx"))
	if got, want := blind(key, "idcard", "x"), hex.EncodeToString(mac.Sum(nil)); got != want {
		t.Errorf("Blind = %s, want %s", got, want)
	}
	seen := map[string]bool{}
	for _, index := range []string{
		blind(key, "idcard", "x"), blind(key, "name", "x"), blind(key, "idcard", "y"),
		blind(other, "idcard", "x"), blind(key, "idcardx", ""), blind(key, "", "idcardx"),
	} {
		if seen[index] {
			t.Error("two different inputs have one blind index")
		}
		seen[index] = true
	}
}

func TestSecretKeyFile(t *testing.T) {
	key, path := NewKey(), filepath.Join(t.TempDir(), "master.key")
	if err := key.Save(path); err != nil {
		t.Fatal(err)
	}
	wantMode(t, path, 0o600)
	box, err := key.Encrypt(nil, []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadKey(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := loaded.Decrypt(nil, box); string(got) != "x" || err != nil {
		t.Errorf("loaded key decrypts %q, %v", got, err)
	}
	if err := NewKey().Save(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second save: got %v, want ErrExist", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		data []byte
		want error
	}{
		"another algorithm": {bytes.Replace(data, []byte("aes-256-gcm"), []byte("sm9-gcm"), 1), ErrAlgorithm},
		"cut off":           {data[:40], ErrMalformed},
		"short":             {[]byte("-----BEGIN HEDUI SECRET KEY-----\nAlgorithm: aes-256-gcm\n\nAAAA\n-----END HEDUI SECRET KEY-----\n"), ErrMalformed},
	} {
		if _, err := parseKey(test.data); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	key := NewKey()
	f.Add([]byte(nil), []byte(nil))
	f.Add([]byte("aad"), append([]byte{1}, make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, aad, box []byte) {
		if _, err := key.Decrypt(aad, box); err == nil {
			t.Error("opened a box it did not make")
		}
		if _, err := key.Unwrap(aad, box); err == nil {
			t.Error("unwrapped a key it did not wrap")
		}
	})
}

// eachCipher runs a benchmark with a key of every cipher.
func eachCipher(b *testing.B, run func(b *testing.B, key Key)) {
	for _, algorithm := range Ciphers() {
		key, err := NewKeyFor(algorithm)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(algorithm, func(b *testing.B) { run(b, key) })
	}
}

func BenchmarkEncrypt(b *testing.B) {
	eachCipher(b, func(b *testing.B, key Key) {
		for b.Loop() {
			if _, err := key.Encrypt([]byte("member/idcard"), []byte("330200199001011237")); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkBlind(b *testing.B) {
	eachCipher(b, func(b *testing.B, key Key) {
		for b.Loop() {
			if _, err := Blind(key, "idcard", "330200199001011237"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkUnwrap(b *testing.B) {
	eachCipher(b, func(b *testing.B, master Key) {
		box, err := master.Wrap(nil, master)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			key, err := master.Unwrap(nil, box)
			if err == nil {
				_, err = key.Encrypt(nil, nil) // what the cipher needs is made with the first use
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
