package exchange

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hedui/seal"
)

func TestEnvelopeOpensAsItWasSealed(t *testing.T) {
	eachSuite(t, testEnvelopeOpens)
}

func testEnvelopeOpens(t *testing.T, l suiteLink) {
	rapid.Check(t, func(rt *rapid.T) {
		m := Message{
			ID: NewID(), Kind: Kind(rapid.StringMatching(`[a-z][a-z0-9-]{0,31}`).Draw(rt, "kind")),
			Purpose:   rapid.SampledFrom([]string{"", "dibao", "medical"}).Draw(rt, "purpose"),
			Mandates:  rapid.IntRange(0, 9).Draw(rt, "mandates"),
			ExpiresAt: noon.Add(time.Duration(rapid.IntRange(1, int(MaxLife.Milliseconds())).Draw(rt, "life")) * time.Millisecond),
			Body:      rapid.SliceOfN(rapid.Byte(), 1, 5000).Draw(rt, "body"),
		}
		if m.Mandates == 1 {
			m.Mandate = "甬核授〔2026〕000001号"
		}
		data, err := Seal(l.haishu, l.hubPeer(), m, noon)
		if err != nil {
			rt.Fatal(err)
		}
		got, from, err := Open(l.hub, l.known(), data, noon, DefaultSkew)
		if err != nil {
			rt.Fatal(err)
		}
		want := m
		want.From, want.Division, want.SentAt = "haishu", "330203", noon
		if from.Name != "haishu" || fmt.Sprint(got) != fmt.Sprint(want) || !bytes.Equal(got.Body, want.Body) ||
			got.Purpose != want.Purpose || got.Mandate != want.Mandate || got.Mandates != want.Mandates ||
			!got.ExpiresAt.Equal(want.ExpiresAt) || got.From != want.From || got.Division != want.Division || !got.SentAt.Equal(want.SentAt) {
			rt.Errorf("got another message than was sealed")
		}
	})
}

// Every byte is changed in every bit, and every byte is left out, doubled: no
// change is overlooked, and each has one of the errors that say so.
func TestEveryAlteredByteIsRefused(t *testing.T) {
	eachSuite(t, testEveryAlteredByte)
}

func testEveryAlteredByte(t *testing.T, l suiteLink) {
	data, err := Seal(l.haishu, l.hubPeer(), message(t, questions(t, 1, noon), noon), noon)
	if err != nil {
		t.Fatal(err)
	}
	count := map[Reason]int{}
	refuse := func(what string, i int, altered []byte) {
		_, _, err := Open(l.hub, l.known(), altered, noon, DefaultSkew)
		if ReasonOf(err) == "" {
			t.Errorf("byte %d %s: got %v, want a typed error", i, what, err)
		}
		count[ReasonOf(err)]++
	}
	for i := range data {
		for bit := range 8 {
			altered := slices.Clone(data)
			altered[i] ^= 1 << bit
			refuse("changed", i, altered)
		}
		refuse("left out", i, slices.Delete(slices.Clone(data), i, i+1))
		refuse("doubled", i, slices.Insert(slices.Clone(data), i, data[i]))
		refuse("last", i, data[:i])
	}
	for _, want := range []Reason{ReasonMalformed, ReasonVersion, ReasonUnknownPeer, ReasonNotForMe, ReasonKey, ReasonSignature} {
		if count[want] == 0 {
			t.Errorf("no change was refused as %s", want)
		}
	}
	t.Logf("%d bytes: %v", len(data), count)
}

// resign makes an envelope whose signature is right and whose parts a thief of
// the signing key, or a careless implementation, put together.
func resign(t testing.TB, data []byte, from Identity, change func([]byte)) []byte {
	t.Helper()
	signed := slices.Clone(data[:len(data)-signSize])
	change(signed)
	signature, err := from.Signer.Sign(signed)
	if err != nil {
		t.Fatal(err)
	}
	return append(signed, signature...)
}

