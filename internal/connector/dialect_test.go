package connector

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hedui/catalog"
	"hedui/source"
	"hedui/source/sourcetest"
)

// A dialect is a department's way of speaking, with the file that describes it.
type dialect struct {
	yaml     string
	category catalog.Code
	handler  func(t *testing.T) http.HandlerFunc
	doubt    *source.Person
	outside  *source.Person
	later    *source.Person
}

func TestDialectsKeepTheContract(t *testing.T) {
	for name, d := range map[string]dialect{
		"form, 404 for none":                 formDialect,
		"batch of persons under an API key":  batchDialect,
		"accepted and fetched later":         laterDialect,
		"GET in GBK with JSON inside a text": gbkDialect,
		"flat rows told apart by the query":  flatDialect,
		"object keyed by the person":         keyedDialect,
		"SOAP 1.2 in GB 18030":               soapDialect,
		"XML in XML for several, later":      xmlLaterDialect,
		"signed parameters and pages":        signedDialect,
		"a token, and pages by a mark":       oauthDialect,
	} {
		t.Run(name, func(t *testing.T) { d.prove(t) })
	}
}

func (d dialect) prove(t *testing.T) {
	var calls atomic.Int64
	fresh := func(t *testing.T, h http.HandlerFunc) source.Source {
		at := serve(t, func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			h(w, r)
		})
		return New(load(t, d.yaml, at), Options{Now: clock})
	}
	sourcetest.Run(t, sourcetest.Fixture{
		New:      func(t *testing.T) source.Source { return fresh(t, d.handler(t)) },
		At:       now,
		Category: d.category,
		Known:    wang, Unknown: li, Doubt: d.doubt, Outside: d.outside, Later: d.later,
		Calls: func() int { return int(calls.Load()) },
		Down: func(t *testing.T) source.Source {
			return New(load(t, d.yaml, "http://127.0.0.1:1"), Options{Now: clock})
		},
		Slow: func(t *testing.T) source.Source {
			return fresh(t, func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // else the server does not see the caller go
				select {
				case <-r.Context().Done():
				case <-time.After(time.Minute):
				}
			})
		},
	})
}

var formDialect = dialect{
	category: catalog.Vehicle,
	doubt:    &chen,
	yaml: `
name: vehicle
department: 宁波市公安局交通警察局
category: vehicle
request:
  url: http://127.0.0.1/cgs/query
  method: POST
  form: {sfzmhm: "{id}", xm: "{name}", yt: "{purpose}", kssj: "{from:20060102}"}
limits: {batch: 5, per_second: 1000}
answer:
  http: {404: none}
  status:
    - {at: code, codes: {"1": ok, "-3": identity_doubt}}
  records: data
  person: {id: sfzmhm, name: syr}
  as_of: {at: $.sjsj, format: 20060102150405}
fields:
  plate_no: hphm
  first_reg_date: {at: ccdjrq, format: 20060102, required: true}
  original_value: {at: yz, unit: wan}
  status: {at: zt, codes: {"正常": A}}
`,
	handler: func(t *testing.T) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "" || r.FormValue("kssj") != "20120320" || r.FormValue("yt") != "dibao" {
				t.Errorf("asked with %q and form %v", r.URL.RawQuery, len(r.Form))
			}
			switch r.FormValue("sfzmhm") {
			case wang.ID.Reveal():
				fmt.Fprintf(w, `{"code":1,"sjsj":"20130319220000","data":{"sfzmhm":%q,"syr":"王小 海","hphm":"浙B00001","ccdjrq":20060102,"yz":8.8,"zt":"正常"}}`, wang.ID.Reveal())
			case chen.ID.Reveal():
				fmt.Fprintf(w, `{"code":1,"data":[{"sfzmhm":%q,"syr":"别人","hphm":"浙B00002","ccdjrq":20060102}]}`, chen.ID.Reveal())
			default:
				http.Error(w, "<html>not found</html>", http.StatusNotFound)
			}
		}
	},
}

