package federation

import (
	"context"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/internal/store/storetest"
)

// A province with two cities, each with a county, and a node of a new area below
// one of the counties: questions go up as far as it takes, over, and down.
func TestAnyNumberOfLevels(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			province := build(t, e, plot{name: "zhejiang", division: "330000", level: "province", registers: []string{
				"vehicle 330000 here", "land below 330200 ningbo", "land below 330100 hangzhou"}})
			city := func(name, division string, registers ...string) *place {
				at := build(t, e, plot{name: name, division: division, level: "prefecture", parent: province, registers: registers})
				join(t, province, at)
				return at
			}
			ningbo := city("ningbo", "330200", "hukou 330200 here", "land 330203 haishu", "vehicle 330000 zhejiang", "land below 330000 zhejiang")
			hangzhou := city("hangzhou", "330100", "hukou 330100 here", "land 330106 xihu", "vehicle 330000 zhejiang", "land below 330000 zhejiang")
			haishu := build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: ningbo, registers: []string{
				"land 330203 here", "hukou 330200 ningbo", "vehicle 330000 ningbo", "land below 330000 ningbo"}})
			join(t, ningbo, haishu)
			xihu := build(t, e, plot{name: "xihu", division: "330106", level: "county", parent: hangzhou, registers: []string{"land 330106 here"}})
			join(t, hangzhou, xihu)
			area := build(t, e, plot{name: "wangchun", division: "330203", level: "local", parent: haishu, registers: []string{
				"land 330203 haishu", "hukou 330200 haishu", "vehicle 330000 haishu", "land below 330000 haishu"}})
			join(t, haishu, area)

			// Both live in Haishu and are registered in Xihu, in another city.
			first, second := haishu.accept(t, 1, "330106"), area.accept(t, 2, "330106")
			want(t, "the county", haishu.grid(t, first, time.Minute),
				"hukou 330200: none  ningbo", "vehicle 330000: none  zhejiang", "land 330203: none", "land 330106: none  xihu")
			want(t, "the area below it", area.grid(t, second, time.Minute),
				"hukou 330200: none  ningbo", "vehicle 330000: none  zhejiang", "land 330203: none  haishu", "land 330106: none  xihu")
			onceEach(t, 2, province, ningbo, haishu, xihu)
			onceEach(t, 0, hangzhou)

			// The last one on the way fails: whoever asks sees so through four others, and
			// what is taken back is taken back everywhere.
			xihu.sources["land-330106"].setDown(true)
			third := area.accept(t, 3, "330106")
			eventually(t, "the area sees that the department of Xihu is down", func() bool {
				return slices.Contains(area.cells(t, third), "land 330106: failed down")
			})
			area.terminate(t, third)
			eventually(t, "nobody works on it any more", func() bool {
				return haishu.openOf(t, "wangchun")+ningbo.openOf(t, "haishu")+province.openOf(t, "ningbo")+
					hangzhou.openOf(t, "zhejiang")+xihu.openOf(t, "hangzhou") == 0
			})
		})
	}
}

// Where the configuration leads in a circle, a question does not go back where it
// came from, and whoever asked is told who knows no more.
func TestACircleOfConfigurationEnds(t *testing.T) {
	t.Parallel()
	e := storetest.Engines()[0]
	hub := build(t, e, plot{name: "ningbo", division: "330200", level: "prefecture", registers: []string{"land below 330200 haishu"}})
	haishu := build(t, e, plot{name: "haishu", division: "330203", level: "county", parent: hub, registers: []string{"land below 330200 ningbo"}})
	yinzhou := build(t, e, plot{name: "yinzhou", division: "330212", level: "county", parent: hub, registers: []string{"land 330212 here", "land below 330200 ningbo"}})
	join(t, hub, haishu)
	join(t, hub, yinzhou)
	want(t, "Yinzhou, where the person is registered in Cixi", yinzhou.grid(t, yinzhou.accept(t, 1, "330282"), time.Minute),
		"land 330212: none", "land 330282: not_covered no_source haishu")
	want(t, "Haishu, for itself", haishu.grid(t, haishu.accept(t, 2, "330282"), time.Minute),
		"land 330203: not_covered no_source ningbo", "land 330282: not_covered no_source ningbo")
}

// When a node stops nothing of it stays behind.
func TestNothingRunsOnAfterTheEnd(t *testing.T) {
	e := storetest.Engines()[0]
	hub, county := two(t, e, 0)
	county.answered(t, county.accept(t, 1, ""))
	hub.stop()
	county.stop()
	eventually(t, "no goroutine of this package or of the exchange is left", func() bool { return len(ours()) == 0 })

	hub.open(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- hub.Run(ctx, listener) }()
	time.Sleep(50 * time.Millisecond)
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("a node that is stopped: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the node does not stop")
	}
}

// ours are the goroutines with a frame of the program that is not a test's.
func ours() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return slices.DeleteFunc(strings.Split(string(stacks), "\n\n"), func(g string) bool {
		return !strings.Contains(g, "hedui/exchange.") && !strings.Contains(g, "hedui/internal/") || strings.Contains(g, "testing.tRunner")
	})
}
