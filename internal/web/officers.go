package web

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/internal/staff"
	"hedui/internal/store"
)

// officersPage is the roster: who works here, for the administrators who keep it and
// those who watch them. Rights are asked by the office below.
type officersPage struct {
	frame
	Rows    []officerRow
	Count   int
	More    string
	Filter  []field
	Offices []officeRow
	Keeps   bool // the reader registers officers and offices
	Made    string
	Wrong   []problem

	values url.Values
	wrong  map[string][]string
	picks  map[string][]choice
}

type officerRow struct{ Address, ID, Name, Office, Division, Roles, State, Class, Days string }

type officeRow struct{ Name, Kind, Division, Since string }

// A problem is one that leads to its field, where it has one.
type problem struct{ Field, Say string }

func (s *Server) officers(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.officersPage(r, o)
	if err != nil {
		return err
	}
	if done := r.URL.Query().Get("done"); done == "officer" || done == "office" {
		p.Made = p.T("staff.done." + done)
	}
	return render(w, http.StatusOK, "officers.html", p)
}

// roster is the list, as far as the officer may see it.
func (s *Server) roster(r *http.Request, o hedui.Officer) ([]hedui.StaffMember, []store.Office, error) {
	if s.Roster == nil {
		return nil, nil, hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	return s.Roster.List(r.Context(), o)
}

func (s *Server) officersPage(r *http.Request, o hedui.Officer) (*officersPage, error) {
	list, offices, err := s.roster(r, o)
	if err != nil {
		return nil, err
	}
	p := &officersPage{frame: s.frame(r, "staff.title"), Keeps: o.May(hedui.KeepOfficers, o.Division) == nil, wrong: map[string][]string{}, picks: map[string][]choice{}}
	p.Path = "/officers" // also of a page that a form has brought
	q := r.URL.Query()
	if r.Method == http.MethodPost {
		q, p.values = url.Values{}, r.PostForm
	}
	for _, one := range offices {
		p.picks["office"] = append(p.picks["office"], choice{one.Name, one.Name})
		p.Offices = append(p.Offices, officeRow{one.Name, p.T("office." + string(one.Kind)), one.Division, day.Of(one.Since).String()})
	}
	for _, role := range hedui.OfficerRoles() {
		p.picks["role"] = append(p.picks["role"], choice{string(role), p.T("role." + string(role))})
	}
	for _, state := range []hedui.OfficerState{hedui.OfficerActive, hedui.OfficerLocked, hedui.OfficerEnded} {
		p.picks["state"] = append(p.picks["state"], choice{string(state), p.T("officer." + string(state))})
	}
	for _, kind := range hedui.OfficeKinds() {
		p.picks["kind"] = append(p.picks["kind"], choice{string(kind), p.T("office." + string(kind))})
	}
	for _, name := range []string{"office", "role", "state"} {
		p.Filter = append(p.Filter, field{Name: name, ID: "by-" + name, Label: p.T("staff." + name), Value: q.Get(name), Options: p.picks[name]})
	}
	p.fill(list, q)
	return p, nil
}

// fill shows those who fit what was asked for, a page at a time.
func (p *officersPage) fill(list []hedui.StaffMember, q url.Values) {
	for _, m := range list {
		office, role, state := q.Get("office"), q.Get("role"), q.Get("state")
		if office != "" && m.Office != office || role != "" && !slices.Contains(m.Roles, hedui.OfficerRole(role)) || state != "" && string(m.State) != state || m.ID <= q.Get("after") {
			continue
		}
		if p.Count++; p.Count > rowsPerPage {
			continue
		}
		if p.Count == rowsPerPage {
			next := url.Values{"lang": {string(p.Lang)}, "office": {office}, "role": {role}, "state": {state}, "after": {m.ID}}
			p.More = "/officers?" + next.Encode()
		}
		p.Rows = append(p.Rows, p.officerRow(m))
	}
	if p.Count <= rowsPerPage {
		p.More = ""
	}
}

func (f frame) officerRow(m hedui.StaffMember) officerRow {
	row := officerRow{Address: "/officers/" + url.PathEscape(m.ID) + "?lang=" + string(f.Lang), ID: m.ID, Name: m.Name, Office: m.Office, Division: m.Division,
		State: f.T("officer." + string(m.State)), Class: "ok", Days: m.From.String() + " –"}
	if !m.Until.IsZero() {
		row.Days += " " + m.Until.String()
	}
	if m.State != hedui.OfficerActive {
		row.Class = "failed"
	}
	var roles []string
	for _, role := range m.Roles {
		roles = append(roles, f.T("role."+string(role)))
	}
	row.Roles = strings.Join(roles, f.T("staff.and"))
	return row
}

// Field is a field of the forms below the list.
func (p *officersPage) Field(name string) field {
	return field{Name: name, ID: "f-" + name, Label: p.T("staff." + strings.TrimPrefix(name, "office_")), Value: p.values.Get(name), Wrong: p.wrong[name], Options: p.picks[strings.TrimPrefix(name, "office_")]}
}

// refuse shows what is wrong with a form beside its fields and above them. Fields are
// named in the page as in the problems, with something before it where two forms have
// the same.
func (p *officersPage) refuse(err error, before string) {
	var known *hedui.Error
	if !errors.As(err, &known) {
		return
	}
	if len(known.Problems) == 0 {
		p.Wrong = append(p.Wrong, problem{"", Sentence(p.Lang, known.Say)})
	}
	for _, one := range known.Problems {
		name := before + one.Field
		p.wrong[name] = append(p.wrong[name], p.say(one.Say))
		p.Wrong = append(p.Wrong, problem{"f-" + name, p.say(one.Say)})
	}
}

// addOfficer registers an officer, who has no role yet.
func (s *Server) addOfficer(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	m := hedui.StaffMember{ID: typed(r, "id"), Name: typed(r, "name"), Office: typed(r, "office"), Division: cmp.Or(typed(r, "division"), o.Division)}
	var problems []hedui.Problem
	var own idcard.Number
	var err error
	for name, to := range map[string]*day.Day{"from": &m.From, "until": &m.Until} {
		if text := typed(r, name); text != "" {
			if *to, err = day.Parse(text); err != nil {
				problems = append(problems, hedui.Problem{Field: name, Say: hedui.Say("problem.officer.day")})
			}
		}
	}
	if text := typed(r, "number"); text != "" {
		if own, err = idcard.Parse(text); err != nil {
			problems = append(problems, hedui.Problem{Field: "number", Say: hedui.Say("problem.officer.number")})
		}
	}
	if err = hedui.Problems(problems); err == nil && s.Roster != nil {
		err = s.Roster.Add(r.Context(), o, m, own)
	}
	return s.registered(w, r, o, err, "officer", "")
}

// addOffice registers an office.
func (s *Server) addOffice(w http.ResponseWriter, r *http.Request, o hedui.Officer) (err error) {
	office := store.Office{Name: typed(r, "office_name"), Kind: hedui.OfficeKind(typed(r, "office_kind")), Division: cmp.Or(typed(r, "office_division"), o.Division)}
	if s.Roster != nil {
		err = s.Roster.AddOffice(r.Context(), o, office)
	}
	return s.registered(w, r, o, err, "office", "office_")
}

func (s *Server) registered(w http.ResponseWriter, r *http.Request, o hedui.Officer, err error, what, before string) error {
	if err == nil && s.Roster != nil {
		lead(w, r, "/officers?lang="+string(langOf(r))+"&done="+what)
		return nil
	}
	kind := hedui.KindOf(err)
	if err != nil && !onPage(err) {
		return err
	}
	p, cause := s.officersPage(r, o)
	if cause != nil {
		return cause
	}
	p.refuse(err, before)
	return render(w, status[kind], "officers.html", p)
}

func typed(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }

// officerPage is one officer, with what the reader may do about them.
type officerPage struct {
	frame
	officerRow
	Programmes string
	Sources    string
	Proofs     []string // with what the officer signs in
	Offered    []tick   // roles
	For        []tick   // programmes
	Answers    []tick   // sources
	Ties       []choice
	Locks      bool // the reader may lock
	Unlocks    bool
	Ends       bool
	Grants     bool // give roles, reset the sign-in, retract a connection
	Self       bool
	Made       string
	Initial    string // password of the first sign-in, shown once
	Wrong      []problem
}

type tick struct {
	Value, Text string
	On          bool
}

func (s *Server) officer(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.officerPage(r, o)
	if err != nil {
		return err
	}
	if done := r.URL.Query().Get("done"); slices.Contains(officerActs, done) {
		p.Made = p.T("staff.done." + done)
	}
	return render(w, http.StatusOK, "officer.html", p)
}

func (s *Server) officerPage(r *http.Request, o hedui.Officer) (*officerPage, error) {
	list, _, err := s.roster(r, o)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, func(m hedui.StaffMember) bool { return m.ID == r.PathValue("officer") })
	if at < 0 {
		return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	m := list[at]
	p := &officerPage{frame: s.frame(r, ""), Self: m.ID == o.ID}
	p.Title, p.officerRow = m.Name, p.frame.officerRow(m)
	p.Path = "/officers/" + url.PathEscape(m.ID)
	keeps, grants := o.May(hedui.KeepOfficers, m.Division) == nil, o.May(hedui.GrantRoles, m.Division) == nil
	if !p.Self && m.State != hedui.OfficerEnded {
		p.Locks, p.Unlocks = m.State == hedui.OfficerActive && (keeps || grants), m.State == hedui.OfficerLocked && keeps
		p.Ends, p.Grants = keeps, grants
	}
	for _, role := range hedui.OfficerRoles() {
		p.Offered = append(p.Offered, tick{string(role), p.T("role." + string(role)), slices.Contains(m.Roles, role)})
	}
	var programmes []string
	for _, one := range hedui.Programmes() {
		on := slices.Contains(m.Programmes, one)
		if p.For = append(p.For, tick{string(one), p.T("programme." + string(one)), on}); on {
			programmes = append(programmes, p.T("programme."+string(one)))
		}
	}
	if p.Programmes = strings.Join(programmes, p.T("staff.and")); p.Programmes == "" {
		p.Programmes = p.T("staff.all_programmes")
	}
	for _, one := range s.Desk.Sources {
		if info := one.Info(); info.Manual != nil || slices.Contains(m.Sources, info.Name) {
			p.Answers = append(p.Answers, tick{info.Name, sourceText(info), slices.Contains(m.Sources, info.Name)})
		}
	}
	p.Sources = strings.Join(m.Sources, p.T("staff.and"))
	for _, tie := range hedui.Ties() {
		p.Ties = append(p.Ties, choice{string(tie), p.T("staff.tie." + string(tie))})
	}
	return p, s.fillProofs(r, p, grants)
}

// fillProofs says with what the officer signs in, to who looks after that.
func (s *Server) fillProofs(r *http.Request, p *officerPage, grants bool) error {
	if s.SignIn == nil || !grants {
		return nil
	}
	list, err := s.SignIn.Door.Credentials(r.Context(), store.Session{Officer: p.ID})
	counts := map[store.CredentialKind]int{}
	for _, c := range list {
		counts[c.Kind]++
	}
	for _, kind := range []store.CredentialKind{store.PasswordCredential, store.TOTPCredential, store.PasskeyCredential, store.RecoveryCredential} {
		if n := counts[kind]; n > 0 {
			p.Proofs = append(p.Proofs, p.T("staff.proof."+string(kind), strconv.Itoa(n)))
		}
	}
	return err
}

// officerActs are what can be done about an officer.
var officerActs = []string{"lock", "unlock", "end", "grant", "reset", "declare", "retract"}

// actOnOfficer does one of them. Roles, a new sign-in and an end take a fresh proof.
func (s *Server) actOnOfficer(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	id, act := r.PathValue("officer"), r.PathValue("act")
	if s.Roster == nil || !slices.Contains(officerActs, act) {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	if slices.Contains([]string{"end", "grant", "reset"}, act) && !s.provedAnew(w, r, "/officers/"+url.PathEscape(id)) {
		return nil
	}
	initial, err := s.doToOfficer(r, o, id, act)
	if err == nil && initial == "" {
		lead(w, r, "/officers/"+url.PathEscape(id)+"?"+url.Values{"lang": {string(langOf(r))}, "done": {act}}.Encode())
		return nil
	}
	kind := hedui.KindOf(err)
	if err != nil && !onPage(err) {
		return err
	}
	p, cause := s.officerPage(r, o)
	if cause != nil {
		return cause
	}
	if err == nil {
		p.Made, p.Initial = p.T("staff.done.reset"), initial
		return render(w, http.StatusOK, "officer.html", p)
	}
	for _, row := range told(p.frame, err) {
		p.Wrong = append(p.Wrong, problem{"", row.Text})
	}
	if act == "grant" { // what was ticked stays
		for field, list := range map[string][]tick{"roles": p.Offered, "programmes": p.For, "sources": p.Answers} {
			for i := range list {
				list[i].On = slices.Contains(r.PostForm[field], list[i].Value)
			}
		}
	}
	return render(w, status[kind], "officer.html", p)
}

func (s *Server) doToOfficer(r *http.Request, o hedui.Officer, id, act string) (initial string, err error) {
	ctx := r.Context()
	switch act {
	case "lock":
		return "", s.Roster.Lock(ctx, o, id)
	case "unlock":
		return "", s.Roster.Unlock(ctx, o, id)
	case "end":
		return "", s.Roster.End(ctx, o, id)
	case "grant":
		if err := r.ParseForm(); err != nil {
			return "", hedui.Fail(hedui.Invalid, hedui.Say("worklist.too_large"), err)
		}
		g := staff.Grant{Sources: r.PostForm["sources"]}
		for _, role := range r.PostForm["roles"] {
			g.Roles = append(g.Roles, hedui.OfficerRole(role))
		}
		for _, one := range r.PostForm["programmes"] {
			g.Programmes = append(g.Programmes, hedui.Programme(one))
		}
		return "", s.Roster.Grant(ctx, o, id, g)
	case "reset":
		if s.SignIn == nil {
			return "", hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
		}
		return s.SignIn.Door.Reset(ctx, o, id, staff.Reset{Factors: r.PostFormValue("factors") != ""})
	}
	number, err := idcard.Parse(typed(r, "number"))
	switch {
	case err != nil:
		return "", hedui.Problems([]hedui.Problem{{Field: "number", Say: hedui.Say("problem.officer.number")}})
	case act == "declare":
		return "", s.Roster.Declare(ctx, o, id, number, hedui.Tie(typed(r, "tie")))
	}
	return "", s.Roster.Retract(ctx, o, id, number)
}

// rightsPage is the table of rights on a day, for people who do not read YAML, and how
// many hold each role.
type rightsPage struct {
	frame
	On    string
	Since string
	Roles []roleRow
	Wrong string
}

type roleRow struct {
	Role, Rights, Alone, Apart string
	Holders                    int
}

func (s *Server) rights(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	list, _, err := s.roster(r, o)
	if err != nil {
		return err
	}
	p := &rightsPage{frame: s.frame(r, "rights.title")}
	on := day.Of(s.Now())
	if text := r.URL.Query().Get("on"); text != "" {
		if on, err = day.Parse(text); err != nil {
			on, p.Wrong = day.Of(s.Now()), p.T("problem.officer.day")
		}
	}
	p.On = on.String()
	table, err := hedui.RoleTableOn(on)
	switch {
	case err != nil:
		return err
	case len(table.Roles) == 0:
		p.Wrong = p.T("rights.none")
		return render(w, http.StatusOK, "rights.html", p)
	}
	p.Since = table.From.String()
	names := func(roles []hedui.OfficerRole) string {
		var words []string
		for _, role := range roles {
			words = append(words, p.T("role."+string(role)))
		}
		return strings.Join(words, p.T("staff.and"))
	}
	for _, role := range hedui.OfficerRoles() {
		row := roleRow{Role: p.T("role." + string(role)), Apart: names(table.Apart[role])}
		if slices.Contains(table.Alone, role) {
			row.Alone = p.T("rights.alone")
		}
		var may []string
		for _, right := range table.Rights(role) {
			may = append(may, p.T("right."+string(right)))
		}
		row.Rights = strings.Join(may, p.T("staff.and"))
		for _, m := range list {
			if active(m, s.Now()) && slices.Contains(m.Roles, role) {
				row.Holders++
			}
		}
		p.Roles = append(p.Roles, row)
	}
	return render(w, http.StatusOK, "rights.html", p)
}

func active(m hedui.StaffMember, at time.Time) bool {
	_, err := m.Officer(day.Of(at))
	return err == nil
}
