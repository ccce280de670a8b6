package sim

import (
	"encoding/json"
	"fmt"
	"strings"

	"hedui/day"
	"hedui/money"
)

// write puts a day down in a layout; no day gives nothing.
func write(d day.Day, layout string) string {
	if d.IsZero() {
		return ""
	}
	return d.Start().Format(layout)
}

// millis is a day as milliseconds since 1970, nil for no day.
func millis(d day.Day) any {
	if d.IsZero() {
		return nil
	}
	return d.Start().UnixMilli()
}

// The layouts of the departments.
const (
	compact = "20060102"
	iso     = "2006-01-02"
	slashed = "2006/1/2"
)

// wan is an amount in units of 10,000 yuan.
func wan(f money.Fen) string {
	return strings.TrimRight(strings.TrimRight(fmt.Sprintf("%d.%06d", f/1_000_000, f%1_000_000), "0"), ".")
}

// number puts a decimal into JSON as a number.
func number(s string) json.Number { return json.Number(s) }

// fen is an amount in fen, nil for nothing.
func fen(f money.Fen) any {
	if f == 0 {
		return nil
	}
	return int64(f)
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func yesNo(b bool) string {
	if b {
		return "是"
	}
	return "否"
}

// monthStart is the first day of the month n months after that of d.
func monthStart(d day.Day, n int) day.Day { return d.Add(1 - d.Dom()).AddMonths(n) }

// months lists the first days of the months in the period from … to, written
// 200601, that are over by today and not before since. Without a period they are the last
// twelve; more than 24 are never given.
func (c *City) months(from, to string, since day.Day) []day.Day {
	last := monthStart(c.today(), -1)
	first := monthStart(last, -11)
	if d, err := day.Parse(dashed(from)); err == nil {
		first = d
	}
	if d, err := day.Parse(dashed(to)); err == nil && d.Before(last) {
		last = d
	}
	if since := monthStart(since, 0); first.Before(since) {
		first = since
	}
	if least := monthStart(last, -23); first.Before(least) {
		first = least
	}
	var list []day.Day
	for m := first; !m.After(last); m = m.AddMonths(1) {
		list = append(list, m)
	}
	return list
}

// dashed makes 2006-01-01 of 200601.
func dashed(month string) string {
	if len(month) != 6 {
		return ""
	}
	return month[:4] + "-" + month[4:] + "-01"
}
