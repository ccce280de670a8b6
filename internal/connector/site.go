package connector

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"hedui/source"
)

// Options are what a source needs beside its file.
type Options struct {
	// Client makes the calls; nil for one of its own. Redirects are refused and
	// TLS below 1.3 is not spoken whatever it says, unless its transport is not
	// an *http.Transport.
	Client *http.Client
	// Now is the clock by which mandates are checked. Without it no mandate is
	// live and every query is refused.
	Now func() time.Time
	// Log hears why an answer failed; nil for nobody. Its lines hold the source,
	// the query's id and places of the mapping, no personal data.
	Log *slog.Logger
	// Stranger hears each key of a record that the file neither maps nor ignores,
	// for whoever tries a file; nil for nobody. It is called from several calls at
	// the same time and is never told a value.
	Stranger func(key string)
}

// A medium carries questions to a department and brings back what it says.
type medium interface {
	// carry asks about the queries, which go in one call, or fetches what was
	// promised for them; it heeds the source's timeout. What it logs or returns
	// holds nothing that was sent or received.
	carry(ctx context.Context, queries []source.Query, fetch bool) (reply, *source.Unavailable)
}

// site is a department behind a source file.
type site struct {
	cfg    *Config
	medium medium
	now    func() time.Time
	log    *slog.Logger
	slots  chan struct{} // one for each call under way
	pace   *rate.Limiter
}

// New makes the source that cfg describes. It is safe for concurrent use, and
// the limits hold over all its calls together. It is an [io.Closer] too.
func New(cfg *Config, o Options) source.Source {
	if o.Stranger != nil {
		listened := *cfg
		listened.stranger = o.Stranger
		cfg = &listened
	}
	s := &site{cfg: cfg, now: o.Now, log: o.Log}
	if s.now == nil {
		s.now = func() time.Time { return time.Time{} }
	}
	if cfg.info.Manual != nil {
		return &clerk{cfg.info, s.now}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.medium = kinds[cfg.kind].open(cfg, Options{Client: o.Client, Now: s.now, Log: s.log})
	l := cfg.info.Limits
	s.slots = make(chan struct{}, l.Concurrency)
	s.pace = rate.NewLimiter(rate.Limit(l.PerSecond), l.Concurrency)
	return s
}

// Info implements [source.Source].
func (s *site) Info() source.Info { return s.cfg.Info() }

// Close ends what the source keeps open to its department, such as connections to
// a database. Nothing is asked afterwards.
func (s *site) Close() error {
	if c, ok := s.medium.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Ask implements [source.Source].
func (s *site) Ask(ctx context.Context, queries []source.Query) ([]source.Answer, error) {
	answers := make([]source.Answer, len(queries))
	var live []int
	for i, q := range queries {
		if a, ok := s.refuse(q); ok {
			answers[i] = a
		} else {
			live = append(live, i)
		}
	}
	groups := s.cfg.group(queries, live)
	down := make([]*source.Unavailable, len(groups))
	var wg sync.WaitGroup
	next := make(chan int, len(groups))
	for g := range groups {
		next <- g
	}
	close(next)
	for range min(len(groups), cap(s.slots)) {
		wg.Go(func() {
			for g := range next {
				down[g] = s.askGroup(ctx, queries, groups[g], answers)
			}
		})
	}
	wg.Wait()
	if u := everything(down); u != nil && len(live) == len(queries) {
		return nil, u
	}
	for g, u := range down {
		for _, i := range groups[g] {
			if u != nil {
				answers[i] = source.Answer{Query: queries[i].ID(), Outcome: source.Failed, Reason: u.Reason}
			}
		}
	}
	return answers, nil
}

// everything returns the outage if nothing at all was looked up, with the
// longest wait that the department asked for.
func everything(down []*source.Unavailable) *source.Unavailable {
	var worst *source.Unavailable
	for _, u := range down {
		if u == nil {
			return nil
		}
		if worst == nil || u.RetryAfter > worst.RetryAfter {
			worst = u
		}
	}
	return worst
}

// refuse answers the queries that must not reach the department.
func (s *site) refuse(q source.Query) (source.Answer, bool) {
	a := source.Answer{Query: q.ID(), Outcome: source.Refused, Reason: source.ReasonMandate}
	if q.Check(s.now()) != nil || q.Category() != s.cfg.category.Code {
		return a, true
	}
	if _, ok := q.Person().ID.Short(); !ok && s.cfg.spec(q).needs15 {
		a.Outcome, a.Reason = source.NotCovered, source.ReasonOutside
		return a, true
	}
	if x := s.cfg.files; x != nil && !s.cfg.fetching(q) {
		if say := x.request.unfit(q, s.now()); say != "" {
			s.log.Warn("a query cannot be written into a request file", "source", s.cfg.info.Name, "query", q.ID(), "why", say)
			a.Outcome, a.Reason = source.Failed, source.ReasonMalformed
			return a, true
		}
	}
	return source.Answer{}, false
}

// askGroup makes one call and puts its answers into their places.
func (s *site) askGroup(ctx context.Context, queries []source.Query, group []int, answers []source.Answer) *source.Unavailable {
	if err := s.turn(ctx); err != nil {
		return &source.Unavailable{Reason: source.ReasonSlow, Err: fmt.Errorf("%s: not asked: %w", s.cfg.info.Name, err)}
	}
	defer func() { <-s.slots }()
	some := make([]source.Query, len(group))
	for i, at := range group {
		some[i] = queries[at]
	}
	results, down := s.exchange(ctx, some)
	if down != nil {
		return down
	}
	s.note(ctx, results)
	for i, at := range group {
		answers[at] = results[i].answer
		s.tell(ctx, results[i])
	}
	return nil
}

// exchange makes the call, or those of all pages, and reads what comes.
func (s *site) exchange(ctx context.Context, queries []source.Query) ([]result, *source.Unavailable) {
	r, down := s.medium.carry(ctx, queries, s.cfg.fetching(queries[0]))
	if down != nil {
		return nil, down
	}
	var results []result
	if s.cfg.reading.pages != nil {
		var res result
		res, down = s.paged(ctx, r, queries[0])
		results = []result{res}
	} else {
		results, down = s.cfg.read(r, queries)
	}
	if d, http := s.medium.(*desk); http && down != nil && down.Reason == source.ReasonCredentials {
		d.tokens.drop(ctx, "") // refused in a way of the department's own: the next call has a new one
	}
	return results, down
}

// tell logs what the operator should know of an answer.
func (s *site) tell(ctx context.Context, r result) {
	about := func(why string) []slog.Attr {
		return []slog.Attr{slog.String("source", s.cfg.info.Name), slog.String("query", r.answer.Query),
			slog.String("reason", string(r.answer.Reason)), slog.String("why", why)}
	}
	switch {
	case r.answer.Outcome == source.Failed:
		s.log.LogAttrs(ctx, slog.LevelWarn, "source answer failed", about(r.say)...)
	case r.answer.Outcome == source.IdentityDoubt:
		s.log.LogAttrs(ctx, slog.LevelInfo, "source answer in doubt", about(r.say)...)
	case r.answer.Allowed != 0:
		s.log.LogAttrs(ctx, slog.LevelDebug, "source answer in another spelling", about(r.answer.Allowed.String())...)
	}
}

// turn waits for a free slot and for the pace; the slot is then taken.
func (s *site) turn(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.pace.Wait(ctx); err != nil {
		<-s.slots
		return err
	}
	return nil
}
