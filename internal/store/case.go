package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"hedui/idcard"
	"hedui/internal/hedui"
)

// CreateCase writes a new case under a key of its own. A case with the same id
// or number is a Conflict.
func (tx *Tx) CreateCase(ctx context.Context, c *hedui.Case) error {
	wrapped, master, err := tx.newKey(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("create case: %w", err)
	}
	summary, body, err := tx.caseBoxes(c)
	if err != nil {
		return fmt.Errorf("create case: %w", err)
	}
	changed, err := tx.exec(ctx, `INSERT INTO cases (id, rev, number, division, programme, kind, office, stage, running,
		applied_on, created_at, due_at, version, summary, body, opened_by, decided)
		VALUES ($1, 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING`,
		c.ID, c.Number, c.Division, string(c.Programme), string(c.Kind), c.Office, string(c.Stage), flag(c.Stage.Running()),
		c.AppliedOn.String(), micros(c.CreatedAt), micros(c.DueAt), c.Version, summary, body, c.OpenedBy(), decided(c))
	switch {
	case err != nil:
		return fmt.Errorf("create case: %w", err)
	case changed == 0:
		delete(tx.keys, c.ID)
		return moved()
	}
	if _, err := tx.exec(ctx, `INSERT INTO case_keys (case_id, wrapped, master) VALUES ($1, $2, $3)`, c.ID, wrapped, master); err != nil {
		return fmt.Errorf("create case: %w", err)
	}
	c.Rev = 1
	return tx.indexPersons(ctx, c, true)
}

// SaveCase writes a case that was loaded before. If it was saved by another one
// meanwhile, it is a Conflict.
func (tx *Tx) SaveCase(ctx context.Context, c *hedui.Case) error {
	if err := tx.loadKeys(ctx, []string{c.ID}); err != nil {
		return fmt.Errorf("save case: %w", err)
	}
	summary, body, err := tx.caseBoxes(c)
	if err != nil {
		return fmt.Errorf("save case: %w", err)
	}
	changed, err := tx.exec(ctx, `UPDATE cases SET rev = rev + 1, number = $3, division = $4, programme = $5, kind = $6,
		office = $7, stage = $8, running = $9, applied_on = $10, due_at = $11, version = $12, summary = $13, body = $14, decided = $15
		WHERE id = $1 AND rev = $2`,
		c.ID, c.Rev, c.Number, c.Division, string(c.Programme), string(c.Kind), c.Office, string(c.Stage),
		flag(c.Stage.Running()), c.AppliedOn.String(), micros(c.DueAt), c.Version, summary, body, decided(c))
	switch {
	case err != nil:
		return fmt.Errorf("save case: %w", err)
	case changed == 0:
		return moved()
	}
	c.Rev++
	return tx.indexPersons(ctx, c, false)
}

// decided says whether the office has told what it decided: not what.
func decided(c *hedui.Case) int {
	_, ok := c.Decided()
	return flag(ok)
}

// summaryBody is what a list shows of a case beside its columns.
type summaryBody struct {
	Applicant string `json:"applicant"` // masked
	Persons   int    `json:"persons"`
}

func (tx *Tx) caseBoxes(c *hedui.Case) (summary, body []byte, err error) {
	s := summaryBody{Persons: len(c.Persons)}
	if len(c.Persons) > 0 {
		s.Applicant = idcard.MaskName(c.Applicant().Name)
	}
	if summary, err = tx.boxJSON(c.ID, aad("cases", c.ID, "summary"), s); err != nil {
		return nil, nil, err
	}
	plain, err := marshalCase(c)
	if err != nil {
		return nil, nil, err
	}
	body, err = tx.box(c.ID, aad("cases", c.ID, "body"), plain)
	return summary, body, err
}

// indexPersons brings the blind index of a case up to date.
func (tx *Tx) indexPersons(ctx context.Context, c *hedui.Case, fresh bool) error {
	ids := make([]idcard.Number, len(c.Persons))
	for i, p := range c.Persons {
		ids[i] = p.ID
	}
	if known, ok := tx.persons[c.ID]; ok && slices.Equal(known, ids) {
		return nil
	}
	if !fresh {
		if _, err := tx.exec(ctx, `DELETE FROM case_persons WHERE case_id = $1`, c.ID); err != nil {
			return fmt.Errorf("index persons: %w", err)
		}
	}
	var rows [][]any
	for i, id := range ids {
		if id.IsZero() {
			continue
		}
		blind, err := tx.blind(id)
		if err != nil {
			return fmt.Errorf("index persons: %w", err)
		}
		rows = append(rows, []any{c.ID, i + 1, blind, flag(c.Persons[i].Role == hedui.Member)})
	}
	if err := tx.insert(ctx, `INSERT INTO case_persons (case_id, person, blind, member)`, rows, ""); err != nil {
		return fmt.Errorf("index persons: %w", err)
	}
	tx.persons[c.ID] = ids
	return nil
}

// Case loads a case; NotFound if there is none or it was erased. In a
// transaction that writes, the case stays as it is for all others until the end.
func (tx *Tx) Case(ctx context.Context, id string) (*hedui.Case, error) {
	cases, err := tx.CasesByID(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	if cases[id] == nil {
		return nil, notFound()
	}
	return cases[id], nil
}

// CasesByID loads cases, as Case does, by id; those that do not exist are left
// out, one that was erased is NotFound.
func (tx *Tx) CasesByID(ctx context.Context, ids []string) (map[string]*hedui.Case, error) {
	if err := tx.loadKeys(ctx, ids); err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	query := `SELECT id, rev, body FROM cases WHERE id ` + tx.db.engine.in(1) + ` ORDER BY id` + tx.lockRows()
	cases := make(map[string]*hedui.Case, len(ids))
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var id string
		var rev int64
		var box []byte
		if err := rows.Scan(&id, &rev, &box); err != nil {
			return err
		}
		c, err := tx.openCase(id, rev, box)
		cases[id] = c
		return err
	}, query, tx.db.engine.list(ids))
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	return cases, nil
}

func (tx *Tx) openCase(id string, rev int64, box []byte) (*hedui.Case, error) {
	plain, err := tx.unbox(id, aad("cases", id, "body"), box)
	if err != nil {
		return nil, err
	}
	c, err := unmarshalCase(plain)
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", id, err)
	}
	c.Rev = rev
	numbers := make([]idcard.Number, len(c.Persons))
	for i, p := range c.Persons {
		numbers[i] = p.ID
	}
	tx.persons[id] = numbers
	return c, nil
}

func (tx *Tx) lockRows() string {
	if tx.write {
		return tx.db.engine.lockRows
	}
	return ""
}

// LockCases keeps cases as they are for all others until the end of the
// transaction, and returns their stages without decrypting anything. Ids of
// which there is no case are left out.
func (tx *Tx) LockCases(ctx context.Context, ids []string) (map[string]hedui.Stage, error) {
	query := `SELECT id, stage FROM cases WHERE id ` + tx.db.engine.in(1) + ` ORDER BY id` + tx.lockRows()
	stages := make(map[string]hedui.Stage, len(ids))
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var id, stage string
		if err := rows.Scan(&id, &stage); err != nil {
			return err
		}
		stages[id] = hedui.Stage(stage)
		return nil
	}, query, tx.db.engine.list(ids))
	if err != nil {
		return nil, fmt.Errorf("lock cases: %w", err)
	}
	return stages, nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
