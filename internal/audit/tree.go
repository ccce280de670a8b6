package audit

import (
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// A Head says how far the log reaches: entries 0 to Size-1 have their place, and
// Root is the tree hash over them.
type Head struct {
	Size int64
	Root tlog.Hash
	At   time.Time // when it was last moved; zero for a log that is empty
	Note string    // the same as a signed checkpoint; empty while the log is not signed
}

// A Tree is the right edge of a Merkle log, which is all that is needed to add
// entries to it: the hashes of the full subtrees that make it up, the largest
// first. The zero Tree is that of the empty log.
type Tree struct {
	size int64
	edge []tlog.Hash
}

// LoadTree reads the tree of a log of the given size from its stored hashes.
func LoadTree(size int64, stored tlog.HashReader) (Tree, error) {
	t := Tree{size: size}
	_, err := tlog.TreeHash(size, tlog.HashReaderFunc(func(indexes []int64) (_ []tlog.Hash, err error) {
		t.edge, err = stored.ReadHashes(indexes)
		return t.edge, err
	}))
	return t, err
}

// Add gives a leaf hash the next place. It appends to hashes what is to be
// stored from index [tlog.StoredHashIndex](0, place) on, as
// [tlog.StoredHashes] would make it.
func (t *Tree) Add(hashes []tlog.Hash, leaf tlog.Hash) []tlog.Hash {
	hashes = append(hashes, leaf)
	for full := t.size; full&1 == 1; full >>= 1 { // each trailing 1 is a subtree that now has its other half
		leaf = tlog.NodeHash(t.pop(), leaf)
		hashes = append(hashes, leaf)
	}
	t.edge = append(t.edge, leaf)
	t.size++
	return hashes
}

func (t *Tree) pop() tlog.Hash {
	last := t.edge[len(t.edge)-1]
	t.edge = t.edge[:len(t.edge)-1]
	return last
}

// Size is how many leaves the tree has.
func (t *Tree) Size() int64 { return t.size }

// Root is the tree hash of the log as it stands.
func (t *Tree) Root() tlog.Hash {
	root, _ := tlog.TreeHash(t.size, tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return t.edge, nil })) // the edge is what it asks for
	return root
}
