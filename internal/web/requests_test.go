package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
)

var codeShown = regexp.MustCompile(`class="secret">([A-Z2-7-]+)<`)

// An office hands out a code, the person objects in the mirror, the office answers; an
// answer without words comes back with what was chosen.
func TestACodeARequestAndItsAnswer(t *testing.T) {
	d, id := desk(t)
	office := officer("office", hedui.CommissionCases, hedui.ReadCases, hedui.IssueCodes)
	if _, page, _ := get(t, d, office, true, "/cases/"+id); !strings.Contains(page, "/cases/"+id+"/code") {
		t.Fatal("the case offers no code")
	}
	code, page, h := send(t, d, office, true, http.MethodPost, "/cases/"+id+"/code", url.Values{"person": {"1"}})
	m := codeShown.FindStringSubmatch(page)
	if code != http.StatusOK || m == nil || h.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d\n%s", code, page)
	}
	if code, _, _ := send(t, d, office, true, http.MethodPost, "/cases/"+id+"/code", url.Values{"person": {"9"}}); code != http.StatusNotFound {
		t.Errorf("a code for nobody: %d", code)
	}
	token, err := d.OpenMirror(t.Context(), storetest.ID(t, day.Must("1970-01-01"), 11).Reveal(), m[1], "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	asked, err := d.AskInMirror(t.Context(), token, id, hedui.CorrectRequest, "房子不是我的")
	if err != nil {
		t.Fatal(err)
	}
	if _, page, _ := get(t, d, office, true, "/requests"); !strings.Contains(page, "房子不是我的") || !strings.Contains(page, asked.Number) {
		t.Errorf("the list lacks the request:\n%s", page)
	}
	here := "/requests/" + asked.Number
	if code, page, _ := send(t, d, office, true, http.MethodPost, here, url.Values{"to": {"declined"}, "answer": {" "}}); code != http.StatusUnprocessableEntity || !strings.Contains(page, `aria-invalid="true"`) || !strings.Contains(page, `value="declined" id="o-`+asked.Number+`-declined" required checked`) {
		t.Errorf("without words: %d\n%s", code, page)
	}
	for i, want := range []int{http.StatusSeeOther, http.StatusConflict} { // a double click
		if code, _, _ := send(t, d, office, true, http.MethodPost, here, url.Values{"to": {"done"}, "answer": {"已向部门核实"}}); code != want {
			t.Errorf("answer %d: %d, want %d", i+1, code, want)
		}
	}
	if _, page, _ := get(t, d, office, true, "/requests"); strings.Contains(page, asked.Number) {
		t.Error("what is answered is still to be answered")
	}
	if _, page, _ := get(t, d, office, true, "/requests?list=all"); !strings.Contains(page, "已向部门核实") {
		t.Error("the answer is lost")
	}
}

// One officer proposes, another confirms; nobody does both, a hold stops it, and what is
// erased has a certificate.
func TestACaseIsErasedByTwoOnPages(t *testing.T) {
	d, id := desk(t)
	all := officer("all", hedui.Rights()...)
	if _, err := d.Deliver(t.Context(), all, id); err != nil {
		t.Fatal(err)
	}
	first := officer("verifier", hedui.ReadCases, hedui.VerifyCases, hedui.ProposeErasure)
	second := officer("manager", hedui.ReadCases, hedui.ConfirmErasure, hedui.HoldCases)
	home := "/cases/" + id + "/erasure"
	if _, err := d.Archive(t.Context(), first, id); err != nil {
		t.Fatal(err)
	}
	post := func(o hedui.Officer, act, reason string, want int) string {
		t.Helper()
		code, page, _ := send(t, d, o, true, http.MethodPost, home+"/"+act, url.Values{"reason": {reason}})
		if code != want {
			t.Errorf("%s by %s: %d, want %d\n%s", act, o.ID, code, want, page)
		}
		return page
	}
	if _, page, _ := get(t, d, first, true, home); !strings.Contains(page, home+"/propose") || strings.Contains(page, home+"/confirm") || strings.Contains(page, home+"/hold") {
		t.Errorf("the first officer sees:\n%s", page)
	}
	post(second, "confirm", "", http.StatusConflict)
	post(first, "propose", "nothing", http.StatusUnprocessableEntity)
	post(first, "propose", "request", http.StatusSeeOther)
	post(first, "confirm", "", http.StatusForbidden)
	if _, page, _ := get(t, d, second, true, "/erasures"); !strings.Contains(page, home) || strings.Contains(page, "王") {
		t.Errorf("the list of proposals:\n%s", page)
	}
	post(second, "hold", "court", http.StatusSeeOther)
	post(second, "confirm", "", http.StatusConflict)
	post(second, "lift", "", http.StatusSeeOther)
	post(first, "propose", "request", http.StatusSeeOther)
	post(second, "reject", "", http.StatusSeeOther)
	post(first, "propose", "request", http.StatusSeeOther)
	post(second, "confirm", "", http.StatusSeeOther)
	if _, page, _ := get(t, d, second, true, home); !strings.Contains(page, "已销毁") || !strings.Contains(page, "/erasure.pdf") || strings.Contains(page, "<button>") && strings.Contains(page, home+"/hold") {
		t.Errorf("at the end:\n%s", page)
	}
	if code, body, _ := get(t, d, second, true, "/cases/"+id+"/erasure.pdf"); code != http.StatusOK || !strings.HasPrefix(body, "%PDF") {
		t.Errorf("the certificate: %d", code)
	}
}
