package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hedui/idcard"
	"hedui/internal/hedui"
)

// An officer stands aside (回避) from every case of the own household, of a relative
// or of a colleague of the own office, and from those of whoever once stood in one
// case with such a person. Of the persons an officer names only the blind index is
// kept: it is enough.

// aside is true of a case id for the officer $n of the office $m. A person leads to
// the other persons of his cases by one step, not further.
const aside = `EXISTS (SELECT 1 FROM officer_ties k JOIN officers f ON f.id = k.officer JOIN case_persons near ON near.blind = k.blind
	JOIN case_persons theirs ON theirs.case_id = near.case_id JOIN case_persons here ON here.blind = theirs.blind
	WHERE here.case_id = %s AND (k.officer = $%d OR k.tie = 'self' AND f.office = $%d AND f.state <> 'ended'))`

// AsideCases are all cases from which the officer stands aside, few for anybody: where
// many cases are gone through, one look at this list costs less than one at each of
// them. It is the rule above, from the other end.
func (tx *Tx) AsideCases(ctx context.Context, officer, office string) ([]string, error) {
	var list []string
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		list = append(list, id)
		return err
	}, `SELECT DISTINCT here.case_id FROM (SELECT blind FROM officer_ties WHERE officer = $1
		UNION SELECT k.blind FROM officers f JOIN officer_ties k ON k.officer = f.id WHERE f.office = $2 AND f.state <> 'ended' AND k.tie = 'self') k
		JOIN case_persons near ON near.blind = k.blind JOIN case_persons theirs ON theirs.case_id = near.case_id JOIN case_persons here ON here.blind = theirs.blind`, officer, office)
	if err != nil {
		return nil, fmt.Errorf("connections of an officer: %w", err)
	}
	return list, nil
}

// MustStandAside reports whether the officer has a connection with the persons of a case.
func (tx *Tx) MustStandAside(ctx context.Context, officer, office, caseID string) (bool, error) {
	var found bool
	err := tx.tx.QueryRowContext(ctx, `SELECT `+fmt.Sprintf(aside, "$1", 2, 3), caseID, officer, office).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("connections of an officer: %w", err)
	}
	return found, nil
}

// AddTie notes a person from whose cases an officer stands aside. The newest word on
// a person counts.
func (tx *Tx) AddTie(ctx context.Context, officer string, id idcard.Number, tie hedui.Tie, at time.Time) error {
	blind, err := tx.blind(id)
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO officer_ties (officer, blind, tie, since) VALUES ($1, $2, $3, $4)
			ON CONFLICT (officer, blind) DO UPDATE SET tie = excluded.tie, since = excluded.since`, officer, blind, string(tie), micros(at))
	}
	if err != nil {
		return fmt.Errorf("add tie: %w", err)
	}
	return nil
}

// RemoveTie takes a person out again, and reports whether it was there.
func (tx *Tx) RemoveTie(ctx context.Context, officer string, id idcard.Number) (bool, error) {
	blind, err := tx.blind(id)
	if err != nil {
		return false, fmt.Errorf("remove tie: %w", err)
	}
	n, err := tx.exec(ctx, `DELETE FROM officer_ties WHERE officer = $1 AND blind = $2`, officer, blind)
	if err != nil {
		return false, fmt.Errorf("remove tie: %w", err)
	}
	return n > 0, nil
}

// CountTies counts the persons that an officer has named.
func (tx *Tx) CountTies(ctx context.Context, officer string) (n int, err error) {
	if err = tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM officer_ties WHERE officer = $1`, officer).Scan(&n); err != nil {
		return 0, fmt.Errorf("count ties: %w", err)
	}
	return n, nil
}
