package exchange

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/seal"
)

var update = flag.Bool("update", false, "make the vectors in testdata anew, with new throw-away keys")

// expectations are the words of the vectors.
func expectations() map[string]Reason {
	return map[string]Reason{
		"opens": "", "unknown peer": ReasonUnknownPeer, "unknown key": ReasonKey, "broken signature": ReasonSignature,
		"altered body": ReasonAltered, "expired": ReasonExpired, "sent in the future": ReasonClock, "for another node": ReasonNotForMe,
		"unknown version": ReasonVersion, "malformed": ReasonMalformed, "wrong division": ReasonDivision, "wrong code": ReasonCode,
		"another suite": ReasonSuite,
	}
}

// vectors reads blocks of "key: value" lines; # begins a comment.
func vectors(t testing.TB, name string) []map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]string
	for block := range strings.SplitSeq(string(data), "\n\n") {
		v := map[string]string{}
		for line := range strings.Lines(block) {
			if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok && !strings.HasPrefix(line, "#") {
				v[key] = value
			}
		}
		if len(v) > 0 {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s holds no vector", name)
	}
	return all
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(instantForm, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func vectorPeers(t testing.TB) Lookup {
	t.Helper()
	peers := map[string]Peer{}
	for name, division := range map[string]string{"haishu": "330203", "yinzhou": "330212"} {
		key, err := seal.ParsePublic(testdata(t, name+".sign.public.pem"))
		if err != nil {
			t.Fatal(err)
		}
		peers[name] = Peer{Name: name, Division: division, Level: "county", Sign: []SignPin{{Key: key}}}
	}
	return func(name string) (Peer, bool) { p, ok := peers[name]; return p, ok }
}

func TestEnvelopeVectors(t *testing.T) {
	box, err := parseBox(testdata(t, "ningbo.box.private.pem"))
	if err != nil {
		t.Fatal(err)
	}
	seen := judge(t, "envelopes.txt", Identity{Name: "ningbo", Boxes: []*BoxKey{box}}, vectorPeers(t))
	for expect := range expectations() {
		if !seen[expect] && expect != "wrong code" && expect != "another suite" {
			t.Errorf("no envelope is expected to be: %s", expect)
		}
	}
}

// judge opens every envelope of a file.
func judge(t *testing.T, file string, hub Identity, peers Lookup) (seen map[string]bool) {
	t.Helper()
	seen = map[string]bool{}
	for _, v := range vectors(t, file) {
		want, known := expectations()[v["expect"]]
		data, err := base64.StdEncoding.DecodeString(v["envelope"])
		if err != nil || !known {
			t.Fatalf("%s: bad vector, expect %q: %v", v["name"], v["expect"], err)
		}
		seen[v["expect"]] = true
		m, _, err := Open(hub, peers, data, moment(t, v["now"]), DefaultSkew)
		if got := ReasonOf(err); got != want || want == "" && err != nil {
			t.Errorf("%s: got %v, want %s", v["name"], err, v["expect"])
		}
		if want == "" {
			got := fmt.Sprintf("%s %s %s %s %q %q %d %s %s", m.ID, m.Kind, m.From, m.Division, m.Purpose, m.Mandate, m.Mandates,
				m.SentAt.Format(instantForm), m.ExpiresAt.Format(instantForm))
			if got != v["header"] || string(m.Body) != v["body"] {
				t.Errorf("%s: got header %s, or another body", v["name"], got)
			}
			if _, err := read(m); err != nil {
				t.Errorf("%s: body: %v", v["name"], err)
			}
		}
	}
	return seen
}

func TestBodyVectors(t *testing.T) {
	for _, v := range vectors(t, "bodies.txt") {
		m := message(t, Cancels{{Query: NewID(), Reason: "withdrawn", At: noon}}, noon)
		m.Kind, m.Purpose, m.Mandate, m.Body = Kind(v["kind"]), v["purpose"], v["mandate"], []byte(v["body"])
		if m.Mandate != "" {
			m.Mandates = 1
		}
		if _, err := read(m); (err == nil) != (v["expect"] == "reads") || err != nil && ReasonOf(err) != ReasonMalformed {
			t.Errorf("%s: got %v, want %s", v["name"], err, v["expect"])
		}
	}
}

func TestBatchVectors(t *testing.T) {
	for _, v := range vectors(t, "batches.txt") {
		data, err := hex.DecodeString(v["batch"])
		if err != nil {
			t.Fatal(err)
		}
		want := expectations()[v["expect"]]
		if _, err := decodeBatch(data); ReasonOf(err) != want || want == "" && err != nil {
			t.Errorf("%s: got %v, want %s", v["name"], err, v["expect"])
		}
	}
}

func TestEnrolmentVectors(t *testing.T) {
	for _, v := range vectors(t, "enrolments.txt") {
		c, err := ParseCode(v["code"])
		if err != nil {
			t.Fatal(err)
		}
		secret, err := c.Secret("haishu")
		if err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(secret); v["expect"] == "opens" && got != v["secret"] {
			t.Errorf("%s: got secret %s, want %s", v["name"], got, v["secret"])
		}
		now := moment(t, v["now"])
		_, _, err = openEnrolment([]byte(v["request"]), "q", func(string) ([]byte, error) { return secret, nil }, now, DefaultSkew)
		want := expectations()[v["expect"]]
		if ReasonOf(err) != want || want == "" && err != nil {
			t.Errorf("%s: got %v, want %s", v["name"], err, v["expect"])
		}
		if v["answer"] == "" {
			continue
		}
		parent, err := OpenAnswer([]byte(v["answer"]), []byte(v["request"]), Identity{Name: "haishu"}, c, now, DefaultSkew)
		if err != nil || parent.Name != "ningbo" || parent.Sign[0].Key.KeyID() != v["parent-key"] {
			t.Errorf("%s: answer: %v", v["name"], err)
		}
	}
}

// TestUpdateVectors makes the files with -update. New bytes each time, since keys
// and encapsulations are random; the private signing keys are not kept.
func TestUpdateVectors(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	hub, haishu, yinzhou := newHub(t), newHaishu(t), newNode(t, "yinzhou", "330212", "county")
	if err := os.Remove(filepath.Join("testdata", "ningbo.box.private.pem")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := hub.Boxes[0].Save(filepath.Join("testdata", "ningbo.box.private.pem")); err != nil {
		t.Fatal(err)
	}
	writeVectors(t, "haishu.sign.public.pem", string(haishu.Public.PEM()))
	writeVectors(t, "yinzhou.sign.public.pem", string(yinzhou.Public.PEM()))
	writeVectors(t, "envelopes.txt", envelopeVectors(t, hub, haishu, yinzhou))
	writeVectors(t, "bodies.txt", bodyVectors(t))
	writeVectors(t, "batches.txt", batchVectors(t))
	writeVectors(t, "enrolments.txt", enrolmentVectors(t, hub, haishu))
}

func writeVectors(t testing.TB, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join("testdata", name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func envelopeVectors(t testing.TB, hub, haishu, yinzhou Identity) string {
	var out strings.Builder
	fmt.Fprint(&out, "# Envelopes to ningbo. header: id kind from division purpose mandate mandates sent_at expires_at; see README.md\n")
	add := func(name, expect string, now time.Time, data []byte, m *Message) {
		fmt.Fprintf(&out, "\nname: %s\nexpect: %s\nnow: %s\n", name, expect, now.Format(instantForm))
		if m != nil {
			fmt.Fprintf(&out, "header: %s %s haishu 330203 %q %q %d %s %s\nbody: %s\n", m.ID, m.Kind, m.Purpose, m.Mandate, m.Mandates,
				noon.Format(instantForm), m.ExpiresAt.Format(instantForm), m.Body)
		}
		fmt.Fprintf(&out, "envelope: %s\n", base64.StdEncoding.EncodeToString(data))
	}
	sealed := func(from Identity, to Peer, m Message) []byte {
		data, err := Seal(from, to, m, noon)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for i, body := range bodies(t) {
		m := message(t, body, noon)
		add(fmt.Sprintf("body %d of kind %s", i+1, m.Kind), "opens", noon, sealed(haishu, hub.Peer(), m), &m)
	}
	m := message(t, questions(t, 1, noon), noon)
	good := sealed(haishu, hub.Peer(), m)
	claims, fenghua, another := haishu, newNode(t, "fenghua", "330213", "county"), newHaishu(t)
	claims.Division = "330212"
	other := hub.Peer()
	other.Boxes = another.Peer().Boxes
	flip := func(i int) []byte { b := slices.Clone(good); b[i] ^= 1; return b }
	add("clock within the skew", "opens", noon.Add(-DefaultSkew), good, &m)
	add("late within the skew", "opens", m.ExpiresAt.Add(DefaultSkew-time.Millisecond), good, &m)
	add("too late", "expired", m.ExpiresAt.Add(DefaultSkew), good, nil)
	add("too early", "sent in the future", noon.Add(-DefaultSkew-time.Millisecond), good, nil)
	add("sender nobody knows", "unknown peer", noon, sealed(fenghua, hub.Peer(), m), nil)
	add("sender's name under a key that is not pinned", "unknown key", noon, sealed(another, hub.Peer(), m), nil)
	add("encrypted to a key ningbo does not have", "unknown key", noon, sealed(haishu, other, m), nil)
	add("for yinzhou", "for another node", noon, sealed(haishu, yinzhou.Peer(), m), nil)
	add("claims the division of yinzhou", "wrong division", noon, sealed(claims, hub.Peer(), m), nil)
	add("last byte of the signature", "broken signature", noon, flip(len(good)-1), nil)
	add("one bit of the box", "broken signature", noon, flip(len(good)-signSize-1), nil)
	add("one bit of the id", "broken signature", noon, flip(preamble), nil)
	add("one bit of the box, signed again", "altered body", noon, resign(t, good, haishu, func(b []byte) { b[len(b)-1] ^= 1 }), nil)
	add("purpose changed, signed again", "altered body", noon, resign(t, good, haishu, func(b []byte) { b[bytes.Index(b, []byte("dibao"))] = 'e' }), nil)
	add("version 2", "unknown version", noon, flip(len(magic)), nil)
	add("suite 0", "unknown version", noon, flip(len(magic)+1), nil)
	add("one byte more", "malformed", noon, append(slices.Clone(good), 0), nil)
	add("one byte less", "malformed", noon, good[:len(good)-1], nil)
	add("only the magic", "malformed", noon, good[:len(magic)], nil)
	add("expires before it was sent", "malformed", noon, resign(t, good, haishu, func(b []byte) { copy(b[preamble+24:preamble+32], make([]byte, 8)) }), nil)
	return out.String()
}

func bodyVectors(t testing.TB) string {
	var out strings.Builder
	fmt.Fprint(&out, "# Bodies, decrypted. purpose and mandate are those of the header.\n")
	add := func(name, expect string, m Message, body string) {
		fmt.Fprintf(&out, "\nname: %s\nexpect: %s\nkind: %s\npurpose: %s\nmandate: %s\nbody: %s\n", name, expect, m.Kind, m.Purpose, m.Mandate, body)
	}
	for _, body := range bodies(t) {
		if m := message(t, body, noon); m.Mandates <= 1 {
			add("a good one", "reads", m, string(m.Body))
		}
	}
	m := message(t, questions(t, 1, noon), noon)
	good := string(m.Body)
	for _, c := range [][4]string{
		{"white space", "reads", `"category":`, `"category" : `},
		{"escaped letters", "reads", `"housing_fund"`, `"housing\u005ffund"`},
		{"unknown member", "malformed", `"category":`, `"amount":"860.00","category":`},
		{"member twice", "malformed", `"category":`, `"category":"housing_fund","category":`},
		{"member in capitals", "malformed", `"category":`, `"Category":`},
		{"empty optional member", "malformed", `"from":"2025-03-01","to":"2026-02-28"`, `"from":"","to":""`},
		{"half a window", "malformed", `"from":"2025-03-01",`, ``},
		{"a day that does not exist", "malformed", `2025-03-01`, `2025-02-30`},
		{"instant with an offset", "malformed", `03:00:00.000Z`, `11:00:00.000+08:00`},
		{"wrong check character", "malformed", questionID(t), questionID(t)[:17] + "?"},
		{"no hops", "malformed", `["haishu"]`, `[]`},
		{"purpose of another programme than in the header", "malformed", `"dibao"`, `"medical"`},
		{"trailing data", "malformed", `]}`, `]} {}`},
		{"a signed mandate in a body of version 1", "malformed", `"version":2,`, ``},
		{"version 3", "malformed", `"version":2,`, `"version":3,`},
		{"a signed mandate that is no line", "malformed", `"signed":"`, `"signed":"\n`},
	} {
		text := strings.Replace(good, c[2], c[3], 1)
		if text == good {
			t.Fatalf("%s changes nothing", c[0])
		}
		add(c[0], c[1], m, text)
	}
	unsigned := questions(t, 1, noon)
	unsigned[0].Signed = ""
	old := message(t, unsigned, noon)
	add("version 1, which is read and then refused as unsigned", "reads", old, string(old.Body))
	add("version 2 without a signed mandate", "malformed", old, strings.Replace(string(old.Body), `{"questions"`, `{"version":2,"questions"`, 1))
	return out.String()
}

func questionID(t testing.TB) string { return person(t, 0).ID.Reveal() }

func batchVectors(t testing.TB) string {
	var out strings.Builder
	fmt.Fprint(&out, "# Batches. What is in them need not be an envelope.\n")
	add := func(name, expect string, data []byte) {
		fmt.Fprintf(&out, "\nname: %s\nexpect: %s\nbatch: %x\n", name, expect, data)
	}
	empty, err1 := encodeBatch(nil)
	two, err2 := encodeBatch([]parcel{{NewID(), []byte("one")}, {NewID(), []byte{}}})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	later := slices.Clone(empty)
	later[len(batchMagic)] = 2
	version4 := slices.Clone(two)
	version4[batchHead+6] = 0x40
	add("nothing", "opens", empty)
	add("two, the second without bytes", "opens", two)
	add("version 2", "unknown version", later)
	add("one byte more", "malformed", append(slices.Clone(two), 0))
	add("one byte less", "malformed", two[:len(two)-1])
	add("an id of version 4", "malformed", version4)
	return out.String()
}

func enrolmentVectors(t testing.TB, hub, haishu Identity) string {
	var out strings.Builder
	fmt.Fprint(&out, "# haishu asks ningbo, which holds the code's secret.\n")
	c := NewCode()
	secret, err := c.Secret("haishu")
	if err != nil {
		t.Fatal(err)
	}
	request, err := RequestEnrolment(haishu, c, noon)
	if err != nil {
		t.Fatal(err)
	}
	e, _, err := openEnrolment(request, "q", func(string) ([]byte, error) { return secret, nil }, noon, DefaultSkew)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := AnswerEnrolment(hub, e, secret, noon)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "\nname: request and answer\nexpect: opens\ncode: %s\nsecret: %x\nnow: %s\nrequest: %s\nanswer: %s\nparent-key: %s\n",
		c.Reveal(), secret, noon.Format(instantForm), request, answer, hub.Public.KeyID())
	fmt.Fprintf(&out, "\nname: another code\nexpect: wrong code\ncode: %s\nnow: %s\nrequest: %s\n", NewCode().Reveal(), noon.Format(instantForm), request)
	fmt.Fprintf(&out, "\nname: replayed\nexpect: expired\ncode: %s\nnow: %s\nrequest: %s\n", c.Reveal(), noon.Add(DefaultSkew+time.Millisecond).Format(instantForm), request)
	return out.String()
}
