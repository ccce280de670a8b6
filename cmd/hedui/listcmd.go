package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// worklistCommands work the lists of sources that people answer. Each is done as
// an officer with the right answer_queries who is named for the source.
type worklistCommands struct {
	List    listCommand       `cmd:"" help:"Open items of a source, oldest due first, as far as they fit a page."`
	Show    showCommand       `cmd:"" help:"One item: person, category, purpose, mandate, period."`
	Answer  answerCommand     `cmd:"" help:"Answer an item."`
	Correct correctCommand    `cmd:"" help:"Put another answer beside one that was wrong."`
	Return  giveBackCommand   `cmd:"" help:"Give an item back: the department cannot answer it."`
	Export  exportCommand     `cmd:"" help:"Write the open items into a workbook (xlsx)."`
	Import  importCommand     `cmd:"" help:"Take the answers of a workbook."`
	Verify  listVerifyCommand `cmd:"" help:"Check a workbook without network: who gave it out, and that its persons are unaltered."`
	Letter  letterCommand     `cmd:"" help:"Issue an assistance letter (PDF) about an item and what goes with it."`
	Reprint reprintCommand    `cmd:"" help:"Print a letter once more."`
	Remind  listAgainCommand  `cmd:"" help:"Items, and letters without reply, whose promised time is over."`

	Letters  lettersCommand        `cmd:"" help:"Assistance letters and where they stand, late ones first."`
	Sent     letterSentCommand     `cmd:"" help:"Note that a letter was sent."`
	Failed   letterFailedCommand   `cmd:"" help:"Note that a letter came back or did not arrive."`
	Reminder letterReminderCommand `cmd:"" help:"Write a reminder (PDF) of a letter whose reply is late."`
	Reply    letterReplyCommand    `cmd:"" help:"Take the reply to a letter with its scan."`
	Scan     letterScanCommand     `cmd:"" help:"Write the scan of a reply into a file."`
	Compared letterComparedCommand `cmd:"" help:"Close a letter whose reply was compared with what was entered."`
}

// listFlags are those of every worklist command.
type listFlags struct {
	Config string `help:"The node's configuration." default:"node.yaml" type:"path"`
	As     string `help:"Id of the officer who answers, as in the configuration." default:"liaison"`
}

func (f listFlags) do(ctx context.Context, name string, args, answer any) error {
	return nodeFlags(f).do(ctx, name, args, answer)
}

type listCommand struct {
	listFlags
	Source string `arg:"" help:"Name of the source."`
	After  string `help:"Go on after this item."`
	JSON   bool   `name:"json" help:"Print the list as JSON."`
}

// Run prints the list.
func (c *listCommand) Run(ctx context.Context, s streams) error { return c.print(ctx, s, false) }

func (c *listCommand) print(ctx context.Context, s streams, overdue bool) error {
	var answer listAnswer
	if err := c.do(ctx, "worklist/list", listArgs{Source: c.Source, After: c.After, Overdue: overdue}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(answer)
	}
	if len(answer.Items) == 0 {
		s.say(s.out, "list.empty", c.Source)
	}
	for _, it := range answer.Items {
		s.say(s.out, "list.item", it.ID, it.Name, it.Number, dueDay(it.DueAt), strings.TrimSpace(lang.Text(s.lang, "item."+string(it.State))+" "+it.Letter))
	}
	if answer.More != "" {
		s.say(s.out, "list.more", answer.More)
	}
	return nil
}

func dueDay(t time.Time) string { return day.Of(t).String() }

type listAgainCommand struct{ listCommand }

// Run prints what is late.
func (c *listAgainCommand) Run(ctx context.Context, s streams) error { return c.print(ctx, s, true) }

type showCommand struct {
	listFlags
	Item string `arg:"" help:"Id of the item."`
	JSON bool   `name:"json" help:"Print the item as JSON."`
}

// Run prints the item.
func (c *showCommand) Run(ctx context.Context, s streams) error {
	var it itemAnswer
	if err := c.do(ctx, "worklist/show", itemArgs{Item: c.Item}, &it); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(it)
	}
	category, _ := catalog.Get(catalog.Code(it.Category))
	name := category.Name
	if s.lang == lang.English {
		name = category.NameEn
	}
	s.say(s.out, "list.person", it.ID, lang.Text(s.lang, "item."+string(it.State)), it.Name, it.Number, name,
		lang.Text(s.lang, "programme."+string(it.Purpose)), it.Mandate, it.From, it.To, dueDay(it.DueAt))
	if it.Letter != "" {
		s.say(s.out, "list.letter", it.Letter)
	}
	if it.Typed != nil {
		s.say(s.out, "list.draft")
	}
	return nil
}

// entryFlags are an answer on the command line: one without records by its flags,
// one with records from a file. Records are personal, so they are no arguments.
type entryFlags struct {
	listFlags
	Item    string `arg:"" help:"Id of the item."`
	Outcome string `help:"none, not_covered, identity_doubt or refused; with records use --file."`
	AsOf    string `help:"Day of the register's state, such as 2026-11-01."`
	By      string `help:"Who answers: a post or a desk."`
	File    string `help:"The answer with its records as JSON; - reads standard input." type:"path"`
}

