package federation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/region"
	"hedui/seal"
	"hedui/source"
)

// A register is a department of one category, by hand: it answers "none", holds
// the calls it got, and may be down.
type register struct {
	name  string
	code  catalog.Code
	mu    sync.Mutex
	down  bool
	asked map[string]int // by query id
	seen  []source.Query
	says  map[string]source.Answer // by query id, in the place of "none"
	gate  chan struct{}            // if set, a call waits until it is closed
	waits chan struct{}            // if set, hears of each call that waits
	shut  source.Span              // when it must not be asked

	verify func(q source.Query) error // as a department that trusts its node's keys
	now    func() time.Time           // the clock of its node: a mandate begins with a day there
}

func (r *register) Info() source.Info {
	return source.Info{Name: r.name, Department: "局·" + r.name, Categories: []catalog.Code{r.code}, Limits: source.Limits{Batch: 50, PerSecond: 10000,
		Maintenance: []source.Span{r.shut}}}
}

func (r *register) Ask(ctx context.Context, queries []source.Query) ([]source.Answer, error) {
	r.mu.Lock()
	gate := r.gate
	r.mu.Unlock()
	for _, q := range queries {
		if err := r.verify(q); err != nil {
			return nil, fmt.Errorf("asked without a live mandate: %w", err)
		}
	}
	if gate != nil {
		if r.waits != nil {
			r.waits <- struct{}{}
		}
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		return nil, &source.Unavailable{Reason: source.ReasonDown, Err: errors.New("down")}
	}
	answers := make([]source.Answer, len(queries))
	for i, q := range queries {
		answers[i] = source.Answer{Query: q.ID(), Outcome: source.None, AsOf: r.now(), Hash: "sha256:00"}
		if a, ok := r.says[q.ID()]; ok {
			answers[i] = a
			answers[i].Query = q.ID()
		}
		if err := q.Check(r.now()); err != nil {
			answers[i] = source.Answer{Query: q.ID(), Outcome: source.Refused, Reason: source.ReasonMandate}
		}
		r.asked[q.ID()]++
		r.seen = append(r.seen, q)
	}
	return answers, nil
}

func (r *register) say(query string, a source.Answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.says == nil {
		r.says = map[string]source.Answer{}
	}
	r.says[query] = a
}

func (r *register) setDown(down bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.down = down
}

func (r *register) calls() (queries, most int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.asked {
		most = max(most, n)
	}
	return len(r.asked), most
}

// A place is one node under test. It can be stopped and opened again on the same
// database, keys and port, and its clock may be wrong.
type place struct {
	*Node
	t        *testing.T // of the whole story
	p        plot
	o        store.Options
	ring     string
	listener net.Listener
	sources  map[string]*register
	log      *audit.Key
	ahead    atomic.Int64 // nanoseconds by which its clock is ahead
	stop     func()
}

func (at *place) url() string { return "https://" + at.listener.Addr().String() }

func (at *place) now() time.Time { return time.Now().Add(time.Duration(at.ahead.Load())) }

var boss = hedui.Officer{ID: "boss", Name: "管理员", Office: "中心", Division: "330000", Rights: hedui.Rights()}

func someone(id string, rights ...hedui.Right) hedui.Officer {
	return hedui.Officer{ID: id, Name: id, Office: "某机构", Division: "330200", Rights: rights}
}

type plot struct {
	name, division string
	level          region.Kind
	parent         *place
	registers      []string      // "land 330203 here", "hukou 330200 ningbo", "land below 330200 ningbo"
	deadline       time.Duration // of a report; 0 = a minute
	byHand         bool          // nothing goes over the wire: the test carries the letters
	doorOnly       bool          // a process that only talks to peers and works on nothing
	address        string        // to listen on; empty = any port
	urls           []string      // of the parent, where they are not its own
	suite          seal.Suite
	suites         map[string]seal.Suite // of links
}

func build(t *testing.T, e storetest.Engine, p plot) *place {
	t.Helper()
	return buildOn(t, e.Fresh(t), filepath.Join(t.TempDir(), "ring"), p)
}

// buildOn is build on a database and keys that may be there already.
func buildOn(t *testing.T, o store.Options, ring string, p plot) *place {
	t.Helper()
	at := &place{t: t, p: p, o: o, ring: ring, sources: map[string]*register{}}
	at.open(t)
	t.Cleanup(func() { at.stop() })
	return at
}

