package main

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"hedui/internal/audit"
	"hedui/internal/casework"
	"hedui/internal/checkup"
	"hedui/internal/federation"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/rule/book"
	"hedui/internal/staff"
	"hedui/internal/store"
	"hedui/region"
	"hedui/seal"
	"hedui/source"
)

// nodeOptions say where a node keeps what it has, whom it asks and who its peers
// are. A node without a name has no peers.
type nodeOptions struct {
	dir       string
	keys      string     // directory of its keys; empty = keys in dir
	suite     seal.Suite // of the keys that are made and of the seals
	helper    *keyHelper // wraps the master keys; nil = they lie in that directory in clear
	file      string     // SQLite; empty = hedui.db in dir
	database  string     // postgres://… instead of the file
	issuer    string
	layout    report.Layout
	sources   []source.Source
	files     map[string]string   // of the sources, by name; none = they cannot be tried
	table     hedui.Registers     // empty = every source speaks for the city
	deadlines hedui.DeadlineBook  // nil = the book that comes with the program
	retention hedui.RetentionBook // the same
	letters   hedui.LetterBook    // the same
	rules     *book.Library       // nil = the books that come with the program
	deadline  time.Duration       // for every report instead of the book's; 0 = the book's

	name, division string
	level          region.Kind
	parentName     string
	urls           []string              // of the parent
	links          map[string]seal.Suite // of the links to nodes that have another than this node
	listen         string                // where children come; empty = nobody does
	page           string                // where the console is served; empty = nowhere
	door           door
	ordersTrusted  bool            // commands act as whom they name, without a session
	staff          []hedui.Officer // whom the first start takes into the roster
	log            *slog.Logger
}

// A node is an open database with the desk that works on it, and its peers.
type node struct {
	nodeOptions
	trust   string // path of the file by which its reports are checked
	db      *store.DB
	desk    *casework.Desk
	roster  *staff.Roster
	masters *masterKeys
	peers   *federation.Node // nil without a name

	commandDoor func() (*staff.Door, error) // by which officers come who give orders
}

// openNode makes what is missing – keys, certificate, database – and wires the
// node from top to bottom.
func openNode(ctx context.Context, o nodeOptions) (*node, error) {
	if err := writable(o.dir); err != nil {
		return nil, err
	}
	o.keys = cmp.Or(o.keys, filepath.Join(o.dir, "keys"))
	o.file = cmp.Or(o.file, filepath.Join(o.dir, "hedui.db"))
	keys, err := openKeys(ctx, o.keys, o.issuer, o.suite, o.helper)
	if err != nil {
		return nil, err
	}
	n := &node{nodeOptions: o, trust: filepath.Join(o.dir, "trust.pem"), masters: keys.masters}
	n.commandDoor = sync.OnceValues(func() (*staff.Door, error) { return n.openDoor(n.door.at(nil)) })
	logKey, err := keys.logKey(o.name)
	if err != nil {
		return nil, err
	}
	if n.db, err = store.Open(ctx, keys.storeOptions(o.url())); err != nil {
		return nil, o.explain(err)
	}
	n.db.SignLog(logKey)
	n.roster = &staff.Roster{DB: n.db, Now: time.Now}
	_, err = n.roster.Seed(ctx, o.staff)
	var ring *federation.Ring
	if err == nil {
		ring, err = federation.OpenRing(filepath.Join(n.keys, "node"))
	}
	if err == nil && o.suite == seal.GM {
		err = ring.UseGM(true)
	}
	if err == nil {
		n.desk, err = openDesk(n.db, keys, ring, o)
	}
	if err == nil && o.name != "" {
		err = n.openPeers(ctx, ring)
	}
	if err == nil {
		err = n.eraseRestored(ctx)
	}
	if err == nil {
		err = n.writeTrust(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, n.db.Close())
	}
	return n, nil
}

// eraseRestored erases what came back with an old copy of the database.
func (n *node) eraseRestored(ctx context.Context) error {
	count, err := n.desk.EraseRestored(ctx)
	if count > 0 {
		n.logger().WarnContext(ctx, "the database was put back from an older copy: cases that were erased since are erased again", "cases", count)
	}
	return err
}

