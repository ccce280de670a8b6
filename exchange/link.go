package exchange

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"time"
)

// A Link says whether a child reaches its parent, and since when it does or does not.
type Link struct {
	Up     bool
	Since  time.Time
	Reason Reason // while down: down, slow, busy, local, or what the parent or this node refused: unknown_peer, key, version …
	Err    error  // for the operator
}

// reasonDown returns why a request did not get through.
func reasonDown(err error) Reason {
	if reason := ReasonOf(err); reason != "" {
		return reason
	}
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return ReasonSlow
	}
	return ReasonDown
}

// Link returns the state of the link as of now. Before Run it is down since the zero time.
func (c *Client) Link() Link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}

// mark notes what a request to the parent came to, and calls Changed when the
// link went up, went down, or is down for another reason.
func (c *Client) mark(err error) {
	c.mu.Lock()
	now := Link{Up: err == nil, Since: c.Now(), Err: err}
	if err != nil {
		now.Reason = reasonDown(err)
	}
	was, known := c.link, !c.link.Since.IsZero()
	if known && was.Up == now.Up {
		now.Since = was.Since
	}
	c.link = now
	c.mu.Unlock()
	if c.Changed != nil && (!known || was.Up != now.Up || was.Reason != now.Reason) {
		c.Changed(now)
	}
}

// backoff is how long to wait after so many failures in a row: a quarter of a
// second doubled each time up to most, less up to a half of it by chance, so that
// the counties of a city do not all come back in the same instant.
func backoff(failures int, most time.Duration) time.Duration {
	d := min(most, 250*time.Millisecond<<min(failures, 16))
	return d - rand.N(d/2) //nolint:gosec // G404: chance, not a secret
}

// sleep waits so long, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
