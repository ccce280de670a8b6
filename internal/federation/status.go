package federation

import (
	"context"
	"time"

	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// A PeerState is how this node stands with another.
type PeerState struct {
	store.Peer
	Link    store.Link // zero while nothing was ever heard
	Waiting int        // messages for it in the outbox
	Oldest  time.Time  // since when the first of them waits
	Keys    []string   // KeyIDs of its signing keys
}

// A Status is what those who run a node look at.
type Status struct {
	Name, Division string
	Parent         string
	Sign, Box      string // KeyIDs of the node's own keys
	Peers          []PeerState
	Enrolments     []store.Enrolment
	Incidents      []store.Incident
}

// mostShown is how many incidents are shown.
const mostShown = 200

// Status tells how the node stands. Incidents are for officers with the right to
// read them, invitations for those who run the node.
func (n *Node) Status(ctx context.Context, o hedui.Officer) (Status, error) {
	mayRun, mayRead := o.May(hedui.RunNode, n.Division), o.May(hedui.ReadIncidents, n.Division)
	if mayRun != nil && mayRead != nil {
		return Status{}, mayRead
	}
	s := Status{Name: n.Name, Division: n.Division, Parent: n.Parent}
	s.Sign, s.Box = n.Ring.KeyIDs()
	waiting, oldest, err := n.DB.Waiting(ctx)
	if err != nil {
		return s, err
	}
	return s, n.DB.Read(ctx, func(tx *store.Tx) error {
		links, err := tx.Links(ctx)
		if err != nil {
			return err
		}
		peers, err := tx.Peers(ctx)
		if err != nil {
			return err
		}
		for _, p := range peers {
			state := PeerState{Peer: p, Waiting: waiting[p.Name], Oldest: oldest[p.Name]}
			for _, l := range links {
				if l.Peer == p.Name {
					state.Link = l
				}
			}
			keys, err := readKeys(p.Keys)
			if err != nil {
				return err
			}
			for _, pin := range keys.Sign {
				state.Keys = append(state.Keys, pin.Key.KeyID())
			}
			s.Peers = append(s.Peers, state)
		}
		if mayRun == nil {
			if s.Enrolments, err = tx.Enrolments(ctx); err != nil {
				return err
			}
			for i := range s.Enrolments {
				s.Enrolments[i].Secret = nil // for the wire only
			}
		}
		if mayRead == nil {
			s.Incidents, err = tx.Incidents(ctx, mostShown)
		}
		return err
	})
}

// KeysOf are the KeyIDs that a node has asked to enrol with, for the officer who
// compares them: signing key, then box key.
func KeysOf(e store.Enrolment) string {
	keys, err := readKeys(e.Request)
	if err != nil {
		return ""
	}
	return keyNames(keys)
}

func letterOfKeys(peer string, keys exchange.Keys, at time.Time, life time.Duration) (store.Parcel, error) {
	m, err := exchange.NewMessage(exchange.NewID(), at.Add(life), keys)
	return casework.Letter(peer, m, at), err
}
