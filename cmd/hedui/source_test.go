package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/checkup"
	"hedui/internal/connector"
	"hedui/internal/sim"
	"hedui/seal"
	"hedui/source"
)

// A trial is a simulated city and a directory with its source files.
type trial struct {
	city *sim.City
	dir  string
}

func newTrial(t *testing.T) trial {
	t.Helper()
	city, err := sim.NewCity(sim.Options{Instant: true, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	if err := city.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = city.Close() })
	tr := trial{city, t.TempDir()}
	for name, text := range city.SourceFiles() {
		tr.write(t, name, string(text))
	}
	return tr
}

func (tr trial) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(tr.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// change writes a copy of a source file with one thing changed.
func (tr trial) change(t *testing.T, name, from, to string) string {
	t.Helper()
	text := string(tr.city.SourceFiles()[name])
	if !strings.Contains(text, from) {
		t.Fatalf("%s does not say %q", name, from)
	}
	sum := sha256.Sum256([]byte(from + to))
	return tr.write(t, hex.EncodeToString(sum[:4])+"-"+name, strings.Replace(text, from, to, 1))
}

// person writes the file of a test person.
func (tr trial) person(t *testing.T, p source.Person) string {
	t.Helper()
	return tr.write(t, "person.yml", fmt.Sprintf("name: %s\nid: %q\nstated_by: 模拟城市\n", p.Name, p.ID.Reveal()))
}

// known finds somebody on whom the source has records.
func (tr trial) known(t *testing.T, file string) (source.Person, []catalog.Record) {
	t.Helper()
	cfg, err := connector.Load(file, tr.city.SourceFiles()[file])
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	joined := connector.New(cfg, connector.Options{Now: time.Now})
	code := cfg.Info().Categories[0]
	for i := range tr.city.Size() {
		name, id := tr.city.Person(i)
		p := source.Person{Name: name, ID: id}
		m, err := source.Mint(source.Terms{Number: "M", Consent: "C", Purpose: "check", Person: p, Categories: []catalog.Code{code}, From: now.Add(-time.Minute), Until: now.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		q, err := m.Query("Q", code, source.Window{From: day.Of(now).AddMonths(-12), To: day.Of(now)}, now)
		if err != nil {
			t.Fatal(err)
		}
		answers, err := joined.Ask(t.Context(), []source.Query{q})
		for err == nil && answers[0].Later != nil && time.Since(now) < time.Minute {
			time.Sleep(max(answers[0].Later.After, 100*time.Millisecond))
			answers, err = joined.Ask(t.Context(), []source.Query{q.WithToken(answers[0].Later.Token)})
		}
		if err == nil && answers[0].Outcome == source.Found && len([]rune(name)) > 2 {
			return p, answers[0].Records
		}
	}
	t.Fatalf("nobody is in the register of %s", file)
	return source.Person{}, nil
}

// states lists the lines of a sheet as "check state".
func states(s checkup.Sheet) string {
	var words []string
	for _, l := range s.Lines {
		words = append(words, l.Check+" "+l.State)
	}
	return strings.Join(words, ", ")
}

func checkJSON(t *testing.T, args ...string) (int, checkup.Sheet, string) {
	t.Helper()
	code, out, errs := runHedui(t, append([]string{"source", "check", "--json", "--asks", "3"}, args...)...)
	var s checkup.Sheet
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("exit %d, no sheet: %v\n%s%s", code, err, out, errs)
	}
	return code, s, out + errs
}

// Every department of the city is ready, and its sheet tells nothing of the person.
func TestEveryDepartmentOfTheCityIsReady(t *testing.T) {
	tr := newTrial(t)
	for file := range tr.city.SourceFiles() {
		t.Run(file, func(t *testing.T) {
			person, records := tr.known(t, file)
			path := tr.person(t, person)
			code, s, whole := checkJSON(t, filepath.Join(tr.dir, file), "--person-file", path)
			if code != 0 || !s.Ready || s.Records != len(records) || s.Latency == nil || s.Latency.Asks < 2 || s.Latency.P95 != nil {
				t.Errorf("exit %d: %s", code, whole)
			}
			for _, want := range []string{"file ok", "connection ok", "known ok", "twice ok", "nobody ok", "misnamed", "latency", "timeout ok"} {
				if !strings.Contains(states(s), want) {
					t.Errorf("%s lacks %q", states(s), want)
				}
			}
			zh := new(bytes.Buffer)
			if code := run(t.Context(), []string{"--lang=zh", "source", "check", filepath.Join(tr.dir, file), "--person-file", path, "--asks=2"}, zh, zh); code != 0 {
				t.Errorf("exit %d: %s", code, zh)
			}
			discreet(t, whole+zh.String(), person, catalog.Code(s.Category), records)
		})
	}
}

// discreet looks for the person and for every value that is not public.
func discreet(t *testing.T, text string, p source.Person, code catalog.Code, records []catalog.Record) {
	t.Helper()
	if strings.Contains(text, p.Name) || strings.Contains(text, p.ID.Reveal()) || strings.Contains(text, "⟦") {
		t.Errorf("the sheet names the person, or a text is missing:\n%s", text)
	}
	category, _ := catalog.Get(code)
	for _, r := range records {
		open := map[string]bool{} // the same amount may stand in a public field too
		for _, f := range category.Fields {
			open[r[f.Key]] = open[r[f.Key]] || f.Sensitivity == catalog.Public
		}
		for _, f := range category.Fields {
			values := []string{r[f.Key]}
			inner, _ := r.Rows(f.Key)
			for _, row := range inner {
				for _, column := range f.Fields {
					values = append(values, row[column.Key])
				}
			}
			for _, v := range values {
				public := f.Sensitivity == catalog.Public || f.Type == catalog.Coded || f.Type == catalog.Bool || len(v) < 5 || open[v] ||
					f.Type == catalog.Date && v >= day.Of(time.Now()).Add(-1).String() // the sheet has dates of its own
				if !public && strings.Contains(text, v) {
					t.Errorf("the sheet tells the value of %s:\n%s", f.Key, text)
				}
			}
		}
	}
}

// What a department or a file can do wrong: each has a line, and what to do.
func TestWhatIsNotReadyIsSaid(t *testing.T) {
	tr := newTrial(t)
	wang := sim.Families()[0].Members[0]
	known := source.Person{Name: wang.Registered, ID: wang.ID}
	hukou := filepath.Join(tr.dir, "hukou.yaml")
	spouse, _ := tr.known(t, "marriage.yaml")
	for _, c := range []struct {
		name  string
		file  string
		fault sim.FaultKind
		who   source.Person
		line  string // "check state"
		want  []string
	}{
		{"down", hukou, sim.Down, known, "connection not_ready", []string{"cannot be reached", "the connection broke", "firewall"}},
		{"garbage", hukou, sim.Garbage, known, "known not_ready", []string{"cannot be read as the file says"}},
		{"slow", tr.change(t, "hukou.yaml", "timeout: 5s", "timeout: 300ms"), sim.Slow, known, "connection not_ready", []string{"no answer within the limit of 300ms"}},
		{"nobody listens", tr.change(t, "death.yaml", tr.city.URL("civil_affairs"), "http://127.0.0.1:9"), "", known, "connection not_ready", []string{"nothing listens"}},
		{"wrong key", tr.change(t, "vehicle.yaml", "demo-police", "demo-nobody"), "", known, "connection not_ready", []string{"our key is not accepted", "secret_file"}},
		{"no records", filepath.Join(tr.dir, "land.yaml"), "", known, "known not_ready", []string{"holds nothing", "test person who has records"}},
		{"wrong name", hukou, "", source.Person{Name: "王错名", ID: wang.ID}, "known not_ready", []string{"do not belong together"}},
		{"no mandate number", tr.change(t, "marriage.yaml", "{mandate}", ""), "", spouse, "known not_ready", []string{"--purpose"}},
		{"a key nobody knows, in a closed record", tr.change(t, "marriage.yaml", "  reg_organ: registry\n", ""), "", spouse, "known not_ready", []string{"neither mapped nor ignored"}},
		{"an unlisted code", tr.change(t, "hukou.yaml", `"0000": ok`, `"0007": ok`), "", known, "known not_ready", []string{"does not list"}},
		{"a syntax error", tr.write(t, "broken.yaml", "name: X\nkind: http\n"), "", known, "file not_ready", []string{"category is missing", "line 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := tr.city.SetFault("police", sim.Fault{Kind: c.fault}); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tr.city.SetFault("police", sim.Fault{}) }()
			code, s, whole := checkJSON(t, c.file, "--person-file", tr.person(t, c.who), "--wait", "5s")
			if code != 1 || s.Ready || !strings.Contains(states(s), c.line) {
				t.Errorf("exit %d: %s\n%s", code, states(s), whole)
			}
			for _, want := range c.want {
				if !strings.Contains(whole, want) {
					t.Errorf("lacks %q:\n%s", want, whole)
				}
			}
			for _, l := range s.Lines {
				if l.State == checkup.NotReady && l.Do == "" {
					t.Errorf("%s does not say what to do", l.Check)
				}
			}
			if strings.Contains(whole, c.who.Name) || strings.Contains(whole, c.who.ID.Reveal()) || strings.Contains(whole, "⟦") {
				t.Errorf("the sheet names the person:\n%s", whole)
			}
		})
	}
}

// Keys that nobody maps are told where the file does not close its records.
func TestUnmappedKeysAreTold(t *testing.T) {
	tr := newTrial(t)
	person, _ := tr.known(t, "hukou.yaml")
	file := tr.change(t, "hukou.yaml", "  police_station: pcs\n", "")
	code, s, whole := checkJSON(t, file, "--person-file", tr.person(t, person))
	if code != 0 || !slices.Equal(s.Strangers, []string{"pcs"}) || !strings.Contains(states(s), "keys warning") {
		t.Errorf("exit %d: %v\n%s", code, s.Strangers, whole)
	}
}

// A signed sheet is checked offline; what was altered is named.
func TestASheetIsSigned(t *testing.T) {
	tr := newTrial(t)
	keys := filepath.Join(tr.dir, "keys")
	if _, err := openKeys(t.Context(), keys, demoIssuer, seal.Intl, nil); err != nil {
		t.Fatal(err)
	}
	certificate, err := os.ReadFile(filepath.Join(keys, "seal.crt"))
	if err != nil {
		t.Fatal(err)
	}
	tr.write(t, "trust.pem", string(certificate))
	wang := sim.Families()[0].Members[0]
	out := filepath.Join(tr.dir, "sheet.json")
	args := []string{"source", "check", filepath.Join(tr.dir, "hukou.yaml"), "--asks=2", "--person-file", tr.person(t, source.Person{Name: wang.Name, ID: wang.ID})}
	if code, _, errs := runHedui(t, append(args, "--out", out, "--sign", keys)...); code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	if code, said, errs := runHedui(t, "source", "verify", out); code != 0 || !strings.Contains(said, "signature holds") {
		t.Errorf("exit %d: %s%s", code, said, errs)
	}
	body, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"a line":     {`"ready": true`, `"ready": false`, "/ready"},
		"a blank":    {`"ready": true`, `"ready":  true`, seal.WholeDocument},
		"cut off":    {"\n}\n", "", seal.WholeDocument},
		"a new line": {`"lines": [`, `"lines": [ {"check": "x"},`, "/lines/0/check"},
	} {
		t.Run(name, func(t *testing.T) {
			altered := strings.Replace(string(body), c.from, c.to, 1)
			if altered == string(body) {
				t.Fatal("nothing was altered")
			}
			if err := os.WriteFile(out, []byte(altered), 0o600); err != nil {
				t.Fatal(err)
			}
			if code, _, errs := runHedui(t, "source", "verify", out); code != 1 || !strings.Contains(errs, "altered") || !strings.Contains(errs, c.want) {
				t.Errorf("exit %d: %s", code, errs)
			}
		})
	}
	stranger, err := seal.Generate(seal.P256SHA256)
	if err != nil {
		t.Fatal(err)
	}
	tr.write(t, "trust.pem", string(stranger.Public().PEM()))
	tr.write(t, "sheet.json", string(body))
	if code, _, errs := runHedui(t, "source", "verify", out); code != 1 || !strings.Contains(errs, "does not hold") {
		t.Errorf("a stranger's key: exit %d: %s", code, errs)
	}
	if code, _, errs := runHedui(t, append(args, "--sign", keys)...); code != 1 || !strings.Contains(errs, "--out") {
		t.Errorf("--sign alone: exit %d: %s", code, errs)
	}
}

// A new file loads, or what is wrong with it is exactly what is to be filled in.
func TestANewSourceFileNamesWhatIsToBeFilledIn(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range connector.Kinds() {
		for _, category := range append(codes(), "") {
			out := filepath.Join(dir, kind+"-"+string(category)+".yaml")
			args := []string{"source", "new", kind, "-o", out, "--department", "某市测试局"}
			if category != "" {
				args = append(args, "--category", string(category))
			}
			if code, _, errs := runHedui(t, args...); code != 0 {
				t.Fatalf("%s: exit %d: %s", out, code, errs)
			}
			text, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			_, err = connector.Load(out, text)
			wanted := expected(kind, category)
			if err != nil && len(wanted) == 0 {
				t.Errorf("%s: %v", out, err)
			}
			for _, line := range strings.Split(fmt.Sprint(err), "\n") {
				if len(wanted) == 0 {
					break
				}
				i := slices.IndexFunc(wanted, func(field string) bool { return strings.Contains(line, ": "+field+": is empty; ") })
				if i < 0 {
					t.Errorf("%s is not to be filled in", line)
					continue
				}
				wanted = slices.Delete(wanted, i, i+1)
			}
			if len(wanted) > 0 {
				t.Errorf("%s: nobody asks for %v", out, wanted)
			}
		}
	}
}

// expected lists what is left empty in a new file.
func expected(kind string, code catalog.Code) []string {
	example, _ := connector.Example(kind)
	category, ok := catalog.Get(code)
	if !ok || !top("fields").Match(example) {
		return nil
	}
	var list []string
	for _, f := range category.Fields {
		if f.Type != catalog.Rows {
			list = append(list, "fields."+f.Key)
			continue
		}
		list = append(list, "fields."+f.Key+".at")
		for _, column := range f.Fields {
			list = append(list, "fields."+f.Key+".fields."+column.Key)
		}
	}
	return list
}

func TestSourceNewRefuses(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there.yaml")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"http", "-o", there}, "exists already"},
		{[]string{"telex"}, "http"},
		{[]string{"http", "--category", "yacht"}, "housing_fund"},
	} {
		if code, _, errs := runHedui(t, append([]string{"source", "new"}, c.args...)...); code != 1 || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d: %s", c.args, code, errs)
		}
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "mine" {
		t.Errorf("the file was written over: %s %v", text, err)
	}
}

