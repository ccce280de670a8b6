package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"hedui/internal/hedui"
	"hedui/internal/staff"
	"hedui/internal/store"
)

// Who gives an order proves who they are as at the console: "hedui sign-in enter"
// opens a session, the commands of the same account of the machine go on with it.
// A node whose configuration says so takes the word of whoever may read its
// directory instead.

// ordersTrusted is the word for it.
const ordersTrusted = "trusted"

// unproved are orders for which no session is needed: what an administrator does on the machine for those who cannot sign in – it ends the
// officer's sessions and password and stands in the log, so it cannot be done in
// secret – and how the links stand, which tells of nobody.
var unproved = []string{"sign-in/reset", "node/status"}

// provenAnew reports whether an order takes a fresh proof, as what seals, prints,
// exports or cannot be undone.
func provenAnew(o order) bool {
	if o.Name == "case/act" {
		var args caseArgs
		return json.Unmarshal(o.Args, &args) != nil || args.Act == "seal"
	}
	return slices.Contains([]string{"case/download", "case/publish", "worklist/export", "audit/export", "erase/confirm", "erase/run", "erase/again", "key/rotate",
		"officer/grant", "officer/end", "node/handover"}, o.Name)
}

// acting is the officer who gives an order.
func (n *node) acting(ctx context.Context, o order) (hedui.Officer, error) {
	if n.ordersTrusted || slices.Contains(unproved, o.Name) && o.Session == "" {
		return n.roster.Officer(ctx, o.As)
	}
	d, err := n.commandDoor()
	if err != nil {
		return hedui.Officer{}, err
	}
	s, by, err := d.Who(ctx, o.Session)
	switch {
	case hedui.KindOf(err) == hedui.Forbidden, err == nil && by.ID != o.As:
		return hedui.Officer{}, hedui.Fail(hedui.Forbidden, hedui.Say("signin.command", o.As), err)
	case err != nil:
		return hedui.Officer{}, err
	case provenAnew(o) && !d.Fresh(s):
		return hedui.Officer{}, hedui.Fail(hedui.Forbidden, hedui.Say("signin.command_stale", o.As), nil)
	}
	return by, d.See(ctx, s)
}

// enterArgs are the proofs of an officer; Old is the session until now.
type enterArgs struct {
	Officer  string `json:"officer"`
	Password string `json:"password"`
	Code     string `json:"code,omitempty"`
	Old      string `json:"old,omitempty"`
	Known    string `json:"known,omitempty"` // by which this account of the machine is known
}

type enterAnswer struct {
	Session string    `json:"session,omitempty"` // empty: the code is needed as well
	Known   string    `json:"known,omitempty"`
	Idle    time.Time `json:"idle,omitzero"` // when it ends if it is not used
	End     time.Time `json:"end,omitzero"`  // when it ends in any case
}

// commandBrowser is how a session of commands is called in "My sign-in".
const commandBrowser = "hedui sign-in enter"

// doorOrders are those of the door itself: nobody has come in yet.
var doorOrders = map[string]func(ctx context.Context, n *node, args json.RawMessage) (any, error){
	"sign-in/enter": atDoor(enterOrder),
	"sign-in/leave": atDoor(leaveOrder),
}

func atDoor[A any](do func(ctx context.Context, n *node, args A) (any, error)) func(context.Context, *node, json.RawMessage) (any, error) {
	return func(ctx context.Context, n *node, raw json.RawMessage) (any, error) {
		var args A
		if err := strictly(raw, &args); err != nil {
			return nil, err
		}
		return do(ctx, n, args)
	}
}

func enterOrder(ctx context.Context, n *node, a enterArgs) (any, error) {
	d, err := n.commandDoor()
	if err != nil {
		return nil, err
	}
	v := staff.Visitor{Token: a.Old, Known: a.Known, Browser: commandBrowser, Address: "127.0.0.1"}
	pass, err := d.Password(ctx, v, a.Officer, a.Password)
	if err == nil && pass.Session.Stage == store.SessionSecond && a.Code != "" {
		known := pass.Known
		v.Token = pass.Token
		if pass, err = d.Code(ctx, v, pass.Session, a.Code); pass.Known == "" {
			pass.Known = known
		}
	}
	switch {
	case err != nil:
		return nil, err
	case pass.Session.Stage == store.SessionSecond:
		return enterAnswer{}, nil
	case pass.Session.Stage != store.SessionOpen: // a first password, or no second proof yet
		return nil, hedui.Fail(hedui.Conflict, hedui.Say("signin.command_first"), nil)
	}
	idle, end := d.Ends(pass.Session)
	return enterAnswer{pass.Token, pass.Known, idle, end}, nil
}

