package casework

import (
	"context"
	"slices"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// reuse settles those queries of a plan that a source need not be asked, because
// it has answered the very same question of this case just now. Only queries of
// the case itself are looked at: no answer ever serves two cases.
func (d *Desk) reuse(ctx context.Context, tx *store.Tx, c *hedui.Case, plan []hedui.Query, at time.Time) error {
	before, err := tx.Queries(ctx, c.ID)
	if err != nil {
		return err
	}
	taken := map[string]map[string]int{} // by source: "category=reused" → how often
	for i := range plan {
		q := &plan[i]
		g := d.guards[q.Source]
		if q.Settled() || g == nil || g.info.Cache <= 0 {
			continue
		}
		asked, err := c.Question(q, at)
		if err != nil {
			continue // it is not sent either, and says so
		}
		for _, earlier := range slices.Backward(before) { // the newest that fits
			if q.Reuse(earlier, asked, g.info.Cache, at) {
				if taken[q.Source] == nil {
					taken[q.Source] = map[string]int{}
				}
				taken[q.Source][string(q.Category)+"=reused"]++
				break
			}
		}
	}
	for name, counts := range taken {
		if err := tx.Record(ctx, audit.New(at, hedui.System.ID, name, audit.Asked, c.ID, countWords(counts))); err != nil {
			return err
		}
	}
	return nil
}
