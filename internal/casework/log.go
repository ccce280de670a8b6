package casework

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/seal"
)

// Log reads the newest signed checkpoint of the audit log, which anybody may have.
func (d *Desk) Log(ctx context.Context) (checkpoint string, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		checkpoint, err = tx.Checkpoint(ctx)
		return err
	})
	return checkpoint, err
}

// Cosigned reads the newest checkpoints that other nodes have cosigned, with an
// empty line between.
func (d *Desk) Cosigned(ctx context.Context) (notes string, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		list, err := tx.Cosigned(ctx, 0)
		notes = strings.Join(list, "\n")
		return err
	})
	return notes, err
}

// Hashes reads a tile of hashes of the audit log: they tell nothing, and anybody
// may have them.
func (d *Desk) Hashes(ctx context.Context, t tlog.Tile) ([]byte, error) {
	if t.L < 0 {
		return nil, notFound()
	}
	return d.tile(ctx, t)
}

// LogEntries reads a tile of entries, for officers who may read the audit log. A
// copy that is fetched is one look for some minutes.
func (d *Desk) LogEntries(ctx context.Context, o hedui.Officer, t tlog.Tile) ([]byte, error) {
	if err := d.CopiesLog(ctx, o); err != nil {
		return nil, err
	}
	t.L = -1
	return d.tile(ctx, t)
}

func (d *Desk) tile(ctx context.Context, t tlog.Tile) (data []byte, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		data, err = tx.ReadTile(ctx, t)
		return err
	})
	return data, err
}

// MayReadLog reports why an officer must not read the audit log, or nil.
func (d *Desk) MayReadLog(o hedui.Officer) error {
	return o.May(hedui.ReadAudit, cmp.Or(d.Division, o.Division))
}

// CopiesLog notes that an officer copies the audit log, as a whole or in part. It is
// one look for some minutes.
func (d *Desk) CopiesLog(ctx context.Context, o hedui.Officer) error {
	const verb = audit.LogCopied
	if err := d.MayReadLog(o); err != nil {
		return d.refused(ctx, o, "", verb, err)
	}
	at := d.Now()
	if !d.looks.again(o.ID, string(verb), at) {
		return nil
	}
	if err := d.remember(ctx, audit.New(at, o.ID, o.Office, verb, "", "")); err != nil {
		d.looks.forget(o.ID, string(verb))
		return err
	}
	return nil
}

// A Trail is a page of what was done, the newest first, and how far the log is
// signed and seen by others.
type Trail struct {
	Entries []store.TrailEntry
	More    string // where the next page begins; empty at the end
	Size    int64  // entries that have their place
	Seen    []audit.Sighting
}

// trailPage is how many entries are shown at once.
const trailPage = 100

// Trail lists what was done. Reading it is recorded with what was looked for.
func (d *Desk) Trail(ctx context.Context, o hedui.Officer, f store.TrailFilter) (Trail, error) {
	if err := d.MayReadLog(o); err != nil {
		return Trail{}, d.refused(ctx, o, "", audit.LogRead, err)
	}
	if f.Limit <= 0 || f.Limit > 1000 {
		f.Limit = trailPage
	}
	for _, id := range []string{f.Case, f.Officer, f.Before, strings.NewReplacer(".", "").Replace(string(f.Verb))} {
		if !plausibleID(id) {
			return Trail{}, nil
		}
	}
	at := d.Now()
	if err := d.remember(ctx, audit.New(at, o.ID, o.Office, audit.LogRead, f.Case, filterWords(f))); err != nil {
		return Trail{}, err
	}
	var t Trail
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		f.Limit++
		if t.Entries, err = tx.Trail(ctx, f); err != nil {
			return err
		}
		if n := f.Limit - 1; len(t.Entries) > n {
			t.Entries, t.More = t.Entries[:n], t.Entries[n-1].ID
		}
		if t.Size, err = tx.LogSize(ctx); err != nil {
			return err
		}
		notes, err := tx.Cosigned(ctx, 0)
		if err != nil {
			return err
		}
		t.Seen, err = d.sightings(ctx, tx, notes)
		return err
	})
	return t, err
}

func filterWords(f store.TrailFilter) string {
	var words []string
	add := func(key, value string) {
		if value != "" {
			words = append(words, key+"="+value)
		}
	}
	add("officer", f.Officer)
	add("verb", string(f.Verb))
	if !f.From.IsZero() {
		add("from", f.From.UTC().Format(time.RFC3339))
	}
	if !f.Until.IsZero() {
		add("until", f.Until.UTC().Format(time.RFC3339))
	}
	return strings.Join(words, " ")
}