func TestOpenRefuses(t *testing.T) {
	hub, haishu, yinzhou := newHub(t), newHaishu(t), newNode(t, "yinzhou", "330212", "county")
	m := message(t, questions(t, 1, noon), noon)
	good, err := Seal(haishu, hub.Peer(), m, noon)
	if err != nil {
		t.Fatal(err)
	}
	claims := haishu
	claims.Division = "330212"
	posing := yinzhou
	posing.Name, posing.Division = "haishu", "330203"
	newKeys := newHaishu(t)
	boxless := hub.Peer()
	boxless.Boxes = newHub(t).Peer().Boxes
	from := func(who Identity, to Peer) func() ([]byte, time.Time) {
		return func() ([]byte, time.Time) {
			data, err := Seal(who, to, m, noon)
			if err != nil {
				t.Fatal(err)
			}
			return data, noon
		}
	}
	after := func(d time.Duration) func() ([]byte, time.Time) {
		return func() ([]byte, time.Time) { return good, noon.Add(d) }
	}
	altered := func(change func([]byte)) func() ([]byte, time.Time) {
		return func() ([]byte, time.Time) { return resign(t, good, haishu, change), noon }
	}
	for _, c := range []struct {
		name string
		make func() ([]byte, time.Time)
		want error
	}{
		{"a good one", after(0), nil},
		{"clock behind within the skew", after(-DefaultSkew), nil},
		{"clock ahead within the skew", after(24*time.Hour + DefaultSkew - time.Millisecond), nil},
		{"expired", after(24*time.Hour + DefaultSkew), ErrExpired},
		{"from the future", after(-DefaultSkew - time.Millisecond), ErrClock},
		{"unknown sender", from(newNode(t, "fenghua", "330213", "county"), hub.Peer()), ErrUnknownPeer},
		{"known name, another key", from(newKeys, hub.Peer()), ErrKey},
		{"a sibling posing as the sender", from(posing, hub.Peer()), ErrKey},
		{"another's division", from(claims, hub.Peer()), ErrDivision},
		{"for a sibling", from(haishu, yinzhou.Peer()), ErrNotForMe},
		{"encrypted to a key we do not have", from(haishu, boxless), ErrKey},
		{"later version", altered(func(b []byte) { b[len(magic)]++ }), ErrVersion},
		{"later suite", altered(func(b []byte) { b[len(magic)+1] = 3 }), ErrVersion},
		{"ciphertext changed and signed again", altered(func(b []byte) { b[len(b)-1] ^= 1 }), ErrAltered},
		{"purpose changed and signed again", altered(func(b []byte) { b[bytes.Index(b, []byte("dibao"))] = 'e' }), ErrAltered},
		{"expiry changed and signed again", altered(func(b []byte) { b[preamble+31]++ }), ErrAltered},
		{"expiry before sending", altered(func(b []byte) { copy(b[preamble+24:preamble+32], make([]byte, 8)) }), ErrMalformed},
		{"too large", func() ([]byte, time.Time) { return make([]byte, MaxEnvelope+1), noon }, ErrTooLarge},
		{"nothing", func() ([]byte, time.Time) { return nil, noon }, ErrMalformed},
	} {
		data, now := c.make()
		_, _, err := Open(hub, of(haishu, yinzhou), data, now, DefaultSkew)
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if c.want != nil && !errors.Is(ReasonOf(err).err(), c.want) {
			t.Errorf("%s: reason %s does not stand for %v", c.name, ReasonOf(err), c.want)
		}
	}
}

// A ciphertext that another sent cannot be sent as one's own, since it is bound
// to its header.
func TestOwnSignatureUnderAnothersBody(t *testing.T) {
	hub, haishu, yinzhou := newHub(t), newHaishu(t), newNode(t, "yinzhou", "330212", "county")
	m := message(t, questions(t, 1, noon), noon)
	theirs, err1 := Seal(haishu, hub.Peer(), m, noon)
	ours, err2 := Seal(yinzhou, hub.Peer(), m, noon)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	p, err1 := split(theirs)
	q, err2 := split(ours)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	stolen := resign(t, ours, yinzhou, func(b []byte) { copy(b[len(q.bound)+4:], p.sealed) })
	if _, _, err := Open(hub, of(haishu, yinzhou), stolen, noon, 0); !errors.Is(err, ErrAltered) {
		t.Errorf("got %v, want %v", err, ErrAltered)
	}
}

