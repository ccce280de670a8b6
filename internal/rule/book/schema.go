package book

import (
	"cel.dev/cel-go/cel"

	"hedui/internal/hedui"
)

// form is what may stand under a key of an entry.
type form struct {
	word    []string  // one of these
	list    []string  // a list of these
	formula *cel.Type // a formula that gives this
	alike   string    // a formula of the same type as that key
	must    bool
}

// Sections of a book, in the order in which they are worked through.
const (
	Parameters = "parameters" // 参数
	Windows    = "windows"    // 核算期
	Members    = "household"  // 共同生活的家庭成员
	Earnings   = "income"     // 收入
	Precedence = "precedence" // 同一收入的来源次序
	Support    = "support"    // 赡养费
	Property   = "property"   // 财产
	Outlay     = "spending"   // 支出
	Lines      = "lines"      // 标准
	Flags      = "flags"      // 提示
)

// Sections lists the sections.
func Sections() []string {
	return []string{Parameters, Windows, Members, Earnings, Precedence, Support, Property, Outlay, Lines, Flags}
}

// The words of entries.
const (
	effectCounts, effectExcluded                 = "counts", "excluded"
	effectExempt, effectDeduct, effectDisregard  = "exempt", "deduct", "disregard"
	effectValue, effectApart                     = "value", "apart"
	windowIncome, windowSpending                 = "income", "spending"
	ruleAtMost, ruleAtLeast                      = "at_most", "at_least"
	eachMember, eachIncome, eachObligor          = "member", "income", "obligor"
	eachProperty, eachMove, eachHousehold        = "property", "move", "household"
	typeMoney, typeNumber, typeRatio, typeMonths = "money", "number", "ratio", "months"
	typeYesNo                                    = "yes/no"
)

// scopeParameter says who is asked about: 0 the family, 1 also the obligors, 2
// also the families of the obligors.
const scopeParameter, maxScope = "obligor_scope", 2

// Weights of findings, from what is only said to what must be explained.
const (
	Note     = "note"     // to be read
	Look     = "look"     // to be looked at
	Material = "material" // to be explained before the report is final
)

var yesNo = form{formula: cel.BoolType}

// entryForms are the keys of the entries of each section. Every entry may also
// have title, clause, override and remove.
var entryForms = map[string]map[string]form{
	Parameters: {"type": {word: []string{typeMoney, typeNumber, typeRatio, typeMonths, typeYesNo}, must: true}, "value": {must: true}},
	Windows:    {"months": {formula: cel.IntType, must: true}},
	Members:    {"effect": {word: []string{effectCounts, effectExcluded}, must: true}, "when": {formula: cel.BoolType, must: true}},
	Earnings: {"effect": {word: []string{effectExempt, effectDeduct, effectDisregard}, must: true}, "kinds": {list: incomeKinds}, "when": yesNo,
		"amount": {formula: moneyType}},
	Precedence: {"kinds": {list: incomeKinds, must: true}, "sources": {list: incomeSources, must: true}},
	Support:    {"when": yesNo, "monthly": {formula: moneyType, must: true}},
	Property: {"effect": {word: []string{effectExempt, effectValue, effectApart}, must: true}, "kinds": {list: thingKinds, must: true}, "when": yesNo,
		"value": {formula: moneyType}},
	Outlay: {"kinds": {list: spendingKinds, must: true}, "when": yesNo, "counts": {formula: moneyType, must: true}},
	Lines: {"figure": {formula: cel.DynType}, "limit": {alike: "figure"}, "rule": {word: []string{ruleAtMost, ruleAtLeast}},
		"over": yesNo, "when": yesNo, "unit": {word: []string{"month", "total", "count"}}},
	Flags: {"each": {word: []string{eachMember, eachIncome, eachObligor, eachProperty, eachMove, eachHousehold}, must: true},
		"kinds": {list: append(append([]string{}, incomeKinds...), thingKinds...)}, "when": {formula: cel.BoolType, must: true}, "flag": {must: true},
		"finding": {word: words(hedui.FindingKinds())}, "weight": {word: []string{Note, Look, Material}, must: true},
		"settle": {word: []string{"document", "field_visit", "register_correction", "consent", "none"}}, "due": {formula: dayType}},
}

// needed are the parameters without which nothing can be assessed.
var needed = map[string]string{"standard": typeMoney, "tolerance_income": typeMoney, "tolerance_property": typeMoney, "count_declared": typeYesNo, "stale_days": typeNumber, scopeParameter: typeNumber}
