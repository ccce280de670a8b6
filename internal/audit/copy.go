package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// A Copy is a log as others see it: files as [TilePath] names them, in a
// directory or behind an address.
type Copy struct {
	// Read returns a file by its path, or an error that is [fs.ErrNotExist].
	Read func(ctx context.Context, path string) ([]byte, error)
}

// Verify proves a copy anew: every entry, every hash of every tile, the root, the
// signatures, and that it goes on from each checkpoint that was kept elsewhere.
// Keys that are not in trust count for nothing. What is wrong is in the check; an
// error means that the copy could not be read.
func (c Copy) Verify(ctx context.Context, t Trust, kept ...Kept) (Check, error) {
	var k Check
	text, err := c.Read(ctx, CheckpointPath)
	if errors.Is(err, fs.ErrNotExist) {
		k.Add(Fault{Kind: NoCheckpoint, Who: CheckpointPath})
		return k, nil
	}
	if err != nil {
		return k, err
	}
	head, err := parseBody(BodyOf(string(text)))
	if err != nil {
		k.Add(Fault{Kind: BadForm, Who: CheckpointPath})
		return k, nil
	}
	k.Size, k.Root, k.Origin = head.Size, head.Root, head.Origin
	if _, err := t.Open(string(text)); err != nil {
		k.Add(faultOf(Kept{Name: CheckpointPath}, err)) // before all else: what it says is not proved by anybody
	}
	r := &tileReader{copy: c, size: head.Size, check: &k, cache: map[tlog.Tile][]byte{}}
	if err := r.prove(ctx); err != nil {
		return k, err
	}
	all := kept
	if k.Count == 0 || k.Faults[0].Who != CheckpointPath {
		all = append([]Kept{{CheckpointPath, string(text)}}, kept...)
	}
	cosigned, err := c.Read(ctx, CosignedPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	for _, one := range SplitNotes(string(cosigned)) {
		all = append(all, Kept{CosignedPath, one})
	}
	return k, k.Against(t, all, r.reader(ctx))
}

// SplitNotes takes notes apart that stand one after the other. A note holds one
// empty line itself, before its signatures.
func SplitNotes(text string) (notes []string) {
	parts := strings.Split(strings.TrimSuffix(text, "\n"), "\n\n")
	for i := 0; i+1 < len(parts); i += 2 {
		notes = append(notes, parts[i]+"\n\n"+strings.TrimSuffix(parts[i+1], "\n")+"\n")
	}
	return notes
}

// tileReader reads the tiles of a copy, those of hashes with the last of each
// level in mind, and notes the ones that are missing or damaged.
type tileReader struct {
	copy  Copy
	size  int64
	check *Check
	cache map[tlog.Tile][]byte // by level and number; nil = missing
}

// whole is the widest form of a tile in a log of this size.
func (r *tileReader) whole(t tlog.Tile) tlog.Tile {
	n := r.size >> (TileHeight * max(t.L, 0))
	t.W = int(max(0, min(TileWidth, n-t.N*TileWidth)))
	return t
}

// tile reads a tile of hashes; nil if it is missing or damaged.
func (r *tileReader) tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	t = r.whole(t)
	data, have := r.cache[t]
	if have {
		return data, nil
	}
	data, err := r.copy.Read(ctx, TilePath(t))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(data) != t.W*tlog.HashSize {
		data = nil
	}
	for old := range r.cache { // a walk from left to right needs one tile of each level
		if old.L == t.L {
			delete(r.cache, old)
		}
	}
	r.cache[t] = data
	return data, nil
}

// hash reads one stored hash out of its tile; nil if it is not to be had.
func (r *tileReader) hash(ctx context.Context, index int64) ([]byte, error) {
	t := tlog.TileForIndex(TileHeight, index)
	data, err := r.tile(ctx, t)
	if err != nil || len(data) < t.W*tlog.HashSize {
		return nil, err
	}
	h, err := tlog.HashFromTile(t, data[:t.W*tlog.HashSize], index)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return h[:], nil
}

// reader is all this as a [tlog.HashReader].
func (r *tileReader) reader(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			h, err := r.hash(ctx, index)
			if err != nil {
				return nil, err
			}
			if len(h) != tlog.HashSize {
				return nil, errNoHash
			}
			hashes[i] = tlog.Hash(h)
		}
		return hashes, nil
	})
}

// prove proves all places, a tile of entries at a time.
func (r *tileReader) prove(ctx context.Context) error {
	p := &Prover{Check: r.check}
	for from := int64(0); from < r.size; from += TileWidth {
		t := r.whole(tlog.Tile{H: TileHeight, L: -1, N: from / TileWidth})
		data, err := r.copy.Read(ctx, TilePath(t))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		lines := splitEntries(data)
		for i := range int64(t.W) {
			var row *Row
			if i < int64(len(lines)) {
				row = rowOf(lines[i])
			}
			stored, err := r.stored(ctx, from+i)
			if err != nil {
				return err
			}
			p.Next(row, stored)
		}
		if from == 0 && data == nil && r.size > TileWidth { // one fault says it, not one for each place
			if err := r.nothing(ctx); err != nil {
				return err
			}
		}
	}
	p.End()
	return nil
}

// nothing ends the proof of a copy in which nothing is where it should be.
func (r *tileReader) nothing(ctx context.Context) error {
	data, err := r.tile(ctx, tlog.Tile{H: TileHeight})
	if err == nil && data == nil {
		err = fmt.Errorf("audit: the copy has neither entries nor hashes: %w", fs.ErrNotExist)
	}
	return err
}

// rowOf is an entry of a copy: nothing stands beside its line.
func rowOf(line []byte) *Row {
	e, err := Parse(line)
	if err != nil {
		return &Row{Line: line}
	}
	leaf := tlog.RecordHash(line)
	return &Row{e.ID, e.At, e.Verb, e.Case, line, leaf[:]}
}

// stored are the hashes of a place and of the subtrees that it completes.
func (r *tileReader) stored(ctx context.Context, at int64) ([][]byte, error) {
	var list [][]byte
	for level := 0; level == 0 || at>>(level-1)&1 == 1; level++ {
		h, err := r.hash(ctx, tlog.StoredHashIndex(level, at>>level))
		if err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, nil
}
