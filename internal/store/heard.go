package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"hedui/internal/hedui"
)

// heardSlot is for how long what was heard is counted together.
const heardSlot = 10 * time.Minute

// HeardSpans are the spans of time for which it is summed, the shortest first.
func HeardSpans() []time.Duration {
	return []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour}
}

// AddHeard adds what was heard of a source at an instant.
func (tx *Tx) AddHeard(ctx context.Context, source string, h hedui.Heard, at time.Time) error {
	slot := micros(at.Truncate(heardSlot))
	rows := make([][]any, 0, len(h))
	for _, what := range slices.Sorted(maps.Keys(h)) { // in one order, so that two do not wait for each other
		rows = append(rows, []any{source, slot, what, h[what]})
	}
	if err := tx.insert(ctx, `INSERT INTO source_heard (source, slot, what, n)`, rows,
		`ON CONFLICT (source, slot, what) DO UPDATE SET n = source_heard.n + excluded.n`); err != nil {
		return fmt.Errorf("add what was heard: %w", err)
	}
	return nil
}

// Heard sums what was heard of each source in each of [HeardSpans] before an instant;
// the ten minutes in which a span begins count as a whole.
func (tx *Tx) Heard(ctx context.Context, at time.Time) (map[string][]hedui.Heard, error) {
	var args []any
	for _, span := range HeardSpans() {
		args = append(args, micros(at.Add(-span).Truncate(heardSlot)))
	}
	all := map[string][]hedui.Heard{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var name, what string
		n := make([]int64, len(args))
		if err := rows.Scan(&name, &what, &n[0], &n[1], &n[2]); err != nil {
			return err
		}
		if all[name] == nil {
			all[name] = []hedui.Heard{{}, {}, {}}
		}
		for i, k := range n {
			if k > 0 {
				all[name][i][what] = k
			}
		}
		return nil
	}, `SELECT source, what, CAST(SUM(CASE WHEN slot >= $1 THEN n ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN slot >= $2 THEN n ELSE 0 END) AS BIGINT), CAST(SUM(n) AS BIGINT)
		FROM source_heard WHERE slot >= $3 GROUP BY source, what`, args...)
	if err != nil {
		return nil, fmt.Errorf("what was heard: %w", err)
	}
	return all, nil
}

// PurgeHeard forgets what was heard before the longest of the spans.
func (tx *Tx) PurgeHeard(ctx context.Context, at time.Time) error {
	spans := HeardSpans()
	if _, err := tx.exec(ctx, `DELETE FROM source_heard WHERE slot < $1`, micros(at.Add(-spans[len(spans)-1]).Truncate(heardSlot))); err != nil {
		return fmt.Errorf("forget what was heard: %w", err)
	}
	return nil
}

// A Queue is what waits for an answer of a source: own questions and those of other
// nodes.
type Queue struct {
	Waiting int
	Oldest  time.Time // when the oldest of them was put; zero without any
}

// Unsettled counts what waits, by source.
func (tx *Tx) Unsettled(ctx context.Context) (map[string]Queue, error) {
	all := map[string]Queue{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var name string
		var n int
		var oldest int64
		if err := rows.Scan(&name, &n, &oldest); err != nil {
			return err
		}
		q, at := all[name], instant(oldest)
		if q.Waiting += n; q.Oldest.IsZero() || at.Before(q.Oldest) {
			q.Oldest = at
		}
		all[name] = q
		return nil
	}, `SELECT source, COUNT(*), MIN(created_at) FROM queries WHERE state NOT IN ('answered', 'cancelled') GROUP BY source
		UNION ALL SELECT source, COUNT(*), MIN(created_at) FROM relays WHERE state NOT IN ('answered', 'cancelled') GROUP BY source`)
	if err != nil {
		return nil, fmt.Errorf("unsettled queries: %w", err)
	}
	return all, nil
}
