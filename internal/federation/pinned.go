package federation

import (
	"context"

	"hedui/exchange"
	"hedui/internal/store"
	"hedui/region"
)

// Pinned returns a peer as it is pinned in a database, or the zero Peer.
func Pinned(ctx context.Context, db *store.DB, name string) (exchange.Peer, error) {
	n := Node{DB: db}
	if err := n.reload(ctx); err != nil {
		return exchange.Peer{}, err
	}
	p, _ := n.lookup(name)
	return p, nil
}

// Identity is how a node with the keys shows itself, without a node that runs.
func Identity(r *Ring, name, division string, level region.Kind) exchange.Identity {
	return r.identity(name, division, level)
}
