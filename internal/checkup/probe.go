package checkup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hedui/catalog"
	"hedui/seal"
	"hedui/source"
)

// A prober asks a source the questions of a check, each under a declared test
// mandate that is live for the check only.
type prober struct {
	source   source.Source
	category catalog.Code
	window   source.Window
	purpose  string
	number   string // of the mandates
	consent  string // who states that the person is a test person
	from     time.Time
	until    time.Time
	heard    *listener
	now      func() time.Time
	signs    *Signer // nil = the department is sent the mandate's number only
	asked    int
}

// A probe is what was asked in one call and what came of it.
type probe struct {
	queries []source.Query
	answers []source.Answer
	err     error         // nothing was looked up, or the answers break the contract
	took    time.Duration // the call
	waited  time.Duration // until the last answer, where the department answers later
}

// ask makes one call about the persons.
func (p *prober) ask(ctx context.Context, persons ...source.Person) *probe {
	pr := &probe{}
	p.asked++
	for i, person := range persons {
		q, err := p.query(fmt.Sprintf("%s-%d-%d", p.number, p.asked, i+1), person)
		if err != nil {
			pr.err = err
			return pr
		}
		pr.queries = append(pr.queries, q)
	}
	p.again(ctx, pr)
	return pr
}

// again makes the call of a probe.
func (p *prober) again(ctx context.Context, pr *probe) {
	begun := p.now()
	pr.answers, pr.err = p.source.Ask(ctx, pr.queries)
	pr.took = p.now().Sub(begun)
	if pr.err == nil {
		pr.err = source.CheckAnswers(pr.queries, pr.answers)
	}
}

func (p *prober) query(id string, person source.Person) (source.Query, error) {
	m, err := source.Mint(source.Terms{Number: p.number, Consent: p.consent, Purpose: p.purpose, Person: person,
		Categories: []catalog.Code{p.category}, From: p.from, Until: p.until})
	if err != nil {
		return source.Query{}, err
	}
	q, err := m.Query(id, p.category, p.window, p.now())
	if err != nil || p.signs == nil {
		return q, err
	}
	return p.signs.sign(q, p.source.Info().Name)
}

// A Signer signs the mandates of a check in the name of a node.
type Signer struct {
	Node, Division string
	Key            seal.Signer
}

// sign puts a signed mandate on a query. It rests on the statement that the person
// is a test person, and says so.
func (t *Signer) sign(q source.Query, sourceName string) (source.Query, error) {
	terms := q.Mandate().Terms()
	sum := sha256.Sum256([]byte(terms.Consent))
	s, err := source.SignMandate(source.Grant{Terms: terms, Document: "sha256:" + hex.EncodeToString(sum[:]), Division: t.Division}, t.Node, t.Key)
	if err == nil {
		s, err = s.Narrow(source.Hop{Node: t.Node, Key: t.Key, To: t.Node + "/" + sourceName, Categories: terms.Categories, Until: terms.Until})
	}
	return q.WithSigned(s.Text()), err
}

// pending lists the queries that the department has accepted and not answered,
// each with its token, and how long to wait at least.
func (pr *probe) pending() (at []int, queries []source.Query, after time.Duration) {
	if pr.err != nil {
		return nil, nil, 0
	}
	for i, a := range pr.answers {
		if a.Later != nil {
			at, queries = append(at, i), append(queries, pr.queries[i].WithToken(a.Later.Token))
			after = max(after, a.Later.After)
		}
	}
	return at, queries, after
}

// soonest is how often the department is asked again at most.
const soonest = 200 * time.Millisecond

// wait comes back for accepted queries until all are answered or the time is up,
// and tells what it waits for.
func (p *prober) wait(ctx context.Context, probes []*probe, until time.Time, tell func(left int, waited time.Duration)) {
	begun := p.now()
	for {
		left, after := 0, soonest
		for _, pr := range probes {
			at, _, least := pr.pending()
			left, after = left+len(at), max(after, least)
		}
		if left == 0 {
			return
		}
		tell(left, p.now().Sub(begun))
		if p.now().Add(after).After(until) || pause(ctx, after) != nil {
			return
		}
		for _, pr := range probes {
			p.fetch(ctx, pr)
			pr.settle(p.now().Sub(begun))
		}
	}
}

// fetch comes back for one probe's accepted queries.
func (p *prober) fetch(ctx context.Context, pr *probe) {
	at, queries, _ := pr.pending()
	if len(at) == 0 {
		return
	}
	answers, err := p.source.Ask(ctx, queries)
	if err == nil {
		err = source.CheckAnswers(queries, answers)
	}
	if err != nil {
		pr.err = err
		return
	}
	for i, a := range answers {
		pr.answers[at[i]] = a
	}
}

// settle notes how long the last answer took.
func (pr *probe) settle(waited time.Duration) {
	if at, _, _ := pr.pending(); len(at) == 0 && pr.waited == 0 {
		pr.waited = waited
	}
}

// why is the reason and, for the operator, what the source knows beyond it.
func (p *prober) why(pr *probe) (source.Reason, string) {
	var down *source.Unavailable
	switch {
	case errors.As(pr.err, &down):
		return down.Reason, down.Err.Error()
	case pr.err != nil:
		return source.ReasonMalformed, pr.err.Error()
	}
	return pr.answers[0].Reason, p.heard.about(pr.answers[0].Query)
}

// A listener hears why answers failed, by query.
type listener struct {
	mu  *sync.Mutex
	say map[string]string
}

func newListener() *listener { return &listener{&sync.Mutex{}, map[string]string{}} }

// Enabled implements [slog.Handler].
func (l *listener) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements [slog.Handler].
func (l *listener) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements [slog.Handler].
func (l *listener) WithGroup(string) slog.Handler { return l }

// Handle implements [slog.Handler].
func (l *listener) Handle(_ context.Context, r slog.Record) error {
	query, why := "", r.Message
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "query":
			query = a.Value.String()
		case "why":
			why = a.Value.String()
		}
		return true
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.say[query] = why
	return nil
}

func (l *listener) about(query string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.say[query]
}

// Latency is how long calls took, in milliseconds. Too few of them have no p95.
type Latency struct {
	Asks   int      `json:"asks"`
	Failed int      `json:"failed"`
	Min    float64  `json:"min_ms"`
	Median float64  `json:"median_ms"`
	P95    *float64 `json:"p95_ms,omitempty"`
	Max    float64  `json:"max_ms"`
}

// enough is the number of calls from which a p95 is told.
const enough = 20

func latencyOf(took []time.Duration, failed int) *Latency {
	if len(took) == 0 {
		return nil
	}
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Round(100*time.Microsecond).Microseconds()) / 1000 }
	l := &Latency{Asks: len(took), Failed: failed, Min: ms(took[0]), Median: ms(took[len(took)/2]), Max: ms(took[len(took)-1])}
	if len(took) >= enough {
		p95 := ms(took[(len(took)*95+99)/100-1])
		l.P95 = &p95
	}
	return l
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
