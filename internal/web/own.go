package web

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/casework"
	"hedui/internal/hedui"
)

// maxUpload is the longest body of a route that takes a file, in bytes: the largest
// scan, and what a form puts around it.
const maxUpload = 6 << 20

type ownPage struct {
	frame
	ID, Number, Programme, Kind, Stage, Due, Now string
	Seen                                         string // revision that the page shows
	Persons                                      []ownPerson
	Consents                                     []ownConsent
	Papers                                       []paperRow
	Missing                                      []string
	Acts                                         []actRow
	Withdrawal                                   *withdrawalRow
	Wrong                                        []problemRow
	Made                                         string
	Renew                                        bool // consents can be added
	Codes                                        []choice

	values map[string]string
	wrong  map[string][]string
}

type ownPerson struct{ No, Name, ID, Relation, State, Class string }

type ownConsent struct{ Number, Person, State, Signed, Until, Scan, Sign string }

// own shows a case to the clerk who opened it.
func (s *Server) own(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	c, err := s.Desk.OwnCase(r.Context(), o, r.PathValue("id"))
	if casework.IsErased(err) {
		return s.showErased(w, r, o)
	}
	if err != nil {
		return err
	}
	p := s.ownPage(r, o, c)
	switch done := r.URL.Query().Get("done"); done {
	case "terminate":
		p.Made = p.T("action.done", p.T("action.terminate"))
	case "scan", "sign", "consent", "withdraw":
		p.Made = p.T("own.done." + done)
	}
	return render(w, http.StatusOK, "own.html", p)
}

func (s *Server) ownPage(r *http.Request, o hedui.Officer, c *hedui.Case) *ownPage {
	at := s.Now()
	p := &ownPage{frame: s.frame(r, "page.case"), ID: c.ID, Number: c.Number, Due: minute(c.DueAt), Seen: strconv.FormatInt(c.Rev, 10),
		values: map[string]string{}, wrong: map[string][]string{}}
	p.Path = "/own/" + c.ID
	p.Title = p.T("page.case") + " " + c.Number
	p.Programme, p.Kind, p.Stage = p.T("programme."+string(c.Programme)), p.T("kind."+string(c.Kind)), p.T("stage."+string(c.Stage))
	p.Now = p.T("own.stage." + string(c.Stage))
	for _, one := range c.Persons {
		row := ownPerson{No: strconv.Itoa(one.No), Name: idcard.MaskName(one.Name), ID: one.ID.Masked(), Relation: p.T("relation." + string(one.Relation)), State: p.T("own.no_consent"), Class: "failed"}
		for _, k := range c.Consents {
			if state := c.ConsentState(k, at); k.Person == one.No && state != hedui.ConsentSuperseded {
				row.State, row.Class = p.T("consent."+string(state)), "ok"
				if state == hedui.ConsentExpired || state == hedui.ConsentWithdrawn {
					row.Class = "failed"
				}
			}
		}
		p.Persons = append(p.Persons, row)
	}
	p.Consents, p.Papers = p.consentRows(c, at), p.paperRows(o, c, p.Path, at)
	for i, k := range c.Consents {
		if day.Of(k.SignedAt) == day.Of(at) && k.Scan == "" {
			p.Consents[i].Sign = p.Path + "/consents/" + k.Number + "/sign?lang=" + string(p.Lang)
		}
	}
	for _, m := range c.Missing(at) {
		p.Missing = append(p.Missing, p.say(m.Say))
	}
	p.Renew = len(p.Missing) > 0 && !settled(c.Stage)
	p.Acts = p.actRows(c.Actions(o, at), p.Path, p.Seen)
	p.Withdrawal = p.withdrawal(o, c, p.Path, p.Seen, at)
	p.Codes = p.codeChoices(o, c)
	return p
}

// consentRows are the consents of a case.
func (f frame) consentRows(c *hedui.Case, at time.Time) []ownConsent {
	rows := make([]ownConsent, len(c.Consents))
	for i, k := range c.Consents {
		rows[i] = ownConsent{Number: k.Number, Person: strconv.Itoa(k.Person), State: f.T("consent." + string(c.ConsentState(k, at))),
			Signed: day.Of(k.SignedAt).String(), Until: day.Of(k.Until.Add(-time.Second)).String(), Scan: k.Scan}
	}
	return rows
}

