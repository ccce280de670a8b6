package casework

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/source"
)

const jobAsk = "casework.ask"

func askLane(sourceName string) string { return "ask:" + sourceName }

// askJob is the work of asking one query. Its id is the query's, so planning
// twice enqueues once. Whoever enqueues it says how urgent it is.
func askJob(q hedui.Query, at time.Time) queue.Job {
	return queue.Job{ID: "ask:" + q.ID, Kind: jobAsk, Lane: askLane(q.Source), Payload: []byte(q.ID), RunAt: at}
}

// round is one batch of queries on its way to a source and back.
type round struct {
	jobs    map[string]queue.Job // of own queries, by query id
	queries []hedui.Query
	cases   map[string]*hedui.Case
	relays  map[string]*relayed      // of other nodes' questions, by relay id
	asked   []source.Query           // what is really sent
	unsent  map[string]bool          // answered without asking, for want of a mandate
	failing map[string]bool          // had failed before this round
	touched map[string]bool          // changed, so to be saved
	answers map[string]source.Answer // by id of the source.Query
	posted  map[string]bool          // given to another node
	wait    time.Duration            // before a failed query is asked again, at least
	held    map[string]hold          // asked later without an attempt
	basis   map[string]string        // of the questions that are sent, see [hedui.Basis]
	usedUp  bool                     // a new application has met the end of a quota
	seen    hedui.SourceRecord       // what was heard, for those who look after the source
	heard   hedui.Heard              // the same, counted for some days
	began   time.Time                // when the department was asked
	waits   time.Duration            // for how long the oldest promised answer has been awaited
}

// askWork returns the work of a source's lane: one claim is one call.
func (d *Desk) askWork(g *guard) func(context.Context, []queue.Job) error {
	return func(ctx context.Context, jobs []queue.Job) error {
		var r *round
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			r, err = load(ctx, tx, jobs)
			return err
		})
		if err != nil {
			return err
		}
		asked := d.Now()
		r.began = asked
		r.sift(asked, d.signs(g.info.Name, asked))
		r.siftRelays(asked)
		for _, batch := range byCategory(r.asked) {
			batch, paid, err := d.allow(ctx, g, r, batch, asked)
			if err != nil {
				return err
			}
			if len(batch) == 0 {
				continue
			}
			answers, wait, err := g.ask(ctx, batch)
			switch {
			case errors.Is(err, errOpen):
				r.hold(batch, "", d.Now().Add(max(wait, time.Second)))
				if err := d.giveBack(ctx, paid); err != nil {
					return err
				}
			case err != nil:
				return err
			}
			r.wait = max(r.wait, wait)
			for _, a := range answers {
				r.answers[a.Query] = a
			}
		}
		return d.save(ctx, g, r, asked)
	}
}

// byCategory splits queries into calls: a call is of one category.
func byCategory(queries []source.Query) [][]source.Query {
	var calls [][]source.Query
	for _, q := range queries {
		i := slices.IndexFunc(calls, func(c []source.Query) bool { return c[0].Category() == q.Category() })
		if i < 0 {
			calls = append(calls, nil)
			i = len(calls) - 1
		}
		calls[i] = append(calls[i], q)
	}
	return calls
}

// load reads what jobs of a lane are about: own queries and those of other nodes.
func load(ctx context.Context, tx *store.Tx, jobs []queue.Job) (*round, error) {
	r := &round{jobs: map[string]queue.Job{}, relays: map[string]*relayed{}, unsent: map[string]bool{}, failing: map[string]bool{}, touched: map[string]bool{},
		answers: map[string]source.Answer{}, posted: map[string]bool{}, held: map[string]hold{}, basis: map[string]string{}}
	var ids, relays []string
	for _, j := range jobs {
		id := string(j.Payload)
		if j.Kind == jobRelay {
			relays = append(relays, id)
			r.relays[id] = &relayed{job: j}
			continue
		}
		ids = append(ids, id)
		r.jobs[id] = j
	}
	if err := r.loadRelays(ctx, tx, relays); err != nil {
		return nil, err
	}
	var err error
	if r.queries, err = tx.QueriesByID(ctx, ids); err != nil {
		return nil, err
	}
	cases := make([]string, len(r.queries))
	for i, q := range r.queries {
		cases[i] = q.Case
		r.failing[q.ID] = q.State == hedui.Retrying
	}
	r.cases, err = tx.CasesByID(ctx, cases)
	return r, err
}

// sift decides which queries are sent: none without a live mandate, none of a
// case that stands still. sign puts the signed mandate on each; it is nil where
// nobody is sent one, or it is put on later.
func (r *round) sift(at time.Time, sign func(*hedui.Case, *hedui.Query, source.Query) (source.Query, error)) {
	for _, q := range r.queries {
		c := r.cases[q.Case]
		if c == nil || q.Settled() || c.Stage == hedui.Suspended || !c.Stage.Asking() {
			continue
		}
		asked, err := c.Question(&q, at)
		if err == nil && sign != nil {
			asked, err = sign(c, &q, asked)
		}
		if err != nil {
			r.unsent[q.ID] = true
			r.answers[q.ID] = source.Answer{Query: q.ID, Outcome: source.Refused, Reason: source.ReasonMandate}
			continue
		}
		r.asked = append(r.asked, asked)
		r.basis[q.ID] = hedui.Basis(asked)
	}
}

