package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"hedui/idcard"
	"hedui/internal/hedui"
	"hedui/seal"
)

// aad binds a box to its place, so that one moved to another place does not open.
func aad(table, row, column string) []byte { return []byte(table + "\x00" + row + "\x00" + column) }

// newKey makes the key of a new case and returns it wrapped.
func (tx *Tx) newKey(caseID string) ([]byte, error) {
	key := seal.NewKey()
	tx.keys[caseID] = key
	return tx.db.master.Wrap(aad("case_keys", caseID, "wrapped"), key)
}

// loadKeys brings the keys of cases in, so that key finds them.
func (tx *Tx) loadKeys(ctx context.Context, caseIDs []string) error {
	missing := slices.DeleteFunc(slices.Clone(caseIDs), func(id string) bool { _, ok := tx.keys[id]; return ok })
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	query := `SELECT case_id, wrapped FROM case_keys WHERE case_id ` + tx.db.engine.in(1)
	return tx.each(ctx, func(rows *sql.Rows) error {
		var id string
		var wrapped []byte
		if err := rows.Scan(&id, &wrapped); err != nil {
			return err
		}
		key, err := tx.db.master.Unwrap(aad("case_keys", id, "wrapped"), wrapped)
		if err != nil {
			return fmt.Errorf("key of case %s: %w", id, err)
		}
		tx.keys[id] = key
		return nil
	}, query, tx.db.engine.list(slices.Compact(missing)))
}

// key is the key of a case that loadKeys has seen.
func (tx *Tx) key(caseID string) (seal.Key, error) {
	key, ok := tx.keys[caseID]
	if !ok {
		return key, hedui.Fail(hedui.NotFound, hedui.Say("error.erased"), fmt.Errorf("case %s has no key", caseID))
	}
	return key, nil
}

// box encrypts bytes of a case; nil stays nil.
func (tx *Tx) box(caseID string, where, plain []byte) ([]byte, error) {
	if plain == nil {
		return nil, nil
	}
	key, err := tx.key(caseID)
	if err != nil {
		return nil, err
	}
	box, err := key.Encrypt(where, plain)
	return box, err
}

// unbox decrypts what box encrypted.
func (tx *Tx) unbox(caseID string, where, box []byte) ([]byte, error) {
	if box == nil {
		return nil, nil
	}
	key, err := tx.key(caseID)
	if err != nil {
		return nil, err
	}
	plain, err := key.Decrypt(where, box)
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", caseID, err)
	}
	return plain, nil
}

func (tx *Tx) boxJSON(caseID string, where []byte, v any) ([]byte, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return tx.box(caseID, where, plain)
}

func (tx *Tx) unboxJSON(caseID string, where, box []byte, v any) error {
	plain, err := tx.unbox(caseID, where, box)
	if err != nil {
		return err
	}
	return json.Unmarshal(plain, v)
}

// blind is the index under which a person is found.
func (tx *Tx) blind(n idcard.Number) (string, error) {
	return seal.Blind(tx.db.blind, "idcard", n.Reveal())
}

func (tx *Tx) blinds(ids []idcard.Number) ([]string, error) {
	blinds := make([]string, len(ids))
	for i, id := range ids {
		var err error
		if blinds[i], err = tx.blind(id); err != nil {
			return nil, err
		}
	}
	return blinds, nil
}
