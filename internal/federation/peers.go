package federation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/region"
)

// pins are the peers as they are looked up for every request.
type pins struct {
	all  map[string]exchange.Peer // without the revoked
	role map[string]store.PeerRole
}

// reload reads which peers count. Every process does so each second, so that a
// peer that was shut out by one is out at all of them.
func (n *Node) reload(ctx context.Context) error {
	return n.DB.Read(ctx, func(tx *store.Tx) error {
		list, err := tx.Peers(ctx)
		if err != nil {
			return err
		}
		p := &pins{all: map[string]exchange.Peer{}, role: map[string]store.PeerRole{}}
		for _, row := range list {
			if row.Revoked {
				continue
			}
			keys, err := readKeys(row.Keys)
			if err != nil {
				return fmt.Errorf("federation: keys of %s: %w", row.Name, err)
			}
			p.all[row.Name] = exchange.Peer{Name: row.Name, Division: row.Division, Level: region.Kind(row.Level), Suite: n.suiteOf(row.Name), Sign: keys.Sign, Boxes: keys.Boxes}
			p.role[row.Name] = row.Role
		}
		before := n.peers.Swap(p)
		if before == nil {
			return nil
		}
		for name := range before.all {
			if _, still := p.all[name]; !still { // whoever waits for it is told
				n.outbox.arrived(name)
			}
		}
		return nil
	})
}

// lookup finds any peer, child only a child: each as [exchange.Lookup].
func (n *Node) lookup(name string) (exchange.Peer, bool) {
	p, ok := n.peers.Load().all[name]
	return p, ok
}

func (n *Node) child(name string) (exchange.Peer, bool) {
	if n.peers.Load().role[name] != store.ChildRole {
		return exchange.Peer{}, false
	}
	return n.lookup(name)
}

// Knows reports whether a peer is pinned and not shut out.
func (n *Node) Knows(name string) bool {
	_, ok := n.lookup(name)
	return ok
}

// writeKeys puts public keys into the form of the store: the body in which a
// node announces them.
func writeKeys(k exchange.Keys) (string, error) {
	m, err := exchange.NewMessage(exchange.NewID(), time.Time{}, k)
	return string(m.Body), err
}

func readKeys(text string) (exchange.Keys, error) {
	return exchange.Message{Kind: exchange.KindKeys, Body: []byte(text)}.Keys()
}

// receiver takes what peers send, see [exchange.Receiver].
type receiver struct{ node *Node }

// Receive implements [exchange.Receiver].
func (r receiver) Receive(ctx context.Context, from exchange.Peer, m exchange.Message) error {
	n := r.node
	if m.Kind == exchange.KindKeys {
		return n.takeKeys(ctx, from, m)
	}
	if aboutLogs(m) {
		return n.takeAboutLogs(ctx, from, m)
	}
	return n.Desk.Receive(ctx, n.neighbour(from), m)
}

// ReceiveAll implements [exchange.BatchReceiver]. On a database that several
// processes share only questions are taken together: two processes with replies
// would wait for each other's cases.
func (r receiver) ReceiveAll(ctx context.Context, from exchange.Peer, messages []exchange.Message) []error {
	apart := slices.ContainsFunc(messages, func(m exchange.Message) bool {
		return m.Kind == exchange.KindKeys || aboutLogs(m) || r.node.DB.Shared() && m.Kind != exchange.KindQuestions
	})
	if !apart {
		return r.node.Desk.ReceiveAll(ctx, r.node.neighbour(from), messages)
	}
	errs := make([]error, len(messages))
	for i, m := range messages {
		errs[i] = r.Receive(ctx, from, m)
	}
	return errs
}

func (n *Node) neighbour(from exchange.Peer) casework.Neighbour {
	return casework.Neighbour{Peer: from, Parent: n.peers.Load().role[from.Name] == store.ParentRole}
}

// takeKeys pins what a peer announces in the place of its old keys. The message
// was signed by a key that counts.
func (n *Node) takeKeys(ctx context.Context, from exchange.Peer, m exchange.Message) error {
	keys, err := m.Keys()
	if err != nil {
		return err
	}
	text, err := writeKeys(keys)
	if err != nil {
		return err
	}
	err = n.DB.InTx(ctx, func(tx *store.Tx) error {
		switch first, err := tx.Receive(ctx, from.Name, m.ID, m.ExpiresAt.Add(exchange.DefaultSkew)); {
		case err != nil:
			return err
		case !first:
			return exchange.ErrDuplicate
		}
		list, err := tx.Peers(ctx)
		if err != nil {
			return err
		}
		for _, p := range list {
			if p.Name != from.Name || p.Revoked {
				continue
			}
			if have, err := readKeys(p.Keys); err != nil || latest(keys).Before(latest(have)) {
				return err // no order is promised: this one was made before
			}
			p.Keys, p.ChangedAt, p.ChangedBy = text, n.Now(), from.Name
			if err := tx.SavePeer(ctx, p); err != nil {
				return err
			}
			return tx.Record(ctx, audit.New(n.Now(), hedui.System.ID, from.Name, audit.NodeKeys, from.Name, keyNames(keys)))
		}
		return exchange.ErrUnknownPeer
	})
	if err != nil {
		return err
	}
	return n.reload(ctx)
}

// latest is from when on the newest key counts.
func latest(k exchange.Keys) time.Time {
	var from time.Time
	for _, pin := range k.Sign {
		if pin.From.After(from) {
			from = pin.From
		}
	}
	return from
}

func keyNames(k exchange.Keys) string {
	names := ""
	for _, pin := range k.Sign {
		names += " " + pin.Key.KeyID()
	}
	for _, pin := range k.Boxes {
		names += " " + pin.Key.KeyID()
	}
	return names[min(1, len(names)):]
}
