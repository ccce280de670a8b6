package casework

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// statNow is when the small world is looked at.
var statNow = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)

var (
	overseer   = officer("overseer", hedui.ReadStatistics, hedui.ReadCases, hedui.KeepTotals)
	statReader = officer("statreader", hedui.ReadStatistics, hedui.KeepTotals)
)

// made is a case as a test makes it up; instants count hours from acceptance.
type made struct {
	n         int // household
	division  string
	office    string
	programme hedui.Programme
	kind      hedui.CaseKind
	accepted  time.Time // zero = only opened
	hours     int       // until delivery; 0 = not delivered
	items     []hedui.ExplanationState
	stage     hedui.Stage
	objected  bool
	version   int
}

func october(dom int) time.Time { return time.Date(2026, 10, dom, 1, 0, 0, 0, time.UTC) }

func (m made) write(t testing.TB, tx *store.Tx) *hedui.Case {
	t.Helper()
	c := storetest.Case(t, m.n)
	c.Number = "" // those of storetest are of one division
	c.Division, c.Office, c.Programme, c.Kind = m.division, m.office, m.programme, m.kind
	c.CreatedAt = m.accepted.Add(-time.Hour)
	step := func(stage hedui.Stage, at time.Time) {
		c.Stage = stage
		c.Steps = append(c.Steps, hedui.Step{Stage: stage, Officer: "x", At: at})
	}
	c.AcceptedAt = m.accepted
	step(hedui.Accepted, m.accepted)
	delivered := m.accepted.Add(time.Duration(m.hours) * time.Hour)
	if m.hours > 0 {
		c.Version = max(m.version, 1)
		step(hedui.Delivered, delivered)
	}
	if m.objected {
		step(hedui.Objected, delivered.Add(time.Hour))
	}
	if m.stage != "" {
		step(m.stage, m.accepted.Add(time.Hour))
	}
	if err := tx.CreateCase(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	var items []hedui.Explanation
	for i, state := range m.items {
		items = append(items, hedui.Explanation{ID: audit.NewID(), Case: c.ID, Key: fmt.Sprint(i), Category: []catalog.Code{"vehicle", "housing_fund"}[i%2], State: state, OpenedAt: m.accepted})
	}
	if err := tx.SaveExplanations(t.Context(), items); err != nil {
		t.Fatal(err)
	}
	return c
}

func (b *bench) write(t testing.TB, list ...made) (cases []*hedui.Case) {
	t.Helper()
	err := b.DB.InTx(t.Context(), func(tx *store.Tx) error {
		cases = nil
		for _, m := range list {
			cases = append(cases, m.write(t, tx))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func (b *bench) countCases(t testing.TB) {
	t.Helper()
	if err := b.CountCases(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) statistics(t testing.TB, o hedui.Officer, q StatQuery) hedui.Statistics {
	t.Helper()
	s, err := b.Statistics(t.Context(), o, q)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func statBench(t *testing.T, db *store.DB) *bench {
	t.Helper()
	b := newBench(t, db, 24*time.Hour) // its certificate is of today
	b.Now = func() time.Time { return statNow }
	return b
}

var inOctober = StatQuery{Period: hedui.PeriodOf("month", "2026-10")}

// smallWorld is counted by hand below.
func smallWorld() []made {
	const haishu, yinzhou = "330203", "330212"
	explained, open, gone := hedui.ExplanationDone, hedui.ExplanationOpen, hedui.ExplanationGone
	return []made{
		{n: 1, division: haishu, office: "甲街道", programme: hedui.Dibao, kind: hedui.NewApplication, accepted: october(5), hours: 10},
		{n: 2, division: haishu, office: "甲街道", programme: hedui.Dibao, kind: hedui.NewApplication, accepted: october(5), hours: 20, items: []hedui.ExplanationState{open, explained}},
		{n: 3, division: haishu, office: "乙街道", programme: hedui.Dibao, kind: hedui.NewApplication, accepted: october(6), hours: 30, items: []hedui.ExplanationState{explained}, objected: true, version: 2}, // late
		{n: 4, division: haishu, office: "乙街道", programme: hedui.Medical, kind: hedui.NewApplication, accepted: october(7), hours: 23, items: []hedui.ExplanationState{gone}},
		{n: 5, division: yinzhou, office: "丙镇", programme: hedui.Dibao, kind: hedui.PeriodicRecheck, accepted: october(8), hours: 24}, // by the minute
		{n: 6, division: yinzhou, office: "丙镇", programme: hedui.Dibao, kind: hedui.NewApplication, accepted: october(9)},
		{n: 7, division: yinzhou, office: "丙镇", programme: hedui.Dibao, kind: hedui.NewApplication, accepted: october(9), stage: hedui.Terminated},
		{n: 5, division: yinzhou, office: "丙镇", programme: hedui.Dibao, kind: hedui.PeriodicRecheck, accepted: october(8).AddDate(0, 0, 20), hours: 96}, // the household again; late, and in November by an hour
		{n: 8, division: yinzhou, office: "丙镇", programme: hedui.Dibao, kind: hedui.NewApplication, accepted: time.Date(2026, 9, 30, 15, 59, 0, 0, time.UTC), hours: 1},
	}
}

func line(f hedui.Figures) string {
	return fmt.Sprintf("opened %s accepted %s delivered %s late %s found %s standing %s terminated %s items %s settled %s objected %s revised %s running %s hours %d %d",
		f.Opened, f.Accepted, f.Delivered, f.Late, f.Found, f.Standing, f.Terminated, f.Items, f.Settled, f.Objected, f.Revised, f.Running, f.Median, f.P90)
}

func TestFiguresCountedByHand(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := statBench(t, db)
		b.write(t, smallWorld()...)
		b.countCases(t)
		b.countCases(t) // once more changes nothing
		s := b.statistics(t, overseer, inOctober)
		for _, c := range []struct {
			name, got, want string
		}{
			// delivered in October: 10, 20, 30, 23, 24 hours, and 1 hour of the case that was accepted on 30 September
			{"whole", line(s.Whole), "opened 8 accepted 8 delivered 6 late 1 found 2 standing 1 terminated 1 items 3 settled 2 objected 1 revised 1 running 2 hours 20 30"},
			{"on time", s.Whole.OnTime().String(), "5"},
			{"dibao", line(s.Programmes[0].Figures), "opened 7 accepted 7 delivered 5 late 1 found 2 standing 1 terminated 1 items 3 settled 2 objected 1 revised 1 running 2 hours 20 30"},
			{"medical", line(s.Programmes[1].Figures), "opened 1 accepted 1 delivered 1 late 0 found 0 standing 0 terminated 0 items 0 settled 0 objected 0 revised 0 running 0 hours 23 23"},
			{"haishu", line(s.Divisions[0].Figures), "opened 4 accepted 4 delivered 4 late 1 found 2 standing 1 terminated 0 items 3 settled 2 objected 1 revised 1 running 1 hours 20 30"},
			{"offices", fmt.Sprintf("%d, %s %s", len(s.Offices), s.Offices[1].Key, s.Offices[1].Delivered), "3, 330203 甲街道 2"},
			{"categories", fmt.Sprint(s.Categories), "[{vehicle 2} {housing_fund 1}]"},
			{"trend", fmt.Sprintf("%d, %s %s, %s %s", len(s.Months), s.Months[10].Key, s.Months[10].Accepted, s.Months[11].Key, s.Months[11].Delivered), "12, 2026-09 1, 2026-10 6"},
		} {
			if c.got != c.want {
				t.Errorf("%s:\ngot  %s\nwant %s", c.name, c.got, c.want)
			}
		}
		year := b.statistics(t, overseer, StatQuery{Period: hedui.PeriodOf("year", "2026-11")})
		if got := line(year.Whole); !strings.Contains(got, "delivered 7 late 2 ") {
			t.Errorf("year: got %s", got)
		}
	})
}

// What a case has added is taken off before it is counted anew, items that are
// settled are seen although the case did not change, and an erased case stays in the
// counts as it was.
func TestCountsFollowTheCases(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := statBench(t, db)
		ctx := t.Context()
		cases := b.write(t, smallWorld()[1])
		want := func(what, standing string) {
			t.Helper()
			b.countCases(t)
			if got := line(b.statistics(t, overseer, inOctober).Whole); !strings.Contains(got, standing) {
				t.Errorf("%s: got %s, want %s", what, got, standing)
			}
		}
		want("at first", "delivered 1 late 0 found 1 standing 1 terminated 0 items 2 settled 1")
		err := b.DB.InTx(ctx, func(tx *store.Tx) error {
			items, err := tx.Explanations(ctx, cases[0].ID)
			if err != nil {
				return err
			}
			for i := range items {
				items[i].State = hedui.ExplanationWrong
			}
			return tx.SaveExplanations(ctx, items)
		})
		if err != nil {
			t.Fatal(err)
		}
		want("settled", "delivered 1 late 0 found 1 standing 0 terminated 0 items 2 settled 2")
		err = b.DB.InTx(ctx, func(tx *store.Tx) error {
			c, err := tx.Case(ctx, cases[0].ID)
			if err != nil {
				return err
			}
			c.Programme, c.Division = hedui.Housing, "330212" // as after a boundary change
			return tx.SaveCase(ctx, c)
		})
		if err != nil {
			t.Fatal(err)
		}
		want("moved", "delivered 1 late 0 found 1 standing 0")
		if s := b.statistics(t, overseer, inOctober); len(s.Programmes) != 1 || s.Programmes[0].Key != string(hedui.Housing) || s.Divisions[0].Key != "330212" {
			t.Errorf("moved: got %v %v", s.Programmes, s.Divisions)
		}
		if err := b.DB.InTx(ctx, func(tx *store.Tx) error { _, err := tx.EraseCase(ctx, cases[0].ID); return err }); err != nil {
			t.Fatal(err)
		}
		want("erased", "delivered 1 late 0 found 1 standing 0")
	})
}

// Each half of double 100 % counts a household once, and says which number is missing.
func TestCoverageAgainstWhatOfficesSay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := statBench(t, db)
		b.write(t, smallWorld()...)
		b.countCases(t)
		coverage := func(q StatQuery) string {
			var lines []string
			for _, c := range b.statistics(t, overseer, q).Coverage {
				lines = append(lines, fmt.Sprint(c.Division, " ", c.Kind, " ", c.Verified, " of ", c.Of, " ", c.Missing))
			}
			return strings.Join(lines, "; ")
		}
		november := StatQuery{Period: hedui.PeriodOf("month", "2026-11"), Division: "330212"}
		if got, want := coverage(november), "330212 new_application 0 of 0 [2026-11]; 330212 periodic_recheck 1 of 0 [2026-11]"; got != want {
			t.Errorf("nothing entered:\ngot  %s\nwant %s", got, want)
		}
		enter := func(list ...hedui.OfficeTotal) error { return b.EnterTotals(t.Context(), statReader, list) }
		total := func(m hedui.Month, kind hedui.CaseKind, n int64) hedui.OfficeTotal {
			return hedui.OfficeTotal{Division: "330212", Month: m, Kind: kind, N: n, Origin: "月报表"}
		}
		for range 2 { // a double click
			if err := enter(total("2026-10", hedui.NewApplication, 9), total("2026-11", hedui.NewApplication, 1), total("2026-11", hedui.PeriodicRecheck, 4)); err != nil {
				t.Fatal(err)
			}
		}
		if err := enter(total("2026-11", hedui.PeriodicRecheck, 5)); err != nil { // a better number; the first is kept
			t.Fatal(err)
		}
		both := StatQuery{Period: hedui.Period{From: "2026-10", Until: "2026-11"}, Division: "330212"}
		if got, want := coverage(both), "330212 new_application 2 of 10 []; 330212 periodic_recheck 1 of 5 []"; got != want {
			t.Errorf("entered:\ngot  %s\nwant %s", got, want)
		}
		entered := 0
		if err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
			return tx.EachEntry(t.Context(), statNow.Add(-time.Hour), statNow.Add(time.Hour), []audit.Verb{audit.TotalEntered}, func(audit.Entry) { entered++ })
		}); err != nil || entered != 4 {
			t.Errorf("%d entries %v, want 4: the double click adds none", entered, err)
		}
		for name, bad := range map[string]hedui.OfficeTotal{
			"another place":  {Division: "330303", Month: "2026-11", Kind: hedui.NewApplication, N: 1, Origin: "x"},
			"the whole city": {Division: "330200", Month: "2026-11", Kind: hedui.NewApplication, N: 1, Origin: "x"},
			"to come":        {Division: "330212", Month: "2026-12", Kind: hedui.NewApplication, N: 1, Origin: "x"},
			"no origin":      {Division: "330212", Month: "2026-11", Kind: hedui.NewApplication, N: 1},
			"below zero":     {Division: "330212", Month: "2026-11", Kind: hedui.NewApplication, N: -1, Origin: "x"},
			"no kind":        {Division: "330212", Month: "2026-11", N: 1, Origin: "x"},
		} {
			if err := enter(bad); hedui.KindOf(err) != hedui.Invalid {
				t.Errorf("%s: got %v, want invalid", name, err)
			}
		}
		if err := b.EnterTotals(t.Context(), clerk, []hedui.OfficeTotal{total("2026-11", hedui.NewApplication, 1)}); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("without the right: got %v", err)
		}
	})
}

