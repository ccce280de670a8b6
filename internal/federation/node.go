// Package federation is the door for other nodes: the parent above this node and
// the children below it. It binds the wire of package exchange to the store and
// to casework: who the peers are and which keys count, what waits for them, what
// they sent, how their links stand, and what was refused of them.
//
// A node has at most one parent and any number of children. Only children dial
// out. Several processes may run one node on one database.
package federation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/region"
	"hedui/seal"
)

// A Node is this node among others. Its fields are set once, before use.
type Node struct {
	Name     string
	Division string
	Level    region.Kind
	DB       *store.DB
	Desk     *casework.Desk
	Ring     *Ring                 // the node's keys towards its peers
	Suite    seal.Suite            // of links that Suites does not name; zero = intl. A ring without keys of gm cannot serve gm
	Suites   map[string]seal.Suite // of the links to peers by name
	Parent   string                // name of the parent, or empty
	URLs     []string              // of the parent's processes: each is pulled from, any is pushed to
	Now      func() time.Time
	Log      *slog.Logger
	Wait     time.Duration // how long a pull is held open; 0 = 25 s
	Retry    time.Duration // the parent that is not reached is tried again after so long at most; 0 = 15 s

	outbox    outbox
	peers     atomic.Pointer[pins]
	links     links
	incidents incidents
}

// Prepare makes the node ready. Call it once, before the database is used.
func (n *Node) Prepare(ctx context.Context) error {
	if n.DB == nil || n.Desk == nil || n.Ring == nil || n.Now == nil || n.Log == nil {
		return errors.New("federation: node is not complete")
	}
	for _, suite := range append(slices.Collect(maps.Values(n.Suites)), n.Suite) {
		if suite != seal.GM {
			continue
		}
		if err := n.Ring.UseGM(n.Suite == seal.GM); err != nil {
			return err
		}
		break
	}
	if n.Parent == n.Name {
		return fmt.Errorf("federation: %s cannot be its own parent", n.Name)
	}
	n.outbox.node, n.links.node, n.incidents.node = n, n, n
	n.DB.OnParcel(n.outbox.arrived)
	return n.reload(ctx)
}

// suiteOf is the suite of the link to a peer.
func (n *Node) suiteOf(peer string) seal.Suite {
	if suite, ok := n.Suites[peer]; ok {
		return suite
	}
	return cmp.Or(n.Suite, seal.Intl)
}

// fits reports whether a peer that enrols has the keys its link needs.
func (n *Node) fits(p exchange.Peer) error {
	if n.suiteOf(p.Name) == seal.GM && !slices.ContainsFunc(p.Sign, func(k exchange.SignPin) bool { return k.Key.Algorithm() == seal.SM2SM3 }) {
		return &exchange.Refusal{Reason: exchange.ReasonSuite, Err: fmt.Errorf("the link to %s has suite %s, and it has no keys of that", p.Name, seal.GM)}
	}
	return nil
}

// identity is how the node shows itself with the keys of the hour.
func (n *Node) identity() exchange.Identity {
	return n.Ring.identity(n.Name, n.Division, n.Level)
}

// Run speaks with the peers until ctx ends: with the parent, if there is one, and
// with children that come to the listener, if it is not nil.
func (n *Node) Run(ctx context.Context, listener net.Listener) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.housekeep(ctx) })
	if listener != nil {
		g.Go(func() error { return n.serve(ctx, listener) })
	}
	for i, url := range n.URLs {
		g.Go(func() error { return n.dial(ctx, i, url) })
	}
	return g.Wait()
}

// dial keeps one connection to the parent, anew when the node's keys change.
func (n *Node) dial(ctx context.Context, i int, url string) error {
	puller := exchange.NewID()
	for ctx.Err() == nil {
		_, pinned := n.lookup(n.Parent)
		generation := n.Ring.Generation()
		run, cancel := context.WithCancel(ctx)
		if pinned {
			stop := n.Ring.onChange(generation, cancel)
			c := &exchange.Client{
				Identity: n.identity(), Parent: n.Parent, Peers: n.lookup, URL: url, Outbox: &n.outbox, Receiver: receiver{n}, Now: n.Now,
				Puller: puller, Wait: n.Wait, Retry: n.Retry, Changed: func(l exchange.Link) { n.links.parent(i, l) }, Refused: n.incidents.add, Log: n.Log,
			}
			if err := c.Run(run); err != nil {
				cancel()
				return fmt.Errorf("federation: parent: %w", err)
			}
			stop()
		} else { // not joined yet
			pause(ctx, 50*time.Millisecond)
		}
		cancel()
	}
	return nil
}

