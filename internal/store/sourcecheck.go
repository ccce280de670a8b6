package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"hedui/internal/hedui"
)

// checksKept is how many tests of one source are kept.
const checksKept = 20

// BeginCheck notes that a source is to be tested, unless a test of it has begun since
// an instant; then it returns when that was.
func (tx *Tx) BeginCheck(ctx context.Context, c hedui.SourceCheck, since time.Time) (before time.Time, err error) {
	var last int64
	if err = tx.lockName(ctx, "check:"+c.Source); err == nil {
		err = tx.tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(at), 0) FROM source_checks WHERE source = $1`, c.Source).Scan(&last)
	}
	if err == nil && last > micros(since) {
		return instant(last), nil
	}
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO source_checks (id, source, officer, at, ended_at, digest, ready, body) VALUES ($1, $2, $3, $4, 0, '', 0, '[]')`,
			c.ID, c.Source, c.Officer, micros(c.At))
	}
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM source_checks WHERE source = $1 AND at <= COALESCE(
			(SELECT at FROM source_checks WHERE source = $1 ORDER BY at DESC LIMIT 1 OFFSET $2), 0)`, c.Source, checksKept)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("begin check: %w", err)
	}
	return time.Time{}, nil
}

// SaveCheck writes what a test has found so far.
func (tx *Tx) SaveCheck(ctx context.Context, c hedui.SourceCheck) error {
	body, err := json.Marshal(c.Lines)
	if err == nil {
		_, err = tx.exec(ctx, `UPDATE source_checks SET ended_at = $2, digest = $3, ready = $4, body = $5 WHERE id = $1 AND ended_at = 0`,
			c.ID, micros(c.EndedAt), c.Digest, flag(c.Ready), string(body))
	}
	if err != nil {
		return fmt.Errorf("save check: %w", err)
	}
	return nil
}

// Checks lists the tests of a source, or of all with an empty name, the latest first.
func (tx *Tx) Checks(ctx context.Context, source string) ([]hedui.SourceCheck, error) {
	var list []hedui.SourceCheck
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var c hedui.SourceCheck
		var at, ended, ready int64
		var body string
		err := rows.Scan(&c.ID, &c.Source, &c.Officer, &at, &ended, &c.Digest, &ready, &body)
		if err == nil {
			err = json.Unmarshal([]byte(body), &c.Lines)
		}
		c.At, c.EndedAt, c.Ready = instant(at), instant(ended), ready == 1
		list = append(list, c)
		return err
	}, `SELECT id, source, officer, at, ended_at, digest, ready, body FROM source_checks WHERE source = $1 OR $1 = '' ORDER BY at DESC, id DESC`, source)
	if err != nil {
		return nil, fmt.Errorf("checks: %w", err)
	}
	return list, nil
}

// NoteSourceFile notes what a source promises from an instant on, if that is not what
// is known of it.
func (tx *Tx) NoteSourceFile(ctx context.Context, f hedui.SourcePromise) error {
	_, err := tx.exec(ctx, `INSERT INTO source_files (source, since, digest, refresh, within)
		SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS BIGINT), CAST($5 AS TEXT) WHERE NOT EXISTS (SELECT 1 FROM source_files f WHERE f.source = $1
			AND f.digest = $3 AND f.refresh = $4 AND f.within = $5 AND NOT EXISTS (SELECT 1 FROM source_files later WHERE later.source = f.source AND later.since > f.since))
		ON CONFLICT DO NOTHING`, f.Source, micros(f.Since), f.Digest, f.Refresh.Microseconds(), f.Within)
	if err != nil {
		return fmt.Errorf("note source file: %w", err)
	}
	return nil
}

// SourcePromises lists what a source, or with an empty name each, has promised, the
// oldest first.
func (tx *Tx) SourcePromises(ctx context.Context, source string) ([]hedui.SourcePromise, error) {
	var list []hedui.SourcePromise
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var f hedui.SourcePromise
		var since, refresh int64
		err := rows.Scan(&f.Source, &since, &f.Digest, &refresh, &f.Within)
		f.Since, f.Refresh = instant(since), time.Duration(refresh)*time.Microsecond
		list = append(list, f)
		return err
	}, `SELECT source, since, digest, refresh, within FROM source_files WHERE source = $1 OR $1 = '' ORDER BY source, since`, source)
	if err != nil {
		return nil, fmt.Errorf("promises of sources: %w", err)
	}
	return list, nil
}
