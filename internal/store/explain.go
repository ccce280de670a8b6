package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/seal"
)

// mark is the keyed hash of what must be found again and not be guessed.
func (tx *Tx) mark(kind, text string) (string, error) { return seal.Blind(tx.db.blind, kind, text) }

func (tx *Tx) recordMark(r hedui.RecordRef) (string, error) {
	return tx.mark("record", r.Source+"\x00"+r.Hash)
}

// Explanations returns the items to explain of a case, in the order in which they
// were opened.
func (tx *Tx) Explanations(ctx context.Context, caseID string) ([]hedui.Explanation, error) {
	lists, err := tx.explanations(ctx, []string{caseID})
	return lists[caseID], err
}

// explanations are those of several cases, by case.
func (tx *Tx) explanations(ctx context.Context, cases []string) (map[string][]hedui.Explanation, error) {
	if err := tx.loadKeys(ctx, cases); err != nil {
		return nil, fmt.Errorf("explanations: %w", err)
	}
	lists := map[string][]hedui.Explanation{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var e hedui.Explanation
		var caseID, state string
		var opened, due, rev int64
		var box []byte
		if err := rows.Scan(&e.ID, &caseID, &state, &rev, &opened, &due, &box); err != nil {
			return err
		}
		if err := tx.unboxJSON(caseID, aad("explanations", e.ID, "body"), box, &e); err != nil {
			return err
		}
		e.Case, e.State, e.Rev, e.OpenedAt, e.DueAt = caseID, hedui.ExplanationState(state), rev, instant(opened), instant(due)
		lists[caseID] = append(lists[caseID], e)
		return nil
	}, `SELECT id, case_id, state, rev, opened_at, due_at, body FROM explanations WHERE case_id `+tx.db.engine.in(1)+` ORDER BY opened_at, id`,
		tx.db.engine.list(cases))
	if err != nil {
		return nil, fmt.Errorf("explanations: %w", err)
	}
	return lists, nil
}

// SaveExplanations writes items, new ones and such that were loaded before. One
// that somebody else has changed meanwhile, or opened for the same finding, is a
// Conflict.
func (tx *Tx) SaveExplanations(ctx context.Context, items []hedui.Explanation) error {
	cases := make([]string, len(items))
	for i, e := range items {
		if err := tx.saveExplanation(ctx, e); err != nil {
			return fmt.Errorf("save explanations: %w", err)
		}
		cases[i] = e.Case
	}
	return tx.countAnew(ctx, cases)
}

func (tx *Tx) saveExplanation(ctx context.Context, e hedui.Explanation) error {
	if e.Rev == 0 {
		return tx.addExplanation(ctx, e, 1)
	}
	body, err := tx.explanationBox(ctx, e)
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, `UPDATE explanations SET rev = rev + 1, state = $3, due_at = $4, body = $5 WHERE id = $1 AND rev = $2`,
		e.ID, e.Rev, string(e.State), micros(e.DueAt), body)
	if err == nil && n == 0 {
		return moved()
	}
	return err
}

func (tx *Tx) explanationBox(ctx context.Context, e hedui.Explanation) ([]byte, error) {
	if err := tx.loadKeys(ctx, []string{e.Case}); err != nil {
		return nil, err
	}
	return tx.boxJSON(e.Case, aad("explanations", e.ID, "body"), e)
}

