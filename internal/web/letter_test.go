package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// written is a source that is asked by letter.
type written struct{ none }

func (l written) Info() source.Info {
	info := l.none.Info()
	info.Manual = &source.Manual{Means: source.Letter, Addressee: "某档案馆", Basis: []string{"某办法第一条"}, Within: "5wd"}
	return info
}

var paperLink = regexp.MustCompile(`href="(/letters/[0-9A-Z]+/paper)\?`)

var letterLink = regexp.MustCompile(`href="(/letters/[0-9A-Z]+)\?`)

// A letter is issued from the list, printed, and its reply slip entered; pressed twice
// there is one letter.
func TestALetterFromTheListToItsReply(t *testing.T) {
	d := deskWith(t, storetest.Engines()[0].Fresh(t), []source.Source{written{none{"land"}}})
	all := officer("all", hedui.Rights()...)
	f := hedui.Form{Programme: "dibao", Division: "330203", Office: "海曙区民政局",
		Persons:  []hedui.FormPerson{{Name: "孙试验", ID: storetest.ID(t, day.Must("1975-03-03"), 41).Reveal(), Relation: "self"}},
		Consents: []hedui.FormConsent{{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+9", Document: "授权书"}}}
	c, err := d.Register(t.Context(), all, "letter", f)
	if err == nil {
		_, err = d.Commission(t.Context(), all, c.ID)
	}
	if err == nil {
		_, err = d.Accept(t.Context(), all, c.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	o := liaison()
	address, page := firstTask(t, d, o)
	if !strings.Contains(page, "出协查函") {
		t.Errorf("no letter can be issued:\n%s", page)
	}
	code, body, h := send(t, d, o, true, http.MethodPost, address+"/letter", nil)
	if code != http.StatusSeeOther {
		t.Fatalf("%d %s", code, body)
	}
	_, page, _ = get(t, d, o, true, h.Get("Location"))
	paper := paperLink.FindStringSubmatch(page)
	listed := letterLink.FindStringSubmatch(page)
	if paper == nil || listed == nil || !strings.Contains(page, "已发函待回执") {
		t.Fatalf("the letter is not on the list:\n%s", page)
	}
	if code, page, _ := send(t, d, o, true, http.MethodPost, address+"/letter", nil); code != http.StatusConflict || !strings.Contains(page, "已发函待回执") {
		t.Errorf("issued twice: %d", code)
	}
	if code, body, h := get(t, d, o, true, paper[1]); code != http.StatusOK || h.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(body, "%PDF") {
		t.Errorf("the letter: %d %s", code, h.Get("Content-Type"))
	}
	other := officer("other", hedui.AnswerQueries)
	other.Sources = []string{"vehicle"}
	if code, _, _ := get(t, d, other, true, paper[1]); code != http.StatusNotFound {
		t.Errorf("the letter of another source: %d", code)
	}
	today := day.Of(time.Now()).String()
	if code, body, _ := send(t, d, o, true, http.MethodPost, address+"/answer", url.Values{"outcome": {"none"}, "as_of": {today}, "by": {"档案科"}}); code != http.StatusSeeOther {
		t.Fatalf("the reply: %d %s", code, body)
	}
	if _, page, _ := get(t, d, o, true, "/worklist"); letterLink.MatchString(page) {
		t.Error("the letter still waits for its reply")
	}
}

// What becomes of a letter is noted on its page; what is refused stays beside its field,
// and the scan of the reply is opened by who may.
func TestALetterOnItsPage(t *testing.T) {
	d := prepared(t, storetest.Engines()[0].Fresh(t), []source.Source{written{none{"land"}}})
	begun := time.Now()
	var days atomic.Int64 // since then
	d.Now = func() time.Time { return begun.AddDate(0, 0, int(days.Load())) }
	works(t, d)
	all := officer("all", hedui.Rights()...)
	f := hedui.Form{Programme: "dibao", Division: "330203", Office: "海曙区民政局",
		Persons:  []hedui.FormPerson{{Name: "孙试验", ID: storetest.ID(t, day.Must("1975-03-03"), 41).Reveal(), Relation: "self"}},
		Consents: []hedui.FormConsent{{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+60", Document: "授权书"}}}
	c, err := d.Register(t.Context(), all, "letter", f)
	if err == nil {
		_, err = d.Commission(t.Context(), all, c.ID)
	}
	if err == nil {
		_, err = d.Accept(t.Context(), all, c.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	o := liaison()
	verifier := officer("verifier", hedui.VerifyCases, hedui.ReadCases)
	if _, page, _ := get(t, d, o, true, "/letters"); !strings.Contains(page, "没有这样的协查函") {
		t.Error("an empty list says nothing")
	}
	address, _ := firstTask(t, d, o)
	_, _, h := send(t, d, o, true, http.MethodPost, address+"/letter", nil)
	_, page, _ := get(t, d, o, true, h.Get("Location"))
	link := letterLink.FindStringSubmatch(page)
	if link == nil {
		t.Fatalf("no letter on the list:\n%s", page)
	}
	letter, number := link[1], strings.TrimPrefix(link[1], "/letters/")
	must := func(o hedui.Officer, path string, code int, words ...string) {
		t.Helper()
		got, page, _ := get(t, d, o, true, path)
		for _, word := range words {
			if !strings.Contains(page, word) {
				t.Errorf("%s lacks %q:\n%s", path, word, page)
			}
		}
		if got != code || strings.Contains(page, "孙试验") {
			t.Errorf("%s: %d, want %d and nobody's name", path, got, code)
		}
	}
	for _, who := range []hedui.Officer{o, verifier} {
		must(who, "/letters", http.StatusOK, number, "某档案馆", "已开具，未寄送", "export.xlsx")
		must(who, "/letters?lang=en&state=issued&number="+strings.ToLower(number[3:12]), http.StatusOK, number, "issued, not sent")
		must(who, "/letters?state=late", http.StatusOK, "没有这样的协查函")
		must(who, "/letters?state=lost", http.StatusNotFound)
		must(who, "/letters/export.xlsx", http.StatusOK, "PK")
	}
	must(o, letter, http.StatusOK, "登记寄送", "登记回函", "查询事项", "/worklist/")
	must(verifier, letter, http.StatusOK, "打开案件")
	if _, page, _ := get(t, d, verifier, true, letter); strings.Contains(page, "<button>登记寄送") || strings.Contains(page, "/worklist/") {
		t.Error("the verifier is offered what the liaison does")
	}
	must(verifier, "/cases/"+c.ID, http.StatusOK, number)
	today := day.Of(d.Now()).String()
	code, page, _ := send(t, d, o, true, http.MethodPost, letter+"/send", url.Values{"on": {"2020-01-01"}, "way": {"pigeon"}, "tracking": {"<x>"}})
	if code != http.StatusUnprocessableEntity || !strings.Contains(page, `id="send-on-wrong"`) || !strings.Contains(page, `id="send-way-wrong"`) || !strings.Contains(page, `id="send-tracking-wrong"`) ||
		!strings.Contains(page, `value="2020-01-01"`) || !strings.Contains(page, `value="&lt;x&gt;"`) {
		t.Errorf("three problems: %d\n%s", code, page)
	}
	if code, _, _ := send(t, d, o, true, http.MethodPost, letter+"/send", url.Values{"on": {today}, "way": {"post"}, "tracking": {"xa1"}}); code != http.StatusSeeOther {
		t.Errorf("sent: %d", code)
	}
	must(o, letter+"?done=send", http.StatusOK, "已登记寄送", "XA1", "已寄送，待回函", "登记未送达…")
	if code, page, _ := send(t, d, o, true, http.MethodPost, letter+"/remind", nil); code != http.StatusConflict || !strings.Contains(page, "届满前不催办") {
		t.Errorf("reminded too early: %d", code)
	}
	days.Store(20)
	must(o, "/letters?state=late", http.StatusOK, number)
	if code, _, _ := send(t, d, o, true, http.MethodPost, letter+"/remind", nil); code != http.StatusSeeOther {
		t.Errorf("reminded: %d", code)
	}
	if code, body, h := get(t, d, o, true, letter+"/reminder"); code != http.StatusOK || h.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(body, "%PDF") {
		t.Errorf("the reminder: %d", code)
	}
	today = day.Of(d.Now()).String()
	for name, part := range map[string]struct{ file, word string }{"no file": {"", `id="evidence-wrong"`}, "a text": {"无记录", `id="evidence-wrong"`}} {
		code, page := sent(t, d, o, letter+"/reply", url.Values{"on": {"nonsense"}}, []byte(part.file))
		if code != http.StatusUnprocessableEntity || !strings.Contains(page, part.word) || !strings.Contains(page, `id="reply-on-wrong"`) || !strings.Contains(page, `value="nonsense"`) {
			t.Errorf("%s: %d\n%s", name, code, page)
		}
	}
	scan := picture(t, 3)
	if code, page := sent(t, d, o, letter+"/reply", url.Values{"on": {today}}, scan); code != http.StatusSeeOther {
		t.Fatalf("the reply: %d\n%s", code, page)
	}
	for _, who := range []hedui.Officer{o, verifier} {
		if code, body, h := get(t, d, who, true, letter+"/scan"); code != http.StatusOK || h.Get("Content-Type") != "image/png" || body != string(scan) {
			t.Errorf("the scan: %d %s", code, h.Get("Content-Type"))
		}
	}
	if code, _, _ := get(t, d, officer("clerk", hedui.OpenCases), true, letter+"/scan"); code != http.StatusForbidden {
		t.Errorf("the scan for a clerk: %d", code)
	}
	if code, body, _ := send(t, d, o, true, http.MethodPost, address+"/answer", url.Values{"outcome": {"none"}, "as_of": {today}, "by": {"档案科"}}); code != http.StatusSeeOther {
		t.Fatalf("the reply slip: %d %s", code, body)
	}
	must(o, letter, http.StatusOK, "等另一人对照扫描件比对后办结")
	if code, page, _ := send(t, d, o, true, http.MethodPost, letter+"/close", nil); code != http.StatusForbidden || !strings.Contains(page, "须由另一人比对") {
		t.Errorf("closed by who entered it: %d", code)
	}
	must(verifier, letter, http.StatusOK, "比对无误，办结")
	if code, _, _ := send(t, d, verifier, true, http.MethodPost, letter+"/close", nil); code != http.StatusSeeOther {
		t.Errorf("closed: %d", code)
	}
	must(verifier, letter+"?done=close&lang=en", http.StatusOK, "Closed", "verifier")
	must(o, "/letters", http.StatusOK, "没有这样的协查函")
}
