package casework

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"hedui/day"
	"hedui/idcard"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
	"hedui/internal/workbook"
)

// A workbook with many households is worked off by a job, one household in each
// transaction, as one form after the other would be. Who handed it in is the officer of
// every act. A household that lacks only consents becomes a form to go on with; one that
// has problems comes back in a workbook. However often a run is broken off or the same
// workbook handed in, a household comes in once: a keyed hash of what was typed is noted
// with what became of it.

const (
	bulkLaneName = "bulk"
	jobBulk      = "casework.bulk"
	bulkLease    = time.Minute
	bulkStrikes  = 5
	bulkSaved    = 20 // households after which the counts are saved
	uploadsShown = 20
	// HouseholdsShown is how many households of an upload are listed at once.
	HouseholdsShown = 100
)

func (d *Desk) bulkLane() queue.Lane {
	return queue.Lane{Name: bulkLaneName, Batch: 1, Workers: 1, Lease: bulkLease, Strikes: bulkStrikes, Work: d.bulkWork}
}

// uploaded is how a workbook waits to be worked off.
type uploaded struct {
	Officer hedui.Officer `json:"officer"`
	File    []byte        `json:"file"`
}

// problematic is what comes back of an upload.
type problematic struct {
	Problems []workbook.Problem `json:"problems"` // the first ones
	Workbook []byte             `json:"workbook"` // encrypted
	Password string             `json:"password"` // with which it is; it goes with the upload
}

// problemsShown is how many problems a page lists; the workbook has them all.
const problemsShown = 50

// BulkTemplate is the empty workbook for many households.
func (d *Desk) BulkTemplate(ctx context.Context, o hedui.Officer) (File, error) {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return File{}, d.refused(ctx, o, "", audit.UploadTaken, err)
	}
	body, err := workbook.Template()
	return File{Name: "households.xlsx", Body: body}, err
}

// BulkRegister takes a workbook with households. What is no such workbook is Invalid,
// at once; the rest is done by a job. The same file while it waits is the same upload.
func (d *Desk) BulkRegister(ctx context.Context, o hedui.Officer, file []byte) (hedui.Upload, error) {
	u := hedui.Upload{ID: audit.NewID(), Owner: o.ID, At: d.Now(), State: hedui.UploadWaiting}
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return u, d.refused(ctx, o, "", audit.UploadTaken, err)
	}
	file, err := d.unlocked(ctx, o, file)
	if err != nil {
		return u, err
	}
	list, err := workbook.ReadHouseholds(file)
	if err != nil {
		return u, err
	}
	for _, h := range list {
		u.Persons += len(h.Rows)
	}
	u.Households = len(list)
	body, err := json.Marshal(uploaded{Officer: o, File: file})
	if err != nil {
		return u, fmt.Errorf("casework: upload: %w", err)
	}
	sum := sha256.Sum256(file)
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		id, fresh, err := tx.AddUpload(ctx, u, hex.EncodeToString(sum[:]), body)
		if err != nil || !fresh {
			u.ID = id
			return err
		}
		if err := tx.Enqueue(ctx, bulkJob(u.ID)); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(u.At, o.ID, o.Office, audit.UploadTaken, u.ID, strconv.Itoa(u.Households)))
	})
	return u, err
}

