package casework

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
)

// Commission sends a consented case to the verification centre under a numbered
// letter.
func (d *Desk) Commission(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Commissioned, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		numbers, err := d.numbers(ctx, tx, hedui.CommissionSeries, c, at, 1)
		if err != nil {
			return "", err
		}
		return numbers[0], c.Send(o, numbers[0], at)
	})
}

// Accept takes a case at the centre, starts its clock, and dispatches one query
// for each person and category. The queries, their jobs and the deadline are
// written with the acceptance.
func (d *Desk) Accept(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Accepted, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		dl, ok := d.deadlinesOf(c, at)
		if !ok {
			return "", fmt.Errorf("casework: no deadlines for %s", c.Division)
		}
		mandates, err := d.numbers(ctx, tx, hedui.MandateSeries, c, at, len(c.Persons))
		if err != nil {
			return "", err
		}
		due := dl.Report.After(at, d.Calendar)
		if err := c.Accept(o, at, mandates, due); err != nil {
			return "", err
		}
		return "due " + due.UTC().Format(time.RFC3339), d.dispatch(ctx, tx, c, at)
	})
}

func (d *Desk) dispatch(ctx context.Context, tx *store.Tx, c *hedui.Case, at time.Time) error {
	if err := c.Dispatch(at); err != nil {
		return err
	}
	return d.ask(ctx, tx, c, c.DueAt, at, nil, true)
}

// ask plans a round of queries and queues it together with its deadline. Without
// fresh, a source that allows it is not asked what it has just answered.
func (d *Desk) ask(ctx context.Context, tx *store.Tx, c *hedui.Case, due, at time.Time, again []catalog.Code, fresh bool) error {
	if err := d.signMandates(c); err != nil {
		return err
	}
	plan := c.Plan(at, c.Round, again, d.Registers)
	if !fresh {
		if err := d.reuse(ctx, tx, c, plan, at); err != nil {
			return err
		}
	}
	jobs := askJobs(c, plan, at)
	if len(jobs) == 0 { // nobody can be asked: the report says so at once
		due = at
	}
	if err := tx.AddQueries(ctx, plan); err != nil {
		return err
	}
	return tx.Enqueue(ctx, append(jobs, deadlineJob(c, due))...)
}

// askJobs is the work of asking what is not settled of a plan.
func askJobs(c *hedui.Case, plan []hedui.Query, at time.Time) []queue.Job {
	var jobs []queue.Job
	for _, q := range plan {
		if !q.Settled() {
			job := askJob(q, at)
			job.Urgency = urgency(c)
			jobs = append(jobs, job)
		}
	}
	return jobs
}

// deadlinesOf returns the deadlines of the case's place and programme, as of the
// instant of its acceptance.
func (d *Desk) deadlinesOf(c *hedui.Case, accepted time.Time) (hedui.Deadlines, bool) {
	return d.Deadlines.For(c.Division, c.Programme, day.Of(accepted))
}

// Return gives a case back to its office with what is missing.
func (d *Desk) Return(ctx context.Context, o hedui.Officer, id string, why hedui.Text) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Returned, func(_ *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		return why.Key, c.Return(o, at, why)
	})
}

// AddConsents records further consents of a case. It returns what is still
// missing; what was given is kept.
func (d *Desk) AddConsents(ctx context.Context, o hedui.Officer, id string, consents []hedui.Consent) (c *hedui.Case, missing []hedui.Problem, err error) {
	c, err = d.act(ctx, o, id, audit.ConsentGiven, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		given := slices.Clone(consents)
		if err := d.given(ctx, tx, o, c, given, at); err != nil {
			return "", err
		}
		missing, err = c.AddConsents(o, given, at)
		return fmt.Sprint(len(given)), err
	})
	return c, missing, err
}

// Suspend stops a case for a while.
func (d *Desk) Suspend(ctx context.Context, o hedui.Officer, id string, why hedui.Text) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Suspended, func(_ *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		return why.Key, c.Suspend(o, at, why)
	})
}

// resumeGrace is what a case has left after a suspension at least.
const resumeGrace = time.Minute

// Resume takes a suspended case up again; its waiting queries go on at once. A
// case whose deadline is over has a short grace, so that answers can come in.
func (d *Desk) Resume(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Resumed, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := c.Resume(o, at); err != nil {
			return "", err
		}
		return "", d.resumed(ctx, tx, c, at)
	})
}

