package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
)

// Notices are read from what is recorded anyway: entries of the log, cases, items,
// alerts. Each function returns one kind of them, the newest first, none beyond the
// limit of its span: so a page costs the same however much there is.

// A NoticeSpan says which part of a list is wanted.
type NoticeSpan struct {
	Since, Until time.Time // after and up to
	After        string    // of those at Until only such with an id after this one
	Limit        int
	Any          bool // whichever are found first, in no order: for a count that ends at the limit
}

// newest orders what is found, the newest first.
func (s NoticeSpan) newest(at, id string) string {
	if s.Any {
		return ""
	}
	return " ORDER BY " + at + " DESC, " + id
}

// in returns the conditions of a span on an instant and an id.
func (s NoticeSpan) in(q *conditions, at, id string) {
	q.add(at+" > $n", micros(s.Since))
	until := micros(s.Until)
	q.add(at+" <= $n", until)
	if s.After != "" {
		q.add("("+at+" < $n OR "+id+" > $m)", until, s.After)
	}
}

// conditions are those of a statement, with their arguments.
type conditions struct {
	list []string
	args []any
}

// add puts a condition to the others; $n and $m are the places of its arguments.
func (q *conditions) add(condition string, args ...any) {
	for i, place := range []string{"$n", "$m"} {
		condition = strings.ReplaceAll(condition, place, fmt.Sprintf("$%d", len(q.args)+i+1))
	}
	q.list, q.args = append(q.list, condition), append(q.args, args...)
}

// mostly adds a condition that holds of most rows. PostgreSQL takes a comparison of which
// it knows nothing for true of one row in 200 and then sorts all instead of ending at the
// limit; of what is not null it expects most.
func (q *conditions) mostly(condition string, args ...any) {
	q.add("CASE WHEN "+condition+" THEN 1 END IS NOT NULL", args...)
}

func (q *conditions) String() string { return strings.Join(q.list, " AND ") }

// A NoticeReader is who reads notices of cases, and of which.
type NoticeReader struct {
	Officer    string   // who is not told of what he did himself
	Aside      []string // cases from which he stands aside, see [Tx.AsideCases]
	Division   string   // beginning of the code
	Programmes []hedui.Programme
	OpenedBy   string        // officer; empty = all
	Stages     []hedui.Stage // any of them; none = all
	Versions   [2]int        // of the newest report, from and to; 0 0 = all
	Many       bool          // there are so many of them that the log is gone through, and not the cases
}

// of adds the conditions under which the reader may know of a case c: it is there, and
// it is the reader's.
func (r NoticeReader) of(tx *Tx, q *conditions) {
	q.add("c.stage <> 'handed'")
	q.mostly("substr(c.division, 1, length($n)) = $n", r.Division)
	in := func(column string, values []string) {
		if len(values) > 0 {
			q.add(column+" "+tx.db.engine.in(len(q.args)+1), tx.db.engine.list(values))
		}
	}
	in("c.programme", texts(r.Programmes))
	in("c.stage", texts(r.Stages))
	if r.OpenedBy != "" {
		q.add("c.opened_by = $n", r.OpenedBy)
	}
	if r.Versions != [2]int{} {
		q.add("c.version BETWEEN $n AND $m", r.Versions[0], r.Versions[1])
	}
}

// ofOne adds those conditions where the case is known, by its id in a column: one that
// is looked up for each row, and never the other way round, as a join may be.
func (r NoticeReader) ofOne(tx *Tx, q *conditions, column string) {
	one := &conditions{args: q.args}
	one.list = append(one.list, "c.id = "+column)
	r.of(tx, one)
	q.list, q.args = append(q.list, "(SELECT 1 FROM cases c WHERE "+one.String()+") IS NOT NULL"), one.args
	r.may(tx, q, column)
}