// writeTrust writes the file by which reports, and their proofs, are checked. The
// keys of peers are in it as far as they are known.
func (n *node) writeTrust(ctx context.Context) error {
	text, err := n.desk.Trust(ctx)
	if err == nil {
		err = os.WriteFile(n.trust, text, 0o644) //nolint:gosec // public
	}
	if err != nil {
		return fmt.Errorf("trust file: %w", err)
	}
	return nil
}

// url is the database.
func (o nodeOptions) url() string {
	return cmp.Or(o.database, o.file, filepath.Join(o.dir, "hedui.db"))
}

// openPeers makes the node known among its peers.
func (n *node) openPeers(ctx context.Context, ring *federation.Ring) error {
	n.desk.KeyIDs = ring.KeyIDs
	n.peers = &federation.Node{Name: n.name, Division: n.division, Level: n.level, DB: n.db, Desk: n.desk, Ring: ring,
		Parent: n.parentName, URLs: n.urls, Suite: n.suite, Suites: n.links, Now: time.Now, Log: n.logger()}
	return n.peers.Prepare(ctx)
}

func (n *node) logger() *slog.Logger {
	if n.log == nil {
		return slog.Default()
	}
	return n.log
}

// explain says what to do where a database cannot be opened.
func (o nodeOptions) explain(err error) error {
	switch {
	case errors.Is(err, store.ErrServed):
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.served", o.dir), nil)
	case errors.Is(err, store.ErrNewer):
		return hedui.Fail(hedui.Invalid, hedui.Say("error.newer"), err)
	case errors.Is(err, store.ErrKeyMissing):
		var known *hedui.Error // of the helper
		if errors.As(err, &known) {
			return err
		}
		return hedui.Fail(hedui.Invalid, hedui.Say("error.keys.missing", o.keys), err)
	case errors.Is(err, store.ErrKeys):
		return hedui.Fail(hedui.Invalid, hedui.Say("error.keys", o.keys), nil)
	case o.database != "":
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.postgres"), err)
	}
	return hedui.Fail(hedui.Internal, hedui.Say("error.sqlite", o.file), err)
}

func openDesk(db *store.DB, keys keyring, ring *federation.Ring, o nodeOptions) (*casework.Desk, error) {
	calendar, err := hedui.China()
	if err != nil {
		return nil, err
	}
	deadlines := o.deadlines
	if deadlines == nil {
		if deadlines, err = hedui.StandardDeadlines(); err != nil {
			return nil, err
		}
	}
	rules := o.rules
	if rules == nil {
		if rules, err = book.Standard(); err != nil {
			return nil, err
		}
	}
	if o.deadline > 0 {
		deadlines = deadlines.WithReport(hedui.Length{Exact: o.deadline})
	}
	table := o.table
	if table == nil {
		table = casework.OwnRegisters(o.sources, cityDivision)
	}
	desk := &casework.Desk{
		DB: db, Node: o.name, Division: o.division, Sources: o.sources, Registers: table, Issuer: o.issuer, Layout: o.layout, Signer: keys.report, MandateKey: ring.Signer, Certificate: keys.certificate,
		Calendar: calendar, Deadlines: deadlines, Retention: o.retention, Letters: o.letters, Rules: rules, Now: time.Now,
	}
	if len(o.files) > 0 {
		desk.Bench = &checkup.Bench{Files: o.files, Now: time.Now}
		if o.name != "" {
			desk.Bench.Signs = func() *checkup.Signer { return &checkup.Signer{Node: o.name, Division: o.division, Key: ring.Signer()} }
		}
	}
	return desk, desk.Prepare()
}

// run works until ctx ends: asks and answers, keeps deadlines, speaks with peers
// and serves the console. The listeners may be nil.
func (n *node) run(ctx context.Context, peers, page net.Listener) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.desk.Run(ctx) })
	g.Go(func() error { return n.followBoundaries(ctx) })
	if n.peers != nil {
		g.Go(func() error { return n.peers.Run(ctx, peers) })
	}
	if page != nil {
		g.Go(func() error { return servePages(ctx, page, n) })
	}
	return g.Wait()
}

