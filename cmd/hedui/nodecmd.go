package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/day"
	"hedui/exchange"
	"hedui/internal/federation"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/region"
)

// serveCommand runs a node.
type serveCommand struct {
	Config string `help:"The node's configuration." default:"node.yaml" type:"path"`
}

// Run serves until it is stopped. Addresses are taken before anything is begun.
func (c *serveCommand) Run(ctx context.Context, s streams) error {
	set, err := readSettings(c.Config, s.log)
	if err != nil {
		return err
	}
	defer func() { _ = set.closeSources() }() // nothing is lost by what does not close
	peers, page, err := set.listeners(ctx)
	if err != nil {
		return err
	}
	set.log = s.log
	n, err := openPatiently(ctx, set.nodeOptions)
	if err != nil {
		return errors.Join(err, closeAll(peers, page))
	}
	defer n.db.Close()
	s.say(s.out, "serve.started", n.name, region.Name(n.division, day.Of(time.Now())))
	if peers != nil {
		s.say(s.out, "serve.exchange", peers.Addr().String())
	}
	if page != nil {
		s.say(s.out, "serve.page", n.pageAddress(page))
	}
	g, run := errgroup.WithContext(ctx)
	g.Go(func() error { return n.run(run, peers, page) })
	g.Go(func() error { return n.takeOrders(run) })
	return g.Wait()
}

// openPatiently opens a node, waiting a little where a command of its operator,
// or the process before, has the database still.
func openPatiently(ctx context.Context, o nodeOptions) (*node, error) {
	for tries := 0; ; tries++ {
		n, err := openNode(ctx, o)
		if tries == 50 || hedui.KindOf(err) != hedui.Unavailable || o.database != "" {
			return n, err
		}
		if stop := pause(ctx, 100*time.Millisecond); stop != nil {
			return nil, err
		}
	}
}

// listeners takes the addresses on which the node is reached.
func (o nodeOptions) listeners(ctx context.Context) (peers, page net.Listener, err error) {
	if o.listen != "" {
		if peers, err = listen(ctx, o.listen); err != nil {
			return nil, nil, err
		}
	}
	if o.page != "" {
		if page, err = listen(ctx, o.page); err != nil {
			return nil, nil, errors.Join(err, closeAll(peers))
		}
	}
	return peers, page, nil
}

