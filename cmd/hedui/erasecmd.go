package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
)

// eraseCommands destroy what is kept of cases, docs/erasure.md.
type eraseCommands struct {
	Due         eraseDueCommand         `cmd:"" help:"What is erased when, by which line of the table of terms; what is proposed and what is held. Nothing is erased."`
	Propose     eraseProposeCommand     `cmd:"" help:"Propose to erase a case that has ended before its term: purpose, withdrawn, unlawful or request."`
	Confirm     eraseConfirmCommand     `cmd:"" help:"Erase a case as another officer has proposed. It cannot be brought back."`
	Reject      eraseRejectCommand      `cmd:"" help:"End a proposal: the case is kept."`
	Hold        eraseHoldCommand        `cmd:"" help:"Keep a case from being erased: court, review, discipline, audit or complaint."`
	Lift        eraseLiftCommand        `cmd:"" help:"End a hold."`
	Run         eraseRunCommand         `cmd:"" help:"Erase what is due now. A running node does so by itself each hour."`
	Again       eraseAgainCommand       `cmd:"" help:"After a backup was put back: erase what had been erased, by certificates in PDF."`
	Certificate eraseCertificateCommand `cmd:"" help:"Print the certificate of a case that was erased; hedui verify checks it."`
}

type eraseArgs struct {
	ID     string    `json:"id,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Proof  []byte    `json:"proof,omitempty"`
	Until  time.Time `json:"until,omitzero"`
}

// eraseAnswer is how far the erasure of a case is now.
type eraseAnswer struct {
	hedui.Erasure
}

func orderEraseDue(ctx context.Context, n *node, o hedui.Officer, a eraseArgs) (any, error) {
	return n.desk.ErasuresDue(ctx, o, a.Until)
}

func orderErasePropose(ctx context.Context, n *node, o hedui.Officer, a eraseArgs) (any, error) {
	return erasureAfter(n.desk.ProposeErasure(ctx, o, a.ID, a.Reason))
}

func orderEraseConfirm(ctx context.Context, n *node, o hedui.Officer, a eraseArgs) (any, error) {
	return erasureAfter(n.desk.ConfirmErasure(ctx, o, a.ID))
}

func orderEraseReject(ctx context.Context, n *node, o hedui.Officer, a eraseArgs) (any, error) {
	return erasureAfter(n.desk.RejectErasure(ctx, o, a.ID))
}

func orderEraseHold(ctx context.Context, n *node, o hedui.Officer, a eraseArgs) (any, error) {
	return erasureAfter(n.desk.HoldCase(ctx, o, a.ID, a.Reason))
}

func orderEraseLift(ctx context.Context, n *node, o hedui.Officer, a eraseArgs) (any, error) {
	return erasureAfter(n.desk.LiftHold(ctx, o, a.ID))
}

func orderEraseAgain(ctx context.Context, n *node, o hedui.Officer, a eraseArgs) (any, error) {
	return erasureAfter(n.desk.EraseAgain(ctx, o, a.Proof))
}

func erasureAfter(e hedui.Erasure, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return eraseAnswer{e}, nil
}

type eraseCount struct {
	Erased int `json:"erased"`
}

func orderEraseRun(ctx context.Context, n *node, o hedui.Officer, _ none) (any, error) {
	count, err := n.desk.EraseDue(ctx, o)
	if err != nil {
		return nil, err
	}
	return eraseCount{count}, nil
}

func orderEraseCertificate(ctx context.Context, n *node, o hedui.Officer, a paperArgs) (any, error) {
	return n.desk.ErasureCertificate(ctx, o, a.ID, a.order())
}

type eraseDueCommand struct {
	nodeFlags
	Days int  `help:"Also what will be due within so many days." default:"0"`
	JSON bool `name:"json" help:"Print everything as one JSON object."`
}

// Run prints what is due.
func (c *eraseDueCommand) Run(ctx context.Context, s streams) error {
	if c.Days < 0 || c.Days > 36500 {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.erasure.days"), nil)
	}
	var list casework.Erasures
	if err := c.do(ctx, "erase/due", eraseArgs{Until: time.Now().AddDate(0, 0, c.Days)}, &list); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(list)
	}
	s.say(s.out, "erasure.terms")
	for _, r := range list.Book {
		demo := ""
		if r.Demo {
			demo = lang.Text(s.lang, "paper.erasure.demo")
		}
		s.say(s.out, "erasure.term", string(r.Kind), string(r.Event), s.text(r.Keep.Say()), r.Basis, demo)
	}
	s.say(s.out, "erasure.due", strconv.Itoa(len(list.Due)))
	for _, d := range list.Due {
		s.say(s.out, "erasure.due.line", day.Of(d.Due).String(), d.Number, d.Case, lang.Text(s.lang, "erasure.event."+string(d.Rule.Event)),
			day.Of(d.Since).String(), s.text(d.Rule.Keep.Say()), lang.Text(s.lang, "erasure.state."+string(d.State)))
	}
	if list.More {
		s.say(s.out, "erasure.more")
	}
	for _, e := range list.Open {
		by := e.Decided
		if e.State == hedui.ErasureProposed {
			by = e.Proposed
		}
		s.say(s.out, "erasure.open.line", e.Number, e.Case, lang.Text(s.lang, "erasure.state."+string(e.State)), lang.Text(s.lang, "erasure.reason."+e.Reason), by.ID, clock(by.At))
	}
	return nil
}

func (s streams) text(t hedui.Text) string { return lang.Text(s.lang, t.Key, t.Args...) }

// erase has one act done and says how the case stands.
func (f nodeFlags) erase(ctx context.Context, s streams, name string, args eraseArgs) error {
	var e eraseAnswer
	if err := f.do(ctx, name, args, &e); err != nil {
		return err
	}
	s.say(s.out, "erasure.stands", e.Case, lang.Text(s.lang, "erasure.state."+string(e.State)))
	if e.State == hedui.Erased {
		s.say(s.out, "erasure.certificate", e.Number, e.Key)
	}
	return nil
}

type eraseProposeCommand struct {
	nodeFlags
	ID     string `arg:"" help:"Id of the case."`
	Reason string `arg:"" help:"purpose, withdrawn, unlawful or request."`
}

// Run proposes.
func (c *eraseProposeCommand) Run(ctx context.Context, s streams) error {
	return c.erase(ctx, s, "erase/propose", eraseArgs{ID: c.ID, Reason: c.Reason})
}

type eraseConfirmCommand struct {
	nodeFlags
	ID string `arg:"" help:"Id of the case."`
}

// Run erases.
func (c *eraseConfirmCommand) Run(ctx context.Context, s streams) error {
	return c.erase(ctx, s, "erase/confirm", eraseArgs{ID: c.ID})
}

type eraseRejectCommand struct {
	nodeFlags
	ID string `arg:"" help:"Id of the case."`
}

// Run rejects.
func (c *eraseRejectCommand) Run(ctx context.Context, s streams) error {
	return c.erase(ctx, s, "erase/reject", eraseArgs{ID: c.ID})
}

type eraseHoldCommand struct {
	nodeFlags
	ID     string `arg:"" help:"Id of the case."`
	Reason string `arg:"" help:"court, review, discipline, audit or complaint."`
}

// Run holds.
func (c *eraseHoldCommand) Run(ctx context.Context, s streams) error {
	return c.erase(ctx, s, "erase/hold", eraseArgs{ID: c.ID, Reason: c.Reason})
}

type eraseLiftCommand struct {
	nodeFlags
	ID string `arg:"" help:"Id of the case."`
}

// Run lifts.
func (c *eraseLiftCommand) Run(ctx context.Context, s streams) error {
	return c.erase(ctx, s, "erase/lift", eraseArgs{ID: c.ID})
}

type eraseAgainCommand struct {
	nodeFlags
	Files []string `arg:"" name:"certificate" help:"Certificates of this node, as PDF." type:"path"`
}

// Run erases again what the certificates are of. Each is checked by the trust file
// beside the configuration; one that is not right does not keep the others from it.
func (c *eraseAgainCommand) Run(ctx context.Context, s streams) error {
	check := verifyCommand{Trust: filepath.Join(filepath.Dir(c.Config), "trust.pem")}
	bad := 0
	for _, path := range c.Files {
		r, _, err := check.check(path)
		if err == nil && (!r.Valid() || r.Paper != (report.ErasureCertificate{}).Name()) {
			err = hedui.Fail(hedui.Invalid, hedui.Say("error.erasure.proof"), nil)
		}
		if err == nil {
			err = c.erase(ctx, s, "erase/again", eraseArgs{Proof: r.Proof})
		}
		if err != nil {
			bad++
			s.explain(err)
		}
	}
	if bad > 0 {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.some_not_valid", strconv.Itoa(bad), strconv.Itoa(len(c.Files))), nil)
	}
	return nil
}

type eraseRunCommand struct{ nodeFlags }

// Run erases what is due.
func (c *eraseRunCommand) Run(ctx context.Context, s streams) error {
	var count eraseCount
	if err := c.do(ctx, "erase/run", none{}, &count); err != nil {
		return err
	}
	s.say(s.out, "erasure.ran", strconv.Itoa(count.Erased))
	return nil
}

type eraseCertificateCommand struct {
	nodeFlags
	ID       string `arg:"" help:"Id of the case."`
	Out      string `short:"o" help:"Where to write it; a directory, or a file with the ending of the format." default:"." type:"path"`
	Language string `help:"Language of the paper: zh or en." enum:"zh,en" default:"zh"`
	Format   string `help:"pdf, html or txt." enum:"pdf,html,txt" default:"pdf"`
}

// Run prints the certificate.
func (c *eraseCertificateCommand) Run(ctx context.Context, s streams) error {
	return paperFlags{c.nodeFlags, c.Language, c.Format, c.Out}.print(ctx, s, "erase/certificate", paperArgs{ID: c.ID})
}
