package exchange

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Client is the child's side of the wire: it pushes what the Outbox has for the
// parent and pulls what the parent has for the node. Its fields are set before Run
// and not changed after; Identity, Parent, Peers, URL, Outbox, Receiver and Now
// are needed. Several processes of a node may each run one.
type Client struct {
	Identity Identity
	Parent   string // name of the parent
	Peers    Lookup // knows the parent
	URL      string // of the parent: "https://hub.example:8443"
	Outbox   Outbox
	Receiver Receiver
	Now      func() time.Time
	Skew     time.Duration // 0 = DefaultSkew
	Wait     time.Duration // how long a pull asks to be held open; 0 = 25 s
	Timeout  time.Duration // for a request, beside what it waits; 0 = 30 s
	Retry    time.Duration // wait at most so long after failures; 0 = 15 s
	Batch    int           // messages in a push or a pull; 0 = 64, at most MaxCount
	Senders  int           // pushes under way at once; 0 = 2
	Puller   string        // a UUID of version 7 that stays when a process starts its client anew, so that what was under way comes again at once; empty = a new one

	Changed func(Link)                      // hears of changes of the link; nil = nobody
	Refused func(context.Context, Incident) // hears of what this node refused of the parent; nil = nobody
	Log     *slog.Logger                    // hears of errors of Outbox and Receiver; nil = nobody

	mu     sync.Mutex
	link   Link
	worked atomic.Bool // a push or pull got through since the last connect
	http   *http.Client
	puller string
	owed   []Receipt // for what came last, told with the next pull
}

// Run connects, pushes and pulls until ctx ends, and returns nil then; it returns
// an error at once when the Identity or the URL cannot be used. When the
// parent cannot be reached it tries again and again, see Link and Changed.
// A message that the Outbox wakes for is sent at once while the link is up, and
// everything outstanding is sent at once when the link returns.
func (c *Client) Run(ctx context.Context) error {
	transport, err := c.start()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	failures := 0
	for ctx.Err() == nil {
		err := c.health(ctx)
		if err == nil {
			c.mark(nil)
			err = c.connected(ctx)
		}
		if ctx.Err() != nil {
			break
		}
		if c.worked.Swap(false) {
			failures = 0
		}
		c.mark(err)
		transport.CloseIdleConnections() // a connection that failed once is not asked again
		sleep(ctx, backoff(failures, c.Retry))
		failures++
	}
	return nil
}

// start fills in what is not set and returns the transport.
func (c *Client) start() (*http.Transport, error) {
	c.Skew = orElse(c.Skew, DefaultSkew)
	c.Wait = orElse(c.Wait, defaultWait)
	c.Timeout = orElse(c.Timeout, 30*time.Second)
	c.Retry = orElse(c.Retry, 15*time.Second)
	c.Batch = min(orElse(c.Batch, 64), MaxCount)
	c.Senders = orElse(c.Senders, 2)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	config, err := ClientTLS(c.Identity, c.Peers, c.Parent, c.Now, c.Skew)
	if err != nil {
		return nil, err
	}
	if err := checkURL(c.URL); err != nil {
		return nil, err
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	transport := &http.Transport{
		TLSClientConfig:     config,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true, // push and pull share one connection
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     2 * time.Minute,
		DisableCompression:  true, // nothing that is encrypted gets smaller
		HTTP2:               &http.HTTP2Config{SendPingTimeout: pingTime, PingTimeout: pingTime},
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: noRedirect}
	if c.puller = c.Puller; c.puller == "" {
		c.puller = NewID()
	}
	return transport, nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// connected pushes and pulls until the first of the loops finds the link broken.
func (c *Client) connected(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var loops sync.WaitGroup
	for range c.Senders {
		loops.Go(func() { cancel(c.pushLoop(ctx)) })
	}
	loops.Go(func() { cancel(c.pullLoop(ctx)) })
	loops.Wait()
	return context.Cause(ctx)
}

// pushLoop sends what the outbox has. It returns when ctx is done or the link broke.
func (c *Client) pushLoop(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		messages, err := c.Outbox.Take(ctx, c.Parent, c.Batch)
		switch {
		case err != nil && ctx.Err() == nil:
			c.Log.Warn("exchange: outbox not read", "peer", c.Parent, "err", err)
			sleep(ctx, backoff(failures, c.Retry))
			failures++
			continue
		case len(messages) == 0:
			if err := c.Outbox.Wait(ctx, c.Parent); err != nil && ctx.Err() == nil {
				c.Log.Warn("exchange: outbox does not wait", "peer", c.Parent, "err", err)
				sleep(ctx, backoff(failures, c.Retry))
				failures++
			}
			continue
		}
		receipts, err := c.push(ctx, messages)
		c.delivered(ctx, receipts)
		if err != nil && ReasonOf(err) != ReasonBusy {
			return err
		}
		failures++
		if err == nil && settled(receipts) > 0 {
			failures = 0
		} else {
			sleep(ctx, backoff(failures, c.Retry)) // nothing goes through: do not hammer
		}
	}
	return ctx.Err()
}

// delivered tells the outbox, even when ctx is done: what was said is said.
func (c *Client) delivered(ctx context.Context, receipts []Receipt) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := c.Outbox.Delivered(ctx, c.Parent, receipts); err != nil {
		c.Log.Warn("exchange: receipts not kept, messages will go again", "peer", c.Parent, "err", err)
	}
}

func settled(receipts []Receipt) int {
	n := 0
	for _, r := range receipts {
		if r.Settled() {
			n++
		}
	}
	return n
}

// pullLoop asks the parent for messages. It returns when ctx is done or the link broke.
func (c *Client) pullLoop(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		parcels, err := c.pull(ctx, c.owed)
		switch {
		case ReasonOf(err) == ReasonBusy:
			failures++
			sleep(ctx, backoff(failures, c.Retry))
			continue
		case err != nil:
			return err
		}
		c.owed = c.takeAll(ctx, parcels)
		if failures++; len(parcels) == 0 || settled(c.owed) > 0 {
			failures = 0
		} else {
			sleep(ctx, backoff(failures, c.Retry)) // nothing can be taken: our own store is full or down
		}
	}
	return ctx.Err()
}
