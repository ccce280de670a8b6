package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hedui/seal"
)

// hedui runs the program as a user would, and returns what it printed.
func runHedui(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Second)
	defer cancel()
	var o, e bytes.Buffer
	code = run(ctx, append([]string{"--lang=en"}, args...), &o, &e)
	return code, o.String(), e.String()
}

// needFont skips where nobody has fetched the font; make test always has.
func needFont(t *testing.T) {
	t.Helper()
	if _, err := os.Stat("../../internal/report/font/NotoSansSC-Regular.ttf"); err != nil {
		t.Skip("no font: run make assets")
	}
}

func demo(t *testing.T, dir string, args ...string) demoJSON {
	t.Helper()
	return demoOf(t, dir, 2, args...)
}

// demoOf is demo of as many families.
func demoOf(t *testing.T, dir string, n int, args ...string) demoJSON {
	t.Helper()
	code, out, errs := runHedui(t, append([]string{"demo", "--once", "--json", "--dir", dir}, args...)...)
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var doc demoJSON
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &doc); err != nil {
		t.Fatalf("the last line is not the JSON object: %v", err)
	}
	if len(doc.Cases) != n {
		t.Fatalf("%d cases, want %d", len(doc.Cases), n)
	}
	return doc
}

// kinds lists the findings of a case as "KIND category".
func kinds(c caseJSON) string {
	var words []string
	for _, f := range c.Findings {
		words = append(words, f.Kind+" "+f.Category)
	}
	return strings.Join(words, ", ")
}

func TestTheDemoTellsBothStories(t *testing.T) {
	needFont(t)
	for _, suite := range []string{"intl", "gm"} {
		t.Run(suite, func(t *testing.T) { bothStories(t, suite) })
	}
}

func bothStories(t *testing.T, suite string) {
	dir := t.TempDir()
	doc := demo(t, dir, "--suite", suite)
	wang, li := doc.Cases[0], doc.Cases[1]
	if wang.Report.Conclusion != "SUSPECT" || kinds(wang) != "UNDECLARED local_tax, UNDECLARED business" {
		t.Errorf("Wang: %s: %s", wang.Report.Conclusion, kinds(wang))
	}
	if wang.Findings[1].Found != "500000.00" || wang.Findings[1].Declared != "0.00" {
		t.Errorf("Wang's company: declared %s, found %s", wang.Findings[1].Declared, wang.Findings[1].Found)
	}
	if li.Report.Conclusion != "NO_FINDING" || len(li.Findings) != 0 {
		t.Errorf("Li: %s: %s", li.Report.Conclusion, kinds(li))
	}
	for _, c := range doc.Cases {
		if c.State != "delivered" || len(c.Grid) != 13 || c.Report.Version != 1 {
			t.Errorf("%s: state %s, %d categories, version %d", c.Name, c.State, len(c.Grid), c.Report.Version)
		}
		for _, file := range []string{c.Report.PDF, c.Report.JSON} {
			if code, out, errs := runHedui(t, "verify", file); code != 0 {
				t.Errorf("verify %s: %d %s%s", filepath.Base(file), code, out, errs)
			}
		}
	}
	html, err := os.ReadFile(li.Report.HTML)
	if err != nil || !strings.Contains(string(html), "未发现") || !strings.Contains(string(html), "不在登记范围") {
		t.Errorf("Li's report does not tell none from not covered: %v", err)
	}
	again := demo(t, dir, "--suite", suite)
	for i, c := range again.Cases {
		if c.Report.Number != doc.Cases[i].Report.Number || c.Report.Version != 1 {
			t.Errorf("a second start made another report: %s v%d", c.Report.Number, c.Report.Version)
		}
	}
	nothingInClear(t, readAll(t, dir))
	keysOfSuite(t, filepath.Join(dir, "haishu"), seal.Suite(suite))
	other := map[string]string{"intl": "gm", "gm": "intl"}[suite]
	if code, _, errs := runHedui(t, "demo", "--once", "--dir", dir, "--suite", other, "--listen", "127.0.0.1:0"); code == 0 || !strings.Contains(errs, "seal.key") {
		t.Errorf("a node takes up another suite: %d %s", code, errs)
	}
}

// keysOfSuite opens the database and sees of what suite the keys in it are.
func keysOfSuite(t *testing.T, dir string, suite seal.Suite) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "hedui.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT wrapped FROM case_keys UNION ALL SELECT wrapped FROM node_keys UNION ALL SELECT body FROM cases`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var box seal.Box
		if err := rows.Scan((*[]byte)(&box)); err != nil {
			t.Fatal(err)
		}
		if name, err := box.Algorithm(); err != nil || name != suite.Cipher() {
			t.Errorf("a value is kept with %s, %v", name, err)
		}
	}
	if err := rows.Err(); err != nil || n < 3 {
		t.Errorf("%d values, %v", n, err)
	}
}

