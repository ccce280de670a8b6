package federation

import (
	"testing"
	"time"

	"hedui/catalog"
	"hedui/exchange"
	"hedui/internal/store/storetest"
)

// A node whose store takes nothing loses nothing of what peers send, and doubles
// nothing once it does again.
func TestAFullStoreLosesNothing(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := two(t, e, 0)
			eventually(t, "the link is up", func() bool { return county.link(t, "ningbo").Up })

			free := storetest.Full(t, hub.o, "inbox", "relays")
			first := county.accept(t, 1, "")
			eventually(t, "what the hub cannot take waits at the county", func() bool { return county.ofKind(t, exchange.KindQuestions) > 0 })
			time.Sleep(300 * time.Millisecond)
			onceEach(t, 0, hub)
			if county.ofKind(t, exchange.KindQuestions) == 0 {
				t.Error("nothing waits at the county any more")
			}
			free()
			county.answered(t, first)

			free = storetest.Full(t, county.o, "inbox")
			second := county.accept(t, 2, "")
			for _, r := range hub.sources {
				eventually(t, "the hub has asked", func() bool { n, _ := r.calls(); return n == 2 })
			}
			eventually(t, "the county's own register has answered", func() bool { q := county.query(t, second, catalog.Land); return q.Settled() })
			time.Sleep(300 * time.Millisecond)
			want(t, "the county that cannot take the replies", county.cells(t, second), "hukou 330200:  sent", "housing 330200:  sent", "land 330203: none")
			free()
			county.answered(t, second)

			free = storetest.Full(t, county.o, "parcels") // not even the outbox takes anything
			third := county.accept(t, 3, "")
			time.Sleep(300 * time.Millisecond)
			free()
			county.answered(t, third)
			onceEach(t, 3, hub, county)
			eventually(t, "both outboxes are empty", func() bool {
				return county.waiting(t, "ningbo")+hub.waiting(t, "haishu") == 0
			})
		})
	}
}

// What could not be written about links and strangers is written later.
func TestAFullStoreKeepsLinksAndIncidentsInMind(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	hub, county := two(t, e, 0)
	eventually(t, "the link is up", func() bool { return county.link(t, "ningbo").Up })
	free := storetest.Full(t, county.o, "links")
	hub.stop()
	time.Sleep(500 * time.Millisecond)
	if l := county.link(t, "ningbo"); !l.Up {
		t.Errorf("the link is written as %+v while nothing can be written", l)
	}
	free()
	eventually(t, "the link is shown as down", func() bool { return !county.link(t, "ningbo").Up })

	hub.open(t)
	free = storetest.Full(t, hub.o, "incidents")
	for range 7 {
		hub.incidents.add(t.Context(), knock("203.0.113.9:1", time.Now()))
		if err := hub.incidents.save(t.Context()); err == nil {
			t.Fatal("incidents are written into a full store")
		}
	}
	free()
	if i := hub.incident(t, "", "code"); i.Count != 7 {
		t.Errorf("%d incidents are counted, want 7", i.Count)
	}
}
