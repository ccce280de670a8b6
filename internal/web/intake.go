package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/region"
)

type intakesPage struct {
	frame
	Drafts []draftRow
	Begun  string // address of further forms
	Rows   []caseRow
	More   string // address of the next page
	Made   string
	Found  string // by a search
	Missed string // why a search has led nowhere
}

type draftRow struct{ ID, Applicant, Programme, Persons string }

// intakes lists what a clerk has begun, and how the cases stand that they opened.
func (s *Server) intakes(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.intakesPage(r, o)
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "intakes.html", p)
}

func (s *Server) intakesPage(r *http.Request, o hedui.Officer) (*intakesPage, error) {
	drafts, err := s.Desk.Drafts(r.Context(), o, r.URL.Query().Get("after"), rowsPerPage+1)
	if err != nil {
		return nil, err
	}
	list, err := s.Desk.OwnCases(r.Context(), o, store.Filter{Limit: rowsPerPage + 1, Before: r.URL.Query().Get("before")})
	if err != nil {
		return nil, err
	}
	p := &intakesPage{frame: s.frame(r, "intake.own")}
	p.Path = "/intake" // also where a search has led nowhere
	if number := r.URL.Query().Get("done"); hedui.ValidNumber(hedui.CaseSeries, number) {
		p.Made = p.T("intake.done", number)
	}
	home := "/intake?lang=" + string(p.Lang)
	if len(drafts) > rowsPerPage {
		drafts = drafts[:rowsPerPage]
		p.Begun = home + "&after=" + url.QueryEscape(drafts[rowsPerPage-1].ID) + "#drafts"
	}
	for _, d := range drafts {
		p.Drafts = append(p.Drafts, draftRow{d.ID, d.Applicant, p.word("programme.", d.Programme), strconv.Itoa(d.Persons)})
	}
	if len(list) > rowsPerPage {
		list = list[:rowsPerPage]
		p.More = home + "&before=" + list[rowsPerPage-1].ID + "#opened"
	}
	p.Rows = rowsOf(&p.frame, "/own/", list, s.Now())
	return p, nil
}

// word is the text of a code, or the code where there is none.
func (f frame) word(prefix, code string) string {
	if code == "" {
		return ""
	}
	return f.T(prefix + code)
}

// newIntake begins a form. Nothing is kept before something is typed.
func (*Server) newIntake(w http.ResponseWriter, r *http.Request, _ hedui.Officer) error {
	lead(w, r, "/intake/"+strings.ToLower(rand.Text())+"?lang="+string(langOf(r)))
	return nil
}

// draftID is what an address may call a form.
var draftID = regexp.MustCompile(`^[a-z0-9]{1,64}$`)

type intakePage struct {
	frame
	Draft    string
	Problems []problemRow
	Persons  []personRow
	Income   []int
	Property []int
	Spending []int
	Saved    string
	Today    string
	Offices  []string // that commission
	Counties []choice // of the officer

	values map[string]string
	wrong  map[string][]string
}

// A problemRow leads from the list of all problems to the field it stands in.
type problemRow struct{ Anchor, Where, Text string }

type personRow struct {
	At    int
	No    string
	Known string // birth, sex and age, as the number says
}

// intake shows a form that is being filled in.
func (s *Server) intake(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	f, err := s.Desk.Draft(r.Context(), o, r.PathValue("draft"))
	if hedui.KindOf(err) == hedui.NotFound { // nothing was typed yet
		f, err = s.begun(r.Context(), o)
	}
	if err != nil {
		return err
	}
	p, err := s.intakePage(r, o, f)
	if err != nil {
		return err
	}
	if r.URL.Query().Has("saved") {
		p.Saved = p.T("intake.saved")
	}
	return render(w, http.StatusOK, "intake.html", p)
}

// begun is a new form, with what is mostly so.
func (s *Server) begun(ctx context.Context, o hedui.Officer) (hedui.Form, error) {
	f := hedui.Form{Programme: string(hedui.Dibao), Kind: string(hedui.NewApplication), Division: o.Division, AppliedOn: day.Of(s.Now()).String(),
		Persons: []hedui.FormPerson{begunPerson()}}
	f.Persons[0].Relation = string(hedui.Self)
	if hedui.Covers(o.Division, s.Desk.Division) {
		f.Division = s.Desk.Division
	}
	offices, err := s.Desk.Commissioners(ctx)
	if len(offices) == 1 {
		f.Office = offices[0]
	}
	return f, err
}

