package hedui

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"hedui/day"
	"hedui/idcard"
	"hedui/money"
	"hedui/region"
)

// A Form is what a clerk typed, word for word. It can hold any nonsense, so that
// nothing typed is ever lost; [Form.Case] says what is wrong with it.
type Form struct {
	Programme string         `json:"programme" yaml:"programme"`
	Kind      string         `json:"kind" yaml:"kind"`
	Division  string         `json:"division" yaml:"division"`
	Office    string         `json:"office" yaml:"office"`
	AppliedOn string         `json:"applied_on" yaml:"applied_on"`
	Persons   []FormPerson   `json:"persons" yaml:"persons"`
	Income    []FormIncome   `json:"income" yaml:"income"`
	Property  []FormProperty `json:"property" yaml:"property"`
	Spending  []FormSpending `json:"spending" yaml:"spending"`
	Alone     bool           `json:"alone" yaml:"alone"`
	Urgent    bool           `json:"urgent" yaml:"urgent"`
	Urban     bool           `json:"urban" yaml:"urban"`
	Consents  []FormConsent  `json:"consents" yaml:"consents"`
}

// Format implements [fmt.Formatter]: what was typed is not for logs.
func (f Form) Format(s fmt.State, _ rune) { _, _ = fmt.Fprintf(s, "form(%d persons)", len(f.Persons)) }

// A FormPerson is one line of the household table. Guardian is the number of the
// line, counted from 1, of who signs for the person.
type FormPerson struct {
	Name     string `json:"name" yaml:"name"`
	ID       string `json:"id" yaml:"id"`
	Role     string `json:"role" yaml:"role"`
	Relation string `json:"relation" yaml:"relation"`
	Capacity string `json:"capacity" yaml:"capacity"`
	Guardian int    `json:"guardian" yaml:"guardian"`
	Student  bool   `json:"student" yaml:"student"`
	Notes    string `json:"notes" yaml:"notes"`

	Registered string `json:"registered" yaml:"registered"` // county of the household registration, where it is another than the form's

	Study          string      `json:"study" yaml:"study"`
	Disability     int         `json:"disability" yaml:"disability"` // grade
	DisabilityKind string      `json:"disability_kind" yaml:"disability_kind"`
	Ill            bool        `json:"ill" yaml:"ill"`
	Dependent      bool        `json:"dependent" yaml:"dependent"`
	Apart          bool        `json:"apart" yaml:"apart"`
	Marital        string      `json:"marital" yaml:"marital"`
	Family         *FormFamily `json:"family" yaml:"family"` // of an obligor
}

// A FormFamily is an obligor's own family, see [Family]; sums in yuan a month.
type FormFamily struct {
	Size     int    `json:"size" yaml:"size"`
	Income   string `json:"income" yaml:"income"`
	Children int    `json:"children" yaml:"children"`
	Supports int    `json:"supports" yaml:"supports"`
	Ordered  string `json:"ordered" yaml:"ordered"`
	Unable   bool   `json:"unable" yaml:"unable"`
}

// Format implements [fmt.Formatter], as [Form.Format] does.
func (p FormPerson) Format(s fmt.State, _ rune) { _, _ = fmt.Fprint(s, "form person") }

// A FormIncome is one declared income, monthly in yuan.
type FormIncome struct {
	Person  int    `json:"person" yaml:"person"`
	Class   string `json:"class" yaml:"class"`
	Monthly string `json:"monthly" yaml:"monthly"`
	Note    string `json:"note" yaml:"note"`
}

// A FormProperty is one declared property, its value in yuan.
type FormProperty struct {
	Person int    `json:"person" yaml:"person"`
	Class  string `json:"class" yaml:"class"`
	Value  string `json:"value" yaml:"value"`
	Note   string `json:"note" yaml:"note"`
}

