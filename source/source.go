// Package source is the contract between Hedui and whoever holds data: a
// department's own service, a file exchange, a clerk with a worklist, or another
// node. An implementer needs this package, its suite sourcetest and the values
// below it; nothing of Hedui's inside.
//
// Three laws hold for every source:
//
//   - Nothing is asked without a live [Mandate], and only a mandate makes a
//     [Query]. A source checks it again with [Query.Check] before it looks.
//   - Silence is never "none": each answer has one of six outcomes, and a source
//     that could not look says so.
//   - A query carries one person, one category, a purpose and a mandate number.
//     It never carries the household or an amount of aid.
package source

import (
	"context"
	"errors"
	"fmt"
	"time"

	"hedui/catalog"
	"hedui/day"
	"hedui/idcard"
)

// An Outcome is what became of one query.
type Outcome string

// The six outcomes. Failed is the only one after which asking again makes sense.
const (
	Found         Outcome = "found"          // the register holds records on the person
	None          Outcome = "none"           // the register was searched and holds nothing
	NotCovered    Outcome = "not_covered"    // the person is outside what the register can know
	IdentityDoubt Outcome = "identity_doubt" // number and name do not belong together there
	Refused       Outcome = "refused"        // the department declines to answer
	Failed        Outcome = "failed"         // the department could not look
)

// Outcomes lists all six.
func Outcomes() []Outcome {
	return []Outcome{Found, None, NotCovered, IdentityDoubt, Refused, Failed}
}

// Final reports whether o settles a query.
func (o Outcome) Final() bool {
	switch o {
	case Found, None, NotCovered, IdentityDoubt, Refused:
		return true
	}
	return false
}

// A Match says on what the register and the query agreed.
type Match string

// The grades of a match, best first.
const (
	MatchIDName    Match = "id+name"
	MatchID        Match = "id"
	MatchID15      Match = "id15"       // found under the 15-digit number
	MatchNameBirth Match = "name+birth" // found without a number
)

// A Reason says in one word why a query failed, was refused or left a doubt.
// It never holds personal data; the texts for people are elsewhere.
type Reason string

// Reasons that connectors give. A source may add its own.
const (
	ReasonDown        Reason = "down"         // no connection, or a server error
	ReasonSlow        Reason = "slow"         // no answer in time
	ReasonThrottled   Reason = "throttled"    // too many requests
	ReasonMalformed   Reason = "malformed"    // an answer that cannot be read
	ReasonIncomplete  Reason = "incomplete"   // an answer without a field it must have
	ReasonCredentials Reason = "credentials"  // the department does not accept our key
	ReasonMandate     Reason = "mandate"      // the mandate is not live for this query
	ReasonOutside     Reason = "outside"      // outside the register's people or places
	ReasonName        Reason = "name"         // the name disagrees
	ReasonDeclined    Reason = "declined"     // declined without further reason
	ReasonUnknownCode Reason = "unknown_code" // an error code the mapping does not know
)

// Reasons of identity doubts besides [ReasonName]: why a record may or may not be
// the person's.
const (
	ReasonNameUnreadable Reason = "name_unreadable" // nothing of the register's name can be compared
	ReasonTwoPersons     Reason = "two_persons"     // the number has records under two names
	ReasonNumber         Reason = "number"          // the register's number is none
	ReasonNumberDamaged  Reason = "number_damaged"  // a spreadsheet has spoilt the register's number
	ReasonTwoNumbers     Reason = "two_numbers"     // name and birthday agree under another number
	ReasonBirth          Reason = "birth"           // no number; the name agrees, birthday or sex does not
)

// Reasons for which a department is not asked yet, though it could be reached.
const (
	ReasonClosed      Reason = "closed"      // outside its opening hours
	ReasonMaintenance Reason = "maintenance" // it works on its system
	ReasonQuota       Reason = "quota"       // what it answers in a day is used up
)

// An Answer is what a source says to one query.
type Answer struct {
	Query   string           // [Query.ID] of the query it answers
	Outcome Outcome          // empty while Later is set
	Records []catalog.Record // with Found only, in catalogue form
	Match   Match            // with Found only
	Allowed idcard.Allowance // with Found only: differences in spelling that were passed over
	AsOf    time.Time        // state of the register that was searched; zero if the source does not say
	Hash    string           // "sha256:…" over the bytes received for this query
	Reason  Reason           // with IdentityDoubt, Refused, Failed, NotCovered
	Later   *Later           // accepted, no outcome yet
}

// Later says that a query was accepted and when to come back with its token.
type Later struct {
	Token string        // the department's own number for the query
	After time.Duration // how long to wait at least
}

// Window is the period for which income is asked; property counts as of the
// day of the query (domain: 12 months before application is usual).
type Window struct{ From, To day.Day }

