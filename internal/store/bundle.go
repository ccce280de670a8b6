package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/source"
)

// A Bundle is everything a node holds of one case, to be given to another node.
type Bundle struct {
	Case    *hedui.Case
	Queries []hedui.Query
	Reports []Report // all versions, whole
	Copies  []Copy
	Entries []audit.Entry

	Explanations []hedui.Explanation
	Evidence     []EvidenceFile // what fits into maxFiles
	Corrections  []hedui.Correction
	Reminders    []hedui.Reminder

	Held *hedui.Erasure // the case must not be erased, there neither; nil where it may be
}

// An EvidenceFile is one piece of evidence of an item to explain.
type EvidenceFile struct {
	ID          string
	Explanation string
	Body        []byte
}

// maxFiles is how many bytes of evidence go with a case at most. What is more stays
// where the case was and can still be read there; its item says that it exists.
const maxFiles = 64 << 20

// Bundle collects a case; NotFound if there is none or it was erased.
func (tx *Tx) Bundle(ctx context.Context, id string) (Bundle, error) {
	var b Bundle
	var err error
	if b.Case, err = tx.Case(ctx, id); err != nil {
		return b, err
	}
	if b.Queries, err = tx.Queries(ctx, id); err != nil {
		return b, err
	}
	versions, err := tx.Reports(ctx, id)
	if err != nil {
		return b, err
	}
	for _, v := range versions {
		r, err := tx.Report(ctx, id, v.Version)
		if err != nil {
			return b, err
		}
		b.Reports = append(b.Reports, r)
	}
	if b.Copies, err = tx.Copies(ctx, id); err != nil {
		return b, err
	}
	if err := tx.bundleItems(ctx, &b); err != nil {
		return b, err
	}
	e, err := tx.Erasure(ctx, id)
	if err != nil {
		return b, err
	}
	if e.State == hedui.ErasureHeld {
		e.Rev = 0
		b.Held = &e
	}
	b.Entries, err = tx.Entries(ctx, id)
	return b, err
}

// bundleItems collects what the family has to explain, and what follows from it.
func (tx *Tx) bundleItems(ctx context.Context, b *Bundle) (err error) {
	id := b.Case.ID
	if b.Explanations, err = tx.Explanations(ctx, id); err != nil {
		return err
	}
	left := maxFiles
	for _, e := range b.Explanations {
		for _, v := range e.Evidence {
			if v.Size > left {
				continue
			}
			body, err := tx.Evidence(ctx, id, v.ID)
			if hedui.KindOf(err) == hedui.NotFound { // it stayed behind when the case came here
				continue
			}
			if err != nil {
				return err
			}
			left -= v.Size
			b.Evidence = append(b.Evidence, EvidenceFile{v.ID, e.ID, body})
		}
	}
	if b.Corrections, err = tx.Corrections(ctx, CorrectionFilter{Case: id}); err != nil {
		return err
	}
	b.Reminders, err = tx.reminders(ctx, `WHERE r.case_id = $1 ORDER BY r.at, r.id`, id)
	return err
}

// bundleVersion names the form of [Bundle.Encode].
const bundleVersion = 1

type bundleBody struct {
	Version int             `json:"v"`
	Case    json.RawMessage `json:"case"`
	Queries []queryBody     `json:"queries"`
	Reports []reportBody    `json:"reports"`
	Copies  []copyBody      `json:"copies"`
	Entries []string        `json:"entries"` // in their canonical bytes

	Explanations []explanationBody       `json:"explanations,omitempty"`
	Evidence     []evidenceBody          `json:"evidence,omitempty"`
	Corrections  []bundledCorrectionBody `json:"corrections,omitempty"`
	Reminders    []reminderBody          `json:"reminders,omitempty"`

	Held *hedui.Erasure `json:"held,omitempty"`
}

