package casework

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/checkup"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// tried is a department of vehicles that knows one person, with its source file.
type tried struct {
	*bench
	clock *hands
	dir   string
	asked atomic.Int64
	key   atomic.Value
	url   string
}

const triedPerson = "name: 王志强\nid: %s\nstated_by: 某市公安局\n"

func newTried(t *testing.T, db *store.DB) *tried {
	t.Helper()
	d := &tried{clock: &hands{at: time.Now()}, dir: t.TempDir()}
	d.bench = onClock(t, db, time.Hour, d.clock, nil)
	d.key.Store("right")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.asked.Add(1)
		if r.Header.Get("X-Key") != d.key.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch id, name := r.FormValue("id"), r.FormValue("name"); {
		case id != d.person(t):
			fmt.Fprint(w, `{"code":"0"}`)
		case name != "王志强":
			fmt.Fprint(w, `{"code":"-3"}`)
		default:
			fmt.Fprint(w, `{"code":"1","data":[{"hphm":"浙B12345"}]}`)
		}
	}))
	t.Cleanup(server.Close)
	d.url = server.URL
	d.write(t, "person.yaml", fmt.Sprintf(triedPerson, d.person(t)))
	d.write(t, "key", "right")
	d.source(t, "test_person: "+filepath.Join(d.dir, "person.yaml"))
	d.Bench = &checkup.Bench{Files: map[string]string{"vehicle": filepath.Join(d.dir, "vehicle.yaml")}, Now: time.Now}
	return d
}

// person is a number that nobody of a test has.
func (d *tried) person(t *testing.T) string {
	t.Helper()
	return storetest.ID(t, day.Must("1980-02-28"), 99).Reveal()
}

func (d *tried) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d *tried) source(t *testing.T, more string) {
	t.Helper()
	d.write(t, "vehicle.yaml", fmt.Sprintf(`name: vehicle
kind: http
department: 某市公安局
category: vehicle
auth: {kind: header, name: X-Key, secret_file: %s}
request: {url: %q, method: POST, form: {id: "{id}", name: "{name}"}}
answer: {status: [{at: code, codes: {"1": ok, "0": none, "-3": identity_doubt}}], records: data}
fields: {plate_no: hphm}
%s
`, filepath.Join(d.dir, "key"), d.url+"/q", more))
}

// test has the source tested and waits for the end.
func (d *tried) test(t *testing.T) hedui.SourceCheck {
	t.Helper()
	if err := d.CheckSource(t.Context(), keeper, "vehicle"); err != nil {
		t.Fatal(err)
	}
	var c hedui.SourceCheck
	until(t, "the test has ended", func() bool {
		list, err := d.SourceChecks(t.Context(), keeper, "vehicle")
		if err != nil {
			t.Fatal(err)
		}
		c = list[0]
		return !c.EndedAt.IsZero()
	})
	return c
}

// again lets the next test begin at once.
func (d *tried) again(t *testing.T) {
	t.Helper()
	d.clock.move(d.clock.now().Add(CheckEvery + time.Second))
}

func lineOf(c hedui.SourceCheck, key string) *hedui.CheckLine {
	if i := slices.IndexFunc(c.Lines, func(l hedui.CheckLine) bool { return l.Key == key }); i >= 0 {
		return &c.Lines[i]
	}
	return nil
}

func TestASourceIsTestedWhileTheNodeRuns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		d := newTried(t, db)
		if err := d.CheckSource(t.Context(), officer("clerk", hedui.OpenCases), "vehicle"); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("somebody without the right: %v", err)
		}
		if err := d.CheckSource(t.Context(), keeper, "nowhere"); hedui.KindOf(err) != hedui.NotFound {
			t.Errorf("a source that there is not: %v", err)
		}
		if err := d.CheckSource(t.Context(), keeper, "land"); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a source without a file: %v", err)
		}
		if err := d.CheckSource(t.Context(), keeper, "vehicle"); err != nil {
			t.Fatal(err)
		}
		if list, err := d.SourceChecks(t.Context(), keeper, "vehicle"); err != nil || len(list) != 1 || !list[0].Moving(d.Now()) || list[0].Officer != keeper.ID {
			t.Errorf("a test that waits: %+v, %v", list, err)
		}
		if err := d.CheckSource(t.Context(), keeper, "vehicle"); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("a second test at once: %v", err)
		}
		d.start(t)
		var c hedui.SourceCheck
		until(t, "the test has ended", func() bool {
			list, _ := d.SourceChecks(t.Context(), keeper, "vehicle")
			c = list[0]
			return !c.EndedAt.IsZero()
		})
		if !c.Ready || lineOf(c, "known.found") == nil || lineOf(c, "misnamed.identity_doubt") == nil || !strings.HasPrefix(c.Digest, "sha256:") {
			t.Errorf("a sound source: %+v", c)
		}
		for _, s := range c.Steps() {
			if s.State == hedui.CheckBad || s.State == hedui.CheckSkipped {
				t.Errorf("step %+v", s)
			}
		}
		if n := d.asked.Load(); n < 4 || n > checkup.TrialFare {
			t.Errorf("the department was asked %d times", n)
		}
		if text := fmt.Sprint(c.Lines); strings.Contains(text, "王志强") || strings.Contains(text, d.person(t)) || strings.Contains(text, "B12345") {
			t.Errorf("what is kept names somebody: %s", text)
		}
		trail(t, db, "source.test vehicle", "source.tested ready")
	})
}

