package casework

import (
	"fmt"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// BenchmarkConcernsOfADay goes over a day with a hundred thousand looks of two hundred
// officers at ten thousand cases.
func BenchmarkConcernsOfADay(b *testing.B) {
	calendar, err := hedui.China()
	if err != nil {
		b.Fatal(err)
	}
	const looks, officers, cases = 100_000, 200, 10_000
	for _, e := range storetest.Engines() {
		b.Run(e.Name, func(b *testing.B) {
			desk := &Desk{DB: e.Open(b), Calendar: calendar, Now: time.Now}
			for from := 0; from < looks; from += 1000 {
				entries := make([]audit.Entry, 1000)
				for i := range entries {
					n := from + i
					who := fmt.Sprint("officer", n%officers)
					entries[i] = audit.New(clockOn(monday, 8).Add(time.Duration(n)*100*time.Millisecond), who, "centre", []audit.Verb{audit.ReadCase, audit.Accepted}[n/cases%2], fmt.Sprint("c", n%cases), "")
				}
				if err := desk.DB.InTx(b.Context(), func(tx *store.Tx) error { return tx.Record(b.Context(), entries...) }); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				if err := desk.watchDay(b.Context(), monday, true); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(looks)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
