package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// An Export is a workbook of a worklist that may be written, and comes back, until
// an instant.
type Export struct {
	Number  string // E…
	Source  string
	After   string // item after which its part of the list begins
	Officer string // for whom it is
	MadeAt  time.Time
	Until   time.Time

	Password string // with which the file is encrypted
}

// Format implements [fmt.Formatter]: it prints without the password.
func (e Export) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "export %s of %s until %s", e.Number, e.Source, e.Until.Format(time.RFC3339))
}

// AddExport notes an export.
func (tx *Tx) AddExport(ctx context.Context, e Export) error {
	box, err := tx.seal(ctx, aad("exports", e.Number, "password"), []byte(e.Password))
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO exports (number, source, after, officer, made_at, until_at, password) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			e.Number, e.Source, e.After, e.Officer, micros(e.MadeAt), micros(e.Until), box)
	}
	if err != nil {
		return fmt.Errorf("add export: %w", err)
	}
	return nil
}

// An ExportFilter says which exports are listed; what is empty matches all.
type ExportFilter struct {
	Source, Number, Officer string
	At                      time.Time // those that hold at this instant
	Limit                   int
}

// Exports lists exports, the newest first.
func (tx *Tx) Exports(ctx context.Context, f ExportFilter) ([]Export, error) {
	if f.Limit <= 0 {
		f.Limit = defaultLimit
	}
	var list []Export
	var boxes [][]byte
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var e Export
		var made, until int64
		var box []byte
		if err := rows.Scan(&e.Number, &e.Source, &e.After, &e.Officer, &made, &until, &box); err != nil {
			return err
		}
		e.MadeAt, e.Until = instant(made), instant(until)
		list, boxes = append(list, e), append(boxes, box)
		return nil
	}, `SELECT number, source, after, officer, made_at, until_at, password FROM exports
		WHERE until_at > $1 AND ($2 = '' OR source = $2) AND ($3 = '' OR number = $3) AND ($4 = '' OR officer = $4) ORDER BY number DESC LIMIT $5`,
		micros(f.At), f.Source, f.Number, f.Officer, f.Limit)
	for i := 0; i < len(boxes) && err == nil; i++ {
		var password []byte
		password, err = tx.unseal(ctx, aad("exports", list[i].Number, "password"), boxes[i])
		list[i].Password = string(password)
	}
	if err != nil {
		return nil, fmt.Errorf("exports: %w", err)
	}
	return list, nil
}

// PurgeExports deletes those that were made before an instant.
func (tx *Tx) PurgeExports(ctx context.Context, before time.Time) error {
	if _, err := tx.exec(ctx, `DELETE FROM exports WHERE made_at < $1`, micros(before)); err != nil {
		return fmt.Errorf("purge exports: %w", err)
	}
	return nil
}
