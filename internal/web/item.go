package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"hedui/internal/casework"
	"hedui/internal/hedui"
)

// An itemRow is an item to explain on the page of its case.
type itemRow struct {
	Address, Kind, Category, Who, Tongue, Reason, State, Class, Due, Left, Evidence string
	Late                                                                            bool
}

// itemClass is the colour of a state; its words stand beside it.
var itemClass = map[hedui.ExplanationState]string{
	hedui.ExplanationOpen: "waiting", hedui.ExplanationEntered: "waiting", hedui.ExplanationOverdue: "refused", hedui.ExplanationDone: "ok",
}

// fillItems lists the items to explain, and offers to suspend the case for one.
func (p *casePage) fillItems(s *Server, o hedui.Officer, v casework.View) {
	for _, e := range v.Explanations {
		p.Items = append(p.Items, p.itemRow(s, v.Case, &e))
	}
	trial := *v.Case
	trial.Steps = slices.Clone(v.Case.Steps)
	p.Claim = trial.SuspendClaim(o, v.Explanations, s.Now()) == nil
}

func (f frame) itemRow(s *Server, c *hedui.Case, e *hedui.Explanation) itemRow {
	row := itemRow{Address: "/cases/" + c.ID + "/items/" + e.ID + "?lang=" + string(f.Lang), Kind: f.T("finding." + string(e.Kind)), Category: f.category(e.Category),
		Who: f.T("page.household"), Tongue: f.HTML, Reason: f.say(e.Reason), State: f.T("explain." + string(e.State)), Class: itemClass[e.State], Due: e.DueOn().String()}
	if person, ok := c.Person(e.Person); ok {
		row.Who, row.Tongue = person.Masked(), "zh-CN"
	}
	if e.Waits(s.Now()) || e.State == hedui.ExplanationOverdue {
		row.Left, row.Late = f.left(e.DueAt.Sub(s.Now()))
	}
	if n := len(e.Evidence); n > 0 {
		row.Evidence = f.T("item.evidence", strconv.Itoa(n))
	}
	return row
}

// The page of one item is not that of its case: what is typed here must not be
// swept away when an answer comes in.
type itemPage struct {
	frame
	itemRow
	Case, Item, Seen string // Seen is the revision of the item that the page shows
	Number, Until    string
	Records          []string
	Said, SaidBy     string // the outcome that was entered, and by whom
	Text             string
	Files            []fileRow
	History          []stepRow
	Enter, Settle    bool   // the officer may
	Lost             string // what was typed for a form that is not offered any more
	NotSecond        string // why the officer cannot be the second one
	Ended            string // why nothing can be done any more
	Outcomes         []choice
	Wrong            []problemRow
	Made             string

	values map[string]string
	wrong  map[string][]string
}

type fileRow struct{ Address, Name, By string }

// A box is one of the records that may be wrong.
type box struct {
	choice
	Ticked bool
}

// Several reports whether it must be said which of the records is wrong.
func (p *itemPage) Several() bool { return len(p.Records) > 1 }

// Boxes are the records to choose from.
func (p *itemPage) Boxes() []box {
	list := make([]box, len(p.Records))
	for i, r := range p.Records {
		n := strconv.Itoa(i + 1)
		list[i] = box{choice{n, n + " · " + r}, p.values["wrong"+n] != ""}
	}
	return list
}

// Value is what was typed into a field.
func (p *itemPage) Value(key string) string { return p.values[key] }

// Bad is what is wrong with a field.
func (p *itemPage) Bad(key string) []string { return p.wrong[key] }

func (s *Server) item(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	p, err := s.itemPage(r, o)
	if err != nil {
		return err
	}
	if done := r.URL.Query().Get("done"); slices.Contains(itemActs, done) {
		p.Made = p.T("item.done." + done)
	}
	return render(w, http.StatusOK, "item.html", p)
}

// itemPage shows an item as it is now.
func (s *Server) itemPage(r *http.Request, o hedui.Officer) (*itemPage, error) {
	id := r.PathValue("id")
	v, err := s.look(r, o, id)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v.Explanations, func(e hedui.Explanation) bool { return e.ID == r.PathValue("item") })
	if i < 0 {
		return nil, hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
	}
	c, e := v.Case, v.Explanations[i]
	p := &itemPage{frame: s.frame(r, "item.title"), Case: id, Item: e.ID, Seen: strconv.FormatInt(e.Rev, 10), Number: c.Number, values: map[string]string{}, wrong: map[string][]string{}}
	p.Path = "/cases/" + id + "/items/" + e.ID
	p.itemRow = p.frame.itemRow(s, c, &e)
	p.Text = e.Text
	if e.Outcome != "" {
		p.Said, p.SaidBy = p.T("explain."+string(e.Outcome)), e.By
	}
	if !e.Until.IsZero() {
		p.Until = minute(e.Until)
	}
	for _, rec := range e.Records {
		p.Records = append(p.Records, rec.Department+" · "+p.say(rec.Say))
	}
	for _, f := range e.Evidence {
		p.Files = append(p.Files, fileRow{"/cases/" + id + "/evidence/" + f.ID, p.T("item.file."+strings.TrimPrefix(f.Type, "image/"), strconv.Itoa((f.Size+1023)>>10)), minute(f.At) + " " + f.By})
	}
	for _, a := range slices.Backward(e.History) {
		by := a.Officer
		if by == hedui.System.ID {
			by = hedui.System.Name
		}
		row := stepRow{Stage: p.T("explain." + string(a.State)), Officer: by, At: clock(a.At), Note: a.Text}
		if a.Outcome != "" && a.Outcome != a.State {
			row.Stage += " · " + p.T("explain."+string(a.Outcome))
		}
		p.History = append(p.History, row)
	}
	for _, outcome := range hedui.ExplanationOutcomes() {
		p.Outcomes = append(p.Outcomes, choice{string(outcome), p.T("item.outcome." + string(outcome))})
	}
	p.allow(s, o, c, e)
	return p, nil
}

