// Package storetest gives tests an empty database of each engine: SQLite always,
// PostgreSQL where the environment variable HEDUI_TEST_POSTGRES holds the URL of
// a database in which schemas may be made. It also makes up cases to store.
package storetest

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"hedui/internal/store"
	"hedui/seal"
)

// An Engine makes databases for tests.
type Engine struct {
	Name string
	// Fresh names a new, empty database with keys of its own, which is removed
	// when the test ends.
	Fresh func(testing.TB) store.Options
}

// Open opens a fresh database and closes it when the test ends.
func (e Engine) Open(tb testing.TB) *store.DB {
	tb.Helper()
	return Open(tb, e.Fresh(tb))
}

// Open opens a database and closes it when the test ends.
func Open(tb testing.TB, o store.Options) *store.DB {
	tb.Helper()
	db, err := store.Open(context.Background(), o)
	if err != nil {
		tb.Fatalf("open database: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close database: %v", err)
		}
	})
	return db
}

// Engines lists the engines that can be tested here.
func Engines() []Engine {
	engines := []Engine{{"sqlite", sqlite}}
	if os.Getenv(variable) != "" {
		engines = append(engines, Engine{"postgres", postgres})
	}
	return engines
}

// Each runs f as a subtest on a fresh database of every engine.
func Each(t *testing.T, f func(*testing.T, *store.DB)) {
	t.Helper()
	for _, e := range Engines() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			f(t, e.Open(t))
		})
	}
}

const variable = "HEDUI_TEST_POSTGRES"

func sqlite(tb testing.TB) store.Options {
	return store.Options{URL: filepath.Join(tb.TempDir(), "hedui.db"), Master: seal.NewKey(), Blind: seal.NewKey()}
}

func postgres(tb testing.TB) store.Options {
	tb.Helper()
	base, err := url.Parse(os.Getenv(variable))
	if err != nil {
		tb.Fatalf("%s is not a URL", variable)
	}
	schema := "hedui_test_" + strings.ToLower(rand.Text())
	execPostgres(tb, base.String(), "CREATE SCHEMA "+schema)
	tb.Cleanup(func() { execPostgres(tb, base.String(), "DROP SCHEMA "+schema+" CASCADE") })
	query := base.Query()
	query.Set("search_path", schema)
	base.RawQuery = query.Encode()
	return store.Options{URL: base.String(), Master: seal.NewKey(), Blind: seal.NewKey()}
}

func execPostgres(tb testing.TB, url, statement string) {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		tb.Fatalf("%s: %v", variable, err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}
