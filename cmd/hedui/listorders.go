package main

import (
	"context"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/workbook"
)

// Orders on what people answer.

type listArgs struct {
	Source  string `json:"source"`
	After   string `json:"after,omitempty"`
	Overdue bool   `json:"overdue,omitempty"`
	File    []byte `json:"file,omitempty"` // workbook
}

// itemAnswer is one item, masked unless it is shown alone.
type itemAnswer struct {
	ID       string          `json:"id"`
	State    hedui.ItemState `json:"state"`
	Category string          `json:"category"`
	Name     string          `json:"name"`
	Number   string          `json:"number"`
	Purpose  hedui.Programme `json:"purpose"`
	Mandate  string          `json:"mandate"`
	From     string          `json:"from"`
	To       string          `json:"to"`
	DueAt    time.Time       `json:"due_at"`
	Letter   string          `json:"letter,omitempty"`
	Node     string          `json:"node,omitempty"`
	Typed    *hedui.Entry    `json:"typed,omitempty"`
}

type listAnswer struct {
	Items []itemAnswer `json:"items"`
	More  string       `json:"more,omitempty"`
}

func itemOf(t casework.Task) itemAnswer {
	return itemAnswer{ID: t.ID, State: t.State, Category: string(t.Category.Code), Name: t.Person.Name, Number: t.Person.ID.Masked(), Purpose: t.Purpose,
		Mandate: t.Mandate, From: t.Window.From.String(), To: t.Window.To.String(), DueAt: t.DueAt, Letter: t.Letter, Node: t.Node}
}

func orderList(ctx context.Context, n *node, o hedui.Officer, a listArgs) (any, error) {
	list := n.desk.Worklist
	if a.Overdue {
		list = n.desk.Overdue
	}
	p, err := list(ctx, o, a.Source, a.After)
	if err != nil {
		return nil, err
	}
	answer := listAnswer{Items: []itemAnswer{}, More: p.More}
	for _, t := range p.Tasks {
		answer.Items = append(answer.Items, itemOf(t))
	}
	return answer, nil
}

type itemArgs struct {
	Item  string      `json:"item"`
	Entry hedui.Entry `json:"entry,omitzero"`
}

// orderItem shows one item: a clerk who looks somebody up needs the whole number.
func orderItem(ctx context.Context, n *node, o hedui.Officer, a itemArgs) (any, error) {
	t, typed, err := n.desk.Item(ctx, o, a.Item)
	if err != nil {
		return nil, err
	}
	answer := itemOf(t)
	answer.Number = t.Person.ID.Reveal()
	if typed.Outcome != "" || typed.By != "" || len(typed.Records) > 0 {
		answer.Typed = &typed
	}
	return answer, nil
}

func orderAnswer(ctx context.Context, n *node, o hedui.Officer, a itemArgs) (any, error) {
	return none{}, n.desk.AnswerItem(ctx, o, a.Item, a.Entry)
}

func orderCorrect(ctx context.Context, n *node, o hedui.Officer, a itemArgs) (any, error) {
	return none{}, n.desk.CorrectItem(ctx, o, a.Item, a.Entry)
}

func orderReturn(ctx context.Context, n *node, o hedui.Officer, a itemArgs) (any, error) {
	return none{}, n.desk.ReturnItem(ctx, o, a.Item)
}

type exportAnswer struct {
	File     casework.File `json:"file"`
	More     string        `json:"more,omitempty"`
	Number   string        `json:"number"`
	Until    time.Time     `json:"until"`
	Password string        `json:"password"` // that opens the file; nobody else is told
}

func orderExport(ctx context.Context, n *node, o hedui.Officer, a listArgs) (any, error) {
	e, err := n.desk.PrepareExport(ctx, o, a.Source, a.After)
	if err != nil {
		return nil, err
	}
	file, more, err := n.desk.WriteExport(ctx, o, a.Source, e.Number)
	return exportAnswer{file, more, e.Number, e.Until, e.Password}, err
}

type importAnswer struct {
	Taken    int                `json:"taken"`
	Same     int                `json:"same"`
	Refused  int                `json:"refused"`
	Problems []workbook.Problem `json:"problems,omitempty"`
	Workbook []byte             `json:"workbook"`
}

func orderImport(ctx context.Context, n *node, o hedui.Officer, a listArgs) (any, error) {
	in, err := n.desk.ImportList(ctx, o, a.Source, a.File)
	return importAnswer{in.Taken, in.Same, in.Refused, in.Problems, in.Workbook}, err
}

type letterArgs struct {
	Item   string `json:"item,omitempty"`
	Number string `json:"number,omitempty"`

	Sending hedui.Sending `json:"sending,omitzero"`
	Why     string        `json:"why,omitempty"`
	Again   bool          `json:"again,omitempty"`
	File    []byte        `json:"file,omitempty"` // scan
}

func orderLetter(ctx context.Context, n *node, o hedui.Officer, a letterArgs) (any, error) {
	return n.desk.IssueLetter(ctx, o, a.Item)
}

func orderReprint(ctx context.Context, n *node, o hedui.Officer, a letterArgs) (any, error) {
	return n.desk.ReprintLetter(ctx, o, a.Number)
}
