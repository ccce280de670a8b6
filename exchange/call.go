package exchange

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// checkURL reports whether u is an https URL of a host and nothing more.
func checkURL(u string) error {
	parsed, err := url.Parse(strings.TrimSuffix(u, "/"))
	if err != nil || parsed.Scheme != "https" || parsed.Host == "" || parsed.Path != "" || parsed.User != nil || parsed.RawQuery != "" {
		return fmt.Errorf("%w: the parent's address must be https://host:port", ErrMalformed)
	}
	return nil
}

// health asks whether the parent is there and lets us in.
func (c *Client) health(ctx context.Context) error {
	w, err := c.ask(ctx)
	if err != nil {
		return err
	}
	if apart := c.Now().Sub(w.Now.Time).Abs(); apart > c.Skew {
		c.Log.Warn("exchange: clocks differ more than allowed", "peer", c.Parent, "by", apart)
	}
	return nil
}

func (c *Client) ask(ctx context.Context) (w wireHealth, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	data, err := call(ctx, c.http, http.MethodGet, c.URL+PathHealth, "", nil, maxReceipts)
	if err == nil {
		err = decodeJSON(data, &w)
	}
	switch {
	case err != nil:
		return w, err
	case w.Node != c.Parent:
		return w, fmt.Errorf("%w: it says it is another node than the parent", ErrUnknownPeer)
	case w.Version != version:
		return w, fmt.Errorf("%w: the parent speaks version %d", ErrVersion, w.Version)
	}
	return w, nil
}

// push sends messages and returns a receipt for each, those of a request that
// failed included.
func (c *Client) push(ctx context.Context, messages []Message) ([]Receipt, error) {
	parent, ok := c.Peers(c.Parent)
	if !ok {
		return lost(messages), ErrUnknownPeer
	}
	parcels, rest := pack(c.Identity, parent, messages, c.Now())
	var receipts []Receipt
	for _, item := range rest {
		receipts = append(receipts, item.Receipt)
		if item.err != nil {
			c.refuse(ctx, item.ID, item.err)
		}
	}
	if len(parcels) == 0 {
		return receipts, nil
	}
	got, err := c.pushed(ctx, parcels)
	if err != nil {
		for _, p := range parcels {
			receipts = append(receipts, Receipt{ID: p.id, Status: Busy, Reason: ReasonLost})
		}
		return receipts, err
	}
	c.worked.Store(true)
	return append(receipts, got...), nil
}

func (c *Client) pushed(ctx context.Context, parcels []parcel) ([]Receipt, error) {
	body, err := encodeBatch(parcels)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	data, err := call(ctx, c.http, http.MethodPost, c.URL+PathPush, typeBatch, body, maxReceipts)
	if err != nil {
		return nil, err
	}
	var w wirePushed
	if err := decodeJSON(data, &w); err != nil {
		return nil, err
	}
	receipts, err := receiptsOf(w.Receipts)
	if err != nil {
		return nil, err
	}
	if len(receipts) != len(parcels) {
		return nil, fmt.Errorf("%w: %d receipts for %d envelopes", ErrMalformed, len(receipts), len(parcels))
	}
	for i, r := range receipts {
		if r.ID != parcels[i].id {
			return nil, fmt.Errorf("%w: receipt of another envelope", ErrMalformed)
		}
	}
	return receipts, nil
}

func lost(messages []Message) []Receipt {
	receipts := make([]Receipt, len(messages))
	for i, m := range messages {
		receipts[i] = Receipt{ID: m.ID, Status: Busy, Reason: ReasonLost}
	}
	return receipts
}

// pull tells receipts and returns what the parent has, after a while nothing.
func (c *Client) pull(ctx context.Context, receipts []Receipt) ([]parcel, error) {
	body, err := encodeJSON(wirePull{Puller: c.puller, Wait: c.Wait.Milliseconds(), Max: c.Batch, Receipts: wireReceipts(receipts)})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Wait+c.Timeout)
	defer cancel()
	data, err := call(ctx, c.http, http.MethodPost, c.URL+PathPull, typeJSON, body, MaxBatch)
	if err != nil {
		return nil, err
	}
	c.worked.Store(true)
	return decodeBatch(data)
}

// takeAll hands what came to the receiver and returns the receipts.
func (c *Client) takeAll(ctx context.Context, parcels []parcel) []Receipt {
	u := unpacker{me: c.Identity, peers: c.Peers, receiver: c.Receiver, skew: c.Skew}
	receipts, errs := u.take(ctx, c.Parent, parcels, c.Now)
	for i, r := range receipts {
		if r.Status == Refused || r.Status == Busy {
			c.refuse(ctx, r.ID, errs[i])
		}
	}
	return receipts
}

// refuse tells of what was refused here; other errors go to the log.
func (c *Client) refuse(ctx context.Context, id string, err error) {
	switch reason := ReasonOf(err); {
	case reason == "":
		c.Log.Warn("exchange: message not taken or not sealed", "peer", c.Parent, "id", id, "err", err)
	case c.Refused != nil:
		c.Refused(ctx, Incident{At: c.Now(), Peer: c.Parent, Remote: c.URL, Envelope: id, Reason: reason, Err: err})
	}
}

// call makes one request and returns the body of a good answer.
func call(ctx context.Context, client *http.Client, method, address, kind string, body []byte, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, problem(resp)
	}
	return readAll(io.LimitReader(resp.Body, limit+1), resp.ContentLength, limit)
}

// problem turns an answer that is not good into the error of its reason.
func problem(resp *http.Response) error {
	data, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	var w wireProblem
	if err != nil || decodeJSON(data, &w) != nil || !reasonForm.MatchString(string(w.Reason)) || w.Reason == ReasonLocal {
		return fmt.Errorf("exchange: the parent answers %d", resp.StatusCode)
	}
	return fmt.Errorf("the parent says: %w", w.Reason.err())
}

// Health is what a parent says of itself when it is asked.
type Health struct {
	Node  string
	Apart time.Duration // how far this node's clock is ahead of the parent's
}

// AskHealth asks whether a parent is there and lets this node in, once.
func AskHealth(ctx context.Context, me Identity, parent Peer, address string, now func() time.Time) (Health, error) {
	c := &Client{Identity: me, Parent: parent.Name, Peers: Only(parent), URL: address, Now: now, Timeout: 10 * time.Second}
	transport, err := c.start()
	if err != nil {
		return Health{}, err
	}
	defer transport.CloseIdleConnections()
	w, err := c.ask(ctx)
	return Health{Node: w.Node, Apart: now().Sub(w.Now.Time)}, err
}
