package report

import (
	"slices"
	"strconv"
	"time"
)

// overdue lists the registers whose data was older than promised when they gave
// it: which, of when the oldest of it is, and the promise. It is said beside the
// findings, which go by the tolerance of the place: what a department promises is
// between it and the centre, what is too old for a decision is not.
func (c Content) overdue() [][]string {
	var list [][]string
	for _, row := range c.Categories {
		for _, r := range row.registers() {
			i := slices.IndexFunc(r.Persons, func(k Cell) bool { return k.Promised != "" })
			if i < 0 {
				continue
			}
			oldest := r.Persons[i]
			for _, k := range r.Persons {
				if k.Promised != "" && k.AsOf.Before(oldest.AsOf) {
					oldest = k
				}
			}
			list = append(list, []string{c.scoped(row.Code, row.Name, r.scope), oldest.Department, minute(oldest.AsOf), oldest.Promised})
		}
	}
	return list
}

// late says beside a state of data that it is older than promised.
func late(promised string) string {
	if promised == "" {
		return ""
	}
	return zh("report.overdue", promised)
}

// age writes a promised age in the largest unit that leaves nothing over.
func age(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		key  string
	}{{24 * time.Hour, "report.promise.days"}, {time.Hour, "report.promise.hours"}} {
		if d%u.unit == 0 && d > 0 {
			return zh(u.key, strconv.FormatInt(int64(d/u.unit), 10))
		}
	}
	return zh("report.promise.minutes", strconv.FormatInt(int64(d/time.Minute), 10))
}
