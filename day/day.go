// Package day holds civil days: a birth, a registration, a deadline date. A day
// has no time and no zone, so that a birth date never moves when a machine's
// clock or zone does. Where a day must become an instant, Beijing time counts:
// it is the legal time of every division Hedui serves.
package day

import (
	"fmt"
	"time"
)

// Beijing is China Standard Time, UTC+8 without summer time since 1992.
var Beijing = time.FixedZone("CST", 8*60*60)

// A Day is one civil day. The zero Day means that no day is known.
type Day struct {
	n int32 // days since 0000-12-31, so that zero stays free for "none"
}

var epoch = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC)

const secondsPerDay = 24 * 60 * 60

func fromUTC(t time.Time) Day {
	return Day{int32((t.Unix() - epoch.Unix()) / secondsPerDay)} //nolint:gosec // years 1 to 9999 fit
}

func (d Day) utc() time.Time {
	return time.Unix(epoch.Unix()+int64(d.n)*secondsPerDay, 0).UTC()
}

// New returns the day, and false when the calendar has no such day or the year
// is outside 1 to 9999.
func New(year int, month time.Month, dom int) (Day, bool) {
	t := time.Date(year, month, dom, 0, 0, 0, 0, time.UTC)
	if year < 1 || year > 9999 || t.Year() != year || t.Month() != month || t.Day() != dom {
		return Day{}, false
	}
	return fromUTC(t), true
}

// Of returns the day on which t falls in Beijing.
func Of(t time.Time) Day {
	y, m, dom := t.In(Beijing).Date()
	d, _ := New(y, m, dom)
	return d
}

// Parse reads a day written "2006-01-02".
func Parse(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return Day{}, fmt.Errorf("day: not a day of the form 2006-01-02")
	}
	return fromUTC(t), nil
}

// Must is Parse for days written in the program and its tests; it panics on a
// programmer's mistake.
func Must(s string) Day {
	d, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

// IsZero reports whether no day is known.
func (d Day) IsZero() bool { return d.n == 0 }

// Before reports whether d is earlier than o.
func (d Day) Before(o Day) bool { return d.n < o.n }

// After reports whether d is later than o.
func (d Day) After(o Day) bool { return d.n > o.n }

// Add returns the day n days later.
func (d Day) Add(n int) Day { return Day{d.n + int32(n)} } //nolint:gosec // a few centuries at most

// AddMonths returns the same day n months later, or the last day of that month
// where it is shorter: one month after 31 January is 28 or 29 February.
func (d Day) AddMonths(n int) Day {
	y, m, dom := d.utc().Date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return fromUTC(first.AddDate(0, 0, min(dom, last)-1))
}

// Sub returns the number of days from o to d.
func (d Day) Sub(o Day) int { return int(d.n - o.n) }

// Year returns the year.
func (d Day) Year() int { return d.utc().Year() }

// Month returns the month of the year.
func (d Day) Month() time.Month { return d.utc().Month() }

// Dom returns the day of the month.
func (d Day) Dom() int { return d.utc().Day() }

// Weekday returns the day of the week.
func (d Day) Weekday() time.Weekday { return d.utc().Weekday() }

// Start returns the first instant of the day in Beijing.
func (d Day) Start() time.Time {
	y, m, dom := d.utc().Date()
	return time.Date(y, m, dom, 0, 0, 0, 0, Beijing)
}

// String returns "2006-01-02", or nothing for the zero Day.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

// MarshalText writes the form of [Day.String].
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote; nothing is the zero Day.
func (d *Day) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Day{}
		return nil
	}
	var err error
	*d, err = Parse(string(text))
	return err
}
