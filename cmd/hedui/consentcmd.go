package main

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/lang"
)

type consentCommands struct {
	List     consentListCommand     `cmd:"" help:"The consents of a case: given, witnessed, expired, withdrawn or superseded."`
	Withdraw consentWithdrawCommand `cmd:"" help:"A person withdraws: what is queued is stopped, what nobody has read is sealed."`
	Scan     consentScanCommand     `cmd:"" help:"Attach the scan of a signed consent, or the picture of a signature on a screen: PDF, PNG or JPEG."`
	Fetch    consentFetchCommand    `cmd:"" help:"Write the scan of a consent to a file."`
}

// consentArgs name a consent, or the person who withdraws.
type consentArgs struct {
	Case   string `json:"case"`
	Number string `json:"number,omitempty"`
	Person int    `json:"person,omitempty"`
	File   []byte `json:"file,omitempty"`
}

func orderConsents(ctx context.Context, n *node, o hedui.Officer, a consentArgs) (any, error) {
	v, err := n.desk.Look(ctx, o, a.Case)
	if err != nil {
		return nil, err
	}
	return consentsOf(v.Case, time.Now()), nil
}

func orderWithdraw(ctx context.Context, n *node, o hedui.Officer, a consentArgs) (any, error) {
	return consentsAfter(n.desk.Withdraw(ctx, o, a.Case, a.Person))
}

func orderScan(ctx context.Context, n *node, o hedui.Officer, a consentArgs) (any, error) {
	return consentsAfter(n.desk.AttachConsent(ctx, o, a.Case, a.Number, a.File))
}

func consentsAfter(c *hedui.Case, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return consentsOf(c, time.Now()), nil
}

func orderFetchScan(ctx context.Context, n *node, o hedui.Officer, a consentArgs) (any, error) {
	return n.desk.ConsentScan(ctx, o, a.Case, a.Number)
}

type consentListCommand struct {
	nodeFlags
	ID   string `arg:"" help:"Id of the case."`
	JSON bool   `name:"json" help:"Print the consents as JSON."`
}

// Run prints the consents.
func (c *consentListCommand) Run(ctx context.Context, s streams) error {
	var list []consentAnswer
	if err := c.do(ctx, "consent/list", consentArgs{Case: c.ID}, &list); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(list)
	}
	s.printConsents(list)
	return nil
}

func (s streams) printConsents(list []consentAnswer) {
	for _, k := range list {
		s.say(s.out, "case.consent.line", strconv.Itoa(k.Person), k.Number, lang.Text(s.lang, "consent."+string(k.State)), k.SignedOn, k.Until, k.Wording)
		if len(k.Offices) > 0 {
			s.say(s.out, "case.consent.offices", strings.Join(k.Offices, ", "))
		}
		if k.Scan != "" {
			s.say(s.out, "case.consent.scan", k.Scan, k.Document)
		}
	}
}

type consentWithdrawCommand struct {
	nodeFlags
	ID     string `arg:"" help:"Id of the case."`
	Person int    `arg:"" help:"Number of the person within the case."`
}

// Run withdraws the consents of a person.
func (c *consentWithdrawCommand) Run(ctx context.Context, s streams) error {
	var list []consentAnswer
	if err := c.do(ctx, "consent/withdraw", consentArgs{Case: c.ID, Person: c.Person}, &list); err != nil {
		return err
	}
	s.printConsents(list)
	return nil
}

type consentScanCommand struct {
	nodeFlags
	ID     string `arg:"" help:"Id of the case."`
	Number string `arg:"" help:"Number of the consent, as list prints it."`
	File   string `arg:"" help:"The file." type:"path"`
}

// Run attaches the file.
func (c *consentScanCommand) Run(ctx context.Context, s streams) error {
	body, err := readBounded(c.File, maxScan)
	if err != nil {
		return err
	}
	var list []consentAnswer
	if err := c.do(ctx, "consent/scan", consentArgs{Case: c.ID, Number: c.Number, File: body}, &list); err != nil {
		return err
	}
	s.printConsents(list)
	return nil
}

// maxScan is a little more than what is taken, so that it is refused with a word.
const maxScan = 5<<20 + 1

type consentFetchCommand struct {
	nodeFlags
	ID     string `arg:"" help:"Id of the case."`
	Number string `arg:"" help:"Number of the consent."`
	Out    string `help:"Directory to write to." default:"." type:"path"`
}

// Run writes the file, readable by its owner only.
func (c *consentFetchCommand) Run(ctx context.Context, s streams) error {
	return c.fetch(ctx, s, "consent/fetch", consentArgs{Case: c.ID, Number: c.Number}, c.Out)
}
