package connector

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"hedui/source"
)

const sound = `name: vehicle
department: 宁波市公安局交通警察局
category: vehicle
request:
  url: https://cgs.example/query
  method: POST
  form: {sfzmhm: "{id}"}
answer:
  records: data
fields:
  plate_no: hphm
`

func TestSoundFile(t *testing.T) {
	cfg := load(t, sound, "")
	info := cfg.Info()
	if info.Name != "vehicle" || !reflect.DeepEqual(info.Limits, source.Limits{}.WithDefaults()) || info.Refresh != 0 {
		t.Errorf("got %+v", info)
	}
}

// The manual's examples load: whole files as they stand, parts in place of those
// of a sound file.
func TestTheExamplesOfTheManualAreSound(t *testing.T) {
	manual, err := os.ReadFile("../../docs/source-file.md")
	if err != nil {
		t.Fatal(err)
	}
	whole, parts := 0, 0
	for _, rest := range strings.Split(string(manual), "```yaml\n")[1:] {
		example, _, _ := strings.Cut(rest, "```")
		switch {
		case strings.HasPrefix(example, "name:"):
			whole++
			load(t, example, "")
		case strings.HasPrefix(example, "auth:"):
			parts++
			load(t, sound+example, "")
		}
	}
	if whole < 2 || parts < 2 {
		t.Errorf("%d files and %d parts in the manual", whole, parts)
	}
}

// problems loads a file that must not be sound.
func problems(t *testing.T, yaml string) *FileError {
	t.Helper()
	cfg, err := Load("x.yaml", []byte(yaml))
	var e *FileError
	if cfg != nil || !errors.As(err, &e) || len(e.Problems) == 0 {
		t.Fatalf("got config %v and error %v, want a *FileError", cfg != nil, err)
	}
	for _, p := range e.Problems {
		if p.Line < 1 || p.Column < 1 || p.Say == "" {
			t.Errorf("problem without place or words: %+v", p)
		}
	}
	return e
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	e := problems(t, `name: Vehicle
department: traffic police
category: vehicles
refrsh: 1h
limits: {batch: 0, timeout: 5, per_second: "3"}
auth: {kind: header, secret: top-secret}
request:
  url: http://cgs.example/query?x=1
  query: {a: "{id}", b: "{ident}"}
answer:
  status: {at: code, codes: {"1": okay}}
  records: data..list
  as_of: {at: t, format: yyyyMMdd}
  later: {token: t}
fields: [plate_no]
closed: "yes"
`)
	want := []string{
		"x.yaml:1:7: name: must be small letters",
		"x.yaml:2:13: department: must be the name in Chinese",
		`x.yaml:3:11: category: "vehicles" is not known here; did you mean "vehicle"?`,
		`x.yaml:4:1: key "refrsh" is not known here; did you mean "refresh"?`,
		"x.yaml:5:17: limits.batch: must be a number from 1",
		"x.yaml:5:29: limits.timeout: must be a time with its unit",
		"x.yaml:5:44: limits.per_second: must be a number",
		"x.yaml:6:8: auth: name is missing; kind header needs it",
		"x.yaml:8:8: request.url: must end before ? and #",
		"x.yaml:9:14: request: nothing says about whom",
		"request.query.b: placeholder \"ident\" is not known here",
		`answer.status.codes.1: meaning "okay" is not known here; did you mean "ok"?`,
		`answer.records: "data..list" is no path`,
		`answer.as_of.format: "yyyyMMdd" is no layout`,
		"answer.later: no code means later",
		"answer.later: after is missing",
		"answer.later: fetch is missing",
		"x.yaml:15:9: fields: must be keys with values, and not a list",
		"x.yaml:16:9: closed: must be true or false",
	}
	text := e.Error()
	for _, w := range want {
		if w == "x.yaml:9:14: request: nothing says about whom" {
			continue // {id} is there
		}
		if !strings.Contains(text, w) {
			t.Errorf("not told: %s", w)
		}
	}
	if !strings.Contains(text, "identity numbers and names would stand in the URL") {
		t.Error("not told: identity numbers in the URL")
	}
	if strings.Contains(text, "top-secret") {
		t.Error("the secret is quoted")
	}
	if t.Failed() {
		t.Log("\n" + text)
	}
}