var batchDialect = dialect{
	category: catalog.HousingFund,
	doubt:    &chen,
	yaml: `
name: housing-fund
department: 宁波市住房公积金管理中心
category: housing_fund
refresh: 24h
limits: {batch: 3, concurrency: 2, per_second: 1000}
auth: {kind: header, name: X-App-Key, secret: demo-only}
request:
  url: http://127.0.0.1/api
  method: POST
  json: {head: {sys: hedui, n: 1, at: "{now}"}, to: "{to:200601}", list: "{persons}"}
  each: {zjhm: "{id}", xm: "{name}", xh: "{row}"}
answer:
  status:
    - {at: head.code, codes: {"0000": ok, "9001": slow}}
  persons:
    at: results
    by: id
    key: zjhm
    status:
      - {at: rc, codes: {"0": ok, "1": none}}
  records: list
  person: {id: ^.zjhm, name: ^.xm}
  blank: ["-"]
  as_of: now
fields:
  account_no: {at: zh, required: true}
  balance: {at: ye, unit: fen}
  personal_rate: {at: bl, scale: fraction}
  last_paid_month: {at: jzny, format: [200601, 2006-01]}
  status: {at: zt, codes: {"0": normal, "1": sealed}}
  withdrawals: {at: tq, fields: {date: {at: rq, format: epoch_ms}, amount: je}}
ignore: [czy]
closed: true
`,
	handler: func(t *testing.T) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var in struct {
				To   string
				List []struct{ Zjhm, Xm, Xh string }
			}
			if r.Header.Get("X-App-Key") != "demo-only" {
				http.Error(w, "", http.StatusUnauthorized)
				return
			}
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.To != "201303" {
				t.Errorf("to %q, error %v", in.To, err)
			}
			var parts []string
			for _, p := range in.List {
				switch p.Zjhm {
				case wang.ID.Reveal(): // under the old number
					parts = append(parts, fmt.Sprintf(`{"zjhm":%q,"xm":"王小海","rc":0,"list":[{"zh":"GJJ1","ye":1234567,"bl":"0.12","jzny":"2013-02","zt":"1","czy":"x",
						"tq":[{"rq":1325376000000,"je":"1,000.5"}]},{"zh":"GJJ2","ye":"-","zt":"7","tq":null}]}`, short15(wang)))
				case chen.ID.Reveal():
					parts = append(parts, fmt.Sprintf(`{"zjhm":%q,"xm":"别人","rc":0,"list":[]}`, p.Zjhm))
				default:
					parts = append(parts, fmt.Sprintf(`{"zjhm":%q,"rc":"1"}`, p.Zjhm))
				}
			}
			fmt.Fprintf(w, `{"head":{"code":"0000"},"results":[%s]}`, strings.Join(parts, ","))
		}
	},
}

var laterDialect = dialect{
	category: catalog.Housing,
	later:    &zeng,
	outside:  &baby,
	yaml: `
name: housing
department: 宁波市住房和城乡建设委员会
category: housing
auth: {kind: bearer, secret: demo-only}
limits: {per_second: 1000}
request:
  url: http://127.0.0.1/accept
  method: POST
  json: {idNo: "{id15}", reason: "{mandate}"}
answer:
  http: {202: later}
  status:
    - {at: state, codes: {done: ok, nothing: none, working: later}}
  records: houses
  person: {name: owner, checked: id+name}
  as_of: {header: Last-Modified, format: http}
  later:
    token: ticket
    after: 10ms
    fetch:
      url: http://127.0.0.1/result/{token}
fields:
  certificate_no: no
  area: {at: m2, trim: [㎡, 平方米], required: true}
  share: {at: share}
  reg_date: {at: on, format: 2006年1月2日}
`,
	handler: func(*testing.T) http.HandlerFunc {
		var mu sync.Mutex
		asked := 0
		const house = `{"state":"done","houses":[{"no":"甬房权证001","m2":"60.50㎡","share":"25%","on":"2006年1月2日","owner":""}]}`
		return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			w.Header().Set("Last-Modified", "Tue, 19 Mar 2013 16:00:00 GMT")
			if r.URL.Path == "/result/T1" && r.Header.Get("Authorization") == "Bearer demo-only" {
				if asked++; asked < 2 {
					_, _ = io.WriteString(w, `{"state":"working"}`)
					return
				}
				_, _ = io.WriteString(w, house)
				return
			}
			var in struct{ IDNo string }
			_ = json.NewDecoder(r.Body).Decode(&in)
			switch in.IDNo {
			case short15(wang):
				_, _ = io.WriteString(w, house)
			case short15(zeng):
				w.WriteHeader(http.StatusAccepted)
				_, _ = io.WriteString(w, `{"ticket":"T1"}`)
			default:
				_, _ = io.WriteString(w, `{"state":"nothing"}`)
			}
		}
	},
}

