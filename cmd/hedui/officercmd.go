package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/staff"
	"hedui/internal/store"
)

// officerCommands change the roster of a node. Two administrators make an officer.
type officerCommands struct {
	List    officerListCommand    `cmd:"" help:"The officers, their offices, roles and states."`
	Add     officerAddCommand     `cmd:"" help:"Register an officer, without roles yet (system administrator)."`
	Grant   officerGrantCommand   `cmd:"" help:"Give an officer roles in place of those he has (security administrator)."`
	Lock    officerLockCommand    `cmd:"" help:"Keep an officer from acting until he is unlocked."`
	Unlock  officerUnlockCommand  `cmd:"" help:"Let a locked officer act again (system administrator)."`
	End     officerEndCommand     `cmd:"" help:"Take an officer out of office for good (system administrator)."`
	Declare officerDeclareCommand `cmd:"" help:"Name a person from whose cases an officer stands aside."`
	Retract officerRetractCommand `cmd:"" help:"Take such a person out again (security administrator)."`
}

type officeCommands struct {
	Add officeAddCommand `cmd:"" help:"Register an office (system administrator)."`
}

// rosterFlags are those of commands on the roster.
type rosterFlags struct {
	Config string `help:"The node's configuration." default:"node.yaml" type:"path"`
	As     string `help:"Id of the officer who acts." required:""`
}

func (f rosterFlags) do(ctx context.Context, name string, args, answer any) error {
	return nodeFlags(f).do(ctx, name, args, answer)
}

type officerListCommand struct {
	rosterFlags
	JSON bool `name:"json" help:"Print the roster as one JSON object."`
}

type rosterAnswer struct {
	Officers []hedui.StaffMember `json:"officers"`
	Offices  []store.Office      `json:"offices"`
}

// Run prints the roster.
func (c *officerListCommand) Run(ctx context.Context, s streams) error {
	var answer rosterAnswer
	if err := c.do(ctx, "officer/list", none{}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(answer)
	}
	for _, o := range answer.Offices {
		fmt.Fprintf(s.out, "%s（%s，%s）\n", o.Name, s.word("office.", string(o.Kind)), o.Division)
		for _, m := range answer.Officers {
			if m.Office != o.Name {
				continue
			}
			tableLine(s.out, fmt.Sprintf("%-14s", m.ID), m.Name, s.word("officer.", string(m.State)), wordsOf(s, "role.", m.Roles), wordsOf(s, "programme.", m.Programmes))
		}
	}
	return nil
}

func (s streams) word(prefix, word string) string { return lang.Text(s.lang, prefix+word) }

// wordsOf writes a list of codes as words.
func wordsOf[T ~string](s streams, prefix string, list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = s.word(prefix, string(w))
	}
	return strings.Join(words, ", ")
}

type officerAddCommand struct {
	rosterFlags
	ID       string `arg:"" help:"Id: 2 to 40 small letters, digits, hyphens. It is never used again."`
	Name     string `help:"Name, as reports print it." required:""`
	Office   string `help:"Registered office." required:""`
	Division string `help:"Division, six digits." required:""`
	From     string `help:"First day in office (default: today)."`
	Until    string `help:"Last day in office (default: open)."`
	Number   string `name:"number-file" help:"File with the officer's identity number, - for standard input: cases of the own household are kept from him and his colleagues." type:"path"`
}

type officerAddArgs struct {
	Member hedui.StaffMember `json:"member"`
	Number string            `json:"number,omitempty"`
}

// Run registers the officer.
func (c *officerAddCommand) Run(ctx context.Context, s streams) error {
	args := officerAddArgs{Member: hedui.StaffMember{ID: c.ID, Name: c.Name, Office: c.Office, Division: c.Division}}
	var problems []hedui.Problem
	for _, d := range []struct {
		field, text string
		to          *day.Day
	}{{"--from", c.From, &args.Member.From}, {"--until", c.Until, &args.Member.Until}} {
		if d.text != "" && d.to.UnmarshalText([]byte(d.text)) != nil {
			problems = append(problems, hedui.Problem{Field: d.field, Say: hedui.Say("problem.officer.day")})
		}
	}
	if err := hedui.Problems(problems); err != nil {
		return err
	}
	if c.Number != "" {
		var err error
		if args.Number, err = readNumber(c.Number); err != nil {
			return err
		}
	}
	if err := c.do(ctx, "officer/add", args, &none{}); err != nil {
		return err
	}
	s.say(s.out, "officer.added", c.ID)
	return nil
}

// readNumber reads an identity number from a file: on a command line others could
// read it.
func readNumber(path string) (string, error) {
	read := func() ([]byte, error) { return os.ReadFile(path) }
	if strings.HasSuffix(path, "/-") || path == "-" {
		read = func() ([]byte, error) { return io.ReadAll(io.LimitReader(os.Stdin, 1<<10)) }
	}
	text, err := read()
	if err != nil {
		return "", hedui.Fail(hedui.Invalid, hedui.Say("error.number.file"), nil)
	}
	return strings.TrimSpace(string(text)), nil
}

type officerGrantCommand struct {
	rosterFlags
	ID         string   `arg:"" help:"Id of the officer."`
	Roles      []string `arg:"" optional:"" help:"Roles, see docs/rights.md; none takes all away."`
	Programmes []string `help:"Programmes for which the officer acts (default: all)."`
	Sources    []string `help:"Sources for which a department liaison answers."`
}

type officerGrantArgs struct {
	ID    string      `json:"id"`
	Grant staff.Grant `json:"grant"`
}

