package seal

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
)

func goldenTrust(t *testing.T) *Trust {
	t.Helper()
	trust, err := ParseTrust(readTestdata(t, "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func TestGoldenSignatures(t *testing.T) {
	trust := goldenTrust(t)
	seen := 0
	for line := range strings.Lines(string(readTestdata(t, "signatures.txt"))) {
		field := strings.Fields(line)
		if len(field) != 4 || field[0] == "#" {
			continue
		}
		seen++
		message, err1 := hex.DecodeString(field[2])
		signature, err2 := hex.DecodeString(field[3])
		verifier, err3 := trust.Verifier(field[1])
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatal(err1, err2, err3)
		}
		if got := verifier.Algorithm(); got != field[0] {
			t.Errorf("key %s is %s, want %s", field[1], got, field[0])
		}
		if err := verifier.Verify(message, signature); err != nil {
			t.Errorf("%s: %v", field[0], err)
		}
	}
	if want := len(Algorithms()); seen != want {
		t.Errorf("%d golden signatures, want one per algorithm, %d", seen, want)
	}
}

func TestGoldenSeals(t *testing.T) {
	trust, doc := goldenTrust(t), readTestdata(t, "report.json")
	for _, algorithm := range Algorithms() {
		s, err := DecodeSeal(readTestdata(t, "report."+algorithm+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CheckJSON(doc, trust); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
		if s.Algorithm != algorithm || s.Subject != "核对〔2026〕000001号/1" || !s.SealedAt.Equal(sealedAt()) {
			t.Errorf("%s: seal is of %s by %s at %v", algorithm, s.Subject, s.Algorithm, s.SealedAt)
		}
	}
}

func TestGoldenCMS(t *testing.T) {
	for _, name := range []string{"report.cms", "report.sm2-sm3.cms"} {
		got, err := VerifyCMS(bytes.NewReader(readTestdata(t, "report.json")), readTestdata(t, name), goldenTrust(t))
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != "海曙区居民家庭经济状况核对中心" || !got.At.Equal(sealedAt()) {
			t.Errorf("%s: signed by %s at %v", name, got.Name, got.At)
		}
	}
}
