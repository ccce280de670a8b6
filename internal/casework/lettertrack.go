package casework

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/lang"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/internal/workbook"
)

// What becomes of a letter once it is printed: it is sent, comes back, is late and
// reminded of; its reply comes in with a scan and is compared by a second officer.
// Whoever answers for its sources does all of this. The verifiers of the centre see
// every letter of theirs and may be the second officer.

// A LetterView is a letter with what it asks, but not about whom.
type LetterView struct {
	hedui.Letter
	Items  []LetterItem
	Open   int // items that still wait
	Rules  hedui.LetterRules
	Acts   bool // the officer answers for its sources
	Second bool // the officer may close it
}

// A LetterItem is one thing that a letter asks.
type LetterItem struct {
	ID       string
	Category catalog.Code
	State    hedui.ItemState
}

// letterRules are the rules that hold for a letter now.
func (d *Desk) letterRules(l hedui.Letter) (hedui.LetterRules, error) {
	rules, ok := d.Letters.For(l.Division, day.Of(d.Now()))
	if !ok {
		return rules, fmt.Errorf("casework: no rules for letters of %s", l.Division)
	}
	return rules, nil
}

// heldLetter is a letter that an officer has before him, with its items.
type heldLetter struct {
	hedui.Letter
	items []store.Item
	open  int
	rules hedui.LetterRules
}

// about is under what an act on the letter is recorded.
func (l *heldLetter) about() string {
	if l.Abroad() {
		return l.Number
	}
	return l.Case
}

func (l *heldLetter) entry(o hedui.Officer, verb audit.Verb, detail string, at time.Time) audit.Entry {
	if detail != "" {
		detail = " " + detail
	}
	return audit.New(at, o.ID, o.Office, verb, l.about(), l.Number+detail)
}

// entered are the officers who have entered answers from the reply.
func (l *heldLetter) entered() []string {
	var list []string
	for _, it := range l.items {
		list = append(list, it.Officer)
	}
	return list
}

// holdLetter reads a letter without asking who wants it.
func (d *Desk) holdLetter(ctx context.Context, tx *store.Tx, number string) (*heldLetter, error) {
	if !hedui.ValidNumber(hedui.LetterSeries, number) {
		return nil, notFound()
	}
	l := &heldLetter{}
	var err error
	if l.Letter, err = tx.Letter(ctx, number); err != nil {
		return nil, err
	}
	if l.items, err = tx.ItemsOfLetters(ctx, []string{number}); err != nil {
		return nil, err
	}
	for _, it := range l.items {
		if it.State.Open() {
			l.open++
		}
	}
	l.rules, err = d.letterRules(l.Letter)
	return l, err
}

// answers reports why an officer does not answer for all that the letter asks, or nil.
func (d *Desk) answers(o hedui.Officer, l *heldLetter) error {
	for _, it := range l.items {
		if _, err := d.manualOf(o, it.Source); err != nil {
			return err
		}
	}
	if len(l.items) == 0 { // asked anew since: nothing is left to do
		return notFound()
	}
	return nil
}

// seesLetter reports why an officer may not see a letter, or nil: whoever answers for
// it may, and whoever has the right on its case.
func (d *Desk) seesLetter(ctx context.Context, tx *store.Tx, o hedui.Officer, l *heldLetter, right hedui.Right) error {
	why := d.answers(o, l)
	if why == nil {
		return nil
	}
	if l.Abroad() {
		if err := o.May(hedui.VerifyCases, l.Division); err != nil {
			return why
		}
		return nil
	}
	if o.May(right, l.Division) != nil {
		return why
	}
	_, err := opened(ctx, tx, o, right, l.Case)
	return err
}

// trackLetter is one act of an officer who answers for a letter.
func (d *Desk) trackLetter(ctx context.Context, o hedui.Officer, number string, verb audit.Verb, act func(*store.Tx, *heldLetter, time.Time) (detail string, err error)) error {
	about := ""
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		l, err := d.holdLetter(ctx, tx, number)
		if err != nil {
			return err
		}
		if about = l.about(); verb != audit.ReplyCompared {
			if err := d.answers(o, l); err != nil {
				return err
			}
		}
		at := d.Now()
		detail, err := act(tx, l, at)
		if err != nil {
			return err
		}
		if err := tx.SaveLetters(ctx, l.Letter); err != nil {
			return err
		}
		return tx.Record(ctx, l.entry(o, verb, detail, at))
	})
	if err != nil {
		return d.refused(ctx, o, about, verb, err)
	}
	d.watch.changed(about) // of another node's question nobody has a page open
	return nil
}

