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

// A LetterState says where an assistance letter (协查函) stands.
type LetterState string

// The states of a letter.
const (
	LetterIssued  LetterState = "issued"  // printed, not known to be on its way
	LetterSent    LetterState = "sent"    // on its way, or there
	LetterFailed  LetterState = "failed"  // came back, or did not arrive
	LetterReplied LetterState = "replied" // the reply is here; its scan, or the look of a second officer, may be missing
	LetterClosed  LetterState = "closed"  // nothing is left to do
	LetterEnded   LetterState = "ended"   // nobody waits for the reply any more
)

// LetterStates lists all states of a letter.
func LetterStates() []LetterState {
	return []LetterState{LetterIssued, LetterSent, LetterFailed, LetterReplied, LetterClosed, LetterEnded}
}

// letterMoves is the life of a letter. A reply may come to one that nobody has noted
// as sent; one that has failed is sent again. The scan may follow what was entered.
var letterMoves = map[LetterState][]LetterState{
	LetterIssued:  {LetterSent, LetterReplied, LetterClosed, LetterEnded},
	LetterSent:    {LetterFailed, LetterReplied, LetterClosed, LetterEnded},
	LetterFailed:  {LetterSent, LetterReplied, LetterClosed, LetterEnded},
	LetterReplied: {LetterReplied, LetterClosed},
}

// CanBecome reports whether a letter may go from s to t.
func (s LetterState) CanBecome(t LetterState) bool { return slices.Contains(letterMoves[s], t) }

// Waits reports whether a reply is waited for.
func (s LetterState) Waits() bool {
	return s == LetterIssued || s == LetterSent || s == LetterFailed
}

// Open reports whether something is left to do.
func (s LetterState) Open() bool { return s.Waits() || s == LetterReplied }

// Bases of the due date of a reply.
const (
	CountsIssued = "issued"
	CountsSent   = "sent"
)

// LetterRules are how letters are handled in one place from a day on.
type LetterRules struct {
	Place  string      `yaml:"place"`
	From   day.Day     `yaml:"from"`
	Counts string      `yaml:"counts"`
	Remind Length      `yaml:"remind"`
	Second bool        `yaml:"second"`
	Ways   []LetterWay `yaml:"ways"`
	Fails  []string    `yaml:"fails"`
}

// A LetterWay is a way in which a letter is sent.
type LetterWay struct {
	Code    string `yaml:"code"`
	Tracked bool   `yaml:"tracked"`
}

// LetterWays lists the ways for which there are words.
func LetterWays() []string { return []string{"post", "courier", "hand", "fax"} }

// LetterFails lists the reasons, for which there are words, why a letter did not arrive.
func LetterFails() []string { return []string{"moved", "unknown", "refused", "lost", "other"} }

// A LetterBook holds all rules for letters known to a node.
type LetterBook []LetterRules

//go:embed data/letters.yaml
var letterRules []byte

// StandardLetters is the book that comes with the program.
var StandardLetters = sync.OnceValues(func() (LetterBook, error) { return ReadLetters(letterRules) })

// ReadLetters reads the form of data/letters.yaml.
func ReadLetters(text []byte) (LetterBook, error) {
	book, err := readDated[LetterRules]("letters", text)
	if err != nil {
		return nil, err
	}
	for i, r := range book {
		known := len(r.Place) == 6 && (r.Counts == CountsIssued || r.Counts == CountsSent) && r.Remind != (Length{}) && len(r.Ways) > 0 && len(r.Fails) > 0
		for _, w := range r.Ways {
			known = known && slices.Contains(LetterWays(), w.Code)
		}
		for _, f := range r.Fails {
			known = known && slices.Contains(LetterFails(), f)
		}
		if !known {
			return nil, fmt.Errorf("hedui: letters: entry %d: place, counts, remind, ways and fails must be right", i+1)
		}
	}
	return book, nil
}

// For returns the rules that hold in a county on a day.
func (b LetterBook) For(division string, on day.Day) (LetterRules, bool) {
	var best LetterRules
	found := false
	for _, r := range b {
		if r.From.After(on) || !Covers(r.Place, division) {
			continue
		}
		near, was := len(PlacePrefix(r.Place)), len(PlacePrefix(best.Place))
		if !found || near > was || near == was && r.From.After(best.From) {
			best, found = r, true
		}
	}
	return best, found
}

