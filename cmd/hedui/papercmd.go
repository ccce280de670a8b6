package main

import (
	"context"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// paperFlags say how a paper is printed. Papers are Chinese, whatever language
// messages have.
type paperFlags struct {
	nodeFlags
	Language string `help:"Language of the paper: zh or en." enum:"zh,en" default:"zh"`
	Format   string `help:"pdf, html or txt." enum:"pdf,html,txt" default:"pdf"`
	Out      string `help:"Where to write the paper; a directory, or a file with the ending of the format." default:"." type:"path"`
}

func (f paperFlags) print(ctx context.Context, s streams, name string, args paperArgs) error {
	args.Language, args.Format = lang.Lang(f.Language), f.Format
	var file casework.File
	if err := f.do(ctx, name, args, &file); err != nil {
		return err
	}
	path, err := listFlags(f.nodeFlags).save(file, f.Out)
	if err != nil {
		return err
	}
	s.say(s.out, "paper.saved", path)
	return nil
}

type casePaperCommand struct {
	paperFlags
	Kind string `arg:"" help:"consent, commission, missing, notice or annex, see docs/papers.md."`
	ID   string `arg:"" optional:"" help:"Id of the case."`
	Form string `help:"A form file instead of a case, for consent and missing." type:"path"`
}

// Run prints the paper.
func (c *casePaperCommand) Run(ctx context.Context, s streams) error {
	args := paperArgs{Kind: casework.PaperKind(c.Kind), ID: c.ID}
	if (c.ID == "") == (c.Form == "") {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.paper.form_file"), nil)
	}
	if c.Form != "" {
		f, p, bad := readFamily(c.Form) // consents may be missing: they are what is to be printed
		if bad {
			return hedui.Problems([]hedui.Problem{p})
		}
		args.Form = &f.form
	}
	return c.print(ctx, s, "case/paper", args)
}

type casePublishCommand struct {
	paperFlags
	IDs []string `arg:"" name:"case" help:"Ids of the cases, of one county and programme."`
}

// Run prints the public list.
func (c *casePublishCommand) Run(ctx context.Context, s streams) error {
	return c.print(ctx, s, "case/publish", paperArgs{IDs: c.IDs})
}

type paperArgs struct {
	Kind     casework.PaperKind `json:"kind,omitempty"`
	ID       string             `json:"id,omitempty"`
	IDs      []string           `json:"ids,omitempty"`
	Form     *hedui.Form        `json:"form,omitempty"`
	Language lang.Lang          `json:"language"`
	Format   string             `json:"format"`
}

func (a paperArgs) order() casework.PaperOrder {
	return casework.PaperOrder{Kind: a.Kind, Lang: a.Language, Form: a.Format}
}

func orderPaper(ctx context.Context, n *node, o hedui.Officer, a paperArgs) (any, error) {
	if a.Form != nil {
		return n.desk.DraftPaper(ctx, o, *a.Form, a.order())
	}
	return n.desk.Paper(ctx, o, a.ID, a.order())
}

func orderPublish(ctx context.Context, n *node, o hedui.Officer, a paperArgs) (any, error) {
	return n.desk.PublicList(ctx, o, a.IDs, a.order())
}
