package source

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
)

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func terms(t *testing.T) Terms {
	t.Helper()
	id, ok := idcard.Make("330200", day.Must("1970-01-01"), 5)
	if !ok {
		t.Fatal("no such number")
	}
	return Terms{Number: "M1", Consent: "S1", Purpose: "dibao", Person: Person{"王试验", id},
		Categories: []catalog.Code{"hukou", "land"}, From: noon, Until: noon.Add(time.Hour)}
}

// A mandate needs all of its terms.
func TestMintRefusesWhatIsNotComplete(t *testing.T) {
	for name, change := range map[string]func(*Terms){
		"number":     func(x *Terms) { x.Number = "" },
		"consent":    func(x *Terms) { x.Consent = "" },
		"purpose":    func(x *Terms) { x.Purpose = "" },
		"name":       func(x *Terms) { x.Person.Name = "" },
		"person":     func(x *Terms) { x.Person.ID = idcard.Number{} },
		"categories": func(x *Terms) { x.Categories = nil },
		"period":     func(x *Terms) { x.Until = x.From },
	} {
		x := terms(t)
		change(&x)
		if _, err := Mint(x); !errors.Is(err, ErrTerms) {
			t.Errorf("without %s: %v, want ErrTerms", name, err)
		}
	}
}

func TestNoQueryWithoutALiveMandate(t *testing.T) {
	m, err := Mint(terms(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		id       string
		category catalog.Code
		at       time.Time
		want     error
	}{
		{"live", "q", "hukou", noon, nil},
		{"last instant", "q", "land", noon.Add(time.Hour - 1), nil},
		{"too early", "q", "hukou", noon.Add(-1), ErrNotYet},
		{"expired", "q", "hukou", noon.Add(time.Hour), ErrExpired},
		{"other category", "q", "vehicle", noon, ErrCategory},
		{"no id", "", "hukou", noon, ErrBadQueryID},
	} {
		q, err := m.Query(c.id, c.category, Window{}, c.at)
		if !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if got := q.Check(c.at); (c.want == nil) != (got == nil) {
			t.Errorf("%s: the source's own check says %v", c.name, got)
		}
	}
	if err := (Query{}).Check(noon); !errors.Is(err, ErrNoMandate) {
		t.Errorf("zero query: %v", err)
	}
	if _, err := (Mandate{}).Query("q", "hukou", Window{}, noon); !errors.Is(err, ErrNoMandate) {
		t.Errorf("zero mandate: %v", err)
	}
}

// Changing what was given or returned must not widen a mandate.
func TestAMandateCannotBeWidened(t *testing.T) {
	x := terms(t)
	m, err := Mint(x)
	if err != nil {
		t.Fatal(err)
	}
	x.Categories[0] = "vehicle"
	m.Terms().Categories[0] = "vehicle"
	if m.Live("vehicle", noon) == nil || m.Live("hukou", noon) != nil {
		t.Error("the mandate has changed")
	}
}

func TestCheckAnswers(t *testing.T) {
	m, err := Mint(terms(t))
	if err != nil {
		t.Fatal(err)
	}
	q, err := m.Query("q", "hukou", Window{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	record := []catalog.Record{{"name": "x"}}
	for _, c := range []struct {
		name   string
		answer Answer
		ok     bool
	}{
		{"found", Answer{Query: "q", Outcome: Found, Match: MatchID, Records: record}, true},
		{"none", Answer{Query: "q", Outcome: None}, true},
		{"failed with a reason", Answer{Query: "q", Outcome: Failed, Reason: ReasonDown}, true},
		{"later", Answer{Query: "q", Later: &Later{Token: "t"}}, true},
		{"of another query", Answer{Query: "p", Outcome: None}, false},
		{"found without records", Answer{Query: "q", Outcome: Found, Match: MatchID}, false},
		{"found without a match", Answer{Query: "q", Outcome: Found, Records: record}, false},
		{"none with records", Answer{Query: "q", Outcome: None, Records: record}, false},
		{"refused without a reason", Answer{Query: "q", Outcome: Refused}, false},
		{"silence", Answer{Query: "q"}, false},
		{"unknown outcome", Answer{Query: "q", Outcome: "maybe"}, false},
		{"later without a token", Answer{Query: "q", Later: &Later{}}, false},
		{"later with an outcome", Answer{Query: "q", Outcome: None, Later: &Later{Token: "t"}}, false},
	} {
		if err := CheckAnswers([]Query{q}, []Answer{c.answer}); (err == nil) != c.ok {
			t.Errorf("%s: %v, want ok %v", c.name, err, c.ok)
		}
	}
	if err := CheckAnswers([]Query{q}, nil); !errors.Is(err, ErrAnswer) {
		t.Errorf("no answers: %v", err)
	}
}

func TestPersonsAndQueriesPrintMasked(t *testing.T) {
	x := terms(t)
	m, err := Mint(x)
	if err != nil {
		t.Fatal(err)
	}
	q, err := m.Query("q", "hukou", Window{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(x.Person), fmt.Sprintf("%+v", x), fmt.Sprintf("%#v", m), fmt.Sprintf("%v %s", q, q)} {
		if strings.Contains(text, x.Person.ID.Reveal()) || strings.Contains(text, "王试验") {
			t.Errorf("printed in clear: %s", text)
		}
	}
}

func TestLimitsHaveDefaults(t *testing.T) {
	l := Limits{}.WithDefaults()
	if l.Batch != 1 || l.Concurrency != 4 || l.PerSecond != 50 || l.Timeout != 10*time.Second {
		t.Errorf("got %+v", l)
	}
	if l := (Limits{Batch: 7, Timeout: time.Second}).WithDefaults(); l.Batch != 7 || l.Timeout != time.Second {
		t.Errorf("what was set is lost: %+v", l)
	}
}
