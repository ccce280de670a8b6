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

// newKey makes the key of a new case and returns it wrapped, and the version of the
// master key that did so.
func (tx *Tx) newKey(ctx context.Context, caseID string) (wrapped []byte, master int64, err error) {
	n, err := tx.newest(ctx)
	if err != nil {
		return nil, 0, err
	}
	under, err := tx.db.masterKey(ctx, tx.tx, n.master)
	if err != nil {
		return nil, 0, err
	}
	key, err := seal.NewKeyFor(under.Algorithm())
	if err != nil {
		return nil, 0, err
	}
	tx.keys[caseID] = key
	wrapped, err = under.Wrap(caseKeyAAD(caseID), key)
	return wrapped, n.master, err
}

func caseKeyAAD(caseID string) []byte { return aad("case_keys", caseID, "wrapped") }

// loadKeys brings the keys of cases in, so that key finds them.
func (tx *Tx) loadKeys(ctx context.Context, caseIDs []string) error {
	missing := slices.DeleteFunc(slices.Clone(caseIDs), func(id string) bool { _, ok := tx.keys[id]; return ok })
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	list, err := tx.wrapped(ctx, `WHERE case_id `+tx.db.engine.in(1), tx.db.engine.list(slices.Compact(missing)))
	if err != nil {
		return err
	}
	for _, w := range list {
		if tx.keys[w.caseID], err = tx.unwrap(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

// A wrappedKey is the key of a case as it lies in the database.
type wrappedKey struct {
	caseID string
	master int64 // version of the master key
	box    []byte
}

func (tx *Tx) wrapped(ctx context.Context, rest string, args ...any) (list []wrappedKey, err error) {
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var w wrappedKey
		err := rows.Scan(&w.caseID, &w.master, &w.box)
		list = append(list, w)
		return err
	}, `SELECT case_id, master, wrapped FROM case_keys `+rest, args...)
	return list, err
}

func (tx *Tx) unwrap(ctx context.Context, w wrappedKey) (seal.Key, error) {
	under, err := tx.db.masterKey(ctx, tx.tx, w.master)
	if err != nil {
		return seal.Key{}, err
	}
	key, err := under.Unwrap(caseKeyAAD(w.caseID), w.box)
	if err != nil {
		return seal.Key{}, fmt.Errorf("key of case %s: %w", w.caseID, err)
	}
	return key, nil
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