var gbkDialect = dialect{
	category: catalog.Business,
	yaml: `
name: business
department: 宁波市工商行政管理局
category: business
auth: {kind: parameter, name: key, secret: demo-only}
limits: {per_second: 1000}
request:
  url: http://127.0.0.1/qy/{id}
  query: {xm: "{name}", t: "{now:epoch}", empty: ""}
  allow_id_in_url: true
answer:
  charset: gb18030
  status:
    - {at: msg, codes: {"成功": ok, "查无此人": none}}
  records: [data|json.frdb, data|json.tz]
  absent: none
  total: $.total
fields:
  name: mc
  registered_capital: {at: zczb, unit: wan, round: true}
`,
	handler: func(t *testing.T) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("key") != "demo-only" || r.URL.Query().Get("t") != fmt.Sprint(now.Unix()) {
				t.Error("key or time is missing")
			}
			text := `{"msg":"查无此人"}`
			if r.URL.Path == "/qy/"+wang.ID.Reveal() {
				text = `{"msg":"成功","total":"2","data":"{\"frdb\":[{\"mc\":\"宁波某某公司\",\"zczb\":5E1}],\"tz\":{\"mc\":\"另一公司\",\"zczb\":\"12.34567\"}}"}`
			}
			gbk, err := simplifiedchinese.GB18030.NewEncoder().String(text)
			if err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(w, gbk)
		}
	},
}

var flatDialect = dialect{
	category: catalog.SocialInsurance,
	yaml: `
name: social-insurance
department: 宁波市人力资源和社会保障局
category: social_insurance
auth: {kind: placeholder, secret: demo-only}
limits: {batch: 10, per_second: 1000}
request:
  url: http://127.0.0.1/sb
  method: POST
  form: {ids: "{persons}", yt: "{purpose}", k: "{secret}"}
  each: "{query}:{id}"
  join: ";"
answer:
  persons: {at: rows, by: query, key: "0", missing: none}
  records: .
fields:
  month: {at: "1", format: 200601}
  contribution_base: "2"
`,
	handler: func(t *testing.T) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("k") != "demo-only" || r.FormValue("yt") == "" {
				t.Error("secret or purpose is missing")
			}
			var rows []string
			for _, one := range strings.Split(r.FormValue("ids"), ";") {
				if id, ok := strings.CutSuffix(one, ":"+wang.ID.Reveal()); ok {
					rows = append(rows, fmt.Sprintf(`[%q,201301,"2,000"],[%q,201302,2000.5]`, id, id))
				}
			}
			fmt.Fprintf(w, `{"rows":[%s]}`, strings.Join(rows, ","))
		}
	},
}

var keyedDialect = dialect{
	category: catalog.Employment,
	yaml: `
name: employment
department: 宁波市人力资源和社会保障局
category: employment
auth: {kind: basic, user: hedui, secret: demo-only}
limits: {batch: 10, per_second: 1000}
request:
  url: http://127.0.0.1/jy
  method: POST
  json: "{persons}"
  each: "{id}"
answer:
  persons: {at: data, by: id, key: "@key"}
  records: .
fields:
  employment_reg_date: {at: rq, format: 2006/1/2}
  unit: {at: dw, join: " / "}
  benefit_months_left: ys
`,
	handler: func(t *testing.T) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if u, p, _ := r.BasicAuth(); u != "hedui" || p != "demo-only" {
				t.Error("user or secret is wrong")
			}
			var ids []string
			_ = json.NewDecoder(r.Body).Decode(&ids)
			data := map[string]any{}
			for _, id := range ids {
				data[id] = []any{}
				if id == wang.ID.Reveal() {
					data[id] = []any{map[string]any{"rq": "2012/3/4", "dw": []string{"某厂", "某店"}, "ys": 3.0}}
				}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
		}
	},
}

