package casework

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/checkup"
	"hedui/internal/hedui"
	"hedui/internal/queue"
	"hedui/internal/store"
)

// A source is tested while the node runs as hedui source check tests it, by a job, so
// that whoever wants it may go away. It asks about the test person that the source
// file names, and about nobody of whom this node has a case.

const (
	checkLane  = "check"
	jobCheck   = "casework.check"
	checkLease = 5 * time.Minute
	checkTries = 2 // a process may have been stopped in the middle; whoever kills two is not asked a third time

	// CheckEvery is how long a source is left alone after a test.
	CheckEvery = 2 * time.Minute
)

func (d *Desk) checkLane() queue.Lane {
	return queue.Lane{Name: checkLane, Batch: 1, Workers: 1, Lease: checkLease, Strikes: checkTries, Work: d.checkWork}
}

// CheckSource wants a source tested.
func (d *Desk) CheckSource(ctx context.Context, o hedui.Officer, name string) error {
	const verb = audit.SourceTested
	if err := o.May(hedui.RunNode, cmp.Or(d.Division, o.Division)); err != nil {
		return d.refused(ctx, o, "", verb, err)
	}
	g, at := d.guards[name], d.Now()
	switch {
	case g == nil:
		return notFound()
	case g.info.Manual != nil:
		return hedui.Fail(hedui.Conflict, hedui.Say("error.check.people"), nil)
	case d.Bench == nil || d.Bench.Files[name] == "":
		return hedui.Fail(hedui.Conflict, hedui.Say("error.check.no_file"), nil)
	}
	if until, why := d.Calendar.OpensAt(g.limits, at); why != "" {
		return hedui.Fail(hedui.Conflict, hedui.Say("error.check.closed", until.In(day.Beijing).Format("2006-01-02 15:04:05")), nil)
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		c := hedui.SourceCheck{ID: audit.NewID(), Source: name, Officer: o.ID, At: at}
		before, err := tx.BeginCheck(ctx, c, at.Add(-CheckEvery))
		if err != nil {
			return err
		}
		if !before.IsZero() {
			return hedui.Fail(hedui.Conflict, hedui.Say("error.check.soon", before.Add(CheckEvery).In(day.Beijing).Format("2006-01-02 15:04:05")), nil)
		}
		if err := tx.Enqueue(ctx, queue.Job{ID: "check:" + c.ID, Kind: jobCheck, Lane: checkLane, Payload: []byte(name + " " + c.ID), RunAt: at}); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, verb, "", name))
	})
}

// checkWork tests the source of each job.
func (d *Desk) checkWork(ctx context.Context, jobs []queue.Job) error {
	for _, job := range jobs {
		c, err := d.checkOf(ctx, string(job.Payload))
		if err != nil {
			return err
		}
		begun := c.ID != "" && c.EndedAt.IsZero() && d.Bench != nil // else it was forgotten, or the node has no source files any more
		if begun {
			if err := d.tryOut(ctx, &c); err != nil {
				return err
			}
		}
		err = d.DB.InTx(ctx, func(tx *store.Tx) error {
			if err := tx.FinishJobs(ctx, []queue.Job{job}); err != nil || !begun {
				return err
			}
			if err := tx.SaveCheck(ctx, c); err != nil {
				return err
			}
			word := "ready"
			if !c.Ready {
				word = "not_ready"
			}
			return tx.Record(ctx, audit.New(c.EndedAt, hedui.System.ID, c.Source, audit.SourceTestOver, "", word))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// checkOf reads the test that a job is about.
func (d *Desk) checkOf(ctx context.Context, payload string) (c hedui.SourceCheck, err error) {
	name, id, _ := strings.Cut(payload, " ")
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		list, err := tx.Checks(ctx, name)
		if i := slices.IndexFunc(list, func(one hedui.SourceCheck) bool { return one.ID == id }); i >= 0 {
			c = list[i]
		}
		return err
	})
	return c, err
}

// tryOut makes the calls of a test, and saves after each line what is known.
func (d *Desk) tryOut(ctx context.Context, c *hedui.SourceCheck) error {
	g := d.guards[c.Source]
	round, cancel := context.WithTimeout(ctx, checkLease-time.Minute)
	defer cancel()
	strange := func(p checkup.Person) (why string, err error) {
		err = d.DB.Read(ctx, func(tx *store.Tx) error {
			cases, err := tx.CasesOf(ctx, p.ID)
			if err == nil && len(cases) > 0 {
				why = "person.real"
			}
			return err
		})
		if err != nil || why != "" || g.limits.Daily.IsZero() {
			return why, err
		}
		paid, err := d.DB.TakeUse(ctx, g.use(d.Now()), checkup.TrialFare, max(g.limits.Daily.Persons, g.limits.Daily.Calls))
		if err == nil && !paid {
			why = "person.quota"
		}
		return why, err
	}
	sh, err := d.Bench.Try(round, c.Source, strange, func(sh *checkup.Sheet) error {
		c.Digest, c.Lines = sh.Digest, sh.Kept()
		return d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SaveCheck(ctx, *c) })
	})
	if err != nil && round.Err() == nil || ctx.Err() != nil {
		return err
	}
	if round.Err() != nil { // it took too long
		sh.Ready = false
	}
	c.Digest, c.Lines, c.Ready, c.EndedAt = sh.Digest, sh.Kept(), sh.Ready, d.Now()
	return nil
}