// A FormSpending is one receipt, in yuan.
type FormSpending struct {
	Person int    `json:"person" yaml:"person"`
	Kind   string `json:"kind" yaml:"kind"`
	Amount string `json:"amount" yaml:"amount"`
	Repaid string `json:"repaid" yaml:"repaid"`
	On     string `json:"on" yaml:"on"`
	Unpaid bool   `json:"unpaid" yaml:"unpaid"`
	Note   string `json:"note" yaml:"note"`
}

// A FormConsent is one signed consent. Document is the signed wording, or the
// digest "sha256:…" of its scan; Number that of the printed form. No categories means the usual
// ones of the programme.
type FormConsent struct {
	Number     string   `json:"number" yaml:"number"` // of the printed form, where it has one
	Person     int      `json:"person" yaml:"person"`
	Programme  string   `json:"programme" yaml:"programme"`
	Categories []string `json:"categories" yaml:"categories"`
	Signer     int      `json:"signer" yaml:"signer"`
	Witness    string   `json:"witness" yaml:"witness"`
	SignedOn   string   `json:"signed_on" yaml:"signed_on"`
	Until      string   `json:"until" yaml:"until"` // last day on which it holds
	Document   string   `json:"document" yaml:"document"`
	Wording    string   `json:"wording,omitempty" yaml:"wording"` // version of the form's text; empty = that of the day
	Offices    []string `json:"offices,omitempty" yaml:"offices"` // to whom the report may go; empty = not narrowed
}

// MaxPersons is how many persons one case may have.
const MaxPersons = 40

// reader collects every problem while it reads a form on a given day.
type reader struct {
	today    day.Day
	problems []Problem
}

func (r *reader) bad(field, key string, args ...string) {
	r.problems = append(r.problems, Problem{field, Say(key, args...)})
}

// Case reads the form as of the instant at. It returns every problem at once;
// the case is complete only if there is none. Consents are read by
// [Form.ReadConsents].
func (f Form) Case(at time.Time) (*Case, []Problem) {
	r := &reader{today: day.Of(at)}
	c := &Case{Stage: Draft, Division: strings.TrimSpace(f.Division), Office: strings.TrimSpace(f.Office), CreatedAt: at}
	c.Programme = oneOf(r, "programme", f.Programme, Programmes())
	c.Kind = oneOf(r, "kind", orElse(f.Kind, string(NewApplication)), CaseKinds())
	if d, ok := region.Lookup(c.Division, r.today); !ok {
		r.division("division", c.Division)
	} else if !isCounty(d) {
		r.bad("division", "problem.division.level")
	}
	if c.Office == "" {
		r.bad("office", "problem.empty")
	} else if !plain(c.Office, maxNote) {
		r.bad("office", "problem.text", strconv.Itoa(maxNote))
	}
	c.AppliedOn = r.day("applied_on", orElse(f.AppliedOn, "today"))
	if c.AppliedOn.After(r.today) {
		r.bad("applied_on", "problem.day.future")
	}
	r.persons(f.Persons, c)
	r.declared(f, c)
	return c, r.problems
}

// maxNote is the longest note, in characters.
const maxNote = 500

// plain reports whether a text is not too long and has no characters that one
// cannot see: control and format characters turn text around or hide in it.
func plain(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef
	})
}

// division says why a code is not accepted: abolished, with its successor, or unknown.
func (r *reader) division(field, code string) {
	if next, ok := region.Successor(code, r.today); ok {
		r.bad(field, "problem.division.abolished", code, next.Code, next.Name)
		return
	}
	r.bad(field, "problem.division.unknown")
}

func isCounty(d region.Division) bool {
	return d.Kind == region.KindCounty || d.Kind == region.KindLocal
}

// registered reads where a person is registered. A code that was valid once is
// accepted, since household books are older than today's divisions; nothing
// means the county of the case.
func (r *reader) registered(field, typed string) string {
	code := strings.TrimSpace(typed)
	if code == "" {
		return ""
	}
	d, ok := region.Successor(code, r.today)
	switch {
	case !ok:
		r.bad(field, "problem.division.unknown")
	case !isCounty(d):
		r.bad(field, "problem.division.level")
	}
	return code
}

