package casework

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
)

// caseLane holds the work that clocks cause.
const (
	caseLane    = "case"
	jobDeadline = "casework.deadline"
)

func deadlineJob(c *hedui.Case, due time.Time) queue.Job {
	return queue.Job{ID: fmt.Sprintf("deadline:%s/%d", c.ID, c.Round), Kind: jobDeadline, Lane: caseLane, Payload: []byte(c.ID), RunAt: due}
}

// workCases keeps deadlines: at the deadline a case that still waits is
// summarised with what is there.
func (d *Desk) workCases(ctx context.Context, jobs []queue.Job) error {
	for _, job := range jobs {
		if err := d.DB.InTx(ctx, func(tx *store.Tx) error { return d.deadline(ctx, tx, job) }); err != nil {
			return err
		}
		d.watch.changed(string(job.Payload))
	}
	return nil
}

func (d *Desk) deadline(ctx context.Context, tx *store.Tx, job queue.Job) error {
	id, at := string(job.Payload), d.Now()
	stages, err := tx.LockCases(ctx, []string{id})
	if err != nil {
		return err
	}
	switch stages[id] {
	case hedui.Dispatched, hedui.Collecting, hedui.Manual:
		c, err := tx.Case(ctx, id)
		if err != nil {
			return err
		}
		open, err := tx.CountOpen(ctx, id)
		if err != nil {
			return err
		}
		if err := d.summarise(ctx, tx, c, at, hedui.Say("step.deadline", strconv.Itoa(open))); err != nil {
			return err
		}
		if err := tx.SaveCase(ctx, c); err != nil {
			return err
		}
	}
	return tx.FinishJobs(ctx, []queue.Job{job})
}

// summarise moves a case to its summary and records why.
func (d *Desk) summarise(ctx context.Context, tx *store.Tx, c *hedui.Case, at time.Time, why hedui.Text) error {
	if err := c.Summarise(at, why); err != nil {
		return err
	}
	return tx.Record(ctx, audit.New(at, hedui.System.ID, "", audit.Summarised, c.ID, why.Key))
}
