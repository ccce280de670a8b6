package store_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hedui/internal/audit"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/seal"
)

// logKey makes the key of a node's log.
func logKey(tb testing.TB, node string) *audit.Key {
	tb.Helper()
	key, err := seal.Generate(seal.Ed25519)
	if err != nil {
		tb.Fatal(err)
	}
	k, err := audit.NewKey(node, key, key.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// grow records entries and gives them their places at an instant.
func grow(tb testing.TB, db *store.DB, n int, at time.Time) {
	tb.Helper()
	recordMany(tb, db, n)
	if got, err := db.Sequence(context.Background(), n, at); got != n || err != nil {
		tb.Fatalf("sequence: got %d %v, want %d", got, err, n)
	}
}

// witnessed fills a database with a signed log of 1500 entries, three checkpoints,
// two of them cosigned by a peer whose own log was seen, and returns the peer's key.
func witnessed(tb testing.TB, db *store.DB, key *audit.Key) *audit.Key {
	tb.Helper()
	db.SignLog(key)
	hub := logKey(tb, "ningbo")
	for i := range 3 {
		grow(tb, db, 500, t0.Add(time.Duration(i)*time.Minute))
	}
	note, err := hub.Checkpoint(audit.Head{Size: 7, At: t0})
	if err != nil {
		tb.Fatal(err)
	}
	inTx(tb, db, func(ctx context.Context, tx *store.Tx) error {
		for _, size := range []int64{500, 1000} {
			kept, err := tx.KeptNote(ctx, size)
			if err != nil {
				return err
			}
			line, err := hub.Cosign(audit.BodyOf(kept), t0.Add(time.Hour))
			if err != nil {
				return err
			}
			cosigned, err := hub.Verifier().OpenCosignature(audit.BodyOf(kept), line)
			if err != nil {
				return err
			}
			if err := tx.AddCosignature(ctx, size, cosigned); err != nil {
				return err
			}
		}
		return tx.SavePeerLog(ctx, store.PeerLog{Peer: "ningbo", Key: hub.Verifier().String(), Note: note})
	})
	return hub
}

// auditTables are all that the log and its proofs are kept in.
var auditTables = []string{"audit_entries", "audit_hashes", "audit_head", "audit_checkpoints", "audit_cosignatures", "audit_peers"}

// faults writes what a check has found, one word each.
func faults(c audit.Check) []string {
	var list []string
	for _, f := range c.Faults {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %d-%d %s", strings.TrimPrefix(string(f.Kind), "audit."), f.Seq, f.Until, f.Who)))
	}
	return list
}

// Whatever column of whatever row is changed, it is found and named.
func TestEveryColumnOfTheLogIsProved(t *testing.T) {
	forms := []struct{ table, column, change, where, want string }{
		{"audit_entries", "id", `id || 'x'`, "seq = 700", "changed 700-701"},
		{"audit_entries", "seq", `-5`, "seq = 700", "added -5--4"},
		{"audit_entries", "at", `at + 1`, "seq = 700", "changed 700-701"},
		{"audit_entries", "verb", `verb || 'x'`, "seq = 700", "changed 700-701"},
		{"audit_entries", "case_id", `case_id || 'x'`, "seq = 700", "changed 700-701"},
		{"audit_entries", "entry", `replace(entry, 'none', 'found')`, "seq = 700", "changed 700-701"},
		{"audit_entries", "leaf", `(SELECT leaf FROM audit_entries WHERE seq = 1)`, "seq = 700", "changed 700-701"},
		{"audit_hashes", "i", `9000000`, "i = 3", "extra_hash"},
		{"audit_hashes", "hash", `(SELECT hash FROM audit_hashes WHERE i = 1)`, "i = 900", "-"},
		{"audit_head", "size", `size - 1`, "one = 1", "added 1499-1500"},
		{"audit_head", "root", `'47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='`, "one = 1", "bad_root 0-1500"},
		{"audit_head", "at", `at + 1000000`, "one = 1", "bad_form -1--1 audit_head"},
		{"audit_head", "note", `''`, "one = 1", "no_checkpoint 0-1500 audit_head"},
		{"audit_head", "note", `replace(note, '1500', '1501')`, "one = 1", "bad_signature -1--1 audit_head"},
		{"audit_checkpoints", "n", `9`, "n = 3", "no_checkpoint -1--1 audit_checkpoints 3"},
		{"audit_checkpoints", "size", `size + 1`, "n = 3", "bad_form -1--1 audit_checkpoints 3"},
		{"audit_checkpoints", "at", `at + 1`, "n = 3", "bad_form -1--1 audit_checkpoints 3"},
		{"audit_checkpoints", "note", `replace(note, '1500', '1499')`, "n = 3", "bad_signature -1--1 audit_checkpoints 3"},
		{"audit_cosignatures", "size", `999`, "size = 500", "no_checkpoint -1-999 audit_cosignatures 999 hedui.ningbo/witness"},
		{"audit_cosignatures", "witness", `'hedui.yinzhou/witness'`, "size = 500", "unknown_key -1--1 audit_cosignatures 500 hedui.yinzhou/witness"},
		{"audit_cosignatures", "at", `at + 1`, "size = 500", "bad_form -1--1 audit_cosignatures 500 hedui.ningbo/witness"},
		{"audit_cosignatures", "line", `replace(line, 'A', 'B')`, "size = 500", "bad_signature -1--1 audit_cosignatures 500 hedui.ningbo/witness"},
		{"audit_peers", "peer", `'fenghua'`, "peer = 'ningbo'", "bad_signature -1--1 audit_peers fenghua"},
		{"audit_peers", "vkey", `replace(vkey, 'A', 'B')`, "peer = 'ningbo'", "bad_signature -1--1 audit_peers ningbo"},
		{"audit_peers", "note", `replace(note, '7', '8')`, "peer = 'ningbo'", "bad_signature -1--1 audit_peers ningbo"},
	}
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db := storetest.Open(t, o)
			key := logKey(t, "haishu")
			hub := witnessed(t, db, key)
			trust := audit.Trust{key.Verifier()}
			if c, err := db.ProveLog(t.Context(), trust); err != nil || !c.Sound() || c.SignedAt.IsZero() || len(c.Seen) != 1 || c.Seen[0].Size != 1000 {
				t.Fatalf("a sound log: %q, signed %v, seen %+v, %v", faults(c), c.SignedAt, c.Seen, err)
			}
			if c, err := db.ProveLog(t.Context(), audit.Trust{key.Verifier(), hub.Verifier(), key.Verifier()}); err != nil || !c.Sound() || len(c.Seen) != 1 {
				t.Errorf("keys that are named twice: %q, seen %+v, %v", faults(c), c.Seen, err)
			}
			held := keepTables(t, o)
			for _, f := range forms {
				raw(t, o, fmt.Sprintf(`UPDATE %s SET %s = %s WHERE %s`, f.table, f.column, f.change, f.where))
				c, err := db.ProveLog(t.Context(), trust)
				if err != nil || c.Sound() || !slices.ContainsFunc(faults(c), func(s string) bool { return f.want == "-" || strings.HasPrefix(s, f.want) }) {
					t.Errorf("%s.%s = %s: got %q %v, want %s", f.table, f.column, f.change, faults(c), err, f.want)
				}
				held(auditTables...)
			}
		})
	}
}

