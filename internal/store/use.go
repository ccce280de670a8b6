package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"hedui/day"
)

// A UseKind is what a department counts.
type UseKind string

// The kinds of use.
const (
	UsedPersons UseKind = "persons"
	UsedCalls   UseKind = "calls"
)

// A Use is what a node takes of a department in one day.
type Use struct {
	Source string
	On     day.Day
	Kind   UseKind
}

// TakeUse adds n to what is used if it stays within the limit, and reports
// whether it does: in one statement, so that all processes of a node on one
// database keep to the limit together. It is not part of any transaction: what a
// call has used stays used, whatever becomes of its answers.
func (db *DB) TakeUse(ctx context.Context, u Use, n, limit int) (bool, error) {
	if n > limit || n <= 0 {
		return n <= 0, nil
	}
	taken := false
	err := db.InTx(ctx, func(tx *Tx) error {
		changed, err := tx.exec(ctx, `INSERT INTO source_use (source, on_day, kind, used) VALUES ($1, $2, $3, $4)
			ON CONFLICT (source, on_day, kind) DO UPDATE SET used = source_use.used + excluded.used WHERE source_use.used + excluded.used <= $5`,
			u.Source, u.On.String(), string(u.Kind), n, limit)
		taken = changed > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take use: %w", err)
	}
	return taken, nil
}

// GiveUse gives back what was taken and not used, because no call was made.
func (db *DB) GiveUse(ctx context.Context, u Use, n int) error {
	err := db.InTx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE source_use SET used = used - $4 WHERE source = $1 AND on_day = $2 AND kind = $3 AND used >= $4`,
			u.Source, u.On.String(), string(u.Kind), n)
		return err
	})
	if err != nil {
		return fmt.Errorf("give use: %w", err)
	}
	return nil
}

// Used returns what is used.
func (db *DB) Used(ctx context.Context, u Use) (int, error) {
	var n int
	err := db.read.QueryRowContext(ctx, `SELECT used FROM source_use WHERE source = $1 AND on_day = $2 AND kind = $3`,
		u.Source, u.On.String(), string(u.Kind)).Scan(&n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, db.wrap("used", err)
	}
	return n, nil
}

// PurgeUse forgets what was used before a day.
func (tx *Tx) PurgeUse(ctx context.Context, before day.Day) error {
	if _, err := tx.exec(ctx, `DELETE FROM source_use WHERE on_day < $1`, before.String()); err != nil {
		return fmt.Errorf("purge use: %w", err)
	}
	return nil
}
