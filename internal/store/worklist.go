package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"hedui/internal/hedui"
)

// An Item is one line of a manual worklist: a query of this node, or a question of
// another, that lies before people. It says nothing of the person.
type Item struct {
	ID        string // opaque, of [NewItemID]
	Source    string
	Relay     bool   // a question of another node
	About     string // id of the query or of the relay
	Case      string // of an own query
	State     hedui.ItemState
	ListedAt  time.Time
	DueAt     time.Time
	ExpiresAt time.Time // of a relay
	Letter    string    // its number, once one was issued
	Officer   string    // who had it in hand last
	ChangedAt time.Time
	Answer    string // hash of what was entered; kept encrypted, as short answers could be guessed from it
}

// itemIDLength letters and digits of random text hold 80 bits.
const itemIDLength = 16

// NewItemID makes the id of an item. It can be typed, and tells nothing.
func NewItemID() string { return rand.Text()[:itemIDLength] }

const itemColumns = `id, source, relay, about, case_id, state, listed_at, due_at, expires_at, letter, officer, changed_at, answer`

// AddItems puts queries and questions before people. One that is there already
// stays as it is, unless it had ended: then it is asked anew.
func (tx *Tx) AddItems(ctx context.Context, items []Item) error {
	rows, err := tx.itemRows(ctx, items)
	if err != nil {
		return fmt.Errorf("add items: %w", err)
	}
	err = tx.insert(ctx, `INSERT INTO worklist (`+itemColumns+`)`, rows, `ON CONFLICT (relay, about) DO UPDATE SET source = excluded.source,
		state = excluded.state, listed_at = excluded.listed_at, due_at = excluded.due_at, expires_at = excluded.expires_at, letter = '', officer = '',
		changed_at = excluded.changed_at, answer = NULL WHERE worklist.state = 'ended'`)
	if err != nil {
		return fmt.Errorf("add items: %w", err)
	}
	return nil
}

// SaveItems writes items that were loaded before in the same transaction.
func (tx *Tx) SaveItems(ctx context.Context, items []Item) error {
	rows, err := tx.itemRows(ctx, items)
	if err != nil {
		return fmt.Errorf("save items: %w", err)
	}
	err = tx.insert(ctx, `INSERT INTO worklist (`+itemColumns+`)`, rows, `ON CONFLICT (id) DO UPDATE SET state = excluded.state,
		due_at = excluded.due_at, letter = excluded.letter, officer = excluded.officer, changed_at = excluded.changed_at, answer = excluded.answer`)
	if err != nil {
		return fmt.Errorf("save items: %w", err)
	}
	return nil
}

func (tx *Tx) itemRows(ctx context.Context, items []Item) ([][]any, error) {
	rows := make([][]any, len(items))
	for i, it := range items {
		var box []byte
		if it.Answer != "" {
			sealed, err := tx.seal(ctx, aad("worklist", it.ID, "answer"), []byte(it.Answer))
			if err != nil {
				return nil, err
			}
			box = sealed
		}
		rows[i] = []any{it.ID, it.Source, flag(it.Relay), it.About, it.Case, string(it.State), micros(it.ListedAt), micros(it.DueAt),
			micros(it.ExpiresAt), it.Letter, it.Officer, micros(it.ChangedAt), box}
	}
	return rows, nil
}

// EndItems ends those of the queries, or relays, that still lie before people.
func (tx *Tx) EndItems(ctx context.Context, relay bool, about []string, at time.Time) error {
	if len(about) == 0 {
		return nil
	}
	_, err := tx.exec(ctx, `UPDATE worklist SET state = 'ended', changed_at = $1 WHERE relay = $2 AND state IN ('listed', 'lettered') AND about `+
		tx.db.engine.in(3), micros(at), flag(relay), tx.db.engine.list(about))
	if err == nil {
		err = tx.endLetters(ctx, at, `relay = $2 AND about `+tx.db.engine.in(3), flag(relay), tx.db.engine.list(about))
	}
	if err != nil {
		return fmt.Errorf("end items: %w", err)
	}
	return nil
}

// EndCaseItems ends what of a case still lies before people.
func (tx *Tx) EndCaseItems(ctx context.Context, caseID string, at time.Time) error {
	_, err := tx.exec(ctx, `UPDATE worklist SET state = 'ended', changed_at = $1 WHERE case_id = $2 AND relay = 0 AND state IN ('listed', 'lettered')`,
		micros(at), caseID)
	if err == nil {
		err = tx.endLetters(ctx, at, `relay = 0 AND case_id = $2`, caseID)
	}
	if err != nil {
		return fmt.Errorf("end items of a case: %w", err)
	}
	return nil
}

