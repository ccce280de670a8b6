package hedui

import (
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/source"
)

// The life of an item, all states against all states, columns in the order of the rows.
func TestItemStatesAllAgainstAll(t *testing.T) {
	drawing := strings.Fields(`
		listed    .xxxx
		lettered  ..xxx
		answered  ..x..
		returned  ..x..
		ended     x....`)
	if got, want := len(drawing), 2*len(ItemStates()); got != want {
		t.Fatalf("the drawing has %d words, want %d", got, want)
	}
	for i, from := range ItemStates() {
		if drawing[2*i] != string(from) {
			t.Fatalf("row %d is %s, want %s", i, drawing[2*i], from)
		}
		for j, to := range ItemStates() {
			if got, want := from.CanBecome(to), drawing[2*i+1][j] == 'x'; got != want {
				t.Errorf("%s to %s: %v, want %v", from, to, got, want)
			}
		}
	}
}

func TestOnlyWhoIsNamedForASourceAnswersForIt(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Officer
		ok   bool
	}{
		{"right and source", Officer{Division: "330203", Rights: []Right{AnswerQueries}, Sources: []string{"land"}}, true},
		{"another source", Officer{Division: "330203", Rights: []Right{AnswerQueries}, Sources: []string{"housing"}}, false},
		{"source without the right", Officer{Division: "330203", Rights: []Right{VerifyCases}, Sources: []string{"land"}}, false},
		{"right without source", Officer{Division: "330203", Rights: []Right{AnswerQueries}}, false},
		{"nowhere", Officer{Rights: []Right{AnswerQueries}, Sources: []string{"land"}}, false},
	} {
		if err := c.o.MayAnswer("land"); (err == nil) != c.ok || err != nil && KindOf(err) != Forbidden {
			t.Errorf("%s: %v, want ok %v", c.name, err, c.ok)
		}
	}
}

