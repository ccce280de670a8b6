package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"hedui/internal/hedui"
	"hedui/seal"
)

// A rotation is: a new version is named, from then on everything is wrapped or
// encrypted under it; what lies under older ones is done anew, a batch in each
// transaction; when nothing is left, the old ones are retired in a transaction that
// nobody who wraps or encrypts can overlap. How far it is stands in the rows
// themselves, so it goes on where it was broken off, and while it runs both versions
// open what lies under them.

// A MasterKey is a version of the key that wraps all others. It lies outside of the
// database, which knows its name.
type MasterKey struct {
	Version   int64     `json:"version"`
	ID        string    `json:"id"`               // [seal.Key.ID]
	MadeAt    time.Time `json:"made_at,omitzero"` // zero = before there were versions
	RetiredAt time.Time `json:"retired_at,omitzero"`
	Cases     int       `json:"cases"` // keys of cases it wraps
	Nodes     int       `json:"nodes"` // keys of the node it wraps
	Boxes     int       `json:"boxes"` // what it encrypts directly, from before there were keys of the node
}

// A NodeKey is a version of the key for what is not of a case.
type NodeKey struct {
	Version int64     `json:"version"`
	Master  int64     `json:"master"` // version that wraps it
	MadeAt  time.Time `json:"made_at,omitzero"`
	Boxes   int       `json:"boxes"` // what it encrypts
}

// nodeBoxes are the columns that lie under a node key, but for NULL and what is empty. Every one that [Tx.seal] fills
// must stand here: a key goes when none of these needs it.
var nodeBoxes = []nodeBox{
	{"vault", "value", []string{"name"}},
	{"drafts", "body", []string{"id"}},
	{"parcels", "body", []string{"peer", "id", "kind"}},
	{"relays", "body", []string{"id"}},
	{"enrolments", "secret", []string{"name"}},
	{"worklist", "answer", []string{"id"}},
	{"credentials", "body", []string{"id"}},
	{"sessions", "pending", []string{"id"}},
	{"concerns", "note", []string{"id"}},
	{"uploads", "body", []string{"id"}},
	{"uploads", "result", []string{"id"}},
	{"exports", "password", []string{"number"}},
}

type nodeBox struct {
	table, column string
	key           []string
}

// where is what a box in a row is bound to.
func (n nodeBox) where(row []string) []byte {
	if n.table == "parcels" {
		return Parcel{Peer: row[0], ID: row[1], Kind: row[2]}.where()
	}
	return aad(n.table, row[0], n.column)
}

// Keys lists all versions of both kinds, oldest first, with what lies under each.
func (tx *Tx) Keys(ctx context.Context) (masters []MasterKey, nodes []NodeKey, err error) {
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var m MasterKey
		var made, retired int64
		err := rows.Scan(&m.Version, &m.ID, &made, &retired, &m.Cases, &m.Nodes)
		m.MadeAt, m.RetiredAt = instant(made), instant(retired)
		masters = append(masters, m)
		return err
	}, `SELECT version, id, made_at, retired_at, (SELECT count(*) FROM case_keys c WHERE c.master = m.version),
		(SELECT count(*) FROM node_keys n WHERE n.master = m.version) FROM master_keys m ORDER BY version`)
	if err == nil {
		err = tx.each(ctx, func(rows *sql.Rows) error {
			var n NodeKey
			var made int64
			err := rows.Scan(&n.Version, &n.Master, &made)
			n.MadeAt = instant(made)
			nodes = append(nodes, n)
			return err
		}, `SELECT version, master, made_at FROM node_keys ORDER BY version`)
	}
	for i := range nodes {
		if err == nil {
			nodes[i].Boxes, err = tx.countBoxes(ctx, `= $1`, nodeVersion(nodes[i].Version))
		}
	}
	if err == nil && len(masters) > 0 && masters[0].Version == 1 {
		masters[0].Boxes, err = tx.countBoxes(ctx, `< $1`, []byte{nodeMark})
	}
	if err != nil {
		return nil, nil, fmt.Errorf("keys: %w", err)
	}
	return masters, nodes, nil
}

