// Command hedui is the whole of Hedui in one program: a node of the verification
// system, a simulated city to try it with, and the tools to check what it made.
//
// Only this package reads flags, the environment and configuration; everything
// below it is given what it needs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/alecthomas/kong"

	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/web"
)

type program struct {
	Lang string `help:"Language of messages: zh or en (default: as the locale says)." enum:"zh,en," default:""`

	Init  initCommand  `cmd:"" help:"Make a new node: keys and a commented configuration."`
	Check checkCommand `cmd:"" help:"Look at everything a node needs: configuration, keys, database, sources, parent."`
	Serve serveCommand `cmd:"" help:"Run a node."`
	Node  nodeCommands `cmd:"" help:"Peers of a node: status, invite, revoke, join, change keys."`
	Case  caseCommands `cmd:"" help:"Cases of a node, from the command line."`

	Officer officerCommands `cmd:"" help:"Officers: register, give roles, lock, end, connections."`
	Office  officeCommands  `cmd:"" help:"Offices of a node."`
	Key     keyCommands     `cmd:"" help:"Keys of the database: list the versions, change them."`
	SignIn  signInCommands  `cmd:"" name:"sign-in" help:"Who cannot sign in: give an officer a new initial password."`

	Worklist worklistCommands `cmd:"" help:"What people answer: worklists of departments and letters."`
	Source   sourceCommands   `cmd:"" help:"Join a department: write its source file, try it, check a readiness sheet."`

	Concern concernCommands `cmd:"" help:"What detectors notice about the looks of officers."`
	Mirror  mirrorCommands  `cmd:"" help:"The citizen's mirror: codes, and what persons ask for."`

	Statistics statisticsCommands `cmd:"" help:"Counts over all cases: figures, bulletin, totals of offices."`

	Erase eraseCommands `cmd:"" help:"Erase cases: what is due, or by two officers; certificates."`

	Mandate mandateCommands `cmd:"" help:"Signed mandates: check one offline, print the keys for departments."`
	Audit   auditCommands   `cmd:"" help:"The audit log: prove it, copy it, read what was done."`

	Rule ruleCommands `cmd:"" help:"Rule books: check, test, explain, compare; copy them out to change them."`

	Demo   demoCommand   `cmd:"" help:"Take two families through the whole verification against a simulated city, then serve a page."`
	Sim    simCommand    `cmd:"" help:"Run the simulated city and its departments alone."`
	Verify verifyCommand `cmd:"" help:"Check a sealed report offline and name what was altered."`
	Bench  benchCommand  `cmd:"" help:"Measure cases per second beside a script that stores nothing."`

	Version versionCommand `cmd:"" help:"Print the version of this program."`
}

// streams is where a command reads and writes.
type streams struct {
	out, err io.Writer
	lang     lang.Lang
	log      *slog.Logger
	terminal bool // somebody looks at err
}

// lineWriter lets several families tell their story at once, a line at a time.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements [io.Writer].
func (l *lineWriter) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(line)
}

// say prints one text of package lang.
func (s streams) say(w io.Writer, key string, args ...string) {
	fmt.Fprintln(w, lang.Text(s.lang, key, args...))
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process, so that tests can call it. It returns the
// exit code: 0 done, 1 it did not work, 2 the command line is wrong.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	terminal := isTerminal(errs)
	out, errs = &lineWriter{w: out}, &lineWriter{w: errs}
	var p program
	code := -1
	parser, err := kong.New(&p, kong.Name("hedui"), kong.Writers(out, errs), kong.Exit(func(c int) { code = c }),
		kong.Description("Hedui 核对 verifies a household's economic circumstances for social assistance. It never decides."),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, Compact: true}), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	if len(args) == 0 { // whoever only types the name wants to know what there is
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if code >= 0 { // --help has been printed
		return code
	}
	if err != nil {
		fmt.Fprintf(errs, "hedui: %v\nhedui --help lists the commands\n", err)
		return 2
	}
	s := streams{out: out, err: errs, lang: languageOf(p.Lang), terminal: terminal,
		log: slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(s); err != nil && !errors.Is(err, context.Canceled) {
		s.explain(err)
		return 1
	}
	return 0
}

// isTerminal reports whether a person looks at what is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// languageOf is the language asked for, or that of the locale.
func languageOf(asked string) lang.Lang {
	if asked == "" {
		for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
			if v := os.Getenv(name); v != "" {
				asked = v
				break
			}
		}
	}
	if strings.HasPrefix(asked, string(lang.Chinese)) {
		return lang.Chinese
	}
	return lang.English
}

// explain prints an error for the person at the keyboard: what happened, every
// problem with its field, and what to do.
func (s streams) explain(err error) {
	var e *hedui.Error
	if !errors.As(err, &e) {
		fmt.Fprintf(s.err, "hedui: %v\n", err)
		return
	}
	fmt.Fprintf(s.err, "hedui: %s\n", s.sentence(err))
	for _, p := range e.Problems {
		fmt.Fprintf(s.err, "  %s: %s\n", p.Field, lang.Text(s.lang, p.Say.Key, p.Say.Args...))
	}
	if e.Err != nil {
		fmt.Fprintf(s.err, "  (%v)\n", e.Err)
	}
}

// sentence is an error in one line, for the person at the keyboard.
func (s streams) sentence(err error) string {
	var e *hedui.Error
	if errors.As(err, &e) {
		return web.Sentence(s.lang, e.Say)
	}
	return err.Error()
}