// The bodies have the fields of the rooms' own types in the same order, so that a
// field added there does not compile here before it is named.
type queryBody struct {
	ID         string           `json:"id"`
	Case       string           `json:"case"`
	Person     int              `json:"person"`
	Category   catalog.Code     `json:"category"`
	Scope      string           `json:"scope"`
	Source     string           `json:"source"`
	AnsweredBy string           `json:"answered_by"`
	Department string           `json:"department"`
	State      hedui.QueryState `json:"state"`
	Attempts   int              `json:"attempts"`
	Token      string           `json:"token"`
	CreatedAt  time.Time        `json:"created_at"`
	AskedAt    time.Time        `json:"asked_at"`
	AnsweredAt time.Time        `json:"answered_at"`
	AsOf       time.Time        `json:"as_of"`
	Outcome    source.Outcome   `json:"outcome"`
	Match      source.Match     `json:"match"`
	Allowed    idcard.Allowance `json:"allowed,omitempty"`
	Reason     source.Reason    `json:"reason"`
	Hash       string           `json:"hash"`
	Records    []catalog.Record `json:"records"`
	HeldUntil  time.Time        `json:"held_until,omitzero"`
	Basis      string           `json:"basis,omitempty"`
	TakenFrom  string           `json:"taken_from,omitempty"`
}

type reportBody struct {
	Case       string           `json:"case"`
	Version    int              `json:"version"`
	Number     string           `json:"number"`
	Conclusion hedui.Conclusion `json:"conclusion"`
	State      ReportState      `json:"state"`
	MadeAt     time.Time        `json:"made_at"`
	SealedAt   time.Time        `json:"sealed_at"`
	Digest     string           `json:"digest"`
	Copies     int              `json:"copies"`
	Content    []byte           `json:"content"`
	Seal       []byte           `json:"seal"`
	PDF        []byte           `json:"pdf"`
}

type copyBody struct {
	Case    string    `json:"case"`
	Version int       `json:"version"`
	N       int       `json:"n"`
	Reader  string    `json:"reader"`
	At      time.Time `json:"at"`
	Digest  string    `json:"digest"`
}

type explanationBody struct {
	ID       string                 `json:"id"`
	Case     string                 `json:"case"`
	Key      string                 `json:"key"`
	Kind     hedui.FindingKind      `json:"kind"`
	Person   int                    `json:"person"`
	Category catalog.Code           `json:"category"`
	Class    string                 `json:"class"`
	Reason   hedui.Text             `json:"reason"`
	Records  []hedui.RecordRef      `json:"records"`
	State    hedui.ExplanationState `json:"state"`
	Outcome  hedui.ExplanationState `json:"outcome"`
	Text     string                 `json:"text"`
	Wrong    []int                  `json:"wrong"`
	By       string                 `json:"by"`
	Evidence []hedui.Evidence       `json:"evidence"`
	History  []hedui.ExplanationAct `json:"history"`
	OpenedAt time.Time              `json:"opened_at"`
	DueAt    time.Time              `json:"due_at"`
	Until    time.Time              `json:"until"`
	Rev      int64                  `json:"rev"`
}

type evidenceBody struct {
	ID          string `json:"id"`
	Explanation string `json:"explanation"`
	Body        []byte `json:"body"`
}

type bundledCorrectionBody struct {
	Number      string                `json:"number"`
	Case        string                `json:"case"`
	Explanation string                `json:"explanation"`
	Category    catalog.Code          `json:"category"`
	Record      hedui.RecordRef       `json:"record"`
	Person      int                   `json:"person"`
	What        string                `json:"what"`
	State       hedui.CorrectionState `json:"state"`
	Answer      string                `json:"answer"`
	AskedAt     time.Time             `json:"asked_at"`
	AnsweredAt  time.Time             `json:"answered_at"`
}

