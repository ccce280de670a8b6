package hedui

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"hedui/catalog"
	"hedui/day"
)

// An ExplanationState says where one item to explain stands.
type ExplanationState string

// The states. Somebody enters an outcome, a second person confirms it.
const (
	ExplanationOpen    ExplanationState = "open"         // 待说明
	ExplanationEntered ExplanationState = "entered"      // 待复核: an outcome was entered, nobody has confirmed it
	ExplanationDone    ExplanationState = "explained"    // 已说明并佐证
	ExplanationTrue    ExplanationState = "confirmed"    // 确认: the family says that it is so
	ExplanationWrong   ExplanationState = "source_error" // 数据有误
	ExplanationNotHis  ExplanationState = "not_theirs"   // 非本人
	ExplanationOverdue ExplanationState = "overdue"      // 逾期未说明: open at the deadline
	ExplanationGone    ExplanationState = "gone"         // 不再查到: asked again, the finding is not there any more
	ExplanationEnded   ExplanationState = "ended"        // 案件终止: the case ended before
)

// ExplanationStates lists all states of an item to explain.
func ExplanationStates() []ExplanationState {
	return []ExplanationState{ExplanationOpen, ExplanationEntered, ExplanationDone, ExplanationTrue, ExplanationWrong, ExplanationNotHis,
		ExplanationOverdue, ExplanationGone, ExplanationEnded}
}

// ExplanationOutcomes are the states that an officer may enter.
func ExplanationOutcomes() []ExplanationState {
	return []ExplanationState{ExplanationDone, ExplanationTrue, ExplanationWrong, ExplanationNotHis}
}

// explanationMoves is the life of an item. What is settled can be taken up again
// with something new; a department that upholds its record opens its item again.
// A finding that comes back opens its item.
var explanationMoves = map[ExplanationState][]ExplanationState{
	ExplanationOpen:    {ExplanationEntered, ExplanationOverdue, ExplanationGone, ExplanationEnded},
	ExplanationEntered: {ExplanationOpen, ExplanationDone, ExplanationTrue, ExplanationWrong, ExplanationNotHis, ExplanationGone, ExplanationEnded},
	ExplanationDone:    {ExplanationEntered, ExplanationGone},
	ExplanationTrue:    {ExplanationEntered, ExplanationGone},
	ExplanationWrong:   {ExplanationOpen, ExplanationEntered, ExplanationGone},
	ExplanationNotHis:  {ExplanationEntered, ExplanationGone},
	ExplanationOverdue: {ExplanationEntered, ExplanationGone, ExplanationEnded},
	ExplanationGone:    {ExplanationOpen},
	ExplanationEnded:   {},
}

// CanBecome reports whether an item may go from s to t.
func (s ExplanationState) CanBecome(t ExplanationState) bool {
	return slices.Contains(explanationMoves[s], t)
}

// An Explanation 说明事项 is a finding that the family has the right to explain
// before it is held against them: a hit is a question, not guilt.
type Explanation struct {
	ID       string           `json:"-"`
	Case     string           `json:"-"`
	Key      string           `json:"key"` // of the finding, see [Finding.Key]
	Kind     FindingKind      `json:"kind"`
	Person   int              `json:"person"`
	Category catalog.Code     `json:"category"`
	Class    string           `json:"class,omitempty"`
	Reason   Text             `json:"reason"`
	Records  []RecordRef      `json:"records,omitempty"` // behind the finding
	State    ExplanationState `json:"-"`
	Outcome  ExplanationState `json:"outcome,omitempty"` // what was entered last
	Text     string           `json:"text,omitempty"`    // of the outcome, in the officer's words
	Wrong    []int            `json:"wrong,omitempty"`   // with a source error: which of Records, from 1
	By       string           `json:"by,omitempty"`      // officer who entered it
	Evidence []Evidence       `json:"evidence,omitempty"`
	History  []ExplanationAct `json:"history"`
	OpenedAt time.Time        `json:"-"`
	DueAt    time.Time        `json:"-"`
	Until    time.Time        `json:"until,omitzero"` // end of the timer of a company that is not theirs

	Rev int64 `json:"-"` // changes so far, for safe saving
}

// A RecordRef names a record of a register by what it says, so that it is known
// again in another answer.
type RecordRef struct {
	Source     string `json:"source"`
	Department string `json:"department"`
	Scope      string `json:"scope"`
	Hash       string `json:"hash"`
	Say        Text   `json:"say"`
}