// addExplanation writes an item that is new here, at a revision.
func (tx *Tx) addExplanation(ctx context.Context, e hedui.Explanation, rev int64) error {
	body, err := tx.explanationBox(ctx, e)
	if err != nil {
		return err
	}
	mark, err := tx.mark("explanation", e.Case+"\x00"+e.Key)
	if err != nil {
		return err
	}
	n, err := tx.exec(ctx, `INSERT INTO explanations (id, case_id, mark, state, rev, opened_at, due_at, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT DO NOTHING`, e.ID, e.Case, mark, string(e.State), rev, micros(e.OpenedAt), micros(e.DueAt), body)
	switch {
	case err != nil:
		return err
	case n == 0:
		return moved()
	}
	for _, r := range e.Records {
		record, err := tx.recordMark(r)
		if err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `INSERT INTO explanation_records (record, case_id, explanation_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			record, e.Case, e.ID); err != nil {
			return err
		}
	}
	return nil
}

// DropExplanations takes items away that nobody has read, with what finds them by
// their records.
func (tx *Tx) DropExplanations(ctx context.Context, ids []string) error {
	for _, statement := range []string{`DELETE FROM explanation_records WHERE explanation_id `, `DELETE FROM explanations WHERE id `} {
		if _, err := tx.exec(ctx, statement+tx.db.engine.in(1), tx.db.engine.list(ids)); err != nil {
			return fmt.Errorf("drop explanations: %w", err)
		}
	}
	return nil
}

// CasesWithRecord returns the cases in which a record has raised a question.
func (tx *Tx) CasesWithRecord(ctx context.Context, r hedui.RecordRef) ([]string, error) {
	record, err := tx.recordMark(r)
	if err != nil {
		return nil, fmt.Errorf("cases with a record: %w", err)
	}
	var list []string
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		list = append(list, id)
		return err
	}, `SELECT DISTINCT case_id FROM explanation_records WHERE record = $1 ORDER BY case_id`, record)
	if err != nil {
		return nil, fmt.Errorf("cases with a record: %w", err)
	}
	return list, nil
}

// AddEvidence keeps a piece of evidence of an item under the key of its case.
func (tx *Tx) AddEvidence(ctx context.Context, caseID, item, id string, body []byte) error {
	if err := tx.loadKeys(ctx, []string{caseID}); err != nil {
		return fmt.Errorf("add evidence: %w", err)
	}
	box, err := tx.box(caseID, aad("evidence", id, "body"), body)
	if err != nil {
		return fmt.Errorf("add evidence: %w", err)
	}
	if _, err := tx.exec(ctx, `INSERT INTO evidence (id, case_id, explanation_id, body) VALUES ($1, $2, $3, $4)`, id, caseID, item, box); err != nil {
		return fmt.Errorf("add evidence: %w", err)
	}
	return nil
}

// Evidence returns a piece of evidence of a case; NotFound if there is none.
func (tx *Tx) Evidence(ctx context.Context, caseID, id string) ([]byte, error) {
	if err := tx.loadKeys(ctx, []string{caseID}); err != nil {
		return nil, fmt.Errorf("evidence: %w", err)
	}
	var box []byte
	err := tx.tx.QueryRowContext(ctx, `SELECT body FROM evidence WHERE id = $1 AND case_id = $2`, id, caseID).Scan(&box)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, notFound()
	case err != nil:
		return nil, fmt.Errorf("evidence: %w", err)
	}
	return tx.unbox(caseID, aad("evidence", id, "body"), box)
}

// correctionBody is what of a correction request is about a person.
type correctionBody struct {
	Person int             `json:"person"`
	Record hedui.RecordRef `json:"record"`
	What   string          `json:"what"`
	Answer string          `json:"answer,omitempty"`
}

// AddCorrections writes new correction requests.
func (tx *Tx) AddCorrections(ctx context.Context, list []hedui.Correction) error {
	for _, k := range list {
		body, err := tx.correctionBox(ctx, k)
		if err != nil {
			return fmt.Errorf("add correction: %w", err)
		}
		_, err = tx.exec(ctx, `INSERT INTO corrections (number, case_id, explanation_id, source, department, category, state, asked_at, answered_at, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, k.Number, k.Case, k.Explanation, k.Record.Source, k.Record.Department, string(k.Category),
			string(k.State), micros(k.AskedAt), micros(k.AnsweredAt), body)
		if err != nil {
			return fmt.Errorf("add correction: %w", err)
		}
	}
	return nil
}

func (tx *Tx) correctionBox(ctx context.Context, k hedui.Correction) ([]byte, error) {
	if err := tx.loadKeys(ctx, []string{k.Case}); err != nil {
		return nil, err
	}
	return tx.boxJSON(k.Case, aad("corrections", k.Number, "body"), correctionBody{k.Person, k.Record, k.What, k.Answer})
}

// AnswerCorrection writes the answer to a request; one that is answered already is
// a Conflict.
func (tx *Tx) AnswerCorrection(ctx context.Context, k hedui.Correction) error {
	body, err := tx.correctionBox(ctx, k)
	if err != nil {
		return fmt.Errorf("answer correction: %w", err)
	}
	n, err := tx.exec(ctx, `UPDATE corrections SET state = $2, answered_at = $3, body = $4 WHERE number = $1 AND state = 'asked'`,
		k.Number, string(k.State), micros(k.AnsweredAt), body)
	switch {
	case err != nil:
		return fmt.Errorf("answer correction: %w", err)
	case n == 0:
		return moved()
	}
	return nil
}

// CorrectionCase returns of which case a correction request is; NotFound if there
// is none.
func (tx *Tx) CorrectionCase(ctx context.Context, number string) (string, error) {
	var id string
	err := tx.tx.QueryRowContext(ctx, `SELECT case_id FROM corrections WHERE number = $1`, number).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", notFound()
	case err != nil:
		return "", fmt.Errorf("correction: %w", err)
	}
	return id, nil
}

