package source

import (
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/seal"
)

var update = flag.Bool("update", false, "make testdata anew, with new keys")

// chain is a county, its hub, another county, and what they know of each other.
type nodes struct{ haishu, ningbo, yinzhou, stranger *seal.PrivateKey }

func newNodes(t testing.TB) nodes {
	t.Helper()
	make := func(algorithm string) *seal.PrivateKey {
		k, err := seal.Generate(algorithm)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	return nodes{make(seal.Ed25519), make(seal.P256SHA256), make(seal.Ed25519), make(seal.Ed25519)}
}

func (n nodes) trust() Trust {
	return Trust{{Node: "haishu", Key: n.haishu.Public()}, {Node: "ningbo", Key: n.ningbo.Public(), Vouches: true}}
}

func grant(t testing.TB) Grant {
	t.Helper()
	id, ok := idcard.Make("330200", day.Must("1970-01-01"), 5)
	if !ok {
		t.Fatal("no such number")
	}
	return Grant{
		Terms: Terms{Number: "甬核授〔2026〕000001号", Consent: "S2026000001", Purpose: "dibao", Person: Person{"王试验", id},
			Categories: []catalog.Code{"hukou", "land", "vehicle"}, From: noon, Until: noon.Add(30 * 24 * time.Hour)},
		Document: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Wording: "2026-1", Division: "330203",
		Offices: []string{"海曙区民政局"},
	}
}

func must(t testing.TB) func(Signed, error) Signed {
	return func(s Signed, err error) Signed {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// passed is a mandate that went from haishu to the hub's source for land.
func (n nodes) passed(t testing.TB) Signed {
	t.Helper()
	s := must(t)(SignMandate(grant(t), "haishu", n.haishu))
	s = must(t)(s.Narrow(Hop{Node: "haishu", Key: n.haishu, To: "ningbo", Categories: []catalog.Code{"land"}, Until: noon.Add(48 * time.Hour)}))
	return must(t)(s.Narrow(Hop{Node: "ningbo", Key: n.ningbo, To: "ningbo/land", Categories: []catalog.Code{"land"}, Until: noon.Add(24 * time.Hour), Before: n.haishu.Public()}))
}

func asked(t testing.TB) Asked {
	return Asked{Person: grant(t).Person, Purpose: "dibao", Category: "land", To: "ningbo/land", At: noon.Add(time.Hour)}
}

func TestASignedMandateIsVerified(t *testing.T) {
	n := newNodes(t)
	s := n.passed(t)
	said, err := VerifyMandate(s.Text(), asked(t), n.trust())
	if err != nil {
		t.Fatal(err)
	}
	if said.Number != "甬核授〔2026〕000001号" || said.Issuer != "haishu" || !slices.Equal(said.Categories, []catalog.Code{"land"}) ||
		!said.Until.Equal(noon.Add(24*time.Hour)) || !slices.Equal(said.Path, []string{"ningbo", "ningbo/land"}) || said.Offices[0] != "海曙区民政局" {
		t.Errorf("it says %+v", said)
	}
	if strings.Contains(s.Sealed(), "~") || !strings.HasPrefix(s.Text(), s.Sealed()) {
		t.Error("the salt cannot be taken off")
	}
	if text := fmt.Sprintf("%v %+v %#v", s, s, s); strings.Contains(text, "~") || strings.Contains(text, s.Text()) {
		t.Errorf("prints itself: %s", text)
	}
}

// What does not fit the query is refused, each with its own error.
func TestAMandateIsForOneQueryOnly(t *testing.T) {
	n := newNodes(t)
	other, _ := idcard.Make("330200", day.Must("1970-01-01"), 7)
	for name, c := range map[string]struct {
		change func(*Asked)
		want   error
	}{
		"another number":     {func(a *Asked) { a.Person.ID = other }, ErrPerson},
		"another name":       {func(a *Asked) { a.Person.Name = "王别人" }, ErrPerson},
		"nobody":             {func(a *Asked) { a.Person = Person{} }, ErrPerson},
		"without a name":     {func(a *Asked) { a.Person.Name = "" }, nil},
		"another category":   {func(a *Asked) { a.Category = "vehicle" }, ErrCategory},
		"another purpose":    {func(a *Asked) { a.Purpose = "tekun" }, ErrPurpose},
		"another source":     {func(a *Asked) { a.To = "ningbo/vehicle" }, ErrAddressee},
		"a source elsewhere": {func(a *Asked) { a.To = "yinzhou/land" }, ErrAddressee},
		"much too early":     {func(a *Asked) { a.At = noon.Add(-6 * time.Minute) }, ErrNotYet},
		"within the skew":    {func(a *Asked) { a.At = noon.Add(-4 * time.Minute) }, nil},
		"too late":           {func(a *Asked) { a.At = noon.Add(24 * time.Hour) }, ErrExpired},
		"the last instant":   {func(a *Asked) { a.At = noon.Add(24*time.Hour - time.Millisecond) }, nil},
	} {
		a := asked(t)
		c.change(&a)
		if _, err := VerifyMandate(n.passed(t).Text(), a, n.trust()); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := VerifyMandate(n.passed(t).Sealed(), asked(t), n.trust()); !errors.Is(err, ErrPerson) {
		t.Errorf("without salt: %v, want ErrPerson", err)
	}
}

// No hop widens: neither the library's own, nor one who writes blocks by hand.
func TestAHopCannotWiden(t *testing.T) {
	n := newNodes(t)
	s := must(t)(SignMandate(grant(t), "haishu", n.haishu))
	land := []catalog.Code{"land"}
	s = must(t)(s.Narrow(Hop{Node: "haishu", Key: n.haishu, To: "ningbo", Categories: land, Until: noon.Add(48 * time.Hour)}))
	for name, c := range map[string]struct {
		hop  Hop
		want error
	}{
		"more categories": {Hop{Node: "ningbo", Key: n.ningbo, To: "ningbo/land", Categories: []catalog.Code{"land", "vehicle"}, Until: noon.Add(time.Hour), Before: n.haishu.Public()}, ErrWidened},
		"a later end":     {Hop{Node: "ningbo", Key: n.ningbo, To: "ningbo/land", Categories: land, Until: noon.Add(49 * time.Hour), Before: n.haishu.Public()}, ErrWidened},
		"not the holder":  {Hop{Node: "yinzhou", Key: n.yinzhou, To: "yinzhou/land", Categories: land, Until: noon.Add(time.Hour), Before: n.haishu.Public()}, ErrHolder},
	} {
		if _, err := s.Narrow(c.hop); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		forged := s.byHand(t, c.hop)
		trust := append(n.trust(), TrustedKey{Node: "yinzhou", Key: n.yinzhou.Public()})
		if err := forged.Genuine(trust); !errors.Is(err, c.want) {
			t.Errorf("%s, by hand: %v, want %v", name, err, c.want)
		}
	}
}

// byHand adds a block without asking whether it narrows.
func (s Signed) byHand(t testing.TB, h Hop) Signed {
	t.Helper()
	b := hop{Algorithm: h.Key.Algorithm(), KeyID: h.Key.KeyID(), By: h.Node, To: h.To, Categories: h.Categories, Until: h.Until.UnixMilli()}
	if b.KeyID != s.lastKey() {
		b.Key = base64url.EncodeToString(h.Before.DER())
	}
	s.hops = append(slices.Clone(s.hops), b)
	text := must(t)(s.sign(b, h.Key)).Text()
	return must(t)(ParseSigned(text))
}

// Nothing can be cut off, put in or taken from another mandate.
func TestAMandateIsWhole(t *testing.T) {
	n := newNodes(t)
	s := n.passed(t)
	parts := strings.Split(s.Sealed(), ".")
	salt := strings.TrimPrefix(s.Text(), s.Sealed())
	join := func(p ...string) string { return strings.Join(p, ".") + salt }
	twin := strings.Split(n.passed(t).Sealed(), ".")
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"the last hop cut off":    {join(parts[:5]...), ErrAddressee},
		"all hops cut off":        {join(parts[:3]...), ErrAddressee},
		"a signature cut off":     {join(parts[:6]...), ErrSigned},
		"a hop taken out":         {join(slices.Concat(parts[:3], parts[5:])...), ErrForged},
		"another's first block":   {join(slices.Concat(twin[:3], parts[3:])...), ErrForged},
		"another's last hop":      {join(slices.Concat(parts[:5], twin[5:])...), ErrForged},
		"signatures changed over": {join(parts[0], parts[1], parts[4], parts[3], parts[2], parts[5], parts[6]), ErrForged},
		"empty":                   {"", ErrSigned},
		"another's salt":          {s.Sealed() + strings.TrimPrefix(n.passed(t).Text(), strings.Join(twin, ".")), ErrSigned},
		"huge":                    {s.Sealed() + strings.Repeat(".AA.AA", MaxSigned), ErrSigned},
		"many blocks":             {s.Sealed() + strings.Repeat("."+parts[3]+"."+parts[4], 9), ErrSigned},
	} {
		if name == "another's salt" {
			other := n.passed(t)
			c.text, c.want = s.Sealed()+strings.TrimPrefix(other.Text(), other.Sealed()), ErrPerson
		}
		if _, err := VerifyMandate(c.text, asked(t), n.trust()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for i := range s.text { // any one letter changed
		b := []byte(s.Text())
		if b[i] = 'A'; b[i] == s.text[i] {
			b[i] = 'B'
		}
		if _, err := VerifyMandate(string(b), asked(t), n.trust()); err == nil {
			t.Fatalf("letter %d can be changed", i)
		}
	}
}

// Keys: the last must be known, those before known or vouched for.
func TestWhoseKeysCount(t *testing.T) {
	n := newNodes(t)
	hub := TrustedKey{Node: "ningbo", Key: n.ningbo.Public()}
	vouching := hub
	vouching.Vouches = true
	for name, c := range map[string]struct {
		trust Trust
		want  error
	}{
		"nobody":                           {nil, ErrUntrusted},
		"the hub alone":                    {Trust{hub}, ErrUntrusted},
		"the hub, which vouches":           {Trust{vouching}, nil},
		"the county alone":                 {Trust{{Node: "haishu", Key: n.haishu.Public()}}, ErrUntrusted},
		"both":                             {Trust{hub, {Node: "haishu", Key: n.haishu.Public()}}, nil},
		"the county with another key":      {Trust{vouching, {Node: "haishu", Key: n.stranger.Public()}}, ErrUntrusted},
		"the county's old key beside it":   {Trust{hub, {Node: "haishu", Key: n.stranger.Public()}, {Node: "haishu", Key: n.haishu.Public()}}, nil},
		"the hub's key under another name": {Trust{{Node: "haishu", Key: n.ningbo.Public(), Vouches: true}}, ErrUntrusted},
	} {
		if _, err := VerifyMandate(n.passed(t).Text(), asked(t), c.trust); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	text := n.passed(t).Text()
	for _, alg := range []string{"none", "hs256"} {

		s := must(t)(ParseSigned(text))
		other := s.first
		other.Algorithm = alg
		parts := strings.Split(text, ".")
		parts[1] = base64url.EncodeToString(encodeBlock(other))
		trust := n.trust()
		if _, err := VerifyMandate(strings.Join(parts, "."), asked(t), trust); !errors.Is(err, ErrForged) && !errors.Is(err, ErrAlgorithm) {
			t.Errorf("algorithm %s: %v", alg, err)
		}
	}
	last := must(t)(SignMandate(grant(t), "haishu", oddSigner{n.haishu}))
	if err := last.Genuine(n.trust()); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("unknown algorithm: %v, want ErrAlgorithm", err)
	}
}

type oddSigner struct{ seal.Signer }

func (oddSigner) Algorithm() string { return "none" }

func TestTrustFiles(t *testing.T) {
	n := newNodes(t)
	text := "# of the hub\n\n" + n.trust().String()
	got, err := ParseTrust([]byte(text))
	if err != nil || got.String() != n.trust().String() {
		t.Fatalf("read back %q, %v", got, err)
	}
	key := base64.StdEncoding.EncodeToString(n.haishu.Public().DER())
	for _, bad := range []string{"haishu", "haishu ed25519", "haishu ed25519 !!!", "haishu p256-sha256 " + key, "Haishu ed25519 " + key,
		"haishu ed25519 " + key + " maybe", "haishu ed25519 " + key + " vouches twice", "haishu ed25519 " + key[:20]} {
		if _, err := ParseTrust([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// The vectors in testdata are for other implementations; each must come out here
// as it says.
func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "trust.txt"))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := ParseTrust(text)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, v := range readVectors(t) {
		id, err := idcard.Parse(v["id"])
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, v["at"])
		if err != nil {
			t.Fatal(err)
		}
		said, err := VerifyMandate(v["mandate"], Asked{Person{v["person"], id}, v["purpose"], catalog.Code(v["category"]), v["to"], at}, trust)
		got := verdict(err)
		if got != v["expect"] {
			t.Errorf("%s: %s (%v), want %s", v["name"], got, err, v["expect"])
		}
		if err == nil && said.Number != v["number"] {
			t.Errorf("%s: number %s, want %s", v["name"], said.Number, v["number"])
		}
		seen[got] = true
	}
	for _, w := range verdicts {
		if !seen[w.word] {
			t.Errorf("no vector comes out as %s", w.word)
		}
	}
}

var verdicts = []struct {
	word string
	err  error
}{
	{"live", nil}, {"malformed", ErrSigned}, {"unknown algorithm", ErrAlgorithm}, {"untrusted", ErrUntrusted}, {"forged", ErrForged}, {"not the holder", ErrHolder},
	{"widened", ErrWidened}, {"addressee", ErrAddressee}, {"person", ErrPerson}, {"purpose", ErrPurpose}, {"category", ErrCategory},
	{"not yet", ErrNotYet}, {"expired", ErrExpired},
}

func verdict(err error) string {
	for _, v := range verdicts {
		if v.err == nil && err == nil || v.err != nil && errors.Is(err, v.err) {
			return v.word
		}
	}
	return fmt.Sprint(err)
}

func readVectors(t *testing.T) []map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "mandates.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for block := range strings.SplitSeq(string(data), "\n\n") {
		v := map[string]string{}
		for line := range strings.Lines(block) {
			if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(line, "#") {
				v[key] = value
			}
		}
		if len(v) > 0 {
			all = append(all, v)
		}
	}
	return all
}

func writeVectors(t *testing.T) {
	n := newNodes(t)
	trust := n.trust()
	var b strings.Builder
	b.WriteString("# Signed mandates, see docs/mandate.md. Keys are in trust.txt; private keys were not kept. Persons are synthetic.\n")
	good := n.passed(t)
	write := func(name, text string, change func(*Asked)) {
		a := asked(t)
		if change != nil {
			change(&a)
		}
		_, err := VerifyMandate(text, a, trust)
		fmt.Fprintf(&b, "\nname: %s\nexpect: %s\nid: %s\nperson: %s\npurpose: %s\ncategory: %s\nto: %s\nat: %s\nnumber: %s\nmandate: %s\n", name, verdict(err),
			a.Person.ID.Reveal(), a.Person.Name, a.Purpose, a.Category, a.To, a.At.Format(time.RFC3339), grant(t).Number, text)
	}
	other, _ := idcard.Make("330200", day.Must("1970-01-01"), 7)
	write("a county's mandate at a source of the hub", good.Text(), nil)
	local := must(t)(SignMandate(grant(t), "ningbo", n.ningbo))
	local = must(t)(local.Narrow(Hop{Node: "ningbo", Key: n.ningbo, To: "ningbo/land", Categories: []catalog.Code{"land", "vehicle"}, Until: noon.Add(24 * time.Hour)}))
	write("one hop, two categories, P-256", local.Text(), nil)
	abroad := must(t)(SignMandate(grant(t), "yinzhou", n.yinzhou))
	onward := must(t)(abroad.Narrow(Hop{Node: "yinzhou", Key: n.yinzhou, To: "ningbo", Categories: []catalog.Code{"land"}, Until: noon.Add(24 * time.Hour)}))
	vouched := must(t)(onward.Narrow(Hop{Node: "ningbo", Key: n.ningbo, To: "ningbo/land", Categories: []catalog.Code{"land"}, Until: noon.Add(24 * time.Hour), Before: n.yinzhou.Public()}))
	write("a county for which the hub vouches", vouched.Text(), nil)
	strange := must(t)(SignMandate(grant(t), "haishu", n.stranger))
	strange = must(t)(strange.Narrow(Hop{Node: "haishu", Key: n.stranger, To: "ningbo/land"[:6], Categories: []catalog.Code{"land"}, Until: noon.Add(24 * time.Hour)}))
	strange = must(t)(strange.Narrow(Hop{Node: "ningbo", Key: n.ningbo, To: "ningbo/land", Categories: []catalog.Code{"land"}, Until: noon.Add(24 * time.Hour), Before: n.stranger.Public()}))
	write("a county with a key that is not its own", strange.Text(), nil)
	write("another person", good.Text(), func(a *Asked) { a.Person.ID = other })
	write("another name", good.Text(), func(a *Asked) { a.Person.Name = "王别人" })
	write("the salt left out", good.Sealed(), nil)
	write("another category", good.Text(), func(a *Asked) { a.Category = "vehicle" })
	write("another purpose", good.Text(), func(a *Asked) { a.Purpose = "tekun" })
	write("another source", good.Text(), func(a *Asked) { a.To = "ningbo/vehicle" })
	write("before it begins", good.Text(), func(a *Asked) { a.At = noon.Add(-time.Hour) })
	write("after its end", good.Text(), func(a *Asked) { a.At = noon.Add(24 * time.Hour) })
	parts := strings.Split(good.Text(), ".")
	write("the last hop cut off", strings.Join(parts[:5], ".")+"~"+strings.Split(good.Text(), "~")[1], nil)
	write("cut short", good.Text()[:300], nil)
	changed := []byte(good.Text())
	swap := strings.Index(good.Text(), parts[2]) + 3
	changed[swap] = map[bool]byte{true: 'B', false: 'A'}[changed[swap] == 'A']
	write("a signature changed", string(changed), nil)
	short := must(t)(ParseSigned(strings.Join(parts[:5], ".") + "~" + strings.Split(good.Text(), "~")[1]))
	write("a hop that widens", short.byHand(t, Hop{Node: "ningbo", Key: n.ningbo, To: "ningbo/land", Categories: []catalog.Code{"land", "vehicle"}, Until: noon.Add(time.Hour), Before: n.haishu.Public()}).Text(), nil)
	write("a hop that lengthens", short.byHand(t, Hop{Node: "ningbo", Key: n.ningbo, To: "ningbo/land", Categories: []catalog.Code{"land"}, Until: noon.Add(720 * time.Hour), Before: n.haishu.Public()}).Text(), nil)
	root := must(t)(ParseSigned(strings.Join(parts[:3], ".") + "~" + strings.Split(good.Text(), "~")[1]))
	write("handed on by a node that does not hold it", root.byHand(t, Hop{Node: "ningbo", Key: n.ningbo, To: "ningbo/land", Categories: []catalog.Code{"land"}, Until: noon.Add(time.Hour), Before: n.haishu.Public()}).Text(), nil)
	odd := must(t)(SignMandate(grant(t), "haishu", oddSigner{n.haishu}))
	write("an algorithm that nobody knows", odd.Text(), nil)
	write("nothing", "hedui-mandate1", nil)
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join("testdata", "mandates.txt"), []byte(b.String()), 0o600),
		os.WriteFile(filepath.Join("testdata", "trust.txt"), []byte("# Keys of the vectors.\n"+trust.String()), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// Whatever is read is read in one spelling, and nothing panics.
func FuzzParseSigned(f *testing.F) {
	n := newNodes(f)
	s := n.passed(f)
	f.Add(s.Text())
	f.Add(s.Sealed())
	f.Add("hedui-mandate1.e30.AA")
	trust := n.trust()
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseSigned(text)
		if err != nil {
			if !errors.Is(err, ErrSigned) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if got.Text() != text {
			t.Fatalf("read %q, written %q", text, got.Text())
		}
		if err := got.Genuine(trust); err == nil && got.Sealed() != s.Sealed() && !strings.HasPrefix(s.Sealed(), got.Sealed()+".") {
			t.Fatalf("forged: %q", text)
		}
		_ = got.Statement()
	})
}

func BenchmarkMandate(b *testing.B) {
	for _, algorithm := range seal.Algorithms() {
		key, err := seal.Generate(algorithm)
		if err != nil {
			b.Fatal(err)
		}
		g := grant(b)
		s := must(b)(SignMandate(g, "haishu", key))
		h := Hop{Node: "haishu", Key: key, To: "haishu/land", Categories: []catalog.Code{"land"}, Until: noon.Add(time.Hour)}
		handed := must(b)(s.Narrow(h))
		a := Asked{Person: g.Person, Purpose: "dibao", Category: "land", To: "haishu/land", At: noon}
		trust := Trust{{Node: "haishu", Key: key.Public()}}
		text := handed.Text()
		b.Run(algorithm+"/sign", func(b *testing.B) {
			for b.Loop() {
				must(b)(SignMandate(g, "haishu", key))
			}
		})
		b.Run(algorithm+"/narrow", func(b *testing.B) {
			for b.Loop() {
				must(b)(s.Narrow(h))
			}
		})
		b.Run(algorithm+"/verify", func(b *testing.B) {
			b.ReportMetric(float64(len(text)), "bytes")
			for b.Loop() {
				if _, err := VerifyMandate(text, a, trust); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
