package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Persons of the fixed families by their place.
const (
	wang = "330200198002290018"
	li   = "33020019680101001X"
	wife = "330200197205200022"
	boy  = "330200201311200017"
	chen = "330200195102100011"
	mai  = "330200198508160042"
)

func open(t testing.TB, o Options) *City {
	t.Helper()
	c := build(t, o)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// A call is one request as a department wants it.
type call struct {
	department, path, body string
	form                   url.Values
	header                 map[string]string
	user                   string
}

func (c *City) post(t testing.TB, k call) (int, string, http.Header) {
	t.Helper()
	body, kind := k.body, "application/json"
	if k.form != nil {
		body, kind = k.form.Encode(), "application/x-www-form-urlencoded"
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL(k.department)+k.path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	for name, value := range k.header {
		r.Header.Set(name, value)
	}
	if k.user != "" {
		r.SetBasicAuth(k.user, keyOf(k.department))
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", nil
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), resp.Header
}

func hukouCall(id, name string) call {
	return call{
		department: "police", path: "/ga/rkk/plcx", header: map[string]string{"X-App-Key": "demo-police"},
		body: fmt.Sprintf(`{"head":{"yt":"dibao"},"body":{"rylb":[{"sfzh":%q,"xm":%q,"sqh":"SQ1"}]}}`, id, name),
	}
}

func localTaxCall(id string) call {
	return call{department: "local_tax", path: "/dsj/grss/query", user: "hedui",
		body: fmt.Sprintf(`{"ZJHM":%q,"YTDM":"dibao","SQSBH":"SQ1","SSQ_Q":"202501","SSQ_Z":"202612"}`, id)}
}

func bearer(department string) map[string]string {
	return map[string]string{"Authorization": "Bearer demo-" + department}
}

func TestDialects(t *testing.T) {
	c := open(t, Options{Instant: true})
	persons := func(ids ...string) string {
		var list []string
		for _, id := range ids {
			list = append(list, fmt.Sprintf(`{"idCard":%q,"authNo":"SQ1"}`, id))
		}
		return `{"purpose":"dibao","persons":[` + strings.Join(list, ",") + `]}`
	}
	vehicle := func(id string) url.Values {
		return url.Values{"sfzmhm": {id}, "yt": {"dibao"}, "sqh": {"SQ1"}}
	}
	police := map[string]string{"X-App-Key": "demo-police"}
	hrss := map[string]string{"appKey": "demo-hrss"}
	tests := []struct {
		name   string
		call   call
		status int
		want   []string
		not    string
	}{
		{"hukou found", hukouCall(wang, "王志强"), 200, []string{`"fhdm":"0000"`, `"jgdm":"1"`, `"csrq":"19800229"`, `"hjqh":"330203"`, `"xb":"1"`}, "cym"},
		{"hukou of a woman has sex 0", hukouCall(wife, "周秀芬"), 200, []string{`"xb":"0"`, `"yhzgx":"12"`}, ""},
		{"hukou of another name", hukouCall(wang, "王志"), 200, []string{`"jgdm":"3"`}, "ryxx"},
		{"hukou of nobody", hukouCall("330200190102030019", "某"), 200, []string{`"jgdm":"5"`}, "ryxx"},
		{"hukou of somebody from elsewhere", hukouCall("110101199003072551", "某"), 200, []string{`"jgdm":"`}, "ryxx"},
		{"no vehicle is 404", call{department: "police", path: "/ga/cgs/jdccx", header: police, form: vehicle(wang)}, 404, []string{`"jg":"0"`}, "clxx"},
		{"a wreck", call{department: "police", path: "/ga/cgs/jdccx", header: police, form: vehicle("330200197206080018")}, 200,
			[]string{`"zt":"P"`, `"ccdjrq":"1999-04-20"`, `"jyyxqz":"2006-04-30"`, `0018  "`}, ""},
		{"marriages are keyed by person", call{department: "civil_affairs", path: "/mz/api/v2/marriage/batch", header: bearer("civil_affairs"), body: persons(wang, li)}, 200,
			[]string{`"` + wang + `":{"items":[],"matched":true}`, `"partnerIdCard":"` + wife + `"`, `"bizType":"IA"`, `"partnerSex":0`}, ""},
		{"the living are not in the funeral register", call{department: "civil_affairs", path: "/mz/api/v2/funeral/check", header: bearer("civil_affairs"), body: persons(li)}, 200, []string{`"data":[]`}, ""},
		{"local tax of Wang", localTaxCall(wang), 200, []string{`"code":"0"`, `"NSRLX":"法定代表人"`, `"TZBL":"100%"`, `月`, `"RKJE":"`}, "工资"},
		{"local tax of nobody is a code within 200", localTaxCall(li), 200, []string{`{"code":"E404","msg":"查无此人"}`}, ""},
		{"insurance of a pensioner in fen", call{department: "hrss", path: "/rsj/sbk/batchQuery", header: hrss,
			body: fmt.Sprintf(`{"purpose":"dibao","list":[{"aac002":%q,"mandateNo":"SQ1"},{"aac002":%q,"mandateNo":"SQ1"}]}`, chen, wang)}, 200,
			[]string{`"aic160":29000`, `"zyjcyl":14300`, `"state":"EMPTY"`, `"aae002":"202610"`}, ""},
		{"a schoolboy is not in the employment register", call{department: "hrss", path: "/rsj/jyk/query", header: hrss,
			body: fmt.Sprintf(`{"purpose":"dibao","mandateNo":"SQ1","aac002":%q}`, boy)}, 200, []string{`"resultCode":"-2"`}, ""},
		{"land under 15 digits", call{department: "land", path: "/gt/tdcx/apply",
			body: fmt.Sprintf(`{"key":"demo-land","sfz":%q,"yongtu":"dibao","shouquan":"SQ1"}`, mai)}, 200, []string{`"qlrzjh":"330200850816004"`, `阿依古丽.买买提`, `"diya":"否"`}, "zdh"},
		{"Wang's company", call{department: "business", path: "/gsj/api/person/enterprises", header: bearer("business"),
			body: fmt.Sprintf(`{"certNo":%q,"usage":"dibao","authorizationNo":"SQ1"}`, wang)}, 200,
			[]string{`"regCap":"50"`, `存续`, `"opTo":"长期"`, `"estDate":"2010-05-18"`, `"conProp":100`}, ""},
		{"no company is a body within 404", call{department: "business", path: "/gsj/api/person/enterprises", header: bearer("business"),
			body: fmt.Sprintf(`{"certNo":%q,"usage":"dibao","authorizationNo":"SQ1"}`, li)}, 404, []string{`"code":404`}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, body, _ := c.post(t, tt.call)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(body, want) {
					t.Errorf("no %s in %s", want, body)
				}
			}
			if tt.not != "" && strings.Contains(body, tt.not) {
				t.Errorf("%s in %s", tt.not, body)
			}
		})
	}
}

