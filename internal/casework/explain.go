package casework

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/rule"
	"hedui/internal/store"
)

// A finding that is held against a family is a question first: it opens an item to
// explain with the summary, one officer enters what the family says, another
// confirms it. What follows from that is here; why so, in docs/adr/0022.

// jobExplain marks what nobody has explained in time, jobClaim asks a register again
// that showed a company which is not theirs.
const (
	jobExplain = "casework.explain"
	jobClaim   = "casework.claim"
)

func explainJob(c *hedui.Case, due time.Time) queue.Job {
	return queue.Job{ID: "explain:" + c.ID + "/" + strconv.FormatInt(due.UnixMicro(), 10), Kind: jobExplain, Lane: caseLane, Payload: []byte(c.ID), RunAt: due}
}

func claimJob(c *hedui.Case, e hedui.Explanation) queue.Job {
	return queue.Job{ID: "claim:" + c.ID + "/" + e.ID, Kind: jobClaim, Lane: caseLane, Payload: []byte(c.ID), RunAt: e.Until}
}

// explainUntil is the deadline of an item that is opened at an instant.
func (d *Desk) explainUntil(c *hedui.Case, at time.Time) (time.Time, error) {
	dl, ok := d.deadlinesOf(c, at)
	if !ok {
		return time.Time{}, fmt.Errorf("casework: no deadlines for %s", c.Division)
	}
	if dl.Explain == (hedui.Length{}) { // a book of before there was one
		dl.Explain = dl.Objection
	}
	return dl.Explain.After(at, d.Calendar), nil
}

