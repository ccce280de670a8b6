package casework

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/source"
)

// A relay is a question that a peer asks of this node. It is worked by the same
// lane, within the same limits, as the node's own queries to that source.

const jobRelay = "casework.relay"

func relayJob(r store.Relay, at time.Time) queue.Job {
	return queue.Job{ID: "relay:" + r.ID, Kind: jobRelay, Lane: askLane(r.Source), Payload: []byte(r.ID), RunAt: at}
}

// Reasons for which a question of a peer is refused, beside those of package source.
const (
	reasonCategory source.Reason = "category"      // the programme does not ask for it
	reasonDivision source.Reason = "division_case" // the case is not in the peer's division
	reasonCircle   source.Reason = "circle"        // the question has been here before
)

// mostOpen is how many questions of one peer may be open; more have to wait at
// the peer.
const mostOpen = 200_000

// take takes the questions of a peer: those that must not be asked are answered
// at once, the others are queued.
func (d *Desk) take(ctx context.Context, tx *store.Tx, from Neighbour, m exchange.Message, at time.Time) error {
	questions, err := m.Questions()
	if err != nil {
		return err
	}
	switch open, err := tx.RelayOpen(ctx, from.Name); {
	case err != nil:
		return err
	case questions[0].Signed == "": // all are, or none
		return &exchange.Refusal{Reason: exchange.ReasonUnsigned}
	case open+len(questions) > mostOpen:
		return &exchange.Refusal{Reason: exchange.ReasonBusy}
	}
	taken := make([]store.Relay, len(questions))
	refused := map[string]exchange.Reply{}
	counts := map[string]int{}
	for i, q := range questions {
		r, reply, err := d.judge(from, q, at)
		if err != nil {
			return err
		}
		r.ExpiresAt = earlierOf(m.ExpiresAt, q.Mandate.Until)
		if reply != nil {
			refused[r.ID] = *reply
			r.ExpiresAt = m.ExpiresAt
			counts[string(q.Category)+"="+reply.Reason]++
		} else {
			counts[string(q.Category)]++
		}
		taken[i] = r
	}
	fresh, err := tx.AddRelays(ctx, taken)
	if err != nil {
		return err
	}
	var jobs []queue.Job
	out := newPost(from.Name, at)
	var replies exchange.Replies
	for _, r := range fresh {
		if reply, no := refused[r.ID]; no {
			replies = append(replies, reply)
		} else {
			jobs = append(jobs, relayJob(r, at))
		}
	}
	if err := out.reply(replies, m.ExpiresAt); err != nil {
		return err
	}
	if err := out.send(ctx, tx); err != nil {
		return err
	}
	if err := tx.Enqueue(ctx, jobs...); err != nil {
		return err
	}
	return tx.Record(ctx, audit.New(at, hedui.System.ID, from.Name, audit.RelayTaken, m.ID, m.Purpose+" "+countWords(counts)))
}

// judge decides what becomes of one question: it is refused with a reply, or it
// becomes a relay to the register it is for.
func (d *Desk) judge(from Neighbour, q exchange.Question, at time.Time) (store.Relay, *exchange.Reply, error) {
	r := store.Relay{ID: store.RelayID(from.Name, q.ID), Peer: from.Name, Query: q.ID, Category: q.Category, State: hedui.Waiting, CreatedAt: at}
	register, signed, outcome, why := d.admit(from, q, at)
	if outcome != "" {
		r.State, r.Outcome, r.Reason, r.AnsweredAt = hedui.Answered, outcome, why, at
		return r, &exchange.Reply{Query: q.ID, Outcome: string(outcome), Reason: string(why),
			AnsweredBy: d.Node, Scope: q.Scope, At: at}, nil
	}
	var err error
	r.Source = register.Source
	if q.Signed, err = d.handOnward(signed, from, q, register); err != nil {
		return r, nil, err
	}
	r.Body, err = q.Encode()
	return r, nil, err
}

