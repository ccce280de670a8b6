package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/source"
)

// A Relay is a question that another node has asked of this one. Only its body
// says about whom; it is kept encrypted, and only until the question is settled.
type Relay struct {
	ID         string // of RelayID
	Peer       string // who asks
	Query      string // its id there
	Category   catalog.Code
	Source     string // which source is asked here
	State      hedui.QueryState
	Attempts   int
	Token      string // the department's number while pending
	CreatedAt  time.Time
	ExpiresAt  time.Time // after this instant no answer is wanted
	AskedAt    time.Time // first attempt
	AnsweredAt time.Time // settled
	Outcome    source.Outcome
	Reason     source.Reason
	Body       []byte // terms, person, window, hops; nil once it is settled
}

// RelayID is the id here of a question that a peer has asked. The name of a peer
// holds no slash.
func RelayID(peer, query string) string { return peer + "/" + query }

func (r *Relay) settled() bool { return r.State == hedui.Answered || r.State == hedui.Cancelled }

func (r *Relay) check() error {
	switch {
	case r.ID != RelayID(r.Peer, r.Query) || strings.Contains(r.Peer, "/"):
		return fmt.Errorf("relay %q is not of its peer and query", r.ID)
	case r.ExpiresAt.IsZero():
		return fmt.Errorf("relay %s: %w", r.ID, errEndless)
	}
	return nil
}

const relayColumns = `id, peer, query, category, source, state, attempts, token,
	created_at, expires_at, asked_at, answered_at, outcome, reason, body`

// AddRelays writes questions that peers have asked and returns those that are
// new, or are asked anew after their time was over. The others stay as they are,
// answered or not.
func (tx *Tx) AddRelays(ctx context.Context, relays []Relay) (fresh []Relay, err error) {
	seen := map[string]bool{}
	relays = slices.DeleteFunc(slices.Clone(relays), func(r Relay) bool { // one statement changes a row once
		again := seen[r.ID]
		seen[r.ID] = true
		return again
	})
	rows, err := tx.relayRows(ctx, relays)
	if err != nil {
		return nil, fmt.Errorf("add relays: %w", err)
	}
	added := map[string]bool{}
	err = tx.insertEach(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		added[id] = true
		return err
	}, `INSERT INTO relays (`+relayColumns+`)`, rows, `ON CONFLICT (id) DO UPDATE SET category = excluded.category, source = excluded.source,
		state = excluded.state, attempts = excluded.attempts, token = excluded.token, created_at = excluded.created_at, expires_at = excluded.expires_at,
		asked_at = excluded.asked_at, answered_at = excluded.answered_at, outcome = excluded.outcome, reason = excluded.reason,
		body = excluded.body, counted = 0 WHERE relays.expires_at <= excluded.created_at RETURNING id`)
	if err != nil {
		return nil, fmt.Errorf("add relays: %w", err)
	}
	for _, r := range relays {
		if added[r.ID] {
			fresh = append(fresh, r)
			if n, counted := tx.open[r.Peer]; counted && !r.settled() {
				tx.open[r.Peer] = n + 1
			}
		}
	}
	return fresh, nil
}

// SaveRelays writes relays that were loaded before. One that is settled in the
// database stays as it is. Of one that is saved as settled the body and the
// token are dropped: what is left is which question it was, the times and the
// outcome.
func (tx *Tx) SaveRelays(ctx context.Context, relays []Relay) error {
	rows, err := tx.relayRows(ctx, relays)
	if err != nil {
		return fmt.Errorf("save relays: %w", err)
	}
	err = tx.insert(ctx, `INSERT INTO relays (`+relayColumns+`)`, rows, `ON CONFLICT (id) DO UPDATE SET source = excluded.source,
		state = excluded.state, attempts = excluded.attempts, token = excluded.token, expires_at = excluded.expires_at,
		asked_at = excluded.asked_at, answered_at = excluded.answered_at, outcome = excluded.outcome, reason = excluded.reason,
		body = excluded.body WHERE relays.state NOT IN ('answered', 'cancelled')`)
	if err != nil {
		return fmt.Errorf("save relays: %w", err)
	}
	return nil
}

