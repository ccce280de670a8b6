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

// Links lists the links that were ever saved, by peer.
func (tx *Tx) Links(ctx context.Context) ([]Link, error) {
	var list []Link
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var l Link
		var up int
		var since int64
		err := rows.Scan(&l.Peer, &up, &since, &l.Reason)
		l.Up, l.Since = up == 1, instant(since)
		list = append(list, l)
		return err
	}, `SELECT peer, up, since, reason FROM links ORDER BY peer`)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	return list, nil
}
