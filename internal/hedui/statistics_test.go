package hedui_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// Every count that is shown as bounds looks the same as at least least − 1 others, all
// of them within the bounds, whatever the size of the cell.
func TestBoundsTellNoSmallCount(t *testing.T) {
	const least = 5
	for whole := range int64(40) {
		shown := hedui.Veil(whole, least)
		looks := map[hedui.Count][]int64{}
		for part := int64(0); part <= whole; part++ {
			c := hedui.VeilPart(part, whole, shown, least)
			if part < c.Lo || part > c.Hi {
				t.Errorf("%d of %d is shown as %v", part, whole, c)
			}
			if exact := c.Exact() && (part > 0 && part < least || whole-part > 0 && whole-part < least); exact {
				t.Errorf("%d of %d is shown as it is", part, whole)
			}
			looks[c] = append(looks[c], part)
		}
		for c, parts := range looks {
			switch {
			case c.Exact():
			case !shown.Exact() && len(looks) == 1: // all of them look alike
			case int64(len(parts)) < least-1:
				t.Errorf("of %d, %v is one of %v only", whole, c, parts)
			}
		}
	}
	for n := range int64(10) {
		if got, want := hedui.Veil(n, 1), hedui.Exact(n); got != want {
			t.Errorf("with the right to read cases %d is shown as %v", n, got)
		}
	}
}

func TestCountsInWords(t *testing.T) {
	for _, c := range []struct {
		n          hedui.Count
		text, json string
	}{
		{hedui.Exact(0), "0", "0"},
		{hedui.Exact(12), "12", "12"},
		{hedui.Count{Lo: 1, Hi: 4}, "<5", `"\u003c5"`},
		{hedui.Count{Lo: 0, Hi: 4}, "<5", `"\u003c5"`},
		{hedui.Count{Lo: 12, Hi: 15}, "12–15", `"12–15"`},
	} {
		text, err := c.n.MarshalJSON()
		if got := c.n.String(); got != c.text || string(text) != c.json || err != nil {
			t.Errorf("%v: got %s %s %v, want %s %s", c.n, got, text, err, c.text, c.json)
		}
	}
	if s := hedui.ShareOf(hedui.Exact(0), hedui.Exact(0)); s.Known {
		t.Error("a share of nothing is known")
	}
	if s := hedui.ShareOf(hedui.Exact(1), hedui.Exact(8)); s.Percent != 12.5 || s.About {
		t.Errorf("1 of 8: got %v", s)
	}
	few := hedui.Count{Lo: 1, Hi: 4}
	if s := hedui.ShareOf(few, hedui.Exact(20)); s.Percent != 12.5 || !s.About {
		t.Errorf("1 to 4 of 20: got %v", s)
	}
	for _, c := range [][2]hedui.Count{{few, hedui.Exact(10)}, {few, few}, {{Lo: 0, Hi: 4}, few}, {hedui.Exact(0), {Lo: 0, Hi: 4}}} {
		want := c[0] == hedui.Exact(0) // of however many, none
		if s := hedui.ShareOf(c[0], c[1]); s.Known != want || s.Percent != 0 {
			t.Errorf("%s of %s: got %v", c[0], c[1], s)
		}
	}
}

func TestPeriods(t *testing.T) {
	for _, c := range []struct {
		span, month, want string
	}{
		{"month", "2026-10", "2026-10 2026-10"}, {"quarter", "2026-10", "2026-10 2026-12"}, {"quarter", "2026-03", "2026-01 2026-03"},
		{"quarter", "2026-02", "2026-01 2026-03"}, {"year", "2026-02", "2026-01 2026-12"}, {"", "2026-02", "2026-02 2026-02"},
	} {
		p := hedui.PeriodOf(c.span, hedui.Month(c.month))
		if got := string(p.From) + " " + string(p.Until); got != c.want || p.Check() != nil {
			t.Errorf("%s of %s: got %s, want %s", c.span, c.month, got, c.want)
		}
	}
	if got := (hedui.Period{From: "2025-11", Until: "2026-02"}).Months(); !slices.Equal(got, []hedui.Month{"2025-11", "2025-12", "2026-01", "2026-02"}) {
		t.Errorf("months: %v", got)
	}
	if got := hedui.Month("2024-02").Last(); got != day.Must("2024-02-29") {
		t.Errorf("last day: %s", got)
	}
	for _, bad := range []string{"", "2026", "2026-13", "2026-1", "2026-10-01", "２０２６-10"} {
		if _, err := hedui.ParseMonth(bad); err == nil {
			t.Errorf("%q is taken for a month", bad)
		}
	}
}

// What statistics go by is dated, and its problems are named.
func TestStatRules(t *testing.T) {
	r, err := hedui.StatRuleOn(day.Must("2026-11-30"))
	if err != nil || r.Least < 2 || r.Recheck < 1 {
		t.Errorf("got %+v %v", r, err)
	}
	if _, err := hedui.StatRuleOn(day.Must("2010-01-01")); hedui.KindOf(err) != hedui.NotFound {
		t.Errorf("before the first: %v", err)
	}
	for _, bad := range []string{"- {from: 2026-01-01, least: 1, recheck: 12}", "- {least: 5, recheck: 12}", "- {from: 2026-01-01, least: 5, recheck: 0}", "- {from: 2026-01-01, most: 5}"} {
		if _, err := hedui.ReadStatRules([]byte(bad)); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

// The page for people has the definitions that the figures go by.
func TestThePageOfStatisticsHasTheDefinitions(t *testing.T) {
	page, err := os.ReadFile("../../docs/statistics.md")
	if err != nil {
		t.Fatal(err)
	}
	rule, err := hedui.StatRuleOn(roleDay)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range hedui.StatFigures() {
		row := "| " + lang.Text(lang.Chinese, "statistics.figure."+key)
		for _, part := range []string{"figure", "top", "bottom", "when", "out"} {
			row += " | " + lang.Text(lang.English, "statistics."+part+"."+key, fmt.Sprint(rule.Recheck))
		}
		if !strings.Contains(string(page), row+" |\n") {
			t.Errorf("docs/statistics.md has no line\n%s |", row)
		}
	}
}

// What nodes have counted of one division is veiled node by node: a sum of both would
// tell of one to who knows the other.
func TestNodesAreVeiledEachByItself(t *testing.T) {
	l := hedui.Ledger{Period: hedui.Period{From: "2026-10", Until: "2026-10"}, Trend: "2026-10", Division: "330203", Rule: hedui.StatRule{Least: 5, Recheck: 12}, Veiled: true}
	for node, n := range map[string]int64{"": 20, "haishu": 3} {
		cell := hedui.Tally{Month: "2026-10", Division: "330203", Programme: hedui.Dibao, Kind: hedui.NewApplication, Node: node}
		l.In(cell)(hedui.TallyAccepted, "", n)
	}
	if got, want := l.Statistics().Whole.Accepted, (hedui.Count{Lo: 21, Hi: 24}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
