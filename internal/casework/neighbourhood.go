package casework

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// A Neighbourhood is how this node stands among others, for officers who may read
// incidents. It holds nothing of any case.
type Neighbourhood struct {
	Sign, Box   string // KeyIDs of this node's own keys; empty without peers
	Peers       []Peer // the parent first
	Invitations []Invitation
	Incidents   []store.Incident // what was refused, the latest first
}

// A Peer is another node that is known here: because its keys are pinned, or only
// because a register is reached through it, and then it has no role.
type Peer struct {
	Name, Division, Level string
	Role                  store.PeerRole
	Keys                  exchange.Keys
	Revoked               bool
	ChangedAt             time.Time  // when its keys, or what is thought of it, changed last
	Link                  store.Link // zero while nothing was ever heard
	Waiting               int        // messages for it in the outbox
	Oldest                time.Time  // since when the first of them waits
	LogSeen               int64      // entries of its audit log that were seen here
	LogHeld               int64      // entries of this node's log that it has seen
}

// Down reports since when the peer is not reached, and in one word why. A peer
// that was shut out is not reached, whatever its link says.
func (p Peer) Down() (since time.Time, reason string, down bool) {
	switch {
	case p.Revoked:
		return p.ChangedAt, "revoked", true
	case p.Link.Up || p.Link.Since.IsZero():
		return time.Time{}, "", false
	}
	return p.Link.Since, p.Link.Reason, true
}

// An Invitation is a place for a node that may become a child. The code itself is
// known to nobody but its officers.
type Invitation struct {
	Name, Division string
	State          store.EnrolmentState
	ExpiresAt      time.Time
	Keys           exchange.Keys // with which the node has asked; empty before
	ChangedAt      time.Time
}

// mostIncidents is how many incidents are shown.
const mostIncidents = 200

// Neighbourhood tells how this node stands among others.
func (d *Desk) Neighbourhood(ctx context.Context, o hedui.Officer) (Neighbourhood, error) {
	if err := d.MayReadNodes(o); err != nil {
		return Neighbourhood{}, err
	}
	var n Neighbourhood
	if d.KeyIDs != nil {
		n.Sign, n.Box = d.KeyIDs()
	}
	waiting, oldest, err := d.DB.Waiting(ctx)
	if err != nil {
		return n, err
	}
	return n, d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if n.Peers, err = d.peers(ctx, tx); err != nil {
			return err
		}
		for i, p := range n.Peers {
			n.Peers[i].Waiting, n.Peers[i].Oldest = waiting[p.Name], oldest[p.Name]
		}
		logs, err := tx.PeerLogs(ctx)
		if err != nil {
			return err
		}
		for i := range n.Peers {
			for _, l := range logs {
				if l.Peer == n.Peers[i].Name {
					n.Peers[i].LogSeen, _ = audit.SizeOf(l.Note) // 0 before the first
					n.Peers[i].LogHeld = l.Holds
				}
			}
		}
		if n.Invitations, err = invitations(ctx, tx); err != nil {
			return err
		}
		n.Incidents, err = tx.Incidents(ctx, mostIncidents)
		return err
	})
}

// MayReadNodes reports why an officer must not see how this node stands among
// others, or nil.
func (d *Desk) MayReadNodes(o hedui.Officer) error {
	division := cmp.Or(d.Division, o.Division)
	if o.May(hedui.RunNode, division) == nil {
		return nil
	}
	return o.May(hedui.ReadIncidents, division)
}

// peers lists the peers with their links, the parent first, and after them those
// that are named in the table of registers only.
func (d *Desk) peers(ctx context.Context, tx *store.Tx) ([]Peer, error) {
	rows, err := tx.Peers(ctx)
	if err != nil {
		return nil, err
	}
	links, err := tx.Links(ctx)
	if err != nil {
		return nil, err
	}
	var list []Peer
	for _, row := range rows {
		keys, err := readKeys(row.Keys)
		if err != nil {
			return nil, fmt.Errorf("casework: keys of %s: %w", row.Name, err)
		}
		p := Peer{Name: row.Name, Division: row.Division, Level: row.Level, Role: row.Role, Keys: keys, Revoked: row.Revoked, ChangedAt: row.ChangedAt}
		if i := slices.IndexFunc(links, func(l store.Link) bool { return l.Peer == row.Name }); i >= 0 {
			p.Link = links[i]
		}
		list = append(list, p)
	}
	slices.SortStableFunc(list, parentFirst)
	for _, r := range d.Registers {
		name, away := hedui.NodeOf(r.Source)
		if away && !slices.ContainsFunc(list, func(p Peer) bool { return p.Name == name }) {
			list = append(list, Peer{Name: name})
		}
	}
	return list, nil
}

// parentFirst orders peers: the parent, one that was the parent before and was
// shut out since, the children.
func parentFirst(a, b Peer) int {
	rank := func(p Peer) int {
		switch {
		case p.Role != store.ParentRole:
			return 2
		case p.Revoked:
			return 1
		}
		return 0
	}
	if r := cmp.Compare(rank(a), rank(b)); r != 0 || rank(a) == 2 {
		return r
	}
	return b.ChangedAt.Compare(a.ChangedAt)
}

func invitations(ctx context.Context, tx *store.Tx) ([]Invitation, error) {
	rows, err := tx.Enrolments(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Invitation, len(rows))
	for i, row := range rows {
		list[i] = Invitation{Name: row.Name, Division: row.Division, State: row.State, ExpiresAt: row.ExpiresAt, ChangedAt: row.ChangedAt}
		if row.Request == "" {
			continue
		}
		if list[i].Keys, err = readKeys(row.Request); err != nil {
			return nil, fmt.Errorf("casework: keys of %s: %w", row.Name, err)
		}
	}
	return list, nil
}

// readKeys reads keys as the store holds them: the body in which a node announces
// them.
func readKeys(text string) (exchange.Keys, error) {
	return exchange.Message{Kind: exchange.KindKeys, Body: []byte(text)}.Keys()
}

// uplinkFor is how long one reading of the link to the parent is good for: every
// page asks for it.
const uplinkFor = time.Second

// uplink remembers how the link to the parent stood a moment ago.
type uplink struct {
	mu     sync.Mutex
	readAt time.Time
	parent Peer
	have   bool
}

// Uplink tells how the link to the parent stands, as of the last second, and
// whether there is a parent. Messages that wait are counted only while it is
// down. It is no secret from anybody who works here.
func (d *Desk) Uplink(ctx context.Context) (parent Peer, ok bool, err error) {
	if d.Node == "" {
		return Peer{}, false, nil
	}
	u := &d.uplink
	u.mu.Lock()
	defer u.mu.Unlock()
	now := d.Now()
	if age := now.Sub(u.readAt); age >= 0 && age < uplinkFor {
		return u.parent, u.have, nil
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		list, err := d.peers(ctx, tx)
		if err != nil {
			return err
		}
		parent, ok = Peer{}, false
		if len(list) > 0 && list[0].Role == store.ParentRole {
			parent, ok = list[0], true
		}
		return nil
	})
	if err != nil {
		return Peer{}, false, err
	}
	if _, _, down := parent.Down(); down {
		count, oldest, err := d.DB.Waiting(ctx)
		if err != nil {
			return Peer{}, false, err
		}
		parent.Waiting, parent.Oldest = count[parent.Name], oldest[parent.Name]
	}
	u.readAt, u.parent, u.have = now, parent, ok
	return parent, ok, nil
}
