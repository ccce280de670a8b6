// Package hedui is the vocabulary of verification: case, person, consent,
// mandate, query state, finding, officer, right, deadline, and the decisions
// that follow from them alone. It does no input or output and reads no clock:
// the instant is always an argument. Hedui verifies, it never decides on aid.
package hedui

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is what an error means to a program.
type Kind string

// The kinds. Every door has one table from kind to status.
const (
	Invalid     Kind = "invalid"     // what was given is wrong
	NotFound    Kind = "not_found"   // there is no such thing, or not for this officer
	Forbidden   Kind = "forbidden"   // the officer has no right
	Conflict    Kind = "conflict"    // the thing has moved on, or exists already
	Unavailable Kind = "unavailable" // try again later
	Internal    Kind = "internal"    // ours
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Invalid, NotFound, Forbidden, Conflict, Unavailable, Internal} }

// A Text is a sentence for people: a key of package lang and what to put in.
// Args never hold personal data.
type Text struct {
	Key  string   `json:"key"`
	Args []string `json:"args,omitempty"`
}

// Say makes a Text.
func Say(key string, args ...string) Text { return Text{key, args} }

// An Error has a kind for the program, a text for the officer and a cause for
// the operator; the three never mix.
type Error struct {
	Kind     Kind
	Say      Text
	Problems []Problem // with Invalid: every problem at once
	Err      error
}

// A Problem is one thing that is wrong with what a person typed.
type Problem struct {
	Field string // path such as "persons[1].id"
	Say   Text
}

// Fail makes an Error.
func Fail(k Kind, say Text, err error) *Error { return &Error{Kind: k, Say: say, Err: err} }

// Problems makes an Invalid error of all problems, or nil if there are none.
func Problems(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Say: Say("error.problems", fmt.Sprint(len(problems))), Problems: problems}
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Kind, e.Say.Key)
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "; %s: %s", p.Field, p.Say.Key)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of err; an unknown error is Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
