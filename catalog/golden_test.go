package catalog

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/catalog.txt")

// The whole catalogue as a person reads it; a change of it is seen in review.
func TestCatalogueAsText(t *testing.T) {
	const path = "testdata/catalog.txt"
	got := text()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the catalogue differs from %s; run with -update and read the difference", path)
	}
}

func text() string {
	var b strings.Builder
	b.WriteString("The catalogue: key, type, list or unit, sensitivity, names.\n")
	for _, c := range All() {
		fmt.Fprintf(&b, "\n%s %s · %s · %s\n", c.ID, c.Code, c.Name, c.NameEn)
		fmt.Fprintf(&b, "   bears on %v\n", c.Bears)
		if c.ByName || c.Class != "" {
			fmt.Fprintf(&b, "   only under a consent that names it: %t; declared as: %s\n", c.ByName, c.Class)
		}
		for _, o := range c.Owners {
			fmt.Fprintf(&b, "   %s – %-10s  %s · %s\n", o.From, o.Until, o.Name, o.NameEn)
		}
		fmt.Fprintf(&b, "   %s\n   %s\n", c.Notice, c.NoticeEn)
		writeFields(&b, c.Fields, "   ")
	}
	b.WriteString("\nThe code lists.\n")
	for _, l := range CodeLists() {
		fmt.Fprintf(&b, "\n%s · %s · %s (%s)\n", l.ID, l.Title, l.TitleEn, l.Source)
		for _, item := range l.Items {
			fmt.Fprintf(&b, "   %-22s %s · %s\n", item.Code, item.Name, item.NameEn)
		}
	}
	return b.String()
}

func writeFields(b *strings.Builder, fields []Field, indent string) {
	for _, f := range fields {
		marks := ""
		if f.Per != "" || f.Says != "" {
			marks = "  [" + strings.TrimSpace(string(f.Per)+" "+string(f.Says)) + "]"
		}
		fmt.Fprintf(b, "%-30s %-8s %-20s %d  %s · %s%s\n", indent+f.Key, f.Type, f.List+f.UnitEn, f.Sensitivity, f.Name, f.NameEn, marks)
		writeFields(b, f.Fields, indent+"  · ")
	}
}
