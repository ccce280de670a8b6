package book

import (
	"slices"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/money"
)

// A Household is what is assessed: who, and every fact on them, from wherever it
// came. It knows no case, no names and no numbers of persons.
type Household struct {
	OnAid   bool      `yaml:"on_aid" json:"on_aid,omitempty"`     // draws the aid already
	Urban   bool      `yaml:"urban" json:"urban,omitempty"`       // urban programme, where a place still has two
	Urgent  bool      `yaml:"urgent" json:"urgent,omitempty"`     // help first, papers later
	Alone   bool      `yaml:"alone" json:"alone,omitempty"`       // the applicant asks for one person of a family (单独提出)
	AidPaid money.Fen `yaml:"aid_paid" json:"aid_paid,omitempty"` // fen a month, for the office's own sums
	Until   day.Day   `yaml:"until" json:"until,omitzero"`        // last day of the income window; nothing is the day before the application

	Members  []Person   `yaml:"members" json:"members"`
	Obligors []Obligor  `yaml:"obligors" json:"obligors,omitempty"`
	Income   []Income   `yaml:"income" json:"income,omitempty"`
	Things   []Thing    `yaml:"property" json:"property,omitempty"`
	Spending []Spending `yaml:"spending" json:"spending,omitempty"`
	Moves    []Move     `yaml:"moves" json:"moves,omitempty"`
	Answers  []Answer   `yaml:"answers" json:"answers,omitempty"`
}

// A Person is somebody the application names.
type Person struct {
	No       int            `yaml:"no" json:"no"` // 1 is the applicant
	Relation hedui.Relation `yaml:"relation" json:"relation"`
	Birth    day.Day        `yaml:"birth" json:"birth"`
	Female   bool           `yaml:"female" json:"female,omitempty"`

	Study          string `yaml:"study" json:"study,omitempty"` // full-time: one of studies
	Disability     int    `yaml:"disability" json:"disability,omitempty"`
	DisabilityKind string `yaml:"disability_kind" json:"disability_kind,omitempty"`
	Dependent      bool   `yaml:"dependent" json:"dependent,omitempty"` // adult who cannot live independently
	Ill            bool   `yaml:"ill" json:"ill,omitempty"`             // one of the serious illnesses
	Apart          bool   `yaml:"apart" json:"apart,omitempty"`         // does not live with the others long term

	Marital        string  `yaml:"marital" json:"marital,omitempty"`                 // as declared
	MarriageRecord string  `yaml:"marriage_record" json:"marriage_record,omitempty"` // as the register has it last
	MarriedOn      day.Day `yaml:"married_on" json:"married_on,omitzero"`
	DivorceProof   bool    `yaml:"divorce_proof" json:"divorce_proof,omitempty"` // a judgment was brought

	DiedOn      day.Day `yaml:"died_on" json:"died_on,omitzero"`          // by a register
	AliveProof  bool    `yaml:"alive_proof" json:"alive_proof,omitempty"` // and brought against it
	Prison      bool    `yaml:"prison" json:"prison,omitempty"`
	Rehab       bool    `yaml:"rehab" json:"rehab,omitempty"` // compulsory isolation for drugs
	Missing     bool    `yaml:"missing" json:"missing,omitempty"`
	ClergyYears int     `yaml:"clergy_years" json:"clergy_years,omitempty"` // away from the family as clergy
	OtherCase   bool    `yaml:"other_case" json:"other_case,omitempty"`     // lives in the household of another case as well
}

