package casework

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"golang.org/x/time/rate"

	"hedui/internal/queue"
	"hedui/source"
)

// A breaker opens after breakAfter failed calls in a row and lets one call try
// again after breakFor.
const (
	breakAfter = 5
	breakFor   = 3 * time.Second
)

// A guard stands before one source: it keeps to the department's rate and
// concurrency, ends calls in time, and leaves a department alone that is down.
type guard struct {
	source  source.Source
	info    source.Info
	limits  source.Limits
	rate    *rate.Limiter
	breaker circuitbreaker.CircuitBreaker[any]
	calls   atomic.Int64
}

func newGuard(s source.Source) *guard {
	info := s.Info()
	l := info.Limits.WithDefaults()
	return &guard{
		source: s, info: info, limits: l,
		rate: rate.NewLimiter(rate.Limit(l.PerSecond), max(1, int(l.PerSecond))),
		breaker: circuitbreaker.NewBuilder[any]().
			WithFailureThreshold(breakAfter).WithDelay(breakFor).WithSuccessThreshold(1).Build(),
	}
}

// lane is the queue lane of the source: its queries are claimed in batches of
// its own size by as many workers as it allows calls at once. The lease outlasts
// asking and the saving of the answers.
func (g *guard) lane(d *Desk) queue.Lane {
	return queue.Lane{
		Name: askLane(g.info.Name), Batch: g.limits.Batch, Workers: g.limits.Concurrency,
		Lease: g.patience() + leaseMargin, Work: d.askWork(g), Hold: g.hold,
		Strikes: askStrikes,
	}
}

// askStrikes is how often a run may end without a word before a query is given up
// on: often, because a program that is killed again and again is not its fault.
const askStrikes = 500

// hold keeps the queries of a source that is left alone where they are.
func (g *guard) hold() time.Duration {
	if !g.breaker.IsOpen() {
		return 0
	}
	return g.breaker.RemainingDelay()
}

// patience bounds one Ask. The source itself ends each call in time; but where
// persons are asked side by side, the workers of the source share its calls, and
// the last of a batch waits for the others.
func (g *guard) patience() time.Duration {
	return min(g.limits.Timeout*time.Duration(g.limits.Calls+1), max(usualPatience, 3*g.limits.Timeout))
}

// usualPatience is enough for pages and persons side by side. The lease of a
// process that was killed lasts as long, so it is no more than that.
const usualPatience = time.Minute

// leaseMargin is how long waiting for the rate and saving may take beside a call.
const leaseMargin = 10 * time.Second

// errOpen means that the breaker keeps the source from being called.
var errOpen = errors.New("casework: source is left alone for now")

// ask calls the source within its limits. An *source.Unavailable comes back as
// failed answers, one for each query; errOpen comes back as it is.
func (g *guard) ask(ctx context.Context, queries []source.Query) ([]source.Answer, time.Duration, error) {
	if !g.breaker.TryAcquirePermit() {
		return nil, g.breaker.RemainingDelay(), errOpen
	}
	if err := g.rate.Wait(ctx); err != nil {
		g.breaker.RecordFailure()
		return failed(queries, source.ReasonThrottled), 0, nil
	}
	g.calls.Add(1)
	returned := false
	defer func() {
		if !returned { // a panic must not keep the breaker's one permit
			g.breaker.RecordFailure()
		}
	}()
	call, cancel := context.WithTimeout(ctx, g.patience())
	defer cancel()
	answers, err := g.source.Ask(call, queries)
	returned = true
	if err == nil {
		err = source.CheckAnswers(queries, answers)
	}
	if err == nil {
		g.breaker.RecordSuccess()
		return answers, 0, nil
	}
	var down *source.Unavailable
	switch {
	case errors.As(err, &down):
		if down.Reason != source.ReasonThrottled { // a department that asks for patience is not broken
			g.breaker.RecordFailure()
		} else {
			g.breaker.RecordSuccess()
		}
		return failed(queries, down.Reason), down.RetryAfter, nil
	case errors.Is(err, context.DeadlineExceeded):
		g.breaker.RecordFailure()
		return failed(queries, source.ReasonSlow), 0, nil
	}
	g.breaker.RecordFailure()
	return failed(queries, source.ReasonMalformed), 0, nil
}

func failed(queries []source.Query, why source.Reason) []source.Answer {
	answers := make([]source.Answer, len(queries))
	for i, q := range queries {
		answers[i] = source.Answer{Query: q.ID(), Outcome: source.Failed, Reason: why}
	}
	return answers
}
