package rule

import (
	"slices"
	"strings"
	"testing"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/money"
)

// consented is the household with a consent of everybody to every category.
func consented() *hedui.Case {
	c := household()
	for _, p := range c.Persons {
		c.Consents = append(c.Consents, hedui.Consent{Person: p.No, Programme: c.Programme, Categories: c.Programme.Categories()})
	}
	return c
}

func TestALaterCategoryIsReadAsTheCatalogueSays(t *testing.T) {
	over := catalog.Record{"over_limit": "true", "limit": "30000.00"}
	within := catalog.Record{"over_limit": "false", "limit": "30000.00"}
	tests := []struct {
		name     string
		category catalog.Code
		records  []catalog.Record
		class    hedui.PropertyClass
		declared string
		want     hedui.FindingKind // "" for none
		key      string
		found    string
	}{
		{"a balance, nothing declared", "deposits", []catalog.Record{{"balance": "52000.00"}}, "", "", hedui.Undeclared, "rule.diff.UNDECLARED.total", "52000.00"},
		{"two accounts are added up", "deposits", []catalog.Record{{"account_no": "1", "balance": "20000.00"}, {"account_no": "2", "balance": "30000.00"}},
			hedui.Deposits, "50000", hedui.Consistent, "rule.diff.CONSISTENT.total", "50000.00"},
		{"one account twice counts once", "deposits", []catalog.Record{{"account_no": "1", "balance": "20000.00"}, {"account_no": "1", "balance": "20000.00"}},
			hedui.Deposits, "20000", hedui.Consistent, "rule.diff.CONSISTENT.total", "20000.00"},
		{"less declared than there is", "deposits", []catalog.Record{{"balance": "90000.00"}}, hedui.Deposits, "10000", hedui.UnderDeclared, "rule.diff.UNDER_DECLARED.total", "90000.00"},
		{"an empty account is no property", "deposits", []catalog.Record{{"account_no": "1", "balance": "0.00"}}, "", "", "", "", ""},
		{"not over the limit is no property", "deposits", []catalog.Record{within}, "", "", "", "", ""},
		{"over the limit, nothing declared", "deposits", []catalog.Record{over}, "", "", hedui.Undeclared, "rule.over.UNDECLARED", "0.00"},
		{"over the limit, less declared", "deposits", []catalog.Record{over}, hedui.Deposits, "10000", hedui.UnderDeclared, "rule.over.UNDER_DECLARED", "0.00"},
		{"over the limit, more declared", "deposits", []catalog.Record{over}, hedui.Deposits, "80000", hedui.NotVerifiable, "rule.over.NOT_VERIFIABLE", "0.00"},
		{"over a limit that is not stated", "deposits", []catalog.Record{{"over_limit": "true"}}, hedui.Deposits, "1", hedui.NotVerifiable, "rule.over.NOT_VERIFIABLE", "0.00"},
		{"not over, and declared", "deposits", []catalog.Record{within}, hedui.Deposits, "10000", hedui.NotVerifiable, "rule.property.unmeasured", "0.00"},
		{"value and cash of one account", "securities", []catalog.Record{{"account_no": "1", "market_value": "7000.00", "cash": "500.00"}}, "", "", hedui.Undeclared, "rule.diff.UNDECLARED.total", "7500.00"},
		{"other property was declared, of whatever kind", "securities", []catalog.Record{{"market_value": "7000.00"}}, hedui.OtherHolding, "7000", hedui.NotVerifiable, "rule.other.total", "7000.00"},
		{"a boat without a value", "vessel", []catalog.Record{{"name": "某渔1"}}, "", "", hedui.Undeclared, "rule.diff.UNDECLARED.none", "0.00"},
		{"a disability is no question", "disability", []catalog.Record{{"kind": "limbs", "grade": "2"}}, "", "", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := consented()
			if tt.class != "" {
				value, err := money.Parse(tt.declared)
				if err != nil {
					t.Fatal(err)
				}
				h.Declared.Property = []hedui.DeclaredProperty{{Person: 1, Class: tt.class, Value: value}}
			}
			a := Assess(h, answers(h, found(1, tt.category, tt.records...)), tolerance(t), today)
			if tt.want == "" {
				if len(a.Findings) > 0 || a.Conclusion != hedui.NoFinding {
					t.Errorf("got %s and %+v, want nothing", a.Conclusion, a.Findings)
				}
				return
			}
			if len(a.Findings) != 1 {
				t.Fatalf("got %+v, want one finding", a.Findings)
			}
			f := a.Findings[0]
			if f.Kind != tt.want || f.Reason.Key != tt.key || f.Found.String() != tt.found || f.Category != tt.category {
				t.Errorf("got %s %s %s of %s, want %s %s %s", f.Kind, f.Reason.Key, f.Found, f.Category, tt.want, tt.key, tt.found)
			}
			for _, text := range append([]hedui.Text{f.Reason}, sentences(f)...) {
				if !lang.Has(text.Key) || strings.Contains(lang.Text(lang.Chinese, text.Key, text.Args...), "{") {
					t.Errorf("%s is no text, or lacks an argument", text.Key)
				}
			}
		})
	}
}

func sentences(f hedui.Finding) []hedui.Text {
	var list []hedui.Text
	for _, fact := range f.Facts {
		list = append(list, fact.Say)
	}
	return list
}

// The catalogue is on a floor that does not know what is declared.
func TestClassesOfTheCatalogueCanBeDeclared(t *testing.T) {
	for _, c := range catalog.All() {
		if c.Class == "" {
			continue
		}
		if !slices.Contains(hedui.PropertyClasses(), hedui.PropertyClass(c.Class)) {
			t.Errorf("%s: nobody can declare %q", c.Code, c.Class)
		}
		if _, own := readers[c.Code]; own {
			t.Errorf("%s has rules of its own and a class", c.Code)
		}
	}
	for _, c := range catalog.Usual() {
		if _, own := readers[c.Code]; !own {
			t.Errorf("%s is asked of everybody and has no rules", c.Code)
		}
	}
}
