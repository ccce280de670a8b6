package rule

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
	"hedui/money"
	"hedui/source"
)

// A basis is what rule books are applied to: the household as they know it, and
// where each fact of it is from.
type basis struct {
	*sheet
	h      book.Household
	from   map[book.Ref]*hedui.Query // of what a register holds
	open   []hedui.Text              // what rules ask for and nobody has stated
	person []int                     // of each family of obligors, its person
	items  []hedui.Explanation
	failed bool // some rule before the lines could not be worked out

	contributions map[key]money.Fen // own social contributions, by person and month
	jobs          map[int][]job     // registered jobs, by person
	active        map[string]bool   // companies with turnover or tax within the window
	told          map[string]int    // leases and transfers that are in it, and where
}

type key struct {
	person int
	month  day.Day
}

type job struct {
	unit  string
	since day.Day
}

// Household puts what the family stated and the registers answered into the words
// of rule books. What two registers of a category both hold is in it once.
func Household(c *hedui.Case, queries []hedui.Query, items []hedui.Explanation) book.Household {
	s := &sheet{c: c, cells: map[cell][]source.Outcome{}}
	for i := range queries {
		s.take(&queries[i])
	}
	s.read()
	return s.basis(items).h
}

// basis builds the household from the sheet once its records are read.
func (s *sheet) basis(items []hedui.Explanation) *basis {
	b := &basis{sheet: s, from: map[book.Ref]*hedui.Query{}, items: items,
		contributions: map[key]money.Fen{}, jobs: map[int][]job{}, active: map[string]bool{}, told: map[string]int{}}
	d := s.c.Declared
	b.h = book.Household{OnAid: s.c.Kind == hedui.PeriodicRecheck, Urban: d.Urban, Urgent: d.Urgent, Alone: d.Alone, Until: s.c.Window().To}
	for _, p := range s.c.Members() {
		b.h.Members = append(b.h.Members, b.member(p))
	}
	for _, r := range s.found {
		if p, ok := s.c.Person(r.person); ok && p.Role == hedui.Member {
			b.prepare(r)
		}
	}
	for _, r := range s.found {
		if p, ok := s.c.Person(r.person); ok && p.Role == hedui.Member {
			b.register(p, r)
		}
	}
	b.things()
	b.work()
	b.declare()
	for _, p := range s.c.Obligors() {
		b.obligor(p)
	}
	b.bound()
	return b
}

// bound brings amounts that no household can have to such as it can: registers
// write refunds and corrections as amounts below nothing, and one of them must not
// keep a case from being worked out.
func (b *basis) bound() {
	within := func(amounts ...*money.Fen) {
		for _, f := range amounts {
			*f = min(max(*f, 0), money.Limit)
		}
	}
	for i := range b.h.Income {
		f := &b.h.Income[i]
		within(&f.Amount, &f.Paid, &f.Basic)
	}
	for i := range b.h.Things {
		t := &b.h.Things[i]
		within(&t.Value, &t.Price, &t.Area, &t.Registered, &t.PaidIn)
	}
	for i := range b.h.Spending {
		s := &b.h.Spending[i]
		within(&s.Amount, &s.Repaid)
		s.Repaid = min(s.Repaid, s.Amount)
	}
	for i := range b.h.Moves {
		within(&b.h.Moves[i].Value)
	}
}

func (b *basis) member(p hedui.Person) book.Person {
	m := book.Person{No: p.No, Relation: p.Relation, Birth: p.ID.Birth(), Female: !p.ID.Male(),
		Study: p.Stated.Study, Disability: p.Stated.Disability, DisabilityKind: p.Stated.DisabilityKind,
		Ill: p.Stated.Ill, Dependent: p.Stated.Dependent, Apart: p.Stated.Apart, Marital: string(p.Stated.Marital)}
	if m.Study == "" && p.Student {
		m.Study = "bachelor"
		if p.ID.AgeOn(b.c.AppliedOn) < hedui.AdultAge {
			m.Study = "school"
		}
	}
	m.OtherCase = slices.Contains(b.c.Elsewhere, p.No)
	m.AliveProof = b.settled(p.No, catalog.Death)
	m.DivorceProof = b.settled(p.No, catalog.Marriage)
	return m
}

