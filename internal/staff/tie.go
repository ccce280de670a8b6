package staff

import (
	"context"
	"slices"

	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Declare notes a person from whose cases an officer stands aside. Officers declare
// for themselves; the security administrator for anybody. Only a blind index of the
// number is kept, so nobody can list whom an officer has named.
func (r *Roster) Declare(ctx context.Context, by hedui.Officer, id string, person idcard.Number, tie hedui.Tie) error {
	if !slices.Contains(hedui.Ties(), tie) {
		return hedui.Problems([]hedui.Problem{{Field: "tie", Say: hedui.Say("problem.choice", words(hedui.Ties(), ", "))}})
	}
	return r.tie(ctx, by, id, audit.TieDeclared, func(tx *store.Tx) (string, error) {
		return string(tie), tx.AddTie(ctx, id, person, tie, r.Now())
	})
}

// Retract takes a person out again. Only the security administrator may, and not for
// himself: otherwise a connection could be taken off for the length of one case.
func (r *Roster) Retract(ctx context.Context, by hedui.Officer, id string, person idcard.Number) error {
	if err := by.May(hedui.GrantRoles, by.Division); err != nil {
		return r.refused(ctx, by, id, audit.TieRetracted, err)
	}
	if by.ID == id {
		return r.refused(ctx, by, id, audit.TieRetracted, hedui.Fail(hedui.Forbidden, hedui.Say("error.officer.self"), nil))
	}
	return r.tie(ctx, by, id, audit.TieRetracted, func(tx *store.Tx) (string, error) {
		there, err := tx.RemoveTie(ctx, id, person)
		if err == nil && !there {
			err = hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
		}
		return "", err
	})
}

func (r *Roster) tie(ctx context.Context, by hedui.Officer, id string, verb audit.Verb, do func(*store.Tx) (string, error)) error {
	err := r.DB.InTx(ctx, func(tx *store.Tx) error {
		if by.ID != id {
			if err := by.May(hedui.GrantRoles, by.Division); err != nil {
				return err
			}
		}
		m, err := tx.Officer(ctx, id)
		if err != nil {
			return err
		}
		if by.ID != id {
			if err := by.May(hedui.GrantRoles, m.Division); err != nil {
				return err
			}
		}
		detail, err := do(tx)
		if err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(r.Now(), by.ID, by.Office, verb, id, detail))
	})
	if err != nil {
		return r.refused(ctx, by, id, verb, err)
	}
	return nil
}
