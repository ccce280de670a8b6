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
	"hedui/internal/lang"
	"hedui/internal/store/storetest"
)

var noticeUntil = regexp.MustCompile(`name="until" value="(\d+)"`)

// acting is an officer in a role, with the rights of the day.
func acting(t *testing.T, id string, role hedui.OfficerRole) hedui.Officer {
	t.Helper()
	table, err := hedui.RoleTableOn(day.Of(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	o := officer(id, table.Rights(role)...)
	o.Roles = []hedui.OfficerRole{role}
	return o
}

// A notice stands in the head of every page and in the list, leads to where it can be
// seen to, and is not new any more once the officer says so.
func TestANoticeIsToldOpenedAndSeen(t *testing.T) {
	d, id := desk(t)
	office := acting(t, "office", hedui.CommissionerRole)
	for _, path := range []string{"/", "/cases/" + id, "/sources", "/help"} {
		if _, page, _ := get(t, d, office, true, path); !strings.Contains(page, `<a class="told fresh" href="/notices?lang=zh">通知：1 条新</a>`) {
			t.Errorf("%s does not say that there is something new", path)
		}
	}
	_, page, _ := get(t, d, office, true, "/notices")
	for _, want := range []string{"报告待领取", "核对报告已签发，等您领取。", "王**", "third", `href="/cases/` + id + `?lang=zh"`, `<strong class="fresh">新</strong>`, `aria-current="page">通知：1 条新`} {
		if !strings.Contains(page, want) {
			t.Errorf("the list lacks %q", want)
		}
	}
	if strings.Contains(page, storetest.ID(t, day.Must("1970-01-01"), 11).Reveal()) || strings.Contains(page, "王试验") {
		t.Error("the list names the person")
	}
	if _, english, _ := get(t, d, office, true, "/notices?lang=en&kind=to_take"); !strings.Contains(english, "The report is sealed and waits to be taken.") || !strings.Contains(english, "Notices: 1 new") {
		t.Error("not in English")
	}
	if _, other, _ := get(t, d, office, true, "/notices?kind=supplement"); !strings.Contains(other, "没有这一类通知") {
		t.Error("a filter that finds nothing is silent")
	}
	until := noticeUntil.FindStringSubmatch(page)
	if until == nil {
		t.Fatal("nothing to mark them as seen with")
	}
	code, _, h := send(t, d, office, true, http.MethodPost, "/notices/seen?lang=zh", url.Values{"until": {until[1]}})
	if code != http.StatusSeeOther || h.Get("Location") != "/notices?lang=zh&done" {
		t.Errorf("%d to %s", code, h.Get("Location"))
	}
	_, page, _ = get(t, d, office, true, "/notices?done")
	if !strings.Contains(page, "通知：没有新的") || !strings.Contains(page, "核对报告已签发，等您领取。") || strings.Contains(page, `<strong class="fresh">`) || strings.Contains(page, `name="until"`) || !strings.Contains(page, "已标为已看") {
		t.Errorf("after they were seen:\n%s", page)
	}
	if _, err := d.Deliver(t.Context(), office, id); err != nil {
		t.Fatal(err)
	}
	if _, page, _ = get(t, d, office, true, "/notices"); !strings.Contains(page, "您登记或者办理的事有了变化") {
		t.Errorf("what is done is still told:\n%s", page)
	}
	for _, bad := range []string{"x", "1.returned.%00", "1.nothing.a", "9999999999999999999.returned.a"} {
		if code, _, _ := get(t, d, office, true, "/notices?before="+bad); code != http.StatusNotFound {
			t.Errorf("before %s: %d", bad, code)
		}
	}
	counts := acting(t, "counts", hedui.StatisticianRole)
	if _, page, _ = get(t, d, counts, true, "/notices"); !strings.Contains(page, "您的岗位没有通知") || strings.Contains(page, `class="told`) {
		t.Error("who is never told anything is promised notices")
	}
}

// A clerk reads what is missing where a case came back, and the link leads to their own
// page of it.
func TestAClerkReadsWhatIsMissing(t *testing.T) {
	d, _ := desk(t)
	clerk := acting(t, "town", hedui.ClerkRole)
	all := officer("all", hedui.Rights()...)
	c, err := d.Register(t.Context(), clerk, "d2", hedui.Form{Programme: "dibao", Division: "330203", Office: "海曙区民政局",
		Persons:  []hedui.FormPerson{{Name: "李试验", ID: storetest.ID(t, day.Must("1971-01-01"), 12).Reveal(), Relation: "self"}},
		Consents: []hedui.FormConsent{{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+9", Document: "授权书"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Commission(t.Context(), all, c.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Take(t.Context(), all, c.ID, "return", "unsigned"); err != nil {
		t.Fatal(err)
	}
	_, page, _ := get(t, d, clerk, true, "/notices")
	why := hedui.Say("step.return.unsigned")
	for _, want := range []string{"被退回", "原因：" + lang.Text(lang.Chinese, why.Key) + "。", lang.Text(lang.Chinese, why.Key+".next"), `href="/own/` + c.ID + `?lang=zh"`, "李**"} {
		if !strings.Contains(page, want) {
			t.Errorf("lacks %q:\n%s", want, page)
		}
	}
	if code, _, _ := get(t, d, clerk, true, "/own/"+c.ID); code != http.StatusOK {
		t.Errorf("the link leads to %d", code)
	}
	if err := d.CountCases(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, page, _ = get(t, d, clerk, true, "/notices"); strings.Contains(page, "⟦") {
		t.Error("a text is missing")
	}
}

// Every kind has its words in both languages, whatever it holds.
func TestEveryNoticeHasASentence(t *testing.T) {
	for _, l := range lang.Langs() {
		for _, k := range hedui.NoticeKinds() {
			n := hedui.Notice{Kind: k, ID: "X1", Source: "land", Count: 3, Due: time.Now(), Why: "step.all_answered"}
			if k == hedui.NoticeAlert {
				n.Why = string(hedui.AlertDown)
			}
			if got := NoticeSentence(l, n); strings.ContainsAny(got, "⟦{") || strings.Contains(got, "step.") {
				t.Errorf("%s: %s", k, got)
			}
		}
	}
}
