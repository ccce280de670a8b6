package sim_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/connector"
	"hedui/internal/sim"
	"hedui/source"
)

var noon = time.Date(2026, 11, 20, 4, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// A town is a started city with its sources.
type town struct {
	*sim.City
	sources map[catalog.Code]source.Source
}

func start(t testing.TB, o sim.Options) town {
	t.Helper()
	o.Now = clock
	o.Population = cmp.Or(o.Population, 200) // front-end databases are filled at each start
	c, err := sim.NewCity(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	all := map[catalog.Code]source.Source{}
	for name, text := range c.SourceFiles() {
		cfg, err := connector.Load(name, text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s := connector.New(cfg, connector.Options{Now: clock})
		t.Cleanup(func() { _ = s.(io.Closer).Close() })
		all[s.Info().Categories[0]] = s
	}
	if len(all) != len(catalog.Usual())+1 { // and the banks
		t.Fatalf("%d categories have a source: %v", len(all), slices.Collect(maps.Keys(all)))
	}
	return town{c, all}
}

// frontEnd are the categories whose department cannot count whom it is asked about.
var frontEnd = map[catalog.Code]bool{catalog.LocalTax: true, catalog.NationalTax: true}

// ask asks one category about several persons and fetches what comes later.
func (w town) ask(t testing.TB, c catalog.Code, persons ...source.Person) []source.Answer {
	t.Helper()
	var queries []source.Query
	for i, p := range persons {
		queries = append(queries, queryAs(t, i, c, p))
	}
	answers := w.must(t, c, queries)
	for {
		var later []source.Query
		var at []int
		wait := time.Duration(0)
		for i, a := range answers {
			if a.Later != nil {
				later, at, wait = append(later, queries[i].WithToken(a.Later.Token)), append(at, i), max(wait, a.Later.After)
			}
		}
		if len(later) == 0 {
			return answers
		}
		time.Sleep(wait)
		for i, a := range w.must(t, c, later) {
			answers[at[i]] = a
		}
	}
}

func queryOn(t testing.TB, c catalog.Code, p source.Person) source.Query {
	t.Helper()
	return queryAs(t, 0, c, p)
}

func queryAs(t testing.TB, i int, c catalog.Code, p source.Person) source.Query {
	t.Helper()
	m, err := source.Mint(source.Terms{Number: fmt.Sprintf("SQ%04d", i), Consent: "C1", Purpose: "dibao", Person: p,
		Categories: []catalog.Code{c}, From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	q, err := m.Query(fmt.Sprintf("case/%d/%s", asks.Add(1), c), c, source.Window{From: day.Must("2025-11-20"), To: day.Must("2026-11-19")}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// asks numbers the queries of all tests: no two have the same id.
var asks atomic.Int64

func (w town) must(t testing.TB, c catalog.Code, queries []source.Query) []source.Answer {
	t.Helper()
	var all []source.Answer
	for part := range slices.Chunk(queries, w.sources[c].Info().Limits.WithDefaults().Batch) {
		answers, err := w.sources[c].Ask(context.Background(), part)
		if err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		if err := source.CheckAnswers(part, answers); err != nil {
			t.Fatalf("%s: %v", c, err)
		}
		all = append(all, answers...)
	}
	return all
}

func family(t testing.TB, key string) []source.Person {
	t.Helper()
	for _, f := range sim.Families() {
		if f.Key == key {
			var persons []source.Person
			for _, m := range f.Members {
				persons = append(persons, source.Person{Name: m.Name, ID: m.ID})
			}
			return persons
		}
	}
	t.Fatalf("no family %s", key)
	return nil
}

// checked fails for records that the catalogue does not know.
func checked(t testing.TB, c catalog.Code, a source.Answer) {
	t.Helper()
	category, _ := catalog.Get(c)
	for _, r := range a.Records {
		for _, f := range append(category.Check(r), r.UnknownCodes(category)...) {
			t.Errorf("%s: %s", c, f)
		}
	}
}

func codes() []catalog.Code {
	var list []catalog.Code
	for _, c := range catalog.Usual() {
		list = append(list, c.Code)
	}
	return list
}

// The grid of outcomes is drawn: one line for a person, one letter for a
// category in the order of the catalogue. F found, N none, C not covered, D
// identity doubt.
func TestFamiliesAnswerAsTheirStoriesSay(t *testing.T) {
	w := start(t, sim.Options{Instant: true})
	letters := map[source.Outcome]string{source.Found: "F", source.None: "N", source.NotCovered: "C", source.IdentityDoubt: "D"}
	want := map[string]string{
		//        huk veh mar dea ltx ntx soc emp lan hou fnd biz
		"wang":  "F N N N F N N N N N N F",
		"li":    "F N F N N N N N N N N N|F N F N N N N N N N N N|F N N N N N N N N N N N|F N N N N N N C N N N N",
		"zhang": "F F N N N N N N N N N N|F N N N N N F N N N N N",
		"sun":   "F N F N N N N N N N N N|F N F N F N F F N N F N",
		"zhao":  "D N D N N N D D D D D D", // a front-end database has nobody's name but in a row
		"chen":  "F N N N N N F N F N N N",
		"mai":   "F N N N N N N N F N N N",
		"zeng":  "F N N N N N N N N N N F",
		"zhou":  "F N F N F N F F N N F N|F N F N N N N N N N N N|F N N N N N N C N N N N",
	}
	for _, f := range sim.Families() {
		persons := family(t, f.Key)
		grid := make([]string, len(persons))
		for _, c := range codes() {
			for i, a := range w.ask(t, c, persons...) {
				checked(t, c, a)
				if letters[a.Outcome] == "" {
					t.Errorf("%s %d %s: %s %s", f.Key, i, c, a.Outcome, a.Reason)
				}
				grid[i] += " " + letters[a.Outcome]
			}
		}
		for i := range grid {
			grid[i] = strings.TrimSpace(grid[i])
		}
		if got := strings.Join(grid, "|"); got != want[f.Key] {
			t.Errorf("%s:\n got %s\nwant %s", f.Key, got, want[f.Key])
		}
	}
}

func TestRecordsInCatalogueForm(t *testing.T) {
	w := start(t, sim.Options{Instant: true})
	at := func(key string, member int, c catalog.Code) source.Answer {
		t.Helper()
		return w.ask(t, c, family(t, key)[member])[0]
	}
	tests := []struct {
		name   string
		answer source.Answer
		match  source.Match
		want   catalog.Record
	}{
		{"Wang's company", at("wang", 0, "business"), source.MatchIDName, catalog.Record{
			"name": "宁波海曙诚达信息咨询有限公司", "status": "active", "registered_capital": "500000.00", "paid_in": "500000.00",
			"found_date": "2010-05-18", "position": "legal_rep", "share": "100", "type": "single_limited", "term_to": ""}},
		{"tax of Wang's company", at("wang", 0, "local_tax"), source.MatchIDName, catalog.Record{
			"taxpayer_role": "legal_rep", "tax_item": "corporate_income_tax", "company_name": "宁波海曙诚达信息咨询有限公司", "income_amount": ""}},
		{"Wang's household", at("wang", 0, "hukou"), source.MatchIDName, catalog.Record{
			"division_code": "330203", "sex": "1", "birth_date": "1980-02-29", "relation_to_head": "02", "cancel_flag": "false"}},
		{"Li's marriage", at("li", 0, "marriage"), source.MatchIDName, catalog.Record{
			"spouse_name": "周秀芬", "spouse_id_no": "330200197205200022", "marital_status": "20", "reg_type": "marriage", "reg_date": "2003-05-12"}},
		{"Zhang's wreck", at("zhang", 0, "vehicle"), source.MatchIDName, catalog.Record{
			"status": "P", "first_reg_date": "1999-04-20", "inspection_valid_to": "2006-04-30", "original_value": "42800.00", "brand": "奥拓"}},
		{"Zhang's mother's pension", at("zhang", 1, "social_insurance"), source.MatchIDName, catalog.Record{
			"pension_received": "320.00", "central_basic_pension": "143.00", "insured_type": "pension_resident", "month": "2026-10"}},
		{"Chen's land", at("chen", 0, "land"), source.MatchID15, catalog.Record{
			"right_holder_id_no": "330200195102100011", "right_type": "homestead", "share": "100", "mortgage": "false"}},
		{"the dotted name's land", at("mai", 0, "land"), source.MatchID15, catalog.Record{"right_holder": "阿依古丽.买买提"}},
		{"Zhou's wage", at("zhou", 0, "local_tax"), source.MatchIDName, catalog.Record{
			"income_amount": "4800.00", "tax_item": "wage", "period_from": "2025-11-01", "period_to": "2025-11-30", "tax_amount": "0.00"}},
		{"Zhou's contributions", at("zhou", 0, "social_insurance"), source.MatchIDName, catalog.Record{
			"contribution_base": "4986.00", "unit_name": "宁波慈溪宏泰机械制造有限公司", "month": "2025-11"}},
		{"Zhou's fund", at("zhou", 0, "housing_fund"), source.MatchIDName, catalog.Record{
			"deposit_base": "4800.00", "personal_rate": "8", "monthly_deposit": "768.00", "status": "normal", "last_paid_month": "2026-10"}},
		{"Sun's husband", at("sun", 0, "marriage"), source.MatchIDName, catalog.Record{"spouse_name": "胡振华"}},
		{"the zombie", at("zeng", 0, "business"), source.MatchIDName, catalog.Record{"status": "revoked", "uscc": "", "paid_in": ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.answer.Outcome != source.Found || tt.answer.Match != tt.match || tt.answer.AsOf.IsZero() {
				t.Fatalf("%s, match %s, as of %s; want found, %s", tt.answer.Outcome, tt.answer.Match, tt.answer.AsOf, tt.match)
			}
			for key, want := range tt.want {
				if got := tt.answer.Records[0][key]; got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
		})
	}
	wang := at("wang", 0, "local_tax").Records
	if last := wang[len(wang)-1]; last["taxpayer_role"] != "investor" || last["share"] != "100" || last["company_tax_total"] == "" {
		t.Error("Wang is not shown as the only investor of his company")
	}
	if got, want := len(wang), 5; got != want {
		t.Errorf("%d tax records of Wang, want four quarters and his share", got)
	}
	if got, want := len(at("zhou", 0, "local_tax").Records), 12; got != want {
		t.Errorf("%d months of wage, want %d", got, want)
	}
}

// Every person of a small city can be asked about in every register, and what
// comes is what the catalogue knows.
func TestTheWholeCityAnswers(t *testing.T) {
	w := start(t, sim.Options{Instant: true, Population: 400, Seed: 11})
	var persons []source.Person
	for i := range w.Size() {
		name, id := w.Person(i)
		persons = append(persons, source.Person{Name: name, ID: id})
	}
	for _, c := range codes() {
		found := 0
		for i, a := range w.ask(t, c, persons...) {
			checked(t, c, a)
			switch a.Outcome {
			case source.Found:
				found++
			case source.None, source.NotCovered:
			default:
				t.Errorf("%s of person %d: %s %s", c, i, a.Outcome, a.Reason)
			}
			if got := w.Asked(c, persons[i].ID); got != 1 && !frontEnd[c] {
				t.Fatalf("%s of person %d: searched %d times", c, i, got)
			}
		}
		if found == 0 {
			t.Errorf("%s holds nothing on anybody", c)
		}
	}
}

func TestUsualDelaysAndStrangers(t *testing.T) {
	w := start(t, sim.Options{Population: 100})
	stranger, err := idcard.Parse("11010519491231002X")
	if err != nil {
		t.Fatal(err)
	}
	p := source.Person{Name: "某某", ID: stranger}
	for _, c := range codes() {
		want := source.None
		if c == "hukou" || c == "employment" {
			want = source.NotCovered
		}
		if got := w.ask(t, c, p)[0]; got.Outcome != want {
			t.Errorf("%s: %s %s, want %s", c, got.Outcome, got.Reason, want)
		}
	}
}