// save writes what the round brought, with its jobs, its audit entries and what
// follows for each case, in one transaction.
func (d *Desk) save(ctx context.Context, g *guard, r *round, asked time.Time) error {
	at := d.Now()
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		changed := slices.Clone(r.queries)
		r.seen, r.waits = hedui.SourceRecord{Source: g.info.Name, On: day.Of(at)}, 0
		r.heard = hedui.Heard{}
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
		if err := d.settleRelays(ctx, tx, g, r, at); err != nil {
			return err
		}
		if err := d.write(ctx, tx, g.info.Name, r, changed, done, at); err != nil {
			return err
		}
		return d.look(ctx, tx, g, r, at)
	})
	d.watch.changed(slices.Collect(maps.Keys(r.cases))...)
	return err
}

// write saves the changed queries of a round, ends their jobs, records what was
// heard from the office, and moves the cases on. The cases are locked last,
// because all sources of a case meet there, and before the open queries are
// counted, so that the last answer is seen as the last.
func (d *Desk) write(ctx context.Context, tx *store.Tx, office string, r *round, changed []hedui.Query, done []queue.Job, at time.Time) error {
	if len(changed) == 0 {
		return nil
	}
	if err := tx.SaveQueries(ctx, slices.DeleteFunc(slices.Clone(changed), func(q hedui.Query) bool { return !r.touched[q.ID] })); err != nil {
		return err
	}
	if err := tx.FinishJobs(ctx, done); err != nil {
		return err
	}
	heard := hear(r, changed)
	if err := tx.Record(ctx, heard.entries(office, at)...); err != nil {
		return err
	}
	stages, err := tx.LockCases(ctx, slices.Collect(maps.Keys(r.cases)))
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
}

// settle puts what was heard into a query and says whether its job is finished.
// A job that is not is moved to its next time here.
func (d *Desk) settle(ctx context.Context, tx *store.Tx, r *round, q *hedui.Query, asked, at time.Time) (finished bool, err error) {
	job, c := r.jobs[q.ID], r.cases[q.Case]
	switch { // the stage is the one at which the query was sent or held back
	case q.Settled() || c == nil:
		return true, nil
	case c.Stage == hedui.Suspended:
		until, err := suspendedUntil(ctx, tx, q.Case, at)
		if err != nil {
			return false, err
		}
		return false, tx.SnoozeJob(ctx, job, until)
	case !c.Stage.Asking():
		r.touched[q.ID] = true
		q.GiveUp(hedui.ReasonEnded, at)
		return true, nil
	}
	if h, ok := r.held[q.ID]; ok {
		return d.keep(ctx, tx, r, q, h, at)
	}
	r.touched[q.ID] = true
	a := r.answers[q.ID]
	if q.AskedAt.IsZero() && !r.unsent[q.ID] {
		q.AskedAt = asked
	}
	if basis := r.basis[q.ID]; basis != "" {
		q.Basis = basis
	}
	q.Take(a, at)
	if !r.unsent[q.ID] {
		r.hear(a, q.State, q.AskedAt, at)
	}
	switch {
	case q.State == hedui.Answered:
		return true, nil
	case !at.Before(d.patience(c)):
		q.GiveUp(a.Reason, at)
		return true, nil
	case q.State == hedui.Pending:
		return false, tx.SnoozeJob(ctx, job, at.Add(max(a.Later.After, shortestWait)))
	}
	return false, tx.SnoozeJob(ctx, job, at.Add(max(min(r.wait, longestWait), queue.Backoff(q.Attempts, jitter))))
}

// shortestWait keeps a department that says "later, at once" from being asked in
// a circle.
const shortestWait = 100 * time.Millisecond

// longestWait is how long a department is left alone at most because it asked
// for it: a day's Retry-After would outlast the deadline.
const longestWait = time.Hour

// suspendedWait is how often a suspended case's queries look whether it goes on;
// Resume does not wait for it.
const suspendedWait = 6 * time.Hour

// suspendedUntil is when the query of a case that was suspended is looked at
// again: at once if the case was resumed since it was read, because Resume does
// not move the jobs that are at work.
func suspendedUntil(ctx context.Context, tx *store.Tx, id string, at time.Time) (time.Time, error) {
	stages, err := tx.LockCases(ctx, []string{id})
	if err != nil || stages[id] != hedui.Suspended {
		return at, err
	}
	return at.Add(suspendedWait), nil
}

// patience is until when a failing query is asked again.
func (d *Desk) patience(c *hedui.Case) time.Time {
	dl, ok := d.deadlinesOf(c, c.AcceptedAt)
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
		if !ok && !r.posted[q.ID] {
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
		if r.unsent[q.ID] {
			word = "not_sent"
		}
		if r.posted[q.ID] {
			word = "sent"
		}
		h.outcomes[string(q.Category)+"="+word]++
		if q.Settled() {
			h.answered++
			h.back = h.back || r.failing[q.ID] && q.State == hedui.Answered
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
	first := stage == hedui.Dispatched
	last := stage.Collects() && open == 0
	late := stage == hedui.Reviewed || stage.Sealed()
	if stage == hedui.Summarised { // a cell was asked again
		return d.askFamilyOf(ctx, tx, id, at)
	}
	if !first && !last && !late {
		return nil
	}
	c, err := tx.Case(ctx, id)
	if err != nil {
		return err
	}
	if stage.Sealed() && open > 0 {
		return d.gather(ctx, tx, c, at)
	}
	why := hedui.Say("step.all_answered")
	if late {
		why = hedui.Say("step.late_answer")
	}
	if err := c.Collect(at); err != nil {
		return err
	}
	if last || late {
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
