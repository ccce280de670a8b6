package connector_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
	"hedui/internal/connector"
	"hedui/source"
)

const manualLand = `name: land
kind: worklist
department: 某区自然资源局
category: land
refresh: 720h
answers_within: 3wd
liaison: 档案岗
`

func TestASourceThatPeopleAnswerSaysSo(t *testing.T) {
	cfg, err := connector.Load("land.yaml", []byte(manualLand))
	if err != nil {
		t.Fatal(err)
	}
	s := connector.New(cfg, connector.Options{Now: time.Now})
	want := &source.Manual{Means: source.Worklist, Within: "3wd", Liaison: "档案岗"}
	if info := s.Info(); !reflect.DeepEqual(info.Manual, want) || !reflect.DeepEqual(cfg.Info(), info) || info.Refresh != 720*time.Hour {
		t.Errorf("got %+v", info.Manual)
	}
	letter, _ := connector.Example("letter")
	if cfg, err = connector.Load("letter.yaml", letter); err != nil {
		t.Fatal(err)
	}
	if m := cfg.Info().Manual; m.Means != source.Letter || m.Addressee == "" || m.Address == "" || len(m.Basis) != 1 || m.Within != "5wd" {
		t.Errorf("got %+v", m)
	}
}

// Asked all the same, it keeps the contract: accepted with a live mandate, refused
// without one.
func TestASourceThatPeopleAnswerAcceptsAndNeverGuesses(t *testing.T) {
	cfg, err := connector.Load("land.yaml", []byte(manualLand))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	id, err := idcard.Parse("330200195102100011")
	if err != nil {
		t.Fatal(err)
	}
	m, err := source.Mint(source.Terms{Number: "M1", Consent: "S1", Purpose: "dibao", Person: source.Person{Name: "某", ID: id},
		Categories: []catalog.Code{"land", "housing"}, From: now.Add(-time.Hour), Until: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	var queries []source.Query
	for i, code := range []catalog.Code{"land", "housing"} {
		q, err := m.Query(fmt.Sprint("q", i), code, source.Window{From: day.Must("2025-11-01"), To: day.Must("2026-10-31")}, now)
		if err != nil {
			t.Fatal(err)
		}
		queries = append(queries, q)
	}
	for _, tt := range []struct {
		name string
		at   time.Time
		ask  []source.Query
		want string
	}{
		{"a live mandate", now, queries[:1], "later"},
		{"another category", now, queries[1:], "refused"},
		{"a mandate that has ended", now.Add(2 * time.Hour), queries[:1], "refused"},
	} {
		s := connector.New(cfg, connector.Options{Now: func() time.Time { return tt.at }})
		answers, err := s.Ask(t.Context(), tt.ask)
		if err := errors.Join(err, source.CheckAnswers(tt.ask, answers)); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		got := string(answers[0].Outcome)
		if answers[0].Later != nil {
			got = "later"
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestAFileForPeopleNamesWhatIsWrongWithIt(t *testing.T) {
	for name, tt := range map[string]struct{ change, want string }{
		"a mapping":                  {"fields: {location: zl}\n", "fields"},
		"limits":                     {"limits: {batch: 3}\n", "limits"},
		"a request":                  {"request: {url: https://x.example}\n", "request"},
		"an address on a list":       {"address: 某路\n", "address"},
		"a time without unit":        {"answers_within: 3\n", "answers_within"},
		"months":                     {"answers_within: 1m\n", "answers_within"},
		"a liaison of several lines": {"liaison: \"甲\\n乙\"\n", "liaison"},
	} {
		key, _, _ := strings.Cut(tt.change, ":")
		text := tt.change
		for line := range strings.Lines(manualLand) {
			if !strings.HasPrefix(line, key+":") {
				text += line
			}
		}
		_, err := connector.Load("land.yaml", []byte(text))
		var e *connector.FileError
		if !errors.As(err, &e) || len(e.Problems) != 1 || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := connector.Load("l.yaml", []byte("name: l\nkind: letter\ndepartment: 某馆\ncategory: housing\n"))
	var e *connector.FileError
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "basis") {
		t.Errorf("a letter without its legal basis: %v", err)
	}
}
