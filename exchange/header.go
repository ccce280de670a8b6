package exchange

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// The envelope is binary, fields in one order, none optional, so that there is
// exactly one way to write it: nothing needs to be made canonical before a
// signature is checked, and a body of records does not grow by a third in base64.
//
//	magic 15 · version 1 · suite 1 · length of header 2 · header · length of the box 4 · box · signature 64
//
// where the box is the encapsulated key (32 by HPKE, 113 by SM2), the ciphertext, its tag (16).
//
// The magic also keeps the signature apart from all else the key may sign.
const (
	magic     = "hedui-exchange\x00"
	version   = 1
	preamble  = len(magic) + 1 + 1 + 2
	fixed     = 16 + 8 + 8 + 8 + 8 + 4 // of the header, before the texts
	tagSize   = 16
	signSize  = 64
	keyIDSize = 8
)

// header is the clear part of an envelope. Its texts follow the fixed fields in
// the order of the struct, each after one byte of length.
type header struct {
	suite     byte
	id        [16]byte
	sentAt    int64 // milliseconds since 1970
	expiresAt int64
	signKey   string // KeyID of the sender's signing key
	boxKey    string // KeyID of the receiver's box key
	mandates  uint32

	from, division, to, kind, purpose, mandate string
}

func (h *header) texts() []*string {
	return []*string{&h.from, &h.division, &h.to, &h.kind, &h.purpose, &h.mandate}
}

// encode returns preamble and header: what the ciphertext is bound to.
func (h *header) encode() ([]byte, error) {
	b := make([]byte, 0, 256)
	b = append(append(b, magic...), version, h.suite, 0, 0)
	b = append(b, h.id[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(h.sentAt))    //nolint:gosec // G115: checked by times
	b = binary.BigEndian.AppendUint64(b, uint64(h.expiresAt)) //nolint:gosec // G115: checked by times
	for _, id := range []string{h.signKey, h.boxKey} {
		raw, err := hex.DecodeString(id)
		if err != nil || len(raw) != keyIDSize {
			return nil, fmt.Errorf("%w: key id is not 16 hexadecimal digits", ErrMalformed)
		}
		b = append(b, raw...)
	}
	b = binary.BigEndian.AppendUint32(b, h.mandates)
	for _, text := range h.texts() {
		if len(*text) > maxMandate {
			return nil, fmt.Errorf("%w: text in the header", ErrTooLarge)
		}
		b = append(append(b, byte(len(*text))), *text...) //nolint:gosec // G115: at most maxMandate
	}
	binary.BigEndian.PutUint16(b[preamble-2:], uint16(len(b)-preamble)) //nolint:gosec // G115: at most 442
	return b, nil
}

// parts are the byte ranges of an envelope.
type parts struct {
	header header
	form   form
	bound  []byte // preamble and header
	sealed []byte // enc and ciphertext
	signed []byte // all before the signature
	sign   []byte
}

// split reads an envelope. Only the form is checked.
func split(data []byte) (parts, error) {
	var p parts
	if len(data) > MaxEnvelope {
		return p, fmt.Errorf("%w: envelope of %d bytes, %d are the limit", ErrTooLarge, len(data), MaxEnvelope)
	}
	if len(data) < preamble || string(data[:len(magic)]) != magic {
		return p, fmt.Errorf("%w: not an envelope", ErrMalformed)
	}
	var known bool
	p.header.suite = data[len(magic)+1]
	if p.form, known = formMarked(p.header.suite); data[len(magic)] != version || !known {
		return p, fmt.Errorf("%w: version %d suite %d, known is %d suites 1 and 2", ErrVersion, data[len(magic)], data[len(magic)+1], version)
	}
	head := preamble + int(binary.BigEndian.Uint16(data[preamble-2:]))
	if len(data) < head+4 {
		return p, fmt.Errorf("%w: envelope is cut off", ErrMalformed)
	}
	length := int64(binary.BigEndian.Uint32(data[head:]))
	if length <= int64(p.form.enc+tagSize) || int64(len(data)) != int64(head)+4+length+signSize {
		return p, fmt.Errorf("%w: envelope has another length than it says", ErrMalformed)
	}
	if err := p.header.decode(data[preamble:head]); err != nil {
		return p, err
	}
	last := len(data) - signSize
	p.bound, p.sealed, p.signed, p.sign = data[:head], data[head+4:last], data[:last], data[last:]
	return p, nil
}

func (h *header) decode(b []byte) error {
	if len(b) < fixed {
		return fmt.Errorf("%w: header is cut off", ErrMalformed)
	}
	copy(h.id[:], b)
	h.sentAt = int64(binary.BigEndian.Uint64(b[16:]))    //nolint:gosec // G115: checked by times
	h.expiresAt = int64(binary.BigEndian.Uint64(b[24:])) //nolint:gosec // G115: checked by times
	h.signKey, h.boxKey = hex.EncodeToString(b[32:40]), hex.EncodeToString(b[40:48])
	h.mandates = binary.BigEndian.Uint32(b[48:])
	b = b[fixed:]
	for _, text := range h.texts() {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return fmt.Errorf("%w: header is cut off", ErrMalformed)
		}
		*text, b = string(b[1:1+int(b[0])]), b[1+int(b[0]):]
	}
	if len(b) != 0 {
		return fmt.Errorf("%w: header is longer than its fields", ErrMalformed)
	}
	if !nameForm.MatchString(h.from) || !nameForm.MatchString(h.to) || !digitsForm.MatchString(h.division) || h.mandates > MaxItems {
		return fmt.Errorf("%w: field of the header", ErrMalformed)
	}
	return h.times()
}

// times checks that both instants are between 1970 and 9999 and in their order.
func (h *header) times() error {
	const last = 253402300799999 // 9999-12-31T23:59:59.999Z
	if h.sentAt < 0 || h.expiresAt <= h.sentAt || h.expiresAt > last || h.expiresAt-h.sentAt > MaxLife.Milliseconds() {
		return fmt.Errorf("%w: times of the envelope", ErrMalformed)
	}
	return nil
}

// live reports whether the envelope may be opened at now.
func (h *header) live(now time.Time, skew time.Duration) error {
	switch {
	case now.Add(-skew).UnixMilli() >= h.expiresAt:
		return ErrExpired
	case now.Add(skew).UnixMilli() < h.sentAt:
		return ErrClock
	}
	return nil
}
