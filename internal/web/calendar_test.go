package web

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheCalendarShowsWhatHolds(t *testing.T) {
	d, _ := desk(t)
	o := officer("clerk")
	for _, c := range []struct {
		name, query string
		code        int
		want, not   []string
	}{
		{"Ningbo's promise", "on=2026-11-23&division=330203", 200, []string{"24 小时", "按时刻计算", "宁波市", "自 2019-01-01 起有效", "20 个工作日", "2026-12-21 周一"}, nil},
		{"the national rule, two weeks of holidays passed over", "on=2026-02-13&division=330102", 200,
			[]string{"3 个工作日", "2026-02-25 周三", "2026-02-15 周日 – 2026-02-23 周一 · 9 天", "2026-02-14 周六"}, []string{"宁波市"}},
		{"before the rule of stolen identities", "on=2013-05-02&division=330203", 200, []string{"自 2013-03-01 起有效"}, []string{"冒名"}},
		{"before there were deadlines", "on=2012-01-05&division=330203", 200, []string{"没有适用的时限"}, nil},
		{"a span", "on=2026-11-23&division=330203&length=１５wd", 200, []string{"15 个工作日", "2026-12-14 周一"}, nil},
		{"a span in English", "on=2026-11-23&division=330203&length=6m&lang=en", 200, []string{"6 months from 2026-11-23, last day:", "2027-05-23 Sun"}, nil},
		{"a year whose holidays nobody has entered", "on=2031-01-01&division=330203", 200, []string{"2031 年的放假安排尚未录入"}, nil},
		{"the leap day a year on", "on=2024-02-29&division=330203", 200, []string{"on=2025-02-28", "on=2023-02-28"}, nil},
		{"all that is wrong at once", "on=tomorrow&division=999999&length=soon", 422, []string{`href="#on"`, `href="#division"`, `href="#length"`, `value="soon"`}, nil},
		{"a span that is too long", "on=2026-11-23&division=330203&length=999999wd", 422, []string{"不超过 5000"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, page, _ := get(t, d, o, true, "/calendar?"+c.query)
			if code != c.code {
				t.Errorf("status %d, want %d", code, c.code)
			}
			for _, w := range c.want {
				if !strings.Contains(page, w) {
					t.Errorf("lacks %q", w)
				}
			}
			for _, w := range c.not {
				if strings.Contains(page, w) {
					t.Errorf("has %q", w)
				}
			}
			if t.Failed() {
				t.Log(page)
			}
		})
	}
	if code, _, _ := send(t, d, o, false, http.MethodGet, "/calendar", nil); code != http.StatusForbidden {
		t.Errorf("nobody sees it: %d", code)
	}
}
