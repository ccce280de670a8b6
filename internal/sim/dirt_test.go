package sim_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"hedui/catalog"
	"hedui/internal/sim"
	"hedui/source"
)

func TestDirtIsKnownAndTheSameForASeed(t *testing.T) {
	o := sim.Options{Population: 20_000, Seed: 4, Now: clock, Dirt: sim.UsualDirt()}
	a, errA := sim.NewCity(o)
	b, errB := sim.NewCity(o)
	o.Dirt = nil
	clean, errC := sim.NewCity(o)
	if errA != nil || errB != nil || errC != nil {
		t.Fatal(errA, errB, errC)
	}
	count := map[catalog.Code]map[sim.Flaw]int{}
	for c := range sim.UsualDirt() {
		count[c] = map[sim.Flaw]int{}
		for i := range a.Size() {
			got, again := a.Entry(c, i), b.Entry(c, i)
			if fmt.Sprint(got) != fmt.Sprint(again) {
				t.Fatalf("%s of person %d: two cities of one seed differ", c, i)
			}
			name, id := clean.Person(i)
			if soiled := got.Name != name || got.Number != id.Reveal(); soiled != (len(got.Flaws) > 0) {
				t.Fatalf("%s of person %d: flaws %v do not tell whether the entry is clean", c, i, got.Flaws)
			}
			for _, f := range got.Flaws {
				count[c][f]++
			}
		}
	}
	for c, rates := range sim.UsualDirt() {
		for f, rate := range rates {
			most := 2*rate*a.Size()/10_000 + 20
			if n := count[c][f]; n > most {
				t.Errorf("%s: %d entries with %s, want at most %d", c, n, f, most)
			}
		}
	}
	if seen := len(count[catalog.Land]); seen != len(sim.UsualDirt()[catalog.Land]) {
		t.Errorf("%d flaws are seen in the land register: %v", seen, slices.Collect(maps.Keys(count[catalog.Land])))
	}
}

func TestTheFixedFamiliesStayClean(t *testing.T) {
	c, err := sim.NewCity(sim.Options{Population: 100, Now: clock, Dirt: sim.UsualDirt()})
	if err != nil {
		t.Fatal(err)
	}
	members := 0
	for _, f := range sim.Families() {
		members += len(f.Members)
	}
	for code := range sim.UsualDirt() {
		for i := range members {
			if e := c.Entry(code, i); len(e.Flaws) > 0 {
				t.Errorf("%s: person %d has %v", code, i, e.Flaws)
			}
		}
	}
}

// filthy is a register in which every flaw is common.
func filthy() sim.Rates {
	rates := sim.Rates{}
	for f := range sim.UsualDirt()[catalog.Land] {
		rates[f] = 500
	}
	return rates
}

// strangers are the flaws after which an entry must never be taken for the person's
// without a doubt; lost those after which a program finds nothing under the number.
var (
	strangers = []sim.Flaw{sim.TwoPersons, sim.Mistaken, sim.OldName}
	lost      = []sim.Flaw{sim.Quantity, sim.LostDigits, sim.Typing, sim.Swapped, sim.Misfiled}
	readable  = []sim.Flaw{sim.ShortNumber, sim.FullWidth, sim.LowerX, sim.CyrillicX, sim.BlankNumber, sim.Apostrophe}
)

// The same people are asked about in a clean and a dirty city: what the registers
// spell otherwise is found or doubted, and a miss is a miss of the register.
func TestDirtyRegistersNeverGiveTheWrongPerson(t *testing.T) {
	dirt := sim.Dirt{}
	for _, c := range codes() {
		dirt[c] = filthy()
	}
	o := sim.Options{Instant: true, Population: 1500, Seed: 8}
	clean := start(t, o)
	o.Dirt = dirt
	dirty := start(t, o)
	for _, c := range []catalog.Code{catalog.Hukou, catalog.Vehicle, catalog.HousingFund, catalog.LocalTax, catalog.Land} {
		var persons []source.Person
		for i := range clean.Size() {
			name, id := clean.Person(i)
			persons = append(persons, source.Person{Name: name, ID: id})
		}
		before, after := clean.ask(t, c, persons...), dirty.ask(t, c, persons...)
		found, repaired := 0, 0
		for i, a := range after {
			e := dirty.Entry(c, i)
			has := func(flaws []sim.Flaw) bool { return slices.ContainsFunc(flaws, e.Has) }
			if before[i].Outcome != source.Found {
				continue
			}
			found++
			switch {
			case a.Outcome == source.Found && (has(strangers) || has(lost)):
				t.Errorf("%s with %v is found", c, e.Flaws)
			case a.Outcome == source.None && !has(lost) && c != catalog.LocalTax:
				t.Errorf("%s with %v is none, and the register has it", c, e.Flaws)
			case a.Outcome == source.Failed && !e.Has(sim.Misfiled):
				t.Errorf("%s with %v failed: %s", c, e.Flaws, a.Reason)
			case a.Outcome == source.Found && len(e.Flaws) > 0:
				repaired++
			case has(readable) && len(e.Flaws) == 1 && c != catalog.LocalTax && a.Outcome != source.Found:
				t.Errorf("%s with %v is %s/%s, want found", c, e.Flaws, a.Outcome, a.Reason)
			}
		}
		if found == 0 || repaired == 0 && c != catalog.LocalTax {
			t.Errorf("%s: %d found, %d of them repaired; nothing is tested", c, found, repaired)
		}
	}
}
