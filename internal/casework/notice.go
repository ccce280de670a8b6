package casework

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/store"
)

// Notices tell officers what has happened in their work. Nothing is written for them
// when it happens: they are worked out when somebody reads, from what is recorded, with
// the rights of that moment. Why so: docs/adr/0042.

// A heard says in which entries of the log a kind of notice is found: for whoever is
// told it, or for one role only. What has been dealt with is not told any more, so the
// cases that are gone through are those at some stages.
type heard struct {
	kind     hedui.NoticeKind
	role     hedui.OfficerRole // empty = every one
	entry    store.NoticeEntry
	stages   []hedui.Stage
	versions [2]int // of the newest report
}

// inEntries are the kinds of notice that are entries of the log.
var inEntries = []heard{
	{kind: hedui.NoticeReturned, entry: store.NoticeEntry{Verb: audit.Returned}, stages: []hedui.Stage{hedui.Returned}},
	{kind: hedui.NoticeAccepted, entry: store.NoticeEntry{Verb: audit.Accepted, Over: []audit.Verb{audit.Sealed}},
		stages: []hedui.Stage{hedui.Accepted, hedui.Dispatched, hedui.Collecting, hedui.Manual, hedui.Summarised, hedui.Reviewed, hedui.Suspended}},
	{kind: hedui.NoticeDelivered, entry: store.NoticeEntry{Verb: audit.Delivered}, stages: []hedui.Stage{hedui.Delivered, hedui.Objected, hedui.Rechecked}},
	{kind: hedui.NoticeExplain, entry: store.NoticeEntry{Verb: audit.ExplanationOpened, Waiting: true},
		stages: []hedui.Stage{hedui.Collecting, hedui.Manual, hedui.Summarised, hedui.Reviewed, hedui.Issued, hedui.Delivered, hedui.Objected, hedui.Rechecked, hedui.Suspended}},
	{kind: hedui.NoticeToTake, entry: store.NoticeEntry{Verb: audit.Sealed}, stages: []hedui.Stage{hedui.Issued}, versions: [2]int{1, 1}},
	{kind: hedui.NoticeSupplement, entry: store.NoticeEntry{Verb: audit.Sealed}, stages: []hedui.Stage{hedui.Issued}, versions: [2]int{2, 1 << 30}},
	{kind: hedui.NoticeObjection, entry: store.NoticeEntry{Verb: audit.Confirmed}, stages: []hedui.Stage{hedui.Rechecked}},
	{kind: hedui.NoticeObjection, entry: store.NoticeEntry{Verb: audit.AskedAgain, Over: []audit.Verb{audit.Sealed}},
		stages: []hedui.Stage{hedui.Collecting, hedui.Manual, hedui.Summarised, hedui.Reviewed, hedui.Suspended}},
	{kind: hedui.NoticeToAccept, entry: store.NoticeEntry{Verb: audit.Commissioned}, stages: []hedui.Stage{hedui.Commissioned}},
	{kind: hedui.NoticeObjected, entry: store.NoticeEntry{Verb: audit.Objected}, stages: []hedui.Stage{hedui.Objected}},
	{kind: hedui.NoticeToReview, entry: store.NoticeEntry{Verb: audit.Summarised, Over: []audit.Verb{audit.SentBack}}, stages: []hedui.Stage{hedui.Summarised}},
	{kind: hedui.NoticeToSign, entry: store.NoticeEntry{Verb: audit.Reviewed}, stages: []hedui.Stage{hedui.Reviewed}},
	{kind: hedui.NoticeSentBack, role: hedui.VerifierRole, entry: store.NoticeEntry{Verb: audit.SentBack}, stages: []hedui.Stage{hedui.Manual}},
	{kind: hedui.NoticeSentBack, role: hedui.ReviewerRole, entry: store.NoticeEntry{Verb: audit.SentBack, Over: []audit.Verb{audit.Summarised}}, stages: []hedui.Stage{hedui.Summarised}},
	{kind: hedui.NoticeLate, entry: store.NoticeEntry{Verb: audit.Summarised, Detail: "step.late_answer"}, stages: []hedui.Stage{hedui.Summarised, hedui.Reviewed}},
}

// dueFor are the stages at which a deadline is a role's.
var dueFor = map[hedui.OfficerRole][]hedui.Stage{
	hedui.VerifierRole: {hedui.Accepted, hedui.Dispatched, hedui.Collecting, hedui.Manual},
	hedui.ReviewerRole: {hedui.Summarised},
	hedui.SignerRole:   {hedui.Reviewed},
}

// noticePage is how many notices a page has.
const noticePage = 50

// NoticesCounted is up to how many new notices are counted: how many more there are does
// not matter to anybody.
const NoticesCounted = 99

