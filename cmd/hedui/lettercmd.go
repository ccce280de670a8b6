package main

import (
	"context"
	"encoding/json"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// What becomes of an assistance letter, as sub-commands of "worklist".

type lettersCommand struct {
	listFlags
	State     string `help:"issued, sent, failed, replied, closed or ended; left out = all that are open."`
	Late      bool   `help:"Only those whose reply is late."`
	Addressee string `help:"Only those to this body."`
	Number    string `help:"Only those with this in their number."`
	After     string `help:"Go on after this letter."`
	JSON      bool   `name:"json" help:"Print the list as JSON."`
}

// Run prints the letters of the node, as far as the officer may see them.
func (c *lettersCommand) Run(ctx context.Context, s streams) error {
	var p casework.LetterPage
	err := c.do(ctx, "worklist/letters", casework.LetterQuery{State: hedui.LetterState(c.State), Late: c.Late, Addressee: c.Addressee, Number: c.Number, After: c.After}, &p)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(p)
	}
	if len(p.Letters) == 0 {
		s.say(s.out, "list.letters_empty")
	}
	for _, l := range p.Letters {
		sent := "–"
		if !l.SentOn.IsZero() {
			sent = l.SentOn.String()
		}
		s.say(s.out, "list.letter_row", l.Number, l.Addressee, lang.Text(s.lang, "letter.state."+string(l.State)), sent, dueDay(l.DueAt), l.Tracking)
	}
	if p.More != "" {
		s.say(s.out, "list.more", p.More)
	}
	return nil
}

// letterFlags are those of every act on a letter.
type letterFlags struct {
	listFlags
	Number string `arg:"" help:"Number of the letter."`
}

func (f letterFlags) note(ctx context.Context, s streams, name string, args letterArgs) error {
	args.Number = f.Number
	if err := f.do(ctx, name, args, &none{}); err != nil {
		return err
	}
	s.say(s.out, "list.letter_noted", f.Number)
	return nil
}

type letterSentCommand struct {
	letterFlags
	On       string `help:"Day on which it was sent, such as 2026-11-27." required:""`
	Way      string `help:"How: post, courier, hand or fax, as the rules of the place have it." required:""`
	Tracking string `help:"Tracking number."`
}

// Run notes that the letter was sent.
func (c *letterSentCommand) Run(ctx context.Context, s streams) error {
	return c.note(ctx, s, "worklist/sent", letterArgs{Sending: hedui.Sending{On: c.On, Way: c.Way, Tracking: c.Tracking}})
}

type letterFailedCommand struct {
	letterFlags
	On  string `help:"Day on which it came back or was known not to have arrived." required:""`
	Why string `help:"Why: moved, unknown, refused, lost or other, as the rules of the place have it." required:""`
}

// Run notes that the letter did not arrive.
func (c *letterFailedCommand) Run(ctx context.Context, s streams) error {
	return c.note(ctx, s, "worklist/failed", letterArgs{Sending: hedui.Sending{On: c.On}, Why: c.Why})
}

type letterReminderCommand struct {
	letterFlags
	Again bool   `help:"Print the last reminder once more."`
	Out   string `help:"Where to write the reminder (PDF)." default:"." type:"path"`
}

// Run writes a reminder.
func (c *letterReminderCommand) Run(ctx context.Context, s streams) error {
	var d casework.Dispatch
	if err := c.do(ctx, "worklist/reminder", letterArgs{Number: c.Number, Again: c.Again}, &d); err != nil {
		return err
	}
	return c.written(s, c.Number, d.File, c.Out)
}

func (f letterFlags) written(s streams, number string, file casework.File, out string) error {
	path, err := f.save(file, out)
	if err != nil {
		return err
	}
	s.say(s.out, "list.letter_file", number, path)
	return nil
}

type letterReplyCommand struct {
	letterFlags
	File string `arg:"" help:"Scan of the reply: PDF, PNG or JPEG; - reads standard input." type:"path"`
	On   string `help:"Day on which the reply came in." required:""`
}

// Run takes the reply.
func (c *letterReplyCommand) Run(ctx context.Context, s streams) error {
	body, err := readOrIn(c.File)
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.unreadable", c.File), err)
	}
	return c.note(ctx, s, "worklist/reply", letterArgs{Sending: hedui.Sending{On: c.On}, File: body})
}

type letterScanCommand struct {
	letterFlags
	Out string `help:"Where to write the scan." default:"." type:"path"`
}

// Run writes the scan of the reply.
func (c *letterScanCommand) Run(ctx context.Context, s streams) error {
	var file casework.File
	if err := c.do(ctx, "worklist/reply_scan", letterArgs{Number: c.Number}, &file); err != nil {
		return err
	}
	return c.written(s, c.Number, file, c.Out)
}

type letterComparedCommand struct{ letterFlags }

// Run closes the letter.
func (c *letterComparedCommand) Run(ctx context.Context, s streams) error {
	return c.note(ctx, s, "worklist/compared", letterArgs{})
}

func orderLetters(ctx context.Context, n *node, o hedui.Officer, q casework.LetterQuery) (any, error) {
	return n.desk.TrackedLetters(ctx, o, q)
}

func orderLetterSent(ctx context.Context, n *node, o hedui.Officer, a letterArgs) (any, error) {
	return none{}, n.desk.SendLetter(ctx, o, a.Number, a.Sending)
}

func orderLetterFailed(ctx context.Context, n *node, o hedui.Officer, a letterArgs) (any, error) {
	return none{}, n.desk.FailLetter(ctx, o, a.Number, a.Sending.On, a.Why)
}

func orderLetterReminder(ctx context.Context, n *node, o hedui.Officer, a letterArgs) (any, error) {
	if a.Again {
		return n.desk.ReminderPaper(ctx, o, a.Number)
	}
	return n.desk.RemindLetter(ctx, o, a.Number)
}

func orderLetterReply(ctx context.Context, n *node, o hedui.Officer, a letterArgs) (any, error) {
	return none{}, n.desk.TakeReply(ctx, o, a.Number, a.Sending.On, a.File)
}

func orderReplyScan(ctx context.Context, n *node, o hedui.Officer, a letterArgs) (any, error) {
	return n.desk.ReplyScan(ctx, o, a.Number)
}

func orderLetterCompared(ctx context.Context, n *node, o hedui.Officer, a letterArgs) (any, error) {
	return none{}, n.desk.CloseLetter(ctx, o, a.Number)
}
