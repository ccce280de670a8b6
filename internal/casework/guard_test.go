package casework

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/internal/audit"
	"hedui/internal/hedui"
	"hedui/internal/report"
	"hedui/internal/store"
	"hedui/internal/store/storetest"
	"hedui/source"
)

// hands are those of a clock that a test moves.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (c *hands) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *hands) move(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = to
}

// friday is a coming Friday at an hour and minute of Beijing.
func friday(hour, minute int) time.Time {
	d := day.Of(time.Now())
	for d.Weekday() != time.Friday {
		d = d.Add(1)
	}
	return d.Start().Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

// timed is a bench whose desk and sources live by a clock.
func timed(t *testing.T, db *store.DB, deadline time.Duration, at time.Time, set func(map[catalog.Code]*fake)) (*bench, *hands) {
	t.Helper()
	c := &hands{at: at}
	return onClock(t, db, deadline, c, set), c
}

func onClock(t *testing.T, db *store.DB, deadline time.Duration, c *hands, set func(map[catalog.Code]*fake)) *bench {
	t.Helper()
	return benchWith(t, db, deadline, c.now, set)
}

// grid reads the newest queries of one category.
func (b *bench) grid(t *testing.T, id string, code catalog.Code) []hedui.Query {
	t.Helper()
	var list []hedui.Query
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
		all, err := tx.Queries(t.Context(), id)
		list = slices.DeleteFunc(hedui.Newest(all), func(q hedui.Query) bool { return q.Category != code })
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 600 {
		if holds() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("waited in vain: %s", what)
}

var (
	keeper   = officer("liaison", hedui.ReadIncidents, hedui.RunNode)
	weekdays = []time.Weekday{1, 2, 3, 4, 5}
)

func (b *bench) alerts(t *testing.T) map[hedui.AlertKind]hedui.Alert {
	t.Helper()
	list, err := b.Alerts(t.Context(), keeper)
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[hedui.AlertKind]hedui.Alert{}
	for _, a := range slices.Backward(list) {
		byKind[a.Kind] = a
	}
	return byKind
}

// A department that is closed is not asked, is no failure and no attempt; the grid
// and the report say until when; when it opens its queries go out by themselves.
func TestAClosedDepartmentIsAskedWhenItOpens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		evening := friday(18, 0)
		monday := friday(0, 0).Add(3*24*time.Hour + 8*time.Hour + 30*time.Minute)
		b, c := timed(t, db, time.Hour, evening, func(s map[catalog.Code]*fake) {
			s["land"].tune = func(i *source.Info) {
				i.Limits.Hours = []source.Opening{{Weekdays: weekdays, From: 8*time.Hour + 30*time.Minute, To: 17*time.Hour + 30*time.Minute}}
			}
		})
		b.start(t)
		id := b.accepted(t, form(t, 40))
		until(t, "the queries are held", func() bool {
			return !slices.ContainsFunc(b.grid(t, id, "land"), func(q hedui.Query) bool { return !q.Held() })
		})
		for _, q := range b.grid(t, id, "land") {
			if q.State != hedui.Waiting || q.Reason != source.ReasonClosed || !q.HeldUntil.Equal(monday) || q.Attempts != 0 {
				t.Errorf("held query: %s %s until %s, %d attempts, want closed until %s", q.State, q.Reason, q.HeldUntil, q.Attempts, monday)
			}
		}
		views, err := b.SourceViews(t.Context())
		if i := slices.IndexFunc(views, func(v SourceView) bool { return v.Name == "land" }); err != nil || views[i].Mode != SourceClosed || !views[i].Until.Equal(monday) || views[i].Waiting != 2 || !views[i].Oldest.Equal(b.grid(t, id, "land")[0].CreatedAt) || views[i].Heard != nil {
			t.Errorf("the source is shown as %+v, %v", views[i], err)
		}
		c.move(evening.Add(61 * time.Minute))
		b.await(t, id, hedui.Summarised)
		content := b.issue(t, id)
		want := "对方未到开放时间，" + monday.Format("2006-01-02 15:04") + " 起可查询"
		if len(content.Gaps) != 1 || !strings.Contains(content.Gaps[0].Text, want) {
			t.Errorf("gaps %+v, want one with %q", content.Gaps, want)
		}
		c.move(monday.Add(-time.Second))
		if n := len(b.sources["land"].times()); n != 0 {
			t.Errorf("asked %d times while closed", n)
		}
		c.move(monday)
		if err := b.settled(t, id, 0); err != nil {
			t.Fatal(err)
		}
		for q, n := range b.sources["land"].times() {
			if n != 1 {
				t.Errorf("%s asked %d times", q, n)
			}
		}
		if a, bad := b.alerts(t)[hedui.AlertDown]; bad {
			t.Errorf("being closed is taken for a failure: %+v", a)
		}
		views, err = b.SourceViews(t.Context())
		if i := slices.IndexFunc(views, func(v SourceView) bool { return v.Name == "land" }); err != nil || views[i].Waiting != 0 || views[i].Heard[0].Answered() != 2 || views[i].Heard[0].Failed() != 0 {
			t.Errorf("after its answers the source is shown as %+v, %v", views[i], err)
		}
	})
}

