package main

import (
	"context"
	"encoding/json"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/web"
)

type caseNoticesCommand struct {
	nodeFlags
	Kind   hedui.NoticeKind `help:"Only this kind, such as returned."`
	Before string           `help:"Go on after this notice."`
	Seen   bool             `help:"Note that you have seen them, after printing."`
	JSON   bool             `name:"json" help:"Print the list as JSON."`
}

type noticeArgs struct {
	Kind   hedui.NoticeKind `json:"kind,omitempty"`
	Before string           `json:"before,omitempty"`
	Until  time.Time        `json:"until,omitzero"`
}

// noticeAnswer is what a program is told: ids, and no name of a family.
type noticeAnswer struct {
	Kind   hedui.NoticeKind  `json:"kind"`
	Role   hedui.OfficerRole `json:"role"`
	ID     string            `json:"id"`
	At     time.Time         `json:"at"`
	By     string            `json:"by,omitempty"`
	Case   string            `json:"case,omitempty"`
	Number string            `json:"number,omitempty"`
	Source string            `json:"source,omitempty"`
	Count  int               `json:"count,omitempty"`
	Due    time.Time         `json:"due,omitzero"`
	Why    string            `json:"why,omitempty"`
	New    bool              `json:"new"`
}

type noticesAnswer struct {
	Notices []noticeAnswer `json:"notices"`
	More    string         `json:"more,omitempty"`
	AsOf    time.Time      `json:"as_of"`
}

// Run prints the notices, one a line.
func (c *caseNoticesCommand) Run(ctx context.Context, s streams) error {
	var answer noticesAnswer
	if err := c.do(ctx, "case/notices", noticeArgs{Kind: c.Kind, Before: c.Before}, &answer); err != nil {
		return err
	}
	switch {
	case c.JSON:
		if err := json.NewEncoder(s.out).Encode(answer); err != nil {
			return err
		}
	case len(answer.Notices) == 0:
		s.say(s.out, "notice.none")
	default:
		for _, n := range answer.Notices {
			fresh := ""
			if n.New {
				fresh = lang.Text(s.lang, "notice.new")
			}
			s.say(s.out, "notice.item", clock(n.At), fresh, n.Number, web.NoticeSentence(s.lang, hedui.Notice{Kind: n.Kind, ID: n.ID, Source: n.Source, Count: n.Count, Due: n.Due, Why: n.Why}))
		}
		if answer.More != "" {
			s.say(s.out, "notice.more", answer.More)
		}
	}
	if !c.Seen {
		return nil
	}
	return c.do(ctx, "case/noticed", noticeArgs{Until: answer.AsOf}, &none{})
}

func orderNotices(ctx context.Context, n *node, o hedui.Officer, a noticeArgs) (any, error) {
	before, err := hedui.ParseNoticeMark(a.Before)
	if err != nil {
		return nil, err
	}
	list, err := n.desk.Notices(ctx, o, casework.NoticeFilter{Kind: a.Kind, Before: before})
	answer := noticesAnswer{Notices: []noticeAnswer{}, AsOf: list.AsOf}
	for _, n := range list.List {
		answer.Notices = append(answer.Notices, noticeAnswer{Kind: n.Kind, Role: n.Role, ID: n.ID, At: n.At, By: n.By, Case: n.Case, Number: n.Number, Source: n.Source, Count: n.Count, Due: n.Due, Why: n.Why, New: n.New})
	}
	if !list.More.At.IsZero() {
		answer.More = list.More.String()
	}
	return answer, err
}

func orderNoticed(ctx context.Context, n *node, o hedui.Officer, a noticeArgs) (any, error) {
	return none{}, n.desk.SeeNotices(ctx, o, a.Until)
}
