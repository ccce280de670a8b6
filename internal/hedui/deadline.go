package hedui

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"hedui/day"
)

// A Length is a span of time as rules state it: hours or shorter are exact,
// days, working days and months end with the last day.
type Length struct {
	Exact   time.Duration
	Days    int
	Working int
	Months  int
}

// ParseLength reads "24h", "90s", "5d", "3wd" or "6m".
func ParseLength(s string) (Length, error) {
	number := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	if n, err := strconv.Atoi(number); err == nil && n > 0 {
		switch s[len(number):] {
		case "d":
			return Length{Days: n}, nil
		case "wd":
			return Length{Working: n}, nil
		case "m":
			return Length{Months: n}, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return Length{}, fmt.Errorf("length %q: want 24h, 5d, 3wd or 6m", s)
	}
	return Length{Exact: d}, nil
}

// UnmarshalYAML reads the form of ParseLength.
func (l *Length) UnmarshalYAML(text []byte) error {
	var err error
	*l, err = ParseLength(strings.Trim(strings.TrimSpace(string(text)), `"`))
	return err
}

// After returns the first instant at which a span that began at the instant at
// is over.
func (l Length) After(at time.Time, c *Calendar) time.Time {
	today := day.Of(at)
	switch {
	case l.Exact > 0:
		return at.Add(l.Exact)
	case l.Working > 0:
		return c.AddWorking(today, l.Working).Add(1).Start()
	case l.Months > 0:
		return today.AddMonths(l.Months).Add(1).Start()
	}
	return today.Add(l.Days + 1).Start()
}

// Say says the length in words.
func (l Length) Say() Text {
	switch {
	case l.Working > 0:
		return Say("length.working", strconv.Itoa(l.Working))
	case l.Months > 0:
		return Say("length.months", strconv.Itoa(l.Months))
	case l.Days > 0:
		return Say("length.days", strconv.Itoa(l.Days))
	case l.Exact%time.Hour == 0:
		return Say("length.hours", strconv.Itoa(int(l.Exact/time.Hour)))
	}
	return Say("length.minutes", strconv.Itoa(int(l.Exact/time.Minute)))
}

// Deadlines are the spans that hold for one place and programme from a day on.
type Deadlines struct {
	Place     string    `yaml:"place"`
	Programme Programme `yaml:"programme"`
	From      day.Day   `yaml:"from"`
	Report    Length    `yaml:"report"`
	Whole     Length    `yaml:"whole"`
	Objection Length    `yaml:"objection"`
	Validity  Length    `yaml:"validity"`
	Late      Length    `yaml:"late"`
	Gather    Length    `yaml:"gather"`  // from a first late answer to the supplement, unless all are in
	Requery   Length    `yaml:"requery"` // from one question about a cell to the next that an officer may ask
	Explain   Length    `yaml:"explain"` // from opening an item to explain until it is overdue
	Claim     Length    `yaml:"claim"`   // from confirming that a company is not theirs until its register is asked again; none = never
}

// A DeadlineBook holds all deadlines known to a node.
type DeadlineBook []Deadlines

//go:embed data/deadlines.yaml
var deadlines []byte

// StandardDeadlines is the book that comes with the program.
var StandardDeadlines = sync.OnceValues(func() (DeadlineBook, error) { return ReadDeadlines(deadlines) })

// ReadDeadlines reads the form of data/deadlines.yaml.
func ReadDeadlines(text []byte) (DeadlineBook, error) {
	book, err := readDated[Deadlines]("deadlines", text)
	if err != nil {
		return nil, err
	}
	for i, d := range book {
		if len(d.Place) != 6 || (d.Programme != "" && d.Programme.Digits() == "") || d.Report == (Length{}) {
			return nil, fmt.Errorf("hedui: deadlines: entry %d: place, programme and report must be right", i+1)
		}
	}
	return book, nil
}

// For returns the deadlines that hold in a county for a programme on a day.
func (b DeadlineBook) For(division string, p Programme, on day.Day) (Deadlines, bool) {
	var best Deadlines
	score := -1
	for _, d := range b {
		if d.From.After(on) || !Covers(d.Place, division) || (d.Programme != "" && d.Programme != p) {
			continue
		}
		s := 2 * len(strings.TrimRight(d.Place, "0"))
		if d.Programme != "" {
			s++
		}
		if s > score || s == score && d.From.After(best.From) {
			best, score = d, s
		}
	}
	return best, score >= 0
}

// WithReport returns the book with one span for every report instead of its own.
func (b DeadlineBook) WithReport(l Length) DeadlineBook {
	book := slices.Clone(b)
	for i := range book {
		book[i].Report = l
	}
	return book
}

// PlacePrefix is how the codes of all divisions in a place begin: codes nest by
// pairs of digits, and 000000 is the whole country.
func PlacePrefix(place string) string {
	for len(place) >= 2 && place[len(place)-2:] == "00" {
		place = place[:len(place)-2]
	}
	return place
}

// Covers reports whether a division lies in a place.
func Covers(place, division string) bool { return strings.HasPrefix(division, PlacePrefix(place)) }