// resumed moves a case on that was taken up again.
func (d *Desk) resumed(ctx context.Context, tx *store.Tx, c *hedui.Case, at time.Time) error {
	waiting, err := d.waiting(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	if len(waiting) == 0 && (c.Stage == hedui.Dispatched || c.Stage == hedui.Collecting) {
		return d.summarise(ctx, tx, c, at, hedui.Say("step.all_answered"))
	}
	if err := tx.MoveJobs(ctx, waiting, at); err != nil {
		return err
	}
	return tx.Enqueue(ctx, deadlineJob(c, laterOf(c.DueAt, at.Add(resumeGrace))))
}

// waiting names the jobs of a case's queries that are not settled.
func (d *Desk) waiting(ctx context.Context, tx *store.Tx, id string) ([]string, error) {
	queries, err := tx.Queries(ctx, id)
	var jobs []string
	for _, q := range queries {
		if !q.Settled() {
			jobs = append(jobs, askJob(q, time.Time{}).ID)
		}
	}
	return jobs, err
}

// hurryAll makes the work on every open query of a case due now.
func (d *Desk) hurryAll(ctx context.Context, tx *store.Tx, id string, at time.Time) error {
	jobs, err := d.waiting(ctx, tx, id)
	if err != nil || len(jobs) == 0 {
		return err
	}
	return tx.MoveJobs(ctx, jobs, at)
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Terminate ends a case without a result.
func (d *Desk) Terminate(ctx context.Context, o hedui.Officer, id string, why hedui.Text) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Terminated, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := c.Terminate(o, at, why); err != nil {
			return "", err
		}
		if err := errors.Join(tx.EndCaseItems(ctx, c.ID, at), endExplanations(ctx, tx, c.ID, at)); err != nil {
			return "", err
		}
		return why.Key, d.hurryAll(ctx, tx, c.ID, at) // so that other nodes hear of it at once
	})
}

// ByHand marks that a case needs letters or visits; its queries go on.
func (d *Desk) ByHand(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.ByHand, func(_ *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		return "", c.ByHand(o, at)
	})
}

// Finish summarises a case with what is there: work by hand is done, or the
// verifier waits no longer. What is not answered is named as a gap.
func (d *Desk) Finish(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Summarised, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := c.Finish(o, at); err != nil {
			return "", err
		}
		_, err := d.askFamily(ctx, tx, c, at)
		return "step.finished", err
	})
}

// SendBack gives a summarised or reviewed case back.
func (d *Desk) SendBack(ctx context.Context, o hedui.Officer, id string, why hedui.Text) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.SentBack, func(_ *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		return why.Key, c.SendBack(o, at, why)
	})
}

// Deliver marks that the commissioning office has taken the sealed report.
func (d *Desk) Deliver(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Delivered, func(_ *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		return fmt.Sprintf("version %d", c.Version), c.Deliver(o, at)
	})
}

// Decide enters what the commissioning office has decided after its report.
func (d *Desk) Decide(ctx context.Context, o hedui.Officer, id string, told hedui.Decision) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Decided, func(_ *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		return fmt.Sprintf("version %d", c.Version), c.Decide(o, told, at)
	})
}

// Object records an objection of the family.
func (d *Desk) Object(ctx context.Context, o hedui.Officer, id string, why hedui.Text) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Objected, func(_ *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		return why.Key, c.Object(o, at, why)
	})
}

// Confirm ends an objection: the report stands. If answers came in meanwhile, a
// supplement is made of them.
func (d *Desk) Confirm(ctx context.Context, o hedui.Officer, id string, why hedui.Text) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Confirmed, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := c.Confirm(o, at, why); err != nil {
			return "", err
		}
		report, err := tx.Report(ctx, c.ID, c.Version)
		if err != nil {
			return "", err
		}
		queries, err := tx.Queries(ctx, c.ID)
		if err != nil {
			return "", err
		}
		if !slices.ContainsFunc(queries, func(q hedui.Query) bool { return q.State == hedui.Answered && q.AnsweredAt.After(report.MadeAt) }) {
			return why.Key, nil
		}
		job := supplementJob(c, at)
		if err := tx.Enqueue(ctx, job); err != nil {
			return "", err
		}
		return why.Key, tx.MoveJobs(ctx, []string{job.ID}, at)
	})
}

// AskAgain answers an objection by asking the named categories again, for every
// person; no category means all of them. The earlier answers stay. Whoever names
// categories wants fresh answers; otherwise a source that has just answered on
// the same mandate, and allows it, need not do so again.
func (d *Desk) AskAgain(ctx context.Context, o hedui.Officer, id string, why hedui.Text, again []catalog.Code) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.AskedAgain, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		categories := again
		if len(categories) == 0 {
			categories = c.Categories(nil)
		}
		dl, ok := d.deadlinesOf(c, at)
		if !ok {
			return "", fmt.Errorf("casework: no deadlines for %s", c.Division)
		}
		due := dl.Report.After(at, d.Calendar)
		if err := c.AskAgain(o, at, due, why); err != nil {
			return "", err
		}
		return why.Key, d.ask(ctx, tx, c, due, at, categories, len(again) > 0)
	})
}

// Archive closes a case for good, once nothing waits to be explained.
func (d *Desk) Archive(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Archived, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := c.Archive(o, at); err != nil {
			return "", err
		}
		items, err := tx.Explanations(ctx, id)
		if err != nil {
			return "", err
		}
		return "", c.Waiting(items, at)
	})
}
