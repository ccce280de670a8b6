package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/federation"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/source"
)

// plainAPI is what somebody would build instead of an exchange: the questions of a
// case as one HTTPS POST that is held until all of them are answered. Bodies,
// strict reading, keys and TLS are those of the nodes; there is no envelope, no
// outbox and no queue. With keeps both sides write what is asked before it is
// asked and what is answered before it is told, in one transaction each, into the
// same tables; so a request commits four times.
type plainAPI struct {
	hub, county *node
	keeps       atomic.Bool
	sources     map[catalog.Code]source.Source
	client      http.Client
	url         string
}

// plain measures plain HTTPS between the same two databases: first nothing is
// stored, then everything. The nodes themselves stand still.
func (l *linkBench) plain(ctx context.Context) (bare, kept timing, err error) {
	api, done, err := l.openPlain(ctx)
	if err != nil {
		return bare, kept, err
	}
	defer done()
	single, err := l.acceptAll(ctx, l.Cases+1, true)
	if err != nil {
		return bare, kept, err
	}
	many, err := l.acceptAll(ctx, l.Cases, false)
	if err != nil {
		return bare, kept, err
	}
	bare, kept = timing{name: "bench.link.bare"}, timing{name: "bench.link.kept"}
	if _, err := l.askPlain(ctx, api, &bare, single, many); err != nil {
		return bare, kept, err
	}
	bare.answered = len(many) * householdSize * len(catalog.Usual()) // each was held against the answers
	api.keeps.Store(true)
	took, err := l.askPlain(ctx, api, &kept, single, many)
	if err != nil {
		return bare, kept, err
	}
	return bare, kept, l.count(ctx, &kept, many, took)
}

// askPlain asks the single questions one by one, then all cases, so many at once.
func (l *linkBench) askPlain(ctx context.Context, api *plainAPI, t *timing, single, many []string) (time.Duration, error) {
	for i, id := range single {
		batch, err := api.load(ctx, id)
		if err != nil {
			return 0, err
		}
		begun := time.Now()
		if err := api.one(ctx, batch); err != nil {
			return 0, err
		}
		if i > 0 { // the first makes the connection
			t.took = append(t.took, time.Since(begun))
		}
	}
	begun := time.Now()
	var g errgroup.Group
	g.SetLimit(l.Parallel)
	for _, id := range many {
		g.Go(func() error {
			batch, err := api.load(ctx, id)
			if err != nil {
				return err
			}
			return api.one(ctx, batch)
		})
	}
	err := g.Wait()
	took := time.Since(begun)
	t.rate = float64(len(many)*householdSize*len(catalog.Usual())) / took.Seconds()
	return took, err
}

// openPlain serves the hub's side over TLS with the keys of both nodes.
func (l *linkBench) openPlain(ctx context.Context) (*plainAPI, func(), error) {
	hub, err := federation.Pinned(ctx, l.county.db, hubName)
	if err != nil {
		return nil, nil, err
	}
	identity := func(n *node) exchange.Identity { return federation.Identity(n.peers.Ring, n.name, n.division, n.level) }
	serve, err := exchange.ServerTLS(identity(l.hub))
	if err != nil {
		return nil, nil, err
	}
	dial, err := exchange.ClientTLS(identity(l.county), func(string) (exchange.Peer, bool) { return hub, true }, hubName, time.Now, exchange.DefaultSkew)
	if err != nil {
		return nil, nil, err
	}
	door, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	transport := &http.Transport{TLSClientConfig: dial, ForceAttemptHTTP2: true, DisableCompression: true}
	api := &plainAPI{hub: l.hub, county: l.county, sources: map[catalog.Code]source.Source{}, client: http.Client{Transport: transport},
		url: "https://" + door.Addr().String()}
	for _, s := range l.hub.sources {
		api.sources[s.Info().Categories[0]] = s
	}
	server := &http.Server{Handler: api, TLSConfig: serve, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.ServeTLS(door, "", "") }() // ends with Close
	return api, func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	}, nil
}

