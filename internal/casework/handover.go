package casework

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"hedui/day"
	"hedui/exchange"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
)

// When a division ends and another node's takes over, its cases go there in a
// file that only that node can read: an envelope of package exchange for each
// case. docs/adr/0010 tells why nothing is lost or doubled on the way. In short: a
// case stands still here from the moment it is written into a file; the same cases
// can be written again until the other node has confirmed them; and that node
// takes each of them once.

// HandOver writes the cases of divisions that have ended, at whatever stage they
// stand, to w for the peer that takes over, and returns how many there were. From
// then on they can be read but not worked on here. Until the peer's receipt is
// given to [Desk.HandedOver], the same call writes them anew: a file that was lost,
// cut short or let expire does no harm.
func (d *Desk) HandOver(ctx context.Context, o hedui.Officer, divisions []string, to exchange.Peer, from exchange.Identity, w io.Writer) (n int, err error) {
	on := day.Of(d.Now())
	divisions = slices.Compact(slices.Sorted(slices.Values(divisions)))
	for _, division := range divisions {
		if err := o.May(hedui.HandCases, division); err != nil {
			return 0, d.refused(ctx, o, "", audit.HandedOver, err)
		}
		if !mayHand(division, from.Peer(), to, on) {
			return 0, badDivision(division, from.Name, to.Name)
		}
	}
	var errs []error
	for _, division := range divisions {
		err := d.eachCase(ctx, division, func(id string) error {
			h := hedui.Handing{ID: exchange.NewID(), From: from.Name, To: to.Name}
			b, err := d.handOver(ctx, o, id, h)
			switch {
			case ctx.Err() != nil:
				return errors.Join(err, ctx.Err())
			case err != nil: // one case that cannot go must not hold up the others
				errs = append(errs, err)
				return nil
			case b.Case == nil:
				return nil
			}
			if err := writeBundle(w, b, to, from, d.Now()); err != nil {
				return err
			}
			n++
			return nil
		})
		if err != nil {
			return n, fmt.Errorf("casework: hand over: %w", errors.Join(append(errs, err)...))
		}
	}
	return n, errors.Join(errs...)
}

// mayHand reports whether cases of a division may go from one node to another on
// a day: it has ended, it was the one's, and its successor is the other's. So the
// two never draw a number of the same division and day.
func mayHand(division string, from, to exchange.Peer, on day.Day) bool {
	next := hedui.Todays(division, on)
	return from.Name != to.Name && next != division && from.Covers(division, on) && to.Covers(next, on)
}

func badDivision(division, from, to string) error {
	return hedui.Fail(hedui.Conflict, hedui.Say("error.handover_division", division, from, to),
		fmt.Errorf("division %s cannot go from %s to %s", division, from, to))
}

// handOver stops a case and ends its jobs, unless that was done before, and
// returns everything of it; nothing of one that the peer has confirmed.
func (d *Desk) handOver(ctx context.Context, o hedui.Officer, id string, h hedui.Handing) (b store.Bundle, err error) {
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		b = store.Bundle{}
		if _, err := tx.LockCases(ctx, []string{id}); err != nil {
			return err
		}
		c, err := tx.Case(ctx, id)
		if err != nil {
			return err
		}
		if c.Stage != hedui.Handed {
			h.At = d.Now()
			if err := d.stop(ctx, tx, o, c, h); err != nil {
				return err
			}
		}
		switch {
		case !c.Handed.ConfirmedAt.IsZero():
			return nil
		case c.Handed.To != h.To: // two nodes must not have one case
			return c.Gone()
		}
		b, err = tx.Bundle(ctx, id)
		return err
	})
	if err != nil {
		return b, d.refused(ctx, o, id, audit.HandedOver, err)
	}
	d.watch.changed(id)
	return b, nil
}

