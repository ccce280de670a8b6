package audit

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// hashes is a whole log in memory.
type hashes []tlog.Hash

func (h hashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var list []tlog.Hash
	for _, i := range indexes {
		list = append(list, h[i])
	}
	return list, nil
}

// A tree that is loaded at any size and grows from there stores and roots what
// the log library computes from the leaves.
func TestTreeIsThatOfTheLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(0, 300).Draw(t, "size")
		load := rapid.Int64Range(0, size).Draw(t, "load")
		var want, got hashes
		var tree Tree
		for n := range size {
			leaf := tlog.RecordHash(binary.BigEndian.AppendUint64(nil, uint64(n)))
			more, err := tlog.StoredHashesForRecordHash(n, leaf, want)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, more...)
			if n == load {
				if tree, err = LoadTree(n, want[:tlog.StoredHashCount(n)]); err != nil {
					t.Fatal(err)
				}
			}
			got = tree.Add(got, leaf)
		}
		root, err := tlog.TreeHash(size, want)
		if err != nil || tree.Root() != root || tree.Size() != size || !slices.Equal(got, want) {
			t.Fatalf("size %d, loaded at %d: got size %d root %v, want root %v (%v)", size, load, tree.Size(), tree.Root(), root, err)
		}
	})
}

func TestALogThatLacksHashesIsNotLoaded(t *testing.T) {
	short := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return make([]tlog.Hash, len(indexes)-1), nil })
	if _, err := LoadTree(7, short); err == nil {
		t.Errorf("two hashes of three made a tree of seven")
	}
}

// prove proves a log of rows and hashes against a head.
func prove(rows []*Row, stored [][]byte, head Head) Check {
	c := Check{Head: head}
	p := Prover{Check: &c}
	for n, row := range rows {
		p.Next(row, stored[tlog.StoredHashCount(int64(n)):tlog.StoredHashCount(int64(n+1))])
	}
	p.End()
	return c
}

// whole makes a sound log.
func whole(size int) (rows []*Row, stored [][]byte, head Head) {
	var tree Tree
	var all hashes
	for range size {
		e := New(at, "clerk", "", Asked, "case", "")
		leaf := e.Leaf()
		rows = append(rows, &Row{e.ID, e.At, e.Verb, e.Case, e.Canonical(), leaf[:]})
		all = tree.Add(all, leaf)
	}
	for _, h := range all {
		stored = append(stored, slices.Clone(h[:]))
	}
	return rows, stored, Head{Size: int64(size), Root: tree.Root(), At: at}
}

// Whatever one thing is changed in a log is found, and named within the places
// it stands for; what is far from it is not accused.
func TestProverFindsEachChangeWhereItIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 70).Draw(t, "size")
		rows, stored, head := whole(size)
		if c := prove(rows, stored, head); !c.Sound() || len(c.Faults) != 0 {
			t.Fatalf("a sound log of %d: %+v", size, c.Faults)
		}
		n := rapid.IntRange(0, size-1).Draw(t, "place")
		i := rapid.IntRange(0, len(stored)-1).Draw(t, "hash")
		level, m := tlog.SplitStoredHashIndex(int64(i))
		lo, hi := m<<level, (m+1)<<level // places below the hash
		want := Missing
		switch what := rapid.SampledFrom([]string{"line", "leaf", "column", "row", "forged", "hash", "no hash", "root"}).Draw(t, "what"); what {
		case "line":
			rows[n].Line = append(rows[n].Line, ' ')
			want = Changed
		case "leaf":
			rows[n].Leaf[3] ^= 1
			want = Changed
		case "column":
			rows[n].At = rows[n].At.Add(time.Microsecond)
			want = Changed
		case "row":
			rows[n] = nil
		case "forged":
			e := New(at, "clerk", "", Asked, "another", "")
			leaf := e.Leaf()
			*rows[n] = Row{e.ID, e.At, e.Verb, e.Case, e.Canonical(), leaf[:]}
			want = Exchanged
		case "root":
			head.Root[0] ^= 1
			want, lo, hi = BadRoot, 0, int64(size)
		case "hash":
			stored[i][0] ^= 1
			if want = BadHash; level == 0 {
				want = Exchanged
			}
		case "no hash":
			stored[i] = nil
			want = BadHash
		}
		if want == Changed || want == Missing || want == Exchanged && rows[n].Case == "another" {
			lo, hi = int64(n), int64(n+1)
		}
		c := prove(rows, stored, head)
		if c.Sound() || c.Faults[0].Kind != want || c.Faults[0].Seq != lo || c.Faults[0].Until != hi {
			t.Fatalf("got %+v, want first %s at %d to %d", c.Faults, want, lo, hi)
		}
		if want != Exchanged && want != BadHash && c.Count != 1 {
			t.Fatalf("got %+v, want one fault", c.Faults)
		}
		if c.Count > 2 { // the hash itself, and the one above it
			t.Fatalf("got %+v, want two faults at most", c.Faults)
		}
	})
}

func TestFaultsAreCountedAndOnlyTheFirstAreNamed(t *testing.T) {
	var c Check
	for n := range int64(2 * MaxFaults) {
		c.Add(Fault{Kind: Missing, Seq: n})
	}
	if c.Sound() || c.Count != 2*MaxFaults || len(c.Faults) != MaxFaults || c.Faults[MaxFaults-1].Seq != MaxFaults-1 {
		t.Errorf("got %d faults, %d named", c.Count, len(c.Faults))
	}
}
