package connector

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"hedui/catalog"
)

// asked reads an envelope as a department's software does, by names with spaces.
type asked struct {
	XMLName xml.Name
	Token   struct {
		User     string `xml:"Username"`
		Password struct {
			Type string `xml:",attr"`
			Text string `xml:",chardata"`
		}
		Nonce, Created string
	} `xml:"Header>Security>UsernameToken"`
	Body struct {
		Call struct {
			ID   string `xml:"zjhm"`
			Name string `xml:"xm"`
			Args string `xml:"arg0"`
			Rows []struct {
				ID  string `xml:"zjhm,attr"`
				Row string `xml:"xh"`
			} `xml:"rows>row"`
		} `xml:",any"`
	} `xml:"Body"`
}

func readAsked(t *testing.T, r *http.Request) (in asked) {
	t.Helper()
	dec := xml.NewDecoder(r.Body)
	dec.CharsetReader = func(charset string, body io.Reader) (io.Reader, error) {
		if !strings.Contains(strings.ToLower(r.Header.Get("Content-Type")), "charset="+strings.ToLower(charset)) {
			t.Errorf("content type %q, but the text is in %s", r.Header.Get("Content-Type"), charset)
		}
		return simplifiedchinese.GB18030.NewDecoder().Reader(body), nil
	}
	if err := dec.Decode(&in); err != nil {
		t.Errorf("the call is no XML: %v", err)
	}
	return in
}

// soapDialect is version 1.2 in GB 18030, with the secret in clear.
var soapDialect = dialect{
	category: catalog.Marriage,
	doubt:    &chen,
	outside:  &baby,
	yaml: `
name: marriage
department: 宁波市民政局
category: marriage
limits: {batch: 5, per_second: 1000}
auth: {kind: wss, secret: demo&only}
request:
  url: http://127.0.0.1/ws
  method: POST
  charset: gb18030
  soap: {version: "1.2", action: "urn:hy", security: {user: hedui}}
  xml: <q:hycx xmlns:q="urn:q"><zjhm>{id}</zjhm><xm>{name}</xm></q:hycx>
answer:
  status:
    - {at: Fault.Code.Subcode.Value, codes: {E3: identity_doubt, E4: not_covered}}
    - {at: hycxResponse.code, codes: {"0": ok}}
  records: hycxResponse.list.hy
  person: {id: "@zjhm", name: xm}
  as_of: {at: $.hycxResponse.at, format: 2006-01-02T15:04:05Z07:00}
fields:
  spouse_name: po.xm
  reg_date: {at: rq, format: 2006年01月02日, required: true}
`,
	handler: func(t *testing.T) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			in := readAsked(t, r)
			if in.XMLName.Space != soap12Space || in.Token.User != "hedui" || in.Token.Password.Text != "demo&only" || !strings.HasSuffix(in.Token.Password.Type, "#PasswordText") || in.Token.Nonce == "" {
				t.Errorf("envelope %s, token of %q", in.XMLName.Space, in.Token.User)
			}
			if kind := r.Header.Get("Content-Type"); !strings.Contains(kind, "application/soap+xml") || !strings.Contains(kind, `action="urn:hy"`) {
				t.Errorf("content type %s", kind)
			}
			fault := func(code string) {
				w.WriteHeader(http.StatusInternalServerError)
				fmt.Fprintf(w, `<e:Envelope xmlns:e=%q><e:Body><e:Fault><e:Code><e:Value>e:Receiver</e:Value><e:Subcode><e:Value>x:%s</e:Value></e:Subcode></e:Code></e:Fault></e:Body></e:Envelope>`, soap12Space, code)
			}
			rows := ""
			switch in.Body.Call.ID {
			case wang.ID.Reveal():
				rows = fmt.Sprintf(`<hy zjhm=%q><xm>王小海</xm><po><xm>李𠮷娘</xm></po><rq>2003年05月12日</rq></hy>`, in.Body.Call.ID)
			case chen.ID.Reveal():
				if in.Body.Call.Name != chen.Name {
					t.Errorf("name %q", in.Body.Call.Name)
				}
				fault("E3")
				return
			case baby.ID.Reveal():
				fault("E4")
				return
			}
			text, err := simplifiedchinese.GB18030.NewEncoder().String(`<?xml version="1.0" encoding="gb18030"?><e:Envelope xmlns:e="` + soap12Space +
				`"><e:Body><n:hycxResponse xmlns:n="urn:q"><code>0</code><at>2013-03-19T22:00:00+08:00</at><list n="1">` + rows + `</list></n:hycxResponse></e:Body></e:Envelope>`)
			if err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(w, text)
		}
	},
}

