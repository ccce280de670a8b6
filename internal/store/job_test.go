package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

var t0 = storetest.At

func enqueue(t testing.TB, db *store.DB, jobs ...queue.Job) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, jobs...) })
}

// claim claims as a worker would at the given instant, with a lease of a minute.
func claim(t testing.TB, db *store.DB, lane string, n int, at time.Time) []queue.Job {
	t.Helper()
	jobs, err := db.Queue().Claim(context.Background(), lane, n, at, at.Add(time.Minute), "test")
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return jobs
}

func ids(jobs []queue.Job) []string {
	var list []string
	for _, j := range jobs {
		list = append(list, j.ID)
	}
	return list
}

func TestDueJobsAreClaimedOldestFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		enqueue(t, db,
			queue.Job{ID: "c", Lane: "l", RunAt: t0.Add(2 * time.Second)},
			queue.Job{ID: "b", Lane: "l", RunAt: t0.Add(time.Second), Kind: "k", Payload: []byte("p")},
			queue.Job{ID: "d", Lane: "l", RunAt: t0.Add(time.Hour)},
			queue.Job{ID: "x", Lane: "other"},
			queue.Job{ID: "a", Lane: "l"},
			queue.Job{ID: "a", Lane: "l", Kind: "twice"},
		)
		at := t0.Add(5 * time.Second)
		jobs := claim(t, db, "l", 2, at)
		if got, want := ids(jobs), []string{"a", "b"}; !slices.Equal(got, want) {
			t.Fatalf("first claim: got %v, want %v", got, want)
		}
		b := jobs[1]
		if b.Kind != "k" || string(b.Payload) != "p" || b.Attempt != 1 || b.Strikes != 1 || b.Lease == "" || b.Lane != "l" {
			t.Errorf("got %+v", b)
		}
		if got, want := ids(claim(t, db, "l", 9, at)), []string{"c"}; !slices.Equal(got, want) {
			t.Errorf("second claim: got %v, want %v", got, want)
		}
		if got := claim(t, db, "l", 9, at); got != nil {
			t.Errorf("third claim: got %v, want nothing", got)
		}
		for lane, want := range map[string]time.Time{"l": at.Add(time.Minute), "other": time.UnixMicro(0), "none": {}} {
			next, ok, err := db.Queue().Next(context.Background(), lane)
			if err != nil || ok == (lane == "none") || ok && !next.Equal(want) {
				t.Errorf("next of %s: got %v %v %v, want %v", lane, next, ok, err, want)
			}
		}
	})
}

func TestAJobIsUniqueWhileItLives(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		job := queue.Job{ID: "a", Lane: "l", RunAt: t0}
		for range 2 {
			enqueue(t, db, job)
			jobs := claim(t, db, "l", 9, t0)
			enqueue(t, db, job)
			if len(jobs) != 1 || len(claim(t, db, "l", 9, t0)) != 0 {
				t.Fatalf("got %v, want the job once", jobs)
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.FinishJobs(ctx, jobs) })
		}

		enqueue(t, db, job) // a buried one begins anew
		jobs := claim(t, db, "l", 9, t0)
		if err := db.Queue().Bury(context.Background(), jobs, "panic"); err != nil {
			t.Fatal(err)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			buried, err := tx.BuriedJobs(ctx)
			if len(buried) != 1 || buried[0].ID != "a" || buried[0].LastError != "panic" || buried[0].Attempt != 1 {
				t.Errorf("buried: got %+v, want job a", buried)
			}
			return err
		})
		if got := claim(t, db, "l", 9, t0.Add(time.Hour)); got != nil {
			t.Errorf("a buried job was claimed")
		}
		enqueue(t, db, job)
		if got := claim(t, db, "l", 9, t0); len(got) != 1 || got[0].Attempt != 1 {
			t.Errorf("got %v, want the buried job from the beginning", got)
		}
	})
}

func TestALostLeaseFinishesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		enqueue(t, db, queue.Job{ID: "a", Lane: "l", RunAt: t0}, queue.Job{ID: "b", Lane: "l", RunAt: t0})
		slow := claim(t, db, "l", 9, t0)
		if got := claim(t, db, "l", 9, t0.Add(time.Minute-time.Microsecond)); got != nil {
			t.Fatalf("a live lease was taken: %v", got)
		}
		quick := claim(t, db, "l", 1, t0.Add(time.Minute))
		if len(quick) != 1 || quick[0].Attempt != 2 || quick[0].Strikes != 2 {
			t.Fatalf("got %+v, want one job in its second run", quick)
		}
		lost := slow[slices.IndexFunc(slow, func(j queue.Job) bool { return j.ID == quick[0].ID })]
		for name, f := range map[string]func(tx *store.Tx) error{
			"finish":  func(tx *store.Tx) error { return tx.FinishJobs(ctx, slow) },
			"snooze":  func(tx *store.Tx) error { return tx.SnoozeJob(ctx, lost, t0) },
			"letter":  func(tx *store.Tx) error { return tx.SnoozeJobs(ctx, slow, t0) },
			"retry":   func(tx *store.Tx) error { return tx.RetryJob(ctx, lost, t0) },
			"unknown": func(tx *store.Tx) error { return tx.FinishJobs(ctx, []queue.Job{{ID: "a"}}) },
		} {
			if err := db.InTx(ctx, f); !errors.Is(err, queue.ErrLost) {
				t.Errorf("%s: got %v, want %v", name, err, queue.ErrLost)
			}
		}
		lost.RunAt = t0
		for name, f := range map[string]func(context.Context, []queue.Job, string) error{
			"release": db.Queue().Release, "bury": db.Queue().Bury,
		} {
			if err := f(ctx, []queue.Job{lost}, "x"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.FinishJobs(ctx, quick) })
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			left, err := tx.Backlog(ctx)
			if left["l"] != 1 {
				t.Errorf("backlog: got %v, want one job", left)
			}
			return err
		})
	})
}

func TestJobsThatArePutOff(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		enqueue(t, db, queue.Job{ID: "a", Lane: "l", RunAt: t0})
		at := t0
		step := func(name string, f func(tx *store.Tx, j queue.Job) error, attempt, strikes int) {
			t.Helper()
			jobs := claim(t, db, "l", 9, at)
			if len(jobs) != 1 {
				t.Fatalf("before %s: got %v, want the job", name, jobs)
			}
			at = at.Add(time.Second)
			jobs[0].RunAt = at
			inTx(t, db, func(_ context.Context, tx *store.Tx) error { return f(tx, jobs[0]) })
			if got := claim(t, db, "l", 9, at.Add(-1*time.Microsecond)); got != nil {
				t.Fatalf("after %s: claimed too early", name)
			}
			next := claim(t, db, "l", 9, at)
			if len(next) != 1 || next[0].Attempt != attempt || next[0].Strikes != strikes {
				t.Fatalf("after %s: got %+v, want attempt %d, strikes %d", name, next, attempt, strikes)
			}
			next[0].RunAt = at
			if err := db.Queue().Release(ctx, next, "error"); err != nil {
				t.Fatal(err)
			}
		}
		step("snooze", func(tx *store.Tx, j queue.Job) error { return tx.SnoozeJob(ctx, j, at) }, 1, 1)
		step("letter", func(tx *store.Tx, j queue.Job) error { return tx.SnoozeJobs(ctx, []queue.Job{j}, at) }, 2, 1)
		step("retry", func(tx *store.Tx, j queue.Job) error { return tx.RetryJob(ctx, j, at) }, 4, 1)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.MoveJobs(ctx, []string{"a", "b"}, at.Add(-time.Hour))
		})
		if got := claim(t, db, "l", 9, at.Add(-time.Hour)); len(got) != 1 || got[0].Attempt != 5 || got[0].Strikes != 2 {
			t.Errorf("moved: got %+v, want the job in its fifth run", got)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.MoveJobs(ctx, []string{"a"}, at.Add(-time.Hour))
		})
		if got := claim(t, db, "l", 9, at.Add(-time.Hour)); got != nil {
			t.Errorf("a job at work was moved: %v", got)
		}
	})
}

func TestDroppedJobs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		for _, id := range []string{"buried", "leased", "waiting", "other"} {
			enqueue(t, db, queue.Job{ID: id, Lane: id, RunAt: t0})
		}
		if err := db.Queue().Bury(ctx, claim(t, db, "buried", 1, t0), "panic"); err != nil {
			t.Fatal(err)
		}
		leased := claim(t, db, "leased", 1, t0)
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			return tx.DropJobs(ctx, []string{"buried", "leased", "waiting", "never"})
		})
		for name, f := range map[string]func(tx *store.Tx) error{
			"finish": func(tx *store.Tx) error { return tx.FinishJobs(ctx, leased) },
			"snooze": func(tx *store.Tx) error { return tx.SnoozeJob(ctx, leased[0], t0) },
			"retry":  func(tx *store.Tx) error { return tx.RetryJob(ctx, leased[0], t0) },
		} {
			if err := db.InTx(ctx, f); !errors.Is(err, queue.ErrLost) {
				t.Errorf("%s: got %v, want %v", name, err, queue.ErrLost)
			}
		}
		if err := db.Queue().Release(ctx, leased, "x"); err != nil {
			t.Errorf("release: %v", err)
		}
		read(t, db, func(ctx context.Context, tx *store.Tx) error {
			buried, err := tx.BuriedJobs(ctx)
			left, more := tx.Backlog(ctx)
			if len(buried) != 0 || len(left) != 1 || left["other"] != 1 {
				t.Errorf("got %v and buried %v, want only the other job", left, buried)
			}
			return errors.Join(err, more)
		})
	})
}

func TestNoJobIsClaimedTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		const jobs = 300
		var batch []queue.Job
		for i := range jobs {
			batch = append(batch, queue.Job{ID: fmt.Sprint(i), Lane: "l", RunAt: t0})
		}
		enqueue(t, db, batch...)
		var mu sync.Mutex
		var wg sync.WaitGroup
		seen := map[string]int{}
		for range 8 {
			wg.Go(func() {
				for {
					got, err := db.Queue().Claim(context.Background(), "l", 7, t0, t0.Add(time.Minute), "test")
					if err != nil {
						t.Errorf("claim: %v", err)
						return
					}
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for _, j := range got {
						seen[j.ID]++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for id, n := range seen {
			if n != 1 {
				t.Errorf("job %s was claimed %d times", id, n)
			}
		}
		if len(seen) != jobs {
			t.Errorf("%d jobs were claimed, want %d", len(seen), jobs)
		}
	})
}

func TestLanesAreWokenAfterTheCommit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var woken []string
		db.OnEnqueue(func(lane string) { woken = append(woken, lane) })
		enqueue(t, db, queue.Job{ID: "a", Lane: "m"}, queue.Job{ID: "b", Lane: "l"}, queue.Job{ID: "c", Lane: "m"})
		if want := []string{"l", "m"}; !slices.Equal(woken, want) {
			t.Errorf("got %v, want %v", woken, want)
		}
		woken = nil
		ctx := context.Background()
		_ = db.InTx(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.Enqueue(ctx, queue.Job{ID: "d", Lane: "n"}), errors.New("stop"))
		})
		if woken != nil {
			t.Errorf("rolled back: got %v, want none", woken)
		}
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.MoveJobs(ctx, []string{"a"}, t0) })
		if want := []string{"m"}; !slices.Equal(woken, want) {
			t.Errorf("moved: got %v, want %v", woken, want)
		}
	})
}

// The runner and the store together: jobs that fail come back, and everything
// is worked exactly once.
func TestRunnerWorksOffTheStore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		const jobs = 60
		var mu sync.Mutex
		done := map[string]int{}
		work := func(ctx context.Context, jobs []queue.Job) error {
			if jobs[0].Attempt == 1 {
				panic("first run")
			}
			if err := db.InTx(ctx, func(tx *store.Tx) error { return tx.FinishJobs(ctx, jobs) }); err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			for _, j := range jobs {
				done[j.ID]++
			}
			if len(done) == 60 {
				cancel()
			}
			return nil
		}
		runner := &queue.Runner{Store: db.Queue(), Lanes: []queue.Lane{{Name: "l", Batch: 8, Workers: 3, Work: work}}, Log: slog.New(slog.DiscardHandler)}
		db.OnEnqueue(runner.Wake)
		var stopped sync.WaitGroup
		stopped.Go(func() { _ = runner.Run(ctx) })
		for i := range jobs {
			enqueue(t, db, queue.Job{ID: fmt.Sprint(i), Lane: "l"})
		}
		stopped.Wait()
		for id, n := range done {
			if n != 1 {
				t.Errorf("job %s was finished %d times", id, n)
			}
		}
		if len(done) != jobs {
			t.Errorf("%d jobs were finished, want %d", len(done), jobs)
		}
	})
}

func TestUrgentJobsAreClaimedFirst(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		enqueue(t, db,
			queue.Job{ID: "bulk", Lane: "l", RunAt: t0, Urgency: queue.Bulk},
			queue.Job{ID: "again", Lane: "l", RunAt: t0.Add(time.Second), Urgency: queue.Again},
			queue.Job{ID: "later", Lane: "l", RunAt: t0.Add(time.Hour)},
			queue.Job{ID: "new 1", Lane: "l", RunAt: t0.Add(2 * time.Second)},
			queue.Job{ID: "new 2", Lane: "l", RunAt: t0.Add(3 * time.Second)},
		)
		at := t0.Add(5 * time.Second)
		if next, ok, err := db.Queue().Next(context.Background(), "l"); err != nil || !ok || !next.Equal(t0) {
			t.Errorf("next: got %v %v %v, want the bulk job's time", next, ok, err)
		}
		for i, want := range [][]string{{"new 1"}, {"again", "new 2"}, {"bulk"}, nil} {
			got := claim(t, db, "l", max(len(want), 1), at)
			if !slices.Equal(ids(got), want) {
				t.Errorf("claim %d: got %v, want %v", i+1, ids(got), want)
			}
			if len(got) > 0 && got[0].ID == "bulk" && got[0].Urgency != queue.Bulk {
				t.Errorf("the urgency is lost: %+v", got[0])
			}
		}
	})
}