// admit holds a question against what the peer may ask: the mandate, as it is told
// and as it is signed, the programme's categories, the division of the case, the
// way the question came. An outcome means that it is not passed on.
func (d *Desk) admit(from Neighbour, q exchange.Question, at time.Time) (hedui.Register, source.Signed, source.Outcome, source.Reason) {
	on := day.Of(at)
	programme := hedui.Programme(q.Mandate.Purpose)
	register, known := d.Registers.At(q.Category, q.Scope, on)
	_, circle := q.Via(d.Node)
	signed, broken := d.verify(from, q, at)
	switch {
	case circle != nil:
		return register, signed, source.Refused, reasonCircle
	case at.Add(exchange.DefaultSkew).Before(q.Mandate.From), !at.Before(q.Mandate.Until):
		return register, signed, source.Refused, source.ReasonMandate
	case !slices.Contains(programme.Categories(), q.Category):
		return register, signed, source.Refused, reasonCategory
	case !from.Parent && !from.Covers(q.Division, on):
		return register, signed, source.Refused, reasonDivision
	case broken != "":
		return register, signed, source.Refused, broken
	case !known || register.Source == hedui.AtNode(from.Name): // it would go back where it came from
		return register, signed, source.NotCovered, hedui.ReasonNoSource
	}
	return register, signed, "", ""
}

// relayed is a question of a peer in a round.
type relayed struct {
	job      queue.Job
	relay    store.Relay // as it was when the round began
	question exchange.Question
}

// loadRelays reads relays; of one that is settled or gone only the job is left.
func (r *round) loadRelays(ctx context.Context, tx *store.Tx, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	list, err := tx.RelaysByID(ctx, ids)
	if err != nil {
		return err
	}
	for _, relay := range list {
		x := r.relays[relay.ID]
		x.relay = relay
		if open(relay) {
			if x.question, err = exchange.DecodeQuestion(relay.Body); err != nil {
				return fmt.Errorf("relay %s: %w", relay.ID, err)
			}
		}
	}
	return nil
}

func open(r store.Relay) bool {
	return r.ID != "" && r.State != hedui.Answered && r.State != hedui.Cancelled
}

// siftRelays makes the queries of the peers' questions, each under the mandate it
// came with, narrowed to its category.
func (r *round) siftRelays(at time.Time) {
	for id, x := range r.relays {
		if !open(x.relay) || !at.Before(x.relay.ExpiresAt) {
			continue
		}
		q, err := x.query(at)
		if err != nil {
			r.unsent[id] = true
			r.answers[id] = source.Answer{Query: id, Outcome: source.Refused, Reason: source.ReasonMandate}
			continue
		}
		r.asked = append(r.asked, q)
	}
}

func (x *relayed) query(at time.Time) (source.Query, error) {
	q := x.question
	if q.Signed == "" { // taken before questions carried one
		return source.Query{}, source.ErrNoMandate
	}
	m, err := source.Mint(source.Terms{Number: q.Mandate.Number, Consent: q.Mandate.Consent, Purpose: q.Mandate.Purpose,
		Person:     source.Person{Name: q.Person.Name, ID: q.Person.ID},
		Categories: []catalog.Code{q.Category}, From: earlierOf(q.Mandate.From, at), Until: q.Mandate.Until}) // the asker's clock may run ahead
	if err != nil {
		return source.Query{}, err
	}
	asked, err := m.Query(x.relay.ID, q.Category, source.Window{From: q.From, To: q.To}, at)
	return asked.WithToken(x.relay.Token).WithSigned(q.Signed), err
}

// settleRelays puts what was heard into the relays of a round, and the replies
// into the outboxes of those who asked.
func (d *Desk) settleRelays(ctx context.Context, tx *store.Tx, g *guard, r *round, at time.Time) error {
	if len(r.relays) == 0 {
		return nil
	}
	now, err := tx.RelaysByID(ctx, slices.Collect(maps.Keys(r.relays))) // one may have been cancelled meanwhile
	if err != nil {
		return err
	}
	var changed []store.Relay
	var done []queue.Job
	var void []string // jobs of what was settled meanwhile; the cancel that did so may have dropped them
	heard := newReturns(at)
	rest := maps.Clone(r.relays) // the transaction may run again: r stays as it is
	for _, relay := range now {
		x := r.relays[relay.ID]
		if !open(relay) {
			continue
		}
		delete(rest, relay.ID)
		finished, err := d.settleRelay(ctx, tx, r, x, &relay, heard)
		if err != nil {
			return err
		}
		changed = append(changed, relay)
		if finished {
			done = append(done, x.job)
		}
	}
	for _, x := range rest { // settled, or the row is gone
		void = append(void, x.job.ID)
	}
	if err := tx.SaveRelays(ctx, changed); err != nil {
		return err
	}
	if err := errors.Join(tx.FinishJobs(ctx, done), tx.DropJobs(ctx, void)); err != nil {
		return err
	}
	if err := d.hurryRelays(ctx, tx, heard, g.info.Name); err != nil {
		return err
	}
	return heard.send(ctx, tx, g.info.Name)
}