// keepTables copies the tables of the log; the function puts them back.
func keepTables(t *testing.T, o store.Options) (back func(...string)) {
	t.Helper()
	for _, table := range auditTables {
		raw(t, o, fmt.Sprintf(`CREATE TABLE held_%s AS SELECT * FROM %[1]s`, table))
	}
	return func(tables ...string) {
		t.Helper()
		for _, table := range tables {
			raw(t, o, fmt.Sprintf(`DELETE FROM %s`, table), fmt.Sprintf(`INSERT INTO %s SELECT * FROM held_%[1]s`, table))
		}
	}
}

// What needs more than one statement: a tail is dropped and the head set back to an
// earlier signed one, an old copy goes on, everything is forged, or signed anew
// with another key.
func TestForgedLogsAreFound(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			db := storetest.Open(t, o)
			key := logKey(t, "haishu")
			db.SignLog(key)
			trust := audit.Trust{key.Verifier()}
			grow(t, db, 400, t0)
			back := keepTables(t, o) // the old copy
			grow(t, db, 300, t0.Add(time.Minute))
			var kept string
			inTx(t, db, func(ctx context.Context, tx *store.Tx) (err error) {
				kept, err = tx.Checkpoint(ctx)
				return err
			})
			since := audit.Kept{Name: "kept", Note: kept}
			check := func(what string, t2 audit.Trust, want string, list ...audit.Kept) {
				t.Helper()
				c, err := db.ProveLog(t.Context(), t2, list...)
				got := faults(c)
				if err != nil || want == "" && !c.Sound() || want != "" && !slices.Contains(got, want) {
					t.Errorf("%s: got %q %v, want %q", what, got, err, want)
				}
			}
			check("untouched", trust, "", since)

			back(auditTables...)
			check("an old copy, by itself", trust, "")
			check("an old copy, beside a checkpoint that was kept", trust, "behind 400-700 kept", since)
			grow(t, db, 500, t0.Add(2*time.Minute))
			check("an old copy that went on", trust, "forked 400-700 kept", since)

			// Whoever can write all tables forges the whole log anew from the entries, but not the signatures.
			raw(t, o, `UPDATE audit_entries SET seq = NULL`, `DELETE FROM audit_hashes`, `DELETE FROM audit_entries WHERE id = (SELECT max(id) FROM audit_entries)`,
				`UPDATE audit_head SET size = 0, root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', note = ''`)
			if n, err := db.Sequence(t.Context(), 2000, t0); err == nil {
				t.Errorf("a forged log without a signature: %d entries were placed and signed", n)
			}
			check("forged", trust, "behind 0-700 kept", since)

			other := logKey(t, "haishu")
			raw(t, o, `UPDATE audit_entries SET seq = NULL`, `DELETE FROM audit_hashes`, `DELETE FROM audit_checkpoints`, `DELETE FROM audit_cosignatures`,
				`UPDATE audit_head SET size = 0, root = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', note = ''`)
			db.SignLog(other)
			sequenceAll(t, db, 2000)
			check("signed anew with another key", trust, "bad_signature -1--1 audit_head", since)
			check("the same, if the other key is trusted", audit.Trust{other.Verifier()}, "bad_signature -1--1 kept", since)
		})
	}
}

