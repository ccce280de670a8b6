package store

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"fmt"
	"time"

	"hedui/idcard"
	"hedui/internal/hedui"
)

// The citizen's mirror knows a person by the blind index alone: neither a code nor a
// session holds the number.

// A PersonMark is the blind index of a person, by which the mirror of one citizen
// finds the cases. It cannot be turned back into the number.
type PersonMark string

// A Place is where a person stands: the number of the person in a case.
type Place struct {
	Case   string
	Person int
}

// PersonMark is the mark of a person.
func (tx *Tx) PersonMark(id idcard.Number) (PersonMark, error) {
	blind, err := tx.blind(id)
	if err != nil {
		return "", fmt.Errorf("mark of a person: %w", err)
	}
	return PersonMark(blind), nil
}

// PlacesOf lists the cases in which a person is a member or owes support, newest
// first.
func (tx *Tx) PlacesOf(ctx context.Context, m PersonMark) ([]Place, error) {
	var list []Place
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var p Place
		err := rows.Scan(&p.Case, &p.Person)
		list = append(list, p)
		return err
	}, `SELECT case_id, person FROM case_persons WHERE blind = $1 ORDER BY case_id DESC`, string(m))
	if err != nil {
		return nil, fmt.Errorf("places of a person: %w", err)
	}
	return list, nil
}

// codeDigest binds a code to the number it was made for.
func (tx *Tx) codeDigest(id idcard.Number, code string) (string, error) {
	return tx.mark("mirror code", id.Reveal()+"\x00"+code)
}

// AddMirrorCode keeps a one-time code for a person of a case until an instant. An
// earlier code of the person counts no more.
func (tx *Tx) AddMirrorCode(ctx context.Context, entryID, caseID string, id idcard.Number, code string, at, until time.Time) error {
	blind, err := tx.blind(id)
	if err != nil {
		return fmt.Errorf("add code: %w", err)
	}
	digest, err := tx.codeDigest(id, code)
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM mirror_codes WHERE blind = $1`, blind)
	}
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO mirror_codes (id, case_id, blind, digest, made_at, until, tries) VALUES ($1, $2, $3, $4, $5, $6, 0)`,
			entryID, caseID, blind, digest, micros(at), micros(until))
	}
	if err != nil {
		return fmt.Errorf("add code: %w", err)
	}
	return nil
}

// UseMirrorCode takes the code of a person away and reports whether it was right. A
// wrong one counts against the code there is, which after most tries is right no
// more. A number without a code takes the same steps as one with it.
func (tx *Tx) UseMirrorCode(ctx context.Context, id idcard.Number, code string, most int, at time.Time) (bool, error) {
	blind, err := tx.blind(id)
	if err == nil {
		err = tx.lockName(ctx, "mirror "+blind)
	}
	if err != nil {
		return false, fmt.Errorf("use code: %w", err)
	}
	given, err := tx.codeDigest(id, code)
	if err != nil {
		return false, fmt.Errorf("use code: %w", err)
	}
	kept := ""
	err = tx.each(ctx, func(rows *sql.Rows) error { return rows.Scan(&kept) },
		`SELECT digest FROM mirror_codes WHERE blind = $1 AND until > $2 AND made_at <= $2 AND tries < $3`, blind, micros(at), most)
	if err != nil {
		return false, fmt.Errorf("use code: %w", err)
	}
	right := subtle.ConstantTimeCompare([]byte(given), []byte(kept)) == 1
	statement := `UPDATE mirror_codes SET tries = tries + 1 WHERE blind = $1`
	if right {
		statement = `DELETE FROM mirror_codes WHERE blind = $1`
	}
	if _, err := tx.exec(ctx, statement, blind); err != nil {
		return false, fmt.Errorf("use code: %w", err)
	}
	return right, nil
}

// A MirrorSession is a citizen who looks into the mirror. Token is the SHA-256, in
// hexadecimal, of what the browser holds.
type MirrorSession struct {
	Token          string
	Person         PersonMark
	MadeAt, SeenAt time.Time
}

