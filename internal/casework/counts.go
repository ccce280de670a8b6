package casework

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"hedui/day"
	"hedui/exchange"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/region"
)

// Whoever stands above sees the figures of the nodes below (docs/adr/0041): each
// round a node tells its parent which months it has counted and their marks, the
// parent asks for those that are other than what it holds, and gets them whole.
// Neither side remembers what was sent, so nothing has to be made good after an old
// copy of a database was put back, or a letter was lost: the next round does it.

// countsLife is how long a letter about counts may be on its way; the next round
// makes a newer one.
const countsLife = 24 * time.Hour

// mostMonths is how many months are asked for at once; the next round asks for more.
const mostMonths = 100

// Why counts of a peer are refused for good.
var (
	errOtherCounts  = &exchange.Refusal{Reason: "counts_other", Err: errors.New("counts of a node for which the peer does not speak")}
	errPlaceCounts  = &exchange.Refusal{Reason: "counts_place", Err: errors.New("counts of a division that is not in the peer's")}
	errFutureCounts = &exchange.Refusal{Reason: "counts_future", Err: errors.New("counts of an instant to come")}
)

// ReportCounts tells the node above, if there is one, what this node has counted and
// what those below have said. What waits for it from the round before is replaced.
func (d *Desk) ReportCounts(ctx context.Context) error {
	at := d.Now().Truncate(time.Millisecond)
	parent := ""
	var said []exchange.Counts
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		peers, err := tx.Peers(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(peers, func(p store.Peer) bool { return p.Role == store.ParentRole && !p.Revoked })
		if i < 0 {
			return nil
		}
		parent = peers[i].Name
		counted, err := tx.CountedAt(ctx)
		if err != nil {
			return err
		}
		running, err := tx.CountRunning(ctx, "", nil)
		if err != nil {
			return err
		}
		nodes, err := tx.CountNodes(ctx)
		if err != nil {
			return err
		}
		for _, n := range append(nodes, store.CountNode{Division: d.Division, At: at, CountedAt: counted}) {
			marks, err := tx.MonthMarks(ctx, n.Node)
			if err != nil {
				return err
			}
			said = append(said, d.countsOf(n, marks, running))
		}
		return nil
	})
	if err != nil || parent == "" {
		return err
	}
	letters := make([]store.Parcel, len(said))
	for i, c := range said {
		m, err := exchange.NewMessage(exchange.NewID(), at.Add(countsLife), c)
		if err != nil {
			return fmt.Errorf("casework: counts of %s: %w", c.Node, err)
		}
		letters[i] = Letter(parent, m, at)
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.DropParcelsOfKind(ctx, parent, string(exchange.KindCounts)); err != nil {
			return err
		}
		return tx.AddParcels(ctx, letters...)
	})
}

// countsOf says what a node has counted; a name that is empty stands for this one.
func (d *Desk) countsOf(n store.CountNode, marks map[hedui.Month]string, running []hedui.Tally) exchange.Counts {
	c := exchange.Counts{Node: n.Node, Division: n.Division, At: n.At, Counted: n.CountedAt.Truncate(time.Millisecond)}
	if c.Node == "" {
		c.Node = d.Node
	}
	for _, m := range slices.Sorted(maps.Keys(marks)) {
		if marks[m] != "" { // of a node below: nothing is here yet
			c.Months = append(c.Months, exchange.CountsMark{Month: string(m), Mark: marks[m]})
		}
	}
	for _, t := range running {
		if t.Node == n.Node {
			c.Running = append(c.Running, exchange.CountsRunning{Division: t.Division, Programme: string(t.Programme), Kind: string(t.Kind), N: t.N})
		}
	}
	return c
}

// within reports whether a division lies in that of a peer, or is part of it today.
func within(from Neighbour, division string, at time.Time) bool {
	return hedui.Covers(from.Division, division) || hedui.Covers(from.Division, hedui.Todays(division, day.Of(at)))
}

