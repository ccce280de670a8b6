package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/rule/book"
	"hedui/internal/staff"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
	"hedui/source"
)

func TestEveryKindHasAStatus(t *testing.T) {
	for _, k := range hedui.Kinds() {
		if status[k] < 400 {
			t.Errorf("%s has status %d", k, status[k])
		}
	}
}

// owner is the birthday of who owns a company in the registers of the tests.
var owner = day.Must("1981-05-05")

// none answers every query with "none", but that for the company of the owner.
type none struct{ code catalog.Code }

func (n none) Info() source.Info {
	return source.Info{Name: string(n.code), Department: "某局", Categories: []catalog.Code{n.code}}
}

func (n none) Ask(_ context.Context, queries []source.Query) ([]source.Answer, error) {
	var answers []source.Answer
	for _, q := range queries {
		a := source.Answer{Query: q.ID(), Outcome: source.None, AsOf: time.Now()}
		if n.code == catalog.Business && q.Person().ID.Birth() == owner {
			a.Outcome, a.Match, a.Hash, a.Records = source.Found, source.MatchIDName, "sha256:00", []catalog.Record{{"name": "某公司", "status": "存续"}, {"name": "某商店", "status": "存续"}}
		}
		answers = append(answers, a)
	}
	return answers, nil
}

func officer(id string, rights ...hedui.Right) hedui.Officer {
	return hedui.Officer{ID: id, Name: id, Office: "某机构", Division: "330200", Rights: rights}
}

// desk has one sealed case; land has no source. Registers of counties come to
// those of the city.
func desk(t *testing.T, counties ...hedui.Register) (*casework.Desk, string) {
	t.Helper()
	return deskOn(t, storetest.Engines()[0].Fresh(t), counties...)
}

// deskOn is desk on a database.
func deskOn(t *testing.T, o store.Options, counties ...hedui.Register) (*casework.Desk, string) {
	t.Helper()
	d := deskWith(t, o, nil, counties...)
	return d, sealedCase(t, d)
}

// deskWith is a desk without a case, with further sources.
func deskWith(t *testing.T, o store.Options, further []source.Source, counties ...hedui.Register) *casework.Desk {
	t.Helper()
	d := prepared(t, o, further, counties...)
	works(t, d)
	return d
}

// prepared is a desk on which nothing works yet, so that more of it can be set.
func prepared(t *testing.T, o store.Options, further []source.Source, counties ...hedui.Register) *casework.Desk {
	t.Helper()
	key, err1 := seal.Generate(seal.P256SHA256)
	cert, err2 := seal.SelfSigned(key, "核对中心", time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0))
	calendar, err3 := hedui.China()
	deadlines, err4 := hedui.StandardDeadlines()
	rules, err5 := book.Standard()
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		t.Fatal(err)
	}
	d := &casework.Desk{DB: storetest.Open(t, o), Issuer: "核对中心", Signer: key, MandateKey: func() seal.Signer { return key }, Certificate: cert,
		Calendar: calendar, Deadlines: deadlines, Rules: rules, Now: time.Now}
	for _, c := range catalog.All() {
		if c.Code != "land" {
			d.Sources = append(d.Sources, none{c.Code})
		}
	}
	d.Sources = append(d.Sources, further...)
	d.Registers = append(casework.OwnRegisters(d.Sources, "330200"), counties...)
	if err := d.Prepare(); err != nil {
		t.Fatal(err)
	}
	return d
}

// works has a desk work until the test ends.
func works(t *testing.T, d *casework.Desk) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
}

