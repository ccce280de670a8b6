package exchange

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"hedui/seal"
)

// A suiteLink is a hub and a county that both have keys of both suites, with a link of
// one.
type suiteLink struct {
	suite       seal.Suite
	hub, haishu Identity
}

func newSuiteLink(t testing.TB, suite seal.Suite) suiteLink {
	t.Helper()
	return suiteLink{suite, withGM(t, newHub(t)), withGM(t, newHaishu(t))}
}

func eachSuite(t *testing.T, run func(t *testing.T, l suiteLink)) {
	for _, suite := range []seal.Suite{seal.Intl, seal.GM} {
		t.Run(string(suite), func(t *testing.T) { run(t, newSuiteLink(t, suite)) })
	}
}

func withGM(t testing.TB, n Identity) Identity {
	t.Helper()
	signer, err1 := seal.Generate(seal.SM2SM3)
	box, err2 := GenerateBoxOf(seal.GM)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	n.GM, n.GMPublic, n.Boxes = signer, signer.Public(), append(n.Boxes, box)
	return n
}

func (l suiteLink) hubPeer() Peer {
	p := l.hub.Peer()
	p.Suite = l.suite
	return p
}

// known is what the hub knows.
func (l suiteLink) known() Lookup {
	p := l.haishu.Peer()
	p.Suite = l.suite
	return Only(p)
}

func TestAnotherSuiteThanTheLinksIsRefused(t *testing.T) {
	eachSuite(t, func(t *testing.T, l suiteLink) {
		other := l
		other.suite = map[seal.Suite]seal.Suite{seal.Intl: seal.GM, seal.GM: seal.Intl}[l.suite]
		m := message(t, questions(t, 1, noon), noon)
		data, err := Seal(l.haishu, other.hubPeer(), m, noon) // all keys are right and pinned
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = Open(l.hub, l.known(), data, noon, DefaultSkew)
		if !errors.Is(err, ErrSuite) || ReasonOf(err) != ReasonSuite || ReasonSuite.Settled() {
			t.Errorf("%s on a link of %s: %v", other.suite, l.suite, err)
		}
		// Whoever relabels an envelope breaks its lengths or its signature.
		relabelled := slices.Clone(data)
		relabelled[len(magic)+1] ^= 3
		if _, _, err := Open(l.hub, l.known(), relabelled, noon, DefaultSkew); err == nil || ReasonOf(err) == "" || errors.Is(err, ErrSuite) {
			t.Errorf("relabelled: %v", err)
		}
	})
}

func TestAKeyOfTheOtherSuiteIsRefused(t *testing.T) {
	eachSuite(t, func(t *testing.T, l suiteLink) {
		m := message(t, questions(t, 1, noon), noon)
		bare := newHaishu(t) // has no key of gm
		poor := l.hubPeer()
		poor.Boxes = slices.DeleteFunc(poor.Boxes, func(p BoxPin) bool { return (p.Key.algorithm() == GMBoxAlgorithm) == (l.suite == seal.GM) })
		if _, err := Seal(l.haishu, poor, m, noon); !errors.Is(err, ErrKey) || !strings.Contains(err.Error(), string(l.suite)) {
			t.Errorf("to a peer with keys of the other suite only: %v", err)
		}
		if _, err := Seal(bare, l.hubPeer(), m, noon); (l.suite == seal.GM) != errors.Is(err, ErrKey) {
			t.Errorf("from a node without keys of gm: %v", err)
		}
		swapped := l.haishu
		swapped.GM, swapped.GMPublic = l.haishu.Signer, l.haishu.Public
		if err := swapped.Check(); !errors.Is(err, ErrKey) {
			t.Errorf("an Ed25519 key as signer of gm: %v", err)
		}
		// The header names the box key of the other suite, and all of it is signed rightly.
		data, err := Seal(l.haishu, l.hubPeer(), m, noon)
		if err != nil {
			t.Fatal(err)
		}
		f, err := formOf(l.suite)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range l.hub.Boxes {
			id, err := hex.DecodeString(key.KeyID())
			if err != nil {
				t.Fatal(err)
			}
			forged := slices.Clone(data[:len(data)-signSize])
			copy(forged[preamble+40:], id)
			_, _, err = Open(l.hub, l.known(), resigned(t, l.haishu, f, forged), noon, DefaultSkew)
			if ok := key.public.algorithm() == f.box; ok != (err == nil) || !ok && !errors.Is(err, ErrKey) {
				t.Errorf("encrypted to %s: %v", key.public, err)
			}
		}
	})
}