// settled reports whether what a register says of the person's status was
// explained with evidence, and confirmed.
func (b *basis) settled(person int, c catalog.Code) bool {
	return slices.ContainsFunc(b.items, func(e hedui.Explanation) bool {
		return e.Person == person && e.Category == c && e.State == hedui.ExplanationDone
	})
}

// prepare notes what one register says about facts of another.
func (b *basis) prepare(r reading) {
	w := b.c.Window()
	within := func(e entry) bool {
		from, ok1 := e.Day("period_from")
		to, ok2 := e.Day("period_to")
		return !ok1 || !ok2 || !to.Before(w.From) && !from.After(w.To)
	}
	var paid []claim
	for _, e := range r.entries {
		switch r.category {
		case "social_insurance":
			_, ok := e.Month("month")
			if own, stated := e.Money("personal_amount"); ok && stated {
				paid = append(paid, claim{entry: e, who: e.Record["insured_type"], amount: own}.in("month"))
			}
		case "employment":
			if since, ok := e.Day("employment_reg_date"); ok && e.Record["unit"] != "" {
				b.jobs[r.person] = append(b.jobs[r.person], job{e.Record["unit"], since})
			}
		case "national_tax":
			sales, _ := e.Money("sales")
			due, _ := e.Money("tax_due")
			b.active[e.Record["company_name"]] = b.active[e.Record["company_name"]] || within(e) && sales+due > 0
		case "local_tax":
			paid, _ := e.Money("tax_amount")
			total, _ := e.Money("company_tax_total") // all that stands in the record of an investor
			if name := e.Record["company_name"]; name != "" {
				b.active[name] = b.active[name] || within(e) && max(paid, total) > 0
			}
		}
	}
	for i, counts := range once(paid) {
		if counts {
			b.contributions[key{r.person, paid[i].from}] += paid[i].amount
		}
	}
}

// again reports whether an earlier register of the reading holds the same record.
func (b *basis) again(r reading, e entry) bool {
	for _, o := range r.entries {
		if o.query == e.query {
			return false
		}
		if maps.Equal(o.Record, e.Record) {
			return true
		}
	}
	return false
}

// register adds what one category holds on a member, but for property, see things.
func (b *basis) register(p hedui.Person, r reading) {
	m := &b.h.Members[slices.IndexFunc(b.h.Members, func(m book.Person) bool { return m.No == p.No })]
	switch r.category {
	case catalog.Marriage:
		b.marriages(m, r.entries)
	case catalog.Death:
		for _, e := range r.entries {
			if on, ok := e.Day("death_date"); ok && m.DiedOn.IsZero() {
				m.DiedOn = on
			}
		}
	case "local_tax":
		b.taxed(p, r.entries)
	case "social_insurance":
		b.insured(p, r.entries)
	case "housing_fund":
		b.deposits(p, r.entries)
	case "housing":
		b.rents(p, r.entries)
	case "vehicle":
		for _, e := range r.entries {
			b.moves(p, e, "vehicle", "ownership_changes", func(row catalog.Record) bool { return row["from_owner"] == p.Name })
		}
	case "disability":
		for _, e := range r.entries {
			if grade, err := strconv.Atoi(e.Record["grade"]); err == nil {
				m.Disability, m.DisabilityKind = grade, disabilityKinds[e.Record["kind"]]
			}
		}
	case "education":
		for _, e := range r.entries {
			if e.Record["state"] == "enrolled" && m.Study == "" {
				if m.Study = "school"; e.Record["level"] == "college" {
					m.Study = "bachelor"
				}
			}
		}
	case "prison":
		for _, e := range r.entries {
			in := e.Record["in_custody"] == "true"
			m.Prison = m.Prison || in && e.Record["kind"] == "prison"
			m.Rehab = m.Rehab || in && e.Record["kind"] == "treatment"
		}
	case "medical":
		b.treated(p, r)
	case "deposits", "securities":
		b.within(p, r)
	}
}

// disabilityKinds are the words of rule books for the codes of the catalogue.
var disabilityKinds = map[string]string{"sight": "sight", "hearing": "hearing", "speech": "speech", "limbs": "limb",
	"intellect": "intellectual", "mind": "mental", "multiple": "multiple"}

