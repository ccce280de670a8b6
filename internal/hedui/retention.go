package hedui

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hedui/day"
)

// A RetentionKind is a kind of document, or of data, that is kept for a time.
type RetentionKind string

// The kinds. Everything of a case lies under one key, so it is one kind.
const (
	CaseData       RetentionKind = "case"
	DraftData      RetentionKind = "draft"
	ExportData     RetentionKind = "export" // a worklist as a workbook: so long it comes back, and its password is known
	OutboxData     RetentionKind = "outbox"
	InboxData      RetentionKind = "inbox"
	RelayData      RetentionKind = "relay"
	MirrorCodeData RetentionKind = "mirror_code"
	TryData        RetentionKind = "sign_in_try"
	BrowserData    RetentionKind = "browser"
	AlertData      RetentionKind = "alert"
	UseData        RetentionKind = "source_use"
	IncidentData   RetentionKind = "incident"
	AuditData      RetentionKind = "audit"
)

// A RetentionEvent is from what on a term counts.
type RetentionEvent string

// The events of cases; each other kind has one of its own.
const (
	WhenDelivered  RetentionEvent = "delivered"  // the report was given out
	WhenArchived   RetentionEvent = "archived"   // the case was closed
	WhenTerminated RetentionEvent = "terminated" // it ended without a result
	WhenHanded     RetentionEvent = "handed"     // another node has confirmed that it has the case
	WhenIdle       RetentionEvent = "idle"       // never commissioned: last worked on
)

// CaseEvents lists the events from which the term of a case counts.
func CaseEvents() []RetentionEvent {
	return []RetentionEvent{WhenDelivered, WhenArchived, WhenTerminated, WhenHanded, WhenIdle}
}

// Stages are those at which a case waits for the end of a term that counts from
// the event.
func (e RetentionEvent) Stages() []Stage {
	switch e {
	case WhenDelivered:
		return []Stage{Delivered, Rechecked}
	case WhenArchived:
		return []Stage{Archived}
	case WhenTerminated:
		return []Stage{Terminated}
	case WhenHanded:
		return []Stage{Handed}
	case WhenIdle:
		return []Stage{Draft, Consented, Returned}
	}
	return nil
}

// retentionEvents says which events each kind may have.
func retentionEvents() map[RetentionKind][]RetentionEvent {
	return map[RetentionKind][]RetentionEvent{
		CaseData: CaseEvents(), DraftData: {"saved"}, ExportData: {"made"}, OutboxData: {"expired"}, InboxData: {"expired"}, RelayData: {"expired"},
		MirrorCodeData: {"issued"}, TryData: {"failed"}, BrowserData: {"known"}, AlertData: {"closed"}, UseData: {"counted"}, IncidentData: {"seen"}, AuditData: {"written"},
	}
}

// A Retention is one line of the table of terms.
type Retention struct {
	Kind      RetentionKind  `yaml:"kind" json:"kind"`
	Event     RetentionEvent `yaml:"event" json:"event"`
	Place     string         `yaml:"place" json:"place"`
	Programme Programme      `yaml:"programme" json:"programme,omitempty"` // of cases only; empty = all
	From      day.Day        `yaml:"from" json:"from"`
	Keep      Term           `yaml:"keep" json:"keep"`
	Basis     string         `yaml:"basis" json:"basis"` // clause
	Demo      bool           `yaml:"demo" json:"demo,omitempty"`
}

// Name says which line it is, for the log: "case/terminated 000000 2012-12-01 24m".
func (r Retention) Name() string {
	name := string(r.Kind) + "/" + string(r.Event) + " " + r.Place
	if r.Programme != "" {
		name += " " + string(r.Programme)
	}
	return name + " " + r.From.String() + " " + r.Keep.String()
}

// A Term is how long something is kept: a [Length], or for good.
type Term struct {
	Length
	text string
}

const never = "never"

// Never reports whether there is no end.
func (t Term) Never() bool { return t.Length == Length{} }

// String writes the term as the table does.
func (t Term) String() string { return t.text }

// Say says the term in words.
func (t Term) Say() Text {
	if t.Never() {
		return Say("length.never")
	}
	return t.Length.Say()
}

// MarshalText writes the term as the table does.
func (t Term) MarshalText() ([]byte, error) { return []byte(t.text), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *Term) UnmarshalText(text []byte) error {
	t.text = string(text)
	if t.Length = (Length{}); t.text == never {
		return nil
	}
	var err error
	t.Length, err = ParseLength(t.text)
	return err
}

// UnmarshalYAML reads the form of [ParseLength], or "never".
func (t *Term) UnmarshalYAML(text []byte) error {
	return t.UnmarshalText([]byte(strings.Trim(strings.TrimSpace(string(text)), `"`)))
}

// Over returns when what the event happened to at the instant since is to be
// erased; false for never.
func (r Retention) Over(since time.Time, c *Calendar) (time.Time, bool) {
	if r.Keep.Never() {
		return time.Time{}, false
	}
	return r.Keep.After(since, c), true
}

// latest is an instant such that no term of what happened after it is over at the
// instant at. It is a little late rather than early: it only sorts out.
func (t Term) latest(at time.Time) time.Time {
	today := day.Of(at)
	switch {
	case t.Exact > 0:
		return at.Add(-t.Exact)
	case t.Months > 0:
		return today.AddMonths(-t.Months).Add(2).Start() // months have different ends
	}
	return today.Add(-t.Days + 1).Start()
}