// unlocked opens a workbook that came back of an upload of the officer, and is still
// encrypted with its password.
func (d *Desk) unlocked(ctx context.Context, o hedui.Officer, file []byte) ([]byte, error) {
	if !workbook.Locked(file) {
		return file, nil
	}
	var passwords []string
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		list, err := tx.Uploads(ctx, o.ID, "", uploadsShown)
		for i := 0; err == nil && i < len(list); i++ {
			var result []byte
			var back problematic
			if _, _, result, err = tx.Upload(ctx, list[i].ID); err == nil && len(result) > 0 {
				err = json.Unmarshal(result, &back)
			}
			if back.Password != "" {
				passwords = append(passwords, back.Password)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	plain, _, err := workbook.Unlock(file, passwords)
	return plain, err
}

func bulkJob(id string) queue.Job {
	return queue.Job{ID: "bulk:" + id, Kind: jobBulk, Lane: bulkLaneName, Payload: []byte(id), Urgency: queue.Bulk}
}

// An UploadView is an upload with what became of a part of its households.
type UploadView struct {
	hedui.Upload
	Came     []store.UploadedHousehold // after a row
	More     int                       // row after which the next part begins; 0 at the end
	Problems []workbook.Problem        // the first ones
	Cut      bool                      // there are more of them
	Returned bool                      // there is a workbook of what has problems
	Password string                    // that opens it
	Takeable bool                      // something can be taken back
}

// ownUpload reads an upload of the officer; that of another one is NotFound.
func (d *Desk) ownUpload(ctx context.Context, tx *store.Tx, o hedui.Officer, id string) (u hedui.Upload, result []byte, err error) {
	if !plausibleID(id) {
		return u, nil, notFound()
	}
	u, _, result, err = tx.Upload(ctx, id)
	if err == nil && u.Owner != o.ID {
		err = notFound()
	}
	return u, result, err
}

// BulkUpload shows an upload of the officer, with the households after a row.
func (d *Desk) BulkUpload(ctx context.Context, o hedui.Officer, id string, after int) (UploadView, error) {
	var v UploadView
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return v, d.refused(ctx, o, "", audit.UploadTaken, err)
	}
	err := d.DB.Read(ctx, func(tx *store.Tx) error {
		u, result, err := d.ownUpload(ctx, tx, o, id)
		if err != nil {
			return err
		}
		v = UploadView{Upload: u, Returned: len(result) > 0, Takeable: u.State == hedui.UploadDone && u.Opened+u.Drafts > 0}
		if len(result) > 0 {
			var back problematic
			if err := json.Unmarshal(result, &back); err != nil {
				return fmt.Errorf("casework: upload: %w", err)
			}
			v.Password, v.Problems, v.Cut = back.Password, back.Problems, len(back.Problems) == problemsShown
		}
		v.Came, err = tx.UploadHouseholds(ctx, id, after, HouseholdsShown+1)
		if len(v.Came) > HouseholdsShown {
			v.Came = v.Came[:HouseholdsShown]
			v.More = v.Came[HouseholdsShown-1].Row
		}
		return err
	})
	return v, err
}

// BulkUploads lists the uploads of the officer, newest first.
func (d *Desk) BulkUploads(ctx context.Context, o hedui.Officer) ([]hedui.Upload, error) {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return nil, d.refused(ctx, o, "", audit.UploadTaken, err)
	}
	var list []hedui.Upload
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Uploads(ctx, o.ID, "", uploadsShown)
		return err
	})
	return list, err
}

// BulkProblems is the workbook of the households of an upload that have problems. It
// holds whole numbers, so it is encrypted, and each time it is given out is recorded.
func (d *Desk) BulkProblems(ctx context.Context, o hedui.Officer, id string) (File, error) {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return File{}, d.refused(ctx, o, "", audit.UploadExported, err)
	}
	var back problematic
	err := d.DB.InTx(ctx, func(tx *store.Tx) error {
		u, result, err := d.ownUpload(ctx, tx, o, id)
		if err != nil {
			return err
		}
		if len(result) == 0 {
			return notFound()
		}
		if err := json.Unmarshal(result, &back); err != nil {
			return fmt.Errorf("casework: upload: %w", err)
		}
		return tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.UploadExported, id, strconv.Itoa(u.Refused)))
	})
	return File{Name: "problems.xlsx", Body: back.Workbook}, err
}

// BulkWithdraw takes back what an upload has brought, as far as nobody has commissioned
// it: cases end, forms are thrown away. A job does it. Twice is once.
func (d *Desk) BulkWithdraw(ctx context.Context, o hedui.Officer, id string) error {
	if err := o.May(hedui.OpenCases, o.Division); err != nil {
		return d.refused(ctx, o, "", audit.UploadWithdrawn, err)
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		u, result, err := d.ownUpload(ctx, tx, o, id)
		switch {
		case err != nil:
			return err
		case u.State == hedui.UploadLeaving, u.State == hedui.UploadWithdrawn:
			return nil
		case u.State == hedui.UploadWaiting:
			return hedui.Fail(hedui.Conflict, hedui.Say("bulk.still"), nil)
		}
		body, err := json.Marshal(uploaded{Officer: o})
		if err == nil {
			u.State = hedui.UploadLeaving
			err = errors.Join(tx.KeepUpload(ctx, id, body, result), tx.SaveUpload(ctx, u), tx.Enqueue(ctx, bulkJob(id)))
		}
		if err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.UploadWithdrawn, id, strconv.Itoa(u.Opened+u.Drafts)))
	})
}

