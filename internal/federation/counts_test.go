package federation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/exchange"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// The readers of figures: one who may read cases, and one who may not, for whom small
// counts are bounds.
var (
	manager      = someone("manager", hedui.ReadStatistics, hedui.ReadCases, hedui.KeepTotals)
	statistician = someone("statistician", hedui.ReadStatistics, hedui.KeepTotals)
)

// work writes cases that were accepted in a month, as if they had been worked on, and
// counts them. Every second one is delivered, every fourth with something found.
func (at *place) work(t *testing.T, month hedui.Month, n int) {
	t.Helper()
	ctx := t.Context()
	err := at.DB.InTx(ctx, func(tx *store.Tx) error {
		for i := range n {
			c := storetest.Case(t, i+1)
			c.Number = ""
			c.Division, c.Office = at.Division, []string{"甲街道", "乙街道"}[i%2]
			c.Programme, c.Kind = []hedui.Programme{hedui.Dibao, hedui.Medical}[i%5/4], hedui.CaseKinds()[i%3/2]
			c.AcceptedAt = month.First().Start().Add(time.Duration(24*i%600) * time.Hour)
			c.CreatedAt = c.AcceptedAt.Add(-time.Minute)
			if c.Stage = hedui.Accepted; i%2 == 0 {
				c.Stage, c.Version = hedui.Delivered, 1
				c.Steps = append(c.Steps, hedui.Step{Stage: hedui.Delivered, Officer: "x", At: c.AcceptedAt.Add(time.Duration(1+i) * time.Hour)})
			}
			if err := tx.CreateCase(ctx, c); err != nil {
				return err
			}
			q := hedui.Query{ID: exchange.NewID(), Case: c.ID, Person: 1, Category: "vehicle", Source: "vehicle", State: hedui.Answered, Outcome: source.None,
				AskedAt: c.AcceptedAt, AnsweredAt: c.AcceptedAt.Add(time.Second), CreatedAt: c.AcceptedAt}
			if err := tx.AddQueries(ctx, []hedui.Query{q}); err != nil {
				return err
			}
			if i%4 == 0 {
				item := hedui.Explanation{ID: exchange.NewID(), Case: c.ID, Key: "1", Category: "vehicle", State: hedui.ExplanationOpen, OpenedAt: c.AcceptedAt}
				if err := tx.SaveExplanations(ctx, []hedui.Explanation{item}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	at.count(t)
}

func (at *place) count(t *testing.T) {
	t.Helper()
	if err := at.Desk.CountCases(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// report counts and tells the parent.
func (at *place) report(t *testing.T) {
	t.Helper()
	at.count(t)
	if err := at.Desk.ReportCounts(t.Context()); err != nil {
		t.Fatal(err)
	}
}

var autumn = hedui.Period{From: "2026-08", Until: "2026-10"}

// figures are those of a division at a node as text, without what only tells when and
// where they were counted.
func (at *place) figures(t *testing.T, o hedui.Officer, division string) string {
	t.Helper()
	s, err := at.Desk.Statistics(t.Context(), o, casework.StatQuery{Period: autumn, Division: division})
	if err != nil {
		t.Fatal(err)
	}
	s.CountedAt, s.Counted = time.Time{}, nil
	for i := range s.Sources {
		s.Sources[i].Node = ""
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// same waits until a node above has the figures of one below, for every reader.
func same(t *testing.T, what string, above, below *place) {
	t.Helper()
	for _, o := range []hedui.Officer{manager, statistician} {
		o.Division = "330000"
		want := below.figures(t, o, below.Division)
		eventually(t, what+": "+o.ID+" at "+above.Name+" sees the figures of "+below.Name, func() bool {
			return above.figures(t, o, below.Division) == want
		})
	}
}

func TestAHubShowsTheFiguresOfItsCounties(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, haishu := two(t, e, 0)
			ctx := t.Context()
			yinzhou := newcomer(t, "yinzhou", "330212", "county").Peer() // a county that sends nothing
			keys := must(writeKeys(exchange.Keys{Sign: yinzhou.Sign, Boxes: yinzhou.Boxes}))
			if err := hub.DB.InTx(ctx, func(tx *store.Tx) error {
				return tx.SavePeer(ctx, store.Peer{Name: "yinzhou", Division: "330212", Level: "county", Role: store.ChildRole, Keys: keys, ChangedAt: hub.now(), ChangedBy: "boss"})
			}); err != nil {
				t.Fatal(err)
			}
			whole := func(division string) hedui.Statistics {
				t.Helper()
				s, err := hub.Desk.Statistics(ctx, manager, casework.StatQuery{Period: autumn, Division: division})
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			total := func(at *place, division string, month hedui.Month, n int64) {
				t.Helper()
				o := statistician
				o.Division = at.Division
				if err := at.Desk.EnterTotals(ctx, o, []hedui.OfficeTotal{{Division: division, Month: month, Kind: hedui.NewApplication, N: n, Origin: "月报表　九月"}}); err != nil {
					t.Fatal(err)
				}
			}
			for _, m := range autumn.Months() {
				total(hub, "330212", m, 40)
			}
			s := whole("330212")
			if got := s.Unsent(); !slices.Equal(got, []string{"330212"}) || len(s.Divisions) != 0 || !s.Unknown {
				t.Errorf("of a county that sends nothing: unsent %v, divisions %v", got, s.Divisions)
			}
			if c := s.Coverage[0]; c.Division != "330212" || !c.Unsent || c.Complete() {
				t.Errorf("a county that has sent nothing has the coverage %+v", c)
			}
			haishu.work(t, "2026-09", 23)
			total(haishu, "330203", "2026-09", 50)
			haishu.report(t)
			same(t, "at first", hub, haishu)
			s = whole("")
			if s.Whole.Accepted != hedui.Exact(23) || s.Whole.Running.Exact() && s.Whole.Running.Lo == 0 || len(s.Offices) != 2 || len(s.Sources) != 1 || s.Sources[0].Node != "haishu" {
				t.Errorf("the hub shows accepted %s, running %s, offices %v, sources %v", s.Whole.Accepted, s.Whole.Running, s.Offices, s.Sources)
			}
			if got := s.Unsent(); !slices.Equal(got, []string{"330212"}) {
				t.Errorf("unsent: %v, want Yinzhou alone", got)
			}
			i := slices.IndexFunc(s.Counted, func(n hedui.NodeCount) bool { return n.Node == "haishu" })
			if i < 0 || s.Counted[i].CountedAt.IsZero() || s.Counted[i].Missing > 0 || !slices.ContainsFunc(s.Counted, func(n hedui.NodeCount) bool { return n.Node == "" && n.Division == "330206" }) {
				t.Errorf("counted: %+v", s.Counted)
			}
			haishu.report(t) // once more doubles nothing
			same(t, "once more", hub, haishu)

			// While the hub is away one letter waits, however often was counted.
			eventually(t, "the outbox is empty", func() bool { return haishu.waiting(t, "ningbo") == 0 })
			hub.stop()
			hubBack := keepCopy(t, hub.o)
			hub.open(t)
			haishu.stop()
			back := keepCopy(t, haishu.o)
			haishu.open(t)
			hub.stop()
			haishu.work(t, "2026-10", 9)
			total(haishu, "330203", "2026-09", 60)
			for range 3 {
				haishu.report(t)
			}
			if n := haishu.ofKind(t, exchange.KindCounts); n != 1 {
				t.Errorf("%d letters of counts wait, want the latest alone", n)
			}
			hub.open(t)
			same(t, "after the link was down", hub, haishu)

			// A case is erased and another one changes.
			var ids []string
			err := haishu.DB.Read(ctx, func(tx *store.Tx) (err error) {
				ids, err = tx.CasesIn(ctx, "330203", "", 100)
				return err
			})
			if err != nil || len(ids) != 32 {
				t.Fatal(err, len(ids))
			}
			if err := haishu.DB.InTx(ctx, func(tx *store.Tx) error {
				_, err1 := tx.EraseCase(ctx, ids[0])
				c, err2 := tx.Case(ctx, ids[1])
				if err1 != nil || err2 != nil {
					return fmt.Errorf("%w %w", err1, err2)
				}
				c.Programme = hedui.Housing
				return tx.SaveCase(ctx, c)
			}); err != nil {
				t.Fatal(err)
			}
			before := hub.figures(t, boss, "330203")
			haishu.report(t)
			same(t, "after an erasure", hub, haishu)
			if hub.figures(t, boss, "330203") == before || !strings.Contains(before, `"accepted":32`) {
				t.Errorf("the case that changed is not seen in %s", before)
			}

			// Old copies of the databases are put back, of the hub's and of the county's: a
			// month that is in neither copy is gone again.
			hub.stop()
			hubBack()
			hub.open(t)
			haishu.report(t)
			same(t, "after the hub's old copy", hub, haishu)
			haishu.stop()
			back()
			haishu.open(t)
			eventually(t, "the county has its old figures", func() bool { return strings.Contains(haishu.figures(t, boss, "330203"), `"accepted":23`) })
			if err := haishu.Desk.ReportCounts(ctx); err != nil {
				t.Fatal(err)
			}
			same(t, "after the county's old copy", hub, haishu)
		})
	}
}

// What a city has of its counties it tells the province.
func TestFiguresGoUpLevelByLevel(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	province := build(t, e, plot{name: "zhejiang", division: "330000", level: "province"})
	hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", parent: province})
	haishu := build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: hub})
	join(t, province, hub)
	join(t, hub, haishu)
	haishu.work(t, "2026-09", 12)
	haishu.report(t)
	same(t, "the city", hub, haishu)
	hub.report(t)
	same(t, "the province", province, haishu)
	o := manager
	o.Division = "330000"
	s, err := province.Desk.Statistics(t.Context(), o, casework.StatQuery{Period: autumn})
	if err != nil {
		t.Fatal(err)
	}
	var nodes []string
	for _, n := range s.Counted {
		nodes = append(nodes, n.Division+" "+n.Node)
	}
	if want := []string{"330200 ningbo", "330203 haishu"}; !slices.Equal(nodes, want) || s.Whole.Accepted != hedui.Exact(12) {
		t.Errorf("the province has counts of %v, accepted %s; want %v, 12", nodes, s.Whole.Accepted, want)
	}
}

// A child speaks for itself and its own division; what is older, or was not asked for,
// changes nothing.
func TestCountsAreHeldAgainstWhoSendsThem(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", byHand: true})
			haishu := casework.Neighbour{Peer: exchange.Peer{Name: "haishu", Division: "330203", Level: "county"}}
			now := hub.now().Truncate(time.Millisecond)
			counts := func(node string, at time.Time, mark string) exchange.Counts {
				return exchange.Counts{Node: node, Division: "330203", At: at, Counted: at, Months: []exchange.CountsMark{{Month: "2026-09", Mark: mark}},
					Running: []exchange.CountsRunning{{Division: "330203", Programme: "dibao", Kind: "new_application", N: 7}}}
			}
			month := func(node, division string, at time.Time, mark string, n int64) exchange.MonthCounts {
				return exchange.MonthCounts{Node: node, Month: "2026-09", Mark: mark, At: at, Cells: []exchange.CountsCell{
					{Division: division, Programme: "dibao", Kind: "new_application", Lines: []exchange.CountsLine{{What: "accepted", N: n}}}}}
			}
			take := func(what string, from casework.Neighbour, body exchange.Body, reason string, figures string) {
				t.Helper()
				m := message(t, body)
				for _, wanted := range []string{reason, "again"} {
					err := hub.Desk.Receive(t.Context(), from, m)
					if got := string(exchange.ReasonOf(err)); wanted != "again" && got != wanted && (err != nil || wanted != "") {
						t.Errorf("%s: got %v, want %q", what, err, wanted)
					}
				}
				s, err := hub.Desk.Statistics(t.Context(), manager, casework.StatQuery{Period: autumn})
				if got := fmt.Sprintf("accepted %s running %s unsent %d", s.Whole.Accepted, s.Whole.Running, len(s.Unsent())); err != nil || got != figures {
					t.Errorf("%s: got %s %v, want %s", what, got, err, figures)
				}
			}
			nothing := "accepted 0 running 0 unsent 0"
			outside := counts("haishu", now, "a")
			outside.Running[0].Division = "330212"
			above := haishu
			above.Parent = true
			take("a month out of the blue", haishu, month("haishu", "330203", now, "a", 3), "", nothing)
			take("of the receiver itself", haishu, counts("ningbo", now, "a"), "counts_other", nothing)
			take("from above", above, counts("haishu", now, "a"), "counts_other", nothing)
			take("from the future", haishu, counts("haishu", now.Add(time.Hour), "a"), "counts_future", nothing)
			take("of another county", haishu, outside, "counts_place", nothing)
			take("asked from below", haishu, exchange.WantedCounts{Node: "ningbo", Months: []string{"2026-09"}}, "counts_other", nothing)

			take("what there is", haishu, counts("haishu", now, "a"), "", "accepted 0 running 0 unsent 1")
			take("the month with another county's cell", haishu, month("haishu", "330212", now, "a", 3), "counts_place", "accepted 0 running 0 unsent 1")
			take("the month", haishu, month("haishu", "330203", now, "a", 30), "", "accepted 30 running 7 unsent 0")
			take("the month anew", haishu, month("haishu", "330203", now.Add(time.Second), "b", 31), "", "accepted 31 running 7 unsent 0")
			take("an older one after it", haishu, month("haishu", "330203", now, "a", 30), "", "accepted 31 running 7 unsent 0")
			yinzhou := casework.Neighbour{Peer: exchange.Peer{Name: "yinzhou", Division: "330212", Level: "county"}}
			take("by another child", yinzhou, month("haishu", "330212", now.Add(2*time.Second), "c", 1), "counts_other", "accepted 31 running 7 unsent 0")
			gone := counts("haishu", now.Add(time.Second), "")
			gone.Months, gone.Running = nil, nil // all of it was taken off again
			take("of a division that is part of another today", haishu, month("haishu", "330204", now.Add(3*time.Second), "d", 2), "counts_place", "accepted 31 running 7 unsent 0")
			at := counts("yinzhou", now, "a")
			at.Division, at.Running = "330212", nil
			take("of Yinzhou", yinzhou, at, "", "accepted 31 running 7 unsent 1")
			take("of what is part of Yinzhou today", yinzhou, month("yinzhou", "330204", now, "a", 5), "", "accepted 36 running 7 unsent 0")
			older := gone
			older.At = now.Add(-time.Second)
			take("older counts", haishu, older, "", "accepted 36 running 7 unsent 0")
			take("nothing any more", haishu, gone, "", "accepted 5 running 0 unsent 0")
		})
	}
}

// counted reports whether a node has gone over its cases since it began.
func (at *place) counted(t *testing.T) bool {
	t.Helper()
	var when time.Time
	err := at.DB.Read(t.Context(), func(tx *store.Tx) (err error) {
		when, err = tx.CountedAt(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return !when.IsZero()
}
