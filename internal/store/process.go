package store

import (
	"context"
	"fmt"
	"time"
)

// aliveFor is for how long a process counts after it was last seen, and goneAfter
// when it is forgotten. Clocks of machines that share a database may differ a
// little.
const (
	aliveFor  = 20 * time.Second
	goneAfter = time.Hour
)

// SeeProcess notes that this process works on the database, and returns how many
// do, itself included.
func (db *DB) SeeProcess(ctx context.Context, at time.Time) (n int, err error) {
	err = db.InTx(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, `INSERT INTO processes (owner, seen_at) VALUES ($1, $2)
			ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at`, db.owner, micros(at)); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, `DELETE FROM processes WHERE seen_at < $1`, micros(at.Add(-goneAfter))); err != nil {
			return err
		}
		return tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM processes WHERE seen_at > $1`, micros(at.Add(-aliveFor))).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("see process: %w", err)
	}
	return max(n, 1), nil
}

// OtherProcesses counts those that work on the database beside this one.
func (tx *Tx) OtherProcesses(ctx context.Context, at time.Time) (n int, err error) {
	err = tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM processes WHERE seen_at > $1 AND owner <> $2`, micros(at.Add(-aliveFor)), tx.db.owner).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("other processes: %w", err)
	}
	return n, nil
}

// LeaveProcess notes that this process works on the database no more.
func (db *DB) LeaveProcess(ctx context.Context) error {
	err := db.InTx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, `DELETE FROM processes WHERE owner = $1`, db.owner)
		return err
	})
	if err != nil {
		return fmt.Errorf("leave process: %w", err)
	}
	return nil
}
