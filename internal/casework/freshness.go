package casework

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
	"hedui/source"
)

// hear notes one answer for those who look after the source.
func (r *round) hear(a source.Answer, state hedui.QueryState, asked, at time.Time) {
	r.seen.Hear(a, asked, at)
	r.heard.Hear(a, asked, at)
	if state == hedui.Pending && !asked.IsZero() {
		r.waits = max(r.waits, at.Sub(asked))
	}
}

// look adds what a round has brought to what is known of its source, and raises
// or ends the alerts that follow from it. It comes last in a transaction, because
// all rounds of a source meet there.
func (d *Desk) look(ctx context.Context, tx *store.Tx, g *guard, r *round, at time.Time) error {
	heard := r.seen.Answers+r.seen.Failures > 0 || r.waits > 0
	if !heard && !r.usedUp && !g.breaker.IsOpen() {
		return nil
	}
	sum, err := tx.SeeSource(ctx, r.seen)
	if err == nil {
		err = tx.AddHeard(ctx, g.info.Name, r.heard, at)
	}
	if err != nil {
		return err
	}
	open, err := tx.OpenAlerts(ctx, g.info.Name)
	if err != nil {
		return err
	}
	wrong := sum.Troubles(g.info, r.waits, at)
	if g.breaker.IsOpen() {
		wrong = append(wrong, hedui.AlertDown)
	}
	if r.usedUp {
		wrong = append(wrong, hedui.AlertQuota)
	}
	for _, kind := range hedui.AlertKinds() {
		bad := slices.Contains(wrong, kind)
		last, lasts := open[kind]
		switch {
		case bad:
			err = d.raise(ctx, tx, hedui.Alert{Source: g.info.Name, Kind: kind, Last: at, Detail: g.detail(kind, sum, r.waits)})
		case lasts && heard && r.over(kind, last, g):
			err = d.end(ctx, tx, g.info.Name, kind, at)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// over reports whether a round proves that what was wrong is over: not having
// noticed it is not enough. A quota is used up for its day, whatever answers still
// come in.
func (r *round) over(kind hedui.AlertKind, last time.Time, g *guard) bool {
	switch kind {
	case hedui.AlertDown:
		return r.seen.Answers > 0 && g.breaker.IsClosed()
	case hedui.AlertQuota:
		return r.seen.Answers > 0 && day.Of(last).Before(r.seen.On)
	case hedui.AlertSlow, hedui.AlertRefresh:
		return r.seen.Answers > 0
	}
	return true
}

func (d *Desk) raise(ctx context.Context, tx *store.Tx, a hedui.Alert) error {
	fresh, err := tx.RaiseAlert(ctx, a)
	if err != nil || !fresh {
		return err
	}
	return tx.Record(ctx, audit.New(a.Last, hedui.System.ID, a.Source, audit.SourceAlert, "", string(a.Kind)+" "+a.Detail))
}

func (d *Desk) end(ctx context.Context, tx *store.Tx, name string, kind hedui.AlertKind, at time.Time) error {
	ended, err := tx.EndAlert(ctx, name, kind, at)
	if err != nil || !ended {
		return err
	}
	return tx.Record(ctx, audit.New(at, hedui.System.ID, name, audit.SourceOver, "", string(kind)))
}

// detail is the numbers behind an alert, without words, see [hedui.Alert.Numbers]:
// what was promised or allowed, and what came.
func (g *guard) detail(kind hedui.AlertKind, r hedui.SourceRecord, waits time.Duration) string {
	switch kind {
	case hedui.AlertRefresh:
		return hedui.Numbers(g.info.Refresh.String(), r.AsOf.In(day.Beijing).Format("2006-01-02 15:04"))
	case hedui.AlertSlow:
		return hedui.Numbers(g.info.AnswersWithin.String(), strconv.Itoa(int(max(r.Took, waits).Minutes())))
	case hedui.AlertQuota:
		return strconv.Itoa(max(g.limits.Daily.Persons, g.limits.Daily.Calls))
	case hedui.AlertUnreadable:
		return hedui.Numbers(strconv.Itoa(r.Unreadable), strconv.Itoa(r.Answers+r.Failures))
	}
	return strconv.Itoa(breakAfter)
}

// A SourceMode is how a source is treated at the moment.
type SourceMode string

// The modes of a source.
const (
	SourceWorks   SourceMode = "works"
	SourceLeft    SourceMode = "left"    // left alone because it failed several times in a row
	SourceTried   SourceMode = "tried"   // after that: a single call shows whether it is back
	SourceClosed  SourceMode = "closed"  // outside its opening hours, or under maintenance
	SourceUsedUp  SourceMode = "used_up" // its quota of the day is used up
	SourceUnasked SourceMode = "unasked" // nothing was ever asked
)

// SourceModes lists all modes.
func SourceModes() []SourceMode {
	return []SourceMode{SourceWorks, SourceLeft, SourceTried, SourceClosed, SourceUsedUp, SourceUnasked}
}

// A SourceView is how a source is doing, for those who look. Calls are those of
// this process since its start; all else is of the node.
type SourceView struct {
	source.Info
	Mode    SourceMode
	Until   time.Time // when a source that is closed, used up or left alone can be asked again
	Calls   int64
	Used    int // of Limits.Daily, today
	Record  hedui.SourceRecord
	Overdue bool          // the newest data seen was older than promised when it was given
	Heard   []hedui.Heard // in each of [store.HeardSpans]
	store.Queue
}

// SourceViews tells how the sources are doing. It says nothing of any case.
func (d *Desk) SourceViews(ctx context.Context) ([]SourceView, error) {
	at := d.Now()
	var records map[string]hedui.SourceRecord
	var heard map[string][]hedui.Heard
	var queues map[string]store.Queue
	if err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if records, err = tx.SeenSources(ctx); err != nil {
			return err
		}
		if heard, err = tx.Heard(ctx, at); err != nil {
			return err
		}
		queues, err = tx.Unsettled(ctx)
		return err
	}); err != nil {
		return nil, err
	}
	views := make([]SourceView, 0, len(d.Sources))
	for _, s := range d.Sources {
		g := d.guards[s.Info().Name]
		v := SourceView{Info: g.info, Calls: g.calls.Load(), Record: records[g.info.Name], Heard: heard[g.info.Name], Queue: queues[g.info.Name]}
		v.Limits = g.limits
		v.Overdue = hedui.Overdue(g.info.Refresh, v.Record.AsOf, v.Record.AnsweredAt)
		if !g.limits.Daily.IsZero() {
			var err error
			if v.Used, err = d.DB.Used(ctx, g.use(at)); err != nil {
				return nil, err
			}
		}
		v.Mode, v.Until = d.mode(g, v, at)
		views = append(views, v)
	}
	return views, nil
}

func (d *Desk) mode(g *guard, v SourceView, at time.Time) (SourceMode, time.Time) {
	until, why := d.Calendar.OpensAt(g.limits, at)
	limit := max(g.limits.Daily.Persons, g.limits.Daily.Calls)
	switch {
	case why != "":
		return SourceClosed, until
	case g.breaker.IsOpen():
		return SourceLeft, at.Add(g.breaker.RemainingDelay())
	case g.breaker.IsHalfOpen():
		return SourceTried, time.Time{}
	case limit > 0 && v.Used >= limit:
		tomorrow, _ := d.Calendar.OpensAt(g.limits, day.Of(at).Add(1).Start())
		return SourceUsedUp, tomorrow
	case v.Record.AnsweredAt.IsZero() && v.Record.FailedAt.IsZero() && v.Calls == 0:
		return SourceUnasked, time.Time{}
	}
	return SourceWorks, time.Time{}
}

// mostAlerts is how many alerts are shown.
const mostAlerts = 100

// Alerts lists what is or was wrong with sources, for officers who may read
// incidents.
func (d *Desk) Alerts(ctx context.Context, o hedui.Officer) ([]hedui.Alert, error) {
	if err := d.MayReadNodes(o); err != nil {
		return nil, err
	}
	var list []hedui.Alert
	err := d.DB.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Alerts(ctx, mostAlerts)
		return err
	})
	return list, err
}

