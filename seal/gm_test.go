package seal

import (
	"bytes"
	"crypto/cipher"
	"encoding/asn1"
	"encoding/hex"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// GB/T 32918.5-2017, annex A.2: the curve, the identity 1234567812345678 and the message
// "message digest".
func TestTheSignatureOfTheStandardIsRight(t *testing.T) {
	number := func(text string) *big.Int { return new(big.Int).SetBytes(unhex(t, text)) }
	point, err := sm2.NewPublicKey(unhex(t, "04 09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020 CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := newPublicKey(point)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := asn1.Marshal(struct{ R, S *big.Int }{number("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"), number("B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := sm2Digest(public.key, []byte("message digest"))
	if want := unhex(t, "F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640"); err != nil || !bytes.Equal(digest, want) {
		t.Errorf("e is %x %v, want %x", digest, err, want)
	}
	if err := public.Verify([]byte("message digest"), signature); err != nil || public.Algorithm() != SM2SM3 {
		t.Errorf("%s: %v", public.Algorithm(), err)
	}
}

// GB/T 32905-2016, annex A; GB/T 32907-2016, annex A.1; RFC 8998, appendix A.1.
func TestHashAndCipherOfTheStandardsAreRight(t *testing.T) {
	for message, want := range map[string]string{
		"abc":                      "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
		strings.Repeat("abcd", 16): "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732",
	} {
		if got, err := Digest(SM2SM3, []byte(message)); err != nil || got != want {
			t.Errorf("SM3 of %q: %s %v", message, got, err)
		}
	}
	text := unhex(t, "0123456789abcdeffedcba9876543210")
	block, err := sm4.NewCipher(text)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 16)
	if block.Encrypt(got, text); !bytes.Equal(got, unhex(t, "681edf34d206965e86b3e94f536e4246")) {
		t.Errorf("SM4: %x", got)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	sealed := gcm.Seal(nil, unhex(t, "00001234567800000000ABCD"),
		unhex(t, "AAAAAAAAAAAAAAAABBBBBBBBBBBBBBBBCCCCCCCCCCCCCCCCDDDDDDDDDDDDDDDDEEEEEEEEEEEEEEEEFFFFFFFFFFFFFFFFEEEEEEEEEEEEEEEEAAAAAAAAAAAAAAAA"),
		unhex(t, "FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2"))
	if want := unhex(t, "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D83DE3541E4C2B58177E065A9BF7B62EC"); !bytes.Equal(sealed, want) {
		t.Errorf("SM4-GCM: %x", sealed)
	}
}

// A key of one cipher reads what the other has written with its secret, and the blind
// indexes of the two have nothing in common.
func TestCiphersOfOneSecretAreApart(t *testing.T) {
	raw := bytes.Repeat([]byte{7}, keySize)
	aes, err1 := newKey(bytes.Clone(raw), AES256GCM)
	gm, err2 := newKey(bytes.Clone(raw), SM4GCM)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	box, err := gm.Encrypt([]byte("aad"), []byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := aes.Decrypt([]byte("aad"), box); err != nil || string(plain) != "text" {
		t.Errorf("%q %v", plain, err)
	}
	one, err1 := Blind(aes, "d", "x")
	other, err2 := Blind(gm, "d", "x")
	if err1 != nil || err2 != nil || one == other {
		t.Errorf("blind indexes %s %s %v %v", one, other, err1, err2)
	}
	if sm3.Size != 32 {
		t.Error("SM3 has another size")
	}
}

// OpenSSL shares no code with the library and takes its signatures.
func TestOpenSSLReadsOurSM2(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("HEDUI_TEST_TOOLS") != "" {
			t.Fatal("openssl is not installed")
		}
		t.Skip("openssl is not installed")
	}
	key := newTestKey(t, SM2SM3)
	signature, err := key.Sign([]byte("report"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"content": []byte("report"), "sig": signature, "pub.pem": key.Public().PEM(), "cert.pem": CertificatePEM(selfSigned(t, key, "核对中心"))} {
		if err := writeNew(filepath.Join(dir, name), data, ownerOnly); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"pkeyutl", "-verify", "-pubin", "-inkey", "pub.pem", "-rawin", "-digest", "sm3", "-in", "content", "-sigfile", "sig", "-pkeyopt", "distid:1234567812345678"},
		{"verify", "-CAfile", "cert.pem", "-no_check_time", "-vfyopt", "distid:1234567812345678", "cert.pem"},
	} {
		cmd := exec.CommandContext(t.Context(), openssl, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("openssl %s: %v\n%s", args[0], err, out)
		}
	}
}
