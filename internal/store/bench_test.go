package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

func eachEngine(b *testing.B, f func(b *testing.B, db *store.DB)) {
	for _, e := range storetest.Engines() {
		b.Run(e.Name, func(b *testing.B) { f(b, e.Open(b)) })
	}
}

func jobs(from, n int) []queue.Job {
	list := make([]queue.Job, n)
	for i := range list {
		list[i] = queue.Job{ID: fmt.Sprintf("ask:%08d", from+i), Kind: "casework.ask", Lane: "l", Payload: []byte("a query's id, say")}
	}
	return list
}

func perSecond(b *testing.B, n int, what string) {
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), what+"/s")
	b.ReportMetric(0, "ns/op")
}

// One job is one operation; 48 jobs, those of a case, are enqueued together.
func BenchmarkEnqueue(b *testing.B) {
	eachEngine(b, func(b *testing.B, db *store.DB) {
		const batch = 48
		n := 0
		for b.Loop() {
			inTx(b, db, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, jobs(n, batch)...) })
			n += batch
		}
		perSecond(b, n, "jobs")
	})
}

// Jobs are claimed and finished by a Runner, in batches as for one source.
func BenchmarkWork(b *testing.B) {
	for _, batch := range []int{1, 10, 50} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			eachEngine(b, func(b *testing.B, db *store.DB) { benchmarkWork(b, db, batch, 4) })
		})
	}
}

func benchmarkWork(b *testing.B, db *store.DB, batch, workers int) {
	const round = 4096
	n := 0
	for b.Loop() {
		b.StopTimer()
		for i := range 4 {
			inTx(b, db, func(ctx context.Context, tx *store.Tx) error { return tx.Enqueue(ctx, jobs(n+i*round/4, round/4)...) })
		}
		ctx, cancel := context.WithCancel(context.Background())
		var left atomic.Int64
		left.Store(round)
		work := func(ctx context.Context, jobs []queue.Job) error {
			err := db.InTx(ctx, func(tx *store.Tx) error { return tx.FinishJobs(ctx, jobs) })
			if left.Add(-int64(len(jobs))) == 0 {
				cancel()
			}
			return err
		}
		r := &queue.Runner{Store: db.Queue(), Lanes: []queue.Lane{{Name: "l", Batch: batch, Workers: workers, Work: work}}}
		b.StartTimer()
		_ = r.Run(ctx)
		n += round
	}
	perSecond(b, n, "jobs")
}

// One operation is what the store does for one case of four persons from its
// opening to the last of 48 answers, which come one by one from 12 sources.
func BenchmarkCase(b *testing.B) {
	eachEngine(b, func(b *testing.B, db *store.DB) {
		n := 0
		for b.Loop() {
			c := storetest.Case(b, n)
			n++
			queries := storetest.Plan(c)
			work := make([]queue.Job, len(queries))
			for i, q := range queries {
				work[i] = queue.Job{ID: "ask:" + q.ID, Lane: "ask:" + q.Source, Payload: []byte(q.ID)}
			}
			inTx(b, db, func(ctx context.Context, tx *store.Tx) error { return tx.CreateCase(ctx, c) })
			inTx(b, db, func(ctx context.Context, tx *store.Tx) error {
				for _, err := range []error{tx.SaveCase(ctx, c), tx.AddQueries(ctx, queries), tx.Enqueue(ctx, work...)} {
					if err != nil {
						return err
					}
				}
				return tx.Record(ctx, audit.New(t0, "clerk", "", audit.Accepted, c.ID, ""))
			})
			var sources sync.WaitGroup
			for _, code := range c.Programme.Usual() {
				sources.Go(func() { answer(b, db, c, "ask:"+string(code)) })
			}
			sources.Wait()
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "cases/s")
	})
}

// answer claims the four queries of one source and saves their answers.
func answer(b *testing.B, db *store.DB, c *hedui.Case, lane string) {
	claimed := claim(b, db, lane, 50, t0.Add(time.Hour))
	ids := make([]string, len(claimed))
	for i, j := range claimed {
		ids[i] = string(j.Payload)
	}
	var queries []hedui.Query
	read(b, db, func(ctx context.Context, tx *store.Tx) (err error) {
		if queries, err = tx.QueriesByID(ctx, ids); err != nil {
			return err
		}
		_, err = tx.Case(ctx, c.ID)
		return err
	})
	for i := range queries {
		queries[i].Take(storetest.Answer(c, &queries[i]), t0)
	}
	inTx(b, db, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.LockCases(ctx, []string{c.ID}); err != nil {
			return err
		}
		if _, err := tx.CountOpen(ctx, c.ID); err != nil {
			return err
		}
		for _, err := range []error{tx.SaveQueries(ctx, queries), tx.FinishJobs(ctx, claimed)} {
			if err != nil {
				return err
			}
		}
		return tx.Record(ctx, audit.New(t0, "system", lane, audit.Asked, c.ID, ""))
	})
}

