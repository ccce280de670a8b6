package store

import (
	"context"
	"fmt"
	"slices"

	"hedui/internal/hedui"
)

// ClaimForms notes that the printed forms on which consents were signed belong to a
// case, and returns the numbers of those that belong to another one. A consent
// without a form is left out.
func (tx *Tx) ClaimForms(ctx context.Context, caseID string, consents []hedui.Consent) (elsewhere []string, err error) {
	var numbers []string
	for _, k := range consents {
		if k.Form != "" {
			numbers = append(numbers, k.Form)
		}
	}
	slices.Sort(numbers) // two cases that claim the same forms wait for each other in one order
	numbers = slices.Compact(numbers)
	for _, number := range numbers {
		if _, err := tx.exec(ctx, `INSERT INTO consent_forms (number, case_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`, number, caseID); err != nil {
			return nil, fmt.Errorf("claim forms: %w", err)
		}
	}
	if len(numbers) == 0 {
		return nil, nil
	}
	elsewhere, err = tx.texts(ctx, `SELECT number FROM consent_forms WHERE case_id <> $1 AND number `+tx.db.engine.in(2)+` ORDER BY number`,
		caseID, tx.db.engine.list(numbers))
	if err != nil {
		return nil, fmt.Errorf("claim forms: %w", err)
	}
	return elsewhere, nil
}