// takeCounts takes what a child says that it, or a node below it, has counted, and
// asks for what is other than here.
func (d *Desk) takeCounts(ctx context.Context, tx *store.Tx, from Neighbour, m exchange.Message, at time.Time) error {
	c, err := m.Counts()
	if err != nil {
		return err
	}
	if err := d.speaksFor(ctx, tx, from, c.Node); err != nil {
		return err
	}
	if c.At.After(at.Add(exchange.DefaultSkew)) { // until then nothing newer would count
		return errFutureCounts
	}
	if !within(from, c.Division, at) {
		return errPlaceCounts
	}
	marks, running := map[hedui.Month]string{}, make([]hedui.Tally, len(c.Running))
	for _, one := range c.Months {
		marks[hedui.Month(one.Month)] = one.Mark
	}
	for i, one := range c.Running {
		if !within(from, one.Division, at) {
			return errPlaceCounts
		}
		running[i] = hedui.Tally{Division: one.Division, Programme: hedui.Programme(one.Programme), Kind: hedui.CaseKind(one.Kind), N: one.N}
	}
	wanted, err := tx.SaveCounts(ctx, store.CountNode{Node: c.Node, Division: c.Division, Peer: from.Name, At: c.At, CountedAt: c.Counted}, marks, running)
	if err != nil || len(wanted) == 0 {
		return err
	}
	ask := exchange.WantedCounts{Node: c.Node}
	for _, month := range wanted[:min(len(wanted), mostMonths)] {
		ask.Months = append(ask.Months, string(month))
	}
	letter, err := exchange.NewMessage(exchange.NewID(), at.Add(countsLife), ask)
	if err != nil {
		return err
	}
	return tx.AddParcels(ctx, Letter(from.Name, letter, at))
}

// speaksFor refuses counts of a node for which a peer does not speak: a child speaks
// for itself and for those below it, which are no peers of this node.
func (d *Desk) speaksFor(ctx context.Context, tx *store.Tx, from Neighbour, node string) error {
	if from.Parent || node == d.Node {
		return errOtherCounts
	}
	if node == from.Name {
		return nil
	}
	peers, err := tx.Peers(ctx)
	if err == nil && slices.ContainsFunc(peers, func(p store.Peer) bool { return p.Name == node && !p.Revoked }) {
		err = errOtherCounts
	}
	return err
}

// takeMonth takes the counts of a month in the place of those that were here.
func (d *Desk) takeMonth(ctx context.Context, tx *store.Tx, from Neighbour, m exchange.Message, at time.Time) error {
	c, err := m.MonthCounts()
	if err != nil {
		return err
	}
	if err := d.speaksFor(ctx, tx, from, c.Node); err != nil {
		return err
	}
	if c.At.After(at.Add(exchange.DefaultSkew)) {
		return errFutureCounts
	}
	switch known, ok, err := tx.CountNode(ctx, c.Node); {
	case err != nil || !ok: // an old copy was put back here, which does not know that it has asked
		return err
	case known.Peer != from.Name:
		return errOtherCounts
	}
	month := store.NodeMonth{Month: hedui.Month(c.Month), Mark: c.Mark, At: c.At}
	for _, cell := range c.Cells {
		if !within(from, cell.Division, at) {
			return errPlaceCounts
		}
		t := hedui.Tally{Month: month.Month, Division: cell.Division, Office: cell.Office, Programme: hedui.Programme(cell.Programme), Kind: hedui.CaseKind(cell.Kind)}
		for _, l := range cell.Lines {
			t.What, t.Part, t.N = hedui.Tallied(l.What), l.Part, l.N
			month.Tallies = append(month.Tallies, t)
		}
	}
	for _, t := range c.Totals {
		if !within(from, t.Division, at) {
			return errPlaceCounts
		}
		month.Totals = append(month.Totals, hedui.OfficeTotal{Division: t.Division, Month: month.Month, Kind: hedui.CaseKind(t.Kind), N: t.N, Origin: t.Origin, At: t.At})
	}
	return tx.SaveNodeMonth(ctx, c.Node, month)
}

