package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"hedui/internal/hedui"
)

// EraseCase destroys the key of a case and with it names, numbers, declarations,
// answers and reports, and forgets which persons it was about. What is left is
// that there was a case, and its audit entries. On SQLite the key is overwritten in
// the file, and the log emptied, right after the commit: if a reader is in the way
// for longer than a connection waits, [DB.InTx] says [hedui.Unavailable] although
// the case is erased, and erasing it again tries again. PostgreSQL frees its place
// for other keys, which overwrite it in time. Copies of the database that were made
// before still hold it.
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
		`DELETE FROM mirror_sessions WHERE blind IN (SELECT blind FROM case_persons WHERE case_id = $1)`,
		`DELETE FROM mirror_codes WHERE case_id = $1`,
		`DELETE FROM mirror_requests WHERE case_id = $1`,
		`DELETE FROM case_persons WHERE case_id = $1`,
		`DELETE FROM drafts WHERE substr(id, 1, 5) = 'item:' AND substr(id, 6, 16) IN (SELECT id FROM worklist WHERE case_id = $1)`,
		`DELETE FROM worklist WHERE case_id = $1`,
		`DELETE FROM explanation_records WHERE case_id = $1`,
		`DELETE FROM explanations WHERE case_id = $1`,
		`DELETE FROM evidence WHERE case_id = $1`,
		`DELETE FROM consent_scans WHERE case_id = $1`,
		`DELETE FROM corrections WHERE case_id = $1`,
		`DELETE FROM reminders WHERE case_id = $1`,
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

// truncateLog moves what a commit has overwritten from the log of SQLite into the
// file and empties the log, where the old bytes still lie. A reader that keeps it
// from doing so is an error: SQLite itself only mentions it in its answer.
func truncateLog(ctx context.Context, db *sql.DB) error {
	var busy, frames, moved int
	if err := db.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.unavailable"), errors.New("store: a reader keeps the log of the database from being emptied"))
	}
	return nil
}

// vacuumKeys frees the places of deleted keys in PostgreSQL for what comes next.
func vacuumKeys(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, `VACUUM case_keys, node_keys`)
	return err
}