func begunPerson() hedui.FormPerson {
	return hedui.FormPerson{Role: string(hedui.Member), Capacity: string(hedui.FullCapacity)}
}

// typed does with a form what its button says. Whatever becomes of it, what was
// typed is kept first.
func (s *Server) typed(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if !draftID.MatchString(r.PathValue("draft")) {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	if err := r.ParseForm(); err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("intake.unreadable"), err)
	}
	draft, do := r.PathValue("draft"), r.PostFormValue("do")
	f := formOf(r.PostForm)
	home := "/intake/" + draft + "?lang=" + string(langOf(r))
	switch verb, rest, _ := strings.Cut(do, " "); verb {
	case "register":
		return s.register(w, r, o, draft, f)
	case "print":
		return s.printConsents(w, r, o, draft, f)
	case "discard":
		if err := s.Desk.DropDraft(r.Context(), o, draft); err != nil && hedui.KindOf(err) != hedui.NotFound {
			return err
		}
		lead(w, r, "/intake?lang="+string(langOf(r)))
		return nil
	case "add", "drop":
		change(&f, verb, rest)
		home += "#" + anchor(rest)
	default:
		home += "&saved"
	}
	if err := s.Desk.SaveDraft(r.Context(), o, draft, aligned(f)); err != nil {
		return err
	}
	if !navigates(r) { // the page saves itself
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	lead(w, r, home)
	return nil
}

// register opens the case of a form, or shows the form again with all that is wrong.
func (s *Server) register(w http.ResponseWriter, r *http.Request, o hedui.Officer, draft string, f hedui.Form) error {
	ready := tidy(f)
	c, err := s.Desk.Register(r.Context(), o, draft, ready)
	if err == nil {
		lead(w, r, "/intake?lang="+string(langOf(r))+"&done="+c.Number)
		return nil
	}
	return s.intakeAgain(w, r, o, ready, err)
}

// intakeAgain shows a form with what is wrong with it.
func (s *Server) intakeAgain(w http.ResponseWriter, r *http.Request, o hedui.Officer, f hedui.Form, cause error) error {
	kind := hedui.KindOf(cause)
	var known *hedui.Error
	if !onPage(cause) || !errors.As(cause, &known) {
		return cause
	}
	p, err := s.intakePage(r, o, f)
	if err != nil {
		return err
	}
	if len(known.Problems) == 0 {
		p.Problems = []problemRow{{Text: Sentence(p.Lang, known.Say)}}
	}
	for _, one := range known.Problems {
		p.tell(f, one)
	}
	return render(w, status[kind], "intake.html", p)
}

// printConsents gives the consent forms to be signed, one for all persons on the form.
func (s *Server) printConsents(w http.ResponseWriter, r *http.Request, o hedui.Officer, draft string, f hedui.Form) error {
	ready := tidy(f)
	if err := s.Desk.SaveDraft(r.Context(), o, draft, ready); err != nil {
		return err
	}
	file, err := s.Desk.DraftPaper(r.Context(), o, ready, casework.PaperOrder{Kind: casework.ConsentPaper, Lang: langOf(r), Form: "pdf"})
	if err != nil {
		return s.intakeAgain(w, r, o, ready, err)
	}
	return sendFile(w, file)
}

// tell puts a problem where the page shows it: beside its field, and in the list of all.
func (p *intakePage) tell(f hedui.Form, one hedui.Problem) {
	field, text := one.Field, p.say(one.Say)
	if n, key, ok := rowOf(field, "consents"); ok && n < len(f.Consents) { // the page has one for each person
		field = fmt.Sprintf("consents[%d].%s", f.Consents[n].Person-1, key)
	}
	if n, key, ok := rowOf(field, "persons"); ok && key == "consent" {
		field = fmt.Sprintf("consents[%d].signed_on", n)
	}
	p.wrong[field] = append(p.wrong[field], text)
	row := problemRow{Anchor: anchor(field), Text: text}
	for list, label := range map[string]string{"persons": "intake.person_no", "consents": "intake.person_no", "income": "intake.income_no", "property": "intake.property_no", "spending": "intake.spending_no"} {
		if n, _, ok := rowOf(field, list); ok {
			row.Where = p.T(label, strconv.Itoa(n+1))
		}
	}
	p.Problems = append(p.Problems, row)
}

