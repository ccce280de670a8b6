package main

import (
	"context"

	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/internal/web"
)

// concernCommands are about what detectors have noticed, docs/concerns.md.
type concernCommands struct {
	List   concernListCommand   `cmd:"" help:"What detectors have noticed about the looks of officers, the newest first."`
	Settle concernSettleCommand `cmd:"" help:"Note what was found out: explained, false_alarm or violation."`
	Reopen concernReopenCommand `cmd:"" help:"Take a concern up again."`
}

type concernArgs struct {
	ID       string             `json:"id,omitempty"`
	To       hedui.ConcernState `json:"to,omitempty"`
	Note     string             `json:"note,omitempty"`
	All      bool               `json:"all,omitempty"`
	Officer  string             `json:"officer,omitempty"`
	Detector hedui.Detector     `json:"detector,omitempty"`
	Before   string             `json:"before,omitempty"`
}

type concernListCommand struct {
	nodeFlags
	All      bool   `help:"Settled ones too."`
	Officer  string `help:"Only what is about this officer."`
	Detector string `help:"Only this detector, such as outside."`
	Before   string `help:"Go on after this concern."`
}

// Run prints the concerns.
func (c *concernListCommand) Run(ctx context.Context, s streams) error {
	var list []hedui.Concern
	if err := c.do(ctx, "concern/list", concernArgs{All: c.All, Officer: c.Officer, Detector: hedui.Detector(c.Detector), Before: c.Before}, &list); err != nil {
		return err
	}
	if len(list) == 0 {
		s.say(s.out, "concern.none")
	}
	for _, one := range list {
		s.say(s.out, "concern.item", one.ID, lang.Text(s.lang, "concern.weight."+string(one.Weight)), lang.Text(s.lang, "concern.state."+string(one.State)), web.ConcernSentence(s.lang, one), one.Case)
		if one.Note != "" {
			s.say(s.out, "concern.found", one.SettledBy, one.Note)
		}
	}
	return nil
}

func orderConcernList(ctx context.Context, n *node, o hedui.Officer, a concernArgs) (any, error) {
	return n.desk.Concerns(ctx, o, store.ConcernFilter{Open: !a.All, Officer: a.Officer, Detector: a.Detector, Before: a.Before})
}

type concernSettleCommand struct {
	nodeFlags
	ID   string `arg:"" help:"Id of the concern."`
	To   string `arg:"" enum:"explained,false_alarm,violation" help:"explained, false_alarm or violation."`
	Note string `arg:"" help:"What you found out."`
}

// Run settles the concern.
func (c *concernSettleCommand) Run(ctx context.Context, s streams) error {
	if err := c.do(ctx, "concern/settle", concernArgs{ID: c.ID, To: hedui.ConcernState(c.To), Note: c.Note}, &hedui.Concern{}); err != nil {
		return err
	}
	s.say(s.out, "concern.done")
	return nil
}

func orderConcernSettle(ctx context.Context, n *node, o hedui.Officer, a concernArgs) (any, error) {
	return n.desk.SettleConcern(ctx, o, a.ID, a.To, a.Note)
}

type concernReopenCommand struct {
	nodeFlags
	ID   string `arg:"" help:"Id of the concern."`
	Note string `arg:"" help:"Why."`
}

// Run opens the concern again.
func (c *concernReopenCommand) Run(ctx context.Context, s streams) error {
	if err := c.do(ctx, "concern/reopen", concernArgs{ID: c.ID, Note: c.Note}, &hedui.Concern{}); err != nil {
		return err
	}
	s.say(s.out, "concern.done")
	return nil
}

func orderConcernReopen(ctx context.Context, n *node, o hedui.Officer, a concernArgs) (any, error) {
	return n.desk.ReopenConcern(ctx, o, a.ID, a.Note)
}
