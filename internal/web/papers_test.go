package web

import (
	"net/http"
	"strings"
	"testing"

	"hedui/internal/hedui"
)

// Every paper that a page offers is printed, and none is offered to who may not.
func TestWhatIsOfferedToPrintIsPrinted(t *testing.T) {
	d, id := desk(t)
	office := officer("office", hedui.CommissionCases, hedui.PrintReports, hedui.ReadCases, hedui.AcceptCases)
	_, page, _ := get(t, d, office, true, "/cases/"+id)
	for _, kind := range []string{"commission", "annex"} {
		address := "/cases/" + id + "/papers/" + kind
		if !strings.Contains(page, address+"?") {
			t.Errorf("%s is not offered", kind)
		}
		code, body, h := get(t, d, office, true, address)
		if code != http.StatusOK || !strings.HasPrefix(body, "%PDF-") || h.Get("Content-Type") != "application/pdf" {
			t.Errorf("%s: %d %s", kind, code, h.Get("Content-Type"))
		}
		if code, body, _ := send(t, d, office, true, http.MethodHead, address, nil); code != http.StatusMethodNotAllowed || body != "" {
			t.Errorf("HEAD of %s: %d", kind, code)
		}
	}
	for _, kind := range []string{"notice", "missing", "consent"} {
		if strings.Contains(page, "/papers/"+kind) {
			t.Errorf("%s is offered, at this stage or to this officer", kind)
		}
	}
	if code, _, _ := get(t, d, office, true, "/cases/"+id+"/papers/decision"); code != http.StatusUnprocessableEntity {
		t.Errorf("a paper that is none: %d", code)
	}
	if _, page, _ := get(t, d, officer("r", hedui.ReadCases), true, "/cases/"+id); strings.Contains(page, "/papers/") {
		t.Error("papers are offered to who may only read")
	}
}

// A scan that the clerk has attached is looked at by the centre.
func TestAScanIsLookedAt(t *testing.T) {
	d, id := desk(t)
	clerk, reader := officer("all", hedui.OpenCases, hedui.ReadCases), officer("r", hedui.ReadCases)
	c, err := d.OwnCase(t.Context(), clerk, id)
	if err != nil {
		t.Fatal(err)
	}
	number := c.Consents[0].Number
	address := "/cases/" + id + "/consents/" + number + "/scan"
	if code, _, _ := get(t, d, reader, true, address); code != http.StatusNotFound {
		t.Errorf("without a scan: %d", code)
	}
	if _, err := d.AttachConsent(t.Context(), clerk, id, number, picture(t, 7)); err != nil {
		t.Fatal(err)
	}
	if _, page, _ := get(t, d, reader, true, "/cases/"+id); !strings.Contains(page, address) {
		t.Error("no link to the scan")
	}
	if code, body, h := get(t, d, reader, true, address); code != http.StatusOK || body != string(picture(t, 7)) || h.Get("Content-Type") != "image/png" {
		t.Errorf("the scan: %d %s", code, h.Get("Content-Type"))
	}
	if _, page, _ := get(t, d, clerk, true, "/own/"+id); !strings.Contains(page, "/own/"+id+"/papers/consent?") {
		t.Error("the clerk cannot print a further consent form")
	}
	if code, body, _ := get(t, d, clerk, true, "/own/"+id+"/papers/consent"); code != http.StatusOK || !strings.HasPrefix(body, "%PDF-") {
		t.Errorf("consent form: %d", code)
	}
	if code, _, _ := get(t, d, officer("other", hedui.OpenCases), true, "/own/"+id+"/papers/consent"); code != http.StatusNotFound {
		t.Errorf("the form of somebody else's case: %d", code)
	}
}