func sealedCase(t *testing.T, d *casework.Desk) string {
	t.Helper()
	ctx := t.Context()
	all := officer("all", hedui.Rights()...)
	f := hedui.Form{Programme: "dibao", Division: "330203", Office: "海曙区民政局",
		Persons:  []hedui.FormPerson{{Name: "王试验", ID: storetest.ID(t, day.Must("1970-01-01"), 11).Reveal(), Relation: "self"}},
		Consents: []hedui.FormConsent{{Person: 1, Programme: "dibao", SignedOn: "today", Until: "today+9", Document: "授权书"}}}
	c, err := d.Register(ctx, all, "d", f)
	if err != nil {
		t.Fatal(err)
	}
	second, third := all, all
	second.ID, third.ID = "second", "third"
	steps := []func() (*hedui.Case, error){
		func() (*hedui.Case, error) { return d.Commission(ctx, all, c.ID) },
		func() (*hedui.Case, error) { return d.Accept(ctx, all, c.ID) },
		func() (*hedui.Case, error) {
			_, err := d.Await(ctx, c.ID, func(s hedui.Stage) bool { return s == hedui.Summarised })
			return nil, err
		},
		func() (*hedui.Case, error) { return d.Review(ctx, second, c.ID) },
		func() (*hedui.Case, error) { return d.Seal(ctx, third, c.ID) },
	}
	for _, step := range steps {
		if _, err := step(); err != nil {
			t.Fatal(err)
		}
	}
	return c.ID
}

func get(t *testing.T, d *casework.Desk, who hedui.Officer, known bool, path string) (int, string, http.Header) {
	t.Helper()
	return send(t, d, who, known, http.MethodGet, path, nil)
}

// send asks for a page, with a form where there is one.
func send(t *testing.T, d *casework.Desk, who hedui.Officer, known bool, method, path string, form url.Values) (int, string, http.Header) {
	t.Helper()
	s := &Server{Desk: d, Roster: &staff.Roster{DB: d.DB, Now: time.Now}, Keys: &staff.Keys{DB: d.DB, Now: time.Now}, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
		Who: func(*http.Request) (hedui.Officer, bool) { return who, known }}
	h, err := s.Handler()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	h.ServeHTTP(w, r)
	problemsLead(t, path, w.Body.String())
	return w.Code, w.Body.String(), w.Header()
}

var (
	problemList = regexp.MustCompile(`(?s)<div class="problems".*?</div>`)
	fieldLink   = regexp.MustCompile(`href="#([^"]*)"`)
)

// problemsLead fails where a problem leads to nothing on the page, or where a field is
// said to be wrong and no problem above leads anywhere.
func problemsLead(t *testing.T, path, page string) {
	t.Helper()
	links := 0
	for _, list := range problemList.FindAllString(page, -1) {
		for _, m := range fieldLink.FindAllStringSubmatch(list, -1) {
			if links++; !strings.Contains(page, ` id="`+m[1]+`"`) {
				t.Errorf("%s: a problem leads to #%s, which is not on the page", path, m[1])
			}
		}
	}
	if links == 0 && strings.Contains(page, `aria-invalid="true"`) && !strings.Contains(page, "missed") {
		t.Errorf("%s: no problem leads to its field", path)
	}
}

// filled is the method of a route and a path that fits it, for the case.
func filled(pattern, id, tile string) (method, path string) {
	method, path, _ = strings.Cut(pattern, " ")
	return method, strings.NewReplacer("{$}", "", "{id}", id, "{file}", "1.json", "{path...}", tile, "{act}", "deliver", "{draft}", "begun", "{number}", "S1", "{bulletin}", "2026-11.pdf", "{concern}", "2026-11-23-ab", "{item}", "i1", "{evidence}", "e1", "{kind}", "commission", "{reminder}", "r1", "{entry}", "e1", "{source}", "land", "{name}", "hukou", "{officer}", "zhang").Replace(path)
}