func closeAll(list ...net.Listener) error {
	var errs []error
	for _, l := range list {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

// checkCommand looks at everything a node needs before it is started.
type checkCommand struct {
	Config string `help:"The node's configuration." default:"node.yaml" type:"path"`
	JSON   bool   `name:"json" help:"Print the result as one JSON object."`
}

// A checked is one thing that was looked at.
type checked struct {
	What string `json:"what"`
	OK   bool   `json:"ok"`
	Note string `json:"note,omitempty"`
}

// Run reads the configuration, opens every key and the database, and asks every
// source and the parent for their health. It changes nothing but what a first
// start would make.
func (c *checkCommand) Run(ctx context.Context, s streams) error {
	set, err := readSettings(c.Config, s.log)
	if err != nil {
		return err
	}
	defer func() { _ = set.closeSources() }() // nothing is lost by what does not close
	list := []checked{{What: lang.Text(s.lang, "check.config", c.Config), OK: true}}
	note := func(err error, key string, args ...string) {
		one := checked{What: lang.Text(s.lang, key, args...), OK: err == nil}
		if err != nil {
			one.Note = s.sentence(err)
		}
		list = append(list, one)
	}
	keys, err := openKeys(ctx, set.keys, set.issuer, set.suite, set.helper)
	note(err, "check.keys", set.keys)
	if err == nil {
		note(inTime(keys.certificate.NotAfter), "check.certificate", keys.certificate.NotAfter.In(day.Beijing).Format(time.DateOnly))
	}
	if set.door.office != nil {
		note(set.door.office.Check(ctx), "check.office", set.door.office.Name)
	}
	ring, err := federation.OpenRing(filepath.Join(set.keys, "node"))
	note(err, "check.ring")
	var parent exchange.Peer
	db, err := store.Open(ctx, keys.storeOptions(set.url()))
	served := errors.Is(err, store.ErrServed)
	switch {
	case served:
		note(nil, "check.served")
	case err != nil:
		note(err, "check.database")
	default:
		parent, err = federation.Pinned(ctx, db, set.parentName)
		note(errors.Join(err, db.Close()), "check.database")
	}
	for _, src := range set.sources {
		info := src.Info()
		var err error
		if p, ok := src.(interface{ Reach(context.Context) error }); ok {
			err = p.Reach(ctx)
		}
		note(err, "check.source", info.Name, info.Department)
	}
	if served && set.parentName != "" {
		note(set.linkOfRunning(ctx, s), "check.link", set.parentName)
		return c.print(s, list)
	}
	for _, url := range set.urls {
		if ring == nil || parent.Name == "" {
			note(hedui.Fail(hedui.Conflict, hedui.Say("error.node.not_joined"), nil), "check.parent", set.parentName, url)
			continue
		}
		health, err := exchange.AskHealth(ctx, federation.Identity(ring, set.name, set.division, set.level), parent, url, time.Now)
		note(err, "check.parent", set.parentName, url)
		if err == nil {
			note(apart(health), "check.clock", health.Apart.Round(time.Millisecond).String())
		}
	}
	return c.print(s, list)
}

// linkOfRunning asks the process that serves the node how its link stands.
func (s *settings) linkOfRunning(ctx context.Context, say streams) error {
	i := slices.IndexFunc(s.staff, func(o hedui.Officer) bool { return o.May(hedui.RunNode, s.division) == nil })
	if i < 0 {
		return hedui.Fail(hedui.Forbidden, hedui.Say("error.nobody", string(hedui.RunNode)), nil)
	}
	var st federation.Status
	body, err := askRunning(ctx, s.dir, order{Name: "node/status", As: s.staff[i].ID})
	if err == nil {
		err = json.Unmarshal(body, &st)
	}
	if err != nil {
		return err
	}
	for _, p := range st.Peers {
		if p.Name == s.parentName && !p.Link.Up {
			return hedui.Fail(hedui.Unavailable, hedui.Say("error.node.link", clock(p.Link.Since), say.linkReason(p.Link.Reason)), nil)
		}
		if p.Name == s.parentName {
			return nil
		}
	}
	return hedui.Fail(hedui.Conflict, hedui.Say("error.node.not_joined"), nil)
}

func inTime(until time.Time) error {
	if time.Until(until) <= 0 {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.certificate"), nil)
	}
	return nil
}

func apart(h exchange.Health) error {
	if h.Apart.Abs() > exchange.DefaultSkew {
		return exchange.ErrClock
	}
	return nil
}

func (c *checkCommand) print(s streams, list []checked) error {
	bad := 0
	for _, one := range list {
		mark := "✓"
		if !one.OK {
			mark = "✗"
			bad++
		}
		if !c.JSON {
			fmt.Fprintf(s.out, "%s %s\n", mark, one.What)
			if one.Note != "" {
				fmt.Fprintf(s.out, "    %s\n", one.Note)
			}
		}
	}
	if c.JSON {
		if err := json.NewEncoder(s.out).Encode(struct {
			OK     bool      `json:"ok"`
			Checks []checked `json:"checks"`
		}{bad == 0, list}); err != nil {
			return err
		}
	}
	if bad > 0 {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.check", fmt.Sprint(bad)), nil)
	}
	return nil
}

// nodeCommands are what an operator asks of a node.
type nodeCommands struct {
	Status  nodeStatusCommand  `cmd:"" help:"How the node stands with its peers: links, what waits, invitations, what was refused."`
	Sources nodeSourcesCommand `cmd:"" help:"How the sources of the node are doing, and what is wrong with them."`
	Handle  nodeHandleCommand  `cmd:"" help:"Note what was done about something that is wrong with a source."`
	Invite  nodeInviteCommand  `cmd:"" help:"Make the one-time code with which a node may become a child."`
	Approve nodeDecideCommand  `cmd:"" help:"Approve a node that has used its code. Compare both key ids with what its officer reads out."`
	Decline nodeDeclineCommand `cmd:"" help:"Decline a node that has used its code."`
	Revoke  nodeRevokeCommand  `cmd:"" help:"Shut a peer out at once."`
	Rotate  nodeRotateCommand  `cmd:"" help:"Change the node's own keys towards its peers."`
	Join    nodeJoinCommand    `cmd:"" help:"Become a child of the parent in the configuration, with the code its officer gave."`

	Card     nodeCardCommand     `cmd:"" help:"Print the node's public keys, for a node that is no neighbour."`
	Handover nodeHandoverCommand `cmd:"" help:"When the division has ended: write its cases for the node that follows, and stop them here."`
	Takeover nodeTakeoverCommand `cmd:"" help:"Take the cases that another node has handed over."`
	Handed   nodeHandedCommand   `cmd:"" help:"Read the receipts of the node that took over."`
}

// nodeFlags are those of every node command.
type nodeFlags struct {
	Config string `help:"The node's configuration." default:"node.yaml" type:"path"`
	As     string `help:"Id of the officer who acts, as in the configuration." default:"operator"`
}

// do has an order carried out.
func (f nodeFlags) do(ctx context.Context, name string, args, answer any) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	return ask(ctx, f.Config, order{Name: name, As: f.As, Args: raw}, answer)
}

type nodeStatusCommand struct {
	nodeFlags
	JSON bool `name:"json" help:"Print the status as one JSON object."`
}

// Run prints the status.
func (c *nodeStatusCommand) Run(ctx context.Context, s streams) error {
	var st federation.Status
	if err := c.do(ctx, "node/status", none{}, &st); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(st)
	}
	s.printStatus(st)
	return nil
}

