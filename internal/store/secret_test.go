package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// everything writes a case with all that belongs to it, changes it, and returns
// what must not be found in the database.
func everything(t *testing.T, db *store.DB) (c *hedui.Case, secrets []string) {
	t.Helper()
	c, queries := plan(t, db, 7)
	for i := range queries {
		queries[i].Take(storetest.Answer(c, &queries[i]), storetest.At)
	}
	for _, p := range c.Persons {
		secrets = append(secrets, p.Name, p.ID.Reveal(), p.ID.Reveal()[6:14], p.Name[3:])
	}
	secrets = append(secrets, "慢性病", "零工", "2100.00")
	content := []byte(secrets[0] + secrets[1])
	r := store.Report{Case: c.ID, Version: 1, Number: "B1", Digest: "sha256:1", Content: content, Seal: content, PDF: content}
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		c.Stage = hedui.Accepted
		for _, err := range []error{
			tx.SaveCase(ctx, c), tx.SaveQueries(ctx, queries), tx.AddReport(ctx, r), tx.SealReport(ctx, r),
			tx.SaveDraft(ctx, "d", "clerk", content), addUpload(ctx, tx, c, content), tx.Enqueue(ctx, queue.Job{ID: "ask:" + queries[0].ID, Lane: "l"}),
			tx.Record(ctx, audit.New(storetest.At, "clerk", "office", audit.Accepted, c.ID, c.Number)),
			tx.AddParcels(ctx, store.Parcel{ID: "p", Peer: "330200", Kind: "query", CreatedAt: t0, Body: content}),
			addRelays(ctx, tx, storetest.Relay("330212", "open", content), storetest.Relay("330212", "settled", content)),
			tx.SaveRelays(ctx, []store.Relay{storetest.Answered(storetest.Relay("330212", "settled", content))}),
			tx.AddItems(ctx, []store.Item{{ID: "ITEM", Source: "land", About: queries[0].ID, Case: c.ID, State: hedui.ItemAnswered, Answer: secrets[0] + secrets[1]}}),
			tx.SaveLetters(ctx, hedui.Letter{Number: "X1", Case: c.ID, Division: c.Division, State: hedui.LetterReplied}), tx.AddLetterScan(ctx, c.ID, "X1", content),
			receive(ctx, tx, "330212", "p"), saveLink(ctx, tx, store.Link{Peer: "330200", Since: t0, Reason: "down"}),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	return c, secrets
}

func TestNoSecretIsInTheFiles(t *testing.T) {
	o := storetest.Engines()[0].Fresh(t)
	db := storetest.Open(t, o)
	_, secrets := everything(t, db)
	files, err := filepath.Glob(o.URL + "*")
	if err != nil || len(files) < 3 {
		t.Fatalf("got files %v %v, want the database, its log and its index", files, err)
	}
	found := false
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found = found || bytes.Contains(data, []byte("330203")) // the search itself works
		for _, s := range secrets {
			for _, form := range storetest.Forms([]byte(s)) {
				if bytes.Contains(data, form) {
					t.Errorf("%s holds %q in clear", filepath.Base(name), s)
				}
			}
		}
	}
	if !found {
		t.Errorf("not even the division was found: the search is broken")
	}
}

// Nothing personal is in clear in any table, whichever there are: the database's own
// catalogue names them.
func TestNoSecretIsInAnyRow(t *testing.T) {
	for _, e := range storetest.Engines() {
		if e.Name != "postgres" { // the files of SQLite are searched
			continue
		}
		o := e.Fresh(t)
		_, secrets := everything(t, storetest.Open(t, o))
		contents := storetest.Contents(t, o)
		if len(contents) < 40 || len(storetest.Holds(contents, []byte("330203"))) == 0 {
			t.Fatalf("%d tables, and not even the division was found: the search is broken", len(contents))
		}
		for _, s := range secrets {
			if in := storetest.Holds(contents, []byte(s)); len(in) > 0 {
				t.Errorf("%q is in clear in %v", s, in)
			}
		}
	}
}

