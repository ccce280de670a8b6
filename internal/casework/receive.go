package casework

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/source"
)

// A Neighbour is the peer from which a message came.
type Neighbour struct {
	exchange.Peer
	Parent bool // it stands above this node and may pass on what others ask
}

// errUnasked refuses an answer to what was never asked of the peer.
var errUnasked = &exchange.Refusal{Reason: "unasked", Err: errors.New("nothing in the message is an answer to a question put to the peer")}

// Receive makes the effect of a peer's message, once: the id of the message is
// kept in the same transaction. It is the contract of [exchange.Receiver] for
// questions, replies, cancels, notices and counts.
func (d *Desk) Receive(ctx context.Context, from Neighbour, m exchange.Message) error {
	return d.ReceiveAll(ctx, from, []exchange.Message{m})[0]
}

// perTransaction is how many messages are taken in one transaction at most.
const perTransaction = 16

// ReceiveAll is Receive of each message; those that come together are taken in
// one transaction. Where one of them cannot be taken, each has its own.
func (d *Desk) ReceiveAll(ctx context.Context, from Neighbour, messages []exchange.Message) []error {
	errs := make([]error, 0, len(messages))
	for part := range slices.Chunk(messages, perTransaction) {
		if some, err := d.receive(ctx, from, part); err == nil || len(part) == 1 {
			errs = append(errs, some...)
			continue
		}
		for i := range part {
			one, _ := d.receive(ctx, from, part[i:i+1]) // the error stands in it
			errs = append(errs, one...)
		}
	}
	return errs
}

// receive takes messages in one transaction, all of them or none; a duplicate is
// no hindrance.
func (d *Desk) receive(ctx context.Context, from Neighbour, messages []exchange.Message) ([]error, error) {
	errs := make([]error, len(messages))
	var touched []string
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		touched = nil
		for i, m := range messages {
			cases, err := d.effect(ctx, tx, from, m)
			if errs[i] = err; err != nil && !errors.Is(err, exchange.ErrDuplicate) {
				return err
			}
			touched = append(touched, cases...)
		}
		return nil
	})
	if err != nil && len(messages) == 1 {
		errs[0] = err
	}
	d.watch.changed(touched...)
	return errs, err
}

// effect makes the effect of one message and returns the cases that changed.
func (d *Desk) effect(ctx context.Context, tx *store.Tx, from Neighbour, m exchange.Message) ([]string, error) {
	first, err := tx.Receive(ctx, from.Name, m.ID, m.ExpiresAt.Add(exchange.DefaultSkew))
	switch {
	case err != nil:
		return nil, err
	case !first:
		return nil, exchange.ErrDuplicate
	}
	at := d.Now()
	switch m.Kind {
	case exchange.KindQuestions:
		return nil, d.take(ctx, tx, from, m, at)
	case exchange.KindReplies:
		replies, err := m.Replies()
		if err != nil {
			return nil, err
		}
		return d.hear(ctx, tx, from.Name, replies, at)
	case exchange.KindCancels:
		return nil, d.cancel(ctx, tx, from, m, at)
	case exchange.KindNotices:
		return d.notice(ctx, tx, from, m)
	case exchange.KindCounts:
		return nil, d.takeCounts(ctx, tx, from, m, at)
	case exchange.KindMonthCounts:
		return nil, d.takeMonth(ctx, tx, from, m, at)
	case exchange.KindWantedCounts:
		return nil, d.sendMonths(ctx, tx, from, m, at)
	}
	return nil, &exchange.Refusal{Reason: exchange.ReasonKind}
}

// Undelivered ends the wait for what a peer has refused for good: every question
// in the message is settled as refused, with the peer's reason.
func (d *Desk) Undelivered(ctx context.Context, tx *store.Tx, peer string, m exchange.Message, why exchange.Reason) error {
	if m.Kind != exchange.KindQuestions {
		return nil
	}
	questions, err := m.Questions()
	if err != nil {
		return err
	}
	at := d.Now()
	replies := make([]exchange.Reply, len(questions))
	outcome := source.Refused
	if why == exchange.ReasonExpired { // nobody has said no: it came too late
		outcome = source.Failed
	}
	for i, q := range questions {
		replies[i] = exchange.Reply{Query: q.ID, Outcome: string(outcome), Reason: string(why), AnsweredBy: peer, Scope: q.Scope, At: at}
	}
	if _, err = d.hear(ctx, tx, peer, replies, at); errors.Is(err, errUnasked) {
		return nil // nobody waits any more
	}
	return err
}

