package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"

	"hedui/internal/audit"
)

// Record writes audit entries, as part of the change they are about. They are
// kept in their canonical bytes with the leaf hash, and have no place in the log
// yet.
func (tx *Tx) Record(ctx context.Context, entries ...audit.Entry) error {
	rows := make([][]any, len(entries))
	for i, e := range entries {
		leaf := e.Leaf()
		rows[i] = []any{e.ID, micros(e.At), string(e.Verb), e.Case, string(e.Canonical()), leaf[:]}
	}
	if err := tx.insert(ctx, `INSERT INTO audit_entries (id, at, verb, case_id, entry, leaf)`, rows, ""); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	return nil
}

// Entries returns the audit entries of a case, oldest first. One that does not
// fit its leaf hash is an error: the row was changed behind our back.
func (tx *Tx) Entries(ctx context.Context, caseID string) ([]audit.Entry, error) {
	var list []audit.Entry
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var line string
		var leaf []byte
		if err := rows.Scan(&line, &leaf); err != nil {
			return err
		}
		e, err := audit.Parse([]byte(line))
		if err != nil {
			return err
		}
		if hash := e.Leaf(); !bytes.Equal(hash[:], leaf) {
			return fmt.Errorf("entry %s does not fit its hash", e.ID)
		}
		list = append(list, e)
		return nil
	}, `SELECT entry, leaf FROM audit_entries WHERE case_id = $1 ORDER BY id`, caseID)
	if err != nil {
		return nil, fmt.Errorf("audit entries: %w", err)
	}
	return list, nil
}
