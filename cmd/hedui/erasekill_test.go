package main

import (
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// The program is killed in the middle of erasing, again and again: what it had erased
// is erased as a whole, with one entry each, the next call goes on, and the log holds.
func TestKilledWhileErasing(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "node.yaml")
	text := "node: haishu\ndivision: \"330203\"\nissuer: 区中心\n" + staffYAML()
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	const many = 400
	opened := func(do func(*node)) {
		t.Helper()
		set, err := readSettings(config, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		n, err := openPatiently(t.Context(), set.nodeOptions)
		if err != nil {
			t.Fatal(err)
		}
		do(n)
		if err := n.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var ids []string
	opened(func(n *node) {
		long := time.Now().AddDate(-3, 0, 0)
		err := n.db.InTx(t.Context(), func(tx *store.Tx) error {
			ids = nil
			for i := range many {
				c := storetest.Case(t, i)
				c.Stage, c.CreatedAt = hedui.Terminated, long
				if err := tx.CreateCase(t.Context(), c); err != nil {
					return err
				}
				if err := tx.Record(t.Context(), audit.New(long, "x", "", audit.Terminated, c.ID, "")); err != nil {
					return err
				}
				ids = append(ids, c.ID)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	o := store.Options{URL: filepath.Join(dir, "hedui.db")}
	for _, next := range []int{25, 90, 170, 260} { // dies as soon as this case is erased
		cmd := exec.Command(os.Args[0], "erase", "run", "--as", reader.ID, "--config", config)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for range 5000 {
			if len(storetest.Boxes(t, o, ids[next])[0]) == 1 { // its key is gone
				break
			}
			time.Sleep(time.Millisecond)
		}
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
	}
	if left := len(storetest.Boxes(t, o, ids[many-1])[0]); left == 1 {
		t.Log("the machine was so fast that it was killed too late to matter")
	}
	code, out, errs := runHedui(t, "erase", "run", "--as", reader.ID, "--config", config)
	if code != 0 || !strings.Contains(out, "case(s)") {
		t.Fatalf("the last run: %d\n%s%s", code, out, errs)
	}
	if code, out, errs := runHedui(t, "erase", "run", "--as", reader.ID, "--config", config); code != 0 || !strings.Contains(out, "0 case(s)") {
		t.Errorf("once more: %d\n%s%s", code, out, errs)
	}
	numbers := map[string]bool{}
	opened(func(n *node) {
		err := n.db.Read(t.Context(), func(tx *store.Tx) error {
			for i, id := range ids {
				e, err := tx.Erasure(t.Context(), id)
				if err != nil {
					return err
				}
				entries, err := tx.Entries(t.Context(), id)
				if err != nil {
					return err
				}
				found := 0
				for _, entry := range entries {
					if entry.Verb == audit.Erased && strings.HasPrefix(entry.Detail, e.Number+" ") {
						found++
					}
				}
				if e.State != hedui.Erased || found != 1 || numbers[e.Number] || len(storetest.Boxes(t, o, id)[0]) != 1 {
					t.Errorf("case %d: %s under %q with %d entries", i, e.State, e.Number, found)
				}
				numbers[e.Number] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.db.Sequence(t.Context(), 10*many, time.Now()); err != nil {
			t.Fatal(err)
		}
	})
	if code, out, errs := runHedui(t, "audit", "verify", dir); code != 0 {
		t.Errorf("the log: %d\n%s%s", code, out, errs)
	}
}