// allow fills in what the officer may do with the item, tried on a copy of it.
func (p *itemPage) allow(s *Server, o hedui.Officer, c *hedui.Case, e hedui.Explanation) {
	if err := c.Explains(); err != nil {
		p.Ended = toldInLine(p.frame, err)
		return
	}
	p.Enter = c.MayExplain(o) == nil && e.State.CanBecome(hedui.ExplanationEntered)
	if o.MayOn(hedui.ReviewReports, c) != nil || e.State != hedui.ExplanationEntered {
		return
	}
	if err := e.Settle(o, s.Now()); err != nil {
		p.NotSecond = toldInLine(p.frame, err)
		return
	}
	p.Settle = true
}

// itemActs are what can be done to an item.
var itemActs = []string{"explain", "attach", "settle", "send_back"}

// actOnItem does what an officer has chosen on the page of an item. If it cannot be
// done, the page comes back as things are now, with what was typed.
func (s *Server) actOnItem(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	id, item, act := r.PathValue("id"), r.PathValue("item"), r.PathValue("act")
	if _, err := s.look(r, o, id); err != nil { // before anything of the form is read
		return err
	}
	body, err := s.fileOf(r)
	if err == nil {
		rev, _ := strconv.ParseInt(r.PostFormValue("seen"), 10, 64) // 0 is no revision
		err = s.doItem(r, o, casework.ItemRef{Case: id, Item: item, Rev: rev}, act, body)
	}
	if err == nil {
		lead(w, r, "/cases/"+id+"/items/"+item+"?lang="+string(langOf(r))+"&done="+act)
		return nil
	}
	kind := hedui.KindOf(err)
	if !onPage(err) {
		return err
	}
	p, cause := s.itemPage(r, o)
	if cause != nil {
		return cause
	}
	p.Wrong = leadTo(told(p.frame, err), func(field string) string {
		if act == "send_back" && field == "text" {
			return "why"
		}
		if field == "wrong" && !p.Several() { // there is one record, and no box for it
			return "outcome"
		}
		return field
	})
	for _, key := range []string{"outcome", "text", "why"} {
		p.values[key] = r.PostFormValue(key)
	}
	for _, n := range r.PostForm["wrong"] {
		p.values["wrong"+n] = n
	}
	var e *hedui.Error
	if errors.As(err, &e) {
		for _, one := range e.Problems {
			field := one.Field
			if act == "send_back" && field == "text" {
				field = "why"
			}
			p.wrong[field] = append(p.wrong[field], p.say(one.Say))
		}
	}
	if act == "send_back" && !p.Settle {
		p.Lost = p.values["why"]
	} else if act != "send_back" && !p.Enter {
		p.Lost = p.values["text"]
	}
	return render(w, status[kind], "item.html", p)
}

// doItem does one act. A file that comes with an explanation is attached first: it
// stays, even if something is missing in the explanation.
func (s *Server) doItem(r *http.Request, o hedui.Officer, ref casework.ItemRef, act string, body []byte) error {
	ctx := r.Context()
	switch act {
	case "attach", "explain":
		if len(body) > 0 {
			e, err := s.Desk.Attach(ctx, o, ref, body)
			if err != nil {
				return err
			}
			ref.Rev = e.Rev
		}
		if act == "attach" {
			if len(body) == 0 {
				return hedui.Problems([]hedui.Problem{{Field: "evidence", Say: hedui.Say("own.no_file")}})
			}
			return nil
		}
		in := hedui.ExplanationEntry{Outcome: hedui.ExplanationState(r.PostFormValue("outcome")), Text: r.PostFormValue("text")}
		if in.Outcome == hedui.ExplanationWrong { // the boxes stand there for this outcome alone
			for _, text := range r.PostForm["wrong"] {
				n, _ := strconv.Atoi(text) // 0 is no record, and is refused
				in.Wrong = append(in.Wrong, n)
			}
		}
		_, err := s.Desk.Explain(ctx, o, ref, in)
		return err
	case "settle":
		_, err := s.Desk.SettleExplanation(ctx, o, ref)
		return err
	case "send_back":
		_, err := s.Desk.SendBackExplanation(ctx, o, ref, r.PostFormValue("why"))
		return err
	}
	return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
}

// maxText bounds a field beside a file, in bytes.
const maxText = 64 << 10

// fileOf is the file of a form that has one; without a file it is empty. It is read
// piece by piece: what stands before a file that is too large is kept.
func (s *Server) fileOf(r *http.Request) (body []byte, err error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return nil, nil
	}
	cut := func(err error) error {
		return hedui.Fail(hedui.Invalid, hedui.Say("own.too_large", strconv.Itoa(maxUpload>>20)), err)
	}
	r.PostForm = url.Values{}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, cut(err)
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return nil, cut(err)
		}
		if part.FormName() == "file" && part.FileName() != "" {
			if body, err = io.ReadAll(part); err != nil { // bounded by mostOf
				return nil, cut(err)
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxText))
		if err != nil {
			return nil, cut(err)
		}
		r.PostForm.Add(part.FormName(), string(text))
	}
}

// evidence gives a file of an item to the browser; that it was read is recorded.
func (s *Server) evidence(w http.ResponseWriter, r *http.Request, o hedui.Officer) error {
	file, err := s.Desk.Evidence(r.Context(), o, r.PathValue("id"), r.PathValue("evidence"))
	if err != nil {
		return err
	}
	return sendFile(w, file)
}
