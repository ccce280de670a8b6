package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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
	"hedui/source"
)

// A Ring is the keys by which the node's peers know it: pairs of a signing key
// and a box key, one pair in use and, while they are changed, the next or the
// last one beside it. It lies in a directory that all processes of the node read.
type Ring struct {
	dir     string
	fresh   bool // the first pair was made just now, so no peer knows it yet
	gm      bool // new pairs have keys of suite gm too
	editing sync.Mutex

	mu      sync.Mutex
	signsGM bool // mandates, once peers know the keys for it
	plan    plan
	pairs   map[int]pair
	waiting map[int]func() // of whoever runs with a generation that may end
	nextID  int
}

// plan says which pairs there are and when they count.
type plan struct {
	Current int     `json:"current"`        // the pair that signs
	Pairs   []dated `json:"pairs"`          // oldest first
	Told    int     `json:"told,omitempty"` // the newest pair that was announced to every peer
}

func (p *plan) newest() dated { return p.Pairs[len(p.Pairs)-1] }

// turning reports whether a pair waits to become the current one.
func (p *plan) turning() bool { return p.newest().N != p.Current }

// until is when the current pair counts no more; zero while it has no end.
func (p *plan) until() time.Time {
	for _, d := range p.Pairs {
		if d.N == p.Current {
			return d.Until
		}
	}
	return time.Time{}
}

type dated struct {
	N     int       `json:"n"`
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	GM    bool      `json:"gm,omitempty"` // whoever knows the pair knows its keys of suite gm
}

type pair struct {
	sign *seal.PrivateKey
	box  *exchange.BoxKey

	gmSign *seal.PrivateKey // nil in a ring without keys of suite gm, as gmBox
	gmBox  *exchange.BoxKey
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
		if err := r.makePair(1); err != nil {
			return nil, err
		}
		if err := r.write(plan{Current: 1, Pairs: []dated{{N: 1}}}); err != nil {
			return nil, err
		}
		r.fresh = true
	}
	return r, r.Reload()
}

func (r *Ring) path(n int, kind string) string {
	return filepath.Join(r.dir, "node-"+strconv.Itoa(n)+"."+kind+".key")
}

// UseGM gives every pair keys of suite gm too, those that are there and those to come.
// Peers that know a pair already learn of them with the next change of keys. With
// mandates, they sign mandates from when on peers know them.
func (r *Ring) UseGM(mandates bool) error {
	r.gm = true
	err := r.edit(func(p *plan) (changed bool, err error) {
		for i := range p.Pairs {
			if err := r.makePair(p.Pairs[i].N); err != nil {
				return false, err
			}
			changed = changed || r.fresh && !p.Pairs[i].GM
			p.Pairs[i].GM = p.Pairs[i].GM || r.fresh
		}
		return changed, nil
	})
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.signsGM = r.signsGM || mandates
	clear(r.pairs) // to be read with what was added
	r.mu.Unlock()
	return r.Reload()
}

// makePair makes a pair, or finishes one that was begun before a crash.
func (r *Ring) makePair(n int) error {
	kinds := []struct {
		sign, box, algorithm string
		suite                seal.Suite
	}{{"sign", "box", seal.Ed25519, seal.Intl}, {"gm-sign", "gm-box", seal.SM2SM3, seal.GM}}
	if !r.gm {
		kinds = kinds[:1]
	}
	for _, k := range kinds {
		if _, err := os.Stat(r.path(n, k.sign)); errors.Is(err, fs.ErrNotExist) {
			key, err := seal.Generate(k.algorithm)
			if err == nil {
				err = key.Save(r.path(n, k.sign))
			}
			if err != nil && !errors.Is(err, fs.ErrExist) { // another process was faster
				return fmt.Errorf("federation: make keys: %w", err)
			}
		}
		if _, err := os.Stat(r.path(n, k.box)); errors.Is(err, fs.ErrNotExist) {
			key, err := exchange.GenerateBoxOf(k.suite)
			if err == nil {
				err = key.Save(r.path(n, k.box))
			}
			if err != nil && !errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("federation: make keys: %w", err)
			}
		}
	}
	return nil
}

// readPair reads a pair; keys of suite gm where it has them.
func (r *Ring) readPair(n int) (k pair, err error) {
	if k.sign, err = seal.LoadPrivate(r.path(n, "sign")); err == nil {
		k.box, err = exchange.LoadBox(r.path(n, "box"))
	}
	if err != nil {
		return k, err
	}
	k.gmBox, err = exchange.LoadBox(r.path(n, "gm-box")) // is made last
	if errors.Is(err, fs.ErrNotExist) && !r.gm {
		return k, nil
	}
	if err == nil {
		k.gmSign, err = seal.LoadPrivate(r.path(n, "gm-sign"))
	}
	if err == nil && k.gmSign.Algorithm() != seal.SM2SM3 {
		err = fmt.Errorf("%s is a key of %s", r.path(n, "gm-sign"), k.gmSign.Algorithm())
	}
	return k, err
}

