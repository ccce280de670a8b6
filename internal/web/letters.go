package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"hedui/day"
	"hedui/internal/casework"
	"hedui/internal/hedui"
)

// lettersPage is where the centre follows its assistance letters. Nobody stands on it.
type lettersPage struct {
	frame
	States []choice
	Bodies []choice
	State  string
	Body   string
	Number string
	Rows   []letterRow
	More   string // address of the next part
	Export string
}

type letterRow struct {
	Address, Number, Addressee, State, Class string
	Sent, Due, Left, Reminders               string
	Late                                     bool
}

// letterLate is the word of the filter for letters whose reply is late.
const letterLate = "late"

// letterQuery is what a filter of the page asks for.
func letterQuery(values url.Values) casework.LetterQuery {
	q := casework.LetterQuery{State: hedui.LetterState(values.Get("state")), Addressee: values.Get("to"), Number: digitsOf(values.Get("number")), After: values.Get("after")}
	if q.State == letterLate {
		q.State, q.Late = "", true
	}
	return q
}

// digitsOf cuts what people put between the parts of a number.
func digitsOf(number string) string {
	var kept []rune
	for _, r := range number {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			kept = append(kept, r)
		} else if r >= 'a' && r <= 'z' {
			kept = append(kept, r-'a'+'A')
		}
	}
	return string(kept[:min(len(kept), 40)])
}

func (s *Server) letters(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	values := r.URL.Query()
	q := letterQuery(values)
	list, err := s.Desk.TrackedLetters(r.Context(), o, q)
	if err != nil {
		return err
	}
	p := &lettersPage{frame: s.frame(r, "letter.list"), State: values.Get("state"), Body: q.Addressee, Number: q.Number}
	p.States = []choice{{"", p.T("letter.filter.open")}, {letterLate, p.T("letter.filter.late")}}
	for _, state := range hedui.LetterStates() {
		p.States = append(p.States, choice{string(state), p.T("letter.state." + string(state))})
	}
	p.Bodies = []choice{{"", p.T("letter.filter.all")}}
	for _, body := range list.Addressees {
		p.Bodies = append(p.Bodies, choice{body, body})
	}
	for _, l := range list.Letters {
		p.Rows = append(p.Rows, p.letterRow(s, l))
	}
	here := url.Values{"lang": {string(p.Lang)}}
	for _, key := range []string{"state", "to", "number"} {
		if values.Get(key) != "" {
			here.Set(key, values.Get(key))
		}
	}
	if len(p.Rows) > 0 {
		p.Export = "/letters/export.xlsx?" + here.Encode()
	}
	if list.More != "" {
		here.Set("after", list.More)
		p.More = "/letters?" + here.Encode()
	}
	return render(w, http.StatusOK, "letters.html", p)
}

// letterClass is how the state of a letter looks.
var letterClass = map[hedui.LetterState]string{hedui.LetterIssued: "waiting", hedui.LetterSent: "waiting", hedui.LetterFailed: "failed", hedui.LetterReplied: "found",
	hedui.LetterClosed: "ok", hedui.LetterEnded: "none"}

func (f frame) letterRow(s *Server, l hedui.Letter) letterRow {
	row := letterRow{Address: "/letters/" + l.Number + "?lang=" + string(f.Lang), Number: l.Number, Addressee: l.Addressee, State: f.T("letter.state." + string(l.State)),
		Class: letterClass[l.State], Due: day.Of(l.DueAt).String(), Sent: f.sending(l)}
	if l.State.Waits() {
		row.Left, row.Late = f.left(l.DueAt.Sub(s.Now()))
	}
	if l.Reminders > 0 {
		row.Reminders = f.T("letter.reminded_how", strconv.Itoa(l.Reminders), day.Of(l.RemindedAt).String())
	}
	return row
}

// sending says when and how a letter was sent the last time.
func (f frame) sending(l hedui.Letter) string {
	if l.SentOn.IsZero() {
		return ""
	}
	return f.T("letter.sent_how", l.SentOn.String(), f.T("letter.way."+l.Way), l.Tracking, strconv.Itoa(l.Sent))
}

// exportLetters gives the list that is shown as a workbook.
func (s *Server) exportLetters(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if onlyGet(w, r) {
		return nil
	}
	file, err := s.Desk.LettersFile(r.Context(), o, letterQuery(r.URL.Query()), langOf(r))
	if err != nil {
		return err
	}
	return sendWorkbook(w, file)
}

