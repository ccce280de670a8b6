package web

import (
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
	"hedui/source"
)

func TestAlertsAreShownToThoseWhoMaySeeThem(t *testing.T) {
	d, _ := desk(t)
	at := time.Now()
	details := map[hedui.AlertKind]string{hedui.AlertRefresh: hedui.Numbers("24h0m0s", "2026-11-20 08:00"), hedui.AlertSlow: hedui.Numbers("2h0m0s", "180"),
		hedui.AlertQuota: "5000", hedui.AlertDown: "5", hedui.AlertUnreadable: hedui.Numbers("3", "20")}
	if err := d.DB.InTx(t.Context(), func(tx *store.Tx) error {
		for _, kind := range hedui.AlertKinds() {
			for range 2 {
				if _, err := tx.RaiseAlert(t.Context(), hedui.Alert{Source: "vehicle", Kind: kind, Last: at, Detail: details[kind]}); err != nil {
					return err
				}
			}
		}
		_, err := tx.EndAlert(t.Context(), "vehicle", hedui.AlertSlow, at)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	boss := officer("boss", hedui.RunNode, hedui.ReadIncidents)
	if err := d.HandleAlert(t.Context(), boss, "vehicle", hedui.AlertDown, "已致电"); err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string][]string{
		"zh": {"承诺 1 天内更新，数据截至 2026-11-20 08:00", "每日 5000", "连续失败 5 次", "当日 20 次反馈中 3 次无法解析", "承诺 2 小时内反馈，实际已 180 分钟", "已于", "boss 于", "已致电", "共 2 次"},
		"en": {"promised within 1 day(s), as of 2026-11-20 08:00", "5000 a day", "5 failures in a row", "3 of 20 answers", "over since", "seen to by boss"},
	} {
		code, body, _ := get(t, d, officer("reader", hedui.ReadCases, hedui.ReadIncidents), true, "/sources?lang="+language)
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: the page lacks %q", language, w)
			}
		}
		if code != 200 || strings.Contains(body, "⟦") || strings.Contains(body, "{0}") || strings.Contains(body, "{1}") {
			t.Errorf("%s: status %d, or a text is missing", language, code)
		}
	}
	if _, body, _ := get(t, d, officer("reader", hedui.ReadCases), true, "/sources"); strings.Contains(body, "已致电") || strings.Contains(body, "需要联系部门") {
		t.Error("somebody without the right sees what is wrong")
	}
}

func TestASourceIsShownWithWhatItPromisesAndAllows(t *testing.T) {
	now := time.Date(2026, 11, 25, 10, 0, 0, 0, day.Beijing)
	info := source.Info{Name: "land", Department: "某局", Categories: []catalog.Code{catalog.Land}, Refresh: 720 * time.Hour, AnswersWithin: 90 * time.Minute,
		Limits: source.Limits{Daily: source.Quota{Calls: 100},
			Hours: []source.Opening{{Working: true, From: 8*time.Hour + 30*time.Minute, To: 24 * time.Hour},
				{Weekdays: []time.Weekday{6, 0}, To: time.Hour, Since: day.Must("2026-12-01")}, {Working: true, To: time.Hour, Until: day.Must("2026-11-24")}},
			Maintenance: []source.Span{{From: now.Add(-2 * time.Hour), To: now.Add(-time.Hour)}, {From: now.Add(time.Hour), To: now.Add(2 * time.Hour)}}}}
	view := casework.SourceView{Info: info, Mode: casework.SourceUsedUp, Until: now.Add(14 * time.Hour), Used: 130,
		Record: hedui.SourceRecord{On: day.Of(now), AsOf: now.AddDate(0, -2, 0), AnsweredAt: now, Answers: 4, Failures: 1}, Overdue: true}
	row := frame{Lang: lang.English}.source(view, now)
	for what, pair := range map[string][2]string{
		"quota":       {row.Quota, "0 of 100 calls left today"},
		"until":       {row.Until, "can be asked from 2026-11-26 00:00"},
		"promise":     {row.Promise, "promised to be refreshed within 30 day(s), promised to answer within 90 minute(s)"},
		"today":       {row.Today, "today 4 answered, 1 failed"},
		"hours":       {strings.Join(row.Hours, "; "), "working days 08:30–24:00; Sat, Sun 00:00–01:00 (from 2026-12-01)"},
		"maintenance": {strings.Join(row.Maintenance, "; "), "2026-11-25 11:00 – 2026-11-25 12:00"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
	if !row.Late || row.AsOf == "" {
		t.Errorf("old data is not shown as old: %+v", row)
	}
	view.Record.On = day.Of(now).Add(-1)
	if row := (frame{Lang: lang.English}).source(view, now); row.Today != "" {
		t.Errorf("yesterday's numbers are shown as today's: %q", row.Today)
	}
	for _, m := range casework.SourceModes() {
		if !lang.Has("source.mode."+string(m)) || modeClass[m] == "" {
			t.Errorf("mode %s has no text or no look", m)
		}
	}
	for _, k := range hedui.AlertKinds() {
		for _, key := range []string{"alert.", "alert.numbers.", "alert.advice."} {
			if !lang.Has(key + string(k)) {
				t.Errorf("no text %s%s", key, k)
			}
		}
	}
}

// The page of a source says how it has answered, what waits, and why it failed.
func TestThePageOfASource(t *testing.T) {
	d, _ := desk(t)
	h := hedui.Heard{}
	at := time.Now()
	for range 19 {
		h.Hear(source.Answer{Outcome: source.None}, at.Add(-120*time.Millisecond), at)
	}
	h.Hear(source.Answer{Outcome: source.Failed, Reason: source.ReasonSlow}, at, at)
	if err := d.DB.InTx(t.Context(), func(tx *store.Tx) error {
		for _, one := range []struct {
			kind hedui.AlertKind
			of   string
		}{{hedui.AlertDown, "housing_fund"}, {hedui.AlertDown, "vehicle"}} {
			if _, err := tx.RaiseAlert(t.Context(), hedui.Alert{Source: one.of, Kind: one.kind, Last: at, Detail: "5"}); err != nil {
				return err
			}
		}
		return tx.AddHeard(t.Context(), "vehicle", h, at.Add(-8*24*time.Hour).Add(7*24*time.Hour))
	}); err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string][]string{
		"zh": {"数据源：", "某局", "近 24 小时", "没有未反馈的查询", "对方系统未在时限内应答×1", "150 毫秒"},
		"en": {"Source: ", "last 24 hours", "nothing waits", "No answer in time × 1", "150 ms"},
	} {
		code, body, _ := get(t, d, officer("reader", hedui.ReadCases), true, "/sources/vehicle?lang="+language)
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: the page lacks %q", language, w)
			}
		}
		if code != 200 || strings.Contains(body, "⟦") || strings.Contains(body, "连续失败 5 次") {
			t.Errorf("%s: status %d, a text is missing, or somebody without the right sees alerts", language, code)
		}
	}
	boss := officer("boss", hedui.RunNode, hedui.ReadIncidents)
	if _, body, _ := get(t, d, boss, true, "/sources/vehicle?lang=zh"); strings.Count(body, "连续失败 5 次") != 1 {
		t.Error("the page does not show the alerts of its source alone")
	}
	if code, _, _ := get(t, d, boss, true, "/sources/nowhere"); code != 404 {
		t.Errorf("a source that there is not: %d", code)
	}
}
