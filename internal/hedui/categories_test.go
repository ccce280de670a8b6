package hedui

import (
	"slices"
	"testing"

	"hedui/catalog"
	"hedui/source"
)

// bankOf is what the plan says of the bank about a person: a state, or a reason.
func bankOf(plan []Query, person int) string {
	for _, q := range plan {
		if q.Category == "deposits" && q.Person == person {
			if q.State != Waiting {
				return string(q.Reason)
			}
			return string(q.State)
		}
	}
	return "not asked"
}

func TestAConsentThatNamesNothingAllowsNoLaterCategory(t *testing.T) {
	f := form()
	f.Consents[0].Categories = nil
	c, _ := f.Case(noon)
	consents, problems := f.ReadConsents(c, noon)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, later := range catalog.All() {
		if got := slices.Contains(consents[0].Categories, later.Code); got == later.ByName {
			t.Errorf("%s: covered %t, by name only %t", later.Code, got, later.ByName)
		}
	}
	f.Consents[0].Categories = []string{"hukou", "deposits"}
	if consents, problems = f.ReadConsents(c, noon); len(problems) > 0 || !slices.Equal(consents[0].Categories, []catalog.Code{"hukou", "deposits"}) {
		t.Errorf("named: got %v and %v", consents[0].Categories, problems)
	}
}

func TestALaterCategoryIsAskedOfWhoNamesIt(t *testing.T) {
	bank := Registers{{Category: "deposits", Scope: "330200", Source: "bank"}}
	tests := []struct {
		name      string
		names     []int // persons whose consent names the bank
		registers Registers
		want      [2]string
	}{
		{"nobody named it", nil, bank, [2]string{"not asked", "not asked"}},
		{"both named it", []int{1, 2}, bank, [2]string{"waiting", "waiting"}},
		{"one named it: the other is a gap, not a silence", []int{1}, bank, [2]string{"waiting", string(ReasonNoConsent)}},
		{"named, and no bank is joined", []int{1, 2}, nil, [2]string{string(ReasonNoSource), string(ReasonNoSource)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := accepted(t)
			for _, no := range tt.names {
				c.Consents[no-1].Categories = append(slices.Clone(c.Consents[no-1].Categories), "deposits")
			}
			plan := c.Plan(noon, 1, nil, append(registersOf("330200", "s", catalog.Usual()), tt.registers...))
			if got := [2]string{bankOf(plan, 1), bankOf(plan, 2)}; got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			want := len(catalog.Usual())
			if len(tt.names) > 0 {
				want++
			}
			if got := len(c.Categories(nil)); got != want {
				t.Errorf("%d categories, want %d", got, want)
			}
		})
	}
}

func TestWhatWasAskedStaysAfterANarrowerConsent(t *testing.T) {
	c := accepted(t)
	asked := []Query{{Person: 1, Category: "deposits", State: Answered, Outcome: source.Found}}
	if !slices.Contains(c.Categories(asked), "deposits") {
		t.Error("an answer of the bank would vanish from the report")
	}
	if slices.Contains(c.Categories(nil), "deposits") {
		t.Error("the bank is asked again without a consent that names it")
	}
}

func registersOf(scope, source string, categories []catalog.Category) Registers {
	var list Registers
	for _, c := range categories {
		list = append(list, Register{Category: c.Code, Scope: scope, Source: source})
	}
	return list
}
