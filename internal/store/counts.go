package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"hedui/internal/hedui"
)

// A CountNode is a node below and what it has said of its counts last.
type CountNode struct {
	Node, Division string
	Peer           string // the child that said so: the node itself, or one above it
	At             time.Time
	CountedAt      time.Time
	Missing        int // months of which its counts are not here as it has them
	Gaps           int // of these, months of which none are here
}

// A NodeMonth is all that was counted, and entered, of a month at a node.
type NodeMonth struct {
	Month   hedui.Month
	Mark    string // another one when anything in it differs
	At      time.Time
	Tallies []hedui.Tally
	Totals  []hedui.OfficeTotal
}

// CountNodes lists the nodes below that have said what they counted.
func (tx *Tx) CountNodes(ctx context.Context) ([]CountNode, error) {
	var list []CountNode
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var n CountNode
		var at, counted int64
		err := rows.Scan(&n.Node, &n.Division, &n.Peer, &at, &counted, &n.Missing, &n.Gaps)
		n.At, n.CountedAt = instant(at), instant(counted)
		list = append(list, n)
		return err
	}, `SELECT node, division, peer, at, counted_at, (SELECT COUNT(*) FROM count_months m WHERE m.node = n.node AND m.mark <> m.held),
		(SELECT COUNT(*) FROM count_months m WHERE m.node = n.node AND m.held = '') FROM count_nodes n ORDER BY node`)
	if err != nil {
		return nil, fmt.Errorf("nodes that count: %w", err)
	}
	return list, nil
}

// CountNode returns one of them, and false if it has said nothing.
func (tx *Tx) CountNode(ctx context.Context, node string) (CountNode, bool, error) {
	list, err := tx.CountNodes(ctx)
	i := slices.IndexFunc(list, func(n CountNode) bool { return n.Node == node })
	if err != nil || i < 0 {
		return CountNode{}, false, err
	}
	return list[i], true, nil
}

// SaveCounts takes what a node says of its counts, and returns the months of which
// other counts are here than it has, the latest first. Months that it has no more
// are gone here too. What is older than what was said before changes nothing.
func (tx *Tx) SaveCounts(ctx context.Context, n CountNode, marks map[hedui.Month]string, running []hedui.Tally) ([]hedui.Month, error) {
	if err := tx.lockName(ctx, "counts "+n.Node); err != nil {
		return nil, err
	}
	held, err := tx.heldMarks(ctx, n.Node)
	if err != nil {
		return nil, err
	}
	changed, err := tx.exec(ctx, `INSERT INTO count_nodes (node, division, peer, at, counted_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (node)
		DO UPDATE SET division = excluded.division, peer = excluded.peer, at = excluded.at, counted_at = excluded.counted_at WHERE count_nodes.at <= excluded.at`,
		n.Node, n.Division, n.Peer, micros(n.At), micros(n.CountedAt))
	if err != nil {
		return nil, fmt.Errorf("save counts of a node: %w", err)
	}
	if changed == 0 {
		return nil, nil
	}
	var wanted []hedui.Month
	for month, mark := range marks {
		if held[month] != mark {
			wanted = append(wanted, month)
		}
		_, more := tx.exec(ctx, `INSERT INTO count_months (node, month, mark, held, at) VALUES ($1, $2, $3, '', 0)
			ON CONFLICT (node, month) DO UPDATE SET mark = excluded.mark WHERE count_months.mark <> excluded.mark`, n.Node, string(month), mark)
		err = errors.Join(err, more)
	}
	for month := range held {
		if _, still := marks[month]; !still {
			err = errors.Join(err, tx.dropMonth(ctx, n.Node, month))
		}
	}
	_, more := tx.exec(ctx, `DELETE FROM count_running WHERE node = $1`, n.Node)
	err = errors.Join(err, more)
	rows := make([][]any, len(running))
	for i, t := range running {
		rows[i] = []any{n.Node, t.Division, string(t.Programme), string(t.Kind), t.N}
	}
	if err = errors.Join(err, tx.insert(ctx, `INSERT INTO count_running (node, division, programme, kind, n)`, rows, "")); err != nil {
		return nil, fmt.Errorf("save counts of a node: %w", err)
	}
	slices.Sort(wanted)
	slices.Reverse(wanted)
	return wanted, nil
}

