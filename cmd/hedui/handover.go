package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/federation"
	"hedui/internal/hedui"
)

// handArgs are those of the orders that move cases from one node to another. The
// files are read and written where the node runs.
type handArgs struct {
	Card     string   `json:"card"` // of the other node
	In       string   `json:"in,omitempty"`
	Out      string   `json:"out,omitempty"`
	Division []string `json:"division,omitempty"`
}

type handAnswer struct {
	Cases int `json:"cases"`
}

// border opens the card of the other node.
func (n *node) border(path string) (*federation.Node, exchange.Peer, error) {
	peers, err := n.federated()
	if err != nil {
		return nil, exchange.Peer{}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, exchange.Peer{}, hedui.Fail(hedui.Invalid, hedui.Say("error.hand.file", path), err)
	}
	other, err := federation.ReadCard(text)
	if err != nil {
		return nil, exchange.Peer{}, hedui.Fail(hedui.Invalid, hedui.Say("error.hand.card", path), err)
	}
	return peers, other, nil
}

func orderCard(_ context.Context, n *node, _ hedui.Officer, _ none) (any, error) {
	peers, err := n.federated()
	if err != nil {
		return nil, err
	}
	text, err := peers.Card()
	return string(text), err
}

func orderHandOver(ctx context.Context, n *node, o hedui.Officer, a handArgs) (any, error) {
	peers, other, err := n.border(a.Card)
	if err != nil {
		return nil, err
	}
	if len(a.Division) == 0 {
		a.Division = []string{n.division}
	}
	return written(a.Out, func(f *os.File) (int, error) {
		return n.desk.HandOver(ctx, o, a.Division, other, peers.Me(), f)
	})
}

func orderTakeOver(ctx context.Context, n *node, o hedui.Officer, a handArgs) (any, error) {
	return n.fromOther(a, func(in *os.File, b casework.Border) (any, error) {
		return written(a.Out, func(f *os.File) (int, error) { return n.desk.TakeOver(ctx, o, in, b, f) })
	})
}

func orderHandedOver(ctx context.Context, n *node, o hedui.Officer, a handArgs) (any, error) {
	return n.fromOther(a, func(in *os.File, b casework.Border) (any, error) {
		cases, err := n.desk.HandedOver(ctx, o, in, b)
		return handAnswer{cases}, err
	})
}

// fromOther opens the card and the file of the other node.
func (n *node) fromOther(a handArgs, read func(*os.File, casework.Border) (any, error)) (any, error) {
	peers, other, err := n.border(a.Card)
	if err != nil {
		return nil, err
	}
	in, err := os.Open(a.In)
	if err != nil {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.hand.file", a.In), err)
	}
	defer in.Close()
	return read(in, casework.Border{Me: peers.Me(), Peers: exchange.Only(other)})
}

// written fills a new file and keeps it, also when the work broke off: what is in
// it was done.
func written(path string, fill func(*os.File) (int, error)) (any, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, hedui.Fail(hedui.Invalid, hedui.Say("error.hand.new", path), err)
	}
	n, err := fill(f)
	return handAnswer{n}, errors.Join(err, f.Sync(), f.Close())
}

type nodeCardCommand struct{ nodeFlags }

// Run prints the card.
func (c *nodeCardCommand) Run(ctx context.Context, s streams) error {
	var text string
	if err := c.do(ctx, "node/card", none{}, &text); err != nil {
		return err
	}
	fmt.Fprintln(s.out, text)
	return nil
}

type nodeHandoverCommand struct {
	nodeFlags
	To       string   `help:"Card of the node that takes over." required:"" type:"path"`
	Out      string   `help:"File for the cases; it must not exist." required:"" type:"path"`
	Division []string `help:"Divisions whose cases are handed over; without one the node's own."`
}

// Run writes the cases and stops them here.
func (c *nodeHandoverCommand) Run(ctx context.Context, s streams) error {
	return c.hand(ctx, s, "node/handover", "hand.over", handArgs{Card: c.To, Out: abs(c.Out), Division: c.Division})
}

type nodeTakeoverCommand struct {
	nodeFlags
	From     string `help:"Card of the node that hands over." required:"" type:"path"`
	File     string `arg:"" help:"File with the cases." type:"path"`
	Receipts string `help:"File for the receipts, to be given back; it must not exist." required:"" type:"path"`
}

// Run takes the cases.
func (c *nodeTakeoverCommand) Run(ctx context.Context, s streams) error {
	return c.hand(ctx, s, "node/takeover", "hand.taken", handArgs{Card: c.From, In: abs(c.File), Out: abs(c.Receipts)})
}

type nodeHandedCommand struct {
	nodeFlags
	From string `help:"Card of the node that took over." required:"" type:"path"`
	File string `arg:"" help:"File with its receipts." type:"path"`
}

// Run ends the hand-over of every case that has arrived.
func (c *nodeHandedCommand) Run(ctx context.Context, s streams) error {
	return c.hand(ctx, s, "node/handed", "hand.ended", handArgs{Card: c.From, In: abs(c.File)})
}

func (f nodeFlags) hand(ctx context.Context, s streams, name, key string, args handArgs) error {
	args.Card = abs(args.Card)
	var answer handAnswer
	if err := f.do(ctx, name, args, &answer); err != nil {
		return err
	}
	s.say(s.out, key, strconv.Itoa(answer.Cases), args.Out)
	return nil
}

// abs makes a path that another process understands.
func abs(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}