// AddMirrorSession writes a new session, and forgets those made before an instant
// together with the codes that ended before it.
func (tx *Tx) AddMirrorSession(ctx context.Context, s MirrorSession, over time.Time) error {
	_, err := tx.exec(ctx, `DELETE FROM mirror_sessions WHERE made_at < $1`, micros(over))
	if err == nil {
		_, err = tx.exec(ctx, `DELETE FROM mirror_codes WHERE until < $1`, micros(over))
	}
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO mirror_sessions (token, blind, made_at, seen_at) VALUES ($1, $2, $3, $4)`,
			s.Token, string(s.Person), micros(s.MadeAt), micros(s.SeenAt))
	}
	if err != nil {
		return fmt.Errorf("add session of a citizen: %w", err)
	}
	return nil
}

// MirrorSession returns the session of a token's hash; NotFound if there is none.
func (tx *Tx) MirrorSession(ctx context.Context, token string) (MirrorSession, error) {
	s := MirrorSession{Token: token}
	found := false
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var made, seen int64
		err := rows.Scan(&s.Person, &made, &seen)
		s.MadeAt, s.SeenAt, found = instant(made), instant(seen), true
		return err
	}, `SELECT blind, made_at, seen_at FROM mirror_sessions WHERE token = $1`, token)
	if err == nil && !found {
		return s, notFound()
	}
	if err != nil {
		return s, fmt.Errorf("session of a citizen: %w", err)
	}
	return s, nil
}

// SeeMirrorSession notes that a session was used.
func (tx *Tx) SeeMirrorSession(ctx context.Context, token string, at time.Time) error {
	if _, err := tx.exec(ctx, `UPDATE mirror_sessions SET seen_at = $2 WHERE token = $1`, token, micros(at)); err != nil {
		return fmt.Errorf("see session of a citizen: %w", err)
	}
	return nil
}

// EndMirrorSession ends a session.
func (tx *Tx) EndMirrorSession(ctx context.Context, token string) error {
	if _, err := tx.exec(ctx, `DELETE FROM mirror_sessions WHERE token = $1`, token); err != nil {
		return fmt.Errorf("end session of a citizen: %w", err)
	}
	return nil
}

// A RequestFilter says which requests of citizens are listed; its zero value means all.
type RequestFilter struct {
	Number   string
	Case     string
	Division string // beginning of the code
	Open     bool   // only what is not answered
}

type requestBody struct {
	Text   string `json:"text"`
	Answer string `json:"answer"`
}

// Requests lists requests of citizens, the most urgent first.
func (tx *Tx) Requests(ctx context.Context, f RequestFilter) ([]hedui.Request, error) {
	var list []hedui.Request
	var boxes [][]byte
	var cases []string
	open := 0
	if f.Open {
		open = 1
	}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var r hedui.Request
		var asked, due, answered int64
		var box []byte
		err := rows.Scan(&r.Number, &r.Case, &r.Person, &r.Kind, &r.State, &asked, &due, &answered, &box)
		r.AskedAt, r.DueAt, r.AnsweredAt = instant(asked), instant(due), instant(answered)
		list, boxes, cases = append(list, r), append(boxes, box), append(cases, r.Case)
		return err
	}, `SELECT r.number, r.case_id, r.person, r.kind, r.state, r.asked_at, r.due_at, r.answered_at, r.body
		FROM mirror_requests r JOIN cases c ON c.id = r.case_id
		WHERE ($1 = '' OR r.number = $1) AND ($2 = '' OR r.case_id = $2) AND substr(c.division, 1, length($3)) = $3
		AND (CAST($4 AS BIGINT) = 0 OR r.state = 'open') ORDER BY r.due_at, r.number LIMIT 500`, f.Number, f.Case, f.Division, open)
	if err != nil {
		return nil, fmt.Errorf("requests of citizens: %w", err)
	}
	if err := tx.loadKeys(ctx, cases); err != nil {
		return nil, fmt.Errorf("requests of citizens: %w", err)
	}
	for i := range list {
		var b requestBody
		if err := tx.unboxJSON(list[i].Case, aad("mirror_requests", list[i].Number, "body"), boxes[i], &b); err != nil {
			return nil, fmt.Errorf("requests of citizens: %w", err)
		}
		list[i].Text, list[i].Answer = b.Text, b.Answer
	}
	return list, nil
}

// SaveRequest writes a new request, or the answer to one that is open; an answered
// one is a Conflict.
func (tx *Tx) SaveRequest(ctx context.Context, r hedui.Request) error {
	if err := tx.loadKeys(ctx, []string{r.Case}); err != nil {
		return fmt.Errorf("save request: %w", err)
	}
	box, err := tx.boxJSON(r.Case, aad("mirror_requests", r.Number, "body"), requestBody{r.Text, r.Answer})
	if err != nil {
		return fmt.Errorf("save request: %w", err)
	}
	n, err := tx.exec(ctx, `INSERT INTO mirror_requests (number, case_id, person, kind, state, asked_at, due_at, answered_at, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (number) DO UPDATE SET state = excluded.state, answered_at = excluded.answered_at, body = excluded.body
		WHERE mirror_requests.state = 'open'`,
		r.Number, r.Case, r.Person, string(r.Kind), string(r.State), micros(r.AskedAt), micros(r.DueAt), micros(r.AnsweredAt), box)
	switch {
	case err != nil:
		return fmt.Errorf("save request: %w", err)
	case n == 0:
		return moved()
	}
	return nil
}