// A CorrectionFilter says which correction requests are listed.
type CorrectionFilter struct {
	Number     string                // empty = all
	Case       string                // empty = all
	Department string                // empty = all
	State      hedui.CorrectionState // empty = all
	Division   string                // beginning of the code of the case's division
}

// Corrections lists correction requests by department, the oldest first.
func (tx *Tx) Corrections(ctx context.Context, f CorrectionFilter) ([]hedui.Correction, error) {
	var list []hedui.Correction
	var boxes [][]byte
	var cases []string
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var k hedui.Correction
		var category, state string
		var asked, answered int64
		var box []byte
		err := rows.Scan(&k.Number, &k.Case, &k.Explanation, &category, &state, &asked, &answered, &box)
		k.Category, k.State, k.AskedAt, k.AnsweredAt = catalog.Code(category), hedui.CorrectionState(state), instant(asked), instant(answered)
		list, boxes, cases = append(list, k), append(boxes, box), append(cases, k.Case)
		return err
	}, `SELECT k.number, k.case_id, k.explanation_id, k.category, k.state, k.asked_at, k.answered_at, k.body
		FROM corrections k JOIN cases c ON c.id = k.case_id
		WHERE ($1 = '' OR k.number = $1) AND ($2 = '' OR k.department = $2) AND ($3 = '' OR k.state = $3) AND substr(c.division, 1, length($4)) = $4
		AND ($5 = '' OR k.case_id = $5)
		ORDER BY k.department, k.asked_at, k.number`, f.Number, f.Department, string(f.State), f.Division, f.Case)
	if err == nil {
		err = tx.loadKeys(ctx, cases)
	}
	if err != nil {
		return nil, fmt.Errorf("corrections: %w", err)
	}
	for i := range list {
		var body correctionBody
		if err := tx.unboxJSON(list[i].Case, aad("corrections", list[i].Number, "body"), boxes[i], &body); err != nil {
			return nil, fmt.Errorf("corrections: %w", err)
		}
		list[i].Person, list[i].Record, list[i].What, list[i].Answer = body.Person, body.Record, body.What, body.Answer
	}
	return list, nil
}

// Remind notes a reminder; one of the same kind about the same thing is noted once.
func (tx *Tx) Remind(ctx context.Context, r hedui.Reminder) (fresh bool, err error) {
	n, err := tx.exec(ctx, `INSERT INTO reminders (id, case_id, kind, about, at, handled_at, handled_by) VALUES ($1, $2, $3, $4, $5, 0, '')
		ON CONFLICT DO NOTHING`, r.ID, r.Case, string(r.Kind), r.About, micros(r.At))
	if err != nil {
		return false, fmt.Errorf("remind: %w", err)
	}
	return n > 0, nil
}

// Reminders lists the reminders that nobody has seen to, oldest first, of the
// divisions whose code begins so. A case that was handed over has taken its own along.
func (tx *Tx) Reminders(ctx context.Context, division string) ([]hedui.Reminder, error) {
	return tx.reminders(ctx, `WHERE r.handled_at = 0 AND c.stage <> 'handed' AND substr(c.division, 1, length($1)) = $1 ORDER BY r.at, r.id`, division)
}

// Reminder returns one reminder; NotFound if there is none.
func (tx *Tx) Reminder(ctx context.Context, id string) (hedui.Reminder, error) {
	list, err := tx.reminders(ctx, `WHERE r.id = $1`, id)
	if err != nil {
		return hedui.Reminder{}, err
	}
	if len(list) == 0 {
		return hedui.Reminder{}, notFound()
	}
	return list[0], nil
}

func (tx *Tx) reminders(ctx context.Context, rest, arg string) ([]hedui.Reminder, error) {
	var list []hedui.Reminder
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var r hedui.Reminder
		var kind string
		var at, handled int64
		err := rows.Scan(&r.ID, &r.Case, &kind, &r.About, &at, &handled, &r.HandledBy)
		r.Kind, r.At, r.HandledAt = hedui.ReminderKind(kind), instant(at), instant(handled)
		list = append(list, r)
		return err
	}, `SELECT r.id, r.case_id, r.kind, r.about, r.at, r.handled_at, r.handled_by FROM reminders r JOIN cases c ON c.id = r.case_id `+rest, arg)
	if err != nil {
		return nil, fmt.Errorf("reminders: %w", err)
	}
	return list, nil
}

// HandleReminder notes that an officer has seen to a reminder.
func (tx *Tx) HandleReminder(ctx context.Context, id, by string, at time.Time) error {
	_, err := tx.exec(ctx, `UPDATE reminders SET handled_at = $2, handled_by = $3 WHERE id = $1 AND handled_at = 0`, id, micros(at), by)
	if err != nil {
		return fmt.Errorf("handle reminder: %w", err)
	}
	return nil
}
