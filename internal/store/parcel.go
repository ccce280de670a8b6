package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A Parcel is something for a peer, written in the transaction of the change
// that causes it and kept until the peer has it. What is in it only the two ends
// know; the store keeps its body encrypted. The other fields lie in clear and
// hold nothing personal.
type Parcel struct {
	ID        string // unique among the parcels for this peer that wait
	Peer      string
	Kind      string
	CreatedAt time.Time
	ExpiresAt time.Time // not to be sent any more from this instant; zero = never
	Body      []byte
}

// where is what a parcel's body is bound to. Quotes keep one name from running
// into the next.
func (p Parcel) where() []byte {
	return aad("parcels", strconv.Quote(p.Peer)+strconv.Quote(p.ID)+strconv.Quote(p.Kind), "body")
}

// AddParcels puts parcels into the outbox. One whose id waits already for the
// same peer is left out.
func (tx *Tx) AddParcels(ctx context.Context, parcels ...Parcel) error {
	rows := make([][]any, len(parcels))
	for i, p := range parcels {
		box, err := tx.seal(ctx, p.where(), p.Body)
		if err != nil {
			return fmt.Errorf("add parcels: %w", err)
		}
		rows[i] = []any{p.Peer, p.ID, p.Kind, micros(p.CreatedAt), micros(p.ExpiresAt), 0, "", box}
		tx.peers = append(tx.peers, p.Peer)
	}
	err := tx.insert(ctx, `INSERT INTO parcels (peer, id, kind, created_at, expires_at, leased_until, lease, body)`,
		rows, `ON CONFLICT DO NOTHING`)
	if err != nil {
		return fmt.Errorf("add parcels: %w", err)
	}
	return nil
}

// DropParcels takes parcels out of the outbox, be they on their way or not, as
// when the consent to what they ask is withdrawn. Ids of which there is none are
// no error.
func (tx *Tx) DropParcels(ctx context.Context, peer string, ids []string) error {
	_, err := tx.exec(ctx, `DELETE FROM parcels WHERE peer = $1 AND id `+tx.db.engine.in(2), peer, tx.db.engine.list(ids))
	if err != nil {
		return fmt.Errorf("drop parcels: %w", err)
	}
	return nil
}

// longestLease is how long a parcel is lent or put off at most: a minute, and the
// five by which the clock of another process may run ahead. A lease that ends
// later was made by a clock that was wrong and is right now; it holds nothing back.
const longestLease = 6 * time.Minute

