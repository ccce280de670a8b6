package hedui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"hedui/catalog"
	"hedui/day"
)

// registers makes one register of every category.
func registers(scope, source string) Registers { return registersOf(scope, source, catalog.All()) }

func written(list []Register) string {
	var words []string
	for _, r := range list {
		words = append(words, r.Scope+" "+r.Source)
	}
	return strings.Join(words, ", ")
}

func TestRegistersForAPerson(t *testing.T) {
	haishu, yinzhou := "330203", "330212"
	node := Registers{ // of Yinzhou
		{Category: "land", Scope: yinzhou, Source: "land"},
		{Category: "land", Scope: "330200", Below: true, Source: AtNode("ningbo")},
		{Category: "housing", Scope: "330200", Source: AtNode("ningbo")},
		{Category: "housing", Scope: yinzhou, Source: "housing"},
		{Category: "hukou", Scope: "330200", Source: AtNode("ningbo")},
		{Category: "hukou", Scope: "330200", Source: "hukou"},
		{Category: "vehicle", Scope: "330200", Source: AtNode("ningbo"), From: day.Must("2013-03-01"), Until: day.Must("2020-01-01")},
		{Category: "vehicle", Scope: "330000", Source: AtNode("ningbo"), From: day.Must("2020-01-01")},
		{Category: "employment", Scope: haishu, Source: "employment"},
	}
	for _, c := range []struct {
		name   string
		code   catalog.Code
		places []string
		on     string
		want   string
	}{
		{"the county's own register", "land", []string{yinzhou}, "2026-03-01", "330212 land"},
		{"and that of the county where the person is registered", "land", []string{yinzhou, haishu}, "2026-03-01", "330203 @ningbo, 330212 land"},
		{"city-wide and county beside each other", "housing", []string{yinzhou}, "2026-03-01", "330200 @ningbo, 330212 housing"},
		{"what is here is not asked through a peer", "hukou", []string{yinzhou, haishu}, "2026-03-01", "330200 hukou"},
		{"before a date", "vehicle", []string{yinzhou}, "2019-12-31", "330200 @ningbo"},
		{"from a date on", "vehicle", []string{yinzhou}, "2020-01-01", "330000 @ningbo"},
		{"before all dates", "vehicle", []string{yinzhou}, "2013-02-28", ""},
		{"another county's register holds nothing on the person", "employment", []string{yinzhou}, "2026-03-01", ""},
		{"an unknown category", "death", []string{yinzhou}, "2026-03-01", ""},
		{"a place outside the city", "land", []string{yinzhou, "330106"}, "2026-03-01", "330212 land"},
	} {
		if got := written(node.For(c.code, c.places, day.Must(c.on))); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRegisterAtAScope(t *testing.T) {
	hub := Registers{
		{Category: "land", Scope: "330203", Source: AtNode("haishu")},
		{Category: "land", Scope: "330212", Source: AtNode("yinzhou"), From: day.Must("2016-10-01")},
		{Category: "land", Scope: "330200", Below: true, Source: "old-land"},
		{Category: "hukou", Scope: "330200", Source: AtNode("zhejiang")},
		{Category: "hukou", Scope: "330200", Source: "hukou"},
	}
	for _, c := range []struct {
		code            catalog.Code
		scope, on, want string
	}{
		{"land", "330203", "2026-03-01", "330203 @haishu"},
		{"land", "330212", "2026-03-01", "330212 @yinzhou"},
		{"land", "330212", "2016-09-30", "330212 old-land"},
		{"land", "330200", "2026-03-01", ""}, // there is no city-wide one
		{"hukou", "330200", "2026-03-01", "330200 hukou"},
		{"hukou", "330203", "2026-03-01", ""},
	} {
		got := ""
		if r, ok := hub.At(c.code, c.scope, day.Must(c.on)); ok {
			got = written([]Register{r})
		}
		if got != c.want {
			t.Errorf("%s of %s on %s: got %q, want %q", c.code, c.scope, c.on, got, c.want)
		}
	}
}

func TestPlanAsksWhereAPersonIsRegistered(t *testing.T) {
	c := accepted(t)
	c.Division = "330212"
	c.Persons[1].Registered = "330204" // 江东区, part of 鄞州区 since 2016
	land := Registers{
		{Category: "land", Scope: "330212", Source: "land"},
		{Category: "land", Scope: "330200", Below: true, Source: AtNode("ningbo")},
	}
	scopes := func() string {
		var words []string
		for _, q := range c.Plan(noon, 1, nil, land) {
			if q.Category == "land" {
				words = append(words, fmt.Sprint(q.Person, " ", q.Scope, " ", q.Source))
			}
		}
		return strings.Join(words, ", ")
	}
	if got, want := scopes(), "1 330212 land, 2 330212 land"; got != want {
		t.Errorf("registered in a county that became part of the case's: %q, want %q", got, want)
	}
	c.Persons[1].Registered = "330203"
	if got, want := scopes(), "1 330212 land, 2 330203 @ningbo, 2 330212 land"; got != want {
		t.Errorf("registered elsewhere in the city: %q, want %q", got, want)
	}
}

func TestQueryIDIsAStableUUID(t *testing.T) {
	const id = "019a2b3c-4d5e-7f00-8123-456789abcdef"
	seen := map[string]bool{}
	for person := range 3 {
		for _, scope := range []string{"330200", "330203"} {
			for round := range 2 {
				q := QueryID(id, person, "land", scope, round)
				if u, err := uuid.Parse(q); err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 {
					t.Errorf("%s is no UUID of version 7", q)
				}
				if q[:13] != id[:13] {
					t.Errorf("%s has not the time of the case", q)
				}
				if seen[q] || q != QueryID(id, person, "land", scope, round) {
					t.Errorf("%s comes twice, or is not the same again", q)
				}
				seen[q] = true
			}
		}
	}
}
