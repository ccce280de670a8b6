package store_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// finder finds keys as a directory of key files does.
func finder(keys ...seal.Key) func(id string) (seal.Key, error) {
	return func(id string) (seal.Key, error) {
		for _, k := range keys {
			if own, err := k.ID(); err == nil && own == id {
				return k, nil
			}
		}
		return seal.Key{}, store.ErrKeyMissing
	}
}

func keyID(t *testing.T, k seal.Key) string {
	t.Helper()
	id, err := k.ID()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// fill writes something into every column that lies under a node key, and a case with
// all that belongs to it.
func fill(t *testing.T, db *store.DB) *hedui.Case {
	t.Helper()
	c, _ := everything(t, db)
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		concerns := []hedui.Concern{{ID: "N1", Detector: "d", Officer: "o", On: day.Of(t0), Count: 1, RaisedAt: t0}, {ID: "N2", Detector: "e", Officer: "o", On: day.Of(t0), Count: 1, RaisedAt: t0}}
		if _, err := tx.AddConcerns(ctx, concerns); err != nil {
			return err
		}
		concerns[0].State, concerns[0].Note, concerns[0].SettledAt = hedui.ConcernExplained, "a note", t0
		return errors.Join(tx.SaveConcern(ctx, concerns[0], hedui.ConcernOpen), // the other has none
			tx.SaveCredential(ctx, store.Credential{ID: "C", Officer: "clerk", Kind: store.TOTPCredential, MadeAt: t0, Body: []byte("secret of an app")}),
			tx.AddSession(ctx, store.Session{ID: "S", Token: strings.Repeat("0", 64), Officer: "clerk", Stage: store.SessionOpen, MadeAt: t0, Pending: []byte(`{"a":1}`)}),
			tx.SaveEnrolment(ctx, store.Enrolment{Name: "haishu", Division: "330203", Level: "county", State: store.Invited, ExpiresAt: t0, Secret: []byte("code")}))
	})
	return c
}

// wantAll reads what fill wrote.
func wantAll(t *testing.T, db *store.DB, caseID string) {
	t.Helper()
	c := load(t, db, caseID)
	content := c.Persons[0].Name + c.Persons[0].ID.Reveal()
	var got []string
	err := db.InTx(t.Context(), func(tx *store.Tx) error {
		ctx := t.Context()
		draft, err1 := tx.Draft(ctx, "d", "clerk")
		parcels, err2 := tx.ParcelsByID(ctx, "330200", []string{"p"})
		relays, err3 := tx.RelaysByID(ctx, []string{store.RelayID("330212", "open")})
		items, err4 := tx.ItemsByID(ctx, []string{"ITEM"})
		credential, err5 := tx.Credential(ctx, "C")
		session, err6 := tx.Session(ctx, strings.Repeat("0", 64))
		enrolments, err7 := tx.Enrolments(ctx)
		report, err8 := tx.Report(ctx, caseID, 1)
		concerns, err9 := tx.Concerns(ctx, store.ConcernFilter{})
		if len(concerns) > 0 && (len(concerns) != 2 || concerns[1].Note != "a note" || concerns[0].Note != "") { // there were none before versions
			t.Errorf("got concerns %+v", concerns)
		}
		if err := errors.Join(err9, err1, err2, err3, err4, err5, err6, err7, err8); err != nil {
			return err
		}
		got = []string{string(draft), string(parcels[0].Body), string(relays[0].Body), items[0].Answer, string(credential.Body), string(session.Pending),
			string(enrolments[0].Secret), string(report.Content)}
		return nil
	})
	want := []string{content, content, content, content, "secret of an app", `{"a":1}`, "code", content}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q %v, want %q", got, err, want)
	}
}

// rotate makes a master key the newest and carries the rotation to its end.
func rotate(t *testing.T, db *store.DB, key seal.Key) {
	t.Helper()
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.AddMasterKey(ctx, keyID(t, key), t0)
		return err
	})
	finish(t, db)
}

func finish(t *testing.T, db *store.DB) {
	t.Helper()
	if err := db.Rewrap(t.Context(), func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		_, _, left, err := tx.RetireKeys(ctx, t0)
		if left > 0 {
			t.Errorf("%d are left under old keys", left)
		}
		return err
	})
}

