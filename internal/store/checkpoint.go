package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hedui/internal/audit"
	"hedui/internal/hedui"
)

// keepEvery is how often a signed checkpoint is kept beside the head's, at most.
const keepEvery = 5 * time.Second

// signed signs a head, whose time is then of whole seconds, as in the signature.
func (db *DB) signed(h audit.Head) (audit.Head, error) {
	if db.logKey == nil {
		return h, nil
	}
	h.At = h.At.UTC().Truncate(time.Second)
	var err error
	h.Note, err = db.logKey.Checkpoint(h)
	return h, err
}

// ownHead reports whether a head is one that this node has signed: nothing is
// built, and nothing signed, on one that was put there behind our back. A log from
// before there were signatures has none, and no checkpoint is kept of it.
func (tx *Tx) ownHead(ctx context.Context, h audit.Head) error {
	if tx.db.logKey == nil {
		return nil
	}
	if h.Note == "" {
		last, err := tx.lastKept(ctx)
		if err == nil && last.Size > 0 {
			err = errors.New("the head of the log has lost its signature")
		}
		return err
	}
	c, err := audit.Trust{tx.db.logKey.Verifier()}.Open(h.Note)
	if err == nil && (c.Size != h.Size || c.Root != h.Root) {
		err = errors.New("it was signed of another head")
	}
	if err != nil {
		return fmt.Errorf("the head of the log at size %d is not one that this node has signed: %w", h.Size, err)
	}
	return nil
}

// lastKept is the newest checkpoint that is kept; its size is 0 if none is.
func (tx *Tx) lastKept(ctx context.Context) (audit.Head, error) {
	var h audit.Head
	var at int64
	err := tx.tx.QueryRowContext(ctx, `SELECT size, at, note FROM audit_checkpoints ORDER BY n DESC LIMIT 1`).Scan(&h.Size, &at, &h.Note)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("newest checkpoint: %w", err)
	}
	h.At = instant(at)
	return h, nil
}

// keep keeps the signed checkpoint of a head if the last one is old enough.
func (tx *Tx) keep(ctx context.Context, h audit.Head, now time.Time, every time.Duration) error {
	if h.Note == "" {
		return nil
	}
	last, err := tx.lastKept(ctx)
	if err != nil || last.Size >= h.Size || now.Sub(last.At).Abs() < every {
		return err
	}
	_, err = tx.exec(ctx, `INSERT INTO audit_checkpoints (n, size, at, note)
		SELECT coalesce(max(n), 0) + 1, $1, $2, $3 FROM audit_checkpoints`, h.Size, micros(h.At), h.Note)
	if err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	return nil
}

// KeepCheckpoint keeps the checkpoint of the head now, as when the node stops.
func (db *DB) KeepCheckpoint(ctx context.Context, now time.Time) error {
	return db.InTx(ctx, func(tx *Tx) error {
		head, err := tx.logHead(ctx)
		if err != nil {
			return err
		}
		return tx.keep(ctx, head, now, 0)
	})
}

// Checkpoint returns the newest signed checkpoint, with the cosignatures there
// are of it. NotFound while the log is not signed.
func (tx *Tx) Checkpoint(ctx context.Context) (string, error) {
	head, err := tx.logHead(ctx)
	if err != nil {
		return "", err
	}
	if head.Note == "" {
		return "", notFound()
	}
	return tx.withCosignatures(ctx, head.Size, head.Note)
}

func (tx *Tx) withCosignatures(ctx context.Context, size int64, note string) (string, error) {
	lines, err := tx.texts(ctx, `SELECT line FROM audit_cosignatures WHERE size = $1 ORDER BY witness`, size)
	if err != nil {
		return "", fmt.Errorf("cosignatures: %w", err)
	}
	for _, line := range lines {
		note += line
	}
	return note, nil
}

// Cosigned returns for each witness the newest checkpoint that it has cosigned,
// each once, with all its cosignatures. Those of fewer than least entries are left
// out.
func (tx *Tx) Cosigned(ctx context.Context, least int64) ([]string, error) {
	type kept struct {
		size int64
		note string
	}
	var list []kept
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var k kept
		err := rows.Scan(&k.size, &k.note)
		list = append(list, k)
		return err
	}, `SELECT size, note FROM audit_checkpoints WHERE size >= $1 AND size IN (SELECT max(size) FROM audit_cosignatures GROUP BY witness) ORDER BY size`, least)
	if err != nil {
		return nil, fmt.Errorf("cosigned checkpoints: %w", err)
	}
	notes := make([]string, len(list))
	for i, k := range list {
		if notes[i], err = tx.withCosignatures(ctx, k.size, k.note); err != nil {
			return nil, err
		}
	}
	return notes, nil
}

