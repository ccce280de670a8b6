package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
)

// SeeSource adds what one round has brought to what is known of a source, and
// returns the sum. Numbers of another day begin anew. The row stays as it is for
// others until the end of the transaction: take it last.
func (tx *Tx) SeeSource(ctx context.Context, r hedui.SourceRecord) (sum hedui.SourceRecord, err error) {
	err = tx.each(ctx, func(rows *sql.Rows) (err error) {
		sum, err = scanSeen(rows)
		return err
	}, `INSERT INTO source_seen (`+seenColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (source) DO UPDATE SET
		as_of = CASE WHEN excluded.as_of > source_seen.as_of THEN excluded.as_of ELSE source_seen.as_of END,
		answered_at = CASE WHEN excluded.answered_at > 0 THEN excluded.answered_at ELSE source_seen.answered_at END,
		failed_at = CASE WHEN excluded.failed_at > 0 THEN excluded.failed_at ELSE source_seen.failed_at END,
		took = CASE WHEN excluded.answered_at > 0 THEN excluded.took ELSE source_seen.took END,
		on_day = excluded.on_day,
		answers = excluded.answers + CASE WHEN source_seen.on_day = excluded.on_day THEN source_seen.answers ELSE 0 END,
		failures = excluded.failures + CASE WHEN source_seen.on_day = excluded.on_day THEN source_seen.failures ELSE 0 END,
		unreadable = excluded.unreadable + CASE WHEN source_seen.on_day = excluded.on_day THEN source_seen.unreadable ELSE 0 END,
		slowest = CASE WHEN source_seen.on_day = excluded.on_day AND source_seen.slowest > excluded.slowest THEN source_seen.slowest ELSE excluded.slowest END
		RETURNING `+seenColumns,
		r.Source, micros(r.AsOf), micros(r.AnsweredAt), micros(r.FailedAt), r.Took.Microseconds(), r.On.String(),
		r.Answers, r.Failures, r.Unreadable, r.Slowest.Microseconds())
	if err != nil {
		return sum, fmt.Errorf("see source: %w", err)
	}
	return sum, nil
}

const seenColumns = `source, as_of, answered_at, failed_at, took, on_day, answers, failures, unreadable, slowest`

func scanSeen(rows *sql.Rows) (r hedui.SourceRecord, err error) {
	var asOf, answered, failed, took, slowest int64
	var on string
	if err = rows.Scan(&r.Source, &asOf, &answered, &failed, &took, &on, &r.Answers, &r.Failures, &r.Unreadable, &slowest); err != nil {
		return r, err
	}
	r.AsOf, r.AnsweredAt, r.FailedAt = instant(asOf), instant(answered), instant(failed)
	r.Took, r.Slowest = time.Duration(took)*time.Microsecond, time.Duration(slowest)*time.Microsecond
	r.On, err = day.Parse(on)
	return r, err
}

// SeenSources returns what is known of the sources that have ever been asked, by
// name.
func (tx *Tx) SeenSources(ctx context.Context) (map[string]hedui.SourceRecord, error) {
	all := map[string]hedui.SourceRecord{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		r, err := scanSeen(rows)
		all[r.Source] = r
		return err
	}, `SELECT `+seenColumns+` FROM source_seen`)
	if err != nil {
		return nil, fmt.Errorf("seen sources: %w", err)
	}
	return all, nil
}