func TestRecordsAreConvertedExactly(t *testing.T) {
	tests := []struct {
		name  string
		d     dialect
		match source.Match
		asOf  string
		want  string
	}{
		{"form", formDialect, source.MatchIDName, "2013-03-19T22:00:00+08:00",
			`[{"first_reg_date":"2006-01-02","original_value":"88000.00","plate_no":"浙B00001","status":"A"}]`},
		{"batch", batchDialect, source.MatchID15, "2013-03-20T09:00:00+08:00",
			`[{"account_no":"GJJ1","balance":"12345.67","last_paid_month":"2013-02","personal_rate":"12","status":"sealed","withdrawals":"[{\"amount\":\"1000.50\",\"date\":\"2012-01-01\"}]"},` +
				`{"account_no":"GJJ2","status":"7"}]`},
		{"later", laterDialect, source.MatchID15, "2013-03-19T16:00:00Z",
			`[{"area":"60.50","certificate_no":"甬房权证001","reg_date":"2006-01-02","share":"25"}]`},
		{"gbk", gbkDialect, source.MatchID, "0001-01-01T00:00:00Z",
			`[{"name":"宁波某某公司","registered_capital":"500000.00"},{"name":"另一公司","registered_capital":"123456.70"}]`},
		{"flat", flatDialect, source.MatchID, "0001-01-01T00:00:00Z",
			`[{"contribution_base":"2000.00","month":"2013-01"},{"contribution_base":"2000.50","month":"2013-02"}]`},
		{"keyed", keyedDialect, source.MatchID, "0001-01-01T00:00:00Z",
			`[{"benefit_months_left":"3","employment_reg_date":"2012-03-04","unit":"某厂 / 某店"}]`},
		{"soap", soapDialect, source.MatchIDName, "2013-03-19T22:00:00+08:00",
			`[{"reg_date":"2003-05-12","spouse_name":"李𠮷娘"}]`},
		{"xml", xmlLaterDialect, source.MatchIDName, "0001-01-01T00:00:00Z",
			`[{"account_no":"1","balance":"1.00"},{"account_no":"2","balance":"2.50"}]`},
		{"pages", signedDialect, source.MatchIDName, "2013-03-17T00:00:00+08:00",
			`[{"name":"公司0"},{"name":"公司1"},{"name":"公司2"},{"name":"公司3"},{"name":"公司4"}]`},
		{"marks", oauthDialect, source.MatchID, "0001-01-01T00:00:00Z",
			`[{"unit":"甲"},{"unit":"乙"}]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := New(load(t, tt.d.yaml, serve(t, tt.d.handler(t))), Options{Now: clock})
			answers, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", tt.d.category)})
			if err != nil {
				t.Fatal(err)
			}
			a := answers[0]
			if a.Outcome != source.Found || a.Match != tt.match || a.AsOf.Format(time.RFC3339) != tt.asOf {
				t.Errorf("got %s (%s), match %q as of %s, want found, %q, %s", a.Outcome, a.Reason, a.Match, a.AsOf.Format(time.RFC3339), tt.match, tt.asOf)
			}
			if got := catalog.RowsText(a.Records); got != tt.want {
				t.Errorf("records\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestSecretIsReadFromItsFileAtEachCall(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	yaml := strings.Replace(batchDialect.yaml, "secret: demo-only", "secret_file: "+file, 1)
	s := New(load(t, yaml, serve(t, batchDialect.handler(t))), Options{Now: clock})
	for _, tt := range []struct {
		secret string
		down   source.Reason
	}{{"", source.ReasonCredentials}, {"wrong", source.ReasonCredentials}, {" demo-only\n", ""}} {
		if err := os.WriteFile(file, []byte(tt.secret), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", catalog.HousingFund)})
		if got := reasonOf(err); got != tt.down {
			t.Errorf("with secret %q: got reason %q, want %q", tt.secret, got, tt.down)
		}
	}
}
