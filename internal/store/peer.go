package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hedui/day"
)

// A PeerRole says on which side of this node a peer stands.
type PeerRole string

// The roles.
const (
	ParentRole PeerRole = "parent"
	ChildRole  PeerRole = "child"
)

// A Peer is another node whose keys are pinned here. Keys is written and read by
// package federation; they are public keys with their times.
type Peer struct {
	Name, Division, Level string
	Role                  PeerRole
	Keys                  string
	Revoked               bool
	ChangedAt             time.Time
	ChangedBy             string // id of the officer, or of the peer itself
}

// SavePeer pins a peer, or changes what is pinned.
func (tx *Tx) SavePeer(ctx context.Context, p Peer) error {
	_, err := tx.exec(ctx, `INSERT INTO peers (name, role, division, level, keys, revoked, changed_at, changed_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO UPDATE SET role = excluded.role, division = excluded.division,
		level = excluded.level, keys = excluded.keys, revoked = excluded.revoked, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
		p.Name, string(p.Role), p.Division, p.Level, p.Keys, flag(p.Revoked), micros(p.ChangedAt), p.ChangedBy)
	if err != nil {
		return fmt.Errorf("save peer: %w", err)
	}
	return nil
}

// Peers lists the peers by name, the revoked ones included. In a transaction
// that writes, they stay as they are for all others until the end.
func (tx *Tx) Peers(ctx context.Context) ([]Peer, error) {
	var list []Peer
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var p Peer
		var role string
		var revoked int
		var changed int64
		err := rows.Scan(&p.Name, &role, &p.Division, &p.Level, &p.Keys, &revoked, &changed, &p.ChangedBy)
		p.Role, p.Revoked, p.ChangedAt = PeerRole(role), revoked == 1, instant(changed)
		list = append(list, p)
		return err
	}, `SELECT name, role, division, level, keys, revoked, changed_at, changed_by FROM peers ORDER BY name`+tx.lockRows())
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	return list, nil
}

// An EnrolmentState says how far an invitation has come.
type EnrolmentState string

// The states.
const (
	Invited  EnrolmentState = "invited"  // there is a code nobody has used
	Asked    EnrolmentState = "asked"    // a node has used it and waits for an officer
	Approved EnrolmentState = "approved" // its keys are pinned
	Declined EnrolmentState = "declined"
)

// An Enrolment is the invitation of a node to become a child, and what came of
// it. Secret is kept encrypted, and only while it is needed.
type Enrolment struct {
	Name, Division, Level string
	State                 EnrolmentState
	ExpiresAt             time.Time
	Secret                []byte
	Request               string // public keys of the node that has asked
	ChangedAt             time.Time
	ChangedBy             string
}

// SaveEnrolment writes an enrolment over the one of the same name.
func (tx *Tx) SaveEnrolment(ctx context.Context, e Enrolment) error {
	var box []byte
	if e.Secret != nil {
		sealed, err := tx.seal(ctx, aad("enrolments", e.Name, "secret"), e.Secret)
		if err != nil {
			return fmt.Errorf("save enrolment: %w", err)
		}
		box = sealed
	}
	_, err := tx.exec(ctx, `INSERT INTO enrolments (name, division, level, state, expires_at, secret, request, changed_at, changed_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO UPDATE SET division = excluded.division, level = excluded.level,
		state = excluded.state, expires_at = excluded.expires_at, secret = excluded.secret, request = excluded.request,
		changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
		e.Name, e.Division, e.Level, string(e.State), micros(e.ExpiresAt), box, e.Request, micros(e.ChangedAt), e.ChangedBy)
	if err != nil {
		return fmt.Errorf("save enrolment: %w", err)
	}
	return nil
}

// Enrolments lists all enrolments by name, those of the names only if any are
// given. In a transaction that writes, they stay as they are for all others
// until the end.
func (tx *Tx) Enrolments(ctx context.Context, names ...string) ([]Enrolment, error) {
	query, args := `SELECT name, division, level, state, expires_at, secret, request, changed_at, changed_by FROM enrolments`, []any{}
	if len(names) > 0 {
		query, args = query+` WHERE name `+tx.db.engine.in(1), []any{tx.db.engine.list(names)}
	}
	var list []Enrolment
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var e Enrolment
		var state string
		var expires, changed int64
		err := rows.Scan(&e.Name, &e.Division, &e.Level, &state, &expires, &e.Secret, &e.Request, &changed, &e.ChangedBy)
		e.State, e.ExpiresAt, e.ChangedAt = EnrolmentState(state), instant(expires), instant(changed)
		list = append(list, e)
		return err
	}, query+` ORDER BY name`+tx.lockRows(), args...)
	for i := range list {
		if err == nil && list[i].Secret != nil {
			list[i].Secret, err = tx.unseal(ctx, aad("enrolments", list[i].Name, "secret"), list[i].Secret)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("enrolments: %w", err)
	}
	return list, nil
}

