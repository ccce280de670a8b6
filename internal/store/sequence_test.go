package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hedui/internal/audit"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// peek opens a database beside the program, as an intruder or an auditor might.
func peek(t *testing.T, o store.Options) *sql.DB {
	t.Helper()
	driver, url := "sqlite", "file:"+o.URL+"?_pragma=busy_timeout(10000)"
	if strings.HasPrefix(o.URL, "postgres") {
		driver, url = "pgx", o.URL
	}
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// sequenceAll sequences in rounds of the given size until nothing is left.
func sequenceAll(t testing.TB, db *store.DB, round int) (total int) {
	t.Helper()
	for {
		n, err := db.Sequence(context.Background(), round, t0)
		if err != nil {
			t.Fatalf("sequence: %v", err)
		}
		if n == 0 {
			return total
		}
		total += n
	}
}

// sound checks the log with CheckLog, and by hand: places without a gap, each
// entry once, and the root that the log library computes from the entries.
func sound(t *testing.T, db *store.DB, o store.Options, want int64) {
	t.Helper()
	c, err := db.CheckLog(context.Background())
	if err != nil || !c.Sound() || c.Size != want || c.Waiting != 0 {
		t.Fatalf("check: got size %d, %d waiting, faults %+v, %v; want %d", c.Size, c.Waiting, c.Faults, err, want)
	}
	rows, err := peek(t, o).Query(`SELECT seq, id, entry FROM audit_entries ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) (list []tlog.Hash, _ error) {
		for _, i := range indexes {
			list = append(list, all[i])
		}
		return list, nil
	})
	ids, n := map[string]bool{}, int64(0)
	for ; rows.Next(); n++ {
		var seq int64
		var id, entry string
		if err := rows.Scan(&seq, &id, &entry); err != nil || seq != n {
			t.Fatalf("place %d: got %d %v", n, seq, err)
		}
		more, err := tlog.StoredHashes(n, []byte(entry), read)
		if err != nil {
			t.Fatal(err)
		}
		ids[id], all = true, append(all, more...)
	}
	root, err := tlog.TreeHash(n, read)
	if err != nil || rows.Err() != nil || n != want || int64(len(ids)) != want || root != c.Root {
		t.Errorf("got %d places, %d entries, root %v, %v %v; want %d and %v", n, len(ids), c.Root, err, rows.Err(), want, root)
	}
}

func TestEntriesGetTheirPlacesInOrder(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			ctx, o := context.Background(), e.Fresh(t)
			db := storetest.Open(t, o)
			sound(t, db, o, 0)
			recordMany(t, db, 130)
			for _, want := range []int{0, 1, 64, 65, 0} {
				if got, err := db.Sequence(ctx, want, t0); got != want || err != nil {
					t.Fatalf("got %d %v, want %d", got, err, want)
				}
			}
			if got, err := db.Sequence(ctx, -1, t0); got != 0 || err != nil {
				t.Errorf("at most -1: got %d %v", got, err)
			}
			sound(t, db, o, 130)
			recordMany(t, db, 2)
			head, waiting, err := db.LogHead(ctx)
			if err != nil || head.Size != 130 || waiting != 2 || !head.At.Equal(t0) {
				t.Errorf("got %+v, %d waiting, %v; want 130 at %v and 2", head, waiting, err, t0)
			}
			var disorder int
			if err := peek(t, o).QueryRow(`SELECT count(*) FROM audit_entries a JOIN audit_entries b ON b.seq = a.seq + 1 WHERE b.id < a.id`).Scan(&disorder); err != nil || disorder != 0 {
				t.Errorf("%d neighbours are not in the order of their ids, %v", disorder, err)
			}
		})
	}
}

// Several processes record and sequence at once, some broken off in the middle.
func TestManySequencersMakeOneLog(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			processes := []*store.DB{storetest.Open(t, o)}
			for e.Name != "sqlite" && len(processes) < 3 { // one process serves a SQLite file
				processes = append(processes, storetest.Open(t, o))
			}
			const writers, acts = 6, 60
			var recorded, placed atomic.Int64
			var work, sequencers sync.WaitGroup
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			for w := range writers {
				work.Go(func() {
					for n := range acts {
						recordMany(t, processes[w%len(processes)], 1+(n+w)%7)
						recorded.Add(int64(1 + (n+w)%7))
					}
				})
			}
			for s := range 2 * len(processes) { // two that hold the lease for each, which the lease would prevent
				sequencers.Go(func() {
					for ctx.Err() == nil {
						run, stop := ctx, func() {}
						if s%2 == 1 {
							run, stop = context.WithTimeout(ctx, time.Duration(rand.IntN(4000))*time.Microsecond)
						}
						n, err := processes[s/2].Sequence(run, 1+rand.IntN(40), t0)
						stop()
						if err != nil { // its connection is gone; without a rest the new ones would flood the server
							time.Sleep(5 * time.Millisecond)
						}
						if err != nil && s%2 == 0 && ctx.Err() == nil {
							t.Errorf("sequence: %v", err)
							return
						}
						placed.Add(int64(n))
					}
				})
			}
			work.Wait()
			cancel()
			sequencers.Wait()
			// The head may still be held by a transaction whose process gave up on it: nothing is placed until the server has ended it.
			for range 200 {
				placed.Add(int64(sequenceAll(t, processes[0], 50)))
				if _, waiting, err := processes[0].LogHead(context.Background()); err != nil || waiting == 0 {
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
			sound(t, processes[0], o, recorded.Load())
			// A commit that was broken off may have been made: more may have their place than were reported, never fewer.
			if placed.Load() > recorded.Load() {
				t.Errorf("%d places were given to %d entries", placed.Load(), recorded.Load())
			}
		})
	}
}

// postgresOnly opens a fresh database of the engine where one can wait for another.
func postgresOnly(t *testing.T) (store.Options, *store.DB) {
	t.Helper()
	for _, e := range storetest.Engines() {
		if e.Name == "postgres" {
			o := e.Fresh(t)
			return o, storetest.Open(t, o)
		}
	}
	t.Skip("one transaction at a time: nothing can come in between")
	return store.Options{}, nil
}

// An entry that is committed late, with an id earlier than others that have
// their place, gets a later place; and nobody waits for its transaction.
func TestALateEntryGetsALaterPlace(t *testing.T) {
	o, db := postgresOnly(t)
	late := audit.New(t0, "clerk", "", audit.Asked, "late", "")
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Record(ctx, late); err != nil {
			return err
		}
		recordMany(t, db, 10) // in transactions of their own
		if got := sequenceAll(t, db, 100); got != 10 {
			t.Errorf("while one is not committed: got %d, want the other 10", got)
		}
		return nil
	})
	if got := sequenceAll(t, db, 100); got != 1 {
		t.Errorf("after the commit: got %d, want 1", got)
	}
	var seq int64
	if err := peek(t, o).QueryRow(`SELECT seq FROM audit_entries WHERE id = $1`, late.ID).Scan(&seq); err != nil || seq != 10 {
		t.Errorf("got place %d %v, want 10", seq, err)
	}
	sound(t, db, o, 11)
}

// While one sequencer has moved the head and not committed, another waits and
// then finds itself too late; whoever records does not wait.
func TestTheSecondSequencerIsTooLate(t *testing.T) {
	o, db := postgresOnly(t)
	ctx := t.Context()
	recordMany(t, db, 3)
	other := peek(t, o)
	first, err := other.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Rollback()
	var pid int
	if err := first.QueryRow(`SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Exec(`UPDATE audit_head SET size = 7`); err != nil {
		t.Fatal(err)
	}
	second := make(chan string)
	go func() {
		n, err := db.Sequence(ctx, 10, t0)
		second <- fmt.Sprint(n, " ", err)
	}()
	for waits := 0; waits == 0; time.Sleep(time.Millisecond) {
		if err := other.QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))`, pid).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	recordMany(t, db, 3)
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := <-second; got != "0 <nil>" {
		t.Errorf("got %s, want nothing done and no error", got)
	}
	if _, err := other.Exec(`UPDATE audit_head SET size = 0`); err != nil {
		t.Fatal(err)
	}
	if got := sequenceAll(t, db, 10); got != 6 {
		t.Errorf("got %d, want 6", got)
	}
	sound(t, db, o, 6)
}

// tampering is what can be done to the tables, and what of it is found: the
// faults of a log of 2100 entries, three of them waiting.
var tampering = []struct {
	name       string
	statements []string
	want       []string
}{
	{"nothing", nil, nil},
	{"an entry changed", []string{`UPDATE audit_entries SET entry = replace(entry, 'none', 'found') WHERE seq = 1500`},
		[]string{"audit.changed 1500-1501"}},
	{"an entry made unreadable", []string{`UPDATE audit_entries SET entry = entry || ' ' WHERE seq = 0`}, []string{"audit.changed 0-1"}},
	{"an entry under another case", []string{`UPDATE audit_entries SET case_id = 'x' WHERE seq = 999`}, []string{"audit.changed 999-1000"}},
	{"an entry at another time", []string{`UPDATE audit_entries SET at = at + 1 WHERE seq = 1000`}, []string{"audit.changed 1000-1001"}},
	{"a leaf hash changed", []string{`UPDATE audit_entries SET leaf = (SELECT leaf FROM audit_entries WHERE seq = 1) WHERE seq = 2`},
		[]string{"audit.changed 2-3"}},
	{"a waiting entry changed", []string{`UPDATE audit_entries SET verb = 'case.read' WHERE seq IS NULL`},
		[]string{"audit.changed -1--1", "audit.changed -1--1", "audit.changed -1--1"}},
	{"an entry dropped", []string{`DELETE FROM audit_entries WHERE seq = 1024`}, []string{"audit.missing 1024-1025"}},
	{"the last entries dropped", []string{`DELETE FROM audit_entries WHERE seq >= 2095`}, []string{"audit.missing 2095-2097", "audit.bad_root 0-2097"}},
	{"two entries swapped", []string{`UPDATE audit_entries SET seq = -9 WHERE seq = 5`, `UPDATE audit_entries SET seq = 5 WHERE seq = 1700`,
		`UPDATE audit_entries SET seq = 1700 WHERE seq = -9`}, []string{"audit.exchanged 5-6", "audit.exchanged 1700-1701"}},
	{"an entry replaced with its leaf hash", []string{`DELETE FROM audit_entries WHERE seq = 2000`,
		`UPDATE audit_entries SET seq = 2000 WHERE id = (SELECT max(id) FROM audit_entries WHERE seq IS NULL)`}, []string{"audit.exchanged 2000-2001"}},
	{"an entry added", []string{`UPDATE audit_entries SET seq = 2097 WHERE id = (SELECT max(id) FROM audit_entries WHERE seq IS NULL)`},
		[]string{"audit.added 2097-2098"}},
	{"an entry added before the first", []string{`UPDATE audit_entries SET seq = -1 WHERE id = (SELECT max(id) FROM audit_entries WHERE seq IS NULL)`},
		[]string{"audit.added -1-0"}},
	{"a place taken back", []string{`UPDATE audit_entries SET seq = NULL WHERE seq = 77`}, []string{"audit.missing 77-78"}},
	{"a subtree's hash changed", []string{fmt.Sprintf(`UPDATE audit_hashes SET hash = (SELECT hash FROM audit_hashes WHERE i = 0) WHERE i = %d`, tlog.StoredHashIndex(3, 9))},
		[]string{"audit.bad_hash 72-80", "audit.bad_hash 64-80"}}, // itself, and the one it is the left half of
	{"a subtree's hash dropped", []string{fmt.Sprintf(`DELETE FROM audit_hashes WHERE i = %d`, tlog.StoredHashIndex(10, 1))}, []string{"audit.bad_hash 1024-2048"}},
	{"an entry's stored hash dropped", []string{fmt.Sprintf(`DELETE FROM audit_hashes WHERE i = %d`, tlog.StoredHashIndex(0, 3))}, []string{"audit.bad_hash 3-4"}},
	{"a hash added", []string{fmt.Sprintf(`INSERT INTO audit_hashes (i, hash) SELECT %d, hash FROM audit_hashes WHERE i = 0`, tlog.StoredHashIndex(0, 2097))},
		[]string{"audit.extra_hash 2097-2098"}},
	{"a hash added far off", []string{`INSERT INTO audit_hashes (i, hash) SELECT 9223372036854775807, hash FROM audit_hashes WHERE i = 0`},
		[]string{"audit.extra_hash 2305843009213693953-2305843009213693954"}},
	{"the root changed", []string{`UPDATE audit_head SET root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`}, []string{"audit.bad_root 0-2097"}},
	{"the head set forward", []string{`UPDATE audit_head SET size = 4611686018427387000`},
		[]string{"audit.missing 2097-4611686018427387000", "audit.bad_root 0-4611686018427387000"}},
	{"the head set back", []string{`UPDATE audit_head SET size = 2096`},
		[]string{"audit.added 2096-2097", "audit.extra_hash 2096-2097", "audit.bad_root 0-2096"}},
}

func TestTamperingIsFoundWhereItIs(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db := storetest.Open(t, o)
			recordMany(t, db, 2097)
			sequenceAll(t, db, 1000)
			recordMany(t, db, 3)
			raw(t, o, `CREATE TABLE kept_entries AS SELECT * FROM audit_entries`, `CREATE TABLE kept_hashes AS SELECT * FROM audit_hashes`,
				`CREATE TABLE kept_head AS SELECT * FROM audit_head`)
			for _, tt := range tampering {
				t.Run(tt.name, func(t *testing.T) {
					raw(t, o, tt.statements...)
					c, err := db.CheckLog(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					var got []string
					for _, f := range c.Faults {
						got = append(got, fmt.Sprintf("%s %d-%d", f.Kind, f.Seq, f.Until))
						if (f.Kind == audit.Changed || f.Kind == audit.Exchanged || f.Kind == audit.Added) && f.ID == "" {
							t.Errorf("%v names no entry", f)
						}
					}
					if !slices.Equal(got, tt.want) || c.Sound() != (tt.want == nil) || c.Count != int64(len(got)) {
						t.Errorf("got %q, want %q", got, tt.want)
					}
					raw(t, o, `DELETE FROM audit_entries`, `DELETE FROM audit_hashes`, `DELETE FROM audit_head`,
						`INSERT INTO audit_entries SELECT * FROM kept_entries`, `INSERT INTO audit_hashes SELECT * FROM kept_hashes`,
						`INSERT INTO audit_head SELECT * FROM kept_head`)
				})
			}
		})
	}
}

// A log without its head is found out, and every entry is beyond it.
func TestALostHeadIsFound(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db := storetest.Open(t, o)
			recordMany(t, db, 3*audit.MaxFaults)
			sequenceAll(t, db, 1000)
			raw(t, o, `DELETE FROM audit_head`)
			c, err := db.CheckLog(t.Context())
			if err != nil || c.Faults[0].Kind != audit.Added || c.Faults[0].Seq != 0 || len(c.Faults) != audit.MaxFaults || c.Count <= 3*audit.MaxFaults {
				t.Errorf("got %d faults, first %+v, %v; want every entry", c.Count, c.Faults, err)
			}
		})
	}
}

// Nothing is built on a log whose hashes were changed behind our back, and
// nothing is lost by that: it goes on when they are right again.
func TestSequenceRefusesADamagedLog(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			ctx, o := context.Background(), e.Fresh(t)
			db := storetest.Open(t, o)
			recordMany(t, db, 6)
			sequenceAll(t, db, 1000)
			recordMany(t, db, 3)
			edge := tlog.StoredHashIndex(2, 0)
			for name, change := range map[string][2]string{
				"root": {`UPDATE audit_head SET root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`, `UPDATE audit_head SET root = (SELECT root FROM kept_head)`},
				"hash": {fmt.Sprintf(`UPDATE audit_hashes SET hash = (SELECT hash FROM audit_hashes WHERE i = 0) WHERE i = %d`, edge),
					fmt.Sprintf(`UPDATE audit_hashes SET hash = (SELECT hash FROM kept_hashes WHERE i = %d) WHERE i = %[1]d`, edge)},
				"gone": {fmt.Sprintf(`DELETE FROM audit_hashes WHERE i = %d`, edge),
					fmt.Sprintf(`INSERT INTO audit_hashes SELECT i, hash FROM kept_hashes WHERE i = %d`, edge)},
				"next": {`UPDATE audit_entries SET leaf = verb`, `UPDATE audit_entries SET leaf = (SELECT leaf FROM kept_entries WHERE kept_entries.id = audit_entries.id)`},
			} {
				if name == "next" && e.Name == "postgres" {
					change[0] = `UPDATE audit_entries SET leaf = convert_to(verb, 'UTF8')`
				}
				raw(t, o, `CREATE TABLE kept_hashes AS SELECT * FROM audit_hashes`, `CREATE TABLE kept_head AS SELECT * FROM audit_head`,
					`CREATE TABLE kept_entries AS SELECT * FROM audit_entries`, change[0])
				if n, err := db.Sequence(ctx, 10, t0); err == nil {
					t.Errorf("%s: %d entries got a place", name, n)
				}
				raw(t, o, change[1], `DROP TABLE kept_hashes`, `DROP TABLE kept_head`, `DROP TABLE kept_entries`)
			}
			sequenceAll(t, db, 1000)
			sound(t, db, o, 9)
		})
	}
}

// A check while others record and sequence finds nothing wrong.
func TestCheckLogWhileTheLogGrows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		recordMany(t, db, 100)
		var grow sync.WaitGroup
		var stop atomic.Bool
		grow.Go(func() {
			for !stop.Load() {
				recordMany(t, db, 30)
				sequenceAll(t, db, 20)
			}
		})
		for range 20 {
			if c, err := db.CheckLog(t.Context()); err != nil || !c.Sound() {
				t.Errorf("got %+v %v, want a sound log", c.Faults, err)
			}
		}
		stop.Store(true)
		grow.Wait()
	})
}
