package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/internal/connector"
	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/internal/web"
	"hedui/source"
)

type demoCommand struct {
	Families   []string       `arg:"" optional:"" name:"family" help:"Form files (YAML); without any, the two families of the article."`
	Dir        string         `help:"Where database, keys, source files and reports are kept." default:"hedui-demo" type:"path"`
	Listen     string         `help:"Address of the page." default:"127.0.0.1:8420"`
	Once       bool           `help:"Stop when the reports are sealed."`
	JSON       bool           `name:"json" help:"Print the outcome as one JSON object, last on standard output."`
	Population int            `help:"People in the simulated city." default:"2000"`
	Seed       uint64         `help:"Seed of the simulated city." default:"2013"`
	Down       []string       `help:"A department or category with a fault, as NAME[:KIND[:DURATION]] (kinds: down, slow, flaky, garbage); may be repeated. A fault without --deadline means a deadline of 15 s."`
	Deadline   *time.Duration `help:"Report with what is there after this time instead of the 24 hours of Ningbo."`
	Database   string         `help:"PostgreSQL instead of the SQLite file in DIR: postgres://…"`
}

// shortDeadline is the deadline of a demo with a fault, so that nobody waits for
// a day to see what happens.
const shortDeadline = 15 * time.Second

// Run starts the city and a node, takes each family through every stage and
// serves the page until it is stopped.
func (d *demoCommand) Run(ctx context.Context, s streams) error {
	deadline, err := d.check()
	if err != nil {
		return err
	}
	list, err := readFamilies(d.Families, time.Now())
	if err != nil {
		return err
	}
	var listener net.Listener
	if !d.Once { // before anything is done, so that a busy port costs nothing
		if listener, err = listen(ctx, d.Listen); err != nil {
			return err
		}
		defer listener.Close()
	}
	account := s.out
	if d.JSON {
		account = s.err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	city, sources, err := d.startCity(ctx, s)
	if err != nil {
		return err
	}
	defer city.Close()
	n, err := openNode(ctx, nodeOptions{dir: d.Dir, database: d.Database, issuer: demoIssuer, sources: sources, deadline: deadline})
	if err != nil {
		return err
	}
	defer n.db.Close()
	s.say(account, "demo.started", strconv.Itoa(d.Population), strconv.Itoa(len(sources)), d.Dir)

	story := &story{streams: s, account: account, node: n, families: list, once: d.Once}
	g, run := errgroup.WithContext(ctx)
	g.Go(func() error { return n.desk.Run(run) })
	if listener != nil {
		g.Go(func() error { return servePages(run, listener, n, s) })
		s.say(account, "demo.page", "http://"+listener.Addr().String()+"/")
	}
	g.Go(func() error {
		err := story.tell(run)
		if d.JSON && err == nil {
			err = story.printJSON(s.out)
		}
		if d.Once {
			cancel()
		} else if err == nil {
			s.say(account, "demo.serving")
		}
		return err
	})
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// check looks at the flags before anything is begun and returns the deadline of
// every report, 0 for that of the book.
func (d *demoCommand) check() (time.Duration, error) {
	if err := checkDatabase(d.Database); err != nil {
		return 0, err
	}
	switch {
	case d.Deadline == nil && len(d.Down) > 0:
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

// startCity starts the departments and joins each by its file, as a real one
// would be joined; the files stay in the directory for a look.
func (d *demoCommand) startCity(ctx context.Context, s streams) (*sim.City, []source.Source, error) {
	faults, err := parseFaults(d.Down)
	if err != nil {
		return nil, nil, err
	}
	if err := writable(d.Dir); err != nil {
		return nil, nil, err
	}
	city, err := sim.NewCity(sim.Options{Population: d.Population, Seed: d.Seed, Faults: faults})
	if err != nil {
		return nil, nil, err
	}
	if err := city.Start(ctx); err != nil {
		return nil, nil, err
	}
	dir := filepath.Join(d.Dir, "sources")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("source files: %w", err)
	}
	var sources []source.Source
	for name, text := range city.SourceFiles() {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return nil, nil, fmt.Errorf("source files: %w", err)
		}
		cfg, err := connector.Load(path, text)
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, connector.New(cfg, connector.Options{Now: time.Now, Log: s.log}))
	}
	return city, sources, nil
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

// servePages serves the console to a reader of synthetic people. Closing in good
// order is success.
func servePages(ctx context.Context, l net.Listener, n *node, s streams) error {
	handler, err := (&web.Server{Desk: n.desk, Log: s.log, Who: func(*http.Request) (hedui.Officer, bool) { return reader, true }, Now: time.Now}).Handler()
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: time.Minute}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(end)
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve pages: %w", err)
	}
	return <-stopped
}

// tableLine writes cells of equal width for the account.
func tableLine(w io.Writer, cells ...string) {
	fmt.Fprintln(w, "    "+strings.Join(cells, "  "))
}
