package casework

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/source"
)

const jobAsk = "casework.ask"

func askLane(sourceName string) string { return "ask:" + sourceName }

// askJob is the work of asking one query. Its id is the query's, so planning
// twice enqueues once.
func askJob(q hedui.Query, at time.Time) queue.Job {
	return queue.Job{ID: "ask:" + q.ID, Kind: jobAsk, Lane: askLane(q.Source), Payload: []byte(q.ID), RunAt: at}
}

// round is one batch of queries on its way to a source and back.
type round struct {
	jobs     map[string]queue.Job // by query id
	queries  []hedui.Query
	cases    map[string]*hedui.Case
	asked    []source.Query           // what is really sent
	answers  map[string]source.Answer // by query id
	wait     time.Duration            // before a failed query is asked again, at least
	postpone map[string]time.Duration // asked later without an attempt
}

// askWork returns the work of a source's lane: one claim is one call.
func (d *Desk) askWork(g *guard) func(context.Context, []queue.Job) error {
	return func(ctx context.Context, jobs []queue.Job) error {
		r, err := d.load(ctx, jobs)
		if err != nil {
			return err
		}
		asked := d.Now()
		d.sift(r, asked)
		if len(r.asked) > 0 {
			answers, wait, err := g.ask(ctx, r.asked)
			switch {
			case errors.Is(err, errOpen):
				for _, q := range r.asked {
					r.postpone[q.ID()] = max(wait, time.Second)
				}
			case err != nil:
				return err
			}
			r.wait = wait
			for _, a := range answers {
				r.answers[a.Query] = a
			}
		}
		return d.save(ctx, g, r, asked)
	}
}

func (d *Desk) load(ctx context.Context, jobs []queue.Job) (*round, error) {
	r := &round{jobs: map[string]queue.Job{}, cases: map[string]*hedui.Case{},
		answers: map[string]source.Answer{}, postpone: map[string]time.Duration{}}
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = string(j.Payload)
		r.jobs[ids[i]] = j
	}
	return r, d.DB.Read(ctx, func(tx *store.Tx) error {
		var err error
		if r.queries, err = tx.QueriesByID(ctx, ids); err != nil {
			return err
		}
		for _, q := range r.queries {
			if r.cases[q.Case] != nil {
				continue
			}
			if r.cases[q.Case], err = tx.Case(ctx, q.Case); err != nil {
				return err
			}
		}
		return nil
	})
}

// sift decides which queries are sent: none without a live mandate, none of a
// case that stands still.
func (d *Desk) sift(r *round, at time.Time) {
	for _, q := range r.queries {
		c := r.cases[q.Case]
		if q.Settled() || c.Stage == hedui.Suspended || !c.Stage.Asking() {
			continue
		}
		asked, err := c.Question(&q, at)
		if err != nil {
			r.answers[q.ID] = source.Answer{Query: q.ID, Outcome: source.Refused, Reason: source.ReasonMandate}
			continue
		}
		r.asked = append(r.asked, asked)
	}
}

// save writes what the round brought, with its jobs, its audit entries and what
// follows for each case, in one transaction. The cases are locked last, because
// all sources of a case meet there, and before the open queries are counted, so
// that the last answer is seen as the last.
func (d *Desk) save(ctx context.Context, g *guard, r *round, asked time.Time) error {
	at := d.Now()
	ids := slices.Collect(maps.Keys(r.cases))
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		changed := slices.Clone(r.queries)
		var done []queue.Job
		for i := range changed {
			finished, err := d.settle(ctx, tx, r, &changed[i], asked, at)
			if err != nil {
				return err
			}
			if finished {
				done = append(done, r.jobs[changed[i].ID])
			}
		}
		if err := tx.SaveQueries(ctx, changed); err != nil {
			return err
		}
		if err := tx.FinishJobs(ctx, done); err != nil {
			return err
		}
		heard := hear(r, changed)
		if err := tx.Record(ctx, heard.entries(g.info.Name, at)...); err != nil {
			return err
		}
		stages, err := tx.LockCases(ctx, ids)
		if err != nil {
			return err
		}
		for id, h := range heard {
			if h.answered == 0 {
				continue
			}
			if err := d.follow(ctx, tx, r, id, stages[id], h.back, at); err != nil {
				return err
			}
		}
		return nil
	})
	d.watch.changed(ids...)
	return err
}