func TestProblems(t *testing.T) {
	change := func(from, to string) string { return strings.Replace(sound, from, to, 1) }
	batch := func(s string) string {
		return change(`form: {sfzmhm: "{id}"}`, s) + "\n"
	}
	tests := []struct{ name, yaml, want string }{
		{"empty", "", "1:1: the file is empty"},
		{"not YAML", "name: [", "not YAML"},
		{"tabs", "request:\n\turl: x", "not YAML"},
		{"a text only", "hello", "must be keys with values"},
		{"two documents", sound + "---\n" + sound, "a second document"},
		{"key twice", sound + "name: other\n", "stands twice"},
		{"alias", change("name: vehicle", "name: &a vehicle"), "anchors, aliases and tags are not allowed"},
		{"merge", sound + "<<: {}\n", "anchors, aliases and merge keys are not allowed"},
		{"null", change("records: data", "records:"), "is empty"},
		{"plain http", change("https://cgs.example", "http://10.0.0.1"), "http is for addresses on this machine only"},
		{"ftp", change("https://", "ftp://"), "must begin with https://"},
		{"user in the URL", change("cgs.example", "u:p@cgs.example"), "is no address"},
		{"placeholder in the host", change("cgs.example", "{query}.example"), "is no address"},
		{"number in the path", change("/query", "/query/{id}"), "would stand in the URL"},
		{"a signed mandate in the URL", change("  method", "  query: {m: \"{signed}\"}\n  method"), "never stands in a URL"},
		{"a signed mandate in the path", change("/query", "/query/{signed}"), "never stands in a URL"},
		{"number in a header", change("  method", "  headers: {X: \"{id}\"}\n  method"), "cannot stand here"},
		{"body of a GET", change("  method: POST\n", ""), "a GET has no body"},
		{"two bodies", change("form: {sfzmhm", "json: {}\n  form: {sfzmhm"), "two bodies"},
		{"unknown method", change("POST", "PUT"), `"PUT" is not known here`},
		{"nobody asked about", change("{id}", "{mandate}"), "about whom"},
		{"brace alone", change("{id}", "{id"), "a brace stands alone"},
		{"layout on a number", change("{id}", "{id:20060102}"), "takes no layout"},
		{"bad layout", change(`"{id}"`, `"{id}", d: "{from:yyyy}"`), "is no layout"},
		{"token at the first asking", change(`"{id}"`, `"{id}{token}"`), "answer.later.fetch only"},
		{"secret without kind", change(`"{id}"`, `"{id}{secret}"`), "needs auth.kind: placeholder"},
		{"rows that go nowhere", batch("json: {}\n  each: \"{id}\""), "the rows go nowhere"},
		{"rows without entries", batch("json: \"{persons}\"\n  each: \"{id}\""), "persons is missing"},
		{"rows inside a text", batch("json: {a: \"x{persons}\"}\n  each: \"{id}\""), "must stand alone"},
		{"rows of objects in a form", batch("form: {a: \"{persons}\"}\n  each: {a: \"{id}\"}"), "must be one text"},
		{"a person outside each", batch("json: {a: \"{persons}\", b: \"{name}\"}\n  each: \"{id}\""), "with each it belongs into each"},
		{"rows in the URL", change("method: POST\n  form: {sfzmhm: \"{id}\"}", "query: {a: \"{persons}\"}\n  each: \"{id}\""), "would stand in the URL"},
		{"entries without rows", change("  records", "  persons: {at: a, key: b}\n  records"), "has no use without request.each"},
		{"hexadecimal", batch("json: {a: 0x10, b: \"{id}\"}"), "no number of JSON"},
		{"bad HTTP status", change("  records", "  http: {4xx: none}\n  records"), "is no HTTP status"},
		{"reason for ok", change("  records", "  http: {200: ok/fine}\n  records"), "a reason is small letters"},
		{"later without fetch", change("  records", "  http: {202: later}\n  records"), "later is missing"},
		{"empty means found", change("  records", "  empty: ok\n  records"), `"ok" is not known here`},
		{"relative secret", sound + "auth: {kind: bearer, secret_file: key}\n", "absolute path"},
		{"two secrets", sound + "auth: {kind: bearer, secret_file: /k, secret: k}\n", "exactly one of"},
		{"secret for nobody", sound + "auth: {secret: k}\n", "no use with kind none"},
		{"user for a bearer", sound + "auth: {kind: bearer, secret: k, user: u}\n", "has no use with kind bearer"},
		{"unknown field", sound + "  plate: x\n", `field "plate" is not known here`},
		{"unknown unit", sound + "  original_value: {at: x, unit: dollar}\n", `"dollar" is not known here`},
		{"unit of a text", sound + "  brand: {at: x, unit: fen}\n", `key "unit" is not known here`},
		{"unknown code", sound + "  status: {at: x, codes: {a: fine}}\n", `"fine" is not known here`},
		{"rows as text", sound + "  ownership_changes: x\n", "holds rows"},
		{"neither place nor constant", sound + "  brand: {required: true}\n", "exactly one of at, constant and cel"},
		{"wrong constant", sound + "  original_value: {constant: much}\n", "is no money"},
		{"unknown column", sound + "  ownership_changes: {at: x, fields: {datum: y}}\n", `field "datum" is not known here`},
		{"a text that is no XML", soapFile(`xml: "<a>{id}"`), "no XML with one outermost element"},
		{"two roots", soapFile(`xml: "<a>{id}</a><b/>"`), "no XML with one outermost element"},
		{"a document type", soapFile(`xml: "<!DOCTYPE a><a>{id}</a>"`), "no XML with one outermost element"},
		{"a declaration", soapFile(`xml: "<?xml version='1.0'?><a>{id}</a>"`), "without a declaration"},
		{"XML and JSON", soapFile("xml: \"<a>{id}</a>\"\n  json: {}"), "two bodies"},
		{"XML in a GET", strings.Replace(soapFile(`xml: "<a>{id}</a>"`), "method: POST", "method: GET", 1), "a GET has no body"},
		{"nobody asked about in XML", soapFile(`xml: "<a/>"`), "about whom"},
		{"an envelope around nothing", soapFile(`form: {a: "{id}"}` + "\n  soap: {}"), "has no use without xml"},
		{"an unknown version", soapFile(`xml: "<a>{id}</a>"` + "\n  soap: {version: 2}"), `"2" is not known here`},
		{"an action with blanks", soapFile(`xml: "<a>{id}</a>"` + "\n  soap: {action: \"a b\"}"), "plain letters without blanks"},
		{"a token without secret", soapFile(`xml: "<a>{id}</a>"` + "\n  soap: {security: {user: u}}"), "set auth.kind: wss"},
		{"a token of nobody", soapFile(`xml: "<a>{id}</a>"`+"\n  soap: {security: {digest: true}}") + "auth: {kind: wss, secret: s}\n", "user is missing"},
		{"wss without security", soapFile(`xml: "<a>{id}</a>"`+"\n  soap: {}") + "auth: {kind: wss, secret: s}\n", "security is missing"},
		{"wss without envelope", sound + "auth: {kind: wss, secret: s}\n", "puts a token into an envelope"},
		{"JSON out of an envelope", strings.Replace(soapFile(`xml: "<a>{id}</a>"`+"\n  soap: {}"), "answer:", "answer:\n  format: json", 1), "an envelope is XML"},
		{"a fault that is ok", strings.Replace(soapFile(`xml: "<a>{id}</a>"`+"\n  soap: {}"), "answer:", "answer:\n  status: {at: Fault.faultcode, codes: {a: ok}}", 1), "a fault is never ok"},
		{"a charset of nothing", change("  method: POST\n  form: {sfzmhm: \"{id}\"}", "  charset: gbk\n  query: {a: \"{id}\"}\n  allow_id_in_url: true"), "has no use without a body"},
		{"an unknown charset", change("method: POST", "method: POST\n  charset: big5"), `"big5" is not known here`},
		{"rows that are no XML", soapFile("xml: \"<a>{persons}</a>\"\n  each: \"<b>{id}\""), "is no XML"},
		{"rows of objects in XML", soapFile("xml: \"<a>{persons}</a>\"\n  each: {b: \"{id}\"}"), "must be one text"},
		{"a secret in XML", soapFile(`xml: "<a>{id}{secret}</a>"`), "needs auth.kind: placeholder"},
		{"an unknown step inside", change("records: data", "records: data|yaml.x"), "is no path"},
		{"no token_url", sound + "auth: {kind: oauth2, client_id: c, secret: s}\n", "token_url is missing"},
		{"no client", sound + "auth: {kind: oauth2, token_url: \"https://h/t\", secret: s}\n", "client_id is missing"},
		{"a token over plain http", sound + "auth: {kind: oauth2, token_url: \"http://10.0.0.1/t\", client_id: c, secret: s}\n", "use https"},
		{"a token with parameters", sound + "auth: {kind: oauth2, token_url: \"https://h/t?x=1\", client_id: c, secret: s}\n", "is no address"},
		{"a scope for a bearer", sound + "auth: {kind: bearer, scope: a, secret: s}\n", "has no use with kind bearer"},
		{"nothing to sign", signedFile("text: \"\"", ""), "is empty"},
		{"no signature", sound + "auth: {kind: hmac, text: \"{body}\", secret: s}\n", "signature is missing"},
		{"an unknown part", signedFile(`text: "{body_md5}"`, ""), `"body_md5" is not known here`},
		{"a person in the signature", signedFile(`text: "{id}"`, ""), `"id" is not known here`},
		{"a constant text", signedFile(`text: "x"`, ""), "nothing of the call is signed"},
		{"a time that is not sent", signedFile(`text: "{body}{timestamp}"`, ""), "is signed and not sent"},
		{"a number that is not sent", signedFile(`text: "{body}{nonce}"`, ""), "is signed and not sent"},
		{"a key that has no name", signedFile(`text: "{body}{key_id}"`, ""), "key_id is missing"},
		{"a name that goes nowhere", signedFile(`text: "{body}"`, ", key_id: k"), "belong together"},
		{"two places", signedFile(`text: "{body}"`, ", nonce: {header: A, parameter: b}"), "exactly one of header and parameter"},
		{"no place", signedFile(`text: "{body}"`, ", nonce: {}"), "exactly one of header and parameter"},
		{"two values in one header", signedFile(`text: "{body}"`, ", nonce: {header: S}"), "two values go to one header"},
		{"a bad header", signedFile(`text: "{body}"`, ", nonce: {header: \"A B\"}"), "no name of an HTTP header"},
		{"an unknown algorithm", signedFile(`text: "{body}"`, ", algorithm: md5"), `"md5" is not known here`},
		{"a signature in what it signs", strings.Replace(signedFile(`text: "{body_sha256}"`, ""), "header: S", "parameter: s", 1), "would stand in the text that it signs"},
		{"pages that nobody asks for", change("  records", "  pages: {next: n}\n  records"), "put {page} into the request"},
		{"a page of no pages", change(`"{id}"`, `"{id}{page}"`), "say under answer.pages"},
		{"pages without total", strings.Replace(change(`"{id}"`, `"{id}{page}"`), "  records", "  pages: {most: 3}\n  records", 1), "total is missing"},
		{"a number for named pages", strings.Replace(change(`"{id}"`, `"{id}{page}"`), "  records", "  pages: {next: n, first: 0}\n  records", 1), "has no use with next"},
		{"too many pages", strings.Replace(change(`"{id}"`, `"{id}{page}"`), "  records", "  pages: {next: n, most: 1000}\n  records", 1), "from 1 to 100"},
		{"pages of several persons", batch("json: {a: \"{persons}\", p: \"{page}\"}\n  each: \"{id}\"") + "", "say under answer.pages"},
		{"pages that come later", strings.Replace(change(`"{id}"`, `"{id}{page}"`), "  records", "  pages: {next: n}\n  http: {202: later}\n  later: {token: t, after: 1s, fetch: {url: \"https://h/f\", query: {t: \"{token}\"}}}\n  records", 1), "later and pages exclude each other"},
		{"a page of a fetch", change("  records", "  http: {202: later}\n  later: {token: t, after: 1s, fetch: {url: \"https://h/f\", query: {t: \"{token}{page}\"}}}\n  records"), "in no call that fetches"},
		{"a fetch without envelope", strings.Replace(soapFile(`xml: "<a>{id}</a>"`+"\n  soap: {}"), "answer:", "answer:\n  http: {202: later}\n  later: {token: t, after: 1s, fetch: {url: \"https://h/f\", query: {t: \"{token}\"}}}", 1), "must both have soap"},
		{"half a certificate", sound + "tls: {certificate_file: /a}\n", "belong together"},
		{"a relative file", sound + "tls: {ca_file: ca.pem}\n", "absolute path"},
		{"no fields", change("  plate_no: hphm\n", "  {}\n"), "map at least one field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := problems(t, tt.yaml).Error(); !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// soapFile is a sound file but for its body.
func soapFile(body string) string {
	return strings.Replace(sound, `form: {sfzmhm: "{id}"}`, body, 1)
}

// signedFile is a sound file but for what is signed.
func signedFile(text, more string) string {
	return sound + "auth: {kind: hmac, secret: s, " + text + ", signature: {header: S}" + more + "}\n"
}

func TestAtMovesEveryCall(t *testing.T) {
	cfg := load(t, laterDialect.yaml, "https://127.0.0.9:8443/")
	if got := cfg.request.url.base + cfg.reading.later.fetch.url.base; got != "https://127.0.0.9:8443https://127.0.0.9:8443" {
		t.Errorf("got %s", got)
	}
	cfg = load(t, oauthDialect.yaml, "https://127.0.0.9:8443")
	if got := cfg.auth.grant.tokenURL; got != "https://127.0.0.9:8443/token" {
		t.Errorf("the token stays at %s", got)
	}
	for _, bad := range []string{"", "host", "http://10.0.0.1", "https://h/path", "https://h?x", "https://u@h", "ftp://h"} {
		if _, err := cfg.At(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, d := range []dialect{formDialect, batchDialect, laterDialect, gbkDialect, flatDialect, keyedDialect, soapDialect, xmlLaterDialect, signedDialect, oauthDialect} {
		f.Add(d.yaml)
	}
	f.Add(protected)
	f.Fuzz(func(t *testing.T, yaml string) {
		cfg, err := Load("f.yaml", []byte(yaml))
		if (cfg == nil) != (err != nil) {
			t.Errorf("config %v, error %v", cfg != nil, err)
		}
	})
}
