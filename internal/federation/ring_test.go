package federation

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
)

// keys are the names of the keys a place signs and is encrypted to with.
func (at *place) keys() string {
	sign, box := at.Ring.KeyIDs()
	return sign + " " + box
}

// pinned counts the signing keys by which a place knows a peer.
func (at *place) pinned(peer string) int {
	p, _ := at.lookup(peer)
	return len(p.Sign)
}

// speaks asks the parent for its health with the keys of an identity.
func speaks(t *testing.T, me exchange.Identity, parent *place) exchange.Reason {
	t.Helper()
	_, err := exchange.AskHealth(t.Context(), me, exchange.Peer{Name: parent.Name, Division: parent.Division, Level: parent.Level,
		Sign: parent.identity().Peer().Sign, Boxes: parent.identity().Peer().Boxes}, parent.url(), parent.now)
	if err != nil && exchange.ReasonOf(err) == "" {
		t.Errorf("health: %v", err)
	}
	return exchange.ReasonOf(err)
}

func TestKeysChangeWhileCasesRun(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := two(t, e, 0)
			eventually(t, "the link is up", func() bool { return county.link(t, "ningbo").Up })
			before := county.identity()
			var cases []string
			for _, at := range []*place{hub, county} {
				old := at.keys()
				cases = append(cases, county.accept(t, 1+len(cases), ""))
				if err := at.Rotate(t.Context(), boss, time.Hour); err != nil {
					t.Fatal(err)
				}
				at.ahead.Add(int64(soon)) // the new ones count from now on
				eventually(t, at.Name+" uses its new keys", func() bool {
					cases = append(cases, county.accept(t, 1+len(cases), ""))
					time.Sleep(250 * time.Millisecond)
					return at.keys() != old
				})
				cases = append(cases, county.accept(t, 1+len(cases), ""))
			}
			if hub.pinned("haishu") != 2 || county.pinned("ningbo") != 2 {
				t.Errorf("%d and %d keys are pinned, want the old and the new one", hub.pinned("haishu"), county.pinned("ningbo"))
			}
			for _, id := range cases {
				county.answered(t, id)
			}
			onceEach(t, len(cases), hub, county)
			if got := speaks(t, before, hub); got != "" {
				t.Errorf("with the old key, in its time: %q", got)
			}

			for _, at := range []*place{hub, county} {
				at.ahead.Store(int64(75 * time.Minute))
			}
			if got := speaks(t, before, hub); got != exchange.ReasonKey {
				t.Errorf("with the old key, after its time: %q, want key", got)
			}
			for _, at := range []*place{hub, county} {
				for _, file := range []string{"node-1.sign.key", "node-1.box.key"} {
					eventually(t, file+" of "+at.Name+" is destroyed", func() bool {
						_, err := os.Stat(filepath.Join(at.ring, file))
						return errors.Is(err, fs.ErrNotExist)
					})
				}
			}
			county.answered(t, county.accept(t, 1+len(cases), ""))
			if i := hub.incident(t, "haishu", "key"); i.Key != before.Public.KeyID() {
				t.Errorf("the hub shows the key %s, want the old one", i.Key)
			}
		})
	}
}