// An Incident is something that was refused of another node, counted by day.
type Incident struct {
	Peer     string // name it gives itself
	Reason   string
	Remote   string // its address, without the port
	Key      string // KeyID of its key
	Envelope string // id of the last one, if it is known
	First    time.Time
	Last     time.Time
	Count    int
}

// ManyIncidents is the reason of what is counted without saying what it was,
// because the day has seen so much of it.
const ManyIncidents = "many"

// mostIncidents is how many different incidents are kept of a day. Whoever knocks
// from ever new addresses must not fill the disk.
const mostIncidents = 500

// AddIncident counts an incident; on is the day in local time.
func (tx *Tx) AddIncident(ctx context.Context, on string, i Incident) error {
	n, err := tx.exec(ctx, `UPDATE incidents SET node_key = $5, envelope = $6, last_at = $7, n = n + $8
		WHERE on_day = $1 AND peer = $2 AND reason = $3 AND remote = $4`, on, i.Peer, i.Reason, i.Remote, i.Key, i.Envelope, micros(i.Last), i.Count)
	if err != nil {
		return fmt.Errorf("add incident: %w", err)
	}
	if n > 0 {
		return nil
	}
	var kept int
	if err := tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM incidents WHERE on_day = $1`, on).Scan(&kept); err != nil {
		return fmt.Errorf("count incidents: %w", err)
	}
	if kept >= mostIncidents {
		i.Peer, i.Reason, i.Remote, i.Key, i.Envelope = "", ManyIncidents, "", "", ""
	}
	_, err = tx.exec(ctx, `INSERT INTO incidents (on_day, peer, reason, remote, node_key, envelope, first_at, last_at, n)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) ON CONFLICT (on_day, peer, reason, remote) DO UPDATE SET
		node_key = excluded.node_key, envelope = excluded.envelope, last_at = excluded.last_at, n = incidents.n + excluded.n`,
		on, i.Peer, i.Reason, i.Remote, i.Key, i.Envelope, micros(i.Last), i.Count)
	if err != nil {
		return fmt.Errorf("add incident: %w", err)
	}
	return nil
}

// PurgeIncidents forgets what was refused before a day.
func (tx *Tx) PurgeIncidents(ctx context.Context, before day.Day) error {
	if _, err := tx.exec(ctx, `DELETE FROM incidents WHERE on_day < $1`, before.String()); err != nil {
		return fmt.Errorf("purge incidents: %w", err)
	}
	return nil
}

// Incidents lists what was refused, the latest first, at most n.
func (tx *Tx) Incidents(ctx context.Context, n int) ([]Incident, error) {
	var list []Incident
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var i Incident
		var first, last int64
		err := rows.Scan(&i.Peer, &i.Reason, &i.Remote, &i.Key, &i.Envelope, &first, &last, &i.Count)
		i.First, i.Last = instant(first), instant(last)
		list = append(list, i)
		return err
	}, `SELECT peer, reason, remote, node_key, envelope, first_at, last_at, n FROM incidents ORDER BY last_at DESC LIMIT $1`, n)
	if err != nil {
		return nil, fmt.Errorf("incidents: %w", err)
	}
	return list, nil
}
