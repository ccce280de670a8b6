package hedui_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"hedui/day"
	"hedui/internal/hedui"
	"hedui/source"
)

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", s, day.Beijing)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestADepartmentOpensWhenItSaysSo(t *testing.T) {
	c, err := hedui.China()
	if err != nil {
		t.Fatal(err)
	}
	const h = time.Hour
	office := source.Limits{Hours: []source.Opening{{Working: true, From: 8*h + 30*time.Minute, To: 17*h + 30*time.Minute}}}
	week := source.Limits{Hours: []source.Opening{{Weekdays: []time.Weekday{1, 2, 3, 4, 5}, From: 9 * h, To: 12 * h}, {Weekdays: []time.Weekday{1, 2, 3, 4, 5}, From: 14 * h, To: 17 * h}}}
	serviced := source.Limits{
		Maintenance: []source.Span{{From: instant(t, "2026-11-26 22:00"), To: instant(t, "2026-11-27 06:00")}},
		Closed:      []source.Opening{{Weekdays: []time.Weekday{time.Sunday}, From: 2 * h, To: 4 * h}},
	}
	moved := source.Limits{Hours: []source.Opening{
		{Working: true, From: 9 * h, To: 17 * h, Until: day.Must("2026-11-30")}, {Working: true, From: 8 * h, To: 16 * h, Since: day.Must("2026-12-01")}}}
	both := office
	both.Maintenance = []source.Span{{From: instant(t, "2026-11-27 07:00"), To: instant(t, "2026-11-27 10:00")}}
	never := source.Limits{Hours: []source.Opening{{Working: true, From: 9 * h, To: 17 * h, Until: day.Must("2020-01-01")}}}
	for _, tt := range []struct {
		name   string
		limits source.Limits
		at     string
		opens  string
		why    source.Reason
	}{
		{"always", source.Limits{}, "2026-11-28 03:00", "2026-11-28 03:00", ""},
		{"the first minute", office, "2026-11-26 08:30", "2026-11-26 08:30", ""},
		{"the minute before", office, "2026-11-26 08:29", "2026-11-26 08:30", source.ReasonClosed},
		{"the last instant is outside", office, "2026-11-26 17:30", "2026-11-27 08:30", source.ReasonClosed},
		{"a weekend", office, "2026-11-27 18:00", "2026-11-30 08:30", source.ReasonClosed},
		{"a holiday", office, "2026-09-30 18:00", "2026-10-08 08:30", source.ReasonClosed},
		{"a Saturday that is worked", office, "2026-10-09 18:00", "2026-10-10 08:30", source.ReasonClosed},
		{"a holiday that weekdays do not know", week, "2026-10-01 12:30", "2026-10-01 14:00", source.ReasonClosed},
		{"noon", week, "2026-11-26 12:00", "2026-11-26 14:00", source.ReasonClosed},
		{"maintenance over midnight", serviced, "2026-11-26 23:00", "2026-11-27 06:00", source.ReasonMaintenance},
		{"before maintenance", serviced, "2026-11-26 21:59", "2026-11-26 21:59", ""},
		{"weekly maintenance", serviced, "2026-11-29 03:00", "2026-11-29 04:00", source.ReasonMaintenance},
		{"maintenance into opening hours", both, "2026-11-27 08:45", "2026-11-27 10:00", source.ReasonMaintenance},
		{"closed, and maintenance follows", both, "2026-11-26 20:00", "2026-11-27 10:00", source.ReasonClosed},
		{"hours that change", moved, "2026-11-30 17:00", "2026-12-01 08:00", source.ReasonClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opens, why := c.OpensAt(tt.limits, instant(t, tt.at))
			if !opens.Equal(instant(t, tt.opens)) || why != tt.why {
				t.Errorf("got %s %q, want %s %q", opens.In(day.Beijing), why, tt.opens, tt.why)
			}
		})
	}
	if opens, why := c.OpensAt(never, instant(t, "2026-11-26 10:00")); why != source.ReasonClosed || opens.Before(instant(t, "2027-11-26 10:00")) {
		t.Errorf("one that never opens: got %s %q", opens, why)
	}
}