// Several processes of a node on one database keep to one quota together; at
// midnight in Beijing the day begins anew.
func TestAllProcessesKeepToOneQuotaUntilMidnight(t *testing.T) {
	for _, e := range storetest.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			o := e.Fresh(t)
			c := &hands{at: friday(23, 50)}
			midnight := friday(0, 0).Add(24 * time.Hour)
			tune := func(s map[catalog.Code]*fake) {
				s["land"].tune = func(i *source.Info) { i.Limits.Daily, i.Limits.Batch = source.Quota{Persons: 5}, 2 }
			}
			desks := []*bench{onClock(t, storetest.Open(t, o), time.Hour, c, tune)}
			if desks[0].DB.Shared() {
				second := onClock(t, storetest.Open(t, o), time.Hour, c, tune)
				second.Signer, second.Certificate = desks[0].Signer, desks[0].Certificate
				desks = append(desks, second)
			}
			asked := func() (n int) {
				for _, b := range desks {
					n += len(b.sources["land"].times())
				}
				return n
			}
			var cases []string
			for n := range 4 {
				cases = append(cases, desks[0].accepted(t, form(t, 50+n)))
			}
			for _, b := range desks {
				b.start(t)
			}
			held := func() (list []hedui.Query) {
				for _, id := range cases {
					for _, q := range desks[0].grid(t, id, "land") {
						if q.Held() {
							list = append(list, q)
						}
					}
				}
				return list
			}
			until(t, "three of eight are held", func() bool { return len(held()) == 3 && asked() == 5 })
			for _, q := range held() {
				if q.Reason != source.ReasonQuota || !q.HeldUntil.Equal(midnight) || q.Attempts != 0 || q.State != hedui.Waiting {
					t.Errorf("held query: %s %s until %s, %d attempts", q.State, q.Reason, q.HeldUntil, q.Attempts)
				}
			}
			views, err := desks[0].SourceViews(t.Context())
			if i := slices.IndexFunc(views, func(v SourceView) bool { return v.Name == "land" }); err != nil || views[i].Mode != SourceUsedUp || views[i].Used != 5 {
				t.Errorf("the source is shown as %+v, %v", views[i], err)
			}
			list, err := desks[0].Alerts(t.Context(), keeper)
			if err != nil || len(list) != 1 || list[0].Kind != hedui.AlertQuota || !list[0].Open() || list[0].Source != "land" {
				t.Errorf("alerts %+v, %v, want the quota told once", list, err)
			}
			c.move(midnight)
			for _, id := range cases {
				if err := desks[0].settled(t, id, 0); err != nil {
					t.Fatal(err)
				}
			}
			if n := asked(); n != 8 {
				t.Errorf("%d asked, want all 8", n)
			}
			until(t, "the alert is over", func() bool { a := desks[0].alerts(t)[hedui.AlertQuota]; return !a.Open() })
		})
	}
}