func TestNationalTaxSpeaksGB18030(t *testing.T) {
	c := open(t, Options{Instant: true, Population: 5000})
	for i := range c.people {
		p := &c.people[i]
		if p.owns == none || c.firms[p.owns].local() || c.firms[p.owns].owner != int32(i) || c.firms[p.owns].status != active {
			continue
		}
		_, n := c.Person(i)
		_, body, _ := c.post(t, call{department: "national_tax", path: "/gs/services/nsrxx",
			body: fmt.Sprintf(`{"APPKEY":"demo-national_tax","YT":"dibao","SQWH":"SQ1","SFZHM":%q}`, n.Reveal())})
		text, err := simplifiedchinese.GB18030.NewDecoder().String(body)
		if err != nil || text == body {
			t.Fatalf("not GB 18030: %v", err)
		}
		var out struct {
			Data string `json:"RTN_DATA"`
		}
		var data struct {
			Rows []map[string]any `json:"ROWS"`
		}
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(out.Data), &data); err != nil {
			t.Fatal(err)
		}
		if got, want := data.Rows[0]["NSRMC"], c.firmName(p.owns); got != want {
			t.Errorf("taxpayer %v, want %s", got, want)
		}
		return
	}
	t.Error("nobody files national tax")
}

func TestLandComesBackLater(t *testing.T) {
	c := open(t, Options{Seed: 4})
	status, body, _ := c.post(t, call{department: "land", path: "/gt/tdcx/apply",
		body: fmt.Sprintf(`{"key":"demo-land","sfz":%q,"yongtu":"dibao","shouquan":"SQ1"}`, chen)})
	var accepted struct{ Status, Ticket string }
	if err := json.Unmarshal([]byte(body), &accepted); err != nil || status != 202 || accepted.Ticket == "" {
		t.Fatalf("status %d, %s", status, body)
	}
	if strings.Contains(accepted.Ticket, "1951") {
		t.Error("the ticket tells who was asked about")
	}
	fetch := func(c *City, ticket string) string {
		_, body, _ := c.post(t, call{department: "land", path: "/gt/tdcx/result", body: fmt.Sprintf(`{"key":"demo-land","ticket":%q}`, ticket)})
		return body
	}
	if got := fetch(c, accepted.Ticket); !strings.Contains(got, "PROCESSING") {
		t.Errorf("at once: %s", got)
	}
	if !wait(context.Background(), archive) {
		t.Fatal("interrupted")
	}
	restarted := open(t, Options{Seed: 4})
	for _, city := range []*City{c, restarted} {
		if got := fetch(city, accepted.Ticket); !strings.Contains(got, `"status":"DONE"`) || !strings.Contains(got, `"qlrzjh":"330200510210001"`) {
			t.Errorf("later: %s", got)
		}
	}
	if got := fetch(c, "TD00"); !strings.Contains(got, "NO_TICKET") {
		t.Errorf("a made-up ticket: %s", got)
	}
	if got, want := c.Asked("land", c.number(10)), 1; got != want {
		t.Errorf("searched %d times, want %d", got, want)
	}
}

