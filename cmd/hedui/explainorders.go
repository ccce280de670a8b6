package main

import (
	"context"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
)

// Orders on items to explain, and on what follows from them.

type explainArgs struct {
	Case     string                 `json:"case"`
	Item     string                 `json:"item,omitempty"`
	Rev      int64                  `json:"rev,omitempty"`
	Entry    hedui.ExplanationEntry `json:"entry,omitzero"`
	Why      string                 `json:"why,omitempty"`
	File     []byte                 `json:"file,omitempty"`
	Evidence string                 `json:"evidence,omitempty"`
}

func (a explainArgs) ref() casework.ItemRef {
	return casework.ItemRef{Case: a.Case, Item: a.Item, Rev: a.Rev}
}

// explanationAnswer is one item to explain.
type explanationAnswer struct {
	ID       string                 `json:"id"`
	Rev      int64                  `json:"rev"`
	State    hedui.ExplanationState `json:"state"`
	Outcome  hedui.ExplanationState `json:"outcome,omitempty"`
	Person   int                    `json:"person"`
	Category string                 `json:"category"`
	Kind     hedui.FindingKind      `json:"kind"`
	Reason   string                 `json:"reason"`
	Records  []string               `json:"records"` // numbered from 1 for a source error
	Text     string                 `json:"text,omitempty"`
	Evidence []hedui.Evidence       `json:"evidence"`
	DueOn    string                 `json:"due_on"`
	Until    time.Time              `json:"until,omitzero"`
}

func explanationOf(e hedui.Explanation) explanationAnswer {
	answer := explanationAnswer{ID: e.ID, Rev: e.Rev, State: e.State, Outcome: e.Outcome, Person: e.Person, Category: string(e.Category), Kind: e.Kind,
		Reason: lang.Text(lang.Chinese, e.Reason.Key, e.Reason.Args...), Records: []string{}, Text: e.Text, Evidence: e.Evidence, DueOn: e.DueOn().String(), Until: e.Until}
	for _, r := range e.Records {
		answer.Records = append(answer.Records, r.Department+" "+lang.Text(lang.Chinese, r.Say.Key, r.Say.Args...))
	}
	if answer.Evidence == nil {
		answer.Evidence = []hedui.Evidence{}
	}
	return answer
}

func orderExplanations(ctx context.Context, n *node, o hedui.Officer, a explainArgs) (any, error) {
	items, err := n.desk.Explanations(ctx, o, a.Case)
	answer := []explanationAnswer{}
	for _, e := range items {
		answer = append(answer, explanationOf(e))
	}
	return answer, err
}

func orderExplain(ctx context.Context, n *node, o hedui.Officer, a explainArgs) (any, error) {
	e, err := n.desk.Explain(ctx, o, a.ref(), a.Entry)
	return explanationOf(e), err
}

func orderAttach(ctx context.Context, n *node, o hedui.Officer, a explainArgs) (any, error) {
	e, err := n.desk.Attach(ctx, o, a.ref(), a.File)
	return explanationOf(e), err
}

func orderSettle(ctx context.Context, n *node, o hedui.Officer, a explainArgs) (any, error) {
	e, err := n.desk.SettleExplanation(ctx, o, a.ref())
	return explanationOf(e), err
}

func orderSendBack(ctx context.Context, n *node, o hedui.Officer, a explainArgs) (any, error) {
	e, err := n.desk.SendBackExplanation(ctx, o, a.ref(), a.Why)
	return explanationOf(e), err
}

func orderSuspendClaim(ctx context.Context, n *node, o hedui.Officer, a explainArgs) (any, error) {
	c, err := n.desk.SuspendClaim(ctx, o, a.Case)
	if err != nil {
		return nil, err
	}
	return caseAnswer{c.ID, c.Number, c.Stage}, nil
}

func orderEvidence(ctx context.Context, n *node, o hedui.Officer, a explainArgs) (any, error) {
	return n.desk.Evidence(ctx, o, a.Case, a.Evidence)
}

type correctionArgs struct {
	Number     string                `json:"number,omitempty"`
	Department string                `json:"department,omitempty"`
	State      hedui.CorrectionState `json:"state,omitempty"`
	Why        string                `json:"why,omitempty"`
}

// correctionAnswer is one request to a department.
type correctionAnswer struct {
	Number     string                `json:"number"`
	Case       string                `json:"case"`
	Department string                `json:"department"`
	Category   string                `json:"category"`
	Record     string                `json:"record"`
	What       string                `json:"what"`
	State      hedui.CorrectionState `json:"state"`
	Answer     string                `json:"answer,omitempty"`
	AskedAt    time.Time             `json:"asked_at"`
	AnsweredAt time.Time             `json:"answered_at,omitzero"`
}

func orderCorrections(ctx context.Context, n *node, o hedui.Officer, a correctionArgs) (any, error) {
	list, err := n.desk.Corrections(ctx, o, store.CorrectionFilter{Number: a.Number, Department: a.Department, State: a.State})
	answer := []correctionAnswer{}
	for _, k := range list {
		answer = append(answer, correctionAnswer{k.Number, k.Case, k.Record.Department, string(k.Category),
			lang.Text(lang.Chinese, k.Record.Say.Key, k.Record.Say.Args...), k.What, k.State, k.Answer, k.AskedAt, k.AnsweredAt})
	}
	return answer, err
}

func orderCorrected(ctx context.Context, n *node, o hedui.Officer, a correctionArgs) (any, error) {
	return none{}, n.desk.AnswerCorrection(ctx, o, a.Number, a.State, a.Why)
}

type reminderAnswer struct {
	ID    string             `json:"id"`
	Case  string             `json:"case"`
	Kind  hedui.ReminderKind `json:"kind"`
	About string             `json:"about"`
	At    time.Time          `json:"at"`
}

func orderReminders(ctx context.Context, n *node, o hedui.Officer, _ none) (any, error) {
	list, err := n.desk.Reminders(ctx, o)
	answer := []reminderAnswer{}
	for _, r := range list {
		answer = append(answer, reminderAnswer{r.ID, r.Case, r.Kind, r.About, r.At})
	}
	return answer, err
}

func orderReminded(ctx context.Context, n *node, o hedui.Officer, a nameArgs) (any, error) {
	return none{}, n.desk.HandleReminder(ctx, o, a.Name)
}