func (tx *Tx) countBoxes(ctx context.Context, condition string, arg []byte) (sum int, err error) {
	for _, n := range nodeBoxes {
		var count int
		err := tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM `+n.table+` WHERE substr(`+n.column+`, 1, `+fmt.Sprint(nodePrefix)+`) `+condition+` AND length(`+n.column+`) > 0`, arg).Scan(&count)
		if err != nil {
			return 0, err
		}
		sum += count
	}
	return sum, nil
}

// AddMasterKey names a new version of the master key, under which everything is wrapped from
// now on. Until [Tx.RetireKeys] the one before is needed too; as long as it is, another
// one is a Conflict. So is a name that was there: a key may have been retired because
// others know it.
func (tx *Tx) AddMasterKey(ctx context.Context, id string, at time.Time) (version int64, err error) {
	n, err := tx.alone(ctx)
	if err != nil {
		return 0, fmt.Errorf("add master key: %w", err)
	}
	if _, err := tx.db.keys.byID(id); err != nil {
		return 0, fmt.Errorf("add master key %s: %w", id, err)
	}
	var using int
	if err := tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM master_keys WHERE retired_at = 0`).Scan(&using); err != nil {
		return 0, fmt.Errorf("add master key: %w", err)
	}
	if using > 1 {
		return 0, moved()
	}
	added, err := tx.exec(ctx, `INSERT INTO master_keys (version, id, made_at, retired_at) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING`,
		n.master+1, id, micros(at))
	switch {
	case err != nil:
		return 0, fmt.Errorf("add master key: %w", err)
	case added == 0:
		return 0, moved()
	}
	tx.newestKeys = nil
	return n.master + 1, nil
}

// AddNodeKey makes a new version of the node key, under which everything is encrypted
// from now on that is not of a case. As long as there is an older one it is a Conflict.
func (tx *Tx) AddNodeKey(ctx context.Context, at time.Time) (version int64, err error) {
	n, err := tx.alone(ctx)
	var using int
	if err == nil {
		err = tx.tx.QueryRowContext(ctx, `SELECT count(*) FROM node_keys`).Scan(&using)
	}
	if err == nil && using > 1 {
		return 0, moved()
	}
	if err == nil {
		err = tx.db.addNodeKey(ctx, tx.tx, n.node+1, n.master, at)
	}
	tx.newestKeys = nil
	if err != nil {
		return 0, fmt.Errorf("add node key: %w", err)
	}
	return n.node + 1, nil
}

// alone waits until no transaction is open that wraps or encrypts, and lets none begin.
func (tx *Tx) alone(ctx context.Context) (newest, error) {
	if err := tx.lockName(ctx, keysLock); err != nil {
		return newest{}, err
	}
	return newestOf(ctx, tx.tx)
}

// rewrapBatch is how many keys or boxes are done anew in one transaction: some
// milliseconds, in which on SQLite nobody else writes.
const rewrapBatch = 200

// Rewrap wraps all keys under the newest master key that lie under another one, and
// encrypts under the newest node key what lies under another one. It can be broken
// off at any point and called again. What does not open, because it was changed
// behind our back, stays as it is; the error at the end names its rows.
func (db *DB) Rewrap(ctx context.Context, tell func(done, of int)) error {
	var done, of int
	err := db.Read(ctx, func(tx *Tx) error {
		masters, nodes, err := tx.Keys(ctx)
		of = outdated(masters, nodes)
		return err
	})
	if err != nil {
		return err
	}
	more := func(n int) { done += n; tell(min(done, of), of) }
	more(0)
	var damaged []error
	for _, step := range append([]func(context.Context, *Tx, *batch) error{rewrapNodes, rewrapCases}, reseals()...) {
		for b := (batch{}); !b.last; {
			var next batch
			err := db.InTx(ctx, func(tx *Tx) error {
				next = batch{after: b.after}
				return step(ctx, tx, &next)
			})
			if err != nil {
				return err
			}
			b = next
			damaged = append(damaged, b.damaged...)
			more(b.n)
		}
	}
	if err := errors.Join(damaged...); err != nil {
		return hedui.Fail(hedui.Conflict, hedui.Say("error.key.damaged", fmt.Sprint(len(damaged))), fmt.Errorf("store: rewrap: %w", err))
	}
	return nil
}

