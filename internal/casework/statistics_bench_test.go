package casework

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// statBenchCases is how many cases the benchmark makes up: HEDUI_BENCH_CASES, or few.
func statBenchCases(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(os.Getenv("HEDUI_BENCH_CASES"))
	if err != nil {
		return 2000
	}
	return n
}

// Figures of a month and of a year as the page asks for them, over cases of fourteen
// months in eleven divisions with nine programmes, and what it takes to count the
// cases in the first place; and the marks of all months, as they are told to the node
// above each round.
func BenchmarkStatistics(b *testing.B) {
	for _, e := range storetest.Engines() {
		b.Run(e.Name, func(b *testing.B) {
			n := statBenchCases(b)
			desk := &bench{Desk: &Desk{DB: e.Open(b), Now: func() time.Time { return statNow }}}
			var err error
			if desk.Deadlines, err = hedui.StandardDeadlines(); err != nil {
				b.Fatal(err)
			}
			if desk.Calendar, err = hedui.China(); err != nil {
				b.Fatal(err)
			}
			r := rand.New(rand.NewPCG(1, 2))
			for from := 0; from < n; from += 500 {
				var list []made
				for i := range min(500, n-from) {
					list = append(list, made{n: (from + i) % 99998, division: strconv.Itoa(330203 + r.IntN(11)), office: "街道" + strconv.Itoa(r.IntN(10)), programme: hedui.Programmes()[r.IntN(9)],
						kind: hedui.CaseKinds()[r.IntN(2)], accepted: statNow.AddDate(0, 0, -r.IntN(420)), hours: 1 + r.IntN(40), items: make([]hedui.ExplanationState, r.IntN(5)/3)})
				}
				desk.write(b, list...)
			}
			began := time.Now()
			desk.countCases(b)
			counting := time.Since(began)
			for _, q := range []StatQuery{inOctober, {Period: hedui.PeriodOf("year", "2026-11")}} {
				b.Run(string(q.From)+"–"+string(q.Until), func(b *testing.B) {
					var took []time.Duration
					for b.Loop() {
						began := time.Now()
						desk.statistics(b, overseer, q)
						took = append(took, time.Since(began))
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
					b.ReportMetric(float64(n)/counting.Seconds(), "cases-counted/s")
				})
			}
			b.Run("marks", func(b *testing.B) {
				for b.Loop() {
					err := desk.DB.Read(b.Context(), func(tx *store.Tx) error {
						_, err := tx.MonthMarks(b.Context(), "")
						return err
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
