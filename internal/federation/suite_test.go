package federation

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/exchange"
	"hedui/internal/store/storetest"
	"hedui/seal"
	"hedui/source"
)

// The hub has a link of gm to Haishu and one of intl to Yinzhou. A case of either is
// answered by all three nodes, alike.
func TestACityOfTwoSuites(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", suites: map[string]seal.Suite{"haishu": seal.GM},
				registers: []string{"hukou 330200 here", "land 330203 haishu", "land 330212 yinzhou"}})
			county := func(name, division string, suite seal.Suite) *place {
				at := build(t, e, plot{name: name, division: division, level: "county", parent: hub, suite: suite,
					registers: []string{"land " + division + " here", "hukou 330200 ningbo", "land below 330200 ningbo"}})
				join(t, hub, at)
				return at
			}
			haishu, yinzhou := county("haishu", "330203", seal.GM), county("yinzhou", "330212", "")
			one := haishu.accept(t, 1, "330212")
			other := yinzhou.accept(t, 2, "330203")
			want(t, "Haishu", haishu.grid(t, one, time.Minute), "hukou 330200: none  ningbo", "land 330203: none", "land 330212: none  yinzhou")
			want(t, "Yinzhou", yinzhou.grid(t, other, time.Minute), "hukou 330200: none  ningbo", "land 330212: none", "land 330203: none  haishu")
			for at, first := range map[*place]string{haishu: seal.SM2SM3, yinzhou: seal.Ed25519} {
				from := map[*place]*register{haishu: yinzhou.sources["land-330212"], yinzhou: haishu.sources["land-330203"]}[at]
				i := slices.IndexFunc(from.seen, func(q source.Query) bool { return algorithms(t, q)[0] == first && len(algorithms(t, q)) > 2 })
				if i < 0 {
					t.Errorf("no mandate of %s came to the other county, signed with %s", at.Name, first)
				}
			}
			for _, c := range []struct {
				at     *place
				algs   []string
				letter seal.Suite
			}{{haishu, []string{seal.Ed25519, seal.SM2SM3}, seal.GM}, {yinzhou, []string{seal.Ed25519}, seal.Intl}} {
				at := c.at
				pinned, _ := hub.lookup(at.Name)
				var algs []string
				for _, pin := range pinned.Sign {
					algs = append(algs, pin.Key.Algorithm())
				}
				if !slices.Equal(algs, c.algs) || pinned.Suite != c.letter {
					t.Errorf("the hub pins %v of %s for a link of %s", algs, at.Name, pinned.Suite)
				}
				up, _ := at.lookup("ningbo")
				now := time.Now()
				for _, suite := range []seal.Suite{seal.Intl, seal.GM} {
					up.Suite = suite
					data, err := exchange.Seal(at.identity(), up, replies(t, reply(exchange.NewID(), nil)), now)
					if at == yinzhou && suite == seal.GM {
						if !errors.Is(err, exchange.ErrKey) {
							t.Errorf("a node without keys of gm writes in it: %v", err)
						}
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					_, _, err = exchange.Open(hub.identity(), hub.lookup, data, now, exchange.DefaultSkew)
					if (suite == c.letter) != (err == nil) || err != nil && !errors.Is(err, exchange.ErrSuite) {
						t.Errorf("%s in %s: %v", at.Name, suite, err)
					}
				}
			}
		})
	}
}

// algorithms are those of the blocks of a question's mandate.
func algorithms(t *testing.T, q source.Query) (list []string) {
	t.Helper()
	text, _, _ := strings.Cut(q.Signed(), "~")
	for i, part := range strings.Split(text, ".") {
		if i%2 == 0 {
			continue
		}
		data, err := base64.RawURLEncoding.DecodeString(part)
		var b struct {
			Algorithm string `json:"alg"`
		}
		if err = errors.Join(err, json.Unmarshal(data, &b)); err != nil {
			t.Fatal(err)
		}
		list = append(list, b.Algorithm)
	}
	return list
}

// A county that was set back to intl is refused, and the hub shows it; what it wrote
// waits, and goes once the two agree.
func TestALinkIsNotTalkedDown(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := twoOf(t, e, seal.GM)
			county.stop()
			county.p.suites = map[string]seal.Suite{"ningbo": seal.Intl}
			county.open(t)
			id := county.accept(t, 1, "")
			hub.incident(t, "haishu", string(exchange.ReasonSuite))
			if n, _ := hub.sources["hukou-330200"].calls(); n != 0 {
				t.Errorf("a department was asked %d questions over a link of the wrong suite", n)
			}
			county.stop()
			county.p.suites = nil
			county.open(t)
			county.answered(t, id)
			onceEach(t, 1, hub, county)
		})
	}
}

func twoOf(t *testing.T, e storetest.Engine, suite seal.Suite) (hub, county *place) {
	t.Helper()
	hub = build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", suite: suite, registers: []string{"hukou 330200 here", "housing 330200 here"}})
	county = build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: hub, suite: suite,
		registers: []string{"land 330203 here", "hukou 330200 ningbo", "housing 330200 ningbo"}})
	join(t, hub, county)
	return hub, county
}

// Two nodes that have been joined with intl go over to gm as docs/suites.md says: keys
// first, then both sides of the link.
func TestALinkGoesOverToGM(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			hub, county := twoOf(t, e, seal.Intl)
			county.answered(t, county.accept(t, 1, ""))
			again := func(suites map[string]seal.Suite) {
				for _, at := range []*place{county, hub} {
					at.stop()
				}
				for _, at := range []*place{hub, county} {
					at.p.suite, at.p.suites = seal.GM, suites
					at.open(t)
				}
			}
			again(map[string]seal.Suite{"ningbo": seal.Intl, "haishu": seal.Intl})
			for _, at := range []*place{hub, county} {
				if err := at.Rotate(t.Context(), boss, time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			eventually(t, "both know each other's keys of gm", func() bool { return hub.pinned("haishu") == 4 && county.pinned("ningbo") == 4 })
			if at := county.Ring.Signer(); at.Algorithm() != seal.Ed25519 {
				t.Errorf("mandates are signed with %s before the hub uses the key for it", at.Algorithm())
			}
			for _, at := range []*place{hub, county} {
				at.ahead.Add(int64(soon))
				eventually(t, at.Name+" signs mandates with its new keys", func() bool { return at.Ring.Signer().Algorithm() == seal.SM2SM3 })
			}
			again(nil)
			county.answered(t, county.accept(t, 2, ""))
			onceEach(t, 2, hub, county)
		})
	}
}

// A county without keys of gm does not get through an enrolment at a hub that wants
// them; neither does a hub without them at a county that does.
func TestAnEnrolmentWithoutTheKeysOfItsLinkIsRefused(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	for _, c := range []struct {
		name        string
		hub, county seal.Suite
	}{{"hub wants gm", seal.GM, seal.Intl}, {"county wants gm", seal.Intl, seal.GM}} {
		t.Run(c.name, func(t *testing.T) {
			hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", suite: c.hub})
			county := build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: hub, suite: c.county})
			code, err := hub.Invite(t.Context(), boss, "haishu", "330203", "county", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			_, err = county.Join(t.Context(), boss, county.URLs[0], code)
			if errors.Is(err, exchange.ErrPending) {
				if err := hub.Decide(t.Context(), boss, "haishu", true); err != nil {
					t.Fatal(err)
				}
				_, err = county.Join(t.Context(), boss, county.URLs[0], code)
			}
			if exchange.ReasonOf(err) != exchange.ReasonSuite || county.Knows("ningbo") {
				t.Errorf("%v", err)
			}
		})
	}
}
