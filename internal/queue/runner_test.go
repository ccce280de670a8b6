package queue_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"hedui/internal/queue"
)

// fake is a Store in memory.
type fake struct {
	mu     sync.Mutex
	rows   map[string]*row
	claims int
	slow   time.Duration // a claim takes
	fail   error
}

type row struct {
	queue.Job
	buried bool
	last   string
}

func newFake(jobs ...queue.Job) *fake {
	f := &fake{rows: map[string]*row{}}
	for _, j := range jobs {
		f.rows[j.ID] = &row{Job: j}
	}
	return f
}

func (f *fake) Claim(ctx context.Context, lane string, n int, now, until time.Time, _ string) ([]queue.Job, error) {
	time.Sleep(f.slow)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.claims++
	var got []queue.Job
	for _, id := range slices.Sorted(maps.Keys(f.rows)) {
		if r := f.rows[id]; r.Lane == lane && !r.buried && !r.RunAt.After(now) && len(got) < n {
			r.Lease, r.RunAt = fmt.Sprint("lease ", f.claims), until
			r.Attempt++
			r.Strikes++
			got = append(got, r.Job)
		}
	}
	return got, errors.Join(f.fail, ctx.Err()) // what is leased stays leased, as on a connection that broke
}

func (f *fake) Next(_ context.Context, lane string) (next time.Time, ok bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range f.rows {
		if r.Lane == lane && !r.buried && (!ok || r.RunAt.Before(next)) {
			next, ok = r.RunAt, true
		}
	}
	return next, ok, f.fail
}

// held calls change for those of jobs whose lease still holds.
func (f *fake) held(jobs []queue.Job, change func(*row, queue.Job)) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, j := range jobs {
		if r := f.rows[j.ID]; r != nil && r.Lease == j.Lease && r.Lease != "" {
			n++
			change(r, j)
		}
	}
	return n
}

func (f *fake) Release(_ context.Context, jobs []queue.Job, last string) error {
	f.held(jobs, func(r *row, j queue.Job) { r.RunAt, r.Lease, r.last = j.RunAt, "", last })
	return nil
}

func (f *fake) Bury(_ context.Context, jobs []queue.Job, last string) error {
	f.held(jobs, func(r *row, _ queue.Job) { r.buried, r.Lease, r.last = true, "", last })
	return nil
}

// finish is what a transaction of the store does.
func (f *fake) finish(jobs []queue.Job) error {
	if f.held(jobs, func(r *row, _ queue.Job) { delete(f.rows, r.ID) }) < len(jobs) {
		return queue.ErrLost
	}
	return nil
}

func (f *fake) add(j queue.Job) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows[j.ID] = &row{Job: j}
}

// log notes what was worked, and how long after the start.
type log struct {
	mu    sync.Mutex
	start time.Time
	lines []string
}

func (l *log) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, time.Since(l.start).String()+" "+fmt.Sprintf(format, args...))
}

func (l *log) want(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.lines, want) {
		t.Errorf("got %q, want %q", l.lines, want)
	}
}

func due(id string, after time.Duration) queue.Job {
	return queue.Job{ID: id, Lane: "l", RunAt: time.Now().Add(after)}
}

func run(f *fake, lanes ...queue.Lane) (r *queue.Runner, stop func()) {
	r = &queue.Runner{Store: f, Lanes: lanes, Log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		_ = r.Run(ctx)
		close(done)
	}()
	return r, func() { cancel(); <-done }
}

func TestJobsRunWhenTheyAreDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l := newFake(due("a", 0), due("b", 0), due("c", 250*time.Millisecond), due("d", 24*time.Hour)), &log{start: time.Now()}
		work := func(_ context.Context, jobs []queue.Job) error {
			l.add("%d", len(jobs))
			return f.finish(jobs)
		}
		_, stop := run(f, queue.Lane{Name: "l", Batch: 10, Work: work})
		time.Sleep(25 * time.Hour)
		stop()
		l.want(t, "0s 2", "250ms 1", "24h0m0s 1")
		if most := 25*3600 + 20; f.claims > most {
			t.Errorf("%d claims in 25 hours, want at most %d: one a second", f.claims, most)
		}
	})
}

func TestWakeIsHeardAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l := newFake(), &log{start: time.Now()}
		work := func(_ context.Context, jobs []queue.Job) error {
			l.add("%s", jobs[0].ID)
			return f.finish(jobs)
		}
		r, stop := run(f, queue.Lane{Name: "l", Work: work})
		time.Sleep(300 * time.Millisecond)
		f.add(due("a", 0))
		r.Wake("l")
		r.Wake("unknown")
		synctest.Wait()
		l.want(t, "300ms a")
		f.add(due("b", 0)) // by another process: nobody wakes us
		time.Sleep(time.Second)
		synctest.Wait()
		l.want(t, "300ms a", "1.3s b")
		stop()
	})
}

func TestWorkersRunSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l := newFake(due("a", 0), due("b", 0), due("c", 0)), &log{start: time.Now()}
		work := func(_ context.Context, jobs []queue.Job) error {
			time.Sleep(time.Second)
			l.add("%d", len(jobs))
			return f.finish(jobs)
		}
		_, stop := run(f, queue.Lane{Name: "l", Workers: 2, Work: work})
		time.Sleep(10 * time.Second)
		stop()
		l.want(t, "1s 1", "1s 1", "2s 1")
	})
}

func TestFailedJobsComeBackLaterAndLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(due("a", 0))
		var runs []time.Time
		work := func(_ context.Context, jobs []queue.Job) error {
			runs = append(runs, time.Now())
			switch len(runs) {
			case 1:
				return errors.New("down")
			case 2:
				panic("a name that must not be kept")
			case 3:
				return nil // leaves the job
			}
			return f.finish(jobs)
		}
		_, stop := run(f, queue.Lane{Name: "l", Work: work})
		time.Sleep(time.Minute)
		stop()
		if len(runs) != 4 || len(f.rows) != 0 {
			t.Fatalf("got %d runs, %d jobs left, want 4 and none", len(runs), len(f.rows))
		}
		for i, most := range []time.Duration{500 * time.Millisecond, time.Second, 2*time.Second + time.Second} {
			if wait := runs[i+1].Sub(runs[i]); wait < most/4 || wait > most {
				t.Errorf("wait %d: got %v, want up to %v", i+1, wait, most)
			}
		}
	})
}

func TestJobsAreBuriedAfterTheLastStrike(t *testing.T) {
	for name, tt := range map[string]struct {
		work func(*fake, []queue.Job) error
		code string
		runs int
	}{
		"error":      {func(*fake, []queue.Job) error { return errors.New("x") }, "named", 3},
		"panic":      {func(*fake, []queue.Job) error { panic("x") }, queue.CodePanic, 3},
		"left":       {func(*fake, []queue.Job) error { return nil }, queue.CodeLeft, 3},
		"never told": {func(*fake, []queue.Job) error { time.Sleep(time.Hour); return nil }, queue.CodeGone, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f, l := newFake(due("a", 0), due("b", 24*time.Hour)), &log{start: time.Now()}
				work := func(_ context.Context, jobs []queue.Job) error {
					l.add("%s", jobs[0].ID)
					return tt.work(f, jobs)
				}
				_, stop := run(f, queue.Lane{Name: "l", Work: work, Workers: 9, Strikes: 3, Lease: time.Minute, Code: func(error) string { return "named" }})
				time.Sleep(23 * time.Hour)
				stop()
				a := f.rows["a"]
				if !a.buried || a.last != tt.code || len(l.lines) != tt.runs {
					t.Errorf("got %+v after %v, want it buried as %s after %d runs", a, l.lines, tt.code, tt.runs)
				}
			})
		})
	}
}

func TestAWorkerWithoutLeaseFinishesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l := newFake(due("a", 0)), &log{start: time.Now()}
		work := func(ctx context.Context, jobs []queue.Job) error {
			if jobs[0].Attempt == 1 {
				<-ctx.Done() // the lease is over
				time.Sleep(time.Second)
			}
			err := f.finish(jobs)
			l.add("run %d: %v", jobs[0].Attempt, err)
			return err
		}
		_, stop := run(f, queue.Lane{Name: "l", Workers: 2, Lease: time.Minute, Work: work})
		time.Sleep(time.Hour)
		stop()
		l.want(t, "1m0s run 2: <nil>", "1m1s run 1: "+queue.ErrLost.Error())
	})
}

func TestStopFinishesWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l := newFake(due("a", 0), due("b", 0)), &log{start: time.Now()}
		work := func(ctx context.Context, jobs []queue.Job) error {
			time.Sleep(10 * time.Second)
			l.add("%s %v", jobs[0].ID, ctx.Err())
			return f.finish(jobs)
		}
		_, stop := run(f, queue.Lane{Name: "l", Work: work})
		time.Sleep(time.Second)
		stop()
		l.want(t, "10s a <nil>")
		if r := f.rows["b"]; len(f.rows) != 1 || r == nil || r.Lease != "" {
			t.Errorf("got %v, want b untouched", f.rows)
		}
	})
}

func TestWhatIsClaimedWhileStoppingIsWorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l := newFake(due("a", 0)), &log{start: time.Now()}
		f.slow = 2 * time.Second
		work := func(_ context.Context, jobs []queue.Job) error {
			l.add("%s", jobs[0].ID)
			return f.finish(jobs)
		}
		_, stop := run(f, queue.Lane{Name: "l", Work: work})
		time.Sleep(time.Second)
		stop()
		l.want(t, "2s a")
	})
}

func TestAStoreThatFailsIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, l := newFake(), &log{start: time.Now()}
		f.fail = errors.New("no database")
		work := func(_ context.Context, jobs []queue.Job) error {
			l.add("%s", jobs[0].ID)
			return f.finish(jobs)
		}
		_, stop := run(f, queue.Lane{Name: "l", Work: work})
		time.Sleep(10*time.Second + 500*time.Millisecond)
		f.mu.Lock()
		if f.claims > 11 {
			t.Errorf("%d claims in ten seconds, want one a second", f.claims)
		}
		f.fail = nil
		f.mu.Unlock()
		f.add(due("a", 0))
		time.Sleep(time.Minute)
		stop()
		l.want(t, "11s a")
	})
}

func TestBackoff(t *testing.T) {
	least, most := func() float64 { return 0.999999 }, func() float64 { return 0 }
	for _, tt := range []struct {
		attempt int
		want    time.Duration
	}{
		{-1, 500 * time.Millisecond}, {0, 500 * time.Millisecond}, {1, 500 * time.Millisecond}, {2, time.Second},
		{5, 8 * time.Second}, {10, 256 * time.Second}, {11, queue.MaxBackoff}, {64, queue.MaxBackoff}, {1 << 40, queue.MaxBackoff},
	} {
		if got := queue.Backoff(tt.attempt, most); got != tt.want {
			t.Errorf("attempt %d: got %v, want %v", tt.attempt, got, tt.want)
		}
		if got := queue.Backoff(tt.attempt, least); got < tt.want/2 || got > tt.want/2+time.Millisecond {
			t.Errorf("attempt %d, least: got %v, want half of %v", tt.attempt, got, tt.want)
		}
	}
}
