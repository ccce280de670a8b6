package federation

import (
	"context"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"hedui/day"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// silence is how long a child may not be heard of before its link counts as down:
// a held pull and some more.
const silence = 40 * time.Second

// links notes how the links stand: that to the parent as the clients tell, those
// to the children by their requests.
type links struct {
	node   *Node
	saving sync.Mutex // one after the other, so that the last word stays
	mu     sync.Mutex
	up     map[int]exchange.Link // to each process of the parent
	late   *store.Link           // of the parent, not noted yet because the store did not take it
	heard  map[string]bool       // children since the last save
}

// parent hears of one connection to the parent. The link is up while any is.
func (l *links) parent(i int, now exchange.Link) {
	l.mu.Lock()
	if l.up == nil {
		l.up = map[int]exchange.Link{}
	}
	l.up[i] = now
	best := now
	for _, one := range l.up {
		if one.Up && !best.Up {
			best = one
		}
	}
	l.late = &store.Link{Peer: l.node.Parent, Up: best.Up, Since: best.Since, Reason: string(best.Reason)}
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := l.note(ctx); err != nil {
		l.node.Log.WarnContext(ctx, "federation: link not noted", "peer", l.node.Parent, "error", err)
	}
}

// note writes how the link to the parent stands, if that is not written yet.
func (l *links) note(ctx context.Context) error {
	l.saving.Lock()
	defer l.saving.Unlock()
	l.mu.Lock()
	row := l.late
	l.mu.Unlock()
	if row == nil {
		return nil
	}
	err := l.node.DB.InTx(ctx, func(tx *store.Tx) error {
		changed, err := tx.SaveLink(ctx, *row)
		if err != nil || !changed {
			return err
		}
		return l.record(ctx, tx, *row)
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.late == row {
		l.late = nil
	}
	return nil
}

func (l *links) record(ctx context.Context, tx *store.Tx, row store.Link) error {
	word := "up"
	if !row.Up {
		word = "down " + row.Reason
	}
	return tx.Record(ctx, audit.New(l.node.Now(), hedui.System.ID, "", audit.LinkChanged, row.Peer, word))
}

// seen hears of each request of a child.
func (l *links) seen(peer string, _ time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.heard == nil {
		l.heard = map[string]bool{}
	}
	l.heard[peer] = true
}

// save notes which children were heard of, and which have been silent too long.
func (l *links) save(ctx context.Context) error {
	if err := l.note(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	heard := slices.Sorted(maps.Keys(l.heard))
	l.heard = nil
	l.mu.Unlock()
	now := l.node.Now()
	if len(heard) == 0 && len(l.node.peers.Load().all) == 0 {
		return nil
	}
	return l.node.DB.InTx(ctx, func(tx *store.Tx) error {
		back, err := tx.SeeChildren(ctx, heard, now)
		if err != nil {
			return err
		}
		gone, err := tx.MissChildren(ctx, now.Add(-silence), "silent")
		if err != nil {
			return err
		}
		for _, peer := range back {
			if err := l.record(ctx, tx, store.Link{Peer: peer, Up: true}); err != nil {
				return err
			}
		}
		for _, peer := range gone {
			if err := l.record(ctx, tx, store.Link{Peer: peer, Reason: "silent"}); err != nil {
				return err
			}
		}
		return nil
	})
}

// incidents counts what was refused, to be written once a second: whoever knocks
// often fills a counter and not the disk.
type incidents struct {
	node *Node
	mu   sync.Mutex
	open map[incidentKey]store.Incident
}

type incidentKey struct{ peer, reason, remote string }

// mostIncidents is how many different ones are kept in a second; the others are
// counted under one line without an address.
const mostIncidents = 50

// add hears of something refused. Only the name of a known peer is kept: a
// stranger may call itself anything.
func (i *incidents) add(_ context.Context, x exchange.Incident) {
	if _, known := i.node.lookup(x.Peer); !known {
		x.Peer = ""
	}
	remote := x.Remote
	if host, _, err := net.SplitHostPort(remote); err == nil {
		remote = host
	}
	i.count(store.Incident{Peer: x.Peer, Reason: string(x.Reason), Remote: remote, Key: x.Key, Envelope: x.Envelope, Last: x.At, Count: 1})
}

func (i *incidents) count(x store.Incident) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.open == nil {
		i.open = map[incidentKey]store.Incident{}
	}
	k := incidentKey{x.Peer, x.Reason, x.Remote}
	if _, have := i.open[k]; !have && len(i.open) >= mostIncidents {
		k = incidentKey{reason: store.ManyIncidents}
		x.Peer, x.Reason, x.Remote, x.Key, x.Envelope = "", store.ManyIncidents, "", "", ""
	}
	x.Count += i.open[k].Count
	i.open[k] = x
}

// save writes what was counted.
func (i *incidents) save(ctx context.Context) error {
	i.mu.Lock()
	rows := i.open
	i.open = nil
	i.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	err := i.node.DB.InTx(ctx, func(tx *store.Tx) error {
		for _, row := range rows {
			if err := tx.AddIncident(ctx, day.Of(row.Last).String(), row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for _, row := range rows { // to be written with the next ones
			i.count(row)
		}
	}
	return err
}
