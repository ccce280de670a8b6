package web

import (
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/store"
)

// A source file that is handed in is checked with all its problems; its secret does
// not come back, and what was typed else does.
func TestASourceFileIsChecked(t *testing.T) {
	d, _ := desk(t)
	boss := officer("boss", hedui.RunNode)
	const good = `name: pension
kind: http
department: 某市社会保险中心
category: vehicle
refresh: 24h
auth: {kind: header, name: X-Key, secret: "gehe,im123"}
request: {url: "https://cgs.example/q", method: POST, form: {id: "{id}"}}
answer: {records: data}
fields: {plate_no: hphm}
`
	for _, tt := range []struct {
		name, text string
		code       int
		want       []string
	}{
		{"a sound file", good, 200, []string{"No problems", "某市社会保险中心", "1 mapped of", "promised to be refreshed within 1 day", "none is named", "secret: ***"}},
		{"one that is there already", strings.Replace(good, "name: pension", "name: vehicle", 1), 200, []string{"has a source vehicle already"}},
		{"all problems", strings.NewReplacer("name: pension", "name: Bad Name", "plate_no: hphm", "plate: hphm", "category: vehicle", "category: car").Replace(good), 422, []string{"line 1, column 7", "line 4, column 11", "problem(s)", "Bad Name"}},
		{"no YAML", "name: [x\n", 422, []string{"line"}},
		{"nothing", "  ", 422, []string{"Paste or upload"}},
	} {
		code, body, _ := send(t, d, boss, true, "POST", "/sources/join?lang=en", url.Values{"text": {tt.text}})
		body = html.UnescapeString(body)
		if code != tt.code || strings.Contains(body, "gehe") || strings.Contains(body, "⟦") {
			t.Errorf("%s: %d, or the secret comes back, or a text is missing", tt.name, code)
		}
		for _, w := range tt.want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: the page lacks %q", tt.name, w)
			}
		}
	}
	for text, want := range map[string]string{
		"auth: {secret: abc, name: X}": "auth: {secret: ***, name: X}", "  secret: 'a b'": "  secret: ***", "secret: \"a,}b\" # note": "secret: *** # note",
		"secret_file: /etc/x": "secret_file: /etc/x", "secret:abc": "secret:***",
	} {
		if got := inlineSecret.ReplaceAllString(text, "${1}***"); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// A test of a source is shown with its steps, and with what to do next.
func TestATestOfASourceIsShown(t *testing.T) {
	d, _ := desk(t)
	boss := officer("boss", hedui.RunNode)
	if _, body, _ := get(t, d, boss, true, "/sources/vehicle?lang=en"); !strings.Contains(body, "Not tested yet") {
		t.Error("a source that was never tested does not say so")
	}
	if code, body, _ := send(t, d, boss, true, "POST", "/sources/vehicle/check?lang=en", nil); code != 409 || !strings.Contains(body, "has no source file") {
		t.Errorf("a source without a file: %d", code)
	}
	at := time.Now()
	c := hedui.SourceCheck{ID: "1", Source: "vehicle", Officer: "boss", At: at, EndedAt: at.Add(time.Second), Digest: "sha256:0123456789abcdef",
		Lines: []hedui.CheckLine{{Check: "file", State: hedui.CheckOK, Key: "file.ok", Args: []string{"1", "9"}},
			{Check: "connection", State: hedui.CheckBad, Key: "reason.credentials", Args: []string{"credentials", "5s"}, Why: "vehicle: HTTP status 401"}}}
	if err := d.DB.InTx(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.BeginCheck(t.Context(), c, time.Time{}); err != nil {
			return err
		}
		return tx.SaveCheck(t.Context(), c)
	}); err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string][]string{"zh": {"1 项不通过", "连通", "我方密钥不被接受", "→ 核对 auth", "HTTP status 401", "0123456789ab"}, "en": {"1 line(s) to be put right", "Let in", "our key is not accepted", "→ Look at kind and name under auth"}} {
		code, body, _ := get(t, d, boss, true, "/sources/vehicle?lang="+language)
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: the page lacks %q", language, w)
			}
		}
		if code != 200 || strings.Contains(body, "⟦") {
			t.Errorf("%s: %d, or a text is missing", language, code)
		}
	}
	if _, body, _ := get(t, d, officer("reader", hedui.ReadCases), true, "/sources/vehicle?lang=en"); strings.Contains(body, "Let in") {
		t.Error("who does not run the node sees tests")
	}
	for _, key := range []string{"file.gone", "file.other", "file.names", "person.unnamed", "person.unreadable", "person.wrong", "person.real", "person.quota"} {
		if !lang.Has("sheet."+key) || !lang.Has("sheet."+key+".do") {
			t.Errorf("no text for %s, or of what to do", key)
		}
	}
}

// A liaison sees how the own source has answered, and no other.
func TestTheScorecardOfALiaison(t *testing.T) {
	d, _ := listDesk(t)
	code, body, _ := get(t, d, liaison(), true, "/worklist/score?lang=en")
	if code != 200 || !strings.Contains(body, "Nothing was asked in 12 months") && !strings.Contains(body, "12 months") || strings.Contains(body, "⟦") || strings.Contains(body, "孙") {
		t.Errorf("the scorecard: %d\n%s", code, body)
	}
	if code, _, _ := get(t, d, liaison(), true, "/worklist/score?source=housing"); code != 403 {
		t.Errorf("that of another source: %d", code)
	}
	if _, body, _ := get(t, d, officer("liaison", hedui.AnswerQueries), true, "/worklist/score?lang=en"); strings.Contains(body, "12 months</th>") {
		t.Error("somebody who answers for no source sees a scorecard")
	}
	f := frame{Lang: lang.English}
	for text, want := range map[string]string{"3wd": "within 3 working day(s)", "5d": "within 5 day(s)", "2h0m0s": "within 2 hour(s)", "": "nothing", "6m": "within 6 month(s)"} {
		if got := f.within(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for want, c := range map[string][2]hedui.Count{"–": {hedui.Exact(0), hedui.Exact(0)}, "50%": {hedui.Exact(5), hedui.Exact(10)}, "about 20%": {{Lo: 1, Hi: 3}, hedui.Exact(10)}} {
		if got := f.part(c[0], c[1]); got != want {
			t.Errorf("%v of %v: got %q, want %q", c[0], c[1], got, want)
		}
	}
	if got := f.part(hedui.Count{Lo: 0, Hi: 4}, hedui.Count{Lo: 1, Hi: 4}); got != "–" {
		t.Errorf("a share of so few: %q", got)
	}
}