// rowOf takes the name of a field of a list apart.
func rowOf(field, list string) (n int, key string, ok bool) {
	m := rowField.FindStringSubmatch(field)
	if m == nil || m[1] != list {
		return 0, "", false
	}
	n, err := strconv.Atoi(m[2])
	return n, field[len(m[0]):], err == nil
}

// anchor is the name of a field as an address within a page can have it.
func anchor(field string) string {
	return strings.NewReplacer("[", "-", "].", "-", "]", "", ".", "-", " ", "-").Replace(field)
}

func (s *Server) intakePage(r *http.Request, o hedui.Officer, f hedui.Form) (*intakePage, error) {
	f = aligned(f)
	today := day.Of(s.Now())
	offices, err := s.Desk.Commissioners(r.Context())
	if err != nil {
		return nil, err
	}
	p := &intakePage{frame: s.frame(r, "intake.title"), Draft: r.PathValue("draft"), values: fieldsOf(f), wrong: map[string][]string{}, Today: today.String(), Offices: offices}
	city := cmp.Or(s.Desk.Division, o.Division)
	if d, ok := region.Lookup(city, today); ok && (d.Kind == region.KindCounty || d.Kind == region.KindLocal) {
		city = d.Parent
	}
	for _, county := range region.Counties(city, today) {
		if hedui.Covers(o.Division, county.Code) {
			p.Counties = append(p.Counties, choice{county.Code, county.Code + " " + county.Name})
		}
	}
	for i, t := range f.Persons {
		row := personRow{At: i, No: strconv.Itoa(i + 1)}
		if n, err := idcard.Parse(t.ID); err == nil {
			sex := "intake.female"
			if n.Male() {
				sex = "intake.male"
			}
			row.Known = p.T("intake.known", n.Birth().String(), p.T(sex), strconv.Itoa(n.AgeOn(today)))
		}
		p.Persons = append(p.Persons, row)
	}
	p.Income, p.Property, p.Spending = upTo(len(f.Income)), upTo(len(f.Property)), upTo(len(f.Spending))
	return p, nil
}

func upTo(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// A field is one thing to fill in, as the templates need it.
type field struct {
	Name, ID, Label, Value string
	Wrong                  []string
	Options                []choice
	Hint                   string
}

// Field is a field of the page. Its options, if it has some, are those of the key.
func (p *intakePage) Field(label, name string, options ...string) field {
	f := field{Name: name, ID: anchor(name), Label: p.T("intake." + label), Value: p.values[name], Wrong: p.wrong[name]}
	if len(options) > 0 {
		f.Options = p.options(options[0])
	}
	return f
}

// In is a field of a row of a list.
func (p *intakePage) In(list string, at int, key string, options ...string) field {
	label := key
	switch {
	case list == "consents":
		label = "consent." + key
	case list == "spending" && key == "kind":
		label = "spending_kind"
	}
	return p.Field(label, fmt.Sprintf("%s[%d].%s", list, at, key), options...)
}

func codes[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = string(c)
	}
	return out
}

// options are the choices of a field.
func (p *intakePage) options(of string) []choice {
	lists := map[string]struct {
		prefix string
		codes  []string
	}{
		"programme": {"programme.", codes(hedui.Programmes())}, "kind": {"kind.", codes(hedui.CaseKinds())},
		"role": {"intake.role.", []string{string(hedui.Member), string(hedui.Obligor)}}, "relation": {"relation.", codes(hedui.Relations())},
		"capacity": {"capacity.", codes(hedui.Capacities())}, "income": {"class.", codes(hedui.IncomeClasses())},
		"property": {"class.", codes(hedui.PropertyClasses())}, "spending": {"intake.spending.", hedui.SpendingKinds()},
		"study": {"intake.study.", hedui.Studies()}, "disability_kind": {"intake.disability.", hedui.DisabilityKinds()},
		"marital": {"intake.marital.", codes(hedui.MaritalStatuses())},
	}
	if of == "county" {
		return p.Counties
	}
	if of == "grade" {
		return []choice{{"1", "1"}, {"2", "2"}, {"3", "3"}, {"4", "4"}}
	}
	if of == "person" {
		var list []choice
		for i, row := range p.Persons {
			list = append(list, choice{row.No, p.T("intake.person_no", row.No) + " " + p.values[fmt.Sprintf("persons[%d].name", i)]})
		}
		return list
	}
	var list []choice
	for _, code := range lists[of].codes {
		list = append(list, choice{code, p.T(lists[of].prefix + code)})
	}
	return list
}

