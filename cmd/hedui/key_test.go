package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hedui/internal/store"
)

// keys is what "hedui key list" says.
func keysOf(t *testing.T, config string) keysAnswer {
	t.Helper()
	code, out, errs := runHedui(t, "key", "list", "--config", config, "--as", "security", "--json")
	var a keysAnswer
	if err := json.Unmarshal([]byte(out), &a); err != nil || code != 0 {
		t.Fatalf("key list: %d %v %s", code, err, errs)
	}
	return a
}

// An administrator changes both kinds of keys of a node that serves; its first key is
// destroyed, and the node starts anew without it.
func TestKeysAreChangedWhileANodeServes(t *testing.T) {
	config := initNode(t, "--name", "haishu", "--division", "330203")
	dir := filepath.Dir(config)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.NewReplacer("127.0.0.1:8420", "127.0.0.1:0", "exchange: ", "# exchange: ").Replace(string(text)))
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	serve := func() (stop func()) {
		cmd := exec.Command(os.Args[0], "serve", "--config", config)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait(t, "the node takes orders", func() bool {
			_, err := os.Stat(filepath.Join(dir, controlFile))
			return err == nil
		})
		return func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			_ = os.Remove(filepath.Join(dir, controlFile))
		}
	}
	stop := serve()
	if code, _, errs := runHedui(t, "key", "rotate", "--config", config, "--as", "operator"); code != 1 || !strings.Contains(errs, "keep_keys") {
		t.Errorf("without the right: %d %s", code, errs)
	}
	code, out, errs := runHedui(t, "key", "rotate", "--config", config, "--as", "security")
	if code != 0 || !strings.Contains(out, "Master key 2 is in use") || !strings.Contains(out, filepath.Join("keys", "master.key")) {
		t.Fatalf("rotate: %d %s%s", code, out, errs)
	}
	if code, out, errs = runHedui(t, "key", "rotate", "--data", "--config", config, "--as", "security"); code != 0 || !strings.Contains(out, "Key 1 of the node is destroyed") {
		t.Fatalf("rotate --data: %d %s%s", code, out, errs)
	}
	a := keysOf(t, config)
	if len(a.Masters) != 2 || a.Masters[0].RetiredAt.IsZero() || !a.Masters[1].RetiredAt.IsZero() || a.Masters[1].Nodes != 1 || len(a.Nodes) != 1 || a.Nodes[0].Version != 2 {
		t.Errorf("got %+v", a)
	}
	stop()
	if err := os.Remove(a.Masters[0].File); err != nil {
		t.Fatal(err)
	}
	stop = serve()
	if a = keysOf(t, config); a.Masters[0].File != "" || filepath.Base(a.Masters[1].File) != "master-2.key" {
		t.Errorf("after the first file is gone: %+v", a)
	}
	code, out, errs = runHedui(t, "audit", "show", "--config", config, "--as", "audit")
	for _, want := range []string{"an old master key is out of use: 1 " + a.Masters[0].ID, "brought a new master key into use: 2 " + a.Masters[1].ID, "an old key of the node was destroyed: 1"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("the log does not say %q: %d %s%s", want, code, out, errs)
		}
	}
	stop()

	// without the key in use the node does not start, says which is missing and makes none
	if err := os.Rename(a.Masters[1].File, a.Masters[1].File+".away"); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runHedui(t, "key", "list", "--config", config, "--as", "security"); code != 1 || !strings.Contains(errs, a.Masters[1].ID) {
		t.Errorf("without its key: %d %s", code, errs)
	}
}

// A rotation that began before the program was killed, or before its file was read by
// anybody, goes on with the file that is there.
func TestARotationTakesTheKeyThatIsThere(t *testing.T) {
	config := initNode(t, "--name", "haishu", "--division", "330203")
	dir := filepath.Dir(config)
	keysOf(t, config)
	m := &masterKeys{dir: filepath.Join(dir, "keys")}
	id, err := m.make(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if code, out, errs := runHedui(t, "key", "rotate", "--config", config, "--as", "security"); code != 0 {
		t.Fatalf("rotate: %d %s%s", code, out, errs)
	}
	if a := keysOf(t, config); len(a.Masters) != 2 || a.Masters[1].ID != id {
		t.Errorf("got %+v, want %s in use", a.Masters, id)
	}
	set, err := readSettings(config, discardLog())
	if err != nil {
		t.Fatal(err)
	}
	n, err := openNode(t.Context(), set.nodeOptions)
	if err != nil {
		t.Fatal(err)
	}
	third, err := n.masters.make(t.Context(), 3)
	if err == nil { // begun, and not carried to its end
		err = n.db.InTx(t.Context(), func(tx *store.Tx) error { _, err := tx.AddMasterKey(t.Context(), third, time.Now()); return err })
	}
	if err := errors.Join(err, n.db.Close()); err != nil {
		t.Fatal(err)
	}
	code, out, errs := runHedui(t, "key", "rotate", "--config", config, "--as", "security")
	if code != 0 || !strings.Contains(out, "broken off") || !strings.Contains(out, "Master key 3 is in use") {
		t.Errorf("resume: %d %s%s", code, out, errs)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "keys", "master*.key")); len(files) != 3 {
		t.Errorf("got files %v, want three", files)
	}
}