// CountAtStages counts the cases at each of some stages, those that an officer has
// opened if one is named, up to as many as are wanted.
func (tx *Tx) CountAtStages(ctx context.Context, stages []hedui.Stage, openedBy string, most int) (map[hedui.Stage]int, error) {
	args, own, counts := []any{most}, "", map[hedui.Stage]int{}
	if openedBy != "" {
		args, own = append(args, openedBy), " AND c.opened_by = $2"
	}
	var each []string
	for _, stage := range stages {
		args = append(args, string(stage))
		each = append(each, fmt.Sprintf("SELECT CAST($%[1]d AS TEXT), (SELECT count(*) FROM (SELECT 1 FROM cases c WHERE c.stage = $%[1]d%[2]s LIMIT $1) AS few)", len(args), own))
	}
	if len(each) == 0 {
		return counts, nil
	}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var stage hedui.Stage
		var n int
		err := rows.Scan(&stage, &n)
		counts[stage] = n
		return err
	}, strings.Join(each, " UNION ALL "), args...)
	if err != nil {
		return nil, fmt.Errorf("cases at stages: %w", err)
	}
	return counts, nil
}

// may adds that the case, whose id stands in the column, can still be read, and that the
// reader has no connection with its persons. Where the column is of another table than
// cases, SQLite asks only for rows of that.
func (r NoticeReader) may(tx *Tx, q *conditions, column string) {
	q.add("EXISTS (SELECT 1 FROM case_keys key WHERE key.case_id = " + column + ")")
	if len(r.Aside) > 0 {
		q.add("NOT ("+column+" "+tx.db.engine.in(len(q.args)+1)+")", tx.db.engine.list(r.Aside))
	}
}

// toldVerbs are the verbs of the index on entries that officers are told of; the same
// words stand in its migration, without which it is not used.
const toldVerbs = `verb IN ('case.return', 'case.accept', 'report.deliver', 'explain.open', 'report.seal', 'case.confirm', 'case.ask_again', 'case.commission', 'case.object', 'case.summarise', 'case.review', 'case.send_back')`

// A NoticeEntry says which entries of the log are told.
type NoticeEntry struct {
	Verb    audit.Verb
	Over    []audit.Verb // those after which it is not told any more; it itself is one of them
	Detail  string       // only with this one; empty = any
	Waiting bool         // only of cases in which an item waits for the family
}

// EntryNotices are the newest entries of a verb about the reader's cases, one of each
// case, that somebody else has caused.
func (tx *Tx) EntryNotices(ctx context.Context, e NoticeEntry, r NoticeReader, s NoticeSpan) ([]hedui.Notice, error) {
	from, q := "audit_entries a", &conditions{}
	switch {
	case e.Waiting:
		from = "(SELECT DISTINCT case_id FROM explanations WHERE state = 'open') item CROSS JOIN " + from
		q.add("a.case_id = item.case_id")
		r.ofOne(tx, q, "a.case_id")
	case r.Many:
		r.ofOne(tx, q, "a.case_id")
	default:
		from = "cases c CROSS JOIN " + from // SQLite keeps to the order of a CROSS JOIN
		q.add("a.case_id = c.id")
		r.of(tx, q)
		r.may(tx, q, "a.case_id")
	}
	q.add("a."+toldVerbs+" AND a.verb = $n", string(e.Verb))
	s.in(q, "a.at", "a.id")
	q.mostly("replace(a.entry, $n, '') = a.entry", `","officer":"`+r.Officer+`","office":"`)
	if e.Detail != "" {
		q.add("replace(a.entry, $n, '') <> a.entry", `,"detail":"`+e.Detail+`"}`)
	}
	q.add("NOT EXISTS (SELECT 1 FROM audit_entries newer WHERE newer.case_id = a.case_id AND newer."+toldVerbs+
		" AND newer.verb "+tx.db.engine.in(len(q.args)+1)+" AND newer.at > a.at)", tx.db.engine.list(texts(append(e.Over, e.Verb))))
	q.args = append(q.args, s.Limit)
	var list []hedui.Notice
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var line []byte
		if err := rows.Scan(&line); err != nil {
			return err
		}
		e, err := audit.Parse(line)
		if err != nil { // the proof of the log finds it
			return nil //nolint:nilerr // and a notice proves nothing
		}
		n := hedui.Notice{ID: e.ID, At: e.At, By: e.Officer, Case: e.Case}
		if strings.HasPrefix(e.Detail, "step.") {
			n.Why = e.Detail
		}
		list = append(list, n)
		return nil
	}, fmt.Sprintf(`SELECT a.entry FROM %s WHERE %s%s LIMIT $%d`, from, q, s.newest("a.at", "a.id"), len(q.args)), q.args...)
	if err != nil {
		return nil, fmt.Errorf("notices of entries: %w", err)
	}
	return list, nil
}