func mustID(t *testing.T, s string) idcard.Number {
	t.Helper()
	n, err := idcard.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatPeopleTypeBecomesTheCatalogues(t *testing.T) {
	land, _ := catalog.Get(catalog.Land)
	chen := mustID(t, "330200195102100011")
	e := Entry{Outcome: "found", AsOf: "2026年11月1日", By: " 档案科 ", Records: []EntryRecord{{Fields: map[string]string{
		"right_holder": "陈某", "right_holder_id_no": "330200510210001", "area_m2": "８９．５m²", "share": "50%", "mortgage": "否",
		"acquire_date": "1998.7.1", "right_type": "宅基地使用权", "land_use": "从未见过", "parcel_no": ""}}}}
	a, problems := e.Read(land, chen, noon)
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	want := catalog.Record{"right_holder": "陈某", "right_holder_id_no": chen.Reveal(), "area_m2": "89.5", "share": "50", "mortgage": "false",
		"acquire_date": "1998-07-01", "right_type": "homestead", "land_use": "从未见过"}
	got := a.Records[0]
	for key := range want {
		if got[key] != want[key] {
			t.Errorf("%s is %q, want %q", key, got[key], want[key])
		}
	}
	if len(got) != len(want) || len(land.Check(got)) > 0 || a.Match != source.MatchIDName || dayText(a.AsOf) != "2026-11-01" || !strings.HasPrefix(a.Hash, "sha256:") {
		t.Errorf("answer %s with %d fields, match %s", a.Outcome, len(got), a.Match)
	}
	again, _ := e.Read(land, chen, noon)
	e.Records[0].Fields["share"] = "51"
	other, _ := e.Read(land, chen, noon)
	if again.Hash != a.Hash || other.Hash == a.Hash {
		t.Error("the hash must be that of what was entered")
	}
}

func TestAllProblemsOfAnEntryComeAtOnce(t *testing.T) {
	land, _ := catalog.Get(catalog.Land)
	hukou, _ := catalog.Get(catalog.Hukou)
	chen := mustID(t, "330200195102100011")
	record := func(pairs ...string) []EntryRecord {
		fields := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			fields[pairs[i]] = pairs[i+1]
		}
		return []EntryRecord{{Fields: fields}}
	}
	for _, c := range []struct {
		name     string
		category catalog.Category
		entry    Entry
		want     string
	}{
		{"nothing at all", land, Entry{}, "outcome by"},
		{"found without records", land, Entry{Outcome: "found", AsOf: "2026-11-01", By: "甲科"}, "records"},
		{"none with records", land, Entry{Outcome: "none", AsOf: "2026-11-01", By: "甲科", Records: record("share", "1")}, "records"},
		{"failed is no answer of people", land, Entry{Outcome: "failed", By: "甲科"}, "outcome"},
		{"tomorrow's register", land, Entry{Outcome: "none", AsOf: "2026-11-24", By: "甲科"}, "as_of"},
		{"every field wrong", land, Entry{Outcome: "found", AsOf: "?", By: strings.Repeat("长", 61), Records: record(
			"right_holder_id_no", "3.30200E+17", "area_m2", "-5", "share", "101", "mortgage", "也许", "acquire_date", "9999-12-31", "moon", "1")},
			"as_of by records[0].acquire_date records[0].area_m2 records[0].moon records[0].mortgage records[0].right_holder_id_no records[0].share"},
		{"somebody else's record", land, Entry{Outcome: "found", AsOf: "2026-11-01", By: "甲科", Records: record("right_holder_id_no", "330200198002290018")}, "records[0].right_holder_id_no"},
		{"an empty record", land, Entry{Outcome: "found", AsOf: "2026-11-01", By: "甲科", Records: record("share", " ")}, "records[0]"},
		{"rows of rows", hukou, Entry{Outcome: "found", AsOf: "2026-11-01", By: "甲科", Records: []EntryRecord{{Rows: map[string][]map[string]string{
			"moves": {{"date": "2020-13-01"}, {"place": "慈溪"}}, "name": {{"x": "y"}}}}}}, "records[0].moves[0].date records[0].name"},
	} {
		_, problems := c.entry.Read(c.category, chen, noon)
		var fields []string
		for _, p := range problems {
			fields = append(fields, p.Field)
		}
		if got, want := strings.Join(fields, " "), c.want; got != want {
			t.Errorf("%s: problems in %q, want %q", c.name, got, want)
		}
	}
}

// Whatever is typed, what is taken is what the catalogue knows, and what is not
// taken is named with a place and a text.
func FuzzEntry(f *testing.F) {
	f.Add("land", "area_m2", "８９．５ m²", "found", "2026/11/1", "甲科")
	f.Add("hukou", "id_no", "330200510210001", "found", "20261101", "x")
	f.Add("housing_fund", "balance", "1,234.5元", "none", "", "")
	f.Add("business", "uscc", "\ufeff\x00", "found", "9999-99-99", strings.Repeat("x", 99))
	f.Fuzz(func(t *testing.T, code, key, text, outcome, asOf, by string) {
		category, ok := catalog.Get(catalog.Code(code))
		if !ok {
			return
		}
		e := Entry{Outcome: outcome, AsOf: asOf, By: by, Records: []EntryRecord{{Fields: map[string]string{key: text}, Rows: map[string][]map[string]string{key: {{text: key, "date": text}}}}}}
		a, problems := e.Read(category, idcard.Number{}, noon)
		if len(problems) == 0 && (a.Outcome != source.Found || a.Match == "" || a.AsOf.IsZero() || a.Hash == "") {
			t.Errorf("taken as %s", a.Outcome)
		}
		for _, r := range a.Records {
			if faults := category.Check(r); len(faults) > 0 {
				t.Errorf("taken, but not the catalogue's: %v", faults)
			}
		}
		for _, p := range problems {
			if p.Field == "" || p.Say.Key == "" {
				t.Errorf("problem without place or text: %+v", p)
			}
		}
	})
}
