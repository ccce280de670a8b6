package federation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/rule"
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
	gate  chan struct{} // if set, a call waits until it is closed
}

func (r *register) Info() source.Info {
	return source.Info{Name: r.name, Department: "局·" + r.name, Categories: []catalog.Code{r.code}, Limits: source.Limits{Batch: 50, PerSecond: 10000}}
}

func (r *register) Ask(ctx context.Context, queries []source.Query) ([]source.Answer, error) {
	r.mu.Lock()
	gate := r.gate
	r.mu.Unlock()
	if gate != nil {
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
		answers[i] = source.Answer{Query: q.ID(), Outcome: source.None, AsOf: time.Now(), Hash: "sha256:00"}
		if err := q.Check(time.Now()); err != nil {
			answers[i] = source.Answer{Query: q.ID(), Outcome: source.Refused, Reason: source.ReasonMandate}
		}
		r.asked[q.ID()]++
		r.seen = append(r.seen, q)
	}
	return answers, nil
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

// A place is one node under test.
type place struct {
	*Node
	o        store.Options
	listener net.Listener
	sources  map[string]*register
	stop     func()
}

var boss = hedui.Officer{ID: "boss", Name: "管理员", Office: "中心", Division: "330000", Rights: hedui.Rights()}

func someone(id string, rights ...hedui.Right) hedui.Officer {
	return hedui.Officer{ID: id, Name: id, Office: "某机构", Division: "330200", Rights: rights}
}

type plot struct {
	name, division string
	level          region.Kind
	parent         *place
	registers      []string // "land 330203 here", "hukou 330200 ningbo", "land below 330200 ningbo"
}

func build(t *testing.T, e storetest.Engine, p plot) *place {
	t.Helper()
	at := &place{o: e.Fresh(t), sources: map[string]*register{}}
	at.open(t, p, filepath.Join(t.TempDir(), "ring"))
	return at
}

func (at *place) open(t *testing.T, p plot, ring string) {
	t.Helper()
	db, err := store.Open(t.Context(), at.o)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := OpenRing(ring)
	if err != nil {
		t.Fatal(err)
	}
	key, err1 := seal.Generate(seal.P256SHA256)
	cert, err2 := seal.SelfSigned(key, "核对中心", time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	calendar, err3 := hedui.China()
	deadlines, err4 := hedui.StandardDeadlines()
	tolerances, err5 := rule.Standard()
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	desk := &casework.Desk{DB: db, Node: p.name, Issuer: "核对中心", Signer: key, Certificate: cert, Calendar: calendar,
		Deadlines: deadlines.WithReport(hedui.Length{Exact: time.Minute}), Tolerances: tolerances, Now: time.Now}
	for _, line := range p.registers {
		w := strings.Fields(line)
		r := hedui.Register{Category: catalog.Code(w[0])}
		if w[1] == "below" {
			r.Below, w = true, w[1:]
		}
		if r.Scope, r.Source = w[1], hedui.AtNode(w[2]); w[2] == "here" {
			r.Source = strings.ReplaceAll(w[0], "_", "-") + "-" + w[1]
			if at.sources[r.Source] == nil {
				at.sources[r.Source] = &register{name: r.Source, code: r.Category, asked: map[string]int{}}
			}
			desk.Sources = append(desk.Sources, at.sources[r.Source])
		}
		desk.Registers = append(desk.Registers, r)
	}
	if err := desk.Prepare(); err != nil {
		t.Fatal(err)
	}
	at.Node = &Node{Name: p.name, Division: p.division, Level: p.level, DB: db, Desk: desk, Ring: keys, Now: time.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	if p.parent != nil {
		at.Parent, at.URLs = p.parent.Name, []string{"https://" + p.parent.listener.Addr().String()}
	}
	if err := at.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:0"
	if at.listener != nil {
		address = at.listener.Addr().String()
	}
	if at.listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		if err := desk.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	all.Go(func() {
		if err := at.Run(ctx, at.listener); err != nil {
			t.Error(p.name, err)
		}
	})
	at.stop = sync.OnceFunc(func() {
		cancel()
		all.Wait()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { at.stop() })
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
	ctx := t.Context()
	f := hedui.Form{Programme: "dibao", Division: at.Division, Office: "民政局"}
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
	v, err := at.Desk.Look(t.Context(), receiver2, id)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, q := range v.Grid {
		if q.Reason != hedui.ReasonNoSource || q.AnsweredBy != "" {
			lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s: %s %s %s", q.Category, q.Scope, q.Outcome, q.Reason, q.AnsweredBy)))
		}
	}
	return lines
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
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, haishu, yinzhou := city(t, e)
			id := yinzhou.accept(t, 1, "330203") // lives in Yinzhou, is registered in Haishu
			want(t, "Yinzhou", yinzhou.grid(t, id, 20*time.Second),
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
