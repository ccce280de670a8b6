package connector

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"hedui/source"
)

func TestXMLBecomesTheTreeOfJSON(t *testing.T) {
	tests := []struct{ name, xml, want string }{
		{"a text", "<a>x</a>", `{"a":"x"}`},
		{"nothing", "<a/>", `{"a":""}`},
		{"blanks only", "<a> \n\u3000</a>", `{"a":""}`},
		{"blanks around a text stay", "<a> x </a>", `{"a":" x "}`},
		{"elements", "<a>\n <b>1</b>\n <c>2</c>\n</a>", `{"a":{"b":"1","c":"2"}}`},
		{"repeated", "<a><b>1</b><c/><b>2</b><b/></a>", `{"a":{"b":["1","2",""],"c":""}}`},
		{"prefixes and namespaces", `<p:a xmlns:p="u" xmlns="v"><p:b>1</p:b><b>2</b></p:a>`, `{"a":{"b":["1","2"]}}`},
		{"attributes", `<a x="1" p:y="2" xmlns:p="u"/>`, `{"a":{"@x":"1","@y":"2"}}`},
		{"attribute and text", `<a x="1">t</a>`, `{"a":{"#text":"t","@x":"1"}}`},
		{"elements and text", `<a>t<b/>u</a>`, `{"a":{"#text":"tu","b":""}}`},
		{"types of SOAP", `<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="x:string">t</a>`, `{"a":"t"}`},
		{"nil that is not", `<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true">1</a>`, `{"a":"1"}`},
		{"nil", `<a xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><b i:nil="true"/><c i:nil="0">1</c></a>`, `{"a":{"b":null,"c":"1"}}`},
		{"CDATA and references", `<a><![CDATA[<b>&amp;]]>&lt;&#x4e2d;</a>`, `{"a":"<b>&amp;<中"}`},
		{"declaration, comment, instruction", `<?xml version="1.0" encoding="GBK"?><!-- x --><?y z?><a>1<!-- 2 -->3</a>` + "\n", `{"a":"13"}`},
		{"byte order mark", "\ufeff<a/>", `{"a":""}`},
		{"a list of one is an object", "<l><r><x>1</x></r></l>", `{"l":{"r":{"x":"1"}}}`},
		{"an element named like an attribute's text", `<a><_x>1</_x></a>`, `{"a":{"_x":"1"}}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree, err := parseXML([]byte(tt.xml))
			if got := string(encode(tree)); err != nil || got != tt.want {
				t.Errorf("got %s %v, want %s", got, err, tt.want)
			}
		})
	}
}

func TestXMLThatIsNotRead(t *testing.T) {
	bomb := `<!DOCTYPE a [<!ENTITY x "ha">` + strings.Repeat(`<!ENTITY y "&x;&x;">`, 20) + `]><a>&y;</a>`
	tests := []struct {
		name, xml string
		want      error
	}{
		{"nothing", "", errXML},
		{"blanks", " \n", errXML},
		{"JSON", `{"a":1}`, errXML},
		{"a page", "<!DOCTYPE html><html><br></html>", errType},
		{"a bomb", bomb, errType},
		{"a file of this machine", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, errType},
		{"a document type inside", "<a><!DOCTYPE b></a>", errType},
		{"an entity of nobody", "<a>&x;</a>", errXML},
		{"cut off", "<a><b>1</b>", errXML},
		{"cut off in a tag", "<a><b", errXML},
		{"closed by another", "<a><b></a></b>", errXML},
		{"two roots", "<a/><b/>", errXML},
		{"two roots of one name", "<a/><a/>", errXML},
		{"text behind", "<a/>x", errXML},
		{"text before", "x<a/>", errXML},
		{"attribute twice", `<a x="1" x="2"/>`, errAttr},
		{"no quotes", `<a x=1/>`, errXML},
		{"control characters", "<a>\x01</a>", errXML},
		{"not UTF-8", "<a>\xff</a>", errUTF8},
		{"deep", strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), errDepth},
		{"very deep", strings.Repeat("<a>", 1_000_000), errDepth},
		{"very many", "<a>" + strings.Repeat("<b/>", maxNodes+1) + "</a>", errNodes},
		{"very many attributes", "<a>" + strings.Repeat(`<b c="" d="" e=""/>`, maxNodes/4+1) + "</a>", errNodes},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tree, err := parseXML([]byte(tt.xml)); !errors.Is(err, tt.want) || tree != nil {
				t.Errorf("got a tree %v and error %v, want %v", tree != nil, err, tt.want)
			}
		})
	}
}

// plainXML is a file for answers of one root without an envelope.
const plainXML = `
name: vehicle
department: 宁波市公安局交通警察局
category: vehicle
request: {url: "http://127.0.0.1/q", method: POST, form: {sfz: "{id}"}}
answer:
  format: xml
  status: [{at: r.code, codes: {"1": ok, "0": none}}]
  records: r.list.car
  person: {id: sfz, name: xm}
fields:
  plate_no: {at: hp, required: true}
  brand: pp
`

func TestAnswersInXML(t *testing.T) {
	me := wang.ID.Reveal()
	car := "<car><sfz>" + me + "</sfz><xm>王小海</xm><hp>浙B1</hp><pp>中</pp></car>"
	gb := func(s string) string {
		out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := func(list string) string { return "<r><code>1</code>" + list + "</r>" }
	const gbk = `<?xml version="1.0" encoding='GBK' standalone="yes"?>`
	tests := []struct {
		name, body string
		want       source.Outcome
		why        source.Reason
	}{
		{"one", all("<list>" + car + "</list>"), source.Found, ""},
		{"two", all("<list>" + car + car + "</list>"), source.Found, ""},
		{"an empty list", all("<list/>"), source.None, ""},
		{"an empty list with its size", all(`<list size="0"> </list>`), source.None, ""},
		{"no list", all(""), source.Failed, "incomplete"},
		{"a list of other things", all("<list><bike/></list>"), source.Failed, "incomplete"},
		{"a list that is nil", all(`<list xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>`), source.Failed, "incomplete"},
		{"a text for a list", all("<list>none</list>"), source.Failed, "incomplete"},
		{"an empty record", all("<list><car/></list>"), source.None, ""},
		{"one and an empty record", all("<list>" + car + "<car/></list>"), source.Failed, "malformed"},
		{"none by code", "<r><code>0</code></r>", source.None, ""},
		{"another root", "<x><code>0</code></x>", source.Failed, "incomplete"},
		{"two codes", "<r><code>1</code><code>0</code></r>", source.Failed, "malformed"},
		{"somebody else", strings.ReplaceAll(all("<list>"+car+"</list>"), me, li.ID.Reveal()), source.Failed, "malformed"},
		{"a number twice", all("<list>" + strings.Replace(car, "</hp>", "</hp><sfz>"+me+"</sfz>", 1) + "</list>"), source.Failed, "malformed"},
		{"GBK as declared", gb(gbk + all("<list>"+car+"</list>")), source.Found, ""},
		{"GBK without saying so", gb(all("<list>" + car + "</list>")), source.Failed, "malformed"},
		{"UTF-8 that says GBK", gbk + all("<list>"+strings.Replace(car, "中", "中国", 1)+"</list>"), source.Failed, "malformed"},
		{"half a character", gb(gbk+all("<list>"+car)) + "\xd6", source.Failed, "malformed"},
		{"an encoding of elsewhere", strings.Replace(gbk, "GBK", "Big5", 1) + all("<list>"+car+"</list>"), source.Failed, "malformed"},
		{"cut off", all("<list>" + car)[:60], source.Failed, "malformed"},
		{"JSON", `{"r":{"code":"0"}}`, source.Failed, "malformed"},
		{"nothing", "", source.Failed, "malformed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := answer(t, dialect{yaml: plainXML, category: "vehicle"}, 200, tt.body)
			if err != nil || a.Outcome != tt.want || a.Reason != tt.why {
				t.Errorf("got %s/%s %v, want %s/%s", a.Outcome, a.Reason, err, tt.want, tt.why)
			}
		})
	}
}

// An inner document that is not there is no empty list.
func TestXMLInsideATextMustBeThere(t *testing.T) {
	for _, tt := range []struct{ records, body string }{
		{"r.d|xml", "<r><code>1</code><d/></r>"}, {"r.d|xml.car", "<r><code>1</code><d/></r>"}, {"r.d|xml.list.car", "<r><code>1</code><d></d></r>"},
		{"r.d|xml.list.car", "<r><code>1</code><d>x</d></r>"}, {"r.d|json.list", "<r><code>1</code><d/></r>"}, {"r.d|xml.list.car", "<r><code>1</code></r>"},
	} {
		yaml := strings.Replace(plainXML, "r.list.car", tt.records, 1)
		if a, err := answer(t, dialect{yaml: yaml, category: "vehicle"}, 200, tt.body); err != nil || a.Outcome != source.Failed {
			t.Errorf("%s in %s: got %s %v, want failed", tt.records, tt.body, a.Outcome, err)
		}
	}
	yaml := strings.Replace(plainXML, "r.list.car", "r.d|xml.list.car", 1)
	if a, err := answer(t, dialect{yaml: yaml, category: "vehicle"}, 200, "<r><code>1</code><d>&lt;list/&gt;</d></r>"); err != nil || a.Outcome != source.None {
		t.Errorf("an empty list inside: got %s/%s %v, want none", a.Outcome, a.Reason, err)
	}
}

func TestCharsetOfTheFileGoesBeforeTheDeclaration(t *testing.T) {
	me := wang.ID.Reveal()
	body, err := simplifiedchinese.GBK.NewEncoder().String(`<?xml version="1.0" encoding="UTF-8"?><r><code>1</code><list><car><sfz>` + me + `</sfz><xm>王小海</xm><hp>浙B1</hp></car></list></r>`)
	if err != nil {
		t.Fatal(err)
	}
	for charset, want := range map[string]source.Outcome{"gbk": source.Found, "gb18030": source.Found, "utf-8": source.Failed} {
		yaml := strings.Replace(plainXML, "format: xml", "format: xml\n  charset: "+charset, 1)
		if a, err := answer(t, dialect{yaml: yaml, category: "vehicle"}, 200, body); err != nil || a.Outcome != want {
			t.Errorf("%s: got %s/%s %v, want %s", charset, a.Outcome, a.Reason, err, want)
		}
	}
}

func TestFaultsOfSOAP(t *testing.T) {
	v11 := strings.Replace(strings.Replace(soapDialect.yaml, `version: "1.2"`, `version: "1.1"`, 1), "Fault.Code.Subcode.Value", "Fault.faultcode", 1)
	fault11 := func(code string) string {
		return fmt.Sprintf(`<s:Envelope xmlns:s=%q><s:Body><s:Fault><faultcode>%s</faultcode><faultstring>x</faultstring></s:Fault></s:Body></s:Envelope>`, soap11Space, code)
	}
	fault12 := func(code, sub string) string {
		return fmt.Sprintf(`<s:Envelope xmlns:s=%q><s:Body><s:Fault><s:Code><s:Value>%s</s:Value>%s</s:Code></s:Fault></s:Body></s:Envelope>`, soap12Space, code, sub)
	}
	tests := []struct {
		name, yaml string
		code       int
		body, want string
	}{
		{"listed", v11, 500, fault11("ns:E3"), "identity_doubt/name"},
		{"listed, with HTTP 200", v11, 200, fault11("E4"), "not_covered/outside"},
		{"the token", v11, 500, fault11("wsse:FailedAuthentication"), "down/credentials"},
		{"our call", v11, 500, fault11("s:Client"), "failed/malformed"},
		{"their server", v11, 500, fault11("s:Server"), "down/down"},
		{"their server, with HTTP 200", v11, 200, fault11("s:Server"), "down/down"},
		{"a code of nobody", v11, 500, fault11("x:Y"), "down/down"},
		{"no code", v11, 500, strings.Replace(fault11(""), "<faultcode></faultcode>", "", 1), "down/down"},
		{"1.2 our call with HTTP 400", soapDialect.yaml, 400, fault12("s:Sender", ""), "failed/malformed"},
		{"1.2 the token", soapDialect.yaml, 500, fault12("s:Sender", "<s:Subcode><s:Value>w:InvalidSecurity</s:Value></s:Subcode>"), "down/credentials"},
		{"1.2 listed", soapDialect.yaml, 500, fault12("s:Receiver", "<s:Subcode><s:Value>E3</s:Value></s:Subcode>"), "identity_doubt/name"},
		{"a 500 that is no envelope", v11, 500, "<html></html>", "down/down"},
		{"a 500 with an answer", v11, 500, strings.Replace(fault11("E3"), "Fault", "x", -1), "down/down"},
		{"a 503 with a fault", v11, 503, fault11("E3"), "down/down"},
		{"a 500 for which the file has a meaning", strings.Replace(v11, "answer:", "answer:\n  http: {500: slow}", 1), 500, fault11("E3"), "down/slow"},
		{"an empty body", v11, 200, fmt.Sprintf(`<s:Envelope xmlns:s=%q><s:Body/></s:Envelope>`, soap11Space), "failed/incomplete"},
		{"no body", v11, 200, fmt.Sprintf(`<s:Envelope xmlns:s=%q/>`, soap11Space), "failed/malformed"},
		{"no envelope", v11, 200, `<hycxResponse><code>0</code></hycxResponse>`, "failed/malformed"},
		{"an explicit meaning of the rest", strings.Replace(v11, "E4: not_covered}", "E4: not_covered}, other: refused", 1), 500, fault11("x:Y"), "refused/declined"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := answer(t, dialect{yaml: tt.yaml, category: "marriage"}, tt.code, tt.body)
			got := string(a.Outcome) + "/" + string(a.Reason)
			if err != nil {
				got = "down/" + string(reasonOf(err))
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// What is put into XML stays a value, whatever it is.
func TestValuesCannotBecomeMarkup(t *testing.T) {
	cfg := load(t, soapDialect.yaml, "")
	evil := wang
	evil.Name = `</xm><xm>"'&]]>𠮷`
	for charset, want := range map[string]string{"gb18030": "", "gbk": "&#134071;"} {
		cfg.request.charset = charset
		req, err := cfg.build(t.Context(), call{spec: cfg.request, queries: []source.Query{query(t, evil, "Q1", "marriage")}, secret: "s", now: now})
		if err != nil {
			t.Fatal(err)
		}
		body := make([]byte, req.ContentLength)
		if _, err := req.Body.Read(body); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), want) {
			t.Errorf("%s: a rare character is not written as %q", charset, want)
		}
		text, err := decodeText(body, charset)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parseEnvelope(text)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := (path{'$', []step{{"hycx", ""}, {"xm", ""}}}).find(scope{top: tree}); got != evil.Name {
			t.Errorf("%s: got %v, want %s", charset, got, evil.Name)
		}
	}
	evil.Name = "王\x00海"
	if _, err := cfg.build(t.Context(), call{spec: cfg.request, queries: []source.Query{query(t, evil, "Q1", "marriage")}, now: now}); !errors.Is(err, errUnwritten) {
		t.Errorf("got %v, want %v", err, errUnwritten)
	}
}

