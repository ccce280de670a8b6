package federation

import (
	"testing"
	"time"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// A department that fails at the hub, or at the county behind it, shows in the
// county's grid with its reason; when it is back nobody waits for the pauses that
// have grown meanwhile.
func TestTheCountySeesWhyADepartmentDoesNotAnswer(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, haishu, yinzhou := city(t, e)
			for _, r := range []*register{hub.sources["hukou-330200"], haishu.sources["land-330203"]} {
				r.setDown(true)
			}
			var cases []string
			for n := range 3 {
				cases = append(cases, yinzhou.accept(t, 1+n, "330203"))
			}
			failing := func(id string) int {
				n := 0
				for _, q := range yinzhou.look(t, id) {
					if q.State == hedui.Retrying && q.Reason == source.ReasonDown && (q.Category == catalog.Hukou || q.Category == catalog.Land) {
						n++
					}
				}
				return n
			}
			for _, id := range cases {
				eventually(t, "the grid shows that both departments fail", func() bool { return failing(id) == 2 })
			}
			time.Sleep(time.Second) // the pauses grow
			for _, r := range []*register{hub.sources["hukou-330200"], haishu.sources["land-330203"]} {
				r.setDown(false)
			}
			back := time.Now()
			for _, id := range cases {
				want(t, "the grid", yinzhou.grid(t, id, time.Minute),
					"hukou 330200: none  ningbo", "housing 330200: none  ningbo", "housing 330212: none",
					"land 330203: none  haishu", "land 330212: none", "vehicle 330200: not_covered no_source ningbo")
			}
			t.Logf("all answers are there %s after the departments are back", time.Since(back).Round(time.Millisecond))
			onceEach(t, 3, haishu)
			if n, most := hub.sources["hukou-330200"].calls(); n != 3 || most != 1 {
				t.Errorf("%d questions, one of them %d times; want 3, each once", n, most)
			}
		})
	}
}

// The county sees why the hub does not ask a department yet, and until when; then
// the answer comes by itself.
func TestTheCountySeesUntilWhenADepartmentIsNotAsked(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, _, yinzhou := city(t, e)
			hub.stop()
			until := time.Now().Add(20 * time.Second).Truncate(time.Second)
			hub.sources["hukou-330200"].shut = source.Span{From: until.Add(-time.Hour), To: until}
			hub.open(t)
			id := yinzhou.accept(t, 1, "330203")
			eventually(t, "the grid shows until when", func() bool {
				for _, q := range yinzhou.look(t, id) {
					if q.Category == catalog.Hukou && q.Held() && q.Reason == source.ReasonMaintenance && q.HeldUntil.Equal(until) {
						return true
					}
				}
				return false
			})
			if n, _ := hub.sources["hukou-330200"].calls(); n != 0 {
				t.Errorf("%d questions under maintenance", n)
			}
			yinzhou.grid(t, id, time.Minute)
			for _, q := range yinzhou.look(t, id) {
				if q.Category == catalog.Hukou && (q.Outcome != source.None || q.Held()) {
					t.Errorf("at the end: %s %s, held %v", q.Outcome, q.Reason, q.Held())
				}
			}
		})
	}
}

// What a department says of itself may be anything; between nodes it is a word of
// the known form, or it could hold up what travels beside it.
func TestReasonsOutOfFormHoldUpNothing(t *testing.T) {
	t.Parallel()
	hub := build(t, storetest.Engines()[0], plot{name: "ningbo", division: "330200", level: "prefecture", byHand: true, registers: []string{"hukou 330200 here"}})
	from := haishu()
	tests := map[string]struct {
		answer source.Answer
		want   string
	}{
		"a refusal with a sentence":    {source.Answer{Outcome: source.Refused, Reason: "按规定\n不予提供"}, "refused unknown_code"},
		"a reason beside none":         {source.Answer{Outcome: source.None, Reason: "ok"}, "none "},
		"a hash that is too long":      {source.Answer{Outcome: source.None, Hash: string(make([]byte, 200))}, "failed malformed"},
		"a record that is much":        {source.Answer{Outcome: source.Found, Match: source.MatchID, Records: []catalog.Record{{"address": string(make([]byte, 1<<20))}}}, "failed too_large"},
		"a match there is no word for": {source.Answer{Outcome: source.Found, Match: source.Match(make([]byte, 99)), Records: []catalog.Record{{"address": "x"}}}, "failed malformed"},
	}
	n := 0
	for name, tt := range tests {
		n++
		t.Run(name, func(t *testing.T) {
			odd, plain := question(t, 2*n, nil), question(t, 2*n+1, nil)
			hub.sources["hukou-330200"].say(store.RelayID("haishu", odd.ID), tt.answer)
			if err := hub.Desk.Receive(t.Context(), from, message(t, exchange.Questions{odd, plain})); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for end := time.Now().Add(time.Minute); len(got) < 2 && time.Now().Before(end); {
				for _, m := range hub.letters(t, "haishu", time.Second) {
					for _, r := range must(m.Replies()) {
						got[r.Query] = r.Outcome + " " + r.Reason
					}
				}
			}
			if got[odd.ID] != tt.want || got[plain.ID] != "none " {
				t.Errorf("replies %q and %q, want %q and none", got[odd.ID], got[plain.ID], tt.want)
			}
		})
	}
	if n, most := hub.sources["hukou-330200"].calls(); n != 2*len(tests) || most != 1 {
		t.Errorf("the department was asked %d questions, one of them %d times", n, most)
	}
}
