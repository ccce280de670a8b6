package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
)

type ruleCommands struct {
	New     ruleNewCommand     `cmd:"" help:"Copy the rule books of the program into a directory, to be changed there."`
	Check   ruleCheckCommand   `cmd:"" help:"Look for every mistake in rule books."`
	Test    ruleTestCommand    `cmd:"" help:"Work out the cases beside the books and compare."`
	Explain ruleExplainCommand `cmd:"" help:"Show what holds in a place, or the arithmetic of cases, step by step."`
	Diff    ruleDiffCommand    `cmd:"" help:"Compare two sets of books: which entries differ, and which cases come out otherwise."`
	Replay  ruleReplayCommand  `cmd:"" help:"Try books on all stored cases: how many households cross each line."`
}

// maxRules is more than a book or a file of cases has.
const maxRules = 1 << 20

// ruleFiles are the books a command works on: those of the program, a directory,
// or the program's with the given files in place of those of the same name.
func ruleFiles(paths ...string) (fs.FS, error) { return ruleFilesOver(book.Files(), paths...) }

// ruleFilesOver are the same with other books in place of the program's.
func ruleFilesOver(base fs.FS, paths ...string) (fs.FS, error) {
	if len(paths) == 1 {
		if info, err := os.Stat(paths[0]); err == nil && info.IsDir() {
			return os.DirFS(paths[0]), nil
		}
	}
	if len(paths) == 0 {
		return base, nil
	}
	files := fstest.MapFS{}
	err := fs.WalkDir(base, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(base, name)
		files[name] = &fstest.MapFile{Data: text}
		return err
	})
	for _, path := range paths {
		text, wrong := readBounded(path, maxRules)
		files[filepath.Base(path)] = &fstest.MapFile{Data: text}
		err = errors.Join(err, wrong)
	}
	return files, err
}

// readRules reads and checks the books of a command.
func readRules(s streams, paths ...string) (*book.Library, fs.FS, error) {
	files, err := ruleFiles(paths...)
	if err != nil {
		return nil, nil, err
	}
	l, err := checkRules(s, files)
	return l, files, err
}

// checkRules reads and checks books, and prints every problem there is.
func checkRules(s streams, files fs.FS) (*book.Library, error) {
	l, err := book.Read(files)
	var first *book.Error
	if err != nil && !errors.As(err, &first) {
		return nil, err
	}
	var all []book.Problem
	if first != nil {
		all = first.Problems
	}
	var second *book.Error
	if err := l.Check(); errors.As(err, &second) {
		all = append(all, second.Problems...)
	} else if err != nil {
		return nil, err
	}
	return l, printProblems(s, all)
}

func printProblems(s streams, all []book.Problem) error {
	if len(all) == 0 {
		return nil
	}
	for _, p := range all {
		fmt.Fprintln(s.err, p.String())
	}
	return hedui.Fail(hedui.Invalid, hedui.Say("rulebook.bad", strconv.Itoa(len(all))), nil)
}

// readRulesAndCases also reads the cases that lie beside the books.
func readRulesAndCases(s streams, paths ...string) (*book.Library, []book.Case, error) {
	l, files, err := readRules(s, paths...)
	if err != nil {
		return nil, nil, err
	}
	cases, err := readCases(s, files)
	return l, cases, err
}

func readCases(s streams, files fs.FS) ([]book.Case, error) {
	cases, err := book.ReadCases(files)
	var bad *book.Error
	if errors.As(err, &bad) {
		return nil, printProblems(s, bad.Problems)
	}
	return cases, err
}

type ruleNewCommand struct {
	Dir string `arg:"" help:"Directory to make; it must not exist."`
}

// Run copies the books out.
func (c *ruleNewCommand) Run(s streams) error {
	if _, err := os.Stat(c.Dir); err == nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("source.exists", c.Dir), nil)
	}
	if err := os.CopyFS(c.Dir, book.Files()); err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", c.Dir), err)
	}
	s.say(s.out, "rulebook.copied", c.Dir)
	return nil
}

