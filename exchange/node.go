package exchange

import (
	"fmt"
	"slices"
	"time"

	"hedui/day"
	"hedui/region"
	"hedui/seal"
)

// An Identity is what a node is to its peers. It does not change while a [Client]
// or a [Handler] uses it; a node with new keys starts them anew.
type Identity struct {
	Name     string         // see [CheckName]
	Division string         // six digits, see package region
	Level    region.Kind    // "county", "prefecture", "province"; for people, nothing is decided by it
	Signer   seal.Signer    // signs envelopes and stands behind the node's TLS certificate; Ed25519
	Public   seal.PublicKey // of Signer
	GM       seal.Signer    // signs envelopes on links of suite gm; SM2 with SM3; nil = the node has no such link
	GMPublic seal.PublicKey // of GM
	Boxes    []*BoxKey      // open what is sent to the node: of each suite newest first, older ones while peers may still use them
}

// Check reports what is missing or does not fit together.
func (n Identity) Check() error {
	if err := checkNode(n.Name, n.Division, n.Level); err != nil {
		return err
	}
	switch {
	case n.Signer == nil || n.Public.KeyID() == "" || n.Signer.KeyID() != n.Public.KeyID():
		return fmt.Errorf("%w: node %s: signer and public key are not a pair", ErrKey, n.Name)
	case n.Signer.Algorithm() != seal.Ed25519:
		return fmt.Errorf("%w: node %s signs with %s, the exchange knows %s", ErrKey, n.Name, n.Signer.Algorithm(), seal.Ed25519)
	case n.GM != nil && (n.GM.Algorithm() != seal.SM2SM3 || n.GM.KeyID() != n.GMPublic.KeyID()):
		return fmt.Errorf("%w: node %s: the signer of suite %s is no pair of %s", ErrKey, n.Name, seal.GM, seal.SM2SM3)
	case len(n.Boxes) == 0 || slices.Contains(n.Boxes, nil) || n.newest(BoxAlgorithm) == nil || n.GM != nil && n.newest(GMBoxAlgorithm) == nil:
		return fmt.Errorf("%w: node %s has no key to open envelopes", ErrKey, n.Name)
	}
	return nil
}

// signer signs in a suite; nil where the node has no key of it.
func (n Identity) signer(f form) seal.Signer {
	if f.suite == seal.GM {
		return n.GM
	}
	return n.Signer
}

// newest is the first box key of an algorithm, or nil.
func (n Identity) newest(algorithm string) *BoxKey {
	for _, key := range n.Boxes {
		if key.public.algorithm() == algorithm {
			return key
		}
	}
	return nil
}

// Peer returns the public side of the identity, as its peers pin it. Of several
// box keys of a suite the first counts, since it is the one new envelopes should use.
func (n Identity) Peer() Peer {
	p := Peer{Name: n.Name, Division: n.Division, Level: n.Level, Sign: []SignPin{{Key: n.Public}}}
	if n.GM != nil {
		p.Sign = append(p.Sign, SignPin{Key: n.GMPublic})
	}
	for _, f := range forms() {
		if key := n.newest(f.box); key != nil && (f.suite == seal.Intl || n.GM != nil) {
			p.Boxes = append(p.Boxes, BoxPin{Key: key.Public()})
		}
	}
	return p
}

// A Peer is another node as this one knows it: the parent, or a child.
type Peer struct {
	Name     string
	Division string
	Level    region.Kind
	Suite    seal.Suite // of the link between this node and the peer; zero = intl
	Sign     []SignPin  // any of the link's suite that is valid now may sign, any Ed25519 one speaks TLS
	Boxes    []BoxPin   // of those of the link's suite that are valid now the latest is encrypted to
}

// Check reports what is wrong with name, division or level of the peer.
func (p Peer) Check() error { return checkNode(p.Name, p.Division, p.Level) }

// A Lookup finds the peer with that name. It is called for every request and
// every envelope, so that a key pinned or revoked counts at once; it should
// answer from memory.
type Lookup func(name string) (Peer, bool)

// Only returns the Lookup of a node with one peer.
func Only(p Peer) Lookup {
	return func(name string) (Peer, bool) { return p, name == p.Name }
}

// A Span is the time in which a key counts: from From on and before Until; zero is open.
type Span struct{ From, Until time.Time }

// At reports whether the span holds at now. A key that begins within the skew
// counts already, since the peer's clock may run ahead.
func (s Span) At(now time.Time, skew time.Duration) bool {
	return !now.Add(skew).Before(s.From) && (s.Until.IsZero() || now.Before(s.Until))
}

// A SignPin is a signing key of a peer.
type SignPin struct {
	Key seal.PublicKey
	Span
}

// A BoxPin is a key of a peer to encrypt to.
type BoxPin struct {
	Key BoxPublicKey
	Span
}

// Covers reports whether cases of a division on a day are the peer's: the
// division, or the one that took over from it, is the peer's own or lies below it.
func (p Peer) Covers(division string, on day.Day) bool {
	if division == p.Division {
		return true
	}
	d, ok := region.Successor(division, on)
	for steps := 0; ok && steps < 4; steps++ {
		if d.Code == p.Division {
			return true
		}
		d, ok = region.Lookup(d.Parent, on)
	}
	return false
}

// signKey returns the peer's signing key with that id and algorithm if it is valid now.
func (p Peer) signKey(id, algorithm string, now time.Time, skew time.Duration) (seal.PublicKey, error) {
	for _, pin := range p.Sign {
		if pin.Key.KeyID() == id && pin.At(now, skew) && pin.Key.Algorithm() == algorithm {
			return pin.Key, nil
		}
	}
	return seal.PublicKey{}, fmt.Errorf("%w: signing key %s of %s", ErrKey, id, p.Name)
}

// pins reports whether the very key is pinned for the peer and valid now.
func (p Peer) pins(key seal.PublicKey, now time.Time, skew time.Duration) error {
	pinned, err := p.signKey(key.KeyID(), seal.Ed25519, now, skew)
	if err != nil {
		return err
	}
	if !pinned.Equal(key) {
		return fmt.Errorf("%w: signing key %s of %s", ErrKey, key.KeyID(), p.Name)
	}
	return nil
}

// boxKey returns the key to encrypt to now: of the valid ones the one that began last.
func (p Peer) boxKey(now time.Time) (BoxPublicKey, error) {
	f, err := formOf(p.Suite)
	if err != nil {
		return BoxPublicKey{}, err
	}
	var best *BoxPin
	for i, pin := range p.Boxes {
		if pin.Key.algorithm() == f.box && pin.At(now, 0) && (best == nil || pin.From.After(best.From)) {
			best = &p.Boxes[i]
		}
	}
	if best == nil {
		return BoxPublicKey{}, fmt.Errorf("%w: %s has no key of suite %s to encrypt to", ErrKey, p.Name, f.suite)
	}
	return best.Key, nil
}

// box returns the own key with that id.
func (n Identity) box(id string) (*BoxKey, error) {
	for _, key := range n.Boxes {
		if key.KeyID() == id {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%w: encrypted to %s, which is no key of %s", ErrKey, id, n.Name)
}