// fewCases is how many cases are looked up one by one: about as long as going through
// the entries of some days takes.
const fewCases = 1000

// A NoticeFilter says which notices are wanted.
type NoticeFilter struct {
	Kind   hedui.NoticeKind // empty = all
	Before hedui.NoticeMark // where the page begins; zero = the newest
}

// Notices are one page of what an officer is told.
type Notices struct {
	List  []hedui.Notice
	More  hedui.NoticeMark   // where the next page begins; zero at the end
	Kinds []hedui.NoticeKind // which the officer can be told
	Seen  time.Time          // up to when the officer has seen them; zero if never
	AsOf  time.Time          // of which this page is
	Kept  int                // how many days back it reaches
}

// Notices lists what an officer is told, the newest first. Whoever reads it learns of no
// case that a list of cases would not show.
func (d *Desk) Notices(ctx context.Context, o hedui.Officer, f NoticeFilter) (Notices, error) {
	at := d.Now()
	told, table, err := tells(o, at)
	if err != nil {
		return Notices{}, err
	}
	n := Notices{AsOf: at, Kept: table.Kept}
	for _, t := range told {
		if !slices.Contains(n.Kinds, t.Kind) {
			n.Kinds = append(n.Kinds, t.Kind)
		}
	}
	if f.Kind != "" {
		told = slices.DeleteFunc(told, func(t hedui.Told) bool { return t.Kind != f.Kind })
	}
	span := store.NoticeSpan{Since: at.AddDate(0, 0, -table.Kept), Until: at, Limit: noticePage + 1}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		if n.Seen, err = tx.NoticesSeen(ctx, o.ID); err != nil {
			return err
		}
		if n.List, err = d.notices(ctx, tx, o, told, span, f.Before); err != nil {
			return err
		}
		if len(n.List) > noticePage {
			n.List = n.List[:noticePage]
			n.More = n.List[noticePage-1].Mark()
		}
		return tx.NameNotices(ctx, n.List)
	})
	for i := range n.List {
		n.List[i].New = n.List[i].At.After(n.Seen)
	}
	return n, err
}

// CountNotices counts what an officer has not seen yet, up to 100; told is false for who
// is never told anything.
func (d *Desk) CountNotices(ctx context.Context, o hedui.Officer) (n int, told bool, err error) {
	at := d.Now()
	list, table, err := tells(o, at)
	if err != nil || len(list) == 0 {
		return 0, false, err
	}
	err = d.DB.Read(ctx, func(tx *store.Tx) error {
		seen, err := tx.NoticesSeen(ctx, o.ID)
		if err != nil {
			return err
		}
		if kept := at.AddDate(0, 0, -table.Kept); seen.Before(kept) {
			seen = kept
		}
		found, err := d.notices(ctx, tx, o, list, store.NoticeSpan{Since: seen, Until: at, Limit: NoticesCounted + 1, Any: true}, hedui.NoticeMark{})
		n = len(found)
		return err
	})
	return n, true, err
}

// SeeNotices notes that the officer has seen the notices up to an instant: that of the
// page, so that what came since stays new.
func (d *Desk) SeeNotices(ctx context.Context, o hedui.Officer, until time.Time) error {
	if at := d.Now(); until.After(at) {
		until = at
	}
	return d.DB.InTx(ctx, func(tx *store.Tx) error { return tx.SeeNotices(ctx, o.ID, until) })
}

// tells is what the officer is told on the day.
func tells(o hedui.Officer, at time.Time) ([]hedui.Told, hedui.NoticeTable, error) {
	table, err := hedui.NoticeTableOn(day.Of(at))
	return table.For(o), table, err
}

// notices reads what is told, kind by kind, and puts it into one list of at most as many
// as the span says. What is told for two roles stands in it once.
func (d *Desk) notices(ctx context.Context, tx *store.Tx, o hedui.Officer, told []hedui.Told, s store.NoticeSpan, before hedui.NoticeMark) ([]hedui.Notice, error) {
	var all []hedui.Notice
	r := store.NoticeReader{Officer: o.ID, Division: hedui.PlacePrefix(o.Division), Programmes: o.Programmes}
	if slices.ContainsFunc(told, func(t hedui.Told) bool { return t.Kind.OfCase() }) {
		var err error
		if r.Aside, err = tx.AsideCases(ctx, o.ID, o.Office); err != nil {
			return nil, err
		}
	}
	counts, err := atStages(ctx, tx, o, told)
	if err != nil {
		return nil, err
	}
	for _, t := range told {
		r.OpenedBy = openerOf(o, t)
		list, err := d.noticesOf(ctx, tx, o, t, r, counts[r.OpenedBy], spanOf(s, t.Kind, before))
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			n.Kind, n.Role = t.Kind, t.Role
			all = append(all, n)
		}
		slices.SortStableFunc(all, func(a, b hedui.Notice) int { return a.Mark().Compare(b.Mark()) })
		all = slices.CompactFunc(all, func(a, b hedui.Notice) bool { return a.Mark().Compare(b.Mark()) == 0 })
		if s.Any && len(all) >= s.Limit {
			break
		}
	}
	return all[:min(len(all), s.Limit)], nil
}

