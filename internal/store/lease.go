package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"hedui/internal/queue"
)

// leases is the jobs table as a runner sees it.
type leases struct{ db *DB }

// Queue returns the jobs of the database for a [queue.Runner].
func (db *DB) Queue() queue.Store { return leases{db} }

// Claim implements [queue.Store]. The end of a lease is the instant at which the
// job is due again, so a lease that has ended needs no cleaning up.
func (l leases) Claim(ctx context.Context, lane string, n int, now, until time.Time, owner string) ([]queue.Job, error) {
	lease := rand.Text()
	var jobs []queue.Job
	err := eachOf(ctx, l.db.write, func(rows *sql.Rows) error {
		j := queue.Job{Lane: lane, RunAt: until, Lease: lease}
		if err := rows.Scan(&j.ID, &j.Kind, &j.Payload, &j.Attempt, &j.Strikes, &j.Urgency); err != nil {
			return err
		}
		jobs = append(jobs, j)
		return nil
	}, `WITH due AS MATERIALIZED (SELECT id FROM (`+l.due()+`) AS due LIMIT $3)
		UPDATE jobs SET run_at = $4, lease = $5, owner = $6, attempt = attempt + 1, strikes = strikes + 1
		WHERE id IN (SELECT id FROM due) RETURNING id, kind, payload, attempt, strikes, urgency`,
		lane, micros(now), n, micros(until), lease, owner)
	if err != nil {
		return nil, l.db.wrap("claim jobs", err)
	}
	slices.SortFunc(jobs, func(a, b queue.Job) int { return cmp.Compare(a.ID, b.ID) })
	return jobs, nil
}

// due selects the jobs of a lane that are due, the most urgent first and of those
// the longest due. Each urgency is a walk of its own along the index, and the
// later ones are not begun while the earlier ones have enough: jobs that sleep,
// be they ever so many, are not passed.
func (l leases) due() string {
	arms := make([]string, 0, len(queue.Urgencies()))
	for _, u := range queue.Urgencies() {
		arms = append(arms, fmt.Sprintf(`SELECT id FROM (SELECT id FROM jobs WHERE lane = $1 AND urgency = %d AND buried = 0 AND run_at <= $2
			ORDER BY run_at LIMIT $3%s) AS due%d`, u, l.db.engine.skipLock, u))
	}
	return strings.Join(arms, " UNION ALL ")
}

// Next implements [queue.Store].
func (l leases) Next(ctx context.Context, lane string) (time.Time, bool, error) {
	var next sql.NullInt64
	err := l.db.read.QueryRowContext(ctx, l.next(), lane).Scan(&next)
	if err != nil {
		return time.Time{}, false, l.db.wrap("next job", err)
	}
	return time.UnixMicro(next.Int64).UTC(), next.Valid, nil
}

// next asks the index once for each urgency.
func (l leases) next() string {
	arms := make([]string, 0, len(queue.Urgencies()))
	for _, u := range queue.Urgencies() {
		arms = append(arms, fmt.Sprintf(`SELECT min(run_at) AS run_at FROM jobs WHERE lane = $1 AND urgency = %d AND buried = 0`, u))
	}
	return `SELECT min(run_at) FROM (` + strings.Join(arms, " UNION ALL ") + `) AS due`
}

// Release implements [queue.Store].
func (l leases) Release(ctx context.Context, jobs []queue.Job, lastError string) error {
	held, err := l.held(ctx, jobs)
	if err != nil || len(held) == 0 {
		return err
	}
	return l.db.InTx(ctx, func(tx *Tx) error {
		for _, j := range held {
			if _, err := tx.exec(ctx, `UPDATE jobs SET run_at = $3, last_error = $4, lease = '', owner = ''
				WHERE id = $1 AND lease = $2`, j.ID, j.Lease, micros(j.RunAt), lastError); err != nil {
				return fmt.Errorf("release jobs: %w", err)
			}
		}
		return nil
	})
}

// Bury implements [queue.Store].
func (l leases) Bury(ctx context.Context, jobs []queue.Job, lastError string) error {
	held, err := l.held(ctx, jobs)
	if err != nil || len(held) == 0 {
		return err
	}
	return l.db.InTx(ctx, func(tx *Tx) error {
		for _, j := range held {
			if _, err := tx.exec(ctx, `UPDATE jobs SET buried = 1, last_error = $3, lease = '', owner = ''
				WHERE id = $1 AND lease = $2`, j.ID, j.Lease, lastError); err != nil {
				return fmt.Errorf("bury jobs: %w", err)
			}
		}
		return nil
	})
}

// held returns those of jobs whose lease still holds. Most often there are none,
// because their work has finished them, and then nothing is written.
func (l leases) held(ctx context.Context, jobs []queue.Job) ([]queue.Job, error) {
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.ID
	}
	leases := map[string]string{}
	err := eachOf(ctx, l.db.read, func(rows *sql.Rows) error {
		var id, lease string
		if err := rows.Scan(&id, &lease); err != nil {
			return err
		}
		leases[id] = lease
		return nil
	}, `SELECT id, lease FROM jobs WHERE lease <> '' AND id `+l.db.engine.in(1), l.db.engine.list(ids))
	if err != nil {
		return nil, l.db.wrap("look at leases", err)
	}
	return slices.DeleteFunc(slices.Clone(jobs), func(j queue.Job) bool { return j.Lease == "" || leases[j.ID] != j.Lease }), nil
}
