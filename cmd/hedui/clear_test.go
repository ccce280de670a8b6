package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hedui/internal/sim"
	"hedui/internal/store/storetest"
)

// inClear are the places where a family's names may be read, each with its reason;
// numbers only where it says so.
var inClear = []struct {
	path, why string
	numbers   bool
}{
	{"reports/*.pdf", "the copy for the office that decides: it is meant to be read", false},
	{"reports/*.html", "the same, on the screen", false},
	{"reports/*.json", "the same, for a machine", false},
	{"*/test-person.yaml", "the synthetic person with whom sources are tested, as the operator writes it: no case is about it", true},
	{"temporary/hedui-qzk-*/*", "the register of a simulated department, left when the demo was killed: a node does not write it", true},
}

// readAll reads every file under a directory, by its path there.
func readAll(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil {
			files[name], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// nothingInClear searches files and their names for everybody of the fixed families, in
// every form in which a name or a number may stand.
func nothingInClear(t *testing.T, files map[string][]byte) {
	t.Helper()
	meant := map[string][]byte{}
	for name, body := range files {
		if may, numbers := readable(name); may {
			delete(files, name)
			if !numbers {
				meant[name] = body
			}
		}
	}
	named := false
	for _, f := range sim.Families() {
		for _, m := range f.Members {
			for what, secret := range map[string]string{"number": m.ID.Reveal(), "name": m.Name, "registered name": m.Registered} {
				for _, in := range storetest.Holds(files, []byte(secret)) {
					t.Errorf("%s holds the %s of a member of %s in clear", in, what, f.Key)
				}
				for name := range files {
					if strings.Contains(name, secret) {
						t.Errorf("a file is named by the %s of a member of %s", what, f.Key)
					}
				}
				found := storetest.Holds(meant, []byte(secret))
				if named = named || len(found) > 0; len(found) > 0 && what == "number" {
					t.Errorf("%s holds a number of %s in clear", found, f.Key)
				}
			}
		}
	}
	if !named && len(meant) > 0 {
		t.Error("not even the reports name anybody: the search is broken")
	}
}

func readable(name string) (names, numbers bool) {
	for _, place := range inClear {
		if ok, _ := filepath.Match(place.path, filepath.ToSlash(name)); ok {
			return true, place.numbers
		}
	}
	return false, false
}

// After the whole story, and when it was killed in the middle of it, no file that the
// program wrote – databases, their logs, temporary files, keys – and no row of
// PostgreSQL tells who the families are, but for the places of inClear.
func TestNobodyLiesInClear(t *testing.T) {
	needFont(t)
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			dir, temporary, o := filepath.Join(t.TempDir(), "demo"), t.TempDir(), e.Fresh(t)
			args := []string{"demo", "--once", "--json", "--dir", dir}
			if e.Name == "postgres" {
				args = append(args, "--database", o.URL)
			}
			logs := 0
			for _, killed := range []time.Duration{20 * time.Millisecond, 200 * time.Millisecond, 0} {
				cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
				cmd.Env = append(os.Environ(), asProgram+"=1", "TMPDIR="+temporary)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				if killed > 0 { // so long after a database has begun its log
					for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
						if begun, _ := filepath.Glob(filepath.Join(dir, "*", "*-wal")); len(begun) > 0 {
							break
						}
					}
					time.Sleep(killed)
					_ = cmd.Process.Kill()
				}
				if err := cmd.Wait(); killed == 0 && err != nil {
					t.Fatal(err)
				}
				files := readAll(t, dir)
				for name, body := range readAll(t, temporary) {
					files["temporary/"+name] = body
				}
				if e.Name == "postgres" && len(files) > 0 {
					for table, body := range storetest.Contents(t, o) {
						files["table "+table] = body
					}
				}
				for name := range files {
					if strings.HasSuffix(name, "-wal") {
						logs++
					}
				}
				nothingInClear(t, files)
			}
			if logs == 0 {
				t.Error("it was never killed while a database had a log: nothing was tried")
			}
		})
	}
}
