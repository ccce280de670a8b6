package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/region"
	"hedui/seal"
)

// A Ring is the keys by which the node's peers know it: pairs of a signing key
// and a box key, one pair in use and, while they are changed, the next or the
// last one beside it. It lies in a directory that all processes of the node read.
type Ring struct {
	dir string

	mu      sync.Mutex
	plan    plan
	pairs   map[int]pair
	waiting map[int]func() // of whoever runs with a generation that may end
	nextID  int
}

// plan says which pairs there are and when they count.
type plan struct {
	Current int     `json:"current"` // the pair that signs
	Pairs   []dated `json:"pairs"`   // oldest first
}

type dated struct {
	N     int       `json:"n"`
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

type pair struct {
	sign *seal.PrivateKey
	box  *exchange.BoxKey
}

const planFile = "ring.json"

// OpenRing reads the keys of a directory; where there are none it makes the first pair.
func OpenRing(dir string) (*Ring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("federation: keys: %w", err)
	}
	r := &Ring{dir: dir, pairs: map[int]pair{}, waiting: map[int]func(){}}
	_, err := os.Stat(filepath.Join(dir, planFile))
	if errors.Is(err, fs.ErrNotExist) {
		r.plan = plan{Current: 1, Pairs: []dated{{N: 1}}}
		if err := r.makePair(1); err != nil {
			return nil, err
		}
		if err := r.write(); err != nil {
			return nil, err
		}
	}
	return r, r.Reload()
}

func (r *Ring) path(n int, kind string) string {
	return filepath.Join(r.dir, "node-"+strconv.Itoa(n)+"."+kind+".key")
}

// makePair makes a pair, or finishes one that was begun before a crash.
func (r *Ring) makePair(n int) error {
	if _, err := os.Stat(r.path(n, "sign")); errors.Is(err, fs.ErrNotExist) {
		key, err := seal.Generate(seal.Ed25519)
		if err == nil {
			err = key.Save(r.path(n, "sign"))
		}
		if err != nil {
			return fmt.Errorf("federation: make keys: %w", err)
		}
	}
	if _, err := os.Stat(r.path(n, "box")); errors.Is(err, fs.ErrNotExist) {
		key, err := exchange.GenerateBox()
		if err == nil {
			err = key.Save(r.path(n, "box"))
		}
		if err != nil {
			return fmt.Errorf("federation: make keys: %w", err)
		}
	}
	return nil
}

// write replaces the plan as a whole.
func (r *Ring) write() error {
	text, err := json.MarshalIndent(r.plan, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(r.dir, ".ring-*")
	if err != nil {
		return fmt.Errorf("federation: keys: %w", err)
	}
	_, err = f.Write(append(text, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(r.dir, planFile))
	}
	if err != nil {
		return fmt.Errorf("federation: keys: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// Reload reads what another process may have changed, and tells whoever runs with
// keys that are not the current ones any more.
func (r *Ring) Reload() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, err := os.ReadFile(filepath.Join(r.dir, planFile))
	if err != nil {
		return fmt.Errorf("federation: keys: %w", err)
	}
	var p plan
	if err := json.Unmarshal(text, &p); err != nil || len(p.Pairs) == 0 {
		return errors.Join(fmt.Errorf("federation: %s cannot be read", filepath.Join(r.dir, planFile)), err)
	}
	for _, d := range p.Pairs {
		if _, have := r.pairs[d.N]; have {
			continue
		}
		var k pair
		if k.sign, err = seal.LoadPrivate(r.path(d.N, "sign")); err == nil {
			k.box, err = exchange.LoadBox(r.path(d.N, "box"))
		}
		if err != nil {
			return fmt.Errorf("federation: keys: %w", err)
		}
		r.pairs[d.N] = k
	}
	changed := p.Current != r.plan.Current || len(p.Pairs) != len(r.plan.Pairs)
	r.plan = p
	if changed {
		for _, tell := range r.waiting {
			tell()
		}
	}
	return nil
}

// Generation changes whenever the identity does.
func (r *Ring) Generation() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.generation()
}

func (r *Ring) generation() string { return fmt.Sprint(r.plan.Current, len(r.plan.Pairs)) }

// onChange calls tell when the ring is of another generation, at once if it is
// already; stop ends it.
func (r *Ring) onChange(generation string, tell func()) (stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.generation() != generation {
		tell()
	}
	r.nextID++
	id := r.nextID
	r.waiting[id] = tell
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.waiting, id)
	}
}

func (r *Ring) identity(name, division string, level region.Kind) exchange.Identity {
	r.mu.Lock()
	defer r.mu.Unlock()
	current := r.pairs[r.plan.Current]
	me := exchange.Identity{Name: name, Division: division, Level: level, Signer: current.sign, Public: current.sign.Public(), Boxes: []*exchange.BoxKey{current.box}}
	for _, d := range slices.Backward(r.plan.Pairs) {
		if d.N != r.plan.Current {
			me.Boxes = append(me.Boxes, r.pairs[d.N].box)
		}
	}
	return me
}

