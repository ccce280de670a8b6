package casework

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/queue"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/internal/workbook"
	"hedui/region"
)

// One job opens each case that has changed and brings the counts into step with it,
// see docs/statistics.md. It is the only one that writes them. Then it tells the node
// above what there is, see [Desk.ReportCounts].

const (
	statisticsLane  = "statistics"
	jobStatistics   = "casework.statistics"
	statisticsLease = 2 * time.Minute
	statisticsEvery = 5 * time.Minute
	statisticsPage  = 20 // cases in one transaction: others wait for it
)

func (d *Desk) statisticsLane() queue.Lane {
	return d.standing(statisticsLane, statisticsLease, statisticsEvery, func(ctx context.Context) (bool, error) {
		if err := d.CountCases(ctx); err != nil {
			return false, err
		}
		return false, d.ReportCounts(ctx)
	})
}

// CountCases brings the counts into step with every case that has changed, and with
// the questions of other nodes that are settled. Several may do so at once.
func (d *Desk) CountCases(ctx context.Context) error {
	began := d.Now()
	if err := d.countRelays(ctx, began); err != nil {
		return err
	}
	for {
		n := 0
		err := d.DB.InTx(ctx, func(tx *store.Tx) error {
			list, err := tx.Uncounted(ctx, statisticsPage)
			if err != nil {
				return err
			}
			n = len(list)
			counted := make([]store.Counted, n)
			for i, u := range list {
				if dl, ok := d.deadlinesOf(u.Case, u.Case.AcceptedAt); ok && !u.Case.AcceptedAt.IsZero() {
					u.Promised = dl.Report.After(u.Case.AcceptedAt, d.Calendar)
				}
				if u.Before, err = before(ctx, tx, u.Case); err != nil {
					return err
				}
				counted[i] = store.Counted{Case: u.Case, Was: u.Was, Now: u.Tallies(), ConsentUntil: u.Case.ConsentEnds()}
			}
			return tx.SaveCounted(ctx, counted)
		})
		if err != nil {
			return err
		}
		if n < statisticsPage {
			return d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SetCountedAt(ctx, began) })
		}
	}
}

// relaysPage is how many questions of other nodes are counted in one transaction.
const relaysPage = 500

func (d *Desk) countRelays(ctx context.Context, at time.Time) error {
	for {
		n := 0
		err := d.DB.InTx(ctx, func(tx *store.Tx) error {
			list, err := tx.UncountedRelays(ctx, at, relaysPage)
			if n = len(list); err != nil || n == 0 {
				return err
			}
			ids, questions := make([]string, n), map[string][]hedui.Query{}
			for i, r := range list {
				ids[i] = r.ID
				questions[r.Peer] = append(questions[r.Peer], hedui.Query{State: r.State, Outcome: r.Outcome, CreatedAt: r.CreatedAt, AskedAt: r.AskedAt, AnsweredAt: r.AnsweredAt})
			}
			var added []hedui.Tally
			for peer, of := range questions {
				added = append(added, hedui.RelayTallies(d.Division, peer, of)...)
			}
			return tx.SaveCountedRelays(ctx, ids, added)
		})
		if err != nil || n < relaysPage {
			return err
		}
	}
}

// before is the month in which the household was verified before as an existing
// recipient of the programme, or empty.
func before(ctx context.Context, tx *store.Tx, c *hedui.Case) (hedui.Month, error) {
	if c.Kind != hedui.PeriodicRecheck || c.DeliveredIn() == "" {
		return "", nil
	}
	list, err := tx.CasesOf(ctx, c.Applicant().ID)
	if err != nil {
		return "", err
	}
	for _, s := range list {
		if s.ID >= c.ID || s.Erased || s.Version == 0 || s.Programme != c.Programme || s.Kind != c.Kind {
			continue
		}
		other, err := tx.Case(ctx, s.ID)
		if err != nil {
			return "", err
		}
		if m := other.DeliveredIn(); m != "" && other.Applicant().ID == c.Applicant().ID {
			return m, nil
		}
	}
	return "", nil
}

// A StatQuery asks for statistics.
type StatQuery struct {
	hedui.Period
	Division  string          `json:"division,omitempty"`  // empty = all of the officer's
	Programme hedui.Programme `json:"programme,omitempty"` // empty = all of the officer's
}

func (q StatQuery) detail() string {
	return strings.TrimSpace(fmt.Sprintf("%s–%s %s %s", q.From, q.Until, q.Division, q.Programme))
}

// trendMonths is how many months a trend has at least.
const trendMonths = 12

