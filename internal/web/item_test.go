package web

import (
	"bytes"
	"image"
	"image/png"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
)

// ownersCase is a case of somebody with a company that was not declared, and the
// address of its item to explain.
func ownersCase(t *testing.T, d *casework.Desk) (id, item string) {
	t.Helper()
	ctx := t.Context()
	all := officer("all", hedui.Rights()...)
	f := hedui.Form{Programme: "dibao", Division: "330203", Office: "海曙区民政局",
		Persons:  []hedui.FormPerson{{Name: "李试验", ID: storetest.ID(t, owner, 31).Reveal(), Relation: "self"}},
		Consents: []hedui.FormConsent{{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+9", Document: "授权书"}}}
	c, err := d.Register(ctx, all, "owner", f)
	if err == nil {
		_, err = d.Commission(ctx, all, c.ID)
	}
	if err == nil {
		_, err = d.Accept(ctx, all, c.ID)
	}
	if err == nil {
		_, err = d.Await(ctx, c.ID, func(s hedui.Stage) bool { return s == hedui.Summarised })
	}
	if err != nil {
		t.Fatal(err)
	}
	list, err := d.Explanations(ctx, all, c.ID)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d items to explain, %v", len(list), err)
	}
	return c.ID, "/cases/" + c.ID + "/items/" + list[0].ID
}

// sent is a form with fields and a file, as a browser sends it.
func sent(t *testing.T, d *casework.Desk, o hedui.Officer, path string, values url.Values, file []byte) (int, string) {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, list := range values {
		for _, v := range list {
			_ = form.WriteField(name, v)
		}
	}
	part, err := form.CreateFormFile("file", "名.png")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(file)
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	s := &Server{Desk: d, Log: slog.New(slog.DiscardHandler), Now: time.Now, Who: func(*http.Request) (hedui.Officer, bool) { return o, true }}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func picture(t *testing.T, width int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, 1))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func seenOn(t *testing.T, d *casework.Desk, o hedui.Officer, path string) (seen, page string) {
	t.Helper()
	code, page, _ := get(t, d, o, true, path)
	m := seenField.FindStringSubmatch(page)
	if code != http.StatusOK || m == nil {
		t.Fatalf("%s: %d without a form:\n%s", path, code, page)
	}
	return m[1], page
}

var evidenceLink = regexp.MustCompile(`/cases/[^"/]+/evidence/[^"]+`)

// The family explains in the console: one officer enters it with a file, another
// sends it back, the first adds something, the other agrees.
func TestTwoOfficersAndAnItem(t *testing.T) {
	d, _ := desk(t)
	id, item := ownersCase(t, d)
	first := officer("first", hedui.VerifyCases, hedui.ReadCases)
	second := officer("second", hedui.ReviewReports, hedui.ReadCases)
	if _, page, _ := get(t, d, first, true, "/cases/"+id); !strings.Contains(page, item+"?lang=zh") || !strings.Contains(page, "待说明") {
		t.Fatal("the case's page does not list the item")
	}

	// Nothing chosen, nothing written; what was typed stays, and so does a file.
	seen, page := seenOn(t, d, first, item)
	if strings.Contains(page, "/settle") || !strings.Contains(page, `id="w-2"`) {
		t.Error("the first officer is shown the form of the second, or not every record")
	}
	code, page := sent(t, d, first, item+"/explain", url.Values{"seen": {seen}, "outcome": {"explained"}, "text": {" "}}, nil)
	for _, want := range []string{"请写明说明内容", "须附佐证材料", `value="explained" checked`, `id="text-wrong"`, `id="evidence-wrong"`} {
		if code != http.StatusUnprocessableEntity || !strings.Contains(page, want) {
			t.Errorf("an empty explanation: %d without %q", code, want)
		}
	}
	if code, page := sent(t, d, first, item+"/attach", url.Values{"seen": {seen}}, nil); code != http.StatusUnprocessableEntity || !strings.Contains(page, "evidence-wrong") {
		t.Errorf("no file attached: %d", code)
	}
	if code, page := sent(t, d, first, item+"/attach", url.Values{"seen": {seen}}, []byte("<html>")); code != http.StatusUnprocessableEntity || !strings.Contains(page, "PDF") {
		t.Errorf("a page attached: %d", code)
	}
	code, page = sent(t, d, first, item+"/explain", url.Values{"seen": {seen}, "outcome": {"explained"}}, picture(t, 3))
	if code != http.StatusUnprocessableEntity || evidenceLink.FindString(page) == "" {
		t.Fatalf("the file of an explanation without text is lost: %d", code)
	}
	file := evidenceLink.FindString(page)
	if code, body, h := get(t, d, second, true, file); code != http.StatusOK || body != string(picture(t, 3)) || h.Get("Content-Type") != "image/png" {
		t.Errorf("evidence: %d %s", code, h.Get("Content-Type"))
	}

	// A file beyond every bound loses nothing of what was typed before it.
	big := append(picture(t, 2), make([]byte, maxUpload)...)
	if code, page := sent(t, d, first, item+"/explain", url.Values{"seen": {seen}, "outcome": {"confirmed"}, "text": {"写了很久"}}, big); code != http.StatusUnprocessableEntity ||
		!strings.Contains(page, "文件过大") || !strings.Contains(page, "写了很久") || !strings.Contains(page, `value="confirmed" checked`) {
		t.Errorf("a file that is too large: %d", code)
	}

	// With both it is taken, once.
	stale := seen
	seen = seenField.FindStringSubmatch(page)[1]
	said := url.Values{"seen": {seen}, "outcome": {"explained"}, "text": {"公司由<他人>经营"}, "wrong": {"1"}}
	if code, page := sent(t, d, first, item+"/explain", url.Values{"seen": {stale}, "outcome": {"confirmed"}, "text": {"旧页"}}, nil); code != http.StatusConflict || !strings.Contains(page, "刚被他人更新") || !strings.Contains(page, "旧页") {
		t.Errorf("by a stale page: %d", code)
	}
	if code, page := sent(t, d, first, item+"/explain", said, nil); code != http.StatusSeeOther {
		t.Fatalf("explained: %d %s", code, page)
	}
	if code, _ := sent(t, d, first, item+"/explain", said, nil); code != http.StatusConflict {
		t.Errorf("a second click: %d", code)
	}

	// The second officer sends it back with a reason, then agrees.
	if code, _, _ := send(t, d, first, true, http.MethodPost, item+"/settle", url.Values{"seen": {seen}}); code != http.StatusForbidden && code != http.StatusConflict {
		t.Errorf("one person does both: %d", code)
	}
	seen, page = seenOn(t, d, second, item)
	if !strings.Contains(page, "公司由&lt;他人&gt;经营") || strings.Contains(page, "/attach") {
		t.Error("the second officer does not see what was said, or could attach")
	}
	if code, page, _ := send(t, d, second, true, http.MethodPost, item+"/send_back", url.Values{"seen": {seen}}); code != http.StatusUnprocessableEntity || !strings.Contains(page, `id="why-wrong"`) {
		t.Errorf("sent back without a reason: %d", code)
	}
	if code, _, _ := send(t, d, second, true, http.MethodPost, item+"/send_back", url.Values{"seen": {seen}, "why": {"看不清"}}); code != http.StatusSeeOther {
		t.Fatalf("sent back: %d", code)
	}
	seen, page = seenOn(t, d, first, item)
	if !strings.Contains(page, "看不清") {
		t.Error("nothing says why it was sent back")
	}
	said.Set("seen", seen)
	if code, page := sent(t, d, first, item+"/explain", said, picture(t, 5)); code != http.StatusSeeOther {
		t.Fatalf("explained again: %d %s", code, page)
	}
	both := officer("first", hedui.VerifyCases, hedui.ReviewReports, hedui.ReadCases)
	if _, page, _ := get(t, d, both, true, item); strings.Contains(page, "/settle") || !strings.Contains(page, "不能复核自己的录入") {
		t.Error("who has entered it is offered to agree")
	}
	seen, _ = seenOn(t, d, second, item)
	if code, page, _ := send(t, d, second, true, http.MethodPost, item+"/settle", url.Values{"seen": {seen}}); code != http.StatusSeeOther {
		t.Fatalf("agreed: %d %s", code, page)
	}
	if _, page, _ := get(t, d, second, true, item+"?done=settle"); !strings.Contains(page, "已复核同意") || !strings.Contains(page, "已说明并佐证") {
		t.Error("the page does not say that it was agreed")
	}
	if code, _, _ := send(t, d, second, true, http.MethodPost, item+"/agree", url.Values{"seen": {seen}}); code != http.StatusNotFound {
		t.Errorf("an act that is none: %d", code)
	}
}

// A company that is not theirs suspends its case from the page of the case.
func TestAClaimSuspends(t *testing.T) {
	d, _ := desk(t)
	id, item := ownersCase(t, d)
	first := officer("first", hedui.VerifyCases, hedui.ReadCases)
	second := officer("second", hedui.ReviewReports, hedui.ReadCases)
	address := "/cases/" + id + "/acts/claim"
	if _, page, _ := get(t, d, first, true, "/cases/"+id); strings.Contains(page, address) {
		t.Fatal("offered before anybody has claimed anything")
	}
	seen, _ := seenOn(t, d, first, item)
	if code, page := sent(t, d, first, item+"/explain", url.Values{"seen": {seen}, "outcome": {"not_theirs"}, "text": {"身份证曾遗失"}}, picture(t, 2)); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	seen, _ = seenOn(t, d, second, item)
	if code, page, _ := send(t, d, second, true, http.MethodPost, item+"/settle", url.Values{"seen": {seen}}); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	seen, page := seenOn(t, d, first, "/cases/"+id)
	if !strings.Contains(page, address) {
		t.Fatal("not offered to the verifier")
	}
	if _, page, _ := get(t, d, second, true, "/cases/"+id); strings.Contains(page, address) {
		t.Error("offered to the reviewer")
	}
	if code, page, _ := send(t, d, first, true, http.MethodPost, address, url.Values{"seen": {seen}}); code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, page)
	}
	if stage, err := d.Stage(t.Context(), id); err != nil || stage != hedui.Suspended {
		t.Errorf("the case is %s, %v", stage, err)
	}
}