// An ItemFilter says which items are listed.
type ItemFilter struct {
	Sources   []string // any of them
	State     hedui.ItemState
	Case      string    // only of this case; empty = all
	Letter    string    // only of this letter; empty = all
	DueBefore time.Time // due before this instant; zero = all
	After     string    // only what comes after the item with this id: the last of the page before
	Limit     int       // 0 = 100
}

// Items lists items that answers are waited for, or those of the state that is
// named, oldest due first.
func (tx *Tx) Items(ctx context.Context, f ItemFilter) ([]Item, error) {
	args := []any{tx.db.engine.list(f.Sources)}
	where := []string{"source " + tx.db.engine.in(1)}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(condition, "$n", fmt.Sprintf("$%d", len(args))))
	}
	if f.State == "" {
		where = append(where, "state IN ('listed', 'lettered')")
	} else {
		add("state = $n", string(f.State))
	}
	if f.Case != "" {
		add("case_id = $n AND relay = 0", f.Case)
	}
	if f.Letter != "" {
		add("letter = $n", f.Letter)
	}
	if !f.DueBefore.IsZero() {
		add("due_at < $n", micros(f.DueBefore))
	}
	if f.After != "" {
		add("(due_at, id) > (SELECT due_at, id FROM worklist WHERE id = $n)", f.After)
	}
	if f.Limit <= 0 {
		f.Limit = defaultLimit
	}
	args = append(args, f.Limit)
	return tx.items(ctx, fmt.Sprintf(`WHERE %s ORDER BY due_at, id LIMIT $%d`, strings.Join(where, " AND "), len(args)), args...)
}

// ItemsByID returns items, by id; those that do not exist are left out. In a
// transaction that writes, they stay as they are for all others until the end.
func (tx *Tx) ItemsByID(ctx context.Context, ids []string) ([]Item, error) {
	return tx.items(ctx, `WHERE id `+tx.db.engine.in(1)+` ORDER BY id`+tx.lockRows(), tx.db.engine.list(ids))
}

// ItemsAbout returns the items of queries, or of relays.
func (tx *Tx) ItemsAbout(ctx context.Context, relay bool, about []string) ([]Item, error) {
	return tx.items(ctx, `WHERE relay = $1 AND about `+tx.db.engine.in(2)+` ORDER BY id`, flag(relay), tx.db.engine.list(about))
}

func (tx *Tx) items(ctx context.Context, rest string, args ...any) ([]Item, error) {
	var list []Item
	var boxes [][]byte
	err := tx.each(ctx, func(rows *sql.Rows) error {
		it, box, err := scanItem(rows)
		list, boxes = append(list, it), append(boxes, box)
		return err
	}, `SELECT `+itemColumns+` FROM worklist `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("items: %w", err)
	}
	for i, box := range boxes {
		if box == nil {
			continue
		}
		plain, err := tx.unseal(ctx, aad("worklist", list[i].ID, "answer"), box)
		if err != nil {
			return nil, fmt.Errorf("item %s: %w", list[i].ID, err)
		}
		list[i].Answer = string(plain)
	}
	return list, nil
}

func scanItem(rows *sql.Rows) (it Item, box []byte, err error) {
	var relay, listed, due, expires, changed int64
	var state string
	err = rows.Scan(&it.ID, &it.Source, &relay, &it.About, &it.Case, &state, &listed, &due, &expires, &it.Letter, &it.Officer, &changed, &box)
	it.Relay, it.State = relay == 1, hedui.ItemState(state)
	it.ListedAt, it.DueAt, it.ExpiresAt, it.ChangedAt = instant(listed), instant(due), instant(expires), instant(changed)
	return it, box, err
}

// PurgeItems deletes the items of other nodes' questions that expired before an
// instant, and returns how many there were. Own ones stay as long as their case.
// What was typed to an item and is not wanted any more goes too, and so do the
// letters of such questions.
func (db *DB) PurgeItems(ctx context.Context, before time.Time) (int, error) {
	_, err := db.purge(ctx, "purge entries", `DELETE FROM drafts WHERE substr(id, 1, 5) = 'item:' AND NOT EXISTS (SELECT 1 FROM worklist
		WHERE worklist.id = substr(drafts.id, 6, 16) AND state <> 'ended' AND (relay = 0 OR expires_at >= $1))`, before)
	if err != nil {
		return 0, err
	}
	if _, err := db.purge(ctx, "purge letters", `DELETE FROM letters WHERE case_id = '' AND expires_at < $1`, before); err != nil {
		return 0, err
	}
	return db.purge(ctx, "purge items", `DELETE FROM worklist WHERE relay = 1 AND expires_at < $1`, before)
}