// plainBatch is the questions of one case as the county has them.
type plainBatch struct {
	id        string
	queries   []hedui.Query
	questions exchange.Questions
}

func (p *plainAPI) load(ctx context.Context, id string) (*plainBatch, error) {
	b := &plainBatch{id: id}
	at := time.Now()
	return b, p.county.db.Read(ctx, func(tx *store.Tx) error {
		c, err := tx.Case(ctx, id)
		if err != nil {
			return err
		}
		all, err := tx.Queries(ctx, id)
		if err != nil {
			return err
		}
		for _, q := range all {
			if q.Settled() {
				continue
			}
			asked, err := c.Question(&q, at)
			if err != nil {
				return err
			}
			b.queries = append(b.queries, q)
			b.questions = append(b.questions, casework.QuestionOf(asked, c.Division, q.Scope, p.county.name))
		}
		return nil
	})
}

// one asks the questions of a case and takes the answers.
func (p *plainAPI) one(ctx context.Context, b *plainBatch) error {
	if err := p.note(ctx, b, func(q *hedui.Query, at time.Time) { q.Post(at) }); err != nil {
		return err
	}
	replies, err := p.post(ctx, b.questions)
	if err != nil {
		return err
	}
	by := map[string]exchange.Reply{}
	for _, r := range replies {
		by[r.Query] = r
	}
	for _, q := range b.queries {
		if by[q.ID].Outcome != string(source.None) {
			return fmt.Errorf("query %s: outcome %q", q.ID, by[q.ID].Outcome)
		}
	}
	return p.note(ctx, b, func(q *hedui.Query, at time.Time) {
		r := by[q.ID]
		q.AnsweredBy = r.AnsweredBy
		q.Take(source.Answer{Query: q.ID, Outcome: source.Outcome(r.Outcome), AsOf: r.AsOf}, at)
	})
}

// note writes what has become of the queries, where something is kept.
func (p *plainAPI) note(ctx context.Context, b *plainBatch, change func(*hedui.Query, time.Time)) error {
	if !p.keeps.Load() {
		return nil
	}
	at := time.Now()
	for i := range b.queries {
		change(&b.queries[i], at)
	}
	return p.county.db.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.SaveQueries(ctx, b.queries); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, hedui.System.ID, hubName, audit.Asked, b.id, strconv.Itoa(len(b.queries))))
	})
}

// What a message says on its envelope stands in the headers of the request.
const (
	headerPurpose  = "Hedui-Purpose"
	headerMandate  = "Hedui-Mandate"
	headerMandates = "Hedui-Mandates"
)