func (r *reader) persons(typed []FormPerson, c *Case) {
	if len(typed) == 0 {
		r.bad("persons", "problem.persons.none")
	}
	if len(typed) > MaxPersons {
		r.bad("persons", "problem.persons.many", strconv.Itoa(MaxPersons))
		return
	}
	first := map[idcard.Number]int{}
	for i, t := range typed {
		field := "persons[" + strconv.Itoa(i) + "]."
		p := Person{No: i + 1, Name: strings.TrimSpace(t.Name), Guardian: t.Guardian, Student: t.Student, Notes: t.Notes}
		if p.Name == "" || !plain(p.Name, 50) || !strings.ContainsFunc(p.Name, unicode.IsLetter) {
			r.bad(field+"name", "problem.name")
		}
		if !plain(t.Notes, maxNote) {
			r.bad(field+"notes", "problem.text", strconv.Itoa(maxNote))
		}
		p.ID = r.number(field+"id", t.ID)
		if before, twice := first[p.ID]; twice && !p.ID.IsZero() {
			r.bad(field+"id", "problem.id.twice", strconv.Itoa(before))
		} else {
			first[p.ID] = p.No
		}
		p.Role = oneOf(r, field+"role", orElse(t.Role, string(Member)), []Role{Member, Obligor})
		p.Relation = oneOf(r, field+"relation", t.Relation, Relations())
		if (p.Relation == Self) != (p.No == 1) {
			r.bad(field+"relation", "problem.relation.self")
		}
		p.Capacity = oneOf(r, field+"capacity", orElse(t.Capacity, string(FullCapacity)), Capacities())
		p.Registered = r.registered(field+"registered", t.Registered)
		p.Stated, p.Family = r.stated(field, t), r.family(field, p.Role, t.Family)
		c.Persons = append(c.Persons, p)
	}
	r.guardians(c)
}

// stated reads what rules ask about a person; nothing typed is nothing stated.
func (r *reader) stated(field string, t FormPerson) Stated {
	s := Stated{Study: optional(r, field+"study", t.Study, Studies()), Disability: t.Disability,
		DisabilityKind: optional(r, field+"disability_kind", t.DisabilityKind, DisabilityKinds()),
		Ill:            t.Ill, Dependent: t.Dependent, Apart: t.Apart, Marital: optional(r, field+"marital", t.Marital, MaritalStatuses())}
	if t.Disability < 0 || t.Disability > 4 {
		r.bad(field+"disability", "problem.disability.grade")
	}
	if t.DisabilityKind != "" && t.Disability == 0 {
		r.bad(field+"disability", "problem.empty")
	}
	return s
}

func (r *reader) family(field string, role Role, t *FormFamily) *Family {
	switch {
	case t == nil:
		return nil
	case role != Obligor:
		r.bad(field+"family", "problem.family.member")
		return nil
	}
	f := &Family{Size: t.Size, Children: t.Children, Supports: t.Supports, Unable: t.Unable}
	number := func(key string, n, least int) {
		if n < least || n > MaxPersons {
			r.bad(field+"family."+key, "problem.family.number", strconv.Itoa(MaxPersons))
		}
	}
	number("size", t.Size, 1)
	number("children", t.Children, 0)
	number("supports", t.Supports, 0)
	f.Income = r.amount(field+"family.income", orElse(t.Income, "0"))
	if strings.TrimSpace(t.Ordered) != "" {
		sum := r.amount(field+"family.ordered", t.Ordered)
		f.Ordered = &sum
	}
	return f
}

// guardians checks who signs for whom, once all persons are known.
func (r *reader) guardians(c *Case) {
	for i, p := range c.Persons {
		if p.ID.IsZero() || !p.NeedsGuardian(r.today) {
			continue
		}
		field := "persons[" + strconv.Itoa(i) + "].guardian"
		g, ok := c.Person(p.Guardian)
		switch {
		case !ok:
			r.bad(field, "problem.guardian.missing", strconv.Itoa(p.No))
		case g.No == p.No, !g.ID.IsZero() && g.NeedsGuardian(r.today):
			r.bad(field, "problem.guardian.unable", strconv.Itoa(p.No))
		}
	}
}