type reminderBody struct {
	ID        string             `json:"id"`
	Case      string             `json:"case"`
	Kind      hedui.ReminderKind `json:"kind"`
	About     string             `json:"about"`
	At        time.Time          `json:"at"`
	HandledAt time.Time          `json:"handled_at"`
	HandledBy string             `json:"handled_by"`
}

// Encode writes the bundle with all numbers and names in clear: encrypt it before
// it leaves the program.
func (b Bundle) Encode() ([]byte, error) {
	plain, err := marshalCase(b.Case)
	if err != nil {
		return nil, fmt.Errorf("encode bundle: %w", err)
	}
	body := bundleBody{Version: bundleVersion, Case: plain, Held: b.Held,
		Queries:      mapped(b.Queries, func(v hedui.Query) queryBody { return queryBody(v) }),
		Reports:      mapped(b.Reports, func(v Report) reportBody { return reportBody(v) }),
		Copies:       mapped(b.Copies, func(v Copy) copyBody { return copyBody(v) }),
		Explanations: mapped(b.Explanations, func(v hedui.Explanation) explanationBody { return explanationBody(v) }),
		Evidence:     mapped(b.Evidence, func(v EvidenceFile) evidenceBody { return evidenceBody(v) }),
		Corrections:  mapped(b.Corrections, func(v hedui.Correction) bundledCorrectionBody { return bundledCorrectionBody(v) }),
		Reminders:    mapped(b.Reminders, func(v hedui.Reminder) reminderBody { return reminderBody(v) }),
		Entries:      mapped(b.Entries, func(v audit.Entry) string { return string(v.Canonical()) }),
	}
	data, err := json.Marshal(body)
	if err != nil {
		return nil, errors.New("encode bundle: value has no JSON form") // the cause may quote it
	}
	return data, nil
}

// errBundle refuses what Encode of this version has not written. Something in it
// that is not understood would be lost.
var errBundle = errors.New("store: not a case as this version writes it")

// DecodeBundle reads what Encode wrote, and nothing else. Everything in it must
// be of the one case.
func DecodeBundle(data []byte) (Bundle, error) {
	var body bundleBody
	if json.Unmarshal(data, &body) != nil || body.Version != bundleVersion {
		return Bundle{}, errBundle
	}
	b := Bundle{Held: body.Held,
		Queries:      mapped(body.Queries, func(v queryBody) hedui.Query { return hedui.Query(v) }),
		Reports:      mapped(body.Reports, func(v reportBody) Report { return Report(v) }),
		Copies:       mapped(body.Copies, func(v copyBody) Copy { return Copy(v) }),
		Explanations: mapped(body.Explanations, func(v explanationBody) hedui.Explanation { return hedui.Explanation(v) }),
		Evidence:     mapped(body.Evidence, func(v evidenceBody) EvidenceFile { return EvidenceFile(v) }),
		Corrections:  mapped(body.Corrections, func(v bundledCorrectionBody) hedui.Correction { return hedui.Correction(v) }),
		Reminders:    mapped(body.Reminders, func(v reminderBody) hedui.Reminder { return hedui.Reminder(v) }),
	}
	var err error
	if b.Case, err = unmarshalCase(body.Case); err != nil {
		return Bundle{}, errBundle // the cause may quote it
	}
	for _, line := range body.Entries {
		e, err := audit.Parse([]byte(line))
		if err != nil {
			return Bundle{}, errBundle
		}
		b.Entries = append(b.Entries, e)
	}
	if again, err := b.Encode(); err != nil || !bytes.Equal(again, data) {
		return Bundle{}, errBundle
	}
	return b, b.whole()
}