// Whatever was done when the program ended, calling Rotate again ends the change,
// and no peer is left behind.
func TestAChangeOfKeysThatWasBrokenOff(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	hub, county := two(t, e, 0)
	eventually(t, "the link is up", func() bool { return county.link(t, "ningbo").Up })
	old, n := hub.keys(), 0
	restart := func() {
		hub.stop()
		hub.open(t)
	}
	finish := func(t *testing.T) {
		t.Helper()
		if hub.keys() != old {
			t.Fatal("the hub uses keys that nobody was told of")
		}
		if err := hub.Rotate(t.Context(), boss, time.Hour); err != nil {
			t.Fatal(err)
		}
		hub.ahead.Add(int64(soon))
		eventually(t, "the hub uses its new keys", func() bool { return hub.keys() != old })
		n++
		county.answered(t, county.accept(t, n, ""))
		old = hub.keys()
	}
	t.Run("with one of two files made", func(t *testing.T) {
		if err := hub.Ring.makePair(2); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(hub.Ring.path(2, "box")); err != nil {
			t.Fatal(err)
		}
		restart()
		finish(t)
	})
	t.Run("with the plan written and nobody told", func(t *testing.T) {
		if _, _, err := hub.Ring.next(hub.now(), time.Hour); err != nil {
			t.Fatal(err)
		}
		restart()
		hub.ahead.Add(int64(soon))
		time.Sleep(housekeepEvery * 3 / 2)
		finish(t)
	})
	t.Run("with the letters written and that not noted", func(t *testing.T) {
		if err := hub.Rotate(t.Context(), boss, time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := hub.Ring.told(0); err != nil {
			t.Fatal(err)
		}
		restart()
		finish(t)
	})
	onceEach(t, n, hub, county)
}

// Who joins while the keys are changed learns of the new ones, and who is away for
// the whole time does not keep the others from it.
func TestAChangeOfKeysWithAPeerAway(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	hub, away := two(t, e, 0)
	away.stop()
	old := hub.keys()
	if err := hub.Rotate(t.Context(), boss, time.Hour); err != nil {
		t.Fatal(err)
	}
	county := build(t, e, plot{name: "yinzhou", division: "330212", level: "county", parent: hub, registers: []string{
		"land 330212 here", "hukou 330200 ningbo", "housing 330200 ningbo"}})
	join(t, hub, county)
	eventually(t, "the newcomer knows both keys", func() bool { return county.pinned("ningbo") == 2 })
	hub.ahead.Add(int64(soon))
	time.Sleep(housekeepEvery * 3 / 2)
	if hub.keys() != old {
		t.Fatal("the hub uses keys that a peer was not told of, with an hour left")
	}
	for _, at := range []*place{hub, county} {
		at.ahead.Store(int64(time.Hour + soon - lastTurn + time.Second))
	}
	eventually(t, "the hub uses its new keys", func() bool { return hub.keys() != old })
	id := county.accept(t, 1, "")
	want(t, "the grid", county.grid(t, id, time.Minute), "hukou 330200: none  ningbo", "housing 330200: none  ningbo", "land 330212: none")
}

// No order is promised: an older announcement does not take the newer keys away.
func TestAnOlderAnnouncementChangesNothing(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	hub, county := two(t, e, 0)
	county.stop()
	county.p.byHand = true
	county.open(t)
	_, first, err := county.Ring.next(county.now(), time.Hour)
	if err == nil {
		err = county.Ring.told(2)
	}
	if err == nil {
		_, err = county.Ring.turn()
	}
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := county.Ring.next(county.now().Add(time.Minute), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	peer, _ := hub.lookup("haishu")
	for _, keys := range []exchange.Keys{second, first} {
		if err := (receiver{hub.Node}).Receive(t.Context(), peer, message(t, keys)); err != nil {
			t.Fatal(err)
		}
	}
	if n := hub.pinned("haishu"); n != 3 {
		t.Errorf("%d keys are pinned, want the 3 of the newer announcement", n)
	}
}

func TestKeysAreNotChangedTooOften(t *testing.T) {
	t.Parallel()
	ring, err := OpenRing(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for range mostPairs - 1 {
		n, keys, err := ring.next(time.Now(), time.Hour)
		if err == nil {
			err = ring.told(n)
		}
		if err == nil {
			_, err = ring.turn()
		}
		if err == nil {
			_, err = letterOfKeys("ningbo", keys, time.Now(), time.Hour)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := ring.next(time.Now(), time.Hour); hedui.KindOf(err) != hedui.Conflict {
		t.Errorf("a pair more than can be announced: %v, want a conflict", err)
	}
	hub := build(t, storetest.Engines()[0], plot{name: "ningbo", division: "330200", level: "prefecture", byHand: true})
	for _, overlap := range []time.Duration{time.Minute, 40 * 24 * time.Hour} {
		if err := hub.Rotate(t.Context(), boss, overlap); hedui.KindOf(err) != hedui.Invalid {
			t.Errorf("an overlap of %s: %v, want invalid", overlap, err)
		}
	}
	if err := hub.Rotate(t.Context(), someone("nobody", hedui.ReadCases), time.Hour); hedui.KindOf(err) != hedui.Forbidden {
		t.Errorf("without the right: %v, want forbidden", err)
	}
}