func TestASilentDepartmentIsNamedInTheReport(t *testing.T) {
	needFont(t)
	doc := demo(t, t.TempDir(), "--down", "housing_fund", "--deadline", "12s")
	if got := doc.Cases[0].Report.Conclusion; got != "SUSPECT" {
		t.Errorf("Wang: %s", got)
	}
	if got := doc.Cases[1].Report.Conclusion; got != "INCOMPLETE" {
		t.Errorf("Li: %s", got)
	}
	for _, c := range doc.Cases {
		if !strings.Contains(kinds(c), "SOURCE_SILENT housing_fund") {
			t.Errorf("%s: %s", c.Name, kinds(c))
		}
		html, err := os.ReadFile(c.Report.HTML)
		if err != nil || !strings.Contains(string(html), "未反馈") {
			t.Errorf("%s: the report does not name the gap: %v", c.Name, err)
		}
	}
}

func TestVerifyNamesWhatWasAltered(t *testing.T) {
	needFont(t)
	doc := demo(t, t.TempDir())
	path := doc.Cases[0].Report.JSON
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(`"UNDECLARED"`), []byte(`"CONSISTENT"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := runHedui(t, "verify", path); code != 1 || !strings.Contains(out, "/findings/0/kind") {
		t.Errorf("exit %d: %s", code, out)
	}
	pdf, err := os.ReadFile(doc.Cases[0].Report.PDF)
	if err != nil {
		t.Fatal(err)
	}
	stream := regexp.MustCompile(`stream\r?\n`).FindIndex(pdf)
	pdf[stream[1]+40] ^= 1
	if err := os.WriteFile(doc.Cases[0].Report.PDF, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := runHedui(t, "verify", doc.Cases[0].Report.PDF); code != 1 || !strings.Contains(out, "  - ") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// What a user can do wrongly at the door: each message says what to do.
func TestBadInputAtTheDoor(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, err := families.ReadFile("families/wang.yaml")
	if err != nil {
		t.Fatal(err)
	}
	change := func(name, from, to string) string {
		text := strings.Replace(string(good), from, to, 1)
		if text == string(good) {
			t.Fatalf("%s: nothing to change", name)
		}
		return write(name, text)
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := write("a-file", "")
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"check digit", []string{change("digit.yaml", "330200198002290018", "330200198002290019")}, []string{"digit.yaml:10", "persons[0].id", "check digit"}},
		{"birth date", []string{change("birth.yaml", "330200198002290018", "330200198102290018")}, []string{"birth.yaml:10", "birth date"}},
		{"expired consent", []string{change("expired.yaml", "today+365", "2020-01-01")}, []string{"consents[0].until"}},
		{"other programme", []string{change("other.yaml", "  - person: 1\n    programme: dibao", "  - person: 1\n    programme: medical")}, []string{"another programme"}},
		{"unknown division", []string{change("division.yaml", "330203", "339999")}, []string{"division.yaml:5", "6-digit county code"}},
		{"abolished division", []string{change("abolished.yaml", "330203", "330204")}, []string{"330212"}},
		{"unknown key", []string{change("key.yaml", "office:", "ofice:")}, []string{"key.yaml", "ofice"}},
		{"broken YAML", []string{write("broken.yaml", "persons: [\n")}, []string{"broken.yaml"}},
		{"wrong type", []string{change("type.yaml", "- person: 1", "- person: one")}, []string{"type.yaml:13 consents[0].person", "wrong kind"}},
		{"no such file", []string{filepath.Join(dir, "none.yaml")}, []string{"none.yaml"}},
		{"several files", []string{change("first.yaml", "330203", "339999"), filepath.Join(dir, "gone.yaml"), change("second.yaml", "consents:", "consents: []\nincome:"), change("third.yaml", "office:", "ofice:")},
			[]string{"first.yaml:5", "gone.yaml", "second.yaml", "third.yaml:", "ofice"}},
		{"no consent", []string{write("alone.yaml", string(good[:bytes.Index(good, []byte("consents:"))]))}, []string{"alone.yaml:9 persons[0].consent"}},
		{"two forms", []string{write("two.yaml", string(good)+"---\n"+string(good))}, []string{"two.yaml", "One file holds one form"}},
		{"too large", []string{write("large.yaml", strings.Repeat("# filler\n", 40000))}, []string{"large.yaml", "too large"}},
		{"empty file", []string{write("empty.yaml", "")}, []string{"empty.yaml"}},
		{"a person as a key", []string{change("person.yaml", "office:", "王志强:")}, []string{"person.yaml:6", "…"}},
		{"deadline of nothing", []string{"--deadline", "0s"}, []string{"--deadline"}},
		{"another database", []string{"--database", "mysql://secret@x"}, []string{"postgres://"}},
		{"directory is a file", []string{"--dir", file}, []string{"cannot be written"}},
		{"unknown fault", []string{"--down", "moon"}, []string{"moon"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append([]string{"demo", "--once", "--dir", filepath.Join(dir, "d-"+strings.ReplaceAll(c.name, " ", "-"))}, c.args...)
			code, _, errs := runHedui(t, args...)
			if code != 1 {
				t.Errorf("exit %d, want 1", code)
			}
			for _, w := range c.want {
				if !strings.Contains(errs, w) {
					t.Errorf("message lacks %q:\n%s", w, errs)
				}
			}
			if strings.Contains(errs, "王志强") || regexp.MustCompile(`33020019\d{10}`).MatchString(errs) {
				t.Errorf("the message quotes a person:\n%s", errs)
			}
		})
	}
	code, _, errs := runHedui(t, "demo", "--dir", filepath.Join(dir, "busy"), "--listen", busy.Addr().String())
	if code != 1 || !strings.Contains(errs, "--listen") {
		t.Errorf("busy port: %d %s", code, errs)
	}
	code, _, errs = runHedui(t, "demo", "--dir", filepath.Join(dir, "port"), "--listen", "127.0.0.1")
	if code != 1 || !strings.Contains(errs, "host and a port") {
		t.Errorf("no port: %d %s", code, errs)
	}
	if code, _, _ := runHedui(t, "nonsense"); code != 2 {
		t.Errorf("unknown command: exit %d, want 2", code)
	}
}

// What YAML takes for a number stays as it was typed.
func TestNumbersOfAFormStayAsTyped(t *testing.T) {
	f := family{path: "f.yaml", text: []byte("division: 330203\npersons: [{id: 330200198002290018}]\nincome: [{person: 1, monthly: 1234567.10}]\n")}
	if p, bad := f.decode(); bad {
		t.Fatal(p)
	}
	if f.form.Income[0].Monthly != "1234567.10" || f.form.Division != "330203" || f.form.Persons[0].ID != "330200198002290018" {
		t.Error("a number was rewritten")
	}
}

// The example of the reference must be a form without problems.
func TestTheExampleOfTheFormFileIsRight(t *testing.T) {
	page, err := os.ReadFile("../../docs/form-file.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	path := filepath.Join(t.TempDir(), "example.yaml")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := readFamilies([]string{path}, time.Now())
	if err != nil || len(list) != 1 || len(list[0].form.Persons) != 4 {
		t.Errorf("%d forms: %v", len(list), err)
	}
}

func TestTitles(t *testing.T) {
	for path, want := range map[string]string{"d/wang.yaml": "Wang", "张家.yml": "张家", "éa.YAML": "Éa", "x": "X"} {
		f := family{path: path}
		if got := f.title(); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
		if strings.Contains(f.draftID(), "张") {
			t.Error("the draft id tells the file name")
		}
	}
}

func TestASecondProcessIsTold(t *testing.T) {
	dir := t.TempDir()
	n, err := openNode(t.Context(), nodeOptions{dir: filepath.Join(dir, "haishu"), issuer: demoIssuer})
	if err != nil {
		t.Fatal(err)
	}
	defer n.db.Close()
	if code, _, errs := runHedui(t, "demo", "--once", "--dir", dir); code != 1 || !strings.Contains(errs, "in use by another hedui") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestVerifyRefusesWhatIsNotOurs(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.html": "<!doctype html><p>x", "a.json": `{"x":1}`, "a.pdf": "%PDF-1.7\nx\n%%EOF\n", "a.txt": "x", "trust.pem": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openNode(t.Context(), nodeOptions{dir: dir, issuer: demoIssuer}); err != nil { // writes trust.pem
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a.html": "copy for reading", "a.json": "not a report of Hedui", "a.pdf": "not a report of Hedui",
		"a.txt": "not a report of Hedui", "none.pdf": "There is no file"} {
		if code, out, errs := runHedui(t, "verify", filepath.Join(dir, name)); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: exit %d: %s%s", name, code, out, errs)
		}
	}
	if code, _, errs := runHedui(t, "verify", filepath.Join(dir, "a.txt"), filepath.Join(dir, "a.json")); code != 1 || !strings.Contains(errs, "2 of 2") {
		t.Errorf("several: exit %d: %s", code, errs)
	}
}

func TestVersionAndBareCommand(t *testing.T) {
	if code, out, _ := runHedui(t, "version"); code != 0 || !strings.HasPrefix(out, "hedui ") {
		t.Errorf("exit %d: %s", code, out)
	}
	var out, errs bytes.Buffer
	if code := run(t.Context(), nil, &out, &errs); code != 0 || !strings.Contains(out.String(), "verify") {
		t.Errorf("alone: exit %d: %s%s", code, out.String(), errs.String())
	}
}

func TestHelpIsShort(t *testing.T) {
	code, out, _ := runHedui(t, "--help")
	if code != 0 || !strings.Contains(out, "verify") || strings.Count(out, "\n") > 40 {
		t.Errorf("exit %d, %d lines", code, strings.Count(out, "\n"))
	}
}