// heldMarks are the marks of the months of a node, as they are here.
func (tx *Tx) heldMarks(ctx context.Context, node string) (map[hedui.Month]string, error) {
	marks := map[hedui.Month]string{}
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var month, held string
		err := rows.Scan(&month, &held)
		marks[hedui.Month(month)] = held
		return err
	}, `SELECT month, held FROM count_months WHERE node = $1`, node)
	if err != nil {
		return nil, fmt.Errorf("months of a node: %w", err)
	}
	return marks, nil
}

func (tx *Tx) dropMonth(ctx context.Context, node string, month hedui.Month) error {
	var errs []error
	for _, table := range []string{"count_cells", "count_totals", "count_months"} {
		_, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE node = $1 AND month = $2`, node, string(month))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// SaveNodeMonth puts the counts of a month of a node in the place of those before. A
// month that the node does not have by what it said last, and what is older than
// what is here, changes nothing.
func (tx *Tx) SaveNodeMonth(ctx context.Context, node string, m NodeMonth) error {
	if err := tx.lockName(ctx, "counts "+node); err != nil {
		return err
	}
	changed, err := tx.exec(ctx, `UPDATE count_months SET held = $3, at = $4 WHERE node = $1 AND month = $2 AND at <= $4`, node, string(m.Month), m.Mark, micros(m.At))
	if err != nil || changed == 0 {
		return err
	}
	for _, table := range []string{"count_cells", "count_totals"} {
		if _, err := tx.exec(ctx, `DELETE FROM `+table+` WHERE node = $1 AND month = $2`, node, string(m.Month)); err != nil {
			return fmt.Errorf("save counts of a month: %w", err)
		}
	}
	var cells, totals [][]any
	for list := m.Tallies; len(list) > 0; {
		cell := list[0].Cell()
		n := slices.IndexFunc(list, func(t hedui.Tally) bool { return t.Cell() != cell })
		if n < 0 {
			n = len(list)
		}
		counts, more := writeCounts(list[:n])
		cells = append(cells, []any{string(m.Month), cell.Division, cell.Office, string(cell.Programme), string(cell.Kind), node, counts, more})
		list = list[n:]
	}
	for _, t := range m.Totals {
		totals = append(totals, []any{string(m.Month), t.Division, string(t.Kind), node, t.N, t.Origin, micros(t.At)})
	}
	err = errors.Join(tx.insert(ctx, `INSERT INTO count_cells (month, division, office, programme, kind, node, counts, more)`, cells, ""),
		tx.insert(ctx, `INSERT INTO count_totals (month, division, kind, node, n, origin, entered_at)`, totals, ""))
	if err != nil {
		return fmt.Errorf("save counts of a month: %w", err)
	}
	return nil
}

// MonthMarks are the marks of the months that a node below has counted, as they are
// here, or with an empty name of those that this one has.
func (tx *Tx) MonthMarks(ctx context.Context, node string) (map[hedui.Month]string, error) {
	if node != "" {
		return tx.heldMarks(ctx, node)
	}
	months, err := tx.ownMonths(ctx, "", false)
	marks := map[hedui.Month]string{}
	for _, m := range months {
		marks[m.Month] = m.Mark
	}
	return marks, err
}

// Month is what a node below has counted of a month, or with an empty name this one;
// false if there is nothing.
func (tx *Tx) Month(ctx context.Context, node string, month hedui.Month) (NodeMonth, bool, error) {
	if node == "" {
		list, err := tx.ownMonths(ctx, month, true)
		if err != nil || len(list) == 0 {
			return NodeMonth{}, false, err
		}
		return list[0], true, nil
	}
	m := NodeMonth{Month: month}
	var at int64
	err := tx.tx.QueryRowContext(ctx, `SELECT held, at FROM count_months WHERE node = $1 AND month = $2 AND held <> ''`, node, string(month)).Scan(&m.Mark, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return m, false, nil
	}
	m.At = instant(at)
	if err == nil {
		err = tx.eachCell(ctx, func(t hedui.Tally, counts string) error {
			list, err := tallies(t, counts)
			m.Tallies = append(m.Tallies, list...)
			return err
		}, `count_cells WHERE node = $1 AND month = $2`, node, string(month))
	}
	if err == nil {
		err = tx.each(ctx, func(rows *sql.Rows) error {
			t, err := scanTotal(rows)
			m.Totals = append(m.Totals, t)
			return err
		}, `SELECT '', node, division, month, kind, n, origin, entered_at, '' FROM count_totals WHERE node = $1 AND month = $2 ORDER BY division, kind`, node, string(month))
	}
	if err != nil {
		return m, false, fmt.Errorf("counts of a month: %w", err)
	}
	return m, true, nil
}

// ownMonths are the months that this node has counted, or one of them, the counts
// themselves if whole. Marks are made of what is in the rows: so a month that goes
// back to what it was, or is put back from an old copy, has its old mark.
func (tx *Tx) ownMonths(ctx context.Context, month hedui.Month, whole bool) ([]NodeMonth, error) {
	months := map[hedui.Month]*NodeMonth{}
	of := func(m hedui.Month) *NodeMonth {
		if months[m] == nil {
			months[m] = &NodeMonth{Month: m}
		}
		return months[m]
	}
	sums := map[hedui.Month][]byte{}
	note := func(m hedui.Month, what ...any) {
		sum := sha256.Sum256(fmt.Appendf(sums[m], "%#v", what)) // each on top of those before
		sums[m] = sum[:]
	}
	err := tx.eachCell(ctx, func(t hedui.Tally, counts string) (err error) {
		note(t.Month, t.Division, t.Office, t.Programme, t.Kind, counts)
		if m := of(t.Month); whole {
			var list []hedui.Tally
			list, err = tallies(t, counts)
			m.Tallies = append(m.Tallies, list...)
		}
		return err
	}, `tallies WHERE $1 IN ('', month)`, string(month))
	if err == nil {
		err = tx.each(ctx, func(rows *sql.Rows) error {
			t, err := scanTotal(rows)
			note(t.Month, t.Division, t.Kind, t.N, t.Origin, t.At.UnixMicro())
			if m := of(t.Month); whole {
				m.Totals = append(m.Totals, t)
			}
			return err
		}, ownTotals+` AND $1 IN ('', month) ORDER BY month, division, kind`, string(month))
	}
	if err != nil {
		return nil, fmt.Errorf("counts of this node: %w", err)
	}
	list := make([]NodeMonth, 0, len(months))
	for m, one := range months {
		one.Mark = hex.EncodeToString(sums[m][:16])
		list = append(list, *one)
	}
	return list, nil
}

// eachCell reads the cells of a table, those left out of which all was taken off.
func (tx *Tx) eachCell(ctx context.Context, take func(cell hedui.Tally, counts string) error, from string, args ...any) error {
	return tx.each(ctx, func(rows *sql.Rows) error {
		var t hedui.Tally
		var month, programme, kind, counts, more string
		if err := rows.Scan(&month, &t.Division, &t.Office, &programme, &kind, &counts, &more); err != nil {
			return err
		}
		t.Month, t.Programme, t.Kind = hedui.Month(month), hedui.Programme(programme), hedui.CaseKind(kind)
		if counts+more == "" {
			return nil
		}
		return take(t, counts+more)
	}, `SELECT month, division, office, programme, kind, counts, more FROM `+from+` ORDER BY month, division, office, programme, kind`, args...)
}

// tallies are the counts of a cell.
func tallies(cell hedui.Tally, counts string) (list []hedui.Tally, err error) {
	err = eachCount(counts, func(what hedui.Tallied, part string, n int64) {
		cell.What, cell.Part, cell.N = what, part, n
		list = append(list, cell)
	})
	return list, err
}

// DropParcelsOfKind takes what waits for a peer of one kind out of the outbox: it is
// replaced by what is newer. Nobody else does so until the end of the transaction.
func (tx *Tx) DropParcelsOfKind(ctx context.Context, peer, kind string) error {
	if err := tx.lockName(ctx, "parcels "+peer+" "+kind); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, `DELETE FROM parcels WHERE peer = $1 AND kind = $2`, peer, kind); err != nil {
		return fmt.Errorf("drop parcels: %w", err)
	}
	return nil
}