// Field is a field of the form for a further consent.
func (p *ownPage) Field(key string) field {
	return field{Name: key, ID: key, Label: p.T("intake.consent." + key), Value: p.values[key], Wrong: p.wrong[key]}
}

// Who are the persons of the case as choices.
func (p *ownPage) Who(key, label string) field {
	f := field{Name: key, ID: key, Label: p.T(label), Value: p.values[key], Wrong: p.wrong[key]}
	for _, one := range p.Persons {
		f.Options = append(f.Options, choice{one.No, p.T("intake.person_no", one.No) + " " + one.Name})
	}
	return f
}

// ownDone leads back to the case, or shows it with why something was not done.
func (s *Server) ownDone(w http.ResponseWriter, r *http.Request, o hedui.Officer, done string, err error) error {
	id := r.PathValue("id")
	if err == nil {
		lead(w, r, "/own/"+id+"?lang="+string(langOf(r))+"&done="+done)
		return nil
	}
	kind := hedui.KindOf(err)
	if !onPage(err) {
		return err
	}
	c, cause := s.Desk.OwnCase(r.Context(), o, id)
	if cause != nil {
		return cause
	}
	p := s.ownPage(r, o, c)
	p.Wrong = told(p.frame, err)
	for _, key := range []string{"person", "number", "signed_on", "until", "signer", "witness"} {
		p.values[key] = r.PostFormValue(key)
	}
	return render(w, status[kind], "own.html", p)
}

// ownAct does what the clerk has chosen with their case.
func (s *Server) ownAct(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	c, err := s.Desk.OwnCase(r.Context(), o, r.PathValue("id"))
	if err != nil {
		return err
	}
	act := r.PathValue("act")
	switch {
	case strconv.FormatInt(c.Rev, 10) != r.PostFormValue("seen"):
		err = hedui.Fail(hedui.Conflict, hedui.Say("error.changed"), nil)
	case act == withdraw:
		person, _ := strconv.Atoi(r.PostFormValue("person")) // 0 is nobody
		_, err = s.Desk.Withdraw(r.Context(), o, c.ID, person)
	case act == "consent":
		err = s.addConsent(r, o, c)
	default:
		_, err = s.Desk.Take(r.Context(), o, c.ID, act, r.PostFormValue("reason"))
	}
	return s.ownDone(w, r, o, act, err)
}

// addConsent records one further consent, as when the one before has ended.
func (s *Server) addConsent(r *http.Request, o hedui.Officer, c *hedui.Case) error {
	person, _ := strconv.Atoi(r.PostFormValue("person")) // 0 is nobody
	signer, _ := strconv.Atoi(r.PostFormValue("signer"))
	f := hedui.Form{Consents: []hedui.FormConsent{{Number: r.PostFormValue("number"), Person: person, Programme: string(c.Programme), Signer: signer,
		Witness: r.PostFormValue("witness"), SignedOn: r.PostFormValue("signed_on"), Until: r.PostFormValue("until"), Document: paperOf(r.PostFormValue("number"))}}}
	consents, problems := f.ReadConsents(c, s.Now())
	if err := hedui.Problems(problems); err != nil {
		return err
	}
	_, _, err := s.Desk.AddConsents(r.Context(), o, c.ID, consents)
	return err
}

// scan keeps the scan of a signed consent.
func (s *Server) scan(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if err := r.ParseMultipartForm(maxUpload); err != nil { //nolint:gosec // G120: the body was bounded by mostOf
		return s.ownDone(w, r, o, "scan", hedui.Fail(hedui.Invalid, hedui.Say("own.too_large", strconv.Itoa(maxUpload>>20)), err))
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }() // nothing lies in files: all of it fits into memory
	file, _, err := r.FormFile("file")
	if err != nil {
		return s.ownDone(w, r, o, "scan", hedui.Fail(hedui.Invalid, hedui.Say("own.no_file"), err))
	}
	defer file.Close()
	body, err := io.ReadAll(file)
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("own.no_file"), err)
	}
	_, err = s.Desk.AttachConsent(r.Context(), o, r.PathValue("id"), r.PathValue("number"), body)
	return s.ownDone(w, r, o, "scan", err)
}