// letterPage is one letter with what can be noted of it.
type letterPage struct {
	frame
	letterRow
	Case     string // address; empty where the officer does not read it
	Away     bool   // another node has the case
	Issued   string
	Failed   string
	Replied  string
	Scan     string // address
	NoScan   bool   // the reply is here without its scan
	Compared string // id of who did
	Items    []letterItemRow
	Print    string // where the letter is printed
	Reminder string // and its last reminder
	Acts     []string
	Hint     string // of sending
	Wait     bool   // for another officer
	Made     string
	Wrong    []problemRow

	view   casework.LetterView
	values map[string]string
	wrong  map[string][]string
	on     string // the act that something is wrong with
	today  string
}

type letterItemRow struct{ ID, Address, Category, State string }

func (s *Server) letter(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.letterPage(r, o)
	if err != nil {
		return err
	}
	if done := r.URL.Query().Get("done"); slices.Contains(letterActs, done) {
		p.Made = p.T("letter.done." + done)
	}
	return render(w, http.StatusOK, "letter.html", p)
}

func (s *Server) letterPage(r *http.Request, o hedui.Officer) (*letterPage, error) {
	v, err := s.Desk.LetterOf(r.Context(), o, r.PathValue("number"))
	if err != nil {
		return nil, err
	}
	p := &letterPage{frame: s.frame(r, ""), view: v, values: map[string]string{}, wrong: map[string][]string{}, today: day.Of(s.Now()).String()}
	p.Path = "/letters/" + v.Number // also of a page that an act has brought
	p.letterRow, p.Title = p.frame.letterRow(s, v.Letter), p.T("letter.one", v.Number)
	p.Issued, p.Compared, p.Away = day.Of(v.IssuedAt).String(), v.ClosedBy, v.Abroad()
	lang := "?lang=" + string(p.Lang)
	if !v.Abroad() && o.May(hedui.ReadCases, v.Division) == nil {
		p.Case = "/cases/" + v.Case + lang
	}
	if !v.FailedOn.IsZero() {
		p.Failed = p.T("letter.failed_how", v.FailedOn.String(), p.T("letter.fail."+v.Why))
	}
	if !v.RepliedOn.IsZero() {
		p.Replied = v.RepliedOn.String()
	}
	if v.Scan != "" {
		p.Scan = p.Path + "/scan"
	}
	p.NoScan = v.State == hedui.LetterReplied && v.Scan == ""
	p.Wait = v.State == hedui.LetterReplied && v.Scan != "" && v.Open == 0 && !v.Second
	for _, it := range v.Items {
		row := letterItemRow{ID: it.ID, Category: p.category(it.Category), State: p.T("item." + string(it.State))}
		if v.Acts {
			row.Address = "/worklist/" + it.ID + lang
		}
		p.Items = append(p.Items, row)
	}
	p.may(s)
	return p, nil
}

// may fills in what the officer can do with the letter now.
func (p *letterPage) may(s *Server) {
	v := p.view
	if v.Second {
		p.Acts = append(p.Acts, "close")
	}
	if !v.Acts {
		return
	}
	lang := "?lang=" + string(p.Lang)
	if v.Open > 0 {
		p.Print = p.Path + "/paper" + lang
		if v.Reminders > 0 {
			p.Reminder = p.Path + "/reminder" + lang
		}
	}
	if p.Hint = p.T("letter.act.send_hint"); v.Rules.Counts == hedui.CountsIssued {
		p.Hint = p.T("letter.act.send_hint_issued")
	}
	for act, to := range map[string]hedui.LetterState{"send": hedui.LetterSent, "fail": hedui.LetterFailed} {
		if v.State.CanBecome(to) {
			p.Acts = append(p.Acts, act)
		}
	}
	trial := v.Letter
	if trial.Remind(v.Rules, s.Desk.Calendar, s.Now()) == nil {
		p.Acts = append(p.Acts, "remind")
	}
	if v.State.CanBecome(hedui.LetterReplied) && v.Scan == "" && !v.Abroad() {
		p.Acts = append(p.Acts, "reply")
	}
}

