package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"hedui/internal/hedui"
	"hedui/source"
)

// countLock is held from reading what is in no count until it is in one, or two who
// count at once would count it twice.
const countLock = "tallies"

// An Uncounted is a case that has changed since it was counted.
type Uncounted struct {
	hedui.Countable
	Was []hedui.Tally // what it has added to the counts so far
}

// Uncounted loads some cases that have changed since they were counted, the oldest
// first; those that were erased are left as they are. Of the queries it loads what
// lies in clear. Whoever counts beside this transaction waits for its end.
func (tx *Tx) Uncounted(ctx context.Context, limit int) ([]Uncounted, error) {
	if err := tx.lockName(ctx, countLock); err != nil {
		return nil, fmt.Errorf("uncounted cases: %w", err)
	}
	var ids []string
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT c.id FROM cases c WHERE c.counted <> c.rev AND EXISTS (SELECT 1 FROM case_keys k WHERE k.case_id = c.id) ORDER BY c.id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("uncounted cases: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	cases, err := tx.CasesByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	items, err := tx.explanations(ctx, ids)
	if err != nil {
		return nil, err
	}
	queries, err := tx.questions(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("uncounted cases: %w", err)
	}
	was, err := tx.caseTallies(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("uncounted cases: %w", err)
	}
	list := make([]Uncounted, 0, len(ids))
	for _, id := range ids {
		list = append(list, Uncounted{hedui.Countable{Case: cases[id], Queries: queries[id], Items: items[id]}, was[id]})
	}
	return list, nil
}

func (tx *Tx) questions(ctx context.Context, cases []string) (map[string][]hedui.Query, error) {
	lists := map[string][]hedui.Query{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var q hedui.Query
		var state, outcome string
		var asked, answered int64
		err := rows.Scan(&q.Case, &q.Source, &state, &outcome, &asked, &answered, &q.TakenFrom)
		q.State, q.Outcome, q.AskedAt, q.AnsweredAt = hedui.QueryState(state), source.Outcome(outcome), instant(asked), instant(answered)
		lists[q.Case] = append(lists[q.Case], q)
		return err
	}, `SELECT case_id, source, state, outcome, asked_at, answered_at, taken_from FROM queries WHERE case_id `+tx.db.engine.in(1), tx.db.engine.list(cases))
	return lists, err
}

func (tx *Tx) caseTallies(ctx context.Context, cases []string) (map[string][]hedui.Tally, error) {
	lists := map[string][]hedui.Tally{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var id string
		var box []byte
		if err := rows.Scan(&id, &box); err != nil {
			return err
		}
		var list []hedui.Tally
		err := tx.unboxJSON(id, aad("case_tallies", id, "body"), box, &list)
		lists[id] = list
		return err
	}, `SELECT case_id, body FROM case_tallies WHERE case_id `+tx.db.engine.in(1), tx.db.engine.list(cases))
	return lists, err
}

// A Counted is what a case adds to the counts from now on.
type Counted struct {
	Case         *hedui.Case
	Was, Now     []hedui.Tally
	ConsentUntil time.Time // when the first of its consents ends that hold; zero without one
}

// SaveCounted brings the counts into step with what was counted of cases. One that
// was changed meanwhile is a Conflict.
func (tx *Tx) SaveCounted(ctx context.Context, list []Counted) error {
	var was, now []hedui.Tally
	for _, c := range list {
		was, now = append(was, c.Was...), append(now, c.Now...)
		box, err := tx.boxJSON(c.Case.ID, aad("case_tallies", c.Case.ID, "body"), c.Now)
		if err == nil {
			_, err = tx.exec(ctx, `INSERT INTO case_tallies (case_id, body) VALUES ($1, $2) ON CONFLICT (case_id) DO UPDATE SET body = excluded.body`, c.Case.ID, box)
		}
		if err != nil {
			return fmt.Errorf("save counts of a case: %w", err)
		}
		n, err := tx.exec(ctx, `UPDATE cases SET counted = rev, consent_until = $3 WHERE id = $1 AND rev = $2`, c.Case.ID, c.Case.Rev, micros(c.ConsentUntil))
		if err == nil && n == 0 {
			return moved()
		}
		if err != nil {
			return fmt.Errorf("save counts of a case: %w", err)
		}
	}
	if err := tx.addTallies(ctx, hedui.TallyChange(was, now)); err != nil {
		return fmt.Errorf("save counts: %w", err)
	}
	return nil
}

// addTallies adds changes, which come in the order of their cells.
func (tx *Tx) addTallies(ctx context.Context, changes []hedui.Tally) error {
	for len(changes) > 0 {
		cell := changes[0].Cell()
		n := slices.IndexFunc(changes, func(t hedui.Tally) bool { return t.Cell() != cell })
		if n < 0 {
			n = len(changes)
		}
		if err := tx.addToCell(ctx, cell, changes[:n]); err != nil {
			return err
		}
		changes = changes[n:]
	}
	return nil
}

