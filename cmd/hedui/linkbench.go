package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/sim"
	"hedui/internal/store"
	"hedui/region"
	"hedui/source"
)

// silent is a department that answers "none" at once, so that what is measured is
// the way there and back. It holds every mandate against the query, as each does.
type silent struct{ category catalog.Code }

// silentBatch is how many persons it takes in one call, as the departments of the
// simulated city that take many.
const silentBatch = 50

// Info implements [source.Source].
func (s silent) Info() source.Info {
	return source.Info{Name: string(s.category), Department: string(s.category), Categories: []catalog.Code{s.category},
		Limits: source.Limits{Batch: silentBatch, Concurrency: 2, PerSecond: 1e6}}
}

// Ask implements [source.Source].
func (s silent) Ask(_ context.Context, queries []source.Query) ([]source.Answer, error) {
	answers := make([]source.Answer, len(queries))
	now := time.Now()
	for i, q := range queries {
		answers[i] = source.Answer{Query: q.ID(), Outcome: source.None, AsOf: now.Truncate(time.Millisecond)}
		if q.Check(now) != nil {
			answers[i] = source.Answer{Query: q.ID(), Outcome: source.Refused, Reason: source.ReasonMandate}
		}
	}
	return answers, nil
}

// linkBench is a hub and one county with real stores, keys and TLS between them.
type linkBench struct {
	*benchCommand
	streams
	city        *sim.City
	next        int // form of the city that is not used yet
	tiers       *tiers
	hub, county *node
}

// benchCounty is the division of the county.
const benchCounty = "330203"

// timing is one line of the table.
type timing struct {
	name     string
	took     []time.Duration // of one question when nothing else is asked
	rate     float64         // queries in a second, all cases at once
	answered int
}

// link measures queries between two nodes beside plain HTTPS.
func (b *benchCommand) link(ctx context.Context, s streams, dir string) error {
	hubs := []string{""}
	if b.Database != "" {
		hubs = append(hubs, b.Database)
	}
	for i, database := range hubs {
		if err := b.linkOnce(ctx, s, filepath.Join(dir, strconv.Itoa(i)), database); err != nil {
			return err
		}
	}
	return nil
}

func (b *benchCommand) linkOnce(ctx context.Context, s streams, dir, database string) (err error) {
	l := &linkBench{benchCommand: b, streams: s}
	if l.city, err = sim.NewCity(sim.Options{Population: 100*b.Cases + 1000, Seed: 1, Instant: true}); err != nil {
		return err
	}
	if err := l.open(ctx, dir, database); err != nil {
		return err
	}
	defer l.tiers.close()
	run, stop := context.WithCancel(ctx)
	nodes, run := errgroup.WithContext(run)
	nodes.Go(func() error { return l.hub.run(run, l.tiers.nodes[0].peers, nil) })
	nodes.Go(func() error { return l.county.peers.Run(run, nil) })
	exchange := timing{name: "bench.link.nodes"}
	err = l.tiers.enrol(run)
	if err == nil {
		err = l.nodes(run, &exchange)
	}
	stop()
	if err = errors.Join(err, nodes.Wait()); err != nil {
		return err
	}
	bare, kept, err := l.plain(ctx)
	if err != nil {
		return err
	}
	return l.print(database, []timing{bare, kept, exchange})
}

// open makes both nodes.
func (l *linkBench) open(ctx context.Context, dir, database string) error {
	door, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	hub := nodeOptions{dir: filepath.Join(dir, "hub"), database: database, issuer: demoIssuer, name: hubName, division: cityDivision, level: region.KindPrefecture}
	county := nodeOptions{dir: filepath.Join(dir, "county"), issuer: demoIssuer, name: countyName(benchCounty), division: benchCounty, level: region.KindCounty,
		parentName: hubName, urls: []string{"https://" + door.Addr().String()}}
	for _, c := range catalog.Usual() {
		hub.sources = append(hub.sources, silent{c.Code})
		county.table = append(county.table, hedui.Register{Category: c.Code, Scope: cityDivision, Source: hedui.AtNode(hubName)})
	}
	l.tiers = &tiers{streams: l.streams, account: io.Discard, nodes: []*tier{{peers: door}}}
	for i, o := range []nodeOptions{hub, county} {
		n, err := openNode(ctx, o)
		if err != nil {
			l.tiers.close()
			return err
		}
		if i > 0 {
			l.tiers.nodes = append(l.tiers.nodes, &tier{})
		}
		t := l.tiers.nodes[i]
		t.node, t.name, t.division = n, o.name, o.division
	}
	l.hub, l.county = l.tiers.nodes[0].node, l.tiers.nodes[1].node
	return nil
}

