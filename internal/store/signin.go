package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hedui/seal"
)

// A CredentialKind is a way to prove who one is.
type CredentialKind string

// The kinds of credentials.
const (
	PasswordCredential CredentialKind = "password"
	TOTPCredential     CredentialKind = "totp"     // an authenticator app
	RecoveryCredential CredentialKind = "recovery" // a code that counts once
	PasskeyCredential  CredentialKind = "passkey"
	BrowserCredential  CredentialKind = "browser" // no proof: a browser in which the officer has signed in before
)

// A Credential is one way in which an officer proves who they are. Its body lies
// encrypted under a key of the node, bound to its id.
type Credential struct {
	ID, Officer           string
	Kind                  CredentialKind
	Name                  string
	Counter               int64
	MadeAt, UsedAt, Until time.Time
	Body                  []byte
}

const credentialColumns = `id, officer, kind, name, counter, made_at, used_at, until, body`

// Credentials lists what an officer has, oldest first.
func (tx *Tx) Credentials(ctx context.Context, officer string) ([]Credential, error) {
	return tx.credentials(ctx, `SELECT `+credentialColumns+` FROM credentials WHERE officer = $1 ORDER BY made_at, id`, officer)
}

// Credential returns one credential; NotFound if there is none.
func (tx *Tx) Credential(ctx context.Context, id string) (Credential, error) {
	list, err := tx.credentials(ctx, `SELECT `+credentialColumns+` FROM credentials WHERE id = $1`, id)
	if err == nil && len(list) == 0 {
		err = notFound()
	}
	if err != nil {
		return Credential{}, err
	}
	return list[0], nil
}

func (tx *Tx) credentials(ctx context.Context, query, arg string) ([]Credential, error) {
	var list []Credential
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var c Credential
		var kind string
		var made, used, until int64
		var box []byte
		if err := rows.Scan(&c.ID, &c.Officer, &kind, &c.Name, &c.Counter, &made, &used, &until, &box); err != nil {
			return err
		}
		c.Kind, c.MadeAt, c.UsedAt, c.Until = CredentialKind(kind), instant(made), instant(used), instant(until)
		c.Body = box
		list = append(list, c)
		return nil
	}, query, arg)
	for i := range list {
		if err == nil {
			list[i].Body, err = tx.unseal(ctx, aad("credentials", list[i].ID, "body"), list[i].Body)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("credentials: %w", err)
	}
	return list, nil
}

// SaveCredential writes a credential, over the one of the same id and officer if
// there is one. The id of another officer's is a Conflict.
func (tx *Tx) SaveCredential(ctx context.Context, c Credential) error {
	box, err := tx.seal(ctx, aad("credentials", c.ID, "body"), c.Body)
	if err != nil {
		return fmt.Errorf("save credential: %w", err)
	}
	n, err := tx.exec(ctx, `INSERT INTO credentials (`+credentialColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, counter = excluded.counter, made_at = excluded.made_at,
			used_at = excluded.used_at, until = excluded.until, body = excluded.body
		WHERE credentials.officer = excluded.officer AND credentials.kind = excluded.kind`,
		c.ID, c.Officer, string(c.Kind), c.Name, c.Counter, micros(c.MadeAt), micros(c.UsedAt), micros(c.Until), box)
	switch {
	case err != nil:
		return fmt.Errorf("save credential: %w", err)
	case n == 0:
		return moved()
	}
	return nil
}

// UseCounter notes that a credential was used with a counter, and reports false
// if that one, or one up to slack below the last, was used already: of two at
// once only one is let through. A last one that is further ahead was written
// while the clock was wrong and does not count.
func (tx *Tx) UseCounter(ctx context.Context, id string, counter, slack int64, at time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE credentials SET counter = $2, used_at = $3 WHERE id = $1 AND (counter < $2 OR counter > $2 + $4)`,
		id, counter, micros(at), slack)
	if err != nil {
		return false, fmt.Errorf("use credential: %w", err)
	}
	return n > 0, nil
}

// DropCredential takes a credential of an officer away, and reports whether it
// was there: a code that counts once is used by this.
func (tx *Tx) DropCredential(ctx context.Context, officer, id string) (bool, error) {
	n, err := tx.exec(ctx, `DELETE FROM credentials WHERE id = $1 AND officer = $2`, id, officer)
	if err != nil {
		return false, fmt.Errorf("drop credential: %w", err)
	}
	return n > 0, nil
}

// DropCredentials takes all credentials of a kind away.
func (tx *Tx) DropCredentials(ctx context.Context, officer string, kinds ...CredentialKind) error {
	for _, k := range kinds {
		if _, err := tx.exec(ctx, `DELETE FROM credentials WHERE officer = $1 AND kind = $2`, officer, string(k)); err != nil {
			return fmt.Errorf("drop credentials: %w", err)
		}
	}
	return nil
}

// A SessionStage is how far somebody has come with signing in.
type SessionStage string

