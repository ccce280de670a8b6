package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// A database that is put back from a copy made before an erasure does not bring the
// case back: it is erased when the node opens, before anybody is served, also if it was
// held when the copy was made; with an entry and a certificate. Other cases stay.
func TestARestoredBackupBringsNoErasedCaseBack(t *testing.T) {
	dir := t.TempDir()
	open := func() *node {
		t.Helper()
		n, err := openNode(t.Context(), nodeOptions{dir: dir, issuer: demoIssuer, log: discardLog(), division: "330203"})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	file := filepath.Join(dir, "hedui.db")
	manager := hedui.Officer{ID: "manager", Office: "中心", Division: "330203", Rights: []hedui.Right{hedui.HoldCases, hedui.ConfirmErasure, hedui.ReadCases}}
	proposer := hedui.Officer{ID: "proposer", Office: "中心", Division: "330203", Rights: []hedui.Right{hedui.ProposeErasure}}
	n := open()
	var cases []*hedui.Case
	for i := range 3 {
		c := storetest.Case(t, i)
		c.Stage = hedui.Archived
		if err := n.db.InTx(t.Context(), func(tx *store.Tx) error {
			return errors.Join(tx.CreateCase(t.Context(), c), tx.Record(t.Context(), audit.New(time.Now(), "x", "", audit.Archived, c.ID, "")))
		}); err != nil {
			t.Fatal(err)
		}
		cases = append(cases, c)
	}
	kept, plain, held := cases[0], cases[1], cases[2]
	if _, err := n.desk.HoldCase(t.Context(), manager, held.ID, "court"); err != nil {
		t.Fatal(err)
	}
	if err := n.db.Close(); err != nil {
		t.Fatal(err)
	}
	backup, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	n = open()
	if _, err := n.desk.LiftHold(t.Context(), manager, held.ID); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*hedui.Case{plain, held} {
		_, err := n.desk.ProposeErasure(t.Context(), proposer, c.ID, "request")
		if err == nil {
			_, err = n.desk.ConfirmErasure(t.Context(), manager, c.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := n.db.Close(); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join(dir, "keys", "erased"))
	if err != nil || strings.Count(string(list), "\n") != 2 {
		t.Fatalf("the list: %q %v, want two lines", list, err)
	}

	for _, name := range []string{"-wal", "-shm"} {
		_ = os.Remove(file + name)
	}
	if err := os.WriteFile(file, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	n = open()
	defer n.db.Close()
	readable := func(id string) error {
		return n.db.Read(t.Context(), func(tx *store.Tx) error { _, err := tx.Case(context.Background(), id); return err })
	}
	if err := readable(kept.ID); err != nil {
		t.Errorf("a case that was not erased: %v", err)
	}
	for _, c := range []*hedui.Case{plain, held} {
		if err := readable(c.ID); !casework.IsErased(err) {
			t.Errorf("an erased case: got %v", err)
		}
		for _, p := range c.Persons {
			if in := storetest.Holds(storetest.Contents(t, store.Options{URL: file}), []byte(p.ID.Reveal())); len(in) > 0 {
				t.Errorf("%v holds a number", in)
			}
		}
		err := n.db.Read(t.Context(), func(tx *store.Tx) error {
			e, err := tx.Erasure(t.Context(), c.ID)
			if e.State != hedui.Erased || e.Reason != string(hedui.Restored) || e.Number == "" {
				t.Errorf("got %+v", e)
			}
			entries, more := tx.Entries(t.Context(), c.ID)
			if len(entries) == 0 || entries[len(entries)-1].Verb != audit.Erased || entries[len(entries)-1].Officer != hedui.System.ID {
				t.Errorf("got entries %+v, want the erasure last", entries)
			}
			return errors.Join(err, more)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