// mostNote is how many characters the note of an alert has at most.
const mostNote = 200

// HandleAlert notes what an officer has done about an alert that is open. It ends
// only when what was wrong is over.
func (d *Desk) HandleAlert(ctx context.Context, o hedui.Officer, name string, kind hedui.AlertKind, note string) error {
	if err := o.May(hedui.RunNode, cmp.Or(d.Division, o.Division)); err != nil {
		return d.refused(ctx, o, "", audit.SourceHandled, err)
	}
	if n := len([]rune(note)); n == 0 || n > mostNote {
		return hedui.Fail(hedui.Invalid, hedui.Say("error.alert.note", strconv.Itoa(mostNote)), nil)
	}
	at := d.Now()
	return d.DB.InTx(ctx, func(tx *store.Tx) error {
		if err := tx.HandleAlert(ctx, name, kind, o.ID, note, at); err != nil {
			return err
		}
		return tx.Record(ctx, audit.New(at, o.ID, o.Office, audit.SourceHandled, "", name+" "+string(kind)))
	})
}

// promises are the promised ages of the data of this node's sources.
func (d *Desk) promises() map[string]time.Duration {
	promised := map[string]time.Duration{}
	for name, g := range d.guards {
		promised[name] = g.info.Refresh
	}
	return promised
}