// announce is every key by which the node is to be known.
func (r *Ring) announce() exchange.Keys {
	var k exchange.Keys
	for _, d := range r.plan.Pairs {
		span := exchange.Span{From: d.From, Until: d.Until}
		k.Sign = append(k.Sign, exchange.SignPin{Key: r.pairs[d.N].sign.Public(), Span: span})
		k.Boxes = append(k.Boxes, exchange.BoxPin{Key: r.pairs[d.N].box.Public(), Span: span})
	}
	return k
}

// next makes a new pair that counts from now on, beside the old ones until the
// overlap is over.
func (r *Ring) next(now time.Time, overlap time.Duration) (exchange.Keys, error) {
	r.mu.Lock()
	newest := r.plan.Pairs[len(r.plan.Pairs)-1]
	changing := newest.N != r.plan.Current
	if !changing {
		newest = dated{N: newest.N + 1, From: now.UTC().Truncate(time.Millisecond)}
	}
	r.mu.Unlock()
	if !changing { // otherwise the change that is under way is told again
		if err := r.makePair(newest.N); err != nil {
			return exchange.Keys{}, err
		}
		r.mu.Lock()
		for i := range r.plan.Pairs {
			if r.plan.Pairs[i].Until.IsZero() {
				r.plan.Pairs[i].Until = newest.From.Add(overlap)
			}
		}
		r.plan.Pairs = append(r.plan.Pairs, newest)
		err := r.write()
		r.plan.Pairs = r.plan.Pairs[:len(r.plan.Pairs)-1] // so that Reload sees a change
		r.mu.Unlock()
		if err = errors.Join(err, r.Reload()); err != nil {
			return exchange.Keys{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.announce(), nil
}

// turn makes the newest pair the current one; it reports whether it was not.
func (r *Ring) turn() (bool, error) {
	r.mu.Lock()
	newest := r.plan.Pairs[len(r.plan.Pairs)-1].N
	was := r.plan.Current
	if was == newest {
		r.mu.Unlock()
		return false, nil
	}
	r.plan.Current = newest
	err := r.write()
	r.plan.Current = was
	r.mu.Unlock()
	return true, errors.Join(err, r.Reload())
}

// changing reports whether a pair waits to become the current one.
func (r *Ring) changing() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.plan.Pairs[len(r.plan.Pairs)-1].N != r.plan.Current
}

// Prune destroys pairs that have not counted since before an instant.
func (r *Ring) Prune(before time.Time) error {
	r.mu.Lock()
	var gone []int
	kept := plan{Current: r.plan.Current}
	for _, d := range r.plan.Pairs {
		if d.N != r.plan.Current && !d.Until.IsZero() && d.Until.Before(before) {
			gone = append(gone, d.N)
			continue
		}
		kept.Pairs = append(kept.Pairs, d)
	}
	if len(gone) == 0 {
		r.mu.Unlock()
		return nil
	}
	was := r.plan
	r.plan = kept
	err := r.write()
	r.plan = was
	r.mu.Unlock()
	if err != nil {
		return err
	}
	errs := []error{r.Reload()}
	for _, n := range gone {
		errs = append(errs, os.Remove(r.path(n, "sign")), os.Remove(r.path(n, "box")))
	}
	return errors.Join(errs...)
}

// KeyIDs are the names of the current signing key and box key, as an officer
// reads them out to the parent's.
func (r *Ring) KeyIDs() (sign, box string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.pairs[r.plan.Current]
	return k.sign.KeyID(), k.box.KeyID()
}

// Rotate begins a change of the node's keys: a new pair is announced to every
// peer, and is used once all of them have it. The old pair counts until the
// overlap is over, then it is destroyed.
func (n *Node) Rotate(ctx context.Context, o hedui.Officer, overlap time.Duration) error {
	if err := n.may(o); err != nil {
		return err
	}
	if overlap < time.Hour || overlap > exchange.MaxLife-24*time.Hour {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.node.overlap"), nil)
	}
	at := n.Now()
	keys, err := n.Ring.next(at, overlap)
	if err != nil {
		return err
	}
	return n.DB.InTx(ctx, func(tx *store.Tx) error {
		var parcels []store.Parcel
		for peer := range n.peers.Load().all {
			p, err := letterOfKeys(peer, keys, at, overlap)
			if err != nil {
				return err
			}
			parcels = append(parcels, p)
		}
		if err := tx.AddParcels(ctx, parcels...); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.NodeKeys, n.Name, keyNames(keys)))
	})
}

// turnKeys follows other processes, and ends a change of keys: the new pair is
// used once no announcement waits any more.
func (n *Node) turnKeys(ctx context.Context) error {
	if err := n.Ring.Reload(); err != nil || !n.Ring.changing() {
		return err
	}
	waiting, err := n.DB.ParcelsOfKind(ctx, string(exchange.KindKeys))
	if err != nil || waiting > 0 {
		return err
	}
	turned, err := n.Ring.turn()
	if turned {
		sign, box := n.Ring.KeyIDs()
		n.Log.InfoContext(ctx, "federation: the node signs with new keys", "sign", sign, "box", box)
	}
	return err
}
