package exchange

import (
	"context"
	"fmt"
	"time"
)

// A Status says what became of one message at the other side.
type Status string

// The statuses.
const (
	Accepted  Status = "accepted"  // taken, and in the receiver's store
	Duplicate Status = "duplicate" // was taken before; nothing happened again
	Refused   Status = "refused"   // not taken, see Receipt.Reason
	Busy      Status = "busy"      // not taken now; it should come again
)

// A Receipt says what became of one message. It comes over the pinned connection
// and is not signed by itself: it ends one hop, and is no answer to a question.
type Receipt struct {
	ID         string        // Message.ID
	Status     Status        //
	Reason     Reason        // with Refused, and with Busy where one is known
	RetryAfter time.Duration // with Busy: wait at least so long; whole milliseconds
}

// Settled reports whether the message need not be sent again. One that is not
// settled is due again after RetryAfter; for a refusal that somebody must first
// repair (see [Reason.Settled]) wait a minute or so.
func (r Receipt) Settled() bool {
	switch r.Status {
	case Accepted, Duplicate:
		return true
	case Refused:
		return r.Reason.Settled()
	}
	return false
}

// An Outbox holds what this node has for its peers: on the database, rows written
// in the same transaction as the change they tell of. All methods are safe for
// concurrent use, also by several processes of the node.
type Outbox interface {
	// Take returns up to max messages for the peer that are due, oldest first,
	// or none. It does not wait. A message that was taken is not returned again
	// until Delivered said that it is not settled, or a lease of half a minute
	// or more is over: its taker may be dead.
	Take(ctx context.Context, peer string, max int) ([]Message, error)

	// Delivered tells what became of messages for the peer: those that are
	// settled leave the box, the others become due again (at once where
	// RetryAfter is zero and the status is Busy). A receipt for a message that is
	// not in the box, or that is another peer's, is passed over: peers write them.
	Delivered(ctx context.Context, peer string, receipts []Receipt) error

	// Wait returns nil when Take may have something for the peer, at once if it
	// has already, and the context's error when ctx is done. It may return early.
	Wait(ctx context.Context, peer string) error
}

// A Receiver takes what peers send.
type Receiver interface {
	// Receive makes the effect of a message, once: in one transaction it keeps
	// Message.ID and does what the message says. It returns nil when that is
	// committed, [ErrDuplicate] when the ID was there already, a *[Refusal] when
	// the message is refused for good (and that is recorded), and any other
	// error when the message should come again.
	Receive(ctx context.Context, from Peer, m Message) error
}

// A BatchReceiver is a Receiver that can take several messages in one transaction,
// which costs less than one for each.
type BatchReceiver interface {
	Receiver

	// ReceiveAll is Receive of each message, with what it returned at the
	// message's place. One that is not taken must not hold up the others.
	ReceiveAll(ctx context.Context, from Peer, messages []Message) []error
}

// An Incident is something refused, for the security officer. Nothing in it is
// personal data; Peer is proved by a key unless the reason is unknown_peer or key.
type Incident struct {
	At       time.Time
	Peer     string // name of the other node, as it says itself
	Key      string // KeyID of its TLS key
	Remote   string // its address
	Envelope string // ID of the envelope, as far as it is known
	Reason   Reason
	Err      error
}

// receiptOf turns what opening and receiving returned into a receipt.
func receiptOf(id string, err error) Receipt {
	switch reason := ReasonOf(err); {
	case err == nil:
		return Receipt{ID: id, Status: Accepted}
	case isDuplicate(err):
		return Receipt{ID: id, Status: Duplicate}
	case reason != "":
		return Receipt{ID: id, Status: Refused, Reason: reason}
	}
	return Receipt{ID: id, Status: Busy, Reason: ReasonLocal, RetryAfter: time.Second}
}

type wireReceipt struct {
	ID         string `json:"id"`
	Status     Status `json:"status"`
	Reason     Reason `json:"reason,omitempty"`
	RetryAfter int64  `json:"retry_after_ms,omitempty"`
}

func wireReceipts(receipts []Receipt) []wireReceipt {
	w := make([]wireReceipt, len(receipts))
	for i, r := range receipts {
		w[i] = wireReceipt{ID: r.ID, Status: r.Status, Reason: r.Reason, RetryAfter: r.RetryAfter.Milliseconds()}
	}
	return w
}

func receiptsOf(w []wireReceipt) ([]Receipt, error) {
	if len(w) > MaxCount {
		return nil, fmt.Errorf("%w: %d receipts", ErrTooLarge, len(w))
	}
	receipts := make([]Receipt, len(w))
	for i, r := range w {
		if _, err := parseID(r.ID); err != nil || r.RetryAfter < 0 || r.RetryAfter > int64(time.Hour/time.Millisecond) {
			return nil, at("receipt", i, "id or time")
		}
		switch r.Status {
		case Accepted, Duplicate, Refused, Busy:
		default:
			return nil, at("receipt", i, "status")
		}
		if r.Reason != "" && !reasonForm.MatchString(string(r.Reason)) || r.Reason == "" && r.Status == Refused {
			return nil, at("receipt", i, "reason")
		}
		receipts[i] = Receipt{ID: r.ID, Status: r.Status, Reason: r.Reason, RetryAfter: time.Duration(r.RetryAfter) * time.Millisecond}
	}
	return receipts, nil
}
