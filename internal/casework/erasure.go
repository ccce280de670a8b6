package casework

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/seal"
)

// A case is erased when its term is over, by a job that comes every hour, or before
// that by two officers. Either way its key is destroyed in the transaction that
// writes the one entry of the log, which holds the number and the digest of the
// certificate.

const (
	eraseLane  = "erase"
	jobErase   = "casework.erase"
	eraseLease = time.Minute
	eraseEvery = time.Hour
	erasePage  = 500 // cases that are looked at together
	eraseBatch = 20  // that are erased in one transaction
)

// eraseLane is that of the job. What was erased is not there any more, so it goes on
// where it stood, also after the process was killed.
func (d *Desk) eraseLane() queue.Lane {
	return d.standing(eraseLane, eraseLease, eraseEvery, func(ctx context.Context) (bool, error) {
		_, err := d.eraseDue(ctx, "", hedui.System)
		return false, errors.Join(err, d.DB.NoteErased(context.WithoutCancel(ctx))) // other processes have erased too
	})
}

// EraseDue erases what is due in the officer's division at once, as the job does each
// hour, and says how many cases that were.
func (d *Desk) EraseDue(ctx context.Context, o hedui.Officer) (int, error) {
	if err := o.May(hedui.ConfirmErasure, o.Division); err != nil {
		return 0, d.refused(ctx, o, "", audit.Erased, err)
	}
	return d.eraseDue(ctx, hedui.PlacePrefix(o.Division), o)
}

// eraseDue erases what is due, and deletes of other kinds what is over.
func (d *Desk) eraseDue(ctx context.Context, division string, o hedui.Officer) (n int, err error) {
	for _, event := range hedui.CaseEvents() {
		err := d.eachDue(ctx, store.DueFilter{Event: event, Division: division}, d.Now(), func(due []DueErasure) (bool, error) {
			for part := range slices.Chunk(due, eraseBatch) {
				erased, err := d.lapseBatch(ctx, part, event, o)
				if n += erased; err != nil {
					return false, err
				}
			}
			return true, nil
		})
		if err != nil {
			return n, err
		}
	}
	if err := d.purge(ctx); err != nil {
		return n, err
	}
	return n, d.DB.Scrub(ctx) // also for one that was erased while a reader was in the way
}

// purge deletes what is over of the kinds that have no case and no other place where
// that is done.
func (d *Desk) purge(ctx context.Context) error {
	at := d.Now()
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.PurgeDrafts(ctx, d.KeptSince(hedui.DraftData, at), at), tx.PurgeUploads(ctx, d.KeptSince(hedui.DraftData, at)), tx.PurgeExports(ctx, d.KeptSince(hedui.ExportData, at)), tx.PurgeAlerts(ctx, d.KeptSince(hedui.AlertData, at)),
			tx.PurgeHeard(ctx, at), tx.PurgeUse(ctx, day.Of(d.KeptSince(hedui.UseData, at))), tx.PurgeIncidents(ctx, day.Of(d.KeptSince(hedui.IncidentData, at))))
	})
}

// KeptSince is the instant before which data of a kind that is not of cases is not
// kept any more at the instant at; the zero time where it is kept for good.
func (d *Desk) KeptSince(kind hedui.RetentionKind, at time.Time) time.Time {
	r, ok := d.Retention.Of(kind, d.Division, day.Of(at))
	if !ok {
		return time.Time{}
	}
	return r.Before(at)
}

// A DueErasure is a case with the end of its term.
type DueErasure struct {
	Case   string             `json:"case"`
	Number string             `json:"number"`
	Stage  hedui.Stage        `json:"stage"`
	State  hedui.ErasureState `json:"state"`
	Since  time.Time          `json:"since"`
	Due    time.Time          `json:"due"`
	Rule   hedui.Retention    `json:"rule"`
}

