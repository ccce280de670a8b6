package report

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"hedui/seal"
)

func altered(r Result) []string {
	var names []string
	for _, a := range r.Altered {
		names = append(names, a.Name)
	}
	return names
}

func verify(t testing.TB, file, detached []byte, trust *seal.Trust) Result {
	t.Helper()
	r, err := Verify(file, detached, trust)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerifyJSONNamesWhatWasAltered(t *testing.T) {
	key, _, trust := testKey(t)
	s := sealed(t, wang(t), key)
	detached, _ := s.Detached()
	other := sealed(t, func() Input { in := li(t); in.Salt = strings.Repeat("9", 32); return in }(), key)
	otherSeal, _ := other.Detached()
	_, _, strangers := testKey(t)
	replace := func(old, by string) []byte {
		if !bytes.Contains(s.JSON, []byte(old)) {
			t.Fatalf("report lacks %q", old)
		}
		return bytes.Replace(s.JSON, []byte(old), []byte(by), 1)
	}
	tests := []struct {
		name     string
		file     []byte
		detached []byte
		trust    *seal.Trust
		verdict  Verdict
		altered  []string
	}{
		{"untouched", s.JSON, detached, trust, Valid, nil},
		{"a finding's kind", replace(`"kind": "UNDECLARED"`, `"kind": "EXPLAINED"`), detached, trust, Altered, []string{"/findings/0/kind"}},
		{"an amount", replace(`"property_found": "300000.00"`, `"property_found": "0.00"`), detached, trust, Altered, []string{"/totals/property_found"}},
		{"a member of the family", replace("王建国", "王建军"), detached, trust, Altered, nil},
		{"white space only", replace("\n  \"title\"", "\n   \"title\""), detached, trust, Altered, []string{seal.WholeDocument}},
		{"cut off", s.JSON[:len(s.JSON)/2], detached, trust, Truncated, nil},
		{"added to", append(bytes.Clone(s.JSON), "{}"...), detached, trust, Extended, nil},
		{"no seal", s.JSON, nil, trust, Unsealed, nil},
		{"seal cut off", s.JSON, detached[:100], trust, Malformed, nil},
		{"seal of another report", s.JSON, otherSeal, trust, Mismatch, nil},
		{"a stranger's key", s.JSON, detached, strangers, Untrusted, nil},
		{"nobody trusted", s.JSON, detached, nil, Untrusted, nil},
		{"seal altered", s.JSON, bytes.Replace(detached, []byte(`"sealed_at": "2013`), []byte(`"sealed_at": "2014`), 1), trust, Forged, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := verify(t, tt.file, tt.detached, tt.trust)
			if r.Verdict != tt.verdict || tt.altered != nil && !slices.Equal(altered(r), tt.altered) {
				t.Errorf("got %s %q, want %s %q", r.Verdict, altered(r), tt.verdict, tt.altered)
			}
		})
	}
}

// positions are a sample of a file: its ends in full, and some bytes between.
func positions(n, some int) []int {
	list := []int{0, 1, n / 2, n - 2, n - 1}
	r := rand.New(rand.NewPCG(1, 2))
	for range some {
		list = append(list, r.IntN(n))
	}
	return list
}

func TestEveryAlteredByteOfAJSONReportIsSeen(t *testing.T) {
	key, _, trust := testKey(t)
	s := sealed(t, wang(t), key)
	detached, _ := s.Detached()
	for _, i := range positions(len(s.JSON), 300) {
		bad := bytes.Clone(s.JSON)
		bad[i] ^= 1 << (i % 8)
		if r, err := Verify(bad, detached, trust); err == nil && r.Valid() {
			t.Errorf("byte %d: altered, and found valid", i)
		}
	}
}

func TestVerifyRefusesWhatIsNoReport(t *testing.T) {
	for _, file := range [][]byte{nil, []byte("hello"), {0xff, 0xfe}} {
		if _, err := Verify(file, nil, nil); err == nil {
			t.Errorf("%d bytes: got no error", len(file))
		}
	}
	if _, err := Verify(make([]byte, MaxFile+1), nil, nil); err == nil {
		t.Error("too large: got no error")
	}
}

func FuzzVerify(f *testing.F) {
	key, sign, trust := testKey(f)
	s := sealed(f, wang(f), key)
	detached, _ := s.Detached()
	f.Add(s.JSON, detached)
	f.Add([]byte("{}"), []byte("{}"))
	f.Add([]byte("%PDF-1.3\n/ByteRange [0 1 2 3]"), []byte(nil))
	f.Add([]byte("%PDF-1.3\n"+sealHead+"9>>\nstream\n"), []byte(nil))
	if pdf, err := PDF(s, firstCopy, sign); err == nil {
		f.Add(pdf[len(pdf)-20000:], []byte(nil))
		f.Add(pdf, []byte(nil))
	}
	f.Fuzz(func(t *testing.T, file, detached []byte) {
		r, err := Verify(file, detached, trust)
		if err == nil && r.Valid() && !bytes.Equal(file, s.JSON) && !bytes.HasPrefix(file, []byte("%PDF-")) {
			t.Error("something else was found valid")
		}
	})
}
