package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/lang"
)

// someStatistics are those of two months with a cell that is too small to be shown.
func someStatistics(veiled bool) hedui.Statistics {
	l := hedui.Ledger{Period: hedui.Period{From: "2026-09", Until: "2026-10"}, Trend: "2025-11", Division: "330200", Rule: hedui.StatRule{Least: 5, Recheck: 12}, Veiled: veiled}
	add := func(t hedui.Tally) { l.In(t.Cell())(t.What, t.Part, t.N) }
	for _, m := range []hedui.Month{"2026-09", "2026-10"} {
		for _, c := range []struct {
			division  string
			programme hedui.Programme
			n         int64
		}{{"330203", hedui.Dibao, 40}, {"330212", hedui.Dibao, 20}, {"330212", hedui.Housing, 3}} {
			for what, n := range map[hedui.Tallied]int64{hedui.TallyOpened: c.n, hedui.TallyAccepted: c.n, hedui.TallyDelivered: c.n, hedui.TallyFound: c.n / 4, hedui.TallyLate: 1} {
				t := hedui.Tally{Month: m, Division: c.division, Programme: c.programme, Kind: hedui.NewApplication, What: what, N: n}
				for _, in := range []func(hedui.Tally) hedui.Sink{l.In, l.InTrend, l.InCover} {
					in(t.Cell())(t.What, t.Part, t.N)
				}
			}
			add(hedui.Tally{Month: m, Division: c.division, Programme: c.programme, Kind: hedui.NewApplication, What: hedui.TallyHours, Part: "7", N: c.n})
			add(hedui.Tally{Month: m, Division: c.division, Programme: c.programme, Kind: hedui.NewApplication, What: hedui.TallyCategory, Part: "vehicle", N: c.n / 4})
			add(hedui.Tally{Month: m, Division: c.division, What: hedui.TallyQuestions, Part: "vehicle", N: 100})
			add(hedui.Tally{Month: m, Division: c.division, What: hedui.TallyQuestions + ".answered", Part: "vehicle", N: 90})
			add(hedui.Tally{Month: m, Division: c.division, What: hedui.TallyQuestions + ".seconds", Part: "vehicle 5", N: 90})
		}
	}
	return l.Statistics()
}

// Tables say what the figures are: numbers as numbers, shares in percent, bounds in
// words where small counts are in them.
func TestTablesOfStatistics(t *testing.T) {
	find := func(veiled bool, l lang.Lang, name string) string {
		for _, table := range StatTables(someStatistics(veiled), l) {
			if table.Name == name {
				var lines []string
				for _, row := range table.Rows {
					cells := make([]string, len(row))
					for i, v := range row {
						cells[i] = StatCell(v)
					}
					lines = append(lines, strings.Join(cells, " | "))
				}
				return strings.Join(lines, "\n")
			}
		}
		return ""
	}
	for _, c := range []struct {
		veiled bool
		lang   lang.Lang
		name   string
		want   string
	}{
		{false, lang.English, "programmes", `Minimum living allowance | 120 | 120 | 120 | 96.7 % | 30 | 25.0 % | 0.0 % | 0.0 % | 7 | 7 | 0
Housing support | 6 | 6 | 6 | 66.7 % | 0 | 0.0 % | 0.0 % | 0.0 % | 7 | 7 | 0`},
		{true, lang.English, "programmes", `Minimum living allowance | 120 | 120 | 120 | about 92 % | 30 | 25.0 % | 0.0 % | 0.0 % | 7 | 7 | 0
Housing support | 2–8 | 2–8 | 2–8 | – | <9 | – | – | – | – | – | 0`},
		{false, lang.Chinese, "sources", `vehicle | 600 | 90.0 % | 0.0 % | 0 | 0 | 5 秒以内`},
		{false, lang.Chinese, "coverage", `海曙区 | 新申请 | 80 | 未录入：2026-09、2026-10 | –
海曙区 | 在保对象复核 | 0 | 未录入：2026-10 | –
鄞州区 | 新申请 | 46 | 未录入：2026-09、2026-10 | –
鄞州区 | 在保对象复核 | 0 | 未录入：2026-10 | –`},
		{false, lang.Chinese, "categories", `车辆 | 30 | 23.8 %`},
	} {
		if got := find(c.veiled, c.lang, c.name); got != c.want {
			t.Errorf("%s, veiled %v:\ngot  %s\nwant %s", c.name, c.veiled, got, c.want)
		}
	}
}

