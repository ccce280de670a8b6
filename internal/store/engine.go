package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"

	"hedui/internal/hedui"
)

// engine is everything in which SQLite and PostgreSQL differ.
type engine struct {
	driver     string
	dialect    goose.Dialect
	skipLock   string                               // appended to a SELECT that claims rows
	lockRows   string                               // appended to a SELECT whose rows stay as they are until the commit
	lockName   string                               // statement that holds a name, $1, until the commit; empty where only one writer is at work anyway
	lockShared string                               // statement that holds a name, $1, together with others; empty as lockName
	bare       bool                                 // the places of a list of values are written "?"
	member     string                               // "x " + member: x is in the list, whose place is %d
	scrub      func(context.Context, *sql.DB) error // run after a case was erased, outside of any transaction
	list       func([]string) any
	transit    func(error) bool // the same transaction may succeed if it is run again
	full       func(error) bool // nothing more can be written
	busy       func(error) bool // nobody answers, or not in time
}

var sqliteEngine = engine{
	driver:  "sqlite",
	dialect: goose.DialectSQLite3,
	bare:    true, // its driver looks up the name of each place in the list of all names, once a place
	member:  "IN (SELECT value FROM json_each($%d))",
	scrub:   truncateLog,
	list: func(items []string) any {
		if items == nil {
			return "[]"
		}
		text, _ := json.Marshal(items) // strings always encode
		return string(text)
	},
	transit: func(err error) bool { return sqlitePrimary(err) == sqliteBusy },
	full: func(err error) bool {
		var e *sqlite.Error
		return errors.As(err, &e) && (e.Code()&0xff == sqliteFull || slices.Contains(sqliteNoRoom, e.Code()) ||
			e.Code()&0xff == sqliteConstraint && strings.Contains(e.Error(), "disk is full"))
	},
	busy: func(err error) bool { return sqlitePrimary(err) == sqliteBusy },
}

var postgresEngine = engine{
	driver:     "pgx",
	dialect:    goose.DialectPostgres,
	skipLock:   " FOR UPDATE SKIP LOCKED",
	lockRows:   " FOR UPDATE",
	lockName:   "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
	lockShared: "SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))",
	member:     "= ANY($%d::text[])",
	scrub:      vacuumKeys,
	list:       func(items []string) any { return items },
	transit: func(err error) bool {
		switch postgresCode(err) {
		case "40001", "40P01": // serialization failure, deadlock
			return true
		}
		return false
	},
	full: func(err error) bool { return postgresCode(err) == "53100" },
	busy: func(err error) bool {
		var connect *pgconn.ConnectError
		if errors.As(err, &connect) {
			return true
		}
		code := postgresCode(err)
		return len(code) == 5 && (code[:2] == "08" || code[:2] == "53" || code[:2] == "57") // connection, resources, operator
	},
}

// Codes of SQLite.
const (
	sqliteBusy       = 5  // SQLITE_BUSY: another process writes
	sqliteFull       = 13 // SQLITE_FULL
	sqliteConstraint = 19 // of a trigger, by which a full disk is tried out
)

// sqliteNoRoom are the extended codes of a write that the system did not take.
var sqliteNoRoom = []int{778, 1034, 1546, 4874} // SQLITE_IOERR_WRITE, _FSYNC, _TRUNCATE, _SHMSIZE

func sqlitePrimary(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return -1
}

func postgresCode(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// in returns the condition that what stands before it is one of the list at place $n.
func (e engine) in(n int) string { return fmt.Sprintf(e.member, n) }

// wrap gives an error of the engine its kind and says what was being done. The
// messages of both engines name columns and constraints; values stand in the
// details of PostgreSQL, which its driver leaves out of the text.
func (db *DB) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	var known *hedui.Error
	if errors.As(err, &known) {
		return err
	}
	switch {
	case db.engine.full(err):
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.disk_full"), fmt.Errorf("store: %s: %w: %w", doing, errFull, err))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), db.engine.busy(err), db.engine.transit(err):
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.unavailable"), fmt.Errorf("store: %s: %w", doing, err))
	}
	return fmt.Errorf("store: %s: %w", doing, err)
}

// errFull means that the disk is full.
var errFull = errors.New("the disk is full")

// IsFull reports whether something could not be written because the disk is full.
func IsFull(err error) bool { return errors.Is(err, errFull) }

// places are the places of one row of values, the first being $from.
func (e engine) places(from, n int) string {
	if e.bare {
		return "(" + strings.Repeat("?,", n-1) + "?)"
	}
	b := make([]byte, 0, 5*n+2)
	b = append(b, '(')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(from+i), 10)
	}
	return string(append(b, ')'))
}
