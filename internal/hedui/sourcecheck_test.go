package hedui

import (
	"strings"
	"testing"
	"time"
)

func TestStepsOfACheck(t *testing.T) {
	line := func(check, state, key string, args ...string) CheckLine {
		return CheckLine{Check: check, State: state, Key: key, Args: args}
	}
	file, reached := line("file", CheckOK, "file.ok"), line("connection", CheckOK, "connection.ok")
	for _, tt := range []struct {
		name, want string
		lines      []CheckLine
	}{
		{"nothing yet", "not_checked not_checked not_checked not_checked", nil},
		{"a wrong file", "not_checked not_checked not_checked not_checked", []CheckLine{line("file", CheckBad, "file.problem")}},
		{"no test person", "not_checked not_checked not_checked not_checked", []CheckLine{file, line("person", CheckBad, "person.unnamed")}},
		{"down", "not_ready not_checked not_checked not_checked", []CheckLine{file, line("connection", CheckBad, "reason.down", "down"), line("other", CheckSkipped, "other.skipped")}},
		{"no answer at all", "not_ready not_checked not_checked not_checked", []CheckLine{file, line("connection", CheckBad, "reason.slow", "slow")}},
		{"a wrong key", "ok not_ready not_checked not_checked", []CheckLine{file, line("connection", CheckBad, "reason.credentials", "credentials")}},
		{"a key refused in an answer", "ok not_ready not_checked not_checked", []CheckLine{file, reached, line("known", CheckBad, "reason.credentials", "credentials")}},
		{"unreadable", "ok ok not_ready not_checked", []CheckLine{file, reached, line("known", CheckBad, "reason.malformed", "malformed")}},
		{"a reason of the department's own", "ok ok not_ready not_checked", []CheckLine{file, reached, line("known", CheckBad, "reason.other", "strange")}},
		{"too often", "ok ok ok not_ready", []CheckLine{file, line("connection", CheckBad, "reason.throttled", "throttled")}},
		{"never answered", "ok ok ok not_ready", []CheckLine{file, reached, line("known", CheckBad, "pending")}},
		{"slow after a first answer", "ok ok not_ready not_ready", []CheckLine{file, reached, line("known", CheckOK, "known.found"), line("batch", CheckBad, "batch.differs"), line("twice", CheckBad, "reason.slow", "slow")}},
		{"all is well", "ok ok ok ok", []CheckLine{file, reached, line("known", CheckOK, "known.found"), line("latency", CheckOK, "latency.few")}},
		{"nearly", "warning ok warning warning", []CheckLine{file, reached, line("tls", CheckWarning, "tls.soon"), line("known", CheckOK, "known.found"), line("keys", CheckWarning, "keys.strange"), line("timeout", CheckWarning, "timeout.near")}},
	} {
		var got []string
		for _, s := range (SourceCheck{Lines: tt.lines}).Steps() {
			got = append(got, s.State)
		}
		if words := strings.Join(got, " "); words != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, words, tt.want)
		}
	}
	at := time.Now()
	c := SourceCheck{At: at}
	if !c.Moving(at.Add(time.Minute)) || c.Moving(at.Add(time.Hour)) {
		t.Error("a test that has not ended moves for some minutes, and is then broken off")
	}
	if c.EndedAt = at; c.Moving(at) {
		t.Error("a test that has ended moves")
	}
}
