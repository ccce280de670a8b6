package hedui

import (
	"fmt"
	"io"

	"hedui/day"
	"hedui/idcard"
	"hedui/money"
	"hedui/source"
)

// A Role says why a person is in a case.
type Role string

// Members live together and count; obligors 赡养/抚养/扶养义务人 live apart and are
// queried because they owe support.
const (
	Member  Role = "member"
	Obligor Role = "obligor"
)

// A Relation is the relation to the applicant, first digit of GB/T 4761 in words.
type Relation string

// The relations of the entry form.
const (
	Self        Relation = "self"
	Spouse      Relation = "spouse"
	Son         Relation = "son"
	Daughter    Relation = "daughter"
	Grandchild  Relation = "grandchild"
	Parent      Relation = "parent"
	Grandparent Relation = "grandparent"
	Sibling     Relation = "sibling"
	OtherKin    Relation = "other"
)

// Relations lists all relations.
func Relations() []Relation {
	return []Relation{Self, Spouse, Son, Daughter, Grandchild, Parent, Grandparent, Sibling, OtherKin}
}

// A Capacity is a person's legal capacity to act; without full capacity a
// guardian signs.
type Capacity string

// The capacities of the Civil Code, articles 17 to 22.
const (
	FullCapacity    Capacity = "full"
	LimitedCapacity Capacity = "limited"
	NoCapacity      Capacity = "none"
)

// Capacities lists all capacities.
func Capacities() []Capacity { return []Capacity{FullCapacity, LimitedCapacity, NoCapacity} }

// AdultAge is the age of majority (Civil Code, article 17).
const AdultAge = 18

// A Person is a member of the household or an obligor.
type Person struct {
	No       int           `json:"no"` // 1 is the applicant
	Name     string        `json:"name"`
	ID       idcard.Number `json:"id"`
	Role     Role          `json:"role"`
	Relation Relation      `json:"relation"`
	Capacity Capacity      `json:"capacity"`
	Guardian int           `json:"guardian,omitempty"` // No of the guardian within the case, or 0
	Student  bool          `json:"student,omitempty"`  // in full-time education

	Registered string `json:"registered,omitempty"` // division of the household registration where it is another than the case's (人户分离)
	Notes      string `json:"notes,omitempty"`      // illness, disability, as the family stated it
}

// Format implements [fmt.Formatter]: every verb prints the person masked.
func (p Person) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, fmt.Sprint(p.No)+" "+p.Masked())
}

// Masked is the name and number as they may stand on a screen.
func (p Person) Masked() string { return idcard.MaskName(p.Name) + " " + p.ID.Masked() }

// Subject is the person as a source sees it.
func (p Person) Subject() source.Person { return source.Person{Name: p.Name, ID: p.ID} }

// NeedsGuardian reports whether somebody else must sign for the person on the
// given day: minors, and adults without full capacity.
func (p Person) NeedsGuardian(on day.Day) bool {
	return p.Capacity != FullCapacity || p.ID.AgeOn(on) < AdultAge
}

// An IncomeClass is one of the four national classes, or other (2021 rule, article 13).
type IncomeClass string

// The income classes.
const (
	Wage           IncomeClass = "wage"     // 工资性
	BusinessIncome IncomeClass = "business" // 经营净
	PropertyIncome IncomeClass = "property" // 财产净
	Transfer       IncomeClass = "transfer" // 转移净
	OtherIncome    IncomeClass = "other"
)

// IncomeClasses lists all income classes.
func IncomeClasses() []IncomeClass {
	return []IncomeClass{Wage, BusinessIncome, PropertyIncome, Transfer, OtherIncome}
}

// A PropertyClass is a class of property of the 2021 rule, article 14, as far as
// the launch categories can see it, and deposits, which they cannot.
type PropertyClass string

// The property classes.
const (
	Deposits     PropertyClass = "deposits"
	Vehicles     PropertyClass = "vehicle"
	Houses       PropertyClass = "house"
	Land         PropertyClass = "land"
	HousingFund  PropertyClass = "housing_fund"
	Enterprise   PropertyClass = "business" // registered companies, self-employment, shares
	OtherHolding PropertyClass = "other"
)

// PropertyClasses lists all property classes.
func PropertyClasses() []PropertyClass {
	return []PropertyClass{Deposits, Vehicles, Houses, Land, HousingFund, Enterprise, OtherHolding}
}

// DeclaredIncome is one income a family states. Monthly is an average over the
// income window, in fen a month; 0 with a note is "irregular, no amount".
type DeclaredIncome struct {
	Person  int         `json:"person"`
	Class   IncomeClass `json:"class"`
	Monthly money.Fen   `json:"monthly"`
	Note    string      `json:"note,omitempty"`
}

// DeclaredProperty is one thing a family states to own, with its value in fen
// as they see it.
type DeclaredProperty struct {
	Person int           `json:"person"`
	Class  PropertyClass `json:"class"`
	Value  money.Fen     `json:"value"`
	Note   string        `json:"note,omitempty"`
}

// Declared is what the family states under its duty of truth (State Council
// order 649, article 58).
type Declared struct {
	Income   []DeclaredIncome   `json:"income,omitempty"`
	Property []DeclaredProperty `json:"property,omitempty"`
}
