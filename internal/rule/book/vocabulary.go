package book

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"hedui/day"
	"hedui/money"
)

// A Word is one name of the vocabulary of formulas.
type Word struct {
	Object, Name string
	Type         string   // number, money, ratio, day, text or yes/no
	Values       []string // of a text
}

// field is a word and how it is read.
type field struct {
	name string
	typ  *cel.Type
	list []string // what a text can be
	get  func(any) ref.Val
}

// object is a thing that formulas can look into.
type object struct {
	name   string
	fields []field
}

func (o object) typ() *cel.Type { return cel.ObjectType("hedui." + o.name) }

func num[T any](name string, get func(*T) int) field {
	return field{name, cel.IntType, nil, func(v any) ref.Val { return types.Int(get(v.(*T))) }}
}

func yes[T any](name string, get func(*T) bool) field {
	return field{name, cel.BoolType, nil, func(v any) ref.Val { return types.Bool(get(v.(*T))) }}
}

func fen[T any](name string, get func(*T) money.Fen) field {
	return field{name, moneyType, nil, func(v any) ref.Val { return amount(get(v.(*T))) }}
}

func on[T any](name string, get func(*T) day.Day) field {
	return field{name, dayType, nil, func(v any) ref.Val { return date(get(v.(*T))) }}
}

// text hands out words that are made once; a text beyond the list is made anew.
func text[T any](name string, list []string, get func(*T) string) field {
	made := make(map[string]ref.Val, len(list))
	for _, w := range list {
		made[w] = types.String(w)
	}
	return field{name, cel.StringType, list, func(v any) ref.Val {
		w := get(v.(*T))
		if ready, ok := made[w]; ok {
			return ready
		}
		return types.String(w)
	}}
}

// objects are the vocabulary but for the parameters, which each book names itself.
// docs/rule-books.md explains every name; a test holds the two together.
func objects() []object {
	return []object{
		{"household", []field{
			num("size", func(s *state) int { return s.size }),
			num("named", func(s *state) int { return len(s.members) }),
			num("minors", func(s *state) int { return s.minors }),
			yes("spouse_named", func(s *state) bool { return s.spouseNamed }),
			yes("on_aid", func(s *state) bool { return s.h.OnAid }),
			yes("urban", func(s *state) bool { return s.h.Urban }),
			yes("urgent", func(s *state) bool { return s.h.Urgent }),
			yes("alone", func(s *state) bool { return s.h.Alone }),
			fen("aid_paid", func(s *state) money.Fen { return s.h.AidPaid }),
		}},
		{"member", []field{
			num("number", func(m *member) int { return m.No }),
			num("age", func(m *member) int { return m.age }),
			text("relation", relations(), func(m *member) string { return string(m.Relation) }),
			yes("female", func(m *member) bool { return m.Female }),
			yes("counts", func(m *member) bool { return m.counts }),
			text("study", studies, func(m *member) string { return m.Study }),
			num("disability", func(m *member) int { return m.Disability }),
			text("disability_kind", disabilities, func(m *member) string { return m.DisabilityKind }),
			yes("dependent", func(m *member) bool { return m.Dependent }),
			yes("ill", func(m *member) bool { return m.Ill }),
			yes("apart", func(m *member) bool { return m.Apart }),
			text("marital", maritals, func(m *member) string { return m.Marital }),
			text("marriage_record", maritals, func(m *member) string { return m.MarriageRecord }),
			on("married_on", func(m *member) day.Day { return m.MarriedOn }),
			yes("divorce_proof", func(m *member) bool { return m.DivorceProof }),
			on("died_on", func(m *member) day.Day { return m.DiedOn }),
			yes("alive_proof", func(m *member) bool { return m.AliveProof }),
			yes("prison", func(m *member) bool { return m.Prison }),
			yes("rehab", func(m *member) bool { return m.Rehab }),
			yes("missing", func(m *member) bool { return m.Missing }),
			num("clergy_years", func(m *member) int { return m.ClergyYears }),
			yes("other_case", func(m *member) bool { return m.OtherCase }),
		}},
		{"fact", []field{
			text("class", classes(), func(l *line) string { return string(l.class) }),
			text("kind", incomeKinds, func(l *line) string { return l.kind }),
			text("source", incomeSources, func(l *line) string { return l.source }),
			yes("declared", func(l *line) bool { return l.declared }),
			fen("gross", func(l *line) money.Fen { return l.gross }),
			fen("left", func(l *line) money.Fen { return l.left }),
			fen("contributions", func(l *line) money.Fen { return l.paid }),
			fen("basic", func(l *line) money.Fen { return l.basic }),
			on("started_on", func(l *line) day.Day { return l.started }),
		}},
		{"obligor", obligorFields()},
		{"thing", thingFields()},
		{"spend", []field{
			text("kind", spendingKinds, func(s *Spending) string { return s.Kind }),
			fen("amount", func(s *Spending) money.Fen { return s.Amount }),
			fen("repaid", func(s *Spending) money.Fen { return s.Repaid }),
			fen("own", func(s *Spending) money.Fen { return s.Amount - s.Repaid }),
			on("on", func(s *Spending) day.Day { return s.On }),
			yes("unpaid", func(s *Spending) bool { return s.Unpaid }),
		}},
		{"move", []field{
			text("kind", thingKinds, func(m *Move) string { return m.Kind }),
			on("on", func(m *Move) day.Day { return m.On }),
			fen("value", func(m *Move) money.Fen { return m.Value }),
			yes("explained", func(m *Move) bool { return m.Explained }),
		}},
		{"income", []field{
			fen("window", func(t *Totals) money.Fen { return t.Window }),
			fen("monthly", func(t *Totals) money.Fen { return t.Monthly }),
			fen("per_head", func(t *Totals) money.Fen { return t.PerHead }),
			fen("verified", func(t *Totals) money.Fen { return t.Verified }),
			fen("support", func(t *Totals) money.Fen { return t.Support }),
		}},
		{"property", []field{
			fen("financial", func(t *Totals) money.Fen { return t.Financial }),
			fen("financial_per_head", func(t *Totals) money.Fen { return t.FinancialPerHead }),
			num("dwellings", func(t *Totals) int { return t.Dwellings }),
			num("non_residential", func(t *Totals) int { return t.NonResidential }),
			num("vehicles", func(t *Totals) int { return t.Vehicles }),
			fen("vehicle_value", func(t *Totals) money.Fen { return t.VehicleValue }),
			num("businesses", func(t *Totals) int { return t.Businesses }),
			yes("household_over", func(t *Totals) bool { return t.HouseholdOver }),
			yes("person_over", func(t *Totals) bool { return t.PersonOver }),
		}},
		{"spending", []field{
			fen("total", func(t *Totals) money.Fen { return t.Spent }),
		}},
	}
}

