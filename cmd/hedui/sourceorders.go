package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// sourcesAnswer is how the sources of a node are doing, and what is wrong with
// them, for whoever may see that.
type sourcesAnswer struct {
	Sources []casework.SourceView `json:"sources"`
	Alerts  []hedui.Alert         `json:"alerts"`
}

func orderSources(ctx context.Context, n *node, o hedui.Officer, _ none) (any, error) {
	alerts, err := n.desk.Alerts(ctx, o)
	if err != nil {
		return nil, err
	}
	views, err := n.desk.SourceViews(ctx)
	return sourcesAnswer{views, alerts}, err
}

type alertArgs struct {
	Source string          `json:"source"`
	Kind   hedui.AlertKind `json:"kind"`
	Note   string          `json:"note"`
}

func orderAlert(ctx context.Context, n *node, o hedui.Officer, a alertArgs) (any, error) {
	return none{}, n.desk.HandleAlert(ctx, o, a.Source, a.Kind, a.Note)
}

func orderRequery(ctx context.Context, n *node, o hedui.Officer, a requeryArgs) (any, error) {
	c, err := n.desk.Requery(ctx, o, a.ID, a.Queries)
	if err != nil {
		return nil, err
	}
	return caseAnswer{c.ID, c.Number, c.Stage}, nil
}

type requeryArgs struct {
	ID      string   `json:"id"`
	Queries []string `json:"queries"`
}

type nodeSourcesCommand struct {
	nodeFlags
	JSON bool `name:"json" help:"Print everything as one JSON object."`
}

// Run prints a line for each source, and one for each alert that is open.
func (c *nodeSourcesCommand) Run(ctx context.Context, s streams) error {
	var answer sourcesAnswer
	if err := c.do(ctx, "node/sources", none{}, &answer); err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(s.out).Encode(answer)
	}
	for _, v := range answer.Sources {
		s.say(s.out, "node.source", v.Name, v.Department, lang.Text(s.lang, "source.mode."+string(v.Mode)), clock(v.Record.AsOf), fmt.Sprint(v.Record.Answers), fmt.Sprint(v.Record.Failures))
		if limit := max(v.Limits.Daily.Persons, v.Limits.Daily.Calls); limit > 0 {
			s.say(s.out, "node.source.used", fmt.Sprint(v.Used), fmt.Sprint(limit))
		}
		if !v.Until.IsZero() {
			s.say(s.out, "node.source.until", clock(v.Until))
		}
	}
	for _, a := range answer.Alerts {
		if a.Open() {
			s.say(s.out, "node.alert", clock(a.Since), a.Source, lang.Text(s.lang, "alert."+string(a.Kind)), lang.Text(s.lang, "alert.numbers."+string(a.Kind), a.Numbers()...), string(a.Kind), a.Note)
		}
	}
	return nil
}

type nodeHandleCommand struct {
	nodeFlags
	Source string `arg:"" help:"Name of the source."`
	Kind   string `arg:"" help:"What is wrong with it: refresh, slow, quota, down or unreadable."`
	Note   string `arg:"" help:"What was done."`
}

// Run notes it.
func (c *nodeHandleCommand) Run(ctx context.Context, s streams) error {
	err := c.do(ctx, "node/handle", alertArgs{c.Source, hedui.AlertKind(c.Kind), c.Note}, &none{})
	var known *hedui.Error
	if errors.As(err, &known) && known.Kind == hedui.NotFound {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.alert.none", c.Source, c.Kind), nil)
	}
	if err != nil {
		return err
	}
	s.say(s.out, "node.handled", c.Source, lang.Text(s.lang, "alert."+c.Kind))
	return nil
}

type caseRequeryCommand struct {
	nodeFlags
	ID      string   `arg:"" help:"Id of the case."`
	Queries []string `arg:"" help:"Ids of the queries whose cells are to be asked again, as case look prints them."`
}

// Run asks the cells again.
func (c *caseRequeryCommand) Run(ctx context.Context, s streams) error {
	var answer caseAnswer
	if err := c.do(ctx, "case/requery", requeryArgs{c.ID, c.Queries}, &answer); err != nil {
		return err
	}
	s.say(s.out, "case.requeried", answer.Number, fmt.Sprint(len(c.Queries)))
	return nil
}