// xmlLaterDialect is XML without an envelope, for several persons, accepted and
// fetched later, the answer a text with XML in it.
var xmlLaterDialect = dialect{
	category: catalog.HousingFund,
	doubt:    &chen,
	later:    &zeng,
	yaml: `
name: housing-fund
department: 宁波市住房公积金管理中心
category: housing_fund
limits: {batch: 3, per_second: 1000}
request:
  url: http://127.0.0.1/ask
  method: POST
  xml: |
    <ask><rows>{persons}</rows></ask>
  each: <row zjhm="{id}"><xh>{row}</xh><xm>{name}</xm></row>
answer:
  status:
    - {at: response.state, codes: {done: ok, working: later}}
  persons:
    at: response.data|xml.ROWDATA.P
    by: id
    key: ID
    status: [{at: RC, codes: {"0": ok, "1": none}}]
  records: ZH
  person: {id: ^.ID, name: ^.XM}
  later:
    token: response.ticket
    after: 10ms
    fetch: {url: "http://127.0.0.1/fetch", method: POST, xml: "<fetch t=\"{token}\"/>"}
fields:
  account_no: "@no"
  balance: {at: "#text", unit: fen}
`,
	handler: func(t *testing.T) http.HandlerFunc {
		person := func(p string, name, rest string) string {
			return "<P><ID>" + p + "</ID><XM>" + name + "</XM>" + rest + "</P>"
		}
		var mu sync.Mutex
		fetched := map[string]int{}
		return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			var in struct {
				T    string `xml:"t,attr"`
				Rows []struct {
					ID string `xml:"zjhm,attr"`
				} `xml:"rows>row"`
			}
			if err := xml.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("Content-Type") != "application/xml; charset=utf-8" {
				t.Errorf("%v, %s", err, r.Header.Get("Content-Type"))
			}
			w.Header().Set("Content-Type", "text/xml")
			var parts []string
			for _, row := range in.Rows {
				switch row.ID {
				case wang.ID.Reveal():
					parts = append(parts, person(row.ID, "王小海", `<RC>0</RC><ZH no="1">100</ZH><ZH no="2">250</ZH>`))
				case chen.ID.Reveal():
					parts = append(parts, person(row.ID, "别人", `<RC>0</RC><ZH no="3">100</ZH>`))
				case zeng.ID.Reveal():
					_, _ = io.WriteString(w, "<response><state>working</state><ticket>T&amp;"+row.ID[6:10]+"</ticket></response>")
					return
				default:
					parts = append(parts, person(row.ID, "", `<RC>1</RC>`))
				}
			}
			if strings.HasPrefix(in.T, "T&") {
				if fetched[in.T]++; fetched[in.T] < 2 {
					_, _ = io.WriteString(w, "<response><state>working</state></response>")
					return
				}
				parts = append(parts, person(zeng.ID.Reveal(), "曾无名", `<RC>0</RC><ZH no="4">1</ZH>`))
			}
			_, _ = io.WriteString(w, "<response><state>done</state><data><![CDATA[<?xml version='1.0' encoding='GBK'?>\n<ROWDATA>"+strings.Join(parts, "\n")+"</ROWDATA>]]></data></response>")
		}
	},
}

