package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/connector"
	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/internal/workbook"
)

// lists is a county's node, a process of its own, on which people answer for land
// and a letter goes out about housing.
func lists(t *testing.T) (*world, *process) {
	t.Helper()
	city, err := sim.NewCity(sim.Options{Population: 1000, Seed: 3, Instant: true})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, dir: t.TempDir(), city: city, divisions: []string{"330203"}}
	for file, text := range city.CountyFiles("330203") {
		w.write(file, string(text))
	}
	letter, _ := connector.Example("letter")
	w.write("letter.yaml", string(letter))
	w.write("node.yaml", "node: haishu\ndivision: \"330203\"\nissuer: 区中心\nregisters:\n  - {source: land.yaml, scope: \"330203\"}\n  - {source: letter.yaml, scope: \"330203\"}\n"+
		staffYAML()+countyLiaison("330203")+"  - {id: letters, name: 发函岗, roles: [liaison], sources: [housing-archive]}\n")
	p := &process{config: filepath.Join(w.dir, "node.yaml")}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.stop() })
	w.await(p)
	return w, p
}

// accepted takes a case to the dispatch of its queries, by orders.
func (w *world) accepted(p *process, form hedui.Form) *caseRun {
	w.t.Helper()
	r := &caseRun{ctx: w.t.Context(), config: p.config, staff: demoStaff()}
	var look lookAnswer
	for look.Stage != hedui.Dispatched && look.Stage != hedui.Collecting {
		if _, err := r.step("draft", form, &look); err != nil {
			w.t.Fatal(err)
		}
	}
	return r
}

