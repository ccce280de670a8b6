package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/exchange"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/source"
)

// What people answer goes the way of a machine's answer: into the query with a
// hash over what was entered, on to the case, or back to the node that has asked.

// entryDraft is where what was typed to an item is kept until it is taken.
func entryDraft(o hedui.Officer, id string) string { return "item:" + id + ":" + o.ID }

// typed returns what an officer has typed to an item and not handed in.
func (d *Desk) typed(ctx context.Context, o hedui.Officer, id string) (hedui.Entry, error) {
	var e hedui.Entry
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		body, err := tx.Draft(ctx, entryDraft(o, id), o.ID)
		if hedui.KindOf(err) == hedui.NotFound && err != nil {
			return nil
		}
		if err != nil {
			return err
		}
		return json.Unmarshal(body, &e)
	})
	return e, err
}

// AnswerItem takes what a department's people say to an item. What was typed is
// kept first, so that a refusal loses nothing; all problems come back at once. The
// same answer a second time does nothing; another one is a Conflict, see
// [Desk.CorrectItem].
func (d *Desk) AnswerItem(ctx context.Context, o hedui.Officer, id string, e hedui.Entry) error {
	return d.entered(ctx, o, id, audit.Answered, &e)
}

// ReturnItem gives an item back: the department cannot answer it. The report names
// the gap, and the verifier may ask otherwise.
func (d *Desk) ReturnItem(ctx context.Context, o hedui.Officer, id string) error {
	return d.entered(ctx, o, id, audit.ItemReturned, nil)
}

// CorrectItem puts another answer beside one that was wrong, or that was given back
// too early. Nothing is typed over: the newer answer takes the place of the older,
// and a report that is sealed gets a supplement.
func (d *Desk) CorrectItem(ctx context.Context, o hedui.Officer, id string, e hedui.Entry) error {
	return d.entered(ctx, o, id, audit.Corrected, &e)
}

// entered does one of the three acts on an item; what was typed is kept first.
func (d *Desk) entered(ctx context.Context, o hedui.Officer, id string, verb audit.Verb, e *hedui.Entry) error {
	if e != nil {
		if err := d.keepEntry(ctx, o, id, *e); err != nil {
			return d.refused(ctx, o, "", verb, err)
		}
	}
	_, err := d.enterItem(ctx, o, id, verb, e)
	return err
}

// enterItem makes an act on an item; same reports that it was done before.
func (d *Desk) enterItem(ctx context.Context, o hedui.Officer, id string, verb audit.Verb, e *hedui.Entry) (same bool, err error) {
	var of string
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		t, err := d.task(ctx, tx, o, id)
		switch of = t.Case; {
		case t.ID != "" && t.Relay && !t.State.Open() && err != nil:
			same, err = d.passed(t, verb, e)
		case err == nil:
			same, err = d.enter(ctx, tx, o, t, verb, e)
		}
		return err
	})
	if err != nil {
		return false, d.refused(ctx, o, of, verb, err)
	}
	d.watch.changed(of)
	return same, nil
}

// passed says what an act means on a question of another node that is settled: its
// answer has gone there, and the person is not known here any more.
func (d *Desk) passed(t Task, verb audit.Verb, e *hedui.Entry) (same bool, err error) {
	switch {
	case verb == audit.Corrected:
		return false, hedui.Fail(hedui.Conflict, hedui.Say("error.item.elsewhere", peerOf(t.About)), nil)
	case t.State == hedui.ItemEnded:
		return false, hedui.Fail(hedui.Conflict, hedui.Say("error.item.ended"), nil)
	case verb == audit.ItemReturned && t.State == hedui.ItemReturned:
		return true, nil
	case verb == audit.Answered && t.State == hedui.ItemAnswered:
		category, _ := catalog.Get(d.manuals[t.Source].info.Categories[0])
		answer, problems := e.Read(category, idcard.Number{}, d.Now())
		if len(problems) == 0 && answer.Hash == t.Answer {
			return true, nil
		}
	}
	return false, hedui.Fail(hedui.Conflict, hedui.Say("error.item.answered"), nil)
}

// keepEntry keeps what was typed, for an officer of the item's source only.
func (d *Desk) keepEntry(ctx context.Context, o hedui.Officer, id string, e hedui.Entry) error {
	if !plausibleID(id) {
		return notFound()
	}
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("casework: entry: %w", err)
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		items, err := tx.ItemsByID(ctx, []string{id})
		if err != nil {
			return err
		}
		if len(items) == 0 {
			return notFound()
		}
		if _, err := d.manualOf(o, items[0].Source); err != nil {
			return err
		}
		return tx.SaveDraft(ctx, entryDraft(o, id), o.ID, body)
	})
}

