package casework

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"hedui/day"
	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/source"
)

// A peer is asked as a source is, with one difference: nobody waits for it. What
// is asked goes into the outbox in the transaction that marks the query as sent,
// and the answer comes in by [Desk.Receive]. The job of the query sleeps
// meanwhile and gives up at last.

// postBatch is how many queries are put into letters in one transaction.
const postBatch = 400

// perLetter is how many questions one letter holds at most.
const perLetter = 100

// maxWait is how long a question may wait for its answer in one letter; then it
// is asked anew. Envelopes live a day longer, see [exchange.MaxLife].
const maxWait = exchange.MaxLife - 24*time.Hour

// preparePeers makes a lane for each peer that holds a register.
func (d *Desk) preparePeers() error {
	peers := map[string]bool{}
	for _, r := range d.Registers {
		peer, away := hedui.NodeOf(r.Source)
		switch {
		case !away && d.guards[r.Source] == nil:
			return fmt.Errorf("casework: the register %s of %s names the source %q, which there is not", r.Category, r.Scope, r.Source)
		case !away:
		case d.Node == "":
			return fmt.Errorf("casework: a node without a name cannot ask the peer %s", peer)
		case !peers[peer]:
			peers[peer] = true
			d.runner.Lanes = append(d.runner.Lanes, queue.Lane{Name: askLane(r.Source), Batch: postBatch, Workers: 1,
				Lease: time.Minute, Strikes: math.MaxInt32, Work: d.postWork(peer)})
		}
	}
	return nil
}

// post is one transaction's letters to one peer.
type post struct {
	peer      string
	at        time.Time
	questions map[postKey][]exchange.Question
	cancels   exchange.Cancels
	parcels   []store.Parcel
}

// postKey says what goes into one letter: what concerns one case, or one asking
// peer's questions of one purpose, and is wanted until one instant.
type postKey struct {
	about   string
	purpose string
	until   int64 // Unix milliseconds
}

// postWork returns the work of a peer's lane.
func (d *Desk) postWork(peer string) func(context.Context, []queue.Job) error {
	return func(ctx context.Context, jobs []queue.Job) error {
		var r *round
		err := d.DB.InTx(ctx, func(tx *store.Tx) (err error) {
			if r, err = load(ctx, tx, jobs); err != nil {
				return err
			}
			p := &post{peer: peer, at: d.Now(), questions: map[postKey][]exchange.Question{}}
			r.sift(p.at)
			changed := slices.Clone(r.queries)
			var done []queue.Job
			for i := range changed {
				finished, err := d.postQuery(ctx, tx, p, r, &changed[i])
				if err != nil {
					return err
				}
				if finished {
					done = append(done, r.jobs[changed[i].ID])
				}
			}
			if err := d.postRelays(ctx, tx, p, r); err != nil {
				return err
			}
			if err := p.send(ctx, tx); err != nil {
				return err
			}
			return d.write(ctx, tx, hedui.AtNode(peer), r, changed, done, p.at)
		})
		if r != nil {
			d.watch.changed(slices.Collect(maps.Keys(r.cases))...)
		}
		return err
	}
}

// postQuery writes one query into a letter, or gives it up, and says whether its
// job is finished.
func (d *Desk) postQuery(ctx context.Context, tx *store.Tx, p *post, r *round, q *hedui.Query) (finished bool, err error) {
	job, c := r.jobs[q.ID], r.cases[q.Case]
	switch {
	case q.Settled() || c == nil:
		return true, nil
	case c.Stage == hedui.Suspended:
		return false, tx.SnoozeJob(ctx, job, p.at.Add(suspendedWait))
	}
	until := d.patience(c)
	r.touched[q.ID] = true
	switch {
	case !c.Stage.Asking():
		p.withdraw(q)
		q.GiveUp(hedui.ReasonEnded, p.at)
		return true, nil
	case r.unsent[q.ID]:
		p.withdraw(q)
		q.Take(r.answers[q.ID], p.at)
		return true, nil
	case !p.at.Before(until):
		q.GiveUp(hedui.ReasonLink, p.at)
		return true, nil
	}
	asked, err := c.Question(q, p.at) // as sift has found it
	if err != nil {
		return false, err
	}
	terms := asked.Mandate().Terms()
	until = earlierOf(until, earlierOf(terms.Until, p.at.Add(maxWait)))
	key := postKey{c.ID, asked.Purpose(), until.UnixMilli()}
	p.questions[key] = append(p.questions[key], QuestionOf(asked, hedui.Todays(c.Division, day.Of(p.at)), q.Scope, d.Node))
	r.posted[q.ID] = true
	q.Post(p.at)
	return false, tx.SnoozeJob(ctx, job, until)
}

// QuestionOf is what another node learns of a query: person, category, window
// and the mandate as far as the category goes.
func QuestionOf(q source.Query, division, scope, node string) exchange.Question {
	terms, window := q.Mandate().Terms(), q.Window()
	return exchange.Question{
		ID: q.ID(), Division: division, Scope: scope, Category: q.Category(), From: window.From, To: window.To, Hops: []string{node},
		Person:  exchange.Person{Name: terms.Person.Name, ID: terms.Person.ID},
		Mandate: exchange.Mandate{Number: terms.Number, Consent: terms.Consent, Purpose: terms.Purpose, From: terms.From, Until: terms.Until},
	}
}

// withdraw tells the peer that an answer is not wanted any more, if it was asked.
func (p *post) withdraw(q *hedui.Query) {
	if q.State != hedui.Waiting {
		p.cancels = append(p.cancels, exchange.Cancel{Query: q.ID, Reason: string(hedui.ReasonEnded), At: p.at})
	}
}

// send puts everything into the outbox.
func (p *post) send(ctx context.Context, tx *store.Tx) error {
	for key, questions := range p.questions {
		for part := range slices.Chunk(questions, perLetter) {
			if err := p.add(time.UnixMilli(key.until), exchange.Questions(part)); err != nil {
				return err
			}
		}
	}
	for part := range slices.Chunk(p.cancels, exchange.MaxItems) {
		if err := p.add(p.at.Add(maxWait), part); err != nil {
			return err
		}
	}
	return tx.AddParcels(ctx, p.parcels...)
}

func (p *post) add(expires time.Time, body exchange.Body) error {
	m, err := exchange.NewMessage(exchange.NewID(), expires, body)
	if err != nil {
		return fmt.Errorf("casework: letter to %s: %w", p.peer, err)
	}
	p.parcels = append(p.parcels, Letter(p.peer, m, p.at))
	return nil
}

func earlierOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// nameLinks says of queries that are under way at a deadline when it is the link
// that they wait for.
func (d *Desk) nameLinks(ctx context.Context, tx *store.Tx, id string) error {
	links, err := tx.Links(ctx)
	if err != nil || len(links) == 0 {
		return err
	}
	queries, err := tx.Queries(ctx, id)
	if err != nil {
		return err
	}
	var cut []hedui.Query
	for _, q := range queries {
		peer, away := hedui.NodeOf(q.Source)
		down := slices.ContainsFunc(links, func(l store.Link) bool { return l.Peer == peer && !l.Up })
		if away && down && q.State == hedui.Pending {
			q.Reason = hedui.ReasonLink
			cut = append(cut, q)
		}
	}
	return tx.SaveQueries(ctx, cut)
}