// DueNotices are the cases that are promised soon; the notice comes some time before.
func (tx *Tx) DueNotices(ctx context.Context, before time.Duration, r NoticeReader, s NoticeSpan) ([]hedui.Notice, error) {
	return tx.endNotices(ctx, "c.due_at", before, r, s)
}

// ConsentNotices are the cases of which a consent ends soon.
func (tx *Tx) ConsentNotices(ctx context.Context, before time.Duration, r NoticeReader, s NoticeSpan) ([]hedui.Notice, error) {
	return tx.endNotices(ctx, "c.consent_until", before, r, s)
}

// endNotices reads each stage along its index and no further than the limit.
func (tx *Tx) endNotices(ctx context.Context, column string, before time.Duration, r NoticeReader, s NoticeSpan) ([]hedui.Notice, error) {
	s.Since, s.Until = s.Since.Add(before), s.Until.Add(before)
	q, stages := &conditions{}, r.Stages
	s.in(q, column, "c.id")
	r.Stages = nil
	r.of(tx, q)
	r.may(tx, q, "c.id")
	q.args = append(q.args, s.Limit)
	limit := fmt.Sprintf(" LIMIT $%d", len(q.args))
	at := []string{" AND c.running = 1"}
	if len(stages) > 0 {
		at = nil
	}
	for _, stage := range stages {
		q.args = append(q.args, string(stage))
		at = append(at, fmt.Sprintf(" AND c.stage = $%d", len(q.args)))
	}
	runs := make([]string, len(at))
	for i, stage := range at {
		runs[i] = fmt.Sprintf("SELECT * FROM (SELECT c.id, %s AS due FROM cases c WHERE %s%s%s%s) AS run", column, q, stage, s.newest(column, "c.id"), limit)
	}
	var list []hedui.Notice
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var n hedui.Notice
		var due int64
		err := rows.Scan(&n.Case, &due)
		n.ID, n.Due, n.At = n.Case, instant(due), instant(due).Add(-before)
		list = append(list, n)
		return err
	}, "SELECT id, due FROM ("+strings.Join(runs, " UNION ALL ")+") AS runs"+s.newest("due", "id")+limit, q.args...)
	if err != nil {
		return nil, fmt.Errorf("notices of what ends: %w", err)
	}
	return list, nil
}

// LetterNotices are the assistance letters to some sources whose reply is late: those
// about cases of the reader, or all where there is none.
func (tx *Tx) LetterNotices(ctx context.Context, sources []string, r *NoticeReader, s NoticeSpan) ([]hedui.Notice, error) {
	q := &conditions{}
	q.add("w.source "+tx.db.engine.in(1), tx.db.engine.list(sources))
	q.add("w.state IN ('listed', 'lettered') AND w.state = 'lettered' AND w.letter <> ''") // the first half is that of the index
	s.in(q, "w.due_at", "w.letter")
	if r != nil {
		r.ofOne(tx, q, "w.case_id")
	}
	q.args = append(q.args, s.Limit)
	var list []hedui.Notice
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var n hedui.Notice
		var due int64
		err := rows.Scan(&n.ID, &due, &n.Source, &n.Case, &n.Count)
		n.At, n.Due = instant(due), instant(due)
		list = append(list, n)
		return err
	}, fmt.Sprintf(`SELECT w.letter, max(w.due_at), min(w.source), min(w.case_id), count(*) FROM worklist w WHERE %s GROUP BY w.letter ORDER BY 2 DESC, 1 LIMIT $%d`, q, len(q.args)), q.args...)
	if err != nil {
		return nil, fmt.Errorf("notices of letters: %w", err)
	}
	if r == nil { // who answers for a department learns of no case
		for i := range list {
			list[i].Case = ""
		}
	}
	return list, nil
}

