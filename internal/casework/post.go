package casework

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

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
	peer    string
	at      time.Time
	sheets  []*sheet
	filling map[postKey]*sheet // the one of each kind that has room
	cancels exchange.Cancels
	recall  map[string]bool // letters of which something is not wanted any more
	gone    map[string]bool // questions that need not be asked by those letters
	parcels []store.Parcel
}

// sheet is a letter of questions while it is written.
type sheet struct {
	id        string
	until     time.Time
	questions exchange.Questions
	jobs      []queue.Job // of the questions
}

func newPost(peer string, at time.Time) *post {
	return &post{peer: peer, at: at, filling: map[postKey]*sheet{}, recall: map[string]bool{}, gone: map[string]bool{}}
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
	return d.handOn(hedui.AtNode(peer), func(ctx context.Context, tx *store.Tx, r *round, at time.Time) errand {
		p := newPost(peer, at)
		return errand{
			query:  func(q *hedui.Query) (bool, error) { return d.postQuery(ctx, tx, p, r, q) },
			relays: func() error { return d.postRelays(ctx, tx, p, r) },
			save:   func() error { return p.send(ctx, tx) },
		}
	})
}

// postQuery writes one query into a letter, or gives it up, and says whether its
// job is finished.
func (d *Desk) postQuery(ctx context.Context, tx *store.Tx, p *post, r *round, q *hedui.Query) (finished bool, err error) {
	job, c := r.jobs[q.ID], r.cases[q.Case]
	if c.Stage == hedui.Suspended {
		return false, tx.SnoozeJob(ctx, job, p.at.Add(suspendedWait))
	}
	until := d.patience(c)
	r.touched[q.ID] = true
	switch {
	case !c.Stage.Asking():
		if q.State != hedui.Waiting {
			p.withdraw(q.ID, q.Token)
		}
		q.GiveUp(hedui.ReasonEnded, p.at)
		return true, nil
	case r.unsent[q.ID]:
		if q.State != hedui.Waiting {
			p.withdraw(q.ID, q.Token)
		}
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
	if asked, err = d.hand(c, q, asked, p.peer, terms.Until); err != nil {
		return false, err
	}
	question := QuestionOf(asked, c.Division, q.Scope, d.Node)
	if question.Check() != nil { // it must not hold up what others ask
		r.answers[q.ID] = source.Answer{Query: q.ID, Outcome: source.Failed, Reason: source.ReasonMalformed}
		q.GiveUp(source.ReasonMalformed, p.at)
		return true, nil
	}
	q.Token = p.ask(postKey{c.ID, asked.Purpose(), until.UnixMilli()}, question, q.Token, job)
	r.posted[q.ID] = true
	q.Post(p.at)
	return false, nil
}

// ask writes a question into a letter and returns the letter's id, which is kept
// with the question. One in which it went before need not be sent any more. The
// job sleeps until the letter expires.
func (p *post) ask(key postKey, q exchange.Question, before string, job queue.Job) string {
	if before != "" {
		p.recall[before], p.gone[q.ID] = true, true
	}
	s := p.filling[key]
	if s == nil || len(s.questions) == perLetter {
		s = &sheet{id: exchange.NewID(), until: time.UnixMilli(key.until)}
		p.filling[key], p.sheets = s, append(p.sheets, s)
	}
	s.questions, s.jobs = append(s.questions, q), append(s.jobs, job)
	return s.id
}

// QuestionOf is what another node learns of a query: person, category, window
// and the mandate as far as the category goes.
func QuestionOf(q source.Query, division, scope, node string) exchange.Question {
	terms, window := q.Mandate().Terms(), q.Window()
	return exchange.Question{
		ID: q.ID(), Division: division, Scope: scope, Signed: q.Signed(), Category: q.Category(), From: window.From, To: window.To, Hops: []string{node},
		Person:  exchange.Person{Name: terms.Person.Name, ID: terms.Person.ID},
		Mandate: exchange.Mandate{Number: terms.Number, Consent: terms.Consent, Purpose: terms.Purpose, From: terms.From, Until: terms.Until},
	}
}

// withdraw tells the peer that an answer is not wanted any more, if it was asked.
// What still lies in the outbox does not leave it, and the cancel is sent all the
// same: the letter may have arrived without our knowing.
func (p *post) withdraw(query, letter string) {
	p.cancels = append(p.cancels, exchange.Cancel{Query: query, Reason: string(hedui.ReasonEnded), At: p.at})
	if letter != "" {
		p.recall[letter], p.gone[query] = true, true
	}
}

// send puts everything into the outbox, and takes out what was recalled.
func (p *post) send(ctx context.Context, tx *store.Tx) error {
	if err := p.drop(ctx, tx); err != nil {
		return err
	}
	for _, s := range p.sheets {
		if err := tx.SnoozeJobs(ctx, s.jobs, s.until); err != nil {
			return err
		}
		if err := p.add(s.id, s.until, s.questions); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(p.cancels, exchange.MaxItems) {
		if err := p.add(exchange.NewID(), p.at.Add(maxWait), part); err != nil {
			return err
		}
	}
	return tx.AddParcels(ctx, p.parcels...)
}

// drop takes those of the recalled letters out of the outbox that hold nothing
// else that is wanted.
func (p *post) drop(ctx context.Context, tx *store.Tx) error {
	if len(p.recall) == 0 {
		return nil
	}
	parcels, err := tx.ParcelsByID(ctx, p.peer, slices.Collect(maps.Keys(p.recall)))
	if err != nil {
		return err
	}
	var empty []string
	for _, parcel := range parcels {
		wanted, err := p.wanted(ctx, tx, parcel)
		if err != nil {
			return err
		}
		if !wanted {
			empty = append(empty, parcel.ID)
		}
	}
	if len(empty) == 0 {
		return nil
	}
	return tx.DropParcels(ctx, p.peer, empty)
}

// wanted reports whether a letter of questions holds one that somebody waits for.
func (p *post) wanted(ctx context.Context, tx *store.Tx, parcel store.Parcel) (bool, error) {
	m, err := ReadLetter(parcel)
	if err != nil {
		return false, err
	}
	questions, err := m.Questions()
	if err != nil {
		return false, err
	}
	var rest []string
	for _, q := range questions {
		if !p.gone[q.ID] {
			rest = append(rest, q.ID)
		}
	}
	if len(rest) == 0 {
		return false, nil
	}
	queries, err := tx.QueriesByID(ctx, rest)
	if err != nil {
		return false, err
	}
	relays, err := tx.RelaysByQuery(ctx, rest)
	return slices.ContainsFunc(queries, func(q hedui.Query) bool { return !q.Settled() }) || slices.ContainsFunc(relays, open), err
}

func (p *post) add(id string, expires time.Time, body exchange.Body) error {
	m, err := exchange.NewMessage(id, expires, body)
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