// resigned signs bytes as the node would.
func resigned(t *testing.T, n Identity, f form, data []byte) []byte {
	t.Helper()
	signature, err := n.signer(f).Sign(data)
	if err == nil {
		signature, err = f.rawSignature(signature)
	}
	if err != nil {
		t.Fatal(err)
	}
	return append(data, signature...)
}

// What the sender signs himself does not open either once it is changed: the content
// key, the point, the text, the tag.
func TestARightlySignedBoxThatWasChangedDoesNotOpen(t *testing.T) {
	eachSuite(t, func(t *testing.T, l suiteLink) {
		data, err := Seal(l.haishu, l.hubPeer(), message(t, questions(t, 1, noon), noon), noon)
		if err != nil {
			t.Fatal(err)
		}
		p, err := split(data)
		if err != nil {
			t.Fatal(err)
		}
		from := len(p.bound) + 4
		for _, at := range []int{0, 1, 31, p.form.enc - 1, p.form.enc, p.form.enc + 100, len(p.sealed) - 1} {
			for _, bit := range []byte{1, 2, 128} {
				changed := slices.Clone(data[:len(data)-signSize])
				changed[from+at] ^= bit
				m, _, err := Open(l.hub, l.known(), resigned(t, l.haishu, p.form, changed), noon, DefaultSkew)
				if !errors.Is(err, ErrAltered) || len(m.Body) > 0 {
					t.Errorf("byte %d of the box: %v", at, err)
				}
			}
		}
	})
}

