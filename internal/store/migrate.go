package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNewer means that a newer program has changed the tables.
var ErrNewer = errors.New("the database is newer than this program")

// keysVersion is the migration since which keys have versions.
const keysVersion = 17

// migrate brings the tables up to date. On PostgreSQL one process does so at a
// time: the others wait.
func (db *DB) migrate(ctx context.Context) (err error) {
	if db.engine.lockName != "" {
		unlock, err := db.lockSchema(ctx)
		if err != nil {
			return err
		}
		defer unlock()
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(db.engine.dialect, db.write, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	have, want, err := p.GetVersions(ctx)
	switch {
	case err != nil:
		return err
	case have > want:
		return fmt.Errorf("%w: it stands at version %d, the program knows %d; use the newer program, nothing was changed", ErrNewer, have, want)
	case have > 0:
		prove := db.proveMaster
		if have >= keysVersion {
			var begun bool // it may have been killed between its tables and its keys
			if err := db.write.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM master_keys)`).Scan(&begun); err != nil {
				return err
			}
			if begun {
				prove = db.proveKeys
			}
		}
		if err := prove(ctx); err != nil {
			return err
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return err
	}
	if err := db.beginKeys(ctx); err != nil {
		return err
	}
	return db.proveKeys(ctx)
}

// lockSchema holds a lock of the schema on a connection of its own.
func (db *DB) lockSchema(ctx context.Context) (unlock func(), err error) {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := conn.BeginTx(ctx, &sql.TxOptions{})
	if err == nil {
		_, err = tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('hedui migrate ' || current_schema(), 0))`)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return func() {
		_ = tx.Rollback() // nothing was written
		_ = conn.Close()
	}, nil
}