func (at *place) desk(t *testing.T, db *store.DB, ring *Ring) *casework.Desk {
	t.Helper()
	key, err1 := seal.Generate(seal.P256SHA256)
	cert, err2 := seal.SelfSigned(key, "核对中心", time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	calendar, err3 := hedui.China()
	deadlines, err4 := hedui.StandardDeadlines()
	rules, err5 := book.Standard()
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	report := hedui.Length{Exact: max(at.p.deadline, 0)}
	if at.p.deadline == 0 {
		report.Exact = time.Minute
	}
	desk := &casework.Desk{DB: db, Node: at.p.name, Division: at.p.division, Issuer: "核对中心", Signer: key, MandateKey: ring.Signer, Certificate: cert, Calendar: calendar,
		Deadlines: deadlines.WithReport(report), Rules: rules, Now: at.now}
	for _, line := range at.p.registers {
		w := strings.Fields(line)
		r := hedui.Register{Category: catalog.Code(w[0])}
		if w[1] == "below" {
			r.Below, w = true, w[1:]
		}
		if r.Scope, r.Source = w[1], hedui.AtNode(w[2]); w[2] == "here" {
			r.Source = strings.ReplaceAll(string(r.Category), "_", "-") + "-" + w[1]
			if at.sources[r.Source] == nil {
				at.sources[r.Source] = &register{name: r.Source, code: r.Category, asked: map[string]int{}, now: at.now}
			}
			at.sources[r.Source].verify = func(q source.Query) error {
				_, err := source.VerifyMandate(q.Signed(), source.Asked{Person: q.Person(), Purpose: q.Purpose(), Category: q.Category(),
					To: at.p.name + "/" + r.Source, At: at.now()}, ring.Trust(at.p.name))
				if err != nil {
					t.Errorf("%s was asked without a live mandate: %v", r.Source, err)
				}
				return err
			}
			desk.Sources = append(desk.Sources, at.sources[r.Source])
		}
		desk.Registers = append(desk.Registers, r)
	}
	if err := desk.Prepare(); err != nil {
		t.Fatal(err)
	}
	return desk
}

// logKey is the key of the node's log, the same after stop.
func (at *place) logKey(t *testing.T) *audit.Key {
	t.Helper()
	if at.log == nil {
		key, err := seal.Generate(seal.Ed25519)
		if err == nil {
			at.log, err = audit.NewKey(at.p.name, key, key.Public())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return at.log
}

// open starts the node, anew after stop.
func (at *place) open(t *testing.T) {
	t.Helper()
	db, err := store.Open(t.Context(), at.o)
	if err != nil {
		t.Fatal(err)
	}
	db.SignLog(at.logKey(t))
	keys, err := OpenRing(at.ring)
	if err != nil {
		t.Fatal(err)
	}
	p := at.p
	at.Node = &Node{Name: p.name, Division: p.division, Level: p.level, DB: db, Desk: at.desk(t, db, keys), Ring: keys, Suite: p.suite, Suites: p.suites, Now: at.now,
		Retry: time.Second, Log: slog.New(slog.DiscardHandler)}
	if p.parent != nil {
		at.Parent, at.URLs = p.parent.Name, p.urls
		if p.urls == nil {
			at.URLs = []string{p.parent.url()}
		}
	}
	if err := at.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	address := cmp.Or(p.address, "127.0.0.1:0")
	if at.listener != nil {
		address = at.listener.Addr().String()
	}
	if at.listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	desk, node, listener := at.Desk, at.Node, at.listener
	if !p.doorOnly {
		all.Go(func() {
			if err := desk.Run(ctx); err != nil {
				at.t.Error(err)
			}
		})
	}
	if !p.byHand {
		all.Go(func() {
			if err := node.Run(ctx, listener); err != nil {
				at.t.Error(p.name, err)
			}
		})
	}
	at.stop = sync.OnceFunc(func() {
		cancel()
		all.Wait()
		_ = listener.Close()
		if err := db.Close(); err != nil {
			at.t.Error(err)
		}
	})
}

// join takes a child through the whole enrolment.
func join(t *testing.T, parent, child *place) {
	t.Helper()
	ctx := t.Context()
	code, err := parent.Invite(ctx, boss, child.Name, child.Division, child.Level, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := child.Join(ctx, boss, child.URLs[0], code); !errors.Is(err, exchange.ErrPending) {
		t.Fatalf("first request: %v, want pending", err)
	}
	sign, box := child.Ring.KeyIDs()
	s, err := parent.Status(ctx, boss)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(s.Enrolments, func(e store.Enrolment) bool { return e.Name == child.Name })
	if got := KeysOf(s.Enrolments[i]); got != sign+" "+box {
		t.Fatalf("the parent shows keys %q, the child reads out %q", got, sign+" "+box)
	}
	if err := parent.Decide(ctx, boss, child.Name, true); err != nil {
		t.Fatal(err)
	}
	if got, err := child.Join(ctx, boss, child.URLs[0], code); err != nil || got.Name != parent.Name {
		t.Fatalf("after approval: %v", err)
	}
}

var (
	clerk     = someone("clerk", hedui.OpenCases)
	civil     = someone("civil", hedui.CommissionCases, hedui.ReadCases)
	receiver2 = someone("receiver", hedui.AcceptCases, hedui.VerifyCases, hedui.ReadCases)
)

// accept opens a case of one person and takes it to the dispatch of its queries.
func (at *place) accept(t *testing.T, n int, registered string) string {
	t.Helper()
	return at.acceptIn(t, n, at.Division, registered)
}

func (at *place) acceptIn(t *testing.T, n int, division, registered string) string {
	t.Helper()
	ctx := t.Context()
	f := hedui.Form{Programme: "dibao", Division: division, Office: "民政局"}
	f.Persons = append(f.Persons, hedui.FormPerson{Name: "某人", ID: storetest.ID(t, day.Must("1970-01-01").Add(n), 10).Reveal(), Relation: "self", Registered: registered})
	f.Consents = append(f.Consents, hedui.FormConsent{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+30", Document: "授权书"})
	c, err := at.Desk.Register(ctx, clerk, fmt.Sprint("draft", n), f)
	if err != nil {
		t.Fatal(err)
	}
	_, err1 := at.Desk.Commission(ctx, civil, c.ID)
	_, err2 := at.Desk.Accept(ctx, receiver2, c.ID)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// grid waits until the case is summarised, or as long, and tells how each of its
// queries ended, those of no register left out.
func (at *place) grid(t *testing.T, id string, wait time.Duration) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	_, err := at.Desk.Await(ctx, id, func(s hedui.Stage) bool { return s == hedui.Summarised })
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	return at.cells(t, id)
}

// cells tells how the queries of a case stand.
func (at *place) cells(t *testing.T, id string) []string {
	t.Helper()
	var lines []string
	for _, q := range at.look(t, id) {
		if q.Reason != hedui.ReasonNoSource || q.AnsweredBy != "" {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s: %s %s %s", q.Category, q.Scope, q.Outcome, q.Reason, q.AnsweredBy)))
		}
	}
	return lines
}

func (at *place) look(t *testing.T, id string) []hedui.Query {
	t.Helper()
	v, err := at.Desk.Look(t.Context(), receiver2, id)
	if err != nil {
		t.Fatal(err)
	}
	return v.Grid
}

// eventually waits until something holds.
// eventually waits until something holds: as long as a busy machine may need, for
// none is judged by its speed here.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	const patience = time.Minute
	for end := time.Now().Add(patience); !holds(); {
		if time.Now().After(end) {
			t.Fatalf("after %s still not: %s", patience, what)
		}
		time.Sleep(25 * time.Millisecond)
	}
}

func want(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %s\n want %s", what, strings.Join(got, "\n      "), strings.Join(want, "\n      "))
	}
}

// city is a hub with Haishu and Yinzhou below it, joined.
func city(t *testing.T, e storetest.Engine) (hub, haishu, yinzhou *place) {
	t.Helper()
	hub = build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", registers: []string{
		"hukou 330200 here", "housing 330200 here", "land 330203 haishu", "land 330212 yinzhou"}})
	haishu = build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: hub, registers: []string{
		"land 330203 here", "hukou 330200 ningbo", "housing 330200 ningbo", "land below 330200 ningbo"}})
	yinzhou = build(t, e, plot{name: "yinzhou", division: "330212", level: "county", parent: hub, registers: []string{
		"land 330212 here", "housing 330212 here", "hukou 330200 ningbo", "housing 330200 ningbo", "land below 330200 ningbo", "vehicle 330200 ningbo"}})
	join(t, hub, haishu)
	join(t, hub, yinzhou)
	return hub, haishu, yinzhou
}

func TestACaseIsAnsweredByThreeNodes(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, haishu, yinzhou := city(t, e)
			id := yinzhou.accept(t, 1, "330203") // lives in Yinzhou, is registered in Haishu
			want(t, "Yinzhou", yinzhou.grid(t, id, time.Minute),
				"hukou 330200: none  ningbo", "housing 330200: none  ningbo", "housing 330212: none",
				"land 330203: none  haishu", "land 330212: none", "vehicle 330200: not_covered no_source ningbo")
			for _, at := range []*place{hub, haishu, yinzhou} {
				for name, r := range at.sources {
					if n, most := r.calls(); most > 1 || at != hub && n != 1 {
						t.Errorf("%s of %s: %d queries, one of them %d times", name, at.Name, n, most)
					}
				}
			}
			q := haishu.sources["land-330203"].seen[0]
			if terms := q.Mandate().Terms(); len(terms.Categories) != 1 || terms.Number == "" || q.Purpose() != "dibao" {
				t.Errorf("the county that was asked learns of categories %v, mandate %q, purpose %q; want the one asked", terms.Categories, terms.Number, q.Purpose())
			}
		})
	}
}