// maritalStatuses by the first digit of GB/T 2261.2.
var maritalStatuses = map[byte]hedui.MaritalStatus{'1': hedui.Single, '2': hedui.Married, '3': hedui.Widowed, '4': hedui.Divorced}

func (b *basis) marriages(m *book.Person, all []entry) {
	var newest catalog.Record
	for _, r := range all {
		if newest == nil || r.Record["reg_date"] > newest["reg_date"] {
			newest = r.Record
		}
	}
	if status := newest["marital_status"]; status != "" {
		m.MarriageRecord = string(maritalStatuses[status[0]])
		if m.MarriageRecord == string(hedui.Married) {
			m.MarriedOn, _ = newest.Day("reg_date")
		}
	}
}

// taxItems are class and kind of an income by its tax item. What is not here is a wage.
var taxItems = map[string]struct {
	class hedui.IncomeClass
	kind  string
}{
	"business":     {hedui.BusinessIncome, "business"},
	"contract":     {hedui.BusinessIncome, "business"},
	"dividend":     {hedui.PropertyIncome, "dividend"},
	"rent":         {hedui.PropertyIncome, "rent"},
	"royalty":      {hedui.PropertyIncome, "other"},
	"transfer":     {hedui.OtherIncome, "lump_sum"},
	"incidental":   {hedui.OtherIncome, "lump_sum"},
	"other_income": {hedui.OtherIncome, "other"},
}

// taxed adds what was paid to the person. The own tax is in the record, the own
// social contributions are in those of the insurance.
func (b *basis) taxed(p hedui.Person, all []entry) {
	var list []claim
	for _, r := range all {
		amount, ok := r.Money("income_amount")
		if r.Record["company_name"] == "" && ok && amount > 0 {
			list = append(list, claim{entry: r, class: taxClass(r.Record), who: r.Record["withholding_unit"], amount: amount}.timed())
		}
	}
	for i, counts := range once(list) {
		if !counts {
			continue
		}
		c := list[i]
		f := book.Income{Person: p.No, Class: c.class, Kind: taxKind(c.Record), Source: "tax", Amount: c.amount, Payer: c.who}
		f.Paid, _ = c.Money("tax_amount")
		if c.period() {
			f = b.cut(f, c.from, c.to)
		} else { // of the months that were asked about, which a book's window may be shorter than
			f.From, f.To = b.c.Window().From, b.c.Window().To
		}
		b.income(c.query, f)
	}
}

// cut puts an income of a period down to its part within the window, by days: own
// contributions are known for the months of the window only, and must not be
// shared out over those before it.
func (b *basis) cut(f book.Income, from, to day.Day) book.Income {
	w := b.c.Window()
	f.From, f.To = latest(from, w.From), earliest(to, w.To)
	if f.To.Before(f.From) { // none of the window
		f.From, f.To = from, to
		return f
	}
	inside, days := int64(f.To.Sub(f.From)+1), int64(to.Sub(from)+1)
	f.Amount, f.Paid = f.Amount.MulDiv(inside, days), f.Paid.MulDiv(inside, days)
	return f
}

func taxClass(r catalog.Record) hedui.IncomeClass {
	if t, ok := taxItems[r["tax_item"]]; ok {
		return t.class
	}
	return hedui.Wage
}

func taxKind(r catalog.Record) string {
	if t, ok := taxItems[r["tax_item"]]; ok {
		return t.kind
	}
	return "wage"
}

