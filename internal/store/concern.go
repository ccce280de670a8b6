package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
)

// EachEntry calls f with every entry of some verbs from an instant on and before
// another. One that was changed behind our back is left out: the proof of the log
// finds it.
func (tx *Tx) EachEntry(ctx context.Context, from, until time.Time, verbs []audit.Verb, f func(audit.Entry)) error {
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var line []byte
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if e, err := audit.Parse(line); err == nil {
			f(e)
		}
		return nil
	}, `SELECT entry FROM audit_entries WHERE at >= $1 AND at < $2 AND verb `+tx.db.engine.in(3),
		micros(from), micros(until), tx.db.engine.list(texts(verbs)))
	if err != nil {
		return fmt.Errorf("entries of a time: %w", err)
	}
	return nil
}

// EachEntryOf calls f with every entry of some cases.
func (tx *Tx) EachEntryOf(ctx context.Context, cases []string, f func(audit.Entry)) error {
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var line []byte
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if e, err := audit.Parse(line); err == nil {
			f(e)
		}
		return nil
	}, `SELECT entry FROM audit_entries WHERE case_id `+tx.db.engine.in(1), tx.db.engine.list(cases))
	if err != nil {
		return fmt.Errorf("entries of cases: %w", err)
	}
	return nil
}

// AddConcerns notes concerns and returns those that are new. One that is known and
// still open gets the higher count; one that was settled stays as it is.
func (tx *Tx) AddConcerns(ctx context.Context, list []hedui.Concern) (fresh []hedui.Concern, err error) {
	for _, c := range list {
		n, err := tx.exec(ctx, `INSERT INTO concerns (id, detector, officer, office, on_day, case_id, n, weight, raised_at, state, settled_by, settled_at, note)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', '', 0, $10) ON CONFLICT DO NOTHING`,
			c.ID, string(c.Detector), c.Officer, c.Office, c.On.String(), c.Case, c.Count, string(c.Weight), micros(c.RaisedAt), []byte{})
		if err == nil && n == 0 {
			_, err = tx.exec(ctx, `UPDATE concerns SET n = $2 WHERE detector = $1 AND officer = $3 AND on_day = $4 AND case_id = $5 AND n < $2 AND state = 'open'`,
				string(c.Detector), c.Count, c.Officer, c.On.String(), c.Case)
		}
		if err != nil {
			return nil, fmt.Errorf("add concerns: %w", err)
		}
		if n > 0 {
			fresh = append(fresh, c)
		}
	}
	return fresh, nil
}

// A ConcernFilter says which concerns are listed; what is empty matches all.
type ConcernFilter struct {
	ID, Officer string
	Detector    hedui.Detector
	Open        bool
	Before      string // only those with an id before this one
	Limit       int
}

// Concerns lists concerns, the newest first.
func (tx *Tx) Concerns(ctx context.Context, f ConcernFilter) ([]hedui.Concern, error) {
	where, args := []string{"1 = 1"}, []any{}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if f.ID != "" {
		add("id = $%d", f.ID)
	}
	if f.Officer != "" {
		add("officer = $%d", f.Officer)
	}
	if f.Detector != "" {
		add("detector = $%d", string(f.Detector))
	}
	if f.Open {
		where = append(where, "state = 'open'")
	}
	if f.Before != "" {
		add("id < $%d", f.Before)
	}
	if f.Limit <= 0 {
		f.Limit = defaultLimit
	}
	args = append(args, f.Limit)
	var list []hedui.Concern
	var boxes [][]byte
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var c hedui.Concern
		var detector, on, weight, state string
		var raised, settled int64
		var box []byte
		err := rows.Scan(&c.ID, &detector, &c.Officer, &c.Office, &on, &c.Case, &c.Count, &weight, &raised, &state, &c.SettledBy, &settled, &box)
		if err != nil {
			return err
		}
		c.Detector, c.Weight, c.State = hedui.Detector(detector), hedui.ConcernWeight(weight), hedui.ConcernState(state)
		c.RaisedAt, c.SettledAt = instant(raised), instant(settled)
		if c.On, err = dayOf(on); err != nil {
			return err
		}
		list, boxes = append(list, c), append(boxes, box)
		return nil
	}, fmt.Sprintf(`SELECT id, detector, officer, office, on_day, case_id, n, weight, raised_at, state, settled_by, settled_at, note FROM concerns
		WHERE %s ORDER BY id DESC LIMIT $%d`, strings.Join(where, " AND "), len(args)), args...)
	for i, box := range boxes {
		if err == nil && len(box) > 0 {
			var note []byte
			note, err = tx.unseal(ctx, aad("concerns", list[i].ID, "note"), box)
			list[i].Note = string(note)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("concerns: %w", err)
	}
	return list, nil
}

// Concern returns one concern; NotFound if there is none of that id.
func (tx *Tx) Concern(ctx context.Context, id string) (hedui.Concern, error) {
	list, err := tx.Concerns(ctx, ConcernFilter{ID: id, Limit: 1})
	if err == nil && len(list) == 0 {
		err = notFound()
	}
	if err != nil {
		return hedui.Concern{}, err
	}
	return list[0], nil
}

// CountConcerns counts the open ones.
func (tx *Tx) CountConcerns(ctx context.Context) (n int, err error) {
	if err = tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM concerns WHERE state = 'open'`).Scan(&n); err != nil {
		return 0, fmt.Errorf("count concerns: %w", err)
	}
	return n, nil
}

// SaveConcern keeps what has become of a concern, if it still is as it was read.
func (tx *Tx) SaveConcern(ctx context.Context, c hedui.Concern, was hedui.ConcernState) error {
	box, err := tx.seal(ctx, aad("concerns", c.ID, "note"), []byte(c.Note))
	if err != nil {
		return fmt.Errorf("save concern: %w", err)
	}
	n, err := tx.exec(ctx, `UPDATE concerns SET state = $2, settled_by = $3, settled_at = $4, note = $5 WHERE id = $1 AND state = $6`,
		c.ID, string(c.State), c.SettledBy, micros(c.SettledAt), box, string(was))
	if err == nil && n == 0 {
		return moved()
	}
	if err != nil {
		return fmt.Errorf("save concern: %w", err)
	}
	return nil
}

// LastConcernDay is the last day that the detectors have done with; zero if none.
func (tx *Tx) LastConcernDay(ctx context.Context) (day.Day, error) {
	var text string
	err := tx.tx.QueryRowContext(ctx, `SELECT last_day FROM concern_days`).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return day.Day{}, nil
	}
	if err != nil {
		return day.Day{}, fmt.Errorf("last day of detectors: %w", err)
	}
	return dayOf(text)
}

// SetLastConcernDay notes it.
func (tx *Tx) SetLastConcernDay(ctx context.Context, d day.Day) error {
	_, err := tx.exec(ctx, `DELETE FROM concern_days`)
	if err == nil {
		_, err = tx.exec(ctx, `INSERT INTO concern_days (last_day) VALUES ($1)`, d.String())
	}
	if err != nil {
		return fmt.Errorf("last day of detectors: %w", err)
	}
	return nil
}
