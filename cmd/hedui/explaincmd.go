package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"hedui/catalog"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// explainCommands work on the items of a case that the family has the right to
// explain. Acts name the revision that was read, so that nobody confirms what he
// has not seen.
type explainCommands struct {
	List     explainListCommand     `cmd:"" help:"The items of a case."`
	Enter    explainEnterCommand    `cmd:"" help:"Enter what the family says, as the first officer."`
	Attach   explainAttachCommand   `cmd:"" help:"Attach evidence: a PDF, PNG or JPEG."`
	Settle   explainSettleCommand   `cmd:"" help:"Confirm what was entered, as the second officer."`
	SendBack explainSendBackCommand `cmd:"" help:"Give what was entered back to the first officer."`
	Evidence explainEvidenceCommand `cmd:"" help:"Write a piece of evidence to a file."`
	Suspend  explainSuspendCommand  `cmd:"" help:"Suspend a case because of a company that is not theirs, until its register is asked again."`
}

type explainListCommand struct {
	nodeFlags
	ID   string `arg:"" help:"Id of the case."`
	JSON bool   `name:"json" help:"Print the items as JSON."`
}

// Run prints the items.
func (c *explainListCommand) Run(ctx context.Context, s streams) error {
	var list []explanationAnswer
	if err := c.do(ctx, "explain/list", explainArgs{Case: c.ID}, &list); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(list)
	}
	if len(list) == 0 {
		s.say(s.out, "case.explain.none")
	}
	for _, e := range list {
		s.printExplanation(e)
	}
	return nil
}

func (s streams) printExplanation(e explanationAnswer) {
	s.say(s.out, "case.explain.item", e.ID, fmt.Sprint(e.Rev), fmt.Sprint(e.Person), s.category(e.Category), e.Reason, lang.Text(s.lang, "explain."+string(e.State)), e.DueOn)
	for i, r := range e.Records {
		s.say(s.out, "case.explain.record", fmt.Sprint(i+1), r)
	}
	if e.Text != "" {
		s.say(s.out, "case.explain.text", lang.Text(s.lang, "explain."+string(e.Outcome)), e.Text)
	}
	for _, v := range e.Evidence {
		s.say(s.out, "case.explain.evidence", v.ID, v.Type, fmt.Sprint(v.Size), v.Digest)
	}
}

// category is the name of a category in the reader's language.
func (s streams) category(code string) string {
	known, ok := catalog.Get(catalog.Code(code))
	switch {
	case !ok:
		return code
	case s.lang == lang.English:
		return known.NameEn
	}
	return known.Name
}

// itemFlags name an item as it was read.
type itemFlags struct {
	nodeFlags
	ID   string `arg:"" help:"Id of the case."`
	Item string `arg:"" help:"Id of the item."`
	Rev  int64  `help:"Revision of the item that you have read, as list prints it." required:""`
}

func (c itemFlags) send(ctx context.Context, s streams, name string, a explainArgs) error {
	a.Case, a.Item, a.Rev = c.ID, c.Item, c.Rev
	var e explanationAnswer
	if err := c.do(ctx, name, a, &e); err != nil {
		return err
	}
	s.printExplanation(e)
	return nil
}

type explainEnterCommand struct {
	itemFlags
	File string `help:"Outcome and text as JSON, see docs/explanations.md; - reads standard input. They are personal, so they are no arguments." type:"path" required:""`
}

// Run enters the outcome.
func (c *explainEnterCommand) Run(ctx context.Context, s streams) error {
	text, err := readOrIn(c.File)
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", c.File), err)
	}
	var a explainArgs
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&a.Entry); err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.explanation.entry"), nil)
	}
	return c.send(ctx, s, "explain/enter", a)
}

type explainAttachCommand struct {
	itemFlags
	File string `arg:"" help:"The file." type:"path"`
}

// Run attaches the file.
func (c *explainAttachCommand) Run(ctx context.Context, s streams) error {
	body, err := readOrIn(c.File)
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", c.File), err)
	}
	return c.send(ctx, s, "explain/attach", explainArgs{File: body})
}

type explainSettleCommand struct{ itemFlags }