// whole checks that all of the bundle is about its case, and each file a piece of
// evidence that an item names.
func (b Bundle) whole() error {
	id := b.Case.ID
	about := slices.Concat(
		mapped(b.Queries, func(q hedui.Query) string { return q.Case }), mapped(b.Reports, func(r Report) string { return r.Case }),
		mapped(b.Copies, func(c Copy) string { return c.Case }), mapped(b.Entries, func(e audit.Entry) string { return e.Case }),
		mapped(b.Explanations, func(e hedui.Explanation) string { return e.Case }), mapped(b.Corrections, func(k hedui.Correction) string { return k.Case }),
		mapped(b.Reminders, func(r hedui.Reminder) string { return r.Case }))
	if slices.ContainsFunc(about, func(other string) bool { return other != id }) {
		return errBundle
	}
	if b.Held != nil && (b.Held.Case != id || b.Held.State != hedui.ErasureHeld) {
		return errBundle
	}
	for _, f := range b.Evidence {
		named := func(v hedui.Evidence) bool { return v.ID == f.ID }
		if !slices.ContainsFunc(b.Explanations, func(e hedui.Explanation) bool { return e.ID == f.Explanation && slices.ContainsFunc(e.Evidence, named) }) {
			return errBundle
		}
	}
	return nil
}

// mapped turns each of a list into something else; of nothing it is nil.
func mapped[A, B any](list []A, to func(A) B) []B {
	var out []B
	for _, one := range list {
		out = append(out, to(one))
	}
	return out
}

// AddBundle writes a case with everything that belongs to it under a new key. It
// is a Conflict if the case, its number, one of its queries or reports, is here.
func (tx *Tx) AddBundle(ctx context.Context, b Bundle) error {
	if err := tx.CreateCase(ctx, b.Case); err != nil {
		return err
	}
	if _, err := tx.ClaimForms(ctx, b.Case.ID, b.Case.Consents); err != nil { // one that is entered here already stays with its case
		return err
	}
	ids := make([]string, len(b.Queries))
	for i, q := range b.Queries {
		ids[i] = q.ID
	}
	switch known, err := tx.texts(ctx, `SELECT id FROM queries WHERE id `+tx.db.engine.in(1)+` LIMIT 1`, tx.db.engine.list(ids)); {
	case err != nil:
		return fmt.Errorf("add bundle: %w", err)
	case len(known) > 0:
		return moved()
	}
	if err := tx.AddQueries(ctx, b.Queries); err != nil {
		return err
	}
	for _, r := range b.Reports {
		if err := tx.AddReport(ctx, r); err != nil {
			return err
		}
		if r.State == Sealed {
			if err := tx.SealReport(ctx, r); err != nil {
				return err
			}
		}
		if _, err := tx.exec(ctx, `UPDATE reports SET copies = $3 WHERE case_id = $1 AND version = $2`, r.Case, r.Version, r.Copies); err != nil {
			return fmt.Errorf("add bundle: %w", err)
		}
	}
	for _, c := range b.Copies {
		if err := tx.AddCopy(ctx, c); err != nil {
			return err
		}
	}
	if err := tx.addItems(ctx, b); err != nil {
		return err
	}
	if b.Held != nil {
		if err := tx.SaveErasure(ctx, *b.Held, b.Held.Decided.At); err != nil {
			return err
		}
	}
	return tx.Record(ctx, b.Entries...)
}

func (tx *Tx) addItems(ctx context.Context, b Bundle) error {
	for _, e := range b.Explanations {
		if err := tx.addExplanation(ctx, e, e.Rev); err != nil {
			return fmt.Errorf("add bundle: %w", err)
		}
	}
	for _, f := range b.Evidence {
		if err := tx.AddEvidence(ctx, b.Case.ID, f.Explanation, f.ID, f.Body); err != nil {
			return err
		}
	}
	if err := tx.AddCorrections(ctx, b.Corrections); err != nil {
		return err
	}
	for _, r := range b.Reminders {
		if _, err := tx.Remind(ctx, r); err != nil {
			return err
		}
		if r.HandledAt.IsZero() {
			continue
		}
		if err := tx.HandleReminder(ctx, r.ID, r.HandledBy, r.HandledAt); err != nil {
			return err
		}
	}
	return nil
}
