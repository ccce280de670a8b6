package casework

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// BenchmarkNotices reads the count that stands on every page, and the page itself, for
// officers of each role, over cases of a year with what is recorded of them: those
// of which nobody has seen anything, which is the most that is ever read.
// HEDUI_BENCH_CASES says how many cases.
func BenchmarkNotices(b *testing.B) {
	for _, e := range storetest.Engines() {
		b.Run(e.Name, func(b *testing.B) {
			n, now := statBenchCases(b), time.Now().Truncate(time.Microsecond)
			desk := &Desk{DB: e.Open(b), Now: func() time.Time { return now }, manuals: map[string]*manual{"land": {}, "archive": {}}}
			fillNotices(b, desk, n, now)
			table, err := hedui.RoleTableOn(day.Of(now))
			if err != nil {
				b.Fatal(err)
			}
			for _, role := range hedui.OfficerRoles() {
				o := hedui.Officer{ID: string(role) + "7", Office: "局7", Division: "330200", Roles: []hedui.OfficerRole{role}, Rights: table.Rights(role), Sources: []string{"land", "archive"}}
				if list, _, _ := tells(o, now); len(list) == 0 {
					continue
				}
				for name, read := range map[string]func() (int, error){
					"count": func() (int, error) { n, _, err := desk.CountNotices(b.Context(), o); return n, err },
					"page": func() (int, error) {
						n, err := desk.Notices(b.Context(), o, NoticeFilter{})
						return len(n.List), err
					},
				} {
					b.Run(string(role)+"/"+name, func(b *testing.B) {
						var took []time.Duration
						found := 0
						for b.Loop() {
							began := time.Now()
							if found, err = read(); err != nil {
								b.Fatal(err)
							}
							took = append(took, time.Since(began))
						}
						slices.Sort(took)
						b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
						b.ReportMetric(float64(found), "found")
					})
				}
			}
		})
	}
}

// fillNotices writes cases of a year, most of them archived, of fifty clerks and twenty
// offices, with what happened to them, and officers with connections.
func fillNotices(b *testing.B, desk *Desk, n int, now time.Time) {
	b.Helper()
	life := []audit.Verb{audit.Registered, audit.ConsentGiven, audit.Commissioned, audit.Accepted, audit.Dispatched, audit.Summarised, audit.ExplanationOpened, audit.Reviewed, audit.Prepared, audit.Sealed, audit.Delivered, audit.ReadCase}
	running := []struct {
		stage hedui.Stage
		lived int
		last  audit.Verb
	}{{hedui.Commissioned, 3, audit.ReadCase}, {hedui.Returned, 3, audit.Returned}, {hedui.Collecting, 5, audit.Asked}, {hedui.Manual, 6, audit.SentBack}, {hedui.Summarised, 6, audit.ReadCase},
		{hedui.Reviewed, 8, audit.ReadCase}, {hedui.Issued, 10, audit.ReadCase}, {hedui.Objected, 11, audit.Objected}}
	ctx := b.Context()
	for from := 0; from < n; from += 500 {
		err := desk.DB.InTx(ctx, func(tx *store.Tx) error {
			var items []store.Item
			for i := from; i < min(from+500, n); i++ {
				opened := now.Add(-time.Duration(n-i) * (365 * 24 * time.Hour / time.Duration(n)))
				c := storetest.Case(b, i%99998)
				c.ID, c.CreatedAt, c.DueAt, c.Office, c.Steps[0].Officer = fmt.Sprintf("c%07d", i), opened, opened.Add(24*time.Hour), fmt.Sprint("局", i%20), fmt.Sprint("clerk", i%50)
				c.Number = fmt.Sprintf("3302032026%07d", i)
				c.Stage, c.Version = hedui.Archived, 1
				verbs := life
				if i > n*97/100 {
					now := running[i/50%len(running)]
					c.Stage, verbs = now.stage, append(slices.Clone(life[:now.lived]), now.last)
				}
				if err := tx.CreateCase(ctx, c); err != nil {
					return err
				}
				entries := make([]audit.Entry, len(verbs))
				for k, v := range verbs {
					entries[k] = audit.New(opened.Add(time.Duration(k)*time.Minute), fmt.Sprint("officer", i%90), "局", v, c.ID, "step.all_answered")
				}
				if err := tx.Record(ctx, entries...); err != nil {
					return err
				}
				if c.Stage == hedui.Collecting || c.Stage == hedui.Manual {
					it := store.Item{ID: fmt.Sprint("i", i), Source: "land", About: fmt.Sprint("q", i), Case: c.ID, State: hedui.ItemListed, ListedAt: opened, DueAt: opened.AddDate(0, 0, 5), ChangedAt: opened}
					if i%2 == 0 {
						it.Source, it.State, it.Letter = "archive", hedui.ItemLettered, fmt.Sprint("X", i)
					}
					items = append(items, it)
				}
			}
			return tx.AddItems(ctx, items)
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	err := desk.DB.InTx(ctx, func(tx *store.Tx) error {
		for i := range 40 { // colleagues of every office live here too
			office := fmt.Sprint("局", i%20)
			if _, err := tx.AddOffice(ctx, store.Office{Name: office, Kind: hedui.CentreOffice, Division: "330200", Since: now}); err != nil {
				return err
			}
			id := fmt.Sprint("colleague", i)
			if err := tx.SaveOfficer(ctx, hedui.StaffMember{ID: id, Name: id, Office: office, Division: "330200", State: hedui.OfficerActive, From: day.Must("2020-01-01")}); err != nil {
				return err
			}
			if err := tx.AddTie(ctx, id, storetest.Case(b, i*7).Applicant().ID, hedui.SelfTie, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
