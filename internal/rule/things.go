package rule

import (
	"slices"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/hedui"
	"hedui/internal/rule/book"
)

// things adds what registers hold in the names of members, each thing once, in
// however many records and names it stands, with what each of them has of it: who
// counts is for the books to say.
func (b *basis) things() {
	type kind struct {
		category catalog.Code
		class    string
	}
	groups := map[kind][]fact{}
	var order []kind
	for _, f := range b.facts {
		if f.income || !b.isMember(f.person) {
			continue
		}
		k := kind{f.category, f.class}
		if _, seen := groups[k]; !seen {
			order = append(order, k)
		}
		groups[k] = append(groups[k], f)
	}
	for _, k := range order {
		for _, same := range sameThings(groups[k]) {
			b.thing(same)
		}
	}
}

// thing adds one thing from the records that are of it. What it is, the first
// says, and what it is worth, the one that states most, as in findings; a state
// that speaks for the family counts if one of them has it.
func (b *basis) thing(same []fact) {
	r := same[0].from
	t := book.Thing{Person: same[0].person, Explained: true}
	t.Share, t.With = sharesOf(same)
	for _, f := range same {
		t.Value = max(t.Value, f.whole)
		state, since := b.stateOf(f.from)
		t.Explained = t.Explained && state == hedui.ExplanationDone
		if state == hedui.ExplanationNotHis {
			t.NotTheirs = since
		}
	}
	if t.Share.IsZero() && same[0].part { // an amount of the person's own, and no percentage: a manager has nothing of a company
		t.Value = worthOf(same)
	}
	switch same[0].category {
	case "vehicle":
		vehicle(&t, r.Record)
	case "housing":
		t.Kind = dwellingKind(r.Record)
		t.Area, _ = r.Money("area")
		if r.Record["right_status"] == "seized" {
			t.State = "seized"
		}
	case "land":
		t.Kind = "land"
		t.Area, _ = r.Money("area_m2")
	case "housing_fund":
		t.Kind = "housing_fund"
	case "business":
		b.company(&t, r.Record)
	case "deposits", "third_party_payment":
		t.Kind = "deposit"
	case "securities":
		if t.Kind = "security"; r.Record["kind"] == "fund" {
			t.Kind = "fund"
		}
	case "insurance", "vessel", "farm_machine":
		t.Kind = string(same[0].category)
	default:
		t.Kind = "other"
	}
	if same[0].over && t.Value == 0 {
		t.Over = limitOf(r.Record) + "_over"
	}
	if t.Over == "" && t.Value == 0 && slices.Contains([]string{"deposit", "security", "fund"}, t.Kind) {
		t.Over = "not_stated" // an account that holds nothing is no fact, and a policy has a value only if one is stated
	}
	b.from[book.Ref{List: "property", Index: len(b.h.Things)}] = r.query
	b.h.Things = append(b.h.Things, t)
}

// limitOf is whose limit a source judges by that gives no amounts: one person's,
// unless it says otherwise.
func limitOf(r catalog.Record) string {
	if r["limit_scope"] == "household" {
		return "household"
	}
	return "person"
}

// within adds that a source which gives no amounts has found a person within its
// limit. Where a record has an amount, that is what counts.
func (b *basis) within(p hedui.Person, r reading) {
	known, _ := catalog.Get(r.category)
	kind := map[catalog.Code]string{"securities": "security"}[r.category]
	if kind == "" {
		kind = "deposit"
	}
	for _, e := range r.entries {
		if slices.ContainsFunc(known.Saying(catalog.SaysAmount), func(f catalog.Field) bool { _, stated := e.Money(f.Key); return stated }) {
			continue
		}
		for _, f := range known.Saying(catalog.SaysOverLimit) {
			if e.Record[f.Key] == "false" && !b.again(r, e) {
				b.from[book.Ref{List: "property", Index: len(b.h.Things)}] = e.query
				b.h.Things = append(b.h.Things, book.Thing{Person: p.No, Kind: kind, Over: limitOf(e.Record) + "_within"})
			}
		}
	}
}