type ruleCheckCommand struct {
	Paths []string `arg:"" optional:"" help:"A directory of books, or files that stand in place of the program's of the same name."`
}

// Run checks the books and their cases.
func (c *ruleCheckCommand) Run(s streams) error {
	l, cases, err := readRulesAndCases(s, c.Paths...)
	if err != nil {
		return err
	}
	n := 0
	for _, b := range l.Books {
		n += len(b.Entries)
	}
	s.say(s.out, "rulebook.good", strconv.Itoa(len(l.Books)), strconv.Itoa(n), strconv.Itoa(len(cases)))
	return nil
}

type ruleTestCommand struct {
	Paths []string `arg:"" optional:"" help:"A directory of books and cases, or files that stand in place of the program's of the same name."`
}

// Run works every case out; it fails where one comes out otherwise.
func (c *ruleTestCommand) Run(s streams) error {
	l, cases, err := readRulesAndCases(s, c.Paths...)
	if err != nil {
		return err
	}
	failed := 0
	for i := range cases {
		o, err := cases[i].Run(l, false)
		if err != nil {
			failed++
			fmt.Fprintf(s.out, "✗ %s: %s\n    %v\n", cases[i].File, cases[i].Name, err)
			continue
		}
		differences := cases[i].Expect.Compare(o)
		for _, id := range o.Failed {
			differences = append(differences, book.Difference{What: id, Want: "-", Got: "!"})
		}
		if len(differences) == 0 {
			continue
		}
		failed++
		fmt.Fprintf(s.out, "✗ %s: %s\n", cases[i].File, cases[i].Name)
		for _, d := range differences {
			s.say(s.out, "rulebook.differs", d.What, d.Want, d.Got)
		}
	}
	if failed > 0 {
		return hedui.Fail(hedui.Invalid, hedui.Say("rulebook.failed", strconv.Itoa(failed), strconv.Itoa(len(cases))), nil)
	}
	s.say(s.out, "rulebook.passed", strconv.Itoa(len(cases)))
	return nil
}

type ruleExplainCommand struct {
	Paths     []string `arg:"" optional:"" help:"A directory of books, or files that stand in place of the program's of the same name."`
	Division  string   `help:"Division code (default: what holds everywhere)." default:"000000"`
	Programme string   `help:"Programme." default:"dibao"`
	Date      day.Day  `help:"Day of application, such as 2013-04-10 (default: the last day on which the newest book begins)."`
	Case      string   `help:"Instead: the arithmetic of the cases in this file (*.test.yaml)."`
	Name      string   `help:"With --case: only cases whose name begins so."`
}

// Run prints the entries that hold with their origin, or the steps of cases.
func (c *ruleExplainCommand) Run(s streams) error {
	l, _, err := readRules(s, c.Paths...)
	if err != nil {
		return err
	}
	if c.Case != "" {
		return c.arithmetic(s, l)
	}
	on := c.Date
	if on.IsZero() {
		for _, b := range l.Books {
			if hedui.Covers(b.Place, c.Division) && b.From.After(on) {
				on = b.From
			}
		}
	}
	eff, err := l.For(c.Division, hedui.Programme(c.Programme), on)
	if err != nil {
		return hedui.Fail(hedui.NotFound, hedui.Say("rulebook.none", c.Division, c.Programme, on.String()), err)
	}
	s.say(s.out, "rulebook.holds", c.Division, c.Programme, on.String(), eff.Version())
	if eff.Demo() {
		s.say(s.out, "rulebook.demo")
	}
	section := ""
	for _, e := range eff.Entries {
		if e.Section != section {
			section = e.Section
			fmt.Fprintf(s.out, "\n%s\n", section)
		}
		fmt.Fprintf(s.out, "  %s", e.Name)
		if t := e.Title.In(s.lang); t != "" {
			fmt.Fprintf(s.out, " – %s", t)
		}
		fmt.Fprintln(s.out)
		for _, k := range e.Keys() {
			fmt.Fprintf(s.out, "      %s: %s\n", k, strings.TrimSpace(e.Says(k)))
		}
		origin := fmt.Sprintf("%s:%d", e.Book.File, e.Line)
		if text := e.ClauseText(); text != "" {
			origin += " · " + text
		}
		if e.Replaces != nil {
			s.say(s.out, "rulebook.replaces", origin, fmt.Sprintf("%s:%d", e.Replaces.Book.File, e.Replaces.Line))
		} else {
			fmt.Fprintf(s.out, "      ← %s\n", origin)
		}
	}
	return nil
}