// accept takes a new case at the county: four persons and every category, or one
// person and one category.
func (l *linkBench) accept(ctx context.Context, single bool) (string, error) {
	f := formOf(l.city, l.next)
	l.next++
	if single {
		f.Persons, f.Consents = f.Persons[:1], f.Consents[:1]
		f.Consents[0].Categories = []string{string(catalog.Usual()[0].Code)}
	}
	c, err := l.county.desk.Register(ctx, clerk, fmt.Sprintf("bench-%d", l.next), f)
	if err == nil {
		c, err = l.county.desk.Commission(ctx, commissioner, c.ID)
	}
	if err == nil {
		c, err = l.county.desk.Accept(ctx, receiver, c.ID)
	}
	if err != nil {
		return "", err
	}
	return c.ID, nil
}

func (l *linkBench) acceptAll(ctx context.Context, n int, single bool) ([]string, error) {
	ids := make([]string, n)
	for i := range ids {
		var err error
		if ids[i], err = l.accept(ctx, single); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// nodes measures the way through both nodes: from the job in the county's queue
// to the answer in the county's database. When the last answer of a case is
// there, the county has summarised the case too.
func (l *linkBench) nodes(ctx context.Context, t *timing) error {
	stop := l.desk(ctx)
	var err error
	for i := 0; i <= l.Cases && err == nil; i++ {
		var id string
		if id, err = l.accept(ctx, true); err != nil {
			break
		}
		begun := time.Now() // the acceptance has put the query into the queue
		err = l.await(ctx, id)
		if i > 0 { // the first waits for the link
			t.took = append(t.took, time.Since(begun))
		}
	}
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	ids, err := l.acceptAll(ctx, l.Cases, false)
	if err != nil {
		return err
	}
	begun := time.Now()
	stop = l.desk(ctx)
	for _, id := range ids {
		err = errors.Join(err, l.await(ctx, id))
	}
	took := time.Since(begun)
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	return l.count(ctx, t, ids, took)
}

// desk runs the county's desk until stop.
func (l *linkBench) desk(ctx context.Context) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- l.county.desk.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

func (l *linkBench) await(ctx context.Context, id string) error {
	_, err := l.county.desk.Await(ctx, id, func(now hedui.Stage) bool { return now == hedui.Summarised })
	return err
}

// count sees that every query of the cases is answered in the county's database.
func (l *linkBench) count(ctx context.Context, t *timing, ids []string, took time.Duration) error {
	asked := 0
	err := l.county.db.Read(ctx, func(tx *store.Tx) error {
		for _, id := range ids {
			queries, err := tx.Queries(ctx, id)
			if err != nil {
				return err
			}
			asked += len(queries)
			for _, q := range queries {
				if q.State == hedui.Answered && q.Outcome == source.None && q.AnsweredBy == hubName {
					t.answered++
				}
			}
		}
		return nil
	})
	if err == nil && t.answered != asked {
		err = fmt.Errorf("%s: %d of %d queries answered", t.name, t.answered, asked)
	}
	t.rate = float64(t.answered) / took.Seconds()
	return err
}

// print writes the table. The ratios are to plain HTTPS that stores as much.
func (l *linkBench) print(database string, lines []timing) error {
	kept := lines[1]
	engine := "SQLite"
	if database != "" {
		engine = "PostgreSQL"
	}
	l.say(l.out, "bench.link.title", strconv.Itoa(l.Cases), strconv.Itoa(householdSize), strconv.Itoa(len(catalog.Usual())), engine)
	l.say(l.out, "bench.link.head")
	for _, t := range lines {
		slices.Sort(t.took)
		p50, p99 := t.took[len(t.took)/2], t.took[len(t.took)*99/100]
		if _, err := fmt.Fprintf(l.out, "%10d %10.0f %8.2f %9.2f ms %9.2f ms   %s\n", t.answered, t.rate, kept.rate/t.rate, ms(p50), ms(p99), lang.Text(l.lang, t.name)); err != nil {
			return err
		}
	}
	return nil
}