// eachDue calls f with the cases whose term is over at an instant, a page at a time,
// until it says false.
func (d *Desk) eachDue(ctx context.Context, f store.DueFilter, at time.Time, do func([]DueErasure) (bool, error)) error {
	latest, ok := d.Retention.Latest(f.Event, at)
	if !ok {
		return nil
	}
	f.Latest, f.Limit = latest, erasePage
	for {
		var page []store.DueCase
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			page, err = tx.DueCases(ctx, f)
			return err
		})
		if err != nil {
			return err
		}
		var due []DueErasure
		for _, c := range page {
			rule, ok := d.Retention.For(hedui.CaseData, f.Event, c.Division, c.Programme, day.Of(d.Now()))
			if !ok {
				continue
			}
			if over, ends := rule.Over(c.Since, d.Calendar); ends && !at.Before(over) {
				due = append(due, DueErasure{c.ID, c.Number, c.Stage, c.State, c.Since, over, rule})
			}
		}
		if more, err := do(due); err != nil || !more || len(page) < f.Limit {
			return err
		}
		f.After = page[len(page)-1].ID
	}
}

// lapseBatch erases cases whose term is over, in one transaction. Those that moved on
// meanwhile, are held or erased are left out.
func (d *Desk) lapseBatch(ctx context.Context, list []DueErasure, event hedui.RetentionEvent, o hedui.Officer) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	at := d.Now()
	var erased []string
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		erased = nil
		ids := make([]string, len(list))
		for i, due := range list {
			ids[i] = due.Case
		}
		if _, err := tx.LockCases(ctx, ids); err != nil {
			return err
		}
		for _, due := range list {
			c, err := tx.Head(ctx, due.Case)
			if err != nil {
				return err
			}
			e, err := tx.Erasure(ctx, due.Case)
			if err != nil {
				return err
			}
			if !slices.Contains(event.Stages(), c.Stage) || !e.Standing().CanBecome(hedui.Erased) {
				continue
			}
			if err := e.Lapse(due.Rule, due.Since, at, d.Calendar); err != nil {
				return err
			}
			e.Decided = hedui.Hand{ID: o.ID, Office: o.Office, At: at}
			if err := d.destroy(ctx, tx, &e, c, o, at); err != nil {
				return err
			}
			erased = append(erased, due.Case)
		}
		return nil
	})
	d.watch.changed(erased...)
	return len(erased), err
}

// destroy erases a case, gives its certificate a number and records it.
func (d *Desk) destroy(ctx context.Context, tx *store.Tx, e *hedui.Erasure, c *hedui.Case, o hedui.Officer, at time.Time) error {
	numbers, err := d.numbers(ctx, tx, hedui.ErasureSeries, c, at, 1)
	if err != nil {
		return err
	}
	if e.Key, err = tx.KeyFingerprint(ctx, c.ID); err != nil {
		return err
	}
	if err := d.endQuestions(ctx, tx, c.ID, at); err != nil {
		return err
	}
	if e.Destroyed, err = tx.EraseCase(ctx, c.ID); err != nil {
		return err
	}
	e.Number = numbers[0]
	if err := tx.SaveErasure(ctx, *e, at); err != nil {
		return err
	}
	detail, err := erasureDetail(*e)
	if err != nil {
		return err
	}
	return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.Erased, c.ID, detail))
}

// endQuestions stops what is still asked for a case, and tells other nodes so.
func (d *Desk) endQuestions(ctx context.Context, tx *store.Tx, id string, at time.Time) error {
	questions, err := tx.Questions(ctx, id)
	if err != nil {
		return err
	}
	var jobs []string
	letters := map[string]*post{}
	for _, q := range questions {
		jobs = append(jobs, askJob(q, at).ID)
		if peer, away := hedui.NodeOf(q.Source); away && !q.Settled() && q.State != hedui.Waiting {
			if letters[peer] == nil {
				letters[peer] = newPost(peer, at)
			}
			letters[peer].withdraw(q.ID, q.Token)
		}
	}
	for _, p := range letters {
		err = errors.Join(err, p.send(ctx, tx))
	}
	return errors.Join(err, tx.EndQuestions(ctx, id, caseLane, jobs, at))
}

