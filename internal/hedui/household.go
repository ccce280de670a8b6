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

	Stated Stated  `json:"stated,omitzero"`  // what rules ask about a person
	Family *Family `json:"family,omitempty"` // of an obligor; nil is not stated
}

// Stated is what the family states on a person that bears on who counts and what
// counts, as far as rules ask for it. A register that says otherwise is believed.
type Stated struct {
	Study          string        `json:"study,omitempty"`      // full-time: one of [Studies]
	Disability     int           `json:"disability,omitempty"` // grade 1 to 4
	DisabilityKind string        `json:"disability_kind,omitempty"`
	Ill            bool          `json:"ill,omitempty"`       // one of the serious illnesses
	Dependent      bool          `json:"dependent,omitempty"` // adult who cannot live independently
	Apart          bool          `json:"apart,omitempty"`     // does not live with the others long term
	Marital        MaritalStatus `json:"marital,omitempty"`
}

// A MaritalStatus is the first digit of GB/T 2261.2 in words.
type MaritalStatus string

// The marital statuses.
const (
	Single   MaritalStatus = "single"
	Married  MaritalStatus = "married"
	Divorced MaritalStatus = "divorced"
	Widowed  MaritalStatus = "widowed"
)

// MaritalStatuses lists all marital statuses.
func MaritalStatuses() []MaritalStatus {
	return []MaritalStatus{Single, Married, Divorced, Widowed}
}

// Studies lists the kinds of full-time education that rules tell apart.
func Studies() []string { return []string{"school", "bachelor", "postgraduate"} }

// DisabilityKinds lists the kinds of disability that rules tell apart.
func DisabilityKinds() []string {
	return []string{"mental", "intellectual", "limb", "sight", "hearing", "speech", "multiple"}
}

// A Family is the obligor's own: what support is imputed from. Without its size
// nothing is.
type Family struct {
	Size     int        `json:"size"`               // persons in it, the obligor among them
	Income   money.Fen  `json:"income"`             // of all of them, as stated, fen a month
	Children int        `json:"children,omitempty"` // of the supported person, who share the duty
	Supports int        `json:"supports,omitempty"` // persons the family supports; 0 is one
	Ordered  *money.Fen `json:"ordered,omitempty"`  // by a court or an agreement, fen a month
	Unable   bool       `json:"unable,omitempty"`   // recognised as unable to support
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
	Spending []DeclaredSpending `json:"spending,omitempty"`

	Alone  bool `json:"alone,omitempty"`  // 单独提出: applies as a household of one
	Urgent bool `json:"urgent,omitempty"` // help first, papers later
	Urban  bool `json:"urban,omitempty"`  // urban programme, where a place still has two
}

// DeclaredSpending is one receipt or settlement of rigid spending (刚性支出), in fen.
type DeclaredSpending struct {
	Person int       `json:"person"`
	Kind   string    `json:"kind"` // one of [SpendingKinds]
	Amount money.Fen `json:"amount"`
	Repaid money.Fen `json:"repaid,omitempty"` // by insurance and aid
	On     day.Day   `json:"on"`
	Unpaid bool      `json:"unpaid,omitempty"` // the bill is not paid yet
	Note   string    `json:"note,omitempty"`
}

// SpendingKinds lists the kinds of spending that rules tell apart.
func SpendingKinds() []string {
	return []string{"medical", "education", "disability", "living", "other"}
}
