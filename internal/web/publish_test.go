package web

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/seal"
)

// The public list is printed of the cases that are ticked, by who may print reports.
func TestThePublicListIsPrintedFromThePage(t *testing.T) {
	d, id := desk(t)
	office, reader := officer("office", hedui.CommissionCases, hedui.PrintReports, hedui.ReadCases), officer("r", hedui.ReadCases)
	_, page, _ := get(t, d, office, true, "/?list=public")
	if !strings.Contains(page, `name="case" form="public" value="`+id+`"`) || strings.Contains(page, "again.js") || strings.Contains(page, "⟦") {
		t.Errorf("the case cannot be ticked, or the page loads itself anew:\n%s", page)
	}
	if _, page, _ := get(t, d, office, true, "/?list=public&programme=tekun"); strings.Contains(page, id) {
		t.Error("the case stands under another programme")
	}
	if _, page, _ := get(t, d, reader, true, "/?list=public"); strings.Contains(page, `name="case"`) || strings.Contains(page, "公示名单") {
		t.Error("who may not print is offered the list")
	}
	code, body, h := send(t, d, office, true, http.MethodPost, "/public", url.Values{"case": {id}})
	if code != http.StatusOK || !strings.HasPrefix(body, "%PDF-") || h.Get("Content-Type") != "application/pdf" {
		t.Errorf("the list: %d %s", code, h.Get("Content-Type"))
	}
	if code, page, _ := send(t, d, office, true, http.MethodPost, "/public", nil); code != http.StatusUnprocessableEntity || !strings.Contains(page, "请先勾选") || !strings.Contains(page, id) {
		t.Errorf("without a case: %d", code)
	}
	if code, page, _ := send(t, d, office, true, http.MethodPost, "/public", url.Values{"case": {id, "none"}}); code != http.StatusNotFound || !strings.Contains(page, `value="`+id+`" checked`) {
		t.Errorf("with a case that is none: %d, or what was ticked is gone", code)
	}
}

// The centre, too, records that a person has withdrawn the consents, on the page of the
// case; a reader cannot, and not twice.
func TestTheCentreRecordsAWithdrawal(t *testing.T) {
	d, id := desk(t)
	centre, reader := officer("centre", hedui.VerifyCases, hedui.ReadCases), officer("r", hedui.ReadCases)
	_, page, _ := get(t, d, centre, true, "/cases/"+id)
	address := "/cases/" + id + "/acts/withdraw"
	if !strings.Contains(page, `action="`+address) || !strings.Contains(page, `id="withdraw-1"`) {
		t.Fatal("the centre is not offered it")
	}
	_, seen, _ := strings.Cut(page, `data-rev="`)
	seen, _, _ = strings.Cut(seen, `"`)
	form := url.Values{"seen": {seen}, "person": {"1"}}
	if _, page, _ := get(t, d, reader, true, "/cases/"+id); strings.Contains(page, address) {
		t.Error("a reader is offered it")
	}
	if code, _, _ := send(t, d, reader, true, http.MethodPost, address, form); code != http.StatusForbidden {
		t.Errorf("by a reader: %d", code)
	}
	code, _, h := send(t, d, centre, true, http.MethodPost, address, form)
	if code != http.StatusSeeOther {
		t.Fatalf("by the centre: %d", code)
	}
	if _, page, _ := get(t, d, centre, true, h.Get("Location")); !strings.Contains(page, "已记录撤回") || strings.Contains(page, `action="`+address) {
		t.Error("the page does not say so, or offers it again")
	}
	if code, _, _ := send(t, d, centre, true, http.MethodPost, address, form); code != http.StatusConflict {
		t.Errorf("twice: %d", code)
	}
	c, err := d.OwnCase(t.Context(), officer("all", hedui.OpenCases), id)
	if err != nil || c.ConsentState(c.Consents[0], time.Now()) != hedui.ConsentWithdrawn {
		t.Errorf("the consent: %v %v", c, err)
	}
}

// What is due is erased from the page, and a case that came back goes by its certificate.
func TestErasuresAreRunFromThePage(t *testing.T) {
	d, id := desk(t)
	ctx := t.Context()
	signing, err1 := seal.Generate(seal.Ed25519)
	key, err2 := audit.NewKey("haishu", signing, signing.Public())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	d.DB.SignLog(key)
	manager, reader := officer("shen", hedui.ReadCases, hedui.ConfirmErasure), officer("r", hedui.ReadCases)
	if _, page, _ := get(t, d, reader, true, "/erasures"); strings.Contains(page, "/erasures/run") {
		t.Error("a reader is offered to erase")
	}
	if code, _, h := send(t, d, manager, true, http.MethodPost, "/erasures/run", nil); code != http.StatusSeeOther {
		t.Errorf("nothing is due: %d", code)
	} else if _, page, _ := get(t, d, manager, true, h.Get("Location")); !strings.Contains(page, "已销毁到期的案件 0 件") {
		t.Error("the page does not say how many cases were erased")
	}
	if err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		c, err := tx.Case(ctx, id)
		if err == nil {
			c.Stage = hedui.Delivered
			err = tx.SaveCase(ctx, c)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	wu := officer("wu", hedui.Rights()...)
	if _, err := d.ProposeErasure(ctx, wu, id, "request"); err != nil {
		t.Fatal(err)
	}
	if code, page, _ := send(t, d, wu, true, http.MethodPost, "/cases/"+id+"/erasure/confirm", nil); code != http.StatusForbidden || !strings.Contains(page, `<div class="problems" role="alert">`) {
		t.Errorf("by who has proposed it: %d, or the page of the case does not say why not", code)
	}
	if _, err := d.ConfirmErasure(ctx, manager, id); err != nil {
		t.Fatal(err)
	}
	_, certificate, _ := get(t, d, manager, true, "/cases/"+id+"/erasure.pdf")
	for _, tt := range []struct {
		name, file string
		by         hedui.Officer
		code       int
	}{
		{"by a reader", certificate, reader, http.StatusForbidden},
		{"no certificate", "%PDF-1.7 of somebody else", manager, http.StatusUnprocessableEntity},
		{"altered", strings.Replace(certificate, "Producer", "producer", 1), manager, http.StatusUnprocessableEntity},
		{"of a case that is still erased", certificate, manager, http.StatusSeeOther},
	} {
		if code, page := sent(t, d, tt.by, "/erasures/again", nil, []byte(tt.file)); code != tt.code {
			t.Errorf("%s: %d, want %d\n%s", tt.name, code, tt.code, page)
		}
	}
}
