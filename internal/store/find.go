package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/hedui"
)

// A Summary is what a list shows of a case.
type Summary struct {
	ID        string
	Number    string
	Division  string
	Programme hedui.Programme
	Kind      hedui.CaseKind
	Office    string
	Stage     hedui.Stage
	AppliedOn day.Day
	CreatedAt time.Time
	DueAt     time.Time
	Version   int
	Applicant string // masked; empty if the case was erased
	Persons   int    // 0 if the case was erased
	Erased    bool
}

// A Filter says which cases are listed. Its zero value means the newest hundred.
type Filter struct {
	Stages         []hedui.Stage     // any of them; none = all
	Division       string            // beginning of the code: "3302" is a city
	Programme      hedui.Programme   // empty = all
	Programmes     []hedui.Programme // any of them; none = all
	Reader, Office string            // officer, and his office, without whose cases to stand aside from; empty = all
	Number         string            // of the case, whole; empty = all
	OpenedBy       string            // officer who opened the case; empty = all
	Undecided      bool              // the office has a report and has not told what it decided; without what was erased
	Person         idcard.Number     // somebody in it; zero = all
	DueBefore      time.Time         // promised before this instant; zero = all
	Before         string            // only cases older than the one with this id: the last of the page before
	ByDue          bool              // what is promised soonest first, then what has no promise yet, oldest first, without what was erased; Before does not go with it
	Limit          int               // 0 = 100
}

const defaultLimit = 100

// Cases lists cases, newest first unless the filter says otherwise.
func (tx *Tx) Cases(ctx context.Context, f Filter) ([]Summary, error) {
	var where []string
	var args []any
	add := func(condition string, arg any) {
		args = append(args, arg)
		where = append(where, strings.ReplaceAll(condition, "$n", fmt.Sprintf("$%d", len(args))))
	}
	if len(f.Stages) > 0 && !f.ByDue {
		add("stage "+tx.db.engine.in(len(args)+1), tx.db.engine.list(texts(f.Stages)))
	}
	if f.Division != "" {
		add("substr(division, 1, length($n)) = $n", f.Division)
	}
	if f.Programme != "" {
		add("programme = $n", string(f.Programme))
	}
	if len(f.Programmes) > 0 {
		add("programme "+tx.db.engine.in(len(args)+1), tx.db.engine.list(texts(f.Programmes)))
	}
	if f.Number != "" {
		add("number = $n", f.Number)
	}
	if f.OpenedBy != "" {
		add("opened_by = $n", f.OpenedBy)
	}
	if f.Undecided {
		where = append(where, "decided = 0 AND stage IN ('delivered', 'objected', 'rechecked', 'archived') AND EXISTS (SELECT 1 FROM case_keys k WHERE k.case_id = cases.id)")
	}
	if !f.Person.IsZero() {
		blind, err := tx.blind(f.Person)
		if err != nil {
			return nil, fmt.Errorf("list cases: %w", err)
		}
		add("id IN (SELECT case_id FROM case_persons WHERE blind = $n)", blind)
	}
	if f.Reader != "" {
		args = append(args, f.Reader, f.Office)
		where = append(where, "NOT "+fmt.Sprintf(aside, "cases.id", len(args)-1, len(args)))
	}
	if !f.DueBefore.IsZero() {
		add("due_at > 0 AND due_at < $n", micros(f.DueBefore))
	}
	if f.Before != "" {
		add("id < $n", f.Before)
	}
	if f.Limit <= 0 {
		f.Limit = defaultLimit
	}
	if f.ByDue {
		where = append(where, "EXISTS (SELECT 1 FROM case_keys k WHERE k.case_id = cases.id)")
	}
	if f.ByDue {
		rest, args := soonest(f.Stages, where, args, f.Limit)
		return tx.summaries(ctx, rest, args...)
	}
	condition := ""
	if len(where) > 0 {
		condition = "WHERE " + strings.Join(where, " AND ")
	}
	args = append(args, f.Limit)
	return tx.summaries(ctx, condition+fmt.Sprintf(" ORDER BY id DESC LIMIT $%d", len(args)), args...)
}

// soonest is the query for what is promised soonest at the stages. Each stage is read
// along its index and no further than the limit: what waits there may be thousands.
func soonest(stages []hedui.Stage, where []string, args []any, limit int) (string, []any) {
	if len(stages) == 0 {
		stages = hedui.Stages()
	}
	args = append(args, limit)
	last := len(args)
	var runs []string
	for _, stage := range stages {
		args = append(args, string(stage))
		for _, run := range []struct{ promised, order string }{{"due_at > 0", "due_at, id"}, {"due_at = 0", "id"}} {
			all := append([]string{fmt.Sprintf("stage = $%d", len(args)), run.promised}, where...)
			runs = append(runs, fmt.Sprintf("SELECT * FROM (SELECT id, due_at FROM cases WHERE %s ORDER BY %s LIMIT $%d) AS run", strings.Join(all, " AND "), run.order, last))
		}
	}
	const order = "ORDER BY CASE WHEN due_at = 0 THEN 1 ELSE 0 END, due_at, id"
	return fmt.Sprintf("WHERE id IN (SELECT id FROM (%s) AS runs %s LIMIT $%d) %s", strings.Join(runs, " UNION ALL "), order, last, order), args
}