func (tx *Tx) addToCell(ctx context.Context, cell hedui.Tally, changes []hedui.Tally) error {
	key := []any{string(cell.Month), cell.Division, cell.Office, string(cell.Programme), string(cell.Kind)}
	var counts, more string
	err := tx.tx.QueryRowContext(ctx, `SELECT counts, more FROM tallies WHERE month = $1 AND division = $2 AND office = $3 AND programme = $4 AND kind = $5`, key...).Scan(&counts, &more)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	have, err := tallies(cell, counts+more)
	if err != nil {
		return err
	}
	counts, more = writeCounts(hedui.TallyChange(nil, append(have, changes...)))
	_, err = tx.exec(ctx, `INSERT INTO tallies (month, division, office, programme, kind, counts, more) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (month, division, office, programme, kind) DO UPDATE SET counts = excluded.counts, more = excluded.more`, append(key, counts, more)...)
	return err
}

// writeCounts writes the counts of a cell: those that every table needs, and the rest.
func writeCounts(list []hedui.Tally) (counts, more string) {
	var brief, rest strings.Builder
	for _, t := range list {
		to := &brief
		if t.Part != "" && t.What != hedui.TallyAgain {
			to = &rest
		}
		fmt.Fprintf(to, "%s\t%s\t%d\n", t.What, t.Part, t.N)
	}
	return brief.String(), rest.String()
}

// eachCount reads the counts of a cell.
func eachCount(text string, each hedui.Sink) error {
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		what, rest, _ := strings.Cut(line, "\t")
		part, number, _ := strings.Cut(rest, "\t")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("counts: %w", err)
		}
		each(hedui.Tallied(what), part, n)
	}
	return nil
}

// UncountedRelays lists some questions of other nodes of which nothing more is
// expected, and that are in no count. Whoever counts beside this transaction waits for
// its end.
func (tx *Tx) UncountedRelays(ctx context.Context, at time.Time, limit int) ([]Relay, error) {
	if err := tx.lockName(ctx, countLock); err != nil {
		return nil, fmt.Errorf("uncounted relays: %w", err)
	}
	var list []Relay
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var r Relay
		var state, outcome string
		var created, asked, answered int64
		err := rows.Scan(&r.ID, &r.Peer, &state, &outcome, &created, &asked, &answered)
		r.State, r.Outcome, r.CreatedAt, r.AskedAt, r.AnsweredAt = hedui.QueryState(state), source.Outcome(outcome), instant(created), instant(asked), instant(answered)
		list = append(list, r)
		return err
	}, `SELECT id, peer, state, outcome, created_at, asked_at, answered_at FROM relays
		WHERE counted = 0 AND (state IN ('answered', 'cancelled') OR expires_at < $1) ORDER BY id LIMIT $2`, micros(at), limit)
	if err != nil {
		return nil, fmt.Errorf("uncounted relays: %w", err)
	}
	return list, nil
}

// SaveCountedRelays adds what was counted of questions of other nodes.
func (tx *Tx) SaveCountedRelays(ctx context.Context, ids []string, added []hedui.Tally) error {
	_, err := tx.exec(ctx, `UPDATE relays SET counted = 1 WHERE id `+tx.db.engine.in(1), tx.db.engine.list(ids))
	if err == nil {
		err = tx.addTallies(ctx, hedui.TallyChange(nil, added))
	}
	if err != nil {
		return fmt.Errorf("save counts of relays: %w", err)
	}
	return nil
}

// countAnew has cases counted once more, although they themselves did not change.
func (tx *Tx) countAnew(ctx context.Context, cases []string) error {
	slices.Sort(cases)
	for _, id := range slices.Compact(cases) {
		if _, err := tx.exec(ctx, `UPDATE cases SET counted = 0 WHERE id = $1 AND counted <> 0`, id); err != nil {
			return fmt.Errorf("count anew: %w", err)
		}
	}
	return nil
}

// A TallyFilter says which counts are read. From and Until are the first and the
// last month.
type TallyFilter struct {
	From, Until hedui.Month
	Place       string            // beginning of the code of the division
	Programmes  []hedui.Programme // any of them; none = all. Counts of sources and offices belong to no programme.
	ByOffice    bool              // those of offices instead of those of programmes and sources
	Brief       bool              // without hours, categories and sources
}