// settleLetter moves a letter on after one of its items was answered or given back.
func (d *Desk) settleLetter(ctx context.Context, tx *store.Tx, number string, at time.Time) error {
	if number == "" {
		return nil
	}
	l, err := d.holdLetter(ctx, tx, number)
	if err != nil {
		return err
	}
	was := l.State
	if l.Settle(l.open, l.rules, at); l.State == was {
		return nil
	}
	return tx.SaveLetters(ctx, l.Letter)
}

// SendLetter notes that a letter is on its way. Where the rules of the place say so,
// the time for the reply counts from then.
func (d *Desk) SendLetter(ctx context.Context, o hedui.Officer, number string, s hedui.Sending) error {
	err := d.trackLetter(ctx, o, number, audit.LetterSent, func(tx *store.Tx, l *heldLetter, at time.Time) (string, error) {
		if err := l.Send(s, l.rules, at); err != nil {
			return "", err
		}
		if l.rules.Counts != hedui.CountsSent {
			return l.Way, nil
		}
		return l.Way, d.dueFrom(ctx, tx, l, l.SentOn)
	})
	return err
}

// dueFrom counts the time for the reply from a day on.
func (d *Desk) dueFrom(ctx context.Context, tx *store.Tx, l *heldLetter, on day.Day) error {
	var moved []store.Item
	first := time.Time{}
	for _, it := range l.items {
		if it.State != hedui.ItemLettered {
			continue
		}
		it.DueAt = d.promised(d.manuals[it.Source], on.Start(), it.DueAt)
		if moved = append(moved, it); first.IsZero() || it.DueAt.Before(first) {
			first = it.DueAt
		}
	}
	if !first.IsZero() {
		l.DueAt = first
	}
	return tx.SaveItems(ctx, moved)
}

// FailLetter notes that a letter came back, or did not arrive.
func (d *Desk) FailLetter(ctx context.Context, o hedui.Officer, number, on, why string) error {
	err := d.trackLetter(ctx, o, number, audit.LetterFailed, func(_ *store.Tx, l *heldLetter, at time.Time) (string, error) {
		return why, l.Fail(on, why, l.rules, at)
	})
	return err
}

// RemindLetter issues a reminder about a letter whose reply is late.
func (d *Desk) RemindLetter(ctx context.Context, o hedui.Officer, number string) (Dispatch, error) {
	var paper Dispatch
	err := d.trackLetter(ctx, o, number, audit.LetterReminded, func(_ *store.Tx, l *heldLetter, at time.Time) (detail string, err error) {
		if err := l.Remind(l.rules, d.Calendar, at); err != nil {
			return "", err
		}
		paper, err = d.printReminder(l)
		return strconv.Itoa(l.Reminders), err
	})
	return paper, err
}

// ReminderPaper prints the last reminder about a letter once more.
func (d *Desk) ReminderPaper(ctx context.Context, o hedui.Officer, number string) (Dispatch, error) {
	var paper Dispatch
	err := d.trackLetter(ctx, o, number, audit.LetterPrinted, func(_ *store.Tx, l *heldLetter, _ time.Time) (detail string, err error) {
		if l.Reminders == 0 || l.open == 0 {
			return "", notFound()
		}
		paper, err = d.printReminder(l)
		return "reminder", err
	})
	return paper, err
}

// printReminder makes the PDF of the last reminder. Who the letter asks about stands
// on the letter: the reminder names its items only.
func (d *Desk) printReminder(l *heldLetter) (Dispatch, error) {
	until := l.RemindedUntil(l.rules, d.Calendar)
	r := report.LetterReminder{Letter: l.Number, Issuer: d.Issuer, Addressee: l.Addressee, LetterOn: day.Of(l.IssuedAt), SentOn: l.SentOn, DueOn: day.Of(l.DueAt),
		N: l.Reminders, On: day.Of(l.RemindedAt), ReplyBy: day.Of(until)}
	for _, it := range l.items {
		if m := d.manuals[it.Source]; it.State.Open() && m != nil {
			category, _ := catalog.Get(m.info.Categories[0])
			r.Asked = append(r.Asked, report.LetterItem{ID: it.ID, Category: category})
			r.Contact = m.info.Manual.Liaison
		}
	}
	body, err := report.LetterReminderPDF(r)
	if err != nil {
		return Dispatch{}, fmt.Errorf("casework: reminder of letter %s: %w", l.Number, err)
	}
	return Dispatch{Number: l.Number, DueAt: until, File: File{Name: fmt.Sprintf("%s-%d.pdf", l.Number, l.Reminders), Body: body}}, nil
}