// An Obligor is a family that owes support and lives apart. Its income is of
// all its members together.
type Obligor struct {
	Relation  hedui.Relation `yaml:"relation" json:"relation"`    // of the obligor to the applicant
	Birth     day.Day        `yaml:"birth" json:"birth,omitzero"` // of the obligor; zero is not known
	Size      int            `yaml:"size" json:"size"`
	Income    money.Fen      `yaml:"income" json:"income"`               // fen a month
	Standard  money.Fen      `yaml:"standard" json:"standard,omitempty"` // of the obligor's place; 0 is that of the household's
	Urban     bool           `yaml:"urban" json:"urban,omitempty"`
	Children  int            `yaml:"children" json:"children,omitempty"` // of the supported person, who share the duty
	Supported int            `yaml:"supported" json:"supported"`         // persons the family supports; 0 is one
	Ordered   money.Fen      `yaml:"ordered" json:"ordered,omitempty"`   // by a court or an agreement, fen a month
	HasOrder  bool           `yaml:"has_order" json:"has_order,omitempty"`
	Unable    bool           `yaml:"unable" json:"unable,omitempty"`   // recognised as unable to support
	Refused   bool           `yaml:"refused" json:"refused,omitempty"` // gave no consent: nothing may be asked
}

// Income is one income as one source states it, or the family.
type Income struct {
	Person   int               `yaml:"person" json:"person"`
	Class    hedui.IncomeClass `yaml:"class" json:"class"`
	Kind     string            `yaml:"kind" json:"kind"` // one of incomeKinds
	Source   string            `yaml:"source" json:"source"`
	Declared bool              `yaml:"declared" json:"declared,omitempty"`
	Amount   money.Fen         `yaml:"amount" json:"amount"`
	Per      string            `yaml:"per" json:"per,omitempty"` // total, month or year
	From     day.Day           `yaml:"from" json:"from,omitzero"`
	To       day.Day           `yaml:"to" json:"to,omitzero"`
	Paid     money.Fen         `yaml:"contributions" json:"contributions,omitempty"` // own tax and social contributions, per the same
	Basic    money.Fen         `yaml:"basic" json:"basic,omitempty"`                 // central basic part of a resident pension, per the same
	Started  day.Day           `yaml:"started_on" json:"started_on,omitzero"`        // of the job
	Payer    string            `yaml:"payer" json:"payer,omitempty"`
	With     []int             `yaml:"with" json:"with,omitempty"` // others whose it is as well; it counts with the first who counts
}

// A Thing is one piece of property. Value is what the source says it is worth.
type Thing struct {
	Person    int       `yaml:"person" json:"person"`
	Kind      string    `yaml:"kind" json:"kind"` // one of thingKinds
	Source    string    `yaml:"source" json:"source,omitempty"`
	Declared  bool      `yaml:"declared" json:"declared,omitempty"`
	Value     money.Fen `yaml:"value" json:"value,omitempty"`
	Share     Ratio     `yaml:"share" json:"share,omitzero"` // nothing is all of it
	With      []Holder  `yaml:"with" json:"with,omitempty"`  // others who have it as well; it counts with those who count
	State     string    `yaml:"state" json:"state,omitempty"`
	Explained bool      `yaml:"explained" json:"explained,omitempty"` // evidence was attached and confirmed

	Over string `yaml:"over" json:"over,omitempty"` // of a source that gives no amount: one of overs

	Area      money.Fen `yaml:"area" json:"area,omitempty"` // hundredths of a square metre, written as 60.00
	Inherited bool      `yaml:"inherited" json:"inherited,omitempty"`
	MudBrick  bool      `yaml:"mud_brick" json:"mud_brick,omitempty"`
	LivedIn   bool      `yaml:"lived_in" json:"lived_in,omitempty"`

	Vehicle      string    `yaml:"vehicle" json:"vehicle,omitempty"` // one of vehicleKinds
	Price        money.Fen `yaml:"price" json:"price,omitempty"`
	First        day.Day   `yaml:"first_on" json:"first_on,omitzero"`
	InspectionTo day.Day   `yaml:"inspection_to" json:"inspection_to,omitzero"`
	ForHire      bool      `yaml:"for_hire" json:"for_hire,omitempty"`

	Registered  money.Fen `yaml:"registered_capital" json:"registered_capital,omitempty"`
	PaidIn      money.Fen `yaml:"paid_in" json:"paid_in,omitempty"`
	Active      bool      `yaml:"active" json:"active,omitempty"` // tax filing or turnover within the window
	Employees   int       `yaml:"employees" json:"employees,omitempty"`
	Cooperative bool      `yaml:"cooperative" json:"cooperative,omitempty"`    // membership in a poverty cooperative
	Luxury      bool      `yaml:"luxury" json:"luxury,omitempty"`              // luxury tobacco or liquor
	NotTheirs   day.Day   `yaml:"not_theirs_on" json:"not_theirs_on,omitzero"` // the day the person said so
}