// hear takes a peer's replies: to this node's own queries, and to questions that
// it has passed on for others. It returns the cases that changed.
func (d *Desk) hear(ctx context.Context, tx *store.Tx, peer string, replies []exchange.Reply, at time.Time) ([]string, error) {
	by := make(map[string]exchange.Reply, len(replies))
	for _, r := range replies {
		by[r.Query] = r
	}
	ids := slices.Collect(maps.Keys(by))
	passed, err := d.passBack(ctx, tx, peer, ids, by, at)
	if err != nil {
		return nil, err
	}
	queries, stages, err := askedOf(ctx, tx, peer, ids)
	if err != nil {
		return nil, err
	}
	if len(queries)+passed == 0 {
		return nil, errUnasked
	}
	r := &round{cases: map[string]*hedui.Case{}, touched: map[string]bool{}, answers: map[string]source.Answer{}}
	for _, q := range queries {
		r.cases[q.Case] = nil
	}
	var jobs []string
	for i := range queries {
		q := &queries[i]
		stage := stages[q.Case]
		if q.Settled() || stage == hedui.Handed { // whoever has the case now asks anew
			continue
		}
		r.touched[q.ID] = true
		jobs = append(jobs, askJob(*q, at).ID)
		if !stage.Asking() && stage != hedui.Suspended { // nobody may read it any more
			q.GiveUp(hedui.ReasonEnded, at)
			continue
		}
		r.answers[q.ID] = takeReply(q, by[q.ID], at)
	}
	if err := tx.DropJobs(ctx, jobs); err != nil {
		return nil, err
	}
	return slices.Collect(maps.Keys(r.cases)), d.write(ctx, tx, hedui.AtNode(peer), r, queries, nil, at)
}

// askedOf returns those of the queries that were put to a peer, and the stages of
// their cases. They are read again once the cases are locked: what came at the
// same time in another message is settled already.
func askedOf(ctx context.Context, tx *store.Tx, peer string, ids []string) ([]hedui.Query, map[string]hedui.Stage, error) {
	of := func() ([]hedui.Query, error) {
		queries, err := tx.QueriesByID(ctx, ids)
		return slices.DeleteFunc(queries, func(q hedui.Query) bool { return q.Source != hedui.AtNode(peer) }), err
	}
	queries, err := of()
	if err != nil || len(queries) == 0 {
		return nil, nil, err
	}
	cases := map[string]bool{}
	for _, q := range queries {
		cases[q.Case] = true
	}
	stages, err := tx.LockCases(ctx, slices.Collect(maps.Keys(cases)))
	if err != nil {
		return nil, nil, err
	}
	queries, err = of()
	return queries, stages, err
}

// takeReply puts a reply into a query. What is not in the form of the catalogue
// is no answer.
func takeReply(q *hedui.Query, reply exchange.Reply, at time.Time) source.Answer {
	a := source.Answer{Query: q.ID, Outcome: source.Outcome(reply.Outcome), Records: reply.Records, Match: source.Match(reply.Match),
		AsOf: reply.AsOf, Hash: reply.Hash, Reason: source.Reason(reply.Reason)}
	if q.AnsweredBy = reply.AnsweredBy; reply.Department != "" {
		q.Department = reply.Department
	}
	if reply.Scope != q.Scope || !inForm(q.Category, a.Records) {
		a = source.Answer{Query: q.ID, Outcome: source.Failed, Reason: source.ReasonMalformed}
	}
	if !a.Outcome.Final() { // the other node asks no more
		q.Reason = ""
		q.GiveUp(a.Reason, at)
		return a
	}
	q.Attempts-- // the letter was counted when it was sent
	q.Take(a, at)
	return a
}

func inForm(code catalog.Code, records []catalog.Record) bool {
	known, ok := catalog.Get(code)
	return ok && !slices.ContainsFunc(records, func(r catalog.Record) bool { return len(known.Check(r)) > 0 })
}

// passBack hands replies on to the peers whose questions this node has passed on,
// and returns how many there were.
func (d *Desk) passBack(ctx context.Context, tx *store.Tx, peer string, ids []string, by map[string]exchange.Reply, at time.Time) (int, error) {
	relays, err := tx.RelaysByQuery(ctx, ids)
	if err != nil {
		return 0, err
	}
	relays = slices.DeleteFunc(relays, func(r store.Relay) bool { return r.Source != hedui.AtNode(peer) })
	if len(relays) == 0 {
		return 0, nil
	}
	heard := newReturns(at)
	var jobs []string
	for i := range relays {
		relay := &relays[i]
		if !open(*relay) {
			continue
		}
		x := &relayed{relay: *relay}
		if x.question, err = exchange.DecodeQuestion(relay.Body); err != nil {
			return 0, err
		}
		reply := by[relay.Query]
		relay.State, relay.AnsweredAt = hedui.Answered, at
		relay.Outcome, relay.Reason = source.Outcome(reply.Outcome), source.Reason(reply.Reason)
		heard.count(x, source.Answer{Outcome: relay.Outcome})
		heard.reply(relay, reply)
		jobs = append(jobs, relayJob(*relay, at).ID)
	}
	if err := tx.SaveRelays(ctx, relays); err != nil {
		return 0, err
	}
	if err := tx.DropJobs(ctx, jobs); err != nil {
		return 0, err
	}
	return len(relays), heard.send(ctx, tx, hedui.AtNode(peer))
}

