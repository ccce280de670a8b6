package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"hedui/idcard"
)

func build(t testing.TB, o Options) *City {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC) }
	}
	c, err := NewCity(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSeedGivesTheSameCity(t *testing.T) {
	a, b := build(t, Options{Seed: 7}), build(t, Options{Seed: 7})
	if !slices.Equal(a.people, b.people) || !slices.Equal(a.homes, b.homes) || !slices.Equal(a.firms, b.firms) {
		t.Error("two cities of one seed differ")
	}
	for i := range int32(500) {
		if got, want := fmt.Sprint(registers(a, i)), fmt.Sprint(registers(b, i)); got != want {
			t.Fatalf("person %d: registers differ:\n%s\n%s", i, got, want)
		}
	}
	if other := build(t, Options{Seed: 8}); slices.Equal(a.people, other.people) {
		t.Error("another seed gives the same people")
	}
}

// registers is all that the twelve registers hold on person i.
func registers(c *City, i int32) []any {
	all := []any{
		c.hukouRow(i), c.marriageRows(i), c.localTaxRows(i, "", ""), c.nationalTaxRows(i, "", ""), c.insuranceRows(i, "", ""),
		c.landRows(i), c.houseRows(i), c.fundRow(i), c.jobRow(i), c.vehicleRow(i),
	}
	if !c.people[i].alive() {
		all = append(all, c.deathRow(i))
	}
	if c.people[i].owns != none {
		all = append(all, c.businessRow(i))
	}
	return all
}

func TestIdentityNumbersAreUniqueAndValid(t *testing.T) {
	c := build(t, Options{Population: 30_000, Seed: 3})
	if got, want := c.Size(), 30_000; got != want {
		t.Errorf("size %d, want %d", got, want)
	}
	seen := map[idcard.Number]bool{}
	for i := range c.people {
		_, n := c.Person(i)
		again, err := idcard.Parse(n.Reveal())
		switch {
		case err != nil || again != n:
			t.Fatalf("person %d: number is not valid: %v", i, err)
		case seen[n]:
			t.Fatalf("person %d: number given twice", i)
		case n.Division() != division:
			t.Fatalf("person %d: division %s", i, n.Division())
		case n.Male() != c.people[i].male():
			t.Fatalf("person %d: sex differs from number", i)
		case c.find(n) != int32(i):
			t.Fatalf("person %d is found as %d", i, c.find(n))
		case n.AgeOn(census) < 0 || n.AgeOn(census) > 105:
			t.Fatalf("person %d: age %d", i, n.AgeOn(census))
		}
		seen[n] = true
	}
}

func TestFamiliesAreTheSameInEveryCity(t *testing.T) {
	a, b := build(t, Options{Seed: 1, Population: 100}), build(t, Options{Seed: 99, Population: 5000})
	for _, f := range Families() {
		if len(f.Members) == 0 || f.Division == "" {
			t.Errorf("family %s is not complete", f.Key)
		}
		for _, m := range f.Members {
			i, j := a.find(m.ID), b.find(m.ID)
			if i == none || i != j {
				t.Fatalf("family %s: %s is found at %d and %d", f.Key, m.Relation, i, j)
			}
			if got := a.name(i); got != m.Registered {
				t.Errorf("family %s: a register name differs", f.Key)
			}
			if got, want := fmt.Sprint(registers(a, i)), fmt.Sprint(registers(b, j)); got != want {
				t.Errorf("family %s %s: registers depend on the seed:\n%s\n%s", f.Key, m.Relation, got, want)
			}
		}
	}
}

func TestPopulationIsPlausible(t *testing.T) {
	c := build(t, Options{Population: 20_000, Seed: 5})
	var minors, old, dead, staff, married, vehicles, traders int
	for i := range c.people {
		p := &c.people[i]
		age := p.age(census)
		switch {
		case age < 18:
			minors++
		case age >= 60:
			old++
		}
		if !p.alive() {
			dead++
		}
		if p.work == employee {
			staff++
		}
		if p.marital == 20 {
			married++
			if q := c.people[p.spouse]; q.spouse != int32(i) || q.married != p.married {
				t.Fatalf("person %d: the spouse does not agree", i)
			}
		}
		if p.vehicle != noVehicle {
			vehicles++
		}
		if p.owns != none {
			traders++
		}
		if p.work == student && age > 23 || p.earning() && age < workAge {
			t.Errorf("person %d: work does not fit age %d", i, age)
		}
	}
	for _, x := range []struct {
		what          string
		n, least, max int
	}{
		{"minors", minors, 10, 30}, {"old people", old, 12, 35}, {"dead", dead, 1, 8}, {"staff", staff, 20, 50},
		{"married", married, 40, 75}, {"vehicles", vehicles, 10, 35}, {"owners", traders, 3, 15},
	} {
		if percent := x.n * 100 / c.Size(); percent < x.least || percent > x.max {
			t.Errorf("%s: %d %%, want %d to %d", x.what, percent, x.least, x.max)
		}
	}
}

func TestTaxInsuranceAndFundAgree(t *testing.T) {
	c := build(t, Options{Population: 4000, Seed: 2})
	seen := 0
	for i := range c.people {
		p := &c.people[i]
		if !p.earning() || p.since.After(census) {
			continue
		}
		seen++
		i := int32(i)
		tax, insurance, fund := c.localTaxRows(i, "202601", "202606"), c.insuranceRows(i, "202601", "202606"), c.fundRow(i)
		if len(tax) < 6 || len(insurance) != 8 {
			t.Fatalf("person %d: %d tax and %d insurance rows", i, len(tax), len(insurance))
		}
		unit := c.firmName(p.employer)
		if tax[0]["kjdwmc"] != unit || insurance[0]["aab004"] != unit || fund != nil && fund["dwmc"] != unit {
			t.Errorf("person %d: the registers name different employers", i)
		}
	}
	if seen < 500 {
		t.Errorf("only %d persons earn", seen)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{
		{Population: -1}, {Population: 3}, {Population: maxPopulation + 1},
		{Faults: map[string]Fault{"post_office": {Kind: Down}}}, {Faults: map[string]Fault{"land": {Kind: "tired"}}},
	} {
		if _, err := NewCity(o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

func BenchmarkNewCity200k(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := NewCity(Options{Population: 200_000, Seed: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