// The stages of a session. Only an open one lets its officer act.
const (
	SessionBegun  SessionStage = "begun"  // nobody has proved anything yet
	SessionSecond SessionStage = "second" // the second proof is missing
	SessionChange SessionStage = "change" // an initial password must be changed
	SessionEnrol  SessionStage = "enrol"  // a second proof must be set up
	SessionOpen   SessionStage = "open"
)

// A Session is what the server knows of a browser in which somebody signs in or
// has done so. Token is the SHA-256, in hexadecimal, of what the browser holds. Of
// one that was ended SeenAt is zero, and MadeAt is when: it lets nobody in, and
// stays for a while, so that a form sent too late finds its officer.
type Session struct {
	ID, Token, Officer       string
	Stage                    SessionStage
	How                      string
	Browser, Address         string
	MadeAt, SeenAt, ProvedAt time.Time
	Pending                  json.RawMessage // what was begun and not yet ended; lies encrypted
}

const sessionColumns = `id, token, officer, stage, how, browser, address, made_at, seen_at, proved_at, pending`

// Session returns the session of a token's hash; NotFound if there is none. In a
// transaction that writes it stays as it is until the end.
func (tx *Tx) Session(ctx context.Context, token string) (Session, error) {
	list, err := tx.sessions(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE token = $1`+tx.rowsLock(), token)
	if err == nil && len(list) == 0 {
		err = notFound()
	}
	if err != nil {
		return Session{}, err
	}
	return list[0], nil
}

// Sessions lists the open sessions of an officer, the newest first.
func (tx *Tx) Sessions(ctx context.Context, officer string) ([]Session, error) {
	return tx.sessions(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE officer = $1 AND stage = 'open' AND seen_at > 0 ORDER BY made_at DESC, id DESC`, officer)
}

func (tx *Tx) rowsLock() string {
	if tx.write {
		return tx.db.engine.lockRows
	}
	return ""
}

func (tx *Tx) sessions(ctx context.Context, query, arg string) ([]Session, error) {
	var list []Session
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var s Session
		var stage string
		var made, seen, proved int64
		var box []byte
		if err := rows.Scan(&s.ID, &s.Token, &s.Officer, &stage, &s.How, &s.Browser, &s.Address, &made, &seen, &proved, &box); err != nil {
			return err
		}
		s.Stage, s.MadeAt, s.SeenAt, s.ProvedAt = SessionStage(stage), instant(made), instant(seen), instant(proved)
		s.Pending = box
		list = append(list, s)
		return nil
	}, query, arg)
	for i := range list {
		if err == nil && len(list[i].Pending) > 0 { // empty where the session was ended
			list[i].Pending, err = tx.unseal(ctx, aad("sessions", list[i].ID, "pending"), list[i].Pending)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("sessions: %w", err)
	}
	return list, nil
}