func (p *plainAPI) post(ctx context.Context, questions exchange.Questions) (exchange.Replies, error) {
	m, err := exchange.NewMessage(exchange.NewID(), time.Now().Add(time.Hour), questions)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(m.Body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(headerPurpose, m.Purpose)
	r.Header.Set(headerMandate, url.QueryEscape(m.Mandate))
	r.Header.Set(headerMandates, strconv.Itoa(m.Mandates))
	w, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err == nil && w.StatusCode != http.StatusOK {
		err = fmt.Errorf("plain HTTPS: %s", w.Status)
	}
	if err != nil {
		return nil, err
	}
	return exchange.Message{Kind: exchange.KindReplies, Body: body}.Replies()
}

// ServeHTTP is the hub's side.
func (p *plainAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := exchange.Message{ID: exchange.NewID(), Kind: exchange.KindQuestions, Purpose: r.Header.Get(headerPurpose)}
	var errs [3]error
	m.Mandate, errs[0] = url.QueryUnescape(r.Header.Get(headerMandate))
	m.Mandates, errs[1] = strconv.Atoi(r.Header.Get(headerMandates))
	m.Body, errs[2] = io.ReadAll(http.MaxBytesReader(w, r.Body, exchange.MaxBody))
	err := errors.Join(errs[:]...)
	var answer exchange.Message
	if err == nil {
		answer, err = p.answer(r.Context(), m)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(answer.Body) // whoever has gone asks again
}

func (p *plainAPI) answer(ctx context.Context, m exchange.Message) (exchange.Message, error) {
	questions, err := m.Questions()
	if err != nil {
		return exchange.Message{}, err
	}
	at := time.Now()
	relays := map[string]store.Relay{}
	calls := map[catalog.Code][]source.Query{}
	for _, q := range questions {
		relay, asked, err := plainRelay(q, at)
		if err != nil {
			return exchange.Message{}, err
		}
		relays[relay.ID] = relay
		calls[q.Category] = append(calls[q.Category], asked)
	}
	if err := p.record(ctx, relays, audit.RelayTaken, m.ID); err != nil {
		return exchange.Message{}, err
	}
	replies := make(exchange.Replies, 0, len(questions))
	for code, queries := range calls {
		for part := range slices.Chunk(queries, silentBatch) {
			answers, err := p.sources[code].Ask(ctx, part)
			if err == nil {
				err = source.CheckAnswers(part, answers)
			}
			if err != nil {
				return exchange.Message{}, err
			}
			for _, a := range answers {
				r := relays[a.Query]
				r.State, r.Attempts, r.AskedAt, r.AnsweredAt, r.Outcome, r.Reason = hedui.Answered, 1, at, time.Now(), a.Outcome, a.Reason
				relays[a.Query] = r
				replies = append(replies, exchange.Reply{Query: r.Query, Outcome: string(a.Outcome), Reason: string(a.Reason), AsOf: a.AsOf,
					Department: p.sources[code].Info().Department, AnsweredBy: p.hub.name, Scope: cityDivision, At: r.AnsweredAt})
			}
		}
	}
	if err := p.record(ctx, relays, audit.RelayAsked, m.ID); err != nil {
		return exchange.Message{}, err
	}
	return exchange.NewMessage(exchange.NewID(), at.Add(time.Hour), replies)
}

// record writes the questions at the hub, where something is kept. A question
// that comes again takes the place of the earlier one.
func (p *plainAPI) record(ctx context.Context, relays map[string]store.Relay, verb audit.Verb, about string) error {
	if !p.keeps.Load() {
		return nil
	}
	list := slices.Collect(maps.Values(relays))
	return p.hub.db.InTx(ctx, func(tx *store.Tx) (err error) {
		if verb == audit.RelayTaken {
			_, err = tx.AddRelays(ctx, list)
		} else {
			err = tx.SaveRelays(ctx, list)
		}
		if err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(time.Now(), hedui.System.ID, benchCounty, verb, about, strconv.Itoa(len(list))))
	})
}

// plainRelay is a question as the hub stores it, and as the source is asked.
func plainRelay(q exchange.Question, at time.Time) (store.Relay, source.Query, error) {
	r := store.Relay{ID: store.RelayID(q.Hops[0], q.ID), Peer: q.Hops[0], Query: q.ID, Category: q.Category, Source: string(q.Category),
		State: hedui.Waiting, CreatedAt: at, ExpiresAt: q.Mandate.Until}
	mandate, err := source.Mint(source.Terms{Number: q.Mandate.Number, Consent: q.Mandate.Consent, Purpose: q.Mandate.Purpose,
		Person:     source.Person{Name: q.Person.Name, ID: q.Person.ID},
		Categories: []catalog.Code{q.Category}, From: q.Mandate.From, Until: q.Mandate.Until})
	if err != nil {
		return r, source.Query{}, err
	}
	if r.Body, err = q.Encode(); err != nil {
		return r, source.Query{}, err
	}
	asked, err := mandate.Query(r.ID, q.Category, source.Window{From: q.From, To: q.To}, at)
	return r, asked, err
}
