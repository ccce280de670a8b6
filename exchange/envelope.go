package exchange

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"

	"hedui/seal"
)

// Seal makes the envelope of a message for a peer: the body is encrypted to the
// peer's key and bound to the header, then all of it is signed. Sealing twice
// gives different bytes with the same ID. now is the time of sending; a message
// that has expired by then is [ErrExpired].
func Seal(from Identity, to Peer, m Message, now time.Time) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	f, err := formOf(to.Suite)
	if err != nil {
		return nil, err
	}
	boxKey, err := to.boxKey(now)
	if err != nil {
		return nil, err
	}
	h, err := headerOf(from, to, m, now)
	if err != nil {
		return nil, err
	}
	h.boxKey = boxKey.KeyID()
	bound, err := h.encode()
	if err != nil {
		return nil, err
	}
	sealed, err := boxKey.sealBox(bound, m.Body)
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, len(bound)+len(sealed)+4+signSize)
	data = append(data, bound...)
	data = binary.BigEndian.AppendUint32(data, uint32(len(sealed))) //nolint:gosec // G115: at most MaxBody and 129
	data = append(data, sealed...)
	signature, err := from.signer(f).Sign(data)
	if err != nil {
		return nil, fmt.Errorf("exchange: sign: %w", err)
	}
	if signature, err = f.rawSignature(signature); err != nil {
		return nil, err
	}
	return append(data, signature...), nil
}

func headerOf(from Identity, to Peer, m Message, now time.Time) (*header, error) {
	if err := from.Check(); err != nil {
		return nil, err
	}
	if err := CheckName(to.Name); err != nil {
		return nil, err
	}
	f, err := formOf(to.Suite)
	if err != nil {
		return nil, err
	}
	signer := from.signer(f)
	if signer == nil {
		return nil, fmt.Errorf("%w: node %s has no key of suite %s to sign with", ErrKey, from.Name, f.suite)
	}
	id, err := parseID(m.ID)
	if err != nil {
		return nil, err
	}
	h := &header{
		suite: f.mark, id: id, sentAt: now.UnixMilli(), expiresAt: m.ExpiresAt.UnixMilli(), signKey: signer.KeyID(), mandates: uint32(m.Mandates), //nolint:gosec // G115: checked by Message.check
		from: from.Name, division: from.Division, to: to.Name, kind: string(m.Kind), purpose: m.Purpose, mandate: m.Mandate,
	}
	if h.expiresAt <= h.sentAt {
		return nil, ErrExpired
	}
	return h, h.times()
}

// Open reads an envelope that a peer sent to this node and returns the message
// and the peer as the lookup knows it. The skew is how far the clocks may be
// apart. Nothing of the envelope is believed before its signature is right; the
// errors before that (ErrTooLarge, ErrVersion, ErrMalformed, ErrNotForMe,
// ErrUnknownPeer, ErrSuite, ErrKey, ErrSignature) tell what it looks like, those after it
// (ErrDivision, ErrExpired, ErrClock, ErrKey, ErrAltered, ErrMalformed) what the
// peer did. Open keeps nothing: whether the ID was seen before is for the receiver.
func Open(me Identity, peers Lookup, data []byte, now time.Time, skew time.Duration) (Message, Peer, error) {
	p, err := split(data)
	if err != nil {
		return Message{}, Peer{}, err
	}
	peer, err := p.sender(me, peers, now, skew)
	if err != nil {
		return Message{}, Peer{}, err
	}
	h := &p.header
	if h.division != peer.Division {
		return Message{}, peer, fmt.Errorf("%w: %s is of %s", ErrDivision, peer.Name, peer.Division)
	}
	if err := h.live(now, skew); err != nil {
		return Message{}, peer, err
	}
	key, err := me.box(h.boxKey)
	if err != nil {
		return Message{}, peer, err
	}
	if key.public.algorithm() != p.form.box {
		return Message{}, peer, fmt.Errorf("%w: encrypted to key %s of another suite", ErrKey, h.boxKey)
	}
	body, err := key.openBox(p.form, p.bound, p.sealed)
	if err != nil {
		return Message{}, peer, err
	}
	m := Message{
		ID: uuid.UUID(h.id).String(), Kind: Kind(h.kind), Purpose: h.purpose, Mandate: h.mandate, Mandates: int(h.mandates),
		ExpiresAt: time.UnixMilli(h.expiresAt).UTC(), Body: body,
		From: h.from, Division: h.division, SentAt: time.UnixMilli(h.sentAt).UTC(),
	}
	if err := m.check(); err != nil {
		return Message{}, peer, err
	}
	return m, peer, nil
}

// sender returns the peer that signed the envelope for this node.
func (p *parts) sender(me Identity, peers Lookup, now time.Time, skew time.Duration) (Peer, error) {
	if p.header.to != me.Name {
		return Peer{}, ErrNotForMe
	}
	peer, ok := peers(p.header.from)
	if !ok {
		return Peer{}, ErrUnknownPeer
	}
	if want := cmp.Or(peer.Suite, seal.Intl); p.form.suite != want {
		return Peer{}, fmt.Errorf("%w: %s wrote in suite %s, the link has %s", ErrSuite, peer.Name, p.form.suite, want)
	}
	key, err := peer.signKey(p.header.signKey, p.form.sign, now, skew)
	if err != nil {
		return Peer{}, err
	}
	if err := p.form.verify(key, p.signed, p.sign); err != nil {
		return Peer{}, err
	}
	return peer, nil
}
