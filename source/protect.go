package source

import (
	"time"

	"hedui/day"
)

// A Quota is what a department answers in one day of Beijing time. At most one of
// the two is set; zero means that it sets no quota.
type Quota struct {
	Persons int // persons asked about; fetching an answer it has promised is none
	Calls   int // calls made, fetching included
}

// IsZero reports whether there is no quota.
func (q Quota) IsZero() bool { return q == Quota{} }

// An Opening is a span of the day, Beijing time, on some days. A span never goes
// past midnight.
type Opening struct {
	Weekdays []time.Weekday // on these; empty with Working
	Working  bool           // on the days on which offices work: the calendar of holidays and make-up days decides
	From, To time.Duration  // since midnight; To, at most 24 hours, is the first instant outside
	Since    day.Day        // first day on which this holds; zero = it always has
	Until    day.Day        // last day; zero = no end
}

// Holds reports whether the opening is in force on a day, whatever day of the week
// it is.
func (o Opening) Holds(on day.Day) bool {
	return !on.Before(o.Since) && (o.Until.IsZero() || !on.After(o.Until))
}

// A Span is a stretch of time. To is the first instant after it.
type Span struct{ From, To time.Time }