func (d *Desk) stop(ctx context.Context, tx *store.Tx, o hedui.Officer, c *hedui.Case, h hedui.Handing) error {
	jobs, err := d.waiting(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	jobs = append(jobs, supplementJob(c, h.At).ID, finalJob(c, h.At).ID, deadlineJob(c, h.At).ID)
	if err := c.HandOver(o, h); err != nil {
		return err
	}
	if err := errors.Join(tx.DropJobs(ctx, jobs), tx.EndCaseItems(ctx, c.ID, h.At)); err != nil {
		return err
	}
	if err := tx.SaveCase(ctx, c); err != nil {
		return err
	}
	return tx.Record(ctx, audit.New(h.At, o.ID, o.Office, audit.HandedOver, c.ID, h.To+" "+h.ID))
}

// A Border is a node as it stands to those it takes cases from and gives cases to.
type Border struct {
	Me    exchange.Identity
	Peers exchange.Lookup
}

// TakeOver takes the cases that another node has written for this one, each in one
// transaction and once, and returns how many are new here. They keep their ids,
// numbers, versions and history and go on where they stood: what was asked and not
// answered is asked anew. A receipt for all that are here now, also from an
// earlier call, goes to receipts; the other node needs it for [Desk.HandedOver].
//
// It stops at the first place of the file that is not right. What stands before
// that is taken. A case that cannot be taken for its own sake is left out, the
// others are taken, and the error tells of it.
func (d *Desk) TakeOver(ctx context.Context, o hedui.Officer, r io.Reader, b Border, receipts io.Writer) (n int, err error) {
	if err := o.May(hedui.HandCases, b.Me.Division); err != nil {
		return 0, d.refused(ctx, o, "", audit.TakenOver, err)
	}
	in := &bundleReader{r: r, border: b, now: d.Now}
	here := map[string][]confirmation{} // by peer
	peers := map[string]exchange.Peer{}
	var errs []error
	for {
		p, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			errs = append(errs, hedui.Fail(hedui.Invalid, hedui.Say("error.handover_file"), fmt.Errorf("casework: take over: %w", err)))
			break
		}
		fresh, err := d.takeOver(ctx, o, p, b.Me)
		if err != nil {
			errs = append(errs, err)
			if kind := hedui.KindOf(err); ctx.Err() != nil || kind == hedui.Internal || kind == hedui.Unavailable {
				break
			}
			continue
		}
		if fresh {
			n++
		}
		peers[p.from.Name] = p.from
		here[p.from.Name] = append(here[p.from.Name], confirmation{p.Case, p.Handing})
	}
	for name, list := range here {
		errs = append(errs, writeReceipts(receipts, list, peers[name], b.Me, d.Now()))
	}
	return n, errors.Join(errs...)
}

// takeOver takes one case, unless it is here already.
func (d *Desk) takeOver(ctx context.Context, o hedui.Officer, p *parcel, me exchange.Identity) (fresh bool, err error) {
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		fresh = false
		first, err := tx.Receive(ctx, p.from.Name, p.Handing, p.expires.Add(exchange.DefaultSkew))
		if err != nil {
			return err
		}
		stages, err := tx.LockCases(ctx, []string{p.Case})
		if err != nil {
			return err
		}
		if _, here := stages[p.Case]; here { // its row outlasts the inbox
			return taken(ctx, tx, p)
		}
		if !first {
			return exists(p.Case)
		}
		fresh = true
		return d.add(ctx, tx, o, p, me)
	})
	if err != nil {
		return false, d.refused(ctx, o, p.Case, audit.TakenOver, err)
	}
	d.watch.changed(p.Case)
	return fresh, nil
}

// taken is nil if the case that is here came by this very handing.
func taken(ctx context.Context, tx *store.Tx, p *parcel) error {
	c, err := tx.Case(ctx, p.Case)
	if err != nil {
		return err
	}
	if c.Taken == nil || c.Taken.ID != p.Handing || c.Taken.From != p.from.Name {
		return exists(c.Number)
	}
	return nil
}

