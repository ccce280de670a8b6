package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing/fstest"
	"time"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/rule"
	"hedui/internal/rule/book"
)

type ruleReplayCommand struct {
	Config string   `help:"The node's configuration." default:"node.yaml" type:"path"`
	As     string   `help:"Id of the officer who asks, as in the configuration; needs read_cases." default:"reader"`
	Book   []string `help:"Books to try: a directory, or files that stand in place of the node's of the same name, or beside them." required:"" type:"path" sep:"none"`
	On     day.Day  `help:"Take the books of this day (default: of each case's day of application). Facts, ages and periods stay those of the case."`
	Least  int      `help:"Show no count below it." default:"5"`
	JSON   bool     `name:"json" help:"Print the result as one JSON object."`
}

// replayArgs are the order's. The books go along as texts, because the node may run
// where it cannot read the officer's files.
type replayArgs struct {
	Books map[string]string `json:"books"`
	On    day.Day           `json:"on,omitzero"`
	Least int               `json:"least"`
}

func orderReplay(ctx context.Context, n *node, o hedui.Officer, raw json.RawMessage, tell func(done, of int)) (any, error) {
	var a replayArgs
	if err := strictly(raw, &a); err != nil {
		return nil, err
	}
	files := fstest.MapFS{}
	for name, text := range a.Books {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tried, err := book.Read(files)
	if err == nil {
		err = tried.Check()
	}
	var wrong *book.Error
	switch {
	case errors.As(err, &wrong):
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("rulebook.bad", strconv.Itoa(len(wrong.Problems))), err)
	case err != nil:
		return nil, err
	}
	return n.desk.Replay(ctx, o, casework.ReplayOrder{Tried: tried, On: a.On, Least: a.Least, Progress: tell})
}

// Run has all stored households worked out and prints who crosses which line.
func (c *ruleReplayCommand) Run(ctx context.Context, s streams) error {
	node, err := readSettings(c.Config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	base := book.Files()
	if node.config.Rules != "" {
		base = os.DirFS(node.beside(node.config.Rules))
	}
	files, err := ruleFilesOver(base, c.Book...)
	if err != nil {
		return err
	}
	if _, err := checkRules(s, files); err != nil {
		return err
	}
	a := replayArgs{Books: map[string]string{}, On: c.On, Least: c.Least}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !book.IsBook(name) {
			return err
		}
		text, err := fs.ReadFile(files, name)
		a.Books[name] = string(text)
		return err
	})
	if err != nil {
		return err
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return err
	}
	bar := s.bar()
	var out casework.Replay
	err = askLong(ctx, node, order{Name: "rule/replay", As: c.As, Args: raw}, bar.show, &out)
	bar.clear()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(out)
	}
	s.printReplay(out)
	return nil
}

func (s streams) printReplay(r casework.Replay) {
	s.say(s.out, "rulebook.replay.head", r.Division)
	if !r.On.IsZero() {
		s.say(s.out, "rulebook.replay.on", r.On.String())
	}
	for _, b := range r.Tried {
		fmt.Fprintln(s.out, "  + "+b)
	}
	for _, b := range r.Ended {
		fmt.Fprintln(s.out, "  - "+b)
	}
	for _, p := range r.Programmes {
		fmt.Fprintf(s.out, "\n%s\n", lang.Text(s.lang, "programme."+string(p.Programme)))
		var counties []string
		for _, c := range p.Households {
			counties = append(counties, c.Division+" "+string(c.Households))
		}
		s.say(s.out, "rulebook.replay.households", string(p.All), strings.Join(counties, ", "))
		for _, l := range p.Lines {
			s.printLine(l)
		}
	}
	if len(r.Programmes) == 0 {
		s.say(s.out, "rulebook.replay.nothing")
	}
	fmt.Fprintln(s.out)
	for _, u := range r.Unworked {
		s.say(s.out, "rulebook.replay.unworked", string(u.Households), lang.Text(s.lang, "rulebook.why."+u.Why),
			lang.Text(s.lang, "rulebook.side."+strconv.FormatBool(u.Tried)))
	}
	s.say(s.out, "rulebook.replay.apart", string(r.Older), string(r.Handed), string(r.Erased))
	s.say(s.out, "rulebook.replay.small", strconv.Itoa(r.Least))
}

func (s streams) printLine(l rule.LineTable) {
	head := "rulebook.replay.limit"
	if l.Mark {
		head = "rulebook.replay.mark"
	}
	title := l.Title.In(s.lang)
	if title == "" {
		title = l.Rule
	}
	fmt.Fprintf(s.out, "\n  %s (%s)\n", title, l.Rule)
	s.say(s.out, head)
	row := func(name string, c rule.Crossing) {
		fmt.Fprintf(s.out, "    %-8s %10s %10s %10s %10s\n", name, c.Before, c.After, c.Newly, c.NoLonger)
	}
	for _, c := range l.Counties {
		row(c.Division, c)
	}
	if l.All != nil {
		row("Σ", *l.All)
	}
}

// A bar shows on a terminal how far a long command is.
type bar struct {
	w    io.Writer // nil where nobody looks
	last time.Time
}

func (s streams) bar() *bar {
	if !s.terminal {
		return &bar{}
	}
	return &bar{w: s.err}
}

const barWidth = 40

// show draws the bar; it is one line that is drawn over.
func (b *bar) show(done, of int) {
	now := time.Now()
	if b.w == nil || of == 0 || now.Sub(b.last) < tellEvery && done < of {
		return
	}
	b.last = now
	full := done * barWidth / of
	fmt.Fprintf(b.w, "\r[%s%s] %3d %%", strings.Repeat("█", full), strings.Repeat("·", barWidth-full), done*100/of)
}

func (b *bar) clear() {
	if b.w != nil {
		fmt.Fprintf(b.w, "\r%*s\r", barWidth+8, "")
	}
}
