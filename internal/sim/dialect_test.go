package sim

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

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
	o.Population = cmp.Or(o.Population, 200) // front-end databases are filled at each start
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
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", nil
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/xml") {
		b, _ = simplifiedchinese.GBK.NewDecoder().Bytes(b)
	}
	return resp.StatusCode, string(b), resp.Header
}

func marriageCall(id string) call {
	return call{department: "civil_affairs", path: "/mz/api/v2/marriage/batch", header: bearer("civil_affairs"),
		body: fmt.Sprintf(`{"purpose":"dibao","persons":[{"idCard":%q,"authNo":"SQ1"}]}`, id)}
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
	hrss := c.grantedHeader(t)
	tests := []struct {
		name   string
		call   call
		status int
		want   []string
		not    string
	}{
		{"hukou found", hukouCall(wang, "王志强"), 200, []string{`<fhdm>0000</fhdm>`, `<jgdm>1</jgdm>`, `<csrq>19800229</csrq>`, `<hjqh>330203</hjqh>`, `<xb>1</xb>`, `encoding="GBK"`}, "cym"},
		{"hukou of a woman has sex 0", hukouCall(wife, "周秀芬"), 200, []string{`<xb>0</xb>`, `<yhzgx>12</yhzgx>`}, ""},
		{"hukou of another name", hukouCall(wang, "王志"), 200, []string{`<jgdm>3</jgdm>`}, "ryxx"},
		{"hukou of nobody", hukouCall("330200190102030019", "某"), 200, []string{`<jgdm>5</jgdm>`}, "ryxx"},
		{"hukou of somebody from elsewhere", hukouCall("110101199003072551", "某"), 200, []string{`<jgdm>`}, "ryxx"},
		{"no vehicle is a code", vehicleCall(wang), 200, []string{`<return xsi:type="xsd:string"><![CDATA[<?xml`, `<jg>0</jg>`}, "clxx"},
		{"a wreck", vehicleCall("330200197206080018"), 200,
			[]string{`<zt>P</zt>`, `<ccdjrq>1999-04-20</ccdjrq>`, `<jyyxqz>2006-04-30</jyyxqz>`, `0018  </sfzmhm>`, `奥拓牌`}, ""},
		{"marriages are keyed by person", call{department: "civil_affairs", path: "/mz/api/v2/marriage/batch", header: bearer("civil_affairs"), body: persons(wang, li)}, 200,
			[]string{`"` + wang + `":{"items":[],"matched":true}`, `"partnerIdCard":"` + wife + `"`, `"bizType":"IA"`, `"partnerSex":0`}, ""},
		{"the living are not in the funeral register", call{department: "civil_affairs", path: "/mz/api/v2/funeral/check", header: bearer("civil_affairs"), body: persons(li)}, 200, []string{`"data":[]`}, ""},
		{"insurance of a pensioner in fen", call{department: "hrss", path: "/rsj/sbk/batchQuery", header: hrss,
			body: fmt.Sprintf(`{"purpose":"dibao","list":[{"aac002":%q,"mandateNo":"SQ1"},{"aac002":%q,"mandateNo":"SQ1"}]}`, chen, wang)}, 200,
			[]string{`"aic160":29000`, `"zyjcyl":14300`, `"state":"EMPTY"`, `"aae002":"202610"`}, ""},
		{"a schoolboy is not in the employment register", call{department: "hrss", path: "/rsj/jyk/query", header: hrss,
			body: fmt.Sprintf(`{"purpose":"dibao","mandateNo":"SQ1","aac002":%q}`, boy)}, 200, []string{`"resultCode":"-2"`}, ""},
		{"land under 15 digits", call{department: "land", path: "/gt/tdcx/apply",
			body: fmt.Sprintf(`{"key":"demo-land","sfz":%q,"yongtu":"dibao","shouquan":"SQ1"}`, mai)}, 200, []string{`"qlrzjh":"330200850816004"`, `阿依古丽.买买提`, `"diya":"否"`}, "zdh"},
		{"Wang's company", businessCall(wang), 200, []string{`"regCap":"50"`, `存续`, `"opTo":"长期"`, `"estDate":"2010-05-18"`, `"conProp":100`}, ""},
		{"no company is a body within 404", businessCall(li), 404, []string{`"code":404`}, ""},
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
			if d.front != nil {
				continue
			}
			name := d.id + " " + r.path
			_, body, _ := c.post(t, call{department: d.id, path: r.path, body: `{}`})
			if bytes.Contains([]byte(body), []byte(`sfz`)) || body == "" {
				t.Errorf("%s without key: %s", name, body)
			}
			k := call{department: d.id, path: r.path, body: `{"key":"demo-land"}`,
				header: map[string]string{"Authorization": "Bearer demo-" + d.id, "X-Token": "demo-housing"}}
			switch d.id {
			case "police":
				k = soapCall(r.path, "plcx", "<head></head>", hedui())
			case "hrss":
				k.header = c.grantedHeader(t)
			case "business":
				k = signedCall(`{}`, "demo-business", r.path, now)
			}
			status, body, _ := c.post(t, k)
			if r.terms != nil && status == 200 && !strings.Contains(body, "93") && !strings.Contains(body, "403") && !strings.Contains(body, "NO_MANDATE") {
				t.Errorf("%s without mandate: %d %s", name, status, body)
			}
			if d.id == "police" && !strings.Contains(body, "Client.9403") || d.id == "business" && status != 403 {
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

func TestTooFastIs429(t *testing.T) {
	c := open(t, Options{})
	begun := time.Now()
	done := make(chan string, 300)
	for range cap(done) {
		go func() {
			status, _, header := c.post(t, marriageCall(wang))
			done <- fmt.Sprint(status, header.Get("Retry-After"))
		}()
	}
	count := map[string]int{}
	for range cap(done) {
		count[<-done]++
	}
	if took := time.Since(begun); count["4291"] == 0 && took > 2*time.Second {
		t.Skipf("this machine took %v: slower than the department allows", took)
	}
	if count["4291"] == 0 || count["200"] == 0 || count["4291"]+count["200"] != cap(done) {
		t.Errorf("answers %v, want some 200 and some 429 with Retry-After: 1", count)
	}
}