// NewestKept returns the newest checkpoint that is kept, or nothing.
func (tx *Tx) NewestKept(ctx context.Context) (audit.Head, error) { return tx.lastKept(ctx) }

// KeptNote returns the kept checkpoint of a size. NotFound if none is kept.
func (tx *Tx) KeptNote(ctx context.Context, size int64) (string, error) {
	var note string
	err := tx.tx.QueryRowContext(ctx, `SELECT note FROM audit_checkpoints WHERE size = $1`, size).Scan(&note)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", notFound()
	case err != nil:
		return "", fmt.Errorf("kept checkpoint: %w", err)
	}
	return note, nil
}

// AddCosignature keeps what a witness has cosigned.
func (tx *Tx) AddCosignature(ctx context.Context, size int64, c audit.Cosignature) error {
	_, err := tx.exec(ctx, `INSERT INTO audit_cosignatures (size, witness, at, line) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		size, c.Witness, micros(c.At), c.Line)
	if err != nil {
		return fmt.Errorf("add cosignature: %w", err)
	}
	return nil
}

// LogSize is how far the log reaches.
func (tx *Tx) LogSize(ctx context.Context) (int64, error) {
	head, err := tx.logHead(ctx)
	return head.Size, err
}

// LogRoot is the root that the log had at a size.
func (tx *Tx) LogRoot(ctx context.Context, size int64) (tlog.Hash, error) {
	root, err := tlog.TreeHash(size, tx.storedHashes(ctx))
	if err != nil {
		return root, fmt.Errorf("root of the log: %w", err)
	}
	return root, nil
}

// Consistency proves that the log of a size goes on from that of an earlier one.
func (tx *Tx) Consistency(ctx context.Context, old, size int64) (tlog.TreeProof, error) {
	if old == 0 || old == size {
		return nil, nil
	}
	proof, err := tlog.ProveTree(size, old, tx.storedHashes(ctx))
	if err != nil {
		return nil, fmt.Errorf("consistency of the log: %w", err)
	}
	return proof, nil
}

// ReadTile returns a tile of the log, of hashes or, on level -1, of entries.
// NotFound if the log does not reach so far.
func (tx *Tx) ReadTile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	head, err := tx.logHead(ctx)
	if err != nil {
		return nil, err
	}
	level := max(t.L, 0)
	if t.H != audit.TileHeight || level > 7 || t.N < 0 || t.N > 1<<48 || t.N*audit.TileWidth+int64(t.W) > head.Size>>(audit.TileHeight*level) {
		return nil, notFound()
	}
	if t.L < 0 {
		return tx.entriesTile(ctx, t)
	}
	data, err := tlog.ReadTileData(t, tx.storedHashes(ctx))
	if err != nil {
		return nil, fmt.Errorf("tile of the log: %w", err)
	}
	return data, nil
}

func (tx *Tx) entriesTile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	var data []byte
	first := t.N * audit.TileWidth
	next := first
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var seq int64
		var line sql.RawBytes
		if err := rows.Scan(&seq, &line); err != nil {
			return err
		}
		if seq != next {
			return fmt.Errorf("place %d of the log is empty", next)
		}
		next++
		data = audit.AppendEntry(data, line)
		return nil
	}, `SELECT seq, entry FROM audit_entries WHERE seq >= $1 AND seq < $2 ORDER BY seq`, first, first+int64(t.W))
	if err == nil && next != first+int64(t.W) {
		err = fmt.Errorf("place %d of the log is empty", next)
	}
	if err != nil {
		return nil, fmt.Errorf("entries of the log: %w", err)
	}
	return data, nil
}

// ProofOf proves that the newest entry of a case with a verb whose detail holds a
// text is in the log, up to the newest checkpoint that others have cosigned, or
// up to the head. NotFound while it has no place in a signed log.
func (tx *Tx) ProofOf(ctx context.Context, caseID string, verb audit.Verb, holds string) (audit.Proof, error) {
	var p audit.Proof
	var line string
	err := tx.tx.QueryRowContext(ctx, `SELECT seq, entry FROM audit_entries WHERE case_id = $1 AND verb = $2 AND seq IS NOT NULL AND replace(entry, $3, '') <> entry
		ORDER BY id DESC LIMIT 1`, caseID, string(verb), holds).Scan(&p.Seq, &line)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return p, notFound()
	case err != nil:
		return p, fmt.Errorf("entry to prove: %w", err)
	}
	if p.Entry, err = audit.Parse([]byte(line)); err != nil {
		return p, err
	}
	size, err := tx.LogSize(ctx)
	if err != nil {
		return p, err
	}
	cosigned, err := tx.Cosigned(ctx, p.Seq+1)
	if err != nil {
		return p, err
	}
	if len(cosigned) > 0 {
		p.Checkpoint = cosigned[len(cosigned)-1]
		if size, err = audit.SizeOf(p.Checkpoint); err != nil {
			return p, err
		}
	} else if p.Checkpoint, err = tx.Checkpoint(ctx); err != nil {
		return p, err
	}
	p.Path, err = tlog.ProveRecord(size, p.Seq, tx.storedHashes(ctx))
	if err != nil {
		return p, fmt.Errorf("prove entry: %w", err)
	}
	return p, nil
}

// A PeerLog is the log of another node as it was seen last.
type PeerLog struct {
	Peer string
	Key  string // verifier key, pinned when it was first told
	Note string // its newest checkpoint, signed; empty before the first

	Heard   string    // id of its newest letter with a checkpoint
	Holds   int64     // size of our log that it says it has seen
	AskedAt time.Time // since when a letter of ours waits for its answer; zero if none does
	ToldAt  time.Time // when its last answer came
}

// PeerLogs lists the logs of other nodes by name.
func (tx *Tx) PeerLogs(ctx context.Context) ([]PeerLog, error) {
	var list []PeerLog
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var p PeerLog
		var asked, told int64
		err := rows.Scan(&p.Peer, &p.Key, &p.Note, &p.Heard, &p.Holds, &asked, &told)
		p.AskedAt, p.ToldAt = instant(asked), instant(told)
		list = append(list, p)
		return err
	}, `SELECT w.peer, coalesce(a.vkey, ''), coalesce(a.note, ''), w.heard, w.holds, w.asked_at, w.told_at
		FROM witness_letters w LEFT JOIN audit_peers a ON a.peer = w.peer ORDER BY w.peer`)
	if err != nil {
		return nil, fmt.Errorf("logs of peers: %w", err)
	}
	return list, nil
}

// PeerLog returns the log of one peer, with nothing in it if nothing is known.
// Until the end of the transaction nobody else changes it.
func (tx *Tx) PeerLog(ctx context.Context, peer string) (PeerLog, error) {
	if err := tx.lockName(ctx, "log of "+peer); err != nil {
		return PeerLog{}, err
	}
	list, err := tx.PeerLogs(ctx)
	for _, p := range list {
		if p.Peer == peer {
			return p, err
		}
	}
	return PeerLog{Peer: peer}, err
}

// SavePeerLog writes what is known of the log of a peer.
func (tx *Tx) SavePeerLog(ctx context.Context, p PeerLog) error {
	_, err := tx.exec(ctx, `INSERT INTO witness_letters (peer, heard, holds, asked_at, told_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (peer) DO UPDATE SET heard = excluded.heard, holds = excluded.holds, asked_at = excluded.asked_at, told_at = excluded.told_at`,
		p.Peer, p.Heard, p.Holds, micros(p.AskedAt), micros(p.ToldAt))
	if err == nil && p.Key != "" {
		_, err = tx.exec(ctx, `INSERT INTO audit_peers (peer, vkey, note) VALUES ($1, $2, $3)
			ON CONFLICT (peer) DO UPDATE SET vkey = excluded.vkey, note = excluded.note`, p.Peer, p.Key, p.Note)
	}
	if err != nil {
		return fmt.Errorf("save log of a peer: %w", err)
	}
	return nil
}

// errUnsigned says that a node's log is not signed.
func errUnsigned() error { return hedui.Fail(hedui.Conflict, hedui.Say("error.audit.unsigned"), nil) }

// LogKey is the public key of the node's log. Conflict if it is not signed.
func (db *DB) LogKey() (audit.Verifier, error) {
	if db.logKey == nil {
		return audit.Verifier{}, errUnsigned()
	}
	return db.logKey.Verifier(), nil
}

// Cosign cosigns the checkpoint of a peer with the node's key.
func (db *DB) Cosign(body string, at time.Time) (string, error) {
	if db.logKey == nil {
		return "", errUnsigned()
	}
	return db.logKey.Cosign(body, at)
}
