package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// A Link says whether a peer is reached.
type Link struct {
	Peer   string
	Up     bool
	Since  time.Time // it has been up, or down, from this instant
	Reason string    // in one word why it is down; empty if it is up
	SeenAt time.Time // of a child: when it was last heard of; zero for a parent
}

// SaveLink keeps the state of a link, and says whether it has changed from up to
// down or back, or is new. Saving the same state again leaves Since as it was,
// so that a restart, or another process, does not make a failure look young.
func (tx *Tx) SaveLink(ctx context.Context, l Link) (changed bool, err error) {
	n, err := tx.exec(ctx, `INSERT INTO links (peer, up, since, reason) VALUES ($1, $2, $3, $4)
		ON CONFLICT (peer) DO UPDATE SET up = excluded.up, since = excluded.since, reason = excluded.reason
		WHERE links.up <> excluded.up`, l.Peer, flag(l.Up), micros(l.Since), l.Reason)
	if err == nil && n == 0 {
		_, err = tx.exec(ctx, `UPDATE links SET reason = $2 WHERE peer = $1 AND reason <> $2`, l.Peer, l.Reason)
	}
	if err != nil {
		return false, fmt.Errorf("save link: %w", err)
	}
	return n > 0, nil
}

// SeeChildren notes that children were heard of just now, and returns those whose
// link was not up before.
func (tx *Tx) SeeChildren(ctx context.Context, peers []string, at time.Time) ([]string, error) {
	var back []string
	for _, peer := range peers {
		changed, err := tx.SaveLink(ctx, Link{Peer: peer, Up: true, Since: at})
		if err == nil {
			_, err = tx.exec(ctx, `UPDATE links SET seen_at = $2 WHERE peer = $1 AND seen_at < $2`, peer, micros(at))
		}
		if err != nil {
			return nil, fmt.Errorf("see children: %w", err)
		}
		if changed {
			back = append(back, peer)
		}
	}
	return back, nil
}

// MissChildren takes the links of children that no process has heard of since an
// instant as down, and returns which these are.
func (tx *Tx) MissChildren(ctx context.Context, since time.Time, reason string) ([]string, error) {
	var gone []string
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var peer string
		err := rows.Scan(&peer)
		gone = append(gone, peer)
		return err
	}, `UPDATE links SET up = 0, since = seen_at, reason = $2 WHERE up = 1 AND seen_at > 0 AND seen_at < $1 RETURNING peer`,
		micros(since), reason)
	if err != nil {
		return nil, fmt.Errorf("miss children: %w", err)
	}
	return gone, nil
}

// Links lists the links that were ever saved, by peer.
func (tx *Tx) Links(ctx context.Context) ([]Link, error) {
	var list []Link
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var l Link
		var up int
		var since, seen int64
		err := rows.Scan(&l.Peer, &up, &since, &l.Reason, &seen)
		l.Up, l.Since, l.SeenAt = up == 1, instant(since), instant(seen)
		list = append(list, l)
		return err
	}, `SELECT peer, up, since, reason, seen_at FROM links ORDER BY peer`)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	return list, nil
}