// askFamily brings the items of a case into step with its answers and returns them.
// Doing so again changes nothing.
func (d *Desk) askFamily(ctx context.Context, tx *store.Tx, c *hedui.Case, at time.Time) ([]hedui.Explanation, error) {
	queries, err := tx.Queries(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	grid := hedui.Newest(queries)
	eff, err := d.Rules.For(c.Division, c.Programme, c.AppliedOn)
	if err != nil {
		return nil, err
	}
	a := rule.Assess(c, grid, eff.Tolerances(), day.Of(d.Now()))
	items, err := tx.Explanations(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	due, err := d.explainUntil(c, at)
	if err != nil {
		return nil, err
	}
	all, changed := a.Explain(c.ID, grid, items, at, due, store.NewItemID)
	if len(changed) == 0 {
		return all, nil
	}
	if err := tx.SaveExplanations(ctx, changed); err != nil {
		return nil, err
	}
	counts := map[audit.Verb]map[string]int{audit.ExplanationOpened: {}, audit.ExplanationGone: {}}
	for _, e := range changed {
		verb := audit.ExplanationOpened
		if e.State == hedui.ExplanationGone {
			verb = audit.ExplanationGone
		}
		counts[verb][string(e.Category)]++
	}
	for _, verb := range []audit.Verb{audit.ExplanationOpened, audit.ExplanationGone} {
		if len(counts[verb]) == 0 {
			continue
		}
		if err := tx.Record(ctx, audit.New(at, hedui.System.ID, "", verb, c.ID, countWords(counts[verb]))); err != nil {
			return nil, err
		}
	}
	if len(counts[audit.ExplanationOpened]) == 0 {
		return all, nil
	}
	return all, tx.Enqueue(ctx, explainJob(c, due))
}

// askFamilyOf is askFamily for answers that came in after the summary.
func (d *Desk) askFamilyOf(ctx context.Context, tx *store.Tx, id string, at time.Time) error {
	c, err := tx.Case(ctx, id)
	if err != nil {
		return err
	}
	_, err = d.askFamily(ctx, tx, c, at)
	return err
}

// explained moves a case on after items have changed: what was reviewed is reviewed
// again, and once nothing waits a sealed report gets its next version.
func (d *Desk) explained(ctx context.Context, tx *store.Tx, c *hedui.Case, items []hedui.Explanation, at time.Time) error {
	switch {
	case c.Stage == hedui.Reviewed:
		return d.summarise(ctx, tx, c, at, hedui.Say("step.explained"))
	case !c.Stage.Sealed() && c.Stage != hedui.Objected, c.Waiting(items, at) != nil:
		return nil
	}
	return tx.Enqueue(ctx, finalJob(c, at))
}

// endExplanations closes the open items of a case that ends.
func endExplanations(ctx context.Context, tx *store.Tx, id string, at time.Time) error {
	items, err := tx.Explanations(ctx, id)
	if err != nil {
		return err
	}
	var ended []hedui.Explanation
	for _, e := range items {
		if e.End(at) {
			ended = append(ended, e)
		}
	}
	return tx.SaveExplanations(ctx, ended)
}

// Explanations lists the items to explain of a case, in the order in which they
// were opened. The look is recorded as one at the case.
func (d *Desk) Explanations(ctx context.Context, o hedui.Officer, id string) ([]hedui.Explanation, error) {
	v, err := d.Look(ctx, o, id)
	return v.Explanations, err
}

// An ItemRef names an item to explain as an officer has seen it: what somebody else
// has changed since is a Conflict, so that nobody confirms what he has not read.
type ItemRef struct {
	Case string
	Item string
	Rev  int64
}

// itemAct is one act of an officer on an item.
type itemAct struct {
	verb audit.Verb
	may  func(*hedui.Case) error
	do   func(*store.Tx, *hedui.Case, *hedui.Explanation, time.Time) error
}

func (d *Desk) onItem(ctx context.Context, o hedui.Officer, ref ItemRef, a itemAct) (hedui.Explanation, error) {
	var out hedui.Explanation
	_, err := d.act(ctx, o, ref.Case, a.verb, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := a.may(c); err != nil {
			return "", err
		}
		if err := c.Explains(); err != nil {
			return "", err
		}
		items, err := tx.Explanations(ctx, c.ID)
		if err != nil {
			return "", err
		}
		i := slices.IndexFunc(items, func(e hedui.Explanation) bool { return e.ID == ref.Item })
		switch {
		case i < 0:
			return "", notFound()
		case items[i].Rev != ref.Rev:
			return "", hedui.Fail(hedui.Conflict, hedui.Say("error.explanation.moved"), nil)
		}
		e := &items[i]
		if err := a.do(tx, c, e, at); err != nil {
			return "", err
		}
		if err := tx.SaveExplanations(ctx, items[i:i+1]); err != nil {
			return "", err
		}
		out = *e
		out.Rev++
		return e.ID + " " + string(e.Category) + "=" + string(e.State), d.explained(ctx, tx, c, items, at)
	})
	return out, err
}

// Explain takes what the family says to an item, as the first of two officers.
func (d *Desk) Explain(ctx context.Context, o hedui.Officer, ref ItemRef, in hedui.ExplanationEntry) (hedui.Explanation, error) {
	return d.onItem(ctx, o, ref, itemAct{audit.ExplanationEntered, func(c *hedui.Case) error { return c.MayExplain(o) },
		func(_ *store.Tx, _ *hedui.Case, e *hedui.Explanation, at time.Time) error { return e.Enter(o, in, at) }})
}

// SendBackExplanation gives what was entered back to the first officer.
func (d *Desk) SendBackExplanation(ctx context.Context, o hedui.Officer, ref ItemRef, why string) (hedui.Explanation, error) {
	return d.onItem(ctx, o, ref, itemAct{audit.ExplanationSentBack, mayReview(o),
		func(tx *store.Tx, c *hedui.Case, e *hedui.Explanation, at time.Time) error {
			if err := e.SendBack(o, why, at); err != nil || at.Before(e.DueAt) {
				return err
			}
			return tx.Enqueue(ctx, explainJob(c, e.DueAt)) // the deadline has passed meanwhile
		}})
}

// SettleExplanation is the agreement of a second officer with what was entered. A
// source error becomes a request to the department, a company that is not theirs
// starts its timer, and a sealed report gets its next version.
func (d *Desk) SettleExplanation(ctx context.Context, o hedui.Officer, ref ItemRef) (hedui.Explanation, error) {
	return d.onItem(ctx, o, ref, itemAct{audit.ExplanationSettled, mayReview(o),
		func(tx *store.Tx, c *hedui.Case, e *hedui.Explanation, at time.Time) error {
			if err := e.Settle(o, at); err != nil {
				return err
			}
			switch {
			case e.State == hedui.ExplanationWrong:
				return d.requestCorrections(ctx, tx, c, *e, at)
			case e.State == hedui.ExplanationNotHis && e.Category == catalog.Business:
				return d.startClaim(ctx, tx, c, e, at)
			}
			return nil
		}})
}

func mayReview(o hedui.Officer) func(*hedui.Case) error {
	return func(c *hedui.Case) error { return o.MayOn(hedui.ReviewReports, c) }
}

// startClaim starts the timer of a company that is not theirs, where the place
// knows one.
func (d *Desk) startClaim(ctx context.Context, tx *store.Tx, c *hedui.Case, e *hedui.Explanation, at time.Time) error {
	dl, ok := d.deadlinesOf(c, at)
	if !ok || dl.Claim == (hedui.Length{}) {
		return nil
	}
	e.Until = dl.Claim.After(at, d.Calendar)
	job := claimJob(c, *e)
	if err := tx.Enqueue(ctx, job); err != nil {
		return err
	}
	return tx.MoveJobs(ctx, []string{job.ID}, job.RunAt) // that of an earlier claim
}

// SuspendClaim stops a case until the register of a company that is not theirs can
// be asked again: it is suspended, not refused.
func (d *Desk) SuspendClaim(ctx context.Context, o hedui.Officer, id string) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Suspended, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		items, err := tx.Explanations(ctx, c.ID)
		if err != nil {
			return "", err
		}
		return "step.not_theirs", c.SuspendClaim(o, items, at)
	})
}