// Statistics are the figures of a place and a period: counts over all cases of the
// division, never one case. Who may not read cases sees small counts as bounds.
// Looking at them is recorded, once for some minutes.
func (d *Desk) Statistics(ctx context.Context, o hedui.Officer, q StatQuery) (hedui.Statistics, error) {
	const verb = audit.StatisticsRead
	s, q, err := d.statistics(ctx, o, q)
	if err != nil {
		return s, d.refused(ctx, o, "", verb, err)
	}
	at := d.Now()
	if key := string(verb) + " " + q.detail(); d.looks.again(o.ID, key, at) {
		if err := d.remember(ctx, audit.New(at, o.ID, o.Office, verb, "", q.detail())); err != nil {
			d.looks.forget(o.ID, key)
			return hedui.Statistics{}, err
		}
	}
	return s, nil
}

func (d *Desk) statistics(ctx context.Context, o hedui.Officer, q StatQuery) (hedui.Statistics, StatQuery, error) {
	if err := o.May(hedui.ReadStatistics, o.Division); err != nil {
		return hedui.Statistics{}, q, err
	}
	place, err := hedui.StatPlace(o, q.Division)
	if err != nil {
		return hedui.Statistics{}, q, err
	}
	programmes := o.Programmes
	if q.Programme != "" {
		if q.Programme.Digits() == "" || len(programmes) > 0 && !slices.Contains(programmes, q.Programme) {
			return hedui.Statistics{}, q, hedui.Fail(hedui.Forbidden, hedui.Say("error.programme", string(q.Programme)), nil)
		}
		programmes = []hedui.Programme{q.Programme}
	}
	if err := q.Check(); err != nil {
		return hedui.Statistics{}, q, err
	}
	q.Division = place
	s, err := d.figures(ctx, o, q, programmes)
	return s, q, err
}

// figures reads the counts and sums them.
func (d *Desk) figures(ctx context.Context, o hedui.Officer, q StatQuery, programmes []hedui.Programme) (hedui.Statistics, error) {
	rule, err := hedui.StatRuleOn(q.Until.Last())
	if err != nil {
		return hedui.Statistics{}, err
	}
	l := &hedui.Ledger{Period: q.Period, Trend: min(q.From, q.Until.Add(1-trendMonths)), Division: q.Division, Programme: q.Programme,
		Rule: rule, Veiled: o.May(hedui.ReadCases, q.Division) != nil}
	prefix := hedui.PlacePrefix(q.Division)
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		read := func(f store.TallyFilter, in func(hedui.Tally) hedui.Sink) error {
			f.Place = prefix
			return tx.ReadTallies(ctx, f, in)
		}
		if err := readCells(l, programmes, read); err != nil {
			return err
		}
		if l.Running, err = tx.CountRunning(ctx, prefix, programmes); err != nil {
			return err
		}
		if l.Nodes, err = countedBelow(ctx, tx, q); err != nil {
			return err
		}
		if l.Totals, err = tx.OfficeTotals(ctx, q.From, q.Until, prefix); err != nil {
			return err
		}
		l.CountedAt, err = tx.CountedAt(ctx)
		return err
	})
	if err != nil {
		return hedui.Statistics{}, err
	}
	s := l.Statistics()
	if len(programmes) > 0 { // what offices and sources have is of all programmes
		s.Sources, s.Nodes, s.Coverage = nil, nil, nil
	}
	for i, f := range s.Sources {
		if f.Node != "" {
			continue
		}
		if at := slices.IndexFunc(d.Registers, func(r hedui.Register) bool { return r.Source == f.Source }); at >= 0 {
			s.Sources[i].Department = d.Registers[at].DepartmentOn(q.Until.Last())
		}
	}
	return s, nil
}

// readCells fills a ledger: cell by cell where each is veiled by itself, otherwise
// summed as far as the tables allow.
func readCells(l *hedui.Ledger, programmes []hedui.Programme, read func(store.TallyFilter, func(hedui.Tally) hedui.Sink) error) error {
	err := read(store.TallyFilter{From: l.Period.From, Until: l.Period.Until, Programmes: programmes}, func(cell hedui.Tally) hedui.Sink {
		also := earlierIn(l, cell)
		if !l.Veiled {
			cell.Month, cell.Kind = l.Period.From, ""
			if cell.Programme != "" { // sources are told apart by node
				cell.Node = ""
			}
		}
		in := l.In(cell)
		return func(what hedui.Tallied, part string, n int64) {
			in(what, part, n)
			also(what, part, n)
		}
	})
	if err == nil {
		err = read(store.TallyFilter{From: min(l.Trend, l.WindowFrom()), Until: l.Period.From.Add(-1), Programmes: programmes, Brief: true},
			func(cell hedui.Tally) hedui.Sink { return earlierIn(l, cell) })
	}
	if err == nil && !l.Veiled && len(programmes) == 0 { // offices are not counted by programme
		err = read(store.TallyFilter{From: l.Period.From, Until: l.Period.Until, ByOffice: true, Brief: true}, func(cell hedui.Tally) hedui.Sink {
			cell.Node = ""
			return l.In(cell)
		})
	}
	return err
}