// Parcels returns at most n parcels for a peer, oldest first and those of one
// instant by id, without the expired ones and those that somebody sends. Until
// the given instant nobody else gets them; then, unless they are delivered, they
// come back. One whose row was changed behind our back is an error, beside which
// the others are returned all the same, so that it does not hold them up.
func (db *DB) Parcels(ctx context.Context, peer string, n int, now, until time.Time) ([]Parcel, error) {
	var list []Parcel
	err := eachOf(ctx, db.write, func(rows *sql.Rows) error {
		p := Parcel{Peer: peer}
		var created, expires int64
		err := rows.Scan(&p.ID, &p.Kind, &created, &expires, &p.Body)
		p.CreatedAt, p.ExpiresAt = instant(created), instant(expires)
		list = append(list, p)
		return err
	}, `WITH due AS MATERIALIZED (
			SELECT id FROM parcels WHERE peer = $1 AND (leased_until <= $2 OR leased_until > $6) AND (expires_at = 0 OR expires_at > $2)
			ORDER BY created_at, id LIMIT $3`+db.engine.skipLock+`)
		UPDATE parcels SET leased_until = $4, lease = $5
		WHERE peer = $1 AND id IN (SELECT id FROM due) RETURNING id, kind, created_at, expires_at, body`,
		peer, micros(now), n, micros(until), db.owner, micros(now.Add(longestLease)))
	if err != nil {
		return nil, db.wrap("parcels", err)
	}
	var damaged []error
	opened := list[:0]
	for _, p := range list {
		body, err := db.unseal(ctx, db.write, p.where(), p.Body)
		if err != nil {
			damaged = append(damaged, fmt.Errorf("parcel %s: %w", p.ID, err))
			continue
		}
		p.Body = body
		opened = append(opened, p)
	}
	slices.SortFunc(opened, func(a, b Parcel) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return opened, db.wrap("parcels", errors.Join(damaged...))
}

// ParcelsDelivered takes parcels that the peer has out of the outbox, whoever
// has sent them.
func (db *DB) ParcelsDelivered(ctx context.Context, peer string, ids []string) error {
	return db.InTx(ctx, func(tx *Tx) error { return tx.DropParcels(ctx, peer, ids) })
}

// ReleaseParcels gives back parcels that could not be sent: from the instant on
// they are for whoever asks next. Those that another process has meanwhile stay
// with it.
func (db *DB) ReleaseParcels(ctx context.Context, peer string, ids []string, at time.Time) error {
	return db.InTx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE parcels SET leased_until = $4, lease = '' WHERE peer = $1 AND lease = $2 AND id `+
			tx.db.engine.in(3), peer, db.owner, tx.db.engine.list(ids), micros(at))
		if err != nil {
			return fmt.Errorf("release parcels: %w", err)
		}
		return nil
	})
}

// FreeParcels gives back at once what this opening of the database has taken, but
// for the parcels for one peer: whoever was to send them has ended. What had
// arrived all the same comes a second time, and the peer knows it.
func (db *DB) FreeParcels(ctx context.Context, but string) error {
	return db.InTx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `UPDATE parcels SET leased_until = 0, lease = '' WHERE lease = $1 AND peer <> $2`, db.owner, but)
		if err != nil {
			return fmt.Errorf("free parcels: %w", err)
		}
		return nil
	})
}

// ParcelsByID returns those of the parcels for a peer that still wait, be they
// on their way or not, by id.
func (tx *Tx) ParcelsByID(ctx context.Context, peer string, ids []string) ([]Parcel, error) {
	var list []Parcel
	err := tx.each(ctx, func(rows *sql.Rows) error {
		p := Parcel{Peer: peer}
		var created, expires int64
		err := rows.Scan(&p.ID, &p.Kind, &created, &expires, &p.Body)
		p.CreatedAt, p.ExpiresAt = instant(created), instant(expires)
		list = append(list, p)
		return err
	}, `SELECT id, kind, created_at, expires_at, body FROM parcels WHERE peer = $1 AND id `+tx.db.engine.in(2)+` ORDER BY id`,
		peer, tx.db.engine.list(ids))
	for i := range list {
		if err == nil {
			list[i].Body, err = tx.unseal(ctx, list[i].where(), list[i].Body)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("parcels: %w", err)
	}
	return list, nil
}

// NextParcel returns when the next parcel for a peer may be had: an instant that
// has passed if one waits, or the end of the first lease; false if there is none.
// It only reads, so it is the way to look often.
func (db *DB) NextParcel(ctx context.Context, peer string, now time.Time) (time.Time, bool, error) {
	var next sql.NullInt64
	err := db.read.QueryRowContext(ctx, `SELECT coalesce(
			(SELECT 0 FROM parcels WHERE peer = $1 AND (leased_until <= $2 OR leased_until > $3) AND (expires_at = 0 OR expires_at > $2)
			ORDER BY created_at, id LIMIT 1),
			(SELECT min(leased_until) FROM parcels WHERE peer = $1 AND (expires_at = 0 OR expires_at > $2)))`,
		peer, micros(now), micros(now.Add(longestLease))).Scan(&next)
	if err != nil {
		return time.Time{}, false, db.wrap("next parcel", err)
	}
	return time.UnixMicro(next.Int64).UTC(), next.Valid, nil
}

// Waiting counts, by peer, the parcels in the outbox, those on their way and the
// expired ones that are not purged included, and says since when the oldest
// waits. A peer without parcels is not in the maps.
func (db *DB) Waiting(ctx context.Context) (count map[string]int, oldest map[string]time.Time, err error) {
	count, oldest = map[string]int{}, map[string]time.Time{}
	err = eachOf(ctx, db.read, func(rows *sql.Rows) error {
		var peer string
		var n int
		var created int64
		if err := rows.Scan(&peer, &n, &created); err != nil {
			return err
		}
		count[peer], oldest[peer] = n, instant(created)
		return nil
	}, `SELECT peer, count(*), min(created_at) FROM parcels GROUP BY peer`)
	if err != nil {
		return nil, nil, db.wrap("waiting parcels", err)
	}
	return count, oldest, nil
}

// ParcelsOfKind counts the parcels of a kind that wait for any peer.
func (db *DB) ParcelsOfKind(ctx context.Context, kind string) (int, error) {
	var n int
	err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM parcels WHERE kind = $1`, kind).Scan(&n)
	return n, db.wrap("parcels of a kind", err)
}

// PurgeParcels deletes the parcels that expired before an instant, and returns
// how many there were.
func (db *DB) PurgeParcels(ctx context.Context, before time.Time) (int, error) {
	return db.purge(ctx, "purge parcels", `DELETE FROM parcels WHERE expires_at > 0 AND expires_at < $1`, before)
}