// buildHelper builds the helper of the documentation and gives it a key.
func buildHelper(t *testing.T) (program, dir string) {
	t.Helper()
	dir = t.TempDir()
	program = filepath.Join(dir, "keyhelper")
	if out, err := exec.Command("go", "build", "-o", program, "./testdata/keyhelper").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"one", "two"} {
		key := make([]byte, 32)
		_, _ = rand.Read(key)
		if err := os.WriteFile(filepath.Join(dir, name), key, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return program, dir
}

// A node goes over to a helper, and from one of its keys to another, by rotations; then
// no master key lies on the disk in clear.
func TestMasterKeysBehindAHelper(t *testing.T) {
	program, device := buildHelper(t)
	config := initNode(t, "--name", "haishu", "--division", "330203")
	dir := filepath.Dir(config)
	before, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	write := func(key string, timeout string) {
		t.Helper()
		text := fmt.Sprintf("%s\nkey_helper: {command: [%q, %q], key: %s, timeout: %s}\n", before, program, device, key, timeout)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keysOf(t, config) // with the file it began with
	for i, name := range []string{"one", "two"} {
		write(name, "20s")
		code, out, errs := runHedui(t, "key", "rotate", "--config", config, "--as", "security")
		if code != 0 {
			t.Fatalf("rotate: %d %s%s", code, out, errs)
		}
		a := keysOf(t, config)
		text, err := os.ReadFile(a.Masters[i+1].File)
		if err != nil || !strings.Contains(string(text), "HEDUI WRAPPED KEY") || !strings.Contains(string(text), "Wrapped-By: "+name) {
			t.Errorf("the new file: %v\n%s", err, text)
		}
		if err := os.Remove(a.Masters[i].File); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := runHedui(t, "check", "--config", config); code != 0 {
		t.Errorf("check: %d %s%s", code, out, errs)
	}

	for fault, want := range map[string]string{
		"slow": "did not answer within 2s", "silent": "code 3", "garbage": "no JSON object", "extra": "no JSON object", "two": "more than one", "empty": "either data or error",
		"long": "more than", "other": "another key",
	} {
		t.Run(fault, func(t *testing.T) {
			write("two", "2s")
			t.Setenv("FAULT", fault)
			code, _, errs := runHedui(t, "key", "list", "--config", config, "--as", "security")
			if code != 1 || !strings.Contains(errs, want) {
				t.Errorf("got %d %s, want %q", code, errs, want)
			}
		})
	}
	if err := os.Remove(filepath.Join(device, "two")); err != nil {
		t.Fatal(err)
	}
	write("two", "20s")
	if code, _, errs := runHedui(t, "key", "list", "--config", config, "--as", "security"); code != 1 || !strings.Contains(errs, "no key of the name two") {
		t.Errorf("the device has no such key: %d %s", code, errs)
	}
	if err := os.WriteFile(config, before, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runHedui(t, "key", "list", "--config", config, "--as", "security"); code != 1 || !strings.Contains(errs, "key_helper") {
		t.Errorf("without the helper: %d %s", code, errs)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "keys", "master*.key")); len(files) != 1 {
		t.Errorf("a failure made key files: %v", files)
	}
}

func TestAHelperThatCannotBe(t *testing.T) {
	config := initNode(t, "--name", "haishu", "--division", "330203")
	before, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ line, want string }{
		{`{command: [/no/such/helper], key: a}`, "There is no program"},
		{`{command: [], key: a}`, "key_helper.command"},
		{`{command: [cat], key: ""}`, "key_helper.key"},
		{`{command: [cat], key: "a:b"}`, "without a colon"},
		{`{command: [cat], key: a, timeout: 1h}`, "at most five minutes"},
		{`{command: [cat], key: a, retries: 3}`, "retries"},
	} {
		if err := os.WriteFile(config, fmt.Appendf(nil, "%s\nkey_helper: %s\n", before, tt.line), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := runHedui(t, "key", "list", "--config", config, "--as", "security"); code != 1 || !strings.Contains(errs, tt.want) {
			t.Errorf("%s: %d %s, want %q", tt.line, code, errs, tt.want)
		}
	}
}

// A helper that goes away with its caller leaves no child that holds the pipe.
func TestAHelperIsStopped(t *testing.T) {
	h := &keyHelper{command: []string{"sh", "-c", "sleep 60 & sleep 60"}, key: "a", timeout: 300 * time.Millisecond}
	begun := time.Now()
	if _, err := h.Wrap(context.Background(), "a", []byte("x")); err == nil || time.Since(begun) > 10*time.Second {
		t.Errorf("got %v after %v", err, time.Since(begun))
	}
}
