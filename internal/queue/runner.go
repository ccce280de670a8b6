package queue

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// A Lane is a group of jobs with workers of its own, so that a slow source does
// not hold up another.
type Lane struct {
	Name    string
	Batch   int           // jobs given to Work at once; 0 = 1
	Workers int           // runs of Work at once; 0 = 1
	Lease   time.Duration // a run has this long; 0 = one minute
	Strikes int           // runs in a row that may leave a job before it is buried; 0 = 20

	// Work does the jobs. In the transaction that saves the result it finishes,
	// snoozes or retries each of them; those it leaves are released with
	// [Backoff], or buried after the last strike, whether it returns an error
	// or nil. Its context ends with the lease, but not when the Runner stops:
	// what is in hand is finished.
	Work func(ctx context.Context, jobs []Job) error

	// Hold says for how long nothing shall be claimed, as while a source is left
	// alone; nil means never.
	Hold func() time.Duration

	// Code names an error of Work in one word without personal data, to be kept
	// with the job; nil means "error".
	Code func(error) string
}

// Codes that the Runner itself keeps with a job as its last error.
const (
	CodeError = "error" // Work returned an error
	CodePanic = "panic" // Work panicked
	CodeLeft  = "left"  // Work returned nil and left the job
	CodeGone  = "gone"  // every run ended without a word, as when the program is killed
)

// A Runner works off the lanes. Its fields are set before Run and not changed
// after. Store and Lanes are needed.
type Runner struct {
	Store Store
	Lanes []Lane
	Now   func() time.Time // nil = time.Now
	Owner string           // who holds the leases, for whoever looks at the rows
	Poll  time.Duration    // look for jobs of other processes at least this often; 0 = one second
	Log   *slog.Logger     // nil = slog.Default()

	once sync.Once
	wake map[string]chan struct{}
}

func (r *Runner) init() {
	r.once.Do(func() {
		if r.Now == nil {
			r.Now = time.Now
		}
		if r.Poll <= 0 {
			r.Poll = time.Second
		}
		if r.Log == nil {
			r.Log = slog.Default()
		}
		r.wake = make(map[string]chan struct{}, len(r.Lanes))
		for _, l := range r.Lanes {
			r.wake[l.Name] = make(chan struct{}, 1)
		}
	})
}

// Wake makes the lane look for jobs at once. It never blocks; an unknown lane,
// which another process may serve, is ignored.
func (r *Runner) Wake(lane string) {
	r.init()
	select {
	case r.wake[lane] <- struct{}{}:
	default:
	}
}

// Run works until ctx is done and then returns nil when what is in hand is
// finished. An error of the store is logged and tried again, not returned.
func (r *Runner) Run(ctx context.Context) error {
	r.init()
	var lanes sync.WaitGroup
	for _, l := range r.Lanes {
		lanes.Go(func() { r.serve(ctx, l.withDefaults()) })
	}
	lanes.Wait()
	return nil
}

func (l Lane) withDefaults() Lane {
	l.Batch = max(l.Batch, 1)
	l.Workers = max(l.Workers, 1)
	if l.Lease <= 0 {
		l.Lease = time.Minute
	}
	if l.Strikes <= 0 {
		l.Strikes = 20
	}
	if l.Code == nil {
		l.Code = func(error) string { return CodeError }
	}
	return l
}

// serve claims for a lane whenever a worker is free. What it has claimed is
// worked even if ctx ends meanwhile.
func (r *Runner) serve(ctx context.Context, l Lane) {
	free := make(chan struct{}, l.Workers)
	for range l.Workers {
		free <- struct{}{}
	}
	var workers sync.WaitGroup
	defer workers.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-free:
		}
		if ctx.Err() != nil {
			return
		}
		wait := r.untilDue(ctx, l)
		if wait <= 0 {
			jobs, err := r.claim(ctx, l)
			if len(jobs) > 0 {
				workers.Go(func() {
					r.work(ctx, l, jobs)
					free <- struct{}{}
				})
				continue
			}
			if err != nil {
				wait = r.Poll
			}
		}
		free <- struct{}{}
		r.sleep(ctx, l.Name, wait)
	}
}

// untilDue is how long it is until the next job of the lane is due, at most Poll.
// It only reads: a claim writes, and lanes are mostly empty.
func (r *Runner) untilDue(ctx context.Context, l Lane) time.Duration {
	if l.Hold != nil {
		if hold := l.Hold(); hold > 0 {
			return hold
		}
	}
	next, ok, err := r.Store.Next(ctx, l.Name)
	switch {
	case err != nil && ctx.Err() == nil:
		r.Log.ErrorContext(ctx, "look for jobs", "lane", l.Name, "error", err)
		return r.Poll
	case err != nil || !ok:
		return r.Poll
	}
	return min(r.Poll, next.Sub(r.Now()))
}

// claim is not broken off when ctx ends: the store might have leased jobs that
// nobody then works on before their lease ends.
func (r *Runner) claim(ctx context.Context, l Lane) ([]Job, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.Lease)
	defer cancel()
	now := r.Now()
	jobs, err := r.Store.Claim(ctx, l.Name, l.Batch, now, now.Add(l.Lease), r.Owner)
	if err != nil {
		r.Log.ErrorContext(ctx, "claim jobs", "lane", l.Name, "error", err)
	}
	return jobs, err
}

// sleep waits, or less if somebody wakes the lane.
func (r *Runner) sleep(ctx context.Context, lane string, wait time.Duration) {
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-r.wake[lane]:
	}
}