// spanOf is the part of the notices of a kind that comes after a mark in the list.
func spanOf(s store.NoticeSpan, k hedui.NoticeKind, before hedui.NoticeMark) store.NoticeSpan {
	if before.At.IsZero() || before.At.After(s.Until) {
		return s
	}
	s.Until = before.At
	switch c := (hedui.NoticeMark{At: before.At, Kind: k}).Compare(hedui.NoticeMark{At: before.At, Kind: before.Kind}); {
	case c == 0:
		s.After = before.ID
	case c < 0: // those of this instant stand before the mark
		s.Until = before.At.Add(-time.Microsecond)
	}
	return s
}

// entriesOf are the kinds of entry in which something that is told is found.
func entriesOf(t hedui.Told) []heard {
	return slices.DeleteFunc(slices.Clone(inEntries), func(h heard) bool { return h.kind != t.Kind || h.role != "" && h.role != t.Role })
}

// openerOf is whose cases an officer is told of: a clerk of the own, all others of what
// their list of cases shows.
func openerOf(o hedui.Officer, t hedui.Told) string {
	if t.Role == hedui.ClerkRole {
		return o.ID
	}
	return ""
}

// atStages counts, by whose they are, the cases at the stages of what is told. Most often
// there are none at some of them, and then nothing is looked for.
func atStages(ctx context.Context, tx *store.Tx, o hedui.Officer, told []hedui.Told) (map[string]map[hedui.Stage]int, error) {
	stages := map[string][]hedui.Stage{}
	for _, t := range told {
		by := openerOf(o, t)
		for _, h := range entriesOf(t) {
			stages[by] = append(stages[by], h.stages...)
		}
		if t.Kind == hedui.NoticeDeadline {
			stages[by] = append(stages[by], dueFor[t.Role]...)
		}
	}
	counts := map[string]map[hedui.Stage]int{}
	for by, list := range stages {
		slices.Sort(list)
		var err error
		if counts[by], err = tx.CountAtStages(ctx, slices.Compact(list), by, fewCases+1); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

func (d *Desk) noticesOf(ctx context.Context, tx *store.Tx, o hedui.Officer, t hedui.Told, r store.NoticeReader, counts map[hedui.Stage]int, s store.NoticeSpan) ([]hedui.Notice, error) {
	at := func(stages []hedui.Stage) (n int) {
		for _, stage := range stages {
			n += counts[stage]
		}
		return n
	}
	var all []hedui.Notice
	for _, h := range entriesOf(t) {
		n := at(h.stages)
		if n == 0 {
			continue
		}
		r.Stages, r.Versions, r.Many = h.stages, h.versions, n > cmp.Or(d.few, fewCases)
		list, err := tx.EntryNotices(ctx, h.entry, r, s)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	own := slices.DeleteFunc(slices.Clone(o.Sources), func(name string) bool { return o.MayAnswer(name) != nil })
	switch t.Kind {
	case hedui.NoticeConsent:
		return tx.ConsentNotices(ctx, t.Before, r, s)
	case hedui.NoticeDeadline:
		if r.Stages = dueFor[t.Role]; at(r.Stages) == 0 {
			return nil, nil
		}
		return tx.DueNotices(ctx, t.Before, r, s)
	case hedui.NoticeLetter:
		if t.Role == hedui.LiaisonRole {
			return tx.LetterNotices(ctx, own, nil, s)
		}
		return tx.LetterNotices(ctx, slices.Sorted(maps.Keys(d.manuals)), &r, s)
	case hedui.NoticeQuery:
		return tx.QueryNotices(ctx, own, s)
	case hedui.NoticeCorrection:
		return tx.CorrectionNotices(ctx, own, s)
	case hedui.NoticeRequest:
		return tx.RequestNotices(ctx, r, s)
	case hedui.NoticeErasure:
		return tx.ErasureNotices(ctx, r, s)
	case hedui.NoticeAlert:
		return tx.AlertNotices(ctx, s)
	case hedui.NoticeConcern:
		return tx.ConcernNotices(ctx, o.ID, s)
	case hedui.NoticeNode:
		return tx.NodeNotices(ctx, s)
	}
	return all, nil
}
