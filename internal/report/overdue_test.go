package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/source"
)

// A department whose data was older than it promises is named with its promise
// and the state of its data; one that keeps it, or promises nothing, is not.
func TestAMissedRefreshIsPrinted(t *testing.T) {
	in := li(t)
	asOf := in.Queries[0].AnsweredAt.Add(-50 * time.Hour)
	for i := range in.Queries {
		in.Queries[i].Source = string(in.Queries[i].Category)
	}
	for _, code := range []catalog.Code{catalog.Hukou, catalog.Vehicle, catalog.Business} {
		set(in.Queries, 1, code, func(q *hedui.Query) { q.AsOf = asOf })
	}
	set(in.Queries, 2, catalog.Vehicle, func(q *hedui.Query) { q.AsOf, q.AnsweredBy = asOf, "city" }) // of another node's source nothing is known
	in.Promised = map[string]time.Duration{"hukou": 24 * time.Hour, "vehicle": 51 * time.Hour, "marriage": 999 * time.Hour}
	c := content(t, in)
	notices := slices.DeleteFunc(slices.Clone(c.Notices), func(n Notice) bool { return n.Topic != zh("report.notice.overdue.topic") })
	if len(notices) != 1 || !strings.Contains(notices[0].Text, minute(asOf)) || !strings.Contains(notices[0].Text, "1 天内") {
		t.Fatalf("got notices %+v, want one for the hukou with its state and promise", notices)
	}
	key, sign, trust := testKey(t)
	s := sealed(t, in, key)
	html, err := HTML(s, firstCopy)
	if err != nil || !strings.Contains(string(html), "晚于承诺的更新周期（1 天内）") || !strings.Contains(string(html), "数据更新晚于承诺") {
		t.Errorf("the page does not say it: %v", err)
	}
	if len(printed(t, s, firstCopy, sign)) == 0 || trust == nil {
		t.Error("no PDF")
	}
	if again, err := Parse(s.JSON); err != nil || len(again.overdue()) != 1 {
		t.Errorf("read back: %v, %d overdue", err, len(again.overdue()))
	}
}

func TestAGapOfAClosedDepartmentSaysUntilWhen(t *testing.T) {
	for reason, want := range map[source.Reason]string{
		source.ReasonClosed: "对方未到开放时间，2013-03-18 08:30 起可查询", source.ReasonQuota: "对方每日查询限额已用完，2013-03-18 08:30 起可查询",
		source.ReasonMaintenance: "对方系统维护中，2013-03-18 08:30 起可查询",
	} {
		in := li(t)
		set(in.Queries, 1, catalog.Housing, func(q *hedui.Query) {
			q.State, q.Outcome, q.AskedAt, q.AnsweredAt = hedui.Waiting, "", time.Time{}, time.Time{}
			q.Hold(reason, time.Date(2013, 3, 18, 0, 30, 0, 0, time.UTC))
		})
		c := content(t, in)
		if _, err := Prepare(c); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(c.Gaps, func(g Gap) bool { return g.Category == catalog.Housing && strings.Contains(g.Text, want) }) {
			t.Errorf("%s: no gap with %q in %+v", reason, want, c.Gaps)
		}
	}
}