// A signature of SM2 has one spelling here, where DER could be written at length, and no
// number in it can be replaced by another of the same remainder.
func TestASignatureOfSM2HasOneSpelling(t *testing.T) {
	l := newSuiteLink(t, seal.GM)
	data, err := Seal(l.haishu, l.hubPeer(), message(t, questions(t, 1, noon), noon), noon)
	if err != nil {
		t.Fatal(err)
	}
	order := sm2.P256().Params().N
	for _, part := range []int{len(data) - 64, len(data) - 32} {
		for name, n := range map[string]*big.Int{
			"zero": new(big.Int), "order": order,
			"negated": new(big.Int).Sub(order, new(big.Int).SetBytes(data[part:part+32])),
		} {
			changed := slices.Clone(data)
			n.FillBytes(changed[part : part+32])
			if _, _, err := Open(l.hub, l.known(), changed, noon, DefaultSkew); !errors.Is(err, ErrSignature) {
				t.Errorf("%s at %d: %v", name, part-len(data), err)
			}
		}
	}
	f, err := formOf(seal.GM)
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"nothing": nil, "64 bytes": make([]byte, 64), "more than one": {0x30, 6, 2, 1, 1, 2, 1, 1, 0}, "negative": {0x30, 6, 2, 1, 0x81, 2, 1, 1}} {
		if _, err := f.rawSignature(bad); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheLargestBodyFitsInEverySuite(t *testing.T) {
	eachSuite(t, func(t *testing.T, l suiteLink) {
		m := Message{ID: NewID(), Kind: Kind(strings.Repeat("k", 32)), Purpose: strings.Repeat("p", 32), Mandates: 1, Mandate: strings.Repeat("m", maxMandate),
			ExpiresAt: noon.Add(MaxLife), Body: make([]byte, MaxBody)}
		data, err := Seal(l.haishu, l.hubPeer(), m, noon)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, err := Open(l.hub, l.known(), data, noon, DefaultSkew); err != nil || !bytes.Equal(got.Body, m.Body) {
			t.Errorf("%d bytes: %v", len(data), err)
		}
	})
}

func TestAnEnrolmentCarriesTheKeysOfBothSuites(t *testing.T) {
	code := NewCode()
	secret, err := code.Secret("haishu")
	if err != nil {
		t.Fatal(err)
	}
	for name, haishu := range map[string]Identity{"without gm": newHaishu(t), "with gm": withGM(t, newHaishu(t))} {
		request, err := RequestEnrolment(haishu, code, noon)
		if err != nil {
			t.Fatal(err)
		}
		e, _, err := openEnrolment(request, "q", func(string) ([]byte, error) { return secret, nil }, noon, DefaultSkew)
		if err != nil {
			t.Fatal(name, err)
		}
		if got, want := fmt.Sprint(e.Peer().Sign, e.Peer().Boxes), fmt.Sprint(haishu.Peer().Sign, haishu.Peer().Boxes); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
		other := e
		other.GMSign = withGM(t, haishu).GMPublic
		if !e.Same(e) || e.Same(other) {
			t.Errorf("%s: another key of gm is the same enrolment", name)
		}
		pin := e.Peer()
		body, err := NewMessage(NewID(), noon.Add(time.Hour), Keys{Sign: pin.Sign, Boxes: pin.Boxes})
		if err != nil {
			t.Fatal(err)
		}
		if keys, err := body.Keys(); err != nil || fmt.Sprint(keys.Sign, keys.Boxes) != fmt.Sprint(pin.Sign, pin.Boxes) {
			t.Errorf("%s: announced keys come back as %v %v", name, keys, err)
		}
	}
	gm := withGM(t, newHaishu(t))
	for name, w := range map[string]wireEnrolment{
		"one of two":    {GMSign: string(gm.GMPublic.PEM())},
		"intl as gm":    {GMSign: string(gm.Public.PEM()), GMBox: string(gm.Boxes[1].Public().PEM())},
		"box of intl":   {GMSign: string(gm.GMPublic.PEM()), GMBox: string(gm.Boxes[0].Public().PEM())},
		"gm as intl":    {Box: string(gm.Boxes[1].Public().PEM())},
		"signer of gm":  {Sign: string(gm.GMPublic.PEM())},
		"not even keys": {GMSign: "x", GMBox: "y"},
	} {
		w.Name, w.Division, w.Level = "haishu", "330203", "county"
		if w.Sign == "" {
			w.Sign = string(gm.Public.PEM())
		}
		if w.Box == "" {
			w.Box = string(gm.Boxes[0].Public().PEM())
		}
		if _, err := w.enrolment(); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABoxKeyOfGMIsReadAsItWasSaved(t *testing.T) {
	key, err := GenerateBoxOf(seal.GM)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "box.key")
	if err := key.Save(path); err != nil {
		t.Fatal(err)
	}
	again, err := LoadBox(path)
	if err != nil || !again.Public().Equal(key.Public()) || again.KeyID() != key.KeyID() {
		t.Fatalf("%v %v", again, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, cut := range []int{0, 40, len(text) / 2, len(text) - 30} {
		if _, err := parseBox(text[:cut]); !errors.Is(err, ErrMalformed) {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x"} {
		if got := fmt.Sprintf(verb, key); got != "box key(sm2 "+key.KeyID()+")" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if _, err := GenerateBoxOf("rot13"); !errors.Is(err, ErrSuite) {
		t.Errorf("a suite that is none: %v", err)
	}
}

// GB/T 32918.5-2017, annex C: the encryption of "encryption standard".
func TestTheEncryptionOfTheStandardIsRight(t *testing.T) {
	number := func(text string) []byte {
		data, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	key, err := sm2.NewPrivateKey(number("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"))
	if err != nil {
		t.Fatal(err)
	}
	text := slices.Concat([]byte{4}, number("04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73"), number("E858F9D81E5430A57B36DAAB8F950A3C64E6EE6A63094D99283AFF767E124DF0"),
		number("59983C18F809E262923C53AEC295D30383B54E39D609D160AFCB1908D0BD8766"), number("21886CA989CA9C7D58087307CA93092D651EFA"))
	plain, err := key.Decrypt(nil, text, sm2.NewPlainDecrypterOpts(sm2.C1C3C2))
	if err != nil || string(plain) != "encryption standard" {
		t.Errorf("%q %v", plain, err)
	}
}

// OpenSSL shares no code with the library. It checks the signature of an envelope, opens
// its key, and reads the body with it: GCM under a nonce of zeros is counter mode from 2
// on (NIST SP 800-38D), and counter mode is what OpenSSL 3.0 knows of SM4.
func TestOpenSSLReadsAnEnvelopeOfGM(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("HEDUI_TEST_TOOLS") != "" {
			t.Fatal("openssl is not installed")
		}
		t.Skip("openssl is not installed")
	}
	l := newSuiteLink(t, seal.GM)
	m := message(t, questions(t, 1, noon), noon)
	data, err := Seal(l.haishu, l.hubPeer(), m, noon)
	if err != nil {
		t.Fatal(err)
	}
	p, err := split(data)
	if err != nil {
		t.Fatal(err)
	}
	signature, err1 := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(p.sign[:32]), new(big.Int).SetBytes(p.sign[32:])})
	enc, err2 := sm2.PlainCiphertext2ASN1(p.sealed[:p.form.enc], sm2.C1C3C2)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := l.hub.newest(GMBoxAlgorithm).Save(filepath.Join(dir, "box.pem")); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"signed": p.signed, "sig": signature, "pub.pem": l.haishu.GMPublic.PEM(), "enc": enc, "text": p.sealed[p.form.enc : len(p.sealed)-tagSize]} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) []byte {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), openssl, args...)
		cmd.Dir = dir
		out, err := cmd.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("openssl %s: %v %s", args[0], err, exit.Stderr)
		}
		return out
	}
	run("pkeyutl", "-verify", "-pubin", "-inkey", "pub.pem", "-rawin", "-digest", "sm3", "-in", "signed", "-sigfile", "sig", "-pkeyopt", "distid:1234567812345678")
	key := run("pkeyutl", "-decrypt", "-inkey", "box.pem", "-in", "enc")
	if body := run("enc", "-d", "-sm4-ctr", "-K", hex.EncodeToString(key), "-iv", strings.Repeat("00", 15)+"02", "-in", "text"); !bytes.Equal(body, m.Body) {
		t.Error("OpenSSL reads another body")
	}
}

