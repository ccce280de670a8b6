package exchange

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// A batch is what one request or answer carries:
//
//	magic 12 · version 1 · number of envelopes 2 · for each: id 16 · length 4 · envelope
//
// The id beside each envelope lets a receipt name one that cannot be read.
const (
	batchMagic  = "hedui-batch\x00"
	batchHead   = len(batchMagic) + 1 + 2
	batchFrame  = 16 + 4
	typeBatch   = "application/vnd.hedui.batch"
	typeJSON    = "application/json"
	maxReceipts = 64 << 10 // bytes of a request or an answer that carries receipts and no envelopes
)

// A parcel is one envelope with its id beside it.
type parcel struct {
	id   string
	data []byte
}

func encodeBatch(parcels []parcel) ([]byte, error) {
	size := batchHead
	for _, p := range parcels {
		size += batchFrame + len(p.data)
	}
	if len(parcels) > MaxCount || size > MaxBatch {
		return nil, fmt.Errorf("%w: batch of %d envelopes, %d bytes", ErrTooLarge, len(parcels), size)
	}
	b := make([]byte, 0, size)
	b = append(append(b, batchMagic...), version)
	b = binary.BigEndian.AppendUint16(b, uint16(len(parcels))) //nolint:gosec // G115: at most MaxCount
	for _, p := range parcels {
		id, err := parseID(p.id)
		if err != nil {
			return nil, err
		}
		b = append(b, id[:]...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(p.data))) //nolint:gosec // G115: at most MaxBatch
		b = append(b, p.data...)
	}
	return b, nil
}

// decodeBatch reads a batch; the envelopes stay parts of data.
func decodeBatch(data []byte) ([]parcel, error) {
	if len(data) > MaxBatch {
		return nil, fmt.Errorf("%w: batch of %d bytes", ErrTooLarge, len(data))
	}
	if len(data) < batchHead || string(data[:len(batchMagic)]) != batchMagic {
		return nil, fmt.Errorf("%w: not a batch", ErrMalformed)
	}
	if data[len(batchMagic)] != version {
		return nil, fmt.Errorf("%w: batch of version %d", ErrVersion, data[len(batchMagic)])
	}
	count := int(binary.BigEndian.Uint16(data[batchHead-2:]))
	if count > MaxCount {
		return nil, fmt.Errorf("%w: batch of %d envelopes", ErrTooLarge, count)
	}
	data = data[batchHead:]
	parcels := make([]parcel, 0, count)
	for range count {
		if len(data) < batchFrame || int64(len(data)-batchFrame) < int64(binary.BigEndian.Uint32(data[16:])) {
			return nil, fmt.Errorf("%w: batch is cut off", ErrMalformed)
		}
		end := batchFrame + int(binary.BigEndian.Uint32(data[16:]))
		id := uuid.UUID(data[:16])
		if !isV7(id) {
			return nil, fmt.Errorf("%w: id in a batch", ErrMalformed)
		}
		parcels = append(parcels, parcel{id: id.String(), data: data[batchFrame:end]})
		data = data[end:]
	}
	if len(data) != 0 {
		return nil, fmt.Errorf("%w: batch is longer than it says", ErrMalformed)
	}
	return parcels, nil
}

// held is what becomes of a message that does not travel with a batch.
type held struct {
	Receipt
	err error
}

// pack seals messages for a peer until the batch is full. What cannot be sealed
// is refused, what has no room is due again at once.
func pack(me Identity, to Peer, messages []Message, now time.Time) (parcels []parcel, rest []held) {
	room := MaxBatch - batchHead
	for _, m := range messages {
		if len(parcels) == MaxCount || room < batchFrame+len(m.Body)+1024 {
			rest = append(rest, held{Receipt: Receipt{ID: m.ID, Status: Busy}})
			continue
		}
		data, err := Seal(me, to, m, now)
		if err != nil {
			rest = append(rest, held{receiptOf(m.ID, err), err})
			continue
		}
		room -= batchFrame + len(data)
		parcels = append(parcels, parcel{id: m.ID, data: data})
	}
	return parcels, rest
}

// unpacker opens what came in a batch and hands it to the receiver.
type unpacker struct {
	me       Identity
	peers    Lookup
	receiver Receiver
	skew     time.Duration
}

// take returns the receipts for parcels of the connection's peer, and why one was
// not taken.
func (u unpacker) take(ctx context.Context, peer string, parcels []parcel, now func() time.Time) ([]Receipt, []error) {
	errs := make([]error, len(parcels))
	var from Peer
	var messages []Message
	var places []int
	for i, p := range parcels {
		m, sender, err := Open(u.me, u.peers, p.data, now(), u.skew)
		switch {
		case err != nil:
		case sender.Name != peer:
			err = fmt.Errorf("%w: %s sent an envelope of %s", ErrUnknownPeer, peer, sender.Name)
		case m.ID != p.id:
			err = fmt.Errorf("%w: another id beside the envelope than in it", ErrMalformed)
		default:
			from, messages, places = sender, append(messages, m), append(places, i)
		}
		errs[i] = err
	}
	for j, err := range u.receive(ctx, from, messages) {
		errs[places[j]] = err
	}
	receipts := make([]Receipt, len(parcels))
	for i, p := range parcels {
		receipts[i] = receiptOf(p.id, errs[i])
	}
	return receipts, errs
}

func (u unpacker) receive(ctx context.Context, from Peer, messages []Message) []error {
	if all, ok := u.receiver.(BatchReceiver); ok && len(messages) > 1 {
		return all.ReceiveAll(ctx, from, messages)
	}
	errs := make([]error, len(messages))
	for i, m := range messages {
		errs[i] = u.receiver.Receive(ctx, from, m)
	}
	return errs
}

func isDuplicate(err error) bool { return errors.Is(err, ErrDuplicate) }