// SourceChecks lists the tests of a source, the latest first, for those who may see
// how nodes are doing.
func (d *Desk) SourceChecks(ctx context.Context, o hedui.Officer, name string) ([]hedui.SourceCheck, error) {
	if err := d.mayTest(o); err != nil {
		return nil, d.refused(ctx, o, "", audit.SourceTested, err)
	}
	var list []hedui.SourceCheck
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Checks(ctx, name)
		return err
	})
	return list, err
}

func (d *Desk) mayTest(o hedui.Officer) error {
	return o.May(hedui.RunNode, cmp.Or(d.Division, o.Division))
}

// A Joined says how far a source has come with joining this node.
type Joined struct {
	Source     string
	Department string
	People     bool         // people answer: there is nothing to test
	File       checkup.File // as it lies there now
	Kept       bool         // there is a file
	Changed    bool         // it is not the one with which the node was started
	Last       *hedui.SourceCheck
	OfOther    bool // the last test was of another file
	Since      time.Time
	Promises   []hedui.SourcePromise
}

// Joining tells of each source how far it has come.
func (d *Desk) Joining(ctx context.Context, o hedui.Officer) ([]Joined, error) {
	if err := d.mayTest(o); err != nil {
		return nil, d.refused(ctx, o, "", audit.SourceTested, err)
	}
	var checks []hedui.SourceCheck
	var promises []hedui.SourcePromise
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if checks, err = tx.Checks(ctx, ""); err == nil {
			promises, err = tx.SourcePromises(ctx, "")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var list []Joined
	for _, s := range d.Sources {
		info := s.Info()
		j := Joined{Source: info.Name, Department: info.Department, People: info.Manual != nil}
		if d.Bench != nil {
			j.File, j.Kept = d.Bench.File(info.Name)
			j.File.Check()
		}
		for _, p := range promises {
			if p.Source == j.Source {
				j.Promises = append(j.Promises, p)
			}
		}
		if n := len(j.Promises); n > 0 {
			j.Since = j.Promises[0].Since
			j.Changed = j.Kept && j.File.Digest != j.Promises[n-1].Digest
		}
		if i := slices.IndexFunc(checks, func(c hedui.SourceCheck) bool { return c.Source == j.Source && !c.EndedAt.IsZero() }); i >= 0 {
			j.Last, j.OfOther = &checks[i], checks[i].Digest != j.File.Digest
		}
		list = append(list, j)
	}
	return list, nil
}

// noteFiles notes what the sources promise from now on.
func (d *Desk) noteFiles(ctx context.Context) error {
	at := d.Now()
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		for _, s := range d.Sources {
			info := s.Info()
			p := hedui.SourcePromise{Source: info.Name, Since: at, Refresh: info.Refresh}
			switch {
			case info.Manual != nil:
				p.Within = info.Manual.Within
			case info.AnswersWithin > 0:
				p.Within = info.AnswersWithin.String()
			}
			if d.Bench != nil {
				if f, ok := d.Bench.File(info.Name); ok {
					p.Digest = f.Digest
				}
			}
			if err := tx.NoteSourceFile(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
}
