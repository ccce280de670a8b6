package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hedui/internal/hedui"
)

// A clerk prints the consent form of a file, the case is opened and given back, and
// the family is told why; all from the command line beside a running node.
func TestPapersArePrintedFromTheCommandLine(t *testing.T) {
	needFont(t)
	w, p := lists(t)
	out := filepath.Join(w.dir, "papers")
	run := func(want int, contains string, args ...string) {
		t.Helper()
		code, o, e := runHedui(t, append([]string{"case"}, append(args, "--config", p.config)...)...)
		if code != want || !strings.Contains(o+e, contains) {
			t.Errorf("%s: code %d, want %d with %q:\n%s%s", strings.Join(args, " "), code, want, contains, o, e)
		}
	}
	w.write("family.yaml", "programme: dibao\ndivision: \"330203\"\noffice: 海曙区民政局（演示）\npersons:\n  - {name: 李试验, id: 33020019680101001X, relation: self}\n")
	run(0, "consent-S330203", "paper", "consent", "--form", filepath.Join(w.dir, "family.yaml"), "--as", "clerk", "--out", out)
	run(0, "missing-T330203", "paper", "missing", "--form", filepath.Join(w.dir, "family.yaml"), "--as", "clerk", "--out", out, "--format", "txt")
	run(1, "has no right", "paper", "consent", "--form", filepath.Join(w.dir, "family.yaml"), "--as", "signer", "--out", out)
	run(1, "case or a form", "paper", "consent", "--as", "clerk")

	r := &caseRun{ctx: t.Context(), config: p.config, staff: demoStaff()}
	var look lookAnswer
	for look.Stage != hedui.Commissioned {
		if _, err := r.step("draft", w.forms(1)[0], &look); err != nil {
			t.Fatal(err)
		}
		if err := r.order(hedui.ReadCases, "case/look", caseArgs{ID: look.ID}, &look); err != nil {
			t.Fatal(err)
		}
	}
	run(0, "commission-W330203", "paper", "commission", look.ID, "--as", "commissioner", "--out", out, "--language", "en", "--format", "html")
	run(1, "unsigned, signer", "act", look.ID, "return", "--as", "receiver", "--why", "weather")
	run(0, look.Number, "act", look.ID, "return", "--as", "receiver", "--why", "household")
	run(0, "returned-T330203", "paper", "notice", look.ID, "--as", "receiver", "--out", out)
	run(1, "no report", "publish", look.ID, "--as", "commissioner", "--out", out)
	files, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil || len(text) == 0 {
			t.Error(errors.Join(err, errors.New(f)))
		}
		if filepath.Ext(f) == ".pdf" {
			if code, o, e := runHedui(t, "verify", f); code != 0 || !strings.Contains(o, "The seal is valid") || !strings.Contains(o, ", number ") {
				t.Errorf("%s verified with %d:\n%s%s", f, code, o, e)
			}
		}
		if info, err := os.Stat(f); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", f, err)
		}
	}
}