func (r *reader) number(field, typed string) idcard.Number {
	n, err := idcard.Parse(typed)
	if err != nil {
		reason := idcard.Reason("check")
		var e *idcard.Error
		if errors.As(err, &e) {
			reason = e.Reason
		}
		r.bad(field, "problem.id."+string(reason))
		return idcard.Number{}
	}
	if n.PlausibleOn(r.today) != nil {
		r.bad(field, "problem.id.age")
	}
	return n
}

func (r *reader) declared(f Form, c *Case) {
	for i, t := range f.Income {
		field := "income[" + strconv.Itoa(i) + "]."
		r.personRef(field+"person", t.Person, c)
		r.note(field+"note", t.Note)
		c.Declared.Income = append(c.Declared.Income, DeclaredIncome{
			Person: t.Person, Class: oneOf(r, field+"class", t.Class, IncomeClasses()),
			Monthly: r.amount(field+"monthly", t.Monthly), Note: t.Note,
		})
	}
	for i, t := range f.Property {
		field := "property[" + strconv.Itoa(i) + "]."
		r.personRef(field+"person", t.Person, c)
		r.note(field+"note", t.Note)
		c.Declared.Property = append(c.Declared.Property, DeclaredProperty{
			Person: t.Person, Class: oneOf(r, field+"class", t.Class, PropertyClasses()),
			Value: r.amount(field+"value", t.Value), Note: t.Note,
		})
	}
	c.Declared.Alone, c.Declared.Urgent, c.Declared.Urban = f.Alone, f.Urgent, f.Urban
	for i, t := range f.Spending {
		field := "spending[" + strconv.Itoa(i) + "]."
		r.personRef(field+"person", t.Person, c)
		r.note(field+"note", t.Note)
		s := DeclaredSpending{Person: t.Person, Kind: oneOf(r, field+"kind", t.Kind, SpendingKinds()), Amount: r.amount(field+"amount", t.Amount),
			Repaid: r.amount(field+"repaid", orElse(t.Repaid, "0")), On: r.day(field+"on", t.On), Unpaid: t.Unpaid, Note: t.Note}
		if s.Repaid > s.Amount {
			r.bad(field+"repaid", "problem.spending.repaid")
		}
		if s.On.After(r.today) {
			r.bad(field+"on", "problem.day.future")
		}
		c.Declared.Spending = append(c.Declared.Spending, s)
	}
}

func (r *reader) note(field, typed string) {
	if !plain(typed, maxNote) {
		r.bad(field, "problem.text", strconv.Itoa(maxNote))
	}
}

func (r *reader) personRef(field string, no int, c *Case) {
	if _, ok := c.Person(no); !ok {
		r.bad(field, "problem.person.unknown", strconv.Itoa(len(c.Persons)))
	}
}

func (r *reader) amount(field, typed string) money.Fen {
	f, err := money.Parse(typed)
	if err != nil {
		r.bad(field, "problem.amount.form")
		return 0
	}
	if f < 0 {
		r.bad(field, "problem.amount.negative")
	}
	return f
}

// Days outside these years are slips of the hand.
const firstYear, lastYear = 1900, 2200

// day reads "2026-11-23", "today" or "today+365".
func (r *reader) day(field, typed string) day.Day {
	typed = strings.TrimSpace(typed)
	if rest, ok := strings.CutPrefix(typed, "today"); ok {
		if rest == "" {
			return r.today
		}
		if n, err := strconv.Atoi(rest); err == nil && n > -40000 && n < 40000 {
			return r.today.Add(n)
		}
	}
	d, err := day.Parse(typed)
	if err != nil || d.Year() < firstYear || d.Year() > lastYear {
		r.bad(field, "problem.day.form")
	}
	return d
}