// Bulk work leaves a share of the quota to new applications, which go first.
func TestBulkWorkLeavesAShareToNewApplications(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b, _ := timed(t, db, time.Hour, friday(10, 0), func(s map[catalog.Code]*fake) {
			s["land"].tune = func(i *source.Info) {
				i.Limits.Daily, i.Limits.Reserved, i.Limits.Concurrency = source.Quota{Persons: 8}, 50, 1
			}
		})
		var bulk []string
		for n := range 3 { // six persons
			f := form(t, 60+n)
			f.Kind = string(hedui.PeriodicRecheck)
			bulk = append(bulk, b.accepted(t, f))
		}
		b.start(t)
		held := func() (n int) {
			for _, id := range bulk {
				for _, q := range b.grid(t, id, "land") {
					if q.Held() {
						n++
					}
				}
			}
			return n
		}
		until(t, "two of six wait", func() bool { return held() == 2 && len(b.sources["land"].times()) == 4 })
		if _, told := b.alerts(t)[hedui.AlertQuota]; told {
			t.Error("a share that is kept is no quota used up")
		}
		for n := range 2 {
			id := b.accepted(t, form(t, 65+n))
			b.await(t, id, hedui.Summarised)
		}
		if n := len(b.sources["land"].times()); n != 8 {
			t.Errorf("%d asked, want the whole quota", n)
		}
	})
}

// An answer is taken again within its life and on its mandate, unless the officer
// wants a fresh one; it is marked, and of when its data is stays as it was.
func TestAYoungAnswerIsTakenAgainUnlessAFreshOneIsWanted(t *testing.T) {
	for _, tt := range []struct {
		name  string
		later time.Duration
		again []catalog.Code
		taken bool
	}{
		{"young", 30 * time.Minute, nil, true},
		{"old", 61 * time.Minute, nil, false},
		{"fresh wanted", 30 * time.Minute, []catalog.Code{"business"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				begin := friday(10, 0)
				b, c := timed(t, db, 10*time.Hour, begin, func(s map[catalog.Code]*fake) {
					s["business"].tune = func(i *source.Info) { i.Cache = time.Hour }
					s["business"].answer = func(source.Query, int) (source.Answer, error) {
						return source.Answer{Outcome: source.Found, Match: source.MatchIDName, AsOf: begin.Add(-24 * time.Hour), Hash: "sha256:00",
							Records: []catalog.Record{{"name": "某公司"}}}, nil
					}
				})
				b.start(t)
				id := b.accepted(t, form(t, 70))
				b.await(t, id, hedui.Summarised)
				first := b.grid(t, id, "business")
				b.issue(t, id)
				if _, err := b.Object(t.Context(), civil, id, hedui.Say("step.objection")); err != nil {
					t.Fatal(err)
				}
				c.move(begin.Add(tt.later))
				if _, err := b.AskAgain(t.Context(), receiver, id, hedui.Say("step.objection"), tt.again); err != nil {
					t.Fatal(err)
				}
				b.await(t, id, hedui.Summarised)
				want := 4
				if tt.taken {
					want = 2
				}
				if n := len(b.sources["business"].times()); n != want {
					t.Errorf("%d questions, want %d", n, want)
				}
				for i, q := range b.grid(t, id, "business") {
					if (q.TakenFrom == first[i].ID) != tt.taken || q.ID == first[i].ID {
						t.Errorf("taken from %q, want %v", q.TakenFrom, tt.taken)
					}
					if tt.taken && (!q.AsOf.Equal(first[i].AsOf) || !q.AnsweredAt.Equal(first[i].AnsweredAt) || q.Hash == "" || len(q.Records) != 1) {
						t.Errorf("taken with other times or without its records: %+v", q)
					}
				}
				if got := b.detail(t, id, "business=reused×2"); got != tt.taken {
					t.Errorf("recorded as reused: %v, want %v", got, tt.taken)
				}
				if n := len(b.sources["land"].times()); tt.again == nil && n != 4 {
					t.Errorf("a source without a cache: %d questions, want 4", n)
				}
			})
		})
	}
}

