package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ruleRun(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), append([]string{"--lang=en", "rule"}, args...), &o, &e)
	return code, o.String(), e.String()
}

// An official copies the books, changes a threshold and sees what it does.
func TestChangeAThreshold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "county")
	for _, args := range [][]string{{"check"}, {"test"}, {"new", dir}, {"check", dir}, {"test", dir}} {
		if code, out, errs := ruleRun(t, args...); code != 0 {
			t.Fatalf("rule %v: %d\n%s%s", args, code, out, errs)
		}
	}
	if code, _, _ := ruleRun(t, "new", dir); code == 0 {
		t.Error("a directory was overwritten")
	}
	name := filepath.Join(dir, "ningbo-2013.yaml")
	change := func(from, to string) {
		t.Helper()
		text, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(text), from) {
			t.Fatalf("%v, or no %s", err, from)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	change(`"588.00"`, `"660.00"`)
	_, out, _ := ruleRun(t, "diff", "-", dir)
	for _, want := range []string{"entries that differ: 1", "value: 588.00 → 660.00", "- line income: over 1156.00", "+ line income: over 1120.00"} {
		if !strings.Contains(out, want) {
			t.Errorf("diff does not say %q:\n%s", want, out)
		}
	}
	code, out, _ := ruleRun(t, "test", dir)
	if code != 1 || !strings.Contains(out, "support: want 756.00, got 720.00") {
		t.Errorf("test: %d\n%s", code, out)
	}
	_, out, _ = ruleRun(t, "explain", dir, "--case", filepath.Join(dir, "worked.test.yaml"), "--name", "5 ")
	for _, want := range []string{"2,100.00 yuan a head and month, standard 660.00; support of 720.00", "= OVER_LIMIT"} {
		if !strings.Contains(out, want) {
			t.Errorf("explain does not say %q:\n%s", want, out)
		}
	}
	_, out, _ = ruleRun(t, "explain", name, "--division", "330203", "--date", "2013-04-10")
	if !strings.Contains(out, "value: 660.00") || !strings.Contains(out, "in place of nation-2012.yaml:") {
		t.Errorf("the effective book:\n%s", out)
	}
	change(`"660.00"`, `"6,60"`)
	code, _, errs := ruleRun(t, "check", dir)
	if code != 1 || !strings.Contains(errs, "ningbo-2013.yaml:12:35: parameters.standard.value: must be an amount in yuan") {
		t.Errorf("check: %d\n%s", code, errs)
	}
}