// beijing is what local time is ahead of UTC, in microseconds, and a day in them: days
// of notices are counted as people do.
const beijing, aDay = 8 * 3600 * 1_000_000, 24 * 3600 * 1_000_000

// daily are rows that are told together, those of a day by one notice, at the instant of
// the newest: so many that came to a list are one thing to do.
func (tx *Tx) daily(ctx context.Context, name, at, from string, q *conditions, s NoticeSpan) ([]hedui.Notice, error) {
	inner := fmt.Sprintf(`SELECT %s AS name, (%s + %d) / %d AS on_day, max(%s) AS newest, count(*) AS n FROM %s WHERE %s GROUP BY 1, 2`, name, at, beijing, aDay, at, from, q)
	outer := &conditions{args: q.args}
	s.in(outer, "d.newest", "d.name")
	outer.args = append(outer.args, s.Limit)
	var list []hedui.Notice
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var n hedui.Notice
		var newest int64
		err := rows.Scan(&n.ID, &newest, &n.Count)
		n.At = instant(newest)
		list = append(list, n)
		return err
	}, fmt.Sprintf(`SELECT d.name, d.newest, d.n FROM (%s) d WHERE %s ORDER BY d.newest DESC, d.name LIMIT $%d`, inner, outer, len(outer.args)), outer.args...)
	if err != nil {
		return nil, fmt.Errorf("notices of days: %w", err)
	}
	return list, nil
}

// QueryNotices are the queries that wait on the worklists of some sources, those that
// came to one on a day together.
func (tx *Tx) QueryNotices(ctx context.Context, sources []string, s NoticeSpan) ([]hedui.Notice, error) {
	q := &conditions{}
	q.add("source "+tx.db.engine.in(1), tx.db.engine.list(sources))
	q.add("state IN ('listed', 'lettered') AND state = 'listed'")
	list, err := tx.daily(ctx, "source", "listed_at", "worklist", q, s)
	for i := range list {
		list[i].Source = list[i].ID
	}
	return list, err
}

// ConcernNotices are the open concerns that are about others, those of a day together.
func (tx *Tx) ConcernNotices(ctx context.Context, officer string, s NoticeSpan) ([]hedui.Notice, error) {
	q := &conditions{}
	q.add("state = 'open' AND officer <> $n", officer)
	return tx.daily(ctx, "'concern'", "raised_at", "concerns", q, s)
}

// CorrectionNotices are the requests to sources to correct a record that nobody has
// answered.
func (tx *Tx) CorrectionNotices(ctx context.Context, sources []string, s NoticeSpan) ([]hedui.Notice, error) {
	q := &conditions{}
	q.add("source "+tx.db.engine.in(1), tx.db.engine.list(sources))
	q.add("state = 'asked'")
	return tx.plainNotices(ctx, "number", "source", "asked_at", "''", "corrections", q, s)
}

// AlertNotices are the alerts of sources that last and that nobody has seen to.
func (tx *Tx) AlertNotices(ctx context.Context, s NoticeSpan) ([]hedui.Notice, error) {
	q := &conditions{}
	q.add("closed_at = 0 AND handled_at = 0")
	list, err := tx.plainNotices(ctx, "kind || '/' || source", "source", "since", "''", "alerts", q, s)
	for i, n := range list {
		list[i].Why, _, _ = strings.Cut(n.ID, "/")
	}
	return list, err
}

// NodeNotices are the nodes that wait for approval.
func (tx *Tx) NodeNotices(ctx context.Context, s NoticeSpan) ([]hedui.Notice, error) {
	q := &conditions{}
	q.add("state = 'asked'")
	return tx.plainNotices(ctx, "name", "name", "changed_at", "''", "enrolments", q, s)
}

