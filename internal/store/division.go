package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Divisions lists the divisions of which there are cases.
func (tx *Tx) Divisions(ctx context.Context) ([]string, error) {
	list, err := tx.texts(ctx, `SELECT DISTINCT division FROM cases ORDER BY division`)
	if err != nil {
		return nil, fmt.Errorf("divisions: %w", err)
	}
	return list, nil
}

// CasesIn lists ids of the cases of exactly one division, at any stage, oldest
// first: up to limit of those after the one with the id. Those that were erased
// are left out.
func (tx *Tx) CasesIn(ctx context.Context, division, after string, limit int) ([]string, error) {
	list, err := tx.texts(ctx, `SELECT id FROM cases WHERE division = $1 AND id > $2
		AND EXISTS (SELECT 1 FROM case_keys k WHERE k.case_id = cases.id) ORDER BY id LIMIT $3`, division, after, limit)
	if err != nil {
		return nil, fmt.Errorf("cases of division %s: %w", division, err)
	}
	return list, nil
}

// texts returns the one column of a query.
func (tx *Tx) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	var list []string
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var text string
		err := rows.Scan(&text)
		list = append(list, text)
		return err
	}, query, args...)
	return list, err
}