func (c *ruleExplainCommand) arithmetic(s streams, l *book.Library) error {
	text, err := readBounded(c.Case, maxRules)
	if err != nil {
		return err
	}
	name := filepath.Base(c.Case)
	if !book.IsCases(name) {
		name += ".test.yaml"
	}
	cases, err := readCases(s, fstest.MapFS{name: {Data: text}})
	if err != nil {
		return err
	}
	shown := 0
	for i := range cases {
		one := &cases[i]
		if !strings.HasPrefix(one.Name, c.Name) {
			continue
		}
		shown++
		o, err := one.Run(l, true)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "\n%s (%s, %s, %s)\n", one.Name, one.Division, one.Programme, one.Date)
		for j := range o.Steps {
			fmt.Fprintf(s.out, "  %d. %s\n", j+1, o.Steps[j].Text(s.lang))
		}
		for j := range o.Findings {
			f := &o.Findings[j]
			mark := strings.TrimSpace(string(f.Kind) + " " + f.Flag)
			due := ""
			if !f.Due.IsZero() {
				due = " → " + f.Due.String()
			}
			fmt.Fprintf(s.out, "  • %s: %s%s\n", mark, f.Text(s.lang), due)
		}
		fmt.Fprintf(s.out, "  = %s\n", o.Conclusion)
	}
	if shown == 0 {
		return hedui.Fail(hedui.NotFound, hedui.Say("rulebook.nocase", c.Name), nil)
	}
	return nil
}

type ruleDiffCommand struct {
	Was string `arg:"" help:"Books as they are: a directory, a file, or - for those of the program."`
	Is  string `arg:"" help:"Books as they shall be: a directory, a file, or - for those of the program."`
}

// Run prints what differs between the books and for the cases of either.
func (c *ruleDiffCommand) Run(s streams) error {
	read := func(path string) (*book.Library, []book.Case, error) {
		var paths []string
		if path != "-" {
			paths = []string{path}
		}
		return readRulesAndCases(s, paths...)
	}
	was, cases, err := read(c.Was)
	if err != nil {
		return err
	}
	is, more, err := read(c.Is)
	if err != nil {
		return err
	}
	for _, m := range more {
		if !slices.ContainsFunc(cases, func(o book.Case) bool { return o.Name == m.Name }) {
			cases = append(cases, m)
		}
	}
	changes := book.Changes(was, is)
	s.say(s.out, "rulebook.changes", strconv.Itoa(len(changes)))
	for _, ch := range changes {
		switch {
		case ch.Was == nil:
			fmt.Fprintf(s.out, "+ %s:%d %s\n", ch.Is.Book.File, ch.Is.Line, ch.Is.ID())
		case ch.Is == nil:
			fmt.Fprintf(s.out, "- %s:%d %s\n", ch.Was.Book.File, ch.Was.Line, ch.Was.ID())
		default:
			fmt.Fprintf(s.out, "~ %s:%d %s\n", ch.Is.Book.File, ch.Is.Line, ch.Is.ID())
			for _, k := range ch.Keys {
				fmt.Fprintf(s.out, "    %s: %s → %s\n", k, ch.Was.Says(k), ch.Is.Says(k))
			}
		}
	}
	moved := 0
	for i := range cases {
		if lines := book.Moved(&cases[i], was, is); len(lines) > 0 {
			moved++
			fmt.Fprintf(s.out, "\n%s\n", cases[i].Name)
			for _, line := range lines {
				fmt.Fprintln(s.out, "  "+line)
			}
		}
	}
	s.say(s.out, "rulebook.moved", strconv.Itoa(moved), strconv.Itoa(len(cases)))
	return nil
}