// vehicleTypes by the first letters of GA 24.4, the longest first.
var vehicleTypes = []struct{ prefix, word string }{
	{"disability", "disability"}, {"M15", "motorcycle"}, {"M2", "motorcycle"}, {"M", "tricycle"}, {"N", "tricycle"}, {"K", "car"}, {"H", "truck"}, {"Q", "truck"},
}

// vehicleStates by the codes of GA 24.17; every other one is a normal state.
var vehicleStates = map[string]string{"E": "cancelled", "M": "cancelled", "P": "scrap_due", "Q": "inspection_overdue", "K": "seized"}

func vehicle(t *book.Thing, r catalog.Record) {
	t.Kind, t.State = "vehicle", vehicleStates[r["status"]]
	for _, known := range vehicleTypes {
		if t.Vehicle == "" && len(r["vehicle_type"]) >= len(known.prefix) && r["vehicle_type"][:len(known.prefix)] == known.prefix {
			t.Vehicle = known.word
		}
	}
	if t.Price, _ = r.Money("purchase_price"); t.Price == 0 {
		t.Price, _ = r.Money("original_value")
	}
	t.First, _ = r.Day("first_reg_date")
	t.InspectionTo, _ = r.Day("inspection_valid_to")
	t.ForHire = slices.Contains([]string{"B", "C", "D", "E", "F", "G", "R", "T"}, r["usage"])
}

// company describes a registration; active is one whose turnover or tax within
// the window another register shows.
func (b *basis) company(t *book.Thing, r catalog.Record) {
	t.Kind = "business"
	t.State = map[string]string{"revoked": "revoked", "suspended": "dormant"}[r["status"]]
	t.Registered, _ = r.Money("registered_capital")
	t.PaidIn, _ = r.Money("paid_in")
	t.Active = r["name"] != "" && b.active[r["name"]]
	t.Cooperative = r["type"] == "cooperative"
}

func dwellingKind(r catalog.Record) string {
	switch r["planned_use"] {
	case "", "residential", "villa", "apartment", "mixed", "other":
		return "dwelling"
	}
	return "non_residential"
}

// gone reports whether a housing record is of a right that has ended.
func gone(r catalog.Record) bool {
	return r["right_status"] == "historic" || r["right_status"] == "cancelled"
}

// sharesOf is what the first person has of one thing, and what the others have: the
// stated shares, without one of them the whole.
func sharesOf(same []fact) (book.Ratio, []book.Holder) {
	var all []book.Holder
	stated := true
	for _, f := range same {
		i := slices.IndexFunc(all, func(h book.Holder) bool { return h.Person == f.person })
		if i < 0 {
			i = len(all)
			all = append(all, book.Holder{Person: f.person, Share: book.Ratio{Den: whole100}})
		}
		percent, ok := hundredths(f.from.Record["share"])
		stated = stated && ok
		all[i].Share.Num = max(all[i].Share.Num, percent) // a person's record may be repeated
	}
	if !stated {
		for i := range all {
			all[i].Share = book.Ratio{}
		}
	}
	return all[0].Share, all[1:]
}

// whole100 is a hundred percent in hundredths.
const whole100 = 100 * 100

// stateOf is what the family has said of a record, and since when.
func (b *basis) stateOf(r entry) (hedui.ExplanationState, day.Day) {
	if len(b.items) == 0 {
		return "", day.Day{}
	}
	hash := hedui.RecordHash(r.Record)
	for _, item := range b.items {
		if !slices.ContainsFunc(item.Records, func(ref hedui.RecordRef) bool { return ref.Hash == hash && ref.Scope == r.query.Scope }) {
			continue
		}
		for _, act := range slices.Backward(item.History) {
			if act.State == hedui.ExplanationNotHis && item.State == act.State {
				return item.State, day.Of(act.At)
			}
		}
		return item.State, day.Day{}
	}
	return "", day.Day{}
}
