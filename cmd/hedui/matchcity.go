package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/connector"
	"hedui/internal/sim"
	"hedui/source"
)

// A hearing is what came of asking one register of a dirty city about persons of
// whom the same register, when clean, holds something.
type hearing struct {
	category                         catalog.Code
	held                             int
	found, doubt, none, failed, gone int // none: its own search does not find them; gone: not covered or refused
	strangers, taken                 int // entries that are somebody else's, and those of them that came as found
}

// hear asks every register of a clean and of a dirty city of one seed about the same
// persons, through the source files that join its departments.
func hear(ctx context.Context, population, persons int) ([]hearing, error) {
	o := sim.Options{Population: population, Seed: 1, Instant: true}
	clean, err := askCity(ctx, o, persons)
	if err != nil {
		return nil, err
	}
	o.Dirt = sim.UsualDirt()
	dirty, err := askCity(ctx, o, persons)
	if err != nil {
		return nil, err
	}
	truth, err := sim.NewCity(o)
	if err != nil {
		return nil, err
	}
	var all []hearing
	for category, before := range clean {
		h := hearing{category: category}
		for i, a := range before {
			if a.Outcome != source.Found {
				continue
			}
			h.count(truth.Entry(category, i), dirty[category][i])
		}
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b hearing) int { return b.held - a.held })
	return all, nil
}

func (h *hearing) count(e sim.Entry, a source.Answer) {
	h.held++
	stranger := e.Has(sim.TwoPersons)
	if stranger {
		h.strangers++
	}
	switch a.Outcome {
	case source.Found:
		h.found++
		if stranger {
			h.taken++
		}
	case source.IdentityDoubt:
		h.doubt++
	case source.None:
		h.none++
	case source.Failed:
		h.failed++
	default:
		h.gone++
	}
}

// askCity asks every register about the first persons of a city.
func askCity(ctx context.Context, o sim.Options, persons int) (map[catalog.Code][]source.Answer, error) {
	city, err := sim.NewCity(o)
	if err != nil {
		return nil, err
	}
	if err := city.Start(ctx); err != nil {
		return nil, err
	}
	defer city.Close()
	all := map[catalog.Code][]source.Answer{}
	for name, text := range city.SourceFiles() {
		cfg, err := connector.Load(name, text)
		if err != nil {
			return nil, err
		}
		src := connector.New(cfg, connector.Options{Now: time.Now})
		if all[cfg.Info().Categories[0]], err = askAll(ctx, src, city, min(persons, city.Size())); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func askAll(ctx context.Context, src source.Source, city *sim.City, persons int) ([]source.Answer, error) {
	info, now := src.Info(), time.Now()
	year := source.Window{From: day.Of(now).AddMonths(-12), To: day.Of(now)}
	answers := make([]source.Answer, persons)
	var queries []source.Query
	for i := range persons {
		name, id := city.Person(i)
		m, err := source.Mint(source.Terms{Number: "M", Consent: "S", Purpose: "dibao", Person: source.Person{Name: name, ID: id},
			Categories: info.Categories, From: now.Add(-time.Hour), Until: now.Add(time.Hour)})
		if err != nil {
			return nil, err
		}
		q, err := m.Query(fmt.Sprintf("%s/%d", info.Name, i), info.Categories[0], year, now)
		if err != nil {
			return nil, err
		}
		queries = append(queries, q)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	size := info.Limits.WithDefaults().Batch
	for begin := 0; begin < persons; begin += size {
		part := queries[begin:min(begin+size, persons)]
		g.Go(func() error {
			got, err := askUntilAnswered(ctx, src, part)
			copy(answers[begin:], got)
			return err
		})
	}
	return answers, g.Wait()
}

func printHearings(w io.Writer, all []hearing) {
	fmt.Fprintf(w, "\n%-20s %9s %9s %9s %9s %9s %9s   %s\n", "asked of registers", "held", "found", "in doubt", "none", "failed", "other", "somebody else's entry: in all, found")
	for _, h := range all {
		fmt.Fprintf(w, "%-20s %9d %9d %9d %9d %9d %9d   %d, %d\n", h.category, h.held, h.found, h.doubt, h.none, h.failed, h.gone, h.strangers, h.taken)
	}
}