// erasureDetail binds what is known of an erasure to its entry in the log.
func erasureDetail(e hedui.Erasure) (string, error) {
	text, err := json.Marshal(e)
	return e.Number + " " + digestOf(text), err
}

// erasing is one act of an officer towards an erasure: load, decide, save, record.
// The persons of the case are not looked at.
func (d *Desk) erasing(ctx context.Context, o hedui.Officer, id string, verb audit.Verb, decide func(*store.Tx, *hedui.Erasure, *hedui.Case, time.Time) error) (hedui.Erasure, error) {
	if !plausibleID(id) {
		return hedui.Erasure{}, notFound()
	}
	var e hedui.Erasure
	at := d.Now()
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		c, err := tx.Head(ctx, id)
		if err != nil {
			return err
		}
		if err := standsAside(ctx, tx, o, id); err != nil {
			return err
		}
		if e, err = tx.Erasure(ctx, id); err != nil {
			return err
		}
		if err := decide(tx, &e, c, at); err != nil || e.State == hedui.Erased { // which is saved and recorded already
			return err
		}
		if err := tx.SaveErasure(ctx, e, at); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, verb, id, e.Reason))
	})
	if err != nil {
		return hedui.Erasure{}, d.refused(ctx, o, id, verb, err)
	}
	d.watch.changed(id)
	return e, nil
}

// EraseAgain erases a case that came back with an old copy of the database, by the
// proof in the certificate of its erasure: the log of this node has vouched for it. A
// case that is erased stays so and is no error.
func (d *Desk) EraseAgain(ctx context.Context, o hedui.Officer, proof []byte) (hedui.Erasure, error) {
	if err := o.May(hedui.ConfirmErasure, o.Division); err != nil {
		return hedui.Erasure{}, d.refused(ctx, o, "", audit.Erased, err)
	}
	bad := func(err error) (hedui.Erasure, error) {
		return hedui.Erasure{}, hedui.Fail(hedui.Invalid, hedui.Say("error.erasure.proof"), err)
	}
	p, err := audit.ParseProof(string(proof))
	if err != nil {
		return bad(err)
	}
	own, err := d.DB.LogKey()
	if err != nil {
		return hedui.Erasure{}, err
	}
	if _, err := p.Check(audit.Trust{own}); err != nil {
		return bad(err)
	}
	if p.Entry.Verb != audit.Erased {
		return bad(fmt.Errorf("casework: an entry of %s", p.Entry.Verb))
	}
	return d.erasing(ctx, o, p.Entry.Case, audit.Erased, func(tx *store.Tx, e *hedui.Erasure, c *hedui.Case, at time.Time) error {
		if e.State == hedui.Erased {
			return o.MayOn(hedui.ConfirmErasure, c)
		}
		if err := e.Again(o, c, at); err != nil {
			return err
		}
		return d.destroy(ctx, tx, e, c, o, at)
	})
}

// EraseAsCertified does so by the certificate itself, a PDF that this node has signed.
func (d *Desk) EraseAsCertified(ctx context.Context, o hedui.Officer, certificate []byte) (hedui.Erasure, error) {
	if err := o.May(hedui.ConfirmErasure, o.Division); err != nil {
		return hedui.Erasure{}, d.refused(ctx, o, "", audit.Erased, err)
	}
	text, err := d.Trust(ctx)
	if err != nil {
		return hedui.Erasure{}, err
	}
	trust, err := seal.ParseTrust(text)
	if err != nil {
		return hedui.Erasure{}, fmt.Errorf("casework: trust: %w", err)
	}
	r, err := report.Verify(certificate, nil, trust)
	if err != nil || !r.Valid() || r.Paper != (report.ErasureCertificate{}).Name() {
		return hedui.Erasure{}, hedui.Fail(hedui.Invalid, hedui.Say("error.erasure.proof"), err)
	}
	return d.EraseAgain(ctx, o, r.Proof)
}

