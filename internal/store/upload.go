package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"hedui/internal/hedui"
	"hedui/seal"
)

const uploadColumns = `id, owner, at, state, persons, households, done, opened, drafts, same, refused, withdrawn`

// AddUpload keeps a workbook until it is worked off. If the officer has the same one
// waiting, the id of that is returned, and fresh is false.
func (tx *Tx) AddUpload(ctx context.Context, u hedui.Upload, fileDigest string, body []byte) (id string, fresh bool, err error) {
	digest, err := seal.Blind(tx.db.blind, "upload", u.Owner+"\x00"+fileDigest)
	if err == nil {
		err = tx.lockName(ctx, "upload "+digest)
	}
	if err == nil {
		err = tx.tx.QueryRowContext(ctx, `SELECT id FROM uploads WHERE owner = $1 AND digest = $2 AND state = $3`, u.Owner, digest, string(hedui.UploadWaiting)).Scan(&id)
	}
	if err == nil {
		return id, false, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return "", false, fmt.Errorf("add upload: %w", err)
	}
	box, err := tx.seal(ctx, aad("uploads", u.ID, "body"), body)
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO uploads (`+uploadColumns+`, digest, body, result) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0, 0, $7, $8, $9)`,
			u.ID, u.Owner, micros(u.At), string(u.State), u.Persons, u.Households, digest, box, []byte{})
	}
	if err != nil {
		return "", false, fmt.Errorf("add upload: %w", err)
	}
	return u.ID, true, nil
}

// SaveUpload writes state and counts of an upload.
func (tx *Tx) SaveUpload(ctx context.Context, u hedui.Upload) error {
	_, err := tx.exec(ctx, `UPDATE uploads SET state = $2, done = $3, opened = $4, drafts = $5, same = $6, refused = $7, withdrawn = $8 WHERE id = $1`,
		u.ID, string(u.State), u.Done, u.Opened, u.Drafts, u.Same, u.Refused, u.Withdrawn)
	if err != nil {
		return fmt.Errorf("save upload: %w", err)
	}
	return nil
}

// KeepUpload keeps the file and the result of an upload, each nil where there is none.
func (tx *Tx) KeepUpload(ctx context.Context, id string, body, result []byte) error {
	boxes := [][]byte{{}, {}}
	for i, one := range []struct {
		column string
		plain  []byte
	}{{"body", body}, {"result", result}} {
		if len(one.plain) == 0 {
			continue
		}
		var err error
		if boxes[i], err = tx.seal(ctx, aad("uploads", id, one.column), one.plain); err != nil {
			return fmt.Errorf("keep upload: %w", err)
		}
	}
	if _, err := tx.exec(ctx, `UPDATE uploads SET body = $2, result = $3 WHERE id = $1`, id, boxes[0], boxes[1]); err != nil {
		return fmt.Errorf("keep upload: %w", err)
	}
	return nil
}

// Upload reads an upload with its file and its result, each empty where there is none.
func (tx *Tx) Upload(ctx context.Context, id string) (u hedui.Upload, body, result []byte, err error) {
	found := false
	err = tx.each(ctx, func(rows *sql.Rows) (err error) {
		found = true
		u, err = scanUpload(rows, &body, &result)
		return err
	}, `SELECT `+uploadColumns+`, body, result FROM uploads WHERE id = $1`, id)
	if err == nil && !found {
		return u, nil, nil, notFound()
	}
	if err == nil && len(body) > 0 {
		body, err = tx.unseal(ctx, aad("uploads", id, "body"), body)
	}
	if err == nil && len(result) > 0 {
		result, err = tx.unseal(ctx, aad("uploads", id, "result"), result)
	}
	if err != nil {
		return u, nil, nil, fmt.Errorf("upload: %w", err)
	}
	return u, body, result, nil
}

func scanUpload(rows *sql.Rows, more ...any) (u hedui.Upload, err error) {
	var at int64
	var state string
	err = rows.Scan(append([]any{&u.ID, &u.Owner, &at, &state, &u.Persons, &u.Households, &u.Done, &u.Opened, &u.Drafts, &u.Same, &u.Refused, &u.Withdrawn}, more...)...)
	u.At, u.State = instant(at), hedui.UploadState(state)
	return u, err
}

// Uploads lists the uploads of an officer, newest first, before the one with an id.
func (tx *Tx) Uploads(ctx context.Context, owner, before string, limit int) (list []hedui.Upload, err error) {
	err = tx.each(ctx, func(rows *sql.Rows) error {
		u, err := scanUpload(rows)
		list = append(list, u)
		return err
	}, `SELECT `+uploadColumns+` FROM uploads WHERE owner = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3`, owner, before, limit)
	if err != nil {
		return nil, fmt.Errorf("uploads: %w", err)
	}
	return list, nil
}

// An UploadedHousehold is what has become of a household of an upload.
type UploadedHousehold struct {
	Row    int         // of its first person
	Case   string      // empty until the form is a case
	Draft  string      // id of the form; empty for what was a case at once
	Number string      // of the case
	Stage  hedui.Stage // of the case
}

// KnownHousehold tells in which upload an officer's household came in before, if it is
// a case that was not ended without a report, or a form that is still there; else that
// is empty. Nobody else adds the same one before the transaction ends.
func (tx *Tx) KnownHousehold(ctx context.Context, digest string) (h UploadedHousehold, upload string, err error) {
	if err := tx.lockName(ctx, "household "+digest); err != nil {
		return h, "", fmt.Errorf("known household: %w", err)
	}
	err = tx.tx.QueryRowContext(ctx, `SELECT h.upload_id, h.row_no, h.case_id, h.draft FROM upload_households h WHERE h.digest = $1
		AND (EXISTS (SELECT 1 FROM cases c WHERE c.id = h.case_id AND c.stage <> $2) OR h.case_id = '' AND EXISTS (SELECT 1 FROM drafts d WHERE d.id = h.draft))`,
		digest, string(hedui.Terminated)).Scan(&upload, &h.Row, &h.Case, &h.Draft)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, "", fmt.Errorf("known household: %w", err)
	}
	return h, upload, nil
}

// AddHousehold notes what became of a household of an upload.
func (tx *Tx) AddHousehold(ctx context.Context, upload, digest string, h UploadedHousehold) error {
	_, err := tx.exec(ctx, `INSERT INTO upload_households (digest, upload_id, row_no, case_id, draft) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (digest) DO UPDATE SET upload_id = excluded.upload_id, row_no = excluded.row_no, case_id = excluded.case_id, draft = excluded.draft`,
		digest, upload, h.Row, h.Case, h.Draft)
	if err != nil {
		return fmt.Errorf("add household: %w", err)
	}
	return nil
}

// DraftOpened notes which case a form of an upload has become, if it is one.
func (tx *Tx) DraftOpened(ctx context.Context, draft, caseID string) error {
	if draft == "" { // which is that of every household that was a case at once
		return nil
	}
	if _, err := tx.exec(ctx, `UPDATE upload_households SET case_id = $2 WHERE draft = $1`, draft, caseID); err != nil {
		return fmt.Errorf("draft opened: %w", err)
	}
	return nil
}

// HouseholdDigest is the keyed hash by which a household of an officer is known again.
func (tx *Tx) HouseholdDigest(owner, content string) (string, error) {
	return seal.Blind(tx.db.blind, "household", owner+"\x00"+content)
}

// UploadHouseholds lists what became of the households of an upload, by their rows,
// after a row: cases and forms that are still there.
func (tx *Tx) UploadHouseholds(ctx context.Context, upload string, after, limit int) (list []UploadedHousehold, err error) {
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var h UploadedHousehold
		var stage string
		err := rows.Scan(&h.Row, &h.Case, &h.Draft, &h.Number, &stage)
		h.Stage = hedui.Stage(stage)
		list = append(list, h)
		return err
	}, `SELECT h.row_no, h.case_id, h.draft, COALESCE(c.number, ''), COALESCE(c.stage, '') FROM upload_households h LEFT JOIN cases c ON c.id = h.case_id
		WHERE h.upload_id = $1 AND h.row_no > $2 AND (h.case_id <> '' OR EXISTS (SELECT 1 FROM drafts d WHERE d.id = h.draft)) ORDER BY h.row_no LIMIT $3`, upload, after, limit)
	if err != nil {
		return nil, fmt.Errorf("households of an upload: %w", err)
	}
	return list, nil
}

// PurgeUploads empties files and results of uploads from before an instant: what they
// hold has no case, or has one of its own.
func (tx *Tx) PurgeUploads(ctx context.Context, before time.Time) error {
	if _, err := tx.exec(ctx, `UPDATE uploads SET body = $2, result = $2 WHERE at < $1`, micros(before), []byte{}); err != nil {
		return fmt.Errorf("purge uploads: %w", err)
	}
	return nil
}