// One parcel is one operation: written with 63 others, picked, delivered, while
// ten thousand wait for another peer.
func BenchmarkParcels(b *testing.B) {
	eachEngine(b, func(b *testing.B, db *store.DB) {
		batch := func(n, size int, peer string) []store.Parcel {
			list := make([]store.Parcel, size)
			for i := range list {
				list[i] = parcel(fmt.Sprintf("%08d", n+i), n+i)
				list[i].Peer, list[i].Body = peer, make([]byte, 1000)
			}
			return list
		}
		post(b, db, batch(0, 10_000, "330212")...)
		n := 0
		for b.Loop() {
			post(b, db, batch(n, 64, hub)...)
			if err := db.ParcelsDelivered(context.Background(), hub, parcelIDs(pick(b, db, 64, t0))); err != nil {
				b.Fatal(err)
			}
			n += 64
		}
		perSecond(b, n, "parcels")
	})
}

// One entry is one operation: it gets its place in the log, in rounds as the
// sequencer makes them. That it was recorded before is not measured.
func BenchmarkSequence(b *testing.B) {
	for _, size := range []int{100, 1000, 4000} {
		b.Run(fmt.Sprintf("round=%d", size), func(b *testing.B) {
			eachEngine(b, func(b *testing.B, db *store.DB) {
				n := 0
				for b.Loop() {
					b.StopTimer()
					recordMany(b, db, size)
					b.StartTimer()
					got, err := db.Sequence(context.Background(), size, t0)
					if err != nil || got != size {
						b.Fatalf("got %d %v, want %d", got, err, size)
					}
					n += got
				}
				perSecond(b, n, "entries")
			})
		})
	}
}

// recordMany records entries, as many in a transaction as a case has queries.
func recordMany(tb testing.TB, db *store.DB, n int) {
	tb.Helper()
	for n > 0 {
		list := make([]audit.Entry, min(n, 48))
		for i := range list {
			list[i] = audit.New(t0, "system", "housing_fund", audit.Asked, "0193f1a0-0000-7000-8000-000000000000", "asked: none")
		}
		n -= len(list)
		inTx(tb, db, func(ctx context.Context, tx *store.Tx) error { return tx.Record(ctx, list...) })
	}
}

// As BenchmarkSequence in rounds of the sequencer, with every head signed.
func BenchmarkSequenceSigned(b *testing.B) {
	eachEngine(b, func(b *testing.B, db *store.DB) {
		db.SignLog(logKey(b, "haishu"))
		n := 0
		for b.Loop() {
			b.StopTimer()
			recordMany(b, db, 10_000)
			b.StartTimer()
			n += sequenceAll(b, db, 1000)
		}
		perSecond(b, n, "entries")
	})
}

// A copy in tiles is proved from its entries.
func BenchmarkVerifyCopy(b *testing.B) {
	db := storetest.Engines()[0].Open(b)
	const size = 20_000
	key := logKey(b, "haishu")
	db.SignLog(key)
	recordMany(b, db, size)
	sequenceAll(b, db, 4000)
	whole := copyLog(b, db)
	n := 0
	for b.Loop() {
		c, err := audit.Copy{Read: whole.read}.Verify(context.Background(), audit.Trust{key.Verifier()})
		if err != nil || !c.Sound() || c.Size != size {
			b.Fatalf("got %+v %v", c, err)
		}
		n += size
	}
	perSecond(b, n, "entries")
}

// One entry is one operation: its leaf, its hashes and its row are proved.
func BenchmarkCheckLog(b *testing.B) {
	eachEngine(b, func(b *testing.B, db *store.DB) {
		const size = 20_000
		recordMany(b, db, size)
		sequenceAll(b, db, 4000)
		n := 0
		for b.Loop() {
			c, err := db.CheckLog(context.Background())
			if err != nil || !c.Sound() || c.Size != size {
				b.Fatalf("got %+v %v", c, err)
			}
			n += size
		}
		perSecond(b, n, "entries")
	})
}
