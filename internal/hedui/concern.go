package hedui

import (
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"hedui/day"
)

// A Detector counts something about the looks of officers (好奇的经办人).
type Detector string

// The detectors, see data/concerns.yaml.
const (
	DetectTied     Detector = "tied"
	DetectRefused  Detector = "refused"
	DetectOffHours Detector = "off_hours"
	DetectVolume   Detector = "volume"
	DetectSearches Detector = "searches"
	DetectPrints   Detector = "prints"
	DetectClosed   Detector = "closed"
	DetectOutside  Detector = "outside"
)

// Detectors lists all detectors.
func Detectors() []Detector {
	return []Detector{DetectTied, DetectOutside, DetectRefused, DetectVolume, DetectSearches, DetectPrints, DetectClosed, DetectOffHours}
}

// A ConcernWeight says how soon somebody should ask.
type ConcernWeight string

// The weights.
const (
	LowConcern    ConcernWeight = "low"
	MediumConcern ConcernWeight = "medium"
	HighConcern   ConcernWeight = "high"
)

// A DetectorRule says from how many on a detector raises a concern.
type DetectorRule struct {
	AtLeast int           `yaml:"at_least"`
	Times   int           `yaml:"times"` // the median of the office; 0 = the number alone counts
	Days    int           `yaml:"days"`  // that are counted together; 0 is one
	Weight  ConcernWeight `yaml:"weight"`
	Except  []OfficerRole `yaml:"except"`
}

// A ConcernTable holds the detectors from a day on.
type ConcernTable struct {
	From      day.Day                   `yaml:"from"`
	Opens     string                    `yaml:"opens"`
	Closes    string                    `yaml:"closes"`
	Detectors map[Detector]DetectorRule `yaml:"detectors"`

	opens, closes time.Duration // since midnight
}

//go:embed data/concerns.yaml
var concerns []byte

// concernTables are those that come with the program.
var concernTables = sync.OnceValues(func() ([]ConcernTable, error) { return ReadConcernTables(concerns) })

// ReadConcernTables reads tables of detectors and names every problem at once.
func ReadConcernTables(text []byte) ([]ConcernTable, error) {
	tables, err := readDated[ConcernTable]("concerns", text)
	if err != nil {
		return nil, err
	}
	var bad []error
	for i := range tables {
		t := &tables[i]
		for _, clock := range []struct {
			text string
			into *time.Duration
		}{{t.Opens, &t.opens}, {t.Closes, &t.closes}} {
			at, err := time.Parse("15:04", clock.text)
			if err != nil {
				bad = append(bad, fmt.Errorf("table %d: %q is no time of day such as 08:00", i+1, clock.text))
			}
			*clock.into = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
		}
		if t.From.IsZero() {
			bad = append(bad, fmt.Errorf("table %d: from is missing", i+1))
		}
		for name, rule := range t.Detectors {
			if !slices.Contains(Detectors(), name) {
				bad = append(bad, fmt.Errorf("table %d: there is no detector %q", i+1, name))
			}
			if rule.AtLeast < 1 || rule.Times < 0 || rule.Days < 0 || rule.Days > 31 || !slices.Contains([]ConcernWeight{LowConcern, MediumConcern, HighConcern}, rule.Weight) {
				bad = append(bad, fmt.Errorf("table %d: %s: at_least is 1 or more, days at most 31, weight low, medium or high", i+1, name))
			}
			for _, role := range rule.Except {
				if !slices.Contains(OfficerRoles(), role) {
					bad = append(bad, fmt.Errorf("table %d: %s: there is no role %q", i+1, name, role))
				}
			}
		}
	}
	if err := errors.Join(bad...); err != nil {
		return nil, fmt.Errorf("hedui: concerns: %w", err)
	}
	return tables, nil
}

// ConcernTableOn returns the table that counts for a day; an empty one before the first.
func ConcernTableOn(on day.Day) (ConcernTable, error) {
	tables, err := concernTables()
	return newest(tables, func(t ConcernTable) day.Day { return t.From }, on), err
}

// InHours reports whether an instant is within working hours.
func (t ConcernTable) InHours(at time.Time, calendar *Calendar) bool {
	on := day.Of(at)
	since := at.Sub(on.Start())
	return calendar.IsWorking(on) && since >= t.opens && since < t.closes
}

// A ConcernState says what has become of a concern.
type ConcernState string

// The states of a concern.
const (
	ConcernOpen      ConcernState = "open"
	ConcernExplained ConcernState = "explained"   // there was a reason
	ConcernFalse     ConcernState = "false_alarm" // the detector was wrong
	ConcernViolation ConcernState = "violation"   // there was none; what follows is not for Hedui
)

// ConcernStates lists all states.
func ConcernStates() []ConcernState {
	return []ConcernState{ConcernOpen, ConcernExplained, ConcernFalse, ConcernViolation}
}

// A Concern 预警 says that somebody should ask an officer about something. It names
// the officer and the case, never a person of the case.
type Concern struct {
	ID        string
	Detector  Detector
	Officer   string
	Office    string
	On        day.Day
	Case      string // empty where it is about no single one
	Count     int
	Weight    ConcernWeight
	RaisedAt  time.Time
	State     ConcernState
	SettledBy string
	SettledAt time.Time
	Note      string // what was found out
}

// MaxConcernNote is the longest note on a concern in characters.
const MaxConcernNote = 500

// Settle notes what the officer has found out. Nobody settles what is about himself.
func (c *Concern) Settle(o Officer, to ConcernState, note string, at time.Time) error {
	if err := c.mayDispose(o, note); err != nil {
		return err
	}
	if to == ConcernOpen || !slices.Contains(ConcernStates(), to) {
		return Fail(Invalid, Say("error.concern.state"), nil)
	}
	if c.State != ConcernOpen {
		return Fail(Conflict, Say("error.concern.settled"), nil)
	}
	c.State, c.SettledBy, c.SettledAt, c.Note = to, o.ID, at, note
	return nil
}

// Reopen takes a concern up again, for a reason.
func (c *Concern) Reopen(o Officer, note string, at time.Time) error {
	if err := c.mayDispose(o, note); err != nil {
		return err
	}
	if c.State == ConcernOpen {
		return Fail(Conflict, Say("error.concern.open"), nil)
	}
	c.State, c.SettledBy, c.SettledAt, c.Note = ConcernOpen, o.ID, at, note
	return nil
}

func (c *Concern) mayDispose(o Officer, note string) error {
	if err := o.May(DisposeConcerns, o.Division); err != nil {
		return err
	}
	if o.ID == c.Officer {
		return Fail(Forbidden, Say("error.concern.own"), nil)
	}
	if n := utf8.RuneCountInString(strings.TrimSpace(note)); n == 0 || !plain(note, MaxConcernNote) {
		return Problems([]Problem{{Field: "note", Say: Say("problem.concern.note", strconv.Itoa(MaxConcernNote))}})
	}
	return nil
}
