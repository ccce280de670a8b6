package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"hedui/internal/store"
)

// Full makes an open database refuse to write into the tables, as when the disk is
// full, until the function it returns is called.
func Full(tb testing.TB, o store.Options, tables ...string) (free func()) {
	tb.Helper()
	if strings.HasPrefix(o.URL, "postgres") {
		return fullPostgres(tb, o.URL, tables)
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(o.URL), RawQuery: "_pragma=busy_timeout(10000)"}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		tb.Fatal(err)
	}
	run := func(form string) {
		for _, table := range tables {
			for _, verb := range []string{"INSERT", "UPDATE"} {
				if _, err := db.ExecContext(context.Background(), strings.NewReplacer("TABLE", table, "VERB", verb).Replace(form)); err != nil {
					tb.Fatal(err)
				}
			}
		}
	}
	run(`CREATE TRIGGER full_TABLE_VERB BEFORE VERB ON TABLE BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END`)
	return func() {
		run(`DROP TRIGGER full_TABLE_VERB`)
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	}
}

func fullPostgres(tb testing.TB, address string, tables []string) (free func()) {
	tb.Helper()
	execPostgres(tb, address, `CREATE OR REPLACE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
		$$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$`)
	for _, table := range tables {
		execPostgres(tb, address, fmt.Sprintf(`CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION full_disk()`, table))
	}
	return func() {
		for _, table := range tables {
			execPostgres(tb, address, fmt.Sprintf(`DROP TRIGGER full_disk ON %s`, table))
		}
	}
}
