package audit

import (
	"bytes"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// A FaultKind says what is wrong with a log.
type FaultKind string

// What can be wrong with a log.
const (
	Changed   FaultKind = "audit.changed"    // the entry, or what stands beside it in its row, does not fit its leaf hash
	Missing   FaultKind = "audit.missing"    // no entry has this place
	Exchanged FaultKind = "audit.exchanged"  // the log holds the hash of another entry at this place
	Added     FaultKind = "audit.added"      // an entry has a place that the log does not reach
	BadHash   FaultKind = "audit.bad_hash"   // the hash of a subtree does not follow from those below it, or is missing
	ExtraHash FaultKind = "audit.extra_hash" // a hash is stored for a place that the log does not reach
	BadRoot   FaultKind = "audit.bad_root"   // the root does not follow from the hashes, or there is none

	NoCheckpoint FaultKind = "audit.no_checkpoint" // there is no signed checkpoint where one must be
	BadSignature FaultKind = "audit.bad_signature" // a checkpoint or cosignature is not signed by the key it must be
	UnknownKey   FaultKind = "audit.unknown_key"   // the key of the log that a checkpoint names is not trusted
	BadForm      FaultKind = "audit.bad_form"      // a checkpoint cannot be read, or its row says something else
	OtherLog     FaultKind = "audit.other_log"     // a checkpoint is of another log
	Behind       FaultKind = "audit.behind"        // a checkpoint was signed of more entries than there are: a tail was dropped, or an old copy was put back
	Forked       FaultKind = "audit.forked"        // the entries are not those that were signed
)

// FaultKinds lists all kinds.
func FaultKinds() []FaultKind {
	return []FaultKind{Changed, Missing, Exchanged, Added, BadHash, ExtraHash, BadRoot, NoCheckpoint, BadSignature, UnknownKey, BadForm, OtherLog, Behind, Forked}
}

// A Fault is one thing that is wrong with a log.
type Fault struct {
	Kind  FaultKind
	Seq   int64  // place of the entry, or of the first below the hash; -1 for an entry that has none yet
	Until int64  // place after the last that is meant
	ID    string // of an entry that was found, as its row says
	Who   string // which checkpoint or cosignature is meant
}

// A Sighting says how much of the log a witness has seen at least.
type Sighting struct {
	Witness string
	Size    int64
	At      time.Time
}

// MaxFaults is how many faults a [Check] names; the others are only counted.
const MaxFaults = 100

// A Check is what was found when a log was proved anew from its entries.
type Check struct {
	Head
	Waiting int64   // entries that have no place yet
	Faults  []Fault // the first of them; none in a sound log
	Count   int64   // of all faults

	Origin   string     // name of the log, as its checkpoints say
	SignedAt time.Time  // when its newest checkpoint was signed, if that is right
	Seen     []Sighting // by others

	rootless bool // Root is not to be relied on
}

// Sound reports whether nothing is wrong with the log.
func (c *Check) Sound() bool { return c.Count == 0 }

// Add notes a fault.
func (c *Check) Add(f Fault) {
	if c.Count++; c.Count <= MaxFaults {
		c.Faults = append(c.Faults, f)
	}
}

// A Row is an entry as a database keeps it: its canonical bytes, their leaf
// hash, and what it is found by.
type Row struct {
	ID   string
	At   time.Time
	Verb Verb
	Case string
	Line []byte
	Leaf []byte
}

// Intact returns the leaf hash of the row's canonical bytes, and whether all
// else in the row fits them.
func (r Row) Intact() (tlog.Hash, bool) {
	e, err := Parse(r.Line)
	if err != nil {
		return tlog.Hash{}, false
	}
	leaf := e.Leaf()
	return leaf, bytes.Equal(leaf[:], r.Leaf) && e.ID == r.ID && e.At.Equal(r.At) && e.Verb == r.Verb && e.Case == r.Case
}

// A Prover proves a log anew, place by place from 0, in memory that does not
// grow with it. Whatever does not follow becomes a fault, and the proof goes on
// with what is stored, so that one change is found where it was made, and not
// once more in every hash above it.
type Prover struct {
	Check *Check
	tree  []node // right edge: full subtrees that have no other half yet
	next  int64
}

// A node is a full subtree whose hash is known, or was lost.
type node struct {
	hash  tlog.Hash
	known bool
}

// Next proves the next place: row is the entry there, nil if there is none, and
// stored are the hashes from the place's own to that of the largest subtree that
// it completes, nil where one is missing.
func (p *Prover) Next(row *Row, stored [][]byte) {
	at := p.next
	p.next++
	top := p.leaf(at, row, hashAt(stored, 0))
	for level := 1; at>>(level-1)&1 == 1; level++ {
		left := p.tree[len(p.tree)-1]
		p.tree = p.tree[:len(p.tree)-1]
		top = p.above(left, top, hashAt(stored, level), Fault{Kind: BadHash, Seq: at + 1 - 1<<level, Until: at + 1})
	}
	p.tree = append(p.tree, top)
}

// leaf proves one entry against the hash that the log holds at its place.
func (p *Prover) leaf(at int64, row *Row, stored node) node {
	fault := Fault{Seq: at, Until: at + 1}
	if row == nil {
		fault.Kind = Missing
		p.Check.Add(fault)
		return stored
	}
	fault.ID = row.ID
	leaf, intact := row.Intact()
	switch {
	case !intact:
		fault.Kind = Changed
	case !stored.known:
		fault.Kind = BadHash
	case leaf != stored.hash:
		fault.Kind = Exchanged
	default:
		return stored
	}
	p.Check.Add(fault)
	if !stored.known && intact {
		return node{leaf, true}
	}
	return stored
}

// above proves the hash of a subtree against those of its halves.
func (p *Prover) above(left, right, stored node, fault Fault) node {
	proved := node{known: left.known && right.known}
	if proved.known {
		proved.hash = tlog.NodeHash(left.hash, right.hash)
	}
	if !stored.known || proved.known && proved.hash != stored.hash {
		p.Check.Add(fault)
	}
	if stored.known {
		return stored
	}
	return proved
}

// End proves the root after the last place.
func (p *Prover) End() {
	known := p.next == p.Check.Size
	hashes := make([]tlog.Hash, len(p.tree))
	for i, n := range p.tree {
		hashes[i] = n.hash
		known = known && n.known
	}
	t := Tree{p.next, hashes}
	if !known || t.Root() != p.Check.Root {
		p.Check.rootless = true
		p.Check.Add(Fault{Kind: BadRoot, Until: p.Check.Size})
	}
}

// hashAt is one of the hashes that are stored for a place.
func hashAt(stored [][]byte, level int) node {
	if level >= len(stored) || len(stored[level]) != tlog.HashSize {
		return node{}
	}
	return node{tlog.Hash(stored[level]), true}
}
