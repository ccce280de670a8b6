package storetest

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"hedui/internal/store"
)

// readBoxes reads the first column of some rows beside the open database.
func readBoxes(tb testing.TB, o store.Options, query string, args ...any) [][]byte {
	tb.Helper()
	driver, name := "sqlite", "file:"+filepath.ToSlash(o.URL)+"?_pragma=busy_timeout(10000)"
	if strings.HasPrefix(o.URL, "postgres") {
		driver, name = "pgx", o.URL
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list [][]byte
	for rows.Next() {
		var box []byte
		if err := rows.Scan(&box); err != nil {
			tb.Fatal(err)
		}
		list = append(list, box)
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return list
}