// insured adds pensions and benefits, and the contribution base for a wage, which
// the precedence of the book takes only where no better source speaks.
func (b *basis) insured(p hedui.Person, all []entry) {
	drawn := map[string][]claim{}
	bases := map[day.Day]claim{}
	for _, r := range all {
		c := claim{entry: r, class: hedui.Transfer, who: r.Record["insured_type"]}.in("month")
		if amount, ok := r.Money("pension_received"); ok && amount > 0 {
			kind := "pension"
			if c.who == "pension_resident" {
				kind = "resident_pension"
			}
			c.amount = amount
			drawn[kind] = append(drawn[kind], c)
		} else if amount, ok := r.Money("unemployment_benefit"); ok && amount > 0 {
			c.amount = amount
			drawn["unemployment_benefit"] = append(drawn["unemployment_benefit"], c)
		} else if base, ok := r.Money("contribution_base"); ok && r.Record["unit_name"] != "" && base > bases[c.from].amount {
			c.amount, c.who = base, r.Record["unit_name"] // several schemes share one base, and so do several registers
			bases[c.from] = c
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(drawn)) {
		b.monthly(p, drawn[kind], book.Income{Class: hedui.Transfer, Kind: kind, Source: "social_insurance"})
	}
	var wages []claim
	for _, m := range slices.SortedFunc(maps.Keys(bases), func(x, y day.Day) int { return x.Sub(y) }) {
		wages = append(wages, bases[m])
	}
	b.monthly(p, wages, book.Income{Class: hedui.Wage, Kind: "wage", Source: "social_insurance"})
}

// monthly adds amounts that a register states month by month. A single month of a
// pension or benefit is taken for what is drawn now, and so is the newest after the
// window where none lies within it. A wage of other months is none of the window.
func (b *basis) monthly(p hedui.Person, list []claim, like book.Income) {
	counts := once(list)
	months := map[day.Day]bool{}
	w := b.c.Window()
	for i, c := range list {
		if counts[i] && c.period() && !c.from.Before(w.From) && !c.to.After(w.To) {
			months[c.from] = true
		}
	}
	newest := w.To
	for i, c := range list {
		if counts[i] {
			newest = latest(newest, c.from)
		}
	}
	drawn := like.Class == hedui.Transfer
	for i, c := range list {
		if !counts[i] {
			continue
		}
		f := like
		f.Person, f.Amount = p.No, c.amount
		f.Basic, _ = c.Money("central_basic_pension")
		if f.Class == hedui.Wage {
			f.Payer = c.who
		}
		switch {
		case !c.period(), drawn && len(months) == 1 && months[c.from], drawn && len(months) == 0 && c.from == newest:
			f.Per = "month"
		case months[c.from]:
			f.From, f.To = c.from, c.to
		default:
			continue // a month outside the window
		}
		b.income(c.query, f)
	}
}

// deposits adds the deposit base of the housing fund, the last choice for a wage.
func (b *basis) deposits(p hedui.Person, all []entry) {
	list := fundBases(all)
	for i, counts := range once(list) {
		if c := list[i]; counts {
			b.income(c.query, book.Income{Person: p.No, Class: hedui.Wage, Kind: "wage", Source: "housing_fund", Amount: c.amount, Per: "month", Payer: c.who})
		}
	}
}

func (b *basis) rents(p hedui.Person, all []entry) {
	for _, r := range all {
		b.moves(p, r, dwellingKind(r.Record), "transactions", func(catalog.Record) bool { return gone(r.Record) })
		if rent, ok := r.Money("monthly_rent"); ok && rent > 0 {
			f := book.Income{Person: p.No, Class: hedui.PropertyIncome, Kind: "rent", Source: "other", Amount: rent, Per: "month"}
			f.From, _ = r.Day("rental_from")
			f.To, _ = r.Day("rental_to")
			left := lastTransfer(r.Record) // a lease goes with the house
			if gone(r.Record) && (f.To.IsZero() || f.To.After(left)) {
				f.To = left
			}
			if gone(r.Record) && f.To.IsZero() { // nobody knows since when
				continue
			}
			if !f.To.IsZero() && f.To.Before(f.From) {
				continue
			}
			if at, told := b.tell(len(b.h.Income), p, r, "lease", rent.String(), f.From.String(), f.To.String()); !told {
				b.income(r.query, f)
			} else if l := &b.h.Income[at]; l.Person != p.No && !slices.Contains(l.With, p.No) {
				l.With = append(l.With, p.No)
			}
		}
	}
}

// lastTransfer is the day of the last transfer of a house, if one is known.
func lastTransfer(r catalog.Record) (last day.Day) {
	rows, _ := r.Rows("transactions")
	for _, row := range rows {
		if on, ok := row.Day("date"); ok {
			last = latest(last, on)
		}
	}
	return last
}

// moves adds the rows of a record by which the person gave something away.
func (b *basis) moves(p hedui.Person, r entry, kind, rows string, away func(catalog.Record) bool) {
	list, _ := r.Rows(rows)
	for _, row := range list {
		on, ok := row.Day("date")
		value, _ := row.Money("price")
		if !ok || !away(row) {
			continue
		}
		if _, told := b.tell(len(b.h.Moves), p, r, rows, row["kind"], on.String(), value.String()); told {
			continue
		}
		state, _ := b.stateOf(r)
		b.from[book.Ref{List: "moves", Index: len(b.h.Moves)}] = r.query
		b.h.Moves = append(b.h.Moves, book.Move{Person: p.No, Kind: kind, On: on, Value: value, Explained: state == hedui.ExplanationDone})
	}
}

// tell reports whether what a record says of a thing was told before, and where it
// is; else it is noted as told at a place: a couple has one lease, and a transfer is
// one, in however many names and registers they stand. Where the thing has no
// number, only the records of one person are compared.
func (b *basis) tell(at int, p hedui.Person, r entry, what ...string) (int, bool) {
	thing := cmp.Or(r.Record["certificate_no"], r.Record["contract_no"], r.Record["location"], r.Record["plate_no"], r.Record["vin"], strconv.Itoa(p.No))
	k := strings.Join(append(what, thing), "\x00")
	if before, told := b.told[k]; told {
		return before, true
	}
	b.told[k] = at
	return at, false
}

// treated adds settlements of the medical insurance. What two registers settle on
// one day at one hospital is one.
func (b *basis) treated(p hedui.Person, r reading) {
	var list []claim
	for _, e := range r.entries {
		total, ok := e.Money("total")
		c := claim{entry: e, who: e.Record["hospital"], amount: total}
		for _, k := range []string{"settled_on", "discharged_on", "admitted_on"} {
			if on, ok := e.Day(k); ok && c.from.IsZero() {
				c.from, c.to = on, on
			}
		}
		if ok && c.period() { // without a day, no window can hold it
			list = append(list, c)
		}
	}
	for i, counts := range once(list) {
		if !counts {
			continue
		}
		c := list[i]
		s := book.Spending{Person: p.No, Kind: "medical", Amount: c.amount, On: c.from}
		for _, k := range []string{"pooled", "major_illness", "aid"} {
			paid, _ := c.Money(k)
			s.Repaid += paid
		}
		s.Repaid = min(s.Repaid, c.amount)
		b.from[book.Ref{List: "spending", Index: len(b.h.Spending)}] = c.query
		b.h.Spending = append(b.h.Spending, s)
	}
}

func (b *basis) income(q *hedui.Query, f book.Income) {
	b.from[book.Ref{List: "income", Index: len(b.h.Income)}] = q
	b.h.Income = append(b.h.Income, f)
}

// work gives wages what other registers know of them: the day on which the job
// began, and the own contributions of its months, each of them once. They are taken
// off what was paid rather than off the base, which does not count beside it.
func (b *basis) work() {
	for i := range b.h.Income {
		f := &b.h.Income[i]
		if f.Class != hedui.Wage {
			continue
		}
		jobs := b.jobs[f.Person]
		for _, j := range jobs {
			if j.unit == f.Payer || len(jobs) == 1 && f.Payer == "" {
				f.Started = j.since
			}
		}
	}
	for _, source := range []string{"tax", "social_insurance"} {
		for i := range b.h.Income {
			f := &b.h.Income[i]
			if f.Class != hedui.Wage || f.Source != source || f.Per != "" {
				continue
			}
			for m := firstOf(f.From); !m.After(f.To); m = m.AddMonths(1) {
				k := key{f.Person, m}
				f.Paid += b.contributions[k]
				delete(b.contributions, k)
			}
		}
	}
}

func firstOf(d day.Day) day.Day { return d.Add(1 - d.Dom()) }

// declaredKinds is what stands in a book for a class that a family declares.
var declaredKinds = map[hedui.IncomeClass]string{hedui.Wage: "wage", hedui.BusinessIncome: "business"}

// propertyKinds are the kinds of a book for the classes a family declares.
var propertyKinds = map[hedui.PropertyClass]string{hedui.Deposits: "deposit", hedui.Vehicles: "vehicle", hedui.Houses: "dwelling", hedui.Land: "land",
	hedui.HousingFund: "housing_fund", hedui.Enterprise: "business", hedui.OtherHolding: "other"}

// declare adds what the family states. A receipt that a register has settled is not
// added to it; others are, because registers do not know all. A declared transfer is of the kind that
// registers show for the person, where they show one: rules exempt by kind.
func (b *basis) declare() {
	found := slices.Clone(b.h.Income)
	for _, d := range b.c.Declared.Income {
		if !b.isMember(d.Person) {
			continue
		}
		kind, ok := declaredKinds[d.Class]
		if !ok {
			kind = onlyKind(found, d.Person, d.Class)
		}
		b.h.Income = append(b.h.Income, book.Income{Person: d.Person, Class: d.Class, Kind: kind, Source: "statement", Declared: true, Amount: d.Monthly, Per: "month"})
	}
	for _, d := range b.c.Declared.Property {
		if b.isMember(d.Person) {
			b.h.Things = append(b.h.Things, book.Thing{Person: d.Person, Kind: propertyKinds[d.Class], Declared: true, Value: d.Value})
		}
	}
	settled := slices.Clone(b.h.Spending)
	for _, d := range b.c.Declared.Spending {
		same := func(s book.Spending) bool {
			return s.Person == d.Person && s.Kind == d.Kind && s.On == d.On && s.Amount == d.Amount
		}
		if i := slices.IndexFunc(settled, same); i >= 0 && !d.Unpaid {
			settled = slices.Delete(settled, i, i+1) // the receipt of a settlement; another of that day and amount is another
		} else if b.isMember(d.Person) {
			b.h.Spending = append(b.h.Spending, book.Spending{Person: d.Person, Kind: d.Kind, Amount: d.Amount, Repaid: d.Repaid, On: d.On, Unpaid: d.Unpaid})
		}
	}
}

func onlyKind(found []book.Income, person int, class hedui.IncomeClass) string {
	kind := ""
	for _, f := range found {
		if f.Person != person || f.Class != class || f.Kind == kind {
			continue
		}
		if kind != "" {
			return "other"
		}
		kind = f.Kind
	}
	if kind == "" {
		return "other"
	}
	return kind
}

// obligor adds the family of an obligor. Its income is what it states, or what
// registers show of the obligor, whichever is more.
func (b *basis) obligor(p hedui.Person) {
	refused := b.withheld(p.No)
	if p.Family == nil && !refused {
		b.open = append(b.open, hedui.Say("rule.open.family", strconv.Itoa(p.No)))
		return
	}
	o := book.Obligor{Relation: p.Relation, Birth: p.ID.Birth(), Refused: refused}
	if f := p.Family; f != nil {
		o.Size, o.Children, o.Supported, o.Unable = f.Size, f.Children, f.Supports, f.Unable
		o.Income = max(f.Income, b.earns(p.No))
		if f.Ordered != nil {
			o.HasOrder, o.Ordered = true, *f.Ordered
		}
	}
	b.person = append(b.person, p.No)
	b.h.Obligors = append(b.h.Obligors, o)
}

// withheld reports whether a person has given no consent, or has withdrawn it. One
// that leaves a category out is a consent, and a department that declines to answer
// says nothing of it.
func (b *basis) withheld(person int) bool {
	none, asked := false, false
	for _, g := range b.out.Gaps {
		if g.Person == person {
			if g.Reason == hedui.ReasonWithdrawn {
				return true
			}
			none, asked = none || g.Reason == hedui.ReasonNoConsent, asked || g.Reason != hedui.ReasonNoConsent
		}
	}
	for k := range b.cells {
		asked = asked || k.person == person
	}
	return none && !asked
}

// earns is what registers show of a person's income, fen a month: a wage from the
// best of them.
func (b *basis) earns(person int) money.Fen {
	groups := map[group][]fact{}
	for _, f := range b.facts {
		if f.person == person && f.income && f.Unit == hedui.PerMonth {
			g := group{person, f.category, f.class, true}
			groups[g] = append(groups[g], f)
		}
	}
	sum := money.Fen(0)
	for g, facts := range groups {
		if g.class == string(hedui.Wage) && !bestWage(groups, g) {
			continue
		}
		for _, f := range facts {
			sum += f.Amount
		}
	}
	return sum
}
