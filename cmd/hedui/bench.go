package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/internal/connector"
	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/source"
)

type benchCommand struct {
	Cases      int    `help:"Cases of each measurement." default:"200"`
	Parallel   int    `help:"Cases under way at once for the throughput." default:"16"`
	Database   string `help:"Measure PostgreSQL too: postgres://…, a database without Hedui's tables in use."`
	Link       bool   `help:"Measure queries between a hub and a county instead, beside plain HTTPS."`
	Match      bool   `help:"Score the matching of persons on dirty registers instead, beside comparing texts."`
	Pairs      int    `help:"Pairs of person and entry for --match." default:"200000"`
	Detect     bool   `help:"Score the findings on applicants who keep quiet about some of what they have."`
	Applicants int    `help:"Applicants for --detect." default:"10000"`
	Replay     bool   `help:"Measure hedui rule replay on stored households."`
	Pages      bool   `help:"Measure the pages of the console on stored cases."`
	Households int    `help:"Households for --replay and --pages." default:"20000"`
	Profile    string `help:"Write a CPU profile here." type:"path"`
}

// householdSize is the size of every measured case.
const householdSize = 4

// Run measures one case at a time for the latency, then many at once for the
// throughput, on SQLite and on PostgreSQL if it is given, beside a script that
// asks the same departments over the same HTTP and stores nothing.
func (b *benchCommand) Run(ctx context.Context, s streams) error {
	if err := checkDatabase(b.Database); err != nil {
		return err
	}
	if b.Replay { // profiles only what it measures
		return b.replay(ctx, s)
	}
	if b.Pages {
		return b.pages(ctx, s)
	}
	stop, err := b.profile()
	if err != nil {
		return err
	}
	defer stop()
	if b.Detect {
		return b.detect(ctx, s)
	}
	if b.Match {
		return b.match(ctx, s)
	}
	dir, err := os.MkdirTemp("", "hedui-bench-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer os.RemoveAll(dir)
	if b.Link {
		return b.link(ctx, s, dir)
	}
	city, err := sim.NewCity(sim.Options{Population: 40*b.Cases + 1000, Seed: 1, Instant: true})
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
	fmt.Fprintf(s.out, "%d cases of %d persons × %d categories, departments on loopback without delay\n", b.Cases, householdSize, len(sources))
	fmt.Fprintln(s.out, "                          p50        p99     cases/s")
	if err := b.script(ctx, s, city, sources); err != nil {
		return err
	}
	if err := b.engine(ctx, s, city, nodeOptions{dir: filepath.Join(dir, "sqlite"), issuer: demoIssuer, sources: sources}, "SQLite"); err != nil {
		return err
	}
	if b.Database == "" {
		return nil
	}
	return b.engine(ctx, s, city, nodeOptions{dir: filepath.Join(dir, "postgres"), database: b.Database, issuer: demoIssuer, sources: sources}, "PostgreSQL")
}

// usualSources are the city's departments that a case for aid asks: consents name no
// others, so nobody asks them.
func usualSources(city *sim.City) ([]source.Source, error) {
	var sources []source.Source
	for name, text := range city.SourceFiles() {
		cfg, err := connector.Load(name, text)
		if err != nil {
			return nil, err
		}
		if slices.Contains(hedui.Dibao.Usual(), cfg.Info().Categories[0]) {
			sources = append(sources, connector.New(cfg, connector.Options{Now: time.Now}))
		}
	}
	return sources, nil
}

// profile writes a profile of the processor, if one is wanted, until stop is called.
func (b *benchCommand) profile() (stop func(), err error) {
	if b.Profile == "" {
		return func() {}, nil
	}
	f, err := os.Create(b.Profile)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(fmt.Errorf("profile: %w", err), f.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close() // what is missing in it is seen when it is read
	}, nil
}

// formOf fills a form with four people of the city, never the same twice.
func formOf(city *sim.City, n int) hedui.Form {
	f := hedui.Form{Programme: string(hedui.Dibao), Division: "330203", Office: "海曙区民政局"}
	relations := []string{"self", "spouse", "sibling", "other"}
	for i := 100 + n*20; len(f.Persons) < householdSize; i++ {
		name, id := city.Person(i)
		if id.Birth().Year() > 2000 { // adults sign for themselves
			continue
		}
		f.Persons = append(f.Persons, hedui.FormPerson{Name: name, ID: id.Reveal(), Relation: relations[len(f.Persons)]})
		f.Consents = append(f.Consents, hedui.FormConsent{Person: len(f.Persons), Programme: f.Programme,
			SignedOn: "today", Until: "today+30", Document: "授权书"})
	}
	return f
}

// script is what a user would write by hand: every source at once, answers
// thrown away.
func (b *benchCommand) script(ctx context.Context, s streams, city *sim.City, sources []source.Source) error {
	one := func(n int) error {
		c, problems := formOf(city, n).Case(time.Now())
		if err := hedui.Problems(problems); err != nil {
			return err
		}
		g, ctx := errgroup.WithContext(ctx)
		for _, src := range sources {
			g.Go(func() error { return askPlainly(ctx, src, c) })
		}
		return g.Wait()
	}
	return b.measure(s, "script, stores nothing", one)
}

// askPlainly asks one source about all persons of a case, in its batch size.
func askPlainly(ctx context.Context, src source.Source, c *hedui.Case) error {
	info := src.Info()
	now := time.Now()
	var queries []source.Query
	for _, p := range c.Persons {
		m, err := source.Mint(source.Terms{Number: "M", Consent: "S", Purpose: string(c.Programme), Person: p.Subject(),
			Categories: info.Categories, From: now.Add(-time.Hour), Until: now.Add(time.Hour)})
		if err != nil {
			return err
		}
		q, err := m.Query(info.Name+"/"+rand.Text(), info.Categories[0], c.Window(), now)
		if err != nil {
			return err
		}
		queries = append(queries, q)
	}
	g, ctx := errgroup.WithContext(ctx)
	for batch := range slices.Chunk(queries, info.Limits.WithDefaults().Batch) {
		g.Go(func() error {
			_, err := askUntilAnswered(ctx, src, batch)
			return err
		})
	}
	return g.Wait()
}

// askUntilAnswered asks, and comes back for what is answered later.
func askUntilAnswered(ctx context.Context, src source.Source, queries []source.Query) ([]source.Answer, error) {
	answers, err := src.Ask(ctx, queries)
	for err == nil {
		var open []int
		var again []source.Query
		wait := time.Duration(0)
		for i, a := range answers {
			if a.Later != nil {
				open, again = append(open, i), append(again, queries[i].WithToken(a.Later.Token))
				wait = max(wait, a.Later.After)
			}
		}
		if len(open) == 0 {
			return answers, nil
		}
		if err = pause(ctx, wait); err != nil {
			return nil, err
		}
		var got []source.Answer
		if got, err = src.Ask(ctx, again); err == nil {
			for n, i := range open {
				answers[i] = got[n]
			}
		}
	}
	return nil, err
}

// engine measures a whole node: from registration to the summary of findings,
// every answer stored and recorded.
func (b *benchCommand) engine(ctx context.Context, s streams, city *sim.City, o nodeOptions, name string) error {
	n, err := openNode(ctx, o)
	if err != nil {
		return err
	}
	defer n.db.Close()
	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- n.desk.Run(run) }()
	var last atomic.Pointer[string] // id of a case
	one := func(i int) error {
		c, err := n.desk.Register(ctx, clerk, fmt.Sprintf("bench-%d", i), formOf(city, i))
		if err != nil {
			return err
		}
		if _, err := n.desk.Commission(ctx, commissioner, c.ID); err != nil {
			return err
		}
		if _, err := n.desk.Accept(ctx, receiver, c.ID); err != nil {
			return err
		}
		last.Store(&c.ID)
		_, err = n.desk.Await(ctx, c.ID, func(now hedui.Stage) bool { return now == hedui.Summarised })
		return err
	}
	err = b.measure(s, "Hedui on "+name, one)
	if err == nil {
		err = b.paper(ctx, s, n, *last.Load())
	}
	stop()
	return errors.Join(err, <-ended)
}

