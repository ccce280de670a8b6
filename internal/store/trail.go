package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"hedui/internal/audit"
)

// A TrailFilter says which audit entries are wanted; what is empty matches all.
type TrailFilter struct {
	Case, Officer string
	Verb          audit.Verb
	From, Until   time.Time // from on, and before
	Before        string    // only those with an id before this one
	Limit         int
}

// A TrailEntry is an entry with its place in the log, and whether it still fits
// its leaf hash.
type TrailEntry struct {
	audit.Entry
	Seq    int64 // -1 while it has none
	Intact bool
}

// Trail lists entries, the newest first. One that was changed behind our back is
// in it too and says so.
func (tx *Tx) Trail(ctx context.Context, f TrailFilter) ([]TrailEntry, error) {
	where, args := []string{"1 = 1"}, []any{}
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if f.Case != "" {
		add("case_id = $%d", f.Case)
	}
	if f.Officer != "" { // a quote stands in a text of the line with a backslash before it, so this is the field
		add("replace(entry, $%d, '') <> entry", `","officer":"`+f.Officer+`","office":"`)
	}
	if f.Verb != "" {
		add("verb = $%d", string(f.Verb))
	}
	if !f.From.IsZero() {
		add("at >= $%d", micros(f.From))
	}
	if !f.Until.IsZero() {
		add("at < $%d", micros(f.Until))
	}
	if f.Before != "" {
		add("id < $%d", f.Before)
	}
	args = append(args, f.Limit)
	var list []TrailEntry
	err := tx.eachRow(ctx, func(seq sql.NullInt64, r audit.Row) {
		e := TrailEntry{Seq: -1}
		if seq.Valid {
			e.Seq = seq.Int64
		}
		var err error
		if e.Entry, err = audit.Parse(r.Line); err != nil {
			e.Entry = audit.Entry{ID: r.ID, At: r.At, Verb: r.Verb, Case: r.Case}
		}
		_, e.Intact = r.Intact()
		list = append(list, e)
	}, fmt.Sprintf(`WHERE %s ORDER BY id DESC LIMIT $%d`, strings.Join(where, " AND "), len(args)), args...)
	return list, err
}