func leaveOrder(ctx context.Context, n *node, token string) (any, error) {
	d, err := n.commandDoor()
	if err != nil {
		return nil, err
	}
	s, err := d.Session(ctx, token)
	if err == nil {
		err = d.SignOut(ctx, s)
	}
	if hedui.KindOf(err) == hedui.Forbidden {
		err = nil // it has ended by itself
	}
	return none{}, err
}

// kept is what an account of the machine keeps of a session.
type kept struct {
	Session string `json:"session,omitempty"`
	Known   string `json:"known,omitempty"`
}

// sessionFile is where the session of an officer at the node of a directory lies: in
// the home of whoever calls, not with the node.
func sessionFile(dir, officer string) (string, error) {
	base, err := os.UserConfigDir()
	if err != nil {
		return "", hedui.Fail(hedui.Unavailable, hedui.Say("signin.no_home"), err)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", fmt.Errorf("session: %w", err)
	}
	sum := sha256.Sum256([]byte(dir + "\x00" + officer))
	return filepath.Join(base, "hedui", hex.EncodeToString(sum[:12])+".session"), nil
}

// session reads what is kept; nothing where there is nothing.
func session(dir, officer string) (k kept) {
	path, err := sessionFile(dir, officer)
	if err != nil {
		return kept{}
	}
	text, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(text, &k) != nil {
		return kept{}
	}
	return k
}

func keep(dir, officer string, k kept) error {
	path, err := sessionFile(dir, officer)
	if err != nil {
		return err
	}
	text, err := json.Marshal(k)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = writeWhole(path, text)
	}
	if err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return nil
}

type signInEnterCommand struct {
	As     string `arg:"" help:"Id of the officer."`
	Config string `help:"The node's configuration." default:"node.yaml" type:"path"`
}

// Run asks for the password, and for the code of the second proof where there is one,
// and keeps the session for the commands that follow.
func (c *signInEnterCommand) Run(ctx context.Context, s streams) error {
	set, err := readSettings(c.Config, s.log)
	if err != nil {
		return err
	}
	in := bufio.NewReader(os.Stdin)
	k := session(set.dir, c.As)
	args := enterArgs{Officer: c.As, Old: k.Session, Known: k.Known}
	if args.Password, err = s.typed(in, "signin.type_password", true); err != nil {
		return err
	}
	var answer enterAnswer
	for _, ask := range []bool{false, true} {
		if ask {
			if args.Code, err = s.typed(in, "signin.type_code", false); err != nil {
				return err
			}
		}
		if err := enterAs(ctx, c.Config, args, &answer); err != nil {
			return err
		}
		if answer.Session != "" {
			break
		}
	}
	if answer.Session == "" {
		return hedui.Fail(hedui.Invalid, hedui.Say("signin.code_wrong"), nil)
	}
	if err := keep(set.dir, c.As, kept{answer.Session, cmp.Or(answer.Known, k.Known)}); err != nil {
		return err
	}
	s.say(s.out, "signin.entered", c.As, clock(answer.Idle), clock(answer.End))
	return nil
}

func enterAs(ctx context.Context, config string, args enterArgs, answer *enterAnswer) error {
	raw, err := json.Marshal(args) //nolint:gosec // G117: it goes over loopback, to the node
	if err != nil {
		return err
	}
	return ask(ctx, config, order{Name: "sign-in/enter", As: args.Officer, Args: raw}, answer)
}

// typed asks for one line; what is secret does not show on a terminal. Where nobody
// sits at one it is the next line of standard input.
func (s streams) typed(in *bufio.Reader, key string, secret bool) (string, error) {
	fd := int(os.Stdin.Fd())
	if !term.IsTerminal(fd) || !secret {
		if term.IsTerminal(fd) {
			s.say(s.err, key)
		}
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) || err != nil && line == "" {
			return "", hedui.Fail(hedui.Invalid, hedui.Say("signin.nothing_typed"), err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	s.say(s.err, key)
	line, err := term.ReadPassword(fd)
	if err != nil {
		return "", hedui.Fail(hedui.Invalid, hedui.Say("signin.nothing_typed"), err)
	}
	return string(line), nil
}

type signInLeaveCommand struct {
	As     string `arg:"" help:"Id of the officer."`
	Config string `help:"The node's configuration." default:"node.yaml" type:"path"`
}

// Run ends the session of this account of the machine.
func (c *signInLeaveCommand) Run(ctx context.Context, s streams) error {
	set, err := readSettings(c.Config, s.log)
	if err != nil {
		return err
	}
	path, err := sessionFile(set.dir, c.As)
	if err != nil {
		return err
	}
	k := session(set.dir, c.As)
	if k.Session != "" {
		raw, err := json.Marshal(k.Session)
		if err != nil {
			return err
		}
		if err := ask(ctx, c.Config, order{Name: "sign-in/leave", As: c.As, Args: raw}, &none{}); err != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("session: %w", err)
	}
	s.say(s.out, "signin.left", c.As)
	return nil
}
