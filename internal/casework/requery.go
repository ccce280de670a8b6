package casework

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Requery asks single cells of a case again, named by their queries: because no
// answer came, or because it is old. The answer that is there stands until a new
// one takes its place. A cell that is under way, or was asked a short while ago,
// is left alone: an officer cannot hammer a department. All or none is asked.
func (d *Desk) Requery(ctx context.Context, o hedui.Officer, id string, queries []string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Requeried, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := c.Requery(o, at); err != nil {
			return "", err
		}
		all, err := tx.Queries(ctx, id)
		if err != nil {
			return "", err
		}
		return d.putAgain(ctx, tx, c, all, queries, at)
	})
}

// putAgain puts the named cells of a case again, in its present round.
func (d *Desk) putAgain(ctx context.Context, tx *store.Tx, c *hedui.Case, all []hedui.Query, names []string, at time.Time) (string, error) {
	plan, err := d.cellsAgain(c, hedui.Newest(all), all, names, at)
	if err != nil {
		return "", err
	}
	if err := d.signMandates(c); err != nil {
		return "", err
	}
	jobs := askJobs(c, plan, at)
	if c.Stage.Collects() { // the deadline is that of the round
		jobs = append(jobs, deadlineJob(c, laterOf(c.DueAt, at.Add(resumeGrace))))
	}
	if err := tx.AddQueries(ctx, plan); err != nil {
		return "", err
	}
	return countCells(plan), tx.Enqueue(ctx, jobs...)
}

// rests says of a cell whether it is under way, and from when on it may be asked
// again.
func (d *Desk) rests(dl hedui.Deadlines, cell hedui.Query, all []hedui.Query) (open bool, free time.Time) {
	for _, q := range all { // a cell may have been asked since, without an answer yet
		if q.Person != cell.Person || q.Category != cell.Category || q.Scope != cell.Scope {
			continue
		}
		open = open || !q.Settled()
		last := laterOf(q.CreatedAt, q.AskedAt) // an answer that was long awaited may be asked for at once
		if dl.Requery != (hedui.Length{}) {
			free = laterOf(free, dl.Requery.After(last, d.Calendar))
		}
	}
	return open, free
}

// cellsAgain plans the named cells anew, or says why one of them must not be
// asked.
func (d *Desk) cellsAgain(c *hedui.Case, grid, all []hedui.Query, names []string, at time.Time) ([]hedui.Query, error) {
	dl, ok := d.deadlinesOf(c, c.AcceptedAt)
	if !ok {
		return nil, fmt.Errorf("casework: no deadlines for %s", c.Division)
	}
	cells := map[string]bool{} // ids of the queries to come
	for _, name := range names {
		i := slices.IndexFunc(grid, func(q hedui.Query) bool { return q.ID == name })
		if i < 0 {
			return nil, notFound()
		}
		cell := grid[i]
		switch open, free := d.rests(dl, cell, all); {
		case open:
			return nil, hedui.Fail(hedui.Conflict, hedui.Say("error.requery.open"), nil)
		case at.Before(free):
			return nil, hedui.Fail(hedui.Conflict, hedui.Say("error.requery.soon", free.In(day.Beijing).Format("2006-01-02 15:04")), nil)
		}
		cells[hedui.QueryID(c.ID, cell.Person, cell.Category, cell.Scope, c.Round)] = true
	}
	plan := c.Plan(at, c.Round, c.Programme.Categories(), d.Registers)
	plan = slices.DeleteFunc(plan, func(q hedui.Query) bool { return !cells[q.ID] || q.Settled() })
	if len(plan) < len(cells) || len(cells) == 0 { // no consent, or no register any more
		return nil, hedui.Fail(hedui.Conflict, hedui.Say("error.requery.nobody"), nil)
	}
	return plan, nil
}

func countCells(plan []hedui.Query) string {
	counts := map[string]int{}
	for _, q := range plan {
		counts[string(q.Category)]++
	}
	return countWords(counts)
}