// A filled-in file is ready: the way a department goes.
func TestANewFileFilledInIsReady(t *testing.T) {
	tr := newTrial(t)
	out := filepath.Join(tr.dir, "mine.yaml")
	if code, _, errs := runHedui(t, "source", "new", "http", "--category", "death", "--department", "宁波市民政局", "-o", out); code != 0 {
		t.Fatal(errs)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	theirs := string(tr.city.SourceFiles()["death.yaml"])
	begin := func(text, key string) int { return top(key).FindStringIndex(text)[0] }
	mine := string(text)[:begin(string(text), "limits")] + theirs[begin(theirs, "limits"):]
	if err := os.WriteFile(out, []byte(mine), 0o600); err != nil {
		t.Fatal(err)
	}
	person, _ := tr.known(t, "death.yaml")
	if code, s, whole := checkJSON(t, out, "--person-file", tr.person(t, person)); code != 0 || s.Department != "宁波市民政局" {
		t.Errorf("exit %d: %s", code, whole)
	}
}

// The file at which the walkthrough ends is ready, and the mistakes before it are found.
func TestTheWalkthroughOfJoiningIsRight(t *testing.T) {
	tr := newTrial(t)
	page, err := os.ReadFile("../../docs/join-a-department.md")
	if err != nil {
		t.Fatal(err)
	}
	key := tr.write(t, "civil.key", "demo-civil_affairs")
	person := tr.write(t, "person.yml", string(simPerson()))
	files := strings.Split(string(page), "cat > marriage.yaml <<EOF\n")[1:]
	if len(files) != 2 {
		t.Fatalf("%d files in the page, want 2", len(files))
	}
	for i, want := range []string{"field reg_date is missing", `"ready": true`} {
		text, _, _ := strings.Cut(files[i], "EOF\n")
		text = strings.NewReplacer("$CIVIL", tr.city.URL("civil_affairs"), "$PWD/civil.key", key, `\$`, "$").Replace(text)
		code, s, whole := checkJSON(t, tr.write(t, "marriage.yaml", text), "--person-file", person)
		if !strings.Contains(whole, want) || s.Ready != (i == 1) || s.Ready && s.Count(checkup.Warning) > 0 {
			t.Errorf("file %d: exit %d: %s", i+1, code, whole)
		}
	}
}

func TestTestPersonsAreReadAndNeverQuoted(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, text, want string }{
		{"complete", "name: 王志强\nid: 330200198002290018\nstated_by: 市公安局\n", ""},
		{"quoted", "name: 王志强\nid: \"330200198002290018\"\nstated_by: 市公安局\n", ""},
		{"nobody states it", "name: 王志强\nid: 330200198002290018\n", "stated_by"},
		{"a wrong digit", "name: 王志强\nid: 330200198002290019\nstated_by: 市公安局\n", "check digit"},
		{"a list", "name: [王志强]\nid: [330200198002290018]\nstated_by: x\n", "line 1"},
		{"an unknown key", "王志强: 330200198002290018\n", "line 1"},
		{"no YAML", "name: [王志强\n", "line"},
		{"nothing", "", "name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, "p.yaml")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			s := streams{out: &out, err: &out, lang: "en"}
			p, err := readTestPerson(path, nil, s)
			if err != nil {
				s.explain(err)
			}
			if (err == nil) != (c.want == "") || !strings.Contains(out.String(), c.want) || strings.Contains(out.String(), "志强") || strings.Contains(out.String(), "198002") {
				t.Errorf("got %v: %s", p, out.String())
			}
		})
	}
	var asked bytes.Buffer
	s := streams{out: &asked, err: &asked, lang: "en"}
	if p, err := readTestPerson("", strings.NewReader("王志强\n330200198002290018\n市公安局\n"), s); err != nil || p.Name != "王志强" || p.StatedBy != "市公安局" {
		t.Errorf("at the keyboard: %v %v %s", p, err, asked.String())
	}
	if _, err := readTestPerson("", strings.NewReader("王志强\n"), s); err == nil {
		t.Error("half a person was taken")
	}
}
