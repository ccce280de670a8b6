package house_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// vulnDB writes a database of one vulnerability: of a function that the console calls,
// in every version of its module.
func vulnDB(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"index/db.json":      `{"modified":"2026-01-01T00:00:00Z"}`,
		"index/vulns.json":   `[{"id":"GO-2026-9999","modified":"2026-01-01T00:00:00Z","aliases":[]}]`,
		"index/modules.json": `[{"path":"golang.org/x/time","vulns":[{"id":"GO-2026-9999","modified":"2026-01-01T00:00:00Z"}]}]`,
		"ID/GO-2026-9999.json": `{"schema_version":"1.3.1","id":"GO-2026-9999","modified":"2026-01-01T00:00:00Z","published":"2026-01-01T00:00:00Z",
			"summary":"invented for a test","details":"invented for a test","affected":[{"package":{"name":"golang.org/x/time","ecosystem":"Go"},
			"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
			"ecosystem_specific":{"imports":[{"path":"golang.org/x/time/rate","symbols":["Limiter.AllowN"]}]}}],
			"database_specific":{"url":"https://elsewhere.example/GO-2026-9999"}}`,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// "make vuln" finds what is known, and ends in words where the database does not answer:
// one that takes a connection and says nothing, one where nobody listens, one that is not there.
func TestKnownVulnerabilitiesAreFound(t *testing.T) {
	if os.Getenv("HEDUI_TEST_TOOLS") == "" {
		t.Skip("it fetches and builds govulncheck: set HEDUI_TEST_TOOLS")
	}
	run := func(database string) (string, error) {
		out, err := exec.Command("make", "-s", "vuln", "VULNDB="+database).CombinedOutput()
		return string(out), err
	}
	dir := vulnDB(t)
	if out, err := run("file://" + dir); err == nil || !strings.Contains(out, "GO-2026-9999") || !strings.Contains(out, "vuln: failed") || !strings.Contains(out, "guard.go") {
		t.Errorf("what is vulnerable: %v\n%s", err, out)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, database := range []string{"http://" + l.Addr().String(), "http://127.0.0.1:1", "file://" + dir + "/none"} {
		begun := time.Now()
		out, err := run(database)
		if err != nil || !strings.Contains(out, "vuln: NOT CHECKED") {
			t.Errorf("%s: %v\n%s", database, err, out)
		}
		if took := time.Since(begun); took > 4*time.Minute { // it waits 20 s; the rest is building on a busy machine
			t.Errorf("%s: after %s", database, took)
		}
	}
	for path, text := range map[string]string{"index/modules.json": "[]", "index/vulns.json": "[]"} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := run("file://" + dir); err != nil || !strings.Contains(out, "vuln: checked") {
		t.Errorf("an empty database: %v\n%s", err, out)
	}
}
