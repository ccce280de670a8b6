package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"hedui/seal"
)

// Two kinds of keys lie wrapped in the database, under the newest master key: one of
// each case, and those of the node, which encrypt what is not of a case. A box of the
// node begins with the mark, and with the version of its key in four bytes. A box
// without the mark is from before there were node keys and lies under master key 1.

const (
	nodeMark   = 0x80 // no first byte of a [seal.Box]
	nodePrefix = 1 + 4
)

func nodeVersion(version int64) []byte {
	return binary.BigEndian.AppendUint32([]byte{nodeMark}, uint32(version)) //nolint:gosec // versions count rotations
}

// ErrKeyMissing means that a master key under which keys are wrapped is not there.
var ErrKeyMissing = errors.New("a master key is missing")

// A keyring is the keys of the database that this process has seen.
type keyring struct {
	first          seal.Key                          // Options.Master
	find           func(id string) (seal.Key, error) // Options.Find
	made           time.Time                         // when keys that opening makes were made
	mu             sync.Mutex
	masters, nodes map[int64]seal.Key // by version
}

func newKeyring(o Options) *keyring {
	return &keyring{first: o.Master, find: o.Find, made: o.At, masters: map[int64]seal.Key{}, nodes: map[int64]seal.Key{}}
}

// byID is the master key of a name.
func (k *keyring) byID(id string) (seal.Key, error) {
	if own, err := k.first.ID(); err == nil && own == id {
		return k.first, nil
	}
	if k.find == nil {
		return seal.Key{}, ErrKeyMissing
	}
	return k.find(id)
}

func (k *keyring) held(of map[int64]seal.Key, version int64) (seal.Key, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := of[version]
	return key, ok
}

func (k *keyring) keep(of map[int64]seal.Key, version int64, key seal.Key) {
	k.mu.Lock()
	defer k.mu.Unlock()
	of[version] = key
}

// forget lets a node key go that was destroyed.
func (k *keyring) forget(version int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.nodes[version].Destroy()
	delete(k.nodes, version)
}

// asker is a transaction, or a pool.
type asker interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// masterKey is a version of the master key. Another process may have made it.
func (db *DB) masterKey(ctx context.Context, from asker, version int64) (seal.Key, error) {
	if key, ok := db.keys.held(db.keys.masters, version); ok {
		return key, nil
	}
	var id string
	if err := from.QueryRowContext(ctx, `SELECT id FROM master_keys WHERE version = $1`, version).Scan(&id); err != nil {
		return seal.Key{}, fmt.Errorf("master key %d: %w", version, err)
	}
	key, err := db.keys.byID(id)
	if err != nil {
		return seal.Key{}, fmt.Errorf("master key %d, %s: %w", version, id, err)
	}
	db.keys.keep(db.keys.masters, version, key)
	return key, nil
}

// nodeKey is a version of the node key. Another process may have made it.
func (db *DB) nodeKey(ctx context.Context, from asker, version int64) (seal.Key, error) {
	if key, ok := db.keys.held(db.keys.nodes, version); ok {
		return key, nil
	}
	var master int64
	var wrapped []byte
	if err := from.QueryRowContext(ctx, `SELECT master, wrapped FROM node_keys WHERE version = $1`, version).Scan(&master, &wrapped); err != nil {
		return seal.Key{}, fmt.Errorf("node key %d: %w", version, err)
	}
	under, err := db.masterKey(ctx, from, master)
	if err != nil {
		return seal.Key{}, err
	}
	key, err := under.Unwrap(nodeKeyAAD(version), wrapped)
	if err != nil {
		return seal.Key{}, fmt.Errorf("node key %d: %w", version, err)
	}
	db.keys.keep(db.keys.nodes, version, key)
	return key, nil
}

func nodeKeyAAD(version int64) []byte {
	return aad("node_keys", strconv.FormatInt(version, 10), "wrapped")
}

// newest are the versions under which a transaction wraps and encrypts. Until it
// ends none of them, nor one before, is retired.
type newest struct{ master, node int64 }

// keysLock is held together by all that wrap or encrypt, and alone by who retires a key.
const keysLock = "keys"

func (tx *Tx) newest(ctx context.Context) (newest, error) {
	if tx.newestKeys != nil {
		return *tx.newestKeys, nil
	}
	if tx.db.engine.lockShared != "" { // in a statement of its own: the next one sees what was retired before
		if _, err := tx.exec(ctx, tx.db.engine.lockShared, keysLock); err != nil {
			return newest{}, err
		}
	}
	n, err := newestOf(ctx, tx.tx)
	if err != nil {
		return n, err
	}
	tx.newestKeys = &n
	return n, nil
}