// What stands in the way is said; and nobody of a family is asked about.
func TestWhatATestFinds(t *testing.T) {
	db := storetest.Open(t, storetest.Engines()[0].Fresh(t))
	d := newTried(t, db)
	d.start(t)
	d.key.Store("another")
	c := d.test(t)
	if l := lineOf(c, "reason.credentials"); c.Ready || l == nil || c.Steps()[0].State != hedui.CheckOK || c.Steps()[1].State != hedui.CheckBad || d.asked.Load() != 1 {
		t.Errorf("a wrong key: %+v, %d calls", c, d.asked.Load())
	}
	asked := d.asked.Load()
	for _, tt := range []struct {
		name, key string
		set       func()
	}{
		{"no test person", "person.unnamed", func() { d.source(t, "") }},
		{"its file is not there", "person.unreadable", func() { d.source(t, "test_person: /nowhere/person.yaml") }},
		{"it is no person", "person.wrong", func() {
			d.source(t, "test_person: "+filepath.Join(d.dir, "person.yaml"))
			d.write(t, "person.yaml", "name: 王志强\n")
		}},
		{"a person of a case", "person.real", func() {
			f := form(t, 7)
			d.accepted(t, f)
			d.write(t, "person.yaml", fmt.Sprintf("name: %s\nid: %q\nstated_by: 某市公安局\n", f.Persons[0].Name, f.Persons[0].ID))
		}},
		{"a file with problems", "file.problem", func() { d.source(t, "refresh: soon") }},
		{"no file", "file.gone", func() { _ = os.Remove(filepath.Join(d.dir, "vehicle.yaml")) }},
	} {
		d.again(t)
		tt.set()
		if c := d.test(t); c.Ready || lineOf(c, tt.key) == nil {
			t.Errorf("%s: %+v", tt.name, c)
		}
	}
	if d.asked.Load() != asked {
		t.Error("the department was asked all the same")
	}
}

// How far each source has come, with the file as it lies there now.
func TestHowFarASourceHasCome(t *testing.T) {
	db := storetest.Open(t, storetest.Engines()[0].Fresh(t))
	d := newTried(t, db)
	of := func() Joined {
		t.Helper()
		list, err := d.Joining(t.Context(), keeper)
		if err != nil {
			t.Fatal(err)
		}
		return list[slices.IndexFunc(list, func(j Joined) bool { return j.Source == "vehicle" })]
	}
	if j := of(); !j.Kept || j.File.Config == nil || j.Last != nil || !j.Since.IsZero() {
		t.Errorf("before the start: %+v", j)
	}
	d.start(t)
	until(t, "the file is noted", func() bool { return !of().Since.IsZero() })
	d.test(t)
	if j := of(); j.Last == nil || !j.Last.Ready || j.OfOther || j.Changed || len(j.Promises) != 1 || len(j.File.Unreadable) != 0 {
		t.Errorf("tested: %+v", j)
	}
	d.source(t, "refresh: 24h")
	if err := os.Remove(filepath.Join(d.dir, "key")); err != nil {
		t.Fatal(err)
	}
	if j := of(); !j.Changed || !j.OfOther || !slices.Equal(j.File.Unreadable, []string{"secret_file"}) || j.File.Person != "person.unnamed" {
		t.Errorf("changed: %+v", j)
	}
	if _, err := d.Joining(t.Context(), officer("clerk", hedui.OpenCases)); hedui.KindOf(err) != hedui.Forbidden {
		t.Errorf("somebody without the right: %v", err)
	}
	if other, err := d.Joining(t.Context(), keeper); err != nil || other[slices.IndexFunc(other, func(j Joined) bool { return j.Source == "land" })].Kept {
		t.Errorf("a source without a file: %v", err)
	}
}

// trail waits until the log has entries that begin so, verb before detail.
func trail(t *testing.T, db *store.DB, want ...string) {
	t.Helper()
	until(t, strings.Join(want, ", "), func() bool {
		var got []string
		if err := db.Read(t.Context(), func(tx *store.Tx) error {
			list, err := tx.Trail(t.Context(), store.TrailFilter{Limit: 200})
			for _, e := range list {
				got = append(got, string(e.Verb)+" "+e.Detail)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(got, w) })
	})
}
