// Package casework is everything that can be done to a case, for all doors: the
// offices' own acts and the work that clocks and answers cause. Each act is load,
// decide, save, enqueue and record in one transaction, so no work is lost,
// nothing happens without an audit entry, and a retry changes nothing.
package casework

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"hedui/internal/audit"
	"hedui/internal/checkup"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/report"
	"hedui/internal/rule/book"
	"hedui/internal/store"
	"hedui/seal"
	"hedui/source"
)

// Desk is where cases are worked on. Its fields are set once, before use.
type Desk struct {
	DB          *store.DB
	Sources     []source.Source
	Registers   hedui.Registers    // which category is asked where
	Node        string             // name of this node among its peers; may be empty without any
	Division    string             // of this node; cases move to a successor only within it, empty = anywhere
	Issuer      string             // the verification centre's name, printed on reports
	Layout      report.Layout      // of copies of reports for people
	Signer      seal.Signer        // seals reports
	MandateKey  func() seal.Signer // the key of the hour by which the node signs mandates; its peers know it
	Certificate *x509.Certificate  // of the signer, for the signature within a PDF
	Calendar    *hedui.Calendar
	Deadlines   hedui.DeadlineBook
	Retention   hedui.RetentionBook // nil = the book that comes with the program
	Letters     hedui.LetterBook    // the same
	Rules       *book.Library
	Now         func() time.Time
	Bench       *checkup.Bench            // tries sources; nil = none can be
	KeyIDs      func() (sign, box string) // of this node's keys towards its peers; nil without any

	guards  map[string]*guard
	manuals map[string]*manual
	few     int // see fewCases, which it replaces in tests
	runner  *queue.Runner
	watch   watchers
	looks   looks
	pending pending
	uplink  uplink
}

// Prepare checks that the desk is complete and makes its work lanes. Call it
// once, before anything else.
func (d *Desk) Prepare() error {
	if d.DB == nil || d.Signer == nil || d.MandateKey == nil || d.Certificate == nil || d.Calendar == nil || d.Rules == nil || d.Now == nil || d.Issuer == "" {
		return errors.New("casework: desk is not complete")
	}
	if err := d.canSign(d.Now()); err != nil {
		return err
	}
	if d.Retention == nil {
		var err error
		if d.Retention, err = hedui.StandardRetention(); err != nil {
			return err
		}
	}
	if d.Letters == nil {
		var err error
		if d.Letters, err = hedui.StandardLetters(); err != nil {
			return err
		}
	}
	d.guards, d.manuals = map[string]*guard{}, map[string]*manual{}
	d.runner = &queue.Runner{Store: d.DB.Queue(), Now: d.Now}
	for _, s := range d.Sources {
		name := s.Info().Name
		if _, twice := d.guards[name]; twice {
			return fmt.Errorf("casework: two sources named %s", name)
		}
		g := newGuard(s)
		d.guards[name] = g
		if g.info.Manual != nil {
			if err := d.prepareManual(g.info); err != nil {
				return err
			}
			continue
		}
		d.runner.Lanes = append(d.runner.Lanes, g.lane(d))
	}
	if err := d.preparePeers(); err != nil {
		return err
	}
	d.runner.Lanes = append(d.runner.Lanes, queue.Lane{Name: caseLane, Batch: 20, Workers: 1, Lease: time.Minute,
		Strikes: math.MaxInt32, Work: d.workCases}, d.sequenceLane(), d.eraseLane(), d.concernLane(), d.bulkLane(), d.statisticsLane(), d.checkLane())
	d.DB.OnEnqueue(d.runner.Wake)
	return nil
}