// underMark counts, by table and column, what begins with five bytes, over all columns
// that the catalogue of the database names.
func underMark(t *testing.T, o store.Options, mark string) map[string]int {
	t.Helper()
	driver, columns, hex := "sqlite", `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'BYTEA'`, `hex(substr(%s, 1, 5))`
	if strings.HasPrefix(o.URL, "postgres") {
		driver, hex = "pgx", `upper(encode(substr(%s, 1, 5), 'hex'))`
		columns = `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() AND data_type = 'bytea'`
	}
	db, err := sql.Open(driver, o.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), columns)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var names [][2]string
	for rows.Next() {
		var n [2]string
		if err := rows.Scan(&n[0], &n[1]); err != nil {
			t.Fatal(err)
		}
		names = append(names, n)
	}
	if err := rows.Err(); err != nil || len(names) < 15 {
		t.Fatalf("columns: got %v %v", names, err)
	}
	counts := map[string]int{}
	for _, n := range names {
		var count int
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM `+n[0]+` WHERE `+fmt.Sprintf(hex, n[1])+` = $1`, mark).Scan(&count); err != nil {
			t.Fatal(err)
		}
		if count > 0 {
			counts[n[0]+"."+n[1]] = count
		}
	}
	return counts
}

// After a rotation everything opens with the new key alone, nothing with the old one,
// and what lay under the old versions is nowhere any more.
func TestRotation(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			second := seal.NewKey()
			o.Find = finder(second)
			db, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			c := fill(t, db)
			for n := range 230 { // more than a batch
				create(t, db, n+10)
			}
			before := underMark(t, o, "8000000001")
			if len(before) != 11 {
				t.Errorf("under the first node key: got %v, want 11 columns", before)
			}
			rotate(t, db, second)
			wantAll(t, db, c.ID)
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				version, err := tx.AddNodeKey(ctx, t0)
				if version != 2 {
					t.Errorf("node key: got version %d", version)
				}
				return err
			})
			finish(t, db)
			wantAll(t, db, c.ID)
			if left := underMark(t, o, "8000000001"); len(left) > 0 {
				t.Errorf("still under the first node key: %v", left)
			}
			if now := underMark(t, o, "8000000002"); fmt.Sprint(now) != fmt.Sprint(before) {
				t.Errorf("under the second node key: got %v, want %v", now, before)
			}
			err = db.Read(t.Context(), func(tx *store.Tx) error {
				masters, nodes, err := tx.Keys(t.Context())
				if err == nil && (len(masters) != 2 || masters[0].RetiredAt.IsZero() || masters[0].Cases+masters[0].Nodes+masters[0].Boxes != 0 || masters[1].Cases != 231 || masters[1].Nodes != 1) {
					t.Errorf("master keys: got %+v", masters)
				}
				if len(nodes) != 1 || nodes[0].Version != 2 || nodes[0].Master != 2 {
					t.Errorf("node keys: got %+v", nodes)
				}
				return err
			})
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			if err := opened(t, store.Options{URL: o.URL, Master: o.Master, Blind: o.Blind}); !errors.Is(err, store.ErrKeys) || !errors.Is(err, store.ErrKeyMissing) {
				t.Errorf("the old key alone: got %v", err)
			}
			db = storetest.Open(t, store.Options{URL: o.URL, Master: second, Blind: o.Blind})
			wantAll(t, db, c.ID)
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.AddMasterKey(ctx, keyID(t, seal.NewKey()), t0)
				if !errors.Is(err, store.ErrKeyMissing) {
					t.Errorf("a key that is not there: got %v", err)
				}
				if _, err := tx.AddMasterKey(ctx, keyID(t, second), t0); hedui.KindOf(err) != hedui.Conflict {
					t.Errorf("a key that was there: got %v", err)
				}
				return nil
			})
		})
	}
}

// A database of the program before there were versions (made by it: cases, drafts,
// parcels, sign-in) opens, goes on, and after a rotation needs its first key no more.
func TestDatabaseFromBeforeVersions(t *testing.T) {
	o := beforeVersions(t)
	second := seal.NewKey()
	o.Find = finder(second)
	db, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	caseID := onlyCase(t, o)
	err = db.Read(t.Context(), func(tx *store.Tx) error {
		masters, nodes, err := tx.Keys(t.Context())
		if len(masters) != 1 || masters[0].Cases != 1 || masters[0].Boxes < 8 || len(nodes) != 1 || nodes[0].Boxes != 0 {
			t.Errorf("got %+v %+v, want everything under the first key", masters, nodes)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantAll(t, db, caseID)
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { // written anew it lies under the node's key
		body, err := tx.Draft(ctx, "d", "clerk")
		return errors.Join(err, tx.SaveDraft(ctx, "d", "clerk", body))
	})
	if got := underMark(t, o, "8000000001"); fmt.Sprint(got) != "map[drafts.body:1]" {
		t.Errorf("under the node's key: got %v, want the draft", got)
	}
	rotate(t, db, second)
	wantAll(t, db, caseID)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = storetest.Open(t, store.Options{URL: o.URL, Master: second, Blind: o.Blind})
	wantAll(t, db, caseID)
}

func beforeVersions(t *testing.T) store.Options {
	t.Helper()
	dir, from := t.TempDir(), filepath.Join("testdata", "before-keys")
	keys := map[string]seal.Key{}
	for _, name := range []string{"master.key", "blind.key"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err == nil {
			keys[name], err = seal.LoadKey(filepath.Join(dir, name))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(filepath.Join(from, "hedui.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(zipped)
	path := filepath.Join(dir, "hedui.db")
	if err := errors.Join(err, os.WriteFile(path, whole, 0o600)); err != nil {
		t.Fatal(err)
	}
	return store.Options{URL: path, Master: keys["master.key"], Blind: keys["blind.key"]}
}

func onlyCase(t *testing.T, o store.Options) (id string) {
	t.Helper()
	db, err := sql.Open("sqlite", o.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), `SELECT id FROM cases`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

// Two processes of one database (on SQLite there is one) write and read while the keys
// change; one has begun a transaction before. Nothing is lost, nothing stays behind.
func TestRotationWhileOthersWork(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			second := seal.NewKey()
			o.Find = finder(second)
			db := storetest.Open(t, o)
			other := db
			if db.Shared() {
				other = storetest.Open(t, o)
			}
			for n := range 30 {
				create(t, db, n)
			}
			stop, cancel := context.WithCancel(t.Context())
			defer cancel()
			var mu sync.Mutex
			var cases []string
			drafts := 0
			var all sync.WaitGroup
			for w := range 3 {
				all.Go(func() {
					for n := 0; stop.Err() == nil && n < 60; n++ {
						c := storetest.Case(t, 40+w*60+n)
						id := fmt.Sprintf("w%d-%d", w, n)
						err := other.InTx(context.Background(), func(tx *store.Tx) error {
							return errors.Join(tx.CreateCase(context.Background(), c), tx.SaveDraft(context.Background(), id, "clerk", []byte(id)))
						})
						if err != nil {
							t.Errorf("write: %v", err)
							return
						}
						mu.Lock()
						cases, drafts = append(cases, c.ID), drafts+1
						some := cases[rand.IntN(len(cases))]
						mu.Unlock()
						if err := other.Read(context.Background(), func(tx *store.Tx) error {
							_, err := tx.Case(context.Background(), some)
							_, more := tx.Draft(context.Background(), id, "clerk")
							return errors.Join(err, more)
						}); err != nil {
							t.Errorf("read: %v", err)
							return
						}
					}
				})
			}
			held, lateID := make(chan struct{}), ""
			if db.Shared() { // it wraps under the first key, and ends when the rotation is nearly over
				late := storetest.Case(t, 300)
				ready := make(chan struct{})
				all.Go(func() {
					err := other.InTx(context.Background(), func(tx *store.Tx) error {
						err := tx.CreateCase(context.Background(), late)
						close(ready)
						<-held
						return err
					})
					if err != nil {
						t.Errorf("late: %v", err)
					}
				})
				<-ready
				time.AfterFunc(300*time.Millisecond, func() { close(held) })
				lateID = late.ID
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.AddMasterKey(ctx, keyID(t, second), t0)
				return err
			})
			for left := 1; left > 0; {
				if err := db.Rewrap(t.Context(), func(int, int) {}); err != nil {
					t.Fatal(err)
				}
				inTx(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
					_, _, left, err = tx.RetireKeys(ctx, t0)
					return err
				})
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.AddNodeKey(ctx, t0); return err })
			for left := 1; left > 0; {
				if err := db.Rewrap(t.Context(), func(int, int) {}); err != nil {
					t.Fatal(err)
				}
				inTx(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
					_, _, left, err = tx.RetireKeys(ctx, t0)
					return err
				})
			}
			cancel()
			all.Wait()
			if lateID != "" {
				cases = append(cases, lateID)
			}
			alone := db
			if db.Shared() {
				alone = storetest.Open(t, store.Options{URL: o.URL, Master: second, Blind: o.Blind})
			}
			err := alone.Read(t.Context(), func(tx *store.Tx) error {
				list, err := tx.CasesByID(t.Context(), cases)
				if len(list) != len(cases) {
					t.Errorf("got %d cases, want %d", len(list), len(cases))
				}
				kept, more := tx.Drafts(t.Context(), "clerk", "", drafts+1)
				if len(kept) != drafts {
					t.Errorf("got %d drafts, want %d", len(kept), drafts)
				}
				for _, d := range kept {
					if string(d.Body) != d.ID {
						t.Errorf("draft %s: got %q", d.ID, d.Body)
					}
				}
				return errors.Join(err, more)
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A process that is killed in the middle of a rotation, at any point, leaves a
// database that opens with both keys, reads everything, and goes on to the end.
func TestKilledRotation(t *testing.T) {
	if url := os.Getenv("HEDUI_TEST_ROTATES"); url != "" {
		keys := os.Getenv("HEDUI_TEST_KEYS")
		load := func(name string) seal.Key {
			k, err := seal.LoadKey(filepath.Join(keys, name))
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		second := load("second")
		db := storetest.Open(t, store.Options{URL: url, Master: load("master"), Blind: load("blind"), Find: finder(second)})
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.AddMasterKey(ctx, keyID(t, second), t0); err != nil && hedui.KindOf(err) != hedui.Conflict {
				return err
			}
			return nil
		})
		_, _ = os.Stdout.WriteString("ready\n")
		at, told := os.Getenv("HEDUI_TEST_KILL_AT"), 0
		err := db.Rewrap(t.Context(), func(int, int) {
			if told++; fmt.Sprint(told) == at { // between two batches; without it, whoever started us does it at any point
				if self, err := os.FindProcess(os.Getpid()); err == nil {
					_ = self.Kill()
				}
				time.Sleep(time.Minute)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		finish(t, db)
		return
	}
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			keys, second := t.TempDir(), seal.NewKey()
			if err := errors.Join(o.Master.Save(filepath.Join(keys, "master")), o.Blind.Save(filepath.Join(keys, "blind")), second.Save(filepath.Join(keys, "second"))); err != nil {
				t.Fatal(err)
			}
			o.Find = finder(second)
			db, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			c := fill(t, db)
			for n := range 700 {
				create(t, db, n+10)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			broken := 0
			for try := range 6 {
				cmd := exec.Command(os.Args[0], "-test.run=^TestKilledRotation$", "-test.count=1")
				cmd.Env = append(os.Environ(), "HEDUI_TEST_ROTATES="+o.URL, "HEDUI_TEST_KEYS="+keys)
				if try < 3 {
					cmd.Env = append(cmd.Env, fmt.Sprintf("HEDUI_TEST_KILL_AT=%d", 3+try))
				}
				out, err := cmd.StdoutPipe()
				if err == nil {
					err = cmd.Start()
				}
				if err != nil {
					t.Fatal(err)
				}
				lines := bufio.NewScanner(out)
				for lines.Scan() && lines.Text() != "ready" {
					t.Log(lines.Text())
				}
				if try >= 3 {
					time.Sleep(time.Duration(2*try) * time.Millisecond)
					_ = cmd.Process.Kill()
				}
				_ = cmd.Wait()
				db, err := store.Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				wantAll(t, db, c.ID)
				err = db.Read(t.Context(), func(tx *store.Tx) error {
					masters, _, err := tx.Keys(t.Context())
					if len(masters) == 2 && masters[0].Cases > 0 && masters[1].Cases > 0 {
						broken++
					}
					return err
				})
				if err := errors.Join(err, db.Close()); err != nil {
					t.Fatal(err)
				}
			}
			if broken == 0 {
				t.Errorf("never killed between two batches")
			}
			if db, err = store.Open(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			finish(t, db)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			db = storetest.Open(t, store.Options{URL: o.URL, Master: second, Blind: o.Blind})
			wantAll(t, db, c.ID)
		})
	}
}

// A row that was changed behind our back does not stop the others, keeps the old key
// from being retired, and is named.
func TestRotationNamesWhatDoesNotOpen(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			second := seal.NewKey()
			o.Find = finder(second)
			db := storetest.Open(t, o)
			c := fill(t, db)
			bad := create(t, db, 20)
			good := create(t, db, 21)
			raw(t, o, `UPDATE case_keys SET wrapped = (SELECT wrapped FROM case_keys WHERE case_id = '`+c.ID+`') WHERE case_id = '`+bad.ID+`'`,
				`UPDATE drafts SET body = (SELECT body FROM credentials WHERE id = 'C')`)
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.AddMasterKey(ctx, keyID(t, second), t0)
				return errors.Join(err, func() error { _, err := tx.AddNodeKey(ctx, t0); return err }())
			})
			err := db.Rewrap(t.Context(), func(int, int) {})
			if hedui.KindOf(err) != hedui.Conflict || !strings.Contains(err.Error(), bad.ID) || !strings.Contains(err.Error(), "drafts") {
				t.Errorf("got %v, want both rows named", err)
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				masters, nodes, left, err := tx.RetireKeys(ctx, t0)
				if len(masters) > 0 || len(nodes) > 0 || left != 2 {
					t.Errorf("got %v %v %d, want nothing retired and 2 left", masters, nodes, left)
				}
				return err
			})
			if got := load(t, db, good.ID); got.Number != good.Number {
				t.Errorf("got %s, want %s", got.Number, good.Number)
			}
		})
	}
}

// The wrapped key of the node is nowhere in the files of SQLite once it is replaced.
func TestReplacedNodeKeyIsOverwritten(t *testing.T) {
	o := storetest.Engines()[0].Fresh(t)
	db := storetest.Open(t, o)
	fill(t, db)
	peek, err := sql.Open("sqlite", o.URL)
	if err != nil {
		t.Fatal(err)
	}
	var wrapped []byte
	err = peek.QueryRowContext(t.Context(), `SELECT wrapped FROM node_keys`).Scan(&wrapped)
	if err := errors.Join(err, peek.Close()); err != nil {
		t.Fatal(err)
	}
	holds := func() bool {
		files, _ := filepath.Glob(o.URL + "*")
		return slices.ContainsFunc(files, func(name string) bool {
			data, err := os.ReadFile(name)
			return err != nil || bytes.Contains(data, wrapped)
		})
	}
	if !holds() {
		t.Fatal("the key was not found before: the search is broken")
	}
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.AddNodeKey(ctx, t0); return err })
	finish(t, db)
	if holds() {
		t.Error("the replaced key is still in the files")
	}
}

// A process that was killed at its first start, between the tables and the keys, leaves
// a database that the next one makes its own.
func TestKilledBeforeTheFirstKeys(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			if err := opened(t, o); err != nil {
				t.Fatal(err)
			}
			raw(t, o, `DELETE FROM vault`, `DELETE FROM node_keys`, `DELETE FROM master_keys`)
			db := storetest.Open(t, o)
			wantAll(t, db, fill(t, db).ID)
		})
	}
	// the same with a database from before there were versions
	o := beforeVersions(t)
	if err := opened(t, o); err != nil {
		t.Fatal(err)
	}
	raw(t, o, `DELETE FROM node_keys`, `DELETE FROM master_keys`)
	if err := opened(t, store.Options{URL: o.URL, Master: seal.NewKey(), Blind: o.Blind}); !errors.Is(err, store.ErrKeys) {
		t.Errorf("another master key: got %v", err)
	}
	wantAll(t, storetest.Open(t, o), onlyCase(t, o))
}

// A rotation to a master key of the other suite leaves a database that opens with it
// alone; what is written from then on under new keys is of its cipher.
func TestRotationToTheOtherSuite(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			second, err := seal.NewKeyFor(seal.SM4GCM)
			if err != nil {
				t.Fatal(err)
			}
			o.Find = finder(second)
			db, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			c := fill(t, db)
			rotate(t, db, second)
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.AddNodeKey(ctx, t0); return err })
			finish(t, db)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			o = store.Options{URL: o.URL, Master: second, Blind: o.Blind}
			db = storetest.Open(t, o)
			wantAll(t, db, c.ID)
			fresh := create(t, db, 20)
			for _, box := range append(storetest.Boxes(t, o, fresh.ID), storetest.Boxes(t, o, c.ID)[0]) {
				if name, err := seal.Box(box).Algorithm(); err != nil || name != seal.SM4GCM {
					t.Errorf("got a box of %s %v, want %s", name, err, seal.SM4GCM)
				}
			}
		})
	}
}