// boundariesEvery is how often a node looks whether a division has ended.
const boundariesEvery = time.Hour

// followBoundaries gives the cases of divisions that have ended to their
// successors, at the start and from then on.
func (n *node) followBoundaries(ctx context.Context) error {
	for {
		if _, err := n.desk.MoveCases(ctx); err != nil && ctx.Err() == nil {
			n.logger().ErrorContext(ctx, "move cases to the successors of their divisions", "error", err)
		}
		if pause(ctx, boundariesEvery) != nil {
			return nil
		}
	}
}

// A keyring is all keys of a node.
type keyring struct {
	masters     *masterKeys       // wrap the keys of cases and of the node
	master      seal.Key          // the oldest of them
	blind       seal.Key          // finds persons again
	erased      *store.ErasedList // what must not come back with an old copy of the database
	report      *seal.PrivateKey  // seals reports
	certificate *x509.Certificate
	log         *seal.PrivateKey // signs the audit log, and cosigns those of peers
}

// logKey is the key of the log under the node's name. A node without peers has none.
func (k keyring) logKey(node string) (*audit.Key, error) {
	return audit.NewKey(cmp.Or(node, "local"), k.log, k.log.Public())
}

// storeOptions open the database with these keys.
func (k keyring) storeOptions(url string) store.Options {
	return store.Options{URL: url, Master: k.master, Find: k.masters.find, Blind: k.blind, Erased: k.erased, At: time.Now()}
}

// certificateYears is how long a node's own certificate may sign.
const certificateYears = 5

// openKeys loads the keys of a directory, or makes those that are missing.
func openKeys(ctx context.Context, dir, issuer string, suite seal.Suite, helper *keyHelper) (k keyring, err error) {
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	k.masters = &masterKeys{dir: dir, suite: suite, helper: helper}
	if k.master, err = k.masters.first(ctx); err != nil {
		return k, err
	}
	if k.blind, err = loadOrMake(filepath.Join(dir, "blind.key"), seal.LoadKey, seal.Key.Save, func() (seal.Key, error) { return seal.NewKeyFor(suite.Cipher()) }); err != nil {
		return k, err
	}
	if k.erased, err = store.OpenErasedList(filepath.Join(dir, "erased"), k.blind); err != nil {
		return k, err
	}
	if k.report, err = loadOrMake(filepath.Join(dir, "seal.key"), seal.LoadPrivate, (*seal.PrivateKey).Save,
		func() (*seal.PrivateKey, error) { return seal.Generate(suite.Signature()) }); err != nil {
		return k, err
	}
	if k.report.Algorithm() != suite.Signature() {
		return k, hedui.Fail(hedui.Invalid, hedui.Say("error.suite", filepath.Join(dir, "seal.key"), k.report.Algorithm(), string(suite), suite.Signature()), nil)
	}
	if k.log, err = loadOrMake(filepath.Join(dir, "log.key"), seal.LoadPrivate, (*seal.PrivateKey).Save,
		func() (*seal.PrivateKey, error) { return seal.Generate(seal.Ed25519) }); err != nil {
		return k, err
	}
	k.certificate, err = loadOrMake(filepath.Join(dir, "seal.crt"), seal.LoadCertificate,
		func(c *x509.Certificate, path string) error { return seal.SaveCertificate(path, c) },
		func() (*x509.Certificate, error) {
			now := time.Now()
			return seal.SelfSigned(k.report, issuer, now.Add(-time.Hour), now.AddDate(certificateYears, 0, 0))
		})
	return k, err
}

// loadOrMake loads a key file; where there is none it makes one and saves it. A
// file that cannot be read is an error, never a reason for a new key.
func loadOrMake[K any](path string, load func(string) (K, error), save func(K, string) error, generate func() (K, error)) (K, error) {
	k, err := load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if k, err = generate(); err != nil {
		return k, err
	}
	return k, save(k, path)
}