// TakeReply takes the reply to a letter: when it came in, and its scan, which is a
// PDF, PNG or JPEG, found out by its content. It is kept under the key of the case.
// What the reply says is entered item by item, see [Desk.AnswerItem].
func (d *Desk) TakeReply(ctx context.Context, o hedui.Officer, number, on string, body []byte) error {
	kind, unfit := evidenceType(ctx, body)
	if len(body) == 0 {
		unfit = hedui.Problems([]hedui.Problem{{Field: "evidence", Say: hedui.Say("own.no_file")}})
	}
	err := d.trackLetter(ctx, o, number, audit.ReplyTaken, func(tx *store.Tx, l *heldLetter, at time.Time) (string, error) {
		if unfit != nil {
			return "", withDay(unfit, &l.Letter, on, at)
		}
		if !l.Abroad() {
			c, err := tx.Case(ctx, l.Case)
			if err != nil {
				return "", err
			}
			if gone := c.Gone(); gone != nil {
				return "", gone
			}
		}
		had, digest := l.Scan, digestOf(body)
		if err := l.Reply(o, on, kind, digest, at); err != nil || had != "" {
			return digest, err
		}
		l.Settle(l.open, l.rules, at)
		return digest, tx.AddLetterScan(ctx, l.Case, l.Number, body)
	})
	return err
}

// withDay tells what is wrong with the day of a reply together with what is wrong with
// its file.
func withDay(unfit error, l *hedui.Letter, on string, at time.Time) error {
	var file, day *hedui.Error
	trial := *l
	if !errors.As(unfit, &file) || !errors.As(trial.Reply(hedui.Officer{}, on, "", "", at), &day) || day.Kind != hedui.Invalid {
		return unfit
	}
	return hedui.Problems(slices.Concat(day.Problems, file.Problems))
}

// CloseLetter notes that an officer has compared the scan of a reply with what was
// entered from it.
func (d *Desk) CloseLetter(ctx context.Context, o hedui.Officer, number string) error {
	err := d.trackLetter(ctx, o, number, audit.ReplyCompared, func(tx *store.Tx, l *heldLetter, at time.Time) (string, error) {
		if err := d.seesLetter(ctx, tx, o, l, hedui.VerifyCases); err != nil {
			return "", err
		}
		return l.Digest, l.Close(o, l.entered(), l.open, l.rules, at)
	})
	return err
}

// ReplyScan gives an officer the scan of a reply; that it was read is recorded. It is
// open to who may read the case, and to who answers for the letter. What does not fit
// its digest any more is an error.
func (d *Desk) ReplyScan(ctx context.Context, o hedui.Officer, number string) (File, error) {
	var file File
	about := ""
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		l, err := d.holdLetter(ctx, tx, number)
		if err != nil {
			return err
		}
		about = l.about()
		if err := d.seesLetter(ctx, tx, o, l, hedui.ReadCases); err != nil {
			return err
		}
		if l.Scan == "" {
			return notFound()
		}
		if file.Body, err = tx.LetterScan(ctx, l.Case, number); err != nil {
			return err
		}
		if digestOf(file.Body) != l.Digest {
			return fmt.Errorf("casework: the scan of the reply to %s is not what was taken", number)
		}
		file.Name = number + fileEndings[l.Scan]
		return tx.Record(ctx, l.entry(o, audit.ReplyRead, "", d.Now()))
	})
	if err != nil {
		return File{}, d.refused(ctx, o, about, audit.ReplyRead, err)
	}
	return file, nil
}

// LetterOf shows a letter. The look is recorded with its case.
func (d *Desk) LetterOf(ctx context.Context, o hedui.Officer, number string) (LetterView, error) {
	var l *heldLetter
	var v LetterView
	about := ""
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if l, err = d.holdLetter(ctx, tx, number); err != nil {
			return err
		}
		about = l.about()
		if err := d.seesLetter(ctx, tx, o, l, hedui.ReadCases); err != nil {
			return err
		}
		v.Acts = d.answers(o, l) == nil
		trial := l.Letter
		v.Second = d.seesLetter(ctx, tx, o, l, hedui.VerifyCases) == nil && trial.Close(o, l.entered(), l.open, l.rules, d.Now()) == nil
		return nil
	})
	if err != nil {
		return v, d.refused(ctx, o, about, audit.LetterRead, err)
	}
	v.Letter, v.Open, v.Rules = l.Letter, l.open, l.rules
	for _, it := range l.items {
		one := LetterItem{ID: it.ID, State: it.State}
		if m := d.manuals[it.Source]; m != nil {
			one.Category = m.info.Categories[0]
		}
		v.Items = append(v.Items, one)
	}
	return v, d.remember(ctx, l.entry(o, audit.LetterRead, "", d.Now()))
}

// A LetterQuery says which letters an officer wants to see.
type LetterQuery struct {
	State     hedui.LetterState `json:"state,omitempty"` // empty = all that are open
	Late      bool              `json:"late,omitempty"`
	Addressee string            `json:"addressee,omitempty"`
	Number    string            `json:"number,omitempty"` // a part of it
	After     string            `json:"after,omitempty"`
}

