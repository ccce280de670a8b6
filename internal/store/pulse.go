package store

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
)

// A Pulse tells whether a case has changed since somebody looked, without opening
// it: it reads a few numbers and no box.
type Pulse struct {
	Division string
	Rev      string // another one after every change of the case, of one of its queries or of one of its letters
}

// Pulse reads the pulse of a case; NotFound if there is none.
func (tx *Tx) Pulse(ctx context.Context, caseID string) (Pulse, error) {
	var p Pulse
	var rev int64
	sum := fnv.New64a()
	found := false
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var state, reason, outcome string
		var queries, attempts, answered, letters int64
		if err := rows.Scan(&rev, &p.Division, &state, &reason, &outcome, &queries, &attempts, &answered, &letters); err != nil {
			return err
		}
		found = true
		_, err := fmt.Fprintf(sum, "%q %q %q %d %d %d %d\n", state, reason, outcome, queries, attempts, answered, letters)
		return err
	}, `SELECT c.rev, c.division, COALESCE(q.state, ''), COALESCE(q.reason, ''), COALESCE(q.outcome, ''),
		COUNT(q.id), COALESCE(CAST(SUM(q.attempts) AS BIGINT), 0), COALESCE(CAST(SUM(q.answered_at) AS BIGINT), 0),
		(SELECT COALESCE(MAX(l.changed_at), 0) FROM letters l WHERE l.case_id = $1)
		FROM cases c LEFT JOIN queries q ON q.case_id = c.id WHERE c.id = $1
		GROUP BY c.rev, c.division, q.state, q.reason, q.outcome ORDER BY 3, 4, 5`, caseID)
	switch {
	case err != nil:
		return Pulse{}, fmt.Errorf("pulse: %w", err)
	case !found:
		return Pulse{}, notFound()
	}
	p.Rev = fmt.Sprintf("%d-%x", rev, sum.Sum64())
	return p, nil
}
