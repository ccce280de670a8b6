package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// A ticketer makes the land register's tickets. A ticket holds the question,
// enciphered: so it tells nobody who was asked about, nothing has to be kept,
// and a city with the same seed honours it after a restart.
type ticketer struct{ block cipher.Block }

// A ticket is what was asked and when the answer is ready.
type ticket struct {
	person int32 // or none
	state  match
	ready  time.Time
}

func newTicketer(seed uint64) ticketer {
	key := binary.BigEndian.AppendUint64([]byte("synthtic"), seed)
	block, _ := aes.NewCipher(key) // 16 bytes
	return ticketer{block}
}

const ticketMark = 0x7c

func (t ticketer) seal(k ticket) string {
	b := make([]byte, 0, aes.BlockSize)
	b = binary.BigEndian.AppendUint32(b, uint32(k.person)) //nolint:gosec // and back
	b = binary.BigEndian.AppendUint64(b, uint64(k.ready.UnixMilli()))
	b = append(b, byte(k.state), ticketMark, ticketMark, ticketMark)
	t.block.Encrypt(b, b)
	return "TD" + hex.EncodeToString(b)
}

func (t ticketer) open(s string) (ticket, bool) {
	if len(s) != 2+2*aes.BlockSize || s[:2] != "TD" {
		return ticket{}, false
	}
	b, err := hex.DecodeString(s[2:])
	if err != nil {
		return ticket{}, false
	}
	t.block.Decrypt(b, b)
	if string(b[13:]) != string([]byte{ticketMark, ticketMark, ticketMark}) {
		return ticket{}, false
	}
	return ticket{
		person: int32(binary.BigEndian.Uint32(b)),                     //nolint:gosec // and back
		ready:  time.UnixMilli(int64(binary.BigEndian.Uint64(b[4:]))), //nolint:gosec // and back
		state:  match(b[12]),
	}, true
}