// detail reports whether an audit entry of a case holds words.
func (b *bench) detail(t *testing.T, id, words string) (found bool) {
	t.Helper()
	if err := b.DB.Read(t.Context(), func(tx *store.Tx) error {
		entries, err := tx.Entries(t.Context(), id)
		for _, e := range entries {
			found = found || strings.Contains(e.Detail, words)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestOneCellIsAskedAgainButNotHammered(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		begin := friday(10, 0)
		b, c := timed(t, db, 10*time.Hour, begin, nil)
		release := make(chan struct{})
		b.sources["vehicle"].answer = func(source.Query, int) (source.Answer, error) {
			<-release
			return source.Answer{Outcome: source.None}, nil
		}
		b.start(t)
		done := sync.OnceFunc(func() { close(release) })
		t.Cleanup(done)
		id := b.accepted(t, form(t, 75))
		until(t, "land has answered", func() bool { return b.grid(t, id, "land")[0].Settled() })
		cell := b.grid(t, id, "land")[0]
		ask := func(o hedui.Officer, queries ...string) error {
			_, err := b.Requery(t.Context(), o, id, queries)
			return err
		}
		if err := ask(receiver, cell.ID); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("at once: %v, want a conflict", err)
		}
		c.move(begin.Add(31 * time.Minute))
		for name, tt := range map[string]struct {
			err  error
			want hedui.Kind
		}{
			"another's right": {ask(clerk, cell.ID), hedui.Forbidden},
			"unknown":         {ask(receiver, "none"), hedui.NotFound},
			"nothing":         {ask(receiver), hedui.Conflict},
			"under way":       {ask(receiver, b.grid(t, id, "vehicle")[0].ID), hedui.Conflict},
			"one under way":   {ask(receiver, cell.ID, b.grid(t, id, "vehicle")[0].ID), hedui.Conflict},
		} {
			if hedui.KindOf(tt.err) != tt.want {
				t.Errorf("%s: %v, want kind %v", name, tt.err, tt.want)
			}
		}
		if err := ask(receiver, cell.ID); err != nil {
			t.Fatal(err)
		}
		until(t, "it is answered anew", func() bool {
			q := b.grid(t, id, "land")[0]
			return q.ID != cell.ID && q.Settled()
		})
		if n := len(b.sources["land"].times()); n != 3 {
			t.Errorf("%d questions, want the two persons' and one more", n)
		}
		if err := ask(receiver, b.grid(t, id, "land")[0].ID); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("again at once: %v, want a conflict", err)
		}
		if !slices.Contains(b.verbs(t, id), audit.Requeried) {
			t.Error("nothing is recorded")
		}
		done()
		b.await(t, id, hedui.Summarised)
		b.issue(t, id)
		c.move(begin.Add(2 * time.Hour))
		if err := ask(receiver, b.grid(t, id, "land")[0].ID); hedui.KindOf(err) != hedui.Conflict {
			t.Errorf("after the seal: %v, want a conflict", err)
		}
	})
}

// A round of single cells keeps the deadline of the case.
func TestADeadlineOutlastsARequery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		begin := friday(10, 0)
		b, c := timed(t, db, 2*time.Hour, begin, nil)
		b.sources["land"].answer = func(_ source.Query, n int) (source.Answer, error) { return source.Answer{}, errDown }
		b.start(t)
		id := b.accepted(t, form(t, 78))
		until(t, "hukou has answered", func() bool { return b.grid(t, id, "hukou")[0].Settled() })
		c.move(begin.Add(time.Hour))
		if _, err := b.Requery(t.Context(), receiver, id, []string{b.grid(t, id, "hukou")[0].ID}); err != nil {
			t.Fatal(err)
		}
		c.move(begin.Add(2*time.Hour + time.Minute))
		b.await(t, id, hedui.Summarised)
	})
}

