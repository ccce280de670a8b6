package hedui

import (
	"strings"
	"time"

	"hedui/day"
	"hedui/source"
)

// An AlertKind is what can be wrong with a source.
type AlertKind string

// The kinds of alert.
const (
	AlertRefresh    AlertKind = "refresh"    // its data is older than it has promised
	AlertSlow       AlertKind = "slow"       // it answers later than it has promised
	AlertQuota      AlertKind = "quota"      // what it answers in a day is used up
	AlertDown       AlertKind = "down"       // it failed several times in a row and is left alone
	AlertUnreadable AlertKind = "unreadable" // too many of its answers cannot be read, or are about others
)

// AlertKinds lists all kinds of alert.
func AlertKinds() []AlertKind {
	return []AlertKind{AlertRefresh, AlertSlow, AlertQuota, AlertDown, AlertUnreadable}
}

// An Alert is something about a source that a liaison should see to. It holds no
// personal data.
type Alert struct {
	Source    string
	Kind      AlertKind
	Since     time.Time
	Last      time.Time // when it was noticed last
	Count     int       // how often
	Detail    string    // of [Numbers]; the words stand with the kind
	ClosedAt  time.Time // when it was over; zero while it lasts
	HandledAt time.Time // when an officer has seen to it
	HandledBy string
	Note      string // what was done
}

// Open reports whether the alert lasts.
func (a Alert) Open() bool { return a.ClosedAt.IsZero() }

// between stands between the numbers of an alert.
const between = " · "

// Numbers puts the numbers and times of an alert into one text.
func Numbers(numbers ...string) string { return strings.Join(numbers, between) }

// Numbers takes the detail of an alert apart.
func (a Alert) Numbers() []string { return strings.Split(a.Detail, between) }

// A SourceRecord is how a source has answered. The numbers are of the day On.
type SourceRecord struct {
	Source     string
	AsOf       time.Time     // newest state of its data that was seen
	AnsweredAt time.Time     // last answer that settled a query
	FailedAt   time.Time     // last failure
	Took       time.Duration // from question to answer, the last
	On         day.Day
	Answers    int // that settled a query
	Failures   int
	Unreadable int           // of the failures
	Slowest    time.Duration // of the answers
}

// Hear adds one answer to a query that was first asked at an instant.
func (r *SourceRecord) Hear(a source.Answer, asked, at time.Time) {
	switch {
	case a.Later != nil:
	case a.Outcome.Final():
		r.Answers++
		r.AnsweredAt = at
		if !asked.IsZero() && at.After(asked) {
			r.Took = at.Sub(asked)
			r.Slowest = max(r.Slowest, r.Took)
		}
		if a.AsOf.After(r.AsOf) && !a.AsOf.After(at) { // a department's clock may run ahead: that promises nothing
			r.AsOf = a.AsOf
		}
	default:
		r.Failures++
		r.FailedAt = at
		if a.Reason == source.ReasonMalformed {
			r.Unreadable++
		}
	}
}

// Too many answers are unreadable when there are at least manyUnreadable on a day
// and they are more than one in unreadableShare of all.
const (
	manyUnreadable  = 3
	unreadableShare = 20
)

// Overdue reports whether data of a source was older at an instant than the
// source has promised. A source that promises nothing, or does not say of when
// its data is, is never overdue.
func Overdue(promised time.Duration, asOf, at time.Time) bool {
	return promised > 0 && !asOf.IsZero() && at.Sub(asOf) > promised
}

// Troubles are the alerts that what is known of a source calls for at an instant.
// waits is for how long the oldest question has been without an answer. Data is
// held against the promise as of its last answer: that nobody has asked since is
// not the department's fault.
func (r SourceRecord) Troubles(info source.Info, waits time.Duration, at time.Time) []AlertKind {
	var list []AlertKind
	if Overdue(info.Refresh, r.AsOf, r.AnsweredAt) {
		list = append(list, AlertRefresh)
	}
	if p := info.AnswersWithin; p > 0 && (waits > p || r.Took > p) {
		list = append(list, AlertSlow)
	}
	if r.On == day.Of(at) && r.Unreadable >= manyUnreadable && r.Unreadable*unreadableShare > r.Answers+r.Failures {
		list = append(list, AlertUnreadable)
	}
	return list
}
