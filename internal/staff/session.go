package staff

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Session returns the session of a token, at whatever stage; Forbidden where
// there is none, or it is over.
func (d *Door) Session(ctx context.Context, token string) (store.Session, error) {
	if token == "" || len(token) > maxTyped {
		return store.Session{}, needed(nil)
	}
	var s store.Session
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) { s, err = tx.Session(ctx, hashOf(token)); return err })
	switch {
	case err != nil && hedui.KindOf(err) == hedui.NotFound, err == nil && !d.alive(s):
		return store.Session{}, needed(err)
	case err != nil:
		return store.Session{}, err
	}
	return s, nil
}

// alive reports whether a session is within its limits. One from the future was
// made while the clock was wrong.
func (d *Door) alive(s store.Session) bool {
	now := d.Now()
	if s.MadeAt.After(now.Add(skew)) || s.SeenAt.After(now.Add(skew)) {
		return false
	}
	if s.Stage != store.SessionOpen {
		return now.Before(s.MadeAt.Add(unfinished))
	}
	return now.Before(s.SeenAt.Add(d.Rules.Idle)) && now.Before(s.MadeAt.Add(d.Rules.Absolute))
}

// Who returns the officer of an open session, as the officer is now: a role that
// has changed or ended counts at once. Forbidden means that one has to sign in.
func (d *Door) Who(ctx context.Context, token string) (store.Session, hedui.Officer, error) {
	s, err := d.Session(ctx, token)
	if err != nil {
		return s, hedui.Officer{}, err
	}
	if s.Stage != store.SessionOpen {
		return s, hedui.Officer{}, needed(nil)
	}
	o, known, err := d.known(ctx, s.Officer)
	if err == nil && !known {
		err = needed(nil)
	}
	return s, o, err
}

// See notes that the officer has used the session; what a page asks for by itself
// is no use.
func (d *Door) See(ctx context.Context, s store.Session) error {
	now := d.Now()
	if now.Sub(s.SeenAt).Abs() < seeEvery {
		return nil
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SeeSession(ctx, s.ID, now) })
}

// Fresh reports whether the officer has proved who they are not long ago, as
// sealing, printing, exporting and a change of credentials ask.
func (d *Door) Fresh(s store.Session) bool {
	age := d.Now().Sub(s.ProvedAt)
	return s.Stage == store.SessionOpen && age >= -skew && age <= d.Rules.StepUp
}

// settingUp reports whether a session may be given a proof of its own: a fresh
// one, or one that must have it to go on.
func (d *Door) settingUp(s store.Session) error {
	if s.Stage == store.SessionEnrol || d.Fresh(s) {
		return nil
	}
	return stale()
}

// stale says that a fresh proof is needed.
func stale() error { return hedui.Fail(hedui.Forbidden, hedui.Say("signin.stale"), nil) }

// Credentials lists what the officer of a session has.
func (d *Door) Credentials(ctx context.Context, s store.Session) (list []store.Credential, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) { list, err = tx.Credentials(ctx, s.Officer); return err })
	return list, err
}

// Prove is a step-up: the officer of an open session proves anew who they are, by
// password and, where there is one, a code. The session gets a new token.
func (d *Door) Prove(ctx context.Context, v Visitor, s store.Session, text, code string) (Pass, error) {
	list, err := d.Credentials(ctx, s)
	if err != nil {
		return Pass{}, err
	}
	if err := d.provePassword(ctx, v, s, list, text); err != nil {
		return Pass{}, err
	}
	proof := byPassword
	if hasKind(list, store.TOTPCredential) {
		if proof, err = d.proveCode(ctx, v, s, code); err != nil {
			return Pass{}, err
		}
	}
	return d.proved(ctx, v, s, proof)
}

// proved gives a session that is open a fresh proof.
func (d *Door) proved(ctx context.Context, v Visitor, s store.Session, proof string) (Pass, error) {
	return d.further(ctx, v, s, proof, func(tx *store.Tx, o hedui.Officer) error {
		return d.record(ctx, tx, o, audit.ProvedAgain, s.ID, proof)
	})
}

func hasKind(list []store.Credential, kind store.CredentialKind) bool {
	return slices.ContainsFunc(list, func(c store.Credential) bool { return c.Kind == kind })
}

// Sessions lists the open sessions of an officer that are not over.
func (d *Door) Sessions(ctx context.Context, s store.Session) (list []store.Session, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) { list, err = tx.Sessions(ctx, s.Officer); return err })
	return slices.DeleteFunc(list, func(s store.Session) bool { return !d.alive(s) }), err
}

// SignOut ends a session.
func (d *Door) SignOut(ctx context.Context, s store.Session) error { return d.End(ctx, s, s.ID) }

// End ends one session of the officer's, in this browser or another; with no id
// all but this one.
func (d *Door) End(ctx context.Context, s store.Session, id string) error {
	o, _, err := d.known(ctx, s.Officer)
	if err != nil {
		return err
	}
	if o.ID == "" { // an officer who has left may still sign out
		o.ID = s.Officer
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		if id == "" {
			n, err := tx.EndSessions(ctx, s.Officer, s.ID, d.Now())
			if err != nil || n == 0 {
				return err
			}
			return d.record(ctx, tx, o, audit.SignedOut, s.ID, "elsewhere: "+strconv.FormatInt(n, 10))
		}
		if !plainID(id) {
			return nil
		}
		was, err := tx.EndSession(ctx, s.Officer, id, d.Now())
		if err != nil || !was || s.Officer == "" {
			return err
		}
		return d.record(ctx, tx, o, audit.SignedOut, id, "")
	})
}

// Drop takes a credential of the officer's away. The last second proof stays where
// one is demanded.
func (d *Door) Drop(ctx context.Context, s store.Session, id string) error {
	if !d.Fresh(s) {
		return stale()
	}
	o, known, err := d.known(ctx, s.Officer)
	if err == nil && !known {
		err = needed(nil)
	}
	if err != nil {
		return err
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		list, err := tx.Credentials(ctx, o.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(c store.Credential) bool { return c.ID == id })
		if i < 0 || list[i].Kind != store.TOTPCredential && list[i].Kind != store.PasskeyCredential {
			return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil)
		}
		kind := list[i].Kind
		if !d.Rules.Optional && !hasSecond(slices.Delete(list, i, i+1)) {
			return hedui.Fail(hedui.Conflict, hedui.Say("signin.last"), nil)
		}
		if _, err := tx.DropCredential(ctx, o.ID, id); err != nil {
			return err
		}
		return d.record(ctx, tx, o, audit.CredentialDropped, s.ID, string(kind))
	})
}

// Ends says when a session ends if it is not used, and in any case.
func (d *Door) Ends(s store.Session) (idle, absolute time.Time) {
	return s.SeenAt.Add(d.Rules.Idle), s.MadeAt.Add(d.Rules.Absolute)
}

func sorted(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