// A LetterPage is a part of the list of letters. It says nothing of persons.
type LetterPage struct {
	Letters    []hedui.Letter `json:"letters"`
	Addressees []string       `json:"addressees"`     // of all letters of the list, for its filter
	More       string         `json:"more,omitempty"` // where the next part begins; empty at the end
}

// letterFilter is what of a query is the officer's to see: verifiers see the letters
// of their place, others those for whose sources they answer.
func (d *Desk) letterFilter(o hedui.Officer, q LetterQuery) (store.LetterFilter, error) {
	f := store.LetterFilter{State: q.State, Addressee: q.Addressee, Number: q.Number, After: q.After, Limit: pageLength}
	if q.Late {
		f.LateAt = d.Now()
	}
	if q.State != "" && !slices.Contains(hedui.LetterStates(), q.State) || !plausibleID(q.Number) || !plausibleID(q.After) {
		return f, notFound()
	}
	if o.May(hedui.VerifyCases, o.Division) == nil {
		f.Division, f.Programmes, f.Reader, f.Office = hedui.PlacePrefix(o.Division), o.Programmes, o.ID, o.Office
		return f, nil
	}
	f.Sources = slices.Clone(o.Sources)
	if len(f.Sources) == 0 {
		f.Sources = []string{""}
	}
	return f, o.May(hedui.AnswerQueries, o.Division)
}

// FollowsLetters reports whether there are letters for an officer to follow: of the
// sources for which the officer answers, or of any where the officer verifies.
func (d *Desk) FollowsLetters(o hedui.Officer) bool {
	verifies, answers := o.May(hedui.VerifyCases, o.Division) == nil, o.May(hedui.AnswerQueries, o.Division) == nil
	for name, m := range d.manuals {
		if m.byLetter() && (verifies || answers && slices.Contains(o.Sources, name)) {
			return true
		}
	}
	return false
}

// TrackedLetters lists letters, those that are late first. Nobody stands on the list.
func (d *Desk) TrackedLetters(ctx context.Context, o hedui.Officer, q LetterQuery) (LetterPage, error) {
	var p LetterPage
	f, err := d.letterFilter(o, q)
	if err == nil {
		err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			if p.Letters, err = tx.Letters(ctx, f); err != nil {
				return err
			}
			p.Addressees, err = tx.Addressees(ctx, f)
			return err
		})
	}
	if err != nil {
		return LetterPage{}, d.refused(ctx, o, "", audit.LetterRead, err)
	}
	if len(p.Letters) == f.Limit {
		p.More = p.Letters[len(p.Letters)-1].Number
	}
	return p, nil
}

// mostLetters is how many letters one workbook holds.
const mostLetters = 5000

// LettersFile gives the letters of a query as a workbook. Nobody stands in it; it is
// recorded before it is handed out.
func (d *Desk) LettersFile(ctx context.Context, o hedui.Officer, q LetterQuery, l lang.Lang) (File, error) {
	var list []hedui.Letter
	f, err := d.letterFilter(o, q)
	if f.After, f.Limit = "", mostLetters; err == nil {
		err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = tx.Letters(ctx, f)
			return err
		})
	}
	if err != nil {
		return File{}, d.refused(ctx, o, "", audit.LettersListed, err)
	}
	at := d.Now()
	t := func(key string, args ...string) string { return lang.Text(l, key, args...) }
	sheet := workbook.Sheet{Name: t("letter.list"), Title: t("letter.list"), Note: t("letter.list_note", day.Of(at).String(), strconv.Itoa(len(list)))}
	for _, column := range []string{"number", "addressee", "state", "issued", "sent", "way", "tracking", "due", "late", "reminders", "replied"} {
		sheet.Columns = append(sheet.Columns, t("letter.column."+column))
	}
	for i := range list {
		one := &list[i]
		way, late := "", ""
		if one.Way != "" {
			way = t("letter.way." + one.Way)
		}
		if one.Late(at) {
			late = t("letter.late")
		}
		sheet.Rows = append(sheet.Rows, []any{one.Number, one.Addressee, t("letter.state." + string(one.State)), day.Of(one.IssuedAt).String(), dayOrNone(one.SentOn), way,
			one.Tracking, day.Of(one.DueAt).String(), late, int64(one.Reminders), dayOrNone(one.RepliedOn)})
	}
	file := File{Name: "letters-" + day.Of(at).String() + ".xlsx"}
	if file.Body, err = workbook.WriteSheets([]workbook.Sheet{sheet}); err != nil {
		return File{}, err
	}
	return file, d.remember(ctx, audit.New(at, o.ID, o.Office, audit.LettersListed, "", strconv.Itoa(len(list))))
}

func dayOrNone(on day.Day) string {
	if on.IsZero() {
		return ""
	}
	return on.String()
}