// enter makes the effect of an act on a task.
func (d *Desk) enter(ctx context.Context, tx *store.Tx, o hedui.Officer, t Task, verb audit.Verb, e *hedui.Entry) (same bool, err error) {
	at := d.Now()
	answer := source.Answer{Outcome: source.Failed, Reason: hedui.ReasonReturned}
	to := hedui.ItemReturned
	digest := ""
	if e != nil {
		var problems []hedui.Problem
		if answer, problems = e.Read(t.Category, t.Person.ID, at); len(problems) > 0 {
			return false, hedui.Problems(problems)
		}
		to, digest = hedui.ItemAnswered, answer.Hash
	}
	again := verb == audit.Corrected
	switch {
	case t.State == to && t.Answer == digest: // the same once more
		return true, tx.DeleteDraft(ctx, entryDraft(o, t.ID))
	case !again && !t.State.Open() && t.State != hedui.ItemEnded:
		return false, hedui.Fail(hedui.Conflict, hedui.Say("error.item.answered"), nil)
	case !t.State.CanBecome(to) || again && t.State.Open():
		return false, hedui.Fail(hedui.Conflict, hedui.Say("error.item.state", string(t.State)), nil)
	case again && t.Relay:
		return false, hedui.Fail(hedui.Conflict, hedui.Say("error.item.elsewhere", t.Node), nil)
	case t.Relay:
		err = d.enterRelay(ctx, tx, t, answer, at)
	case again:
		err = d.enterCorrection(ctx, tx, t, answer, at)
	default:
		err = d.enterQuery(ctx, tx, t, answer, at)
	}
	if err != nil {
		return false, err
	}
	if !again {
		heard := hedui.Heard{}
		heard.Hear(answer, t.ListedAt, at)
		if err := tx.AddHeard(ctx, t.Source, heard, at); err != nil {
			return false, err
		}
	}
	t.State, t.Answer, t.Officer, t.ChangedAt = to, digest, o.ID, at
	if err := errors.Join(tx.SaveItems(ctx, []store.Item{t.Item}), d.settleLetter(ctx, tx, t.Letter, at)); err != nil {
		return false, err
	}
	if err := tx.DeleteDraft(ctx, entryDraft(o, t.ID)); err != nil {
		return false, err
	}
	return false, tx.Record(ctx, audit.New(at, o.ID, o.Office, verb, t.about(), string(t.Category.Code)+"="+string(answer.Outcome)))
}

// enterQuery settles a query of this node.
func (d *Desk) enterQuery(ctx context.Context, tx *store.Tx, t Task, a source.Answer, at time.Time) error {
	if _, err := tx.LockCases(ctx, []string{t.Case}); err != nil {
		return err
	}
	now, err := tx.QueriesByID(ctx, []string{t.About}) // again, once the case is locked
	if err != nil {
		return err
	}
	if len(now) == 0 || now[0].Settled() {
		return hedui.Fail(hedui.Conflict, hedui.Say("error.item.ended"), nil)
	}
	q := now[0]
	a.Query = q.ID
	if a.Outcome.Final() {
		q.Attempts-- // it was counted when it was listed
		q.Take(a, at)
	} else {
		q.Reason = ""
		q.GiveUp(a.Reason, at)
	}
	if err := tx.DropJobs(ctx, []string{askJob(q, at).ID}); err != nil {
		return err
	}
	return d.write(ctx, tx, t.Source, answeredRound(q, a), []hedui.Query{q}, nil, at)
}

// enterCorrection puts an answer beside the one that is there.
func (d *Desk) enterCorrection(ctx context.Context, tx *store.Tx, t Task, a source.Answer, at time.Time) error {
	all, err := tx.Queries(ctx, t.Case)
	if err != nil {
		return err
	}
	q := t.query
	for n := 1; ; n++ { // rounds of asking count up from 1, corrections down from -1
		q.ID = hedui.QueryID(q.Case, q.Person, q.Category, q.Scope, -n)
		if !slices.ContainsFunc(all, func(have hedui.Query) bool { return have.ID == q.ID }) {
			break
		}
	}
	a.Query = q.ID
	q.CreatedAt, q.Attempts, q.State = at, 0, hedui.Waiting
	q.Take(a, at)
	return d.write(ctx, tx, t.Source, answeredRound(q, a), []hedui.Query{q}, nil, at)
}

// answeredRound is a round that one answer came by.
func answeredRound(q hedui.Query, a source.Answer) *round {
	return &round{queries: []hedui.Query{q}, cases: map[string]*hedui.Case{q.Case: nil}, touched: map[string]bool{q.ID: true},
		answers: map[string]source.Answer{q.ID: a}}
}

// enterRelay answers a question of another node.
func (d *Desk) enterRelay(ctx context.Context, tx *store.Tx, t Task, a source.Answer, at time.Time) error {
	relay, heard := t.relay.relay, newReturns(at)
	heard.count(t.relay, a)
	d.answerRelay(t.relay, &relay, a, heard)
	if err := tx.SaveRelays(ctx, []store.Relay{relay}); err != nil {
		return err
	}
	if err := tx.DropJobs(ctx, []string{relayJob(relay, at).ID}); err != nil {
		return err
	}
	return heard.send(ctx, tx, t.Source)
}

// answerRelay settles a question of another node with an answer, final or not, and
// puts the reply into the letters that go back.
func (d *Desk) answerRelay(x *relayed, relay *store.Relay, a source.Answer, heard *returns) {
	at := heard.at
	relay.State, relay.AnsweredAt, relay.Outcome, relay.Reason, relay.Token = hedui.Answered, at, a.Outcome, a.Reason, ""
	register, _ := d.Registers.At(relay.Category, x.question.Scope, day.Of(at))
	heard.reply(relay, exchange.Reply{
		Query: relay.Query, Outcome: string(a.Outcome), Records: a.Records, Match: string(a.Match), AsOf: a.AsOf.Truncate(time.Millisecond), Hash: a.Hash,
		Reason: string(whyNot(a)), Department: register.DepartmentOn(day.Of(at)), AnsweredBy: d.Node, Scope: x.question.Scope, At: at})
}

// peerOf is the node in the id of a relay.
func peerOf(relayID string) string {
	peer, _, _ := strings.Cut(relayID, "/")
	return peer
}
