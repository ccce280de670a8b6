package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"hedui/internal/hedui"
)

// mostAlerts is how many closed alerts of one source are kept at most.
const mostAlerts = 200

// RaiseAlert notes that something is wrong, and reports whether it was not known
// before: an alert that is open goes on, and is counted.
func (tx *Tx) RaiseAlert(ctx context.Context, a hedui.Alert) (fresh bool, err error) {
	n, err := tx.exec(ctx, `UPDATE alerts SET last_at = $3, n = n + 1, detail = $4 WHERE source = $1 AND kind = $2 AND closed_at = 0`,
		a.Source, string(a.Kind), micros(a.Last), a.Detail)
	if err == nil && n == 0 {
		n, err = tx.exec(ctx, `INSERT INTO alerts (source, kind, since, last_at, n, detail, closed_at, handled_at, handled_by, note)
			VALUES ($1, $2, $3, $3, 1, $4, 0, 0, '', '') ON CONFLICT DO NOTHING`, a.Source, string(a.Kind), micros(a.Last), a.Detail)
		fresh = n > 0
	}
	if err != nil {
		return false, fmt.Errorf("raise alert: %w", err)
	}
	return fresh, nil
}

// EndAlert closes an alert because what was wrong is over, and reports whether
// there was one. When there are very many the oldest closed ones are forgotten.
func (tx *Tx) EndAlert(ctx context.Context, source string, kind hedui.AlertKind, at time.Time) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE alerts SET closed_at = $3 WHERE source = $1 AND kind = $2 AND closed_at = 0`, source, string(kind), micros(at))
	if err == nil && n > 0 {
		_, err = tx.exec(ctx, `DELETE FROM alerts WHERE source = $1 AND closed_at > 0 AND since <= COALESCE(
			(SELECT since FROM alerts WHERE source = $1 AND closed_at > 0 ORDER BY since DESC LIMIT 1 OFFSET $2), 0)`, source, mostAlerts)
	}
	if err != nil {
		return false, fmt.Errorf("end alert: %w", err)
	}
	return n > 0, nil
}

// PurgeAlerts forgets alerts that were over before an instant.
func (tx *Tx) PurgeAlerts(ctx context.Context, before time.Time) error {
	if _, err := tx.exec(ctx, `DELETE FROM alerts WHERE closed_at > 0 AND closed_at < $1`, micros(before)); err != nil {
		return fmt.Errorf("purge alerts: %w", err)
	}
	return nil
}

// OpenAlerts returns the kinds of alert that are open for a source, and when each
// was noticed last.
func (tx *Tx) OpenAlerts(ctx context.Context, source string) (map[hedui.AlertKind]time.Time, error) {
	open := map[hedui.AlertKind]time.Time{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var kind string
		var last int64
		err := rows.Scan(&kind, &last)
		open[hedui.AlertKind(kind)] = instant(last)
		return err
	}, `SELECT kind, last_at FROM alerts WHERE source = $1 AND closed_at = 0`, source)
	if err != nil {
		return nil, fmt.Errorf("open alerts: %w", err)
	}
	return open, nil
}

// HandleAlert notes that an officer has seen to an open alert; NotFound if there
// is none. It stays open until what is wrong is over.
func (tx *Tx) HandleAlert(ctx context.Context, source string, kind hedui.AlertKind, by, note string, at time.Time) error {
	n, err := tx.exec(ctx, `UPDATE alerts SET handled_at = $3, handled_by = $4, note = $5 WHERE source = $1 AND kind = $2 AND closed_at = 0`,
		source, string(kind), micros(at), by, note)
	switch {
	case err != nil:
		return fmt.Errorf("handle alert: %w", err)
	case n == 0:
		return notFound()
	}
	return nil
}

// Alerts lists alerts, the open ones first and of both the latest, at most n.
func (tx *Tx) Alerts(ctx context.Context, n int) ([]hedui.Alert, error) {
	var list []hedui.Alert
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var a hedui.Alert
		var kind string
		var since, last, closed, handled int64
		err := rows.Scan(&a.Source, &kind, &since, &last, &a.Count, &a.Detail, &closed, &handled, &a.HandledBy, &a.Note)
		a.Kind, a.Since, a.Last, a.ClosedAt, a.HandledAt = hedui.AlertKind(kind), instant(since), instant(last), instant(closed), instant(handled)
		list = append(list, a)
		return err
	}, `SELECT source, kind, since, last_at, n, detail, closed_at, handled_at, handled_by, note FROM alerts
		ORDER BY CASE WHEN closed_at = 0 THEN 0 ELSE 1 END, last_at DESC, source, kind LIMIT $1`, n)
	if err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	return list, nil
}