// bulkWork works on one upload for half a lease at most, and then lets others come.
func (d *Desk) bulkWork(ctx context.Context, jobs []queue.Job) error {
	round, cancel := context.WithTimeout(ctx, bulkLease/2)
	defer cancel()
	for _, job := range jobs {
		more, err := d.bulk(round, string(job.Payload))
		if err != nil && round.Err() == nil {
			return err
		}
		err = d.DB.InTx(ctx, func(tx *store.Tx) error {
			if more || err != nil {
				return tx.SnoozeJob(ctx, job, d.Now())
			}
			return tx.FinishJobs(ctx, []queue.Job{job})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// bulk goes on with an upload until it is done or the time is over.
func (d *Desk) bulk(ctx context.Context, id string) (more bool, err error) {
	var u hedui.Upload
	var body, result []byte
	err = d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		u, body, result, err = tx.Upload(ctx, id)
		return err
	})
	if err != nil || !u.Moving() {
		return false, err
	}
	var in uploaded
	if len(body) > 0 { // else its time was over before it was worked off
		if err := json.Unmarshal(body, &in); err != nil {
			return false, fmt.Errorf("casework: upload: %w", err)
		}
	}
	if u.State == hedui.UploadLeaving {
		return d.bulkBack(ctx, in.Officer, u, result)
	}
	return d.bulkIn(ctx, in, u)
}

// bulkIn opens the cases of an upload. It begins anew each time: what it has brought in
// before is known.
func (d *Desk) bulkIn(ctx context.Context, in uploaded, u hedui.Upload) (more bool, err error) {
	var list []*workbook.Household
	if len(in.File) > 0 {
		if list, err = workbook.ReadHouseholds(in.File); err != nil {
			return false, err
		}
	}
	at := d.Now()
	d.twice(list, in.Officer, at)
	var wrong []*workbook.Household
	u.Done, u.Opened, u.Drafts, u.Same, u.Refused = 0, 0, 0, 0, 0
	for _, h := range list {
		if ctx.Err() != nil {
			return true, nil
		}
		count, err := d.bulkOne(ctx, in.Officer, &u, h, at)
		if err != nil {
			return true, err
		}
		if *count++; count == &u.Refused {
			wrong = append(wrong, h)
		}
		if u.Done++; u.Done%bulkSaved == 0 {
			if err := d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SaveUpload(ctx, u) }); err != nil {
				return true, err
			}
		}
	}
	return false, d.bulkDone(ctx, u, wrong)
}

func (d *Desk) bulkDone(ctx context.Context, u hedui.Upload, wrong []*workbook.Household) error {
	var result []byte
	if len(wrong) > 0 {
		back := problematic{Password: workbook.Password()}
		for _, h := range wrong {
			back.Problems = append(back.Problems, h.Problems...)
		}
		back.Problems = back.Problems[:min(len(back.Problems), problemsShown)]
		var err error
		if back.Workbook, err = workbook.Problematic(wrong); err == nil {
			back.Workbook, err = workbook.Lock(back.Workbook, back.Password)
		}
		if err == nil {
			result, err = json.Marshal(back) //nolint:gosec // G117: it is kept in a box of the node
		}
		if err != nil {
			return err
		}
	}
	u.State = hedui.UploadDone
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.SaveUpload(ctx, u), tx.KeepUpload(ctx, u.ID, nil, result))
	})
}

// twice finds persons who live in two households of one workbook for the same
// programme, as two cases that run at once would have it.
func (d *Desk) twice(list []*workbook.Household, o hedui.Officer, at time.Time) {
	type who struct {
		id        idcard.Number
		programme string
	}
	first := map[who]*workbook.Household{}
	for _, h := range list {
		h.Form = d.filledUp(o, h.Form, at)
		for i, p := range h.Form.Persons {
			n, err := idcard.Parse(p.ID)
			if err != nil || p.Role == string(hedui.Obligor) {
				continue
			}
			key := who{n, h.Form.Programme}
			if before := first[key]; before != nil && before != h {
				h.Add(h.Place(hedui.Problem{Field: fmt.Sprintf("persons[%d].id", i), Say: hedui.Say("bulk.twice", strconv.Itoa(before.Rows[0]))}))
				continue
			}
			first[key] = h
		}
	}
}

// filledUp is a form with what a clerk may leave out.
func (d *Desk) filledUp(o hedui.Officer, f hedui.Form, at time.Time) hedui.Form {
	if f.Division == "" {
		f.Division = o.Division
		if hedui.Covers(o.Division, d.Division) && d.Division != "" {
			f.Division = d.Division
		}
	}
	if f.Office == "" {
		f.Office = o.Office
	}
	if f.AppliedOn == "" {
		f.AppliedOn = day.Of(at).String()
	}
	return f
}