// After a case was erased, nothing of it can be read by anybody: not its words, not
// its key, not even what had been encrypted under it. Another case is as it was.
func TestNothingOfAnErasedCaseIsLeft(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db := storetest.Open(t, o)
			c, secrets := everything(t, db)
			other := create(t, db, 8)
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				err := tx.AddScan(ctx, c.ID, "S1", []byte(secrets[0]))
				if err == nil {
					err = errors.Join(tx.DeleteDraft(ctx, "d"), tx.PurgeUploads(ctx, storetest.At.Add(time.Hour))) // of nobody's case
				}
				return err
			})
			gone, stays := storetest.Boxes(t, o, c.ID), storetest.Boxes(t, o, other.ID)
			before := storetest.Contents(t, o)
			for i, box := range append(gone, stays...) {
				if len(storetest.Holds(before, box)) == 0 && len(box) < 3000 { // SQLite cuts what is longer into pages
					t.Fatalf("box %d was not found before: the search is broken", i)
				}
			}
			if len(gone) < 20 {
				t.Fatalf("only %d boxes", len(gone))
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
				list, err := tx.EraseCase(ctx, c.ID)
				for _, d := range list {
					if (d.Kind == "answers" || d.Kind == "reports" || d.Kind == "scans" || d.Kind == "letters" || d.Kind == "replies" || d.Kind == "content") && d.N == 0 {
						t.Errorf("no %s were destroyed", d.Kind)
					}
				}
				return err
			})
			after := storetest.Contents(t, o)
			for i, box := range gone {
				if in := storetest.Holds(after, box); len(in) > 0 {
					t.Errorf("box %d of the erased case is in %v", i, in)
				}
				if part := box[len(box)/2:]; len(part) > 40 { // also what was cut
					if in := storetest.Holds(after, part[:40]); len(in) > 0 {
						t.Errorf("a part of box %d of the erased case is in %v", i, in)
					}
				}
			}
			for i, box := range stays {
				if len(storetest.Holds(after, box)) == 0 && len(box) < 3000 {
					t.Errorf("box %d of the other case is gone", i)
				}
			}
			for _, s := range secrets {
				if in := storetest.Holds(after, []byte(s)); len(in) > 0 {
					t.Errorf("%q is in clear in %v", s, in)
				}
			}
			load(t, db, other.ID)
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { // once more is nothing
				list, err := tx.EraseCase(ctx, c.ID)
				if len(list) > 0 {
					t.Errorf("erased twice: %v", list)
				}
				return err
			})
		})
	}
}

// After a case was erased, its wrapped key is nowhere in the files of SQLite.
func TestErasedKeyIsOverwritten(t *testing.T) {
	o := storetest.Engines()[0].Fresh(t)
	db := storetest.Open(t, o)
	c, _ := everything(t, db)
	other := create(t, db, 8)
	peek, err := sql.Open("sqlite", o.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer peek.Close()
	keys := map[string][]byte{}
	for _, id := range []string{c.ID, other.ID} {
		var key []byte
		if err := peek.QueryRow(`SELECT wrapped FROM case_keys WHERE case_id = $1`, id).Scan(&key); err != nil {
			t.Fatal(err)
		}
		keys[id] = key
	}
	holds := func(key []byte) bool {
		files, _ := filepath.Glob(o.URL + "*")
		for _, name := range files {
			if data, err := os.ReadFile(name); err != nil || bytes.Contains(data, key) {
				return true
			}
		}
		return false
	}
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.EraseCase(ctx, c.ID); return err })
	if holds(keys[c.ID]) {
		t.Errorf("the key of the erased case is still in the files")
	}
	if !holds(keys[other.ID]) {
		t.Errorf("the key of the other case was not found: the search is broken")
	}
}

