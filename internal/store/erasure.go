package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
)

// Head reads what lies in clear of a case, also of one that was erased: its number,
// place, programme, stage, who opened it. NotFound if there never was one. Its persons and whatever
// else is encrypted are not in it, so it must not be saved.
func (tx *Tx) Head(ctx context.Context, id string) (*hedui.Case, error) {
	var c hedui.Case
	var programme, kind, stage, opener string
	var created int64
	err := tx.tx.QueryRowContext(ctx, `SELECT id, number, division, programme, kind, office, stage, created_at, version, opened_by FROM cases WHERE id = $1`+tx.lockRows(), id).
		Scan(&c.ID, &c.Number, &c.Division, &programme, &kind, &c.Office, &stage, &created, &c.Version, &opener)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, notFound()
	case err != nil:
		return nil, fmt.Errorf("head of a case: %w", err)
	}
	c.Programme, c.Kind, c.Stage, c.CreatedAt = hedui.Programme(programme), hedui.CaseKind(kind), hedui.Stage(stage), instant(created)
	c.Steps = []hedui.Step{{Officer: opener}}
	return &c, nil
}

// Erasure reads how far the erasure of a case is. A case of which nothing is known
// is kept.
func (tx *Tx) Erasure(ctx context.Context, caseID string) (hedui.Erasure, error) {
	e := hedui.Erasure{Case: caseID, State: hedui.Kept}
	var rev int64
	var body string
	err := tx.tx.QueryRowContext(ctx, `SELECT rev, body FROM erasures WHERE case_id = $1`+tx.lockRows(), caseID).Scan(&rev, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return e, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &e)
	}
	if err != nil {
		return e, fmt.Errorf("erasure: %w", err)
	}
	e.Rev = rev
	return e, nil
}

// SaveErasure writes what was loaded before. If another one has changed it
// meanwhile, it is a Conflict.
func (tx *Tx) SaveErasure(ctx context.Context, e hedui.Erasure, at time.Time) error {
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("save erasure: %w", err)
	}
	n, err := tx.exec(ctx, `INSERT INTO erasures (case_id, state, rev, changed_at, body) VALUES ($1, $2, 1, $3, $4)
		ON CONFLICT (case_id) DO UPDATE SET state = excluded.state, rev = erasures.rev + 1, changed_at = excluded.changed_at, body = excluded.body
		WHERE erasures.rev = $5`, e.Case, string(e.State), micros(at), string(body), e.Rev)
	switch {
	case err != nil:
		return fmt.Errorf("save erasure: %w", err)
	case n == 0:
		return moved()
	}
	return nil
}

// A DueCase is a case whose term may be over, by what lies in clear of it.
type DueCase struct {
	ID, Number, Division string
	Programme            hedui.Programme
	Stage                hedui.Stage
	Since                time.Time // from when its term counts
	State                hedui.ErasureState
}

// A DueFilter says which cases [Tx.DueCases] looks for.
type DueFilter struct {
	Event          hedui.RetentionEvent
	Latest         time.Time // only those to which the event happened before
	Division       string    // beginning of the code
	Held           bool      // also those that are held
	Reader, Office string    // without those from which this officer stands aside; empty = all
	After          string    // only ids after this one: the last of the page before
	Limit          int
}

// sinceVerbs are the entries of the log that say when an event happened. A case that
// came from another node has brought its entries.
func sinceVerbs(e hedui.RetentionEvent) []audit.Verb {
	switch e {
	case hedui.WhenDelivered:
		return []audit.Verb{audit.Delivered, audit.Confirmed}
	case hedui.WhenArchived:
		return []audit.Verb{audit.Archived}
	case hedui.WhenTerminated:
		return []audit.Verb{audit.Terminated}
	case hedui.WhenHanded:
		return []audit.Verb{audit.Arrived} // before that the other node may not have it
	}
	return []audit.Verb{audit.Registered, audit.Amended, audit.ConsentGiven, audit.ConsentScanned, audit.Withdrawn, audit.Commissioned, audit.Returned, audit.TakenOver}
}

// DueCases lists cases that wait for the end of a term, by id. When the term began
// is what the log says. Those that were erased are left out.
func (tx *Tx) DueCases(ctx context.Context, f DueFilter) ([]DueCase, error) {
	in := tx.db.engine.in
	list := tx.db.engine.list
	args := []any{list(texts(sinceVerbs(f.Event))), list(texts(f.Event.Stages())), f.After, micros(f.Latest), f.Division, flag(f.Held), f.Limit}
	apart := ""
	if f.Reader != "" {
		args = append(args, f.Reader, f.Office)
		apart = " AND NOT " + fmt.Sprintf(aside, "c.id", 8, 9)
	}
	var due []DueCase
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var d DueCase
		var programme, stage, state string
		var since int64
		err := rows.Scan(&d.ID, &d.Number, &d.Division, &programme, &stage, &since, &state)
		d.Programme, d.Stage, d.Since, d.State = hedui.Programme(programme), hedui.Stage(stage), instant(since), hedui.ErasureState(state)
		due = append(due, d)
		return err
	}, `SELECT id, number, division, programme, stage, since, state FROM (
			SELECT c.id, c.number, c.division, c.programme, c.stage, COALESCE(x.state, 'kept') AS state,
				(SELECT max(e.at) FROM audit_entries e WHERE e.case_id = c.id AND e.verb `+in(1)+`) AS since
			FROM cases c JOIN case_keys k ON k.case_id = c.id LEFT JOIN erasures x ON x.case_id = c.id
			WHERE c.stage `+in(2)+` AND c.id > $3 AND c.created_at <= $4 AND substr(c.division, 1, length($5)) = $5
			AND ($6 = 1 OR x.state IS NULL OR x.state <> 'held')`+apart+`) AS waiting
		WHERE since <= $4 ORDER BY id LIMIT $7`, args...)
	if err != nil {
		return nil, fmt.Errorf("due cases: %w", err)
	}
	return due, nil
}

// OpenErasures lists what waits for a second officer, and what is held, in the
// divisions whose code begins so, the oldest first; without the cases from which the
// officer stands aside.
func (tx *Tx) OpenErasures(ctx context.Context, division, reader, office string) ([]hedui.Erasure, map[string]string, error) {
	var open []hedui.Erasure
	numbers := map[string]string{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var number, body string
		if err := rows.Scan(&number, &body); err != nil {
			return err
		}
		var e hedui.Erasure
		err := json.Unmarshal([]byte(body), &e)
		open, numbers[e.Case] = append(open, e), number
		return err
	}, `SELECT c.number, x.body FROM erasures x JOIN cases c ON c.id = x.case_id WHERE x.state IN ('proposed', 'held')
		AND substr(c.division, 1, length($1)) = $1 AND NOT `+fmt.Sprintf(aside, "c.id", 2, 3)+` ORDER BY x.changed_at, c.id LIMIT 1000`, division, reader, office)
	if err != nil {
		return nil, nil, fmt.Errorf("open erasures: %w", err)
	}
	return open, numbers, nil
}