// Read reads the whole form as of the instant at: the case, its consents, and
// everything that is wrong or missing, all at once. The consents are not yet
// given: they have no numbers.
func (f Form) Read(at time.Time) (*Case, []Consent, []Problem) {
	c, problems := f.Case(at)
	consents, more := f.ReadConsents(c, at)
	trial := *c
	trial.Consents = consents
	return c, consents, slices.Concat(problems, more, trial.Missing(at))
}

var digest = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// ReadConsents reads the consents of the form for the case; it returns every
// problem at once. Numbers of consents are given later.
func (f Form) ReadConsents(c *Case, at time.Time) ([]Consent, []Problem) {
	r := &reader{today: day.Of(at)}
	var consents []Consent
	for i, t := range f.Consents {
		field := "consents[" + strconv.Itoa(i) + "]."
		r.personRef(field+"person", t.Person, c)
		r.note(field+"witness", t.Witness)
		k := Consent{Person: t.Person, Signer: t.Signer, Witness: t.Witness, Form: strings.ToUpper(strings.TrimSpace(t.Number))}
		if k.Form != "" && !ValidNumber(ConsentSeries, k.Form) {
			r.bad(field+"number", "problem.consent.number")
		}
		k.Programme = oneOf(r, field+"programme", t.Programme, Programmes())
		if k.Signer == 0 {
			k.Signer = t.Person
		}
		for j, code := range t.Categories {
			k.Categories = append(k.Categories, oneOf(r, field+"categories["+strconv.Itoa(j)+"]", code, c.Programme.Categories()))
		}
		if len(t.Categories) == 0 {
			k.Categories = k.Programme.Usual()
		}
		signed, until := r.day(field+"signed_on", t.SignedOn), r.day(field+"until", t.Until)
		if !signed.IsZero() && !until.IsZero() && until.Before(signed) {
			r.bad(field+"until", "problem.consent.order")
		}
		k.SignedAt, k.Until = signed.Start(), until.Add(1).Start()
		r.wordingAndOffices(field, t, signed, &k)
		if k.Document = documentDigest(t.Document); k.Document == "" {
			r.bad(field+"document", "problem.consent.document")
		}
		consents = append(consents, k)
	}
	return consents, r.problems
}

// wordingAndOffices reads which text was signed, and to whom the report may go.
func (r *reader) wordingAndOffices(field string, t FormConsent, signed day.Day, k *Consent) {
	var known bool
	if k.Wording, known = wordingOf(strings.TrimSpace(t.Wording), signed); !known && !signed.IsZero() {
		r.bad(field+"wording", "problem.consent.wording")
	}
	for j, office := range t.Offices {
		at := field + "offices[" + strconv.Itoa(j) + "]"
		if office = strings.TrimSpace(office); office == "" {
			r.bad(at, "problem.empty")
		}
		r.note(at, office)
		k.Offices = append(k.Offices, office)
	}
}

// documentDigest returns the digest that stands for a signed document.
func documentDigest(typed string) string {
	typed = strings.TrimSpace(typed)
	if typed == "" || digest.MatchString(typed) {
		return typed
	}
	sum := sha256.Sum256([]byte(typed))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func orElse(typed, standard string) string {
	if strings.TrimSpace(typed) == "" {
		return standard
	}
	return typed
}

// optional is oneOf where nothing may be chosen too.
func optional[T ~string](r *reader, field, typed string, allowed []T) T {
	if strings.TrimSpace(typed) == "" {
		return ""
	}
	return oneOf(r, field, typed, allowed)
}

func oneOf[T ~string](r *reader, field, typed string, allowed []T) T {
	t := T(strings.TrimSpace(typed))
	if !slices.Contains(allowed, t) {
		words := make([]string, len(allowed))
		for i, a := range allowed {
			words[i] = string(a)
		}
		r.bad(field, "problem.choice", strings.Join(words, ", "))
	}
	return t
}