// Run asks sources, keeps deadlines and sequences the audit log until ctx is done.
func (d *Desk) Run(ctx context.Context) error {
	if err := d.startSequencer(ctx); err != nil {
		return err
	}
	if err := d.noteFiles(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	for job, lane := range map[string]string{jobErase: eraseLane, jobConcern: concernLane, jobStatistics: statisticsLane} {
		if err := d.startJob(ctx, job, lane); err != nil {
			return err
		}
	}
	var sharing sync.WaitGroup
	defer sharing.Wait()
	sharing.Go(func() { d.keepLog(ctx) })
	if !d.DB.Shared() {
		return d.runner.Run(ctx)
	}
	if err := d.share(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	sharing.Go(func() { d.keepSharing(ctx) })
	return d.runner.Run(ctx)
}

// OwnRegisters are the registers that sources of the node answer for, when all of
// them speak for one division.
func OwnRegisters(sources []source.Source, scope string) hedui.Registers {
	var list hedui.Registers
	for _, s := range sources {
		info := s.Info()
		for _, code := range info.Categories {
			list = append(list, hedui.Register{Category: code, Scope: scope}.Kept(info)...)
		}
	}
	return list
}

// act is one act of an officer on a case: load, decide, save, record.
func (d *Desk) act(ctx context.Context, o hedui.Officer, id string, verb audit.Verb, decide func(*store.Tx, *hedui.Case, time.Time) (detail string, err error)) (*hedui.Case, error) {
	if !plausibleID(id) {
		return nil, notFound()
	}
	var c *hedui.Case
	at := d.Now()
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		if _, err := tx.LockCases(ctx, []string{id}); err != nil {
			return err
		}
		var err error
		if c, err = tx.Case(ctx, id); err != nil {
			return err
		}
		if err := standsAside(ctx, tx, o, id); err != nil {
			return err
		}
		gone := c.Gone()
		detail, err := decide(tx, c, at)
		if gone != nil && hedui.KindOf(err) != hedui.Forbidden {
			return gone // where it went is a better answer than what it lacks
		}
		if err != nil {
			return err
		}
		if err := tx.SaveCase(ctx, c); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, verb, id, detail))
	})
	if err != nil {
		return nil, d.refused(ctx, o, id, verb, err)
	}
	d.watch.changed(id)
	return c, nil
}

// refused records an attempt without right, which is itself worth knowing, and
// returns the error. The entry has a transaction of its own, because the act's
// was rolled back.
func (d *Desk) refused(ctx context.Context, o hedui.Officer, id string, verb audit.Verb, cause error) error {
	if hedui.KindOf(cause) != hedui.Forbidden {
		return cause
	}
	detail := string(verb)
	var known *hedui.Error
	if errors.As(cause, &known) && known.Say.Key == asideText {
		detail += asideDetail
	}
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		return tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.Refused, id, detail))
	})
	return errors.Join(cause, err)
}

// asideDetail ends the detail of a refusal because the officer must stand aside.
const asideDetail = " aside"

// asideText tells an officer to stand aside, and not because of whom.
const asideText = "error.conflict"

// standsAside refuses an officer who has a connection (利害关系) with the persons of
// a case.
func standsAside(ctx context.Context, tx *store.Tx, o hedui.Officer, id string) error {
	if o.ID == hedui.System.ID {
		return nil
	}
	found, err := tx.MustStandAside(ctx, o.ID, o.Office, id)
	if err == nil && found {
		err = hedui.Fail(hedui.Forbidden, hedui.Say(asideText), nil)
	}
	return err
}

// opened reads a case for an officer who may use the right on it and has no
// connection with its persons.
func opened(ctx context.Context, tx *store.Tx, o hedui.Officer, r hedui.Right, id string) (*hedui.Case, error) {
	c, err := tx.Case(ctx, id)
	if err == nil {
		err = o.MayOn(r, c)
	}
	if err == nil {
		err = standsAside(ctx, tx, o, id)
	}
	return c, err
}

// plausibleID keeps what cannot be an id from the database: an address that
// somebody typed may hold anything.
func plausibleID(id string) bool {
	return len(id) <= 64 && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == ""
}

func notFound() error { return hedui.Fail(hedui.NotFound, hedui.Say("error.not_found"), nil) }

// jitter is the randomness of retries.
func jitter() float64 { return rand.Float64() } //nolint:gosec // spreading load needs no secrecy
