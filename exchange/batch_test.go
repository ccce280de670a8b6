package exchange

import (
	"context"
	"errors"
	"testing"
	"time"
)

// batchReceiver takes what comes together, and counts how often something came.
type batchReceiver struct {
	*memReceiver
	calls []int
}

func (r *batchReceiver) ReceiveAll(ctx context.Context, from Peer, messages []Message) []error {
	r.calls = append(r.calls, len(messages))
	errs := make([]error, len(messages))
	for i, m := range messages {
		errs[i] = r.Receive(ctx, from, m)
	}
	return errs
}

func TestMessagesOfABatchAreTakenTogether(t *testing.T) {
	hub, haishu := newHub(t), newHaishu(t)
	var parcels []parcel
	for range 4 {
		m := message(t, questions(t, 1, noon), noon)
		data, err := Seal(haishu, hub.Peer(), m, noon)
		if err != nil {
			t.Fatal(err)
		}
		parcels = append(parcels, parcel{id: m.ID, data: data})
	}
	parcels[1].data[len(parcels[1].data)-1] ^= 1 // its signature
	parcels = append(parcels, parcels[3])
	refused := &Refusal{Reason: "mandate"}
	r := &batchReceiver{memReceiver: newReceiver(func(_ Peer, m Message) error {
		if m.ID == parcels[2].id {
			return refused
		}
		return nil
	})}
	u := unpacker{me: hub, peers: of(haishu), receiver: r, skew: DefaultSkew}
	receipts, errs := u.take(t.Context(), "haishu", parcels, func() time.Time { return noon })
	if len(r.calls) != 1 || r.calls[0] != 4 {
		t.Errorf("got calls of %v messages, want one of the 4 that can be opened", r.calls)
	}
	for i, want := range []struct {
		status Status
		err    error
	}{{Accepted, nil}, {Refused, ErrSignature}, {Refused, refused}, {Accepted, nil}, {Duplicate, ErrDuplicate}} {
		if got := receipts[i]; got.ID != parcels[i].id || got.Status != want.status || !errors.Is(errs[i], want.err) {
			t.Errorf("parcel %d: got %+v and %v, want %s and %v", i, got, errs[i], want.status, want.err)
		}
	}
}
