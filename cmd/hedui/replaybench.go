package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing/fstest"
	"time"

	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
	"hedui/internal/sim"
	"hedui/internal/store"
)

// A replay is measured on cases that went through the departments of the city, some
// dozens, and are then stored many times over: each copy is a case of its own, with
// its own key, persons and ids, written as any other is.

const (
	replayTemplates = 60
	replayBatch     = 200 // copies in a transaction
)

// replay measures the replay of a book with another standard.
func (b *benchCommand) replay(ctx context.Context, s streams) error {
	tried, err := replayBook()
	if err != nil {
		return err
	}
	return b.onStored(ctx, func(city *sim.City, o nodeOptions, name string) error {
		return b.replayOn(ctx, s, city, o, name, tried)
	})
}

// onStored gives a measurement on stored households a city, and a node that is not open
// yet: on SQLite, and on PostgreSQL where that is given.
func (b *benchCommand) onStored(ctx context.Context, measure func(city *sim.City, o nodeOptions, name string) error) error {
	dir, err := os.MkdirTemp("", "hedui-bench-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	city, err := sim.NewCity(sim.Options{Population: 2*b.Households + 10_000, Seed: 1, Instant: true})
	if err != nil {
		return err
	}
	if err := city.Start(ctx); err != nil {
		return err
	}
	defer city.Close()
	sources, err := usualSources(city)
	if err != nil {
		return err
	}
	defer func() { _ = nodeOptions{sources: sources}.closeSources() }()
	o := nodeOptions{dir: filepath.Join(dir, "sqlite"), issuer: demoIssuer, sources: sources}
	if err := measure(city, o, "SQLite"); err != nil || b.Database == "" {
		return err
	}
	o.dir, o.database = filepath.Join(dir, "postgres"), b.Database
	return measure(city, o, "PostgreSQL")
}

// replayBook is the program's library with a standard that is a sixth higher.
func replayBook() (*book.Library, error) {
	files := fstest.MapFS{}
	err := fs.WalkDir(book.Files(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(book.Files(), name)
		files[name] = &fstest.MapFile{Data: bytes.Replace(text, []byte(`standard: {type: money, value: "1200.00"`), []byte(`standard: {type: money, value: "1400.00"`), 1)}
		return err
	})
	if err != nil {
		return nil, err
	}
	return book.Read(files)
}

func (b *benchCommand) replayOn(ctx context.Context, s streams, city *sim.City, o nodeOptions, name string, tried *book.Library) (err error) {
	n, err := openNode(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.db.Close()) }()
	begun := time.Now()
	queries, records, err := b.fill(ctx, n, city, delivered)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %d households of 1 to 3 persons, %.1f queries each, %.1f of them with records; stored in %.0f s\n", name, b.Households,
		float64(queries)/float64(b.Households), float64(records)/float64(b.Households), time.Since(begun).Seconds())
	if n.db.Shared() {
		if err := pause(ctx, 20*time.Second); err != nil { // its housekeeping after so many writes is not measured
			return err
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(wholeMachine))
	debug.FreeOSMemory()
	forgetPeak()
	stop, err := b.profile()
	if err != nil {
		return err
	}
	defer stop()
	bar := s.bar()
	begun = time.Now()
	r, err := n.desk.Replay(ctx, replayReader, casework.ReplayOrder{Tried: tried, Least: 5, Progress: bar.show})
	took := time.Since(begun)
	bar.clear()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "  replayed in %.1f s, %.0f households/s on %d cores; peak memory %s\n", took.Seconds(), float64(b.Households)/took.Seconds(),
		runtime.GOMAXPROCS(0), peak())
	s.printReplay(r)
	return nil
}

var replayReader = hedui.Officer{ID: "bench", Office: "市级", Division: cityDivision, Rights: []hedui.Right{hedui.ReadStatistics}}

// delivered is the life of a household whose report was taken.
func delivered(_ int, c *hedui.Case) []audit.Entry {
	c.Stage = hedui.Delivered
	return nil
}