// A node signs nothing that it has not built itself: a head that was put there is
// not gone on from.
func TestAForeignHeadIsNotSigned(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		db.SignLog(logKey(t, "haishu"))
		grow(t, db, 10, t0)
		db.SignLog(logKey(t, "haishu")) // as if somebody else had signed
		recordMany(t, db, 1)
		if n, err := db.Sequence(t.Context(), 10, t0.Add(time.Minute)); err == nil {
			t.Errorf("%d entries were placed after a head that is not the node's own", n)
		}
	})
}

// files is a copy of a log in memory.
type files map[string][]byte

func (f files) read(_ context.Context, path string) ([]byte, error) {
	if data, ok := f[path]; ok {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

// copyLog copies a whole log as an outsider would.
func copyLog(tb testing.TB, db *store.DB) files {
	tb.Helper()
	out := files{}
	err := db.Read(context.Background(), func(tx *store.Tx) error {
		note, err := tx.Checkpoint(context.Background())
		if err != nil {
			return err
		}
		out[audit.CheckpointPath] = []byte(note)
		size, err := audit.SizeOf(note)
		if err != nil {
			return err
		}
		cosigned, err := tx.Cosigned(context.Background(), 0)
		if err != nil {
			return err
		}
		out[audit.CosignedPath] = []byte(strings.Join(cosigned, "\n"))
		return audit.Tiles(size, func(t tlog.Tile) error {
			data, err := tx.ReadTile(context.Background(), t)
			out[audit.TilePath(t)] = data
			return err
		})
	})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// A copy in tiles is proved as the database is, and what was done to it is found.
func TestACopyOfTheLogIsProved(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		key := logKey(t, "haishu")
		hub := witnessed(t, db, key)
		trust := audit.Trust{key.Verifier(), hub.Verifier()}
		whole := copyLog(t, db)
		sound, err := audit.Copy{Read: whole.read}.Verify(t.Context(), trust)
		if err != nil || !sound.Sound() || sound.Size != 1500 || len(sound.Seen) != 1 || sound.Seen[0].Size != 1000 || sound.SignedAt.IsZero() {
			t.Fatalf("a sound copy: %q %+v %v", faults(sound), sound.Seen, err)
		}
		for name, tt := range map[string]struct {
			change func(files)
			want   string
		}{
			"an entry":       {func(f files) { edit(f, "tile/entries/002", "none", "NONE") }, "exchanged 512-513"},
			"a broken entry": {func(f files) { edit(f, "tile/entries/002", `"v":1`, `"v":2`) }, "changed 512-513"},
			"a hash":         {func(f files) { flip(f, "tile/0/001", 0) }, "exchanged 256-257"},
			"a hash above":   {func(f files) { flip(f, "tile/1/000.p/5", 33) }, "bad_hash 256-512"},
			"entries gone":   {func(f files) { delete(f, "tile/entries/003") }, "missing 768-769"},
			"hashes gone":    {func(f files) { delete(f, "tile/0/003") }, "bad_hash 768-769"},
			"the tail gone":  {func(f files) { delete(f, "tile/entries/005.p/220") }, "missing 1280-1281"},
			"no checkpoint":  {func(f files) { delete(f, "checkpoint") }, "no_checkpoint 0-0 checkpoint"},
			"the signature":  {func(f files) { edit(f, "checkpoint", "haishu/audit\n1500", "haishu/audit\n1499") }, "bad_signature -1--1 checkpoint"},
			"a cosignature":  {func(f files) { edit(f, "cosigned", "haishu/audit\n1000", "haishu/audit\n1001") }, "bad_signature -1--1 cosigned"},
		} {
			f := files{}
			for path, data := range whole {
				f[path] = slices.Clone(data)
			}
			tt.change(f)
			c, err := audit.Copy{Read: f.read}.Verify(t.Context(), trust)
			if err != nil || !slices.Contains(faults(c), tt.want) {
				t.Errorf("%s: got %q %v, want %s", name, faults(c), err, tt.want)
			}
		}
		if c, err := (audit.Copy{Read: whole.read}).Verify(t.Context(), nil); err != nil || c.Sound() {
			t.Errorf("without a key: %q %v", faults(c), err)
		}
		for path := range maps.Keys(whole) { // each file by its name
			if tile, err := audit.ParseTilePath(path); strings.HasPrefix(path, "tile/") && (err != nil || audit.TilePath(tile) != path) {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
}

func edit(f files, path, old, with string) {
	f[path] = []byte(strings.Replace(string(f[path]), old, with, 1))
}

func flip(f files, path string, i int) { f[path][i] ^= 1 }

func TestTrailFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		inTx(t, db, func(ctx context.Context, tx *store.Tx) error {
			for i := range 6 {
				e := audit.New(t0.Add(time.Duration(i)*time.Hour), []string{"clerk", "c%erk", "CLERK"}[i%3], "office", audit.ReadCase, fmt.Sprint("case", i%2), `","officer":"nobody","office":"`)
				if err := tx.Record(ctx, e); err != nil {
					return err
				}
			}
			return nil
		})
		for name, tt := range map[string]struct {
			f    store.TrailFilter
			want int
		}{
			"all": {store.TrailFilter{}, 6}, "case": {store.TrailFilter{Case: "case1"}, 3}, "officer": {store.TrailFilter{Officer: "clerk"}, 2},
			"sign": {store.TrailFilter{Officer: "c%erk"}, 2}, "in a detail": {store.TrailFilter{Officer: "nobody"}, 0},
			"verb": {store.TrailFilter{Verb: audit.Sealed}, 0}, "from": {store.TrailFilter{From: t0.Add(2 * time.Hour)}, 4}, "until": {store.TrailFilter{Until: t0.Add(2 * time.Hour)}, 2},
		} {
			tt.f.Limit = 100
			err := db.Read(t.Context(), func(tx *store.Tx) error {
				list, err := tx.Trail(t.Context(), tt.f)
				if len(list) != tt.want {
					t.Errorf("%s: got %d, want %d", name, len(list), tt.want)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}
