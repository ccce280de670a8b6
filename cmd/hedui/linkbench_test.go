package main

import (
	"strings"
	"testing"

	"hedui/internal/store/storetest"
)

func TestBenchOfALinkAnswersEveryQuery(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			args, tables := []string{"bench", "--link", "--cases=2", "--parallel=2"}, 1
			if url := e.Fresh(t).URL; strings.Contains(url, "://") { // the hub on PostgreSQL, too
				args, tables = append(args, "--database="+url), 2
			}
			code, out, errs := runHedui(t, args...)
			if code != 0 {
				t.Fatalf("exit %d: %s", code, errs)
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			if want := 5 * tables; len(lines) != want {
				t.Fatalf("got %d lines, want %d:\n%s", len(lines), want, out)
			}
			for i, line := range lines {
				if i%5 >= 2 && !strings.HasPrefix(strings.TrimSpace(line), "96 ") { // 2 cases × 4 persons × 12 categories
					t.Errorf("got %q, want 96 queries answered", line)
				}
			}
		})
	}
}

func TestBenchOfCasesMeasuresTheScriptAndTheNode(t *testing.T) {
	needFont(t)
	code, out, errs := runHedui(t, "bench", "--cases=2", "--parallel=2")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"2 cases of 4 persons × 12 categories", "script, stores nothing", "Hedui on SQLite", "a PDF copy"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in:\n%s", want, out)
		}
	}
}
