package casework

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

func record(t *testing.T, db *store.DB, n int) {
	t.Helper()
	list := make([]audit.Entry, n)
	for i := range list {
		list[i] = audit.New(storetest.At, "system", "", audit.Asked, "case", "")
	}
	if err := db.InTx(t.Context(), func(tx *store.Tx) error { return tx.Record(t.Context(), list...) }); err != nil {
		t.Fatal(err)
	}
}

// awaitSize waits until the log has the size and nothing waits.
func (b *bench) awaitSize(t *testing.T, want int64) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		size, waiting, err := b.AuditSize(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if size == want && waiting == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("got size %d and %d waiting, want %d and none", size, waiting, want)
		}
	}
}

func claimSequence(t *testing.T, db *store.DB, now, until time.Time) []queue.Job {
	t.Helper()
	jobs, err := db.Queue().Claim(t.Context(), auditLane, 9, now, until, "test")
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// Several processes on one database record and sequence: there is one job, and
// one log.
func TestSeveralProcessesHaveOneSequencer(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			desks := []*bench{newBench(t, storetest.Open(t, o), time.Hour)}
			if e.Name != "sqlite" { // which one process serves
				desks = append(desks, newBench(t, storetest.Open(t, o), time.Hour), newBench(t, storetest.Open(t, o), time.Hour))
			}
			for _, b := range desks {
				b.start(t)
			}
			total := int64(0)
			for n := range 30 {
				record(t, desks[n%len(desks)].DB, 100)
				total += 100
			}
			desks[0].awaitSize(t, total)
			c, err := desks[0].DB.CheckLog(t.Context())
			if err != nil || !c.Sound() {
				t.Errorf("got faults %+v, %v", c.Faults, err)
			}
			if err := desks[0].DB.Read(t.Context(), func(tx *store.Tx) error {
				lanes, err := tx.Backlog(t.Context())
				if lanes[auditLane] != 1 {
					t.Errorf("got %d jobs, want one", lanes[auditLane])
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A process that was killed while it had the lease is followed by another when
// the lease ends; should it come back to life, it has nothing to finish.
func TestAKilledSequencerIsFollowedByAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		if lease := b.sequenceLane().Lease; lease > 10*time.Second {
			t.Errorf("nobody sequences for %v after a kill", lease)
		}
		if err := b.startSequencer(t.Context()); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		killed := claimSequence(t, db, now, now.Add(time.Second)) // the rest of its lease
		if len(killed) != 1 {
			t.Fatalf("got %v, want the job", killed)
		}
		record(t, db, 5)
		b.start(t)
		b.awaitSize(t, 5)
		if waited := time.Since(now); waited < time.Second {
			t.Errorf("another took the lease after %v, while it held", waited)
		}
		if err := b.sequenceLane().Work(t.Context(), killed); !errors.Is(err, queue.ErrLost) {
			t.Errorf("the killed one: got %v, want %v", err, queue.ErrLost)
		}
		record(t, db, 5)
		b.awaitSize(t, 10)
	})
}

// After a full round the next is due at once, after a smaller one in a while,
// and starting the sequencer again changes nothing.
func TestRoundsFollowEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, time.Hour)
		now := storetest.At
		b.Now = func() time.Time { return now }
		record(t, db, 2*sequenceRound+1)
		for _, want := range []struct {
			size int64
			wait time.Duration
		}{{sequenceRound, 0}, {2 * sequenceRound, 0}, {2*sequenceRound + 1, sequencePause}, {2*sequenceRound + 1, sequencePause}} {
			if err := b.startSequencer(t.Context()); err != nil {
				t.Fatal(err)
			}
			jobs := claimSequence(t, db, now, now.Add(sequenceLease))
			if len(jobs) != 1 || jobs[0].Kind != jobSequence || jobs[0].Attempt != 1 {
				t.Fatalf("got %+v, want the job in its first attempt", jobs)
			}
			if err := b.sequenceLane().Work(t.Context(), jobs); err != nil {
				t.Fatal(err)
			}
			next, ok, err := db.Queue().Next(t.Context(), auditLane)
			if size, _, err := b.AuditSize(t.Context()); size != want.size || err != nil {
				t.Errorf("got size %d %v, want %d", size, err, want.size)
			}
			if !ok || err != nil || !next.Equal(now.Add(want.wait)) {
				t.Errorf("at size %d the next round is at %v %v, want after %v", want.size, next, err, want.wait)
			}
			now = next
		}
	})
}

// A desk that is told to stop before it has begun stops without an error.
func TestStopBeforeTheStart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := newBench(t, db, time.Hour).Run(ctx); err != nil {
			t.Errorf("got %v", err)
		}
	})
}

// A log that was changed behind our back is not added to, however often it is
// tried; the sequencer stays, and goes on when the log is right again.
func TestAFailedRoundIsTriedAgain(t *testing.T) {
	o := storetest.Engines()[0].Fresh(t)
	db := storetest.Open(t, o)
	b := newBench(t, db, time.Hour)
	now := storetest.At
	b.Now = func() time.Time { return now }
	change := func(statement string) {
		t.Helper()
		beside, err := sql.Open("sqlite", o.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = beside.Exec(statement)
		if err := errors.Join(err, beside.Close()); err != nil {
			t.Fatal(err)
		}
	}
	record(t, db, 3)
	if err := b.startSequencer(t.Context()); err != nil {
		t.Fatal(err)
	}
	change(`UPDATE audit_head SET root = 'x' || root`)
	for range 30 { // more than the runs after which a job is buried elsewhere
		jobs := claimSequence(t, db, now, now.Add(sequenceLease))
		if len(jobs) != 1 || jobs[0].Attempt != 1 || jobs[0].Strikes != 1 {
			t.Fatalf("got %+v, want the job as if it were its first run", jobs)
		}
		if err := b.sequenceLane().Work(t.Context(), jobs); err == nil {
			t.Fatal("a damaged log was added to")
		}
		now = now.Add(sequenceLease)
	}
	change(`UPDATE audit_head SET root = substr(root, 2)`)
	if err := b.sequenceLane().Work(t.Context(), claimSequence(t, db, now, now.Add(sequenceLease))); err != nil {
		t.Fatal(err)
	}
	if size, waiting, err := b.AuditSize(t.Context()); size != 3 || waiting != 0 || err != nil {
		t.Errorf("got size %d, %d waiting, %v; want all three in their places", size, waiting, err)
	}
}
