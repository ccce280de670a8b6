package storetest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"hedui/internal/store"
)

// Contents is everything that lies in a database, as a thief would find it: of SQLite
// the bytes of all its files, free pages and the log included; of PostgreSQL every row
// of every table that its catalogue names, as text.
func Contents(tb testing.TB, o store.Options) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{}
	if !strings.HasPrefix(o.URL, "postgres") {
		files, err := filepath.Glob(o.URL + "*")
		if err != nil || len(files) == 0 {
			tb.Fatalf("no files of %s: %v", o.URL, err)
		}
		for _, name := range files {
			body, err := os.ReadFile(name)
			if err != nil {
				tb.Fatal(err)
			}
			all[filepath.Base(name)] = body
		}
		return all
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, o.URL)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace`)
	if err != nil {
		tb.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		tb.Fatal(err)
	}
	for _, table := range tables {
		var dump string
		if err := conn.QueryRow(ctx, `SELECT COALESCE(string_agg(t::text, ' '), '') FROM `+pgx.Identifier{table}.Sanitize()+` t`).Scan(&dump); err != nil {
			tb.Fatal(err)
		}
		all[table] = []byte(dump)
	}
	return all
}

// Holds names the parts of contents in which a secret stands in one of its forms.
func Holds(contents map[string][]byte, secret []byte) []string {
	var where []string
	forms := Forms(secret)
	for name, body := range contents {
		for _, form := range forms {
			if bytes.Contains(body, form) {
				where = append(where, name)
				break
			}
		}
	}
	return where
}

// Boxes reads what lies encrypted of a case, and its wrapped key first.
func Boxes(tb testing.TB, o store.Options, caseID string) [][]byte {
	tb.Helper()
	boxes := [][]byte{}
	for _, query := range []string{
		`SELECT wrapped FROM case_keys WHERE case_id = $1`, `SELECT body FROM cases WHERE id = $1`, `SELECT summary FROM cases WHERE id = $1`,
		`SELECT answer FROM queries WHERE case_id = $1 AND answer IS NOT NULL`, `SELECT content FROM reports WHERE case_id = $1`,
		`SELECT seal FROM reports WHERE case_id = $1 AND seal IS NOT NULL`, `SELECT body FROM consent_scans WHERE case_id = $1`,
		`SELECT body FROM letter_scans WHERE case_id = $1`,
		`SELECT body FROM parcels WHERE id IN (SELECT token FROM queries WHERE case_id = $1 AND token <> '')`,
	} {
		boxes = append(boxes, readBoxes(tb, o, query, caseID)...)
	}
	return boxes
}
