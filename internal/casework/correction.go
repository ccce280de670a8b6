package casework

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
)

// jobCorrected asks again, in one case, what a department has corrected.
const jobCorrected = "casework.corrected"

func correctedJob(number, id string, at time.Time) queue.Job {
	return queue.Job{ID: "corrected:" + number + "/" + id, Kind: jobCorrected, Lane: caseLane, Payload: []byte(id), RunAt: at}
}

// requestCorrections makes a request for each record that is said to be wrong. One
// that a department has not answered yet is not made twice.
func (d *Desk) requestCorrections(ctx context.Context, tx *store.Tx, c *hedui.Case, e hedui.Explanation, at time.Time) error {
	before, err := tx.Corrections(ctx, store.CorrectionFilter{Case: c.ID, State: hedui.CorrectionAsked})
	if err != nil {
		return err
	}
	var list []hedui.Correction
	for _, r := range e.WrongRecords() {
		asked := func(k hedui.Correction) bool {
			return k.Explanation == e.ID && k.Record.Source == r.Source && k.Record.Hash == r.Hash
		}
		if !slices.ContainsFunc(before, asked) && !slices.ContainsFunc(list, asked) {
			list = append(list, hedui.Correction{Case: c.ID, Explanation: e.ID, Category: e.Category, Record: r, Person: e.Person, What: e.Text,
				State: hedui.CorrectionAsked, AskedAt: at})
		}
	}
	if len(list) == 0 {
		return nil
	}
	numbers, err := d.numbers(ctx, tx, hedui.CorrectionSeries, c, at, len(list))
	if err != nil {
		return err
	}
	for i := range list {
		list[i].Number = numbers[i]
	}
	if err := tx.AddCorrections(ctx, list); err != nil {
		return err
	}
	return tx.Record(ctx, audit.New(at, hedui.System.ID, "", audit.CorrectionAsked, c.ID, strings.Join(numbers, " ")))
}

// Corrections lists the requests to departments of an officer's division: of one
// department or all, in one state or all. That they were read is recorded.
func (d *Desk) Corrections(ctx context.Context, o hedui.Officer, f store.CorrectionFilter) ([]hedui.Correction, error) {
	if err := o.May(hedui.VerifyCases, o.Division); err != nil {
		return nil, d.refused(ctx, o, "", audit.CorrectionRead, err)
	}
	f.Division = hedui.PlacePrefix(o.Division)
	var list []hedui.Correction
	err := d.DB.InTx(ctx, func(tx *store.Tx) (err error) {
		if list, err = tx.Corrections(ctx, f); err != nil {
			return err
		}
		counts := map[string]int{}
		for _, k := range list {
			counts[k.Case]++
		}
		at := d.Now()
		for _, id := range slices.Sorted(maps.Keys(counts)) {
			if err := tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.CorrectionRead, id, "")); err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// AnswerCorrection takes what a department says to a request. A record that it
// upholds opens its item again. One that it has corrected is never typed over: every
// case that used it is told and asks again.
func (d *Desk) AnswerCorrection(ctx context.Context, o hedui.Officer, number string, to hedui.CorrectionState, reason string) error {
	if !plausibleID(number) {
		return notFound()
	}
	var id string
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		id, err = tx.CorrectionCase(ctx, number)
		return err
	})
	if err != nil {
		return err
	}
	_, err = d.act(ctx, o, id, audit.CorrectionAnswered, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := o.MayOn(hedui.VerifyCases, c); err != nil {
			return "", err
		}
		list, err := tx.Corrections(ctx, store.CorrectionFilter{Number: number})
		if err != nil {
			return "", err
		}
		if len(list) == 0 {
			return "", notFound()
		}
		k := list[0]
		detail := number + "=" + string(to)
		if same, err := k.Take(to, reason, at); err != nil || same {
			return detail, err
		}
		if err := tx.AnswerCorrection(ctx, k); err != nil {
			return "", err
		}
		if to == hedui.CorrectionUpheld {
			return detail, d.upheld(ctx, tx, c, k, at)
		}
		return detail, d.tellCorrected(ctx, tx, c, k, at)
	})
	return err
}