type nodeInviteCommand struct {
	nodeFlags
	Name     string        `arg:"" help:"Name of the node: small letters, digits, hyphens."`
	Division string        `arg:"" help:"Its division, six digits."`
	Life     time.Duration `help:"How long the code counts." default:"72h"`
}

// Run prints the code, which is to be handed over by another way than the wire.
func (c *nodeInviteCommand) Run(ctx context.Context, s streams) error {
	d, ok := region.Lookup(c.Division, day.Of(time.Now()))
	if !ok {
		return hedui.Fail(hedui.Invalid, hedui.Say("problem.division.unknown"), nil)
	}
	var answer inviteAnswer
	if err := c.do(ctx, "node/invite", inviteArgs{c.Name, c.Division, d.Kind, c.Life}, &answer); err != nil {
		return err
	}
	s.say(s.err, "node.invited", c.Name, c.Life.String())
	fmt.Fprintln(s.out, answer.Code)
	return nil
}

type nodeDecideCommand struct {
	nodeFlags
	Name string `arg:"" help:"Name of the node."`
}

// Run approves.
func (c *nodeDecideCommand) Run(ctx context.Context, s streams) error {
	return c.decide(ctx, s, "node.approved", true)
}

func (c *nodeDecideCommand) decide(ctx context.Context, s streams, key string, approve bool) error {
	if err := c.do(ctx, "node/decide", nameArgs{c.Name, approve}, &none{}); err != nil {
		return err
	}
	s.say(s.out, key, c.Name)
	return nil
}

type nodeDeclineCommand struct{ nodeDecideCommand }

// Run declines.
func (c *nodeDeclineCommand) Run(ctx context.Context, s streams) error {
	return c.decide(ctx, s, "node.declined", false)
}

type nodeRevokeCommand struct {
	nodeFlags
	Name string `arg:"" help:"Name of the peer."`
}

// Run revokes.
func (c *nodeRevokeCommand) Run(ctx context.Context, s streams) error {
	if err := c.do(ctx, "node/revoke", nameArgs{Name: c.Name}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "node.shut_out", c.Name)
	return nil
}

type nodeRotateCommand struct {
	nodeFlags
	Overlap time.Duration `help:"How long the old keys count beside the new ones." default:"168h"`
}

// Run begins the change.
func (c *nodeRotateCommand) Run(ctx context.Context, s streams) error {
	if err := c.do(ctx, "node/rotate", rotateArgs{c.Overlap}, &none{}); err != nil {
		return err
	}
	s.say(s.out, "node.rotating", c.Overlap.String())
	return nil
}

type nodeJoinCommand struct {
	nodeFlags
	Code string        `help:"The code; without it, it is read from standard input." env:"HEDUI_CODE"`
	URL  string        `help:"Address of the parent, if not the first of the configuration."`
	Wait time.Duration `help:"How long to wait for the approval." default:"30m"`
}

// Run asks again and again until an officer of the parent has approved.
func (c *nodeJoinCommand) Run(ctx context.Context, s streams) error {
	if c.Code == "" {
		s.say(s.err, "node.code")
		line := make([]byte, 64)
		n, err := os.Stdin.Read(line)
		if err != nil {
			return fmt.Errorf("code: %w", err)
		}
		c.Code = strings.TrimSpace(string(line[:n]))
	}
	told := false
	for begun := time.Now(); ; {
		var answer joinAnswer
		if err := c.do(ctx, "node/join", joinArgs{c.URL, c.Code}, &answer); err != nil {
			return err
		}
		if !answer.Pending {
			s.say(s.out, "node.joined", answer.Parent)
			return nil
		}
		if !told {
			told = true
			s.say(s.out, "node.pending", answer.Sign, answer.Box)
		}
		if time.Since(begun) >= c.Wait {
			return hedui.Fail(hedui.Unavailable, hedui.Say("error.node.pending"), nil)
		}
		if err := pause(ctx, 2*time.Second); err != nil {
			return err
		}
	}
}