// Whatever the hours, the instant named is open, and none before it in steps of a
// quarter of an hour.
func TestNoEarlierInstantIsOpen(t *testing.T) {
	c, err := hedui.China()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		quarter := func(label string, least, most int) time.Duration {
			return time.Duration(rapid.IntRange(least, most).Draw(t, label)) * 15 * time.Minute
		}
		var l source.Limits
		for range rapid.IntRange(1, 3).Draw(t, "openings") {
			from := rapid.IntRange(0, 94).Draw(t, "from")
			o := source.Opening{From: time.Duration(from) * 15 * time.Minute, To: quarter("to", from+1, 96), Working: rapid.Bool().Draw(t, "working")}
			if !o.Working {
				o.Weekdays = []time.Weekday{time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday"))}
			}
			l.Hours = append(l.Hours, o)
		}
		start := day.Must("2026-09-20").Start()
		if rapid.Bool().Draw(t, "maintained") {
			from := start.Add(quarter("maintenance", 0, 2000))
			l.Maintenance = []source.Span{{From: from, To: from.Add(quarter("long", 1, 400))}}
		}
		at := start.Add(quarter("at", 0, 2000))
		opens, _ := c.OpensAt(l, at)
		if _, why := c.OpensAt(l, opens); why != "" {
			t.Fatalf("%s is said to be open and is %s", opens, why)
		}
		for before := at; before.Before(opens); before = before.Add(15 * time.Minute) {
			if _, why := c.OpensAt(l, before); why == "" {
				t.Fatalf("%s is open, before %s", before, opens)
			}
		}
	})
}

func TestTroublesOfASource(t *testing.T) {
	at := instant(t, "2026-11-26 10:00")
	info := source.Info{Refresh: 24 * time.Hour, AnswersWithin: time.Hour}
	good := hedui.SourceRecord{AsOf: at.Add(-time.Hour), AnsweredAt: at, Took: time.Minute, On: day.Of(at), Answers: 100}
	for _, tt := range []struct {
		name   string
		change func(*hedui.SourceRecord, *source.Info)
		waits  time.Duration
		want   string
	}{
		{"all is well", func(*hedui.SourceRecord, *source.Info) {}, time.Hour, ""},
		{"data as old as promised", func(r *hedui.SourceRecord, _ *source.Info) { r.AsOf = at.Add(-24 * time.Hour) }, 0, ""},
		{"data older than promised", func(r *hedui.SourceRecord, _ *source.Info) { r.AsOf = at.Add(-24*time.Hour - time.Second) }, 0, "refresh"},
		{"data that was fresh when it came, and nobody has asked since", func(r *hedui.SourceRecord, _ *source.Info) {
			r.AsOf, r.AnsweredAt = at.Add(-99*time.Hour), at.Add(-98*time.Hour)
		}, 0, ""},
		{"a source that does not say of when its data is", func(r *hedui.SourceRecord, _ *source.Info) { r.AsOf = time.Time{} }, 0, ""},
		{"nothing promised", func(r *hedui.SourceRecord, i *source.Info) {
			r.AsOf, r.Took, *i = at.AddDate(-1, 0, 0), 99*time.Hour, source.Info{}
		}, 99 * time.Hour, ""},
		{"a slow answer", func(r *hedui.SourceRecord, _ *source.Info) { r.Took = time.Hour + time.Second }, 0, "slow"},
		{"an answer that does not come", func(*hedui.SourceRecord, *source.Info) {}, time.Hour + time.Second, "slow"},
		{"two unreadable answers", func(r *hedui.SourceRecord, _ *source.Info) { r.Answers, r.Failures, r.Unreadable = 0, 2, 2 }, 0, ""},
		{"three of many", func(r *hedui.SourceRecord, _ *source.Info) { r.Failures, r.Unreadable = 3, 3 }, 0, ""},
		{"six of a hundred", func(r *hedui.SourceRecord, _ *source.Info) { r.Answers, r.Failures, r.Unreadable = 94, 6, 6 }, 0, "unreadable"},
		{"yesterday's", func(r *hedui.SourceRecord, _ *source.Info) { r.On, r.Failures, r.Unreadable = r.On.Add(-1), 60, 60 }, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, i := good, info
			tt.change(&r, &i)
			got := ""
			for _, k := range r.Troubles(i, tt.waits, at) {
				got += string(k)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
