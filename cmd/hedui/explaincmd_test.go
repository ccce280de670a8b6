package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
)

// An item goes from the question to the department's correction on the command line.
func TestAnItemIsExplainedFromTheCommandLine(t *testing.T) {
	needFont(t)
	w, p := lists(t)
	form := w.forms(1)[0]
	r := w.accepted(p, form)
	land, housing := w.item(p, "liaison", "land"), w.item(p, "letters", "housing-archive")
	out, today := filepath.Join(w.dir, "out"), day.Of(time.Now()).String()
	run := func(want int, say string, args ...string) string {
		t.Helper()
		code, out, errs := runHedui(t, append(args, "--config", p.config)...)
		if code != want || !strings.Contains(out+errs, say) {
			t.Errorf("%v: exit %d, want %d and %q\n%s%s", args[:3], code, want, say, out, errs)
		}
		if strings.Contains(errs, form.Persons[0].ID) {
			t.Errorf("%v: an error holds the number", args[:3])
		}
		return out
	}
	w.write("out/land.json", `{"outcome": "found", "as_of": "`+today+`", "by": "档案岗", "records": [{"fields": {"location": "某村 12 号", "area_m2": "89.5"}}]}`)
	run(0, "Recorded", "worklist", "answer", land.ID, "--file", filepath.Join(out, "land.json"))
	run(0, "Recorded", "worklist", "answer", housing.ID, "--as", "letters", "--outcome", "none", "--as-of", today, "--by", "回执")

	var c caseAnswer
	if err := r.order(hedui.OpenCases, "case/find", openArgs{Draft: "draft", Form: form}, &c); err != nil {
		t.Fatal(err)
	}
	var items []explanationAnswer
	for range 100 {
		if err := json.Unmarshal([]byte(run(0, "[", "case", "explain", "list", c.ID, "--json", "--as", "receiver")), &items); err != nil {
			t.Fatal(err)
		}
		if len(items) > 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if len(items) != 1 || len(items[0].Records) != 1 {
		t.Fatalf("items %+v, want one with its record", items)
	}
	item := items[0].ID
	w.write("out/odd.json", `{"result": "explained"}`)
	w.write("out/done.json", `{"outcome": "explained", "text": "祖屋已倒塌"}`)
	w.write("out/wrong.json", `{"outcome": "source_error", "text": "已过户", "wrong": [1]}`)
	run(1, "must be JSON", "case", "explain", "enter", c.ID, item, "--rev", "1", "--as", "commissioner", "--file", filepath.Join(out, "odd.json"))
	run(1, "need evidence", "case", "explain", "enter", c.ID, item, "--rev", "1", "--as", "commissioner", "--file", filepath.Join(out, "done.json"))
	run(1, "PDF, PNG or JPEG", "case", "explain", "attach", c.ID, item, filepath.Join(out, "done.json"), "--rev", "1", "--as", "commissioner")
	run(0, "to be confirmed", "case", "explain", "enter", c.ID, item, "--rev", "1", "--as", "commissioner", "--file", filepath.Join(out, "wrong.json"))
	run(1, "Somebody has just changed", "case", "explain", "settle", c.ID, item, "--rev", "1", "--as", "reviewer")
	run(0, "to be explained", "case", "explain", "send-back", c.ID, item, "--rev", "2", "--why", "哪一处", "--as", "reviewer")
	run(0, "to be confirmed", "case", "explain", "enter", c.ID, item, "--rev", "3", "--as", "commissioner", "--file", filepath.Join(out, "wrong.json"))
	run(0, "asked to correct it", "case", "explain", "settle", c.ID, item, "--rev", "4", "--as", "reviewer")
	run(1, "No company", "case", "explain", "suspend", c.ID, "--as", "receiver")

	var requests []correctionAnswer
	if err := json.Unmarshal([]byte(run(0, "[", "case", "corrections", "--json", "--as", "receiver")), &requests); err != nil || len(requests) != 1 {
		t.Fatalf("requests %v, %v", requests, err)
	}
	number := requests[0].Number
	run(1, "corrected or upheld", "case", "correct", number, "maybe", "--why", "x", "--as", "receiver")
	run(0, "corrected, to be asked again", "case", "correct", number, "corrected", "--why", "已更正", "--as", "receiver")
	run(1, "has an answer already", "case", "correct", number, "upheld", "--why", "无误", "--as", "receiver")
	var reminders []reminderAnswer
	if err := json.Unmarshal([]byte(run(0, number, "case", "reminders", "--json", "--as", "receiver")), &reminders); err != nil || len(reminders) != 1 {
		t.Fatalf("reminders %v, %v", reminders, err)
	}
	run(0, "", "case", "reminded", reminders[0].ID, "--as", "receiver")
	if left := run(0, "", "case", "reminders", "--as", "receiver"); left != "" {
		t.Errorf("left: %s", left)
	}
}
