package store_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// What was erased stands in the list, also if the process was killed between the
// erasure and the line, or in the middle of the line; and a case of the list that has a
// key again is found.
func TestTheListOfErasedCases(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o, path := e.Fresh(t), filepath.Join(t.TempDir(), "erased")
			open := func() *store.DB {
				t.Helper()
				var err error
				if o.Erased, err = store.OpenErasedList(path, o.Blind); err != nil {
					t.Fatal(err)
				}
				db, err := store.Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				return db
			}
			lines := func() []string {
				t.Helper()
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
			}
			db := open()
			c, other, stays := create(t, db, 1), create(t, db, 2), create(t, db, 3)
			for _, id := range []string{c.ID, other.ID} {
				inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.EraseCase(ctx, id); return err })
			}
			if got := lines(); len(got) != 2 || !strings.HasPrefix(got[0], c.ID+" ") {
				t.Fatalf("got %q", got)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			whole := lines()
			if err := os.WriteFile(path, []byte(whole[0]+"\n"+whole[1][:20]), 0o600); err != nil { // cut off
				t.Fatal(err)
			}
			db = open()
			defer func() { _ = db.Close() }()
			if err := db.NoteErased(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := lines(); fmt.Sprint(got) != fmt.Sprint(whole) {
				t.Errorf("got %q, want %q", got, whole)
			}
			raw(t, o, `INSERT INTO case_keys (case_id, wrapped, master) SELECT '`+c.ID+`', wrapped, master FROM case_keys WHERE case_id = '`+stays.ID+`'`)
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				ids, err := tx.CameBack(t.Context())
				if len(ids) != 1 || ids[0] != c.ID {
					t.Errorf("came back: got %v, want %s", ids, c.ID)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A line that this node did not write erases nothing: every one is named.
func TestAForeignListIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erased")
	o := storetest.Engines()[0].Fresh(t)
	var err error
	if o.Erased, err = store.OpenErasedList(path, seal.NewKey()); err != nil {
		t.Fatal(err)
	}
	db := storetest.Open(t, o)
	c := create(t, db, 1)
	inTx(t, db, func(ctx context.Context, tx *store.Tx) error { _, err := tx.EraseCase(ctx, c.ID); return err })
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(text, "SOME-OTHER-CASE 00\n\n"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.OpenErasedList(path, o.Blind)
	for _, line := range []string{"line 1 ", "line 2 ", "line 3 "} {
		if err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("got %v, want %s named", err, line)
		}
	}
}
