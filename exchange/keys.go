package exchange

import (
	"time"

	"hedui/seal"
)

// Keys is the body of KindKeys: all keys by which the sender is to be known from
// now on, each with its time. Since the message is signed with a key that is
// pinned already, the receiver may pin these in the place of the old ones. To
// rotate, a node announces old and new keys with overlapping times, waits for
// the receipt, and then starts with the new ones; a key that was stolen is left
// out, or replaced by hand at the peer if the thief could announce too.
type Keys struct {
	Sign  []SignPin // one to sixteen, Ed25519 or SM2
	Boxes []BoxPin  // one to sixteen
}

const maxKeys = 16

// Keys reads the body of a message.
func (m Message) Keys() (Keys, error) {
	var w wireKeys
	if err := m.decode(KindKeys, &w); err != nil {
		return Keys{}, err
	}
	if len(w.Sign) > maxKeys || len(w.Boxes) > maxKeys {
		return Keys{}, at("key", maxKeys, "too many")
	}
	var keys Keys
	for i, item := range w.Sign {
		key, err := seal.ParsePublic([]byte(item.PEM))
		if err != nil || string(key.PEM()) != item.PEM {
			return Keys{}, at("signing key", i, "PEM")
		}
		keys.Sign = append(keys.Sign, SignPin{Key: key, Span: item.span()})
	}
	for i, item := range w.Boxes {
		key, err := ParseBoxPublic([]byte(item.PEM))
		if err != nil || string(key.PEM()) != item.PEM {
			return Keys{}, at("box key", i, "PEM")
		}
		keys.Boxes = append(keys.Boxes, BoxPin{Key: key, Span: item.span()})
	}
	return keys, m.agrees(keys)
}

func (Keys) kind() Kind { return KindKeys }

func (Keys) about(*Message) {}

func (k Keys) check() error {
	if len(k.Sign) == 0 || len(k.Boxes) == 0 || len(k.Sign) > maxKeys || len(k.Boxes) > maxKeys {
		return at("key", 0, "one to sixteen of each are needed")
	}
	for i, pin := range k.Sign {
		if !signs(pin.Key.Algorithm()) || !pin.Span.ordered() {
			return at("signing key", i, "algorithm or time")
		}
	}
	for i, pin := range k.Boxes {
		if pin.Key.KeyID() == "" || !pin.Span.ordered() {
			return at("box key", i, "key or time")
		}
	}
	return nil
}

func (s Span) ordered() bool { return s.Until.IsZero() || s.From.Before(s.Until) }

type wireKeys struct {
	Sign  []wirePin `json:"sign"`
	Boxes []wirePin `json:"boxes"`
}

type wirePin struct {
	PEM   string  `json:"pem"`
	From  instant `json:"from,omitzero"`
	Until instant `json:"until,omitzero"`
}

func (p wirePin) span() Span { return Span{From: p.From.Time, Until: p.Until.Time} }

func pinOf(pem []byte, s Span) wirePin {
	return wirePin{PEM: string(pem), From: instant{s.From.Truncate(time.Millisecond)}, Until: instant{s.Until.Truncate(time.Millisecond)}}
}

func (k Keys) wire() any {
	w := wireKeys{Sign: []wirePin{}, Boxes: []wirePin{}}
	for _, pin := range k.Sign {
		w.Sign = append(w.Sign, pinOf(pin.Key.PEM(), pin.Span))
	}
	for _, pin := range k.Boxes {
		w.Boxes = append(w.Boxes, pinOf(pin.Key.PEM(), pin.Span))
	}
	return &w
}