func FuzzXML(f *testing.F) {
	for _, s := range []string{"<a/>", `<a x="1">t<b/>u</a>`, "<!DOCTYPE a><a/>", "<a><![CDATA[x]]>&#65;</a>", `<?xml version="1.0" encoding="GBK"?><a>` + "\xd6\xd0</a>", "<a><b/><b/></a>"} {
		f.Add([]byte(s))
	}
	cfgs := []*Config{load(f, plainXML, ""), load(f, soapDialect.yaml, ""), load(f, xmlLaterDialect.yaml, "")}
	f.Fuzz(func(t *testing.T, body []byte) {
		if tree, err := parseXML(body); err == nil {
			if again, err := parseJSON(encode(tree)); err != nil || string(encode(again)) != string(encode(tree)) {
				t.Fatalf("the tree is none of JSON: %v", err)
			}
		}
		for _, cfg := range cfgs {
			queries := []source.Query{query(t, wang, "Q1", cfg.category.Code)}
			for _, code := range []int{200, 500} {
				results, down := cfg.read(reply{code: code, header: http.Header{}, body: body, at: now}, queries)
				if down != nil {
					continue
				}
				if err := source.CheckAnswers(queries, []source.Answer{results[0].answer}); err != nil {
					t.Fatal(err)
				}
				if leaks(results[0].say) {
					t.Fatal("the reason for operators holds personal data")
				}
			}
		}
	})
}