// Until returns the instant from which on what happens at an instant is not kept any
// more; the zero time for what is kept for good.
func (r Retention) Until(at time.Time) time.Time {
	switch k := r.Keep; {
	case k.Never():
		return time.Time{}
	case k.Exact > 0:
		return at.Add(k.Exact)
	case k.Months > 0:
		return day.Of(at).AddMonths(k.Months).Add(1).Start()
	default:
		return day.Of(at).Add(k.Days + 1).Start()
	}
}

// Before returns the instant before which what happened is to be erased at the
// instant at, for kinds that are deleted by a cut; the zero time for never.
func (r Retention) Before(at time.Time) time.Time {
	switch k := r.Keep; {
	case k.Never():
		return time.Time{}
	case k.Exact > 0:
		return at.Add(-k.Exact)
	case k.Months > 0:
		return day.Of(at).AddMonths(-k.Months).Start()
	default:
		return day.Of(at).Add(-k.Days).Start()
	}
}

// A RetentionBook is all terms known to a node.
type RetentionBook []Retention

//go:embed data/retention.yaml
var retention []byte

// StandardRetention is the book that comes with the program.
var StandardRetention = sync.OnceValues(func() (RetentionBook, error) { return ReadRetention(retention) })

// ReadRetention reads the form of data/retention.yaml. The error names everything
// that is wrong: what is no kind, event or place, working days, a kind that has no
// line for the whole country.
func ReadRetention(text []byte) (RetentionBook, error) {
	book, err := readDated[Retention]("retention", text)
	if err != nil {
		return nil, err
	}
	var wrong []string
	bad := func(line int, form string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("entry %d: ", line)+fmt.Sprintf(form, args...))
	}
	known := retentionEvents()
	covered := map[string]bool{}
	for i, r := range book {
		switch events, ok := known[r.Kind]; {
		case !ok:
			bad(i+1, "there is no kind %q", r.Kind)
		case !slices.Contains(events, r.Event):
			bad(i+1, "%s has no event %q, but %v", r.Kind, r.Event, events)
		}
		if len(r.Place) != 6 || strings.Trim(r.Place, "0123456789") != "" {
			bad(i+1, "place %q is no division code", r.Place)
		}
		if r.Programme != "" && (r.Programme.Digits() == "" || r.Kind != CaseData) {
			bad(i+1, "programme %q", r.Programme)
		}
		if r.From.IsZero() {
			bad(i+1, "from is missing")
		}
		if r.Keep.text == "" || r.Keep.Working > 0 {
			bad(i+1, "keep %q: want hours, days, months or never", r.Keep)
		}
		if r.Kind == ExportData && r.Keep.Never() {
			bad(i+1, "an export must end")
		}
		if strings.TrimSpace(r.Basis) == "" {
			bad(i+1, "basis is missing")
		}
		if PlacePrefix(r.Place) == "" && r.Programme == "" {
			covered[string(r.Kind)+"/"+string(r.Event)] = true
		}
		if slices.ContainsFunc(book[:i], func(o Retention) bool {
			return o.Kind == r.Kind && o.Event == r.Event && o.Place == r.Place && o.Programme == r.Programme && o.From == r.From
		}) {
			bad(i+1, "is there twice")
		}
	}
	var missing []string
	for kind, events := range known {
		for _, e := range events {
			if name := string(kind) + "/" + string(e); !covered[name] {
				missing = append(missing, name)
			}
		}
	}
	if slices.Sort(missing); len(missing) > 0 {
		wrong = append(wrong, "no line for the whole country (place 000000) of "+strings.Join(missing, ", "))
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("hedui: retention: %s", strings.Join(wrong, "; "))
	}
	return book, nil
}

// For returns the line that holds in a division for a programme on a day; false
// before the first, when nothing is erased.
func (b RetentionBook) For(kind RetentionKind, event RetentionEvent, division string, p Programme, on day.Day) (Retention, bool) {
	var best Retention
	score := -1
	for _, r := range b {
		if r.Kind != kind || r.Event != event || r.From.After(on) || !Covers(r.Place, division) || r.Programme != "" && r.Programme != p {
			continue
		}
		s := 2 * len(PlacePrefix(r.Place))
		if r.Programme != "" {
			s++
		}
		if s > score || s == score && r.From.After(best.From) {
			best, score = r, s
		}
	}
	return best, score >= 0
}

// Of returns the line of a kind that is not of cases, in a division on a day.
func (b RetentionBook) Of(kind RetentionKind, division string, on day.Day) (Retention, bool) {
	return b.For(kind, retentionEvents()[kind][0], division, "", on)
}

// Latest returns the instant after which nothing that the event happened to can be
// due at the instant at, whatever its place; false if nothing is.
func (b RetentionBook) Latest(event RetentionEvent, at time.Time) (time.Time, bool) {
	var latest time.Time
	for _, r := range b {
		if r.Kind == CaseData && r.Event == event && !r.Keep.Never() && !r.From.After(day.Of(at)) {
			if t := r.Keep.latest(at); t.After(latest) {
				latest = t
			}
		}
	}
	return latest, !latest.IsZero()
}