// cancel ends questions of a peer. One that has not come yet is kept as
// cancelled, since no order is promised.
func (d *Desk) cancel(ctx context.Context, tx *store.Tx, from Neighbour, m exchange.Message, at time.Time) error {
	cancels, err := m.Cancels()
	if err != nil {
		return err
	}
	ids := make([]string, len(cancels))
	unknown := map[string]store.Relay{}
	for i, c := range cancels {
		ids[i] = store.RelayID(from.Name, c.Query)
		unknown[ids[i]] = store.Relay{ID: ids[i], Peer: from.Name, Query: c.Query, State: hedui.Cancelled, CreatedAt: at,
			ExpiresAt: at.Add(exchange.MaxLife), AnsweredAt: at, Outcome: source.Failed, Reason: hedui.ReasonEnded}
	}
	relays, err := tx.RelaysByID(ctx, ids)
	if err != nil {
		return err
	}
	on := map[string]*post{}
	var jobs, gone []string
	for i := range relays {
		r := &relays[i]
		delete(unknown, r.ID)
		if !open(*r) {
			continue
		}
		gone = append(gone, r.ID)
		if peer, away := hedui.NodeOf(r.Source); away && r.State != hedui.Waiting {
			if on[peer] == nil {
				on[peer] = newPost(peer, at)
			}
			on[peer].withdraw(r.Query, r.Token)
		}
		r.State, r.AnsweredAt, r.Outcome, r.Reason = hedui.Cancelled, at, source.Failed, hedui.ReasonEnded
		jobs = append(jobs, relayJob(*r, at).ID)
	}
	if err := tx.SaveRelays(ctx, relays); err != nil {
		return err
	}
	if _, err := tx.AddRelays(ctx, slices.Collect(maps.Values(unknown))); err != nil {
		return err
	}
	if err := errors.Join(tx.DropJobs(ctx, jobs), tx.EndItems(ctx, true, gone, at)); err != nil {
		return err
	}
	for _, p := range on {
		if err := p.send(ctx, tx); err != nil {
			return err
		}
	}
	return tx.Record(ctx, audit.New(at, hedui.System.ID, from.Name, audit.RelayCancelled, m.ID, countWords(map[string]int{"cancelled": len(cancels)})))
}

// notice takes what a peer tells of questions it still works on, and passes on
// what is about another node's.
func (d *Desk) notice(ctx context.Context, tx *store.Tx, from Neighbour, m exchange.Message) ([]string, error) {
	notices, err := m.Notices()
	if err != nil {
		return nil, err
	}
	by := map[string]exchange.Notice{}
	for _, n := range notices {
		if n.Word == wordFailing {
			by[n.Query] = n
		}
	}
	ids := slices.Collect(maps.Keys(by))
	queries, _, err := askedOf(ctx, tx, from.Name, ids)
	if err != nil {
		return nil, err
	}
	var failing []hedui.Query
	var cases []string
	for _, q := range queries {
		if !q.Settled() {
			q.State, q.Outcome, q.Reason = hedui.Retrying, source.Failed, oneWord(source.Reason(by[q.ID].Detail["reason"]))
			q.HeldUntil = heldUntil(by[q.ID], q.Reason)
			failing, cases = append(failing, q), append(cases, q.Case)
		}
	}
	if err := tx.SaveQueries(ctx, failing); err != nil {
		return nil, err
	}
	relays, err := tx.RelaysByQuery(ctx, ids)
	if err != nil {
		return nil, err
	}
	on := newReturns(d.Now())
	for _, r := range relays {
		if open(r) && r.Source == hedui.AtNode(from.Name) {
			on.notice(&r, by[r.Query])
		}
	}
	return cases, on.send(ctx, tx, hedui.AtNode(from.Name))
}

// heldUntil is from when a department can be asked, as its node says. A peer that
// does not say so, or not in form, is of an older version.
func heldUntil(n exchange.Notice, why source.Reason) time.Time {
	until, err := time.Parse(time.RFC3339, n.Detail["until"])
	if err != nil || !hedui.Waits(why) {
		return time.Time{}
	}
	return until.UTC()
}