// What a source promises and does not keep is told, seen to and over.
func TestWhatASourceDoesNotKeepIsAnAlertUntilItIsOver(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		begin := friday(10, 0)
		var mu sync.Mutex
		behave := source.Answer{Outcome: source.None, AsOf: begin.Add(-72 * time.Hour)}
		b, c := timed(t, db, 10*time.Hour, begin, func(s map[catalog.Code]*fake) {
			s["land"].tune = func(i *source.Info) { i.Refresh, i.AnswersWithin = 24*time.Hour, time.Hour }
			s["land"].answer = func(source.Query, int) (source.Answer, error) {
				mu.Lock()
				defer mu.Unlock()
				return behave, nil
			}
		})
		say := func(a source.Answer) { mu.Lock(); behave = a; mu.Unlock() }
		b.start(t)
		id := b.accepted(t, form(t, 80))
		b.await(t, id, hedui.Summarised)
		a := b.alerts(t)[hedui.AlertRefresh]
		if !a.Open() || a.Source != "land" || !strings.Contains(a.Detail, "24h0m0s") {
			t.Fatalf("alert %+v, want a missed refresh", a)
		}
		content := b.issue(t, id)
		if !slices.ContainsFunc(content.Categories, func(row report.Category) bool { return row.Code == "land" && row.Persons[0].Promised != "" }) {
			t.Error("the report does not name the promise")
		}
		if _, err := b.Alerts(t.Context(), receiver); hedui.KindOf(err) != hedui.Forbidden {
			t.Errorf("somebody without the right reads alerts: %v", err)
		}
		for name, tt := range map[string]struct {
			o    hedui.Officer
			kind hedui.AlertKind
			note string
			want hedui.Kind
		}{
			"no right": {receiver, hedui.AlertRefresh, "x", hedui.Forbidden},
			"no note":  {keeper, hedui.AlertRefresh, "", hedui.Invalid},
			"too long": {keeper, hedui.AlertRefresh, strings.Repeat("字", 201), hedui.Invalid},
			"no alert": {keeper, hedui.AlertDown, "x", hedui.NotFound},
		} {
			if err := b.HandleAlert(t.Context(), tt.o, "land", tt.kind, tt.note); hedui.KindOf(err) != tt.want {
				t.Errorf("%s: %v, want kind %v", name, err, tt.want)
			}
		}
		if err := b.HandleAlert(t.Context(), keeper, "land", hedui.AlertRefresh, "已致电"); err != nil {
			t.Fatal(err)
		}
		if a := b.alerts(t)[hedui.AlertRefresh]; !a.Open() || a.HandledBy != "liaison" || a.Note != "已致电" {
			t.Errorf("seen to: %+v", a)
		}
		say(source.Answer{Later: &source.Later{Token: "T", After: time.Minute}})
		late := b.accepted(t, form(t, 82))
		until(t, "it is accepted", func() bool { return b.grid(t, late, "land")[0].State == hedui.Pending })
		c.move(begin.Add(2 * time.Hour))
		until(t, "it is slow", func() bool { a, told := b.alerts(t)[hedui.AlertSlow]; return told && a.Open() })
		say(source.Answer{Outcome: source.None, AsOf: begin.Add(2 * time.Hour)})
		c.move(begin.Add(2*time.Hour + 2*time.Minute))
		until(t, "its data is fresh", func() bool { return !b.alerts(t)[hedui.AlertRefresh].Open() })
		id = b.accepted(t, form(t, 84))
		b.await(t, id, hedui.Summarised)
		until(t, "it answers in time", func() bool { return !b.alerts(t)[hedui.AlertSlow].Open() })
		say(source.Answer{Outcome: source.Failed, Reason: source.ReasonMalformed})
		b.accepted(t, form(t, 86))
		b.accepted(t, form(t, 88))
		until(t, "too much is unreadable", func() bool { a, told := b.alerts(t)[hedui.AlertUnreadable]; return told && a.Open() })
		for _, a := range b.alerts(t) {
			if strings.Contains(fmt.Sprint(a), "某人") {
				t.Errorf("an alert names a person: %+v", a)
			}
		}
	})
}

func TestABreakerThatOpensIsAnAlertUntilTheSourceIsBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		var mu sync.Mutex
		down := true
		b := newBench(t, db, time.Hour)
		b.sources["land"].answer = func(source.Query, int) (source.Answer, error) {
			mu.Lock()
			defer mu.Unlock()
			if down {
				return source.Answer{}, errDown
			}
			return source.Answer{Outcome: source.None}, nil
		}
		b.start(t)
		for n := range 6 {
			b.accepted(t, form(t, 90+n))
		}
		until(t, "it is told", func() bool { a, told := b.alerts(t)[hedui.AlertDown]; return told && a.Open() })
		mu.Lock()
		down = false
		mu.Unlock()
		until(t, "it is over", func() bool { return !b.alerts(t)[hedui.AlertDown].Open() })
	})
}