// ReadTallies reads counts, those of the nodes below too; in gives what takes those
// of a cell.
func (tx *Tx) ReadTallies(ctx context.Context, f TallyFilter, in func(cell hedui.Tally) hedui.Sink) error {
	more := "more"
	if f.Brief {
		more = "''"
	}
	where := ` WHERE month >= $1 AND month <= $2 AND substr(division, 1, length($3)) = $3 AND (office = '') = $4`
	args := []any{string(f.From), string(f.Until), f.Place, !f.ByOffice}
	if len(f.Programmes) > 0 {
		args = append(args, tx.db.engine.list(append(texts(f.Programmes), "")))
		where += " AND programme " + tx.db.engine.in(len(args))
	}
	query := `SELECT '', month, division, office, programme, kind, counts, ` + more + ` FROM tallies` + where +
		` UNION ALL SELECT node, month, division, office, programme, kind, counts, ` + more + ` FROM count_cells` + where
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var t hedui.Tally
		var month, programme, kind, counts, more string
		if err := rows.Scan(&t.Node, &month, &t.Division, &t.Office, &programme, &kind, &counts, &more); err != nil {
			return err
		}
		if counts == "" && more == "" { // all of it was taken off again
			return nil
		}
		t.Month, t.Programme, t.Kind = hedui.Month(month), hedui.Programme(programme), hedui.CaseKind(kind)
		return eachCount(counts+more, in(t))
	}, query, args...)
	if err != nil {
		return fmt.Errorf("counts: %w", err)
	}
	return nil
}

// CountRunning counts the cases under way, by division, programme and kind; of the
// nodes below as many as they have said.
func (tx *Tx) CountRunning(ctx context.Context, place string, programmes []hedui.Programme) ([]hedui.Tally, error) {
	where, args := ` substr(division, 1, length($1)) = $1`, []any{place}
	if len(programmes) > 0 {
		args = append(args, tx.db.engine.list(texts(programmes)))
		where += " AND programme " + tx.db.engine.in(2)
	}
	query := `SELECT '', division, programme, kind, COUNT(*) FROM cases WHERE running = 1 AND` + where + ` GROUP BY division, programme, kind
		UNION ALL SELECT node, division, programme, kind, n FROM count_running WHERE` + where + ` ORDER BY 2, 3, 4, 1`
	var list []hedui.Tally
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var t hedui.Tally
		var programme, kind string
		err := rows.Scan(&t.Node, &t.Division, &programme, &kind, &t.N)
		t.Programme, t.Kind = hedui.Programme(programme), hedui.CaseKind(kind)
		list = append(list, t)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("cases under way: %w", err)
	}
	return list, nil
}

// CountedAt is when the counts were brought up to date last; zero = never.
func (tx *Tx) CountedAt(ctx context.Context) (time.Time, error) {
	var at int64
	err := tx.tx.QueryRowContext(ctx, `SELECT at FROM tally_rounds`).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("time of the counts: %w", err)
	}
	return instant(at), nil
}

// SetCountedAt notes it.
func (tx *Tx) SetCountedAt(ctx context.Context, at time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO tally_rounds (one, at) VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET at = excluded.at`, micros(at))
	if err != nil {
		return fmt.Errorf("time of the counts: %w", err)
	}
	return nil
}

// AddOfficeTotal notes what an office says of itself. What was said before stays.
func (tx *Tx) AddOfficeTotal(ctx context.Context, t hedui.OfficeTotal) error {
	_, err := tx.exec(ctx, `INSERT INTO office_totals (id, division, month, kind, n, origin, entered_at, entered_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		t.ID, t.Division, string(t.Month), string(t.Kind), t.N, t.Origin, micros(t.At), t.By)
	if err != nil {
		return fmt.Errorf("add total of an office: %w", err)
	}
	return nil
}

// OfficeTotals lists what offices said of themselves for months, for each division,
// month and kind what was said last, here or at a node below.
func (tx *Tx) OfficeTotals(ctx context.Context, from, until hedui.Month, place string) ([]hedui.OfficeTotal, error) {
	var list []hedui.OfficeTotal
	err := tx.each(ctx, func(rows *sql.Rows) error {
		t, err := scanTotal(rows)
		if last := len(list) - 1; last >= 0 && list[last].Month == t.Month && list[last].Division == t.Division && list[last].Kind == t.Kind {
			list[last] = t
		} else {
			list = append(list, t)
		}
		return err
	}, `SELECT * FROM (`+ownTotals+` UNION ALL SELECT '', node, division, month, kind, n, origin, entered_at, '' FROM count_totals) AS said
		WHERE month >= $1 AND month <= $2 AND substr(division, 1, length($3)) = $3 ORDER BY month, division, kind, entered_at`, string(from), string(until), place)
	if err != nil {
		return nil, fmt.Errorf("totals of offices: %w", err)
	}
	return list, nil
}

// ownTotals are those that were entered at this node, what was entered last.
const ownTotals = `SELECT id, '' AS node, division, month, kind, n, origin, entered_at, entered_by FROM office_totals o
	WHERE NOT EXISTS (SELECT 1 FROM office_totals later WHERE later.month = o.month AND later.division = o.division AND later.kind = o.kind AND later.id > o.id)`

func scanTotal(rows *sql.Rows) (hedui.OfficeTotal, error) {
	var t hedui.OfficeTotal
	var month, kind string
	var at int64
	err := rows.Scan(&t.ID, &t.Node, &t.Division, &month, &kind, &t.N, &t.Origin, &at, &t.By)
	t.Month, t.Kind, t.At = hedui.Month(month), hedui.CaseKind(kind), instant(at)
	return t, err
}