// Every route is asked as nobody, as an officer without rights, and as one whose
// division is elsewhere.
func TestEveryRouteRefusesWithoutItsRight(t *testing.T) {
	d, id := desk(t)
	if _, err := d.DB.Sequence(t.Context(), 1000, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, r := range routes() {
		method, path := filled(r.pattern, id, "000.p/1")
		if everyones := []string{"GET /calendar", "GET /notices", "POST /notices/seen", "GET /help", "GET /design", "POST /design"}; (r.right == "") != slices.Contains(everyones, r.pattern) {
			t.Errorf("%s names the right %q; without one are %v", r.pattern, r.right, everyones)
		}
		var others []hedui.Right
		for _, right := range hedui.Rights() {
			if right != r.right && !slices.Contains(besides(r.pattern), right) {
				others = append(others, right)
			}
		}
		if code, body, _ := send(t, d, hedui.Officer{}, false, method, path, nil); code != http.StatusForbidden || strings.Contains(body, "王") {
			t.Errorf("%s as nobody: %d", r.pattern, code)
		}
		if code, body, _ := send(t, d, officer("other", others...), true, method, path, nil); code != http.StatusForbidden && path != "/" && r.right != "" || strings.Contains(body, "王") {
			t.Errorf("%s with every other right: %d", r.pattern, code)
		}
		elsewhere := officer("far", hedui.Rights()...)
		elsewhere.Division = "330100"
		if code, body, _ := send(t, d, elsewhere, true, method, path, nil); strings.Contains(r.pattern, "{id}") && code != http.StatusForbidden || strings.Contains(body, "王") {
			t.Errorf("%s from another city: %d", r.pattern, code)
		}
		want := []int{http.StatusOK}
		if strings.HasSuffix(r.pattern, "/erasure.pdf") { // the case is kept
			want = []int{http.StatusNotFound}
		}
		if method == http.MethodPost || strings.HasSuffix(path, "/new") { // nothing was filled in
			want = []int{http.StatusConflict, http.StatusSeeOther, http.StatusUnprocessableEntity}
		}
		if strings.HasPrefix(path, "/own/") || strings.HasSuffix(r.pattern, "{evidence}") || strings.HasPrefix(r.pattern, "GET /cases/{id}/consents/") || strings.Contains(r.pattern, "{item}") || strings.Contains(r.pattern, "{upload}") || strings.Contains(r.pattern, "/letters/{number}") || strings.HasPrefix(path, "/requests/") || strings.HasPrefix(path, "/concerns/") || strings.HasPrefix(path, "/corrections/") || strings.HasPrefix(path, "/worklist/") && path != "/worklist/score" || strings.Contains(path, "/officers/zhang") || strings.HasPrefix(path, "/nodes/") || strings.HasPrefix(path, "/keys/") { // somebody else has opened the case; there is no such concern
			want = []int{http.StatusNotFound}
		}
		if strings.HasPrefix(r.pattern, "GET /cases/{id}/papers/") || strings.Contains(path, "/workbooks/") || strings.HasSuffix(r.pattern, "{id}/code") && strings.HasPrefix(path, "/cases/") || strings.HasSuffix(path, "/decision") { // it takes the right to do what the paper is about, or being named for the source, or to read the case as well
			want = []int{http.StatusForbidden}
		}
		if code, _, _ := send(t, d, officer("right", r.right), true, method, path, nil); !slices.Contains(want, code) {
			t.Errorf("%s with its right: %d, want %v", r.pattern, code, want)
		}
	}
}

func TestPagesSayWhatTheyMust(t *testing.T) {
	d, id := desk(t)
	reader := officer("reader", hedui.ReadCases, hedui.PrintReports)
	for _, c := range []struct {
		name, path string
		code       int
		want       []string
	}{
		{"list", "/", 200, []string{`lang="zh-CN"`, `aria-current="page">案件`, "王**", "最低生活保障", "已签发", "每次查看均有记录"}},
		{"list in English", "/?lang=en", 200, []string{`lang="en"`, "Minimum living allowance", "Issued"}},
		{"case", "/cases/" + id, 200, []string{"<th scope=\"col\">户籍</th>", "未发现", "不在登记范围", "3302************", "第 1 版", ">HTML<"}},
		{"case in English", "/cases/" + id + "?lang=en", 200, []string{"None found", "Not covered", "No source on this node"}},
		{"report", "/cases/" + id + "/reports/1.html", 200, []string{"居民家庭经济状况核对报告"}},
		{"seal", "/cases/" + id + "/reports/1.json.sig", 200, []string{`"signature"`}},
		{"still", "/cases/" + id + "?live=0", 200, []string{"自动更新已停止", "恢复自动更新"}},
		{"moving part", "/cases/" + id + "/live?seen=old&lang=en", 200, []string{`<div id="moving"`, "None found", `&amp;live=0"`}},
		{"live", "/cases/" + id, 200, []string{`<noscript><meta http-equiv="refresh" content="5"></noscript>`, `data-live="/cases/`, "停止自动更新", "<details", "/trust.pem"}},
		{"no such version", "/cases/" + id + "/reports/9.pdf", 404, []string{"没有第 9 版", "回到首页"}},
		{"certificate", "/trust.pem", 200, []string{"BEGIN CERTIFICATE"}},
		{"no such form", "/cases/" + id + "/reports/1.docx", 404, []string{"没有找到"}},
		{"no such case", "/cases/none", 404, []string{"没有找到"}},
		{"no such page", "/nowhere", 404, []string{"没有找到"}},
		{"sources", "/sources", 200, []string{"某局", "正常", "户籍", "启动以来查询次数"}},
		{"sources in English", "/sources?lang=en", 200, []string{"Calls since start", "<th scope=\"col\">State</th>", `lang="zh-CN">某局`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, body, header := get(t, d, reader, true, c.path)
			if code != c.code {
				t.Errorf("status %d, want %d", code, c.code)
			}
			for _, w := range c.want {
				if !strings.Contains(body, w) {
					t.Errorf("page lacks %q", w)
				}
			}
			if strings.Contains(body, "⟦") || strings.Contains(body, storetest.ID(t, day.Must("1970-01-01"), 11).Reveal()) {
				t.Error("a text is missing, or an identity number stands in full")
			}
			ours := strings.NewReplacer(`<script src="/static/send.js" data-busy="正在提交，请稍候…" defer></script>`, "", `<script src="/static/send.js" data-busy="Being sent, one moment…" defer></script>`, "",
				`<script src="/static/live.js" defer></script>`, "", `<script src="/static/again.js" data-every="5" defer></script>`, "")
			if strings.Contains(ours.Replace(body), "<script") {
				t.Error("script that is not ours")
			}
			if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; script-src 'self'; connect-src 'self';") {
				t.Errorf("policy %q", policy)
			}
		})
	}
}

