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

// A heard says in which entries of the log a kind of notice is found.
type heard struct {
	verbs    []audit.Verb
	detail   string
	stages   map[hedui.OfficerRole][]hedui.Stage // at which the case must still stand; none = anywhere
	versions [2]int                              // of the newest report
	waiting  bool                                // an item must still wait for the family
}

// everyRole are the stages for whichever role.
func everyRole(stages ...hedui.Stage) map[hedui.OfficerRole][]hedui.Stage {
	of := map[hedui.OfficerRole][]hedui.Stage{}
	for _, r := range hedui.OfficerRoles() {
		of[r] = stages
	}
	return of
}

// inEntries are the kinds of notice that are entries of the log. What waits for
// somebody is told only while it waits; what has happened stays told.
var inEntries = map[hedui.NoticeKind]heard{
	hedui.NoticeReturned:   {verbs: []audit.Verb{audit.Returned}, stages: everyRole(hedui.Returned)},
	hedui.NoticeAccepted:   {verbs: []audit.Verb{audit.Accepted}},
	hedui.NoticeDelivered:  {verbs: []audit.Verb{audit.Delivered}},
	hedui.NoticeExplain:    {verbs: []audit.Verb{audit.ExplanationOpened}, waiting: true},
	hedui.NoticeToTake:     {verbs: []audit.Verb{audit.Sealed}, stages: everyRole(hedui.Issued), versions: [2]int{1, 1}},
	hedui.NoticeSupplement: {verbs: []audit.Verb{audit.Sealed}, stages: everyRole(hedui.Issued), versions: [2]int{2, 1 << 30}},
	hedui.NoticeObjection:  {verbs: []audit.Verb{audit.Confirmed, audit.AskedAgain}},
	hedui.NoticeToAccept:   {verbs: []audit.Verb{audit.Commissioned}, stages: everyRole(hedui.Commissioned)},
	hedui.NoticeObjected:   {verbs: []audit.Verb{audit.Objected}, stages: everyRole(hedui.Objected)},
	hedui.NoticeToReview:   {verbs: []audit.Verb{audit.Summarised}, stages: everyRole(hedui.Summarised)},
	hedui.NoticeToSign:     {verbs: []audit.Verb{audit.Reviewed}, stages: everyRole(hedui.Reviewed)},
	hedui.NoticeSentBack: {verbs: []audit.Verb{audit.SentBack},
		stages: map[hedui.OfficerRole][]hedui.Stage{hedui.VerifierRole: {hedui.Manual}, hedui.ReviewerRole: {hedui.Summarised}}},
	hedui.NoticeLate: {verbs: []audit.Verb{audit.Summarised}, detail: "step.late_answer"},
}

// dueFor are the stages at which a deadline is a role's.
var dueFor = map[hedui.OfficerRole][]hedui.Stage{
	hedui.VerifierRole: {hedui.Accepted, hedui.Dispatched, hedui.Collecting, hedui.Manual},
	hedui.ReviewerRole: {hedui.Summarised},
	hedui.SignerRole:   {hedui.Reviewed},
}

// noticePage is how many notices a page has, noticesCounted up to how many are counted:
// beyond that it does not matter.
const noticePage, noticesCounted = 50, 99

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
		found, err := d.notices(ctx, tx, o, list, store.NoticeSpan{Since: seen, Until: at, Limit: noticesCounted + 1}, hedui.NoticeMark{})
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
	for _, t := range told {
		list, err := d.noticesOf(ctx, tx, o, t, spanOf(s, t.Kind, before))
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			n.Kind, n.Role = t.Kind, t.Role
			all = append(all, n)
		}
	}
	slices.SortStableFunc(all, func(a, b hedui.Notice) int { return a.Mark().Compare(b.Mark()) })
	all = slices.CompactFunc(all, func(a, b hedui.Notice) bool { return a.Mark().Compare(b.Mark()) == 0 })
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

func (d *Desk) noticesOf(ctx context.Context, tx *store.Tx, o hedui.Officer, t hedui.Told, s store.NoticeSpan) ([]hedui.Notice, error) {
	r := store.NoticeReader{Officer: o.ID, Office: o.Office, Division: hedui.PlacePrefix(o.Division), Programmes: o.Programmes}
	switch t.Role { // whose cases are one's work
	case hedui.ClerkRole:
		r.OpenedBy = o.ID
	case hedui.CommissionerRole:
		r.Commissions = cmp.Or(o.Office, "-") // of no office there is no case
	}
	if h, ok := inEntries[t.Kind]; ok {
		r.Stages, r.Versions = h.stages[t.Role], h.versions
		var all []hedui.Notice
		for _, verb := range h.verbs {
			list, err := tx.EntryNotices(ctx, verb, h.detail, h.waiting, r, s)
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
		return all, nil
	}
	own := slices.DeleteFunc(slices.Clone(o.Sources), func(name string) bool { return o.MayAnswer(name) != nil })
	switch t.Kind {
	case hedui.NoticeConsent:
		return tx.ConsentNotices(ctx, t.Before, r, s)
	case hedui.NoticeDeadline:
		r.Stages = dueFor[t.Role]
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
	case hedui.NoticeAlert:
		return tx.AlertNotices(ctx, s)
	case hedui.NoticeConcern:
		return tx.ConcernNotices(ctx, o.ID, s)
	case hedui.NoticeNode:
		return tx.NodeNotices(ctx, s)
	}
	return nil, nil
}
