package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"

	"hedui/internal/audit"
)

// OpenLog opens a database, or a copy of one, to read its audit log: without keys,
// without the lock of the process that serves it, and without changing anything.
func OpenLog(address string) (*DB, error) {
	if strings.HasPrefix(address, "postgres") {
		return connectPostgres(Options{URL: address, Conns: 2})
	}
	path, err := filepath.Abs(strings.TrimPrefix(address, "sqlite:"))
	if err != nil {
		return nil, fmt.Errorf("store: open log: %w", err)
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: "mode=ro&_pragma=busy_timeout(10000)&_pragma=query_only(1)"}
	read := sql.OpenDB(sqliteConnector{new(sqlite.Driver), name.String()})
	return &DB{engine: sqliteEngine, write: read, read: read, release: func() error { return nil }}, nil
}

// ProveLog proves the log anew from its entries, as [DB.CheckLog] does, and holds
// it against every checkpoint and cosignature that is stored, against the logs of
// peers as they were seen, and against the checkpoints that were kept elsewhere.
// Peers whose keys are pinned are trusted beside those in trust.
func (db *DB) ProveLog(ctx context.Context, t audit.Trust, kept ...audit.Kept) (audit.Check, error) {
	c, err := db.CheckLog(ctx)
	if err != nil {
		return c, err
	}
	for _, v := range t {
		c.Origin = v.Origin() // the first key is that of this log
		break
	}
	err = db.Read(ctx, func(tx *Tx) error {
		head, err := tx.logHead(ctx)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if t, err = tx.provePeers(ctx, &c, t); err != nil {
			return err
		}
		list, err := tx.proveKept(ctx, &c, t)
		if err != nil {
			return err
		}
		list = append(tx.proveHead(&c, t, head), append(list, kept...)...)
		if head.Size != c.Size { // the log has grown meanwhile; what was proved is what counts
			list = append(list[:0:0], kept...)
		}
		return c.Against(t, list, tx.storedHashes(ctx))
	})
	if err != nil {
		return c, fmt.Errorf("prove log: %w", err)
	}
	return c, nil
}

// proveHead wants the head signed, and by the note beside it.
func (tx *Tx) proveHead(c *audit.Check, t audit.Trust, head audit.Head) []audit.Kept {
	const who = "audit_head"
	if head.Note == "" {
		if head.Size > 0 {
			c.Add(audit.Fault{Kind: audit.NoCheckpoint, Seq: 0, Until: head.Size, Who: who})
		}
		return nil
	}
	if p, err := t.Open(head.Note); err == nil && (p.Size != head.Size || p.Root != head.Root || !p.At.Equal(head.At)) {
		c.Add(audit.Fault{Kind: audit.BadForm, Seq: -1, Until: -1, Who: who})
	}
	return []audit.Kept{{Name: who, Note: head.Note}}
}

// proveKept reads the checkpoints that are kept, with their cosignatures, and holds
// the rows against what is signed.
func (tx *Tx) proveKept(ctx context.Context, c *audit.Check, t audit.Trust) ([]audit.Kept, error) {
	var list []audit.Kept
	sizes := map[int64]int{}
	next := int64(1)
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var n, size, at int64
		var k audit.Kept
		if err := rows.Scan(&n, &size, &at, &k.Note); err != nil {
			return err
		}
		k.Name = fmt.Sprintf("audit_checkpoints %d", n)
		if n != next {
			c.Add(audit.Fault{Kind: audit.NoCheckpoint, Seq: -1, Until: -1, Who: fmt.Sprintf("audit_checkpoints %d", next)})
		}
		next = n + 1
		if p, err := t.Open(k.Note); err == nil && (p.Size != size || micros(p.At) != at) {
			c.Add(audit.Fault{Kind: audit.BadForm, Seq: -1, Until: -1, Who: k.Name})
		}
		sizes[size] = len(list)
		list = append(list, k)
		return nil
	}, `SELECT n, size, at, note FROM audit_checkpoints ORDER BY n`)
	if err != nil {
		return nil, fmt.Errorf("checkpoints: %w", err)
	}
	err = tx.each(ctx, func(rows *sql.Rows) error {
		var size, at int64
		var name, line string
		if err := rows.Scan(&size, &name, &at, &line); err != nil {
			return err
		}
		who := fmt.Sprintf("audit_cosignatures %d %s", size, name)
		i, have := sizes[size]
		if !have {
			c.Add(audit.Fault{Kind: audit.NoCheckpoint, Seq: -1, Until: size, Who: who})
			return nil
		}
		v, known := t.Of(audit.Origin(audit.NodeOf(name)))
		if !known {
			c.Add(audit.Fault{Kind: audit.UnknownKey, Seq: -1, Until: -1, Who: who})
			return nil
		}
		cosigned, err := v.OpenCosignature(audit.BodyOf(list[i].Note), line)
		switch {
		case err != nil:
			c.Add(audit.Fault{Kind: audit.BadSignature, Seq: -1, Until: -1, Who: who})
			return nil
		case micros(cosigned.At) != at || cosigned.Witness != name:
			c.Add(audit.Fault{Kind: audit.BadForm, Seq: -1, Until: -1, Who: who})
		}
		list[i].Note += line
		return nil
	}, `SELECT size, witness, at, line FROM audit_cosignatures ORDER BY size, witness`)
	if err != nil {
		return nil, fmt.Errorf("cosignatures: %w", err)
	}
	return list, nil
}

// provePeers holds what was seen of the logs of peers against their keys, and
// returns the trust with the keys that are pinned.
func (tx *Tx) provePeers(ctx context.Context, c *audit.Check, t audit.Trust) (audit.Trust, error) {
	t = append(audit.Trust{}, t...)
	err := tx.each(ctx, func(rows *sql.Rows) error {
		var peer, key, note string
		if err := rows.Scan(&peer, &key, &note); err != nil {
			return err
		}
		bad := audit.Fault{Kind: audit.BadSignature, Seq: -1, Until: -1, Who: "audit_peers " + peer}
		v, err := audit.ParseVerifier(key)
		if known, have := t.Of(audit.Origin(peer)); err != nil || v.Origin() != audit.Origin(peer) || have && known.String() != key {
			c.Add(bad)
			return nil
		} else if !have {
			t = append(t, v)
		}
		if note == "" {
			return nil
		}
		if p, err := (audit.Trust{v}).Open(note); err != nil || p.Origin != v.Origin() {
			c.Add(bad)
		}
		return nil
	}, `SELECT peer, vkey, note FROM audit_peers ORDER BY peer`)
	if err != nil {
		return nil, fmt.Errorf("logs of peers: %w", err)
	}
	return t, nil
}
