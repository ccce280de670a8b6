// Command logclient follows the audit log of a node as an outsider does: with the
// public libraries of Go's checksum database only, and nothing of Hedui. It checks
// the signature of the checkpoint, that the log goes on from the checkpoint that was
// seen last, and that one entry is in it.
//
//	logclient ADDRESS VKEY PLACE FILE
//
// FILE is where it keeps what it has seen.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "logclient:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return errors.New("usage: logclient ADDRESS VKEY PLACE FILE")
	}
	address, file := args[0], args[3]
	key, err := note.NewVerifier(args[1])
	if err != nil {
		return err
	}
	place, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return err
	}
	text, err := get(address, "checkpoint")
	if err != nil {
		return err
	}
	now, err := open(text, key)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(now, &tiles{address, now.N})
	if err := follow(file, key, now, hashes); err != nil {
		return err
	}
	if err := entry(address, place, now, hashes); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600) //nolint:gosec // the file is what the user asks for
}

// open checks the signature of a checkpoint and reads size and root.
func open(text []byte, key note.Verifier) (tlog.Tree, error) {
	n, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != key.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// follow proves that the log goes on from what was seen before.
func follow(file string, key note.Verifier, now tlog.Tree, hashes tlog.HashReader) error {
	text, err := os.ReadFile(file) //nolint:gosec // the file is what the user asks for
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(os.Stdout, "first seen: %d entries\n", now.N)
		return nil
	}
	if err != nil {
		return err
	}
	before, err := open(text, key)
	if err != nil {
		return fmt.Errorf("what was seen before: %w", err)
	}
	if now.N < before.N {
		return fmt.Errorf("the log has %d entries, and had %d", now.N, before.N)
	}
	if before.N > 0 {
		proof, err := tlog.ProveTree(now.N, before.N, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, now.N, now.Hash, before.N, before.Hash); err != nil {
			return fmt.Errorf("the log was rewritten: %w", err)
		}
	}
	fmt.Fprintf(os.Stdout, "%d entries: goes on from the %d that were seen before\n", now.N, before.N)
	return nil
}

// entry fetches one entry and proves that it is in the log.
func entry(address string, place int64, now tlog.Tree, hashes tlog.HashReader) error {
	if place < 0 || place >= now.N {
		return fmt.Errorf("the log has no place %d", place)
	}
	t := tlog.Tile{H: 8, L: -1, N: place / 256, W: int(min(256, now.N-place/256*256))}
	bundle, err := get(address, path(t))
	if err != nil {
		return err
	}
	for range place % 256 { // each entry has its length, two bytes, before it
		if len(bundle) < 2 || len(bundle) < 2+int(bundle[0])<<8+int(bundle[1]) {
			return errors.New("the bundle of entries is cut off")
		}
		bundle = bundle[2+int(bundle[0])<<8+int(bundle[1]):]
	}
	if len(bundle) < 2 || len(bundle) < 2+int(bundle[0])<<8+int(bundle[1]) {
		return errors.New("the bundle of entries is cut off")
	}
	line := bundle[2 : 2+int(bundle[0])<<8+int(bundle[1])]
	proof, err := tlog.ProveRecord(now.N, place, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, now.N, now.Hash, place, tlog.RecordHash(line)); err != nil {
		return err
	}
	fmt.Fprintf(os.Stdout, "entry %d is in the log: %s\n", place, line)
	return nil
}

// tiles reads the hashes of the log; the library checks them against the root.
type tiles struct {
	address string
	size    int64
}

func (t *tiles) Height() int { return 8 }

func (t *tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, len(want))
	for i, one := range want {
		whole := one
		whole.W = int(min(256, t.size>>(8*one.L)-one.N*256)) // a partial tile is served as wide as it is now
		data, err := get(t.address, path(whole))
		if err != nil {
			return nil, err
		}
		if len(data) < one.W*tlog.HashSize {
			return nil, errors.New("a tile is cut off")
		}
		all[i] = data[:one.W*tlog.HashSize]
	}
	return all, nil
}

func (t *tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// path is where C2SP tlog-tiles has what the library names otherwise.
func path(t tlog.Tile) string {
	return strings.Replace(strings.Replace(t.Path(), "tile/8/", "tile/", 1), "tile/data/", "tile/entries/", 1)
}

func get(address, name string) ([]byte, error) {
	answer, err := http.Get(address + "/" + name) //nolint:gosec,noctx // the address is what the user asks for
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", name, answer.Status)
	}
	return io.ReadAll(io.LimitReader(answer.Body, 64<<20))
}