// item waits until one item of a source lies before an officer, and returns it.
func (w *world) item(p *process, as, name string) itemAnswer {
	w.t.Helper()
	for range 200 {
		_, out, errs := runHedui(w.t, "worklist", "list", name, "--json", "--as", as, "--config", p.config)
		var list listAnswer
		if err := json.Unmarshal([]byte(out), &list); err != nil {
			w.t.Fatalf("%v: %s%s", err, out, errs)
		}
		if len(list.Items) == 1 {
			return list.Items[0]
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("nothing on the list of %s", name)
	return itemAnswer{}
}

func TestPeopleAnswerFromTheCommandLine(t *testing.T) {
	needFont(t)
	w, p := lists(t)
	form := w.forms(1)[0]
	w.accepted(p, form)
	land, housing := w.item(p, "liaison", "land"), w.item(p, "letters", "housing-archive")
	number := form.Persons[0].ID
	if land.Number == number || land.Category != "land" || land.Mandate == "" {
		t.Errorf("a list shows %q, want the number masked", land.Number)
	}
	out := filepath.Join(w.dir, "out")
	today := day.Of(time.Now()).String()
	list := filepath.Join(out, "list.xlsx")
	w.write("out/bad.json", `{"outcome": "found", "as_of": "`+today+`", "by": "档案岗", "records": [{"fields": {"area_m2": "很大", "share": "120"}}]}`)
	w.write("out/odd.json", `{"result": "found"}`)
	run := func(want int, say string, args ...string) string {
		t.Helper()
		args = append([]string{"worklist"}, args...)
		if args[1] != "verify" {
			args = append(args, "--config", p.config)
		}
		code, out, errs := runHedui(t, args...)
		if code != want || !strings.Contains(out+errs, say) {
			t.Errorf("%v: exit %d, want %d and %q\n%s%s", args[:2], code, want, say, out, errs)
		}
		if strings.Contains(errs, number) {
			t.Errorf("%v: an error holds the number", args)
		}
		return out
	}
	run(0, number, "show", land.ID)
	run(1, "not named", "show", housing.ID)
	run(1, "no right", "list", "land", "--as", "receiver")
	run(1, "records[0].share", "answer", land.ID, "--file", filepath.Join(out, "bad.json"))
	run(1, "records[0].area_m2", "answer", land.ID, "--file", filepath.Join(out, "bad.json"))
	run(0, "it is kept", "show", land.ID)
	run(1, "must be JSON", "answer", land.ID, "--file", filepath.Join(out, "odd.json"))
	run(1, "no readable workbook", "import", "land", filepath.Join(out, "bad.json"))
	said := run(0, list, "export", "land", "--out", list)
	if info, err := os.Stat(list); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the workbook can be read by others: %v %v", info.Mode(), err)
	}
	password := regexp.MustCompile(`: ([A-Z2-7-]{15})\n`).FindStringSubmatch(said)
	if password == nil {
		t.Fatal("the command does not say the password")
	}
	data, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(out, "password")
	if err := os.WriteFile(secret, []byte(password[1]+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	trust := filepath.Join(filepath.Dir(p.config), "trust.pem")
	run(1, "is encrypted", "verify", list, "--trust", trust)
	run(0, "The seal holds", "verify", list, "--trust", trust, "--password-file", secret)
	plain, _, err := workbook.Unlock(data, password[1:])
	if err != nil {
		t.Fatal(err)
	}
	filled, err := w.city.FillWorklist(t.Context(), "330203", plain)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(list, filled, 0o600); err != nil {
		t.Fatal(err)
	}
	run(1, "of another source", "import", "housing-archive", list, "--as", "letters")
	run(0, "1 item(s) taken, 0 taken before", "import", "land", list)
	run(0, "0 item(s) taken, 1 taken before", "import", "land", list)
	run(0, "nothing to do", "list", "land")
	run(1, "is not asked by letter", "letter", land.ID)
	run(0, "1 person(s)", "letter", housing.ID, "--as", "letters", "--out", out)
	run(0, "asked by letter X", "list", "housing-archive", "--as", "letters")
	run(0, "nothing to do", "remind", "housing-archive", "--as", "letters")
	letters, err := filepath.Glob(filepath.Join(out, "X*.pdf"))
	if err != nil || len(letters) != 1 {
		t.Fatalf("letters %v: %v", letters, err)
	}
	run(0, "1 person(s)", "reprint", strings.TrimSuffix(filepath.Base(letters[0]), ".pdf"), "--as", "letters", "--out", out)
	letter := strings.TrimSuffix(filepath.Base(letters[0]), ".pdf")
	run(0, letter+"  某区房产档案馆  issued, not sent", "letters", "--as", "letters")
	run(0, `"number":"`+letter, "letters", "--as", "receiver", "--json")
	run(1, "no right", "letters", "--as", "clerk")
	run(1, "tracking number", "sent", letter, "--as", "letters", "--on", today, "--way", "fax", "--tracking", "1")
	run(0, "Noted", "sent", letter, "--as", "letters", "--on", today, "--way", "post", "--tracking", "XA1")
	run(1, "in the future", "failed", letter, "--as", "letters", "--on", "2199-01-01", "--why", "lost")
	run(0, "Noted", "failed", letter, "--as", "letters", "--on", today, "--why", "lost")
	run(0, "Noted", "sent", letter, "--as", "letters", "--on", today, "--way", "hand")
	run(1, "no reminder before", "reminder", letter, "--as", "letters", "--out", out)
	run(1, "Not found", "reminder", letter, "--again", "--as", "letters", "--out", out)
	run(0, "Noted", "reply", letter, letters[0], "--as", "letters", "--on", today) // any PDF will do
	run(0, "written", "scan", letter, "--as", "receiver", "--out", filepath.Join(out, "reply.pdf"))
	if taken, err := os.ReadFile(filepath.Join(out, "reply.pdf")); err != nil || !strings.HasPrefix(string(taken), "%PDF") {
		t.Errorf("the scan: %v", err)
	}
	run(1, "not answered yet", "compared", letter, "--as", "receiver")
	run(0, "Recorded", "answer", housing.ID, "--as", "letters", "--outcome", "none", "--as-of", today, "--by", "回执")
	run(1, "Another officer", "compared", letter, "--as", "letters")
	run(0, "Noted", "compared", letter, "--as", "receiver")
	run(0, "no such letters", "letters", "--as", "letters")
	run(1, "another answer", "answer", housing.ID, "--as", "letters", "--outcome", "refused", "--by", "回执")
	run(0, "Recorded", "correct", housing.ID, "--as", "letters", "--outcome", "refused", "--by", "回执")
	run(1, "another answer", "return", housing.ID, "--as", "letters")
}

func TestAnOfficerAnswersOnlyForSourcesOfPeople(t *testing.T) {
	w := &world{t: t, dir: t.TempDir()}
	letter, _ := connector.Example("letter")
	machine, _ := connector.Example("http")
	w.write("letter.yaml", string(letter))
	w.write("http.yaml", string(machine))
	w.write("node.yaml", "node: haishu\ndivision: \"330203\"\nissuer: 区中心\nregisters:\n  - {source: letter.yaml, scope: \"330203\"}\n  - {source: http.yaml, scope: \"330203\"}\norders: trusted\nofficers:\n"+
		"  - {id: aa, name: 甲, roles: [liaison], sources: [vehicle, moon]}\n  - {id: bb, name: 乙, roles: [liaison]}\n  - {id: cc, name: 丙, roles: [], sources: [housing-archive]}\n")
	code, _, errs := runHedui(t, "check", "--config", filepath.Join(w.dir, "node.yaml"))
	for _, want := range []string{"officers[0].sources[0]:", "officers[0].sources[1]:", "officers[1].sources:", "officers[2].sources:", "housing-archive"} {
		if code != 1 || !strings.Contains(errs, want) {
			t.Errorf("exit %d, %s is not named:\n%s", code, want, errs)
		}
	}
}
