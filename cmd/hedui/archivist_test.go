package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/sim"
	"hedui/internal/workbook"
	"hedui/source"
)

// landholder finds an adult in whose name the archive of a county has land.
func landholder(t *testing.T, county string) (name, number string) {
	t.Helper()
	city, err := sim.NewCity(sim.Options{Population: 2000, Seed: 2013, Instant: true}) // the demo's
	if err != nil {
		t.Fatal(err)
	}
	land, _ := catalog.Get(catalog.Land)
	b := workbook.Book{Node: "n", Source: "land", Category: land}
	for i := 100; len(b.Lines) < workbook.MaxLines; i++ {
		name, id := city.Person(i)
		if age := id.AgeOn(day.Must("2026-01-01")); age >= hedui.AdultAge && age < 80 {
			b.Lines = append(b.Lines, workbook.Line{ID: fmt.Sprintf("ITEM%012d", i), Name: name, Number: id.Reveal()})
		}
	}
	data, err := b.Write(func([]byte) ([]byte, error) { return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	if data, err = city.FillWorklist(t.Context(), county, data); err != nil {
		t.Fatal(err)
	}
	filled, err := b.Open(data, func([]string) ([]workbook.Line, error) { return b.Lines, nil })
	if err != nil {
		t.Fatal(err)
	}
	defer filled.Close()
	for _, it := range filled.Items {
		for _, l := range b.Lines {
			if l.ID == it.ID && it.Entry.Outcome == string(source.Found) {
				return l.Name, l.Number
			}
		}
	}
	t.Fatalf("nobody has land in %s", county)
	return "", ""
}

// Somebody who lives in Haishu and is registered in Yinzhou: both archives are
// asked, Yinzhou's through the hub, and its clerk's answer stands in the report.
func TestTheLandArchiveOfAnotherCountyIsAskedThroughTheHub(t *testing.T) {
	needFont(t)
	name, number := landholder(t, "330212")
	form := fmt.Sprintf(`programme: dibao
kind: new_application
division: "330203"
office: 宁波市海曙区民政局
applied_on: today
persons: [{name: %s, id: %q, relation: self, registered: "330212"}]
consents: [{person: 1, programme: dibao, signed_on: today, until: today+30, document: 授权书}]
`, name, number)
	dir := t.TempDir()
	path := filepath.Join(dir, "mover.yaml")
	if err := os.WriteFile(path, []byte(form), 0o600); err != nil {
		t.Fatal(err)
	}
	doc := demoOf(t, dir, 1, path)
	var got []string
	for _, g := range doc.Cases[0].Grid {
		for _, m := range g.Members {
			if g.Category == "land" {
				got = append(got, m.Scope+" "+m.Outcome+" "+m.AnsweredBy)
			}
		}
	}
	if want := "330203 none haishu, 330212 found yinzhou"; strings.Join(got, ", ") != want {
		t.Errorf("land: %v, want %s", got, want)
	}
	if !strings.Contains(kinds(doc.Cases[0]), "UNDECLARED land") {
		t.Errorf("findings: %s", kinds(doc.Cases[0]))
	}
}

func TestAnArchiveWhoseClerkIsAwayIsNamedInTheReport(t *testing.T) {
	needFont(t)
	doc := demo(t, t.TempDir(), "--down", "land", "--deadline", "30s")
	for _, c := range doc.Cases {
		for _, g := range c.Grid {
			if (g.Category == "land") != (g.Outcome == string(source.Failed)) {
				t.Errorf("%s: %s is %s", c.Name, g.Category, g.Outcome)
			}
		}
		if !strings.Contains(kinds(c), "SOURCE_SILENT land") {
			t.Errorf("%s: %s", c.Name, kinds(c))
		}
	}
}
