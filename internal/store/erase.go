package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// EraseCase destroys the key of a case and with it names, numbers, declarations,
// answers and reports, and forgets which persons it was about. What is left is
// that there was a case, and its audit entries. On SQLite and PostgreSQL the key
// is overwritten in the database soon after the commit; copies of the database
// that were made before still hold it.
func (tx *Tx) EraseCase(ctx context.Context, id string) error {
	var rev int64
	err := tx.tx.QueryRowContext(ctx, `UPDATE cases SET rev = rev + 1, running = 0 WHERE id = $1 RETURNING rev`, id).Scan(&rev)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return notFound()
	case err != nil:
		return fmt.Errorf("erase case: %w", err)
	}
	for _, statement := range []string{
		`DELETE FROM case_keys WHERE case_id = $1`,
		`DELETE FROM case_persons WHERE case_id = $1`,
		`DELETE FROM drafts WHERE substr(id, 1, 5) = 'item:' AND substr(id, 6, 16) IN (SELECT id FROM worklist WHERE case_id = $1)`,
		`DELETE FROM worklist WHERE case_id = $1`,
	} {
		if _, err := tx.exec(ctx, statement, id); err != nil {
			return fmt.Errorf("erase case: %w", err)
		}
	}
	delete(tx.keys, id)
	delete(tx.persons, id)
	tx.erased = true
	return nil
}
