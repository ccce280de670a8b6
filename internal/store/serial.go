package store

import (
	"context"
	"fmt"
)

// NextSerials draws n serials of a counter and returns the first: 1 the first
// time. Those of a transaction that is rolled back are drawn again.
func (tx *Tx) NextSerials(ctx context.Context, key string, n int) (first int, err error) {
	var last int
	err = tx.tx.QueryRowContext(ctx, `INSERT INTO serials (key, n) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET n = serials.n + excluded.n RETURNING n`, key, n).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("next serial: %w", err)
	}
	return last - n + 1, nil
}

// NextSerial draws one serial of a counter.
func (tx *Tx) NextSerial(ctx context.Context, key string) (int, error) {
	return tx.NextSerials(ctx, key, 1)
}
