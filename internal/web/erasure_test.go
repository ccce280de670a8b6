package web

import (
	"net/http"
	"strings"
	"testing"

	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/seal"
)

// A case that was erased is not an error: list and page say so, and lead to a
// certificate that can be verified. Nobody's name is on any of them.
func TestAnErasedCaseSaysSo(t *testing.T) {
	d, id := desk(t)
	ctx := t.Context()
	reader := officer("reader", hedui.ReadCases, hedui.PrintReports)
	all := officer("wu", hedui.Rights()...)
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
	if _, err := d.ProposeErasure(ctx, all, id, "request"); err != nil {
		t.Fatal(err)
	}
	if _, body, _ := get(t, d, reader, true, "/cases/"+id); !strings.Contains(body, "已提议销毁") {
		t.Errorf("the page does not say that an erasure is proposed")
	}
	if _, err := d.ConfirmErasure(ctx, officer("shen", hedui.Rights()...), id); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][]string{
		"/":                         {"<td>已销毁</td>"},
		"/cases/" + id:              {"已销毁", "个人请求删除", "/cases/" + id + "/erasure.pdf", "销毁证明 E330203"},
		"/cases/" + id + "?lang=en": {"cannot be brought back", "Certificate of erasure E330203"},
	} {
		code, body, _ := get(t, d, reader, true, path)
		if code != http.StatusOK || strings.Contains(body, "王**") || strings.Contains(body, "⟦") {
			t.Errorf("%s: %d\n%s", path, code, body)
		}
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s does not say %q:\n%s", path, w, body)
			}
		}
	}
	code, body, header := get(t, d, reader, true, "/cases/"+id+"/erasure.pdf")
	if code != http.StatusOK || header.Get("Content-Type") != "application/pdf" {
		t.Fatalf("the certificate: %d %s", code, header)
	}
	trust, err := seal.ParseTrust(seal.CertificatePEM(d.Certificate))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := report.Verify([]byte(body), nil, trust); err != nil || !r.Valid() || r.Paper != "erasure" {
		t.Errorf("the certificate: %+v, %v", r, err)
	}
	if code, body, _ := get(t, d, reader, true, "/cases/"+id+"/reports/1.pdf"); code != http.StatusNotFound || !strings.Contains(body, "已依法删除") {
		t.Errorf("a copy of its report: %d", code)
	}
	var opener string
	if err := d.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := tx.Head(ctx, id)
		opener = c.OpenedBy()
		return err
	}); err != nil || opener == "" {
		t.Fatal(opener, err)
	}
	own, other := officer(opener, hedui.OpenCases), officer("other", hedui.OpenCases)
	for path, want := range map[string]string{"/own/" + id: "/own/" + id + "/erasure.pdf", "/own/" + id + "/erasure.pdf": "%PDF-"} {
		if code, body, _ := get(t, d, own, true, path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s of who opened it: %d\n%.300s", path, code, body)
		}
		if code, _, _ := get(t, d, other, true, path); code != http.StatusNotFound {
			t.Errorf("%s of another clerk: %d", path, code)
		}
	}
	far := reader
	far.Division = "330100"
	if code, _, _ := get(t, d, far, true, "/cases/"+id); code != http.StatusForbidden {
		t.Errorf("from another city: %d", code)
	}
}