// outdated counts what does not lie under the newest keys.
func outdated(masters []MasterKey, nodes []NodeKey) (n int) {
	for i, m := range masters {
		n += m.Boxes
		if i < len(masters)-1 {
			n += m.Cases + m.Nodes
		}
	}
	for i, k := range nodes {
		if i < len(nodes)-1 {
			n += k.Boxes
		}
	}
	return n
}

// A batch goes on after a row and says how far it came.
type batch struct {
	after   []string // key of the last row
	last    bool
	n       int
	damaged []error
}

func rewrapNodes(ctx context.Context, tx *Tx, b *batch) error {
	b.last = true
	n, err := tx.newest(ctx)
	if err != nil {
		return err
	}
	under, err := tx.db.masterKey(ctx, tx.tx, n.master)
	if err != nil {
		return err
	}
	var versions []int64
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var v int64
		err := rows.Scan(&v)
		versions = append(versions, v)
		return err
	}, `SELECT version FROM node_keys WHERE master <> $1 ORDER BY version`, n.master)
	for _, v := range versions {
		var key seal.Key
		var wrapped seal.Box
		if err == nil {
			key, err = tx.db.nodeKey(ctx, tx.tx, v)
		}
		if err == nil {
			wrapped, err = under.Wrap(nodeKeyAAD(v), key)
		}
		if err == nil {
			_, err = tx.exec(ctx, `UPDATE node_keys SET master = $2, wrapped = $3 WHERE version = $1`, v, n.master, []byte(wrapped))
		}
	}
	b.n = len(versions)
	if err != nil {
		return fmt.Errorf("rewrap keys of the node: %w", err)
	}
	return nil
}

func rewrapCases(ctx context.Context, tx *Tx, b *batch) error {
	n, err := tx.newest(ctx)
	if err != nil {
		return err
	}
	under, err := tx.db.masterKey(ctx, tx.tx, n.master)
	if err != nil {
		return err
	}
	after := ""
	if b.after != nil {
		after = b.after[0]
	}
	list, err := tx.wrapped(ctx, `WHERE master <> $1 AND case_id > $2 ORDER BY case_id LIMIT $3`, n.master, after, rewrapBatch)
	if err != nil {
		return fmt.Errorf("rewrap keys of cases: %w", err)
	}
	b.last = len(list) < rewrapBatch
	for _, w := range list {
		b.after = []string{w.caseID}
		key, err := tx.unwrap(ctx, w)
		if errors.Is(err, seal.ErrDecrypt) {
			b.damaged = append(b.damaged, err)
			continue
		}
		var box seal.Box
		if err == nil {
			box, err = under.Wrap(caseKeyAAD(w.caseID), key)
		}
		if err == nil { // an erased case stays erased
			_, err = tx.exec(ctx, `UPDATE case_keys SET master = $2, wrapped = $3 WHERE case_id = $1 AND wrapped = $4`, w.caseID, n.master, []byte(box), w.box)
		}
		if err != nil {
			return fmt.Errorf("rewrap key of case %s: %w", w.caseID, err)
		}
		b.n++
	}
	return nil
}

func reseals() (steps []func(context.Context, *Tx, *batch) error) {
	for _, n := range nodeBoxes {
		steps = append(steps, n.reseal)
	}
	return steps
}

