package connector

import (
	"slices"
	"strings"
	"time"

	"hedui/day"
	"hedui/source"
)

// Most that a file may ask for to protect its department.
const (
	maxDaily = 100_000_000
	maxCache = 30 * 24 * time.Hour
)

// weekdays are the words of `days`, in the order of the week.
var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func weekday(i int) time.Weekday { return time.Weekday((i + 1) % 7) }

// protection reads when and how much a department may be asked.
func (l *loader) protection(limits object) {
	to := &l.cfg.info.Limits
	if p, ok := limits.get("daily"); ok {
		to.Daily = l.daily(p)
	}
	to.Reserved = l.whole(limits, "reserved", 100)
	if p, ok := limits.get("reserved"); ok && to.Daily.IsZero() {
		l.bad(p, "is a share of daily; set daily, or take it out")
	}
	if p, ok := limits.get("hours"); ok {
		for _, one := range l.list(p) {
			to.Hours = append(to.Hours, l.opening(l.object(one, "days", "from", "to", "since", "until"))...)
		}
	}
	if p, ok := limits.get("maintenance"); ok {
		for _, one := range l.list(p) {
			l.maintenance(one)
		}
	}
}

func (l *loader) daily(p place) (q source.Quota) {
	o := l.object(p, "persons", "calls")
	q.Persons, q.Calls = l.whole(o, "persons", maxDaily), l.whole(o, "calls", maxDaily)
	if _, persons := o.get("persons"); len(o.keys) != 1 && o.node != nil && (persons || len(o.keys) == 0) {
		l.bad(p, "must have exactly one of persons and calls: what the department counts")
	}
	return q
}

// maintenance reads one stretch: every week where it has days, else once.
func (l *loader) maintenance(p place) {
	o := l.object(p, "days", "from", "to", "since", "until")
	if _, weekly := o.get("days"); weekly {
		l.cfg.info.Limits.Closed = append(l.cfg.info.Limits.Closed, l.opening(o)...)
		return
	}
	for _, key := range []string{"since", "until"} {
		if at, ok := o.get(key); ok {
			l.bad(at, "has no use without days; from and to say it all")
		}
	}
	from, began := l.moment(o, "from")
	to, ended := l.moment(o, "to")
	if began && ended && !from.Before(to) {
		l.bad(o.values["to"], "must be later than from")
	}
	l.cfg.info.Limits.Maintenance = append(l.cfg.info.Limits.Maintenance, source.Span{From: from, To: to})
}

// opening reads a span of the day on some days: `working` and weekdays in one list
// are two openings.
func (l *loader) opening(o object) []source.Opening {
	var one source.Opening
	var hoursOK, endsOK bool
	one.From, hoursOK = l.clock(o, "from")
	one.To, endsOK = l.clock(o, "to")
	if hoursOK && endsOK && one.From >= one.To {
		l.bad(o.values["to"], "must be later than from; write a span over midnight as two, the first to 24:00")
	}
	one.Since, one.Until = l.day(o, "since"), l.day(o, "until")
	if !one.Until.IsZero() && one.Until.Before(one.Since) {
		l.bad(o.values["until"], "must not be before since")
	}
	p, ok := l.need(o, "days", "say on which days: working, or mon to sun, such as mon-fri")
	if !ok {
		return nil
	}
	working := false
	for _, at := range l.list(p) {
		word, ok := l.text(at)
		switch first, last, through := strings.Cut(word, "-"); {
		case !ok:
		case word == "working":
			working = true
		default:
			if !through {
				last = first
			}
			i, j := slices.Index(weekdays, first), slices.Index(weekdays, last)
			if i < 0 || j < i {
				l.bad(at, "must be working, a day (%s) or some in a row, such as mon-fri", strings.Join(weekdays, " "))
				continue
			}
			for ; i <= j; i++ {
				one.Weekdays = append(one.Weekdays, weekday(i))
			}
		}
	}
	var list []source.Opening
	if len(one.Weekdays) > 0 {
		list = append(list, one)
	}
	if working {
		one.Weekdays, one.Working = nil, true
		list = append(list, one)
	}
	return list
}

// clock reads a time of the day; 24:00 is its end.
func (l *loader) clock(o object, key string) (time.Duration, bool) {
	p, ok := l.need(o, key, "write a time of the day, such as \"08:30\"")
	if !ok {
		return 0, false
	}
	s, _ := scalar(p.node)
	if s == "24:00" {
		return 24 * time.Hour, true
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		l.bad(p, "must be a time of the day in Beijing, such as \"08:30\" or \"24:00\"")
		return 0, false
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, true
}

// moment reads an instant, Beijing time.
func (l *loader) moment(o object, key string) (time.Time, bool) {
	p, ok := l.need(o, key, "write when, such as \"2026-12-01 22:00\"; or give days, for every week")
	if !ok {
		return time.Time{}, false
	}
	s, _ := scalar(p.node)
	t, err := time.ParseInLocation("2006-01-02 15:04", s, day.Beijing)
	if err != nil {
		l.bad(p, "must be a day and a time in Beijing, such as \"2026-12-01 22:00\"")
	}
	return t, err == nil
}
