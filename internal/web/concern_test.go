package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"hedui/internal/hedui"
)

// Who tries again and again what they have no right to is noticed; the inspector sees it, asks,
// and notes what was found out.
func TestAConcernIsSettledOnThePage(t *testing.T) {
	d, id := desk(t)
	nosy := officer("nosy", hedui.ReadCases)
	for range 5 { // refused for want of a right, five times in a day
		_, page, _ := get(t, d, officer("second", hedui.ReviewReports, hedui.CommissionCases, hedui.ReadCases), true, "/cases/"+id)
		form := url.Values{"seen": seenField.FindStringSubmatch(page)[1:]}
		if code, _, _ := send(t, d, nosy, true, http.MethodPost, "/cases/"+id+"/acts/archive", form); code != http.StatusForbidden {
			t.Fatal(code)
		}
	}
	inspector := officer("inspector", hedui.ReadConcerns, hedui.DisposeConcerns, hedui.ReadAudit)
	if err := d.WatchOfficers(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, page, _ := get(t, d, inspector, true, "/concerns")
	if !strings.Contains(page, "nosy") || !strings.Contains(page, "越权操作被拒绝") || !regexp.MustCompile(`预警（\d+）`).MatchString(page) {
		t.Fatalf("the page lacks the concern:\n%s", page)
	}
	at := regexp.MustCompile(`id="c-([^"]+)"><p>[^<]*<time>[^<]*</time>[^\n]*\n<p[^>]*>nosy[^\n]*越权`).FindStringSubmatch(page)
	if at == nil {
		t.Fatalf("no form for it:\n%s", page)
	}
	code, body, _ := send(t, d, inspector, true, http.MethodPost, "/concerns/"+at[1], url.Values{"outcome": {"explained"}, "note": {" "}})
	if code != http.StatusUnprocessableEntity || !strings.Contains(body, "请写明了解到的情况") {
		t.Errorf("without a note: %d", code)
	}
	if code, body, _ := send(t, d, inspector, true, http.MethodPost, "/concerns/"+at[1], url.Values{"outcome": {"false_alarm"}, "note": {"培训时误点"}}); code != http.StatusSeeOther {
		t.Errorf("%d %s", code, body)
	}
	if _, page, _ := get(t, d, inspector, true, "/concerns?list=all&lang=en"); !strings.Contains(page, "false alarm") || !strings.Contains(page, "培训时误点") {
		t.Errorf("the list of all:\n%s", page)
	}
}
