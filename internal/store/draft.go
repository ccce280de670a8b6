package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// SaveDraft keeps what an officer has typed and not yet handed in, as it is. The
// draft of another officer with the same id is a Conflict. Its term begins when
// [Tx.PurgeDrafts] sees it next.
func (tx *Tx) SaveDraft(ctx context.Context, id, owner string, body []byte) error {
	box, err := tx.seal(ctx, aad("drafts", id, "body"), body)
	if err != nil {
		return fmt.Errorf("save draft: %w", err)
	}
	changed, err := tx.exec(ctx, `INSERT INTO drafts (id, owner, body) VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body, seen_at = 0 WHERE drafts.owner = excluded.owner`, id, owner, box)
	switch {
	case err != nil:
		return fmt.Errorf("save draft: %w", err)
	case changed == 0:
		return moved()
	}
	return nil
}

// Draft returns what the officer has typed; NotFound if there is nothing of theirs.
func (tx *Tx) Draft(ctx context.Context, id, owner string) ([]byte, error) {
	var box []byte
	err := tx.tx.QueryRowContext(ctx, `SELECT body FROM drafts WHERE id = $1 AND owner = $2`, id, owner).Scan(&box)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, notFound()
	case err != nil:
		return nil, fmt.Errorf("draft: %w", err)
	}
	body, err := tx.unseal(ctx, aad("drafts", id, "body"), box)
	if err != nil {
		return nil, fmt.Errorf("draft: %w", err)
	}
	return body, nil
}

// A Draft is what an officer has typed and not yet handed in.
type Draft struct {
	ID   string
	Body []byte
}

// Drafts lists the officer's drafts after one, in the order of their ids.
func (tx *Tx) Drafts(ctx context.Context, owner, after string, limit int) ([]Draft, error) {
	var list []Draft
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var d Draft
		err := rows.Scan(&d.ID, &d.Body)
		list = append(list, d)
		return err
	}, `SELECT id, body FROM drafts WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3`, owner, after, limit)
	for i := 0; err == nil && i < len(list); i++ { // a key may have to be read for it
		list[i].Body, err = tx.unseal(ctx, aad("drafts", list[i].ID, "body"), list[i].Body)
	}
	if err != nil {
		return nil, fmt.Errorf("drafts: %w", err)
	}
	return list, nil
}

// PurgeDrafts deletes drafts that were seen before an instant and not saved since,
// and marks those that are new as seen at the instant at.
func (tx *Tx) PurgeDrafts(ctx context.Context, before, at time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM drafts WHERE seen_at > 0 AND seen_at < $1`, micros(before))
	if err == nil {
		_, err = tx.exec(ctx, `UPDATE drafts SET seen_at = $1 WHERE seen_at = 0`, micros(at))
	}
	if err != nil {
		return fmt.Errorf("purge drafts: %w", err)
	}
	return nil
}

// DeleteDraft ends a draft; one that does not exist is no error.
func (tx *Tx) DeleteDraft(ctx context.Context, id string) error {
	if _, err := tx.exec(ctx, `DELETE FROM drafts WHERE id = $1`, id); err != nil {
		return fmt.Errorf("delete draft: %w", err)
	}
	return nil
}
