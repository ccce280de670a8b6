package casework

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"hedui/internal/queue"
	"hedui/internal/store"
)

// One job gives audit entries their places in the log, for ever: whoever has its
// lease is the sequencer. If that process dies, another one, or its successor,
// is the sequencer when the lease has ended.
const (
	auditLane     = "audit"
	jobSequence   = "audit.sequence"
	sequenceLease = 10 * time.Second
	sequenceRound = 1000        // entries that get their place in one transaction
	sequencePause = time.Second // after a round that has taken all there were
)

func (d *Desk) sequenceLane() queue.Lane {
	return d.standing(auditLane, sequenceLease, sequencePause, func(ctx context.Context) (more bool, err error) {
		n, err := d.DB.Sequence(ctx, sequenceRound, d.Now())
		return n == sequenceRound, err
	})
}

// startSequencer sees to it that the job of the sequencer is there.
func (d *Desk) startSequencer(ctx context.Context) error {
	return d.startJob(ctx, jobSequence, auditLane)
}

// startJob sees to it that a job that never ends is there. If it is, nothing changes.
func (d *Desk) startJob(ctx context.Context, job, lane string) error {
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		return tx.Enqueue(ctx, queue.Job{ID: job, Kind: job, Lane: lane})
	})
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("casework: start %s: %w", job, err)
	}
	return nil
}

// standing is the lane of a job that never ends: each claim of it is one round. The next
// follows after a while, or at once where there is more to do or time ran out before
// the work did; after one that failed it comes as late as if the process had died, and
// never later. What a round has done stays done.
func (d *Desk) standing(name string, lease, every time.Duration, round func(context.Context) (more bool, err error)) queue.Lane {
	return queue.Lane{Name: name, Lease: lease, Strikes: math.MaxInt32, Work: func(ctx context.Context, jobs []queue.Job) error {
		inTime, cancel := context.WithTimeout(ctx, lease/2) // the other half is to end the run in
		defer cancel()
		more, err := round(inTime)
		wait := every
		switch {
		case err != nil && ctx.Err() == nil && inTime.Err() != nil:
			err, wait = nil, 0
		case err != nil:
			if wait = lease; ctx.Err() == nil {
				slog.WarnContext(ctx, "work on a job that never ends", "lane", name, "error", err)
			}
		case more:
			wait = 0
		}
		for _, job := range jobs {
			err = errors.Join(err, d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SnoozeJob(ctx, job, d.Now().Add(wait)) }))
		}
		return err
	}}
}

// AuditSize says how many audit entries have their place in the log, and how
// many wait for one.
func (d *Desk) AuditSize(ctx context.Context) (size, waiting int64, err error) {
	head, waiting, err := d.DB.LogHead(ctx)
	return head.Size, waiting, err
}