// CasesOf lists the cases of a person, newest first.
func (tx *Tx) CasesOf(ctx context.Context, id idcard.Number) ([]Summary, error) {
	blind, err := tx.blind(id)
	if err != nil {
		return nil, fmt.Errorf("cases of a person: %w", err)
	}
	return tx.summaries(ctx, `WHERE id IN (SELECT case_id FROM case_persons WHERE blind = $1) ORDER BY id DESC`, blind)
}

func (tx *Tx) summaries(ctx context.Context, rest string, args ...any) ([]Summary, error) {
	var list []Summary
	var ids []string
	var boxes [][]byte
	query := `SELECT id, number, division, programme, kind, office, stage, applied_on, created_at, due_at, version, summary FROM cases `
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var s Summary
		var programme, kind, stage, applied string
		var created, due int64
		var box []byte
		err := rows.Scan(&s.ID, &s.Number, &s.Division, &programme, &kind, &s.Office, &stage, &applied, &created, &due, &s.Version, &box)
		if err != nil {
			return err
		}
		s.Programme, s.Kind, s.Stage = hedui.Programme(programme), hedui.CaseKind(kind), hedui.Stage(stage)
		s.CreatedAt, s.DueAt = instant(created), instant(due)
		list, ids, boxes = append(list, s), append(ids, s.ID), append(boxes, box)
		return list[len(list)-1].AppliedOn.UnmarshalText([]byte(applied))
	}, query+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	if err := tx.loadKeys(ctx, ids); err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	for i := range list {
		if _, ok := tx.keys[ids[i]]; !ok {
			list[i].Erased = true
			continue
		}
		var body summaryBody
		if err := tx.unboxJSON(ids[i], aad("cases", ids[i], "summary"), boxes[i], &body); err != nil {
			return nil, fmt.Errorf("list cases: %w", err)
		}
		list[i].Applicant, list[i].Persons = body.Applicant, body.Persons
	}
	return list, nil
}

// Elsewhere returns the numbers of the members of a case who live in the household
// of another applicant's case for the programme as well, if it was opened since a
// day and has a report.
func (tx *Tx) Elsewhere(ctx context.Context, c *hedui.Case, since day.Day) ([]int, error) {
	var list []int
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var no int
		err := rows.Scan(&no)
		list = append(list, no)
		return err
	}, `SELECT DISTINCT mine.person FROM case_persons mine
		JOIN case_persons other ON other.blind = mine.blind AND other.case_id <> mine.case_id AND other.member = 1
		JOIN cases c ON c.id = other.case_id AND c.version > 0 AND c.programme = $2 AND c.created_at >= $3
		JOIN case_persons head ON head.case_id = other.case_id AND head.person = 1
		WHERE mine.case_id = $1 AND mine.member = 1
		AND NOT EXISTS (SELECT 1 FROM case_persons same WHERE same.case_id = $1 AND same.blind = head.blind)
		ORDER BY mine.person`, c.ID, string(c.Programme), micros(since.Start()))
	if err != nil {
		return nil, fmt.Errorf("persons in other cases: %w", err)
	}
	return list, nil
}

// RunningCase returns a case under way, other than except, for the programme in
// whose household one of the persons lives; who only owes it support does not
// count. In a transaction that writes, no other transaction that asks for one of
// these persons goes on before this one ends, so that of two clerks who open a
// case for one household only one succeeds.
func (tx *Tx) RunningCase(ctx context.Context, ids []idcard.Number, p hedui.Programme, except string) (caseID string, found bool, err error) {
	blinds, err := tx.blinds(ids)
	if err != nil {
		return "", false, fmt.Errorf("running case: %w", err)
	}
	if err := tx.lockName(ctx, blinds...); err != nil {
		return "", false, fmt.Errorf("running case: %w", err)
	}
	err = tx.tx.QueryRowContext(ctx, `SELECT c.id FROM cases c JOIN case_persons p ON p.case_id = c.id
		WHERE p.blind `+tx.db.engine.in(1)+` AND p.member = 1 AND c.programme = $2 AND c.running = 1 AND c.id <> $3 ORDER BY c.id LIMIT 1`,
		tx.db.engine.list(blinds), string(p), except).Scan(&caseID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", false, nil
	case err != nil:
		return "", false, fmt.Errorf("running case: %w", err)
	}
	return caseID, true, nil
}
