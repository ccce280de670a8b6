package casework

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/time/rate"
)

// shareEvery is how often a process looks how many work beside it.
const shareEvery = 5 * time.Second

// leaveIn is how long it may take to take leave from the others.
const leaveIn = 5 * time.Second

// share divides the rates that departments allow by the processes that work on
// the database. One that has just come, or is gone, is known to the others after
// some seconds.
func (d *Desk) share(ctx context.Context) error {
	n, err := d.DB.SeeProcess(ctx, d.Now())
	if err != nil {
		return err
	}
	for _, g := range d.guards {
		share := g.limits.PerSecond / float64(n)
		g.rate.SetLimit(rate.Limit(share))
		g.rate.SetBurst(max(1, int(share)))
	}
	return nil
}

// keepSharing does so until ctx is done. A process that cannot look keeps to its
// last share.
func (d *Desk) keepSharing(ctx context.Context) {
	tick := time.NewTicker(shareEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveIn)
			defer cancel()
			if err := d.DB.LeaveProcess(bye); err != nil { // it is forgotten soon anyway
				slog.WarnContext(bye, "take leave from the other processes", "error", err)
			}
			return
		case <-tick.C:
			if err := d.share(ctx); err != nil && !errors.Is(err, context.Canceled) {
				slog.WarnContext(ctx, "share rates with the other processes", "error", err)
			}
		}
	}
}
