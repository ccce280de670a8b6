package federation

import (
	"context"
	"errors"
	"sync"
	"time"

	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/store"
)

// outbox is the store's parcels as the wire takes them, see [exchange.Outbox].
type outbox struct {
	node *Node
	mu   sync.Mutex
	wake map[string]chan struct{} // by peer; closed when something arrives
}

// lease is how long a message that was taken is nobody else's.
const lease = 30 * time.Second

// How often the database is asked whether another process has put something into
// the outbox, and how often where no other can.
const (
	pollShared = 100 * time.Millisecond
	pollAlone  = 2 * time.Second
)

// Take implements [exchange.Outbox]. A peer that was shut out gets nothing any
// more, not by a pull either that was held open when it was.
func (o *outbox) Take(ctx context.Context, peer string, most int) ([]exchange.Message, error) {
	if _, known := o.node.lookup(peer); !known {
		return nil, exchange.ErrUnknownPeer
	}
	now := o.node.Now()
	parcels, err := o.node.DB.Parcels(ctx, peer, most, now, now.Add(lease))
	messages := make([]exchange.Message, 0, len(parcels))
	for _, p := range parcels {
		m, bad := casework.ReadLetter(p)
		if bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		messages = append(messages, m)
	}
	if err != nil && len(messages) > 0 { // damaged ones must not hold up the others
		o.node.Log.ErrorContext(ctx, "federation: parcels", "peer", peer, "error", err)
		err = nil
	}
	return messages, err
}

// Delivered implements [exchange.Outbox]. What was refused for good is settled
// with the peer's reason, in the transaction that takes it out of the box.
func (o *outbox) Delivered(ctx context.Context, peer string, receipts []exchange.Receipt) error {
	var settled, refused []string
	why := map[string]exchange.Reason{}
	again := map[time.Duration][]string{}
	for _, r := range receipts {
		switch {
		case r.Settled():
			settled = append(settled, r.ID)
			if r.Status == exchange.Refused {
				refused, why[r.ID] = append(refused, r.ID), r.Reason
			}
		case r.Status == exchange.Busy:
			again[r.RetryAfter] = append(again[r.RetryAfter], r.ID)
		} // a refusal that somebody must repair waits for the end of its lease
	}
	var errs []error
	if len(settled) > 0 {
		errs = append(errs, o.node.DB.InTx(ctx, func(tx *store.Tx) error {
			if err := o.undelivered(ctx, tx, peer, refused, why); err != nil {
				return err
			}
			return tx.DropParcels(ctx, peer, settled)
		}))
	}
	now := o.node.Now()
	for after, ids := range again {
		errs = append(errs, o.node.DB.ReleaseParcels(ctx, peer, ids, now.Add(min(after, lease))))
		if after == 0 {
			o.arrived(peer)
		}
	}
	return errors.Join(errs...)
}

func (o *outbox) undelivered(ctx context.Context, tx *store.Tx, peer string, refused []string, why map[string]exchange.Reason) error {
	if len(refused) == 0 {
		return nil
	}
	parcels, err := tx.ParcelsByID(ctx, peer, refused)
	if err != nil {
		return err
	}
	for _, p := range parcels {
		m, err := casework.ReadLetter(p)
		if err != nil {
			return err
		}
		o.node.Log.WarnContext(ctx, "federation: a peer refuses a message for good", "peer", peer, "message", m, "reason", why[m.ID])
		if err := o.node.Desk.Undelivered(ctx, tx, peer, m, why[m.ID]); err != nil {
			return err
		}
	}
	return nil
}

// Wait implements [exchange.Outbox].
func (o *outbox) Wait(ctx context.Context, peer string) error {
	poll := pollAlone
	if o.node.DB.Shared() {
		poll = pollShared
	}
	timer := time.NewTimer(poll)
	defer timer.Stop()
	for {
		woken := o.next(peer) // before looking, so that nothing falls between
		now := o.node.Now()
		next, ok, err := o.node.DB.NextParcel(ctx, peer, now)
		wait := poll
		switch {
		case err != nil:
			return err
		case ok && !next.After(now):
			return nil
		case ok:
			wait = min(poll, next.Sub(now))
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-woken:
			return nil
		case <-timer.C:
		}
	}
}

func (o *outbox) next(peer string) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.wake == nil {
		o.wake = map[string]chan struct{}{}
	}
	if o.wake[peer] == nil {
		o.wake[peer] = make(chan struct{})
	}
	return o.wake[peer]
}

// arrived wakes whoever waits for something for a peer.
func (o *outbox) arrived(peer string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.wake[peer]; c != nil {
		close(c)
		delete(o.wake, peer)
	}
}
