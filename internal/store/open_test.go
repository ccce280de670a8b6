package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// raw changes a closed database as nobody should.
func raw(t *testing.T, o store.Options, statements ...string) {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(o.URL, "postgres") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, o.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// opened opens and closes a database once.
func opened(t *testing.T, o store.Options) error {
	t.Helper()
	db, err := store.Open(context.Background(), o)
	if err != nil {
		return err
	}
	return db.Close()
}

func TestOpenAgain(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			for i := range 2 {
				if err := opened(t, o); err != nil {
					t.Fatalf("time %d: %v", i+1, err)
				}
			}
			if err := opened(t, store.Options{URL: o.URL, Master: seal.NewKey(), Blind: o.Blind}); !errors.Is(err, store.ErrKeys) {
				t.Errorf("another master key: got %v, want %v", err, store.ErrKeys)
			}
			if err := opened(t, store.Options{URL: o.URL, Master: o.Master, Blind: seal.NewKey()}); !errors.Is(err, store.ErrKeys) {
				t.Errorf("another blind key: got %v, want %v", err, store.ErrKeys)
			}
			if err := opened(t, store.Options{URL: o.URL}); err == nil {
				t.Errorf("no keys: got no error")
			}
		})
	}
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			if err := opened(t, o); err != nil {
				t.Fatal(err)
			}
			raw(t, o, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`,
				`INSERT INTO jobs (id, kind, lane, payload, run_at, attempt, strikes, lease, owner, last_error, buried)
				VALUES ('a', '', 'l', '', 7, 1, 1, 'lease', 'o', '', 0)`)
			if err := opened(t, o); !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "version 99") {
				t.Errorf("got %v, want %v", err, store.ErrNewer)
			}
			raw(t, o, `DELETE FROM goose_db_version WHERE version_id = 99`) // nothing was touched: the lease still stands
			o2 := o
			db, err := sql.Open(map[bool]string{true: "pgx", false: "sqlite"}[e.Name == "postgres"], o2.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var lease string
			if err := db.QueryRow(`SELECT lease FROM jobs`).Scan(&lease); err != nil || lease != "lease" {
				t.Errorf("lease: got %q %v, want it untouched", lease, err)
			}
		})
	}
}

// A database from before there were peers gets their tables and keeps its cases.
func TestOlderDatabaseIsBroughtUp(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db, err := store.Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			c := create(t, db, 1)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			raw(t, o, `DELETE FROM vault`, `DROP TABLE notices_seen`, `DROP INDEX audit_entries_told`, `DROP INDEX audit_entries_told_at`, `DROP INDEX cases_consent_until`, `DROP INDEX cases_due`, `DROP INDEX cases_own_stage`, `ALTER TABLE cases DROP COLUMN consent_until`, `DROP TABLE node_keys`, `DROP TABLE master_keys`, `ALTER TABLE case_keys DROP COLUMN master`, `DROP TABLE erasures`, `ALTER TABLE drafts DROP COLUMN seen_at`, `DROP TABLE mirror_codes`, `DROP TABLE mirror_sessions`, `DROP TABLE mirror_requests`, `DROP TABLE parcels`, `DROP TABLE inbox`, `DROP TABLE relays`, `DROP TABLE links`,
				`DROP TABLE credentials`, `DROP TABLE sessions`, `DROP TABLE tries`, `DROP TABLE officer_ties`, `DROP TABLE officers`, `DROP TABLE offices`,
				`DROP TABLE worklist`, `DROP TABLE letters`, `DROP TABLE letter_scans`, `DROP TABLE consent_forms`, `DROP TABLE consent_scans`, `DROP TABLE explanations`, `DROP TABLE explanation_records`, `DROP TABLE evidence`, `DROP TABLE corrections`, `DROP TABLE reminders`,
				`DROP TABLE peers`, `DROP TABLE enrolments`, `DROP TABLE incidents`,
				`DROP TABLE audit_checkpoints`, `DROP TABLE audit_cosignatures`, `DROP TABLE audit_peers`, `DROP TABLE witness_letters`,
				`DROP TABLE audit_head`, `DROP TABLE audit_hashes`, `DROP INDEX audit_entries_waiting`, `DROP INDEX cases_division`, `DROP INDEX cases_opened_by`, `DROP TABLE concerns`, `DROP TABLE exports`, `DROP TABLE concern_days`, `DROP INDEX audit_entries_at`, `ALTER TABLE cases DROP COLUMN opened_by`,
				`DROP TABLE upload_households`, `DROP TABLE uploads`, `DROP TABLE case_tallies`, `DROP TABLE tallies`, `DROP TABLE tally_rounds`, `DROP TABLE office_totals`, `DROP TABLE count_nodes`, `DROP TABLE count_months`, `DROP TABLE count_cells`, `DROP TABLE count_totals`, `DROP TABLE count_running`, `DROP INDEX cases_work`, `DROP INDEX cases_undecided`, `ALTER TABLE cases DROP COLUMN decided`, `DROP INDEX cases_uncounted`, `DROP INDEX cases_running`, `ALTER TABLE cases DROP COLUMN counted`,
				`ALTER TABLE queries DROP COLUMN scope`, `ALTER TABLE queries DROP COLUMN answered_by`,
				`DROP TABLE source_heard`, `DROP TABLE source_files`, `DROP TABLE source_checks`, `DROP INDEX queries_unsettled`, `DROP TABLE alerts`, `DROP TABLE processes`, `DROP TABLE source_use`, `DROP TABLE source_seen`, `DROP INDEX jobs_urgent`, `ALTER TABLE jobs DROP COLUMN urgency`,
				`CREATE INDEX jobs_due ON jobs (lane, run_at) WHERE buried = 0`,
				`ALTER TABLE queries DROP COLUMN held_until`, `ALTER TABLE queries DROP COLUMN basis`, `ALTER TABLE queries DROP COLUMN taken_from`,
				`DELETE FROM goose_db_version WHERE version_id > 1`)
			db = storetest.Open(t, o)
			post(t, db, parcel("a", 0))
			wantParcels(t, "brought up", pick(t, db, 9, t0), "a")
			if got := load(t, db, c.ID); got.Number != c.Number {
				t.Errorf("got case %s, want %s", got.Number, c.Number)
			}
		})
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	key := seal.NewKey()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 200)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, url, want string }{
		{"nothing", "", "no database is named"},
		{"nothing of SQLite", "sqlite:", "no database is named"},
		{"unknown kind", "mysql://somewhere/hedui", "mysql"},
		{"no such folder", filepath.Join(dir, "none", "hedui.db"), "no such file or directory"},
		{"a folder", dir, "is a directory"},
		{"not a database", text, "not a database"},
		{"nobody there", "postgres://hedui:secret@127.0.0.1:1/hedui", "refused"},
		{"unreadable URL", "postgres://hedui:secret@127.0.0.1:port/hedui", "invalid port"},
	} {
		err := opened(t, store.Options{URL: tt.url, Master: key, Blind: key})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error holds the password: %v", tt.name, err)
		}
	}
}

func TestOddPaths(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "核对 100%?#")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	key := seal.NewKey()
	for _, url := range []string{filepath.Join(dir, "a b?c=d#e.db"), "sqlite:" + filepath.Join(dir, "x%20y.db")} {
		if err := opened(t, store.Options{URL: url, Master: key, Blind: key}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		path := strings.TrimPrefix(url, "sqlite:")
		if info, err := os.Stat(path); err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v %v, want a database only its owner may read", path, info, err)
		}
	}
}

func TestSQLiteIsServedByOne(t *testing.T) {
	e := storetest.Engines()[0]
	o := e.Fresh(t)
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened(t, o); !errors.Is(err, store.ErrServed) {
		t.Errorf("second: got %v, want %v", err, store.ErrServed)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := opened(t, o); err != nil {
		t.Errorf("after closing: %v", err)
	}
}

// A worker that is killed in the middle of a run loses nothing: on SQLite its
// jobs are free when the database is opened again, on PostgreSQL when the lease
// ends.
func TestKilledWorker(t *testing.T) {
	if url := os.Getenv("HEDUI_TEST_VICTIM"); url != "" {
		victim(t, url, os.Getenv("HEDUI_TEST_KEYS"))
	}
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			keys := t.TempDir()
			if err := errors.Join(o.Master.Save(filepath.Join(keys, "master")), o.Blind.Save(filepath.Join(keys, "blind"))); err != nil {
				t.Fatal(err)
			}
			killVictim(t, o.URL, keys)

			db := storetest.Open(t, o)
			if e.Name == "postgres" {
				if got := claim(t, db, "l", 9, t0); got != nil {
					t.Errorf("the lease of the dead still stands, but got %v", got)
				}
			}
			after := t0
			if e.Name == "postgres" {
				after = t0.Add(time.Minute)
			}
			jobs := claim(t, db, "l", 9, after)
			if len(jobs) != 3 || jobs[0].Attempt != 2 {
				t.Fatalf("got %+v, want three jobs in their second run", jobs)
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.FinishJobs(ctx, jobs); err != nil {
					return err
				}
				first, err := tx.NextSerial(ctx, "key")
				if first != 1 {
					t.Errorf("serial: got %d, want 1: the transaction of the dead must not count", first)
				}
				return err
			})
		})
	}
}

// killVictim starts this test as a process of its own, and kills it when it is
// in the middle of a transaction.
func killVictim(t *testing.T, url, keys string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWorker$", "-test.count=1")
	cmd.Env = append(os.Environ(), "HEDUI_TEST_VICTIM="+url, "HEDUI_TEST_KEYS="+keys)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
		t.Log(lines.Text())
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func victim(t *testing.T, url, keys string) {
	master, err := seal.LoadKey(filepath.Join(keys, "master"))
	blind, more := seal.LoadKey(filepath.Join(keys, "blind"))
	if err := errors.Join(err, more); err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, store.Options{URL: url, Master: master, Blind: blind})
	enqueue(t, db, queue.Job{ID: "a", Lane: "l"}, queue.Job{ID: "b", Lane: "l"}, queue.Job{ID: "c", Lane: "l"})
	jobs := claim(t, db, "l", 9, t0)
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.NextSerial(ctx, "key"); err != nil {
			return err
		}
		if err := tx.FinishJobs(ctx, jobs); err != nil {
			return err
		}
		_, _ = os.Stdout.WriteString("ready\n")
		time.Sleep(time.Minute)
		return errors.New("nobody came")
	})
}