// Run gives the roles.
func (c *officerGrantCommand) Run(ctx context.Context, s streams) error {
	args := officerGrantArgs{ID: c.ID, Grant: staff.Grant{Sources: c.Sources}}
	for _, r := range c.Roles {
		args.Grant.Roles = append(args.Grant.Roles, hedui.OfficerRole(r))
	}
	for _, p := range c.Programmes {
		args.Grant.Programmes = append(args.Grant.Programmes, hedui.Programme(p))
	}
	if err := c.do(ctx, "officer/grant", args, &none{}); err != nil {
		return err
	}
	s.say(s.out, "officer.granted", c.ID)
	return nil
}

type officerLockCommand struct {
	rosterFlags
	ID string `arg:"" help:"Id of the officer."`
}

type officerUnlockCommand officerLockCommand

type officerEndCommand officerLockCommand

// Run locks the officer.
func (c *officerLockCommand) Run(ctx context.Context, s streams) error {
	return c.move(ctx, s, "officer/lock")
}

// Run unlocks the officer.
func (c *officerUnlockCommand) Run(ctx context.Context, s streams) error {
	return (*officerLockCommand)(c).move(ctx, s, "officer/unlock")
}

// Run ends the officer's time.
func (c *officerEndCommand) Run(ctx context.Context, s streams) error {
	return (*officerLockCommand)(c).move(ctx, s, "officer/end")
}

func (c *officerLockCommand) move(ctx context.Context, s streams, order string) error {
	if err := c.do(ctx, order, idArgs{c.ID}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "officer.moved", c.ID)
	return nil
}

type idArgs struct {
	ID string `json:"id"`
}

type officerDeclareCommand struct {
	rosterFlags
	ID     string `arg:"" help:"Id of the officer who is to stand aside."`
	Number string `name:"number-file" help:"File with the person's identity number, - for standard input. Only a keyed hash of it is kept." required:"" type:"path"`
	Tie    string `help:"self, kin (close relative) or other." enum:"self,kin,other" default:"kin"`
}

type officerRetractCommand struct {
	rosterFlags
	ID     string `arg:"" help:"Id of the officer."`
	Number string `name:"number-file" help:"File with the person's identity number, - for standard input." required:"" type:"path"`
}

type tieArgs struct {
	ID     string    `json:"id"`
	Number string    `json:"number"`
	Tie    hedui.Tie `json:"tie,omitempty"`
}

// Run names the person.
func (c *officerDeclareCommand) Run(ctx context.Context, s streams) error {
	return c.send(ctx, s, "officer/declare", c.Number, tieArgs{ID: c.ID, Tie: hedui.Tie(c.Tie)})
}

// Run takes the person out.
func (c *officerRetractCommand) Run(ctx context.Context, s streams) error {
	return c.send(ctx, s, "officer/retract", c.Number, tieArgs{ID: c.ID})
}

func (f rosterFlags) send(ctx context.Context, s streams, order, file string, args tieArgs) (err error) {
	if args.Number, err = readNumber(file); err == nil {
		err = f.do(ctx, order, args, &none{})
	}
	if err == nil {
		s.say(s.out, "officer.tied", args.ID)
	}
	return err
}

type officeAddCommand struct {
	rosterFlags
	Name     string `arg:"" help:"Name of the office."`
	Kind     string `help:"township, commissioning, centre, department or inspection." required:""`
	Division string `help:"Division, six digits." required:""`
}

// Run registers the office.
func (c *officeAddCommand) Run(ctx context.Context, s streams) error {
	if err := c.do(ctx, "office/add", store.Office{Name: c.Name, Kind: hedui.OfficeKind(c.Kind), Division: c.Division}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "officer.office", c.Name)
	return nil
}

func orderOfficers(ctx context.Context, n *node, o hedui.Officer, _ none) (any, error) {
	officers, offices, err := n.roster.List(ctx, o)
	return rosterAnswer{officers, offices}, err
}

func orderAddOfficer(ctx context.Context, n *node, o hedui.Officer, a officerAddArgs) (any, error) {
	var own idcard.Number
	if a.Number != "" {
		var err error
		if own, err = parseNumber(a.Number); err != nil {
			return nil, err
		}
	}
	return none{}, n.roster.Add(ctx, o, a.Member, own)
}

func parseNumber(text string) (idcard.Number, error) {
	n, err := idcard.Parse(text)
	if err != nil {
		return n, hedui.Problems([]hedui.Problem{{Field: "number", Say: hedui.Say("problem.officer.number")}})
	}
	return n, nil
}

func orderGrant(ctx context.Context, n *node, o hedui.Officer, a officerGrantArgs) (any, error) {
	return none{}, n.roster.Grant(ctx, o, a.ID, a.Grant)
}

func orderLock(ctx context.Context, n *node, o hedui.Officer, a idArgs) (any, error) {
	return none{}, n.roster.Lock(ctx, o, a.ID)
}

func orderUnlock(ctx context.Context, n *node, o hedui.Officer, a idArgs) (any, error) {
	return none{}, n.roster.Unlock(ctx, o, a.ID)
}

func orderEnd(ctx context.Context, n *node, o hedui.Officer, a idArgs) (any, error) {
	return none{}, n.roster.End(ctx, o, a.ID)
}

func orderDeclare(ctx context.Context, n *node, o hedui.Officer, a tieArgs) (any, error) {
	number, err := parseNumber(a.Number)
	if err != nil {
		return nil, err
	}
	return none{}, n.roster.Declare(ctx, o, a.ID, number, a.Tie)
}

func orderRetract(ctx context.Context, n *node, o hedui.Officer, a tieArgs) (any, error) {
	number, err := parseNumber(a.Number)
	if err != nil {
		return nil, err
	}
	return none{}, n.roster.Retract(ctx, o, a.ID, number)
}

func orderAddOffice(ctx context.Context, n *node, o hedui.Officer, a store.Office) (any, error) {
	return none{}, n.roster.AddOffice(ctx, o, a)
}