func newestOf(ctx context.Context, from asker) (n newest, err error) {
	err = from.QueryRowContext(ctx, `SELECT (SELECT max(version) FROM master_keys), (SELECT max(version) FROM node_keys)`).Scan(&n.master, &n.node)
	if err != nil {
		return n, fmt.Errorf("newest keys: %w", err)
	}
	return n, nil
}

// seal encrypts what is not of a case.
func (tx *Tx) seal(ctx context.Context, where, plain []byte) ([]byte, error) {
	n, err := tx.newest(ctx)
	if err != nil {
		return nil, err
	}
	key, err := tx.db.nodeKey(ctx, tx.tx, n.node)
	if err != nil {
		return nil, err
	}
	return sealNode(key, n.node, where, plain)
}

func sealNode(key seal.Key, version int64, where, plain []byte) ([]byte, error) {
	box, err := key.Encrypt(where, plain)
	if err != nil {
		return nil, err
	}
	return append(nodeVersion(version), box...), nil
}

// unseal decrypts what seal encrypted, or the master key before there was one. No
// rows of the transaction may be open.
func (tx *Tx) unseal(ctx context.Context, where, box []byte) ([]byte, error) {
	return tx.db.unseal(ctx, tx.tx, where, box)
}

func (db *DB) unseal(ctx context.Context, from asker, where, box []byte) ([]byte, error) {
	var key seal.Key
	var err error
	switch {
	case len(box) == 0 || box[0] != nodeMark:
		key, err = db.masterKey(ctx, from, 1)
	case len(box) < nodePrefix:
		err = fmt.Errorf("%w: box of %d bytes is cut off", seal.ErrMalformed, len(box))
	default:
		key, err = db.nodeKey(ctx, from, int64(binary.BigEndian.Uint32(box[1:nodePrefix])))
		box = box[nodePrefix:]
	}
	if err != nil {
		return nil, err
	}
	return key.Decrypt(where, box)
}

// beginKeys makes the first versions of a database that has none, and loads those
// that are in use.
func (db *DB) beginKeys(ctx context.Context) error {
	tx, err := db.write.BeginTx(ctx, &sql.TxOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit there is nothing to do
	var masters, nodes int
	if err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM master_keys), (SELECT count(*) FROM node_keys)`).Scan(&masters, &nodes); err != nil {
		return err
	}
	if masters == 0 {
		id, err := db.keys.first.ID()
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO master_keys (version, id, made_at, retired_at) VALUES (1, $1, $2, 0)`, id, micros(db.keys.made)); err != nil {
			return err
		}
	}
	if nodes == 0 {
		n := newest{}
		if err := tx.QueryRowContext(ctx, `SELECT max(version) FROM master_keys`).Scan(&n.master); err != nil {
			return err
		}
		if err := db.addNodeKey(ctx, tx, 1, n.master, db.keys.made); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// addNodeKey makes a version of the node key.
func (db *DB) addNodeKey(ctx context.Context, tx *sql.Tx, version, master int64, at time.Time) error {
	under, err := db.masterKey(ctx, tx, master)
	if err != nil {
		return err
	}
	key, err := seal.NewKeyFor(under.Algorithm())
	if err != nil {
		return err
	}
	wrapped, err := under.Wrap(nodeKeyAAD(version), key)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO node_keys (version, master, wrapped, made_at) VALUES ($1, $2, $3, $4)`, version, master, []byte(wrapped), micros(at))
	return err
}

// loadKeys loads every key that is in use, so that one that is missing is found at
// the start and not with the first case.
func (db *DB) loadKeys(ctx context.Context) error {
	versions := map[string][]int64{}
	for what, query := range map[string]string{
		"master": `SELECT version FROM master_keys WHERE retired_at = 0`, "node": `SELECT version FROM node_keys`,
	} {
		err := eachOf(ctx, db.write, func(rows *sql.Rows) error {
			var v int64
			err := rows.Scan(&v)
			versions[what] = append(versions[what], v)
			return err
		}, query)
		if err != nil {
			return err
		}
	}
	for _, v := range versions["master"] {
		if _, err := db.masterKey(ctx, db.write, v); err != nil {
			return err
		}
	}
	for _, v := range versions["node"] {
		if _, err := db.nodeKey(ctx, db.write, v); err != nil {
			return err
		}
	}
	return nil
}
