package connector

import (
	"strings"
	"unicode"

	"hedui/day"
	"hedui/source"
)

// department reads who answers: one name, or one after the other with their days.
func (l *loader) department(p place) {
	if _, single := scalar(p.node); single {
		l.cfg.info.Department = l.chinese(p)
		return
	}
	var all []source.Keeper
	for _, one := range l.list(p) {
		o := l.object(one, "name", "from", "until")
		k := source.Keeper{From: l.day(o, "from"), Until: l.day(o, "until")}
		if name, ok := l.need(o, "name", "write the name of the body, in Chinese"); ok {
			k.Name = l.chinese(name)
		}
		if n := len(all); n > 0 {
			l.follow(o, &all[n-1], k)
		}
		if !k.From.IsZero() && !k.Until.IsZero() && !k.From.Before(k.Until) {
			l.bad(one, "until must be after from; it is the first day no longer")
		}
		all = append(all, k)
	}
	if len(all) > 0 {
		l.cfg.info.Keepers, l.cfg.info.Department = all, all[len(all)-1].Name
	}
}

// follow holds a body against the one before it: there is no day on which nobody,
// or two, are named.
func (l *loader) follow(o object, before *source.Keeper, k source.Keeper) {
	switch {
	case k.From.IsZero():
		l.bad(o.place, "from is missing; every body but the first needs its first day")
	case !before.Until.IsZero() && before.Until != k.From:
		l.bad(o.place, "from must be the day on which the body before ends, %s; there may be no gap and no overlap", before.Until)
	case !before.From.IsZero() && !before.From.Before(k.From):
		l.bad(o.place, "stands before the body above it; write the oldest first")
	}
	before.Until = k.From
}

func (l *loader) chinese(p place) string {
	name, ok := l.text(p)
	if ok && strings.IndexFunc(name, func(r rune) bool { return unicode.Is(unicode.Han, r) }) < 0 {
		l.bad(p, "must be the name in Chinese: it is printed on reports")
	}
	return name
}

// day reads a day; not there is the zero day.
func (l *loader) day(o object, key string) day.Day {
	p, ok := o.get(key)
	if !ok {
		return day.Day{}
	}
	s, _ := scalar(p.node)
	d, err := day.Parse(s)
	if err != nil {
		l.bad(p, "must be a day, such as 2018-06-15")
	}
	return d
}