// RequestNotices are what citizens have asked for about cases of the reader, and nobody
// has answered.
func (tx *Tx) RequestNotices(ctx context.Context, r NoticeReader, s NoticeSpan) ([]hedui.Notice, error) {
	q := &conditions{}
	q.add("state = 'open'")
	r.ofOne(tx, q, "x.case_id")
	return tx.plainNotices(ctx, "number", "''", "asked_at", "case_id", "mirror_requests x", q, s)
}

// ErasureNotices are the cases of the reader that somebody else has proposed to erase.
func (tx *Tx) ErasureNotices(ctx context.Context, r NoticeReader, s NoticeSpan) ([]hedui.Notice, error) {
	q := &conditions{}
	q.add("state = 'proposed'")
	q.add("replace(body, $n, '') = body", `"proposed":{"id":"`+r.Officer+`"`)
	r.ofOne(tx, q, "x.case_id")
	return tx.plainNotices(ctx, "case_id", "''", "changed_at", "case_id", "erasures x", q, s)
}

// plainNotices are rows of a table, each of which is one notice.
func (tx *Tx) plainNotices(ctx context.Context, id, source, at, caseID, from string, q *conditions, s NoticeSpan) ([]hedui.Notice, error) {
	s.in(q, at, id)
	q.args = append(q.args, s.Limit)
	var list []hedui.Notice
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var n hedui.Notice
		var when int64
		err := rows.Scan(&n.ID, &n.Source, &when, &n.Case)
		n.At = instant(when)
		list = append(list, n)
		return err
	}, fmt.Sprintf(`SELECT %s, %s, %s, %s FROM %s WHERE %s ORDER BY %s DESC, 1 LIMIT $%d`, id, source, at, caseID, from, q, at, len(q.args)), q.args...)
	if err != nil {
		return nil, fmt.Errorf("notices: %w", err)
	}
	return list, nil
}

// NameNotices adds to notices what a list shows of their cases, and who the officers
// are.
func (tx *Tx) NameNotices(ctx context.Context, list []hedui.Notice) error {
	var cases, officers []string
	for _, n := range list {
		cases, officers = append(cases, n.Case), append(officers, n.By)
	}
	slices.Sort(cases)
	slices.Sort(officers)
	summaries, err := tx.summaries(ctx, `WHERE id `+tx.db.engine.in(1), tx.db.engine.list(slices.Compact(cases)))
	if err != nil {
		return fmt.Errorf("notices: %w", err)
	}
	of := map[string]Summary{}
	for _, s := range summaries {
		of[s.ID] = s
	}
	names := map[string]string{}
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var id, name string
		err := rows.Scan(&id, &name)
		names[id] = name
		return err
	}, `SELECT id, name FROM officers WHERE id `+tx.db.engine.in(1), tx.db.engine.list(slices.Compact(officers)))
	if err != nil {
		return fmt.Errorf("notices: %w", err)
	}
	for i := range list {
		n := &list[i]
		n.Name, n.Number, n.Applicant, n.Programme = names[n.By], of[n.Case].Number, of[n.Case].Applicant, of[n.Case].Programme
	}
	return nil
}

// NoticesSeen is up to when an officer has seen notices; zero if never.
func (tx *Tx) NoticesSeen(ctx context.Context, officer string) (time.Time, error) {
	var at int64
	err := tx.tx.QueryRowContext(ctx, `SELECT at FROM notices_seen WHERE officer = $1`, officer).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, fmt.Errorf("notices seen: %w", err)
	}
	return instant(at), nil
}

// SeeNotices notes up to when an officer has seen notices. It never goes back.
func (tx *Tx) SeeNotices(ctx context.Context, officer string, at time.Time) error {
	_, err := tx.exec(ctx, `INSERT INTO notices_seen (officer, at) VALUES ($1, $2)
		ON CONFLICT (officer) DO UPDATE SET at = excluded.at WHERE notices_seen.at < excluded.at`, officer, micros(at))
	if err != nil {
		return fmt.Errorf("see notices: %w", err)
	}
	return nil
}