func TestSealRefuses(t *testing.T) {
	hub, haishu := newHub(t), newHaishu(t)
	p256, err := seal.Generate(seal.P256SHA256)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*Identity, *Peer, *Message)
		want   error
	}{
		{"expired", func(_ *Identity, _ *Peer, m *Message) { m.ExpiresAt = noon }, ErrExpired},
		{"lives too long", func(_ *Identity, _ *Peer, m *Message) { m.ExpiresAt = noon.Add(MaxLife + time.Second) }, ErrMalformed},
		{"too large", func(_ *Identity, _ *Peer, m *Message) { m.Body = make([]byte, MaxBody+1) }, ErrTooLarge},
		{"no body", func(_ *Identity, _ *Peer, m *Message) { m.Body = nil }, ErrMalformed},
		{"id of version 4", func(_ *Identity, _ *Peer, m *Message) { m.ID = "9b2d4b57-6d3f-4f1e-9d4c-0d5a3f8f1b11" }, ErrMalformed},
		{"id in capitals", func(_ *Identity, _ *Peer, m *Message) { m.ID = strings.ToUpper(m.ID) }, ErrMalformed},
		{"kind", func(_ *Identity, _ *Peer, m *Message) { m.Kind = "Questions" }, ErrMalformed},
		{"mandate without count", func(_ *Identity, _ *Peer, m *Message) { m.Mandates = 0 }, ErrMalformed},
		{"signer of another algorithm", func(n *Identity, _ *Peer, _ *Message) { n.Signer, n.Public = p256, p256.Public() }, ErrKey},
		{"signer of another key", func(n *Identity, _ *Peer, _ *Message) { n.Signer = p256 }, ErrKey},
		{"peer without a key", func(_ *Identity, p *Peer, _ *Message) { p.Boxes = nil }, ErrKey},
		{"peer whose key has run out", func(_ *Identity, p *Peer, _ *Message) { p.Boxes[0].Until = noon }, ErrKey},
	} {
		n, p, m := haishu, hub.Peer(), message(t, questions(t, 1, noon), noon)
		c.change(&n, &p, &m)
		if _, err := Seal(n, p, m, noon); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestKeysRotateWithOverlap(t *testing.T) {
	hub, haishu := newHub(t), newHaishu(t)
	next := newHaishu(t)
	next.Boxes = append(next.Boxes, haishu.Boxes...) // still opens what is on its way
	hour := time.Hour
	pinned := Peer{Name: "haishu", Division: "330203", Level: "county",
		Sign:  []SignPin{{haishu.Public, Span{Until: noon.Add(2 * hour)}}, {next.Public, Span{From: noon.Add(hour)}}},
		Boxes: []BoxPin{{haishu.Boxes[0].Public(), Span{Until: noon.Add(2 * hour)}}, {next.Boxes[0].Public(), Span{From: noon.Add(hour)}}},
	}
	for _, c := range []struct {
		after    time.Duration
		old, new bool
	}{{0, true, false}, {hour - DefaultSkew, true, true}, {hour, true, true}, {2*hour - 1, true, true}, {2 * hour, false, true}} {
		at := noon.Add(c.after)
		for who, want := range map[string]bool{"old": c.old, "new": c.new} {
			n := map[string]Identity{"old": haishu, "new": next}[who]
			data, err := Seal(n, hub.Peer(), message(t, questions(t, 1, at), at), at)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = Open(hub, Only(pinned), data, at, DefaultSkew)
			if (err == nil) != want || err != nil && !errors.Is(err, ErrKey) {
				t.Errorf("%s key after %v: got %v, want accepted %t", who, c.after, err, want)
			}
		}
		data, err := Seal(hub, pinned, message(t, Replies{reply(NewID(), at)}, at), at)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(next, of(hub), data, at, DefaultSkew); err != nil {
			t.Errorf("to haishu after %v: %v", c.after, err)
		}
	}
}

func TestMessagePrintsWithoutItsBody(t *testing.T) {
	q := questions(t, 1, noon)
	m := message(t, q, noon)
	secret := q[0].Person.ID.Reveal()
	for _, v := range []any{m, &m, []Message{m}, q, q[0], &q[0], reply(NewID(), noon), newHaishu(t)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, secret) || strings.Contains(got, "王某某") || strings.Contains(got, fmt.Sprintf("%x", secret)) || strings.Contains(got, "18234") {
				t.Errorf("%T with %s prints personal data", v, verb)
			}
		}
	}
}