// aligned gives a form one consent for each person, in their order, as the page shows them.
func aligned(f hedui.Form) hedui.Form {
	consents := make([]hedui.FormConsent, len(f.Persons))
	for i := range consents {
		consents[i].Person = i + 1
	}
	for i, k := range f.Consents {
		at := k.Person - 1
		if k.Person == 0 { // from the page, where it stands in its place
			at = i
		}
		if at >= 0 && at < len(consents) {
			k.Person = at + 1
			consents[at] = k
		}
	}
	f.Consents = consents
	return f
}

// tidy takes out of a form what is only an empty row of the page, and fills in what
// the page does not ask.
func tidy(f hedui.Form) hedui.Form {
	f = aligned(f)
	for n := len(f.Persons); n > 1; n-- { // rows at the end: others name the rows by number
		if t := f.Persons[n-1]; strings.TrimSpace(t.Name+t.ID+t.Notes) != "" {
			break
		}
		f.Persons, f.Consents = f.Persons[:n-1], f.Consents[:n-1]
	}
	f.Income = slices.DeleteFunc(f.Income, func(t hedui.FormIncome) bool { return strings.TrimSpace(t.Monthly+t.Note) == "" })
	f.Property = slices.DeleteFunc(f.Property, func(t hedui.FormProperty) bool { return strings.TrimSpace(t.Value+t.Note) == "" })
	f.Spending = slices.DeleteFunc(f.Spending, func(t hedui.FormSpending) bool { return strings.TrimSpace(t.Amount+t.Note) == "" })
	f.Consents = slices.DeleteFunc(f.Consents, func(k hedui.FormConsent) bool { return strings.TrimSpace(k.SignedOn+k.Number) == "" })
	for i := range f.Consents {
		k := &f.Consents[i]
		k.Programme = f.Programme
		if k.Document == "" { // the paper in the file; its scan can be attached to the case
			k.Document = paperOf(k.Number)
		}
	}
	return f
}

// paperOf stands for a signed form that lies in the file.
func paperOf(number string) string { return strings.TrimSpace("授权书 " + number) }

// change adds a row to a list of the form, or takes one away: "persons", "persons[2]".
func change(f *hedui.Form, verb, what string) {
	if verb == "add" {
		switch what {
		case "persons":
			f.Persons = append(f.Persons, begunPerson())
		case "income":
			f.Income = append(f.Income, hedui.FormIncome{})
		case "property":
			f.Property = append(f.Property, hedui.FormProperty{})
		case "spending":
			f.Spending = append(f.Spending, hedui.FormSpending{})
		}
		return
	}
	m := rowField.FindStringSubmatch(what + ".")
	if m == nil {
		return
	}
	n, _ := strconv.Atoi(m[2])
	switch m[1] {
	case "persons":
		if n > 0 && n < len(f.Persons) { // the applicant stays
			dropPerson(f, n)
		}
	case "income":
		f.Income = without(f.Income, n)
	case "property":
		f.Property = without(f.Property, n)
	case "spending":
		f.Spending = without(f.Spending, n)
	}
}

func without[T any](list []T, n int) []T {
	if n < 0 || n >= len(list) {
		return list
	}
	return slices.Delete(list, n, n+1)
}

// dropPerson takes a row out and keeps the numbers right by which others name rows.
func dropPerson(f *hedui.Form, n int) {
	*f = aligned(*f)
	f.Persons, f.Consents = slices.Delete(f.Persons, n, n+1), slices.Delete(f.Consents, n, n+1)
	gone := n + 1
	shift := func(no *int) {
		switch {
		case *no == gone:
			*no = 0
		case *no > gone:
			*no--
		}
	}
	for i := range f.Persons {
		shift(&f.Persons[i].Guardian)
	}
	for i := range f.Consents {
		f.Consents[i].Person = i + 1
		shift(&f.Consents[i].Signer)
	}
	for i := range f.Income {
		shift(&f.Income[i].Person)
	}
	for i := range f.Property {
		shift(&f.Property[i].Person)
	}
	for i := range f.Spending {
		shift(&f.Spending[i].Person)
	}
}
