package casework

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/source"
)

// People are asked as a peer is: nobody waits for them. A query goes before them
// as an item of their worklist, in the transaction that marks it as sent; its job
// sleeps and gives up at last. The answer comes in by [Desk.AnswerItem].

// manual is a source of this node that people answer.
type manual struct {
	info   source.Info
	within hedui.Length // promised time of an answer; zero = the case's own deadline
}

// prepareManual makes the lane of a source that people answer.
func (d *Desk) prepareManual(info source.Info) error {
	m := &manual{info: info}
	if w := info.Manual.Within; w != "" {
		var err error
		if m.within, err = hedui.ParseLength(w); err != nil {
			return fmt.Errorf("casework: source %s: %w", info.Name, err)
		}
	}
	d.manuals[info.Name] = m
	d.runner.Lanes = append(d.runner.Lanes, queue.Lane{Name: askLane(info.Name), Batch: postBatch, Workers: 1,
		Lease: time.Minute, Strikes: math.MaxInt32, Work: d.listWork(m)})
	return nil
}

// promised is when the department has promised an answer that is asked for at the
// instant at.
func (d *Desk) promised(m *manual, at, otherwise time.Time) time.Time {
	if m.within == (hedui.Length{}) {
		return otherwise
	}
	return m.within.After(at, d.Calendar)
}

// listing is what one transaction puts on a list and takes off it.
type listing struct {
	*manual
	at     time.Time
	items  []store.Item
	ended  []string // queries
	passed []string // relays
}

func (l *listing) save(ctx context.Context, tx *store.Tx) error {
	return errors.Join(tx.AddItems(ctx, l.items), tx.EndItems(ctx, false, l.ended, l.at), tx.EndItems(ctx, true, l.passed, l.at))
}

// listWork returns the work of the lane of a source that people answer.
func (d *Desk) listWork(m *manual) func(context.Context, []queue.Job) error {
	return d.handOn(m.info.Name, func(ctx context.Context, tx *store.Tx, r *round, at time.Time) errand {
		l := &listing{manual: m, at: at}
		r.siftRelays(at)
		return errand{
			query:  func(q *hedui.Query) (bool, error) { return d.listQuery(ctx, tx, l, r, q) },
			relays: func() error { return d.listRelays(ctx, tx, l, r) },
			save:   func() error { return l.save(ctx, tx) },
		}
	})
}

// listQuery puts one query before people, or gives it up, and says whether its job
// is finished.
func (d *Desk) listQuery(ctx context.Context, tx *store.Tx, l *listing, r *round, q *hedui.Query) (finished bool, err error) {
	job, c := r.jobs[q.ID], r.cases[q.Case]
	if c.Stage == hedui.Suspended {
		return false, tx.SnoozeJob(ctx, job, l.at.Add(suspendedWait))
	}
	until := d.patience(c)
	r.touched[q.ID] = true
	switch {
	case !c.Stage.Asking():
		l.ended = append(l.ended, q.ID)
		q.GiveUp(hedui.ReasonEnded, l.at)
		return true, nil
	case r.unsent[q.ID]:
		l.ended = append(l.ended, q.ID)
		q.Take(r.answers[q.ID], l.at)
		return true, nil
	case !l.at.Before(until):
		l.ended = append(l.ended, q.ID)
		q.GiveUp(hedui.ReasonListed, l.at)
		return true, nil
	}
	asked, err := c.Question(q, l.at) // as sift has found it
	if err != nil {
		return false, err
	}
	r.posted[q.ID] = q.Reason != hedui.ReasonListed
	q.List(l.at)
	l.items = append(l.items, store.Item{ID: store.NewItemID(), Source: l.info.Name, About: q.ID, Case: q.Case, State: hedui.ItemListed,
		ListedAt: l.at, DueAt: d.promised(l.manual, l.at, c.DueAt), ChangedAt: l.at})
	return false, tx.SnoozeJob(ctx, job, earlierOf(until, asked.Mandate().Terms().Until))
}

// listRelays puts other nodes' questions before people.
func (d *Desk) listRelays(ctx context.Context, tx *store.Tx, l *listing, r *round) error {
	if len(r.relays) == 0 {
		return nil
	}
	var changed []store.Relay
	var done []queue.Job
	var void []string
	heard := newReturns(l.at)
	for id, x := range r.relays {
		relay := x.relay
		switch {
		case !open(relay):
			void = append(void, x.job.ID)
			continue
		case !l.at.Before(relay.ExpiresAt):
			relay.State, relay.AnsweredAt, relay.Outcome, relay.Reason = hedui.Cancelled, l.at, source.Failed, hedui.ReasonEnded
			l.passed = append(l.passed, id)
			done = append(done, x.job)
		case r.unsent[id]:
			d.answerRelay(x, &relay, r.answers[id], heard)
			l.passed = append(l.passed, id)
			done = append(done, x.job)
		default:
			if relay.Reason != hedui.ReasonListed {
				relay.State, relay.Attempts, relay.Reason = hedui.Pending, relay.Attempts+1, hedui.ReasonListed
				heard.count(x, source.Answer{Later: &source.Later{}})
			}
			if relay.AskedAt.IsZero() {
				relay.AskedAt = l.at
			}
			l.items = append(l.items, store.Item{ID: store.NewItemID(), Source: l.info.Name, Relay: true, About: id, State: hedui.ItemListed,
				ListedAt: l.at, DueAt: d.promised(l.manual, l.at, relay.ExpiresAt), ExpiresAt: relay.ExpiresAt, ChangedAt: l.at})
			if err := tx.SnoozeJob(ctx, x.job, relay.ExpiresAt); err != nil {
				return err
			}
		}
		changed = append(changed, relay)
	}
	if err := errors.Join(tx.SaveRelays(ctx, changed), tx.FinishJobs(ctx, done), tx.DropJobs(ctx, void)); err != nil {
		return err
	}
	return heard.send(ctx, tx, l.info.Name)
}