// Answers of sources are counted by what came of the questions that were sent.
func TestSourceFigures(t *testing.T) {
	b := statBench(t, storetest.Engines()[0].Open(t))
	c := b.write(t, smallWorld()[0])[0]
	at := c.AcceptedAt
	q := func(state hedui.QueryState, outcome source.Outcome, after time.Duration) hedui.Query {
		return hedui.Query{ID: audit.NewID(), Case: c.ID, Person: 1, Category: "vehicle", Source: "vehicle", State: state, Outcome: outcome, AskedAt: at, AnsweredAt: at.Add(after), CreatedAt: at}
	}
	unsent, reused, other := q(hedui.Answered, source.NotCovered, 0), q(hedui.Answered, source.None, time.Second), q(hedui.Answered, source.None, time.Second)
	unsent.AskedAt, reused.TakenFrom, other.Source = time.Time{}, "q", hedui.AtNode("hub")
	list := []hedui.Query{q(hedui.Answered, source.None, time.Second), q(hedui.Answered, source.Found, 4*time.Second), q(hedui.Answered, source.Found, 25*time.Hour),
		q(hedui.Answered, source.Refused, time.Second), q(hedui.Cancelled, source.Failed, time.Second), q(hedui.Pending, "", 0), unsent, reused, other}
	if err := b.DB.InTx(t.Context(), func(tx *store.Tx) error { return tx.AddQueries(t.Context(), list) }); err != nil {
		t.Fatal(err)
	}
	b.countCases(t)
	var got []string
	for _, s := range b.statistics(t, overseer, inOctober).Sources {
		got = append(got, fmt.Sprint(s.Source, " ", s.Asked, " ", s.Answered, " ", s.None, " ", s.Failed, " ", s.Late, " ", s.Median))
	}
	if want := "[@hub 1 1 1 0 0 1 vehicle 6 3 1 2 1 5]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// randomWorld makes up cases of a few places, programmes and months.
func randomWorld(r *rand.Rand, n int) []made {
	var list []made
	for i := range n {
		m := made{n: i, division: []string{"330203", "330212", "330206"}[r.IntN(3)], office: []string{"甲街道", "乙街道"}[r.IntN(2)],
			programme: hedui.Programmes()[r.IntN(3)], kind: hedui.CaseKinds()[r.IntN(2)], accepted: october(1).AddDate(0, -r.IntN(2), r.IntN(28)).Add(time.Duration(r.IntN(24)) * time.Hour)}
		if r.IntN(5) > 0 {
			m.hours = 1 + r.IntN(40)
			m.objected, m.version = r.IntN(6) == 0, 1+r.IntN(2)
			for range r.IntN(3) {
				m.items = append(m.items, hedui.ExplanationStates()[r.IntN(len(hedui.ExplanationStates()))])
			}
		}
		list = append(list, m)
	}
	return list
}

func sumRows(rows []hedui.StatRow) hedui.Figures {
	var sum hedui.Figures
	for _, r := range rows {
		sum = hedui.SumFigures(sum, r.Figures)
	}
	return sum
}

// The sum over divisions, and over programmes, is the whole, for every reader.
func TestPartsMakeTheWhole(t *testing.T) {
	b := statBench(t, storetest.Engines()[0].Open(t))
	b.write(t, randomWorld(rand.New(rand.NewPCG(1, 2)), 120)...)
	b.countCases(t)
	for _, o := range []hedui.Officer{overseer, statReader} {
		for _, q := range []StatQuery{inOctober, {Period: hedui.Period{From: "2026-09", Until: "2026-11"}}, {Period: hedui.Period{From: "2026-09", Until: "2026-11"}, Programme: hedui.Medical}} {
			s := b.statistics(t, o, q)
			whole := s.Whole
			whole.Median, whole.P90 = 0, 0
			for name, rows := range map[string][]hedui.StatRow{"divisions": s.Divisions, "programmes": s.Programmes} {
				if got := line(sumRows(rows)); got != line(whole) {
					t.Errorf("%s of %s %v:\ngot  %s\nwant %s", name, o.ID, q, got, line(whole))
				}
			}
			whole2 := hedui.Figures{}
			for _, d := range s.Divisions {
				one := q
				one.Division = d.Key
				whole2 = hedui.SumFigures(whole2, b.statistics(t, o, one).Whole)
			}
			if got := line(whole2); got != line(whole) {
				t.Errorf("divisions one by one, %s %v:\ngot  %s\nwant %s", o.ID, q, got, line(whole))
			}
		}
	}
}

// everything is all that a reader can get out of the statistics, by any period,
// place and programme.
func (b *bench) everything(t *testing.T, o hedui.Officer) string {
	t.Helper()
	var out bytes.Buffer
	for _, period := range []hedui.Period{{From: "2026-09", Until: "2026-09"}, {From: "2026-10", Until: "2026-10"}, {From: "2026-09", Until: "2026-11"}} {
		for _, division := range []string{"", "330203", "330212", "330206"} {
			for _, programme := range append([]hedui.Programme{""}, hedui.Programmes()[:3]...) {
				s := b.statistics(t, o, StatQuery{period, division, programme})
				if err := json.NewEncoder(&out).Encode(s); err != nil {
					t.Fatal(err)
				}
				for _, table := range report.StatTables(s, lang.Chinese) {
					fmt.Fprintln(&out, table)
				}
			}
		}
	}
	return out.String()
}

// Whoever may not read cases learns nothing from any table, sum or difference that
// tells a small count from another small one: worlds that differ in those alone look
// the same, whatever is asked.
func TestSmallCountsAreNotFoundBySubtraction(t *testing.T) {
	world := func(objected, found int) *bench {
		b := statBench(t, storetest.Engines()[0].Open(t))
		var list []made
		for i := range 60 { // enough of everything around it
			list = append(list, made{n: i, division: []string{"330203", "330212"}[i%2], office: "甲街道", programme: hedui.Programmes()[i%3], kind: hedui.NewApplication, accepted: october(2), hours: 3,
				items: map[bool][]hedui.ExplanationState{true: {hedui.ExplanationOpen}}[i < 2*found+30 && i >= 30], objected: i%6 == 0 && i < 6*objected, version: 1}) // in one cell
		}
		for i := range objected { // a cell of so few
			list = append(list, made{n: 100 + i, division: "330206", office: "乙街道", programme: hedui.Dibao, kind: hedui.PeriodicRecheck, accepted: october(2), hours: 3})
		}
		b.write(t, list...)
		b.countCases(t)
		return b
	}
	first := world(1, 6).everything(t, statReader)
	for _, other := range []int{2, 3} {
		// one to three objections, and one to three cases in a cell of their own
		if got := world(other, 6).everything(t, statReader); got != first {
			t.Errorf("a world with %d instead of 1 looks different", other)
		}
	}
	if world(1, 6).everything(t, overseer) == world(2, 6).everything(t, overseer) {
		t.Error("who may read cases sees no difference either: the worlds are the same")
	}
	if strings.Contains(first, "乙街道") {
		t.Error("offices stand beside programmes")
	}
}

// Figures are of the officer's own division and programmes, and looking at them is
// recorded once for some minutes.
func TestWhoReadsWhichStatistics(t *testing.T) {
	b := statBench(t, storetest.Engines()[0].Open(t))
	b.write(t, smallWorld()...)
	b.countCases(t)
	county := overseer
	county.Division = "330203"
	if s := b.statistics(t, county, inOctober); len(s.Divisions) != 1 || s.Whole.Delivered != hedui.Exact(4) {
		t.Errorf("a county sees %v", s.Divisions)
	}
	housing := overseer
	housing.Programmes = []hedui.Programme{hedui.Medical}
	if s := b.statistics(t, housing, inOctober); s.Whole.Delivered != hedui.Exact(1) || s.Sources != nil || s.Coverage != nil {
		t.Errorf("a programme sees %s", line(s.Whole))
	}
	for name, c := range map[string]struct {
		o    hedui.Officer
		q    StatQuery
		want hedui.Kind
	}{
		"another county":    {county, StatQuery{inOctober.Period, "330212", ""}, hedui.Forbidden},
		"another programme": {housing, StatQuery{inOctober.Period, "", hedui.Dibao}, hedui.Forbidden},
		"no programme":      {overseer, StatQuery{inOctober.Period, "", "lottery"}, hedui.Forbidden},
		"no right":          {clerk, inOctober, hedui.Forbidden},
		"backwards":         {overseer, StatQuery{Period: hedui.Period{From: "2026-10", Until: "2026-09"}}, hedui.Invalid},
		"no month":          {overseer, StatQuery{Period: hedui.Period{From: "2026-13", Until: "2026-13"}}, hedui.Invalid},
		"too long":          {overseer, StatQuery{Period: hedui.Period{From: "2000-01", Until: "2026-09"}}, hedui.Invalid},
	} {
		if _, err := b.Statistics(t.Context(), c.o, c.q); hedui.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	for _, form := range []string{"xlsx", "pdf"} {
		b.Now = map[string]func() time.Time{"xlsx": b.Now, "pdf": time.Now}[form] // its signature must be within the certificate
		file, err := b.StatisticsFile(t.Context(), statReader, inOctober, form, lang.Chinese)
		if err != nil || len(file.Body) < 1000 || file.Name != "statistics-330200-2026-10-2026-10."+form {
			t.Errorf("%s: got %s with %d bytes, %v", form, file.Name, len(file.Body), err)
		}
	}
	var verbs []audit.Verb
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
		return tx.EachEntry(t.Context(), statNow.Add(-time.Hour), time.Now().Add(time.Hour), []audit.Verb{audit.StatisticsRead, audit.StatisticsExported}, func(e audit.Entry) { verbs = append(verbs, e.Verb) })
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(verbs)
	if want := []audit.Verb{audit.StatisticsExported, audit.StatisticsExported, audit.StatisticsRead, audit.StatisticsRead}; !slices.Equal(verbs, want) {
		t.Errorf("recorded %v, want %v", verbs, want)
	}
}

// The job that runs beside everything else counts what happens.
func TestTheJobCounts(t *testing.T) {
	b := newBench(t, storetest.Engines()[0].Open(t), time.Hour)
	b.start(t)
	id := b.accepted(t, form(t, 1))
	b.await(t, id, hedui.Summarised)
	b.issue(t, id)
	b.countCases(t)
	month := hedui.PeriodOf("month", hedui.MonthOf(day.Of(time.Now())))
	if got := b.statistics(t, overseer, StatQuery{Period: month}); got.Whole.Delivered != hedui.Exact(1) || len(got.Sources) == 0 || got.CountedAt.IsZero() {
		t.Errorf("got %s, %d sources, counted at %s", line(got.Whole), len(got.Sources), got.CountedAt)
	}
}

// Nothing is counted twice by those who count at once, as the job does and somebody
// beside it.
func TestCountingAtOnceCountsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := statBench(t, db)
		b.Division = "330200"
		list := make([]made, statisticsPage-1) // in one transaction each
		for i := range list {
			list[i] = smallWorld()[0]
			list[i].n = i + 1
		}
		b.write(t, list...)
		err := b.DB.InTx(t.Context(), func(tx *store.Tx) error {
			_, err := tx.AddRelays(t.Context(), []store.Relay{storetest.Answered(storetest.Relay("haishu", "q1", nil))})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var g errgroup.Group
		for range 4 {
			g.Go(func() error { return b.CountCases(t.Context()) })
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		if got := b.statistics(t, overseer, inOctober).Whole.Accepted; got != hedui.Exact(int64(len(list))) {
			t.Errorf("counted %s of %d cases", got, len(list))
		}
		nodes := b.statistics(t, overseer, StatQuery{Period: hedui.PeriodOf("month", "2026-11")}).Nodes
		if len(nodes) != 1 || nodes[0].Asked != hedui.Exact(1) {
			t.Errorf("one question is counted as %v", nodes)
		}
	})
}

// What a hub knows of its counties: how many questions each has sent, and how they
// were answered. Each is counted once, also when it is asked anew after its time.
func TestQuestionsOfOtherNodesAreCounted(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := statBench(t, db)
		b.Division = "330200"
		open := storetest.Relay("haishu", "q3", []byte("x"))
		over := storetest.Relay("yinzhou", "q1", []byte("x"))
		over.ExpiresAt = statNow.Add(-time.Hour)
		refused := storetest.Answered(storetest.Relay("haishu", "q2", nil))
		refused.Outcome = source.Refused
		write := func(list ...store.Relay) {
			t.Helper()
			if err := b.DB.InTx(t.Context(), func(tx *store.Tx) error { _, err := tx.AddRelays(t.Context(), list); return err }); err != nil {
				t.Fatal(err)
			}
			b.countCases(t)
		}
		write(storetest.Answered(storetest.Relay("haishu", "q1", nil)), refused, open, over)
		write()
		var got []string
		for _, n := range b.statistics(t, overseer, StatQuery{Period: hedui.PeriodOf("month", "2026-11")}).Nodes {
			got = append(got, fmt.Sprintf("%s %s %s %s", n.Source, n.Asked, n.Answered, n.Failed))
		}
		if want := "[haishu 2 1 1 yinzhou 1 0 1]"; fmt.Sprint(got) != want {
			t.Errorf("got %v, want %s", got, want)
		}
	})
}
