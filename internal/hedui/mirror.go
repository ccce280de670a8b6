package hedui

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// A RequestKind is what a person may ask for in the citizen's mirror
// (个人信息保护法, articles 15 and 44 to 48).
type RequestKind string

// The kinds of request.
const (
	WithdrawRequest RequestKind = "withdraw" // of the consent; done at once
	ObjectRequest   RequestKind = "object"   // to a report
	CorrectRequest  RequestKind = "correct"  // of a record that is wrong
	CopyRequest     RequestKind = "copy"     // of the report, handed out by the office
)

// RequestKinds lists all kinds in the order in which the mirror shows them.
func RequestKinds() []RequestKind {
	return []RequestKind{CopyRequest, CorrectRequest, ObjectRequest, WithdrawRequest}
}

// A RequestState says how far the office is with a request.
type RequestState string

// The states of a request. Both answers are final.
const (
	RequestOpen     RequestState = "open"
	RequestDone     RequestState = "done"
	RequestDeclined RequestState = "declined"
)

// RequestStates lists all states.
func RequestStates() []RequestState {
	return []RequestState{RequestOpen, RequestDone, RequestDeclined}
}

// A Request is what a person has asked the office for about a case.
type Request struct {
	Number     string
	Case       string
	Person     int
	Kind       RequestKind
	State      RequestState
	AskedAt    time.Time
	DueAt      time.Time
	AnsweredAt time.Time
	Text       string // what the person wrote
	Answer     string // what the office says
}

// MaxRequestText is how much, in characters, a person may write.
const MaxRequestText = 1000

// CheckRequest names what is wrong with a request. An objection and a correction say
// what is wrong; a copy and a withdrawal need no reason.
func CheckRequest(kind RequestKind, text string) []Problem {
	switch {
	case utf8.RuneCountInString(text) > MaxRequestText || !utf8.ValidString(text):
		return []Problem{{Field: "text", Say: Say("problem.mirror.long", fmt.Sprint(MaxRequestText))}}
	case (kind == ObjectRequest || kind == CorrectRequest) && strings.TrimSpace(text) == "":
		return []Problem{{Field: "text", Say: Say("problem.empty")}}
	}
	return nil
}

// Settle answers a request. A refusal gives its reason; an answered one is not
// answered again.
func (r *Request) Settle(to RequestState, answer string, at time.Time) error {
	switch {
	case r.State != RequestOpen:
		return Fail(Conflict, Say("error.mirror.answered", r.Number), nil)
	case to != RequestDone && to != RequestDeclined:
		return Problems([]Problem{{Field: "to", Say: Say("problem.choice", "done, declined")}})
	case strings.TrimSpace(answer) == "" || utf8.RuneCountInString(answer) > MaxRequestText:
		return Problems([]Problem{{Field: "answer", Say: Say("problem.empty")}})
	}
	r.State, r.Answer, r.AnsweredAt = to, answer, at
	return nil
}
