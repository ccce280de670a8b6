package federation

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// shared are the engines on which several processes run one node.
func shared(t *testing.T) []storetest.Engine {
	t.Helper()
	list := slices.DeleteFunc(storetest.Engines(), func(e storetest.Engine) bool { return e.Name == "sqlite" })
	if len(list) == 0 {
		t.Skip("HEDUI_TEST_POSTGRES names no database")
	}
	return list
}

// A reply that one process of the hub has reaches a pull that another holds open,
// and both follow a change of keys.
func TestTwoProcessesAreOneHub(t *testing.T) {
	t.Parallel()
	for _, e := range shared(t) {
		t.Run(e.Name, func(t *testing.T) {
			works := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", registers: []string{"hukou 330200 here", "housing 330200 here"}})
			door := buildOn(t, works.o, works.ring, plot{name: "ningbo", division: "330200", level: "prefecture", doorOnly: true, registers: works.p.registers})
			county := build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: door, registers: []string{
				"land 330203 here", "hukou 330200 ningbo", "housing 330200 ningbo"}})
			join(t, door, county)
			register := works.sources["hukou-330200"]
			register.gate, register.waits = make(chan struct{}), make(chan struct{}, 1)
			id := county.accept(t, 1, "")
			<-register.waits
			county.answeredButFor(t, id, catalog.Hukou)
			time.Sleep(300 * time.Millisecond) // the pull waits at the other process
			close(register.gate)
			begun := time.Now()
			county.answered(t, id)
			t.Logf("from the department's answer in one process to the county's grid by the other: %s", time.Since(begun).Round(time.Millisecond))
			onceEach(t, 1, works, county)

			old := works.keys()
			if err := works.Rotate(t.Context(), boss, time.Hour); err != nil {
				t.Fatal(err)
			}
			works.ahead.Store(int64(soon))
			eventually(t, "one process uses the new keys", func() bool { return works.keys() != old })
			eventually(t, "the other follows", func() bool { return door.keys() == works.keys() })
			county.answered(t, county.accept(t, 2, ""))

			if err := works.Revoke(t.Context(), boss, "haishu"); err != nil {
				t.Fatal(err)
			}
			eventually(t, "whoever is shut out at one process is out at the other", func() bool {
				return county.link(t, "ningbo").Reason == "unknown_peer"
			})
		})
	}
}

// A hub that is killed loses nothing: on SQLite it is started again, on PostgreSQL
// another process goes on.
func TestAHubThatIsKilled(t *testing.T) {
	if url := os.Getenv("HEDUI_TEST_HUB"); url != "" {
		hubProcess(t, url)
	}
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := two(t, e, 0)
			var other *exec.Cmd
			address := "127.0.0.1:0"
			if e.Name == "sqlite" {
				hub.stop()
				other, _ = startHub(t, hub, hub.listener.Addr().String())
			} else {
				other, address = startHub(t, hub, address)
				county.stop()
				county.p.urls = []string{"https://" + address, hub.url()}
				county.open(t)
			}
			var cases []string
			for n := range 20 {
				if cases = append(cases, county.accept(t, 1+n, "")); n == 12 {
					_ = other.Process.Kill()
					_ = other.Wait()
				}
			}
			if e.Name == "sqlite" {
				startHub(t, hub, hub.listener.Addr().String())
			} else {
				hub.ahead.Store(int64(2 * time.Minute)) // what the dead had taken is free after a while
			}
			for _, id := range cases {
				county.answered(t, id)
				for _, q := range county.look(t, id) {
					if q.Source != "" && q.Attempts != 1 {
						t.Errorf("%s was settled after %d attempts, want one letter or call", q.Category, q.Attempts)
					}
				}
			}
			onceEach(t, 20, county)
			eventually(t, "nothing is left at the county", func() bool { return county.waiting(t, "ningbo") == 0 })
		})
	}
}

// startHub runs the hub, or one more process of it, on an address, and returns
// where it listens.
func startHub(t *testing.T, hub *place, address string) (*exec.Cmd, string) {
	t.Helper()
	keys := t.TempDir()
	if err := errors.Join(hub.o.Master.Save(filepath.Join(keys, "master")), hub.o.Blind.Save(filepath.Join(keys, "blind"))); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestAHubThatIsKilled$", "-test.count=1")
	cmd.Env = append(os.Environ(), "HEDUI_TEST_HUB="+hub.o.URL, "HEDUI_TEST_KEYS="+keys, "HEDUI_TEST_RING="+hub.ring, "HEDUI_TEST_ADDRESS="+address)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "listens "); ok {
			go func() { // it must not wait for a reader
				for lines.Scan() {
					_ = lines.Text()
				}
			}()
			return cmd, at
		}
		t.Log(lines.Text())
	}
	t.Fatal("the process did not start")
	return nil, ""
}

func hubProcess(t *testing.T, url string) {
	t.Helper()
	keys := os.Getenv("HEDUI_TEST_KEYS")
	master, err1 := seal.LoadKey(filepath.Join(keys, "master"))
	blind, err2 := seal.LoadKey(filepath.Join(keys, "blind"))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	hub := buildOn(t, store.Options{URL: url, Master: master, Blind: blind}, os.Getenv("HEDUI_TEST_RING"), plot{name: "ningbo", division: "330200",
		level: "prefecture", address: os.Getenv("HEDUI_TEST_ADDRESS"), registers: []string{"hukou 330200 here", "housing 330200 here"}})
	_, _ = os.Stdout.WriteString("listens " + hub.listener.Addr().String() + "\n")
	time.Sleep(2 * time.Minute)
	t.Fatal("nobody came")
}

func (at *place) answeredButFor(t *testing.T, id string, code catalog.Code) {
	t.Helper()
	eventually(t, "all but one query are answered", func() bool {
		for _, q := range at.look(t, id) {
			if !q.Settled() && q.Category != code {
				return false
			}
		}
		return true
	})
}