func TestEnvelopeVectorsOfGM(t *testing.T) {
	box, err1 := parseBox(testdata(t, "ningbo.gm.box.private.pem"))
	key, err2 := seal.ParsePublic(testdata(t, "haishu.gm.sign.public.pem"))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	seen := judge(t, "envelopes-gm.txt", Identity{Name: "ningbo", Boxes: []*BoxKey{box}},
		Only(Peer{Name: "haishu", Division: "330203", Level: "county", Suite: seal.GM, Sign: []SignPin{{Key: key}}}))
	for _, expect := range []string{"opens", "another suite", "broken signature", "altered body", "malformed", "unknown key", "unknown version"} {
		if !seen[expect] {
			t.Errorf("no envelope is expected to be: %s", expect)
		}
	}
}

// TestUpdateVectorsOfGM makes them with -update, with new throw-away keys.
func TestUpdateVectorsOfGM(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	l := newSuiteLink(t, seal.GM)
	private := filepath.Join("testdata", "ningbo.gm.box.private.pem")
	if err := os.Remove(private); err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if err := l.hub.newest(GMBoxAlgorithm).Save(private); err != nil {
		t.Fatal(err)
	}
	writeVectors(t, "haishu.gm.sign.public.pem", string(l.haishu.GMPublic.PEM()))
	var out strings.Builder
	fmt.Fprint(&out, "# Envelopes of suite gm to ningbo, on a link of that suite; see README.md\n")
	add := func(name, expect string, data []byte, m *Message) {
		fmt.Fprintf(&out, "\nname: %s\nexpect: %s\nnow: %s\n", name, expect, noon.Format(instantForm))
		if m != nil {
			fmt.Fprintf(&out, "header: %s %s haishu 330203 %q %q %d %s %s\nbody: %s\n", m.ID, m.Kind, m.Purpose, m.Mandate, m.Mandates,
				noon.Format(instantForm), m.ExpiresAt.Format(instantForm), m.Body)
		}
		fmt.Fprintf(&out, "envelope: %s\n", base64.StdEncoding.EncodeToString(data))
	}
	sealed := func(from Identity, suite seal.Suite, m Message) []byte {
		to := l.hubPeer()
		to.Suite = suite
		data, err := Seal(from, to, m, noon)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for i, body := range bodies(t) {
		m := message(t, body, noon)
		add(fmt.Sprintf("body %d of kind %s", i+1, m.Kind), "opens", sealed(l.haishu, seal.GM, m), &m)
	}
	m := message(t, questions(t, 1, noon), noon)
	good := sealed(l.haishu, seal.GM, m)
	p, err := split(good)
	if err != nil {
		t.Fatal(err)
	}
	flip := func(i int) []byte { b := slices.Clone(good); b[i] ^= 1; return b }
	again := func(i int) []byte {
		return resigned(t, l.haishu, p.form, slices.Clone(flip(i)[:len(good)-signSize]))
	}
	add("in suite 1", "another suite", sealed(l.haishu, seal.Intl, m), nil)
	add("suite 3", "unknown version", again(len(magic)+1), nil)
	add("under a key that is not pinned", "unknown key", sealed(withGM(t, newHaishu(t)), seal.GM, m), nil)
	add("last byte of the signature", "broken signature", flip(len(good)-1), nil)
	add("one bit of the box", "broken signature", flip(len(p.bound)+4+p.form.enc), nil)
	add("one bit of the point, signed again", "altered body", again(len(p.bound)+4+1), nil)
	add("the point in another spelling, signed again", "altered body", again(len(p.bound)+4), nil)
	add("one bit of C3, signed again", "altered body", again(len(p.bound)+4+65), nil)
	add("one bit of C2, signed again", "altered body", again(len(p.bound)+4+97), nil)
	add("one bit of the tag, signed again", "altered body", again(len(good)-signSize-1), nil)
	add("one byte less", "malformed", good[:len(good)-1], nil)
	add("one byte more", "malformed", append(slices.Clone(good), 0), nil)
	writeVectors(t, "envelopes-gm.txt", out.String())
}
