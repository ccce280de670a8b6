package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/seal"
)

type demoCommand struct {
	Families   []string          `arg:"" optional:"" name:"family" help:"Form files (YAML); without any, the two families of the article."`
	Dir        string            `help:"Where database, keys, source files and reports are kept." default:"hedui-demo" type:"path"`
	Listen     string            `help:"Address of the page." default:"127.0.0.1:8420"`
	Once       bool              `help:"Stop when the reports are sealed."`
	JSON       bool              `name:"json" help:"Print the outcome as one JSON object, last on standard output."`
	Population int               `help:"People in the simulated city." default:"2000"`
	Seed       uint64            `help:"Seed of the simulated city." default:"2013"`
	Down       []string          `help:"A department or category with a fault, as NAME[:KIND[:DURATION]] (kinds: down, slow, flaky, garbage); may be repeated. A fault without --deadline means a deadline of 15 s."`
	FrontEnd   map[string]string `help:"Where a department keeps its front-end database, as local_tax=mariadb://root@127.0.0.1:3306 or national_tax=postgres://user@127.0.0.1:5432/postgres; a SQLite file without. May be repeated." mapsep:"none"`
	Deadline   *time.Duration    `help:"Report with what is there after this time instead of the 24 hours of Ningbo."`
	CutLink    []string          `help:"Break the link of a county for a while, as COUNTY[:DURATION] such as haishu:30s; may be repeated. Without --deadline it means a deadline of 15 s."`
	Suite      string            `help:"Cryptography of new nodes: intl, or gm for SM2, SM3 and SM4." enum:"intl,gm" default:"intl"`
	StepUp     time.Duration     `help:"How old a proof may be before a report is sealed, printed or exported, instead of the 5 minutes: from 30s to 30m."`
	ByHand     bool              `help:"Leave the archives of land to you: sign in as liaison and answer by the page. Until then a report waits, or goes out at its deadline with a gap."`
	Database   string            `help:"PostgreSQL for the hub instead of a SQLite file: postgres://…"`
}

// shortDeadline is the deadline of a demo with a fault, so that nobody waits for
// a day to see what happens.
const shortDeadline = 15 * time.Second

// Run starts the city, its hub and the nodes of its counties, takes each family
// through every stage and serves the pages until it is stopped.
func (d *demoCommand) Run(ctx context.Context, s streams) error {
	deadline, err := d.check()
	if err != nil {
		return err
	}
	cuts, err := parseCuts(d.CutLink)
	if err != nil {
		return err
	}
	list, err := readFamilies(d.Families, time.Now())
	if err != nil {
		return err
	}
	t := &tiers{streams: s, dir: d.Dir, deadline: deadline, database: d.Database, suite: seal.Suite(d.Suite), stepUp: d.StepUp, byHand: d.ByHand, cuts: cuts, account: s.out}
	if d.JSON {
		t.account = s.err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := t.plan(ctx, d.pages(), list); err != nil { // before anything is done, so that a busy port costs nothing
		return err
	}
	defer t.close()
	if t.city, err = d.startCity(ctx); err != nil {
		return err
	}
	defer t.city.Close()
	if err := t.open(ctx); err != nil {
		return err
	}
	s.say(t.account, "demo.started", strconv.Itoa(d.Population), strconv.Itoa(len(t.city.SourceFiles())), strconv.Itoa(len(t.nodes)), d.Dir)
	if d.pages() != "" {
		if err := t.demoPasswords(ctx); err != nil {
			return err
		}
	}
	story := &story{streams: s, account: t.account, tiers: t, families: list, once: d.Once}
	g, run := errgroup.WithContext(ctx)
	g.Go(func() error { return t.run(run) })
	g.Go(func() error {
		err := t.enrol(run)
		if err == nil {
			t.city.RequireMandates(hubName, t.nodes[0].node.peers.Ring.Trust(hubName))
			t.cutLinks(run)
			err = story.tell(run)
		}
		if d.JSON && err == nil {
			err = story.printJSON(s.out)
		}
		if d.Once {
			cancel()
		} else if err == nil {
			if err = t.count(run); err == nil {
				s.say(t.account, "demo.serving")
			}
		}
		return err
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// pages is where the pages are served, or "" if they are not.
func (d *demoCommand) pages() string {
	if d.Once {
		return ""
	}
	return d.Listen
}

// check looks at the flags before anything is begun and returns the deadline of
// every report, 0 for that of the book.
func (d *demoCommand) check() (time.Duration, error) {
	if err := checkDatabase(d.Database); err != nil {
		return 0, err
	}
	switch {
	case d.Deadline == nil && len(d.Down)+len(d.CutLink) > 0:
		return shortDeadline, nil
	case d.Deadline == nil:
		return 0, nil
	case *d.Deadline <= 0:
		return 0, hedui.Fail(hedui.Invalid, hedui.Say("error.deadline"), nil)
	}
	return *d.Deadline, nil
}

// checkDatabase refuses what is not the address of a PostgreSQL database. The
// address is not told: it may hold a password.
func checkDatabase(url string) error {
	if url == "" || strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		return nil
	}
	return hedui.Fail(hedui.Invalid, hedui.Say("error.database"), nil)
}

// startCity starts the departments. The files that they exchange hold people in
// clear, so they lie beside the nodes' directory, and stay: a demo that is started
// again finds what was asked before.
func (d *demoCommand) startCity(ctx context.Context) (*sim.City, error) {
	faults, err := parseFaults(d.Down)
	if err != nil {
		return nil, err
	}
	if err := writable(d.Dir); err != nil {
		return nil, err
	}
	city, err := sim.NewCity(sim.Options{Population: d.Population, Seed: d.Seed, Faults: faults, FrontEnds: d.FrontEnd,
		Exchange: filepath.Clean(d.Dir) + "-exchange"})
	if err != nil {
		return nil, err
	}
	return city, city.Start(ctx)
}

func parseFaults(texts []string) (map[string]sim.Fault, error) {
	faults := map[string]sim.Fault{}
	for _, text := range texts {
		name, fault, err := sim.ParseFault(text)
		if err != nil {
			return nil, err
		}
		faults[name] = fault
	}
	return faults, nil
}

// writable makes the directory and tries to write into it, before anything else
// is begun.
func writable(dir string) error {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(dir, ".try-*"); err == nil {
			err = errors.Join(f.Close(), os.Remove(f.Name()))
		}
	}
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.dir", dir), err)
	}
	return nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.listen_form", address), nil)
	}
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, hedui.Fail(hedui.Unavailable, hedui.Say("error.listen", address), err)
	}
	return l, nil
}

// tableLine writes cells of equal width for the account.
func tableLine(w io.Writer, cells ...string) {
	fmt.Fprintln(w, "    "+strings.Join(cells, "  "))
}
