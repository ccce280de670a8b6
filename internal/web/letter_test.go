package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
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

var paperLink = regexp.MustCompile(`href="(/letters/[0-9A-Z]+)\?`)

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
	if paper == nil || !strings.Contains(page, "已发函待回执") {
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
	if _, page, _ := get(t, d, o, true, "/worklist"); paperLink.MatchString(page) {
		t.Error("the letter still waits for its reply")
	}
}
