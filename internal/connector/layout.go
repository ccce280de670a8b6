package connector

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hedui/day"
)

// layout is how a time is written: a Go layout, epoch, epoch_ms, http or excel.
type layout string

const (
	layoutEpoch  layout = "epoch"    // seconds since 1970 UTC
	layoutMillis layout = "epoch_ms" // milliseconds since 1970 UTC
	layoutHTTP   layout = "http"     // header dates
	layoutExcel  layout = "excel"    // days since the end of 1899, as spreadsheets count them
)

var errLayout = errors.New("is no layout; write the moment 2006-01-02 15:04:05 as the department would, such as 20060102 or 2006年01月02日, or epoch, epoch_ms, excel, http")

func parseLayout(s string) (layout, error) {
	switch layout(s) {
	case layoutEpoch, layoutMillis, layoutExcel, layoutHTTP:
		return layout(s), nil
	}
	// A layout must tell two days of different years apart, else it is a
	// literal text or yyyyMMdd.
	a := time.Date(2011, 11, 21, 10, 0, 0, 0, day.Beijing).Format(s)
	b := time.Date(2012, 12, 22, 11, 0, 0, 0, day.Beijing).Format(s)
	month := time.Date(2011, 12, 21, 10, 0, 0, 0, day.Beijing).Format(s)
	if !strings.Contains(s, "06") || a == b || a == month {
		return "", errLayout
	}
	return layout(s), nil
}

// read returns the instant; without a zone it is one of Beijing.
func (l layout) read(s string) (time.Time, bool) {
	switch l {
	case layoutEpoch, layoutMillis:
		d, ok := parseDecimal(s)
		if !ok {
			return time.Time{}, false
		}
		n, err := strconv.ParseInt(d.trimmed().text(), 10, 64)
		if err != nil {
			return time.Time{}, false
		}
		t := time.Unix(n, 0)
		if l == layoutMillis {
			t = time.UnixMilli(n)
		}
		return inYears(t)
	case layoutExcel:
		return fromSerial(s)
	case layoutHTTP:
		t, err := http.ParseTime(s)
		return t, err == nil
	}
	t, err := time.ParseInLocation(string(l), s, day.Beijing)
	if err != nil {
		return time.Time{}, false
	}
	return inYears(t)
}

// inYears refuses years that no register holds.
func inYears(t time.Time) (time.Time, bool) {
	y := t.In(day.Beijing).Year()
	return t, y >= 1000 && y <= 9999
}

// write returns t in the layout, in Beijing time.
func (l layout) write(t time.Time) string {
	switch l {
	case layoutEpoch:
		return strconv.FormatInt(t.Unix(), 10)
	case layoutMillis:
		return strconv.FormatInt(t.UnixMilli(), 10)
	case layoutExcel:
		return strconv.Itoa(day.Of(t).Sub(serialZero))
	case layoutHTTP:
		return t.UTC().Format(http.TimeFormat)
	}
	return t.In(day.Beijing).Format(string(l))
}

// readTime tries the layouts in turn.
func readTime(layouts []layout, s string) (time.Time, bool) {
	for _, l := range layouts {
		if t, ok := l.read(s); ok {
			return t, true
		}
	}
	return time.Time{}, false
}
