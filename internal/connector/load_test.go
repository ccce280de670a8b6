package connector

import (
	"errors"
	"os"
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
	if info.Name != "vehicle" || info.Limits != (source.Limits{}).WithDefaults() || info.Refresh != 0 {
		t.Errorf("got %+v", info)
	}
}

func TestTheExampleOfTheManualIsSound(t *testing.T) {
	manual, err := os.ReadFile("../../docs/source-file.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(manual), "```yaml\n")[1:]
	for _, block := range blocks {
		example, _, _ := strings.Cut(block, "```")
		load(t, example, "")
	}
	if len(blocks) < 3 {
		t.Errorf("%d files in the manual, want one for each kind at least", len(blocks))
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
		{"neither place nor constant", sound + "  brand: {required: true}\n", "exactly one of at and constant"},
		{"wrong constant", sound + "  original_value: {constant: much}\n", "is no money"},
		{"unknown column", sound + "  ownership_changes: {at: x, fields: {datum: y}}\n", `field "datum" is not known here`},
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

func TestAtMovesEveryCall(t *testing.T) {
	cfg := load(t, laterDialect.yaml, "https://127.0.0.9:8443/")
	if got := cfg.request.url.base + cfg.reading.later.fetch.url.base; got != "https://127.0.0.9:8443https://127.0.0.9:8443" {
		t.Errorf("got %s", got)
	}
	for _, bad := range []string{"", "host", "http://10.0.0.1", "https://h/path", "https://h?x", "https://u@h", "ftp://h"} {
		if _, err := cfg.At(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, d := range []dialect{formDialect, batchDialect, laterDialect, gbkDialect, flatDialect, keyedDialect} {
		f.Add(d.yaml)
	}
	f.Fuzz(func(t *testing.T, yaml string) {
		cfg, err := Load("f.yaml", []byte(yaml))
		if (cfg == nil) != (err != nil) {
			t.Errorf("config %v, error %v", cfg != nil, err)
		}
	})
}
