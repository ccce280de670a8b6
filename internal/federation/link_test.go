package federation

import (
	"context"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
)

// two is a hub with a county that has a register of its own.
func two(t *testing.T, e storetest.Engine, deadline time.Duration, urls ...string) (hub, county *place) {
	t.Helper()
	hub = build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", registers: []string{"hukou 330200 here", "housing 330200 here"}})
	county = build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: hub, urls: urls, deadline: deadline, registers: []string{
		"land 330203 here", "hukou 330200 ningbo", "housing 330200 ningbo"}})
	join(t, hub, county)
	return hub, county
}

// link tells how a place shows its link to a peer.
func (at *place) link(t *testing.T, peer string) store.Link {
	t.Helper()
	s, err := at.Status(context.WithoutCancel(t.Context()), boss)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range s.Peers {
		if p.Name == peer {
			return p.Link
		}
	}
	t.Fatalf("%s does not show %s", at.Name, peer)
	return store.Link{}
}

// onceEach checks that every department was asked n questions, each once.
func onceEach(t *testing.T, n int, places ...*place) {
	t.Helper()
	for _, at := range places {
		for name, r := range at.sources {
			if got, most := r.calls(); got != n || most > 1 {
				t.Errorf("%s of %s: %d questions, one of them %d times; want %d, each once", name, at.Name, got, most, n)
			}
		}
	}
}

// done is a grid in which everything was answered.
var done = []string{"hukou 330200: none  ningbo", "housing 330200: none  ningbo", "land 330203: none"}

func (at *place) answered(t *testing.T, id string) {
	t.Helper()
	eventually(t, "every query of "+at.Name+" is answered", func() bool {
		for _, q := range at.look(t, id) {
			if !q.Settled() {
				return false
			}
		}
		return true
	})
	want(t, "the grid of "+at.Name, at.cells(t, id), done...)
}

// While the parent is away the county goes on; when it is back everything that
// waited flows, and has its effect once.
func TestACutLinkStopsNothing(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := two(t, e, 1500*time.Millisecond)
			eventually(t, "the link is up", func() bool { return county.link(t, "ningbo").Up })
			cut := time.Now()
			hub.stop()
			first := county.accept(t, 1, "")
			want(t, "at the deadline", county.grid(t, first, time.Minute),
				"hukou 330200:  link", "housing 330200:  link", "land 330203: none")
			v, err := county.Desk.Look(t.Context(), receiver2, first)
			if err != nil {
				t.Fatal(err)
			}
			if last := v.Case.Steps[len(v.Case.Steps)-1]; last.Note.Key != "step.deadline" || last.At.Before(v.Case.DueAt) || len(v.Assessment.Gaps) == 0 {
				t.Errorf("summarised with %s at %s, due at %s, %d gaps", last.Note.Key, last.At, v.Case.DueAt, len(v.Assessment.Gaps))
			}
			down := county.link(t, "ningbo")
			if down.Up || down.Reason != "down" || down.Since.Before(cut.Truncate(time.Millisecond)) || down.Since.After(v.Case.DueAt) {
				t.Errorf("the county shows the link %+v, want it down since about %s", down, cut)
			}

			before := county.ofKind(t, exchange.KindQuestions) // one letter of two questions, or two
			county.stop()                                      // a restart makes an old failure not look young, and loses nothing of what waits
			county.open(t)
			second := county.accept(t, 2, "")
			eventually(t, "the second case is posted", func() bool { return county.ofKind(t, exchange.KindQuestions) > before })
			if again := county.link(t, "ningbo"); again.Up || !again.Since.Equal(down.Since) {
				t.Errorf("after a restart of the county: %+v, want it down since %s", again, down.Since)
			}

			hub.open(t)
			county.answered(t, first)
			county.answered(t, second)
			onceEach(t, 2, hub, county)
			if up := county.link(t, "ningbo"); !up.Up || !up.Since.After(down.Since) {
				t.Errorf("the county shows the link %+v, want it up", up)
			}
			if entries := county.audited(t, "ningbo"); !strings.Contains(entries, "node.link down down; node.link up") {
				t.Errorf("the county has recorded %q", entries)
			}
			eventually(t, "both outboxes are empty", func() bool {
				return county.waiting(t, "ningbo")+hub.waiting(t, "haishu") == 0
			})
		})
	}
}