// Codes of stages and rights reach nobody's screen.
func TestSentencesHaveWordsForCodes(t *testing.T) {
	if got := Sentence(lang.Chinese, hedui.Say("error.stage", "draft", "delivered")); strings.Contains(got, "draft") || !strings.Contains(got, "报告已送达") {
		t.Errorf("stages: %s", got)
	}
	for _, l := range lang.Langs() {
		for _, r := range hedui.Rights() {
			if got := Sentence(l, hedui.Say("error.right", string(r))); strings.Contains(got, string(r)) {
				t.Errorf("%s has no word: %s", r, got)
			}
		}
	}
}

func TestAReasonWithoutAWordIsStillSaid(t *testing.T) {
	f := frame{Lang: lang.English}
	for reason, want := range map[source.Reason]string{"age": "Below working age", "moon": "moon", "deadline": "deadline"} {
		if got := f.reason(reason); !strings.Contains(got, want) || strings.Contains(got, "⟦") {
			t.Errorf("%s: %q lacks %q", reason, got, want)
		}
	}
}

func TestAnEmptyListSaysWhatToDo(t *testing.T) {
	d, _ := desk(t)
	far := officer("far", hedui.ReadCases)
	far.Division = "330100"
	if _, body, _ := get(t, d, far, true, "/"); !strings.Contains(body, "还没有案件") {
		t.Error("an empty list is silent")
	}
}
