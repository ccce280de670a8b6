package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const smallReport = `{"salt":"000102030405060708090a0b0c0d0e0f","number":"HD-1","findings":[{"kind":"UNDECLARED","yuan":1.50},{"kind":null}],"notes":[],"final":true}`

func sealJSON(t testing.TB, signer Signer, doc string) Seal {
	t.Helper()
	sections, err := JSONSections(P256SHA256, []byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	s, err := MakeSeal(signer, "HD-1/1", sealedAt(), []byte(doc), sections)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSONSections(t *testing.T) {
	sections, err := JSONSections(P256SHA256, []byte(smallReport))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range sections {
		got = append(got, s.Name)
	}
	want := []string{"/salt", "/number", "/findings/0/kind", "/findings/0/yuan", "/findings/1/kind", "/notes", "/final"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestJSONSectionsRefuses(t *testing.T) {
	const salt = `"salt":"000102030405060708090a0b0c0d0e0f"`
	for name, doc := range map[string]string{
		"nothing":             ``,
		"trailing data":       `{` + salt + `} {}`,
		"duplicate member":    `{` + salt + `,"a":1,"a":1}`,
		"duplicate below":     `{` + salt + `,"x":[{"a":1,"\u0061":2}]}`,
		"trailing comma":      `{` + salt + `,}`,
		"not UTF-8":           "{" + salt + ",\"a\":\"\xff\"}",
		"byte order mark":     "\ufeff{" + salt + "}",
		"too deep":            `{` + salt + `,"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`,
		"no salt":             `{"a":1}`,
		"salt too short":      `{"salt":"0001"}`,
		"salt in capitals":    `{"salt":"000102030405060708090A0B0C0D0E0F"}`,
		"salt is not text":    `{"salt":1}`,
		"salt below":          `{"a":{` + salt + `}}`,
		"not an object":       `[1]`,
		"only a value":        `"000102030405060708090a0b0c0d0e0f"`,
		"number with a zero":  `{` + salt + `,"a":01}`,
		"comment":             `{` + salt + `/**/}`,
		"unfinished":          `{` + salt,
		"not a number":        `{` + salt + `,"a":NaN}`,
		"single quotes":       `{` + salt + `,'a':1}`,
		"control character":   "{" + salt + ",\"a\":\"\n\"}",
		"two salts":           `{` + salt + `,` + salt + `}`,
		"salt with a wrong x": `{"salt":"x00102030405060708090a0b0c0d0e0f"}`,
	} {
		if _, err := JSONSections(P256SHA256, []byte(doc)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
}

func TestDigestsDependOnTheSalt(t *testing.T) {
	if a, b := NewSalt(), NewSalt(); a == b || len(a) != 32 {
		t.Errorf("salts %s and %s", a, b)
	}
	a, err1 := JSONSections(P256SHA256, []byte(`{"salt":"000102030405060708090a0b0c0d0e0f","id":"x"}`))
	b, err2 := JSONSections(P256SHA256, []byte(`{"salt":"100102030405060708090a0b0c0d0e0f","id":"x"}`))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if a[i].Digest == b[i].Digest {
			t.Errorf("%s: same digest under two salts: it could be guessed", a[i].Name)
		}
	}
}

func TestCheckNamesWhatWasAltered(t *testing.T) {
	key := newTestKey(t, Ed25519)
	trust := trustOf(t, key)
	s := sealJSON(t, key, smallReport)
	if err := s.CheckJSON([]byte(smallReport), trust); err != nil {
		t.Fatalf("unaltered: %v", err)
	}
	tests := []struct {
		name, old, new string
		want           []string
	}{
		{"value", `UNDECLARED`, `MATCH`, []string{"/findings/0/kind"}},
		{"number written otherwise", `1.50`, `1.5`, []string{"/findings/0/yuan"}},
		{"kind of a value", `true`, `"true"`, []string{"/final"}},
		{"null", `null`, `""`, []string{"/findings/1/kind"}},
		{"missing", `,"yuan":1.50`, ``, []string{"/findings/0/yuan"}},
		{"added", `"notes":[]`, `"notes":[],"extra":[1,2]`, []string{"/extra/0", "/extra/1"}},
		{"empty array for empty object", `[]`, `{}`, []string{"/notes"}},
		{"array filled", `[]`, `["x"]`, []string{"/notes", "/notes/0"}},
		{"moved", `"number":"HD-1"`, `"nr":"HD-1"`, []string{"/number", "/nr"}},
		{"two values", `HD-1","findings":[{"kind":"UNDECLARED`, `HD-2","findings":[{"kind":"X`, []string{"/number", "/findings/0/kind"}},
		{"array made an object", `[{"kind":"UNDECLARED","yuan":1.50},{"kind":null}]`, `{"0":{"kind":"UNDECLARED","yuan":1.50},"1":{"kind":null}}`,
			[]string{"/findings/0/kind", "/findings/0/yuan", "/findings/1/kind"}},
		{"white space", `,"final"`, `, "final"`, []string{WholeDocument}},
		{"order", `"number":"HD-1","findings"`, `"findings"`, []string{"/number"}},
		{"not JSON", `}`, `]`, []string{WholeDocument}},
		{"member twice", `"final":true`, `"final":true,"final":true`, []string{WholeDocument}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			doc := strings.Replace(smallReport, test.old, test.new, 1)
			if doc == smallReport {
				t.Fatal("the test alters nothing")
			}
			var altered *Altered
			err := s.CheckJSON([]byte(doc), trust)
			if !errors.As(err, &altered) || !slices.Equal(altered.Names, test.want) {
				t.Errorf("got %v %+v, want names %v", err, altered, test.want)
			}
		})
	}
}

func TestEveryFlippedBitOfADocument(t *testing.T) {
	for _, algorithm := range Algorithms() {
		key := newTestKey(t, algorithm)
		trust := trustOf(t, key)
		s := sealJSON(t, key, smallReport)
		for i := range smallReport {
			for bit := range 8 {
				doc := []byte(smallReport)
				doc[i] ^= 1 << bit
				var altered *Altered
				if err := s.CheckJSON(doc, trust); !errors.As(err, &altered) || len(altered.Names) == 0 {
					t.Errorf("%s: byte %d bit %d flipped: got %v, want *Altered", algorithm, i, bit, err)
				}
			}
		}
	}
}

func TestEveryFlippedBitOfASeal(t *testing.T) {
	key := newTestKey(t, P256SHA256)
	trust := trustOf(t, key)
	data, err := sealJSON(t, key, smallReport).Encode()
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		for bit := range 8 {
			flipped := bytes.Clone(data)
			flipped[i] ^= 1 << bit
			s, err := DecodeSeal(flipped)
			if err == nil {
				err = s.CheckJSON([]byte(smallReport), trust)
			}
			var altered *Altered
			if errors.As(err, &altered) {
				t.Errorf("byte %d bit %d of the seal flipped: the document is accused", i, bit)
			}
			if err == nil && !bytes.Equal(bytes.Join(bytes.Fields(flipped), nil), bytes.Join(bytes.Fields(data), nil)) {
				t.Errorf("byte %d bit %d of the seal flipped: no error", i, bit)
			}
		}
	}
}

func TestCheckRefusesTheSeal(t *testing.T) {
	key, other, edwards := newTestKey(t, P256SHA256), newTestKey(t, P256SHA256), newTestKey(t, Ed25519)
	s := sealJSON(t, key, smallReport)
	sections, err := JSONSections(P256SHA256, []byte(smallReport))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		change   func(*Seal)
		verifier Verifier
		want     error
	}{
		{"no key", func(*Seal) {}, nil, ErrUntrusted},
		{"another key", func(*Seal) {}, other.Public(), ErrUntrusted},
		{"another key's name", func(s *Seal) { s.KeyID = other.KeyID() }, other.Public(), ErrSignature},
		{"another algorithm", func(s *Seal) { s.Algorithm = Ed25519 }, key.Public(), ErrAlgorithm},
		{"another algorithm and key", func(s *Seal) { s.KeyID = edwards.KeyID() }, edwards.Public(), ErrAlgorithm},
		{"unknown algorithm", func(s *Seal) { s.Algorithm = "sm9-sm3" }, key.Public(), ErrAlgorithm},
		{"another version", func(s *Seal) { s.Version = 2 }, key.Public(), ErrMalformed},
		{"another time", func(s *Seal) { s.SealedAt = s.SealedAt.Add(time.Second) }, key.Public(), ErrSignature},
		{"another subject", func(s *Seal) { s.Subject += "2" }, key.Public(), ErrSignature},
		{"another digest", func(s *Seal) { s.Digest = strings.Repeat("0", 64) }, key.Public(), ErrSignature},
		{"a section less", func(s *Seal) { s.Sections = s.Sections[1:] }, key.Public(), ErrSignature},
		{"no signature", func(s *Seal) { s.Signature = nil }, key.Public(), ErrSignature},
	}
	for _, test := range tests {
		changed := s
		test.change(&changed)
		if err := changed.Check([]byte(smallReport), sections, test.verifier); !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
	forged := s
	forged.Subject = "other"
	if err := forged.CheckJSON([]byte("{"), trustOf(t, key)); !errors.Is(err, ErrSignature) {
		t.Errorf("forged seal of a broken document: got %v, want ErrSignature", err)
	}
	if err := s.CheckJSON([]byte(smallReport), nil); !errors.Is(err, ErrUntrusted) {
		t.Errorf("nobody trusted: got %v, want ErrUntrusted", err)
	}
}

func TestMakeSealRefuses(t *testing.T) {
	key := newTestKey(t, Ed25519)
	for name, sections := range map[string][]Section{
		"empty name": {{"", "d"}}, "reserved name": {{WholeDocument, "d"}}, "name twice": {{"a", "d"}, {"a", "e"}},
	} {
		if _, err := MakeSeal(key, "s", sealedAt(), nil, sections); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
	if _, err := MakeSeal(key, "s", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), nil, nil); err == nil {
		t.Error("year 10000: no error")
	}
}

func TestAlteredTellsNoNames(t *testing.T) {
	for want, names := range map[string][]string{
		"seal: document was altered in 2 of its sections": {"/person/张三", "/b"},
		"seal: document was altered outside its sections": {WholeDocument},
	} {
		if got := (&Altered{Names: names}).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDecodeSeal(t *testing.T) {
	s := sealJSON(t, newTestKey(t, Ed25519), smallReport)
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeSeal(data)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := got.Encode(); !bytes.Equal(again, data) {
		t.Errorf("decoded seal encodes as\n%s\nwant\n%s", again, data)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeSeal(compact.Bytes()); err != nil {
		t.Errorf("without white space: %v", err)
	}
	for _, test := range []struct{ name, old, new string }{
		{"trailing data", "}\n", "}\n{}"},
		{"unknown member", `"version"`, `"more": 1, "version"`},
		{"member twice", `"version"`, `"version": 1, "version"`},
		{"wrongly capitalised", `"version"`, `"Version"`},
		{"missing", `"version": 1,`, ``},
		{"another version", `"version": 1,`, `"version": 2,`},
		{"time in another zone", `08:30:00Z`, `16:30:00+08:00`},
		{"time with a fraction", `08:30:00Z`, `08:30:00.5Z`},
		{"not base64", `"signature": "`, `"signature": "!`},
		{"section twice", `"/final"`, `"/notes"`},
		{"sections null", `"sections": [`, `"sections": null, "x": [`},
		{"wrong type", `"subject": "HD-1/1"`, `"subject": 1`},
	} {
		changed := strings.Replace(string(data), test.old, test.new, 1)
		if _, err := DecodeSeal([]byte(changed)); changed == string(data) || !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", test.name, err)
		}
	}
	null := s
	null.Sections = nil
	if data, err = null.Encode(); err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeSeal(data); !errors.Is(err, ErrMalformed) {
		t.Errorf("sections null: got %v, want ErrMalformed", err)
	}
}

// TestSectionsTellDocumentsApart draws two documents and compares: the sections
// are equal exactly if the documents say the same.
func TestSectionsTellDocumentsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawValue(t, 3), drawValue(t, 3)
		docs := [2][]byte{}
		var sections [2][]Section
		for i, v := range []any{a, b} {
			doc, err := json.Marshal(map[string]any{SaltMember: "000102030405060708090a0b0c0d0e0f", "v": v})
			if err != nil {
				t.Fatal(err)
			}
			if sections[i], err = JSONSections(P256SHA256, doc); err != nil {
				t.Fatalf("%s: %v", doc, err)
			}
			docs[i] = doc
		}
		if same, equal := bytes.Equal(docs[0], docs[1]), slices.Equal(sections[0], sections[1]); same != equal {
			t.Errorf("%s and %s: same is %t, equal sections %t", docs[0], docs[1], same, equal)
		}
	})
}

func drawValue(t *rapid.T, depth int) any {
	kinds := 4
	if depth > 0 {
		kinds = 6
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		return rapid.SampledFrom([]string{"", "0", "a/b", "a~1b", "是", "true", "null"}).Draw(t, "text")
	case 1:
		return rapid.IntRange(0, 2).Draw(t, "number")
	case 2:
		return rapid.Bool().Draw(t, "bool")
	case 3:
		return nil
	case 4:
		list := make([]any, rapid.IntRange(0, 2).Draw(t, "length"))
		for i := range list {
			list[i] = drawValue(t, depth-1)
		}
		return list
	default:
		object := map[string]any{}
		for range rapid.IntRange(0, 2).Draw(t, "members") {
			object[rapid.SampledFrom([]string{"0", "1", "a/b", "a~1b", "", "是"}).Draw(t, "name")] = drawValue(t, depth-1)
		}
		return object
	}
}

func FuzzDecodeSeal(f *testing.F) {
	f.Add(readTestdata(f, "report.ed25519.json"))
	f.Add(readTestdata(f, "report.p256-sha256.json"))
	trust, err := ParseTrust(readTestdata(f, "trust.pem"))
	if err != nil {
		f.Fatal(err)
	}
	doc := readTestdata(f, "report.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := DecodeSeal(data)
		if err != nil {
			return
		}
		again, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeSeal(again); err != nil {
			t.Errorf("own encoding is refused: %v", err)
		}
		_ = s.CheckJSON(doc, trust)
	})
}

func FuzzJSONSections(f *testing.F) {
	f.Add([]byte(smallReport))
	f.Add(readTestdata(f, "report.json"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		sections, err := JSONSections(P256SHA256, doc)
		if err != nil {
			return
		}
		if !json.Valid(doc) {
			t.Error("accepted what is not JSON")
		}
		if _, err := index(sections); err != nil {
			t.Errorf("names of sections: %v", err)
		}
	})
}

func BenchmarkSealJSON(b *testing.B) {
	var doc strings.Builder
	doc.WriteString(`{"salt":"000102030405060708090a0b0c0d0e0f","rows":[`)
	for i := range 250 {
		fmt.Fprintf(&doc, `{"field":"f%d","value":"%d.00"},`, i, i)
	}
	doc.WriteString(`0]}`)
	for _, algorithm := range Algorithms() {
		b.Run(algorithm, func(b *testing.B) { benchmarkSeal(b, algorithm, doc.String()) })
	}
}

func benchmarkSeal(b *testing.B, algorithm, doc string) {
	key := newTestKey(b, algorithm)
	for b.Loop() {
		sealJSON(b, key, doc)
	}
}
