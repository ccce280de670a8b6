package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"hedui/internal/audit"
)

// checkPage is how many entries CheckLog holds at once.
const checkPage = 1000

// CheckLog proves the whole log anew from the canonical bytes of its entries:
// every leaf, every stored hash and the root. It also looks at what the log does
// not reach, and at the entries that wait. It works up to the head as it stands
// at the start, in short transactions, while others record and sequence.
//
// Whoever can write all tables can forge a whole log that is sound: only a root
// that was kept elsewhere shows that.
func (db *DB) CheckLog(ctx context.Context) (audit.Check, error) {
	var c audit.Check
	var reach int64
	err := db.Read(ctx, func(tx *Tx) (err error) {
		reach, err = tx.checkReach(ctx, &c)
		return err
	})
	if err != nil {
		return c, fmt.Errorf("check log: %w", err)
	}
	p := &audit.Prover{Check: &c}
	for from := int64(0); from < reach; from += checkPage {
		until := min(from+checkPage, reach)
		if err := db.Read(ctx, func(tx *Tx) error { return tx.checkPlaces(ctx, p, from, until) }); err != nil {
			return c, fmt.Errorf("check log: %w", err)
		}
	}
	p.End()
	for after, more := "", true; more; {
		err := db.Read(ctx, func(tx *Tx) (err error) {
			after, more, err = tx.checkWaiting(ctx, &c, after)
			return err
		})
		if err != nil {
			return c, fmt.Errorf("check log: %w", err)
		}
	}
	return c, nil
}

// checkReach reads the head, looks for what is beyond it, in one state of the
// database, and returns how many places there are to prove.
func (tx *Tx) checkReach(ctx context.Context, c *audit.Check) (reach int64, err error) {
	if c.Head, err = tx.logHead(ctx); err != nil && !errors.Is(err, sql.ErrNoRows) { // without a head, everything is beyond it
		return 0, err
	}
	if c.Waiting, err = tx.countWaiting(ctx); err != nil {
		return 0, err
	}
	err = tx.each(ctx, func(rows *sql.Rows) error {
		f := audit.Fault{Kind: audit.Added}
		if err := rows.Scan(&f.Seq, &f.ID); err != nil {
			return err
		}
		f.Until = f.Seq + 1
		c.Add(f)
		return nil
	}, `SELECT seq, id FROM audit_entries WHERE seq < 0 OR seq >= $1 ORDER BY seq`, c.Size)
	if err != nil {
		return 0, fmt.Errorf("entries beyond the head: %w", err)
	}
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var i int64
		if err := rows.Scan(&i); err != nil {
			return err
		}
		level, n := tlog.SplitStoredHashIndex(min(i, 1<<62)) // it counts in int64
		c.Add(audit.Fault{Kind: audit.ExtraHash, Seq: n << level, Until: (n + 1) << level})
		return nil
	}, `SELECT i FROM audit_hashes WHERE i >= $1 ORDER BY i`, tlog.StoredHashCount(c.Size))
	if err != nil {
		return 0, fmt.Errorf("hashes beyond the head: %w", err)
	}
	return tx.reach(ctx, c)
}

// reach is the size of the log, or less if the head is beyond the last entry:
// then what it lacks is one fault, however far off the head is.
func (tx *Tx) reach(ctx context.Context, c *audit.Check) (n int64, err error) {
	err = tx.tx.QueryRowContext(ctx, `SELECT coalesce(max(seq), -1) + 1 FROM audit_entries WHERE seq < $1`, c.Size).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("last entry: %w", err)
	}
	if n = max(n, 0); n < c.Size {
		c.Add(audit.Fault{Kind: audit.Missing, Seq: n, Until: c.Size})
	}
	return n, nil
}

// checkPlaces proves the places from one to before another.
func (tx *Tx) checkPlaces(ctx context.Context, p *audit.Prover, from, until int64) error {
	entries := make([]*audit.Row, until-from)
	err := tx.eachRow(ctx, func(seq sql.NullInt64, r audit.Row) { entries[seq.Int64-from] = &r },
		`WHERE seq >= $1 AND seq < $2`, from, until)
	if err != nil {
		return err
	}
	first, end := tlog.StoredHashCount(from), tlog.StoredHashCount(until)
	hashes := make([][]byte, end-first)
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var i int64
		var hash []byte
		if err := rows.Scan(&i, &hash); err != nil {
			return err
		}
		hashes[i-first] = hash
		return nil
	}, `SELECT i, hash FROM audit_hashes WHERE i >= $1 AND i < $2`, first, end)
	if err != nil {
		return fmt.Errorf("hashes of the log: %w", err)
	}
	for n, row := range entries {
		seq := from + int64(n)
		p.Next(row, hashes[tlog.StoredHashCount(seq)-first:tlog.StoredHashCount(seq+1)-first])
	}
	return nil
}

// checkWaiting proves a page of entries that have no place yet, and returns the
// id of its last, and whether there may be more.
func (tx *Tx) checkWaiting(ctx context.Context, c *audit.Check, after string) (last string, more bool, err error) {
	n := 0
	err = tx.eachRow(ctx, func(_ sql.NullInt64, r audit.Row) {
		n++
		last = r.ID
		if _, intact := r.Intact(); !intact {
			c.Add(audit.Fault{Kind: audit.Changed, Seq: -1, Until: -1, ID: r.ID})
		}
	}, `WHERE seq IS NULL AND id > $1 ORDER BY id LIMIT $2`, after, checkPage)
	return last, n == checkPage, err
}

// eachRow reads audit entries as they are kept.
func (tx *Tx) eachRow(ctx context.Context, f func(seq sql.NullInt64, r audit.Row), where string, args ...any) error {
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var r audit.Row
		var seq sql.NullInt64
		var at int64
		if err := rows.Scan(&seq, &r.ID, &at, &r.Verb, &r.Case, &r.Line, &r.Leaf); err != nil {
			return err
		}
		r.At = instant(at)
		f(seq, r)
		return nil
	}, `SELECT seq, id, at, verb, case_id, entry, leaf FROM audit_entries `+where, args...)
	if err != nil {
		return fmt.Errorf("audit entries: %w", err)
	}
	return nil
}
