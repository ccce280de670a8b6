package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hedui/internal/audit"
)

// errBehind means that the head of the log is no longer where it was read.
var errBehind = errors.New("the log has moved on")

// Sequence gives at most n entries that have no place in the log the next
// ones, in the order of their ids, and returns how many. One that is committed
// later with an earlier id gets a later place; none is left behind.
//
// Any number of processes may call it at once: the first write of each is to
// move the head from where it was read, so one of them succeeds and the others
// change nothing and return 0. It waits for no transaction that records, and
// none waits for it.
func (db *DB) Sequence(ctx context.Context, n int, now time.Time) (int, error) {
	placed := 0
	err := db.InTx(ctx, func(tx *Tx) (err error) {
		placed, err = tx.sequence(ctx, max(n, 0), now)
		return err
	})
	switch {
	case errors.Is(err, errBehind):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("sequence: %w", err)
	}
	return placed, nil
}

func (tx *Tx) sequence(ctx context.Context, n int, now time.Time) (int, error) {
	head, err := tx.logHead(ctx)
	if err != nil {
		return 0, err
	}
	ids, leaves, err := tx.waiting(ctx, n)
	switch {
	case err != nil:
		return 0, err
	case len(ids) == 0 && (head.Note != "" || head.Size == 0 || tx.db.logKey == nil):
		return 0, tx.keep(ctx, head, now, keepEvery)
	}
	if err := tx.ownHead(ctx, head); err != nil {
		return 0, err
	}
	tree, err := audit.LoadTree(head.Size, tx.storedHashes(ctx))
	if err != nil {
		return 0, err
	}
	if tree.Root() != head.Root { // nothing is built on a log that was changed behind our back
		return 0, fmt.Errorf("the hashes of the log do not give the root at size %d", head.Size)
	}
	hashes := make([]tlog.Hash, 0, 2*len(leaves)+64)
	for _, leaf := range leaves {
		hashes = tree.Add(hashes, leaf)
	}
	next, err := tx.db.signed(audit.Head{Size: tree.Size(), Root: tree.Root(), At: now})
	if err != nil {
		return 0, err
	}
	if err := tx.moveHead(ctx, head.Size, next); err != nil {
		return 0, err
	}
	if err := tx.giveSeq(ctx, head.Size, ids); err != nil {
		return 0, err
	}
	if err := tx.storeHashes(ctx, tlog.StoredHashCount(head.Size), hashes); err != nil {
		return 0, err
	}
	return len(ids), tx.keep(ctx, next, now, keepEvery)
}

func (tx *Tx) logHead(ctx context.Context) (audit.Head, error) {
	var h audit.Head
	var root string
	var at int64
	err := tx.tx.QueryRowContext(ctx, `SELECT size, root, at, note FROM audit_head`).Scan(&h.Size, &root, &at, &h.Note)
	if err == nil {
		h.At = instant(at)
		h.Root, err = tlog.ParseHash(root)
	}
	if err != nil {
		return h, fmt.Errorf("head of the log: %w", err)
	}
	return h, nil
}

// waiting returns at most n entries that have no place, those with the lowest ids first.
func (tx *Tx) waiting(ctx context.Context, n int) (ids []string, leaves []tlog.Hash, err error) {
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var id string
		var leaf sql.RawBytes
		if err := rows.Scan(&id, &leaf); err != nil {
			return err
		}
		if len(leaf) != tlog.HashSize {
			return fmt.Errorf("entry %s has no leaf hash", id)
		}
		ids, leaves = append(ids, id), append(leaves, tlog.Hash(leaf))
		return nil
	}, `SELECT id, leaf FROM audit_entries WHERE seq IS NULL ORDER BY id LIMIT $1`, n)
	if err != nil {
		return nil, nil, fmt.Errorf("waiting entries: %w", err)
	}
	return ids, leaves, nil
}

// moveHead moves the head from a size, or is errBehind. From here on to the
// commit every other sequencer waits at this statement.
func (tx *Tx) moveHead(ctx context.Context, from int64, to audit.Head) error {
	changed, err := tx.exec(ctx, `UPDATE audit_head SET size = $1, root = $2, at = $3, note = $4 WHERE size = $5`,
		to.Size, to.Root.String(), micros(to.At), to.Note, from)
	switch {
	case err != nil:
		return fmt.Errorf("move the head of the log: %w", err)
	case changed != 1:
		return errBehind
	}
	return nil
}

// giveSeq numbers entries from first on. They are named in the order of their
// ids, and that is the order in which the database numbers them.
func (tx *Tx) giveSeq(ctx context.Context, first int64, ids []string) error {
	changed, err := tx.exec(ctx, `UPDATE audit_entries SET seq = $1 + place.n
		FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM audit_entries WHERE id `+tx.db.engine.in(2)+`) AS place
		WHERE audit_entries.id = place.id AND audit_entries.seq IS NULL`, first, tx.db.engine.list(ids))
	switch {
	case err != nil:
		return fmt.Errorf("number entries: %w", err)
	case changed != int64(len(ids)):
		return fmt.Errorf("number entries: %d of %d were there", changed, len(ids))
	}
	return nil
}

func (tx *Tx) storeHashes(ctx context.Context, first int64, hashes []tlog.Hash) error {
	rows := make([][]any, len(hashes))
	for i := range hashes {
		rows[i] = []any{first + int64(i), hashes[i][:]}
	}
	if err := tx.insert(ctx, `INSERT INTO audit_hashes (i, hash)`, rows, ""); err != nil {
		return fmt.Errorf("store hashes: %w", err)
	}
	return nil
}

// storedHashes reads hashes of the log, in the order in which they are asked
// for; one that is missing is an error.
func (tx *Tx) storedHashes(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		if len(indexes) == 0 {
			return nil, nil
		}
		args := make([]any, len(indexes)) // as many as the size of the log has bits
		for n, i := range indexes {
			args[n] = i
		}
		found := make(map[int64]tlog.Hash, len(indexes))
		err := tx.each(ctx, func(rows *sql.Rows) error {
			var i int64
			var hash sql.RawBytes
			if err := rows.Scan(&i, &hash); err != nil {
				return err
			}
			if len(hash) == tlog.HashSize {
				found[i] = tlog.Hash(hash)
			}
			return nil
		}, `SELECT i, hash FROM audit_hashes WHERE i IN `+tx.db.engine.places(1, len(args)), args...)
		if err != nil {
			return nil, fmt.Errorf("hashes of the log: %w", err)
		}
		hashes := make([]tlog.Hash, len(indexes))
		for n, i := range indexes {
			hash, ok := found[i]
			if !ok {
				return nil, fmt.Errorf("hash %d of the log is missing", i)
			}
			hashes[n] = hash
		}
		return hashes, nil
	})
}

// LogHead returns how far the log reaches, and how many entries wait for a place.
func (db *DB) LogHead(ctx context.Context) (head audit.Head, waiting int64, err error) {
	err = db.Read(ctx, func(tx *Tx) (err error) {
		if head, err = tx.logHead(ctx); err != nil {
			return err
		}
		waiting, err = tx.countWaiting(ctx)
		return err
	})
	return head, waiting, err
}

func (tx *Tx) countWaiting(ctx context.Context) (n int64, err error) {
	err = tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM audit_entries WHERE seq IS NULL`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count waiting entries: %w", err)
	}
	return n, nil
}