// A Holder is another person who has a thing, with the share that comes to the
// thing's; it has the same denominator.
type Holder struct {
	Person int   `yaml:"person" json:"person"`
	Share  Ratio `yaml:"share" json:"share,omitzero"`
}

// Spending is one receipt or settlement.
type Spending struct {
	Person int       `yaml:"person" json:"person"`
	Kind   string    `yaml:"kind" json:"kind"` // one of spendingKinds
	Amount money.Fen `yaml:"amount" json:"amount"`
	Repaid money.Fen `yaml:"repaid" json:"repaid,omitempty"` // by insurance and aid
	On     day.Day   `yaml:"on" json:"on"`
	Unpaid bool      `yaml:"unpaid" json:"unpaid,omitempty"`
}

// A Move is property that was given away, sold or drawn.
type Move struct {
	Person    int       `yaml:"person" json:"person"`
	Kind      string    `yaml:"kind" json:"kind"` // one of thingKinds
	On        day.Day   `yaml:"on" json:"on"`
	Value     money.Fen `yaml:"value" json:"value,omitempty"`
	Explained bool      `yaml:"explained" json:"explained,omitempty"`
}

// An Answer is how a source stands for a person.
type Answer struct {
	Person  int     `yaml:"person" json:"person"`
	Source  string  `yaml:"source" json:"source"`
	Outcome string  `yaml:"outcome" json:"outcome"` // one of outcomes
	AsOf    day.Day `yaml:"as_of" json:"as_of,omitzero"`
}

// The words of a household's facts.
var (
	studies        = append([]string{""}, hedui.Studies()...)
	disabilities   = append([]string{""}, hedui.DisabilityKinds()...)
	maritals       = append([]string{""}, words(hedui.MaritalStatuses())...)
	incomeKinds    = []string{"wage", "business", "farming", "rent", "interest", "dividend", "pension", "resident_pension", "unemployment_benefit", "support_paid", "compensation", "gift", "lump_sum", "veterans_benefit", "family_planning_award", "scholarship", "bravery_award", "social_assistance", "old_age_allowance", "other"}
	incomeSources  = []string{"tax", "social_insurance", "payroll", "housing_fund", "employment", "civil_affairs", "veterans", "school", "statement", "other"}
	pers           = []string{"", "total", "month", "year"}
	thingKinds     = []string{"deposit", "security", "fund", "insurance", "claim", "housing_fund", "vehicle", "vessel", "farm_machine", "dwelling", "non_residential", "land", "business", "other"}
	financialKinds = []string{"deposit", "security", "fund", "insurance", "claim"}
	thingStates    = []string{"", "normal", "inspection_overdue", "scrap_due", "seized", "cancelled", "revoked", "dormant"}
	vehicleKinds   = []string{"", "car", "truck", "motorcycle", "tricycle", "ebike", "disability"}
	overs          = []string{"", "person_over", "person_within", "household_over", "household_within", "not_stated"}
	spendingKinds  = hedui.SpendingKinds()
	outcomes       = []string{"found", "none", "not_covered", "silent", "refused", "identity_doubt"}
)