// Evidence 佐证材料 is a file that supports an explanation. It has no name: names
// of files tell of people.
type Evidence struct {
	ID     string    `json:"id"`
	Type   string    `json:"type"` // found in its content
	Size   int       `json:"size"`
	Digest string    `json:"digest"` // "sha256:…"
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// An ExplanationAct is one line of an item's history; nothing is typed over.
type ExplanationAct struct {
	State   ExplanationState `json:"state"`
	Outcome ExplanationState `json:"outcome,omitempty"`
	Officer string           `json:"officer"`
	At      time.Time        `json:"at"`
	Text    string           `json:"text,omitempty"`
}

// RecordHash is what a record says, hashed. Two answers with the same record have
// the same hash. It must not lie in clear: short records can be guessed from it.
func RecordHash(r catalog.Record) string {
	text, _ := json.Marshal(map[string]string(r)) // strings always encode, in the order of the keys
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// records are those behind a finding, in one order whatever that of the answers.
func (f Finding) records(grid []Query) []RecordRef {
	var list []RecordRef
	for _, fact := range f.Facts {
		i := slices.IndexFunc(grid, func(q Query) bool { return q.ID == fact.Query })
		if i < 0 || fact.Record < 0 || fact.Record >= len(grid[i].Records) {
			continue
		}
		q := grid[i]
		list = append(list, RecordRef{q.Source, q.Department, q.Scope, RecordHash(q.Records[fact.Record]), fact.Say})
	}
	slices.SortStableFunc(list, func(a, b RecordRef) int { return strings.Compare(a.Hash+a.Scope, b.Hash+b.Scope) })
	return slices.CompactFunc(list, func(a, b RecordRef) bool { return a.Hash == b.Hash && a.Scope == b.Scope })
}

// Key names what the finding is about: person, category, class, and what its
// records say. Assessing again gives the same key; another record or another amount
// in it gives another, because nobody has explained that one. A finding without
// records goes by its reason.
func (f Finding) Key(grid []Query) string {
	about := []string{fmt.Sprint(f.Person), string(f.Category), f.Class}
	refs := f.records(grid)
	if len(refs) == 0 {
		about = append(append(about, f.Reason.Key), f.Reason.Args...)
	}
	var hashes []string
	for _, r := range refs {
		hashes = append(hashes, r.Hash)
	}
	slices.Sort(hashes)
	text, _ := json.Marshal(append(about, slices.Compact(hashes)...)) // strings always encode
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Explain brings the items of a case into step with an assessment: a suspicious
// finding that has none opens one, due at the instant due; one that came back opens
// its item again; an item whose finding is not there any more is closed. It returns
// all items, and those that changed. Doing it again changes nothing. id makes ids.
func (a Assessment) Explain(caseID string, grid []Query, items []Explanation, at, due time.Time, id func() string) (all, changed []Explanation) {
	all = slices.Clone(items)
	there := map[string]bool{}
	touched := map[int]bool{}
	for _, f := range a.Findings {
		if !f.Kind.Suspicious() {
			continue
		}
		key := f.Key(grid)
		if there[key] {
			continue
		}
		there[key] = true
		i := slices.IndexFunc(all, func(e Explanation) bool { return e.Key == key })
		switch {
		case i < 0:
			e := Explanation{ID: id(), Case: caseID, Key: key, Kind: f.Kind, Person: f.Person, Category: f.Category, Class: f.Class, Reason: f.Reason,
				Records: f.records(grid), State: ExplanationOpen, OpenedAt: at, DueAt: due}
			e.note(System, at, "")
			all = append(all, e)
			touched[len(all)-1] = true
		case all[i].State == ExplanationGone:
			all[i].DueAt, all[i].Outcome, all[i].Until = due, "", time.Time{}
			all[i].become(ExplanationOpen, System, at, "")
			touched[i] = true
		}
	}
	for i := range all {
		if e := &all[i]; !there[e.Key] && e.State.CanBecome(ExplanationGone) {
			e.become(ExplanationGone, System, at, "")
			touched[i] = true
		}
	}
	for i := range all {
		if touched[i] {
			changed = append(changed, all[i])
		}
	}
	return all, changed
}

func (e *Explanation) note(o Officer, at time.Time, text string) {
	e.History = append(slices.Clip(e.History), ExplanationAct{e.State, e.Outcome, o.ID, at, text})
}

func (e *Explanation) become(to ExplanationState, o Officer, at time.Time, text string) {
	e.State = to
	e.note(o, at, text)
}

func (e *Explanation) may(to ExplanationState) error {
	if e.State.CanBecome(to) {
		return nil
	}
	return Fail(Conflict, Say("error.explanation.state", string(e.State)), fmt.Errorf("item %s: %s to %s", e.ID, e.State, to))
}

// Waits reports whether the item still keeps a report from being final at an
// instant: nobody has settled it, and its deadline is not over.
func (e *Explanation) Waits(at time.Time) bool {
	return (e.State == ExplanationOpen || e.State == ExplanationEntered) && at.Before(e.DueAt)
}

// An ExplanationEntry is what an officer enters to an item.
type ExplanationEntry struct {
	Outcome ExplanationState `json:"outcome"`
	Text    string           `json:"text"`
	Wrong   []int            `json:"wrong,omitempty"` // with a source error: which records, from 1; none = all
}

// maxExplanation is how many characters an explanation may have.
const maxExplanation = 2000

// badText is the problem with a text that must be there, or "".
func badText(s string) string {
	switch {
	case strings.TrimSpace(s) == "":
		return "problem.explanation.text"
	case !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxExplanation:
		return "problem.explanation.long"
	}
	return ""
}

// Enter takes an outcome from the first officer. What is explained or not theirs
// needs evidence; all problems come at once.
func (e *Explanation) Enter(o Officer, in ExplanationEntry, at time.Time) error {
	if err := e.may(ExplanationEntered); err != nil {
		return err
	}
	var problems []Problem
	if !slices.Contains(ExplanationOutcomes(), in.Outcome) {
		problems = append(problems, Problem{"outcome", Say("problem.explanation.outcome")})
	}
	if key := badText(in.Text); key != "" {
		problems = append(problems, Problem{"text", Say(key, fmt.Sprint(maxExplanation))})
	}
	if len(e.Evidence) == 0 && (in.Outcome == ExplanationDone || in.Outcome == ExplanationNotHis) {
		problems = append(problems, Problem{"evidence", Say("problem.explanation.evidence")})
	}
	if in.Outcome == ExplanationWrong && len(e.Records) == 0 {
		problems = append(problems, Problem{"outcome", Say("problem.explanation.no_record")})
	}
	for _, n := range in.Wrong {
		if in.Outcome != ExplanationWrong || n < 1 || n > len(e.Records) {
			problems = append(problems, Problem{"wrong", Say("problem.explanation.wrong", fmt.Sprint(len(e.Records)))})
			break
		}
	}
	if err := Problems(problems); err != nil {
		return err
	}
	e.Outcome, e.Text, e.By, e.Until = in.Outcome, in.Text, o.ID, time.Time{}
	e.Wrong = slices.Compact(slices.Sorted(slices.Values(in.Wrong)))
	e.become(ExplanationEntered, o, at, in.Text)
	return nil
}

// Attach adds a piece of evidence; the same once more does nothing. While a second
// officer looks at the item it stays as it is.
func (e *Explanation) Attach(v Evidence) error {
	if slices.ContainsFunc(e.Evidence, func(have Evidence) bool { return have.Digest == v.Digest }) {
		return nil
	}
	if err := e.may(ExplanationEntered); err != nil {
		return err
	}
	if len(e.Evidence) >= maxEvidence {
		return Fail(Conflict, Say("error.explanation.many", fmt.Sprint(maxEvidence)), nil)
	}
	e.Evidence = append(slices.Clip(e.Evidence), v)
	return nil
}

// Settle is the second officer's agreement with what was entered.
func (e *Explanation) Settle(o Officer, at time.Time) error {
	if e.State != ExplanationEntered {
		return Fail(Conflict, Say("error.explanation.state", string(e.State)), fmt.Errorf("item %s: %s", e.ID, e.State))
	}
	if err := e.second(o); err != nil {
		return err
	}
	e.become(e.Outcome, o, at, "")
	return nil
}

// SendBack gives what was entered back; its evidence and history stay.
func (e *Explanation) SendBack(o Officer, why string, at time.Time) error {
	if e.State != ExplanationEntered {
		return Fail(Conflict, Say("error.explanation.state", string(e.State)), fmt.Errorf("item %s: %s", e.ID, e.State))
	}
	if err := e.second(o); err != nil {
		return err
	}
	if key := badText(why); key != "" {
		return Problems([]Problem{{"text", Say(key, fmt.Sprint(maxExplanation))}})
	}
	e.Outcome = ""
	e.become(ExplanationOpen, o, at, why)
	return nil
}

// second refuses whoever has entered what is to be confirmed, or brought evidence
// for it.
func (e *Explanation) second(o Officer) error {
	if e.By == o.ID || slices.ContainsFunc(e.Evidence, func(v Evidence) bool { return v.By == o.ID }) {
		return Fail(Forbidden, Say("error.explanation.same_person"), nil)
	}
	return nil
}

// Lapse marks that the deadline has come and nobody has explained, and reports
// whether it does. What waits for the second officer is not the family's delay.
func (e *Explanation) Lapse(at time.Time) bool {
	if e.State != ExplanationOpen || at.Before(e.DueAt) {
		return false
	}
	e.become(ExplanationOverdue, System, at, "")
	return true
}

// End closes the item because its case ended, and reports whether it was open.
func (e *Explanation) End(at time.Time) bool {
	if !e.State.CanBecome(ExplanationEnded) {
		return false
	}
	e.become(ExplanationEnded, System, at, "")
	return true
}

// Upheld opens the item again: the department stands by its record.
func (e *Explanation) Upheld(at, due time.Time, why string) {
	if e.State != ExplanationWrong {
		return
	}
	e.Outcome, e.DueAt = "", due
	e.become(ExplanationOpen, System, at, why)
}

// WrongRecords are the records that a source error is about.
func (e *Explanation) WrongRecords() []RecordRef {
	if len(e.Wrong) == 0 {
		return e.Records
	}
	var list []RecordRef
	for _, n := range e.Wrong {
		list = append(list, e.Records[n-1])
	}
	return list
}

// maxEvidence is how many files an item may have.
const maxEvidence = 20

// A Correction 更正请求 asks a department to look at a record that a family says is
// wrong. The answer is never typed over: what was corrected is asked again.
type Correction struct {
	Number      string // of [CorrectionSeries]
	Case        string
	Explanation string
	Category    catalog.Code
	Record      RecordRef // with the department
	Person      int
	What        string // what is wrong, in the officer's words
	State       CorrectionState
	Answer      string // the department's reason
	AskedAt     time.Time
	AnsweredAt  time.Time
}

// A CorrectionState says what a department has answered.
type CorrectionState string

// The states of a correction request.
const (
	CorrectionAsked  CorrectionState = "asked"
	CorrectionMade   CorrectionState = "corrected" // 已更正
	CorrectionUpheld CorrectionState = "upheld"    // 维持原记录
)

// CorrectionStates lists all states of a correction request.
func CorrectionStates() []CorrectionState {
	return []CorrectionState{CorrectionAsked, CorrectionMade, CorrectionUpheld}
}

// Take records the department's answer. The same answer once more is no error and
// changes nothing, which same reports.
func (k *Correction) Take(to CorrectionState, reason string, at time.Time) (same bool, err error) {
	if to != CorrectionMade && to != CorrectionUpheld {
		return false, Problems([]Problem{{"answer", Say("problem.correction.answer")}})
	}
	if key := badText(reason); key != "" {
		return false, Problems([]Problem{{"reason", Say(key, fmt.Sprint(maxExplanation))}})
	}
	switch {
	case k.State == to && k.Answer == reason:
		return true, nil
	case k.State != CorrectionAsked:
		return false, Fail(Conflict, Say("error.correction.answered", k.Number), nil)
	}
	k.State, k.Answer, k.AnsweredAt = to, reason, at
	return false, nil
}

// A Reminder 提醒 is something about a case that an officer should look at. It
// holds no personal data.
type Reminder struct {
	ID        string
	Case      string
	Kind      ReminderKind
	About     string // number of a correction, or id of an item
	At        time.Time
	HandledAt time.Time
	HandledBy string
}

// A ReminderKind says what a reminder is for.
type ReminderKind string

// The kinds of reminder.
const (
	ReminderCorrected ReminderKind = "corrected" // a department has corrected a record that the case used
	ReminderClaim     ReminderKind = "claim"     // the timer of a company that is not theirs is over
	ReminderConsent   ReminderKind = "consent"   // the case should be asked again, and a consent is missing
)

// ReminderKinds lists all kinds of reminder.
func ReminderKinds() []ReminderKind {
	return []ReminderKind{ReminderCorrected, ReminderClaim, ReminderConsent}
}

// DueOn is the last day on which the item can be explained.
func (e *Explanation) DueOn() day.Day { return day.Of(e.DueAt.Add(-time.Second)) }