func (tx *Tx) relayRows(ctx context.Context, relays []Relay) ([][]any, error) {
	rows := make([][]any, len(relays))
	for i, r := range relays {
		if err := r.check(); err != nil {
			return nil, err
		}
		var box []byte
		switch {
		case r.settled():
			r.Token = ""
		case r.Body != nil:
			sealed, err := tx.seal(ctx, aad("relays", r.ID, "body"), r.Body)
			if err != nil {
				return nil, err
			}
			box = sealed
		}
		rows[i] = []any{r.ID, r.Peer, r.Query, string(r.Category), r.Source, string(r.State), r.Attempts, r.Token,
			micros(r.CreatedAt), micros(r.ExpiresAt), micros(r.AskedAt), micros(r.AnsweredAt), string(r.Outcome), string(r.Reason), box}
	}
	return rows, nil
}

// RelaysByID returns relays, by id; those that do not exist, or not any more,
// are left out. In a transaction that writes, they stay as they are for all
// others until the end.
func (tx *Tx) RelaysByID(ctx context.Context, ids []string) ([]Relay, error) {
	return tx.relays(ctx, "id", ids)
}

// RelaysByQuery returns relays, by the ids of their queries, as RelaysByID does.
// Two peers may have passed on the same question.
func (tx *Tx) RelaysByQuery(ctx context.Context, queries []string) ([]Relay, error) {
	return tx.relays(ctx, "query", queries)
}

func (tx *Tx) relays(ctx context.Context, column string, ids []string) ([]Relay, error) {
	var list []Relay
	err := tx.each(ctx, func(rows *sql.Rows) error {
		r, err := scanRelay(rows)
		list = append(list, r)
		return err
	}, `SELECT `+relayColumns+` FROM relays WHERE `+column+` `+tx.db.engine.in(1)+` ORDER BY id`+tx.lockRows(), tx.db.engine.list(ids))
	if err != nil {
		return nil, fmt.Errorf("relays: %w", err)
	}
	for i, r := range list {
		if r.Body == nil {
			continue
		}
		if list[i].Body, err = tx.unseal(ctx, aad("relays", r.ID, "body"), r.Body); err != nil {
			return nil, fmt.Errorf("relay %s: %w", r.ID, err)
		}
	}
	return list, nil
}

func scanRelay(rows *sql.Rows) (r Relay, err error) {
	var category, state, outcome, reason string
	var created, expires, asked, answered int64
	err = rows.Scan(&r.ID, &r.Peer, &r.Query, &category, &r.Source, &state, &r.Attempts, &r.Token,
		&created, &expires, &asked, &answered, &outcome, &reason, &r.Body)
	r.Category, r.State, r.Outcome, r.Reason = catalog.Code(category), hedui.QueryState(state), source.Outcome(outcome), source.Reason(reason)
	r.CreatedAt, r.ExpiresAt, r.AskedAt, r.AnsweredAt = instant(created), instant(expires), instant(asked), instant(answered)
	return r, err
}

// RelayOpen returns how many questions of a peer are not settled. A transaction
// counts once, and then adds what it adds itself: there may be very many.
func (tx *Tx) RelayOpen(ctx context.Context, peer string) (int, error) {
	if n, counted := tx.open[peer]; counted {
		return n, nil
	}
	var n int
	err := tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM relays WHERE peer = $1 AND state NOT IN ('answered', 'cancelled')`,
		peer).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("open relays: %w", err)
	}
	tx.open[peer] = n
	return n, nil
}

// RetryingRelays returns the ids of the questions that a source has failed to
// answer and is asked again, at most a thousand.
func (tx *Tx) RetryingRelays(ctx context.Context, source string) ([]string, error) {
	var ids []string
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM relays WHERE source = $1 AND state = 'retrying' ORDER BY created_at LIMIT 1000`, source)
	if err != nil {
		return nil, fmt.Errorf("retrying relays: %w", err)
	}
	return ids, nil
}

// PurgeRelays deletes the questions that expired before an instant, settled or
// not, and returns how many there were: whoever still works on one must take it
// for settled when it is gone. The instant must be earlier than now by more than
// the clocks of two nodes may differ, or a late copy might be asked again.
func (db *DB) PurgeRelays(ctx context.Context, before time.Time) (int, error) {
	return db.purge(ctx, "purge relays", `DELETE FROM relays WHERE expires_at < $1`, before)
}
