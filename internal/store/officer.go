package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/hedui"
)

// An Office is where officers work.
type Office struct {
	Name     string
	Kind     hedui.OfficeKind
	Division string
	Since    time.Time
}

// AddOffice registers an office; of one that is there nothing changes, and it says so.
func (tx *Tx) AddOffice(ctx context.Context, o Office) (added bool, err error) {
	n, err := tx.exec(ctx, `INSERT INTO offices (name, kind, division, since) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING`,
		o.Name, string(o.Kind), o.Division, micros(o.Since))
	if err != nil {
		return false, fmt.Errorf("add office: %w", err)
	}
	return n > 0, nil
}

// Offices lists the offices by name.
func (tx *Tx) Offices(ctx context.Context) ([]Office, error) {
	var list []Office
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var o Office
		var kind string
		var since int64
		err := rows.Scan(&o.Name, &kind, &o.Division, &since)
		o.Kind, o.Since = hedui.OfficeKind(kind), instant(since)
		list = append(list, o)
		return err
	}, `SELECT name, kind, division, since FROM offices ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("offices: %w", err)
	}
	return list, nil
}

// SaveOfficer writes an officer: a new one with Rev 0, else the one that was read.
// One that another process has changed meanwhile is a Conflict.
func (tx *Tx) SaveOfficer(ctx context.Context, m hedui.StaffMember) error {
	args := []any{m.ID, m.Name, m.Office, m.Division, string(m.State), join(m.Roles), join(m.Programmes), join(m.Sources), m.From.String(), m.Until.String(), m.Rev}
	statement := `UPDATE officers SET name = $2, office = $3, division = $4, state = $5, roles = $6, programmes = $7, sources = $8,
		first_day = $9, last_day = $10, rev = rev + 1 WHERE id = $1 AND rev = $11`
	if m.Rev == 0 {
		statement = `INSERT INTO officers (id, name, office, division, state, roles, programmes, sources, first_day, last_day, rev)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 + 1) ON CONFLICT (id) DO NOTHING`
	}
	n, err := tx.exec(ctx, statement, args...)
	switch {
	case err != nil:
		return fmt.Errorf("save officer: %w", err)
	case n == 0 && m.Rev == 0:
		return hedui.Fail(hedui.Conflict, hedui.Say("error.officer.exists", m.ID), nil)
	case n == 0:
		return moved()
	}
	return nil
}

const officerColumns = `SELECT id, name, office, division, state, roles, programmes, sources, first_day, last_day, rev FROM officers `

// Officer reads one officer of the roster.
func (tx *Tx) Officer(ctx context.Context, id string) (hedui.StaffMember, error) {
	m, err := scanOfficer(tx.tx.QueryRowContext(ctx, officerColumns+`WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return m, notFound()
	}
	if err != nil {
		return m, fmt.Errorf("officer: %w", err)
	}
	return m, nil
}

// Officers lists the roster by id.
func (tx *Tx) Officers(ctx context.Context) ([]hedui.StaffMember, error) {
	var list []hedui.StaffMember
	err := tx.each(ctx, func(rows *sql.Rows) error {
		m, err := scanOfficer(rows)
		list = append(list, m)
		return err
	}, officerColumns+`ORDER BY id`)
	if err != nil {
		return nil, fmt.Errorf("officers: %w", err)
	}
	return list, nil
}

func scanOfficer(row interface{ Scan(...any) error }) (m hedui.StaffMember, err error) {
	var state, roles, programmes, sources, first, last string
	if err = row.Scan(&m.ID, &m.Name, &m.Office, &m.Division, &state, &roles, &programmes, &sources, &first, &last, &m.Rev); err != nil {
		return m, err
	}
	m.State, m.Roles, m.Programmes, m.Sources = hedui.OfficerState(state), split[hedui.OfficerRole](roles), split[hedui.Programme](programmes), split[string](sources)
	if m.From, err = dayOf(first); err == nil {
		m.Until, err = dayOf(last)
	}
	return m, err
}

func dayOf(text string) (d day.Day, err error) {
	if text != "" {
		err = d.UnmarshalText([]byte(text))
	}
	return d, err
}

// join writes words, which have no blanks, into one column.
func join[T ~string](list []T) string { return strings.Join(texts(list), " ") }

// texts are codes as a statement takes them.
func texts[T ~string](list []T) []string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return words
}

// split reads what join wrote.
func split[T ~string](text string) []T {
	var list []T
	for _, w := range strings.Fields(text) {
		list = append(list, T(w))
	}
	return list
}