// Nothing that is written for operators tells about whom was asked, or the secret.
func TestNoErrorOfXMLTellsAboutWhom(t *testing.T) {
	me := wang.ID.Reveal() + wang.Name
	yaml := strings.Replace(soapDialect.yaml, "demo&only", "demo-secret", 1)
	for name, body := range map[string]string{
		"a fault":             fmt.Sprintf(`<s:Envelope xmlns:s=%q><s:Body><s:Fault><faultcode>%s</faultcode><faultstring>%[2]s demo-secret</faultstring></s:Fault></s:Body></s:Envelope>`, soap11Space, me),
		"broken":              "<" + me + ">",
		"a document type":     "<!DOCTYPE " + me + "><a/>",
		"a strange code":      fmt.Sprintf(`<s:Envelope xmlns:s=%q><s:Body><hycxResponse><code>%s</code></hycxResponse></s:Body></s:Envelope>`, soap12Space, me),
		"a strange record":    fmt.Sprintf(`<s:Envelope xmlns:s=%q><s:Body><hycxResponse><code>0</code><list><hy zjhm=%q><rq>%s</rq></hy></list></hycxResponse></s:Body></s:Envelope>`, soap12Space, wang.ID.Reveal(), me),
		"a declared encoding": `<?xml version="1.0" encoding="` + wang.ID.Reveal() + `"?><a/>`,
	} {
		var log strings.Builder
		at := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
		s := New(load(t, yaml, at), Options{Now: clock, Log: slog.New(slog.NewTextHandler(&log, nil))})
		answers, err := s.Ask(t.Context(), []source.Query{query(t, wang, "Q1", "marriage")})
		if text := fmt.Sprintf("%v %+v %#v %v", err, err, err, answers) + log.String(); leaks(text) || strings.Contains(text, "demo-secret") {
			t.Errorf("%s: a text tells about whom was asked: %s", name, text)
		}
		if err == nil && answers[0].Outcome != source.Failed {
			t.Errorf("%s: got %s, want failed", name, answers[0].Outcome)
		}
	}
}

func TestHomeMadeCharactersAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"\xaa\xa1": "\ue000", "\xaf\xfe": "\ue233", "\xf8\xa1": "\ue234", "\xfe\xfe": "\ue4c5", "\xa1\x40": "\ue4c6", "\xa7\xa0": "\ue765",
		"a\xd6\xd0\xaa\xa1\xd6\xd0b": "a中\ue000中b", "\xa1\xa1": "\u3000", "\x95\x32\x82\x36\xaa\xa1": "𠀀\ue000", "": "",
	} {
		if got, err := decodeText([]byte(text), "gbk"); err != nil || string(got) != want {
			t.Errorf("%x: got %+q %v, want %+q", text, got, err, want)
		}
	}
	for _, bad := range []string{"\xd6", "\xff\xff", "\xa1\x7f", "\xaa\xff", "\x95\x32", "\x95\x32\x82", "中国人"[:7]} {
		if got, err := decodeText([]byte(bad), "gbk"); err == nil {
			t.Errorf("%x is read as %+q", bad, got)
		}
	}
}

// Whatever a name holds, it comes out of the XML as it went in, or the call is not made.
func TestEveryNameSurvivesXML(t *testing.T) {
	at := path{'$', []step{{"hycx", ""}, {"xm", ""}}}
	cfg := load(t, soapDialect.yaml, "")
	rapid.Check(t, func(r *rapid.T) {
		p := wang
		p.Name = "x" + rapid.String().Draw(r, "name")
		cfg.request.charset = rapid.SampledFrom([]string{"utf-8", "gbk", "gb18030"}).Draw(r, "charset")
		req, err := cfg.build(t.Context(), call{spec: cfg.request, queries: []source.Query{query(t, p, "Q1", "marriage")}, secret: "s", now: now})
		if err != nil {
			if !unescapable(p.Name) {
				r.Fatalf("%q in %s: %v", p.Name, cfg.request.charset, err)
			}
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			r.Fatal(err)
		}
		text, err := decodeText(body, cfg.request.charset)
		if err != nil {
			r.Fatal(err)
		}
		tree, err := parseEnvelope(text)
		if err != nil {
			r.Fatal(err)
		}
		if got, _ := at.find(scope{top: tree}); got != p.Name {
			r.Fatalf("%s: got %q, want %q", cfg.request.charset, got, p.Name)
		}
	})
}
