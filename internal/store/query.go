package store

import (
	"context"
	"database/sql"
	"fmt"

	"hedui/catalog"
	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/source"
)

// answerBody is what an answer holds that must not lie in clear: the records,
// and the hash of what was received, from which short answers could be guessed.
type answerBody struct {
	Hash    string           `json:"hash,omitempty"`
	Records []catalog.Record `json:"records,omitempty"`
	Allowed idcard.Allowance `json:"allowed,omitempty"`
}

const queryColumns = `id, case_id, person, category, scope, source, answered_by, department, state, attempts, token,
	created_at, asked_at, answered_at, as_of, outcome, matched, reason, answer, held_until, basis, taken_from`

// AddQueries writes new queries; those that exist already stay as they are.
func (tx *Tx) AddQueries(ctx context.Context, queries []hedui.Query) error {
	return tx.putQueries(ctx, "add queries", queries, `ON CONFLICT (id) DO NOTHING`)
}

// SaveQueries writes queries that were loaded before. One that is answered in
// the database stays as it is.
func (tx *Tx) SaveQueries(ctx context.Context, queries []hedui.Query) error {
	return tx.putQueries(ctx, "save queries", queries, `ON CONFLICT (id) DO UPDATE SET source = excluded.source,
		answered_by = excluded.answered_by, department = excluded.department, state = excluded.state, attempts = excluded.attempts, token = excluded.token,
		asked_at = excluded.asked_at, answered_at = excluded.answered_at, as_of = excluded.as_of, outcome = excluded.outcome,
		matched = excluded.matched, reason = excluded.reason, answer = excluded.answer, held_until = excluded.held_until,
		basis = excluded.basis, taken_from = excluded.taken_from WHERE queries.state <> 'answered'`)
}

// WithdrawQueries writes queries whose person has withdrawn the consent, answered
// ones too: their records are overwritten.
func (tx *Tx) WithdrawQueries(ctx context.Context, queries []hedui.Query) error {
	return tx.putQueries(ctx, "withdraw queries", queries, `ON CONFLICT (id) DO UPDATE SET state = excluded.state, token = excluded.token,
		answered_at = excluded.answered_at, as_of = excluded.as_of, outcome = excluded.outcome, matched = excluded.matched,
		reason = excluded.reason, answer = excluded.answer, held_until = excluded.held_until`)
}

func (tx *Tx) putQueries(ctx context.Context, doing string, queries []hedui.Query, conflict string) error {
	ids := make([]string, len(queries))
	for i, q := range queries {
		ids[i] = q.Case
	}
	if err := tx.loadKeys(ctx, ids); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	rows := make([][]any, len(queries))
	for i, q := range queries {
		var box []byte
		if q.Hash != "" || len(q.Records) > 0 {
			var err error
			if box, err = tx.boxJSON(q.Case, aad("queries", q.ID, "answer"), answerBody{q.Hash, q.Records, q.Allowed}); err != nil {
				return fmt.Errorf("%s: %w", doing, err)
			}
		}
		rows[i] = []any{q.ID, q.Case, q.Person, string(q.Category), q.Scope, q.Source, q.AnsweredBy, q.Department, string(q.State), q.Attempts, q.Token,
			micros(q.CreatedAt), micros(q.AskedAt), micros(q.AnsweredAt), micros(q.AsOf), string(q.Outcome), string(q.Match), string(q.Reason), box,
			micros(q.HeldUntil), q.Basis, q.TakenFrom}
	}
	if err := tx.insert(ctx, `INSERT INTO queries (`+queryColumns+`)`, rows, conflict); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// Queries returns the grid of a case, by person and category, and by time where
// a cell was asked more than once.
func (tx *Tx) Queries(ctx context.Context, caseID string) ([]hedui.Query, error) {
	return tx.queries(ctx, `WHERE case_id = $1 ORDER BY person, category, scope, created_at, id`, caseID)
}

// QueriesByID returns queries, by id; those that do not exist are left out.
func (tx *Tx) QueriesByID(ctx context.Context, ids []string) ([]hedui.Query, error) {
	return tx.queries(ctx, `WHERE id `+tx.db.engine.in(1)+` ORDER BY id`, tx.db.engine.list(ids))
}

func (tx *Tx) queries(ctx context.Context, rest string, arg any) ([]hedui.Query, error) {
	return tx.scanQueries(ctx, scanQuery, `SELECT `+queryColumns+` FROM queries `+rest, arg)
}

// scanQueries returns queries, as scan reads them, with what their answers hold.
func (tx *Tx) scanQueries(ctx context.Context, scan func(*sql.Rows) (hedui.Query, []byte, error), query string, arg any) ([]hedui.Query, error) {
	var list []hedui.Query
	var boxes [][]byte
	var cases []string
	err := tx.each(ctx, func(rows *sql.Rows) error {
		q, box, err := scan(rows)
		list, boxes, cases = append(list, q), append(boxes, box), append(cases, q.Case)
		return err
	}, query, arg)
	if err == nil {
		err = tx.loadKeys(ctx, cases)
	}
	if err != nil {
		return nil, fmt.Errorf("queries: %w", err)
	}
	for i, box := range boxes {
		if box == nil {
			continue
		}
		plain, err := tx.unbox(list[i].Case, aad("queries", list[i].ID, "answer"), box)
		if err != nil {
			return nil, fmt.Errorf("queries: %w", err)
		}
		body, err := readAnswer(plain)
		if err != nil {
			return nil, fmt.Errorf("queries: %w", err)
		}
		list[i].Hash, list[i].Records, list[i].Allowed = body.Hash, body.Records, body.Allowed
	}
	return list, nil
}

func scanQuery(rows *sql.Rows) (q hedui.Query, box []byte, err error) {
	var category, state, outcome, match, reason string
	var created, asked, answered, asOf, held int64
	err = rows.Scan(&q.ID, &q.Case, &q.Person, &category, &q.Scope, &q.Source, &q.AnsweredBy, &q.Department, &state, &q.Attempts, &q.Token,
		&created, &asked, &answered, &asOf, &outcome, &match, &reason, &box, &held, &q.Basis, &q.TakenFrom)
	q.Category, q.State, q.Outcome = catalog.Code(category), hedui.QueryState(state), source.Outcome(outcome)
	q.Match, q.Reason = source.Match(match), source.Reason(reason)
	q.CreatedAt, q.AskedAt, q.AnsweredAt, q.AsOf = instant(created), instant(asked), instant(answered), instant(asOf)
	q.HeldUntil = instant(held)
	return q, box, err
}

// CountOpen returns how many queries of a case are not settled. Call LockCases
// or Case before in the same transaction, so that two answers that come at once
// do not each take the other for missing.
func (tx *Tx) CountOpen(ctx context.Context, caseID string) (int, error) {
	var n int
	err := tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM queries WHERE case_id = $1 AND state NOT IN ($2, $3)`,
		caseID, string(hedui.Answered), string(hedui.Cancelled)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count open queries: %w", err)
	}
	return n, nil
}