// AddSession writes a new session.
func (tx *Tx) AddSession(ctx context.Context, s Session) error {
	box, err := tx.seal(ctx, aad("sessions", s.ID, "pending"), s.Pending)
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO sessions (`+sessionColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			s.ID, s.Token, s.Officer, string(s.Stage), s.How, s.Browser, s.Address, micros(s.MadeAt), micros(s.SeenAt), micros(s.ProvedAt), box)
	}
	if err != nil {
		return fmt.Errorf("add session: %w", err)
	}
	return nil
}

// MoveSession writes a session that was known by the token before. If it has
// ended, or was moved by somebody else, that is a Conflict.
func (tx *Tx) MoveSession(ctx context.Context, before string, s Session) error {
	box, err := tx.seal(ctx, aad("sessions", s.ID, "pending"), s.Pending)
	if err != nil {
		return fmt.Errorf("move session: %w", err)
	}
	n, err := tx.exec(ctx, `UPDATE sessions SET token = $3, officer = $4, stage = $5, how = $6, seen_at = $7, proved_at = $8, pending = $9, made_at = $10
		WHERE id = $1 AND token = $2 AND seen_at > 0`,
		s.ID, before, s.Token, s.Officer, string(s.Stage), s.How, micros(s.SeenAt), micros(s.ProvedAt), box, micros(s.MadeAt))
	switch {
	case err != nil:
		return fmt.Errorf("move session: %w", err)
	case n == 0:
		return moved()
	}
	return nil
}

// SeeSession notes that a session was used.
func (tx *Tx) SeeSession(ctx context.Context, id string, at time.Time) error {
	if _, err := tx.exec(ctx, `UPDATE sessions SET seen_at = $2 WHERE id = $1 AND seen_at > 0`, id, micros(at)); err != nil {
		return fmt.Errorf("see session: %w", err)
	}
	return nil
}

// EndSession ends one session of an officer and reports whether it was there.
func (tx *Tx) EndSession(ctx context.Context, officer, id string, at time.Time) (bool, error) {
	n, err := tx.endSessions(ctx, `id = $3 AND officer = $2`, officer, id, at)
	return n > 0, err
}

// EndSessions ends all sessions of an officer but one, and says how many.
func (tx *Tx) EndSessions(ctx context.Context, officer, except string, at time.Time) (int64, error) {
	return tx.endSessions(ctx, `id <> $3 AND officer = $2`, officer, except, at)
}

// endSessions forgets what nobody has finished, and marks what was open as ended.
func (tx *Tx) endSessions(ctx context.Context, which, officer, id string, at time.Time) (int64, error) {
	begun, err := tx.exec(ctx, `DELETE FROM sessions WHERE `+which+` AND stage <> $1`, string(SessionOpen), officer, id)
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	open, err := tx.exec(ctx, `UPDATE sessions SET seen_at = 0, made_at = $1, pending = $4 WHERE `+which+` AND stage = $5 AND seen_at > 0`,
		micros(at), officer, id, []byte{}, string(SessionOpen))
	if err != nil {
		return 0, fmt.Errorf("end sessions: %w", err)
	}
	return begun + open, nil
}

// KeepForm keeps in a session that is over, and is ended by this, what was sent from it too late.
func (tx *Tx) KeepForm(ctx context.Context, id string, form []byte, at time.Time) error {
	box, err := tx.seal(ctx, aad("sessions", id, "pending"), form)
	if err == nil {
		_, err = tx.exec(ctx, `UPDATE sessions SET seen_at = 0, made_at = $2, pending = $3 WHERE id = $1`, id, micros(at), box)
	}
	if err != nil {
		return fmt.Errorf("keep form: %w", err)
	}
	return nil
}

// KeptForm returns what was kept for an officer since an instant; NotFound if there is nothing.
func (tx *Tx) KeptForm(ctx context.Context, officer, id string, since time.Time) ([]byte, error) {
	list, err := tx.sessions(ctx, `SELECT `+sessionColumns+` FROM sessions WHERE id = $1 AND seen_at = 0`, id)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0, list[0].Officer != officer, list[0].MadeAt.Before(since), len(list[0].Pending) == 0:
		return nil, notFound()
	}
	return list[0].Pending, nil
}

// DropForm forgets what was kept for an officer.
func (tx *Tx) DropForm(ctx context.Context, officer, id string) error {
	if _, err := tx.exec(ctx, `UPDATE sessions SET pending = $3 WHERE id = $1 AND officer = $2 AND seen_at = 0`, id, officer, []byte{}); err != nil {
		return fmt.Errorf("drop form: %w", err)
	}
	return nil
}

// PurgeSignIn forgets sessions made before an instant, those that were ended before
// another with what was kept in them, those that are not open made before a third,
// and failed proofs that were last tried before a fourth.
func (tx *Tx) PurgeSignIn(ctx context.Context, sessions, ended, unfinished, tries time.Time) error {
	for _, p := range []struct {
		statement string
		before    time.Time
	}{
		{`DELETE FROM sessions WHERE made_at < $1`, sessions},
		{`DELETE FROM sessions WHERE made_at < $1 AND seen_at = 0`, ended},
		{`DELETE FROM sessions WHERE made_at < $1 AND stage <> 'open'`, unfinished},
		{`DELETE FROM tries WHERE last_at < $1`, tries},
		{`DELETE FROM credentials WHERE kind = 'browser' AND until < $1`, tries},
	} {
		if _, err := tx.exec(ctx, p.statement, micros(p.before)); err != nil {
			return fmt.Errorf("purge sign-in: %w", err)
		}
	}
	return nil
}

// Tries are proofs that somebody has tried and that have not succeeded since.
type Tries struct {
	N    int
	Last time.Time
}

// tryKey is the row of an officer's name, a browser or an address. A name that
// was typed may be a password, so it does not lie in clear.
func (tx *Tx) tryKey(what string) (string, error) { return seal.Blind(tx.db.blind, "tries", what) }

// Tries returns how often something was tried; none is zero. Nobody else counts it
// until the transaction ends.
func (tx *Tx) Tries(ctx context.Context, what string) (t Tries, err error) {
	key, err := tx.tryKey(what)
	if err == nil {
		err = tx.lockName(ctx, "tries "+key)
	}
	if err != nil {
		return t, fmt.Errorf("tries: %w", err)
	}
	var last int64
	err = tx.tx.QueryRowContext(ctx, `SELECT n, last_at FROM tries WHERE what = $1`, key).Scan(&t.N, &last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return t, fmt.Errorf("tries: %w", err)
	}
	t.Last = instant(last)
	return t, nil
}

// SetTries writes how often something was tried; zero forgets it.
func (tx *Tx) SetTries(ctx context.Context, what string, t Tries) error {
	key, err := tx.tryKey(what)
	switch {
	case err != nil:
	case t.N == 0:
		_, err = tx.exec(ctx, `DELETE FROM tries WHERE what = $1`, key)
	default:
		_, err = tx.exec(ctx, `INSERT INTO tries (what, n, last_at) VALUES ($1, $2, $3)
			ON CONFLICT (what) DO UPDATE SET n = excluded.n, last_at = excluded.last_at`, key, t.N, micros(t.Last))
	}
	if err != nil {
		return fmt.Errorf("set tries: %w", err)
	}
	return nil
}