func obligorFields() []field {
	return []field{
		text("relation", relations(), func(o *Obligor) string { return string(o.Relation) }),
		on("birth", func(o *Obligor) day.Day { return o.Birth }),
		num("size", func(o *Obligor) int { return o.Size }),
		fen("income", func(o *Obligor) money.Fen { return o.Income }),
		fen("per_head", func(o *Obligor) money.Fen { return mulDiv(o.Income, 1, int64(max(o.Size, 1))) }),
		fen("standard", func(o *Obligor) money.Fen { return o.Standard }),
		yes("urban", func(o *Obligor) bool { return o.Urban }),
		num("children", func(o *Obligor) int { return o.Children }),
		num("supported", func(o *Obligor) int { return max(o.Supported, 1) }),
		yes("has_order", func(o *Obligor) bool { return o.HasOrder }),
		fen("ordered", func(o *Obligor) money.Fen { return o.Ordered }),
		yes("unable", func(o *Obligor) bool { return o.Unable }),
		yes("refused", func(o *Obligor) bool { return o.Refused }),
	}
}

func thingFields() []field {
	return []field{
		text("kind", thingKinds, func(t *Thing) string { return t.Kind }),
		yes("declared", func(t *Thing) bool { return t.Declared }),
		fen("value", func(t *Thing) money.Fen { return t.Value }),
		{"share", ratioType, nil, func(v any) ref.Val { return fraction(v.(*Thing).share()) }},
		text("state", thingStates, func(t *Thing) string { return t.State }),
		yes("explained", func(t *Thing) bool { return t.Explained }),
		text("over", overs, func(t *Thing) string { return t.Over }),
		yes("inherited", func(t *Thing) bool { return t.Inherited }),
		yes("mud_brick", func(t *Thing) bool { return t.MudBrick }),
		yes("lived_in", func(t *Thing) bool { return t.LivedIn }),
		text("vehicle", vehicleKinds, func(t *Thing) string { return t.Vehicle }),
		fen("price", func(t *Thing) money.Fen { return t.Price }),
		on("first_on", func(t *Thing) day.Day { return t.First }),
		on("inspection_to", func(t *Thing) day.Day { return t.InspectionTo }),
		yes("for_hire", func(t *Thing) bool { return t.ForHire }),
		fen("registered_capital", func(t *Thing) money.Fen { return t.Registered }),
		fen("paid_in", func(t *Thing) money.Fen { return t.PaidIn }),
		yes("active", func(t *Thing) bool { return t.Active }),
		num("employees", func(t *Thing) int { return t.Employees }),
		yes("cooperative", func(t *Thing) bool { return t.Cooperative }),
		yes("luxury", func(t *Thing) bool { return t.Luxury }),
		on("not_theirs_on", func(t *Thing) day.Day { return t.NotTheirs }),
	}
}

// share is the part of the thing that is the person's.
func (t *Thing) share() Ratio {
	if t.Share.IsZero() {
		return Ratio{1, 1}
	}
	return t.Share
}

// Vocabulary lists every word of formulas, so that a page can explain them.
func Vocabulary() []Word {
	var all []Word
	for _, o := range objects() {
		for _, f := range o.fields {
			all = append(all, Word{o.name, f.name, typeName(f.typ), f.list})
		}
	}
	return all
}

func typeName(t *cel.Type) string {
	switch t {
	case cel.IntType:
		return "number"
	case cel.StringType:
		return "text"
	case cel.BoolType:
		return "yes/no"
	}
	return t.String()
}

// scope names what formulas of a section or a flag can see beside parameters,
// household and date.
var scopes = map[string][]string{
	"start": {}, "household": {"member"}, "income": {"fact", "member"}, "support": {"obligor"}, "property": {"thing", "member"}, "spending": {"spend", "member"},
	"lines":       {"income", "property", "spending"},
	"each member": {"member"}, "each income": {"fact", "member"}, "each obligor": {"obligor"}, "each property": {"thing", "member"}, "each move": {"move", "member"},
	"each household": {"income", "property", "spending"},
}