// The bulletin has all tables in both languages, is the same for the same arguments,
// and its text is whole without the chart.
func TestTheBulletin(t *testing.T) {
	b := Bulletin{Statistics: someStatistics(true), Issuer: "核对中心", MadeAt: at}
	for _, l := range lang.Langs() {
		text := PaperText(b, l, printing)
		for _, table := range StatTables(b.Statistics, l) {
			if !strings.Contains(text, table.Title) {
				t.Errorf("%s: the bulletin lacks %s", l, table.Title)
			}
		}
		first, err := PaperPDF(b, l, printing, nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := PaperPDF(b, l, printing, nil)
		if err != nil || !bytes.Equal(first, again) {
			t.Errorf("%s: printed twice it differs: %v", l, err)
		}
		if strings.Contains(text, "⟦") {
			t.Errorf("%s: a text is missing:\n%s", l, text)
		}
	}
	empty := Bulletin{Statistics: (&hedui.Ledger{Period: hedui.Period{From: "2026-10", Until: "2026-10"}, Trend: "2025-11", Division: "330200"}).Statistics(), MadeAt: at}
	if _, err := PaperPDF(empty, lang.Chinese, printing, nil); err != nil {
		t.Errorf("of an empty month: %v", err)
	}
}

// What the nodes below have not sent is named and is no 0.
func TestWhatWasNotSentIsNoNought(t *testing.T) {
	counted := time.Date(2026, 10, 31, 1, 0, 0, 0, time.UTC)
	l := hedui.Ledger{Period: hedui.Period{From: "2026-10", Until: "2026-10"}, Trend: "2025-11", Division: "330200", Rule: hedui.StatRule{Least: 5, Recheck: 12},
		Totals: []hedui.OfficeTotal{{Division: "330212", Month: "2026-10", Kind: hedui.NewApplication, N: 40}},
		Nodes: []hedui.NodeCount{{Division: "330203", Node: "haishu", CountedAt: counted}, {Division: "330205", Node: "jiangbei", CountedAt: counted, Missing: 2, Gaps: 1},
			{Division: "330206"}, {Division: "330282"}, {Division: "330211", Node: "zhenhai", CountedAt: counted, ShutOut: true}, {Division: "330212", Node: "yinzhou"}},
		Running: []hedui.Tally{{Division: "330205", Node: "jiangbei", Programme: hedui.Dibao, N: 7}}}
	of := func(s hedui.Statistics, name string) string {
		for _, table := range StatTables(s, lang.English) {
			if table.Name == name {
				return strings.ReplaceAll(fmt.Sprint(table.Rows), "] [", "]\n[")
			}
		}
		return ""
	}
	nothing := l.Statistics()
	if got := of(nothing, "summary"); strings.Contains(got, " 0") || !strings.Contains(got, "[Cases opened not received]") || of(nothing, "months") != "" {
		t.Errorf("nothing is here, and it is shown as\n%s\n%s", got, of(nothing, "months"))
	}
	cell := hedui.Tally{Month: "2026-10", Division: "330203", Programme: hedui.Dibao, Kind: hedui.NewApplication, Node: "haishu", What: hedui.TallyAccepted, N: 9}
	for _, in := range []func(hedui.Tally) hedui.Sink{l.In, l.InTrend, l.InCover} {
		in(cell.Cell())(cell.What, cell.Part, cell.N)
	}
	question := hedui.Tally{Month: "2026-10", Division: "330203", Node: "haishu", What: hedui.TallyQuestions, Part: "vehicle", N: 6}
	l.In(question.Cell())(question.What, question.Part, question.N)
	s := l.Statistics()
	for name, want := range map[string]string{
		"counted": `[[海曙区 haishu 2026-10-31 09:00 counted here]
[江北区 jiangbei 2026-10-31 09:00 newer counts of 2 month(s) have not come yet]
[镇海区 zhenhai 2026-10-31 09:00 counted here; the node was shut out and sends no more]
[鄞州区 yinzhou – has sent nothing; in no figure]
[北仑区, 慈溪市 – – no node, and this one holds no case of them in this period]]`,
		"coverage": `[[海曙区 new applications 9 not entered: 2026-10 –]
[海曙区 existing recipients 0 not entered: 2026-10 –]
[鄞州区 new applications not received 40 –]
[鄞州区 existing recipients not received not entered: 2026-10 –]]`,
		"divisions": `[[海曙区 0 9 0 – 0 – – – – – 0]]`,
		"sources":   `[[haishu: vehicle 6 0 – 0 0 –]]`,
	} {
		if got := of(s, name); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
	}
	const without = "Not received in full: 江北区, 鄞州区."
	if got := StatUnsent(s, lang.English); !strings.HasPrefix(got, without) {
		t.Errorf("got %q", got)
	}
	for _, s := range []hedui.Statistics{s, nothing} {
		if text := PaperText(Bulletin{Statistics: s, Issuer: "核对中心", MadeAt: at}, lang.English, printing); !strings.Contains(strings.Join(strings.Fields(text), " "), without) {
			t.Errorf("the bulletin does not say what it is without:\n%s", text)
		}
	}
}