// Either side may stop at any moment.
func TestRestartsInTheMiddleLoseNothing(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := two(t, e, 0)
			register := hub.sources["hukou-330200"]
			register.setDown(true)
			id := county.accept(t, 1, "")
			eventually(t, "the question waits at the hub", func() bool {
				return county.query(t, id, catalog.Hukou).State == hedui.Retrying
			})
			hub.stop()
			county.stop()
			register.setDown(false)
			county.open(t)
			hub.open(t)
			county.answered(t, id)
			onceEach(t, 1, hub, county)
		})
	}
}

// When what comes back is lost, what was sent comes again and is known.
func TestLostReceiptsDoubleNothing(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", registers: []string{"hukou 330200 here", "housing 330200 here"}})
	line, err := sim.NewLine(t.Context(), "127.0.0.1:0", hub.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = line.Close() })
	county := build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: hub, urls: []string{"https://" + line.Addr()}, registers: []string{
		"land 330203 here", "hukou 330200 ningbo", "housing 330200 ningbo"}})
	join(t, hub, county)
	eventually(t, "the link is up", func() bool { return county.link(t, "ningbo").Up })
	eventually(t, "the county has counted for the first time", func() bool { return county.counted(t) })
	eventually(t, "nothing is on its way that would wait for its receipt before the questions", func() bool {
		return county.waiting(t, "ningbo")+hub.waiting(t, "haishu") == 0
	})
	line.Mute(true)
	id := county.accept(t, 1, "")
	for _, r := range hub.sources {
		eventually(t, "the hub has taken the questions", func() bool { n, _ := r.calls(); return n == 1 })
	}
	eventually(t, "the replies are on their way", func() bool { return hub.ofKind(t, exchange.KindReplies) > 0 })
	time.Sleep(100 * time.Millisecond)
	if left := county.ofKind(t, exchange.KindQuestions); left != 1 {
		t.Errorf("%d letters of questions wait at the county; want the one whose receipt was lost", left)
	}
	line.Mute(false)
	county.answered(t, id)
	onceEach(t, 1, hub, county)
	eventually(t, "both outboxes are empty", func() bool {
		return county.waiting(t, "ningbo")+hub.waiting(t, "haishu") == 0
	})
}

// Clocks that differ by minutes do no harm; where they differ by more the other
// side refuses, says so, and takes it once the clock is right.
func TestClocksThatDiffer(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := two(t, e, 0)
			n := 0
			for _, ahead := range []time.Duration{3 * time.Minute, -3 * time.Minute} {
				county.ahead.Store(int64(ahead))
				n++
				county.answered(t, county.accept(t, n, ""))
			}
			onceEach(t, n, hub, county)

			county.ahead.Store(int64(10 * time.Minute))
			n++
			id := county.accept(t, n, "")
			if i := hub.incident(t, "haishu", "clock"); i.Key == "" || i.Envelope == "" {
				t.Errorf("the hub shows %+v, want the key and the envelope", i)
			}
			onceEach(t, n-1, hub)
			county.ahead.Store(0)
			county.answered(t, id)

			county.ahead.Store(int64(-10 * time.Minute))
			n++
			id = county.accept(t, n, "")
			county.incident(t, "ningbo", "clock")
			want(t, "the county with the clock behind", county.cells(t, id), "hukou 330200:  sent", "housing 330200:  sent", "land 330203: none")
			county.ahead.Store(0)
			hub.ahead.Store(int64(2 * lease)) // what was refused is sent again after a while
			county.answered(t, id)
			onceEach(t, n, hub, county)
		})
	}
}