// EraseRestored erases the cases that came back with an old copy of the database, by the
// list of erased cases, and brings the list up to date. It returns how many those were.
// Call it before anybody is served.
func (d *Desk) EraseRestored(ctx context.Context) (n int, err error) {
	var ids []string
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) { ids, err = tx.CameBack(ctx); return err })
	for _, id := range ids {
		if err != nil {
			break
		}
		at := d.Now()
		err = d.DB.InTx(ctx, func(tx *store.Tx) error {
			c, err := tx.Head(ctx, id)
			if err != nil {
				return err
			}
			e, err := tx.Erasure(ctx, id)
			if err != nil {
				return err
			}
			e.CameBack(at)
			return d.destroy(ctx, tx, &e, c, hedui.System, at)
		})
	}
	if err == nil {
		err = d.DB.NoteErased(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("casework: erase what came back: %w", err)
	}
	return len(ids), nil
}

// here is a Conflict where a case was handed over and nobody has confirmed that it has
// come: then it is perhaps nowhere else.
func here(ctx context.Context, tx *store.Tx, c *hedui.Case) error {
	if c.Stage != hedui.Handed {
		return nil
	}
	entries, err := tx.Entries(ctx, c.ID)
	if err == nil && !slices.ContainsFunc(entries, func(e audit.Entry) bool { return e.Verb == audit.Arrived }) {
		err = hedui.Fail(hedui.Conflict, hedui.Say("error.erasure.handed"), nil)
	}
	return err
}

// ProposeErasure proposes to erase a case that has ended before its term is over,
// for one of [hedui.EraseReasons].
func (d *Desk) ProposeErasure(ctx context.Context, o hedui.Officer, id, reason string) (hedui.Erasure, error) {
	return d.erasing(ctx, o, id, audit.ErasureProposed, func(tx *store.Tx, e *hedui.Erasure, c *hedui.Case, at time.Time) error {
		if err := e.Propose(o, c, reason, at); err != nil {
			return err
		}
		return here(ctx, tx, c)
	})
}

// ConfirmErasure erases a case as another officer has proposed.
func (d *Desk) ConfirmErasure(ctx context.Context, o hedui.Officer, id string) (hedui.Erasure, error) {
	return d.erasing(ctx, o, id, audit.Erased, func(tx *store.Tx, e *hedui.Erasure, c *hedui.Case, at time.Time) error {
		if err := e.Confirm(o, c, at); err != nil {
			return err
		}
		return d.destroy(ctx, tx, e, c, o, at)
	})
}

// RejectErasure ends a proposal; the case is kept.
func (d *Desk) RejectErasure(ctx context.Context, o hedui.Officer, id string) (hedui.Erasure, error) {
	return d.erasing(ctx, o, id, audit.ErasureRejected, func(_ *store.Tx, e *hedui.Erasure, c *hedui.Case, at time.Time) error {
		return e.Reject(o, c, at)
	})
}

// HoldCase keeps a case from being erased, for one of [hedui.HoldReasons].
func (d *Desk) HoldCase(ctx context.Context, o hedui.Officer, id, reason string) (hedui.Erasure, error) {
	return d.erasing(ctx, o, id, audit.CaseHeld, func(_ *store.Tx, e *hedui.Erasure, c *hedui.Case, at time.Time) error {
		return e.Hold(o, c, reason, at)
	})
}

// LiftHold ends a hold.
func (d *Desk) LiftHold(ctx context.Context, o hedui.Officer, id string) (hedui.Erasure, error) {
	return d.erasing(ctx, o, id, audit.HoldLifted, func(_ *store.Tx, e *hedui.Erasure, c *hedui.Case, at time.Time) error {
		return e.Lift(o, c, at)
	})
}

