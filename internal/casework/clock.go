package casework

import (
	"context"
	"errors"
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
	caseLane      = "case"
	jobDeadline   = "casework.deadline"
	jobSupplement = "casework.supplement"
)

func deadlineJob(c *hedui.Case, due time.Time) queue.Job {
	return queue.Job{ID: fmt.Sprintf("deadline:%s/%d", c.ID, c.Round), Kind: jobDeadline, Lane: caseLane, Payload: []byte(c.ID), RunAt: due}
}

// gather lets further late answers come in before a supplement is made of them.
// The job names the version it follows, so it is void once that has a successor.
func (d *Desk) gather(ctx context.Context, tx *store.Tx, c *hedui.Case, at time.Time) error {
	dl, ok := d.deadlinesOf(c, c.AcceptedAt)
	if !ok || dl.Gather == (hedui.Length{}) {
		dl.Gather = hedui.Length{Exact: time.Hour}
	}
	return tx.Enqueue(ctx, supplementJob(c, dl.Gather.After(at, d.Calendar)))
}

func supplementJob(c *hedui.Case, due time.Time) queue.Job {
	return queue.Job{ID: fmt.Sprintf("supplement:%s/%d", c.ID, c.Version), Kind: jobSupplement, Lane: caseLane, Payload: []byte(c.ID), RunAt: due}
}

// finalJob makes the version that says how the family has explained the one before.
func finalJob(c *hedui.Case, due time.Time) queue.Job {
	job := supplementJob(c, due)
	job.ID = fmt.Sprintf("final:%s/%d", c.ID, c.Version)
	return job
}

// workCases keeps clocks: at the deadline a case that still waits is summarised
// with what is there, and late answers become a supplement.
func (d *Desk) workCases(ctx context.Context, jobs []queue.Job) error {
	var errs []error
	for _, job := range jobs { // one case that cannot be read must not hold up the others
		strike := d.strike
		if job.Kind == jobExplain || job.Kind == jobClaim || job.Kind == jobCorrected {
			strike = d.strikeItem
		}
		err := d.DB.InTx(ctx, func(tx *store.Tx) error { return strike(ctx, tx, job) })
		errs = append(errs, err)
		d.watch.changed(string(job.Payload))
	}
	return errors.Join(errs...)
}

// strike does what one clock calls for, if the case still stands where it did.
func (d *Desk) strike(ctx context.Context, tx *store.Tx, job queue.Job) error {
	id, at := string(job.Payload), d.Now()
	stages, err := tx.LockCases(ctx, []string{id})
	if err != nil {
		return err
	}
	stage := stages[id]
	if job.Kind == jobSupplement && (stage == hedui.Objected || stage == hedui.Suspended) {
		return tx.SnoozeJob(ctx, job, at.Add(time.Hour)) // until the objection is decided
	}
	c, why, err := d.due(ctx, tx, job, id, stage)
	if err != nil {
		return err
	}
	if c != nil {
		if err := d.nameLinks(ctx, tx, id); err != nil {
			return err
		}
		if err := d.summarise(ctx, tx, c, at, why); err != nil {
			return err
		}
		if err := tx.SaveCase(ctx, c); err != nil {
			return err
		}
	}
	return tx.FinishJobs(ctx, []queue.Job{job})
}

// due returns the case that is to be summarised, and why, or nil where the clock
// does not mean the case as it stands any more: a deadline means its round, a
// supplement follows its version.
func (d *Desk) due(ctx context.Context, tx *store.Tx, job queue.Job, id string, stage hedui.Stage) (*hedui.Case, hedui.Text, error) {
	if job.Kind == jobDeadline && !stage.Collects() || job.Kind == jobSupplement && !stage.Sealed() {
		return nil, hedui.Text{}, nil
	}
	c, err := tx.Case(ctx, id)
	if err != nil {
		return nil, hedui.Text{}, err
	}
	switch job.ID {
	case finalJob(c, time.Time{}).ID:
		return c, hedui.Say("step.explained"), nil
	case supplementJob(c, time.Time{}).ID:
		return c, hedui.Say("step.late_answer"), nil
	case deadlineJob(c, time.Time{}).ID:
		open, err := tx.CountOpen(ctx, id)
		return c, hedui.Say("step.deadline", strconv.Itoa(open)), err
	}
	return nil, hedui.Text{}, nil
}

// summarise moves a case to its summary, records why, and asks the family about
// what was found.
func (d *Desk) summarise(ctx context.Context, tx *store.Tx, c *hedui.Case, at time.Time, why hedui.Text) error {
	if err := c.Summarise(at, why); err != nil {
		return err
	}
	if err := tx.Record(ctx, audit.New(at, hedui.System.ID, "", audit.Summarised, c.ID, why.Key)); err != nil {
		return err
	}
	_, err := d.askFamily(ctx, tx, c, at)
	return err
}