func (d *Desk) upheld(ctx context.Context, tx *store.Tx, c *hedui.Case, k hedui.Correction, at time.Time) error {
	if c.Explains() != nil {
		return nil
	}
	items, err := tx.Explanations(ctx, c.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(items, func(e hedui.Explanation) bool { return e.ID == k.Explanation && e.State == hedui.ExplanationWrong })
	if i < 0 {
		return nil
	}
	due, err := d.explainUntil(c, at)
	if err != nil {
		return err
	}
	items[i].Upheld(at, due, k.Answer)
	if err := tx.SaveExplanations(ctx, items[i:i+1]); err != nil {
		return err
	}
	if err := tx.Enqueue(ctx, explainJob(c, due)); err != nil {
		return err
	}
	return d.explained(ctx, tx, c, items, at)
}

// tellCorrected reminds every case that used a record, and has it ask again.
func (d *Desk) tellCorrected(ctx context.Context, tx *store.Tx, c *hedui.Case, k hedui.Correction, at time.Time) error {
	cases, err := d.using(ctx, tx, c, k)
	if err != nil {
		return err
	}
	for _, id := range cases {
		fresh, err := tx.Remind(ctx, hedui.Reminder{ID: store.NewItemID(), Case: id, Kind: hedui.ReminderCorrected, About: k.Number, At: at})
		if err != nil {
			return err
		}
		if !fresh {
			continue
		}
		if err := tx.Record(ctx, audit.New(at, hedui.System.ID, "", audit.Reminded, id, string(hedui.ReminderCorrected)+" "+k.Number)); err != nil {
			return err
		}
		if err := tx.Enqueue(ctx, correctedJob(k.Number, id, at)); err != nil {
			return err
		}
	}
	return nil
}

// using names the cases that used a record: those in which it raised a question, and
// those of the same person with the record in an answer.
func (d *Desk) using(ctx context.Context, tx *store.Tx, c *hedui.Case, k hedui.Correction) ([]string, error) {
	cases, err := tx.CasesWithRecord(ctx, k.Record)
	if err != nil {
		return nil, err
	}
	cases = append(cases, c.ID)
	p, ok := c.Person(k.Person)
	if ok && !p.ID.IsZero() {
		list, err := tx.CasesOf(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			if s.Persons == 0 || slices.Contains(cases, s.ID) { // erased, or known
				continue
			}
			queries, err := tx.Queries(ctx, s.ID)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(hedui.Newest(queries), func(q hedui.Query) bool { return usesAny(q, []hedui.RecordRef{k.Record}) }) {
				cases = append(cases, s.ID)
			}
		}
	}
	slices.Sort(cases)
	return slices.Compact(cases), nil
}

// corrected asks a case's registers again for what a department has corrected. It
// returns when to try again, if the register must rest.
func (d *Desk) corrected(ctx context.Context, tx *store.Tx, c *hedui.Case, job queue.Job, at time.Time) (time.Time, error) {
	number, _, _ := strings.Cut(strings.TrimPrefix(job.ID, "corrected:"), "/")
	list, err := tx.Corrections(ctx, store.CorrectionFilter{Number: number})
	if err != nil || len(list) == 0 { // the case that asked for it was erased
		return time.Time{}, err
	}
	return d.recheck(ctx, tx, c, at, func(q hedui.Query) bool { return usesAny(q, []hedui.RecordRef{list[0].Record}) })
}

// Reminders lists what officers of a division should look at, oldest first.
func (d *Desk) Reminders(ctx context.Context, o hedui.Officer) ([]hedui.Reminder, error) {
	if err := o.May(hedui.VerifyCases, o.Division); err != nil {
		return nil, d.refused(ctx, o, "", audit.Reminded, err)
	}
	var list []hedui.Reminder
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Reminders(ctx, hedui.PlacePrefix(o.Division))
		return err
	})
	return list, err
}

// HandleReminder notes that an officer has seen to a reminder.
func (d *Desk) HandleReminder(ctx context.Context, o hedui.Officer, id string) error {
	if !plausibleID(id) {
		return notFound()
	}
	var r hedui.Reminder
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		r, err = tx.Reminder(ctx, id)
		return err
	})
	if err != nil {
		return err
	}
	_, err = d.act(ctx, o, r.Case, audit.ReminderHandled, func(tx *store.Tx, c *hedui.Case, at time.Time) (string, error) {
		if err := o.MayOn(hedui.VerifyCases, c); err != nil {
			return "", err
		}
		return string(r.Kind) + " " + r.About, tx.HandleReminder(ctx, id, o.ID, at)
	})
	return err
}
