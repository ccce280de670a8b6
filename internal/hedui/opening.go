package hedui

import (
	"slices"
	"time"

	"hedui/day"
	"hedui/source"
)

// farthest is how many days are looked ahead for a source that opens again.
const farthest = 400

// OpensAt returns the first instant, not before at, at which a department may be
// asked, and why it must not be before; the reason is empty if it may be asked at
// once. One that never opens again is looked at once more after [farthest] days.
func (c *Calendar) OpensAt(l source.Limits, at time.Time) (time.Time, source.Reason) {
	why := c.closed(l, at)
	if why == "" {
		return at, ""
	}
	today := day.Of(at)
	for d := today; d.Sub(today) < farthest; d = d.Add(1) {
		for _, t := range c.turns(l, d) {
			if t.After(at) && c.closed(l, t) == "" {
				return t, why
			}
		}
	}
	return today.Add(farthest).Start(), why
}

// closed says why a department must not be asked at an instant, or nothing.
func (c *Calendar) closed(l source.Limits, at time.Time) source.Reason {
	in := func(s source.Span) bool { return !at.Before(s.From) && at.Before(s.To) }
	today := day.Of(at)
	covers := func(o source.Opening) bool { return c.opens(o, today) && in(span(o, today)) }
	switch {
	case slices.ContainsFunc(l.Maintenance, in), slices.ContainsFunc(l.Closed, covers):
		return source.ReasonMaintenance
	case len(l.Hours) > 0 && !slices.ContainsFunc(l.Hours, covers):
		return source.ReasonClosed
	}
	return ""
}

// opens reports whether an opening counts on a day.
func (c *Calendar) opens(o source.Opening, on day.Day) bool {
	if !o.Holds(on) {
		return false
	}
	if o.Working {
		return c.IsWorking(on)
	}
	return slices.Contains(o.Weekdays, on.Weekday())
}

func span(o source.Opening, on day.Day) source.Span {
	return source.Span{From: on.Start().Add(o.From), To: on.Start().Add(o.To)}
}

// turns lists, in order, the instants of a day at which a department may open:
// midnight, where an opening begins, where maintenance ends.
func (c *Calendar) turns(l source.Limits, on day.Day) []time.Time {
	list := []time.Time{on.Start()}
	for _, o := range l.Hours {
		list = append(list, span(o, on).From)
	}
	for _, o := range l.Closed {
		list = append(list, span(o, on).To)
	}
	for _, s := range l.Maintenance {
		if day.Of(s.To) == on {
			list = append(list, s.To)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}