// A Letter is an assistance letter and what has become of it. It says nothing of the
// persons it asks about: its items do.
type Letter struct {
	Number    string      `json:"number"`         // of series X
	Case      string      `json:"case,omitempty"` // empty: another node has asked
	Division  string      `json:"division"`       // whose rules hold
	Programme Programme   `json:"programme,omitempty"`
	Addressee string      `json:"addressee"` // the body written to
	State     LetterState `json:"state"`
	IssuedAt  time.Time   `json:"issued_at"`
	DueAt     time.Time   `json:"due_at"`              // of the reply
	ExpiresAt time.Time   `json:"expires_at,omitzero"` // of a question of another node

	SentOn     day.Day   `json:"sent_on,omitzero"` // the last time
	Sent       int       `json:"sent,omitempty"`   // how often
	Way        string    `json:"way,omitempty"`
	Tracking   string    `json:"tracking,omitempty"`
	FailedOn   day.Day   `json:"failed_on,omitzero"` // of the last sending; zero = not known to have failed
	Why        string    `json:"why,omitempty"`
	Reminders  int       `json:"reminders,omitempty"`
	RemindedAt time.Time `json:"reminded_at,omitzero"`

	RepliedOn day.Day   `json:"replied_on,omitzero"` // when the reply came in; zero = answers were entered without it
	Scan      string    `json:"scan,omitempty"`      // its media type; empty = there is none
	Digest    string    `json:"digest,omitempty"`    // of the scan
	TakenBy   string    `json:"taken_by,omitempty"`  // id of the officer who took the reply
	ClosedBy  string    `json:"closed_by,omitempty"` // who compared it with what was entered
	ChangedAt time.Time `json:"changed_at"`
}

// Abroad reports whether another node has asked: its case is not here.
func (l *Letter) Abroad() bool { return l.Case == "" }

// Late reports whether a reply is waited for in vain.
func (l *Letter) Late(at time.Time) bool { return l.State.Waits() && !at.Before(l.DueAt) }

func (l *Letter) become(to LetterState, at time.Time) error {
	if !l.State.CanBecome(to) {
		return Fail(Conflict, Say("error.letter.state", string(l.State)), nil)
	}
	l.State, l.ChangedAt = to, at
	return nil
}

// A Sending is what an officer notes of the way of a letter, as it was typed.
type Sending struct {
	On       string `json:"on"`
	Way      string `json:"way"`
	Tracking string `json:"tracking,omitempty"`
}

// maxTracking is how long a tracking number may be: postal ones have 13 characters,
// those of couriers up to some twenty.
const maxTracking = 32

// Send notes that the letter is on its way. All problems come back at once.
func (l *Letter) Send(s Sending, rules LetterRules, at time.Time) error {
	on, problems := l.dayOf(s.On, at)
	tracking := strings.ToUpper(strings.Join(strings.Fields(s.Tracking), ""))
	i := slices.IndexFunc(rules.Ways, func(w LetterWay) bool { return w.Code == s.Way })
	switch {
	case i < 0:
		problems = append(problems, Problem{Field: "way", Say: Say("problem.letter.way")})
	case tracking != "" && !rules.Ways[i].Tracked:
		problems = append(problems, Problem{Field: "tracking", Say: Say("problem.letter.untracked")})
	}
	if len(tracking) > maxTracking || strings.Trim(tracking, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-") != "" {
		problems = append(problems, Problem{Field: "tracking", Say: Say("problem.letter.tracking")})
	}
	if len(problems) > 0 {
		return Problems(problems)
	}
	if err := l.become(LetterSent, at); err != nil {
		return err
	}
	l.SentOn, l.Way, l.Tracking, l.Sent = on, s.Way, tracking, l.Sent+1
	l.FailedOn, l.Why = day.Day{}, ""
	return nil
}