// settle puts what was heard into a query and says whether its job is finished.
// A job that is not is moved to its next time here.
func (d *Desk) settle(ctx context.Context, tx *store.Tx, r *round, q *hedui.Query, asked, at time.Time) (finished bool, err error) {
	job, c := r.jobs[q.ID], r.cases[q.Case]
	stage := c.Stage // as it was when the query was sent or held back
	switch {
	case q.Settled():
		return true, nil
	case stage == hedui.Suspended:
		return false, tx.SnoozeJob(ctx, job, at.Add(suspendedWait))
	case !stage.Asking():
		q.GiveUp(source.ReasonDeclined, at)
		return true, nil
	}
	if wait, ok := r.postpone[q.ID]; ok {
		if q.State == hedui.Waiting {
			q.State, q.Outcome, q.Reason = hedui.Retrying, source.Failed, source.ReasonDown
		}
		return false, tx.SnoozeJob(ctx, job, at.Add(wait))
	}
	a, heard := r.answers[q.ID]
	if !heard {
		return false, tx.SnoozeJob(ctx, job, at.Add(time.Second))
	}
	if q.AskedAt.IsZero() {
		q.AskedAt = asked
	}
	q.Take(a, at)
	switch q.State {
	case hedui.Answered:
		return true, nil
	case hedui.Pending:
		return false, tx.SnoozeJob(ctx, job, at.Add(a.Later.After))
	}
	if !at.Before(d.patience(c)) {
		q.GiveUp(a.Reason, at)
		return true, nil
	}
	return false, tx.SnoozeJob(ctx, job, at.Add(max(r.wait, queue.Backoff(q.Attempts, jitter))))
}

// suspendedWait is how often a suspended case's queries look whether it goes on.
const suspendedWait = time.Minute

// patience is until when a failing query is asked again.
func (d *Desk) patience(c *hedui.Case) time.Time {
	dl, ok := d.deadlinesOf(c)
	if !ok {
		return c.DueAt
	}
	return dl.Late.After(c.DueAt, d.Calendar)
}

// hearing is what a round brought for one case.
type hearing struct {
	outcomes map[string]int // "category=outcome" → how often
	answered int            // queries settled
	back     bool           // one of them had failed before
}

type hearings map[string]*hearing // by case

func hear(r *round, changed []hedui.Query) hearings {
	heard := hearings{}
	for _, q := range changed {
		a, ok := r.answers[q.ID]
		if !ok {
			continue
		}
		h := heard[q.Case]
		if h == nil {
			h = &hearing{outcomes: map[string]int{}}
			heard[q.Case] = h
		}
		word := string(a.Outcome)
		if a.Later != nil {
			word = "later"
		}
		h.outcomes[string(q.Category)+"="+word]++
		if q.State == hedui.Answered {
			h.answered++
			h.back = h.back || q.Attempts > 1
		}
	}
	return heard
}

// entries record for each case that a source was asked and what it said.
func (h hearings) entries(sourceName string, at time.Time) []audit.Entry {
	var entries []audit.Entry
	for id, one := range h {
		entries = append(entries, audit.New(at, hedui.System.ID, sourceName, audit.Asked, id, countWords(one.outcomes)))
	}
	return entries
}

// follow moves a case on after answers: the first, the last, or a late one after
// the report.
func (d *Desk) follow(ctx context.Context, tx *store.Tx, r *round, id string, stage hedui.Stage, back bool, at time.Time) error {
	open, err := tx.CountOpen(ctx, id)
	if err != nil {
		return err
	}
	if open > 0 && back {
		if err := d.hurry(ctx, tx, r, id, at); err != nil {
			return err
		}
	}
	return d.advance(ctx, tx, id, stage, open, at)
}

// hurry asks again at once what the same source has failed to answer for the
// case: a department that answers one query is back.
func (d *Desk) hurry(ctx context.Context, tx *store.Tx, r *round, id string, at time.Time) error {
	all, err := tx.Queries(ctx, id)
	if err != nil {
		return err
	}
	var jobs []string
	for _, q := range all {
		if _, here := r.jobs[q.ID]; !here && q.State == hedui.Retrying && q.Source == r.queries[0].Source {
			jobs = append(jobs, askJob(q, at).ID)
		}
	}
	if len(jobs) == 0 {
		return nil
	}
	return tx.MoveJobs(ctx, jobs, at)
}

// advance moves a case after answers came in, open being how many are missing.
func (d *Desk) advance(ctx context.Context, tx *store.Tx, id string, stage hedui.Stage, open int, at time.Time) error {
	sealed := stage == hedui.Issued || stage == hedui.Delivered || stage == hedui.Rechecked
	asking := stage == hedui.Collecting || stage == hedui.Manual
	if !sealed && stage != hedui.Dispatched && stage != hedui.Reviewed && (!asking || open > 0) {
		return nil
	}
	c, err := tx.Case(ctx, id)
	if err != nil {
		return err
	}
	if sealed && open > 0 {
		return d.gather(ctx, tx, c, at)
	}
	why := hedui.Say("step.all_answered")
	if sealed || stage == hedui.Reviewed {
		why = hedui.Say("step.late_answer")
	}
	if err := c.Collect(at); err != nil {
		return err
	}
	if stage != hedui.Dispatched || open == 0 {
		if err := d.summarise(ctx, tx, c, at, why); err != nil {
			return err
		}
	}
	return tx.SaveCase(ctx, c)
}

func countWords(counts map[string]int) string {
	words := make([]string, 0, len(counts))
	for w, n := range counts {
		words = append(words, fmt.Sprintf("%s×%d", w, n))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}
