package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // registers "pgx"
	"modernc.org/sqlite"

	"hedui/seal"
)

const defaultConns = 8

// Open opens the database, makes or brings its tables up to date, and checks
// that the keys are those it was made with. A database that a newer program has
// changed is [ErrNewer], one made with other keys [ErrKeys], a SQLite file that
// another process serves [ErrServed]; each is found before anything is touched.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Conns <= 0 {
		o.Conns = defaultConns
	}
	db, err := connect(o)
	if err != nil {
		return nil, err
	}
	if err := db.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: open: %w", err), db.Close())
	}
	return db, nil
}

func connect(o Options) (*DB, error) {
	scheme, rest, ok := strings.Cut(o.URL, ":")
	switch {
	case o.URL == "" || rest == "" && scheme == "sqlite":
		return nil, errors.New("store: open: no database is named")
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		return connectPostgres(o)
	case ok && scheme == "sqlite":
		return connectSQLite(rest, o)
	case ok && strings.HasPrefix(rest, "//"):
		return nil, fmt.Errorf("store: open: databases of kind %q are not known; use postgres://… or the path of a SQLite file", scheme)
	}
	return connectSQLite(o.URL, o)
}

func connectPostgres(o Options) (*DB, error) {
	db, err := sql.Open(postgresEngine.driver, o.URL)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	db.SetMaxOpenConns(o.Conns)
	db.SetMaxIdleConns(o.Conns)
	return &DB{engine: postgresEngine, write: db, read: db, keys: newKeyring(o), erasedList: o.Erased, blind: o.Blind, owner: rand.Text(),
		release: func() error { return nil }, wake: func(string) {}, arrived: func(string) {}}, nil
}

func connectSQLite(path string, o Options) (*DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	release, err := lockFile(path + ".lock")
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	fail := func(err error) (*DB, error) {
		return nil, errors.Join(fmt.Errorf("store: open %s: %w", path, err), release())
	}
	// SQLite would let everyone read a file that it makes itself.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fail(err)
	}
	if err := f.Close(); err != nil {
		return fail(err)
	}
	write := sql.OpenDB(sqliteConnector{new(sqlite.Driver), sqliteName(path, "_txlock=immediate&_pragma=synchronous(full)&_pragma=secure_delete(1)")}) // "fast" would leave keys on pages that fall free
	write.SetMaxOpenConns(1)
	read := sql.OpenDB(sqliteConnector{new(sqlite.Driver), sqliteName(path, "_pragma=query_only(1)")})
	read.SetMaxOpenConns(o.Conns)
	read.SetMaxIdleConns(o.Conns)
	return &DB{engine: sqliteEngine, write: write, read: read, keys: newKeyring(o), erasedList: o.Erased, blind: o.Blind, owner: rand.Text(),
		release: release, wake: func(string) {}, arrived: func(string) {}}, nil
}

// sqliteName has the pragmas of every connection: by Exec they would hold on one
// connection of the pool only.
func sqliteName(path, more string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path),
		RawQuery: "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=journal_mode(wal)&" + more}
	return u.String()
}

// prepare brings an opened database to where it can be used.
func (db *DB) prepare(ctx context.Context) error {
	if err := db.migrate(ctx); err != nil {
		return err
	}
	if db.engine.driver != sqliteEngine.driver {
		return nil // leases of other processes may be live; those of dead ones end
	}
	for _, free := range []string{
		`UPDATE jobs SET run_at = 0, lease = '', owner = '' WHERE lease <> ''`,
		`UPDATE parcels SET leased_until = 0, lease = '' WHERE lease <> ''`,
	} {
		if _, err := db.write.ExecContext(ctx, free); err != nil {
			return err
		}
	}
	return db.engine.scrub(ctx, db.write) // a process that was killed may have left an erased key in the log
}

// ErrKeys means that the keys given are not those the database was made with.
var ErrKeys = errors.New("the keys do not belong to this database")

const keyProof = "hedui"

// vaultAAD is the place of what the keys are proved on.
func vaultAAD() []byte { return aad("vault", "keys", "value") }

// proveKeys loads all keys in use and proves them, and the blind key, on what the
// database holds; in a new one it writes that first.
func (db *DB) proveKeys(ctx context.Context) error {
	blind, err := seal.Blind(db.blind, "vault", keyProof)
	if err != nil {
		return err
	}
	if err := db.loadKeys(ctx); errors.Is(err, ErrKeyMissing) || errors.Is(err, seal.ErrDecrypt) || errors.Is(err, seal.ErrDestroyed) {
		return fmt.Errorf("%w: %w", ErrKeys, err)
	} else if err != nil {
		return err
	}
	stored, err := db.vault(ctx)
	if errors.Is(err, sql.ErrNoRows) {
		var n newest
		if n, err = newestOf(ctx, db.write); err != nil {
			return err
		}
		var key seal.Key
		if key, err = db.nodeKey(ctx, db.write, n.node); err != nil {
			return err
		}
		if stored, err = sealNode(key, n.node, vaultAAD(), []byte(blind)); err != nil {
			return err
		}
		_, err = db.write.ExecContext(ctx, `INSERT INTO vault (name, value) VALUES ('keys', $1)`, stored)
	}
	if err != nil {
		return err
	}
	if proof, err := db.unseal(ctx, db.write, vaultAAD(), stored); err != nil || string(proof) != blind {
		return ErrKeys
	}
	return nil
}

// proveMaster proves the first master key and the blind key on a database from before
// keys had versions.
func (db *DB) proveMaster(ctx context.Context) error {
	blind, err := seal.Blind(db.blind, "vault", keyProof)
	if err != nil {
		return err
	}
	stored, err := db.vault(ctx)
	if errors.Is(err, sql.ErrNoRows) { // it was killed at its first start
		return nil
	}
	if err != nil {
		return err
	}
	if proof, err := db.keys.first.Decrypt(vaultAAD(), stored); err != nil || string(proof) != blind {
		return ErrKeys
	}
	return nil
}

func (db *DB) vault(ctx context.Context) (stored []byte, err error) {
	err = db.write.QueryRowContext(ctx, `SELECT value FROM vault WHERE name = 'keys'`).Scan(&stored)
	return stored, err
}