// May reports whether an act can be done now.
func (p *letterPage) May(act string) bool { return slices.Contains(p.Acts, act) }

// On reports whether something is wrong with what was typed for an act.
func (p *letterPage) On(act string) bool { return p.on == act }

// Field is a field of the form of an act. What was typed stays where it was refused.
func (p *letterPage) Field(act, key string) field {
	f := field{Name: key, ID: act + "-" + key, Label: p.T("letter." + key)}
	if key == "on" {
		f.Value = p.today
	}
	if p.on == act {
		f.Value, f.Wrong = p.values[key], p.wrong[key]
	}
	switch key {
	case "way":
		for _, way := range p.view.Rules.Ways {
			f.Options = append(f.Options, choice{way.Code, p.T("letter.way." + way.Code)})
		}
	case "why":
		for _, why := range p.view.Rules.Fails {
			f.Options = append(f.Options, choice{why, p.T("letter.fail." + why)})
		}
	}
	return f
}

// Bad is what is wrong with the file.
func (p *letterPage) Bad(key string) []string { return p.wrong[key] }

// letterActs are what can be done with a letter.
var letterActs = []string{"send", "fail", "remind", "reply", "close"}

// actOnLetter does one of them.
func (s *Server) actOnLetter(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	number, act := r.PathValue("number"), r.PathValue("act")
	if !slices.Contains(letterActs, act) {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	body, err := s.fileOf(r)
	if err == nil {
		err = s.doToLetter(r, o, number, act, body)
	}
	if err == nil {
		lead(w, r, "/letters/"+url.PathEscape(number)+"?lang="+string(langOf(r))+"&done="+act)
		return nil
	}
	kind := hedui.KindOf(err)
	var known *hedui.Error
	if !errors.As(err, &known) || kind != hedui.Invalid && kind != hedui.Conflict && known.Say.Key != "error.letter.second" {
		return err
	}
	p, cause := s.letterPage(r, o)
	if cause != nil {
		return cause
	}
	p.Wrong, p.on = leadTo(told(p.frame, err), func(field string) string { return act + "-" + field }), act
	for _, key := range []string{"on", "way", "tracking", "why"} {
		p.values[key] = r.PostFormValue(key)
	}
	for _, one := range known.Problems {
		p.wrong[one.Field] = append(p.wrong[one.Field], p.say(one.Say))
	}
	return render(w, status[kind], "letter.html", p)
}

func (s *Server) doToLetter(r *http.Request, o hedui.Officer, number, act string, body []byte) error {
	ctx := r.Context()
	switch act {
	case "send":
		return s.Desk.SendLetter(ctx, o, number, hedui.Sending{On: r.PostFormValue("on"), Way: r.PostFormValue("way"), Tracking: r.PostFormValue("tracking")})
	case "fail":
		return s.Desk.FailLetter(ctx, o, number, r.PostFormValue("on"), r.PostFormValue("why"))
	case "remind":
		_, err := s.Desk.RemindLetter(ctx, o, number)
		return err
	case "reply":
		return s.Desk.TakeReply(ctx, o, number, r.PostFormValue("on"), body)
	}
	return s.Desk.CloseLetter(ctx, o, number)
}

// letterPaper gives an assistance letter as a PDF to print, with those of its persons whose
// reply is still waited for. It holds whole numbers, so it takes a fresh proof, and each
// time it is printed is recorded.
func (s *Server) letterPaper(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if onlyGet(w, r) || !s.provedAnew(w, r, "/letters?lang="+string(langOf(r))) {
		return nil
	}
	again, err := s.Desk.ReprintLetter(r.Context(), o, r.PathValue("number"))
	if err != nil {
		return err
	}
	return sendFile(w, again.File)
}

// letterReminder gives the last reminder about a letter as a PDF. Nobody stands on it.
func (s *Server) letterReminder(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if onlyGet(w, r) {
		return nil
	}
	paper, err := s.Desk.ReminderPaper(r.Context(), o, r.PathValue("number"))
	if err != nil {
		return err
	}
	return sendFile(w, paper.File)
}

// replyScan gives the scan of the reply to a letter.
func (s *Server) replyScan(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	file, err := s.Desk.ReplyScan(r.Context(), o, r.PathValue("number"))
	if err != nil {
		return err
	}
	return sendFile(w, file)
}