// signedDialect signs sorted parameters, the signature among them, and gives pages.
var signedDialect = dialect{
	category: catalog.Business,
	doubt:    &chen,
	yaml: `
name: business
department: 宁波市市场监督管理局
category: business
limits: {batch: 5, per_second: 1000}
auth:
  kind: hmac
  algorithm: hmac-md5
  encoding: HEX
  text: "{method}|{path}|{parameters}"
  key_id: app1
  key: {parameter: appid}
  timestamp: {parameter: ts, format: 20060102150405}
  nonce: {header: X-Nonce}
  signature: {parameter: sign}
  secret: demo-only
request:
  url: http://127.0.0.1/qy
  method: POST
  form: {zjhm: "{id}", xm: "{name}", start: "{page}", empty: ""}
answer:
  status: [{at: code, codes: {"0": ok, "1": none}}]
  records: list
  total: total
  person: {id: zjhm, name: xm}
  as_of: {at: $.at, format: 20060102}
  pages: {first: 0, step: 2, most: 5}
fields:
  name: mc
`,
	handler: func(t *testing.T) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm()
			f := r.PostForm
			text := "POST|/qy|appid=app1&start=" + f.Get("start") + "&ts=20130320090000&xm=" + f.Get("xm") + "&zjhm=" + f.Get("zjhm")
			mac := hmac.New(md5.New, []byte("demo-only"))
			mac.Write([]byte(text))
			if f.Get("sign") != fmt.Sprintf("%X", mac.Sum(nil)) || r.Header.Get("X-Nonce") == "" || !f.Has("empty") {
				t.Error("the signature does not fit")
			}
			start, _ := strconv.Atoi(f.Get("start"))
			name := "王小海"
			switch f.Get("zjhm") {
			case chen.ID.Reveal():
				name = "别人"
			case wang.ID.Reveal():
			default:
				_, _ = io.WriteString(w, `{"code":1}`)
				return
			}
			var rows []string
			for i := start; i < min(start+2, 5); i++ {
				rows = append(rows, fmt.Sprintf(`{"zjhm":%q,"xm":%q,"mc":"公司%d"}`, f.Get("zjhm"), name, i))
			}
			fmt.Fprintf(w, `{"code":0,"total":5,"at":"2013031%d","list":[%s]}`, 9-start/2, strings.Join(rows, ","))
		}
	},
}

// oauthDialect fetches a token, the first of which the department soon forgets.
var oauthDialect = dialect{
	category: catalog.Employment,
	yaml: `
name: employment
department: 宁波市人力资源和社会保障局
category: employment
limits: {batch: 5, per_second: 1000}
auth: {kind: oauth2, token_url: "http://127.0.0.1/token", client_id: app1, scope: a b, client_auth: body, secret: demo-only}
request:
  url: http://127.0.0.1/jy
  method: POST
  json: {zjhm: "{id}", page: "{page}"}
answer:
  records: rows
  pages: {next: next}
fields:
  unit: dw
`,
	handler: func(t *testing.T) http.HandlerFunc {
		var mu sync.Mutex
		issued, left := 0, 0
		return func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if r.URL.Path == "/token" {
				if r.FormValue("client_id") != "app1" || r.FormValue("client_secret") != "demo-only" || r.FormValue("scope") != "a b" || r.FormValue("grant_type") != "client_credentials" {
					t.Error("asked for a token in another way")
				}
				issued, left = issued+1, 2+1000*issued // only the first is forgotten soon
				w.Header().Set("Content-Type", "application/json")
				fmt.Fprintf(w, `{"access_token":"T%d","token_type":"bearer","expires_in":"3600"}`, issued)
				return
			}
			if left--; left < 0 || r.Header.Get("Authorization") != fmt.Sprintf("Bearer T%d", issued) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			var in struct{ Zjhm, Page string }
			if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
				t.Error(err)
			}
			switch {
			case in.Zjhm != wang.ID.Reveal():
				_, _ = io.WriteString(w, `{"rows":[]}`)
			case in.Page == "":
				_, _ = io.WriteString(w, `{"rows":[{"dw":"甲"}],"next":"M2"}`)
			case in.Page == "M2":
				_, _ = io.WriteString(w, `{"rows":[{"dw":"乙"}],"next":"M3"}`)
			default:
				_, _ = io.WriteString(w, `{"rows":[],"next":null}`)
			}
		}
	},
}

func TestDigestOfTheProfile(t *testing.T) {
	e := envelope{version: "1.1", security: true, user: "a<b", digest: true}
	var in asked
	if err := xml.Unmarshal([]byte(e.wrap("<x/>", "s", now)), &in); err != nil {
		t.Fatal(err)
	}
	nonce, err := base64.StdEncoding.DecodeString(in.Token.Nonce)
	if err != nil || len(nonce) != 16 {
		t.Fatalf("nonce %q: %v", in.Token.Nonce, err)
	}
	sum := sha1.Sum([]byte(string(nonce) + in.Token.Created + "s"))
	if in.Token.Password.Text != base64.StdEncoding.EncodeToString(sum[:]) || in.Token.User != "a<b" || in.Token.Created != "2013-03-20T01:00:00.000Z" {
		t.Errorf("got %+v", in.Token)
	}
	if strings.Contains(e.token("s", now), in.Token.Nonce) {
		t.Error("two tokens have one nonce")
	}
}
