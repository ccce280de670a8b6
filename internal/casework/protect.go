package casework

import (
	"context"
	"errors"
	"slices"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/source"
)

// A hold keeps a query where it is: nobody was asked, so it is no attempt and no
// failure.
type hold struct {
	until time.Time
	why   source.Reason // empty while a source is left alone that has failed: its queries say so themselves
}

func (r *round) hold(queries []source.Query, why source.Reason, until time.Time) {
	for _, q := range queries {
		r.held[q.ID()] = hold{until, why}
	}
}

// urgency says who waits for a query: a family for its first answer, somebody who
// has an answer already, or nobody today.
func urgency(c *hedui.Case) queue.Urgency {
	switch {
	case c.Kind == hedui.PeriodicRecheck:
		return queue.Bulk
	case c.Round > 1:
		return queue.Again
	}
	return queue.First
}

func (r *round) isBulk(q source.Query) bool {
	if x := r.relays[q.ID()]; x != nil {
		return x.job.Urgency == queue.Bulk
	}
	return r.jobs[q.ID()].Urgency == queue.Bulk
}

// A fare is what a call takes of a department's quota.
type fare struct {
	use store.Use
	n   int
}

// allow returns those of the queries of one call that the department may be asked
// now, and what that takes of its quota. The others are held until it opens, or
// until its next day.
func (d *Desk) allow(ctx context.Context, g *guard, r *round, call []source.Query, at time.Time) ([]source.Query, fare, error) {
	if until, why := d.Calendar.OpensAt(g.limits, at); why != "" {
		r.hold(call, why, until)
		return nil, fare{}, nil
	}
	if g.limits.Daily.IsZero() || g.breaker.IsOpen() {
		return call, fare{}, nil
	}
	var urgent, bulk []source.Query
	call = slices.SortedStableFunc(slices.Values(call), fetchingFirst)
	for _, q := range call {
		if r.isBulk(q) {
			bulk = append(bulk, q)
		} else {
			urgent = append(urgent, q)
		}
	}
	limit := max(g.limits.Daily.Persons, g.limits.Daily.Calls)
	paid := fare{use: g.use(at)}
	allowed, n, err := d.pay(ctx, g, paid.use, urgent, limit)
	if err != nil {
		return nil, paid, err
	}
	paid.n = n
	r.usedUp = r.usedUp || len(allowed) < len(urgent)
	more, n, err := d.pay(ctx, g, paid.use, bulk, limit-limit*g.limits.Reserved/100)
	if err != nil {
		return nil, paid, errors.Join(err, d.giveBack(ctx, paid))
	}
	paid.n += n
	tomorrow, _ := d.Calendar.OpensAt(g.limits, day.Of(at).Add(1).Start())
	r.hold(urgent[len(allowed):], source.ReasonQuota, tomorrow)
	r.hold(bulk[len(more):], source.ReasonQuota, tomorrow)
	return append(allowed, more...), paid, nil
}

// fetchingFirst puts what the department has accepted before what is new to it,
// because fetching may be free.
func fetchingFirst(a, b source.Query) int {
	switch {
	case (a.Token() == "") == (b.Token() == ""):
		return 0
	case a.Token() != "":
		return -1
	}
	return 1
}

// pay takes the fare of as many of the queries as the limit allows, from the first.
func (d *Desk) pay(ctx context.Context, g *guard, u store.Use, queries []source.Query, limit int) ([]source.Query, int, error) {
	for len(queries) > 0 {
		n := g.fare(queries)
		taken, err := d.DB.TakeUse(ctx, u, n, limit)
		if err != nil {
			return nil, 0, err
		}
		if taken {
			return queries, n, nil
		}
		used, err := d.DB.Used(ctx, u)
		if err != nil {
			return nil, 0, err
		}
		for len(queries) > 0 && g.fare(queries) > max(min(limit-used, n-1), 0) { // another process may have taken some meanwhile
			queries = queries[:len(queries)-1]
		}
	}
	return nil, 0, nil
}

func (d *Desk) giveBack(ctx context.Context, f fare) error {
	if f.n == 0 {
		return nil
	}
	return d.DB.GiveUse(ctx, f.use, f.n)
}

// use names what the department counts on the day of an instant.
func (g *guard) use(at time.Time) store.Use {
	kind := store.UsedCalls
	if g.limits.Daily.Persons > 0 {
		kind = store.UsedPersons
	}
	return store.Use{Source: g.info.Name, On: day.Of(at), Kind: kind}
}

// fare is what asking takes of the quota: the persons asked about for the first
// time, or the calls that are made, which is one for all where they travel
// together.
func (g *guard) fare(queries []source.Query) int {
	if g.limits.Daily.Persons == 0 {
		return min(len(queries), g.limits.Calls)
	}
	n := 0
	for _, q := range queries {
		if q.Token() == "" {
			n++
		}
	}
	return n
}

// keep leaves a query that is held with its job, which is due again when the
// department may be asked, or when nobody waits for the answer any more.
func (d *Desk) keep(ctx context.Context, tx *store.Tx, r *round, q *hedui.Query, h hold, at time.Time) (finished bool, err error) {
	job := r.jobs[q.ID]
	if h.why == "" {
		return false, tx.SnoozeJob(ctx, job, h.until)
	}
	r.touched[q.ID] = true
	q.Hold(h.why, h.until)
	last := d.patience(r.cases[q.Case])
	if !at.Before(last) {
		q.GiveUp(h.why, at)
		return true, nil
	}
	return false, tx.SnoozeJob(ctx, job, earlierOf(h.until, last))
}

// keepRelay is keep for a question of a peer. Whoever asked shall know why there
// is no answer yet.
func keepRelay(ctx context.Context, tx *store.Tx, x *relayed, relay *store.Relay, h hold, heard *returns) error {
	why := h.why
	if why == "" {
		why = source.ReasonDown
	}
	if relay.State == hedui.Waiting || h.why != "" && relay.Reason != h.why {
		if relay.State == hedui.Waiting {
			relay.State = hedui.Retrying
		}
		relay.Reason = why
		heard.failing(relay, h.until)
	}
	return tx.SnoozeJob(ctx, x.job, earlierOf(h.until, relay.ExpiresAt))
}