// sightings tells which peers have seen how much of this log.
func (d *Desk) sightings(ctx context.Context, tx *store.Tx, notes []string) ([]audit.Sighting, error) {
	trust, err := d.logTrust(ctx, tx)
	if err != nil {
		return nil, err
	}
	var c audit.Check
	for _, note := range notes {
		if p, err := trust.Open(note); err == nil {
			c.Note(p)
		}
	}
	return c.Seen, nil
}

// logTrust is the key of this node's log and those of its peers, as far as they
// are known.
func (d *Desk) logTrust(ctx context.Context, tx *store.Tx) (audit.Trust, error) {
	own, err := d.DB.LogKey()
	if err != nil {
		return nil, nil // it is not signed; nobody is trusted
	}
	trust := audit.Trust{own}
	peers, err := tx.PeerLogs(ctx)
	for _, p := range peers {
		if v, bad := audit.ParseVerifier(p.Key); bad == nil {
			trust = append(trust, v)
		}
	}
	return trust, err
}

// Trust writes the file by which anyone can check the node's reports, and their
// proofs in the audit log, offline: a certificate and public keys.
func (d *Desk) Trust(ctx context.Context) (text []byte, err error) {
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		trust, err := d.logTrust(ctx, tx)
		text = append(seal.CertificatePEM(d.Certificate), trust.Text()...)
		return err
	})
	return text, err
}

// proof proves that the newest entry of a case with a verb, whose detail holds a text,
// is in the log. An entry that waits for
// its place is given one. Without a signed log there is none, and no error.
func (d *Desk) proof(ctx context.Context, id string, verb audit.Verb, holds string) ([]byte, error) {
	for try := range 2 {
		var p audit.Proof
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			p, err = tx.ProofOf(ctx, id, verb, holds)
			return err
		})
		switch {
		case err == nil:
			return []byte(p.Text()), nil
		case hedui.KindOf(err) != hedui.NotFound:
			return nil, err
		case try == 0:
			if _, err := d.DB.LogKey(); err != nil {
				return nil, nil
			}
			if _, err := d.DB.Sequence(ctx, sequenceRound, d.Now()); err != nil && !errors.Is(err, context.Canceled) {
				return nil, nil // the log is damaged or full: the report is given without, and says so when it is checked
			}
		}
	}
	return nil, nil // sealed before the log was signed, or by another node
}

// mostPending is how many looks are kept in mind while they cannot be written.
const mostPending = 10_000

// pending are looks that could not be written yet because the disk is full:
// reading goes on, and they are recorded as soon as there is room.
type pending struct {
	mu    sync.Mutex
	list  []audit.Entry
	since time.Time
}

// remember records looks. While the disk is full they are kept in mind, up to a
// bound beyond which nothing is shown any more.
func (d *Desk) remember(ctx context.Context, entries ...audit.Entry) error {
	err := d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.Record(ctx, entries...) })
	if !store.IsFull(err) {
		return err
	}
	p := &d.pending
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.list)+len(entries) > mostPending {
		return err
	}
	if len(p.list) == 0 {
		p.since = d.Now()
	}
	p.list = append(p.list, entries...)
	return nil
}

// Pending says how many looks wait to be recorded, and since when: zero while the
// log can be written.
func (d *Desk) Pending() (n int, since time.Time) {
	d.pending.mu.Lock()
	defer d.pending.mu.Unlock()
	return len(d.pending.list), d.pending.since
}

// catchUp records what waits.
func (d *Desk) catchUp(ctx context.Context) error {
	p := &d.pending
	p.mu.Lock()
	list := p.list
	p.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	if err := d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.Record(ctx, list...) }); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = p.list[len(list):]
	return nil
}

// catchUpEvery is how often it is tried to record what waits.
const catchUpEvery = time.Second

// keepLog records what could not be recorded before, and at the end keeps the
// last checkpoint.
func (d *Desk) keepLog(ctx context.Context) {
	ticker := time.NewTicker(catchUpEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		_ = d.catchUp(ctx) // what does not succeed is tried again
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = errors.Join(d.catchUp(last), d.DB.KeepCheckpoint(last, d.Now())) // the head is signed in any case
}

// withProof puts a proof beside what a page in HTML shows, for machines.
func withProof(page, proof []byte) []byte {
	i := bytes.LastIndex(page, []byte("</body>"))
	if i < 0 || len(proof) == 0 {
		return page
	}
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(string(proof))
	return bytes.Join([][]byte{page[:i], []byte("<template id=\"hedui-log-proof\">" + escaped + "</template>\n"), page[i:]}, nil)
}
