package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hedui/internal/queue"
)

// Enqueue writes jobs. One whose id is that of a job not yet finished is left
// out; one that was buried begins anew.
func (tx *Tx) Enqueue(ctx context.Context, jobs ...queue.Job) error {
	rows := make([][]any, 0, len(jobs))
	seen := make(map[string]bool, len(jobs))
	for _, j := range jobs {
		if seen[j.ID] {
			continue
		}
		seen[j.ID] = true
		payload := j.Payload
		if payload == nil {
			payload = []byte{}
		}
		rows = append(rows, []any{j.ID, j.Kind, j.Lane, payload, micros(j.RunAt), 0, 0, "", "", "", 0, int(j.Urgency)})
		tx.lanes = append(tx.lanes, j.Lane)
	}
	err := tx.insert(ctx, `INSERT INTO jobs (id, kind, lane, payload, run_at, attempt, strikes, lease, owner, last_error, buried, urgency)`,
		rows, `ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, lane = excluded.lane, payload = excluded.payload,
		run_at = excluded.run_at, urgency = excluded.urgency, attempt = 0, strikes = 0, last_error = '', buried = 0 WHERE jobs.buried = 1`)
	if err != nil {
		return fmt.Errorf("enqueue: %w", err)
	}
	return nil
}

// FinishJobs ends the runs of claimed jobs for good. If the lease of one of them
// is lost it is [queue.ErrLost], and the transaction must not be committed.
func (tx *Tx) FinishJobs(ctx context.Context, jobs []queue.Job) error {
	byLease := map[string][]string{}
	for _, j := range jobs {
		byLease[j.Lease] = append(byLease[j.Lease], j.ID)
	}
	query := `DELETE FROM jobs WHERE id ` + tx.db.engine.in(1) + ` AND lease = $2 AND lease <> ''`
	for lease, ids := range byLease {
		changed, err := tx.exec(ctx, query, tx.db.engine.list(ids), lease)
		if err != nil {
			return fmt.Errorf("finish jobs: %w", err)
		}
		if changed != int64(len(ids)) {
			return fmt.Errorf("finish %d jobs: %w", len(ids), queue.ErrLost)
		}
	}
	return nil
}

// SnoozeJob ends the run of a claimed job and makes it due again at runAt,
// without counting the run as an attempt: nothing failed, it was only too early.
// If the lease is lost it is [queue.ErrLost].
func (tx *Tx) SnoozeJob(ctx context.Context, job queue.Job, runAt time.Time) error {
	return tx.putOff(ctx, job, runAt, max(job.Attempt-1, 0))
}

// SnoozeJobs is SnoozeJob of jobs that were claimed together, all made due at one
// instant.
func (tx *Tx) SnoozeJobs(ctx context.Context, jobs []queue.Job, runAt time.Time) error {
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.ID
		tx.lanes = append(tx.lanes, j.Lane)
	}
	if len(jobs) == 0 {
		return nil
	}
	changed, err := tx.exec(ctx, `UPDATE jobs SET run_at = $3, attempt = attempt - 1, strikes = 0, lease = '', owner = ''
		WHERE id `+tx.db.engine.in(1)+` AND lease = $2 AND lease <> ''`, tx.db.engine.list(ids), jobs[0].Lease, micros(runAt))
	switch {
	case err != nil:
		return fmt.Errorf("put off jobs: %w", err)
	case changed != int64(len(jobs)):
		return fmt.Errorf("put off jobs: %w", queue.ErrLost)
	}
	return nil
}

// RetryJob ends the run of a claimed job and makes it due again at runAt. The
// run counts as an attempt, but not as a strike: it was Work that decided. If
// the lease is lost it is [queue.ErrLost].
func (tx *Tx) RetryJob(ctx context.Context, job queue.Job, runAt time.Time) error {
	return tx.putOff(ctx, job, runAt, job.Attempt)
}

func (tx *Tx) putOff(ctx context.Context, job queue.Job, runAt time.Time, attempt int) error {
	changed, err := tx.exec(ctx, `UPDATE jobs SET run_at = $3, attempt = $4, strikes = 0, lease = '', owner = ''
		WHERE id = $1 AND lease = $2 AND lease <> ''`, job.ID, job.Lease, micros(runAt), attempt)
	switch {
	case err != nil:
		return fmt.Errorf("put off job: %w", err)
	case changed == 0:
		return fmt.Errorf("put off job: %w", queue.ErrLost)
	}
	tx.lanes = append(tx.lanes, job.Lane)
	return nil
}

// MoveJobs makes jobs that wait due at another time. Those that are at work,
// buried or finished stay as they are.
func (tx *Tx) MoveJobs(ctx context.Context, ids []string, runAt time.Time) error {
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var lane string
		if err := rows.Scan(&lane); err != nil {
			return err
		}
		tx.lanes = append(tx.lanes, lane)
		return nil
	}, `UPDATE jobs SET run_at = $2 WHERE id `+tx.db.engine.in(1)+` AND lease = '' AND buried = 0 RETURNING lane`,
		tx.db.engine.list(ids), micros(runAt))
	if err != nil {
		return fmt.Errorf("move jobs: %w", err)
	}
	return nil
}

// DropJobs deletes jobs, be they waiting, at work or buried, as when what they
// were to bring has come another way. A worker that has one leased gets
// [queue.ErrLost] when it wants to finish it. Ids of which there is none are no
// error.
func (tx *Tx) DropJobs(ctx context.Context, ids []string) error {
	if _, err := tx.exec(ctx, `DELETE FROM jobs WHERE id `+tx.db.engine.in(1), tx.db.engine.list(ids)); err != nil {
		return fmt.Errorf("drop jobs: %w", err)
	}
	return nil
}

// A BuriedJob is a job that was given up, and the code of its last error.
type BuriedJob struct {
	queue.Job
	LastError string
}

// BuriedJobs lists the jobs that were given up. Enqueueing one begins it anew.
func (tx *Tx) BuriedJobs(ctx context.Context) ([]BuriedJob, error) {
	var list []BuriedJob
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var b BuriedJob
		var runAt int64
		if err := rows.Scan(&b.ID, &b.Kind, &b.Lane, &b.Payload, &runAt, &b.Attempt, &b.Strikes, &b.LastError); err != nil {
			return err
		}
		b.RunAt = instant(runAt)
		list = append(list, b)
		return nil
	}, `SELECT id, kind, lane, payload, run_at, attempt, strikes, last_error FROM jobs WHERE buried = 1 ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("buried jobs: %w", err)
	}
	return list, nil
}

// Backlog counts, by lane, the jobs that are not finished and not buried.
func (tx *Tx) Backlog(ctx context.Context) (map[string]int, error) {
	lanes := map[string]int{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var lane string
		var n int
		if err := rows.Scan(&lane, &n); err != nil {
			return err
		}
		lanes[lane] = n
		return nil
	}, `SELECT lane, count(*) FROM jobs WHERE buried = 0 GROUP BY lane`)
	if err != nil {
		return nil, fmt.Errorf("backlog: %w", err)
	}
	return lanes, nil
}