// Info describes a source to those who plan and those who look.
type Info struct {
	Name       string         // unique on a node, in plain letters: "housing-fund"
	Department string         // the body that answers, in Chinese; of Keepers the last
	Keepers    []Keeper       // oldest first, where the body has changed; empty = always Department
	Categories []catalog.Code // what it answers
	Limits     Limits
	Refresh    time.Duration // promised age of the data at most; 0 = live
	Manual     *Manual       // set where people answer, not a machine

	// AnswersWithin is the promised time from a question to its answer; 0 = none
	// is promised.
	AnswersWithin time.Duration
	// Cache is how long an answer may stand for another one to the same question
	// of the same mandate; 0 = it is asked again.
	Cache time.Duration
}

// A Keeper is a body that holds a register from From on and before Until; zero
// days are open. One follows the other without gap.
type Keeper struct {
	Name        string
	From, Until day.Day
}

// Limits are what a department allows. Zero values mean the defaults of
// [Limits.WithDefaults].
type Limits struct {
	Batch       int           // persons in one Ask
	Calls       int           // calls to the department that one Ask makes at most; 0 = 1
	Concurrency int           // calls under way at once
	PerSecond   float64       // calls started in a second
	Timeout     time.Duration // for one call

	Daily       Quota     // of one day, over all processes of a node
	Reserved    int       // percent of Daily that bulk work leaves to new applications
	Hours       []Opening // when the department may be asked; empty = always
	Maintenance []Span    // when it must not be, whatever Hours say
	Closed      []Opening // as Maintenance, every week
}

// WithDefaults fills what is not set: one person and call an Ask, four calls at once,
// 50 a second, ten seconds each.
func (l Limits) WithDefaults() Limits {
	if l.Batch <= 0 {
		l.Batch = 1
	}
	if l.Calls <= 0 {
		l.Calls = 1
	}
	if l.Concurrency <= 0 {
		l.Concurrency = 4
	}
	if l.PerSecond <= 0 {
		l.PerSecond = 50
	}
	if l.Timeout <= 0 {
		l.Timeout = 10 * time.Second
	}
	return l
}

// A Source answers queries.
type Source interface {
	// Info describes the source. It is the same at every call.
	Info() Info

	// Ask answers queries, at most Limits.Batch of them, all of one category:
	// one answer each, in their order. A department that could not be reached
	// at all is an *[Unavailable]; one that could look for some persons only
	// answers Failed for the others. Ask checks every mandate and answers
	// Refused with ReasonMandate where it is not live. It returns soon after
	// ctx is done, and asking twice must be harmless for the department.
	Ask(ctx context.Context, queries []Query) ([]Answer, error)
}

// Unavailable means that nothing in the call was looked up.
type Unavailable struct {
	Reason     Reason
	RetryAfter time.Duration // as the department asked, or 0
	Err        error         // for the operator; without personal data
}

func (u *Unavailable) Error() string {
	return fmt.Sprintf("source: unavailable (%s): %v", u.Reason, u.Err)
}

// Unwrap returns the cause.
func (u *Unavailable) Unwrap() error { return u.Err }

// ErrAnswer is returned by [CheckAnswers] for answers that break the contract.
var ErrAnswer = errors.New("source: answers do not fit the queries")

// CheckAnswers holds answers against the contract: as many as queries, in
// their order, one known outcome or Later each, records with Found only, and a
// reason wherever somebody will ask why.
func CheckAnswers(queries []Query, answers []Answer) error {
	if len(queries) != len(answers) {
		return fmt.Errorf("%w: %d answers to %d queries", ErrAnswer, len(answers), len(queries))
	}
	for i, a := range answers {
		if a.Query != queries[i].ID() {
			return fmt.Errorf("%w: answer %d is for another query", ErrAnswer, i)
		}
		if err := a.check(); err != nil {
			return fmt.Errorf("%w: answer %d: %w", ErrAnswer, i, err)
		}
	}
	return nil
}

func (a Answer) check() error {
	if a.Later != nil {
		if a.Outcome != "" || a.Later.Token == "" {
			return errors.New("later needs a token and no outcome")
		}
		return nil
	}
	switch a.Outcome {
	case Found:
		if len(a.Records) == 0 || a.Match == "" {
			return errors.New("found needs records and a match")
		}
		return nil
	case None:
	case NotCovered, IdentityDoubt, Refused, Failed:
		if a.Reason == "" {
			return fmt.Errorf("%s needs a reason", a.Outcome)
		}
	default:
		return errors.New("unknown outcome")
	}
	if len(a.Records) != 0 {
		return fmt.Errorf("%s with records", a.Outcome)
	}
	return nil
}
