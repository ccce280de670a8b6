package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// AddScan keeps the scan of a consent under the key of its case. One that is there
// already stays.
func (tx *Tx) AddScan(ctx context.Context, caseID, consent string, body []byte) error {
	if err := tx.loadKeys(ctx, []string{caseID}); err != nil {
		return fmt.Errorf("add scan: %w", err)
	}
	box, err := tx.box(caseID, aad("consent_scans", consent, "body"), body)
	if err != nil {
		return fmt.Errorf("add scan: %w", err)
	}
	if _, err := tx.exec(ctx, `INSERT INTO consent_scans (consent, case_id, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, consent, caseID, box); err != nil {
		return fmt.Errorf("add scan: %w", err)
	}
	return nil
}

// Scan returns the scan of a consent of a case; NotFound if there is none.
func (tx *Tx) Scan(ctx context.Context, caseID, consent string) ([]byte, error) {
	if err := tx.loadKeys(ctx, []string{caseID}); err != nil {
		return nil, fmt.Errorf("scan: %w", err)
	}
	var box []byte
	err := tx.tx.QueryRowContext(ctx, `SELECT body FROM consent_scans WHERE consent = $1 AND case_id = $2`, consent, caseID).Scan(&box)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, notFound()
	case err != nil:
		return nil, fmt.Errorf("scan: %w", err)
	}
	return tx.unbox(caseID, aad("consent_scans", consent, "body"), box)
}