// strikeItem does what a clock of items calls for. Run again it changes nothing.
func (d *Desk) strikeItem(ctx context.Context, tx *store.Tx, job queue.Job) error {
	id, at := string(job.Payload), d.Now()
	stages, err := tx.LockCases(ctx, []string{id})
	if err != nil {
		return err
	}
	if stage := stages[id]; stage == "" || stage == hedui.Terminated || stage == hedui.Archived || stage == hedui.Handed {
		return tx.FinishJobs(ctx, []queue.Job{job})
	}
	c, err := tx.Case(ctx, id)
	switch {
	case hedui.KindOf(err) == hedui.NotFound: // erased
		return tx.FinishJobs(ctx, []queue.Job{job})
	case err != nil:
		return err
	}
	var wait time.Time
	switch job.Kind {
	case jobExplain:
		err = d.lapse(ctx, tx, c, at)
	case jobClaim:
		wait, err = d.endClaim(ctx, tx, c, job, at)
	case jobCorrected:
		wait, err = d.corrected(ctx, tx, c, job, at)
	}
	if err != nil {
		return err
	}
	if err := tx.SaveCase(ctx, c); err != nil {
		return err
	}
	if !wait.IsZero() {
		return tx.SnoozeJob(ctx, job, wait)
	}
	return tx.FinishJobs(ctx, []queue.Job{job})
}

// lapse marks what nobody has explained in time.
func (d *Desk) lapse(ctx context.Context, tx *store.Tx, c *hedui.Case, at time.Time) error {
	items, err := tx.Explanations(ctx, c.ID)
	if err != nil {
		return err
	}
	var lapsed []hedui.Explanation
	for i := range items {
		if items[i].Lapse(at) {
			lapsed = append(lapsed, items[i])
		}
	}
	if len(lapsed) == 0 {
		return nil
	}
	if err := tx.SaveExplanations(ctx, lapsed); err != nil {
		return err
	}
	if err := tx.Record(ctx, audit.New(at, hedui.System.ID, "", audit.ExplanationLapsed, c.ID, strconv.Itoa(len(lapsed)))); err != nil {
		return err
	}
	return d.explained(ctx, tx, c, items, at)
}

