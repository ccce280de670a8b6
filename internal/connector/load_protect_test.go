package connector

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"hedui/day"
	"hedui/source"
)

const protected = sound + `answers_within: 2h
cache: 1h
limits:
  daily: {persons: 5000}
  reserved: 30
  hours:
    - {days: [working, sat-sun], from: 08:30, to: "17:30"}
    - {days: mon, from: "00:00", to: "24:00", since: 2026-12-01, until: 2026-12-31}
  maintenance:
    - {from: "2026-12-01 22:00", to: 2026-12-02 06:00}
    - {days: sun, from: "02:00", to: "04:00"}
`

func TestProtectionIsReadAsWritten(t *testing.T) {
	info := load(t, protected, "").Info()
	want := source.Limits{Daily: source.Quota{Persons: 5000}, Reserved: 30,
		Hours: []source.Opening{
			{Weekdays: []time.Weekday{time.Saturday, time.Sunday}, From: 8*time.Hour + 30*time.Minute, To: 17*time.Hour + 30*time.Minute},
			{Working: true, From: 8*time.Hour + 30*time.Minute, To: 17*time.Hour + 30*time.Minute},
			{Weekdays: []time.Weekday{time.Monday}, To: 24 * time.Hour, Since: day.Must("2026-12-01"), Until: day.Must("2026-12-31")},
		},
		Maintenance: []source.Span{{From: time.Date(2026, 12, 1, 22, 0, 0, 0, day.Beijing), To: time.Date(2026, 12, 2, 6, 0, 0, 0, day.Beijing)}},
		Closed:      []source.Opening{{Weekdays: []time.Weekday{time.Sunday}, From: 2 * time.Hour, To: 4 * time.Hour}},
	}.WithDefaults()
	if !reflect.DeepEqual(info.Limits, want) {
		t.Errorf("got %+v\nwant %+v", info.Limits, want)
	}
	if info.AnswersWithin != 2*time.Hour || info.Cache != time.Hour {
		t.Errorf("got answers within %v, cache %v", info.AnswersWithin, info.Cache)
	}
}

func TestWrongProtectionIsToldWithWhatToDo(t *testing.T) {
	for _, tt := range []struct{ limits, want string }{
		{"daily: {}", "exactly one of persons and calls"},
		{"daily: {persons: 1, calls: 1}", "exactly one of persons and calls"},
		{"daily: {people: 1}", "persons"},
		{"daily: 5000", "keys with values"},
		{"daily: {persons: 0}", "number from 1"},
		{"reserved: 30", "share of daily"},
		{"daily: {calls: 9}\n  reserved: 101", "number from 1 to 100"},
		{"hours: {days: mon, from: \"8:30\", to: \"17:00\"}", "time of the day"},
		{"hours: {days: mon, from: \"08:30\", to: \"24:30\"}", "time of the day"},
		{"hours: {days: mon, from: \"22:00\", to: \"06:00\"}", "over midnight"},
		{"hours: {from: \"08:00\", to: \"17:00\"}", "days is missing"},
		{"hours: {days: mon, to: \"17:00\"}", "from is missing"},
		{"hours: {days: fri-mon, from: \"08:00\", to: \"17:00\"}", "mon-fri"},
		{"hours: {days: weekdays, from: \"08:00\", to: \"17:00\"}", "mon-fri"},
		{"hours: {days: mon, from: \"08:00\", to: \"17:00\", since: 2026-12-02, until: 2026-12-01}", "before since"},
		{"hours: {days: mon, from: \"08:00\", to: \"17:00\", since: soon}", "must be a day"},
		{"maintenance: {from: \"2026-12-02 06:00\", to: \"2026-12-01 22:00\"}", "later than from"},
		{"maintenance: {from: \"2026-12-02\", to: \"2026-12-03 22:00\"}", "a day and a time"},
		{"maintenance: {to: \"2026-12-03 22:00\"}", "from is missing"},
		{"maintenance: {from: \"2026-12-02 06:00\", to: \"2026-12-03 22:00\", since: 2026-12-01}", "no use without days"},
	} {
		t.Run(tt.limits, func(t *testing.T) {
			e := problems(t, sound+"limits:\n  "+tt.limits+"\n")
			if !strings.Contains(e.Error(), tt.want) {
				t.Errorf("got %v, want it to say %q", e, tt.want)
			}
		})
	}
	e := problems(t, sound+"cache: 1\nanswers_within: never\nlimits:\n  daily: {}\n  reserved: 200\n")
	if len(e.Problems) < 4 {
		t.Errorf("got %v, want all problems at once", e)
	}
}
