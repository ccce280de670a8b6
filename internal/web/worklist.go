package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/source"
)

// worklistPage is where the day of somebody begins who answers for a department: the
// open items of one source.
type worklistPage struct {
	frame
	Tabs       []tab // the sources for which the officer answers
	Lists      []tab // all open items, or those that are overdue
	Source     string
	Department string
	Rows       []taskRow
	More       string // address of the next part
	Export     bool   // the part of the list that is shown can go out as a workbook
	After      string // where it begins
	Exports    []exportRow
	Made       string
	Letter     string // that was just issued
	Paper      string // where it is printed
	Wrong      []problemRow
	Problems   []string // of rows of a workbook
	Named      bool     // the officer answers for a source
}

type taskRow struct {
	Address, Name, Category, Purpose, State, Due, Left, Node string
	Late                                                     bool
	Letter                                                   string // number of the letter that was issued
	Paper                                                    string // and where it stands
	Issue                                                    string // where a letter is issued
}

func (s *Server) worklist(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.worklistPage(r, o, r.URL.Query().Get("source"))
	if err != nil {
		return err
	}
	switch done := r.URL.Query().Get("done"); done {
	case "answer", "correct", "return":
		p.Made = p.T("worklist.done." + done)
	case "letter":
		p.Made = p.T("worklist.done.letter")
		if number := r.URL.Query().Get("letter"); hedui.ValidNumber(hedui.LetterSeries, number) {
			p.Letter, p.Paper = number, "/letters/"+number+"/paper?lang="+string(p.Lang)
		}
	}
	return render(w, http.StatusOK, "worklist.html", p)
}

// worklistPage shows the list of a source, or of the officer's first one.
func (s *Server) worklistPage(r *http.Request, o hedui.Officer, name string) (*worklistPage, error) {
	p := &worklistPage{frame: s.frame(r, "worklist.title"), Named: len(o.Sources) > 0}
	p.Path = "/worklist" // also of a page that a workbook has brought
	if !p.Named {
		return p, nil
	}
	if name == "" {
		name = o.Sources[0]
	}
	late, after := r.URL.Query().Get("list") == "overdue", r.URL.Query().Get("after")
	here := "/worklist?" + url.Values{"lang": {string(p.Lang)}, "source": {name}}.Encode()
	read := s.Desk.Worklist
	if late {
		read = s.Desk.Overdue
	}
	list, err := read(r.Context(), o, name, after)
	if err != nil {
		return nil, err
	}
	p.Source, p.Department = name, s.sourceText(name)
	p.Lists = []tab{{p.T("worklist.open"), here, !late}, {p.T("worklist.overdue"), here + "&list=overdue", late}}
	if late {
		here += "&list=overdue"
	}
	if list.More != "" {
		p.More = here + "&after=" + url.QueryEscape(list.More)
	}
	if len(o.Sources) > 1 {
		for _, other := range o.Sources {
			p.Tabs = append(p.Tabs, tab{s.sourceText(other), "/worklist?" + url.Values{"lang": {string(p.Lang)}, "source": {other}}.Encode(), other == name})
		}
	}
	for _, t := range list.Tasks {
		p.Rows = append(p.Rows, p.taskRow(s, t))
	}
	p.Export, p.After = len(p.Rows) > 0 && !late, after
	exports, err := s.Desk.Exports(r.Context(), o, name)
	if err != nil {
		return nil, err
	}
	for _, e := range exports {
		p.Exports = append(p.Exports, exportRow{e.Number, clock(e.MadeAt), clock(e.Until), e.Password, "/workbooks/" + url.PathEscape(name) + "/" + e.Number + "?lang=" + string(p.Lang),
			r.URL.Query().Get("made") == e.Number})
	}
	return p, nil
}

// sourceText names a source of this node by its department; one that was taken out by
// its name alone.
func (s *Server) sourceText(name string) string {
	for _, one := range s.Desk.Sources {
		if info := one.Info(); info.Name == name {
			return sourceText(info)
		}
	}
	return name
}

func sourceText(info source.Info) string { return info.Department + " · " + info.Name }