func exists(number string) error {
	return hedui.Fail(hedui.Conflict, hedui.Say("error.handover_exists", number), fmt.Errorf("case %s is here by another way", number))
}

// add writes a case that is new here and takes up its work.
func (d *Desk) add(ctx context.Context, tx *store.Tx, o hedui.Officer, p *parcel, me exchange.Identity) error {
	b, err := p.bundle()
	if err != nil {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.handover_file"), err)
	}
	c, at := b.Case, d.Now()
	if h := c.Handed; h == nil || h.ID != p.Handing || h.To != me.Name || h.From != p.from.Name || c.ID != p.Case || !plausibleID(c.ID) {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.handover_file"), fmt.Errorf("case %s is not of its envelope", p.Case))
	}
	if !mayHand(c.Division, p.from, me.Peer(), day.Of(at)) {
		return badDivision(c.Division, p.from.Name, me.Name)
	}
	for _, r := range b.Reports {
		if !isDigestOf(r.Digest, r.Content) {
			return hedui.Fail(hedui.Invalid, hedui.Say("error.handover_file"), fmt.Errorf("case %s: report %d does not fit its digest", c.ID, r.Version))
		}
	}
	for _, f := range b.Evidence {
		if !named(b.Explanations, f) {
			return hedui.Fail(hedui.Invalid, hedui.Say("error.handover_file"), fmt.Errorf("case %s: evidence %s does not fit its digest", c.ID, f.ID))
		}
	}
	if err := c.TakeOver(o, at); err != nil {
		return err
	}
	if err := d.route(b, at); err != nil {
		return err
	}
	switch err := tx.AddBundle(ctx, b); {
	case hedui.KindOf(err) == hedui.Conflict:
		return errors.Join(exists(c.Number), err)
	case err != nil:
		return err
	}
	if err := d.takeUp(ctx, tx, b, at); err != nil {
		return err
	}
	return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.TakenOver, c.ID, fmt.Sprintf("%s %s %s", p.from.Name, p.Handing, p.Digest)))
}

// named reports whether a file is what its item says it is.
func named(items []hedui.Explanation, f store.EvidenceFile) bool {
	for _, e := range items {
		for _, v := range e.Evidence {
			if v.ID == f.ID {
				return e.ID == f.Explanation && v.Digest == digestOf(f.Body)
			}
		}
	}
	return false
}

// route finds the registers of this node for what is to be asked anew. Where there
// is none, that is an answer like any other: it takes a review back.
func (d *Desk) route(b store.Bundle, at time.Time) error {
	settled := false
	for i := range b.Queries {
		if q := &b.Queries[i]; !q.Settled() {
			q.AskAnew(d.Registers, at)
			settled = settled || q.Settled()
		}
	}
	if settled && b.Case.Stage == hedui.Reviewed {
		return b.Case.Summarise(at, hedui.Say("step.late_answer"))
	}
	return nil
}

// takeUp enqueues what the case waits for: its answers, its deadline, or the
// supplement of what came after its report.
func (d *Desk) takeUp(ctx context.Context, tx *store.Tx, b store.Bundle, at time.Time) error {
	c, open, late := b.Case, 0, false
	for _, q := range b.Queries {
		switch {
		case !q.Settled():
			open++
			job := askJob(q, at)
			job.Urgency = urgency(c)
			if err := tx.Enqueue(ctx, job); err != nil {
				return err
			}
		case q.State == hedui.Answered && len(b.Reports) > 0:
			late = late || q.AnsweredAt.After(b.Reports[len(b.Reports)-1].MadeAt)
		}
	}
	if err := d.takeUpItems(ctx, tx, b, at); err != nil {
		return err
	}
	switch {
	case c.Stage.Collects():
		due := c.DueAt
		if open == 0 && c.Stage != hedui.Manual { // nobody can be asked here
			due = at
		}
		return tx.Enqueue(ctx, deadlineJob(c, due))
	case c.Stage.Sealed() && late:
		return d.gather(ctx, tx, c, at)
	case len(b.Reports) > 0 && c.Stage != hedui.Reviewed && answeredSince(b.Explanations, b.Reports[len(b.Reports)-1].MadeAt):
		return d.explained(ctx, tx, c, b.Explanations, at)
	}
	return nil
}

