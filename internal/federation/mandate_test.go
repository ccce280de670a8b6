package federation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// A hub relays nothing whose mandate it has not verified: it says why, records it,
// and the department never hears of it.
func TestAHubRefusesWhatItsMandateDoesNotCarry(t *testing.T) {
	t.Parallel()
	stranger := must(seal.Generate(seal.Ed25519))
	other := question(t, 77, nil)
	tests := map[string]struct {
		change func(q *exchange.Question)
		want   string
	}{
		"as it is sent":            {func(*exchange.Question) {}, "none "},
		"signed by somebody else":  {func(q *exchange.Question) { q.Signed = signedBy(t, stranger, *q) }, "refused mandate_false"},
		"no mandate at all":        {func(q *exchange.Question) { q.Signed = "hedui-mandate1.e30.AA" }, "refused mandate_false"},
		"cut short":                {func(q *exchange.Question) { q.Signed = q.Signed[:len(q.Signed)/2] }, "refused mandate_false"},
		"one letter changed":       {func(q *exchange.Question) { q.Signed = strings.Replace(q.Signed, ".eyJ", ".eyK", 1) }, "refused mandate_false"},
		"of another person":        {func(q *exchange.Question) { q.Signed = other.Signed }, "refused mandate_other"},
		"about another name":       {func(q *exchange.Question) { q.Person.Name = "别人" }, "refused mandate_other"},
		"for another category":     {func(q *exchange.Question) { q.Category = catalog.Vehicle }, "refused mandate_other"},
		"longer than it was given": {func(q *exchange.Question) { q.Mandate.Until = q.Mandate.Until.Add(time.Hour) }, "refused mandate_widened"},
		"under another number":     {func(q *exchange.Question) { q.Mandate.Number = "M2" }, "refused mandate_other"},
		"addressed to another hub": {func(q *exchange.Question) { q.Signed = signedTo(t, haishuKey(), "zhejiang", *q) }, "refused mandate_widened"},
	}
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", byHand: true, registers: []string{"hukou 330200 here", "vehicle 330200 here"}})
			n := 100
			for name, tt := range tests {
				n++
				t.Run(name, func(t *testing.T) {
					q := question(t, n, nil)
					tt.change(&q)
					m := message(t, exchange.Questions{q})
					if err := hub.Desk.Receive(t.Context(), haishu(), m); err != nil {
						t.Fatal(err)
					}
					var got string
					for _, letter := range hub.letters(t, "haishu", 10*time.Second) {
						for _, r := range must(letter.Replies()) {
							got = r.Outcome + " " + r.Reason
						}
					}
					if got != tt.want {
						t.Errorf("answered %q, want %q", got, tt.want)
					}
					_, reason, _ := strings.Cut(tt.want, " ")
					if entry := hub.audited(t, m.ID); reason != "" && !strings.Contains(entry, "="+reason) {
						t.Errorf("recorded %q, want the reason", entry)
					}
				})
			}
			for name, want := range map[string]int{"hukou-330200": 1, "vehicle-330200": 0} {
				if got, _ := hub.sources[name].calls(); got != want {
					t.Errorf("%s was asked %d times, want %d", name, got, want)
				}
			}
			old := question(t, 99, nil)
			old.Signed = ""
			var refusal *exchange.Refusal
			if err := hub.Desk.Receive(t.Context(), haishu(), message(t, exchange.Questions{old})); !errors.As(err, &refusal) || refusal.Reason != exchange.ReasonUnsigned || !refusal.Reason.Settled() {
				t.Errorf("questions of an earlier version: %v, want a refusal for good that says unsigned", err)
			}
		})
	}
}