// exportRow is a workbook of the list that still holds.
type exportRow struct {
	Number, Made, Until, Password, Address string
	New                                    bool // just made
}

func (f frame) taskRow(s *Server, t casework.Task) taskRow {
	row := taskRow{Address: "/worklist/" + t.ID + "?lang=" + string(f.Lang), Name: idcard.MaskName(t.Person.Name) + " " + t.Person.ID.Masked(), Category: f.category(t.Category.Code), Purpose: f.T("programme." + string(t.Purpose)),
		State: f.T("item." + string(t.State)), Node: t.Node}
	if t.Letter != "" && t.State == hedui.ItemLettered {
		row.Letter, row.Paper = t.Letter, "/letters/"+t.Letter+"?lang="+string(f.Lang)
	}
	if t.ByLetter && t.State == hedui.ItemListed {
		row.Issue = "/worklist/" + t.ID + "/letter?lang=" + string(f.Lang)
	}
	if !t.DueAt.IsZero() {
		row.Due = day.Of(t.DueAt).String()
		row.Left, row.Late = f.left(t.DueAt.Sub(s.Now()))
	}
	return row
}

// prepareExport makes a workbook of a part of the list ready: the page shows its
// password, and where it lies. What goes out holds whole numbers, so it takes a fresh
// proof.
func (s *Server) prepareExport(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	name := r.PathValue("source")
	if err := o.MayAnswer(name); err != nil {
		return err
	}
	here := url.Values{"lang": {string(langOf(r))}, "source": {name}}
	if !s.provedAnew(w, r, "/worklist?"+here.Encode()+"#book") {
		return nil
	}
	e, err := s.Desk.PrepareExport(r.Context(), o, name, r.PostFormValue("after"))
	if err != nil {
		return err
	}
	here.Set("made", e.Number)
	lead(w, r, "/worklist?"+here.Encode()+"#book")
	return nil
}

// workbook gives the open items as a workbook. It holds whole numbers, so each one
// that is written is recorded.
func (s *Server) workbook(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	if onlyGet(w, r) {
		return nil
	}
	file, _, err := s.Desk.WriteExport(r.Context(), o, r.PathValue("source"), r.PathValue("number"))
	if err != nil {
		return err
	}
	return sendWorkbook(w, file)
}

