package book

import (
	"maps"
	"slices"
	"strings"

	"hedui/catalog"
	"hedui/money"
)

// Tolerances say up to which difference two amounts are the same, and from which
// age data is stale. What no book says is nothing.
type Tolerances struct {
	Income    money.Fen // fen a month
	Property  money.Fen // fen
	StaleDays int
	By        map[catalog.Code]money.Fen // of single categories, in place of the two; zero is a tolerance too
}

// For is the tolerance of a category: its own, else that of all income (fen a
// month) or of all property (fen).
func (t Tolerances) For(code catalog.Code, income bool) money.Fen {
	own, ok := t.By[code]
	switch {
	case ok:
		return own
	case income:
		return t.Income
	}
	return t.Property
}

// Tolerances are those that hold by the books. The map is the caller's.
func (eff *Effective) Tolerances() Tolerances {
	t := eff.tolerances
	t.By = maps.Clone(t.By)
	return t
}

// toleranceEntry is the entry by which a kind of property is compared.
func (eff *Effective) toleranceEntry(kind string) *Entry {
	if e := eff.toleranceEntries[string(categoryOf[kind])]; e != nil {
		return e
	}
	return eff.toleranceEntries["property"]
}

const tolerancePrefix = "tolerance_"

// categoryOf is the category that alone holds a kind of property which is compared in money.
var categoryOf = map[string]catalog.Code{"deposit": "deposits", "security": "securities", "insurance": "insurance", "housing_fund": catalog.HousingFund}

// tolerance looks whether a parameter of this name may be a tolerance: of all
// income, of all property or of one category.
func (r *reader) tolerance(e *Entry, at span) {
	of, ok := strings.CutPrefix(e.Name, tolerancePrefix)
	if !ok {
		return
	}
	known := []string{"income", "property"}
	for _, c := range catalog.All() {
		known = append(known, string(c.Code))
	}
	if !slices.Contains(known, of) {
		r.bad(at, e.ID(), "a tolerance is of income, of property or of a category: %s", choice(of, known))
	}
	if typ, ok := e.keys["type"]; ok && typ.text != typeMoney {
		r.bad(typ.at, e.ID()+".type", "a tolerance has the type %s", typeMoney)
	}
}
