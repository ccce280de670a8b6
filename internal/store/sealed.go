package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"hedui/catalog"
	"hedui/internal/hedui"
	"hedui/source"
)

// A SealedCase is a case that has a sealed report, with what it rests on.
type SealedCase struct {
	Case         *hedui.Case
	Grid         []hedui.Query // the newest of each register, without how it was asked: Basis, Token and the like
	Explanations []hedui.Explanation
}

// A SealedCount says how many cases of a place have a sealed report. Only the newest
// of each household, which is known by its applicant, can be read as a [SealedCase].
type SealedCount struct {
	Newest int
	Older  int // the household has a newer one for the same programme
	Handed int // another node has the case now
	Erased int
}

// sealedCases are the cases with a sealed report, each with its key and its
// applicant if it has them; newer says of one of them that the household has a
// newer one for its programme, wherever that is by now.
const (
	sealedCases = ` FROM cases c LEFT JOIN case_keys k ON k.case_id = c.id LEFT JOIN case_persons a ON a.case_id = c.id AND a.person = 1
		WHERE c.version > 0 AND substr(c.division, 1, length($1)) = $1`
	newer = `EXISTS (SELECT 1 FROM case_persons p JOIN cases o ON o.id = p.case_id
		WHERE p.blind = a.blind AND p.person = 1 AND o.id > c.id AND o.programme = c.programme AND o.version > 0)`
)

// CountSealed counts the cases with a sealed report in the divisions whose code
// begins so.
func (tx *Tx) CountSealed(ctx context.Context, division string) (SealedCount, error) {
	var count SealedCount
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var what string
		var n int
		err := rows.Scan(&what, &n)
		*map[string]*int{"newest": &count.Newest, "older": &count.Older, "handed": &count.Handed, "erased": &count.Erased}[what] = n
		return err
	}, `SELECT what, count(*) FROM (SELECT CASE WHEN c.stage = 'handed' THEN 'handed' WHEN k.case_id IS NULL THEN 'erased'
		WHEN `+newer+` THEN 'older' ELSE 'newest' END AS what`+sealedCases+`) AS sealed GROUP BY what`, division)
	if err != nil {
		return SealedCount{}, fmt.Errorf("count sealed: %w", err)
	}
	return count, nil
}

// SealedIDs lists the newest case with a sealed report of each household and
// programme, by id, as they are at one moment. Cases that were handed over or erased
// are left out.
func (tx *Tx) SealedIDs(ctx context.Context, division string) ([]string, error) {
	list, err := tx.texts(ctx, `SELECT c.id`+sealedCases+` AND c.stage <> 'handed' AND k.case_id IS NOT NULL AND NOT `+newer+`
		ORDER BY c.id`, division)
	if err != nil {
		return nil, fmt.Errorf("sealed cases: %w", err)
	}
	return list, nil
}

// SealedByID reads cases with what their reports rest on in a fixed number of
// statements, however many there are. Those that were erased are left out.
func (tx *Tx) SealedByID(ctx context.Context, ids []string) ([]SealedCase, error) {
	if err := tx.loadKeys(ctx, ids); err != nil {
		return nil, fmt.Errorf("sealed cases: %w", err)
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := tx.keys[id]; return !ok })
	cases, err := tx.CasesByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	queries, err := tx.scanQueries(ctx, scanGrid, `SELECT id, case_id, person, category, scope, source, department, state, created_at, asked_at, as_of,
		outcome, reason, CASE WHEN outcome = 'found' THEN answer END FROM queries WHERE case_id `+tx.db.engine.in(1), tx.db.engine.list(ids))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(queries, func(a, b hedui.Query) int { // as Queries has them
		return cmp.Or(cmp.Compare(a.Case, b.Case), cmp.Compare(a.Person, b.Person), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Scope, b.Scope),
			a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	items, err := tx.explanations(ctx, ids)
	if err != nil {
		return nil, err
	}
	slices.Sort(ids)
	list := make([]SealedCase, 0, len(ids))
	for _, id := range ids {
		n := 0
		for n < len(queries) && queries[n].Case == id {
			n++
		}
		list = append(list, SealedCase{cases[id], hedui.Newest(queries[:n]), items[id]})
		queries = queries[n:]
	}
	return list, nil
}

// scanGrid reads what an assessment needs of a query: with the other columns, and
// what came with answers without records, the reading of many takes a third longer.
func scanGrid(rows *sql.Rows) (q hedui.Query, box []byte, err error) {
	var category, state, outcome, reason string
	var created, asked, asOf int64
	err = rows.Scan(&q.ID, &q.Case, &q.Person, &category, &q.Scope, &q.Source, &q.Department, &state, &created, &asked, &asOf, &outcome, &reason, &box)
	q.Category, q.State, q.Outcome, q.Reason = catalog.Code(category), hedui.QueryState(state), source.Outcome(outcome), source.Reason(reason)
	q.CreatedAt, q.AskedAt, q.AsOf = instant(created), instant(asked), instant(asOf)
	return q, box, err
}