// IsErased reports whether an error says that the data of a case was erased:
// [Desk.Erasure] then says when, and names the certificate.
func IsErased(err error) bool {
	var known *hedui.Error
	return errors.As(err, &known) && known.Kind == hedui.NotFound && known.Say.Key == "error.erased"
}

// An ErasureView says of a case how far its erasure is, with what lies in clear of it.
type ErasureView struct {
	hedui.Erasure
	CaseNumber string          `json:"case_number"`
	Programme  hedui.Programme `json:"programme"`
	Stage      hedui.Stage     `json:"stage"`
	Acts       []string        `json:"acts,omitempty"` // that the officer may do about it now, see [ErasureActs]
}

// ErasureActs are what officers do about the erasure of a case, in their order.
func ErasureActs() []string { return []string{"propose", "confirm", "reject", "hold", "lift"} }

// erasureActs are those of them that are the officer's as the case stands: each is
// tried on a copy.
func erasureActs(o hedui.Officer, c *hedui.Case, e hedui.Erasure, at time.Time) (acts []string) {
	tries := map[string]func(*hedui.Erasure) error{
		"propose": func(e *hedui.Erasure) error { return e.Propose(o, c, string(hedui.EraseReasons()[0]), at) },
		"confirm": func(e *hedui.Erasure) error { return e.Confirm(o, c, at) },
		"reject":  func(e *hedui.Erasure) error { return e.Reject(o, c, at) },
		"hold":    func(e *hedui.Erasure) error { return e.Hold(o, c, string(hedui.HoldReasons()[0]), at) },
		"lift":    func(e *hedui.Erasure) error { return e.Lift(o, c, at) },
	}
	for _, act := range ErasureActs() {
		if trial := e; tries[act](&trial) == nil {
			acts = append(acts, act)
		}
	}
	return acts
}

// Erasure says how far the erasure of a case is. It can be asked of a case that was
// erased, and then names the certificate.
func (d *Desk) Erasure(ctx context.Context, o hedui.Officer, id string) (ErasureView, error) {
	var v ErasureView
	err := d.head(ctx, o, id, func(_ *store.Tx, c *hedui.Case, e hedui.Erasure) error {
		v = ErasureView{Erasure: e, CaseNumber: c.Number, Programme: c.Programme, Stage: c.Stage, Acts: erasureActs(o, c, e, d.Now())}
		return nil
	})
	if err != nil {
		return v, d.refused(ctx, o, id, audit.ReadCase, err)
	}
	return v, nil
}

// head reads what lies in clear of a case for an officer who may read it, or who
// opened it.
func (d *Desk) head(ctx context.Context, o hedui.Officer, id string, read func(*store.Tx, *hedui.Case, hedui.Erasure) error) error {
	if !plausibleID(id) {
		return notFound()
	}
	return d.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := tx.Head(ctx, id)
		if err != nil {
			return err
		}
		if err := o.MayOn(hedui.ReadCases, c); err != nil {
			switch {
			case o.MayOn(hedui.OpenCases, c) != nil:
				return err
			case c.OpenedBy() != o.ID: // as [Desk.OwnCase] has it
				return notFound()
			}
		}
		if err := standsAside(ctx, tx, o, id); err != nil {
			return err
		}
		e, err := tx.Erasure(ctx, id)
		if err != nil {
			return err
		}
		return read(tx, c, e)
	})
}

// Erasures is what an officer sees of the erasures of the own division.
type Erasures struct {
	Due  []DueErasure      `json:"due"`
	More bool              `json:"more,omitempty"` // there are still more that are due
	Open []OpenErasure     `json:"open"`           // proposed and held
	Book []hedui.Retention `json:"terms"`          // that hold today
}

// An OpenErasure is a proposal that waits for a second officer, or a hold.
type OpenErasure struct {
	hedui.Erasure
	Number string `json:"case_number"`
}

