package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errEndless refuses what would have to be kept for ever.
var errEndless = errors.New("it has no expiry")

// Receive notes in the transaction of its effect that a peer's parcel has come,
// and says whether it is the first time. If not, the effect is there already and
// must not be made again. Two transactions with the same parcel wait for each
// other, and only one that is committed counts. It is kept in mind until it has
// expired and [DB.PurgeInbox] is called: an expired parcel is refused before it
// comes here.
func (tx *Tx) Receive(ctx context.Context, peer, id string, expires time.Time) (first bool, err error) {
	if expires.IsZero() {
		return false, fmt.Errorf("receive: %w", errEndless)
	}
	changed, err := tx.exec(ctx, `INSERT INTO inbox (peer, id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		peer, id, micros(expires))
	if err != nil {
		return false, fmt.Errorf("receive: %w", err)
	}
	return changed == 1, nil
}

// PurgeInbox forgets the parcels that expired before an instant, and returns how
// many there were. The instant must be earlier than now by more than the clocks
// of two nodes may differ, or a late copy might have its effect again.
func (db *DB) PurgeInbox(ctx context.Context, before time.Time) (int, error) {
	return db.purge(ctx, "purge inbox", `DELETE FROM inbox WHERE expires_at < $1`, before)
}

// purge runs one statement that deletes what is older than an instant.
func (db *DB) purge(ctx context.Context, doing, statement string, before time.Time) (int, error) {
	var n int64
	err := db.InTx(ctx, func(tx *Tx) (err error) {
		if n, err = tx.exec(ctx, statement, micros(before)); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
		return nil
	})
	return int(n), err
}