// serve answers children on the listener, with new keys when the node's change.
func (n *Node) serve(ctx context.Context, listener net.Listener) error {
	door := &relisten{Listener: listener}
	defer listener.Close()
	for ctx.Err() == nil {
		generation := n.Ring.Generation()
		run, cancel := context.WithCancel(ctx)
		stop := n.Ring.onChange(generation, cancel)
		err := n.serveOnce(run, door)
		stop()
		cancel()
		if err != nil {
			return fmt.Errorf("federation: serve children: %w", err)
		}
	}
	return nil
}

func (n *Node) serveOnce(ctx context.Context, door *relisten) error {
	h := &exchange.Handler{
		Identity: n.identity(), Peers: n.child, Outbox: &n.outbox, Receiver: receiver{n}, Now: n.Now, Wait: n.Wait,
		Registrar: registrar{n}, Refused: n.incidents.add, Seen: n.links.seen, Log: n.Log,
	}
	server, err := h.Server()
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	l := door.open()
	go func() { ended <- server.ServeTLS(l, "", "") }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	quiet, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(quiet); err != nil { // what is not finished comes again
		_ = server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	// With the handler its knowledge is gone of what its last answers held; the next
	// one, or another process, shall not wait for the leases.
	free, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	if err := n.DB.FreeParcels(free, n.Parent); err != nil {
		n.Log.WarnContext(ctx, "federation: parcels not given back", "error", err)
	}
	return nil
}

// housekeepEvery is how often a process looks at what others have changed.
const housekeepEvery = time.Second

// purgeEvery is how often what has run out is deleted.
const purgeEvery = 10 * time.Minute

// housekeep follows what other processes change, notes links and incidents, and
// deletes what has run out.
func (n *Node) housekeep(ctx context.Context) error {
	ticker := time.NewTicker(housekeepEvery)
	defer ticker.Stop()
	var purged time.Time
	for {
		work := []func(context.Context) error{n.reload, n.turnKeys, n.links.save, n.incidents.save, n.askWitnesses}
		if now := n.Now(); now.Sub(purged) >= purgeEvery {
			purged = now
			work = append(work, n.purge)
		}
		for _, do := range work {
			if err := do(ctx); err != nil && ctx.Err() == nil {
				n.Log.WarnContext(ctx, "federation: housekeeping", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if err := n.incidents.save(last); err != nil {
				n.Log.WarnContext(ctx, "federation: incidents not written", "error", err)
			}
			return nil
		case <-ticker.C:
		}
	}
}

// purge deletes what has run out at both ends by more than the clocks of two
// nodes may differ.
func (n *Node) purge(ctx context.Context) error {
	now := n.Now()
	before := now.Add(-2 * exchange.DefaultSkew)
	var errs []error
	for _, p := range []struct {
		kind  hedui.RetentionKind
		purge func(context.Context, time.Time) (int, error)
	}{{hedui.OutboxData, n.DB.PurgeParcels}, {hedui.InboxData, n.DB.PurgeInbox}, {hedui.RelayData, n.DB.PurgeRelays}, {hedui.RelayData, n.DB.PurgeItems}} {
		since := n.Desk.KeptSince(p.kind, now)
		if since.IsZero() {
			continue
		}
		if since.After(before) { // whatever the table says: a late copy must not have its effect again
			since = before
		}
		_, err := p.purge(ctx, since)
		errs = append(errs, err)
	}
	errs = append(errs, n.forgetCodes(ctx, now), n.Ring.Prune(before))
	return errors.Join(errs...)
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// relisten lends one listener to one server after the other: a server closes its
// listener when it stops, and connections that come in between wait.
type relisten struct{ net.Listener }

// past is a deadline that ends an Accept under way.
var past = time.Unix(1, 0)

func (r *relisten) open() net.Listener {
	r.deadline(time.Time{})
	return &lent{relisten: r, closed: make(chan struct{})}
}

func (r *relisten) deadline(t time.Time) {
	if l, ok := r.Listener.(interface{ SetDeadline(t time.Time) error }); ok {
		_ = l.SetDeadline(t) // fails on a closed listener only
	}
}

type lent struct {
	*relisten
	once   sync.Once
	closed chan struct{}
}

// Accept implements [net.Listener].
func (l *lent) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	select {
	case <-l.closed:
		if conn != nil {
			_ = conn.Close() // it is made anew with the next server
		}
		return nil, net.ErrClosed
	default:
		return conn, err
	}
}

// Close implements [net.Listener]: only the loan ends.
func (l *lent) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.deadline(past)
	})
	return nil
}
