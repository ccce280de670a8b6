package casework

import (
	"context"
	"errors"
	"fmt"
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
	return queue.Lane{Name: auditLane, Lease: sequenceLease, Strikes: math.MaxInt32, Work: d.sequence}
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

// sequence does one round. After a full one the next follows at once; after one
// that failed it comes as late as if the process had died, and never later.
func (d *Desk) sequence(ctx context.Context, jobs []queue.Job) error {
	round, cancel := context.WithTimeout(ctx, sequenceLease/2) // the other half is to end the run in
	defer cancel()
	n, err := d.DB.Sequence(round, sequenceRound, d.Now())
	wait := sequencePause
	switch {
	case err != nil:
		wait = sequenceLease
	case n == sequenceRound:
		wait = 0
	}
	for _, job := range jobs {
		err = errors.Join(err, d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SnoozeJob(ctx, job, d.Now().Add(wait)) }))
	}
	return err
}

// AuditSize says how many audit entries have their place in the log, and how
// many wait for one.
func (d *Desk) AuditSize(ctx context.Context) (size, waiting int64, err error) {
	head, waiting, err := d.DB.LogHead(ctx)
	return head.Size, waiting, err
}
