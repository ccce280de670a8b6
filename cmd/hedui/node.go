package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"hedui/internal/casework"
	"hedui/internal/hedui"
	"hedui/internal/rule"
	"hedui/internal/store"
	"hedui/seal"
	"hedui/source"
)

// nodeOptions say where a node keeps what it has and whom it asks.
type nodeOptions struct {
	dir      string
	database string // postgres://…; empty = SQLite in dir
	issuer   string
	sources  []source.Source
	deadline time.Duration // for every report instead of the book's; 0 = the book's
}

// A node is an open database with the desk that works on it.
type node struct {
	dir   string
	trust string // path of the file by which its reports are checked
	db    *store.DB
	desk  *casework.Desk
}

// openNode makes what is missing – keys, certificate, database – and wires the
// node from top to bottom.
func openNode(ctx context.Context, o nodeOptions) (*node, error) {
	if err := writable(o.dir); err != nil {
		return nil, err
	}
	keys, err := openKeys(filepath.Join(o.dir, "keys"), o.issuer)
	if err != nil {
		return nil, err
	}
	n := &node{dir: o.dir, trust: filepath.Join(o.dir, "trust.pem")}
	if err := os.WriteFile(n.trust, seal.CertificatePEM(keys.certificate), 0o644); err != nil { //nolint:gosec // public
		return nil, fmt.Errorf("trust file: %w", err)
	}
	url := o.database
	if url == "" {
		url = filepath.Join(o.dir, "hedui.db")
	}
	if n.db, err = store.Open(ctx, store.Options{URL: url, Master: keys.master, Blind: keys.blind}); err != nil {
		return nil, o.explain(err)
	}
	if n.desk, err = openDesk(n.db, keys, o); err != nil {
		return nil, errors.Join(err, n.db.Close())
	}
	return n, nil
}

// explain says what to do where a database cannot be opened.
func (o nodeOptions) explain(err error) error {
	switch {
	case errors.Is(err, store.ErrServed):
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.served", o.dir), nil)
	case errors.Is(err, store.ErrNewer):
		return hedui.Fail(hedui.Invalid, hedui.Say("error.newer"), err)
	case errors.Is(err, store.ErrKeys):
		return hedui.Fail(hedui.Invalid, hedui.Say("error.keys", filepath.Join(o.dir, "keys")), nil)
	case o.database != "":
		return hedui.Fail(hedui.Unavailable, hedui.Say("error.postgres"), err)
	}
	return hedui.Fail(hedui.Internal, hedui.Say("error.sqlite", filepath.Join(o.dir, "hedui.db")), err)
}

func openDesk(db *store.DB, keys keyring, o nodeOptions) (*casework.Desk, error) {
	calendar, err := hedui.China()
	if err != nil {
		return nil, err
	}
	deadlines, err := hedui.StandardDeadlines()
	if err != nil {
		return nil, err
	}
	tolerances, err := rule.Standard()
	if err != nil {
		return nil, err
	}
	if o.deadline > 0 {
		deadlines = deadlines.WithReport(hedui.Length{Exact: o.deadline})
	}
	desk := &casework.Desk{
		DB: db, Sources: o.sources, Registers: casework.OwnRegisters(o.sources, cityDivision), Issuer: o.issuer, Signer: keys.report, Certificate: keys.certificate,
		Calendar: calendar, Deadlines: deadlines, Tolerances: tolerances, Now: time.Now,
	}
	return desk, desk.Prepare()
}

// A keyring is all keys of a node.
type keyring struct {
	master      seal.Key         // wraps the keys of cases
	blind       seal.Key         // finds persons again
	report      *seal.PrivateKey // seals reports
	certificate *x509.Certificate
}

// certificateYears is how long a node's own certificate may sign.
const certificateYears = 5

// openKeys loads the keys of a directory, or makes those that are missing.
func openKeys(dir, issuer string) (k keyring, err error) {
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return k, fmt.Errorf("keys: %w", err)
	}
	if k.master, err = loadOrMake(filepath.Join(dir, "master.key"), seal.LoadKey, seal.Key.Save, func() (seal.Key, error) { return seal.NewKey(), nil }); err != nil {
		return k, err
	}
	if k.blind, err = loadOrMake(filepath.Join(dir, "blind.key"), seal.LoadKey, seal.Key.Save, func() (seal.Key, error) { return seal.NewKey(), nil }); err != nil {
		return k, err
	}
	if k.report, err = loadOrMake(filepath.Join(dir, "seal.key"), seal.LoadPrivate, (*seal.PrivateKey).Save,
		func() (*seal.PrivateKey, error) { return seal.Generate(seal.P256SHA256) }); err != nil {
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
