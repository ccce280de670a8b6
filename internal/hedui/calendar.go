package hedui

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"hedui/day"
)

// A Calendar knows working days. Holidays are announced year by year, so it is
// data; a year without data counts weekends only.
type Calendar struct {
	special map[day.Day]bool // true = a working day, false = off
	years   map[int]bool
}

//go:embed data/holidays.yaml
var holidays []byte

// China is the calendar that comes with the program.
var China = sync.OnceValues(func() (*Calendar, error) { return ReadCalendar(holidays) })

// ReadCalendar reads the form of data/holidays.yaml.
func ReadCalendar(text []byte) (*Calendar, error) {
	var years []struct {
		Year int      `yaml:"year"`
		Off  []string `yaml:"off"`
		Work []string `yaml:"work"`
	}
	if err := yaml.UnmarshalWithOptions(text, &years, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("hedui: calendar: %w", err)
	}
	c := &Calendar{map[day.Day]bool{}, map[int]bool{}}
	for _, y := range years {
		c.years[y.Year] = true
		for _, span := range y.Off {
			first, last, _ := strings.Cut(span, "/")
			if err := c.mark(first, last, false); err != nil {
				return nil, err
			}
		}
		for _, d := range y.Work {
			if err := c.mark(d, d, true); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (c *Calendar) mark(first, last string, work bool) error {
	from, err := day.Parse(first)
	if err != nil {
		return fmt.Errorf("hedui: calendar: %q: %w", first, err)
	}
	to, err := day.Parse(last)
	if err != nil {
		return fmt.Errorf("hedui: calendar: %q: %w", last, err)
	}
	for d := from; !d.After(to); d = d.Add(1) {
		c.special[d] = work
	}
	return nil
}

// Knows reports whether the holidays of the year are in the data.
func (c *Calendar) Knows(year int) bool { return c.years[year] }

// Holidays are the spans of days off of a year that were announced, and the days at a
// weekend on which offices work for them, in order.
func (c *Calendar) Holidays(year int) (off []Span, work []day.Day) {
	for d := day.Must(strconv.Itoa(year) + "-01-01"); d.Year() == year; d = d.Add(1) {
		works, special := c.special[d]
		switch n := len(off); {
		case !special:
		case works:
			work = append(work, d)
		case n > 0 && off[n-1].Last == d.Add(-1):
			off[n-1].Last = d
		default:
			off = append(off, Span{d, d})
		}
	}
	return off, work
}

// A Span is some days, the first and the last among them.
type Span struct{ First, Last day.Day }

// Days is how many days there are in the span.
func (s Span) Days() int {
	n := 1
	for d := s.First; d.Before(s.Last); d = d.Add(1) {
		n++
	}
	return n
}

// IsWorking reports whether offices work on d.
func (c *Calendar) IsWorking(d day.Day) bool {
	if work, ok := c.special[d]; ok {
		return work
	}
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday
}

// AddWorking returns the n-th working day after d.
func (c *Calendar) AddWorking(d day.Day, n int) day.Day {
	for n > 0 {
		if d = d.Add(1); c.IsWorking(d) {
			n--
		}
	}
	return d
}
