package store

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"hedui/internal/hedui"
)

// A log that a reader keeps from being emptied is an error, not a silence.
func TestScrubSaysThatAReaderIsInTheWay(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "t.db")
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=busy_timeout(10)&_pragma=journal_mode(wal)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range []string{`CREATE TABLE t (a TEXT)`, `INSERT INTO t VALUES ('x')`} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := reader.QueryRowContext(ctx, `SELECT count(*) FROM t`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(ctx, `DELETE FROM t`); err != nil {
		t.Fatal(err)
	}
	var known *hedui.Error
	if err := sqliteEngine.scrub(ctx, db); !errors.As(err, &known) || known.Kind != hedui.Unavailable {
		t.Errorf("beside a reader: got %v, want unavailable", err)
	}
	if err := reader.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := sqliteEngine.scrub(ctx, db); err != nil {
		t.Errorf("after the reader left: %v", err)
	}
}