// Fail notes that the letter came back, or did not arrive.
func (l *Letter) Fail(on, why string, rules LetterRules, at time.Time) error {
	when, problems := l.dayOf(on, at)
	if len(problems) == 0 && !l.SentOn.IsZero() && when.Before(l.SentOn) {
		problems = append(problems, Problem{Field: "on", Say: Say("problem.letter.before_sent", l.SentOn.String())})
	}
	if !slices.Contains(rules.Fails, why) {
		problems = append(problems, Problem{Field: "why", Say: Say("problem.letter.why")})
	}
	if len(problems) > 0 {
		return Problems(problems)
	}
	if err := l.become(LetterFailed, at); err != nil {
		return err
	}
	l.FailedOn, l.Why = when, why
	return nil
}

// Remind notes a reminder: of a letter whose reply is late, and not while the time of
// the one before runs.
func (l *Letter) Remind(rules LetterRules, c *Calendar, at time.Time) error {
	switch {
	case l.State != LetterSent:
		return Fail(Conflict, Say("error.letter.state", string(l.State)), nil)
	case !l.Late(at):
		return Fail(Conflict, Say("error.letter.not_late", day.Of(l.DueAt.Add(-time.Second)).String()), nil)
	case l.Reminders > 0 && at.Before(l.RemindedUntil(rules, c)):
		return Fail(Conflict, Say("error.letter.reminded", day.Of(l.RemindedUntil(rules, c).Add(-time.Second)).String()), nil)
	}
	l.Reminders, l.RemindedAt, l.ChangedAt = l.Reminders+1, at, at
	return nil
}

// RemindedUntil is the end of the time that the last reminder gives.
func (l *Letter) RemindedUntil(rules LetterRules, c *Calendar) time.Time {
	return rules.Remind.After(l.RemindedAt, c)
}

// Reply takes the reply, whose scan is of a media type and has a digest. The same scan
// once more changes nothing; another one is a Conflict, as is one for another node's
// question: its case is there.
func (l *Letter) Reply(o Officer, on, kind, digest string, at time.Time) error {
	when, problems := l.dayOf(on, at)
	if len(problems) > 0 {
		return Problems(problems)
	}
	switch {
	case l.Abroad():
		return Fail(Conflict, Say("error.letter.abroad"), nil)
	case l.Scan != "" && l.Digest == digest && l.RepliedOn == when:
		return nil
	case l.Scan != "":
		return Fail(Conflict, Say("error.letter.scan"), nil)
	}
	if err := l.become(LetterReplied, at); err != nil {
		return err
	}
	l.RepliedOn, l.Scan, l.Digest, l.TakenBy = when, kind, digest, o.ID
	return nil
}

// Settle moves the letter on after one of its items, or its scan, has come in; open
// is how many items still wait.
func (l *Letter) Settle(open int, rules LetterRules, at time.Time) {
	if open > 0 || !l.State.Open() {
		return
	}
	if l.Abroad() || l.Scan != "" && !rules.Second {
		l.State, l.ChangedAt = LetterClosed, at
	} else if l.State.Waits() {
		l.State, l.ChangedAt = LetterReplied, at
	}
}

// Close notes that an officer has compared the scan with what was entered. It is
// another one than took the reply or entered from it, where the rules ask for that.
func (l *Letter) Close(o Officer, entered []string, open int, rules LetterRules, at time.Time) error {
	switch {
	case l.State != LetterReplied:
		return Fail(Conflict, Say("error.letter.state", string(l.State)), nil)
	case l.Scan == "":
		return Fail(Conflict, Say("error.letter.no_scan"), nil)
	case open > 0:
		return Fail(Conflict, Say("error.letter.items"), nil)
	case rules.Second && (o.ID == l.TakenBy || slices.Contains(entered, o.ID)):
		return Fail(Forbidden, Say("error.letter.second"), nil)
	}
	l.ClosedBy = o.ID
	return l.become(LetterClosed, at)
}

// dayOf reads a day on which something happened to the letter: not before it was
// issued, and not after today.
func (l *Letter) dayOf(text string, at time.Time) (day.Day, []Problem) {
	on, err := day.Parse(dated(strings.TrimSpace(text), false))
	switch {
	case err != nil:
		return on, []Problem{{Field: "on", Say: Say("problem.day.form")}}
	case on.After(day.Of(at)):
		return on, []Problem{{Field: "on", Say: Say("problem.letter.future")}}
	case on.Before(day.Of(l.IssuedAt)):
		return on, []Problem{{Field: "on", Say: Say("problem.letter.before", day.Of(l.IssuedAt).String())}}
	}
	return on, nil
}