// bulkOne brings one household in and returns the count of the upload to which it
// belongs. One that is refused has its problems with it.
func (d *Desk) bulkOne(ctx context.Context, o hedui.Officer, u *hedui.Upload, h *workbook.Household, at time.Time) (count *int, err error) {
	c, consents, err := d.ready(o, h.Form, at)
	draft := err != nil && lacksConsents(err)
	if len(h.Problems) > 0 || err != nil && !draft {
		return &u.Refused, d.told(ctx, o, h, err)
	}
	content, err := json.Marshal(h.Form)
	if err != nil {
		return nil, fmt.Errorf("casework: household: %w", err)
	}
	err = d.DB.InTx(ctx, func(tx *store.Tx) error {
		digest, err := tx.HouseholdDigest(o.ID, string(content))
		if err != nil {
			return err
		}
		known, of, err := tx.KnownHousehold(ctx, digest)
		switch {
		case err != nil:
			return err
		case of == u.ID && known.Draft == "":
			count = &u.Opened
			return nil
		case of == u.ID:
			count = &u.Drafts
			return nil
		case of != "":
			count = &u.Same
			return nil
		}
		one := store.UploadedHousehold{Row: h.Rows[0]}
		if draft {
			count, one.Draft = &u.Drafts, "bulk"+digest[:40]
			return errors.Join(tx.SaveDraft(ctx, one.Draft, o.ID, content), tx.AddHousehold(ctx, u.ID, digest, one))
		}
		fresh := *c // the transaction may run twice
		if err := d.open(ctx, tx, o, &fresh, "", slices.Clone(consents), at); err != nil {
			return err
		}
		count, one.Case = &u.Opened, fresh.ID
		return tx.AddHousehold(ctx, u.ID, digest, one)
	})
	if err != nil {
		return &u.Refused, d.told(ctx, o, h, err)
	}
	return count, nil
}

// lacksConsents reports whether nothing is wrong with a form but that somebody has not
// signed yet.
func lacksConsents(err error) bool {
	var known *hedui.Error
	return errors.As(err, &known) && len(known.Problems) > 0 &&
		!slices.ContainsFunc(known.Problems, func(p hedui.Problem) bool { return p.Say.Key != "problem.consent.missing" })
}

// told puts what an error says to the household, where it was typed; an error that is
// no matter of the household comes back.
func (d *Desk) told(ctx context.Context, o hedui.Officer, h *workbook.Household, cause error) error {
	var known *hedui.Error
	kind := hedui.KindOf(cause)
	switch {
	case cause == nil:
		return nil
	case !errors.As(cause, &known), kind == hedui.Internal, kind == hedui.Unavailable:
		return cause
	case kind == hedui.Forbidden:
		if err := d.DB.InTx(ctx, func(tx *store.Tx) error {
			return tx.Record(ctx, audit.New(d.Now(), o.ID, o.Office, audit.Refused, "", string(audit.Registered)))
		}); err != nil {
			return err
		}
	}
	if len(known.Problems) == 0 {
		h.Add(h.Place(hedui.Problem{Say: known.Say}))
	}
	for _, p := range known.Problems {
		h.Add(h.Place(p))
	}
	return nil
}

// bulkBack takes back what nobody has commissioned of an upload.
func (d *Desk) bulkBack(ctx context.Context, o hedui.Officer, u hedui.Upload, result []byte) (more bool, err error) {
	for after := 0; ; {
		var list []store.UploadedHousehold
		err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
			list, err = tx.UploadHouseholds(ctx, u.ID, after, HouseholdsShown)
			return err
		})
		if err != nil {
			return true, err
		}
		for _, h := range list {
			if ctx.Err() != nil {
				return true, nil
			}
			after = h.Row
			if err := d.takeBack(ctx, o, &u, h); err != nil {
				return true, err
			}
		}
		if len(list) < HouseholdsShown {
			break
		}
	}
	u.State = hedui.UploadWithdrawn
	return false, d.DB.InTx(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.SaveUpload(ctx, u), tx.KeepUpload(ctx, u.ID, nil, result))
	})
}

func (d *Desk) takeBack(ctx context.Context, o hedui.Officer, u *hedui.Upload, h store.UploadedHousehold) error {
	switch {
	case h.Case == "":
		u.Withdrawn++
		return d.DB.InTx(ctx, func(tx *store.Tx) error { return errors.Join(tx.DeleteDraft(ctx, h.Draft), tx.SaveUpload(ctx, *u)) })
	case h.Stage != hedui.Draft && h.Stage != hedui.Consented:
		return nil // it is in other hands, or has ended
	}
	_, err := d.Terminate(ctx, o, h.Case, hedui.Say("step.terminate.upload"))
	if kind := hedui.KindOf(err); err != nil && (kind == hedui.Conflict || kind == hedui.Forbidden || kind == hedui.NotFound) {
		return nil // somebody has commissioned it meanwhile
	}
	if err != nil {
		return err
	}
	u.Withdrawn++
	return d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SaveUpload(ctx, *u) })
}
