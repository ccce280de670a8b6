package connector

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"hedui/catalog"
	"hedui/day"
	"hedui/source"
)

// of converts one record by a mapping of one field; "" is not given.
func of(t *testing.T, category, field, mapping, record string) string {
	t.Helper()
	yaml := strings.Replace(sound, "category: vehicle", "category: "+category, 1)
	f := load(t, strings.Replace(yaml, "plate_no: hphm", field+": "+mapping, 1), "").fields
	in, err := parseJSON([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	// A second field, so that a silence of the first is seen.
	f = append(f, field2)
	got, fault := converter{blank: []string{"-"}}.record(f, scope{in, in, in})
	if fault != nil {
		if leaks(fault.say) || strings.Contains(fault.say, "secret") {
			t.Errorf("the reason for operators quotes what was received: %s", fault.say)
		}
		return string(fault.reason)
	}
	return got[field]
}

var field2 = field{key: "here", of: catalog.Field{Key: "here", Type: catalog.Text}, at: &path{base: '.', steps: []step{{name: "here"}}}}

func TestDefaultsPeriodsUnitsAndSerialDays(t *testing.T) {
	const bad = "malformed"
	tests := []struct{ name, category, field, mapping, record, want string }{
		{"a silence with a meaning", "housing_fund", "status", `{at: zt, codes: {"1": sealed}, default: normal}`, `{"here":1}`, "normal"},
		{"null is a silence", "housing_fund", "status", `{at: zt, default: normal}`, `{"here":1,"zt":null}`, "normal"},
		{"a text for not given is one", "housing_fund", "status", `{at: zt, default: normal}`, `{"here":1,"zt":"-"}`, "normal"},
		{"what is said counts", "housing_fund", "status", `{at: zt, codes: {"1": sealed}, default: normal}`, `{"here":1,"zt":"1"}`, "sealed"},
		{"a default is no value that was sent", "housing_fund", "status", `{at: zt, default: normal}`, `{}`, "incomplete"},
		{"what cannot be read is no silence", "housing_fund", "balance", `{at: ye, default: "0.00"}`, `{"here":1,"ye":"many"}`, bad},
		{"a formula may be silent too", "housing_fund", "status", `{cel: "record.zt", default: normal}`, `{"here":1,"zt":""}`, "normal"},

		{"a year's sum", "social_insurance", "contribution_base", `{at: js, per: year}`, `{"here":1,"js":57600}`, "4800.00"},
		{"a year's sum in ten thousands", "social_insurance", "contribution_base", `{at: js, per: year, unit: wan}`, `{"here":1,"js":"5.76"}`, "4800.00"},
		{"a year's sum in fen", "social_insurance", "contribution_base", `{at: js, per: year, unit: fen}`, `{"here":1,"js":1200}`, "1.00"},
		{"a rest of a fen", "social_insurance", "contribution_base", `{at: js, per: year}`, `{"here":1,"js":100}`, bad},
		{"a rest of a fen, rounded", "social_insurance", "contribution_base", `{at: js, per: year, round: true}`, `{"here":1,"js":100}`, "8.33"},
		{"half a fen goes up", "social_insurance", "contribution_base", `{at: js, per: year, unit: fen, round: true}`, `{"here":1,"js":6}`, "0.01"},
		{"less than half a fen", "social_insurance", "contribution_base", `{at: js, per: year, unit: fen, round: true}`, `{"here":1,"js":-5}`, "0.00"},
		{"a month's sum stays", "social_insurance", "contribution_base", `{at: js, per: month}`, `{"here":1,"js":4800}`, "4800.00"},
		{"thousands", "housing", "price", `{at: jg, unit: qian}`, `{"here":1,"jg":"1.5"}`, "1500.00"},

		{"a serial day", "housing", "reg_date", `{at: rq, format: excel}`, `{"here":1,"rq":41353}`, "2013-03-20"},
		{"a serial day as a text with a time", "housing", "reg_date", `{at: rq, format: excel}`, `{"here":1,"rq":"41353.999"}`, "2013-03-20"},
		{"the last day of February 1900", "housing", "reg_date", `{at: rq, format: excel}`, `{"here":1,"rq":59}`, "1900-02-28"},
		{"a day that never was", "housing", "reg_date", `{at: rq, format: excel}`, `{"here":1,"rq":60}`, bad},
		{"the first of March 1900", "housing", "reg_date", `{at: rq, format: excel}`, `{"here":1,"rq":61}`, "1900-03-01"},
		{"no day at all", "housing", "reg_date", `{at: rq, format: excel}`, `{"here":1,"rq":0}`, bad},
		{"a number beyond all years", "housing", "reg_date", `{at: rq, format: excel}`, `{"here":1,"rq":9999999}`, bad},
		{"a serial day or a date", "housing", "reg_date", `{at: rq, format: [2006-01-02, excel]}`, `{"here":1,"rq":"2013-03-20"}`, "2013-03-20"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := of(t, tt.category, tt.field, tt.mapping, tt.record); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFormulas(t *testing.T) {
	const bad = "malformed"
	tests := []struct{ name, category, field, mapping, record, want string }{
		{"a choice", "vehicle", "status", `{cel: "record.zt == 'A' && record.qz == '1' ? 'M' : record.zt"}`, `{"zt":"A","qz":1}`, "M"},
		{"the result is converted", "vehicle", "status", `{cel: "record.zt", codes: {"9": E}}`, `{"zt":9}`, "E"},
		{"the first letter of several", "vehicle", "status", `{cel: "record.zt.substring(0, 1)"}`, `{"zt":"GQ"}`, "G"},
		{"two texts become a date", "housing", "reg_date", `{cel: "record.n + '-' + record.y", format: 2006-1}`, `{"n":2013,"y":3}`, "2013-03-01"},
		{"numbers are exact texts", "housing", "price", `{cel: "record.jg"}`, `{"jg":100000000.01}`, "100000000.01"},
		{"whole numbers can be added", "housing", "price", `{cel: "string(int(record.a) + int(record.b))", unit: fen}`, `{"a":150,"b":"50"}`, "2.00"},
		{"a key that may lack", "vehicle", "status", `{cel: "record.?zt.orValue('A')"}`, `{"here":1}`, "A"},
		{"has", "vehicle", "status", `{cel: "has(record.zt) ? record.zt : 'B'"}`, `{"here":1}`, "B"},
		{"null is the empty text", "vehicle", "status", `{cel: "record.zt == '' ? 'B' : 'A'"}`, `{"zt":null}`, "B"},
		{"a list", "vehicle", "status", `{cel: "'Q' in record.zt ? 'Q' : 'A'"}`, `{"zt":["G","Q"]}`, "Q"},
		{"an object inside", "vehicle", "brand", `{cel: "record.pp.zw + record['pp']['yw']"}`, `{"pp":{"zw":"吉利","yw":"Geely"}}`, "吉利Geely"},
		{"what stands at the top", "vehicle", "brand", `{cel: "top.here + entry.here"}`, `{"here":1}`, "11"},
		{"not given", "vehicle", "brand", `{cel: "record.x"}`, `{"here":1,"x":"-"}`, ""},
		{"not given, and required", "vehicle", "brand", `{cel: "record.x", required: true}`, `{"here":1,"x":""}`, "incomplete"},
		{"yes or no of the department", "housing", "affordable_kind", `{cel: "record.x ? 'rent' : 'none'", codes: {rent: low_rent}}`, `{"x":true}`, "low_rent"},
		{"yes or no of the formula", "hukou", "cancel_flag", `{cel: "record.x == '1'"}`, `{"x":1}`, "true"},
		{"a pattern", "vehicle", "brand", `{cel: "record.x.matches('^[0-9]+$') ? '数字' : '文字'"}`, `{"x":"12"}`, "数字"},

		{"a key that is not there", "vehicle", "status", `{cel: "record.zt"}`, `{"here":"secret"}`, bad},
		{"no number", "vehicle", "status", `{cel: "int(record.zt) > 1 ? 'A' : 'B'"}`, `{"zt":"secret"}`, bad},
		{"a list instead of a text", "vehicle", "status", `{cel: "record.zt"}`, `{"zt":["secret"]}`, bad},
		{"another type than the words say", "vehicle", "status", `{cel: "record.zt > 3 ? 'A' : 'B'"}`, `{"zt":5}`, bad},
		{"a result that is no date", "housing", "reg_date", `{cel: "record.zt"}`, `{"zt":"secret"}`, bad},
		{"too dear", "vehicle", "status", `{cel: "record.l.all(a, record.l.all(b, a != b + 'x')) ? 'A' : 'B'"}`,
			`{"l":[` + strings.Repeat(`"0",`, 1999) + `"1"]}`, bad},
		{"a text that grows", "vehicle", "status", `{cel: "record.x.replace('', record.x).replace('', record.x).replace('', record.x)"}`, `{"x":"` + strings.Repeat("y", 3000) + `"}`, bad},
		{"a text that is too long", "vehicle", "status", `{cel: "record.x"}`, `{"x":"` + strings.Repeat("y", maxFormulaText+1) + `"}`, bad},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := of(t, tt.category, tt.field, tt.mapping, tt.record); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAYearsSumIsDividedExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?[0-9]{1,18}(\.[0-9]{1,12})?([eE][-+]?[0-9]{1,2})?`).Draw(t, "number")
		d, ok := parseDecimal(s)
		if !ok {
			return
		}
		want := new(big.Rat).Quo(ratOf(d.text()), big.NewRat(12, 1))
		even := new(big.Rat).Mul(want, big.NewRat(100, 1)).IsInt()
		got, exact := d.over(12, 2, false)
		if exact != even || exact && ratOf(got.text()).Cmp(want) != 0 {
			t.Errorf("%s: got %s and %t, want %s and %t", s, got.text(), exact, want.FloatString(20), even)
		}
		if got, ok = d.over(12, 2, true); !ok || ratOf(got.text()).Cmp(ratOf(rounded(want))) != 0 {
			t.Errorf("%s rounded: got %s, want %s", s, got.text(), rounded(want))
		}
	})
}

func TestSerialDaysCountUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(61, 2_000_000).Draw(t, "day")
		at, ok := fromSerial(fmt.Sprint(n))
		if !ok || day.Of(at) != serialZero.Add(n) || layoutExcel.write(at) != fmt.Sprint(n) {
			t.Errorf("day %d is read as %s and written as %s", n, day.Of(at), layoutExcel.write(at))
		}
		noon, ok := fromSerial(fmt.Sprint(n) + ".5")
		if !ok || noon.Sub(at) != 12*time.Hour {
			t.Errorf("half a day after %d is %s later", n, noon.Sub(at))
		}
	})
}

func TestProblemsOfMappings(t *testing.T) {
	tests := []struct{ name, yaml, want string }{
		{"default beside required", "  brand: {at: x, default: y, required: true}", "12:27: fields.brand.default: has no use beside constant and required"},
		{"default beside constant", "  brand: {constant: x, default: y}", "has no use beside constant"},
		{"default of another form", "  original_value: {at: x, default: much}", "is no money in the catalogue's form"},
		{"default of rows", "  ownership_changes: {at: x, default: y, fields: {date: z}}", "rows cannot be a fixed value"},
		{"period of what has none", "  original_value: {at: x, per: year}", `key "per" is not known here`},
		{"place and formula", "  brand: {at: x, cel: \"'y'\"}", "exactly one of at, constant and cel"},
		{"formula of rows", "  ownership_changes: {cel: \"'y'\", fields: {date: z}}", "rows cannot be a formula"},
		{"formula that gives a number", "  brand: {cel: \"1 + 1\"}", "12:17: fields.brand.cel: gives int and must give a text"},
		{"unknown name", "  brand: {cel: \"'a' + person.name\"}", "12:23: fields.brand.cel: undeclared reference to 'person'"},
		{"no clock", "  brand: {cel: \"string(now())\"}", "undeclared reference to 'now'"},
		{"no floating point", "  brand: {cel: \"string(double(record.x) * 1.1)\"}", "undeclared reference to 'double'"},
		{"half a formula", "  brand: {cel: \"record.x == \"}", "fields.brand.cel: Syntax error"},
		{"mistake in a block", "  brand:\n    cel: |\n      record.x == '1' ? 'a' :\n      nothing", "15:1: fields.brand.cel: undeclared reference to 'nothing'"},
		{"bad pattern", "  brand: {cel: \"record.x.matches('(') ? 'a' : 'b'\"}", "invalid matches argument"},
		{"loops in loops in loops", "  brand: {cel: \"record.l.all(a, record.l.all(b, record.l.all(c, a == c))) ? 'a' : 'b'\"}", "comprehension exceeds nesting limit"},
		{"too long", "  brand: {cel: \"'" + strings.Repeat("x", maxFormula) + "'\"}", "is longer than"},
		{"filter that gives a text", "when: \"record.x\"", "when: must give true or false"},
		{"filter without a mistake", "when: \"record.x == '1'\"\nrefresh: 1", "13:10: refresh"},
		{"days of nobody", "refresh: 1\n", "12:10: refresh"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := problems(t, sound+tt.yaml+"\n").Error(); !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestDepartmentsThatFollowOneAnother(t *testing.T) {
	with := func(s string) string {
		return strings.Replace(sound, "department: 宁波市公安局交通警察局", "department:\n"+s, 1)
	}
	info := load(t, with("  - {name: 宁波市地方税务局, until: 2018-06-15}\n  - {name: 国家税务总局宁波市税务局, from: 2018-06-15}"), "").Info()
	want := []source.Keeper{{Name: "宁波市地方税务局", Until: day.Must("2018-06-15")}, {Name: "国家税务总局宁波市税务局", From: day.Must("2018-06-15")}}
	if !reflect.DeepEqual(info.Keepers, want) || info.Department != want[1].Name {
		t.Errorf("got %s, %v", info.Department, info.Keepers)
	}
	info = load(t, with("  - {name: 甲局}\n  - {name: 乙局, from: 2018-06-15}"), "").Info()
	if info.Keepers[0].Until != day.Must("2018-06-15") {
		t.Errorf("the first body ends on %q, want the day before the next", info.Keepers[0].Until)
	}
	for name, tt := range map[string]struct{ yaml, want string }{
		"gap":             {"  - {name: 甲局, until: 2018-06-01}\n  - {name: 乙局, from: 2018-06-15}", "from must be the day on which the body before ends, 2018-06-01"},
		"no first day":    {"  - {name: 甲局}\n  - {name: 乙局}", "from is missing"},
		"newest first":    {"  - {name: 甲局, from: 2018-06-15}\n  - {name: 乙局, from: 2013-03-01}", "write the oldest first"},
		"ends too early":  {"  - {name: 甲局, from: 2018-06-15, until: 2013-03-01}", "until must be after from"},
		"not a day":       {"  - {name: 甲局, until: June}", "must be a day"},
		"no name":         {"  - {from: 2018-06-15}", "name is missing"},
		"name in English": {"  - {name: tax bureau}", "must be the name in Chinese"},
		"another key":     {"  - {name: 甲局, since: 2018-06-15}", `key "since" is not known here`},
	} {
		if got := problems(t, with(tt.yaml)).Error(); !strings.Contains(got, tt.want) {
			t.Errorf("%s: got %s\nwant %s", name, got, tt.want)
		}
	}
}

// ask lets a source read one body about wang, and returns what it logs.
func ask(t *testing.T, yaml, body string) (source.Answer, string) {
	t.Helper()
	at := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
	var log bytes.Buffer
	s := New(load(t, yaml, at), Options{Now: clock, Log: slog.New(slog.NewTextHandler(&log, nil))})
	queries := []source.Query{query(t, wang, "Q1", catalog.Vehicle)}
	answers, err := s.Ask(t.Context(), queries)
	if err != nil {
		t.Fatal(err)
	}
	if err := source.CheckAnswers(queries, answers); err != nil {
		t.Fatal(err)
	}
	if leaks(log.String()) {
		t.Errorf("logged personal data: %s", log.String())
	}
	return answers[0], log.String()
}

func TestUnknownCodesAreKeptAndCounted(t *testing.T) {
	yaml := sound + "  status: {at: zt, codes: {\"1\": A}}\n  usage: yt\n"
	a, log := ask(t, yaml, `{"data":[{"hphm":"浙B1","zt":"1","yt":"X9"},{"hphm":"浙B2","zt":"77","yt":"X9"},
		{"hphm":"浙B3","zt":"`+wang.ID.Reveal()+`","yt":"`+strings.Repeat("Z", 21)+`"},{"hphm":"浙B4","zt":"外地"}]}`)
	if a.Outcome != source.Found || len(a.Records) != 4 || a.Records[1]["status"] != "77" || a.Records[0]["usage"] != "X9" {
		t.Fatalf("got %s %s with %d records, want all four as they came", a.Outcome, a.Reason, len(a.Records))
	}
	for _, want := range []string{"field=status code=77 count=1", "field=usage code=X9 count=2", `field=status code="" count=2`, `field=usage code="" count=1`} {
		if !strings.Contains(log, "source=vehicle "+want) {
			t.Errorf("not logged: %s\n%s", want, log)
		}
	}
	if strings.Contains(log, "Q1") || strings.Contains(log, "code=A") {
		t.Errorf("a query or a known code is logged: %s", log)
	}
}

func TestAFilterNeverTurnsFoundIntoNone(t *testing.T) {
	yaml := strings.Replace(sound, "fields:", "when: \"record.lx == '02'\"\nclosed: true\nfields:", 1)
	tests := []struct {
		name, data string
		want       source.Outcome
		why        source.Reason
		records    int
		logged     string
	}{
		{"all count", `[{"hphm":"1","lx":"02"}]`, source.Found, "", 1, ""},
		{"one is left out", `[{"hphm":"1","lx":"02"},{"hphm":"2","lx":"01"}]`, source.Found, "", 1, "left out\" source=vehicle count=1"},
		{"all are left out", `[{"hphm":"1","lx":"01"},{"hphm":"2","lx":"03"}]`, source.NotCovered, "left_out", 0, "left out\" source=vehicle count=2"},
		{"nothing there", `[]`, source.None, "", 0, ""},
		{"the filter fails", `[{"hphm":"1"}]`, source.Failed, "malformed", 0, "why=\"when: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, log := ask(t, yaml, `{"data":`+tt.data+`}`)
			if a.Outcome != tt.want || a.Reason != tt.why || len(a.Records) != tt.records {
				t.Errorf("got %s/%s with %d records, want %s/%s with %d", a.Outcome, a.Reason, len(a.Records), tt.want, tt.why, tt.records)
			}
			if !strings.Contains(log, tt.logged) || tt.logged == "" && log != "" {
				t.Errorf("logged %q, want %q", log, tt.logged)
			}
		})
	}
}

// Somebody else's record is malformed whether the filter wants it or not.
func TestAFilterDoesNotHideWhoseRecordItIs(t *testing.T) {
	yaml := strings.Replace(sound, "  records: data\n", "  records: data\n  person: {id: sfz}\n", 1) + "when: \"record.lx == '02'\"\n"
	a, _ := ask(t, yaml, `{"data":[{"hphm":"1","lx":"01","sfz":"`+li.ID.Reveal()+`"}]}`)
	if a.Outcome != source.Failed || a.Reason != "malformed" {
		t.Errorf("got %s/%s, want failed/malformed", a.Outcome, a.Reason)
	}
}

func FuzzFormula(f *testing.F) {
	for _, s := range []string{"record.a", "has(record.a) ? record.a : 'x'", "record.l.filter(x, x != '1').size() > 1 ? 'a' : 'b'", "top.a.split('-').join()",
		"record.?a.orValue('')", "'%s'.format([record.a])", "record.a.replace('', record.a)", "bytes(record.a) == b'1' ? 'a' : 'b'", "[", "1 / 0 == 1 ? 'a' : 'b'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		in := map[string]any{"a": "1-2", "l": []any{"1", "2", nil}, "o": map[string]any{"b": true}}
		s := scope{in, in, in}
		if made, flaws := compile(text, false); (made == nil) != (len(flaws) > 0) {
			t.Fatalf("formula %t, flaws %v", made != nil, flaws)
		} else if made != nil {
			if got, ok := made.text(s); !ok && got != "" {
				t.Errorf("failed and gave %q", got)
			}
		}
		if made, _ := compile(text, true); made != nil {
			made.holds(s)
		}
	})
}

func FuzzSerialDays(f *testing.F) {
	for _, s := range []string{"1", "59", "60", "61", "41353.75", "1e5", "-1", "", "0.5", "2958465"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := fromSerial(s)
		if ok && (at.Year() < 1899 || at.Year() > 9999) {
			t.Errorf("%q is read as %s", s, at)
		}
	})
}