// endClaim reminds that the timer of a company that is not theirs is over, takes the
// case up again if it was suspended for it, and asks the register again. It returns
// when to try again, if the register must rest.
func (d *Desk) endClaim(ctx context.Context, tx *store.Tx, c *hedui.Case, job queue.Job, at time.Time) (time.Time, error) {
	items, err := tx.Explanations(ctx, c.ID)
	if err != nil {
		return time.Time{}, err
	}
	i := slices.IndexFunc(items, func(e hedui.Explanation) bool { return claimJob(c, e).ID == job.ID })
	if i < 0 || items[i].State != hedui.ExplanationNotHis || items[i].Until.IsZero() {
		return time.Time{}, nil // settled otherwise meanwhile
	}
	if at.Before(items[i].Until) {
		return items[i].Until, nil
	}
	fresh, err := tx.Remind(ctx, hedui.Reminder{ID: store.NewItemID(), Case: c.ID, Kind: hedui.ReminderClaim, About: items[i].ID, At: at})
	if err != nil {
		return time.Time{}, err
	}
	if fresh {
		if err := tx.Record(ctx, audit.New(at, hedui.System.ID, "", audit.ClaimEnded, c.ID, items[i].ID)); err != nil {
			return time.Time{}, err
		}
	}
	resumed, err := c.EndClaim(at)
	if err != nil {
		return time.Time{}, err
	}
	if resumed {
		if err := d.resumed(ctx, tx, c, at); err != nil {
			return time.Time{}, err
		}
	}
	return d.recheck(ctx, tx, c, at, func(q hedui.Query) bool {
		return q.Person == items[i].Person && q.Category == items[i].Category && usesAny(q, items[i].Records)
	})
}

// usesAny reports whether one of the records is in the answer to a query.
func usesAny(q hedui.Query, refs []hedui.RecordRef) bool {
	return slices.ContainsFunc(q.Records, func(r catalog.Record) bool {
		hash := hedui.RecordHash(r)
		return slices.ContainsFunc(refs, func(ref hedui.RecordRef) bool { return ref.Source == q.Source && ref.Hash == hash })
	})
}

// recheck asks the cells again whose answers are meant: nothing is typed over. A
// register that was asked a short while ago rests first; a missing consent is told
// to an officer.
func (d *Desk) recheck(ctx context.Context, tx *store.Tx, c *hedui.Case, at time.Time, meant func(hedui.Query) bool) (wait time.Time, err error) {
	dl, ok := d.deadlinesOf(c, c.AcceptedAt)
	if !ok {
		return wait, fmt.Errorf("casework: no deadlines for %s", c.Division)
	}
	all, err := tx.Queries(ctx, c.ID)
	if err != nil {
		return wait, err
	}
	var names []string
	for _, q := range hedui.Newest(all) {
		if !meant(q) {
			continue
		}
		open, free := d.rests(dl, q, all)
		if open {
			continue // its answer is on the way
		}
		if at.Before(free) {
			return free, nil
		}
		names = append(names, q.ID)
	}
	if len(names) == 0 {
		return wait, nil
	}
	round, due := c.Round, c.DueAt
	err = c.Recheck(at, dl.Report.After(at, d.Calendar))
	var detail string
	if err == nil {
		detail, err = d.putAgain(ctx, tx, c, all, names, at)
	}
	switch hedui.KindOf(err) {
	case hedui.Invalid, hedui.Conflict: // a consent has ended, or nobody can be asked any more
		c.Round, c.DueAt = round, due
		_, err = tx.Remind(ctx, hedui.Reminder{ID: store.NewItemID(), Case: c.ID, Kind: hedui.ReminderConsent, About: day.Of(at).String(), At: at})
		return wait, err
	}
	if err != nil {
		return wait, err
	}
	return wait, tx.Record(ctx, audit.New(at, hedui.System.ID, "", audit.Requeried, c.ID, detail))
}