// measure prints the latency of single cases and the throughput of many.
func (b *benchCommand) measure(s streams, name string, one func(n int) error) error {
	took := make([]time.Duration, b.Cases)
	for i := range took {
		begun := time.Now()
		if err := one(i); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		took[i] = time.Since(begun)
	}
	begun := time.Now()
	var g errgroup.Group
	g.SetLimit(b.Parallel)
	for i := range b.Cases {
		g.Go(func() error { return one(b.Cases + i) })
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	rate := float64(b.Cases) / time.Since(begun).Seconds()
	slices.Sort(took)
	fmt.Fprintf(s.out, "%-22s %7.1f ms %7.1f ms %9.0f\n", name, ms(took[len(took)/2]), ms(took[len(took)*99/100]), rate)
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// paper measures the PDF of one report, each copy rendered and signed anew.
func (b *benchCommand) paper(ctx context.Context, s streams, n *node, id string) error {
	if _, err := n.desk.Review(ctx, reviewer, id); err != nil {
		return err
	}
	c, err := n.desk.Seal(ctx, signer, id)
	if err != nil {
		return err
	}
	const copies = 50
	took := make([]time.Duration, copies)
	size := 0
	for i := range took {
		begun := time.Now()
		file, err := n.desk.Copy(ctx, commissioner, id, c.Version, "pdf")
		if err != nil {
			return err
		}
		took[i], size = time.Since(begun), len(file.Body)
	}
	slices.Sort(took)
	fmt.Fprintf(s.out, "  a PDF copy: %.1f ms (p50 of %d, counted, signed, recorded), %d KB\n", ms(took[copies/2]), copies, size/1024)
	return nil
}
