package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// The office takes the report, tells what it has decided, corrects a slip, and the
// case no longer waits. Everybody else reads it at most.
func TestTheOfficeTellsWhatItHasDecided(t *testing.T) {
	d, id := desk(t)
	office := officer("office", hedui.CommissionCases, hedui.ReadCases)
	here := "/cases/" + id + "/decision"
	if _, page, _ := get(t, d, office, true, here); !strings.Contains(page, "报告送达以后") || strings.Contains(page, "<select") {
		t.Errorf("before the report was taken:\n%s", page)
	}
	if code, _, _ := send(t, d, office, true, http.MethodPost, here, url.Values{"outcome": {"granted"}}); code != http.StatusConflict {
		t.Errorf("entered before the report was taken: %d", code)
	}
	c, err := d.Deliver(t.Context(), office, id)
	if err != nil {
		t.Fatal(err)
	}
	waits := func() bool {
		_, page, _ := get(t, d, office, true, "/?list=undecided")
		return strings.Contains(page, c.Number)
	}
	if !waits() {
		t.Error("the case does not wait for the decision")
	}
	if _, page, _ := get(t, d, office, true, "/cases/"+id); !strings.Contains(page, "尚未登记办理决定") || !strings.Contains(page, here) {
		t.Errorf("the case does not lead to the form:\n%s", page)
	}
	code, page, _ := send(t, d, office, true, http.MethodPost, here, url.Values{"outcome": {"refused"}, "on": {"昨天"}, "number": {"海民〔２０２６〕7号"}})
	for _, want := range []string{`href="#ground"`, `href="#on"`, "该决定须选择理由", "日期格式应为", `value="昨天"`, "海民〔２０２６〕7号", `value="refused" selected`} {
		if code != http.StatusUnprocessableEntity || !strings.Contains(page, want) {
			t.Errorf("%d without %s:\n%s", code, want, page)
		}
	}
	today := day.Of(time.Now()).String()
	full := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, today)
	for _, form := range []url.Values{
		{"outcome": {"refused"}, "ground": {"property"}, "on": {full}},
		{"outcome": {"granted"}, "ground": {"property"}, "on": {today}, "number": {"海民〔2026〕8号"}},
	} {
		if code, page, h := send(t, d, office, true, http.MethodPost, here, form); code != http.StatusSeeOther || !strings.Contains(h.Get("Location"), "done=decide") {
			t.Fatalf("%d %s", code, page)
		}
	}
	if waits() {
		t.Error("the case still waits for the decision")
	}
	reader := officer("reader", hedui.ReadCases)
	_, page, _ = get(t, d, reader, true, "/cases/"+id+"?done=decide")
	for _, want := range []string{"<strong>给予救助</strong>", "<s>不予救助</s>", "财产不符合规定", "海民〔2026〕8号", today} {
		if !strings.Contains(page, want) {
			t.Errorf("the case does not say %s:\n%s", want, page)
		}
	}
	if strings.Contains(page, here) {
		t.Error("who only reads is led to the form")
	}
	if code, _, _ := send(t, d, reader, true, http.MethodPost, here, url.Values{"outcome": {"granted"}, "on": {today}}); code != http.StatusForbidden {
		t.Errorf("who only reads enters a decision: %d", code)
	}
	trail, err := d.Trail(t.Context(), officer("auditor", hedui.ReadAudit), store.TrailFilter{Case: id, Verb: audit.Decided})
	if err != nil {
		t.Fatal(err)
	}
	if len(trail.Entries) != 2 || trail.Entries[0].Detail != "version 1" {
		t.Errorf("the log says of two decisions: %+v", trail.Entries)
	}
}