// Run confirms.
func (c *explainSettleCommand) Run(ctx context.Context, s streams) error {
	return c.send(ctx, s, "explain/settle", explainArgs{})
}

type explainSendBackCommand struct {
	itemFlags
	Why string `help:"What is missing." required:""`
}

// Run sends back.
func (c *explainSendBackCommand) Run(ctx context.Context, s streams) error {
	return c.send(ctx, s, "explain/send_back", explainArgs{Why: c.Why})
}

type explainEvidenceCommand struct {
	nodeFlags
	ID       string `arg:"" help:"Id of the case."`
	Evidence string `arg:"" help:"Id of the evidence."`
	Out      string `help:"Directory to write to." default:"." type:"path"`
}

// Run writes the file, readable by its owner only.
func (c *explainEvidenceCommand) Run(ctx context.Context, s streams) error {
	return c.fetch(ctx, s, "explain/evidence", explainArgs{Case: c.ID, Evidence: c.Evidence}, c.Out)
}

// fetch asks for a file, writes it into a directory, readable by its owner only, and
// prints where it lies.
func (f nodeFlags) fetch(ctx context.Context, s streams, order string, args any, dir string) error {
	var file casework.File
	if err := f.do(ctx, order, args, &file); err != nil {
		return err
	}
	path := filepath.Join(dir, file.Name)
	if err := writeWhole(path, file.Body); err != nil {
		return err
	}
	fmt.Fprintln(s.out, path)
	return nil
}

type explainSuspendCommand struct {
	nodeFlags
	ID string `arg:"" help:"Id of the case."`
}

// Run suspends the case.
func (c *explainSuspendCommand) Run(ctx context.Context, s streams) error {
	var answer caseAnswer
	if err := c.do(ctx, "explain/suspend", explainArgs{Case: c.ID}, &answer); err != nil {
		return err
	}
	s.say(s.out, "case.stands", answer.Number, lang.Text(s.lang, "stage."+string(answer.Stage)))
	return nil
}

type correctionsCommand struct {
	nodeFlags
	Department string                `help:"Only this department's."`
	State      hedui.CorrectionState `help:"Only asked, corrected or upheld."`
	JSON       bool                  `name:"json" help:"Print the list as JSON."`
}

// Run prints the requests.
func (c *correctionsCommand) Run(ctx context.Context, s streams) error {
	var list []correctionAnswer
	if err := c.do(ctx, "explain/corrections", correctionArgs{Department: c.Department, State: c.State}, &list); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(list)
	}
	for _, k := range list {
		s.say(s.out, "case.correction", k.Number, k.Department, s.category(k.Category), k.Record, k.What, lang.Text(s.lang, "correction."+string(k.State)))
	}
	return nil
}

type correctedCommand struct {
	nodeFlags
	Number string                `arg:"" help:"Number of the request."`
	Answer hedui.CorrectionState `arg:"" help:"corrected or upheld."`
	Why    string                `help:"What the department says." required:""`
}

// Run enters the answer.
func (c *correctedCommand) Run(ctx context.Context, s streams) error {
	if err := c.do(ctx, "explain/correct", correctionArgs{Number: c.Number, State: c.Answer, Why: c.Why}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "case.correction.answered", c.Number, lang.Text(s.lang, "correction."+string(c.Answer)))
	return nil
}

type remindersCommand struct {
	nodeFlags
	JSON bool `name:"json" help:"Print the list as JSON."`
}

// Run prints the reminders.
func (c *remindersCommand) Run(ctx context.Context, s streams) error {
	var list []reminderAnswer
	if err := c.do(ctx, "explain/reminders", none{}, &list); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(list)
	}
	for _, r := range list {
		s.say(s.out, "case.reminder", r.ID, clock(r.At), r.Case, lang.Text(s.lang, "reminder."+string(r.Kind)), r.About)
	}
	return nil
}

type remindedCommand struct {
	nodeFlags
	ID string `arg:"" help:"Id of the reminder."`
}

// Run notes it.
func (c *remindedCommand) Run(ctx context.Context, _ streams) error {
	return c.do(ctx, "explain/handle", nameArgs{Name: c.ID}, &none{})
}