// sendMonths sends the parent the months that it asks for.
func (d *Desk) sendMonths(ctx context.Context, tx *store.Tx, from Neighbour, m exchange.Message, at time.Time) error {
	c, err := m.WantedCounts()
	if err != nil {
		return err
	}
	if !from.Parent {
		return errOtherCounts
	}
	node := c.Node
	if node == d.Node {
		node = "" // as the store has it
	}
	var letters []store.Parcel
	for _, month := range c.Months {
		counts, ok, err := tx.Month(ctx, node, hedui.Month(month))
		switch {
		case err != nil:
			return err
		case !ok: // gone since; the next round says so
			continue
		case node == "":
			counts.At = at.Truncate(time.Millisecond)
		}
		letter, err := exchange.NewMessage(exchange.NewID(), at.Add(countsLife), monthOf(c.Node, counts))
		if err != nil { // the parent shows that the month is missing
			slog.ErrorContext(ctx, "counts of a month cannot be sent", "month", month, "node", c.Node, "error", err)
			continue
		}
		letters = append(letters, Letter(from.Name, letter, at))
	}
	return tx.AddParcels(ctx, letters...)
}

// monthOf is a month as it goes to the parent. Who has entered a total stays here.
func monthOf(node string, m store.NodeMonth) exchange.MonthCounts {
	c := exchange.MonthCounts{Node: node, Month: string(m.Month), Mark: m.Mark, At: m.At}
	for i, t := range m.Tallies {
		if i == 0 || t.Cell() != m.Tallies[i-1].Cell() {
			c.Cells = append(c.Cells, exchange.CountsCell{Division: t.Division, Office: oneLine(t.Office), Programme: string(t.Programme), Kind: string(t.Kind)})
		}
		cell := &c.Cells[len(c.Cells)-1]
		cell.Lines = append(cell.Lines, exchange.CountsLine{What: string(t.What), Part: t.Part, N: t.N})
	}
	for _, t := range m.Totals {
		c.Totals = append(c.Totals, exchange.CountsTotal{Division: t.Division, Kind: string(t.Kind), N: t.N, Origin: oneLine(t.Origin), At: t.At.Truncate(time.Millisecond)})
	}
	return c
}

// oneLine is what was typed without line breaks and the like.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// countedBelow lists up to when the nodes below have counted the divisions of a
// place, and the counties that have no node. A node without others below it has none.
func countedBelow(ctx context.Context, tx *store.Tx, q StatQuery) ([]hedui.NodeCount, error) {
	peers, err := tx.Peers(ctx)
	if err != nil {
		return nil, err
	}
	nodes, err := tx.CountNodes(ctx)
	if err != nil {
		return nil, err
	}
	var list []hedui.NodeCount
	for _, n := range nodes {
		list = append(list, hedui.NodeCount{Division: n.Division, Node: n.Node, CountedAt: n.CountedAt, Missing: n.Missing, Gaps: n.Gaps})
	}
	for _, p := range peers {
		i := slices.IndexFunc(list, func(n hedui.NodeCount) bool { return n.Node == p.Name })
		switch {
		case p.Role != store.ChildRole:
		case i >= 0:
			list[i].ShutOut = p.Revoked
		case !p.Revoked:
			list = append(list, hedui.NodeCount{Division: p.Division, Node: p.Name})
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	for _, county := range region.Counties(q.Division, q.Until.Last()) {
		if !slices.ContainsFunc(list, func(n hedui.NodeCount) bool { return hedui.Covers(n.Division, county.Code) }) {
			list = append(list, hedui.NodeCount{Division: county.Code})
		}
	}
	list = slices.DeleteFunc(list, func(n hedui.NodeCount) bool {
		return !hedui.Covers(q.Division, n.Division) && !hedui.Covers(n.Division, q.Division)
	})
	slices.SortFunc(list, func(a, b hedui.NodeCount) int { return strings.Compare(a.Division+" "+a.Node, b.Division+" "+b.Node) })
	return list, nil
}
