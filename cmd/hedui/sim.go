package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"hedui/internal/sim"
)

type simCommand struct {
	Population int               `help:"People in the city." default:"200000"`
	Seed       uint64            `help:"Seed: the same seed gives the same city." default:"2013"`
	Listen     string            `help:"Host on which the departments listen." default:"127.0.0.1"`
	Dir        string            `help:"Write the source files of the departments here." type:"path"`
	Down       []string          `help:"A fault, as NAME[:KIND[:DURATION]] (kinds: down, slow, flaky, garbage); may be repeated."`
	FrontEnd   map[string]string `help:"Where a department keeps its front-end database, as local_tax=mariadb://root@127.0.0.1:3306 or national_tax=postgres://user@127.0.0.1:5432/postgres; a SQLite file without. May be repeated." mapsep:"none"`
	Dirty      bool              `help:"Registers spell names and numbers their own way, as old ones do."`
	Once       bool              `help:"Stop when the city has started."`
}

// Run starts the city, says where its departments are, and serves until it is
// stopped.
func (c *simCommand) Run(ctx context.Context, s streams) error {
	faults, err := parseFaults(c.Down)
	if err != nil {
		return err
	}
	begun := time.Now()
	var dirt sim.Dirt
	if c.Dirty {
		dirt = sim.UsualDirt()
	}
	city, err := sim.NewCity(sim.Options{Population: c.Population, Seed: c.Seed, Listen: c.Listen, Faults: faults, Dirt: dirt,
		FrontEnds: c.FrontEnd, Background: true})
	if err != nil {
		return err
	}
	if err := city.Start(ctx); err != nil {
		return err
	}
	defer city.Close()
	s.say(s.out, "sim.started", strconv.Itoa(c.Population), strconv.FormatFloat(time.Since(begun).Seconds(), 'f', 2, 64))
	for _, department := range sim.Departments() {
		fmt.Fprintf(s.out, "  %-14s %s\n", department, city.URL(department))
	}
	s.say(s.out, "sim.filling")
	if c.Dir != "" {
		if err := writable(c.Dir); err != nil {
			return err
		}
		files := city.SourceFiles()
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if err := os.WriteFile(filepath.Join(c.Dir, name), files[name], 0o600); err != nil {
				return fmt.Errorf("source files: %w", err)
			}
		}
		if err := os.WriteFile(filepath.Join(c.Dir, "test-person.yaml"), simPerson(), 0o600); err != nil {
			return fmt.Errorf("test person: %w", err)
		}
		s.say(s.out, "sim.files", strconv.Itoa(len(files)), c.Dir)
	}
	if c.Once {
		return nil
	}
	s.say(s.out, "sim.serving")
	<-ctx.Done()
	return nil
}

// simPerson is somebody of every simulated city whom half of the registers know,
// for hedui source check.
func simPerson() []byte {
	families := sim.Families()
	at := slices.IndexFunc(families, func(f sim.Family) bool { return f.Key == "zhou" })
	m := families[at].Members[0]
	return fmt.Appendf(nil, "# A synthetic person of every simulated city, for hedui source check.\nname: %s\nid: %s\nstated_by: 模拟城市（合成人员）\n", m.Registered, m.ID.Reveal())
}
