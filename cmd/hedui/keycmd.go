package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/staff"
	"hedui/internal/store"
)

// keyCommands are for the keys under which the database lies: see docs/keys.md.
type keyCommands struct {
	List   keyListCommand   `cmd:"" help:"The versions of the keys, since when, and how much lies under each."`
	Rotate keyRotateCommand `cmd:"" help:"Bring a new master key into use and do everything anew under it, while the node runs (security administrator)."`
}

type keyListCommand struct {
	rosterFlags
	JSON bool `name:"json" help:"Print the list as one JSON object."`
}

// A masterAnswer is a version of the master key and where it lies here.
type masterAnswer struct {
	store.MasterKey
	File string `json:"file,omitempty"` // empty = not in the directory of the keys
}

type keysAnswer struct {
	Masters []masterAnswer  `json:"masters"`
	Nodes   []store.NodeKey `json:"nodes"`
}

func (n *node) keeper() *staff.Keys {
	return &staff.Keys{DB: n.db, Now: time.Now, Next: n.masters.next, File: func(id string) string {
		if file := n.masters.file(id); file != "" {
			return filepath.Base(file)
		}
		return ""
	}}
}

func (n *node) whereKeysLie(list []store.MasterKey) []masterAnswer {
	answers := []masterAnswer{}
	for _, m := range list {
		answers = append(answers, masterAnswer{m, n.masters.file(m.ID)})
	}
	return answers
}

func orderKeys(ctx context.Context, n *node, o hedui.Officer, _ none) (any, error) {
	masters, nodes, err := n.keeper().List(ctx, o)
	if err != nil {
		return nil, err
	}
	return keysAnswer{n.whereKeysLie(masters), nodes}, nil
}

// Run prints the versions.
func (c *keyListCommand) Run(ctx context.Context, s streams) error {
	var answer keysAnswer
	if err := c.do(ctx, "key/list", none{}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(answer)
	}
	s.say(s.out, "key.masters")
	for _, m := range answer.Masters {
		state := lang.Text(s.lang, "key.in_use")
		if !m.RetiredAt.IsZero() {
			state = lang.Text(s.lang, "key.retired_at", clock(m.RetiredAt))
		}
		file := lang.Text(s.lang, "key.no_file")
		if m.File != "" {
			file = filepath.Base(m.File)
		}
		tableLine(s.out, fmt.Sprint(m.Version), m.ID, s.since(m.MadeAt), state, file,
			lang.Text(s.lang, "key.wraps", fmt.Sprint(m.Cases), fmt.Sprint(m.Nodes)))
		if m.Boxes > 0 {
			s.say(s.out, "key.direct", fmt.Sprint(m.Boxes))
		}
	}
	s.say(s.out, "key.nodes")
	for _, n := range answer.Nodes {
		tableLine(s.out, fmt.Sprint(n.Version), s.since(n.MadeAt), lang.Text(s.lang, "key.under", fmt.Sprint(n.Master)), lang.Text(s.lang, "key.encrypts", fmt.Sprint(n.Boxes)))
	}
	return nil
}

// since is the instant at which a key was made.
func (s streams) since(t time.Time) string {
	return cmp.Or(clock(t), lang.Text(s.lang, "key.from_before"))
}

type keyRotateCommand struct {
	rosterFlags
	Data bool `help:"Change the key of the node instead, under which lies what is not of a case: drafts, sign-in, letters between nodes."`
	JSON bool `name:"json" help:"Print the result as one JSON object."`
}

type rotateKeysArgs struct {
	Data bool `json:"data,omitempty"`
}

type rotatedAnswer struct {
	staff.Rotation
	Files []masterAnswer `json:"files,omitempty"` // of the master keys that are retired
}

func orderRotateKeys(ctx context.Context, n *node, o hedui.Officer, raw json.RawMessage, tell func(done, of int)) (any, error) {
	var a rotateKeysArgs
	if err := strictly(raw, &a); err != nil {
		return nil, err
	}
	rotate := n.keeper().RotateMaster
	if a.Data {
		rotate = n.keeper().RotateNode
	}
	r, err := rotate(ctx, o, tell)
	if err != nil {
		return nil, err
	}
	return rotatedAnswer{r, n.whereKeysLie(r.Masters)}, nil
}

// Run changes keys and says which files nothing needs any more.
func (c *keyRotateCommand) Run(ctx context.Context, s streams) error {
	node, err := readSettings(c.Config, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { _ = node.closeSources() }() // nothing is lost by what does not close
	raw, err := json.Marshal(rotateKeysArgs{c.Data})
	if err != nil {
		return err
	}
	bar := s.bar()
	var r rotatedAnswer
	err = askLong(ctx, node, order{Name: "key/rotate", As: c.As, Args: raw}, bar.show, &r)
	bar.clear()
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(r)
	}
	key := "key.rotated"
	if c.Data {
		key = "key.renewed"
	}
	if r.Resumed {
		s.say(s.out, "key.resumed")
	}
	s.say(s.out, key, fmt.Sprint(r.Version), fmt.Sprint(r.Done))
	for _, n := range r.Nodes {
		s.say(s.out, "key.destroyed", fmt.Sprint(n.Version))
	}
	for _, m := range r.Files {
		s.say(s.out, "key.retired", fmt.Sprint(m.Version), m.ID, cmp.Or(m.File, lang.Text(s.lang, "key.no_file")))
	}
	return nil
}