func sendWorkbook(w http.ResponseWriter, file casework.File) error {
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="`+file.Name+`"`)
	_, err := w.Write(file.Body)
	return err
}

// takeWorkbook takes the answers of a workbook. What was not taken is listed by row;
// or the workbook comes back with that written beside its rows. Handing the same one
// in again does no harm.
func (s *Server) takeWorkbook(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	name := r.PathValue("source")
	if err := o.MayAnswer(name); err != nil {
		return err
	}
	body, err := s.fileOf(r)
	if err == nil && len(body) == 0 {
		err = hedui.Fail(hedui.Invalid, hedui.Say("own.no_file"), nil)
	}
	var in casework.Imported
	if err == nil {
		in, err = s.Desk.ImportList(r.Context(), o, name, body)
	}
	kind, code := hedui.KindOf(err), http.StatusOK
	if err != nil && !onPage(err) {
		return err
	}
	if err == nil && r.PostFormValue("back") != "" {
		return sendWorkbook(w, casework.File{Name: name + "-checked.xlsx", Body: in.Workbook})
	}
	p, cause := s.worklistPage(r, o, name)
	if cause != nil {
		return cause
	}
	if err != nil {
		code, p.Wrong = status[kind], told(p.frame, err)
	} else {
		p.Made = p.T("worklist.imported", strconv.Itoa(in.Taken), strconv.Itoa(in.Same), strconv.Itoa(in.Refused))
	}
	for _, one := range in.Problems {
		p.Problems = append(p.Problems, p.T("worklist.row", strconv.Itoa(one.Row), one.Column, p.say(one.Say)))
	}
	return render(w, code, "worklist.html", p)
}

// A taskPage is one item with the form for its answer. It is one of the places where
// a whole identity number stands: the department looks the person up by it.
type taskPage struct {
	frame
	taskRow
	Item, Source, Person, Number, Mandate, Period string
	Act                                           string // answer, or correct where there is an answer
	Settled                                       bool
	Outcomes                                      []choice
	Outcome                                       string
	Records                                       []entryRecord
	Wrong                                         []problemRow
	Return                                        bool

	values map[string]string
	wrong  map[string][]string
}

func (s *Server) task(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	t, typed, err := s.Desk.Item(r.Context(), o, r.PathValue("entry"))
	if err != nil {
		return err
	}
	return render(w, http.StatusOK, "entry.html", s.taskPage(r, t, typed, nil, 0))
}

// taskPage shows an entry to an item, with room for some more records.
func (s *Server) taskPage(r *http.Request, t casework.Task, e hedui.Entry, wrong map[string][]string, more int) *taskPage {
	p := &taskPage{frame: s.frame(r, "worklist.item"), Item: t.ID, Source: t.Source, Person: t.Person.Name, Number: t.Person.ID.Reveal(), Mandate: t.Mandate,
		Period: t.Window.From.String() + " – " + t.Window.To.String(), Outcome: e.Outcome, Act: "answer", Settled: !t.State.Open(), Return: t.State.Open(), values: entryFields(e), wrong: wrong}
	p.Path = "/worklist/" + t.ID // also of a part of the page
	p.taskRow = p.frame.taskRow(s, t)
	if p.Settled {
		p.Act = "correct"
	}
	for _, outcome := range hedui.EntryOutcomes() {
		p.Outcomes = append(p.Outcomes, choice{string(outcome), p.T("workbook.outcome." + string(outcome))})
	}
	for i := range min(max(len(e.Records), 1)+more, maxRecords) {
		p.Records = append(p.Records, p.entryRecord(t.Category, i, e))
	}
	return p
}

// Field is a field of the page outside the records.
func (p *taskPage) Field(key string) field {
	return field{Name: key, ID: anchor(key), Label: p.T("worklist." + key), Value: p.values[key], Wrong: p.wrong[key]}
}

// Bad is what is wrong with a field.
func (p *taskPage) Bad(key string) []string { return p.wrong[key] }

// taskActs are what can be done with an item. "more" keeps what was typed and makes
// room for another record.
var taskActs = []string{"answer", "correct", "return", "more", "letter"}

// actOnTask does one of them. What was typed and refused comes back with what is
// wrong beside the fields.
func (s *Server) actOnTask(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	id, act := r.PathValue("entry"), r.PathValue("act")
	if !slices.Contains(taskActs, act) {
		return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	t, _, err := s.Desk.Item(r.Context(), o, id) // before anything of the form is read
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("worklist.too_large"), err)
	}
	e, more := entryOf(r.PostForm, t.Category), 0
	done := url.Values{"lang": {string(langOf(r))}, "source": {t.Source}, "done": {act}}
	switch act {
	case "answer":
		err = s.Desk.AnswerItem(r.Context(), o, id, e)
	case "correct":
		err = s.Desk.CorrectItem(r.Context(), o, id, e)
	case "return":
		err = s.Desk.ReturnItem(r.Context(), o, id)
	case "letter":
		var issued casework.Dispatch
		if issued, err = s.Desk.IssueLetter(r.Context(), o, id); err == nil {
			done.Set("letter", issued.Number)
		}
	case "more":
		more = 1
	}
	if err == nil && more == 0 {
		lead(w, r, "/worklist?"+done.Encode())
		return nil
	}
	if err == nil {
		return render(w, http.StatusOK, "entry.html", s.taskPage(r, t, e, nil, more))
	}
	kind := hedui.KindOf(err)
	if !onPage(err) {
		return err
	}
	f, wrong := s.frame(r, ""), map[string][]string{}
	var known *hedui.Error
	if errors.As(err, &known) {
		for _, one := range known.Problems {
			wrong[one.Field] = append(wrong[one.Field], f.say(one.Say))
		}
	}
	if now, _, err := s.Desk.Item(r.Context(), o, id); err == nil { // as it is now
		t = now
	}
	p := s.taskPage(r, t, e, wrong, 0)
	p.Wrong = leadTo(told(p.frame, err), anchor)
	return render(w, status[kind], "entry.html", p)
}
