// Package store keeps everything that must last, in SQLite or PostgreSQL. It is
// the only package of Hedui that speaks SQL, by hand and with one text for both
// engines; what differs between them is a value of type engine.
//
// All change happens in a transaction of [DB.InTx]: what is decided, the jobs
// that follow from it and the audit entry are written together or not at all.
//
// What a family has entrusted lies encrypted under a key of its case, bound to
// its table, row and column: names, identity numbers, declarations, answers and
// reports. A person is found again by a keyed blind index of the number. Erasing
// a case destroys its key. What is not of a case – drafts, sign-in, what passes
// between this node and its peers, kept only until it is delivered or settled – is
// encrypted under a key of the node. The keys of the cases and of the node lie in
// the database, wrapped by the master key, which does not; each has versions, and a
// rotation replaces them while the node runs. What lies in clear says where a case stands, and never whom it is about.
//
// SQLite is served by one process, which a lock file beside the database holds.
// It writes with synchronous=FULL: an act that was confirmed to an officer, and
// its audit entry, outlive a loss of power. On PostgreSQL any number of
// processes serve together.
package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/seal"
)

// Options say what to open and with which keys.
type Options struct {
	// URL is "postgres://…", or "sqlite:PATH" or only PATH for a SQLite file,
	// which is made if there is none.
	URL string
	// Master wraps the keys of the cases and of the node, which lie in the database.
	// A new database begins with it, and one from before there were versions has no other.
	Master seal.Key
	// Find finds other versions of the master key by their [seal.Key.ID]; the error for
	// one that is not there is [ErrKeyMissing]. Without it there is only Master.
	Find func(id string) (seal.Key, error)
	// Erased is the list of the cases that were erased; nil = none is kept.
	Erased *ErasedList
	// At is now, as the instant at which keys are made that opening makes.
	At time.Time
	// Blind makes the blind indexes. It may be the master key; it must stay the
	// same for the life of the database.
	Blind seal.Key
	// Conns is how many connections PostgreSQL is asked for at once, and how many
	// readers SQLite has; 0 means 8.
	Conns int
}

// A DB is an open database. It is safe for concurrent use.
type DB struct {
	engine     engine
	write      *sql.DB // SQLite: one connection, which is the only writer
	read       *sql.DB
	keys       *keyring
	erasedList *ErasedList // may be nil
	blind      seal.Key
	release    func() error // gives up the lock file
	owner      string       // this opening of the database, as others see whose a parcel is
	wake       func(lane string)
	arrived    func(peer string)
	logKey     *audit.Key // nil: the log is not signed
}

// OnEnqueue names the function that is told, after the commit, of each lane that
// has a new or an earlier job. Call it before the database is used.
func (db *DB) OnEnqueue(wake func(lane string)) { db.wake = wake }

// OnParcel names the function that is told, after the commit, of each peer that
// has new parcels. Other processes are not told: they look with
// [DB.NextParcel]. Call it before the database is used.
func (db *DB) OnParcel(arrived func(peer string)) { db.arrived = arrived }

// SignLog names the key with which every head of the audit log is signed. Call it
// before the database is used.
func (db *DB) SignLog(key *audit.Key) { db.logKey = key }

// Shared reports whether other processes may serve the same database.
func (db *DB) Shared() bool { return db.engine.skipLock != "" }

// Close closes all connections and gives up the lock file.
func (db *DB) Close() error {
	err := db.write.Close()
	if db.read != db.write {
		err = errors.Join(db.read.Close(), err)
	}
	return errors.Join(err, db.release())
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.wrap("ping", db.write.PingContext(ctx)) }

// micros is the form of an instant in a column.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant reads what micros wrote.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func notFound() error { return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil) }

func moved() error { return hedui.Fail(hedui.Conflict, hedui.Say("error.moved"), nil) }
