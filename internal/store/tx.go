package store

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"hedui/idcard"
	"hedui/seal"
)

// A Tx is one transaction. It is for one goroutine and ends with the function it
// was given to.
type Tx struct {
	db      *DB
	tx      *sql.Tx
	write   bool
	lanes   []string                   // with new jobs
	peers   []string                   // with new parcels
	keys    map[string]seal.Key        // of cases seen
	persons map[string][]idcard.Number // of cases loaded, as their index has them
	open    map[string]int             // relays of a peer, where they were counted
	erased  bool
	gone    []string // cases that were erased

	newestKeys *newest // under which it wraps and encrypts, once it does
	dropped    []int64 // node keys it deleted
}

// tries is how often a transaction is run that another one stands in the way of.
const tries = 10

// InTx runs f in a transaction that reads and writes, and commits if f returns
// nil. If another transaction is in the way, f is run again from the start, so
// it must not change anything that it cannot change twice. On SQLite writers
// come one after the other: f must not ask departments, wait, or call InTx.
func (db *DB) InTx(ctx context.Context, f func(*Tx) error) error {
	for n := 1; ; n++ {
		tx, err := db.once(ctx, true, f)
		if err == nil {
			return db.after(ctx, tx)
		}
		if n == tries || !db.engine.transit(err) {
			return db.wrap("transaction", err)
		}
		if err := pause(ctx, n); err != nil {
			return db.wrap("transaction", err)
		}
	}
}

// Read runs f in a transaction that only reads, and sees one state of the database.
func (db *DB) Read(ctx context.Context, f func(*Tx) error) error {
	_, err := db.once(ctx, false, f)
	return db.wrap("read", err)
}

func (db *DB) once(ctx context.Context, write bool, f func(*Tx) error) (_ *Tx, err error) {
	pool, options := db.write, &sql.TxOptions{}
	if !write {
		pool = db.read
		options.ReadOnly = true
		if db.engine.lockRows != "" { // otherwise each statement would see a state of its own
			options.Isolation = sql.LevelRepeatableRead
		}
	}
	inner, err := pool.BeginTx(ctx, options)
	if err != nil {
		return nil, err
	}
	defer func() {
		if back := inner.Rollback(); back != nil && !errors.Is(back, sql.ErrTxDone) {
			err = errors.Join(err, back)
		}
	}()
	tx := &Tx{db: db, tx: inner, write: write, keys: map[string]seal.Key{}, persons: map[string][]idcard.Number{}, open: map[string]int{}}
	if err := f(tx); err != nil {
		return nil, err
	}
	return tx, inner.Commit()
}

// after does what follows from a transaction that is committed.
func (db *DB) after(ctx context.Context, tx *Tx) error {
	slices.Sort(tx.lanes)
	for _, lane := range slices.Compact(tx.lanes) {
		db.wake(lane)
	}
	slices.Sort(tx.peers)
	for _, peer := range slices.Compact(tx.peers) {
		db.arrived(peer)
	}
	for _, version := range tx.dropped {
		db.keys.forget(version)
		_ = db.engine.scrub(ctx, db.write) // if a reader is in the way, it leaves the log with the next erasure or start
	}
	if tx.erased { // what was overwritten must leave the log of the database too
		err := db.wrap("scrub", db.engine.scrub(ctx, db.write))
		if db.erasedList != nil { // after the commit: a case in the list is erased at the next start
			err = errors.Join(err, db.erasedList.add(tx.gone...))
		}
		return err
	}
	return nil
}

func pause(ctx context.Context, n int) error {
	timer := time.NewTimer(time.Duration(rand.Int64N(int64(n) * int64(10*time.Millisecond)))) //nolint:gosec // spreading load needs no secrecy
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func (tx *Tx) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	r, err := tx.tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// each calls scan for every row.
func (tx *Tx) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	return eachOf(ctx, tx.tx, scan, query, args...)
}

// querier is a transaction, or a pool for a single statement.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func eachOf(ctx context.Context, from querier, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// insert writes rows: head, their places, tail.
func (tx *Tx) insert(ctx context.Context, head string, rows [][]any, tail string) error {
	for len(rows) > 0 {
		text, args, n := tx.values(head, rows, tail)
		if _, err := tx.exec(ctx, text, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// insertEach writes rows as insert does and calls scan for every row that the
// tail returns.
func (tx *Tx) insertEach(ctx context.Context, scan func(*sql.Rows) error, head string, rows [][]any, tail string) error {
	for len(rows) > 0 {
		text, args, n := tx.values(head, rows, tail)
		if err := tx.each(ctx, scan, text, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// values makes a statement that writes the first n of rows. There are a few
// sizes only, so that each is prepared once.
func (tx *Tx) values(head string, rows [][]any, tail string) (query string, args []any, n int) {
	n = 1
	for _, size := range []int{64, 16, 4} {
		if len(rows) >= size {
			n = size
			break
		}
	}
	text := []byte(head + " VALUES ")
	args = make([]any, 0, n*len(rows[0]))
	for i, row := range rows[:n] {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, tx.db.engine.places(len(args)+1, len(row))...)
		args = append(args, row...)
	}
	return string(append(append(text, ' '), tail...)), args, n
}

// lockName lets only one transaction at a time go on from here with this name.
func (tx *Tx) lockName(ctx context.Context, names ...string) error {
	if tx.db.engine.lockName == "" || !tx.write {
		return nil
	}
	slices.Sort(names)
	for _, name := range names {
		if _, err := tx.exec(ctx, tx.db.engine.lockName, name); err != nil {
			return err
		}
	}
	return nil
}
