package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
)

// ScoreCells counts the items that were put before the people of a source since an
// instant, and the corrections that were asked of it, as of the instant at. What was
// erased is in no count; questions of other nodes are as long as they are kept.
func (tx *Tx) ScoreCells(ctx context.Context, source string, since, at time.Time) ([]hedui.ScoreCell, error) {
	var list []hedui.ScoreCell
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var c hedui.ScoreCell
		var on int64
		var state, outcome string
		var late, inTime, dated, stale int
		if err := rows.Scan(&on, &state, &outcome, &late, &inTime, &dated, &stale, &c.Hours, &c.N); err != nil {
			return err
		}
		s := hedui.ItemState(state)
		c.Month = monthOf(on)
		c.Open, c.Answered, c.Returned = s.Open(), s == hedui.ItemAnswered, s == hedui.ItemReturned
		c.Late, c.InTime, c.Dated, c.Stale = c.Open && late == 1, inTime == 1, dated == 1, stale == 1
		c.None, c.Doubt = outcome == "none", outcome == "identity_doubt"
		list = append(list, c)
		return nil
	}, `SELECT on_day, state, outcome, late, in_time, dated, stale, CASE WHEN state = 'answered' THEN hours ELSE 0 END, COUNT(*) FROM (
		SELECT (w.listed_at + 28800000000) / 86400000000 AS on_day, w.state AS state, COALESCE(q.outcome, r.outcome, '') AS outcome,
			CASE WHEN w.due_at < $3 THEN 1 ELSE 0 END AS late,
			CASE WHEN COALESCE(q.answered_at, r.answered_at, 0) <= w.due_at THEN 1 ELSE 0 END AS in_time,
			CASE WHEN q.as_of > 0 THEN 1 ELSE 0 END AS dated,
			CASE WHEN q.as_of > 0 AND q.answered_at - q.as_of > COALESCE((SELECT CASE WHEN f.refresh = 0 THEN NULL ELSE f.refresh END FROM source_files f
				WHERE f.source = w.source AND f.since <= q.answered_at ORDER BY f.since DESC LIMIT 1), q.answered_at) THEN 1 ELSE 0 END AS stale,
			(COALESCE(q.answered_at, r.answered_at, w.listed_at) - w.listed_at + 3599999999) / 3600000000 AS hours
		FROM worklist w LEFT JOIN queries q ON w.relay = 0 AND q.id = w.about LEFT JOIN relays r ON w.relay = 1 AND r.id = w.about
		WHERE w.source = $1 AND w.listed_at >= $2) items
		GROUP BY on_day, state, outcome, late, in_time, dated, stale, CASE WHEN state = 'answered' THEN hours ELSE 0 END`, source, micros(since), micros(at))
	if err == nil {
		err = tx.each(ctx, func(rows *sql.Rows) error {
			var c hedui.ScoreCell
			var on int64
			err := rows.Scan(&on, &c.Asked, &c.Settled)
			c.Month = monthOf(on)
			list = append(list, c)
			return err
		}, `SELECT (asked_at + 28800000000) / 86400000000, COUNT(*), CAST(SUM(CASE WHEN state = 'asked' THEN 0 ELSE 1 END) AS BIGINT) FROM corrections
			WHERE source = $1 AND asked_at >= $2 GROUP BY (asked_at + 28800000000) / 86400000000`, source, micros(since))
	}
	if err != nil {
		return nil, fmt.Errorf("score of a source: %w", err)
	}
	return list, nil
}

// monthOf is the month of the n-th day since 1970 in Beijing.
func monthOf(n int64) hedui.Month {
	return hedui.MonthOf(day.Of(time.Unix(n*86400, 0).Add(-8 * time.Hour)))
}