// Problems lists what makes the description no household; an empty list is fit
// to be assessed.
func (h *Household) Problems() []string {
	c := checker{h: h}
	if len(h.Members) == 0 {
		c.say("members", "nobody")
	}
	seen := map[int]bool{}
	for i, m := range h.Members {
		if m.No <= 0 || seen[m.No] {
			c.at("members", i, "no")
		}
		seen[m.No] = true
		c.one("members", i, "relation", string(m.Relation), relations())
		c.one("members", i, "study", m.Study, studies)
		c.one("members", i, "disability_kind", m.DisabilityKind, disabilities)
		c.one("members", i, "marital", m.Marital, maritals)
		c.one("members", i, "marriage_record", m.MarriageRecord, maritals)
		if m.Birth.IsZero() {
			c.at("members", i, "birth")
		}
	}
	c.seen = seen
	for i, f := range h.Income {
		for _, no := range append([]int{f.Person}, f.With...) {
			c.person("income", i, no)
		}
		c.one("income", i, "class", string(f.Class), classes())
		c.one("income", i, "kind", f.Kind, incomeKinds)
		c.one("income", i, "source", f.Source, incomeSources)
		c.one("income", i, "per", f.Per, pers)
		c.amounts("income", i, f.Amount, f.Paid, f.Basic)
		if !f.To.IsZero() && f.To.Before(f.From) {
			c.at("income", i, "to")
		}
		if (f.Per == "" || f.Per == "total") && f.From.IsZero() != f.To.IsZero() {
			c.at("income", i, "from")
		}
	}
	c.property()
	return c.problems
}

// relations and classes are the words of hedui, as a book writes them.
func relations() []string { return words(hedui.Relations()) }
func classes() []string   { return words(hedui.IncomeClasses()) }

func words[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, v := range list {
		all[i] = string(v)
	}
	return all
}

// checker collects what is wrong with a household.
type checker struct {
	h        *Household
	seen     map[int]bool
	problems []string
}

func (c *checker) property() {
	h := c.h
	for i, o := range h.Obligors {
		c.one("obligors", i, "relation", string(o.Relation), relations())
		c.amounts("obligors", i, o.Income, o.Standard, o.Ordered)
		if o.Size <= 0 && !o.Refused {
			c.at("obligors", i, "size")
		}
		if o.Supported < 0 || o.Children < 0 {
			c.at("obligors", i, "supported")
		}
	}
	for i, t := range h.Things {
		c.person("property", i, t.Person)
		for _, h := range t.With {
			c.person("property", i, h.Person)
			if h.Share.Den != t.Share.Den || h.Share.Num > h.Share.Den {
				c.at("property", i, "with")
			}
		}
		c.one("property", i, "kind", t.Kind, thingKinds)
		c.one("property", i, "state", t.State, thingStates)
		c.one("property", i, "vehicle", t.Vehicle, vehicleKinds)
		c.one("property", i, "over", t.Over, overs)
		c.amounts("property", i, t.Value, t.Price, t.Area, t.Registered, t.PaidIn)
		if t.Share.Num > t.Share.Den {
			c.at("property", i, "share")
		}
	}
	for i, s := range h.Spending {
		c.person("spending", i, s.Person)
		c.one("spending", i, "kind", s.Kind, spendingKinds)
		c.amounts("spending", i, s.Amount, s.Repaid)
		if s.On.IsZero() || s.Repaid > s.Amount {
			c.at("spending", i, "on")
		}
	}
	for i, m := range h.Moves {
		c.person("moves", i, m.Person)
		c.one("moves", i, "kind", m.Kind, thingKinds)
		c.amounts("moves", i, m.Value)
		if m.On.IsZero() {
			c.at("moves", i, "on")
		}
	}
	for i, a := range h.Answers {
		c.person("answers", i, a.Person)
		c.one("answers", i, "outcome", a.Outcome, outcomes)
	}
}

func (c *checker) say(where, what string) { c.problems = append(c.problems, where+": "+what) }

func (c *checker) at(list string, i int, field string) {
	c.say(indexed(list, i)+"."+field, "not possible")
}

func (c *checker) one(list string, i int, field, word string, among []string) {
	if !slices.Contains(among, word) {
		c.say(indexed(list, i)+"."+field, choice(word, among))
	}
}

func (c *checker) person(list string, i, no int) {
	if !c.seen[no] {
		c.say(indexed(list, i)+".person", "no member has this number")
	}
}

func (c *checker) amounts(list string, i int, all ...money.Fen) {
	for _, f := range all {
		if f < 0 || f > money.Limit {
			c.say(indexed(list, i), "an amount is negative or beyond every household")
		}
	}
}
