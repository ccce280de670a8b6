package main

import (
	"context"
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// mirrorCommands are what an office does for the citizen's mirror, docs/mirror.md.
type mirrorCommands struct {
	Code   mirrorCodeCommand   `cmd:"" help:"Make a one-time code for a person of a case, after a look at the identity card. Printed once."`
	List   mirrorListCommand   `cmd:"" help:"What citizens have asked the office for and nobody has answered."`
	Answer mirrorAnswerCommand `cmd:"" help:"Answer a request; the person sees the answer."`
}

type mirrorCodeCommand struct {
	nodeFlags
	Case   string `arg:"" help:"Id of the case."`
	Person int    `arg:"" help:"Number of the person in the case."`
}

type mirrorArgs struct {
	Case   string             `json:"case,omitempty"`
	Person int                `json:"person,omitempty"`
	Number string             `json:"number,omitempty"`
	To     hedui.RequestState `json:"to,omitempty"`
	Answer string             `json:"answer,omitempty"`
}

type mirrorCodeAnswer struct {
	Code  string    `json:"code"`
	Until time.Time `json:"until"`
}

// Run prints the code.
func (c *mirrorCodeCommand) Run(ctx context.Context, s streams) error {
	var a mirrorCodeAnswer
	if err := c.do(ctx, "mirror/code", mirrorArgs{Case: c.Case, Person: c.Person}, &a); err != nil {
		return err
	}
	s.say(s.out, "mirror.issued", a.Code, a.Until.In(day.Beijing).Format("2006-01-02 15:04"))
	return nil
}

func orderMirrorCode(ctx context.Context, n *node, o hedui.Officer, a mirrorArgs) (any, error) {
	code, until, err := n.desk.IssueCode(ctx, o, a.Case, a.Person)
	return mirrorCodeAnswer{code, until}, err
}

type mirrorListCommand struct{ nodeFlags }

// Run prints the requests, the most urgent first.
func (c *mirrorListCommand) Run(ctx context.Context, s streams) error {
	var list []hedui.Request
	if err := c.do(ctx, "mirror/list", none{}, &list); err != nil {
		return err
	}
	if len(list) == 0 {
		s.say(s.out, "mirror.none")
	}
	for _, r := range list {
		s.say(s.out, "mirror.item", r.Number, r.Case, strconv.Itoa(r.Person), lang.Text(s.lang, "mirror.kind."+string(r.Kind)), lang.Text(s.lang, "mirror.state."+string(r.State)), day.Of(r.DueAt).String())
		if r.Text != "" {
			s.say(s.out, "mirror.said", r.Text)
		}
	}
	return nil
}

func orderMirrorList(ctx context.Context, n *node, o hedui.Officer, _ none) (any, error) {
	return n.desk.MirrorRequests(ctx, o, true)
}

type mirrorAnswerCommand struct {
	nodeFlags
	Number string `arg:"" help:"Number of the request."`
	To     string `arg:"" enum:"done,declined" help:"done or declined."`
	Answer string `arg:"" help:"What the person is told."`
}

// Run answers the request.
func (c *mirrorAnswerCommand) Run(ctx context.Context, s streams) error {
	if err := c.do(ctx, "mirror/answer", mirrorArgs{Number: c.Number, To: hedui.RequestState(c.To), Answer: c.Answer}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "mirror.settled", c.Number)
	return nil
}

func orderMirrorAnswer(ctx context.Context, n *node, o hedui.Officer, a mirrorArgs) (any, error) {
	return none{}, n.desk.AnswerRequest(ctx, o, a.Number, a.To, a.Answer)
}