// A box that was moved to another row, column or case does not open.
func TestBoxesStayInTheirPlace(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db := storetest.Open(t, o)
			c, queries := plan(t, db, 1)
			for i := range queries[:2] {
				queries[i].Take(storetest.Answer(c, &queries[i]), storetest.At)
			}
			inTx(t, db, func(ctx context.Context, tx *store.Tx) error { return tx.SaveQueries(ctx, queries) })
			other := create(t, db, 2)
			for _, move := range []string{
				`UPDATE queries SET answer = (SELECT answer FROM queries WHERE id = '` + queries[1].ID + `') WHERE id = '` + queries[0].ID + `'`,
				`UPDATE cases SET body = (SELECT body FROM cases WHERE id = '` + other.ID + `') WHERE id = '` + c.ID + `'`,
				`UPDATE case_keys SET wrapped = (SELECT wrapped FROM case_keys WHERE case_id = '` + c.ID + `') WHERE case_id = '` + other.ID + `'`,
			} {
				raw(t, o, move)
			}
			ctx := context.Background()
			for name, f := range map[string]func(tx *store.Tx) error{
				"answer of another query": func(tx *store.Tx) error { _, err := tx.QueriesByID(ctx, []string{queries[0].ID}); return err },
				"body of another case":    func(tx *store.Tx) error { _, err := tx.Case(ctx, c.ID); return err },
				"key of another case":     func(tx *store.Tx) error { _, err := tx.Case(ctx, other.ID); return err },
			} {
				if err := db.Read(ctx, f); err == nil {
					t.Errorf("%s: it opened", name)
				}
			}
		})
	}
}

// Pages that fall free as a whole, when many cases are erased, are overwritten too.
func TestManyErasedKeysAreOverwritten(t *testing.T) {
	o := storetest.Engines()[0].Fresh(t)
	db := storetest.Open(t, o)
	var ids []string
	for n := range 120 { // fill several pages of keys
		ids = append(ids, create(t, db, n+1).ID)
	}
	peek, err := sql.Open("sqlite", o.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer peek.Close()
	keys := make([][]byte, len(ids))
	for i, id := range ids {
		if err := peek.QueryRow(`SELECT wrapped FROM case_keys WHERE case_id = $1`, id).Scan(&keys[i]); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (n int) {
		files, err := filepath.Glob(o.URL + "*")
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, data...)
		}
		for _, key := range keys {
			if bytes.Contains(all, key) {
				n++
			}
		}
		return n
	}
	if n := left(); n != len(keys) {
		t.Fatalf("%d of %d keys were found before: the search is broken", n, len(keys))
	}
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
		for _, id := range ids {
			if _, err := tx.EraseCase(ctx, id); err != nil {
				return err
			}
		}
		return nil
	})
	if n := left(); n != 0 {
		t.Errorf("%d of %d erased keys are still in the files", n, len(keys))
	}
}

// A process that was killed between an erasure and the emptying of the log leaves
// the key there; it goes when the database is opened.
func TestOpeningEmptiesTheLog(t *testing.T) {
	o := storetest.Engines()[0].Fresh(t)
	db, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	c := create(t, db, 1)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	peek, err := sql.Open("sqlite", "file:"+filepath.ToSlash(o.URL)+"?_pragma=journal_mode(wal)&_pragma=secure_delete(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer peek.Close()
	var key []byte
	if err := peek.QueryRow(`SELECT wrapped FROM case_keys WHERE case_id = $1`, c.ID).Scan(&key); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{`UPDATE case_keys SET wrapped = wrapped`, `DELETE FROM case_keys`} {
		if _, err := peek.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	killed := o // the files as they lay at the kill
	killed.URL = filepath.Join(t.TempDir(), "killed.db")
	all := func() (data []byte) {
		for _, suffix := range []string{"", "-wal"} {
			part, err := os.ReadFile(killed.URL + suffix)
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, part...)
		}
		return data
	}
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(o.URL + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(killed.URL+suffix, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(all(), key) {
		t.Fatal("the key was not found before: the search is broken")
	}
	storetest.Open(t, killed)
	if bytes.Contains(all(), key) {
		t.Errorf("the erased key is still in the files")
	}
}

// addUpload keeps a workbook that has content, and its result.
func addUpload(ctx context.Context, tx *store.Tx, c *hedui.Case, content []byte) error {
	u := hedui.Upload{ID: "U1", Owner: "clerk", At: storetest.At, State: hedui.UploadWaiting}
	_, _, err := tx.AddUpload(ctx, u, string(content), content)
	if err == nil {
		err = tx.KeepUpload(ctx, u.ID, content, content)
	}
	digest, err2 := tx.HouseholdDigest("clerk", string(content))
	if err = errors.Join(err, err2); err == nil {
		err = tx.AddHousehold(ctx, u.ID, digest, store.UploadedHousehold{Row: 2, Case: c.ID})
	}
	return err
}
