package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/store"
)

// asProgram makes the test binary behave as hedui, so that it can be killed.
const asProgram = "HEDUI_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// The program is killed at moments from the first key to the last report and
// started again on the same directory: each family has one case and one report,
// every step is recorded once, and no department was asked twice for an answer
// that was there.
func TestKilledInTheMiddleNothingIsLostOrDoubled(t *testing.T) {
	needFont(t)
	for _, after := range []time.Duration{30, 90, 150, 220, 300, 450} {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "demo", "--once", "--json", "--dir", dir)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(after * time.Millisecond)
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
		doc := demo(t, dir)
		for _, c := range doc.Cases {
			if c.State != "delivered" || c.Report.Version != 1 {
				t.Errorf("killed after %d ms: %s is %s with version %d", after, c.Name, c.State, c.Report.Version)
			}
		}
		for i, county := range []string{"haishu", "yinzhou"} { // Wang, then Li
			inspect(t, filepath.Join(dir, county), doc.Cases[i:i+1])
		}
	}
}

// inspect opens the database as the next start would and counts.
func inspect(t *testing.T, dir string, want []caseJSON) {
	t.Helper()
	ctx := t.Context()
	n, err := openNode(ctx, nodeOptions{dir: dir, issuer: demoIssuer})
	if err != nil {
		t.Fatal(err)
	}
	defer n.db.Close()
	if err := n.db.Read(ctx, func(tx *store.Tx) error {
		cases, err := tx.Cases(ctx, store.Filter{})
		if err != nil {
			return err
		}
		if len(cases) != len(want) {
			t.Errorf("%d cases, want %d", len(cases), len(want))
		}
		for _, c := range cases {
			entries, err := tx.Entries(ctx, c.ID)
			if err != nil {
				return err
			}
			count := map[audit.Verb]int{}
			for _, e := range entries {
				count[e.Verb]++
			}
			for _, v := range []audit.Verb{audit.Registered, audit.Commissioned, audit.Accepted, audit.Reviewed, audit.Prepared, audit.Sealed, audit.Delivered} {
				if count[v] != 1 {
					t.Errorf("case %s: %s recorded %d times, want once", c.Number, v, count[v])
				}
			}
			queries, err := tx.Queries(ctx, c.ID)
			if err != nil {
				return err
			}
			for _, q := range queries {
				// An attempt is counted with its answer; only land is asked twice, for a ticket and with it.
				if want := map[bool]int{true: 2, false: 1}[q.Category == "land"]; !q.Settled() || q.Attempts > want {
					t.Errorf("%s: %s after %d attempts, want at most %d", q.ID, q.State, q.Attempts, want)
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// A second start while the first is at work is told so, and does no harm.
func TestASecondProcessIsToldThatADirectoryIsServed(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "demo", "--dir", dir, "--listen", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	var code int
	var errs string
	for range 1500 { // until the first has taken the lock
		if _, err := os.Stat(filepath.Join(dir, "haishu", "hedui.db")); err == nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	code, _, errs = runHedui(t, "demo", "--once", "--dir", dir)
	if code != 1 || !strings.Contains(errs, dir) {
		t.Errorf("exit %d: %s", code, errs)
	}
}