// reseal encrypts a batch of boxes of a column anew.
func (n nodeBox) reseal(ctx context.Context, tx *Tx, b *batch) error {
	v, err := tx.newest(ctx)
	if err != nil {
		return err
	}
	args := []any{nodeVersion(v.node), rewrapBatch}
	condition := ""
	if b.after != nil {
		places := make([]string, len(b.after))
		for i, value := range b.after {
			args = append(args, value)
			places[i] = fmt.Sprintf("$%d", len(args))
		}
		condition = ` AND (` + strings.Join(n.key, ", ") + `) > (` + strings.Join(places, ", ") + `)`
	}
	keys := strings.Join(n.key, ", ")
	var rows [][]string
	var boxes [][]byte
	err = tx.each(ctx, func(r *sql.Rows) error {
		row, into := make([]string, len(n.key)), []any{}
		var box []byte
		for i := range row {
			into = append(into, &row[i])
		}
		err := r.Scan(append(into, &box)...)
		rows, boxes = append(rows, row), append(boxes, box)
		return err
	}, `SELECT `+keys+`, `+n.column+` FROM `+n.table+` WHERE substr(`+n.column+`, 1, `+fmt.Sprint(nodePrefix)+`) <> $1 AND length(`+n.column+`) > 0`+condition+
		` ORDER BY `+keys+` LIMIT $2`, args...)
	if err != nil {
		return fmt.Errorf("encrypt %s anew: %w", n.table, err)
	}
	b.last = len(rows) < rewrapBatch
	for i, row := range rows {
		b.after = row
		plain, err := tx.unseal(ctx, n.where(row), boxes[i])
		if errors.Is(err, seal.ErrDecrypt) || errors.Is(err, seal.ErrMalformed) || errors.Is(err, seal.ErrAlgorithm) {
			b.damaged = append(b.damaged, fmt.Errorf("%s %q: %w", n.table, row, err))
			continue
		}
		var box []byte
		if err == nil {
			box, err = tx.seal(ctx, n.where(row), plain)
		}
		if err == nil {
			err = n.replace(ctx, tx, row, boxes[i], box)
		}
		if err != nil {
			return fmt.Errorf("encrypt %s anew: %w", n.table, err)
		}
		b.n++
	}
	return nil
}

// replace writes a box over another one, unless that is not there any more.
func (n nodeBox) replace(ctx context.Context, tx *Tx, row []string, old, box []byte) error {
	query, args := `UPDATE `+n.table+` SET `+n.column+` = $1 WHERE `+n.column+` = $2`, []any{box, old}
	for i, column := range n.key {
		args = append(args, row[i])
		query += fmt.Sprintf(` AND %s = $%d`, column, len(args))
	}
	_, err := tx.exec(ctx, query, args...)
	return err
}

// RetireKeys ends the versions under which nothing lies any more: master keys are
// marked, node keys are deleted. It returns those, and how much is left under old ones.
func (tx *Tx) RetireKeys(ctx context.Context, at time.Time) (masters []MasterKey, nodes []NodeKey, left int, err error) {
	if _, err := tx.alone(ctx); err != nil {
		return nil, nil, 0, fmt.Errorf("retire keys: %w", err)
	}
	allMasters, allNodes, err := tx.Keys(ctx)
	if err != nil {
		return nil, nil, 0, err
	}
	for i, n := range allNodes {
		if i == len(allNodes)-1 || n.Boxes > 0 {
			continue
		}
		if _, err := tx.exec(ctx, `DELETE FROM node_keys WHERE version = $1`, n.Version); err != nil {
			return nil, nil, 0, fmt.Errorf("retire keys: %w", err)
		}
		nodes = append(nodes, n)
		for j := range allMasters {
			if allMasters[j].Version == n.Master {
				allMasters[j].Nodes--
			}
		}
		tx.dropped = append(tx.dropped, n.Version) // it leaves the files as the key of an erased case does
	}
	for i, m := range allMasters {
		if i == len(allMasters)-1 || !m.RetiredAt.IsZero() || m.Cases+m.Nodes+m.Boxes > 0 {
			continue
		}
		if _, err := tx.exec(ctx, `UPDATE master_keys SET retired_at = $2 WHERE version = $1`, m.Version, micros(at)); err != nil {
			return nil, nil, 0, fmt.Errorf("retire keys: %w", err)
		}
		m.RetiredAt = at
		masters = append(masters, m)
	}
	return masters, nodes, outdated(allMasters, allNodes), nil
}
