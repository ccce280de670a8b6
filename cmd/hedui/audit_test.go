package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/web"
)

// An auditor copies the log of a running node, goes on with the copy, and proves it;
// what is changed in the copy, or dropped from it, is told with its place.
func TestAnAuditorFollowsALog(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	if code, _, errs := runHedui(t, "init", dir, "--name", "haishu", "--division", "330203"); code != 0 {
		t.Fatal(errs)
	}
	config := filepath.Join(dir, "node.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text = append([]byte(strings.NewReplacer("exchange: 0.0.0.0:9440", "", "orders: signed_in", "orders: trusted").Replace(string(text))), '\n')
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	set, err := readSettings(config, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	n, err := openNode(ctx, set.nodeOptions)
	if err != nil {
		t.Fatal(err)
	}
	run, g := newGroup(t)
	g.Go(func() error { return n.run(run, nil, nil) })
	g.Go(func() error { return n.takeOrders(run) })
	auditor := hedui.Officer{ID: "audit", Name: "安全审计员", Division: "330203", Rights: []hedui.Right{hedui.ReadAudit}}
	handler, err := (&web.Server{Desk: n.desk, Log: discardLog(), Who: func(*http.Request) (hedui.Officer, bool) { return auditor, true }, Now: time.Now}).Handler()
	if err != nil {
		t.Fatal(err)
	}
	page := httptest.NewServer(handler) // as for one who has signed in
	t.Cleanup(page.Close)
	address := page.URL
	grow := func() {
		t.Helper()
		if _, err := n.desk.Cases(ctx, hedui.Officer{ID: "nobody", Division: "330203"}, filterAll()); hedui.KindOf(err) != hedui.Forbidden {
			t.Fatal(err)
		}
	}
	for range 300 { // more than a tile
		grow()
	}
	wait(t, "the log is signed", func() bool {
		size, waiting, err := n.desk.AuditSize(ctx)
		return err == nil && size >= 300 && waiting == 0
	})
	t.Run("an outsider", func(t *testing.T) { outsider(t, address+"/log", dir) })

	copied := filepath.Join(t.TempDir(), "copy")
	export := func(want string) {
		t.Helper()
		code, out, errs := runHedui(t, "--lang", "en", "audit", "export", copied, "--config", config, "--as", "audit")
		if code != 0 || !strings.Contains(out, want) {
			t.Fatalf("export: %d %s%s", code, out, errs)
		}
	}
	if code, _, errs := runHedui(t, "--lang", "en", "audit", "export", copied, "--config", config, "--as", "operator"); code != 1 || !strings.Contains(errs, "read the audit log") {
		t.Errorf("without the right: %d %s", code, errs)
	}
	export("entries")
	key, err := os.ReadFile(filepath.Join(dir, "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(key), "log-key ")
	vkey, _, _ := strings.Cut(rest, "\n")
	verify := func(code int, where string, args ...string) logReport {
		t.Helper()
		got, out, errs := runHedui(t, append([]string{"--lang", "en", "audit", "verify", "--json"}, args...)...)
		var p logReport
		if err := json.Unmarshal([]byte(out), &p); err != nil || got != code || !strings.Contains(out, where) {
			t.Fatalf("%q: got %d %v, want %d and %q: %s%s", args, got, err, code, where, out, errs)
		}
		return p
	}
	whole := verify(0, "hedui.haishu/audit", copied, "--key", vkey)
	verify(0, `"sound":true`, dir)
	verify(0, `"sound":true`, address+"/log", "--key", vkey)
	for _, path := range []string{"/log/tile/0/000", "/log/checkpoint", "/log/log.key", "/log/tile/entries/000"} {
		if code := status(t, address+path); code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
	}
	for _, path := range []string{"/log/tile/0/999", "/log/tile/9/000", "/log/secret", "/log/tile/0/000.p/0"} {
		if code := status(t, address+path); code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, code)
		}
	}
	kept := filepath.Join(t.TempDir(), "kept")
	checkpoint, err := os.ReadFile(filepath.Join(copied, "checkpoint"))
	if err != nil || os.WriteFile(kept, checkpoint, 0o600) != nil {
		t.Fatal(err)
	}
	grow() // the entry of the export may have been in the log already when it was copied
	wait(t, "the log has grown", func() bool {
		size, _, err := n.desk.AuditSize(ctx)
		return err == nil && size > whole.Size
	})
	export("entries")
	if more := verify(0, `"sound":true`, copied, "--key", vkey, "--since", kept); more.Size <= whole.Size {
		t.Errorf("%d entries after %d", more.Size, whole.Size)
	}
	if code, out, errs := runHedui(t, "--lang", "en", "audit", "show", "--config", config, "--as", "audit", "--verb", "audit.copy"); code != 0 || !strings.Contains(out, "fetched a copy of the audit log") {
		t.Errorf("show: %d %s%s", code, out, errs)
	}
	if code, out, errs := runHedui(t, "--lang", "zh", "audit", "show", "--config", config, "--as", "audit", "--officer", "audit"); code != 0 || !strings.Contains(out, "查看了审计日志") {
		t.Errorf("a look at the trail is not in the trail: %d %s%s", code, out, errs)
	}

	other, _, _ := strings.Cut(vkey, "+")
	verifyBad := func(where string, args ...string) { t.Helper(); verify(1, where, args...) }
	tamper(t, filepath.Join(copied, "tile", "entries", "000"), "nobody", "anyone")
	verifyBad("is not the one that stood there", copied, "--key", vkey)
	if code, out, _ := runHedui(t, "--lang", "zh", "audit", "verify", copied, "--key", vkey); code != 1 || !strings.Contains(out, "不是原来那条") {
		t.Errorf("in Chinese: %d %s", code, out)
	}
	if err := os.Remove(filepath.Join(copied, "tile", "entries", "000")); err != nil {
		t.Fatal(err)
	}
	verifyBad("places 0 to", copied, "--key", vkey)
	export("entries") // a copy is mended by going on with it
	verify(0, `"sound":true`, copied, "--key", vkey)
	if code, _, errs := runHedui(t, "audit", "verify", copied, "--key", other); code != 1 || errs == "" {
		t.Errorf("a key that is none: %d", code)
	}
	if code, out, _ := runHedui(t, "audit", "key", "--config", config); code != 0 || !strings.HasPrefix(out, vkey+"\nhedui.haishu/witness+") {
		t.Errorf("key: %d %s", code, out)
	}
}

func tamper(t *testing.T, path, old, with string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, []byte(strings.Replace(string(text), old, with, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func status(t *testing.T, address string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// outsider builds and runs the client of docs/examples, which knows nothing of
// Hedui, as its reader would: twice, so that it goes on from what it has seen.
func outsider(t *testing.T, address, dir string) {
	t.Helper()
	source, err := filepath.Abs("../../docs/examples/logclient")
	if err != nil {
		t.Fatal(err)
	}
	program, kept := filepath.Join(t.TempDir(), "logclient"), filepath.Join(t.TempDir(), "seen")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	trust, err := os.ReadFile(filepath.Join(dir, "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(trust), "log-key ")
	vkey, _, _ := strings.Cut(rest, "\n")
	for _, want := range []string{"entry 17 is in the log", "goes on from"} {
		out, err := exec.CommandContext(t.Context(), program, address, vkey, "17", kept).CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v: %s; want %q", err, out, want)
		}
	}
	seen, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitN(string(seen), "\n", 4)
	lines[2] = strings.Repeat("A", 43) + "=" // another root
	if err := os.WriteFile(kept, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), program, address, vkey, "17", kept).CombinedOutput(); err == nil {
		t.Errorf("a log that does not go on from what was seen: %s", out)
	}
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func filterAll() store.Filter { return store.Filter{} }

// newGroup runs parts of a node until the test ends.
func newGroup(t *testing.T) (context.Context, *errgroup.Group) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	g, run := errgroup.WithContext(ctx)
	t.Cleanup(func() {
		cancel()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	return run, g
}

func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 1200 {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("still not: " + what)
}

// Each report that is given out carries the proof that its seal is in the audit
// log; whatever of it is changed or missing is told.
func TestAReportCarriesItsProof(t *testing.T) {
	needFont(t)
	dir := t.TempDir()
	doc := demo(t, dir)
	pdf, plain := doc.Cases[0].Report.PDF, doc.Cases[0].Report.JSON
	verify := func(want int, says string, args ...string) {
		t.Helper()
		code, out, errs := runHedui(t, append([]string{"--lang", "en", "verify"}, args...)...)
		if code != want || !strings.Contains(out, says) {
			t.Errorf("%q: got %d, want %d and %q: %s%s", args, code, want, says, out, errs)
		}
	}
	for _, file := range []string{pdf, plain} {
		verify(0, "In the audit log hedui.", file, "--require-proof")
	}
	proof, err := os.ReadFile(plain + ".proof")
	if err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(doc.Cases[0].Report.HTML)
	if err != nil || !strings.Contains(string(html), "c2sp.org/tlog-proof@v1") {
		t.Errorf("the page has no proof: %v", err)
	}
	other, err := os.ReadFile(doc.Cases[1].Report.JSON + ".proof")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, text []byte) {
		t.Helper()
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, wrong := range []string{string(other), strings.Replace(string(proof), "index ", "index 1", 1), strings.ToUpper(string(proof)), "c2sp.org/tlog-proof@v1\n"} {
		write(plain+".proof", []byte(wrong))
		verify(1, "The proof of the audit log is wrong", plain)
	}
	if err := os.Remove(plain + ".proof"); err != nil {
		t.Fatal(err)
	}
	verify(0, "no proof", plain)
	verify(1, "no proof", plain, "--require-proof")

	trust, err := os.ReadFile(filepath.Join(dir, "trust.pem"))
	if err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(t.TempDir(), "bare.pem")
	write(bare, []byte(strings.ReplaceAll(string(trust), "log-key ", "was-log-key ")))
	verify(0, "has no key of that log", pdf, "--trust", bare)
	verify(1, "has no key of that log", pdf, "--trust", bare, "--require-proof")

	text, err := os.ReadFile(pdf)
	if err != nil {
		t.Fatal(err)
	}
	write(pdf, []byte(strings.Replace(string(text), "tlog-proof@v1\nextra ey", "tlog-proof@v1\nextra eY", 1))) // it stands inside of what is signed
	verify(1, "", pdf)
}