// mostDue is how many cases one list names.
const mostDue = 1000

// ErasuresDue lists what is erased until an instant and by which line of the table,
// what is proposed and what is held, without the cases from which the officer stands
// aside. Nothing in it is personal.
func (d *Desk) ErasuresDue(ctx context.Context, o hedui.Officer, until time.Time) (Erasures, error) {
	out := Erasures{Due: []DueErasure{}, Open: []OpenErasure{}}
	if err := o.May(hedui.ReadCases, o.Division); err != nil {
		return out, d.refused(ctx, o, "", audit.ReadCase, err)
	}
	place := hedui.PlacePrefix(o.Division)
	for _, event := range hedui.CaseEvents() {
		f := store.DueFilter{Event: event, Division: place, Held: true, Reader: o.ID, Office: o.Office}
		err := d.eachDue(ctx, f, until, func(due []DueErasure) (bool, error) {
			for _, c := range due {
				if len(out.Due) == mostDue {
					out.More = true
					return false, nil
				}
				out.Due = append(out.Due, c)
			}
			return true, nil
		})
		if err != nil {
			return out, err
		}
	}
	slices.SortFunc(out.Due, func(a, b DueErasure) int {
		if c := a.Due.Compare(b.Due); c != 0 {
			return c
		}
		return strings.Compare(a.Case, b.Case)
	})
	today := day.Of(d.Now())
	for _, r := range d.Retention {
		if now, ok := d.Retention.For(r.Kind, r.Event, o.Division, r.Programme, today); ok && now.Name() == r.Name() {
			out.Book = append(out.Book, r)
		}
	}
	return out, d.DB.Read(ctx, func(tx *store.Tx) error {
		open, numbers, err := tx.OpenErasures(ctx, place, o.ID, o.Office)
		for _, e := range open {
			out.Open = append(out.Open, OpenErasure{e, numbers[e.Case]})
		}
		return err
	})
}

// ErasureCertificate prints the certificate of a case that was erased. It is made
// anew for each print of what the log vouches for, with the newest proof; a row that
// does not fit its entry is an error.
func (d *Desk) ErasureCertificate(ctx context.Context, o hedui.Officer, id string, want PaperOrder) (File, error) {
	if err := want.checkForm(); err != nil {
		return File{}, err
	}
	at := d.Now()
	var paper report.ErasureCertificate
	err := d.head(ctx, o, id, func(tx *store.Tx, c *hedui.Case, e hedui.Erasure) error {
		if e.State != hedui.Erased {
			return hedui.Fail(hedui.NotFound, hedui.Say("error.erasure.none"), nil)
		}
		entries, err := tx.Entries(ctx, id)
		if err != nil {
			return err
		}
		detail, err := erasureDetail(e)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(entries, func(a audit.Entry) bool { return a.Verb == audit.Erased && a.Detail == detail })
		if i < 0 {
			return fmt.Errorf("casework: the erasure of case %s is not what its entry in the log says", id)
		}
		paper = report.ErasureCertificate{Erasure: e, Case: c, Issuer: d.Issuer, Entry: entries[i], On: day.Of(at)}
		return nil
	})
	if err != nil {
		return File{}, d.refused(ctx, o, id, audit.PaperPrinted, err)
	}
	proof, err := d.proof(ctx, id, audit.Erased, paper.Erasure.Number+" ")
	if err != nil {
		return File{}, err
	}
	if len(proof) > 0 {
		p, err := audit.ParseProof(string(proof))
		if err != nil {
			return File{}, err
		}
		paper.Proof = &p
	}
	if err := d.remember(ctx, audit.New(at, o.ID, o.Office, audit.PaperPrinted, id, paper.Name()+" "+paper.Erasure.Number)); err != nil {
		return File{}, err
	}
	return d.printProved(o, paper, want, paper.Name()+"-"+paper.Erasure.Number, at, proof)
}
