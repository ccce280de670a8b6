package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// A Copy is one printed copy of a sealed report.
type Copy struct {
	Case    string
	Version int
	N       int    // from NextCopy
	Reader  string // id of the officer
	At      time.Time
	Digest  string // of the copy's bytes, "sha256:…"
}

// NextCopy draws the number of the next copy of a sealed report: 1 the first
// time. NotFound if there is no such sealed report.
func (tx *Tx) NextCopy(ctx context.Context, caseID string, version int) (int, error) {
	var n int
	err := tx.tx.QueryRowContext(ctx, `UPDATE reports SET copies = copies + 1
		WHERE case_id = $1 AND version = $2 AND state = 'sealed' RETURNING copies`, caseID, version).Scan(&n)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return 0, noReport()
	case err != nil:
		return 0, fmt.Errorf("next copy: %w", err)
	}
	return n, nil
}

// AddCopy records a copy whose number NextCopy has drawn.
func (tx *Tx) AddCopy(ctx context.Context, c Copy) error {
	_, err := tx.exec(ctx, `INSERT INTO report_copies (case_id, version, n, reader, at, digest) VALUES ($1, $2, $3, $4, $5, $6)`,
		c.Case, c.Version, c.N, c.Reader, micros(c.At), c.Digest)
	if err != nil {
		return fmt.Errorf("add copy: %w", err)
	}
	return nil
}

// SetCopyDigest adds the digest of a copy's bytes once they are made.
func (tx *Tx) SetCopyDigest(ctx context.Context, caseID string, version, n int, digest string) error {
	_, err := tx.exec(ctx, `UPDATE report_copies SET digest = $4 WHERE case_id = $1 AND version = $2 AND n = $3 AND digest = ''`,
		caseID, version, n, digest)
	if err != nil {
		return fmt.Errorf("set digest of a copy: %w", err)
	}
	return nil
}

// Copies lists the copies of a case's reports, by version and number.
func (tx *Tx) Copies(ctx context.Context, caseID string) ([]Copy, error) {
	var list []Copy
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var c Copy
		var at int64
		err := rows.Scan(&c.Case, &c.Version, &c.N, &c.Reader, &at, &c.Digest)
		c.At = instant(at)
		list = append(list, c)
		return err
	}, `SELECT case_id, version, n, reader, at, digest FROM report_copies WHERE case_id = $1 ORDER BY version, n`, caseID)
	if err != nil {
		return nil, fmt.Errorf("copies: %w", err)
	}
	return list, nil
}