func (r *Ring) read() (plan, error) {
	text, err := os.ReadFile(filepath.Join(r.dir, planFile))
	if err != nil {
		return plan{}, fmt.Errorf("federation: keys: %w", err)
	}
	var p plan
	if err := json.Unmarshal(text, &p); err != nil || len(p.Pairs) == 0 {
		return plan{}, errors.Join(fmt.Errorf("federation: %s cannot be read", filepath.Join(r.dir, planFile)), err)
	}
	return p, nil
}

// write replaces the plan as a whole.
func (r *Ring) write(p plan) error {
	text, err := json.MarshalIndent(p, "", "  ")
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

// edit changes the plan as it lies in the directory, where another process may
// have changed it; change says whether it did.
func (r *Ring) edit(change func(*plan) (bool, error)) error {
	r.editing.Lock()
	defer r.editing.Unlock()
	p, err := r.read()
	if err != nil {
		return err
	}
	changed, err := change(&p)
	if err != nil {
		return err
	}
	if changed {
		if err := r.write(p); err != nil {
			return err
		}
	}
	return r.Reload()
}

// Reload reads what another process may have changed, and tells whoever runs with
// keys that are not the current ones any more.
func (r *Ring) Reload() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	p, err := r.read()
	if err != nil {
		return err
	}
	for _, d := range p.Pairs {
		if _, have := r.pairs[d.N]; have {
			continue
		}
		k, err := r.readPair(d.N)
		if err != nil {
			return fmt.Errorf("federation: keys: %w", err)
		}
		r.pairs[d.N] = k
	}
	maps.DeleteFunc(r.pairs, func(n int, _ pair) bool {
		return !slices.ContainsFunc(p.Pairs, func(d dated) bool { return d.N == n })
	})
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
	if current.gmSign == nil {
		return me
	}
	me.GM, me.GMPublic, me.Boxes = current.gmSign, current.gmSign.Public(), append(me.Boxes, current.gmBox)
	for _, d := range slices.Backward(r.plan.Pairs) {
		if k := r.pairs[d.N]; d.N != r.plan.Current && k.gmBox != nil {
			me.Boxes = append(me.Boxes, k.gmBox)
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
		if gm := r.pairs[d.N]; gm.gmSign != nil {
			k.Sign = append(k.Sign, exchange.SignPin{Key: gm.gmSign.Public(), Span: span})
			k.Boxes = append(k.Boxes, exchange.BoxPin{Key: gm.gmBox.Public(), Span: span})
		}
	}
	return k
}

// soon is from when on a new pair counts: by then every process of the node has it.
const soon = 2 * housekeepEvery

// mostPairs is how many pairs a peer is told of at most.
const mostPairs = 8

// next makes a new pair that counts from soon on, beside the old ones until the
// overlap is over. A change that is under way already is told again.
func (r *Ring) next(now time.Time, overlap time.Duration) (n int, k exchange.Keys, err error) {
	err = r.edit(func(p *plan) (bool, error) {
		if n = p.newest().N; p.turning() {
			return false, nil
		}
		if len(p.Pairs) >= mostPairs {
			return false, hedui.Fail(hedui.Conflict, hedui.Say("error.node.many_keys"), nil)
		}
		n++
		pair := dated{N: n, From: now.UTC().Add(soon).Truncate(time.Millisecond), GM: r.gm}
		if err := r.makePair(n); err != nil {
			return false, err
		}
		for i := range p.Pairs {
			if p.Pairs[i].Until.IsZero() {
				p.Pairs[i].Until = pair.From.Add(overlap)
			}
		}
		p.Pairs = append(p.Pairs, pair)
		return true, nil
	})
	if err != nil {
		return 0, k, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return n, r.announce(), nil
}

// told notes that the announcement of a pair lies in the outbox for every peer.
func (r *Ring) told(n int) error {
	return r.edit(func(p *plan) (bool, error) {
		changed := p.Told != n
		p.Told = n
		return changed, nil
	})
}

// turn makes the newest pair the current one; it reports whether it was not.
func (r *Ring) turn() (turned bool, err error) {
	err = r.edit(func(p *plan) (bool, error) {
		turned = p.turning() && p.Told == p.newest().N
		if turned {
			p.Current = p.newest().N
		}
		return turned, nil
	})
	return turned, err
}

// change is what a peer that is pinned now has to be told of a change of keys
// under way, and until when the current pair counts; zero if there is none.
func (r *Ring) change() (exchange.Keys, time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.plan.turning() {
		return exchange.Keys{}, time.Time{}
	}
	return r.announce(), r.plan.until()
}

// turning says whether an announced pair waits to become the current one, from
// when on it counts and until when the current one does.
func (r *Ring) turning() (announced bool, from, until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.plan.turning() && r.plan.Told == r.plan.newest().N, r.plan.newest().From, r.plan.until()
}

// Prune destroys pairs that have not counted since before an instant, and what a
// process that was killed has left of such.
func (r *Ring) Prune(before time.Time) error {
	var kept plan
	err := r.edit(func(p *plan) (bool, error) {
		had := len(p.Pairs)
		p.Pairs = slices.DeleteFunc(p.Pairs, func(d dated) bool {
			return d.N != p.Current && !d.Until.IsZero() && d.Until.Before(before)
		})
		kept = *p
		return len(p.Pairs) != had, nil
	})
	if err != nil {
		return err
	}
	var errs []error
	for n := 1; n < kept.newest().N; n++ { // a pair after the newest may be in the making
		if slices.ContainsFunc(kept.Pairs, func(d dated) bool { return d.N == n }) {
			continue
		}
		for _, kind := range []string{"sign", "box", "gm-sign", "gm-box"} {
			if err := os.Remove(r.path(n, kind)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, fmt.Errorf("federation: destroy keys: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// KeyIDs are the names of the current signing key and box key – of both suites, with a blank
// between, where the node has keys of gm – as an officer
// reads them out to the parent's.
func (r *Ring) KeyIDs() (sign, box string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.pairs[r.plan.Current]
	sign, box = k.sign.KeyID(), k.box.KeyID()
	if k.gmSign != nil {
		sign, box = sign+" "+k.gmSign.KeyID(), box+" "+k.gmBox.KeyID()
	}
	return sign, box
}

// Signer is the key by which the node signs mandates: the current signing key, that of
// suite gm where the node has it and its peers know the key.
func (r *Ring) Signer() seal.Signer {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.pairs[r.plan.Current]
	known := slices.ContainsFunc(r.plan.Pairs, func(d dated) bool { return d.N == r.plan.Current && d.GM })
	if r.signsGM && known && k.gmSign != nil {
		return k.gmSign
	}
	return k.sign
}

// Trust is every key by which mandates of the node may be signed now or soon, for
// the departments.
func (r *Ring) Trust(node string) source.Trust {
	r.mu.Lock()
	defer r.mu.Unlock()
	var t source.Trust
	for _, d := range r.plan.Pairs {
		t = append(t, source.TrustedKey{Node: node, Key: r.pairs[d.N].sign.Public(), Vouches: true})
		if gm := r.pairs[d.N].gmSign; gm != nil {
			t = append(t, source.TrustedKey{Node: node, Key: gm.Public(), Vouches: true})
		}
	}
	return t
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
	pair, keys, err := n.Ring.next(at, overlap)
	if err != nil {
		return err
	}
	err = n.DB.InTx(ctx, func(tx *store.Tx) error {
		peers, err := tx.Peers(ctx)
		if err != nil {
			return err
		}
		var parcels []store.Parcel
		for _, peer := range peers {
			if peer.Revoked {
				continue
			}
			p, err := letterOfKeys(peer.Name, keys, at, overlap)
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
	if err != nil {
		return err
	}
	return n.Ring.told(pair)
}

// tellKeys announces the pair that is about to be used to a peer that is pinned
// while a change of keys is under way: it was told of the current one only.
func (n *Node) tellKeys(ctx context.Context, tx *store.Tx, peer string, at time.Time) error {
	if err := n.Ring.Reload(); err != nil {
		return err
	}
	keys, until := n.Ring.change()
	if until.IsZero() {
		return nil
	}
	p, err := letterOfKeys(peer, keys, at, max(until.Sub(at), time.Hour))
	if err != nil {
		return err
	}
	return tx.AddParcels(ctx, p)
}

// lastTurn is how long before the end of the current pair the next one is used at
// the latest, be it known to every peer or not.
const lastTurn = 2 * exchange.DefaultSkew

// turnKeys follows other processes, and ends a change of keys: the new pair is
// used once no announcement waits any more. A peer that has been away for the
// whole overlap must not keep the others from knowing this node: it has to be
// enrolled anew.
func (n *Node) turnKeys(ctx context.Context) error {
	if err := n.Ring.Reload(); err != nil {
		return err
	}
	announced, from, until := n.Ring.turning()
	now := n.Now()
	if !announced || now.Before(from) {
		return nil
	}
	waiting, err := n.DB.ParcelsOfKind(ctx, string(exchange.KindKeys))
	if err != nil || waiting > 0 && now.Before(until.Add(-lastTurn)) {
		return err
	}
	turned, err := n.Ring.turn()
	if turned {
		sign, box := n.Ring.KeyIDs()
		n.Log.InfoContext(ctx, "federation: the node signs with new keys", "sign", sign, "box", box, "not_told", waiting)
	}
	return err
}