// answeredSince reports whether items have changed after a report was made.
func answeredSince(items []hedui.Explanation, made time.Time) bool {
	return slices.ContainsFunc(items, func(e hedui.Explanation) bool {
		return slices.ContainsFunc(e.History, func(a hedui.ExplanationAct) bool { return a.At.After(made) })
	})
}

// takeUpItems sets the clocks of what the family has to explain: until when it can,
// when a company that is not theirs is looked at again, and what a department has
// corrected and was not asked again.
func (d *Desk) takeUpItems(ctx context.Context, tx *store.Tx, b store.Bundle, at time.Time) error {
	var jobs []queue.Job
	for _, e := range b.Explanations {
		told := slices.ContainsFunc(b.Reminders, func(r hedui.Reminder) bool { return r.Kind == hedui.ReminderClaim && r.About == e.ID })
		switch {
		case e.State == hedui.ExplanationOpen, e.State == hedui.ExplanationEntered:
			jobs = append(jobs, explainJob(b.Case, e.DueAt))
		case e.State == hedui.ExplanationNotHis && !e.Until.IsZero() && !told:
			jobs = append(jobs, claimJob(b.Case, e))
		}
	}
	for _, k := range b.Corrections {
		if k.State == hedui.CorrectionMade && slices.ContainsFunc(hedui.Newest(b.Queries), func(q hedui.Query) bool {
			return q.AnsweredAt.Before(k.AnsweredAt) && usesAny(q, []hedui.RecordRef{k.Record})
		}) {
			jobs = append(jobs, correctedJob(k.Number, b.Case.ID, at))
		}
	}
	return tx.Enqueue(ctx, jobs...)
}

// HandedOver reads the receipt of a node that has taken cases over, marks them as
// confirmed, and returns how many were not before. Confirmed cases are not written
// by [Desk.HandOver] any more.
func (d *Desk) HandedOver(ctx context.Context, o hedui.Officer, r io.Reader, b Border) (n int, err error) {
	if err := o.May(hedui.HandCases, o.Division); err != nil {
		return 0, d.refused(ctx, o, "", audit.Arrived, err)
	}
	var errs []error
	for {
		peer, list, err := readReceipts(r, b, d.Now())
		if errors.Is(err, io.EOF) {
			return n, errors.Join(errs...)
		}
		if err != nil {
			return n, errors.Join(append(errs, hedui.Fail(hedui.Invalid, hedui.Say("error.receipt"), fmt.Errorf("casework: receipt: %w", err)))...)
		}
		for _, one := range list {
			fresh, err := d.arrived(ctx, o, peer.Name, one)
			if fresh {
				n++
			}
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
}

func (d *Desk) arrived(ctx context.Context, o hedui.Officer, peer string, one confirmation) (fresh bool, err error) {
	if !plausibleID(one.Case) {
		return false, notFound()
	}
	err = d.DB.InTx(ctx, func(tx *store.Tx) (err error) {
		fresh = false
		c, err := tx.Case(ctx, one.Case)
		if err != nil {
			return err
		}
		at := d.Now()
		if fresh, err = c.Arrived(o, peer, one.Handing, at); err != nil || !fresh {
			return err
		}
		if err := tx.SaveCase(ctx, c); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.Arrived, c.ID, peer+" "+one.Handing))
	})
	if err != nil {
		return false, d.refused(ctx, o, one.Case, audit.Arrived, err)
	}
	return fresh, nil
}