func (c entryFlags) entry() (hedui.Entry, error) {
	e := hedui.Entry{Outcome: c.Outcome, AsOf: c.AsOf, By: c.By}
	if c.File == "" {
		return e, nil
	}
	text, err := readOrIn(c.File)
	if err != nil {
		return e, hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", c.File), err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, hedui.Fail(hedui.Invalid, hedui.Say("error.item.entry"), nil)
	}
	return e, nil
}

func readOrIn(path string) ([]byte, error) {
	if filepath.Base(path) == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, maxOrder))
	}
	return os.ReadFile(path)
}

func (c entryFlags) send(ctx context.Context, s streams, name string) error {
	e, err := c.entry()
	if err != nil {
		return err
	}
	if err := c.do(ctx, name, itemArgs{c.Item, e}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "list.answered", c.Item)
	return nil
}

type answerCommand struct{ entryFlags }

// Run answers the item.
func (c *answerCommand) Run(ctx context.Context, s streams) error {
	return c.send(ctx, s, "worklist/answer")
}

type correctCommand struct{ entryFlags }

// Run corrects the answer.
func (c *correctCommand) Run(ctx context.Context, s streams) error {
	return c.send(ctx, s, "worklist/correct")
}

type giveBackCommand struct {
	listFlags
	Item string `arg:"" help:"Id of the item."`
}

// Run gives the item back.
func (c *giveBackCommand) Run(ctx context.Context, s streams) error {
	if err := c.do(ctx, "worklist/return", itemArgs{Item: c.Item}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "list.answered", c.Item)
	return nil
}

type exportCommand struct {
	listFlags
	Source string `arg:"" help:"Name of the source."`
	Out    string `help:"Where to write the workbook; a directory, or a file ending in .xlsx." default:"." type:"path"`
	After  string `help:"Go on after this item."`
}

// Run writes the workbook, readable by its owner only.
func (c *exportCommand) Run(ctx context.Context, s streams) error {
	var answer exportAnswer
	if err := c.do(ctx, "worklist/export", listArgs{Source: c.Source, After: c.After}, &answer); err != nil {
		return err
	}
	path, err := c.save(answer.File, c.Out)
	if err != nil {
		return err
	}
	s.say(s.out, "list.exported", c.Source, path)
	s.say(s.out, "list.locked", answer.Number, clock(answer.Until), answer.Password)
	if answer.More != "" {
		s.say(s.out, "list.more", answer.More)
	}
	return nil
}

// save writes a file of an order under its own name, or under the one that is given.
func (listFlags) save(f casework.File, out string) (string, error) {
	path := out
	if filepath.Ext(out) != filepath.Ext(f.Name) {
		if err := os.MkdirAll(out, 0o700); err != nil {
			return "", fmt.Errorf("worklist: %w", err)
		}
		path = filepath.Join(out, f.Name)
	}
	return path, writeWhole(path, f.Body)
}

type importCommand struct {
	listFlags
	Source string `arg:"" help:"Name of the source."`
	File   string `arg:"" help:"The workbook." type:"path"`
}

// Run takes the workbook. Where rows were not taken it is written back beside the
// first one with the problems in its last column.
func (c *importCommand) Run(ctx context.Context, s streams) error {
	data, err := os.ReadFile(c.File)
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", c.File), err)
	}
	var answer importAnswer
	if err := c.do(ctx, "worklist/import", listArgs{Source: c.Source, File: data}, &answer); err != nil {
		return err
	}
	s.say(s.out, "list.imported", fmt.Sprint(answer.Taken), fmt.Sprint(answer.Same), fmt.Sprint(answer.Refused))
	if answer.Refused == 0 {
		return nil
	}
	for _, p := range answer.Problems {
		s.say(s.out, "list.row", fmt.Sprint(p.Row), strings.TrimPrefix(p.Column+" "+lang.Text(s.lang, p.Say.Key, p.Say.Args...), " "))
	}
	back := strings.TrimSuffix(c.File, filepath.Ext(c.File)) + "-problems.xlsx"
	if err := writeWhole(back, answer.Workbook); err != nil {
		return fmt.Errorf("worklist: %w", err)
	}
	s.say(s.out, "list.marked", back)
	return nil
}

type letterCommand struct {
	listFlags
	Item string `arg:"" help:"Id of an item of the letter."`
	Out  string `help:"Where to write the letter; a directory, or a file ending in .pdf." default:"." type:"path"`
}

// Run issues the letter.
func (c *letterCommand) Run(ctx context.Context, s streams) error {
	return c.issue(ctx, s, "worklist/letter", letterArgs{Item: c.Item}, c.Out)
}

func (f listFlags) issue(ctx context.Context, s streams, name string, args letterArgs, out string) error {
	var d casework.Dispatch
	if err := f.do(ctx, name, args, &d); err != nil {
		return err
	}
	path, err := f.save(d.File, out)
	if err != nil {
		return err
	}
	s.say(s.out, "list.issued", d.Number, fmt.Sprint(d.Persons), dueDay(d.DueAt), path)
	return nil
}

type reprintCommand struct {
	listFlags
	Number string `arg:"" help:"Number of the letter."`
	Out    string `help:"Where to write the letter." default:"." type:"path"`
}

// Run prints the letter once more.
func (c *reprintCommand) Run(ctx context.Context, s streams) error {
	return c.issue(ctx, s, "worklist/reprint", letterArgs{Number: c.Number}, c.Out)
}
