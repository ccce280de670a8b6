package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"hedui/seal"
)

// An ErasedList is a file, kept apart from the database, that names every case that was
// erased: a line with its id and a keyed hash of it, which ties it to this node. A
// database that was put back from an old copy is held against it. It only grows, and
// holds nothing personal.
type ErasedList struct {
	path string
	key  seal.Key

	mu  sync.Mutex
	ids map[string]bool
}

// OpenErasedList reads a list; a file that is not there is an empty one. A last line
// that was cut off, when the machine failed, is taken away: its case is found again by
// [DB.NoteErased]. Any other line that is not of this key is an error: cases are erased
// by what stands here.
func OpenErasedList(path string, key seal.Key) (*ErasedList, error) {
	l := &ErasedList{path: path, key: key, ids: map[string]bool{}}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("store: list of erased cases: %w", err)
	}
	if whole := bytes.LastIndexByte(text, '\n') + 1; whole < len(text) {
		text = text[:whole]
		if err := os.Truncate(path, int64(whole)); err != nil {
			return nil, fmt.Errorf("store: list of erased cases: %w", err)
		}
	}
	var bad []error
	for n, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		id, mark, _ := strings.Cut(line, " ")
		if line == "" && len(text) == 0 {
			break
		}
		want, err := seal.Blind(key, "erased", id)
		if err != nil {
			return nil, fmt.Errorf("store: list of erased cases: %w", err)
		}
		if mark != want {
			bad = append(bad, fmt.Errorf("store: %s: line %d is not of this node", path, n+1))
			continue
		}
		l.ids[id] = true
	}
	return l, errors.Join(bad...)
}

// add writes cases into the list and returns when they are on disk.
func (l *ErasedList) add(ids ...string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var lines strings.Builder
	var fresh []string
	for _, id := range ids {
		if l.ids[id] || slices.Contains(fresh, id) {
			continue
		}
		mark, err := seal.Blind(l.key, "erased", id)
		if err != nil {
			return fmt.Errorf("store: list of erased cases: %w", err)
		}
		fresh = append(fresh, id)
		lines.WriteString(id + " " + mark + "\n")
	}
	if len(fresh) == 0 {
		return nil
	}
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(lines.String())
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("store: list of erased cases: %w", err)
	}
	for _, id := range fresh {
		l.ids[id] = true
	}
	return nil
}

func (l *ErasedList) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ids := make([]string, 0, len(l.ids))
	for id := range l.ids {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// CameBack lists the cases that were erased and have a key all the same: the database
// was put back from an older copy. Without a list there are none.
func (tx *Tx) CameBack(ctx context.Context) ([]string, error) {
	if tx.db.erasedList == nil {
		return nil, nil
	}
	ids, err := tx.texts(ctx, `SELECT case_id FROM case_keys WHERE case_id `+tx.db.engine.in(1)+` ORDER BY case_id`, tx.db.engine.list(tx.db.erasedList.all()))
	if err != nil {
		return nil, fmt.Errorf("cases that came back: %w", err)
	}
	return ids, nil
}

// NoteErased brings the list up to date: with cases that other processes have erased,
// or this one right before it was killed.
func (db *DB) NoteErased(ctx context.Context) error {
	if db.erasedList == nil {
		return nil
	}
	var ids []string
	err := db.Read(ctx, func(tx *Tx) (err error) {
		ids, err = tx.texts(ctx, `SELECT id FROM cases WHERE NOT EXISTS (SELECT 1 FROM case_keys k WHERE k.case_id = cases.id) ORDER BY id`)
		return err
	})
	if err != nil {
		return err
	}
	return db.erasedList.add(ids...)
}