// fill stores copies of cases that were taken to their summary. Each has lived on since,
// and this was recorded of it.
func (b *benchCommand) fill(ctx context.Context, n *node, city *sim.City, live func(i int, c *hedui.Case) []audit.Entry) (queries, records int, err error) {
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- n.desk.Run(run) }()
	defer func() {
		stop()
		err = errors.Join(err, <-ended)
	}()
	var templates []template
	for i := range replayTemplates {
		t, err := takeTemplate(ctx, n, city, i)
		if err != nil {
			return 0, 0, err
		}
		templates = append(templates, t)
	}
	person := 1000
	for from := 0; from < b.Households; from += replayBatch {
		begin := person
		var q, r int
		err := n.db.InTx(ctx, func(tx *store.Tx) error {
			person, q, r = begin, 0, 0
			var all []hedui.Query
			var entries []audit.Entry
			for i := from; i < min(from+replayBatch, b.Households); i++ {
				c, grid := templates[i%len(templates)].copy(city, &person, i)
				entries = append(entries, live(i, c)...)
				if err := tx.CreateCase(ctx, c); err != nil {
					return err
				}
				all = append(all, grid...)
			}
			for i := range all {
				if q++; len(all[i].Records) > 0 {
					r++
				}
			}
			return errors.Join(tx.AddQueries(ctx, all), tx.Record(ctx, entries...))
		})
		if err != nil {
			return 0, 0, err
		}
		queries, records = queries+q, records+r
	}
	return queries, records, nil
}

// template is a case that departments have answered.
type template struct {
	c    *hedui.Case
	grid []hedui.Query
}

func takeTemplate(ctx context.Context, n *node, city *sim.City, i int) (t template, err error) {
	f := formOf(city, i)
	size := 1 + i%3
	f.Persons, f.Consents = f.Persons[:size], f.Consents[:size]
	c, err := n.desk.Register(ctx, clerk, fmt.Sprintf("bench-%d", i), f)
	if err != nil {
		return t, err
	}
	if _, err := n.desk.Commission(ctx, commissioner, c.ID); err != nil {
		return t, err
	}
	if _, err := n.desk.Accept(ctx, receiver, c.ID); err != nil {
		return t, err
	}
	if _, err := n.desk.Await(ctx, c.ID, func(now hedui.Stage) bool { return now == hedui.Summarised }); err != nil {
		return t, err
	}
	err = n.db.Read(ctx, func(tx *store.Tx) error {
		if t.c, err = tx.Case(ctx, c.ID); err != nil {
			return err
		}
		t.grid, err = tx.Queries(ctx, c.ID)
		return err
	})
	return t, err
}

// replayCounties and replayProgrammes are those of the copies in turn.
var (
	replayCounties   = []string{"330203", "330205", "330206", "330211", "330212", "330213"}
	replayProgrammes = []hedui.Programme{hedui.Dibao, hedui.Dibao, hedui.Housing, hedui.Medical}
)

// copy makes a sealed case of other persons of it; next is the city's next person.
func (t template) copy(city *sim.City, next *int, i int) (*hedui.Case, []hedui.Query) {
	c := *t.c
	c.ID, c.Number, c.Rev = audit.NewID(), "", 0
	c.Version = 1
	c.Division = replayCounties[i/len(replayProgrammes)%len(replayCounties)]
	c.Programme = replayProgrammes[i%len(replayProgrammes)]
	c.Persons = append([]hedui.Person(nil), c.Persons...)
	for k := range c.Persons {
		c.Persons[k].Name, c.Persons[k].ID = city.Person(*next)
		*next++
	}
	grid := append([]hedui.Query(nil), t.grid...)
	for k := range grid {
		q := &grid[k]
		q.Case, q.ID = c.ID, hedui.QueryID(c.ID, q.Person, q.Category, q.Scope, 1)
	}
	return &c, grid
}

// forgetPeak lets the system count the peak of memory anew, where it can.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200) }

// peak is the most memory that the process has had, as the system counts it.
func peak() string {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return "?"
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			return strings.TrimSpace(value)
		}
	}
	return "?"
}