func TestRefusals(t *testing.T) {
	c := open(t, Options{Instant: true})
	for _, d := range departments() {
		for _, r := range d.routes {
			name := d.id + " " + r.path
			_, body, _ := c.post(t, call{department: d.id, path: r.path, body: `{}`})
			if bytes.Contains([]byte(body), []byte(`"sfz`)) || body == "" {
				t.Errorf("%s without key: %s", name, body)
			}
			status, body, _ := c.post(t, call{department: d.id, path: r.path, body: `{"key":"demo-land","APPKEY":"demo-national_tax"}`, user: userOf(d.id),
				header: map[string]string{"X-App-Key": "demo-police", "Authorization": "Bearer demo-" + d.id, "appKey": "demo-hrss"}})
			if r.terms != nil && status == 200 && !strings.Contains(body, "93") && !strings.Contains(body, "403") && !strings.Contains(body, "NO_MANDATE") {
				t.Errorf("%s without mandate: %d %s", name, status, body)
			}
		}
	}
	for i := range c.people {
		_, n := c.Person(i)
		if got := c.Asked("hukou", n); got != 0 {
			t.Fatalf("a refused call searched for person %d", i)
		}
	}
}

func userOf(department string) string {
	if department == "local_tax" {
		return "hedui"
	}
	return ""
}

func TestTooFastIs429(t *testing.T) {
	c := open(t, Options{})
	done := make(chan string, 120)
	for range cap(done) {
		go func() {
			status, _, header := c.post(t, localTaxCall(wang))
			done <- fmt.Sprint(status, header.Get("Retry-After"))
		}()
	}
	count := map[string]int{}
	for range cap(done) {
		count[<-done]++
	}
	if count["4291"] == 0 || count["200"] == 0 || count["4291"]+count["200"] != cap(done) {
		t.Errorf("answers %v, want some 200 and some 429 with Retry-After: 1", count)
	}
}