// settleRelay does for a relay what settle does for a query.
func (d *Desk) settleRelay(ctx context.Context, tx *store.Tx, r *round, x *relayed, relay *store.Relay, heard *returns) (finished bool, err error) {
	id, at := relay.ID, heard.at
	if !at.Before(relay.ExpiresAt) {
		relay.State, relay.AnsweredAt, relay.Outcome, relay.Reason = hedui.Cancelled, at, source.Failed, hedui.ReasonEnded
		return true, nil
	}
	before := relay.Reason
	if h, ok := r.held[id]; ok {
		return false, keepRelay(ctx, tx, x, relay, h, heard)
	}
	a := r.answers[id]
	q := hedui.Query{State: relay.State, Attempts: relay.Attempts, Token: relay.Token, Reason: relay.Reason, AskedAt: relay.AskedAt}
	q.Take(a, at)
	relay.State, relay.Attempts, relay.Token, relay.Reason, relay.Outcome = q.State, q.Attempts, q.Token, q.Reason, q.Outcome
	if relay.AskedAt.IsZero() && !r.unsent[id] {
		relay.AskedAt = r.began
	}
	if !r.unsent[id] {
		r.hear(a, q.State, relay.AskedAt, at)
	}
	heard.count(x, a)
	switch q.State {
	case hedui.Answered:
		d.answerRelay(x, relay, a, heard)
		heard.back = heard.back || x.relay.State == hedui.Retrying
		return true, nil
	case hedui.Pending:
		return false, tx.SnoozeJob(ctx, x.job, at.Add(max(a.Later.After, shortestWait)))
	}
	if relay.Reason != before {
		heard.failing(relay, time.Time{})
	}
	return false, tx.SnoozeJob(ctx, x.job, at.Add(max(min(r.wait, longestWait), queue.Backoff(relay.Attempts, jitter))))
}

// hurryRelays asks again at once what the same source has failed to answer: a
// department that answers one question is back.
func (d *Desk) hurryRelays(ctx context.Context, tx *store.Tx, heard *returns, sourceName string) error {
	if !heard.back {
		return nil
	}
	failing, err := tx.RetryingRelays(ctx, sourceName)
	if err != nil || len(failing) == 0 {
		return err
	}
	jobs := make([]string, len(failing))
	for i, id := range failing {
		jobs[i] = relayJob(store.Relay{ID: id}, heard.at).ID
	}
	return tx.MoveJobs(ctx, jobs, heard.at)
}

// postRelays passes questions of peers on to another one.
func (d *Desk) postRelays(ctx context.Context, tx *store.Tx, p *post, r *round) error {
	var changed []store.Relay
	var done []queue.Job
	var void []string
	counts := map[string]int{}
	for _, x := range r.relays {
		relay := x.relay
		on, err := x.question.Via(d.Node)
		switch {
		case !open(relay) || err != nil:
			void = append(void, x.job.ID)
			continue
		case !p.at.Before(relay.ExpiresAt):
			relay.State, relay.AnsweredAt, relay.Outcome, relay.Reason = hedui.Cancelled, p.at, source.Failed, hedui.ReasonEnded
			done = append(done, x.job)
		default:
			key := postKey{"@" + relay.Peer, on.Mandate.Purpose, earlierOf(relay.ExpiresAt, p.at.Add(maxWait)).UnixMilli()}
			relay.Token = p.ask(key, on, relay.Token, x.job)
			relay.State, relay.Attempts, relay.Reason = hedui.Pending, relay.Attempts+1, hedui.ReasonSent
			if relay.AskedAt.IsZero() {
				relay.AskedAt = p.at
			}
			counts[relay.Peer+" "+string(relay.Category)]++
		}
		changed = append(changed, relay)
	}
	if err := tx.SaveRelays(ctx, changed); err != nil {
		return err
	}
	if len(counts) > 0 {
		if err := tx.Record(ctx, audit.New(p.at, hedui.System.ID, hedui.AtNode(p.peer), audit.RelayAsked, "", countWords(counts))); err != nil {
			return err
		}
	}
	return errors.Join(tx.FinishJobs(ctx, done), tx.DropJobs(ctx, void))
}