// earlierIn takes what is needed of a month before the period, and of the period too:
// for the trend, and for how many existing recipients were verified.
func earlierIn(l *hedui.Ledger, cell hedui.Tally) hedui.Sink {
	if cell.Programme == "" { // of sources
		return func(hedui.Tallied, string, int64) {}
	}
	of, cover := cell, cell
	if !l.Veiled {
		of.Division, of.Programme, of.Kind, of.Node = "", "", "", ""
		cover.Programme, cover.Node = "", ""
	}
	inTrend := func(hedui.Tallied, string, int64) {}
	if cell.Month >= l.Trend {
		inTrend = l.InTrend(of)
	}
	inCover := l.InCover(cover)
	return func(what hedui.Tallied, part string, n int64) {
		switch what {
		case hedui.TallyOpened, hedui.TallyLate, hedui.TallyFound:
			inTrend(what, part, n)
		case hedui.TallyAccepted, hedui.TallyDelivered:
			inTrend(what, part, n)
			inCover(what, part, n)
		case hedui.TallyAgain:
			inCover(what, part, n)
		}
	}
}

// StatisticsFile gives the figures as a workbook ("xlsx") or as the bulletin of a
// period ("pdf"), signed as copies of reports are. It is recorded before it is
// handed out.
func (d *Desk) StatisticsFile(ctx context.Context, o hedui.Officer, q StatQuery, form string, l lang.Lang) (File, error) {
	const verb = audit.StatisticsExported
	s, q, err := d.statistics(ctx, o, q)
	if err != nil {
		return File{}, d.refused(ctx, o, "", verb, err)
	}
	at := d.Now()
	bulletin := report.Bulletin{Statistics: s, Issuer: d.Issuer, MadeAt: at}
	file := File{Name: fmt.Sprintf("statistics-%s-%s-%s.%s", s.Division, s.From, s.Until, form)}
	switch form {
	case "xlsx":
		var sheets []workbook.Sheet
		for _, t := range report.StatTables(s, l) {
			sheets = append(sheets, workbook.Sheet{Name: t.Short, Title: t.Title, Note: t.Note, Columns: t.Columns, Rows: t.Rows})
		}
		file.Body, err = workbook.WriteSheets(sheets)
	case "pdf":
		file.Body, err = report.PaperPDF(bulletin, l, report.Copy{Reader: o.Name, ReaderOffice: o.Office, At: at},
			&report.Signing{Signer: d.Signer, Certificate: d.Certificate, At: at})
	default:
		err = notFound()
	}
	if err != nil {
		return File{}, err
	}
	return file, d.remember(ctx, audit.New(at, o.ID, o.Office, verb, "", form+" "+q.detail()))
}

// EnterTotals notes what offices of the officer's place say of themselves: all or
// none of it. The same number once more changes nothing.
func (d *Desk) EnterTotals(ctx context.Context, o hedui.Officer, list []hedui.OfficeTotal) error {
	const verb = audit.TotalEntered
	if err := o.May(hedui.KeepTotals, o.Division); err != nil {
		return d.refused(ctx, o, "", verb, err)
	}
	at := d.Now()
	if len(list) == 0 {
		return hedui.Problems([]hedui.Problem{{Field: "n", Say: hedui.Say("problem.statistics.nothing")}})
	}
	for i := range list {
		t := &list[i]
		if err := o.May(hedui.KeepTotals, cmp.Or(t.Division, "?")); err != nil || !hasTotals(t.Division, t.Month) {
			return hedui.Problems([]hedui.Problem{{Field: "division", Say: hedui.Say("problem.statistics.division")}})
		}
		if err := t.Check(at); err != nil {
			return err
		}
		t.ID, t.At, t.By, t.Origin = audit.NewID(), at, o.ID, strings.TrimSpace(t.Origin)
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		for _, t := range list {
			known, err := tx.OfficeTotals(ctx, t.Month, t.Month, t.Division)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(known, func(k hedui.OfficeTotal) bool { return k.Kind == t.Kind && k.N == t.N && k.Origin == t.Origin }) {
				continue
			}
			if err := tx.AddOfficeTotal(ctx, t); err != nil {
				return err
			}
			if err := tx.Record(ctx, audit.New(at, o.ID, o.Office, verb, "", fmt.Sprintf("%s %s %s=%d", t.Division, t.Month, t.Kind, t.N))); err != nil {
				return err
			}
		}
		return nil
	})
}

// hasTotals reports whether offices of a division count for themselves in a month.
func hasTotals(division string, m hedui.Month) bool {
	if _, err := hedui.ParseMonth(string(m)); err != nil {
		return true // its own problem is named
	}
	d, ok := region.Lookup(division, m.Last())
	return ok && (d.Kind == region.KindCounty || d.Kind == region.KindLocal)
}
