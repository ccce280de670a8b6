package casework

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Withdraw ends the consents of a person. In the same transaction everything that
// is asked about the person and not answered is stopped, other nodes are told, and
// answers that nobody has read are sealed: their records are gone.
func (d *Desk) Withdraw(ctx context.Context, o hedui.Officer, id string, person int) (*hedui.Case, error) {
	return d.act(ctx, o, id, audit.Withdrawn, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		return d.withdraw(ctx, tx, c, o, person, at)
	})
}

// withdraw is the effect of a withdrawal, told to an office or by the person.
func (d *Desk) withdraw(ctx context.Context, tx *store.Tx, c *hedui.Case, o hedui.Officer, person int, at time.Time) (string, error) {
	if err := c.Withdraw(o, person, at); err != nil {
		return "", err
	}
	stopped, sealed, err := d.stopAsking(ctx, tx, c, person, at)
	if err != nil {
		return "", err
	}
	open, err := tx.CountOpen(ctx, c.ID)
	if err == nil && open == 0 && c.Stage.Collects() {
		err = d.summarise(ctx, tx, c, at, hedui.Say("step.all_answered"))
	}
	return fmt.Sprintf("person %d, %d stopped, %d sealed", person, stopped, sealed), err
}

// stopAsking ends the queries on a person and seals the unread answers.
func (d *Desk) stopAsking(ctx context.Context, tx *store.Tx, c *hedui.Case, person int, at time.Time) (stopped, sealed int, err error) {
	all, err := tx.Queries(ctx, c.ID)
	if err != nil {
		return 0, 0, err
	}
	read, err := lastRead(ctx, tx, c.ID)
	if err != nil {
		return 0, 0, err
	}
	var ended []hedui.Query
	var jobs, items []string
	letters := map[string]*post{}
	for _, q := range all {
		answered := q.State == hedui.Answered
		switch {
		case q.Person != person, answered && (!hedui.Informs(q.Outcome) || !q.AnsweredAt.After(read)):
			continue
		case answered:
			sealed++
		default:
			stopped++
			jobs, items = append(jobs, askJob(q, at).ID), append(items, q.ID)
			if peer, away := hedui.NodeOf(q.Source); away && q.State != hedui.Waiting {
				if letters[peer] == nil {
					letters[peer] = newPost(peer, at)
				}
				letters[peer].withdraw(q.ID, q.Token)
			}
		}
		q.Withdraw(at)
		ended = append(ended, q)
	}
	if len(ended) == 0 {
		return 0, 0, nil
	}
	if err := dropUnread(ctx, tx, c.ID, person, read); err != nil {
		return 0, 0, err
	}
	err = errors.Join(tx.WithdrawQueries(ctx, ended), tx.EndItems(ctx, false, items, at))
	if len(jobs) > 0 { // they find their queries settled and end by themselves: one may be at work
		err = errors.Join(err, tx.MoveJobs(ctx, jobs, at))
	}
	for _, p := range letters {
		err = errors.Join(err, p.send(ctx, tx))
	}
	return stopped, sealed, err
}

// dropUnread takes away what the family was to explain and nobody has read: it tells
// what the sealed answers said.
func dropUnread(ctx context.Context, tx *store.Tx, id string, person int, read time.Time) error {
	items, err := tx.Explanations(ctx, id)
	if err != nil {
		return err
	}
	var unread []string
	for _, e := range items {
		if e.Person == person && e.State == hedui.ExplanationOpen && e.OpenedAt.After(read) {
			unread = append(unread, e.ID)
		}
	}
	if len(unread) == 0 {
		return nil
	}
	return tx.DropExplanations(ctx, unread)
}

// lastRead is when somebody last saw the answers of a case, or a report was made of
// them; zero if nobody has.
func lastRead(ctx context.Context, tx *store.Tx, id string) (time.Time, error) {
	entries, err := tx.Entries(ctx, id)
	var last time.Time
	for _, e := range entries {
		switch e.Verb {
		case audit.ReadCase, audit.ReadReport, audit.Printed, audit.PaperPrinted, audit.Reviewed, audit.Sealed:
			last = laterOf(last, e.At)
		}
	}
	return last, err
}

// AttachConsent keeps the scan of a signed consent, or the picture of a signature
// on a screen: a PDF, PNG or JPEG, found out by its content. Its digest becomes that
// of the consent. A consent that has its scan takes no other file.
func (d *Desk) AttachConsent(ctx context.Context, o hedui.Officer, id, number string, body []byte) (*hedui.Case, error) {
	kind, err := evidenceType(ctx, body)
	if err != nil {
		return nil, err
	}
	return d.act(ctx, o, id, audit.ConsentScanned, func(tx *store.Tx, c *hedui.Case, _ time.Time) (string, error) {
		if err := o.MayOn(hedui.OpenCases, c); err != nil {
			return "", err
		}
		i := slices.IndexFunc(c.Consents, func(k hedui.Consent) bool { return k.Number == number })
		if i < 0 {
			return "", notFound()
		}
		k, digest := &c.Consents[i], digestOf(body)
		if k.Scan != "" && k.Document != digest {
			return "", hedui.Fail(hedui.Conflict, hedui.Say("error.consent.scan", number), nil)
		}
		k.Scan, k.Document = kind, digest
		return number, tx.AddScan(ctx, c.ID, number, body)
	})
}

// ConsentScan gives an officer the scan of a consent; that it was read is recorded.
// What does not fit its digest any more is an error.
func (d *Desk) ConsentScan(ctx context.Context, o hedui.Officer, id, number string) (File, error) {
	if !plausibleID(id) || !plausibleID(number) {
		return File{}, notFound()
	}
	var file File
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		c, err := opened(ctx, tx, o, hedui.ReadCases, id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(c.Consents, func(k hedui.Consent) bool { return k.Number == number })
		if i < 0 || c.Consents[i].Scan == "" {
			return notFound()
		}
		file.Body, err = tx.Scan(ctx, id, number)
		if c.Taken != nil && hedui.KindOf(err) == hedui.NotFound {
			return hedui.Fail(hedui.NotFound, hedui.Say("error.evidence.left", c.Taken.From), err)
		}
		if err != nil {
			return err
		}
		if digestOf(file.Body) != c.Consents[i].Document {
			return fmt.Errorf("casework: the scan of consent %s is not what was attached", number)
		}
		file.Name = number + fileEndings[c.Consents[i].Scan]
		return tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.ConsentRead, id, number))
	})
	if err != nil {
		return File{}, d.refused(ctx, o, id, audit.ConsentRead, err)
	}
	return file, nil
}
