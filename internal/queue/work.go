package queue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
)

// work runs Work on claimed jobs and gives back what it leaves.
func (r *Runner) work(ctx context.Context, l Lane, jobs []Job) {
	ctx = context.WithoutCancel(ctx)
	jobs = r.buryGone(ctx, l, jobs)
	if len(jobs) == 0 {
		return
	}
	run, cancel := context.WithTimeout(ctx, l.Lease)
	err := r.try(run, l, jobs)
	cancel()
	code := CodeLeft
	if err != nil {
		code = l.Code(err)
		if _, ok := err.(*panicError); ok { //nolint:errorlint // try returns it bare
			code = CodePanic
		}
		r.Log.ErrorContext(ctx, "work on jobs", "lane", l.Name, "kind", jobs[0].Kind, "jobs", len(jobs),
			"attempt", jobs[0].Attempt, "code", code, "error", err)
	}
	r.giveBack(ctx, l, jobs, code)
	if err != nil {
		r.Wake(l.Name) // whoever sleeps now does not know when the released jobs are due
	}
}

// buryGone buries jobs whose runs before this one, as many as are allowed, have
// all ended without a word, and returns the others: a job that kills the
// program must not do so for ever.
func (r *Runner) buryGone(ctx context.Context, l Lane, jobs []Job) []Job {
	var alive, gone []Job
	for _, j := range jobs {
		if j.Strikes > l.Strikes {
			gone = append(gone, j)
		} else {
			alive = append(alive, j)
		}
	}
	r.bury(ctx, l, gone, CodeGone)
	return alive
}

// giveBack releases or buries whatever Work has left of jobs.
func (r *Runner) giveBack(ctx context.Context, l Lane, jobs []Job, code string) {
	var again, last []Job
	now := r.Now()
	for _, j := range jobs {
		if j.Strikes >= l.Strikes {
			last = append(last, j)
			continue
		}
		j.RunAt = now.Add(Backoff(j.Attempt, rand.Float64))
		again = append(again, j)
	}
	r.bury(ctx, l, last, code)
	if len(again) == 0 {
		return
	}
	if err := r.Store.Release(ctx, again, code); err != nil { // their lease will end
		r.Log.ErrorContext(ctx, "release jobs", "lane", l.Name, "jobs", len(again), "error", err)
	}
}

func (r *Runner) bury(ctx context.Context, l Lane, jobs []Job, code string) {
	if len(jobs) == 0 {
		return
	}
	if err := r.Store.Bury(ctx, jobs, code); err != nil { // their lease will end
		r.Log.ErrorContext(ctx, "bury jobs", "lane", l.Name, "jobs", len(jobs), "error", err)
	}
}

// A panicError says where Work panicked, but not with what value: that may hold
// personal data, unless the runtime made it.
type panicError struct {
	what  string
	stack []byte
}

func (p *panicError) Error() string { return "queue: panic: " + p.what + "\n" + string(p.stack) }

func (r *Runner) try(ctx context.Context, l Lane, jobs []Job) (err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		p := &panicError{what: fmt.Sprintf("value of type %T", v), stack: debug.Stack()}
		if e, ok := v.(runtime.Error); ok {
			p.what = e.Error()
		}
		err = p
	}()
	return l.Work(ctx, jobs)
}
